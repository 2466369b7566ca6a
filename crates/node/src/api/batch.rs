//! Handing many transactions in at once: one request, one check of all signatures, an answer for each.
//!
//! Each is answered as if it had come alone and in the order given, so that later ones of a sender may build on earlier ones. Bounded:
//! count, bytes, and how many such requests are worked on at once.

use super::{
    App, Shared,
    error::{ApiError, ApiResult},
    extract::JsonBody,
    transactions::{admit, decode, final_receipt, insert},
};
use crate::pool::Pending;
use axum::{
    Json,
    extract::{FromRequest as _, Request, State},
    http::StatusCode,
};
use depin_client::api::{BATCH_BYTES_MAX, BATCH_MAX, BatchAnswer, BatchAnswers, BatchRequest, ErrorBody, Posted, code};
use std::{sync::Arc, time::Instant};

/// Hands many signed transactions in; each is answered by itself, in the same order. Never waits until one is final.
#[utoipa::path(post, path = "/v1/transactions/batch", tag = "transactions", request_body = BatchRequest,
    responses((status = 200, description = "Each taken, or refused by itself", body = BatchAnswers),
        (status = "default", body = ErrorBody)))]
pub(super) async fn submit_batch(State(app): State<Shared>, request: Request) -> ApiResult<Json<BatchAnswers>> {
    app.well()?;
    // Before the body is decoded, which takes memory.
    let Ok(_permit) = app.handing_in.batches.try_acquire() else {
        return Err(ApiError::busy("too many batches of transactions at once"));
    };
    let JsonBody(batch): JsonBody<BatchRequest, BATCH_BYTES_MAX> = JsonBody::from_request(request, &()).await?;
    if batch.transactions.is_empty() || batch.transactions.len() > BATCH_MAX {
        let message = format!("a batch of {} transactions is not allowed; 1 to {BATCH_MAX} are", batch.transactions.len());
        return Err(ApiError::bad_request(message, "send them in several batches"));
    }
    // Decoding and checking so many keeps a thread busy for long.
    let checking = Arc::clone(&app);
    let checked = tokio::task::spawn_blocking(move || check(&checking, &batch.transactions));
    let mut answers = Vec::new();
    for checked in checked.await.map_err(ApiError::internal)? {
        let answer = match checked {
            Ok(checked) => put(&app, checked).await,
            Err(error) => Err(error),
        };
        answers.push(match answer {
            Ok(posted) => BatchAnswer::Posted(posted),
            Err(error) => {
                app.metrics.refused(&error.code);
                BatchAnswer::Refused(error.body())
            }
        });
    }
    Ok(Json(BatchAnswers { answers }))
}

/// A transaction that came well-formed.
enum Checked {
    /// It waits in the pool already.
    Known(Pending),
    /// Its nonce was used: by itself, or by another one.
    Used(Pending),
    /// It may be put into the pool.
    Good(Pending),
}

/// Decodes and checks all; signatures last, in one batch.
fn check(app: &App, texts: &[String]) -> Vec<ApiResult<Checked>> {
    let now = Instant::now();
    let checked: Vec<ApiResult<Checked>> = texts.iter().map(|text| look(app, text, now)).collect();
    let good = |checked: &ApiResult<Checked>| matches!(checked, Ok(Checked::Good(_)));
    let unchecked: Vec<_> = checked.iter().filter(|one| good(one)).filter_map(|one| one.as_ref().ok()).collect();
    let transactions = unchecked.iter().map(|one| &*one.pending().transaction);
    if app.signatures.verify_transactions(transactions) {
        return checked;
    }
    // At least one is bad: each is looked at by itself.
    let sift = |one: ApiResult<Checked>| match one {
        Ok(Checked::Good(pending)) if !app.signatures.verify(&pending.transaction) => Err(super::transactions::bad_signature()),
        one => one,
    };
    checked.into_iter().map(sift).collect()
}

impl Checked {
    const fn pending(&self) -> &Pending {
        match self {
            Self::Known(pending) | Self::Used(pending) | Self::Good(pending) => pending,
        }
    }
}

fn look(app: &App, text: &str, now: Instant) -> ApiResult<Checked> {
    let (transaction, bytes) = decode(text)?;
    let pending = Pending::new(transaction, bytes, now);
    if app.pool.get(&pending.id).is_some() {
        return Ok(Checked::Known(pending));
    }
    if pending.nonce < app.ledger.nonce(pending.sender) {
        return Ok(Checked::Used(pending));
    }
    admit(app, &pending.transaction)?;
    Ok(Checked::Good(pending))
}

async fn put(app: &App, checked: Checked) -> ApiResult<Posted> {
    match checked {
        Checked::Known(pending) => Ok(Posted { id: pending.id, receipt: None }),
        Checked::Good(pending) => {
            let id = pending.id;
            insert(app, pending)?;
            Ok(Posted { id, receipt: None })
        }
        Checked::Used(pending) => {
            if let Some(receipt) = final_receipt(app, pending.id).await? {
                return Ok(Posted { id: pending.id, receipt: Some(receipt) });
            }
            // Another one used its nonce, unless admission finds something that comes before.
            admit(app, &pending.transaction)?;
            Err(ApiError::new(StatusCode::CONFLICT, code::NONCE_TOO_LOW, "its nonce was used", "sign it again with the next one"))
        }
    }
}
