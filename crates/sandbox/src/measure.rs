//! How many bytes of a disk a folder takes.

use std::{collections::BTreeSet, fs, os::unix::fs::MetadataExt as _, path::Path};

/// Folders within folders that are followed; what lies deeper is not counted, and no program that means well goes there.
const DEPTH_MAX: usize = 256;
/// What a file, folder or link costs beside its blocks: a disk runs out of inodes, too.
const ENTRY_BYTES: u64 = 256;

/// Bytes of blocks under `folder`, links not followed, files with several names counted once. What vanishes meanwhile counts nothing.
pub(crate) fn bytes_under(folder: &Path) -> u64 {
    let mut seen = BTreeSet::new();
    walk(folder, DEPTH_MAX, &mut seen)
}

fn walk(folder: &Path, depth: usize, seen: &mut BTreeSet<(u64, u64)>) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let mut sum = 0_u64;
    for entry in entries.flatten() {
        // Of the link itself: a tenant's link to / is a link of no blocks.
        let Ok(data) = entry.metadata() else { continue };
        if data.is_file() && data.nlink() > 1 && !seen.insert((data.dev(), data.ino())) {
            continue;
        }
        sum = sum.saturating_add(data.blocks().saturating_mul(512)).saturating_add(ENTRY_BYTES);
        if data.is_dir() && depth > 0 {
            sum = sum.saturating_add(walk(&entry.path(), depth - 1, seen));
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

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
}
