//! One page: a few rows in key order.

use crate::key::first_bytes;
use std::{cmp::Ordering, hint::black_box, ops::Range, sync::Arc};

/// Most rows of a page.
pub(crate) const PAGE_ROWS: usize = 128;

/// Bytes that come from memory at once.
const CACHE_LINE: usize = 64;

/// Buffers shorter than this are not worth tidying.
const TIDY_BYTES: usize = 4_096;

/// Where a row stands in its page's buffer: its key, then its value.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Its key's first bytes behind what all keys of the page share; they decide most comparisons.
    head: u64,
    at: u32,
    key: u32,
    value: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// The first key that belongs here; the next page's ends it.
    pub from: Arc<[u8]>,
    /// The next page in key order; 0 behind the last one.
    pub next: u32,
    /// How many first bytes all keys here share.
    shared: u32,
    bytes: Vec<u8>,
    /// In key order.
    rows: Vec<Slot>,
    /// Bytes of the rows; the buffer's others were overwritten.
    live: usize,
}

pub(crate) fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a page of rows is far below four gigabytes")
}

/// Whether two keys are equal. Most that are compared are, and of no more than a hundred bytes: calling the system for that costs more than
/// comparing them.
#[inline]
fn same_key(a: &[u8], b: &[u8]) -> bool {
    let ((a, rest), (b, other)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let word = |bytes: &[u8; 16]| u128::from_ne_bytes(*bytes);
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| word(a) == word(b)) && rest.len() == other.len() && rest.iter().eq(other)
}

