//! A state of its own, for tests and simulations.

use crate::{Key, Mark, ReadState, Rewrite, State, Tables, WriteSet};
use std::{collections::btree_map::Entry, ops::Bound};

/// Rows in memory with the same undo as a block's overlay, and nothing below.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    rows: std::collections::BTreeMap<Vec<u8>, Vec<u8>>,
    undo: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Memory {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    /// The present point; see [`Memory::rollback`].
    pub fn mark(&self) -> Mark {
        Mark::at(self.undo.len())
    }

    /// Undoes every write since `mark`.
    pub fn rollback(&mut self, mark: Mark) {
        while self.undo.len() > mark.index() {
            if let Some((key, before)) = self.undo.pop() {
                match before {
                    Some(value) => self.rows.insert(key, value),
                    None => self.rows.remove(&key),
                };
            }
        }
    }

    /// Forgets how to undo what was written so far: marks taken before are void.
    pub fn settle(&mut self) {
        self.undo.clear();
    }

    /// A copy as finalized tables.
    pub fn to_tables(&self) -> Tables {
        Tables::from_rows(self.rows.clone())
    }

    /// Applies a block's changes.
    pub fn apply(&mut self, changes: &WriteSet) {
        for change in changes.changes() {
            self.put_raw(change.key, change.after);
        }
    }
}

impl PartialEq for Memory {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

impl ReadState for Memory {
    fn look(&self, key: Key<'_>, see: &mut dyn FnMut(Option<&[u8]>)) {
        see(self.rows.get(key.bytes()).map(Vec::as_slice));
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        let start = if inclusive { Bound::Included(key) } else { Bound::Excluded(key) };
        let (key, value) = self.rows.range::<[u8], _>((start, Bound::Unbounded)).next()?;
        Some((key.clone(), value.clone()))
    }

    fn scan(&self, key: &[u8], inclusive: bool, see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        let start = if inclusive { Bound::Included(key) } else { Bound::Excluded(key) };
        // `all` stops at the first row after which nobody wants another.
        self.rows.range::<[u8], _>((start, Bound::Unbounded)).all(|(key, value)| see(key, value));
    }
}

impl State for Memory {
    fn put_raw(&mut self, key: Key<'_>, value: Option<&[u8]>) {
        let key = key.bytes();
        let (key, before) = match value {
            None => self.rows.remove_entry(key).map_or_else(|| (key.to_vec(), None), |(key, row)| (key, Some(row))),
            Some(value) => match self.rows.entry(key.to_vec()) {
                Entry::Occupied(mut row) => (key.to_vec(), Some(row.insert(value.to_vec()))),
                Entry::Vacant(place) => {
                    place.insert(value.to_vec());
                    (key.to_vec(), None)
                }
            },
        };
        self.undo.push((key, before));
    }

    fn change_raw(&mut self, key: Key<'_>, change: &mut Rewrite<'_>) {
        let mut after = Vec::with_capacity(64);
        match self.rows.entry(key.bytes().to_vec()) {
            Entry::Occupied(mut row) if change(Some(row.get()), &mut after) => {
                self.undo.push((key.bytes().to_vec(), Some(row.insert(after))));
            }
            Entry::Vacant(place) if change(None, &mut after) => {
                place.insert(after);
                self.undo.push((key.bytes().to_vec(), None));
            }
            Entry::Occupied(_) | Entry::Vacant(_) => {}
        }
    }

    fn as_read(&self) -> &dyn ReadState {
        self
    }
}
