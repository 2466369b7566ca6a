//! Proof of coverage from the asking to the reward.

use crate::world::*;
use depin_quantity::{Address, Instant, Name, Span};
use depin_services::coverage::{
    self, CoverageError, CoverageEvent, CoverageMessage, Disclosed, Disclosure, LastBeacon, Location, Payload, Salt, Sealed,
    SignatureBytes, cell_at,
    poc::{Beacon, BeaconReport, Entropy, InvalidReason, WitnessReport},
    seal,
};

const LOCAL: [u8; 4] = [1, 2, 3, 4];
const SECOND: Span = Span::from_secs(1);

/// Hotspot `n` stands so many hundredths of a degree north of Berlin.
fn place(n: u8, hundredths: i32) -> CoverageMessage {
    let cell = cell_at(52.52 + f64::from(hundredths) / 100.0, 13.405).unwrap();
    CoverageMessage::AssertLocation { hotspot: hotspot(n), location: Location { cell, ..berlin() } }
}

/// Hotspots from 10 on, two kilometres and more from each other.
fn with_hotspots(more: &str, count: u8) -> Net {
    let mut net = Net::with(more);
    for n in 10..10 + count {
        net.send(OWNER, &joins(n, OWNER)).unwrap();
        net.send(OWNER, &place(n, 2 * (i32::from(n) - 10))).unwrap();
    }
    net
}

fn ask(net: &Net, n: u8) -> CoverageMessage {
    let segment = net.now.get() / net.service.params.beacon.interval.get();
    CoverageMessage::AskBeacon { key: key(n), segment, signature: SignatureBytes::new([0; 64]) }
}

/// Asks for a beacon and waits for its randomness.
pub fn drawn(net: &mut Net, n: u8) -> Entropy {
    let message = ask(net, n);
    net.send(ANYBODY, &message).unwrap();
    assert_eq!(coverage::beaconing(net.rows(), hotspot(n)).unwrap().entropy, None, "nobody knows it yet");
    net.pass(SECOND);
    net.pass(SECOND);
    coverage::beaconing(net.rows(), hotspot(n)).unwrap().entropy.expect("two rounds later it is there")
}

pub fn sent(entropy: Entropy) -> BeaconReport {
    let beacon = Beacon::new(entropy.data, entropy.timestamp, LOCAL, &berlin().region.plan());
    BeaconReport {
        local: LOCAL,
        remote: entropy.data,
        timestamp: entropy.timestamp,
        payload: beacon.payload,
        frequency: beacon.frequency,
        spreading: beacon.spreading,
        power_dbm: 14,
        sent_ns: 0,
    }
}

pub fn heard(entropy: Entropy) -> WitnessReport {
    let sent = sent(entropy);
    WitnessReport { payload: sent.payload, frequency: sent.frequency, rssi_ddbm: -1_150, snr_ddb: 40, heard_ns: 0 }
}

const fn salt(n: u8) -> Salt {
    Salt::new([n; 32])
}

pub fn sealed(net: &Net, beaconer: u8, entropy: Entropy, n: u8, report: &Disclosed) -> Sealed {
    Sealed {
        beaconer: hotspot(beaconer),
        timestamp: entropy.timestamp,
        key: key(n),
        hash: seal(report, salt(n), hotspot(n)),
        signature: SignatureBytes::new([0; 64]),
        received: net.now,
    }
}

pub fn disclosure(beaconer: u8, n: u8, report: Disclosed) -> Disclosure {
    Disclosure { beaconer: hotspot(beaconer), reporter: hotspot(n), salt: salt(n), report }
}

/// A beacon of hotspot 10 with these witnesses' reports, to its verdict.
fn life(net: &mut Net, witnesses: &[u8]) -> LastBeacon {
    let entropy = drawn(net, 10);
    let mut all = vec![(10, Disclosed::Beacon(sent(entropy)))];
    all.extend(witnesses.iter().map(|n| (*n, Disclosed::Witness(heard(entropy)))));
    let reports = all.iter().map(|(n, report)| sealed(net, 10, entropy, *n, report)).collect();
    net.send(ANYBODY, &CoverageMessage::HandIn(reports)).unwrap();
    finish(net, &all)
}

