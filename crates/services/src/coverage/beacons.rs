//! Beacons: asked for, drawn, reported in sealed form, disclosed, judged.
//!
//! A hotspot asks for a beacon; the chain's randomness two rounds later makes it, so nobody can know it before. It sends the beacon. Who
//! heard it, and the beaconer itself, hand in the hash of what they have to say, with a salt and their key, while the randomness is good;
//! only when that time is over do they say it. So nobody can copy a report that it did not have, and what was said is what was sealed.
//!
//! A beacon does not say whose it is, and other frames look like one. So a witness may seal a report of each of some frames ([`SEALS_MOST`]); the one
//! that says what the beaconer sent counts, with the time at which it came in, and the others are of no matter whether they are disclosed or not.
//!
//! When a report came in is the word of the account in the file's role `reporter`, the ingest, which alone may then hand reports in; where
//! the file names none it is the time of the block. The ingest is trusted for that and for nothing else: reports are signed by hotspots.

use super::{
    bytes::Salt,
    due::Job,
    error::CoverageError,
    event::CoverageEvent,
    message::{Disclosed, Disclosure, ENTRIES_MAX, Sealed, check_count},
    params::{AHEAD_MOST, SEALED_LATE, WALL_REVEAL, WALL_VALID},
    poc::{BeaconReport, Entropy, WitnessReport},
    rows::{BeaconTimes, Beaconing, SealedReport, SealedReports},
    service::Coverage,
};
use crate::context::Context;
use depin_quantity::{Address, ContentHash, Instant, Seed};

/// Reports of one beacon that are kept at most, the beaconer's among them.
pub const REPORTS_MOST: u32 = 128;

/// Reports of one beacon that are kept of one witness at most. A beacon does not say whose it is, so a hotspot that heard several frames that
/// may be it seals a report of each.
pub const SEALS_MOST: usize = 4;

/// How many reports of a beacon are kept of one reporter: the beaconer knows what it sent, and has one.
pub(super) fn seals_most(beaconer: Address, reporter: Address) -> usize {
    if beaconer == reporter { 1 } else { SEALS_MOST }
}

/// What seals a report: SHA-256 over it, a salt and the key of whoever reports.
pub fn seal(report: &Disclosed, salt: Salt, reporter: Address) -> ContentHash {
    let report = borsh::to_vec(report).expect("writing to memory does not fail");
    ContentHash::derive("depin-coverage-report", &[&report, &salt.get(), &reporter.get()])
}

