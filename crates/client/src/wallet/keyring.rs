//! Opens what a wallet's files hold, with a passphrase that is asked for once.
//!
//! In: paths, and whoever knows passphrases: a file, a person at a terminal. Out: keys and texts. What one passphrase locked opens with
//! one question, and what is made anew is locked as the rest is.

use super::{
    file::{FORMAT_LOCKED, KeyFile, KeyFileError, StoredKey, create_file, json, read_file, replace_file},
    passphrase::{Kdf, Passphrase, PassphraseError},
    sealed::{SealError, Sealed},
};
use crate::SigningKey;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use zeroize::Zeroizing;

/// Whoever knows passphrases.
pub trait Passphrases: Send + Sync {
    /// A passphrase for the file at `path`, after `tries` that did not open it; none when there are no more.
    ///
    /// # Errors
    /// [`PassphraseError`].
    fn for_file(&self, path: &Path, tries: u32) -> Result<Option<Passphrase>, PassphraseError>;

    /// What new files are locked with where nothing was opened before; none when they are not locked.
    ///
    /// # Errors
    /// [`PassphraseError`].
    fn for_new(&self) -> Result<Option<Passphrase>, PassphraseError>;
}

/// The passphrase that stands in a file, for daemons: new files are locked with it too.
impl Passphrases for std::path::PathBuf {
    fn for_file(&self, _: &Path, tries: u32) -> Result<Option<Passphrase>, PassphraseError> {
        if tries == 0 { Passphrase::read(self).map(Some) } else { Ok(None) }
    }

    fn for_new(&self) -> Result<Option<Passphrase>, PassphraseError> {
        let passphrase = Passphrase::read(self)?;
        passphrase.check_new()?;
        Ok(Some(passphrase))
    }
}

/// Texts of a wallet that are secrets and no key files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// The words from which keys follow.
    Phrase,
    /// The seed of a validator's key.
    ValidatorKey,
    /// What a gateway encrypts its contents with.
    MasterKey,
}

/// What stands in a locked text's file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockedText {
    format: u32,
    kind: SecretKind,
    text: Sealed,
}

/// Opens locked files. Cheap to clone; clones remember the same passphrases.
#[derive(Clone, Default)]
pub struct Keyring(Arc<Inner>);

#[derive(Default)]
struct Inner {
    source: Option<Box<dyn Passphrases>>,
    /// Those that opened something.
    known: Mutex<Vec<Passphrase>>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(hidden)")
    }
}

impl Keyring {
    /// Opens locked files with what `source` knows. The default one knows nothing: it opens files that are not locked.
    pub fn new(source: impl Passphrases + 'static) -> Self {
        Self(Arc::new(Inner { source: Some(Box::new(source)), known: Mutex::default() }))
    }

    /// Opens with one passphrase and nothing else.
    pub fn of(passphrase: Passphrase) -> Self {
        Self(Arc::new(Inner { source: None, known: Mutex::new(vec![passphrase]) }))
    }

    /// Whether it knows passphrases, or somebody who does.
    pub fn asks(&self) -> bool {
        self.0.source.is_some() || !self.0.known.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The key in a file.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn load(&self, path: &Path) -> Result<KeyFile, KeyFileError> {
        match StoredKey::load(path)? {
            StoredKey::Plain(file) => Ok(file),
            StoredKey::Locked(key) => self.open(path, |passphrase| key.open(passphrase)),
        }
    }

    /// The key in the file, or a new one in a new file where there is none.
    ///
    /// # Errors
    /// As [`Keyring::load`] and [`Keyring::create`].
    pub fn load_or_create(&self, path: &Path) -> Result<KeyFile, KeyFileError> {
        match self.load(path) {
            Err(error) if error.is_absent() => {
                let new = KeyFile { key: SigningKey::generate()?, path: None };
                match self.create(&new, path) {
                    // Somebody else was quicker; theirs counts.
                    Err(KeyFileError::Exists { .. }) => self.load(path),
                    done => done.map(|()| new),
                }
            }
            done => done,
        }
    }

    /// Writes a new key file; locked, when a passphrase is at hand.
    ///
    /// # Errors
    /// As [`KeyFile::create`]; [`KeyFileError::Seal`] when it cannot be locked.
    pub fn create(&self, file: &KeyFile, path: &Path) -> Result<(), KeyFileError> {
        let text = match self.for_new(path)? {
            Some(passphrase) => file.locked_text(&passphrase, Kdf::STANDARD).map_err(seal_error(path))?,
            None => file.plain_text(),
        };
        create_file(path, &text)
    }

    /// A secret text, opened where it is locked. What an unlocked one holds is the caller's to judge.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn read_text(&self, path: &Path, kind: SecretKind) -> Result<Zeroizing<String>, KeyFileError> {
        let text = read_file(path)?;
        let content = |why| KeyFileError::Content { path: path.to_owned(), why };
        match parse_text(&text, kind).map_err(content)? {
            None => Ok(text),
            Some(sealed) => self.open(path, |passphrase| open_text(&sealed, kind, passphrase)),
        }
    }

