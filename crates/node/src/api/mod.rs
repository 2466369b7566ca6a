//! The HTTP API: JSON under `/v1`, health, metrics, and its own description.
//!
//! In: requests. Out: what the ledger, the pool, the index and the engine say, as the wire types of `depin-client`. Every error has
//! the same form. Lists are bounded, bodies are bounded, waiting is bounded. Absent on purpose: rules, keys, writes of any kind but
//! handing a transaction to the pool.

mod accounts;
mod batch;
mod blocks;
mod chain;
mod chance;
mod costly;
mod days;
mod economy;
mod error;
mod events;
mod extract;
mod network;
mod render;
mod serve;
mod services;
mod transactions;
mod written;

pub(crate) use costly::Costly;
pub(crate) use render::Tokens;
pub(crate) use serve::{Server, port};
pub(crate) use transactions::HandingIn;
pub(crate) use written::Written;

use crate::{
    beat::Beat, disk::Disk, index::Index, metrics::Metrics, pool::Pool, signatures::CheckedSignatures, waiters::Waiters,
};
use axum::{Router, http::StatusCode};
use depin_client::api::{ErrorBody, Stalled, code};
use depin_engine::{Clock, Handle, Header};
use depin_ledger::{Head, Ledger};
use depin_quantity::{Address, Instant};
use depin_serve::{Places, Yields};
use depin_services::Live;
use depin_state::ReadState;
use error::{ApiError, ApiResult};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use utoipa::{IntoParams, OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Longest wait for the index to catch up with a block that is final.
const INDEX_WAIT: Duration = Duration::from_secs(5);
/// Event streams open at once.
const STREAMS_MAX: usize = 512;
/// Lists that are looked through at once, at most and on half of the processors: the rest of the machine is the chain's.
const SCANS_MAX: usize = 2;
/// Bytes of the largest body that is of use here: a batch of transactions.
const BATCH_BYTES: usize = depin_client::api::BATCH_BYTES_MAX;

/// Everything that handlers use.
pub(crate) struct App {
    pub ledger: Arc<Ledger>,
    pub pool: Arc<Pool>,
    pub index: Arc<Index>,
    pub engine: Handle,
    pub signatures: Arc<CheckedSignatures>,
    pub waiters: Waiters,
    pub metrics: Metrics,
    /// The disk of the node's folder.
    pub disk: Arc<Disk>,
    pub tokens: Tokens,
    /// Names of genesis accounts.
    pub names: BTreeMap<Address, String>,
    /// Speed of ledger time that this node proposes with.
    pub speed: u32,
    /// What blocks are stamped by.
    pub clock: Arc<Clock>,
    /// Whether blocks come.
    pub beat: Arc<Beat>,
    /// Why the node is about to end, once it is.
    pub failure: watch::Receiver<Option<String>>,
    /// Set when the node stops.
    pub stopping: watch::Receiver<bool>,
    /// The last audit.
    pub audited: Costly<depin_client::api::Audit>,
    /// The last digest of all rows.
    pub digested: Costly<depin_client::api::Content>,
    /// Lists that may be looked through at once.
    pub scans: Arc<Semaphore>,
    /// How much handing in may go on at once.
    pub handing_in: HandingIn,
    /// Event streams that may be open at once.
    pub streams: Places,
}

pub(crate) type Shared = Arc<App>;

impl App {
    pub fn scan_permits() -> Arc<Semaphore> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Arc::new(Semaphore::new((processors / 2).clamp(1, SCANS_MAX)))
    }

    pub fn stream_places() -> Places {
        // Clients come back by themselves and miss nothing.
        Places::new(STREAMS_MAX, Yields::Oldest)
    }

    /// The storage service's parameters.
    fn storage(&self) -> ApiResult<&depin_services::storage::StorageParams> {
        let service = self.ledger.service().name();
        let storage = self.ledger.service().storage().map(|storage| &storage.params);
        storage.ok_or_else(|| ApiError::not_found(format!("this network runs the service `{service}`, and stores nothing")))
    }

    /// Reads the finalized rows with the economy's eyes.
    fn read<T>(&self, f: impl FnOnce(&dyn ReadState, &depin_economy::Reads<'_>) -> T) -> T {
        let now = self.now();
        self.ledger.read_in_turn(|state| f(state, &self.ledger.economy().reads(state, now)))
    }

    /// The same for a list, which may look through many rows: in turns, and written down in the same turn.
    async fn list<T: Serialize>(
        self: &Arc<Self>,
        f: impl FnOnce(&Self, &dyn ReadState, &depin_economy::Reads<'_>) -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<Written> {
        let turn = self.turn().await?;
        self.written(turn, move |app| app.read(|state, reads| f(app, state, reads))).await
    }

    /// A turn to look up and write a long answer, of which few are made at once.
    async fn turn(&self) -> ApiResult<OwnedSemaphorePermit> {
        Arc::clone(&self.scans).acquire_owned().await.map_err(ApiError::internal)
    }

    /// Writes a long answer on a thread of its own, so that nothing which answers others or makes blocks waits for it.
    async fn written<T: Serialize>(
        self: &Arc<Self>,
        turn: OwnedSemaphorePermit,
        make: impl FnOnce(&Self) -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<Written> {
        let app = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            Written::of(&make(&app)?)
        });
        written.await.map_err(ApiError::internal)?
    }

    /// Ledger time of the last final block.
    fn now(&self) -> Instant {
        self.ledger.head().time
    }

    /// Name of an account: from the genesis document, or as the service calls it.
    fn name_of(&self, state: &dyn ReadState, address: Address) -> Option<String> {
        self.names.get(&address).cloned().or_else(|| self.ledger.service().label(state, address))
    }

    /// Refuses what makes no sense on a node that is about to end.
    fn well(&self) -> ApiResult<()> {
        match &*self.failure.borrow() {
            Some(reason) => Err(ApiError::busy(format!("the node is about to end: {reason}"))),
            None => Ok(()),
        }
    }

    /// Header of the last block that is final and durable. The engine has it in memory: a node whose store hangs can still be asked.
    async fn tip_header(&self) -> ApiResult<Header> {
        let height = self.engine.finalized().borrow().height;
        self.engine.header(height).await?.ok_or_else(|| ApiError::internal(format!("block {height} is missing")))
    }

    /// Since when no block came, and what to look at, once that is too long.
    fn stalled(&self) -> Option<Stalled> {
        self.beat.stalled(self.pool.waiting_since())
    }

    /// Waits until everything that is final now can be found in the index.
    ///
    /// # Errors
    /// 503 when that takes too long.
    async fn index_caught_up(&self) -> ApiResult<()> {
        let Head { height, .. } = self.ledger.head();
        let mut tips = self.engine.finalized();
        let mut marks = self.index.watch();
        let caught_up = async {
            let receipts = tips.wait_for(|tip| tip.height >= height).await.ok()?.receipts_len;
            marks.wait_for(|marks| marks.next_receipt >= receipts).await.ok().map(drop)
        };
        match tokio::time::timeout(INDEX_WAIT, caught_up).await {
            Ok(Some(())) => Ok(()),
            Ok(None) => Err(ApiError::busy("the node is stopping")),
            Err(_) => Err(ApiError::busy("the index is behind the chain")),
        }
    }
}

/// Parameters of lists that come in pages.
#[derive(Clone, Debug, Default, serde::Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// The `next` of the page before.
    after: Option<String>,
    /// Most entries in the answer.
    limit: Option<u32>,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "depin node",
        description = "Reads of a depin chain and a place to hand in signed transactions. Amounts are whole base units as strings, with text for people beside them."
    ),
    components(schemas(ErrorBody))
)]
struct Description;

