//! Strangers at every port of a running `depin up`, all kinds at once: blocks go on, transfers, files and `/health` are answered.
//!
//! Times are not judged, for a test runs on busy machines; their ratio to quiet ones is printed. `DEPIN_STORM=SECONDS` makes it longer.

mod support;

use depin_client::{Client, Sender, SigningKey};
use depin_economy::Action;
use depin_ledger::Message;
use depin_quantity::{Address, Name, Units};
use depin_services::storage::piece::Hasher;
use serde_json::Value;
use std::{
    fs,
    future::Future,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use support::{
    at,
    network::{S3, Up, content, s3_of},
    strangers::{Kind, Strangers, ask, request, signed_head, stranger, upload_head},
};

/// Longest that one honest thing may take while strangers are there.
const PATIENCE: Duration = Duration::from_secs(150);
/// Longest that one try of it may take. A connection that meets a full queue of the system hears so only by its silence.
const TRY: Duration = Duration::from_secs(25);
const BUCKET: &str = "honest";
/// Strangers that have tokens.
const FUNDED: u64 = 8;
/// Most that the process's memory may grow by while strangers are there, MiB: what their connections, unread answers and the caches that
/// they fill take at most. A fast binary takes 150 more within the first minute, and grows by a tenth in twenty.
const GROWTH: u64 = 500;
/// How long memory of strangers that are gone may be kept.
const GIVEN_BACK: Duration = Duration::from_secs(60);
/// What a process may open at start, and what it may raise that to.
const FILES: (u64, u64) = (1_024, 4_096);
/// Files that all strangers need, with room to spare.
const ALL: u64 = 12_000;
/// Payload of the piece that strangers ask for and do not read.
const PIECE: usize = 127 << 14;

/// Where everything is.
struct Places {
    api: SocketAddr,
    s3: SocketAddr,
    providers: Vec<(SocketAddr, Address)>,
    chain_id: Name,
}

impl Places {
    fn of(endpoints: &Value) -> Self {
        let socket = |url: &Value| url.as_str().unwrap().trim_start_matches("http://").parse().unwrap();
        let providers = endpoints["providers"].as_array().unwrap().iter();
        Self {
            api: socket(&endpoints["api"]),
            s3: socket(&s3_of(endpoints)["url"]),
            providers: providers.map(|one| (socket(&one["url"]), one["address"].as_str().unwrap().parse().unwrap())).collect(),
            chain_id: endpoints["chain_id"].as_str().unwrap().parse().unwrap(),
        }
    }

    fn ports(&self) -> impl Iterator<Item = SocketAddr> {
        [self.api, self.s3].into_iter().chain(self.providers.iter().map(|(address, _)| *address))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_transfers_and_files_go_on_amid_strangers() {
    let allowed = depin_serve::raise().now;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let (up, endpoints) = Up::start_with_files(&home, &[], FILES).await;
    let places = Places::of(&endpoints);
    let honest = Honest::new(&home, &endpoints);
    assert!(honest.s3.make_bucket(BUCKET).await.unwrap().is_success());
    let mut quiet = Times::default();
    for round in 0..4 {
        honest.round(round, &mut quiet).await;
    }
    for number in 0..FUNDED {
        honest.give(stranger(number).address()).await;
    }
    let (before, memory) = (honest.height().await, resident(&up));

    let strangers = all_kinds(&places, allowed).await;
    let begun = Instant::now();
    let storm =
        std::env::var("DEPIN_STORM").ok().and_then(|text| text.parse().ok()).map_or(Duration::from_secs(30), Duration::from_secs);
    let (mut amid, mut round, mut most) = (Times::default(), 4, memory);
    while begun.elapsed() < storm || round < 8 {
        honest.round(round, &mut amid).await;
        well(&places).await;
        most = most.max(resident(&up));
        round += 1;
    }
    let (took, after) = (begun.elapsed(), honest.height().await);
    println!("{}", strangers.printed());
    println!("{} blocks in {took:?}; times against quiet ones: {}", after - before, amid.against(&quiet));
    println!("{memory} MiB of memory before, at most {most} MiB");
    assert!(most - memory < GROWTH, "{memory} MiB of memory became {most} MiB");
    assert!(after - before >= took.as_secs() / 4, "{} blocks in {took:?}", after - before);
    counted(&places).await;
    told_of_files(&up);
    drop(strangers);
    tokio::time::sleep(GIVEN_BACK).await;
    let kept = resident(&up);
    assert_eq!(at(&home, &["audit", "--json"]).json()["ok"], true);
    assert!(up.stop().await.success());

    let (up, endpoints) = Up::start_with_files(&home, &[], FILES).await;
    let honest = Honest::new(&home, &endpoints);
    honest.all_back(round).await;
    assert_eq!(at(&home, &["audit", "--json"]).json()["ok"], true);
    given_back(kept, memory, resident(&up));
    assert!(up.stop().await.success());
}

/// Memory that a process has now, MiB.
fn resident(up: &Up) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", up.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}

/// What strangers leave in memory: it is within one and a half of what the process had before they came, or of what one that met none
/// takes with the same files, which honest clients put there meanwhile.
fn given_back(kept: u64, before: u64, alone: u64) {
    println!("{kept} MiB {GIVEN_BACK:?} after they are gone; a process that met none takes {alone} MiB with the same files");
    assert!(
        kept <= before.max(alone) * 3 / 2,
        "{kept} MiB are kept of strangers that are gone; it was {before}, and {alone} without them"
    );
}

/// The limit was raised to the hard one, and it is said that it is too low for all that ports would use.
fn told_of_files(up: &Up) {
    let limits = fs::read_to_string(format!("/proc/{}/limits", up.child.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft: u64 = line.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert_eq!(soft, FILES.1, "{line}");
    assert!(up.printed().contains("fewer open files"), "{}", up.printed());
}

/// Sends them all; fewer where this process may open fewer files than they need.
async fn all_kinds(places: &Places, allowed: u64) -> Strangers {
    let piece = store_piece(places).await;
    let mut strangers = Strangers::default();
    let of = |count: usize| (count * usize::try_from(allowed.min(ALL)).unwrap()).div_ceil(usize::try_from(ALL).unwrap());
    let says = |text: &str| Kind::Says(text.into());
    for port in places.ports() {
        for text in ["", "G", "GET /health HTTP/1.1\r\nHost: x\r\nX-"] {
            strangers.send(of(300), port, &says(text));
        }
    }
    for number in 0..128 {
        let (port, address) = places.providers[number % places.providers.len()];
        // Every other one has nothing, and is refused for it.
        let key = stranger(if number % 2 == 0 { number as u64 % FUNDED } else { FUNDED + number as u64 });
        let chain_id = places.chain_id;
        let head = move || upload_head(&key, chain_id, address, 100_000, number as u64) + "xxxx";
        strangers.send(1, port, &Kind::Drips(Arc::new(head)));
    }
    for (port, _) in &places.providers {
        let unread = format!("GET /pieces/{piece} HTTP/1.1\r\nHost: x\r\n\r\n");
        strangers.send(of(1_024).div_ceil(places.providers.len()), *port, &says(&unread));
    }
    let body = "POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";
    strangers.send(of(2_060), places.api, &Kind::Drips(Arc::new(|| body.to_owned())));
    strangers.send(of(512), places.api, &says("GET /v1/events/stream?from=0 HTTP/1.1\r\nHost: x\r\n\r\n"));
    strangers
}

/// A stranger's piece at every provider.
async fn store_piece(places: &Places) -> String {
    let payload = content(99, PIECE);
    let mut hasher = Hasher::new();
    hasher.update(&payload);
    let (cid, _) = hasher.finish().unwrap();
    let key = stranger(0);
    for (port, address) in &places.providers {
        let head = signed_head(&key, &request(places.chain_id, *address, cid, payload.len() as u64));
        let answer = ask(*port, &head, &payload).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    cid.to_string()
}

/// Every port says that it is well, and shows its counters.
async fn well(places: &Places) {
    for port in places.ports() {
        let prefix = if port == places.s3 { "/_depin" } else { "" };
        for path in ["health", "metrics"] {
            let head = format!("GET {prefix}/{path} HTTP/1.1\r\nHost: x\r\n\r\n");
            within(&format!("{path} of {port}"), || async {
                ask(port, &head, b"").await.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
            })
            .await;
        }
    }
}

/// The ports say whom they cut off.
async fn counted(places: &Places) {
    let page = ask(places.api, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"").await.unwrap();
    let evicted = page.lines().find_map(|line| line.strip_prefix("depin_http_evicted_total{port=\"api\"} ")).unwrap();
    assert!(evicted.parse::<u64>().unwrap() > 0, "{page}");
}

/// Tries until it is done; gives the time that it took. Honest clients try again as well.
async fn within<F: Future<Output = bool>>(what: &str, mut done: impl FnMut() -> F) -> Duration {
    let begun = Instant::now();
    loop {
        if tokio::time::timeout(TRY, done()).await.unwrap_or(false) {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < PATIENCE, "{what} is not answered");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Somebody who uses the network as it is meant.
struct Honest {
    s3: S3,
    client: Client,
    sender: Sender,
}

impl Honest {
    fn new(home: &Path, endpoints: &Value) -> Self {
        let file: Value = serde_json::from_slice(&fs::read(home.join("wallet/customer.key")).unwrap()).unwrap();
        let seed = hex::decode(file["secret_key"].as_str().unwrap()).unwrap();
        let key = SigningKey::from_seed(&seed.try_into().unwrap());
        let client = Client::new(endpoints["api"].as_str().unwrap()).unwrap();
        Self { s3: S3::new(endpoints), sender: Sender::new(client.clone(), key), client }
    }

    async fn give(&self, to: Address) {
        let transfer = Action::Transfer { to, token: Name::literal("FIL"), amount: Units::new(1_000_000_000_000_000_000) };
        self.sender.submit(Message::Act(transfer)).await.unwrap();
    }

    async fn height(&self) -> u64 {
        let begun = Instant::now();
        loop {
            match self.client.status().await {
                Ok(status) => return status.height,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
            }
        }
    }

    /// Every file that was acknowledged is there, as it was.
    async fn all_back(&self, rounds: u64) {
        for round in 0..rounds {
            let (status, body) = self.s3.get(BUCKET, &format!("file-{round}")).await.unwrap();
            assert!(status.is_success() && body == content(round, 200_000), "file-{round} is lost: {status}");
        }
    }

    /// One transfer that becomes final, one file in, the same out, one event stream opened.
    async fn round(&self, round: u64, times: &mut Times) {
        let to = Address::new([7; 32]);
        let token = Name::literal("FIL");
        let transfer = || Message::Act(Action::Transfer { to, token, amount: Units::new(1) });
        times.transfer.push(within("a transfer", || async { self.sender.submit(transfer()).await.is_ok() }).await);
        let (key, bytes) = (format!("file-{round}"), content(round, 200_000));
        let put = || async { self.s3.put(BUCKET, &key, bytes.clone()).await.is_ok_and(|status| status.is_success()) };
        times.put.push(within("a PUT", put).await);
        let get = || async { self.s3.get(BUCKET, &key).await.is_ok_and(|(status, body)| status.is_success() && body == bytes) };
        times.get.push(within("a GET", get).await);
        let stream = || async {
            let answer = reqwest::Client::builder()
                .no_proxy()
                .build()
                .unwrap()
                .get(format!("{}/v1/events/stream", self.client.url()))
                .send()
                .await;
            match answer {
                Ok(mut answer) => answer.status().is_success() && answer.chunk().await.is_ok_and(|chunk| chunk.is_some()),
                Err(_) => false,
            }
        };
        times.stream.push(within("an event stream", stream).await);
    }
}

#[derive(Default)]
struct Times {
    transfer: Vec<Duration>,
    put: Vec<Duration>,
    get: Vec<Duration>,
    stream: Vec<Duration>,
}

impl Times {
    fn against(&self, quiet: &Self) -> String {
        let median = |times: &[Duration]| {
            let mut times = times.to_vec();
            times.sort_unstable();
            times[times.len() / 2].as_secs_f64()
        };
        let rows = [
            ("transfer", &self.transfer, &quiet.transfer),
            ("PUT", &self.put, &quiet.put),
            ("GET", &self.get, &quiet.get),
            ("event stream", &self.stream, &quiet.stream),
        ];
        let text = rows.map(|(name, amid, quiet)| {
            let (amid, quiet) = (median(amid), median(quiet));
            format!("{name} {:.0} ms / {:.0} ms = {:.1}", amid * 1e3, quiet * 1e3, amid / quiet)
        });
        text.join(", ")
    }
}
