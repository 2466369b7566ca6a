//! The journal of a validator's votes, and whether all of it is still there.
//!
//! In: the engine's folder, and the view of the last final block. Out: consensus goes on with the journal, begins it anew because that
//! was asked for, or does not begin, with the file that is damaged. A validator that forgot a vote could vote for another block in the
//! same view.
//!
//! After an end in order the file `votes` says what each file of the journal held, so nothing can differ without notice. After a crash it
//! says during which run of the machine the journal was open. A process that is killed leaves what it wrote: every page must be whole
//! then, and the views of the last votes, which the file `voted` has, must be in the journal. A power cut may leave a page unwritten whose
//! votes were never sent, which consensus drops; of what is durable, the last final block tells the view of a validator that is alone.

use super::blob::{HEADER, PAGE_ON_DISK, Page, is_being_made, is_header_damaged, look_at};
use crate::config::hex;
use commonware_cryptography::{Crc32, Hasher as _, Sha256};
use depin_files::Readers;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Partition of the store that consensus keeps the journal in; its files are named by their views.
pub(crate) const PARTITION: &str = "simplex";
/// File in the engine's folder that says how the journal was left.
const STATE: &str = "votes";
/// File beside it with the views of the last votes. Not synced: it is read after a crash of the process only.
const VOTED: &str = "voted";
/// Views that it has at most. Far more than are ever open at once.
const VIEWS: usize = 64;
/// What the machine calls its present run.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Why consensus does not begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VotesFault {
    /// A file of the journal is not what was written there.
    #[error(
        "{} {what}: it is part of this validator's vote journal, and a validator that forgets a vote could vote for another block in \
         the same view, so it does not vote",
        file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it: the rest of a sentence about it.
        what: String,
        /// Whether it is the only validator, so that nobody else can hold what it voted.
        alone: bool,
    },
    /// It was to be begun anew, and is whole.
    #[error("the vote journal {} is whole, so none is begun in its place", .0.display())]
    Whole(PathBuf),
    /// It was to be begun anew, and others have this validator's votes.
    #[error("the vote journal {} cannot be begun anew: the other validators have votes that it would forget", .0.display())]
    NotAlone(PathBuf),
    /// It was to be begun anew, and there is no final block to begin above.
    #[error(
        "the vote journal {} cannot be begun anew: the store beside it has no certificate of a final block, above which alone it could go on",
        .0.display()
    )]
    NoFinalBlock(PathBuf),
    /// The chain's final blocks are gone.
    #[error(
        "{} has none of the final blocks of this chain any more: a validator that begins its chain again could vote for other blocks at \
         the heights that it voted for before, so it does not vote",
        .0.display()
    )]
    Gone(PathBuf),
    /// A file cannot be used.
    #[error("cannot use {}: {why}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

/// How consensus begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// With what the journal has.
    GoOn,
    /// Without a journal, above the last final block.
    Anew,
}

/// The journal in the engine's folder.
#[derive(Clone, Debug)]
pub(crate) struct VoteJournal {
    folder: PathBuf,
    journal: PathBuf,
}

/// Where the views of the last votes are noted. Told of a vote when that is durable and before it leaves the process.
#[derive(Debug)]
pub(crate) struct Voted {
    file: File,
    views: Mutex<BTreeSet<u64>>,
}

impl Voted {
    /// Notes a vote in `view`.
    pub(crate) fn note(&self, view: u64) {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if !views.insert(view) {
            return;
        }
        if views.len() > VIEWS {
            views.pop_first();
        }
        let numbers = views.iter().flat_map(|view| view.to_be_bytes()).collect::<Vec<u8>>();
        // The checksum first: the file only grows.
        let bytes = [&Crc32::checksum(&numbers).to_be_bytes()[..], &numbers].concat();
        if let Err(error) = self.file.write_all_at(&bytes, 0) {
            tracing::debug!(%error, "the views of the last votes could not be noted");
        }
    }
}

/// How the journal was left.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    /// There is no word about it: it is new, of an earlier version, or the word was lost.
    Unknown,
    /// In order; each file with its length and digest.
    Closed(BTreeMap<String, (u64, String)>),
    /// By a crash, in this run of the machine.
    Open(String),
}

impl VoteJournal {
    /// The journal of the engine in `folder`, whose store is in `store`.
    pub(crate) fn new(folder: &Path, store: &Path) -> Self {
        Self { folder: folder.to_owned(), journal: store.join(PARTITION) }
    }

