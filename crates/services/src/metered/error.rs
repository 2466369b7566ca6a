//! Why a message to the service was refused.

use super::message::{ENTRIES_MAX, TEXT_MAX};
use depin_economy::{Money, Refusal, Spec};
use depin_quantity::{Address, Instant, Name, Span, UnitId, Units};

/// A refusal; the message changed nothing. Checked in the order of the message's parts, the first that applies wins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeteredError {
    /// An empty list, or one too long.
    #[error("a message has 1 to {ENTRIES_MAX} entries, this one {0}; split them over several")]
    Entries(usize),
    /// A URL or a pointer that cannot be one.
    #[error(
        "`{0}` is no {1} of 1 to {TEXT_MAX} printable ASCII characters without spaces, quotes, backslashes, < or >; write http://host/… or https://host/…, or leave it out"
    )]
    Text(String, &'static str),
    /// A name that looks like something else.
    #[error("an operator's name begins with a letter or a digit, `{0}` does not; choose another")]
    Name(Name),
    /// Another operator has this name.
    #[error("the name `{name}` is that of operator {by}; choose another, since money is sent by names")]
    NameTaken {
        /// The name.
        name: Name,
        /// Whose it is.
        by: Address,
    },
    /// Whoever reports or decides would have a side of its own.
    #[error(
        "{who} is this network's `{role}` and cannot be a side of an order; order from another account, or of another operator"
    )]
    RoleIsSide {
        /// The role.
        role: Name,
        /// Who fills it.
        who: Address,
    },
    /// A customer with too many orders.
    #[error(
        "{kept} orders of this account are open or not forgotten yet, and {most} are kept of one; close some, raise the cap of one instead of opening others, or wait"
    )]
    OrdersKept {
        /// Orders that are kept.
        kept: u32,
        /// Most that are kept.
        most: u32,
    },
    /// A cap below the price of one unit.
    #[error("a cap of {} pays for no unit, and one costs {}; put up at least that", text(cap), text(each))]
    CapBelowUnit {
        /// The cap.
        cap: Money,
        /// The price of one unit.
        each: Money,
    },
    /// A cap below what the operator takes.
    #[error(
        "the operator takes no order with a cap below {}, and {} is less; put up at least that, or order of another",
        text(least),
        text(cap)
    )]
    CapBelowLeast {
        /// The cap.
        cap: Money,
        /// The least cap that the operator takes.
        least: Money,
    },
    /// A least cap that no order could meet, or two in one currency.
    #[error("{} is no least cap of orders: name a cap above zero, once per currency that orders are paid in", text(.0))]
    LeastCap(Money),
    /// Not the reporter of this order.
    #[error("order {order} is reported by {} only; let that account sign the report", whom(is.as_ref()))]
    NotTheReporter {
        /// The order.
        order: UnitId,
        /// Who reports it.
        is: Option<Address>,
    },
    /// Not the reporter of this network.
    #[error("only the reporter of this network says that an operator failed, and that is {}", whom(.0.as_ref()))]
    NotTheNetworksReporter(Option<Address>),
    /// No such operator.
    #[error("{0} is no operator; it registers first")]
    UnknownOperator(Address),
    /// The operator cheated once.
    #[error("{0} was expelled and takes no part any more; order of another operator")]
    Expelled(Address),
    /// The operator takes no new orders.
    #[error("{0} takes no new orders now; order of another operator, or wait until it does")]
    NotAccepting(Address),
    /// The operator's pledge is too small.
    #[error("{0} has less pledged than the network asks, since it failed; it takes orders again when it has registered again")]
    BelowPledge(Address),
    /// The operator has orders that are not closed.
    #[error("orders that are not closed yet: {0}; close them, and leave when their last batch is settled")]
    OpenOrders(u32),
    /// A price where the network sets it, none where it does not, two of one currency, or none in this one.
    #[error("{0}")]
    Ask(String),
    /// A currency that orders are not paid in.
    #[error("orders are not paid in {given} here; choose one of {known}")]
    Currency {
        /// As asked.
        given: Name,
        /// Those that there are.
        known: String,
    },
    /// A cap of nothing.
    #[error("a cap of nothing pays for no unit; put up at least the price of one")]
    Cap,
    /// The operator asks for more than the customer's limit.
    #[error(
        "a unit costs {} now and the order allows {}; allow at least that, or order of another operator",
        text(ask),
        text(most)
    )]
    PriceAbove {
        /// What is asked.
        ask: Money,
        /// What the order allows.
        most: Money,
    },
    /// Open for too long, or not at all.
    #[error("an order stays open for 1 ms to {most}, this one for {given}")]
    OpenFor {
        /// As asked.
        given: Span,
        /// Longest allowed.
        most: Span,
    },
    /// A reporter named where the network has one.
    #[error("this network's orders are reported by its role `{role}`; name no reporter")]
    Reporter {
        /// The role.
        role: Name,
    },
    /// No such order.
    #[error("there is no order {0}; it may be closed and forgotten")]
    UnknownOrder(UnitId),
    /// Another's order.
    #[error("order {order} belongs to {owner}; only that account can do this")]
    NotYours {
        /// The order.
        order: UnitId,
        /// Whose it is.
        owner: Address,
    },
    /// The order takes no more units.
    #[error("order {order} took units before {} and is over; open another", until.to_rfc3339())]
    Ended {
        /// The order.
        order: UnitId,
        /// Until when it took them.
        until: Instant,
    },
    /// The order takes no more units, so there is nothing to close.
    #[error("order {order} took units until {} and is closed already; it is settled with its last batch", until.to_rfc3339())]
    ClosedAlready {
        /// The order.
        order: UnitId,
        /// Until when it took them.
        until: Instant,
    },
    /// Too many units, or none.
    #[error("a batch is of 1 to {most} units, this one of {given}")]
    Units {
        /// Units reported.
        given: u64,
        /// Most allowed.
        most: u64,
    },
    /// An order full of batches.
    #[error("order {order} has its {most} batches; open another order, and report more units at once")]
    Batches {
        /// The order.
        order: UnitId,
        /// Most allowed.
        most: u32,
    },
    /// The same id with other content.
    #[error("batch {id} of order {order} was reported with other content; send new units under a new id")]
    BatchConflict {
        /// The order.
        order: UnitId,
        /// The id that its reporter chose.
        id: UnitId,
    },
    /// The batch would cost more than is left of the cap.
    #[error(
        "the batch costs {needed} base units of {currency} and {left} are left of the cap of order {order}; report fewer units, or let the customer raise the cap"
    )]
    CapExceeded {
        /// The order.
        order: UnitId,
        /// What it is paid in.
        currency: Name,
        /// What the batch costs.
        needed: Units,
        /// What is left.
        left: Units,
    },
    /// No such batch.
    #[error("there is no batch {0}; it may be forgotten with its order")]
    UnknownBatch(UnitId),
    /// The network has no arbiter.
    #[error("this network's file names no arbiter, so its batches are paid when they are reported and nobody can dispute them")]
    NoDisputes,
    /// The batch cannot be disputed any more.
    #[error("batch {0} is disputed or settled already; a batch is disputed once, within its window")]
    NotPending(UnitId),
    /// The dispute window, the time for an answer or the time for a decision is over.
    #[error("this was possible before {}; nothing can be done about batch {batch} now", by.to_rfc3339())]
    TooLate {
        /// The batch.
        batch: UnitId,
        /// Until when it was possible.
        by: Instant,
    },
    /// More units than the batch has, or all of them.
    #[error(
        "a dispute of batch {batch} accepts 0 to {most} of its units, this one {given}; who accepts all of them disputes nothing"
    )]
    Accepted {
        /// The batch.
        batch: UnitId,
        /// Units accepted.
        given: u64,
        /// Most that can be, so that something is contested.
        most: u64,
    },
    /// Nobody disputes this batch.
    #[error("batch {0} is not in dispute; see the list of disputes")]
    NoDispute(UnitId),
    /// A second answer.
    #[error("the dispute of batch {0} is answered already; the arbiter decides it")]
    Answered(UnitId),
    /// A decision before the answer.
    #[error("the dispute of batch {batch} has no answer yet; it can be decided when the operator answered, or ends at {}", by.to_rfc3339())]
    NotAnswered {
        /// The batch.
        batch: UnitId,
        /// When it ends by itself.
        by: Instant,
    },
    /// Not the arbiter.
    #[error("only the account in the role `{role}` decides disputes; this network's is {}", whom(is.as_ref()))]
    NotTheArbiter {
        /// The role.
        role: Name,
        /// Who fills it.
        is: Option<Address>,
    },
    /// More units than are contested.
    #[error("0 to {contested} of the contested units of batch {batch} can count, not {given}")]
    Counted {
        /// The batch.
        batch: UnitId,
        /// Units that would count.
        given: u64,
        /// Units contested.
        contested: u64,
    },
    /// The economy refused.
    #[error("{0}")]
    Economy(#[from] Refusal),
}

