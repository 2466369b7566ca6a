//! The proxy before a dashboard that these tests make: in the network of this process, which stands for a sandbox's. Entering it takes root even so;
//! without, the tests say that they tested nothing.

use super::*;
use crate::{
    plan::{Member, NodeId, NodeLimits, Plan, Program, Work},
    ports::Ports,
    secret::Secret,
    space::Space,
    tunnel::{Local, Running},
};
use axum::{
    body::Body,
    extract::WebSocketUpgrade,
    http::{HeaderMap, Uri},
    response::IntoResponse as _,
};
use depin_client::{
    SigningKey,
    cluster::{Claims, mint},
    lease::{self, Leases},
};
use depin_quantity::UnitId;
use depin_serve::{Port, json, serve};
use futures::{SinkExt as _, StreamExt as _};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};

const NOW: u64 = 1_800_000_000;
const HIRE: UnitId = hire(12);

const fn hire(number: u8) -> UnitId {
    UnitId::new([number; 32])
}

/// A path below the cluster of a hire.
fn below(number: u8, rest: &str) -> String {
    format!("/cluster/{}{rest}", hire(number))
}

fn chain() -> Name {
    Name::literal("test-1")
}

fn hirer() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

fn provider() -> SigningKey {
    SigningKey::from_seed(&[9; 32])
}

fn head(hire: UnitId, hirer: Address, work: Work) -> Arc<Local> {
    let limits =
        NodeLimits { cpus: 1, memory_bytes: 2 << 30, object_store_bytes: 100 << 20, disk_bytes: 1 << 30, processes: 4_096 };
    let member = Member { account: provider().address(), tunnel: "127.0.0.1:1".to_owned(), limits };
    let plan = Arc::new(Plan { hire, hirer, work, members: vec![member] });
    Arc::new(Local::new(NodeId::new(hire, 0), plan, Secret::generate().unwrap(), BTreeMap::new()))
}

struct World {
    url: String,
    address: SocketAddr,
    head: Arc<Local>,
    tunnels: Tunnels,
    client: reqwest::Client,
}

/// A proxy before three hires: one of Ray whose head runs, one of somebody else, one of programs.
async fn world() -> World {
    let tunnels = Tunnels::new(&provider()).unwrap();
    let own = head(HIRE, hirer().address(), Work::Ray);
    tunnels.add(Arc::clone(&own));
    tunnels.add(head(hire(13), SigningKey::from_seed(&[2; 32]).address(), Work::Ray));
    let program = Program { command: vec!["true".to_owned()], env: vec![] };
    tunnels.add(head(hire(14), hirer().address(), Work::Process(program)));
    let door = Door { account: provider().address(), chain: chain(), now: || NOW };
    let router = of(Shared { clusters: None, tunnels: tunnels.clone(), door });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, Port::new("clusters", limits(), json), std::future::pending()));
    let url = format!("http://{address}");
    World { url, address, head: own, tunnels, client: reqwest::Client::builder().no_proxy().build().unwrap() }
}

fn token(hire: UnitId) -> String {
    let key = hirer();
    mint(&key, &Claims::new(&key, provider().address(), chain(), hire, NOW)).unwrap()
}

