//! Splits between sub-networks by score, and how a network's part is cut.
//!
//! Source: helium-program-library `programs/helium-sub-daos`, HIP-51, HIP-138, HIP-141; oracles `reward_shares`.

use super::net_emission::WHOLE32;
use crate::runs;
use depin_economy::{smoothed_share, utility_score};
use depin_quantity::{Basis, Kind, Outputs, QuantityError, Rounding, RuleCard, RuleError, field, mul_div};

type Result<T> = std::result::Result<T, QuantityError>;

/// A network's rewards: to its delegators and to its escrow.
pub fn network_rewards(total: u128, hst: u128, share: u128, delegators: u128) -> Result<(u128, u128)> {
    let networks = mul_div(total, 100_u128.saturating_sub(hst), 100, Rounding::Down)?;
    let rewards = mul_div(networks, share, WHOLE32, Rounding::Down)?;
    let part = mul_div(rewards, delegators, 10_000_000_000, Rounding::Down)?;
    Ok((part, rewards - part))
}

/// The parts of a mobile network's emission by the rule in force, in parts of 100.
const MOBILE: [(&str, [u128; 6]); 5] = [
    ("HIP-53", [40, 20, 20, 10, 4, 6]),
    ("HIP-79", [40, 20, 10, 20, 4, 6]),
    ("HIP-147", [60, 0, 10, 20, 4, 6]),
    ("HIP-148", [70, 0, 24, 0, 0, 6]),
    ("HIP-149", [70, 0, 24, 0, 0, 6]),
];
const MOBILE_RULES: &[&str] = &["HIP-53", "HIP-79", "HIP-147", "HIP-148", "HIP-149"];

/// What service providers and data transfer get of the issued part: `sp = min(issued, floor(24 % of all))`, data the rest.
pub fn issued_split(issued: u128, delegators: u128) -> Result<(u128, u128)> {
    let all = issued.checked_add(delegators).ok_or(QuantityError::TooLarge)?;
    let providers = mul_div(all, 24, 100, Rounding::Down)?.min(issued);
    Ok((providers, issued - providers))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&UTILITY, &SHARES, &REWARDS, &TOKENS, &MOBILE_SPLIT, &ISSUED];