pub fn finish(net: &mut Net, all: &[(u8, Disclosed)]) -> LastBeacon {
    net.pass(Span::from_secs(250));
    let reports: Vec<_> = all.iter().map(|(n, report)| disclosure(10, *n, *report)).collect();
    if !reports.is_empty() {
        net.send(ANYBODY, &CoverageMessage::Disclose(reports)).unwrap();
    }
    net.pass(Span::from_secs(900));
    assert_eq!(coverage::beaconing(net.rows(), hotspot(10)), None);
    coverage::last_beacon(net.rows(), hotspot(10)).expect("it was judged")
}

pub fn reasons(verdict: &LastBeacon) -> Vec<Option<InvalidReason>> {
    verdict.witnesses.iter().map(|witness| witness.reason).collect()
}

#[test]
fn a_witnessed_beacon_pays_beaconer_and_witnesses() {
    let mut net = with_hotspots("", 4);
    let verdict = life(&mut net, &[11, 12, 13]);
    assert_eq!((verdict.reason, verdict.scale, verdict.beacon_units, verdict.witness_units), (None, 10_000, 7_500, 10_000));
    assert_eq!(reasons(&verdict), [None; 3]);
    assert!(verdict.witnesses.iter().all(|witness| witness.selected));
    let (beaconer, witness) = (net.hotspot(10), net.hotspot(11));
    assert_eq!((beaconer.beacons, beaconer.witnessed, witness.beacons, witness.witnessed), (1, 0, 0, 1));
    assert!(beaconer.counted.is_some() && witness.counted.is_none(), "who is witnessed counts in its hex");
    let iot = |net: &Net| net.reads().wallet(OWNER, Name::literal("IOT")).held.get();
    assert_eq!(iot(&net), 0);
    net.pass(Span::from_days(1));
    net.price();
    net.pass(Span::from_days(1));
    assert!(iot(&net) > 0, "the day's coverage is paid");
}

/// Radios and machines are no quicker where ledger time is: 20 seconds of wall time for the reports, 4 for a witness.
#[test]
fn times_of_radios_are_wall_time_at_any_speed() {
    // A witness 200 s of ledger time after the beacon, which was itself reported 300 s after its randomness.
    for (speed, beacon, witness) in [
        (1, Some(InvalidReason::EntropyExpired), Some(InvalidReason::EntropyExpired)),
        (49, None, Some(InvalidReason::TooLate)),
        (60, None, None),
    ] {
        let mut net = with_hotspots("", 2);
        net.speed = speed;
        let entropy = drawn(&mut net, 10);
        let reports = [(10, Disclosed::Beacon(sent(entropy))), (11, Disclosed::Witness(heard(entropy)))];
        for ((n, report), wait) in reports.iter().zip([225, 200]) {
            net.pass(Span::from_secs(wait));
            let sealed = sealed(&net, 10, entropy, *n, report);
            let taken = net.send(ANYBODY, &CoverageMessage::HandIn(vec![sealed]));
            assert_eq!(taken.is_ok(), speed > 1 || wait == 225, "speed {speed}: {taken:?}");
        }
        let until = coverage::beaconing(net.rows(), hotspot(10)).unwrap().times.sealed_until;
        net.pass(Span::from_millis(until.later(SECOND).since(net.now).get().max(1_000)));
        let disclosed: Vec<_> = reports.iter().map(|(n, report)| disclosure(10, *n, *report)).collect();
        let done = net.send(ANYBODY, &CoverageMessage::Disclose(if speed > 1 { disclosed } else { disclosed[..1].to_vec() }));
        done.unwrap_or_else(|error| panic!("speed {speed}: {error}"));
        net.pass(Span::from_secs(900));
        let verdict = coverage::last_beacon(net.rows(), hotspot(10)).expect("it was judged");
        assert_eq!(verdict.reason, beacon, "speed {speed}");
        assert_eq!(reasons(&verdict).first().copied().flatten(), if speed > 1 { witness } else { None }, "speed {speed}");
    }
}

