//! Jobs that come due with time: bounded work per block, oldest first.

use super::{
    error::StorageError,
    event::StorageEvent,
    rows::{CloseReason, Deal, DealState, Due},
    turn::Turn,
};
use depin_economy::{Ended, Notice};
use depin_quantity::{Address, Instant, UnitId};

/// Kinds of jobs; at the same instant the lower number runs first.
pub(super) mod job {
    /// Close a data set's window.
    pub const CLOSE: u8 = 1;
    /// Open a data set's window.
    pub const OPEN: u8 = 2;
    /// A proposal that nobody took expires.
    pub const EXPIRE: u8 = 3;
    /// Draw the challenge of one sector.
    pub const DRAW: u8 = 4;
    /// Forget a closed deal.
    pub const FORGET: u8 = 5;
}

impl Turn<'_> {
    /// Runs due jobs until none is left or `budget` work units are used; returns the units used. What is left runs in a later
    /// block: a window that opens late also closes late, so nobody loses proving time by a busy chain.
    pub fn run_due(&mut self, budget: u64) -> u64 {
        let mut used = 0;
        let mut done = None;
        while used < budget {
            // Jobs schedule only what sorts behind them, so going on after the last one misses none. Looking from the start again
            // would step over every job that this block has done already.
            let next = match done {
                Some(done) => self.state().next_after::<Due>(&done),
                None => self.state().first_from::<Due>(&(Instant::new(0), 0, [0; 32], 0)),
            };
            let Some((key, Due)) = next else { break };
            let (at, kind, of, number) = key;
            if at > self.now {
                break;
            }
            done = Some(key);
            self.state().delete::<Due>(&key);
            let looked_at = self.run_job(kind, of, number).expect("a due job works on rows that the service itself keeps");
            used += 10 + 10 * looked_at as u64;
        }
        used
    }

    fn run_job(&mut self, kind: u8, of: [u8; 32], number: u32) -> Result<usize, StorageError> {
        match kind {
            job::CLOSE => return self.close_window(Address::new(of), number),
            job::OPEN => return self.open_window(Address::new(of), number),
            job::EXPIRE => self.expire(UnitId::new(of))?,
            job::DRAW => self.draw(UnitId::new(of))?,
            job::FORGET => self.forget(UnitId::new(of))?,
            _ => unreachable!("no other kind is ever scheduled"),
        }
        Ok(0)
    }

    /// Follows what the economy did by itself: streams that ended, money that runs low.
    pub fn follow(&mut self, notices: &[Notice]) {
        for notice in notices {
            match *notice {
                Notice::StreamEnded { stream, why: Ended::Completed | Ended::Exhausted } => {
                    self.stream_over(stream, CloseReason::Completed)
                }
                Notice::StreamEnded { stream, why: Ended::NotActivated } => self.stream_over(stream, CloseReason::Expired),
                Notice::EscrowLow { escrow, lasts_until } => self.funds_low(escrow, lasts_until),
                // What this service closed itself it knows; debts, stakes and payments of other kinds are the economy's own affair.
                _ => {}
            }
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
