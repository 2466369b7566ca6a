//! Runs blocks without consensus, through the same adapter and store as a live node.
//!
//! For audits: every block of an archive on a fresh store and a fresh machine must give the roots in its header. And for checks of
//! a machine: rival blocks judged at once, calls cancelled half-way. In: a script of [`Step`]s. Out: one [`Verdict`] per step.

use crate::{
    application::{Adapter, genesis_block},
    beacon::{Beacon, BeaconError},
    block::{Block, Context},
    clock::{CLOCK_JUMP, Clock},
    config::{ConfigError, decode_key},
    databases::{Blocks, Config as DatabasesConfig, Databases},
    engine::{self, STACK, reason},
    machine::Machine,
    network::Committee,
    progress::{Progress, Tip},
    store::{Runtime, page_cache, receipts_config, rows_config},
    votes::Voters,
};
use commonware_consensus::{
    Block as _, CertifiableBlock as _,
    marshal::ancestry,
    types::{Epoch, Round, View},
};
use commonware_cryptography::{Digested, Digestible as _, ed25519, sha256};
use commonware_glue::stateful::{Application as _, Finality, Input, Proposed, db::DatabaseSet};
use commonware_runtime::{Runner as _, Supervisor as _, tokio::Runner};
use futures::future::join_all;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
    thread,
};

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Step {
    /// Build a block in `view` as `proposer` on the block with this digest (the genesis block or one built, judged or final).
    Propose {
        /// Digest of the parent.
        parent: [u8; 32],
        /// Public key of the proposer.
        proposer: [u8; 32],
        /// View of consensus; above the parent's.
        view: u64,
    },
    /// Judge blocks as candidates, all at once in this order. Their parents must be known.
    Judge(Vec<Arc<Block>>),
    /// Begin to judge a block and give up at the first point at which a call can be cancelled.
    Cancel(Arc<Block>),
    /// Apply a block as final, judging it first when it is not known yet. It must extend the last final block.
    Finalize(Arc<Block>),
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The block built; `None` when the machine refused.
    Proposed(Option<Arc<Block>>),
    /// For each block, whether it may be voted for.
    Judged(Vec<bool>),
    /// The call was given up, or had ended already.
    Cancelled,
    /// The tip after the block.
    Final(Tip),
}

/// Why a script ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The committee or a proposer's key is not usable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The beacon's key is not usable.
    #[error(transparent)]
    Beacon(#[from] BeaconError),
    /// A step names a block that is not known.
    #[error("step {step} needs a block that no step before built, judged or finalized")]
    Unknown {
        /// Index of the step.
        step: usize,
    },
    /// A part failed, for example because a final block cannot be reproduced.
    #[error("{0}")]
    Failed(String),
}

/// Runs blocks without consensus.
pub struct Replay;

type Outcome = <Databases as DatabaseSet<Runtime>>::Merkleized;

impl Replay {
    /// Runs a script on an empty store in `folder`. `committee` holds the public keys of the validators whose chain it is.
    pub fn run(
        folder: &Path,
        machine: Arc<dyn Machine>,
        committee: &[[u8; 32]],
        steps: Vec<Step>,
    ) -> Result<Vec<Verdict>, ReplayError> {
        let (chain, keys) = (machine.genesis(), Committee::keys(committee)?);
        let genesis = genesis_block(&chain, &keys);
        let beacon = engine::beacon(&chain, &keys, None)?;
        let heard = (Voters::new(&chain.chain_id, keys), beacon);
        let settings = commonware_runtime::tokio::Config::new()
            .with_storage_directory(folder)
            .with_worker_threads(2)
            .with_thread_stack_size(STACK);
        let run = move || Runner::new(settings).start(|runtime| Session::run(runtime, machine, heard, genesis, steps));
        // A thread of its own: the caller may be on a runtime, which the engine's cannot be started from.
        let thread = thread::Builder::new().name("depin-replay".into()).stack_size(STACK);
        let thread =
            thread.spawn(move || catch_unwind(AssertUnwindSafe(run))).map_err(|error| ReplayError::Failed(error.to_string()))?;
        match thread.join() {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) | Err(panic) => Err(ReplayError::Failed(reason(panic.as_ref()))),
        }
    }

    /// Runs final blocks in height order from the first on and returns the tip after each.
    pub fn audit(
        folder: &Path,
        machine: Arc<dyn Machine>,
        committee: &[[u8; 32]],
        blocks: Vec<Arc<Block>>,
    ) -> Result<Vec<Tip>, ReplayError> {
        let steps = blocks.into_iter().map(Step::Finalize).collect();
        let verdicts = Self::run(folder, machine, committee, steps)?;
        Ok(verdicts.into_iter().filter_map(|verdict| if let Verdict::Final(tip) = verdict { Some(tip) } else { None }).collect())
    }
}

struct Session {
    runtime: Runtime,
    adapter: Adapter,
    databases: Databases,
    progress: Arc<Progress>,
    /// Every block seen, and its outcome while it is not final.
    known: BTreeMap<sha256::Digest, (Digested<Block>, Option<Outcome>)>,
    last: sha256::Digest,
}

