//! Reading objects: a range of plain bytes as a stream.
//!
//! In: an object's blob and a range. Out: plain bytes in order, in bounded memory. Called by the S3 front.
//!
//! ```text
//! slices of the blob ─▶ frames ─▶ extents ─▶ units of at most 4 MiB ══ fetched ahead, 4 at once ══▶ frames opened in order ─▶ client
//! ```
//!
//! Everything runs in a task of its own that ends when the client goes. Segments are pinned while they are read, so that a deletion
//! during a download cannot pull them away.

use crate::{
    core::Core,
    crypt::{self, CryptError, FrameOpener},
    erasure::CHUNK,
    fetch::{self, FetchError},
    map::{ExtentRow, MapError, SegmentInfo, SegmentPin, SliceRow, tables},
};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use std::{
    collections::{BTreeSet, VecDeque},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle};

/// Most bytes of one fetch: a multiple of the checksummed chunk.
const UNIT: u64 = 64 * CHUNK;
/// Fetches under way at once.
const AHEAD: usize = 4;
/// Pause before the map is asked again because a segment was collected meanwhile: as long as that takes.
const AGAIN: Duration = Duration::from_millis(2);
/// Plain bytes per piece handed to the client.
const PIECE: usize = 1 << 20;

/// Why an object cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Crypt(#[from] CryptError),
    #[error(transparent)]
    Map(#[from] MapError),
    #[error("the object map says {expected} bytes, but {got} were read")]
    Length { expected: u64, got: u64 },
    #[error("reading was stopped: {0}")]
    Stopped(String),
}

/// A part of one slice's ciphertext, lying in one shard.
struct Unit {
    slice: usize,
    segment: Arc<SegmentInfo>,
    shard: usize,
    range: Range<u64>,
}

/// Plain bytes `range` of a blob. The first piece is read before this returns, so that an unreadable object is an error and not a
/// broken stream.
///
/// # Errors
/// [`ReadError`] of the first piece.
pub(crate) async fn read(
    core: Arc<Core>,
    blob: i64,
    range: Range<u64>,
) -> Result<impl Stream<Item = Result<Bytes, ReadError>> + Send + Sync + 'static, ReadError> {
    let (sender, mut pieces) = mpsc::channel(2);
    tokio::spawn(async move {
        if let Err(error) = produce(&core, blob, range, &sender).await {
            // The client may have gone; then nobody wants to know.
            let _ = sender.send(Err(error)).await;
        }
    });
    let mut first = match pieces.recv().await {
        Some(Err(error)) => return Err(error),
        Some(Ok(piece)) => Some(Ok(piece)),
        None => None,
    };
    Ok(stream::poll_fn(move |context| match first.take() {
        Some(piece) => std::task::Poll::Ready(Some(piece)),
        None => pieces.poll_recv(context),
    }))
}

async fn produce(
    core: &Arc<Core>,
    blob: i64,
    range: Range<u64>,
    sender: &mpsc::Sender<Result<Bytes, ReadError>>,
) -> Result<(), ReadError> {
    if range.is_empty() {
        return Ok(());
    }
    let (slices, _pins) = enter(core, blob, &range).await?;
    let segments = Arc::new(Segments { core: core.clone(), cached: Mutex::new(VecDeque::new()) });
    let places = (0..slices.len()).flat_map({
        let slices = slices.clone();
        move |slice| (0..slices[slice].extents.len()).map(move |extent| (slice, extent))
    });
    let units = stream::iter(places).then(|(slice, extent)| {
        let (slices, segments) = (slices.clone(), segments.clone());
        async move {
            let planned = &slices[slice];
            let segment = segments.get(planned.extents[extent].extent.segment).await?;
            Ok::<_, ReadError>(cut(&planned.extents[extent], &planned.sealed, &segment, slice))
        }
    });
    let fetched = units
        .flat_map(|planned| match planned {
            Ok(units) => stream::iter(units).map(Ok).left_stream(),
            Err(error) => stream::iter([Err(error)]).right_stream(),
        })
        .map(|unit: Result<Unit, ReadError>| {
            let core = core.clone();
            async move {
                let Unit { slice, segment, shard, range } = unit?;
                let task = AbortOnDrop(tokio::spawn(async move { fetch::read(&core, &segment, shard, range).await }));
                Ok::<_, ReadError>((slice, task.join().await??))
            }
        })
        .buffered(AHEAD);
    let mut fetched = std::pin::pin!(fetched);
    let mut opening: Option<Opening> = None;
    let mut sent = 0;
    while let Some(next) = fetched.next().await {
        let (slice, sealed) = next?;
        if opening.as_ref().is_none_or(|opening| opening.slice != slice)
            && let Some(done) = opening.replace(Opening::new(core, &slices[slice], slice)?)
        {
            sent += done.finish(sender).await?;
        }
        if let Some(opening) = opening.as_mut() {
            sent += opening.take(&sealed, sender).await?;
        }
    }
    if let Some(done) = opening {
        sent += done.finish(sender).await?;
    }
    let expected = range.end - range.start;
    if sent == expected { Ok(()) } else { Err(ReadError::Length { expected, got: sent }) }
}

/// Opens the frames of one slice and hands over the wanted part of them.
struct Opening {
    slice: usize,
    opener: FrameOpener,
    /// Plain bytes to leave out at the start of the first frame.
    skip: u64,
    /// Plain bytes still wanted.
    left: u64,
    out: Vec<u8>,
}

