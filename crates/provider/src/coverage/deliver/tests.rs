//! Packets that wait, that are refused, and that a stop left.

use super::{
    super::{
        routing::{RouteEntry, RoutingTable},
        store::HeardPacket,
    },
    *,
};
use depin_client::lorawan::UplinkPacket;
use depin_lorawan::{
    Bandwidth, DevAddr, Hertz, Key, Modulation, Spreading,
    frame::{Data, Direction, SessionKeys, build_data},
    gwmp::{Crc, RxPacket},
};
use depin_quantity::Address;
use std::{
    net::SocketAddr,
    time::{SystemTime, UNIX_EPOCH},
};

fn packet(counter: u32) -> RxPacket {
    packet_of(DevAddr::new(0x4800_0001), counter)
}

fn packet_of(address: DevAddr, counter: u32) -> RxPacket {
    let keys = SessionKeys { network: Key::new([1; 16]), application: Key::new([7; 16]) };
    let data = Data {
        direction: Direction::Up,
        confirmed: false,
        address,
        adr: false,
        adr_ack_req: false,
        ack: false,
        pending: false,
        counter,
        options: &[],
        port: Some(1),
        payload: b"x",
    };
    RxPacket {
        timestamp: 0,
        time: None,
        gps_ms: None,
        frequency: Hertz::new(868_100_000),
        channel: 0,
        rf_chain: 0,
        crc: Crc::Ok,
        modulation: Modulation::lora(Spreading::ALL[0], Bandwidth::Khz125),
        coding_rate: None,
        rssi_dbm: -80,
        snr_ddb: None,
        payload: build_data(&data, &keys).unwrap(),
    }
}

fn routes(units_left: u64) -> RoutingTable {
    let route = UnitId::new([3; 32]);
    // Nobody listens there.
    let server = "127.0.0.1:9".to_owned();
    let entry = RouteEntry { oui: 1, server, keys: vec![[9; 32]], active: true, units_left, ignore_empty: false };
    RoutingTable {
        unit_bytes: 24,
        routes: [(route, entry)].into(),
        ranges: [(0x4800_000f, (0x4800_0000, route))].into(),
        ..RoutingTable::default()
    }
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..600 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not happen");
}

struct Stand {
    folder: tempfile::TempDir,
    carrier: Arc<Carrier>,
    counters: Arc<Counters>,
    table: Arc<KnownRoutes>,
}

async fn stand(reach: Reach) -> Stand {
    stand_in(tempfile::tempdir().unwrap(), reach, Duration::from_secs(600)).await
}

async fn stand_in(folder: tempfile::TempDir, reach: Reach, hold: Duration) -> Stand {
    let (counters, table) = (Arc::new(Counters::default()), Arc::new(KnownRoutes::new()));
    let front = Front::bind(SocketAddr::from(([127, 0, 0, 1], 0)), (None, None), Arc::clone(&counters)).await.unwrap();
    let carrier = Arc::new(Carrier::new(Parts {
        hotspot: SigningKey::from_seed(&[1; 32]),
        trust: Trust::default(),
        reach,
        hold,
        gain_dbi: 3,
        front: Arc::new(front),
        store: Store::open(folder.path(), Address::new([1; 32])).unwrap(),
        counters: Arc::clone(&counters),
        table: Arc::clone(&table),
        beacons: mpsc::channel(1).0,
    }));
    Stand { folder, carrier, counters, table }
}

#[tokio::test]
async fn what_is_heard_waits_for_the_routes_and_nothing_is_carried_for_nothing() {
    let Stand { folder: _folder, carrier, counters, table } = stand(Reach::local()).await;
    let (hear, heard) = mpsc::channel(8);
    let running = tokio::spawn(Arc::clone(&carrier).run(heard));
    hear.send(Heard { packet: packet(1), at: Instant::now() }).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(counters.refused().is_empty(), "{:?}", counters.refused());
    table.set(routes(10));
    until(|| carrier.waiting() == 1).await;
    assert!(counters.refused().is_empty(), "{:?}", counters.refused());
    table.set(routes(0));
    hear.send(Heard { packet: packet(2), at: Instant::now() }).await.unwrap();
    until(|| counters.refused().get("no-credits") == Some(&1)).await;
    // What was heard meanwhile is lost; with credits again the next one goes, and what waited before still does.
    table.set(routes(10));
    hear.send(Heard { packet: packet(3), at: Instant::now() }).await.unwrap();
    until(|| carrier.waiting() == 2).await;
    assert_eq!(counters.refused().get("no-credits"), Some(&1));
    running.abort();
}

