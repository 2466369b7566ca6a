//! What a handle asks of the running engine, and who answers.
//!
//! Handles live on any runtime; files can only be read on the engine's. So questions cross over a channel and are answered there.

use crate::{
    block::Block,
    handle::QueryError,
    progress::Progress,
    proof::{self, Proof},
    receipt::{self, Found, Receipt},
    store::Pair,
};
use commonware_codec::Encode as _;
use commonware_consensus::{
    marshal::{Identifier, core::Mailbox, standard::Standard},
    simplex::scheme::ed25519::Scheme,
    types::Height,
};
use futures::{StreamExt as _, stream};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Questions answered at the same time.
const AT_ONCE: usize = 16;
/// Questions that wait at most.
pub(crate) const WAITING: usize = 256;
/// Attempts at a proof; a block may be applied while one is made, which changes the root.
const PROOF_TRIES: usize = 3;

pub(crate) type Reply<T> = oneshot::Sender<Result<T, QueryError>>;
type Archive = Mailbox<Scheme, Standard<Block>>;

/// A question and where its answer goes.
pub(crate) enum Request {
    Block(u64, Reply<Option<Arc<Block>>>),
    Receipts { start: u64, max: usize, reply: Reply<Vec<Receipt>> },
    Prove(Vec<u8>, Reply<Proof>),
}

/// Answers questions until the engine ends.
pub(crate) async fn serve(requests: mpsc::Receiver<Request>, archive: Archive, progress: Arc<Progress>) {
    let requests =
        stream::unfold(requests, |mut requests| async move { requests.recv().await.map(|request| (request, requests)) });
    requests.for_each_concurrent(AT_ONCE, |request| answer(request, &archive, &progress)).await;
    // Nobody asks any more; the end of the engine is decided elsewhere.
    std::future::pending::<()>().await;
}

async fn answer(request: Request, archive: &Archive, progress: &Progress) {
    // A reply that nobody waits for any more is dropped.
    match request {
        Request::Block(height, reply) => {
            let first = progress.history().first();
            let block = if height < first {
                Err(QueryError::PrunedBlock { first })
            } else {
                Ok(archive.get_block(Identifier::Height(Height::new(height))).await.map(|block| block.inner_shared()))
            };
            let _ = reply.send(block);
        }
        Request::Receipts { start, max, reply } => {
            let end = progress.tips().borrow().receipts_len;
            let read = async {
                let databases = opened(progress).await?;
                let log = databases.1.read().await;
                match receipt::read(&log, start, max, end).await {
                    Ok(Found::Receipts(receipts)) => Ok(receipts),
                    Ok(Found::Pruned { first, height }) => Err(QueryError::PrunedReceipts { first, height }),
                    Err(error) => Err(QueryError::Store(error.to_string())),
                }
            };
            let _ = reply.send(read.await);
        }
        Request::Prove(key, reply) => {
            let _ = reply.send(prove(key, archive, progress).await);
        }
    }
}

async fn prove(key: Vec<u8>, archive: &Archive, progress: &Progress) -> Result<Proof, QueryError> {
    let databases = opened(progress).await?;
    for _ in 0..PROOF_TRIES {
        let path = proof::path(&databases, &key).await.map_err(|error| QueryError::Store(error.to_string()))?;
        if let Some(header) = progress.with_state_root(path.root) {
            let certificate = archive.get_finalization(Height::new(header.height())).await;
            let certificate = certificate
                .filter(|certificate| certificate.proposal.payload == header.digest_inner())
                .map(|certificate| certificate.encode().to_vec());
            return Ok(Proof { header, key, value: path.value, path: path.bytes, certificate });
        }
    }
    Err(QueryError::NoState)
}

/// The databases, once they are open.
async fn opened(progress: &Progress) -> Result<Pair, QueryError> {
    let mut databases = progress.databases();
    let opened = databases.wait_for(Option::is_some).await.map_err(|_| QueryError::Closed)?;
    Ok(opened.clone().expect("waited for it"))
}
