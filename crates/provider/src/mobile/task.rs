//! What an access point tells the ledger about sessions.

use crate::operator::{Subject, Task};
use depin_quantity::UnitId;

/// Reports sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report(pub Vec<UnitId>);

impl Task for Report {
    fn name(&self) -> &'static str {
        "report-sessions"
    }

    fn subjects(&self) -> Vec<Subject> {
        self.0.iter().copied().map(Subject::Unit).collect()
    }

    fn split(&self) -> Option<[Self; 2]> {
        let (first, second) = self.0.split_at(self.0.len() / 2);
        if first.is_empty() { None } else { Some([Self(first.to_vec()), Self(second.to_vec())]) }
    }
}
