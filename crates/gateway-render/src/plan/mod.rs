//! What a dispatcher does next about a job: a pure function of what the ledger says of it and of what the dispatcher alone knows.
//!
//! In: a [`JobView`] (job, drawn nodes, tickets), the [`Book`] (the secret, what each ticket is for, frames whose pixels are known, pairs that were
//! compared). Out: [`Step`]s to send, and how far each frame is ([`frames`]). Called at every look; whatever was sent and got lost is planned again, since nothing
//! is taken as done before the ledger says so. Absent on purpose: clocks, networks, the store.

mod ends;
mod frames;
mod issue;

pub use frames::{FrameView, frames};

use depin_client::{
    api::{RenderingEligible, RenderingJob, RenderingTicket},
    render::KnownFrame,
};
use depin_quantity::{Instant, UnitId};
use depin_services::rendering::{Eligible, JobState, Opening, Purpose, Secret, Shown, is_checked, salt_of, ticket_hash};
use std::collections::{BTreeMap, BTreeSet};

/// Tickets of one job that a node is given before it has handed in those before: it is never idle between two, and the last ones
/// of a job do not wait in one row.
pub const DEPTH: usize = 4;

/// What the ledger says of a job.
#[derive(Clone, Debug)]
pub struct JobView {
    /// The job.
    pub job: RenderingJob,
    /// The nodes that its frames may go to, in the order in which they are drawn from.
    pub nodes: Vec<RenderingEligible>,
    /// Its tickets, by number.
    pub tickets: Vec<RenderingTicket>,
    /// Ledger time.
    pub now: Instant,
}

/// A ticket as it is given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuance {
    /// The node that it goes to.
    pub node: UnitId,
    /// The how manieth frame of the range, from 0.
    pub frame: u32,
    /// The how manieth attempt or turn, from 0.
    pub attempt: u8,
    /// What it is for.
    pub purpose: Purpose,
}

/// What the dispatcher alone knows of a job.
#[derive(Clone, Debug)]
pub struct Book {
    /// What it committed to.
    pub secret: Secret,
    /// Tickets that it meant to give out, by their hashes: written before they are sent.
    pub issued: BTreeMap<UnitId, Issuance>,
    /// Frames whose pixels are known.
    pub known: Vec<KnownFrame>,
    /// Pairs of tickets that it had compared; a planted one with itself.
    pub compared: BTreeSet<(u32, u32)>,
}

/// Something to send to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Give tickets out.
    Issue(Vec<Issuance>),
    /// Compare a ticket with another, or a planted one with what is known of it.
    Compare {
        /// The first.
        left: u32,
        /// The second.
        right: Option<u32>,
    },
    /// End the job.
    End,
    /// Open the secret.
    OpenSecret,
    /// Show the tickets that were drawn.
    Show(Vec<Shown>),
}

/// A ticket of the ledger with what the dispatcher knows of it.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What the ledger says.
    pub ticket: &'a RenderingTicket,
    /// What it is for.
    pub issuance: &'a Issuance,
}

impl Known<'_> {
    /// Whether its attempt ended so that another node is asked.
    pub fn has_failed(&self) -> bool {
        matches!(self.ticket.state.as_str(), "rejected" | "declined" | "lapsed" | "wrong" | "withheld")
    }

    /// Whether it is a frame of the job.
    pub fn is_frame(&self) -> bool {
        self.issuance.purpose == Purpose::Frame
    }

    /// Whether it can be compared now.
    fn is_comparable(&self) -> bool {
        matches!(self.ticket.state.as_str(), "delivered" | "rejected") && !self.ticket.done
    }
}

impl Issuance {
    /// What opens the ticket.
    pub fn opening(&self, secret: Secret, job: UnitId) -> Opening {
        let salt = salt_of(secret, job, self.node, self.frame, self.attempt, &self.purpose);
        Opening { frame: self.frame, attempt: self.attempt, purpose: self.purpose.clone(), salt }
    }

