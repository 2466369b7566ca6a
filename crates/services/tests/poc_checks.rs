//! Every reason for which a beacon or a witness is not valid, and their order.

use depin_quantity::{Instant, Span};
use depin_services::coverage::{
    BeaconParams, Location, Payload, Reciprocity, Region, WitnessParams, cell_at,
    poc::{
        Beacon, BeaconReport, Entropy, InvalidReason, Reporter, Sent, WitnessReport, check_beacon, check_witness, is_late, select,
    },
};

const DRAWN: u64 = 1_677_163_710;

const BEACON: BeaconParams = BeaconParams {
    interval: Span::from_secs(6 * 3_600),
    entropy_valid: Span::from_secs(180),
    reveal_within: Span::from_secs(600),
    counted_for: Span::from_secs(60 * 3_600),
    witnesses_most: 14,
    reciprocity: None,
};

const WITNESS: WitnessParams = WitnessParams {
    within: Span::from_millis(4_000),
    after_first: Span::from_millis(1_500),
    cells_least: 8,
    km_most: 100,
    hz_off_most: 100_000,
    target: 4,
    decay: (4, 5),
};

fn entropy() -> Entropy {
    Entropy::of(depin_quantity::Seed::new([5; 32]), Instant::new(DRAWN * 1_000))
}

fn at(north_m: f64) -> Location {
    let cell = cell_at(52.52 + north_m / 111_195.0, 13.405).unwrap();
    Location { cell, gain: 30, elevation: 10, region: Region::Eu868 }
}

fn reporter(location: Location, millis: u64) -> Reporter {
    Reporter {
        active: true,
        location: Some(location),
        denied: false,
        full: true,
        since: Instant::new(0),
        last_beacon: None,
        last_witnessed: None,
        last_witness: None,
        received: Instant::new(DRAWN * 1_000 + millis),
    }
}

fn sent() -> BeaconReport {
    let entropy = entropy();
    let beacon = Beacon::new(entropy.data, entropy.timestamp, [1, 2, 3, 4], &Region::Eu868.plan());
    BeaconReport {
        local: [1, 2, 3, 4],
        remote: entropy.data,
        timestamp: entropy.timestamp,
        payload: beacon.payload,
        frequency: beacon.frequency,
        spreading: beacon.spreading,
        power_dbm: 13,
        sent_ns: 0,
    }
}

#[test]
fn a_beacon_fails_by_the_first_check_that_it_fails() {
    let (good, report) = (reporter(at(0.0), 1_000), sent());
    let check = |beaconer: &Reporter, report: Option<&BeaconReport>, params: &BeaconParams| {
        check_beacon(beaconer, report, &entropy(), params)
    };
    assert_eq!(check(&good, Some(&report), &BEACON), None);
    let reciprocal =
        BeaconParams { reciprocity: Some(Reciprocity { within: Span::from_days(2), exempt: Span::from_days(2) }), ..BEACON };
    // Each has everything wrong that comes behind it too, so the order shows.
    let mut worst = good;
    let wrong = BeaconReport { payload: Payload::new([0; 51]), ..report };
    assert_eq!(check(&worst, Some(&report), &reciprocal), Some(InvalidReason::GatewayNoValidWitnesses));
    assert_eq!(check(&worst, Some(&wrong), &reciprocal), Some(InvalidReason::InvalidPacket));
    assert_eq!(check(&worst, None, &reciprocal), Some(InvalidReason::Stale));
    worst.last_beacon = Some(worst.received);
    assert_eq!(check(&worst, Some(&wrong), &reciprocal), Some(InvalidReason::IrregularInterval));
    worst.full = false;
    assert_eq!(check(&worst, Some(&wrong), &reciprocal), Some(InvalidReason::InvalidCapability));
    worst.received = Instant::new((DRAWN + 181) * 1_000);
    assert_eq!(check(&worst, Some(&wrong), &reciprocal), Some(InvalidReason::EntropyExpired));
    worst.denied = true;
    assert_eq!(check(&worst, Some(&wrong), &reciprocal), Some(InvalidReason::Denied));
    worst.location = None;
    assert_eq!(check(&worst, Some(&wrong), &reciprocal), Some(InvalidReason::NotAsserted));
    worst.active = false;
    assert_eq!(check(&worst, Some(&wrong), &reciprocal), Some(InvalidReason::GatewayNotFound));
    for wrong in [
        BeaconReport { local: [1, 2, 3, 5], ..report },
        BeaconReport { frequency: report.frequency + 200_000, ..report },
        BeaconReport { spreading: 9, ..report },
        BeaconReport { timestamp: report.timestamp + 1, ..report },
    ] {
        assert_eq!(check(&good, Some(&wrong), &BEACON), Some(InvalidReason::InvalidPacket), "{wrong:?}");
    }
    let louder = BeaconReport { power_dbm: 27, ..report };
    assert_eq!(check(&good, Some(&louder), &BEACON), None, "power is not compared");
}

