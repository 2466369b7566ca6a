//! Files below a root, read with a bound. The root is `/`, or a test's tree.

use crate::error::MachineError;
use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

/// Bytes of a file that are read at most.
const BYTES_MOST: u64 = 1 << 20;
/// Entries of a folder that are looked at, at most.
const ENTRIES_MOST: usize = 4096;

/// A root of files.
#[derive(Clone, Debug)]
pub(crate) struct Tree(PathBuf);

impl Tree {
    pub(crate) fn new(root: &Path) -> Self {
        Self(root.to_owned())
    }

    /// Where an absolute path is below the root.
    pub(crate) fn path(&self, absolute: &str) -> PathBuf {
        self.0.join(absolute.trim_start_matches('/'))
    }

    /// A file that must be there.
    pub(crate) fn needed(&self, absolute: &str) -> Result<String, MachineError> {
        let path = self.path(absolute);
        read(&path).map_err(|error| MachineError::Read { path, error })
    }

    /// A file's text without surrounding space, when it can be read and is not empty.
    pub(crate) fn text(&self, absolute: &str) -> Option<String> {
        let text = read(&self.path(absolute)).ok()?;
        let text = text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\0');
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A file's number.
    pub(crate) fn number(&self, absolute: &str) -> Option<i64> {
        self.text(absolute)?.parse().ok()
    }

    pub(crate) fn exists(&self, absolute: &str) -> bool {
        self.path(absolute).exists()
    }

    /// Names in a folder, in order.
    pub(crate) fn names(&self, absolute: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path(absolute)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.take(ENTRIES_MOST).filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        names
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(BYTES_MOST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
