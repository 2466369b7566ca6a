//! Finalized rows and the view of them through frozen write sets.
//!
//! Point reads are the hot path, so the rows have a hash index beside the order; the order alone decides every iteration.

use crate::{Key, ReadState, WriteSet};
use hashbrown::{HashTable, hash_table};
use std::{collections::BTreeSet, ops::Bound, sync::Arc};

/// Rows of at most this many bytes stand in the hash table itself, which saves a cache miss on every read: account and wallet
/// rows are that small.
const INLINE: usize = 78;

/// A finalized row: the key, then the value.
#[derive(Clone, Debug)]
struct Stored {
    key_len: u32,
    bytes: Bytes,
}

#[derive(Clone, Debug)]
enum Bytes {
    Inline { len: u8, bytes: [u8; INLINE] },
    Boxed(Box<[u8]>),
}

impl Stored {
    fn new(key: &[u8], value: &[u8]) -> Self {
        let len = key.len() + value.len();
        let bytes = if len > INLINE {
            Bytes::Boxed([key, value].concat().into())
        } else {
            let mut bytes = [0; INLINE];
            bytes[..key.len()].copy_from_slice(key);
            bytes[key.len()..len].copy_from_slice(value);
            Bytes::Inline { len: len as u8, bytes }
        };
        Self { key_len: u32::try_from(key.len()).expect("a key is short"), bytes }
    }

    fn split(&self) -> (&[u8], &[u8]) {
        let bytes = match &self.bytes {
            Bytes::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Bytes::Boxed(bytes) => bytes,
        };
        bytes.split_at(self.key_len as usize)
    }

    fn key(&self) -> &[u8] {
        self.split().0
    }

    fn value(&self) -> &[u8] {
        self.split().1
    }

    fn set(&mut self, value: &[u8]) {
        *self = Self::new(self.key(), value);
    }
}

/// The rows of the last finalized block.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    rows: HashTable<Stored>,
    order: BTreeSet<Box<[u8]>>,
}

impl Tables {
    /// Tables holding exactly `rows`.
    pub fn from_rows<K: AsRef<[u8]>, V: AsRef<[u8]>>(rows: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut tables = Self::default();
        rows.into_iter().for_each(|(key, value)| tables.set(Key::new(key.as_ref()), Some(value.as_ref())));
        tables
    }

    /// Folds a block's changes in.
    pub fn apply(&mut self, changes: &WriteSet) {
        changes.changes().for_each(|change| self.set(change.key, change.after));
    }

    fn set(&mut self, key: Key<'_>, value: Option<&[u8]>) {
        let same = |row: &Stored| row.key() == key.bytes();
        let place = self.rows.entry(key.hash(), same, |row| Key::new(row.key()).hash());
        match (place, value) {
            (hash_table::Entry::Occupied(mut row), Some(value)) => row.get_mut().set(value),
            (hash_table::Entry::Vacant(place), Some(value)) => {
                place.insert(Stored::new(key.bytes(), value));
                self.order.insert(key.bytes().into());
            }
            (hash_table::Entry::Occupied(row), None) => {
                row.remove();
                self.order.remove(key.bytes());
            }
            (hash_table::Entry::Vacant(_), None) => {}
        }
    }

    fn get(&self, key: Key<'_>) -> Option<&[u8]> {
        self.rows.find(key.hash(), |row| row.key() == key.bytes()).map(Stored::value)
    }

    fn in_order(&self, key: &[u8]) -> &[u8] {
        self.get(Key::new(key)).expect("the order holds the keys of all rows")
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every row in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.order.iter().map(|key| (&**key, self.in_order(key)))
    }
}

impl ReadState for Tables {
    fn look(&self, key: Key<'_>, see: &mut dyn FnMut(Option<&[u8]>)) {
        see(self.get(key));
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        let key = self.order.range::<[u8], _>((bound(key, inclusive), Bound::Unbounded)).next()?;
        Some((key.to_vec(), self.in_order(key).to_vec()))
    }

