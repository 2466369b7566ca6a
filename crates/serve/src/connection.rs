//! One connection, from its acceptance to its end.

use crate::{
    body::Body,
    guard::{BoxError, Guard, Seat},
    io::{Stream, Watched},
    peer::Peer,
    port::Port,
    tls::Tls,
};
use bytes::Bytes;
use hyper::{Request, Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    pin::pin,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpStream, sync::watch};
use tower::Service;

/// Bytes that the system keeps for a reader beyond what is on its way: without this bound it would be megabytes for each.
const UNSENT_BYTES: u32 = 256 << 10;

/// Serves a connection until it ends, has to make room, is overdue, or the port stops and its request under way is answered.
pub(crate) async fn run<S, B>(
    stream: TcpStream,
    tls: Option<Tls>,
    peer: Peer,
    seat: Seat,
    service: S,
    port: Arc<Port>,
    mut stopping: watch::Receiver<bool>,
) where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    // Refused only for a socket that is gone, which is seen at the first read.
    let _ = stream.set_nodelay(true);
    let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
    let (stream, mut gone) = Watched::with_end(stream, peer.clone());
    let Some(stream) = open(stream, tls, &peer, &port, &mut stopping).await else { return };
    let io = TokioIo::new(stream);
    let mut builder = http1::Builder::new();
    // Heads are timed with everything else.
    builder.header_read_timeout(None).max_header_size(port.limits.head_bytes).max_buf_size(port.limits.buffer_bytes);
    let guard = Arc::new(Guard { port, peer: peer.clone(), seat: Mutex::new(seat), upgraded: Mutex::new(None), service });
    let answering = Arc::clone(&guard);
    let serving = builder.serve_connection(io, service_fn(move |request| Arc::clone(&answering).answer(request)));
    let mut serving = pin!(serving.with_upgrades());
    let mut told = false;
    loop {
        tokio::select! {
            // Its bytes first: on a busy machine they may be there for long before they are looked at.
            biased;
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, address = %peer.address(), "a connection ended badly");
                }
                break;
            }
            () = peer.ended() => if !guard.regain_seat() { return },
            // A vanished sender means the same.
            _ = stopping.wait_for(|stop| *stop), if !told => {
                told = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
    if guard.is_upgraded() {
        // Its handler has the stream; the connection keeps its place until that is gone.
        tokio::select! {
            _ = &mut gone => {}
            () = peer.ended() => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
        peer.cut().cut();
    }
}

/// The stream on which HTTP is spoken: after the handshake, where there is one. None for a connection that ended meanwhile.
async fn open(
    stream: Watched<TcpStream>,
    tls: Option<Tls>,
    peer: &Peer,
    port: &Port,
    stopping: &mut watch::Receiver<bool>,
) -> Option<Stream> {
    let Some(tls) = tls else { return Some(Stream::Plain(stream)) };
    if !port.handshakes.admit(peer, &port.limits) {
        port.meters.refused("handshakes");
        tracing::debug!(port = port.name, address = %peer.address(), "a connection was refused: too many handshakes");
        return None;
    }
    tokio::select! {
        biased;
        shaken = tls.accept(stream) => match shaken {
            Ok(stream) => Some(Stream::Tls(Box::new(stream))),
            Err(error) => {
                port.meters.refused("handshake");
                tracing::debug!(%error, address = %peer.address(), "a handshake failed");
                None
            }
        },
        () = peer.ended() => None,
        _ = stopping.wait_for(|stop| *stop) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, json};
    use std::{fs, os::unix::fs::PermissionsExt as _};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    fn certificate(folder: &std::path::Path) -> Tls {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        Tls::read(certificate, key).unwrap()
    }

    #[tokio::test]
    async fn a_handshake_too_many_costs_an_address_its_connection_and_this_side_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let tls = certificate(folder.path());
        let limits = Limits { handshakes_per_second: 1, handshakes_at_once: 1, ..Limits::default() };
        let port = Port::new("test", limits, json);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut answers = Vec::new();
        for from in ["203.0.113.5:1", "203.0.113.5:2", "203.0.113.6:1"] {
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            let peer = Peer::new(from.parse().unwrap(), Arc::clone(&port.limits));
            let (_stop, mut stopping) = watch::channel(false);
            let (stream, own) = (Watched::new(stream, peer.clone()), Some(tls.clone()));
            // No handshake, so whoever listens says so.
            let hello = async {
                client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
                let mut text = Vec::new();
                let _ = client.read_to_end(&mut text).await;
                text.len()
            };
            let (opened, answer) = tokio::join!(open(stream, own, &peer, &port, &mut stopping), hello);
            assert!(opened.is_none());
            answers.push(answer);
        }
        assert!(answers[0] > 0 && answers[1] == 0 && answers[2] > 0, "{answers:?}");
        let mut registry = prometheus_client::registry::Registry::default();
        port.meters.register(&mut registry);
        let mut page = String::new();
        prometheus_client::encoding::text::encode(&mut page, &registry).unwrap();
        assert!(page.contains("http_refused_total{port=\"test\",what=\"handshakes\"} 1"), "{page}");
    }
}