#[test]
fn randomness_is_good_from_its_second_to_the_last_one() {
    let report = sent();
    for (millis, reason) in [(0, None), (180_999, None), (181_000, Some(InvalidReason::EntropyExpired))] {
        assert_eq!(check_beacon(&reporter(at(0.0), millis), Some(&report), &entropy(), &BEACON), reason, "{millis}");
    }
    let before = Reporter { received: Instant::new(DRAWN * 1_000 - 1), ..reporter(at(0.0), 0) };
    assert_eq!(check_beacon(&before, Some(&report), &entropy(), &BEACON), Some(InvalidReason::EntropyExpired));
}

#[test]
fn reciprocity_is_asked_of_those_that_had_the_time_for_it() {
    let day = Span::from_days(1);
    let params = BeaconParams { reciprocity: Some(Reciprocity { within: Span::from_days(2), exempt: day }), ..BEACON };
    let good = reporter(at(0.0), 1_000);
    let check = |beaconer: &Reporter| check_beacon(beaconer, Some(&sent()), &entropy(), &params);
    let none = Some(InvalidReason::GatewayNoValidWitnesses);
    let back = |millis: u64| Instant::new(good.received.get() - millis);
    assert_eq!(check(&Reporter { since: back(day.get()), ..good }), None, "a new hotspot");
    assert_eq!(check(&Reporter { since: back(day.get() + 1), ..good }), none);
    assert_eq!(check(&Reporter { last_witness: Some(back(2 * day.get())), ..good }), None);
    assert_eq!(check(&Reporter { last_witness: Some(back(2 * day.get() + 1)), ..good }), none);
    assert_eq!(check(&Reporter { last_witnessed: Some(good.received), ..good }), none, "a beaconer must be a witness");
}

fn heard() -> WitnessReport {
    WitnessReport { payload: sent().payload, frequency: sent().frequency, rssi_ddbm: -1_100, snr_ddb: 0, heard_ns: 0 }
}

fn judge(witness: &Reporter, report: Option<&WitnessReport>, edge: bool, params: &BeaconParams) -> Option<InvalidReason> {
    let (beaconer, report_sent) = (reporter(at(0.0), 1_000), sent());
    let sent = Sent { beaconer: &beaconer, report: &report_sent, entropy: &entropy(), first_witness: beaconer.received };
    check_witness(witness, report, edge, &sent, (params, &WITNESS))
}

#[test]
fn a_witness_fails_by_the_first_check_that_it_fails() {
    let good = reporter(at(3_000.0), 1_200);
    assert_eq!(judge(&good, Some(&heard()), false, &BEACON), None);
    let reciprocal =
        BeaconParams { reciprocity: Some(Reciprocity { within: Span::from_days(2), exempt: Span::from_days(2) }), ..BEACON };
    let (mut worst, mut report) = (good, heard());
    let mut edge = false;
    let mut steps = Vec::new();
    let mut step = |worst: &Reporter, report: Option<&WitnessReport>, edge| steps.push(judge(worst, report, edge, &reciprocal));
    step(&worst, Some(&report), edge);
    report.rssi_ddbm = 0;
    step(&worst, Some(&report), edge);
    worst.location = Some(at(150_000.0));
    step(&worst, Some(&report), edge);
    worst.location = Some(at(0.0));
    step(&worst, Some(&report), edge);
    worst.location = Some(Location { region: Region::Us915, ..at(0.0) });
    step(&worst, Some(&report), edge);
    report.frequency += 100_001;
    step(&worst, Some(&report), edge);
    worst.full = false;
    step(&worst, Some(&report), edge);
    report.payload = Payload::new([0; 51]);
    step(&worst, Some(&report), edge);
    step(&worst, None, edge);
    worst.received = Instant::new(DRAWN * 1_000 + 5_001);
    step(&worst, None, edge);
    worst.received = Instant::new((DRAWN + 181) * 1_000);
    step(&worst, None, edge);
    edge = true;
    step(&worst, None, edge);
    worst.denied = true;
    step(&worst, None, edge);
    worst.location = None;
    step(&worst, None, edge);
    worst.active = false;
    step(&worst, None, edge);
    use InvalidReason::{
        BadRssi, BelowMinDistance, Denied, DeniedEdge, EntropyExpired, GatewayNoValidBeacons, GatewayNotFound, InvalidCapability,
        InvalidFrequency, InvalidPacket, InvalidRegion, MaxDistanceExceeded, NotAsserted, Stale, TooLate,
    };
    let order = [
        GatewayNoValidBeacons,
        BadRssi,
        MaxDistanceExceeded,
        BelowMinDistance,
        InvalidRegion,
        InvalidFrequency,
        InvalidCapability,
        InvalidPacket,
        Stale,
        TooLate,
        EntropyExpired,
        DeniedEdge,
        Denied,
        NotAsserted,
        GatewayNotFound,
    ];
    assert_eq!(steps, order.map(Some));
}

