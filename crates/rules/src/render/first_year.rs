//! The first year of burn-and-mint: what its months were for, and the pool of compute clients.
//!
//! Source: RNP-006 and its addendum.

use depin_quantity::{Basis, Kind, Outputs, RuleCard, RuleError, field};

const TOKEN: u128 = 100_000_000;

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&MONTHS, &COMPUTE_POOL];

pub static MONTHS: RuleCard = RuleCard {
    id: "RNDR-EM-3",
    networks: &["render"],
    basis: Basis::Model,
    title: "What a month of the first year is for",
    description: "Half of each month's mint is the network's: node operators get 190,142 in every month; the rest goes to liquidity in the \
            first three months, to liquidity and artists alike in the next six, and to artists in the last three. The other half is \
            the foundation's: out of it compute clients and upgrades to the new token get 95,071 each.",
    formula: "network 380,284 = operators 190,142 + liquidity (190,142; 95,071 from month 4; 0 from 10) + artists (0; 95,071; 190,142); \
              foundation 380,284 = compute 95,071 + upgrades 95,071 + its own 190,142",
    rounding: "whole tokens; both halves are rounded up, so a month comes to one token more than the 760,567 that are minted",
    inputs: &[field("month", Kind::Integer, "months", "of the first year, from 1").least(1).most(12)],
    outputs: &[
        field("operators", Kind::Integer, "base units of 10^-8", "node operators"),
        field("liquidity", Kind::Integer, "base units", "liquidity"),
        field("artists", Kind::Integer, "base units", "artists"),
        field("compute", Kind::Integer, "base units", "compute clients"),
        field("upgrades", Kind::Integer, "base units", "points for upgrading to the new token"),
        field("foundation", Kind::Integer, "base units", "the foundation's own"),
    ],
    source: "RNP-006 (its 95,707 is a slip for 95,071); from month 6 or 7 RNP-013 lowered operators to 85,000 and artists to 50,000",
    examples: &[
        (
            r#"{"month": 1}"#,
            r#"{"operators": "19014200000000", "liquidity": "19014200000000", "artists": "0", "compute": "9507100000000",
                "upgrades": "9507100000000", "foundation": "19014200000000"}"#,
        ),
        (
            r#"{"month": 4}"#,
            r#"{"operators": "19014200000000", "liquidity": "9507100000000", "artists": "9507100000000", "compute": "9507100000000",
                "upgrades": "9507100000000", "foundation": "19014200000000"}"#,
        ),
    ],
    run: |i| {
        let quarter = 95_071 * TOKEN;
        let liquidity = match i.small("month")? {
            1..=3 => 2 * quarter,
            4..=9 => quarter,
            _ => 0,
        };
        let outputs = Outputs::new().integer("operators", 2 * quarter).integer("liquidity", liquidity);
        let outputs = outputs.integer("artists", 2 * quarter - liquidity).integer("compute", quarter);
        Ok(outputs.integer("upgrades", quarter).integer("foundation", 2 * quarter))
    },
};

pub static COMPUTE_POOL: RuleCard = RuleCard {
    id: "RNDR-PO-3",
    networks: &["render"],
    basis: Basis::Model,
    title: "Pool of compute clients in the first year",
    description: "The pool that is published for an epoch is paid out in full only when enough nodes qualify: at most 75 RENDER for each. What \
            is left is spread over the months that are left.",
    formula: "pool = min(published, 75 * nodes); next = floor((left - pool) / months)",
    rounding: "down; the last month takes what rounding leaves",
    inputs: &[
        field("published", Kind::Integer, "base units of 10^-8", "pool of the epoch").most(1 << 90).or("9507100000000"),
        field("nodes", Kind::Integer, "", "that qualified").most(1 << 32),
        field("left", Kind::Integer, "base units", "of the budget, this epoch's pool included").most(1 << 90),
        field("months", Kind::Integer, "months", "that are left after this epoch").least(1).most(1_200),
    ],
    outputs: &[
        field("pool", Kind::Integer, "base units", "paid out in this epoch"),
        field("next", Kind::Integer, "base units", "published for the next month"),
    ],
    source: "RNP-006 addendum; 95,071 RENDER a month for compute clients; examples: by hand",
    examples: &[
        (r#"{"nodes": 100, "left": "114085200000000", "months": 11}"#, r#"{"pool": "750000000000", "next": "10303200000000"}"#),
        (r#"{"nodes": 2000, "left": "114085200000000", "months": 11}"#, r#"{"pool": "9507100000000", "next": "9507100000000"}"#),
    ],
    run: |i| {
        let pool = i.integer("published")?.min(75 * TOKEN * i.integer("nodes")?);
        let left = i.integer("left")?.checked_sub(pool).ok_or_else(|| {
            RuleError::refused(format!("the budget has less left than this epoch's pool of {pool}; `left` counts it in"))
        })?;
        Ok(Outputs::new().integer("pool", pool).integer("next", left / i.integer("months")?))
    },
};
