//! Series that independent programs computed (networks/filecoin/golden), and figures that sources publish.

mod support;

use depin_economy::*;
use depin_quantity::{Name, Share, Units};
use std::collections::BTreeMap;
use support::*;

fn rows(text: &str) -> impl Iterator<Item = Vec<u128>> {
    text.lines().filter(|l| !l.starts_with('#')).skip(1).map(|l| l.split(',').map(|n| n.parse().unwrap()).collect())
}

#[test]
fn cumulative_emission_is_that_of_sixty_digit_arithmetic() {
    let spec = Spec::parse(FILE).unwrap();
    let emission = spec.supply(FIL).unwrap().emission.clone().unwrap();
    let mut count = 0;
    for row in rows(include_str!("../../../networks/filecoin/golden/half-life.csv")) {
        assert_eq!(emission.scheduled(row[0].try_into().unwrap()).get(), row[1], "after {} epochs", row[0]);
        count += 1;
    }
    assert_eq!(count, 23);
}

/// Fact: 1.1 billion by pure half-life is 120.01 M after 1 year, 322.18 M after 3, 550 M after 6, 825 M after 12 (Filecoin
/// specification, block reward minting, baseline always met).
#[test]
fn half_life_gives_the_published_path_of_a_billion_and_a_tenth() {
    let emission =
        Emission::HalfLife { from: Name::literal("mining"), total: fil(1_100_000_000), half_life: 6_307_200, clock: EPOCH };
    for (years, hundredths) in [(1, 12_001), (3, 32_218), (6, 55_000), (12, 82_500)] {
        assert_eq!(emission.scheduled(years * 1_051_200).get() / (ONE_FIL * 10_000), hundredths);
    }
}

#[test]
fn vesting_entries_are_those_of_the_restated_rule() {
    let rule = RewardVesting { immediate: Share::new(250_000_000).unwrap(), over: 518_400, step: 2_880, quantum: 1_440 };
    type Case = (u128, u64, u64);
    let mut cases: Vec<(Case, Vec<(u64, Units)>)> = Vec::new();
    for row in rows(include_str!("../../../networks/filecoin/golden/vesting.csv")) {
        let case = (row[0], u64::try_from(row[1]).unwrap(), u64::try_from(row[2]).unwrap());
        let entry = (u64::try_from(row[3]).unwrap(), Units::new(row[4]));
        match cases.last_mut() {
            Some((last, entries)) if *last == case => entries.push(entry),
            _ => cases.push((case, vec![entry])),
        }
    }
    assert_eq!(cases.len(), 8);
    for ((amount, now, phase), entries) in cases {
        assert_eq!(vesting_schedule(Units::new(amount), now, phase, &rule), entries, "{amount} at {now}, phase {phase}");
    }
}

/// Lotus `chain/stmgr/supply.go`: the rows of the ten per cent sum to 199,822,557 FIL; 177,443 FIL are outside the table.
#[test]
fn investors_vest_by_the_published_rows() {
    let spec = Spec::parse(FILE).unwrap();
    let supply = spec.supply(FIL).unwrap();
    let investors = supply.allocations.iter().find(|a| a.to.as_str() == "investors").unwrap();
    let vested = |days: u64| allocation_vested(investors, Units::ZERO, days * EPOCHS_IN_DAY).unwrap();
    assert_eq!(vested(0), fil(10_632_000));
    assert_eq!(vested(2_190), fil(199_822_557));
    assert_eq!(vested(100_000), fil(199_822_557));
    // 61 of 183 days: a third of the half-year row, and so on; locked parts round up, so vested ones round down, row by row.
    // Upstream adds amounts of equal length before it rounds.
    let row = |whole: u128, days: u128, at: u128| whole * ONE_FIL - (whole * ONE_FIL * (days - at)).div_ceil(days);
    let at = 61;
    let expected = 10_632_000 * ONE_FIL
        + row(19_015_887 + 32_787_700, 183, at)
        + row(22_421_712 + 9_400_000, 365, at)
        + row(7_223_364, 730, at)
        + row(87_637_883 + 898_958, 1_095, at)
        + row(9_805_053, 2_190, at);
    assert_eq!(vested(61).get(), expected);
}

#[test]
fn steps_quantise_upwards_from_the_phase() {
    for (e, unit, offset, expected) in
        [(0, 5, 0, 0), (1, 5, 0, 5), (5, 5, 0, 5), (6, 5, 1, 6), (7, 5, 1, 11), (0, 5, 3, 3), (3, 5, 13, 3), (4, 5, 13, 8)]
    {
        assert_eq!(quantize_up(e, unit, offset), expected, "{e} by {unit} from {offset}");
    }
}

