//! Rows, and reading and writing them.

use crate::{Key, KeyBytes, RowKey};
use borsh::{BorshDeserialize, BorshSerialize};
use std::marker::PhantomData;

/// Something that lasts: one value under one natural key of one table.
pub trait Row: BorshSerialize + BorshDeserialize {
    /// First byte of every key of this table. Economy: 0x10 to 0x3f and 0x90 to 0x9f; services: 0x40 to 0x7f and 0xa0 to 0xbf; ledger: 0x80 to 0x8f, and 0xff behind all others.
    const TABLE: u8;
    /// The natural key inside the table.
    type Key: RowKey;
}

/// The whole key of a row.
#[inline]
pub fn row_key<R: Row>(key: &R::Key) -> KeyBytes {
    let mut bytes = KeyBytes::new();
    write_key::<R>(key, &mut bytes);
    bytes
}

/// Writes the whole key of a row where it is used: a copy of bytes that were written one by one just before waits for all of them.
#[inline]
fn write_key<R: Row>(key: &R::Key, bytes: &mut KeyBytes) {
    bytes.push(R::TABLE);
    key.write(bytes);
}

/// Rows that can be read. Raw methods see whole keys; the typed ones on `dyn ReadState` are what rules use.
pub trait ReadState {
    /// Shows the value under `key` to `see`, exactly once, without copying it.
    fn look(&self, key: Key<'_>, see: &mut dyn FnMut(Option<&[u8]>));

    /// A copy of the value under `key`.
    fn get_raw(&self, key: &[u8]) -> Option<Vec<u8>> {
        let mut copy = None;
        self.look(Key::new(key), &mut |value| copy = value.map(<[u8]>::to_vec));
        copy
    }

    /// The first row whose key is at least `key` (`inclusive`) or above it, in key order.
    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)>;

    /// Shows rows in key order, from the one that [`ReadState::next_raw`] gives on, as long as `see` says `true`. Copies nothing and
    /// looks for no row again, where the state can do so.
    fn scan(&self, key: &[u8], inclusive: bool, see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        let mut next = self.next_raw(key, inclusive);
        while let Some((key, value)) = next {
            if !see(&key, &value) {
                return;
            }
            next = self.next_raw(&key, false);
        }
    }
}

/// What a row becomes: sees what stands there, appends what is to stand there to the buffer, and says whether to write it.
pub type Rewrite<'f> = dyn FnMut(Option<&[u8]>, &mut Vec<u8>) -> bool + 'f;

/// A point to which a state can be rolled back: what was written before it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// Rows that can also be written, and be written back as they were.
///
/// Marks nest: whoever takes one may roll back to it, or leave what was written to whoever took an earlier one. A rollback to a mark
/// voids the later ones. Only who owns the state settles it, when nobody holds a mark any more.
pub trait State: ReadState {
    /// Writes `value` under `key`; `None` deletes.
    fn put_raw(&mut self, key: Key<'_>, value: Option<&[u8]>);

    /// Writes under `key` what `change` appends to the buffer it is given, beside what stands there now; nothing when it says
    /// `false`. One look-up, where the state can do so.
    fn change_raw(&mut self, key: Key<'_>, change: &mut Rewrite<'_>) {
        let mut after = Vec::with_capacity(64);
        let mut write = false;
        self.as_read().look(key, &mut |before| write = change(before, &mut after));
        if write {
            self.put_raw(key, Some(&after));
        }
    }

    /// Deletes rows in key order, from the one that [`ReadState::next_raw`] gives on, as long as `take` says `true`: it sees each of
    /// them before, and the one that it leaves. One walk, where the state can do so.
    fn take_raw(&mut self, key: &[u8], inclusive: bool, take: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        let (mut keys, mut ends) = (Vec::new(), Vec::new());
        self.as_read().scan(key, inclusive, &mut |key, value| {
            let taken = take(key, value);
            if taken {
                keys.extend_from_slice(key);
                ends.push(keys.len());
            }
            taken
        });
        let mut start = 0;
        for end in ends {
            self.put_raw(Key::new(&keys[start..end]), None);
            start = end;
        }
    }

    /// The present point.
    fn mark(&self) -> Mark;

    /// Undoes every write since `mark`.
    fn rollback(&mut self, mark: Mark);

    /// Forgets how to undo what was written so far: marks taken before are void.
    fn settle(&mut self);

    /// The same rows, to read only.
    fn as_read(&self) -> &dyn ReadState;
}

/// Longest row that is encoded on the stack.
const SHORT: usize = 128;

fn decode<R: Row>(bytes: &[u8]) -> R {
    borsh::from_slice(bytes).expect("a stored row decodes as the type that encoded it")
}

fn decode_key<R: Row>(key: &[u8]) -> Option<R::Key> {
    let (table, mut rest) = key.split_first()?;
    if *table != R::TABLE {
        return None;
    }
    let key = R::Key::read(&mut rest)?;
    rest.is_empty().then_some(key)
}

impl<'s> dyn ReadState + 's {
    /// The row under `key`.
    pub fn get<R: Row>(&self, key: &R::Key) -> Option<R> {
        let (mut bytes, mut row) = (KeyBytes::new(), None);
        write_key::<R>(key, &mut bytes);
        self.look(Key::new(&bytes), &mut |value| row = value.map(decode));
        row
    }

    /// Whether there is a row under `key`.
    pub fn has<R: Row>(&self, key: &R::Key) -> bool {
        let (mut bytes, mut there) = (KeyBytes::new(), false);
        write_key::<R>(key, &mut bytes);
        self.look(Key::new(&bytes), &mut |value| there = value.is_some());
        there
    }

