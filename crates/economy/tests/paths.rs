//! Supply paths: what they add up to, and that they are what a running network mints.

mod support;

use depin_economy::*;
use depin_quantity::{Decimal18, Instant, Measured, Name, Span, Units};
use depin_state::{Memory, State};

const NETWORKS: [(&str, &str); 5] = [
    ("akash", include_str!("../../../networks/akash/network.toml")),
    ("filecoin", include_str!("../../../networks/filecoin/network.toml")),
    ("helium", include_str!("../../../networks/helium/network.toml")),
    ("io.net", include_str!("../../../networks/io.net/network.toml")),
    ("render", include_str!("../../../networks/render/network.toml")),
];

fn economy(name: &str) -> Economy {
    let (_, text) = NETWORKS.iter().find(|(known, _)| *known == name).unwrap();
    Economy::new(Spec::parse(text).unwrap_or_else(|e| panic!("{name}: {e}")))
}

fn launch(economy: &Economy) -> Instant {
    economy.spec().network().launch.unwrap()
}

fn days(n: u64) -> Span {
    Span::from_days(n)
}

fn query(economy: &Economy, length: Span, every: Every) -> ProjectionQuery {
    let launch = launch(economy);
    ProjectionQuery {
        launch,
        from: launch,
        until: launch.later(length),
        every,
        tokens: Vec::new(),
        bonded: None,
        usage: Vec::new(),
        exact: false,
    }
}

fn rows(economy: &Economy, query: ProjectionQuery) -> Vec<ProjectionRow> {
    SupplyProjection::new(economy, query).unwrap().collect::<Result<_, _>>().unwrap()
}

fn last(economy: &Economy, length: Span, every: Every) -> ProjectionRow {
    rows(economy, query(economy, length, every)).pop().unwrap()
}

fn of<'r>(row: &'r ProjectionRow, token: &str) -> &'r TokenRow {
    row.tokens.iter().find(|t| t.token.as_str() == token).unwrap()
}

fn sum(list: &[(Name, Units)]) -> u128 {
    list.iter().map(|(_, amount)| amount.get()).sum()
}

fn amount(list: &[(Name, Units)], name: &str) -> Units {
    list.iter().find(|(n, _)| n.as_str() == name).unwrap_or_else(|| panic!("no {name}")).1
}

/// 70 % of two billion, half of what is left every six years: 700 million after six, 1,050 after twelve.
#[test]
fn filecoin_mines_half_of_its_part_in_six_years() {
    let economy = economy("filecoin");
    let fil = 1_000_000_000_000_000_000;
    for (years, millions) in [(6, 700), (12, 1_050), (18, 1_225)] {
        let row = last(&economy, days(365 * years), Every::Year);
        assert_eq!(amount(&of(&row, "FIL").emitted, "blocks").get(), millions * 1_000_000 * fil, "after {years} years");
    }
    let row = last(&economy, days(365 * 6), Every::Year);
    let fil_row = of(&row, "FIL");
    assert_eq!(amount(&fil_row.vested, "protocol-labs").get(), 300_000_000 * fil);
    assert_eq!(amount(&fil_row.vested, "foundation").get(), 100_000_000 * fil);
    assert_eq!(amount(&fil_row.vested, "investors").get(), 199_822_557 * fil);
    // Minted: 600 million at the start and 700 million since.
    assert_eq!(fil_row.of_cap, Decimal18::parse("0.65").unwrap());
}

/// Document: about 223 million in circulation after 50 years.
#[test]
fn helium_comes_to_about_223_million_in_fifty_years() {
    let row = last(&economy("helium"), days(365 * 50), Every::Year);
    let hnt = of(&row, "HNT");
    let whole = hnt.supply.get() / 100_000_000;
    assert!((222_900_000..=223_000_000).contains(&whole), "{whole}");
    assert_eq!(hnt.circulating, hnt.supply);
}

