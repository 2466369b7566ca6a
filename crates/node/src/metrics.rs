//! Metrics in Prometheus' text form.
//!
//! In: what happens in this process, and what the ledger, the pool and the index show when somebody asks. Out: one page of text.
//! Counters begin at zero with the process.

use crate::pool::PoolSize;
use depin_files::Level;
use depin_ledger::ReceiptBody;
use depin_services::Live;
use depin_state::Tables;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

type Float = Gauge<f64, AtomicU64>;

/// Label of a transaction counter.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabel {
    action: String,
    outcome: &'static str,
}

/// Label of a figure per token.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TokenLabel {
    token: String,
}

/// Label of a refusal counter.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CodeLabel {
    code: String,
}

/// Supply of one token in whole tokens, for a gauge.
#[derive(Clone, Debug, PartialEq)]
pub struct SupplyFigure {
    /// The token.
    pub token: String,
    /// Minted so far.
    pub minted: f64,
    /// Burned so far.
    pub burned: f64,
}

/// What is read when somebody asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape {
    /// The pool's size.
    pub pool: PoolSize,
    /// Receipts in the durable log.
    pub log_len: u64,
    /// Receipts in the index.
    pub indexed: u64,
    /// The service's figures, in its own order.
    pub service: Vec<u128>,
    /// Rows of the finalized state.
    pub rows: u64,
    /// Room on the disk, where the system says.
    pub disk: Option<Level>,
    /// Milliseconds by which the chain's clock is ahead of the wall clock.
    pub clock_off_ms: i64,
    /// Milliseconds by which the wall clock jumped and is not followed.
    pub clock_jump_ms: i64,
    /// How long ago the last block became final.
    pub block_age: Duration,
    /// Per token.
    pub supply: Vec<SupplyFigure>,
}

/// All metrics of a node. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    height: Gauge,
    ledger_time: Float,
    pool_transactions: Gauge,
    pool_bytes: Gauge,
    block_seconds: Histogram,
    transactions: Family<OutcomeLabel, Counter>,
    refusals: Family<CodeLabel, Counter>,
    work: Counter,
    index_lag: Gauge,
    index_position: Gauge,
    /// The service's figures, in its own order.
    service: Vec<Gauge>,
    rows: Gauge,
    disk_free: Gauge,
    disk_floor: Gauge,
    disk_refuses: Gauge,
    clock_off: Float,
    clock_jump: Float,
    block_age: Float,
    minted: Family<TokenLabel, Float>,
    burned: Family<TokenLabel, Float>,
    requests: Counter,
    streams: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Everything at zero, for a node whose network runs `service`, with what its port counts.
    pub fn new(service: &Live, port: &depin_serve::Meters) -> Self {
        let mut inner = Inner {
            registry: Registry::with_prefix("depin"),
            height: Gauge::default(),
            ledger_time: Float::default(),
            pool_transactions: Gauge::default(),
            pool_bytes: Gauge::default(),
            // From 0.1 ms to about 3 s.
            block_seconds: Histogram::new(prometheus_client::metrics::histogram::exponential_buckets(0.0001, 2.0, 16)),
            transactions: Family::default(),
            refusals: Family::default(),
            work: Counter::default(),
            index_lag: Gauge::default(),
            index_position: Gauge::default(),
            service: Vec::new(),
            rows: Gauge::default(),
            disk_free: Gauge::default(),
            disk_floor: Gauge::default(),
            disk_refuses: Gauge::default(),
            clock_off: Float::default(),
            clock_jump: Float::default(),
            block_age: Float::default(),
            minted: Family::default(),
            burned: Family::default(),
            requests: Counter::default(),
            streams: Gauge::default(),
        };
        inner.register();
        port.register(&mut inner.registry);
        inner.register_service(service);
        Self { inner: Arc::new(inner) }
    }

    /// A block was chosen or run in `took`.
    pub fn ran_block(&self, took: Duration) {
        self.inner.block_seconds.observe(took.as_secs_f64());
    }

    /// A block is final.
    pub fn finalized(&self, height: u64, time_ms: u64, work: u64) {
        self.inner.height.set(signed(height));
        self.inner.ledger_time.set(time_ms as f64 / 1000.0);
        self.inner.work.inc_by(work);
    }

    /// A receipt was indexed.
    pub fn receipt(&self, body: &ReceiptBody) {
        if let ReceiptBody::Transaction { action, failure, .. } = body {
            let outcome = if failure.is_some() { "failed" } else { "done" };
            self.inner.transactions.get_or_create(&OutcomeLabel { action: action.clone(), outcome }).inc();
        }
    }

    /// A transaction was not taken.
    pub fn refused(&self, code: &str) {
        self.inner.refusals.get_or_create(&CodeLabel { code: code.to_owned() }).inc();
    }

    /// A request came.
    pub fn request(&self) {
        self.inner.requests.inc();
    }

    /// Counts an event stream until the answer is dropped.
    pub fn stream(&self) -> StreamCount {
        self.inner.streams.inc();
        StreamCount(self.inner.streams.clone())
    }

    /// The page, with `scrape` as the present figures.
    ///
    /// # Errors
    /// [`fmt::Error`] never, since text is written to memory.
    pub fn page(&self, scrape: &Scrape) -> Result<String, fmt::Error> {
        let inner = &self.inner;
        inner.pool_transactions.set(signed(scrape.pool.count as u64));
        inner.pool_bytes.set(signed(scrape.pool.bytes as u64));
        inner.index_lag.set(signed(scrape.log_len.saturating_sub(scrape.indexed)));
        inner.index_position.set(signed(scrape.indexed));
        for (gauge, value) in inner.service.iter().zip(&scrape.service) {
            gauge.set(i64::try_from(*value).unwrap_or(i64::MAX));
        }
        inner.rows.set(signed(scrape.rows));
        if let Some(level) = scrape.disk {
            inner.disk_free.set(signed(level.room.free));
            inner.disk_floor.set(signed(level.floor));
            inner.disk_refuses.set(i64::from(level.refuses()));
        }
        inner.clock_off.set(scrape.clock_off_ms as f64 / 1000.0);
        inner.clock_jump.set(scrape.clock_jump_ms as f64 / 1000.0);
        inner.block_age.set(scrape.block_age.as_secs_f64());
        for figure in &scrape.supply {
            let label = TokenLabel { token: figure.token.clone() };
            inner.minted.get_or_create(&label).set(figure.minted);
            inner.burned.get_or_create(&label).set(figure.burned);
        }
        let mut page = String::new();
        text::encode(&mut page, &inner.registry)?;
        Ok(page)
    }
}

