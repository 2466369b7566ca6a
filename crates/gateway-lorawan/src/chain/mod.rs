//! The customer's side of a chain that pays hotspots for packets.
//!
//! In: the account that owns an OUI, the key that acknowledges packets for it, a node. Out: a gateway whose packet reports say ledger time, which
//! acknowledges batches as the ledger checks them, takes uplinks of the hotspots that the ledger knows, and keeps its route on the ledger in
//! line with its devices: joins by EUI pairs, uplinks by address range and, where that is wanted, session key.
//!
//! ```text
//! node ── time, hotspots, OUI ──> Ledger ──> who is taken, what a report says, what is signed
//! engine ── devices, sessions ──> keeper ──> ChangeEuis, ChangeFilters, AddCredits
//! ```
//!
//! What the keeper has to say follows from what is there and what should be, so it goes on after a crash as after a stop. Absent on purpose:
//! answers to claims, which cost or spare money without a packet being looked at: the owner of the OUI gives them.

mod keeper;
mod lists;
mod setup;

use crate::{
    Config, Gateway, GatewayError, Handle, Hotspots,
    config::Known,
    intake::{Acknowledge, BatchError},
};
use depin_client::{
    ClientError, Sender, SigningKey, SubmitError,
    lorawan::{BatchBody, PacketReport},
};
use depin_economy::Money;
use depin_quantity::{Instant, Name, UnitId, Units};
use depin_services::{
    InnerSignature,
    coverage::{Packet, PacketBatch, PacketHash, PublicKey, SignatureBytes},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;

/// What a customer wants of the chain.
#[derive(Clone, Debug)]
pub struct ChainConfig {
    /// Its OUI; that of the account where it has one, when absent.
    pub oui: Option<u32>,
    /// Credits with which an OUI is opened where the account has none; none is opened when absent.
    pub open_with: Option<Units>,
    /// What it pays for a unit, where the network leaves that to customers; only for an OUI that is opened.
    pub price: Option<Money>,
    /// Credits are added whenever fewer than these are left; none ever when absent.
    pub keep: Option<Units>,
    /// Where hotspots reach it: `host:port`; the address that it listens on when absent.
    pub server: Option<String>,
    /// Most hotspots that are paid for one packet.
    pub max_copies: u32,
    /// Lists the keys of sessions as filters, for everybody to read: hotspots then deliver no frame of another key, and whoever reads them can make
    /// frames that the customer pays for. Without, hotspots deliver every frame of its addresses, and what is of no session is refused here, unpaid.
    pub list_keys: bool,
    /// How often the ledger and the devices are compared.
    pub poll: Duration,
}

impl Default for ChainConfig {
    /// The account's own OUI, three copies of a packet, keys for nobody to read, a look every two seconds.
    fn default() -> Self {
        let (oui, open_with, price, keep, server) = (None, None, None, None, None);
        Self { oui, open_with, price, keep, server, max_copies: 3, list_keys: false, poll: Duration::from_secs(2) }
    }
}

/// Why a customer's gateway does not start on a chain.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The gateway itself.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The node.
    #[error(transparent)]
    Node(#[from] ClientError),
    /// The ledger did not take something.
    #[error("{what} for the account {account}: {source}")]
    Submit {
        /// Whose transaction it was.
        account: depin_quantity::Address,
        /// What was to be done.
        what: &'static str,
        /// Why it was not.
        source: SubmitError,
    },
    /// The account has no OUI.
    #[error("the account {0} has no OUI on this chain; open one with `depin coverage oui new`, or name another account's key")]
    NoOui(depin_quantity::Address),
    /// The OUI is another's.
    #[error("OUI {oui} is {owner}'s, and the key given is the one of {asked}; name the key of its owner")]
    OtherOwner {
        /// The OUI.
        oui: u32,
        /// Whose it is.
        owner: depin_quantity::Address,
        /// Whose key was given.
        asked: depin_quantity::Address,
    },
    /// No such OUI.
    #[error("there is no OUI {0} on this chain; `depin coverage oui list` shows those that there are")]
    UnknownOui(u32),
    /// The network's file cannot be read.
    #[error("the network's file cannot be read: {0}")]
    File(String),
}

/// What the gateway knows of the chain at one moment.
#[derive(Debug, Default)]
struct State {
    time_ms: u64,
    hotspots: BTreeSet<[u8; 32]>,
    routes: BTreeSet<UnitId>,
}

/// The chain as the gateway sees it: what its reports say and what it signs follow from it.
#[derive(Debug)]
pub struct Chain {
    chain_id: Name,
    key: Arc<SigningKey>,
    state: Mutex<State>,
}

impl Chain {
    fn new(chain_id: Name, key: Arc<SigningKey>) -> Self {
        Self { chain_id, key, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Plain values: whole at every point where a holder could stop.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known for Chain {
    fn knows(&self, hotspot: &[u8; 32]) -> bool {
        self.state().hotspots.contains(hotspot)
    }
}

impl Acknowledge for Chain {
    fn public_key(&self) -> [u8; 32] {
        self.key.public_key()
    }

    fn acknowledge(&self, report: &PacketReport) -> [u8; 64] {
        self.key.sign(&report.signed_bytes())
    }

    /// The time of the last block that was seen: never ahead of the ledger, and behind it by a few seconds.
    fn stamp_ms(&self, _: u64) -> u64 {
        self.state().time_ms
    }

    fn settle(&self, hotspot: [u8; 32], batch: &BatchBody) -> Result<[u8; 64], BatchError> {
        if !self.state().routes.contains(&batch.route) {
            return Err(BatchError::OtherRoute(batch.route.to_string()));
        }
        let packet = |report: &PacketReport| Packet {
            hash: PacketHash::new(report.hash),
            bytes: report.bytes,
            received: Instant::new(report.received_ms),
        };
        let packets = batch.packets.iter().map(|one| packet(&one.report)).collect();
        let (key, signature) = (PublicKey::new(hotspot), SignatureBytes::new([0; 64]));
        let batch = PacketBatch { route: batch.route, key, packets, signature, acknowledged: None };
        Ok(self.key.sign(&InnerSignature::signed_bytes(self.chain_id, &batch.acknowledges())))
    }
}

/// A customer's gateway on a chain.
#[derive(Debug)]
pub struct Customer;

/// A running one.
pub struct CustomerHandle {
    gateway: Handle,
    oui: u32,
    route: UnitId,
    keeper: JoinHandle<()>,
}

impl Customer {
    /// Finds or opens the OUI of `sender`'s account, starts the gateway with `key` as the one that acknowledges for it, and keeps its route on
    /// the ledger in line from then on.
    ///
    /// # Errors
    /// [`ChainError`]; nothing runs then.
    pub async fn start(
        mut config: Config,
        wishes: ChainConfig,
        sender: Sender,
        key: Arc<SigningKey>,
    ) -> Result<CustomerHandle, ChainError> {
        let chain = Arc::new(Chain::new(sender.chain_id().await?, Arc::clone(&key)));
        let oui = setup::oui(&sender, &wishes, &key).await?;
        config.hotspots = Hotspots::Listed(Arc::clone(&chain) as _);
        let addresses = config.server.addresses;
        let net_id = config.server.net_id.get();
        let gateway = Gateway::start(config, Arc::clone(&chain) as _).await?;
        let server = wishes.server.clone().unwrap_or_else(|| gateway.address().to_string());
        let route = setup::route(&sender, oui, setup::terms(net_id, server, wishes.max_copies), addresses).await?;
        chain.state().routes.insert(route);
        let keeper = keeper::Keeper { chain, sender, oui, route, shared: gateway.shared(), wishes };
        keeper.look().await?;
        let keeper = tokio::spawn(keeper.run());
        Ok(CustomerHandle { gateway, oui, route, keeper })
    }
}

impl CustomerHandle {
    /// The gateway itself.
    pub const fn gateway(&self) -> &Handle {
        &self.gateway
    }

    /// The OUI that it acknowledges for.
    pub const fn oui(&self) -> u32 {
        self.oui
    }

    /// The route by which its devices' packets come.
    pub const fn route(&self) -> UnitId {
        self.route
    }

    /// Stops in good order.
    pub async fn stop(self) {
        self.keeper.abort();
        let _ = self.keeper.await;
        self.gateway.stop().await;
    }
}
