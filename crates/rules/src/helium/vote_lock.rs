//! Votes of locked tokens, and what they earn; treasuries that pay for burnt tokens; limits on what flows out.
//!
//! Source: helium-program-library `programs/{voter-stake-registry,treasury-management,circuit-breaker,lazy-distributor}`.

use crate::runs;
use depin_economy::{decayed, full_weight, lock_weight, redemption};
use depin_quantity::{Basis, Kind, Outputs, Rounding, RuleCard, RuleError, field, mul_div};

/// The lifetime total that a claim goes by: of sorted reports the one at `len / 2`.
pub fn agreed_total(mut reports: Vec<u128>) -> Option<u128> {
    reports.sort_unstable();
    reports.get(reports.len() / 2).copied()
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&VOTES, &SHARE, &TURNOUT, &REDEEM, &BREAKER, &CLAIM];

pub static VOTES: RuleCard = RuleCard {
    id: "HNT-LO-1",
    networks: &["helium"],
    basis: runs!(depin_economy::full_weight, depin_economy::lock_weight),
    title: "Votes of locked HNT",
    description: "A lock of four years (1,460 days) has a hundred votes for each HNT, a shorter one in proportion to the seconds left; a \
            constant lock does not decay. Locks of the first ten days count three times.",
    formula: "floor(amount * 100 * min(left, longest) / longest) * bonus",
    rounding: "down, before the bonus",
    inputs: &[
        field("amount", Kind::Integer, "bones", "locked").most(1 << 100),
        field("left", Kind::Integer, "s", "until the lock ends; of a constant one its whole length").most(1 << 40),
        field("longest", Kind::Integer, "s", "that counts").least(1).most(1 << 40).or("126144000"),
        field("times", Kind::Integer, "", "votes of a token at the longest lock").most(1_000).or("100"),
        field("bonus", Kind::Integer, "", "3 for locks of the first ten days").least(1).most(100).or("1"),
    ],
    outputs: &[field("votes", Kind::Integer, "10^-8 veHNT", "now")],
    source: "HIP-76; helium-program-library programs/voter-stake-registry/src/state/position.rs (the proposal says 1,461 days)",
    examples: &[
        (r#"{"amount": 100000000, "left": 126144000}"#, r#"{"votes": "10000000000"}"#),
        (r#"{"amount": 100000000, "left": 15768000, "bonus": 3}"#, r#"{"votes": "3750000000"}"#),
        (r#"{"amount": 123456789, "left": 999999}"#, r#"{"votes": "97869629"}"#),
    ],
    run: |i| {
        let (left, longest) = (i.small("left")?, i.small("longest")?);
        let full = full_weight(i.units("amount")?, i.small("times")? * 1_000_000_000)?;
        Ok(Outputs::new().units("votes", lock_weight(full, left, longest, i.small("bonus")?)?))
    },
};

pub static SHARE: RuleCard = RuleCard {
    id: "HNT-LO-2",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Reward of a delegated lock",
    description: "The delegators' pool of an epoch is shared by votes at the epoch's start; a delegation that had expired then gets nothing.",
    formula: "floor(votes * pool / all votes); 0 when expiry <= epoch start",
    rounding: "down",
    inputs: &[
        field("votes", Kind::Integer, "10^-8 veHNT", "of the lock at the epoch's start"),
        field("all", Kind::Integer, "10^-8 veHNT", "of all delegated locks").least(1),
        field("pool", Kind::Integer, "bones", "of the epoch"),
        field("expiry", Kind::Integer, "s", "of the delegation, Unix time"),
        field("start", Kind::Integer, "s", "of the epoch, Unix time"),
    ],
    outputs: &[field("reward", Kind::Integer, "bones", "of the lock")],
    source: "helium-program-library programs/helium-sub-daos; HIP-110, HIP-141; example: independent integer computation",
    examples: &[
        (
            r#"{"votes": 10000000000, "all": 2400000000000000000, "pool": 133150684931, "expiry": 1785542400, "start": 1754006400}"#,
            r#"{"reward": "554"}"#,
        ),
        (r#"{"votes": 7, "all": 7, "pool": 100, "expiry": 5, "start": 5}"#, r#"{"reward": "0"}"#),
    ],
    run: |i| {
        let (votes, all) = (i.integer("votes")?, i.integer("all")?);
        if votes > all {
            return Err(RuleError::refused(format!("votes {votes} are more than all {all}")));
        }
        let live = i.integer("expiry")? > i.integer("start")?;
        let reward = if live { mul_div(votes, i.integer("pool")?, all, Rounding::Down)? } else { 0 };
        Ok(Outputs::new().integer("reward", reward))
    },
};

pub static TURNOUT: RuleCard = RuleCard {
    id: "HNT-LO-3",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Who does not vote does not earn",
    description: "Once four proposals exist, a lock must have voted on two of the last four, or its reward is burnt when claimed. A \
            proposal still open for voting counts as voted.",
    formula: "fewer than 4 proposals, or (voted or open) on at least 2 of the last 4",
    rounding: "none",
    inputs: &[
        field("voted", Kind::List(&Kind::Flag), "", "on each of the last proposals, newest last").most(1_024),
        field("open", Kind::List(&Kind::Flag), "", "whether each is still open").most(1_024),
    ],
    outputs: &[field("earns", Kind::Flag, "", "whether the lock keeps its reward")],
    source: "HIP-141",
    examples: &[
        (r#"{"voted": [true, false, false, false], "open": [false, false, false, true]}"#, r#"{"earns": true}"#),
        (
            r#"{"voted": [true, true, false, false, false, true], "open": [false, false, false, false, false, false]}"#,
            r#"{"earns": false}"#,
        ),
        (r#"{"voted": [false, false, false], "open": [false, false, false]}"#, r#"{"earns": true}"#),
    ],
    run: |i| {
        let (voted, open) = (i.flags("voted")?, i.flags("open")?);
        if voted.len() != open.len() {
            return Err(RuleError::refused(format!("{} votes need as many proposals, not {}", voted.len(), open.len())));
        }
        let last = voted.iter().zip(&open).rev().take(4).filter(|(v, o)| **v || **o).count();
        Ok(Outputs::new().flag("earns", voted.len() < 4 || last >= 2))
    },
};

pub static REDEEM: RuleCard = RuleCard {
    id: "HNT-TR-1",
    networks: &["helium"],
    basis: runs!(depin_economy::redemption),
    title: "Redeeming a sub-network's token",
    description: "A treasury of HNT stands behind a sub-network's token: who burns a part of the token's supply gets, on the curve in \
            force (k = 0), the same part of the treasury.",
    formula: "R - R * ((S - b) / S)^(1 + k); k = 0: R * b / S",
    rounding: "down, in the treasury's favour; whole k exactly, others from logarithms in 192 bits; upstream works in 12 places",
    inputs: &[
        field("reserve", Kind::Integer, "base units", "R, in the treasury").least(1),
        field("supply", Kind::Integer, "base units", "S, of the token").least(1),
        field("burnt", Kind::Integer, "base units", "b, at most the supply"),
        field("curve", Kind::Decimal(18), "", "k").most(15_000_000_000_000_000_000).or("\"0\""),
    ],
    outputs: &[field("paid", Kind::Integer, "base units", "out of the treasury")],
    source: "HIP-52, HIP-53; helium-program-library programs/treasury-management; example: independent integer computation",
    examples: &[
        (r#"{"reserve": 1000000, "supply": 3000, "burnt": 7}"#, r#"{"paid": "2333"}"#),
        (r#"{"reserve": 1000000, "supply": 3000, "burnt": 7, "curve": "1"}"#, r#"{"paid": "4661"}"#),
        (r#"{"reserve": 9, "supply": 3, "burnt": 1, "curve": "1"}"#, r#"{"paid": "5"}"#),
        (r#"{"reserve": 1000000, "supply": 3000, "burnt": 3000}"#, r#"{"paid": "1000000"}"#),
    ],
    run: |i| {
        let (reserve, supply, burnt) = (i.units("reserve")?, i.units("supply")?, i.units("burnt")?);
        if burnt > supply {
            return Err(RuleError::refused(format!("burnt {} is more than the supply, {}", burnt.get(), supply.get())));
        }
        Ok(Outputs::new().units("paid", redemption(reserve, supply, burnt, i.decimal("curve")?)?))
    },
};

pub static BREAKER: RuleCard = RuleCard {
    id: "HNT-TR-2",
    networks: &["helium"],
    basis: runs!(depin_economy::decayed),
    title: "Circuit breaker",
    description: "What has flowed out fades in a straight line over a window of a day; another outflow that would lift the sum above the \
            limit is refused. Treasuries let out 20 % of their reserve in a day, mints five times an epoch's amount.",
    formula: "sum' = amount + floor(sum * (window - min(elapsed, window)) / window); refused when sum' > limit",
    rounding: "down",
    inputs: &[
        field("sum", Kind::Integer, "base units", "in the window after the last outflow"),
        field("amount", Kind::Integer, "base units", "to let out"),
        field("elapsed", Kind::Integer, "s", "since the last outflow").most(u64::MAX as u128),
        field("window", Kind::Integer, "s", "length of the window").least(1).most(u64::MAX as u128).or("86400"),
        field("limit", Kind::Integer, "base units", "most in a window"),
    ],
    outputs: &[
        field("allowed", Kind::Flag, "", "whether it may flow"),
        field("sum", Kind::Integer, "base units", "in the window with it"),
    ],
    source: "HIP-77; helium-program-library programs/circuit-breaker; example: independent integer computation",
    examples: &[
        (r#"{"sum": 1000, "amount": 300, "elapsed": 21600, "limit": 1050}"#, r#"{"allowed": true, "sum": "1050"}"#),
        (r#"{"sum": 1000, "amount": 301, "elapsed": 21600, "limit": 1050}"#, r#"{"allowed": false, "sum": "1051"}"#),
    ],
    run: |i| {
        let sum = decayed(i.units("sum")?, i.small("elapsed")?, i.small("window")?)?.plus(i.units("amount")?)?;
        Ok(Outputs::new().flag("allowed", sum <= i.units("limit")?).units("sum", sum))
    },
};

pub static CLAIM: RuleCard = RuleCard {
    id: "HNT-PAY-3",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Claim against lifetime totals",
    description: "Oracles post what a device has earned in its life; a claim pays the median less what was paid before, and needs posts of \
            at least half of the oracles.",
    formula: "sorted[len / 2] - paid, when posts >= ceil(oracles / 2)",
    rounding: "none",
    inputs: &[
        field("totals", Kind::List(&Kind::Integer), "bones", "posted").least(1),
        field("oracles", Kind::Integer, "", "how many there are").least(1).most(4_096),
        field("paid", Kind::Integer, "bones", "before"),
    ],
    outputs: &[field("payout", Kind::Integer, "bones", "now; 0 when the median is not above what was paid")],
    source: "helium-program-library programs/lazy-distributor",
    examples: &[
        (r#"{"totals": [500, 900, 510], "oracles": 3, "paid": 400}"#, r#"{"payout": "110"}"#),
        (r#"{"totals": [500, 510], "oracles": 3, "paid": 0}"#, r#"{"payout": "510"}"#),
    ],
    run: |i| {
        let (totals, oracles) = (i.integers("totals")?, i.integer("oracles")?);
        if (totals.len() as u128) < oracles.div_ceil(2) {
            return Err(RuleError::refused(format!("{} of {oracles} oracles are too few; half are needed", totals.len())));
        }
        let total = agreed_total(totals).unwrap_or(0);
        Ok(Outputs::new().integer("payout", total.saturating_sub(i.integer("paid")?)))
    },
};
