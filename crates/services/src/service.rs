//! What a service is to the rest: the contract that each of them keeps.
//!
//! A service takes messages of people and follows what the economy does by itself; it writes rows of its own tables, sends records
//! to the economy's meter and emits events. It runs inside a [`Context`], which is all that it sees. The list of services that run
//! is [`Live`](crate::Live).

use crate::{context::Context, descriptor};
use depin_economy::{Notice, Spec, SpecErrors};
use depin_quantity::{Address, Instant, Name, Seed, Span, UnitId};
use depin_state::ReadState;

/// The first bytes of the keys that a service's rows have: `first` to `last`, both among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tables {
    /// The first table.
    pub first: u8,
    /// The last table.
    pub last: u8,
}

/// The tables that services may have at all (see [`depin_state::Row::TABLE`]): two runs, since the first is full.
pub const SERVICE_TABLES: [Tables; 2] = [Tables { first: 0x40, last: 0x7f }, Tables { first: 0xa0, last: 0xbf }];

impl Tables {
    /// Whether `table` is one of them.
    pub const fn has(self, table: u8) -> bool {
        self.first <= table && table <= self.last
    }

    /// Whether none of these is one of `other`.
    pub const fn apart_from(self, other: Self) -> bool {
        self.last < other.first || other.last < self.first
    }

    /// Whether they lie among the tables of services, all in one run of them, and there is at least one.
    pub const fn allowed(self) -> bool {
        let [first, second] = SERVICE_TABLES;
        self.first <= self.last
            && (first.has(self.first) && first.has(self.last) || second.has(self.first) && second.has(self.last))
    }
}

/// What is fixed about a service.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// Its name in `[network] service = "…"` and `[service.<name>]`.
    pub name: Name,
    /// Where its rows lie. No two services share a table.
    pub tables: Tables,
    /// What it measures and reports, as data.
    pub descriptor: &'static descriptor::Service,
}

/// A signature inside a message, by another key than that of the account which sends it: a device's, a customer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InnerSignature {
    /// ed25519 public key.
    pub key: [u8; 32],
    /// What the message says was signed; [`InnerSignature::signed_bytes`] binds it to a chain.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: [u8; 64],
}

impl InnerSignature {
    /// The bytes that are signed: a domain and the chain's id, each with its length before it, then the message.
    pub fn signed_bytes(chain_id: Name, message: &[u8]) -> Vec<u8> {
        const DOMAIN: &[u8] = b"depin-inner-message";
        let mut bytes = Vec::with_capacity(DOMAIN.len() + 2 + chain_id.as_bytes().len() + message.len());
        for part in [DOMAIN, chain_id.as_bytes()] {
            bytes.push(part.len() as u8);
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(message);
        bytes
    }
}

/// What is known about a message before it is run.
pub trait MessageInfo {
    /// Name for receipts and tables.
    fn name(&self) -> &'static str;

    /// Work units: an upper bound on what running it costs.
    fn work(&self) -> u64;

    /// Whether it could ever be taken, by what it says alone: a node takes no transaction into its pool that says what every ledger
    /// refuses. Running it checks the same again.
    ///
    /// # Errors
    /// The refusal's words.
    fn bounds(&self) -> Result<(), String> {
        Ok(())
    }

    /// The signatures inside it. A chain checks them with that of the transaction, in one batch, and takes no transaction with a bad
    /// one; so whoever runs the message sees good ones only, and has to check whose keys they are.
    fn signatures(&self) -> Vec<InnerSignature> {
        Vec::new()
    }
}

/// What indexes ask about an event.
pub trait EventInfo {
    /// Name of what happened, as its JSON says.
    fn kind(&self) -> &'static str;

    /// The unit of the service that it is about, if it is about one: a deal, an order.
    fn subject(&self) -> Option<UnitId>;

