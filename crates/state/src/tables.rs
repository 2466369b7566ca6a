//! Finalized rows, frozen write sets and the view through them.

use crate::ReadState;
use std::{collections::BTreeMap, ops::Bound, sync::Arc};

/// Changed rows of one block in key order; `None` is a deletion.
pub type WriteSet = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The rows of the last finalized block.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Tables {
    /// Tables holding exactly `rows`.
    pub fn from_rows(rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        Self { rows: rows.into_iter().collect() }
    }

    /// Folds a block's changes in.
    pub fn apply(&mut self, changes: &WriteSet) {
        for (key, value) in changes {
            match value {
                Some(value) => {
                    if let Some(slot) = self.rows.get_mut(key) {
                        slot.clone_from(value);
                    } else {
                        self.rows.insert(key.clone(), value.clone());
                    }
                }
                None => {
                    self.rows.remove(key);
                }
            }
        }
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
        self.rows.iter().map(|(key, value)| (key.as_slice(), value.as_slice()))
    }
}

impl ReadState for Tables {
    fn get_raw(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.rows.get(key).cloned()
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        let (key, value) = self.rows.range::<[u8], _>((bound(key, inclusive), Bound::Unbounded)).next()?;
        Some((key.clone(), value.clone()))
    }
}

fn bound(key: &[u8], inclusive: bool) -> Bound<&[u8]> {
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
    fn get_raw(&self, key: &[u8]) -> Option<Vec<u8>> {
        match self.frozen.iter().rev().find_map(|writes| writes.get(key)) {
            Some(change) => change.clone(),
            None => self.tables.get_raw(key),
        }
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        let layers = self.frozen.iter().map(Arc::as_ref).rev();
        next_through(layers, self.tables, key, inclusive)
    }
}

/// The next row through write sets (newest first) over a base: the smallest key of any layer, skipping what a newer layer deleted.
pub(crate) fn next_through<'l>(
    layers: impl Iterator<Item = &'l WriteSet> + Clone,
    base: &dyn ReadState,
    key: &[u8],
    inclusive: bool,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut at, mut inclusive) = (key.to_vec(), inclusive);
    loop {
        let below = base.next_raw(&at, inclusive);
        // `min_by` keeps the first of equals: the newest layer.
        let above = layers
            .clone()
            .filter_map(|writes| writes.range::<[u8], _>((bound(&at, inclusive), Bound::Unbounded)).next())
            .min_by(|a, b| a.0.cmp(b.0));
        match (above, below) {
            (None, below) => return below,
            (Some((key, _)), Some((under, value))) if under < *key => return Some((under, value)),
            (Some((key, Some(value))), _) => return Some((key.clone(), value.clone())),
            (Some((key, None)), _) => {
                at.clone_from(key);
                inclusive = false;
            }
        }
    }
}
