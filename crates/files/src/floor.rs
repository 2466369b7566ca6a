//! How much room a disk has, and the floor of free space below which nothing new is taken.
//!
//! Everything that writes shares this: whoever takes bytes from strangers asks [`Floor::admit`] first, and says no with the numbers
//! while there is still room for what it must write whatever happens. When space is freed, the next question is answered with yes.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Free space that is kept where nobody says otherwise, bytes; on a small disk a fifth of it.
pub const FLOOR_BYTES: u64 = 512 << 20;
/// Below so many free bytes a disk counts as full; on a small disk below a thirty-second of it.
const FULL_BYTES: u64 = 4 << 20;
/// Size of a ballast, bytes; on a small disk a sixteenth of it.
const BALLAST_BYTES: u64 = 32 << 20;

/// Room on a disk, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What this process may still write.
    pub free: u64,
    /// What the disk holds in all.
    pub total: u64,
}

impl Room {
    /// Room on the disk that `path` is on, or will be: of what is missing, the nearest folder above counts.
    ///
    /// # Errors
    /// The file system's.
    pub fn of(path: &Path) -> io::Result<Self> {
        let there = path.ancestors().find(|path| path.exists()).filter(|path| !path.as_os_str().is_empty());
        let disk = rustix::fs::statvfs(there.unwrap_or(Path::new(".")))?;
        Ok(Self { free: disk.f_bavail.saturating_mul(disk.f_frsize), total: disk.f_blocks.saturating_mul(disk.f_frsize) })
    }

    /// Whether hardly anything can be written any more.
    pub fn is_full(self) -> bool {
        self.free < FULL_BYTES.min(self.total / 32)
    }

    /// Free space to keep on such a disk where nobody says otherwise.
    pub fn usual_floor(self) -> u64 {
        FLOOR_BYTES.min(self.total / 5)
    }
}

/// Whether a disk is known to be full.
pub fn is_full(path: &Path) -> bool {
    Room::of(path).is_ok_and(Room::is_full)
}

/// Whether a text is that of an error for want of space, by the words of the system, of its error kinds and of SQLite. For what comes
/// as text alone.
pub fn tells_of_no_space(text: &str) -> bool {
    ["No space left on device", "StorageFull", "database or disk is full", "no room left on the disk"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Why nothing is taken: too little is free.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the disk of {folder} is nearly full: {free} free, {needed} needed ({floor} are kept free); free some and it goes on by itself",
    folder = .folder.display(), free = Size(*.free), needed = Size(*.needed), floor = Size(*.floor)
)]
pub struct NoRoom {
    /// Whose disk.
    pub folder: PathBuf,
    /// Free bytes.
    pub free: u64,
    /// Bytes that must be free for this.
    pub needed: u64,
    /// Bytes that are kept free.
    pub floor: u64,
}

/// What a floor shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The disk.
    pub room: Room,
    /// Bytes that are kept free.
    pub floor: u64,
}

impl Level {
    /// Whether nothing new is taken.
    pub const fn refuses(self) -> bool {
        self.room.free < self.floor
    }
}

type Read = dyn Fn(&Path) -> io::Result<Room> + Send + Sync;

/// A floor of free space on the disk of a folder. Clones share how it is read.
#[derive(Clone)]
pub struct Floor {
    folder: PathBuf,
    kept: Option<u64>,
    part: u64,
    read: Arc<Read>,
}

impl fmt::Debug for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Floor").field("folder", &self.folder).field("kept", &self.kept).field("part", &self.part).finish()
    }
}

impl Floor {
    /// For what takes bytes in bulk. `kept` bytes stay free; 512 MiB, or a fifth of a small disk, when nobody says.
    pub fn new(folder: impl Into<PathBuf>, kept: Option<u64>) -> Self {
        Self { folder: folder.into(), kept, part: 1, read: Arc::new(Room::of) }
    }

    /// For what a chain cannot do without: half of that, so that proofs still come in when bulk has filled a shared disk to its floor.
    pub fn of_chain(folder: impl Into<PathBuf>, kept: Option<u64>) -> Self {
        Self { part: 2, ..Self::new(folder, kept) }
    }

    /// The same with another way to learn how much is free.
    #[must_use]
    pub fn read_by(self, read: impl Fn(&Path) -> io::Result<Room> + Send + Sync + 'static) -> Self {
        Self { read: Arc::new(read), ..self }
    }

    /// Whose disk it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How things stand; `None` where the system does not say: then writes themselves will tell.
    pub fn level(&self) -> Option<Level> {
        let room = (self.read)(&self.folder).ok()?;
        Some(Level { room, floor: self.kept.unwrap_or_else(|| room.usual_floor()) / self.part })
    }

    /// Lets `bytes` more be written, or says why not.
    ///
    /// # Errors
    /// [`NoRoom`] when less than the floor would be left.
    pub fn admit(&self, bytes: u64) -> Result<(), NoRoom> {
        let Some(Level { room: Room { free, .. }, floor }) = self.level() else { return Ok(()) };
        let needed = floor.saturating_add(bytes);
        // Where nothing is kept, writes themselves tell.
        if floor == 0 || free >= needed { Ok(()) } else { Err(NoRoom { folder: self.folder.clone(), free, needed, floor }) }
    }
}

/// A file that nobody needs, given back when the disk is full, so that what must still be written can be.
#[derive(Clone, Debug)]
pub struct Ballast(PathBuf);

impl Ballast {
    /// The ballast that is, or will be, at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Bytes that it takes on a disk.
    pub fn bytes(room: Room) -> u64 {
        BALLAST_BYTES.min(room.total / 16)
    }

