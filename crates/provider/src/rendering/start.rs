//! A node as a whole: its store, its bench, its duty and its interface, put together and started.

use super::{
    bench::{Bench, Now},
    config::RenderingConfig,
    duty::RenderingDuty,
    files::Files,
    http::Door,
    status::{RenderingFigures, RenderingStatus},
    store::{Store, StoreError},
};
use crate::operator::{Operator, OperatorConfig, OperatorHandle, StartError};
use depin_client::{Client, SigningKey};
use depin_quantity::{Address, UnitId};
use futures::{FutureExt as _, future::BoxFuture};
use std::{io, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum RenderingError {
    /// As any operator.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its folder.
    #[error("cannot use the folder {}: {source}", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A node that renders; see [`RenderingNode::start`].
#[derive(Debug)]
pub struct RenderingNode;

impl RenderingNode {
    /// Serves its interface, goes on with what was ordered, and starts to follow the ledger. Returns when the interface answers;
    /// [`RenderingHandle::ready`] waits for the rest, which goes on trying while the ledger's node is away.
    ///
    /// # Errors
    /// [`RenderingError`]; then nothing runs.
    pub async fn start(config: RenderingConfig, client: Client, key: SigningKey) -> Result<RenderingHandle, RenderingError> {
        let node = config.node(key.address());
        let store = Store::open(&config.folder, node)?;
        let files =
            Files::open(&config.folder).map_err(|source| RenderingError::Folder { folder: config.folder.clone(), source })?;
        let chain_id = config.operator.chain(&client).await.map_err(StartError::from)?;
        let own = OperatorConfig { chain_id: Some(chain_id), ..config.operator.clone() };
        let operator = Operator::<RenderingFigures>::bind(own, client.clone(), key).await?;
        let changes = watch::Sender::new(0);
        let now = Now::default();
        let bench = Bench {
            config: config.clone(),
            client: client.clone(),
            node,
            store: store.clone(),
            files: files.clone(),
            now: Arc::clone(&now),
            changes: changes.clone(),
        };
        let parts = (config.clone(), client.clone(), chain_id, node);
        let door = Arc::new(Door::new(parts, (store.clone(), files.clone(), now), changes.clone()));
        let tick = config.tick;
        let url = operator.url().to_owned();
        let duty = RenderingDuty { config, url, node, client, store, files, changes: changes.clone() };
        let helpers: Vec<BoxFuture<'static, ()>> = vec![bench.run().boxed(), ticking(changes, tick).boxed()];
        let operator = operator.start(duty, door.routes(), helpers);
        Ok(RenderingHandle { operator, node })
    }
}

/// Has time noticed: tickets come due by the ledger's time, which passes without events.
async fn ticking(changes: watch::Sender<u64>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        changes.send_modify(|n| *n += 1);
    }
}

/// A running node. Dropped without [`RenderingHandle::stop`] it is cut off as by a crash, which the next start recovers from.
#[derive(Debug)]
pub struct RenderingHandle {
    operator: OperatorHandle<RenderingFigures>,
    node: UnitId,
}

impl RenderingHandle {
    /// Its owner's address on the ledger.
    pub const fn address(&self) -> Address {
        self.operator.address()
    }

    /// Its id on the ledger.
    pub const fn node(&self) -> UnitId {
        self.node
    }

    /// Base URL under which dispatchers reach it.
    pub fn url(&self) -> &str {
        self.operator.url()
    }

    /// What it says of itself now.
    pub fn status(&self) -> RenderingStatus {
        self.operator.status()
    }

    /// Waits until it is registered and has gone through everything once. Goes on waiting while there are problems;
    /// [`RenderingHandle::status`] names them.
    pub async fn ready(&self) {
        self.operator.ready().await;
    }

    /// Resolves with the reason when it cannot go on: a defect of this program.
    pub fn failed(&self) -> impl Future<Output = String> + Send + 'static + use<> {
        self.operator.failed()
    }

    /// Stops in order, within some seconds. A frame that is being rendered is begun anew by the next start.
    pub async fn stop(self) {
        self.operator.stop().await;
    }
}
