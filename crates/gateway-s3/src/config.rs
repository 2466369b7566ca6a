//! Settings of one gateway, checked once at start.

use crate::piece;
use depin_client::Keyring;
use depin_files::Floor;
use depin_quantity::{Span, Units};
use depin_serve::Tls;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// k-of-n: a segment of k data shards is stored as n shards, any k of which give it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Redundancy {
    /// Shards that are enough to read.
    pub k: usize,
    /// Shards that are stored, each at another provider.
    pub n: usize,
}

impl Redundancy {
    /// Bytes stored per byte of data, in thousandths (1,500 for 2-of-3), rounded up.
    pub fn overhead_permille(self) -> u64 {
        (self.n as u64 * 1000).div_ceil(self.k as u64)
    }
}

/// Where the owner sets no highest price, it is this many times the median of the live asks.
pub const PRICE_TIMES_MEDIAN: u128 = 4;

/// Terms under which the gateway buys storage.
#[derive(Clone, Debug)]
pub struct DealPolicy {
    /// Length of one deal, in ledger time.
    pub term: Span,
    /// A deal is extended when less than `term / renew_divisor` is left.
    pub renew_divisor: u64,
    /// Highest price per GiB of piece and epoch that is taken, in the token's base units, for placements, deals and renewals;
    /// [`PRICE_TIMES_MEDIAN`] times the median of the live asks when absent.
    pub max_price: Option<Units>,
    /// Most base units that go into escrow in one day of ledger time; no cap when absent. With the day's cap reached, uploads are
    /// refused, and moves and renewals wait.
    pub spend_per_day: Option<Units>,
    /// Warn when the funds last less than this.
    pub warn: Span,
    /// Refuse uploads when the market has not answered for so long: providers drop what no deal covers within an hour.
    pub patience: Duration,
}

impl Default for DealPolicy {
    fn default() -> Self {
        Self {
            term: Span::from_days(180),
            renew_divisor: 3,
            max_price: None,
            spend_per_day: None,
            warn: Span::from_days(30),
            patience: Duration::from_secs(600),
        }
    }
}

/// A provider that reboots, moves or waits for a disk is back by then; data of which another shard is lost meanwhile waits no longer.
pub const REPAIR_AFTER: Span = Span::from_secs(6 * 3_600);

/// How hard the background renewal service works.
#[derive(Clone, Debug)]
pub struct RenewalPolicy {
    /// Whether the renewal service runs by itself; when not, only [`Handle::keep`](crate::Handle::keep) drives it.
    pub automatic: bool,
    /// Pause between two ticks when the market tells of no change.
    pub interval: Duration,
    /// Most deals proposed, looked at, extended or ended in one tick, each.
    pub batch: usize,
    /// Most shards rebuilt and moved in one tick.
    pub rebuilds: usize,
    /// Shards of a provider that has not answered for so long, ledger time, are placed elsewhere, a few at a time; never when absent.
    pub repair_after: Option<Span>,
    /// A segment of which half was deleted is written anew when it is this old: more may be deleted until then.
    pub compact_after: Duration,
    /// First pause after a failure; it doubles with every further one.
    pub backoff: Duration,
    /// Longest pause after failures.
    pub backoff_max: Duration,
    /// A round that takes longer is told of as a problem.
    pub late: Duration,
}

impl Default for RenewalPolicy {
    fn default() -> Self {
        Self {
            automatic: true,
            interval: Duration::from_secs(2),
            batch: 64,
            rebuilds: 2,
            repair_after: Some(REPAIR_AFTER),
            compact_after: Duration::from_secs(600),
            backoff: Duration::from_secs(5),
            backoff_max: Duration::from_secs(600),
            late: Duration::from_secs(300),
        }
    }
}

/// Settings of one gateway.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of the object map, the master key and the admin token; made when absent.
    pub home: PathBuf,
    /// Address of the S3 endpoint; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Access key of the one S3 account.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
    /// Region that the gateway says it is in.
    pub region: String,
    /// Redundancy of new segments.
    pub redundancy: Redundancy,
    /// Payload bytes of one full shard: 127·2^j with j ≥ 1.
    pub shard_payload: u64,
    /// Smallest shard payload: 127·2^j with j ≥ 1. Tails are rounded up to it.
    pub shard_payload_min: u64,
    /// How long a tail waits for company after its first object is complete.
    pub flush: Duration,
    /// Sealed segments that may be under way at once; bounds memory to about (this + 1) · n · `shard_payload`.
    pub segments_in_flight: usize,
    /// Patience with a provider before other shards are asked too.
    pub hedge: Duration,
    /// Longest time one shard upload may take.
    pub upload_timeout: Duration,
    /// An upload of which nothing more was sent for so long is given up; when all was sent, four seconds later for each MiB.
    pub upload_silence: Duration,
    /// Least bytes a second over an upload's whole time, once it took longer than `upload_silence`.
    pub upload_rate: u64,
    /// After so long without progress of an upload the next provider is asked too; when all was sent, a second later for each MiB.
    pub upload_hedge: Duration,
    /// Longest time one ranged read may take.
    pub read_timeout: Duration,
    /// Longest time one deletion at a provider may take.
    pub delete_timeout: Duration,
    /// Seed of the weighted choice of providers: same seed, same segment, same offers, same choice.
    pub placement_seed: u64,
    /// Terms of deals.
    pub deals: DealPolicy,
    /// The renewal service's pace.
    pub renewal: RenewalPolicy,
    /// Free space on the disk of `home` below which nothing is written.
    pub floor: Floor,
    /// Certificate and key of the endpoint; plain HTTP when absent.
    pub tls: Option<Tls>,
    /// Opens the master key where it is locked, and locks a new one where it knows a passphrase.
    pub keyring: Keyring,
    /// Whether a new map is begun where that of before was lost; what is left of it is kept beside it. One that is whole is gone on with.
    pub new_store: bool,
}

