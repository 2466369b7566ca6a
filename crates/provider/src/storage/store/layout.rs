//! The data folder, and the only code that creates, renames or removes files in it.
//!
//! ```text
//! DATA/lock                    held while a process works here
//! DATA/reserve                 4 MiB that nobody needs, given up when the disk is full (see `Store::keep_books`)
//! DATA/index.sqlite            which pieces there are (index.rs)
//! DATA/index.sqlite.lost-1     what was left of one that was lost (rebuild.rs)
//! DATA/tmp/*.payload, *.tree   uploads in flight; emptied at start
//! DATA/pieces/ab/CID.payload   the bytes as uploaded; ab: first byte of the commitment
//! DATA/pieces/ab/CID.tree      the tree cache
//! ```
//!
//! A file appears under its final name only by a rename of a file that was written and synced; the folder is synced after.

use super::StoreError;
use depin_services::storage::piece::Commitment;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The two files of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Payload,
    Tree,
}

impl Part {
    const fn extension(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Tree => "tree",
        }
    }
}

/// Enough for the index to record a hundred removals.
const RESERVE_BYTES: u64 = 4 << 20;

#[derive(Debug)]
pub(super) struct Layout {
    root: PathBuf,
    /// Holds the lock for as long as the store lives.
    _lock: File,
}

