//! Any slicing of elapsed time gives the same closes, whatever is sent between them; caps are never passed.

use super::common::*;
use depin_economy::{FeeRecord, Meter as _, Record};
use depin_quantity::{Instant, Span};
use proptest::prelude::*;

/// Everything at once: a moving share, an overflow, a score, a batch, an accumulator, a lazy pool and a change.
fn everything() -> String {
    network(EVERYTHING)
}

const EVERYTHING: &str = r#"
[supply.TOK]
genesis = { amount = "1_000 TOK", source = "a test" }
cap = { amount = "90_000 TOK", kind = "clamp", source = "a test" }
allocation = [{ to = "unallocated", share = "100%", source = "a test" }]
emission.table = { clock = "day", rows = [{ periods = 30, amount = "40_000.000013 TOK" }], then = { times = "90%", rows = 3 }, source = "a test" }

[clock.week]
every = "1w"
origin = "genesis"
source = "a test"

[incentive.pool.a]
emission = "TOK"
share = { first = "30%", until = "10%", step = "5%", every = "7d" }
method = "expected"
pay-every = "1d"
overflow = "b"
source = "a test"

[incentive.pool.b]
emission = "TOK"
share = "20%"
method = "batch"
source = "a test"

[incentive.pool.c]
emission = "TOK"
share = { first = "10%", until = "30%", step = "5%", every = "7d" }
clock = "week"
method = "batch"
source = "a test"

[incentive.pool.d]
emission = "TOK"
share = "10%"
method = "lazy"
source = "a test"

[incentive.pool.e]
emission = "TOK"
scored = "group"
method = "direct"
to = "pool.a"
source = "a test"

[incentive.pool.f]
emission = "TOK"
scored = "group"
method = "batch"
source = "a test"

[incentive.score.group]
pools = ["e", "f"]
score = "locked"
source = "a test"

[bind]
for-a = { pool = "a" }
for-b = { pool = "b" }
for-c = { pool = "c" }
for-d = { pool = "d" }
for-f = { pool = "f", times = "1.5", source = "a test" }

[[change]]
after = "40d"
source = "a test"
set.supply.TOK.emission.flat = { clock = "day", amount = "70_000 TOK", periods = 100, source = "a test" }
set.incentive.pool.b.share = "25%"
set.incentive.pool.d.share = "5%"
"#;

#[derive(Clone, Copy, Debug)]
enum Step {
    Earn(u8, u8, u128),
    Stand(u8, u128),
    Gauge(u8, u128),
    Claim(u8),
}

fn step() -> impl Strategy<Value = (u64, Step)> {
    let step = prop_oneof![
        (1u8..5, 0u8..4, 1u128..1_000).prop_map(|(who, pool, n)| Step::Earn(who, pool, n)),
        (1u8..5, 0u128..1_000).prop_map(|(who, n)| Step::Stand(who, n)),
        (0u8..2, 0u128..100).prop_map(|(scope, n)| Step::Gauge(scope, n)),
        (1u8..5).prop_map(Step::Claim),
    ];
    (0u64..400, step)
}

