//! Uplinks from a packet forwarder through a hotspot's daemon and a customer's network server to the customer's webhook, every disk and signature in
//! between, against a bare loop that receives the same datagrams, checks a signature of each and posts the same JSON over kept connections.
//! Prints the ratio of one run; both cores.
//!
//! `cargo bench -p depin-provider --bench uplinks`

#[path = "../tests/radio/world.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod world;

use axum::{body::Bytes, extract::Query, http::StatusCode, routing::post};
use commonware_cryptography::{Signer as _, Verifier as _, ed25519};
use depin_gateway_lorawan::CustomerHandle;
use depin_lorawan::{
    CodingRate, Eui, Micros,
    device::{EndDevice, Received, Transmission},
    gwmp::{Crc, Datagram, RxPacket, TxReport, decode, encode},
    region::Region,
    server::AddressRange,
};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::{net::UdpSocket, sync::Semaphore};
use world::{LOOPBACK, NETWORK, PATIENCE, World, identity};

const DEVICES: u64 = 120;
/// Of each: fewer than a session may have in a minute.
const EACH: usize = 50;
/// Sent and not posted at once.
const AHEAD: usize = 2_000;
/// Sent and not acknowledged by the port at once.
const UNRECEIVED: usize = 64;
/// Posts at once, as the network server has.
const POSTS: usize = 64;
const GATEWAY: Eui = Eui::new(0xa1);

fn wall() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros::new(u64::try_from(since.as_micros()).expect("years from now"))
}

/// The customer's software: takes events and counts uplinks.
#[derive(Clone, Default)]
struct Webhook {
    uplinks: Arc<AtomicUsize>,
    body: Arc<Mutex<Bytes>>,
}

impl Webhook {
    async fn start() -> (Self, String) {
        let webhook = Self::default();
        let own = webhook.clone();
        let take = move |Query(query): Query<BTreeMap<String, String>>, body: Bytes| {
            if query.get("event").is_some_and(|event| event == "up") {
                own.uplinks.fetch_add(1, Ordering::Relaxed);
                *own.body.lock().expect("whole") = body;
            }
            std::future::ready(StatusCode::OK)
        };
        let router = axum::Router::new().route("/events", post(take));
        let listener = tokio::net::TcpListener::bind(LOOPBACK).await.expect("a port");
        let url = format!("http://{}/events", listener.local_addr().expect("it listens"));
        tokio::spawn(async { axum::serve(listener, router).await.expect("it serves") });
        (webhook, url)
    }

    fn count(&self) -> usize {
        self.uplinks.load(Ordering::Relaxed)
    }
}

fn received(sent: &Transmission) -> RxPacket {
    RxPacket {
        timestamp: wall().wrapping(),
        time: None,
        gps_ms: None,
        frequency: sent.frequency,
        channel: 0,
        rf_chain: 0,
        crc: Crc::Ok,
        modulation: sent.modulation,
        coding_rate: Some(CodingRate::Cr45),
        rssi_dbm: -90,
        snr_ddb: Some(50),
        payload: sent.bytes.clone(),
    }
}

/// A packet forwarder.
struct Forwarder {
    socket: Arc<UdpSocket>,
    unreceived: Arc<Semaphore>,
    devices: Arc<Mutex<Vec<EndDevice>>>,
}

impl Forwarder {
    async fn start(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind(LOOPBACK).await.expect("a port");
        socket.connect(server).await.expect("a server");
        let this = Self {
            socket: Arc::new(socket),
            unreceived: Arc::new(Semaphore::new(UNRECEIVED)),
            devices: Arc::new(Mutex::new(Vec::new())),
        };
        let (socket, unreceived, devices) = (Arc::clone(&this.socket), Arc::clone(&this.unreceived), Arc::clone(&this.devices));
        tokio::spawn(async move {
            let (mut alive, mut buffer) = (tokio::time::interval(Duration::from_secs(2)), vec![0; 65_536]);
            loop {
                tokio::select! {
                    _ = alive.tick() => {
                        let pull = encode(&Datagram::PullData { token: 0, gateway: GATEWAY });
                        socket.send(&pull).await.expect("it is sent");
                    }
                    Ok(length) = socket.recv(&mut buffer) => match decode(&buffer[..length]) {
                        Ok(Datagram::PushAck { .. }) => unreceived.add_permits(1),
                        Ok(Datagram::PullResp { token, packet }) => {
                            let report = TxReport::Accepted { power_dbm: None };
                            let answer = encode(&Datagram::TxAck { token, gateway: GATEWAY, report });
                            socket.send(&answer).await.expect("it is sent");
                            let mut devices = devices.lock().expect("whole");
                            let all = devices.iter_mut().filter(|device| !device.has_joined());
                            let _: Vec<bool> = all.map(|device| matches!(device.receive(&packet.payload), Ok(Received::Joined(_)))).collect();
                        }
                        _ => {}
                    },
                }
            }
        });
        this
    }

    async fn push(&self, packet: RxPacket) {
        self.unreceived.acquire().await.expect("it is open").forget();
        let datagram = Datagram::PushData { token: 1, gateway: GATEWAY, packets: vec![packet], refused: vec![], status: None };
        self.socket.send(&encode(&datagram)).await.expect("it is sent");
    }

    fn joined(&self) -> usize {
        self.devices.lock().expect("whole").iter().filter(|device| device.has_joined()).count()
    }
}

