//! The whole process is killed at random moments under load. Afterwards every acknowledged object is readable, the audit holds, no
//! deal is paid twice, the chain replays to the same roots, and the index misses no event.
//!
//! Prints its seed; `DEPIN_SEED=N` runs one again, `DEPIN_KILLS=N` another number of kills.

mod support;

use bytes::Bytes;
use depin_client::Verifier;
use depin_engine::{BlockView, Genesis, Machine, Processed, Proposal, Refused, Replay};
use depin_ledger::{BlockEnv, Ledger, Signatures, SignedItem};
use depin_node::{Node, NodeConfig};
use depin_quantity::Instant as LedgerInstant;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    future::Future,
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};
use support::{
    at,
    network::{S3, Up, all_secured, content, until},
};

const BUCKET: &str = "load";
const KILLS: u32 = 22;
const WRITERS: u64 = 6;
/// Longest time from a kill's round beginning to the kill.
const MOMENT_MS: u64 = 4_000;
const PATIENCE: Duration = Duration::from_secs(300);

/// What the gateway said about each object. Contents follow from the number in the key.
#[derive(Default)]
struct Known {
    /// Acknowledged: number, length.
    stored: BTreeMap<u64, usize>,
    /// Whose deletion was acknowledged.
    deleted: BTreeSet<u64>,
    /// Whose deletion was asked for without an answer: there or not.
    doubtful: BTreeSet<u64>,
    /// Sent without an answer: there whole, or not at all. Number, length.
    unanswered: BTreeMap<u64, usize>,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_however_often_the_process_is_killed() {
    let seed = number("DEPIN_SEED").unwrap_or_else(rand::random);
    let kills = number("DEPIN_KILLS").and_then(|n| u32::try_from(n).ok()).unwrap_or(KILLS);
    println!("seed: DEPIN_SEED={seed} DEPIN_KILLS={kills}");
    let mut moments = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let known = Arc::new(Mutex::new(Known::default()));

    let (up, endpoints) = Up::start(&home, &["--speed", "20"]).await;
    assert!(S3::new(&endpoints).make_bucket(BUCKET).await.unwrap().is_success());
    let mut running = Some(up);
    for round in 0..kills {
        let mut up = running.take().unwrap_or_else(|| Up::spawn(&home, &["--speed", "20"]));
        // Every fourth kill hits the start itself.
        let while_starting = round % 4 == 3;
        if !while_starting {
            up.ready().await;
        }
        let load = (!while_starting).then(|| Load::start(&home, &known, seed ^ u64::from(round)));
        tokio::time::sleep(Duration::from_millis(moments.random_range(0..MOMENT_MS))).await;
        up.kill();
        if let Some(load) = load {
            load.end().await;
        }
    }

    let (up, endpoints) = Up::start(&home, &["--speed", "20"]).await;
    let known = std::mem::take(&mut *known.lock().unwrap());
    println!(
        "{} objects stored, {} deleted, {} deletions and {} uploads without an answer",
        known.stored.len(),
        known.deleted.len(),
        known.doubtful.len(),
        known.unanswered.len()
    );
    assert!(known.stored.len() > kills as usize, "there was load");
    let stored = everything_acknowledged_is_there(&S3::new(&endpoints), &known).await;
    until(&home, &["storage", "list", "--json", "--limit", "100000"], PATIENCE, |list| all_secured(list, stored)).await;
    assert_eq!(at(&home, &["audit", "--json"]).json()["ok"], true);
    no_piece_is_paid_for_twice(&home);
    assert!(up.stop().await.success());

    let before = all_events(&home, &[]).await;
    let rebuilt = all_events(&home, &["--rebuild-index"]).await;
    assert!(rebuilt.len() >= before.len());
    assert!(
        before.iter().zip(&rebuilt).all(|(one, other)| one == other),
        "the index that was killed again and again differs from a fresh one"
    );
    assert!(before.iter().zip(0u64..).all(|(event, position)| event["position"] == position), "no position is missing");

    the_chain_replays(&home, folder.path()).await;
}

/// Kills that fall into the very first start: keys, genesis, ledger, providers and gateway are all being made.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_that_is_killed_again_and_again_is_finished_by_the_next() {
    let seed = number("DEPIN_SEED").unwrap_or_else(rand::random);
    println!("seed: DEPIN_SEED={seed}");
    let mut moments = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    for _ in 0..10 {
        let up = Up::spawn(&home, &[]);
        tokio::time::sleep(Duration::from_millis(moments.random_range(0..1_000))).await;
        up.kill();
    }
    let (up, endpoints) = Up::start(&home, &[]).await;
    let s3 = S3::new(&endpoints);
    assert!(s3.make_bucket(BUCKET).await.unwrap().is_success());
    assert!(s3.put(BUCKET, "first", content(seed, 70_000)).await.unwrap().is_success());
    let (status, body) = s3.get(BUCKET, "first").await.unwrap();
    assert!(status.is_success() && body == content(seed, 70_000));
    assert_eq!(at(&home, &["audit", "--json"]).json()["ok"], true);
    assert!(up.stop().await.success());
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Writers and deleters that go on until the process is gone.
struct Load(Vec<tokio::task::JoinHandle<()>>);

impl Load {
    fn start(home: &Path, known: &Arc<Mutex<Known>>, seed: u64) -> Self {
        let endpoints: Value = serde_json::from_slice(&fs::read(home.join("endpoints.json")).unwrap()).unwrap();
        let writer = |index| {
            tokio::spawn(write(S3::new(&endpoints), Arc::clone(known), StdRng::seed_from_u64(seed.wrapping_mul(31) + index)))
        };
        Self((0..WRITERS).map(writer).collect())
    }

