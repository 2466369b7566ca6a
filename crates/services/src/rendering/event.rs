//! What happened, for receipts and indexes.

use super::{
    rows::EndReason,
    terms::{RejectReason, Secret},
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Instant, Seed, UnitId};
use serde::{Deserialize, Serialize};

/// The sides of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Sides {
    /// Who pays.
    pub artist: Address,
    /// Who gives frames out.
    pub dispatcher: Address,
}

/// How a comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The pixels were equal.
    Equal,
    /// Both nodes say that they are alike.
    Alike,
    /// One node says that its own is wrong.
    Conceded,
    /// Somebody did not say what it committed to.
    Unrevealed,
    /// A third node decided.
    Judged,
    /// No third node decided.
    Undecided,
}

/// One happening. Values are in millionths of what frames are priced in.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum RenderingEvent {
    /// A node registered, or changed what it says.
    NodeChanged {
        /// The node.
        node: UnitId,
        /// Whose.
        owner: Address,
    },
    /// A node takes part no more.
    NodeLeft {
        /// The node.
        node: UnitId,
        /// Whose.
        owner: Address,
        /// Whether it let too many frames lie.
        abandoned: bool,
    },
    /// A job was ordered.
    JobOpened {
        /// The job.
        job: UnitId,
        /// Its sides.
        #[serde(flatten)]
        sides: Sides,
        /// Frames.
        frames: u32,
        /// What is held.
        funds: u64,
    },
    /// It is drawn who renders what.
    JobDrawn {
        /// The job.
        job: UnitId,
        /// Its sides.
        #[serde(flatten)]
        sides: Sides,
        /// The seed.
        seed: Seed,
        /// Nodes that it may go to.
        nodes: u32,
    },
    /// A job's money is too little for one more frame.
    JobPaused {
        /// The job.
        job: UnitId,
        /// Its sides.
        #[serde(flatten)]
        sides: Sides,
        /// What is free.
        free: u64,
        /// What a frame may cost.
        needed: u64,
    },
    /// More is held for a job.
    JobFunded {
        /// The job.
        job: UnitId,
        /// Its sides.
        #[serde(flatten)]
        sides: Sides,
        /// What was ever held.
        funds: u64,
        /// Whether it goes on because of it.
        resumed: bool,
    },
    /// No more frames of a job are given out.
    JobEnding {
        /// The job.
        job: UnitId,
        /// Its sides.
        #[serde(flatten)]
        sides: Sides,
        /// Why.
        reason: EndReason,
    },
    /// Everything of a job is handed in.
    JobEnded {
        /// The job.
        job: UnitId,
        /// Its sides.
        #[serde(flatten)]
        sides: Sides,
        /// What is not rejected is approved then.
        approve_at: Instant,
        /// The secret is due then.
        secret_due: Instant,
    },
    /// A job is over and the rest of its money is back.
    JobClosed {
        /// The job.
        job: UnitId,
        /// Its sides.
        #[serde(flatten)]
        sides: Sides,
        /// Frames that were paid.
        frames: u32,
        /// Their price.
        spent: u64,
        /// What went back.
        returned: u64,
    },
    /// A ticket was given out.
    TicketIssued {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// To which node.
        node: UnitId,
        /// Whose that is.
        owner: Address,
        /// When it is due.
        due: Instant,
    },
    /// A ticket was given back, or its node let it lie.
    TicketFailed {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// The node.
        node: UnitId,
        /// Whose that is.
        owner: Address,
        /// Whether its node let it lie.
        lapsed: bool,
    },
    /// A frame was handed in.
    FrameDelivered {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// The node.
        node: UnitId,
        /// Whose that is.
        owner: Address,
        /// Its price.
        price: u64,
    },
    /// The seed is there that says whether a delivery is rendered again.
    CheckDrawn {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// The seed.
        seed: Seed,
    },
    /// A frame is approved; its key is due.
    FrameApproved {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// The node's owner.
        owner: Address,
        /// When its key is due.
        due: Instant,
    },
    /// A frame was rejected.
    FrameRejected {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// The node's owner.
        owner: Address,
        /// The how manieth frame of the range, from 0.
        frame: u32,
        /// Why.
        reason: RejectReason,
    },
    /// A frame's key is open, and it is paid.
    FramePaid {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// The node.
        node: UnitId,
        /// Whose that is.
        owner: Address,
        /// Its price.
        price: u64,
        /// Its work, in thousandths of an OctaneBench-hour.
        work: u64,
    },
    /// A key was not opened in time; the frame is not paid.
    KeyWithheld {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// The node.
        node: UnitId,
        /// Whose that is.
        owner: Address,
    },
    /// A ticket is compared.
    ComparisonOpened {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// With which other, if with one.
        other: Option<u32>,
        /// Owners of the nodes.
        owners: Vec<Address>,
    },
    /// Two frames differ, and both nodes may agree.
    FramesDiffer {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// When a third node is drawn.
        due: Instant,
    },
    /// A third node was drawn.
    ThirdDrawn {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// The node.
        node: UnitId,
        /// Whose that is.
        owner: Address,
        /// When it is due.
        due: Instant,
    },
    /// A comparison is over.
    ComparisonEnded {
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// How.
        outcome: Outcome,
        /// Whether the ticket is right; none when nobody knows.
        left: Option<bool>,
        /// Whether the other side is.
        right: Option<bool>,
    },
    /// A dispatcher opened its secret.
    SecretOpened {
        /// The job.
        job: UnitId,
        /// Its sides.
        #[serde(flatten)]
        sides: Sides,
        /// The secret.
        secret: Secret,
    },
    /// Tickets were drawn that are to be shown.
    TicketsDrawn {
        /// The job.
        job: UnitId,
        /// Which.
        numbers: Vec<u32>,
        /// When they are due.
        due: Instant,
    },
    /// Everything that was drawn was given as it should be.
    WordKept {
        /// The job.
        job: UnitId,
        /// Its sides.
        #[serde(flatten)]
        sides: Sides,
    },
    /// A dispatcher broke its word: what was handed in is approved, and its bond is paid.
    WordBroken {
        /// The job.
        job: UnitId,
        /// Its sides.
        #[serde(flatten)]
        sides: Sides,
        /// The ticket that shows it, if one does.
        number: Option<u32>,
        /// What was paid of the bond.
        bond: u64,
    },
}

