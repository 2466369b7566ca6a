//! Rendering: frames of held jobs, approved one by one.

use super::{
    Aspect, ChargeKind, Counted, FaultKind, Figure, Gravity, Metric, PledgeKind, Provenance, Service, Table, Unit, Value,
};
use crate::rendering::names::{
    ABANDONED, APPROVED_VALUE, AVAILABILITY, CONCEDED_FRAMES, FAILED_FRAMES, FRAME, NODE, NODES, OCTANEBENCH_HOURS,
};
use depin_quantity::Name;

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
            name: OCTANEBENCH_HOURS,
            unit: Unit::Each("thousandth of an OctaneBench-hour"),
            counted: Counted::Accrued,
            aspect: Aspect::Detail,
            description: "OctaneBench score of the node times hours spent on approved frames",
        },
        Metric {
            name: AVAILABILITY,
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
        name: FRAME,
        basis: APPROVED_VALUE,
        held: true,
        deposit: false,
        description: "a job's price is held, captured frame by frame on approval, and the rest voided",
    }],
    pledges: &[PledgeKind { name: NODE, basis: NODES, whole: 1, description: "a node's owner, while the node takes frames" }],
    faults: &[
        FaultKind {
            name: FAILED_FRAMES,
            affected: NODES,
            gravity: Gravity::Penalised,
            description: "a frame of the node was wrong, or its key was not opened after approval",
        },
        FaultKind {
            name: CONCEDED_FRAMES,
            affected: NODES,
            gravity: Gravity::Penalised,
            description: "the node said itself that its frame was wrong; where a file has no rule for it, it is a failed frame",
        },
        FaultKind {
            name: ABANDONED,
            affected: NODES,
            gravity: Gravity::Ending,
            description: "the node let frames lie, one after the other",
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
        CREDIT,
        CHECK,
        REPUTATION,
        JOB,
        NODE_BOUNDS,
        WINDOW,
        SECRET,
    ],
};

/// A figure that a chain needs and a simulation does not: new files have it.
const fn live(key: &'static str, value: &'static Value, description: &'static str) -> Figure {
    Figure { key, value: Value::Optional(value), description }
}

const CREDIT: Table = Table {
    key: "credit",
    figures: &[live(
        "worth",
        &Value::Decimal("0.25"),
        "what a credit is worth: in dollars, where frames are priced in dollars or by the network; else in the token that they are paid in",
    )],
    provenance: Provenance::Source("OTOY help centre: a credit is 0.25 of the currency that the portal counts in"),
};

const CHECK: Table = Table {
    key: "check",
    figures: &[
        live("share-least", &Value::Share("2%"), "least part of deliveries that another node renders again"),
        live("within", &Value::Span("2h"), "time for a check; then frames of jobs that approve by themselves are approved"),
    ],
    provenance: Provenance::Reason(
        "Render publishes no rule of verification; one frame in fifty costs 2 % and finds who cheats often",
    ),
};

const REPUTATION: Table = Table {
    key: "reputation",
    figures: &[
        live("trusted-least", &Value::Integer(950, 0..=1_000), "thousandths of judged frames that must have been right, tier 1"),
        live("priority-least", &Value::Integer(800, 0..=1_000), "tier 2"),
    ],
    provenance: Provenance::Reason("the knowledge base says that tiers 1 and 2 have minimums, and gives no figure"),
};

const JOB: Table = Table {
    key: "job",
    figures: &[
        live("frames-most", &Value::Integer(10_000, 1..=100_000), "most frames of one job"),
        live("open-most", &Value::Span("14d"), "longest time in which frames of it are given out"),
        live(
            "per-artist",
            &Value::Integer(100, 1..=1_000_000),
            "most jobs of one artist that are open, or closed and still readable",
        ),
        live("nodes-most", &Value::Integer(64, 2..=128), "most nodes that one job's frames are given to"),
        live("closed-kept", &Value::Span("7d"), "how long a closed job stays readable"),
        live("deliver-least", &Value::Span("10m"), "least time that a job gives for one frame"),
    ],
    provenance: Provenance::Reason(
        "bounds what one job makes a chain do and keep, and how short a time it gives a node for a frame",
    ),
};

const NODE_BOUNDS: Table = Table {
    key: "node",
    figures: &[
        live("per-owner", &Value::Integer(1_000, 1..=1_000_000), "most nodes of one owner"),
        live(
            "lapses-most",
            &Value::Integer(3, 1..=100),
            "jobs of which a node lets frames lie, one after the other, until it is out",
        ),
        live("tickets-most", &Value::Integer(16, 1..=10_000), "tickets of one job that a node has to hand in at once, at most"),
        live("beat", &Value::Span("1h"), "how long a node's word that it is there holds, where idle nodes are paid"),
    ],
    provenance: Provenance::Reason(
        "bounds the rows of one owner, how long jobs wait for a node that is gone, how much of a node one job takes up, and for how long a word counts",
    ),
};

const WINDOW: Table = Table {
    key: "window",
    figures: &[
        live("deliver", &Value::Span("6h"), "longest time for one frame"),
        live("reveal", &Value::Span("1h"), "time to say what was committed to; whoever does not is wrong"),
        live("agree", &Value::Span("1h"), "time for two nodes to agree whose frame is wrong; then a third is drawn"),
        live("judge", &Value::Span("6h"), "time for the third node"),
        live("key", &Value::Span("1d"), "time for the key of an approved frame; then it is refunded"),
    ],
    provenance: Provenance::Reason("long enough for a node that is restarted, short enough for artists to wait"),
};

const SECRET: Table = Table {
    key: "secret",
    figures: &[
        live(
            "within",
            &Value::Span("1d"),
            "time for a dispatcher to open its secret when a job has ended, and again for the tickets drawn",
        ),
        live("bond", &Value::Share("10%"), "part of what a job holds that its dispatcher's word is bound by"),
    ],
    provenance: Provenance::Reason("a dispatcher that gives frames to friends must have something to lose"),
};
