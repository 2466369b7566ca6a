//! A digest of all rows that depends on nothing but them.
//!
//! State roots depend on the history of operations; this digest lets anybody compare two states, or check an export, whatever their
//! histories were. It is SHA-256 over the number of rows, then `key length, key, value length, value` of each in key order, lengths as
//! eight bytes, the first one first. No block holds it: it is made when somebody asks, while the chain goes on.

use depin_quantity::UnitId;
use depin_state::{ReadState, Tables, WriteSet};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Rows that are hashed while the finalized rows stand still: less than a millisecond.
pub(crate) const CHUNK: usize = 512;

/// Digest of all rows of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ContentDigest {
    /// Height of the block after which these were the rows.
    pub height: u64,
    /// How many there were.
    pub rows: usize,
    /// The digest.
    pub digest: UnitId,
}

/// A row as a walk is to see it; `None` for one that was not there when it began.
type Before = Option<Vec<u8>>;

/// A key and its value.
pub(crate) type Row = (Box<[u8]>, Box<[u8]>);

/// What a walk makes of the rows.
enum Made {
    Digest(Sha256),
    Copy(Vec<Row>),
}

/// A walk through all rows as they were when it began.
pub(crate) struct Walk {
    height: u64,
    rows: usize,
    seen: usize,
    made: Made,
    /// The last key that was passed; `None` at the beginning.
    at: Option<Vec<u8>>,
    /// Rows ahead that blocks changed meanwhile, as they were.
    before: BTreeMap<Vec<u8>, Before>,
}

impl Walk {
    /// A walk through `rows` rows that digests them and has not begun.
    pub fn digesting(height: u64, rows: usize) -> Self {
        Self::new(height, rows, Made::Digest(Sha256::new().chain_update((rows as u64).to_be_bytes())))
    }

    /// The same, but it copies them.
    pub fn copying(height: u64, rows: usize) -> Self {
        Self::new(height, rows, Made::Copy(Vec::with_capacity(rows)))
    }

    fn new(height: u64, rows: usize, made: Made) -> Self {
        Self { height, rows, seen: 0, made, at: None, before: BTreeMap::new() }
    }

    /// Keeps what a block changes ahead of the walk, before it does.
    pub fn keep_before(&mut self, writes: &WriteSet) {
        for change in writes.changes().filter(|change| self.at.as_deref().is_none_or(|at| change.key.bytes() > at)) {
            // The first block that changes a row is the one that finds it as it was.
            self.before.entry(change.key.bytes().to_vec()).or_insert_with(|| change.before.map(<[u8]>::to_vec));
        }
    }

    /// Takes up to about `most` rows; says whether that was the end.
    pub fn go_on(&mut self, tables: &Tables, most: usize) -> bool {
        let from = self.at.clone();
        let (mut left, mut ended) = (most, true);
        tables.scan(from.as_deref().unwrap_or_default(), from.is_none(), &mut |key, value| {
            if left == 0 {
                ended = false;
                return false;
            }
            left -= 1;
            self.take_kept_before(Some(key));
            match self.before.remove(key) {
                Some(before) => self.take_row(key, before.as_deref()),
                None => self.take_row(key, Some(value)),
            }
            let at = self.at.get_or_insert_default();
            at.clear();
            at.extend_from_slice(key);
            true
        });
        if ended {
            self.take_kept_before(None);
        }
        ended
    }

    /// Takes kept rows up to before `end` that are not there any more.
    fn take_kept_before(&mut self, end: Option<&[u8]>) {
        let in_reach = |(key, _): &(&Vec<u8>, &Before)| end.is_none_or(|end| key.as_slice() < end);
        while let Some((key, _)) = self.before.first_key_value().filter(in_reach) {
            let key = key.clone();
            let before = self.before.remove(&key).flatten();
            self.take_row(&key, before.as_deref());
        }
    }

    fn take_row(&mut self, key: &[u8], value: Option<&[u8]>) {
        let Some(value) = value else { return };
        self.seen += 1;
        match &mut self.made {
            Made::Copy(rows) => rows.push((key.into(), value.into())),
            Made::Digest(hash) => {
                for part in [key, value] {
                    hash.update((part.len() as u64).to_be_bytes());
                    hash.update(part);
                }
            }
        }
    }

    /// The digest of the rows that were walked through; none of a walk that copied them.
    pub fn digest(self) -> Option<ContentDigest> {
        assert_eq!(self.seen, self.rows, "a walk sees every row that was there when it began");
        let Made::Digest(hash) = self.made else { return None };
        Some(ContentDigest { height: self.height, rows: self.rows, digest: UnitId::new(hash.finalize().into()) })
    }

    /// The rows that were walked through; none of a walk that digested them.
    pub fn tables(self) -> Option<Tables> {
        assert_eq!(self.seen, self.rows, "a walk sees every row that was there when it began");
        let Made::Copy(rows) = self.made else { return None };
        Some(Tables::from_rows(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_state::{Key, Overlay, State as _};
    use proptest::prelude::*;

    type Writes = Vec<(u8, Option<u8>)>;

    fn writes(most: usize) -> impl Strategy<Value = Writes> {
        prop::collection::vec((0..40u8, prop::option::weighted(0.7, any::<u8>())), 0..most)
    }

    fn change<'a>(tables: &mut Tables, walks: impl IntoIterator<Item = &'a mut Walk>, writes: &Writes) {
        let mut overlay = Overlay::new(tables);
        for (key, value) in writes {
            overlay.put_raw(Key::new(&[*key]), value.map(|value| vec![value; usize::from(value % 3)]).as_deref());
        }
        let writes = overlay.into_writes();
        for walk in walks {
            walk.keep_before(&writes);
        }
        tables.apply(&writes);
    }

    fn plain(tables: &Tables) -> [u8; 32] {
        let mut bytes = (tables.len() as u64).to_be_bytes().to_vec();
        for part in tables.iter().flat_map(|(key, value)| [key, value]) {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Sha256::digest(bytes).into()
    }

    proptest! {
        /// Whatever blocks change while a walk is on its way, it sees the rows as they were when it began.
        #[test]
        fn a_walk_sees_one_state(base in writes(60), blocks in prop::collection::vec(writes(8), 0..20), chunk in 1..9usize) {
            let mut tables = Tables::default();
            change(&mut tables, [], &base);
            let expected = plain(&tables);
            let (mut walk, mut copy) = (Walk::digesting(7, tables.len()), Walk::copying(7, tables.len()));
            let mut copied = false;
            let mut blocks = blocks.into_iter();
            while !walk.go_on(&tables, chunk) {
                copied = copied || copy.go_on(&tables, chunk);
                change(&mut tables, [&mut walk, &mut copy], &blocks.next().unwrap_or_default());
            }
            while !copied {
                copied = copy.go_on(&tables, chunk);
            }
            let found = walk.digest().unwrap();
            prop_assert_eq!(plain(&copy.tables().unwrap()), expected);
            prop_assert_eq!((found.height, found.digest.get()), (7, expected));
        }
    }
}
