//! Files of the engine that are not as they were written.

use crate::ledger::{Ledger, blocks, config, patiently, reach, reach_receipts, txs};
use depin_engine::{Config, End, Engine, Handle, VotesFault, damaged_files};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

/// Bytes of a file before its pages, and of a page with its two checksums.
const HEADER: usize = 4_096;
const PAGE: usize = 4_096;

/// What is said of a damage, and what does it.
type Damage = (&'static str, fn(&Path));

fn start(folder: &Path, forget_votes: bool) -> (Handle, Arc<Ledger>) {
    let machine = Ledger::new();
    let config = Config { forget_votes, ..config(folder, 1) };
    (Engine::start(config, machine.clone()).expect("the engine starts"), machine)
}

/// A folder with some blocks, left in order or as by a crash; and the file with the votes for the last final block.
async fn folder_left(in_order: bool) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let (node, machine) = start(folder.path(), false);
    for part in 0..5 {
        machine.submit(txs(&format!("part {part}"), 8));
        reach_receipts(&node, (part + 1) * 8).await;
    }
    let (closed, tips) = (node.closed(), node.finalized());
    if in_order {
        assert_eq!(node.stop().await, End::Stopped);
    } else {
        drop(node);
        assert_eq!(patiently("the end", closed).await, End::Abandoned);
    }
    // Alone and never too late, it leaves no view out.
    let last = folder.path().join(format!("store/simplex/{:016x}", tips.borrow().height));
    assert!(written(&last) > 0);
    (folder, last)
}

fn copy(from: &Path) -> TempDir {
    let to = TempDir::new().expect("a folder");
    copy_into(from, to.path());
    to
}

fn copy_into(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let (path, place) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).expect("an entry");
        if path.is_dir() {
            copy_into(&path, &place);
        } else {
            fs::copy(&path, &place).expect("a copy");
        }
    }
}

