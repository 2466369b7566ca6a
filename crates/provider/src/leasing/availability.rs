//! How available leases were by this provider's own looks, and the reports that it signed.
//!
//! In: at every look, whether a lease's services answer; reports that tenants signed. Out: signatures of those that do not contradict the
//! looks, and the reports to hand in. Absent on purpose: pay. The ledger takes a report with both signatures alone, so what is counted here
//! decides nothing but what this provider signs.

use depin_client::{
    SigningKey,
    api::LeasingLease,
    lease::{is_signed, sign_report},
};
use depin_quantity::{Instant, Name};
use depin_services::leasing::{AvailabilityReport, BidId, SignedReport};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Periods of a lease that are remembered: those that may still be reported, and the one that runs.
const PERIODS_MAX: usize = 8;
/// How much worse than by the provider's looks a report may be and still be signed, in hundredths: a tenant's way to the provider, and the
/// seconds between looks, are nobody's fault.
const TOLERANCE: u64 = 5;

/// Looks at a lease in one period, and how many found it well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Looks {
    made: u32,
    well: u32,
}

#[derive(Default)]
struct Known {
    looks: BTreeMap<BidId, BTreeMap<u64, Looks>>,
    /// The report of each lease that waits to be handed in.
    signed: BTreeMap<BidId, SignedReport>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Tally {
    known: Mutex<Known>,
}

/// The period of a lease in which a moment lies.
fn period_at(began: Instant, period_ms: u64, now: Instant) -> u64 {
    now.get().saturating_sub(began.get()).checked_div(period_ms).unwrap_or(0)
}

impl Tally {
    fn lock(&self) -> MutexGuard<'_, Known> {
        // Plain values: whole at every point where a holder could panic.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It was looked at a lease.
    pub(super) fn look(&self, lease: &LeasingLease, period_ms: u64, now: Instant, well: bool) {
        let Some(availability) = &lease.availability else { return };
        let period = period_at(availability.began.instant(), period_ms, now);
        let mut known = self.lock();
        let periods = known.looks.entry(lease.id).or_default();
        let looks = periods.entry(period).or_default();
        looks.made = looks.made.saturating_add(1);
        looks.well = looks.well.saturating_add(well.into());
        while periods.len() > PERIODS_MAX {
            periods.pop_first();
        }
    }

    /// What is to be handed in of leases that run, the next period of each. What is decided by now is forgotten, and so are leases that
    /// ended.
    pub(super) fn to_hand_in<'a>(&self, running: impl Iterator<Item = &'a LeasingLease>) -> Vec<SignedReport> {
        let next: BTreeMap<BidId, u64> =
            running.filter_map(|lease| Some((lease.id, lease.availability.as_ref()?.next))).collect();
        let mut known = self.lock();
        known.looks.retain(|lease, _| next.contains_key(lease));
        known.signed.retain(|lease, signed| next.get(lease).is_some_and(|next| signed.report.period >= *next));
        let due = known.signed.iter().filter(|(lease, signed)| next.get(lease) == Some(&signed.report.period));
        due.map(|(_, signed)| *signed).collect()
    }

    /// Signs what a tenant signed, unless it is none of its lease's or contradicts what this provider saw; why not, in words.
    pub(super) fn sign(&self, key: &SigningKey, chain: Name, lease: BidId, report: SignedReport) -> Result<SignedReport, String> {
        let AvailabilityReport { period, probes, answered, .. } = report.report;
        if report.report.lease != lease {
            return Err(format!("the report is of the lease {}, and was sent for {lease}", report.report.lease));
        }
        report.report.check().map_err(|why| why.to_string())?;
        if report.key.address() != lease.owner() || !is_signed(&report, chain) {
            return Err(format!("the report is not signed by the tenant {} for the chain {chain}", lease.owner()));
        }
        let mut known = self.lock();
        let looks = known.looks.get(&lease).and_then(|periods| periods.get(&period)).copied().unwrap_or_default();
        // Where it never looked, it has nothing to say against.
        let (own, told) = (u64::from(looks.well) * u64::from(probes), u64::from(answered) * u64::from(looks.made));
        let slack = u64::from(looks.made) * u64::from(probes) * TOLERANCE / 100;
        if own > told.saturating_add(slack) {
            return Err(format!(
                "the report has {answered} of {probes} probes answered in period {period}, and by this provider's looks the lease was well \
                 {} of {} times; it signs what is at most {TOLERANCE} in a hundred below that",
                looks.well, looks.made
            ));
        }
        known.signed.insert(lease, report);
        Ok(sign_report(key, chain, report.report))
    }