    /// Whether it is there.
    pub fn is_there(&self) -> bool {
        self.0.exists()
    }

    /// Sets its bytes aside, unless they are.
    ///
    /// # Errors
    /// The file system's, also for one that cannot set space aside; then there is no ballast.
    pub fn fill(&self, bytes: u64) -> io::Result<()> {
        if self.is_there() {
            return Ok(());
        }
        let file = fs::File::create_new(&self.0)?;
        let filled = rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes.max(1));
        if let Err(error) = filled {
            fs::remove_file(&self.0)?;
            return Err(error.into());
        }
        Ok(())
    }

    /// Gives its bytes back. True when there were some.
    pub fn give_back(&self) -> bool {
        fs::remove_file(&self.0).is_ok()
    }
}

/// Bytes for people: `0 B`, `12.5 MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
        let Some((unit, shift)) = units.into_iter().find(|(_, shift)| self.0 >> shift > 0) else {
            return write!(f, "{} B", self.0);
        };
        let tenths = ((u128::from(self.0) * 10) >> shift) as u64;
        match tenths % 10 {
            0 => write!(f, "{} {unit}", tenths / 10),
            tenth => write!(f, "{}.{tenth} {unit}", tenths / 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;

    fn floor_over(free: &Arc<AtomicU64>, total: u64, floor: Floor) -> Floor {
        let free = Arc::clone(free);
        floor.read_by(move |_| Ok(Room { free: free.load(Ordering::Relaxed), total }))
    }

    #[test]
    fn below_the_floor_nothing_is_taken_and_above_it_again() {
        let free = Arc::new(AtomicU64::new(GIB));
        let floor = floor_over(&free, 100 * GIB, Floor::new("/data", None));
        assert_eq!(floor.admit(512 * MIB), Ok(()));
        let refused = floor.admit(512 * MIB + 1).unwrap_err();
        assert_eq!((refused.free, refused.needed, refused.floor), (GIB, GIB + 1, 512 * MIB));
        free.store(512 * MIB - 1, Ordering::Relaxed);
        assert!(floor.admit(0).is_err() && floor.level().unwrap().refuses());
        let said = floor.admit(MIB).unwrap_err().to_string();
        assert!(said.contains("/data") && said.contains("511.9 MiB free") && said.contains("513 MiB needed"), "{said}");
        free.store(2 * GIB, Ordering::Relaxed);
        assert!(floor.admit(MIB).is_ok() && !floor.level().unwrap().refuses());
    }

    #[test]
    fn the_chain_goes_on_where_bulk_stops_and_small_disks_keep_less() {
        let free = Arc::new(AtomicU64::new(20 * MIB));
        let kept = |floor: Floor| floor_over(&free, 160 * MIB, floor).level().unwrap().floor;
        assert_eq!((kept(Floor::new("/d", None)), kept(Floor::of_chain("/d", None))), (32 * MIB, 16 * MIB));
        assert_eq!((kept(Floor::new("/d", Some(MIB))), kept(Floor::of_chain("/d", Some(MIB)))), (MIB, MIB / 2));
        assert!(floor_over(&free, 160 * MIB, Floor::new("/d", None)).admit(1).is_err());
        assert!(floor_over(&free, 160 * MIB, Floor::of_chain("/d", None)).admit(1).is_ok());
        assert!(floor_over(&free, 160 * MIB, Floor::new("/d", Some(0))).admit(30 * MIB).is_ok(), "a floor of nothing is none");
        assert!(Floor::new("/d", None).read_by(|_| Err(io::Error::other("no answer"))).admit(u64::MAX).is_ok());
    }

    #[test]
    fn full_is_when_hardly_anything_can_be_written() {
        for (free, total, full) in [(0, GIB, true), (4 * MIB - 1, GIB, true), (4 * MIB, GIB, false), (3 * MIB, 64 * MIB, false)] {
            assert_eq!(Room { free, total }.is_full(), full, "{free} of {total}");
        }
        let enospc = io::Error::from(rustix::io::Errno::NOSPC);
        assert!(tells_of_no_space(&enospc.to_string()) && tells_of_no_space(&format!("{:?}", enospc.kind())));
        assert!(!tells_of_no_space("permission denied"));
    }

    #[test]
    fn room_is_read_where_a_folder_is_or_will_be() {
        let folder = tempfile::tempdir().unwrap();
        let here = Room::of(folder.path()).unwrap();
        assert!(here.total > 0 && here.free <= here.total);
        assert_eq!(Room::of(&folder.path().join("not/yet")).unwrap().total, here.total);
        assert!(Room::of(Path::new("nothing-of-that-name")).is_ok());
    }

    #[test]
    fn a_ballast_takes_its_bytes_and_gives_them_back() {
        let folder = tempfile::tempdir().unwrap();
        let ballast = Ballast::at(folder.path().join("ballast"));
        assert!(!ballast.give_back());
        ballast.fill(MIB).unwrap();
        ballast.fill(2 * MIB).unwrap();
        use std::os::unix::fs::MetadataExt as _;
        let there = fs::metadata(folder.path().join("ballast")).unwrap();
        assert!(there.len() == MIB && there.blocks() * 512 >= MIB, "{there:?}");
        assert!(ballast.give_back() && !ballast.is_there());
    }

    #[test]
    fn sizes_are_short() {
        let shown = |bytes| Size(bytes).to_string();
        assert_eq!([shown(0), shown(1023), shown(1024), shown(512 * MIB)], ["0 B", "1023 B", "1 KiB", "512 MiB"]);
        assert_eq!([shown(1536), shown(27 * GIB + GIB / 2), shown(u64::MAX)], ["1.5 KiB", "27.5 GiB", "16777215.9 TiB"]);
    }
}
