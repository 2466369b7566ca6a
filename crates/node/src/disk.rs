//! The node's disk: a floor below which no new transactions are taken, a ballast, and an end in order when nothing is left.
//!
//! Below the floor the node goes on voting and answering. When the disk is full, the ballast is given back, so that blocks under way
//! can be finished and the node goes on for as long as it lasts; when that is used up too, the node ends in order, before its stores
//! fail at writing. When a writer was so quick that they failed first, the end is told in the same words. Freed space is noticed by
//! itself: transactions are taken again, and the ballast is filled.

use crate::node::StartError;
use depin_files::{Ballast, Floor, Level, NoRoom, Size, tells_of_no_space};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How often the disk is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// The ballast in a node's folder.
const BALLAST: &str = "ballast";

/// Nothing can be written any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no space left on the disk of {home} ({free} free): free some and start again; nothing acknowledged is lost",
    home = .home.display(), free = Size(*.free)
)]
pub struct NoSpace {
    /// The node's folder.
    pub home: PathBuf,
    /// Free bytes.
    pub free: u64,
}

/// What a look at the disk found.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    /// There is room.
    Room,
    /// Too little for new transactions.
    Low(NoRoom),
    /// Nothing, until the ballast was given back just now.
    GaveBack,
    /// Nothing, and no ballast.
    Full(NoSpace),
}

/// The disk of one node.
#[derive(Debug)]
pub(crate) struct Disk {
    floor: Floor,
    ballast: Ballast,
    gave_back: AtomicBool,
    ended_full: AtomicBool,
}

impl Disk {
    pub fn new(floor: Floor) -> Arc<Self> {
        let ballast = Ballast::at(floor.folder().join(BALLAST));
        Arc::new(Self { floor, ballast, gave_back: AtomicBool::new(false), ended_full: AtomicBool::new(false) })
    }

    /// How things stand; none where the system does not say.
    pub fn level(&self) -> Option<Level> {
        self.floor.level()
    }

    /// Whether a new transaction may be taken.
    pub fn admit(&self) -> Result<(), NoRoom> {
        self.floor.admit(0)
    }

    /// Whether the node ended, or did not start, because nothing could be written.
    pub fn ended_full(&self) -> bool {
        self.ended_full.load(Ordering::Relaxed)
    }

    /// Refuses to start where nothing can be written.
    pub fn check_start(&self) -> Result<(), StartError> {
        match self.level() {
            Some(level) if level.room.is_full() => Err(self.no_space().into()),
            _ => Ok(()),
        }
    }

    /// Why a node did not start, in the words for a full disk when that was it.
    pub fn explain_start(&self, error: StartError) -> StartError {
        if self.is_cause(&error.to_string()) { self.no_space().into() } else { error }
    }

    /// Why a part ended, in the words for a full disk when that was it.
    pub fn explain(&self, reason: String) -> String {
        if !self.is_cause(&reason) {
            return reason;
        }
        tracing::info!(reason, "a store could not write");
        self.no_space().to_string()
    }

    /// A store's own words may not say why a write failed; the disk does, also when the ballast was given back a moment after.
    fn is_cause(&self, reason: &str) -> bool {
        let full = |level: Level| level.room.is_full() || level.refuses() && self.gave_back.load(Ordering::Relaxed);
        tells_of_no_space(reason) || self.level().is_some_and(full)
    }

    fn no_space(&self) -> NoSpace {
        self.ended_full.store(true, Ordering::Relaxed);
        NoSpace { home: self.floor.folder().to_owned(), free: self.level().map_or(0, |level| level.room.free) }
    }

    /// Looks once, and does what is to be done about the ballast.
    fn look(&self) -> Seen {
        let Some(level) = self.level() else { return Seen::Room };
        if level.room.is_full() {
            if !self.ballast.give_back() {
                return Seen::Full(self.no_space());
            }
            self.gave_back.store(true, Ordering::Relaxed);
            return Seen::GaveBack;
        }
        if let Err(low) = self.admit() {
            return Seen::Low(low);
        }
        let bytes = Ballast::bytes(level.room);
        if !self.ballast.is_there() && level.room.free >= level.floor.saturating_add(bytes) {
            if let Err(error) = self.ballast.fill(bytes) {
                tracing::debug!(%error, "no ballast could be set aside");
            }
            self.gave_back.store(false, Ordering::Relaxed);
        }
        Seen::Room
    }

