//! Clusters: devices checked every hour, hired together.

use super::{
    Aspect, Counted, FaultKind, Figure, Gravity, Metric, PledgeKind, Provenance, Reason, Service, StreamKind, Table, Term, Unit,
    Value,
};
use crate::clusters::names::{DEVICE, DEVICE_SCORE, ENDED, FAILED, FAILED_CHECK, HIRE, HIRED_HOURS, SPOOFING, STAKE_UNITS};
use depin_quantity::Name;

/// Clusters of GPUs and processors.
pub static CLUSTERS: Service = Service {
    name: Name::literal("clusters"),
    title: "Compute clusters",
    description: "devices pass a check every hour, and are hired together as clusters",
    network: Some(Name::literal("io.net")),
    metrics: &[
        Metric {
            name: DEVICE_SCORE,
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
        name: HIRE,
        basis: STAKE_UNITS,
        term: Term::Fixed,
        period: "1h",
        longest: "365d",
        warn: "1h",
        reasons: &[
            Reason { name: ENDED, broken: false, description: "the customer ended it early" },
            Reason { name: FAILED, broken: true, description: "the device went away" },
        ],
        description: "one device of a cluster, for the hours it was hired",
    }],
    charges: &[],
    pledges: &[PledgeKind { name: DEVICE, basis: STAKE_UNITS, whole: 4, description: "a device's owner, while it takes part" }],
    faults: &[
        FaultKind {
            name: FAILED_CHECK,
            affected: STAKE_UNITS,
            gravity: Gravity::Noted,
            description: "proof of work, proof of time-lock or uptime of the hour failed",
        },
        FaultKind {
            name: SPOOFING,
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
        MULTIPLIER,
        PROOF,
        WORK,
        PAY,
        BOUNDS,
        DEVELOPMENT,
    ],
};

/// A figure that a chain needs and a simulation does not: new files have it.
const fn live(key: &'static str, value: &'static Value, description: &'static str) -> Figure {
    Figure { key, value: Value::Optional(value), description }
}

const MULTIPLIER: Table = Table {
    key: "multiplier",
    figures: &[live("cpu", &Value::Decimal("1"), "of a core of a CPU")],
    provenance: Provenance::Reason("io.net publishes multipliers of GPU models only, and only cores of CPUs are proved here"),
};

const PROOF: Table = Table {
    key: "proof",
    figures: &[
        live("checker", &Value::Name("checker"), "the role whose key says how long an answer took"),
        live("limit", &Value::Span("1m"), "longest time for an answer, by the checker's clock"),
        live("within", &Value::Span("40m"), "longest time until an answer is on the ledger, from the hour's draw on"),
        live("window", &Value::Integer(5, 1..=64), "judged hours that are looked at"),
        live("misses", &Value::Integer(3, 1..=64), "so many failed ones of them, and a device stands out and begins anew"),
        live("lock-least", &Value::Share("90%"), "part of its profile that a hired device's benchmark comes to at least"),
    ],
    provenance: Provenance::Reason(
        "io.net publishes no figures; an answer by chance too late costs an hour, and three of five are not chance",
    ),
};

const WORK: Table = Table {
    key: "work",
    figures: &[
        live("region-kib", &Value::Integer(32, 8..=1_024), "KiB of a region of memory, a power of two"),
        live("passes", &Value::Integer(3, 1..=4), "passes that fill a region"),
        live("reads", &Value::Integer(24, 4..=64), "reads of memory in a step"),
        live("products", &Value::Integer(48, 1..=65_536), "products of matrices in a step"),
        live("steps", &Value::Integer(65_535, 64..=4_194_304), "steps of each core"),
        live("delay", &Value::Integer(800_000, 1..=4_194_304), "square roots for each core before what is checked is known"),
    ],
    provenance: Provenance::Reason(
        "more than 20 s for each core of a current processor, so that a network's delay is little beside it",
    ),
};

const PAY: Table = Table {
    key: "pay",
    figures: &[live("every", &Value::Span("1d"), "a hire that lasts longer is paid in between so often")],
    provenance: Provenance::Source("io.net documentation: jobs longer than a day are paid at the end of each day"),
};

const BOUNDS: Table = Table {
    key: "bounds",
    figures: &[
        live("per-owner", &Value::Integer(1_000, 1..=1_000_000), "most devices of one owner"),
        live("processors", &Value::Integer(256, 1..=256), "most processors of one device"),
        live("memory-mib", &Value::Integer(1_048_576, 1..=1_048_576), "most memory of one device, in MiB"),
        live("devices", &Value::Integer(64, 1..=64), "most devices of one hire"),
        live(
            "per-hirer",
            &Value::Integer(100, 1..=1_000_000),
            "most hires of one hirer that are open, or closed and still readable",
        ),
        live("closed-kept", &Value::Span("7d"), "how long a closed hire stays readable"),
    ],
    provenance: Provenance::Reason("bounds what one account makes a chain do and keep"),
};

const DEVELOPMENT: Table = Table {
    key: "development",
    figures: &[Figure {
        key: "slices",
        value: Value::Extra(&Value::Choice(&["no", "yes"])),
        description: "whether slices of one machine may be devices; only where nobody earns anything by it",
    }],
    provenance: Provenance::Reason("one machine is to try a cluster of several on"),
};
