//! History that is given up, and everything else, which stays.

use crate::{
    committee::{Net, agree},
    ledger::{Ledger, Rows, blocks, config, patiently, reach, wide_key},
};
use depin_engine::{Config, End, Engine, Handle, QueryError, RECEIPTS_SERVED, Replay, public_key};
use std::{
    fs,
    num::NonZeroU64,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// Rows and receipts of every block.
const WIDE: (usize, usize) = (200, 800);
const FILE_BLOCKS: NonZeroU64 = NonZeroU64::new(8).expect("not zero");

/// A node whose archive has small files.
pub fn quick(folder: &Path, history: u64) -> Config {
    let (heartbeat, pace) = (Duration::from_millis(1), Duration::ZERO);
    Config { heartbeat, pace, history, file_blocks: FILE_BLOCKS, ..config(folder, 1) }
}

fn start(folder: &Path, history: u64) -> (Handle, Arc<Ledger>) {
    let machine = Ledger::wide(WIDE.0, WIDE.1);
    (Engine::start(quick(folder, history), machine.clone()).expect("the engine starts"), machine)
}

/// Sections of a partition, ascending.
pub fn files(folder: &Path, partition: &str) -> Vec<u64> {
    let path: PathBuf = folder.join("store").join(partition);
    let entries = fs::read_dir(path).expect("a folder of the store");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name().into_string().expect("a name");
    let mut sections: Vec<u64> = entries.map(|entry| u64::from_str_radix(&name(entry), 16).expect("a section")).collect();
    sections.sort_unstable();
    sections
}

/// Waits until the first file of a partition is `least` or a later one.
async fn pruned(node: &Handle, folder: &Path, partition: &str, least: u64) {
    patiently(partition, async {
        while files(folder, partition)[0] < least {
            let height = node.finalized().borrow().height;
            reach(node, height + 8).await;
        }
    })
    .await;
}

/// What the rows of a wide chain are after the block of `height`.
pub fn wide_rows(height: u64, rows: usize) -> Rows {
    let value = height.to_be_bytes().to_vec();
    (0..rows).map(wide_key).chain([b"height".to_vec()]).map(|key| (key, value.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn history_that_was_given_up_leaves_the_disk_and_nothing_else_is_lost() {
    let folder = TempDir::new().expect("a folder");
    let (node, machine) = start(folder.path(), 0);
    // So many that a file of receipts is full which need not be served.
    let file = 2 * RECEIPTS_SERVED / WIDE.1 as u64;
    reach(&node, file + 40).await;
    let archive = blocks(&node, 100).await;
    node.prune(98);
    assert_eq!(node.block(97).await, Err(QueryError::PrunedBlock { first: 98 }), "given up at once");
    for partition in ["blocks-key", "blocks-value", "finalizations-key", "finalizations-value"] {
        pruned(&node, folder.path(), partition, 96).await;
        assert_eq!(files(folder.path(), partition)[0], 96, "no more than was given up");
    }
    assert_eq!(node.block(98).await, Ok(Some(archive[97].clone())));
    // Receipts go by whole files too, none of a block that is kept.
    pruned(&node, folder.path(), "receipts-log_data", 1).await;
    let Err(QueryError::PrunedReceipts { first, height }) = node.receipts(0, 1).await else { panic!("they are all there") };
    assert!(first > 0 && height <= 98, "{first} in {height}");
    let receipts = node.receipts(first, 2_000).await.expect("receipts that are kept");
    assert_eq!(receipts.iter().map(|receipt| receipt.position).collect::<Vec<_>>(), (first..first + 2_000).collect::<Vec<_>>());
    assert!(receipts.iter().all(|receipt| receipt.bytes == [&receipt.height.to_be_bytes()[..], b"wide"].concat()));
    // The rows' past needs no order: it goes as far as nobody needs it.
    pruned(&node, folder.path(), "rows-log_data", 1).await;
    let later = reach(&node, 1).await.height;
    node.prune(later + 1_000);
    assert!(node.header(later).await.expect("the engine runs").is_some(), "what is final is never given up whole");
    assert_eq!(node.stop().await, End::Stopped);

    let height = machine.height();
    let (node, machine) = start(folder.path(), 98);
    patiently("the store", node.opened()).await.expect("the engine runs");
    let (tip, rows) = machine.loads().into_iter().next().expect("the machine was loaded");
    assert!(tip.height <= height && tip.height + 64 > height);
    assert_eq!(rows, wide_rows(tip.height, WIDE.0));
    assert!(matches!(node.receipts(first - 1, 1).await, Err(QueryError::PrunedReceipts { .. })));
    assert_eq!(node.block(7).await, Err(QueryError::PrunedBlock { first: 98 }));
    reach(&node, height + 100).await;
    node.prove(wide_key(7)).await.expect("a proof").verify().expect("an honest proof");
    node.stop().await;

    // Who has all blocks can still run them again.
    let (fresh, empty) = (Ledger::wide(WIDE.0, WIDE.1), TempDir::new().expect("a folder"));
    let (path, roots): (PathBuf, Vec<_>) =
        (empty.path().to_owned(), archive.iter().map(|block| block.header().receipts_root()).collect());
    let audit = move || Replay::audit(&path, fresh, &[public_key(&[1; 32])], archive);
    let tips = tokio::task::spawn_blocking(audit).await.expect("the audit ends").expect("every block gives its roots");
    assert_eq!(tips.len(), roots.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_joins_validators_that_gave_up_their_history() {
    let net = Net::new();
    let machine = || Ledger::wide(20, 2_000);
    let start = |index: usize, sync: bool| {
        let config = net.config(index, net.folder(index));
        let config = Config { sync, pace: Duration::from_millis(20), file_blocks: FILE_BLOCKS, ..config };
        let machine = machine();
        (Engine::start(config, machine.clone()).expect("the engine starts"), machine)
    };
    let nodes: Vec<_> = (0..4).map(|index| start(index, false)).collect();
    let served = RECEIPTS_SERVED / 2_000;
    reach(&nodes[0].0, 2 * served + 20).await;
    for (index, (node, _)) in nodes.iter().enumerate() {
        node.prune(2 * served);
        pruned(node, net.folder(index), "blocks-key", 8).await;
    }
    let (synced, machine) = start(5, true);
    patiently("the state sync", synced.opened()).await.expect("the engine runs");
    let (tip, rows) = machine.loads().into_iter().next().expect("the machine was loaded");
    assert!(tip.height >= 2 * served);
    assert_eq!(rows, wide_rows(tip.height, 20));
    let all: Vec<&Handle> = nodes.iter().map(|(node, _)| node).chain([&synced]).collect();
    agree(&all, tip.height + 5).await;
    let Err(QueryError::PrunedReceipts { first, .. }) = synced.receipts(0, 1).await else { panic!("it has them all") };
    let (own, theirs) = (synced.receipts(first, 100).await, nodes[0].0.receipts(first, 100).await);
    assert_eq!(own.expect("receipts of the log's end"), theirs.expect("the validators have them"));
    for node in all {
        assert_eq!(node.stop().await, End::Stopped);
    }
}
