//! Genesis allocations, and minting that no schedule tells in advance.

use crate::rows::row;
use depin_quantity::{Address, Decimal18, Name, Units};

row! {
    /// A genesis allocation: token, name.
    0x25 (Name, Name) => AllocationRow {
        /// Minted into it at genesis.
        amount: Units,
        /// Given out at genesis, before vesting began.
        granted: Units,
        /// Taken of what vested.
        released: Units,
        /// Who may take it.
        owner: Option<Address>,
    }
}
row! {
    /// How far a token's minting is, where its emission has no schedule or burnt tokens are minted again.
    0x30 Name => MintRow {
        /// Yearly rate of an inflation; `None` before its first period.
        inflation: Option<Decimal18>,
        /// What it has given, minted or not.
        whole: Units,
        /// What was burnt when that was last looked at.
        burned: Units,
        /// Of an inflation, what was given and not minted.
        unminted: Units,
    }
}
