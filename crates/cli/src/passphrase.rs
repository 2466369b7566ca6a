//! Passphrases, from a file or from whoever sits at the terminal.
//!
//! In: `--passphrase-file`, or a terminal. Out: what opens and locks the files of a wallet. A passphrase is typed without being shown;
//! where there is neither a file nor a terminal nothing is asked, and locked files are refused with the way out.

use crate::{
    error::{CliError, Result},
    output,
};
use depin_client::{Keyring, Passphrase, PassphraseError, Passphrases};
use std::{io::IsTerminal as _, path::Path};
use zeroize::Zeroizing;

/// How often a passphrase may be mistyped.
const TRIES: u32 = 3;

/// Opens locked files with the passphrase in `file`, else with what is typed.
pub fn keyring(file: Option<&Path>) -> Keyring {
    match file {
        Some(file) => Keyring::new(file.to_owned()),
        None if can_ask() => Keyring::new(Terminal),
        None => Keyring::default(),
    }
}

/// A passphrase to lock something with: from `file`, else typed twice.
///
/// # Errors
/// Refused when it is too short, when the two differ, and where nobody can be asked.
pub fn new(file: Option<&Path>) -> Result<Passphrase> {
    let refused = |error: PassphraseError| CliError::refused("passphrase", error);
    let passphrase = match file {
        Some(file) => Passphrase::read(file).map_err(refused)?,
        None if can_ask() => ask_twice().map_err(refused)?,
        None => {
            return Err(CliError::refused("passphrase", "a new passphrase is needed, and there is no terminal to ask for it")
                .hint("name a file that holds it with --passphrase-file; only its owner may be able to read it (chmod 600)"));
        }
    };
    passphrase.check_new().map_err(refused)?;
    Ok(passphrase)
}

/// Whether somebody sits at a terminal. Prompts go to the terminal itself; standard error says whether anybody looks at it.
fn can_ask() -> bool {
    std::io::stderr().is_terminal() && std::fs::File::open("/dev/tty").is_ok()
}

fn ask(prompt: &str) -> std::result::Result<Passphrase, PassphraseError> {
    let typed = output::without_progress(|| rpassword::prompt_password(prompt));
    let typed = Zeroizing::new(typed.map_err(|error| PassphraseError::Terminal(error.to_string()))?);
    Passphrase::new(&typed)
}

fn ask_twice() -> std::result::Result<Passphrase, PassphraseError> {
    let first = ask("New passphrase: ")?;
    first.check_new()?;
    let second = ask("The same again: ")?;
    if first.is(&second) { Ok(first) } else { Err(PassphraseError::Differ) }
}

struct Terminal;

impl Passphrases for Terminal {
    fn for_file(&self, path: &Path, tries: u32) -> std::result::Result<Option<Passphrase>, PassphraseError> {
        let prompt = match tries {
            0 => format!("Passphrase of {}: ", path.display()),
            TRIES.. => return Ok(None),
            _ => format!("That is not the passphrase of {}. Again: ", path.display()),
        };
        match ask(&prompt) {
            // Nothing typed is one more try.
            Err(PassphraseError::Empty) => self.for_file(path, tries + 1),
            asked => asked.map(Some),
        }
    }

    /// What somebody makes at a terminal is locked where they say so.
    fn for_new(&self) -> std::result::Result<Option<Passphrase>, PassphraseError> {
        Ok(None)
    }
}
