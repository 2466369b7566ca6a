//! One message to come, and what it is about.

use crate::operator::{Subject, Task};
use depin_quantity::UnitId;
use depin_services::storage::{REASON_MAX, StorageMessage};
use std::collections::BTreeSet;

/// One message to come, and the deals that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageTask {
    /// Take deals.
    Accept(Vec<UnitId>),
    /// Decline deals.
    Refuse(Vec<UnitId>, String),
    /// Answer challenges of sectors.
    Prove(Vec<UnitId>),
    /// Say that sectors are lost or damaged.
    Faults(Vec<UnitId>),
    /// Say that sectors are back.
    Recovered(Vec<UnitId>),
    /// Agree to ends.
    AgreeEnds(Vec<UnitId>),
    /// Agree to longer terms.
    Extensions(Vec<UnitId>),
    /// Answer the open window of a data set.
    ProveSet(u32),
}

impl StorageTask {
    /// The deals that it is about; none for a data set.
    pub fn deals(&self) -> &[UnitId] {
        match self {
            Self::Accept(deals)
            | Self::Refuse(deals, _)
            | Self::Prove(deals)
            | Self::Faults(deals)
            | Self::Recovered(deals)
            | Self::AgreeEnds(deals)
            | Self::Extensions(deals) => deals,
            Self::ProveSet(_) => &[],
        }
    }

    /// The same about other deals.
    pub(super) fn with(&self, deals: Vec<UnitId>) -> Self {
        match self {
            Self::Accept(_) => Self::Accept(deals),
            Self::Refuse(_, reason) => Self::Refuse(deals, reason.clone()),
            Self::Prove(_) => Self::Prove(deals),
            Self::Faults(_) => Self::Faults(deals),
            Self::Recovered(_) => Self::Recovered(deals),
            Self::AgreeEnds(_) => Self::AgreeEnds(deals),
            Self::Extensions(_) => Self::Extensions(deals),
            Self::ProveSet(set) => Self::ProveSet(*set),
        }
    }

    /// The same without some deals; `None` when none is left.
    pub fn without(&self, gone: &BTreeSet<UnitId>) -> Option<Self> {
        if let Self::ProveSet(_) = self {
            return Some(self.clone());
        }
        let left: Vec<UnitId> = self.deals().iter().copied().filter(|id| !gone.contains(id)).collect();
        (!left.is_empty()).then(|| self.with(left))
    }

    /// The message, for tasks that need no proof.
    pub fn message(&self) -> Option<StorageMessage> {
        Some(match self {
            Self::Accept(deals) => StorageMessage::AcceptDeals(deals.clone()),
            Self::Refuse(deals, reason) => StorageMessage::RefuseDeals { deals: deals.clone(), reason: shortened(reason) },
            Self::Faults(deals) => StorageMessage::DeclareFaults(deals.clone()),
            Self::Recovered(deals) => StorageMessage::DeclareRecovered(deals.clone()),
            Self::AgreeEnds(deals) => StorageMessage::AgreeEnds(deals.clone()),
            Self::Extensions(deals) => StorageMessage::AcceptExtensions(deals.clone()),
            Self::Prove(_) | Self::ProveSet(_) => return None,
        })
    }
}

impl Task for StorageTask {
    fn name(&self) -> &'static str {
        match self {
            Self::Accept(_) => "accept",
            Self::Refuse(..) => "refuse",
            Self::Prove(_) => "prove",
            Self::Faults(_) => "declare faults",
            Self::Recovered(_) => "declare recovered",
            Self::AgreeEnds(_) => "agree to ends",
            Self::Extensions(_) => "accept extensions",
            Self::ProveSet(_) => "prove set",
        }
    }

    fn subjects(&self) -> Vec<Subject> {
        match self {
            Self::ProveSet(number) => vec![Subject::Group(*number)],
            other => other.deals().iter().copied().map(Subject::Unit).collect(),
        }
    }

    fn split(&self) -> Option<[Self; 2]> {
        let deals = self.deals();
        let (first, second) = deals.split_at(deals.len().div_ceil(2));
        (!second.is_empty()).then(|| [self.with(first.to_vec()), self.with(second.to_vec())])
    }
}

/// At most [`REASON_MAX`] bytes, cut between characters.
fn shortened(reason: &str) -> String {
    let end = (0..=reason.len().min(REASON_MAX)).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    reason[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u16) -> UnitId {
        UnitId::derive("test", &[&n.to_be_bytes()])
    }

    #[test]
    fn deals_whose_pieces_went_are_left_out() {
        let gone = BTreeSet::from([id(1)]);
        let left = |task: StorageTask| task.without(&gone);
        assert_eq!(left(StorageTask::Accept(vec![id(0), id(1)])), Some(StorageTask::Accept(vec![id(0)])));
        assert_eq!(left(StorageTask::Accept(vec![id(1)])), None);
        assert_eq!(left(StorageTask::ProveSet(3)), Some(StorageTask::ProveSet(3)));
    }

    #[test]
    fn halving_ends_at_single_deals() {
        let whole = StorageTask::Refuse(vec![id(0), id(1), id(2)], "no".to_owned());
        let [first, second] = whole.split().unwrap();
        assert_eq!((first.deals().len(), second.deals().len()), (2, 1));
        assert!(second.split().is_none() && StorageTask::ProveSet(1).split().is_none());
        assert_eq!(second, StorageTask::Refuse(vec![id(2)], "no".to_owned()));
    }

    #[test]
    fn long_reasons_are_cut_between_characters() {
        let task = StorageTask::Refuse(vec![id(0)], "é".repeat(300));
        let Some(StorageMessage::RefuseDeals { reason, .. }) = task.message() else { panic!() };
        assert_eq!(reason, "é".repeat(100));
        assert_eq!(shortened("short"), "short");
    }
}
