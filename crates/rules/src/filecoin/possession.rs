//! Possession proofs over a data set: which leaf is asked for, in which piece it lies, and the bond that pays for cleaning up.
//!
//! Source: FilOzone pdp `src/{PDPVerifier,Proofs,Fees}.sol`. The live service draws its challenges with SHA-256 and bounds its data
//! sets instead of keeping sums.

use depin_quantity::{Basis, Kind, Outputs, RuleCard, RuleError, field};
use ruint::aliases::U256;
use sha3::{Digest, Keccak256};

/// The `i`-th challenged leaf: `keccak256(seed | set id | i)` as a number, modulo the challenge range.
pub fn challenged_leaf(seed: [u8; 32], set: u128, i: u64, range: u64) -> u64 {
    let set: [u8; 32] = U256::from(set).to_be_bytes();
    let digest = Keccak256::new_with_prefix(seed).chain_update(set).chain_update(i.to_be_bytes()).finalize();
    let drawn = U256::from_be_slice(digest.as_slice()) % U256::from(range.max(1));
    drawn.wrapping_to()
}

/// Sums of leaf counts: slot `i` holds those of the `2^h` pieces that end with piece `i`, `h` the trailing zeros of `i + 1`.
pub fn sum_tree(counts: &[u128]) -> Vec<u128> {
    let slot = |i: usize| {
        let covers = 1_usize << (i + 1).trailing_zeros();
        counts[i + 1 - covers..=i].iter().sum()
    };
    (0..counts.len()).map(slot).collect()
}

/// The piece in which a leaf lies, and the leaf's place in it, found from the top of the sums downwards.
pub fn find_leaf(sums: &[u128], leaf: u128) -> Option<(usize, u128)> {
    let top = usize::BITS - sums.len().leading_zeros();
    let (mut at, mut before) = ((1_usize << top) - 1, 0);
    for h in (0..top).rev() {
        let step = 1_usize << h;
        match sums.get(at) {
            Some(sum) if before + sum <= leaf => {
                before += sum;
                at += step;
            }
            _ => at -= step,
        }
    }
    let sum = sums.get(at)?;
    if before + sum <= leaf { (at + 1 < sums.len()).then_some((at + 1, leaf - before - sum)) } else { Some((at, leaf - before)) }
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&CHALLENGE, &SUMS, &BOND];

pub static CHALLENGE: RuleCard = RuleCard {
    id: "FIL-SV-9",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Challenged leaves of a data set",
    description: "Each challenge of a period is drawn from the beacon's randomness of one epoch, the data set's number and the challenge's. \
            The range is frozen when the period begins, so that pieces added later are asked for in the next one.",
    formula: "leaf(i) = keccak256(seed as 32 bytes | set as 32 bytes, big end first | i as 8 bytes, big end first) mod range",
    rounding: "none",
    inputs: &[
        field("seed", Kind::Text, "hex", "the beacon's 32 bytes"),
        field("set", Kind::Integer, "", "number of the data set"),
        field("range", Kind::Integer, "leaves", "that can be challenged").least(1).most(1 << 60),
        field("count", Kind::Integer, "", "challenges").least(1).most(64).or("5"),
    ],
    outputs: &[field("leaves", Kind::List(&Kind::Integer), "", "asked for, counted from 0 over all pieces in order")],
    source: "FilOzone pdp src/PDPVerifier.sol; examples: independent computation",
    examples: &[
        (
            r#"{"seed": "0000000000000000000000000000000000000000000000000000000000000001", "set": 7, "range": 1000000, "count": 3}"#,
            r#"{"leaves": ["76361", "590350", "929162"]}"#,
        ),
        (
            r#"{"seed": "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100", "set": 1, "range": 1, "count": 2}"#,
            r#"{"leaves": ["0", "0"]}"#,
        ),
    ],
    run: |i| {
        let mut seed = [0; 32];
        hex::decode_to_slice(i.text("seed")?, &mut seed)
            .map_err(|error| RuleError::refused(format!("the seed is not 32 bytes of hex: {error}")))?;
        let (set, range) = (i.integer("set")?, i.small("range")?);
        let leaves = (0..i.small("count")?).map(|n| challenged_leaf(seed, set, n, range));
        Ok(Outputs::new().integers("leaves", leaves))
    },
};

