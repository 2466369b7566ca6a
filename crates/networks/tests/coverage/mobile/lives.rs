//! Random lives: what somebody reports, in which order and how often, changes nothing that is paid.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A report of one of a few sessions: which, how far its counters are, whether it is over.
#[derive(Clone, Copy, Debug)]
struct Told {
    session: u8,
    step: u64,
    stopped: bool,
}

fn told() -> impl Strategy<Value = Told> {
    (0u8..4, 0u64..20, prop::bool::weighted(0.1)).prop_map(|(session, step, stopped)| Told { session, step, stopped })
}

/// Access points with a few hexes each: kind, signal, power.
type Stand = (bool, Vec<(i32, bool, i32)>);

fn stands() -> impl Strategy<Value = Vec<Stand>> {
    let hexes = prop::collection::btree_map(0i32..4, (any::<bool>(), -3i32..3), 1..4);
    let hexes = hexes.prop_map(|hexes| hexes.into_iter().map(|(n, (high, power))| (n, high, power * 100)).collect());
    prop::collection::vec((any::<bool>(), hexes), 1..5)
}

/// The points of each after a day, when they do what they do in this order; all join at once.
fn points_of(stands: &[Stand], order: &[usize]) -> Vec<u64> {
    let mut net = network("");
    for n in order {
        let (indoor, hexes) = &stands[*n];
        let kind = if *indoor { Kind::IndoorWifi } else { Kind::OutdoorWifi };
        let signal = |high| if high { Signal::High } else { Signal::Low };
        let hexes: Vec<HexSignal> = hexes.iter().map(|(at, high, power)| hex(*at, signal(*high), *power)).collect();
        net.stands(*n as u8 + 1, kind, &hexes);
    }
    let numbers: Vec<u8> = order.iter().map(|n| *n as u8 + 1).collect();
    for _ in 0..2 {
        net.pass(Span::from_secs(1));
        for n in &numbers {
            net.speed(*n, 120, 20, 20).unwrap();
        }
    }
    for _ in 0..12 {
        for n in &numbers {
            assert_eq!(net.beat(*n, HERE), None);
        }
        net.pass(HOUR);
    }
    net.go_to_next_epoch();
    (1..=stands.len()).map(|n| net.points(n as u8)).collect()
}

/// Who covers a hex, the best first: how weak, whose, the number of the stand, and whether the signal is high.
type Covering = (i32, Address, usize, bool);

/// The same by the words of the rules: each hex ranks who covers it, by signal indoors and by power outdoors; of two that are alike the
/// lower address goes first, since all came at once.
fn by_hand(stands: &[Stand]) -> Vec<u64> {
    let mut hexes: BTreeMap<(bool, i32), Vec<Covering>> = BTreeMap::new();
    for (n, (indoor, covered)) in stands.iter().enumerate() {
        for (at, high, power) in covered {
            let worse = if *indoor { -i32::from(*high) } else { -*power };
            hexes.entry((*indoor, *at)).or_default().push((worse, point(n as u8 + 1), n, *high));
        }
    }
    let mut quarters = vec![0; stands.len()];
    for ((indoor, _), mut there) in hexes {
        there.sort();
        let places: &[u64] = if indoor { &[4] } else { &[4, 2, 1] };
        for ((_, _, n, high), place) in there.into_iter().zip(places) {
            let base = match (indoor, high) {
                (true, true) => 400,
                (true, false) => 100,
                (false, true) => 16,
                (false, false) => 4,
            };
            quarters[n] += base * place;
        }
    }
    quarters.into_iter().map(|quarters| quarters / 4).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Who comes and reports first within an instant is no matter, and every hex ranks as the rules say.
    #[test]
    fn points_do_not_depend_on_the_order_of_messages(stands in stands(), seed in any::<u64>()) {
        let forward: Vec<usize> = (0..stands.len()).collect();
        let mut other = forward.clone();
        other.rotate_left(seed as usize % stands.len());
        other.reverse();
        let points = points_of(&stands, &forward);
        prop_assert_eq!(&points, &by_hand(&stands));
        prop_assert_eq!(&points, &points_of(&stands, &other));
    }

    /// However often and in whatever order a session's reports come, what is paid is what its furthest report before its end says, in units
    /// rounded up once, and no credit is made or lost: the world audits itself after each.
    #[test]
    fn a_session_is_paid_once(reports in prop::collection::vec(told(), 1..60)) {
        let mut net = network("");
        net.stands(1, Kind::OutdoorWifi, &[hex(0, Signal::High, -500)]);
        let carrier = net.carrier(1_000, 1_000_000);
        let (start, burned) = (net.now, net.burned());
        let mut furthest: BTreeMap<u8, (u64, bool)> = BTreeMap::new();
        for report in reports {
            let known = furthest.entry(report.session).or_default();
            if !known.1 && report.step >= known.0 {
                *known = (report.step, report.stopped);
            }
            let one = SessionUse {
                session: session(report.session), carrier, started: start,
                up: report.step * 5, down: report.step * 13, stopped: report.stopped,
            };
            net.sessions(1, vec![one]);
        }
        let bytes: u64 = furthest.values().map(|(step, _)| step * 18).sum();
        let units: u64 = furthest.values().map(|(step, _)| (step * 18).div_ceil(24)).sum();
        let row = mobile::carrier(net.rows(), carrier).unwrap();
        prop_assert_eq!((row.bytes, row.units, row.spent.get()), (bytes.into(), units.into(), units.into()));
        prop_assert_eq!((row.balance.get(), net.burned() - burned), (1_000 - u128::from(units), u128::from(units)));
    }
}
