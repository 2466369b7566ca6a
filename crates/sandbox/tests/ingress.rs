//! The reverse proxy against small services on loopback: host names, ownership, bodies, websockets, services that are away.

use depin_sandbox::{Ingress, IngressError, Route};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A service that answers every request with its name and the request's head; after an upgrade it echoes.
async fn service(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let head = read_head(&mut stream).await;
                if head.to_lowercase().contains("upgrade: websocket") {
                    stream
                        .write_all(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
                        .await
                        .unwrap();
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                    return;
                }
                let body = format!("{name}\n{head}");
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\nx-secret-hop: 1\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    address
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.unwrap();
        head.push(byte);
    }
    String::from_utf8(head).unwrap()
}

struct World {
    ingress: Arc<Ingress>,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let ingress = Arc::new(Ingress::open(folder.path().join("owners.json")).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(ingress.clone().serve(listener));
    World { ingress, address, folder }
}

impl World {
    async fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn get(&self, host: &str, more: &str) -> String {
        self.ask(&format!("GET /a?b=c HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{more}\r\n")).await
    }
}

#[tokio::test]
async fn requests_go_to_the_service_of_their_host_name_with_honest_heads() {
    let world = world().await;
    world.ingress.lead("one.example", "alice", Route::new(vec![service("one").await])).unwrap();
    world.ingress.lead("TWO.example", "bob", Route::new(vec![service("two").await])).unwrap();
    let answer =
        world.get("one.example:8080", "x-forwarded-for: 1.2.3.4\r\nforwarded: for=1.2.3.4\r\nproxy-authorization: x\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\r\n\r\none\nGET /a?b=c HTTP/1.1"), "{answer}");
    assert!(answer.contains("host: one.example\r\n") && answer.contains("x-forwarded-for: 127.0.0.1\r\n"), "{answer}");
    assert!(
        answer.contains("x-forwarded-proto: http") && !answer.contains("1.2.3.4") && !answer.contains("proxy-authorization"),
        "{answer}"
    );
    assert!(world.get("two.EXAMPLE.", "").await.contains("\r\n\r\ntwo\n"));
    assert!(world.get("three.example", "").await.starts_with("HTTP/1.1 404"));
    assert!(world.ask("GET / HTTP/1.1\r\nconnection: close\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    assert!(world.get("one.example", "host: two.example\r\n").await.starts_with("HTTP/1.1 400"), "two hosts are none");
}

#[tokio::test]
async fn a_host_name_is_its_first_users_also_after_a_restart_until_given_back() {
    let world = world().await;
    let route = || Route::new(vec![]);
    world.ingress.lead("shop.example", "alice", route()).unwrap();
    assert!(matches!(world.ingress.lead("Shop.Example.", "bob", route()), Err(IngressError::Taken { .. })));
    world.ingress.stop("shop.example");
    world.ingress.give_back("shop.example", "bob").unwrap();
    let file = world.folder.path().join("owners.json");
    let again = Ingress::open(&file).unwrap();
    assert_eq!(again.owner("shop.example").as_deref(), Some("alice"));
    assert!(again.lead("shop.example", "bob", route()).is_err());
    again.give_back("shop.example", "alice").unwrap();
    again.lead("shop.example", "bob", route()).unwrap();
    std::fs::write(&file, "{").unwrap();
    assert!(matches!(Ingress::open(&file), Err(IngressError::File { .. })), "nobody's names are given away");
    for bad in ["", "a b", "-a.example", "a..b", "a/b", "ä.example", &"x.".repeat(200)] {
        assert!(matches!(again.lead(bad, "bob", route()), Err(IngressError::NotAHost { .. })), "{bad}");
    }
}

#[tokio::test]
async fn a_service_that_is_away_slow_or_small_is_told() {
    let world = world().await;
    world.ingress.lead("none.example", "a", Route::new(vec![])).unwrap();
    assert!(world.get("none.example", "").await.starts_with("HTTP/1.1 503"));
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    world.ingress.lead("closed.example", "a", Route::new(vec![closed])).unwrap();
    assert!(world.get("closed.example", "").await.starts_with("HTTP/1.1 502"));
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let route = Route { answer_time_max: Duration::from_millis(200), ..Route::new(vec![silent.local_addr().unwrap()]) };
    world.ingress.lead("silent.example", "a", route).unwrap();
    assert!(world.get("silent.example", "").await.starts_with("HTTP/1.1 504"));
    let small = Route { body_bytes_max: 4, ..Route::new(vec![silent.local_addr().unwrap()]) };
    world.ingress.lead("small.example", "a", small).unwrap();
    let post = |more: &str| format!("POST / HTTP/1.1\r\nhost: small.example\r\nconnection: close\r\n{more}");
    assert!(world.ask(&post("content-length: 5\r\n\r\n12345")).await.starts_with("HTTP/1.1 413"));
    assert!(world.ask(&post("transfer-encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n")).await.starts_with("HTTP/1.1 413"));
    assert!(
        world
            .ask("CONNECT small.example:443 HTTP/1.1\r\nhost: small.example\r\nconnection: close\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 405")
    );
}

#[tokio::test]
async fn websockets_pass_both_ways() {
    let world = world().await;
    world.ingress.lead("ws.example", "a", Route::new(vec![service("ws").await])).unwrap();
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream
        .write_all(b"GET /chat HTTP/1.1\r\nhost: ws.example\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n")
        .await
        .unwrap();
    let head = read_head(&mut stream).await.to_lowercase();
    assert!(head.starts_with("http/1.1 101") && head.contains("upgrade: websocket"), "{head}");
    for text in ["hello", "again"] {
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut echo = vec![0; text.len()];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(echo, text.as_bytes());
    }
}

#[tokio::test]
async fn replicas_are_asked_in_turn() {
    let world = world().await;
    world.ingress.lead("many.example", "a", Route::new(vec![service("r0").await, service("r1").await])).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let answer = world.get("many.example", "").await;
        seen.insert(answer.split("\r\n\r\n").nth(1).unwrap()[..2].to_owned());
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
}
