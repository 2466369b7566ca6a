//! Rendering and compute nodes: cost of jobs, scores and multipliers.
//!
//! Source: RNP-006, RNP-015, RNP-019, RNP-021, the Render knowledge base.

use depin_quantity::{
    Basis, Int, Kind, LOG_BITS, Outputs, QuantityError, Rounding, RuleCard, RuleError, exp_neg, field, ln, mul_div,
};

type Result<T = Int> = std::result::Result<T, QuantityError>;

/// One, in parts of 10^12.
const ONE12: u128 = 1_000_000_000_000;

/// `ln(x) / ln(mean)` in parts of 10^12; nothing for `x` at or below one. The mean must be above one.
fn log_ratio(x: u128, mean: u128, unit: u128) -> Result {
    if x <= unit {
        return Ok(Int::ZERO);
    }
    let (top, bottom) = (ln(Int::from(x), Int::from(unit))?, ln(Int::from(mean), Int::from(unit))?);
    // One part more decides nothing but a quotient that is exact, as at the mean itself.
    top.plus(Int::from(1_u64 << 20))?.times(Int::from(ONE12))?.div_floor(bottom)
}

/// Weight of one of `n` nodes of a wallet, in parts of 10^12: one up to three, then `exp(-0.65 * (n - 3))`.
pub fn crowding(n: u64) -> Result {
    let Some(more) = n.checked_sub(4) else { return Ok(Int::from(ONE12)) };
    let x = Int::from(65_u64).times(Int::from(more + 1))?.shl(LOG_BITS)?.div_floor(Int::from(100_u64))?;
    Ok(exp_neg(x)?.times(Int::from(ONE12))?.shr(LOG_BITS))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&RENDER_COST, &AVAILABILITY, &COMPUTE, &MULTIPLIER, &OLDER];

