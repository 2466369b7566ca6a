//! Tunnels between daemons of these tests, all of them in the network of this process, which stands for the sandboxes' networks. Entering it takes root
//! even so; without, the tests that need it say that they tested nothing.

use super::{
    frame::{Answer, Ask, Hello, VERSION, read, write},
    *,
};
use crate::{
    error::TunnelError,
    plan::{Member, NodeId, NodeLimits, Plan, Work},
    secret::Secret,
    space::Space,
};
use depin_client::SigningKey;
use depin_quantity::{Address, UnitId};
use std::{collections::BTreeMap, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn versions(ray: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("Ray".to_owned(), ray.to_owned())])
}

/// A daemon that serves tunnels, and where.
async fn daemon(seed: u8) -> (Tunnels, String) {
    let tunnels = Tunnels::new(&key(seed)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    tokio::spawn(tunnels.clone().serve(listener, std::future::pending()));
    (tunnels, at)
}

fn hire(number: u8) -> UnitId {
    UnitId::new([number; 32])
}

fn plan(number: u8, members: &[(u8, &str)]) -> Arc<Plan> {
    let limits =
        NodeLimits { cpus: 1, memory_bytes: 2 << 30, object_store_bytes: 100 << 20, disk_bytes: 1 << 30, processes: 4_096 };
    let members = members.iter().map(|(seed, at)| Member { account: key(*seed).address(), tunnel: (*at).to_owned(), limits });
    Arc::new(Plan { hire: hire(number), hirer: Address::new([7; 32]), work: Work::Ray, members: members.collect() })
}

fn node(plan: &Arc<Plan>, rank: u8) -> Arc<Local> {
    Arc::new(Local::new(NodeId::new(plan.hire, rank), Arc::clone(plan), Secret::generate().unwrap(), versions("2.60.0")))
}

/// The network of this process, if it may be entered.
async fn own_network() -> Option<Space> {
    let space = Space::new(std::fs::File::open("/proc/self/ns/net").unwrap());
    match space.listen(vec![]).await {
        Ok(_) => Some(space),
        Err(error) => {
            eprintln!("\n*** TESTED NOTHING: the network of a sandbox is entered by root alone: {error} ***\n");
            let promised = std::env::var_os("DEPIN_TEST_RUNTIME").is_some_and(|value| value == "required");
            assert!(!promised, "{error}");
            None
        }
    }
}

fn why<T: std::fmt::Debug>(outcome: Result<T, TunnelError>) -> (bool, String) {
    let error = outcome.unwrap_err();
    (error.is_for_good(), error.to_string())
}

#[tokio::test]
async fn who_is_in_no_cluster_gets_no_further_than_the_handshake() {
    let (head, at) = daemon(1).await;
    let stranger = Tunnels::new(&key(5)).unwrap();
    // The stranger's own plan says that it is a member; the head's does not.
    let told = plan(3, &[(1, &at), (5, "127.0.0.1:1")]);
    let (for_good, words) = why(stranger.join(&told, 1, versions("2.60.0")).await);
    assert!(!for_good && words.contains("takes no tunnel of this account"), "{words}");
    let real = plan(3, &[(1, &at), (2, "127.0.0.1:1")]);
    head.add(node(&real, 0));
    let (for_good, words) = why(stranger.join(&told, 1, versions("2.60.0")).await);
    assert!(!for_good && words.contains("takes no tunnel of this account"), "{words}");
    // The member itself is taken.
    let member = Tunnels::new(&key(2)).unwrap();
    let joined = member.join(&real, 1, versions("2.60.0")).await.unwrap();
    assert_eq!(joined.secret, head.node(NodeId::new(hire(3), 0)).unwrap().secret);
}

#[tokio::test]
async fn who_shows_another_key_than_the_members_is_not_spoken_to() {
    // A stranger listens where the head should be.
    let (stranger, at) = daemon(5).await;
    let told = plan(3, &[(1, &at), (2, "127.0.0.1:1")]);
    stranger.add(node(&told, 0));
    let member = Tunnels::new(&key(2)).unwrap();
    let (for_good, words) = why(member.join(&told, 1, versions("2.60.0")).await);
    assert!(!for_good && words.contains(&format!("shows the key of the account {}", key(5).address())), "{words}");
}

#[tokio::test]
async fn a_member_speaks_for_itself_alone_and_joins_with_the_heads_versions_at_the_head() {
    let (head, at) = daemon(1).await;
    let real = plan(3, &[(1, &at), (2, &at), (3, "127.0.0.1:1")]);
    head.add(node(&real, 0));
    head.add(node(&plan(4, &[(1, &at), (1, &at)]), 1));
    let member = Tunnels::new(&key(2)).unwrap();
    for (plan, from, part) in
        [(&real, 2, "is of another account than"), (&real, 0, "needs no tunnel to itself"), (&real, 9, "is none of its 3 nodes")]
    {
        let (for_good, words) = why(member.join(plan, from, versions("2.60.0")).await);
        assert!(for_good && words.contains(part), "{words}");
    }
    let (for_good, words) = why(member.join(&real, 1, versions("2.59.0")).await);
    assert!(for_good && words.contains("Ray is 2.60.0 at the head and 2.59.0 on this node"), "{words}");
    // A hire that is not here may come yet; one of others does not take it.
    let (for_good, words) = why(member.join(&plan(8, &[(1, &at), (2, &at)]), 1, versions("2.60.0")).await);
    assert!(!for_good && words.contains("is not here, or not yet"), "{words}");
    let (for_good, words) = why(member.look(&plan(4, &[(1, &at), (1, &at), (2, &at)]), 2, 1).await);
    assert!(for_good && words.contains("is none of its 2 nodes"), "{words}");
    assert!(!member.look(&real, 1, 0).await.unwrap(), "it does not run");
    let (_, words) = why(member.dial(&real, 1, 0, 20_006).await);
    assert!(words.contains("does not run"), "{words}");
}

#[tokio::test]
async fn streams_lead_to_the_ports_of_the_plan_and_end_with_the_node() {
    let Some(space) = own_network().await else { return };
    let (head, at) = daemon(1).await;
    // Far from the ranks of other tests: their ports are in the same network.
    let members: Vec<(u8, &str)> = (0..30).map(|rank| (if rank == 29 { 2 } else { 1 }, at.as_str())).collect();
    let real = plan(3, &members);
    let asked = node(&real, 28);
    head.add(Arc::clone(&asked));
    asked.set_running(Some(Running(space.clone())));
    let member = Tunnels::new(&key(2)).unwrap();
    for port in [22, 1, 20_000, 20_000 + 28 * 100 + 8, 20_000 + 28 * 100 + 99, 65_535] {
        let (for_good, words) = why(member.dial(&real, 29, 28, port).await);
        assert!(for_good && words.contains(&format!("port {port} is none that other nodes")), "{words}");
    }
    let port = real.ports(28).unwrap().control();
    let (for_good, words) = why(member.dial(&real, 29, 28, port).await);
    assert!(!for_good && words.contains("nothing listens"), "{words}");

    let listener = space.listen(vec![real.ports(28).unwrap().at(port)]).await.unwrap().remove(0);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut input, mut output) = stream.split();
                let _ = tokio::io::copy(&mut input, &mut output).await;
            });
        }
    });
    assert!(member.look(&real, 29, 28).await.unwrap());
    let mut stream = member.dial(&real, 29, 28, port).await.unwrap();
    let sent: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut received = Vec::new();
    let (mut input, mut output) = tokio::io::split(&mut stream);
    let (_, _) = tokio::join!(
        async {
            output.write_all(&sent).await.unwrap();
            output.shutdown().await.unwrap();
        },
        async { input.read_to_end(&mut received).await.unwrap() },
    );
    assert_eq!(received, sent, "half of it may be closed while the other half still speaks");

    let mut stream = member.dial(&real, 29, 28, port).await.unwrap();
    stream.write_all(b"x").await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'x');
    head.remove(NodeId::new(hire(3), 28));
    assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)), "it ends with the node");
}

