//! Which page a key belongs to, for the keys of one table.

use crate::{key::first_bytes, page::shared_bytes};
use std::{cmp::Ordering, collections::VecDeque, sync::Arc};

/// A page and where it begins.
#[derive(Clone, Debug)]
struct Entry {
    /// The first bytes of where it begins, behind what all but the first page share; zero for the first page.
    head: u64,
    page: u32,
    from: Arc<[u8]>,
}

/// The pages of one table in key order. The first mostly begins with the table itself; all others begin with a whole key, and share
/// its first bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageIndex {
    /// How many first bytes the beginnings of all pages but the first share.
    shared: usize,
    /// A table that is worked off from its first row on loses its first pages, one by one: nothing moves for that.
    entries: VecDeque<Entry>,
}

impl PageIndex {
    /// The last page.
    pub fn last(&self) -> Option<u32> {
        self.entries.back().map(|entry| entry.page)
    }

    /// The number of pages that begin at or before `key`.
    fn upto(&self, key: &[u8]) -> usize {
        if self.entries.front().is_none_or(|first| *first.from > *key) {
            return 0;
        }
        let Some(other) = self.entries.get(1) else { return 1 };
        let whole = &other.from[..self.shared];
        let Some((start, rest)) = key.split_at_checked(self.shared) else {
            // Too short to be the beginning of one of them: before all of them, or behind.
            return if key < whole { 1 } else { self.entries.len() };
        };
        match start.cmp(whole) {
            Ordering::Less => 1,
            Ordering::Greater => self.entries.len(),
            Ordering::Equal => {
                let head = first_bytes(rest);
                self.entries.partition_point(|entry| entry.head < head || (entry.head == head && *entry.from <= *key))
            }
        }
    }

    /// The page that `key` belongs to; none when the first page begins behind it.
    pub fn page_of(&self, key: &[u8]) -> Option<u32> {
        Some(self.entries[self.upto(key).checked_sub(1)?].page)
    }

    /// The page before the one that begins at `from`.
    pub fn page_before(&self, from: &[u8]) -> Option<u32> {
        Some(self.entries[self.upto(from).checked_sub(2)?].page)
    }

    /// Takes in a page that begins where none does.
    pub fn insert(&mut self, from: Arc<[u8]>, page: u32) {
        let at = self.upto(&from);
        let fits = at > 0 && self.entries.get(1).is_some_and(|other| shared_bytes(&other.from, &from) >= self.shared);
        let head = if fits { first_bytes(&from[self.shared..]) } else { 0 };
        self.entries.insert(at, Entry { head, page, from });
        if !fits {
            self.share();
        }
    }

    /// Finds anew what all but the first share.
    fn share(&mut self) {
        // They are in order, so what the first and the last share, all share.
        let (Some(one), Some(last)) = (self.entries.get(1), self.entries.back()) else { return };
        self.shared = shared_bytes(&one.from, &last.from);
        for (at, entry) in self.entries.iter_mut().enumerate() {
            entry.head = if at == 0 { 0 } else { first_bytes(&entry.from[self.shared..]) };
        }
    }

    /// Forgets the page that begins at `from`.
    pub fn remove(&mut self, from: &[u8]) {
        let at = self.upto(from).checked_sub(1).filter(|at| *self.entries[*at].from == *from);
        self.entries.remove(at.expect("only pages of the index are removed"));
        if let Some(first) = self.entries.front_mut() {
            first.head = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn key() -> impl Strategy<Value = Vec<u8>> {
        // Few different bytes, so that beginnings are shared often, and by some and not by others.
        prop::collection::vec(0..3u8, 1..14)
    }

    proptest! {
        #[test]
        fn a_page_is_found_as_in_an_ordered_map(steps in prop::collection::vec((any::<bool>(), key()), 0..60), asked in prop::collection::vec(key(), 0..30)) {
            let (mut index, mut map) = (PageIndex::default(), BTreeMap::new());
            for (number, (add, from)) in (1..).zip(steps) {
                if add && !map.contains_key(&from) {
                    index.insert(from.clone().into(), number);
                    map.insert(from, number);
                } else if map.remove(&from).is_some() {
                    index.remove(&from);
                }
                prop_assert_eq!(index.last(), map.last_key_value().map(|(_, page)| *page));
                for key in asked.iter().chain(map.keys()) {
                    let mut before = map.range::<Vec<u8>, _>(..=key).rev().map(|(_, page)| *page);
                    prop_assert_eq!(index.page_of(key), before.next());
                    if map.contains_key(key) {
                        prop_assert_eq!(index.page_before(key), before.next());
                    }
                }
            }
        }
    }
}