#[test]
fn a_beacon_that_nobody_witnessed_is_worth_nothing() {
    let mut net = with_hotspots("", 1);
    let verdict = life(&mut net, &[]);
    assert_eq!((verdict.reason, verdict.beacon_units, net.hotspot(10).beacons), (None, 0, 0));
    assert_eq!(net.hotspot(10).counted, None);
}

#[test]
fn one_beacon_an_interval_and_one_at_a_time() {
    let mut net = with_hotspots("", 2);
    let other = CoverageMessage::AskBeacon { key: key(10), segment: 0, signature: SignatureBytes::new([0; 64]) };
    assert_eq!(net.send(ANYBODY, &other).unwrap_err().code(), "segment");
    let unknown = ask(&net, 99);
    assert_eq!(net.send(ANYBODY, &unknown).unwrap_err(), CoverageError::UnknownHotspot(hotspot(99)));
    let first = ask(&net, 10);
    net.send(ANYBODY, &first).unwrap();
    assert_eq!(net.send(ANYBODY, &first).unwrap_err(), CoverageError::BeaconOpen(hotspot(10)));
    net.pass(SECOND);
    net.pass(SECOND);
    let verdict = finish(&mut net, &[]);
    assert_eq!(verdict.reason, Some(InvalidReason::Stale), "no report of it came in");
    // Nothing came in, so the interval is still free; what comes in then takes it.
    assert_eq!(life(&mut net, &[11]).reason, None);
    let again = life(&mut net, &[11]);
    assert_eq!(
        (again.reason, reasons(&again)),
        (Some(InvalidReason::IrregularInterval), vec![Some(InvalidReason::IrregularInterval)])
    );
    net.pass(Span::from_secs(6 * 3_600));
    assert_eq!(life(&mut net, &[11]).reason, None);
}

#[test]
fn nothing_is_disclosed_before_all_is_sealed_and_nothing_but_what_was_sealed() {
    let mut net = with_hotspots("", 3);
    let entropy = drawn(&mut net, 10);
    let (beacon, witness) = (Disclosed::Beacon(sent(entropy)), Disclosed::Witness(heard(entropy)));
    let reports = vec![sealed(&net, 10, entropy, 10, &beacon), sealed(&net, 10, entropy, 11, &witness)];
    net.send(ANYBODY, &CoverageMessage::HandIn(reports)).unwrap();
    let say = |n, report| CoverageMessage::Disclose(vec![disclosure(10, n, report)]);
    assert_eq!(net.send(ANYBODY, &say(10, beacon)).unwrap_err().code(), "too-early");
    net.pass(Span::from_secs(238));
    assert_eq!(net.send(ANYBODY, &say(10, beacon)).unwrap_err().code(), "too-early");
    // A report that was sealed after the time is none, and one that was not sealed cannot be made up.
    net.pass(Span::from_secs(3));
    let late = CoverageMessage::HandIn(vec![sealed(&net, 10, entropy, 12, &witness)]);
    assert_eq!(net.send(ANYBODY, &late).unwrap_err().code(), "sealed-late");
    net.send(ANYBODY, &say(10, beacon)).unwrap();
    assert_eq!(net.send(ANYBODY, &say(12, witness)).unwrap_err().code(), "no-report");
    let louder = Disclosed::Witness(WitnessReport { rssi_ddbm: -1_000, ..heard(entropy) });
    assert_eq!(net.send(ANYBODY, &say(11, louder)).unwrap_err().code(), "other-seal");
    let other_salt = Disclosure { salt: salt(99), ..disclosure(10, 11, witness) };
    assert_eq!(net.send(ANYBODY, &CoverageMessage::Disclose(vec![other_salt])).unwrap_err().code(), "other-seal");
    net.send(ANYBODY, &say(11, witness)).unwrap();
    assert_eq!(net.send(ANYBODY, &CoverageMessage::Disclose(Vec::new())).unwrap_err().code(), "entries");
}

