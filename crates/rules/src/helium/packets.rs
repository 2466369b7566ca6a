//! The packet verifier: who pays for a packet, and whose routes are switched off.
//!
//! Source: oracles `iot_packet_verifier/src/{verifier,pending,balances}.rs`.

use crate::runs;
use depin_quantity::{Kind, Outputs, RuleCard, field};
use depin_services::coverage::{gate::verify_packet, packet_units};

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&VERIFIER];

pub static VERIFIER: RuleCard = RuleCard {
    id: "HNT-PAY-4",
    networks: &["helium"],
    basis: runs!(depin_services::coverage::packet_units, depin_services::coverage::gate::verify_packet),
    title: "Packet verifier",
    description: "A delivered uplink is paid by the organisation that it was routed to, if its balance covers the packet and what is not \
            burnt yet. One that cannot pay is switched off, and so is one that keeps less than the minimum. What is pending is burnt \
            once it comes to 10,000 credits.",
    formula: "credits = ceil(max(bytes, 24) / 24), 0 when free; valid when balance >= pending + credits; pending' = pending + credits \
              of a valid packet; disabled when invalid or balance - pending' < minimum; burnt when pending' >= batch",
    rounding: "up",
    inputs: &[
        field("bytes", Kind::Integer, "bytes", "of the packet").most(1 << 16),
        field("free", Kind::Flag, "", "whether its copies could not be counted").or("false"),
        field("balance", Kind::Integer, "DC", "of the payer on the chain").most(1 << 64),
        field("pending", Kind::Integer, "DC", "of the payer, not burnt yet").most(1 << 64),
        field("minimum", Kind::Integer, "DC", "that a payer keeps").most(1 << 64).or("3500000"),
        field("batch", Kind::Integer, "DC", "from which on it is burnt").most(1 << 64).or("10000"),
    ],
    outputs: &[
        field("credits", Kind::Integer, "DC", "of the packet; credited to its gateway when valid"),
        field("valid", Kind::Flag, "", "whether it is paid"),
        field("pending", Kind::Integer, "DC", "of the payer afterwards"),
        field("disabled", Kind::Flag, "", "whether the organisation is switched off"),
        field("burns", Kind::Flag, "", "whether what is pending is burnt now"),
    ],
    source: "oracles iot_packet_verifier/src/verifier.rs; examples: by hand",
    examples: &[
        (
            r#"{"bytes": 50, "balance": 4000000, "pending": 9998}"#,
            r#"{"credits": "3", "valid": true, "pending": "10001", "disabled": false, "burns": true}"#,
        ),
        (
            r#"{"bytes": 24, "balance": 3500000, "pending": 0}"#,
            r#"{"credits": "1", "valid": true, "pending": "1", "disabled": true, "burns": false}"#,
        ),
        (
            r#"{"bytes": 25, "balance": 1, "pending": 0}"#,
            r#"{"credits": "2", "valid": false, "pending": "0", "disabled": true, "burns": false}"#,
        ),
    ],
    run: |i| {
        let (balance, pending) = (i.integer("balance")?, i.integer("pending")?);
        let credits = if i.flag("free")? { 0 } else { u128::from(packet_units(i.small("bytes")?, 24)) };
        let verdict = verify_packet(credits, balance, pending, i.integer("minimum")?, i.integer("batch")?);
        let outputs = Outputs::new().integer("credits", credits).flag("valid", verdict.valid);
        let outputs = outputs.integer("pending", verdict.pending).flag("disabled", verdict.disabled);
        Ok(outputs.flag("burns", verdict.burns))
    },
};
