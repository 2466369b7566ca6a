//! The hour's work: solved on threads of its own, timed by the checker, kept. One hour at a time; what is not wanted any more is stopped.

use super::{
    checker::{CallError, Checker},
    store::{Stamped, Store, StoreError},
};
use crate::operator::blocking;
use depin_challenge::{Processor, Progress, SolveError, solve};
use depin_quantity::{Address, Seed, UnitId};
use depin_services::clusters::{Profile, Scale, work_of};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// What is to be done in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sought {
    pub(super) hour: u64,
    pub(super) seed: Seed,
    pub(super) profile: Profile,
    pub(super) scale: Scale,
    /// Longest time for an answer, by the checker's clock.
    pub(super) limit_ms: u64,
    /// Who is to sign.
    pub(super) checker: Option<Address>,
    /// Whether the device is hired: then the checker's word is enough, and its cores are the hirer's.
    pub(super) hired: bool,
}

/// Who does the hour's work.
pub(super) struct Solver {
    pub(super) device: UnitId,
    pub(super) store: Store,
    /// None when the owner named none, or no URL.
    pub(super) checker: Result<Checker, String>,
    pub(super) sought: watch::Receiver<Option<Sought>>,
    pub(super) changes: watch::Sender<u64>,
    /// Held by who computes: two at once would both be late.
    pub(super) bench: Arc<Mutex<()>>,
}

/// Why an hour's work is not done.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// It may be, by another try.
    #[error("{0}")]
    Passing(String),
    /// It will not be.
    #[error("{0}")]
    Final(String),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Passing(error.to_string())
    }
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        match &error {
            CallError::Passing { .. } => Self::Passing(error.to_string()),
            CallError::Refused { .. } => Self::Final(error.to_string()),
        }
    }
}

/// Stops what computes when whoever waits for it is gone.
struct Stop(Arc<Progress>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Solver {
    /// Works until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            let sought = *self.sought.borrow_and_update();
            let mut changed = self.sought.clone();
            if let Some(sought) = sought {
                tokio::select! {
                    () = self.hour(&sought) => {}
                    _ = changed.changed() => continue,
                }
            }
            if self.sought.changed().await.is_err() {
                return;
            }
        }
    }

    /// One hour, until it is done or cannot be.
    async fn hour(&self, sought: &Sought) {
        loop {
            let trouble = self.work(sought).await.err();
            if let Some(trouble) = &trouble {
                tracing::warn!(hour = sought.hour, %trouble, "the hour's work is not done");
                if let Err(error) = self.store.note(sought.hour, trouble.to_string()).await {
                    tracing::warn!(%error, "why is not kept");
                }
            }
            self.changes.send_modify(|n| *n += 1);
            match trouble {
                Some(Trouble::Passing(_)) => tokio::time::sleep(PAUSE).await,
                _ => return,
            }
        }
    }

    async fn work(&self, sought: &Sought) -> Result<(), Trouble> {
        let kept = self.store.begin_hour(sought.hour, sought.seed).await?;
        let is_done = match &kept.stamped {
            Some(Stamped::Answer(_)) => true,
            Some(Stamped::Attendance(_)) => sought.hired,
            None => false,
        };
        if is_done {
            return Ok(());
        }
        let checker = self.checker.as_ref().map_err(|why| Trouble::Final(why.clone()))?;
        if sought.hired {
            let seen = checker.see(self.device, sought.hour).await?;
            signs(seen.key.address(), sought.checker)?;
            return Ok(self.store.stamped(sought.hour, Stamped::Attendance(Box::new(seen)), String::new()).await?);
        }
        let answer = match kept.answer {
            Some(answer) => answer,
            None => self.solve(sought).await?,
        };
        let timed = checker.time(self.device, sought.hour, &answer).await?;
        signs(timed.key.address(), sought.checker)?;
        let note = late(timed.millis.into(), sought.limit_ms).unwrap_or_default();
        Ok(self.store.stamped(sought.hour, Stamped::Answer(Box::new(timed)), note).await?)
    }

    /// Computes, and keeps what came of it before anybody is asked about it.
    async fn solve(&self, sought: &Sought) -> Result<Vec<u8>, Trouble> {
        let work = work_of(sought.seed, self.device, &sought.profile, sought.scale);
        let work = work.map_err(|error| Trouble::Final(error.to_string()))?;
        let (progress, bench) = (Arc::new(Progress::default()), Arc::clone(&self.bench));
        let stop = Stop(Arc::clone(&progress));
        let solved = blocking(move || {
            // Nothing is kept under this lock that a panic could leave half done.
            let _alone = bench.lock().unwrap_or_else(PoisonError::into_inner);
            solve(&work, &Processor, &progress)
        });
        let solved = solved.await;
        drop(stop);
        let answer = solved.map_err(|error| match error {
            // Memory may be free again in a moment, and threads.
            SolveError::Memory { .. } | SolveError::Thread { .. } => Trouble::Passing(error.to_string()),
            SolveError::Stopped { .. } | SolveError::Kernel(_) => Trouble::Final(error.to_string()),
        })?;
        let answer = answer.encode();
        self.store.answered(sought.hour, answer.clone()).await?;
        Ok(answer)
    }
}

