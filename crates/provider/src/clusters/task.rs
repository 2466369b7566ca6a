//! One message to come.

use crate::operator::{Subject, Task};
use depin_ledger::Message;
use depin_quantity::UnitId;
use depin_services::clusters::{Answer, Attendance, ClustersMessage};

/// What a device's owner says to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterTask {
    /// Answers an hour's challenge.
    Answer(Box<Answer>),
    /// Shows the checker's word that the device is there.
    Attend(Box<Attendance>),
    /// Has a device that stands out checked again.
    Ready(UnitId),
}

impl ClusterTask {
    /// The device.
    pub fn device(&self) -> UnitId {
        match self {
            Self::Answer(answer) => answer.device,
            Self::Attend(seen) => seen.device,
            Self::Ready(device) => *device,
        }
    }

    pub(super) fn message(&self) -> Message {
        Message::service(match self {
            Self::Answer(answer) => ClustersMessage::Answer(answer.clone()),
            Self::Attend(seen) => ClustersMessage::Attend(seen.clone()),
            Self::Ready(device) => ClustersMessage::Ready { device: *device },
        })
    }
}

impl Task for ClusterTask {
    fn name(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Attend(_) => "attend",
            Self::Ready(_) => "be ready",
        }
    }

    fn subjects(&self) -> Vec<Subject> {
        vec![Subject::Unit(self.device())]
    }

    fn split(&self) -> Option<[Self; 2]> {
        None
    }
}