pub static RENDER_COST: RuleCard = RuleCard {
    id: "RNDR-SV-1",
    networks: &["render"],
    basis: Basis::Model,
    title: "Cost of a render job",
    description: "Work is OctaneBench points times hours, summed over approved frames; a credit buys 25, 100 or 200 of them, by tier.",
    formula: "credits = sum of bench * seconds / 3600 / per_credit(tier); tier 1: 25, tier 2: 100, tier 3: 200",
    rounding: "up at the fourth place, once",
    inputs: &[
        field("bench", Kind::List(&Kind::Integer), "OB", "of the node of each approved frame").least(1).most(1_024),
        field("seconds", Kind::List(&Kind::Integer), "s", "that each frame took").least(1).most(1_024),
        field("tier", Kind::Integer, "", "1 enterprise, 2 priority, 3 economy").least(1).most(3),
    ],
    outputs: &[field("work", Kind::Decimal(4), "OBh", "in all"), field("credits", Kind::Decimal(4), "credits", "to pay")],
    source: "Render knowledge base, pricing: 100 credits buy 2,500 OBh in tier 1 to 20,000 in tier 3",
    examples: &[
        (r#"{"bench": [1000], "seconds": [9000], "tier": 1}"#, r#"{"work": "2500", "credits": "100"}"#),
        (r#"{"bench": [350, 700], "seconds": [100, 77], "tier": 3}"#, r#"{"work": "24.6945", "credits": "0.1235"}"#),
    ],
    run: |i| {
        let (bench, seconds) = (i.integers("bench")?, i.integers("seconds")?);
        if bench.len() != seconds.len() {
            return Err(RuleError::refused(format!("{} frames need as many times, not {}", bench.len(), seconds.len())));
        }
        let add = |sum: Int, (b, s): (&u128, &u128)| sum.plus(Int::from(*b).times(Int::from(*s))?);
        let work = bench.iter().zip(&seconds).try_fold(Int::ZERO, add)?.times(Int::from(10_000_u64))?;
        let per_credit: u64 = [25, 100, 200][usize::try_from(i.integer("tier")? - 1).unwrap_or(0).min(2)];
        let up = |value: Int, den: u64| -> Result { Ok(value.negated().div_floor(Int::from(den))?.negated()) };
        let outputs = Outputs::new().decimal("work", up(work, 3_600)?, 4);
        Ok(outputs.decimal("credits", up(work, 3_600 * per_credit)?, 4))
    },
};

pub static AVAILABILITY: RuleCard = RuleCard {
    id: "RNDR-SV-2",
    networks: &["render"],
    basis: Basis::Model,
    title: "Availability score of a render node",
    description: "Idle nodes share a pool by how long they were idle and how their bench score, memory and age compare with the mean, in \
            logarithms; more than three nodes on one wallet count less and less. A node at all means scores 7.",
    formula: "idle * (3 ln(ob) / ln(mean ob) + 3 ln(vram) / ln(mean vram) + ln(age) / ln(mean age)) * penalty(n); penalty 1 for n <= \
              3, else exp(-0.65 * (n - 3)); a value at or below 1 adds nothing",
    rounding: "down at the 12th place in every factor",
    inputs: &[
        field("idle", Kind::Share, "", "of the epoch"),
        field("bench", Kind::Integer, "OB", "of the node").most(1 << 40),
        field("mean_bench", Kind::Integer, "OB", "of all nodes").least(2).most(1 << 40),
        field("vram", Kind::Integer, "GB", "of the node").most(1 << 40),
        field("mean_vram", Kind::Integer, "GB", "of all nodes").least(2).most(1 << 40),
        field("age", Kind::Integer, "days", "of the node").most(1 << 40),
        field("mean_age", Kind::Integer, "days", "of all nodes").least(2).most(1 << 40),
        field("nodes", Kind::Integer, "", "on its wallet").least(1).most(100_000).or("1"),
    ],
    outputs: &[field("score", Kind::Decimal(12), "", "the pool is shared by it")],
    source: "RNP-015; a node at all means scores 7; example: 60-digit decimals",
    examples: &[
        (
            r#"{"idle": "100%", "bench": 500, "mean_bench": 500, "vram": 24, "mean_vram": 24, "age": 300, "mean_age": 300}"#,
            r#"{"score": "7"}"#,
        ),
        (
            r#"{"idle": "40%", "bench": 900, "mean_bench": 500, "vram": 8, "mean_vram": 24, "age": 1, "mean_age": 300, "nodes": 5}"#,
            r#"{"score": "0.571955168815"}"#,
        ),
    ],
    run: |i| {
        let ratio = |own: &'static str, mean: &'static str| -> std::result::Result<Int, RuleError> {
            Ok(log_ratio(i.integer(own)?, i.integer(mean)?, 1)?)
        };
        let three = Int::from(3_u64);
        let sum = ratio("bench", "mean_bench")?.times(three)?.plus(ratio("vram", "mean_vram")?.times(three)?)?;
        let sum = sum.plus(ratio("age", "mean_age")?)?;
        let idle = Int::from(u64::from(i.share("idle")?.get()));
        let idle = sum.times(idle)?.div_floor(Int::from(1_000_000_000_u64))?;
        let score = idle.times(crowding(i.small("nodes")?)?)?.div_floor(Int::from(ONE12))?;
        Ok(Outputs::new().decimal("score", score, 12))
    },
};

pub static COMPUTE: RuleCard = RuleCard {
    id: "RNDR-SV-3",
    networks: &["render"],
    basis: Basis::Model,
    title: "Weekly rewards of a compute node",
    description: "A node gets 2 tokens a week for being there, by the part of the week that it was, and for work its base times its \
            multiplier, by the hours of the week.",
    formula: "availability = floor(2 * uptime); job = floor(base * multiplier * hours / 168)",
    rounding: "down to base units",
    inputs: &[
        field("uptime", Kind::Share, "", "of the epoch"),
        field("seconds", Kind::Integer, "s", "hired in the epoch").most(604_800),
        field("multiplier", Kind::Decimal(4), "", "of the node").most(1 << 40).or("\"1\""),
        field("base", Kind::Integer, "base units of 10^-8", "for a whole week; 10 tokens in RNP-019")
            .most(1 << 60)
            .or("2500000000"),
        field("present", Kind::Integer, "base units", "for being there a whole week").most(1 << 60).or("200000000"),
    ],
    outputs: &[
        field("availability", Kind::Integer, "base units", "for being there"),
        field("job", Kind::Integer, "base units", "for work"),
    ],
    source: "RNP-019, RNP-021; an RTX 4090 a whole week: 2 and 25 tokens",
    examples: &[
        (r#"{"uptime": "100%", "seconds": 604800}"#, r#"{"availability": "200000000", "job": "2500000000"}"#),
        (r#"{"uptime": "50%", "seconds": 3600, "multiplier": "4"}"#, r#"{"availability": "100000000", "job": "59523809"}"#),
    ],
    run: |i| {
        let present = i.share("uptime")?.of(i.units("present")?, Rounding::Down)?;
        let full = i.integer("base")? * i.integer("multiplier")?;
        let job = mul_div(full, i.integer("seconds")?, 604_800 * 10_000, Rounding::Down)?;
        Ok(Outputs::new().units("availability", present).integer("job", job))
    },
};

pub static MULTIPLIER: RuleCard = RuleCard {
    id: "RNDR-SV-4",
    networks: &["render"],
    basis: Basis::Model,
    title: "Multiplier of a compute node",
    description: "Six figures of a node, each over that of a usual one, weighted. The published weights sum to 0.97.",
    formula: "0.36 gpu + 0.26 vram / 24 + 0.15 network / 400 + 0.08 clock / 2.5 + 0.08 bandwidth / 1410 + 0.04 cpu",
    rounding: "down at the fourth place, once",
    inputs: &[
        field("gpu", Kind::Decimal(2), "", "factor of the model: 4090 1.0, 5090 1.7, 3060 0.5").most(10_000),
        field("vram", Kind::Integer, "GB", "4 and below count nothing").most(10_000),
        field("network", Kind::Decimal(2), "", "factor of the connection: 4 at 1,600 / 1,200 Mbps, 0.25 at 100 / 75").most(400),
        field("clock", Kind::Integer, "MHz", "boost clock").most(100_000),
        field("bandwidth", Kind::Integer, "GB/s", "of the memory").most(1_000_000),
        field("cpu", Kind::Decimal(2), "", "factor: 0.5, 1 or 1.5").most(1_000),
    ],
    outputs: &[field("multiplier", Kind::Decimal(4), "", "of the node")],
    source: "RNP-019; upper examples of the proposal use factors that it does not print; here the scales as printed",
    examples: &[
        (
            r#"{"gpu": "1", "vram": 24, "network": "1", "clock": 2500, "bandwidth": 1410, "cpu": "1"}"#,
            r#"{"multiplier": "0.97"}"#,
        ),
        (
            r#"{"gpu": "0.5", "vram": 12, "network": "0.25", "clock": 1780, "bandwidth": 360, "cpu": "0.5"}"#,
            r#"{"multiplier": "0.4448"}"#,
        ),
    ],
    run: |i| {
        let vram = i.integer("vram")?;
        let vram = if vram <= 4 { 0 } else { vram };
        // All in parts of 10^4, over the common denominator 24 * 2500 * 1410.
        let den = 24 * 2_500 * 1_410;
        let sum = 36 * i.integer("gpu")? * den
            + 26 * 100 * vram * (den / 24)
            + 15 * i.integer("network")? * den
            + 8 * 100 * i.integer("clock")? * (den / 2_500)
            + 8 * 100 * i.integer("bandwidth")? * (den / 1_410)
            + 4 * i.integer("cpu")? * den;
        Ok(Outputs::new().decimal("multiplier", sum / den, 4))
    },
};

pub static OLDER: RuleCard = RuleCard {
    id: "RNDR-SV-5",
    networks: &["render"],
    basis: Basis::Model,
    title: "Score of a compute node in year 1",
    description: "A quarter by what it earned beside the best, 0.35 by bandwidth, a fifth each by model and uptime.",
    formula: "0.25 * (0.1 + 0.9 * earned / best) + 0.35 * b + 0.20 * gpu + 0.20 * uptime; b = 0.2, 0.4, 0.6, 0.8 for low, medium, \
              high, ultra",
    rounding: "down at the ninth place",
    inputs: &[
        field("earned", Kind::Integer, "cents", "in the epoch").most(1 << 60),
        field("best", Kind::Integer, "cents", "of the node that earned most").least(1).most(1 << 60),
        field("bandwidth", Kind::Choice(&["low", "medium", "high", "ultra"]), "", "both directions reached"),
        field("gpu", Kind::Decimal(2), "", "0.5 to 1").most(100),
        field("uptime", Kind::Share, "", "of the whole epoch"),
    ],
    outputs: &[field("score", Kind::Decimal(9), "", "the pool is shared by it")],
    source: "RNP-006 addendum; example: independent computation",
    examples: &[
        (r#"{"earned": 500, "best": 1000, "bandwidth": "high", "gpu": "0.9", "uptime": "50%"}"#, r#"{"score": "0.6275"}"#),
        (r#"{"earned": 1, "best": 3, "bandwidth": "low", "gpu": "0.5", "uptime": "100%"}"#, r#"{"score": "0.47"}"#),
    ],
    run: |i| {
        let (earned, best) = (i.integer("earned")?, i.integer("best")?);
        if earned > best {
            return Err(RuleError::refused(format!("earned {earned} is more than the best, {best}")));
        }
        let whole: u128 = 1_000_000_000;
        let band = match i.text("bandwidth")? {
            "low" => 2,
            "medium" => 4,
            "high" => 6,
            _ => 8,
        };
        let rest = whole / 40 + 35 * band * (whole / 1_000) + 20 * i.integer("gpu")? * (whole / 10_000);
        let uptime = u128::from(i.share("uptime")?.get());
        // 0.225 * earned / best + 0.2 * uptime + rest, cut once.
        let top = Int::from(earned).times(Int::from(225 * whole))?.div_floor(Int::from(1_000 * best))?;
        let score = Int::from(rest).plus(top)?.plus(Int::from(uptime / 5))?;
        Ok(Outputs::new().decimal("score", score, 9))
    },
};