/// Who copies another's sealed report cannot open it: key and salt are in the seal.
#[test]
fn a_copied_report_cannot_be_disclosed() {
    let mut net = with_hotspots("", 3);
    let entropy = drawn(&mut net, 10);
    let (beacon, witness) = (Disclosed::Beacon(sent(entropy)), Disclosed::Witness(heard(entropy)));
    let honest = sealed(&net, 10, entropy, 11, &witness);
    let copied = Sealed { key: key(12), ..honest };
    net.send(ANYBODY, &CoverageMessage::HandIn(vec![sealed(&net, 10, entropy, 10, &beacon), honest, copied])).unwrap();
    net.pass(Span::from_secs(250));
    net.send(ANYBODY, &CoverageMessage::Disclose(vec![disclosure(10, 10, beacon), disclosure(10, 11, witness)])).unwrap();
    // By now the payload, and salt 11, are known to everybody.
    let opened = Disclosure { salt: salt(11), ..disclosure(10, 12, witness) };
    assert_eq!(net.send(ANYBODY, &CoverageMessage::Disclose(vec![opened])).unwrap_err().code(), "other-seal");
    net.pass(Span::from_secs(900));
    let verdict = coverage::last_beacon(net.rows(), hotspot(10)).unwrap();
    let mut of: Vec<(Address, _)> = verdict.witnesses.iter().map(|one| (one.hotspot, one.reason)).collect();
    of.sort_unstable();
    let mut expected = vec![(hotspot(11), None), (hotspot(12), Some(InvalidReason::Stale))];
    expected.sort_unstable();
    assert_eq!(of, expected);
}

#[test]
fn a_second_report_counts_for_nothing_and_a_beaconer_is_no_witness_of_itself() {
    let mut net = with_hotspots("", 2);
    let entropy = drawn(&mut net, 10);
    let (beacon, witness) = (Disclosed::Beacon(sent(entropy)), Disclosed::Witness(heard(entropy)));
    let one = sealed(&net, 10, entropy, 11, &witness);
    net.send(ANYBODY, &CoverageMessage::HandIn(vec![one, one])).unwrap();
    let repeated = CoverageEvent::ReportRepeated { beaconer: hotspot(10), reporter: hotspot(11) };
    assert_eq!(net.events.last(), Some(&repeated));
    assert_eq!(coverage::beaconing(net.rows(), hotspot(10)).unwrap().reports, 1);
    // The beaconer's own report as a witness is the only report that it has: it knows what it sent.
    let own = [&witness, &beacon].map(|report| sealed(&net, 10, entropy, 10, report));
    net.send(ANYBODY, &CoverageMessage::HandIn(own.to_vec())).unwrap();
    assert_eq!(net.events.last(), Some(&CoverageEvent::ReportRepeated { beaconer: hotspot(10), reporter: hotspot(10) }));
    net.pass(Span::from_secs(250));
    let own = CoverageMessage::Disclose(vec![disclosure(10, 10, witness)]);
    assert_eq!(net.send(ANYBODY, &own).unwrap_err().code(), "other-kind");
    let posing = CoverageMessage::Disclose(vec![disclosure(10, 11, beacon)]);
    assert_eq!(net.send(ANYBODY, &posing).unwrap_err().code(), "other-seal");
}

fn noise(n: u8, entropy: Entropy) -> Disclosed {
    Disclosed::Witness(WitnessReport { payload: Payload::new([n; 51]), ..heard(entropy) })
}

