//! The pool against a plain model of its order, and at its bounds.

use super::*;
use depin_economy::Action;
use depin_ledger::{Body, Message};
use proptest::prelude::*;
use std::collections::BTreeMap;

const LIMITS: PoolLimits =
    PoolLimits { count_max: 8, bytes_max: 1 << 20, sender_max: 4, nonce_ahead_max: 16, lifetime: Duration::from_secs(60) };
const ROOMY: PoolLimits = PoolLimits { count_max: 10_000, sender_max: 1_000, nonce_ahead_max: 1_000, ..LIMITS };

fn pending_at(sender: u8, nonce: u64, tip: u128, arrived: Instant) -> Pending {
    let body = Body {
        chain_id: "test-chain".parse().unwrap(),
        key: [sender; 32],
        nonce,
        base_fee_max: Units::new(100),
        tip: Units::new(tip),
        message: Message::Act(Action::Claim { after: None }),
    };
    let transaction = Transaction { body, signature: [0; 64] };
    let bytes = Bytes::from(transaction.encode());
    Pending::new(transaction, bytes, arrived)
}

fn pending(sender: u8, nonce: u64, tip: u128) -> Pending {
    pending_at(sender, nonce, tip, Instant::now())
}

fn address(sender: u8) -> Address {
    Address::of_public_key(&[sender; 32])
}

/// (sender, nonce) of the candidates, in order.
fn order(pool: &Pool) -> Vec<(u8, u64)> {
    let name = |a: Address| (0..=255).find(|s| address(*s) == a).unwrap();
    pool.best(u64::MAX, usize::MAX).iter().map(|p| (name(p.sender), p.nonce)).collect()
}

fn block(height: u64, nonces: &[(Address, u64)]) -> FinalBlock<'_> {
    FinalBlock { height, base_fee: Units::ZERO, included: &[], nonces, now: Instant::now() }
}

fn is_ready(pool: &Pool) -> bool {
    pool.lock().has_ready()
}

#[test]
fn higher_tips_go_first_across_senders_and_nonces_in_order_inside_one() {
    let pool = Pool::new(ROOMY);
    for (sender, nonce, tip) in [(1, 0, 10), (1, 1, 90), (2, 0, 50), (2, 1, 5), (3, 0, 20)] {
        pool.insert(pending(sender, nonce, tip), || 0).unwrap();
    }
    assert_eq!(order(&pool), [(2, 0), (3, 0), (1, 0), (1, 1), (2, 1)]);
}

#[test]
fn a_nonce_gap_waits_until_it_is_filled() {
    let pool = Pool::new(ROOMY);
    pool.insert(pending(1, 2, 10), || 0).unwrap();
    assert!(order(&pool).is_empty() && !is_ready(&pool));
    pool.insert(pending(1, 0, 10), || 0).unwrap();
    assert_eq!(order(&pool), [(1, 0)]);
    assert_eq!(pool.next_nonce(&address(1)), Some(1));
    pool.insert(pending(1, 1, 10), || 0).unwrap();
    assert_eq!(order(&pool), [(1, 0), (1, 1), (1, 2)]);
    assert_eq!(pool.next_nonce(&address(1)), Some(3));
}

#[test]
fn the_same_transaction_twice_is_taken_once_and_is_no_error() {
    let pool = Pool::new(ROOMY);
    assert_eq!(pool.insert(pending(1, 0, 10), || 0), Ok(Inserted::New { dropped: vec![] }));
    assert_eq!(pool.insert(pending(1, 0, 10), || 0), Ok(Inserted::Known));
    assert_eq!(pool.size().count, 1);
}

#[test]
fn only_a_tip_higher_by_a_tenth_replaces() {
    let pool = Pool::new(ROOMY);
    let first = pending(1, 0, 100);
    let id = first.id;
    pool.insert(first, || 0).unwrap();
    let needed = Units::new(110);
    for tip in [99, 101, 109] {
        let refused = PoolError::ReplacementTooCheap { nonce: 0, tip: Units::new(tip), needed };
        assert_eq!(pool.insert(pending(1, 0, tip), || 0), Err(refused));
    }
    assert_eq!(pool.insert(pending(1, 0, 110), || 0), Ok(Inserted::New { dropped: vec![id] }));
    assert!(pool.get(&id).is_none());
    assert_eq!(pool.size().count, 1);
}

