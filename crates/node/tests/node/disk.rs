//! A disk that fills up: what is refused, what goes on, how it ends, and that it goes on again.

#[path = "../../../files/tests/disk/small.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod small;

use crate::common::{World, config, doc, error_code, key, transfer};
use depin_files::{Floor, Room};
use depin_node::{Node, NodeHandle, StartError};
use reqwest::{Method, StatusCode};
use small::SmallDisk;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const MIB: u64 = 1 << 20;

/// A world whose disk has as much room as the test says.
async fn world() -> (Arc<AtomicU64>, World) {
    let free = Arc::new(AtomicU64::new(10 << 30));
    let now = Arc::clone(&free);
    let world = World::start_with(|config| {
        let read = move |_: &Path| Ok(Room { free: now.load(Ordering::Relaxed), total: 100 << 30 });
        config.floor = Floor::of_chain(&config.home, None).read_by(read);
    })
    .await;
    (free, world)
}

#[tokio::test]
async fn below_the_floor_transactions_are_refused_while_blocks_and_reads_go_on() {
    let (free, world) = world().await;
    world.send(&key(1), transfer(key(2).address(), 1)).await;
    // Above the node's own floor and below that of gateways and providers: it is told, and transactions are taken.
    free.store(400 * MIB, Ordering::Relaxed);
    world.send(&key(1), transfer(key(2).address(), 1)).await;
    let disk = world.client.status().await.unwrap().disk.unwrap();
    assert_eq!((disk.bulk_floor_bytes, disk.low, disk.refuses), (512 * MIB, true, false));
    let told = disk.warning().unwrap();
    assert!(told.contains("400 MiB free") && told.contains("below 512 MiB") && told.contains("below 256 MiB"), "{told}");
    let (status, health) = world.get("/health").await;
    assert!(status.is_success() && health["status"] == "degraded" && health["reasons"]["disk"] == told.as_str(), "{health}");
    free.store(255 * MIB, Ordering::Relaxed);
    let transaction = world.transaction(&key(1), transfer(key(2).address(), 1)).await;
    let one = format!("{{\"transaction\":\"{}\"}}", hex::encode(transaction.encode()));
    let (status, answer) = world.call(Method::POST, "/v1/transactions", Some(&one)).await;
    assert_eq!((status, error_code(&answer).as_str()), (StatusCode::INSUFFICIENT_STORAGE, "no-room"));
    let said = answer["error"]["message"].as_str().unwrap();
    let folder = world.folder.path().display().to_string();
    assert!(said.contains("255 MiB free") && said.contains("256 MiB needed") && said.contains(&folder), "{said}");
    let batch = format!("{{\"transactions\":[\"{}\"]}}", hex::encode(transaction.encode()));
    let (_, answer) = world.call(Method::POST, "/v1/transactions/batch", Some(&batch)).await;
    assert!(answer.to_string().contains("no-room"), "{answer}");
    assert_eq!(world.node.pool().size().count, 0);

    let before = world.client.status().await.unwrap();
    let disk = before.disk.unwrap();
    assert_eq!((disk.free_bytes, disk.floor_bytes, disk.refuses), (255 * MIB, 256 * MIB, true));
    let (status, health) = world.get("/health").await;
    assert!(status.is_success() && health["disk"]["refuses"] == true, "{health}");
    let metrics = world.client.metrics().await.unwrap();
    assert!(metrics.contains("depin_disk_refuses 1") && metrics.contains(&format!("depin_disk_free_bytes {}", 255 * MIB)));
    while world.client.status().await.unwrap().height < before.height + 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    free.store(10 << 30, Ordering::Relaxed);
    assert!(world.client.post_transaction(&transaction, true).await.unwrap().receipt.is_some(), "taken by itself");
    assert_eq!(world.client.status().await.unwrap().disk.unwrap().warning(), None);
    world.node.stop().await;
}

#[tokio::test]
async fn a_node_on_a_disk_without_room_ends_in_order_and_does_not_start() {
    let (free, world) = world().await;
    let failed = world.node.failed();
    free.store(0, Ordering::Relaxed);
    let said = failed.await;
    assert!(said.starts_with("no space left on the disk of ") && said.contains("(0 B free)"), "{said}");
    assert!(world.node.is_out_of_space());
    assert_eq!(world.node.stop().await, depin_engine::End::Stopped, "the engine could close its store");
    let mut again = config(world.folder.path());
    again.floor = again.floor.read_by(|_| Ok(Room { free: 0, total: 100 << 30 }));
    assert!(matches!(Node::start(again).await, Err(StartError::NoSpace(_))));
    Node::start(config(world.folder.path())).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_disk_that_fills_at_once_ends_the_node_with_a_sentence_and_loses_nothing() {
    let Some((_folder, disk)) = SmallDisk::mount(192 * MIB) else { return };
    let home = disk.path().join("home");
    let node: NodeHandle = Node::start(config(&home)).await.unwrap();
    let client = depin_client::Client::new(node.api_url()).unwrap();
    let send = |nonce| {
        let fee = depin_quantity::Units::new(crate::common::FIL / 1_000_000);
        let to = transfer(key(2).address(), 7);
        depin_client::sign(&key(1), doc("test-chain").chain_id, nonce, fee, depin_quantity::Units::ZERO, to)
    };
    client.post_transaction(&send(0), true).await.unwrap();
    while !home.join("ballast").exists() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let failed = node.failed();
    // Once for what is free, then for what the ballast gives back, until nothing is left.
    let filling = async {
        for round in 0.. {
            disk.fill(&format!("filler-{round}"));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let said = tokio::select! {
        said = failed => said,
        () = filling => unreachable!("it fills for ever"),
        () = tokio::time::sleep(Duration::from_secs(60)) => panic!("the node did not notice"),
    };
    assert!(said.starts_with("no space left on the disk of ") && said.ends_with("nothing acknowledged is lost"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    node.stop().await;
    let refused = Node::start(config(&home)).await.err().unwrap();
    assert!(matches!(refused, StartError::NoSpace(_)), "{refused}");
    disk.clear();
    let node = Node::start(config(&home)).await.unwrap();
    let client = depin_client::Client::new(node.api_url()).unwrap();
    assert_eq!(client.account(key(1).address()).await.unwrap().next_nonce, 1);
    client.post_transaction(&send(1), true).await.unwrap();
    node.stop().await;
}
