//! Settings of a node's engine, and the checks on them.

use crate::{
    block::public_bytes,
    clock::{CLOCK_JUMP, Clock},
    limits::MAX_COMMITTEE,
};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::{Signer as _, ed25519};
use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU64,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

/// Blocks of one file of the archive, usually. Four files stay open for each so many blocks.
const FILE_BLOCKS: NonZeroU64 = NonZeroU64::new(1 << 16).expect("not zero");

/// Another node: its key and where it can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its ed25519 public key.
    pub key: [u8; 32],
    /// Where it listens, and from which address it connects.
    pub address: SocketAddr,
}

/// How long consensus waits. All start from the heartbeat, see [`Timeouts::for_heartbeat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the leader's block, from the start of a view. Above pace and the longest heartbeat, which the leader itself waits.
    pub leader: Duration,
    /// For a view to be certified. Above `leader`.
    pub certification: Duration,
    /// Between attempts to leave a stuck view.
    pub retry: Duration,
    /// How long a silent leader's next view is left early. Above `retry` and `certification`.
    pub skip: Duration,
    /// For a peer's answer to a request.
    pub fetch: Duration,
}

impl Timeouts {
    /// Timeouts that fit the longest heartbeat on a network of some hundred milliseconds.
    pub fn for_heartbeat(heartbeat: Duration) -> Self {
        Self {
            leader: heartbeat.saturating_add(Duration::from_secs(1)),
            certification: heartbeat.saturating_add(Duration::from_secs(2)),
            retry: Duration::from_secs(2),
            skip: heartbeat.saturating_add(Duration::from_secs(4)),
            fetch: Duration::from_secs(2),
        }
    }
}

/// Settings of a node's engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of the engine's own files; created when missing.
    pub data: PathBuf,
    /// Seed of this node's ed25519 key.
    pub seed: [u8; 32],
    /// The validators. Empty means: this node alone. A node whose key is not among them follows without voting.
    pub committee: Vec<Peer>,
    /// This validator's share of the committee's beacon, see [`crate::deal_beacon`] and [`crate::Ceremony`]: as secret as its seed. One
    /// without it votes and signs no rounds.
    pub share: Option<Vec<u8>>,
    /// Nodes outside the committee that may connect and follow. The validators must list a follower, else they refuse its
    /// connections; its own entry may be missing in its own list.
    pub observers: Vec<Peer>,
    /// Where to listen for peers; port zero picks a free one, which suits a committee of one.
    pub listen: SocketAddr,
    /// How long the chain waits before an empty block when there was something a short while ago.
    pub heartbeat: Duration,
    /// How long it waits at most: each empty block doubles the wait, up to this. Where it is shorter than `heartbeat`, nothing doubles.
    pub heartbeat_idle: Duration,
    /// Least wall time between two blocks.
    pub pace: Duration,
    /// Timeouts of consensus.
    pub timeouts: Timeouts,
    /// Whether a node without state asks its peers for the state of a recent block instead of running all blocks. For joining a
    /// running network: it waits until enough validators answer.
    pub sync: bool,
    /// Worker threads of the engine.
    pub threads: usize,
    /// Height from which on history was kept when the folder was used last, see [`Handle::prune`](crate::Handle::prune); zero when nothing
    /// was given up.
    pub history: u64,
    /// Blocks of one file of the archive; history is given up by whole files. Another value makes an existing folder unreadable.
    pub file_blocks: NonZeroU64,
    /// What blocks are stamped and judged by; a new one for each start.
    pub clock: Arc<Clock>,
    /// Whether a damaged vote journal is set aside and a new one begun above the last final block; only where this validator is the
    /// only one, so that nobody else has a vote that it forgets.
    pub forget_votes: bool,
    /// Whether blocks of this chain are known to have been final in this folder: a store without any is refused then, since a validator
    /// that begins the chain again votes a second time at heights that it voted for.
    pub begun: bool,
}

impl Config {
    /// A committee of one on loopback: a block every second, idle or not, at most ten blocks a second, two threads.
    pub fn single(data: impl Into<PathBuf>, seed: [u8; 32]) -> Self {
        let heartbeat = Duration::from_secs(1);
        Self {
            data: data.into(),
            seed,
            committee: Vec::new(),
            share: None,
            observers: Vec::new(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            heartbeat,
            heartbeat_idle: Duration::ZERO,
            pace: Duration::from_millis(100),
            timeouts: Timeouts::for_heartbeat(heartbeat),
            sync: false,
            threads: 2,
            history: 0,
            file_blocks: FILE_BLOCKS,
            clock: Arc::new(Clock::system(CLOCK_JUMP)),
            forget_votes: false,
            begun: false,
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let Timeouts { leader, certification, retry, skip, fetch } = self.timeouts;
        let longest = self.heartbeat.max(self.heartbeat_idle).max(self.pace);
        let short = [
            (leader <= longest, "timeouts.leader", "the longest of heartbeat, heartbeat_idle and pace", longest),
            (certification <= leader, "timeouts.certification", "timeouts.leader", leader),
            (skip <= retry, "timeouts.skip", "timeouts.retry", retry),
            (skip <= certification, "timeouts.skip", "timeouts.certification", certification),
            (retry.is_zero(), "timeouts.retry", "zero", Duration::ZERO),
            (fetch.is_zero(), "timeouts.fetch", "zero", Duration::ZERO),
        ];
        if let Some((_, name, other, least)) = short.into_iter().find(|(short, ..)| *short) {
            return Err(ConfigError::TooShort { name, other, least });
        }
        if self.threads == 0 {
            return Err(ConfigError::NoThreads);
        }
        if self.committee.len() > MAX_COMMITTEE || self.observers.len() > MAX_COMMITTEE {
            return Err(ConfigError::TooMany { got: self.committee.len().max(self.observers.len()) });
        }
        let mut seen = BTreeSet::new();
        for peer in self.committee.iter().chain(&self.observers) {
            decode_key(&peer.key)?;
            if !seen.insert(peer.key) {
                return Err(ConfigError::Repeated { key: hex(&peer.key) });
            }
        }
        Ok(())
    }
}

/// Why settings cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A duration is too short.
    #[error("{name} must be above {other} ({least:?})")]
    TooShort {
        /// Name of the setting.
        name: &'static str,
        /// What it must be above.
        other: &'static str,
        /// The value of that.
        least: Duration,
    },
    /// No worker threads.
    #[error("threads must be at least one")]
    NoThreads,
    /// Nobody to agree.
    #[error("a committee needs at least one validator")]
    NoCommittee,
    /// Too many peers.
    #[error("{got} peers in a list, at most {MAX_COMMITTEE} are supported")]
    TooMany {
        /// Length of the longer list.
        got: usize,
    },
    /// A key appears twice.
    #[error("key {key} appears twice among committee and observers")]
    Repeated {
        /// The key in hexadecimal.
        key: String,
    },
    /// A public key is not a point of the curve.
    #[error("{key} is not an ed25519 public key")]
    BadKey {
        /// The key in hexadecimal.
        key: String,
    },
}

/// Public key of a seed.
pub fn public_key(seed: &[u8; 32]) -> [u8; 32] {
    public_bytes(&private_key(seed).public_key())
}

pub(crate) fn private_key(seed: &[u8; 32]) -> ed25519::PrivateKey {
    ed25519::PrivateKey::decode(Copying(seed)).expect("any 32 bytes are a seed")
}

pub(crate) fn decode_key(key: &[u8; 32]) -> Result<ed25519::PublicKey, ConfigError> {
    ed25519::PublicKey::decode(Copying(key)).map_err(|_| ConfigError::BadKey { key: hex(key) })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
