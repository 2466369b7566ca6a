//! All rows as they were after one block, read while others are finalized.
//!
//! In: finalized rows, and what blocks change of them meanwhile. Out: a state to read that stands still. Nothing is copied but what a
//! block is about to change, and a few rows at a time for whoever scans, so that nobody who reads holds a block up, and a whole state
//! that is read takes no second one's memory.

use crate::ledger::Finalized;
use depin_state::{Key, ReadState, WriteSet};
use parking_lot::{Mutex, MutexGuard, RwLock};
use std::{collections::BTreeMap, ops::Bound};

/// Rows that a scan takes at first, and at most, while the finalized rows stand still: less than a millisecond.
const ROWS: (usize, usize) = (8, 512);

/// Rows that blocks changed since a snapshot was taken, as they were then; `None` for one that was not there.
#[derive(Debug, Default)]
pub(crate) struct Kept(BTreeMap<Vec<u8>, Option<Vec<u8>>>);

impl Kept {
    /// Keeps what a block changes, before it does.
    pub fn keep(&mut self, writes: &WriteSet) {
        for change in writes.changes() {
            // The first block that changes a row is the one that finds it as it was.
            self.0.entry(change.key.bytes().to_vec()).or_insert_with(|| change.before.map(<[u8]>::to_vec));
        }
    }
}

/// The rows after one block. Only one is there at a time; whoever wants another waits.
pub(crate) struct Snapshot<'a> {
    finalized: &'a RwLock<Finalized>,
    /// `None` once other rows were loaded. Taken after `finalized`, where both are.
    kept: &'a Mutex<Option<Kept>>,
    height: u64,
    rows: usize,
    _only: MutexGuard<'a, ()>,
}

impl<'a> Snapshot<'a> {
    /// The rows as they are now.
    pub fn take(finalized: &'a RwLock<Finalized>, kept: &'a Mutex<Option<Kept>>, only: &'a Mutex<()>) -> Self {
        let only = only.lock();
        let now = finalized.read();
        *kept.lock() = Some(Kept::default());
        let (height, rows) = (now.height(), now.tables.len());
        Self { finalized, kept, height, rows, _only: only }
    }

    /// Height of the block.
    pub const fn height(&self) -> u64 {
        self.height
    }

    /// Number of rows.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Whether all that was read was of one state: no other rows were loaded meanwhile.
    pub fn is_whole(&self) -> bool {
        self.kept.lock().is_some()
    }

    /// Copies about `most` rows behind the ones that are there, and says whether they were the last.
    fn copy(&self, key: &[u8], inclusive: bool, most: usize, rows: &mut Copied) -> bool {
        // Not recursive: a block that waits to be finalized goes before the next rows.
        let finalized = self.finalized.read();
        let kept = self.kept.lock();
        let Some(Kept(kept)) = &*kept else { return true };
        let from = if inclusive { Bound::Included(key) } else { Bound::Excluded(key) };
        let mut kept = kept.range::<[u8], _>((from, Bound::Unbounded)).peekable();
        let mut ended = true;
        finalized.tables.scan(key, inclusive, &mut |key, value| {
            while let Some((gone, before)) = kept.next_if(|(kept, _)| kept.as_slice() < key) {
                rows.push(gone, before.as_deref());
            }
            if rows.ends.len() >= most {
                ended = false;
                return false;
            }
            let before = kept.next_if(|(kept, _)| kept.as_slice() == key);
            rows.push(key, before.map_or(Some(value), |(_, before)| before.as_deref()));
            true
        });
        if ended {
            kept.for_each(|(gone, before)| rows.push(gone, before.as_deref()));
        }
        ended
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        *self.kept.lock() = None;
    }
}