/// Sends all and waits until the webhook has them; how long that took.
async fn run(forwarder: &Forwarder, packets: &[RxPacket], webhook: &Webhook) -> Duration {
    let (before, begun) = (webhook.count(), Instant::now());
    for (number, packet) in packets.iter().enumerate() {
        while number.saturating_sub(webhook.count() - before) > AHEAD {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        forwarder.push(packet.clone()).await;
    }
    while webhook.count() - before < packets.len() {
        assert!(begun.elapsed() < PATIENCE, "{} of {} uplinks came", webhook.count() - before, packets.len());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    begun.elapsed()
}

/// Devices that joined over the air, and their frames.
async fn frames(world: &World, customer: &CustomerHandle, forwarder: &Forwarder) -> Vec<RxPacket> {
    for number in 0..DEVICES {
        world.add_device(customer, number).await;
    }
    world
        .until("the devices' joins on the ledger", || async {
            let pairs = world.client.coverage().eui_pairs(customer.route(), None, Some(500)).await.expect("a list").items;
            (pairs.len() as u64 >= DEVICES).then_some(())
        })
        .await;
    let device = |number| {
        let mut device = EndDevice::new(identity(number), Region::Eu868, number);
        device.set_data_rate(5);
        device
    };
    *forwarder.devices.lock().expect("whole") = (0..DEVICES).map(device).collect();
    let begun = Instant::now();
    while (forwarder.joined() as u64) < DEVICES {
        assert!(begun.elapsed() < PATIENCE, "{} of {DEVICES} devices joined", forwarder.joined());
        let ask = |device: &mut EndDevice| device.join(wall()).ok();
        let asks: Vec<_> = {
            let mut devices = forwarder.devices.lock().expect("whole");
            devices.iter_mut().filter(|device| !device.has_joined()).take(8).filter_map(ask).collect()
        };
        for sent in asks {
            forwarder.push(received(&sent)).await;
        }
        // Joins are accepted five seconds later; a gateway sends one thing at a time.
        tokio::time::sleep(Duration::from_millis(2_000)).await;
    }
    let mut devices = forwarder.devices.lock().expect("whole");
    let frame = |device: &mut EndDevice| received(&device.send(wall(), 1, b"twelve bytes", false).expect("it may send"));
    (0..EACH).flat_map(|_| devices.iter_mut().map(frame).collect::<Vec<_>>()).collect()
}

/// The bare loop behind a UDP port.
async fn bare(
    url: String,
    body: Bytes,
    signatures: BTreeMap<Vec<u8>, ed25519::Signature>,
    key: ed25519::PublicKey,
) -> SocketAddr {
    let socket = UdpSocket::bind(LOOPBACK).await.expect("a port");
    let address = socket.local_addr().expect("it is bound");
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let posts = Arc::new(Semaphore::new(POSTS));
    tokio::spawn(async move {
        let mut buffer = vec![0; 65_536];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.expect("it receives");
            let Ok(Datagram::PushData { token, packets, .. }) = decode(&buffer[..length]) else { continue };
            socket.send_to(&encode(&Datagram::PushAck { token }), from).await.expect("it is sent");
            for packet in packets {
                let signature = signatures.get(&packet.payload).expect("it is signed");
                assert!(key.verify(b"", &packet.payload, signature), "it holds");
                let permit = Arc::clone(&posts).acquire_owned().await.expect("it is open");
                let request = http.post(format!("{url}?event=up")).header("content-type", "application/json");
                let request = request.body(body.clone());
                tokio::spawn(async move {
                    assert!(request.send().await.expect("it is posted").status().is_success());
                    drop(permit);
                });
            }
        }
    });
    address
}

#[tokio::main]
async fn main() {
    let (webhook, url) = Webhook::start().await;
    let world = World::start(NETWORK, 1).await;
    let hook = url.clone();
    let customer = world
        .customer_with(LOOPBACK, move |config| {
            config.webhook = Some(hook);
            config.server.addresses =
                AddressRange::new("48000000".parse().expect("an address"), "480007ff".parse().expect("an address"))
                    .expect("a range");
        })
        .await;
    let hotspot = world.hotspot(1, world.hotspot_config(1)).await;
    let forwarder = Forwarder::start(hotspot.udp()).await;
    let packets = frames(&world, &customer, &forwarder).await;
    let through = run(&forwarder, &packets, &webhook).await;

    let key = ed25519::PrivateKey::from_seed(1);
    let signatures = packets.iter().map(|packet| (packet.payload.clone(), key.sign(b"", &packet.payload))).collect();
    let body = webhook.body.lock().expect("whole").clone();
    let forwarder = Forwarder::start(bare(url, body, signatures, key.public_key()).await).await;
    let loops = run(&forwarder, &packets, &webhook).await;

    let per_second = |time: Duration| packets.len() as f64 / time.as_secs_f64();
    println!("{} uplinks of {DEVICES} devices", packets.len());
    println!("through hotspot and network server to the webhook {:>8.0}/s", per_second(through));
    println!("bare loop to the webhook                          {:>8.0}/s", per_second(loops));
    println!("ratio {:.2}, wanted 0.50", loops.as_secs_f64() / through.as_secs_f64());
    let status = hotspot.status().service;
    println!("the hotspot says: {} acknowledged, {:?} refused", status.packets_acknowledged, status.packets_refused);
    hotspot.stop().await;
    customer.stop().await;
}
