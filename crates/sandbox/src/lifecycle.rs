//! The life of one instance as a state machine without I/O: what was seen and the time go in, what to do next and a status in words
//! come out. The supervisor does it.

use crate::workload::{Health, Restart};
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// Pause before the first new start; each further one doubles it.
pub const BACKOFF_FIRST: Duration = Duration::from_secs(1);
/// Longest pause.
pub const BACKOFF_MAX: Duration = Duration::from_secs(300);
/// Who ran for so long without ending begins with the first pause again.
pub const STEADY: Duration = Duration::from_secs(600);

/// How an instance ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// By itself, or by a signal (128 and its number).
    Exited {
        /// The exit code.
        code: i64,
    },
    /// Killed because its memory was full.
    OutOfMemory {
        /// The limit in bytes.
        limit: u64,
    },
    /// Removed because it wrote more than it may.
    Evicted {
        /// Where: `ephemeral storage`, or a volume.
        place: String,
        /// Bytes that it wrote.
        used: u64,
        /// Bytes that it may.
        limit: u64,
    },
    /// Ended because its health was bad for too long.
    Unwell {
        /// What the probe said.
        detail: String,
    },
    /// It could not be started.
    CannotStart {
        /// Why.
        detail: String,
    },
    /// It is gone, and nobody here removed it.
    Vanished,
}

/// Bytes that no disk has: said of what cannot be measured.
const IMMEASURABLE: u64 = 1 << 62;

impl Ending {
    fn is_success(&self) -> bool {
        matches!(self, Self::Exited { code: 0 })
    }

    const fn is_by_bound(&self) -> bool {
        matches!(self, Self::OutOfMemory { .. } | Self::Evicted { .. })
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited { code: 0 } => f.write_str("it ended by itself, with success"),
            Self::Exited { code: 137 } => f.write_str("it was killed from outside (exit 137)"),
            Self::Exited { code: 139 } => f.write_str("it crashed by a bad access to memory (exit 139)"),
            Self::Exited { code: 143 } => f.write_str("it ended by SIGTERM (exit 143)"),
            Self::Exited { code } => write!(f, "it ended with exit code {code}; its logs may say why"),
            Self::OutOfMemory { limit } => {
                write!(f, "it needed more than its {} of memory and was killed; ask for more", mib(*limit))
            }
            Self::Evicted { place, used, .. } if *used >= IMMEASURABLE => {
                write!(f, "it made folders in {place} that lie too deep to be measured; make fewer within each other")
            }
            Self::Evicted { place, used, limit } => {
                write!(f, "it wrote {} to {place}, of which it may have {}; ask for more or write less", mib(*used), mib(*limit))
            }
            Self::Unwell { detail } => write!(f, "its health was bad for too long: {detail}"),
            Self::CannotStart { detail } => f.write_str(detail),
            Self::Vanished => f.write_str("its container is gone, removed by somebody else"),
        }
    }
}

fn mib(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{bytes} bytes") } else { format!("{} MiB", bytes >> 20) }
}

/// Where an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It waits for services that it depends on.
    Waiting,
    /// It runs, and was not yet well.
    Starting,
    /// It runs and is well.
    Healthy,
    /// It runs, and is not well.
    Unhealthy,
    /// It ended, and is started again.
    Restarting,
    /// It wrote more than it may.
    Evicted,
    /// Its memory was not enough.
    OutOfMemory,
    /// It could not be started, or ended with a failure for good.
    Failed,
    /// It ended with success, for good.
    Completed,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Restarting => "restarting",
            Self::Evicted => "evicted",
            Self::OutOfMemory => "out of memory",
            Self::Failed => "failed",
            Self::Completed => "completed",
        })
    }
}

/// What is told of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Where it stands.
    pub state: State,
    /// Why, in words; empty when there is nothing to say.
    pub reason: String,
    /// How often it was started anew.
    pub restarts: u32,
    /// When it is started again, if it is.
    pub again_in: Option<Duration>,
    /// How it ended last.
    pub last_ending: Option<Ending>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// Not running; started when its time comes and what it depends on is well.
    Down {
        at: Duration,
        waits_for: String,
    },
    Up {
        since: Duration,
        well: bool,
        failures: u32,
        next_probe: Duration,
        complaint: String,
    },
    Over,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Todo {
    /// Nothing.
    Nothing,
    /// Start it, if what it depends on is well.
    Start,
    /// Ask how it is.
    Probe,
}

