//! Settings of a dispatcher.

use depin_client::{Reach, Trust};
use depin_files::Floor;
use depin_serve::Tls;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Settings of a dispatcher.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its folder: the store, the access key, scenes and frames.
    pub folder: PathBuf,
    /// Address that it listens on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Begins a new store where the folder's own is lost or damaged; what is left of it is set aside. A store that is whole is not
    /// replaced.
    pub new_store: bool,
    /// Largest sealed scene that is taken, bytes.
    pub scene_most: u64,
    /// How long scenes are kept that no job needs.
    pub keep_scenes: Duration,
    /// Free space on the folder's disk below which nothing is taken.
    pub floor: Floor,
    /// Certificate and key of its interface; plain HTTP when absent.
    pub tls: Option<Tls>,
    /// Which addresses of nodes are connected to.
    pub reach: Reach,
    /// Whose certificates nodes show.
    pub trust: Trust,
    /// Pause between two looks at the ledger.
    pub look: Duration,
}

impl Config {
    /// A dispatcher on a free port of loopback, with the usual limits.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self {
            floor: Floor::new(&folder, None),
            folder,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            new_store: false,
            scene_most: 4 << 30,
            keep_scenes: Duration::from_secs(7 * 24 * 60 * 60),
            tls: None,
            reach: Reach::public(),
            trust: Trust::default(),
            look: Duration::from_secs(1),
        }
    }
}
