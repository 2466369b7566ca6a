//! A port in TLS over real sockets: what clients get, and what happens to those who keep it waiting.

use axum::{Router, body::Body, routing::get};
use bytes::Bytes;
use depin_serve::{Limits, Listener, Port, Rate, Tls, json, serve};
use futures::stream;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use std::{convert::Infallible, fs, net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Longest that anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Server {
    address: SocketAddr,
    port: Arc<Port>,
    folder: tempfile::TempDir,
}

fn limits() -> Limits {
    Limits {
        connections: 4,
        reserved: 2,
        head_time: Duration::from_millis(1_500),
        least: Rate { bytes_per_second: 1 << 20, grace: Duration::from_secs(1) },
        ..Limits::default()
    }
}

/// Writes a certificate for `localhost` and its key.
fn certify(folder: &Path) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let write = |name: &str, text: String| {
        let draft = folder.join("draft");
        fs::write(&draft, text).unwrap();
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(&draft, folder.join(name)).unwrap();
    };
    write("cert.pem", made.cert.pem());
    write("key.pem", made.signing_key.serialize_pem());
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        certify(folder.path());
        let tls = Tls::read(folder.path().join("cert.pem"), folder.path().join("key.pem")).unwrap();
        let listener = Listener::bind("127.0.0.1:0", Some(tls)).await.unwrap();
        assert!(listener.url().unwrap().starts_with("https://127.0.0.1:"));
        let address = listener.local_addr().unwrap();
        let endless = || async { Body::from_stream(stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![7; 64 << 10])))) };
        let router = Router::new()
            .route("/health", get(|| async { "well" }))
            .route("/endless", get(endless))
            .route("/never", get(std::future::pending::<()>));
        let port = Port::new("test", limits, json);
        tokio::spawn(serve(listener, router, Arc::clone(&port), std::future::pending()));
        Self { address, port, folder }
    }

    fn connector(&self, alpn: &[&str]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        let text = fs::read(self.folder.path().join("cert.pem")).unwrap();
        roots.add(CertificateDer::from_pem_slice(&text).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }

    async fn tcp(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        self.connector(&["http/1.1"]).connect(ServerName::try_from("localhost").unwrap(), self.tcp().await).await
    }

    async fn ask(&self, path: &str) -> String {
        let mut stream = self.connect().await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut text = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut text)).await.unwrap().expect("it ends with a goodbye");
        text
    }

    fn counted(&self, line: &str) -> bool {
        let mut registry = prometheus_client::registry::Registry::default();
        self.port.meters().register(&mut registry);
        let mut page = String::new();
        prometheus_client::encoding::text::encode(&mut page, &registry).unwrap();
        page.contains(line)
    }

    async fn open(&self, count: usize) {
        let begun = Instant::now();
        while self.port.meters().connections() != count {
            assert!(begun.elapsed() < PATIENCE, "{} open, not {count}", self.port.meters().connections());
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// How long the other side leaves a connection open that is silent from here on.
async fn left_open(mut stream: TcpStream) -> Duration {
    let begun = Instant::now();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.expect("it is ended");
    begun.elapsed()
}

#[tokio::test]
async fn requests_are_answered_and_only_http_1_is_agreed_on() {
    let server = Server::start(Limits::default()).await;
    let answer = server.ask("/health").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("well"), "{answer}");
    let name = || ServerName::try_from("localhost").unwrap();
    let both = server.connector(&["h2", "http/1.1"]).connect(name(), server.tcp().await).await.unwrap();
    assert_eq!(both.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    let error = server.connector(&["h2"]).connect(name(), server.tcp().await).await.unwrap_err();
    assert!(error.to_string().to_lowercase().contains("noapplicationprotocol"), "{error}");
}

#[tokio::test]
async fn plain_http_is_told_that_the_port_speaks_tls() {
    let server = Server::start(Limits::default()).await;
    let mut stream = server.tcp().await;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400") && head.contains(&format!("Content-Length: {}", body.len())), "{answer}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert!(body["error"]["code"] == "tls" && body["error"]["hint"].as_str().unwrap().contains("https://"), "{body}");
    assert!(server.counted("http_refused_total{port=\"test\",what=\"handshake\"} 1"));
}

#[tokio::test]
async fn a_handshake_that_does_not_come_on_is_ended_with_the_time_of_a_head() {
    let server = Server::start(limits()).await;
    let silent = server.tcp().await;
    // The beginning of a ClientHello that announces 512 bytes.
    let mut half = server.tcp().await;
    half.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 0xfc]).await.unwrap();
    let mut dripping = server.tcp().await;
    let drip = tokio::spawn(async move {
        let begun = Instant::now();
        for byte in [22, 3, 1, 2, 0].into_iter().chain(std::iter::repeat(1)) {
            sleep(Duration::from_millis(100)).await;
            if dripping.write_all(&[byte]).await.is_err() || begun.elapsed() > PATIENCE {
                break;
            }
        }
        begun.elapsed()
    });
    let (silent, half, dripping) = tokio::join!(left_open(silent), left_open(half), drip);
    for (who, open) in [("silent", silent), ("half", half), ("dripping", dripping.unwrap())] {
        assert!(open > Duration::from_secs(1) && open < Duration::from_secs(20), "{who}: {open:?}");
    }
    assert!(server.counted("http_timed_out_total{port=\"test\",what=\"head\"} 3"));
    server.open(0).await;
}

#[tokio::test]
async fn connections_without_a_handshake_count_and_make_room() {
    let server = Server::start(Limits { head_time: PATIENCE * 10, ..limits() }).await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(server.tcp().await);
    }
    server.open(4).await;
    sleep(Duration::from_millis(200)).await;
    let answer = server.ask("/health").await;
    assert!(answer.ends_with("well"), "{answer}");
    assert!(server.counted("http_evicted_total{port=\"test\"} 1"));
}

#[tokio::test]
async fn a_reader_below_the_least_rate_is_ended_in_tls_too() {
    let server = Server::start(limits()).await;
    let mut stream = server.connect().await.unwrap();
    stream.write_all(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let begun = Instant::now();
    while !server.counted("http_too_slow_total{port=\"test\",what=\"reader\"} 1") {
        assert!(begun.elapsed() < PATIENCE, "it is still served");
        sleep(Duration::from_millis(50)).await;
    }
    server.open(0).await;
    drop(stream);
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart() {
    let server = Server::start(Limits::default()).await;
    let before = server.connect().await.unwrap();
    certify(server.folder.path());
    // The client trusts the new one from here on, and the old one no more.
    let begun = Instant::now();
    while server.connect().await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "the old one is still shown");
        sleep(Duration::from_millis(500)).await;
    }
    drop(before);
}
