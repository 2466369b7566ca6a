//! Jobs that come due with time, and what the economy does by itself.

use super::{error::MeteredError, names::OPERATOR, service::Metered};
use crate::{context::Context, due::Deadlines};
use depin_economy::{Notice, Refusal};
use depin_quantity::{Span, UnitId};
use depin_state::{KeyBytes, RowKey};

/// Work units of a job: it pays a batch, or ends a dispute with both deposits, or closes an order.
const WORK: u64 = 40;

/// A job; at the same instant they run in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Pay a batch that nobody disputed.
    Pay(UnitId),
    /// A dispute was not answered.
    Lose(UnitId),
    /// A dispute was not decided.
    Default(UnitId),
    /// An order takes no more units.
    End(UnitId),
    /// Forget a closed order.
    Forget(UnitId),
}

/// The kind from 1 on, then the batch or order.
impl RowKey for Job {
    fn write(&self, out: &mut KeyBytes) {
        let (kind, of) = match *self {
            Self::Pay(batch) => (1u8, batch),
            Self::Lose(batch) => (2, batch),
            Self::Default(batch) => (3, batch),
            Self::End(order) => (4, order),
            Self::Forget(order) => (5, order),
        };
        (kind, of).write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (kind, of) = <(u8, UnitId)>::read(bytes)?;
        Some(match kind {
            1 => Self::Pay(of),
            2 => Self::Lose(of),
            3 => Self::Default(of),
            4 => Self::End(of),
            5 => Self::Forget(of),
            _ => return None,
        })
    }
}

impl Deadlines for Metered {
    const DUE: u8 = super::rows::DUE;
    type Job = Job;

    fn run_job(cx: &mut Context<'_, Self>, job: Job) -> u64 {
        match cx.do_job(job) {
            Ok(forgotten) => WORK + forgotten as u64,
            // Nothing has happened yet: see [`super::settle`].
            Err(MeteredError::Economy(Refusal::Closing { .. })) => {
                cx.schedule(cx.now().later(Span::from_millis(1)), job);
                WORK
            }
            Err(error) => unreachable!("a due job sends only what the file has rules for: {error}"),
        }
    }
}

impl Context<'_, Metered> {
    /// Does a job; gives how many batches it forgot.
    fn do_job(&mut self, job: Job) -> Result<usize, MeteredError> {
        match job {
            Job::Pay(batch) => self.pay_undisputed(batch)?,
            Job::Lose(batch) => self.unanswered(batch)?,
            Job::Default(batch) => self.undecided(batch)?,
            Job::End(id) => {
                let mut order = self.order(id)?;
                self.end(id, &mut order)?;
            }
            Job::Forget(order) => return Ok(self.forget(order)),
        }
        Ok(0)
    }

    /// Follows what the economy did by itself: pledges that a fault made too small, holds whose time is over.
    pub(super) fn heed(&mut self, notice: &Notice) {
        match *notice {
            Notice::BelowStake { subject, kind, .. } if kind == OPERATOR && subject == Self::unit(subject.owner()) => {
                self.below_pledge(subject.owner());
            }
            Notice::HoldExpired { hold, .. } => self.lapse(hold).expect("nothing but the batch's own rows is at stake"),
            // What this service closed itself it knows; debts and payments of other kinds are the economy's own affair.
            _ => {}
        }
    }
}
