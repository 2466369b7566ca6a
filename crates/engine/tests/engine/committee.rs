//! A committee of four on loopback, and followers.

use crate::ledger::{Ledger, PATIENCE, Rows, blocks, config, patiently, reach, reach_receipts, txs};
use depin_engine::{Clock, Config, End, Engine, Handle, Peer, Replay, Timeouts, Tip, public_key};
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// Free ports, all different.
fn addresses(count: usize) -> Vec<SocketAddr> {
    let listeners: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    listeners.iter().map(|listener| listener.local_addr().expect("an address")).collect()
}

fn peer(seed: u8, address: SocketAddr) -> Peer {
    Peer { key: public_key(&[seed; 32]), address }
}

/// Four validators (seeds 1 to 4) and two followers (5 and 6).
pub struct Net {
    folders: Vec<TempDir>,
    addresses: Vec<SocketAddr>,
}

impl Net {
    pub fn new() -> Self {
        Self { folders: (0..6).map(|_| TempDir::new().expect("a folder")).collect(), addresses: addresses(6) }
    }

    pub fn config(&self, index: usize, folder: &Path) -> Config {
        let peers: Vec<_> = self.addresses.iter().zip(1u8..).map(|(address, seed)| peer(seed, *address)).collect();
        let (committee, observers) = peers.split_at(4);
        let heartbeat = Duration::from_millis(300);
        Config {
            committee: committee.to_vec(),
            observers: observers.to_vec(),
            listen: self.addresses[index],
            heartbeat,
            pace: Duration::from_millis(50),
            timeouts: Timeouts::for_heartbeat(heartbeat),
            ..config(folder, index as u8 + 1)
        }
    }

    pub fn folder(&self, index: usize) -> &Path {
        self.folders[index].path()
    }

    /// Starts a validator on a clock of the test's.
    pub fn start_by(&self, index: usize, clock: Clock) -> Handle {
        let config = Config { clock: Arc::new(clock), ..self.config(index, self.folders[index].path()) };
        Engine::start(config, Ledger::new()).expect("the engine starts")
    }

    fn start(&self, index: usize, sync: bool) -> (Handle, Arc<Ledger>) {
        let machine = Ledger::new();
        let config = Config { sync, ..self.config(index, self.folders[index].path()) };
        (Engine::start(config, machine.clone()).expect("the engine starts"), machine)
    }
}

/// The rows after all blocks up to `height`, run again.
async fn replayed_rows(node: &Handle, height: u64) -> Rows {
    let (folder, machine, archive) = (TempDir::new().expect("a folder"), Ledger::new(), blocks(node, height).await);
    let (path, fresh) = (folder.path().to_owned(), machine.clone());
    let committee = [1, 2, 3, 4].map(|seed| public_key(&[seed; 32]));
    let audit = move || Replay::audit(&path, fresh, &committee, archive);
    tokio::task::spawn_blocking(audit).await.expect("the audit ends").expect("every block gives its roots");
    machine.rows()
}

/// Waits until all nodes have `height`, then compares what they hold there.
pub async fn agree(nodes: &[&Handle], height: u64) {
    let mut roots = Vec::new();
    for node in nodes {
        reach(node, height).await;
        let header = node.header(height).await.expect("the engine runs").expect("a final block");
        roots.push((header.digest(), header.state_root(), header.receipts_root()));
    }
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]), "all nodes agree at height {height}");
}

