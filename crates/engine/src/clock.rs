//! The clock that blocks are stamped and judged by: the wall clock, held against the boot clock.
//!
//! In: [`Readings`] of both clocks, and the stamps of parents. Out: what this node takes for the time, and the stamp of its next
//! block. A wall clock that jumps while the node runs is not followed: the boot clock, which nobody sets and which goes on while the
//! machine is suspended, carries the time on. Absent on purpose: what a stamp means for ledger time, which is the machine's.

use crate::limits::{CLOCK_DRIFT_MS, CLOCK_STEP_MS_MAX};
use rustix::time::{ClockId, clock_gettime};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// By how much the wall clock may part from the boot clock between two looks at them, usually.
pub const CLOCK_JUMP: Duration = Duration::from_secs(60);
/// How often both clocks are read again when the process was held up between the readings.
const TRIES: u32 = 3;
/// Milliseconds between two readings of the boot clock within which the reading of the wall clock between them counts.
const TOGETHER_MS: u64 = 100;

/// Where the time comes from.
pub trait Readings: Send + Sync {
    /// The wall clock: milliseconds since 1970, zero before.
    fn wall_ms(&self) -> u64;
    /// Milliseconds since some moment before the process began; goes on while the machine is suspended, and is never set.
    fn boot_ms(&self) -> u64;
}

/// The clocks of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemReadings;

impl Readings for SystemReadings {
    fn wall_ms(&self) -> u64 {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }

    fn boot_ms(&self) -> u64 {
        // Elsewhere the monotonic clock is the nearest there is; where it stops during a suspend, waking up counts as a jump.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        const ID: ClockId = ClockId::Boottime;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        const ID: ClockId = ClockId::Monotonic;
        let read = clock_gettime(ID);
        let (secs, nanos) = (u64::try_from(read.tv_sec).unwrap_or(0), u64::try_from(read.tv_nsec).unwrap_or(0));
        secs.saturating_mul(1_000).saturating_add(nanos / 1_000_000)
    }
}

/// The wall clock is behind the last block's stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the wall clock reads {wall} ms since 1970, {} ms behind the {stamp} ms that block {height} was stamped with; at most \
     {CLOCK_DRIFT_MS} ms are accepted",
    stamp - wall
)]
pub struct ClockBehind {
    /// Height of the last block.
    pub height: u64,
    /// Wall clock in its stamp, milliseconds since 1970.
    pub stamp: u64,
    /// What the wall clock reads.
    pub wall: u64,
}

/// How a chain was found when its store was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Height of the last block.
    pub height: u64,
    /// Wall clock in its stamp, milliseconds since 1970.
    pub stamp: u64,
    /// What the wall clock read.
    pub wall: u64,
}

/// The last time that was taken for right, and what is remembered from then on.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// The time.
    time: u64,
    /// The boot clock then.
    boot: u64,
    /// Milliseconds by which the wall clock jumped away from it; zero while the wall clock is followed.
    off: i64,
    /// Wall clock in the stamp of the parent seen last, and the boot clock when it was seen first.
    parent: (u64, u64),
}

/// The clock of one run of a node.
pub struct Clock {
    readings: Arc<dyn Readings>,
    jump: u64,
    accepted: u64,
    held: Mutex<Held>,
    opening: OnceLock<Opening>,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("jump", &self.jump).field("accepted", &self.accepted).finish_non_exhaustive()
    }
}

impl Clock {
    /// The clock of this machine. The wall clock is followed while it parts from the boot clock by at most `jump`.
    pub fn system(jump: Duration) -> Self {
        Self::new(Arc::new(SystemReadings), jump, Duration::ZERO)
    }

    /// A clock that starts with what the wall clock reads now. A chain whose last stamp is ahead of that by more than `accepted`, and
    /// by more than the drift, is not gone on with.
    pub fn new(readings: Arc<dyn Readings>, jump: Duration, accepted: Duration) -> Self {
        let (wall, boot) = both(readings.as_ref());
        let (jump, accepted) = (millis(jump), millis(accepted));
        let held = Mutex::new(Held { time: wall, boot, off: 0, parent: (0, boot) });
        Self { readings, jump, accepted, held, opening: OnceLock::new() }
    }

    /// What the wall clock reads, right or wrong.
    pub fn wall_ms(&self) -> u64 {
        self.readings.wall_ms()
    }

