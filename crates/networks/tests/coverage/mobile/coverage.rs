//! Rankings, points, heartbeats, speed tests.

use super::*;
use depin_services::coverage::mobile::{Fix, HEXES_MAX, MobileError, points::Grade};

const WIFI: Kind = Kind::OutdoorWifi;
const INDOOR: Kind = Kind::IndoorWifi;

fn refused(result: Result<(), CoverageError>) -> &'static str {
    result.expect_err("refused").code()
}

/// One hex of 400 points, good speed, at its place: 400 x 1 x 1.
#[test]
fn an_indoor_hex_that_is_well_covered_has_400_points_a_day() {
    let mut net = network("");
    net.stands(1, INDOOR, &[hex(0, Signal::High, -500)]);
    net.day(&[1], 12);
    assert_eq!((net.points(1), net.point(1).points_ever), (400, 400));
    // 400 and 100 for a hex of low signal.
    net.covers(1, 2, &[hex(0, Signal::High, -500), hex(1, Signal::Low, -900)]).unwrap();
    net.day(&[1], 23);
    assert_eq!((net.points(1), net.point(1).points_ever), (500, 900));
}

#[test]
fn eleven_hours_are_too_few() {
    let mut net = network("");
    net.stands(1, INDOOR, &[hex(0, Signal::High, -500)]);
    net.day(&[1], 11);
    assert_eq!(net.points(1), 0);
    let told = net.events.iter().rev().find_map(|event| match event {
        CoverageEvent::AccessPointUncounted { hours, speed, .. } => Some((*hours, *speed)),
        _ => None,
    });
    assert_eq!(told, Some((11, 100)));
    assert!(net.point(1).ranked.is_none());
    net.day(&[1], 12);
    assert_eq!(net.points(1), 400);
}

/// 16, 8 and 4 points for the three strongest; of two that are alike the one that came first.
#[test]
fn outdoors_the_stronger_signal_goes_first_then_who_came_first() {
    let mut net = network("");
    for (n, power) in [(1, -900), (2, -700), (3, -800), (4, -700)] {
        net.pass(MINUTE);
        net.stands(n, WIFI, &[hex(0, Signal::High, power)]);
    }
    net.day(&[1, 2, 3, 4], 12);
    assert_eq!([1, 2, 3, 4].map(|n| net.points(n)), [0, 16, 4, 8]);
    let ranked: Vec<_> = mobile::ranked_in(net.rows(), cell(0), WIFI).collect();
    assert_eq!(ranked, [2, 4, 3, 1].map(point));
}

/// Indoors the signal goes first, and power is no matter; Wi-Fi and cells are ranked apart.
#[test]
fn indoors_the_better_signal_goes_first_and_kinds_are_apart() {
    let mut net = network("");
    net.stands(1, INDOOR, &[hex(0, Signal::Low, -300)]);
    net.pass(MINUTE);
    net.stands(2, INDOOR, &[hex(0, Signal::High, -900)]);
    net.stands(3, Kind::IndoorCbrs, &[hex(0, Signal::Low, -900)]);
    net.day(&[1, 2, 3], 12);
    assert_eq!([1, 2, 3].map(|n| net.points(n)), [0, 400, 25]);
}

/// Who fails its speed test, is banned, or is not where it says stands in no ranking: the next one moves up.
#[test]
fn who_does_not_qualify_keeps_nobody_from_a_place() {
    let mut net = network("speed-server = \"speed-test\"\nassigner = \"assigner\"\n");
    net.stands(1, INDOOR, &[hex(0, Signal::High, -500)]);
    net.pass(MINUTE);
    net.stands(2, INDOOR, &[hex(0, Signal::High, -500)]);
    // The role's key alone measures.
    let refusal = net.speed(1, 120, 20, 20).unwrap_err();
    assert!(refusal.to_string().contains(&KEEPER.to_string()), "{refusal}");
    let mut net = network("assigner = \"assigner\"\n");
    net.stands(1, INDOOR, &[hex(0, Signal::High, -500)]);
    net.pass(MINUTE);
    net.stands(2, INDOOR, &[hex(0, Signal::High, -500)]);
    net.day(&[1, 2], 12);
    assert_eq!([1, 2].map(|n| net.points(n)), [400, 0]);
    net.mobile(KEEPER, MobileMessage::Grade { access_point: point(1), connections: 0, banned: true }).unwrap();
    net.day(&[1, 2], 12);
    assert_eq!([1, 2].map(|n| net.points(n)), [0, 400]);
    let grade = MobileMessage::Grade { access_point: point(1), connections: 0, banned: false };
    assert_eq!(refused(net.mobile(OWNER, grade)), "not-the-assigner");
}

