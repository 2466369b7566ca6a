//! Why a message to the service was refused.

use super::{
    message::{ENTRIES_MAX, RANGE_MAX},
    rows::{JobState, TicketState},
    terms::Frames,
};
use depin_economy::{Refusal, Spec};
use depin_quantity::{Address, Instant, Name, QuantityError, Share, Span, UnitId, Units};

/// A refusal; the message changed nothing. Checked in the order of the message's parts, the first that applies wins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderingError {
    /// An empty list, or one too long.
    #[error("a message has 1 to {ENTRIES_MAX} entries, this one {0}; split them over several")]
    Entries(usize),
    /// An empty range of tickets, or one too long.
    #[error("{first} to {last} is no range of 1 to {RANGE_MAX} tickets; name the first, then the last, and split long ranges")]
    Range {
        /// The first.
        first: u32,
        /// The last.
        last: u32,
    },
    /// A node that cannot be one.
    #[error("a node cannot be registered so: {0}")]
    Node(&'static str),
    /// A job that cannot be one.
    #[error("a job cannot be ordered so: {0}")]
    Job(&'static str),
    /// Frames that are none.
    #[error(
        "{} to {} in steps of {} are no frames; the first is 0 or above, the last not before it, the step 1 or more",
        .0.first, .0.last, .0.step
    )]
    Frames(Frames),
    /// More frames than one job has.
    #[error("a job has at most {most} frames, this one {given}; order several jobs")]
    FramesMost {
        /// Frames ordered.
        given: u64,
        /// The most.
        most: u32,
    },
    /// A share of checks below the network's.
    #[error("at least {least} of frames are checked in this network, not {given}; ask for that or more")]
    CheckShare {
        /// Asked for.
        given: Share,
        /// The least.
        least: Share,
    },
    /// A time longer than the network's.
    #[error("{what} is {given}, and at most {most} here; shorten it")]
    TooLong {
        /// What it is.
        what: &'static str,
        /// Asked for.
        given: Span,
        /// The most.
        most: Span,
    },
    /// A time for one frame that is shorter than the network's least.
    #[error("the time for one frame is {given}, and at least {least} here, so that nodes can do it; give more")]
    TooShort {
        /// Asked for.
        given: Span,
        /// The least.
        least: Span,
    },
    /// Money for less than one frame.
    #[error(
        "{} {currency} are free for frames, and one may cost {}; hold more ({} of it bind the dispatcher's word), or lower the most work of a frame",
        millionths(*free), millionths(*frame), millionths(*bond)
    )]
    BelowFrame {
        /// What could be spent on frames.
        free: u64,
        /// What one frame may cost.
        frame: u64,
        /// What binds the dispatcher.
        bond: u64,
        /// What it is in.
        currency: Name,
    },
    /// No money, where some is to be named.
    #[error("nothing is held by this; name an amount above zero")]
    Nothing,
    /// Too many jobs of one artist.
    #[error("{kept} jobs of this account are open or not forgotten yet, and {most} are kept of one; wait, or end some")]
    JobsKept {
        /// Jobs kept.
        kept: u32,
        /// The most.
        most: u32,
    },
    /// Too many nodes of one owner.
    #[error("this account has {0} nodes, the most of one owner here; use another account")]
    NodesMost(u32),
    /// No such node.
    #[error("{0} is no node that takes part; register it")]
    UnknownNode(UnitId),
    /// Another's node.
    #[error("node {node} is of {owner}; only its owner speaks for it")]
    NotYourNode {
        /// The node.
        node: UnitId,
        /// Whose it is.
        owner: Address,
    },
    /// A node with undecided tickets.
    #[error("the node has {open} tickets to hand in and {pending} that are not decided; it can leave when there are none")]
    InWork {
        /// To hand in.
        open: u32,
        /// Not decided.
        pending: u32,
    },
    /// No such job.
    #[error("there is no job {0}; it may have been closed and forgotten")]
    UnknownJob(UnitId),
    /// Another's job.
    #[error("job {job} is of {artist}, with the dispatcher {dispatcher}; only {allowed} may do this")]
    NotYourJob {
        /// The job.
        job: UnitId,
        /// Its artist.
        artist: Address,
        /// Its dispatcher.
        dispatcher: Address,
        /// Who may.
        allowed: &'static str,
    },
    /// A job that is not so far, or is further.
    #[error("job {job} is {}, and this needs one that is {needed}", state.word())]
    State {
        /// The job.
        job: UnitId,
        /// How far it is.
        state: JobState,
        /// How far it should be.
        needed: &'static str,
    },
    /// Money ran out.
    #[error("the job pauses: {} are free, and a frame may cost {}; its artist holds more with `fund-job`", millionths(*free), millionths(*needed))]
    Paused {
        /// What is free.
        free: u64,
        /// What a frame may cost.
        needed: u64,
    },
    /// More tickets than a job may have.
    #[error("a job of so many frames has at most {0} tickets; end it and order another")]
    Tickets(u32),
    /// A node that the job was not drawn for.
    #[error("node {0} is none of those that the job was drawn for, or takes no part now; give the frame's next attempt out")]
    NotEligible(UnitId),
    /// A node that has as many tickets of the job as one may.
    #[error("node {node} has {most} tickets of this job to hand in, the most at once; give it more when it has handed some in")]
    NodeBusy {
        /// The node.
        node: UnitId,
        /// The most.
        most: u32,
    },
    /// No such ticket.
    #[error("job {job} has no ticket {number}")]
    UnknownTicket {
        /// The job.
        job: UnitId,
        /// The number.
        number: u32,
    },
    /// A ticket that is not so far, or is further.
    #[error("ticket {number} is {}, and this needs one that is {needed}", state.word())]
    TicketState {
        /// The number.
        number: u32,
        /// How far it is.
        state: TicketState,
        /// How far it should be.
        needed: &'static str,
    },
    /// Too late.
    #[error("this had to be there by {}; now it is too late", .0.to_rfc3339())]
    TooLate(Instant),
    /// More work than time has passed.
    #[error("the ticket was given out {passed} ago, and {worked} of work are said; say how long it took")]
    Worked {
        /// Said.
        worked: Span,
        /// Passed.
        passed: Span,
    },
    /// An opening that does not open the ticket.
    #[error("this does not open ticket {0}: its frame, attempt, purpose or salt is another")]
    Opening(u32),
    /// A frame that the job has not.
    #[error("the job has {count} frames, 0 to {}; there is no frame {frame}", count - 1)]
    NoFrame {
        /// Named.
        frame: u32,
        /// Frames of the job.
        count: u32,
    },
    /// Two deliveries that cannot be compared.
    #[error("tickets {left} and {right} cannot be compared: {why}")]
    NotAlike {
        /// The first.
        left: u32,
        /// The second.
        right: u32,
        /// Why.
        why: &'static str,
    },
    /// A frame that was compared cannot be rejected.
    #[error("ticket {0} was compared: it was found right, or its frame was given out for it, so it is paid and not rejected")]
    Compared(u32),
    /// No comparison.
    #[error("ticket {0} is not being compared")]
    NoComparison(u32),
    /// A comparison at another step.
    #[error("the comparison of ticket {number} waits for {waits}")]
    OtherStep {
        /// The ticket.
        number: u32,
        /// For what it waits.
        waits: &'static str,
    },
    /// Pixels that were not committed to.
    #[error("ticket {0} was handed in with another commitment; send the hash and the salt that were committed to")]
    Commitment(u32),
    /// Another key than was committed to.
    #[error("ticket {0} was handed in with the hash of another key; send the key that was committed to")]
    Key(u32),
    /// A key that was disputed already.
    #[error("the key of ticket {0} was disputed already; it is judged once")]
    Disputed(u32),
    /// Another secret than was committed to.
    #[error("job {0} committed to another secret; send the one whose hash it was ordered with")]
    Secret(UnitId),
    /// The secret is not open.
    #[error("the secret of job {0} is not open, so nobody can know for whom its tickets were")]
    NotOpen(UnitId),
    /// A ticket that was not drawn.
    #[error("ticket {0} is none of those that are to be shown")]
    NotSampled(u32),
    /// A ticket that is shown without what belongs to it.
    #[error("ticket {number} is shown without {lacks}; name it")]
    Lacks {
        /// The ticket.
        number: u32,
        /// What is missing.
        lacks: &'static str,
    },
    /// A ticket that was given as it was drawn.
    #[error("ticket {0} was given to the node that the draw says")]
    WellGiven(u32),
    /// Nobody is paid for being there.
    #[error("this network pays nobody for idle nodes, so none needs to say that it is there")]
    Unpaid,
    /// The economy refused.
    #[error("{0}")]
    Economy(#[from] Refusal),
}

