//! Files of a node that are not as they were written.

use crate::common::{FIL, World, config, key, transfer};
use depin_engine::VotesFault;
use depin_node::{HomeError, Node, NodeConfig, StartError, began_from};
use serde_json::Value;
use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A node's folder with some transfers, stopped in order, and its events.
async fn folder() -> (TempDir, Value) {
    let world = World::start().await;
    for n in 2..6 {
        world.send(&key(1), transfer(key(n).address(), FIL)).await;
    }
    let events = events(world.node.api_url()).await;
    let World { folder, node, .. } = world;
    node.stop().await;
    (folder, events)
}

async fn events(url: &str) -> Value {
    let text = reqwest::get(format!("{url}/v1/events?from=0&limit=40")).await.unwrap().text().await.unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["items"].clone()
}

/// Events once the index has read all receipts.
async fn all_events(url: &str) -> Value {
    loop {
        let health = reqwest::get(format!("{url}/health")).await.unwrap().text().await.unwrap();
        if serde_json::from_str::<Value>(&health).unwrap()["index_lag"] == 0 {
            return events(url).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn copy(from: &Path) -> TempDir {
    fn into(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let (path, place) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).unwrap();
            if path.is_dir() { into(&path, &place) } else { fs::copy(&path, &place).map(drop).unwrap() }
        }
    }
    let to = tempfile::tempdir().unwrap();
    into(from, to.path());
    to
}

fn flip(file: &Path, at: u64) {
    let opened = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    opened.read_exact_at(&mut byte, at).unwrap();
    opened.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_index_is_filled_anew_and_that_is_said() {
    let (folder, before) = folder().await;
    let index = folder.path().join("index.sqlite");
    assert!(!folder.path().join("index.sqlite-wal").exists(), "a stop leaves one file");
    // Inside of a row, where SQLite itself notices nothing; the first page; nothing at all; half of it; not a database.
    let damages: [&dyn Fn(&Path); 5] = [
        &|file| flip(file, length(file) - 40),
        &|file| flip(file, 30),
        &|file| fs::write(file, "").unwrap(),
        &|file| OpenOptions::new().write(true).open(file).unwrap().set_len(length(file) / 2).unwrap(),
        &|file| fs::write(file, vec![7; 9_000]).unwrap(),
    ];
    for (number, damage) in damages.iter().enumerate() {
        let copy = copy(folder.path());
        damage(&copy.path().join("index.sqlite"));
        let node = Node::start(config(copy.path())).await.unwrap();
        let notes = node.notes().to_vec();
        assert!(notes.iter().any(|note| note.contains("index.sqlite is filled from its beginning")), "{number}: {notes:?}");
        assert_eq!(all_events(node.api_url()).await, before, "{number}");
        node.stop().await;
        let node = Node::start(config(copy.path())).await.unwrap();
        assert!(node.notes().is_empty(), "{:?}", node.notes());
        node.stop().await;
    }
    assert!(index.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_damaged_while_the_node_runs_is_filled_anew_under_it() {
    let (folder, before) = folder().await;
    let node = Node::start(config(folder.path())).await.unwrap();
    let index = folder.path().join("index.sqlite");
    // Every page but the first, behind the node's back, and new connections that have none of them in memory.
    // One handle, since the file may be made anew before all of it is done.
    let (file, pages) = (OpenOptions::new().read(true).write(true).open(&index).unwrap(), length(&index) / 4_096);
    for page in 1..pages {
        let mut bytes = [0; 64];
        file.read_exact_at(&mut bytes, page * 4_096).unwrap();
        file.write_all_at(&bytes.map(|byte| byte ^ 1), page * 4_096).unwrap();
    }
    let begun = std::time::Instant::now();
    loop {
        let text = reqwest::get(format!("{}/v1/events?from=0&limit=40", node.api_url())).await.unwrap().text().await.unwrap();
        let found = serde_json::from_str::<Value>(&text).unwrap();
        if found["items"] == before {
            break;
        }
        assert!(
            found["items"].is_null()
                || found["items"].as_array().unwrap().iter().zip(before.as_array().unwrap()).all(|(a, b)| a == b)
        );
        assert!(begun.elapsed().as_secs() < 60, "the index is not filled anew: {found}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_made_again_is_and_what_cannot_is_told() {
    let (folder, _) = folder().await;
    let start = |folder: &Path| Node::start(config(folder));
    for damaged in ["", "{", "{\"chain_id\": 7}"] {
        let copy = copy(folder.path());
        let genesis = copy.path().join("genesis.json");
        let whole = fs::read(&genesis).unwrap();
        fs::write(&genesis, damaged).unwrap();
        let node = start(copy.path()).await.unwrap();
        assert!(node.notes().iter().any(|note| note.contains("genesis.json was missing or damaged")), "{:?}", node.notes());
        node.stop().await;
        assert_eq!(fs::read(&genesis).unwrap(), whole);
    }
    for damaged in ["", "rows of layoup 6", "rows of layout x in blocks of format 3"] {
        let copy = copy(folder.path());
        fs::write(copy.path().join("layout"), damaged).unwrap();
        let error = start(copy.path()).await.err().unwrap();
        let said = error.to_string();
        assert!(matches!(error, StartError::Home(HomeError::Damaged { .. })) && said.contains("layout is damaged"), "{said}");
        assert!(said.contains("write that into it"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_genesis_documents_the_one_that_the_chain_began_from_is_the_good_one() {
    let (folder, _) = folder().await;
    let (whole, mut flipped) = (config(folder.path()).genesis, config(folder.path()).genesis);
    flipped.network_toml = flipped.network_toml.replacen("epoch", "eposh", 1);
    assert_ne!(whole.network_toml, flipped.network_toml);
    assert_eq!(began_from(folder.path(), &whole), Some(true));
    let path = folder.path().join("genesis.json");
    let text = fs::read(&path).unwrap();
    let other_name = depin_ledger::GenesisDoc { chain_id: "test-chaim".parse().unwrap(), ..whole.clone() };
    for damaged in [&flipped, &other_name] {
        assert_eq!(began_from(folder.path(), damaged), Some(false));
        fs::write(&path, serde_json::to_vec_pretty(damaged).unwrap()).unwrap();
        let node = Node::start(config(folder.path())).await.unwrap();
        assert!(
            node.notes().iter().any(|note| note.contains("genesis.json was not what the chain began from")),
            "{:?}",
            node.notes()
        );
        node.stop().await;
        assert_eq!(fs::read(&path).unwrap(), text);
    }
    // The one that is brought is the damaged one: no copy of it is written, wherever it could be.
    let other = depin_ledger::GenesisDoc { time: depin_quantity::Instant::new(1_790_000_000_001), ..whole };
    for left in [Some(&text), None] {
        left.map_or_else(|| fs::remove_file(&path), |text| fs::write(&path, text)).unwrap();
        let error = Node::start(NodeConfig { genesis: other.clone(), ..config(folder.path()) }).await.err().unwrap();
        assert!(matches!(error, StartError::Home(HomeError::OtherGenesis(_))), "{error}");
        assert_eq!(fs::read(&path).ok().as_ref(), left);
    }
    fs::remove_file(folder.path().join("engine/identity")).unwrap();
    assert_eq!(began_from(folder.path(), &other), None, "nothing says it any more");
}

/// The newest file of a partition of the engine's store.
fn newest(folder: &Path, partition: &str) -> PathBuf {
    let files = fs::read_dir(folder.join("engine/store").join(partition)).unwrap();
    let files = files.map(|entry| entry.unwrap().path()).filter(|file| length(file) > 4_096);
    files.max().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_of_the_engine_is_told_by_its_file() {
    let (folder, _) = folder().await;
    for partition in
        ["rows-log_data", "receipts-log_data", "rows-mmr-journal-blobs", "blocks-key", "marshal-application-metadata"]
    {
        let copy = copy(folder.path());
        let file = newest(copy.path(), partition);
        flip(&file, 4_100);
        let error = Node::start(config(copy.path())).await.err();
        // Of two copies of the same, one is enough.
        if partition == "marshal-application-metadata" && error.is_none() {
            continue;
        }
        let said = error.unwrap_or_else(|| panic!("{partition}")).to_string();
        // The store cuts off what it cannot read before it gives up; then only its folder is left to be named.
        let store = copy.path().join("engine/store");
        let named = said.contains(&format!("{} does not match its checksum", file.display()));
        assert!(named || said.contains(&format!("{} cannot be used", store.display())), "{said}");
        fs::write(&file, vec![0; 5_000]).unwrap();
        let said = Node::start(config(copy.path())).await.err().unwrap().to_string();
        assert!(said.contains(&format!("{} has a damaged header", file.display())), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_with_a_damaged_vote_journal_does_not_start_until_it_may_forget() {
    let (folder, before) = folder().await;
    let file = newest(folder.path(), "simplex");
    flip(&file, 4_096 + 20);
    for _ in 0..2 {
        let error = Node::start(config(folder.path())).await.err().unwrap();
        assert!(
            matches!(&error, StartError::Votes(VotesFault::Damaged { file: named, alone: true, .. }) if *named == file),
            "{error}"
        );
    }
    let forgetting = NodeConfig { forget_votes: true, ..config(folder.path()) };
    let node = Node::start(forgetting.clone()).await.unwrap();
    assert_eq!(all_events(node.api_url()).await, before, "nothing final is forgotten");
    node.stop().await;
    let error = Node::start(forgetting).await.err().unwrap();
    assert!(matches!(error, StartError::Votes(VotesFault::Whole(_))), "{error}");
    Node::start(config(folder.path())).await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_gone_is_not_begun_again() {
    let (folder, before) = folder().await;
    let begun = |path: &Path, forget_votes| NodeConfig { begun: true, forget_votes, ..config(path) };
    let whole: [&dyn Fn(&Path); 3] =
        [&|home| fs::remove_dir_all(home).unwrap(), &|home| fs::remove_dir_all(home.join("engine")).unwrap(), &|home| {
            fs::remove_dir_all(home.join("engine/store")).unwrap()
        }];
    for remove in whole {
        let copy = copy(folder.path());
        let home = copy.path().join("node");
        fs::create_dir(&home).unwrap();
        for entry in fs::read_dir(copy.path()).unwrap().map(|entry| entry.unwrap().path()) {
            if entry != home {
                fs::rename(&entry, home.join(entry.file_name().unwrap())).unwrap();
            }
        }
        remove(&home);
        for forget in [false, true] {
            let error = Node::start(begun(&home, forget)).await.err().unwrap();
            let store = home.join("engine/store");
            assert!(matches!(&error, StartError::Votes(VotesFault::Gone(named)) if *named == store), "{error}");
            assert!(!store.exists(), "nothing is made in its place");
        }
    }
    // The folders are there, and nothing is in them; nor does it help to forget votes without being told that the chain had begun.
    let copy = copy(folder.path());
    fs::remove_dir_all(copy.path().join("engine/store")).unwrap();
    let error = Node::start(NodeConfig { forget_votes: true, ..config(copy.path()) }).await.err().unwrap();
    assert!(matches!(error, StartError::Votes(VotesFault::NoFinalBlock(_))), "{error}");
    for word in ["votes", "voted"] {
        fs::remove_file(copy.path().join("engine").join(word)).unwrap();
    }
    let error = Node::start(begun(copy.path(), false)).await.err().unwrap();
    assert!(matches!(error, StartError::Votes(VotesFault::Gone(_))), "{error}");

    let node = Node::start(begun(folder.path(), false)).await.unwrap();
    assert_eq!(all_events(node.api_url()).await, before, "one that is whole goes on");
    node.stop().await;
}
