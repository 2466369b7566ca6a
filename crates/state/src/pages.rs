//! Rows in key order, in short pages, with a memory of where each table was touched last.
//!
//! Rules walk tables in key order, or touch the same rows again: whoever goes on where the last call was pays one or two
//! comparisons of neighbouring bytes, whatever else is stored. Any other row is found by the page that its key belongs to.

use crate::{journal::Journal, key::first_bytes};
use std::{cell::Cell, cmp::Ordering, collections::BTreeMap, hint::black_box, ops::Bound};

/// Most rows of a page.
const PAGE_ROWS: usize = 128;

/// Bytes that come from memory at once.
const CACHE_LINE: usize = 64;

/// Buffers shorter than this are not worth tidying.
const TIDY_BYTES: usize = 4_096;

/// Where a row stands in its page's buffer: its key, then its value.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Its key's first bytes, which decide most comparisons.
    head: u64,
    at: u32,
    key: u32,
    value: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// The first key that belongs here; the next page's ends it.
    from: Box<[u8]>,
    /// The next page in key order; 0 behind the last one.
    next: u32,
    bytes: Vec<u8>,
    /// In key order.
    rows: Vec<Slot>,
    /// Bytes of the rows; the buffer's others were overwritten.
    live: usize,
}

/// A page and a place in it.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    page: u32,
    row: usize,
}

/// Ordered rows.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    /// A page holds rows of one table. Page 0 comes before all tables and is always there.
    pages: Vec<Page>,
    /// Pages that are not in use.
    free: Vec<u32>,
    /// Pages in use, by the first key that belongs there.
    order: BTreeMap<Box<[u8]>, u32>,
    /// The last place of each table, by the first byte of the key. A hint: it is checked before it is used.
    last: [Cell<Place>; 256],
    len: usize,
}

impl Default for Pages {
    fn default() -> Self {
        let order = BTreeMap::from([(Box::default(), 0)]);
        let last = std::array::from_fn(|_| Cell::default());
        Self { pages: vec![Page::default()], free: Vec::new(), order, last, len: 0 }
    }
}

fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a page of rows is far below four gigabytes")
}

impl Page {
    /// A row's key and value, one behind the other, and the length of the key.
    fn row(&self, row: usize) -> (&[u8], usize) {
        let slot = self.rows[row];
        (&self.bytes[slot.at as usize..][..(slot.key + slot.value) as usize], slot.key as usize)
    }

    fn split(&self, row: usize) -> (&[u8], &[u8]) {
        let (row, key) = self.row(row);
        row.split_at(key)
    }

    fn key(&self, row: usize) -> &[u8] {
        self.split(row).0
    }

    fn value(&self, row: usize) -> &[u8] {
        self.split(row).1
    }

    /// Asks for the memory of its `part`-th row or so. A walk that comes here next needs all of it soon, and rows stand there in the
    /// order in which they were written: waiting for them one by one costs more than all the rest.
    fn fetch(&self, part: usize) {
        let at = 2 * CACHE_LINE * part;
        let (one, other) = (self.bytes.get(at), self.bytes.get(at + CACHE_LINE));
        black_box((one.copied(), other.copied(), self.rows.get(part).map(|slot| slot.head)));
    }

    /// How a row's key compares with `key`, whose first bytes are `head`.
    fn compare(&self, slot: Slot, head: u64, key: &[u8]) -> Ordering {
        slot.head.cmp(&head).then_with(|| self.bytes[slot.at as usize..][..slot.key as usize].cmp(key))
    }

    /// The row of `key`, or where it would stand.
    fn search(&self, key: &[u8]) -> Result<usize, usize> {
        let head = first_bytes(key);
        self.rows.binary_search_by(|slot| self.compare(*slot, head, key))
    }

