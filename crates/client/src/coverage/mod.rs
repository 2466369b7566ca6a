//! The service `coverage`: its calls, and what goes over the wire: hotspots, the denylist, OUIs, routes, packets.

mod mobile;

pub use mobile::{
    AccessPointQuery, MobileAccessPoint, MobileCap, MobileCarrier, MobileNetwork, MobileSession, MobileSpeed, SessionQuery,
};

use crate::{
    Client, ClientError,
    api::{Amount, Page, Time},
    client::found,
    http::Query,
};
use depin_quantity::{Address, Name, UnitId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// The calls of a network whose service is `coverage`; see [`Client::coverage`].
#[derive(Clone, Copy, Debug)]
pub struct Coverage<'a> {
    pub(crate) client: &'a Client,
}

impl Coverage<'_> {
    /// What the network allows, and sums.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn network(self) -> Result<CoverageNetwork, ClientError> {
        self.client.transport.get("/v1/coverage", &Query::default()).await
    }

    /// A page of hotspots, by address.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn hotspots(self, query: &HotspotQuery) -> Result<Page<CoverageHotspot>, ClientError> {
        let query = Query::page(query.after.as_deref(), query.limit).with("owner", query.owner);
        self.client.transport.get("/v1/coverage/hotspots", &query).await
    }

    /// One hotspot; none when no such key ever joined.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn hotspot(self, address: Address) -> Result<Option<CoverageHotspot>, ClientError> {
        found(self.client.transport.get(&format!("/v1/coverage/hotspots/{address}"), &Query::default()).await)
    }

    /// A page of what became of hotspots' last beacons, by hotspot.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn beacons(self, after: Option<&str>, limit: Option<u32>) -> Result<Page<CoverageBeacon>, ClientError> {
        self.client.transport.get("/v1/coverage/beacons", &Query::page(after, limit)).await
    }

    /// What became of a hotspot's last beacon; none when it had none.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn beacon(self, hotspot: Address) -> Result<Option<CoverageBeacon>, ClientError> {
        found(self.client.transport.get(&format!("/v1/coverage/beacons/{hotspot}"), &Query::default()).await)
    }

    /// A page of hexes with somebody in them, by cell.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn hexes(self, after: Option<&str>, limit: Option<u32>) -> Result<Page<CoverageHex>, ClientError> {
        self.client.transport.get("/v1/coverage/hexes", &Query::page(after, limit)).await
    }

    /// A page of the denylist, by entry.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn denials(self, after: Option<&str>, limit: Option<u32>) -> Result<Page<CoverageDenial>, ClientError> {
        self.client.transport.get("/v1/coverage/denials", &Query::page(after, limit)).await
    }

    /// A page of OUIs, by number.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn ouis(self, after: Option<&str>, limit: Option<u32>) -> Result<Page<CoverageOui>, ClientError> {
        self.client.transport.get("/v1/coverage/ouis", &Query::page(after, limit)).await
    }

    /// One OUI; none when there is no such number.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn oui(self, oui: u32) -> Result<Option<CoverageOui>, ClientError> {
        found(self.client.transport.get(&format!("/v1/coverage/ouis/{oui}"), &Query::default()).await)
    }

    /// A page of an OUI's routes, by id.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn routes(self, oui: u32, after: Option<&str>, limit: Option<u32>) -> Result<Page<CoverageRoute>, ClientError> {
        self.client.transport.get(&format!("/v1/coverage/ouis/{oui}/routes"), &Query::page(after, limit)).await
    }

    /// One route; none when it never was or was removed.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn route(self, route: UnitId) -> Result<Option<CoverageRoute>, ClientError> {
        found(self.client.transport.get(&format!("/v1/coverage/routes/{route}"), &Query::default()).await)
    }

    /// A page of a route's EUI pairs.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn eui_pairs(
        self,
        route: UnitId,
        after: Option<&str>,
        limit: Option<u32>,
    ) -> Result<Page<CoverageEuiPair>, ClientError> {
        self.client.transport.get(&format!("/v1/coverage/routes/{route}/euis"), &Query::page(after, limit)).await
    }

    /// A page of a route's session-key filters.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn filters(
        self,
        route: UnitId,
        after: Option<&str>,
        limit: Option<u32>,
    ) -> Result<Page<CoverageFilter>, ClientError> {
        self.client.transport.get(&format!("/v1/coverage/routes/{route}/filters"), &Query::page(after, limit)).await
    }

    /// A page of all ranges of device addresses, by their last one.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn ranges(self, after: Option<&str>, limit: Option<u32>) -> Result<Page<CoverageRange>, ClientError> {
        self.client.transport.get("/v1/coverage/ranges", &Query::page(after, limit)).await
    }

    /// A page of batches of packets that are not forgotten, by id; claims that are open alone where `open` says so.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn batches(self, query: &PacketQuery) -> Result<Page<CoverageBatch>, ClientError> {
        let query = Query::page(query.after.as_deref(), query.limit).with("oui", query.oui).with("open", query.open);
        self.client.transport.get("/v1/coverage/batches", &query).await
    }

    /// One batch; none when it never was or was forgotten. Its id is `depin_services::coverage::batch_id`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn batch(self, batch: UnitId) -> Result<Option<CoverageBatch>, ClientError> {
        found(self.client.transport.get(&format!("/v1/coverage/batches/{batch}"), &Query::default()).await)
    }
}

