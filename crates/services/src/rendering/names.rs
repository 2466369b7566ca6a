//! What this service says to an economy, by name.

use depin_quantity::Name;

/// Price of frames that are paid.
pub(crate) const APPROVED_VALUE: Name = Name::literal("approved-value");
/// Score of a node times the hours of frames that are paid.
pub(crate) const OCTANEBENCH_HOURS: Name = Name::literal("octanebench-hours");
/// Idle nodes, by their score.
pub(crate) const AVAILABILITY: Name = Name::literal("availability");
/// Nodes that may be given frames.
pub(crate) const NODES: Name = Name::literal("nodes");
/// The payment of a job.
pub(crate) const FRAME: Name = Name::literal("frame");
/// A node's collateral.
pub(crate) const NODE: Name = Name::literal("node");
/// A node's frame was wrong, or its key was not opened.
pub(crate) const FAILED_FRAMES: Name = Name::literal("failed-frames");
/// A node said itself that its frame was wrong.
pub(crate) const CONCEDED_FRAMES: Name = Name::literal("conceded-frames");
/// A node left with frames in work.
pub(crate) const ABANDONED: Name = Name::literal("abandoned");