/// Document: 536.9 million growing to about 644 million. RNP-003: 9,126,804 in the first year of burn-and-mint, RNP-018: 5,905,580
/// in each of the next two.
#[test]
fn render_mints_its_published_years_and_never_passes_its_ceiling() {
    let economy = economy("render");
    let schedule = Schedule::new(economy.spec(), launch(&economy));
    // 20 December of 2023 to 2026.
    let borders = [1_703_030_400_000, 1_734_652_800_000, 1_766_188_800_000, 1_797_724_800_000].map(Instant::new);
    let token = Name::literal("RENDER");
    let published = [9_126_804, 5_905_580, 5_905_580];
    for (pair, whole) in borders.windows(2).zip(published) {
        let given = schedule.whole(token, pair[1]).get() - schedule.whole(token, pair[0]).get();
        assert_eq!(given, whole * 100_000_000);
    }
    // Operators are paid by weeks, which do not end with the year: up to two weeks of a quarter of it are another year's.
    let years = ProjectionQuery { from: borders[0], until: borders[3], ..query(&economy, days(1), Every::Year) };
    for (row, whole) in rows(&economy, years).iter().zip(published) {
        let minted = of(row, "RENDER").minted_in_step.get() / 100_000_000;
        assert!(minted.abs_diff(whole) < whole / 4 / 52 * 2, "{minted} in a year of {whole}");
    }
    let row = last(&economy, days(365 * 120), Every::Year);
    let render = of(&row, "RENDER");
    assert!(render.supply.get() <= 644_245_094 * 100_000_000);
    assert!(render.supply.get() > 640_000_000 * 100_000_000, "{}", render.supply);
}

/// Document: inflation stops exactly at the cap of 389 million.
#[test]
fn akash_stops_at_its_cap_at_any_bonded_ratio() {
    let economy = economy("akash");
    for bonded in ["0.45", "1"] {
        let ratio = Decimal18::parse(bonded).unwrap();
        let query = ProjectionQuery { bonded: Some(Ratios::constant(ratio)), ..query(&economy, days(365 * 11), Every::Year) };
        let rows = rows(&economy, query);
        let end = of(rows.last().unwrap(), "AKT");
        assert_eq!(end.supply.get(), 389_000_000_000_000, "bonded {bonded}");
        assert_eq!((end.minted_in_step, end.of_cap), (Units::ZERO, Decimal18::ONE));
        let first = of(&rows[0], "AKT").minted_in_step.get() / 1_000_000;
        // 25 % a year compounded by the block is 28.40 %, 15 % is 16.18 %, between the two in the year in which the rate falls.
        let expected = if ratio < Decimal18::parse("0.67").unwrap() { 28_402_000..28_403_000 } else { 16_180_000..28_403_000 };
        assert!(expected.contains(&first), "bonded {bonded}: {first}");
    }
}

/// Document: 500 million at launch, 300 million hourly over 20 years, cap 800 million.
#[test]
fn io_net_emits_300_million_and_no_more() {
    let economy = economy("io.net");
    let launch = last(&economy, days(1), Every::Day);
    assert_eq!(of(&launch, "IO").supply.get() / 100_000_000, 500_000_000 + of(&launch, "IO").minted_in_step.get() / 100_000_000);
    let end = last(&economy, days(365 * 25), Every::Year);
    let io = of(&end, "IO");
    assert!(sum(&io.emitted) <= 30_000_000_000_000_000 && sum(&io.emitted) > 29_999_999_900_000_000, "{}", sum(&io.emitted));
    assert_eq!(io.minted_in_step, Units::ZERO);
}