#[test]
fn used_and_far_nonces_are_refused_with_the_expected_one() {
    let pool = Pool::new(LIMITS);
    assert_eq!(pool.insert(pending(1, 4, 1), || 5), Err(PoolError::NonceUsed { nonce: 4, expected: 5 }));
    assert_eq!(pool.insert(pending(1, 22, 1), || 5), Err(PoolError::NonceTooFar { nonce: 22, expected: 5, limit: 16 }));
    assert!(pool.insert(pending(1, 21, 1), || 5).is_ok());
    assert!(pool.insert(pending(1, u64::MAX, 1), || 5).is_err());
}

#[test]
fn a_full_sender_keeps_its_lowest_nonces() {
    let pool = Pool::new(LIMITS);
    for nonce in [1, 2, 3, 4] {
        pool.insert(pending(1, nonce, 10), || 0).unwrap();
    }
    assert_eq!(pool.insert(pending(1, 5, 999), || 0), Err(PoolError::SenderFull { limit: 4 }));
    let last = pending(1, 4, 10).id;
    assert_eq!(pool.insert(pending(1, 0, 10), || 0), Ok(Inserted::New { dropped: vec![last] }));
    assert_eq!(order(&pool), [(1, 0), (1, 1), (1, 2), (1, 3)]);
}

#[test]
fn a_full_pool_drops_waiting_ones_before_includable_ones_whatever_they_tip() {
    let pool = Pool::new(LIMITS);
    let waiting = pending(9, 5, 1_000_000);
    let waiting_id = waiting.id;
    pool.insert(waiting, || 0).unwrap();
    for sender in 0..7 {
        pool.insert(pending(sender, 0, 10), || 0).unwrap();
    }
    assert_eq!(pool.insert(pending(8, 0, 1), || 0), Ok(Inserted::New { dropped: vec![waiting_id] }));
    // Now all are includable, and the one that pays least is the newest comer itself.
    assert_eq!(pool.insert(pending(10, 0, 1), || 0), Err(PoolError::PoolFull));
    assert_eq!(pool.insert(pending(10, 3, 1_000), || 0), Err(PoolError::PoolFull));
    assert!(pool.insert(pending(10, 0, 11), || 0).is_ok());
    assert_eq!(pool.size().count, LIMITS.count_max);
}

#[test]
fn a_high_tip_behind_a_low_one_is_dropped_as_if_it_were_low() {
    let pool = Pool::new(LIMITS);
    pool.insert(pending(9, 0, 1), || 0).unwrap();
    let tail = pending(9, 1, 1_000_000);
    let tail_id = tail.id;
    pool.insert(tail, || 0).unwrap();
    for sender in 0..6 {
        pool.insert(pending(sender, 0, 10), || 0).unwrap();
    }
    assert_eq!(pool.insert(pending(8, 0, 5), || 0), Ok(Inserted::New { dropped: vec![tail_id] }));
}

#[test]
fn a_transaction_that_finds_no_room_pushes_nothing_out() {
    let size = pending(1, 0, 1).bytes.len();
    let pool = Pool::new(PoolLimits { bytes_max: size * 2 + size / 2, ..LIMITS });
    pool.insert(pending(1, 7, 1), || 7).unwrap();
    pool.insert(pending(2, 0, 50), || 0).unwrap();
    let mut big = pending(3, 0, 10);
    big.bytes = Bytes::from(vec![0; size * 2]);
    assert_eq!(pool.insert(big, || 0), Err(PoolError::PoolFull));
    assert_eq!(order(&pool), [(2, 0), (1, 7)]);
    assert_eq!(pool.size(), PoolSize { count: 2, bytes: size * 2, senders: 2 });
}

