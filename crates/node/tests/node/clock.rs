//! What a node says and does when its clock is wrong, was wrong, or the chain stood still.

use crate::common::{World, config};
use depin_client::Client;
use depin_engine::{End, Readings, SystemReadings};
use depin_node::{ClockConfig, Node, NodeConfig, NodeHandle, StartError};
use depin_quantity::Span;
use reqwest::StatusCode;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The machine's clocks with a wall clock that the test sets.
struct Set(AtomicI64);

impl Readings for Set {
    fn wall_ms(&self) -> u64 {
        SystemReadings.wall_ms().checked_add_signed(self.0.load(Ordering::SeqCst)).unwrap()
    }

    fn boot_ms(&self) -> u64 {
        SystemReadings.boot_ms()
    }
}

fn set(by: i64) -> Arc<Set> {
    Arc::new(Set(by.into()))
}

fn on(home: &Path, clock: &Arc<Set>, accept: bool) -> NodeConfig {
    let clock = ClockConfig { readings: clock.clone(), accept, ..ClockConfig::default() };
    NodeConfig { clock, ..config(home) }
}

async fn after(node: &NodeHandle, blocks: u64) {
    let mut tips = node.engine().finalized();
    let height = tips.borrow().height + blocks;
    let wait = tips.wait_for(|tip| tip.height >= height);
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the chain goes on").unwrap();
}

#[tokio::test]
async fn a_jump_is_told_by_status_health_and_metrics_and_ends_with_the_clock_back() {
    let clock = set(0);
    let world = World::start_with(|config| *config = on(&config.home, &clock, false)).await;
    assert!(world.node.notes().is_empty());
    for jump in [HOUR, -HOUR] {
        clock.0.store(jump, Ordering::SeqCst);
        after(&world.node, 1).await;
        let status = world.client.status().await.unwrap();
        let warning = status.clock_warning.expect("the clock is off");
        assert!((warning.off_ms + jump).abs() < 5_000 && warning.off_ms == status.clock_off_ms, "{warning:?}");
        assert!(warning.message.contains("1h") || warning.message.contains("59m"), "{warning:?}");
        assert!((status.wall_ms as i64 - SystemReadings.wall_ms() as i64).abs() < 30_000, "the jump is not stamped");
        let (code, health) = world.get("/health").await;
        assert_eq!((code, &health["ok"]), (StatusCode::OK, &true.into()), "it goes on");
        assert!((health["clock_off_ms"].as_i64().unwrap() + jump).abs() < 5_000, "{health}");
        assert!(health["clock_warning"]["message"].is_string(), "{health}");
        let (_, page) = world.get("/metrics").await;
        let page = page.as_str().unwrap().to_owned();
        let gauge = |name: &str| {
            let line = page.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}"));
            line.split(' ').nth(1).unwrap().parse::<f64>().unwrap()
        };
        assert!((gauge("depin_clock_jump_seconds ") - jump as f64 / 1e3).abs() < 5.0);
        assert!((gauge("depin_clock_off_seconds ") + jump as f64 / 1e3).abs() < 5.0);
    }
    clock.0.store(0, Ordering::SeqCst);
    let status = world.client.status().await.unwrap();
    assert_eq!((status.clock_off_ms, status.clock_warning), (0, None));
    let (_, health) = world.get("/health").await;
    assert!(health["clock_off_ms"] == 0 && health.get("clock_warning").is_none(), "{health}");
    assert_eq!(world.node.stop().await, End::Stopped);
}

#[tokio::test]
async fn a_chain_that_stood_for_a_weekend_starts_says_so_and_ages_by_one_cap() {
    let world = World::start().await;
    let before = world.client.status().await.unwrap();
    let World { folder, node, .. } = world;
    let cap = node.ledger().time_cap();
    assert_eq!(node.stop().await, End::Stopped);

    let node = Node::start(on(folder.path(), &set(5 * DAY / 2), false)).await.unwrap();
    let [note] = node.notes() else { panic!("one note, not {:?}", node.notes()) };
    assert!(note.contains("stood still for 2d 12h") && note.contains(&cap.to_string()), "{note}");
    after(&node, 2).await;
    let status = Client::new(node.api_url()).unwrap().status().await.unwrap();
    let aged = Span::from_millis(status.time_ms - before.time_ms);
    assert!(aged >= cap && aged.get() < cap.get() + 60_000, "it aged by {aged}");
    assert_eq!((status.clock_off_ms, status.clock_warning), (0, None));
    assert_eq!(node.stop().await, End::Stopped);
}

#[tokio::test]
async fn a_clock_behind_the_last_block_is_refused_until_it_is_accepted_once() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(on(folder.path(), &set(3_650 * DAY), false)).await.unwrap();
    after(&node, 1).await;
    assert_eq!(node.stop().await, End::Stopped);

    let right = set(0);
    let error = Node::start(on(folder.path(), &right, false)).await.err().expect("the clock is behind");
    let text = error.to_string();
    assert!(matches!(error, StartError::ClockBehind { height: 1.., .. }), "{text}");
    for part in ["behind the stamp of block", "3649d", "--accept-clock"] {
        assert!(text.contains(part), "{text}");
    }

    // Accepted once, it is accepted while the lead shrinks; never for a clock that is further behind.
    for accept in [true, false] {
        let node = Node::start(on(folder.path(), &right, accept)).await.unwrap();
        assert!(node.notes()[0].contains("ahead of the wall clock"), "{:?}", node.notes());
        let client = Client::new(node.api_url()).unwrap();
        let before = client.status().await.unwrap();
        assert!(before.clock_warning.expect("stamps are ahead").message.contains("half its speed"));
        after(&node, 3).await;
        let passed = client.status().await.unwrap().time_ms - before.time_ms;
        assert!(passed > 300, "ledger time goes on, not by {passed} ms");
        assert_eq!(node.stop().await, End::Stopped);
    }
    let error = Node::start(on(folder.path(), &set(-HOUR), false)).await.err().expect("it is an hour further behind");
    assert!(matches!(error, StartError::ClockBehind { .. }), "{error}");

    // Once the clock has caught up, what was accepted is forgotten.
    let node = Node::start(on(folder.path(), &set(3_651 * DAY), false)).await.unwrap();
    assert!(!folder.path().join("accepted-clock").exists());
    assert_eq!(node.stop().await, End::Stopped);
}
