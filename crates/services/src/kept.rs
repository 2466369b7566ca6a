//! Rows of several kinds in one table, told apart by the first byte of their key.

/// Declares them: `/// A device. 2u8 Device(device: UnitId) => Device;`, one a line. It makes `Id`, the key; `Thing`, the row; and `Kept`, which each
/// kind of row is. The table is said by an `impl Row for Thing`.
macro_rules! kept {
    ($($(#[$doc:meta])* $number:literal $name:ident($($part:ident: $key:ty),*) => $row:ty;)*) => {
        /// What there is, by its kind and id.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Id {
            $($(#[$doc])* $name($($key),*),)*
        }

        /// The kind from 1 on, then the id.
        impl depin_state::RowKey for Id {
            fn write(&self, out: &mut depin_state::KeyBytes) {
                match *self {
                    $(Self::$name($($part),*) => {
                        depin_state::RowKey::write(&$number, out);
                        $(depin_state::RowKey::write(&$part, out);)*
                    })*
                }
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                Some(match <u8 as depin_state::RowKey>::read(bytes)? {
                    $($number => Self::$name($(<$key as depin_state::RowKey>::read(bytes)?),*),)*
                    _ => return None,
                })
            }
        }

        /// What there is.
        #[derive(Clone, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
        pub(super) enum Thing {
            $($(#[$doc])* $name(Box<$row>),)*
        }

        $(
            impl Kept for $row {
                fn of(thing: Thing) -> Option<Self> {
                    match thing {
                        Thing::$name(row) => Some(*row),
                        _ => None,
                    }
                }

                fn thing(self) -> Thing {
                    Thing::$name(Box::new(self))
                }
            }
        )*

        /// A kind of row, in the table that it shares with the others.
        pub(super) trait Kept: Sized {
            /// The row, if the thing is of this kind.
            fn of(thing: Thing) -> Option<Self>;
            /// The thing that the row is.
            fn thing(self) -> Thing;
        }
    };
}
pub(crate) use kept;
