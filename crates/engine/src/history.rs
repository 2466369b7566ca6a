//! How far back final blocks, their certificates and receipts are kept.
//!
//! The store is asked to prune itself every now and then, at moments at which nothing reads or writes it: what it holds of the rows'
//! past goes as far as nobody needs it; of blocks and receipts only what [`Handle::prune`](crate::Handle::prune) gave up. Files are
//! removed whole, oldest first, so whatever a crash leaves is a shorter history.

use crate::{block::Block, store::Runtime};
use commonware_codec::CodecShared;
use commonware_consensus::{
    marshal::store::{Blocks, Certificates},
    simplex::{scheme::ed25519::Scheme, types::Finalization},
    types::Height,
};
use commonware_cryptography::sha256;
use commonware_runtime::Handle;
use commonware_storage::{
    archive::{Error, Identifier, prunable},
    translator::EightCap,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The height from which on history is kept; zero while nothing was given up.
#[derive(Debug, Default)]
pub(crate) struct History(AtomicU64);

impl History {
    pub(crate) fn from(height: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(height)))
    }

    /// Gives up what is below `height`.
    pub(crate) fn prune(&self, height: u64) {
        self.0.fetch_max(height, Ordering::Relaxed);
    }

    pub(crate) fn first(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

type Inner<V> = prunable::Archive<EightCap, Runtime, sha256::Digest, V>;
/// A block as the archive has it.
type Stored = Arc<Block>;
type Certificate = Finalization<Scheme, sha256::Digest>;

/// An archive that prunes no further than was given up.
pub(crate) struct Archive<V: CodecShared> {
    inner: Inner<V>,
    history: Arc<History>,
}

impl<V: CodecShared> Archive<V> {
    /// Opens the archive, or creates it; why it cannot be opened, where that is so.
    pub(crate) async fn open(
        runtime: Runtime,
        config: prunable::Config<EightCap, V::Cfg>,
        history: Arc<History>,
    ) -> Result<Self, String> {
        let name = config.key_partition.clone();
        let inner =
            Inner::init(runtime, config).await.map_err(|error| format!("the archive {name} cannot be opened: {error}"))?;
        Ok(Self { inner, history })
    }

    fn lowest(&self, asked: Height) -> Height {
        asked.min(Height::new(self.history.first()))
    }
}

impl Certificates for Archive<Certificate> {
    type BlockDigest = sha256::Digest;
    type Commitment = sha256::Digest;
    type Scheme = Scheme;
    type Error = Error;

    async fn put(self, height: Height, digest: sha256::Digest, finalization: &Certificate) -> Result<Self, Error> {
        let Self { inner, history } = self;
        Ok(Self { inner: Certificates::put(inner, height, digest, finalization).await?, history })
    }

    async fn sync(self) -> Result<Self, Error> {
        let Self { inner, history } = self;
        Ok(Self { inner: Certificates::sync(inner).await?, history })
    }

    async fn start_sync(self) -> Result<(Self, Handle<()>), Error> {
        let Self { inner, history } = self;
        let (inner, handle) = Certificates::start_sync(inner).await?;
        Ok((Self { inner, history }, handle))
    }

    async fn get(&self, id: Identifier<'_, sha256::Digest>) -> Result<Option<Certificate>, Error> {
        Certificates::get(&self.inner, id).await
    }

    async fn has(&self, height: Height) -> Result<bool, Error> {
        Certificates::has(&self.inner, height).await
    }

    async fn prune(self, min: Height) -> Result<Self, Error> {
        let lowest = self.lowest(min);
        let Self { inner, history } = self;
        Ok(Self { inner: Certificates::prune(inner, lowest).await?, history })
    }

    fn last_index(&self) -> Option<Height> {
        Certificates::last_index(&self.inner)
    }

    fn ranges_from(&self, from: Height) -> impl Iterator<Item = (Height, Height)> {
        Certificates::ranges_from(&self.inner, from)
    }
}

impl Blocks for Archive<Stored> {
    type Block = Stored;
    type Error = Error;

    async fn put(self, digest: sha256::Digest, block: &Stored) -> Result<Self, Error> {
        let Self { inner, history } = self;
        Ok(Self { inner: Blocks::put(inner, digest, block).await?, history })
    }

    async fn sync(self) -> Result<Self, Error> {
        let Self { inner, history } = self;
        Ok(Self { inner: Blocks::sync(inner).await?, history })
    }

    async fn start_sync(self) -> Result<(Self, Handle<()>), Error> {
        let Self { inner, history } = self;
        let (inner, handle) = Blocks::start_sync(inner).await?;
        Ok((Self { inner, history }, handle))
    }

    async fn get(&self, id: Identifier<'_, sha256::Digest>) -> Result<Option<Stored>, Error> {
        Blocks::get(&self.inner, id).await
    }

    async fn prune(self, min: Height) -> Result<Self, Error> {
        let lowest = self.lowest(min);
        let Self { inner, history } = self;
        Ok(Self { inner: Blocks::prune(inner, lowest).await?, history })
    }

    fn missing_items(&self, start: Height, max: usize) -> Vec<Height> {
        Blocks::missing_items(&self.inner, start, max)
    }

    fn next_gap(&self, value: Height) -> (Option<Height>, Option<Height>) {
        Blocks::next_gap(&self.inner, value)
    }

    fn last_index(&self) -> Option<Height> {
        Blocks::last_index(&self.inner)
    }
}