#[test]
fn the_edges_of_distance_frequency_and_loudness() {
    let check = |metres: f64, report: &WitnessReport| judge(&reporter(at(metres), 1_200), Some(report), false, &BEACON);
    let quiet = WitnessReport { rssi_ddbm: -1_400, ..heard() };
    assert_eq!(check(99_000.0, &quiet), None);
    assert_eq!(check(102_000.0, &quiet), Some(InvalidReason::MaxDistanceExceeded));
    assert_eq!(check(150.0, &quiet), Some(InvalidReason::BelowMinDistance));
    let off = |hz: i64| WitnessReport { frequency: quiet.frequency.checked_add_signed(hz).unwrap(), ..quiet };
    assert_eq!((check(3_000.0, &off(100_000)), check(3_000.0, &off(-100_000))), (None, None));
    assert_eq!(check(3_000.0, &off(-100_001)), Some(InvalidReason::InvalidFrequency));
    // At 3 km the loss is 100.8 dB; 13 dBm and two antennas of 3 dBi leave about -81.8 dBm.
    assert_eq!(check(3_000.0, &WitnessReport { rssi_ddbm: -830, ..quiet }), None);
    assert_eq!(check(3_000.0, &WitnessReport { rssi_ddbm: -810, ..quiet }), Some(InvalidReason::BadRssi));
}

#[test]
fn late_is_counted_from_the_beacon_or_from_the_first_witness() {
    let late = |beacon, witness, first| {
        let at = Instant::new;
        is_late(at(beacon), at(witness), at(first), (WITNESS.within, WITNESS.after_first))
    };
    assert!(!late(1_000, 5_000, 0) && late(1_000, 5_001, 5_001));
    assert!(!late(9_000, 2_700, 1_200) && late(9_000, 2_701, 1_200));
}

#[test]
fn of_equal_times_the_one_listed_first_counts() {
    let at = |millis, valid| (Instant::new(millis), valid);
    assert_eq!(select(&[at(30, true), at(10, true), at(20, false), at(10, true)], 2), [1, 3]);
    assert_eq!(select(&[], 14), Vec::<usize>::new());
    assert_eq!(select(&[at(1, false)], 14), Vec::<usize>::new());
}

/// A kilometre is a kilometre across the antimeridian and over a pole, and a fifth of one is too near there too.
#[test]
fn poles_and_the_antimeridian_are_no_edges_of_the_map() {
    let place = |latitude: f64, longitude: f64| {
        let cell = cell_at(latitude, longitude).unwrap();
        Location { cell, gain: 30, elevation: 10, region: Region::Eu868 }
    };
    let (beaconer_report, quiet) = (sent(), WitnessReport { rssi_ddbm: -1_400, ..heard() });
    let judge = |from: Location, to: Location| {
        let beaconer = reporter(from, 1_000);
        let sent = Sent { beaconer: &beaconer, report: &beaconer_report, entropy: &entropy(), first_witness: beaconer.received };
        check_witness(&reporter(to, 1_200), Some(&quiet), false, &sent, (&BEACON, &WITNESS))
    };
    // 0.02 degrees of the equator are 2.2 km, and of a meridian over a pole as well.
    let pairs = [
        (place(0.0, 179.99), place(0.0, -179.99)),
        (place(-17.0, -179.99), place(-17.0, 179.99)),
        (place(89.99, 0.0), place(89.99, 180.0)),
        (place(-89.99, 90.0), place(-89.99, -90.0)),
    ];
    for (from, to) in pairs {
        assert_eq!((judge(from, to), judge(to, from)), (None, None), "{from:?} {to:?}");
        assert_eq!(judge(from, from), Some(InvalidReason::BelowMinDistance));
    }
    assert_eq!(judge(place(0.0, 179.999), place(0.0, -179.9995)), Some(InvalidReason::BelowMinDistance), "170 m");
}