    /// Checks the journal and takes note that it is open. `last` is the view of the last final block; `alone` whether this validator is
    /// the only one, `forget` whether a damaged journal is set aside.
    pub(crate) fn open(&self, last: Option<u64>, alone: bool, forget: bool) -> Result<Begin, VotesFault> {
        let checked = self.check(last, alone);
        let begin = match (checked, forget) {
            (Ok(()), false) => Begin::GoOn,
            (Ok(()), true) => return Err(VotesFault::Whole(self.journal.clone())),
            (Err(VotesFault::Damaged { .. }), true) if !alone => return Err(VotesFault::NotAlone(self.journal.clone())),
            (Err(VotesFault::Damaged { .. }), true) if last.is_none() => {
                return Err(VotesFault::NoFinalBlock(self.journal.clone()));
            }
            (Err(VotesFault::Damaged { .. }), true) => {
                self.set_aside()?;
                Begin::Anew
            }
            (Err(fault), _) => return Err(fault),
        };
        self.write(&format!("open {}\n", boot()))?;
        Ok(begin)
    }

    /// Where votes of this run are noted, once the journal is open.
    pub(crate) fn voted(&self) -> Result<Voted, VotesFault> {
        let path = self.folder.join(VOTED);
        let file = File::options().create(true).truncate(true).write(true).open(&path).map_err(|error| fault(&path, &error))?;
        Ok(Voted { file, views: Mutex::default() })
    }

    /// Views of the last votes of the run before; none where that is not known.
    fn last_voted(&self) -> BTreeSet<u64> {
        let bytes = fs::read(self.folder.join(VOTED)).unwrap_or_default();
        let Some((sum, numbers)) = bytes.split_first_chunk::<4>() else { return BTreeSet::new() };
        match numbers.as_chunks::<8>() {
            (views, []) if *sum == Crc32::checksum(numbers).to_be_bytes() => {
                views.iter().copied().map(u64::from_be_bytes).collect()
            }
            _ => BTreeSet::new(),
        }
    }

    /// Views whose votes must be in a journal that was left by a crash, in order. What is before the oldest of the files that `names` lists
    /// consensus may have let go of.
    fn wanted(&self, names: &[String], last: Option<u64>, alone: bool, same_run: bool) -> BTreeSet<u64> {
        let voted = if same_run { self.last_voted() } else { BTreeSet::new() };
        let from = names.first().and_then(|name| u64::from_str_radix(name, 16).ok()).unwrap_or(0);
        let mut wanted: BTreeSet<u64> = voted.range(from..).copied().collect();
        wanted.extend(voted.last());
        wanted.extend(last.filter(|_| alone));
        wanted
    }

    /// Takes note that the journal was closed in order.
    pub(crate) fn close(&self) -> Result<(), VotesFault> {
        let mut text = "closed\n".to_owned();
        for name in self.names()? {
            let bytes = self.read(&name)?;
            let _ = writeln!(text, "{name} {} {}", bytes.len(), digest(&bytes));
        }
        self.write(&text)
    }

    fn check(&self, last: Option<u64>, alone: bool) -> Result<(), VotesFault> {
        let damaged = |(name, what): (String, String)| VotesFault::Damaged { file: self.journal.join(name), what, alone };
        let names = self.names()?;
        let same_run = match self.left()? {
            Left::Closed(files) => return self.compare(&names, &files)?.map_or(Ok(()), |found| Err(damaged(found))),
            Left::Open(then) => then == boot() && then != "-",
            Left::Unknown => false,
        };
        if let Some(found) = self.look(&names, same_run)? {
            return Err(damaged(found));
        }
        for view in self.wanted(&names, last, alone, same_run) {
            let name = format!("{view:016x}");
            let what = match fs::metadata(self.journal.join(&name)) {
                Ok(file) if file.len() >= (HEADER + PAGE_ON_DISK) as u64 => continue,
                Ok(_) => "is empty",
                Err(_) => "is missing",
            };
            return Err(damaged((name, what.to_owned())));
        }
        Ok(())
    }

    /// What differs from how the journal was closed.
    fn compare(&self, names: &[String], files: &BTreeMap<String, (u64, String)>) -> Result<Option<(String, String)>, VotesFault> {
        for (name, (length, sum)) in files {
            if !names.contains(name) {
                return Ok(Some((name.clone(), "is missing".to_owned())));
            }
            let bytes = self.read(name)?;
            if bytes.len() as u64 != *length {
                return Ok(Some((name.clone(), format!("has {} bytes instead of {length}", bytes.len()))));
            }
            if digest(&bytes) != *sum {
                return Ok(Some((name.clone(), "was changed since the last stop".to_owned())));
            }
        }
        let added = names.iter().find(|name| !files.contains_key(*name));
        Ok(added.map(|name| (name.clone(), "was not there at the last stop".to_owned())))
    }

