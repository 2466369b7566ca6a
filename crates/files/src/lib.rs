//! Files that are there whole or not at all, and whether there is room for them.
//!
//! In: a path and what shall stand there. Out: the file, durable: it is written beside its place, synced, moved there, and the folder
//! is synced, so that a crash or a power cut leaves what was there before, or all of what is there now. A write that fails changes
//! nothing.
//!
//! And for databases of one file, which have their own way to that: [`database_lost`] tells one that was lost from a first start.
//! A [`Floor`] keeps free space on a disk: what takes bytes from others asks it first. A [`Ballast`] gives space back when none is left.
//! [`try_folder`] tells before long work whether its results can be written. [`read_secret`] reads what nobody but the owner may know, [`read_text`] what people write.
//!
//! A crate of its own, and nothing but this: engine, node, client, provider and gateway all write such files, and none of them may
//! depend on another for it. Absent on purpose: formats, and errors that name paths; callers have their own.

mod database;
mod floor;
mod secret;
mod text;

pub use database::{database_lost, set_database_aside};
pub use floor::{Ballast, FLOOR_BYTES, Floor, Level, NoRoom, Room, Size, is_full, tells_of_no_space};
pub use secret::{SecretError, read_secret};
pub use text::{TEXT_MAX, read_text, read_text_of, without_mark};

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Whoever may by the user's own mask.
    Everybody,
    /// Nobody but the owner: for secrets.
    Owner,
}

impl Readers {
    const fn mode(self) -> u32 {
        match self {
            Self::Everybody => 0o644,
            Self::Owner => 0o600,
        }
    }
}

