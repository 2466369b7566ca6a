//! The adapter between the engine's application trait and a [`Machine`].
//!
//! In: a parent and a forked batch of both databases, or a block to judge. Out: a block with the roots of what it did, or a
//! verdict. Every call to the machine is synchronous and stands between two awaits, so a cancelled future leaves nothing
//! half-done: at worst the machine keeps the write set of a block that is judged again later, or dropped with its height.

use crate::{
    beacon::{Beacon, BeaconError, Seal},
    block::{Block, Context, Header, check_body, commit_body, commit_votes, public_bytes},
    clock::Clock,
    databases::Databases,
    limits::{CLOCK_DRIFT_MS, CLOCK_WAIT_MS_MAX, MAX_RECEIPT, MAX_ROW_KEY, MAX_ROW_VALUE, RECEIPTS_SERVED},
    machine::{Draft, Genesis, Machine, Parent, Processed, Refused},
    progress::Progress,
    receipt,
    store::Runtime,
    votes::{VoteFault, Voters, Votes},
};
use commonware_consensus::{
    marshal::ancestry::Ancestry,
    simplex::scheme::ed25519::Scheme,
    types::{Epoch, Height, Round, View},
};
use commonware_cryptography::{Digest as _, Hasher as _, Sha256, ed25519, sha256};
use commonware_glue::stateful::{
    Application, Finality, Input, Proposed,
    db::{DatabaseSet, Merkleized as _, Unmerkleized as _},
};
use commonware_runtime::Clock as _;
use commonware_storage::{mmr::Location, qmdb::Error as StoreError};
use commonware_utils::{non_empty_range, ordered::Set};
use futures::StreamExt as _;
use std::{sync::Arc, time::Duration};

type Batches = <Databases as DatabaseSet<Runtime>>::Unmerkleized;
type Outcome = <Databases as DatabaseSet<Runtime>>::Merkleized;

