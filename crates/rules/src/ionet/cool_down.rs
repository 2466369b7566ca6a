//! How long stake waits after its owner asks for it back.
//!
//! Source: io.net documentation, staking and co-staking.

use depin_quantity::{Basis, Kind, Outputs, RuleCard, RuleError, field};

const DAY: u128 = 86_400;

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&COOL_DOWN];

pub static COOL_DOWN: RuleCard = RuleCard {
    id: "IO-LO-1",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "Notice and cool-down of stake",
    description: "An owner's stake comes back whole, 14 days after it is asked for, and counts no more from the first moment; not while the \
            device is hired. A co-staker's goes on counting for the device for 7 days, earning him nothing, so that the owner can cover \
            the gap, and then cools down for 14. When the owner falls below the least stake, the co-staker's cools down at once with it.",
    formula: "owner, or co-staker whose owner left: counts until asked, free at asked + 14 d; co-staker: counts until asked + 7 d, free \
              at asked + 21 d",
    rounding: "none, to the second",
    inputs: &[
        field("who", Kind::Choice(&["owner", "co-staker", "co-staker-owner-left"]), "", "whose stake"),
        field("asked", Kind::Integer, "s", "when it was asked for, Unix time").most(1 << 40),
        field("now", Kind::Integer, "s", "Unix time, not before").most(1 << 41),
        field("hired", Kind::Flag, "", "whether the device was hired when it was asked for").or("false"),
    ],
    outputs: &[
        field("counts_until", Kind::Integer, "s", "for the device's least stake"),
        field("free_at", Kind::Integer, "s", "when it can be withdrawn"),
        field("state", Kind::Choice(&["notice", "cooling", "free"]), "", "now"),
    ],
    source: "io.net docs, unstaking (14 days) and co-staking (7 days of notice)",
    examples: &[
        (
            r#"{"who": "owner", "asked": 1750000000, "now": 1750000000}"#,
            r#"{"counts_until": "1750000000", "free_at": "1751209600", "state": "cooling"}"#,
        ),
        (
            r#"{"who": "co-staker", "asked": 1750000000, "now": 1750604799}"#,
            r#"{"counts_until": "1750604800", "free_at": "1751814400", "state": "notice"}"#,
        ),
        (
            r#"{"who": "co-staker-owner-left", "asked": 1750000000, "now": 1751209600}"#,
            r#"{"counts_until": "1750000000", "free_at": "1751209600", "state": "free"}"#,
        ),
    ],
    run: |i| {
        let (who, asked, now) = (i.text("who")?, i.integer("asked")?, i.integer("now")?);
        if who == "owner" && i.flag("hired")? {
            return Err(RuleError::refused("the stake of a hired device stays; ask for it when the hire is over"));
        }
        if now < asked {
            return Err(RuleError::refused(format!("now, {now}, is before it was asked for, {asked}")));
        }
        let notice = if who == "co-staker" { 7 * DAY } else { 0 };
        let (counts_until, free_at) = (asked + notice, asked + notice + 14 * DAY);
        let state = if now < counts_until {
            "notice"
        } else if now < free_at {
            "cooling"
        } else {
            "free"
        };
        Ok(Outputs::new().integer("counts_until", counts_until).integer("free_at", free_at).text("state", state))
    },
};
