//! Pieces, power and proofs of storage.
//!
//! Source: builtin-actors `actors/miner`, `actors/power`; FRC-0069; FilOzone pdp. The live service's own rules are called where they
//! are the same.

use crate::runs;
use depin_quantity::{Basis, Int, Kind, Outputs, QuantityError, RuleCard, RuleError, field};
use depin_services::storage::piece::{Hasher, PieceSize};

type Result<T> = std::result::Result<T, QuantityError>;

/// Quality of a sector in parts of 2^20, and its quality-adjusted power: `q = floor(floor((((s - v) * 10 + v * 100) << 20) / s) /
/// 10)`, `s = size * duration`.
pub fn sector_quality(size: u64, duration: u64, verified: Int) -> Result<(Int, Int)> {
    let space = Int::from(size).times(Int::from(duration))?;
    let plain = space.minus(verified)?.times(Int::from(10_u64))?;
    let sum = plain.plus(verified.times(Int::from(100_u64))?)?;
    let quality = sum.shl(20)?.div_floor(space)?.div_floor(Int::from(10_u64))?;
    Ok((quality, Int::from(size).times(quality)?.shr(20)))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&PIECE, &COMMITMENT, &QUALITY, &DEADLINE, &PROOF_FEE, &SKIPPED, &CAUGHT];

