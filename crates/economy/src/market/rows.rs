//! Reporters' prices, AMM pools and their shares.

use crate::rows::row;
use depin_quantity::{Address, Decimal18, Instant, Name};

row! {
    /// A reporter's last report: pair, reporter.
    0x23 (Name, Address) => ReportRow {
        /// Quote currency for one whole base token.
        price: Decimal18,
        /// When.
        at: Instant,
    }
}
row! {
    /// An AMM pool that was funded.
    0x26 Name => AmmPoolRow {
        /// Shares of all owners.
        shares: u128,
    }
}
row! {
    /// A share of an AMM pool: AMM pool, owner.
    0x27 (Name, Address) => AmmPoolShareRow {
        /// Shares.
        shares: u128,
    }
}