/// What was heard by a clock that was ahead is not older than it is, and is handed in.
#[tokio::test]
async fn a_clock_that_goes_back_loses_nothing_that_waits() {
    let Stand { folder: _folder, carrier, counters, table } = stand(Reach::local()).await;
    table.set(routes(10));
    let hour_ahead = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(3_600);
    let at_ms = u64::try_from(hour_ahead.as_millis()).unwrap();
    let heard = HeardPacket {
        at_ms,
        route: UnitId::new([3; 32]),
        server: "127.0.0.1:9".to_owned(),
        packet: UplinkPacket::from(packet(1)),
    };
    carrier.parts.store.hear(vec![heard]).await.unwrap();
    carrier.resume().await.unwrap();
    assert_eq!((carrier.waiting(), crate::coverage::counters::value(&counters.expired)), (1, 0));
}

/// A customer's network server that is away for an hour: what is older than is held is dropped, so is the oldest where too many wait, and the
/// rest goes in its order when it is back.
#[tokio::test]
async fn an_hour_without_the_customers_server_costs_the_oldest_packets_and_no_more() {
    let hold = Duration::from_secs(600);
    let Stand { folder: _folder, carrier, counters, table } = stand_in(tempfile::tempdir().unwrap(), Reach::local(), hold).await;
    let key = SigningKey::from_seed(&[5; 32]);
    let (address, seen) = network_server(key.public_key()).await;
    let of_server = |mut table: RoutingTable| {
        let own = table.routes.get_mut(&UnitId::new([3; 32])).unwrap();
        (own.server, own.keys) = (address.clone(), vec![key.public_key()]);
        table
    };
    table.set(of_server(routes(10)));
    let hour = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().saturating_sub(Duration::from_secs(3_600));
    let heard = |n: u32| HeardPacket {
        // One every minute of the hour.
        at_ms: u64::try_from(hour.as_millis()).unwrap() + 60_000 * u64::from(n) + 30_000,
        route: UnitId::new([3; 32]),
        server: address.clone(),
        packet: UplinkPacket::from(packet(n)),
    };
    carrier.parts.store.hear((0..60).map(heard).collect()).await.unwrap();
    carrier.resume().await.unwrap();
    until(|| seen.load(std::sync::atomic::Ordering::Relaxed) == 10).await;
    assert_eq!(crate::coverage::counters::value(&counters.expired), 50);
    until(|| carrier.waiting() == 0).await;
}

/// Anybody may write any address on the ledger: a router's, one of this machine.
#[tokio::test]
async fn addresses_that_are_nobodys_in_the_internet_are_not_connected_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let Stand { folder: _folder, carrier, counters, table } = stand(Reach::public()).await;
    let hosts = ["127.0.0.1", "localhost", "[::1]", "0177.0.0.1", "169.254.169.254", "me@127.0.0.1"];
    for (many, host) in (1..).zip(hosts) {
        let mut stranger = routes(10);
        stranger.routes.values_mut().for_each(|route| route.server = format!("{host}:{port}"));
        table.set(stranger);
        let parcels = carrier.route(Heard { packet: packet(many), at: Instant::now() });
        carrier.carry(parcels).await;
        until(|| counters.refused().values().sum::<u64>() == u64::from(many)).await;
    }
    let trouble = carrier.trouble();
    let told = |host: &str| trouble.get(&format!("{host}:{port}")).map_or("", String::as_str);
    assert!(told("127.0.0.1").contains("is a loopback address"), "{trouble:?}");
    assert!(told("127.0.0.1").contains("--local-network"), "{trouble:?}");
    assert!(told("localhost").contains("is a loopback address"), "{trouble:?}");
    assert!(told("169.254.169.254").contains("is a link-local address"), "{trouble:?}");
    assert_eq!(carrier.waiting(), 0, "nothing waits for it");
    let connected = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(connected.is_err(), "somebody was connected to");
}

#[tokio::test]
async fn an_address_whose_frames_are_acknowledged_too_often_is_not_carried_for_a_while() {
    let Stand { folder: _folder, carrier, counters, table } = stand(Reach::local()).await;
    table.set(routes(10));
    let route = |counter| carrier.route(Heard { packet: packet(counter), at: Instant::now() }).len();
    assert_eq!((0..500).map(route).sum::<usize>(), 500, "what nobody acknowledged keeps nothing away");
    for counter in 0..ACKNOWLEDGED_PER_MINUTE {
        carrier.carried(&packet(counter).payload);
    }
    assert_eq!((route(1_000), counters.refused().get("too-often")), (0, Some(&1)));
    let other = DevAddr::new(0x4800_0002);
    assert!(carrier.may_carry(other), "other devices are");
}

