//! The chart library that stands in every report is the published one, byte for byte.

use sha2::{Digest as _, Sha256};
use std::{fs, io::Write as _, path::Path, process::Command};

const PACKAGE: &str = "uplot@1.6.32";
/// Name here, name in the package, SHA-256.
const FILES: [(&str, &str, &str); 3] = [
    ("uPlot.iife.min.js", "dist/uPlot.iife.min.js", "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f"),
    ("uPlot.min.css", "dist/uPlot.min.css", "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04"),
    ("uPlot.LICENSE", "LICENSE", "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd"),
];

fn own(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)).unwrap()
}

#[test]
fn the_files_are_those_whose_hashes_are_stated() {
    for (name, _, sha256) in FILES {
        assert_eq!(hex::encode(Sha256::digest(own(name))), sha256, "{name}");
    }
}

#[test]
fn the_files_are_those_of_the_package() {
    let folder = tempfile::tempdir().unwrap();
    let fetched = Command::new("npm")
        .args(["pack", PACKAGE, "--silent", "--fetch-retries=0", "--fetch-timeout=30000"])
        .current_dir(folder.path())
        .output()
        .is_ok_and(|done| done.status.success())
        && Command::new("tar")
            .args(["xzf", "uplot-1.6.32.tgz"])
            .current_dir(folder.path())
            .status()
            .is_ok_and(|done| done.success());
    if !fetched {
        // Straight to the stream: a passing test's prints are not shown.
        let _ = std::io::stderr()
            .write_all(b"\nNOT CHECKED: npm is missing or reaches no registry, so uPlot was held against its hashes only.\n");
        return;
    }
    for (name, inside, _) in FILES {
        assert!(own(name) == fs::read(folder.path().join("package").join(inside)).unwrap(), "{name} is not that of {PACKAGE}");
    }
}