impl World {
    async fn get(&self, path: &str, token: Option<&str>) -> (u16, String) {
        let mut request = self.client.get(format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn code(&self, path: &str, token: Option<&str>) -> (u16, String) {
        let (status, text) = self.get(path, token).await;
        let told: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        assert!(told["error"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{text}");
        (status, told["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// What the made-up dashboard was asked, in words.
async fn tell(method: axum::http::Method, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let named = |name: &str| headers.get(name).map_or("-", |value| value.to_str().unwrap()).to_owned();
    let said = format!(
        "{method} {uri} host={} auth={} cookie={} ray={} body={body}",
        named("host"),
        named("authorization"),
        named("cookie"),
        named("x-ray-authorization"),
    );
    ([("set-cookie", "ray-authentication-token=secret"), ("x-of-the-dashboard", "yes")], said).into_response()
}

async fn echo(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

/// Never-ending lines, as logs are.
async fn lines() -> Body {
    let lines = futures::stream::unfold(0_u32, |number| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Ok::<_, std::io::Error>(format!("line {number}\n")), number + 1))
    });
    Body::from_stream(lines)
}

/// The head's dashboard, if this process may make one.
async fn dashboard(world: &World) -> Option<SocketAddr> {
    let space = Space::new(std::fs::File::open("/proc/self/ns/net").unwrap());
    let ports = Ports::new(0, 1);
    let at = ports.at(ports.dashboard());
    let listener = match space.listen(vec![at]).await {
        Ok(mut listeners) => listeners.remove(0),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            eprintln!("\n*** TESTED NOTHING: the network of a sandbox is entered by root alone ***\n");
            let promised = std::env::var_os("DEPIN_TEST_RUNTIME").is_some_and(|value| value == "required");
            assert!(!promised, "{error}");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let router = Router::new().route("/api/jobs/x/logs/tail", any(echo)).route("/lines", get(lines)).fallback(tell);
    tokio::spawn(async move { axum::serve(listener, router).await });
    world.head.set_running(Some(Running(space)));
    Some(at.into())
}

#[tokio::test]
async fn nobody_but_the_hirer_gets_in_and_each_refusal_says_why() {
    let world = world().await;
    let path = &below(12, "/api/version");
    assert_eq!(world.get("/health", None).await, (200, "well".to_owned()));
    assert_eq!(world.code(path, None).await, (401, "no-token".to_owned()));
    assert_eq!(world.code(path, Some("x")).await, (401, "bad-token".to_owned()));
    let key = hirer();
    let made = |claims: Claims| mint(&key, &claims).unwrap();
    let claims = || Claims::new(&key, provider().address(), chain(), HIRE, NOW);
    let other = SigningKey::from_seed(&[3; 32]);
    for (shown, expected) in [
        (made(Claims { aud: other.address(), ..claims() }), (401, "token-place")),
        (made(Claims { chain: Name::literal("other"), ..claims() }), (401, "token-place")),
        (made(Claims { iat: 1, nbf: 1, exp: 2, ..claims() }), (401, "token-time")),
        (made(Claims { exp: NOW + 99_999, ..claims() }), (401, "token-time")),
        // Signed by somebody else in the hirer's name, and by somebody else in its own.
        (mint(&other, &claims()).unwrap(), (401, "bad-token")),
        (mint(&other, &Claims { iss: other.address(), ..claims() }).unwrap(), (404, "no-cluster")),
        (token(hire(99)), (403, "other-hire")),
        (
            lease::mint(&key, &lease::Claims::new(&key, provider().address(), chain(), 0, NOW, Leases::full())).unwrap(),
            (401, "bad-token"),
        ),
    ] {
        assert_eq!(world.code(path, Some(&shown)).await, (expected.0, expected.1.to_owned()));
    }
    // Hires that are not here, and those of others, are told the same.
    assert_eq!(world.code(&below(99, "/x"), Some(&token(hire(99)))).await, (404, "no-cluster".to_owned()));
    assert_eq!(world.code(&below(13, "/x"), Some(&token(hire(13)))).await, (404, "no-cluster".to_owned()));
    assert_eq!(world.code(&below(14, "/x"), Some(&token(hire(14)))).await, (404, "no-dashboard".to_owned()));
    assert_eq!(world.code(path, Some(&token(HIRE))).await, (503, "unavailable".to_owned()), "its head does not run");
    let (id, upper) = (HIRE.to_string(), hire(0xab).to_string().to_uppercase());
    for bad in [
        "/cluster/12/x".to_owned(),
        format!("/cluster/{id}0/x"),
        format!("/cluster/{upper}/x"),
        format!("/cluster/%2e{}/x", &id[3..]),
    ] {
        assert_eq!(world.code(&bad, Some(&token(HIRE))).await, (400, "bad-path".to_owned()), "{bad}");
    }
    assert_eq!(world.code("/elsewhere", None).await, (404, "no-route".to_owned()));
}

/// All that needs a dashboard, in one test: there is one port of it in this process.
#[tokio::test]
async fn requests_streams_and_websockets_go_to_the_dashboard_with_its_own_token() {
    let world = world().await;
    let Some(at) = dashboard(&world).await else { return };
    let (token, secret) = (token(HIRE), world.head.secret.reveal().to_owned());
    let sent = world.client.post(format!("{}{}", world.url, below(12, "/api/jobs/?a=%2F..%2F"))).bearer_auth(&token);
    let answer = sent.header("cookie", "mine").header("x-ray-authorization", "Bearer forged").body("job").send().await.unwrap();
    assert!(answer.headers().get("set-cookie").is_none(), "Ray's token is not handed out");
    assert_eq!(answer.headers()["x-of-the-dashboard"], "yes");
    let said = answer.text().await.unwrap();
    assert_eq!(said, format!("POST /api/jobs/?a=%2F..%2F host={at} auth=Bearer {secret} cookie=- ray=- body=job"));
    let (status, page) = world.get(&below(12, "/"), Some(&token)).await;
    assert!(status == 200 && page.starts_with("GET / "), "{page}");

    let asked = async |token: &str| {
        let mut request = format!("ws://{}{}", world.address, below(12, "/api/jobs/x/logs/tail")).into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        let stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
        tokio_tungstenite::client_async(request, stream).await
    };
    assert!(asked("forged").await.is_err());
    let (mut socket, _) = asked(&token).await.unwrap();
    for text in ["one", &"x".repeat(100_000)] {
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(text));
    }
    assert!(world.head.asked.available_permits() < crate::tunnel::ASKED_MAX, "a stream has a place");
    socket.close(None).await.unwrap();
    while socket.next().await.is_some_and(|message| message.is_ok()) {}

    // A stream comes as it is written, and gives its place back when it is left.
    let mut stream = world.client.get(format!("{}{}", world.url, below(12, "/lines"))).bearer_auth(&token).send().await.unwrap();
    assert_eq!(stream.chunk().await.unwrap().unwrap(), "line 0\n");
    drop(stream);
    let all = Arc::clone(&world.head.asked).acquire_many_owned(u32::try_from(crate::tunnel::ASKED_MAX).unwrap());
    let all = tokio::time::timeout(Duration::from_secs(20), all).await.expect("all places were given back").unwrap();
    assert_eq!(world.code(&below(12, "/"), Some(&token)).await, (429, "too-many".to_owned()));
    drop(all);

    let large = world.client.put(format!("{}{}", world.url, below(12, "/api/packages/gcs/x.zip"))).bearer_auth(&token);
    let large = large.header("content-length", (600_u64 << 20).to_string()).body("x").send().await;
    assert!(large.is_err() || large.unwrap().status() == 413);
    // After its end nothing leads there, though something still listens.
    world.tunnels.remove(NodeId::new(HIRE, 0));
    assert_eq!(world.code(&below(12, "/"), Some(&token)).await, (404, "no-cluster".to_owned()));
}