impl ReadState for Snapshot<'_> {
    fn look(&self, key: Key<'_>, see: &mut dyn FnMut(Option<&[u8]>)) {
        let value = {
            let finalized = self.finalized.read();
            let kept = self.kept.lock();
            match kept.as_ref().map(|Kept(kept)| kept.get(key.bytes())) {
                None => None,
                Some(Some(before)) => before.clone(),
                Some(None) => finalized.tables.get_raw(key.bytes()),
            }
        };
        // Nothing is held here, so that `see` may read more.
        see(value.as_deref());
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut next = None;
        self.scan(key, inclusive, &mut |key, value| {
            next = Some((key.to_vec(), value.to_vec()));
            false
        });
        next
    }

    fn scan(&self, key: &[u8], inclusive: bool, see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        let (mut at, mut inclusive, mut most) = (key.to_vec(), inclusive, ROWS.0);
        let mut rows = Copied::default();
        loop {
            let ended = self.copy(&at, inclusive, most, &mut rows);
            if !rows.iter().all(|(key, value)| see(key, value)) || ended {
                return;
            }
            let Some((last, _)) = rows.iter().last() else { return };
            at = last.to_vec();
            (inclusive, most) = (false, (most * 2).min(ROWS.1));
            rows.clear();
        }
    }
}

/// Rows one behind the other.
#[derive(Default)]
struct Copied {
    bytes: Vec<u8>,
    /// Where each one's key and value end.
    ends: Vec<(usize, usize)>,
}

impl Copied {
    fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        let Some(value) = value else { return };
        self.bytes.extend_from_slice(key);
        let end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((end, self.bytes.len()));
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        starts.zip(&self.ends).map(|(start, (key, end))| (&self.bytes[start..*key], &self.bytes[*key..*end]))
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_state::{Overlay, State as _};
    use proptest::prelude::*;

    type Writes = Vec<(u8, Option<u8>)>;
    type Rows = Vec<(Vec<u8>, Vec<u8>)>;

    fn writes(most: usize) -> impl Strategy<Value = Writes> {
        prop::collection::vec((0..40u8, prop::option::weighted(0.7, any::<u8>())), 0..most)
    }

    fn change(finalized: &RwLock<Finalized>, kept: &Mutex<Option<Kept>>, writes: &Writes) {
        let mut finalized = finalized.write();
        let mut overlay = Overlay::new(&finalized.tables);
        for (key, value) in writes {
            overlay.put_raw(Key::new(&[*key]), value.map(|value| vec![value; usize::from(value % 3)]).as_deref());
        }
        let writes = overlay.into_writes();
        if let Some(kept) = &mut *kept.lock() {
            kept.keep(&writes);
        }
        finalized.tables.apply(&writes);
    }

    fn all(state: &dyn ReadState) -> Rows {
        let mut rows = Rows::new();
        state.scan(&[], true, &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            true
        });
        rows
    }

    proptest! {
        /// Whatever blocks change while it is read, by scans, by walks and by keys, it is the rows as they were.
        #[test]
        fn a_snapshot_stands_still(base in writes(60), blocks in prop::collection::vec(writes(8), 1..20), from in 0..40u8) {
            let (finalized, kept, only) = (RwLock::default(), Mutex::default(), Mutex::default());
            change(&finalized, &kept, &base);
            let expected = all(&finalized.read().tables);
            let snapshot = Snapshot::take(&finalized, &kept, &only);
            prop_assert_eq!(snapshot.rows(), expected.len());
            let mut blocks = blocks.into_iter().cycle();
            // A block before each row that is seen: whoever scans holds none up.
            let mut seen = Rows::new();
            snapshot.scan(&[], true, &mut |key, value| {
                change(&finalized, &kept, &blocks.next().unwrap_or_default());
                seen.push((key.to_vec(), value.to_vec()));
                true
            });
            prop_assert_eq!(&seen, &expected);
            for key in 0..40u8 {
                change(&finalized, &kept, &blocks.next().unwrap_or_default());
                let there = expected.iter().find(|(there, _)| *there == [key]).map(|(_, value)| value.clone());
                prop_assert_eq!(snapshot.get_raw(&[key]), there);
            }
            let next = expected.iter().find(|(key, _)| *key > vec![from]).cloned();
            prop_assert_eq!(snapshot.next_raw(&[from], false), next);
            prop_assert!(snapshot.is_whole());
            drop(snapshot);
            prop_assert_eq!(all(&Snapshot::take(&finalized, &kept, &only)), all(&finalized.read().tables));
        }
    }
}
