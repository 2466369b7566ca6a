//! The device's side: fill the memory, take the steps, commit, answer.

use crate::{
    answer::{Answer, Root, State},
    delay,
    error::SolveError,
    lot::{Lot, leaves, places},
    memory::Memory,
    product::{Kernel, Matrix, Processor},
    step,
    tree::{Node, Tree, leaf},
    work::Work,
};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How far a computation is, and the order to stop it; shared with whoever watches.
#[derive(Debug, Default)]
pub struct Progress {
    stop: AtomicBool,
    steps: AtomicU64,
}

impl Progress {
    /// Asks to stop: the computation ends within some milliseconds.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Steps that were taken, of [`Work::transitions`].
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn stopped(&self, work: &Work) -> SolveError {
        SolveError::Stopped { steps: self.steps(), of: work.transitions() }
    }
}

/// Work that is done and committed to; the memory is free again.
pub struct Prepared {
    work: Work,
    tree: Tree,
    /// Of each lane.
    states: Vec<Vec<State>>,
}

/// Does the work, one thread a claimed core.
///
/// The kernel is tried first: a product that the processor computes otherwise is refused before hours are lost by it.
pub fn prepare(work: &Work, kernel: &dyn Kernel, progress: &Progress) -> Result<Prepared, SolveError> {
    let words = std::array::from_fn(|at| (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (a, b) = (Matrix::of_words(&words), Matrix::of_words(&words.map(|word| !word)));
    if kernel.iterate(&a, &b, 2) != Processor.iterate(&a, &b, 2) {
        return Err(SolveError::Kernel(kernel.name()));
    }
    let memory = Memory::fill(work, &progress.stop)?.ok_or_else(|| progress.stopped(work))?;
    let lanes: Vec<u16> = (0..work.claim().cores).collect();
    let walked = each_on_a_thread(&lanes, |lane| walk(work, *lane, &memory, kernel, progress))?;
    drop(memory);
    let (mut all, mut states) = (Vec::new(), Vec::new());
    for lane in walked {
        let (lane_states, lane_leaves) = lane.ok_or_else(|| progress.stopped(work))?;
        all.extend(lane_leaves);
        states.push(lane_states);
    }
    Ok(Prepared { work: work.clone(), tree: Tree::new(work, all), states })
}

/// Does the work and answers it in one message.
pub fn solve(work: &Work, kernel: &dyn Kernel, progress: &Progress) -> Result<Answer, SolveError> {
    prepare(work, kernel, progress)?.answer(Lot::Committed, progress)
}

impl Prepared {
    /// What is handed in before a seed is drawn, where two messages are sent.
    pub fn root(&self) -> Root {
        self.tree.root()
    }

    /// Answers what `lot` draws.
    pub fn answer(&self, lot: Lot, progress: &Progress) -> Result<Answer, SolveError> {
        let root = self.root();
        let chains: Vec<u8> = match lot {
            Lot::Committed => (0..self.work.chains().0).collect(),
            Lot::Drawn { .. } => Vec::new(),
        };
        let chains = each_on_a_thread(&chains, |chain| delay::forward(&self.work, &root, *chain, || progress.is_stopped()))?;
        let chains = chains.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| progress.stopped(&self.work))?;
        let places = places(&self.work, lot, &root, &chains);
        let states = places.iter().map(|place| self.states[usize::from(place.lane)][place.number as usize]).collect();
        Ok(Answer { root, chains, states, nodes: self.tree.open(&leaves(&self.work, &places)) })
    }
}

/// A lane from its first state to its last; `None` when it was stopped.
fn walk(work: &Work, lane: u16, memory: &Memory, kernel: &dyn Kernel, progress: &Progress) -> Option<(Vec<State>, Vec<Node>)> {
    let mut blocks = memory;
    let mut state = step::start(work, lane);
    let mut states = Vec::with_capacity(work.scale().steps as usize + 1);
    states.push(state);
    for number in 0..work.scale().steps {
        if progress.is_stopped() {
            return None;
        }
        state = step::next(work, (lane, number), &state, &mut blocks, kernel);
        states.push(state);
        progress.steps.fetch_add(1, Ordering::Relaxed);
    }
    let leaves = states.iter().map(|state| leaf(work, state)).collect();
    Some((states, leaves))
}

/// Runs `task` for each of `inputs` on a thread of its own, all at once; the results in their order.
pub(crate) fn each_on_a_thread<I: Sync, T: Send>(inputs: &[I], task: impl Fn(&I) -> T + Sync) -> Result<Vec<T>, SolveError> {
    let cores = u16::try_from(inputs.len()).unwrap_or(u16::MAX);
    let task = &task;
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for input in inputs {
            let thread = std::thread::Builder::new().name("challenge".to_owned()).spawn_scoped(scope, move || task(input));
            threads.push(thread.map_err(|error| SolveError::Thread { cores, why: error.to_string() })?);
        }
        Ok(threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect())
    })
}
