//! Whether a beacon and its witnesses' reports are valid: pure checks in the order of the source, the first that fails is the reason.
//!
//! Source: helium/oracles `iot_verifier/src/{poc,runner}.rs`; helium/proto `lora_invalid_reason`.

use super::{
    Beacon, Entropy,
    signal::{Heard, cells_between, metres_between, rssi_most_ddbm},
};
use crate::coverage::{BeaconParams, Location, Payload, Randomness, WitnessParams};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Instant, Span};
use serde::{Deserialize, Serialize};

/// Why a report is not valid.
///
/// Of the source's other reasons, these are not produced here: a bad signature and an invalid key are refused with the transaction, an unknown
/// gateway with the message; nobody can witness itself, since its one report of a beacon is the beacon's; a scale is always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvalidReason {
    /// It takes no part any more.
    GatewayNotFound,
    /// It never said where it is.
    NotAsserted,
    /// It is on the denylist.
    Denied,
    /// The two are on the denylist as witnesses of each other.
    DeniedEdge,
    /// The report came before the randomness was drawn, or after it was good.
    EntropyExpired,
    /// It takes no part in proof of coverage.
    InvalidCapability,
    /// It sent a beacon in this time already.
    IrregularInterval,
    /// It is not the beacon that the randomness makes.
    InvalidPacket,
    /// The beaconer had no valid witness of late.
    GatewayNoValidWitnesses,
    /// Its second report of a beacon.
    Duplicate,
    /// The report came too long after the beacon's, or after the first witness's.
    TooLate,
    /// It was heard on another channel.
    InvalidFrequency,
    /// The two are in different regions.
    InvalidRegion,
    /// They are too near each other.
    BelowMinDistance,
    /// They are too far from each other.
    MaxDistanceExceeded,
    /// It is louder than can be.
    BadRssi,
    /// The witness had no valid beacon of late.
    GatewayNoValidBeacons,
    /// The report was not disclosed in time.
    Stale,
}

/// What a beaconer discloses of its beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct BeaconReport {
    /// Its own randomness.
    pub local: [u8; 4],
    /// The network's, as it used it.
    pub remote: Randomness,
    /// When that was drawn, in seconds.
    pub timestamp: u64,
    /// What it sent.
    pub payload: Payload,
    /// On which channel, in Hz.
    pub frequency: u64,
    /// With which spreading factor.
    pub spreading: u8,
    /// With how much conducted power, in dBm.
    pub power_dbm: i32,
    /// When, by its own clock, in nanoseconds since 1970. Nobody relies on it.
    pub sent_ns: u64,
}

/// What a witness discloses of a beacon that it heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct WitnessReport {
    /// What it heard.
    pub payload: Payload,
    /// On which channel, in Hz.
    pub frequency: u64,
    /// How loud, in tenths of dBm.
    pub rssi_ddbm: i32,
    /// How clear, in tenths of dB. Nothing here checks it.
    pub snr_ddb: i32,
    /// When, by its own clock, in nanoseconds since 1970. Nobody relies on it.
    pub heard_ns: u64,
}

/// What is known of a hotspot that reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reporter {
    /// Whether it takes part.
    pub active: bool,
    /// Where it is.
    pub location: Option<Location>,
    /// Whether it is on the denylist.
    pub denied: bool,
    /// Whether it takes part in proof of coverage.
    pub full: bool,
    /// Since when it is there.
    pub since: Instant,
    /// When its last beacon's report came in.
    pub last_beacon: Option<Instant>,
    /// When its last valid beacon came in that somebody witnessed.
    pub last_witnessed: Option<Instant>,
    /// When its last valid report as a witness came in.
    pub last_witness: Option<Instant>,
    /// When this report came in.
    pub received: Instant,
}

impl Reporter {
    /// Whether a time of its own is recent enough, or it is too new to need one.
    fn is_reciprocal(&self, last: Option<Instant>, params: &BeaconParams) -> bool {
        let Some(rule) = params.reciprocity else { return true };
        let within = |at: Instant, span: Span| self.received <= at.later(span);
        within(self.since, rule.exempt) || last.is_some_and(|at| within(at, rule.within))
    }
}

/// Whether a report came while the randomness was good: whole seconds, both ends among them.
fn in_time(received: Instant, entropy: &Entropy, valid: Span) -> bool {
    let second = received.get() / 1_000;
    (entropy.timestamp..=entropy.timestamp.saturating_add(valid.get() / 1_000)).contains(&second)
}