/// A jump over many periods gives what every period by itself gives, and both are what the schedule of a running network says.
#[test]
fn jumps_give_what_single_periods_give() {
    for (name, length, every) in [
        ("akash", days(4), Every::Day),
        ("filecoin", days(200), Every::Month),
        ("helium", days(365 * 6), Every::Month),
        ("io.net", days(365 * 2), Every::Month),
        ("render", days(365 * 8), Every::Month),
    ] {
        let economy = economy(name);
        let query = query(&economy, length, every);
        let exact = rows(&economy, ProjectionQuery { exact: true, ..query.clone() });
        let jumps = rows(&economy, query);
        assert!(exact.len() > 3 && exact == jumps, "{name}");
    }
}

#[test]
fn steps_of_any_length_lead_to_the_same_totals() {
    for (name, length) in [("filecoin", days(120)), ("helium", days(2_000)), ("render", days(1_500)), ("akash", days(9))] {
        let economy = economy(name);
        let totals = |every| {
            let mut row = last(&economy, length, every);
            row.tokens.iter_mut().for_each(|token| {
                token.minted.clear();
                (token.minted_in_step, token.burned) = (Units::ZERO, Units::ZERO);
            });
            row.tokens
        };
        let by_year = totals(Every::Year);
        for every in [Every::Day, Every::Week, Every::Month] {
            assert_eq!(totals(every), by_year, "{name} by {every:?}");
        }
        let steps = rows(&economy, query(&economy, length, Every::Week));
        for token in &by_year {
            let minted: u128 = steps.iter().map(|row| of(row, token.token.as_str()).minted_in_step.get()).sum();
            assert_eq!(minted, sum(&token.emitted), "{name} {}", token.token);
        }
    }
}

#[test]
fn a_path_is_the_schedule_of_the_running_network() {
    for (name, _) in NETWORKS.iter().filter(|(name, _)| *name != "akash") {
        let economy = economy(name);
        let schedule = Schedule::new(economy.spec(), launch(&economy));
        let row = last(&economy, days(365 * 7), Every::Year);
        let mut pools = 0;
        for token in &row.tokens {
            for (pool, emitted) in &token.emitted {
                let Some(rule) = schedule.versions().find_map(|(_, _, spec)| spec.pool(*pool)) else { continue };
                let clock = schedule.versions().find_map(|(_, _, spec)| spec.clock(rule.clock)).unwrap();
                let over = clock.period(clock.begins(schedule.genesis()), row.until);
                assert_eq!(*emitted, schedule.scheduled(*pool, over), "{name}, {pool}");
                pools += 1;
            }
        }
        assert!(pools > 0, "{name}");
    }
}

/// The real thing: a network with one provider that has power from the first moment mints, locks and unlocks what the path says.
#[test]
fn a_running_network_mints_and_locks_what_its_path_says() {
    let economy = economy("filecoin");
    let (mut state, mut events, begin) = (Memory::new(), Vec::new(), launch(&economy));
    let provider = support::party(1);
    let genesis =
        Genesis { roles: economy.spec().roles().into_iter().map(|role| (role, support::NOTARY)).collect(), ..Genesis::default() };
    let mut session = economy.session(&mut state, BlockContext::new(begin, Chance::NONE), &mut events);
    session.genesis(&genesis).unwrap();
    let current = |session: &mut Session<'_>| {
        let of = |name| Component { metric: Name::literal(name), quantity: Measured::new(1 << 30) };
        let components = Components::new([of("raw-bytes"), of("quality-bytes")]).unwrap();
        session.record(&Record::Current(Current { subject: Subject::Party(provider), components })).unwrap();
    };
    session.record(&Record::Register(Register { subject: Subject::Party(provider), phase: 0 })).unwrap();
    current(&mut session);
    let path = rows(&economy, query(&economy, days(200), Every::Day));
    for row in &path {
        let mut session = economy.session(&mut state, BlockContext::new(row.until, Chance::NONE), &mut events);
        while session.close(100).unwrap().more {}
        current(&mut session);
        session.withdraw_vested(provider, support::FIL, None).unwrap();
        let token = of(row, "FIL");
        let reads = economy.reads(state.as_read(), row.until);
        let minted = reads.emission(support::BLOCKS).unwrap().minted;
        assert_eq!(minted, amount(&token.emitted, "blocks"), "{}", row.until.to_rfc3339());
        let locked = reads.balance(Account::Vesting(provider), support::FIL);
        let allocations = 600_000_000 * support::ONE_FIL - sum(&token.vested);
        assert_eq!(locked.get(), token.locked.get() - allocations, "{}", row.until.to_rfc3339());
        assert_eq!(
            reads.supply(support::FIL).unwrap().minted.get() - reads.supply(support::FIL).unwrap().burned.get(),
            token.supply.get()
        );
        events.clear();
    }
    assert_eq!(path.len(), 200);
}