impl Session {
    async fn run(
        runtime: Runtime,
        machine: Arc<dyn Machine>,
        heard: (Arc<Voters>, Arc<Beacon>),
        genesis: Block,
        steps: Vec<Step>,
    ) -> Result<Vec<Verdict>, ReplayError> {
        let progress = Arc::new(Progress::new(&genesis, 0));
        let cache = page_cache();
        let config = DatabasesConfig {
            rows: rows_config(&cache),
            receipts: receipts_config(&cache),
            blocks: Blocks::Known(Arc::new(genesis.clone())),
            machine: machine.clone(),
            progress: progress.clone(),
            clock: None,
        };
        let databases = Databases::init(runtime.child("databases"), config, Some(genesis.targets())).await;
        let last = genesis.digest();
        let known = BTreeMap::from([(last, (Digested::precomputed(genesis.clone(), last), None))]);
        let adapter = Adapter::new(machine, progress.clone(), heard, genesis, Arc::new(Clock::system(CLOCK_JUMP)));
        let mut session = Self { runtime, adapter, databases, progress, known, last };
        let mut verdicts = Vec::with_capacity(steps.len());
        for (index, step) in steps.into_iter().enumerate() {
            verdicts.push(session.step(index, step).await?);
        }
        Ok(verdicts)
    }

    async fn step(&mut self, step: usize, what: Step) -> Result<Verdict, ReplayError> {
        match what {
            Step::Propose { parent, proposer, view } => {
                let leader = decode_key(&proposer)?;
                let block = self.propose(sha256::Digest(parent), leader, view).await.ok_or(ReplayError::Unknown { step })?;
                Ok(Verdict::Proposed(block))
            }
            Step::Judge(blocks) => {
                let calls = blocks.iter().map(|block| self.judge(block, Finality::Candidate));
                let outcomes = join_all(calls).await;
                let mut judged = Vec::with_capacity(outcomes.len());
                for (block, outcome) in blocks.into_iter().zip(outcomes) {
                    let outcome = outcome.ok_or(ReplayError::Unknown { step })?;
                    judged.push(outcome.is_some());
                    if let Some(outcome) = outcome {
                        self.keep(block, outcome);
                    }
                }
                Ok(Verdict::Judged(judged))
            }
            Step::Cancel(block) => {
                // The future is dropped wherever its first poll left it.
                let _ = futures::poll!(std::pin::pin!(self.judge(&block, Finality::Candidate)));
                Ok(Verdict::Cancelled)
            }
            Step::Finalize(block) => {
                let tip = self.finalize(block).await.ok_or(ReplayError::Unknown { step })?;
                Ok(Verdict::Final(tip))
            }
        }
    }

    async fn propose(&mut self, parent: sha256::Digest, leader: ed25519::PublicKey, view: u64) -> Option<Option<Arc<Block>>> {
        let (block, _) = self.known.get(&parent)?.clone();
        let batches = self.fork(&parent).await?;
        let context = Context {
            round: Round::new(Epoch::zero(), View::new(view)),
            leader,
            parent: (block.inner().context().round.view(), parent),
        };
        let input = Input { upstream: (), provider: () };
        let ancestry = ancestry::from_iter([block]);
        let proposed = self.adapter.clone().propose((self.runtime.child("propose"), context), ancestry, batches, input).await;
        let Some(Proposed { block, merkleized }) = proposed else { return Some(None) };
        assert!(Databases::matches_sync_targets(&merkleized, &block.targets()), "a proposal commits to what it did");
        let block = Arc::new(block);
        self.keep(block.clone(), merkleized);
        Some(Some(block))
    }

    /// `None` when the parent is not known, `Some(None)` when the block is refused.
    async fn judge(&self, block: &Arc<Block>, finality: Finality) -> Option<Option<Outcome>> {
        let (parent, _) = self.known.get(&block.parent())?.clone();
        let batches = self.fork(&block.parent()).await?;
        let digested = Digested::precomputed(block.clone(), block.digest());
        let ancestry = ancestry::from_iter([digested, parent]);
        let context = (self.runtime.child("process"), block.context());
        let outcome = self.adapter.clone().process(context, ancestry, batches, finality).await;
        Some(outcome.filter(|outcome| Databases::matches_sync_targets(outcome, &block.targets())))
    }

    async fn finalize(&mut self, block: Arc<Block>) -> Option<Tip> {
        if block.parent() != self.last {
            return None;
        }
        let known = self.known.get(&block.digest()).and_then(|(_, outcome)| outcome.clone());
        let outcome = match known {
            Some(outcome) => outcome,
            None => self.judge(&block, Finality::Finalized).await?.expect("a final block gives the roots of its header"),
        };
        let context = || (self.runtime.child("finalize"), block.context());
        let readers = || self.databases.readers();
        self.adapter.clone().capture(context(), &block, &outcome, readers()).await;
        self.databases.apply(outcome).await;
        self.adapter.clone().finalized(context(), &block, (), readers()).await;
        if !self.databases.finalize().await.durable().await {
            return None;
        }
        self.last = block.digest();
        self.known.clear();
        self.known.insert(self.last, (Digested::precomputed(block, self.last), None));
        self.progress.applied()
    }

    async fn fork(&self, parent: &sha256::Digest) -> Option<<Databases as DatabaseSet<Runtime>>::Unmerkleized> {
        match self.known.get(parent)? {
            (_, Some(outcome)) => Some(Databases::fork_batches(outcome)),
            (_, None) if *parent == self.last => Some(self.databases.new_batches().await),
            (_, None) => None,
        }
    }

    fn keep(&mut self, block: Arc<Block>, outcome: Outcome) {
        let digest = block.digest();
        self.known.insert(digest, (Digested::precomputed(block, digest), Some(outcome)));
    }
}
