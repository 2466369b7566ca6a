//! How many bytes of a disk a folder takes.

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, StatxFlags, openat, statx};
use std::{collections::BTreeSet, os::fd::OwnedFd, path::Path};

/// Folders within folders that are followed, each held open meanwhile.
const DEPTH_MAX: usize = 128;
/// What a file, folder or link takes at least: a disk runs out of inodes, too.
pub(crate) const ENTRY_BYTES: u64 = 4096;
/// Said of what has folders too deep to be measured: more than anybody may have. No program that means well makes them.
pub(crate) const TOO_DEEP: u64 = u64::MAX;

/// Bytes of blocks under `folder`, of each entry at least [`ENTRY_BYTES`]; links not followed, files with several names counted once.
/// What vanishes meanwhile counts nothing. [`TOO_DEEP`] when it cannot be said.
pub(crate) fn bytes_under(folder: &Path) -> u64 {
    let Ok(folder) = openat(CWD, folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) else { return 0 };
    walk(&folder, DEPTH_MAX, &mut BTreeSet::new()).unwrap_or(TOO_DEEP)
}

/// By open folders, since a path of many long names is longer than any call takes.
fn walk(folder: &OwnedFd, depth: usize, seen: &mut BTreeSet<(u32, u32, u64)>) -> Option<u64> {
    let Ok(entries) = Dir::read_from(folder) else { return Some(0) };
    let mut sum = 0_u64;
    for entry in entries.flatten() {
        let name = entry.file_name();
        if [&b"."[..], b".."].contains(&name.to_bytes()) {
            continue;
        }
        // Of the link itself: a tenant's link to / is a link of no blocks.
        let Ok(data) = statx(folder, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS) else { continue };
        let is_folder = FileType::from_raw_mode(data.stx_mode.into()).is_dir();
        if !is_folder && data.stx_nlink > 1 && !seen.insert((data.stx_dev_major, data.stx_dev_minor, data.stx_ino)) {
            continue;
        }
        sum = sum.saturating_add(data.stx_blocks.saturating_mul(512).max(ENTRY_BYTES));
        if is_folder {
            let depth = depth.checked_sub(1)?;
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            if let Ok(below) = openat(folder, name, flags, Mode::empty()) {
                sum = sum.saturating_add(walk(&below, depth, seen)?);
            }
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn blocks_count_once_and_links_lead_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("sub")).unwrap();
        fs::write(at("sub/file"), vec![1; 1 << 20]).unwrap();
        let one = bytes_under(folder.path());
        assert!((1 << 20..1 << 21).contains(&one), "{one}");
        fs::hard_link(at("sub/file"), at("same")).unwrap();
        symlink("/usr", at("away")).unwrap();
        symlink(".", at("round")).unwrap();
        let more = bytes_under(folder.path());
        assert!(more < one + 64 * 1024, "{more}");
        // Sparse files take what they have, not what they say.
        fs::File::create(at("sparse")).unwrap().set_len(1 << 40).unwrap();
        assert!(bytes_under(folder.path()) < more + 64 * 1024);
    }

    #[test]
    fn every_entry_counts_also_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        (0..100).for_each(|number| fs::write(folder.path().join(number.to_string()), []).unwrap());
        assert_eq!(bytes_under(folder.path()), 100 * ENTRY_BYTES);
    }

    #[test]
    fn long_paths_are_measured_and_deeper_folders_than_that_are_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let make = |depth: usize, name: &str| {
            let mut at = openat(CWD, folder.path(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
            for _ in 0..depth {
                let _ = rustix::fs::mkdirat(&at, name, Mode::RWXU);
                at = openat(&at, name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
            }
            let file = openat(&at, "file", OFlags::CREATE | OFlags::WRONLY, Mode::RUSR).unwrap();
            assert_eq!(rustix::io::write(&file, &[1; 65_536]).unwrap(), 65_536);
        };
        make(30, &"n".repeat(250));
        assert_eq!(bytes_under(folder.path()), 30 * ENTRY_BYTES + 65_536);
        make(DEPTH_MAX + 1, "d");
        assert_eq!(bytes_under(folder.path()), TOO_DEEP);
    }
}
