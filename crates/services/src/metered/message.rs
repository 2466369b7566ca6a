//! What operators, customers, reporters and the arbiter tell the service, in signed transactions.

use super::{
    error::MeteredError,
    reports::{check_count, check_evidence, check_name, check_url},
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::Money;
use depin_quantity::{Address, ContentHash, Name, Span, UnitId};
use serde::{Deserialize, Serialize};

/// Most batches of one message, and most prices of one operator.
pub const ENTRIES_MAX: usize = 64;
/// Longest pointer to evidence, and longest URL of an operator, in bytes.
pub const TEXT_MAX: usize = 256;
/// Longest id that a reporter chooses for a batch, in bytes.
pub const REPORT_ID_MAX: usize = 128;

/// Where a claim's evidence is. The chain keeps its hash; the bytes stay with whoever made the claim.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Evidence {
    /// SHA-256 of the evidence.
    pub hash: ContentHash,
    /// Where it can be fetched, if anywhere: at most [`TEXT_MAX`] printable ASCII characters.
    pub pointer: Option<String>,
}

/// A batch of units that were delivered for one order.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Report {
    /// The order.
    pub order: UnitId,
    /// Chosen by the reporter, once per batch of the order. Sent again with the same content it changes nothing.
    pub id: UnitId,
    /// How many units; not zero.
    pub units: u64,
    /// What shows that they were delivered.
    pub evidence: Evidence,
}

/// An order that a customer opens.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct NewOrder {
    /// Who is to deliver.
    pub operator: Address,
    /// The most that all of it may cost, in the currency that it is paid in. This is taken when the order is opened.
    pub cap: Money,
    /// The most that one unit may cost, in the currency that operators ask in; none where the network's file sets the price.
    pub price: Option<Money>,
    /// How long units can be reported.
    pub open_for: Span,
    /// Who reports its units instead of the operator; none where the network has a reporter.
    pub reporter: Option<Address>,
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
    /// The sender becomes an operator, or changes what it said before. A pledge that a fault made too small is topped up.
    Register {
        /// Name for tables.
        name: Name,
        /// Where customers reach it: http or https, or empty.
        url: String,
        /// Prices of one unit, one per currency (`USD` where the network counts in dollars); none where the network sets the price.
        asks: Vec<Money>,
        /// Whether it takes new orders.
        accepts: bool,
    },
    /// The sender is an operator no more; only when all its orders are closed.
    Leave,
    /// The sender opens an order, and puts its cap into an escrow.
    OpenOrder(NewOrder),
    /// The customer raises an order's cap.
    RaiseCap {
        /// The order.
        order: UnitId,
        /// How much more, in the order's currency.
        by: Money,
    },
    /// The customer ends an order (units are taken for a grace period more), or its operator does (at once).
    CloseOrder(UnitId),
    /// A reporter says what was delivered.
    Report(Vec<Report>),
    /// The customer disputes a batch within its window, and puts up a deposit.
    Dispute {
        /// The batch, by [`batch_id`](super::batch_id).
        batch: UnitId,
        /// How many of its units were delivered, in the customer's view. They are paid at once.
        accepted: u64,
        /// What shows that the others were not.
        evidence: Evidence,
    },
    /// The operator stands by a disputed batch, and puts up a deposit.
    Answer {
        /// The batch.
        batch: UnitId,
        /// What shows that the contested units were delivered.
        evidence: Evidence,
    },
    /// The operator gives a dispute up: none of the contested units count.
    Concede(UnitId),
    /// The arbiter decides a dispute that was answered.
    Decide {
        /// The batch.
        batch: UnitId,
        /// How many of the contested units count.
        counted: u64,
    },
    /// The account in the reporter's role says that an operator failed.
    Fail {
        /// Who.
        operator: Address,
        /// How.
        failing: Failing,
    },
    /// As [`MeteredMessage::CloseOrder`], for many orders; those that take no more units are left as they are.
    CloseOrders(Vec<UnitId>),
    /// The sender, an operator, takes new orders of these caps or larger ones only; in other currencies, of any.
    LeastCaps(Vec<Money>),
}

impl MeteredMessage {
    /// Name for receipts and tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Register { .. } => "register-operator",
            Self::Leave => "leave",
            Self::OpenOrder(_) => "open-order",
            Self::RaiseCap { .. } => "raise-cap",
            Self::CloseOrder(_) => "close-order",
            Self::Report(_) => "report",
            Self::Dispute { .. } => "dispute",
            Self::Answer { .. } => "answer-dispute",
            Self::Concede(_) => "concede-dispute",
            Self::Decide { .. } => "decide-dispute",
            Self::Fail { .. } => "report-failure",
            Self::CloseOrders(_) => "close-orders",
            Self::LeastCaps(_) => "least-caps",
        }
    }

    /// Work units: an upper bound on what running it costs, known before anything is run. What becomes due by it later is counted too.
    pub fn work(&self) -> u64 {
        // Text that is too long is refused, but it has taken room in the block by then.
        let text = |text: &str| text.len() as u64 / 16;
        let pointer = |evidence: &Evidence| evidence.pointer.as_deref().map_or(0, text);
        match self {
            Self::Register { asks, url, .. } => 60 + asks.len() as u64 + text(url),
            Self::Report(reports) => reports.iter().map(|report| 120 + pointer(&report.evidence)).sum::<u64>().max(120),
            Self::OpenOrder(_) => 120,
            Self::CloseOrders(orders) => 60 * orders.len().max(1) as u64,
            Self::LeastCaps(least) => 60 + least.len() as u64,
            Self::Dispute { evidence, .. } => 120 + pointer(evidence),
            Self::Answer { evidence, .. } => 60 + pointer(evidence),
            Self::Leave
            | Self::RaiseCap { .. }
            | Self::CloseOrder(_)
            | Self::Concede(_)
            | Self::Decide { .. }
            | Self::Fail { .. } => 60,
        }
    }

    /// Refuses what no network of this service takes, whatever its rows are.
    ///
    /// # Errors
    /// What running it would say.
    pub fn check_bounds(&self) -> Result<(), MeteredError> {
        match self {
            Self::Register { asks, url, name, .. } => {
                check_url(url)?;
                check_name(*name)?;
                if asks.len() > ENTRIES_MAX { Err(MeteredError::Entries(asks.len())) } else { Ok(()) }
            }
            Self::Report(reports) => {
                check_count(reports)?;
                reports.iter().try_for_each(|report| check_evidence(&report.evidence))
            }
            Self::Dispute { evidence, .. } | Self::Answer { evidence, .. } => check_evidence(evidence),
            Self::CloseOrders(orders) => check_count(orders),
            Self::LeastCaps(least) if least.len() > ENTRIES_MAX => Err(MeteredError::Entries(least.len())),
            Self::OpenOrder(order) if order.cap.amount.get() == 0 => Err(MeteredError::Cap),
            Self::OpenOrder(_)
            | Self::Leave
            | Self::RaiseCap { .. }
            | Self::CloseOrder(_)
            | Self::Concede(_)
            | Self::Decide { .. }
            | Self::Fail { .. }
            | Self::LeastCaps(_) => Ok(()),
        }
    }
}
