//! `depin up` on a disk that fills up: below the floor it refuses what it need not take and goes on by itself when there is room; without
//! any room it ends in order with a sentence, and the next start has everything.

#[path = "../../files/tests/disk/small.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod small;
mod support;

use depin_client::{Client, Sender, SigningKey};
use depin_economy::Action;
use depin_ledger::Message;
use depin_quantity::{Address, Name, Units};
use reqwest::StatusCode;
use serde_json::Value;
use small::SmallDisk;
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};
use support::{
    at,
    network::{S3, Up, all_secured, content, until},
};

const MIB: u64 = 1 << 20;
const BUCKET: &str = "full";
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_network_on_a_full_disk_says_so_and_loses_nothing() {
    let Some((_folder, disk)) = SmallDisk::mount(400 * MIB) else { return };
    // What is printed goes beside the home, which must not be on the disk that is full.
    let (outside, inside) = (tempfile::tempdir().unwrap(), disk.path().join("net"));
    let home = outside.path().join("net");
    fs::create_dir(&inside).unwrap();
    std::os::unix::fs::symlink(&inside, &home).unwrap();
    let (up, endpoints) = Up::start(&home, &["--speed", "20"]).await;
    let s3 = S3::new(&endpoints);
    assert!(s3.make_bucket(BUCKET).await.unwrap().is_success());
    let mut kept = 0;
    for _ in 0..4 {
        put(&s3, &mut kept).await;
    }

    // Below half of the floor, a fifth of the disk: the chain goes on, and nothing new is taken.
    disk.fill_but("filler", 24 * MIB);
    let height = height(&endpoints).await;
    assert_eq!(s3.put(BUCKET, "refused", content(1, 100)).await.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    let refused = transfer(&home, &endpoints).await.unwrap_err();
    assert!(refused.contains("nearly full"), "{refused}");
    let status = at(&home, &["status", "--json"]).json();
    assert_eq!(status["disk"]["refuses"], true, "{status:#}");
    there(&s3, kept).await;
    goes_on(&endpoints, height).await;
    // Freed, and nobody starts anything anew.
    disk.clear();
    put(&s3, &mut kept).await;
    transfer(&home, &endpoints).await.unwrap();

    let said = full(up, &disk).await;
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    assert!(said.contains("no space left on the disk of ") && !said.contains("panicked"), "{said}");
    println!("the last of what it said: {last}");
    let mut again = Up::spawn(&home, &["--speed", "20"]);
    let code = ended(&mut again).await;
    assert_eq!(code, Some(2), "{}", again.printed());
    assert!(again.printed().matches("no space left on the disk of ").count() >= 2, "{}", again.printed());

    disk.clear();
    let (up, endpoints) = Up::start(&home, &["--speed", "20"]).await;
    let s3 = S3::new(&endpoints);
    there(&s3, kept).await;
    put(&s3, &mut kept).await;
    transfer(&home, &endpoints).await.unwrap();
    let files = usize::try_from(kept).unwrap();
    until(&home, &["storage", "list", "--json"], PATIENCE, |list| all_secured(list, files)).await;
    assert_eq!(at(&home, &["audit", "--json"]).json()["ok"], true);
    assert!(up.stop().await.success());
}

async fn put(s3: &S3, kept: &mut u64) {
    let status = s3.put(BUCKET, &kept.to_string(), content(*kept, 1_000_000)).await.unwrap();
    assert!(status.is_success(), "{status}");
    *kept += 1;
}

async fn there(s3: &S3, kept: u64) {
    for number in 0..kept {
        let (status, body) = s3.get(BUCKET, &number.to_string()).await.unwrap();
        assert!(status.is_success() && body == content(number, 1_000_000), "{number}: {status}");
    }
}

async fn transfer(home: &Path, endpoints: &Value) -> Result<(), String> {
    let file: Value = serde_json::from_slice(&fs::read(home.join("wallet/customer.key")).unwrap()).unwrap();
    let seed = hex::decode(file["secret_key"].as_str().unwrap()).unwrap();
    let sender = Sender::new(client(endpoints), SigningKey::from_seed(&seed.try_into().unwrap()));
    let transfer = Action::Transfer { to: Address::new([7; 32]), token: Name::literal("FIL"), amount: Units::new(1) };
    let sent = tokio::time::timeout(Duration::from_secs(20), sender.submit(Message::Act(transfer))).await;
    match sent {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("nearly full, or something else: it is tried again and again".to_owned()),
    }
}

fn client(endpoints: &Value) -> Client {
    Client::new(endpoints["api"].as_str().unwrap()).unwrap()
}

async fn height(endpoints: &Value) -> u64 {
    client(endpoints).status().await.unwrap().height
}

/// Blocks are made.
async fn goes_on(endpoints: &Value, before: u64) {
    let begun = Instant::now();
    while height(endpoints).await < before + 3 {
        assert!(begun.elapsed() < PATIENCE, "no blocks");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Fills the disk, and what its ballasts give back, until the process has ended; gives what it said.
async fn full(mut up: Up, disk: &SmallDisk) -> String {
    let begun = Instant::now();
    for round in 0.. {
        disk.fill(&format!("filler-{round}"));
        if let Some(status) = up.child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(2), "{}", up.printed());
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not end:\n{}", up.printed());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    up.printed()
}

async fn ended(up: &mut Up) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = up.child.try_wait().unwrap() {
            return status.code();
        }
        assert!(begun.elapsed() < PATIENCE, "it does not end:\n{}", up.printed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
