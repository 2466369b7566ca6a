//! A mobile access point as a whole: its RADIUS port, its heartbeats, and its duty, put together and started.

use super::{
    config::MobileConfig,
    counters::Counters,
    duty::MobileDuty,
    pulse::Pulse,
    radius::Front,
    status::{MobileFigures, MobileStatus},
    store::{Store, StoreError},
    tester::{Tester, Trouble},
};
use crate::operator::{Operator, OperatorHandle, Routes, StartError};
use depin_client::{Client, SigningKey};
use depin_quantity::Address;
use futures::{FutureExt as _, future::BoxFuture};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Why a mobile access point does not start.
#[derive(Debug, thiserror::Error)]
pub enum MobileError {
    /// As any operator.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its RADIUS port.
    #[error(
        "cannot listen for RADIUS accounting on UDP {address}: {source}; choose another port with --radius, or 0 for a free one"
    )]
    Radius {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// A mobile access point; see [`MobileDaemon::start`].
#[derive(Debug)]
pub struct MobileDaemon;

impl MobileDaemon {
    /// Listens for RADIUS accounting, serves the HTTP interface and starts to follow the ledger. `key` is the owner's: it joins the access point,
    /// pays fees and sends what the access point signs. Returns when the ports answer; [`MobileHandle::ready`] waits for the rest.
    ///
    /// # Errors
    /// [`MobileError`]; then nothing runs.
    pub async fn start(config: MobileConfig, client: Client, key: SigningKey) -> Result<MobileHandle, MobileError> {
        let chain_id = config.operator.chain(&client).await.map_err(StartError::from)?;
        let store = Store::open(&config.folder, config.access_point.address())?;
        let counters = Arc::new(Counters::default());
        let refused = |source| MobileError::Radius { address: config.radius, source };
        let (site, clock) = (config.site.clone(), Arc::clone(&config.clock));
        let front = Front::bind(config.radius, site, store.clone(), Arc::clone(&counters), clock).await.map_err(refused)?;
        let front = Arc::new(front);
        let radius = front.address().map_err(refused)?;
        let operator = Operator::<MobileFigures>::bind(config.operator.clone(), client.clone(), key).await?;
        let (made, makes) = watch::channel(0);
        let (access_point, every) = (config.access_point.address(), config.report_every);
        let trouble = Trouble::default();
        let tester = config.speed_server.clone().map(|server| Tester {
            config: config.clone(),
            server,
            client: client.clone(),
            sender: operator.sender().clone(),
            chain_id,
            counters: Arc::clone(&counters),
            trouble: Arc::clone(&trouble),
        });
        let pulse = Pulse {
            config: config.clone(),
            client,
            sender: operator.sender().clone(),
            chain_id,
            counters: Arc::clone(&counters),
        };
        let duty = MobileDuty {
            owner: operator.address(),
            chain_id,
            sender: operator.sender().clone(),
            store,
            counters,
            front: Arc::clone(&front),
            trouble,
            made: makes,
            config,
        };
        let mut helpers: Vec<BoxFuture<'static, ()>> =
            vec![front.serve(made.clone()).boxed(), pulse.run().boxed(), refresh(made, every).boxed()];
        helpers.extend(tester.map(|tester| tester.run().boxed()));
        // Everything that it knows is in its store, which opened: it can work when it runs.
        Ok(MobileHandle { operator: operator.start(duty, Routes::none(), helpers), access_point, radius })
    }
}

/// Has sessions that go on reported, and figures brought up to date.
async fn refresh(made: watch::Sender<u64>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        made.send_modify(|made| *made += 1);
    }
}

/// A running access point. Dropped without [`MobileHandle::stop`] it is cut off as by a crash, which the next start recovers from.
#[derive(Debug)]
pub struct MobileHandle {
    operator: OperatorHandle<MobileFigures>,
    access_point: Address,
    radius: SocketAddr,
}

impl MobileHandle {
    /// The access point's own address on the ledger.
    pub const fn access_point(&self) -> Address {
        self.access_point
    }

    /// The owner's address.
    pub const fn owner(&self) -> Address {
        self.operator.address()
    }

    /// Where its radios send accounting.
    pub const fn radius(&self) -> SocketAddr {
        self.radius
    }

    /// Base URL of its HTTP interface.
    pub fn url(&self) -> &str {
        self.operator.url()
    }

    /// What it says of itself now.
    pub fn status(&self) -> MobileStatus {
        self.operator.status()
    }

    /// Waits until it is joined, located, has given its hexes, and has gone through everything once.
    pub async fn ready(&self) {
        self.operator.ready().await;
    }

    /// Resolves with the reason when it cannot go on: a defect of this program.
    pub fn failed(&self) -> impl Future<Output = String> + Send + 'static + use<> {
        self.operator.failed()
    }

    /// Stops in order, within some seconds.
    pub async fn stop(self) {
        self.operator.stop().await;
    }
}
