//! Secret files of a gateway's home: the master key and the admin token.
//!
//! In: the home folder, and for the master key what opens the files of a wallet, since it can be locked like them. Out: 32 secret bytes
//! each, made at the first start, in files that only their owner can read. A file with wider permissions is refused, because others may
//! have read it.

use depin_client::{KeyFileError, Keyring, SecretKind};
use depin_files::{Readers, SecretError};
use rand::Rng as _;
use std::{
    io,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// No secret is longer.
const LENGTH_MAX: u64 = 4096;

/// Why a secret file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file system said no.
    #[error("cannot read or write {path}: {source}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("{path} can be read by others (mode {mode:o}); it must be 600: run `chmod 600` on it, and replace it if it may have been read", path = path.display())]
    Permissions {
        /// Which file.
        path: PathBuf,
        /// Its mode bits.
        mode: u32,
    },
    /// Not a key.
    #[error("{path} does not hold 64 hexadecimal digits; restore it from a backup, since data cannot be read without it", path = path.display())]
    Format {
        /// Which file.
        path: PathBuf,
    },
    /// Not a token, which can be made anew.
    #[error("{path} does not hold 64 hexadecimal digits; delete it: the next start makes a new one for the gateway's own pages", path = path.display())]
    Token {
        /// Which file.
        path: PathBuf,
    },
    /// Locked, and not to be opened here.
    #[error(transparent)]
    Locked(KeyFileError),
    /// Another key.
    #[error("{path} is not the key that this home's data was stored with; restore it from a backup, since the data cannot be read with another", path = path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// The key is gone but the data is there.
    #[error("{path} is missing although this home has stored data; restore it from a backup, since the data cannot be read without it", path = path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
    },
}

impl KeyError {
    /// The same about the admin token, with which nothing is lost.
    pub(crate) fn of_token(self) -> Self {
        match self {
            Self::Format { path } => Self::Token { path },
            other => other,
        }
    }
}

/// Reads the master key in `path`, opened by `keyring` where it is locked; makes a new one, locked when a passphrase is at hand, where
/// there is none and `may_create`.
///
/// # Errors
/// As [`secret`], and [`KeyError::Locked`].
pub(crate) fn master(path: &Path, may_create: bool, keyring: &Keyring) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let refused = |error| match error {
        KeyFileError::Open { mode, .. } => KeyError::Permissions { path: path.to_owned(), mode: mode & 0o777 },
        KeyFileError::Content { .. } => KeyError::Format { path: path.to_owned() },
        KeyFileError::Io { source, .. } => KeyError::File { path: path.to_owned(), source },
        other => KeyError::Locked(other),
    };
    match keyring.read_text(path, SecretKind::MasterKey) {
        Ok(text) => digits(path, &text),
        Err(missing) if missing.is_absent() && may_create => {
            let (key, text) = fresh();
            keyring.create_text(path, SecretKind::MasterKey, &text).map_err(refused)?;
            Ok(key)
        }
        Err(missing) if missing.is_absent() => Err(KeyError::Missing { path: path.to_owned() }),
        Err(error) => Err(refused(error)),
    }
}

/// The 32 bytes that a file's text stands for.
fn digits(path: &Path, text: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), key.as_mut_slice()).map_err(|_| KeyError::Format { path: path.to_owned() })?;
    Ok(key)
}

/// A new secret, and the text of its file.
fn fresh() -> (Zeroizing<[u8; 32]>, Zeroizing<String>) {
    let mut key = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(key.as_mut_slice());
    let mut text = Zeroizing::new(hex::encode(key.as_slice()));
    text.push('\n');
    (key, text)
}

/// Reads the secret in `path`, or makes a new one when there is none and `may_create`.
///
/// # Errors
/// [`KeyError`]; a missing file is one only when `may_create` is false.
pub(crate) fn secret(path: &Path, may_create: bool) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let file_error = |source| KeyError::File { path: path.to_owned(), source };
    match depin_files::read_secret(path, LENGTH_MAX) {
        Ok(text) => digits(path, &text),
        Err(missing) if missing.is_absent() && may_create => create(path).map_err(file_error),
        Err(missing) if missing.is_absent() => Err(KeyError::Missing { path: path.to_owned() }),
        Err(SecretError::Open { mode }) => Err(KeyError::Permissions { path: path.to_owned(), mode: mode & 0o777 }),
        Err(SecretError::NotAFile | SecretError::TooLong) => Err(KeyError::Format { path: path.to_owned() }),
        Err(SecretError::Io { source, .. }) => Err(file_error(source)),
    }
}

fn create(path: &Path) -> io::Result<Zeroizing<[u8; 32]>> {
    let (key, text) = fresh();
    depin_files::create(path, text.as_bytes(), Readers::Owner)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::Passphrase;
    use std::{fs, os::unix::fs::PermissionsExt as _};

    #[test]
    fn a_secret_is_made_once_and_read_by_its_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("master.key");
        let first = secret(&path, true).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(*secret(&path, false).unwrap(), *first);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(secret(&path, true), Err(KeyError::Permissions { mode: 0o644, .. })));
    }

    #[test]
    fn a_master_key_can_be_locked_as_a_wallet_is() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("master.key");
        let plain = Keyring::default();
        let first = master(&path, true, &plain).unwrap();
        assert_eq!(*secret(&path, false).unwrap(), *first, "it is 64 digits, as it always was");
        let ring = Keyring::of(Passphrase::new("correct horse").unwrap());
        plain.relock_text(&path, SecretKind::MasterKey, Some(&Passphrase::new("correct horse").unwrap())).unwrap();
        assert!(!fs::read_to_string(&path).unwrap().contains(&hex::encode(first.as_slice())));
        assert_eq!(*master(&path, false, &ring).unwrap(), *first);
        let told = master(&path, true, &plain).unwrap_err().to_string();
        assert!(told.contains("master.key is locked with a passphrase"), "{told}");
        let other = Keyring::of(Passphrase::new("another horse").unwrap());
        let told = master(&path, true, &other).unwrap_err().to_string();
        assert!(told.contains("the passphrase is wrong"), "{told}");

        let new = home.path().join("new.key");
        let made = master(&new, true, &ring).unwrap();
        assert!(matches!(master(&new, false, &plain), Err(KeyError::Locked(_))), "made locked, since a passphrase was at hand");
        assert_eq!(*master(&new, false, &ring).unwrap(), *made);
        fs::set_permissions(&new, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(master(&new, false, &ring), Err(KeyError::Permissions { mode: 0o640, .. })));
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&new, "short").unwrap();
        assert!(matches!(master(&new, true, &ring), Err(KeyError::Format { .. })));
        assert!(matches!(master(&home.path().join("none"), false, &ring), Err(KeyError::Missing { .. })));
    }

    #[test]
    fn a_missing_or_broken_key_of_a_used_home_is_not_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("master.key");
        assert!(matches!(secret(&path, false), Err(KeyError::Missing { .. })));
        secret(&path, true).unwrap();
        fs::write(&path, "short").unwrap();
        assert!(matches!(secret(&path, true), Err(KeyError::Format { .. })));
        let told = secret(&path, true).map_err(KeyError::of_token).unwrap_err().to_string();
        assert!(told.contains("delete it") && !told.contains("cannot be read"), "{told}");
    }
}
