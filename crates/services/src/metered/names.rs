//! What this service says to an economy, by name.

use depin_quantity::Name;

/// Units delivered, when they are final.
pub(crate) const UNITS: Name = Name::literal("units");
/// What was paid for them, in base units of the currency.
pub(crate) const SPENT: Name = Name::literal("spent");
/// What the units that a dispute is about cost; deposits are counted on it.
pub(crate) const CONTESTED: Name = Name::literal("contested-value");
/// Operators that take orders.
pub(crate) const OPERATORS: Name = Name::literal("operators");
/// The payment of an order.
pub(crate) const ORDER: Name = Name::literal("order");
/// The deposit of either side of a dispute.
pub(crate) const DISPUTE: Name = Name::literal("dispute");
/// An operator's collateral.
pub(crate) const OPERATOR: Name = Name::literal("operator");
/// The fee of an operator that joins.
pub(crate) const REGISTRATION: Name = Name::literal("registration");
/// An operator did not deliver.
pub(crate) const FAILED: Name = Name::literal("failed");
/// An operator lost a dispute.
pub(crate) const OVERSTATED: Name = Name::literal("overstated");
/// An operator cheated, and is out.
pub(crate) const EXPELLED: Name = Name::literal("expelled");