/// FIP-0098, worked by hand: a pledge of 1,000 FIL, half of the full age.
#[test]
fn termination_fees_have_an_aged_share_and_two_floors() {
    let terms = TerminationTerms {
        share: Share::new(85_000_000).unwrap(),
        full_after: 140 * EPOCHS_IN_DAY,
        least_share: Share::new(20_000_000).unwrap(),
        least_percent: 105,
    };
    let fee = |age_days: u64, fault: u128| termination_fee(fil(1_000), age_days * EPOCHS_IN_DAY, fil(fault), &terms).unwrap();
    assert_eq!(fee(70, 0).get(), 85 * ONE_FIL / 2);
    assert_eq!(fee(140, 0), fil(85));
    assert_eq!(fee(1_400, 0), fil(85));
    assert_eq!(fee(0, 0), fil(20));
    assert_eq!(fee(140, 100), fil(105));
}

const HELIUM: &str = include_str!("../../../networks/helium/network.toml");
const RENDER: &str = include_str!("../../../networks/render/network.toml");
const IO: &str = include_str!("../../../networks/io.net/network.toml");
/// Base units of a token with 8 decimal places.
const EIGHT: u128 = 100_000_000;

/// Rows of a series as texts.
fn texts(series: &str) -> Vec<Vec<&str>> {
    series.lines().filter(|l| !l.starts_with('#')).skip(1).map(|l| l.split(',').collect()).collect()
}

fn emission(spec: &Spec, token: &str) -> Emission {
    spec.supply(token.parse().unwrap()).unwrap().emission.clone().unwrap()
}

/// Rounded half up to so many base units.
fn rounded(amount: u128, to: u128) -> u128 {
    (amount + to / 2) / to
}

/// What periods `from` to before `to` give.
fn between(emission: &Emission, from: u64, to: u64) -> u128 {
    emission.scheduled(to).get() - emission.scheduled(from).get()
}

#[test]
fn hnt_years_are_those_of_hip_20_and_the_first_is_short_by_what_slow_blocks_lost() {
    let emission = emission(&Spec::parse(HELIUM).unwrap(), "HNT");
    let series = texts(include_str!("../../../networks/helium/golden/hip-20-years.csv"));
    assert_eq!(series.len(), 20);
    for row in series {
        let (year, target) = (row[0].parse::<u64>().unwrap(), Units::parse_decimal(row[1], 8).unwrap().get());
        let lost = if year == 1 { 17_000_000 * EIGHT } else { 0 };
        assert_eq!(between(&emission, 365 * (year - 1), 365 * year), target - lost, "year {year}");
    }
    // HIP-20 and the document: about 223 million after 50 years.
    assert_eq!(rounded(emission.scheduled(365 * 50).get(), 1_000_000 * EIGHT), 223);
}

#[test]
fn render_years_and_months_are_those_of_the_proposals() {
    let spec = Spec::parse(RENDER).unwrap();
    let emission = emission(&spec.later()[0].1, "RENDER");
    let series = texts(include_str!("../../../networks/render/golden/bme-years.csv"));
    assert_eq!(series.len(), 3);
    for row in series {
        let [year, amount, monthly] = [0, 1, 2].map(|i| row[i].parse::<u64>().unwrap());
        assert_eq!(between(&emission, 12 * (year - 1), 12 * year), u128::from(amount) * EIGHT, "year {year}");
        for month in 12 * (year - 1)..12 * year {
            assert_eq!(rounded(between(&emission, month, month + 1), EIGHT), u128::from(monthly), "month {month}");
        }
    }
}

#[test]
fn io_hours_are_those_of_the_published_schedule() {
    let emission = emission(&Spec::parse(IO).unwrap(), "IO");
    let series = texts(include_str!("../../../networks/io.net/golden/hours.csv"));
    assert_eq!(series.len(), 3);
    for row in series {
        let (hour, hundredths) = (row[0].parse::<u64>().unwrap(), Units::parse_decimal(row[1], 2).unwrap().get());
        assert_eq!(rounded(between(&emission, hour - 1, hour), EIGHT / 100), hundredths, "hour {hour}");
    }
    assert_eq!(rounded(emission.scheduled(175_319).get(), EIGHT / 100), 300_000_000 * 100);
    assert_eq!(emission.scheduled(175_320), emission.scheduled(175_319));
}

/// The monthly schedule is another figure in the same place of the file.
#[test]
fn io_months_are_those_of_the_published_schedule_that_came_next() {
    let hourly = IO.lines().find(|line| line.starts_with("emission.decline")).unwrap();
    let monthly = "emission.decline = { clock = \"month\", base = \"500_000_000 IO\", rate = \"0.006666666666666666666666666667\", \
                   less = \"0.0101510470376505\", periods = 240, source = \"io.net docs, monthly token emission schedule\" }";
    let text = IO.replace(hourly, monthly);
    let emission = emission(&Spec::parse(&text).unwrap_or_else(|e| panic!("{e}")), "IO");
    let series = texts(include_str!("../../../networks/io.net/golden/months.csv"));
    assert_eq!(series.len(), 3);
    for row in series {
        let (month, amount) = (row[0].parse::<u64>().unwrap(), row[1].parse::<u128>().unwrap());
        assert_eq!(rounded(between(&emission, month - 1, month), EIGHT), amount, "month {month}");
    }
    assert_eq!(rounded(emission.scheduled(240).get(), EIGHT), 300_000_000);
}

