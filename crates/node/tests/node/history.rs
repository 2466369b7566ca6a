//! History that a node gives up, what it says of it, and everything else, which stays.

use crate::common::{World, config, error_code, key, name, transfer};
use depin_client::{
    Client,
    api::{EventQuery, code},
    sign,
};
use depin_engine::{Readings, SystemReadings};
use depin_node::{ClockConfig, Node, NodeConfig, NodeHandle};
use depin_quantity::Units;
use reqwest::StatusCode;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(120);
/// How long the tests' nodes keep history, beside the last 64 blocks.
const KEEP: Duration = Duration::from_millis(600);

fn short(home: &Path) -> NodeConfig {
    let (heartbeat, pace) = (Duration::from_millis(5), Duration::from_millis(5));
    NodeConfig { heartbeat, pace, keep_history: Some(KEEP), ..config(home) }
}

/// Waits until history begins at `block` or later.
async fn given_up(client: &Client, block: u64) -> depin_client::api::History {
    let waiting = async {
        loop {
            let history = client.status().await.unwrap().history;
            if history.block >= block {
                return history;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("history is given up")
}

async fn events(client: &Client, from: Option<u64>) -> Vec<(u64, u64)> {
    let query = EventQuery { from, limit: Some(1_000), ..EventQuery::default() };
    client.events(&query).await.unwrap().items.iter().map(|event| (event.position, event.height)).collect()
}

#[tokio::test]
async fn what_was_given_up_is_told_with_where_history_begins_and_how_to_keep_it() {
    let world = World::start_with(|config| *config = short(&config.home)).await;
    let early = world.send(&key(3), transfer(key(4).address(), 7)).await;
    let history = given_up(&world.client, early.receipt.as_ref().unwrap().height + 1).await;
    assert!(history.event > 0);
    let last_event = history.event - 1;
    let told = [
        "/v1/blocks/1".to_owned(),
        "/v1/blocks?after=2".to_owned(),
        "/v1/events?from=0".to_owned(),
        format!("/v1/events?from={last_event}"),
        "/v1/events/stream?from=0".to_owned(),
    ];
    for path in told {
        let (status, answer) = world.get(&path).await;
        assert_eq!((status, error_code(&answer).as_str()), (StatusCode::GONE, "pruned"), "{path}: {answer}");
        let (message, hint) = (answer["error"]["message"].as_str().unwrap(), answer["error"]["hint"].as_str().unwrap());
        assert!(message.contains("begins at block") && hint.contains("--keep-history all"), "{message}; {hint}");
    }
    // Who does not say from where begins where history does.
    let page = loop {
        world.send(&key(3), transfer(key(4).address(), 1)).await;
        let page = events(&world.client, None).await;
        if !page.is_empty() {
            break page;
        }
    };
    let history = world.client.status().await.unwrap().history;
    assert!(page.iter().zip(page[0].0..).all(|((position, _), expected)| *position == expected), "{page:?}");
    assert!(page[0].0 <= history.event && page[0].1 > 0);
    let (status, blocks) = world.get("/v1/blocks?limit=100").await;
    assert_eq!((status, blocks["items"].as_array().unwrap().is_empty()), (StatusCode::OK, false));
    let (status, answer) = world.get(&format!("/v1/transactions/{}", early.id)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(answer["error"]["hint"].as_str().unwrap().contains("where the history of this node begins"), "{answer}");
    let (status, audit) = world.get("/v1/audit").await;
    assert_eq!((status, &audit["ok"]), (StatusCode::OK, &true.into()));
    let account = world.client.account(key(3).address()).await.unwrap();
    assert!(account.next_nonce > 1, "a nonce is no history");
    // The newest blocks stay however old they are.
    let height = world.client.status().await.unwrap().height;
    assert_eq!(world.get(&format!("/v1/blocks/{}", height - 40)).await.0, StatusCode::OK);
}

async fn restarted(home: &Path, change: impl FnOnce(&mut NodeConfig)) -> (NodeHandle, Client) {
    let mut config = short(home);
    change(&mut config);
    let node = Node::start(config).await.unwrap();
    let client = Client::new(node.api_url()).unwrap();
    (node, client)
}

#[tokio::test]
async fn a_restart_finds_the_same_rows_and_the_same_positions_whatever_of_the_files_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let (node, client) = restarted(home, |_| {}).await;
    given_up(&client, 50).await;
    node.stop().await;
    // What was under way when it stopped is given up after a heartbeat, so this one is short; no more history is given up.
    let (node, client) = restarted(home, |config| (config.heartbeat, config.keep_history) = (Duration::from_secs(5), None)).await;
    // No block comes by itself from then on, so the rows are those of the last one.
    let rest = |config: &mut NodeConfig| (config.heartbeat, config.keep_history) = (Duration::from_secs(3_600), None);
    let sent = sign(
        &key(3),
        name("test-chain"),
        0,
        Units::new(crate::common::FIL / 1_000_000),
        Units::ZERO,
        transfer(key(4).address(), 7),
    );
    assert!(client.post_transaction(&sent, true).await.unwrap().receipt.is_some(), "it is final");
    let ledger = node.ledger().clone();
    node.stop().await;
    let content = ledger.content_digest().unwrap();

    let mut before = None;
    for lost in ["nothing", "index.sqlite", "a digit of history.json", "history.json"] {
        match lost {
            "a digit of history.json" => {
                let path = home.join("history.json");
                let text = fs::read_to_string(&path).unwrap();
                let at = text.find("\"height\":").expect("the height") + "\"height\":".len();
                fs::write(&path, format!("{}9{}", &text[..at], &text[at + 1..])).unwrap();
            }
            "index.sqlite" => depin_node::Index::delete(&home.join(lost)).unwrap(),
            "history.json" => fs::remove_file(home.join(lost)).unwrap(),
            _ => {}
        }
        let (node, client) = restarted(home, rest).await;
        let mut tips = node.engine().finalized();
        let there = tips.wait_for(|tip| tip.height >= content.height);
        tokio::time::timeout(PATIENCE, there).await.expect("the last block is there").unwrap();
        assert_eq!(node.ledger().content_digest().unwrap(), content, "{lost} lost");
        assert!(node.ledger().audit().ok);
        let mut marks = node.index().watch();
        let read = marks.wait_for(|marks| marks.height >= content.height);
        tokio::time::timeout(PATIENCE, read).await.expect("the index reads it").unwrap();
        let found = (client.status().await.unwrap().history, events(&client, None).await);
        assert!(found.0.block >= 50 && found.1[0].0 == found.0.event, "{lost} lost: {:?}", found.0);
        assert_eq!(*before.get_or_insert_with(|| found.clone()), found, "{lost} lost");
        let refused = client.events(&EventQuery { from: Some(0), ..EventQuery::default() }).await.unwrap_err();
        assert_eq!(refused.code(), Some(code::PRUNED), "{lost} lost");
        node.stop().await;
    }
}

/// The wall clock, so many days later.
struct Later(u64);

impl Readings for Later {
    fn wall_ms(&self) -> u64 {
        SystemReadings.wall_ms() + self.0 * 86_400_000
    }

    fn boot_ms(&self) -> u64 {
        SystemReadings.boot_ms()
    }
}

#[tokio::test]
async fn a_node_that_runs_for_moments_gives_up_what_is_days_old_by_the_wall_clock() {
    let folder = tempfile::tempdir().unwrap();
    let day = Some(Duration::from_secs(86_400));
    let (node, _) = restarted(folder.path(), |config| config.keep_history = day).await;
    tokio::time::timeout(PATIENCE, reached(&node, 100)).await.expect("it makes blocks");
    let before = node.engine().finalized().borrow().height;
    node.stop().await;
    // Nine days later: all of that is too old, but for the last blocks.
    let clock = || ClockConfig { readings: Arc::new(Later(9)), ..ClockConfig::default() };
    let (node, client) = restarted(folder.path(), |config| (config.keep_history, config.clock) = (day, clock())).await;
    tokio::time::timeout(PATIENCE, reached(&node, before + 80)).await.expect("it makes blocks");
    let waited = Instant::now();
    let history = given_up(&client, 2).await;
    assert!(waited.elapsed() < Duration::from_secs(60), "after {:?}", waited.elapsed());
    assert!(history.block > 30 && history.event > 0, "{history:?}");
    node.stop().await;
}

async fn reached(node: &NodeHandle, height: u64) {
    node.engine().finalized().wait_for(|tip| tip.height >= height).await.unwrap();
}

/// Tells the test binary to be the node, in the folder named.
const FOLDER: &str = "DEPIN_NODE_TEST_HISTORY";

/// Not a test by itself: the process that is killed. Sends one transfer after another and prints how many are final.
#[test]
fn node_that_is_killed_while_it_gives_up_history() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (_node, client) = restarted(Path::new(&folder), |_| {}).await;
        loop {
            let nonce = client.account(key(3).address()).await.unwrap().next_nonce;
            let body = transfer(key(4).address(), 1);
            let sent = sign(&key(3), name("test-chain"), nonce, Units::new(crate::common::FIL / 1_000_000), Units::ZERO, body);
            client.post_transaction(&sent, true).await.unwrap();
            println!("final {} {}", nonce + 1, client.status().await.unwrap().history.block);
        }
    });
}

