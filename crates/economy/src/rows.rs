//! How rows are declared. The economy has tables 0x10 to 0x3f and 0x90 to 0x9f; each folder declares its own in a file `rows.rs`.

macro_rules! row {
    ($(#[$meta:meta])* $table:literal $key:ty => $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize, serde::Serialize)]
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl depin_state::Row for $name {
            const TABLE: u8 = $table;
            type Key = $key;
        }
    };
}

pub(crate) use row;
