//! WebSockets of leases: how many there may be, and how lines are sent on one.

use super::Shared;
use crate::operator::ApiError;
use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    http::{StatusCode, header},
};
use depin_client::lease::{Claims, FRAME_BYTES_MAX};
use depin_services::leasing::BidId;
use futures::{Stream, StreamExt as _};
use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often the other side is asked whether it is there,
pub(super) const PING: Duration = Duration::from_secs(10);
/// how long it may be silent, upstream's pause and its patience together,
pub(super) const SILENCE: Duration = Duration::from_secs(25);
/// and after how many pings it is asked whether the token was taken back.
pub(super) const PINGS_PER_LOOK: u32 = 6;
/// Upstream's code for an end by a fault of the provider,
pub(super) const FAULT: u16 = 4_000;
/// for a lease that is not there,
pub(super) const NO_LEASE: u16 = 4_001;
/// and for something that is not there now.
pub(super) const UNAVAILABLE: u16 = 4_002;
/// What a usual end is called.
const USUAL: u16 = 1_000;
/// The end of who breaks a rule.
pub(super) const POLICY: u16 = 1_008;
/// Longest reason of an end that fits a control frame.
const REASON_MAX: usize = 120;

/// Counts the streams of leases.
pub(super) struct Streams {
    of_lease: usize,
    of_all: usize,
    open: Arc<Mutex<HashMap<BidId, usize>>>,
}

/// One stream, until it is dropped.
pub(super) struct Seat {
    lease: BidId,
    open: Arc<Mutex<HashMap<BidId, usize>>>,
}

impl Streams {
    pub(super) fn new(of_lease: usize, of_all: usize) -> Self {
        Self { of_lease, of_all, open: Arc::default() }
    }

    /// A place for one more.
    pub(super) fn enter(&self, lease: BidId) -> Result<Seat, ApiError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= self.of_all {
            return Err(ApiError::busy("streams"));
        }
        let of_it = open.entry(lease).or_default();
        if *of_it >= self.of_lease {
            return Err(ApiError::too_many("streams of this lease", self.of_lease));
        }
        *of_it += 1;
        Ok(Seat { lease, open: Arc::clone(&self.open) })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_it) = open.get_mut(&self.lease) {
            *of_it -= 1;
            if *of_it == 0 {
                open.remove(&self.lease);
            }
        }
    }
}

/// An end that is told.
#[derive(Clone, Debug)]
pub(super) struct End {
    code: u16,
    reason: String,
}

impl End {
    pub(super) const USUAL: Self = Self { code: USUAL, reason: String::new() };

    pub(super) fn new(code: u16, reason: &str) -> Self {
        let mut end = reason.len().min(REASON_MAX);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Self { code, reason: reason[..end].to_owned() }
    }

    pub(super) fn frame(self) -> Message {
        Message::Close(Some(CloseFrame { code: self.code, reason: self.reason.into() }))
    }
}

/// A request that wants a WebSocket.
///
/// # Errors
/// When it does not.
pub(super) fn upgrade(asked: Result<WebSocketUpgrade, WebSocketUpgradeRejection>) -> Result<WebSocketUpgrade, ApiError> {
    let asked = asked.map_err(|_| {
        let message = "this path speaks WebSockets";
        ApiError::new(StatusCode::UPGRADE_REQUIRED, "no-websocket", message, "ask with `Upgrade: websocket`, version 13")
            .with(header::UPGRADE, "websocket")
    })?;
    Ok(asked
        .read_buffer_size(8 << 10)
        .write_buffer_size(8 << 10)
        .max_write_buffer_size(512 << 10)
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX))
}

/// Whether the other side is still there, by what was heard of it.
pub(super) struct Pulse {
    heard: Instant,
    pings: u32,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self { heard: Instant::now(), pings: 0 }
    }

    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
    }

    pub(super) fn is_silent(&self) -> bool {
        self.heard.elapsed() > SILENCE
    }

    /// Whether it is time to ask whether the token was taken back.
    pub(super) fn ping(&mut self) -> bool {
        self.pings += 1;
        self.pings.is_multiple_of(PINGS_PER_LOOK)
    }
}

impl Shared {
    /// Why a stream may go on no longer, if so: a token that ran out lets no new one begin and ends none, one that was taken back does.
    pub(super) async fn revoked(&self, claims: &Claims) -> Option<End> {
        let current = self.door.generations.current(claims.iss, claims.generation).await.ok()?;
        claims.check_generation(current).err().map(|why| End::new(POLICY, &why.to_string()))
    }
}

/// Sends what `lines` gives, each as one message, until it ends or nobody listens. Who takes nothing is ended by the port.
pub(super) async fn pump(
    shared: &Shared,
    claims: &Claims,
    mut socket: WebSocket,
    lines: impl Stream<Item = Result<String, End>>,
) {
    let mut lines = pin!(lines);
    let mut ticks = interval(PING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut pulse = Pulse::new();
    let end = loop {
        let message = tokio::select! {
            line = lines.next() => match line {
                Some(Ok(line)) => Message::Text(line.into()),
                Some(Err(end)) => break end,
                None => break End::USUAL,
            },
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {
                    pulse.heard();
                    continue;
                }
            },
            _ = ticks.tick() => {
                if pulse.is_silent() {
                    return;
                }
                if pulse.ping() && let Some(end) = shared.revoked(claims).await {
                    break end;
                }
                Message::Ping(axum::body::Bytes::new())
            }
        };
        if socket.send(message).await.is_err() {
            return;
        }
    };
    let _ = socket.send(end.frame()).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_services::leasing::DeploymentId;

    fn lease(dseq: u64) -> BidId {
        DeploymentId { owner: depin_quantity::Address::new([1; 32]), dseq }
            .group(1)
            .order(1)
            .bid(depin_quantity::Address::new([2; 32]))
    }

    #[test]
    fn a_lease_has_its_share_of_streams_and_gives_it_back() {
        let streams = Streams::new(2, 3);
        let held: Vec<Seat> = (0..2).map(|_| streams.enter(lease(1)).ok().unwrap()).collect();
        assert!(streams.enter(lease(1)).is_err(), "its own");
        let other = streams.enter(lease(2)).ok().unwrap();
        assert!(streams.enter(lease(3)).is_err(), "all of them");
        drop(other);
        assert!(streams.enter(lease(3)).is_ok());
        drop(held);
        assert!(streams.open.lock().unwrap().is_empty());
    }

    #[test]
    fn a_reason_is_cut_between_letters() {
        let end = End::new(FAULT, &"\u{e4}".repeat(100));
        assert_eq!(end.reason.len(), REASON_MAX);
        assert_eq!(End::new(FAULT, &format!("x{}", "\u{e4}".repeat(100))).reason.len(), REASON_MAX - 1);
    }
}
