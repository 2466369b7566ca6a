//! One block's own writes over what was before, undone per transaction.

use crate::{
    Key, Mark, ReadState, Rewrite, State, WriteSet,
    layer::{Layer, Span},
    tables::{bound, next_through, scan_through},
};
use std::{cell::RefCell, collections::BTreeMap, ops::Bound};

/// Writes over a base that is never touched. A failed transaction rolls back to its [`Mark`] and leaves no trace.
pub struct Overlay<'a> {
    base: &'a dyn ReadState,
    /// Every row ever written; one that was rolled back says what the base holds.
    layer: Layer,
    /// Numbers of the layer's entries in key order. Few blocks ask for it, so new ones are only sorted in when somebody does.
    order: RefCell<Order>,
    /// What each entry said before it was written, since the last settled mark.
    undo: Vec<(u32, Option<Span>)>,
    /// Bytes of the rows now, less those of the base.
    growth: i64,
}

impl<'a> Overlay<'a> {
    /// An overlay without writes.
    pub fn new(base: &'a dyn ReadState) -> Self {
        Self::with_room(base, 0)
    }

    /// An overlay without writes that will probably write this many rows.
    pub fn with_room(base: &'a dyn ReadState, rows: usize) -> Self {
        Self { base, layer: Layer::with_room(rows), order: RefCell::default(), undo: Vec::new(), growth: 0 }
    }

    /// The writes made, in key order; a write that restores the base's value is left out.
    pub fn into_writes(self) -> WriteSet {
        WriteSet::of(self.layer)
    }

    /// Bytes by which the rows grew over those of the base, keys and values counted; below zero when more was removed than added.
    pub const fn growth(&self) -> i64 {
        self.growth
    }

    /// Writes an entry's value and says what it was before.
    fn set(&mut self, number: u32, after: Option<Span>) -> Option<Span> {
        let before = std::mem::replace(&mut self.layer.entry_mut(number).after, after);
        self.growth += self.layer.size(number, after) - self.layer.size(number, before);
        before
    }

    /// The number of the entry of `key`, which is made when there is none.
    fn entry(&mut self, key: Key<'_>) -> u32 {
        let key = key.hashed();
        if let Some(number) = self.layer.find(key) {
            return number;
        }
        let (base, layer) = (self.base, &mut self.layer);
        let number = layer.add(key);
        base.look(key, &mut |value| {
            let before = value.map(|value| layer.keep(value));
            let entry = layer.entry_mut(number);
            (entry.before, entry.after) = (before, before);
        });
        number
    }

    /// The first written key after `key` (or at it), and what was written. Writes past the table of `upto` need not be told.
    fn next_write(&self, key: &[u8], inclusive: bool, upto: Option<&[u8]>) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let mut order = self.order.borrow_mut();
        order.take_in(&self.layer);
        let (key, number) = order.next(&self.layer, key, inclusive, upto)?;
        Some((key, self.layer.after(number).map(<[u8]>::to_vec)))
    }
}

/// Numbers of a layer's entries in key order, table by table. A block writes many rows of tables that nobody walks through, and
/// asks often for the next row of one that it hardly writes: only what is asked for is sorted.
#[derive(Debug, Default)]
struct Order {
    /// How many entries were taken in; entries are never removed, so those that were not are the last ones.
    seen: u32,
    /// By the first byte of the key; an empty key stands alone before all.
    tables: BTreeMap<Option<u8>, TableOrder>,
}

#[derive(Debug, Default)]
struct TableOrder {
    unsorted: Vec<u32>,
    sorted: BTreeMap<Vec<u8>, u32>,
}

impl Order {
    fn take_in(&mut self, layer: &Layer) {
        let end = u32::try_from(layer.len()).expect("a layer numbers its entries so");
        for number in self.seen..end {
            let table = layer.key(number).bytes().first().copied();
            self.tables.entry(table).or_default().unsorted.push(number);
        }
        self.seen = end;
    }

    fn next(&mut self, layer: &Layer, key: &[u8], inclusive: bool, upto: Option<&[u8]>) -> Option<(Vec<u8>, u32)> {
        let last = upto.map(|upto| upto.first().copied());
        for (table, rows) in self.tables.range_mut(key.first().copied()..) {
            if last.is_some_and(|last| *table > last) {
                return None;
            }
            rows.sorted.extend(rows.unsorted.drain(..).map(|number| (layer.key(number).bytes().to_vec(), number)));
            if let Some((key, number)) = rows.sorted.range::<[u8], _>((bound(key, inclusive), Bound::Unbounded)).next() {
                return Some((key.clone(), *number));
            }
        }
        None
    }
}

impl ReadState for Overlay<'_> {
    fn look(&self, key: Key<'_>, see: &mut dyn FnMut(Option<&[u8]>)) {
        let key = key.hashed();
        match self.layer.find(key) {
            Some(number) => see(self.layer.after(number)),
            None => self.base.look(key, see),
        }
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        next_through(self.base, key, inclusive, |at, inclusive, upto| self.next_write(at, inclusive, upto))
    }

    fn scan(&self, key: &[u8], inclusive: bool, see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        scan_through(self.base, key, inclusive, |at, inclusive| self.next_write(at, inclusive, None), see);
    }
}

impl State for Overlay<'_> {
    fn put_raw(&mut self, key: Key<'_>, value: Option<&[u8]>) {
        let number = self.entry(key);
        let after = value.map(|value| self.layer.keep(value));
        let before = self.set(number, after);
        self.undo.push((number, before));
    }

    fn change_raw(&mut self, key: Key<'_>, change: &mut Rewrite<'_>) {
        let number = self.entry(key);
        let mut after = Vec::with_capacity(64);
        if change(self.layer.after(number), &mut after) {
            let after = self.layer.keep(&after);
            let before = self.set(number, Some(after));
            self.undo.push((number, before));
        }
    }

    fn mark(&self) -> Mark {
        Mark::at(self.undo.len())
    }

    fn rollback(&mut self, mark: Mark) {
        // A mark from before the last settling is void: what it would undo is not known any more.
        let from = mark.index().min(self.undo.len());
        while self.undo.len() > from {
            let Some((entry, before)) = self.undo.pop() else { return };
            self.set(entry, before);
        }
    }

    fn settle(&mut self) {
        self.undo.clear();
    }

    fn as_read(&self) -> &dyn ReadState {
        self
    }
}
