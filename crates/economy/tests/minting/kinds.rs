//! Emission kinds, caps, allocations, calendar clocks.

use super::common::*;
use depin_economy::*;
use depin_quantity::{Instant, Name, Span, Units};
use proptest::prelude::*;

fn at(text: &str) -> Instant {
    let time = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
    Instant::new(u64::try_from(time.unix_timestamp()).unwrap() * 1_000)
}

fn emitting(kind: &str) -> String {
    network(&format!(
        r#"
[supply.TOK]
cap = {{ amount = "100_000_000_000 TOK", kind = "clamp", source = "a test" }}
[supply.TOK.emission]
{kind}

[incentive.pool.work]
emission = "TOK"
share = "100%"
method = "batch"
source = "a test"

[bind]
units = {{ pool = "work" }}
"#
    ))
}

fn emission(kind: &str) -> Emission {
    parsed(&emitting(kind)).supply(TOK).unwrap().emission.clone().unwrap()
}

/// Published: HIP-20, targets of years 1 to 20, and the sum of the table to year 50.
#[test]
fn a_table_with_a_halving_tail_gives_the_years_of_hip_20() {
    let emission = emission(
        "table = { clock = \"day\", rows = [{ for = \"2y\", amount = \"120_000_000 TOK\" }], then = { times = \"50%\", rows = 24 }, source = \"HIP-20\" }",
    );
    let year = |n: u64| emission.scheduled(365 * n).get() - emission.scheduled(365 * (n - 1)).get();
    let halves: [u128; 10] =
        [600_000_000, 300_000_000, 150_000_000, 75_000_000, 37_500_000, 18_750_000, 9_375_000, 4_687_500, 2_343_750, 1_171_875];
    let targets = halves.into_iter().flat_map(|tenths| [tenths, tenths]);
    for (n, tenths) in targets.enumerate() {
        assert_eq!(year(n as u64 + 1), tenths * 100_000, "year {}", n + 1);
    }
    let all = emission.scheduled(u64::MAX).get();
    assert!((239_999_980_000_000..=240_000_000_000_000).contains(&all), "{all}");
    assert_eq!(emission.scheduled(365 * 50).get(), all);
}

/// Published: RNP-003 (760,567 a month in the first year), RNP-018 and RNP-022 (5,905,580 in each of the next two); a tail of 0.945.
#[test]
fn a_monthly_table_with_damping_gives_the_years_of_rnp_003() {
    let text = emitting(
        "table = { clock = \"month\", rows = [{ periods = 12, amount = \"9_126_804 TOK\" }, { periods = 24, amount = \"11_811_160 TOK\" }, { periods = 12, amount = \"5_000_000 TOK\" }], then = { times = \"94.5%\" }, source = \"RNP-003\" }",
    ) + "\n[clock.month]\nevery = \"month\"\norigin = 2023-12-20\nsource = \"RNP-022\"\n";
    let spec = parsed(&text);
    let emission = spec.supply(TOK).unwrap().emission.as_ref().unwrap();
    for month in 1..=12 {
        assert_eq!(emission.scheduled(month).get(), u128::from(month) * 760_567_000_000);
    }
    assert_eq!(emission.scheduled(24).get() - emission.scheduled(12).get(), 5_905_580_000_000);
    assert_eq!(emission.scheduled(60).get() - emission.scheduled(48).get(), 4_725_000_000_000);
    assert_eq!(emission.scheduled(72).get() - emission.scheduled(60).get(), 4_465_125_000_000);
    // The tail ends where a row comes to less than a base unit; what it gave in all is below amount * 0.945 / 0.055.
    let Emission::Table { rows, .. } = emission else { panic!("no table") };
    assert!(rows.len() > 100 && rows.len() < 1_000, "{} rows", rows.len());
    assert!(emission.scheduled(u64::MAX).get() < 20_937_964_000_000 + 5_000_000_000_000 * 1_000 / 55);
    let clock = spec.clock(Name::literal("month")).unwrap();
    let starts: Vec<String> = [0, 1, 2, 12].iter().map(|n| clock.start(at("2023-12-20T00:00:00Z"), *n).to_rfc3339()).collect();
    assert_eq!(starts, ["2023-12-20T00:00:00Z", "2024-01-20T00:00:00Z", "2024-02-20T00:00:00Z", "2024-12-20T00:00:00Z"]);
}

