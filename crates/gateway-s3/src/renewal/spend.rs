//! What is asked for out of the day's cap, and what a sum that was counted becomes.

use crate::{
    core::Core,
    map::{MapError, ShardRow, tables},
    price::Prices,
    spending::Taken,
};
use rusqlite::Connection;

/// Counts what a shard's deal costs, or says why it waits. A price that is not known is taken for the highest.
pub(super) fn take(core: &Core, row: &ShardRow, prices: &Prices) -> Result<Taken, String> {
    let price = row.price.or(prices.ceiling).unwrap_or_default();
    core.take(core.cost(price, row.piece_size)).map_err(|reached| reached.to_string())
}

/// Counts written down, and counts that came to nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    spent: Vec<Taken>,
    back: Vec<Taken>,
}

impl Book {
    pub(super) fn spend(&mut self, taken: Taken) {
        self.spent.push(taken);
    }

    /// It was written down before.
    pub(super) fn give_back(&mut self, core: &Core, taken: Taken) {
        core.spending.give_back(taken);
        self.back.push(taken);
    }

    pub(super) fn write(&self, db: &Connection) -> Result<(), MapError> {
        self.spent.iter().try_for_each(|taken| tables::spend(db, *taken))?;
        self.back.iter().try_for_each(|taken| tables::unspend(db, *taken))
    }
}
