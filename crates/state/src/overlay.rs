//! One block's own writes over what was before, undone per transaction.

use crate::{
    ReadState, State, WriteSet,
    tables::{bound, next_through},
};
use ahash::RandomState;
use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    ops::Bound,
};

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

/// Keys written, in order. Few blocks ask for it, so new keys are only noted and sorted in when somebody does.
#[derive(Default)]
struct Order {
    sorted: BTreeSet<Vec<u8>>,
    noted: Vec<Vec<u8>>,
}

/// Writes over a base that is never touched. A failed transaction rolls back to its [`Mark`] and leaves no trace.
pub struct Overlay<'a> {
    base: &'a dyn ReadState,
    writes: HashMap<Vec<u8>, Option<Vec<u8>>, RandomState>,
    /// Holds every key of `writes`, and perhaps some that were rolled back.
    order: RefCell<Order>,
    /// What each key held in `writes` before it was written, since the last settled mark.
    undo: Vec<(Vec<u8>, Option<Option<Vec<u8>>>)>,
}

impl<'a> Overlay<'a> {
    /// An overlay without writes.
    pub fn new(base: &'a dyn ReadState) -> Self {
        Self { base, writes: HashMap::default(), order: RefCell::default(), undo: Vec::new() }
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
        let changes = |(key, value): &(Vec<u8>, Option<Vec<u8>>)| {
            let mut same = false;
            base.look(key, &mut |before| same = before == value.as_deref());
            !same
        };
        WriteSet::new(self.writes.into_iter().filter(changes))
    }

    /// The first written key after `key` (or at it), and what was written.
    fn next_write(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let mut order = self.order.borrow_mut();
        let Order { sorted, noted } = &mut *order;
        sorted.extend(noted.drain(..));
        let mut from = sorted.range::<[u8], _>((bound(key, inclusive), Bound::Unbounded));
        from.find_map(|key| Some((key.clone(), self.writes.get(key)?.clone())))
    }
}

impl ReadState for Overlay<'_> {
    fn look(&self, key: &[u8], see: &mut dyn FnMut(Option<&[u8]>)) {
        match self.writes.get(key) {
            Some(change) => see(change.as_deref()),
            None => self.base.look(key, see),
        }
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        next_through(self.base, key, inclusive, |at, inclusive| self.next_write(at, inclusive))
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
                self.order.get_mut().noted.push(key.clone());
                self.writes.insert(key, value);
            }
        }
    }

    fn as_read(&self) -> &dyn ReadState {
        self
    }
}
