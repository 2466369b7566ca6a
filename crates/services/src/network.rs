//! The step that a chain and a simulation share: time passes, somebody does something.
//!
//! In: a state, a block's time and randomness, messages with who sends them. Out: changed rows, and events in the order of their
//! causes, those of the economy and those of the service in one list. Called by the ledger, which adds signatures, nonces, fees,
//! blocks and receipts, and by whatever drives a network without a chain.

use crate::{Event, Failure, InnerSignature, Live, MessageInfo as _, ReadError, ServiceMessage, live::Turn};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::{Action, BlockContext, CommitteeRecord, Economy, Meter as _, Record, Refusal, Session, Sink, Spec};
use depin_quantity::{Address, Instant, Seed};
use depin_state::{ReadState, State};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;

/// Work units of one job of the economy, with what the service has to do about it: a stream that ended, its deal and its sector.
const ENDING_WORK: u32 = 10;

/// Most bytes of a vote that is shown as evidence; real ones have some hundred.
const VOTE_MAX: usize = 4096;

/// What somebody asks a network to do.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// What the sender does with its own tokens, as far as the network's economy offers it.
    Act(Action),
    /// Shows that a validator voted for two blocks of one view. Anyone may; the sender gets nothing for it.
    SignedTwice {
        /// One vote, as consensus encodes it.
        #[serde(with = "hex_bytes")]
        first: Vec<u8>,
        /// The other.
        #[serde(with = "hex_bytes")]
        second: Vec<u8>,
    },
    /// Randomness from outside, by the account that the genesis document names for it. It is mixed into seeds of blocks to come.
    ReportRandomness {
        /// Number of the round by its source's count, above that of the report before.
        round: u64,
        /// Its randomness.
        value: Seed,
    },
    /// Something for the network's service. In JSON it stands under the service's name.
    #[serde(untagged)]
    Service(ServiceMessage),
}

impl Message {
    /// A message to a service.
    pub fn service(message: impl Into<ServiceMessage>) -> Self {
        Self::Service(message.into())
    }

    /// Name for receipts and tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Act(action) => action.name(),
            Self::SignedTwice { .. } => "signed-twice",
            Self::ReportRandomness { .. } => "report-randomness",
            Self::Service(message) => message.name(),
        }
    }

    /// Work units: an upper bound on what running it costs, known before anything is run.
    pub fn work(&self) -> u64 {
        match self {
            Self::Act(action) => action.work(),
            // Two signatures, and the hours of the unbonding time. A body of blocks full of them is more than the target.
            Self::SignedTwice { .. } => 300,
            Self::ReportRandomness { .. } => 10,
            Self::Service(message) => message.work(),
        }
    }

    /// Whether it could ever be taken, by what it says alone.
    ///
    /// # Errors
    /// The refusal's words.
    pub fn bounds(&self) -> Result<(), String> {
        match self {
            Self::SignedTwice { first, second } if first.len().max(second.len()) > VOTE_MAX => {
                Err(format!("a vote has at most {VOTE_MAX} bytes, one of these has {}", first.len().max(second.len())))
            }
            Self::Act(_) | Self::SignedTwice { .. } | Self::ReportRandomness { .. } => Ok(()),
            Self::Service(message) => message.bounds(),
        }
    }

    /// The signatures inside it, which whoever takes it from strangers has to check.
    pub fn signatures(&self) -> Vec<InnerSignature> {
        match self {
            Self::Act(_) | Self::SignedTwice { .. } | Self::ReportRandomness { .. } => Vec::new(),
            Self::Service(message) => message.signatures(),
        }
    }
}

mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(d)?).map_err(D::Error::custom)
    }
}

impl From<Action> for Message {
    fn from(action: Action) -> Self {
        Self::Act(action)
    }
}

/// A network at work: its economy and its service. It has no memory of its own.
#[derive(Clone, Debug)]
pub struct Network {
    economy: Economy,
    service: Live,
}

/// What a call of [`Network::pass_time`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Work units used.
    pub used: u64,
    /// Whether closing work that is due was left for the next call.
    pub more: bool,
}