impl Inner {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("height", "Height of the last final block", self.height.clone());
        registry.register("ledger_time_seconds", "Ledger time of the last final block since 1970", self.ledger_time.clone());
        registry.register("pool_transactions", "Transactions that wait", self.pool_transactions.clone());
        registry.register("pool_bytes", "Encoded bytes of the transactions that wait", self.pool_bytes.clone());
        registry.register("block_run_seconds", "Time to choose or run a block", self.block_seconds.clone());
        registry.register("transactions", "Transactions in final blocks by action and outcome", self.transactions.clone());
        registry.register("transactions_refused", "Transactions not taken by code", self.refusals.clone());
        registry.register("work_units", "Work units of transactions in final blocks", self.work.clone());
        registry.register("index_lag_receipts", "Durable receipts that the index has not read", self.index_lag.clone());
        registry.register("index_receipts", "Receipts that the index has read", self.index_position.clone());
        registry.register("state_rows", "Rows of the finalized state", self.rows.clone());
        registry.register("disk_free_bytes", "Free bytes on the node's disk", self.disk_free.clone());
        registry.register("disk_floor_bytes", "Bytes below which no new transactions are taken", self.disk_floor.clone());
        registry.register("disk_refuses", "1 while new transactions are refused for want of room", self.disk_refuses.clone());
        registry.register(
            "clock_off_seconds",
            "Seconds by which the chain's clock is ahead of the wall clock",
            self.clock_off.clone(),
        );
        let help = "Seconds by which the wall clock jumped ahead and is not followed; zero while it is";
        registry.register("clock_jump_seconds", help, self.clock_jump.clone());
        registry.register("block_age_seconds", "Seconds since the last block became final", self.block_age.clone());
        registry.register("supply_minted", "Minted so far, whole tokens", self.minted.clone());
        registry.register("supply_burned", "Burned so far, whole tokens", self.burned.clone());
        registry.register("http_requests", "Requests served", self.requests.clone());
        registry.register("http_event_streams", "Event streams open", self.streams.clone());
    }
}

impl Inner {
    /// A gauge for each figure that the service has, under the service's name.
    fn register_service(&mut self, service: &Live) {
        for figure in service.figures(&Tables::default()) {
            let gauge = Gauge::default();
            self.registry.register(format!("{}_{}", service.name(), figure.name), figure.help, gauge.clone());
            self.service.push(gauge);
        }
    }
}

/// An open event stream.
#[derive(Debug)]
pub struct StreamCount(Gauge);

impl Drop for StreamCount {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Gauges have a sign; figures here never reach half of the range.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
