//! Shares, overflows, ceilings, direct pools, scores.

use super::common::*;
use depin_economy::*;
use depin_quantity::{Measured, Units};
use proptest::prelude::*;

/// Three pools whose shares move, a direct one and two that are scored.
pub fn many() -> String {
    network(
        r#"
[supply.TOK]
cap = { amount = "1_000_000 TOK", kind = "clamp", source = "a test" }
emission.flat = { clock = "day", amount = "99_999.999989 TOK", periods = 97, source = "a test" }

[incentive.pool.data]
emission = "TOK"
share = { first = "30%", until = "50%", step = "2.5%", every = "10d" }
method = "batch"
overflow = "work"
worth = { price = "TOK-USD", usd-per-unit = "0.01 USD" }
source = "a test"

[incentive.pool.founders]
emission = "TOK"
share = { first = "35%", until = "15%", step = "2.5%", every = "10d" }
method = "direct"
to = "role.keeper"
source = "a test"

[incentive.pool.iot]
emission = "TOK"
scored = "networks"
method = "batch"
source = "a test"

[incentive.pool.mobile]
emission = "TOK"
scored = "networks"
method = "batch"
source = "a test"

[incentive.pool.work]
emission = "TOK"
share = "13.3%"
method = "batch"
source = "a test"

[incentive.score.networks]
pools = ["iot", "mobile"]
score = "utility"
votes-per = 100
used = { gauge = "paid", per = 100 }
active = { gauge = "active", per = 1 }
source = "a test"

[bind]
packets = { pool = "data" }
units = { pool = "work" }
beacons = { pool = "iot", times = "2.5", source = "a test" }
witnesses = { pool = "iot", times = "0.5", source = "a test" }
cells = { pool = "mobile" }
"#,
    )
}

fn scheduled(world: &World, pool: &str) -> u128 {
    world.emission(pool).scheduled.get()
}

#[test]
fn parts_sum_to_the_whole_in_every_period_while_shares_move() {
    let mut world = World::new(&many());
    let emission = world.economy.spec().supply(TOK).unwrap().emission.clone().unwrap();
    for day in 1..=97 {
        world.days(1);
        let pools = ["data", "founders", "iot", "mobile", "work"];
        let sum: u128 = pools.iter().map(|pool| scheduled(&world, pool)).sum();
        let carry_over = world.reads().score(name("networks"), name("mobile")).unwrap().carry_over.get();
        assert_eq!(sum + carry_over, emission.scheduled(day).get(), "day {day}");
    }
    assert_eq!(world.emission("founders").minted.get(), world.reads().wallet(KEEPER, TOK).held.get());
    // 35 % for ten days, 32.5 % for ten more, and so on, of the amounts of those days.
    let of = |n: u64| emission.scheduled(n).get();
    let expected: u128 = (0..10)
        .map(|k| (of((k + 1).min(9) * 10 + if k == 9 { 7 } else { 0 }) - of(k * 10)) * (350 - 25 * u128::from(k.min(8))) / 1_000)
        .sum();
    assert!(scheduled(&world, "founders").abs_diff(expected) <= 20, "{} {expected}", scheduled(&world, "founders"));
}

#[test]
fn what_a_pool_cannot_use_goes_into_the_next_one_in_the_same_close() {
    let mut world = World::new(&many());
    world.price("2");
    world.earn(1, "units", 1).unwrap();
    // 1,000 packets are worth 10 dollars, which are 5 TOK; the day gives the pool about 309.
    world.earn(2, "packets", 1_000).unwrap();
    let data = world.reads().period_reward(name("data")).unwrap().get();
    let work = world.reads().period_reward(WORK).unwrap().get();
    world.days(1);
    assert_eq!(world.held(2), 5_000_000);
    assert_eq!(world.held(1), work + data - 5_000_000);
    let row = world.emission("data");
    assert_eq!((row.minted.get(), row.overflowed.get(), row.forfeited.get()), (5_000_000, data - 5_000_000, 0));
    assert_eq!(world.emission("work").received, row.overflowed);
    // Nobody works on the second day: all of it is forfeited by the last pool of the chain.
    world.days(1);
    assert_eq!(world.emission("data").forfeited, Units::ZERO);
    assert!(!world.emission("work").forfeited.is_zero());
}

/// A ceiling holds for each period, also for weight that stands and for days that are closed together.
#[test]
fn a_ceiling_by_worth_holds_for_every_period() {
    let run = |steps: &[u64]| {
        let mut world = World::new(&many().replacen("stale-after = \"1d\"", "stale-after = \"90d\"", 1));
        world.price("2");
        world.stand(2, "packets", 1_000).unwrap();
        steps.iter().for_each(|days| world.days(*days));
        world.emission("data")
    };
    assert_eq!(run(&[6]), run(&[1; 6]));
    assert_eq!(run(&[6]).minted.get(), 6 * 5_000_000);
}