    fn scan(&self, key: &[u8], inclusive: bool, see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        self.order.range::<[u8], _>((bound(key, inclusive), Bound::Unbounded)).all(|key| see(key, self.in_order(key)));
    }
}

pub(crate) fn bound(key: &[u8], inclusive: bool) -> Bound<&[u8]> {
    if inclusive { Bound::Included(key) } else { Bound::Excluded(key) }
}

/// The rows after a chain of unfinalized blocks: finalized tables below, frozen write sets above, the newest last.
#[derive(Clone)]
pub struct View<'a> {
    tables: &'a Tables,
    frozen: Vec<Arc<WriteSet>>,
}

impl<'a> View<'a> {
    /// A view of `tables` through `frozen`, oldest block first.
    pub fn new(tables: &'a Tables, frozen: Vec<Arc<WriteSet>>) -> Self {
        Self { tables, frozen }
    }
}

impl ReadState for View<'_> {
    fn look(&self, key: Key<'_>, see: &mut dyn FnMut(Option<&[u8]>)) {
        let key = key.hashed();
        match self.frozen.iter().rev().find_map(|writes| writes.get(key)) {
            Some(after) => see(after),
            None => self.tables.look(key, see),
        }
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        next_through(self.tables, key, inclusive, |at, inclusive, _| self.next_frozen(at, inclusive))
    }

    fn scan(&self, key: &[u8], inclusive: bool, see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        scan_through(self.tables, key, inclusive, |at, inclusive| self.next_frozen(at, inclusive), see);
    }
}

impl View<'_> {
    /// The first change after `key` (or at it) of the newest block that has one there.
    fn next_frozen(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        // `min_by` keeps the first of equals: the newest layer.
        let layers = self.frozen.iter().rev().filter_map(|writes| writes.next(key, inclusive));
        layers.min_by(|a, b| a.0.cmp(b.0)).map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec)))
    }
}

/// The next row through changes over a base: the smaller key of both, skipping what the changes deleted. `above` gives the next
/// change after a key (or at it, if inclusive); it is told the base's next key, and need not look past that key's table.
pub(crate) fn next_through(
    base: &dyn ReadState,
    key: &[u8],
    inclusive: bool,
    above: impl Fn(&[u8], bool, Option<&[u8]>) -> Option<(Vec<u8>, Option<Vec<u8>>)>,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut at, mut inclusive) = (key.to_vec(), inclusive);
    loop {
        let below = base.next_raw(&at, inclusive);
        match (above(&at, inclusive, below.as_ref().map(|(key, _)| key.as_slice())), below) {
            (None, below) => return below,
            (Some((key, _)), Some((under, value))) if under < key => return Some((under, value)),
            (Some((key, Some(value))), _) => return Some((key, value)),
            (Some((key, None)), _) => {
                at = key;
                inclusive = false;
            }
        }
    }
}

/// Rows through changes over a base, in key order; as [`next_through`] again and again, with one walk through the base.
pub(crate) fn scan_through(
    base: &dyn ReadState,
    key: &[u8],
    inclusive: bool,
    above: impl Fn(&[u8], bool) -> Option<(Vec<u8>, Option<Vec<u8>>)>,
    see: &mut dyn FnMut(&[u8], &[u8]) -> bool,
) {
    let (mut change, mut wanted) = (above(key, inclusive), true);
    base.scan(key, inclusive, &mut |under, value| {
        while let Some((key, after)) = change.take() {
            if key.as_slice() > under {
                change = Some((key, after));
                break;
            }
            wanted = after.as_ref().is_none_or(|after| see(&key, after));
            change = above(&key, false);
            if !wanted || key.as_slice() == under {
                return wanted;
            }
        }
        wanted = see(under, value);
        wanted
    });
    while let Some((key, after)) = change.take().filter(|_| wanted) {
        wanted = after.as_ref().is_none_or(|after| see(&key, after));
        change = above(&key, false);
    }
}