    /// What is damaged in a journal that was not closed. `same_run`: the machine ran on since, so that all that was written is there.
    fn look(&self, names: &[String], same_run: bool) -> Result<Option<(String, String)>, VotesFault> {
        for name in names {
            let bytes = self.read(name)?;
            // A file that nothing was written into yet. That of the last final block is asked for by its view.
            if is_being_made(&bytes) {
                continue;
            }
            if is_header_damaged(&bytes) {
                return Ok(Some((name.clone(), "has a damaged header".to_owned())));
            }
            if let Some(what) = look_through(&bytes[HEADER..], same_run) {
                return Ok(Some((name.clone(), what)));
            }
        }
        Ok(None)
    }

    fn left(&self) -> Result<Left, VotesFault> {
        let path = self.folder.join(STATE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Left::Unknown),
            Err(error) => return Err(fault(&path, &error)),
        };
        let left = std::str::from_utf8(&bytes).ok().and_then(parse);
        if left.is_none() {
            tracing::warn!(path = %path.display(), "how the vote journal was left is damaged; the journal is looked through as after a crash");
        }
        Ok(left.unwrap_or(Left::Unknown))
    }

    fn write(&self, text: &str) -> Result<(), VotesFault> {
        let path = self.folder.join(STATE);
        let text = format!("{text}check {:08x}\n", Crc32::checksum(text.as_bytes()));
        depin_files::replace(&path, text.as_bytes(), Readers::Owner).map_err(|error| fault(&path, &error))
    }

    /// Moves the journal out of the store, to a name of its own beside it.
    fn set_aside(&self) -> Result<(), VotesFault> {
        let free = (1u32..).map(|number| self.folder.join(format!("votes.lost-{number}"))).find(|path| !path.exists());
        let aside = free.unwrap_or_else(|| self.folder.join("votes.lost"));
        match fs::rename(&self.journal, &aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault(&aside, &error)),
            _ => {}
        }
        tracing::warn!(aside = %aside.display(), "a new vote journal is begun; what was left of the old one was set aside");
        depin_files::sync_folder(&self.folder).map_err(|error| fault(&self.folder, &error))
    }

    /// The journal's files, oldest view first.
    fn names(&self) -> Result<Vec<String>, VotesFault> {
        let entries = match fs::read_dir(&self.journal) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(fault(&self.journal, &error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| fault(&self.journal, &error))?.file_name();
            let view = name.to_str().filter(|name| name.len() == 16 && u64::from_str_radix(name, 16).is_ok());
            names.extend(view.map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, VotesFault> {
        let path = self.journal.join(name);
        fs::read(&path).map_err(|error| fault(&path, &error))
    }
}

/// What is wrong with the pages of a file.
fn look_through(pages: &[u8], same_run: bool) -> Option<String> {
    let (whole, rest) = pages.as_chunks::<PAGE_ON_DISK>();
    for (index, page) in whole.iter().enumerate() {
        let last = index + 1 == whole.len() && rest.is_empty();
        match look_at(page, HEADER + index * PAGE_ON_DISK) {
            Page::Whole(length) if last || length == crate::store::PAGE => {}
            Page::Unfinished if last && !same_run => {}
            _ => return Some("does not match its checksum".to_owned()),
        }
    }
    // A file grows by whole pages, and only a power cut leaves a part of one.
    (!rest.is_empty() && same_run).then(|| format!("was cut short: it has {} bytes", HEADER + pages.len()))
}

fn parse(text: &str) -> Option<Left> {
    let (body, check) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let (body, check) = (format!("{body}\n"), check.strip_prefix("check ")?);
    if u32::from_str_radix(check, 16).ok()? != Crc32::checksum(body.as_bytes()) {
        return None;
    }
    let mut lines = body.lines();
    let first = lines.next()?;
    if let Some(boot) = first.strip_prefix("open ") {
        return Some(Left::Open(boot.to_owned()));
    }
    let file = |line: &str| {
        let mut parts = line.split(' ');
        Some((parts.next()?.to_owned(), (parts.next()?.parse().ok()?, parts.next()?.to_owned())))
    };
    (first == "closed").then(|| lines.map(file).collect::<Option<_>>().map(Left::Closed))?
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::hash(&[bytes]).0)
}

/// The present run of the machine; a dash where the system does not say.
fn boot() -> String {
    fs::read_to_string(BOOT).map_or_else(|_| "-".to_owned(), |id| id.trim().to_owned())
}

fn fault(path: &Path, error: &io::Error) -> VotesFault {
    VotesFault::Io { path: path.to_owned(), why: error.to_string() }
}
