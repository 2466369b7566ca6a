//! A storage provider as a whole: its store, its routes, its duty, put together and started.

use super::{
    ProviderConfig, ProviderHttp, ProviderStatus, Signatures, Store, StoreError, StoreSettings,
    duty::StorageDuty,
    funds::LedgerFunds,
    http::{Transfers, routes},
    scrub,
    status::StorageFigures,
};
use crate::operator::{Operator, OperatorHandle, StartError, blocking};
use crate::{Clock, SystemClock};
use depin_client::{Client, SigningKey, Verifier};
use depin_quantity::Address;
use futures::future::{BoxFuture, FutureExt as _};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};

/// Longest wait for a store that another process has open.
const STORE_WAIT: Duration = Duration::from_secs(5);
/// How often it is asked whether the store can go on.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often uploads that nobody wants any more are dropped.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// Why a provider did not start.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The daemon cannot start.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl Signatures for Verifier {
    fn verify(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        self.verify_one(key, message, signature)
    }
}

/// A storage provider; see [`Provider::start`].
#[derive(Debug)]
pub struct Provider;

impl Provider {
    /// Opens the store, serves the HTTP interface and starts to follow the ledger. Returns when the interface answers;
    /// [`ProviderHandle::ready`] waits for the rest, which goes on trying while the node is away.
    ///
    /// # Errors
    /// [`ProviderError`]; then nothing runs.
    pub async fn start(mut config: ProviderConfig, client: Client, key: SigningKey) -> Result<ProviderHandle, ProviderError> {
        let chain_id = config.operator.chain(&client).await.map_err(StartError::from)?;
        config.operator.chain_id = Some(chain_id);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        // Before the address is taken: the process before may be about to let go of both, and is waited for here.
        let store = open_store(config.store(), &clock).await?;
        let operator = Operator::<StorageFigures>::bind(config.operator.clone(), client.clone(), key).await?;
        let (status, asked, usual) = (operator.status().clone(), operator.status().clone(), config.ask.price);
        // What the ledger says of its ask, once it is registered.
        let price = move || asked.get().service.ask.map_or(usual, |ask| ask.price.units);
        let funds = LedgerFunds::new(client, operator.address(), store.settings().hold_ms, price);
        let http = ProviderHttp::new(
            config.http(operator.address(), chain_id),
            Arc::clone(&store),
            Arc::new(Verifier),
            Arc::new(funds),
            clock,
            Transfers::register(operator.metrics(), &store),
            move || serde_json::to_value(status.get().service.ask).unwrap_or_default(),
        );
        let helpers: [BoxFuture<'static, ()>; 2] =
            [scrub::run(Arc::clone(&store), config.scrub, |_| {}).boxed(), sweep(Arc::clone(&store)).boxed()];
        let duty = StorageDuty::new(config, operator.url().to_owned(), Arc::clone(&store));
        let operator = operator.start(duty, routes(Arc::new(http)), helpers);
        Ok(ProviderHandle { operator, store })
    }
}

/// Opens the store. One that is in use is waited for a little: the process before may be about to end.
async fn open_store(settings: StoreSettings, clock: &Arc<dyn Clock>) -> Result<Arc<Store>, StoreError> {
    let begun = tokio::time::Instant::now();
    loop {
        let (settings, clock) = (settings.clone(), Arc::clone(clock));
        match blocking(move || Store::open(settings, clock)).await {
            Err(StoreError::InUse { .. }) if begun.elapsed() < STORE_WAIT => tokio::time::sleep(Duration::from_millis(50)).await,
            done => return done,
        }
    }
}

/// Waits until a store can go on no more. One that is closed did not fail.
async fn store_failed(store: Weak<Store>) -> String {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        let Some(store) = store.upgrade() else { return std::future::pending().await };
        if let Ok(Some(why)) = tokio::task::spawn_blocking(move || store.failed()).await {
            return why;
        }
    }
}

async fn sweep(store: Arc<Store>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let swept = Arc::clone(&store);
        match blocking(move || swept.sweep()).await {
            Ok(gone) if !gone.is_empty() => tracing::info!(pieces = gone.len(), "dropped pieces that nobody wants any more"),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "could not drop unwanted pieces"),
        }
    }
}

/// A running provider. Dropped without [`ProviderHandle::stop`] it is cut off as by a crash, which the next start recovers from.
#[derive(Debug)]
pub struct ProviderHandle {
    operator: OperatorHandle<StorageFigures>,
    store: Arc<Store>,
}

impl ProviderHandle {
    /// Its address on the ledger.
    pub const fn address(&self) -> Address {
        self.operator.address()
    }

    /// Base URL under which others reach it.
    pub fn url(&self) -> &str {
        self.operator.url()
    }

    /// What it says of itself now.
    pub fn status(&self) -> ProviderStatus {
        self.operator.status()
    }

    /// Its piece store.
    pub const fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Waits until it is registered and has gone through all its deals once. Goes on waiting while there are problems;
    /// [`ProviderHandle::status`] names them.
    pub async fn ready(&self) {
        self.operator.ready().await;
    }

    /// Resolves with the reason when it cannot go on: its store can write no more, or a defect of this program.
    pub fn failed(&self) -> impl Future<Output = String> + Send + 'static + use<> {
        let (operator, store) = (self.operator.failed(), Arc::downgrade(&self.store));
        async move {
            tokio::select! {
                why = operator => why,
                why = store_failed(store) => why,
            }
        }
    }

    /// Stops in order: no new requests and no new messages, then the end of those under way, for at most some seconds.
    pub async fn stop(self) {
        self.operator.stop().await;
    }
}