/// Frames that look like a beacon spend no report that is needed: the one of the beacon's payload counts, whichever of four it is, and the
/// others are of no matter, disclosed or not.
#[test]
fn of_several_reports_the_one_that_says_what_was_sent_counts() {
    for place in 0..4 {
        for all_disclosed in [false, true] {
            let mut net = with_hotspots("", 2);
            let entropy = drawn(&mut net, 10);
            let (beacon, witness) = (Disclosed::Beacon(sent(entropy)), Disclosed::Witness(heard(entropy)));
            let reports: Vec<_> = (0..4).map(|n| if n == place { witness } else { noise(n, entropy) }).collect();
            let seals = reports.iter().map(|report| sealed(&net, 10, entropy, 11, report));
            let all = std::iter::once(sealed(&net, 10, entropy, 10, &beacon)).chain(seals).collect();
            net.send(ANYBODY, &CoverageMessage::HandIn(all)).unwrap();
            assert_eq!(coverage::beaconing(net.rows(), hotspot(10)).unwrap().reports, 2, "hotspots are counted, not frames");
            let fifth = sealed(&net, 10, entropy, 11, &noise(99, entropy));
            net.send(ANYBODY, &CoverageMessage::HandIn(vec![fifth])).unwrap();
            assert_eq!(net.events.last(), Some(&CoverageEvent::ReportRepeated { beaconer: hotspot(10), reporter: hotspot(11) }));
            assert_eq!(coverage::audit(net.rows()), Vec::<String>::new());
            let disclosed = reports.iter().filter(|report| all_disclosed || **report == witness).map(|report| (11, *report));
            let verdict = finish(&mut net, &std::iter::once((10, beacon)).chain(disclosed).collect::<Vec<_>>());
            assert_eq!((verdict.reason, reasons(&verdict), verdict.beacon_units), (None, vec![None], 2_500), "{place}");
            let late = CoverageMessage::Disclose(vec![disclosure(10, 11, noise(99, entropy))]);
            assert_eq!(net.send(ANYBODY, &late).unwrap_err().code(), "no-beacon");
        }
    }
}

/// A seal of something else, handed in first, does not make a later one earlier: each has the time at which it came in itself. Nor does noise that
/// somebody else reported early make an honest witness late.
#[test]
fn a_seal_in_front_gains_no_time_and_takes_none_from_others() {
    let ingest = "[service.coverage]\nreporter = \"ingest\"\nparameter = true\nwhy = \"a test\"\n";
    let mut net = with_hotspots(ingest, 4);
    let entropy = drawn(&mut net, 10);
    let (beacon, witness) = (Disclosed::Beacon(sent(entropy)), Disclosed::Witness(heard(entropy)));
    let at = |report: Sealed, millis: u64| Sealed { received: Instant::new(entropy.timestamp * 1_000 + millis), ..report };
    let reports = vec![
        // Seals of nothing as soon as the randomness was there; the payload itself when it was too late.
        at(sealed(&net, 10, entropy, 12, &noise(1, entropy)), 0),
        at(sealed(&net, 10, entropy, 13, &noise(2, entropy)), 0),
        at(sealed(&net, 10, entropy, 11, &witness), 9_500),
        at(sealed(&net, 10, entropy, 10, &beacon), 10_000),
        at(sealed(&net, 10, entropy, 12, &witness), 14_001),
    ];
    net.send(KEEPER, &CoverageMessage::HandIn(reports)).unwrap();
    let all = [(10, beacon), (11, witness), (12, noise(1, entropy)), (12, witness), (13, noise(2, entropy))];
    let verdict = finish(&mut net, &all);
    let of = |n: u8| verdict.witnesses.iter().find(|one| one.hotspot == hotspot(n)).unwrap();
    assert_eq!(of(11).reason, None, "half a second before the beacon's own report, and the first that heard it");
    assert_eq!((of(12).reason, of(12).received.get() % 1_000), (Some(InvalidReason::TooLate), 1));
    assert!(of(13).reason.is_some() && !of(13).selected);
}

