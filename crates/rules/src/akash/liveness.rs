//! Blocks that a validator must sign.

use crate::runs;
use depin_economy::{Liveness, signed_least};
use depin_quantity::{Kind, Outputs, RuleCard, Span, field};

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&SIGNED];

pub static SIGNED: RuleCard = RuleCard {
    id: "AKT-SL-1",
    networks: &["akash"],
    basis: runs!(depin_economy::signed_least),
    title: "Blocks that a validator must sign",
    description: "Of the last 10,000 blocks a validator signs at least 5 %. Who has been watched for a whole window and missed more than the \
            rest is jailed for ten minutes and loses 0.01 % of its stake.",
    formula: "least = round(window * share); jailed when blocks > since + window and missed > window - least",
    rounding: "a half to the even neighbour",
    inputs: &[
        field("window", Kind::Integer, "blocks", "that are looked at").least(1).most(1_000_000).or("10000"),
        field("share", Kind::Share, "", "least part of them to sign").or("\"5%\""),
        field("since", Kind::Integer, "blocks", "number of the block in which it was bonded").most(1 << 40).or("0"),
        field("blocks", Kind::Integer, "blocks", "number of the last block").most(1 << 40),
        field("missed", Kind::Integer, "blocks", "of those in the window").most(1 << 40),
    ],
    outputs: &[field("least", Kind::Integer, "blocks", "to sign"), field("jailed", Kind::Flag, "", "whether it is")],
    source: "cosmos-sdk x/slashing/keeper/{params,infractions}.go; akash-network/net mainnet/genesis.json; example: by hand",
    examples: &[
        (r#"{"blocks": 10001, "missed": 9500}"#, r#"{"least": "500", "jailed": false}"#),
        (r#"{"blocks": 10001, "missed": 9501}"#, r#"{"least": "500", "jailed": true}"#),
        (r#"{"blocks": 10000, "missed": 10000}"#, r#"{"least": "500", "jailed": false}"#),
    ],
    run: |i| {
        let (window, signed_share) = (i.small("window")?, i.share("share")?);
        let least = signed_least(&Liveness { window, signed_least: signed_share, jail: Span::from_secs(0) });
        let jailed = i.small("blocks")? > i.small("since")? + window && i.small("missed")? > window - least;
        Ok(Outputs::new().integer("least", least).flag("jailed", jailed))
    },
};
