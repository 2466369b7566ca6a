//! Names that the service and a network's file share.

use depin_quantity::Name;

/// Score of a device that passed the hour's check.
pub(crate) const DEVICE_SCORE: Name = Name::literal("device-score");
/// Time for which customers had a device's processors.
pub(crate) const HIRED_HOURS: Name = Name::literal("hired-hours");
/// What pledges and bonds are counted on.
pub(crate) const STAKE_UNITS: Name = Name::literal("stake-units");
/// The stream of one hired device.
pub(crate) const HIRE: Name = Name::literal("hire");
/// A device's pledge.
pub(crate) const DEVICE: Name = Name::literal("device");
/// A device failed too many hours of the last.
pub(crate) const FAILED_CHECK: Name = Name::literal("failed-check");
/// A device is not what it said it is.
pub(crate) const SPOOFING: Name = Name::literal("spoofing");
/// The customer ended the hire, or its time was over.
pub(crate) const ENDED: Name = Name::literal("ended");
/// The device went away.
pub(crate) const FAILED: Name = Name::literal("failed");
