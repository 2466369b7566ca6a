//! Mobile coverage: its calls, and what goes over the wire: access points, carriers, sessions.

use super::{Coverage, CoverageLocation};
use crate::{
    ClientError,
    api::{Amount, Page, Price, Time},
    client::found,
    http::Query,
};
use depin_quantity::{Address, Name, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Coverage<'_> {
    /// What the network allows mobile access points and carriers; none when it has no mobile coverage.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn mobile(self) -> Result<Option<MobileNetwork>, ClientError> {
        found(self.client.transport.get("/v1/coverage/mobile", &Query::default()).await)
    }

    /// A page of access points, by address.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn access_points(self, query: &AccessPointQuery) -> Result<Page<MobileAccessPoint>, ClientError> {
        let query = Query::page(query.after.as_deref(), query.limit).with("owner", query.owner);
        self.client.transport.get("/v1/coverage/access-points", &query).await
    }

    /// One access point; none when no such key ever joined.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn access_point(self, address: Address) -> Result<Option<MobileAccessPoint>, ClientError> {
        found(self.client.transport.get(&format!("/v1/coverage/access-points/{address}"), &Query::default()).await)
    }

    /// A page of carriers, by number.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn carriers(self, after: Option<&str>, limit: Option<u32>) -> Result<Page<MobileCarrier>, ClientError> {
        self.client.transport.get("/v1/coverage/carriers", &Query::page(after, limit)).await
    }

    /// One carrier; none when there is none of this number.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn carrier(self, carrier: u32) -> Result<Option<MobileCarrier>, ClientError> {
        found(self.client.transport.get(&format!("/v1/coverage/carriers/{carrier}"), &Query::default()).await)
    }

    /// What a carrier pays for at an access point; none when there is no such carrier.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn authorised(self, carrier: u32, access_point: Address) -> Result<Option<MobileCap>, ClientError> {
        let path = format!("/v1/coverage/carriers/{carrier}/caps/{access_point}");
        found(self.client.transport.get(&path, &Query::default()).await)
    }

    /// A page of sessions that are not forgotten, by access point and session.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn sessions(self, query: &SessionQuery) -> Result<Page<MobileSession>, ClientError> {
        let query = Query::page(query.after.as_deref(), query.limit)
            .with("access_point", query.access_point)
            .with("carrier", query.carrier);
        self.client.transport.get("/v1/coverage/sessions", &query).await
    }

    /// One session; none when it was never reported, or is forgotten.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn session(self, access_point: Address, session: UnitId) -> Result<Option<MobileSession>, ClientError> {
        let path = format!("/v1/coverage/sessions/{access_point}/{session}");
        found(self.client.transport.get(&path, &Query::default()).await)
    }
}

/// Which access points.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AccessPointQuery {
    /// Only of this owner.
    #[param(value_type = Option<String>)]
    pub owner: Option<Address>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Most entries in the answer.
    pub limit: Option<u32>,
}

/// Which sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SessionQuery {
    /// Only of this access point.
    #[param(value_type = Option<String>)]
    pub access_point: Option<Address>,
    /// Only of this carrier.
    pub carrier: Option<u32>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Most entries in the answer.
    pub limit: Option<u32>,
}

/// `GET /v1/coverage/mobile`: what the network allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MobileNetwork {
    /// What data is paid in.
    #[schema(value_type = String)]
    pub currency: Name,
    /// Who sets the price of a unit: `network`, or carriers in a token (`agreed`) or in dollars (`dollars`).
    pub price: String,
    /// Bytes of a unit of data.
    pub unit_bytes: u64,
    /// The date of the figures that count: `2024-10`, `2026-01`.
    pub figures: String,
    /// The present epoch.
    pub epoch: u64,
    /// When it ends.
    pub epoch_ends: Time,
    /// Length of an epoch, in ms of ledger time.
    pub epoch_ms: u64,
    /// One heartbeat counts in each such time, in ms.
    pub heartbeat_ms: u64,
    /// So many must count in an epoch.
    pub heartbeats_least: u32,
    /// How old a speed test may be, in ms.
    pub speed_tests_within_ms: u64,
    /// So many are needed.
    pub speed_tests_least: u32,
    /// Longest session that is paid, in ms.
    pub session_longest_ms: u64,
    /// Whose key measures speed; none where anybody's does.
    #[schema(value_type = Option<String>)]
    pub speed_server: Option<Address>,
    /// Whose key says where an access point is; none where its own word counts.
    #[schema(value_type = Option<String>)]
    pub locator: Option<Address>,
    /// Who grades hexes and access points; none where nobody does.
    #[schema(value_type = Option<String>)]
    pub assigner: Option<Address>,
}

