//! Three nodes of Ray, used through the proxy.

use super::{Daemon, chain, daemon, hirer, key, printed};
use depin_client::cluster::{Claims, mint};
use depin_cluster::{NodeId, RayPython, proxy_limits};
use depin_quantity::UnitId;
use depin_serve::{Port, json, serve};
use futures::StreamExt as _;
use serde_json::{Value, json as value};
use std::{
    env,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant, SystemTime},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};

/// The hire of these tests.
pub const HIRE: UnitId = UnitId::new([7; 32]);

/// Says loudly that nothing was tested, and fails where Ray was promised (`DEPIN_TEST_RAY=required`).
pub fn promised(test: &str, why: &str) {
    eprintln!("\n*** {test} TESTED NOTHING: {why} ***\n");
    assert!(env::var_os("DEPIN_TEST_RAY").is_none_or(|value| value != "required"), "{why}");
}

pub struct World {
    pub daemons: Vec<Daemon>,
    pub at: SocketAddr,
    pub client: reqwest::Client,
}

pub async fn world(home: &Path, python: &RayPython) -> World {
    let mut daemons = Vec::new();
    for number in 0..3 {
        daemons.push(daemon(home, number, Some(python.clone())).await);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = daemons[0].clusters.routes();
    tokio::spawn(serve(listener, router, Port::new("clusters", proxy_limits(), json), std::future::pending()));
    World { daemons, at, client: reqwest::Client::builder().no_proxy().build().unwrap() }
}

pub fn token() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    mint(&hirer(), &Claims::new(&hirer(), key(0).address(), chain(), HIRE, now)).unwrap()
}

/// The command of a job that runs a script.
pub fn entry(script: &str) -> String {
    use std::fmt::Write as _;
    let hex = script.bytes().fold(String::new(), |mut all, byte| {
        let _ = write!(all, "{byte:02x}");
        all
    });
    format!("python -c \"exec(bytes.fromhex('{hex}').decode())\"")
}

impl World {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/cluster/{HIRE}{path}", self.at)
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(self.url(path)).bearer_auth(token()).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn submit(&self, script: &str) -> String {
        let entry = entry(script);
        let sent = self.client.post(self.url("/api/jobs/")).bearer_auth(token()).json(&value!({ "entrypoint": entry })).send();
        let answer = sent.await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str::<Value>(&text).unwrap()["submission_id"].as_str().unwrap().to_owned()
    }

    pub async fn until_over(&self, job: &str) -> (String, String) {
        let begun = Instant::now();
        loop {
            let status = self.get(&format!("/api/jobs/{job}")).await["status"].as_str().unwrap().to_owned();
            if !["PENDING", "RUNNING"].contains(&status.as_str()) {
                let logs = self.get(&format!("/api/jobs/{job}/logs")).await["logs"].as_str().unwrap_or_default().to_owned();
                return (status, logs);
            }
            assert!(begun.elapsed() < Duration::from_secs(90), "job {job} does not end");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// The log of a job as it is written, to its end.
    pub async fn follow(&self, job: &str) -> Vec<String> {
        let path = format!("ws://{}/cluster/{HIRE}/api/jobs/{job}/logs/tail", self.at);
        let mut request = path.into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {}", token()).parse().unwrap());
        let stream = TcpStream::connect(self.at).await.unwrap();
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        let mut pieces = Vec::new();
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Text(text) = message {
                pieces.push(text.to_string());
            }
        }
        pieces
    }
}

pub async fn ready(world: &World) {
    let head = &world.daemons[0].clusters;
    let (readiness, took) = head.until_ready(HIRE, Duration::from_secs(150)).await.unwrap();
    eprintln!("{} of {} nodes after {took:?}", readiness.alive, readiness.of);
    if !readiness.is_ready() {
        for (rank, daemon) in (0..).zip(&world.daemons) {
            let id = NodeId::new(HIRE, rank);
            eprintln!("{id}: {:?}\n{}", daemon.clusters.status(id).await, printed(&daemon.clusters, id).await);
        }
        panic!("{readiness:?}");
    }
}
