//! Carrying tasks out: messages to the ledger, split when it refuses.

use super::{
    dirty::DirtySet,
    duty::{Draft, Duty, Task},
    failure::{Failure, Subject},
    round::Runner,
};
use depin_client::{SubmitError, api::code};
use depin_quantity::Units;
use futures::future::{BoxFuture, FutureExt as _};

/// What came of a task.
#[derive(Debug)]
pub(super) struct Outcome<T> {
    /// What may have changed on the ledger.
    pub(super) dirty: DirtySet,
    /// What did not work out.
    pub(super) failures: Vec<Failure<T>>,
    /// The node could not be asked; everything is to be read anew once it can.
    pub(super) cut_off: Option<SubmitError>,
    /// The highest fee that a message of it cost.
    pub(super) fee: Units,
}

impl<T> Outcome<T> {
    fn merge(mut self, other: Self) -> Self {
        self.dirty.add(other.dirty);
        self.failures.extend(other.failures);
        self.cut_off = self.cut_off.or(other.cut_off);
        self.fee = self.fee.max(other.fee);
        self
    }
}

impl<D: Duty> Runner<D> {
    /// Carries a task out. What is refused for what it says, by the ledger or by a node that can never take it, is split until the subjects
    /// that are refused stand alone.
    pub(super) fn carry_out(&self, task: D::Task) -> BoxFuture<'_, Outcome<D::Task>> {
        async move {
            let Draft { message, failures, dirty } = self.duty.message(&self.view, &task).await;
            let mut outcome = Outcome { dirty, failures, cut_off: None, fee: Units::ZERO };
            let Some(message) = message else { return outcome };
            match self.sender.submit(message).await {
                Ok(receipt) => {
                    outcome.fee = receipt.fee.units;
                    let failed = outcome.failures.len();
                    self.status.change(|status| D::count(&mut status.service, &task, failed));
                    tracing::debug!(task = task.name(), failed, "done");
                    outcome.dirty.add(touched(&task));
                }
                Err(error) => {
                    let Some((code, message)) = error.refusal() else {
                        // The fee cannot be paid, or the node is away: nothing else will go through either.
                        outcome.dirty.add(touched(&task));
                        outcome.cut_off = Some(error);
                        return outcome;
                    };
                    if let Some([first, second]) = task.split() {
                        let (first, second) = futures::join!(self.carry_out(first), self.carry_out(second));
                        return outcome.merge(first).merge(second);
                    }
                    let subject = task.subjects().first().copied();
                    tracing::info!(task = task.name(), ?subject, code, message, "refused");
                    outcome.dirty.add(touched(&task));
                    outcome.failures.extend(subject.map(|subject| Failure { subject, task, why: message }));
                }
            }
            outcome
        }
        .boxed()
    }
}

/// Whether an error says that the account has too little.
pub(super) fn is_underfunded(error: &SubmitError) -> bool {
    error.code() == Some(code::BALANCE_TOO_LOW)
}

/// Whether an error says that the node's disk has no room for transactions.
pub(super) fn is_without_room(error: &SubmitError) -> bool {
    error.code() == Some(code::NO_ROOM)
}

/// What must be read again after a task: its units, and what the ledger keeps about all of them.
fn touched<T: Task>(task: &T) -> DirtySet {
    let unit = |subject| match subject {
        Subject::Unit(id) => Some(id),
        Subject::Group(_) | Subject::Registration => None,
    };
    DirtySet::units(task.subjects().into_iter().filter_map(unit))
}
