//! What this service says to an economy, by name.

use depin_quantity::Name;

/// Packets carried, in units.
pub(crate) const PACKET_UNITS: Name = Name::literal("packet-units");
/// Own valid beacons, by the number of their witnesses.
pub(crate) const BEACON_UNITS: Name = Name::literal("beacon-units");
/// Valid witnesses of beacons.
pub(crate) const WITNESS_UNITS: Name = Name::literal("witness-units");
/// Hotspots with an asserted location.
pub(crate) const HOTSPOTS: Name = Name::literal("hotspots");
/// Points of hexes that an access point covers.
pub(crate) const COVERAGE_POINTS: Name = Name::literal("coverage-points");
/// Mobile data carried, in units.
pub(crate) const MOBILE_UNITS: Name = Name::literal("mobile-units");
/// Mobile data that a carrier paid for, in units.
pub(crate) const CARRIER_UNITS: Name = Name::literal("carrier-units");
/// The payment of mobile data, and the escrow of credits that it comes out of.
pub(crate) const SESSION: Name = Name::literal("session");
/// The payment of packets, and the escrow of credits that it comes out of.
pub(crate) const PACKET: Name = Name::literal("packet");
/// The collateral of a hotspot.
pub(crate) const HOTSPOT: Name = Name::literal("hotspot");
/// The fee of a hotspot that joins.
pub(crate) const ONBOARDING: Name = Name::literal("onboarding");
/// The fee of a hotspot that says where it is.
pub(crate) const ASSERT_LOCATION: Name = Name::literal("assert-location");
/// The fee of a customer that opens an OUI.
pub(crate) const OUI: Name = Name::literal("oui");
/// Devices that were rewarded of late, of a sub-network.
pub(crate) const ACTIVE_DEVICES: Name = Name::literal("active-devices");
/// What those paid for joining.
pub(crate) const ONBOARDING_FEES: Name = Name::literal("onboarding-fees");
/// The sub-network of hotspots.
pub(crate) const IOT: Name = Name::literal("iot");
/// The sub-network of access points.
pub(crate) const MOBILE: Name = Name::literal("mobile");
/// A hotspot stands on the denylist.
pub(crate) const DENIED: Name = Name::literal("denied");
