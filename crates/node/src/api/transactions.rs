//! Handing transactions in, and finding out what became of them.

use super::{
    App, Shared,
    error::{ApiError, ApiResult},
    extract::{JsonBody, Params, Segment},
};
use crate::{
    index::ReceiptRecord,
    pool::{Inserted, Pending},
    waiters::{Fate, Waiter},
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use depin_client::api::{ErrorBody, FinalReceipt, Posted, SubmitRequest, TransactionPhase, TransactionStatus, code};
use depin_ledger::{TRANSACTION_MAX, Transaction};
use depin_quantity::UnitId;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use utoipa::IntoParams;

/// A transaction in hexadecimal digits, and the JSON round it.
const BODY_MAX: usize = 2 * TRANSACTION_MAX + 1_024;
/// Longest wait for finality.
const FINAL_WAIT: Duration = Duration::from_secs(30);
/// KiB of requests that may wait at once: whoever waits keeps its connection, its permit and its body. A quarter of what bodies may
/// take, and with the least of each an eighth of the port's connections.
const WAITING_KIB: usize = 16 * 1_024;
/// As how many KiB the smallest request counts.
const WAITING_LEAST: usize = WAITING_KIB / 256;
/// Batches of transactions that are worked on at once.
const BATCHES_MAX: usize = 64;

/// How much handing in may go on at once.
pub(crate) struct HandingIn {
    /// Batches that may be worked on.
    pub batches: Semaphore,
    /// KiB of requests that may wait for finality.
    waits: Semaphore,
}

impl Default for HandingIn {
    fn default() -> Self {
        Self { batches: Semaphore::new(BATCHES_MAX), waits: Semaphore::new(WAITING_KIB) }
    }
}

/// Parameters of `POST /v1/transactions`.
#[derive(Clone, Debug, Default, serde::Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubmitQuery {
    /// `final`: answer when the transaction is final, or after 30 s; at once when too many wait.
    wait: Option<String>,
}

impl SubmitQuery {
    fn waits(&self) -> ApiResult<bool> {
        match self.wait.as_deref() {
            None => Ok(false),
            Some("final") => Ok(true),
            Some(_) => Err(ApiError::bad_request("`wait` can only be `final`", "leave it out to get an answer at once")),
        }
    }
}

/// Hands a signed transaction in. The same one again is no error: the answer says where it stands.
#[utoipa::path(post, path = "/v1/transactions", tag = "transactions", params(SubmitQuery), request_body = SubmitRequest,
    responses((status = 200, description = "Final", body = Posted), (status = 202, description = "Taken", body = Posted),
        (status = "default", body = ErrorBody)))]
pub(super) async fn submit(
    State(app): State<Shared>,
    Params(query): Params<SubmitQuery>,
    JsonBody(request): JsonBody<SubmitRequest, BODY_MAX>,
) -> ApiResult<Response> {
    let answer = post(&app, &query, &request).await;
    if let Err(error) = &answer {
        app.metrics.refused(&error.code);
    }
    answer
}

async fn post(app: &Shared, query: &SubmitQuery, request: &SubmitRequest) -> ApiResult<Response> {
    app.well()?;
    let wait = query.waits()?;
    let (transaction, bytes) = decode(&request.transaction)?;
    let pending = Pending::new(transaction, bytes, Instant::now());
    let id = pending.id;
    // Registered first, so that no news is missed.
    let waiter = wait.then(|| app.waiters.register(id));
    if app.pool.get(&id).is_none()
        && let Some(receipt) = take(app, pending).await?
    {
        return posted(StatusCode::OK, id, Some(receipt));
    }
    let kib = request.transaction.len().div_ceil(1_024).max(WAITING_LEAST);
    match waiter.zip(app.handing_in.waits.try_acquire_many(u32::try_from(kib).unwrap_or(u32::MAX)).ok()) {
        None => posted(StatusCode::ACCEPTED, id, None),
        Some((waiter, _permit)) => follow(app, id, waiter).await,
    }
}

fn posted(status: StatusCode, id: UnitId, receipt: Option<FinalReceipt>) -> ApiResult<Response> {
    Ok((status, Json(Posted { id, receipt })).into_response())
}

pub(super) fn decode(text: &str) -> ApiResult<(Transaction, Bytes)> {
    let malformed = |message: String| {
        ApiError::new(StatusCode::BAD_REQUEST, code::MALFORMED, message, "send the canonical bytes in hexadecimal digits")
    };
    let bytes = hex::decode(text).map_err(|e| malformed(format!("`transaction` is not hexadecimal: {e}")))?;
    let transaction = Transaction::decode(&bytes)?;
    // One transaction has one encoding; another would be another set of bytes in the block for the same id.
    if transaction.encode() != bytes {
        return Err(malformed("the transaction is not in its canonical encoding".to_owned()));
    }
    Ok((transaction, Bytes::from(bytes)))
}

