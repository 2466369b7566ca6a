//! The ledger in memory: finalized rows, a frozen write set per unfinalized block, and the calls that move it on.

use crate::{
    AccountRow, Awaited, BlockEnv, ChainRow, ChanceRow, ContentDigest, FORMAT, GenesisDoc, GenesisError, Outcome, Parent,
    RunError, Signatures, Stamp, Transaction,
    run::Rules,
    snapshot::{Kept, Snapshot},
};
use depin_economy::Economy;
use depin_quantity::{Address, Instant, Span};
use depin_services::Live;
use depin_state::{ReadState, Tables, View, WriteSet};
use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard};
use std::{collections::BTreeMap, sync::Arc};

/// Digest of a header.
type Digest = [u8; 32];

/// The newest finalized block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its height.
    pub height: u64,
    /// Digest of its header; `None` right after loading, until the next block is final.
    pub digest: Option<Digest>,
    /// Its ledger time.
    pub time: Instant,
    /// Its wall clock reading.
    pub wall: u64,
    /// Rows held.
    pub rows: usize,
}

/// Why stored rows cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Another layout.
    #[error(
        "the rows are of format {found}, this build reads format {FORMAT}; use the build that wrote them, or start a new home"
    )]
    Format {
        /// Format found.
        found: u32,
    },
    /// Rows, but no chain row.
    #[error("there are rows but no chain row among them; the store is damaged")]
    NoChain,
}

/// The rows after the newest finalized block.
#[derive(Default)]
pub(crate) struct Finalized {
    pub tables: Tables,
    digest: Option<Digest>,
    chain: Option<ChainRow>,
}

impl Finalized {
    pub fn height(&self) -> u64 {
        self.chain.map_or(0, |chain| chain.height)
    }
}

struct Frozen {
    height: u64,
    parent: Digest,
    writes: Arc<WriteSet>,
}

/// Runs blocks over rows in memory. Shared between threads; siblings may run at the same time.
pub struct Ledger {
    rules: Rules,
    finalized: RwLock<Finalized>,
    frozen: Mutex<BTreeMap<Digest, Frozen>>,
    /// What the snapshot that is read has of rows that changed, if one is. Taken after `finalized`, where both are.
    kept: Mutex<Option<Kept>>,
    /// Held by the snapshot: one at a time.
    only: Mutex<()>,
}

impl Ledger {
    /// A ledger of the chain that `doc` starts, before its first block.
    ///
    /// # Errors
    /// [`GenesisError`] when the document cannot start a chain.
    pub fn new(doc: GenesisDoc, signatures: Arc<dyn Signatures>) -> Result<Self, GenesisError> {
        let rules = Rules::new(doc, signatures)?;
        Ok(Self { rules, finalized: RwLock::default(), frozen: Mutex::default(), kept: Mutex::default(), only: Mutex::default() })
    }

    /// What the chain started from.
    pub fn doc(&self) -> &GenesisDoc {
        &self.rules.doc
    }

    /// The economy's rules.
    pub fn economy(&self) -> &Economy {
        self.rules.economy()
    }

    /// Most work units of one block's transactions.
    pub fn block_work(&self) -> u64 {
        self.rules.block_work()
    }

    /// Most bytes of rows that one block's transactions add.
    pub fn block_rows(&self) -> u64 {
        self.rules.block_rows()
    }

    /// The network's service.
    pub fn service(&self) -> &Live {
        self.rules.network.service()
    }

    /// Most that ledger time may advance in one block: a quarter of the shortest proof window.
    pub fn time_cap(&self) -> Span {
        self.rules.cap
    }

    /// Replaces everything by stored rows; none means the state before the first block.
    ///
    /// # Errors
    /// [`LoadError`]; then nothing changed.
    pub fn load(&self, rows: Vec<(Vec<u8>, Vec<u8>)>) -> Result<(), LoadError> {
        let tables = Tables::from_rows(rows);
        let chain = (&tables as &dyn ReadState).get::<ChainRow>(&());
        match chain {
            None if !tables.is_empty() => return Err(LoadError::NoChain),
            Some(chain) if chain.format != FORMAT => return Err(LoadError::Format { found: chain.format }),
            _ => {}
        }
        let mut finalized = self.finalized.write();
        *finalized = Finalized { tables, digest: None, chain };
        *self.kept.lock() = None;
        self.lock_frozen().clear();
        Ok(())
    }

