//! The list of what is due: rows ordered by time, so that a block looks only at what it does.

use crate::{Event, Notice, Refusal, payment::rows::StreamRow, session::work::Work, time::rows::DueRow};
use depin_quantity::{Instant, UnitId};
use depin_state::ReadState;

/// Kinds of due work, in the order in which equal times are worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// A stream was not activated in time.
    Unactivated,
    /// An escrow's money ends soon.
    Low,
    /// A stream's term is over.
    Over,
    /// The money of an open-ended escrow ends soon.
    EscrowLow,
    /// The money of an open-ended escrow is gone.
    EscrowOut,
    /// A hold was not captured in time.
    HoldExpires,
    /// A recurring fee is due.
    FeeDue,
    /// Something that leaves is free.
    Leaving,
    /// What a fault took can no longer be given back.
    AppealOver,
}

impl Job {
    /// Its place in a due row's key.
    pub const fn tag(self) -> u8 {
        match self {
            Self::Unactivated => 1,
            Self::Low => 2,
            Self::Over => 3,
            Self::EscrowLow => 10,
            Self::EscrowOut => 11,
            Self::HoldExpires => 12,
            Self::FeeDue => 13,
            Self::Leaving => 30,
            Self::AppealOver => 31,
        }
    }

    const fn of(tag: u8) -> Option<Self> {
        match tag {
            1 => Some(Self::Unactivated),
            2 => Some(Self::Low),
            3 => Some(Self::Over),
            10 => Some(Self::EscrowLow),
            11 => Some(Self::EscrowOut),
            12 => Some(Self::HoldExpires),
            13 => Some(Self::FeeDue),
            30 => Some(Self::Leaving),
            31 => Some(Self::AppealOver),
            _ => None,
        }
    }
}

/// Key of a job on the list: when, which kind, of what.
pub type DueKey = (Instant, u8, UnitId);

/// The first job after `done` that is due at or before `now`.
pub fn first_due(state: &dyn ReadState, done: Option<DueKey>, now: Instant) -> Option<DueKey> {
    let first = match done {
        Some(done) => state.next_after::<DueRow>(&done),
        None => state.first_from::<DueRow>(&(Instant::new(0), 0, UnitId::default())),
    };
    first.map(|(key, _)| key).filter(|(at, ..)| *at <= now)
}

/// What a stream has on the list, for each of its jobs that is still ahead: an inactive one its deadline, an active one its
/// warning (until it was given) and its end.
impl Work<'_> {
    pub fn schedule(&mut self, at: Instant, job: Job, id: UnitId) {
        self.state.put(&(at, job.tag(), id), &DueRow {});
    }

    pub fn unschedule(&mut self, at: Instant, job: Job, id: UnitId) {
        self.state.delete::<DueRow>(&(at, job.tag(), id));
    }

    /// Does a due job, as of its time, by the rules in force then, however late the block that does it.
    ///
    /// A job puts nothing on the list but what is due later than itself, so going on after the last one misses none. Looking from
    /// the start again would step over every job that this block has done already: a block's work would grow with the square of
    /// its jobs.
    pub fn do_due(&mut self, (at, tag, id): DueKey) -> Result<(), Refusal> {
        let job = Job::of(tag).expect("only this module writes due rows");
        self.unschedule(at, job, id);
        self.as_of(at, |work| work.do_job(job, id))
    }

    fn do_job(&mut self, job: Job, id: UnitId) -> Result<(), Refusal> {
        match job {
            Job::Unactivated => self.stream_not_activated(id, self.due_stream(id))?,
            Job::Over => self.stream_over(id, self.due_stream(id))?,
            Job::Leaving => self.has_left(id)?,
            Job::AppealOver => self.appeal_over(id)?,
            Job::Low => self.stream_low(id),
            Job::EscrowLow => self.escrow_low(id)?,
            Job::EscrowOut => self.escrow_out(id)?,
            Job::HoldExpires => self.hold_expired(id)?,
            Job::FeeDue => self.fee_due(id)?,
        }
        Ok(())
    }

    fn due_stream(&self, id: UnitId) -> StreamRow {
        self.state.get(&id).expect("a stream takes its jobs off the list when it ends")
    }

    /// A warning may outlive its stream when a parameter version changed how early it is given; then there is nothing to warn of.
    fn stream_low(&mut self, id: UnitId) {
        let Some(stream) = self.state.get::<StreamRow>(&id) else { return };
        let lasts_until = self.stream_ends(&stream);
        self.notify(Notice::EscrowLow { escrow: stream.escrow, lasts_until });
        self.emit(Event::EscrowLow { escrow: stream.escrow, lasts_until });
    }
}
