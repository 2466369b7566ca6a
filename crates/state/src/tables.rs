//! Finalized rows, frozen write sets and the view through them.
//!
//! Point reads are the hot path, so both keep a hash index beside the order; the order alone decides every iteration.

use crate::ReadState;
use ahash::RandomState;
use hashbrown::HashTable;
use std::{
    collections::{BTreeSet, HashMap},
    ops::Bound,
    sync::Arc,
};

/// Changed rows of one block in ascending key order, each key once; `None` is a deletion.
#[derive(Clone, Debug, Default)]
pub struct WriteSet {
    sorted: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    index: HashTable<u32>,
    hasher: RandomState,
}

impl WriteSet {
    /// A set of these changes, in any order; of several changes of one key the last counts.
    pub fn new(changes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>) -> Self {
        let mut sorted: Vec<_> = changes.into_iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        sorted.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(&mut later.1, &mut kept.1);
            }
            same
        });
        let hasher = RandomState::new();
        let mut index = HashTable::with_capacity(sorted.len());
        for (at, (key, _)) in sorted.iter().enumerate() {
            let at = u32::try_from(at).expect("a block changes far fewer rows");
            index.insert_unique(hasher.hash_one(key.as_slice()), at, |i| hasher.hash_one(sorted[*i as usize].0.as_slice()));
        }
        Self { sorted, index, hasher }
    }

    /// Adds a change whose key sorts after all others.
    ///
    /// # Panics
    /// When it does not: the caller chose its key as the last of all tables.
    pub fn push_last(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        assert!(self.sorted.last().is_none_or(|(last, _)| *last < key), "the key sorts after all others");
        let at = u32::try_from(self.sorted.len()).expect("a block changes far fewer rows");
        self.sorted.push((key, value));
        let (sorted, hasher) = (&self.sorted, &self.hasher);
        let hash = |i: &u32| hasher.hash_one(sorted[*i as usize].0.as_slice());
        self.index.insert_unique(hash(&at), at, hash);
    }

    /// The change of `key`, if there is one.
    pub fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        let found = self.index.find(self.hasher.hash_one(key), |i| self.sorted[*i as usize].0 == key)?;
        Some(&self.sorted[*found as usize].1)
    }

    /// The changes in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.sorted.iter().map(|(key, value)| (key.as_slice(), value.as_deref()))
    }

    /// Number of changes.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    fn next(&self, key: &[u8], inclusive: bool) -> Option<(&[u8], Option<&[u8]>)> {
        let at = self.sorted.partition_point(|(k, _)| if inclusive { k.as_slice() < key } else { k.as_slice() <= key });
        self.sorted.get(at).map(|(key, value)| (key.as_slice(), value.as_deref()))
    }
}

impl PartialEq for WriteSet {
    fn eq(&self, other: &Self) -> bool {
        self.sorted == other.sorted
    }
}

impl IntoIterator for WriteSet {
    type Item = (Vec<u8>, Option<Vec<u8>>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.sorted.into_iter()
    }
}

/// The rows of the last finalized block.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    rows: HashMap<Arc<[u8]>, Vec<u8>, RandomState>,
    order: BTreeSet<Arc<[u8]>>,
}

impl Tables {
    /// Tables holding exactly `rows`.
    pub fn from_rows(rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        let mut tables = Self::default();
        rows.into_iter().for_each(|(key, value)| tables.put(&key, value));
        tables
    }

    /// Folds a block's changes in.
    pub fn apply(&mut self, changes: &WriteSet) {
        for (key, value) in changes.iter() {
            match value {
                Some(value) => self.put(key, value.to_vec()),
                None => {
                    self.rows.remove(key);
                    self.order.remove(key);
                }
            }
        }
    }

    fn put(&mut self, key: &[u8], value: Vec<u8>) {
        if let Some(slot) = self.rows.get_mut(key) {
            *slot = value;
            return;
        }
        let key: Arc<[u8]> = key.into();
        self.order.insert(key.clone());
        self.rows.insert(key, value);
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
        self.order.iter().map(|key| (&**key, self.rows[key].as_slice()))
    }
}

impl ReadState for Tables {
    fn look(&self, key: &[u8], see: &mut dyn FnMut(Option<&[u8]>)) {
        see(self.rows.get(key).map(Vec::as_slice));
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        let key = self.order.range::<[u8], _>((bound(key, inclusive), Bound::Unbounded)).next()?;
        Some((key.to_vec(), self.rows[key].clone()))
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
    fn look(&self, key: &[u8], see: &mut dyn FnMut(Option<&[u8]>)) {
        match self.frozen.iter().rev().find_map(|writes| writes.get(key)) {
            Some(change) => see(change.as_deref()),
            None => self.tables.look(key, see),
        }
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        next_through(self.tables, key, inclusive, |at, inclusive| {
            // `min_by` keeps the first of equals: the newest layer.
            let layers = self.frozen.iter().rev().filter_map(|writes| writes.next(at, inclusive));
            layers.min_by(|a, b| a.0.cmp(b.0)).map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec)))
        })
    }
}

/// The next row through changes over a base: the smaller key of both, skipping what the changes deleted. `above` gives the next
/// change after a key (or at it, if inclusive).
pub(crate) fn next_through(
    base: &dyn ReadState,
    key: &[u8],
    inclusive: bool,
    above: impl Fn(&[u8], bool) -> Option<(Vec<u8>, Option<Vec<u8>>)>,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut at, mut inclusive) = (key.to_vec(), inclusive);
    loop {
        let below = base.next_raw(&at, inclusive);
        match (above(&at, inclusive), below) {
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
