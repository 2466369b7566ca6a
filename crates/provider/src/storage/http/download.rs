//! `GET /pieces/{cid}`: verified bytes, whole or one range.
//!
//! Every chunk is checked before any of its bytes leave. The chunks of the answer's first 32 MiB, a whole default shard with
//! room to spare, are checked before the status goes out, so damage there is a clean 410; they are then read again, from the
//! page cache, and checked again. Damage found further on breaks the connection off: the client sees too few bytes, never
//! wrong ones. One chunk at a time is in memory, and no thread waits for a slow client.

use super::error::out_of_range;
use super::range::{self, Wanted};
use super::{ProviderHttp, Transfers, store_work};
use crate::operator::ApiError;
use crate::storage::store::{CHUNK_BYTES, PieceReader, StoreError};
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use depin_serve::{Owner, Peer, Place};
use depin_services::storage::piece::Commitment;
use futures::stream;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// Payload bytes of an answer that are checked before its status is sent.
const CHECKED_AHEAD: u64 = 32 << 20;

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
        let (ahead, range) = (Arc::clone(&piece), range.clone());
        let checked = range.start..range.end.min(range.start.saturating_add(CHECKED_AHEAD));
        store_work(move || chunks(&checked).try_for_each(|chunk| ahead.read_chunk(chunk).map(drop))).await?;
        stream_range(piece, range, http.transfers.clone(), place)
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

/// Chunk after chunk, each read and checked when the client has taken the one before.
fn stream_range(piece: Arc<PieceReader>, range: Range<u64>, transfers: Transfers, place: Place) -> Body {
    let start = (piece, range, transfers, place);
    Body::from_stream(stream::try_unfold(start, |(piece, range, transfers, place)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let (reader, from) = (Arc::clone(&piece), range.clone());
        let part = tokio::task::spawn_blocking(move || read_part(&reader, &from)).await.map_err(io::Error::other)?;
        let part = part.map_err(|error| {
            tracing::warn!(%error, "broke a download off");
            io::Error::other(error)
        })?;
        transfers.downloaded.inc_by(part.len() as u64);
        let rest = range.start + part.len() as u64..range.end;
        Ok::<_, io::Error>(Some((part, (piece, rest, transfers, place))))
    }))
}

/// The bytes of a range that lie in its first chunk.
fn read_part(piece: &PieceReader, range: &Range<u64>) -> Result<Bytes, StoreError> {
    let chunk = chunks(range).start;
    let covers = piece.chunk_range(chunk);
    let bytes = Bytes::from(piece.read_chunk(chunk)?);
    let end = range.end.min(covers.end) - covers.start;
    Ok(bytes.slice((range.start - covers.start) as usize..end as usize))
}
