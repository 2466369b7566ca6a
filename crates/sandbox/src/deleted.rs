//! Deleted files that a sandbox's processes still have open or mapped: they take blocks of the disk, and no folder has them.
//!
//! Not seen: files that no process has, but a socket through which they are being sent; and what is beyond [`ENTRIES_MAX`].

use crate::{
    measure::ENTRY_BYTES,
    workload::{Service, Source},
};
use rustix::fs::{FileType, statfs};
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

/// Open files of one sandbox that are looked at.
const ENTRIES_MAX: usize = 1 << 18;
/// File systems of memory, which is bounded as memory: tmpfs, and huge pages.
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x9584_58f6];
/// What the kernel writes after a path that is gone.
const GONE: &[u8] = b" (deleted)";

/// Deleted files by where they were, as the sandbox saw it, with their bytes.
#[derive(Debug, Default)]
pub(crate) struct Deleted(Vec<(PathBuf, u64)>);

impl Deleted {
    /// Of all processes in the process namespace of `pid`. Without root little of it can be seen.
    pub(crate) fn of(pid: i32) -> Self {
        let space = |process: &str| fs::read_link(format!("/proc/{process}/ns/pid")).ok();
        let own = space(&pid.to_string());
        // One that shares this process's is no sandbox.
        if own.is_none() || own == space("self") {
            return Self(Vec::new());
        }
        let (mut found, mut left, mut seen) = (Vec::new(), ENTRIES_MAX, BTreeSet::new());
        for process in names("/proc".as_ref()).filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) {
            if space(&process) != own {
                continue;
            }
            // Threads may have files of their own, and go on when the first of them ended.
            let threads: Vec<String> = names(format!("/proc/{process}/task").as_ref()).collect();
            let mapped = threads.iter().map(|thread| format!("/proc/{thread}/map_files"));
            let mapped = mapped.map(PathBuf::from).find(|folder| names(folder).next().is_some());
            let open = threads.iter().map(|thread| format!("/proc/{process}/task/{thread}/fd").into());
            for folder in mapped.into_iter().chain(open) {
                for name in names(&folder) {
                    let Some(fewer) = left.checked_sub(1) else { return Self(found) };
                    left = fewer;
                    let at = folder.join(name);
                    let Some((path, ino, bytes)) = deleted(&at) else { continue };
                    if seen.insert((path.clone(), ino)) {
                        found.push((path, bytes));
                    }
                }
            }
        }
        Self(found)
    }

    /// Bytes of those that were within a folder.
    pub(crate) fn within(&self, folder: &Path) -> u64 {
        self.sum(|path| path.starts_with(folder))
    }

    /// Bytes of those that were in no persistent volume of a service.
    pub(crate) fn outside_volumes(&self, service: &Service) -> u64 {
        let volumes = service.mounts.iter().filter(|mount| matches!(mount.source, Source::Persistent { .. }));
        let volumes: Vec<&Path> = volumes.map(|mount| Path::new(&mount.path)).collect();
        self.sum(|path| !volumes.iter().any(|volume| path.starts_with(volume)))
    }

    fn sum(&self, counts: impl Fn(&Path) -> bool) -> u64 {
        self.0.iter().filter(|(path, _)| counts(path)).fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }
}

fn names(folder: &Path) -> impl Iterator<Item = String> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok())
}

/// Where a deleted file of a disk was, its number, and its bytes.
fn deleted(at: &Path) -> Option<(PathBuf, u64, u64)> {
    let link = fs::read_link(at).ok()?;
    let path = OsStr::from_bytes(link.as_os_str().as_bytes().strip_suffix(GONE)?);
    let data = fs::metadata(at).ok()?;
    let is_file = FileType::from_raw_mode(data.mode()) == FileType::RegularFile;
    if !is_file || data.nlink() > 0 || IN_MEMORY.contains(&statfs(at).ok()?.f_type) {
        return None;
    }
    Some((path.into(), data.ino(), (data.blocks() * 512).max(ENTRY_BYTES)))
}
