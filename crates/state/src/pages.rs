//! Rows in key order, in short pages, with a memory of where each table was touched lately.
//!
//! Rules walk tables in key order, a table in several places in turns, or touch the same rows again: whoever goes on where a walk was
//! pays one or two comparisons of neighbouring bytes, whatever else is stored. Any other row is found by the page that its key belongs to. Pages can
//! be shared with a branch of the state: whoever writes to one first has a copy of it from then on.

use crate::{
    journal::Journal,
    page::{PAGE_ROWS, Page, size},
    page_index::PageIndex,
    trail::{Place, Trail},
};
use std::sync::Arc;

/// A page of this state alone, or one that branches share. Two kinds, so that a page that nobody shares costs no counting of owners.
#[derive(Clone, Debug)]
enum Held {
    Own(Page),
    Shared(Arc<Page>),
}

impl Held {
    fn page(&self) -> &Page {
        match self {
            Self::Own(page) => page,
            Self::Shared(page) => page,
        }
    }

    fn page_mut(&mut self) -> &mut Page {
        if let Self::Shared(page) = self {
            *self = Self::Own(Arc::unwrap_or_clone(std::mem::take(page)));
        }
        match self {
            Self::Own(page) => page,
            Self::Shared(_) => unreachable!("it was made this state's own"),
        }
    }

    fn share(&mut self) -> Self {
        if let Self::Own(page) = self {
            *self = Self::Shared(Arc::new(std::mem::take(page)));
        }
        self.clone()
    }
}

/// A place that a search gave, and whether the row is there.
fn placed(page: u32, found: Result<usize, usize>) -> (Place, bool) {
    (Place { page, row: size(found.unwrap_or_else(|row| row)), step: 0 }, found.is_ok())
}

/// Ordered rows.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    /// A page holds rows of one table. Page 0 comes before all tables and is always there.
    pages: Vec<Held>,
    /// Pages that are not in use.
    free: Vec<u32>,
    /// The pages of each table but page 0, by the first byte of the key.
    tables: Vec<PageIndex>,
    /// The last places of each table, by the first byte of the key. Hints: they are checked before they are used.
    trails: Vec<Trail>,
    len: usize,
}

impl Default for Pages {
    fn default() -> Self {
        let (tables, trails) = (vec![PageIndex::default(); 256], vec![Trail::default(); 256]);
        Self { pages: vec![Held::Own(Page::default())], free: Vec::new(), tables, trails, len: 0 }
    }
}

impl Pages {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    fn page(&self, number: u32) -> &Page {
        self.pages[number as usize].page()
    }

    /// The same rows again, whose pages both share until one of them writes there.
    pub fn branch(&mut self) -> Self {
        let pages = self.pages.iter_mut().map(Held::share).collect();
        Self { pages, free: self.free.clone(), tables: self.tables.clone(), trails: self.trails.clone(), len: self.len }
    }

    fn page_mut(&mut self, number: u32) -> &mut Page {
        self.pages[number as usize].page_mut()
    }

    fn trail(&self, key: &[u8]) -> &Trail {
        &self.trails[usize::from(key.first().copied().unwrap_or_default())]
    }

    /// The place of `key`, and whether its row is there.
    fn find(&self, key: &[u8]) -> (Place, bool) {
        let trail = self.trail(key);
        for (walk, last) in trail.walks() {
            let Place { page, step, .. } = last;
            let near = self.page(page).search_near(last.row(), step as usize, key).map(|found| (page, found));
            if let Some((page, found)) = near.or_else(|| self.walk_on(page, last.row(), key)) {
                let (place, there) = placed(page, found);
                let step = u32::from(place.page == last.page && place.row == last.row + 1);
                let place = Place { step, ..place };
                trail.go_on(walk, place);
                return (place, there);
            }
        }
        let (page, found) = self.look_up(key);
        let (place, there) = placed(page, found);
        trail.begin(place);
        (place, there)
    }

    /// The place of a key that comes behind the last row of `page`: there, or at the first row of the next one. Nothing is looked
    /// up again and again in a table without rows, whose keys come behind those of another.
    fn walk_on(&self, page: u32, row: usize, key: &[u8]) -> Option<(u32, Result<usize, usize>)> {
        let here = self.page(page);
        // A page without rows is page 0, or not in use.
        if row + 1 < here.len() || here.len() == 0 || !here.ends_before(key) {
            return None;
        }
        let next = self.page(here.next);
        if here.next == 0 || key < &*next.from {
            return Some((page, Err(here.len())));
        }
        (next.len() > 0 && next.key(0) == key).then_some((here.next, Ok(0)))
    }

    fn look_up(&self, key: &[u8]) -> (u32, Result<usize, usize>) {
        let page = key.first().map_or(0, |table| {
            let own = self.tables[usize::from(*table)].page_of(key);
            own.unwrap_or_else(|| self.last_page_before(*table))
        });
        (page, self.page(page).search(key))
    }

