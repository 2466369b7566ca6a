//! A port over real sockets, with bounds small enough to be met.

use axum::{
    Router,
    body::Body,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use bytes::Bytes;
use depin_serve::{EventStream, Limits, Port, Rate, json, serve};
use futures::stream;
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

/// Longest that anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Server {
    address: SocketAddr,
    port: Arc<Port>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

fn limits() -> Limits {
    Limits {
        connections: 4,
        reserved: 2,
        place_time: Duration::from_millis(100),
        head_time: Duration::from_secs(3_000),
        least: Rate { bytes_per_second: 1 << 10, grace: Duration::from_secs(3_000) },
        crowded: Rate { bytes_per_second: 64 << 10, grace: Duration::from_millis(200) },
        body_idle_time: Duration::from_secs(3_000),
        ..Limits::default()
    }
}

fn endless() -> Body {
    Body::from_stream(stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![7; 64 << 10]))))
}

async fn events() -> Response {
    let mut response = endless().into_response();
    response.extensions_mut().insert(EventStream);
    response
}

async fn panics() -> &'static str {
    panic!("as asked")
}

fn router() -> Router {
    Router::new()
        .route("/health", get(|| async { "well" }))
        .route("/echo", post(|body: String| async move { body }))
        .route("/endless", get(|| async { endless() }))
        .route("/events", get(events))
        .route("/long", get(|| async { vec![7; LONG] }))
        .route("/never", get(std::future::pending::<()>))
        .route("/panic", get(panics))
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let port = Port::new("test", limits, json);
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move { drop(stopped.await) };
        let serving = tokio::spawn(serve(listener, router(), Arc::clone(&port), stopped));
        Self { address, port, stop, serving }
    }

    async fn send(&self, text: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let mut stream = socket.connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// A connection of its own for one request.
    async fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        rest(self.send(&(head + body)).await).await
    }

    /// Waits until so many are open.
    async fn open(&self, count: usize) {
        let begun = Instant::now();
        while self.port.meters().connections() != count {
            assert!(begun.elapsed() < PATIENCE, "{} open, not {count}", self.port.meters().connections());
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// All that comes until the end; a connection that is cut off ends too.
async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("it ends");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// More than the system keeps for a connection that is not read.
const LONG: usize = 16 << 20;
const UNREAD_LONG: &str = "GET /long HTTP/1.1\r\nHost: x\r\n\r\n";
const HALF_HEAD: &str = "GET /health HTTP/1.1\r\nHos";
const HALF_BODY: &str = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf";
const UNREAD: &str = "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n";
const NEVER: &str = "GET /never HTTP/1.1\r\nHost: x\r\n\r\n";
const EVENTS: &str = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn a_panic_is_an_answer_and_the_next_request_another() {
    let server = Server::start(limits()).await;
    let answer = server.ask("GET", "/panic", "").await;
    assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("\"internal\""), "{answer}");
    assert!(server.ask("POST", "/echo", "hello").await.ends_with("hello"));
}

#[tokio::test]
async fn silent_and_half_sent_connections_make_room_for_whoever_comes() {
    let server = Server::start(limits()).await;
    for _ in 0..20 {
        let silent = server.send("").await;
        let half = server.send(HALF_HEAD).await;
        sleep(Duration::from_millis(60)).await;
        assert!(server.ask("GET", "/health", "").await.ends_with("well"));
        assert!(server.port.meters().connections() <= 4 + 2 + 16);
        std::mem::forget((silent, half));
    }
}

#[tokio::test]
async fn slow_bodies_and_unread_answers_make_room_after_a_moment() {
    for slow in [HALF_BODY, UNREAD, EVENTS] {
        let server = Server::start(limits()).await;
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(server.send(slow).await);
        }
        server.open(4).await;
        sleep(Duration::from_millis(500)).await;
        let answer = server.ask("POST", "/echo", "hello").await;
        assert!(answer.ends_with("hello"), "{slow}: {answer}");
    }
}

#[tokio::test]
async fn answers_that_nobody_reads_are_bounded_in_bytes_and_small_ones_never_refused() {
    let limits = Limits { connections: 100, answers_bytes: 2 * LONG, ..limits() };
    let server = Server::start(Limits { crowded: Rate { grace: Duration::from_secs(3), ..limits.crowded }, ..limits }).await;
    let mut unread = Vec::new();
    for _ in 0..2 {
        unread.push(server.send(UNREAD_LONG).await);
    }
    sleep(Duration::from_millis(500)).await;
    let refused = server.ask("GET", "/long", "").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.to_lowercase().contains("retry-after: 5"), "{refused}");
    assert!(server.ask("GET", "/health", "").await.ends_with("well"));
    assert!(server.ask("POST", "/echo", &"x".repeat(64 << 10)).await.starts_with("HTTP/1.1 200"));
    sleep(Duration::from_secs(3)).await;
    let taken = server.ask("GET", "/long", "").await;
    assert!(
        taken.starts_with("HTTP/1.1 200") && taken.len() > LONG,
        "whoever reads takes the place of who does not: {}",
        taken.len()
    );
    server.open(1).await;
}

#[tokio::test]
async fn when_all_are_worked_for_only_health_is_answered() {
    let server = Server::start(limits()).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(server.send(NEVER).await);
    }
    server.open(4).await;
    sleep(Duration::from_millis(100)).await;
    assert!(server.ask("GET", "/health", "").await.ends_with("well"));
    let answer = server.ask("POST", "/echo", "hello").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"busy\""), "{answer}");
    assert_eq!(server.port.meters().connections(), 4, "nobody who is worked for was cut off");
}