/// A price that is stale is not guessed: amount and weights wait for the next period.
#[test]
fn a_stale_price_puts_a_pool_off() {
    let mut world = World::new(&many());
    world.earn(2, "packets", 1_000).unwrap();
    world.days(1);
    let row = world.emission("data");
    assert_eq!((row.minted, row.overflowed, row.deferred), (Units::ZERO, Units::ZERO, row.scheduled));
    assert!(world.events.iter().any(|e| matches!(e, Event::EmissionDeferred { .. })));
    world.earn(3, "packets", 3_000).unwrap();
    world.price("2");
    world.now = world.now.later(depin_quantity::Span::from_days(1));
    world.close();
    assert_eq!((world.held(2), world.held(3)), (5_000_000, 15_000_000));
    let row = world.emission("data");
    assert_eq!(row.deferred, Units::ZERO);
    assert_eq!(row.minted.get() + row.overflowed.get(), row.scheduled.get());
}

#[test]
fn weights_of_several_metrics_add_up_by_their_factors() {
    let mut world = World::new(&many());
    // floor(3 * 2.5) + floor(5 * 0.5) = 7 + 2 against 9 from witnesses alone.
    let subject = Subject::Party(party(1));
    let both = Components::new([component("beacons", 3), component("witnesses", 5)]).unwrap();
    world.with(|s| s.record(&Record::Accrued(Accrued { subject, components: both }))).unwrap();
    world.earn(2, "witnesses", 18).unwrap();
    assert_eq!(world.reads().pool(name("iot")).accrued, Measured::new(18));
    world.stand(3, "beacons", 3).unwrap();
    world.stand(3, "witnesses", 5).unwrap();
    assert_eq!(world.reads().pool(name("iot")).weight, Measured::new(9));
    world.days(1);
    assert_eq!(world.held(1), world.held(2));
    let minted = world.emission("iot").minted.get();
    assert!(minted / 3 - world.held(1) <= 1);
    world.with(|s| s.claim(party(3), None)).unwrap();
    assert!(world.held(3).abs_diff(world.held(1)) <= 1);
}

#[test]
fn scores_share_what_the_other_pools_leave() {
    let mut world = World::new(&many());
    world.earn(1, "beacons", 1).unwrap();
    world.earn(2, "cells", 1).unwrap();
    world.days(1);
    // Nothing is known yet: both count as one.
    assert!(world.held(1).abs_diff(world.held(2)) <= 1);
    world.gauge("iot", "votes", 300);
    world.gauge("iot", "paid", 400);
    world.gauge("mobile", "votes", 100);
    world.gauge("mobile", "active", 16);
    world.earn(1, "beacons", 1).unwrap();
    world.earn(2, "cells", 1).unwrap();
    let before = (world.held(1), world.held(2));
    world.days(1);
    // 3 * 2 * 1 against 1 * 1 * 2.
    let (iot, mobile) = (world.held(1) - before.0, world.held(2) - before.1);
    assert!((3 * mobile).abs_diff(iot) <= 4, "{iot} {mobile}");
    let share = world.reads().pool_share(name("iot")).unwrap();
    // 21.7 % are left to the group, three quarters of them.
    assert_eq!(share.get(), 162_750_000);
    // What was paid counts for its period only.
    world.earn(1, "beacons", 1).unwrap();
    world.earn(2, "cells", 1).unwrap();
    let before = (world.held(1), world.held(2));
    world.days(1);
    let (iot, mobile) = (world.held(1) - before.0, world.held(2) - before.1);
    assert!((3 * mobile).abs_diff(2 * iot) <= 5, "{iot} {mobile}");
}

#[test]
fn smoothed_scores_move_a_thirtieth_a_period() {
    let mut world = World::new(&many().replacen("score = \"utility\"", "score = \"locked\"", 1));
    world.days(1);
    world.gauge("iot", "votes", 100);
    let mut expected = u64::from(SHARE_WHOLE / 2);
    for _ in 0..60 {
        world.days(1);
        expected = (29 * expected + u64::from(SHARE_WHOLE)) / 30;
        let rows = [name("iot"), name("mobile")].map(|pool| world.reads().score(name("networks"), pool).unwrap());
        assert_eq!(u64::from(rows[0].share), expected);
        assert!(u64::from(rows[0].share) + u64::from(rows[1].share) <= u64::from(SHARE_WHOLE));
    }
    assert!(expected > u64::from(SHARE_WHOLE / 10) * 9);
}

