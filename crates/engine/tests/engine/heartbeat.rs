//! How long an idle chain waits for its next block.

use crate::ledger::{Ledger, blocks, config, patiently, reach, reach_receipts};
use depin_engine::{Config, End, Engine, Handle, Timeouts};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const HEARTBEAT: Duration = Duration::from_millis(100);
const IDLE: Duration = Duration::from_secs(3_600);

fn start(folder: &Path, machine: &Arc<Ledger>) -> Handle {
    let timeouts = Timeouts::for_heartbeat(IDLE);
    let config = Config { heartbeat: HEARTBEAT, heartbeat_idle: IDLE, timeouts, ..config(folder, 1) };
    Engine::start(config, machine.clone()).expect("the engine starts")
}

/// Milliseconds between each block and the one before, by their stamps; the first block is the second's.
async fn waits(node: &Handle, height: u64) -> Vec<u64> {
    let walls: Vec<u64> = blocks(node, height).await.iter().map(|block| block.header().stamp().wall).collect();
    walls.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_empty_block_doubles_the_wait_and_the_first_transaction_ends_it_at_once() {
    let folder = TempDir::new().expect("a folder");
    let machine = Ledger::new();
    let node = start(folder.path(), &machine);
    // The fifth is followed after 6.4 s at the soonest, if nothing happens.
    reach(&node, 5).await;
    let begun = Instant::now();
    machine.submit(["a=1".into()]);
    let height = reach_receipts(&node, 1).await.height;
    assert!(begun.elapsed() < Duration::from_secs(5), "it waited for {:?}", begun.elapsed());
    // And then the heartbeat is the usual one again.
    reach(&node, height + 2).await;
    assert!(begun.elapsed() < Duration::from_secs(6), "it waited for {:?}", begun.elapsed());
    let waits = waits(&node, 5).await;
    for (wait, least) in waits.iter().zip([400, 800, 1_600, 3_200]) {
        assert!(*wait >= least, "{waits:?}");
    }
    assert_eq!(patiently("a stop", node.stop()).await, End::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_comes_due_is_not_waited_over() {
    let folder = TempDir::new().expect("a folder");
    let machine = Ledger::with_work(300);
    let node = start(folder.path(), &machine);
    // Doubling alone would take a quarter of an hour.
    reach(&node, 12).await;
    let waits = waits(&node, 12).await;
    assert!(waits.iter().all(|wait| *wait >= 300), "{waits:?}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_started_again_begins_with_the_usual_heartbeat() {
    let folder = TempDir::new().expect("a folder");
    let machine = Ledger::new();
    let node = start(folder.path(), &machine);
    let height = reach(&node, 5).await.height;
    node.stop().await;
    let node = start(folder.path(), &Ledger::new());
    let begun = Instant::now();
    reach(&node, height + 3).await;
    assert!(begun.elapsed() < Duration::from_secs(30), "it waited for {:?}", begun.elapsed());
    node.stop().await;
}
