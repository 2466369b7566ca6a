//! Leasing: resources won in a reverse auction, paid as they run.

use super::{
    Aspect, Counted, FaultKind, Figure, Gravity, Metric, PledgeKind, Provenance, Reason, Service, StreamKind, Table, Term, Unit,
    Value,
};
use depin_quantity::Name;

const LEASED_UNITS: Name = Name::literal("leased-units");
const PROVIDERS: Name = Name::literal("providers");
const BIDS: Name = Name::literal("bids");

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
        name: Name::literal("lease"),
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
        PledgeKind {
            name: Name::literal("provider"),
            basis: PROVIDERS,
            whole: 1,
            description: "a provider, while it is registered",
        },
        PledgeKind {
            name: Name::literal("bid"),
            basis: BIDS,
            whole: 1,
            description: "a provider, until its bid is closed, lost or its lease over",
        },
    ],
    faults: &[
        FaultKind {
            name: Name::literal("unserved"),
            affected: PROVIDERS,
            gravity: Gravity::Penalised,
            description: "a lease is paid and its services do not answer",
        },
        FaultKind {
            name: Name::literal("abandoned"),
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
