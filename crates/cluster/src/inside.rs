//! HTTP to a port inside of a sandbox: a connection for each request, since what is there may end at any time.

use crate::space::Space;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, Response, StatusCode, body::Incoming, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use std::{io, net::SocketAddrV4, time::Duration};
use tokio::time::timeout;

/// Most bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Most bytes of a document.
const DOCUMENT_BYTES_MAX: usize = 4 << 20;
/// How long a document may take.
const DOCUMENT_TIME_MAX: Duration = Duration::from_secs(10);

/// Sends a request; the answer comes as it is written, and may be a switch of protocols. Broken off when the request's future, or the answer's
/// body, is dropped.
pub(crate) async fn send<B>(space: &Space, to: SocketAddrV4, request: Request<B>) -> io::Result<Response<Incoming>>
where
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let stream = space.connect(to).await?;
    let made = http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = made.map_err(io::Error::other)?;
    // It ends with the answer's body, or with the stream of the protocol that was switched to.
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a connection into a sandbox broke off");
        }
    });
    sender.send_request(request).await.map_err(io::Error::other)
}

/// A document by GET, with a bearer token.
pub(crate) async fn document(space: &Space, at: SocketAddrV4, path: &str, token: &str) -> io::Result<Bytes> {
    let request = Request::get(path)
        .header(header::HOST, at.to_string())
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let read = async {
        let answer = send(space, at, request).await?;
        if answer.status() != StatusCode::OK {
            return Err(io::Error::other(format!("{path} is answered with {}", answer.status())));
        }
        let body = Limited::new(answer.into_body(), DOCUMENT_BYTES_MAX).collect().await;
        Ok(body.map_err(io::Error::other)?.to_bytes())
    };
    let late =
        |_| io::Error::new(io::ErrorKind::TimedOut, format!("{path} is not answered in {} s", DOCUMENT_TIME_MAX.as_secs()));
    timeout(DOCUMENT_TIME_MAX, read).await.map_err(late)?
}
