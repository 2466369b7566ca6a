//! Which files of the store are damaged: looked for when the engine ended, to name them.

use super::{
    blob::{HEADER, PAGE_ON_DISK, Page, is_being_made, is_header_damaged, look_at},
    votes,
};
use crate::engine::STORE;
use commonware_cryptography::Crc32;
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// Bytes that are read at most; a store that is larger is looked through in part, the newest file of each kind first.
const READ_MOST: u64 = 4 << 30;
/// Bytes of an entry that says where a value stands: index, key, place, length.
const ENTRY: usize = 8 + 32 + 8 + 4;
/// Bytes of a checksum.
const SUM: usize = 4;

/// A file of the store that is not what was written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedFile {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it: the rest of a sentence about it.
    pub what: &'static str,
}

impl fmt::Display for DamagedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path.display(), self.what)
    }
}

/// Damaged files of the store of an engine that does not run, in `folder`. Ends of files that a power cut left unwritten are none. What
/// cannot be read is named as such; what has no checksum of its own, or is missing, is not found.
pub fn damaged_files(folder: &Path) -> Vec<DamagedFile> {
    let mut search = Search { found: Vec::new(), left: READ_MOST };
    let Ok(partitions) = names(&folder.join(STORE)) else { return Vec::new() };
    for partition in partitions.into_iter().filter(|path| path.is_dir()) {
        // Newest first: what was written last is what the engine opened last.
        for file in names(&partition).unwrap_or_default().into_iter().rev() {
            search.look(&partition, file);
        }
    }
    search.found.sort_by(|one, other| one.path.cmp(&other.path));
    search.found
}

struct Search {
    found: Vec<DamagedFile>,
    left: u64,
}

impl Search {
    fn look(&mut self, partition: &Path, path: PathBuf) {
        let Ok(length) = fs::metadata(&path).map(|file| file.len()) else { return };
        if length > self.left {
            return;
        }
        self.left -= length;
        let what = match fs::read(&path) {
            Ok(bytes) => what(partition, &path, &bytes),
            Err(_) => Some("cannot be read"),
        };
        self.found.extend(what.map(|what| DamagedFile { path, what }));
    }
}

fn what(partition: &Path, path: &Path, bytes: &[u8]) -> Option<&'static str> {
    if is_being_made(bytes) {
        return None;
    }
    if is_header_damaged(bytes) {
        return Some("has a damaged header");
    }
    let (name, content) = (partition.file_name()?.to_str()?, &bytes[HEADER..]);
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let wrong = if name == votes::PARTITION || ends(&["-key", "_data", "-blobs"]) {
        is_a_page_damaged(content)
    } else if let Some(kind) = name.strip_suffix("-value") {
        is_a_value_damaged(&partition.with_file_name(format!("{kind}-key")).join(path.file_name()?), content)
    } else {
        // Two copies of a few settings, each with a checksum at its end.
        !content.is_empty() && !is_summed(content)
    };
    wrong.then_some("does not match its checksum")
}

fn is_a_page_damaged(pages: &[u8]) -> bool {
    let (whole, _) = pages.as_chunks::<PAGE_ON_DISK>();
    let mut looked = whole.iter().enumerate().map(|(index, page)| look_at(page, HEADER + index * PAGE_ON_DISK));
    looked.any(|page| page == Page::Damaged)
}

/// Whether a value that the file of `entries` names does not match the checksum behind it.
fn is_a_value_damaged(entries: &Path, values: &[u8]) -> bool {
    let Ok(bytes) = fs::read(entries) else { return false };
    let (pages, _) = bytes.get(HEADER..).unwrap_or_default().as_chunks::<PAGE_ON_DISK>();
    let mut all = Vec::new();
    for page in pages {
        match look_at(page, HEADER) {
            Page::Whole(length) => all.extend_from_slice(&page[..length]),
            // The entries are damaged themselves, and are told as that.
            Page::Unfinished | Page::Damaged => break,
        }
    }
    let (entries, _) = all.as_chunks::<ENTRY>();
    let value = |entry: &[u8; ENTRY]| {
        let place = usize::try_from(u64::from_be_bytes(entry[40..48].try_into().ok()?)).ok()?;
        let length = usize::try_from(u32::from_be_bytes(entry[48..].try_into().ok()?)).ok()?;
        values.get(place..place.checked_add(length)?)
    };
    entries.iter().filter_map(value).any(|value| !is_summed(value))
}

/// Whether a checksum stands behind content that it is of.
fn is_summed(bytes: &[u8]) -> bool {
    let Some(at) = bytes.len().checked_sub(SUM) else { return false };
    let (content, sum) = bytes.split_at(at);
    Crc32::checksum(content).to_be_bytes() == sum
}

fn names(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}
