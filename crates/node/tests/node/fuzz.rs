//! Random requests: whatever comes, the answer is well-formed and never the node's fault, and the node lives on.
//!
//! The seed is printed; `DEPIN_FUZZ_SEED` runs one again, `DEPIN_FUZZ_REQUESTS` sets how many.

use crate::common::{World, error_code, key, transfer};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use reqwest::Method;
use std::env;

const PATHS: &[&str] = &[
    "/health",
    "/metrics",
    "/openapi.json",
    "/v1/status",
    "/v1/content",
    "/v1/accounts",
    "/v1/accounts/{}",
    "/v1/transactions",
    "/v1/transactions/batch",
    "/v1/transactions/{}",
    "/v1/events",
    "/v1/blocks",
    "/v1/blocks/{}",
    "/v1/supply",
    "/v1/prices",
    "/v1/network",
    "/v1/audit",
    "/v1/storage/providers",
    "/v1/storage/providers/{}",
    "/v1/storage/deals",
    "/v1/storage/deals/{}",
    "/v1/storage/sets",
    "/v1/storage/faults",
    "/v1/storage/quote",
    "/v1/{}",
    "/{}/{}",
];
const PARAMETERS: &[&str] = &[
    "after",
    "limit",
    "from",
    "kind",
    "account",
    "subject",
    "wait",
    "client",
    "provider",
    "state",
    "size_bytes",
    "term_epochs",
    "copies",
    "x",
];
const METHODS: &[&str] = &["GET", "GET", "GET", "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "BREW"];

struct Fuzz {
    rng: StdRng,
    transaction: Vec<u8>,
}

impl Fuzz {
    fn value(&mut self) -> String {
        match self.rng.random_range(0..12) {
            0 => String::new(),
            1 => self.rng.random::<u64>().to_string(),
            2 => self.rng.random_range(0..200u32).to_string(),
            3 => format!("-{}", self.rng.random::<u32>()),
            4 => "9".repeat(self.rng.random_range(1..60)),
            5 => hex::encode(self.rng.random::<[u8; 32]>()),
            6 => key(self.rng.random_range(1..9)).address().to_string(),
            7 => format!("{}:{}", key(1).address(), self.rng.random::<u32>()),
            8 => ["final", "active", "posting", "storage,economy", "2-of-3", ",", "null", "true", "1e9", "0x10"]
                .choose(&mut self.rng)
                .map_or_else(String::new, |text| (*text).to_owned()),
            9 => (0..self.rng.random_range(1..40)).map(|_| format!("%{:02x}", self.rng.random::<u8>())).collect(),
            10 => "a".repeat(self.rng.random_range(1..3_000)),
            _ => (0..self.rng.random_range(1..20))
                .map(|_| char::from(self.rng.random_range(b'!'..=b'~')))
                .filter(|c| !"#?/\\%&+\"<>^`{|}".contains(*c))
                .collect(),
        }
    }

    fn target(&mut self) -> String {
        let mut path = (*PATHS.choose(&mut self.rng).unwrap()).to_owned();
        while let Some(at) = path.find("{}") {
            let value = self.value();
            path.replace_range(at..at + 2, &value);
        }
        for i in 0..self.rng.random_range(0..4) {
            let name = *PARAMETERS.choose(&mut self.rng).unwrap();
            let value = self.value();
            path += &format!("{}{name}={value}", if i == 0 { '?' } else { '&' });
        }
        path
    }

    fn body(&mut self) -> Option<Vec<u8>> {
        let mutated = {
            let mut bytes = self.transaction.clone();
            for _ in 0..self.rng.random_range(0..4) {
                let at = self.rng.random_range(0..bytes.len());
                bytes[at] = self.rng.random();
            }
            bytes.truncate(self.rng.random_range(1..=bytes.len()));
            bytes
        };
        Some(match self.rng.random_range(0..8) {
            0 => return None,
            1 => (0..self.rng.random_range(0..400)).map(|_| self.rng.random()).collect(),
            2 => b"[".repeat(self.rng.random_range(1..100_000)),
            3 => format!("{{\"transaction\":\"{}\"}}", self.value()).into_bytes(),
            6 => format!("{{\"transactions\":[\"{}\",\"{}\"]}}", self.value(), hex::encode(&mutated)).into_bytes(),
            7 => {
                let whole = hex::encode(&self.transaction);
                format!("{{\"transactions\":[\"{whole}\",\"{}\",\"{whole}\"]}}", hex::encode(&mutated)).into_bytes()
            }
            4 => format!("{{\"transaction\":\"{}\",\"{}\":1}}", hex::encode(&mutated), self.rng.random::<u8>()).into_bytes(),
            _ => format!("{{\"transaction\":\"{}\"}}", hex::encode(&mutated)).into_bytes(),
        })
    }
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test]
async fn no_request_makes_the_node_fail() {
    let seed = setting("DEPIN_FUZZ_SEED", 20_261_122);
    println!("DEPIN_FUZZ_SEED={seed}");
    let world = World::start().await;
    let transaction = world.transaction(&key(1), transfer(key(2).address(), 1)).await.encode();
    let mut fuzz = Fuzz { rng: StdRng::seed_from_u64(seed), transaction };
    let mut refused = 0;
    for n in 0..setting("DEPIN_FUZZ_REQUESTS", 1_500) {
        let (target, body) = (fuzz.target(), fuzz.body());
        let method: Method = METHODS.choose(&mut fuzz.rng).unwrap().parse().unwrap();
        let what = format!("request {n} of seed {seed}: {method} {target}");
        // What waits for finality waits for half a minute when it never comes; that is tested elsewhere.
        if target.contains("wait=final") {
            continue;
        }
        let mut request = world.http.request(method.clone(), format!("{}{target}", world.node.api_url()));
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let status = response.status();
        assert!(!status.is_server_error(), "{what}: {status}");
        if status.is_client_error() {
            refused += 1;
            if method != Method::HEAD && !target.is_empty() {
                let text = response.text().await.unwrap();
                let answer = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{what}: {status} {text}"));
                assert!(!error_code(&answer).is_empty(), "{what}: {text}");
            }
        }
    }
    assert!(refused > 100);
    world.client.health().await.unwrap();
    world.send(&key(3), transfer(key(4).address(), 1)).await;
    assert!(world.client.audit().await.unwrap().ok);
}