async fn tip(node: &Handle) -> Tip {
    node.finalized().borrow().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn four_validators_agree_while_one_stops_and_comes_back_and_followers_join() {
    let net = Net::new();
    let mut nodes: Vec<(Handle, Arc<Ledger>)> = (0..4).map(|index| net.start(index, false)).collect();
    for (index, (_, machine)) in nodes.iter().enumerate() {
        machine.submit(txs(&format!("early {index}"), 10));
    }
    let first = reach_receipts(&nodes[0].0, 40).await;
    agree(&nodes.iter().map(|(node, _)| node).collect::<Vec<_>>(), first.height).await;

    // Three of four go on.
    assert_eq!(nodes[3].0.stop().await, End::Stopped);
    let stopped_at = tip(&nodes[3].0).await.height;
    nodes[1].1.submit(txs("while three", 20));
    let second = reach_receipts(&nodes[0].0, 60).await;
    assert!(second.height > stopped_at);

    // The fourth catches up from its own folder and its peers, and counts again.
    nodes[3] = net.start(3, false);
    reach(&nodes[3].0, second.height).await;
    nodes[3].1.submit(txs("after the return", 10));
    let third = reach_receipts(&nodes[0].0, 70).await;
    let all: Vec<&Handle> = nodes.iter().map(|(node, _)| node).collect();
    agree(&all, third.height).await;

    // One follower runs all blocks, one takes the state of a recent block.
    let (replayed, replayed_machine) = net.start(4, false);
    let (given_up, _) = net.start(5, true);
    let closed = given_up.closed();
    drop(given_up);
    assert_eq!(patiently("the end", closed).await, End::Abandoned);
    let (synced, synced_machine) = net.start(5, true);
    patiently("the state sync", synced.opened()).await.expect("the engine runs");
    let (loaded, rows) = synced_machine.loads().into_iter().next().expect("the machine was loaded");
    assert!(loaded.height > 0 && !rows.is_empty(), "the state came from peers");
    nodes[2].1.submit(txs("with followers", 10));
    let fourth = reach_receipts(&nodes[0].0, 80).await;
    let mut everybody = all.clone();
    everybody.extend([&replayed, &synced]);
    agree(&everybody, fourth.height).await;
    assert_eq!(replayed_machine.loads()[0].0.height, 0);

    // What the two followers hold is the same, receipts of blocks that one never ran included.
    let receipts = replayed.receipts(0, usize::MAX).await.expect("the engine runs");
    let others = synced.receipts(0, usize::MAX).await.expect("the engine runs");
    let count = receipts.len().min(others.len());
    assert!(count >= 80);
    assert_eq!(receipts[..count], others[..count]);
    for (node, machine) in [(&replayed, &replayed_machine), (&synced, &synced_machine)] {
        assert_eq!(node.stop().await, End::Stopped);
        let height = machine.height();
        reach(&nodes[0].0, height).await;
        assert_eq!(machine.rows(), replayed_rows(&nodes[0].0, height).await);
    }

    // The synced one goes on from its own folder, although it never had the first blocks.
    let (synced, synced_machine) = net.start(5, true);
    patiently("the store", synced.opened()).await.expect("the engine runs");
    assert!(synced_machine.loads()[0].0.height >= loaded.height);
    nodes[1].1.submit(txs("after all", 10));
    let fifth = reach_receipts(&nodes[0].0, 90).await;
    agree(&[&nodes[0].0, &synced], fifth.height).await;
    assert_eq!(synced.block(1).await.expect("the engine runs"), None);
    assert_eq!(synced.stop().await, End::Stopped);
    let blocks = blocks(&nodes[0].0, fourth.height).await;
    assert!(blocks.iter().any(|block| block.header().proposer() == public_key(&[4; 32])));
    for (node, _) in &nodes {
        assert_eq!(node.stop().await, End::Stopped);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_four_make_no_block() {
    let net = Net::new();
    let nodes: Vec<(Handle, Arc<Ledger>)> = (0..2).map(|index| net.start(index, false)).collect();
    for (node, machine) in &nodes {
        patiently("the store", node.opened()).await.expect("the engine runs");
        machine.submit(txs("in vain", 4));
    }
    // A third makes the quorum; until then nothing can have become final.
    assert_eq!(tip(&nodes[0].0).await.height, 0);
    let third = net.start(2, false);
    let reached = tokio::time::timeout(PATIENCE, reach(&nodes[0].0, 1)).await.expect("three of four make blocks");
    agree(&[&nodes[0].0, &nodes[1].0, &third.0], reached.height).await;
    for (node, _) in nodes.iter().chain([&third]) {
        assert_eq!(node.stop().await, End::Stopped);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_validators_cut_off_at_once_go_on_where_they_were() {
    let net = Net::new();
    let mut height = 0;
    for round in 1..=3 {
        let nodes: Vec<(Handle, Arc<Ledger>)> = (0..4).map(|index| net.start(index, false)).collect();
        for (index, (_, machine)) in nodes.iter().enumerate() {
            machine.submit(txs(&format!("round {round} at {index}"), 10));
        }
        let reached = reach_receipts(&nodes[0].0, 40 * round).await;
        assert!(reached.height > height);
        height = reached.height;
        agree(&nodes.iter().map(|(node, _)| node).collect::<Vec<_>>(), height).await;
        let ends: Vec<_> = nodes.iter().map(|(node, _)| node.closed()).collect();
        drop(nodes);
        for end in ends {
            assert_eq!(patiently("the end", end).await, End::Abandoned);
        }
    }
}
