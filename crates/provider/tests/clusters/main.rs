//! Devices against a real ledger's node on loopback, with the checker that times them. An hour lasts 18 seconds here, and the work is the least.

#[path = "../../../networks/tests/clusters/least_work.rs"]
mod least_work;

use depin_client::{Client, Reach, SigningKey, Trust, api};
use depin_economy::DEVELOPMENT;
use depin_ledger::{GenesisAccount, GenesisDoc};
use depin_node::{Node, NodeConfig, NodeHandle};
use depin_provider::{
    clusters::{CheckerConfig, CheckerHandle, ClusterConfig, ClusterDevice, ClusterHandle, ClustersChecker},
    operator::OperatorConfig,
};
use depin_quantity::{Instant, Name, Units};
use depin_services::clusters::{ProcessorKind, Profile};
use least_work::least_work;
use std::{net::SocketAddr, time::Duration};
use tempfile::TempDir;

const NODE_SEED: [u8; 32] = [99; 32];
/// Who has all roles, that of the checker among them.
const CHECKER: u8 = 9;
/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(180);

fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

/// The limit lets ledger time run 200 times as fast as the wall clock.
fn network() -> String {
    least_work(&[("limit = \"1m\"", "limit = \"5s\"")])
}

fn genesis() -> GenesisDoc {
    let network_toml = network();
    let spec = depin_economy::Spec::parse(&network_toml).unwrap();
    let account = |n: u8| GenesisAccount {
        address: key(n).address(),
        name: format!("account-{n}").parse().unwrap(),
        from: DEVELOPMENT,
        // 10,000 IO, of eight places.
        amount: Units::new(1_000_000_000_000),
        token: None,
    };
    GenesisDoc {
        chain_id: Name::literal("clusters-test"),
        network: spec.network().name,
        variant: spec.network().variant,
        roles: spec.roles().into_iter().map(|role| (role, key(CHECKER).address())).collect(),
        network_toml,
        time: Instant::new(1_790_000_000_000),
        speed_max: 200,
        accounts: (1..=3).map(account).collect(),
        validators: vec![SigningKey::from_seed(&NODE_SEED).public_key()],
        beacon: None,
        randomness: None,
    }
}

struct World {
    folder: TempDir,
    _node: NodeHandle,
    client: Client,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = NodeConfig {
            speed: 200,
            pace: Duration::from_millis(20),
            heartbeat: Duration::from_millis(250),
            heartbeat_idle: Duration::ZERO,
            ..NodeConfig::single(folder.path().join("node"), genesis(), NODE_SEED)
        };
        let node = Node::start(config).await.unwrap();
        let client = Client::new(node.api_url()).unwrap();
        Self { folder, _node: node, client }
    }

    async fn checker(&self) -> CheckerHandle {
        let config = CheckerConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            folder: self.folder.path().join("checker"),
            reach: Reach::local(),
            trust: Trust::default(),
        };
        ClustersChecker::start(config, self.client.clone(), key(CHECKER)).await.unwrap()
    }

    async fn device(&self, checker: Option<String>) -> ClusterHandle {
        let operator = OperatorConfig { resync: Duration::from_secs(2), ..OperatorConfig::new(Name::literal("device")) };
        let profile = Profile {
            kind: ProcessorKind::Cpu,
            processors: 2,
            memory_mib: 1,
            disk_gib: 1,
            download_mbps: 0,
            upload_mbps: 0,
            slice: false,
        };
        let folder = self.folder.path().join("device");
        let config = ClusterConfig {
            checker,
            tunnels: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            tick: Duration::from_millis(200),
            ..ClusterConfig::new(operator, folder, profile, Vec::new())
        };
        let device = ClusterDevice::start(config, self.client.clone(), key(1)).await.unwrap();
        tokio::time::timeout(PATIENCE, device.ready()).await.unwrap_or_else(|_| panic!("{:?}", device.status()));
        device
    }

    /// Waits until the ledger's entry of a device is so.
    async fn until(&self, device: &ClusterHandle, what: &str, is_so: impl Fn(&api::ClusterDevice) -> bool) -> api::ClusterDevice {
        let begun = std::time::Instant::now();
        loop {
            let entry = self.client.clusters().device(device.device()).await.unwrap();
            if let Some(entry) = entry.filter(|entry| is_so(entry)) {
                return entry;
            }
            assert!(begun.elapsed() < PATIENCE, "{what} did not come about: {:?}", device.status());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_passes_its_hours_also_when_its_daemon_was_killed_in_between() {
    let world = World::start().await;
    let checker = world.checker().await;
    let device = world.device(Some(checker.url().to_owned())).await;
    let first = world.until(&device, "a passed hour", |entry| entry.passed_hours >= 1).await;
    assert_eq!((first.failed_hours, first.terms.accepts), (0, false));
    // As by a crash; the checker too.
    drop((device, checker));
    let checker = world.checker().await;
    let device = world.device(Some(checker.url().to_owned())).await;
    let later = world.until(&device, "another passed hour", |entry| entry.passed_hours > first.passed_hours).await;
    assert!(later.uptime >= 1);
    let status = device.status();
    assert!(status.service.last_millis.is_some_and(|millis| millis <= 5_000), "{status:?}");
    device.stop().await;
    checker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_that_failed_has_a_reason_for_its_owner() {
    let world = World::start().await;
    let device = world.device(None).await;
    world.until(&device, "a failed hour", |entry| entry.failed_hours >= 1).await;
    let begun = std::time::Instant::now();
    loop {
        let failures = device.status().service.failures;
        if let Some(last) = failures.last() {
            assert_eq!(last.reason, "unanswered");
            assert!(last.why.contains("no checker was named"), "{last:?}");
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{:?}", device.status());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    device.stop().await;
}
