//! Coverage: beacons and witnesses, hexes, radios, and data by the packet.
//!
//! Source: helium/oracles `iot_verifier`, `iot_packet_verifier`, `coverage_point_calculator`, `mobile_packet_verifier`.

use depin_quantity::{Int, Kind, Outputs, QuantityError, Rounding, RuleCard, RuleError, field, mul_div};

type Result<T = Int> = std::result::Result<T, QuantityError>;

/// Four places.
const FOUR: u64 = 10_000;

/// Reward units of the beaconer and of each of its witnesses, in parts of 10^4, a half to the even neighbour.
///
/// Four witnesses are wanted; each further one adds four fifths of what the one before added.
pub fn reward_units(witnesses: u32) -> Result<(Int, Int)> {
    let one = Int::from(1_u64);
    if witnesses == 0 {
        return Ok((Int::ZERO, Int::ZERO));
    }
    let places = Int::from(FOUR);
    if witnesses <= 4 {
        let beaconer = places.times(Int::from(u64::from(witnesses)))?.div_half_even(Int::from(4_u64))?;
        return Ok((beaconer, places));
    }
    let (mut top, mut bottom) = (one, one);
    for _ in 4..witnesses {
        (top, bottom) = (top.times(Int::from(4_u64))?, bottom.times(Int::from(5_u64))?);
    }
    // With x = top / bottom: beaconer 2 - x, witness (4 - (1 - x)) / n = (3 + x) / n; neither above 2.
    let two = Int::from(2 * FOUR);
    let beaconer = bottom.shl(1)?.minus(top)?.times(places)?.div_half_even(bottom)?;
    let sum = bottom.times(Int::from(3_u64))?.plus(top)?.times(places)?;
    let witness = sum.div_half_even(bottom.times(Int::from(u64::from(witnesses)))?)?;
    Ok((beaconer.min(two), witness.min(two)))
}

/// How many devices of a hex count: `min(most, target * max(occupied - wanted + 1, 1))`, at most what is there.
pub fn hex_limit(target: u64, most: u64, wanted: u64, occupied: u64, there: u64) -> u64 {
    most.min(target.saturating_mul((occupied.saturating_sub(wanted) + 1).max(1))).min(there)
}

/// Data credits of `bytes` in units of `unit`, at least one.
pub fn packet_credits(bytes: u64, unit: u64) -> u64 {
    bytes.max(unit).div_ceil(unit)
}

/// What an epoch gives to data, beacons, witnesses, operations and oracles; the issued and delegated parts together are `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoveragePools {
    pub data: u128,
    pub beacons: u128,
    pub witnesses: u128,
    pub operations: u128,
    pub oracles: u128,
}

/// Data transfer takes what its credits are worth, at most half; a fifth of what it leaves goes to beacons, the rest to witnesses.
pub fn coverage_pools(all: u128, worth: u128) -> Result<CoveragePools> {
    let part = |percent: u128| mul_div(all, percent, 100, Rounding::Down);
    let cap = part(50)?;
    let data = worth.min(cap);
    let unused = cap - data;
    let fifth = unused / 5;
    let beacons = part(6)?.checked_add(fifth).ok_or(QuantityError::TooLarge)?;
    let witnesses = part(24)?.checked_add(unused - fifth).ok_or(QuantityError::TooLarge)?;
    Ok(CoveragePools { data, beacons, witnesses, operations: part(7)?, oracles: part(7)? })
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&UNITS, &HEX, &POOLS, &PACKET, &MOBILE_DATA, &TRANSFER, &POINTS, &SPEED, &TRUST];

pub static UNITS: RuleCard = RuleCard {
    id: "HNT-SV-1",
    networks: &["helium"],
    title: "Reward units of a beacon",
    words: "A beacon is fully worth with four witnesses; more add less and less. What the witnesses get is shared, so that a crowd \
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
        let (beaconer, witness) = reward_units(u32::try_from(i.integer("witnesses")?).unwrap_or(u32::MAX))?;
        Ok(Outputs::new().decimal("beaconer", beaconer, 4).decimal("witness", witness, 4))
    },
};

