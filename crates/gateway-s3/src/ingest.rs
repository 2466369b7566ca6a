//! Taking an upload in: hashing, checking, encrypting, packing.
//!
//! In: a request body with what its headers promise of it. Out: a stored content with its MD5 and checksums; the caller puts it into the
//! map. Called by the S3 front for objects and parts. Hashing and encryption run off the asynchronous threads, one block behind the
//! network. A body that is cut, too long or not what its checksums say is an error before anything is acknowledged.

use crate::{
    core::Core,
    crypt::{ContentKey, FrameSealer, WrappedKey},
    map::NewContent,
    writer::{StoreError, UploadLog, Writer},
};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use s3s::{
    StdError, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Plain bytes hashed and encrypted at a time.
const BLOCK: usize = 1 << 20;
/// Up to here a block is not worth another thread.
const INLINE: usize = 32 << 10;

/// Algorithms of S3 checksums, as in `x-amz-checksum-<name>`.
pub(crate) const ALGORITHMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

/// Why an upload was not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    #[error("the body could not be read: {0}")]
    Body(StdError),
    #[error("the body has {got} bytes, {promised} were promised")]
    Length { promised: u64, got: u64 },
    #[error("the body's MD5 is not the Content-MD5 of the request")]
    Md5,
    #[error("the body's {algorithm} is {got}, the request says {promised}")]
    Checksum { algorithm: &'static str, promised: String, got: String },
    #[error("x-amz-checksum-{0} was announced to come behind the body and did not")]
    Trailer(&'static str),
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
    #[error("hashing stopped: {0}")]
    Hashing(String),
}

/// Hashers of these algorithms.
pub(crate) fn hashers(wants: impl Fn(&str) -> bool) -> ChecksumHasher {
    ChecksumHasher {
        crc32: wants("crc32").then(Crc32::new),
        crc32c: wants("crc32c").then(Crc32c::new),
        sha1: wants("sha1").then(Sha1::new),
        sha256: wants("sha256").then(Sha256::new),
        crc64nvme: wants("crc64nvme").then(Crc64Nvme::new),
    }
}

/// Checksums by name, out of hashers.
pub(crate) fn by_name(hasher: ChecksumHasher) -> BTreeMap<String, String> {
    let sums = hasher.finalize();
    let all = [
        ("crc32", sums.checksum_crc32),
        ("crc32c", sums.checksum_crc32c),
        ("crc64nvme", sums.checksum_crc64nvme),
        ("sha1", sums.checksum_sha1),
        ("sha256", sums.checksum_sha256),
    ];
    all.into_iter().filter_map(|(name, sum)| Some((name.to_owned(), sum?))).collect()
}

/// What a request promises of its body.
#[derive(Debug, Default)]
pub(crate) struct Promise {
    pub(crate) length: Option<u64>,
    pub(crate) md5: Option<[u8; 16]>,
    /// Base64 checksums by algorithm; empty text when the value comes behind the body or is only to be computed.
    pub(crate) checksums: BTreeMap<&'static str, String>,
    /// Algorithms whose values are announced to come behind the body.
    pub(crate) announced: BTreeSet<&'static str>,
    pub(crate) trailers: Option<TrailingHeaders>,
}

/// A stored content. Its segments are kept while this lives: drop it after the map knows the content.
pub(crate) struct Ingested {
    pub(crate) content: NewContent,
    pub(crate) md5: [u8; 16],
    pub(crate) checksums: BTreeMap<String, String>,
    pub(crate) log: UploadLog,
}

/// Takes one body in; returns when all its segments are stored.
///
/// # Errors
/// [`IngestError`]; nothing is acknowledged then, and what was stored of it is collected later.
pub(crate) async fn ingest<S>(core: &Core, writer: &Arc<Writer>, mut body: S, promise: Promise) -> Result<Ingested, IngestError>
where
    S: Stream<Item = Result<Bytes, StdError>> + Unpin,
{
    let (key, wrapped) = core.master.new_content();
    let mut work = Work::Ready(Box::new(Sealing::new(key, &promise)));
    let mut log = UploadLog::default();
    let (mut block, mut held) = (Vec::new(), 0);
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(IngestError::Body)?;
        held += piece.len();
        block.push(piece);
        if held >= BLOCK {
            let (sealing, sealed) = work.finish().await?;
            work = sealing.start(std::mem::take(&mut block));
            held = 0;
            writer.append(&mut log, &sealed).await?;
        }
    }
    let (sealing, sealed) = work.finish().await?;
    writer.append(&mut log, &sealed).await?;
    let (sealing, sealed) = if held > INLINE { sealing.start(block).finish().await? } else { sealing.step(&block) };
    writer.append(&mut log, &sealed).await?;
    let Finished { size, md5, checksums, tail } = sealing.finish();
    check(&promise, size, md5, &checksums)?;
    writer.append(&mut log, &tail).await?;
    writer.settle(&mut log).await?;
    let content = content(wrapped, size, &log);
    Ok(Ingested { content, md5, checksums, log })
}

fn content(key: WrappedKey, size: u64, log: &UploadLog) -> NewContent {
    NewContent { key, size, extents: log.extents.clone() }
}

fn check(promise: &Promise, size: u64, md5: [u8; 16], checksums: &BTreeMap<String, String>) -> Result<(), IngestError> {
    match promise.length {
        Some(promised) if promised != size => return Err(IngestError::Length { promised, got: size }),
        _ => {}
    }
    if promise.md5.is_some_and(|promised| promised != md5) {
        return Err(IngestError::Md5);
    }
    for (algorithm, promised) in &promise.checksums {
        let header = format!("x-amz-checksum-{algorithm}");
        let behind = promise.trailers.as_ref().and_then(|trailers| {
            trailers.read(|headers| headers.get(&header).and_then(|value| value.to_str().ok()).map(str::to_owned)).flatten()
        });
        if behind.is_none() && promise.announced.contains(algorithm) {
            return Err(IngestError::Trailer(algorithm));
        }
        let promised = behind.unwrap_or_else(|| promised.clone());
        let got = checksums.get(*algorithm).cloned().unwrap_or_default();
        if !promised.is_empty() && promised != got {
            return Err(IngestError::Checksum { algorithm, promised, got });
        }
    }
    Ok(())
}

/// Hashes and encrypts, in order.
struct Sealing {
    size: u64,
    md5: Md5,
    checksums: ChecksumHasher,
    sealer: FrameSealer,
}

struct Finished {
    size: u64,
    md5: [u8; 16],
    checksums: BTreeMap<String, String>,
    tail: Vec<u8>,
}

enum Work {
    Ready(Box<Sealing>),
    Running(tokio::task::JoinHandle<(Box<Sealing>, Vec<u8>)>),
}

impl Work {
    async fn finish(self) -> Result<(Box<Sealing>, Vec<u8>), IngestError> {
        match self {
            Self::Ready(sealing) => Ok((sealing, Vec::new())),
            Self::Running(task) => task.await.map_err(|error| IngestError::Hashing(error.to_string())),
        }
    }
}

impl Sealing {
    fn new(key: ContentKey, promise: &Promise) -> Self {
        let checksums = hashers(|name| promise.checksums.contains_key(name));
        Self { size: 0, md5: Md5::new(), checksums, sealer: FrameSealer::new(key) }
    }

    fn start(self: Box<Self>, block: Vec<Bytes>) -> Work {
        Work::Running(tokio::task::spawn_blocking(move || self.step(&block)))
    }

    fn step(mut self: Box<Self>, block: &[Bytes]) -> (Box<Self>, Vec<u8>) {
        let mut sealed = Vec::with_capacity(BLOCK + (BLOCK >> 4));
        for piece in block {
            self.size += piece.len() as u64;
            self.md5.update(piece);
            self.checksums.update(piece);
            self.sealer.update(piece, &mut sealed);
        }
        (self, sealed)
    }

    fn finish(self: Box<Self>) -> Finished {
        let mut tail = Vec::new();
        self.sealer.finish(&mut tail);
        let checksums = by_name(self.checksums);
        Finished { size: self.size, md5: self.md5.finalize(), checksums, tail }
    }
}
