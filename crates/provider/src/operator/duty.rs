//! What a service asks of its operators: the contract between the shell and a service.

use super::{dirty::DirtySet, error::RoundError, failure::Failure, failure::Subject, metrics::Figures, status::SharedStatus};
use depin_client::{
    Client,
    api::{EventQuery, EventRecord},
};
use depin_ledger::Message;
use depin_quantity::{Address, Instant, UnitId};
use std::{collections::BTreeSet, fmt::Debug};
use tokio::sync::watch;

/// What a service asks of its operators.
///
/// Each round the shell calls, in this order: [`refresh`](Duty::refresh), [`registration`](Duty::registration),
/// [`plan`](Duty::plan), [`prepare`](Duty::prepare), [`message`](Duty::message) for each task, [`settle`](Duty::settle). Whatever
/// goes wrong in between, the same view gives the same plan again.
pub trait Duty: Send + Sync + 'static {
    /// The service's name, which is the source of its events in the node's event filter: `storage`.
    const SERVICE: &'static str;

    /// What is known: of the ledger, and of what the operator keeps.
    type View: Default + Send + Sync;
    /// What is to be done, the operator's own part of it included. A `Vec` of tasks where there is no such part.
    type Plan: Send;
    /// One message to come.
    type Task: Task;
    /// What the service adds to status and metrics.
    type Figures: Figures;

    /// The events to follow: the service's about the operator's account. A duty that answers for others overrides it.
    fn events(address: Address) -> EventQuery {
        EventQuery { kind: Some(Self::SERVICE.to_owned()), account: Some(address), ..EventQuery::default() }
    }

    /// About how long the longest message is that it sends again and again, bytes: length beyond a kilobyte is paid.
    fn message_bytes(view: &Self::View) -> u64 {
        let _ = view;
        0
    }

    /// What an event makes dirty.
    fn dirtied(event: &EventRecord) -> DirtySet {
        DirtySet::units(event.subject)
    }

    /// Changes whenever something of the operator's own did, that no event tells of: damage on a disk, a report handed in.
    fn watch(&self) -> Option<watch::Receiver<u64>> {
        None
    }

    /// The units that a change of the operator's own concerns.
    ///
    /// # Errors
    /// [`RoundError::Own`].
    fn changed(&self, view: &Self::View) -> impl Future<Output = Result<BTreeSet<UnitId>, RoundError>> + Send {
        let _ = view;
        async { Ok(BTreeSet::new()) }
    }

    /// Reads anew what is dirty: on the ledger, and of the operator's own. Returns the units to plan about; all when everything
    /// was dirty.
    ///
    /// # Errors
    /// [`RoundError`]; then everything is dirty at the next call.
    fn refresh(&self, view: &mut Self::View, look: Look<'_>)
    -> impl Future<Output = Result<BTreeSet<UnitId>, RoundError>> + Send;

    /// How the operator's entry on the ledger stands. `begun` is whether this process has seen it in line.
    fn registration(&self, view: &Self::View, begun: bool) -> Registration;

    /// Decides what to do about the agenda. Pure: it has nothing but the view, so that a simulator's agents can use it.
    fn plan(view: &Self::View, agenda: &Agenda) -> Self::Plan;

    /// Does the operator's own part of a plan, before anything is said to the ledger. Returns the tasks that still stand.
    ///
    /// # Errors
    /// [`RoundError::Own`]; then nothing is sent.
    fn prepare(
        &self,
        view: &mut Self::View,
        plan: Self::Plan,
    ) -> impl Future<Output = Result<Prepared<Self::Task>, RoundError>> + Send;

    /// Makes the message of a task, with proofs where it needs them.
    fn message(&self, view: &Self::View, task: &Self::Task) -> impl Future<Output = Draft<Self::Task>> + Send;

    /// Takes note of what failed in a round, and says so in the status. Returns subjects to leave alone until everything is read
    /// anew, such as those whose every try costs a fee; the others rest after some failures.
    fn settle(
        &self,
        view: &mut Self::View,
        failures: &[Failure<Self::Task>],
        status: &SharedStatus<Self::Figures>,
    ) -> BTreeSet<Subject>;

    /// Counts a task that the ledger took, less `failed` units that its message left out.
    fn count(figures: &mut Self::Figures, task: &Self::Task, failed: usize);

    /// Puts into the figures what the view says.
    fn show(view: &Self::View, figures: &mut Self::Figures);
}

/// One message to come, and what it is about.
pub trait Task: Clone + Debug + Send + Sync + Sized + 'static {
    /// A word for logs.
    fn name(&self) -> &'static str;

    /// What it is about.
    fn subjects(&self) -> Vec<Subject>;

    /// Two tasks of half the subjects each; `None` when it is about one or none. A message is refused as a whole, so halving finds
    /// what it was refused for, while the rest goes through.
    fn split(&self) -> Option<[Self; 2]>;
}

/// What a view is refreshed with.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The node.
    pub client: &'a Client,
    /// The operator's address.
    pub address: Address,
    /// Ledger time, asked before this look: whatever is read is at least as new.
    pub now: Instant,
    /// What is to be read anew.
    pub dirty: &'a DirtySet,
}

/// What to plan about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agenda {
    /// Units that may have changed and do not rest. Those that are gone from the view are to be passed over.
    pub units: BTreeSet<UnitId>,
    /// What failed too often, or is left alone for another reason, until everything is read anew.
    pub resting: BTreeSet<Subject>,
}

impl Agenda {
    /// Whether a subject may be tried.
    pub fn allows(&self, subject: Subject) -> bool {
        !self.resting.contains(&subject)
    }
}

/// How an operator's entry on the ledger stands.
#[derive(Debug)]
pub enum Registration {
    /// As it should be.
    InLine,
    /// This message brings it in line.
    Differs {
        /// The message.
        message: Box<Message>,
        /// Whether there is an entry to work with meanwhile, if the ledger refuses.
        serving: bool,
    },
    /// It was as it should be, and somebody else who has the key wrote another: it is left as it is, and work goes on. Written over it,
    /// two daemons with one key would undo each other's entries for ever, at a fee each time.
    Contested {
        /// What was written, and what to do.
        why: String,
    },
    /// Taken out of the network by the operator: nothing is done until the daemon is started anew.
    Removed,
}

/// Tasks whose own part is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared<T> {
    /// Messages to send, in any order; those first in line are made first.
    pub tasks: Vec<T>,
    /// Units to plan about again at once: the operator's facts about them were not what the plan took them for.
    pub again: BTreeSet<UnitId>,
}

impl<T> From<Vec<T>> for Prepared<T> {
    fn from(tasks: Vec<T>) -> Self {
        Self { tasks, again: BTreeSet::new() }
    }
}

/// A task's message, and what had to be left out of it.
#[derive(Debug)]
pub struct Draft<T> {
    /// What to send; `None` when there is nothing to say.
    pub message: Option<Message>,
    /// Parts that cannot be done.
    pub failures: Vec<Failure<T>>,
    /// What is to be read anew on account of them.
    pub dirty: DirtySet,
}

impl<T> Draft<T> {
    /// Nothing to say.
    pub fn nothing() -> Self {
        Self { message: None, failures: Vec::new(), dirty: DirtySet::default() }
    }
}

impl<T> From<Message> for Draft<T> {
    fn from(message: Message) -> Self {
        Self { message: Some(message), ..Self::nothing() }
    }
}
