//! A committee of one.

use crate::ledger::{Ledger, blocks, config, patiently, reach, reach_receipts, txs};
use depin_engine::{
    Config, End, Engine, Handle, MAX_ROW_KEY, Machine, ProofError, QueryError, Receipt, Replay, StartError, Timeouts, public_key,
};
use std::sync::Arc;
use tempfile::TempDir;

fn start(folder: &TempDir, machine: &Arc<Ledger>) -> Handle {
    Engine::start(config(folder.path(), 1), machine.clone()).expect("the engine starts")
}

/// Runs all blocks of a node on a fresh machine and store; both must agree with the node.
/// Runs all blocks again: each gives the roots of its header.
async fn audit(node: &Handle, height: u64) {
    let machine = Ledger::new();
    let folder = TempDir::new().expect("a folder");
    let blocks = blocks(node, height).await;
    let roots: Vec<_> = blocks.iter().map(|block| block.header().state_root()).collect();
    let path = folder.path().to_owned();
    let audited = tokio::task::spawn_blocking(move || Replay::audit(&path, machine, &[public_key(&[1; 32])], blocks));
    let tips = audited.await.expect("the audit ends").expect("every block gives the roots of its header");
    assert_eq!(tips.iter().map(|tip| tip.state_root).collect::<Vec<_>>(), roots);
}

