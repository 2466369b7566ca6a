//! Leases paid by their availability: reports that tenant and provider both signed, one for each period, and what is paid without one.
//!
//! A report says how many probes of the lease's services there were in a period and how many were answered; the price of the period is
//! paid by that share, rounded down, and the rest is the tenant's again. One party signs the report and the other sends it, so both have
//! signed; neither the provider's word nor the tenant's moves any pay alone. A period that nobody reported within the network's time is
//! paid at the share that the network's file says; what no report could cover yet when a lease ends, at the share of the period before,
//! in full before there was any. So to end a lease, or to let its money run out, is no way around a report.
//!
//! Periods count from the lease's beginning, and are decided one after the other. Absent on purpose: probes; who makes them and what
//! counts as an answer is between the two who sign.

use super::{
    due::Job,
    error::LeasingError,
    event::LeasingEvent,
    ids::BidId,
    params::AvailabilityParams,
    rows::{Availability, Found, IndexKey},
    service::Leasing,
};
use crate::{
    context::Context,
    coverage::{PublicKey, SignatureBytes},
    service::InnerSignature,
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Instant, Share, Span};
use serde::{Deserialize, Serialize};

/// Most probes of one period: one a second for eleven days.
pub const PROBES_MAX: u32 = 1_000_000;
/// Most reports of one message.
pub const REPORTS_MAX: usize = 16;

/// How available a lease was in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct AvailabilityReport {
    /// The lease.
    pub lease: BidId,
    /// Which period, from 0.
    pub period: u64,
    /// Probes that were made, at least one.
    pub probes: u32,
    /// Of these, how many were answered.
    pub answered: u32,
}

/// A report that the party which does not send it has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SignedReport {
    /// What it says.
    pub report: AvailabilityReport,
    /// The signer's key.
    pub key: PublicKey,
    /// Its signature.
    pub signature: SignatureBytes,
}

impl AvailabilityReport {
    /// What a party signs; [`InnerSignature::signed_bytes`] binds it to a chain.
    pub fn signed(&self) -> Vec<u8> {
        let mut bytes = b"depin-leasing-availability".to_vec();
        borsh::to_writer(&mut bytes, self).expect("a vector takes everything");
        bytes
    }

    /// The share of probes that were answered: `floor(10^9 * answered / probes)` parts of 10^9.
    pub fn share(&self) -> Share {
        let parts = u64::from(self.answered) * u64::from(Share::WHOLE.get()) / u64::from(self.probes.max(1));
        u32::try_from(parts).ok().and_then(Share::new).unwrap_or(Share::WHOLE)
    }

    /// Refuses counts that are none.
    ///
    /// # Errors
    /// No probe, too many, or more answers than probes.
    pub fn check(&self) -> Result<(), LeasingError> {
        let fits = (1..=PROBES_MAX).contains(&self.probes) && self.answered <= self.probes;
        if fits { Ok(()) } else { Err(LeasingError::Probes { probes: self.probes, answered: self.answered }) }
    }
}

impl SignedReport {
    /// The signature, as a chain checks it.
    pub(super) fn inner(&self) -> InnerSignature {
        InnerSignature { key: self.key.get(), message: self.report.signed(), signature: self.signature.get() }
    }
}

/// Refuses a list that is empty or too long, and counts that are none.
pub(super) fn check_reports(reports: &[SignedReport]) -> Result<(), LeasingError> {
    if reports.is_empty() || reports.len() > REPORTS_MAX {
        return Err(LeasingError::Reports(reports.len()));
    }
    reports.iter().try_for_each(|signed| signed.report.check())
}

impl AvailabilityParams {
    /// When a period of a lease that began then is over.
    pub fn ends(&self, began: Instant, period: u64) -> Instant {
        let length = self.period.get().saturating_mul(period.saturating_add(1));
        began.later(Span::from_millis(length))
    }

    /// The first moment at which it is too late for a report.
    fn closes(&self, began: Instant, period: u64) -> Instant {
        self.ends(began, period).later(self.within)
    }
}

