//! Jobs that come due with time, and what the economy does by itself.
//!
//! The economy finds an escrow that ran out in the block in which its money ends, pays its leases for what it covers and no more, and
//! tells it. Closing the leases is a job for each deployment, so that a block does as much of it as it has room for.

use super::{
    bids::AT_ONCE,
    error::LeasingError,
    ids::{BidId, DeploymentId, OrderId},
    names::PROVIDER,
    service::Leasing,
};
use crate::{context::Context, due::Deadlines};
use depin_economy::{Notice, Refusal};
use depin_quantity::Span;
use depin_state::{KeyBytes, RowKey};

/// Work units of a job, without the groups and bids that it ends.
const WORK: u64 = 5;
/// Work units of a group or a bid that it ends.
const WORK_EACH: u64 = 5;

/// A job; at the same instant they run in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Close a deployment whose money is gone.
    Gone(DeploymentId),
    /// End bids of an order that takes none any more.
    Bids(OrderId),
    /// Nobody took a bid.
    Expire(BidId),
    /// Nobody resumed a deployment.
    GiveUp(DeploymentId),
    /// Nobody reported how available a lease was.
    Unreported(BidId),
}

/// The kind from 1 on, then what it is about.
impl RowKey for Job {
    fn write(&self, out: &mut KeyBytes) {
        match *self {
            Self::Gone(id) => (1u8, id).write(out),
            Self::Bids(id) => (2u8, id).write(out),
            Self::Expire(id) => (3u8, id).write(out),
            Self::GiveUp(id) => (4u8, id).write(out),
            Self::Unreported(id) => (5u8, id).write(out),
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some(match u8::read(bytes)? {
            1 => Self::Gone(DeploymentId::read(bytes)?),
            2 => Self::Bids(OrderId::read(bytes)?),
            3 => Self::Expire(BidId::read(bytes)?),
            4 => Self::GiveUp(DeploymentId::read(bytes)?),
            5 => Self::Unreported(BidId::read(bytes)?),
            _ => return None,
        })
    }
}

impl Deadlines for Leasing {
    const DUE: u8 = super::rows::DUE;
    type Job = Job;

    fn run_job(cx: &mut Context<'_, Self>, job: Job) -> u64 {
        match cx.do_job(job) {
            Ok(ended) => WORK + WORK_EACH * ended,
            // What a job sends first is what the economy may put off.
            Err(LeasingError::Economy(Refusal::Closing { .. })) => {
                cx.schedule(cx.now().later(Span::from_millis(1)), job);
                WORK
            }
            Err(error) => unreachable!("a due job sends only what the file has rules for: {error}"),
        }
    }
}

impl Context<'_, Leasing> {
    /// Does a job; gives how many groups or bids it was about.
    fn do_job(&mut self, job: Job) -> Result<u64, LeasingError> {
        match job {
            Job::Gone(id) => self.close_without_funds(id),
            Job::Bids(id) => {
                if self.end_some_bids(id, AT_ONCE)? {
                    self.schedule(self.now().later(Span::from_millis(1)), job);
                }
                Ok(AT_ONCE as u64)
            }
            Job::Expire(id) => self.expire(id).map(|()| 1),
            Job::GiveUp(id) => self.give_up(id),
            Job::Unreported(id) => self.unreported(id).map(|()| 1),
        }
    }

    /// Follows what the economy did by itself: money that ends soon or is gone, payments that ended, pledges that a fault made too small.
    pub(super) fn heed(&mut self, notice: &Notice) {
        match *notice {
            Notice::EscrowExhausted { escrow, owed } => self.funds_gone(escrow, owed),
            Notice::EscrowClosed { escrow } => self.escrow_closed(escrow),
            Notice::EscrowLow { escrow, lasts_until } => self.funds_low(escrow, lasts_until),
            Notice::StreamEnded { stream, paid, .. } => self.stream_ended(stream, paid),
            Notice::BelowStake { subject, kind, .. } if kind == PROVIDER && subject == Self::unit_of(subject.owner()) => {
                self.below_pledge(subject.owner());
            }
            // Debts, and payments of other kinds, are the economy's own affair.
            _ => {}
        }
    }
}
