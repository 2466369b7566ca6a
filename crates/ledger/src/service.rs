//! The network's service: one of those that this build runs.
//!
//! In: messages, what the economy told, the passing of time. Out: records on the session's meter and the service's events. Called by
//! a block for each of its turns. A new service is a variant here, in [`Message`](crate::Message) and in [`Event`](crate::Event).

use crate::{Event, Failure, GenesisError, Message};
use depin_economy::{Notice, Session, Spec};
use depin_quantity::{Address, Instant, Name, Seed, Span};
use depin_services::{
    metered::{MeteredError, MeteredEvent, MeteredParams, MeteredTurn},
    storage::{self, StorageError, StorageEvent, StorageParams, Turn},
};
use depin_state::ReadState;

/// Most that ledger time may advance in one block where no proof window asks for less: as under windows of half an hour.
const CAP: Span = Span::from_secs(450);

/// A service with its parameters.
#[derive(Clone, Debug)]
pub enum Service {
    /// Pieces under deals, proven again and again.
    Storage(StorageParams),
    /// Units of one's own, as a reporter counts them.
    Metered(MeteredParams),
}

/// What a service said in one turn; empty between turns, kept for its room.
#[derive(Default)]
pub(crate) struct Said {
    storage: Vec<StorageEvent>,
    metered: Vec<MeteredEvent>,
}

impl Said {
    /// Everything, in the order in which it was said: a network has one service, so only one of them says anything.
    pub fn drain(&mut self) -> impl Iterator<Item = Event> + '_ {
        self.storage.drain(..).map(Event::Storage).chain(self.metered.drain(..).map(Event::Metered))
    }
}

/// The moment that a turn happens in.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub now: Instant,
    /// Drawn from blocks before this one; the same for the whole block.
    pub seed: Seed,
}

impl Service {
    /// Names of the services that this build runs.
    pub const NAMES: [Name; 2] = [Name::literal("storage"), Name::literal("metered")];

    pub(crate) fn read(spec: &Spec, genesis: Instant) -> Result<Self, GenesisError> {
        let wrong = |errors: depin_economy::SpecErrors| GenesisError::Spec(errors.to_string());
        match spec.network().service.as_str() {
            "storage" => StorageParams::read(spec, genesis).map(Self::Storage).map_err(wrong),
            "metered" => MeteredParams::read(spec).map(Self::Metered).map_err(wrong),
            _ => Err(GenesisError::Service(spec.network().service)),
        }
    }

    /// Most that ledger time may advance in one block: a quarter of the shortest proof window.
    pub(crate) fn time_cap(&self) -> Span {
        match self {
            Self::Storage(params) => Span::from_millis(params.epochs(params.window).get() / 4),
            Self::Metered(_) => CAP,
        }
    }

    /// Follows what the economy did by itself.
    pub(crate) fn follow(&self, session: &mut Session<'_>, at: Moment, said: &mut Said, notices: &[Notice]) {
        match self {
            Self::Storage(params) => Turn::new(params, session, at.now, at.seed, &mut said.storage).follow(notices),
            Self::Metered(params) => metered(params, session, at, &mut said.metered).follow(notices),
        }
    }

    /// Does what is due, up to `budget` work units.
    pub(crate) fn run_due(&self, session: &mut Session<'_>, at: Moment, said: &mut Said, budget: u64) {
        match self {
            Self::Storage(params) => drop(Turn::new(params, session, at.now, at.seed, &mut said.storage).run_due(budget)),
            // Its orders end by the economy's own list of what is due.
            Self::Metered(_) => {}
        }
    }

    /// Runs a message that is for a service; one for another service is refused.
    pub(crate) fn handle(
        &self,
        session: &mut Session<'_>,
        at: Moment,
        said: &mut Said,
        (sender, message, unique): (Address, &Message, Seed),
    ) -> Result<(), Failure> {
        match (self, message) {
            (Self::Storage(params), Message::Storage(message)) => {
                let mut turn = Turn::new(params, session, at.now, at.seed, &mut said.storage);
                turn.handle(sender, message, unique).map_err(storage_failure)
            }
            (Self::Metered(params), Message::Metered(message)) => {
                let mut turn = metered(params, session, at, &mut said.metered);
                turn.handle(sender, message, unique).map_err(metered_failure)
            }
            _ => {
                let message = format!("this network runs the service `{}`; `{}` is for another", self.name(), message.name());
                Err(Failure { code: "other-service".to_owned(), message })
            }
        }
    }

    /// What is wrong with the service's rows, one sentence each.
    pub(crate) fn audit(&self, state: &dyn ReadState) -> Vec<String> {
        match self {
            Self::Storage(params) => storage::read::audit(state, |deal| params.quality(deal.size, deal.verified)),
            Self::Metered(_) => depin_services::metered::audit(state),
        }
    }

    /// Its name.
    pub const fn name(&self) -> Name {
        match self {
            Self::Storage(_) => Self::NAMES[0],
            Self::Metered(_) => Self::NAMES[1],
        }
    }
}

fn metered<'a>(
    params: &'a MeteredParams,
    session: &'a mut Session<'_>,
    at: Moment,
    events: &'a mut Vec<MeteredEvent>,
) -> MeteredTurn<'a> {
    let reporter = session.reads().role(params.reporter);
    MeteredTurn::new(params, session, at.now, reporter, events)
}

fn storage_failure(error: StorageError) -> Failure {
    Failure { code: error.code().to_owned(), message: error.to_string() }
}

fn metered_failure(error: MeteredError) -> Failure {
    Failure { code: error.code().to_owned(), message: error.to_string() }
}