/// Which hotspots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HotspotQuery {
    /// Only of this owner.
    #[param(value_type = Option<String>)]
    pub owner: Option<Address>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Most entries in the answer.
    pub limit: Option<u32>,
}

/// Which batches of packets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PacketQuery {
    /// Only of this OUI.
    pub oui: Option<u32>,
    /// Only claims that are open.
    pub open: Option<bool>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Most entries in the answer.
    pub limit: Option<u32>,
}

/// What a customer keeps in its OUI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageGate {
    /// With less an OUI is switched off.
    pub minimum: Amount,
    /// From so much on what it owes is charged.
    pub burn_from: Amount,
}

/// `GET /v1/coverage`: what the network allows, and sums.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageNetwork {
    /// What packets are paid in.
    #[schema(value_type = String)]
    pub currency: Name,
    /// Who sets the price of a unit: `network`, or customers in a token (`agreed`) or in dollars (`dollars`).
    pub price: String,
    /// Bytes of a unit of a packet.
    pub unit_bytes: u64,
    /// Latest report of a packet after it was received, in ms of ledger time.
    pub late_after_ms: u64,
    /// Time for the answer to a claim, in ms.
    pub claim_within_ms: u64,
    /// Most packets of one batch.
    pub packets_most: u32,
    /// One beacon of each hotspot in each such time, in ms.
    pub interval_ms: u64,
    /// How long a beacon's randomness may be used, in ms.
    pub entropy_valid_ms: u64,
    /// How long reports are disclosed in, in ms.
    pub reveal_within_ms: u64,
    /// Whose word it is when a report came in; none where it is the time of the block.
    #[schema(value_type = Option<String>)]
    pub reporter: Option<Address>,
    /// Most device addresses of one OUI; none where that is not bounded.
    pub addresses_most: Option<u32>,
    /// What an OUI keeps; none where it need not keep anything.
    pub gate: Option<CoverageGate>,
    /// Who keeps the denylist; none where there is none.
    #[schema(value_type = Option<String>)]
    pub arbiter: Option<Address>,
    /// Sums, by the names of the service's figures; decimal digits.
    pub totals: BTreeMap<String, String>,
}

