//! What coverage is worth, against figures worked out by hand from what the oracles publish.

use depin_services::coverage::mobile::points::{
    BOOST_METRES, Figures, Grade, HexPoints, Kind, MBPS, Signal, WHOLE, hex_points, may_boost, rank_multiplier, ranks, shares,
    speed_multiplier,
};
use proptest::prelude::*;

const KINDS: [Kind; 4] = [Kind::IndoorWifi, Kind::OutdoorWifi, Kind::IndoorCbrs, Kind::OutdoorCbrs];
const SIGNALS: [Signal; 4] = [Signal::High, Signal::Medium, Signal::Low, Signal::None];

#[test]
fn a_hex_has_the_points_of_its_date() {
    let of = |figures: Figures, kind| SIGNALS.map(|signal| figures.base_points(kind, signal));
    let (then, now) = (Figures::Of2024, Figures::Of2026);
    assert_eq!(
        KINDS.map(|kind| of(then, kind)),
        [
            [Some(400), None, Some(100), None],
            [Some(16), Some(8), Some(4), Some(0)],
            [Some(100), None, Some(25), None],
            [Some(4), Some(2), Some(1), Some(0)],
        ]
    );
    assert_eq!(
        KINDS.map(|kind| of(now, kind)),
        [[Some(400), None, Some(100), None], [Some(120), Some(60), Some(0), Some(0)], [None; 4], [None; 4],]
    );
    assert_eq!(KINDS.map(|kind| now.has(kind)), [true, true, false, false]);
    assert!(KINDS.iter().all(|kind| then.has(*kind)));
}

#[test]
fn one_place_earns_indoors_and_three_outdoors() {
    let of = |kind| [0, 1, 2, 3, 9].map(|rank| rank_multiplier(kind, rank));
    assert_eq!(of(Kind::IndoorWifi), [100, 0, 0, 0, 0]);
    assert_eq!(of(Kind::OutdoorWifi), [100, 50, 25, 0, 0]);
    assert_eq!((ranks(Kind::IndoorCbrs), ranks(Kind::OutdoorCbrs)), (1, 3));
}

#[test]
fn trust_falls_behind_a_metre_that_depends_on_date_and_kind() {
    let of = |figures: Figures, kind, metres: [u32; 5]| metres.map(|metres| figures.trust(kind, metres));
    assert_eq!(of(Figures::Of2024, Kind::IndoorWifi, [0, 200, 201, 300, 301]), [100, 100, 25, 25, 0]);
    assert_eq!(of(Figures::Of2024, Kind::OutdoorWifi, [0, 75, 76, 100, 101]), [100, 100, 25, 25, 0]);
    assert_eq!(of(Figures::Of2026, Kind::OutdoorWifi, [0, 300, 301, 400, 401]), [100, 100, 25, 25, 0]);
    assert_eq!(of(Figures::Of2024, Kind::OutdoorCbrs, [0, 76, 101, 301, 99_999]), [100; 5]);
}

#[test]
fn hexes_are_worth_what_is_there() {
    use Grade::{A, B, C};
    let then = |footfall, land, urban| Figures::Of2024.assignment(footfall, land, urban);
    for land in [A, B, C] {
        assert_eq!((then(A, land, A), then(A, land, B)), (100, 100));
        assert_eq!((then(B, land, A), then(B, land, B)), (70, 50));
        for footfall in [A, B, C] {
            assert_eq!((then(footfall, land, C), Figures::Of2026.assignment(footfall, land, C)), (0, 0));
        }
        assert_eq!((Figures::Of2026.assignment(C, land, A), Figures::Of2026.assignment(C, land, B)), (3, 3));
    }
    assert_eq!([then(C, A, A), then(C, B, A), then(C, C, A)], [40, 30, 5]);
    assert_eq!([then(C, A, B), then(C, B, B), then(C, C, B)], [20, 15, 3]);
}

#[test]
fn the_worst_of_three_tiers_counts() {
    let of = |down: u64, up: u64, latency| speed_multiplier(down * MBPS, up * MBPS, latency);
    assert_eq!([of(100, 10, 49), of(100, 10, 50), of(99, 10, 49), of(100, 9, 49)], [100, 75, 75, 75]);
    assert_eq!([of(75, 8, 59), of(50, 5, 74), of(30, 2, 99)], [75, 50, 25]);
    assert_eq!([of(250, 250, 100), of(29, 250, 1), of(250, 1, 1)], [0, 0, 0]);
    assert_eq!(speed_multiplier(100 * MBPS - 1, 10 * MBPS, 10), 75);
}

/// 400 x 0.70 = 280; trust of 12 good hours and 12 that were worth a quarter: 0.625; 280 x 0.75 x 0.625 = 131.25.
#[test]
fn shares_are_rounded_down_once() {
    let hex = HexPoints { base: 400, assignment: 70, rank: WHOLE, boost: 1 };
    assert_eq!(hex_points(hex), (2_800_000, 0));
    assert_eq!(shares(2_800_000, 75, 12 * 100 + 12 * 25, 24), 131);
    // Three hexes of 0.25 points each make no point alone and 0.75 together; a fourth one makes the point.
    let (quarter, _) = hex_points(HexPoints { base: 1, assignment: WHOLE, rank: 25, boost: 1 });
    assert_eq!([1u128, 3, 4].map(|hexes| shares(hexes * quarter, WHOLE, 1_200, 12)), [0, 0, 1]);
    assert_eq!(shares(1_000_000, WHOLE, 100, 0), 0);
}

#[test]
fn a_boost_adds_what_it_says_beyond_one() {
    let hex = HexPoints { base: 16, assignment: WHOLE, rank: 50, boost: 3 };
    assert_eq!(hex_points(hex), (80_000, 160_000));
    assert_eq!(hex_points(HexPoints { boost: 0, ..hex }), (80_000, 0));
    let (beats, metres) = (24, 24 * BOOST_METRES);
    assert!(may_boost(75 * beats, metres, beats, 26));
    assert!(!may_boost(75 * beats - 1, metres, beats, 26));
    assert!(!may_boost(75 * beats, metres + 1, beats, 26));
    assert!(!may_boost(75 * beats, metres, beats, 25));
    assert!(!may_boost(0, 0, 0, 26));
}

proptest! {
    /// Points of all hexes together are never less than those of each alone, and less than one more for each that was cut.
    #[test]
    fn together_nothing_is_lost_but_one_fraction(
        hexes in prop::collection::vec((0u32..=400, 0u32..=100, 0u32..=100, 1u32..=100), 1..40),
        speed in 0u32..=100, trust in prop::collection::vec(0u64..=100, 1..64),
    ) {
        let (sum, beats) = (trust.iter().sum::<u64>(), trust.len() as u64);
        let points: Vec<u128> = hexes.iter().map(|(base, assignment, rank, boost)| {
            let (own, extra) = hex_points(HexPoints { base: *base, assignment: *assignment, rank: *rank, boost: *boost });
            own + extra
        }).collect();
        let whole = shares(points.iter().sum(), speed, sum, beats);
        let alone: u128 = points.iter().map(|points| shares(*points, speed, sum, beats)).sum();
        prop_assert!(alone <= whole && whole < alone + points.len() as u128);
        let most: u128 = hexes.iter().map(|(base, _, _, boost)| u128::from(base * boost)).sum();
        prop_assert!(whole <= most);
    }
}