/// The routes of a node whose network runs `service`, and their description.
fn described(service: &Live) -> (Router<Shared>, utoipa::openapi::OpenApi) {
    let (router, mut api) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(chain::health))
        .routes(routes!(chain::metrics))
        .routes(routes!(chain::openapi))
        .routes(routes!(chain::status))
        .routes(routes!(chain::content))
        .routes(routes!(blocks::blocks))
        .routes(routes!(blocks::block))
        .routes(routes!(accounts::accounts))
        .routes(routes!(accounts::account))
        .routes(routes!(accounts::rewards))
        .routes(routes!(days::days))
        .routes(routes!(transactions::submit))
        .routes(routes!(batch::submit_batch))
        .routes(routes!(transactions::transaction))
        .routes(routes!(events::events))
        .routes(routes!(events::stream))
        .routes(routes!(economy::supply))
        .routes(routes!(economy::prices))
        .routes(routes!(economy::audit))
        .routes(routes!(network::network))
        .merge(services::routes(service))
        .split_for_parts();
    api.info.version = env!("CARGO_PKG_VERSION").to_owned();
    (router, api)
}

/// The description alone.
fn description(service: &Live) -> utoipa::openapi::OpenApi {
    described(service).1
}

/// The whole service.
pub(crate) fn router(app: Shared) -> Router {
    let (router, _) = described(app.ledger.service());
    let router = router.fallback(unknown_path).method_not_allowed_fallback(unknown_method).with_state(Arc::clone(&app));
    serve::guarded(router, &app)
}

async fn unknown_path(uri: axum::http::Uri) -> ApiError {
    let path: String = uri.path().chars().take(100).collect();
    let hint = "the paths are in /openapi.json";
    ApiError::new(StatusCode::NOT_FOUND, code::NOT_FOUND, format!("there is no `{path}` here"), hint)
}

async fn unknown_method(method: axum::http::Method) -> ApiError {
    let message = format!("this path does not take {method}");
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", message, "the methods are in /openapi.json")
}