    async fn end(self) {
        for writer in self.0 {
            writer.await.unwrap();
        }
    }
}

async fn write(s3: S3, known: Arc<Mutex<Known>>, mut random: StdRng) {
    loop {
        let (id, length) = (random.random::<u64>(), 1usize << random.random_range(0..19));
        match s3.put(BUCKET, &key(id), content(id, length)).await {
            Ok(status) if status.is_success() => {
                known.lock().unwrap().stored.insert(id, length);
            }
            // Not acknowledged, such as while too few providers answer.
            Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(_) => {
                known.lock().unwrap().unanswered.insert(id, length);
                return;
            }
        }
        if random.random_range(0..4) == 0 {
            let victim = known.lock().unwrap().stored.keys().next().copied();
            let Some(victim) = victim else { continue };
            {
                let mut known = known.lock().unwrap();
                if known.stored.remove(&victim).is_none() {
                    continue;
                }
                known.doubtful.insert(victim);
            }
            match s3.delete(BUCKET, &key(victim)).await {
                Ok(status) if status.is_success() => {
                    let mut known = known.lock().unwrap();
                    known.doubtful.remove(&victim);
                    known.deleted.insert(victim);
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
}

fn key(id: u64) -> String {
    format!("{:02x}/{id:016x}", id % 7)
}

/// Reads every object; gives how many there are by the gateway's own account.
async fn everything_acknowledged_is_there(s3: &S3, known: &Known) -> usize {
    for (id, length) in &known.stored {
        let (status, body) = s3.get(BUCKET, &key(*id)).await.unwrap();
        assert!(
            status.is_success(),
            "object {id:016x} was acknowledged and is gone: {status} {}",
            String::from_utf8_lossy(&body)
        );
        assert!(body == content(*id, *length), "object {id:016x} came back changed");
    }
    for id in &known.deleted {
        let (status, _) = s3.get(BUCKET, &key(*id)).await.unwrap();
        assert_eq!(status.as_u16(), 404, "object {id:016x} came back after its deletion");
    }
    let mut there = known.stored.len();
    for id in &known.doubtful {
        let (status, _) = s3.get(BUCKET, &key(*id)).await.unwrap();
        assert!(status.is_success() || status.as_u16() == 404, "object {id:016x}: {status}");
        there += usize::from(status.is_success());
    }
    for (id, length) in &known.unanswered {
        let (status, body) = s3.get(BUCKET, &key(*id)).await.unwrap();
        assert!(status.is_success() || status.as_u16() == 404, "object {id:016x}: {status}");
        assert!(!status.is_success() || body == content(*id, *length), "object {id:016x} is there in part");
        there += usize::from(status.is_success());
    }
    there
}

/// Every piece is unique, since it is encrypted: two running deals for one at the same provider would be the same thing paid twice.
fn no_piece_is_paid_for_twice(home: &Path) {
    let deals = at(home, &["storage", "deals", "--json", "--limit", "100000"]).json();
    let mut seen = BTreeSet::new();
    for deal in deals["items"].as_array().unwrap() {
        if matches!(deal["state"].as_str(), Some("proposed" | "accepted" | "active" | "faulty")) {
            let piece = (deal["provider"].to_string(), deal["piece"].to_string());
            assert!(seen.insert(piece), "two deals for one piece: {deal:#}");
        }
    }
}

/// The whole history by the API of a process started for this, once its index has read all receipts.
async fn all_events(home: &Path, args: &[&str]) -> Vec<Value> {
    let (up, endpoints) = Up::start(home, &[&["--speed", "20"], args].concat()).await;
    index_is_filled(endpoints["api"].as_str().unwrap()).await;
    let events = at(home, &["events", "--from", "0", "--limit", "10000", "--json"]).json();
    let mut all = events["items"].as_array().unwrap().clone();
    let mut next = events["next"].as_str().map(str::to_owned);
    while let Some(from) = next {
        let page = at(home, &["events", "--from", &from, "--limit", "10000", "--json"]).json();
        let items = page["items"].as_array().unwrap();
        all.extend(items.iter().cloned());
        next = page["next"].as_str().map(str::to_owned).filter(|_| !items.is_empty());
    }
    assert!(up.stop().await.success());
    all
}

/// A node answers while it fills its index, and says how much is left.
async fn index_is_filled(api: &str) {
    let begun = std::time::Instant::now();
    loop {
        let text = reqwest::get(format!("{api}/health")).await.unwrap().text().await.unwrap();
        let health: Value = serde_json::from_str(&text).unwrap();
        if health["index_lag"] == 0 {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "the index does not get on: {health}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Runs every block on a fresh store and a fresh ledger: each must give the roots in its header, and the end those of the live state.
async fn the_chain_replays(home: &Path, folder: &Path) {
    let genesis: depin_ledger::GenesisDoc = serde_json::from_slice(&fs::read(home.join("genesis.json")).unwrap()).unwrap();
    let mut seed = [0; 32];
    hex::decode_to_slice(fs::read_to_string(home.join("validator.key")).unwrap().trim(), &mut seed).unwrap();
    let node = Node::start(NodeConfig::single(home.join("node"), genesis.clone(), seed)).await.unwrap();
    let last = node.engine().finalized().borrow().clone();
    let mut blocks = Vec::new();
    for height in 1..=last.height {
        blocks.push(node.engine().block(height).await.unwrap().unwrap_or_else(|| panic!("block {height} is missing")));
    }
    node.stop().await;
    let committee = genesis.validators.clone();
    let machine = Arc::new(Replaying(Ledger::new(genesis, Arc::new(Rule)).unwrap()));
    let fresh = folder.join("replay");
    let replayed: Arc<dyn Machine> = machine.clone();
    let tips = tokio::task::spawn_blocking(move || Replay::audit(&fresh, replayed, &committee, blocks).unwrap()).await.unwrap();
    let tip = tips.last().unwrap();
    println!("replayed {} blocks", tips.len());
    assert_eq!(
        (tip.height, tip.digest, tip.state_root, tip.receipts_len),
        (last.height, last.digest, last.state_root, last.receipts_len)
    );
    let audit = machine.0.audit();
    assert!(audit.ok, "{audit:?}");
}

struct Rule;

impl Signatures for Rule {
    fn verify_all(&self, items: &[SignedItem<'_>]) -> bool {
        Verifier.verify_batch(items.iter().map(|item| (item.key, item.message, item.signature)))
    }
}

/// A ledger as the engine's machine, for blocks that are there already.
struct Replaying(Ledger);

fn env(block: &BlockView<'_>) -> BlockEnv {
    let stamp = |stamp: depin_engine::Stamp| depin_ledger::Stamp {
        wall: stamp.wall,
        time: LedgerInstant::new(stamp.time),
        speed: stamp.speed,
    };
    let parent =
        depin_ledger::Parent { digest: block.parent.digest, height: block.parent.height, stamp: stamp(block.parent.stamp) };
    let vote = |vote: &depin_engine::Attested| depin_ledger::Attested {
        height: vote.height,
        digest: vote.digest,
        certified: vote.certified,
        signers: vote.signers.clone(),
    };
    let votes = block.votes.iter().map(vote).collect();
    BlockEnv { parent, stamp: stamp(block.stamp), proposer: block.proposer, view: block.view, votes, beacon: None }
}

impl Machine for Replaying {
    fn genesis(&self) -> Genesis {
        let (doc, stamp) = (self.0.doc(), self.0.doc().stamp());
        let stamp = depin_engine::Stamp { wall: stamp.wall, time: stamp.time.get(), speed: stamp.speed };
        Genesis { chain_id: doc.chain_id.to_string(), digest: doc.digest(), stamp, beacon: None }
    }

    fn load(&self, _: depin_engine::Parent, rows: Vec<(Vec<u8>, Vec<u8>)>) {
        self.0.load(rows).unwrap();
    }

    fn stamp(&self, _: &depin_engine::Parent, _: u64) -> depin_engine::Stamp {
        unreachable!("a replay makes no blocks")
    }

    fn propose(&self, _: &depin_engine::Parent, _: &depin_engine::Draft<'_>) -> Result<Proposal, Refused> {
        unreachable!("a replay makes no blocks")
    }

    fn process(&self, block: &BlockView<'_>, trusted: bool) -> Result<Processed, Refused> {
        let txs: &[Bytes] = block.txs;
        let outcome = self.0.run(&env(block), txs, trusted).map_err(|error| Refused::Invalid(error.to_string()))?;
        self.0.keep(block.digest, &env(block), &outcome);
        Ok(Processed {
            rows: outcome.writes.iter().map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec))).collect(),
            receipts: outcome.receipts.iter().map(depin_ledger::Receipt::encode).collect(),
        })
    }

    fn sealed(&self, _: &BlockView<'_>, _: &Processed) {}

    fn finalized(&self, block: &BlockView<'_>) {
        self.0.finalize(block.digest, block.height).unwrap();
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::pending())
    }
}
