//! Metered: what the service of [`crate::metered`] sends, for a founder's own service.

use super::{
    Aspect, ChargeKind, Counted, FaultKind, Figure, Gravity, Kind, Metric, PledgeKind, Provenance, Service, Table, Unit, Value,
};
use crate::metered::names::{
    CONTESTED, DISPUTE, EXPELLED, FAILED, OPERATOR, OPERATORS, ORDER, OVERSTATED, REGISTRATION, SPENT, UNITS,
};
use depin_quantity::Name;

/// A founder's own service, told by its unit.
pub static METERED: Service = Service {
    name: Name::literal("metered"),
    title: "Metered units",
    description: "operators deliver units to customers, a reporter says how many, and customers can dispute it",
    network: None,
    metrics: &[
        Metric {
            name: UNITS,
            unit: Unit::Each("unit"),
            counted: Counted::Accrued,
            aspect: Aspect::Usage,
            description: "units delivered, when nobody can dispute them any more",
        },
        Metric {
            name: SPENT,
            unit: Unit::Each("base unit"),
            counted: Counted::Accrued,
            aspect: Aspect::Paid,
            description: "what customers paid for those units; a pool that shares by it makes trade with oneself cost what payments lose",
        },
        Metric {
            name: CONTESTED,
            unit: Unit::Each("base unit"),
            counted: Counted::Accrued,
            aspect: Aspect::Detail,
            description: "what the units cost that a dispute is about, where it is in the deposit's token; deposits are counted on it",
        },
        Metric {
            name: OPERATORS,
            unit: Unit::Each("operator"),
            counted: Counted::Current,
            aspect: Aspect::Presence,
            description: "operators that take part, one each",
        },
    ],
    streams: &[],
    charges: &[
        ChargeKind {
            name: ORDER,
            basis: UNITS,
            held: true,
            deposit: false,
            description: "an order's cap is in an escrow; each batch is held out of it, and captured as far as it counts",
        },
        ChargeKind {
            name: DISPUTE,
            basis: CONTESTED,
            held: true,
            deposit: true,
            description: "the deposit of either side of a dispute; the loser's part is paid to the winner",
        },
    ],
    pledges: &[PledgeKind { name: OPERATOR, basis: OPERATORS, whole: 1, description: "an operator, while it takes orders" }],
    faults: &[
        FaultKind {
            name: FAILED,
            affected: OPERATORS,
            gravity: Gravity::Penalised,
            description: "the reporter found that an operator did not deliver",
        },
        FaultKind {
            name: OVERSTATED,
            affected: OPERATORS,
            gravity: Gravity::Penalised,
            description: "an operator lost the larger part of a dispute, gave it up after its answer, or gave no answer",
        },
        FaultKind {
            name: EXPELLED,
            affected: OPERATORS,
            gravity: Gravity::Ending,
            description: "the reporter found that an operator cheated",
        },
    ],
    allowances: &[],
    fees: &[Kind { name: REGISTRATION, description: "an operator joins" }],
    gauges: &[],
    scopes: &[],
    parameters: &[
        Table {
            key: "",
            figures: &[
                Figure { key: "unit", value: Value::Text("unit"), description: "what is delivered" },
                Figure {
                    key: "reporter",
                    value: Value::Optional(&Value::Name("meter")),
                    description: "the role that reports deliveries and failures; without it operators report for themselves",
                },
                Figure {
                    key: "arbiter",
                    value: Value::Optional(&Value::Name("arbiter")),
                    description: "the role that decides disputes; without it batches are paid when they are reported",
                },
            ],
            provenance: Provenance::Reason("the service's own choice"),
        },
        Table {
            key: "order",
            figures: &[
                Figure {
                    key: "open-most",
                    value: Value::Span("30d"),
                    description: "longest time for which an order takes units",
                },
                Figure {
                    key: "grace",
                    value: Value::Span("10m"),
                    description: "how long it takes units after its customer closed it",
                },
                Figure { key: "closed-kept", value: Value::Span("7d"), description: "how long a closed order stays readable" },
                Figure {
                    key: "per-customer",
                    value: Value::Integer(10_000, 1..=1_000_000),
                    description: "most orders of one customer that are open, or closed and still readable",
                },
            ],
            provenance: Provenance::Reason("bounds how long a cap is bound and rows are kept; change it to what customers need"),
        },
        Table {
            key: "batch",
            figures: &[
                Figure {
                    key: "units-most",
                    value: Value::Integer(1_000_000_000, 1..=1_000_000_000_000),
                    description: "most units of one batch",
                },
                Figure {
                    key: "per-order",
                    value: Value::Integer(10_000, 1..=1_000_000),
                    description: "most batches of one order",
                },
            ],
            provenance: Provenance::Reason("bounds what one report can claim, and how many rows one order can have"),
        },
        Table {
            key: "dispute",
            figures: &[
                Figure {
                    key: "window",
                    value: Value::Optional(&Value::Span("3d")),
                    description: "how long a batch can be disputed; then it is paid",
                },
                Figure {
                    key: "answer-within",
                    value: Value::Optional(&Value::Span("1d")),
                    description: "time for the operator's answer; without one the batch is lost",
                },
                Figure {
                    key: "decide-within",
                    value: Value::Optional(&Value::Span("3d")),
                    description: "time for the arbiter's decision",
                },
                Figure {
                    key: "undecided",
                    value: Value::Optional(&Value::Choice(&["operator", "split", "customer"])),
                    description: "for whom contested units count when there is none; half of them, and the odd one, by \"split\"",
                },
                Figure {
                    key: "undecided-cost",
                    value: Value::Optional(&Value::Share("50%")),
                    description: "the part of the customer's deposit that a split without a decision pays to the operator",
                },
            ],
            provenance: Provenance::Reason(
                "the window is as on Render, which approves what nobody rejected within 72 hours; the other times are open; what the \
                 network's reporter said stands until somebody finds it wrong, so that nobody disputes in the hope of silence",
            ),
        },
    ],
};
