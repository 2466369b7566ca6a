//! The store against `kill -9`: a child process uploads, pins and withdraws, is killed at some moment, and whatever it
//! had acknowledged must be there, whole and provable; whatever it had not may be there or not, but never in part.
//!
//! The child is this very test binary, told by its environment to run [`child_writer`] only. It says what it does on its
//! standard output; the parent kills it after a number of lines that differs from round to round, so that the blow falls into
//! every stage of an upload. What this cannot show is a power cut, which also loses what was not synced.

use crate::support::*;
use depin_provider::{
    SystemClock,
    storage::{PieceState, Store},
};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

const FOLDER: &str = "DEPIN_PROVIDER_CRASH_FOLDER";
const FIRST_SEED: &str = "DEPIN_PROVIDER_CRASH_FIRST_SEED";
const ROUNDS: u64 = 30;
const CAPACITY: u64 = 2_000 * MIB;

/// Length of the payload with this seed: from one byte to a chunk and a bit.
fn length(seed: u64) -> u64 {
    1 + seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (MIB + 300_000)
}

/// Every second piece is pinned, every fifth is withdrawn again.
fn pinned(seed: u64) -> bool {
    seed.is_multiple_of(2)
}

fn withdrawn(seed: u64) -> bool {
    seed % 5 == 1
}

/// The child. As a test of its own it does nothing.
#[test]
fn child_writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let first: u64 = std::env::var(FIRST_SEED).unwrap().parse().unwrap();
    let store = Store::open(settings(Path::new(&folder), CAPACITY), Arc::new(SystemClock)).unwrap();
    for seed in first.. {
        let payload = payload(length(seed), seed);
        let cid = commit(&payload);
        say("begin", seed);
        let mut upload = store.begin(cid, payload.len() as u64, CLIENT, 1).unwrap();
        let (head, tail) = payload.split_at(payload.len() / 2);
        upload.write(head).unwrap();
        say("half", seed);
        upload.write(tail).unwrap();
        say("written", seed);
        upload.finish().unwrap();
        say("stored", seed);
        if pinned(seed) {
            store.pin(&cid, &deal(1)).unwrap();
            say("pinned", seed);
        } else if withdrawn(seed) {
            say("withdrawing", seed);
            store.withdraw(&cid, &CLIENT, 2).unwrap();
            say("withdrawn", seed);
        }
    }
}

/// One write call per line, so that a line is heard of whole or not at all.
fn say(what: &str, seed: u64) {
    std::io::stderr().write_all(format!("{what} {seed}\n").as_bytes()).unwrap();
}

/// What the parent heard of, over all rounds.
#[derive(Default)]
struct Heard {
    stored: BTreeSet<u64>,
    pinned: BTreeSet<u64>,
    withdrawing: BTreeSet<u64>,
    withdrawn: BTreeSet<u64>,
    begun: u64,
}

impl Heard {
    fn take(&mut self, line: &str) -> bool {
        let Some((what, seed)) = line.trim().split_once(' ') else { return false };
        let Ok(seed) = seed.parse() else { return false };
        match what {
            "begin" => self.begun = self.begun.max(seed),
            "half" | "written" => {}
            "stored" => _ = self.stored.insert(seed),
            "pinned" => _ = self.pinned.insert(seed),
            "withdrawing" => _ = self.withdrawing.insert(seed),
            "withdrawn" => _ = self.withdrawn.insert(seed),
            _ => return false,
        }
        true
    }
}

/// Runs a child until it has said `lines` lines, kills it, and hears the rest of what it had said.
fn run_and_kill(folder: &Path, first_seed: u64, lines: u64, heard: &mut Heard) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_writer", "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        .env(FIRST_SEED, first_seed.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stderr.take().unwrap());
    let (mut said, mut line) = (0, String::new());
    while said < lines {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "the child ended by itself after {said} lines");
        said += u64::from(heard.take(&line));
    }
    // SIGKILL, which no process can put off.
    child.kill().unwrap();
    for line in output.lines() {
        heard.take(&line.unwrap());
    }
    child.wait().unwrap();
}

const REBUILT: &str = "DEPIN_PROVIDER_CRASH_REBUILT";
/// Pieces of a store whose index is lost: enough that making it anew takes a while.
const PIECES: u64 = 150;

