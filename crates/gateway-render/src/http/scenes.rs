//! Sealed scenes are taken, and jobs drafted.

use super::{
    Shared,
    error::{ApiError, ApiResult, Params, Segments, body},
};
use crate::{
    scenes::Have,
    store::{Draft, drafts},
};
use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::StatusCode,
};
use depin_client::render::{DraftView, NewDraft, UploadView};
use depin_quantity::ContentHash;
use depin_services::rendering::{Secret, secret_hash};
use rand::Rng as _;
use serde::Deserialize;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Longest name of a job, characters.
const NAME_MAX: usize = 120;
/// Most frames whose pixels are said to be known; the ledger plants fewer.
const KNOWN_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    at: u64,
    of: u64,
}

const fn view(have: Have) -> UploadView {
    UploadView { have: have.bytes, whole: have.whole }
}

pub(super) async fn have(State(desk): State<Shared>, Segments(sealed): Segments<ContentHash>) -> ApiResult<Json<UploadView>> {
    Ok(Json(view(desk.files.have(sealed).map_err(ApiError::internal)?)))
}

pub(super) async fn take(
    State(desk): State<Shared>,
    Segments(sealed): Segments<ContentHash>,
    Params(Part { at, of }): Params<Part>,
    bytes: Result<Bytes, BytesRejection>,
) -> ApiResult<Json<UploadView>> {
    let bytes = body(bytes)?;
    let turn = Arc::clone(&desk).uploads_turn().await;
    let taken = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        desk.files.take(sealed, (at, of), &bytes)
    });
    Ok(Json(view(taken.await.map_err(ApiError::internal)??)))
}

pub(super) async fn draft(State(desk): State<Shared>, bytes: Result<Bytes, BytesRejection>) -> ApiResult<Json<DraftView>> {
    let bytes = body(bytes)?;
    let asked: NewDraft = serde_json::from_slice(&bytes)
        .map_err(|error| ApiError::bad_request(format!("this is not what this path takes: {error}")))?;
    let name = asked.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(ApiError::bad_request("a job's name has 1 to 120 characters, and none that controls a terminal"));
    }
    if asked.known.len() > KNOWN_MAX {
        return Err(ApiError::bad_request(format!("at most {KNOWN_MAX} frames are planted")));
    }
    let mut scene_key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(&asked.key, scene_key.as_mut_slice())
        .map_err(|_| ApiError::bad_request("what opens the scene is 64 hexadecimal digits"))?;
    if !desk.files.have(asked.sealed).map_err(ApiError::internal)?.whole {
        return Err(ApiError::new(StatusCode::CONFLICT, "no-scene", "the sealed scene is not here whole")
            .hint("send the rest of it first"));
    }
    let mut bytes = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(bytes.as_mut_slice());
    let secret = Secret::new(*bytes);
    let commitment = secret_hash(secret);
    let draft =
        Draft { commitment, secret, name: name.to_owned(), sealed: asked.sealed, scene_key, known: asked.known, job: None };
    desk.store.run(move |db| drafts::add(db, &draft)).await?;
    Ok(Json(DraftView { dispatcher: desk.sender.address(), secret: commitment }))
}
