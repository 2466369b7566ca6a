//! Jobs that come due with time, challenges that wait for their seed, and what the economy does by itself.

use super::{
    error::StorageError,
    event::StorageEvent,
    rows::{CloseReason, Deal, DealState},
    service::Storage,
};
use crate::{Deadlines, Draws, context::Context};
use depin_economy::{Ended, Notice};
use depin_quantity::{Address, Instant, Seed, UnitId};
use depin_state::{KeyBytes, RowKey};

/// A job; at the same instant they run in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Close the window of a provider's data set.
    Close(Address, u32),
    /// Open the window of a provider's data set: fix what it asks for.
    Open(Address, u32),
    /// A proposal that nobody took expires.
    Expire(UnitId),
    /// Forget a closed deal.
    Forget(UnitId),
    /// End a provider's entry that is of no use.
    Lapse(Address),
}

/// The kind from 1 on, then whose job it is, then the number of a data set, zero for a deal.
impl RowKey for Job {
    fn write(&self, out: &mut KeyBytes) {
        let (kind, of, number) = match *self {
            Self::Close(provider, set) => (1u8, provider.get(), set),
            Self::Open(provider, set) => (2, provider.get(), set),
            Self::Expire(deal) => (3, deal.get(), 0),
            Self::Forget(deal) => (4, deal.get(), 0),
            Self::Lapse(provider) => (5, provider.get(), 0),
        };
        (kind, of, number).write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (kind, of, number) = <(u8, [u8; 32], u32)>::read(bytes)?;
        Some(match kind {
            1 => Self::Close(Address::new(of), number),
            2 => Self::Open(Address::new(of), number),
            3 => Self::Expire(UnitId::new(of)),
            4 => Self::Forget(UnitId::new(of)),
            5 => Self::Lapse(Address::new(of)),
            _ => return None,
        })
    }
}

/// What a challenge is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// The window of a provider's data set.
    Window(Address, u32),
    /// One sector: accepted, or coming back.
    Sector(UnitId),
}

/// The kind from 1 on, then whose it is, then the number of a data set, zero for a deal.
impl RowKey for Challenge {
    fn write(&self, out: &mut KeyBytes) {
        match *self {
            Self::Window(provider, set) => (1u8, provider.get(), set),
            Self::Sector(deal) => (2, deal.get(), 0),
        }
        .write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (kind, of, number) = <(u8, [u8; 32], u32)>::read(bytes)?;
        Some(match kind {
            1 => Self::Window(Address::new(of), number),
            2 => Self::Sector(UnitId::new(of)),
            _ => return None,
        })
    }
}

impl Draws for Storage {
    const DRAWS: u8 = 0x78;
    type Subject = Challenge;

    fn drawn(cx: &mut Context<'_, Self>, subject: Challenge, seed: Seed) -> u64 {
        let looked_at = match subject {
            Challenge::Window(provider, set) => cx.open_window(provider, set, seed),
            Challenge::Sector(deal) => cx.challenge(deal, seed),
        };
        10 + 10 * looked_at as u64
    }
}

impl Deadlines for Storage {
    const DUE: u8 = 0x73;
    type Job = Job;

    fn run_job(cx: &mut Context<'_, Self>, job: Job) -> u64 {
        let looked_at = cx.do_job(job).expect("a due job works on rows that the service itself keeps");
        10 + 10 * looked_at as u64
    }
}

impl Context<'_, Storage> {
    /// Does a job; returns sectors looked at.
    fn do_job(&mut self, job: Job) -> Result<usize, StorageError> {
        match job {
            Job::Close(provider, set) => return self.close_window(provider, set),
            Job::Open(provider, set) => return self.fix_window(provider, set),
            Job::Expire(deal) => self.expire(deal)?,
            Job::Forget(deal) => self.forget(deal)?,
            Job::Lapse(provider) => return Ok(self.lapse(provider)),
        }
        Ok(0)
    }

    /// Follows what the economy did by itself: streams that ended, money that runs low.
    pub(super) fn heed(&mut self, notice: &Notice) {
        match *notice {
            Notice::StreamEnded { stream, reason: Ended::Completed | Ended::Exhausted, .. } => {
                self.stream_over(stream, CloseReason::Completed)
            }
            Notice::StreamEnded { stream, reason: Ended::NotActivated, .. } => self.stream_over(stream, CloseReason::Expired),
            Notice::EscrowLow { escrow, lasts_until } => self.funds_low(escrow, lasts_until),
            // What this service closed itself it knows; debts, stakes and payments of other kinds are the economy's own affair.
            _ => {}
        }
    }

    fn stream_over(&mut self, id: UnitId, reason: CloseReason) {
        let Some(mut deal) = self.state().get::<Deal>(&id).filter(|deal| !deal.is_closed()) else { return };
        self.leave(id, &mut deal, reason).expect("a sector leaves by releasing what it holds");
    }

    fn funds_low(&mut self, id: UnitId, until: Instant) {
        let Some(deal) = self.state().get::<Deal>(&id) else { return };
        if matches!(deal.state, DealState::Active { .. }) {
            self.emit(StorageEvent::FundsLow { deal: id, client: deal.client, until });
        }
    }
}
