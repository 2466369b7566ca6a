//! What the service remembers.

use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::Money;
use depin_quantity::{Address, Instant, Name, UnitId};
use depin_state::Row;
use serde::{Deserialize, Serialize};

/// A registered operator.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Operator {
    /// Name for tables.
    pub name: Name,
    /// Prices of one unit.
    pub asks: Vec<Money>,
    /// When it registered first.
    pub since: Instant,
    /// Whether it takes orders.
    pub active: bool,
    /// Whether it cheated once.
    pub expelled: bool,
    /// Whether it has a pledge locked.
    pub pledged: bool,
    /// Orders that are open.
    pub open_orders: u32,
    /// Units that it ever delivered.
    pub delivered: u128,
    /// Failures that were ever reported.
    pub failures: u32,
}

impl Row for Operator {
    const TABLE: u8 = 0x48;
    type Key = Address;
}

/// An open order; over, it is forgotten.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Order {
    /// Who pays.
    pub customer: Address,
    /// Who is to deliver.
    pub operator: Address,
    /// Units that are not delivered yet.
    pub open: u64,
    /// Units ordered.
    pub units: u64,
    /// Price of one unit, where it was agreed.
    pub each: Option<Money>,
    /// When it ends at the latest.
    pub until: Instant,
}

impl Row for Order {
    const TABLE: u8 = 0x49;
    type Key = UnitId;
}

/// Sums over all operators and orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct MeteredTotals {
    /// Operators that take orders.
    pub operators: u32,
    /// Orders that are open.
    pub open_orders: u32,
    /// Units ever delivered.
    pub delivered: u128,
}

impl Row for MeteredTotals {
    const TABLE: u8 = 0x4a;
    type Key = ();
}
