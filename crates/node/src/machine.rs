//! The engine's machine: the ledger, fed from the pool.
//!
//! In: the engine's calls. Out: bodies chosen from the pool, outcomes of blocks, and the news of final blocks for pool, waiters and
//! metrics. All calls are synchronous. Holds no rule: what may be chosen and what it does is the ledger's.

use crate::{
    metrics::Metrics,
    pool::{FinalBlock, Pending, Pool},
    waiters::Waiters,
};
use bytes::Bytes;
use depin_engine::{BlockView, Digest, Draft, Genesis, Lots, MAX_BODY_BYTES, MAX_TXS, Machine, Processed, Proposal, Refused};
use depin_ledger::{Attested, Beacon, BlockEnv, GenesisDoc, Ledger, Outcome, RunError, Transaction};
use depin_quantity::{Address, Instant, UnitId, Units};
use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time,
};

/// Bytes that an encoded body spends on each transaction's length, at most.
const LENGTH_BYTES: usize = 5;
/// Bytes of transactions in a block, so that the body with its lengths fits.
const BLOCK_BYTES: usize = MAX_BODY_BYTES - LENGTH_BYTES * (MAX_TXS + 1);
/// Unfinalized ancestors may hold the pool's best already, so more is offered than one block holds.
const OFFERED: u64 = 3;
/// Proposals remembered until the engine says under which digest to keep them.
const PROPOSALS: usize = 8;

/// What a block holds, for the pool.
#[derive(Debug, Default)]
struct Contents {
    height: u64,
    work: u64,
    ids: Vec<UnitId>,
    senders: Vec<(Address, u64)>,
}

#[derive(Default)]
struct Memory {
    /// Own bodies that may become blocks, with what they did.
    proposals: VecDeque<(BlockEnv, Vec<Bytes>, Outcome)>,
    blocks: BTreeMap<Digest, Contents>,
}

/// The ledger and the pool as the engine sees them.
pub struct LedgerMachine {
    ledger: Arc<Ledger>,
    pool: Arc<Pool>,
    waiters: Waiters,
    metrics: Metrics,
    speed: u32,
    memory: Mutex<Memory>,
}

impl LedgerMachine {
    /// A machine outside a node: for replaying blocks, and for trying rival ones. Time runs at the wall clock's speed.
    pub fn alone(ledger: Arc<Ledger>, pool: Arc<Pool>) -> Self {
        let metrics = Metrics::new(ledger.service(), &depin_serve::Meters::new("api"));
        Self::new(ledger, pool, Waiters::default(), metrics, 1)
    }

    /// A machine whose blocks let ledger time run at `speed`.
    pub(crate) fn new(ledger: Arc<Ledger>, pool: Arc<Pool>, waiters: Waiters, metrics: Metrics, speed: u32) -> Self {
        Self { ledger, pool, waiters, metrics, speed, memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Insertions and removals only; whole at every point.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, block: &BlockView<'_>, env: &BlockEnv, outcome: &Outcome) {
        self.ledger.keep(block.digest, env, outcome);
        let contents = contents(block, outcome.work);
        self.pool.in_flight(block.height, &contents.ids);
        self.memory().blocks.insert(block.digest, contents);
    }

    /// Tells the pool which candidates a block with room for them left out.
    fn note_passed_over(&self, env: &BlockEnv, offered: &[Arc<Pending>], chosen: &[Arc<Transaction>]) {
        let (mut work, mut bytes, mut ids) = (0u64, 0, Vec::new());
        let mut taken = chosen.iter().peekable();
        for pending in offered {
            // Choosing ends at the first that does not fit; nobody looked at those behind it.
            if work.saturating_add(pending.work) > self.ledger.block_work() || bytes + pending.bytes.len() > BLOCK_BYTES {
                break;
            }
            if taken.next_if(|transaction| Arc::ptr_eq(transaction, &pending.transaction)).is_some() {
                work += pending.work;
                bytes += pending.bytes.len();
            } else {
                ids.push(pending.id);
            }
        }
        if !ids.is_empty() {
            self.pool.passed_over(env.parent.height, &ids);
        }
    }
}

impl Machine for LedgerMachine {
    fn genesis(&self) -> Genesis {
        genesis_of(self.ledger.doc())
    }

    fn load(&self, _: depin_engine::Parent, rows: Vec<(Vec<u8>, Vec<u8>)>) {
        // The engine tells this text as its end: a node cannot go on with rows that it cannot read.
        if let Err(error) = self.ledger.load(rows) {
            std::panic::resume_unwind(Box::new(format!("the stored state cannot be used: {error}")));
        }
        *self.memory() = Memory::default();
    }

