//! Jobs that come due with time, what waits for seeds, and what the economy does by itself.

use super::{
    error::RenderingError,
    names::NODE,
    rows::{EndReason, Id, Job, JobState, Ticket},
    service::Rendering,
};
use crate::{
    context::Context,
    due::{Deadlines, Draws},
};
use depin_economy::{Notice, Refusal};
use depin_quantity::{Seed, Span, UnitId};
use depin_state::{KeyBytes, RowKey};

/// Work units of a job, without the tickets that it goes through.
const WORK: u64 = 40;

/// What is to be done; at the same instant in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// A ticket was not handed in.
    Lapse(UnitId, u32),
    /// The time for a check is over.
    AutoApprove(UnitId, u32),
    /// A key was not opened.
    KeyDue(UnitId, u32),
    /// A step of a comparison is over.
    Step(UnitId, u32),
    /// A job gives no more tickets out.
    End(UnitId),
    /// A secret, or tickets drawn, were not opened.
    SecretDue(UnitId),
    /// What nobody rejected is approved, from this ticket on.
    ApproveAll(UnitId, u32),
    /// Forget a closed job.
    Forget(UnitId),
}

/// The kind from 1 on, then the job and a number, zero where there is none.
impl RowKey for Task {
    fn write(&self, out: &mut KeyBytes) {
        let (kind, job, number) = match *self {
            Self::Lapse(job, number) => (1u8, job, number),
            Self::AutoApprove(job, number) => (2, job, number),
            Self::KeyDue(job, number) => (3, job, number),
            Self::Step(job, number) => (4, job, number),
            Self::End(job) => (5, job, 0),
            Self::SecretDue(job) => (6, job, 0),
            Self::ApproveAll(job, from) => (7, job, from),
            Self::Forget(job) => (8, job, 0),
        };
        (kind, job, number).write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (kind, job, number) = <(u8, UnitId, u32)>::read(bytes)?;
        Some(match kind {
            1 => Self::Lapse(job, number),
            2 => Self::AutoApprove(job, number),
            3 => Self::KeyDue(job, number),
            4 => Self::Step(job, number),
            5 => Self::End(job),
            6 => Self::SecretDue(job),
            7 => Self::ApproveAll(job, number),
            8 => Self::Forget(job),
            _ => return None,
        })
    }
}

/// What waits for a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Which nodes a job may go to, and who renders what.
    Job(UnitId),
    /// Whether a delivery is rendered again.
    Check(UnitId, u32),
    /// Who decides a comparison.
    Third(UnitId, u32),
    /// Which tickets a dispatcher shows.
    Sample(UnitId),
}

/// The kind from 1 on, then the job and a number, zero where there is none.
impl RowKey for Subject {
    fn write(&self, out: &mut KeyBytes) {
        let (kind, job, number) = match *self {
            Self::Job(job) => (1u8, job, 0u32),
            Self::Check(job, number) => (2, job, number),
            Self::Third(job, number) => (3, job, number),
            Self::Sample(job) => (4, job, 0),
        };
        (kind, job, number).write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (kind, job, number) = <(u8, UnitId, u32)>::read(bytes)?;
        Some(match kind {
            1 => Self::Job(job),
            2 => Self::Check(job, number),
            3 => Self::Third(job, number),
            4 => Self::Sample(job),
            _ => return None,
        })
    }
}

impl Deadlines for Rendering {
    const DUE: u8 = super::rows::DUE;
    type Job = Task;

    fn run_job(cx: &mut Context<'_, Self>, task: Task) -> u64 {
        match cx.do_task(task) {
            Ok(done) => WORK + done,
            // What a task sends first is what the economy may put off; nothing has happened yet.
            Err(RenderingError::Economy(Refusal::Closing { .. })) => {
                cx.schedule(cx.now().later(Span::from_millis(1)), task);
                WORK
            }
            Err(error) => unreachable!("a due job sends only what the file has rules for: {error}"),
        }
    }
}

impl Draws for Rendering {
    const DRAWS: u8 = super::rows::DRAWS;
    type Subject = Subject;

    fn drawn(cx: &mut Context<'_, Self>, subject: Subject, seed: Seed) -> u64 {
        match cx.judge_by(subject, seed) {
            Ok(done) => WORK + done,
            Err(RenderingError::Economy(Refusal::Closing { .. })) => {
                cx.fix(subject);
                WORK
            }
            Err(error) => unreachable!("a draw sends only what the file has rules for: {error}"),
        }
    }
}

impl Context<'_, Rendering> {
    /// Does a task; gives what it took beside the usual.
    fn do_task(&mut self, task: Task) -> Result<u64, RenderingError> {
        match task {
            Task::Lapse(job, number) => self.lapse(job, number)?,
            Task::AutoApprove(job, number) => self.approve_by_time(job, number),
            Task::KeyDue(job, number) => self.withhold(job, number)?,
            Task::Step(job, number) => self.step_over(job, number)?,
            Task::End(id) => {
                if let Some(job) =
                    self.load::<Job>(Id::Job(id)).filter(|job| matches!(job.state, JobState::Drawing | JobState::Open))
                {
                    self.end(id, job, EndReason::Time)?;
                }
            }
            Task::SecretDue(job) => self.secret_over(job)?,
            Task::ApproveAll(job, from) => return self.approve_all(job, from),
            Task::Forget(job) => return Ok(self.forget_job(job)),
        }
        Ok(0)
    }

    fn judge_by(&mut self, subject: Subject, seed: Seed) -> Result<u64, RenderingError> {
        match subject {
            Subject::Job(job) => return self.draw_job(job, seed),
            Subject::Check(job, number) => self.draw_check(job, number, seed),
            Subject::Third(job, number) => self.draw_third(job, number, seed)?,
            Subject::Sample(job) => self.draw_sample(job, seed),
        }
        Ok(0)
    }

    /// The seed is there that says whether a delivery is rendered again. What it says only the dispatcher can know.
    fn draw_check(&mut self, job: UnitId, number: u32, seed: Seed) {
        if let Some(mut ticket) = self.load::<Ticket>(Id::Ticket(job, number)) {
            ticket.drawn = Some(seed);
            self.save(Id::Ticket(job, number), ticket);
            self.emit(super::RenderingEvent::CheckDrawn { job, number, seed });
        }
    }

    /// Follows what the economy did by itself: pledges that a fault made too small, holds whose time is over.
    pub(super) fn heed(&mut self, notice: &Notice) {
        match *notice {
            Notice::BelowStake { subject, kind, .. } if kind == NODE => self.below_pledge(subject.unit()),
            Notice::HoldExpired { hold, .. } => self.lapse_hold(hold),
            // What this service ended itself it knows; debts and payments of other kinds are the economy's own affair.
            _ => {}
        }
    }
}
