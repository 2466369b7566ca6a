//! Changed rows that are found by key: what an overlay writes and a write set keeps.
//!
//! Keys and values stand one behind the other in one buffer, so that a write allocates nothing; a value that is overwritten stays
//! there until the whole is dropped.

use crate::Key;
use hashbrown::HashTable;

/// Bytes that a small row takes in the buffer: its key, what was there and what was written once or twice.
const ROW_BYTES: usize = 128;

/// Where a key or a value stands in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    at: usize,
    len: usize,
}

/// One row that was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    hash: u64,
    key: Span,
    /// What the base holds.
    pub before: Option<Span>,
    /// What stands there now.
    pub after: Option<Span>,
}

/// Rows in the order in which they were first written, with an index by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layer {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    index: HashTable<u32>,
}

impl Layer {
    /// A layer with room for about so many rows.
    pub fn with_room(rows: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(rows.saturating_mul(ROW_BYTES)),
            entries: Vec::with_capacity(rows),
            index: HashTable::with_capacity(rows),
        }
    }

    /// Number of the entry of `key`.
    pub fn find(&self, key: Key<'_>) -> Option<u32> {
        self.index.find(key.hash(), |i| self.key(*i).bytes() == key.bytes()).copied()
    }

    /// Bytes that an entry's row takes when it holds `value`: its key and the value, or nothing.
    pub fn size(&self, number: u32, value: Option<Span>) -> i64 {
        let size = value.map_or(0, |value| self.entry(number).key.len + value.len);
        i64::try_from(size).expect("a row fits into memory")
    }

    /// Adds an entry without values for a key that has none, and gives its number.
    pub fn add(&mut self, key: Key<'_>) -> u32 {
        let number = u32::try_from(self.entries.len()).expect("a block changes far fewer rows");
        let span = self.keep(key.bytes());
        self.entries.push(Entry { hash: key.hash(), key: span, before: None, after: None });
        let entries = &self.entries;
        self.index.insert_unique(key.hash(), number, |i| entries[*i as usize].hash);
        number
    }

    /// Copies bytes into the buffer.
    pub fn keep(&mut self, bytes: &[u8]) -> Span {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        Span { at, len: bytes.len() }
    }

    /// Bytes of the buffer.
    pub fn bytes(&self, span: Span) -> &[u8] {
        &self.bytes[span.at..][..span.len]
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// An entry.
    pub fn entry(&self, number: u32) -> &Entry {
        &self.entries[number as usize]
    }

    /// An entry, to change it.
    pub fn entry_mut(&mut self, number: u32) -> &mut Entry {
        &mut self.entries[number as usize]
    }

    /// An entry's key.
    pub fn key(&self, number: u32) -> Key<'_> {
        let entry = self.entry(number);
        Key::known(self.bytes(entry.key), entry.hash)
    }

    /// What an entry's base holds.
    pub fn before(&self, number: u32) -> Option<&[u8]> {
        self.entry(number).before.map(|span| self.bytes(span))
    }

    /// What an entry says.
    pub fn after(&self, number: u32) -> Option<&[u8]> {
        self.entry(number).after.map(|span| self.bytes(span))
    }
}