impl Config {
    /// Default settings with a home folder and the account's keys.
    pub fn new(home: impl Into<PathBuf>, access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        let home = home.into();
        Self {
            floor: Floor::new(&home, None),
            home,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            access_key: access_key.into(),
            secret_key: secret_key.into(),
            region: "us-east-1".to_owned(),
            redundancy: Redundancy { k: 2, n: 3 },
            shard_payload: 127 << 17,
            shard_payload_min: 127 << 1,
            flush: Duration::from_millis(200),
            segments_in_flight: 2,
            hedge: Duration::from_millis(800),
            upload_timeout: Duration::from_secs(120),
            upload_silence: Duration::from_secs(10),
            upload_rate: 16 << 10,
            upload_hedge: Duration::from_secs(3),
            read_timeout: Duration::from_secs(20),
            delete_timeout: Duration::from_secs(10),
            placement_seed: 0,
            deals: DealPolicy::default(),
            renewal: RenewalPolicy::default(),
            tls: None,
            keyring: Keyring::default(),
            new_store: false,
        }
    }

    /// Says what is wrong with the settings.
    ///
    /// # Errors
    /// The first [`ConfigError`] in the order of the fields.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.access_key.is_empty() || self.secret_key.is_empty() {
            return Err(ConfigError::NoKeys);
        }
        let region_ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.region.is_empty() || !self.region.bytes().all(region_ok) {
            return Err(ConfigError::Region { region: self.region.clone() });
        }
        let Redundancy { k, n } = self.redundancy;
        if k == 0 || k > n || n > 64 {
            return Err(ConfigError::Redundancy { k, n });
        }
        for payload in [self.shard_payload, self.shard_payload_min] {
            if !piece::is_payload_length(payload) || payload > piece::PAYLOAD_MAX {
                return Err(ConfigError::Payload { payload });
            }
        }
        if self.shard_payload_min > self.shard_payload {
            return Err(ConfigError::PayloadOrder { min: self.shard_payload_min, max: self.shard_payload });
        }
        if self.segments_in_flight == 0 || self.renewal.batch == 0 {
            return Err(ConfigError::NoWork);
        }
        if self.deals.renew_divisor < 2 || self.deals.term.get() == 0 {
            return Err(ConfigError::Deals);
        }
        Ok(())
    }
}

/// Why settings are refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No account.
    #[error("the access key and the secret key must not be empty")]
    NoKeys,
    /// Not a region's name.
    #[error("region {region:?} is no region name; use lower-case letters, digits and hyphens, like us-east-1")]
    Region {
        /// What was given.
        region: String,
    },
    /// Redundancy outside its bounds.
    #[error("redundancy {k}-of-{n} is not possible; use 1 ≤ k ≤ n ≤ 64, like 2-of-3")]
    Redundancy {
        /// Data shards.
        k: usize,
        /// All shards.
        n: usize,
    },
    /// Not a piece's payload.
    #[error("shard payload {payload} does not fill a piece; use 127·2^j bytes with j from 1 to 28, like 16646144")]
    Payload {
        /// What was given.
        payload: u64,
    },
    /// The smallest shard is larger than the largest.
    #[error("the smallest shard payload {min} is above the full one {max}; lower it")]
    PayloadOrder {
        /// Smallest.
        min: u64,
        /// Full.
        max: u64,
    },
    /// A bound of zero.
    #[error("segments in flight and the renewal service's batch must be at least 1")]
    NoWork,
    /// Terms that cannot be renewed.
    #[error("a deal's term must not be zero and its renewal divisor must be at least 2")]
    Deals,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_accepted() {
        assert_eq!(Config::new("/nowhere", "a", "b").check(), Ok(()));
    }

    #[test]
    fn settings_outside_their_bounds_are_named() {
        let good = Config::new("/nowhere", "a", "b");
        let mut bad = good.clone();
        bad.redundancy = Redundancy { k: 3, n: 2 };
        assert_eq!(bad.check(), Err(ConfigError::Redundancy { k: 3, n: 2 }));
        let mut bad = good.clone();
        bad.shard_payload = 127;
        assert_eq!(bad.check(), Err(ConfigError::Payload { payload: 127 }), "odd shards cannot be erasure-coded");
        let mut bad = good.clone();
        bad.shard_payload_min = 127 << 18;
        assert_eq!(bad.check(), Err(ConfigError::PayloadOrder { min: 127 << 18, max: 127 << 17 }));
        let mut bad = good;
        bad.region = "EU West".to_owned();
        assert!(matches!(bad.check(), Err(ConfigError::Region { .. })));
    }
}