#[tokio::test]
async fn who_says_nothing_or_nonsense_is_let_go() {
    let (head, at) = daemon(1).await;
    let real = plan(3, &[(1, &at), (2, "127.0.0.1:1")]);
    head.add(node(&real, 0));
    let member = Tunnels::new(&key(2)).unwrap();
    let connected = async || {
        let stream = TcpStream::connect(&at).await.unwrap();
        member.identity().connect(stream, key(1).address()).await.unwrap()
    };
    let mut stream = connected().await;
    stream.write_all(&[0, 4, b'n', b'o', b'n', b'o']).await.unwrap();
    assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
    let mut stream = connected().await;
    stream.write_all(&[0xff; 2]).await.unwrap();
    assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
    let mut stream = connected().await;
    write(&mut stream, &Hello { version: VERSION + 1, hire: hire(3), from: 1, to: 0, ask: Ask::Look }).await.unwrap();
    let Answer::Refused { why, for_good: true } = read(&mut stream).await.unwrap() else { panic!("a refusal") };
    assert!(why.contains("version 1 of tunnels is spoken here, not 2"), "{why}");
    // No TLS at all.
    let mut plain = TcpStream::connect(&at).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    let _ = plain.read_to_end(&mut rest).await;
    assert!(!rest.starts_with(b"HTTP"));
}