/// The child. As a test of its own it does nothing.
#[test]
fn child_rebuilder() {
    let Some(folder) = std::env::var_os(REBUILT) else { return };
    let store = Store::open(settings(Path::new(&folder), CAPACITY), Arc::new(SystemClock)).unwrap();
    say("opened", store.pieces().unwrap());
    loop {
        std::thread::park();
    }
}

/// Killed before, in the middle of, and after making a lost index anew.
#[test]
fn a_process_killed_while_it_makes_the_index_anew_loses_no_piece() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(settings(folder.path(), CAPACITY), Arc::new(SystemClock)).unwrap();
    let all: Vec<_> = (0..PIECES).map(|seed| payload(20_000 + seed, seed)).collect();
    for payload in &all {
        put(&store, payload, CLIENT, 1).unwrap();
    }
    drop(store);
    let index = folder.path().join("index.sqlite");
    let (mut unfinished, mut finished) = (0, 0);
    for round in 0..16u64 {
        std::fs::remove_file(&index).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child_rebuilder", "--nocapture", "--test-threads", "1"])
            .env(REBUILT, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if round % 4 == 3 {
            let said =
                BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap).find(|line| line.starts_with("opened"));
            assert_eq!(said, Some(format!("opened {PIECES}")));
            finished += 1;
        } else {
            let made = folder.path().join("tmp/index.sqlite");
            while !made.exists() && !index.exists() && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            std::thread::sleep(std::time::Duration::from_millis(round * 3));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        unfinished += u64::from(!index.exists());
        let store = Store::open(settings(folder.path(), CAPACITY), Arc::new(SystemClock)).unwrap();
        assert_eq!((store.pieces().unwrap(), store.recovery().damaged_pieces), (PIECES, 0), "round {round}");
        check_folder(&store, folder.path());
        for payload in &all {
            assert_eq!(read(&store, &commit(payload)).unwrap(), *payload, "round {round}");
        }
    }
    assert!(unfinished >= 4 && finished == 4, "{unfinished} {finished}");
}

#[test]
fn everything_acknowledged_survives_a_killed_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut heard = Heard::default();
    let mut cut_off = 0;
    for round in 0..ROUNDS {
        let first_seed = heard.begun + 1;
        run_and_kill(folder.path(), first_seed, 1 + round * 7 % 23, &mut heard);
        let store = Store::open(settings(folder.path(), CAPACITY), Arc::new(SystemClock)).unwrap();
        check_folder(&store, folder.path());
        assert_eq!(store.recovery().damaged_pieces + store.recovery().strange_files, 0);
        cut_off += u64::from(store.recovery().temporary_files + store.recovery().orphan_files > 0);
        for seed in 1..=heard.begun {
            check_piece(&store, seed, &heard);
        }
    }
    assert!(heard.stored.len() > 20, "the rounds stored too little to mean anything: {}", heard.stored.len());
    assert!(cut_off >= ROUNDS / 4, "only {cut_off} rounds hit an upload in flight");
}

fn check_piece(store: &Arc<Store>, seed: u64, heard: &Heard) {
    let payload = payload(length(seed), seed);
    let cid = commit(&payload);
    let status = store.status(&cid).unwrap();
    if heard.withdrawn.contains(&seed) {
        assert_eq!(status, None, "piece {seed} came back after its withdrawal");
        return;
    }
    let Some(status) = status else {
        let lost = heard.stored.contains(&seed) && !heard.withdrawing.contains(&seed);
        assert!(!lost, "piece {seed} was acknowledged and is gone");
        return;
    };
    // Said or not: what is there is whole.
    assert_ne!(status.state(), PieceState::Damaged, "piece {seed}");
    assert_eq!(read(store, &cid).unwrap(), payload, "piece {seed}");
    let leaf = seed % status.piece_size.leaves();
    assert_eq!(store.prove(&cid, leaf).unwrap().verify(&cid, status.piece_size, leaf), Ok(()));
    if heard.pinned.contains(&seed) {
        assert_eq!(status.deals, [deal(1)], "piece {seed} lost its pin");
    }
}