impl Context<'_, Leasing> {
    /// A lease that begins is paid by its availability, where the network pays so.
    pub(super) fn begin_availability(&mut self, lease: BidId) -> Result<(), LeasingError> {
        let Some(params) = self.params().availability else { return Ok(()) };
        self.pay_by_measure(lease)?;
        let row = Availability { began: self.now(), next: 0, probes: 0, answered: 0, unreported: 0 };
        self.list(IndexKey::Availability(lease), Found::Availability(row));
        self.schedule(params.closes(row.began, 0), Job::Unreported(lease));
        Ok(())
    }

    fn availability(&mut self, lease: BidId) -> Option<(AvailabilityParams, Availability)> {
        let params = self.params().availability?;
        match self.find(IndexKey::Availability(lease)) {
            Some(Found::Availability(row)) => Some((params, row)),
            _ => None,
        }
    }

    /// Order of refusals, for one report after the other: parties, lease, money, order of periods, time.
    pub(super) fn report_availability(&mut self, sender: Address, reports: &[SignedReport]) -> Result<(), LeasingError> {
        if self.params().availability.is_none() {
            return Err(LeasingError::NoAvailability);
        }
        for SignedReport { report, key, .. } in reports {
            let lease = report.lease;
            let other = match sender {
                tenant if tenant == lease.owner() => lease.provider,
                provider if provider == lease.provider => lease.owner(),
                _ => return Err(LeasingError::NotAParty(lease)),
            };
            if key.address() != other {
                return Err(LeasingError::NotSignedByOther(other));
            }
            self.running_lease(lease)?;
            self.running_deployment(lease.deployment())?;
            let (params, row) = self.availability(lease).ok_or(LeasingError::NoAvailability)?;
            if report.period != row.next {
                return Err(LeasingError::AvailabilityOrder { lease, given: report.period, next: row.next });
            }
            let ends = params.ends(row.began, row.next);
            if self.now() < ends {
                return Err(LeasingError::AvailabilityEarly { lease, ends });
            }
            self.unschedule(params.closes(row.began, row.next), Job::Unreported(lease));
            self.decide(lease, params, row, Some(report))?;
        }
        Ok(())
    }

    /// Pays the next period of a lease by its report, or as the network pays one without.
    fn decide(
        &mut self,
        lease: BidId,
        params: AvailabilityParams,
        mut row: Availability,
        report: Option<&AvailabilityReport>,
    ) -> Result<(), LeasingError> {
        let share = report.map_or(params.unreported, AvailabilityReport::share);
        let unearned = self.measure(lease, params.ends(row.began, row.next), share)?;
        let (period, probes, answered) = (row.next, report.map_or(0, |r| r.probes), report.map_or(0, |r| r.answered));
        row.next += 1;
        row.probes = row.probes.saturating_add(probes.into());
        row.answered = row.answered.saturating_add(answered.into());
        row.unreported += u64::from(report.is_none());
        self.list(IndexKey::Availability(lease), Found::Availability(row));
        self.schedule(params.closes(row.began, row.next), Job::Unreported(lease));
        self.emit(LeasingEvent::AvailabilityDecided { lease, period, probes, answered, share, unearned });
        Ok(())
    }

    /// Nobody reported a period in time.
    pub(super) fn unreported(&mut self, lease: BidId) -> Result<(), LeasingError> {
        let Some((params, row)) = self.availability(lease) else { return Ok(()) };
        // The economy found that the money was gone, and the job that closes the lease waits for its turn.
        if self.find(IndexKey::Stream(lease.unit())).is_none() {
            return Ok(());
        }
        self.decide(lease, params, row, None)
    }

    /// A lease has ended.
    pub(super) fn end_availability(&mut self, lease: BidId) {
        if let Some((params, row)) = self.availability(lease) {
            self.unschedule(params.closes(row.began, row.next), Job::Unreported(lease));
            self.unlist(IndexKey::Availability(lease));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(probes: u32, answered: u32) -> AvailabilityReport {
        AvailabilityReport { lease: BidId::default(), period: 0, probes, answered }
    }

    #[test]
    fn a_share_is_rounded_down() {
        assert_eq!(report(3, 1).share(), Share::new(333_333_333).unwrap());
        assert_eq!(report(3, 2).share(), Share::new(666_666_666).unwrap());
        assert_eq!((report(7, 7).share(), report(7, 0).share()), (Share::WHOLE, Share::new(0).unwrap()));
        assert_eq!(report(PROBES_MAX, PROBES_MAX - 1).share(), Share::new(999_999_000).unwrap());
    }

    #[test]
    fn counts_that_are_none_are_refused() {
        for (probes, answered) in [(0, 0), (1, 2), (PROBES_MAX + 1, 0)] {
            assert_eq!(report(probes, answered).check(), Err(LeasingError::Probes { probes, answered }));
        }
        assert_eq!(report(PROBES_MAX, 0).check(), Ok(()));
    }

    #[test]
    fn what_is_signed_tells_reports_apart() {
        let said = |report: AvailabilityReport| report.signed();
        let base = report(10, 9);
        for other in [report(10, 8), report(11, 9), AvailabilityReport { period: 1, ..base }] {
            assert_ne!(said(base), said(other));
        }
    }
}