/// The life of one instance. Times are since any fixed moment, and never go back.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    phase: Phase,
    restart: Restart,
    health: Option<Health>,
    restarts: u32,
    in_a_row: u32,
    last: Option<Ending>,
}

impl Lifecycle {
    /// Of an instance that is to start at once.
    pub const fn new(now: Duration, restart: Restart, health: Option<Health>) -> Self {
        let phase = Phase::Down { at: now, waits_for: String::new() };
        Self { phase, restart, health, restarts: 0, in_a_row: 0, last: None }
    }

    /// What to do at `now`.
    pub fn todo(&self, now: Duration) -> Todo {
        match &self.phase {
            Phase::Down { at, .. } if *at <= now => Todo::Start,
            Phase::Up { next_probe, .. } if self.health.is_some() && *next_probe <= now => Todo::Probe,
            _ => Todo::Nothing,
        }
    }

    /// It cannot start yet, for it waits for others.
    pub fn waits(&mut self, on: &str) {
        if let Phase::Down { waits_for, .. } = &mut self.phase {
            on.clone_into(waits_for);
        }
    }

    /// It was started, or found running.
    pub fn started(&mut self, now: Duration) {
        let next_probe = now.saturating_add(self.health.as_ref().map_or(Duration::ZERO, |_| Duration::from_millis(200)));
        let well = self.health.is_none();
        self.phase = Phase::Up { since: now, well, failures: 0, next_probe, complaint: String::new() };
    }

    /// Before a start of the daemon it was started anew so often. What does not run is started once more.
    pub const fn ran_before(&mut self, restarts: u32) {
        self.restarts = if self.is_up() { restarts } else { restarts.saturating_add(1) };
    }

    /// It ended, or did not start.
    pub fn ended(&mut self, now: Duration, ending: Ending) {
        if let Phase::Up { since, .. } = self.phase
            && now.saturating_sub(since) >= STEADY
        {
            self.in_a_row = 0;
        }
        let again = match self.restart {
            Restart::Always => true,
            Restart::OnFailure => !ending.is_success(),
            Restart::Never => false,
        };
        self.last = Some(ending);
        if !again {
            self.phase = Phase::Over;
            return;
        }
        let pause = BACKOFF_FIRST.saturating_mul(1 << self.in_a_row.min(16)).min(BACKOFF_MAX);
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.restarts = self.restarts.saturating_add(1);
        self.phase = Phase::Down { at: now.saturating_add(pause), waits_for: String::new() };
    }

    /// If it could not be started, its pause is over. The next one is longer all the same.
    pub fn hurry(&mut self, now: Duration) {
        if let (Phase::Down { at, .. }, Some(Ending::CannotStart { .. })) = (&mut self.phase, &self.last) {
            *at = now.min(*at);
        }
    }

    /// It is to run from something else: at once, with a clean record.
    pub fn renewed(&mut self, now: Duration, restart: Restart, health: Option<Health>) {
        *self = Self { restarts: self.restarts, ..Self::new(now, restart, health) };
    }

    /// A probe answered. An ending is given back when it was unwell for so long that it must be ended.
    pub fn probed(&mut self, now: Duration, outcome: Result<(), String>) -> Option<Ending> {
        let health = self.health.as_ref()?;
        let Phase::Up { since, well, failures, next_probe, complaint } = &mut self.phase else { return None };
        // Until it was well once it is asked often: what waits for it should not wait for the next round.
        *next_probe = now.saturating_add(if *well || outcome.is_ok() {
            health.every
        } else {
            health.every.min(Duration::from_millis(500))
        });
        match outcome {
            Ok(()) => {
                *well = true;
                *failures = 0;
                complaint.clear();
                None
            }
            Err(detail) => {
                *complaint = detail;
                if !*well && now.saturating_sub(*since) < health.start_period {
                    return None;
                }
                *failures = failures.saturating_add(1);
                if *failures >= health.failures {
                    *well = false;
                }
                let doubled = health.failures.saturating_mul(2);
                (*failures >= doubled.max(1)).then(|| Ending::Unwell { detail: complaint.clone() })
            }
        }
    }

