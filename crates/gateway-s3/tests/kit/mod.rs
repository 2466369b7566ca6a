//! What the tests run against: providers that are folders, a market in memory (and in a file, for crashes), a clock that is set by
//! hand, and a small S3 client with its own signing.

#![allow(dead_code, unused_imports, reason = "each test binary uses its own part")]

mod market;
mod providers;
mod s3;

pub use market::LocalMarket;
pub use providers::{Behaviour, FolderProviders};
pub use s3::{Answer, S3Client, sha256_hex};

use depin_gateway_s3::{Clock, Config, Gateway, GatewayError, Handle};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub const ACCESS: &str = "TESTACCESSKEY";
pub const SECRET: &str = "test-secret-key-0123456789";

/// Payload of a full shard in most tests: 127 · 2^10 bytes, so that a segment holds 260,096 bytes.
pub const SHARD: u64 = 127 << 10;

/// A clock that moves only when told.
pub struct HandClock(AtomicU64);

impl HandClock {
    pub fn new(ms: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(ms)))
    }

    pub fn advance(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A gateway over folders.
pub struct Kit {
    pub folder: tempfile::TempDir,
    pub providers: Arc<FolderProviders>,
    pub market: Arc<LocalMarket>,
    pub clock: Arc<HandClock>,
    pub config: Config,
    pub handle: Option<Handle>,
    pub s3: S3Client,
}

impl Kit {
    /// A running gateway with `count` providers and small shards.
    pub async fn start(count: usize) -> Self {
        Self::start_with(count, |_| {}).await
    }

    pub async fn start_with(count: usize, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let providers = FolderProviders::new(folder.path().join("providers"), count);
        let market = LocalMarket::new(&providers, None);
        // Whatever day: only differences matter.
        let clock = HandClock::new(1_800_000_000_000);
        let mut config = small(folder.path());
        change(&mut config);
        let handle = Gateway::start(config.clone(), providers.clone(), market.clone(), clock.clone()).await.unwrap();
        let s3 = S3Client::new(handle.endpoint(), ACCESS, SECRET);
        Self { folder, providers, market, clock, config, handle: Some(handle), s3 }
    }

    pub fn handle(&self) -> &Handle {
        self.handle.as_ref().unwrap()
    }

    /// Stops in good order and starts again in the same home.
    pub async fn restart(&mut self) {
        if let Some(handle) = self.handle.take() {
            handle.stop().await;
        }
        let handle = self.try_start().await.unwrap();
        self.s3 = S3Client::new(handle.endpoint(), ACCESS, SECRET);
        self.handle = Some(handle);
    }

    pub async fn try_start(&self) -> Result<Handle, GatewayError> {
        Gateway::start(self.config.clone(), self.providers.clone(), self.market.clone(), self.clock.clone()).await
    }

    /// Ticks the renewal service and the market alternately, ten virtual seconds apart.
    pub async fn settle(&self) {
        for _ in 0..6 {
            self.handle().keep().await;
            self.market.step();
            self.clock.advance(10_000);
        }
        self.handle().keep().await;
    }

    /// Lets ledger and wall time pass, looking after deals ten times on the way.
    pub async fn live(&self, ms: u64) {
        for _ in 0..10 {
            self.clock.advance(ms / 10);
            self.market.advance(ms / 10);
            for _ in 0..2 {
                self.handle().keep().await;
                self.market.step();
            }
        }
        self.handle().keep().await;
    }
}

pub fn small(home: &Path) -> Config {
    let mut config = Config::new(home.join("gateway"), ACCESS, SECRET);
    config.shard_payload = SHARD;
    config.flush = Duration::from_millis(10);
    config.hedge = Duration::from_millis(300);
    config.renewal.automatic = false;
    config
}

/// Bytes that do not repeat, different for each seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