    /// The stamp of a block on `parent` when the wall clock reads `wall` and time is to run at `speed`.
    pub fn stamp(&self, parent: &Parent, wall: u64, speed: u32) -> Stamp {
        parent.stamp.next(wall, speed.clamp(1, self.rules.doc.speed_max), self.rules.cap)
    }

    /// Runs a block of encoded transactions. A `trusted` block is final already: signatures and stamp were checked by the
    /// committee.
    ///
    /// # Errors
    /// [`RunError`]; nothing is kept.
    pub fn run(&self, env: &BlockEnv, transactions: &[impl AsRef<[u8]>], trusted: bool) -> Result<Outcome, RunError> {
        let finalized = self.read_finalized();
        let view = self.view(&finalized, &env.parent)?;
        self.rules.run(&view, env, transactions, trusted)
    }

    /// Ancestors of a block on `parent` whose votes are counted in it, by rising height.
    ///
    /// # Errors
    /// [`RunError::UnknownParent`].
    pub fn awaited(&self, parent: &Parent) -> Result<Vec<Awaited>, RunError> {
        let finalized = self.read_finalized();
        let view = self.view(&finalized, parent)?;
        Ok(self.rules.committee.awaited(&view, parent.height, parent.digest))
    }

    /// When time has something to do, after the block `parent`, that somebody waits for: a window that opens, a payment that ends, a seed for what
    /// is fixed.
    ///
    /// # Errors
    /// [`RunError::UnknownParent`].
    pub fn next_due(&self, parent: &Parent) -> Result<Option<Instant>, RunError> {
        let finalized = self.read_finalized();
        let view = self.view(&finalized, parent)?;
        Ok(self.rules.next_due(&view, parent.stamp.time))
    }

    /// The round of the committee's beacon that a block on `parent` may carry; `None` where there is no beacon.
    ///
    /// # Errors
    /// [`RunError::UnknownParent`].
    pub fn next_round(&self, parent: &Parent) -> Result<Option<u64>, RunError> {
        let finalized = self.read_finalized();
        let view = self.view(&finalized, parent)?;
        Ok(self.rules.sources.next_round(&view))
    }

    /// The newest round of randomness on the finalized rows.
    pub fn chance(&self) -> ChanceRow {
        self.read(|state| self.rules.sources.now(state))
    }

    /// Whether the proposer of a committee of one draws alone at present, on the finalized rows: without a reporter, or because the
    /// last report is too long ago.
    pub fn draws_alone(&self) -> bool {
        let now = self.head().time;
        self.read(|state| self.rules.sources.falls_back(&self.rules.sources.now(state), now))
    }

    /// Fills a block from `candidates`, whose signatures were checked when they came: takes each that may be included after
    /// those before it, leaves the others, stops at the block's limits.
    ///
    /// # Errors
    /// [`RunError::UnknownParent`].
    pub fn choose(
        &self,
        env: &BlockEnv,
        candidates: impl IntoIterator<Item = Arc<Transaction>>,
        bytes_max: usize,
    ) -> Result<(Vec<Arc<Transaction>>, Outcome), RunError> {
        let finalized = self.read_finalized();
        let view = self.view(&finalized, &env.parent)?;
        self.rules.choose(&view, env, candidates, bytes_max)
    }

    /// Keeps a block's outcome under its digest, so that others can build on it.
    pub fn keep(&self, digest: Digest, env: &BlockEnv, outcome: &Outcome) {
        let frozen = Frozen { height: env.height(), parent: env.parent.digest, writes: outcome.writes.clone() };
        self.lock_frozen().insert(digest, frozen);
    }

    /// Folds a final block into the finalized rows and drops what lost against it. A height that is covered already changes
    /// nothing.
    ///
    /// # Errors
    /// [`RunError::UnknownParent`] when the block was never kept.
    pub fn finalize(&self, digest: Digest, height: u64) -> Result<(), RunError> {
        let mut finalized = self.finalized.write();
        if height <= finalized.height() {
            return Ok(());
        }
        let mut frozen = self.lock_frozen();
        if height != finalized.height() + 1 {
            return Err(RunError::UnknownParent { height: height - 1 });
        }
        let block = frozen.remove(&digest).ok_or(RunError::UnknownParent { height })?;
        frozen.retain(|_, other| other.height > height);
        if let Some(kept) = &mut *self.kept.lock() {
            kept.keep(&block.writes);
        }
        finalized.tables.apply(&block.writes);
        finalized.digest = Some(digest);
        finalized.chain = (&finalized.tables as &dyn ReadState).get::<ChainRow>(&());
        Ok(())
    }

