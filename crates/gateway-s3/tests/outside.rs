//! The gateway and the world outside its process: providers over HTTP, kills, other people's clients.

mod kit;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::put,
};
use depin_client::Reach;
use depin_gateway_s3::{Gateway, HttpShards, Progress, Provider, ShardError, Shards as _, Signer, SystemClock, request_message};
use depin_services::storage::piece::{Commitment, PieceSize};
use kit::{ACCESS, FolderProviders, LocalMarket, S3Client, SECRET, noise, sha256_hex, small};
use reqwest::Method;
use sha2::{Digest as _, Sha512};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Not a signature scheme: the server below can compute the same, which is all that these tests need to see what was signed.
struct HashSigner;

impl Signer for HashSigner {
    fn address(&self) -> String {
        "depin1client".to_owned()
    }

    fn public_key(&self) -> [u8; 32] {
        [7; 32]
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        Sha512::digest(message).into()
    }
}

/// A piece of zeros, of one of many sizes.
fn piece(power: u32) -> Commitment {
    Commitment::of_zeros(PieceSize::new(128 << power).unwrap())
}

/// A provider that keeps pieces in memory and checks what requests claim.
#[derive(Default)]
struct WebProvider {
    pieces: Mutex<BTreeMap<String, Bytes>>,
    answer: Mutex<Option<(u16, &'static str)>>,
}

const ADDRESS: depin_quantity::Address = depin_quantity::Address::new([9; 32]);
const CHAIN: &str = "test-chain";

impl WebProvider {
    async fn serve() -> (Arc<Self>, Provider) {
        let provider = Arc::new(Self::default());
        let route = put(Self::put).get(Self::get).delete(Self::delete);
        let limit = axum::extract::DefaultBodyLimit::max(64 << 20);
        let app = Router::new().route("/pieces/{cid}", route).layer(limit).with_state(provider.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (provider, Provider { address: ADDRESS, name: "web".to_owned(), url })
    }

    fn check(headers: &HeaderMap, domain: &str, cid: &str, length: u64) {
        let get = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!((get("x-depin-client"), get("x-depin-key")), ("depin1client".to_owned(), "07".repeat(32)));
        let time: u64 = get("x-depin-time").parse().unwrap();
        let message = request_message(domain, CHAIN, &ADDRESS, cid, length, time);
        assert_eq!(get("x-depin-signature"), hex::encode(HashSigner.sign(&message)));
    }

    fn planned(&self) -> Option<(StatusCode, String)> {
        let planned = *self.answer.lock().unwrap();
        planned.map(|(status, text)| (StatusCode::from_u16(status).unwrap(), text.to_owned()))
    }

    async fn put(
        State(this): State<Arc<Self>>,
        Path(cid): Path<String>,
        headers: HeaderMap,
        body: Bytes,
    ) -> (StatusCode, String) {
        if let Some(planned) = this.planned() {
            return planned;
        }
        Self::check(&headers, "depin-upload", &cid, body.len() as u64);
        assert_eq!(headers["content-length"], body.len().to_string());
        this.pieces.lock().unwrap().insert(cid, body);
        (StatusCode::CREATED, "{}".to_owned())
    }

    async fn get(
        State(this): State<Arc<Self>>,
        Path(cid): Path<String>,
        headers: HeaderMap,
    ) -> Result<(StatusCode, Bytes), (StatusCode, String)> {
        if let Some(planned) = this.planned() {
            return Err(planned);
        }
        let pieces = this.pieces.lock().unwrap();
        let piece = pieces.get(&cid).ok_or((StatusCode::NOT_FOUND, String::new()))?;
        let range = headers["range"].to_str().unwrap().strip_prefix("bytes=").unwrap().split_once('-').unwrap();
        let (from, to): (usize, usize) = (range.0.parse().unwrap(), range.1.parse().unwrap());
        Ok((StatusCode::PARTIAL_CONTENT, piece.slice(from..=to)))
    }

    async fn delete(State(this): State<Arc<Self>>, Path(cid): Path<String>, headers: HeaderMap) -> StatusCode {
        Self::check(&headers, "depin-delete", &cid, 0);
        match this.pieces.lock().unwrap().remove(&cid) {
            Some(_) => StatusCode::OK,
            None => StatusCode::NOT_FOUND,
        }
    }
}

#[tokio::test]
async fn shards_travel_over_http_with_signed_requests() {
    let (server, at) = WebProvider::serve().await;
    let trust = depin_client::Trust::default();
    let shards = HttpShards::new(Arc::new(HashSigner), Arc::new(SystemClock), CHAIN, Reach::local(), &trust).unwrap();
    let payload = bytes::Bytes::from(noise(1, 127 << 13));
    let progress = Progress::default();
    shards.put(&at, &piece(1), payload.clone(), &progress).await.unwrap();
    assert_eq!(progress.sent(), payload.len() as u64);
    assert_eq!(server.pieces.lock().unwrap().len(), 1);
    assert_eq!(shards.get(&at, &piece(1), 1000..70_000).await.unwrap(), payload.slice(1000..70_000));
    assert_eq!(shards.get(&at, &piece(2), 0..1).await, Err(ShardError::NotFound));
    shards.delete(&at, &piece(1)).await.unwrap();
    shards.delete(&at, &piece(1)).await.unwrap();
    assert!(server.pieces.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_providers_answer_over_http_is_understood() {
    let (server, at) = WebProvider::serve().await;
    let trust = depin_client::Trust::default();
    let shards = HttpShards::new(Arc::new(HashSigner), Arc::new(SystemClock), CHAIN, Reach::local(), &trust).unwrap();
    let body = r#"{"error":{"code":"bad-thing","message":"it is bad","hint":"make it good"}}"#;
    let answer = |status| *server.answer.lock().unwrap() = Some((status, body));
    answer(507);
    let full = shards.put(&at, &piece(1), bytes::Bytes::from_static(b"x"), &Progress::default()).await.unwrap_err();
    assert_eq!(full, ShardError::Full("it is bad; make it good".to_owned()));
    answer(402);
    let unfunded = shards.put(&at, &piece(1), bytes::Bytes::from_static(b"x"), &Progress::default()).await.unwrap_err();
    assert_eq!(unfunded, ShardError::Unfunded("it is bad; make it good".to_owned()));
    answer(429);
    let limited = shards.put(&at, &piece(1), bytes::Bytes::from_static(b"x"), &Progress::default()).await.unwrap_err();
    assert_eq!(limited, ShardError::Limited("it is bad; make it good".to_owned()));
    answer(410);
    assert_eq!(shards.get(&at, &piece(1), 0..5).await, Err(ShardError::Damaged));
    answer(403);
    let refused =
        shards.put(&at, &piece(1), bytes::Bytes::from_static(b"x"), &Progress::default()).await.unwrap_err().to_string();
    assert_eq!(refused, "refused (403 bad-thing): it is bad; make it good");
    *server.answer.lock().unwrap() = Some((206, "longer than asked for"));
    assert!(matches!(shards.get(&at, &piece(1), 0..5).await, Err(ShardError::Wrong(_))));
    assert!(matches!(shards.get(&at, &piece(1), 0..500).await, Err(ShardError::Wrong(_))));
    // A port that nobody listens on.
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gone = Provider { url: format!("http://{closed}"), ..at };
    assert!(matches!(shards.get(&gone, &piece(1), 0..5).await, Err(ShardError::Unreachable(text)) if text.contains("refused")));
}

/// Not a test: the process that `acknowledged_objects_survive_kills` starts and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs only as a child of another test"]
async fn child_gateway() {
    let Ok(home) = std::env::var("DEPIN_TEST_HOME") else { return };
    let home = std::path::PathBuf::from(home);
    let providers = FolderProviders::new(home.join("providers"), 4);
    let market = LocalMarket::new(&providers, Some(home.join("market.json")));
    let mut config = small(&home);
    config.renewal.automatic = true;
    config.renewal.interval = Duration::from_millis(20);
    config.renewal.backoff = Duration::from_millis(20);
    config.renewal.compact_after = Duration::ZERO;
    let handle = Gateway::start(config, providers, market.clone(), Arc::new(SystemClock)).await.unwrap();
    println!("endpoint {}", handle.endpoint());
    loop {
        tokio::time::sleep(Duration::from_millis(15)).await;
        market.step();
    }
}

struct Process {
    child: Child,
    endpoint: String,
}

impl Process {
    fn start(home: &std::path::Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_gateway", "--exact", "--ignored", "--nocapture"])
            .env("DEPIN_TEST_HOME", home)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let endpoint = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("endpoint ").map(|(_, endpoint)| endpoint.to_owned()))
            .expect("the child tells its endpoint");
        // Nobody reads its output any more; drained so that it never blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, endpoint }
    }

    /// SIGKILL: no destructor, no flush.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Uploads and deletes until `limit` answers came, then kills while others are under way. Returns acknowledged uploads, and keys whose
/// deletion was at least sent.
async fn load(
    process: Process,
    round: u64,
    limit: usize,
    before: &BTreeMap<String, u64>,
) -> (BTreeMap<String, u64>, BTreeSet<String>) {
    let s3 = S3Client::new(&process.endpoint, ACCESS, SECRET);
    if round == 0 {
        s3.make_bucket("crash").await;
    }
    let (stored, deleted) = (Arc::new(Mutex::new(BTreeMap::new())), Arc::new(Mutex::new(BTreeSet::new())));
    let answers = Arc::new(AtomicUsize::new(0));
    let (enough, reached) = tokio::sync::oneshot::channel();
    let enough = Arc::new(Mutex::new(Some(enough)));
    let doomed: Vec<String> = before.keys().filter(|key| key.len() % 2 == round as usize % 2).take(3).cloned().collect();
    let workers: Vec<_> = (0..4u64)
        .map(|worker| {
            let (s3, stored, deleted) = (s3.clone(), stored.clone(), deleted.clone());
            let (answers, enough, doomed) = (answers.clone(), enough.clone(), doomed.clone());
            tokio::spawn(async move {
                for count in 0u64.. {
                    let seed = round * 1_000_000 + worker * 10_000 + count;
                    if worker == 0
                        && let Some(key) = doomed.get(count as usize)
                    {
                        deleted.lock().unwrap().insert(key.clone());
                        if send(&s3, Method::DELETE, &format!("/crash/{key}"), Vec::new()).await != Some(204) {
                            return;
                        }
                    }
                    let key = format!("object-{seed}");
                    let size = [10, 3_000, 90_000, 400_000][(seed * 7 % 4) as usize];
                    if send(&s3, Method::PUT, &format!("/crash/{key}"), noise(seed, size)).await != Some(200) {
                        return;
                    }
                    stored.lock().unwrap().insert(key, seed);
                    if answers.fetch_add(1, Ordering::SeqCst) + 1 >= limit
                        && let Some(enough) = enough.lock().unwrap().take()
                    {
                        let _ = enough.send(());
                    }
                }
            })
        })
        .collect();
    reached.await.unwrap();
    process.kill();
    for worker in workers {
        worker.await.unwrap();
    }
    (stored.lock().unwrap().clone(), deleted.lock().unwrap().clone())
}

/// The status, or nothing when the connection broke.
async fn send(s3: &S3Client, method: Method, path: &str, body: Vec<u8>) -> Option<u16> {
    let signed = s3.sign(method.as_str(), path, &[], &[], &sha256_hex(&body));
    let mut request = s3.http.request(method, s3.url(path, &[])).body(body);
    for (name, value) in signed {
        request = request.header(name, value);
    }
    request.send().await.ok().map(|response| response.status().as_u16())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_objects_survive_kills() {
    let home = tempfile::tempdir().unwrap();
    let mut stored: BTreeMap<String, u64> = BTreeMap::new();
    let mut deleted: BTreeSet<String> = BTreeSet::new();
    for round in 0..8 {
        let process = Process::start(home.path());
        // A different number of answers each time, so that the kill falls into different moments.
        let (new, gone) = load(process, round, 3 + (round as usize * 5) % 11, &stored).await;
        stored.extend(new);
        deleted.extend(gone);
    }
    let process = Process::start(home.path());
    let s3 = S3Client::new(&process.endpoint, ACCESS, SECRET);
    assert!(stored.len() > 40, "{} objects", stored.len());
    for (key, seed) in &stored {
        let answer = s3.get(&format!("/crash/{key}")).await;
        let size = [10, 3_000, 90_000, 400_000][(seed * 7 % 4) as usize];
        let intact = answer.status == 200 && answer.body == noise(*seed, size);
        let gone = answer.status == 404 && deleted.contains(key);
        assert!(intact || gone, "{key}: {} {}", answer.status, answer.text());
    }
    process.kill();
    let providers = FolderProviders::new(home.path().join("providers"), 4);
    let market = LocalMarket::new(&providers, Some(home.path().join("market.json")));
    assert!(market.deals_ever() > 0 && market.paid_twice().is_empty(), "{:?}", market.paid_twice());
}

/// Puts objects together, deletes most of them, and kills while what is left moves. Returns the seeds of those that stay.
async fn thin_out_and_kill(process: Process, round: u64) -> Vec<u64> {
    let s3 = S3Client::new(&process.endpoint, ACCESS, SECRET);
    if round == 0 {
        s3.make_bucket("thin").await;
    }
    let seeds: Vec<u64> = (round * 100..round * 100 + 16).collect();
    let path = |seed: u64| format!("/thin/{seed}");
    let puts = seeds.iter().map(|seed| async { send(&s3, Method::PUT, &path(*seed), noise(*seed, 15_000)).await });
    assert!(futures::future::join_all(puts).await.into_iter().all(|status| status == Some(200)));
    let (stay, go): (Vec<u64>, Vec<u64>) = seeds.into_iter().partition(|seed| seed % 4 == 0);
    for seed in go {
        assert_eq!(send(&s3, Method::DELETE, &path(seed), Vec::new()).await, Some(204));
    }
    // From before it begins to after it has ended.
    tokio::time::sleep(Duration::from_millis(round * 9)).await;
    process.kill();
    stay
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_while_half_empty_segments_are_written_anew_lose_nothing_and_leave_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut stay = Vec::new();
    for round in 0..14 {
        stay.extend(thin_out_and_kill(Process::start(home.path()), round).await);
    }
    let providers = FolderProviders::new(home.path().join("providers"), 4);
    let market = LocalMarket::new(&providers, Some(home.path().join("market.json")));
    let mut config = small(home.path());
    config.renewal.compact_after = Duration::ZERO;
    config.renewal.backoff = Duration::from_millis(1);
    let handle = Gateway::start(config, providers.clone(), market.clone(), Arc::new(SystemClock)).await.unwrap();
    // Two quiet rounds in a row say that nothing is left to do.
    let (mut quiet, mut compacted) = (0, 0);
    for _ in 0..400 {
        let report = handle.keep().await;
        market.step();
        compacted += report.compacted;
        let done = report.compacted + report.collected + report.deleted + report.proposed == 0;
        quiet = if done && handle.status().await.unwrap().retired == 0 { quiet + 1 } else { 0 };
        if quiet == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(quiet, 2, "{:?}", handle.status().await.unwrap());
    let s3 = S3Client::new(handle.endpoint(), ACCESS, SECRET);
    for seed in &stay {
        s3.expect(&format!("/thin/{seed}"), &noise(*seed, 15_000)).await;
    }
    let segments = handle.segments(None, 0, None).await.unwrap();
    assert!(segments.iter().all(|segment| segment.live * 2 > segment.used), "{compacted} at the end: {segments:?}");
    assert_eq!(market.live_deals().values().sum::<usize>(), segments.len() * 3);
    assert!(market.paid_twice().is_empty(), "{:?}", market.paid_twice());
    handle.stop().await;
}

/// Runs a program if it is there; says loudly when it is not.
fn available(program: &str, arguments: &[&str]) -> bool {
    let there = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        eprintln!("\n*** SKIPPED: `{program} {}` does not run here, so this client was NOT tested ***\n", arguments.join(" "));
    }
    there
}

async fn run(mut command: Command) {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rclone_copies_a_folder_in_and_finds_it_identical() {
    if !available("rclone", &["version"]) {
        return;
    }
    let kit = kit::Kit::start_with(4, |config| config.shard_payload = 127 << 14).await;
    let source = kit.folder.path().join("source");
    std::fs::create_dir_all(source.join("deep/er")).unwrap();
    for (index, size) in [0, 1, 1000, 70_000, 300_000, 12_000_000].into_iter().enumerate() {
        std::fs::write(source.join(format!("deep/er/file {index}")), noise(index as u64, size)).unwrap();
        std::fs::write(source.join(format!("f{index}.bin")), noise(index as u64 + 50, size / 2)).unwrap();
    }
    let rclone = |arguments: &[&str]| {
        let mut command = Command::new("rclone");
        command
            .args(["--config", "/dev/null", "--s3-provider", "Other", "--s3-force-path-style", "--s3-region", "us-east-1"])
            .args(["--s3-access-key-id", ACCESS, "--s3-secret-access-key", SECRET, "--s3-endpoint", kit.handle().endpoint()])
            .args(["--s3-chunk-size", "5M", "--s3-upload-cutoff", "5M"])
            .args(arguments)
            .env_remove("AWS_CA_BUNDLE")
            .env_remove("HTTP_PROXY")
            .env_remove("http_proxy");
        command
    };
    let from = source.to_str().unwrap();
    run(rclone(&["mkdir", ":s3:clone"])).await;
    run(rclone(&["copy", from, ":s3:clone/data"])).await;
    run(rclone(&["check", "--download", from, ":s3:clone/data"])).await;
    let back = kit.folder.path().join("back");
    run(rclone(&["copy", ":s3:clone/data", back.to_str().unwrap()])).await;
    run(rclone(&["check", from, back.to_str().unwrap()])).await;
    run(rclone(&["purge", ":s3:clone/data/deep"])).await;
    assert_eq!(kit.handle().status().await.unwrap().objects, 6);
}

const BOTO: &str = r#"
import boto3, io, os, sys, urllib.request
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
endpoint, access, secret = sys.argv[1:4]
s3 = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=access, aws_secret_access_key=secret, region_name="us-east-1",
                  config=Config(s3={"addressing_style": "path"}, proxies={}))
s3.create_bucket(Bucket="boto")
body = os.urandom(7_000_000)
s3.put_object(Bucket="boto", Key="a b/c", Body=body, Metadata={"k": "v"})
got = s3.get_object(Bucket="boto", Key="a b/c")
assert got["Body"].read() == body and got["Metadata"] == {"k": "v"}
got = s3.get_object(Bucket="boto", Key="a b/c", Range="bytes=10-19")
assert got["ContentRange"] == "bytes 10-19/7000000" and got["Body"].read() == body[10:20]
big = os.urandom(21_000_000)
s3.upload_fileobj(io.BytesIO(big), "boto", "big", Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=6 << 20))
out = io.BytesIO(); s3.download_fileobj("boto", "big", out); assert out.getvalue() == big
assert s3.head_object(Bucket="boto", Key="big")["ETag"].endswith('-4"')
listed = s3.list_objects_v2(Bucket="boto", Delimiter="/")
assert [c["Key"] for c in listed["Contents"]] == ["big"] and listed["CommonPrefixes"] == [{"Prefix": "a b/"}]
url = s3.generate_presigned_url("get_object", Params={"Bucket": "boto", "Key": "big"}, ExpiresIn=60)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
assert opener.open(url).read() == big
s3.copy_object(Bucket="boto", Key="copy", CopySource={"Bucket": "boto", "Key": "a b/c"})
assert s3.get_object(Bucket="boto", Key="copy")["Body"].read() == body
try:
    s3.put_object(Bucket="boto", Key="copy", Body=b"x", IfNoneMatch="*"); raise SystemExit("not refused")
except ClientError as error:
    assert error.response["Error"]["Code"] == "PreconditionFailed", error
deleted = s3.delete_objects(Bucket="boto", Delete={"Objects": [{"Key": k} for k in ("a b/c", "big", "copy")]})
assert len(deleted["Deleted"]) == 3
s3.delete_bucket(Bucket="boto")
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_puts_gets_lists_copies_and_deletes() {
    let python = std::env::var("DEPIN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if !available(&python, &["-c", "import boto3"]) {
        return;
    }
    let kit = kit::Kit::start_with(4, |config| config.shard_payload = 127 << 14).await;
    let mut command = Command::new(python);
    command.args(["-c", BOTO, kit.handle().endpoint(), ACCESS, SECRET]).env_remove("AWS_CA_BUNDLE");
    run(command).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3cmd_puts_lists_gets_and_deletes() {
    if !available("s3cmd", &["--version"]) {
        return;
    }
    let kit = kit::Kit::start_with(4, |config| config.shard_payload = 127 << 14).await;
    let (file, back) = (kit.folder.path().join("file"), kit.folder.path().join("back"));
    std::fs::write(&file, noise(1, 20_000_000)).unwrap();
    let s3cmd = |arguments: &[&str]| {
        let mut command = Command::new("s3cmd");
        let host = kit.s3.host();
        command
            .args(["--config", "/dev/null", "--no-ssl", "--no-check-certificate", "--region", "us-east-1"])
            .args(["--host", &host, "--host-bucket", &host, "--access_key", ACCESS, "--secret_key", SECRET])
            .args(arguments)
            .env_remove("HTTP_PROXY")
            .env_remove("http_proxy");
        command
    };
    run(s3cmd(&["mb", "s3://cmd"])).await;
    run(s3cmd(&["put", "--multipart-chunk-size-mb=6", file.to_str().unwrap(), "s3://cmd/a/b"])).await;
    run(s3cmd(&["ls", "s3://cmd/a/"])).await;
    run(s3cmd(&["get", "s3://cmd/a/b", back.to_str().unwrap()])).await;
    assert!(std::fs::read(&file).unwrap() == std::fs::read(&back).unwrap());
    run(s3cmd(&["cp", "s3://cmd/a/b", "s3://cmd/c"])).await;
    run(s3cmd(&["del", "--recursive", "--force", "s3://cmd"])).await;
    run(s3cmd(&["rb", "s3://cmd"])).await;
    assert_eq!(kit.handle().status().await.unwrap().buckets, 0);
}
