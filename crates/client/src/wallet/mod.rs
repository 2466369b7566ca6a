//! Wallets: a phrase to write down, keys derived from it, files that keep them.
//!
//! In: the operating system's randomness or a phrase that somebody typed. Out: [`SigningKey`](crate::SigningKey)s and key files
//! that only their owner can read. Called by the command line and by daemons at start. Absent on purpose: printing, prompts,
//! encryption of key files (the file system's permissions guard them). Nothing here shows a secret in `Debug` or in an error.

mod derive;
mod file;
mod phrase;

pub use derive::{COIN_TYPE, ExtendedKey, account_path};
pub use file::{KeyFile, KeyFileError};
pub use phrase::{Phrase, PhraseError, WORDS};
