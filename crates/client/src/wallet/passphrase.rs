//! Passphrases of key files: what people choose, and the keys that are made of it.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use depin_files::SecretError;
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use zeroize::Zeroizing;

/// Fewest characters of a new passphrase; one that locked a file is taken whatever its length.
const CHARS_MIN: usize = 8;
/// No passphrase is longer, bytes.
const BYTES_MAX: usize = 4096;

/// What a guess costs: Argon2id's memory, passes and lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kdf {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// How often it is gone through.
    pub passes: u32,
    /// Independent parts of it.
    pub lanes: u32,
}

impl Kdf {
    /// What new files are locked with: 64 MiB, three passes, four lanes; about a fifth of a second on one core.
    ///
    /// Source: RFC 9106, section 4, the second recommended option (for machines whose memory is scarce).
    pub const STANDARD: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 4 };
    /// The most that a file may ask for, so that one that somebody made does not stand still: 1 GiB, and 64 times that in all passes.
    const MOST: Self = Self { memory_kib: 1 << 20, passes: 64, lanes: 64 };

    /// Whether a file may ask for that.
    pub(super) const fn is_usable(self) -> bool {
        let most = Self::MOST;
        self.lanes > 0
            && self.lanes <= most.lanes
            && self.passes > 0
            && self.passes <= most.passes
            && self.memory_kib >= self.lanes * 8
            && self.memory_kib <= most.memory_kib
    }
}

/// Random bytes that keep equal passphrases of two owners apart.
pub(super) type Salt = [u8; 16];
/// A key of the cipher.
pub(super) type CipherKey = Zeroizing<[u8; 32]>;

/// A passphrase. Wiped when dropped, never shown. Remembers the keys that were made of it, so that files that were locked together cost
/// one derivation; clones remember together.
#[derive(Clone)]
pub struct Passphrase(Arc<Inner>);

struct Inner {
    text: Zeroizing<String>,
    derived: Mutex<Vec<(Kdf, Salt, CipherKey)>>,
}

/// Why a passphrase cannot be had or used. No variant holds any of it.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Nothing.
    #[error("the passphrase is empty")]
    Empty,
    /// Too short for a new one.
    #[error(
        "a new passphrase has at least {CHARS_MIN} characters, this one has {0}; four or more unrelated words are a good one"
    )]
    Short(usize),
    /// Too long.
    #[error("the passphrase is longer than {BYTES_MAX} bytes")]
    Long,
    /// The file that holds it cannot be used.
    #[error("the passphrase file {path} cannot be used: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SecretError,
    },
    /// Nobody typed one.
    #[error("no passphrase could be read from the terminal: {0}")]
    Terminal(String),
    /// Two that should be the same.
    #[error("the two passphrases are not the same; nothing was changed")]
    Differ,
    /// Argon2 found no memory.
    #[error("{0} MiB of memory for the passphrase's key cannot be had; free some, and try again")]
    Memory(u32),
}

impl Passphrase {
    /// A passphrase as it was typed. The same letters in another Unicode normal form are the same passphrase.
    ///
    /// # Errors
    /// [`PassphraseError::Empty`] or `Long`.
    pub fn new(text: &str) -> Result<Self, PassphraseError> {
        if text.is_empty() {
            return Err(PassphraseError::Empty);
        }
        if text.len() > BYTES_MAX {
            return Err(PassphraseError::Long);
        }
        let mut normal = Cow::Borrowed(text);
        bip39::Mnemonic::normalize_utf8_cow(&mut normal);
        let text = Zeroizing::new(normal.into_owned());
        Ok(Self(Arc::new(Inner { text, derived: Mutex::default() })))
    }

    /// Reads a file that only its owner can read: its first line is the passphrase.
    ///
    /// # Errors
    /// [`PassphraseError::File`]; then those of [`Passphrase::new`].
    pub fn read(path: &Path) -> Result<Self, PassphraseError> {
        let file = |source| PassphraseError::File { path: path.to_owned(), source };
        let text = depin_files::read_secret(path, BYTES_MAX as u64 + 2).map_err(file)?;
        Self::new(text.lines().next().unwrap_or_default())
    }

    /// Whether it is good enough to lock something with.
    ///
    /// # Errors
    /// [`PassphraseError::Short`].
    pub fn check_new(&self) -> Result<(), PassphraseError> {
        match self.0.text.chars().count() {
            chars if chars < CHARS_MIN => Err(PassphraseError::Short(chars)),
            _ => Ok(()),
        }
    }

    /// Whether both were typed the same.
    pub fn is(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }

