//! Settings of a device's daemon.

use crate::operator::OperatorConfig;
use depin_client::{Reach, Trust};
use depin_cluster::RayPython;
use depin_economy::Money;
use depin_quantity::{Address, UnitId};
use depin_services::clusters::{DeviceTerms, Profile, device_id};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Settings of a device's daemon.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// What every operator has. Its name is the device's.
    pub operator: OperatorConfig,
    /// Where it keeps answers, programs and nodes.
    pub folder: PathBuf,
    /// What the device is; see [`profile`](super::profile).
    pub profile: Profile,
    /// What an hour costs, one for each currency.
    pub asks: Vec<Money>,
    /// Whether it is for hire. One that can run no node is not, whatever this says.
    pub accepts: bool,
    /// Where the network's checker answers.
    pub checker: Option<String>,
    /// Whose certificates the checker may show.
    pub trust: Trust,
    /// Where the tunnels of nodes listen: at the port after that of the interface when `None`.
    pub tunnels: Option<SocketAddr>,
    /// The Python that has Ray.
    pub python: Option<RayPython>,
    /// The folder of the machine's numbers of rooms; none is the usual one.
    pub slots: Option<PathBuf>,
    /// How often it looks at what passes with time alone, wall time.
    pub tick: Duration,
}

impl ClusterConfig {
    /// A device that is for hire at these prices.
    pub fn new(operator: OperatorConfig, folder: PathBuf, profile: Profile, asks: Vec<Money>) -> Self {
        Self {
            operator,
            folder,
            profile,
            accepts: !asks.is_empty(),
            asks,
            checker: None,
            trust: Trust::default(),
            tunnels: None,
            python: None,
            slots: None,
            tick: Duration::from_secs(1),
        }
    }

    /// Its id on the ledger, under an account.
    pub fn device(&self, owner: Address) -> UnitId {
        device_id(owner, self.operator.name)
    }

    /// What it says of itself on the ledger.
    pub(super) fn terms(&self, url: &str, can_run: bool) -> DeviceTerms {
        DeviceTerms {
            profile: self.profile,
            url: url.to_owned(),
            asks: self.asks.clone(),
            accepts: self.accepts && can_run && !self.asks.is_empty(),
        }
    }
}

/// Settings of the checker's daemon.
#[derive(Clone, Debug)]
pub struct CheckerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Certificate and key of its interface.
    pub tls: Option<depin_serve::Tls>,
    /// Where it keeps when it saw each hour's seed.
    pub folder: PathBuf,
    /// Which addresses of devices it connects to.
    pub reach: Reach,
    /// Whose certificates devices may show.
    pub trust: Trust,
}