/// Resolution, neighbours wanted, target, most.
const HEXES: [(u64, u64, u64, u64); 7] =
    [(4, 2, 500, 1_000), (5, 4, 100, 200), (6, 4, 25, 50), (7, 4, 5, 10), (8, 2, 1, 1), (9, 2, 1, 1), (10, 2, 1, 1)];

pub static HEX: RuleCard = RuleCard {
    id: "HNT-SV-2",
    networks: &["helium"],
    title: "Density of a hex",
    words: "Only so many hotspots of a hex count, more where its neighbours are occupied too. The scale of a place is the product \
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
        let row = HEXES.iter().find(|row| row.0 == resolution).ok_or_else(|| RuleError::refused("no such resolution"))?;
        let limit = hex_limit(row.2, row.3, row.1, occupied, u64::MAX);
        let counted = hex_limit(row.2, row.3, row.1, occupied, there);
        let places: u128 = 1_000_000_000_000;
        let scale = if there == 0 { places } else { mul_div(counted.into(), places, there.into(), Rounding::Down)? };
        Ok(Outputs::new().integer("limit", limit).integer("counted", counted).decimal("scale", scale, 12))
    },
};

pub static POOLS: RuleCard = RuleCard {
    id: "HNT-PO-8",
    networks: &["helium"],
    title: "Pools of the IoT network in an epoch",
    words: "Half of everything is for data transfer, which takes no more than its credits are worth. What it leaves goes to coverage, \
            a fifth to beacons and the rest to witnesses, on top of 6 % and 24 %; 7 % each to operations and oracles.",
    formula: "data = min(worth, 50 %); beacons = 6 % + unused / 5; witnesses = 24 % + 4 / 5 of unused; operations 7 %; oracles 7 %; \
              6 % are paid to delegators on the chain",
    rounding: "down; witnesses take what the fifth leaves",
    inputs: &[
        field("all", Kind::Integer, "bones", "the network's rewards, delegators' with them").most(1 << 100),
        field("worth", Kind::Integer, "bones", "of the epoch's data credits at the oracle price"),
    ],
    outputs: &[
        field("data", Kind::Integer, "bones", "data transfer"),
        field("beacons", Kind::Integer, "bones", "beacons"),
        field("witnesses", Kind::Integer, "bones", "witnesses"),
        field("operations", Kind::Integer, "bones", "operations fund"),
        field("oracles", Kind::Integer, "bones", "oracles"),
    ],
    source: "oracles iot_verifier/src/reward_share.rs (eras A and B)",
    examples: &[(
        r#"{"all": 10000, "worth": 3999}"#,
        r#"{"data": "3999", "beacons": "800", "witnesses": "3201", "operations": "700", "oracles": "700"}"#,
    )],
    run: |i| {
        let pools = coverage_pools(i.integer("all")?, i.integer("worth")?)?;
        let outputs = Outputs::new().integer("data", pools.data).integer("beacons", pools.beacons);
        let outputs = outputs.integer("witnesses", pools.witnesses).integer("operations", pools.operations);
        Ok(outputs.integer("oracles", pools.oracles))
    },
};