    /// As [`Page::search`], if the row at or behind `row` decides it.
    fn search_near(&self, row: usize, key: &[u8]) -> Option<Result<usize, usize>> {
        let head = first_bytes(key);
        let behind = self.rows.get(row + 1).map(|slot| self.compare(*slot, head, key));
        match behind {
            Some(Ordering::Equal) => Some(Ok(row + 1)),
            Some(Ordering::Less) => None,
            Some(Ordering::Greater) | None => match self.compare(*self.rows.get(row)?, head, key) {
                Ordering::Equal => Some(Ok(row)),
                Ordering::Less => behind.map(|_| Err(row + 1)),
                Ordering::Greater => None,
            },
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
        Slot { head: first_bytes(key), at, key: size(key.len()), value: size(value.len()) }
    }

    fn insert(&mut self, row: usize, key: &[u8], value: &[u8]) {
        let slot = self.append(key, value);
        self.rows.insert(row, slot);
    }

    fn set(&mut self, row: usize, value: &[u8]) {
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

    fn remove(&mut self, rows: std::ops::Range<usize>) {
        self.live -= self.rows.drain(rows).map(|slot| (slot.key + slot.value) as usize).sum::<usize>();
        self.tidy();
    }

    /// Drops what was overwritten once it is most of the buffer.
    fn tidy(&mut self) {
        if self.bytes.len() > TIDY_BYTES.max(2 * self.live) {
            let rows = self.split_off(0);
            (self.bytes, self.rows, self.live) = (rows.bytes, rows.rows, rows.live);
        }
    }

    /// Moves the rows from `row` on into a page of their own.
    fn split_off(&mut self, row: usize) -> Self {
        // Room for as much as stands here: more rows come where some came.
        let (bytes, rows) = (Vec::with_capacity(self.bytes.len()), Vec::with_capacity(PAGE_ROWS + 1));
        let mut page = Self { bytes, rows, ..Self::default() };
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

impl Pages {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    fn page(&self, number: u32) -> &Page {
        &self.pages[number as usize]
    }

    fn page_mut(&mut self, number: u32) -> &mut Page {
        &mut self.pages[number as usize]
    }

    fn hint(&self, key: &[u8]) -> &Cell<Place> {
        &self.last[usize::from(key.first().copied().unwrap_or_default())]
    }

    /// The place of `key`, and whether its row is there.
    fn find(&self, key: &[u8]) -> (Place, bool) {
        let hint = self.hint(key);
        let Place { page, row } = hint.get();
        let near = self.page(page).search_near(row, key).map(|found| (page, found));
        let (page, found) = near.or_else(|| self.walk_on(page, row, key)).unwrap_or_else(|| self.look_up(key));
        let place = Place { page, row: found.unwrap_or_else(|row| row) };
        hint.set(place);
        (place, found.is_ok())
    }

    /// The place of a key that comes behind the last row of `page`: there, or at the first row of the next one.
    fn walk_on(&self, page: u32, row: usize, key: &[u8]) -> Option<(u32, Result<usize, usize>)> {
        let (here, head) = (self.page(page), first_bytes(key));
        if row + 1 != here.rows.len() || here.compare(here.rows[row], head, key) != Ordering::Less {
            return None;
        }
        let next = self.page(here.next);
        if here.next == 0 || key < &*next.from {
            return Some((page, Err(row + 1)));
        }
        (next.compare(*next.rows.first()?, head, key) == Ordering::Equal).then_some((here.next, Ok(0)))
    }

    fn look_up(&self, key: &[u8]) -> (u32, Result<usize, usize>) {
        let upto = (Bound::Unbounded, Bound::Included(key));
        let (_, page) = self.order.range::<[u8], _>(upto).next_back().expect("page 0 comes before all tables");
        (*page, self.page(*page).search(key))
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let (place, there) = self.find(key);
        there.then(|| self.page(place.page).value(place.row))
    }

    /// Gives a key a value, or none, and notes in the journal what it had.
    pub fn put(&mut self, key: &[u8], value: Option<&[u8]>, journal: Option<&mut Journal>) {
        let (place, there) = self.find(key);
        if let Some(journal) = journal {
            self.note(place, there, key, journal);
        }
        self.put_at(place, there, key, value);
    }

    /// Gives a key the value that `change` makes of the one it has, and notes that one, unless `change` says no.
    pub fn change(
        &mut self,
        key: &[u8],
        after: &mut Vec<u8>,
        journal: &mut Journal,
        change: impl FnOnce(Option<&[u8]>, &mut Vec<u8>) -> bool,
    ) {
        let (place, there) = self.find(key);
        if change(there.then(|| self.page(place.page).value(place.row)), after) {
            self.note(place, there, key, journal);
            self.put_at(place, there, key, Some(after));
        }
    }

    fn note(&self, place: Place, there: bool, key: &[u8], journal: &mut Journal) {
        if there {
            let (row, key) = self.page(place.page).row(place.row);
            journal.push(row, key);
        } else {
            journal.push_absent(key);
        }
    }

    fn put_at(&mut self, place: Place, there: bool, key: &[u8], value: Option<&[u8]>) {
        match (value, there) {
            (Some(value), true) => self.page_mut(place.page).set(place.row, value),
            (Some(value), false) => self.insert(place, key, value),
            (None, true) => self.remove(place.page, place.row..place.row + 1),
            (None, false) => {}
        }
    }

    fn insert(&mut self, mut place: Place, key: &[u8], value: &[u8]) {
        self.len += 1;
        let table = key.get(..1).unwrap_or_default();
        if !self.page(place.page).from.starts_with(table) {
            let page = self.take_in(Page { from: table.into(), ..Page::default() }, place.page);
            place = Place { page, row: 0 };
        }
        let page = self.page_mut(place.page);
        page.insert(place.row, key, value);
        if page.rows.len() > PAGE_ROWS {
            // Rows that come in key order fill their pages.
            let half = if place.row == PAGE_ROWS { PAGE_ROWS } else { PAGE_ROWS / 2 };
            let mut upper = page.split_off(half);
            page.tidy();
            upper.from = upper.key(0).into();
            let (last, upper) = (upper.rows.len() - 1, self.take_in(upper, place.page));
            if half == PAGE_ROWS {
                self.hint(key).set(Place { page: upper, row: last });
            }
        }
    }

    /// Puts a page behind another.
    fn take_in(&mut self, mut page: Page, behind: u32) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.pages.push(Page::default());
            size(self.pages.len() - 1)
        });
        page.next = std::mem::replace(&mut self.page_mut(behind).next, number);
        self.order.insert(page.from.clone(), number);
        *self.page_mut(number) = page;
        number
    }

    fn remove(&mut self, number: u32, rows: std::ops::Range<usize>) {
        let page = self.page_mut(number);
        if number != 0 && rows.len() == page.rows.len() {
            let before = self.page_before(number);
            self.remove_page(number, before);
        } else {
            page.remove(rows.clone());
            self.len -= rows.len();
        }
    }

    fn page_before(&self, number: u32) -> u32 {
        let upto = (Bound::Unbounded, Bound::Excluded(&*self.page(number).from));
        self.order.range::<[u8], _>(upto).next_back().map_or(0, |(_, before)| *before)
    }

    fn remove_page(&mut self, number: u32, before: u32) -> Page {
        let page = std::mem::take(self.page_mut(number));
        self.len -= page.rows.len();
        self.order.remove(&page.from);
        self.page_mut(before).next = page.next;
        self.free.push(number);
        page
    }

    /// The first row that is not before `key`, or is after it.
    pub fn next(&self, key: &[u8], inclusive: bool) -> Option<(&[u8], &[u8])> {
        let mut next = None;
        self.scan_pages(key, inclusive, |page, from| {
            next = (from < page.rows.len()).then(|| page.split(from));
            next.is_none()
        });
        next
    }

    /// Shows rows in key order as long as `see` says so.
    pub fn scan(&self, key: &[u8], inclusive: bool, see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        self.scan_pages(key, inclusive, |page, from| {
            (from..page.rows.len()).map(|row| page.split(row)).all(|(key, value)| see(key, value))
        });
    }

    /// Shows pages in order, with the row to begin at, as long as `see` says so.
    fn scan_pages<'a>(&'a self, key: &[u8], inclusive: bool, mut see: impl FnMut(&'a Page, usize) -> bool) {
        let (place, there) = self.find(key);
        let (mut page, mut from) = (self.page(place.page), place.row + usize::from(there && !inclusive));
        while see(page, from) && page.next != 0 {
            (page, from) = (self.page(page.next), 0);
        }
    }

    /// Deletes rows in key order as long as `take` says so of each, and notes them in the journal: a page that goes whole moves
    /// there as it is.
    pub fn take(&mut self, key: &[u8], inclusive: bool, journal: &mut Journal, take: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        let (place, there) = self.find(key);
        let (mut number, mut from) = (place.page, place.row + usize::from(there && !inclusive));
        let mut before = self.page_before(number);
        loop {
            let page = self.page(number);
            let (next, rows) = (page.next, page.rows.len());
            let ahead = self.page(next);
            let left = |row: &usize| {
                ahead.fetch(*row);
                let (key, value) = page.split(*row);
                !take(key, value)
            };
            let upto = (from..rows).find(left).unwrap_or(rows);
            if number != 0 && upto - from == rows {
                journal.push_page(self.remove_page(number, before));
            } else {
                (from..upto).map(|row| page.row(row)).for_each(|(row, key)| journal.push(row, key));
                self.remove(number, from..upto);
                before = number;
            }
            if upto < rows || next == 0 {
                return;
            }
            (number, from) = (next, 0);
        }
    }

    /// All rows in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let after = |page: &&Page| (page.next != 0).then(|| self.page(page.next));
        std::iter::successors(Some(self.page(0)), after).flat_map(Page::iter)
    }
}