/// B, A, B is worth half: 200; wanted by a provider the whole; boosted three times 1,200 with enough people, 400 without.
#[test]
fn hexes_are_graded_and_boosted() {
    let mut net = network("assigner = \"assigner\"\n");
    net.stands(1, INDOOR, &[hex(0, Signal::High, -500)]);
    let graded = |wanted, boost| {
        let (footfall, land, urban) = (Grade::B, Grade::A, Grade::B);
        MobileMessage::GradeHexes(vec![mobile::GradedHex { cell: cell(0), footfall, land, urban, wanted, boost }])
    };
    let people = |connections| MobileMessage::Grade { access_point: point(1), connections, banned: false };
    let mut days = Vec::new();
    for (wanted, boost, connections) in [(false, 1, 0), (true, 1, 0), (false, 1, 26), (false, 3, 26), (false, 3, 25)] {
        net.mobile(KEEPER, graded(wanted, boost)).unwrap();
        net.mobile(KEEPER, people(connections)).unwrap();
        net.day(&[1], 12);
        days.push(net.points(1));
    }
    assert_eq!(days, [200, 400, 400, 1_200, 400]);
    assert_eq!(refused(net.mobile(KEEPER, graded(false, 0))), "boost");
    assert_eq!(refused(net.mobile(OWNER, graded(false, 1))), "not-the-assigner");
}

/// 250 m from where it should be an indoor access point is worth a quarter; half of such heartbeats make 0.625.
#[test]
fn trust_is_the_mean_of_all_heartbeats() {
    let mut net = network("");
    net.stands(1, INDOOR, &[hex(0, Signal::High, -500)]);
    let off = Place { latitude: HERE.latitude + 22_500, ..HERE };
    let metres = off.metres_to(cell(0)).unwrap();
    assert!((240..260).contains(&metres), "{metres}");
    for _ in 0..2 {
        net.pass(Span::from_secs(1));
        net.speed(1, 80, 20, 20).unwrap();
    }
    for hour in 0..16 {
        assert_eq!(net.beat(1, if hour % 2 == 0 { HERE } else { off }), None);
        net.pass(HOUR);
    }
    net.go_to_next_epoch();
    // 400 x 0.75 x 0.625 = 187.5
    assert_eq!(net.points(1), 187);
}

/// A hex 3,000 m away or more takes all trust.
#[test]
fn a_hex_that_is_too_far_takes_all_trust() {
    for (north, points) in [(53, 800), (55, 0)] {
        let mut net = network("");
        let far = hex(north, Signal::High, -500);
        let metres = HERE.metres_to(far.cell).unwrap();
        assert_eq!(metres < 3_000, points > 0, "{metres}");
        net.stands(1, INDOOR, &[hex(0, Signal::High, -500), far]);
        net.day(&[1], 12);
        assert_eq!(net.points(1), points);
    }
}

#[test]
fn a_locator_s_word_is_asked_for_where_the_file_names_one() {
    let mut net = network("locator = \"locator\"\n");
    net.stands(1, INDOOR, &[hex(0, Signal::High, -500)]);
    net.day(&[1], 12);
    assert_eq!(net.points(1), 0, "nobody knows where it is");
    // Whoever fills the role has no key in this test; another's word is not taken.
    let fix = Fix { key: SERVER, at: net.now, signature: NO_SIGNATURE };
    let beat = Heartbeat {
        key: point_key(1),
        at: net.now,
        object: 1,
        operational: true,
        place: HERE,
        fix: Some(fix),
        signature: NO_SIGNATURE,
    };
    net.mobile(ANYBODY, MobileMessage::Beat(vec![beat])).unwrap();
    assert!(matches!(net.events.last(), Some(CoverageEvent::HeartbeatCounted { trust: 0, .. })));
}

