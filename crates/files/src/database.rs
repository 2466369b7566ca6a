//! Whether a database of one file is still what was written there.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// What every SQLite database begins with (<https://sqlite.org/fileformat2.html>, 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Why the SQLite database at `path` cannot be the one that was written there, as the rest of a sentence about the file; none when it
/// can be, or when there was none. `used` says that something beside it was written after it.
///
/// SQLite itself takes an empty or missing file for a new database, and throws the log beside it away: opening one that was lost
/// looks like a first start.
///
/// # Errors
/// The file system's.
pub fn database_lost(path: &Path, used: bool) -> io::Result<Option<&'static str>> {
    let logged = length(&beside(path, "-wal"))?.is_some_and(|length| length > 0);
    Ok(match length(path)? {
        None if used || logged => Some("is missing"),
        Some(0) if used || logged => Some("is empty"),
        None | Some(0) => None,
        Some(_) if begins_with_magic(path)? => None,
        Some(_) => Some("is not a database"),
    })
}

/// Moves a lost database, its log and its sums to names of their own beside it, so that a new one can be made; gives the database's new name.
///
/// # Errors
/// The file system's.
pub fn set_database_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = (1u32..)
        .map(|number| beside(path, &format!(".lost-{number}")))
        .find(|aside| !aside.exists() && !beside(aside, "-wal").exists())
        .ok_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists))?;
    for suffix in ["-wal", ".sums", ""] {
        match fs::rename(beside(path, suffix), beside(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    // Made anew from the log by whoever opens it.
    match fs::remove_file(beside(path, "-shm")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    Ok(aside)
}

/// `path` with something behind its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn length(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn begins_with_magic(path: &Path) -> io::Result<bool> {
    let mut begin = Vec::with_capacity(MAGIC.len());
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut begin)?;
    Ok(begin == MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_gone_emptied_or_replaced_is_told_from_one_that_never_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        assert_eq!(database_lost(&path, false).unwrap(), None, "a first start");
        assert_eq!(database_lost(&path, true).unwrap(), Some("is missing"));
        fs::write(&path, "").unwrap();
        assert_eq!(database_lost(&path, false).unwrap(), None, "a first start that was cut short");
        assert_eq!(database_lost(&path, true).unwrap(), Some("is empty"));
        fs::write(folder.path().join("a.db-wal"), "log").unwrap();
        assert_eq!(database_lost(&path, false).unwrap(), Some("is empty"), "its log is there");
        fs::remove_file(&path).unwrap();
        assert_eq!(database_lost(&path, false).unwrap(), Some("is missing"));
        fs::write(&path, "years of work").unwrap();
        assert_eq!(database_lost(&path, false).unwrap(), Some("is not a database"));
        fs::write(&path, [MAGIC.as_slice(), &[0; 84]].concat()).unwrap();
        assert_eq!(database_lost(&path, true).unwrap(), None);
    }

    #[test]
    fn what_is_set_aside_is_kept_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        for (number, text) in [(1, "first"), (2, "second")] {
            fs::write(&path, text).unwrap();
            fs::write(beside(&path, "-wal"), "log").unwrap();
            fs::write(beside(&path, "-shm"), "index").unwrap();
            let aside = set_database_aside(&path).unwrap();
            assert_eq!(aside, folder.path().join(format!("a.db.lost-{number}")));
            assert_eq!(fs::read_to_string(&aside).unwrap(), text);
            assert!(beside(&aside, "-wal").exists() && !path.exists() && !beside(&path, "-shm").exists());
        }
    }
}