/// Makes a folder, and those above it that are missing, for its owner alone. One that is there stays as it is.
///
/// # Errors
/// The file system's.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes an empty file for its owner alone; from one that is there, others' rights are taken away. For what a database opens next: it
/// gives the files that it makes beside it the same rights.
///
/// # Errors
/// The file system's.
pub fn private_file(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().create(true).append(true).mode(Readers::Owner.mode()).open(path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & secret::OTHERS != 0 {
        file.set_permissions(Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
}

/// How the names of drafts end, which begin with a dot; one that a crash left behind is known by it.
const DRAFT: &str = ".new";

/// Writes a file; one that is there is replaced.
///
/// # Errors
/// The file system's. Up to the move, what was there before stays; when the folder cannot be synced, the new file is there and may be
/// gone after a power cut.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let mut draft = Draft::new(path, readers)?;
    draft.write_all(bytes)?;
    draft.replace(path)
}

/// Writes a new file.
///
/// # Errors
/// `AlreadyExists` when anything is there, also a link that leads nowhere; else as [`replace`].
pub fn create(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let mut draft = Draft::new(path, readers)?;
    draft.write_all(bytes)?;
    draft.finish(path, true, sync_folder)
}

/// A file that is being written, in the folder where it will stand. Dropped, it is gone.
#[derive(Debug)]
pub struct Draft(NamedTempFile);

impl Draft {
    /// Begins a file that will stand at `path`.
    ///
    /// # Errors
    /// The file system's; `InvalidInput` for a path that names no file.
    pub fn new(path: &Path, readers: Readers) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
        let draft = tempfile::Builder::new()
            .prefix(&format!(".{}.", name.to_string_lossy()))
            .suffix(DRAFT)
            .permissions(Permissions::from_mode(readers.mode()))
            .tempfile_in(folder(path))?;
        Ok(Self(draft))
    }

    /// Makes it durable at its place; what is there is replaced.
    ///
    /// # Errors
    /// As [`replace`].
    pub fn replace(self, path: &Path) -> io::Result<()> {
        self.finish(path, false, sync_folder)
    }

    fn finish(self, path: &Path, new: bool, sync_folder: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        self.0.as_file().sync_all()?;
        let moved = if new { self.0.persist_noclobber(path) } else { self.0.persist(path) };
        moved.map_err(|error| error.error)?;
        sync_folder(folder(path))
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_file_mut().flush()
    }
}

/// Makes what was moved into a folder, or removed from it, durable.
///
/// # Errors
/// The file system's.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Takes the lock at `path` until the file is dropped, or the process ends in whatever way; none when another holds it.
///
/// # Errors
/// The file system's.
pub fn lock(path: &Path) -> io::Result<Option<File>> {
    let lock = File::options().create(true).truncate(false).write(true).open(path)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Tries whether files can be made in a folder, or in one that is to be made there: in the first folder on the way to it that is there, which is
/// left as it was. For whoever has long work to do whose results go there; what changes meanwhile still fails when they are written.
///
/// # Errors
/// The file system's, and the folder that was tried.
pub fn try_folder(path: &Path) -> Result<(), (PathBuf, io::Error)> {
    let here = |part| if part == Path::new("") { Path::new(".") } else { part };
    let there = path.ancestors().map(here).find(|part| part.exists()).unwrap_or(Path::new("."));
    let whole = there.canonicalize().unwrap_or_else(|_| there.to_owned());
    // A draft's error names the draft, which says nothing to anybody.
    let plain = |error: io::Error| if error.kind() == io::ErrorKind::Other { error } else { error.kind().into() };
    Draft::new(&whole.join("tried"), Readers::Owner).map(drop).map_err(|error| (whole, plain(error)))
}

/// Whether a file's name is one of a draft: left behind by a process that was killed, of no use to anybody.
pub fn is_draft(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('.') && name.ends_with(DRAFT))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::RefCell, fs};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_to_be_made_is_tried_where_it_will_be() {
        let place = tempfile::tempdir().unwrap();
        try_folder(&place.path().join("a/b")).unwrap();
        assert_eq!(names(place.path()), [""; 0], "nothing is left");
        fs::write(place.path().join("file"), "").unwrap();
        let (tried, error) = try_folder(&place.path().join("file/below")).unwrap_err();
        assert!(tried.ends_with("file") && error.kind() == io::ErrorKind::NotADirectory, "{tried:?}: {error}");
        let (tried, error) = try_folder(Path::new("/sys/below")).unwrap_err();
        let may_not = matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem);
        assert!(tried == Path::new("/sys") && may_not, "{tried:?}: {error}");
        assert!(!error.to_string().contains("tried"), "the draft says nothing to anybody: {error}");
    }

    #[test]
    fn what_a_database_keeps_is_its_owners_alone_and_stays_as_it_is() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a/b");
        private_folder(&folder).unwrap();
        for made in [&folder, &place.path().join("a")] {
            assert_eq!(mode(made), 0o700, "{}", made.display());
        }
        let path = folder.join("rows.db");
        private_file(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::write(&path, "rows").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        private_file(&path).unwrap();
        assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o600, b"rows".to_vec()));
    }

    #[test]
    fn a_file_is_written_and_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        replace(&path, b"first", Readers::Everybody).unwrap();
        replace(&path, b"second", Readers::Everybody).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn a_secret_is_its_owners_also_in_the_place_of_an_open_file_and_while_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "open").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        let draft = Draft::new(&path, Readers::Owner).unwrap();
        assert_eq!(mode(draft.0.path()), 0o600);
        draft.replace(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        replace(&path, b"for all", Readers::Everybody).unwrap();
        assert_eq!(mode(&path) & 0o700, 0o600);
        assert_eq!(mode(&path) & 0o022, 0, "only its owner may write it");
    }

    #[test]
    fn after_a_write_that_fails_the_old_content_stands() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        replace(&path, b"old", Readers::Everybody).unwrap();
        let mut draft = Draft::new(&path, Readers::Everybody).unwrap();
        draft.write_all(b"half of the ne").unwrap();
        assert!(names(folder.path()).iter().any(|name| is_draft(Path::new(name))));
        drop(draft);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        // A folder that is not empty cannot be replaced by a file.
        let place = folder.path().join("b");
        fs::create_dir_all(place.join("c")).unwrap();
        assert!(replace(&place, b"new", Readers::Everybody).is_err());
        assert!(place.join("c").is_dir());
        assert_eq!(names(folder.path()), ["a", "b"], "no draft is left");
        assert_eq!(replace(Path::new("/"), b"", Readers::Owner).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn the_folder_is_synced_once_when_the_new_file_stands_in_it_and_its_error_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let seen = RefCell::new(Vec::new());
        let look = |synced: &Path| {
            seen.borrow_mut().push((synced.to_owned(), fs::read_to_string(&path).unwrap()));
            Err(io::Error::other("the disk is gone"))
        };
        let mut draft = Draft::new(&path, Readers::Everybody).unwrap();
        draft.write_all(b"new").unwrap();
        assert_eq!(draft.finish(&path, false, look).unwrap_err().to_string(), "the disk is gone");
        assert_eq!(*seen.borrow(), [(folder.path().to_owned(), "new".to_owned())]);
        sync_folder(folder.path()).unwrap();
        assert!(sync_folder(&folder.path().join("none")).is_err());
    }

    #[test]
    fn a_new_file_takes_nobodys_place() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("link"));
        create(&path, b"first", Readers::Owner).unwrap();
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        for taken in [&path, &link] {
            assert_eq!(create(taken, b"second", Readers::Owner).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(folder.path()), ["a", "link"]);
    }

    #[test]
    fn a_file_without_a_folder_stands_in_the_present_one() {
        assert_eq!(folder(Path::new("a")), Path::new("."));
        assert_eq!(folder(Path::new("b/a")), Path::new("b"));
    }
}

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
