//! Starting an operator: its chain, its address, its interface, its loop.

use super::{
    duty::Duty,
    error::StartError,
    handle::OperatorHandle,
    http::{Metrics, Routes, router},
    metrics::{Figures, StatusMetrics},
    round::{Runner, stopped},
    status::SharedStatus,
};
use depin_client::{Client, ClientError, Sender, SenderConfig, SigningKey};
use depin_quantity::{Address, Name, Span};
use depin_serve::{Listener, Port, Tls, json, serve};
use futures::future::BoxFuture;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle};

/// Pause between two tries to ask the node for its chain.
const ASK_PAUSE: Duration = Duration::from_millis(200);

/// Settings of an operator of any service.
#[derive(Clone, Debug)]
pub struct OperatorConfig {
    /// Name for tables; registered on the ledger.
    pub name: Name,
    /// Where the HTTP interface listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Base URL under which others reach it; that of the address listened on when `None`.
    pub url: Option<String>,
    /// Certificate and key of its interface; plain HTTP when absent.
    pub tls: Option<Tls>,
    /// The chain to serve; asked from the node when `None`.
    pub chain_id: Option<Name>,
    /// How often everything is read anew from the ledger, wall time. Nothing depends on having seen an event.
    pub resync: Duration,
    /// How often rewards are claimed, ledger time.
    pub claim_every: Span,
    /// Longest wait for the node at start, when the chain must be asked for.
    pub start_timeout: Duration,
}

impl OperatorConfig {
    /// An operator that listens on a free port of loopback and serves whatever chain its node has.
    pub fn new(name: Name) -> Self {
        Self {
            name,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            url: None,
            tls: None,
            chain_id: None,
            resync: Duration::from_secs(60),
            claim_every: Span::from_days(1),
            start_timeout: Duration::from_secs(30),
        }
    }

    /// The chain to serve; where it is not set the node is asked until it answers or the time is over.
    ///
    /// # Errors
    /// [`ClientError`]: the last answer.
    pub async fn chain(&self, client: &Client) -> Result<Name, ClientError> {
        if let Some(chain_id) = self.chain_id {
            return Ok(chain_id);
        }
        let begun = tokio::time::Instant::now();
        loop {
            match client.status().await {
                Ok(status) => return Ok(status.chain_id),
                Err(error) if error.is_passing() && begun.elapsed() < self.start_timeout => tokio::time::sleep(ASK_PAUSE).await,
                Err(error) => return Err(error),
            }
        }
    }
}

/// An operator that has its address and does nothing yet: what a service needs to know before its own part can be built.
#[derive(Debug)]
pub struct Operator<F> {
    config: OperatorConfig,
    sender: Sender,
    listener: Listener,
    url: String,
    status: SharedStatus<F>,
    metrics: Arc<Metrics>,
}

impl<F: Figures> Operator<F> {
    /// Listens, so that its URL is known. Nothing is answered before [`Operator::start`].
    ///
    /// # Errors
    /// [`StartError::Listen`], [`StartError::Url`]; the node's, when the chain must be asked for.
    pub async fn bind(config: OperatorConfig, client: Client, key: SigningKey) -> Result<Self, StartError> {
        let chain_id = config.chain(&client).await?;
        let refused = |source| StartError::Listen { address: config.listen, source };
        let listener = Listener::bind(config.listen, config.tls.clone()).await.map_err(refused)?;
        let url = public_url(&config, listener.local_addr().map_err(refused)?, listener.url().map_err(refused)?)?;
        let status = SharedStatus::new(key.address(), config.name, url.clone());
        let metrics = Arc::new(Metrics::new());
        metrics.registry().register_collector(Box::new(StatusMetrics(status.clone())));
        let sender = SenderConfig { chain_id: Some(chain_id), ..SenderConfig::default() };
        let sender = Sender::with_config(client, key, sender);
        Ok(Self { config, sender, listener, url, status, metrics })
    }

    /// Its address on the ledger.
    pub fn address(&self) -> Address {
        self.sender.address()
    }

    /// Base URL under which others reach it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends with its key. Whoever else sends with that key in this process takes a clone, since clones share the nonce.
    pub const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// What it says of itself.
    pub const fn status(&self) -> &SharedStatus<F> {
        &self.status
    }

    /// Its metrics page, to register more on.
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Serves the HTTP interface and starts to follow the ledger. `helpers` run beside it, and are dropped when it stops. Returns
    /// at once; [`OperatorHandle::ready`] waits for the rest, which goes on trying while the node is away.
    pub fn start<D: Duty<Figures = F>>(
        self,
        duty: D,
        routes: Routes,
        helpers: impl IntoIterator<Item = BoxFuture<'static, ()>>,
    ) -> OperatorHandle<F> {
        let Self { config, sender, listener, url, status, metrics } = self;
        let address = sender.address();
        let (stop, stopping) = watch::channel(false);
        let shown = status.clone();
        let port = Port::new("provider", routes.limits.clone(), json);
        port.meters().register(&mut metrics.registry());
        let routes = router(routes, metrics, move || shown.public());
        // The sender is gone only when the handle is: that is a stop as well.
        let mut stop_serving = stopping.clone();
        let server = tokio::spawn(serve(listener, routes, port, async move { stopped(&mut stop_serving).await }));
        let helpers = helpers.into_iter().map(tokio::spawn).collect();
        let runner = Runner::new(duty, config, sender, status.clone(), stopping);
        let (ended, end) = watch::channel(None);
        let watcher = tokio::spawn(watch_end(tokio::spawn(runner.run()), ended));
        tracing::info!(%address, url, "the provider serves");
        OperatorHandle { address, url, status, stop, server, watcher, helpers, end }
    }
}

fn public_url(config: &OperatorConfig, bound: SocketAddr, own: String) -> Result<String, StartError> {
    match &config.url {
        Some(url) => Ok(url.trim_end_matches('/').to_owned()),
        None if bound.ip().is_unspecified() => Err(StartError::Url { address: bound }),
        None => Ok(own),
    }
}

async fn watch_end(mut runner: JoinHandle<()>, ended: watch::Sender<Option<String>>) {
    struct Abort<'a>(&'a mut JoinHandle<()>);
    impl Drop for Abort<'_> {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    let guard = Abort(&mut runner);
    let reason = match (&mut *guard.0).await {
        Ok(()) => None,
        Err(error) => Some(format!("the provider's daemon ended: {error}")),
    };
    ended.send_replace(reason);
}