    /// The last page of the tables before one.
    fn last_page_before(&self, table: u8) -> u32 {
        self.tables[..usize::from(table)].iter().rev().find_map(PageIndex::last).unwrap_or(0)
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let (place, there) = self.find(key);
        there.then(|| self.page(place.page).value(place.row()))
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
        if change(there.then(|| self.page(place.page).value(place.row())), after) {
            self.note(place, there, key, journal);
            self.put_at(place, there, key, Some(after));
        }
    }

    fn note(&self, place: Place, there: bool, key: &[u8], journal: &mut Journal) {
        if there {
            let (row, key) = self.page(place.page).row(place.row());
            journal.push(row, key);
        } else {
            journal.push_absent(key);
        }
    }

    fn put_at(&mut self, place: Place, there: bool, key: &[u8], value: Option<&[u8]>) {
        match (value, there) {
            (Some(value), true) => self.page_mut(place.page).set(place.row(), value),
            (Some(value), false) => self.insert(place, key, value),
            (None, true) => self.remove(place.page, place.row()..place.row() + 1),
            (None, false) => {}
        }
    }

    fn insert(&mut self, mut place: Place, key: &[u8], value: &[u8]) {
        self.len += 1;
        let table = key.get(..1).unwrap_or_default();
        if !self.page(place.page).from.starts_with(table) {
            let page = self.take_in(Page::starting(table.into()), place.page);
            place = Place { page, row: 0, step: 0 };
        }
        let page = self.page_mut(place.page);
        page.insert(place.row(), key, value);
        if page.len() > PAGE_ROWS {
            // Rows that come in key order fill their pages, also where others stand behind them.
            let in_order = place.row() == PAGE_ROWS || (place.step == 1 && place.row() >= PAGE_ROWS / 2);
            let half = if in_order { PAGE_ROWS.min(place.row() + 1) } else { PAGE_ROWS / 2 };
            let mut upper = page.split_off(half);
            page.tidy();
            upper.from = upper.key(0).into();
            let (last, upper) = (size(upper.len() - 1), self.take_in(upper, place.page));
            if place.row() == PAGE_ROWS {
                self.trail(key).move_to(Place { page: upper, row: last, step: 1 });
            }
        }
    }

    /// Puts a page behind another.
    fn take_in(&mut self, mut page: Page, behind: u32) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.pages.push(Held::Own(Page::default()));
            size(self.pages.len() - 1)
        });
        page.next = std::mem::replace(&mut self.page_mut(behind).next, number);
        let table = *page.from.first().expect("only page 0 begins before all tables");
        self.tables[usize::from(table)].insert(page.from.clone(), number);
        self.pages[number as usize] = Held::Own(page);
        number
    }

    fn remove(&mut self, number: u32, rows: std::ops::Range<usize>) {
        let page = self.page_mut(number);
        if number != 0 && rows.len() == page.len() {
            let before = self.page_before(number);
            self.remove_page(number, before);
        } else {
            page.remove(rows.clone());
            self.len -= rows.len();
        }
    }

    fn page_before(&self, number: u32) -> u32 {
        let from = &self.page(number).from;
        let Some(table) = from.first() else { return 0 };
        self.tables[usize::from(*table)].page_before(from).unwrap_or_else(|| self.last_page_before(*table))
    }

    fn remove_page(&mut self, number: u32, before: u32) -> Page {
        let page = std::mem::take(self.page_mut(number));
        self.len -= page.len();
        let table = *page.from.first().expect("page 0 is never removed");
        self.tables[usize::from(table)].remove(&page.from);
        self.page_mut(before).next = page.next;
        self.free.push(number);
        page
    }

    /// The first row that is not before `key`, or is after it.
    pub fn next(&self, key: &[u8], inclusive: bool) -> Option<(&[u8], &[u8])> {
        let mut next = None;
        self.scan_pages(key, inclusive, |page, from| {
            next = (from < page.len()).then(|| page.split(from));
            next.is_none()
        });
        next
    }

    /// Shows rows in key order as long as `see` says so.
    pub fn scan(&self, key: &[u8], inclusive: bool, see: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        self.scan_pages(key, inclusive, |page, from| {
            (from..page.len()).map(|row| page.split(row)).all(|(key, value)| see(key, value))
        });
    }

    /// Shows pages in order, with the row to begin at, as long as `see` says so.
    fn scan_pages<'a>(&'a self, key: &[u8], inclusive: bool, mut see: impl FnMut(&'a Page, usize) -> bool) {
        let (place, there) = self.find(key);
        let (mut page, mut from) = (self.page(place.page), place.row() + usize::from(there && !inclusive));
        while see(page, from) && page.next != 0 {
            (page, from) = (self.page(page.next), 0);
        }
    }

    /// Deletes rows in key order as long as `take` says so of each, and notes them in the journal: a page that goes whole moves
    /// there as it is.
    pub fn take(&mut self, key: &[u8], inclusive: bool, journal: &mut Journal, take: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        let (place, there) = self.find(key);
        let (mut number, mut from) = (place.page, place.row() + usize::from(there && !inclusive));
        let mut before = self.page_before(number);
        loop {
            let page = self.page(number);
            let (next, rows) = (page.next, page.len());
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