impl Opening {
    fn new(core: &Core, planned: &Planned, slice: usize) -> Result<Self, ReadError> {
        let plain = planned.plain.clone();
        let opener = FrameOpener::new(core.master.open(&planned.row.key)?, planned.row.content_size, plain.start);
        let (skip, left) = (plain.start % crypt::FRAME as u64, plain.end - plain.start);
        Ok(Self { slice, opener, skip, left, out: Vec::with_capacity(PIECE + crypt::SEALED_FRAME) })
    }

    async fn take(&mut self, sealed: &[u8], sender: &mpsc::Sender<Result<Bytes, ReadError>>) -> Result<u64, ReadError> {
        let mut sent = 0;
        for part in sealed.chunks(PIECE) {
            self.opener.update(part, &mut self.out)?;
            if self.out.len() >= PIECE {
                sent += self.hand_over(sender).await?;
            }
        }
        Ok(sent)
    }

    async fn finish(mut self, sender: &mpsc::Sender<Result<Bytes, ReadError>>) -> Result<u64, ReadError> {
        self.opener.finish(&mut self.out)?;
        self.hand_over(sender).await
    }

    async fn hand_over(&mut self, sender: &mpsc::Sender<Result<Bytes, ReadError>>) -> Result<u64, ReadError> {
        let plain = std::mem::replace(&mut self.out, Vec::with_capacity(PIECE + crypt::SEALED_FRAME));
        let skip = usize::try_from(self.skip).unwrap_or(usize::MAX).min(plain.len());
        self.skip -= skip as u64;
        let keep = usize::try_from(self.left).unwrap_or(usize::MAX).min(plain.len() - skip);
        self.left -= keep as u64;
        if keep == 0 {
            return Ok(0);
        }
        let piece = Bytes::from(plain).slice(skip..skip + keep);
        sender.send(Ok(piece)).await.map_err(|_| ReadError::Stopped("the client went".to_owned()))?;
        Ok(keep as u64)
    }
}

/// One slice of the wanted range and everything needed to find its bytes.
struct Planned {
    row: SliceRow,
    /// Wanted plain bytes of the content.
    plain: Range<u64>,
    /// Ciphertext of the frames that hold them.
    sealed: Range<u64>,
    extents: Vec<ExtentRow>,
}

/// Plans a read and enters the segments that it needs.
async fn enter(core: &Core, blob: i64, range: &Range<u64>) -> Result<(Arc<Vec<Planned>>, Vec<SegmentPin>), ReadError> {
    loop {
        let (wanted, collected) = (range.clone(), core.pins.collected());
        let slices = core.map.read(move |db| plan(db, blob, &wanted)).await?;
        if slices.is_empty() {
            return Err(MapError::NoSuchKey.into());
        }
        let segments: BTreeSet<i64> = slices.iter().flat_map(|slice| &slice.extents).map(|row| row.extent.segment).collect();
        if let Some(pins) = core.pins.pin_all(segments, collected) {
            return Ok((Arc::new(slices), pins));
        }
        // What was moved or deleted since is looked for where it is now.
        tokio::time::sleep(AGAIN).await;
    }
}

/// Everything in one snapshot of the map, so that a deletion during the read changes nothing.
fn plan(db: &rusqlite::Connection, blob: i64, range: &Range<u64>) -> Result<Vec<Planned>, MapError> {
    let slices = tables::slices(db, blob, range.start, range.end)?;
    slices
        .into_iter()
        .map(|row| {
            let plain = plain_range(&row, range);
            let sealed = crypt::sealed_range(row.content_size, plain.start, plain.end);
            let extents = tables::extents(db, row.slice.content, sealed.start, sealed.end)?;
            Ok(Planned { row, plain, sealed, extents })
        })
        .collect()
}

/// The part of a slice's content that the range wants, in plain bytes of the content.
fn plain_range(row: &SliceRow, range: &Range<u64>) -> Range<u64> {
    let from = range.start.max(row.start) - row.start;
    let to = range.end.min(row.start + row.slice.length) - row.start;
    row.slice.origin + from..row.slice.origin + to
}

/// The wanted part of an extent, cut at shards and at whole chunks, so that no chunk is fetched twice.
fn cut(row: &ExtentRow, sealed: &Range<u64>, segment: &Arc<SegmentInfo>, slice: usize) -> Vec<Unit> {
    let skip = sealed.start.saturating_sub(row.start);
    let keep = sealed.end.min(row.start + row.extent.length) - row.start;
    let (mut at, end) = (row.extent.at + skip, row.extent.at + keep);
    let mut units = Vec::new();
    while at < end {
        let (shard, offset) = (at / segment.payload, at % segment.payload);
        let past = ((offset / UNIT + 1) * UNIT).min(segment.payload).min(offset + (end - at));
        units.push(Unit { slice, segment: segment.clone(), shard: shard as usize, range: offset..past });
        at += past - offset;
    }
    units
}

/// The segments that were looked up last; consecutive extents mostly share one.
struct Segments {
    core: Arc<Core>,
    cached: Mutex<VecDeque<Arc<SegmentInfo>>>,
}

impl Segments {
    async fn get(&self, id: i64) -> Result<Arc<SegmentInfo>, ReadError> {
        let known = self.cached.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|segment| segment.id == id).cloned();
        if let Some(segment) = known {
            return Ok(segment);
        }
        let segment = Arc::new(self.core.map.read(move |db| tables::segment(db, id)).await?);
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        cached.push_front(segment.clone());
        cached.truncate(8);
        Ok(segment)
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> AbortOnDrop<T> {
    async fn join(mut self) -> Result<T, ReadError> {
        (&mut self.0).await.map_err(|error| ReadError::Stopped(error.to_string()))
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