pub static UTILITY: RuleCard = RuleCard {
    id: "HNT-PO-2",
    networks: &["helium"],
    basis: runs!(depin_economy::utility_score),
    title: "Utility score",
    description: "From 2023 to 2025 a sub-network's part of HNT was its share of a score: votes delegated to it, times the root of the \
            dollars of data credits burnt there, times the fourth root of the onboarding fees of its active devices; each at least 1.",
    formula: "V * D * A; V = max(1, vehnt / 10^8), D = max(1, sqrt(dc / 10^5)), A = max(1, (fees / 10^5)^(1/4))",
    rounding: "each root and each product cut at the 12th place; upstream takes the roots as exp(ln x / 2) in fixed point, which can \
               differ in the last places",
    inputs: &[
        field("vehnt", Kind::Integer, "10^-8 veHNT", "votes delegated at the epoch's start"),
        field("burned", Kind::Integer, "DC", "burnt on the network in the epoch").most(1 << 80),
        field("fees", Kind::Integer, "DC", "onboarding fees of devices active in the last 30 days").most(1 << 80),
    ],
    outputs: &[field("score", Kind::Decimal(12), "", "of the network")],
    source: "HIP-51, HIP-88; helium-program-library calculate_utility_score_v0.rs; example: independent computation",
    examples: &[
        (r#"{"vehnt": 5000000000000, "burned": 40000000, "fees": 1600000}"#, r#"{"score": "2000000"}"#),
        (r#"{"vehnt": 123456789012345, "burned": 7654321, "fees": 400000000000}"#, r#"{"score": "483040239.160366541689"}"#),
        (r#"{"vehnt": 0, "burned": 0, "fees": 0}"#, r#"{"score": "1"}"#),
    ],
    run: |i| {
        let (burned, fees) = (i.integer("burned")?, i.integer("fees")?);
        let score = utility_score((i.integer("vehnt")?, 100_000_000), Some((burned, 100_000)), Some((fees, 100_000)))?;
        Ok(Outputs::new().decimal("score", score, 12))
    },
};

pub static SHARES: RuleCard = RuleCard {
    id: "HNT-PO-3",
    networks: &["helium"],
    basis: runs!(depin_economy::smoothed_share),
    title: "Share of locked votes, smoothed over a month",
    description: "Since HIP-141 a sub-network's part follows its share of delegated votes alone, a thirtieth of the way each day.",
    formula: "share' = floor((29 * share + W * lock / sum of locks) / 30), W = 2^32 - 1; without any lock it stays",
    rounding: "down, once; upstream cuts the quotient at the 12th place first",
    inputs: &[
        field("shares", Kind::List(&Kind::Integer), "parts of 2^32 - 1", "of each network before")
            .least(1)
            .most(64)
            .each(WHOLE32),
        field("locks", Kind::List(&Kind::Integer), "veHNT", "delegated to each network").least(1).most(64),
    ],
    outputs: &[field("shares", Kind::List(&Kind::Integer), "parts of 2^32 - 1", "of each network now")],
    source: "HIP-141; helium-program-library calculate_utility_score_v0.rs; example: independent integer computation",
    examples: &[
        (r#"{"shares": [2147483647, 2147483648], "locks": [3, 1]}"#, r#"{"shares": ["2183275041", "2111692253"]}"#),
        (r#"{"shares": [4294967295], "locks": [0]}"#, r#"{"shares": ["4294967295"]}"#),
    ],
    run: |i| {
        let (shares, locks) = (i.integers("shares")?, i.integers("locks")?);
        if shares.len() != locks.len() {
            return Err(RuleError::refused(format!("{} shares need as many locks, not {}", shares.len(), locks.len())));
        }
        let sum = locks.iter().try_fold(0_u128, |sum, lock| sum.checked_add(*lock)).ok_or(QuantityError::TooLarge)?;
        let moved = |(before, lock): (&u128, &u128)| -> u64 {
            let before = u32::try_from(*before).unwrap_or(u32::MAX);
            smoothed_share(before, *lock, sum).into()
        };
        Ok(Outputs::new().integers("shares", shares.iter().zip(&locks).map(moved)))
    },
};

pub static REWARDS: RuleCard = RuleCard {
    id: "HNT-PO-4",
    networks: &["helium"],
    basis: Basis::Model,
    title: "A network's HNT, and who gets it",
    description: "What the founders' tokens leave is shared among networks; 6 % of a network's part goes to delegators, the rest to the \
            escrow that its devices are paid from.",
    formula: "rewards = floor(share * floor(total * (100 - hst) / 100) / (2^32 - 1)); delegators = floor(rewards * 6e8 / 1e10)",
    rounding: "down in every division; the escrow takes what is left",
    inputs: &[
        field("total", Kind::Integer, "bones", "of the epoch").most(1 << 90),
        field("hst", Kind::Integer, "%", "of the founders' tokens").most(100).or("0"),
        field("share", Kind::Integer, "parts of 2^32 - 1", "of the network").most(WHOLE32),
        field("delegators", Kind::Integer, "parts of 10^10", "of delegators").most(10_000_000_000).or("600000000"),
    ],
    outputs: &[
        field("delegators", Kind::Integer, "bones", "to delegators"),
        field("escrow", Kind::Integer, "bones", "to the escrow"),
    ],
    source: "HIP-138, HIP-141; helium-program-library issue_rewards_v0.rs; example: independent integer computation",
    examples: &[(
        r#"{"total": 2219178082191, "share": 3006477106}"#,
        r#"{"delegators": "93205479436", "escrow": "1460219177839"}"#,
    )],
    run: |i| {
        let (total, hst) = (i.integer("total")?, i.integer("hst")?);
        let (delegators, escrow) = network_rewards(total, hst, i.integer("share")?, i.integer("delegators")?)?;
        Ok(Outputs::new().integer("delegators", delegators).integer("escrow", escrow))
    },
};

pub static TOKENS: RuleCard = RuleCard {
    id: "HNT-PO-5",
    networks: &["helium"],
    basis: Basis::Model,
    title: "A sub-network's own tokens",
    description: "From 2023 to 2025 devices were paid in their network's token. Its emission went to the rewards' escrow, and 6 % to those \
            who delegated votes, when there were any.",
    formula: "escrow = floor(E * (1e10 - d - v) / 1e10); delegators = floor(E * d / 1e10) when votes > 0",
    rounding: "down; what is left is not minted",
    inputs: &[
        field("emission", Kind::Integer, "10^-6 tokens", "of the epoch").most(1 << 90),
        field("delegators", Kind::Integer, "parts of 10^10", "d").most(5_000_000_000).or("600000000"),
        field("voting", Kind::Integer, "parts of 10^10", "v").most(5_000_000_000).or("0"),
        field("votes", Kind::Integer, "veHNT", "delegated to the network"),
    ],
    outputs: &[
        field("escrow", Kind::Integer, "10^-6 tokens", "minted for devices"),
        field("delegators", Kind::Integer, "10^-6 tokens", "minted for delegators"),
    ],
    source: "helium-program-library issue_rewards_v0.rs; example: the IOT row of 2023-04-18, 165,616,438.356164 a day",
    examples: &[(
        r#"{"emission": 165616438356164, "votes": 1}"#,
        r#"{"escrow": "155679452054794", "delegators": "9936986301369"}"#,
    )],
    run: |i| {
        let (emission, d) = (i.integer("emission")?, i.integer("delegators")?);
        let part = |parts: u128| mul_div(emission, parts, 10_000_000_000, Rounding::Down);
        let escrow = part(10_000_000_000 - d - i.integer("voting")?)?;
        let delegators = if i.integer("votes")? > 0 { part(d)? } else { 0 };
        Ok(Outputs::new().integer("escrow", escrow).integer("delegators", delegators))
    },
};

pub static MOBILE_SPLIT: RuleCard = RuleCard {
    id: "HNT-PO-6",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Split of the mobile network's rewards",
    description: "What data transfer, coverage, service providers, mappers, oracles and delegators get changed by proposal.",
    formula: "HIP-53 40/20/20/10/4/6; HIP-79 40/20/10/20/4/6; HIP-147 60/0/10/20/4/6; HIP-148 and HIP-149 70/0/24/0/0/6 per cent; \
              before HIP-149 data that is not earned goes to coverage",
    rounding: "each pool down on its own, and the dust stays unallocated; since HIP-149 data is what the others leave",
    inputs: &[
        field("amount", Kind::Integer, "base units", "rewards of the network").most(1 << 120),
        field("rule", Kind::Choice(MOBILE_RULES), "", "the proposal in force"),
    ],
    outputs: &[
        field("data", Kind::Integer, "base units", "data transfer, at most"),
        field("coverage", Kind::Integer, "base units", "proof of coverage"),
        field("providers", Kind::Integer, "base units", "service providers"),
        field("mappers", Kind::Integer, "base units", "mappers"),
        field("oracles", Kind::Integer, "base units", "oracles"),
        field("delegators", Kind::Integer, "base units", "delegators"),
        field("unallocated", Kind::Integer, "base units", "dust of the roundings"),
    ],
    source: "HIP-53, HIP-79, HIP-122, HIP-147, HIP-148, HIP-149; oracles mobile_verifier/src/reward_shares; examples: shares of the \
             table",
    examples: &[
        (
            r#"{"amount": 1001, "rule": "HIP-147"}"#,
            r#"{"data": "600", "coverage": "0", "providers": "100", "mappers": "200", "oracles": "40", "delegators": "60", "unallocated": "1"}"#,
        ),
        (
            r#"{"amount": 1099, "rule": "HIP-149"}"#,
            r#"{"data": "771", "coverage": "0", "providers": "263", "mappers": "0", "oracles": "0", "delegators": "65", "unallocated": "0"}"#,
        ),
    ],
    run: |i| {
        let (amount, rule) = (i.integer("amount")?, i.text("rule")?);
        let row = MOBILE.iter().find(|(name, _)| *name == rule).map(|(_, row)| row);
        let row = row.ok_or_else(|| RuleError::refused("no such rule"))?;
        let mut parts = [0; 6];
        for (part, percent) in parts.iter_mut().zip(row) {
            *part = mul_div(amount, *percent, 100, Rounding::Down)?;
        }
        let dust = amount - parts.iter().sum::<u128>();
        let residual = rule == "HIP-149";
        let [data, coverage, providers, mappers, oracles, delegators] = parts;
        let (data, unallocated) = if residual { (data + dust, 0) } else { (data, dust) };
        let outputs = Outputs::new().integer("data", data).integer("coverage", coverage).integer("providers", providers);
        let outputs = outputs.integer("mappers", mappers).integer("oracles", oracles).integer("delegators", delegators);
        Ok(outputs.integer("unallocated", unallocated))
    },
};

pub static ISSUED: RuleCard = RuleCard {
    id: "HNT-PO-7",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Service providers and data, since HIP-149",
    description: "Of everything that the mobile network gets in an epoch service providers take 24 %, out of the issued part; all the rest \
            of the issued part is shared by data credits, whatever they are worth.",
    formula: "providers = min(issued, floor(24 * (issued + delegators) / 100)); data = issued - providers; each deployer \
              floor(data * dc / total dc)",
    rounding: "down; dust stays unallocated",
    inputs: &[
        field("issued", Kind::Integer, "bones", "to the escrow").most(1 << 90),
        field("delegators", Kind::Integer, "bones", "to delegators").most(1 << 90),
        field("credits", Kind::List(&Kind::Integer), "DC", "transferred by each deployer").most(1_024),
    ],
    outputs: &[
        field("providers", Kind::Integer, "bones", "to service providers"),
        field("data", Kind::Integer, "bones", "to share by credits"),
        field("deployers", Kind::List(&Kind::Integer), "bones", "to each deployer"),
        field("unallocated", Kind::Integer, "bones", "dust, or everything when there was no data"),
    ],
    source: "HIP-149; oracles mobile_verifier/src/reward_shares/{data_transfer,emissions_split}.rs; upstream rounds the rate per \
             credit to 15 places first",
    examples: &[(
        r#"{"issued": 940, "delegators": 60, "credits": [1, 2]}"#,
        r#"{"providers": "240", "data": "700", "deployers": ["233", "466"], "unallocated": "1"}"#,
    )],
    run: |i| {
        let (providers, data) = issued_split(i.integer("issued")?, i.integer("delegators")?)?;
        let credits = i.integers("credits")?;
        let all = credits.iter().try_fold(0_u128, |sum, dc| sum.checked_add(*dc)).ok_or(QuantityError::TooLarge)?;
        let part = |dc: &u128| if all == 0 { Ok(0) } else { mul_div(data, *dc, all, Rounding::Down) };
        let deployers = credits.iter().map(part).collect::<Result<Vec<u128>>>()?;
        let unallocated = data - deployers.iter().sum::<u128>();
        let outputs = Outputs::new().integer("providers", providers).integer("data", data).integers("deployers", deployers);
        Ok(outputs.integer("unallocated", unallocated))
    },
};