/// A pool by the week gets its part of a monthly amount by the week; at the month's end all of it was given.
#[test]
fn a_pool_with_another_clock_gets_its_part_of_a_month_by_time() {
    let text = one_pool("method = \"direct\"\nto = \"role.keeper\"")
        .replacen("units = { pool = \"work\" }", "units = {}", 1)
        .replacen("emission.flat = { clock = \"day\"", "emission.flat = { clock = \"month\"", 1)
        .replacen("share = \"100%\"", "share = \"100%\"\nclock = \"week\"", 1)
        + "[clock.week]\nevery = \"1w\"\norigin = 2027-02-01\nsource = \"a test\"\n[clock.month]\nevery = \"month\"\norigin = 2027-02-01\nsource = \"a test\"\n";
    let mut world = World::new(&text);
    world.now = depin_quantity::Instant::new(1_801_440_000_000);
    world.close();
    assert_eq!(world.minted(), 0);
    world.days(7);
    // February 2027 has 28 days: a quarter of 1,000 TOK.
    assert_eq!(world.minted(), tok(250).get());
    world.days(21);
    assert_eq!(world.minted(), tok(1_000).get());
    world.days(31);
    let weeks = world.minted();
    // Four whole weeks of March so far.
    assert_eq!(weeks, tok(1_000).get() + 1_000_000_000 * 28 / 31);
}

#[test]
fn mistakes_in_pools_are_found() {
    let many = many();
    refused(&many.replacen("share = \"13.3%\"", "share = \"35%\"", 1), "below 100%, which leaves the rest");
    refused(&one_pool("method = \"batch\"").replacen("100%", "99%", 1), "sum to exactly 100%; they come to 99%");
    let moving = "share = { first = \"100%\", until = \"90%\", step = \"1%\", every = \"10d\" }";
    refused(&one_pool("method = \"batch\"").replacen("share = \"100%\"", moving, 1), "they come to 99% from period 10 on");
    refused(&many.replacen("overflow = \"work\"", "overflow = \"nowhere\"", 1), "no pool of its token and clock");
    let circle = many.replacen("share = \"13.3%\"", "share = \"13.3%\"\noverflow = \"data\"", 1);
    refused(&circle, "comes back to it");
    refused(&many.replacen("pools = [\"iot\", \"mobile\"]", "pools = [\"iot\"]", 1), "which does not name it");
    refused(&many.replacen("pools = [\"iot\", \"mobile\"]", "pools = [\"iot\", \"work\"]", 1), "must name pools with scored");
    refused(&many.replacen("to = \"role.keeper\"", "to = \"keeper\"", 1), "no account that a pool can pay");
    refused(&many.replacen("to = \"role.keeper\"", "to = \"pool.founders\"", 1), "no members");
    refused(&many.replacen("units = { pool = \"work\" }", "units = {}", 1), "nobody can earn from it");
    refused(&many.replacen("units = { pool = \"work\" }", "units = { pool = \"founders\" }", 1), "pays by no metric");
    refused(
        &one_pool("method = \"expected\"\npay-every = \"1d\"\nworth = { price = \"TOK-USD\", usd-per-unit = \"1 USD\" }"),
        "needs weights of one period",
    );
    refused(&one_pool("method = \"batch\"\nfunded = true"), "lacks `token`");
    let vest = "vest = { immediate = \"25%\", over = \"4w\", step = \"1w\", quantum = \"1w\", source = \"a test\" }";
    let weekly = one_pool(&format!("method = \"batch\"\nclock = \"week\"\n{vest}"))
        + "[clock.week]\nevery = \"1w\"\norigin = \"genesis\"\nsource = \"a test\"\n";
    refused(&weekly, "vest by the clock of its emission");
    refused(&one_pool("method = \"directly\"\nto = \"x\""), "`directly` is none of");
}

proptest! {
    /// Parts by shares sum to the whole and never shrink while the whole grows.
    #[test]
    fn parts_are_whole_and_monotone(amount in any::<u64>(), more in 0u64..5, period in 0u64..200) {
        let spec = parsed(&many());
        let parts = |amount: u64| -> Vec<u128> {
            ["data", "founders", "work", "iot"].iter().map(|pool| part_of(&spec, TOK, name(pool), period, Units::new(amount.into())).get()).collect()
        };
        let (before, after) = (parts(amount), parts(amount.saturating_add(more)));
        prop_assert_eq!(before.iter().sum::<u128>(), u128::from(amount));
        prop_assert!(before.iter().zip(&after).all(|(a, b)| a <= b));
    }
}