pub static SUMS: RuleCard = RuleCard {
    id: "FIL-SV-10",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "The piece in which a leaf lies",
    description: "A data set keeps sums of its pieces' leaf counts, so that a leaf is found in as many steps as the number of pieces has \
            bits, and a piece is added or removed in as many.",
    formula: "sums(i) = sum of counts(i + 1 - 2^h .. i), h = trailing zeros of i + 1; the leaf lies in the first piece before whose end \
              it is",
    rounding: "none",
    inputs: &[
        field("counts", Kind::List(&Kind::Integer), "leaves", "of each piece; 0 for one that was removed")
            .least(1)
            .most(1_024)
            .each(1 << 50),
        field("leaf", Kind::Integer, "", "counted from 0 over all pieces in order").most(1 << 62),
    ],
    outputs: &[
        field("sums", Kind::List(&Kind::Integer), "leaves", "as kept"),
        field("piece", Kind::Integer, "", "counted from 0"),
        field("offset", Kind::Integer, "", "of the leaf in it"),
    ],
    source: "FilOzone pdp src/PDPVerifier.sol, sumTreeCounts and findOnePieceId; examples: by hand",
    examples: &[
        (r#"{"counts": [4, 8, 2, 16, 1], "leaf": 13}"#, r#"{"sums": ["4", "12", "2", "30", "1"], "piece": "2", "offset": "1"}"#),
        (r#"{"counts": [4, 0, 2], "leaf": 4}"#, r#"{"sums": ["4", "4", "2"], "piece": "2", "offset": "0"}"#),
    ],
    run: |i| {
        let (counts, leaf) = (i.integers("counts")?, i.integer("leaf")?);
        let all: u128 = counts.iter().sum();
        let sums = sum_tree(&counts);
        let (piece, offset) = find_leaf(&sums, leaf)
            .filter(|_| leaf < all)
            .ok_or_else(|| RuleError::refused(format!("leaf {leaf} lies behind the last of {all} leaves")))?;
        Ok(Outputs::new().integers("sums", sums).integer("piece", piece as u64).integer("offset", offset))
    },
};

pub static BOND: RuleCard = RuleCard {
    id: "FIL-SV-11",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Clean-up bond of a data set",
    description: "Who opens a data set leaves a tenth of a FIL. Whoever finishes cleaning it up gets it: its owner at any time, anybody once \
            it has gone without a proof for 86,400 epochs, which is 30 days.",
    formula: "abandoned when now - last >= 86400; bond = 0.1 FIL",
    rounding: "none; the sources leave open whether the last epoch counts, here it does",
    inputs: &[
        field("now", Kind::Integer, "epoch", "the present one").most(1 << 60),
        field("last", Kind::Integer, "epoch", "of the last proof, or of the opening").most(1 << 60),
    ],
    outputs: &[
        field("bond", Kind::Integer, "attoFIL", "to whoever cleans up"),
        field("abandoned", Kind::Flag, "", "whether anybody may"),
        field("from", Kind::Integer, "epoch", "from which anybody may"),
    ],
    source: "FilOzone pdp src/{PDPVerifier,Fees}.sol",
    examples: &[
        (r#"{"now": 86400, "last": 0}"#, r#"{"bond": "100000000000000000", "abandoned": true, "from": "86400"}"#),
        (r#"{"now": 1086398, "last": 1000000}"#, r#"{"bond": "100000000000000000", "abandoned": false, "from": "1086400"}"#),
    ],
    run: |i| {
        let from = i.integer("last")? + 86_400;
        let outputs = Outputs::new().integer("bond", 100_000_000_000_000_000_u128);
        Ok(outputs.flag("abandoned", i.integer("now")? >= from).integer("from", from))
    },
};
