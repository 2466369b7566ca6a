//! The two databases as the one unit that the engine opens, forks, applies and syncs.
//!
//! A thin layer over the pair that adds what the pair cannot know: whenever the databases were opened or synced, all rows go to
//! [`Machine::load`] before any block is processed on them, and whenever a durability barrier completes, the tip is published.
//!
//! Order after a restart: marshal knows the last acknowledged block; both databases are opened at exactly that block's targets,
//! discarding what a crash left beyond it; the machine loads those rows and that block as its tip; then marshal delivers every
//! finalized block above it again. So the rows database is never ahead of or behind what the machine holds.

use crate::{
    block::Block,
    clock::Clock,
    machine::Machine,
    progress::Progress,
    receipt,
    store::{Pair, ReceiptsConfig, RowsConfig, Runtime},
};
use commonware_consensus::{
    marshal::{Identifier, core::Mailbox as Marshal, standard::Standard},
    simplex::scheme::ed25519::Scheme,
    types::Height,
};
use commonware_cryptography::{Digest, Digestible as _};
use commonware_glue::stateful::db::{
    Anchor, AttachableResolverSet, Barrier, DatabaseSet, StateSyncSet, SyncEngineConfig, TipUpdate,
};
use commonware_runtime::{Clock as _, Error as RuntimeError, Handle, Supervisor as _};
use commonware_storage::qmdb::sync::Target;
use commonware_utils::{channel::ring, non_empty_range};
use futures::{
    StreamExt as _,
    future::{join, pending},
};
use std::{sync::Arc, time::Duration};

/// Of empty blocks only these have all files of the databases written, so that little is to be made again after a crash.
const SYNC_EVERY: u64 = 64;
/// How often and how long the block that the databases reflect is looked for in the archive.
const ANCHOR_TRIES: u32 = 100;
const ANCHOR_PAUSE: Duration = Duration::from_millis(100);

type Targets = <Pair as DatabaseSet<Runtime>>::SyncTargets;
type Unmerkleized = <Pair as DatabaseSet<Runtime>>::Unmerkleized;
type Merkleized = <Pair as DatabaseSet<Runtime>>::Merkleized;

/// Where blocks come from when the databases are opened.
pub(crate) enum Blocks {
    /// The archive of a running node; the height is the one at which an earlier state sync or recovery ended.
    Archive(Marshal<Scheme, Standard<Block>>, Option<Height>),
    /// The one block that the databases are opened at.
    Known(Arc<Block>),
}

/// What opening needs.
pub(crate) struct Config {
    pub(crate) rows: RowsConfig,
    pub(crate) receipts: ReceiptsConfig,
    pub(crate) blocks: Blocks,
    pub(crate) machine: Arc<dyn Machine>,
    pub(crate) progress: Arc<Progress>,
    /// What a plain start is held against; none where blocks are only run again.
    pub(crate) clock: Option<Arc<Clock>>,
}

/// The opened databases.
#[derive(Clone)]
pub(crate) struct Databases {
    pair: Pair,
    progress: Arc<Progress>,
}

impl Databases {
    /// Makes durable what was applied, by the logs of operations alone: a third of the files. What is not written is made again from them
    /// when the databases are opened.
    async fn commit(&self) -> Barrier {
        let rows = async {
            let (slot, rows) = self.pair.0.write().await;
            slot.put(rows.commit().await.unwrap_or_else(|error| give_up(format!("the rows cannot be written: {error}"))));
        };
        let receipts = async {
            let (slot, receipts) = self.pair.1.write().await;
            slot.put(receipts.commit().await.unwrap_or_else(|error| give_up(format!("the receipts cannot be written: {error}"))));
        };
        join(rows, receipts).await;
        Barrier::from_handles::<Self>([])
    }
}

/// Ends the engine, with a reason that its end tells. The way up to there returns no errors, and the hook for panics has nothing to add.
fn give_up(reason: String) -> ! {
    std::panic::resume_unwind(Box::new(reason))
}