/// Sends the steps at their hours; closes at theirs and at these extra ones.
fn run(steps: &[(u64, Step)], extra: &[u64], hours: u64) -> World {
    let mut world = World::new(&everything());
    let mut moments: Vec<(u64, Option<Step>)> = extra.iter().map(|hour| (*hour, None)).collect();
    let mut hour = 0;
    for (later, step) in steps {
        hour += later;
        moments.push((hour, Some(*step)));
    }
    moments.sort_by_key(|(hour, step)| (*hour, step.is_some()));
    for (hour, step) in moments {
        world.now = Instant::new(START.get() + hour * 3_600_000);
        world.close();
        match step {
            Some(Step::Earn(who, pool, n)) => {
                world.earn(who, ["for-b", "for-c", "for-d", "for-f"][usize::from(pool)], n).unwrap();
            }
            Some(Step::Stand(who, n)) => {
                world.stand(who, "for-a", n).unwrap();
            }
            Some(Step::Gauge(scope, n)) => world.gauge(["e", "f"][usize::from(scope)], "votes", n),
            Some(Step::Claim(who)) => {
                world.with(|s| s.claim(party(who), None)).unwrap();
            }
            None => {}
        }
        world.check();
    }
    world.now = START.later(Span::from_secs(3_600 * (hour + hours)));
    world.close();
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_slicing_of_time_gives_the_same_closes(
        steps in proptest::collection::vec(step(), 0..12), extra in proptest::collection::vec(0u64..3_000, 0..20), hours in 0u64..3_000,
    ) {
        let (plain, sliced) = (run(&steps, &[], hours), run(&steps, &extra.iter().copied().filter(|h| *h <= steps.iter().map(|s| s.0).sum::<u64>() + hours).collect::<Vec<_>>(), hours));
        prop_assert!(plain.state == sliced.state);
        let supply = plain.reads().supply(TOK).unwrap();
        prop_assert!(supply.minted <= supply.cap);
    }
}

#[test]
fn the_cap_is_reached_to_the_unit_by_pools_that_all_have_members() {
    let mut world = World::new(&everything());
    world.gauge("e", "votes", 1);
    for day in 0..200u64 {
        for metric in ["for-b", "for-c", "for-d", "for-f"] {
            world.earn(1 + (day % 3) as u8, metric, 5).unwrap();
        }
        if day == 0 {
            world.stand(4, "for-a", 1).unwrap();
        }
        world.days(1);
    }
    let supply = world.reads().supply(TOK).unwrap();
    // 40,000, a third of 36,000, and sixty hundredths of 70,000 would be 94,000; the cap leaves 89,000.
    assert_eq!(
        supply.forfeited.get() + supply.minted.get() + world.reads().score(name("group"), name("f")).unwrap().carry_over.get(),
        supply.cap.get()
    );
    assert!(supply.forfeited < tok(1));
}

/// An inflation mints by what exists, and a fee that is due between its periods burns some of that.
#[test]
fn a_job_that_is_due_between_periods_counts_for_the_periods_after_it_only() {
    let text = network(
        r#"
[supply.TOK]
genesis = { amount = "100_000_000 TOK", source = "a test" }
cap = { amount = "389_000_000 TOK", kind = "clamp", source = "a test" }
allocation = [{ to = "unallocated", share = "100%", source = "a test" }]
emission.inflation = { clock = "block", periods-per-year = 5_256, initial = "25%", least = "15%", most = "25%", change = "500%", goal = "67%", staking = "validators", source = "a test" }

[clock.block]
every = "6000s"
origin = "genesis"
source = "a test"

[incentive.pool.reserve]
emission = "TOK"
share = "100%"
method = "direct"
to = "role.keeper"
source = "a test"

[utility.service-fee.seat]
amount = "1_000 TOK"
to = "burn"
every = "1d"
source = "a test"
"#,
    );
    let run = |every_hours: u64| {
        let mut world = World::new(&text);
        world.now = START.later(Span::from_days(3));
        world.close();
        let begin = FeeRecord::Begin { id: unit(1), kind: name("seat"), from: KEEPER, basis: None };
        world.with(|s| s.record(&Record::Fee(begin))).unwrap();
        let end = world.now.later(Span::from_days(40));
        while world.now < end {
            world.now = Instant::new((world.now.get() + every_hours * 3_600_000).min(end.get()));
            world.close();
        }
        world.check();
        world
    };
    let (hours, days, jump) = (run(1), run(24), run(40 * 24));
    assert_eq!(hours.reads().supply(TOK).unwrap().burned, tok(41_000));
    assert!(hours.state == days.state, "a day at a time");
    assert!(hours.state == jump.state, "all at once");
}
