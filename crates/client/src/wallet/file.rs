//! Key files: one key, readable by its owner only, locked with a passphrase or not.
//!
//! A file appears whole or not at all, with mode 0600 from its beginning. No key file is ever overwritten by another key's. Address,
//! public key and path stand in plain words in both forms, so that a locked key can be named and shown without its passphrase; they
//! are bound to the sealed key, and a file in which they were changed does not open.

use super::{
    passphrase::{Kdf, Passphrase},
    sealed::{SealError, Sealed},
};
use crate::{SigningKey, keys::NoRandomness};
use depin_files::{Readers, SecretError};
use depin_quantity::Address;
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
};
use zeroize::{Zeroize as _, Zeroizing};

/// Version of the form without a passphrase.
const FORMAT_PLAIN: u32 = 1;
/// Version of the form with one.
pub(super) const FORMAT_LOCKED: u32 = 2;
/// No file of a wallet is longer, bytes.
const LENGTH_MAX: u64 = 16 * 1024;

/// A key as it lies in its file, with where it was derived from.
#[derive(Clone, Debug)]
pub struct KeyFile {
    /// The key.
    pub key: SigningKey,
    /// Path from the phrase, `m/44'/461'/0'/0'`; none for a key that no phrase stands behind.
    pub path: Option<String>,
}

/// What a key file holds.
#[derive(Clone, Debug)]
pub enum StoredKey {
    /// A key that nothing but the file's mode guards.
    Plain(KeyFile),
    /// A key that a passphrase opens.
    Locked(LockedKey),
}

/// A key that a passphrase opens, and what its file says of it. Only an opened one proves that address and key belong together.
#[derive(Clone, Debug)]
pub struct LockedKey {
    address: Address,
    public_key: String,
    path: Option<String>,
    sealed: Sealed,
}

/// Which form a file has; nothing else of it is looked at.
#[derive(Deserialize)]
struct Form {
    format: u32,
}

/// What stands in a file without a passphrase.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainContent {
    format: u32,
    address: Address,
    public_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    secret_key: Secret,
}

/// What stands in a locked one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockedContent {
    format: u32,
    address: Address,
    public_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    secret_key: Sealed,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Secret(String);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Why a file of a wallet could not be written or read.
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
    /// Not a file of a wallet, or a damaged one.
    #[error("{path} is not a usable key file: {why}; restore it from a copy, or import the wallet's phrase into a new file")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; holds nothing of its secret.
        why: &'static str,
    },
    /// It is locked, and no passphrase can be had.
    #[error(
        "{path} is locked with a passphrase; name a file that holds it with --passphrase-file or DEPIN_PASSPHRASE_FILE, or run this in a \
         terminal, which asks for it"
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It is locked, and does not open.
    #[error("{path} does not open: {source}")]
    Seal {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SealError,
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

impl KeyFileError {
    /// Whether there is no such file.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyFileError {
    move |source| KeyFileError::Io { what, path: path.to_owned(), source }
}

/// Writes a new file of a wallet with mode 0600 and syncs it and its folder.
pub(super) fn create_file(path: &Path, text: &str) -> Result<(), KeyFileError> {
    if path.file_name().is_none() {
        return Err(KeyFileError::Content { path: path.to_owned(), why: "the path names no file" });
    }
    depin_files::create(path, text.as_bytes(), Readers::Owner).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.to_owned() },
        _ => io_error("write", path)(error),
    })
}

/// Puts another form of the same secret in the place of a file.
pub(super) fn replace_file(path: &Path, text: &str) -> Result<(), KeyFileError> {
    depin_files::replace(path, text.as_bytes(), Readers::Owner).map_err(io_error("write", path))
}

/// Reads a file of a wallet that only its owner can read.
pub(super) fn read_file(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let damaged = |why| KeyFileError::Content { path: path.to_owned(), why };
    depin_files::read_secret(path, LENGTH_MAX).map_err(|error| match error {
        SecretError::Io { source, .. } if source.kind() == io::ErrorKind::InvalidData => damaged("it is no text"),
        SecretError::Io { what, source } => io_error(what, path)(source),
        SecretError::NotAFile => damaged("it is no regular file"),
        SecretError::Open { mode } => KeyFileError::Open { path: path.to_owned(), mode },
        SecretError::TooLong => damaged("it is far too long"),
    })
}

