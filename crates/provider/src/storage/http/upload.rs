//! `PUT /pieces/{cid}`: from the network to the disk, hashed on the way.
//!
//! The handler reads the body and hands its parts to a blocking thread through a short queue; the thread hashes and writes.
//! So at most a few parts of a body are in memory, a slow disk slows the sender down, and nothing async waits on the disk.

use super::auth::Caller;
use super::{ProviderHttp, store_work};
use crate::operator::ApiError;
use crate::storage::request::RequestKind;
use crate::storage::store::{Store, StoreError, Stored, Upload};
use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::State;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use depin_serve::{BodyError, Owner, Peer};
use depin_services::storage::piece::Commitment;
use futures::StreamExt as _;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Parts of a body that may wait for the disk.
const QUEUE: usize = 4;
/// How much of a refused body is read, so that the client gets to the answer instead of a broken connection.
const DRAIN_BYTES: usize = 32 << 20;
/// And for how long.
const DRAIN_TIME: Duration = Duration::from_secs(10);

pub(super) async fn put(
    State(http): State<Arc<ProviderHttp>>,
    path: Result<axum::extract::Path<String>, PathRejection>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let length = length(&body);
    let mut body = body.into_data_stream();
    match receive(&http, path, peer, length, &headers, &mut body).await {
        Ok(stored) => {
            let status = if stored.new { StatusCode::CREATED } else { StatusCode::OK };
            let answer = serde_json::json!({
                "cid": stored.cid,
                "payload_bytes": stored.payload_bytes,
                "piece_size": stored.piece_size,
                "expires_at_ms": stored.expires_at_ms,
            });
            (status, Json(answer)).into_response()
        }
        Err(error) => {
            // A client that waits for "100 Continue" has not begun to send; reading would invite it to.
            if !headers.contains_key(header::EXPECT) {
                drain(&mut body).await;
            }
            error.into_response()
        }
    }
}

async fn receive(
    http: &Arc<ProviderHttp>,
    path: Result<axum::extract::Path<String>, PathRejection>,
    peer: Option<Extension<Peer>>,
    length: Result<u64, ApiError>,
    headers: &HeaderMap,
    body: &mut BodyDataStream,
) -> Result<Stored, ApiError> {
    let cid = super::piece_cid(path)?;
    let length = length?;
    let limit = http.store.settings().payload_bytes_max;
    if length > limit {
        return Err(StoreError::TooLarge { payload_bytes: length, limit }.into());
    }
    let caller = http.caller(headers, RequestKind::Upload, &cid, length)?;
    let Caller { client, signed_at_ms } = caller;
    let store = Arc::clone(&http.store);
    if let Some(stored) = store_work(move || store.adopt(&cid, length, client, signed_at_ms)).await? {
        if !headers.contains_key(header::EXPECT) {
            drain(body).await;
        }
        return Ok(stored);
    }
    let _place = http.enter(&http.uploads, Some(Owner::new(client.get())), peer.as_deref(), "uploads").await?;
    let upload = begin(http, cid, length, caller).await?;
    let (parts, queue) = mpsc::channel(QUEUE);
    let writer = tokio::task::spawn_blocking(move || write(upload, queue));
    let sent = forward(http, body, parts).await;
    let written = writer.await.map_err(|error| ApiError::internal(&error))?;
    match (written, sent) {
        // The body's own failure says more than that bytes are missing.
        (Err(StoreError::Truncated { .. }), Err(error)) => Err(error),
        (written, _) => Ok(written?),
    }
}

async fn begin(http: &Arc<ProviderHttp>, cid: Commitment, length: u64, caller: Caller) -> Result<Upload, ApiError> {
    let store: Arc<Store> = Arc::clone(&http.store);
    store_work(move || store.begin(cid, length, caller.client, caller.signed_at_ms)).await
}

/// The blocking half: ends when the sender is dropped, which the store sees as the end of the payload.
fn write(mut upload: Upload, mut queue: mpsc::Receiver<Bytes>) -> Result<Stored, StoreError> {
    while let Some(part) = queue.blocking_recv() {
        upload.write(&part)?;
    }
    upload.finish()
}

/// The async half. Stops early, without an error of its own, when the writer has failed.
async fn forward(http: &ProviderHttp, body: &mut BodyDataStream, parts: mpsc::Sender<Bytes>) -> Result<(), ApiError> {
    while let Some(part) = body.next().await {
        let part = part.map_err(|error| broken_off(&error))?;
        http.transfers.uploaded.inc_by(part.len() as u64);
        if parts.send(part).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn broken_off(error: &axum::Error) -> ApiError {
    match error.source().and_then(|cause| cause.downcast_ref::<BodyError>()) {
        Some(slow @ (BodyError::Slow | BodyError::Silent)) => {
            let refusal = slow.refusal();
            ApiError::new(refusal.status(), refusal.code(), refusal.message(), refusal.hint())
        }
        _ => {
            let message = format!("the body broke off: {error}");
            ApiError::bad_request("truncated", message, "send exactly Content-Length bytes")
        }
    }
}

/// An upload's length must be known before its bytes, so that space can be set aside; a chunked body has none. A request
/// with neither length nor chunks has an empty body (RFC 9112, section 6.3).
fn length(body: &Body) -> Result<u64, ApiError> {
    body.size_hint().exact().ok_or_else(|| {
        let hint = "send a Content-Length header with the payload's exact length";
        ApiError::new(StatusCode::LENGTH_REQUIRED, "no-length", "the upload's length is not given", hint)
    })
}

/// Reads the rest of a body and throws it away, within limits; the answer goes out either way, and at worst the client sees
/// the connection close.
async fn drain(body: &mut BodyDataStream) {
    let drained = async {
        let mut left = DRAIN_BYTES;
        while let Some(Ok(part)) = body.next().await {
            match left.checked_sub(part.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    _ = timeout(DRAIN_TIME, drained).await;
}