/// Files of the vote journal, oldest view first.
fn votes(folder: &Path) -> Vec<PathBuf> {
    files(&folder.join("store/simplex"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).expect("a file");
    bytes[at] ^= 1;
    fs::write(file, bytes).expect("a file");
}

/// Length of what the newest of the two checksums of a file's only page is of.
fn written(file: &Path) -> usize {
    let bytes = fs::read(file).expect("a file");
    assert_eq!(bytes.len(), HEADER + PAGE);
    let record = &bytes[HEADER + PAGE - 12..];
    let length = |at: usize| usize::from(u16::from_be_bytes([record[at], record[at + 1]]));
    length(0).max(length(6))
}

/// Starts and expects that no vote is cast: gives the file that is named.
async fn refused(folder: &Path) -> (PathBuf, String) {
    let (node, machine) = start(folder, false);
    let height = machine.height();
    match patiently("the refusal", node.closed()).await {
        End::Votes(fault @ VotesFault::Damaged { .. }) => {
            assert_eq!(machine.height(), height, "no block was made");
            let said = fault.to_string();
            let VotesFault::Damaged { file, what, alone: true } = fault else { panic!("a committee of one: {fault:?}") };
            assert!(said.starts_with(&format!("{} {what}", file.display())) && said.contains("does not vote"), "{said}");
            (file, what)
        }
        end => panic!("votes were forgotten and that was not noticed: {end:?}"),
    }
}

/// Starts and expects that it goes on.
async fn goes_on(folder: &Path, forget_votes: bool) -> u64 {
    let (node, machine) = start(folder, forget_votes);
    patiently("the store", node.opened()).await.expect("the engine runs");
    let before = node.finalized().borrow().height;
    machine.submit(txs("after", 3));
    reach(&node, before + 1).await;
    let tip = reach_receipts(&node, 43).await;
    assert_eq!(blocks(&node, tip.height).await.len() as u64, tip.height, "all blocks are there");
    assert_eq!(node.stop().await, End::Stopped);
    before
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_stop_any_change_of_the_vote_journal_is_noticed() {
    let (folder, last) = folder_left(true).await;
    let content = written(&last);
    let places = [
        0,
        5,
        40,
        HEADER - 1,
        HEADER,
        HEADER + content / 2,
        HEADER + content - 1,
        HEADER + 3_000,
        HEADER + PAGE - 12,
        HEADER + PAGE - 1,
    ];
    for at in places {
        let copy = copy(folder.path());
        let file = copy.path().join(last.strip_prefix(folder.path()).expect("inside"));
        flip(&file, at);
        assert_eq!(refused(copy.path()).await, (file.clone(), "was changed since the last stop".to_owned()), "byte {at}");
        assert_eq!(refused(copy.path()).await.0, file, "the second start says it again");
    }
    let voted = |file: &&PathBuf| fs::metadata(file).is_ok_and(|file| file.len() > HEADER as u64);
    for file in votes(folder.path()).iter().rev().filter(voted).take(3) {
        let inside = file.strip_prefix(folder.path()).expect("inside");
        let damages: [Damage; 4] = [
            ("is missing", |file| fs::remove_file(file).expect("removed")),
            ("has 0 bytes instead of", |file| fs::write(file, "").expect("emptied")),
            ("has 5096 bytes instead of", |file| cut(file, 5_096)),
            ("has 4096 bytes instead of", |file| cut(file, HEADER)),
        ];
        for (said, damage) in damages {
            let copy = copy(folder.path());
            let file = copy.path().join(inside);
            damage(&file);
            let (named, what) = refused(copy.path()).await;
            assert!(named == file && what.starts_with(said), "{what}");
        }
    }
    let copy = copy(folder.path());
    fs::remove_dir_all(copy.path().join("store/simplex")).expect("removed");
    assert!(refused(copy.path()).await.1.starts_with("is missing"));
    assert!(goes_on(folder.path(), false).await > 0, "untouched, it goes on");
}

fn cut(file: &Path, length: usize) {
    let bytes = fs::read(file).expect("a file");
    fs::write(file, &bytes[..length]).expect("cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_a_changed_vote_is_told_from_one_that_was_never_written() {
    let (folder, last) = folder_left(false).await;
    let content = written(&last);
    for at in [0, 40, HEADER, HEADER + content / 2, HEADER + content - 1] {
        let copy = copy(folder.path());
        let file = copy.path().join(last.strip_prefix(folder.path()).expect("inside"));
        flip(&file, at);
        assert_eq!(refused(copy.path()).await.0, file, "byte {at}");
    }
    for length in [0, 12, HEADER, HEADER + 100] {
        let copy = copy(folder.path());
        let file = copy.path().join(last.strip_prefix(folder.path()).expect("inside"));
        cut(&file, length);
        assert_eq!(refused(copy.path()).await.0, file, "{length} bytes");
    }
    // The word about the journal is gone, and then damaged: it is looked through all the same.
    for word in [None, Some("open nobody knows\n")] {
        let copy = copy(folder.path());
        let state = copy.path().join("votes");
        word.map_or_else(|| fs::remove_file(&state), |word| fs::write(&state, word)).expect("changed");
        let file = copy.path().join(last.strip_prefix(folder.path()).expect("inside"));
        flip(&file, HEADER + content / 2);
        assert_eq!(refused(copy.path()).await.0, file);
        flip(&file, HEADER + content / 2);
        goes_on(copy.path(), false).await;
    }
    goes_on(folder.path(), false).await;
}

/// A power cut: the machine's run is another one, and of the newest page a part was never written.
#[tokio::test(flavor = "multi_thread")]
async fn votes_that_a_power_cut_left_unwritten_were_never_sent_and_do_not_hold_it_up() {
    let (folder, last) = folder_left(false).await;
    // A view in which nothing was voted yet.
    let newest = votes(folder.path()).pop().expect("votes");
    let next = newest.with_file_name(format!("{:016x}", view(&newest) + 1));
    let mut bytes = fs::read(&last).expect("a file");
    let content = written(&last);
    bytes[HEADER..HEADER + content].fill(0);
    fs::write(&next, &bytes).expect("a page");
    let state = folder.path().join("votes");
    let same = copy(folder.path());
    assert!(refused(same.path()).await.0.ends_with(next.file_name().expect("a name")), "a killed process leaves no such page");
    fs::remove_file(&state).expect("removed");
    goes_on(folder.path(), false).await;
}

fn view(file: &Path) -> u64 {
    u64::from_str_radix(file.file_name().and_then(|name| name.to_str()).expect("a name"), 16).expect("a view")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_is_begun_anew_only_when_that_is_asked_for_and_above_what_is_final() {
    let (folder, last) = folder_left(true).await;
    let (node, _) = start(folder.path(), true);
    assert!(matches!(patiently("the refusal", node.closed()).await, End::Votes(VotesFault::Whole(_))), "nothing is lost");
    flip(&last, HEADER + 10);
    refused(folder.path()).await;
    let before = goes_on(folder.path(), true).await;
    assert!(before > 0, "it went on from what was final");
    assert!(folder.path().join("votes.lost-1").is_dir(), "what was left is kept");
    let oldest = votes(folder.path()).into_iter().next().expect("votes");
    assert!(view(&oldest) >= view(&last), "no view from before is voted in again: {} {}", view(&oldest), view(&last));
    let (node, _) = start(folder.path(), false);
    patiently("the store", node.opened()).await.expect("the engine runs");
    assert_eq!(node.stop().await, End::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_of_the_store_are_named_when_the_engine_ends_by_them() {
    let (folder, _) = folder_left(true).await;
    assert!(damaged_files(folder.path()).is_empty(), "nothing is damaged");
    let store = folder.path().join("store");
    let mut tried = 0;
    for partition in files(&store).iter().filter(|path| path.is_dir()) {
        let name = partition.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let Some(file) =
            files(partition).into_iter().rev().find(|file| fs::metadata(file).is_ok_and(|file| file.len() > HEADER as u64))
        else {
            continue;
        };
        let at =
            if name.ends_with("metadata") || name == "rows-grafted" || name.ends_with("-value") { HEADER } else { HEADER + 30 };
        for at in [0, 100, at] {
            let copy = copy(folder.path());
            let file = copy.path().join(file.strip_prefix(folder.path()).expect("inside"));
            flip(&file, at);
            let found = damaged_files(copy.path());
            assert!(found.len() == 1 && found[0].path == file, "{name}, byte {at}: {found:?}");
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_a_folder_is_is_written_again_when_it_is_damaged_and_another_ones_is_refused() {
    let (folder, _) = folder_left(true).await;
    let path = folder.path().join("identity");
    let whole = fs::read_to_string(&path).expect("a file");
    for damaged in
        [whole[..70].to_owned(), String::new(), whole.replacen(|c: char| c.is_ascii_digit(), "x", 1), whole.replace('a', "b")]
    {
        fs::write(&path, damaged).expect("written");
        goes_on(folder.path(), false).await;
        assert_eq!(fs::read_to_string(&path).expect("a file"), whole);
    }
    let other = Engine::start(config(folder.path(), 2), Ledger::new());
    assert!(matches!(other, Err(depin_engine::StartError::Foreign { .. })), "another key");
    // As an earlier version wrote it.
    let lines: Vec<&str> = whole.lines().collect();
    fs::write(&path, format!("{}\n{}\n", lines[0], lines[1])).expect("written");
    let other = Engine::start(config(folder.path(), 2), Ledger::new());
    assert!(matches!(other, Err(depin_engine::StartError::Foreign { .. })), "another key");
}
