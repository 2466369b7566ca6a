//! Jobs that come due with time, what waits for seeds, and what the economy does by itself.

use super::{error::ClustersError, names::DEVICE, service::Clusters};
use crate::{
    context::Context,
    due::{Deadlines, Draws},
};
use depin_economy::{Notice, Refusal};
use depin_quantity::{Seed, Span, UnitId};
use depin_state::{KeyBytes, RowKey};

/// Work units of a job, without the rows that it goes through.
const WORK: u64 = 20;
/// Work units of a device that is judged.
const JUDGED: u64 = 30;
/// The id where a job has none.
const NONE: UnitId = UnitId::new([0; 32]);

/// What is to be done; at the same instant in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// An hour is over: those that did not pass are judged, from this device on.
    Close(u64, UnitId),
    /// An hour begins.
    Open(u64),
    /// A device of a hire begins to be paid.
    Activate(UnitId, u32),
    /// What a device of a hire is paid has run through.
    Settle(UnitId, u32),
    /// The time of a hire is over.
    End(UnitId),
    /// Forget a closed hire.
    Forget(UnitId),
}

/// The kind from 1 on, then an hour, an id and a number, zeros where there is none.
impl RowKey for Task {
    fn write(&self, out: &mut KeyBytes) {
        let (kind, hour, id, number) = match *self {
            Self::Close(hour, from) => (1u8, hour, from, 0u32),
            Self::Open(hour) => (2, hour, NONE, 0),
            Self::Activate(hire, slot) => (3, 0, hire, slot),
            Self::Settle(hire, slot) => (4, 0, hire, slot),
            Self::End(hire) => (5, 0, hire, 0),
            Self::Forget(hire) => (6, 0, hire, 0),
        };
        (kind, hour, id, number).write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (kind, hour, id, number) = <(u8, u64, UnitId, u32)>::read(bytes)?;
        Some(match kind {
            1 => Self::Close(hour, id),
            2 => Self::Open(hour),
            3 => Self::Activate(id, number),
            4 => Self::Settle(id, number),
            5 => Self::End(id),
            6 => Self::Forget(id),
            _ => return None,
        })
    }
}

/// What waits for a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The challenges of an hour.
    Hour(u64),
}

impl RowKey for Subject {
    fn write(&self, out: &mut KeyBytes) {
        let Self::Hour(hour) = *self;
        hour.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        u64::read(bytes).map(Self::Hour)
    }
}

impl Deadlines for Clusters {
    const DUE: u8 = super::rows::DUE;
    type Job = Task;

    fn run_job(cx: &mut Context<'_, Self>, task: Task) -> u64 {
        match cx.do_task(task) {
            Ok(done) => WORK + done,
            // What a task sends is written as it is sent, so that it can go on where the economy put it off.
            Err(ClustersError::Economy(Refusal::Closing { .. })) => {
                cx.schedule(cx.now().later(Span::from_millis(1)), task);
                WORK
            }
            Err(error) => unreachable!("a due job sends only what the file has rules for: {error}"),
        }
    }
}

impl Draws for Clusters {
    const DRAWS: u8 = super::rows::DRAWS;
    type Subject = Subject;

    fn drawn(cx: &mut Context<'_, Self>, subject: Subject, seed: Seed) -> u64 {
        let Subject::Hour(hour) = subject;
        cx.hour_drawn(hour, seed);
        WORK
    }
}

impl Context<'_, Clusters> {
    /// Does a task; gives what it took beside the usual.
    fn do_task(&mut self, task: Task) -> Result<u64, ClustersError> {
        match task {
            Task::Close(hour, from) => return self.close_hour(hour, from).map(|judged| judged * JUDGED),
            Task::Open(hour) => self.begin_hour(hour),
            Task::Activate(hire, slot) => self.activate(hire, slot)?,
            Task::Settle(hire, slot) => self.settle(hire, slot)?,
            Task::End(hire) => self.time_over(hire),
            Task::Forget(hire) => return Ok(self.forget_hire(hire)),
        }
        Ok(0)
    }

    /// Follows what the economy did by itself: pledges that a fault made too small, streams that ended.
    pub(super) fn heed(&mut self, notice: &Notice) {
        match *notice {
            Notice::BelowStake { subject, kind, .. } if kind == DEVICE => self.below_pledge(subject.unit()),
            Notice::StreamEnded { stream, paid, .. } => self.stream_over(stream, paid),
            // An escrow closes with its last stream, which is told before; debts are the economy's own affair.
            _ => {}
        }
    }
}