impl Context<'_, Coverage> {
    /// Order of refusals: hotspot, retired, segment, beacon open. All else is judged with the beacon.
    pub(super) fn ask_beacon(&mut self, hotspot: Address, segment: u64) -> Result<(), CoverageError> {
        self.active_hotspot(hotspot)?;
        let now = self.now();
        let present = now.get() / self.params().beacon.interval.get();
        if segment != present {
            return Err(CoverageError::Segment { given: segment, present });
        }
        if self.state().has::<Beaconing>(&hotspot) {
            return Err(CoverageError::BeaconOpen(hotspot));
        }
        self.state().put(&hotspot, &Beaconing { asked: now, entropy: None, reports: 0, times: BeaconTimes::default() });
        self.fix(hotspot);
        self.emit(CoverageEvent::BeaconAsked { hotspot });
        Ok(())
    }

    /// The randomness of a beacon is there.
    pub(super) fn draw_beacon(&mut self, hotspot: Address, seed: Seed) {
        let Some(mut row) = self.state().get::<Beaconing>(&hotspot) else { return };
        let entropy = Entropy::of(Seed::derive("depin-coverage-beacon", &[&seed.get(), &hotspot.get()]), self.now());
        row.entropy = Some(entropy);
        row.times = self.times(&entropy);
        self.state().put(&hotspot, &row);
        let until = row.times.sealed_until;
        let over = until.later(self.params().beacon.reveal_within.max(self.wall(WALL_REVEAL)));
        self.schedule(over, Job::JudgeBeacon(hotspot));
        self.totals(|totals| totals.beacons_open += 1);
        self.emit(CoverageEvent::BeaconDrawn { hotspot, entropy: entropy.data, timestamp: entropy.timestamp, until });
    }

    /// The times that count for a beacon that is drawn now.
    fn times(&self, entropy: &Entropy) -> BeaconTimes {
        let (beacon, witness) = (&self.params().beacon, &self.params().witness);
        let valid = beacon.entropy_valid.max(self.wall(WALL_VALID));
        let sealed_until = Instant::new(entropy.timestamp * 1_000).later(valid).later(SEALED_LATE);
        // Lateness is that of radios and networks: wall time.
        BeaconTimes { valid, sealed_until, within: self.wall(witness.within), after_first: self.wall(witness.after_first) }
    }

    /// A beacon whose randomness is there.
    fn drawn(&mut self, hotspot: Address) -> Result<(Beaconing, Entropy), CoverageError> {
        let row = self.state().get::<Beaconing>(&hotspot);
        row.and_then(|row| row.entropy.map(|entropy| (row, entropy))).ok_or(CoverageError::NoBeacon(hotspot))
    }

    /// Order of refusals: sender; then of each: time, hotspot, beacon, too late, full.
    pub(super) fn hand_in(&mut self, sender: Address, reports: &[Sealed]) -> Result<(), CoverageError> {
        check_count(reports.len(), ENTRIES_MAX)?;
        let ingest = self.params().reporter;
        if let Some(role) = ingest {
            let is = self.role(role);
            if is != Some(sender) {
                return Err(CoverageError::NotTheReporter(is));
            }
        }
        reports.iter().try_for_each(|sealed| self.take_sealed(sealed, ingest.is_some()))
    }

    fn take_sealed(&mut self, sealed: &Sealed, stamped: bool) -> Result<(), CoverageError> {
        let (beaconer, reporter, now) = (sealed.beaconer, sealed.key.address(), self.now());
        let received = if stamped { sealed.received } else { now };
        if received > now.later(AHEAD_MOST) {
            return Err(CoverageError::Received(received));
        }
        self.active_hotspot(reporter)?;
        let (mut row, entropy) = self.drawn(beaconer)?;
        if sealed.timestamp != entropy.timestamp {
            return Err(CoverageError::OtherBeacon { beaconer, given: sealed.timestamp, present: entropy.timestamp });
        }
        let until = row.times.sealed_until;
        if now > until {
            return Err(CoverageError::SealedLate { beaconer, until });
        }
        let report = SealedReport { hash: sealed.hash, received, disclosed: None };
        if let Some(kept) = self.state().get::<SealedReports>(&(beaconer, reporter)) {
            self.take_further(beaconer, reporter, kept, report);
            return Ok(());
        }
        if row.reports >= REPORTS_MOST {
            return Err(CoverageError::ReportsFull { beaconer, most: REPORTS_MOST });
        }
        row.reports += 1;
        self.state().put(&beaconer, &row);
        self.state().put(&(beaconer, reporter), &SealedReports { first: report, further: Vec::new() });
        Ok(())
    }

    /// Another report of somebody who sealed one: of another frame that may be the beacon.
    fn take_further(&mut self, beaconer: Address, reporter: Address, mut kept: SealedReports, report: SealedReport) {
        let is_known = kept.iter().any(|one| one.hash == report.hash);
        if is_known || kept.iter().count() >= seals_most(beaconer, reporter) {
            self.emit(CoverageEvent::ReportRepeated { beaconer, reporter });
            return;
        }
        kept.further.push(report);
        self.state().put(&(beaconer, reporter), &kept);
    }

    pub(super) fn disclose(&mut self, reports: &[Disclosure]) -> Result<(), CoverageError> {
        check_count(reports.len(), ENTRIES_MAX)?;
        reports.iter().try_for_each(|report| self.take_disclosed(report))
    }

    /// Order of refusals: beacon, too early, sealed report, seal, kind.
    fn take_disclosed(&mut self, disclosure: &Disclosure) -> Result<(), CoverageError> {
        let Disclosure { beaconer, reporter, salt, report } = *disclosure;
        let (row, _) = self.drawn(beaconer)?;
        let from = row.times.sealed_until;
        if self.now() <= from {
            return Err(CoverageError::TooEarly { beaconer, from });
        }
        let kept = self.state().get::<SealedReports>(&(beaconer, reporter));
        let mut kept = kept.ok_or(CoverageError::NoReport { beaconer, reporter })?;
        let hash = seal(&report, salt, reporter);
        let sealed = kept.iter_mut().find(|one| one.hash == hash);
        let sealed = sealed.ok_or(CoverageError::OtherSeal { beaconer, reporter })?;
        if matches!(report, Disclosed::Beacon(_)) != (beaconer == reporter) {
            return Err(CoverageError::OtherKind { beaconer, reporter });
        }
        sealed.disclosed = Some(report);
        self.state().put(&(beaconer, reporter), &kept);
        Ok(())
    }
}

impl Disclosed {
    /// The beacon's report, if it is one.
    pub(super) const fn beacon(&self) -> Option<&BeaconReport> {
        match self {
            Self::Beacon(report) => Some(report),
            Self::Witness(_) => None,
        }
    }

    /// A witness's report, if it is one.
    pub(super) const fn witness(&self) -> Option<&WitnessReport> {
        match self {
            Self::Witness(report) => Some(report),
            Self::Beacon(_) => None,
        }
    }
}
