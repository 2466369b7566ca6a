//! Runs on all cores.
//!
//! In: an engine and the runs to make. Out: what each leaves, as soon as it is there, to one taker. The order in which they come
//! depends on the machine; what each of them is does not. Absent on purpose: files, clocks and signals; who looks on has those.

use super::{
    plan::{Assumptions, Plan},
    record::{RunRecord, State},
};
use crate::{Model, Point, RunFailure, RunKey, RunResult, Watch, run};
use std::{
    cell::Cell,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

/// Computes runs. The same point and key give the same result, wherever and whenever it is asked: so may an engine on many machines.
pub trait Engine: Sync {
    /// Makes one run.
    ///
    /// # Errors
    /// [`RunFailure`] for a run that could not be finished.
    fn run(&self, point: &Point, key: RunKey, watch: &dyn Watch) -> Result<RunResult, RunFailure>;
}

impl<F> Engine for F
where
    F: Fn(&Point, RunKey, &dyn Watch) -> Result<RunResult, RunFailure> + Sync,
{
    fn run(&self, point: &Point, key: RunKey, watch: &dyn Watch) -> Result<RunResult, RunFailure> {
        self(point, key, watch)
    }
}

impl Engine for Model {
    fn run(&self, point: &Point, key: RunKey, watch: &dyn Watch) -> Result<RunResult, RunFailure> {
        run(self, point, key, watch)
    }
}

/// Looks on while runs are made, from the threads that make them.
pub trait Look: Sync {
    /// A run has done `done` of its `all` steps.
    fn step(&self, _run: u32, _done: u32, _all: u32) {}
    /// Whether to go on. Runs that are under way when it says no are given up, and left to be made again.
    fn go_on(&self) -> bool {
        true
    }
}

/// Nobody looks on.
impl Look for () {}

/// One model, run many times.
pub struct Experiment<'a, E: ?Sized> {
    engine: &'a E,
    assumptions: &'a Assumptions,
    plan: Plan,
}

impl<'a, E: Engine + ?Sized> Experiment<'a, E> {
    /// An experiment that runs `engine` as `plan` says.
    pub const fn new(engine: &'a E, assumptions: &'a Assumptions, plan: Plan) -> Self {
        Self { engine, assumptions, plan }
    }

    /// What is run.
    pub const fn plan(&self) -> Plan {
        self.plan
    }

    /// Makes one run. A failure, and a panic in the engine, become part of what it leaves. None when it was given up because `look` said so.
    pub fn one(&self, run: u32, look: &dyn Look) -> Option<RunRecord> {
        let task = self.plan.task(self.assumptions, run);
        let watch = Watched { run, look, asked_to_stop: Cell::new(false) };
        let done = catch_unwind(AssertUnwindSafe(|| self.engine.run(&task.point, task.key, &watch)));
        if watch.asked_to_stop.get() {
            return None;
        }
        Some(match done {
            Ok(Ok(result)) => RunRecord::of_result(&task, result),
            Ok(Err(failure)) => RunRecord::of_failure(&task, failure),
            Err(panic) => {
                let message = format!("the run panicked: {}", text(panic.as_ref()));
                RunRecord { state: State::Failed { message }, ..RunRecord::empty(&task) }
            }
        })
    }

    /// Makes runs with `workers` threads, and gives each to `take` on the calling thread as it is done. Gives whether all were made.
    ///
    /// At most two records a worker wait for `take`.
    ///
    /// # Errors
    /// The first of `take`; runs under way are given up then.
    pub fn all<T>(
        &self,
        runs: impl Iterator<Item = u32> + Send,
        workers: NonZeroUsize,
        look: &dyn Look,
        mut take: impl FnMut(RunRecord) -> Result<(), T>,
    ) -> Result<bool, T> {
        let (runs, look) = (Mutex::new(runs), Stoppable { look, stop: AtomicBool::new(false) });
        let (sender, records) = mpsc::sync_channel(workers.get());
        thread::scope(|scope| {
            let mut threads = Vec::new();
            for _ in 0..workers.get() {
                let (sender, runs, look) = (sender.clone(), &runs, &look);
                threads.push(scope.spawn(move || {
                    while let Some(run) = runs.lock().ok().and_then(|mut runs| runs.next()) {
                        let Some(record) = (if look.go_on() { self.one(run, look) } else { None }) else { return false };
                        if sender.send(record).is_err() {
                            return false;
                        }
                    }
                    true
                }));
            }
            drop(sender);
            let mut taken = Ok(());
            for record in records {
                taken = take(record);
                if taken.is_err() {
                    look.stop.store(true, Ordering::Relaxed);
                    break;
                }
            }
            // A panic of a worker is one of this module: runs' own are caught.
            let ends: Vec<bool> = threads.into_iter().map(|thread| thread.join().expect("a worker ends by itself")).collect();
            taken.map(|()| ends.iter().all(|whole| *whole))
        })
    }
}

