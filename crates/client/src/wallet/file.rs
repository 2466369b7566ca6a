//! Key files: one key, readable by its owner only.
//!
//! A file appears whole or not at all, with mode 0600 from its beginning. No key file is ever overwritten.

use crate::{SigningKey, keys::NoRandomness};
use depin_files::{Readers, SecretError};
use depin_quantity::Address;
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
};
use zeroize::{Zeroize as _, Zeroizing};

/// Version of the file's form.
const FORMAT: u32 = 1;
/// No key file is longer, bytes.
const LENGTH_MAX: u64 = 16 * 1024;

/// A key as it lies in its file, with where it was derived from.
#[derive(Clone, Debug)]
pub struct KeyFile {
    /// The key.
    pub key: SigningKey,
    /// Path from the phrase, `m/44'/461'/0'/0'`; none for a key that no phrase stands behind.
    pub path: Option<String>,
}

/// What stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    address: Address,
    public_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    secret_key: Secret,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Secret(String);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Why a key file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Something is there already.
    #[error("{path} exists already and is not overwritten; choose another name, or move it away and keep it safe")]
    Exists {
        /// The place.
        path: PathBuf,
    },
    /// Others may read the file.
    #[error(
        "{path} has mode {mode:04o}, so others can read the key; run `chmod 600 {path}`, and think of the key as known if others had access"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a key file, or a damaged one.
    #[error("{path} is not a usable key file: {why}; import the wallet's phrase into a new file")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; holds nothing of its secret.
        why: &'static str,
    },
    /// The operating system refused.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No randomness for a new key.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyFileError {
    move |source| KeyFileError::Io { what, path: path.to_owned(), source }
}

