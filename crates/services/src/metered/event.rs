//! What happened in the service, for receipts and the index.

use super::message::Failing;
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Instant, UnitId};
use serde::{Deserialize, Serialize};

/// One happening.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum MeteredEvent {
    /// An operator registered or changed what it asks.
    OperatorChanged {
        /// Who.
        operator: Address,
    },
    /// An operator left.
    OperatorLeft {
        /// Who.
        operator: Address,
    },
    /// A customer ordered units.
    Ordered {
        /// The order.
        order: UnitId,
        /// Who pays.
        customer: Address,
        /// Who is to deliver.
        operator: Address,
        /// How many units.
        units: u64,
        /// When it ends at the latest.
        until: Instant,
    },
    /// Units were delivered.
    Delivered {
        /// The order.
        order: UnitId,
        /// Who delivered.
        operator: Address,
        /// How many units.
        units: u64,
        /// How many are still open.
        open: u64,
    },
    /// An order is over.
    Finished {
        /// The order.
        order: UnitId,
        /// Who paid.
        customer: Address,
        /// Who delivered.
        operator: Address,
        /// How many units were not delivered.
        undelivered: u64,
    },
    /// An operator failed.
    OperatorFailed {
        /// Who.
        operator: Address,
        /// How.
        failing: Failing,
    },
}

impl MeteredEvent {
    /// Name of what happened, as its JSON says.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::OperatorChanged { .. } => "operator-changed",
            Self::OperatorLeft { .. } => "operator-left",
            Self::Ordered { .. } => "ordered",
            Self::Delivered { .. } => "delivered",
            Self::Finished { .. } => "finished",
            Self::OperatorFailed { .. } => "operator-failed",
        }
    }

    /// The order it is about, if one.
    pub const fn order(&self) -> Option<UnitId> {
        match self {
            Self::Ordered { order, .. } | Self::Delivered { order, .. } | Self::Finished { order, .. } => Some(*order),
            Self::OperatorChanged { .. } | Self::OperatorLeft { .. } | Self::OperatorFailed { .. } => None,
        }
    }

    /// The accounts it is about.
    pub fn accounts(&self) -> Vec<Address> {
        match self {
            Self::Ordered { customer, operator, .. } | Self::Finished { customer, operator, .. } => vec![*customer, *operator],
            Self::OperatorChanged { operator }
            | Self::OperatorLeft { operator }
            | Self::Delivered { operator, .. }
            | Self::OperatorFailed { operator, .. } => vec![*operator],
        }
    }
}
