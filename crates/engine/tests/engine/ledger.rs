//! The machine under test, and what every test does with a node.

use bytes::Bytes;
use depin_engine::{
    Block, BlockView, Config, Digest, Draft, Genesis, Handle, Machine, Parent, Processed, Proposal, Refused, RowChange, Stamp,
    Tip,
};
use std::{
    collections::BTreeMap,
    future::Future,
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::Notify;

/// Long enough for the slowest machine; nothing waits for it unless something is broken.
pub const PATIENCE: Duration = Duration::from_secs(120);
const TIME_STEP_MAX: u64 = 60_000;
const PER_BLOCK: usize = 16;

pub type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// A block that ran but is not final.
struct Pending {
    parent: Digest,
    height: u64,
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    txs: Vec<Bytes>,
}

#[derive(Default)]
struct State {
    tip: Option<Parent>,
    rows: Rows,
    pending: BTreeMap<Digest, Pending>,
    pool: Vec<Bytes>,
    loads: Vec<(Parent, Rows)>,
    processed: u64,
    /// Rows that every block changes besides, and receipts that it gives.
    wide: (usize, usize),
}

/// A ledger whose transactions are `key=value` (set), `key-` (delete) and `key+` (count up). `!` breaks the rules. Each gives a
/// receipt with its outcome. A row `height` changes in every block.
#[derive(Default)]
pub struct Ledger {
    state: Mutex<State>,
    more: Arc<Notify>,
    /// A transaction at which the machine panics, to see what becomes of the node.
    fuse: Option<&'static [u8]>,
    /// Milliseconds by which the genesis clock differs from the usual one.
    later: u64,
    /// Milliseconds after each block at which work is due, if any is.
    work: Option<u64>,
    /// Key of the committee's beacon. Each block may carry the round of its own height.
    beacon: Option<Vec<u8>>,
}

impl Ledger {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn with_fuse(fuse: &'static [u8]) -> Arc<Self> {
        Arc::new(Self { fuse: Some(fuse), ..Self::default() })
    }

    /// A chain on which work is due `after` so many milliseconds of each block.
    pub fn with_work(after: u64) -> Arc<Self> {
        Arc::new(Self { work: Some(after), ..Self::default() })
    }

    /// A chain whose blocks all change so many rows, `wide/<number>` to their height, and give so many receipts, transactions aside.
    pub fn wide(rows: usize, receipts: usize) -> Arc<Self> {
        let ledger = Self::default();
        ledger.lock().wide = (rows, receipts);
        Arc::new(ledger)
    }

    /// A chain whose committee draws lots by this key.
    pub fn with_beacon(key: &[u8]) -> Arc<Self> {
        Arc::new(Self { beacon: Some(key.to_vec()), ..Self::default() })
    }

    /// A chain that starts in the far future.
    pub fn from_the_future() -> Arc<Self> {
        Arc::new(Self { later: 1 << 42, ..Self::default() })
    }

    /// Puts transactions into the pool.
    pub fn submit(&self, txs: impl IntoIterator<Item = String>) {
        self.lock().pool.extend(txs.into_iter().map(Bytes::from));
        self.more.notify_waiters();
    }

    pub fn rows(&self) -> Rows {
        self.lock().rows.clone()
    }

    pub fn height(&self) -> u64 {
        self.lock().tip.map_or(0, |tip| tip.height)
    }

    /// What [`Machine::load`] was called with, in order.
    pub fn loads(&self) -> Vec<(Parent, Rows)> {
        self.lock().loads.clone()
    }

    /// How often a block was run because somebody else had built it.
    pub fn processed(&self) -> u64 {
        self.lock().processed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    /// The pending blocks from `digest` down to the final one, newest first.
    fn branch(&self, parent: &Parent) -> Result<Vec<&Pending>, Refused> {
        let tip = self.tip.expect("load comes before any other call");
        let mut branch = Vec::new();
        let mut at = parent.digest;
        while at != tip.digest {
            let Some(pending) = self.pending.get(&at) else {
                return Err(Refused::UnknownParent { parent_height: parent.height });
            };
            branch.push(pending);
            at = pending.parent;
        }
        Ok(branch)
    }

    fn run(&self, parent: &Parent, height: u64, txs: &[Bytes]) -> Result<Processed, Refused> {
        let branch = self.branch(parent)?;
        let mut rows = self.rows.clone();
        for pending in branch.into_iter().rev() {
            fold(&mut rows, &pending.changes);
        }
        let mut changes: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
        changes.insert(b"height".to_vec(), Some(height.to_be_bytes().to_vec()));
        changes.extend((0..self.wide.0).map(|number| (wide_key(number), Some(height.to_be_bytes().to_vec()))));
        let mut receipts: Vec<Vec<u8>> = (0..self.wide.1).map(|_| [&height.to_be_bytes()[..], b"wide"].concat()).collect();
        for (index, tx) in txs.iter().enumerate() {
            let held = |key: &[u8]| changes.get(key).cloned().unwrap_or_else(|| rows.get(key).cloned());
            let change = match (tx.iter().position(|byte| *byte == b'='), tx.split_last()) {
                (Some(at), _) => (tx[..at].to_vec(), Some(tx[at + 1..].to_vec())),
                (None, Some((b'-', key))) => (key.to_vec(), None),
                (None, Some((b'+', key))) => {
                    let count =
                        held(key).and_then(|value| String::from_utf8(value).ok()).and_then(|value| value.parse::<u64>().ok());
                    (key.to_vec(), Some((count.unwrap_or(0) + 1).to_string().into_bytes()))
                }
                _ => return Err(Refused::Invalid(format!("transaction {index} is not one of ours"))),
            };
            receipts.push([&height.to_be_bytes()[..], &(index as u32).to_be_bytes(), tx].concat());
            changes.insert(change.0, change.1);
        }
        Ok(Processed { rows: changes.into_iter().collect::<Vec<RowChange>>(), receipts })
    }

    fn keep(&mut self, block: &BlockView<'_>, processed: &Processed) {
        let changes = processed.rows.iter().cloned().collect();
        let pending = Pending { parent: block.parent.digest, height: block.height, changes, txs: block.txs.to_vec() };
        self.pending.insert(block.digest, pending);
    }
}

/// The key of a row that every block of a wide chain changes.
pub fn wide_key(number: usize) -> Vec<u8> {
    format!("wide/{number:06}").into_bytes()
}

fn fold(rows: &mut Rows, changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) {
    for (key, value) in changes {
        match value {
            Some(value) => rows.insert(key.clone(), value.clone()),
            None => rows.remove(key),
        };
    }
}

impl Machine for Ledger {
    fn genesis(&self) -> Genesis {
        let stamp = Stamp { wall: 1_700_000_000_000 + self.later, time: 1_700_000_000_000, speed: 60 };
        Genesis { chain_id: "ledger-test".into(), digest: [7; 32], stamp, beacon: self.beacon.clone() }
    }

    fn load(&self, tip: Parent, rows: Vec<(Vec<u8>, Vec<u8>)>) {
        assert!(rows.is_sorted(), "rows come in key order");
        let rows: Rows = rows.into_iter().collect();
        let mut state = self.lock();
        state.loads.push((tip, rows.clone()));
        state.tip = Some(tip);
        state.rows = rows;
        state.pending.clear();
    }

    fn stamp(&self, parent: &Parent, wall: u64) -> Stamp {
        let speed = parent.stamp.speed;
        let step = (wall - parent.stamp.wall).saturating_mul(u64::from(speed)).min(TIME_STEP_MAX);
        Stamp { wall, time: parent.stamp.time + step, speed }
    }

    fn next_round(&self, parent: &Parent) -> Result<Option<u64>, Refused> {
        Ok(self.beacon.as_ref().map(|_| parent.height + 1))
    }

    fn propose(&self, parent: &Parent, draft: &Draft<'_>) -> Result<Proposal, Refused> {
        let state = self.lock();
        let branch = state.branch(parent)?;
        let taken = |tx: &Bytes| branch.iter().any(|pending| pending.txs.contains(tx));
        // Rival proposers choose differently.
        let mut txs: Vec<Bytes> = state.pool.iter().filter(|tx| !taken(tx)).take(PER_BLOCK).cloned().collect();
        if draft.proposer[0] & 1 == 1 {
            txs.reverse();
        }
        if let Some(fuse) = self.fuse {
            assert!(txs.iter().all(|tx| tx != fuse), "the fuse blew");
        }
        let processed = state.run(parent, parent.height + 1, &txs)?;
        Ok(Proposal { txs, processed })
    }

    fn process(&self, block: &BlockView<'_>, trusted: bool) -> Result<Processed, Refused> {
        if !trusted && self.stamp(&block.parent, block.stamp.wall) != block.stamp {
            return Err(Refused::Invalid("wrong stamp".into()));
        }
        let mut state = self.lock();
        let processed = state.run(&block.parent, block.height, block.txs)?;
        state.keep(block, &processed);
        state.processed += 1;
        Ok(processed)
    }

    fn sealed(&self, block: &BlockView<'_>, processed: &Processed) {
        self.lock().keep(block, processed);
    }

    fn finalized(&self, block: &BlockView<'_>) {
        let mut state = self.lock();
        let tip = state.tip.expect("load comes before any other call");
        assert_eq!((tip.digest, tip.height + 1), (block.parent.digest, block.height), "final blocks come in order");
        let pending = state.pending.remove(&block.digest).expect("a final block was run before");
        fold(&mut state.rows, &pending.changes);
        state.pending.retain(|_, other| other.height > block.height);
        state.pool.retain(|tx| !block.txs.contains(tx));
        state.tip = Some(Parent { digest: block.digest, height: block.height, stamp: block.stamp });
    }

    fn wanted(&self, parent: &Parent) -> Option<u64> {
        self.work.map(|after| parent.stamp.wall + after)
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        // Made before the pool is looked at, so that nothing submitted in between is missed.
        let more = self.more.clone().notified_owned();
        if !self.lock().pool.is_empty() {
            return Box::pin(std::future::ready(()));
        }
        Box::pin(more)
    }
}

/// Settings of a quick node.
pub fn config(folder: &Path, seed: u8) -> Config {
    Config { heartbeat: Duration::from_millis(200), pace: Duration::from_millis(10), ..Config::single(folder, [seed; 32]) }
}

/// Waits for something that must happen.
pub async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// Waits until `height` is durable.
pub async fn reach(node: &Handle, height: u64) -> Tip {
    let mut tips = node.finalized();
    patiently("a height", async {
        tokio::select! {
            tip = tips.wait_for(|tip| tip.height >= height) => tip.expect("the engine runs").clone(),
            end = node.closed() => panic!("the engine ended: {end:?}"),
        }
    })
    .await
}

/// Waits until `count` receipts are durable.
pub async fn reach_receipts(node: &Handle, count: u64) -> Tip {
    let mut tips = node.finalized();
    patiently("receipts", async {
        tokio::select! {
            tip = tips.wait_for(|tip| tip.receipts_len >= count) => tip.expect("the engine runs").clone(),
            end = node.closed() => panic!("the engine ended: {end:?}"),
        }
    })
    .await
}

/// All blocks from the first to `height`.
pub async fn blocks(node: &Handle, height: u64) -> Vec<Arc<Block>> {
    let mut blocks = Vec::new();
    for height in 1..=height {
        blocks.push(node.block(height).await.expect("the engine runs").expect("a final block is in the archive"));
    }
    blocks
}

/// Numbered transactions that set, count and delete.
pub fn txs(name: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|index| match index % 4 {
            0 => format!("{name}/{index}=value {index}"),
            1 => format!("{name}/{index}+"),
            2 => format!("{name}/{}-", index - 2),
            _ => format!("{name}/nothing-{index}-"),
        })
        .collect()
}
