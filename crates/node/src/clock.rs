//! What a node says and remembers of its clock.
//!
//! In: the engine's [`Clock`] and the last block's stamp. Out: a warning while the chain's time is off the wall clock, notes about how
//! the chain was found at the start, and the file that remembers how far ahead its stamps were accepted. Absent on purpose: the
//! clock's own rules, which are the engine's.

use crate::{
    StartError,
    home::{Home, HomeError},
};
use depin_client::api::ClockWarning;
use depin_engine::{CLOCK_DRIFT_MS, CLOCK_JUMP, Clock, ClockBehind, Opening, Readings, SystemReadings};
use depin_files::Readers;
use depin_quantity::{Instant, Span};
use std::{fmt, fs, io, path::PathBuf, sync::Arc, time::Duration};

/// A standstill shorter than this is a restart, of which nothing is said.
const STANDSTILL_MS: u64 = 60_000;

/// Where a node has the time from, and what it takes for right.
#[derive(Clone)]
pub struct ClockConfig {
    /// The clocks; those of the machine, but for tests.
    pub readings: Arc<dyn Readings>,
    /// By how much the wall clock may part from the boot clock at once and still be followed.
    pub jump: Duration,
    /// Whether a chain is gone on with whose last block is stamped later than the wall clock reads.
    pub accept: bool,
}

impl Default for ClockConfig {
    fn default() -> Self {
        Self { readings: Arc::new(SystemReadings), jump: CLOCK_JUMP, accept: false }
    }
}

impl fmt::Debug for ClockConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClockConfig").field("jump", &self.jump).field("accept", &self.accept).finish_non_exhaustive()
    }
}

/// The clock of a run on `home`. A lead of the stamps that was accepted once needs no second word: it only shrinks.
pub(crate) fn start(home: &Home, config: &ClockConfig) -> Result<Arc<Clock>, HomeError> {
    let accepted = if config.accept { Duration::MAX } else { Duration::from_millis(accepted_ms(home)?) };
    Ok(Arc::new(Clock::new(Arc::clone(&config.readings), config.jump, accepted)))
}

/// The lead accepted so far; zero where there is no file, or one that says nothing, so that it is asked for again.
fn accepted_ms(home: &Home) -> Result<u64, HomeError> {
    let path = home.accepted_clock();
    match fs::read(&path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).trim().parse().unwrap_or(0)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(source) => Err(HomeError::Io { path, source }),
    }
}

/// Remembers, or forgets, by how much the stamps are ahead, and tells what is worth telling of how the chain was found. `cap` is
/// what ledger time may go on by in one block.
pub(crate) fn opened(home: &Home, opening: &Opening, speed: u32, cap: Span) -> Result<Vec<String>, HomeError> {
    let Opening { height, stamp, wall } = *opening;
    let path = home.accepted_clock();
    let failed = |path: PathBuf| move |source| HomeError::Io { path, source };
    let ahead = stamp.saturating_sub(wall);
    if height > 0 && ahead > CLOCK_DRIFT_MS {
        depin_files::replace(&path, format!("{ahead}\n").as_bytes(), Readers::Everybody).map_err(failed(path.clone()))?;
        return Ok(vec![ahead_text(ahead)]);
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(path)(error)),
        _ => {}
    }
    let stood = wall.saturating_sub(stamp);
    if height == 0 || stood < STANDSTILL_MS || stood.saturating_mul(speed.into()) <= cap.get() {
        return Ok(Vec::new());
    }
    let (stood, since) = (Span::from_millis(stood), Instant::new(stamp).to_rfc3339());
    Ok(vec![format!("the chain stood still for {stood}, since {since}; ledger time goes on by {cap} for that")])
}

fn ahead_text(ahead: u64) -> String {
    format!(
        "the chain's stamps are {} ahead of the wall clock; ledger time goes on at half its speed until the clock has caught up",
        Span::from_millis(ahead)
    )
}

/// The error for a wall clock behind the last block.
pub(crate) fn behind(behind: ClockBehind) -> StartError {
    let ClockBehind { height, stamp, wall } = behind;
    StartError::ClockBehind {
        height,
        behind: Span::from_millis(stamp.saturating_sub(wall)),
        stamp: Instant::new(stamp).to_rfc3339(),
        wall: Instant::new(wall).to_rfc3339(),
    }
}

/// By how much the chain's clock is off the wall clock after a block stamped with `stamp`, and the words for it where that is more
/// than the drift.
pub(crate) fn off(clock: &Clock, stamp: u64) -> (i64, Option<ClockWarning>) {
    let (jumped, off) = (clock.jumped_ms(), clock.off_ms(stamp));
    if off.unsigned_abs() <= CLOCK_DRIFT_MS {
        return (off, None);
    }
    let by = Span::from_millis(off.unsigned_abs());
    let message = match (jumped, off) {
        (0, _) => ahead_text(off.unsigned_abs()),
        (_, 0..) => format!(
            "the wall clock is {by} behind the chain's since it jumped; the node goes on by the boot clock: set the wall clock right, or, \
             where it is right now, start the node again with --accept-clock"
        ),
        _ => format!(
            "the wall clock is {by} ahead of the chain's since it jumped; the node goes on by the boot clock: set the wall clock right, \
             or, where it is right now, start the node again"
        ),
    };
    (off, Some(ClockWarning { off_ms: off, message }))
}
