//! Lists: rows that say by their key alone that something is in one, and rows from a key on.

use depin_state::{ReadState, Row};

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

/// All rows of a table behind `after`, or from the first one on.
pub(crate) fn after_key<'a, R: Row + 'a>(
    state: &'a dyn ReadState,
    after: Option<R::Key>,
) -> impl Iterator<Item = (R::Key, R)> + use<'a, R>
where
    R::Key: Copy,
{
    let mut next = match after {
        Some(after) => state.next_after::<R>(&after),
        None => state.rows::<R>().next(),
    };
    std::iter::from_fn(move || {
        let row = next.take()?;
        next = state.next_after::<R>(&row.0);
        Some(row)
    })
}

/// What `take` makes of the rows from `from` on, or behind it, as long as it takes them.
pub(crate) fn taken<'a, R: Row + 'a, T: 'a>(
    state: &'a dyn ReadState,
    from: R::Key,
    inclusive: bool,
    take: impl Fn(R::Key, R) -> Option<T> + 'a,
) -> impl Iterator<Item = T> + 'a
where
    R::Key: Copy,
{
    let mut next = if inclusive { state.first_from::<R>(&from) } else { state.next_after::<R>(&from) };
    std::iter::from_fn(move || {
        let (key, row) = next.take()?;
        let found = take(key, row)?;
        next = state.next_after::<R>(&key);
        Some(found)
    })
}

/// The rows of what a list has under `of`, behind `after`, or from the first one on; `least` sorts before all.
///
/// # Panics
/// When something is listed that does not exist, which is a mistake in the service's rules.
pub(crate) fn listed<'a, L, R, P>(
    state: &'a dyn ReadState,
    of: P,
    after: Option<R::Key>,
    least: R::Key,
) -> impl Iterator<Item = (R::Key, R)> + use<'a, L, R, P>
where
    L: Row<Key = (P, R::Key)> + 'a,
    R: Row,
    R::Key: Copy + 'a,
    P: Copy + PartialEq + 'a,
{
    let mut next = match after {
        Some(after) => state.next_after::<L>(&(of, after)),
        None => state.first_from::<L>(&(of, least)),
    };
    std::iter::from_fn(move || {
        let (key, _) = next.take().filter(|((listed, _), _)| *listed == of)?;
        next = state.next_after::<L>(&key);
        Some((key.1, state.get::<R>(&key.1).expect("what is listed exists")))
    })
}