    /// The accounts that it is about.
    fn accounts(&self) -> Vec<Address>;
}

/// The code of a refusal.
pub trait ErrorCode: std::error::Error {
    /// Short stable code for receipts and programs.
    fn code(&self) -> &'static str;

    /// The error with its amounts in whole tokens, as the network with these parameters writes them.
    fn told(&self, spec: &Spec) -> String {
        let _ = spec;
        self.to_string()
    }
}

/// One figure of a service, for status pages and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Its name, in small letters with underscores.
    pub name: &'static str,
    /// What it counts, in a sentence without a full stop.
    pub help: &'static str,
    /// How much it is now.
    pub value: u128,
}

/// A time in which somebody must have answered something, or lose by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where `[service.<name>]` says how long it is: `dispute.answer-within`.
    pub key: &'static str,
    /// How long it is.
    pub length: Span,
}

impl Window {
    /// Most that ledger time may advance in one block under it: a quarter, so that whoever must answer has seen it open.
    pub const fn step(self) -> Span {
        Span::from_millis(self.length.get() / 4)
    }
}

/// A service with its parameters, as one network runs it. It has no memory beside its rows.
pub trait Service: Sized {
    /// What is fixed about it.
    const DESCRIPTION: Description;
    /// A second run of tables, where it outgrew the first: tables never move, since rows lie in stores.
    const FURTHER: Option<Tables> = None;
    /// What people tell it.
    type Message: MessageInfo;
    /// What it tells.
    type Event: EventInfo;
    /// Why it refuses.
    type Error: ErrorCode;

    /// Reads its section of a network's file, and what the economy says about what it sends.
    ///
    /// # Errors
    /// Every problem found.
    fn read(spec: &Spec, genesis: Instant) -> Result<Self, SpecErrors>;

    /// The shortest time in which somebody must have answered something, or lose by it. Ledger time never steps over a large part of
    /// it in one block. `None` when nothing is that urgent.
    fn shortest_window(&self) -> Option<Window>;

    /// How many times as fast as the wall clock ledger time may run at most, where somebody's machine needs its time by the wall clock. `None`
    /// when the shortest window alone says it.
    fn speed_most(&self) -> Option<u32> {
        None
    }

    /// Runs `sender`'s message. `unique` is bound to the transaction that carries it, for ids that it creates.
    ///
    /// # Errors
    /// [`Service::Error`]; the caller rolls back whatever was written before it was found.
    fn handle(cx: &mut Context<'_, Self>, sender: Address, message: &Self::Message, unique: Seed) -> Result<(), Self::Error>;

    /// Follows what the economy did by itself.
    fn follow(cx: &mut Context<'_, Self>, notices: &[Notice]);

    /// Does what is due, oldest first, until nothing is left or `budget` work units are used; returns the units used. A service with
    /// deadlines calls [`Context::run_jobs`].
    fn run_due(cx: &mut Context<'_, Self>, budget: u64) -> u64;

    /// When it has something to do next: a chain that is idle makes a block then. A service with deadlines gives [`next_due`].
    ///
    /// [`next_due`]: crate::Deadlines::next_due
    fn next_due(&self, state: &dyn ReadState) -> Option<Instant>;

    /// Whether anything that it fixed waits for the seed that judges it. A service with draws gives [`awaits_seed`].
    ///
    /// [`awaits_seed`]: crate::Draws::awaits_seed
    fn awaits_seed(&self, state: &dyn ReadState) -> bool {
        let _ = state;
        false
    }

    /// What is wrong with its rows, one sentence each, by code that shares nothing with what writes them.
    fn audit(&self, state: &dyn ReadState) -> Vec<String>;

    /// The name that `address` goes by in this service, for lists of accounts: an operator's.
    fn label(&self, state: &dyn ReadState, address: Address) -> Option<String>;

    /// Its figures. From sums that it keeps, never by walking through rows: they are asked for often.
    fn figures(&self, state: &dyn ReadState) -> Vec<Figure>;
}
