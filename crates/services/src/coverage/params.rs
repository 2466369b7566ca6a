//! Parameters of the service: the `[service.coverage]` part of a network's file, and what the economy says about hotspots and packets.

use super::{
    message::ADDRESSES_LEAST,
    mobile::MobileParams,
    names::PACKET_UNITS,
    rules::{CoverageRules, wrong_rules},
};
use depin_economy::{Origin, Reader, Spec, SpecErrors};
use depin_quantity::{Instant, Name, Span};

/// Latest report of a packet, after it was received, where the file says nothing.
pub const LATE_AFTER: Span = Span::from_secs(600);
/// Time for the answer to a claim where the file says nothing.
const CLAIM_WITHIN: Span = Span::from_secs(3_600);
/// Time in which reports of a beacon are disclosed where the file says nothing.
const REVEAL_WITHIN: Span = Span::from_secs(600);
/// How long a witnessed beacon counts in its hex where the file says nothing. Source: helium/oracles `iot_verifier`, 60 hours.
const COUNTED_FOR: Span = Span::from_secs(60 * 3_600);
/// Most witnesses of a beacon that may count: powers of the decay stay within an [`Int`](depin_quantity::Int).
const WITNESSES_MOST: u64 = 60;
/// One, in the places in which a file states the decay.
const DECAY_ONE: u128 = 1_000_000_000_000_000_000;
/// Largest denominator of the decay.
const DECAY_PARTS_MOST: u128 = 1_000;
/// How long after the randomness is no longer good sealed reports still come in, of which the ingest says that they came in time.
pub(super) const SEALED_LATE: Span = Span::from_secs(60);
/// Least time of the wall clock in which a beacon's randomness may be used: until it is drawn, heard, sent and reported.
pub(super) const WALL_VALID: Span = Span::from_secs(20);
/// Beacons' times as bounds of how far ledger time steps at once, at least: a quarter of it is a heartbeat of a second at a speed of 60.
pub(super) const BEACON_STEP: Span = Span::from_secs(240);
/// Least time of the wall clock in which reports are disclosed.
pub(super) const WALL_REVEAL: Span = Span::from_secs(10);
/// How far ahead of ledger time a hotspot's clock may be.
pub(super) const AHEAD_MOST: Span = Span::from_secs(60);

/// How packets are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketParams {
    /// Bytes of a unit.
    pub unit: u64,
    /// Latest report, after the packet was received.
    pub late_after: Span,
    /// Time for the answer to a claim.
    pub claim_within: Span,
    /// Start and length of the periods in which packets earn, where they earn and the periods are of one length.
    pub epoch: Option<(Instant, Span)>,
}

impl PacketParams {
    /// The period that a time lies in.
    pub fn epoch_of(&self, at: Instant) -> Option<u64> {
        let (origin, every) = self.epoch?;
        Some(at.since(origin).get() / every.get().max(1))
    }
}

/// When hotspots beacon, and how many witnesses count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeaconParams {
    /// One beacon of each hotspot in each such time.
    pub interval: Span,
    /// How long a beacon's randomness may be used.
    pub entropy_valid: Span,
    /// How long reports are disclosed in, the beacon's first.
    pub reveal_within: Span,
    /// How long a hotspot is counted in its hex after a witnessed beacon.
    pub counted_for: Span,
    /// Earliest witnesses that count.
    pub witnesses_most: u32,
    /// How long an own witnessed beacon, and an own valid witness, are good for; `None`: neither is asked for.
    pub reciprocity: Option<Reciprocity>,
}

/// That who is witnessed witnesses others, and the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reciprocity {
    /// How old the last one may be.
    pub within: Span,
    /// How long a new hotspot needs none.
    pub exempt: Span,
}

/// When a witness is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WitnessParams {
    /// Latest arrival after the beacon's report.
    pub within: Span,
    /// Latest arrival after the first witness, when that came before the beacon's.
    pub after_first: Span,
    /// Nearest, in cells of resolution 11.
    pub cells_least: u32,
    /// Farthest, in kilometres.
    pub km_most: u32,
    /// Farthest frequency, in Hz.
    pub hz_off_most: u64,
    /// Witnesses at which a beacon is worth one unit.
    pub target: u32,
    /// Factor of each further one, as a fraction in lowest terms.
    pub decay: (u64, u64),
}

