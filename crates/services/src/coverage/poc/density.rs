//! How crowded a place is: hotspots counted in hexes, no more of them than the hex should have.
//!
//! Hotspots are counted in cells of resolution 11. From resolution 10 to 4, each cell has what counts of the cells below it, and counts no
//! more of that than its limit, which grows with the number of cells around it, itself among them, that have their target. The scale of a
//! place is the product, over all these sizes, of what counts over what is there.
//!
//! Order: sizes one after the other, the smallest first; all cells of a size before any of the next. Within a size order is of no matter,
//! since a cell reaches its target after clipping exactly when it did before: no limit is below the target.
//!
//! The index is kept while hotspots come and go: a change walks up from its cell, and touches at each size the cells whose count or
//! whose neighbours' fullness changed, a handful. Rebuilt from scratch it is the same, which tests show.
//!
//! Source: HIP-17 with HIP-104's values; helium/oracles `iot_verifier/src/hex_density.rs`.

use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Int, QuantityError};
use h3o::{CellIndex, Resolution};
use std::collections::{BTreeMap, BTreeSet};

/// What a size of hexes is meant to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexRule {
    /// H3 resolution.
    pub resolution: Resolution,
    /// So many full cells around a cell let it have no more than its target; each further one adds a target.
    pub neighbours: u64,
    /// Hotspots that a cell should have.
    pub target: u64,
    /// Most that count.
    pub most: u64,
}

const fn rule(resolution: Resolution, neighbours: u64, target: u64, most: u64) -> HexRule {
    HexRule { resolution, neighbours, target, most }
}

/// Resolutions 10 to 4, by HIP-104.
pub const RULES: [HexRule; 7] = [
    rule(Resolution::Ten, 2, 1, 1),
    rule(Resolution::Nine, 2, 1, 1),
    rule(Resolution::Eight, 2, 1, 1),
    rule(Resolution::Seven, 4, 5, 10),
    rule(Resolution::Six, 4, 25, 50),
    rule(Resolution::Five, 4, 100, 200),
    rule(Resolution::Four, 2, 500, 1_000),
];

/// How many devices of a hex count: `min(most, target * max(occupied - wanted + 1, 1))`, at most what is there.
pub fn hex_limit(target: u64, most: u64, wanted: u64, occupied: u64, there: u64) -> u64 {
    most.min(target.saturating_mul((occupied.saturating_sub(wanted) + 1).max(1))).min(there)
}

/// What a cell has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hex {
    /// Hotspots, as the size below counted them.
    pub there: u64,
    /// Those that count.
    pub counted: u64,
}

/// Where the index is kept: a map, or rows. A cell that has nothing is not there.
pub trait Counts {
    /// What a cell has.
    fn get(&mut self, cell: u64) -> Hex;

    /// Writes what a cell has.
    fn put(&mut self, cell: u64, hex: Hex);
}

impl Counts for BTreeMap<u64, Hex> {
    fn get(&mut self, cell: u64) -> Hex {
        BTreeMap::get(self, &cell).copied().unwrap_or_default()
    }

    fn put(&mut self, cell: u64, hex: Hex) {
        if hex == Hex::default() {
            self.remove(&cell)
        } else {
            self.insert(cell, hex)
        };
    }
}

/// The index over some place where it is kept.
#[derive(Debug)]
pub struct Population<'a, C>(pub &'a mut C);