async fn all_receipts(node: &Handle) -> Vec<Receipt> {
    let len = node.receipts_len();
    let mut receipts = Vec::new();
    while (receipts.len() as u64) < len {
        let more = node.receipts(receipts.len() as u64, 7).await.expect("the engine runs");
        assert!(!more.is_empty(), "receipts below the length can be read");
        receipts.extend(more);
    }
    receipts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_alone_makes_blocks_and_goes_on_after_a_stop() {
    let folder = TempDir::new().expect("a folder");
    let machine = Ledger::new();
    let node = start(&folder, &machine);
    machine.submit(txs("first", 40));
    reach_receipts(&node, 40).await;
    assert_eq!(node.stop().await, End::Stopped);
    let (height, rows) = (machine.height(), machine.rows());

    let again = Ledger::new();
    let node = start(&folder, &again);
    patiently("the store", node.opened()).await.expect("the engine runs");
    again.submit(txs("second", 40));
    let tip = reach_receipts(&node, 80).await;
    assert!(tip.height > height);
    let (loaded, loaded_rows) = again.loads().into_iter().next().expect("the machine was loaded");
    assert!(loaded.height <= height);
    if loaded.height == height {
        assert_eq!(loaded_rows, rows, "rows after a reload are what the machine had");
    }
    assert_eq!(again.loads().len(), 1);

    audit(&node, tip.height).await;
    let header = node.header(tip.height).await.expect("the engine runs").expect("a final block");
    assert_eq!(header.state_root(), tip.state_root);
    assert_eq!(node.stop().await, End::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_becomes_final_at_once_however_long_the_heartbeat() {
    let folder = TempDir::new().expect("a folder");
    let machine = Ledger::new();
    let heartbeat = std::time::Duration::from_secs(3600);
    let slow = Config { heartbeat, timeouts: Timeouts::for_heartbeat(heartbeat), ..config(folder.path(), 1) };
    let node = Engine::start(slow, machine.clone()).expect("the engine starts");
    patiently("the store", node.opened()).await.expect("the engine runs");
    for count in 1..=3 {
        machine.submit([format!("count/{count}=1")]);
        let tip = reach_receipts(&node, count).await;
        assert!(machine.height() >= tip.height, "the machine is never behind what was called durable");
    }
    assert_eq!(node.stop().await, End::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_cut_off_again_and_again_loses_and_repeats_nothing() {
    let folder = TempDir::new().expect("a folder");
    let mut total = 0;
    for round in 0..4 {
        let machine = Ledger::new();
        let node = start(&folder, &machine);
        machine.submit(txs(&format!("round {round}"), 20));
        total += 20;
        reach_receipts(&node, total).await;
        let closed = node.closed();
        drop(node);
        assert_eq!(patiently("the end", closed).await, End::Abandoned);
    }
    let machine = Ledger::new();
    let node = start(&folder, &machine);
    patiently("the store", node.opened()).await.expect("the engine runs");
    let tip = reach_receipts(&node, total).await;
    audit(&node, tip.height).await;

    let receipts = all_receipts(&node).await;
    let of_blocks: Vec<(u64, Vec<u8>)> = blocks(&node, tip.height)
        .await
        .iter()
        .flat_map(|block| {
            let height = block.header().height();
            block
                .txs()
                .iter()
                .enumerate()
                .map(move |(index, tx)| (height, [&height.to_be_bytes()[..], &(index as u32).to_be_bytes(), tx].concat()))
        })
        .collect();
    assert_eq!(receipts.iter().map(|receipt| receipt.position).collect::<Vec<_>>(), (0..total).collect::<Vec<_>>());
    assert_eq!(receipts.into_iter().map(|receipt| (receipt.height, receipt.bytes)).collect::<Vec<_>>(), of_blocks);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_found_across_long_runs_of_empty_blocks() {
    let folder = TempDir::new().expect("a folder");
    let machine = Ledger::new();
    let quick =
        Config { heartbeat: std::time::Duration::from_millis(1), pace: std::time::Duration::ZERO, ..config(folder.path(), 1) };
    let node = Engine::start(quick, machine.clone()).expect("the engine starts");
    reach(&node, 40).await;
    machine.submit(["a=1".into()]);
    let first = reach_receipts(&node, 1).await.height;
    reach(&node, first + 40).await;
    machine.submit(["b=2".into(), "c=3".into()]);
    reach_receipts(&node, 3).await;
    let receipts = all_receipts(&node).await;
    let bodies: Vec<&[u8]> = receipts.iter().map(|receipt| &receipt.bytes[12..]).collect();
    assert_eq!(bodies, [b"a=1", b"b=2", b"c=3"]);
    assert_eq!(node.receipts(1, 1).await.expect("the engine runs").len(), 1);
    assert!(node.receipts(3, 10).await.expect("the engine runs").is_empty());
    assert!(node.receipts(u64::MAX, usize::MAX).await.expect("the engine runs").is_empty());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_and_its_absence_can_be_proven_to_somebody_who_trusts_the_committee() {
    let folder = TempDir::new().expect("a folder");
    let machine = Ledger::new();
    let node = start(&folder, &machine);
    patiently("the store", node.opened()).await.expect("the engine runs");
    machine.submit((0..50).map(|index| format!("account/{index}={index}")));
    reach_receipts(&node, 50).await;

    let proof = node.prove(b"account/17".to_vec()).await.expect("a proof");
    assert_eq!(proof.value.as_deref(), Some(&b"17"[..]));
    proof.verify().expect("an honest proof");
    let absent = node.prove(b"account/nobody".to_vec()).await.expect("a proof");
    assert_eq!(absent.value, None);
    absent.verify().expect("an honest proof of absence");

    let committee = [node.public_key()];
    if proof.certificate.is_some() {
        proof.verify_final("ledger-test", &committee).expect("the committee's certificate");
        assert!(matches!(proof.verify_final("another-chain", &committee), Err(ProofError::Certificate { .. })));
        assert!(matches!(proof.verify_final("ledger-test", &[public_key(&[9; 32])]), Err(ProofError::Certificate { .. })));
        let more = [node.public_key(), public_key(&[9; 32])];
        assert!(matches!(proof.verify_final("ledger-test", &more), Err(ProofError::Certificate { .. })));
        assert!(matches!(proof.verify_final("ledger-test", &[]), Err(ProofError::Committee(_))));
    }
    let mut other = proof.clone();
    other.value = Some(b"18".to_vec());
    assert!(matches!(other.verify(), Err(ProofError::Path { .. })));
    let mut other = proof.clone();
    other.key = b"account/18".to_vec();
    assert!(matches!(other.verify(), Err(ProofError::Path { .. })));
    let mut other = absent.clone();
    other.key = b"account/17".to_vec();
    assert!(matches!(other.verify(), Err(ProofError::Path { .. })));
    for cut in 0..proof.path.len() {
        let mut other = proof.clone();
        other.path.truncate(cut);
        assert!(matches!(other.verify(), Err(ProofError::Path { .. })));
    }
    assert!(matches!(node.prove(vec![0; MAX_ROW_KEY + 1]).await, Err(QueryError::KeyTooLong { .. })));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_serves_one_engine_of_one_chain_and_one_key() {
    let folder = TempDir::new().expect("a folder");
    let machine = Ledger::new();
    let node = start(&folder, &machine);
    assert!(matches!(Engine::start(config(folder.path(), 1), machine.clone()), Err(StartError::Busy(_))));
    node.stop().await;
    // The genesis block commits to the committee, so another key alone is another chain.
    assert!(matches!(Engine::start(config(folder.path(), 2), machine), Err(StartError::Foreign { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_the_machine_ends_the_engine_with_its_reason() {
    let folder = TempDir::new().expect("a folder");
    let machine = Ledger::with_fuse(b"boom=1");
    let node = start(&folder, &machine);
    patiently("the store", node.opened()).await.expect("the engine runs");
    machine.submit(["boom=1".into()]);
    let End::Failed(reason) = patiently("the end", node.closed()).await else { panic!("a panic is a failure") };
    assert!(reason.contains("the fuse blew"), "{reason}");
    assert_eq!(node.block(1).await.err(), Some(QueryError::Closed));
    assert!(matches!(node.stop().await, End::Failed(_)));
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_starts() {
    let folder = TempDir::new().expect("a folder");
    let good = config(folder.path(), 1);
    let mut bad = good.clone();
    bad.timeouts.leader = bad.heartbeat;
    let machine: Arc<dyn Machine> = Ledger::new();
    assert!(matches!(Engine::start(bad, machine.clone()), Err(StartError::Config(_))));
    let mut bad = good.clone();
    bad.timeouts.skip = bad.timeouts.certification;
    assert!(matches!(Engine::start(bad, machine.clone()), Err(StartError::Config(_))));
    let bad = Config { threads: 0, ..good.clone() };
    assert!(matches!(Engine::start(bad, machine.clone()), Err(StartError::Config(_))));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let bad = Config { listen: taken.local_addr().expect("an address"), ..good };
    assert!(matches!(Engine::start(bad, machine), Err(StartError::Listen { .. })));
}