/// Millionths as people write them.
fn millionths(value: u64) -> String {
    Units::new(value.into()).to_decimal(6)
}

impl RenderingError {
    /// The refusal with its amounts in whole tokens.
    pub(super) fn told(&self, spec: &Spec) -> String {
        match self {
            Self::Economy(refusal) => refusal.told(spec),
            other => other.to_string(),
        }
    }

    /// All codes.
    pub const CODES: &'static [&'static str] = &[
        "entries",
        "range",
        "node",
        "job",
        "frames",
        "check-share",
        "too-long",
        "too-short",
        "below-frame",
        "nothing",
        "jobs-kept",
        "nodes-most",
        "unknown-node",
        "not-yours",
        "in-work",
        "unknown-job",
        "job-state",
        "paused",
        "tickets",
        "not-eligible",
        "node-busy",
        "unknown-ticket",
        "ticket-state",
        "too-late",
        "worked",
        "opening",
        "not-alike",
        "compared",
        "no-comparison",
        "other-step",
        "commitment",
        "key",
        "disputed",
        "secret",
        "not-open",
        "not-sampled",
        "lacks",
        "well-given",
        "unpaid",
        "economy",
    ];

    /// Short stable code for receipts and programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Entries(_) => "entries",
            Self::Range { .. } => "range",
            Self::Node(_) => "node",
            Self::Job(_) => "job",
            Self::Frames(_) | Self::FramesMost { .. } | Self::NoFrame { .. } => "frames",
            Self::CheckShare { .. } => "check-share",
            Self::TooLong { .. } => "too-long",
            Self::TooShort { .. } => "too-short",
            Self::BelowFrame { .. } => "below-frame",
            Self::Nothing => "nothing",
            Self::JobsKept { .. } => "jobs-kept",
            Self::NodesMost(_) => "nodes-most",
            Self::UnknownNode(_) => "unknown-node",
            Self::NotYourNode { .. } | Self::NotYourJob { .. } => "not-yours",
            Self::InWork { .. } => "in-work",
            Self::UnknownJob(_) => "unknown-job",
            Self::State { .. } => "job-state",
            Self::Paused { .. } => "paused",
            Self::Tickets(_) => "tickets",
            Self::NotEligible(_) => "not-eligible",
            Self::NodeBusy { .. } => "node-busy",
            Self::UnknownTicket { .. } => "unknown-ticket",
            Self::TicketState { .. } => "ticket-state",
            Self::TooLate(_) => "too-late",
            Self::Worked { .. } => "worked",
            Self::Opening(_) => "opening",
            Self::NotAlike { .. } => "not-alike",
            Self::Compared(_) => "compared",
            Self::NoComparison(_) => "no-comparison",
            Self::OtherStep { .. } => "other-step",
            Self::Commitment(_) => "commitment",
            Self::Key(_) => "key",
            Self::Disputed(_) => "disputed",
            Self::Secret(_) => "secret",
            Self::NotOpen(_) => "not-open",
            Self::NotSampled(_) => "not-sampled",
            Self::Lacks { .. } => "lacks",
            Self::WellGiven(_) => "well-given",
            Self::Unpaid => "unpaid",
            Self::Economy(_) => "economy",
        }
    }
}

impl From<QuantityError> for RenderingError {
    fn from(error: QuantityError) -> Self {
        Self::Economy(error.into())
    }
}
