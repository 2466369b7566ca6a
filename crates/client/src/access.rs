//! The access key of a gateway's port: what its owner's software shows.

use depin_files::{Readers, SecretError};
use rand::Rng as _;
use std::{
    io,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Name of its file in a gateway's folder.
pub const ACCESS_KEY_FILE: &str = "access.key";
/// No access key is longer.
const LENGTH_MAX: u64 = 4096;

/// Why the access key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AccessKeyError {
    /// The file system said no.
    #[error("cannot read or write {path}: {source}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("{path} can be read by others (mode {mode:o}); it must be 600: delete it, and the next start makes a new one", path = path.display())]
    Permissions {
        /// Which file.
        path: PathBuf,
        /// Its mode bits.
        mode: u32,
    },
    /// Too short to be one.
    #[error("{path} holds no key of at least 32 letters and digits; delete it, and the next start makes a new one", path = path.display())]
    Format {
        /// Which file.
        path: PathBuf,
    },
}

/// Reads the access key of a gateway's folder, or makes one at the first start, in a file that only its owner can read. It begins with
/// `of` and a low line, so that whoever finds it somewhere sees what it opens.
///
/// # Errors
/// [`AccessKeyError`].
pub fn access_key(folder: &Path, of: &str) -> Result<Zeroizing<String>, AccessKeyError> {
    let path = folder.join(ACCESS_KEY_FILE);
    let error = |source| AccessKeyError::File { path: path.clone(), source };
    match depin_files::read_secret(&path, LENGTH_MAX) {
        Ok(text) => {
            let key = text.trim();
            let fits = key.len() >= 32 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if fits { Ok(Zeroizing::new(key.to_owned())) } else { Err(AccessKeyError::Format { path: path.clone() }) }
        }
        Err(missing) if missing.is_absent() => {
            depin_files::private_folder(folder).map_err(error)?;
            let mut bytes = Zeroizing::new([0; 32]);
            rand::rng().fill_bytes(bytes.as_mut_slice());
            let key = Zeroizing::new(format!("{of}_{}", hex::encode(bytes.as_slice())));
            let line = Zeroizing::new(format!("{}\n", key.as_str()));
            depin_files::create(&path, line.as_bytes(), Readers::Owner).map_err(error)?;
            Ok(key)
        }
        Err(SecretError::Open { mode }) => Err(AccessKeyError::Permissions { path: path.clone(), mode: mode & 0o777 }),
        Err(SecretError::NotAFile | SecretError::TooLong) => Err(AccessKeyError::Format { path: path.clone() }),
        Err(SecretError::Io { source, .. }) => Err(error(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt as _};

    #[test]
    fn a_key_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let first = access_key(folder.path(), "test").unwrap();
        assert_eq!(*access_key(folder.path(), "test").unwrap(), *first);
        let path = folder.path().join(ACCESS_KEY_FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(access_key(folder.path(), "test"), Err(AccessKeyError::Permissions { mode: 0o640, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "short").unwrap();
        assert!(matches!(access_key(folder.path(), "test"), Err(AccessKeyError::Format { .. })));
    }
}