    /// Whether it runs.
    pub const fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up { .. })
    }

    /// Whether it runs and is well.
    pub const fn is_healthy(&self) -> bool {
        matches!(self.phase, Phase::Up { well: true, .. })
    }

    /// Whether it ended for good.
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Whether it did what it should: it is well, or ended with success.
    pub fn is_satisfied(&self) -> bool {
        self.is_healthy() || (self.is_over() && self.last.as_ref().is_some_and(Ending::is_success))
    }

    /// What is told at `now`.
    pub fn status(&self, now: Duration) -> Status {
        let told = |state, reason: String, again_in| Status {
            state,
            reason,
            restarts: self.restarts,
            again_in,
            last_ending: self.last.clone(),
        };
        let words = self.last.as_ref().map(Ending::to_string).unwrap_or_default();
        match &self.phase {
            Phase::Down { waits_for, .. } if !waits_for.is_empty() => {
                told(State::Waiting, format!("it waits for {waits_for}"), None)
            }
            Phase::Down { at, .. } => {
                let state = self.last.as_ref().map_or(State::Starting, |ending| ended_state(ending, State::Restarting));
                told(state, words, Some(at.saturating_sub(now)))
            }
            Phase::Up { well: true, complaint, .. } => {
                // A bound that ended it may end it again: whoever asks learns of it also when it is well.
                let bound = self.last.as_ref().filter(|ending| ending.is_by_bound());
                let words = bound.filter(|_| complaint.is_empty()).map(|ending| format!("ended before: {ending}"));
                told(State::Healthy, words.unwrap_or_else(|| complaint.clone()), None)
            }
            Phase::Up { failures, complaint, .. } => {
                let unwell = self.health.as_ref().is_some_and(|health| *failures >= health.failures);
                told(if unwell { State::Unhealthy } else { State::Starting }, complaint.clone(), None)
            }
            Phase::Over => {
                let state = self.last.as_ref().map_or(State::Failed, |ending| ended_state(ending, State::Failed));
                told(state, words, None)
            }
        }
    }
}

