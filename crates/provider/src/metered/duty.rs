//! What the service asks of its operators: an entry in line, and an answer to disputes.

use super::{
    away,
    config::{DisputePolicy, MeteredConfig},
    entry,
    plan::{at_stake, plan},
    status::MeteredFigures,
    task::MeteredTask,
    view::{View, dirtied},
};
use crate::operator::{Agenda, DirtySet, Draft, Duty, Failure, Look, Prepared, Registration, RoundError, SharedStatus, Subject};
use depin_client::api::EventRecord;
use depin_quantity::UnitId;
use std::collections::BTreeSet;

/// An operator's duty. It keeps nothing of its own but how far it has read the history.
pub(super) struct MeteredDuty {
    pub(super) config: MeteredConfig,
    pub(super) url: String,
}

impl Duty for MeteredDuty {
    const SERVICE: &'static str = "metered";

    type View = View;
    type Plan = Vec<MeteredTask>;
    type Task = MeteredTask;
    type Figures = MeteredFigures;

    fn dirtied(event: &EventRecord) -> DirtySet {
        dirtied(event)
    }

    async fn refresh(&self, view: &mut View, look: Look<'_>) -> Result<BTreeSet<UnitId>, RoundError> {
        view.policy = Some(self.config.disputes);
        if let Some(folder) = self.config.folder.as_ref().filter(|_| look.dirty.all) {
            away::look_back(folder, view, look).await?;
        }
        view.refresh(look).await
    }

    fn registration(&self, view: &View, begun: bool) -> Registration {
        entry::registration(&self.config, &self.url, view, begun)
    }

    fn plan(view: &View, agenda: &Agenda) -> Vec<MeteredTask> {
        plan(view, agenda)
    }

    async fn prepare(&self, _: &mut View, plan: Vec<MeteredTask>) -> Result<Prepared<MeteredTask>, RoundError> {
        Ok(plan.into())
    }

    async fn message(&self, _: &View, task: &MeteredTask) -> Draft<MeteredTask> {
        task.message().into()
    }

    /// A refused answer is tried again when everything is read anew: every try costs a fee.
    fn settle(
        &self,
        view: &mut View,
        failures: &[Failure<MeteredTask>],
        status: &SharedStatus<MeteredFigures>,
    ) -> BTreeSet<Subject> {
        let waiting = super::plan::waiting(view);
        match waiting.first() {
            Some(first) => {
                let due = &view.disputes[first].dispute.due.text;
                let many = match waiting.len() {
                    1 => "a dispute waits".to_owned(),
                    many => format!("{many} disputes wait"),
                };
                let why = match view.policy {
                    Some(DisputePolicy::StandBy { deposit_most }) => {
                        let most = deposit_most.get();
                        format!(
                            ", since deposits of open disputes may be {most} base units in all and are {}",
                            at_stake(view).get()
                        )
                    }
                    _ => String::new(),
                };
                status.problem("disputes", format!("{many} for you{why}, such as of batch {first} until {due}: `depin metered answer`, or `concede`; unanswered they are lost"));
            }
            None => status.solved("disputes"),
        }
        if view.entry.as_ref().is_some_and(|entry| entry.expelled) {
            status.problem("expelled", "the network's reporter expelled this operator; it takes no orders any more".to_owned());
        }
        match failures.first() {
            Some(failure) => {
                let (task, batch) = (&failure.task, failure.task.batch());
                status.problem("answers", format!("the ledger refuses to {} about batch {batch}: {}", name(task), failure.why));
            }
            None if view.disputes.values().all(|known| known.dispute.answer.is_some()) => status.solved("answers"),
            None => {}
        }
        failures.iter().map(|failure| failure.subject).collect()
    }

    fn count(figures: &mut MeteredFigures, task: &MeteredTask, _: usize) {
        figures.count(task);
    }

    fn show(view: &View, figures: &mut MeteredFigures) {
        figures.show(view);
    }
}

fn name(task: &MeteredTask) -> &'static str {
    crate::operator::Task::name(task)
}
