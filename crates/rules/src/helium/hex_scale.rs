//! The scale of a whole set of hotspots: how crowded each one's cell is, and the cells around it, up to the largest.
//!
//! Source: oracles `iot_verifier/src/hex_density.rs`, HIP-17, HIP-104. Absent: how cells of the earth lie; what lies in what and beside
//! what are inputs.

use depin_quantity::{Basis, Int, Kind, Outputs, QuantityError, RuleCard, RuleError, field};
use depin_services::coverage::poc::{RULES, hex_limit};

/// One resolution on the way up: the parent of each cell below, and which of these parents lie side by side.
struct Level<'a> {
    parents: &'a [u128],
    beside: &'a [u128],
    target: u64,
    most: u64,
    wanted: u64,
}

impl Level<'_> {
    /// Counts of the parents before and after clipping.
    fn clip(&self, counts: &[u64]) -> Result<Vec<(u64, u64)>, RuleError> {
        let last = self.parents.iter().copied().max().unwrap_or(0);
        if self.parents.len() != counts.len() || last >= counts.len() as u128 {
            return Err(RuleError::refused(
                "every cell needs a parent, and parents are numbered from 0, no higher than their children",
            ));
        }
        let length = last as usize + 1;
        if !self.beside.len().is_multiple_of(2) || self.beside.iter().any(|cell| *cell > last) {
            return Err(RuleError::refused("neighbours are pairs of parents that there are"));
        }
        let mut there = vec![0_u64; length];
        for (count, parent) in counts.iter().zip(self.parents) {
            there[*parent as usize] += count;
        }
        let full = |cell: usize| there[cell] >= self.target;
        let occupied = |cell: usize| {
            let beside = self.beside.chunks_exact(2).filter_map(|pair| match [pair[0] as usize, pair[1] as usize] {
                [a, b] if a == cell => Some(b),
                [a, b] if b == cell => Some(a),
                _ => None,
            });
            u64::from(full(cell)) + beside.filter(|other| full(*other)).count() as u64
        };
        Ok((0..length)
            .map(|cell| (there[cell], hex_limit(self.target, self.most, self.wanted, occupied(cell), there[cell])))
            .collect())
    }
}

/// Each cell's scale as a fraction, after all levels.
fn scales_of(counts: &[u64], levels: &[Level<'_>]) -> Result<Vec<(Int, Int)>, RuleError> {
    let mut scales = vec![(Int::from(1_u64), Int::from(1_u64)); counts.len()];
    let mut up: Vec<usize> = (0..counts.len()).collect();
    let mut counts = counts.to_vec();
    for level in levels {
        let clipped = level.clip(&counts)?;
        for (scale, cell) in scales.iter_mut().zip(&mut up) {
            *cell = level.parents[*cell] as usize;
            let (there, counted) = clipped[*cell];
            if there > 0 {
                *scale = (scale.0.times(Int::from(counted))?, scale.1.times(Int::from(there))?);
            }
        }
        counts = clipped.into_iter().map(|(_, counted)| counted).collect();
    }
    Ok(scales)
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&SET];

pub static SET: RuleCard = RuleCard {
    id: "HNT-SV-8",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Hex scale of a set of hotspots",
    description: "Hotspots with a witnessed beacon in the last 60 hours are counted in cells of resolution 11. From resolution 10 to 4 each \
            cell takes the counted ones of those below, and counts no more of them than its limit, which grows with the number of \
            cells around it, itself among them, that reach the target. A hotspot's scale is the product, over all sizes, of what is \
            counted over what is there; it scales its rewards as beaconer and those of its witnesses.",
    formula: "limit = min(most, target * max(occupied - wanted + 1, 1)); counted = min(limit, there); scale = product of counted / \
              there, resolutions 10 to 4",
    rounding: "once, at the fourth place, a half to even",
    inputs: &[
        field("counts", Kind::List(&Kind::Integer), "hotspots", "in each cell of resolution 11").least(1).most(256).each(1 << 20),
        field(
            "parents",
            Kind::List(&Kind::List(&Kind::Integer)),
            "",
            "for resolutions 10 to 4: number of each lower cell's parent",
        )
        .least(7)
        .most(7),
        field(
            "neighbours",
            Kind::List(&Kind::List(&Kind::Integer)),
            "",
            "for resolutions 10 to 4: pairs of parents side by side",
        )
        .least(7)
        .most(7)
        .or("[[], [], [], [], [], [], []]"),
    ],
    outputs: &[field("scales", Kind::List(&Kind::Decimal(4)), "", "of the hotspots in each cell of resolution 11")],
    source: "HIP-17, HIP-104; oracles iot_verifier/src/hex_density.rs; example 1 by hand: two in one cell of \
             resolution 10 count as one",
    examples: &[
        (
            r#"{"counts": [1, 1, 1], "parents": [[0, 0, 1], [0, 1], [0, 1], [0, 1], [0, 1], [0, 1], [0, 1]]}"#,
            r#"{"scales": ["0.5", "0.5", "1"]}"#,
        ),
        (
            r#"{"counts": [1, 1, 1, 1, 1, 1, 1, 1, 1], "parents": [[0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 2, 3, 4, 5, 6, 7, 8],
                [0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 0, 0, 0, 0, 1, 1], [0, 1], [0, 0], [0]],
                "neighbours": [[], [], [], [0, 1], [], [], []]}"#,
            r#"{"scales": ["0.7143", "0.7143", "0.7143", "0.7143", "0.7143", "0.7143", "0.7143", "1", "1"]}"#,
        ),
    ],
    run: |i| {
        let (counts, parents, beside) = (i.integers("counts")?, i.tables("parents")?, i.tables("neighbours")?);
        let counts: Vec<u64> = counts.into_iter().map(|count| count as u64).collect();
        let levels: Vec<Level<'_>> = (RULES.iter().zip(&parents).zip(&beside))
            .map(|((rule, parents), beside)| Level {
                parents,
                beside,
                target: rule.target,
                most: rule.most,
                wanted: rule.neighbours,
            })
            .collect();
        let whole = Int::from(10_000_u64);
        let round = |(top, bottom): &(Int, Int)| top.times(whole)?.div_half_even(*bottom);
        let scales: Result<Vec<Int>, QuantityError> = scales_of(&counts, &levels)?.iter().map(round).collect();
        Ok(Outputs::new().decimals("scales", scales?, 4))
    },
};
