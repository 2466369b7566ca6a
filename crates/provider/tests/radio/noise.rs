//! Beacons amid frames that look like them, by forwarders of the test's own.

use crate::world::{LOOPBACK, NETWORK, World};
use depin_client::api::CoverageBeacon;
use depin_lorawan::{
    Bandwidth, Eui, Hertz, Modulation, Spreading,
    gwmp::{Crc, Datagram, RxPacket, TxPacket, TxReport, decode, encode},
};
use depin_services::coverage::{Region, poc::Plan};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};
use tokio::{net::UdpSocket, sync::mpsc};

/// A frame of a beacon's length, on the channel and at the data rate that a beacon with its first bytes has.
fn noise(number: u8, plan: &Plan) -> RxPacket {
    let mut payload = vec![0xe0, number, 0];
    payload.resize(52, number ^ 0x5a);
    let channel = plan.channels[usize::from(number) % plan.channels.len()];
    heard(payload, Hertz::new(u32::try_from(channel).unwrap()), spreading(plan))
}

fn spreading(plan: &Plan) -> Modulation {
    let found = Spreading::ALL.into_iter().find(|one| one.factor() == u32::from(plan.spreading)).unwrap();
    Modulation::lora(found, Bandwidth::Khz125)
}

fn heard(payload: Vec<u8>, frequency: Hertz, modulation: Modulation) -> RxPacket {
    RxPacket {
        timestamp: 0,
        time: None,
        gps_ms: None,
        frequency,
        channel: 0,
        rf_chain: 0,
        crc: Crc::Ok,
        modulation,
        coding_rate: None,
        rssi_dbm: -115,
        snr_ddb: Some(40),
        payload,
    }
}

/// A forwarder: what it is to emit goes to `emitted`, and what comes from `hears` is what its radio heard.
async fn forwarder(gateway: Eui, server: SocketAddr, emitted: mpsc::Sender<TxPacket>, mut hears: mpsc::Receiver<RxPacket>) {
    let socket = UdpSocket::bind(LOOPBACK).await.unwrap();
    socket.connect(server).await.unwrap();
    let (mut alive, mut buffer, mut token) = (tokio::time::interval(Duration::from_secs(2)), vec![0; 65_536], 0u16);
    loop {
        token = token.wrapping_add(1);
        let datagram = tokio::select! {
            _ = alive.tick() => Datagram::PullData { token, gateway },
            Some(packet) = hears.recv() => {
                Datagram::PushData { token, gateway, packets: vec![packet], refused: vec![], status: None }
            }
            Ok(length) = socket.recv(&mut buffer) => match decode(&buffer[..length]) {
                Ok(Datagram::PullResp { token, packet }) => {
                    emitted.send(packet).await.unwrap();
                    Datagram::TxAck { token, gateway, report: TxReport::Accepted { power_dbm: None } }
                }
                _ => continue,
            },
        };
        socket.send(&encode(&datagram)).await.unwrap();
    }
}

/// Three frames that look like the beacon come before it within its time. The beacon is witnessed all the same: of four reports the one that says
/// what was sent counts.
#[tokio::test]
async fn noise_in_front_of_a_beacon_costs_no_witness() {
    let network = NETWORK.replace("interval = \"6h\"", "interval = \"10m\"\nreveal-within = \"5m\"");
    assert_ne!(network, NETWORK);
    let world = World::start(&network, 60).await;
    let (first, second) = tokio::join!(world.hotspot(1, world.hotspot_config(1)), world.hotspot(2, world.hotspot_config(2)));
    let plan = Region::Eu868.plan();
    let mut tasks = tokio::task::JoinSet::new();
    let (one_hears, one_heard) = mpsc::channel(16);
    let (two_hears, two_heard) = mpsc::channel(16);
    let (one_emits, one_emitted) = mpsc::channel(16);
    let (two_emits, two_emitted) = mpsc::channel(16);
    tasks.spawn(forwarder(Eui::new(0xa1), first.udp(), one_emits, one_heard));
    tasks.spawn(forwarder(Eui::new(0xa2), second.udp(), two_emits, two_heard));
    let number = Arc::new(AtomicU8::new(0));
    for (mut emitted, hears) in [(one_emitted, two_hears), (two_emitted, one_hears)] {
        let number = Arc::clone(&number);
        tasks.spawn(async move {
            while let Some(packet) = emitted.recv().await {
                for _ in 0..3 {
                    hears.send(noise(number.fetch_add(1, Ordering::Relaxed), &plan)).await.unwrap();
                }
                // The beacon ends some seconds after its beginning.
                tokio::time::sleep(Duration::from_millis(1_500)).await;
                hears.send(heard(packet.payload, packet.frequency, packet.modulation)).await.unwrap();
            }
        });
    }
    let good = |beacon: &CoverageBeacon| beacon.reason.is_none() && beacon.witnesses.iter().any(|witness| witness.selected);
    let judged = world
        .until("a beacon's verdict", || async {
            let beacons = world.client.coverage().beacons(None, None).await.unwrap().items;
            (!beacons.is_empty()).then_some(beacons)
        })
        .await;
    assert!(judged.iter().all(good), "{judged:#?}");
    assert!(world.client.audit().await.unwrap().ok);
    for hotspot in [first, second] {
        hotspot.stop().await;
    }
}
