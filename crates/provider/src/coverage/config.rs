//! Settings of a hotspot.

use crate::operator::OperatorConfig;
use depin_client::{Reach, SigningKey, Trust};
use depin_lorawan::Eui;
use depin_services::coverage::Location;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// Settings of a hotspot.
#[derive(Clone, Debug)]
pub struct CoverageConfig {
    /// What every operator has.
    pub operator: OperatorConfig,
    /// Where it keeps what was acknowledged and is not on the ledger yet, and the salts of its sealed reports.
    pub folder: PathBuf,
    /// Whether the hotspot ran in this folder before: a store that is not there any more is then told.
    pub used: bool,
    /// Begins a new store where the folder's own is lost; what is left of it is kept beside.
    pub new_store: bool,
    /// The hotspot's own key. Its owner is the operator's account.
    pub hotspot: SigningKey,
    /// Where its packet forwarder sends to, over UDP.
    pub udp: SocketAddr,
    /// The forwarder's EUI, where only one is to be taken; the first that shows itself otherwise.
    pub eui: Option<Eui>,
    /// The only address from which its forwarder sends, where that is known; the first that is seen otherwise.
    pub forwarder: Option<IpAddr>,
    /// Where the hotspot stands, as the ledger is told.
    pub location: Location,
    /// Whether it takes part in proof of coverage; otherwise it carries packets only.
    pub full: bool,
    /// How often packets that were acknowledged are reported, wall time.
    pub report_every: Duration,
    /// For how long packets wait for a customer that does not answer, wall time.
    pub hold: Duration,
    /// Whose certificates customers may have.
    pub trust: Trust,
    /// Where customers' network servers may be: anybody writes their addresses on the ledger.
    pub reach: Reach,
}

impl CoverageConfig {
    /// A full hotspot on a free port of loopback that reports every five seconds, and connects to public addresses alone.
    pub fn new(operator: OperatorConfig, folder: PathBuf, hotspot: SigningKey, location: Location) -> Self {
        Self {
            operator,
            folder,
            used: false,
            new_store: false,
            hotspot,
            udp: SocketAddr::from(([127, 0, 0, 1], 0)),
            eui: None,
            forwarder: None,
            location,
            full: true,
            report_every: Duration::from_secs(5),
            hold: Duration::from_secs(600),
            trust: Trust::default(),
            reach: Reach::public(),
        }
    }
}