    /// Writes a new secret text; locked, when a passphrase is at hand.
    ///
    /// # Errors
    /// As [`Keyring::create`].
    pub fn create_text(&self, path: &Path, kind: SecretKind, text: &str) -> Result<(), KeyFileError> {
        match self.for_new(path)? {
            Some(passphrase) => create_file(path, &locked_text(text, kind, &passphrase).map_err(seal_error(path))?),
            None => create_file(path, text),
        }
    }

    /// Locks a key file with another passphrase, or with none; the key stays. The file is replaced whole, or not at all.
    ///
    /// # Errors
    /// [`KeyFileError`]; the file is as it was then.
    pub fn relock(&self, path: &Path, to: Option<&Passphrase>) -> Result<(), KeyFileError> {
        let file = self.load(path)?;
        let text = match to {
            Some(passphrase) => file.locked_text(passphrase, Kdf::STANDARD).map_err(seal_error(path))?,
            None => file.plain_text(),
        };
        replace_file(path, &text)
    }

    /// The same for a secret text.
    ///
    /// # Errors
    /// As [`Keyring::relock`].
    pub fn relock_text(&self, path: &Path, kind: SecretKind, to: Option<&Passphrase>) -> Result<(), KeyFileError> {
        let text = self.read_text(path, kind)?;
        match to {
            Some(passphrase) => replace_file(path, &locked_text(&text, kind, passphrase).map_err(seal_error(path))?),
            None => replace_file(path, &text),
        }
    }

    fn for_new(&self, path: &Path) -> Result<Option<Passphrase>, KeyFileError> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner).last().cloned();
        match (known, &self.0.source) {
            (None, Some(source)) => {
                let new = source.for_new().map_err(|error| seal_error(path)(error.into()))?;
                // One question for all that is made.
                self.0.known.lock().unwrap_or_else(PoisonError::into_inner).extend(new.clone());
                Ok(new)
            }
            (known, _) => Ok(known),
        }
    }

    /// Tries what opened other files, then asks.
    fn open<T>(&self, path: &Path, open: impl Fn(&Passphrase) -> Result<T, SealError>) -> Result<T, KeyFileError> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut last = None;
        for passphrase in &known {
            match open(passphrase) {
                Err(SealError::Wrong) => last = Some(SealError::Wrong),
                done => return done.map_err(seal_error(path)),
            }
        }
        let mut tries = 0;
        while let Some(source) = &self.0.source {
            let next = source.for_file(path, tries).map_err(|error| seal_error(path)(error.into()))?;
            let Some(passphrase) = next else { break };
            match open(&passphrase) {
                Ok(opened) => {
                    self.0.known.lock().unwrap_or_else(PoisonError::into_inner).push(passphrase);
                    return Ok(opened);
                }
                Err(SealError::Wrong) => (last, tries) = (Some(SealError::Wrong), tries + 1),
                Err(error) => return Err(seal_error(path)(error)),
            }
        }
        Err(last.map_or_else(|| KeyFileError::Locked { path: path.to_owned() }, seal_error(path)))
    }
}

