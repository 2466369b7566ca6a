//! Data credits for packets and bytes, and what they earn.
//!
//! Source: oracles `iot_packet_verifier`, `mobile_packet_verifier`, `mobile_verifier/src/reward_shares`.

use crate::runs;
use depin_quantity::{Basis, Int, Kind, Outputs, QuantityError, RuleCard, field};
use depin_services::coverage::packet_units;

type Result<T> = std::result::Result<T, QuantityError>;

/// One in units of the 15th place, at which worth is rounded up.
const ONE15: u64 = 1_000_000_000_000_000;

/// What credits are worth in bones, in units of the 15th place, rounded up: `ceil15(dc * 0.00001 / (price / 10^8))`.
///
/// - Units: `price` in 10^-8 USD for one HNT.
pub fn worth_15(credits: u128, price: u128) -> Result<Int> {
    // dc * 10^-5 USD / (price * 10^-8 USD per HNT) * 10^8 bones * 10^15
    let bones = Int::from(credits).times(Int::from(100_000_000_000_u64))?.times(Int::from(ONE15))?;
    Ok(bones.negated().div_floor(Int::from(price))?.negated())
}

/// What deployers are paid out of a pool of whole bones, and what stays unallocated.
pub fn data_payouts(pool: u128, worths: &[Int]) -> Result<(Vec<u128>, u128)> {
    let sum = worths.iter().try_fold(Int::ZERO, |sum, worth| sum.plus(*worth))?;
    let short = sum > Int::from(pool).times(Int::from(ONE15))?;
    let pay = |worth: &Int| {
        let paid = if short { worth.times(Int::from(pool))?.div_floor(sum)? } else { worth.div_floor(Int::from(ONE15))? };
        paid.to_u128()
    };
    let paid = worths.iter().map(pay).collect::<Result<Vec<u128>>>()?;
    let rest = paid.iter().fold(pool, |left, part| left - part);
    Ok((paid, rest))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&PACKET, &MOBILE_DATA, &TRANSFER];

pub static PACKET: RuleCard = RuleCard {
    id: "HNT-PAY-1",
    networks: &["helium"],
    basis: runs!(depin_services::coverage::packet_units),
    title: "Credits for a packet",
    description: "A packet costs one data credit for every 24 bytes begun, at least one.",
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
        let credits = u128::from(packet_units(i.small("bytes")?, 24)) * i.integer("copies")?;
        Ok(Outputs::new().integer("credits", credits))
    },
};

pub static MOBILE_DATA: RuleCard = RuleCard {
    id: "HNT-PAY-2",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Credits for mobile data",
    description: "Mobile data cost 0.50 USD a gigabyte, since 4 June 2026 0.10 USD: a credit for every 20,000 or 100,000 bytes begun of a \
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
    run: |i| Ok(Outputs::new().integer("credits", packet_units(i.small("bytes")?, i.small("unit")?))),
};

pub static TRANSFER: RuleCard = RuleCard {
    id: "HNT-PO-9",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Data transfer paid by worth, scaled to its pool",
    description: "Until 2026 a deployer got what its credits were worth in HNT; when all together were worth more than the pool, everyone \
            was cut in proportion.",
    formula: "worth = ceil15(dc * 0.00001 / price * 10^8); paid = floor(worth), or floor(worth * pool / sum) when the sum is above the \
              pool",
    rounding: "worth up at the 15th place of a bone, payouts down; the rest is unallocated",
    inputs: &[
        field("pool", Kind::Integer, "bones", "for data transfer").most(1 << 100),
        field("credits", Kind::List(&Kind::Integer), "DC", "of each deployer").most(1_024),
        field("price", Kind::Decimal(8), "USD", "of one HNT").least(1).most(1 << 60),
    ],
    outputs: &[
        field("paid", Kind::List(&Kind::Integer), "bones", "to each deployer"),
        field("rest", Kind::Integer, "bones", "unallocated: what nobody was paid"),
    ],
    source: "oracles mobile_verifier/src/reward_shares.rs, parameter versions A and B (there the rest joined the pool of coverage while there was one); \
             example 3: 10 credits at 3 USD are worth 3,333.33 bones",
    examples: &[
        (
            r#"{"pool": 1000000000, "credits": [100000, 200000], "price": "1"}"#,
            r#"{"paid": ["100000000", "200000000"], "rest": "700000000"}"#,
        ),
        (r#"{"pool": 100, "credits": [100000, 200000], "price": "1"}"#, r#"{"paid": ["33", "66"], "rest": "1"}"#),
        (r#"{"pool": 10000, "credits": [10, 10], "price": "3"}"#, r#"{"paid": ["3333", "3333"], "rest": "3334"}"#),
    ],
    run: |i| {
        let (pool, price) = (i.integer("pool")?, i.integer("price")?);
        let worths = i.integers("credits")?.iter().map(|dc| worth_15(*dc, price)).collect::<Result<Vec<Int>>>()?;
        let (paid, rest) = data_payouts(pool, &worths)?;
        Ok(Outputs::new().integers("paid", paid).integer("rest", rest))
    },
};
