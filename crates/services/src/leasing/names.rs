//! What this service says to an economy, by name.

use depin_quantity::Name;

/// Resources under lease, as one number.
pub(crate) const LEASED_UNITS: Name = Name::literal("leased-units");
/// Providers that take part; pledges and faults are counted on them.
pub(crate) const PROVIDERS: Name = Name::literal("providers");
/// Bids that are open or won; their deposits are counted on them.
pub(crate) const BIDS: Name = Name::literal("bids");
/// The payment of a lease.
pub(crate) const LEASE: Name = Name::literal("lease");
/// A provider's collateral.
pub(crate) const PROVIDER: Name = Name::literal("provider");
/// The deposit of a bid.
pub(crate) const BID: Name = Name::literal("bid");
/// A lease is paid and its services do not answer.
pub(crate) const UNSERVED: Name = Name::literal("unserved");
/// A provider vanished.
pub(crate) const ABANDONED: Name = Name::literal("abandoned");
