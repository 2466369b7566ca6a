//! `PUT /pieces/{cid}`: from the network to the disk, hashed on the way.
//!
//! A stranger's bytes cost him first: before any are taken the request must be signed, the account must be able to pay for what it has
//! on hold, and there must be a place for one more upload of it.
//!
//! The handler gathers parts of the body and hands a quarter of a MiB at a time to a thread that hashes and writes, while it gathers the
//! next. So at most two such batches of a body are in memory, a slow disk slows the sender down, nothing async waits on the disk, and a
//! slow sender keeps no thread.

use super::auth::Caller;
use super::{ProviderHttp, store_work};
use crate::operator::ApiError;
use crate::storage::request::RequestKind;
use crate::storage::store::{StoreError, Stored, Upload};
use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::State;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use depin_serve::{BodyError, Owner, Peer};
use futures::StreamExt as _;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Bytes of a body that are written at once.
const BATCH: usize = 256 << 10;
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
    let Caller { client, signed_at_ms, digest } = http.caller(headers, RequestKind::Upload, &cid, length)?;
    let store = Arc::clone(&http.store);
    if let Some(stored) = store_work(move || store.held(&cid, length, &client)).await? {
        return Ok(enough(headers, body, stored).await);
    }
    let store = Arc::clone(&http.store);
    let announced = store_work(move || store.announce(client, length)).await?;
    http.funds.cover(client, announced.total()).await?;
    let _place = http.enter(&http.uploads, Some(Owner::new(client.get())), peer.as_deref(), "uploads").await?;
    http.seen.enter(client, signed_at_ms, digest, http.clock.now_ms())?;
    let store = Arc::clone(&http.store);
    if let Some(stored) = store_work(move || store.adopt(&cid, length, client, signed_at_ms)).await? {
        return Ok(enough(headers, body, stored).await);
    }
    let upload = store_work(move || announced.begin(cid, signed_at_ms)).await?;
    let mut writing = Writing::new(upload);
    let taken = writing.take(http, body).await;
    // What is left of one that failed is gone before that is told.
    writing.give_up().await;
    taken
}

/// An answer that needs no bytes.
async fn enough(headers: &HeaderMap, body: &mut BodyDataStream, stored: Stored) -> Stored {
    if !headers.contains_key(header::EXPECT) {
        drain(body).await;
    }
    stored
}

/// An upload on its way to the disk.
struct Writing {
    batch: Vec<Bytes>,
    bytes: usize,
    /// The batch before, on a thread; it gives the upload back.
    earlier: Option<JoinHandle<Result<Upload, StoreError>>>,
}

impl Writing {
    fn new(upload: Upload) -> Self {
        Self { batch: Vec::new(), bytes: 0, earlier: Some(tokio::task::spawn_blocking(move || Ok(upload))) }
    }

    /// Takes a whole body. Stops early when the writing has failed.
    async fn take(&mut self, http: &ProviderHttp, body: &mut BodyDataStream) -> Result<Stored, ApiError> {
        while let Some(part) = body.next().await {
            // The body's own failure says more than that bytes are missing.
            let part = part.map_err(|error| broken_off(&error))?;
            http.transfers.uploaded.inc_by(part.len() as u64);
            self.bytes += part.len();
            self.batch.push(part);
            if self.bytes >= BATCH {
                self.write().await?;
            }
        }
        self.write().await?;
        let upload = self.upload().await?;
        store_work(move || upload.finish()).await
    }

    /// Begins to write what was gathered, once the batch before is written.
    async fn write(&mut self) -> Result<(), ApiError> {
        let mut upload = self.upload().await?;
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        self.earlier = Some(tokio::task::spawn_blocking(move || {
            batch.iter().try_for_each(|part| upload.write(part))?;
            Ok(upload)
        }));
        Ok(())
    }

    async fn upload(&mut self) -> Result<Upload, ApiError> {
        let earlier = self.earlier.as_mut().ok_or_else(|| ApiError::internal(&"an upload was given up"))?;
        let done = earlier.await.map_err(|error| ApiError::internal(&error));
        self.earlier = None;
        Ok(done??)
    }

    /// Removes what is left from the disk, which is no work for whoever serves others.
    async fn give_up(&mut self) {
        if let Some(earlier) = self.earlier.take()
            && let Ok(Ok(upload)) = earlier.await
        {
            // A panic there is told by itself.
            let _ = tokio::task::spawn_blocking(move || drop(upload)).await;
        }
    }
}

impl Drop for Writing {
    /// The connection was cut off.
    fn drop(&mut self) {
        if let (Some(earlier), Ok(runtime)) = (self.earlier.take(), tokio::runtime::Handle::try_current()) {
            let mut left = Self { batch: Vec::new(), bytes: 0, earlier: Some(earlier) };
            runtime.spawn(async move { left.give_up().await });
        }
    }
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

/// An upload's length must be known before its bytes, so that what does not fit is refused at once; a chunked body has none. A request
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
