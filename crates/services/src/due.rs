//! Jobs that come due with time: bounded work per block, oldest first.
//!
//! A service says what its jobs are; here they are put on a list in its own rows, taken off, and run from [`Context::run_jobs`]. No
//! block walks through more of the list than it does: what is left runs in a later block, so a window that opens late on a busy chain
//! also closes late, and nobody loses by it.

use crate::{context::Context, service::Service};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::Instant;
use depin_state::{ReadState, Row, RowKey, row_key};
use std::{
    io::{Read, Result, Write},
    marker::PhantomData,
};

/// A service whose jobs come due with time.
pub trait Deadlines: Service {
    /// The table of the list.
    const DUE: u8;
    /// What is to be done; at the same instant the job whose key sorts first runs first.
    type Job: RowKey + Copy;

    /// Does it and returns the work units that it took, at least one. A job schedules only what sorts behind itself: something later,
    /// or at the same instant of a later kind.
    fn run_job(cx: &mut Context<'_, Self>, job: Self::Job) -> u64;

    /// When the first job of the list is due.
    fn next_due(state: &dyn ReadState) -> Option<Instant> {
        state.rows::<Due<Self>>().next().map(|((at, _), _)| at)
    }
}

/// A job on the list; the row says nothing more than its key.
struct Due<S>(PhantomData<fn() -> S>);

impl<S> BorshSerialize for Due<S> {
    fn serialize<W: Write>(&self, _: &mut W) -> Result<()> {
        Ok(())
    }
}

impl<S> BorshDeserialize for Due<S> {
    fn deserialize_reader<R: Read>(_: &mut R) -> Result<Self> {
        Ok(Self(PhantomData))
    }
}

impl<S: Deadlines> Row for Due<S> {
    const TABLE: u8 = S::DUE;
    /// When, and what.
    type Key = (Instant, S::Job);
}

impl<S: Deadlines> Context<'_, S> {
    /// Puts a job on the list.
    pub fn schedule(&mut self, at: Instant, job: S::Job) {
        let key = (at, job);
        debug_assert!(
            self.job.is_none_or(|running| *running < *row_key::<Due<S>>(&key)),
            "a due job schedules only what sorts behind it"
        );
        self.state().put::<Due<S>>(&key, &Due(PhantomData));
    }

    /// Takes a job off the list.
    pub fn unschedule(&mut self, at: Instant, job: S::Job) {
        self.state().delete::<Due<S>>(&(at, job));
    }

    /// Runs due jobs until none is left or `budget` work units are used; returns the units used.
    pub fn run_jobs(&mut self, budget: u64) -> u64 {
        let mut used = 0;
        let mut next = self.state().first::<Due<S>>();
        while let Some((key, _)) = next.filter(|((at, _), _)| used < budget && *at <= self.now()) {
            self.state().delete::<Due<S>>(&key);
            self.job = Some(row_key::<Due<S>>(&key));
            used += S::run_job(self, key.1).max(1);
            // Jobs schedule only what sorts behind them, so going on after the last one misses none. Looking from the start again
            // would step over every job that this block has done already.
            next = self.state().next_after::<Due<S>>(&key);
        }
        self.job = None;
        used
    }
}