    /// What stands on the ledger for it.
    pub fn hash(&self, secret: Secret, job: UnitId) -> UnitId {
        ticket_hash(job, self.node, &self.opening(secret, job))
    }
}

impl JobView {
    /// The nodes as draws take them.
    pub fn eligible(&self) -> Vec<Eligible> {
        let one = |node: &RenderingEligible| Eligible { node: node.node, owner: node.owner, weight: node.weight };
        self.nodes.iter().map(one).collect()
    }
}

/// Everything about a job, found by number, by frame and by what it checks.
struct Board<'a> {
    view: &'a JobView,
    book: &'a Book,
    nodes: Vec<Eligible>,
    tickets: BTreeMap<u32, Known<'a>>,
    /// Attempts of each frame that was begun, in their order.
    tries: BTreeMap<u32, Vec<Known<'a>>>,
    /// Turns of each check, in their order.
    checks: BTreeMap<u32, Vec<Known<'a>>>,
}

impl<'a> Board<'a> {
    fn new(view: &'a JobView, book: &'a Book) -> Self {
        let (nodes, mut tickets) = (view.eligible(), BTreeMap::new());
        let (mut tries, mut checks) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for ticket in &view.tickets {
            let Some(issuance) = book.issued.get(&ticket.hash) else { continue };
            let known = Known { ticket, issuance };
            tickets.insert(ticket.number, known);
            match issuance.purpose {
                Purpose::Frame => tries.entry(issuance.frame).or_default().push(known),
                Purpose::Check { of } => checks.entry(of).or_default().push(known),
                Purpose::Planted { .. } => {}
            }
        }
        Self { view, book, nodes, tickets, tries, checks }
    }

    fn tries(&self, frame: u32) -> &[Known<'a>] {
        self.tries.get(&frame).map_or(&[], Vec::as_slice)
    }

    /// The last turn of the check of a ticket.
    fn last_check(&self, of: u32) -> Option<&Known<'a>> {
        self.checks.get(&of).and_then(|turns| turns.iter().max_by_key(|turn| turn.issuance.attempt))
    }

    /// Frames of the job that were handed in.
    fn handed(&self) -> impl Iterator<Item = &Known<'a>> {
        self.tickets.values().filter(|one| one.is_frame() && one.ticket.handed.is_some())
    }

    /// Whether the draw wants a delivery rendered again; none before its seed is there.
    fn to_check(&self, one: &Known<'_>) -> Option<bool> {
        let seed = one.ticket.drawn?;
        let checked = is_checked(self.book.secret, seed, one.ticket.hash, self.view.job.terms.check_share);
        // Nobody can check where all nodes are of one owner.
        Some(checked && self.nodes.iter().any(|node| node.owner != one.ticket.owner))
    }
}

/// Whether the draw wants a delivery rendered again; none before its seed is there, or where it is no frame that was handed in.
pub fn to_check(view: &JobView, book: &Book, number: u32) -> Option<bool> {
    let board = Board::new(view, book);
    let one = board.tickets.get(&number).filter(|one| one.is_frame() && one.ticket.handed.is_some())?;
    board.to_check(one)
}

/// What is to be sent about a job now, in this order.
pub fn plan(view: &JobView, book: &Book) -> Vec<Step> {
    let board = Board::new(view, book);
    let mut steps = board.compare();
    let issued = board.issue();
    if !issued.is_empty() {
        steps.push(Step::Issue(issued));
    }
    match view.job.state {
        JobState::Open if steps.is_empty() && board.is_over() => steps.push(Step::End),
        JobState::Ended if view.job.word == "committed" && steps.is_empty() => steps.push(Step::OpenSecret),
        JobState::Ended if view.job.word == "sampled" => {
            let shown = board.show();
            if !shown.is_empty() {
                steps.push(Step::Show(shown));
            }
        }
        _ => {}
    }
    steps
}