    /// Reads the finalized rows; they stand still until `f` returns.
    pub fn read<T>(&self, f: impl FnOnce(&dyn ReadState) -> T) -> T {
        f(&self.read_finalized().tables)
    }

    /// The same, in turn: when a block waits to be folded in, it goes before whoever begins to read after it, so that readers who come
    /// one upon another do not hold blocks up. `f` may ask the ledger for more with every other call, but not with this one.
    pub fn read_in_turn<T>(&self, f: impl FnOnce(&dyn ReadState) -> T) -> T {
        f(&self.finalized.read().tables)
    }

    /// Reads the finalized tables as a whole.
    pub fn tables<T>(&self, f: impl FnOnce(&Tables) -> T) -> T {
        f(&self.read_finalized().tables)
    }

    /// The newest finalized block.
    pub fn head(&self) -> Head {
        let finalized = self.read_finalized();
        let stamp = self.rules.doc.stamp();
        Head {
            height: finalized.height(),
            digest: finalized.digest,
            time: finalized.chain.map_or(stamp.time, |c| c.time),
            wall: finalized.chain.map_or(stamp.wall, |c| c.wall),
            rows: finalized.tables.len(),
        }
    }

    /// The nonce that `address` must use next, on the finalized rows.
    pub fn nonce(&self, address: Address) -> u64 {
        self.read(|state| state.get::<AccountRow>(&address).unwrap_or_default().nonce)
    }

    /// Whether `transaction` could be included on the finalized rows, now or after others of its sender; signatures are not
    /// looked at.
    ///
    /// # Errors
    /// [`crate::AdmitError`], the first that applies.
    pub fn admit(&self, transaction: &Transaction) -> Result<(), crate::AdmitError> {
        self.read(|state| self.rules.admit(state, transaction))
    }

    /// Checks everything against everything, on the finalized rows.
    pub fn audit(&self) -> crate::Audit {
        let finalized = self.read_finalized();
        crate::audit::audit(&self.rules, &finalized.tables, finalized.tables.len())
    }

    /// The same on the finalized rows as they are now, while blocks go on: what a block changes meanwhile is kept as it was. A second
    /// caller waits for the first. `None` when other rows were loaded meanwhile.
    pub fn audit_beside(&self) -> Option<crate::Audit> {
        let snapshot = self.snapshot();
        let audit = crate::audit::audit(&self.rules, &snapshot, snapshot.rows());
        snapshot.is_whole().then_some(audit)
    }

    /// The digest of all rows as they are now, which does not depend on how they came to be. Blocks are finalized meanwhile. Takes
    /// about a microsecond a row; a second caller waits for the first. `None` when other rows were loaded meanwhile.
    pub fn content_digest(&self) -> Option<ContentDigest> {
        let snapshot = self.snapshot();
        let digest = ContentDigest::of(&snapshot, snapshot.height(), snapshot.rows());
        snapshot.is_whole().then_some(digest)
    }

    fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::take(&self.finalized, &self.kept, &self.only)
    }

    fn view<'a>(&self, finalized: &'a Finalized, parent: &Parent) -> Result<View<'a>, RunError> {
        let unknown = || RunError::UnknownParent { height: parent.height };
        let frozen = self.lock_frozen();
        let (mut layers, mut digest, mut height) = (Vec::new(), parent.digest, parent.height);
        while height > finalized.height() {
            let block = frozen.get(&digest).ok_or_else(unknown)?;
            layers.push(block.writes.clone());
            (digest, height) = (block.parent, height - 1);
        }
        if height < finalized.height() || finalized.digest.is_some_and(|known| known != digest) {
            return Err(unknown());
        }
        layers.reverse();
        Ok(View::new(&finalized.tables, layers))
    }

    fn read_finalized(&self) -> RwLockReadGuard<'_, Finalized> {
        // Recursive: a reader may ask the ledger for more while it reads. A plain read would wait for a writer that waits for it.
        self.finalized.read_recursive()
    }

    fn lock_frozen(&self) -> MutexGuard<'_, BTreeMap<Digest, Frozen>> {
        self.frozen.lock()
    }
}