/// An account, or that there is none.
fn whom(who: Option<&Address>) -> String {
    who.map_or_else(|| "nobody".to_owned(), Address::to_string)
}

/// An amount as people write it.
fn text(money: &Money) -> String {
    format!("{} {}", Units::new(money.amount.get()).to_decimal(18), money.currency)
}

impl MeteredError {
    /// The refusal with its amounts in whole tokens.
    pub(super) fn told(&self, spec: &Spec) -> String {
        match self {
            Self::Economy(refusal) => refusal.told(spec),
            Self::CapExceeded { order, currency, needed, left } => {
                let text = |units: &Units| spec.amount_text(*currency, *units);
                format!(
                    "the batch costs {} and {} are left of the cap of order {order}; report fewer units, or let the customer raise the cap",
                    text(needed),
                    text(left)
                )
            }
            other => other.to_string(),
        }
    }

    /// All codes.
    pub const CODES: &'static [&'static str] = &[
        "entries",
        "text",
        "name",
        "name-taken",
        "role-is-side",
        "orders-kept",
        "not-the-reporter",
        "unknown-operator",
        "expelled",
        "not-accepting",
        "below-pledge",
        "open-orders",
        "ask",
        "currency",
        "cap",
        "price-above",
        "open-for",
        "reporter",
        "unknown-order",
        "not-yours",
        "ended",
        "units",
        "batches",
        "batch-conflict",
        "cap-exceeded",
        "unknown-batch",
        "no-disputes",
        "not-pending",
        "too-late",
        "accepted",
        "no-dispute",
        "answered",
        "not-answered",
        "not-the-arbiter",
        "counted",
        "economy",
    ];

    /// Short stable code for receipts and programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Entries(_) => "entries",
            Self::Text(..) => "text",
            Self::NotTheReporter { .. } | Self::NotTheNetworksReporter(_) => "not-the-reporter",
            Self::UnknownOperator(_) => "unknown-operator",
            Self::Expelled(_) => "expelled",
            Self::NotAccepting(_) => "not-accepting",
            Self::BelowPledge(_) => "below-pledge",
            Self::OpenOrders(_) => "open-orders",
            Self::Ask(_) => "ask",
            Self::Currency { .. } => "currency",
            Self::Cap | Self::CapBelowUnit { .. } | Self::CapBelowLeast { .. } | Self::LeastCap(_) => "cap",
            Self::Name(_) => "name",
            Self::NameTaken { .. } => "name-taken",
            Self::RoleIsSide { .. } => "role-is-side",
            Self::OrdersKept { .. } => "orders-kept",
            Self::PriceAbove { .. } => "price-above",
            Self::OpenFor { .. } => "open-for",
            Self::Reporter { .. } => "reporter",
            Self::UnknownOrder(_) => "unknown-order",
            Self::NotYours { .. } => "not-yours",
            Self::Ended { .. } | Self::ClosedAlready { .. } => "ended",
            Self::Units { .. } => "units",
            Self::Batches { .. } => "batches",
            Self::BatchConflict { .. } => "batch-conflict",
            Self::CapExceeded { .. } => "cap-exceeded",
            Self::UnknownBatch(_) => "unknown-batch",
            Self::NoDisputes => "no-disputes",
            Self::NotPending(_) => "not-pending",
            Self::TooLate { .. } => "too-late",
            Self::Accepted { .. } => "accepted",
            Self::NoDispute(_) => "no-dispute",
            Self::Answered(_) => "answered",
            Self::NotAnswered { .. } => "not-answered",
            Self::NotTheArbiter { .. } => "not-the-arbiter",
            Self::Counted { .. } => "counted",
            Self::Economy(_) => "economy",
        }
    }
}

impl From<depin_quantity::QuantityError> for MeteredError {
    fn from(error: depin_quantity::QuantityError) -> Self {
        Self::Economy(error.into())
    }
}
