//! Coverage: beacons and witnesses, hexes, radios, and data by the packet.
//!
//! Source: helium/oracles `iot_verifier`, `iot_packet_verifier`, `coverage_point_calculator`, `mobile_packet_verifier`.

use crate::runs;
use depin_quantity::{Basis, Int, Kind, Outputs, QuantityError, Rounding, RuleCard, RuleError, field, mul_div};
use depin_services::coverage::poc::{RULES, hex_limit, reward_units};

type Result<T = Int> = std::result::Result<T, QuantityError>;

/// One in units of the 16th place, which holds every pool exactly.
const ONE16: u64 = 10_000_000_000_000_000;

/// What an epoch gives to data, beacons, witnesses, operations and oracles, in bones of 16 places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoveragePools {
    /// Data transfer.
    pub data: Int,
    /// Beacons.
    pub beacons: Int,
    /// Witnesses.
    pub witnesses: Int,
    /// Operations fund.
    pub operations: Int,
    /// Oracles.
    pub oracles: Int,
}

/// Data transfer takes what its credits are worth, at most half; a fifth of what it leaves goes to beacons, the rest to witnesses.
///
/// `all` are the issued and the delegated part together in bones, `worth` is in units of the 15th place. Exact: pools are cut when
/// they are shared, not before.
pub fn coverage_pools(all: u128, worth: Int) -> Result<CoveragePools> {
    let percent = |share: u64| Int::from(all).times(Int::from(share * (ONE16 / 100)));
    let cap = percent(50)?;
    let data = worth.times(Int::from(10_u64))?.min(cap);
    let unused = cap.minus(data)?;
    // Whole in units of the 16th place, since what is unused has at most 15 places.
    let fifth = unused.div_floor(Int::from(5_u64))?;
    let beacons = percent(6)?.plus(fifth)?;
    let witnesses = percent(24)?.plus(unused.minus(fifth)?)?;
    Ok(CoveragePools { data, beacons, witnesses, operations: percent(7)?, oracles: percent(7)? })
}

/// What a device's shares get of a pool: the rate per share to the nearest at the 15th place, a half to even; then down to bones.
///
/// - Units: `pool` in bones of 16 places, shares in 10^-8.
pub fn shared_by_rate(pool: Int, shares: &[u128]) -> Result<(Int, Vec<u128>)> {
    let all = shares.iter().try_fold(Int::ZERO, |sum, share| sum.plus(Int::from(*share)))?;
    if all.is_zero() {
        return Ok((Int::ZERO, vec![0; shares.len()]));
    }
    // pool * 10^-16 / (all * 10^-8) * 10^15
    let rate = pool.times(Int::from(10_000_000_u64))?.div_half_even(all)?;
    let whole = Int::from(100_000_000_u64).times(Int::from(ONE16 / 10))?;
    let part = |share: &u128| rate.times(Int::from(*share))?.div_floor(whole)?.to_u128();
    Ok((rate, shares.iter().map(part).collect::<Result<Vec<u128>>>()?))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&UNITS, &HEX, &POOLS, &SHARED, &POINTS, &SPEED, &TRUST];

