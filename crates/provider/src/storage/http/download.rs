//! `GET /pieces/{cid}`: verified bytes, whole or one range.
//!
//! Every chunk is checked before any of its bytes leave. The chunks of the answer's first MiB are checked before the status goes out, so
//! damage there is a clean 410; they are then read again, from the page cache, and each block is checked again. Damage found further on
//! breaks the connection off: the client sees too few bytes, never wrong ones, and whoever asks again, for a range of it or by HEAD, is
//! told 410, since it is known from then on. More is not checked ahead: it would be work for a stranger who asks and goes, and time in
//! which an honest client has no byte. One block of 64 KiB at a time is in memory for a client, and no thread waits for a slow one. So many read from
//! the disk at once, and no more: clients wait for that, not for each other.

use super::error::out_of_range;
use super::range::{self, Wanted};
use super::{ProviderHttp, store_work};
use crate::operator::ApiError;
use crate::storage::store::{CHUNK_BYTES, CheckedChunk, PieceReader, StoreError};
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use depin_serve::{Owner, Peer, Place};
use depin_services::storage::piece::Commitment;
use futures::stream;
use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// Payload bytes of an answer that are checked before its status is sent.
const CHECKED_AHEAD: u64 = CHUNK_BYTES;

pub(super) async fn get(
    State(http): State<Arc<ProviderHttp>>,
    path: Result<axum::extract::Path<String>, PathRejection>,
    peer: Option<Extension<Peer>>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let cid = super::piece_cid(path)?;
    let peer = peer.as_deref();
    let place = http.enter(&http.downloads, peer.and_then(Owner::address_of), peer, "downloads").await?;
    let store = Arc::clone(&http.store);
    let piece = Arc::new(store_work(move || store.open_piece(&cid)).await?);
    let length = piece.payload_bytes();
    let wanted = match range::parse(wanted_range(&headers, &cid), length) {
        Wanted::Whole => None,
        Wanted::Part(range) => Some(range),
        Wanted::Unsatisfiable => return Err(out_of_range(length)),
    };
    let range = wanted.clone().unwrap_or(0..length);
    refuse_known_damage(&piece, &range)?;
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let ahead = range.start..range.end.min(range.start.saturating_add(CHECKED_AHEAD));
        let mut checked = VecDeque::new();
        for chunk in chunks(&ahead) {
            let (piece, _turn) = (Arc::clone(&piece), http.turn().await);
            checked.push_back(store_work(move || piece.check_chunk(chunk)).await?);
        }
        stream_range(Sending { http: Arc::clone(&http), piece, left: range.clone(), checked, _place: place })
    };
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::CONTENT_LENGTH, range.end - range.start)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, format!("\"{cid}\""));
    if let Some(range) = &wanted {
        let value = format!("bytes {}-{}/{length}", range.start, range.end - 1);
        response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, value);
    }
    response.body(body).map_err(|error| ApiError::internal(&error))
}

/// The `Range` header, unless `If-Range` names another entity; a piece never changes, so its tag is its cid.
fn wanted_range<'a>(headers: &'a HeaderMap, cid: &Commitment) -> Option<&'a str> {
    if let Some(condition) = headers.get(header::IF_RANGE)
        && condition.as_bytes() != format!("\"{cid}\"").as_bytes()
    {
        return None;
    }
    headers.get(header::RANGE)?.to_str().ok()
}

/// Chunks that a range touches; at least one, so that an empty payload is checked too.
fn chunks(range: &Range<u64>) -> Range<u32> {
    let chunk = |at: u64| u32::try_from(at / CHUNK_BYTES).expect("the largest payload has 65,024 chunks");
    let first = chunk(range.start);
    first..chunk(range.end.saturating_sub(1)).max(first) + 1
}

fn refuse_known_damage(piece: &PieceReader, range: &Range<u64>) -> Result<(), ApiError> {
    let touched = chunks(range);
    let chunks: Vec<u32> = piece.damaged().iter().copied().filter(|chunk| touched.contains(chunk)).collect();
    if chunks.is_empty() { Ok(()) } else { Err(StoreError::Damaged { cid: *piece.cid(), chunks }.into()) }
}

/// A download under way.
struct Sending {
    http: Arc<ProviderHttp>,
    piece: Arc<PieceReader>,
    /// Bytes of the payload that are still to be sent.
    left: Range<u64>,
    /// The chunks that were checked and not sent yet, in order.
    checked: VecDeque<CheckedChunk>,
    _place: Place,
}

/// Block after block, each read and checked when the client has taken the one before.
fn stream_range(sending: Sending) -> Body {
    Body::from_stream(stream::try_unfold(sending, |sending| async move {
        if sending.left.is_empty() {
            return Ok(None);
        }
        let turn = sending.http.turn().await;
        let read = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            sending.next_block()
        });
        match read.await.map_err(io::Error::other)? {
            Ok(part) => Ok(Some(part)),
            Err(error) => {
                tracing::warn!(%error, "broke a download off");
                Err(io::Error::other(error))
            }
        }
    }))
}

impl Sending {
    /// Reads the next bytes, up to the end of their block; the chunk that they lie in is checked first, unless it was.
    fn next_block(mut self) -> Result<(Bytes, Self), StoreError> {
        let chunk = chunks(&self.left).start;
        while self.checked.front().is_some_and(|checked| checked.chunk() < chunk) {
            self.checked.pop_front();
        }
        if self.checked.is_empty() {
            self.checked.push_back(self.piece.check_chunk(chunk)?);
        }
        let checked = self.checked.front().expect("one was put there");
        let (covers, bytes) = self.piece.read_block(checked, self.left.start)?;
        let end = self.left.end.min(covers.end);
        let part = Bytes::from(bytes).slice((self.left.start - covers.start) as usize..(end - covers.start) as usize);
        self.http.transfers.downloaded.inc_by(part.len() as u64);
        self.left.start = end;
        Ok((part, self))
    }
}
