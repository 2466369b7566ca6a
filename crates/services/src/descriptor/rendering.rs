//! Rendering: frames of held jobs, approved one by one.

use super::{
    Aspect, ChargeKind, Counted, FaultKind, Figure, Gravity, Metric, PledgeKind, Provenance, Service, Table, Unit, Value,
};
use depin_quantity::Name;

const APPROVED_VALUE: Name = Name::literal("approved-value");
const NODES: Name = Name::literal("nodes");

/// Rendering of frames.
pub static RENDERING: Service = Service {
    name: Name::literal("rendering"),
    title: "Rendering",
    description: "frames of a job rendered by nodes, approved by who ordered them",
    network: Some(Name::literal("render")),
    metrics: &[
        Metric {
            name: APPROVED_VALUE,
            unit: Unit::Each("millionth of a US dollar"),
            counted: Counted::Accrued,
            aspect: Aspect::Usage,
            description: "price of the frames that were approved in the period, by the node that rendered them",
        },
        Metric {
            name: Name::literal("octanebench-hours"),
            unit: Unit::Each("thousandth of an OctaneBench-hour"),
            counted: Counted::Accrued,
            aspect: Aspect::Detail,
            description: "OctaneBench score of the node times hours spent on approved frames",
        },
        Metric {
            name: Name::literal("availability"),
            unit: Unit::Each("thousandth of a score"),
            counted: Counted::Accrued,
            aspect: Aspect::Capacity,
            description: "idle part of the period times the node's score of OctaneBench, memory and age (RNP-015)",
        },
        Metric {
            name: NODES,
            unit: Unit::Each("node"),
            counted: Counted::Current,
            aspect: Aspect::Presence,
            description: "nodes that may be given frames, one each",
        },
    ],
    streams: &[],
    charges: &[ChargeKind {
        name: Name::literal("frame"),
        basis: APPROVED_VALUE,
        held: true,
        deposit: false,
        description: "a job's price is held, captured frame by frame on approval, and the rest voided",
    }],
    pledges: &[PledgeKind {
        name: Name::literal("node"),
        basis: NODES,
        whole: 1,
        description: "a node's owner, while the node takes frames",
    }],
    faults: &[
        FaultKind {
            name: Name::literal("failed-frames"),
            affected: NODES,
            gravity: Gravity::Penalised,
            description: "frames of the node were rejected again and again, and came out well elsewhere",
        },
        FaultKind {
            name: Name::literal("abandoned"),
            affected: NODES,
            gravity: Gravity::Ending,
            description: "the node left with frames in work, or cheated",
        },
    ],
    allowances: &[],
    fees: &[],
    gauges: &[],
    scopes: &[],
    parameters: &[
        Table {
            key: "approval",
            figures: &[
                Figure {
                    key: "within",
                    value: Value::Span("72h"),
                    description: "after the job's end; later every frame counts as approved",
                },
                Figure {
                    key: "re-renders-most",
                    value: Value::Integer(3, 0..=100),
                    description: "rejections of one frame until the job stops",
                },
            ],
            provenance: Provenance::Source(
                "Render Network knowledge base: approval within 72 hours of completion, a ticket after three failed re-renders",
            ),
        },
        Table {
            key: "availability",
            figures: &[
                Figure {
                    key: "nodes-free",
                    value: Value::Integer(3, 1..=1_000),
                    description: "nodes of one owner that count whole",
                },
                Figure {
                    key: "decay",
                    value: Value::Decimal("0.65"),
                    description: "exponent by which each further one counts less",
                },
            ],
            provenance: Provenance::Source("RNP-015: exp(-0.65 (n - 3)) from the fourth node of a wallet on"),
        },
        Table {
            key: "tier",
            figures: &[
                Figure {
                    key: "trusted",
                    value: Value::Integer(25, 1..=1_000_000),
                    description: "OctaneBench-hours per credit, tier 1",
                },
                Figure { key: "priority", value: Value::Integer(100, 1..=1_000_000), description: "tier 2" },
                Figure { key: "economy", value: Value::Integer(200, 1..=1_000_000), description: "tier 3" },
            ],
            provenance: Provenance::Source("OTOY help centre and Render Network knowledge base, pricing of compute work"),
        },
    ],
};
