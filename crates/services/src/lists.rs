//! Rows that say by their key alone that something is in a list.

/// Declares such rows: `/// What it lists. 0x55 (Address, Address) => ByOwner;`, one a line.
macro_rules! lists {
    ($($(#[$doc:meta])* $table:literal $key:ty => $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
        pub(super) struct $name;

        impl depin_state::Row for $name {
            const TABLE: u8 = $table;
            type Key = $key;
        }
    )*};
}
pub(crate) use lists;
