//! One message to come.

use crate::operator::{Subject, Task};
use depin_ledger::Message;
use depin_quantity::UnitId;
use depin_services::metered::{Evidence, MeteredMessage};

/// What an operator does about a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeteredTask {
    /// Stands by a batch, with the deposit that the network asks.
    Answer {
        /// The batch.
        batch: UnitId,
        /// What shows that the contested units were delivered.
        evidence: Evidence,
    },
    /// Gives the contested units of a batch up.
    Concede(UnitId),
}

impl MeteredTask {
    /// The batch that it is about.
    pub const fn batch(&self) -> UnitId {
        match self {
            Self::Answer { batch, .. } | Self::Concede(batch) => *batch,
        }
    }

    pub(super) fn message(&self) -> Message {
        Message::service(match self {
            Self::Answer { batch, evidence } => MeteredMessage::Answer { batch: *batch, evidence: evidence.clone() },
            Self::Concede(batch) => MeteredMessage::Concede(*batch),
        })
    }
}

impl Task for MeteredTask {
    fn name(&self) -> &'static str {
        match self {
            Self::Answer { .. } => "answer",
            Self::Concede(_) => "concede",
        }
    }

    fn subjects(&self) -> Vec<Subject> {
        vec![Subject::Unit(self.batch())]
    }

    fn split(&self) -> Option<[Self; 2]> {
        None
    }
}
