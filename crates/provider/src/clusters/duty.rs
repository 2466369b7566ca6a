//! What the service asks of a device: an entry in line, an answer every hour, a node while it is hired.

use super::{
    answer::Sought,
    config::ClusterConfig,
    entry,
    host::{SharedNode, Wish, now},
    plan::plan,
    status::ClusterFigures,
    store::{Store, StoreError},
    task::ClusterTask,
    view::View,
};
use crate::operator::{Agenda, DirtySet, Draft, Duty, Failure, Look, Prepared, Registration, RoundError, SharedStatus, Subject};
use depin_client::api::EventRecord;
use depin_quantity::{ContentHash, UnitId};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// The program that the device's hire waits for, for the interface.
pub(super) type SharedImage = Arc<Mutex<Option<ContentHash>>>;

/// A device's duty.
pub(super) struct ClusterDuty {
    pub(super) config: ClusterConfig,
    pub(super) url: String,
    pub(super) device: UnitId,
    /// Whether this machine can run nodes.
    pub(super) can_run: bool,
    pub(super) store: Store,
    pub(super) node: SharedNode,
    pub(super) image: SharedImage,
    pub(super) sought: watch::Sender<Option<Sought>>,
    pub(super) wish: watch::Sender<Wish>,
    pub(super) changes: watch::Sender<u64>,
}

impl From<StoreError> for RoundError {
    fn from(error: StoreError) -> Self {
        Self::own("store", &error)
    }
}

/// Tells what changed, and nothing that did not.
fn tell<T: PartialEq>(to: &watch::Sender<T>, new: T) {
    to.send_if_modified(|old| {
        let is_new = *old != new;
        if is_new {
            *old = new;
        }
        is_new
    });
}

impl Duty for ClusterDuty {
    const SERVICE: &'static str = "clusters";

    type View = View;
    type Plan = Vec<ClusterTask>;
    type Task = ClusterTask;
    type Figures = ClusterFigures;

    /// An answer has up to two kilobytes.
    fn message_bytes(_: &View) -> u64 {
        2_560
    }

    fn dirtied(event: &EventRecord) -> DirtySet {
        DirtySet::units(event.subject)
    }

    fn watch(&self) -> Option<watch::Receiver<u64>> {
        Some(self.changes.subscribe())
    }

    /// An hour opened, an answer is there, the node changed, or time passed.
    ///
    /// Names no device: that would have whatever failed tried again at every tick, at a fee each time. All is looked at in any round.
    async fn changed(&self, _: &View) -> Result<BTreeSet<UnitId>, RoundError> {
        Ok([UnitId::default()].into())
    }

    async fn refresh(&self, view: &mut View, look: Look<'_>) -> Result<BTreeSet<UnitId>, RoundError> {
        view.now = look.now;
        view.read(look, self.device).await?;
        view.add_own(&self.store, now(&self.node)).await?;
        tell(&self.wish, Wish { known: true, node: view.wanted() });
        tell(&self.sought, view.sought());
        *self.image.lock().unwrap_or_else(PoisonError::into_inner) = view.image();
        Ok([self.device].into())
    }

    fn registration(&self, view: &View, begun: bool) -> Registration {
        entry::registration(&self.config, self.config.terms(&self.url, self.can_run), view, begun)
    }

    fn plan(view: &View, agenda: &Agenda) -> Vec<ClusterTask> {
        plan(view, agenda)
    }

    async fn prepare(&self, view: &mut View, plan: Vec<ClusterTask>) -> Result<Prepared<ClusterTask>, RoundError> {
        view.saying.clone_from(&plan);
        Ok(plan.into())
    }

    async fn message(&self, _: &View, task: &ClusterTask) -> Draft<ClusterTask> {
        task.message().into()
    }

    /// What the ledger refuses costs a fee each time: it is left alone until everything is read anew.
    fn settle(
        &self,
        view: &mut View,
        failures: &[Failure<ClusterTask>],
        status: &SharedStatus<ClusterFigures>,
    ) -> BTreeSet<Subject> {
        view.note_said(!failures.is_empty());
        failures.iter().for_each(|failure| view.note_refused(&failure.task, &failure.why));
        match failures.first() {
            Some(failure) => {
                let name = crate::operator::Task::name(&failure.task);
                status.problem("hour", format!("the ledger refuses to {name}: {}", failure.why));
            }
            None => status.solved("hour"),
        }
        match view.entry.as_ref().filter(|entry| entry.active && entry.due.is_none() && view.readied) {
            Some(entry) => {
                let last = entry.misses.last().map_or_else(String::new, |miss| format!(": {}", view.why(miss.hour)));
                let why = format!(
                    "the device stands out, having failed too many hours{last}; start the daemon again once that is mended"
                );
                status.problem("device", why);
            }
            None => status.solved("device"),
        }
        let waits = view.node.hire.is_some() && !view.node.running;
        if waits {
            status.problem("hire", format!("the node of the hire does not run: {}", view.node.why));
        } else {
            status.solved("hire");
        }
        failures.iter().map(|failure| failure.subject).collect()
    }

    fn count(figures: &mut ClusterFigures, task: &ClusterTask, _: usize) {
        figures.count(task);
    }

    fn show(view: &View, figures: &mut ClusterFigures) {
        figures.show(view);
    }
}