impl<C: Counts> Population<'_, C> {
    /// A hotspot in this cell of resolution 11 or finer counts from now on (`true`), or no more. Gives how many cells were written; none
    /// for what is no cell, or when nobody is there to be taken away.
    pub fn change(&mut self, cell: u64, comes: bool) -> usize {
        let Some(cell) = eleven(cell) else { return 0 };
        let mut hex = self.0.get(cell.into());
        let Some(there) = (if comes { hex.there.checked_add(1) } else { hex.there.checked_sub(1) }) else { return 0 };
        hex = Hex { there, counted: there };
        self.0.put(cell.into(), hex);
        let mut written = 1;
        let mut changed = BTreeMap::from([(cell, if comes { 1i64 } else { -1 })]);
        for rule in RULES {
            changed = self.climb(&rule, &changed);
            written += changed.len();
            if changed.is_empty() {
                break;
            }
        }
        written
    }

    /// Takes changed counts of the size below into this one; gives by how much its own counts changed.
    fn climb(&mut self, rule: &HexRule, below: &BTreeMap<CellIndex, i64>) -> BTreeMap<CellIndex, i64> {
        let mut added: BTreeMap<CellIndex, i64> = BTreeMap::new();
        for (cell, by) in below {
            let parent = cell.parent(rule.resolution).expect("sizes grow");
            *added.entry(parent).or_default() += by;
        }
        let mut dirty: BTreeSet<CellIndex> = BTreeSet::new();
        for (cell, by) in added {
            let hex = self.0.get(cell.into());
            let there = hex.there.saturating_add_signed(by);
            self.0.put(cell.into(), Hex { there, ..hex });
            dirty.insert(cell);
            // Only when it reaches its target, or falls below, do its neighbours' limits change.
            if (hex.there >= rule.target) != (there >= rule.target) {
                dirty.extend(cell.grid_disk_safe(1));
            }
        }
        let mut changed = BTreeMap::new();
        for cell in dirty {
            let hex = self.0.get(cell.into());
            let counted = self.counted(rule, cell, hex.there);
            if counted != hex.counted {
                self.0.put(cell.into(), Hex { counted, ..hex });
                changed.insert(cell, counted as i64 - hex.counted as i64);
            }
        }
        changed
    }

    fn counted(&mut self, rule: &HexRule, cell: CellIndex, there: u64) -> u64 {
        if there == 0 {
            return 0;
        }
        let full = cell.grid_disk_safe(1).filter(|near| self.0.get((*near).into()).there >= rule.target).count() as u64;
        hex_limit(rule.target, rule.most, rule.neighbours, full, there)
    }

    /// Fills an empty index from the number of hotspots in each cell of resolution 11; what is no such cell is left out.
    pub fn rebuild(&mut self, hotspots: impl IntoIterator<Item = (u64, u64)>) {
        let mut counts: BTreeMap<CellIndex, u64> = BTreeMap::new();
        for (cell, number) in hotspots {
            if let Some(cell) = eleven(cell) {
                *counts.entry(cell).or_default() += number;
            }
        }
        for (cell, there) in &counts {
            self.0.put((*cell).into(), Hex { there: *there, counted: *there });
        }
        for rule in RULES {
            let mut there: BTreeMap<CellIndex, u64> = BTreeMap::new();
            for (cell, number) in &counts {
                *there.entry(cell.parent(rule.resolution).expect("sizes grow")).or_default() += number;
            }
            for (cell, there) in &there {
                self.0.put((*cell).into(), Hex { there: *there, counted: 0 });
            }
            let counted = |(cell, there): (&CellIndex, &u64)| (*cell, self.counted(&rule, *cell, *there));
            counts = there.iter().map(counted).collect();
            for (cell, counted) in &counts {
                self.0.put((*cell).into(), Hex { there: there[cell], counted: *counted });
            }
        }
    }
}

fn eleven(cell: u64) -> Option<CellIndex> {
    CellIndex::try_from(cell).ok()?.parent(Resolution::Eleven)
}

/// The scale of a place in parts of 10^4, a half to the even neighbour: the product of what counts over what is there, resolutions 10 to 4;
/// one where nothing is there.
///
/// # Errors
/// [`QuantityError`] for counts past any that there can be.
pub fn scale_of(counts: &mut impl Counts, cell: u64) -> Result<Int, QuantityError> {
    let (mut top, mut bottom) = (Int::from(10_000_u64), Int::from(1_u64));
    let cell = eleven(cell);
    for rule in RULES {
        let Some(parent) = cell.and_then(|cell| cell.parent(rule.resolution)) else { break };
        let hex = counts.get(parent.into());
        if hex.there > 0 {
            (top, bottom) = (top.times(Int::from(hex.counted))?, bottom.times(Int::from(hex.there))?);
        }
    }
    top.div_half_even(bottom)
}
