//! What parts are started with.

use crate::{
    Error, Result,
    home::Home,
    ports::{self, Chooser},
};
use depin_client::{Client, ClientConfig, Reach, Sender, Trust};
use depin_economy::Spec;
use depin_ledger::GenesisDoc;
use depin_quantity::{Name, Units};
use depin_render::EngineKind;
use depin_serve::Tls;
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// Wishes for one start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Milliseconds of ledger time per millisecond.
    pub speed: u32,
    /// Address on which everything listens.
    pub listen: IpAddr,
    /// First port; 0 takes free ones, none those of the last start.
    pub port_base: Option<u16>,
    /// How many operators run; as many as the home has when absent.
    pub operators: Option<u32>,
    /// What nodes that render do so with from now on; what they have when absent.
    pub engine: Option<EngineKind>,
    /// What each new operator offers, bytes; for services that count in bytes.
    pub capacity_bytes: u64,
    /// Whether the node fills its event index from the beginning again.
    pub rebuild_index: bool,
    /// Whether a validator whose vote journal is damaged begins a new one.
    pub forget_votes: bool,
    /// Whether a gateway or a provider whose store was lost begins a new one.
    pub new_store: bool,
    /// Free space that is kept on the disk, bytes: gateways and providers take nothing below it, the node nothing below half of it;
    /// the usual when absent.
    pub disk_floor: Option<u64>,
    /// How long the node keeps final blocks, receipts and events; for ever when absent.
    pub keep_history: Option<Duration>,
    /// Whether the chain goes on although its last block is stamped later than the wall clock reads.
    pub accept_clock: bool,
    /// By how much the wall clock may jump and still be followed.
    pub clock_jump: Duration,
    /// Certificate and key of every port; plain HTTP when absent.
    pub tls: Option<Tls>,
    /// Whose certificates are trusted elsewhere.
    pub trust: Trust,
    /// Highest base fee that the parts sign; see [`ClientConfig`].
    pub base_fee_most: Option<Units>,
}

/// Something to tell whoever started the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The next step begins; the one before is done.
    Step(String),
    /// Something is not as it should be, and the start goes on.
    Warning(String),
}

/// What a part takes when it starts: the home, the rules, a client of the node, ports.
pub struct Site<'a> {
    /// The home folder.
    pub home: &'a Home,
    /// What the chain started from.
    pub genesis: &'a GenesisDoc,
    /// The network's rules with all their dated changes.
    pub spec: Spec,
    /// Wishes for this start.
    pub options: &'a Options,
    /// The node's address.
    pub node: SocketAddr,
    /// A client of the node.
    pub client: Client,
    /// Whose certificates are trusted; the network's own among them.
    pub trust: Trust,
    /// Where ports come from.
    pub ports: Chooser,
    tell: &'a mut (dyn FnMut(Notice) + Send),
}

impl<'a> Site<'a> {
    /// Reads the rules and chooses the node's port.
    ///
    /// # Errors
    /// Broken when the home's files cannot be read or no port is free.
    pub fn new(
        home: &'a Home,
        genesis: &'a GenesisDoc,
        options: &'a Options,
        tell: &'a mut (dyn FnMut(Notice) + Send),
    ) -> Result<Self> {
        let spec = Spec::parse(&genesis.network_toml).map_err(|error| {
            let path = home.genesis();
            Error::broken("network-file", format_args!("the rules in {} cannot be used: {error}", path.display()))
                .hint("restore it from a copy; the node has one in node/genesis.json")
        })?;
        let remembered = home.ports().unwrap_or_else(|error| {
            tell(Notice::Warning(format!("{error}; ports are chosen as at a first start")));
            None
        });
        let mut ports = Chooser::new(options.listen, options.port_base, remembered);
        let node = ports.api()?;
        let trust = match options.tls.as_ref().and_then(Tls::certificate) {
            Some(certificate) => options.trust.clone().with_own(certificate),
            None => options.trust.clone(),
        };
        let config = ClientConfig { trust: trust.clone(), base_fee_most: options.base_fee_most, ..ClientConfig::default() };
        let client = Client::with_config(&ports::url(node, options.tls.is_some()), config)?;
        Ok(Self { home, genesis, spec, options, node, client, trust, ports, tell })
    }

    /// URL under which something that listens there is reached from this machine.
    pub fn url(&self, address: SocketAddr) -> String {
        ports::url(address, self.options.tls.is_some())
    }

    /// Where the home's parts let themselves be sent by addresses on the chain: anywhere where everything is on this machine, else to public addresses and
    /// to these of the home. A network that others can reach has members that are strangers, whose addresses are their own to write.
    pub fn reach(&self, own: impl IntoIterator<Item = SocketAddr>) -> Reach {
        if self.options.listen.is_loopback() { Reach::local() } else { Reach::public().and(own) }
    }

    /// The rules that the network started with, which are those of its service for good.
    pub fn rules(&self) -> &Spec {
        self.spec.at(self.genesis.time, self.genesis.time)
    }

    /// A sender of the transactions of a development account.
    ///
    /// # Errors
    /// When its key cannot be read.
    pub fn sender(&self, name: Name) -> Result<Sender> {
        Ok(Sender::new(self.client.clone(), self.home.load_key(&self.home.key(name))?))
    }

    /// Tells that the next step begins.
    pub fn step(&mut self, text: impl Into<String>) {
        (self.tell)(Notice::Step(text.into()));
    }

    /// Tells of something that is not as it should be.
    pub fn warn(&mut self, text: impl Into<String>) {
        (self.tell)(Notice::Warning(text.into()));
    }
}
