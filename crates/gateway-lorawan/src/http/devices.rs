//! Devices, and downlinks for them: for the customer's software.

use super::{
    Core,
    error::{ApiError, ApiResult, body, json},
};
use crate::{
    engine::{Command, now_ms},
    intake::IntakeError,
};
use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use depin_client::lorawan::{DeviceView, DownlinkBody, NewDevice, UplinkQuery, UplinkView};
use depin_lorawan::{
    Eui,
    server::{QueueError, Server, Step},
};
use tokio::sync::oneshot;

fn eui(text: &str) -> ApiResult<Eui> {
    text.parse().map_err(ApiError::bad_request)
}

async fn change(core: &Core, change: impl FnOnce(&mut Server) -> Result<Step, QueueError> + Send + 'static) -> ApiResult<()> {
    let (reply, answer) = oneshot::channel();
    core.commands.send(Command::Change { change: Box::new(change), reply }).await.map_err(|_| IntakeError::Closed)?;
    answer.await.map_err(|_| ApiError::from(IntakeError::Closed))?.map_err(ApiError::from)
}

async fn look<T: Send + 'static>(core: &Core, look: impl FnOnce(&Server) -> T + Send + 'static) -> ApiResult<T> {
    let (reply, answer) = oneshot::channel();
    let look = Box::new(move |server: &Server| drop(reply.send(look(server))));
    core.commands.send(Command::Look(look)).await.map_err(|_| IntakeError::Closed)?;
    answer.await.map_err(|_| IntakeError::Closed.into())
}

/// Most uplinks of one answer.
const UPLINKS_MOST: usize = 256;

/// Uplinks of late, oldest first, from behind a number on.
pub(super) async fn uplinks(
    State(core): State<Core>,
    query: Result<Query<UplinkQuery>, QueryRejection>,
) -> ApiResult<Json<Vec<UplinkView>>> {
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let limit = query.limit.map_or(UPLINKS_MOST, |limit| UPLINKS_MOST.min(limit as usize));
    Ok(Json(core.recent.after(query.after.unwrap_or_default(), limit)))
}

pub(super) async fn list(State(core): State<Core>) -> ApiResult<Json<Vec<DeviceView>>> {
    look(&core, |server| server.devices().map(DeviceView::from).collect()).await.map(Json)
}

pub(super) async fn show(State(core): State<Core>, Path(text): Path<String>) -> ApiResult<Json<DeviceView>> {
    let device = eui(&text)?;
    let found = look(&core, move |server| server.device(device).map(DeviceView::from)).await?;
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("no device {device} is known here")))
}

pub(super) async fn add(State(core): State<Core>, bytes: Result<Bytes, BytesRejection>) -> ApiResult<Response> {
    let new: NewDevice = json(&body(bytes)?)?;
    let device = new.dev_eui;
    change(&core, move |server| server.add(new.into())).await?;
    let view = look(&core, move |server| server.device(device).map(DeviceView::from)).await?;
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

pub(super) async fn remove(State(core): State<Core>, Path(text): Path<String>) -> ApiResult<StatusCode> {
    let device = eui(&text)?;
    change(&core, move |server| server.remove(device)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn enqueue(
    State(core): State<Core>,
    Path(text): Path<String>,
    bytes: Result<Bytes, BytesRejection>,
) -> ApiResult<Response> {
    let (device, new) = (eui(&text)?, json::<DownlinkBody>(&body(bytes)?)?);
    if let Some(named) = new.dev_eui.filter(|named| *named != device) {
        return Err(ApiError::bad_request(format!("the path names device {device}, the body {named}")));
    }
    let downlink = new.downlink(now_ms());
    let id = downlink.id.clone();
    change(&core, move |server| server.enqueue(device, downlink)).await?;
    Ok((StatusCode::ACCEPTED, Json(serde_json::json!({ "id": id }))).into_response())
}

pub(super) async fn dequeue(State(core): State<Core>, Path((text, id)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let device = eui(&text)?;
    change(&core, move |server| server.dequeue(device, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