impl RenderingEvent {
    /// Name of what happened, as its JSON says.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NodeChanged { .. } => "node-changed",
            Self::NodeLeft { .. } => "node-left",
            Self::JobOpened { .. } => "job-opened",
            Self::JobDrawn { .. } => "job-drawn",
            Self::JobPaused { .. } => "job-paused",
            Self::JobFunded { .. } => "job-funded",
            Self::JobEnding { .. } => "job-ending",
            Self::JobEnded { .. } => "job-ended",
            Self::JobClosed { .. } => "job-closed",
            Self::TicketIssued { .. } => "ticket-issued",
            Self::TicketFailed { .. } => "ticket-failed",
            Self::FrameDelivered { .. } => "frame-delivered",
            Self::CheckDrawn { .. } => "check-drawn",
            Self::FrameApproved { .. } => "frame-approved",
            Self::FrameRejected { .. } => "frame-rejected",
            Self::FramePaid { .. } => "frame-paid",
            Self::KeyWithheld { .. } => "key-withheld",
            Self::ComparisonOpened { .. } => "comparison-opened",
            Self::FramesDiffer { .. } => "frames-differ",
            Self::ThirdDrawn { .. } => "third-drawn",
            Self::ComparisonEnded { .. } => "comparison-ended",
            Self::SecretOpened { .. } => "secret-opened",
            Self::TicketsDrawn { .. } => "tickets-drawn",
            Self::WordKept { .. } => "word-kept",
            Self::WordBroken { .. } => "word-broken",
        }
    }

    /// The job that it is about, or the node.
    pub const fn subject(&self) -> UnitId {
        match self {
            Self::NodeChanged { node, .. } | Self::NodeLeft { node, .. } => *node,
            Self::JobOpened { job, .. }
            | Self::JobDrawn { job, .. }
            | Self::JobPaused { job, .. }
            | Self::JobFunded { job, .. }
            | Self::JobEnding { job, .. }
            | Self::JobEnded { job, .. }
            | Self::JobClosed { job, .. }
            | Self::TicketIssued { job, .. }
            | Self::TicketFailed { job, .. }
            | Self::FrameDelivered { job, .. }
            | Self::CheckDrawn { job, .. }
            | Self::FrameApproved { job, .. }
            | Self::FrameRejected { job, .. }
            | Self::FramePaid { job, .. }
            | Self::KeyWithheld { job, .. }
            | Self::ComparisonOpened { job, .. }
            | Self::FramesDiffer { job, .. }
            | Self::ThirdDrawn { job, .. }
            | Self::ComparisonEnded { job, .. }
            | Self::SecretOpened { job, .. }
            | Self::TicketsDrawn { job, .. }
            | Self::WordKept { job, .. }
            | Self::WordBroken { job, .. } => *job,
        }
    }

    /// The accounts it is about.
    pub fn accounts(&self) -> Vec<Address> {
        match self {
            Self::NodeChanged { owner, .. }
            | Self::NodeLeft { owner, .. }
            | Self::TicketIssued { owner, .. }
            | Self::TicketFailed { owner, .. }
            | Self::FrameDelivered { owner, .. }
            | Self::FrameApproved { owner, .. }
            | Self::FrameRejected { owner, .. }
            | Self::FramePaid { owner, .. }
            | Self::KeyWithheld { owner, .. }
            | Self::ThirdDrawn { owner, .. } => vec![*owner],
            Self::JobOpened { sides, .. }
            | Self::JobDrawn { sides, .. }
            | Self::JobPaused { sides, .. }
            | Self::JobFunded { sides, .. }
            | Self::JobEnding { sides, .. }
            | Self::JobEnded { sides, .. }
            | Self::JobClosed { sides, .. }
            | Self::SecretOpened { sides, .. }
            | Self::WordKept { sides, .. }
            | Self::WordBroken { sides, .. } => {
                let mut both = vec![sides.artist, sides.dispatcher];
                both.dedup();
                both
            }
            Self::ComparisonOpened { owners, .. } => owners.clone(),
            Self::CheckDrawn { .. } | Self::FramesDiffer { .. } | Self::ComparisonEnded { .. } | Self::TicketsDrawn { .. } => {
                Vec::new()
            }
        }
    }
}