#[test]
fn heartbeats_that_do_not_count_are_told_why() {
    let mut net = network("");
    let (start, now) = (net.now, net.now);
    assert_eq!(net.beat_at(1, HERE, now, 1), Some(BeatReason::GatewayNotFound));
    let new = NewAccessPoint { key: point_key(1), owner: OWNER, kind: WIFI, signature: NO_SIGNATURE };
    net.mobile(OWNER, MobileMessage::Join(new)).unwrap();
    assert_eq!(net.beat_at(1, HERE, now, 1), Some(BeatReason::GatewayNotAsserted));
    net.mobile(OWNER, MobileMessage::Assert { access_point: point(1), location: berlin() }).unwrap();
    assert_eq!(net.beat_at(1, HERE, now, 1), Some(BeatReason::NoSuchCoverageObject));
    net.covers(1, 2, &[hex(0, Signal::High, -500)]).unwrap();
    assert_eq!(net.beat_at(1, HERE, now, 1), Some(BeatReason::BadCoverageObject));
    assert_eq!(net.beat_at(1, HERE, now, 3), Some(BeatReason::NoSuchCoverageObject));
    let nowhere = Place { latitude: 900_000_001, ..HERE };
    assert_eq!(net.beat_at(1, nowhere, now, 2), Some(BeatReason::InvalidLatLon));
    assert_eq!(net.beat_at(1, HERE, now, 2), None);
    assert_eq!(net.beat_at(1, HERE, now.later(Span::from_secs(1)), 2), Some(BeatReason::Duplicate));
    assert_eq!(net.beat_at(1, HERE, now.later(Span::from_secs(61)), 2), Some(BeatReason::OutsideRange));
    net.pass(HOUR);
    net.pass(MINUTE);
    assert_eq!(net.beat_at(1, HERE, start, 2), Some(BeatReason::OutsideRange), "an hour and a minute late");
    let beat = Heartbeat {
        key: point_key(1),
        at: net.now,
        object: 2,
        operational: false,
        place: HERE,
        fix: None,
        signature: NO_SIGNATURE,
    };
    net.mobile(ANYBODY, MobileMessage::Beat(vec![beat])).unwrap();
    let reason = BeatReason::NotOperational;
    assert!(matches!(net.events.last(), Some(CoverageEvent::HeartbeatInvalid { reason: told, .. }) if *told == reason));
    net.mobile(OWNER, MobileMessage::Leave(point(1))).unwrap();
    assert_eq!(net.beat(1, HERE), Some(BeatReason::GatewayNotFound));
}

/// Poles and the antimeridian are places as others are.
#[test]
fn the_edges_of_the_map_are_places() {
    for (latitude, longitude) in [(90.0, 0.0), (-90.0, 180.0), (0.0, 180.0), (0.0, -180.0)] {
        let cell = cell_at(latitude, longitude).unwrap();
        let place = Place { latitude: (latitude * 1e7) as i32, longitude: (longitude * 1e7) as i32 };
        assert!(place.metres_to(cell).unwrap() < 20, "{latitude} {longitude}");
    }
    let over = Place { latitude: 0, longitude: -1_800_000_000 };
    assert!(over.metres_to(cell_at(0.0, 179.999).unwrap()).unwrap() < 200);
}

#[test]
fn four_days_of_silence_cost_seniority() {
    let mut net = network("");
    net.stands(1, INDOOR, &[hex(0, Signal::High, -500)]);
    net.pass(MINUTE);
    net.stands(2, INDOOR, &[hex(0, Signal::High, -500)]);
    net.day(&[1, 2], 12);
    assert_eq!([1, 2].map(|n| net.points(n)), [400, 0]);
    for _ in 0..4 {
        net.day(&[2], 12);
        assert_eq!([1, 2].map(|n| net.points(n)), [0, 400]);
    }
    net.day(&[1, 2], 12);
    assert_eq!([1, 2].map(|n| net.points(n)), [0, 400], "it came back behind the other");
}

#[test]
fn the_worse_side_of_a_speed_test_counts_and_the_newest_six_of_two_days() {
    let mut net = network("");
    net.stands(1, INDOOR, &[hex(0, Signal::High, -500)]);
    let speeds = |down: u64| Speeds { down: down * MBPS, up: 20 * MBPS, latency: 20 };
    net.test(1, speeds(200), speeds(80)).unwrap();
    let worth = |net: &Net| net.point(1).speed(net.now, Span::from_secs(48 * 3_600), 2);
    assert_eq!(worth(&net), 0, "one is too few");
    net.pass(MINUTE);
    net.test(1, speeds(90), speeds(200)).unwrap();
    assert_eq!(worth(&net), 75);
    for _ in 0..6 {
        net.pass(MINUTE);
        net.speed(1, 120, 20, 20).unwrap();
    }
    assert_eq!((worth(&net), net.point(1).tests.len()), (100, 6));
    assert_eq!(refused(net.speed(1, 120, 20, 20)), "test-time");
    net.pass(MINUTE);
    assert_eq!(refused(net.speed(1, 301, 20, 20)), "too-fast");
    net.speed(1, 300, 20, 20).unwrap();
    net.pass(Span::from_secs(48 * 3_600));
    assert_eq!(worth(&net), 0, "all but the last are older than two days");
}

