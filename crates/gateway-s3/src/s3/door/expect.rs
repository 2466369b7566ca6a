//! Requests that ask before they send their body, with `Expect: 100-continue`.
//!
//! `100 Continue` goes out when the body is first read. An answer that comes without it ends the connection: the client may or may not
//! send the body then, so that nobody can tell where the next request begins, and some clients (botocore) mistake the next answer on
//! such a connection.

use hyper::{
    Request, Response, Version,
    body::{Body as HttpBody, Bytes, Frame, SizeHint},
    header::{self, HeaderValue},
};
use s3s::{Body, StdError};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

/// A body that tells whether it was read.
struct Watched {
    body: Body,
    read: Arc<AtomicBool>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        self.read.store(true, Ordering::Relaxed);
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        HttpBody::size_hint(&self.body)
    }
}

/// Whether a request that asked has been told to go on; nothing for one that did not ask.
pub(super) struct Asking(Option<Arc<AtomicBool>>);

/// Watches the body of a request that asks.
pub(super) fn watch(request: Request<Body>) -> (Request<Body>, Asking) {
    let expect = request.headers().get(header::EXPECT).map(HeaderValue::as_bytes);
    let asks = request.version() == Version::HTTP_11 && expect.is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"));
    if !asks {
        return (request, Asking(None));
    }
    // An empty body is never gone on with.
    let read = Arc::new(AtomicBool::new(false));
    let asking = Asking(Some(read.clone()));
    if request.body().is_end_stream() {
        return (request, asking);
    }
    (request.map(|body| Body::http_body_unsync(Watched { body, read })), asking)
}

impl Asking {
    /// Ends the connection behind an answer that no `100 Continue` went before.
    pub(super) fn settle(self, response: &mut Response<Body>) {
        if self.0.is_some_and(|read| !read.load(Ordering::Relaxed)) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}