/// Whose reports a payload is copied from: by the time it is known nothing can be sealed, and what was sealed is not what it says.
#[test]
fn guesses_are_of_no_use_however_many_are_sealed() {
    let mut net = with_hotspots("", 3);
    let entropy = drawn(&mut net, 10);
    let (beacon, witness) = (Disclosed::Beacon(sent(entropy)), Disclosed::Witness(heard(entropy)));
    let honest = sealed(&net, 10, entropy, 11, &witness);
    let guesses = (0..3).map(|n| sealed(&net, 10, entropy, 12, &noise(n, entropy)));
    let mut all = vec![sealed(&net, 10, entropy, 10, &beacon), honest, Sealed { key: key(12), ..honest }];
    all.extend(guesses);
    net.send(ANYBODY, &CoverageMessage::HandIn(all)).unwrap();
    net.pass(Span::from_secs(250));
    net.send(ANYBODY, &CoverageMessage::Disclose(vec![disclosure(10, 10, beacon), disclosure(10, 11, witness)])).unwrap();
    let again = CoverageMessage::HandIn(vec![sealed(&net, 10, entropy, 12, &witness)]);
    assert_eq!(net.send(ANYBODY, &again).unwrap_err().code(), "sealed-late");
    for salt_of in [11, 12] {
        let opened = Disclosure { salt: salt(salt_of), ..disclosure(10, 12, witness) };
        assert_eq!(net.send(ANYBODY, &CoverageMessage::Disclose(vec![opened])).unwrap_err().code(), "other-seal");
    }
    let guessed = CoverageMessage::Disclose(vec![disclosure(10, 12, noise(1, entropy))]);
    net.send(ANYBODY, &guessed).unwrap();
    net.pass(Span::from_secs(900));
    let verdict = coverage::last_beacon(net.rows(), hotspot(10)).unwrap();
    let of = |n: u8| verdict.witnesses.iter().find(|one| one.hotspot == hotspot(n)).unwrap().reason;
    assert_eq!((of(11), of(12)), (None, Some(InvalidReason::InvalidPacket)));
}

#[test]
fn the_ingest_alone_says_when_reports_came_in() {
    let ingest = "[service.coverage]\nreporter = \"ingest\"\nparameter = true\nwhy = \"a test\"\n";
    let mut net = with_hotspots(ingest, 4);
    let entropy = drawn(&mut net, 10);
    let (beacon, witness) = (Disclosed::Beacon(sent(entropy)), Disclosed::Witness(heard(entropy)));
    let start = entropy.timestamp * 1_000;
    let at = |report: Sealed, millis: i64| {
        let received = Instant::new(start.checked_add_signed(millis).unwrap());
        Sealed { received, ..report }
    };
    let mine = sealed(&net, 10, entropy, 11, &witness);
    assert_eq!(net.send(OWNER, &CoverageMessage::HandIn(vec![mine])).unwrap_err(), CoverageError::NotTheReporter(Some(KEEPER)));
    let reports = vec![
        at(sealed(&net, 10, entropy, 10, &beacon), 2_000),
        at(mine, 6_000),
        at(sealed(&net, 10, entropy, 12, &witness), 6_001),
        // Before the randomness was drawn: a report that was made up beforehand.
        at(sealed(&net, 10, entropy, 13, &witness), -1_000),
    ];
    let early = Sealed { received: net.now.later(Span::from_secs(61)), ..mine };
    assert_eq!(net.send(KEEPER, &CoverageMessage::HandIn(vec![early])).unwrap_err().code(), "received");
    net.pass(Span::from_secs(60));
    net.send(KEEPER, &CoverageMessage::HandIn(reports)).unwrap();
    let verdict = finish(&mut net, &[(10, beacon), (11, witness), (12, witness), (13, witness)]);
    let of = |n: u8| verdict.witnesses.iter().find(|one| one.hotspot == hotspot(n)).unwrap().reason;
    assert_eq!(verdict.reason, None);
    assert_eq!(of(13), Some(InvalidReason::EntropyExpired));
    // Four seconds after the beacon's report, and a millisecond more.
    assert_eq!((of(11), of(12)), (None, Some(InvalidReason::TooLate)));
}

