//! What is pledged.

use crate::rows::row;
use depin_quantity::{Address, Instant, Measured, Name, UnitId, Units};

row! {
    /// A unit's pledge: owner, unit, kind.
    0x1a (Address, UnitId, Name) => PledgeRow {
        /// What is locked, in base units of the kind's token.
        amount: Units,
        /// What it is counted on.
        basis: Measured,
        /// Since when.
        since: Instant,
        /// Expected end.
        until: Instant,
    }
}