#[tokio::test]
async fn a_permit_is_taken_when_the_body_is_there() {
    let limits = Limits { connections: 50, requests: 1, body_ahead_bytes: 1 << 10, ..limits() };
    let server = Server::start(limits).await;
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(server.send(HALF_BODY).await);
    }
    server.open(10).await;
    assert!(server.ask("POST", "/echo", "hello").await.ends_with("hello"));
    let long = "x".repeat(5_000);
    assert!(server.ask("POST", "/echo", &long).await.ends_with(&long), "more than is read ahead comes behind it");
    // The permit itself is a bound.
    held.push(server.send(NEVER).await);
    server.open(11).await;
    sleep(Duration::from_millis(100)).await;
    assert!(server.ask("POST", "/echo", "hello").await.starts_with("HTTP/1.1 503"));
    assert!(server.ask("GET", "/health", "").await.ends_with("well"), "health needs no permit");
}

#[tokio::test]
async fn waiting_bodies_are_bounded_in_bytes_and_the_slow_ones_make_room() {
    let limits = Limits { connections: 50, bodies_bytes: 10, body_ahead_bytes: 1 << 10, ..limits() };
    let server = Server::start(limits).await;
    let held = (server.send(HALF_BODY).await, server.send(HALF_BODY).await);
    server.open(2).await;
    sleep(Duration::from_millis(500)).await;
    assert!(server.ask("POST", "/echo", "hello").await.ends_with("hello"));
    server.open(1).await;
    drop(held);
}

#[tokio::test]
async fn a_body_below_the_least_rate_is_refused_whether_it_is_read_ahead_or_not() {
    for body_ahead_bytes in [0, 1 << 10] {
        let least = Rate { bytes_per_second: 1 << 10, grace: Duration::from_millis(300) };
        let server = Server::start(Limits { least, body_ahead_bytes, ..limits() }).await;
        let mut stream = server.send(HALF_BODY).await;
        let mut sent = 0;
        // A byte now and then does not help.
        while sent < 90 && stream.write_all(b"x").await.is_ok() && server.port.meters().connections() > 0 {
            sent += 1;
            sleep(Duration::from_millis(50)).await;
        }
        assert!(sent < 80, "it was listened to for long");
        let answer = rest(stream).await;
        // What it sends after the answer may lose it the answer.
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let silent = Limits { body_idle_time: Duration::from_millis(200), body_ahead_bytes: 1 << 10, ..limits() };
    let server = Server::start(silent).await;
    let answer = rest(server.send(HALF_BODY).await).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"too-slow\""), "{answer}");
}

#[tokio::test]
async fn readers_below_the_least_rate_are_cut_off_and_those_of_events_when_they_lag() {
    let grace = Duration::from_millis(300);
    let least = Rate { bytes_per_second: 1 << 20, grace };
    let server = Server::start(Limits { least, stream_lag: Duration::from_secs(3_000), ..limits() }).await;
    let held = (server.send(UNREAD).await, server.send(EVENTS).await);
    server.open(2).await;
    server.open(1).await;
    drop((held, server));
    let server = Server::start(Limits { stream_lag: grace, ..limits() }).await;
    let held = (server.send(UNREAD).await, server.send(EVENTS).await);
    server.open(2).await;
    server.open(1).await;
    drop(held);
}

#[tokio::test]
async fn a_head_that_does_not_come_or_is_too_long_ends_the_connection() {
    let server = Server::start(Limits { head_time: Duration::from_millis(200), ..limits() }).await;
    assert_eq!(rest(server.send(HALF_HEAD).await).await, "");
    assert_eq!(rest(server.send("").await).await, "");
    let long = format!("GET /health HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(100 << 10));
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let _ = stream.write_all(long.as_bytes()).await;
    let answer = rest(stream).await;
    // What it sends after the answer may lose it the answer.
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn stopping_lets_requests_end_and_ends_within_its_bound() {
    let server = Server::start(Limits { stop_time: Duration::from_millis(300), ..limits() }).await;
    let (idle, never) = (server.send("").await, server.send(NEVER).await);
    let half = server.send(HALF_BODY).await;
    server.open(3).await;
    server.stop.send(()).unwrap();
    timeout(PATIENCE, server.serving).await.unwrap().unwrap();
    for stream in [idle, never, half] {
        assert_eq!(rest(stream).await, "");
    }
    assert!(TcpStream::connect(server.address).await.is_err());
}

/// On a busy machine a request may be there for long before anybody looks at it: it must not count as silence then.
#[tokio::test]
async fn a_request_that_nobody_had_time_to_read_is_answered_when_its_place_is_gone() {
    let server = Server::start(Limits { reserved: 8, ..limits() }).await;
    for _ in 0..5 {
        let mut honest = Vec::new();
        for _ in 0..4 {
            honest.push(server.send("").await);
        }
        server.open(4).await;
        sleep(Duration::from_millis(10)).await;
        // Nothing else runs on this thread meanwhile: the others come first, and find all places taken by who seems silent.
        let others: Vec<_> = (0..4).map(|_| std::net::TcpStream::connect(server.address).unwrap()).collect();
        for stream in &honest {
            let head = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            assert_eq!(stream.try_write(head).unwrap(), head.len());
        }
        std::thread::sleep(Duration::from_millis(100));
        for stream in honest {
            let answer = rest(stream).await;
            assert!(answer.ends_with("well"), "{answer:?}");
        }
        drop(others);
        server.open(0).await;
    }
}
