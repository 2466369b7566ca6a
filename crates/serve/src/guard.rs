//! What stands before a port's service, for each request: a place for its connection, its body, a permit, its time, its panics.

use crate::{
    answer::Answer,
    body::{Body, BodyError},
    peer::{Busy, EventStream, Peer},
    places::{Full, Place},
    port::Port,
    refusal::Refusal,
};
use bytes::Bytes;
use futures::FutureExt as _;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::{Request, Response, StatusCode, body::Incoming, header};
use std::{
    convert::Infallible,
    error::Error,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};
use tower::{Service, ServiceExt as _};

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A connection's place.
pub(crate) struct Seat {
    pub(crate) _place: Place,
    /// Beyond the bound, for open paths and short waits.
    pub(crate) reserved: bool,
}

/// One connection's requests.
pub(crate) struct Guard<S> {
    pub(crate) port: Arc<Port>,
    pub(crate) peer: Peer,
    pub(crate) seat: Mutex<Seat>,
    /// Busy as long as a handler has the connection's stream.
    pub(crate) upgraded: Mutex<Option<Busy>>,
    pub(crate) service: S,
}

impl<S, B> Guard<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
        let busy = self.peer.begin();
        let open = self.port.limits.open_paths.contains(&request.uri().path());
        let served = self.serve(request, open).await.and_then(|response| self.kept(response, open));
        let mut response = served.unwrap_or_else(|refusal| {
            let mut response = (self.port.refuse)(refusal);
            // What is left of its body is not read.
            response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
            response.map(Answer::free)
        });
        if response.extensions().get::<EventStream>().is_some() {
            self.peer.streams();
        }
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            self.peer.upgrades();
            *self.upgraded.lock().unwrap_or_else(PoisonError::into_inner) = Some(busy);
            return Ok(response);
        }
        response.body_mut().busy = Some(busy);
        if self.is_reserved() {
            response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
        }
        Ok(response)
    }

    async fn serve(&self, request: Request<Incoming>, open: bool) -> Result<Response<B>, Refusal> {
        let (port, meters) = (&self.port, &self.port.meters);
        let mut request = request.map(|incoming| Body::new(incoming, self.peer.clone(), meters.clone()));
        request.extensions_mut().insert(self.peer.clone());
        if open {
            return self.call(request).await;
        }
        self.take_seat().await?;
        // Until the answer begins, since until then the service may still hold what was read.
        let _held = self.read_ahead(request.body_mut()).await?;
        let Ok(_permit) = port.requests.try_acquire() else {
            meters.refused("requests");
            return Err(Refusal::Busy);
        };
        match port.limits.answer_time {
            None => self.call(request).await,
            Some(limit) => tokio::time::timeout(limit, self.call(request)).await.unwrap_or_else(|_| {
                meters.timed_out("answer");
                tracing::warn!(port = port.name, ?limit, "an answer took too long");
                Err(Refusal::Late)
            }),
        }
    }

    /// The answer with what it takes from the port's budget.
    fn kept(&self, response: Response<B>, open: bool) -> Result<Response<Answer>, Refusal> {
        if open {
            return Ok(response.map(Answer::free));
        }
        let (parts, body) = response.into_parts();
        let answer = Answer::within(body, &self.port, &self.peer).map_err(|Full| {
            self.port.meters.refused("answers");
            Refusal::Unread
        })?;
        Ok(Response::from_parts(parts, answer))
    }

    async fn call(&self, request: Request<Body>) -> Result<Response<B>, Refusal> {
        match AssertUnwindSafe(self.service.clone().oneshot(request)).catch_unwind().await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => {
                tracing::error!(port = self.port.name, error = %error.into(), "a request failed");
                Err(Refusal::Bug)
            }
            Err(_) => {
                tracing::error!(port = self.port.name, "a request ended in a panic");
                Err(Refusal::Bug)
            }
        }
    }

    fn is_reserved(&self) -> bool {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner).reserved
    }

    /// Whether a handler has the connection's stream.
    pub(crate) fn is_upgraded(&self) -> bool {
        self.upgraded.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// A new place for a connection that lost its own before anybody looked at what had come from it. False when its end stands.
    pub(crate) fn regain_seat(&self) -> bool {
        if !self.peer.revive() {
            return false;
        }
        match self.port.seat(&self.peer) {
            Ok(seat) => {
                *self.seat.lock().unwrap_or_else(PoisonError::into_inner) = seat;
                true
            }
            Err(why) => {
                self.port.meters.refused(why);
                false
            }
        }
    }

    /// A connection beyond the bound waits a little for one within it.
    async fn take_seat(&self) -> Result<(), Refusal> {
        if !self.is_reserved() {
            return Ok(());
        }
        let Ok(place) = self.port.wait_for_place(&self.peer).await else {
            self.port.meters.refused("connections");
            return Err(Refusal::Busy);
        };
        *self.seat.lock().unwrap_or_else(PoisonError::into_inner) = Seat { _place: place, reserved: false };
        Ok(())
    }

    /// Reads a body into memory, up to the port's bound; what is beyond it is left for the service, which refuses so much.
    async fn read_ahead(&self, body: &mut Body) -> Result<Option<Place>, Refusal> {
        let (port, max) = (&self.port, self.port.limits.body_ahead_bytes);
        if max == 0 || body.is_end_stream() || body.size_hint().lower() > max as u64 {
            return Ok(None);
        }
        let full = |Full| {
            port.meters.refused("requests");
            Refusal::Busy
        };
        let (held, _) = port.bodies.enter_within(port.limits.bodies_bytes, Some(&self.peer), 0).map_err(full)?;
        let (mut frames, mut bytes) = (Vec::new(), 0);
        while bytes <= max {
            let Some(frame) = body.frame().await else { break };
            let frame = frame.map_err(|error: BodyError| error.refusal())?;
            let more = frame.data_ref().map_or(0, Bytes::len);
            port.meters.evicted(held.grow(more).map_err(full)?);
            bytes += more;
            frames.push(frame);
        }
        body.put_back(frames);
        Ok(Some(held))
    }
}
