//! What the service remembers. Four tables: jobs that are due, draws, what there is, and what it is found by.

use super::terms::{Eligible, FrameKey, Handed, NewJob, NodeTerms, RejectReason, Secret, Tier};
use crate::kept::kept;
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, ContentHash, Instant, Name, Seed, Span, UnitId};
use depin_state::{KeyBytes, Row, RowKey};
use serde::{Deserialize, Serialize};

/// The table of jobs that are due.
pub(super) const DUE: u8 = 0x7c;
/// The table of draws.
pub(super) const DRAWS: u8 = 0x7d;

/// A node: one machine of its owner.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Node {
    /// Whose it is: who is paid, pledges, and answers for it.
    pub owner: Address,
    /// Its name among its owner's.
    pub name: Name,
    /// What it says of itself.
    pub terms: NodeTerms,
    /// When it registered first.
    pub since: Instant,
    /// Whether it takes part.
    pub active: bool,
    /// Whether it has a pledge locked.
    pub pledged: bool,
    /// Whether a fault made its pledge smaller than the network asks.
    pub below_pledge: bool,
    /// Tickets that it has not handed in.
    pub open: u32,
    /// Tickets that it handed in and that are not decided.
    pub pending: u32,
    /// Frames that were ever judged.
    pub judged: u64,
    /// Those that were right.
    pub right: u64,
    /// Jobs of which it let tickets lie in a row.
    pub lapses: u32,
    /// Frames that it was ever paid for.
    pub frames: u64,
    /// Its work for them, in thousandths of an OctaneBench-hour.
    pub work: u128,
    /// Their price, in millionths of what frames are priced in.
    pub value: u128,
    /// When it said last that it is there.
    pub beat: Option<Instant>,
    /// Since when it has no ticket to hand in.
    pub free_since: Instant,
    /// What its idle time came to and is less than a thousandth, in thousandths times milliseconds.
    pub idle_rest: u64,
    /// When it took no part, or its pledge was too small: the last times, the oldest first. A dispatcher that left it out then did right.
    pub absences: Vec<Absence>,
}

/// A time in which a node could be given nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Absence {
    /// Since when.
    pub from: Instant,
    /// When it was back; none while it is away.
    pub until: Option<Instant>,
}

/// Absences of a node that are told apart at most.
pub(super) const ABSENCES_MOST: usize = 16;

/// Frames that a new node is taken to have had judged, and how many of them were right: one failure moves an old node little.
const PRIOR: (u128, u128) = (10, 9);

impl Node {
    /// Its reputation: `floor(1000 * (right + 9) / (judged + 10))`.
    ///
    /// - Units: thousandths.
    /// - Rounding: down.
    /// - Source: Render manual, sections G, J and L: success ratio on sampled work, weighed against its history. The prior is ours.
    pub fn reputation(&self) -> u32 {
        let (judged, right) = (u128::from(self.judged) + PRIOR.0, u128::from(self.right) + PRIOR.1);
        u32::try_from(right.min(judged) * 1_000 / judged).unwrap_or(1_000)
    }

    /// How likely a job draws it: `max(1, floor(reputation / (1 + tickets open)))`.
    pub fn weight(&self) -> u32 {
        (self.reputation() / self.open.saturating_add(1)).max(1)
    }

    /// Notes that it can be given nothing from now on, or can again. Of more than [`ABSENCES_MOST`] the two oldest become one with what lies
    /// between them: whoever comes and goes so often may be left out, and no dispatcher loses its bond for it.
    pub(super) fn set_away(&mut self, away: bool, now: Instant) {
        match self.absences.last_mut().filter(|last| last.until.is_none()) {
            Some(last) if !away => last.until = Some(now),
            None if away => self.absences.push(Absence { from: now, until: None }),
            _ => {}
        }
        if self.absences.len() > ABSENCES_MOST {
            self.absences[0].until = self.absences.remove(1).until;
        }
    }

    /// Whether it could be given nothing at some time, or had come back less than `grace` before.
    pub fn was_away(&self, at: Instant, grace: Span) -> bool {
        self.absences.iter().any(|absence| absence.from <= at && absence.until.is_none_or(|until| at < until.later(grace)))
    }