/// Why a block gets no vote.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Votes(#[from] VoteFault),
    #[error(transparent)]
    Beacon(#[from] BeaconError),
    #[error("the machine broke its contract: {0}")]
    Machine(String),
    #[error("the parent cannot be fetched")]
    NoParent,
    #[error("the clock reads {wall} ms after {parent} ms of the parent; it must rise")]
    ClockStands { wall: u64, parent: u64 },
    #[error("the clock reads {ahead} ms more than gets a vote: {CLOCK_DRIFT_MS} ms ahead of ours")]
    ClockAhead { ahead: u64 },
    #[error("the block commits to another {0} than running it gives")]
    OtherOutcome(&'static str),
    #[error("the parent's state was discarded meanwhile")]
    Stale,
}

/// Binds a machine to the engine. Clones share everything.
#[derive(Clone)]
pub(crate) struct Adapter {
    machine: Arc<dyn Machine>,
    progress: Arc<Progress>,
    voters: Arc<Voters>,
    beacon: Arc<Beacon>,
    genesis: Block,
    clock: Arc<Clock>,
}

/// The genesis block: what the chain starts from, and who may extend it. Its state root commits to both.
pub(crate) fn genesis_block(genesis: &Genesis, committee: &Set<ed25519::PublicKey>) -> Block {
    let first = committee.iter().next().expect("a committee has at least one member");
    let mut start = [b"depin/genesis".as_slice(), &genesis.digest].concat();
    for key in committee.iter() {
        start.extend_from_slice(key.as_ref());
    }
    let (rows, receipts) = <Databases as DatabaseSet<Runtime>>::initial_sync_targets();
    let (tx_root, tx_count) = commit_body(&[]);
    let header = Header {
        context: Context {
            round: Round::new(Epoch::zero(), View::zero()),
            leader: first.clone(),
            parent: (View::zero(), sha256::Digest::EMPTY),
        },
        height: Height::zero(),
        stamp: genesis.stamp,
        votes: commit_votes(&Votes::default()),
        seal: None,
        tx_root,
        tx_count,
        state_root: Sha256::hash(&[&start]),
        ops_root: rows.root,
        ops_range: rows.range,
        receipts_root: receipts.root,
        receipts_range: receipts.range,
    };
    Block::new(header, Votes::default(), Vec::new()).expect("an empty body matches its own root")
}

impl Adapter {
    pub(crate) fn new(
        machine: Arc<dyn Machine>,
        progress: Arc<Progress>,
        (voters, beacon): (Arc<Voters>, Arc<Beacon>),
        genesis: Block,
        clock: Arc<Clock>,
    ) -> Self {
        Self { machine, progress, voters, beacon, genesis, clock }
    }

    async fn build(&self, context: Context, parent: Parent, batches: Batches) -> Result<Proposed<Self, Runtime>, Fault> {
        let stamp = self.machine.stamp(&parent, self.clock.next(parent.stamp.wall));
        let votes = self.voters.choose(&self.machine.awaited(&parent)?);
        let attested = self.voters.attested(&votes);
        let seal = self.machine.next_round(&parent)?.and_then(|round| self.beacon.known(round));
        let (view, proposer) = (context.round.view().get(), public_bytes(&context.leader));
        let draft = Draft { stamp, view, proposer, votes: &attested, lots: seal.as_ref().map(Seal::lots) };
        let proposal = self.machine.propose(&parent, &draft)?;
        check_body(&proposal.txs).map_err(|error| Fault::Machine(error.to_string()))?;
        let height = Height::new(parent.height + 1);
        let (rows, receipts) = write(batches, height.get(), &proposal.processed).await?;
        let (tx_root, tx_count) = commit_body(&proposal.txs);
        let header = Header {
            context,
            height,
            stamp,
            votes: commit_votes(&votes),
            seal,
            tx_root,
            tx_count,
            state_root: rows.root(),
            ops_root: rows.ops_root(),
            ops_range: non_empty_range!(rows.sync_boundary(), rows.bounds().tip.size),
            receipts_root: receipts.root(),
            receipts_range: non_empty_range!(receipts.bounds().inactivity_floor, receipts.bounds().tip.size),
        };
        let block = Block::new(header, votes, proposal.txs).expect("the body was checked and committed to above");
        self.machine.sealed(&block.view(parent, &attested), &proposal.processed);
        Ok(Proposed { block, merkleized: (rows, receipts) })
    }

    async fn judge(
        &self,
        runtime: &Runtime,
        mut ancestry: impl Ancestry<Block>,
        batches: Batches,
        finality: Finality,
    ) -> Result<Outcome, Fault> {
        let block = ancestry.next().await.ok_or(Fault::NoParent)?.inner_shared();
        let parent = match self.progress.parent(block.header().parent()) {
            Some(parent) => parent,
            None => ancestry.next().await.ok_or(Fault::NoParent)?.inner().header().as_parent(),
        };
        if finality == Finality::Candidate {
            check_clock(runtime, &self.clock, &block, &parent).await?;
            self.voters.check(block.votes())?;
            self.beacon.check(block.header().seal.as_ref())?;
        }
        let attested = self.voters.attested(block.votes());
        let processed = self.machine.process(&block.view(parent, &attested), finality == Finality::Finalized)?;
        let (rows, receipts) = write(batches, block.header().height(), &processed).await?;
        // The engine itself compares the operations' root, not the canonical one that proofs are checked against.
        let header = block.header();
        let same = [("state root", header.state_root == rows.root()), ("receipts root", header.receipts_root == receipts.root())];
        match same.iter().find(|(_, same)| !same) {
            Some((what, _)) => Err(Fault::OtherOutcome(what)),
            None => Ok((rows, receipts)),
        }
    }
}

/// Checks that the clock rose, and waits a little for a block from the future.
///
/// A block still ahead afterwards gets no vote now. The refusal is not remembered, and a block that others finalized is not
/// checked again, so a slow local clock costs this node votes, never the chain.
async fn check_clock(runtime: &Runtime, clock: &Clock, block: &Block, parent: &Parent) -> Result<(), Fault> {
    let wall = block.header().stamp().wall;
    if wall <= parent.stamp.wall {
        return Err(Fault::ClockStands { wall, parent: parent.stamp.wall });
    }
    let ahead = clock.ahead(wall, parent.height, parent.stamp.wall);
    if ahead > 0 {
        runtime.sleep(Duration::from_millis(ahead.min(CLOCK_WAIT_MS_MAX))).await;
    }
    match clock.ahead(wall, parent.height, parent.stamp.wall) {
        0 => Ok(()),
        ahead => Err(Fault::ClockAhead { ahead }),
    }
}

/// Writes what a block did on top of its parent's state and computes the roots.
async fn write((mut rows, mut receipts): Batches, height: u64, processed: &Processed) -> Result<Outcome, Fault> {
    check_outcome(processed)?;
    for (key, value) in &processed.rows {
        rows = rows.write(key.clone(), value.clone());
    }
    let mut position = receipt::position_at(receipts.size(), height);
    for bytes in &processed.receipts {
        receipts = receipts.append(receipt::receipt(position, height, bytes));
        position += 1;
    }
    let served = Location::new((*receipts.size()).saturating_sub(RECEIPTS_SERVED));
    let last = receipt::commit(position, height);
    receipts = receipts.with_metadata(last).with_inactivity_floor(served);
    let rows = rows.merkleize().await.map_err(unreadable)?;
    let receipts = receipts.merkleize().await.map_err(unreadable)?;
    Ok((rows, receipts))
}

/// A store that cannot be read is fatal; a state that finalization discarded is not.
fn unreadable(error: StoreError<crate::store::Family>) -> Fault {
    match error {
        StoreError::StaleRead | StoreError::StaleBatch => Fault::Stale,
        error => panic!("the store cannot be read: {error}"),
    }
}

fn check_outcome(processed: &Processed) -> Result<(), Fault> {
    let broken = |what: String| Err(Fault::Machine(what));
    for pair in processed.rows.windows(2) {
        if pair[0].0 >= pair[1].0 {
            return broken(format!("row keys must rise, {:?} is followed by {:?}", pair[0].0, pair[1].0));
        }
    }
    for (key, value) in &processed.rows {
        if key.len() > MAX_ROW_KEY {
            return broken(format!("row key of {} bytes, at most {MAX_ROW_KEY} are allowed", key.len()));
        }
        if let Some(value) = value
            && value.len() > MAX_ROW_VALUE
        {
            return broken(format!("row value of {} bytes, at most {MAX_ROW_VALUE} are allowed", value.len()));
        }
    }
    match processed.receipts.iter().find(|receipt| receipt.len() > MAX_RECEIPT) {
        Some(receipt) => broken(format!("receipt of {} bytes, at most {MAX_RECEIPT} are allowed", receipt.len())),
        None => Ok(()),
    }
}

impl Application<Runtime> for Adapter {
    type SigningScheme = Scheme;
    type Context = Context;
    type Block = Block;
    type Databases = Databases;
    type Captured = ();
    type Provider = ();
    type Input = ();

    fn sync_targets(block: &Block) -> <Databases as DatabaseSet<Runtime>>::SyncTargets {
        block.targets()
    }

    async fn genesis(&mut self) -> Block {
        self.genesis.clone()
    }

    async fn propose(
        &mut self,
        (_, context): (Runtime, Context),
        mut ancestry: impl Ancestry<Block>,
        batches: Batches,
        _: Input<(), ()>,
    ) -> Option<Proposed<Self, Runtime>> {
        let parent = ancestry.next().await?.inner().header().as_parent();
        match self.build(context, parent, batches).await {
            Ok(proposed) => Some(proposed),
            Err(fault) => {
                tracing::error!(height = parent.height + 1, %fault, "nothing proposed");
                None
            }
        }
    }

    async fn process(
        &mut self,
        (runtime, _): (Runtime, Context),
        ancestry: impl Ancestry<Block>,
        batches: Batches,
        finality: Finality,
    ) -> Option<Outcome> {
        let height = ancestry.peek().map_or(0, |block| block.inner().header().height());
        match self.judge(&runtime, ancestry, batches, finality).await {
            Ok(outcome) => Some(outcome),
            Err(fault) if finality == Finality::Finalized => panic!("final block {height} cannot be reproduced: {fault}"),
            Err(fault) => {
                tracing::warn!(height, %fault, "block refused");
                None
            }
        }
    }

    async fn capture(
        &mut self,
        _: (Runtime, Context),
        block: &Block,
        _: &Outcome,
        _: <Databases as DatabaseSet<Runtime>>::Readers,
    ) {
        self.progress.applying(block.header());
    }

    async fn finalized(&mut self, _: (Runtime, Context), block: &Block, (): (), _: <Databases as DatabaseSet<Runtime>>::Readers) {
        let parent = self.progress.parent(block.header().parent()).expect("the block before was applied last");
        self.machine.finalized(&block.view(parent, &self.voters.attested(block.votes())));
    }
}
