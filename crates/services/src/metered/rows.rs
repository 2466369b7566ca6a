//! What the service remembers.

use super::{message::Evidence, quote::price_of};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::{Money, Price};
use depin_quantity::{Address, Instant, Name, QuantityError, UnitId, Units};
use depin_state::Row;
use serde::{Deserialize, Serialize};

/// A registered operator. One that left stays known, so that it cannot register twice.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Operator {
    /// Name for tables.
    pub name: Name,
    /// Where customers reach it; empty when it does not say.
    pub url: String,
    /// Prices of one unit.
    pub asks: Vec<Money>,
    /// Whether it takes new orders.
    pub accepts: bool,
    /// Least caps of the orders that it takes, by currency; in other currencies it takes any.
    pub least_caps: Vec<Money>,
    /// When it registered first.
    pub since: Instant,
    /// Whether it takes part.
    pub active: bool,
    /// Whether it cheated once.
    pub expelled: bool,
    /// Whether it has a pledge locked.
    pub pledged: bool,
    /// Whether a fault made its pledge smaller than the network asks.
    pub below_pledge: bool,
    /// Orders that are not closed.
    pub open_orders: u32,
    /// Units that it was ever paid for.
    pub delivered: u128,
    /// Units that it reported and that did not count.
    pub rejected: u128,
    /// Failures that were ever found: reported ones and lost disputes.
    pub failures: u32,
}

impl Row for Operator {
    const TABLE: u8 = 0x53;
    type Key = Address;
}

/// An order. Its money is in the escrow of the same id: `cap = spent + held + returned + left`, always.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Order {
    /// Who pays.
    pub customer: Address,
    /// Who delivers.
    pub operator: Address,
    /// Who reports instead of the operator, where the network has no reporter.
    pub reporter: Option<Address>,
    /// What it is paid in.
    pub currency: Name,
    /// Price of one unit, where operators ask.
    pub each: Option<Money>,
    /// What the customer put up in all, in base units.
    pub cap: Units,
    /// What batches hold that are not settled.
    pub held: Units,
    /// What was paid.
    pub spent: Units,
    /// What went back to the customer.
    pub returned: Units,
    /// Units that were paid.
    pub units: u64,
    /// Batches that were ever reported.
    pub batches: u32,
    /// Batches that are not settled.
    pub pending: u32,
    /// When it was opened.
    pub opened: Instant,
    /// Units are taken before this.
    pub until: Instant,
    /// Whether that time is over.
    pub ended: bool,
    /// When the last of its money went back; it is forgotten a while later.
    pub closed: Option<Instant>,
}

impl Order {
    /// What further batches can hold.
    pub fn left(&self) -> Units {
        let gone = self.spent.plus(self.held).and_then(|sum| sum.plus(self.returned));
        self.cap.minus_or_zero(gone.unwrap_or(self.cap))
    }

    /// What so many units of it cost, as the economy wants to hear it.
    ///
    /// # Errors
    /// When it does not fit 128 bits.
    pub fn price(&self, units: u64) -> Result<Price, QuantityError> {
        price_of(self.each, units)
    }
}

impl Row for Order {
    const TABLE: u8 = 0x49;
    type Key = UnitId;
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum BatchState {
    /// The customer can dispute it.
    Pending {
        /// When it is paid, if the customer does not.
        payable_at: Instant,
    },
    /// What of it is contested is frozen.
    Disputed,
    /// Paid, as far as it counted.
    Settled {
        /// When.
        at: Instant,
    },
}

/// Units that were reported together. What is open of them is held, out of the order's escrow, under the batch's id.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Batch {
    /// The order.
    pub order: UnitId,
    /// The id that its reporter chose.
    pub id: UnitId,
    /// The how manieth of its order it is, from 0.
    pub number: u32,
    /// Units reported.
    pub units: u64,
    /// What shows that they were delivered.
    pub evidence: Evidence,
    /// When it was reported.
    pub at: Instant,
    /// What all its units cost.
    pub amount: Units,
    /// Units that were paid.
    pub counted: u64,
    /// What was paid for them.
    pub paid: Units,
    /// Units that are neither paid nor rejected.
    pub open: u64,
    /// What is held for them.
    pub held: Units,
    /// How far it is.
    pub state: BatchState,
}

impl Row for Batch {
    const TABLE: u8 = 0x4b;
    type Key = UnitId;
}

/// An operator's answer to a dispute.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Answer {
    /// When.
    pub at: Instant,
    /// What the operator put up.
    pub deposit: Units,
    /// What shows that the units were delivered.
    pub evidence: Evidence,
}

/// A dispute that is not decided, by its batch.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Dispute {
    /// The order.
    pub order: UnitId,
    /// Units that it is about.
    pub contested: u64,
    /// What both deposits are counted on; see [`DepositRule::basis`](super::DepositRule::basis).
    pub basis: u128,
    /// When it was opened.
    pub opened: Instant,
    /// What the customer put up.
    pub deposit: Units,
    /// What shows that the units were not delivered.
    pub evidence: Evidence,
    /// The operator's answer.
    pub answer: Option<Answer>,
    /// The answer is taken before this; after an answer, the arbiter's decision.
    pub due: Instant,
}

impl Row for Dispute {
    const TABLE: u8 = 0x4d;
    type Key = UnitId;
}

crate::lists::lists! {
    /// An order of a customer, for looking them up.
    0x4e (Address, UnitId) => ByCustomer;
    /// An order of an operator, for looking them up.
    0x4f (Address, UnitId) => ByOperator;
}

/// A batch of an order by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct BatchOf(pub UnitId);

impl Row for BatchOf {
    const TABLE: u8 = 0x4c;
    type Key = (UnitId, u32);
}

/// Whose name it is: one operator that takes part, or was expelled, has it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct NameOf(pub Address);

impl Row for NameOf {
    const TABLE: u8 = 0x51;
    type Key = Name;
}

/// How many orders of a customer are kept, those that are closed and not forgotten among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct OrdersOf(pub u32);

impl Row for OrdersOf {
    const TABLE: u8 = 0x52;
    type Key = Address;
}

/// The table of jobs that are due.
pub(super) const DUE: u8 = 0x50;

/// Running sums. Those that were ever counted stay when what they were counted on is forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct MeteredTotals {
    /// Operators that take part.
    pub operators: u32,
    /// Orders that are not closed.
    pub open_orders: u32,
    /// Batches that are not settled.
    pub pending_batches: u32,
    /// Disputes that are not decided.
    pub open_disputes: u32,
    /// Orders that were ever opened.
    pub orders: u64,
    /// Batches that were ever reported.
    pub batches: u64,
    /// Disputes that were ever opened.
    pub disputes: u64,
    /// Units that were ever reported.
    pub reported: u128,
    /// Units that were ever paid.
    pub delivered: u128,
    /// Units that were reported and did not count.
    pub rejected: u128,
}

impl Row for MeteredTotals {
    const TABLE: u8 = 0x4a;
    type Key = ();
}