/// Where a hotspot is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageLocation {
    /// H3 cell of resolution 12, hexadecimal digits.
    #[schema(example = "8c1f1d48936c5ff")]
    pub cell: String,
    /// Latitude of the cell's middle in degrees.
    pub latitude: f64,
    /// Longitude of the cell's middle in degrees.
    pub longitude: f64,
    /// Gain of the antenna in tenths of dBi.
    pub gain: i16,
    /// Metres above the ground.
    pub elevation: i32,
    /// Channel plan: `eu868`, `us915`.
    pub region: String,
}

/// A hotspot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageHotspot {
    /// Its key's address.
    #[schema(value_type = String)]
    pub address: Address,
    /// Its public key, 64 hexadecimal digits.
    pub key: String,
    /// Whose it is.
    #[schema(value_type = String)]
    pub owner: Address,
    /// Whether it takes part in proof of coverage; otherwise it carries packets only.
    pub full: bool,
    /// Whether it takes no part any more.
    pub retired: bool,
    /// When it joined.
    pub since: Time,
    /// Where it is, when it said so.
    pub location: Option<CoverageLocation>,
    /// How often it said so.
    pub asserted: u32,
    /// Its entry on the denylist, while it stands there.
    #[schema(value_type = Option<String>)]
    pub denied: Option<UnitId>,
    /// Claims of it that are open.
    pub claims: u32,
    /// Packets that it was paid for.
    pub packets: u64,
    /// Units of those, decimal digits.
    pub units: String,
    /// Beacons of it that were valid and witnessed.
    pub beacons: u64,
    /// Beacons of others that it was selected as a witness of.
    pub witnessed: u64,
    /// When the report of its last beacon came in.
    pub last_beacon: Option<Time>,
    /// Until when it counts in its hex, without another witnessed beacon.
    pub counted_until: Option<Time>,
    /// Whether a beacon of it is asked for and not judged.
    pub beaconing: bool,
}

/// What became of a witness of a beacon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageWitness {
    /// The witness.
    #[schema(value_type = String)]
    pub hotspot: Address,
    /// When its report came in.
    pub received: Time,
    /// Why it is not valid.
    #[schema(example = "too_late")]
    pub reason: Option<String>,
    /// Whether it is among the first that count.
    pub selected: bool,
}

/// What became of a hotspot's last beacon. Units and scale in parts of 10^4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageBeacon {
    /// The beaconer.
    #[schema(value_type = String)]
    pub hotspot: Address,
    /// When it was judged.
    pub at: Time,
    /// When its randomness was drawn, in seconds since 1970.
    pub timestamp: u64,
    /// Why it is not valid.
    #[schema(example = "irregular_interval")]
    pub reason: Option<String>,
    /// The scale of its place.
    pub scale: u32,
    /// What the beaconer got.
    pub beacon_units: u64,
    /// What each selected witness got.
    pub witness_units: u64,
    /// The witnesses, by address.
    pub witnesses: Vec<CoverageWitness>,
}

/// What a hex has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageHex {
    /// H3 cell of resolution 4 to 11, hexadecimal digits.
    pub cell: String,
    /// Hotspots, as the hexes inside it counted them.
    pub there: u64,
    /// Those that count.
    pub counted: u64,
}

/// An objection to an entry of the denylist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageAppeal {
    /// Who objects.
    #[schema(value_type = String)]
    pub by: Address,
    /// When.
    pub at: Time,
    /// Why.
    pub text: String,
}

/// An entry of the denylist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageDenial {
    /// The entry.
    #[schema(value_type = String)]
    pub id: UnitId,
    /// The hotspot, or the two of an edge.
    #[schema(value_type = Vec<String>)]
    pub hotspots: Vec<Address>,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Time,
    /// An objection that is not decided.
    pub appeal: Option<CoverageAppeal>,
    /// Objections that were turned down.
    pub upheld: u8,
}

