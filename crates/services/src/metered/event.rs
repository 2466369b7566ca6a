//! What happened in the service, for receipts and the index.

use super::message::Failing;
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Instant, Name, UnitId, Units};
use serde::{Deserialize, Serialize};

/// The two sides of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Parties {
    /// Who pays.
    pub customer: Address,
    /// Who delivers.
    pub operator: Address,
}

impl Parties {
    /// Both, or the one that is both.
    fn accounts(self) -> Vec<Address> {
        if self.customer == self.operator { vec![self.customer] } else { vec![self.customer, self.operator] }
    }
}

/// How a dispute ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decided {
    /// The arbiter decided.
    ByArbiter,
    /// The operator conceded.
    Conceded,
    /// The operator gave no answer in time.
    Unanswered,
    /// The arbiter did not decide in time, so the file did.
    ByDefault,
}

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
    /// An operator failed.
    OperatorFailed {
        /// Who.
        operator: Address,
        /// How.
        failing: Failing,
    },
    /// A customer opened an order.
    OrderOpened {
        /// The order.
        order: UnitId,
        /// Its sides.
        #[serde(flatten)]
        parties: Parties,
        /// What it is paid in.
        currency: Name,
        /// The most that it may cost, in base units.
        cap: Units,
        /// Units are taken before this.
        until: Instant,
    },
    /// A customer raised an order's cap.
    CapRaised {
        /// The order.
        order: UnitId,
        /// Its sides.
        #[serde(flatten)]
        parties: Parties,
        /// The new cap.
        cap: Units,
    },
    /// One side ends an order.
    OrderEnding {
        /// The order.
        order: UnitId,
        /// Its sides.
        #[serde(flatten)]
        parties: Parties,
        /// Units are taken before this.
        until: Instant,
    },
    /// An order is over and the last of its money is back.
    OrderClosed {
        /// The order.
        order: UnitId,
        /// Its sides.
        #[serde(flatten)]
        parties: Parties,
        /// Units that were paid.
        units: u64,
        /// What was paid for them.
        spent: Units,
        /// What went back.
        returned: Units,
    },
    /// Units were reported.
    BatchReported {
        /// The order.
        order: UnitId,
        /// The batch.
        batch: UnitId,
        /// The order's sides.
        #[serde(flatten)]
        parties: Parties,
        /// How many.
        units: u64,
        /// What they cost.
        amount: Units,
        /// When they are paid, if nobody disputes them.
        payable_at: Instant,
    },
    /// A batch was reported that is known already; nothing changed.
    BatchRepeated {
        /// The order.
        order: UnitId,
        /// The batch.
        batch: UnitId,
    },
    /// A batch is settled.
    BatchSettled {
        /// The order.
        order: UnitId,
        /// The batch.
        batch: UnitId,
        /// The order's sides.
        #[serde(flatten)]
        parties: Parties,
        /// Units that were paid.
        counted: u64,
        /// Units that did not count.
        rejected: u64,
        /// What was paid.
        paid: Units,
    },
    /// A customer disputes a batch.
    DisputeOpened {
        /// The order.
        order: UnitId,
        /// The batch.
        batch: UnitId,
        /// The order's sides.
        #[serde(flatten)]
        parties: Parties,
        /// Units that are frozen.
        contested: u64,
        /// What the customer put up.
        deposit: Units,
        /// The operator answers before this.
        answer_by: Instant,
    },
    /// The operator stands by a disputed batch.
    DisputeAnswered {
        /// The order.
        order: UnitId,
        /// The batch.
        batch: UnitId,
        /// The order's sides.
        #[serde(flatten)]
        parties: Parties,
        /// What the operator put up.
        deposit: Units,
        /// The arbiter decides before this.
        decide_by: Instant,
    },
    /// A dispute is over.
    DisputeDecided {
        /// The order.
        order: UnitId,
        /// The batch.
        batch: UnitId,
        /// The order's sides.
        #[serde(flatten)]
        parties: Parties,
        /// Units that it was about.
        contested: u64,
        /// How many of them count.
        counted: u64,
        /// How it ended.
        decided: Decided,
        /// What the customer's deposit paid.
        customer_paid: Units,
        /// What the operator's deposit paid.
        operator_paid: Units,
    },
}

impl MeteredEvent {
    /// The order it is about, if one.
    pub const fn order(&self) -> Option<UnitId> {
        match self {
            Self::OrderOpened { order, .. }
            | Self::CapRaised { order, .. }
            | Self::OrderEnding { order, .. }
            | Self::OrderClosed { order, .. }
            | Self::BatchReported { order, .. }
            | Self::BatchRepeated { order, .. }
            | Self::BatchSettled { order, .. }
            | Self::DisputeOpened { order, .. }
            | Self::DisputeAnswered { order, .. }
            | Self::DisputeDecided { order, .. } => Some(*order),
            Self::OperatorChanged { .. } | Self::OperatorLeft { .. } | Self::OperatorFailed { .. } => None,
        }
    }

    /// Name of what happened, as its JSON says.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::OperatorChanged { .. } => "operator-changed",
            Self::OperatorLeft { .. } => "operator-left",
            Self::OperatorFailed { .. } => "operator-failed",
            Self::OrderOpened { .. } => "order-opened",
            Self::CapRaised { .. } => "cap-raised",
            Self::OrderEnding { .. } => "order-ending",
            Self::OrderClosed { .. } => "order-closed",
            Self::BatchReported { .. } => "batch-reported",
            Self::BatchRepeated { .. } => "batch-repeated",
            Self::BatchSettled { .. } => "batch-settled",
            Self::DisputeOpened { .. } => "dispute-opened",
            Self::DisputeAnswered { .. } => "dispute-answered",
            Self::DisputeDecided { .. } => "dispute-decided",
        }
    }

    /// The accounts it is about.
    pub fn accounts(&self) -> Vec<Address> {
        match self {
            Self::OperatorChanged { operator } | Self::OperatorLeft { operator } | Self::OperatorFailed { operator, .. } => {
                vec![*operator]
            }
            Self::BatchRepeated { .. } => Vec::new(),
            Self::OrderOpened { parties, .. }
            | Self::CapRaised { parties, .. }
            | Self::OrderEnding { parties, .. }
            | Self::OrderClosed { parties, .. }
            | Self::BatchReported { parties, .. }
            | Self::BatchSettled { parties, .. }
            | Self::DisputeOpened { parties, .. }
            | Self::DisputeAnswered { parties, .. }
            | Self::DisputeDecided { parties, .. } => parties.accounts(),
        }
    }
}