#[test]
fn what_is_vested_never_shrinks_and_what_circulates_is_never_more_than_there_is() {
    for (name, _) in NETWORKS {
        let economy = economy(name);
        let mut before: Option<ProjectionRow> = None;
        for row in rows(&economy, query(&economy, days(365 * 5), Every::Month)) {
            for (index, token) in row.tokens.iter().enumerate() {
                assert_eq!(token.supply.get(), token.circulating.get() + token.locked.get(), "{name}");
                assert!(token.of_cap <= Decimal18::ONE, "{name}");
                if let Some(before) = &before {
                    let (then, now) = (&before.tokens[index].vested, &token.vested);
                    assert!(then.iter().zip(now).all(|(a, b)| a.0 == b.0 && a.1 <= b.1), "{name}: {then:?} then {now:?}");
                }
            }
            before = Some(row);
        }
    }
}

#[test]
fn what_is_burnt_leaves_the_supply_and_more_than_there_is_cannot_be() {
    let economy = economy("io.net");
    let start = launch(&economy);
    let burn = |burned: u128| UsageBurn {
        token: Name::literal("IO"),
        from: start.later(days(10)),
        until: start.later(days(20)),
        burned: Units::new(burned),
    };
    let of_burn = |burned: u128| ProjectionQuery { usage: vec![burn(burned)], ..query(&economy, days(30), Every::Day) };
    let plain = rows(&economy, query(&economy, days(30), Every::Day));
    let burnt = rows(&economy, of_burn(1_000_000_007));
    let all: u128 = burnt.iter().map(|row| of(row, "IO").burned.get()).sum();
    assert_eq!(all, 1_000_000_007);
    assert_eq!(of(&burnt[9], "IO").burned, Units::ZERO);
    assert_eq!(of(&burnt[10], "IO").burned.get(), 100_000_000);
    let (a, b) = (of(&plain[29], "IO"), of(&burnt[29], "IO"));
    assert_eq!(a.supply.get() - b.supply.get(), 1_000_000_007);
    assert_eq!(a.emitted, b.emitted);
    let failed = SupplyProjection::new(&economy, of_burn(u128::MAX / 4)).unwrap().find_map(Result::err);
    assert!(matches!(failed, Some(ProjectionError::BurnsTooMuch { .. })), "{failed:?}");
}

/// Inflation is of what exists: burning lowers it, the same however steps are cut.
#[test]
fn inflation_is_of_what_exists() {
    let economy = economy("akash");
    let start = launch(&economy);
    let usage = vec![UsageBurn {
        token: Name::literal("AKT"),
        from: start.later(days(1)),
        until: start.later(days(3)),
        burned: Units::new(8_000_000_000_000),
    }];
    let run = |every, exact, usage: &[UsageBurn]| {
        let query = ProjectionQuery { usage: usage.to_vec(), exact, ..query(&economy, days(8), every) };
        sum(&of(rows(&economy, query).last().unwrap(), "AKT").emitted)
    };
    let (by_day, by_week) = (run(Every::Day, false, &usage), run(Every::Week, false, &usage));
    assert_eq!(by_day, by_week);
    assert_eq!(by_day, run(Every::Week, true, &usage));
    assert!(by_day < run(Every::Week, false, &[]));
}

