//! What operators, customers and the reporter tell the service, in signed transactions.

use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::Money;
use depin_quantity::{Address, Name, Span, UnitId};
use serde::{Deserialize, Serialize};

/// Most entries of one report, and most prices of one operator.
pub const ENTRIES_MAX: usize = 64;

/// Units of one order that were delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Delivery {
    /// The order.
    pub order: UnitId,
    /// How many of its units; not zero.
    pub units: u64,
}

/// How an operator failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failing {
    /// It did not deliver.
    Failed,
    /// It cheated, and is out for good.
    Expelled,
}

/// Everything that can be said to the service. Each message is taken as a whole or refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeteredMessage {
    /// The sender becomes an operator, or changes what it asks.
    Register {
        /// Name for tables.
        name: Name,
        /// Prices of one unit, one per currency (`USD` where the network counts in dollars); none where the network sets the price.
        asks: Vec<Money>,
    },
    /// The sender is an operator no more; only without open orders.
    Leave,
    /// The sender orders units of one operator; their price is held.
    Order {
        /// Who is to deliver.
        operator: Address,
        /// How many; not zero.
        units: u64,
        /// The currency to pay in; the payment's first when `None`.
        currency: Option<Name>,
        /// How long it stays open; what is not delivered by then goes back.
        open_for: Span,
    },
    /// The reporter says what was delivered.
    Report(Vec<Delivery>),
    /// The customer ends an order; what was not delivered goes back.
    Finish(UnitId),
    /// The reporter says that an operator failed.
    Fail {
        /// Who.
        operator: Address,
        /// How.
        failing: Failing,
    },
}

impl MeteredMessage {
    /// Name for receipts and tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Register { .. } => "register-operator",
            Self::Leave => "leave",
            Self::Order { .. } => "order",
            Self::Report(_) => "report",
            Self::Finish(_) => "finish-order",
            Self::Fail { .. } => "report-failure",
        }
    }

    /// Work units: an upper bound on what running it costs, known before anything is run.
    pub fn work(&self) -> u64 {
        match self {
            Self::Register { asks, .. } => 60 + asks.len() as u64,
            Self::Report(deliveries) => 60 * deliveries.len().max(1) as u64,
            Self::Leave | Self::Order { .. } | Self::Finish(_) | Self::Fail { .. } => 60,
        }
    }
}
