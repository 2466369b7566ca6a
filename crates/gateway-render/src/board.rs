//! What is known of each job: the last look at the ledger, what its nodes say, what stands in the way.

use crate::plan::{Book, JobView};
use depin_client::render::TicketView;
use depin_quantity::UnitId;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A job as last seen.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub view: Arc<JobView>,
    pub book: Arc<Book>,
    /// When all its tickets were read.
    pub whole_at: std::time::Instant,
}

#[derive(Debug, Default)]
struct State {
    jobs: BTreeMap<UnitId, Seen>,
    /// What nodes say of tickets.
    tickets: BTreeMap<(UnitId, u32), TicketView>,
    /// Nodes that have a job's scene.
    scenes: BTreeMap<UnitId, BTreeSet<UnitId>>,
    /// Images of comparisons that were given.
    given: BTreeSet<(UnitId, String)>,
    /// By job (none: all of it) and what it concerns.
    problems: BTreeMap<(Option<UnitId>, String), String>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<State>);

impl Board {
    fn held(&self) -> MutexGuard<'_, State> {
        // Maps of plain values are whole at every point where a holder could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn see(&self, job: UnitId, seen: Seen) {
        self.held().jobs.insert(job, seen);
    }

    pub(crate) fn job(&self, job: UnitId) -> Option<Seen> {
        self.held().jobs.get(&job).cloned()
    }

    /// A job is closed: what its nodes said is of no use any more.
    pub(crate) fn close(&self, job: UnitId) {
        let mut held = self.held();
        held.tickets.retain(|(of, _), _| *of != job);
        held.scenes.remove(&job);
        held.given.retain(|(of, _)| *of != job);
        held.problems.retain(|(of, _), _| *of != Some(job));
    }

    pub(crate) fn tell(&self, job: UnitId, number: u32, view: TicketView) {
        self.held().tickets.insert((job, number), view);
    }

    pub(crate) fn told(&self, job: UnitId, number: u32) -> Option<TicketView> {
        self.held().tickets.get(&(job, number)).cloned()
    }

    pub(crate) fn has_scene(&self, job: UnitId, node: UnitId) {
        self.held().scenes.entry(job).or_default().insert(node);
    }

    pub(crate) fn lacks_scene(&self, job: UnitId, node: UnitId) {
        if let Some(nodes) = self.held().scenes.get_mut(&job) {
            nodes.remove(&node);
        }
    }

    pub(crate) fn knows_scene(&self, job: UnitId, node: UnitId) -> bool {
        self.held().scenes.get(&job).is_some_and(|nodes| nodes.contains(&node))
    }

    pub(crate) fn scenes(&self, job: UnitId) -> usize {
        self.held().scenes.get(&job).map_or(0, BTreeSet::len)
    }

    /// An image of a comparison was given.
    pub(crate) fn tell_of(&self, job: UnitId, image: String) {
        self.held().given.insert((job, image));
    }

    pub(crate) fn told_of(&self, job: UnitId, image: &str) -> bool {
        self.held().given.contains(&(job, image.to_owned()))
    }

    /// Notes what stands in the way; logs it when it is new.
    pub(crate) fn note(&self, job: Option<UnitId>, concerns: impl Into<String>, why: &dyn Display) {
        let (concerns, why) = (concerns.into(), why.to_string());
        let before = self.held().problems.insert((job, concerns.clone()), why.clone());
        if before.as_ref() != Some(&why) {
            let job = job.map(|job| job.to_string()).unwrap_or_default();
            tracing::warn!(job, concerns, "{why}");
        }
    }

    pub(crate) fn solved(&self, job: Option<UnitId>, concerns: &str) {
        self.held().problems.remove(&(job, concerns.to_owned()));
    }

    /// What stands in the way of a job, or of everything.
    pub(crate) fn problems(&self, job: Option<UnitId>) -> BTreeMap<String, String> {
        let held = self.held();
        let own = held.problems.iter().filter(|((of, _), _)| *of == job);
        own.map(|((_, concerns), why)| (concerns.clone(), why.clone())).collect()
    }
}