impl Layout {
    /// Creates what is missing and takes the lock.
    pub(super) fn open(root: &Path) -> Result<Self, StoreError> {
        let pieces = root.join("pieces");
        for folder in [root, &root.join("tmp"), &pieces] {
            fs::create_dir_all(folder).map_err(|error| StoreError::io("create a folder", folder, error))?;
        }
        let lock_path = root.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|error| StoreError::io("open the lock", &lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(StoreError::InUse { folder: root.to_owned() }),
            Err(fs::TryLockError::Error(error)) => return Err(StoreError::io("take the lock", &lock_path, error)),
        }
        sync_folder(root)?;
        Ok(Self { root: root.to_owned(), _lock: lock })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn index(&self) -> PathBuf {
        self.root.join("index.sqlite")
    }

    /// Where an index is made anew, until it is whole: among the temporary files, which every start removes.
    pub(super) fn new_index(&self) -> PathBuf {
        self.root.join("tmp").join("index.sqlite")
    }

    /// Puts the index that was made anew, and is closed, in the place of the lost one, which is kept as `index.sqlite.lost-1`.
    pub(super) fn put_new_index(&self) -> Result<(), StoreError> {
        let (made, index) = (self.new_index(), self.index());
        let beside = |suffix: &str| self.root.join("tmp").join(format!("index.sqlite{suffix}"));
        if beside("-wal").exists() {
            return Err(StoreError::io("bring the new index into one file", &made, std::io::ErrorKind::StorageFull.into()));
        }
        depin_files::set_database_aside(&index).map_err(|error| StoreError::io("set the lost index aside", &index, error))?;
        // Made anew for whatever is in the place of the index; two files cannot be moved at once.
        remove_file(&beside(".sums"))?;
        fs::rename(&made, &index).map_err(|error| StoreError::io("put the new index in place", &index, error))?;
        sync_folder(&self.root)
    }

    /// The error of an index that cannot be the one of the pieces here; `path` is its file that shows it.
    pub(super) fn index_lost(&self, path: PathBuf, what: String) -> StoreError {
        StoreError::IndexLost { index: path, what, pieces: self.root.join("pieces") }
    }

    /// Whether a piece's file is there.
    pub(super) fn has_pieces(&self) -> Result<bool, StoreError> {
        let mut found = false;
        self.visit_pieces(|_, named| {
            found |= named.is_some();
            Ok(())
        })?;
        Ok(found)
    }

    /// Sets the reserve aside again. On a disk that is still full there is none; the next change tries once more.
    pub(super) fn fill_reserve(&self) {
        let path = self.root.join("reserve");
        if path.exists() {
            return;
        }
        let filled = self.create_temp(Part::Payload).and_then(|reserve| {
            reserve.allocate(RESERVE_BYTES)?;
            reserve.move_to(&path)
        });
        if let Err(error) = filled {
            tracing::warn!(%error, "the disk has no room for the store's reserve");
        }
    }

    /// Gives the reserve up. True when there was one.
    pub(super) fn spend_reserve(&self) -> bool {
        fs::remove_file(self.root.join("reserve")).is_ok()
    }

    /// The folder of a piece's files.
    fn folder(&self, cid: &Commitment) -> PathBuf {
        self.root.join("pieces").join(hex::encode(&cid.as_bytes()[..1]))
    }

    pub(super) fn path(&self, cid: &Commitment, part: Part) -> PathBuf {
        self.folder(cid).join(format!("{cid}.{}", part.extension()))
    }

    /// A new file for an upload in flight.
    pub(super) fn create_temp(&self, part: Part) -> Result<TempFile, StoreError> {
        let folder = self.root.join("tmp");
        let suffix = format!(".{}", part.extension());
        let file = tempfile::Builder::new()
            .prefix("")
            .suffix(&suffix)
            .permissions(Permissions::from_mode(0o644))
            .tempfile_in(&folder)
            .map_err(|error| StoreError::io("create a file", &folder, error))?;
        Ok(TempFile { file })
    }

    /// Gives synced temporary files their final names; they are there for good once this returns.
    pub(super) fn persist(&self, cid: &Commitment, files: impl IntoIterator<Item = (Part, TempFile)>) -> Result<(), StoreError> {
        let folder = self.folder(cid);
        if !folder.is_dir() {
            fs::create_dir_all(&folder).map_err(|error| StoreError::io("create a folder", &folder, error))?;
            sync_folder(&self.root.join("pieces"))?;
        }
        for (part, file) in files {
            file.move_to(&self.path(cid, part))?;
        }
        sync_folder(&folder)
    }

    /// Removes a piece's files. A missing file is as good as removed.
    pub(super) fn remove(&self, cid: &Commitment) -> Result<(), StoreError> {
        for part in [Part::Payload, Part::Tree] {
            remove_file(&self.path(cid, part))?;
        }
        Ok(())
    }

    /// Empties `tmp`; says how many files were there.
    pub(super) fn clear_temp(&self) -> Result<u64, StoreError> {
        let folder = self.root.join("tmp");
        let mut removed = 0;
        for path in entries(&folder)? {
            remove_file(&path)?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Calls `visit` with every file below `pieces`: the piece and part that its name says, or `None` for a stranger's.
    pub(super) fn visit_pieces(
        &self,
        mut visit: impl FnMut(&Path, Option<(Commitment, Part)>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for folder in entries(&self.root.join("pieces"))? {
            if !folder.is_dir() {
                visit(&folder, None)?;
                continue;
            }
            for path in entries(&folder)? {
                let named = named(&path).filter(|(cid, part)| self.path(cid, *part) == path);
                visit(&path, named)?;
            }
        }
        Ok(())
    }
}

/// What a file's name says it is.
fn named(path: &Path) -> Option<(Commitment, Part)> {
    let (stem, extension) = path.file_name()?.to_str()?.rsplit_once('.')?;
    let part = [Part::Payload, Part::Tree].into_iter().find(|part| part.extension() == extension)?;
    Some((stem.parse().ok()?, part))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |error| StoreError::io("list a folder", folder, error);
    fs::read_dir(folder).map_err(failed)?.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect()
}

pub(super) fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io("remove a file", path, error)),
        _ => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    depin_files::sync_folder(folder).map_err(|error| StoreError::io("sync a folder", folder, error))
}

/// A file of an upload in flight; dropped before it is persisted, it is removed.
#[derive(Debug)]
pub(super) struct TempFile {
    file: NamedTempFile,
}

impl TempFile {
    /// Asks the file system for the whole length now.
    pub(super) fn allocate(&self, bytes: u64) -> Result<(), StoreError> {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        if bytes == 0 {
            return Ok(());
        }
        match fallocate(self.file.as_file(), FallocateFlags::empty(), 0, bytes) {
            // Not every file system can; then the writes themselves will tell.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(errno) => Err(StoreError::io("set space aside", self.file.path(), errno.into())),
        }
    }

    fn move_to(self, path: &Path) -> Result<(), StoreError> {
        self.file.persist(path).map(drop).map_err(|error| StoreError::io("rename a file", path, error.error))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.as_file_mut().write_all(bytes).map_err(|error| StoreError::io("write a file", self.file.path(), error))
    }

    /// Waits until all is on the disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.file.as_file().sync_all().map_err(|error| StoreError::io("sync a file", self.file.path(), error))
    }
}
