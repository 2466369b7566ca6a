//! Where a table was touched lately: hints that are checked before they are used.
//!
//! Rules go through one table in several places at once: members of one pool and of another, wallets of many payers and the one wallet
//! that all of them pay. Each such walk goes on from where it was, and comes in the same turn as the last time.

use std::cell::Cell;

/// A page and a place in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub page: u32,
    pub row: u32,
    /// Rows from the place before to this one: 1 for a walk from row to row.
    pub step: u32,
}

impl Place {
    /// Its row, to index a page with.
    pub const fn row(self) -> usize {
        self.row as usize
    }
}

/// Walks through one table that are remembered.
const WALKS: usize = 4;

/// The last places of one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    places: [Cell<Place>; WALKS],
    /// Which walk came after each, the last time.
    after: [Cell<u8>; WALKS],
    /// The walk that was taken last.
    last: Cell<u8>,
    /// The walk that gives way next, unless it was taken last.
    gives_way: Cell<u8>,
}

impl Trail {
    /// The walks, with their places; the likeliest first.
    pub fn walks(&self) -> impl Iterator<Item = (u8, Place)> {
        let first = self.after[usize::from(self.last.get())].get();
        (0..WALKS as u8).map(move |n| {
            let walk = (first + n) % WALKS as u8;
            (walk, self.places[usize::from(walk)].get())
        })
    }

    /// Notes where a walk is now.
    pub fn go_on(&self, walk: u8, place: Place) {
        self.after[usize::from(self.last.get())].set(walk);
        self.last.set(walk);
        self.places[usize::from(walk)].set(place);
    }

    /// Notes a place that no walk led to.
    pub fn begin(&self, place: Place) {
        let turn = self.gives_way.get();
        let walk = if turn == self.last.get() { (turn + 1) % WALKS as u8 } else { turn };
        self.gives_way.set((walk + 1) % WALKS as u8);
        self.go_on(walk, place);
    }

    /// Corrects where the walk that was taken last is.
    pub fn move_to(&self, place: Place) {
        self.places[usize::from(self.last.get())].set(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(page: u32) -> Place {
        Place { page, ..Place::default() }
    }

    fn likeliest(trail: &Trail) -> u32 {
        trail.walks().next().map_or(0, |(_, place)| place.page)
    }

    #[test]
    fn walks_that_take_turns_are_foreseen_in_their_turns() {
        let trail = Trail::default();
        let turns = [7, 8, 9];
        turns.iter().for_each(|page| trail.begin(at(*page)));
        for round in 0..3 {
            for page in turns {
                let (walk, place) = trail.walks().find(|(_, place)| place.page == page).unwrap();
                // The second round shows what comes after the last of them.
                assert!(round == 0 || likeliest(&trail) == page);
                trail.go_on(walk, place);
            }
        }
    }

    #[test]
    fn a_walk_that_was_just_taken_does_not_give_way() {
        let trail = Trail::default();
        (1..=4).for_each(|page| trail.begin(at(page)));
        for page in 5..20 {
            let (walk, place) = trail.walks().find(|(_, place)| place.page == page - 1).unwrap();
            trail.go_on(walk, place);
            trail.begin(at(page));
            assert!(trail.walks().any(|(_, place)| place.page == page - 1));
        }
    }
}
