use super::*;
use proptest::prelude::*;

fn nodes(weights: &[u32]) -> Vec<Eligible> {
    let node = |(n, weight): (usize, &u32)| {
        let n = n as u8 + 1;
        Eligible { node: UnitId::new([n; 32]), owner: Address::new([n; 32]), weight: *weight }
    };
    weights.iter().enumerate().map(node).collect()
}

fn seed(n: u64) -> Seed {
    Seed::derive("test", &[&n.to_be_bytes()])
}

const K: Secret = Secret::new([7; 32]);

#[test]
fn nodes_are_drawn_as_often_as_they_weigh() {
    let nodes = nodes(&[1, 3, 0, 6]);
    let mut drawn = [0u32; 4];
    for frame in 0..10_000 {
        let node = assigned(K, seed(1), frame, 0, &nodes).unwrap();
        drawn[usize::from(node.node.get()[0]) - 1] += 1;
    }
    for (n, wanted) in [1_000, 3_000, 0, 6_000].into_iter().enumerate() {
        assert!(drawn[n].abs_diff(wanted) < 200, "node {n} was drawn {} times, not about {wanted}", drawn[n]);
    }
}

#[test]
fn every_attempt_goes_to_another_owner_until_all_have_had_it() {
    let mut nodes = nodes(&[5, 5, 5, 5]);
    // Two nodes of one owner are one for this.
    nodes[3].owner = nodes[0].owner;
    for frame in 0..50 {
        let owners: Vec<_> = (0..3).map(|attempt| assigned(K, seed(2), frame, attempt, &nodes).unwrap().owner).collect();
        assert!(owners[0] != owners[1] && owners[1] != owners[2] && owners[0] != owners[2], "{owners:?}");
        assert!(assigned(K, seed(2), frame, 3, &nodes).is_some(), "then anew");
    }
    assert_eq!(assigned(K, seed(2), 0, 0, &[]), None);
}

#[test]
fn nobody_checks_what_its_owner_delivered() {
    let mut nodes = nodes(&[5, 5, 1]);
    nodes[1].owner = nodes[0].owner;
    for n in 0..100 {
        assert_eq!(checker(K, seed(n), UnitId::new([1; 32]), 0, nodes[0].owner, &nodes), Some(nodes[2]));
        assert_eq!(checker(K, seed(n), UnitId::new([1; 32]), 1, nodes[0].owner, &nodes), None, "there is no other");
    }
}

#[test]
fn as_many_deliveries_are_checked_as_the_share_says() {
    let checked = |share: &str| {
        let share = share.parse().unwrap();
        (0..10_000u64).filter(|n| is_checked(K, seed(9), UnitId::derive("t", &[&n.to_be_bytes()]), share)).count()
    };
    assert_eq!((checked("0%"), checked("100%")), (0, 10_000));
    assert!(checked("10%").abs_diff(1_000) < 120);
}

#[test]
fn whoever_knows_no_secret_or_no_seed_guesses() {
    let nodes = nodes(&[1; 16]);
    let same = |a: Secret, x: u64, b: Secret, y: u64| {
        (0..1_600).filter(|f| assigned(a, seed(x), *f, 0, &nodes) == assigned(b, seed(y), *f, 0, &nodes)).count()
    };
    assert_eq!(same(K, 1, K, 1), 1_600);
    assert!(same(K, 1, Secret::new([8; 32]), 1) < 160 && same(K, 1, K, 2) < 160, "a sixteenth by luck");
}

#[test]
fn a_copied_commitment_opens_for_its_maker_alone() {
    let (pixels, salt) = (ContentHash::new([1; 32]), Salt::new([2; 32]));
    assert_ne!(commitment(pixels, salt, UnitId::new([3; 32])), commitment(pixels, salt, UnitId::new([4; 32])));
}

#[test]
fn tickets_of_all_purposes_look_alike_and_differ_by_what_they_say() {
    let (job, node) = (UnitId::new([1; 32]), UnitId::new([2; 32]));
    let ticket = |frame, attempt, purpose: Purpose| {
        let salt = salt_of(K, job, node, frame, attempt, &purpose);
        ticket_hash(job, node, &Opening { frame, attempt, purpose, salt })
    };
    let all = [
        ticket(1, 0, Purpose::Frame),
        ticket(1, 1, Purpose::Frame),
        ticket(2, 0, Purpose::Frame),
        ticket(1, 0, Purpose::Check { of: 0 }),
        ticket(1, 0, Purpose::Planted { number: 0, pixels: ContentHash::new([5; 32]) }),
    ];
    let different: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(different.len(), all.len());
}

proptest! {
    #[test]
    fn samples_are_numbers_of_tickets_each_once(n: u64, tickets in 0u32..1_000, most in 0u32..16) {
        let sample = sample(seed(n), UnitId::new([1; 32]), tickets, most);
        prop_assert!(sample.len() <= most.min(tickets) as usize && sample.iter().all(|number| *number < tickets));
        prop_assert!(sample.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn the_order_of_the_list_is_the_one_order(n: u64, weights in proptest::collection::vec(0u32..1_000, 1..20)) {
        let nodes = nodes(&weights);
        let drawn = pick(seed(n), &nodes, &[]);
        prop_assert_eq!(drawn.is_some(), weights.iter().any(|weight| *weight > 0));
        prop_assert!(drawn.is_none_or(|node| node.weight > 0));
    }
}
