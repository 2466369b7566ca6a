//! Witnesses of a beacon: which reports are valid, and which of them count.
//!
//! Source: oracles `iot_verifier/src/{poc,runner}.rs`, HIP-83.

use crate::runs;
use depin_quantity::{Instant, Kind, Outputs, RuleCard, RuleError, Span, field};
use depin_services::coverage::poc::{is_late, select};

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&CHECKS, &SELECTION];

const REASONS: &[&str] = &["valid", "too_late", "invalid_frequency", "below_min_distance", "max_distance_exceeded"];
const MOMENT: u128 = 1 << 50;

pub static CHECKS: RuleCard = RuleCard {
    id: "HNT-SV-6",
    networks: &["helium"],
    basis: runs!(depin_services::coverage::poc::is_late),
    title: "Checks of a witness by time, frequency and distance",
    description: "A witness report comes within 4 seconds of its beacon's, or within 1.5 seconds of the first witness when the beacon's \
            report came after it. It was heard within 100 kHz of the beacon's frequency, at least 8 cells of resolution 11 away and \
            at most 100 km, whole kilometres counted. The first check that fails is the reason.",
    formula: "beacon <= witness: witness - beacon <= 4000; else witness - first <= 1500; |f - f'| <= 100000; cells >= 8; \
              floor(metres / 1000) <= 100",
    rounding: "kilometres down, so that up to 100,999 m pass",
    inputs: &[
        field("beacon", Kind::Integer, "ms", "when the beacon's report was received").most(MOMENT),
        field("witness", Kind::Integer, "ms", "when the witness's report was").most(MOMENT),
        field("first", Kind::Integer, "ms", "when the first witness's report was").most(MOMENT),
        field("beacon_hz", Kind::Integer, "Hz", "frequency of the beacon").most(1 << 40),
        field("witness_hz", Kind::Integer, "Hz", "frequency that was heard").most(1 << 40),
        field("cells", Kind::Integer, "cells of resolution 11", "between the two").most(1 << 40),
        field("metres", Kind::Integer, "m", "between the two").most(1 << 40),
    ],
    outputs: &[field("reason", Kind::Choice(REASONS), "", "valid, or the first check that failed")],
    source: "oracles iot_verifier/src/poc.rs; keys, entropy, payload, capability, region, signal and reciprocity are checked besides",
    examples: &[
        (
            r#"{"beacon": 1000, "witness": 5000, "first": 1200, "beacon_hz": 904100000, "witness_hz": 904200000, "cells": 8, "metres": 100999}"#,
            r#"{"reason": "valid"}"#,
        ),
        (
            r#"{"beacon": 9000, "witness": 2701, "first": 1200, "beacon_hz": 904100000, "witness_hz": 904100000, "cells": 80, "metres": 9000}"#,
            r#"{"reason": "too_late"}"#,
        ),
        (
            r#"{"beacon": 1000, "witness": 1001, "first": 1001, "beacon_hz": 904100000, "witness_hz": 904200001, "cells": 7, "metres": 9000}"#,
            r#"{"reason": "invalid_frequency"}"#,
        ),
    ],
    run: |i| {
        let (beacon, witness, first) = (i.integer("beacon")?, i.integer("witness")?, i.integer("first")?);
        if first > witness {
            return Err(RuleError::refused("the first witness's report did not come after this one's"));
        }
        let at = |millis: u128| Instant::new(u64::try_from(millis).unwrap_or(u64::MAX));
        let late = is_late(at(beacon), at(witness), at(first), (Span::from_millis(4_000), Span::from_millis(1_500)));
        let reason = if late {
            "too_late"
        } else if i.integer("beacon_hz")?.abs_diff(i.integer("witness_hz")?) > 100_000 {
            "invalid_frequency"
        } else if i.integer("cells")? < 8 {
            "below_min_distance"
        } else if i.integer("metres")? / 1_000 > 100 {
            "max_distance_exceeded"
        } else {
            "valid"
        };
        Ok(Outputs::new().text("reason", reason))
    },
};

pub static SELECTION: RuleCard = RuleCard {
    id: "HNT-SV-7",
    networks: &["helium"],
    basis: runs!(depin_services::coverage::poc::select),
    title: "Selection of witnesses",
    description: "The first fourteen valid witnesses by the time at which their reports were received count and are paid; before HIP-83 they \
            were drawn at random. The number of those that count sets the reward units.",
    formula: "valid ones by time received, ascending; the first `most`",
    rounding: "none; of equal times the one listed first",
    inputs: &[
        field("received", Kind::List(&Kind::Integer), "ms", "of each witness's report").most(256),
        field("valid", Kind::List(&Kind::Flag), "", "whether each is").most(256),
        field("most", Kind::Integer, "", "that count").most(256).or("14"),
    ],
    outputs: &[
        field("selected", Kind::List(&Kind::Integer), "", "places in the list, from 0, in the order of time"),
        field("count", Kind::Integer, "", "how many count"),
    ],
    source: "HIP-83; oracles iot_verifier/src/runner.rs; example: by hand",
    examples: &[(
        r#"{"received": [30, 10, 20, 10], "valid": [true, true, false, true], "most": 2}"#,
        r#"{"selected": ["1", "3"], "count": "2"}"#,
    )],
    run: |i| {
        let (received, valid, most) = (i.integers("received")?, i.flags("valid")?, i.small("most")?);
        if received.len() != valid.len() {
            return Err(RuleError::refused(format!("{} times need as many flags, not {}", received.len(), valid.len())));
        }
        let at = |millis: &u128| Instant::new(u64::try_from(*millis).unwrap_or(u64::MAX));
        let reports: Vec<_> = received.iter().map(at).zip(valid.iter().copied()).collect();
        let places = select(&reports, most as usize);
        let count = places.len() as u64;
        Ok(Outputs::new().integers("selected", places.into_iter().map(|place| place as u64)).integer("count", count))
    },
};