    /// Whether a job may draw it now.
    pub(super) fn may_render(&self, job: &NewJob, reputation_least: u32) -> bool {
        self.active
            && !self.below_pledge
            && self.terms.accepts
            && self.terms.memory_mb >= job.memory_mb
            && self.reputation() >= reputation_least
            && self.terms.tiers.contains(&job.tier)
            && self.terms.engines.contains(&job.engine)
    }
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Its seed is not drawn.
    Drawing,
    /// Its frames are given out.
    Open,
    /// No more frames are given out; those that were may still be handed in.
    Ending,
    /// Everything is handed in: what nobody rejects is approved, the secret is opened.
    Ended,
    /// Nothing of it is undecided, and the rest of its money is back.
    Closed,
}

impl JobState {
    /// Its word in JSON and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Drawing => "drawing",
            Self::Open => "open",
            Self::Ending => "ending",
            Self::Ended => "ended",
            Self::Closed => "closed",
        }
    }
}

/// Why a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndReason {
    /// Its artist or dispatcher ended it.
    Asked,
    /// Its time was over.
    Time,
    /// One frame was rejected too often.
    Failed,
    /// No node could take it.
    Nobody,
}

/// How a dispatcher stands with its word.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// It is bound by the hash of its secret.
    Committed,
    /// The secret is open; the tickets to look at are being drawn.
    Opened(Secret),
    /// These tickets are to be shown.
    Sampled(Secret, Vec<u32>),
    /// Everything drawn was right.
    Kept(Secret),
    /// It gave a ticket to the wrong node, or did not open what it had to.
    Broken(Option<Secret>),
}

impl Word {
    /// The secret, once it is open.
    pub const fn secret(&self) -> Option<Secret> {
        match self {
            Self::Committed | Self::Broken(None) => None,
            Self::Opened(secret) | Self::Sampled(secret, _) | Self::Kept(secret) | Self::Broken(Some(secret)) => Some(*secret),
        }
    }
}

/// A job. Its money is in the hold of the same id, stated in millionths: `funds = spent + reserved + bond + free`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Job {
    /// Who pays.
    pub artist: Address,
    /// What was ordered.
    pub terms: NewJob,
    /// How many frames that are.
    pub count: u32,
    /// The most that one frame costs.
    pub frame_most: u64,
    /// How far it is.
    pub state: JobState,
    /// Why it ended.
    pub reason: Option<EndReason>,
    /// The seed that draws who renders what.
    pub drawn: Option<Seed>,
    /// How its dispatcher stands with its word.
    pub word: Word,
    /// What was ever held.
    pub funds: u64,
    /// What tickets may still cost that are not decided.
    pub reserved: u64,
    /// What was paid.
    pub spent: u64,
    /// What the dispatcher's word is bound by.
    pub bond: u64,
    /// Whether its hold is over, so that nothing of it is paid any more.
    pub lapsed: bool,
    /// Whether its money ever ran out: then nobody asks for checks that could not be paid.
    pub paused: bool,
    /// Tickets that were ever given out.
    pub tickets: u32,
    /// Those that are not handed in.
    pub open: u32,
    /// Those that were handed in and are not decided.
    pub pending: u32,
    /// Comparisons that are not decided.
    pub comparisons: u32,
    /// Frames that are paid.
    pub frames: u32,
    /// When it was ordered.
    pub created: Instant,
    /// Tickets are given out before this; then when it ended.
    pub until: Instant,
    /// What is not rejected is approved then; the secret is opened by another time.
    pub approve_at: Option<Instant>,
    /// The secret, or the tickets drawn, are due then.
    pub secret_due: Option<Instant>,
    /// When it was closed.
    pub closed: Option<Instant>,
}

impl Job {
    /// What further tickets can cost.
    pub const fn free(&self) -> u64 {
        self.funds.saturating_sub(self.spent).saturating_sub(self.reserved).saturating_sub(self.bond)
    }

    /// Whether its money is too little for one more frame.
    pub fn is_paused(&self) -> bool {
        self.state == JobState::Open && self.free() < self.frame_most
    }
}

/// How far a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum TicketState {
    /// A node has it.
    Issued,
    /// It is handed in; the artist may look at its preview.
    Delivered,
    /// It is compared with another.
    Compared,
    /// It is approved; its key is due.
    Approved {
        /// When.
        at: Instant,
    },
    /// Its key is open, and it is paid.
    Paid {
        /// When.
        at: Instant,
    },
    /// The artist rejected it; it is not paid unless it turns out to be right.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
    /// The node gave it back.
    Declined,
    /// The node let it lie.
    Lapsed,
    /// It was wrong.
    Wrong,
    /// Its key was not opened in time.
    Withheld,
}

