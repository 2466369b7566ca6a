//! Series that independent programs computed (networks/filecoin/golden), and figures that sources publish.

mod support;

use depin_economy::*;
use depin_quantity::{Name, Share, Units};
use support::*;

fn rows(text: &str) -> impl Iterator<Item = Vec<u128>> {
    text.lines().filter(|l| !l.starts_with('#')).skip(1).map(|l| l.split(',').map(|n| n.parse().unwrap()).collect())
}

#[test]
fn cumulative_emission_is_that_of_sixty_digit_arithmetic() {
    let spec = Spec::parse(FILE).unwrap();
    let emission = spec.supply(FIL).unwrap().emission.unwrap();
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
    // 61 of 183 days: a third of the half-year rows, and so on; locked parts round up, so vested ones round down, row by row.
    let row = |whole: u128, days: u128, at: u128| whole * ONE_FIL - (whole * ONE_FIL * (days - at)).div_ceil(days);
    let at = 61;
    let expected = 10_632_000 * ONE_FIL
        + row(19_015_887, 183, at)
        + row(32_787_700, 183, at)
        + row(22_421_712, 365, at)
        + row(9_400_000, 365, at)
        + row(7_223_364, 730, at)
        + row(87_637_883, 1_095, at)
        + row(898_958, 1_095, at)
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
