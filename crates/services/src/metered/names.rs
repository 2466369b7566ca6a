//! What this service says to an economy, by name.

use depin_quantity::Name;

/// Units delivered in a period.
pub(crate) const UNITS: Name = Name::literal("units");
/// Operators that take orders.
pub(crate) const OPERATORS: Name = Name::literal("operators");
/// The payment of an order.
pub(crate) const ORDER: Name = Name::literal("order");
/// An operator's collateral.
pub(crate) const OPERATOR: Name = Name::literal("operator");
/// The fee of an operator that joins.
pub(crate) const REGISTRATION: Name = Name::literal("registration");
/// An operator did not deliver.
pub(crate) const FAILED: Name = Name::literal("failed");
/// An operator cheated, and is out.
pub(crate) const EXPELLED: Name = Name::literal("expelled");
