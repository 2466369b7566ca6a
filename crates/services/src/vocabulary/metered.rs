//! Metered: what the service of [`crate::metered`] sends, for a service of one's own.

use super::{
    Aspect, ChargeKind, Counted, FaultKind, Figure, Gravity, Kind, Measure, PledgeKind, Provenance, Service, Table, Unit, Value,
};
use crate::metered::names::{EXPELLED, FAILED, OPERATOR, OPERATORS, ORDER, REGISTRATION, UNITS};
use depin_quantity::Name;

/// A service of one's own, told by its unit.
pub static METERED: Service = Service {
    name: Name::literal("metered"),
    title: "Metered units",
    words: "operators deliver units to customers, and a reporter says how many",
    network: None,
    measures: &[
        Measure {
            name: UNITS,
            unit: Unit::Each("unit"),
            counted: Counted::Earned,
            aspect: Aspect::Usage,
            words: "units delivered in the period, as reported",
        },
        Measure {
            name: OPERATORS,
            unit: Unit::Each("operator"),
            counted: Counted::Standing,
            aspect: Aspect::Presence,
            words: "operators that take orders, one each",
        },
    ],
    streams: &[],
    charges: &[ChargeKind {
        name: ORDER,
        basis: UNITS,
        held: true,
        words: "an order's most is held, each reported delivery captured, the rest voided",
    }],
    pledges: &[PledgeKind { name: OPERATOR, basis: OPERATORS, whole: 1, words: "an operator, while it takes orders" }],
    faults: &[
        FaultKind {
            name: FAILED,
            affected: OPERATORS,
            gravity: Gravity::Penalised,
            words: "the reporter found that an operator did not deliver",
        },
        FaultKind {
            name: EXPELLED,
            affected: OPERATORS,
            gravity: Gravity::Ending,
            words: "the reporter found that an operator cheated",
        },
    ],
    allowances: &[],
    fees: &[Kind { name: REGISTRATION, words: "an operator joins" }],
    gauges: &[],
    scopes: &[],
    parameters: &[
        Table {
            key: "",
            figures: &[
                Figure { key: "unit", value: Value::Text("unit"), words: "what is delivered" },
                Figure { key: "reporter", value: Value::Name("meter"), words: "the role that reports deliveries and failures" },
            ],
            provenance: Provenance::Why("the service's own choice"),
        },
        Table {
            key: "order",
            figures: &[
                Figure {
                    key: "units-most",
                    value: Value::Integer(1_000_000_000, 1..=1_000_000_000_000),
                    words: "most units of one order",
                },
                Figure { key: "open-most", value: Value::Span("30d"), words: "longest time for which an order stays open" },
            ],
            provenance: Provenance::Why("bounds what one order can hold, and for how long; change it to what customers need"),
        },
    ],
};
