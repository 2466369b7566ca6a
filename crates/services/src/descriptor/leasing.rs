//! Leasing: resources won in a reverse auction, paid as they run.

use super::{
    Aspect, Counted, FaultKind, Figure, Gravity, Metric, PledgeKind, Provenance, Reason, Service, StreamKind, Table, Term, Unit,
    Value,
};
use crate::leasing::names::{ABANDONED, BID, BIDS, LEASE, LEASED_UNITS, PROVIDER, PROVIDERS, UNSERVED};
use depin_quantity::Name;

/// Leases of processors, memory and disks.
pub static LEASING: Service = Service {
    name: Name::literal("leasing"),
    title: "Cloud leases",
    description: "tenants order resources, providers bid, a lease runs and is paid until somebody ends it",
    network: Some(Name::literal("akash")),
    metrics: &[
        Metric {
            name: LEASED_UNITS,
            unit: Unit::Each("thousandth of a processor thread"),
            counted: Counted::Current,
            aspect: Aspect::Usage,
            description: "resources under lease as one number: memory, disks and GPUs are converted by the service's table",
        },
        Metric {
            name: PROVIDERS,
            unit: Unit::Each("provider"),
            counted: Counted::Current,
            aspect: Aspect::Presence,
            description: "registered providers, one each",
        },
        Metric {
            name: BIDS,
            unit: Unit::Each("bid"),
            counted: Counted::Current,
            aspect: Aspect::Presence,
            description: "open bids, one each",
        },
    ],
    streams: &[StreamKind {
        name: LEASE,
        basis: LEASED_UNITS,
        term: Term::Open,
        period: "6s",
        longest: "3650d",
        warn: "1h",
        reasons: &[
            Reason { name: Name::literal("owner"), broken: false, description: "the tenant ended it" },
            Reason { name: Name::literal("unstable"), broken: true, description: "the provider could not keep it running" },
            Reason { name: Name::literal("decommission"), broken: false, description: "the provider takes the machines away" },
            Reason { name: Name::literal("unspecified"), broken: false, description: "the provider ended it and gave no reason" },
            Reason { name: Name::literal("manifest-timeout"), broken: false, description: "the tenant never sent its manifest" },
        ],
        description: "resources of one group of a deployment",
    }],
    charges: &[],
    pledges: &[
        PledgeKind { name: PROVIDER, basis: PROVIDERS, whole: 1, description: "a provider, while it is registered" },
        PledgeKind {
            name: BID,
            basis: BIDS,
            whole: 1,
            description: "a provider, until its bid is closed, lost or its lease over",
        },
    ],
    faults: &[
        FaultKind {
            name: UNSERVED,
            affected: PROVIDERS,
            gravity: Gravity::Penalised,
            description: "a lease is paid and its services do not answer",
        },
        FaultKind {
            name: ABANDONED,
            affected: PROVIDERS,
            gravity: Gravity::Ending,
            description: "the provider vanished with leases running",
        },
    ],
    allowances: &[],
    fees: &[],
    gauges: &[],
    scopes: &[],
    parameters: &[
        Table {
            key: "",
            figures: &[Figure {
                key: "reporter",
                value: Value::Extra(&Value::Name("reporter")),
                description: "the role that says that providers failed; without it nobody does, as on Akash",
            }],
            provenance: Provenance::Reason("a chain cannot see whether containers answer"),
        },
        Table {
            key: "bid",
            figures: &[
                Figure { key: "most", value: Value::Integer(20, 1..=500), description: "bids on one order" },
                Figure { key: "open-for", value: Value::Span("5m"), description: "how long a bid stands" },
            ],
            provenance: Provenance::Source(
                "akash chain-sdk go/node/market/v1beta5/params.go: 20 bids; provider bidengine: bid timeout 5 minutes",
            ),
        },
        Table {
            key: "manifest",
            figures: &[Figure {
                key: "within",
                value: Value::Span("5m"),
                description: "after the lease began; later the provider may end it",
            }],
            provenance: Provenance::Source("akash provider: manifest timeout 5 minutes"),
        },
        Table {
            key: "denom",
            figures: &[
                Figure {
                    key: "uakt",
                    value: Value::Extra(&Value::Name("AKT")),
                    description: "the token of which deployment files' `uakt` is a millionth; without it the one named AKT",
                },
                Figure {
                    key: "uact",
                    value: Value::Extra(&Value::Name("USDC")),
                    description: "the token of which `uact`, Akash's credit of a millionth of a dollar, is a millionth",
                },
                Figure {
                    key: "usdc",
                    value: Value::Extra(&Value::Name("USDC")),
                    description: "the token of which USDC's denominations, those of IBC too, are a millionth; without it the one named USDC",
                },
            ],
            provenance: Provenance::Reason("deployment files name the denominations of another chain"),
        },
        Table {
            key: "reclaim",
            figures: &[
                Figure {
                    key: "least",
                    value: Value::Extra(&Value::Span("1h")),
                    description: "shortest notice before machines are taken back; without this table nobody promises any",
                },
                Figure { key: "most", value: Value::Extra(&Value::Span("720h")), description: "longest notice" },
            ],
            provenance: Provenance::Source(
                "akash chain-sdk go/node/market/v1beta5/params.go: reclamation window of 1 to 720 hours",
            ),
        },
        Table {
            key: "availability",
            figures: &[
                Figure {
                    key: "period",
                    value: Value::Extra(&Value::Span("1h")),
                    description: "what one report of a lease's availability is about; without this table leases are paid whatever it is",
                },
                Figure {
                    key: "within",
                    value: Value::Extra(&Value::Span("1h")),
                    description: "how long after a period its report is taken, signed by tenant and provider",
                },
                Figure {
                    key: "unreported",
                    value: Value::Extra(&Value::Share("0%")),
                    description: "what is paid of a period that nobody reported in time",
                },
            ],
            provenance: Provenance::Reason("Akash pays whether containers answer or not; a network may pay for those that do"),
        },
        Table {
            key: "funds",
            figures: &[Figure {
                key: "resume-within",
                value: Value::Extra(&Value::Span("3d")),
                description: "how long a deposit resumes a deployment whose money ran out; without it the deployment closes at once",
            }],
            provenance: Provenance::Reason(
                "what users of Akash ask for (support 368): the group pauses and resumes after a top-up",
            ),
        },
        Table {
            key: "unit",
            figures: &[
                Figure {
                    key: "memory-gb",
                    value: Value::Integer(500, 0..=1_000_000_000),
                    description: "thousandths of a thread for a GB of memory",
                },
                Figure {
                    key: "disk-gb",
                    value: Value::Integer(13, 0..=1_000_000_000),
                    description: "for a GB of ephemeral disk",
                },
                Figure { key: "gpu", value: Value::Integer(62_500, 0..=1_000_000_000), description: "for a GPU" },
            ],
            provenance: Provenance::Source(
                "akash helm-charts charts/akash-provider/scripts/price_script_generic.sh: 1.60 USD per thread, 0.80 per GB of memory, 0.02 per GB of disk, 100 per GPU and month, each divided by the thread's",
            ),
        },
    ],
};
