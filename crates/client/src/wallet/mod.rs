//! Wallets: a phrase to write down, keys derived from it, files that keep them.
//!
//! In: the operating system's randomness or a phrase that somebody typed. Out: [`SigningKey`](crate::SigningKey)s and key files
//! that only their owner can read, locked with a passphrase where their owner wants that. Called by the command line and by daemons at
//! start. Absent on purpose: printing and prompts; whoever knows a passphrase is a [`Passphrases`]. Nothing here shows a secret in
//! `Debug` or in an error.

mod derive;
mod file;
mod keyring;
mod passphrase;
mod phrase;
mod sealed;

pub use derive::{COIN_TYPE, ExtendedKey, account_path};
pub use file::{KeyFile, KeyFileError, LockedKey, StoredKey};
pub use keyring::{Keyring, Passphrases, SecretKind};
pub use passphrase::{Kdf, Passphrase, PassphraseError};
pub use phrase::{Phrase, PhraseError, Words};
pub use sealed::SealError;