#[test]
fn the_first_fourteen_witnesses_count_by_the_time_of_their_reports() {
    let ingest = "[service.coverage]\nreporter = \"ingest\"\nparameter = true\nwhy = \"a test\"\n";
    let mut net = with_hotspots(ingest, 17);
    let entropy = drawn(&mut net, 10);
    let (beacon, witness) = (Disclosed::Beacon(sent(entropy)), Disclosed::Witness(heard(entropy)));
    let start = Instant::new(entropy.timestamp * 1_000);
    let mut all = vec![(10, beacon)];
    let mut reports = vec![Sealed { received: start, ..sealed(&net, 10, entropy, 10, &beacon) }];
    for n in 11..27u8 {
        all.push((n, witness));
        let received = Instant::new(start.get() + 100 * u64::from(30 - n));
        reports.push(Sealed { received, ..sealed(&net, 10, entropy, n, &witness) });
    }
    net.send(KEEPER, &CoverageMessage::HandIn(reports)).unwrap();
    let verdict = finish(&mut net, &all);
    let out: Vec<Address> = verdict.witnesses.iter().filter(|one| !one.selected).map(|one| one.hotspot).collect();
    let mut latest = vec![hotspot(11), hotspot(12)];
    latest.sort_unstable();
    assert_eq!(out, latest);
    assert!(verdict.witnesses.iter().all(|one| one.reason.is_none()));
    assert_eq!((verdict.beacon_units, verdict.witness_units), (18_926, 2_220));
}

#[test]
fn what_a_denied_or_data_only_hotspot_reports_is_told_why() {
    let mut net = with_hotspots(ARBITER, 5);
    let denied = |who| CoverageMessage::Deny { who, reason: "it lied".to_owned() };
    net.send(KEEPER, &denied(coverage::Denied::Hotspot(hotspot(11)))).unwrap();
    net.send(KEEPER, &denied(coverage::Denied::Edge(hotspot(10), hotspot(12)))).unwrap();
    let entropy = drawn(&mut net, 10);
    let (beacon, witness) = (Disclosed::Beacon(sent(entropy)), Disclosed::Witness(heard(entropy)));
    let other = Disclosed::Witness(WitnessReport { payload: Payload::new([0; 51]), ..heard(entropy) });
    let all = [(10, beacon), (11, witness), (12, witness), (13, other), (14, witness)];
    let reports = all.iter().map(|(n, report)| sealed(&net, 10, entropy, *n, report)).collect();
    net.send(ANYBODY, &CoverageMessage::HandIn(reports)).unwrap();
    let verdict = finish(&mut net, &all);
    let of = |n: u8| verdict.witnesses.iter().find(|one| one.hotspot == hotspot(n)).unwrap().reason;
    assert_eq!((of(11), of(12)), (Some(InvalidReason::Denied), Some(InvalidReason::DeniedEdge)));
    assert_eq!((of(13), of(14)), (Some(InvalidReason::InvalidPacket), None));
    assert_eq!(verdict.beacon_units, 2_500, "one valid witness");
}

#[test]
fn two_hotspots_in_one_hex_count_as_one() {
    let mut net = with_hotspots("", 3);
    net.send(OWNER, &place(11, 0)).unwrap();
    net.send(OWNER, &place(12, 4)).unwrap();
    let first = life(&mut net, &[12]);
    assert_eq!((first.scale, first.beacon_units), (10_000, 2_500));
    // The second one in the same place: half of each counts. Its only witness is far enough away.
    let entropy = drawn(&mut net, 11);
    let (beacon, witness) = (Disclosed::Beacon(sent(entropy)), Disclosed::Witness(heard(entropy)));
    let reports = vec![sealed(&net, 11, entropy, 11, &beacon), sealed(&net, 11, entropy, 12, &witness)];
    net.send(ANYBODY, &CoverageMessage::HandIn(reports)).unwrap();
    net.pass(Span::from_secs(250));
    net.send(ANYBODY, &CoverageMessage::Disclose(vec![disclosure(11, 11, beacon), disclosure(11, 12, witness)])).unwrap();
    net.pass(Span::from_secs(900));
    let second = coverage::last_beacon(net.rows(), hotspot(11)).unwrap();
    assert_eq!((second.scale, second.beacon_units, second.witness_units), (5_000, 1_250, 5_000));
    // Sixty hours without another one, and nobody counts there.
    net.pass(Span::from_secs(61 * 3_600));
    assert_eq!((coverage::totals(net.rows()).counted, coverage::hexes(net.rows(), None).count()), (0, 0));
}

