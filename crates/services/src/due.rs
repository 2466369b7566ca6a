//! Jobs that come due with time, and draws that wait for their seed: bounded work per block, oldest first.
//!
//! A service says what its jobs are; here they are put on a list in its own rows, taken off, and run from [`Context::run_jobs`]. No
//! block walks through more of the list than it does: what is left runs in a later block, so a window that opens late on a busy chain
//! also closes late, and nobody loses by it.
//!
//! What randomness judges has a list of its own, by the round in which it was fixed ([`Context::fix`]). A service has no other way to a
//! seed than to be called with it once the right round has come, so it cannot judge by one that was known when it chose what to judge.

use crate::{context::Context, service::Service};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::Fixed;
use depin_quantity::{Instant, Seed};
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

/// A service that has something judged by randomness.
pub trait Draws: Service {
    /// The table of the list.
    const DRAWS: u8;
    /// What is judged.
    type Subject: RowKey + Copy;

    /// Judges what was fixed by its seed and returns the work units that it took.
    fn drawn(cx: &mut Context<'_, Self>, subject: Self::Subject, seed: Seed) -> u64;

    /// Whether anything waits for its seed.
    fn awaits_seed(state: &dyn ReadState) -> bool {
        state.rows::<Waiting<Self>>().next().is_some()
    }
}

/// A list in rows of its own.
trait List {
    const TABLE: u8;
    type Key: RowKey;
}

/// Jobs: when, and what.
struct ByTime<S>(PhantomData<fn() -> S>);

impl<S: Deadlines> List for ByTime<S> {
    const TABLE: u8 = S::DUE;
    type Key = (Instant, S::Job);
}

/// Draws: in which round they were fixed, and what.
struct ByRound<S>(PhantomData<fn() -> S>);

impl<S: Draws> List for ByRound<S> {
    const TABLE: u8 = S::DRAWS;
    type Key = (Fixed, S::Subject);
}

/// An entry of a list; the row says nothing more than its key.
struct Entry<L>(PhantomData<fn() -> L>);

impl<L> BorshSerialize for Entry<L> {
    fn serialize<W: Write>(&self, _: &mut W) -> Result<()> {
        Ok(())
    }
}

impl<L> BorshDeserialize for Entry<L> {
    fn deserialize_reader<R: Read>(_: &mut R) -> Result<Self> {
        Ok(Self(PhantomData))
    }
}

impl<L: List> Row for Entry<L> {
    const TABLE: u8 = L::TABLE;
    type Key = L::Key;
}

type Due<S> = Entry<ByTime<S>>;
type Waiting<S> = Entry<ByRound<S>>;

impl<S: Deadlines> Context<'_, S> {
    /// Puts a job on the list.
    pub fn schedule(&mut self, at: Instant, job: S::Job) {
        let key = (at, job);
        debug_assert!(
            self.job.is_none_or(|running| *running < *row_key::<Due<S>>(&key)),
            "a due job schedules only what sorts behind it"
        );
        self.state().put::<Due<S>>(&key, &Entry(PhantomData));
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

impl<S: Draws> Context<'_, S> {
    /// Says that what is to be judged is fixed now: a later round's seed judges it, that of [`depin_economy::SEED_LAG`] rounds on.
    pub fn fix(&mut self, subject: S::Subject) {
        let key = (self.fixed(), subject);
        self.state().put::<Waiting<S>>(&key, &Entry(PhantomData));
    }

    /// Judges what has waited for seeds that are known now, until nothing is left or `budget` work units are used; returns the units
    /// used.
    pub fn run_draws(&mut self, budget: u64) -> u64 {
        let mut used = 0;
        let mut next = self.state().first::<Waiting<S>>();
        while let Some((key, _)) = next.filter(|_| used < budget) {
            let Some(seed) = self.seed_for(key.0) else { break };
            self.state().delete::<Waiting<S>>(&key);
            used += S::drawn(self, key.1, seed).max(1);
            next = self.state().next_after::<Waiting<S>>(&key);
        }
        used
    }
}
