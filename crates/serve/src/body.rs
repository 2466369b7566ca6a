//! A request's body: what was read ahead of its service, then what comes, as long as it comes fast enough.

use crate::{meters::Meters, peer::Peer, refusal::Refusal};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::{Sleep, sleep_until};

/// Why a body ended before its end.
#[derive(Debug)]
pub enum BodyError {
    /// It came slower than the least rate.
    Slow,
    /// No byte came for too long.
    Silent,
    /// The connection failed, or what came is no body.
    Broken(hyper::Error),
}

impl BodyError {
    /// The refusal that says the same.
    pub const fn refusal(&self) -> Refusal {
        match self {
            Self::Slow => Refusal::Slow,
            Self::Silent => Refusal::Silent,
            Self::Broken(_) => Refusal::Broken,
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(error) => error.fmt(f),
            Self::Slow | Self::Silent => f.write_str(self.refusal().message()),
        }
    }
}

impl std::error::Error for BodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Broken(error) => Some(error),
            Self::Slow | Self::Silent => None,
        }
    }
}

/// A request's body.
pub struct Body {
    ahead: VecDeque<Frame<Bytes>>,
    rest: Option<Rest>,
}

/// What has not come yet.
struct Rest {
    incoming: Incoming,
    peer: Peer,
    meters: Meters,
    patience: Option<Pin<Box<Sleep>>>,
    failed: bool,
}

impl Body {
    pub(crate) const fn new(incoming: Incoming, peer: Peer, meters: Meters) -> Self {
        Self { ahead: VecDeque::new(), rest: Some(Rest { incoming, peer, meters, patience: None, failed: false }) }
    }

    /// Puts a frame that was read before all that comes.
    pub(crate) fn put_back(&mut self, frames: impl IntoIterator<Item = Frame<Bytes>>) {
        self.ahead.extend(frames);
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("ahead", &self.ahead.len()).finish_non_exhaustive()
    }
}

impl Rest {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.failed {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            let bytes = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref().map(Bytes::len));
            self.peer.received(bytes.unwrap_or_default());
            self.patience = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Broken)));
        }
        let until = self.peer.awaits_body();
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if patience.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.failed = true;
        let error = if self.peer.was_silent() { BodyError::Silent } else { BodyError::Slow };
        match error {
            BodyError::Silent => self.meters.timed_out("body"),
            BodyError::Slow | BodyError::Broken(_) => self.meters.too_slow("body"),
        }
        self.peer.received(0);
        Poll::Ready(Some(Err(error)))
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        self.peer.received(0);
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(frame) = self.ahead.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        self.rest.as_mut().map_or(Poll::Ready(None), |rest| rest.poll(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.rest.as_ref().is_none_or(|rest| rest.failed || rest.incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let ahead: u64 = self.ahead.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum();
        let rest = self.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), |rest| rest.incoming.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(ahead));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(ahead));
        }
        hint
    }
}