pub static PACKET: RuleCard = RuleCard {
    id: "HNT-PAY-1",
    networks: &["helium"],
    title: "Credits for a packet",
    words: "A packet costs one data credit for every 24 bytes begun, at least one.",
    formula: "ceil(max(bytes, 24) / 24) * copies",
    rounding: "up",
    inputs: &[
        field("bytes", Kind::Integer, "bytes", "of the packet").most(1 << 40),
        field("copies", Kind::Integer, "", "delivered by different gateways").least(1).most(1_000).or("1"),
    ],
    outputs: &[field("credits", Kind::Integer, "DC", "to pay")],
    source: "oracles iot_packet_verifier/src/verifier.rs: 0 to 24 bytes 1, 25 to 48 bytes 2; a 50-byte packet costs 3",
    examples: &[
        (r#"{"bytes": 0}"#, r#"{"credits": "1"}"#),
        (r#"{"bytes": 24}"#, r#"{"credits": "1"}"#),
        (r#"{"bytes": 50}"#, r#"{"credits": "3"}"#),
    ],
    run: |i| {
        let credits = u128::from(packet_credits(i.small("bytes")?, 24)) * i.integer("copies")?;
        Ok(Outputs::new().integer("credits", credits))
    },
};

pub static MOBILE_DATA: RuleCard = RuleCard {
    id: "HNT-PAY-2",
    networks: &["helium"],
    title: "Credits for mobile data",
    words: "Mobile data cost 0.50 USD a gigabyte, since 4 June 2026 0.10 USD: a credit for every 20,000 or 100,000 bytes begun of a \
            session.",
    formula: "ceil(max(bytes, unit) / unit)",
    rounding: "up, once a session",
    inputs: &[
        field("bytes", Kind::Integer, "bytes", "that count in the session").most(1 << 60),
        field("unit", Kind::Integer, "bytes", "for a credit").least(1).most(1 << 40).or("100000"),
    ],
    outputs: &[field("credits", Kind::Integer, "DC", "to pay")],
    source: "oracles mobile_packet_verifier/src/lib.rs: 50,000 DC a GB, then 10,000",
    examples: &[
        (r#"{"bytes": 1000000000}"#, r#"{"credits": "10000"}"#),
        (r#"{"bytes": 1000000000, "unit": 20000}"#, r#"{"credits": "50000"}"#),
    ],
    run: |i| Ok(Outputs::new().integer("credits", packet_credits(i.small("bytes")?, i.small("unit")?))),
};

pub static TRANSFER: RuleCard = RuleCard {
    id: "HNT-PO-9",
    networks: &["helium"],
    title: "Data transfer paid by worth, scaled to its pool",
    words: "Until 2026 a deployer got what its credits were worth in HNT; when all together were worth more than the pool, everyone \
            was cut in proportion.",
    formula: "worth = ceil(dc * 0.00001 / price); sum > pool: floor(worth * pool / sum)",
    rounding: "worth up to a bone (upstream at the 15th place), payouts down; what is left goes to coverage",
    inputs: &[
        field("pool", Kind::Integer, "bones", "for data transfer").most(1 << 100),
        field("credits", Kind::List(&Kind::Integer), "DC", "of each deployer").most(1_024),
        field("price", Kind::Decimal(8), "USD", "of one HNT").least(1).most(1 << 60),
    ],
    outputs: &[
        field("paid", Kind::List(&Kind::Integer), "bones", "to each deployer"),
        field("rest", Kind::Integer, "bones", "to coverage"),
    ],
    source: "oracles mobile_verifier/src/reward_shares.rs",
    examples: &[
        (
            r#"{"pool": 1000000000, "credits": [100000, 200000], "price": "1"}"#,
            r#"{"paid": ["100000000", "200000000"], "rest": "700000000"}"#,
        ),
        (r#"{"pool": 100, "credits": [100000, 200000], "price": "1"}"#, r#"{"paid": ["33", "66"], "rest": "1"}"#),
    ],
    run: |i| {
        let (pool, price) = (i.integer("pool")?, i.integer("price")?);
        // dc * 10^-5 USD / (price * 10^-8 USD per HNT) * 10^8 bones
        let worth = |dc: &u128| mul_div(*dc, 100_000_000_000, price, Rounding::Up);
        let worths = i.integers("credits")?.iter().map(worth).collect::<Result<Vec<u128>>>()?;
        let sum = worths.iter().try_fold(Int::ZERO, |sum, w| sum.plus(Int::from(*w)))?;
        let short = sum > Int::from(pool);
        let pay = |w: &u128| if short { Int::from(*w).times(Int::from(pool))?.div_floor(sum)?.to_u128() } else { Ok(*w) };
        let paid = worths.iter().map(pay).collect::<Result<Vec<u128>>>()?;
        let rest = paid.iter().fold(pool, |left, part| left - part);
        Ok(Outputs::new().integers("paid", paid).integer("rest", rest))
    },
};

pub static POINTS: RuleCard = RuleCard {
    id: "HNT-SV-3",
    networks: &["helium"],
    title: "Coverage points of a hex",
    words: "A radio has points for every hex that it covers, by signal; times its rank among the radios there and how much the place \
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
    title: "Multiplier of speed tests",
    words: "The mean of the last six tests within 48 hours counts, at least two; the worst of download, upload and latency decides.",
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
    title: "Trust in a radio's location",
    words: "A radio counts fully when it is seen near where it says it is, a quarter a little further off, else not; the mean over its \
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
