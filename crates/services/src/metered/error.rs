//! Why a message to the service was refused.

use super::message::ENTRIES_MAX;
use depin_economy::Refusal;
use depin_quantity::{Address, Instant, Name, Span, UnitId};

/// A refusal; the message changed nothing. Checked in the order of the message's parts, the first that applies wins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeteredError {
    /// An empty list, or one too long.
    #[error("{0} entries in one message, 1 to {ENTRIES_MAX} are allowed; split them over several")]
    Entries(usize),
    /// Not the reporter.
    #[error("only the account in the role `{role}` can report; this network's is {is:?}")]
    NotTheReporter {
        /// The role.
        role: Name,
        /// Who fills it.
        is: Option<Address>,
    },
    /// No such operator.
    #[error("{0} is no operator; it registers first")]
    UnknownOperator(Address),
    /// The operator cheated once.
    #[error("{0} was expelled and takes no part any more; order of another operator")]
    Expelled(Address),
    /// The operator has open orders.
    #[error("{0} orders are still open; deliver them, or let their customers finish them")]
    OpenOrders(u32),
    /// A price where the network sets it, none where it does not, two of one currency, or none in this one.
    #[error("{0}")]
    Ask(String),
    /// Too many units, or none.
    #[error("an order is of 1 to {most} units, this one of {given}")]
    Units {
        /// Units ordered.
        given: u64,
        /// Most allowed.
        most: u64,
    },
    /// Open for too long, or not at all.
    #[error("an order stays open for 1 ms to {most}, this one for {given}")]
    OpenFor {
        /// As asked.
        given: Span,
        /// Longest allowed.
        most: Span,
    },
    /// No such order.
    #[error("there is no order {0}; it may be over")]
    UnknownOrder(UnitId),
    /// Another customer's order.
    #[error("order {order} belongs to {owner}; only that account can finish it before {until:?}")]
    NotYours {
        /// The order.
        order: UnitId,
        /// Whose it is.
        owner: Address,
        /// When it ends by itself.
        until: Instant,
    },
    /// More delivered than ordered.
    #[error("{given} units reported for order {order}, of which {open} are open; report 1 to {open}")]
    TooMany {
        /// The order.
        order: UnitId,
        /// Units reported.
        given: u64,
        /// Units still open.
        open: u64,
    },
    /// The economy refused.
    #[error("{0}")]
    Economy(#[from] Refusal),
}

impl MeteredError {
    /// Short stable code for receipts and programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Entries(_) => "entries",
            Self::NotTheReporter { .. } => "not-the-reporter",
            Self::UnknownOperator(_) => "unknown-operator",
            Self::Expelled(_) => "expelled",
            Self::OpenOrders(_) => "open-orders",
            Self::Ask(_) => "ask",
            Self::Units { .. } => "units",
            Self::OpenFor { .. } => "open-for",
            Self::UnknownOrder(_) => "unknown-order",
            Self::NotYours { .. } => "not-yours",
            Self::TooMany { .. } => "too-many",
            Self::Economy(_) => "economy",
        }
    }
}