#[test]
fn coverage_is_given_in_parts_of_bounded_size() {
    let mut net = network("");
    net.stands(1, WIFI, &[hex(0, Signal::High, -500)]);
    let mut cells: Vec<u64> = (0..240).map(cell).collect();
    cells.sort_unstable();
    cells.dedup();
    let hexes: Vec<HexSignal> = cells.iter().map(|cell| HexSignal { cell: *cell, signal: Signal::Low, power: 0 }).collect();
    let part = |number, part, last, hexes: &[HexSignal]| MobileMessage::Cover {
        access_point: point(1),
        number,
        part,
        last,
        hexes: hexes.to_vec(),
    };
    assert_eq!(refused(net.mobile(OWNER, part(2, 0, true, &hexes))), "entries");
    assert_eq!(refused(net.mobile(OWNER, part(1, 0, true, &hexes[..2]))), "part");
    assert_eq!(refused(net.mobile(OWNER, part(2, 1, true, &hexes[..2]))), "part");
    net.mobile(OWNER, part(2, 0, false, &hexes[..HEXES_MAX])).unwrap();
    assert_eq!(net.point(1).object.unwrap().number, 1, "until it is whole the old one holds");
    assert_eq!(refused(net.mobile(OWNER, part(2, 1, true, &hexes[HEXES_MAX - 1..HEXES_MAX + 1]))), "hex-order");
    assert_eq!(refused(net.mobile(ANYBODY, part(2, 1, true, &hexes[HEXES_MAX..HEXES_MAX + 1]))), "not-yours");
    net.mobile(OWNER, part(2, 1, true, &hexes[HEXES_MAX..])).unwrap();
    assert_eq!(net.point(1).object.map(|object| (object.number, object.hexes)), Some((2, hexes.len() as u32)));
    let bad = HexSignal { cell: 7, signal: Signal::Low, power: 0 };
    assert_eq!(refused(net.mobile(OWNER, part(3, 0, true, &[bad]))), "hex");
    let last = MobileError::NoEnd;
    assert!(last.to_string().contains("part 7"), "{last}");
}

/// A new object in the middle of an epoch changes no ranking before its end, and two of them leave nothing behind.
#[test]
fn rankings_move_at_the_end_of_an_epoch_only() {
    let mut net = network("");
    net.stands(1, INDOOR, &[hex(0, Signal::High, -500)]);
    net.day(&[1], 12);
    let ranked = |net: &Net, n| mobile::ranked_in(net.rows(), cell(n), INDOOR).count();
    assert_eq!((ranked(&net, 0), ranked(&net, 1)), (1, 0));
    net.covers(1, 2, &[hex(1, Signal::High, -500)]).unwrap();
    net.covers(1, 3, &[hex(2, Signal::High, -500), hex(3, Signal::Low, 0)]).unwrap();
    assert_eq!((ranked(&net, 0), ranked(&net, 1), ranked(&net, 2)), (1, 0, 0));
    net.day(&[1], 12);
    assert_eq!((ranked(&net, 0), ranked(&net, 1), ranked(&net, 2), net.points(1)), (0, 0, 1, 500));
    net.mobile(OWNER, MobileMessage::Leave(point(1))).unwrap();
    net.go_to_next_epoch();
    assert_eq!((ranked(&net, 2), net.point(1).parts, mobile::totals(net.rows()).ranked), (0, [0; 3], 0));
}

#[test]
fn a_key_joins_once_and_only_what_the_figures_have() {
    let mut net = network("");
    net.stands(1, WIFI, &[hex(0, Signal::High, -500)]);
    let join = |n, kind| MobileMessage::Join(NewAccessPoint { key: point_key(n), owner: OWNER, kind, signature: NO_SIGNATURE });
    assert_eq!(refused(net.mobile(OWNER, join(1, WIFI))), "known-access-point");
    assert_eq!(refused(net.mobile(ANYBODY, join(2, WIFI))), "not-the-owner");
    net.send(OWNER, &joins(130, OWNER)).unwrap();
    assert_eq!(refused(net.mobile(OWNER, join(2, WIFI))), "known-access-point");
    let before = net.credits(OWNER);
    net.mobile(OWNER, join(3, WIFI)).unwrap();
    assert_eq!(before - net.credits(OWNER), 400_000, "40 USD at 0.0001 USD a credit");
    let mut later = Net::of(&FIVE[0].1.replace("figures = \"2024-10\"", "figures = \"2026-01\""));
    assert_eq!(refused(later.mobile(OWNER, join(1, Kind::OutdoorCbrs))), "kind");
    let (before, rest) = FIVE[0].1.split_once("[service.coverage.mobile]").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let mut off = Net::of(&format!("{before}{after}"));
    assert_eq!(refused(off.mobile(OWNER, join(1, WIFI))), "mobile-off");
}