/// How many device addresses one OUI may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressParams {
    /// Over all its routes.
    pub most: u32,
}

/// What an OUI must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateParams {
    /// An OUI that keeps less is switched off, in base units.
    pub minimum: u64,
    /// What is pending is charged once it comes to so much, in base units.
    pub burn_from: u64,
}

/// Checked parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageParams {
    /// The role whose word is when a radio report came in; `None`: the time of the block that it came in.
    pub reporter: Option<Name>,
    /// The role that keeps the denylist; `None`: there is none.
    pub arbiter: Option<Name>,
    /// When hotspots beacon.
    pub beacon: BeaconParams,
    /// When a witness is valid.
    pub witness: WitnessParams,
    /// How packets are reported.
    pub packet: PacketParams,
    /// Mobile coverage; `None`: there is none.
    pub mobile: Option<MobileParams>,
    /// How many device addresses an OUI may have; `None`: as many as nobody else has.
    pub addresses: Option<AddressParams>,
    /// What an OUI must keep; `None`: packets are charged when they are reported, and nothing is kept.
    pub gate: Option<GateParams>,
    /// What the economy has rules for.
    pub rules: CoverageRules,
}

fn span_or(r: &mut Reader<'_>, key: &str, usual: Span) -> Option<Span> {
    if r.has(key) { window(r, key) } else { Some(usual) }
}

/// A time that people must be able to act in.
fn window(r: &mut Reader<'_>, key: &str) -> Option<Span> {
    let span = r.span(key)?;
    if span < Span::from_secs(60) {
        r.problem(key, &format!("nobody can do anything within {span}; at least 60 s are needed"), "write \"10m\"");
        return None;
    }
    Some(span)
}

/// A role that may be left out.
#[allow(clippy::option_option, reason = "the outer one says whether it could be read, the inner one whether it is there")]
fn role(r: &mut Reader<'_>, key: &str) -> Option<Option<Name>> {
    if r.has(key) { r.name(key).map(Some) } else { Some(None) }
}

fn reciprocity(r: &mut Reader<'_>) -> Option<Reciprocity> {
    let (within, exempt) = (window(r, "within"), r.span("exempt"));
    Some(Reciprocity { within: within?, exempt: exempt? })
}

fn beacon(r: &mut Reader<'_>) -> Option<BeaconParams> {
    let (interval, valid) = (window(r, "interval"), window(r, "entropy-valid"));
    let (reveal, counted) = (span_or(r, "reveal-within", REVEAL_WITHIN), span_or(r, "counted-for", COUNTED_FOR));
    let most = r.integer("witnesses-most", 1..=WITNESSES_MOST);
    let (interval, entropy_valid, reveal_within) = (interval?, valid?, reveal?);
    let used = entropy_valid.get().saturating_add(SEALED_LATE.get()).saturating_add(reveal_within.get());
    if used >= interval.get() {
        let used = Span::from_millis(used);
        let message = format!("a beacon and its reports take {used}, and the next one comes after {interval}");
        r.problem("interval", &message, "raise it, or shorten entropy-valid or reveal-within");
        return None;
    }
    let (counted_for, witnesses_most) = (counted?, u32::try_from(most?).ok()?);
    Some(BeaconParams { interval, entropy_valid, reveal_within, counted_for, witnesses_most, reciprocity: None })
}

