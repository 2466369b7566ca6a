//! What accounts hold, what was ever minted and burnt, and the base fee.

use crate::{Account, rows::row};
use depin_quantity::{Address, Name, Units};

row! {
    /// A party's wallet of one token.
    0x10 (Address, Name) => WalletRow {
        /// What it holds, in base units.
        held: Units,
        /// Fees that it could not pay. A record, never a negative balance.
        owed: Units,
    }
}
row! {
    /// Any other account's balance of one token; no row when it is empty.
    0x11 (Account, Name) => HoldingRow {
        /// In base units.
        held: Units,
    }
}
row! {
    /// What was ever minted and burnt of a token.
    0x12 Name => SupplyRow {
        /// Minted.
        minted: Units,
        /// Burnt.
        burned: Units,
    }
}
row! {
    /// Sum of all accounts of one class of one token: token, class tag.
    0x13 (Name, u8) => ClassRow {
        /// In base units.
        held: Units,
    }
}
row! {
    /// The base fees.
    0x28 () => BaseFeeRow {
        /// Base units per work unit in the next block.
        base_fee: Units,
        /// Base units per unit of work that a byte of rows is worth, in the next block.
        rows: Units,
    }
}
