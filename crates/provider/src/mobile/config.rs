//! Settings of a mobile access point.

use super::site::Site;
use crate::{Clock, SystemClock, operator::OperatorConfig};
use depin_client::SigningKey;
use depin_services::coverage::{Location, mobile::Place};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// Settings of a mobile access point.
#[derive(Clone, Debug)]
pub struct MobileConfig {
    /// What every operator has.
    pub operator: OperatorConfig,
    /// Where it keeps its sessions.
    pub folder: PathBuf,
    /// The access point's own key. Its owner is the operator's account.
    pub access_point: SigningKey,
    /// Where its radios send accounting, over UDP.
    pub radius: SocketAddr,
    /// What it is, covers, and whom it knows.
    pub site: Site,
    /// Where it stands, as the ledger is told.
    pub location: Location,
    /// Where it finds itself, as heartbeats say.
    pub place: Place,
    /// How often sessions that go on are reported, wall time; those that are over are at once.
    pub report_every: Duration,
    /// Where the test server is that measures its speed, `host:port`; nobody measures it otherwise.
    pub speed_server: Option<String>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
}

impl MobileConfig {
    /// An access point on a free port of loopback that reports every ten seconds.
    pub fn new(
        operator: OperatorConfig,
        folder: PathBuf,
        access_point: SigningKey,
        site: Site,
        (location, place): (Location, Place),
    ) -> Self {
        let radius = SocketAddr::from(([127, 0, 0, 1], 0));
        let (report_every, clock) = (Duration::from_secs(10), Arc::new(SystemClock));
        let speed_server = None;
        Self { operator, folder, access_point, radius, site, location, place, report_every, speed_server, clock }
    }
}
