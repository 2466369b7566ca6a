//! One message to come.

use crate::operator::{Subject, Task};
use depin_ledger::Message;
use depin_quantity::{ContentHash, UnitId};
use depin_services::rendering::{FrameKey, Handed, RenderingMessage, Salt};

/// What a node says to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderingTask {
    /// Hands a frame in.
    Deliver {
        /// The ticket's hash.
        subject: UnitId,
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// What is handed in.
        handed: Box<Handed>,
    },
    /// Gives a ticket back.
    Decline {
        /// The ticket's hash.
        subject: UnitId,
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
    },
    /// Says what it committed to.
    Reveal {
        /// The ticket's hash.
        subject: UnitId,
        /// The job.
        job: UnitId,
        /// The ticket.
        number: u32,
        /// The hash of its pixels.
        pixels: ContentHash,
        /// The salt of the commitment.
        salt: Salt,
    },
    /// Says of two frames that differ that they are alike, or that its own is wrong.
    Settle {
        /// The hash of its own ticket.
        subject: UnitId,
        /// The job.
        job: UnitId,
        /// Its own ticket.
        number: u32,
        /// Whether they are alike; else its own is wrong.
        alike: bool,
    },
    /// Says, as a third node, who is right.
    Judge {
        /// The hash of the comparison's first ticket.
        subject: UnitId,
        /// The job.
        job: UnitId,
        /// The comparison's first ticket.
        number: u32,
        /// Whether that is right.
        left: bool,
        /// Whether what it is compared with is.
        right: bool,
    },
    /// Opens keys of approved frames.
    OpenKeys {
        /// The job.
        job: UnitId,
        /// Of each ticket its hash, its number and its key.
        keys: Vec<(UnitId, u32, FrameKey)>,
    },
    /// Says that the node is there.
    Beat(UnitId),
}

impl RenderingTask {
    pub(super) fn message(&self) -> Message {
        Message::service(match self {
            Self::Deliver { job, number, handed, .. } => {
                RenderingMessage::Deliver { job: *job, number: *number, handed: **handed }
            }
            Self::Decline { job, number, .. } => RenderingMessage::Decline { job: *job, number: *number },
            Self::Reveal { job, number, pixels, salt, .. } => {
                RenderingMessage::Reveal { job: *job, number: *number, pixels: *pixels, salt: *salt }
            }
            Self::Settle { job, number, alike, .. } => RenderingMessage::Settle { job: *job, number: *number, alike: *alike },
            Self::Judge { job, number, left, right, .. } => {
                RenderingMessage::Judge { job: *job, number: *number, left: *left, right: *right }
            }
            Self::OpenKeys { job, keys } => {
                RenderingMessage::OpenKeys { job: *job, keys: keys.iter().map(|(_, number, key)| (*number, *key)).collect() }
            }
            Self::Beat(node) => RenderingMessage::Beat { nodes: vec![*node] },
        })
    }
}

impl Task for RenderingTask {
    fn name(&self) -> &'static str {
        match self {
            Self::Deliver { .. } => "deliver",
            Self::Decline { .. } => "decline",
            Self::Reveal { .. } => "reveal",
            Self::Settle { .. } => "settle",
            Self::Judge { .. } => "judge",
            Self::OpenKeys { .. } => "open keys",
            Self::Beat(_) => "beat",
        }
    }

    fn subjects(&self) -> Vec<Subject> {
        match self {
            Self::Deliver { subject, .. }
            | Self::Decline { subject, .. }
            | Self::Reveal { subject, .. }
            | Self::Settle { subject, .. }
            | Self::Judge { subject, .. }
            | Self::Beat(subject) => vec![Subject::Unit(*subject)],
            Self::OpenKeys { keys, .. } => keys.iter().map(|(subject, ..)| Subject::Unit(*subject)).collect(),
        }
    }

    /// One key that the ledger does not take must not keep the others from being paid.
    fn split(&self) -> Option<[Self; 2]> {
        match self {
            Self::OpenKeys { job, keys } if keys.len() > 1 => {
                let (first, second) = keys.split_at(keys.len() / 2);
                Some([first, second].map(|keys| Self::OpenKeys { job: *job, keys: keys.to_vec() }))
            }
            _ => None,
        }
    }
}