    fn stamp(&self, parent: &depin_engine::Parent, wall: u64) -> depin_engine::Stamp {
        stamp_out(self.ledger.stamp(&parent_in(parent), wall, self.speed))
    }

    fn awaited(&self, parent: &depin_engine::Parent) -> Result<Vec<depin_engine::Awaited>, Refused> {
        let awaited = self.ledger.awaited(&parent_in(parent)).map_err(refused)?;
        let out = |a: depin_ledger::Awaited| depin_engine::Awaited {
            height: a.height,
            digest: a.digest,
            certified: a.certified,
            signed: a.signed,
        };
        Ok(awaited.into_iter().map(out).collect())
    }

    fn next_round(&self, parent: &depin_engine::Parent) -> Result<Option<u64>, Refused> {
        self.ledger.next_round(&parent_in(parent)).map_err(refused)
    }

    fn propose(&self, parent: &depin_engine::Parent, draft: &Draft<'_>) -> Result<Proposal, Refused> {
        let started = time::Instant::now();
        let env = BlockEnv {
            parent: parent_in(parent),
            stamp: stamp_in(draft.stamp),
            proposer: draft.proposer,
            view: draft.view,
            votes: votes_in(draft.votes),
            beacon: draft.lots.map(beacon_in),
        };
        let offered = self.pool.best(self.ledger.block_work().saturating_mul(OFFERED), BLOCK_BYTES * OFFERED as usize);
        let candidates = offered.iter().map(|pending| Arc::clone(&pending.transaction));
        let (chosen, outcome) = self.ledger.choose(&env, candidates, BLOCK_BYTES).map_err(refused)?;
        self.note_passed_over(&env, &offered, &chosen);
        // What was chosen stands in the order in which it was offered.
        let mut rest = offered.iter();
        let encoded = |transaction: &Arc<Transaction>| match rest.find(|p| Arc::ptr_eq(&p.transaction, transaction)) {
            Some(pending) => pending.bytes.clone(),
            None => Bytes::from(transaction.encode()),
        };
        let txs: Vec<Bytes> = chosen.iter().map(encoded).collect();
        let processed = processed(&outcome);
        let mut memory = self.memory();
        if memory.proposals.len() == PROPOSALS {
            memory.proposals.pop_front();
        }
        memory.proposals.push_back((env, txs.clone(), outcome));
        drop(memory);
        self.metrics.ran_block(started.elapsed());
        Ok(Proposal { txs, processed })
    }

    fn process(&self, block: &BlockView<'_>, trusted: bool) -> Result<Processed, Refused> {
        let started = time::Instant::now();
        let env = env(block);
        let outcome = self.ledger.run(&env, block.txs, trusted).map_err(refused)?;
        self.keep(block, &env, &outcome);
        self.metrics.ran_block(started.elapsed());
        Ok(processed(&outcome))
    }

    fn sealed(&self, block: &BlockView<'_>, _: &Processed) {
        let env = env(block);
        let same = |(other, txs, _): &(BlockEnv, Vec<Bytes>, Outcome)| {
            other.parent == env.parent
                && other.stamp == env.stamp
                && other.proposer == env.proposer
                && other.beacon == env.beacon
                && txs == block.txs
        };
        let outcome = {
            let mut memory = self.memory();
            let at = memory.proposals.iter().position(same);
            at.and_then(|at| memory.proposals.remove(at))
        };
        match outcome {
            Some((.., outcome)) => self.keep(block, &env, &outcome),
            // Forgotten among many cancelled proposals: it is this node's own body, so it runs.
            None => match self.ledger.run(&env, block.txs, true) {
                Ok(outcome) => self.keep(block, &env, &outcome),
                Err(error) => tracing::error!(height = block.height, %error, "an own proposal cannot be run again"),
            },
        }
    }

    fn finalized(&self, block: &BlockView<'_>) {
        // The engine lets every block be processed or sealed before; failing here means that state and chain would part.
        self.ledger.finalize(block.digest, block.height).unwrap_or_else(|error| panic!("a final block was not kept: {error}"));
        let kept = {
            let mut memory = self.memory();
            let kept = memory.blocks.remove(&block.digest);
            memory.blocks.retain(|_, other| other.height > block.height);
            kept
        };
        let contents = kept.unwrap_or_else(|| contents(block, 0));
        let final_block = FinalBlock {
            height: block.height,
            base_fee: base_fee(&self.ledger),
            included: &contents.ids,
            nonces: &contents.senders,
            now: time::Instant::now(),
        };
        let dropped = self.pool.finalized(&final_block, |transaction| self.ledger.admit(transaction).is_ok());
        self.waiters.drop_all(&dropped);
        self.metrics.finalized(block.height, block.stamp.time, contents.work);
    }

