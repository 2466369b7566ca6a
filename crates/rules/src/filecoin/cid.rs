//! Names of pieces: the two text forms of a piece CID.
//!
//! Source: FRC-0069; go-fil-commp-hashhash.

use cid::{Cid, multihash::Multihash};
use depin_quantity::{Basis, Kind, Outputs, RuleCard, RuleError, field};
use depin_services::storage::piece::{Commitment, PieceSize};

/// Codec of raw bytes.
const RAW: u64 = 0x55;
/// Multihash `fr32-sha256-trunc254-padbintree`.
const HASH_V2: u64 = 0x1011;

/// An unsigned number in groups of seven bits, lowest first, all but the last with the top bit set.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&PIECE_CID];

pub static PIECE_CID: RuleCard = RuleCard {
    id: "FIL-SV-8",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Text of a piece CID, version 1 and version 2",
    description: "A piece has two names. The first is its commitment alone; the second carries also how high its tree is and how many bytes \
            of padding follow the payload, so that the payload's length can be read from it.",
    formula: "v1 = base32(01 | f101 | 1012 | 20 | root); v2 = base32(01 | 55 | 1011 | length | varint(padding) | height | root); \
              padding = 127 * 2^k - payload; height = log2(leaves)",
    rounding: "none",
    inputs: &[
        field("commitment", Kind::Text, "hex", "the root of the piece, 32 bytes"),
        field("payload", Kind::Integer, "bytes", "as uploaded").most(1 << 50),
    ],
    outputs: &[
        field("v1", Kind::Text, "", "begins with baga6ea4seaq"),
        field("v2", Kind::Text, "", "begins with bafkzci"),
        field("padding", Kind::Integer, "bytes", "of zeros behind the payload, before bits are spread"),
        field("height", Kind::Integer, "", "of the tree"),
    ],
    source: "FRC-0069; example: 127 zero bytes, and 5 bytes with 300 zeros behind them",
    examples: &[
        (
            r#"{"commitment": "3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333", "payload": 127}"#,
            r#"{"v1": "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy", "v2": "bafkzcibcaabdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy", "padding": "0", "height": "2"}"#,
        ),
        (
            r#"{"commitment": "1bb2d9d28f4aea313f12bbe31c5667a27925c84cea6d66a54bb660b6ab6a390f", "payload": 305}"#,
            r#"{"v1": "baga6ea4seaqbxmwz2khuv2rrh4jlxyy4kzt2e6jfzbgou3lguvf3myfwvnvdsdy", "v2": "bafkzcibdzmaqig5s3hji6sxkge7rfo7ddrlgpitzexeez2tnm2suxntaw2vwuoip", "padding": "203", "height": "4"}"#,
        ),
    ],
    run: |i| {
        let wrong =
            |why: String| RuleError::refused(format!("the commitment is not 32 bytes of hex that a piece can have: {why}"));
        let mut root = [0; 32];
        hex::decode_to_slice(i.text("commitment")?, &mut root).map_err(|error| wrong(error.to_string()))?;
        let commitment = Commitment::new(root).map_err(|error| wrong(error.to_string()))?;
        let payload = i.small("payload")?;
        let size = PieceSize::for_payload(payload).map_err(|error| RuleError::refused(error.to_string()))?;
        let padding = size.payload_capacity() - payload;
        let digest = [varint(padding), vec![size.height() as u8], root.to_vec()].concat();
        let hash = Multihash::<64>::wrap(HASH_V2, &digest).map_err(|error| RuleError::refused(error.to_string()))?;
        let outputs = Outputs::new().text("v1", commitment.to_string()).text("v2", Cid::new_v1(RAW, hash).to_string());
        Ok(outputs.integer("padding", padding).integer("height", u64::from(size.height())))
    },
};