fn witness(r: &mut Reader<'_>) -> Option<WitnessParams> {
    let (within, after) = (r.span("within"), r.span("after-first"));
    let (cells, km) = (r.integer("distance-least-cells", 0..=1_000_000), r.integer("distance-most-km", 1..=1_000));
    let khz = r.integer("frequency-off-most-khz", 1..=1_000_000);
    let (target, decay) = (r.integer("target", 1..=100), r.decimal("decay"));
    let decay = decay?.get();
    let divisor = common_divisor(decay, DECAY_ONE);
    let (top, bottom) = (decay / divisor, DECAY_ONE / divisor);
    if top > bottom || bottom > DECAY_PARTS_MOST {
        let hint = "write decay = \"0.8\", or another number from 0 to 1 with three places at most";
        r.problem("decay", "a further witness adds a part of what the one before it added", hint);
        return None;
    }
    Some(WitnessParams {
        within: within?,
        after_first: after?,
        cells_least: u32::try_from(cells?).ok()?,
        km_most: u32::try_from(km?).ok()?,
        hz_off_most: khz? * 1_000,
        target: u32::try_from(target?).ok()?,
        decay: (u64::try_from(top).ok()?, u64::try_from(bottom).ok()?),
    })
}

const fn common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn packet(r: &mut Reader<'_>, epoch: Option<(Instant, Span)>) -> Option<PacketParams> {
    let (unit, late) = (r.bytes("unit"), span_or(r, "late-after", LATE_AFTER));
    let claim_within = span_or(r, "claim-within", CLAIM_WITHIN);
    Some(PacketParams { unit: unit?, late_after: late?, claim_within: claim_within?, epoch })
}

fn gate(r: &mut Reader<'_>) -> Option<GateParams> {
    let amounts = 0..=1_000_000_000_000_000_000;
    let (minimum, burn) = (r.integer("minimum", amounts.clone()), r.integer("burn-from", amounts));
    Some(GateParams { minimum: minimum?, burn_from: burn? })
}

fn addresses(r: &mut Reader<'_>) -> Option<AddressParams> {
    let most = r.integer("most", ADDRESSES_LEAST.into()..=1 << 25)?;
    Some(AddressParams { most: u32::try_from(most).ok()? })
}

/// A table that may be left out.
#[allow(clippy::option_option, reason = "as for roles")]
fn optional<T>(r: &mut Reader<'_>, key: &str, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Option<Option<T>> {
    if r.has(key) { r.table(key, read).map(Some) } else { Some(None) }
}

/// Start and length of the periods of the pool that packets are weight in, where they are of one length.
fn epoch(spec: &Spec, genesis: Instant) -> Option<(Instant, Span)> {
    let pool = spec.pool(spec.binding(PACKET_UNITS)?.pool?)?;
    let clock = spec.clock(pool.clock).filter(|clock| clock.months.is_none())?;
    let origin = match clock.origin {
        Origin::Genesis => genesis,
        Origin::At(at) => at,
    };
    Some((origin, clock.every))
}

impl CoverageParams {
    /// Reads the `[service.coverage]` section of a network's file.
    ///
    /// # Errors
    /// Every problem found.
    pub fn read(spec: &Spec, genesis: Instant) -> Result<Self, SpecErrors> {
        let rules = CoverageRules::of(spec);
        spec.read_service("coverage", |r| {
            let (reporter, arbiter) = (role(r, "reporter"), role(r, "arbiter"));
            let (beacon, witness) = (r.table("beacon", beacon), r.table("witness", witness));
            let packet = r.table("packet", |r| packet(r, epoch(spec, genesis)));
            let (gate, reciprocity) = (optional(r, "gate", gate), optional(r, "reciprocity", reciprocity));
            let addresses = optional(r, "addresses", addresses);
            let mobile = optional(r, "mobile", |r| MobileParams::read(r, spec, genesis));
            let gate = gate?;
            let wrong = wrong_rules(spec, rules.as_ref(), gate.as_ref());
            for (message, hint) in &wrong {
                r.problem("", message, hint);
            }
            let rules = rules.filter(|_| wrong.is_empty())?;
            let (reporter, arbiter, packet) = (reporter?, arbiter?, packet?);
            let beacon = BeaconParams { reciprocity: reciprocity?, ..beacon? };
            let (witness, mobile, addresses) = (witness?, mobile?, addresses?);
            Some(Self { reporter, arbiter, beacon, witness, packet, mobile, addresses, gate, rules })
        })
    }
}