#[test]
fn a_declining_emission_stops_after_its_periods() {
    let text = emitting(
        "decline = { clock = \"hour\", base = \"500_000_000 TOK\", rate = \"0.000009132420091324200\", less = \"0.000013886952395979300\", periods = 175_319, source = \"a test\" }",
    );
    let hour = "\n[clock.hour]\nevery = \"1h\"\norigin = \"genesis\"\nsource = \"a test\"\n";
    let emission = parsed(&(text + hour)).supply(TOK).unwrap().emission.clone().unwrap();
    // 60-digit arithmetic of an independent program.
    assert_eq!(emission.scheduled(1).get(), 4_566_210_045);
    assert_eq!(emission.scheduled(87_600).get(), 231_397_635_128_569);
    assert_eq!(emission.scheduled(175_319).get(), 300_000_000_000_440);
    assert_eq!(emission.scheduled(175_320), emission.scheduled(175_319));
}

/// Emissions that mint more than the cap leaves are cut to the last base unit.
#[test]
fn a_schedule_past_the_cap_ends_exactly_at_it() {
    let text = one_pool("method = \"direct\"\nto = \"role.keeper\"").replacen("1_000_000 TOK", "70_000.000007 TOK", 1).replacen(
        "units = { pool = \"work\" }",
        "units = {}",
        1,
    );
    let mut world = World::new(&text);
    for _ in 0..12 {
        world.days(9);
    }
    assert_eq!(world.minted(), 70_000_000_007);
    assert_eq!(world.reads().supply(TOK).unwrap().room, Some(Units::ZERO));
    assert_eq!(world.reads().wallet(KEEPER, TOK).held, Units::new(70_000_000_007));
    assert_eq!(world.reads().period_reward(WORK), Some(Units::ZERO));
}

#[test]
fn a_cap_that_is_a_model_stops_nothing() {
    let text = one_pool("method = \"direct\"\nto = \"role.keeper\"")
        .replacen("\"1_000_000 TOK\", kind = \"clamp\"", "\"70_000 TOK\", kind = \"model\"", 1)
        .replacen("units = { pool = \"work\" }", "units = {}", 1);
    let mut world = World::new(&text);
    world.days(100);
    assert_eq!(world.minted(), tok(100_000).get());
    assert_eq!(world.reads().supply(TOK).unwrap().room, None);
}

/// Burnt tokens are minted again, at most so much a period, and come to the pools with the schedule.
#[test]
fn burnt_tokens_are_minted_again_up_to_the_limit() {
    let text = one_pool("method = \"direct\"\nto = \"role.keeper\"")
        .replacen("kind = \"clamp\"", "kind = \"net-emission\"", 1)
        .replacen("[supply.TOK]", "[supply.TOK]\nnet-emission = { clock = \"day\", most = \"100 TOK\", source = \"a test\" }", 1)
        .replacen("units = { pool = \"work\" }", "units = {}", 1);
    let mut world = World::new(&text);
    world.days(1);
    assert_eq!(world.minted(), tok(1_000).get());
    // Fees of 250 TOK burn.
    let mut fees = BlockFees::NONE;
    let base = world.reads().base_fee().get();
    let work = u64::try_from(tok(250).get() / base).unwrap();
    world.with(|s| s.charge_fee(KEEPER, work, Units::ZERO, &mut fees)).unwrap();
    world.with(|s| s.finish_fees(fees, KEEPER)).unwrap();
    let burned = world.reads().supply(TOK).unwrap().burned;
    assert_eq!(burned, tok(250));
    world.days(1);
    assert_eq!(world.minted(), tok(2_100).get());
    // What was above the limit is gone for good.
    world.days(98);
    assert_eq!(world.minted(), tok(100_100).get());
    assert_eq!(world.reads().supply(TOK).unwrap().total, tok(99_850));
}

fn staked(bonded: u128) -> World {
    let text = network(
        r#"
[supply.TOK]
genesis = { amount = "100_000_000 TOK", source = "a test" }
cap = { amount = "389_000_000 TOK", kind = "clamp", source = "a test" }
vest-clock = "day"
allocation = [{ to = "unallocated", share = "100%", source = "a test" }]
emission.inflation = { clock = "block", periods-per-year = 5_256, initial = "25%", least = "15%", most = "25%", change = "500%", goal = "67%", staking = "validators", source = "a test" }

[clock.block]
every = "6000s"
origin = "genesis"
source = "a test"

[incentive.pool.reserve]
emission = "TOK"
share = "2%"
method = "direct"
to = "role.keeper"
source = "a test"

[incentive.pool.work]
emission = "TOK"
share = "98%"
method = "batch"
source = "a test"

[bind]
units = { pool = "work" }
"#,
    );
    let mut world = World::new(&text);
    world.gauge("validators", "bonded", bonded * 1_000_000);
    world
}

