//! The committee and the authenticated network between its members and their followers.
//!
//! In: a checked configuration. Out: one channel per kind of message, over connections that only listed keys can open. A
//! committee of one has the same network, with nobody on it.

use crate::{
    block::{Block, public_bytes},
    config::{Config, ConfigError, Peer, decode_key, private_key},
    limits::MAX_COMMITTEE,
    store::{Family, OPERATION_SIZE_MAX, Runtime, SYNC_BATCH},
};
use commonware_consensus::{
    marshal::{self, standard::Standard},
    simplex::{self, scheme::ed25519::Scheme},
};
use commonware_cryptography::{ChaCha20Poly1305, Signer as _, ed25519, sha256};
use commonware_glue::stateful::{db::p2p as state_resolver, probe};
use commonware_p2p::{
    Address, AddressableManager as _, AddressableTrackedPeers,
    authenticated::lookup::{self, Network},
    max_message_size,
};
use commonware_runtime::{Handle, Quota, Supervisor as _};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{
    NZU32, NZUsize,
    ordered::{Map, Set},
};
use std::{num::NonZeroUsize, time::Duration};

pub(crate) const MAILBOX: NonZeroUsize = NZUsize!(1024);
/// Messages a second and peer, of each kind.
const QUOTA: Quota = Quota::per_second(NZU32!(2048));

/// The validators and what follows from them.
pub(crate) struct Committee {
    /// Keys of the validators in canonical order.
    pub(crate) keys: Set<ed25519::PublicKey>,
    primary: Map<ed25519::PublicKey, Address>,
    secondary: Map<ed25519::PublicKey, Address>,
}

impl Committee {
    /// The committee of a configuration that passed its check.
    pub(crate) fn of(config: &Config) -> Result<Self, ConfigError> {
        let me = Peer { key: public_bytes(&private_key(&config.seed).public_key()), address: config.listen };
        let committee = if config.committee.is_empty() { vec![me] } else { config.committee.clone() };
        let mut observers = config.observers.clone();
        if committee.iter().chain(&observers).all(|peer| peer.key != me.key) {
            observers.push(me);
        }
        let primary = Self::addresses(&committee)?;
        Ok(Self { keys: primary.keys().clone(), primary, secondary: Self::addresses(&observers)? })
    }

    /// Public keys in canonical order; an empty committee would agree to anything and is refused.
    pub(crate) fn keys(committee: &[[u8; 32]]) -> Result<Set<ed25519::PublicKey>, ConfigError> {
        match committee.len() {
            0 => return Err(ConfigError::NoCommittee),
            got if got > MAX_COMMITTEE => return Err(ConfigError::TooMany { got }),
            _ => {}
        }
        Ok(Set::from_iter_dedup(committee.iter().map(decode_key).collect::<Result<Vec<_>, _>>()?))
    }

    fn addresses(peers: &[Peer]) -> Result<Map<ed25519::PublicKey, Address>, ConfigError> {
        let pairs = peers.iter().map(|peer| Ok((decode_key(&peer.key)?, Address::Symmetric(peer.address))));
        Ok(Map::from_iter_dedup(pairs.collect::<Result<Vec<_>, _>>()?))
    }

    fn size(&self) -> u32 {
        u32::try_from(self.keys.len()).expect("a committee is bounded by MAX_COMMITTEE")
    }

    fn peers(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.primary.len() + self.secondary.len()).expect("a committee has at least one member")
    }
}

/// Knows and blocks peers.
pub(crate) type Oracle = lookup::Oracle<ed25519::PublicKey>;
/// Both ends of a channel.
pub(crate) type Channel = (lookup::Sender<ed25519::PublicKey, Runtime>, lookup::Receiver<ed25519::PublicKey>);

/// One channel per kind of message. The numbers are part of the protocol.
pub(crate) struct Channels {
    pub(crate) votes: Channel,
    pub(crate) certificates: Channel,
    pub(crate) certificate_requests: Channel,
    pub(crate) backfill: Channel,
    pub(crate) broadcast: Channel,
    pub(crate) row_requests: Channel,
    pub(crate) receipt_requests: Channel,
    pub(crate) floors: Channel,
    pub(crate) beacon: Channel,
}

/// Opens the network: its task, who is on it, and the channels.
pub(crate) fn open(runtime: &Runtime, config: &Config, committee: &Committee, chain_id: &str) -> (Handle<()>, Oracle, Channels) {
    let settings = settings(config, committee, chain_id);
    let (mut network, mut oracle) = Network::new(runtime.child("network"), settings);
    oracle.track(0, AddressableTrackedPeers::new(committee.primary.clone(), committee.secondary.clone()));
    let channels = Channels {
        votes: network.register(0, QUOTA),
        certificates: network.register(1, QUOTA),
        certificate_requests: network.register(2, QUOTA),
        backfill: network.register(3, QUOTA),
        broadcast: network.register(4, QUOTA),
        row_requests: network.register(5, QUOTA),
        receipt_requests: network.register(6, QUOTA),
        floors: network.register(7, QUOTA),
        beacon: network.register(8, QUOTA),
    };
    (network.start(), oracle, channels)
}

/// What votes and certificates of a chain are signed under.
pub(crate) fn vote_namespace(chain_id: &str) -> Vec<u8> {
    format!("depin/vote/{chain_id}").into_bytes()
}

type Handshake = Cups<Sake<ed25519::PrivateKey>, ChaCha20Poly1305>;

fn settings(config: &Config, committee: &Committee, chain_id: &str) -> lookup::Config<Handshake> {
    let handshake = Cups::new(
        Sake {
            signer: private_key(&config.seed),
            synchrony_bound: Duration::from_secs(5),
            max_handshake_age: Duration::from_secs(10),
            version: sake::Version::V1,
        },
        cups::Version::V1,
    );
    // These settings accept private addresses: networks of this kind are tried out at home and in the lab first.
    lookup::Config::local(
        handshake,
        format!("depin/peer/{chain_id}").as_bytes(),
        config.listen,
        committee.peers(),
        message_size_max(committee.size()),
        MAILBOX,
    )
}

/// The largest message of any channel. May not shrink across restarts, so it depends on constants and the committee alone.
fn message_size_max(participants: u32) -> u32 {
    max_message_size(&[
        simplex::max_payload_size::<Scheme, sha256::Digest>(participants),
        marshal::max_payload_size::<Standard<Block>, Scheme>(participants, &()),
        probe::max_payload_size::<Standard<Block>, Scheme>(participants),
        state_resolver::max_payload_size::<Family, sha256::Digest>(SYNC_BATCH, OPERATION_SIZE_MAX),
    ])
}