/// JSON for a file; none of it is left in memory.
pub(super) fn json(content: &impl Serialize) -> Zeroizing<String> {
    let mut out = Zeroizing::new(Vec::with_capacity(2048));
    serde_json::to_writer_pretty(&mut *out, content).expect("plain strings are JSON");
    out.push(b'\n');
    Zeroizing::new(String::from_utf8(std::mem::take(&mut *out)).expect("JSON is UTF-8"))
}

impl KeyFile {
    /// Writes a new file without a passphrase, with mode 0600, and syncs it and its folder.
    ///
    /// # Errors
    /// [`KeyFileError::Exists`] when the name is taken, whatever is there; `Io` for everything else, and then nothing is left.
    pub fn create(&self, path: &Path) -> Result<(), KeyFileError> {
        create_file(path, &self.plain_text())
    }

    /// Reads a file that only its owner can read and that no passphrase locks, and checks that key and address belong together.
    ///
    /// # Errors
    /// [`KeyFileError`]; [`KeyFileError::Open`] before anything is read when others could read it too; [`KeyFileError::Locked`] for one
    /// that a [`Keyring`](super::Keyring) opens.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        match StoredKey::load(path)? {
            StoredKey::Plain(file) => Ok(file),
            StoredKey::Locked(_) => Err(KeyFileError::Locked { path: path.to_owned() }),
        }
    }

    /// The file's text without a passphrase.
    pub fn plain_text(&self) -> Zeroizing<String> {
        json(&PlainContent {
            format: FORMAT_PLAIN,
            address: self.key.address(),
            public_key: hex::encode(self.key.public_key()),
            path: self.path.clone(),
            secret_key: Secret(hex::encode(*self.key.seed())),
        })
    }

    /// The file's text, locked.
    ///
    /// # Errors
    /// [`SealError`] when randomness or memory cannot be had.
    pub fn locked_text(&self, passphrase: &Passphrase, kdf: Kdf) -> Result<Zeroizing<String>, SealError> {
        let (address, public_key) = (self.key.address(), hex::encode(self.key.public_key()));
        let bound = bound(&address, &public_key, self.path.as_deref());
        let secret_key = Sealed::close(&*self.key.seed(), &bound, passphrase, kdf)?;
        Ok(json(&LockedContent { format: FORMAT_LOCKED, address, public_key, path: self.path.clone(), secret_key }))
    }
}

/// What a sealed key is bound to.
fn bound(address: &Address, public_key: &str, path: Option<&str>) -> Vec<u8> {
    borsh::to_vec(&("depin-key-file", FORMAT_LOCKED, address.get(), public_key, path)).expect("writing to memory does not fail")
}

impl StoredKey {
    /// Reads a file that only its owner can read.
    ///
    /// # Errors
    /// [`KeyFileError`], as [`KeyFile::load`]; a locked one is none.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        Self::parse(&read_file(path)?).map_err(|why| KeyFileError::Content { path: path.to_owned(), why })
    }

    /// Reads the text of a key file.
    ///
    /// # Errors
    /// What is wrong with it; nothing of its secret.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        // The parser's own messages are dropped: they may quote what it read.
        let no_key = |_| "it is not the JSON of a key file, or it was cut";
        match serde_json::from_str::<Form>(text).map_err(no_key)?.format {
            FORMAT_PLAIN => Self::plain(serde_json::from_str(text).map_err(no_key)?),
            FORMAT_LOCKED => Self::locked(serde_json::from_str(text).map_err(no_key)?),
            _ => Err("its format is of another version of depin, which can open it"),
        }
    }

    fn plain(content: PlainContent) -> Result<Self, &'static str> {
        let mut seed = Zeroizing::new([0; 32]);
        hex::decode_to_slice(&content.secret_key.0, &mut *seed).map_err(|_| "the secret key is not 64 hexadecimal digits")?;
        let key = SigningKey::from_seed(&seed);
        if key.address() != content.address || hex::encode(key.public_key()) != content.public_key {
            return Err("address and key do not belong together");
        }
        Ok(Self::Plain(KeyFile { key, path: content.path }))
    }

    fn locked(content: LockedContent) -> Result<Self, &'static str> {
        let LockedContent { address, public_key, path, secret_key: sealed, .. } = content;
        let mut public = [0; 32];
        hex::decode_to_slice(&public_key, &mut public).map_err(|_| "the public key is not 64 hexadecimal digits")?;
        if Address::of_public_key(&public) != address {
            return Err("address and key do not belong together");
        }
        sealed.check()?;
        Ok(Self::Locked(LockedKey { address, public_key, path, sealed }))
    }

    /// The address that the file names.
    pub fn address(&self) -> Address {
        match self {
            Self::Plain(file) => file.key.address(),
            Self::Locked(key) => key.address,
        }
    }
}