/// What is on its way or waits when a hotspot is cut off was lost, although a customer may have had it.
#[tokio::test]
async fn what_no_customer_answered_is_handed_in_again_after_a_stop_and_not_for_ever() {
    let Stand { folder, carrier, counters, table } = stand(Reach::local()).await;
    let (hear, heard) = mpsc::channel(8);
    table.set(routes(10));
    let running = tokio::spawn(Arc::clone(&carrier).run(heard));
    for counter in 0..3 {
        hear.send(Heard { packet: packet(counter), at: Instant::now() }).await.unwrap();
    }
    until(|| carrier.waiting() == 3).await;
    running.abort();
    drop((carrier, counters));

    let Stand { folder, carrier, table, .. } = stand_in(folder, Reach::local(), Duration::from_secs(600)).await;
    table.set(routes(10));
    let running = tokio::spawn(Arc::clone(&carrier).run(mpsc::channel(8).1));
    until(|| carrier.waiting() == 3).await;
    running.abort();
    drop(carrier);

    let Stand { folder: _folder, carrier, counters, table } = stand_in(folder, Reach::local(), Duration::ZERO).await;
    table.set(routes(10));
    carrier.resume().await.unwrap();
    assert_eq!((carrier.waiting(), crate::coverage::counters::value(&counters.expired)), (0, 3), "it is too old");
    let store = carrier.parts.store.clone();
    for _ in 0..100 {
        if store.heard().await.unwrap().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it is forgotten");
}

/// Somebody writes another's network server under a route of their own: its key is none of theirs.
#[tokio::test]
async fn packets_of_a_route_with_anothers_server_keep_nobody_waiting_and_go_nowhere() {
    let key = SigningKey::from_seed(&[5; 32]);
    let (address, seen) = network_server(key.public_key()).await;
    let Stand { folder: _folder, carrier, counters, table } = stand(Reach::local()).await;
    let (mut routes, stranger) = (routes(10), UnitId::new([4; 32]));
    let own = routes.routes.get_mut(&UnitId::new([3; 32])).unwrap();
    (own.server, own.keys) = (address.clone(), vec![key.public_key()]);
    let other = RouteEntry { oui: 2, server: address.clone(), keys: vec![[8; 32]], ..own.clone() };
    routes.routes.insert(stranger, other);
    routes.ranges.insert(0x4900_000f, (0x4900_0000, stranger));
    table.set(routes);
    let heard = |address: u32, counter| Heard { packet: packet_of(DevAddr::new(address), counter), at: Instant::now() };
    // The stranger's come first, and together with the others.
    let all = (0..8).flat_map(|counter| [heard(0x4900_0001, counter), heard(0x4800_0001, counter)]);
    let parcels: Vec<Parcel> = all.flat_map(|one| carrier.route(one)).collect();
    assert_eq!(parcels.len(), 16);
    carrier.carry(parcels).await;
    until(|| seen.load(std::sync::atomic::Ordering::Relaxed) == 8).await;
    until(|| carrier.waiting() == 8).await;
    let trouble = carrier.trouble();
    assert!(trouble[&address].contains("its key is none of the OUI's"), "{trouble:?}");
    // Their own that come later do not wait behind the stranger's.
    carrier.carry(carrier.route(heard(0x4800_0001, 9))).await;
    until(|| seen.load(std::sync::atomic::Ordering::Relaxed) == 9).await;
    assert_eq!(counters.refused().get("test"), Some(&9), "{:?}", counters.refused());
}

/// A network server that turns down all that it is handed; its address, and how many packets it was.
async fn network_server(key: [u8; 32]) -> (String, Arc<std::sync::atomic::AtomicUsize>) {
    use depin_client::lorawan::{Rejection, UplinkBody};
    let seen = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let info = serde_json::json!({ "server_key": hex::encode(key), "application_id": "", "region": "eu868" });
    let uplinks = move |body: axum::body::Bytes| {
        let body: UplinkBody = serde_json::from_slice(&body).unwrap();
        count.fetch_add(body.packets.len(), std::sync::atomic::Ordering::Relaxed);
        let refused = || PacketAnswer::Rejected(Rejection { code: "test".to_owned(), message: String::new() });
        let packets = body.packets.iter().map(|_| refused()).collect();
        std::future::ready(axum::Json(Answer { packets, downlinks: Vec::new() }))
    };
    let router = axum::Router::new()
        .route("/v1/network", axum::routing::get(move || std::future::ready(axum::Json(info.clone()))))
        .route("/v1/uplinks", axum::routing::post(uplinks));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    (address, seen)
}