impl TicketState {
    /// Its word in JSON and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Delivered => "delivered",
            Self::Compared => "compared",
            Self::Approved { .. } => "approved",
            Self::Paid { .. } => "paid",
            Self::Rejected { .. } => "rejected",
            Self::Declined => "declined",
            Self::Lapsed => "lapsed",
            Self::Wrong => "wrong",
            Self::Withheld => "withheld",
        }
    }

    /// Whether a frame whose attempt ended so goes to another node.
    pub const fn has_failed(self) -> bool {
        matches!(self, Self::Rejected { .. } | Self::Declined | Self::Lapsed | Self::Wrong | Self::Withheld)
    }
}

/// What a node handed in, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Delivery {
    /// What the node handed in.
    pub handed: Handed,
    /// When.
    pub at: Instant,
    /// Its work that is paid, in thousandths of an OctaneBench-hour.
    pub work: u64,
    /// Its price, in millionths.
    pub price: u64,
}

/// A frame that a node is to render, for a purpose that only the dispatcher and the node's gateway know.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Ticket {
    /// What opens it must hash to this.
    pub hash: UnitId,
    /// Whose it is.
    pub node: UnitId,
    /// The node's owner.
    pub owner: Address,
    /// When it was given out.
    pub issued: Instant,
    /// What it waits for is due then: the delivery, the approval by itself, the key.
    pub due: Instant,
    /// How far it is.
    pub state: TicketState,
    /// What was handed in.
    pub delivery: Option<Delivery>,
    /// The seed that says whether it is checked.
    pub drawn: Option<Seed>,
    /// Whether another node's frame was equal, or a third one said that it is right.
    pub verified: bool,
    /// The pixels that it committed to, where it had to say them.
    pub pixels: Option<ContentHash>,
    /// What opens the frame.
    pub key: Option<FrameKey>,
    /// Whether its key was ever said not to open what was committed to.
    pub key_disputed: bool,
    /// Whether nothing about it is undecided.
    pub done: bool,
}

/// What a comparison is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// Another delivery of the same frame.
    Ticket(u32),
    /// The pixels that the dispatcher says the planted frame has.
    Planted(ContentHash),
    /// The pixels that the paid ticket's own key opens.
    Key,
}

/// How far a comparison is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Both sides are to say what they committed to.
    Revealing,
    /// They differ: both may agree that they are alike, or one that it is wrong.
    Agreeing,
    /// A third node is drawn.
    Drawing,
    /// It looks at it.
    Judging(UnitId),
}

/// A comparison of a ticket of a job, by the ticket's number.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Comparison {
    /// What with.
    pub against: Against,
    /// The how manieth frame of the job's range it is, from 0.
    pub frame: u32,
    /// How far it is.
    pub step: Step,
    /// When the step is over.
    pub due: Instant,
    /// Whether the first side says that both are alike.
    pub left_alike: bool,
    /// Whether the second side does.
    pub right_alike: bool,
    /// How far the first ticket was before.
    pub left_was: TicketState,
    /// How far the second one was.
    pub right_was: Option<TicketState>,
    /// The how manieth third node it is, from 0.
    pub turn: u8,
}

/// What somebody did as an artist, and how many nodes it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Person {
    /// Jobs that are kept.
    pub jobs: u32,
    /// Nodes that take part.
    pub nodes: u32,
    /// Frames that it paid.
    pub paid: u64,
    /// Frames that it rejected.
    pub rejected: u64,
    /// Those of them that turned out to be right, and keys that it called wrong and that were not.
    pub unfounded: u64,
    /// Jobs in which it was the dispatcher and broke its word.
    pub broken: u64,
}

impl Person {
    /// How many nodes a job of this artist is given of `most`: `max(2, floor(most * (10 + paid) / (10 + paid + 10 * unfounded)))`.
    ///
    /// - Source: Render manual, section L: a better artist score gives more nodes at once. The form is ours.
    pub fn nodes_of(&self, most: u32) -> u32 {
        let good = u128::from(self.paid) + 10;
        let all = good + 10 * u128::from(self.unfounded);
        u32::try_from(u128::from(most) * good / all).unwrap_or(most).max(2)
    }
}

