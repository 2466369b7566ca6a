//! Settings of a gateway.

use depin_files::Floor;
use depin_serve::Tls;
use depin_services::metered::MeteredParams;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Settings of a metering gateway.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its folder: the store and the access key.
    pub folder: PathBuf,
    /// Address that it listens on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The network's parameters of the service.
    pub params: MeteredParams,
    /// Begins a new store where the folder's own is lost or damaged; what is left of it is set aside. A store that is whole is not
    /// replaced.
    pub new_store: bool,
    /// Most reports that wait to be sent; more are told to come back.
    pub queue_max: usize,
    /// After how long a report is sent again that the ledger cannot take now, such as while a price is stale; each try costs a fee.
    pub put_off: Duration,
    /// For how long reports are kept, wall time, once they are settled or refused; as long, their ids are the same report.
    pub keep: Duration,
    /// How long an answer waits for the ledger to decide an action, before it says that this is still under way.
    pub patience: Duration,
    /// Free space on the folder's disk below which nothing is taken.
    pub floor: Floor,
    /// Certificate and key of its interface; plain HTTP when absent.
    pub tls: Option<Tls>,
}

impl Config {
    /// A gateway on a free port of loopback, with the usual limits.
    pub fn new(folder: impl Into<PathBuf>, params: MeteredParams) -> Self {
        let folder = folder.into();
        Self {
            floor: Floor::new(&folder, None),
            folder,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            params,
            new_store: false,
            queue_max: 100_000,
            put_off: Duration::from_secs(30),
            keep: Duration::from_secs(90 * 24 * 60 * 60),
            patience: Duration::from_secs(20),
            tls: None,
        }
    }
}