    /// Looks again and again; resolves when nothing can be written any more.
    pub async fn watch(self: Arc<Self>) -> NoSpace {
        let mut refused = false;
        loop {
            let disk = Arc::clone(&self);
            // A disk that hangs must not hold up a thread that others share.
            let seen = tokio::task::spawn_blocking(move || disk.look()).await.unwrap_or(Seen::Room);
            let refuses = !matches!(seen, Seen::Room);
            match seen {
                Seen::Full(why) => return why,
                Seen::GaveBack => {
                    tracing::warn!("the disk is full; the node gave its ballast back and ends when that is used up")
                }
                Seen::Low(low) if !refused => tracing::warn!("{low}; new transactions are refused"),
                Seen::Room if refused => tracing::warn!("the node's disk has room again; new transactions are taken"),
                Seen::Low(_) | Seen::Room => {}
            }
            refused = refuses;
            tokio::time::sleep(LOOK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_files::Room;
    use std::sync::atomic::AtomicU64;

    const MIB: u64 = 1 << 20;
    const TOTAL: u64 = 160 * MIB;

    fn disk(free: u64) -> (tempfile::TempDir, Arc<AtomicU64>, Arc<Disk>) {
        let (folder, free) = (tempfile::tempdir().unwrap(), Arc::new(AtomicU64::new(free)));
        let now = Arc::clone(&free);
        let read = move |_: &std::path::Path| Ok(Room { free: now.load(Ordering::Relaxed), total: TOTAL });
        let disk = Disk::new(Floor::of_chain(folder.path(), None).read_by(read));
        (folder, free, disk)
    }

    #[test]
    fn the_ballast_is_filled_with_room_given_back_when_full_and_filled_again() {
        let (folder, free, disk) = disk(100 * MIB);
        let ballast = folder.path().join(BALLAST);
        assert_eq!(disk.look(), Seen::Room);
        assert_eq!(std::fs::metadata(&ballast).unwrap().len(), 10 * MIB);
        free.store(15 * MIB, Ordering::Relaxed);
        assert!(matches!(disk.look(), Seen::Low(low) if low.floor == 16 * MIB) && ballast.exists());
        free.store(MIB, Ordering::Relaxed);
        assert_eq!(disk.look(), Seen::GaveBack);
        assert!(!ballast.exists() && !disk.ended_full());
        free.store(11 * MIB, Ordering::Relaxed);
        assert!(matches!(disk.look(), Seen::Low(_)) && !ballast.exists(), "what was given back is not taken again at once");
        free.store(MIB, Ordering::Relaxed);
        assert!(matches!(disk.look(), Seen::Full(_)) && disk.ended_full());
        free.store(100 * MIB, Ordering::Relaxed);
        assert_eq!(disk.look(), Seen::Room);
        assert!(ballast.exists());
    }

    #[test]
    fn a_failed_write_on_a_full_disk_is_told_as_such_and_any_other_as_it_was() {
        let (folder, free, disk) = disk(100 * MIB);
        let (write, other) = ("unable to append to journal: Runtime(WriteFailed)", "the stored state cannot be used");
        assert_eq!([disk.explain(write.into()), disk.explain(other.into())], [write, other]);
        assert!(disk.check_start().is_ok());
        let said = disk.explain("BlobOpenFailed: No space left on device (os error 28)".into());
        assert!(said.starts_with("no space left on the disk of "), "{said}");
        free.store(0, Ordering::Relaxed);
        let home = folder.path().display();
        let wanted =
            format!("no space left on the disk of {home} (0 B free): free some and start again; nothing acknowledged is lost");
        assert_eq!(disk.explain(write.into()), wanted);
        assert_eq!(disk.check_start().unwrap_err().to_string(), wanted);
        let opening = StartError::Opening(write.into());
        assert!(matches!(disk.explain_start(opening), StartError::NoSpace(_)));
    }

    #[test]
    fn a_write_that_failed_just_before_the_ballast_was_given_back_is_told_too() {
        let (_folder, free, disk) = disk(100 * MIB);
        disk.look();
        free.store(0, Ordering::Relaxed);
        assert_eq!(disk.look(), Seen::GaveBack);
        free.store(10 * MIB, Ordering::Relaxed);
        assert!(disk.explain("Runtime(WriteFailed)".into()).contains("10 MiB free"));
    }
}
