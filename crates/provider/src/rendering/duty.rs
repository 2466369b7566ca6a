//! What the service asks of a node: an entry in line, frames handed in, words in comparisons, keys opened.

use super::{
    config::RenderingConfig,
    entry,
    files::{Files, age, remove},
    plan::plan,
    status::RenderingFigures,
    store::{Given, Store, StoreError},
    task::RenderingTask,
    view::View,
};
use crate::operator::{Agenda, DirtySet, Draft, Duty, Failure, Look, Prepared, Registration, RoundError, SharedStatus, Subject};
use depin_client::{Client, api::EventRecord};
use depin_quantity::UnitId;
use depin_services::rendering::JobState;
use std::{collections::BTreeSet, path::PathBuf, time::Duration};
use tokio::sync::watch;

/// What was begun and is not touched for so long is given up, wall time.
const LEFT: Duration = Duration::from_secs(3_600);

/// A node's duty.
pub(super) struct RenderingDuty {
    pub(super) config: RenderingConfig,
    pub(super) url: String,
    pub(super) node: UnitId,
    pub(super) client: Client,
    pub(super) store: Store,
    pub(super) files: Files,
    pub(super) changes: watch::Sender<u64>,
}

impl From<StoreError> for RoundError {
    fn from(error: StoreError) -> Self {
        Self::own("store", &error)
    }
}

impl RenderingDuty {
    /// Removes what nobody can ask for any more: frames that nothing is undecided about, after a while; scenes of jobs that are over, and those that were
    /// begun and not gone on with; images of comparisons that are over.
    async fn tidy(&self, view: &View) -> Result<(), RoundError> {
        let failed = |error: std::io::Error| RoundError::own("folder", &error);
        for kept in self.store.tickets().await? {
            if view.tickets.contains_key(&(kept.job, kept.number)) {
                continue;
            }
            let path = self.files.frame(kept.job, kept.number);
            if age(&path).is_some_and(|age| age < self.config.keep) {
                continue;
            }
            remove(&path).and_then(|()| remove(&self.files.preview(kept.job, kept.number))).map_err(failed)?;
            self.store.forget(kept.job, kept.number).await?;
        }
        for (job, whole) in self.store.begun_scenes().await? {
            let is_over = match self.client.rendering().job(job).await? {
                Some(found) => matches!(found.state, JobState::Closed),
                None => true,
            };
            let is_left = !whole && age(&self.files.scene(job)).is_none_or(|age| age >= LEFT);
            if (is_over || is_left) && !view.tickets.keys().any(|(of, _)| *of == job) {
                remove(&self.files.scene(job)).map_err(failed)?;
                self.store.forget_scene(job).await?;
            }
        }
        let compared: BTreeSet<PathBuf> = self.store.given().await?.iter().flat_map(|given| self.images(given)).collect();
        for path in self.files.all_compared().map_err(failed)? {
            if !compared.contains(&path) && age(&path).is_some_and(|age| age >= LEFT) {
                remove(&path).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Where the images of a comparison stand.
    fn images(&self, given: &Given) -> Vec<PathBuf> {
        given.sides.iter().map(|side| self.files.compared(given.job, given.first, side)).collect()
    }
}

impl Duty for RenderingDuty {
    const SERVICE: &'static str = "rendering";

    type View = View;
    type Plan = Vec<RenderingTask>;
    type Task = RenderingTask;
    type Figures = RenderingFigures;

    /// An event names its job and a ticket's number; tickets are planned about by their hashes, so all of them are looked at.
    fn dirtied(event: &EventRecord) -> DirtySet {
        DirtySet::units(event.subject)
    }

    fn watch(&self) -> Option<watch::Receiver<u64>> {
        Some(self.changes.subscribe())
    }

    /// Something was rendered, ordered or given, or time passed: it may concern any ticket.
    async fn changed(&self, view: &View) -> Result<BTreeSet<UnitId>, RoundError> {
        Ok(view.units())
    }

    async fn refresh(&self, view: &mut View, look: Look<'_>) -> Result<BTreeSet<UnitId>, RoundError> {
        view.now = look.now;
        view.read(look, self.node).await?;
        view.add_own(look.client, &self.store).await?;
        if look.dirty.all {
            self.tidy(view).await?;
        }
        Ok(view.units())
    }

    fn registration(&self, view: &View, begun: bool) -> Registration {
        entry::registration(&self.config, &self.url, view, begun)
    }

    fn plan(view: &View, agenda: &Agenda) -> Vec<RenderingTask> {
        plan(view, agenda)
    }

    async fn prepare(&self, view: &mut View, plan: Vec<RenderingTask>) -> Result<Prepared<RenderingTask>, RoundError> {
        view.saying.clone_from(&plan);
        Ok(plan.into())
    }

    async fn message(&self, _: &View, task: &RenderingTask) -> Draft<RenderingTask> {
        task.message().into()
    }

    /// What the ledger refuses costs a fee each time: it is left alone until everything is read anew.
    fn settle(
        &self,
        view: &mut View,
        failures: &[Failure<RenderingTask>],
        status: &SharedStatus<RenderingFigures>,
    ) -> BTreeSet<Subject> {
        let refused: BTreeSet<Subject> = failures.iter().map(|failure| failure.subject).collect();
        view.note_said(
            &refused.iter().filter_map(|subject| if let Subject::Unit(unit) = subject { Some(*unit) } else { None }).collect(),
        );
        match failures.first() {
            Some(failure) => {
                let name = crate::operator::Task::name(&failure.task);
                status.problem("frames", format!("the ledger refuses to {name}: {}", failure.why));
            }
            None => status.solved("frames"),
        }
        refused
    }

    fn count(figures: &mut RenderingFigures, task: &RenderingTask, failed: usize) {
        figures.count(task, failed);
    }

    fn show(view: &View, figures: &mut RenderingFigures) {
        figures.show(view);
    }
}