    /// Leases that are looked at.
    #[cfg(test)]
    fn leases(&self) -> Vec<BidId> {
        self.lock().looks.keys().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leasing::tests::leased;

    const CHAIN: Name = Name::literal("here");
    const PERIOD: u64 = 3_600_000;

    fn keys() -> (SigningKey, SigningKey) {
        (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]))
    }

    fn at(minutes: u64) -> Instant {
        Instant::new(60_000 * minutes)
    }

    /// A lease that began at 0, with its next period, looked at once a minute for two hours and down for the first half.
    fn looked(next: u64) -> (Tally, LeasingLease) {
        let (tenant, provider) = keys();
        let (tally, lease) = (Tally::default(), leased(tenant.address(), provider.address(), next));
        (0..120).for_each(|minute| tally.look(&lease, PERIOD, at(minute), minute >= 30));
        (tally, lease)
    }

    fn report(lease: BidId, period: u64, answered: u32, probes: u32) -> SignedReport {
        sign_report(&keys().0, CHAIN, AvailabilityReport { lease, period, probes, answered })
    }

    #[test]
    fn what_does_not_contradict_its_own_looks_is_signed_and_handed_in_when_it_is_next() {
        let (tally, lease) = looked(0);
        let key = keys().1;
        let sign = |report| tally.sign(&key, CHAIN, lease.id, report);
        let why = sign(report(lease.id, 0, 44, 100)).unwrap_err();
        assert!(why.contains("44 of 100") && why.contains("30 of 60"), "{why}");
        for (answered, period) in [(45, 0), (100, 0), (95, 1), (0, 7)] {
            let signed = sign(report(lease.id, period, answered, 100)).unwrap();
            assert!(is_signed(&signed, CHAIN) && signed.key.address() == key.address());
        }
        assert!(sign(report(lease.id, 1, 94, 100)).is_err());
        assert_eq!(tally.to_hand_in([&lease].into_iter()), [], "the last one signed is of a period that is not next");
        sign(report(lease.id, 0, 50, 100)).unwrap();
        let due = tally.to_hand_in([&lease].into_iter());
        assert_eq!(due.iter().map(|one| (one.report.period, one.key.address())).collect::<Vec<_>>(), [(0, lease.id.owner())]);
        let later = looked(1).1;
        assert_eq!(tally.to_hand_in([&later].into_iter()), [], "decided");
        assert_eq!(tally.to_hand_in(std::iter::empty()), []);
        assert!(tally.leases().is_empty());
    }

    #[test]
    fn what_is_not_the_tenants_word_about_this_lease_is_not_signed() {
        let (tally, lease) = looked(0);
        let (tenant, key) = keys();
        let good = report(lease.id, 0, 60, 60);
        let of_others = AvailabilityReport { lease: BidId::default(), ..good.report };
        for bad in [
            SignedReport { report: AvailabilityReport { answered: 59, ..good.report }, ..good },
            sign_report(&key, CHAIN, good.report),
            sign_report(&tenant, Name::literal("there"), good.report),
            sign_report(&tenant, CHAIN, of_others),
            sign_report(&tenant, CHAIN, AvailabilityReport { probes: 0, answered: 0, ..good.report }),
            sign_report(&tenant, CHAIN, AvailabilityReport { answered: 61, ..good.report }),
        ] {
            assert!(tally.sign(&key, CHAIN, lease.id, bad).is_err(), "{bad:?}");
        }
        assert_eq!(tally.to_hand_in([&lease].into_iter()), []);
        assert!(tally.sign(&key, CHAIN, lease.id, good).is_ok());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (tally, lease) = looked(0);
        (0..100).for_each(|hour| tally.look(&lease, PERIOD, at(60 * hour), true));
        assert_eq!(tally.lock().looks[&lease.id].len(), PERIODS_MAX);
    }
}