/// Starts it, kills it when it has given up some history since its start and a little later, and returns how many transfers it called
/// final.
fn live_and_die(folder: &Path, moment: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "history::node_that_is_killed_while_it_gives_up_history", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = lines.filter_map(|line| {
        let mut words =
            line.unwrap().split_once("final ")?.1.split(' ').map(|word| word.parse::<u64>().unwrap()).collect::<Vec<_>>();
        words.pop().zip(words.pop())
    });
    let (mut begun, mut sent) = (None, 0);
    for (block, count) in told {
        sent = count;
        if block > *begun.get_or_insert(block) + 20 {
            break;
        }
    }
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(sent > 0, "the node made progress");
    sent
}

#[test]
fn a_node_killed_again_and_again_while_it_gives_up_history_loses_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut sent = 0;
    for round in 0..5 {
        let now = live_and_die(folder.path(), Duration::from_millis(7 * round));
        assert!(now > sent, "each life goes on where the last one ended");
        sent = now;
    }
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (node, client) = restarted(folder.path(), |config| config.keep_history = None).await;
        let sender = client.account(key(3).address()).await.unwrap();
        assert!(sender.next_nonce >= sent, "{} of {sent} transfers", sender.next_nonce);
        let received = node.ledger().read(|state| depin_economy::wallet(state, key(4).address(), name("FIL")).held);
        let own = Units::new(1_000 * crate::common::FIL + u128::from(sender.next_nonce));
        assert_eq!(received, own, "each transfer counted once");
        assert!(node.ledger().audit().ok);
        let history = client.status().await.unwrap().history;
        assert!(history.block > 20);
        let page = events(&client, None).await;
        assert_eq!(page[0].0, history.event);
        assert!(page.iter().zip(history.event..).all(|((position, _), expected)| *position == expected));
        for height in [history.block, history.block + 1] {
            assert!(node.engine().block(height).await.unwrap().is_some(), "block {height}");
        }
        node.stop().await;
    });
}
