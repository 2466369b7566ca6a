//! Dated changes: parameter versions are read, checked, and split closes.

use super::common::*;
use depin_economy::*;
use depin_quantity::{Instant, Span};

/// 30 days into the network, the emission becomes another one with another clock, and the pool another pool.
fn changed() -> String {
    one_pool("method = \"batch\"")
        + r#"
[[change]]
after = "30d"
source = "a test"
remove = ["incentive.pool.work"]

[change.set.clock.hour]
every = "1h"
origin = "genesis"
source = "a test"

[change.set.supply.TOK.emission.decline]
clock = "hour"
base = "1_000_000 TOK"
rate = "0.0001"
less = "0.001"
periods = 100_000
source = "a test"

[change.set.incentive.pool.frames]
emission = "TOK"
share = "40%"
method = "batch"
source = "a test"

[change.set.incentive.pool.reserve]
emission = "TOK"
share = "60%"
method = "direct"
to = "role.keeper"
source = "a test"

[change.set.bind]
units = { pool = "frames" }

[[change]]
after = "40d"
source = "a test"
set.incentive.pool.frames.share = "100%"
remove = ["incentive.pool.reserve"]
"#
}

#[test]
fn a_change_is_merged_into_the_file_from_its_date_on() {
    let spec = parsed(&changed());
    assert_eq!(spec.later().len(), 2);
    let at = |days| spec.at(START, START.later(Span::from_days(days)));
    assert!(at(29).pool(WORK).is_some() && at(29).pool(name("frames")).is_none());
    assert!(at(30).pool(WORK).is_none() && at(30).pool(name("reserve")).is_some());
    assert!(matches!(at(30).supply(TOK).unwrap().emission, Some(Emission::Decline { .. })));
    assert_eq!(at(39).pool(name("frames")).unwrap().part, Part::Fixed("40%".parse().unwrap()));
    assert_eq!(at(40).pool(name("frames")).unwrap().part, Part::Fixed("100%".parse().unwrap()));
    assert!(spec.roles().contains(&name("keeper")));
}

#[test]
fn closes_are_split_where_an_version_ends() {
    let run = |steps: &[u64]| {
        let mut world = World::new(&changed());
        world.earn(1, "units", 1).unwrap();
        for step in steps {
            world.pass(Span::from_secs(3_600 * step));
        }
        world
    };
    let whole = run(&[50 * 24]);
    for steps in [vec![24; 50], vec![29 * 24, 2 * 24, 19 * 24], vec![30 * 24, 10 * 24, 10 * 24], vec![717, 5, 478]] {
        assert!(run(&steps).state == whole.state, "{steps:?}");
    }
    // 30 days of 1,000 TOK, one of them worked for.
    assert_eq!(whole.emission("work").scheduled, tok(30_000));
    assert_eq!(whole.held(1), tok(1_000).get());
    let hours = |n: u64| {
        let version = whole.economy.spec_at(START, whole.now);
        version.supply(TOK).unwrap().emission.as_ref().unwrap().scheduled(n).get()
    };
    // Hours are counted from the start, so the 30 days before the change are hours that the decline has lost.
    let reserve = (hours(960) - hours(720)) * 60 / 100;
    assert!(whole.emission("reserve").minted.get().abs_diff(reserve) <= 1);
    assert_eq!(whole.reads().wallet(KEEPER, TOK).held, whole.emission("reserve").minted);
    let frames = whole.emission("frames").scheduled.get();
    assert!(frames.abs_diff((hours(960) - hours(720)) * 40 / 100 + hours(1_200) - hours(960)) <= 2);
    assert_eq!(whole.reads().clock(name("hour")).unwrap().first, 720);
}

/// A pool that a change takes out still pays what its members accrued.
#[test]
fn members_of_a_retired_pool_are_still_paid() {
    let text = changed().replacen("method = \"batch\"\nsource", "method = \"expected\"\npay-every = \"1d\"\nsource", 1);
    let mut world = World::new(&text);
    world.stand(1, "units", 1).unwrap();
    world.days(35);
    assert_eq!(world.reads().spec().pool(WORK), None);
    world.with(|s| s.claim(party(1), None)).unwrap();
    assert_eq!(world.held(1), tok(30_000).get());
    world.check();
    // The next report moves the weight to the pool that the metric is bound to now.
    world.stand(1, "units", 1).unwrap();
    world.days(1);
    world.with(|s| s.claim(party(1), None)).unwrap();
    assert!(world.held(1) > tok(30_000).get());
    world.check();
}