/// Running sums. Those that were ever counted stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct RenderingTotals {
    /// Nodes that take part.
    pub nodes: u32,
    /// Their scores.
    pub score: u64,
    /// Their memory, in MB.
    pub memory_mb: u64,
    /// When they registered first: the sum, in milliseconds since 1970.
    pub since_sum: u128,
    /// Jobs that are not closed.
    pub open_jobs: u32,
    /// Tickets that are not handed in.
    pub open_tickets: u64,
    /// Tickets that were handed in and are not decided.
    pub pending_tickets: u64,
    /// Comparisons that are not decided.
    pub comparisons_open: u32,
    /// Jobs that were ever ordered.
    pub jobs: u64,
    /// Tickets that were ever given out.
    pub tickets: u64,
    /// Frames that were ever paid.
    pub frames: u64,
    /// Their price, in millionths.
    pub value: u128,
    /// Their work, in thousandths of an OctaneBench-hour.
    pub work: u128,
    /// Frames that were equal to another node's, or that a third one called right.
    pub verified: u64,
    /// Frames that were wrong.
    pub wrong: u64,
    /// Keys that were withheld.
    pub withheld: u64,
    /// Dispatchers that broke their word.
    pub broken: u64,
}

/// The nodes that a job may go to, in the one order in which they are drawn from.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct EligibleNodes(pub Vec<Eligible>);

kept! {
    /// Running sums.
    1u8 Totals() => RenderingTotals;
    /// A node.
    2u8 Node(node: UnitId) => Node;
    /// A job.
    3u8 Job(job: UnitId) => Job;
    /// The nodes that a job may go to.
    4u8 Eligible(job: UnitId) => EligibleNodes;
    /// A ticket of a job.
    5u8 Ticket(job: UnitId, number: u32) => Ticket;
    /// A comparison of a ticket.
    6u8 Comparison(job: UnitId, number: u32) => Comparison;
    /// What somebody did.
    7u8 Person(person: Address) => Person;
}

impl Row for Thing {
    const TABLE: u8 = 0x7e;
    type Key = Id;
}

/// What something is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum IndexKey {
    /// A node that takes part, by a tier that it takes.
    Tier(Tier, UnitId),
    /// A node of its owner.
    NodeOf(Address, UnitId),
    /// A job of its artist.
    JobOf(Address, UnitId),
    /// A job of its dispatcher.
    DispatchOf(Address, UnitId),
    /// A ticket that its node has to do something about: hand it in, open its key.
    TicketOf(UnitId, UnitId, u32),
    /// Rejections of a frame of a job.
    Failures(UnitId, u32),
    /// The comparison that a ticket is the second side of.
    Second(UnitId, u32),
    /// A job of which a node let a ticket lie.
    Lapsed(UnitId, UnitId),
    /// How many tickets of a job a node has to hand in.
    OpenOf(UnitId, UnitId),
}

/// A number from 1 on, then the parts; a tier by its number.
impl RowKey for IndexKey {
    fn write(&self, out: &mut KeyBytes) {
        match *self {
            Self::Tier(tier, node) => (1u8, tier.index() as u8, node).write(out),
            Self::NodeOf(owner, node) => (2u8, owner, node).write(out),
            Self::JobOf(artist, job) => (3u8, artist, job).write(out),
            Self::DispatchOf(dispatcher, job) => (4u8, dispatcher, job).write(out),
            Self::TicketOf(node, job, number) => (5u8, node, job, number).write(out),
            Self::Failures(job, frame) => (6u8, job, frame).write(out),
            Self::Second(job, number) => (7u8, job, number).write(out),
            Self::Lapsed(job, node) => (8u8, job, node).write(out),
            Self::OpenOf(job, node) => (9u8, job, node).write(out),
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some(match u8::read(bytes)? {
            1 => Self::Tier(*Tier::ALL.get(usize::from(u8::read(bytes)?))?, UnitId::read(bytes)?),
            2 => Self::NodeOf(Address::read(bytes)?, UnitId::read(bytes)?),
            3 => Self::JobOf(Address::read(bytes)?, UnitId::read(bytes)?),
            4 => Self::DispatchOf(Address::read(bytes)?, UnitId::read(bytes)?),
            5 => Self::TicketOf(UnitId::read(bytes)?, UnitId::read(bytes)?, u32::read(bytes)?),
            6 => Self::Failures(UnitId::read(bytes)?, u32::read(bytes)?),
            7 => Self::Second(UnitId::read(bytes)?, u32::read(bytes)?),
            8 => Self::Lapsed(UnitId::read(bytes)?, UnitId::read(bytes)?),
            9 => Self::OpenOf(UnitId::read(bytes)?, UnitId::read(bytes)?),
            _ => return None,
        })
    }
}

/// What is found: that it is there, or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Found(pub u32);

impl Row for Found {
    const TABLE: u8 = 0x7f;
    type Key = IndexKey;
}
