//! Storage: what the service of [`crate::storage`] sends.

use super::{
    Aspect, Counted, FaultKind, Figure, Gravity, Kind, Metric, PledgeKind, Provenance, Reason, Service, StreamKind, Table, Term,
    Unit, Value,
};
use crate::storage::{DATACAP, DEAL, QUALITY_BYTES, RAW_BYTES, close_reason, fault_kind};
use depin_quantity::Name;

/// The usual name; the service takes whichever kind its metrics are bound to.
const SECTOR: Name = Name::literal("sector");

/// Storage under deals, proven again and again.
pub static STORAGE: Service = Service {
    name: Name::literal("storage"),
    title: "Storage",
    description: "pieces kept under deals, each proven once per proving period",
    network: Some(Name::literal("filecoin")),
    metrics: &[
        Metric {
            name: QUALITY_BYTES,
            unit: Unit::Byte,
            counted: Counted::Current,
            aspect: Aspect::Capacity,
            description: "proven bytes, those of verified deals counted as often as the network's boost says",
        },
        Metric {
            name: RAW_BYTES,
            unit: Unit::Byte,
            counted: Counted::Current,
            aspect: Aspect::Presence,
            description: "proven bytes",
        },
    ],
    streams: &[StreamKind {
        name: DEAL,
        basis: RAW_BYTES,
        term: Term::Fixed,
        // As long as a proof window: a period costs at least one base unit for each piece, and tokens of few places have large ones.
        period: "30m",
        longest: "1278d",
        warn: "6h",
        reasons: &[
            Reason { name: close_reason::AGREED, broken: false, description: "client and provider both signed" },
            Reason {
                name: close_reason::TERMINATED,
                broken: true,
                description: "the provider gave the deal up, or stayed faulty too long",
            },
        ],
        description: "keeping one piece for an agreed term",
    }],
    charges: &[],
    pledges: &[PledgeKind {
        name: SECTOR,
        basis: QUALITY_BYTES,
        whole: 32 << 30,
        description: "a provider, for each piece, until its deal is over",
    }],
    faults: &[
        FaultKind {
            name: fault_kind::DETECTED,
            affected: QUALITY_BYTES,
            gravity: Gravity::Noted,
            description: "a window closed without a good proof, or the provider declared the fault",
        },
        FaultKind {
            name: fault_kind::CONTINUED,
            affected: QUALITY_BYTES,
            gravity: Gravity::Penalised,
            description: "still faulty at the end of another proving period",
        },
        FaultKind {
            name: fault_kind::TERMINATED,
            affected: QUALITY_BYTES,
            gravity: Gravity::Ending,
            description: "given up, or faulty for too many proving periods",
        },
    ],
    allowances: &[Kind { name: DATACAP, description: "bytes of verified deals that a notary granted a client" }],
    fees: &[],
    gauges: &[],
    scopes: &[],
    parameters: &[
        Table {
            key: "proving",
            figures: &[
                Figure { key: "period", value: Value::Span("1d"), description: "from one window of a data set to the next" },
                Figure { key: "challenges", value: Value::Integer(5, 1..=64), description: "leaves that one challenge asks for" },
                Figure {
                    key: "faulty-periods-most",
                    value: Value::Integer(42, 1..=10_000),
                    description: "faulty proving periods until a deal is terminated",
                },
            ],
            provenance: Provenance::Source(
                "builtin-actors runtime/src/runtime/policy.rs: proving period 2,880 epochs, removal after 42 faulty periods; FilOzone pdp: 5 challenges per period",
            ),
        },
        Table {
            key: "window",
            figures: &[Figure { key: "length", value: Value::Span("30m"), description: "how long a window stays open" }],
            provenance: Provenance::Reason("one of 48 deadlines of a Filecoin proving period: 60 epochs of 30 seconds"),
        },
        Table {
            key: "piece",
            figures: &[
                Figure { key: "least", value: Value::Bytes("128B"), description: "smallest padded piece" },
                Figure { key: "most", value: Value::Bytes("32GiB"), description: "largest padded piece" },
            ],
            provenance: Provenance::Source(
                "builtin-actors actors/market: padded piece sizes are powers of two from 128 bytes; one piece fits one 32 GiB sector",
            ),
        },
        Table {
            key: "set",
            figures: &[Figure {
                key: "pieces-most",
                value: Value::Integer(128, 1..=512),
                description: "most pieces of one data set",
            }],
            provenance: Provenance::Reason("bounds the work of one proof; Filecoin's partitions hold 2,349 sectors"),
        },
        Table {
            key: "deal",
            figures: &[
                Figure { key: "term-least", value: Value::Span("1h"), description: "shortest deal" },
                Figure { key: "term-most", value: Value::Span("1278d"), description: "longest deal, extensions included" },
                Figure {
                    key: "activate-within",
                    value: Value::Span("1d"),
                    description: "longest time from proposal to first proof",
                },
                Figure { key: "closed-kept", value: Value::Span("7d"), description: "how long a closed deal can still be read" },
                Figure {
                    key: "proposals-most",
                    value: Value::Integer(10_000, 1..=1_000_000),
                    description: "most proposals of one account that wait for their providers",
                },
            ],
            provenance: Provenance::Reason(
                "short terms let a new network be tried; data that outlives a term is renewed. Longest term: builtin-actors actors/market/src/policy.rs",
            ),
        },
    ],
};