/// What somebody said who panicked.
fn text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason given")
}

/// Passes a run's steps on to who looks.
struct Watched<'a> {
    run: u32,
    look: &'a dyn Look,
    asked_to_stop: Cell<bool>,
}

impl Watch for Watched<'_> {
    fn step(&self, done: u32, all: u32) -> bool {
        self.look.step(self.run, done, all);
        let go_on = self.look.go_on();
        self.asked_to_stop.set(!go_on);
        go_on
    }
}

/// Who looks, and a stop of our own.
struct Stoppable<'a> {
    look: &'a dyn Look,
    stop: AtomicBool,
}

impl Look for Stoppable<'_> {
    fn step(&self, run: u32, done: u32, all: u32) {
        self.look.step(run, done, all);
    }

    fn go_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed) && self.look.go_on()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AuditSummary, results::Row};
    use depin_quantity::Instant;
    use std::{collections::BTreeMap, sync::atomic::AtomicU32};

    const PLAN: Plan = Plan { simulation: 0, seed: 7, runs: 20, fixed: true };

    fn workers(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).unwrap()
    }

    /// A run whose one value is its number; runs 3 and 5 fail, each in its way.
    fn engine(_: &Point, key: RunKey, watch: &dyn Watch) -> Result<RunResult, RunFailure> {
        let row = Row { timestep: 1, date: Instant::new(0), values: vec![f64::from(key.run)] };
        for step in 0..10 {
            if !watch.step(step, 10) {
                break;
            }
        }
        match key.run {
            3 => Err(RunFailure { key, rows: vec![row], message: "no supply is left".to_owned() }),
            5 => panic!("a bug in run {}", key.run),
            _ => Ok(RunResult {
                rows: vec![row],
                paired: Vec::new(),
                agents: Vec::new(),
                regions: Vec::new(),
                kpis: BTreeMap::new(),
                drawn: BTreeMap::new(),
                audit: AuditSummary::default(),
                effort: crate::Effort::default(),
                stopped: None,
            }),
        }
    }

    fn made(count: usize) -> Vec<RunRecord> {
        let assumptions = Assumptions::default();
        let mut records = Vec::new();
        let whole = Experiment::new(&engine, &assumptions, PLAN).all(0..PLAN.runs, workers(count), &(), |record| {
            records.push(record);
            Ok::<(), ()>(())
        });
        assert_eq!(whole, Ok(true));
        records.sort_by_key(|record| record.run);
        records
    }

    #[test]
    fn any_number_of_workers_makes_the_same_runs() {
        let one = made(1);
        assert_eq!(one.len(), 20);
        assert_eq!(one, made(2));
        assert_eq!(one, made(7));
    }

    #[test]
    fn a_run_that_fails_or_panics_keeps_its_reason_and_stops_no_other() {
        let records = made(2);
        assert_eq!(records[3].state, State::Failed { message: "no supply is left".to_owned() });
        assert_eq!(records[3].rows.len(), 1);
        assert_eq!(records[5].state, State::Failed { message: "the run panicked: a bug in run 5".to_owned() });
        assert_eq!(records.iter().filter(|record| record.state == State::Finished).count(), 18);
    }

    struct Until(AtomicU32);

    impl Look for Until {
        fn go_on(&self) -> bool {
            self.0.fetch_sub(1, Ordering::Relaxed) > 1
        }
    }

    #[test]
    fn whoever_says_stop_keeps_what_is_done_and_gets_no_half_runs() {
        let assumptions = Assumptions::default();
        let mut records = Vec::new();
        let look = Until(AtomicU32::new(26));
        let whole = Experiment::new(&engine, &assumptions, PLAN).all(0..PLAN.runs, workers(1), &look, |record| {
            records.push(record.run);
            Ok::<(), ()>(())
        });
        assert_eq!((whole, records), (Ok(false), vec![0, 1]));
    }

    #[test]
    fn a_taker_that_cannot_go_on_stops_the_runs() {
        let assumptions = Assumptions::default();
        let mut taken = 0;
        let whole = Experiment::new(&engine, &assumptions, PLAN).all(0..1_000_000, workers(2), &(), |_| {
            taken += 1;
            if taken == 3 { Err("the disk is full") } else { Ok(()) }
        });
        assert_eq!((whole, taken), (Err("the disk is full"), 3));
    }
}