/// A speed test as it counts: the worse of what both sides measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MobileSpeed {
    /// When.
    pub at: Time,
    /// Bytes a second to the access point.
    pub down: u64,
    /// Bytes a second from it.
    pub up: u64,
    /// Round trip in milliseconds.
    pub latency_ms: u32,
}

/// A mobile access point. Multipliers in hundredths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MobileAccessPoint {
    /// Its key's address.
    #[schema(value_type = String)]
    pub address: Address,
    /// Its public key, 64 hexadecimal digits.
    pub key: String,
    /// Whose it is.
    #[schema(value_type = String)]
    pub owner: Address,
    /// What it is: `indoor-wifi`, `outdoor-wifi`, `indoor-cbrs`, `outdoor-cbrs`.
    pub kind: String,
    /// Whether it takes no part any more.
    pub retired: bool,
    /// When it joined.
    pub since: Time,
    /// Where it is, when it said so.
    pub location: Option<CoverageLocation>,
    /// The number of its coverage object; zero before the first.
    pub object: u32,
    /// Hexes that it says it covers.
    pub hexes: u32,
    /// The number of a further coverage object that is being given; zero when there is none.
    pub coming_object: u32,
    /// Parts of that which are there.
    pub coming_parts: u32,
    /// When its epoch ends.
    pub epoch_ends: Time,
    /// Heartbeats of the epoch that count.
    pub beats: u32,
    /// Mean trust of those, rounded down.
    pub trust: u32,
    /// When its last valid heartbeat was.
    pub last_beat: Option<Time>,
    /// Since when it counts as being there.
    pub senior: Time,
    /// Its newest speed tests, the oldest first.
    pub speed_tests: Vec<MobileSpeed>,
    /// What they are worth now.
    pub speed: u32,
    /// Unique connections, as the grader says.
    pub connections: u32,
    /// Whether its coverage counts for nothing, as the grader says.
    pub banned: bool,
    /// Whether it stands in the rankings of its hexes.
    pub ranked: bool,
    /// Points of the last epoch.
    pub points: u64,
    /// Points of all epochs, decimal digits.
    pub points_ever: String,
    /// Sessions that it ever reported.
    pub sessions: u64,
    /// Bytes of sessions that were paid, decimal digits.
    pub bytes: String,
    /// Units of those, decimal digits.
    pub units: String,
}

/// A carrier, who pays for sessions of its subscribers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MobileCarrier {
    /// Its number.
    pub carrier: u32,
    /// Whose it is.
    #[schema(value_type = String)]
    pub owner: Address,
    /// When it was opened.
    pub since: Time,
    /// What it pays for a unit; none where the network sets the price.
    pub price: Option<Price>,
    /// What is in its escrow.
    pub balance: Amount,
    /// Bytes that it pays for at each access point that it names none for.
    pub usual_bytes: u64,
    /// Bytes that it paid for, decimal digits.
    pub bytes: String,
    /// Units of those, decimal digits.
    pub units: String,
    /// What it was charged.
    pub spent: Amount,
}

/// What a carrier pays for at one access point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MobileCap {
    /// Bytes at most, from the first on.
    pub bytes: u64,
    /// Bytes that it paid for.
    pub used: u64,
}

/// A session, until it could not be reported any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MobileSession {
    /// The access point.
    #[schema(value_type = String)]
    pub access_point: Address,
    /// What it calls the session, hashed.
    #[schema(value_type = String)]
    pub session: UnitId,
    /// Whose subscriber it is.
    pub carrier: u32,
    /// When it began.
    pub started: Time,
    /// When it was last reported.
    pub reported: Time,
    /// Bytes from the subscriber.
    pub up: u64,
    /// Bytes to the subscriber.
    pub down: u64,
    /// Bytes that were paid.
    pub paid: u64,
    /// Units of those.
    pub units: u64,
    /// What they cost.
    pub cost: Amount,
    /// Whether it is over.
    pub stopped: bool,
}