/// Hands the rows of the opened databases to the machine.
async fn load(pair: Pair, block: &Block, machine: &dyn Machine, progress: &Arc<Progress>) -> Databases {
    let mut rows = Vec::new();
    {
        let database = pair.0.read().await;
        let stream = database.stream_range(..);
        futures::pin_mut!(stream);
        while let Some(row) = stream.next().await {
            rows.push(row.unwrap_or_else(|error| give_up(format!("the rows of the store cannot be read: {error}"))));
        }
    }
    tracing::info!(height = block.header().height(), rows = rows.len(), "store opened");
    machine.load(block.header().as_parent(), rows);
    progress.open(block.header(), pair.clone());
    Databases { pair, progress: progress.clone() }
}

impl Blocks {
    /// The block whose state the databases hold after a plain start: the later of the last processed one and the one at which an
    /// earlier recovery ended.
    async fn last(&self) -> Arc<Block> {
        let (marshal, completed) = match self {
            Self::Known(block) => return block.clone(),
            Self::Archive(marshal, completed) => (marshal, completed),
        };
        let processed = marshal.get_anchor().await;
        let height = completed
            .iter()
            .copied()
            .chain(processed.iter().map(|(processed, _)| processed.height()))
            .max()
            .unwrap_or(Height::zero());
        match processed {
            Some((processed, block)) if processed.height() == height => block.inner_shared(),
            _ => {
                let block = marshal.get_block(Identifier::Height(height)).await;
                block.unwrap_or_else(|| give_up(format!("block {height} is not in the archive"))).inner_shared()
            }
        }
    }

    /// The block that a finished state sync reflects.
    async fn synced(&self, runtime: &Runtime, height: Height, digest: &[u8]) -> Arc<Block> {
        let marshal = match self {
            Self::Known(block) => return block.clone(),
            Self::Archive(marshal, _) => marshal,
        };
        for _ in 0..ANCHOR_TRIES {
            if let Some(block) = marshal.get_block(Identifier::Height(height)).await
                && block.digest().as_ref() == digest
            {
                return block.inner_shared();
            }
            runtime.sleep(ANCHOR_PAUSE).await;
        }
        give_up(format!("the archive does not hold block {height}, whose state was synced"))
    }
}

impl DatabaseSet<Runtime> for Databases {
    type Unmerkleized = Unmerkleized;
    type Merkleized = Merkleized;
    type Readers = <Pair as DatabaseSet<Runtime>>::Readers;
    type Config = Config;
    type SyncTargets = Targets;

    async fn init(runtime: Runtime, config: Config, expected: Option<Targets>) -> Self {
        let block = config.blocks.last().await;
        let header = block.header();
        if let Some(Err(behind)) = config.clock.as_ref().map(|clock| clock.check_start(header.height(), header.stamp().wall)) {
            // The engine ends with this, so nobody waits for the databases.
            config.progress.refuse(behind);
            return pending().await;
        }
        let pair = <Pair as DatabaseSet<Runtime>>::init(runtime, (config.rows, config.receipts), expected.clone()).await;
        let targets = block.targets();
        if expected.is_some_and(|expected| expected != targets)
            || DatabaseSet::<Runtime>::committed_targets(&pair).await != targets
        {
            give_up(format!("rows and receipts of the store are not those of block {}", header.height()));
        }
        load(pair, &block, config.machine.as_ref(), &config.progress).await
    }

    fn initial_sync_targets() -> Targets {
        <Pair as DatabaseSet<Runtime>>::initial_sync_targets()
    }

    async fn new_batches(&self) -> Unmerkleized {
        DatabaseSet::<Runtime>::new_batches(&self.pair).await
    }

    fn fork_batches(parent: &Merkleized) -> Unmerkleized {
        <Pair as DatabaseSet<Runtime>>::fork_batches(parent)
    }

    fn matches_sync_targets(batches: &Merkleized, targets: &Targets) -> bool {
        <Pair as DatabaseSet<Runtime>>::matches_sync_targets(batches, targets)
    }

