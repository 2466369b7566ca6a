//! Clocks that run, and what is due.

use crate::rows::row;
use depin_quantity::{Instant, Name, UnitId};

row! {
    /// A clock that runs.
    0x14 Name => ClockRow {
        /// Start of period 0.
        origin: Instant,
        /// First period that this network closes.
        first: u64,
        /// First period still open.
        next: u64,
        /// How many are closed.
        closed: u64,
    }
}
row! {
    /// Work that is due: time, job tag, unit. The key says it all.
    0x1d (Instant, u8, UnitId) => DueRow {}
}