fn seal_error(path: &Path) -> impl FnOnce(SealError) -> KeyFileError {
    move |source| KeyFileError::Seal { path: path.to_owned(), source }
}

/// The sealed part of a locked text; none when it is not locked.
fn parse_text(text: &str, kind: SecretKind) -> Result<Option<Sealed>, &'static str> {
    // Neither words nor hexadecimal digits begin like this.
    if !text.trim_start().starts_with('{') {
        return Ok(None);
    }
    let locked: LockedText = serde_json::from_str(text).map_err(|_| "it is not the JSON of a locked file, or it was cut")?;
    if locked.format != FORMAT_LOCKED {
        return Err("its format is of another version of depin, which can open it");
    }
    if locked.kind != kind {
        return Err("it holds a secret of another kind");
    }
    locked.text.check()?;
    Ok(Some(locked.text))
}

fn open_text(sealed: &Sealed, kind: SecretKind, passphrase: &Passphrase) -> Result<Zeroizing<String>, SealError> {
    let mut bytes = sealed.open(&bound(kind), passphrase)?;
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|_| SealError::Wrong)
}

fn locked_text(text: &str, kind: SecretKind, passphrase: &Passphrase) -> Result<Zeroizing<String>, SealError> {
    let text = Sealed::close(text.as_bytes(), &bound(kind), passphrase, Kdf::STANDARD)?;
    Ok(json(&LockedText { format: FORMAT_LOCKED, kind, text }))
}