/// Puts a transaction into the pool; its receipt when it is final already. Cheap checks first, the signature last.
async fn take(app: &App, pending: Pending) -> ApiResult<Option<FinalReceipt>> {
    let (id, sender) = (pending.id, pending.sender);
    if pending.nonce < app.ledger.nonce(sender)
        && let Some(receipt) = final_receipt(app, id).await?
    {
        return Ok(Some(receipt));
    }
    admit(app, &pending.transaction)?;
    if !app.signatures.verify(&pending.transaction) {
        return Err(bad_signature());
    }
    insert(app, pending)?;
    Ok(None)
}

/// Refuses what cannot be included.
pub(super) fn admit(app: &App, transaction: &Transaction) -> ApiResult<()> {
    app.ledger.admit(transaction).map_err(|error| ApiError::inadmissible(&error, app.ledger.economy().spec()))
}

/// Puts a transaction whose admission and signature were checked into the pool.
///
/// # Errors
/// 507 on a disk with too little room: the chain goes on, and what it must write comes first.
pub(super) fn insert(app: &App, pending: Pending) -> ApiResult<()> {
    app.disk.admit()?;
    let sender = pending.sender;
    let inserted = app.pool.insert(pending, || app.ledger.nonce(sender));
    let inserted = inserted.map_err(|error| ApiError::not_pooled(&error, app.ledger.economy().spec()))?;
    if let Inserted::New { dropped } = inserted {
        app.waiters.drop_all(&dropped);
    }
    Ok(())
}

pub(super) fn bad_signature() -> ApiError {
    let message = "the signature is not the sender's, or one inside the message is not of the key that it names";
    let hint = "sign the canonical body of this very transaction with the key that it names; what is signed inside is bound to this chain too";
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code::BAD_SIGNATURE, message, hint)
}

/// As [`final_record`], in the form of the API.
pub(super) async fn final_receipt(app: &App, id: UnitId) -> ApiResult<Option<FinalReceipt>> {
    final_record(app, id).await?.map(|record| wire(app, &record)).transpose()
}

/// The receipt of a transaction of which every trace is in the index by now, if it was included.
async fn final_record(app: &App, id: UnitId) -> ApiResult<Option<ReceiptRecord>> {
    if let Some(record) = app.index.receipt(id).await? {
        return Ok(Some(record));
    }
    app.index_caught_up().await?;
    Ok(app.index.receipt(id).await?)
}

fn wire(app: &App, record: &ReceiptRecord) -> ApiResult<FinalReceipt> {
    let receipt = app.receipt(record).map_err(ApiError::internal)?;
    receipt.ok_or_else(|| ApiError::internal("the receipt of a transaction is not one"))
}

/// Waits for finality; after a bounded time the answer is that it waits.
async fn follow(app: &App, id: UnitId, mut waiter: Waiter) -> ApiResult<Response> {
    // It may have become final before anybody waited.
    if let Some(record) = app.index.receipt(id).await? {
        return posted(StatusCode::OK, id, Some(wire(app, &record)?));
    }
    let mut stopping = app.stopping.clone();
    tokio::select! {
        fate = waiter.fate() => match fate {
            Fate::Final(record) => posted(StatusCode::OK, id, Some(wire(app, &record)?)),
            Fate::Dropped => {
                let message = format!("transaction {id} left the pool without being included");
                let hint = "another one with its nonce was included, its fee became too low, or it waited too long: sign it again";
                Err(ApiError::new(StatusCode::CONFLICT, "dropped", message, hint))
            }
        },
        () = tokio::time::sleep(FINAL_WAIT) => posted(StatusCode::ACCEPTED, id, None),
        _ = stopping.wait_for(|stop| *stop) => posted(StatusCode::ACCEPTED, id, None),
    }
}

/// Where a transaction stands. Unknown ones are answered 404, only after everything final was looked through.
#[utoipa::path(get, path = "/v1/transactions/{id}", tag = "transactions", params(("id" = String, Path, description = "Its id, 64 hexadecimal digits")),
    responses((status = 200, body = TransactionStatus), (status = "default", body = ErrorBody)))]
pub(super) async fn transaction(State(app): State<Shared>, Segment(id): Segment<UnitId>) -> ApiResult<Json<TransactionStatus>> {
    if app.pool.get(&id).is_some() {
        return Ok(Json(TransactionStatus { state: TransactionPhase::Pending, receipt: None }));
    }
    match final_record(&app, id).await? {
        Some(record) => Ok(Json(TransactionStatus { state: TransactionPhase::Final, receipt: Some(wire(&app, &record)?) })),
        None => {
            let message = format!("transaction {id} is not known here");
            let hint = match app.index.first().height {
                0 => "it was never seen, or it left the pool: send it again".to_owned(),
                first => format!(
                    "it was never seen, or it left the pool: send it again; or it is older than block {first}, where the history of this node begins"
                ),
            };
            Err(ApiError::new(StatusCode::NOT_FOUND, code::NOT_FOUND, message, hint))
        }
    }
}
