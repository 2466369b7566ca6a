//! The zip that a scene travels in: what is refused by name, how one is written, how it is unpacked.
//!
//! Names are checked before a byte is unpacked; sizes are counted as bytes come out, whatever the zip says of them.

use super::{SceneError, SceneLimits, copy_bounded};
use crate::{
    engine::EngineKind,
    task::{FILE_MOST, TASK_FILE, Task, TaskError},
};
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter, result::ZipError, write::SimpleFileOptions};

/// Longest name in a zip, bytes.
const NAME_MOST: usize = 1_000;
/// Longest part of a name, bytes: what file systems take.
const PART_MOST: usize = 255;
/// Most folders in each other.
const DEPTH_MOST: usize = 32;

/// A file of a scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    index: usize,
}

/// A zip whose names are sound.
pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// Its files, in the order of their names.
    pub(super) entries: Vec<Entry>,
}

/// Reads the list of files, and refuses what none of them may be.
pub(super) fn read(file: File, limits: SceneLimits) -> Result<Archive, SceneError> {
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    if zip.len() > limits.files.saturating_mul(2) {
        return Err(SceneError::TooMany { most: limits.files });
    }
    let (mut entries, mut names) = (Vec::new(), BTreeSet::new());
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        let refuse = |why| Err(SceneError::Name { name: shown(&name), why });
        check_name(name.trim_end_matches('/'))?;
        if entry.is_symlink() {
            return refuse("is a link");
        }
        if entry.encrypted() {
            return refuse("is encrypted");
        }
        // Files, folders, and what says nothing of its kind; no devices, pipes, sockets.
        if !matches!(entry.unix_mode().unwrap_or(0) & 0o170_000, 0 | 0o040_000 | 0o100_000) {
            return refuse("is neither a file nor a folder");
        }
        if entry.is_dir() {
            continue;
        }
        if !names.insert(name.clone()) {
            return refuse("is in it twice");
        }
        entries.push(Entry { name, index });
    }
    if entries.len() > limits.files {
        return Err(SceneError::TooMany { most: limits.files });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Archive { zip, entries })
}

/// Refuses a name that is not one plain path within a folder.
pub(super) fn check_name(name: &str) -> Result<(), SceneError> {
    let refuse = |why| Err(SceneError::Name { name: shown(name), why });
    if name.is_empty() || name.len() > NAME_MOST {
        return refuse("has no name, or one that is too long");
    }
    if name.chars().any(char::is_control) || name.contains('\\') || name.contains(':') {
        return refuse("has a control character, a backslash or a colon in its name");
    }
    if name.starts_with('/') {
        return refuse("is an absolute path");
    }
    if name.split('/').any(|part| part == "..") {
        return refuse("leads out of its folder");
    }
    if name.split('/').any(|part| part.is_empty() || part == "." || part.len() > PART_MOST) {
        return refuse("has an empty or too long part in its path");
    }
    if name.split('/').count() > DEPTH_MOST {
        return refuse("is in too many folders");
    }
    Ok(())
}

/// A scene of one file.
pub(super) fn pack_one(name: &str, mut source: File, packed: &File, limits: SceneLimits) -> Result<(), SceneError> {
    let mut writer = ZipWriter::new(packed);
    add(&mut writer, name, &mut source, limits.unpacked_bytes)?;
    writer.finish().map(drop).map_err(broken)
}

/// A scene of a zip: its files again, without whatever else was in it.
pub(super) fn repack(source: File, packed: &File, limits: SceneLimits) -> Result<(), SceneError> {
    let Archive { mut zip, entries } = read(source, limits)?;
    let (mut writer, mut left) = (ZipWriter::new(packed), limits.unpacked_bytes);
    for entry in &entries {
        let mut file = zip.by_index(entry.index).map_err(broken)?;
        left -= add(&mut writer, &entry.name, &mut file, left)
            .map_err(|error| if matches!(error, SceneError::TooLarge { .. }) { too_large(limits) } else { error })?;
    }
    writer.finish().map(drop).map_err(broken)
}

/// Adds a file in the same bytes whenever and wherever it is added.
fn add(writer: &mut ZipWriter<&File>, name: &str, source: &mut impl io::Read, most: u64) -> Result<u64, SceneError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(true);
    writer.start_file(name, options).map_err(broken)?;
    let copied = copy_bounded(source, writer, most).map_err(|error| broken(error.into()))?;
    copied.ok_or(SceneError::TooLarge { most })
}

impl Archive {
    /// Refuses what is called a scene and does not begin as one.
    pub(super) fn check_main(&mut self, main: &str, engine: EngineKind) -> Result<(), SceneError> {
        let is_main = |entry: &&Entry| entry.name == main;
        let index = self.entries.iter().find(is_main).map(|entry| entry.index).ok_or(SceneError::NoMain)?;
        let mut begin = Vec::new();
        let file = self.zip.by_index(index).map_err(broken)?;
        file.take(64).read_to_end(&mut begin).map_err(|error| broken(error.into()))?;
        let fits = match engine {
            // Plain, or compressed by Zstandard (since 3.0) or gzip (before).
            EngineKind::Blender => {
                [&b"BLENDER"[..], b"\x28\xb5\x2f\xfd", b"\x1f\x8b"].iter().any(|magic| begin.starts_with(magic))
            }
            EngineKind::Python => begin.trim_ascii_start().starts_with(b"{"),
            EngineKind::Mitsuba => {
                let text = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&begin);
                text.trim_ascii_start().starts_with(b"<")
            }
        };
        if fits { Ok(()) } else { Err(SceneError::Kind { file: shown(main) }) }
    }

    /// The task that it is, checked; none of a scene.
    pub(super) fn task(&mut self, engine: EngineKind) -> Result<Option<Task>, SceneError> {
        if !engine.runs_tasks() {
            return Ok(None);
        }
        let is_it = |entry: &&Entry| entry.name == TASK_FILE;
        let index = self.entries.iter().find(is_it).map(|entry| entry.index).ok_or(SceneError::NoMain)?;
        let mut text = Vec::new();
        let file = self.zip.by_index(index).map_err(broken)?;
        file.take(FILE_MOST + 1).read_to_end(&mut text).map_err(|error| broken(error.into()))?;
        if text.len() as u64 > FILE_MOST {
            return Err(TaskError::Value("it has at most 64 KiB").into());
        }
        let names: Vec<&str> = self.entries.iter().map(|entry| entry.name.as_str()).collect();
        Ok(Some(Task::read(&text, &names)?))
    }

    /// Writes all files below a folder that is new and nobody else's.
    pub(super) fn unpack(mut self, folder: &Path, limits: SceneLimits) -> Result<(), SceneError> {
        let mut left = limits.unpacked_bytes;
        for entry in &self.entries {
            let path = folder.join(&entry.name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(SceneError::io(parent))?;
            }
            let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            let mut made = made.map_err(SceneError::io(&path))?;
            let mut file = self.zip.by_index(entry.index).map_err(broken)?;
            let copied = copy_bounded(&mut file, &mut made, left).map_err(|error| broken(error.into()))?;
            left -= copied.ok_or(too_large(limits))?;
        }
        Ok(())
    }
}

const fn too_large(limits: SceneLimits) -> SceneError {
    SceneError::TooLarge { most: limits.unpacked_bytes }
}

fn broken(error: ZipError) -> SceneError {
    SceneError::Zip { why: error.to_string() }
}

/// A stranger's name, fit to be shown.
fn shown(name: &str) -> String {
    crate::driver::plain(name, 120)
}