/// What a sealed text is bound to.
fn bound(kind: SecretKind) -> Vec<u8> {
    let name = match kind {
        SecretKind::Phrase => "phrase",
        SecretKind::ValidatorKey => "validator-key",
        SecretKind::MasterKey => "master-key",
    };
    borsh::to_vec(&("depin-secret", FORMAT_LOCKED, name)).expect("writing to memory does not fail")
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_files::Readers;
    use std::path::PathBuf;

    /// Knows these, one after another.
    struct Knows(&'static [&'static str], Mutex<u32>);

    impl Knows {
        fn ring(words: &'static [&'static str]) -> (Keyring, Arc<Self>) {
            let knows = Arc::new(Self(words, Mutex::new(0)));
            (Keyring::new(Arc::clone(&knows)), knows)
        }
    }

    impl Passphrases for Arc<Knows> {
        fn for_file(&self, _: &Path, tries: u32) -> Result<Option<Passphrase>, PassphraseError> {
            *self.1.lock().unwrap() += 1;
            self.0.get(tries as usize).map(|text| Passphrase::new(text)).transpose()
        }

        fn for_new(&self) -> Result<Option<Passphrase>, PassphraseError> {
            Ok(None)
        }
    }

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text).unwrap()
    }

    fn folder() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (key, phrase) = (folder.path().join("a.key"), folder.path().join("phrase"));
        KeyFile { key: SigningKey::from_seed(&[7; 32]), path: None }.create(&key).unwrap();
        create_file(&phrase, "some words\n").unwrap();
        (folder, key, phrase)
    }

    #[test]
    fn a_wallet_is_locked_and_opened_with_one_question_and_unlocked_again() {
        let (_folder, key, phrase) = folder();
        let (plain, new) = (Keyring::default(), passphrase("correct horse"));
        let before = std::fs::read(&key).unwrap();
        plain.relock(&key, Some(&new)).unwrap();
        plain.relock_text(&phrase, SecretKind::Phrase, Some(&new)).unwrap();
        assert!(matches!(plain.load(&key), Err(KeyFileError::Locked { .. })));
        assert!(matches!(plain.read_text(&phrase, SecretKind::Phrase), Err(KeyFileError::Locked { .. })));
        let (ring, knows) = Knows::ring(&["mistyped", "correct horse"]);
        assert_eq!(*ring.load(&key).unwrap().key.seed(), [7; 32]);
        assert_eq!(*ring.read_text(&phrase, SecretKind::Phrase).unwrap(), "some words\n");
        assert_eq!(*knows.1.lock().unwrap(), 2, "the second file opens without a question");
        ring.relock(&key, None).unwrap();
        ring.relock_text(&phrase, SecretKind::Phrase, None).unwrap();
        assert_eq!((std::fs::read(&key).unwrap(), std::fs::read(&phrase).unwrap()), (before, b"some words\n".to_vec()));
    }

    #[test]
    fn wrong_passphrases_are_told_and_change_nothing() {
        let (_folder, key, _) = folder();
        Keyring::default().relock(&key, Some(&passphrase("correct horse"))).unwrap();
        let before = std::fs::read(&key).unwrap();
        let (ring, _) = Knows::ring(&["mistyped", "again"]);
        let error = ring.relock(&key, None).unwrap_err();
        assert!(matches!(error, KeyFileError::Seal { source: SealError::Wrong, .. }), "{error}");
        assert!(error.to_string().contains("a.key does not open: the passphrase is wrong"), "{error}");
        assert_eq!(std::fs::read(&key).unwrap(), before);
    }

    #[test]
    fn what_is_made_beside_what_was_opened_is_locked_like_it() {
        let (folder, key, _) = folder();
        Keyring::default().relock(&key, Some(&passphrase("correct horse"))).unwrap();
        let (ring, _) = Knows::ring(&["correct horse"]);
        let plain = folder.path().join("plain.key");
        ring.load_or_create(&plain).unwrap();
        assert!(matches!(StoredKey::load(&plain).unwrap(), StoredKey::Plain(_)), "nothing is locked here so far");
        ring.load(&key).unwrap();
        let locked = folder.path().join("locked.key");
        let made = ring.load_or_create(&locked).unwrap().key.address();
        assert!(matches!(StoredKey::load(&locked).unwrap(), StoredKey::Locked(_)));
        assert_eq!(Keyring::of(passphrase("correct horse")).load_or_create(&locked).unwrap().key.address(), made);
    }

    #[test]
    fn a_daemons_passphrase_file_opens_and_locks() {
        let (folder, key, _) = folder();
        let file = folder.path().join("passphrase");
        depin_files::create(&file, b"correct horse\n", Readers::Owner).unwrap();
        let ring = Keyring::new(file.clone());
        assert_eq!(*ring.load(&key).unwrap().key.seed(), [7; 32], "what is not locked opens as before");
        let new = folder.path().join("new.key");
        ring.load_or_create(&new).unwrap();
        assert!(matches!(Keyring::default().load(&new), Err(KeyFileError::Locked { .. })));
        depin_files::replace(&file, b"another one", Readers::Owner).unwrap();
        let error = Keyring::new(file.clone()).load(&new).unwrap_err().to_string();
        assert!(error.contains("passphrase is wrong"), "{error}");
        depin_files::replace(&file, b"short", Readers::Owner).unwrap();
        let error = Keyring::new(file).create(&ring.load(&key).unwrap(), &folder.path().join("b.key")).unwrap_err();
        assert!(error.to_string().contains("at least 8 characters"), "{error}");
    }

    #[test]
    fn a_locked_text_is_no_other_text_and_not_of_another_version() {
        let (_folder, _, phrase) = folder();
        let new = passphrase("correct horse");
        Keyring::default().relock_text(&phrase, SecretKind::Phrase, Some(&new)).unwrap();
        let ring = Keyring::of(new);
        let told = |text: &str| {
            replace_file(&phrase, text).unwrap();
            ring.read_text(&phrase, SecretKind::Phrase).unwrap_err().to_string()
        };
        let good = std::fs::read_to_string(&phrase).unwrap();
        assert!(told(&good.replace("\"kind\": \"phrase\"", "\"kind\": \"validator-key\"")).contains("another kind"));
        assert!(told(&good.replace("\"format\": 2", "\"format\": 3")).contains("another version"));
        assert!(told(&good[..good.len() / 2]).contains("was cut"));
        replace_file(&phrase, &good.replace("\"kind\": \"phrase\"", "\"kind\": \"validator-key\"")).unwrap();
        let error = ring.read_text(&phrase, SecretKind::ValidatorKey).unwrap_err().to_string();
        assert!(error.contains("or the file was changed"), "a phrase cannot be passed off as a key: {error}");
    }
}
