//! What is to be read anew.

use depin_quantity::UnitId;
use std::collections::BTreeSet;

/// What may have changed since it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirtySet {
    /// Everything.
    pub all: bool,
    /// These units on the ledger: deals, orders, leases.
    pub units: BTreeSet<UnitId>,
    /// The operator's entry on the ledger, and what the ledger keeps about its units together.
    pub entry: bool,
    /// Units about which only the operator's own facts may have changed; the ledger need not be asked about them.
    pub own: BTreeSet<UnitId>,
}

impl DirtySet {
    /// Everything.
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Some units, and the entry with them.
    pub fn units(units: impl IntoIterator<Item = UnitId>) -> Self {
        Self { units: units.into_iter().collect(), entry: true, ..Self::default() }
    }

    /// Whether nothing is to be read.
    pub fn is_empty(&self) -> bool {
        !self.all && !self.entry && self.units.is_empty() && self.own.is_empty()
    }

    /// Adds what another set has.
    pub fn add(&mut self, other: Self) {
        self.all |= other.all;
        self.entry |= other.entry;
        self.units.extend(other.units);
        self.own.extend(other.own);
    }
}