    fn wanted(&self, parent: &depin_engine::Parent) -> Option<u64> {
        let wall = parent.stamp.wall;
        // What no block took yet is looked at again after some more blocks.
        if self.pool.waiting_since().is_some() {
            return Some(wall);
        }
        let parent = parent_in(parent);
        let due = self.ledger.next_due(&parent).ok()??;
        let left = due.get().saturating_sub(parent.stamp.time.get());
        Some(wall.saturating_add(left.div_ceil(self.speed.max(1).into())))
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let pool = Arc::clone(&self.pool);
        Box::pin(async move { pool.ready().await })
    }
}

/// Base fee of the next block on the finalized state, base units per work unit.
pub(crate) fn base_fee(ledger: &Ledger) -> Units {
    ledger.read(|state| ledger.economy().reads(state, Instant::default()).base_fee())
}

/// Base fee of rows of the next block on the finalized state, base units per work unit; `None` where rows cost nothing.
pub(crate) fn row_base_fee(ledger: &Ledger) -> Option<Units> {
    ledger.economy().spec().fee().row?;
    Some(ledger.read(|state| ledger.economy().reads(state, Instant::default()).row_base_fee()))
}

/// Price of a byte of rows in the next block on the finalized state, base units. A file whose price does not fit is refused when it is
/// checked; a base fee that rose so far takes what there is.
pub(crate) fn row_fee(ledger: &Ledger) -> Units {
    let fee = ledger.read(|state| ledger.economy().reads(state, Instant::default()).row_fee());
    fee.unwrap_or(Units::new(u128::MAX))
}

fn contents(block: &BlockView<'_>, work: u64) -> Contents {
    let mut contents = Contents { height: block.height, work, ..Contents::default() };
    let mut nonces: BTreeMap<Address, u64> = BTreeMap::new();
    // A block that ran holds transactions only; bytes that are none would have been refused.
    for transaction in block.txs.iter().filter_map(|bytes| Transaction::decode(bytes).ok()) {
        contents.ids.push(transaction.id());
        nonces.insert(transaction.body.sender(), transaction.body.nonce.saturating_add(1));
    }
    contents.senders = nonces.into_iter().collect();
    contents
}

fn processed(outcome: &Outcome) -> Processed {
    Processed {
        rows: outcome.writes.iter().map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec))).collect(),
        receipts: outcome.receipts.iter().map(depin_ledger::Receipt::encode).collect(),
    }
}

fn refused(error: RunError) -> Refused {
    match error {
        RunError::UnknownParent { height } => Refused::UnknownParent { parent_height: height },
        error => Refused::Invalid(error.to_string()),
    }
}

fn env(block: &BlockView<'_>) -> BlockEnv {
    BlockEnv {
        parent: parent_in(&block.parent),
        stamp: stamp_in(block.stamp),
        proposer: block.proposer,
        view: block.view,
        votes: votes_in(block.votes),
        beacon: block.lots.map(beacon_in),
    }
}

const fn beacon_in(lots: Lots) -> Beacon {
    Beacon { round: lots.round, value: lots.value }
}

fn votes_in(votes: &[depin_engine::Attested]) -> Arc<[Attested]> {
    let vote = |vote: &depin_engine::Attested| Attested {
        height: vote.height,
        digest: vote.digest,
        certified: vote.certified,
        signers: vote.signers.clone(),
    };
    votes.iter().map(vote).collect()
}

fn parent_in(parent: &depin_engine::Parent) -> depin_ledger::Parent {
    depin_ledger::Parent { digest: parent.digest, height: parent.height, stamp: stamp_in(parent.stamp) }
}

fn stamp_in(stamp: depin_engine::Stamp) -> depin_ledger::Stamp {
    depin_ledger::Stamp { wall: stamp.wall, time: Instant::new(stamp.time), speed: stamp.speed }
}

/// What the engine knows of a chain's beginning.
pub(crate) fn genesis_of(doc: &GenesisDoc) -> Genesis {
    let (chain_id, beacon) = (doc.chain_id.to_string(), doc.beacon.clone());
    Genesis { chain_id, digest: doc.digest(), stamp: stamp_out(doc.stamp()), beacon }
}

fn stamp_out(stamp: depin_ledger::Stamp) -> depin_engine::Stamp {
    depin_engine::Stamp { wall: stamp.wall, time: stamp.time.get(), speed: stamp.speed }
}