impl LockedKey {
    /// What a guess at its passphrase costs.
    pub const fn kdf(&self) -> Kdf {
        self.sealed.kdf()
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, passphrase: &Passphrase) -> Result<KeyFile, SealError> {
        let bound = bound(&self.address, &self.public_key, self.path.as_deref());
        let secret = self.sealed.open(&bound, passphrase)?;
        let seed: &[u8; 32] = secret.as_slice().try_into().map_err(|_| SealError::Wrong)?;
        let key = SigningKey::from_seed(seed);
        if hex::encode(key.public_key()) != self.public_key {
            return Err(SealError::Wrong);
        }
        Ok(KeyFile { key, path: self.path.clone() })
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
            good.replace("\"format\": 1", "\"format\": 3"),
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

    const CHEAP: Kdf = Kdf { memory_kib: 32, passes: 1, lanes: 1 };

    fn locked(passphrase: &Passphrase) -> Zeroizing<String> {
        sample().locked_text(passphrase, CHEAP).unwrap()
    }

    fn parse_locked(text: &str) -> Result<LockedKey, &'static str> {
        match StoredKey::parse(text)? {
            StoredKey::Locked(key) => Ok(key),
            StoredKey::Plain(_) => Err("it is plain"),
        }
    }

    #[test]
    fn a_locked_file_names_its_address_and_holds_its_key_for_the_passphrase_only() {
        let passphrase = Passphrase::new("correct horse").unwrap();
        let text = locked(&passphrase);
        assert!(!text.contains(&hex::encode([7; 32])));
        let key = parse_locked(&text).unwrap();
        assert_eq!((StoredKey::Locked(key.clone()).address(), key.kdf()), (sample().key.address(), CHEAP));
        let open = key.open(&Passphrase::new("correct horse").unwrap()).unwrap();
        assert_eq!((open.key.public_key(), open.path), (sample().key.public_key(), sample().path));
        let error = key.open(&Passphrase::new("wrong horse").unwrap()).unwrap_err();
        assert!(matches!(error, SealError::Wrong) && error.to_string().contains("passphrase is wrong"), "{error}");
    }

    #[test]
    fn what_stands_beside_a_locked_key_cannot_be_changed() {
        let passphrase = Passphrase::new("correct horse").unwrap();
        let text = locked(&passphrase);
        let moved = parse_locked(&text.replace("m/44'/461'/0'/0'", "m/44'/461'/1'/0'")).unwrap();
        assert!(matches!(moved.open(&passphrase), Err(SealError::Wrong)));
        let other = SigningKey::from_seed(&[9; 32]);
        let named = text.replace(&sample().key.address().to_string(), &other.address().to_string());
        assert_eq!(parse_locked(&named).unwrap_err(), "address and key do not belong together");
        let named = named.replace(&hex::encode(sample().key.public_key()), &hex::encode(other.public_key()));
        assert!(matches!(parse_locked(&named).unwrap().open(&passphrase), Err(SealError::Wrong)), "another's name on the key");
        for length in 0..text.trim_end().len() {
            assert!(StoredKey::parse(&text[..length]).is_err(), "cut at {length}");
        }
    }

    /// Pins the form of locked files: one that was locked once must open for ever.
    #[test]
    fn a_file_that_an_earlier_build_locked_opens() {
        let text = include_str!("../../tests/files/locked.key");
        let key = parse_locked(text).unwrap();
        assert_eq!(key.kdf(), Kdf::STANDARD);
        let open = key.open(&Passphrase::new("correct horse battery staple").unwrap()).unwrap();
        assert_eq!((*open.key.seed(), open.path), ([7; 32], sample().path));
    }

    #[test]
    fn a_locked_file_is_told_by_whoever_has_no_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        create_file(&path, &locked(&Passphrase::new("correct horse").unwrap())).unwrap();
        let error = KeyFile::load(&path).unwrap_err().to_string();
        assert!(error.contains("a.key is locked") && error.contains("--passphrase-file"), "{error}");
        assert_eq!(StoredKey::load(&path).unwrap().address(), sample().key.address());
    }

    #[test]
    fn debug_hides_the_key() {
        let shown = format!("{:?}", sample());
        assert!(!shown.contains("0707") && shown.contains(&sample().key.address().to_string()), "{shown}");
    }
}
