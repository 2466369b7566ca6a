//! What is known of each job: the last look at the ledger, what its nodes say, what stands in the way.

use crate::plan::{Book, JobView};
use depin_client::render::TicketView;
use depin_quantity::UnitId;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Longest pause before something that the ledger refused is tried again.
const PUT_OFF_MOST: Duration = Duration::from_secs(60);

/// A job as last seen.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub view: Arc<JobView>,
    pub book: Arc<Book>,
    /// When all its tickets were read.
    pub whole_at: Instant,
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
    /// Tickets that the ledger did not let be shown: how often, and until when that is not tried again.
    put_off: BTreeMap<(UnitId, u32), (u32, Instant)>,
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
        held.put_off.retain(|(of, _), _| *of != job);
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

    /// A ticket was not let be shown: it is tried again after `first`, and after twice as long each time, up to [`PUT_OFF_MOST`].
    pub(crate) fn put_off(&self, job: UnitId, number: u32, first: Duration) {
        let mut held = self.held();
        let (times, until) = held.put_off.entry((job, number)).or_insert_with(|| (0, Instant::now()));
        *until = Instant::now() + first.saturating_mul(1 << (*times).min(16)).min(PUT_OFF_MOST);
        *times = times.saturating_add(1);
    }

    /// Whether a ticket is not to be shown yet.
    pub(crate) fn is_put_off(&self, job: UnitId, number: u32) -> bool {
        self.held().put_off.get(&(job, number)).is_some_and(|(_, until)| Instant::now() < *until)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_put_off_longer_each_time_and_for_its_own_ticket_alone() {
        let (board, job, hour) = (Board::default(), UnitId::new([1; 32]), Duration::from_secs(3_600));
        assert!(!board.is_put_off(job, 3));
        board.put_off(job, 3, Duration::ZERO);
        assert!(!board.is_put_off(job, 3), "no pause, no wait");
        for _ in 0..40 {
            board.put_off(job, 3, hour);
        }
        assert!(board.is_put_off(job, 3) && !board.is_put_off(job, 4));
        let until = board.held().put_off[&(job, 3)].1;
        assert!(until <= Instant::now() + PUT_OFF_MOST, "however often it was refused");
        board.close(job);
        assert!(!board.is_put_off(job, 3));
    }
}
