//! Proof of coverage against what upstream and others computed.

use depin_quantity::{Instant, Seed};
use depin_services::coverage::{
    Payload, Randomness, Region, cell_at,
    poc::{Beacon, Entropy, Hex, Population, RULES, cells_between, hex_limit, metres_between, reward_units, scale_of},
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Source: helium/oracles `iot_verifier`, a beacon that a hotspot in Europe sent.
const REMOTE: Randomness = Randomness::new([
    182, 170, 63, 128, 217, 53, 95, 19, 157, 153, 134, 38, 184, 209, 255, 23, 118, 205, 163, 106, 225, 26, 16, 0, 106, 141, 81,
    101, 70, 39, 107, 9,
]);
const TIMESTAMP: u64 = 1_677_163_710;
const LOCAL: [u8; 4] = [233, 70, 25, 176];
const PAYLOAD: Payload = Payload::new([
    28, 153, 18, 65, 96, 232, 59, 146, 134, 125, 99, 12, 175, 76, 158, 210, 28, 253, 146, 59, 187, 203, 122, 146, 49, 241, 156,
    148, 74, 246, 68, 17, 8, 212, 48, 6, 152, 58, 221, 158, 186, 101, 37, 59, 135, 126, 18, 72, 244, 65, 174,
]);

#[test]
fn a_beacon_is_byte_for_byte_the_one_that_a_hotspot_sent() {
    let beacon = Beacon::new(REMOTE, TIMESTAMP, LOCAL, &Region::Eu868.plan());
    assert_eq!((beacon.payload, beacon.frequency, beacon.spreading), (PAYLOAD, 867_900_000, 12));
    let other = Beacon::new(REMOTE, TIMESTAMP, LOCAL, &Region::Us915.plan());
    assert_eq!((other.payload, other.frequency, other.spreading), (PAYLOAD, 904_700_000, 9));
    for beacon in [
        Beacon::new(REMOTE, TIMESTAMP + 1, LOCAL, &Region::Eu868.plan()),
        Beacon::new(REMOTE, TIMESTAMP, [233, 70, 25, 177], &Region::Eu868.plan()),
        Beacon::new(Randomness::new([0; 32]), TIMESTAMP, LOCAL, &Region::Eu868.plan()),
    ] {
        assert_ne!(beacon.payload, PAYLOAD);
    }
}

#[test]
fn entropy_is_drawn_from_the_seed_and_the_second() {
    let of = |seed: u8, at| Entropy::of(Seed::new([seed; 32]), Instant::new(at));
    let entropy = of(1, 1_677_163_710_999);
    assert_eq!(entropy.timestamp, TIMESTAMP);
    let mut input = TIMESTAMP.to_le_bytes().to_vec();
    input.extend([1; 32]);
    assert_eq!(entropy.data.get(), *blake3::hash(&input).as_bytes());
    assert_ne!(entropy.data, of(2, 1_677_163_710_000).data);
    assert_ne!(entropy.data, of(1, 1_677_163_711_000).data);
}

/// Source: helium/oracles `iot_verifier/src/poc.rs`, Ealing to Finsbury Park.
#[test]
fn a_distance_in_london_is_upstream_s() {
    assert_eq!(metres_between(644_459_695_463_521_437, 644_460_986_971_331_488), Some(14_318));
}

/// The definition, in 64-bit floats: good to the fourth place for so few witnesses.
#[test]
fn reward_units_are_those_of_the_definition() {
    for n in 0..=60u32 {
        let (beaconer, witness) = reward_units(n, 4, (4, 5)).unwrap();
        let count = f64::from(n);
        let x = 0.8f64.powi(n as i32 - 4);
        let expected = match n {
            0 => (0.0, 0.0),
            1..=4 => (count / 4.0, 1.0),
            _ => ((2.0 - x).min(2.0), ((4.0 - (1.0 - x)) / count).min(2.0)),
        };
        let close = |exact: depin_quantity::Int, float: f64| (exact.to_u128().unwrap() as f64 - float * 10_000.0).abs() <= 0.5001;
        assert!(close(beaconer, expected.0) && close(witness, expected.1), "{n}: {beaconer:?} {witness:?}");
    }
    assert_eq!(reward_units(5, 4, (1, 1)).unwrap().1.to_u128(), Ok(8_000), "without decay four units are shared");
}

type Index = BTreeMap<u64, Hex>;

/// The rule once more, by walking over everything: limits from HIP-104's words, no index.
fn naive(hotspots: &[u64], place: u64) -> f64 {
    use h3o::{CellIndex, Resolution};
    let parent = |cell: CellIndex, resolution| cell.parent(resolution).unwrap();
    let mut counted: BTreeMap<CellIndex, u64> = BTreeMap::new();
    for cell in hotspots {
        *counted.entry(parent(CellIndex::try_from(*cell).unwrap(), Resolution::Eleven)).or_default() += 1;
    }
    let place = CellIndex::try_from(place).unwrap();
    let mut scale = 1.0;
    for (resolution, neighbours, target, most) in
        [(10, 2, 1, 1), (9, 2, 1, 1), (8, 2, 1, 1), (7, 4, 5, 10), (6, 4, 25, 50), (5, 4, 100, 200), (4, 2, 500, 1_000)]
    {
        let resolution = Resolution::try_from(resolution).unwrap();
        let mut there: BTreeMap<CellIndex, u64> = BTreeMap::new();
        for (cell, number) in &counted {
            *there.entry(parent(*cell, resolution)).or_default() += number;
        }
        counted = there
            .iter()
            .map(|(cell, number)| {
                let full =
                    cell.grid_disk::<Vec<_>>(1).into_iter().filter(|near| there.get(near).is_some_and(|n| *n >= target)).count();
                let limit = most.min(target * 1.max(full as u64 + 1 - neighbours.min(full as u64)));
                (*cell, limit.min(*number))
            })
            .collect();
        let own = parent(place, resolution);
        if let Some(number) = there.get(&own) {
            scale *= counted[&own] as f64 / *number as f64;
        }
    }
    scale
}

fn place(n: (i32, i32)) -> u64 {
    cell_at(52.5 + f64::from(n.0) * 0.002, 13.4 + f64::from(n.1) * 0.003).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// However hotspots come and go, the index is the one that is built of those that are there, and the scale that of the definition.
    #[test]
    fn the_index_kept_is_the_index_rebuilt(steps in prop::collection::vec((any::<bool>(), -12i32..12, -12i32..12, 0usize..64), 1..160)) {
        let (mut kept, mut hotspots): (Index, Vec<u64>) = (Index::new(), Vec::new());
        for (comes, x, y, pick) in steps {
            if comes || hotspots.is_empty() {
                let cell = place((x, y));
                prop_assert!(Population(&mut kept).change(cell, true) > 0);
                hotspots.push(cell);
            } else {
                let cell = hotspots.swap_remove(pick % hotspots.len());
                prop_assert!(Population(&mut kept).change(cell, false) > 0);
            }
        }
        let mut rebuilt = Index::new();
        Population(&mut rebuilt).rebuild(hotspots.iter().map(|cell| (*cell, 1)));
        prop_assert_eq!(&kept, &rebuilt);
        for cell in &hotspots {
            let scale = scale_of(&mut kept, *cell).unwrap().to_u128().unwrap() as f64 / 10_000.0;
            prop_assert!((scale - naive(&hotspots, *cell)).abs() <= 0.000_051, "{} {}", scale, naive(&hotspots, *cell));
        }
        while let Some(cell) = hotspots.pop() {
            Population(&mut kept).change(cell, false);
        }
        prop_assert!(kept.is_empty(), "nothing is left of hotspots that are gone");
    }

    #[test]
    fn a_limit_is_never_below_what_reaches_the_target(occupied in 0u64..8, there in 0u64..2_000, rule in 0usize..7) {
        let rule = RULES[rule];
        let counted = hex_limit(rule.target, rule.most, rule.neighbours, occupied, there);
        prop_assert!(counted <= there && (counted >= rule.target) == (there >= rule.target));
    }
}

#[test]
fn what_is_no_cell_counts_nowhere() {
    let mut index = Index::new();
    for cell in [0, u64::MAX, 1] {
        assert_eq!(Population(&mut index).change(cell, true), 0);
        assert_eq!(scale_of(&mut index, cell).unwrap().to_u128(), Ok(10_000));
    }
    assert_eq!(Population(&mut index).change(place((0, 0)), false), 0, "nobody to take away");
    assert!(index.is_empty());
}

/// Poles, the antimeridian and the twelve pentagons' surroundings are places like others.
#[test]
fn the_index_holds_at_the_ends_of_the_earth() {
    let mut index = Index::new();
    let places = [
        (90.0, 0.0),
        (-90.0, 0.0),
        (0.0, 180.0),
        (0.0, -180.0),
        (58.157_705, 10.536_214),
        (-57.7, 169.5),
        (50.103_201, -143.478_49),
    ];
    let cells: Vec<u64> = places.iter().map(|(latitude, longitude)| cell_at(*latitude, *longitude).unwrap()).collect();
    for cell in &cells {
        assert!(Population(&mut index).change(*cell, true) > 0);
    }
    let mut rebuilt = Index::new();
    Population(&mut rebuilt).rebuild(cells.iter().map(|cell| (*cell, 1)));
    assert_eq!(index, rebuilt);
    assert_eq!(cells_between(cells[0], cells[1]), None, "too far apart to count cells");
}
