//! Connections that speak another protocol after their first answer: they keep their place, and end when they do or are ended.

use axum::{Router, extract::Request, http::StatusCode, response::Response, routing::get};
use depin_serve::{Limits, Port, json, serve};
use hyper_util::rt::TokioIo;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy, split},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// Longest that anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    /// Told when the handler of the first upgraded stream has ended.
    ended: oneshot::Receiver<()>,
}

/// Says back what it hears, or says and says what nobody may hear.
async fn speak(request: Request, floods: bool, ended: Arc<std::sync::Mutex<Option<oneshot::Sender<()>>>>) -> Response {
    tokio::spawn(async move {
        let stream = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
        let (mut reads, mut writes) = split(stream);
        if floods {
            while writes.write_all(&[7; 64 << 10]).await.is_ok() {}
        } else {
            let _ = copy(&mut reads, &mut writes).await;
        }
        let told = ended.lock().unwrap().take();
        told.map(|told| told.send(()));
    });
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert("connection", "upgrade".parse().unwrap());
    response.headers_mut().insert("upgrade", "echo".parse().unwrap());
    response
}

async fn start(limits: Limits) -> Server {
    let (told, ended) = oneshot::channel();
    let told = Arc::new(std::sync::Mutex::new(Some(told)));
    let other = Arc::clone(&told);
    let router = Router::new()
        .route("/echo", get(move |request| speak(request, false, Arc::clone(&told))))
        .route("/flood", get(move |request| speak(request, true, Arc::clone(&other))))
        .route("/word", get(|| async { "word" }));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let port = Port::new("test", limits, json);
    let serving = tokio::spawn(serve(socket, router, port, async move { stopped.await.unwrap_or_default() }));
    Server { address, stop, serving, ended }
}

async fn upgraded(server: &Server, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    stream
}

async fn says_back(stream: &mut TcpStream, word: &[u8]) -> bool {
    let mut back = vec![0; word.len()];
    stream.write_all(word).await.is_ok()
        && matches!(timeout(PATIENCE, stream.read_exact(&mut back)).await, Ok(Ok(_)))
        && back == word
}

async fn answers(server: &Server) -> bool {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /word HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    let _ = timeout(PATIENCE, stream.read_to_string(&mut text)).await;
    text.starts_with("HTTP/1.1 200")
}

#[tokio::test]
async fn it_outlives_all_times_of_requests_keeps_its_place_and_gives_it_back_with_its_end() {
    let limits = Limits {
        connections: 1,
        reserved: 1,
        place_time: Duration::from_millis(50),
        idle_time: Duration::from_millis(100),
        ..Limits::default()
    };
    let server = start(limits).await;
    let mut stream = upgraded(&server, "/echo").await;
    assert!(says_back(&mut stream, b"one").await);
    sleep(Duration::from_millis(1_500)).await;
    assert!(says_back(&mut stream, b"two").await, "it is not idle, whatever it says");
    assert!(!answers(&server).await, "the only place is taken");
    drop(stream);
    timeout(PATIENCE, server.ended).await.unwrap().unwrap();
    let server = Server { ended: oneshot::channel().1, ..server };
    timeout(PATIENCE, async {
        while !answers(&server).await {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_stop_ends_it_and_wakes_whoever_waits_on_it() {
    let server = start(Limits::default()).await;
    let mut stream = upgraded(&server, "/echo").await;
    assert!(says_back(&mut stream, b"one").await);
    let Server { stop, serving, ended, .. } = server;
    stop.send(()).unwrap();
    timeout(PATIENCE, serving).await.unwrap().unwrap();
    timeout(PATIENCE, ended).await.unwrap().unwrap();
    assert!(!says_back(&mut stream, b"two").await);
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_ended() {
    let server = start(Limits { stream_lag: Duration::from_millis(300), ..Limits::default() }).await;
    let _stream = upgraded(&server, "/flood").await;
    timeout(PATIENCE, server.ended).await.unwrap().unwrap();
}
