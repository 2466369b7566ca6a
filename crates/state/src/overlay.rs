//! One block's own writes over what was before, undone per transaction.

use crate::{ReadState, State, WriteSet, tables::next_through};

/// A point to which an overlay can be rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Mark(usize);

impl Mark {
    pub(crate) const fn at(index: usize) -> Self {
        Self(index)
    }

    pub(crate) const fn index(self) -> usize {
        self.0
    }
}

/// Writes over a base that is never touched. A failed transaction rolls back to its [`Mark`] and leaves no trace.
pub struct Overlay<'a> {
    base: &'a dyn ReadState,
    writes: WriteSet,
    /// What each key held in `writes` before it was written, since the last settled mark.
    undo: Vec<(Vec<u8>, Option<Option<Vec<u8>>>)>,
}

impl<'a> Overlay<'a> {
    /// An overlay without writes.
    pub fn new(base: &'a dyn ReadState) -> Self {
        Self { base, writes: WriteSet::new(), undo: Vec::new() }
    }

    /// The present point.
    pub fn mark(&self) -> Mark {
        Mark(self.undo.len())
    }

    /// Undoes every write since `mark`.
    pub fn rollback(&mut self, mark: Mark) {
        while self.undo.len() > mark.0 {
            if let Some((key, before)) = self.undo.pop() {
                match before {
                    Some(value) => self.writes.insert(key, value),
                    None => self.writes.remove(&key),
                };
            }
        }
    }

    /// Forgets how to undo what was written so far: marks taken before are void.
    pub fn settle(&mut self) {
        self.undo.clear();
    }

    /// The writes made, in key order; a write that restores the base's value is left out.
    pub fn into_writes(self) -> WriteSet {
        let base = self.base;
        let mut writes = self.writes;
        writes.retain(|key, value| base.get_raw(key) != *value);
        writes
    }
}

impl ReadState for Overlay<'_> {
    fn get_raw(&self, key: &[u8]) -> Option<Vec<u8>> {
        match self.writes.get(key) {
            Some(change) => change.clone(),
            None => self.base.get_raw(key),
        }
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        next_through(std::iter::once(&self.writes), self.base, key, inclusive)
    }
}

impl State for Overlay<'_> {
    fn put_raw(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        match self.writes.get_mut(&key) {
            Some(slot) => {
                let before = std::mem::replace(slot, value);
                self.undo.push((key, Some(before)));
            }
            None => {
                self.undo.push((key.clone(), None));
                self.writes.insert(key, value);
            }
        }
    }

    fn as_read(&self) -> &dyn ReadState {
        self
    }
}