/// Why a beacon is not valid.
pub fn check_beacon(
    beaconer: &Reporter,
    report: Option<&BeaconReport>,
    entropy: &Entropy,
    params: &BeaconParams,
) -> Option<InvalidReason> {
    if !beaconer.active {
        return Some(InvalidReason::GatewayNotFound);
    }
    let Some(location) = beaconer.location else { return Some(InvalidReason::NotAsserted) };
    if beaconer.denied {
        return Some(InvalidReason::Denied);
    }
    if !in_time(beaconer.received, entropy, params.entropy_valid) {
        return Some(InvalidReason::EntropyExpired);
    }
    if !beaconer.full {
        return Some(InvalidReason::InvalidCapability);
    }
    let segment = |at: Instant| at.get() / params.interval.get();
    if beaconer.last_beacon.is_some_and(|last| segment(beaconer.received) <= segment(last)) {
        return Some(InvalidReason::IrregularInterval);
    }
    let Some(report) = report else { return Some(InvalidReason::Stale) };
    let made = Beacon::new(entropy.data, entropy.timestamp, report.local, &location.region.plan());
    let same = (report.remote, report.timestamp) == (entropy.data, entropy.timestamp)
        && (report.payload, report.frequency, report.spreading) == (made.payload, made.frequency, made.spreading);
    if !same {
        return Some(InvalidReason::InvalidPacket);
    }
    (!beaconer.is_reciprocal(beaconer.last_witness, params)).then_some(InvalidReason::GatewayNoValidWitnesses)
}

/// A beacon that witnesses are checked against.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// Who sent it.
    pub beaconer: &'a Reporter,
    /// Its report.
    pub report: &'a BeaconReport,
    /// The network's randomness.
    pub entropy: &'a Entropy,
    /// When the first witness's report came in.
    pub first_witness: Instant,
}

/// Why a witness of a valid beacon is not valid. `edge` says whether the two are denied as witnesses of each other.
pub fn check_witness(
    witness: &Reporter,
    report: Option<&WitnessReport>,
    edge: bool,
    sent: &Sent<'_>,
    params: (&BeaconParams, &WitnessParams),
) -> Option<InvalidReason> {
    let (beacon, rules) = params;
    if !witness.active {
        return Some(InvalidReason::GatewayNotFound);
    }
    let Some(location) = witness.location else { return Some(InvalidReason::NotAsserted) };
    if witness.denied {
        return Some(InvalidReason::Denied);
    }
    if edge {
        return Some(InvalidReason::DeniedEdge);
    }
    if !in_time(witness.received, sent.entropy, beacon.entropy_valid) {
        return Some(InvalidReason::EntropyExpired);
    }
    if is_late(sent.beaconer.received, witness.received, sent.first_witness, (rules.within, rules.after_first)) {
        return Some(InvalidReason::TooLate);
    }
    let Some(report) = report else { return Some(InvalidReason::Stale) };
    if report.payload != sent.report.payload {
        return Some(InvalidReason::InvalidPacket);
    }
    if !witness.full {
        return Some(InvalidReason::InvalidCapability);
    }
    let from = sent.beaconer.location.unwrap_or(location);
    far_or_loud(&location, &from, report, sent.report, rules)
        .or_else(|| (!witness.is_reciprocal(witness.last_witnessed, beacon)).then_some(InvalidReason::GatewayNoValidBeacons))
}

/// Whether a witness's report came too late: `within` after the beacon's when that came first, else `after_first` behind the first
/// witness's.
pub fn is_late(beacon: Instant, witness: Instant, first: Instant, (within, after_first): (Span, Span)) -> bool {
    if beacon <= witness { witness.since(beacon) > within } else { witness.since(first) > after_first }
}

/// Whether a witness stands where it can have heard the beacon, on its channel, and as loud.
fn far_or_loud(
    witness: &Location,
    beaconer: &Location,
    heard: &WitnessReport,
    sent: &BeaconReport,
    rules: &WitnessParams,
) -> Option<InvalidReason> {
    if heard.frequency.abs_diff(sent.frequency) > rules.hz_off_most {
        return Some(InvalidReason::InvalidFrequency);
    }
    if witness.region != beaconer.region {
        return Some(InvalidReason::InvalidRegion);
    }
    // Cells that cannot be counted, since they are too far apart or a pentagon lies between them, are too near: so is it in the source.
    if cells_between(beaconer.cell, witness.cell).is_none_or(|cells| cells < rules.cells_least) {
        return Some(InvalidReason::BelowMinDistance);
    }
    let Some(metres) = metres_between(beaconer.cell, witness.cell).filter(|metres| metres / 1_000 <= rules.km_most) else {
        return Some(InvalidReason::MaxDistanceExceeded);
    };
    let most = rssi_most_ddbm(&Heard {
        sent_dbm: sent.power_dbm,
        beaconer_gain: beaconer.gain,
        witness_gain: witness.gain,
        metres,
        frequency: sent.frequency,
    });
    most.is_some_and(|most| i64::from(heard.rssi_ddbm) > most).then_some(InvalidReason::BadRssi)
}

/// Places of the witnesses that count: valid ones by the time their reports came in, the first `most`. Of equal times the one listed first.
pub fn select(received: &[(Instant, bool)], most: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..received.len()).filter(|place| received[*place].1).collect();
    places.sort_by_key(|place| received[*place].0);
    places.truncate(most);
    places
}
