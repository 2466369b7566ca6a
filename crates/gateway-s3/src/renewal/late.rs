//! Rounds of one kind: one at a time, and known when one takes too long.

use std::{
    sync::{Mutex as Short, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};

/// Rounds of one kind.
pub(super) struct Rounds {
    /// The rest of a sentence that begins with how long it takes.
    what: &'static str,
    turn: Mutex<()>,
    since: Short<Option<Instant>>,
}

/// A round, while it lives.
pub(super) struct Round<'a> {
    rounds: &'a Rounds,
    _turn: MutexGuard<'a, ()>,
}

impl Rounds {
    pub(super) fn of(what: &'static str) -> Self {
        Self { what, turn: Mutex::default(), since: Short::default() }
    }

    /// Waits for the round under way, and begins one.
    pub(super) async fn begin(&self) -> Round<'_> {
        let turn = self.turn.lock().await;
        self.set(Some(Instant::now()));
        Round { rounds: self, _turn: turn }
    }

    /// Says for how long the round under way runs, if that is longer than `most`.
    pub(super) fn late(&self, most: Duration) -> Option<String> {
        let since = (*self.since.lock().unwrap_or_else(PoisonError::into_inner))?;
        let runs = since.elapsed();
        (runs > most).then(|| format!("{} takes {} s by now, usual is less than {} s", self.what, runs.as_secs(), most.as_secs()))
    }

    fn set(&self, since: Option<Instant>) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

impl Drop for Round<'_> {
    fn drop(&mut self) {
        self.rounds.set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_round_that_takes_too_long_is_told_of_until_it_ends() {
        let (rounds, hour) = (Rounds::of("moving shards"), Duration::from_secs(3_600));
        assert_eq!(rounds.late(Duration::ZERO), None);
        let round = rounds.begin().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(rounds.late(hour), None);
        assert_eq!(rounds.late(Duration::ZERO).unwrap(), "moving shards takes 0 s by now, usual is less than 0 s");
        drop(round);
        assert_eq!(rounds.late(Duration::ZERO), None);
    }
}
