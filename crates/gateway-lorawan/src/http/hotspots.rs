//! What hotspots say, signed with their keys.

use super::{
    Core,
    error::{ApiResult, body},
};
use crate::{engine::now_ms, intake::Intake as _};
use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
};
use depin_client::lorawan::{Answer, BatchAnswer, BatchBody, OutcomeBody, SignedHead, UplinkBody, open};

pub(super) const UPLINKS: &str = "/v1/uplinks";
pub(super) const BATCHES: &str = "/v1/batches";
pub(super) const OUTCOMES: &str = "/v1/outcomes";

fn signer(path: &str, headers: &HeaderMap, bytes: &[u8]) -> ApiResult<[u8; 32]> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    Ok(open(path, header(SignedHead::KEY), header(SignedHead::SIGNATURE), bytes)?)
}

pub(super) async fn uplinks(
    State(core): State<Core>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> ApiResult<Json<Answer>> {
    let bytes = body(bytes)?;
    let hotspot = signer(UPLINKS, &headers, &bytes)?;
    let read = UplinkBody::read(&bytes, &core.server_key, now_ms());
    core.clock(&hotspot, &read);
    let UplinkBody { packets, .. } = read?;
    Ok(Json(core.hand_in(hotspot, packets).await?))
}

pub(super) async fn outcomes(
    State(core): State<Core>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> ApiResult<StatusCode> {
    let bytes = body(bytes)?;
    let hotspot = signer(OUTCOMES, &headers, &bytes)?;
    let outcome = OutcomeBody::read(&bytes, &core.server_key, now_ms())?;
    core.outcome(hotspot, outcome).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn batches(
    State(core): State<Core>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> ApiResult<Json<BatchAnswer>> {
    let bytes = body(bytes)?;
    let hotspot = signer(BATCHES, &headers, &bytes)?;
    let batch = BatchBody::read(&bytes, &core.server_key, now_ms())?;
    let signature = core.settle(hotspot, &batch)?;
    Ok(Json(BatchAnswer { key: hex::encode(core.server_key), signature: hex::encode(signature) }))
}