/// Burnt tokens are minted again up to the limit of a period, and the cap counts what exists.
#[test]
fn burnt_tokens_are_minted_again_up_to_the_limit() {
    let text = NETWORKS[2].1.replacen(
        "kind = \"clamp\", source = \"document: about 223",
        "kind = \"net-emission\", source = \"document: about 223",
        1,
    );
    let text = text.replacen(
        "[supply.HNT.emission.table]",
        "[supply.HNT.net-emission]\nclock = \"day\"\nmost = \"1_643.83561643 HNT\"\nsource = \"HIP-20\"\n\n[supply.HNT.emission.table]",
        1,
    );
    let economy = Economy::new(Spec::parse(&text).unwrap_or_else(|e| panic!("{e}")));
    let start = launch(&economy);
    let hnt = 100_000_000;
    let usage = |per_day: u128| UsageBurn {
        token: Name::literal("HNT"),
        from: start.later(days(100)),
        until: start.later(days(200)),
        burned: Units::new(100 * per_day),
    };
    let emitted = |usage: Vec<UsageBurn>, every| {
        let query = ProjectionQuery { tokens: vec![Name::literal("HNT")], usage, ..query(&economy, days(300), every) };
        sum(&of(rows(&economy, query).last().unwrap(), "HNT").emitted)
    };
    let without = emitted(Vec::new(), Every::Month);
    assert_eq!(emitted(vec![usage(1_000 * hnt)], Every::Month) - without, 100 * 1_000 * hnt);
    assert_eq!(emitted(vec![usage(5_000 * hnt)], Every::Month) - without, 100 * 164_383_561_643);
    assert_eq!(emitted(vec![usage(5_000 * hnt)], Every::Day), emitted(vec![usage(5_000 * hnt)], Every::Year));
}

#[test]
fn a_path_that_makes_no_sense_is_refused() {
    let economy = economy("filecoin");
    let query = query(&economy, days(10), Every::Day);
    let refused = |query: ProjectionQuery| SupplyProjection::new(&economy, query).map(|_| ()).unwrap_err();
    let early = Instant::new(query.launch.get() - 1);
    assert!(matches!(refused(ProjectionQuery { from: early, ..query.clone() }), ProjectionError::NoTime { .. }));
    assert!(matches!(refused(ProjectionQuery { until: query.from, ..query.clone() }), ProjectionError::NoTime { .. }));
    let unknown = ProjectionQuery { tokens: vec![Name::literal("BTC")], ..query.clone() };
    assert!(matches!(refused(unknown), ProjectionError::UnknownToken { .. }));
    let row = |from: u64, until: u64| UsageBurn {
        token: support::FIL,
        from: query.from.later(days(from)),
        until: query.from.later(days(until)),
        burned: Units::new(1),
    };
    let overlap = ProjectionQuery { usage: vec![row(1, 5), row(4, 6)], ..query.clone() };
    assert!(matches!(refused(overlap), ProjectionError::OutOfOrder { .. }));
}

#[test]
fn the_first_step_may_begin_long_after_the_launch() {
    let economy = economy("filecoin");
    let whole = rows(&economy, query(&economy, days(100), Every::Day));
    let mut later = query(&economy, days(100), Every::Day);
    later.from = launch(&economy).later(days(60));
    assert_eq!(rows(&economy, later), whole[60..]);
}

#[test]
fn steps_of_an_epoch_follow_the_emissions_clock() {
    let economy = economy("filecoin");
    let rows = rows(&economy, query(&economy, Span::from_secs(300), Every::Epoch));
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().all(|row| row.until.since(row.from) == Span::from_secs(30)));
    let schedule = Schedule::new(economy.spec(), launch(&economy));
    for (epoch, row) in (0..).zip(&rows) {
        assert_eq!(of(row, "FIL").minted_in_step, schedule.reward(support::BLOCKS, epoch));
    }
}
