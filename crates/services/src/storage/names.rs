//! What this service says to an economy, by name.

use depin_quantity::Name;

/// Bytes of sectors with power.
pub(crate) const RAW_BYTES: Name = Name::literal("raw-bytes");
/// The same, times the multiplier of verified deals.
pub(crate) const QUALITY_BYTES: Name = Name::literal("quality-bytes");
/// The payment of a deal.
pub(crate) const DEAL: Name = Name::literal("deal");
/// What verified deals consume.
pub(crate) const DATACAP: Name = Name::literal("datacap");

/// Kinds of faults of a sector.
pub(crate) mod fault_kind {
    use depin_quantity::Name;
    pub const DETECTED: Name = Name::literal("detected");
    pub const CONTINUED: Name = Name::literal("continued");
    pub const TERMINATED: Name = Name::literal("terminated");
}

/// Reasons to close a deal's stream.
pub(crate) mod close_reason {
    use depin_quantity::Name;
    pub const AGREED: Name = Name::literal("agreed");
    pub const TERMINATED: Name = Name::literal("terminated");
}