/// How many first bytes two keys share.
pub(crate) fn shared_bytes(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

impl Page {
    /// An empty page for the keys from this one on.
    pub fn starting(from: Arc<[u8]>) -> Self {
        Self { from, ..Self::default() }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// A row's key and value, one behind the other, and the length of the key.
    pub fn row(&self, row: usize) -> (&[u8], usize) {
        let slot = self.rows[row];
        (&self.bytes[slot.at as usize..][..(slot.key + slot.value) as usize], slot.key as usize)
    }

    /// A row's key and value.
    pub fn split(&self, row: usize) -> (&[u8], &[u8]) {
        let (row, key) = self.row(row);
        row.split_at(key)
    }

    /// A row's key.
    pub fn key(&self, row: usize) -> &[u8] {
        self.split(row).0
    }

    /// A row's value.
    pub fn value(&self, row: usize) -> &[u8] {
        self.split(row).1
    }

    /// Asks for the memory of its `part`-th row or so. A walk that comes here next needs all of it soon, and rows stand there in the
    /// order in which they were written: waiting for them one by one costs more than all the rest.
    pub fn fetch(&self, part: usize) {
        let at = 2 * CACHE_LINE * part;
        let (one, other) = (self.bytes.get(at), self.bytes.get(at + CACHE_LINE));
        black_box((one.copied(), other.copied(), self.rows.get(part).map(|slot| slot.head)));
    }

    /// What of `key` comes behind the bytes that all keys here share; or how all of them compare with it.
    #[inline]
    fn behind_shared<'k>(&self, key: &'k [u8]) -> Result<&'k [u8], Ordering> {
        let shared = self.shared as usize;
        let Some(first) = self.rows.first() else { return Ok(key) };
        match key.split_at_checked(shared) {
            Some((start, rest)) => match self.bytes[first.at as usize..][..shared].cmp(start) {
                Ordering::Equal => Ok(rest),
                other => Err(other),
            },
            None => Err(self.bytes[first.at as usize..][..shared].cmp(key)),
        }
    }

    /// How a row's key compares with one that goes on with `rest`, whose first bytes are `head`.
    #[inline]
    fn compare(&self, slot: Slot, head: u64, rest: &[u8]) -> Ordering {
        let own = || &self.bytes[(slot.at + self.shared) as usize..][..(slot.key - self.shared) as usize];
        slot.head.cmp(&head).then_with(|| own().cmp(rest))
    }

    /// The row of `key`, or where it would stand.
    pub fn search(&self, key: &[u8]) -> Result<usize, usize> {
        match self.behind_shared(key) {
            Ok(rest) => {
                let head = first_bytes(rest);
                self.rows.binary_search_by(|slot| self.compare(*slot, head, rest))
            }
            Err(Ordering::Less) => Err(self.rows.len()),
            Err(_) => Err(0),
        }
    }

    /// As [`Page::search`], if `key` comes at or behind `row`, and not behind the last one. It costs less the nearer it is, and least where it is
    /// `step` rows on, which is none or one.
    pub fn search_near(&self, row: usize, step: usize, key: &[u8]) -> Option<Result<usize, usize>> {
        let head = first_bytes(key.get(self.shared as usize..)?);
        // Mostly one of both is the row: whole keys that are equal need no look at what all keys here share.
        let same = |at: usize| self.rows.get(at).is_some_and(|slot| slot.head == head && same_key(self.key(at), key));
        let other = usize::from(step == 0);
        if let Some(found) = [row + step, row + other].into_iter().find(|at| same(*at)) {
            return Some(Ok(found));
        }
        let last = *self.rows.get(row + 1..)?.last()?;
        let rest = self.behind_shared(key).ok()?;
        if self.compare(self.rows[row], head, rest) == Ordering::Greater || self.compare(last, head, rest) == Ordering::Less {
            return None;
        }
        Some(self.gallop(row, head, rest))
    }

    /// Searches behind `row`, which comes before the key: by steps that double, then between the last two.
    fn gallop(&self, row: usize, head: u64, rest: &[u8]) -> Result<usize, usize> {
        let before = |at: usize| self.rows.get(at).is_some_and(|slot| self.compare(*slot, head, rest) == Ordering::Less);
        let (mut from, mut step) = (row + 1, 1);
        while before(from + step - 1) {
            from += step;
            step *= 2;
        }
        let upto = self.rows.len().min(from + step);
        let found = self.rows[from..upto].binary_search_by(|slot| self.compare(*slot, head, rest));
        found.map(|at| from + at).map_err(|at| from + at)
    }

    /// Whether the last row comes before `key`.
    pub fn ends_before(&self, key: &[u8]) -> bool {
        let Some(last) = self.rows.last() else { return true };
        match self.behind_shared(key) {
            Ok(rest) => self.compare(*last, first_bytes(rest), rest) == Ordering::Less,
            Err(how) => how == Ordering::Less,
        }
    }

    /// Its rows in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        (0..self.rows.len()).map(|row| self.split(row))
    }

    fn append(&mut self, key: &[u8], value: &[u8]) -> Slot {
        let at = size(self.bytes.len());
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.live += key.len() + value.len();
        let head = first_bytes(key.get(self.shared as usize..).unwrap_or_default());
        Slot { head, at, key: size(key.len()), value: size(value.len()) }
    }

    /// Puts a row before the one at `row`.
    pub fn insert(&mut self, row: usize, key: &[u8], value: &[u8]) {
        let first = if self.rows.is_empty() { key } else { self.key(0) };
        // With one row alone all bytes are shared: the next one decides.
        let shared = if self.rows.is_empty() { 0 } else { shared_bytes(first, key) };
        if self.rows.len() <= 1 || shared < self.shared as usize {
            self.share(shared);
        }
        let slot = self.append(key, value);
        self.rows.insert(row, slot);
    }

    /// Notes that all keys share so many bytes.
    fn share(&mut self, shared: usize) {
        self.shared = size(shared);
        for row in 0..self.rows.len() {
            self.rows[row].head = first_bytes(&self.key(row)[shared..]);
        }
    }

    /// Gives a row another value.
    pub fn set(&mut self, row: usize, value: &[u8]) {
        let slot = self.rows[row];
        if slot.value as usize == value.len() {
            self.bytes[(slot.at + slot.key) as usize..][..value.len()].copy_from_slice(value);
            return;
        }
        self.live -= (slot.key + slot.value) as usize;
        let key = self.key(row).to_vec();
        self.rows[row] = self.append(&key, value);
        self.tidy();
    }

    /// Removes rows.
    pub fn remove(&mut self, rows: Range<usize>) {
        self.live -= self.rows.drain(rows).map(|slot| (slot.key + slot.value) as usize).sum::<usize>();
        self.tidy();
    }

    /// Drops what was overwritten once it is a third of the buffer.
    pub fn tidy(&mut self) {
        if self.bytes.len() > TIDY_BYTES.max(self.live + self.live / 2) {
            let rows = self.split_off(0);
            (self.bytes, self.rows, self.live, self.shared) = (rows.bytes, rows.rows, rows.live, rows.shared);
        }
    }

    /// Moves the rows from `row` on into a page of their own.
    pub fn split_off(&mut self, row: usize) -> Self {
        // Room for as much as stands here: more rows come where some came.
        let (bytes, rows) = (Vec::with_capacity(self.bytes.len()), Vec::with_capacity(PAGE_ROWS + 1));
        let mut page = Self { bytes, rows, ..Self::default() };
        if let Some(last) = self.rows.len().checked_sub(1).filter(|last| *last > row) {
            page.shared = size(shared_bytes(self.key(row), self.key(last)));
        }
        for moved in row..self.rows.len() {
            let (key, value) = self.split(moved);
            let slot = page.append(key, value);
            page.rows.push(slot);
        }
        self.rows.truncate(row);
        self.live -= page.live;
        page
    }
}