impl KeyFile {
    /// Writes a new file with mode 0600 and syncs it and its folder.
    ///
    /// # Errors
    /// [`KeyFileError::Exists`] when the name is taken, whatever is there; `Io` for everything else, and then nothing is left.
    pub fn create(&self, path: &Path) -> Result<(), KeyFileError> {
        if path.file_name().is_none() {
            return Err(KeyFileError::Content { path: path.to_owned(), why: "the path names no file" });
        }
        depin_files::create(path, self.text().as_bytes(), Readers::Owner).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.to_owned() },
            _ => io_error("write", path)(error),
        })
    }

    /// Reads a file that only its owner can read, and checks that key and address belong together.
    ///
    /// # Errors
    /// [`KeyFileError`]; [`KeyFileError::Open`] before anything is read when others could read it too.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let damaged = |why| KeyFileError::Content { path: path.to_owned(), why };
        let text = depin_files::read_secret(path, LENGTH_MAX).map_err(|error| match error {
            SecretError::Io { what, source } => io_error(what, path)(source),
            SecretError::NotAFile => damaged("it is no regular file"),
            SecretError::Open { mode } => KeyFileError::Open { path: path.to_owned(), mode },
            SecretError::TooLong => damaged("it is far too long"),
        })?;
        Self::parse(&text).map_err(damaged)
    }

    /// The key in the file, or a new one in a new file where there is none.
    ///
    /// # Errors
    /// As [`KeyFile::load`] and [`KeyFile::create`].
    pub fn load_or_create(path: &Path) -> Result<Self, KeyFileError> {
        match Self::load(path) {
            Err(KeyFileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let new = Self { key: SigningKey::generate()?, path: None };
                match new.create(path) {
                    // Somebody else was quicker; theirs counts.
                    Err(KeyFileError::Exists { .. }) => Self::load(path),
                    done => done.map(|()| new),
                }
            }
            done => done,
        }
    }

    fn text(&self) -> Zeroizing<String> {
        let content = Content {
            format: FORMAT,
            address: self.key.address(),
            public_key: hex::encode(self.key.public_key()),
            path: self.path.clone(),
            secret_key: Secret(hex::encode(*self.key.seed())),
        };
        let mut out = Zeroizing::new(Vec::with_capacity(1024));
        serde_json::to_writer_pretty(&mut *out, &content).expect("plain strings are JSON");
        out.push(b'\n');
        Zeroizing::new(String::from_utf8(std::mem::take(&mut *out)).expect("JSON is UTF-8"))
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        // The parser's own message is dropped: it may quote what it read.
        let content: Content = serde_json::from_str(text).map_err(|_| "it is not the JSON of a key file")?;
        if content.format != FORMAT {
            return Err("its format is of another version");
        }
        let mut seed = Zeroizing::new([0; 32]);
        hex::decode_to_slice(&content.secret_key.0, &mut *seed).map_err(|_| "the secret key is not 64 hexadecimal digits")?;
        let key = SigningKey::from_seed(&seed);
        if key.address() != content.address || hex::encode(key.public_key()) != content.public_key {
            return Err("address and key do not belong together");
        }
        Ok(Self { key, path: content.path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::fs::PermissionsExt as _;

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn sample() -> KeyFile {
        KeyFile { key: SigningKey::from_seed(&[7; 32]), path: Some("m/44'/461'/0'/0'".to_owned()) }
    }

    #[test]
    fn a_key_file_reads_back_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        sample().create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        let read = KeyFile::load(&path).unwrap();
        assert_eq!(read.key.address(), sample().key.address());
        assert_eq!(read.path, sample().path);
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["a.key"], "nothing else is left behind");
    }

    #[test]
    fn a_key_file_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        sample().create(&path).unwrap();
        let before = std::fs::read(&path).unwrap();
        let other = KeyFile { key: SigningKey::from_seed(&[8; 32]), path: None };
        assert!(matches!(other.create(&path), Err(KeyFileError::Exists { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        std::os::unix::fs::symlink("nowhere", folder.path().join("b.key")).unwrap();
        assert!(matches!(other.create(&folder.path().join("b.key")), Err(KeyFileError::Exists { .. })));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_command_that_helps() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        sample().create(&path).unwrap();
        for mode in [0o640, 0o604, 0o644, 0o660, 0o610] {
            set_mode(&path, mode);
            let error = KeyFile::load(&path).unwrap_err();
            assert!(matches!(error, KeyFileError::Open { mode: m, .. } if m == mode));
            assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())), "{error}");
        }
        for mode in [0o600, 0o400] {
            set_mode(&path, mode);
            KeyFile::load(&path).unwrap();
        }
    }

    #[test]
    fn damaged_files_are_refused_without_showing_their_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        sample().create(&path).unwrap();
        let good = std::fs::read_to_string(&path).unwrap();
        let secret = hex::encode([7; 32]);
        assert!(good.contains(&secret));
        let other = SigningKey::from_seed(&[9; 32]).address().to_string();
        let address = sample().key.address().to_string();
        let cases = [
            String::new(),
            good[..good.len() / 2].to_owned(),
            good.replace("\"format\": 1", "\"format\": 2"),
            good.replace(&address, &other),
            good.replace(&secret, &secret[1..]),
            good.replace(&secret, &secret.replace("07", "08")),
            "x".repeat(LENGTH_MAX as usize + 1),
        ];
        for text in cases {
            std::fs::write(&path, &text).unwrap();
            set_mode(&path, 0o600);
            let error = KeyFile::load(&path).unwrap_err();
            assert!(matches!(error, KeyFileError::Content { .. }), "{error}");
            assert!(!format!("{error} {error:?}").contains(&secret[..16]), "{error:?}");
        }
        assert!(matches!(KeyFile::load(folder.path()), Err(KeyFileError::Content { .. })), "a folder is no key");
    }

    #[test]
    fn a_missing_file_is_made_once_and_read_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let first = KeyFile::load_or_create(&path).unwrap();
        let second = KeyFile::load_or_create(&path).unwrap();
        assert_eq!(first.key.address(), second.key.address());
    }

    #[test]
    fn debug_hides_the_key() {
        let shown = format!("{:?}", sample());
        assert!(!shown.contains("0707") && shown.contains(&sample().key.address().to_string()), "{shown}");
    }
}