    /// What this node takes for the wall-clock time, milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        let (wall, boot) = both(self.readings.as_ref());
        let mut held = self.lock();
        // Two threads may have read in another order than they come here.
        let expected = held.time.saturating_add(boot.saturating_sub(held.boot));
        let off = signed(wall).saturating_sub(signed(expected));
        let followed = off.unsigned_abs() <= self.jump;
        match (followed, held.off != 0) {
            (true, true) => tracing::warn!(off_ms = off, "the wall clock is back; it is followed again"),
            (false, false) => tracing::warn!(
                jump_ms = off,
                "the wall clock jumped, which is not stamped: time goes on by the boot clock; set the wall clock right, or, where it is \
                 right now, restart the node"
            ),
            _ => {}
        }
        let (time, off) = if followed { (wall, 0) } else { (expected, off) };
        *held = Held { time, boot: boot.max(held.boot), off, ..*held };
        time
    }

    /// Milliseconds by which the wall clock jumped and is not followed: positive when it went ahead, zero when it is followed.
    pub fn jumped_ms(&self) -> i64 {
        self.now_ms();
        self.lock().off
    }

    /// Milliseconds by which the chain's clock is off the wall clock when its last block was stamped with `stamp`: positive when it is
    /// ahead. A stamp that time has passed is not off, however old it is.
    pub fn off_ms(&self, stamp: u64) -> i64 {
        let now = self.now_ms();
        signed(stamp.max(now)).saturating_sub(signed(self.wall_ms()))
    }

    /// How the chain was found; none until its store is opened.
    pub fn opening(&self) -> Option<Opening> {
        self.opening.get().copied()
    }

    /// Whether a chain whose last block is this one can be gone on with.
    pub(crate) fn check_start(&self, height: u64, stamp: u64) -> Result<(), ClockBehind> {
        let wall = self.now_ms();
        self.opening.get_or_init(|| Opening { height, stamp, wall });
        // The genesis document's time is its author's, who may have meant one that is still to come.
        if height == 0 || stamp.saturating_sub(wall) <= self.accepted.saturating_add(CLOCK_DRIFT_MS) {
            return Ok(());
        }
        Err(ClockBehind { height, stamp, wall })
    }

    /// Notes that a block stamped with `parent` is to be built on.
    pub(crate) fn see(&self, parent: u64) {
        let boot = self.readings.boot_ms();
        let mut held = self.lock();
        if held.parent.0 != parent {
            held.parent = (parent, boot);
        }
    }

    /// The wall clock in the stamp of the next block on one stamped with `parent`; always later. Usually that is the time. Where
    /// `parent` is ahead of the time, it is half of what passed since the parent was first seen: the chain goes on, and the time
    /// catches up.
    pub(crate) fn next(&self, parent: u64) -> u64 {
        let now = self.now_ms();
        if now > parent {
            return now;
        }
        let seen = self.lock().parent;
        let passed = if seen.0 == parent { self.readings.boot_ms().saturating_sub(seen.1) } else { 0 };
        parent.saturating_add((passed / 2).clamp(1, CLOCK_STEP_MS_MAX))
    }

    /// Milliseconds by which a block stamped with `wall`, on a parent at `height` stamped with `parent`, is ahead of what gets a vote
    /// now. That is the time and the drift; on a parent that is ahead of those itself, one step beyond the parent, since otherwise
    /// nobody could vote until the time has caught up.
    pub(crate) fn ahead(&self, wall: u64, height: u64, parent: u64) -> u64 {
        let latest = self.now_ms().saturating_add(CLOCK_DRIFT_MS);
        let latest = if height > 0 && parent > latest { parent.saturating_add(CLOCK_STEP_MS_MAX) } else { latest };
        wall.saturating_sub(latest)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // Whole at every point: it is written at once.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both clocks at the same moment, as far as the scheduler allows.
fn both(readings: &dyn Readings) -> (u64, u64) {
    let mut boot = readings.boot_ms();
    for _ in 0..TRIES {
        let wall = readings.wall_ms();
        let after = readings.boot_ms();
        if after.saturating_sub(boot) <= TOGETHER_MS {
            return (wall, boot);
        }
        boot = after;
    }
    (readings.wall_ms(), boot)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn signed(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}