#[test]
fn filecoin_allocations_and_vesting_rows_are_the_published_ones() {
    let spec = Spec::parse(FILE).unwrap();
    let supply = spec.supply(FIL).unwrap();
    let parts = texts(include_str!("../../../networks/filecoin/golden/allocation.csv"));
    assert_eq!(parts.len(), supply.allocations.len());
    for row in &parts {
        let part = supply.allocations.iter().find(|a| a.to.as_str() == row[0]).unwrap();
        assert_eq!(part.amount, fil(row[1].parse().unwrap()), "{}", row[0]);
    }
    // Upstream adds the amounts of one length before it vests them.
    let mut published: BTreeMap<(&str, u64), u128> = BTreeMap::new();
    for row in texts(include_str!("../../../networks/filecoin/golden/allocation-vesting.csv")) {
        *published.entry((row[0], row[1].parse().unwrap())).or_default() += row[2].parse::<u128>().unwrap();
    }
    assert_eq!(published.values().sum::<u128>(), 599_822_557);
    for part in &supply.allocations {
        let AllocationVesting::Rows(rows) = &part.vesting else { continue };
        for row in rows {
            let amount = match row.part {
                VestingPart::Amount(amount) => amount,
                VestingPart::Rest => part.amount,
                VestingPart::Share(_) => panic!("the published rows are amounts"),
            };
            let days = row.over / EPOCHS_IN_DAY;
            assert_eq!(published.remove(&(part.to.as_str(), days)).map(fil), Some(amount), "{} {days}", part.to);
        }
    }
    assert!(published.is_empty(), "not in the file: {published:?}");
}

#[test]
fn hnt_follows_its_regression_series_and_never_passes_its_cap() {
    let spec = Spec::parse(HELIUM).unwrap();
    let emission = emission(&spec, "HNT");
    let series = rows(include_str!("../../../networks/helium/golden/regression-years.csv")).collect::<Vec<_>>();
    assert!(series.len() > 50);
    for row in series {
        assert_eq!(emission.scheduled(row[0].try_into().unwrap()).get(), row[1], "after {} days", row[0]);
        assert!(row[1] <= 223_000_000 * EIGHT);
    }
}

#[test]
fn render_follows_its_regression_series_and_reaches_its_cap_in_year_sixty() {
    let spec = Spec::parse(RENDER).unwrap();
    let later = &spec.later()[0].1;
    let (emission, supply) = (emission(later, "RENDER"), later.supply("RENDER".parse().unwrap()).unwrap());
    let room = supply.cap.amount.minus(supply.at_genesis()).unwrap().get();
    assert_eq!(room, 107_374_182 * EIGHT);
    for row in rows(include_str!("../../../networks/render/golden/regression-years.csv")) {
        let scheduled = emission.scheduled(row[0].try_into().unwrap()).get();
        assert_eq!((scheduled, scheduled.min(room)), (row[1], row[2]), "after {} months", row[0]);
    }
    assert!(emission.scheduled(12 * 59).get() < room && emission.scheduled(12 * 60).get() > room);
}

#[test]
fn io_follows_its_regression_series() {
    let emission = emission(&Spec::parse(IO).unwrap(), "IO");
    for row in rows(include_str!("../../../networks/io.net/golden/regression-years.csv")) {
        assert_eq!(emission.scheduled(row[0].try_into().unwrap()).get(), row[1], "after {} hours", row[0]);
    }
}

/// 180,000 blocks stepped one by one, with 45 %, 85 % and 67 % bonded.
#[test]
fn inflation_follows_its_regression_series() {
    let spec = Spec::parse(include_str!("../../../networks/akash/network.toml")).unwrap();
    let Emission::Inflation(rule) = emission(&spec, "AKT") else { panic!("no inflation") };
    let series = rows(include_str!("../../../networks/akash/golden/regression-inflation.csv")).collect::<Vec<_>>();
    assert_eq!(series.len(), 12);
    let genesis = spec.supply("AKT".parse().unwrap()).unwrap().at_genesis();
    let mut minter = Minter { inflation: rule.initial, supply: genesis, room: None };
    let mut block = 0u64;
    for row in series {
        let permille = row[1];
        while u128::from(block) < row[0] {
            let bonded = Units::new(minter.supply.get() * permille / 1_000);
            let before = minter.supply;
            let minted = rule.run(&mut minter, Bonded::Amount(bonded), 1);
            block += 1;
            if u128::from(block) == row[0] {
                let stands = [bonded, Units::new(minter.inflation.get()), minted, minter.supply].map(Units::get);
                assert_eq!(stands, [row[2], row[3], row[4], row[5]], "block {block}");
            }
            assert_eq!(minter.supply.get(), before.get() + minted.get());
        }
    }
}