    /// The table's first row whose key starts at or after `key`.
    pub fn first_from<R: Row>(&self, key: &R::Key) -> Option<(R::Key, R)> {
        self.typed(self.next_raw(&row_key::<R>(key), true)?)
    }

    /// The table's first row after `key`.
    pub fn next_after<R: Row>(&self, key: &R::Key) -> Option<(R::Key, R)> {
        self.typed(self.next_raw(&row_key::<R>(key), false)?)
    }

    /// Shows rows of the table in key order, from the first at or behind `key` on, as long as `see` says `true`: one walk.
    pub fn scan_from<R: Row>(&self, key: &R::Key, mut see: impl FnMut(R::Key, R) -> bool) {
        self.scan(&row_key::<R>(key), true, &mut |key, value| decode_key::<R>(key).is_some_and(|key| see(key, decode(value))));
    }

    /// All rows of the table in key order. For reads and audits; a rule that runs in a block uses due-lists instead.
    pub fn rows<R: Row>(&self) -> Rows<'_, 's, R> {
        self.rows_under(&[])
    }

    /// All rows of the table whose key begins with the encoding of `prefix`.
    pub fn rows_with<R: Row>(&self, prefix: &impl RowKey) -> Rows<'_, 's, R> {
        let mut bytes = KeyBytes::new();
        prefix.write(&mut bytes);
        self.rows_under(&bytes)
    }

    fn rows_under<R: Row>(&self, prefix: &[u8]) -> Rows<'_, 's, R> {
        let mut start = vec![R::TABLE];
        start.extend_from_slice(prefix);
        Rows { state: self, prefix: start.clone(), at: start, started: false, row: PhantomData }
    }

    fn typed<R: Row>(&self, (key, value): (Vec<u8>, Vec<u8>)) -> Option<(R::Key, R)> {
        Some((decode_key::<R>(&key)?, decode(&value)))
    }
}

impl<'s> dyn State + 's {
    /// The row under `key`.
    pub fn get<R: Row>(&self, key: &R::Key) -> Option<R> {
        self.as_read().get(key)
    }

    /// Whether there is a row under `key`.
    pub fn has<R: Row>(&self, key: &R::Key) -> bool {
        self.as_read().has::<R>(key)
    }

    /// The table's first row whose key is at least `key`.
    pub fn first_from<R: Row>(&self, key: &R::Key) -> Option<(R::Key, R)> {
        self.as_read().first_from(key)
    }

    /// The table's first row after `key`.
    pub fn next_after<R: Row>(&self, key: &R::Key) -> Option<(R::Key, R)> {
        self.as_read().next_after(key)
    }

    /// Writes the row under `key`.
    pub fn put<R: Row>(&mut self, key: &R::Key, row: &R) {
        let mut bytes = KeyBytes::new();
        write_key::<R>(key, &mut bytes);
        // Most rows are short: those are written without asking for memory.
        let mut short = [0; SHORT];
        let mut free = &mut short[..];
        if row.serialize(&mut free).is_ok() {
            let length = SHORT - free.len();
            self.put_raw(Key::new(&bytes), Some(&short[..length]));
        } else {
            let long = borsh::to_vec(row).expect("writing to memory does not fail");
            self.put_raw(Key::new(&bytes), Some(&long));
        }
    }

    /// Writes under `key` what `change` makes of the row there.
    ///
    /// # Errors
    /// Those of `change`; then nothing is written.
    pub fn change<R: Row, E>(&mut self, key: &R::Key, change: impl FnOnce(Option<R>) -> Result<R, E>) -> Result<(), E> {
        let (mut change, mut result, mut bytes) = (Some(change), Ok(()), KeyBytes::new());
        write_key::<R>(key, &mut bytes);
        self.change_raw(Key::new(&bytes), &mut |before, after| {
            let made = change.take().map(|change| change(before.map(decode)));
            match made {
                Some(Ok(row)) => {
                    row.serialize(after).expect("writing to memory does not fail");
                    true
                }
                Some(Err(error)) => {
                    result = Err(error);
                    false
                }
                None => false,
            }
        });
        result
    }

    /// Deletes rows of the table whose key begins with the encoding of `prefix`, in key order, from the first behind `prefix` and
    /// `after` on, as long as `take` says `true`: it sees the rest of each key and the row before.
    pub fn take<R: Row, Rest: RowKey>(
        &mut self,
        prefix: &impl RowKey,
        after: Option<&Rest>,
        mut take: impl FnMut(Rest, R) -> bool,
    ) {
        let mut start = KeyBytes::new();
        start.push(R::TABLE);
        prefix.write(&mut start);
        let mut from = start;
        if let Some(after) = after {
            after.write(&mut from);
        }
        self.take_raw(&from, after.is_none(), &mut |key, value| {
            let Some(mut rest) = key.strip_prefix(&*start) else { return false };
            take(Rest::read(&mut rest).expect("every key of a table decodes as its type"), decode(value))
        });
    }

    /// Deletes the row under `key`, if there is one.
    pub fn delete<R: Row>(&mut self, key: &R::Key) {
        self.put_raw(Key::new(&row_key::<R>(key)), None);
    }
}

/// Rows of one table in key order.
pub struct Rows<'a, 's, R> {
    state: &'a (dyn ReadState + 's),
    prefix: Vec<u8>,
    at: Vec<u8>,
    started: bool,
    row: PhantomData<R>,
}

impl<R: Row> Iterator for Rows<'_, '_, R> {
    type Item = (R::Key, R);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.state.next_raw(&self.at, !self.started)?;
        if !key.starts_with(&self.prefix) {
            return None;
        }
        self.started = true;
        let typed = (decode_key::<R>(&key).expect("every key of a table decodes as its type"), decode(&value));
        self.at = key;
        Some(typed)
    }
}
