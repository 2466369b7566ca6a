//! Files whose content nobody but their owner may know.

use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};
use zeroize::Zeroizing;

/// Rights of the group and of everybody.
pub(crate) const OTHERS: u32 = 0o077;

/// Why a secret file cannot be used; callers add its path and the way out.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file system's.
    #[error("cannot {what} it: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("it is no regular file")]
    NotAFile,
    /// Others may read it.
    #[error("it has mode {mode:04o}, so others can read it")]
    Open {
        /// Its permission bits.
        mode: u32,
    },
    /// Longer than any that was written.
    #[error("it is far too long")]
    TooLong,
}

impl SecretError {
    /// Whether there is no such file.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads a file of at most `most` bytes that only its owner can read. The file that is looked at is the one that is read.
///
/// # Errors
/// [`SecretError`]; [`SecretError::Open`] before anything is read when others could read it too.
pub fn read_secret(path: &Path, most: u64) -> Result<Zeroizing<String>, SecretError> {
    let failed = |what| move |source| SecretError::Io { what, source };
    let file = File::open(path).map_err(failed("open"))?;
    let meta = file.metadata().map_err(failed("look at"))?;
    if !meta.is_file() {
        return Err(SecretError::NotAFile);
    }
    let mode = meta.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(SecretError::Open { mode });
    }
    if meta.len() > most {
        return Err(SecretError::TooLong);
    }
    // The whole capacity at once: a growing string would leave unwiped copies behind.
    let mut text = Zeroizing::new(String::with_capacity(meta.len() as usize + 1));
    file.take(most).read_to_string(&mut text).map_err(failed("read"))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Readers, create};
    use std::fs::{self, Permissions};

    #[test]
    fn a_secret_is_read_only_where_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(read_secret(&path, 9).unwrap_err().is_absent());
        create(&path, b"nine byte", Readers::Owner).unwrap();
        assert_eq!(*read_secret(&path, 9).unwrap(), "nine byte");
        assert!(matches!(read_secret(&path, 8), Err(SecretError::TooLong)));
        assert!(matches!(read_secret(folder.path(), 9), Err(SecretError::NotAFile)));
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read_secret(&path, 9), Err(SecretError::Open { mode: 0o640 })));
    }
}
