//! Files that are there whole or not at all.

use crate::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Whoever may read the folder.
    Everybody,
    /// For secrets.
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

/// Writes beside the place, syncs, moves it there, syncs the folder.
///
/// # Errors
/// Broken when the file system refuses; what was there before stays.
pub fn write(path: &Path, bytes: &[u8], readers: Readers) -> Result<()> {
    write_io(path, bytes, readers).map_err(|error| Error::file("write", path, &error))
}

fn write_io(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let aside = Path::new(&aside);
    // A file left by a crash may have other permissions.
    match fs::remove_file(aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(readers.mode()).open(aside)?;
    file.set_permissions(fs::Permissions::from_mode(readers.mode()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(aside, path)?;
    sync_folder(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Makes what was renamed or removed in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes JSON that people can read.
///
/// # Errors
/// As [`write`].
pub fn write_json<T: Serialize>(path: &Path, value: &T, readers: Readers) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(value).expect("these documents are plain data");
    text.push(b'\n');
    write(path, &text, readers)
}

/// Reads JSON; none when there is no such file.
///
/// # Errors
/// Broken when it cannot be read, or is not what is expected.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(Error::file("read", path, &error)),
    };
    serde_json::from_slice(&text).map(Some).map_err(|error| {
        Error::broken("damaged", format_args!("{} cannot be read: {error}", path.display()))
            .hint("restore it from a copy; a home of this machine can be begun anew with `depin up --fresh`")
    })
}

/// Removes a file, if it is there.
///
/// # Errors
/// Broken when the file system refuses.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", path, &error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_readable_by_its_owner_only_also_after_a_crash_left_an_open_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        let aside = folder.path().join("token.json.new");
        fs::write(&aside, "half").unwrap();
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o666)).unwrap();
        write_json(&path, &"secret", Readers::Owner).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!aside.exists());
        assert_eq!(read_json::<String>(&path).unwrap().as_deref(), Some("secret"));
    }

    #[test]
    fn a_missing_file_is_no_error_and_a_damaged_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        assert_eq!(read_json::<String>(&path).unwrap(), None);
        fs::write(&path, "{").unwrap();
        assert_eq!(read_json::<String>(&path).unwrap_err().code, "damaged");
    }
}