#[test]
fn schedules_without_participants_are_those_of_the_live_network() {
    let mut world = World::new(&changed());
    world.days(50);
    let schedule = world.economy.schedule(START);
    for pool in ["work", "frames", "reserve"] {
        let scheduled = schedule.part(name(pool), Instant::new(0), world.now);
        assert_eq!(scheduled, world.emission(pool).scheduled, "{pool}");
    }
    let whole = schedule.whole(TOK, world.now).get();
    let sum: u128 = ["work", "frames", "reserve"].iter().map(|pool| world.emission(pool).scheduled.get()).sum();
    assert!(whole.abs_diff(sum) <= 1);
}

#[test]
fn a_change_by_date_before_the_start_is_in_force_from_the_start() {
    // The first parameter version's role is filled too, although nobody needs it any more.
    let text = changed().replacen("after = \"30d\"", "at = 2026-01-01", 1).replacen("after = \"40d\"", "at = 2027-02-01", 1).replacen(
        "[change.set.bind]",
        "[change.set.price.TOK-USD]\nreporters = [\"another\"]\nstale-after = \"1d\"\nquorum = 1\nsource = \"a test\"\n[change.set.bind]",
        1,
    );
    let mut world = World::new(&text);
    assert!(world.reads().pool_share(name("frames")).is_some());
    world.days(1);
    assert_eq!(world.reads().emission(WORK), None);
    assert!(!world.emission("reserve").minted.is_zero());
    world.days(20);
    assert_eq!(world.reads().spec().pool(name("reserve")), None);
    world.days(5);
}

#[test]
fn problems_in_a_change_point_at_the_change() {
    let text = changed();
    let place = |text: &str, problem: &Problem, wanted: &str| {
        let line = text.lines().nth(problem.line - 1).unwrap();
        assert!(line.contains(wanted), "line {}: {line}", problem.line);
    };
    let bad = text.replacen("share = \"60%\"", "share = \"61%\"", 1);
    refused(&bad, "they come to 101%");
    let bad = text.replacen("rate = \"0.0001\"", "rate = \"x\"", 1);
    place(&bad, &refused(&bad, "`x` is not a decimal number"), "rate = \"x\"");
    let bad = text.replacen("base = \"1_000_000 TOK\"", "base = \"1_000_000 TOKK\"", 1);
    place(&bad, &refused(&bad, "no token of this network"), "TOKK");
    let bad = text.replacen("units = { pool = \"frames\" }", "units = { pool = \"frames\", tmes = \"2\" }", 1);
    place(&bad, &refused(&bad, "unknown key `tmes`"), "tmes");
    let bad = text.replacen("periods = 100_000\nsource = \"a test\"", "periods = 100_000", 1);
    refused(&bad, "figures without a source");
    refused(&text.replacen("after = \"40d\"", "after = \"20d\"", 1), "changes out of order");
    refused(&text.replacen("after = \"40d\"", "at = 2030-01-01", 1), "changes out of order");
    refused(
        &text.replacen("remove = [\"incentive.pool.work\"]", "remove = [\"incentive.pool.wrk\"]", 1),
        "no `incentive.pool.wrk` to remove",
    );
    refused(&(text.clone() + "\n[[change]]\nafter = \"50d\"\nsource = \"x\"\n"), "changes nothing");
    refused(
        &(text.clone() + "\n[[change]]\nafter = \"50d\"\nset.clock.day.every = \"2d\"\nsource = \"x\"\n"),
        "can't change or remove clock `day`",
    );
    let decimals =
        "\n[[change]]\nafter = \"50d\"\nset.token = [{ id = \"TOK\", decimals = 7, source = \"x\" }]\nsource = \"x\"\n";
    refused(&(text.clone() + decimals), "can't remove token `TOK`");
    let genesis = "\n[[change]]\nafter = \"50d\"\nset.supply.TOK.genesis = { amount = \"1 TOK\", source = \"x\" }\nset.supply.TOK.allocation = [{ to = \"a\", share = \"100%\", source = \"x\" }]\nsource = \"x\"\n";
    refused(&(text + genesis), "minted of TOK at the start");
}

#[test]
fn a_mistake_in_the_first_version_is_told_once() {
    let errors = Spec::parse(&changed().replacen("decimals = 6", "decimals = 66", 1)).unwrap_err();
    let hits = errors.problems().iter().filter(|p| p.message.contains("`decimals` must be")).count();
    assert_eq!(hits, 1, "{errors}");
}