#[test]
fn inflation_moves_to_its_bounds_and_mints_every_block() {
    let mut low = staked(10_000_000);
    low.pass(Span::from_secs(6_000));
    // 25 % of 100 million in 5,256 blocks.
    let first = low.emission("reserve").minted.get() + low.emission("work").forfeited.get();
    assert_eq!(first, 100_000_000_000_000 / 4 / 5_256);
    assert_eq!(low.emission("reserve").minted.get(), low.reads().wallet(KEEPER, TOK).held.get());
    let mut high = staked(90_000_000);
    high.days(365);
    let row = high.reads().mint_row(TOK);
    assert_eq!(row.inflation.unwrap().to_decimal(), "0.15");
    // Nobody works: only the reserve's part exists, and the rest still counts for the rate.
    assert_eq!(high.minted() - 100_000_000_000_000, high.emission("reserve").minted.get());
    assert_eq!(row.unminted, high.emission("work").forfeited);
}

/// At 25 % a year the cap of 3.89 times the start is reached in about six years, to the unit.
#[test]
fn inflation_stops_exactly_at_the_cap() {
    let mut world = staked(10_000_000);
    world.days(365 * 7);
    let row = world.reads().mint_row(TOK);
    assert_eq!(row.whole, tok(289_000_000));
    assert_eq!(world.reads().inflation_next(TOK), Some(Units::ZERO));
    world.days(30);
    assert_eq!(world.reads().mint_row(TOK).whole, tok(289_000_000));
    assert_eq!(world.minted() + row.unminted.get(), tok(389_000_000).get());
}

#[test]
fn a_long_backlog_of_an_inflation_is_closed_piece_by_piece() {
    let mut world = staked(10_000_000);
    world.now = world.now.later(Span::from_days(365));
    let first = world.with(|s| s.close(2)).unwrap();
    assert!(first.more);
    let clock = world.reads().clock(name("block")).unwrap();
    assert_eq!(clock.next, 2 * STEPS_PER_UNIT);
    world.close();
    assert_eq!(world.reads().clock(name("block")).unwrap().next, 5_256);
    let mut whole = staked(10_000_000);
    whole.now = world.now;
    whole.close();
    assert_eq!(whole.reads().mint_row(TOK), world.reads().mint_row(TOK));
}

fn vesting(row: &str) -> Allocation {
    let text = network(&format!(
        r#"
[supply.TOK]
genesis = {{ amount = "1_000 TOK", source = "a test" }}
cap = {{ amount = "1_000 TOK", kind = "clamp", source = "a test" }}
vest-clock = "month"
allocation = [
  {{ to = "team", amount = "700.000001 TOK", source = "a test", vest = [{row}] }},
  {{ to = "unallocated", amount = "299.999999 TOK", source = "a test" }},
]
[clock.month]
every = "month"
origin = "genesis"
source = "a test"
"#
    ));
    parsed(&text).supply(TOK).unwrap().allocations[0].clone()
}

#[test]
fn rows_wait_and_step_and_share() {
    let vested = |rule: &Allocation, months| allocation_vested(rule, Units::ZERO, months).unwrap().get();
    let steps = vesting("{ after = \"12 month\", over = \"24 month\", every = \"1 month\", source = \"a test\" }");
    for (months, parts) in [(0, 0), (12, 0), (13, 1), (24, 12), (35, 23)] {
        assert_eq!(vested(&steps, months), 700_000_001 * parts / 24, "{months} months");
    }
    assert_eq!(vested(&steps, 36), 700_000_001);
    let quarters = vesting("{ over = \"2y\", every = \"3 month\", source = \"a test\" }");
    assert_eq!([2, 3, 5, 6, 24].map(|m| vested(&quarters, m)), [0, 87_500_000, 87_500_000, 175_000_000, 700_000_001]);
    let shares = vesting(
        "{ share = \"50%\", after = \"365d\", at-once = true, source = \"x\" }, { share = \"50%\", after = \"2y\", at-once = true, source = \"x\" }",
    );
    assert_eq!([11, 12, 23, 24].map(|m| vested(&shares, m)), [0, 350_000_000, 350_000_000, 700_000_001]);
    // A grant shrinks what the shares are of.
    assert_eq!(allocation_vested(&shares, Units::new(1), 24).unwrap().get(), 700_000_000);
}

#[test]
fn what_is_unallocated_is_never_taken() {
    let text = network(
        r#"
[supply.TOK]
genesis = { amount = "1_000 TOK", source = "a test" }
cap = { amount = "1_000 TOK", kind = "clamp", source = "a test" }
allocation = [{ to = "team", share = "94.2%", source = "a test" }, { to = "unallocated", share = "5.8%", source = "a test" }]
"#,
    );
    let mut world = World::new(&text);
    assert_eq!(world.reads().supply(TOK).unwrap().unallocated, tok(58));
    world.days(10_000);
    assert_eq!(world.reads().allocation(TOK, UNALLOCATED).unwrap().vested, Units::ZERO);
    assert_eq!(world.reads().supply(TOK).unwrap().circulating, tok(942));
    let genesis =
        Genesis { owners: vec![(TOK, UNALLOCATED, KEEPER)], roles: vec![(name("price-feeder"), FEEDER)], ..Genesis::default() };
    let mut state = depin_state::Memory::new();
    let mut events = Vec::new();
    let refused = world.economy.session(&mut state, BlockContext::new(START, world.chance), &mut events).genesis(&genesis);
    assert_eq!(refused, Err(GenesisError::UnknownAllocation { token: TOK, name: UNALLOCATED }));
}