#[test]
fn a_final_block_drops_used_nonces_and_names_those_that_lost() {
    let pool = Pool::new(ROOMY);
    let included = pending(1, 0, 1);
    let included_id = included.id;
    let lost = pending(1, 1, 1).id;
    for p in [included, pending(1, 1, 1), pending(1, 2, 1), pending(2, 0, 1)] {
        pool.insert(p, || 0).unwrap();
    }
    let nonces = [(address(1), 2)];
    let final_block = FinalBlock { included: &[included_id], ..block(1, &nonces) };
    assert_eq!(pool.finalized(&final_block, |_| true), [lost]);
    assert_eq!(order(&pool), [(1, 2), (2, 0)]);
}

#[test]
fn what_waits_too_long_expires() {
    let pool = Pool::new(ROOMY);
    let start = Instant::now();
    let old = pending_at(1, 0, 1, start);
    let id = old.id;
    pool.insert(old, || 0).unwrap();
    pool.insert(pending_at(1, 1, 1, start + Duration::from_secs(30)), || 0).unwrap();
    let at = |secs| FinalBlock { now: start + Duration::from_secs(secs), ..block(secs, &[]) };
    assert!(pool.finalized(&at(60), |_| true).is_empty());
    assert_eq!(pool.finalized(&at(61), |_| true), [id]);
    assert!(order(&pool).is_empty(), "what came behind it waits");
    assert_eq!(pool.size().count, 1);
}

#[test]
fn a_base_fee_above_its_limit_makes_a_transaction_wait() {
    let pool = Pool::new(ROOMY);
    pool.insert(pending(1, 0, 1), || 0).unwrap();
    pool.finalized(&FinalBlock { base_fee: Units::new(101), ..block(1, &[]) }, |_| true);
    assert!(order(&pool).is_empty() && !is_ready(&pool));
    pool.finalized(&FinalBlock { base_fee: Units::new(100), ..block(2, &[]) }, |_| true);
    assert_eq!(order(&pool), [(1, 0)]);
    assert!(is_ready(&pool));
}

#[test]
fn what_is_in_flight_wakes_nobody_until_its_block_lost() {
    let pool = Pool::new(ROOMY);
    let first = pending(1, 0, 1);
    let id = first.id;
    pool.insert(first, || 0).unwrap();
    pool.in_flight(5, &[id]);
    assert!(!is_ready(&pool));
    assert_eq!(order(&pool), [(1, 0)], "a sibling block may still take it");
    pool.insert(pending(1, 1, 1), || 0).unwrap();
    assert!(is_ready(&pool), "its follower can go into the next block");
    pool.in_flight(6, &[pending(1, 1, 1).id]);
    assert!(!is_ready(&pool));
    pool.finalized(&block(5, &[]), |_| true);
    assert!(is_ready(&pool), "block 5 went by without it");
}

#[test]
fn what_a_block_passed_over_keeps_quiet_ever_longer_and_is_checked_again() {
    let pool = Pool::new(ROOMY);
    let first = pending(1, 0, 1);
    let id = first.id;
    pool.insert(first, || 0).unwrap();
    let mut height = 0;
    for quiet in [1, 2, 4] {
        pool.passed_over(height, &[id]);
        for _ in 0..quiet {
            assert!(!is_ready(&pool));
            height += 1;
            assert!(pool.finalized(&block(height, &[]), |_| true).is_empty());
        }
        assert!(is_ready(&pool));
    }
    pool.passed_over(height, &[id]);
    assert_eq!(pool.finalized(&block(height + 8, &[]), |_| false), [id]);
    assert_eq!(pool.size(), PoolSize::default());
}

#[tokio::test]
async fn the_proposer_is_woken_by_the_first_includable_transaction() {
    let pool = Arc::new(Pool::new(ROOMY));
    let waiter = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.ready().await }
    });
    pool.insert(pending(1, 1, 1), || 0).unwrap();
    tokio::task::yield_now().await;
    assert!(!waiter.is_finished(), "a transaction behind a gap wakes nobody");
    pool.insert(pending(1, 0, 1), || 0).unwrap();
    waiter.await.unwrap();
}

