//! A node's folder: who may use it, and for which chain.
//!
//! ```text
//! <home>/lock           held by the process that runs on it
//! <home>/layout         layout of rows and blocks there; written once
//! <home>/genesis.json   what the chain started from; written once
//! <home>/engine/        the engine's store: blocks, state, receipts, votes
//! <home>/index.sqlite   the index; may be deleted
//! <home>/history.json   where history begins; there only when some was given up
//! <home>/ballast        space that is given back when the disk is full; may be deleted
//! <home>/accepted-clock milliseconds by which stamps may be ahead of the wall clock; there only while they are
//! ```

use crate::machine::genesis_of;
use depin_files::Readers;
use depin_ledger::GenesisDoc;
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// Folder of the engine.
const ENGINE: &str = "engine";

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Another process runs on it.
    #[error("{} is in use by another process; stop that one first, or use another --home", .0.display())]
    Busy(PathBuf),
    /// It belongs to another chain.
    #[error("{} holds {what} `{found}`, not `{wanted}`; use another --home, or --fresh to delete what is there", home.display())]
    Foreign {
        /// The folder.
        home: PathBuf,
        /// What differs: chain, network or variant.
        what: &'static str,
        /// In the folder.
        found: String,
        /// Asked for.
        wanted: String,
    },
    /// Another version made it.
    #[error(
        "{} was made by another version: it has {found}, this version ({}) keeps {wanted}; start it with the version that made it, or \
         use --fresh to begin again",
        home.display(),
        env!("CARGO_PKG_VERSION")
    )]
    Layout {
        /// The folder.
        home: PathBuf,
        /// Layout found.
        found: String,
        /// Layout that this version reads.
        wanted: String,
    },
    /// Same names, another beginning.
    #[error(
        "{} began from another genesis document of the same name, or its genesis.json is damaged; start it with its own, or use another \
         --home",
        .0.display()
    )]
    OtherGenesis(PathBuf),
    /// A file there cannot be read.
    #[error("{} is damaged: {error}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: String,
    },
    /// A file or folder cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A folder that this process holds.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    notes: Vec<String>,
    /// Held until dropped.
    _lock: File,
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> HomeError {
    let path = path.to_owned();
    move |source| HomeError::Io { path, source }
}

impl Home {
    /// Locks the folder, makes it when missing, and makes sure that it belongs to the chain of `doc`.
    pub fn claim(path: &Path, doc: &GenesisDoc) -> Result<Self, HomeError> {
        depin_files::private_folder(path).map_err(io_error(path))?;
        let lock_path = path.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&lock_path).map_err(io_error(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(HomeError::Busy(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(HomeError::Io { path: lock_path, source }),
        }
        let used = path.join("layout").exists();
        let whose = began_from(path, doc);
        let mut notes = Vec::new();
        match stored_genesis(path) {
            Ok(Some(stored)) => {
                check_layout(path)?;
                match compare(path, &stored, doc) {
                    // The engine's word is that the chain began from what is brought: it is the copy that changed.
                    Err(_) if whose == Some(true) => {
                        write_genesis(path, doc)?;
                        let path = path.join("genesis.json");
                        notes.push(format!("{} was not what the chain began from, and is written anew", path.display()));
                    }
                    compared => compared?,
                }
            }
            // It holds what whoever starts the node brings, where that is this chain's.
            Err(HomeError::Damaged { .. }) | Ok(None) if used => {
                check_layout(path)?;
                if whose == Some(false) {
                    return Err(HomeError::OtherGenesis(path.to_owned()));
                }
                write_genesis(path, doc)?;
                notes.push(format!("{} was missing or damaged, and is written anew", path.join("genesis.json").display()));
            }
            Err(error) => return Err(error),
            Ok(None) => {
                // The layout first: where there is a genesis document, there is one.
                write_layout(path)?;
                write_genesis(path, doc)?;
            }
        }
        Ok(Self { path: path.to_owned(), notes, _lock: lock })
    }

    /// What was mended, a sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    pub fn engine(&self) -> PathBuf {
        self.path.join(ENGINE)
    }

    pub fn index(&self) -> PathBuf {
        self.path.join("index.sqlite")
    }

    pub fn history(&self) -> PathBuf {
        self.path.join("history.json")
    }

    pub fn accepted_clock(&self) -> PathBuf {
        self.path.join("accepted-clock")
    }
}

/// Whether the chain of a node's folder began from this genesis document; none where its engine does not say from what.
pub fn began_from(home: &Path, doc: &GenesisDoc) -> Option<bool> {
    depin_engine::began_from(&home.join(ENGINE), &genesis_of(doc), &doc.validators)
}

/// Where the engine of a node's folder keeps its store.
pub(crate) fn store(home: &Path) -> PathBuf {
    depin_engine::store(&home.join(ENGINE))
}

/// The genesis document of the chain that a node's folder belongs to; `None` when no chain was started there yet. Whoever starts a
/// node again passes this one.
///
/// # Errors
/// [`HomeError::Damaged`] and [`HomeError::Io`].
pub fn stored_genesis(home: &Path) -> Result<Option<GenesisDoc>, HomeError> {
    let path = home.join("genesis.json");
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(HomeError::Io { path, source }),
    };
    serde_json::from_slice(&text).map(Some).map_err(|e| HomeError::Damaged { path, error: e.to_string() })
}