#[test]
fn mistakes_in_a_supply_are_found() {
    let base = emitting("flat = { clock = \"day\", amount = \"100 TOK\", periods = 10, source = \"a test\" }");
    refused(&base.replacen("flat = {", "even = {", 1), "an emission has one kind");
    refused(&base.replacen("flat = {", "flatt = {", 1), "unknown key `flatt`");
    let second = "half-life = { from = \"x\", over = \"6y\", clock = \"day\", source = \"x\" }\nflat = {";
    refused(&base.replacen("flat = {", second, 1), "this is a second one");
    refused(&base.replacen("periods = 10", "periods = 0", 1), "from 1 to");
    refused(&base.replacen("kind = \"clamp\"", "kind = \"soft\"", 1), "none of clamp, net-emission, model");
    let net = "[supply.TOK]\nnet-emission = { clock = \"day\", most = \"1 TOK\", source = \"x\" }";
    refused(&base.replacen("[supply.TOK]", net, 1), "only under a cap of kind net-emission");
    let full = "[supply.TOK]\nallocation = [{ to = \"a\", share = \"100%\", source = \"x\" }]";
    refused(&base.replacen("[supply.TOK]", full, 1), "take the whole cap");
    let genesis = "[supply.TOK]\ngenesis = { amount = \"1 TOK\", source = \"x\" }";
    refused(&base.replacen("[supply.TOK]", genesis, 1), "nobody gets what is minted");
    let short = format!("{genesis}\nallocation = [{{ to = \"a\", amount = \"0.5 TOK\", source = \"x\" }}]");
    refused(&base.replacen("[supply.TOK]", &short, 1), "`allocation` comes to 0.5 TOK; the parts must sum to 1 TOK");
    let above = "[supply.TOK]\ngenesis = { amount = \"200_000_000_000 TOK\", source = \"x\" }\nallocation = [{ to = \"a\", share = \"100%\", source = \"x\" }]";
    refused(&base.replacen("[supply.TOK]", above, 1), "below what is minted at the start");
    let tail =
        "table = { clock = \"day\", rows = [{ periods = 1, amount = \"1 TOK\" }], then = { times = \"100%\" }, source = \"x\" }";
    refused(&emitting(tail), "more than 10000 rows");
    refused(&emitting("table = { clock = \"day\", rows = [], source = \"x\" }"), "at least one row");
    let rate = "decline = { clock = \"day\", base = \"1 TOK\", rate = \"1.5\", less = \"0.1\", periods = 3, source = \"x\" }";
    refused(&emitting(rate), "must be at most 1");
    let inflation = "inflation = { clock = \"day\", periods-per-year = 365, initial = \"30%\", least = \"15%\", most = \"25%\", change = \"500%\", goal = \"67%\", staking = \"v\", source = \"x\" }";
    refused(&emitting(inflation), "must lie between its bounds");
    refused(&emitting(&inflation.replacen("30%", "20%", 1).replacen("67%", "0%", 1)), "above nothing");
    refused(&base.replacen("every = \"1d\"", "every = \"0 month\"", 1), "is not a length of time");
}

proptest! {
    /// Vesting never goes back, and gives all in the end.
    #[test]
    fn vesting_is_monotone(after in 0u64..30, steps in 1u64..12, every in 1u64..6, granted in 0u128..700_000_001) {
        let over = steps * every;
        let row = format!("{{ after = \"{after} month\", over = \"{over} month\", every = \"{every} month\", source = \"a test\" }}");
        let row = if after == 0 { row.replacen("after = \"0 month\", ", "", 1) } else { row };
        let rule = vesting(&row);
        let mut last = 0;
        for month in 0..100 {
            let now = allocation_vested(&rule, Units::new(granted), month).unwrap().get();
            prop_assert!(now >= last && now <= 700_000_001 - granted);
            last = now;
        }
        prop_assert_eq!(last, 700_000_001 - granted);
    }

    /// No schedule ever falls.
    #[test]
    fn schedules_never_fall(periods in 1u64..400, amount in 1u64..10_000_000, times in 0u32..100, n in 0u64..3_000) {
        let table = format!(
            "table = {{ clock = \"day\", rows = [{{ periods = {periods}, amount = \"{amount} base TOK\" }}], then = {{ times = \"{times}%\", rows = 20 }}, source = \"x\" }}"
        );
        let emission = emission(&table);
        prop_assert!(emission.scheduled(n) <= emission.scheduled(n + 1));
    }
}