fn ended_state(ending: &Ending, other: State) -> State {
    match ending {
        Ending::OutOfMemory { .. } => State::OutOfMemory,
        Ending::Evicted { .. } => State::Evicted,
        Ending::CannotStart { .. } => State::Failed,
        Ending::Exited { code: 0 } if other == State::Failed => State::Completed,
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Probe;

    #[test]
    fn the_pause_of_what_could_not_be_started_can_be_ended_and_that_of_what_crashes_not() {
        let at = Duration::from_secs;
        for (ending, hurried) in
            [(Ending::CannotStart { detail: "no image".into() }, Todo::Start), (Ending::Exited { code: 1 }, Todo::Nothing)]
        {
            let mut life = Lifecycle::new(at(0), Restart::Always, None);
            life.ended(at(0), ending);
            assert_eq!(life.todo(Duration::ZERO), Todo::Nothing);
            life.hurry(Duration::ZERO);
            assert_eq!(life.todo(Duration::ZERO), hurried);
        }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn probed() -> Lifecycle {
        let health = Health { start_period: at(10), ..Health::new(Probe::Tcp(80)) };
        let mut life = Lifecycle::new(at(0), Restart::Always, Some(health));
        life.started(at(0));
        life
    }

    #[test]
    fn pauses_double_up_to_five_minutes_and_begin_anew_after_ten_steady_minutes() {
        let mut life = Lifecycle::new(at(0), Restart::Always, None);
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..12 {
            life.started(now);
            life.ended(now, Ending::Exited { code: 1 });
            let pause = life.status(now).again_in.expect("it is started again");
            pauses.push(pause.as_secs());
            now += pause;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        life.started(now);
        life.ended(now + STEADY, Ending::Exited { code: 1 });
        assert_eq!(life.status(now + STEADY).again_in, Some(BACKOFF_FIRST));
    }

    #[test]
    fn an_ending_is_told_by_its_kind_and_in_words() {
        let cases = [
            (Ending::OutOfMemory { limit: 64 << 20 }, State::OutOfMemory, "64 MiB of memory"),
            (
                Ending::Evicted { place: "ephemeral storage".into(), used: 9 << 20, limit: 8 << 20 },
                State::Evicted,
                "9 MiB to ephemeral storage",
            ),
            (Ending::CannotStart { detail: "image web:1 cannot be had".into() }, State::Failed, "image web:1"),
            (Ending::Exited { code: 3 }, State::Restarting, "exit code 3"),
            (Ending::Vanished, State::Restarting, "gone"),
        ];
        for (ending, state, words) in cases {
            let mut life = Lifecycle::new(at(0), Restart::Always, None);
            life.started(at(0));
            life.ended(at(5), ending);
            let status = life.status(at(5));
            assert_eq!(status.state, state);
            assert!(status.reason.contains(words), "{}", status.reason);
        }
    }

    #[test]
    fn a_bound_that_ended_it_is_still_told_when_it_runs_again() {
        for (ending, words) in [
            (Ending::OutOfMemory { limit: 64 << 20 }, "ended before: it needed more than its 64 MiB of memory"),
            (Ending::Exited { code: 1 }, ""),
        ] {
            let mut life = Lifecycle::new(at(0), Restart::Always, None);
            life.started(at(0));
            life.ended(at(5), ending);
            life.started(at(6));
            let status = life.status(at(7));
            assert_eq!(status.state, State::Healthy);
            assert!(status.reason.starts_with(words) && status.reason.is_empty() == words.is_empty(), "{}", status.reason);
        }
    }

    #[test]
    fn who_may_not_start_again_is_over() {
        for (restart, code, state, over) in [
            (Restart::Never, 0, State::Completed, true),
            (Restart::Never, 1, State::Failed, true),
            (Restart::OnFailure, 0, State::Completed, true),
            (Restart::OnFailure, 1, State::Restarting, false),
            (Restart::Always, 0, State::Restarting, false),
        ] {
            let mut life = Lifecycle::new(at(0), restart, None);
            life.started(at(0));
            life.ended(at(1), Ending::Exited { code });
            assert_eq!((life.status(at(1)).state, life.is_over()), (state, over), "{restart:?} {code}");
            assert_eq!(life.todo(at(2)), if over { Todo::Nothing } else { Todo::Start });
        }
    }

    #[test]
    fn it_is_starting_until_a_probe_succeeds_and_failures_count_after_its_start() {
        let mut life = probed();
        assert_eq!(life.status(at(1)).state, State::Starting);
        assert_eq!(life.probed(at(1), Err("refused".into())), None);
        assert_eq!(life.status(at(1)).reason, "refused");
        assert_eq!(life.probed(at(2), Ok(())), None);
        assert!(life.is_healthy());
        for _ in 0..2 {
            assert_eq!(life.probed(at(20), Err("refused".into())), None);
        }
        assert_eq!(life.status(at(20)).state, State::Healthy, "two of three failures");
        life.probed(at(21), Err("refused".into()));
        assert_eq!(life.status(at(21)).state, State::Unhealthy);
        life.probed(at(22), Err("refused".into()));
        life.probed(at(23), Err("refused".into()));
        assert_eq!(life.probed(at(24), Err("refused".into())), Some(Ending::Unwell { detail: "refused".into() }));
    }

    #[test]
    fn who_never_becomes_well_is_ended_after_its_start() {
        let mut life = probed();
        for second in 0..10 {
            assert_eq!(life.probed(at(second), Err("refused".into())), None);
        }
        let endings: Vec<_> = (10..16).map(|second| life.probed(at(second), Err("refused".into()))).collect();
        assert!(endings[..5].iter().all(Option::is_none));
        assert!(endings[5].is_some());
    }

    #[test]
    fn starts_of_before_a_restart_of_the_daemon_are_counted_on() {
        let mut taken_over = Lifecycle::new(Duration::ZERO, Restart::Always, None);
        taken_over.started(Duration::ZERO);
        taken_over.ran_before(3);
        assert_eq!(taken_over.status(Duration::ZERO).restarts, 3);
        taken_over.ended(Duration::ZERO, Ending::Vanished);
        assert_eq!(taken_over.status(Duration::ZERO).restarts, 4);
        let mut gone = Lifecycle::new(Duration::ZERO, Restart::Always, None);
        gone.ran_before(3);
        assert_eq!(gone.status(Duration::ZERO).restarts, 4, "it is started once more");
    }
}
