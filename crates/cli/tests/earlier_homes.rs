//! Homes that earlier versions made: refused before anything in them is written, with the way out.
//!
//! `homes/layout-1.tar.gz` was made by the version with layout 1: `depin up --providers 3`, one file stored, Ctrl-C. Its keys are a
//! development network's.

mod support;

use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use support::at;

fn unpack(layout: &str, into: &Path) -> PathBuf {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/homes/{layout}.tar.gz"));
    let done = Command::new("tar").arg("-C").arg(into).arg("-xzf").arg(&archive).status().expect("tar starts");
    assert!(done.success(), "{} cannot be unpacked", archive.display());
    into.join(layout)
}

/// Every file with the hash of its bytes; the lock that a start takes is not counted.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path != folder.join("lock") {
                let hash = hex::encode(Sha256::digest(fs::read(&path).unwrap()));
                found.insert(path, hash);
            }
        }
    }
    found
}

#[test]
fn a_home_of_layout_1_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let home = unpack("layout-1", folder.path());
    let before = files(&home);
    assert!(before.len() > 50 && before.keys().any(|path| path.ends_with("home.json")), "{} files", before.len());

    let printed = at(&home, &["up"]);
    assert_eq!(printed.code, 1, "{}{}", printed.out, printed.err);
    let layout = format!("has layout 1, this program (depin {}) knows layout", env!("CARGO_PKG_VERSION"));
    for word in [home.to_str().unwrap(), &layout, "--home", "--fresh"] {
        assert!(printed.err.contains(word), "{word}: {}", printed.err);
    }
    assert!(files(&home) == before, "the refused start wrote into the home");
}
