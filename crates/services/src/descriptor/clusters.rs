//! Clusters: devices checked every hour, hired together.

use super::{
    Aspect, Counted, FaultKind, Figure, Gravity, Metric, PledgeKind, Provenance, Reason, Service, StreamKind, Table, Term, Unit,
    Value,
};
use depin_quantity::Name;

const HIRED_HOURS: Name = Name::literal("hired-hours");
const STAKE_UNITS: Name = Name::literal("stake-units");

/// Clusters of GPUs and processors.
pub static CLUSTERS: Service = Service {
    name: Name::literal("clusters"),
    title: "Compute clusters",
    description: "devices pass a check every hour, and are hired together as clusters",
    network: Some(Name::literal("io.net")),
    metrics: &[
        Metric {
            name: Name::literal("device-score"),
            unit: Unit::Each("tenth of a point"),
            counted: Counted::Accrued,
            aspect: Aspect::Capacity,
            description: "score of a device that passed the hour's checks: multiplier of its model, processors, connectivity",
        },
        Metric {
            name: HIRED_HOURS,
            unit: Unit::Each("second of a processor"),
            counted: Counted::Accrued,
            aspect: Aspect::Usage,
            description: "time for which customers had the device's processors",
        },
        Metric {
            name: STAKE_UNITS,
            unit: Unit::Each("quarter of a processor of multiplier 1"),
            counted: Counted::Current,
            aspect: Aspect::Presence,
            description: "processors times the multiplier of their model, at least 1 each, in quarters",
        },
    ],
    streams: &[StreamKind {
        name: Name::literal("hire"),
        basis: STAKE_UNITS,
        term: Term::Fixed,
        period: "1h",
        longest: "365d",
        warn: "1h",
        reasons: &[
            Reason { name: Name::literal("ended"), broken: false, description: "the customer ended it early" },
            Reason { name: Name::literal("failed"), broken: true, description: "the device went away" },
        ],
        description: "one device of a cluster, for the hours it was hired",
    }],
    charges: &[],
    pledges: &[PledgeKind {
        name: Name::literal("device"),
        basis: STAKE_UNITS,
        whole: 4,
        description: "a device's owner, while it takes part",
    }],
    faults: &[
        FaultKind {
            name: Name::literal("failed-check"),
            affected: STAKE_UNITS,
            gravity: Gravity::Noted,
            description: "proof of work, proof of time-lock or uptime of the hour failed",
        },
        FaultKind {
            name: Name::literal("spoofing"),
            affected: STAKE_UNITS,
            gravity: Gravity::Ending,
            description: "the device is not what it says it is",
        },
    ],
    allowances: &[],
    fees: &[],
    gauges: &[],
    scopes: &[],
    parameters: &[
        Table {
            key: "check",
            figures: &[
                Figure { key: "every", value: Value::Span("1h"), description: "from check to check" },
                Figure {
                    key: "uptime",
                    value: Value::Span("5h"),
                    description: "time without interruption before a device counts",
                },
                Figure { key: "first-hire-after", value: Value::Span("12h"), description: "wait of a new device" },
            ],
            provenance: Provenance::Source(
                "io.net documentation: hourly proof of work, uptime of the past 5 hours, 12 hours after onboarding",
            ),
        },
        Table {
            key: "score",
            figures: &[
                Figure {
                    key: "multiplier",
                    value: Value::Integer(20_000, 0..=1_000_000_000),
                    description: "tenths of a point for a processor of multiplier 1",
                },
                Figure {
                    key: "connectivity",
                    value: Value::Integer(200, 0..=1_000_000_000),
                    description: "for the best of four tiers of connectivity",
                },
                Figure { key: "hired", value: Value::Integer(5, 0..=1_000_000_000), description: "for a device that is hired" },
            ],
            provenance: Provenance::Source(
                "io.net documentation, proposed block rewards: base score = ((0.02 tier/4 + 2 multiplier processors) 100 + 0.05 hired) 10",
            ),
        },
        Table {
            key: "hire",
            figures: &[Figure {
                key: "least",
                value: Value::Span("1h"),
                description: "shortest hire; a device that goes away within it gets nothing",
            }],
            provenance: Provenance::Source(
                "io.net documentation: at least 1 hour; a worker that stops within the first hour gets nothing for it",
            ),
        },
    ],
};