    /// The key for a file that was locked at that cost and with that salt.
    pub(super) fn key(&self, kdf: Kdf, salt: Salt) -> Result<CipherKey, PassphraseError> {
        let mut derived = self.0.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., key)) = derived.iter().find(|(cost, with, _)| (*cost, *with) == (kdf, salt)) {
            return Ok(key.clone());
        }
        let key = self.derive(kdf, &salt)?;
        derived.push((kdf, salt, key.clone()));
        Ok(key)
    }

    /// A salt whose key is there already, for one more file at the same cost.
    pub(super) fn known_salt(&self, kdf: Kdf) -> Option<Salt> {
        let derived = self.0.derived.lock().unwrap_or_else(PoisonError::into_inner);
        derived.iter().find(|(cost, ..)| *cost == kdf).map(|(_, salt, _)| *salt)
    }

    fn derive(&self, kdf: Kdf, salt: &Salt) -> Result<CipherKey, PassphraseError> {
        let memory = || PassphraseError::Memory(kdf.memory_kib.div_ceil(1024));
        let params = Params::new(kdf.memory_kib, kdf.passes, kdf.lanes, Some(32)).map_err(|_| memory())?;
        let mut blocks = Vec::new();
        blocks.try_reserve_exact(params.block_count()).map_err(|_| memory())?;
        blocks.resize(params.block_count(), Block::default());
        // Wiped: what is left in them gives the key away.
        let mut blocks = Zeroizing::new(blocks);
        let mut key = Zeroizing::new([0; 32]);
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon
            .hash_password_into_with_memory(self.0.text.as_bytes(), salt, key.as_mut_slice(), &mut blocks[..])
            .map_err(|_| memory())?;
        Ok(key)
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_files::Readers;

    const CHEAP: Kdf = Kdf { memory_kib: 32, passes: 1, lanes: 1 };

    /// Pins the function: files that were locked once must open for ever.
    ///
    /// Source: the reference implementation's test of version 19, Argon2id, 2^8 KiB, one lane (P-H-C/phc-winner-argon2, src/test.c).
    #[test]
    fn keys_are_those_of_the_reference_implementation() {
        let passphrase = Passphrase::new("password").unwrap();
        let argon = |lanes| Kdf { memory_kib: 256, passes: 2, lanes };
        let hash = |kdf: Kdf| {
            let params = Params::new(kdf.memory_kib, kdf.passes, kdf.lanes, Some(32)).unwrap();
            let mut out = [0; 32];
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_into(b"password", b"somesalt", &mut out)
                .unwrap();
            hex::encode(out)
        };
        assert_eq!(hash(argon(1)), "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
        assert_eq!(hash(argon(2)), "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037");
        let salt = *b"somesaltsomesalt";
        let mut direct = [0; 32];
        let params = Params::new(32, 1, 1, Some(32)).unwrap();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(b"password", &salt, &mut direct).unwrap();
        assert_eq!(*passphrase.key(CHEAP, salt).unwrap(), direct);
    }

    #[test]
    fn a_key_is_derived_once_for_files_that_were_locked_together() {
        let passphrase = Passphrase::new("correct horse").unwrap();
        assert_eq!(passphrase.known_salt(CHEAP), None);
        let first = passphrase.key(CHEAP, [1; 16]).unwrap();
        assert_eq!(passphrase.known_salt(CHEAP), Some([1; 16]));
        assert_eq!(*passphrase.clone().key(CHEAP, [1; 16]).unwrap(), *first);
        assert_ne!(*passphrase.key(CHEAP, [2; 16]).unwrap(), *first);
        assert_eq!(passphrase.0.derived.lock().unwrap().len(), 2);
    }

    #[test]
    fn letters_in_another_normal_form_are_the_same_passphrase() {
        let key = |text| *Passphrase::new(text).unwrap().key(CHEAP, [1; 16]).unwrap();
        assert_eq!(key("Gr\u{fc}\u{df}e aus Br\u{fc}ssel"), key("Gru\u{308}\u{df}e aus Bru\u{308}ssel"));
        assert_ne!(key("correct horse"), key("Correct horse"));
    }

    #[test]
    fn a_passphrase_is_read_from_a_file_of_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        depin_files::create(&path, b"correct horse\r\nsecond line", Readers::Owner).unwrap();
        assert!(Passphrase::read(&path).unwrap().is(&Passphrase::new("correct horse").unwrap()));
        depin_files::replace(&path, b"\n", Readers::Owner).unwrap();
        assert!(matches!(Passphrase::read(&path), Err(PassphraseError::Empty)));
        depin_files::replace(&path, b"correct horse", Readers::Everybody).unwrap();
        let error = Passphrase::read(&path).unwrap_err().to_string();
        assert!(error.contains("0644") && error.contains(&path.display().to_string()), "{error}");
        assert!(Passphrase::read(&folder.path().join("none")).unwrap_err().to_string().contains("cannot open it"));
    }

    #[test]
    fn short_and_endless_ones_are_refused_and_none_is_shown() {
        assert!(matches!(Passphrase::new("seven77").unwrap().check_new(), Err(PassphraseError::Short(7))));
        assert!(Passphrase::new("eight888").unwrap().check_new().is_ok());
        assert!(matches!(Passphrase::new(&"x".repeat(BYTES_MAX + 1)), Err(PassphraseError::Long)));
        assert_eq!(format!("{:?}", Passphrase::new("seven77").unwrap()), "Passphrase(hidden)");
    }

    #[test]
    fn a_file_may_not_ask_for_endless_work() {
        assert!(Kdf::STANDARD.is_usable() && Kdf::MOST.is_usable() && CHEAP.is_usable());
        for kdf in [
            Kdf { memory_kib: u32::MAX, ..CHEAP },
            Kdf { memory_kib: 7, ..CHEAP },
            Kdf { passes: 0, ..CHEAP },
            Kdf { passes: u32::MAX, ..CHEAP },
            Kdf { lanes: 0, ..CHEAP },
            Kdf { lanes: u32::MAX, ..CHEAP },
        ] {
            assert!(!kdf.is_usable(), "{kdf:?}");
        }
    }
}
