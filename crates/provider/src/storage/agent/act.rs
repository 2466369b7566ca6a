//! Carrying a plan out: messages and proofs to the ledger.

use super::{blocking, errand::Errand, prove, run::Agent, view::Stale};
use depin_client::{SubmitError, api::code};
use depin_ledger::Message;
use depin_quantity::UnitId;
use depin_services::storage::{DEALS_PER_MESSAGE, StorageMessage};
use futures::future::{BoxFuture, FutureExt as _};
use std::sync::Arc;

/// What an errand, or a part of it, is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// A deal.
    Deal(UnitId),
    /// A data set.
    Set(u32),
    /// The provider's entry.
    Registration,
}

/// A part of an errand that did not work out.
#[derive(Debug)]
pub(super) struct Setback {
    /// What it was about.
    pub(super) subject: Subject,
    /// What was tried.
    pub(super) tried: &'static str,
    /// What was said.
    pub(super) why: String,
}

/// What came of an errand.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What may have changed on the ledger.
    pub(super) stale: Stale,
    /// What did not work out.
    pub(super) setbacks: Vec<Setback>,
    /// The node could not be asked; everything is to be read anew once it can.
    pub(super) cut_off: Option<SubmitError>,
}

impl Outcome {
    fn merge(mut self, other: Self) -> Self {
        self.stale.add(other.stale);
        self.setbacks.extend(other.setbacks);
        self.cut_off = self.cut_off.or(other.cut_off);
        self
    }
}

impl Agent {
    /// Carries an errand out. What the ledger refuses is halved until the deals that it refuses stand alone.
    pub(super) fn carry_out(&self, errand: Errand) -> BoxFuture<'_, Outcome> {
        async move {
            let (message, mut outcome) = self.message(&errand).await;
            let Some(message) = message else { return outcome };
            match self.sender.submit(Message::service(message)).await {
                Ok(_) => {
                    self.count(&errand, &outcome);
                    outcome.stale.add(touched(&errand));
                    outcome
                }
                Err(SubmitError::Failed { code, message, .. }) => match errand.halves() {
                    Some([first, second]) => {
                        let (first, second) = futures::join!(self.carry_out(first), self.carry_out(second));
                        outcome.merge(first).merge(second)
                    }
                    None => {
                        let subject = subject(&errand);
                        tracing::info!(errand = errand.name(), ?subject, code, message, "the ledger refused");
                        outcome.stale.add(touched(&errand));
                        outcome.setbacks.extend(subject.map(|subject| Setback { subject, tried: errand.name(), why: message }));
                        outcome
                    }
                },
                // The fee cannot be paid: nothing else will go through either.
                Err(error) => {
                    outcome.stale.add(touched(&errand));
                    outcome.cut_off = Some(error);
                    outcome
                }
            }
        }
        .boxed()
    }

    /// The message of an errand, made with proofs where it needs them.
    async fn message(&self, errand: &Errand) -> (Option<StorageMessage>, Outcome) {
        let store = Arc::clone(&self.store);
        match errand {
            Errand::Prove(deals) => {
                let facts: Vec<_> = deals.iter().filter_map(|id| self.view.deals.get(id).cloned()).collect();
                let (proofs, failed) = blocking(move || prove::sectors(&store, &facts)).await;
                let setbacks = failed.into_iter().map(|(deal, error)| {
                    tracing::warn!(deal = %deal.id, cid = %deal.piece, %error, "a challenge cannot be answered");
                    Setback { subject: Subject::Deal(deal.id), tried: "prove", why: error.to_string() }
                });
                let outcome = Outcome { setbacks: setbacks.collect(), ..Outcome::default() };
                ((!proofs.is_empty()).then_some(StorageMessage::ProveSectors(proofs)), outcome)
            }
            Errand::ProveSet(number) => {
                let Some(set) = self.view.sets.get(number).cloned() else { return (None, Outcome::default()) };
                let (own, number) = (self.sender.address(), *number);
                match blocking(move || prove::set(&store, own, number, &set)).await {
                    Ok(message) => (message, Outcome::default()),
                    Err(error) => {
                        tracing::warn!(set = number, %error, "a window cannot be answered yet");
                        let setback = Setback { subject: Subject::Set(number), tried: "prove set", why: error.to_string() };
                        // The store knows of the damage by now: its deals are looked at again.
                        let stale = Stale { rest: true, ..Stale::default() };
                        (None, Outcome { setbacks: vec![setback], stale, ..Outcome::default() })
                    }
                }
            }
            _ => (errand.message(), Outcome::default()),
        }
    }

    fn count(&self, errand: &Errand, outcome: &Outcome) {
        let deals = (errand.deals().len() - outcome.setbacks.len().min(errand.deals().len())) as u64;
        self.board.change(|status| {
            let done = &mut status.done;
            match errand {
                Errand::Accept(_) => done.accepted += deals,
                Errand::Refuse(..) => done.refused += deals,
                Errand::Prove(_) => done.sectors_proven += deals,
                Errand::Faults(_) => done.faults += deals,
                Errand::Recovered(_) => {}
                Errand::AgreeEnds(_) => done.ends += deals,
                Errand::Extensions(_) => done.extensions += deals,
                Errand::ProveSet(_) => done.sets_proven += 1,
            }
        });
        tracing::debug!(errand = errand.name(), deals, "done");
    }

    /// Claims rewards.
    ///
    /// - Errors: as for any transaction.
    pub(super) async fn claim(&self) -> Result<(), SubmitError> {
        self.sender.submit(Message::Claim).await?;
        self.board.change(|status| status.done.claims += 1);
        Ok(())
    }
}

/// Whether an error says that the account has too little.
pub(super) fn is_underfunded(error: &SubmitError) -> bool {
    error.code() == Some(code::BALANCE_TOO_LOW)
}

fn subject(errand: &Errand) -> Option<Subject> {
    match errand {
        Errand::ProveSet(number) => Some(Subject::Set(*number)),
        other => other.deals().first().map(|id| Subject::Deal(*id)),
    }
}

/// What must be read again after an errand: its deals, and what the ledger keeps about all of them.
fn touched(errand: &Errand) -> Stale {
    debug_assert!(errand.deals().len() <= DEALS_PER_MESSAGE);
    Stale { all: false, deals: errand.deals().iter().copied().collect(), rest: true }
}
