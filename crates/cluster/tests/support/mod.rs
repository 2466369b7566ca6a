//! Daemons of several providers on one machine, in namespaces of the test's own.

#![allow(dead_code, reason = "each test file uses its own part")]

#[path = "../../../sandbox/tests/support/isolated.rs"]
pub mod isolated;
pub mod ray;

use depin_client::SigningKey;
use depin_cluster::{Clusters, Config, Member, NodeId, NodeLimits, Plan, Program, RayPython, Work};
use depin_quantity::{Name as ChainName, UnitId};
use depin_sandbox::{LogOptions, Name, Output};
use futures::StreamExt as _;
use isolated::Needs;
use std::{
    env,
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, task::JoinHandle};

const ROLE: &str = "DEPIN_CLUSTER_TEST_ROLE";

pub const NEEDS: Needs<'static> = Needs {
    programs: &["bwrap", "ip", "nft", "setpriv", "nsenter", "unshare", "python3"],
    install: "apt-get install --no-install-recommends bubblewrap iproute2 nftables util-linux python3",
    images: &[],
};

/// The role of this process in a test of several.
pub fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// A copy of this test in another role, in the same namespaces.
pub fn in_role(test: &str, role: &str) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(ROLE, role).spawn().unwrap()
}

pub fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number + 1; 32])
}

pub fn hirer() -> SigningKey {
    SigningKey::from_seed(&[200; 32])
}

pub fn chain() -> ChainName {
    ChainName::literal("test-1")
}

fn tunnel(number: u8) -> String {
    format!("127.0.0.1:{}", 4_650 + u16::from(number))
}

/// A provider's daemon.
pub struct Daemon {
    pub clusters: Clusters,
    serving: JoinHandle<()>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Opens the daemon of a provider; its tunnels listen when this returns.
pub async fn daemon(home: &Path, number: u8, python: Option<RayPython>) -> Daemon {
    let config = Config {
        key: key(number),
        chain: chain(),
        provider: Name::new(format!("p{number}")).unwrap(),
        state: home.join(format!("p{number}")),
        slots: Some(home.join("slots")),
        python,
        nodes_max: 4,
    };
    let clusters = Clusters::open(config).await.expect("bubblewrap works");
    let begun = Instant::now();
    // One of before may still be closing its own.
    let listener = loop {
        match TcpListener::bind(tunnel(number)).await {
            Ok(listener) => break listener,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(10), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let serving = clusters.clone();
    let serving = tokio::spawn(async move { serving.serve_tunnels(listener, std::future::pending()).await });
    Daemon { clusters, serving }
}

pub fn limits() -> NodeLimits {
    NodeLimits { cpus: 1, memory_bytes: 256 << 20, object_store_bytes: 0, disk_bytes: 64 << 20, processes: 128 }
}

/// The id of a hire.
pub fn hire(number: u8) -> UnitId {
    UnitId::new([number; 32])
}

/// A hire of the first so many daemons.
pub fn plan(number: u8, nodes: u8, work: Work, limits: NodeLimits) -> Plan {
    let members = (0..nodes).map(|rank| Member { account: key(rank).address(), tunnel: tunnel(rank), limits });
    Plan { hire: hire(number), hirer: hirer().address(), work, members: members.collect() }
}

/// A program in Python; how to reach others is in `node(N)` and `port(N)`.
pub fn python(script: &str) -> Work {
    const BEFORE: &str = "import os, socket, sys, time\nrank = int(os.environ['DEPIN_RANK'])\n\
                          node = lambda n: os.environ[f'DEPIN_NODE_{n}']\n\
                          port = lambda n: int(os.environ[f'DEPIN_PORTS_{n}'].split('-')[0])\n";
    let command = ["/usr/bin/python3", "-u", "-c", &format!("{BEFORE}{script}")].map(str::to_owned);
    Work::Process(Program { command: command.into(), env: vec![("GREETING".to_owned(), "hello".to_owned())] })
}

/// Begins all nodes at once, as daemons do that do not know of each other.
pub async fn begin(daemons: &[Daemon], plan: &Plan) {
    let begun = (0_u8..).zip(daemons).map(|(rank, daemon)| daemon.clusters.begin(plan.clone(), rank));
    for outcome in futures::future::join_all(begun).await {
        outcome.unwrap();
    }
}

/// What a node printed until now.
pub async fn printed(clusters: &Clusters, id: NodeId) -> String {
    let mut stream = clusters.logs(id, LogOptions::default()).await.unwrap();
    let mut text = Vec::new();
    while let Some(Ok(Output::Stdout(bytes) | Output::Stderr(bytes))) = stream.next().await {
        text.extend_from_slice(&bytes);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Waits until a node printed all of these.
pub async fn until_printed(clusters: &Clusters, id: NodeId, parts: &[&str]) -> String {
    let begun = Instant::now();
    loop {
        let text = printed(clusters, id).await;
        if parts.iter().all(|part| text.contains(part)) {
            return text;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{id} printed no {parts:?}: {text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until a node has ended; gives why.
pub async fn until_ended(clusters: &Clusters, id: NodeId) -> String {
    let begun = Instant::now();
    loop {
        let status = clusters.status(id).await.unwrap();
        if !status.running {
            return status.why;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{id} does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub fn sh(script: &str) -> String {
    let output = Command::new("sh").args(["-c", script]).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Nothing of any daemon is left: no process, namespace, mount, control group, number, folder or file of a node.
pub fn assert_nothing_left(home: &Path) {
    let home = home.display();
    assert_eq!(sh("ps -eo args | grep -E '^(bwrap|/usr/bin/python3 -u|sh -c.*folder)' | grep -v grep"), "");
    assert_eq!(sh("ls -A /run/netns /run/depin-sandbox 2>/dev/null | grep -E 'depin_|netns-'"), "");
    assert_eq!(
        sh("ls -d /sys/fs/cgroup/*/depin_sandbox/depin_p[0-9]_* /sys/fs/cgroup/depin_sandbox/depin_p[0-9]_* 2>/dev/null"),
        ""
    );
    assert_eq!(sh(&format!("mount | grep '{home}/p[0-9]/sandboxes/volumes'")), "");
    let folders = format!("{home}/p?/nodes {home}/p?/gates {home}/p?/sandboxes/bwrap/* {home}/p?/sandboxes/volumes/*");
    assert_eq!(sh(&format!("ls -A {home}/slots; for f in {folders}; do ls -A $f | grep -v '^.trial$'; done")), "");
}