impl Network {
    /// The network of a file, started at `genesis`: its service by the rules in force then, since one that begins late begins with
    /// later rules.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn new(spec: Spec, genesis: Instant) -> Result<Self, ReadError> {
        let service = Live::read(spec.at(genesis, genesis), genesis)?;
        Ok(Self { economy: Economy::new(spec), service })
    }

    /// Its economy.
    pub const fn economy(&self) -> &Economy {
        &self.economy
    }

    /// Its service.
    pub const fn service(&self) -> &Live {
        &self.service
    }

    /// Closes what ended and does what is due, oldest first, with at most `budget` work units. Half of it is the service's at least:
    /// however many payments end at once, windows open and close. What is left is due in the next call.
    pub fn pass_time(&self, state: &mut dyn State, at: BlockContext, budget: u32, sink: &mut dyn Sink<Event>) -> Passed {
        self.run(state, at, sink, |step| {
            let closed = step.session.close(budget / ENDING_WORK / 2).expect("nobody but the rules wrote this state");
            step.follow();
            let closing = closed.used * ENDING_WORK;
            let jobs = step.service(|service, turn| service.run_due(turn, budget.saturating_sub(closing).into()));
            Passed { used: u64::from(closing) + jobs, more: closed.more }
        })
    }

    /// When [`Network::pass_time`] has something to do next that somebody waits for, given the state at `now`: a payment that ends, a
    /// window that opens or closes; `now` itself when an earlier call left something. The ends of periods do not count.
    pub fn next_due(&self, state: &dyn ReadState, now: Instant) -> Option<Instant> {
        let economy = self.economy.reads(state, now).next_due();
        economy.into_iter().chain(self.service.next_due(state)).min()
    }

    /// Whether anything that was fixed waits for the seed that judges it.
    pub fn awaits_seed(&self, state: &dyn ReadState) -> bool {
        self.economy.reads(state, Instant::default()).awaits_seed() || self.service.awaits_seed(state)
    }

    /// Tells the stakings what a chain, or a simulation of one, found out about its validators, one record after the other. Checking
    /// votes and signatures is the caller's.
    ///
    /// # Errors
    /// The first refusal when every record is refused: a staking that does not know the validator keeps no other from punishing it.
    pub fn committee(
        &self,
        state: &mut dyn State,
        at: BlockContext,
        records: Vec<CommitteeRecord>,
        sink: &mut dyn Sink<Event>,
    ) -> Result<(), Refusal> {
        if records.is_empty() {
            return Ok(());
        }
        self.run(state, at, sink, |step| {
            let answers = records.into_iter().map(|record| step.session.record(&Record::Committee(record)).map(drop));
            let answers: Vec<_> = answers.collect();
            // A jailed validator concerns the service.
            step.follow();
            let best =
                |first: Result<(), Refusal>, next: Result<(), Refusal>| if first.is_ok() || next.is_err() { first } else { next };
            answers.into_iter().reduce(best).unwrap_or(Ok(()))
        })
    }

    /// Does what `sender` asks for. `unique` is bound to the request, for ids that it creates. What concerns the chain is refused: it
    /// judges two votes itself and passes them on as [`Network::committee`], and mixes randomness into the seeds that it gives.
    ///
    /// # Errors
    /// [`Failure`]. The caller undoes what was written and told before it was found.
    pub fn act(
        &self,
        state: &mut dyn State,
        at: BlockContext,
        (sender, unique): (Address, Seed),
        message: &Message,
        sink: &mut dyn Sink<Event>,
    ) -> Result<(), Failure> {
        let spec = self.economy.spec();
        self.run(state, at, sink, |step| {
            match message {
                Message::Act(action) => {
                    drop(step.session.act(sender, action).map_err(|refusal| Failure::refused(&refusal, spec))?);
                }
                Message::SignedTwice { .. } => return Err(no_chain("votes are judged by the chain that they are for")),
                Message::ReportRandomness { .. } => return Err(no_chain("randomness is mixed in by a chain")),
                Message::Service(message) => step.service(|service, turn| service.handle(turn, sender, message, unique, spec))?,
            }
            // What the economy did by itself on the way concerns the service, whoever caused it.
            step.follow();
            Ok(())
        })
    }

    fn run<T>(
        &self,
        state: &mut dyn State,
        at: BlockContext,
        sink: &mut dyn Sink<Event>,
        run: impl FnOnce(&mut Step<'_, '_>) -> T,
    ) -> T {
        let events = Shared(RefCell::new(sink));
        let mut economy_side = &events;
        let session = self.economy.session(state, at, &mut economy_side);
        run(&mut Step { service: &self.service, session, at, events: &events })
    }
}

/// Of a network that is asked for what a chain does.
fn no_chain(what: &str) -> Failure {
    Failure { code: "no-chain".to_owned(), message: format!("{what}; a network without one is told what came of it") }
}

/// One step: the economy's session, and the sink that it shares with the service.
struct Step<'a, 's> {
    service: &'a Live,
    session: Session<'a>,
    at: BlockContext,
    events: &'a Shared<'s>,
}

impl Step<'_, '_> {
    /// Runs `f` with a call of the service.
    fn service<T>(&mut self, f: impl FnOnce(&Live, Turn<'_>) -> T) -> T {
        let mut events = self.events;
        f(self.service, Turn::new(&mut self.session, self.at, &mut events))
    }

    /// Lets the service follow what the economy did by itself.
    fn follow(&mut self) {
        let notices = self.session.notices();
        if !notices.is_empty() {
            self.service(|service, turn| service.follow(turn, &notices));
        }
    }
}

/// One sink for both sides of a network.
struct Shared<'s>(RefCell<&'s mut dyn Sink<Event>>);

impl<E> Sink<E> for &Shared<'_>
where
    Event: From<E>,
{
    fn emit(&mut self, event: E) {
        self.0.borrow_mut().emit(event.into());
    }

    fn mark(&self) -> usize {
        self.0.borrow().mark()
    }

    fn rollback(&mut self, mark: usize) {
        self.0.borrow_mut().rollback(mark);
    }
}
