//! When the network started, and who fills its roles.

use crate::rows::row;
use depin_quantity::{Address, Instant, Name};

row! {
    /// Who fills a role.
    0x24 Name => RoleRow {
        /// The account.
        account: Address,
    }
}
row! {
    /// The network has started.
    0x29 () => GenesisRow {
        /// When.
        at: Instant,
    }
}