#[test]
fn reports_of_a_past_beacon_are_of_no_use() {
    let mut net = with_hotspots("", 2);
    let past = drawn(&mut net, 10);
    finish(&mut net, &[]);
    let entropy = drawn(&mut net, 10);
    let witness = Disclosed::Witness(heard(past));
    let old = CoverageMessage::HandIn(vec![sealed(&net, 10, past, 11, &witness)]);
    assert_eq!(net.send(ANYBODY, &old).unwrap_err().code(), "other-beacon");
    assert_ne!(past.data, entropy.data);
}

#[test]
fn reports_are_of_hotspots_and_of_a_beacon_that_is_there() {
    let mut net = with_hotspots("", 2);
    let entropy = drawn(&mut net, 10);
    let witness = Disclosed::Witness(heard(entropy));
    let none = CoverageMessage::HandIn(vec![sealed(&net, 11, entropy, 10, &witness)]);
    assert_eq!(net.send(ANYBODY, &none).unwrap_err(), CoverageError::NoBeacon(hotspot(11)));
    let stranger = CoverageMessage::HandIn(vec![sealed(&net, 10, entropy, 99, &witness)]);
    assert_eq!(net.send(ANYBODY, &stranger).unwrap_err(), CoverageError::UnknownHotspot(hotspot(99)));
    let many = vec![sealed(&net, 10, entropy, 11, &witness); 65];
    assert_eq!(net.send(ANYBODY, &CoverageMessage::HandIn(many)).unwrap_err().code(), "entries");
}

/// However many beacons are due at once, a block judges as many as its work allows, and the others come in the next ones.
#[test]
fn verdicts_are_spread_over_blocks() {
    const COUNT: u8 = 24;
    let mut net = with_hotspots("", COUNT);
    let all: Vec<u8> = (10..10 + COUNT).collect();
    for n in &all {
        let message = ask(&net, *n);
        net.send(ANYBODY, &message).unwrap();
    }
    net.pass(SECOND);
    net.pass(SECOND);
    let of = |net: &Net, n: u8| coverage::beaconing(net.rows(), hotspot(n)).unwrap().entropy.expect("it is drawn");
    // Each is reported by its beaconer and by the next two hotspots.
    for n in &all {
        let entropy = of(&net, *n);
        let (beacon, witness) = (Disclosed::Beacon(sent(entropy)), Disclosed::Witness(heard(entropy)));
        let near = [*n, 10 + (*n - 9) % COUNT, 10 + (*n - 8) % COUNT];
        let seals = near.iter().map(|one| sealed(&net, *n, entropy, *one, if one == n { &beacon } else { &witness })).collect();
        net.send(ANYBODY, &CoverageMessage::HandIn(seals)).unwrap();
    }
    let open = |net: &Net| all.iter().filter(|n| coverage::beaconing(net.rows(), hotspot(**n)).is_some()).count();
    net.now = net.now.later(Span::from_secs(1_000));
    let mut blocks = Vec::new();
    while open(&net) > 0 {
        let before = open(&net);
        net.work(200);
        blocks.push(before - open(&net));
        assert!(blocks.len() <= usize::from(COUNT), "{blocks:?}");
    }
    assert!(blocks.iter().all(|judged| (1..=5).contains(judged)), "20 units and 10 for each of three reports: {blocks:?}");
}
