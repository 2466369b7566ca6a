//! The home's files, with errors for people.

use crate::{Error, Result};
pub use depin_files::Readers;
use serde::{Serialize, de::DeserializeOwned};
use std::{fs, io, path::Path};

/// Writes a file whole, or leaves what was there.
///
/// # Errors
/// Broken when the file system refuses.
pub fn write(path: &Path, bytes: &[u8], readers: Readers) -> Result<()> {
    depin_files::replace(path, bytes, readers).map_err(|error| Error::file("write", path, &error))
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
    // Settings are edited by hand, and some editors put a mark before what they write.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    serde_json::from_slice(text)
        .map(Some)
        .map_err(|error| Error::broken("damaged", format_args!("{} is damaged: {error}", path.display())).hint(how_to_mend(path)))
}

/// What to do about a damaged file of a home, or of an operator's or a gateway's folder.
fn how_to_mend(path: &Path) -> &'static str {
    match path.file_name().and_then(|name| name.to_str()).unwrap_or_default() {
        "ports.json" | "endpoints.json" | "control.json" => "delete it; a start of `depin up` writes it anew",
        "account.json" => {
            "restore it from a copy, or delete it: the next start makes new S3 keys, which all clients have to be given then"
        }
        "settings.json" => "restore it from a copy, or copy that of another operator and look through it",
        "operator.json" => "delete it: the next start writes it anew, for the key that is in this folder",
        _ => "restore it from a copy; without one, `depin up --fresh` begins another network in this home",
    }
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
    fn a_missing_file_is_no_error_and_a_damaged_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        assert_eq!(read_json::<String>(&path).unwrap(), None);
        fs::write(&path, "{").unwrap();
        assert_eq!(read_json::<String>(&path).unwrap_err().code, "damaged");
    }
}
