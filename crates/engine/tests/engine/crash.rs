//! A process killed with SIGKILL, again and again.

use crate::{
    ledger::{Ledger, blocks, config, patiently, reach, reach_receipts, txs},
    prune::{files, quick, wide_rows},
};
use depin_engine::{Engine, Replay, public_key};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// Tells the test binary to be the node, in the folder named.
const FOLDER: &str = "DEPIN_ENGINE_TEST_NODE";
/// Tells it to be a node that gives up its history all the time.
const PRUNING: &str = "DEPIN_ENGINE_TEST_PRUNING";
const ROUNDS: usize = 3;
const PER_ROUND: usize = 30;
/// Rows that every block of the pruning node changes.
const ROWS: usize = 300;

/// Not a test by itself: the process that is killed. Prints the number of durable receipts whenever it changes.
#[test]
fn node_of_the_killed_process() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let machine = Ledger::new();
        let node = Engine::start(config(Path::new(&folder), 1), machine.clone()).expect("the engine starts");
        node.opened().await.expect("the engine runs");
        let mut tips = node.finalized();
        let start = tips.borrow_and_update().receipts_len;
        // A steady stream, so that the kill hits something in every state.
        let names = txs(&format!("life from {start}"), 100_000);
        for part in names.chunks(4) {
            machine.submit(part.to_vec());
            tips.changed().await.expect("the engine runs");
            println!("durable {} of {}", tips.borrow_and_update().receipts_len, start);
        }
    });
}

/// Not a test by itself: the process that is killed while it gives up its history. Prints the height that is durable, and from which on
/// history is kept.
#[test]
fn pruning_node_of_the_killed_process() {
    let Ok(folder) = std::env::var(PRUNING) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let node = Engine::start(quick(Path::new(&folder), 0), Ledger::wide(ROWS, 100)).expect("the engine starts");
        node.opened().await.expect("the engine runs");
        let mut tips = node.finalized();
        loop {
            tips.changed().await.expect("the engine runs");
            let height = tips.borrow_and_update().height;
            node.prune(height.saturating_sub(20));
            println!("durable {height}");
        }
    });
}

/// Starts the pruning node, lets it make so many blocks, kills it at a moment that they do not decide, and returns what it had called
/// durable last.
fn prune_and_die(folder: &Path, blocks: u64, moment: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "crash::pruning_node_of_the_killed_process", "--nocapture"])
        .env(PRUNING, folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child process");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let heights = lines.filter_map(|line| line.expect("text").split_once("durable ")?.1.parse::<u64>().ok());
    let (mut first, mut durable) = (None, 0);
    for height in heights {
        durable = height;
        if height >= *first.get_or_insert(height) + blocks {
            break;
        }
    }
    std::thread::sleep(moment);
    child.kill().expect("the child can be killed");
    child.wait().expect("the child ended");
    assert!(durable > 0, "the node made progress");
    durable
}

/// The rows are what the last block made them, whatever of the past is gone.
#[test]
fn a_process_killed_while_it_gives_up_history_keeps_everything_that_is_not_history() {
    let folder = TempDir::new().expect("a folder");
    let mut durable = 0;
    for round in 0..8 {
        let now = prune_and_die(folder.path(), 130 + 11 * round, Duration::from_millis(3 * round));
        assert!(now > durable, "each life goes on where the last one ended");
        durable = now;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let machine = Ledger::wide(ROWS, 100);
        let node = Engine::start(quick(folder.path(), 0), machine.clone()).expect("the engine starts");
        patiently("the store", node.opened()).await.expect("the engine runs");
        let (tip, rows) = machine.loads().into_iter().next().expect("the machine was loaded");
        assert_eq!(rows, wide_rows(tip.height, ROWS));
        let tip = reach(&node, durable + 1).await;
        assert_eq!(tip.receipts_len, tip.height * 100);
        let last = node.receipts(tip.receipts_len - 100, 100).await.expect("the last block's receipts");
        assert!(last.len() == 100 && last.iter().all(|receipt| receipt.height == tip.height));
        let first = files(folder.path(), "blocks-key")[0];
        assert!(first > 8 && first <= durable, "history went on being given up: {first} of {durable}");
        node.prune(first);
        for height in first..=tip.height {
            assert_eq!(node.block(height).await.map(|block| block.map(|block| block.header().height())), Ok(Some(height)));
        }
        node.stop().await;
    });
}

/// Starts the node, waits for receipts, kills it, and returns how many receipts it had called durable.
fn live_and_die(folder: &Path) -> u64 {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "crash::node_of_the_killed_process", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child process");
    let mut durable = 0;
    for line in BufReader::new(child.stdout.take().expect("a pipe")).lines() {
        let line = line.expect("text");
        let Some((_, numbers)) = line.split_once("durable ") else { continue };
        let mut numbers = numbers.split(" of ").map(|number| number.parse::<u64>().expect("a number"));
        let (now, start) = (numbers.next().expect("a count"), numbers.next().expect("a start"));
        durable = now;
        if now >= start + PER_ROUND as u64 {
            break;
        }
    }
    assert!(durable > 0, "the node made progress");
    child.kill().expect("the child can be killed");
    child.wait().expect("the child ended");
    durable
}

#[test]
fn a_killed_process_keeps_everything_that_it_called_durable() {
    let folder = TempDir::new().expect("a folder");
    let mut durable = 0;
    for _ in 0..ROUNDS {
        let now = live_and_die(folder.path());
        assert!(now > durable, "each life goes on where the last one ended");
        durable = now;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let machine = Ledger::new();
        let node = Engine::start(config(folder.path(), 1), machine.clone()).expect("the engine starts");
        patiently("the store", node.opened()).await.expect("the engine runs");
        let tip = reach_receipts(&node, durable).await;
        let receipts = node.receipts(0, usize::MAX).await.expect("the engine runs");
        assert!(receipts.len() as u64 >= durable);
        assert!(receipts.iter().enumerate().all(|(index, receipt)| receipt.position == index as u64));

        let archive = blocks(&node, tip.height).await;
        let bodies: Vec<&[u8]> = archive.iter().flat_map(|block| block.txs()).map(|tx| tx.as_ref()).collect();
        let reported: Vec<&[u8]> = receipts.iter().take(bodies.len()).map(|receipt| &receipt.bytes[12..]).collect();
        assert_eq!(reported, bodies, "receipts are the transactions of the blocks, in order, none twice");

        let header = archive.last().expect("blocks").header().clone();
        node.stop().await;
        let fresh = Ledger::new();
        let folder = TempDir::new().expect("a folder");
        let (path, replayed) = (folder.path().to_owned(), fresh.clone());
        let audit = move || Replay::audit(&path, replayed, &[public_key(&[1; 32])], archive);
        let tips = tokio::task::spawn_blocking(audit).await.expect("the audit ends").expect("every block gives its roots");
        assert_eq!(tips.last().expect("tips").state_root, header.state_root());
    });
}