pub static UNITS: RuleCard = RuleCard {
    id: "HNT-SV-1",
    networks: &["helium"],
    basis: runs!(depin_services::coverage::poc::reward_units),
    title: "Reward units of a beacon",
    description: "A beacon is fully worth with four witnesses; more add less and less. What the witnesses get is shared, so that a crowd \
            does not pay.",
    formula: "n = 0: 0, 0; n <= 4: beaconer n / 4, witness 1; else beaconer min(2, 2 - 0.8^(n - 4)), witness min(2, (4 - (1 - 0.8^(n \
              - 4))) / n)",
    rounding: "to the fourth place, a half to the even neighbour",
    inputs: &[field("witnesses", Kind::Integer, "", "valid and selected; the first 14 are").most(200)],
    outputs: &[
        field("beaconer", Kind::Decimal(4), "units", "of the beaconer"),
        field("witness", Kind::Decimal(4), "units", "of each witness"),
    ],
    source: "HIP-15, HIP-83; oracles iot_verifier/src/reward_share.rs; example: independent computation",
    examples: &[
        (r#"{"witnesses": 3}"#, r#"{"beaconer": "0.75", "witness": "1"}"#),
        (r#"{"witnesses": 5}"#, r#"{"beaconer": "1.2", "witness": "0.76"}"#),
        (r#"{"witnesses": 14}"#, r#"{"beaconer": "1.8926", "witness": "0.222"}"#),
    ],
    run: |i| {
        let (beaconer, witness) = reward_units(u32::try_from(i.integer("witnesses")?).unwrap_or(u32::MAX), 4, (4, 5))?;
        Ok(Outputs::new().decimal("beaconer", beaconer, 4).decimal("witness", witness, 4))
    },
};

pub static HEX: RuleCard = RuleCard {
    id: "HNT-SV-2",
    networks: &["helium"],
    basis: runs!(depin_services::coverage::poc::hex_limit),
    title: "Density of a hex",
    description: "Only so many hotspots of a hex count, more where its neighbours are occupied too. The scale of a place is the product \
            over all resolutions of those that count over those that are there.",
    formula: "limit = min(max, target * max(occupied - N + 1, 1)); counted = min(limit, there); scale = counted / there",
    rounding: "the scale down at the 12th place; upstream rounds the product to the fourth place",
    inputs: &[
        field("resolution", Kind::Integer, "", "of the hex").least(4).most(10),
        field("occupied", Kind::Integer, "", "cells of the seven (itself and neighbours) at or above the target").most(7),
        field("there", Kind::Integer, "", "hotspots, as the resolution below counted them").most(1 << 40),
    ],
    outputs: &[
        field("limit", Kind::Integer, "", "hotspots that may count"),
        field("counted", Kind::Integer, "", "that do"),
        field("scale", Kind::Decimal(12), "", "of this resolution"),
    ],
    source: "HIP-17 with HIP-104's values; oracles iot_verifier/src/hex_density.rs",
    examples: &[
        (r#"{"resolution": 7, "occupied": 5, "there": 30}"#, r#"{"limit": "10", "counted": "10", "scale": "0.333333333333"}"#),
        (r#"{"resolution": 5, "occupied": 1, "there": 40}"#, r#"{"limit": "100", "counted": "40", "scale": "1"}"#),
    ],
    run: |i| {
        let (resolution, occupied, there) = (i.small("resolution")?, i.small("occupied")?, i.small("there")?);
        let rule = RULES.iter().find(|rule| u64::from(u8::from(rule.resolution)) == resolution);
        let rule = rule.ok_or_else(|| RuleError::refused("no such resolution"))?;
        let limit = hex_limit(rule.target, rule.most, rule.neighbours, occupied, u64::MAX);
        let counted = hex_limit(rule.target, rule.most, rule.neighbours, occupied, there);
        let places: u128 = 1_000_000_000_000;
        let scale = if there == 0 { places } else { mul_div(counted.into(), places, there.into(), Rounding::Down)? };
        Ok(Outputs::new().integer("limit", limit).integer("counted", counted).decimal("scale", scale, 12))
    },
};

pub static POOLS: RuleCard = RuleCard {
    id: "HNT-PO-8",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Pools of the IoT network in an epoch",
    description: "Half of everything is for data transfer, which takes no more than its credits are worth. What it leaves goes to coverage, \
            a fifth to beacons and the rest to witnesses, on top of 6 % and 24 %; 7 % each to operations and oracles.",
    formula: "data = min(worth, 50 %); beacons = 6 % + unused / 5; witnesses = 24 % + 4 / 5 of unused; operations 7 %; oracles 7 %; \
              6 % are paid to delegators on the chain",
    rounding: "none: pools keep their part of a bone until they are shared (HNT-PO-10); worth is rounded up at its 15th place",
    inputs: &[
        field("all", Kind::Integer, "bones", "the network's rewards, delegators' with them").most(1 << 100),
        field("worth", Kind::Decimal(15), "bones", "of the epoch's data credits at the oracle price"),
    ],
    outputs: &[
        field("data", Kind::Decimal(16), "bones", "data transfer"),
        field("beacons", Kind::Decimal(16), "bones", "beacons"),
        field("witnesses", Kind::Decimal(16), "bones", "witnesses"),
        field("operations", Kind::Decimal(16), "bones", "operations fund"),
        field("oracles", Kind::Decimal(16), "bones", "oracles"),
    ],
    source: "oracles iot_verifier/src/reward_share.rs (parameter versions A and B)",
    examples: &[
        (
            r#"{"all": 10000, "worth": 3999}"#,
            r#"{"data": "3999", "beacons": "800.2", "witnesses": "3200.8", "operations": "700", "oracles": "700"}"#,
        ),
        (
            r#"{"all": 101, "worth": "50.000000000000001"}"#,
            r#"{"data": "50.000000000000001", "beacons": "6.1599999999999998", "witnesses": "24.6399999999999992", "operations": "7.07", "oracles": "7.07"}"#,
        ),
    ],
    run: |i| {
        let pools = coverage_pools(i.integer("all")?, i.signed("worth")?)?;
        let outputs = Outputs::new().decimal("data", pools.data, 16).decimal("beacons", pools.beacons, 16);
        let outputs = outputs.decimal("witnesses", pools.witnesses, 16).decimal("operations", pools.operations, 16);
        Ok(outputs.decimal("oracles", pools.oracles, 16))
    },
};

pub static SHARED: RuleCard = RuleCard {
    id: "HNT-PO-10",
    networks: &["helium"],
    basis: Basis::Model,
    title: "A hotspot's part of a pool of coverage",
    description: "A pool of beacons or of witnesses is shared by rate: bones for a share, then each hotspot's shares at that rate. A pool \
            cut to whole bones before it is shared, as GEN-PO-2 shares one, pays now and then a bone less.",
    formula: "rate = half even 15(pool / sum of shares); paid = floor(rate * shares); unallocated = floor(pool) - sum of paid",
    rounding: "the rate to the nearest at the 15th place, a half to even; what is paid down; rows of nothing are left out upstream",
    inputs: &[
        field("pool", Kind::Decimal(16), "bones", "of the epoch, as HNT-PO-8 gives it").most(1 << 120),
        field("shares", Kind::List(&Kind::Decimal(8)), "", "hex scale times reward unit, of each hotspot").most(1_024),
    ],
    outputs: &[
        field("rate", Kind::Decimal(15), "bones", "for one share"),
        field("paid", Kind::List(&Kind::Integer), "bones", "to each hotspot"),
        field("unallocated", Kind::Integer, "bones", "whole bones that nobody got"),
    ],
    source: "oracles iot_verifier/src/reward_share.rs; examples: by hand. In the first the pool cut to 800 would pay 399",
    examples: &[
        (
            r#"{"pool": "800.2", "shares": ["1.00025", "1"]}"#,
            r#"{"rate": "400.049993750781152", "paid": ["400", "400"], "unallocated": "0"}"#,
        ),
        (r#"{"pool": 10, "shares": [1, 1, 1]}"#, r#"{"rate": "3.333333333333333", "paid": ["3", "3", "3"], "unallocated": "1"}"#),
        (r#"{"pool": 10, "shares": []}"#, r#"{"rate": "0", "paid": [], "unallocated": "10"}"#),
    ],
    run: |i| {
        let pool = i.signed("pool")?;
        let (rate, paid) = shared_by_rate(pool, &i.integers("shares")?)?;
        let whole = pool.div_floor(Int::from(ONE16))?;
        let rest = paid.iter().try_fold(whole, |left, part| left.minus(Int::from(*part)))?;
        let outputs = Outputs::new().decimal("rate", rate, 15).integers("paid", paid);
        Ok(outputs.integer("unallocated", rest.max(Int::ZERO)))
    },
};

pub static POINTS: RuleCard = RuleCard {
    id: "HNT-SV-3",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Coverage points of a hex",
    description: "A radio has points for every hex that it covers, by signal; times its rank among the radios there and how much the place \
            is wanted; boosted hexes count again for radios that qualify.",
    formula: "base = points(radio, signal); rank: indoor 1, 0; outdoor 1, 0.5, 0.25, 0; shares = (base + boosted) * speed * trust; \
              boosted = base * (boost - 1) when trust >= 0.75 and the asserted place is at most 50 m off",
    rounding: "none: exact quarters and hundredths",
    inputs: &[
        field("radio", Kind::Choice(&["indoor", "outdoor"]), "", "Wi-Fi radio"),
        field("signal", Kind::Choice(&["high", "medium", "low", "none"]), "", "in this hex; indoor radios know high and low"),
        field("rank", Kind::Integer, "", "among the radios of the hex, from 1").least(1).most(1_000),
        field("assignment", Kind::Decimal(2), "", "how much the place is wanted, 0 to 1").most(100).or("\"1\""),
        field("boost", Kind::Integer, "", "multiplier of the hex; 1 for none").least(1).most(1_000).or("1"),
        field("speed", Kind::Decimal(2), "", "multiplier of the speed test").most(100).or("\"1\""),
        field("trust", Kind::Decimal(2), "", "multiplier of the location").most(100).or("\"1\""),
        field("metres", Kind::Integer, "m", "between asserted and observed place").most(1 << 30).or("0"),
    ],
    outputs: &[
        field("base", Kind::Decimal(4), "points", "before speed and trust"),
        field("boosted", Kind::Decimal(4), "points", "added by the boost"),
        field("shares", Kind::Decimal(8), "", "of the radio for this hex"),
    ],
    source: "oracles coverage_point_calculator, HIP-84, HIP-135 (figures of January 2026: indoor 400 and 100, outdoor 120 and 60)",
    examples: &[
        (
            r#"{"radio": "outdoor", "signal": "high", "rank": 2, "assignment": "0.7", "speed": "0.75"}"#,
            r#"{"base": "42", "boosted": "0", "shares": "31.5"}"#,
        ),
        (
            r#"{"radio": "indoor", "signal": "low", "rank": 1, "boost": 3, "trust": "0.75"}"#,
            r#"{"base": "100", "boosted": "200", "shares": "225"}"#,
        ),
    ],
    run: |i| {
        let points: u128 = match (i.text("radio")?, i.text("signal")?) {
            ("indoor", "high") => 400,
            ("indoor", "low") => 100,
            ("indoor", signal) => {
                return Err(RuleError::refused(format!("an indoor radio has no {signal} signal; allowed: high, low")));
            }
            (_, "high") => 120,
            (_, "medium") => 60,
            _ => 0,
        };
        let rank: u128 = match (i.text("radio")?, i.integer("rank")?) {
            (_, 1) => 100,
            ("outdoor", 2) => 50,
            ("outdoor", 3) => 25,
            _ => 0,
        };
        let (assignment, trust) = (i.integer("assignment")?, i.integer("trust")?);
        let base = points * assignment * rank;
        let boosts = trust >= 75 && i.integer("metres")? <= 50;
        let boosted = if boosts { base * (i.integer("boost")? - 1) } else { 0 };
        let shares = (base + boosted) * i.integer("speed")? * trust;
        let outputs = Outputs::new().decimal("base", base, 4).decimal("boosted", boosted, 4);
        Ok(outputs.decimal("shares", shares, 8))
    },
};

pub static SPEED: RuleCard = RuleCard {
    id: "HNT-SV-4",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Multiplier of speed tests",
    description: "The mean of the last six tests within 48 hours counts, at least two; the worst of download, upload and latency decides.",
    formula: "good 100 / 10 Mbps, < 50 ms: 1; acceptable 75 / 8, < 60: 0.75; degraded 50 / 5, < 75: 0.5; poor 30 / 2, < 100: 0.25; \
              else 0; 1 Mbps = 125,000 B/s",
    rounding: "means down",
    inputs: &[
        field("down", Kind::List(&Kind::Integer), "B/s", "newest first").most(256),
        field("up", Kind::List(&Kind::Integer), "B/s", "newest first").most(256),
        field("latency", Kind::List(&Kind::Integer), "ms", "newest first").most(256),
    ],
    outputs: &[field("multiplier", Kind::Decimal(2), "", "of the radio's points")],
    source: "oracles coverage_point_calculator",
    examples: &[
        (r#"{"down": [12500000, 13000000], "up": [1250000, 1250000], "latency": [49, 49]}"#, r#"{"multiplier": "1"}"#),
        (r#"{"down": [12500000, 13000000], "up": [1249999, 1250000], "latency": [49, 60]}"#, r#"{"multiplier": "0.75"}"#),
        (r#"{"down": [12500000], "up": [1250000], "latency": [10]}"#, r#"{"multiplier": "0"}"#),
    ],
    run: |i| {
        let (down, up, latency) = (i.integers("down")?, i.integers("up")?, i.integers("latency")?);
        if down.len() != up.len() || up.len() != latency.len() {
            return Err(RuleError::refused("every test needs download, upload and latency"));
        }
        let tests = down.len().min(6);
        let mean = |values: &[u128]| -> Result<u128> {
            let sum = values.iter().take(tests).try_fold(Int::ZERO, |sum, v| sum.plus(Int::from(*v)))?;
            sum.div_floor(Int::from(tests as u128))?.to_u128()
        };
        let multiplier: u128 = if tests < 2 {
            0
        } else {
            let mega = 125_000;
            let above = |value: u128, bounds: [u128; 4]| bounds.iter().filter(|b| value >= **b * mega).count();
            let tier = above(mean(&down)?, [100, 75, 50, 30]).min(above(mean(&up)?, [10, 8, 5, 2]));
            let quick = mean(&latency)?;
            25 * tier.min([50, 60, 75, 100].iter().filter(|b| quick < **b).count()) as u128
        };
        Ok(Outputs::new().decimal("multiplier", multiplier, 2))
    },
};

pub static TRUST: RuleCard = RuleCard {
    id: "HNT-SV-5",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Trust in a radio's location",
    description: "A radio counts fully when it is seen near where it says it is, a quarter a little further off, else not; the mean over its \
            heartbeats counts.",
    formula: "2026: 0 to 300 m 1, to 400 m 0.25, else 0; 2024: indoor 200 and 300 m, outdoor 75 and 100 m; 0 when a covered hex is \
              3,000 m or more from the heartbeat",
    rounding: "the mean down at the fourth place",
    inputs: &[
        field("metres", Kind::List(&Kind::Integer), "m", "between asserted and observed place, by heartbeat")
            .least(1)
            .most(1_024),
        field("farthest", Kind::Integer, "m", "covered hex from the heartbeat").most(1 << 30).or("0"),
        field("rule", Kind::Choice(&["2026", "2024-indoor", "2024-outdoor"]), "", "distances in force").or("\"2026\""),
    ],
    outputs: &[field("trust", Kind::Decimal(4), "", "multiplier of the radio")],
    source: "oracles coverage_point_calculator, snapshots of October 2024 and January 2026",
    examples: &[
        (r#"{"metres": [300, 301, 400, 401]}"#, r#"{"trust": "0.375"}"#),
        (r#"{"metres": [100], "rule": "2024-outdoor"}"#, r#"{"trust": "0.25"}"#),
        (r#"{"metres": [0], "farthest": 3000}"#, r#"{"trust": "0"}"#),
    ],
    run: |i| {
        let (near, far) = match i.text("rule")? {
            "2024-indoor" => (200, 300),
            "2024-outdoor" => (75, 100),
            _ => (300, 400),
        };
        let metres = i.integers("metres")?;
        let score = |m: &u128| {
            if *m <= near {
                10_000
            } else if *m <= far {
                2_500
            } else {
                0
            }
        };
        let mean = metres.iter().map(score).sum::<u128>() / metres.len().max(1) as u128;
        Ok(Outputs::new().decimal("trust", if i.integer("farthest")? >= 3_000 { 0 } else { mean }, 4))
    },
};
