//! A disk that is full: uploads are refused clearly, nothing is left behind, what was stored stays, and space can be freed.
//!
//! The real thing: a child process in a user and mount namespace of its own, on a tmpfs of 16 MiB that nobody else sees and
//! that vanishes with it. Where the system forbids such namespaces, the same child runs under a file-size limit instead,
//! which makes writes fail half-way too (with EFBIG).

use crate::support::*;
use depin_provider::{
    SystemClock,
    storage::{Store, StoreError},
};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const FOLDER: &str = "DEPIN_PROVIDER_FULL_FOLDER";
const KIND: &str = "DEPIN_PROVIDER_FULL_KIND";
/// More than the disk has: so it is the disk that refuses, not the count.
const CAPACITY: u64 = 2_000 * MIB;

#[test]
fn a_full_disk_refuses_uploads_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let namespaces = Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|status| status.success());
    let script = if namespaces {
        // The child's standard output and errors are shown when it fails.
        "mount -t tmpfs -o size=16m tmpfs \"$1\" && exec \"$2\" --exact disk_full::child_on_a_full_disk --nocapture"
    } else {
        eprintln!("no namespaces here: testing with a file-size limit instead of a full disk");
        "trap '' XFSZ; ulimit -f 3000; exec \"$2\" --exact disk_full::child_on_a_full_disk --nocapture"
    };
    let mut command = if namespaces {
        let mut command = Command::new("unshare");
        command.args(["-rm", "bash", "-c"]);
        command
    } else {
        let mut command = Command::new("bash");
        command.arg("-c");
        command
    };
    command.args([script, "bash"]).arg(folder.path()).arg(std::env::current_exe().unwrap());
    let output = command.env(FOLDER, folder.path()).env(KIND, if namespaces { "disk" } else { "limit" }).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("the full disk was met"), "the child did nothing: {said}");
}

/// The child. As a test of its own it does nothing.
#[test]
fn child_on_a_full_disk() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let store = Store::open(settings(folder, CAPACITY), Arc::new(SystemClock)).unwrap();
    if std::env::var(KIND).unwrap() == "disk" {
        fill_the_disk(&store, folder);
        drop(store);
        lose_the_index(folder);
    } else {
        meet_the_limit(&store, folder);
    }
    println!("the full disk was met");
}

fn fill_the_disk(store: &Arc<Store>, folder: &Path) {
    let mut stored = Vec::new();
    let refused = loop {
        let payload = payload(2 * MIB, stored.len() as u64);
        match put(store, &payload, CLIENT, 1) {
            Ok(piece) => stored.push((piece.cid, payload)),
            Err(error) => break error,
        }
        assert!(stored.len() < 6, "16 MiB cannot hold six pieces of 2 MiB, an index and the reserve");
    };
    assert!(matches!(refused, StoreError::DiskFull { .. }), "{refused}");
    assert!(stored.len() >= 3);
    check_folder(store, folder);

    // Small ones, until not a page is left: then the tree or the index is what does not fit.
    let mut small = 0;
    let refused = loop {
        match put(store, &payload(3_000, 1_000 + small), CLIENT, 1) {
            Ok(_) => small += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::DiskFull { .. }), "{refused}");
    assert!(small > 0, "the disk was filled by whole pieces only");
    check_folder(store, folder);
    assert_eq!(store.pieces().unwrap(), stored.len() as u64 + small);

    // A disk that fills up while the bytes come in: a file grows beside the upload, as another program's would.
    // Two pieces make way: one for the upload, one for what the index and the reserve take back.
    for _ in 0..2 {
        store.remove(&stored.pop().unwrap().0).unwrap();
    }
    let growing = payload(2 * MIB, 77);
    let upload = store.begin(commit(&growing), 2 * MIB, CLIENT, 1);
    assert!(upload.is_ok(), "freed space is usable: {upload:?}");
    drop(upload);
    let ballast = folder.join("ballast");
    fs::write(&ballast, vec![1; 3 * MIB as usize]).unwrap();
    let refused = put(store, &growing, CLIENT, 1).unwrap_err();
    assert!(matches!(refused, StoreError::DiskFull { .. }), "{refused}");
    fs::remove_file(&ballast).unwrap();

    // All that was acknowledged is there; and there is room again.
    for (cid, payload) in &stored {
        assert_eq!(read(store, cid).unwrap(), *payload);
        assert!(store.prove(cid, 5).is_ok());
    }
    put(store, &growing, CLIENT, 1).unwrap();
    check_folder(store, folder);
}

/// The index is lost on a disk that has no room for another one: no piece is removed, and it is made anew once there is room.
fn lose_the_index(folder: &Path) {
    let pieces = || {
        let folders = fs::read_dir(folder.join("pieces")).unwrap();
        let names = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap()).map(|file| file.unwrap().path());
        names.collect::<BTreeSet<_>>()
    };
    let before = pieces();
    fs::remove_file(folder.join("index.sqlite")).unwrap();
    // Room that the store would give up for it.
    fs::remove_file(folder.join("reserve")).unwrap();
    let (ballast, mut chunk) = (folder.join("ballast"), vec![1; 1 << 16]);
    let mut filling = fs::File::create(&ballast).unwrap();
    while !chunk.is_empty() {
        if filling.write_all(&chunk).is_err() {
            chunk.truncate(chunk.len() / 2);
        }
    }
    drop(filling);
    for _ in 0..2 {
        let refused = Store::open(settings(folder, CAPACITY), Arc::new(SystemClock)).unwrap_err();
        assert!(matches!(refused, StoreError::DiskFull { .. }), "{refused}");
        assert_eq!(pieces(), before);
    }
    fs::remove_file(&ballast).unwrap();
    let store = Store::open(settings(folder, CAPACITY), Arc::new(SystemClock)).unwrap();
    assert!(store.recovery().rebuilt.is_some() && store.damaged().unwrap().is_empty());
    assert_eq!(pieces(), before);
    check_folder(&store, folder);
}

fn meet_the_limit(store: &Arc<Store>, folder: &Path) {
    let (fits, too_long) = (payload(MIB, 1), payload(4 * MIB, 2));
    put(store, &fits, CLIENT, 1).unwrap();
    let refused = put(store, &too_long, CLIENT, 1).unwrap_err();
    assert!(matches!(refused, StoreError::DiskFull { .. }), "{refused}");
    check_folder(store, folder);
    assert_eq!(read(store, &commit(&fits)).unwrap(), fits);
}