/// The order by its definition: again and again the best of all next nonces.
fn model_order(waiting: &BTreeMap<(u8, u64), (u128, u64)>, nonces: &BTreeMap<u8, u64>) -> Vec<(u8, u64)> {
    let mut next = nonces.clone();
    let mut order = Vec::new();
    loop {
        let heads = next.iter().filter_map(|(s, n)| waiting.get(&(*s, *n)).map(|(tip, arrival)| (*tip, *arrival, *s, *n)));
        let Some((_, _, sender, nonce)) = heads.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1))) else { return order };
        order.push((sender, nonce));
        next.insert(sender, nonce + 1);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert { sender: u8, nonce: u64, tip: u128 },
    Finalize { sender: u8, taken: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0u8..5, 0u64..9, 1u128..60).prop_map(|(sender, nonce, tip)| Step::Insert { sender, nonce, tip }),
        1 => (0u8..5, 1u64..3).prop_map(|(sender, taken)| Step::Finalize { sender, taken }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A roomy pool offers exactly what the definition of its order says.
    #[test]
    fn candidates_follow_the_definition(steps in proptest::collection::vec(step(), 1..80)) {
        let pool = Pool::new(ROOMY);
        let mut waiting: BTreeMap<(u8, u64), (u128, u64)> = BTreeMap::new();
        let mut nonces: BTreeMap<u8, u64> = (0..5).map(|s| (s, 0)).collect();
        for (at, step) in steps.into_iter().enumerate() {
            match step {
                Step::Insert { sender, nonce, tip } => {
                    let taken = pool.insert(pending(sender, nonce, tip), || nonces[&sender]);
                    if matches!(taken, Ok(Inserted::New { .. })) {
                        let old = waiting.insert((sender, nonce), (tip, at as u64));
                        prop_assert!(old.is_none_or(|(old, _)| tip > old));
                        prop_assert!(nonce >= nonces[&sender]);
                    }
                }
                Step::Finalize { sender, taken } => {
                    let nonce = nonces[&sender] + taken;
                    nonces.insert(sender, nonce);
                    waiting.retain(|(s, n), _| *s != sender || *n >= nonce);
                    pool.finalized(&block(at as u64, &[(address(sender), nonce)]), |_| true);
                }
            }
            prop_assert_eq!(order(&pool), model_order(&waiting, &nonces));
            prop_assert_eq!(is_ready(&pool), !order(&pool).is_empty());
            prop_assert_eq!(pool.size().count, waiting.len());
        }
    }

    /// A small pool never exceeds a bound, and what it offers is always in nonce order from the account's nonce on.
    #[test]
    fn bounds_hold_and_dropping_leaves_no_gap(steps in proptest::collection::vec(step(), 1..120)) {
        let bytes_max = pending(0, 0, 1).bytes.len() * 6;
        let pool = Pool::new(PoolLimits { bytes_max, ..LIMITS });
        let mut nonces: BTreeMap<u8, u64> = (0..5).map(|s| (s, 0)).collect();
        for (at, step) in steps.into_iter().enumerate() {
            match step {
                Step::Insert { sender, nonce, tip } => {
                    let before = order(&pool);
                    let result = pool.insert(pending(sender, nonce, tip), || nonces[&sender]);
                    if result.is_err() {
                        prop_assert_eq!(order(&pool), before);
                    }
                }
                Step::Finalize { sender, taken } => {
                    let nonce = nonces[&sender] + taken;
                    nonces.insert(sender, nonce);
                    pool.finalized(&block(at as u64, &[(address(sender), nonce)]), |_| true);
                }
            }
            let size = pool.size();
            prop_assert!(size.count <= LIMITS.count_max && size.bytes <= bytes_max);
            let mut next = nonces.clone();
            for (sender, nonce) in order(&pool) {
                prop_assert_eq!(nonce, next[&sender]);
                next.insert(sender, nonce + 1);
            }
        }
        let all: Vec<(Address, u64)> = (0..5).map(|s| (address(s), 1_000)).collect();
        pool.finalized(&block(1_000, &all), |_| true);
        prop_assert_eq!(pool.size(), PoolSize::default());
    }
}