/// What a home of this version says about what is in it.
fn layout() -> String {
    format!("rows of layout {} in blocks of format {}", depin_ledger::FORMAT, depin_engine::FORMAT)
}

/// Refuses a home of another version before anything is written there.
fn check_layout(home: &Path) -> Result<(), HomeError> {
    let path = home.join("layout");
    let found = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let error = format!(
                "it is gone, or a version made the folder that wrote none (rows of layout 2 or older, in blocks of format 1). Where \
                 this version ({}) made it, it says `{}`: write that into it; else start it with the version that made it, or use \
                 --fresh to begin again",
                env!("CARGO_PKG_VERSION"),
                layout()
            );
            return Err(HomeError::Damaged { path, error });
        }
        Err(source) => return Err(HomeError::Io { path, source }),
    };
    let wanted = layout();
    if !is_layout(&found) {
        let error =
            format!("it does not say which layout is there; where this version made it, it says `{wanted}`: write that into it");
        return Err(HomeError::Damaged { path, error });
    }
    if found == wanted { Ok(()) } else { Err(HomeError::Layout { home: home.to_owned(), found, wanted }) }
}

/// Whether a text says which layout there is, of whatever version.
fn is_layout(text: &str) -> bool {
    let numbers = |text: &str| text.split(' ').all(|word| word.parse::<u32>().is_ok() || matches!(word, "or" | "older"));
    text.strip_prefix("rows of layout ")
        .and_then(|rest| rest.split_once(" in blocks of format "))
        .is_some_and(|(rows, blocks)| numbers(rows) && numbers(blocks))
}

fn write_layout(home: &Path) -> Result<(), HomeError> {
    let path = home.join("layout");
    depin_files::replace(&path, format!("{}\n", layout()).as_bytes(), Readers::Everybody).map_err(io_error(&path))
}

fn compare(home: &Path, stored: &GenesisDoc, wanted: &GenesisDoc) -> Result<(), HomeError> {
    let names = [
        ("chain", stored.chain_id, wanted.chain_id),
        ("network", stored.network, wanted.network),
        ("variant", stored.variant, wanted.variant),
    ];
    if let Some((what, found, wanted)) = names.into_iter().find(|(_, found, wanted)| found != wanted) {
        return Err(HomeError::Foreign { home: home.to_owned(), what, found: found.to_string(), wanted: wanted.to_string() });
    }
    if stored.digest() == wanted.digest() { Ok(()) } else { Err(HomeError::OtherGenesis(home.to_owned())) }
}

fn write_genesis(home: &Path, doc: &GenesisDoc) -> Result<(), HomeError> {
    let path = home.join("genesis.json");
    let mut text = serde_json::to_vec_pretty(doc).map_err(|e| HomeError::Damaged { path: path.clone(), error: e.to_string() })?;
    text.push(b'\n');
    depin_files::replace(&path, &text, Readers::Everybody).map_err(io_error(&path))
}
