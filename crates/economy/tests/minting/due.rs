//! What is due to units, held against what they are paid.

use super::{common::*, pools::many};
use depin_economy::*;
use depin_quantity::{Measured, Units};

fn due(world: &World, who: u8, pool: &str) -> RewardDue {
    let all = world.reads().rewards_due(party(who));
    *all.iter().find(|due| due.pool == name(pool)).unwrap_or_else(|| panic!("nothing of {pool}: {all:?}"))
}

#[test]
fn what_is_expected_is_what_is_paid_when_nothing_changes() {
    let mut world = World::new(&many());
    world.price("2");
    world.earn(1, "units", 3).unwrap();
    world.earn(3, "units", 4).unwrap();
    world.earn(2, "packets", 1_000).unwrap();
    let (work, data) = (due(&world, 1, "work"), due(&world, 2, "data"));
    assert_eq!((work.weight, work.of, work.owed), (Measured::new(3), Measured::new(7), Units::ZERO));
    // The ceiling by worth, and what overflows it into the other pool.
    assert_eq!(data.expected, Some(Units::new(5_000_000)));
    assert!(
        work.expected.unwrap()
            > world.reads().period_reward(WORK).unwrap().mul_div(3, 7, depin_quantity::Rounding::Down).unwrap()
    );
    assert_eq!(work.ends.unwrap(), world.now.later(depin_quantity::Span::from_days(1)));
    world.days(1);
    assert_eq!([1, 2].map(|who| Units::new(world.held(who))), [work.expected.unwrap(), data.expected.unwrap()]);
    assert_eq!(world.reads().rewards_due(party(1)), [], "it is paid, and nothing is accrued");
}

#[test]
fn nothing_is_foretold_without_the_price_that_it_needs() {
    let mut world = World::new(&many());
    world.earn(2, "packets", 1_000).unwrap();
    world.earn(1, "units", 1).unwrap();
    assert_eq!((due(&world, 2, "data").expected, due(&world, 1, "work").expected), (None, None));
}

#[test]
fn a_closed_batch_is_owed_until_its_member_is_paid() {
    let mut world = World::new(&one_pool("method = \"batch\""));
    for who in 1..=200 {
        world.earn(who, "units", 1).unwrap();
    }
    world.now = world.now.later(depin_quantity::Span::from_days(1));
    // One unit of work closes the period, the next pays the first members.
    while world.held(1) == 0 {
        assert!(world.with(|s| s.close(1)).unwrap().more);
    }
    let last = due(&world, 200, "work");
    assert_eq!((last.owed, last.weight, last.expected), (Units::new(5_000_000), Measured::ZERO, Some(Units::ZERO)));
    assert_eq!(world.reads().rewards_due(party(1)), []);
    world.close();
    assert_eq!(world.held(200), 5_000_000);
    assert_eq!(world.reads().rewards_due(party(200)), []);
}

#[test]
fn what_waits_for_a_claim_is_owed() {
    for method in ["method = \"lazy\"", "method = \"expected\"\npay-every = \"5d\""] {
        let mut world = World::new(&one_pool(method));
        if method.contains("lazy") {
            world.earn(1, "units", 2).unwrap()
        } else {
            world.stand(1, "units", 2).unwrap()
        };
        assert_eq!((due(&world, 1, "work").owed, due(&world, 1, "work").expected), (Units::ZERO, Some(tok(1_000))), "{method}");
        world.days(1);
        assert_eq!(due(&world, 1, "work").owed, tok(1_000), "{method}");
        let claimable = |world: &World| world.reads().claimable(name("work"), party(1));
        assert_eq!(claimable(&world), tok(1_000), "{method}");
        world.with(|s| s.claim(party(1), None)).unwrap();
        assert_eq!(claimable(&world), Units::ZERO, "{method}");
    }
}
