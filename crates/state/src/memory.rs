//! A state of its own, for tests and simulations.

use crate::{Key, Mark, ReadState, Rewrite, State, Tables, WriteSet, journal::Journal, pages::Pages};

/// Rows in memory with the same undo as a block's overlay, and nothing below.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    rows: Pages,
    journal: Journal,
    /// Where a changed row is made.
    made: Vec<u8>,
}

impl Memory {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same rows as a state of its own, with nothing to undo. Both share the pages that neither changes: a branch costs a few words
    /// for every hundred rows or so, and a page is copied when one of them first writes to it. For what-ifs and checkpoints.
    pub fn branch(&mut self) -> Self {
        Self { rows: self.rows.branch(), ..Self::default() }
    }

    /// A copy as finalized tables.
    pub fn to_tables(&self) -> Tables {
        Tables::from_rows(self.rows.iter())
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
        self.rows.len() == other.rows.len() && self.rows.iter().eq(other.rows.iter())
    }
}

impl ReadState for Memory {
    fn look(&self, key: Key<'_>, see: &mut dyn FnMut(Option<&[u8]>)) {
        see(self.rows.get(key.bytes()));
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        self.rows.next(key, inclusive).map(|(key, value)| (key.to_vec(), value.to_vec()))
    }

    fn scan(&self, key: &[u8], inclusive: bool, see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        self.rows.scan(key, inclusive, see);
    }
}

impl State for Memory {
    fn put_raw(&mut self, key: Key<'_>, value: Option<&[u8]>) {
        self.rows.put(key.bytes(), value, Some(&mut self.journal));
    }

    fn change_raw(&mut self, key: Key<'_>, change: &mut Rewrite<'_>) {
        self.made.clear();
        self.rows.change(key.bytes(), &mut self.made, &mut self.journal, change);
    }

    fn take_raw(&mut self, key: &[u8], inclusive: bool, take: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        self.rows.take(key, inclusive, &mut self.journal, take);
    }

    fn mark(&self) -> Mark {
        Mark::at(self.journal.len())
    }

    fn rollback(&mut self, mark: Mark) {
        while self.journal.len() > mark.index() {
            self.journal.pop(|key, before| self.rows.put(key, before, None));
        }
    }

    fn settle(&mut self) {
        self.journal.clear();
    }

    fn as_read(&self) -> &dyn ReadState {
        self
    }
}