    fn readers(&self) -> Self::Readers {
        DatabaseSet::<Runtime>::readers(&self.pair)
    }

    async fn apply(&self, batches: Merkleized) {
        DatabaseSet::<Runtime>::apply(&self.pair, batches).await;
    }

    async fn finalize(&self) -> Barrier {
        // Calls do not overlap with `apply`, so this is the block that the barrier covers.
        let covered = self.progress.applied();
        let barrier = match &covered {
            Some(tip) if tip.tx_count == 0 && !tip.height.is_multiple_of(SYNC_EVERY) => self.commit().await,
            _ => DatabaseSet::<Runtime>::finalize(&self.pair).await,
        };
        let progress = self.progress.clone();
        Barrier::from_handles::<Self>([Handle::from_future(async move {
            if !barrier.durable().await {
                return Err(RuntimeError::Closed);
            }
            if let Some(tip) = covered {
                progress.durable(tip);
            }
            Ok(())
        })])
    }

    async fn prune(&self, (rows, receipts): &Targets) {
        // Of the rows' past nothing is ever asked. Receipts stay as far as history does.
        let kept = receipt::first_of(&*self.pair.1.read().await, self.progress.history().first()).await;
        let kept = kept.unwrap_or_else(|error| panic!("the receipts cannot be read: {error}"));
        let range = non_empty_range!(kept.min(receipts.range.start()), receipts.range.end());
        let targets = (rows.clone(), Target::new(receipts.root, range));
        DatabaseSet::<Runtime>::prune(&self.pair, &targets).await;
    }

    async fn committed_targets(&self) -> Targets {
        DatabaseSet::<Runtime>::committed_targets(&self.pair).await
    }
}

/// One source per database, as the pair wants them.
#[derive(Clone)]
pub(crate) struct Sources<R, S>(pub(crate) R, pub(crate) S);

impl<R, S> StateSyncSet<Runtime, Sources<R, S>> for Databases
where
    Pair: StateSyncSet<Runtime, (R, S), Error = String>,
    R: Send + 'static,
    S: Send + 'static,
{
    type Error = String;

    async fn sync<D: Digest>(
        runtime: Runtime,
        config: Config,
        sources: Sources<R, S>,
        anchor: Anchor<D>,
        targets: Targets,
        tip_updates: ring::Receiver<TipUpdate<D, Targets>>,
        sync_config: SyncEngineConfig,
    ) -> Result<(Self, Anchor<D>), String> {
        let Config { rows, receipts, blocks, machine, progress, clock: _ } = config;
        let (pair, anchor) = <Pair as StateSyncSet<Runtime, (R, S)>>::sync(
            runtime.child("pair"),
            (rows, receipts),
            (sources.0, sources.1),
            anchor,
            targets,
            tip_updates,
            sync_config,
        )
        .await?;
        let block = blocks.synced(&runtime, anchor.height, anchor.digest.as_ref()).await;
        // Sync targets cover the operations only; whoever serves them could not forge the canonical root, but check our duty here.
        let root = pair.0.read().await.root();
        if root.0 != block.header().state_root() {
            return Err(format!("the synced rows have another root than block {}", block.header().height()));
        }
        Ok((load(pair, &block, machine.as_ref(), &progress).await, anchor))
    }
}

impl<R, S> AttachableResolverSet<Databases> for Sources<R, S>
where
    R: Clone + Send + Sync + 'static,
    S: Clone + Send + Sync + 'static,
    (R, S): AttachableResolverSet<Pair>,
{
    async fn attach_databases(&self, databases: Databases) {
        (self.0.clone(), self.1.clone()).attach_databases(databases.pair).await;
    }
}

impl Block {
    /// The state that the databases have after this block.
    pub(crate) fn targets(&self) -> Targets {
        let header = self.header();
        (Target::new(header.ops_root, header.ops_range.clone()), Target::new(header.receipts_root, header.receipts_range.clone()))
    }
}