pub static PIECE: RuleCard = RuleCard {
    id: "FIL-SV-1",
    networks: &["filecoin"],
    basis: runs!(depin_services::storage::piece::PieceSize::for_payload),
    title: "Size of a piece",
    description: "A payload is padded with zeros to 127 * 2^k bytes; every 127 bytes become 128, so that four field elements fit. The piece \
            is a power of two, with a binary tree over leaves of 32 bytes.",
    formula: "size = 128 * 2^k, the least with 127 * 2^k >= payload; leaves = size / 32; height = log2(leaves)",
    rounding: "up to the next piece",
    inputs: &[
        field("payload", Kind::Integer, "bytes", "as uploaded; an empty one takes the smallest piece").most(u64::MAX as u128)
    ],
    outputs: &[
        field("size", Kind::Integer, "bytes", "padded"),
        field("capacity", Kind::Integer, "bytes", "of payload that fits"),
        field("leaves", Kind::Integer, "", "of 32 bytes"),
        field("height", Kind::Integer, "", "of the tree"),
    ],
    source: "FRC-0069; 32 GiB hold 34,091,302,912 bytes of payload",
    examples: &[
        (r#"{"payload": 127}"#, r#"{"size": "128", "capacity": "127", "leaves": "4", "height": "2"}"#),
        (r#"{"payload": 128}"#, r#"{"size": "256", "capacity": "254", "leaves": "8", "height": "3"}"#),
        (
            r#"{"payload": 34091302912}"#,
            r#"{"size": "34359738368", "capacity": "34091302912", "leaves": "1073741824", "height": "30"}"#,
        ),
    ],
    run: |i| {
        let size = PieceSize::for_payload(i.small("payload")?).map_err(|error| RuleError::refused(error.to_string()))?;
        let outputs = Outputs::new().integer("size", size.get()).integer("capacity", size.payload_capacity());
        Ok(outputs.integer("leaves", size.leaves()).integer("height", u64::from(size.height())))
    },
};

pub static COMMITMENT: RuleCard = RuleCard {
    id: "FIL-SV-2",
    networks: &["filecoin"],
    basis: runs!(depin_services::storage::piece::Hasher::finish),
    title: "Commitment of a piece (commP)",
    description: "The padded payload's bits are spread so that every 254 fill 32 bytes; a binary tree of SHA-256, each node with its two top \
            bits cleared, leads to one root.",
    formula: "zero-pad to 127 * 2^k; 4 * 254 bits of each 127 bytes, little-endian, as 4 * 32 bytes; parent = SHA-256(left | right) \
              with byte 31 &= 0x3f",
    rounding: "none",
    inputs: &[
        field("payload", Kind::Bytes, "bytes", "of the payload").or("\"\""),
        field("zeros", Kind::Integer, "bytes", "zero bytes after them").most(1 << 20).or("0"),
    ],
    outputs: &[field("commitment", Kind::Text, "hex", "the root"), field("size", Kind::Integer, "bytes", "of the padded piece")],
    source: "Filecoin specification, piece commitment; example 1: 127 zeros, 3731bb99…8333",
    examples: &[
        (
            r#"{"zeros": 127}"#,
            r#"{"commitment": "3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333", "size": "128"}"#,
        ),
        (
            r#"{"payload": "base64:aGVsbG8=", "zeros": 300}"#,
            r#"{"commitment": "1bb2d9d28f4aea313f12bbe31c5667a27925c84cea6d66a54bb660b6ab6a390f", "size": "512"}"#,
        ),
        (
            r#"{"payload": "68656c6c6f", "zeros": 300}"#,
            r#"{"commitment": "1bb2d9d28f4aea313f12bbe31c5667a27925c84cea6d66a54bb660b6ab6a390f", "size": "512"}"#,
        ),
    ],
    run: |i| {
        let mut hasher = Hasher::new();
        hasher.update(i.bytes("payload")?);
        hasher.update(&vec![0; usize::try_from(i.small("zeros")?).unwrap_or(0)]);
        let (commitment, size) = hasher.finish().map_err(|error| RuleError::refused(error.to_string()))?;
        Ok(Outputs::new().text("commitment", hex::encode(commitment.as_bytes())).integer("size", size.get()))
    },
};

pub static QUALITY: RuleCard = RuleCard {
    id: "FIL-SV-3",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Quality-adjusted power of a sector",
    description: "Space that verified deals cover for their time counts ten times; the rest once. A sector that is verified throughout has \
            ten times its raw power.",
    formula: "q = floor(floor((((s - v) * 10 + v * 100) << 20) / s) / 10), s = size * duration, v = sum of verified bytes * epochs; \
              power = (size * q) >> 20",
    rounding: "down in every division",
    inputs: &[
        field("size", Kind::Integer, "bytes", "of the sector").least(1).most(1 << 50),
        field("duration", Kind::Integer, "epochs", "of the sector").least(1).most(1 << 40),
        field("verified", Kind::Integer, "byte-epochs", "sum of verified pieces' padded bytes times their epochs").or("0"),
    ],
    outputs: &[
        field("quality", Kind::Integer, "parts of 2^20", "of the sector"),
        field("power", Kind::Integer, "bytes", "quality-adjusted"),
    ],
    source: "builtin-actors actors/miner/src/policy.rs; document: verified deals count ten times",
    examples: &[
        (r#"{"size": 34359738368, "duration": 518400}"#, r#"{"quality": "1048576", "power": "34359738368"}"#),
        (
            r#"{"size": 34359738368, "duration": 518400, "verified": "17812088369971200"}"#,
            r#"{"quality": "10485760", "power": "343597383680"}"#,
        ),
        (
            r#"{"size": 34359738368, "duration": 1000000, "verified": 12345678901234567}"#,
            r#"{"quality": "4439417", "power": "145470816256"}"#,
        ),
    ],
    run: |i| {
        let (size, duration, verified) = (i.small("size")?, i.small("duration")?, i.integer("verified")?);
        if verified > u128::from(size) * u128::from(duration) {
            return Err(RuleError::refused(format!(
                "verified {verified} is more than the sector's {size} bytes for {duration} epochs"
            )));
        }
        let (quality, power) = sector_quality(size, duration, Int::from(verified))?;
        Ok(Outputs::new().integer("quality", quality).integer("power", power))
    },
};

pub static DEADLINE: RuleCard = RuleCard {
    id: "FIL-SV-4",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "When a deadline of proofs is open",
    description: "A proving period of a day has 48 deadlines of half an hour. A deadline's challenge is drawn 20 epochs before it opens; \
            faults must be declared 70 epochs before.",
    formula: "open = period + 60 * d; close = open + 60; challenge = open - 20; cutoff = open - 70",
    rounding: "none",
    inputs: &[
        field("period", Kind::Integer, "epoch", "at which the proving period starts").least(70).most(1 << 40),
        field("deadline", Kind::Integer, "", "0 to 47").most(47),
    ],
    outputs: &[
        field("open", Kind::Integer, "epoch", "first in which a proof is taken"),
        field("close", Kind::Integer, "epoch", "first in which none is"),
        field("challenge", Kind::Integer, "epoch", "whose randomness is the challenge"),
        field("cutoff", Kind::Integer, "epoch", "before which faults and recoveries are declared"),
    ],
    source: "builtin-actors actors/miner/src/deadline_info.rs",
    examples: &[(
        r#"{"period": 2880, "deadline": 47}"#,
        r#"{"open": "5700", "close": "5760", "challenge": "5680", "cutoff": "5630"}"#,
    )],
    run: |i| {
        let open = i.integer("period")? + 60 * i.integer("deadline")?;
        let outputs = Outputs::new().integer("open", open).integer("close", open + 60);
        Ok(outputs.integer("challenge", open - 20).integer("cutoff", open - 70))
    },
};

pub static PROOF_FEE: RuleCard = RuleCard {
    id: "FIL-SV-5",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Fee of a possession proof",
    description: "A proof over a data set burns a fee for the bytes that can be challenged; what was paid above it comes back.",
    formula: "(230,000,000,000,000 attoFIL per TiB * 32 * leaves) >> 40",
    rounding: "down",
    inputs: &[field("leaves", Kind::Integer, "", "of 32 bytes, in the challenge range").most(1 << 60)],
    outputs: &[field("fee", Kind::Integer, "attoFIL", "burnt")],
    source: "FilOzone pdp: src/Fees.sol, PDPVerifier.sol; a TiB costs 0.00023 FIL",
    examples: &[
        (r#"{"leaves": 34359738368}"#, r#"{"fee": "230000000000000"}"#),
        (r#"{"leaves": 12345}"#, r#"{"fee": "82635961"}"#),
    ],
    run: |i| {
        let fee = i.signed("leaves")?.times(Int::from(230_000_000_000_000_u64 * 32))?.shr(40);
        Ok(Outputs::new().integer("fee", fee))
    },
};

pub static SKIPPED: RuleCard = RuleCard {
    id: "FIL-SV-6",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Proving periods missed",
    description: "A data set is proven once in each period. Who comes late to the next one has failed the periods in between, and this one \
            when it was not proven.",
    formula: "skipped = 0 when now <= deadline, else floor((now - (deadline + 1)) / period); faults = skipped + (1 when unproven); \
              deadline += period * (skipped + 1)",
    rounding: "down",
    inputs: &[
        field("now", Kind::Integer, "epoch", "at which the next period is asked for").most(1 << 60),
        field("deadline", Kind::Integer, "epoch", "of the present period").most(1 << 60),
        field("proven", Kind::Flag, "", "whether the present period was proven"),
        field("period", Kind::Integer, "epochs", "length of a period").least(1).most(1 << 40).or("2880"),
    ],
    outputs: &[
        field("faults", Kind::Integer, "periods", "failed"),
        field("deadline", Kind::Integer, "epoch", "of the next period"),
    ],
    source: "FilOzone pdp: src/SimplePDPService.sol, nextProvingPeriod",
    examples: &[
        (r#"{"now": 9000, "deadline": 9000, "proven": true}"#, r#"{"faults": "0", "deadline": "11880"}"#),
        (r#"{"now": 14762, "deadline": 9000, "proven": false}"#, r#"{"faults": "3", "deadline": "17640"}"#),
    ],
    run: |i| {
        let (now, deadline, period) = (i.integer("now")?, i.integer("deadline")?, i.integer("period")?);
        let skipped = now.checked_sub(deadline + 1).map_or(0, |late| late / period);
        let faults = skipped + u128::from(!i.flag("proven")?);
        Ok(Outputs::new().integer("faults", faults).integer("deadline", deadline + period * (skipped + 1)))
    },
};

pub static CAUGHT: RuleCard = RuleCard {
    id: "FIL-SV-7",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Chance that lost data are found out",
    description: "A proof challenges a few leaves drawn at random. With a part of the data lost, each challenge misses it with the rest's \
            chance.",
    formula: "1 - (1 - lost)^challenges",
    rounding: "down at the ninth place",
    inputs: &[field("lost", Kind::Share, "", "of the data"), field("challenges", Kind::Integer, "", "in all").most(20).or("5")],
    outputs: &[field("chance", Kind::Decimal(9), "", "that at least one hits")],
    source: "FilOzone pdp: docs/design.md: 5 challenges find 1 % lost in 4.9 % of periods, 5 % in 22.6 %, 20 % in 67.2 %",
    examples: &[(r#"{"lost": "1%"}"#, r#"{"chance": "0.04900995"}"#), (r#"{"lost": "20%"}"#, r#"{"chance": "0.67232"}"#)],
    run: |i| {
        let whole = Int::from(1_000_000_000_u64);
        let kept = whole.minus(Int::from(u64::from(i.share("lost")?.get())))?;
        let (mut top, mut bottom) = (Int::from(1_u64), Int::from(1_u64));
        for _ in 0..i.integer("challenges")? {
            (top, bottom) = (top.times(kept)?, bottom.times(whole)?);
        }
        let chance = bottom.minus(top)?.times(whole)?.div_floor(bottom)?;
        Ok(Outputs::new().decimal("chance", chance, 9))
    },
};