/// What the ledger refuses is not sent to it.
fn signs(signer: Address, checker: Option<Address>) -> Result<(), Trouble> {
    match checker {
        Some(checker) if checker == signer => Ok(()),
        Some(checker) => Err(Trouble::Final(format!(
            "who answers as the checker signs as {signer}, and the network's checker is {checker}: name its URL with --checker"
        ))),
        None => Err(Trouble::Passing("nobody has the role of the network's checker now".to_owned())),
    }
}

/// That an answer came too late, in words.
pub(super) fn late(millis: u64, limit_ms: u64) -> Option<String> {
    let tenths = |ms: u64| format!("{}.{}", ms / 1_000, ms % 1_000 / 100);
    (millis > limit_ms).then(|| {
        format!(
            "the answer took {} s by the checker's clock, and {} s are allowed: the machine had less than the claimed cores and memory for it",
            tenths(millis),
            tenths(limit_ms)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_services::clusters::ProcessorKind;

    fn solver(folder: &std::path::Path, sought: watch::Receiver<Option<Sought>>) -> Solver {
        let device = UnitId::new([9; 32]);
        let (store, checker) = (Store::open(folder, device).unwrap(), Err("no checker was named".to_owned()));
        Solver { device, store, checker, sought, changes: watch::Sender::new(0), bench: Arc::default() }
    }

    fn sought() -> Sought {
        let profile = Profile {
            kind: ProcessorKind::Cpu,
            processors: 2,
            memory_mib: 1,
            disk_gib: 0,
            download_mbps: 0,
            upload_mbps: 0,
            slice: false,
        };
        let (seed, scale) = (Seed::new([7; 32]), Scale::TRIAL);
        Sought { hour: 3, seed, profile, scale, limit_ms: 60_000, checker: None, hired: false }
    }

    #[tokio::test]
    async fn what_was_solved_is_what_the_ledger_checks_and_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (_wanted, receiver) = watch::channel(None);
        let solver = solver(folder.path(), receiver);
        let sought = sought();
        solver.store.begin_hour(sought.hour, sought.seed).await.unwrap();
        let answer = solver.solve(&sought).await.unwrap();
        let work = work_of(sought.seed, solver.device, &sought.profile, sought.scale).unwrap();
        let decoded = depin_challenge::Answer::decode(&answer).unwrap();
        depin_challenge::verify(&work, &decoded, depin_challenge::Lot::Committed).unwrap();
        let kept = solver.store.begin_hour(sought.hour, sought.seed).await.unwrap();
        assert_eq!(kept.answer, Some(answer));
    }

    #[tokio::test]
    async fn why_an_hour_is_not_done_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (_wanted, receiver) = watch::channel(None);
        let solver = solver(folder.path(), receiver);
        solver.hour(&sought()).await;
        assert_eq!(solver.store.hours().await.unwrap()[0].note, "no checker was named");
    }

    #[test]
    fn an_answer_in_the_last_millisecond_is_in_time() {
        assert_eq!(late(60_000, 60_000), None);
        assert!(late(61_250, 60_000).unwrap().contains("61.2 s"));
        assert!(signs(Address::new([1; 32]), Some(Address::new([2; 32]))).is_err());
    }
}
