//! What a node says while no block comes.

use crate::common::{World, config, error_code, key, transfer};
use depin_engine::{Readings, SystemReadings};
use depin_node::ClockConfig;
use reqwest::StatusCode;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, ThreadId},
    time::Duration,
};

/// The machine's clocks, at which every thread hangs but one while they are `stuck`: the engine then makes no block.
struct Stuck {
    stuck: AtomicBool,
    free: ThreadId,
}

impl Readings for Stuck {
    fn wall_ms(&self) -> u64 {
        while self.stuck.load(Ordering::SeqCst) && thread::current().id() != self.free {
            thread::sleep(Duration::from_millis(5));
        }
        SystemReadings.wall_ms()
    }

    fn boot_ms(&self) -> u64 {
        SystemReadings.boot_ms()
    }
}

#[tokio::test]
async fn no_block_for_ten_heartbeats_is_unwell_until_one_comes() {
    let clock = Arc::new(Stuck { stuck: false.into(), free: thread::current().id() });
    let readings = clock.clone();
    let world = World::start_with(|config_| {
        *config_ = config(&config_.home);
        config_.heartbeat = Duration::from_millis(100);
        config_.clock = ClockConfig { readings, ..ClockConfig::default() };
    })
    .await;
    assert_eq!(world.get("/health").await.0, StatusCode::OK);
    assert_eq!(world.client.status().await.unwrap().stalled, None);

    clock.stuck.store(true, Ordering::SeqCst);
    let unwell = async {
        loop {
            let (status, health) = world.get("/health").await;
            if status != StatusCode::OK {
                return (status, health);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (status, health) = tokio::time::timeout(Duration::from_secs(60), unwell).await.expect("it says so");
    assert_eq!((status, error_code(&health).as_str()), (StatusCode::SERVICE_UNAVAILABLE, "stalled"), "{health}");
    let stalled = world.client.status().await.unwrap().stalled.expect("status says so too");
    for part in [&format!("block {}", stalled.height), "within 1s", "log", "disk"] {
        assert!(stalled.message.contains(part), "{part}: {}", stalled.message);
    }
    let age = depin_engine::SystemReadings.wall_ms().abs_diff(stalled.since_ms);
    assert!((1_000..120_000).contains(&age), "{age} ms");
    let (_, metrics) = world.get("/metrics").await;
    let seconds = metrics.as_str().unwrap().lines().find_map(|line| line.strip_prefix("depin_block_age_seconds "));
    assert!(seconds.unwrap().parse::<f64>().unwrap() >= 1.0, "{seconds:?}");

    clock.stuck.store(false, Ordering::SeqCst);
    world.send(&key(3), transfer(key(4).address(), 1)).await;
    assert_eq!(world.get("/health").await.0, StatusCode::OK);
    assert_eq!(world.client.status().await.unwrap().stalled, None);
}
