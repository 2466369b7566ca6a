//! `GET …/kubeevents`: how each replica is, and what becomes of it. Upstream tells the events of its cluster; here they are the changes of
//! replicas' states, in the same form.

use super::{
    State,
    answers::{LeasePath, parts},
    error,
    logs::services,
    query::StreamQuery,
    streams::{End, FAULT, pump, upgrade},
};
use crate::operator::ApiError;
use axum::{
    extract::{RawQuery, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::HeaderMap,
    response::Response,
};
use depin_client::lease::{EventObject, LeaseEvent, Scope};
use depin_sandbox::{InstanceId, InstanceStatus, RoomStatus, State as Life};
use depin_sdl::hosts::namespace;
use futures::{Stream, StreamExt as _, stream};
use std::collections::BTreeMap;
use tokio::sync::watch;

pub(super) async fn serve(
    shared: State,
    path: LeasePath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    asked: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let entry = shared.to_lease(&headers, parts(&path), Some(Scope::Events)).await?;
    let query = StreamQuery::read(query.as_deref())?;
    let names = services(shared.door.desk.as_ref(), entry.lease, &query, &entry.services).await?;
    let room = shared.door.desk.tenancy(entry.lease).await.map_err(error::desk)?.room;
    let asked = upgrade(asked)?;
    let seat = shared.streams.enter(entry.lease)?;
    let shared = shared.0.clone();
    Ok(asked.on_upgrade(move |socket| async move {
        let _seat = seat;
        let told = Told { namespace: namespace(&entry.lease.to_string()), names, seen: BTreeMap::new() };
        pump(&shared, &entry.claims, socket, changes(room, told, query.follow)).await;
    }))
}

/// What was told of each replica.
struct Told {
    namespace: String,
    names: Vec<String>,
    seen: BTreeMap<InstanceId, (Life, String, u32)>,
}

impl Told {
    /// What is new.
    fn news(&mut self, room: &RoomStatus) -> Vec<LeaseEvent> {
        let mut news = Vec::new();
        for one in room.instances.iter().filter(|one| self.names.iter().any(|name| name == one.id.service.as_str())) {
            let now = (one.status.state, one.status.reason.clone(), one.status.restarts);
            if self.seen.get(&one.id) != Some(&now) {
                news.push(self.event(one));
                self.seen.insert(one.id.clone(), now);
            }
        }
        self.seen.retain(|id, _| room.instances.iter().any(|one| one.id == *id));
        news
    }

    fn event(&self, one: &InstanceStatus) -> LeaseEvent {
        let well = matches!(one.status.state, Life::Waiting | Life::Starting | Life::Healthy | Life::Completed);
        LeaseEvent {
            kind: if well { "Normal" } else { "Warning" }.to_owned(),
            reporting_controller: "depin".to_owned(),
            reporting_instance: String::new(),
            reason: one.status.state.to_string(),
            note: one.status.reason.clone(),
            object: EventObject {
                kind: "Pod".to_owned(),
                namespace: self.namespace.clone(),
                name: format!("{}-{}", one.id.service, one.id.replica),
            },
        }
    }
}

/// Each replica's state, and what comes until the lease is over.
fn changes(room: watch::Receiver<RoomStatus>, told: Told, follow: bool) -> impl Stream<Item = Result<String, End>> {
    let rounds = stream::unfold((room, told, true), move |(mut room, mut told, first)| async move {
        if !first && (!follow || room.changed().await.is_err()) {
            return None;
        }
        let now = room.borrow_and_update().clone();
        let news = told.news(&now);
        Some((stream::iter(news), (room, told, false)))
    });
    rounds.flatten().map(|event| serde_json::to_string(&event).map_err(|_| End::new(FAULT, "an event cannot be written")))
}