/// A customer's organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageOui {
    /// Its number.
    pub oui: u32,
    /// Whose it is.
    #[schema(value_type = String)]
    pub owner: Address,
    /// Keys that acknowledge packets for it, 64 hexadecimal digits each.
    pub keys: Vec<String>,
    /// When it was opened.
    pub since: Time,
    /// What it pays for a unit; none where the network sets the price.
    pub price: Option<crate::api::Price>,
    /// What a unit costs it now; none while a price that this depends on is not there.
    pub unit_cost: Option<Amount>,
    /// What is in its escrow.
    pub balance: Amount,
    /// What of that is owed for packets.
    pub pending: Amount,
    /// Whether it has too few credits, so that its routes take no packets.
    pub disabled: bool,
    /// Routes.
    pub routes: u32,
    /// Claims that are open.
    pub claims: u32,
    /// Claims that it turned down.
    pub claims_refused: u64,
    /// Claims that it left without an answer.
    pub claims_unanswered: u64,
    /// Packets that it paid for.
    pub packets: u64,
    /// Packets reported for it that were refused; events tell each with its reason (`packets-settled`, `packets-claimed`).
    #[serde(default)]
    pub packets_refused: u64,
    /// What it was charged.
    pub spent: Amount,
}

/// A route of an OUI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageRoute {
    /// Its id.
    #[schema(value_type = String)]
    pub id: UnitId,
    /// The OUI.
    pub oui: u32,
    /// The network id whose devices it is for.
    pub net_id: u32,
    /// Where the customer's network server is.
    pub server: String,
    /// Most hotspots that are paid for one packet.
    pub max_copies: u32,
    /// Whether packets are routed by it.
    pub active: bool,
    /// Whether a device address without a session-key filter is left alone.
    pub ignore_empty_skf: bool,
    /// EUI pairs listed under it.
    pub euis: u32,
    /// Ranges of device addresses listed under it.
    pub ranges: u32,
    /// Session-key filters listed under it.
    pub filters: u32,
}

/// A device by its join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageEuiPair {
    /// Application EUI (JoinEUI), 16 hexadecimal digits.
    pub app_eui: String,
    /// Device EUI, 16 hexadecimal digits.
    pub dev_eui: String,
}

/// Device addresses of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageRange {
    /// First, 8 hexadecimal digits.
    pub start: String,
    /// Last, 8 hexadecimal digits.
    pub end: String,
    /// The route.
    #[schema(value_type = String)]
    pub route: UnitId,
}

/// A session-key filter of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageFilter {
    /// The device's address, 8 hexadecimal digits.
    pub devaddr: String,
    /// Its network session key, 32 hexadecimal digits.
    pub key: String,
    /// Most hotspots that are paid for one of its packets; zero for the route's own number.
    pub max_copies: u32,
}

/// A packet of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoveragePacket {
    /// SHA-256 of its PHYPayload, 64 hexadecimal digits.
    pub hash: String,
    /// Bytes of its PHYPayload.
    pub bytes: u16,
    /// When the hotspot heard it.
    pub received: Time,
}

/// How far a batch of packets is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PacketStage {
    /// The customer has not said whether it had the packets.
    Claimed,
    /// The customer had them; what could be paid is.
    Settled,
    /// It was a claim, and ended unpaid.
    Closed,
}

/// A batch of packets, until none of them could be reported again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoverageBatch {
    /// Its id.
    #[schema(value_type = String)]
    pub id: UnitId,
    /// The route.
    #[schema(value_type = String)]
    pub route: UnitId,
    /// Its OUI.
    pub oui: u32,
    /// The hotspot.
    #[schema(value_type = String)]
    pub hotspot: Address,
    /// When it was reported.
    pub at: Time,
    /// Packets that are paid; of a claim, those that would be.
    pub packets: Vec<CoveragePacket>,
    /// Units of those that were paid.
    pub units: u64,
    /// What those cost.
    pub cost: Amount,
    /// How far it is.
    pub state: PacketStage,
    /// Until when a claim is open.
    pub until: Option<Time>,
}
