//! Packets of devices, from the air to the customer and the ledger.

use crate::world::{LOOPBACK, NETWORK, World, air};
use depin_client::api::CoverageHotspot;
use depin_lorawan::Micros;
use depin_provider::coverage::HotspotHandle;
use std::{fs, path::Path, time::Duration};

async fn entry(world: &World, hotspot: &HotspotHandle) -> CoverageHotspot {
    world.client.coverage().hotspot(hotspot.hotspot()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_device_joins_and_its_packets_are_delivered_acknowledged_and_paid() {
    let world = World::start(NETWORK, 1).await;
    let customer = world.customer(LOOPBACK).await;
    world.device(&customer, 0).await;
    let first = world.hotspot(1, world.hotspot_config(1)).await;
    let second = world.hotspot(2, world.hotspot_config(2)).await;
    let fees = entry(&world, &first).await;
    assert!(fees.location.is_some() && fees.full, "{fees:?}");
    let air = air(&[(1, first.udp()), (2, second.udp())], 1, Micros::seconds(4)).await;
    world
        .until("a packet that is paid to each hotspot", || async {
            let (one, other) = (entry(&world, &first).await.packets, entry(&world, &second).await.packets);
            (one > 0 && other > 0).then_some(())
        })
        .await;
    assert_eq!(air.joined().0, 1, "the join accept came through a hotspot");
    let oui = world.client.coverage().oui(customer.oui()).await.unwrap().unwrap();
    assert!(oui.packets >= 2 && oui.spent.units.get() >= 2, "{oui:?}");
    let filters = world.client.coverage().filters(customer.route(), None, None).await.unwrap().items;
    assert!(filters.is_empty(), "the session's key is for nobody to read: {filters:?}");
    let status =
        world.until("figures", || async { Some(first.status()).filter(|status| status.service.batches_reported > 0) }).await;
    assert!(status.service.packets_acknowledged > 0 && status.service.forwarder_connected, "{status:?}");
    assert!(world.client.audit().await.unwrap().ok);
    air.stop().await;
    first.stop().await;
    second.stop().await;
    customer.stop().await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Killed between a packet and its report, and once more between the report and what it does about it.
#[tokio::test]
async fn a_hotspot_that_is_killed_loses_nothing_that_was_acknowledged_and_is_paid_for_nothing_twice() {
    let mut world = World::start(NETWORK, 1).await;
    let customer = world.customer(LOOPBACK).await;
    world.device(&customer, 0).await;
    let mut config = world.hotspot_config(1);
    config.report_every = Duration::from_secs(3_600);
    let hotspot = world.hotspot(1, config.clone()).await;
    let air = air(&[(1, hotspot.udp())], 1, Micros::seconds(3)).await;
    world
        .until("packets that are acknowledged", || async { (hotspot.status().service.packets_acknowledged > 3).then_some(()) })
        .await;
    air.stop().await;
    assert_eq!(entry(&world, &hotspot).await.packets, 0, "nothing was reported yet");
    drop(hotspot);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let kept = world.folder.path().join("kept");
    copy(&config.folder, &kept);

    config.report_every = Duration::from_millis(500);
    let hotspot = world.hotspot(1, config.clone()).await;
    let paid =
        world.until("payment", || async { Some(entry(&world, &hotspot).await.packets).filter(|packets| *packets > 0) }).await;
    assert!(paid >= 3, "{paid} are paid: all that were acknowledged but the join");
    hotspot.stop().await;

    // As if it had been killed before it knew that the ledger has them; and the node is away for a while besides.
    fs::remove_dir_all(&config.folder).unwrap();
    copy(&kept, &config.folder);
    let hotspot = world.hotspot(1, config.clone()).await;
    world.stop_node().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.restart_node().await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(entry(&world, &hotspot).await.packets, paid, "nothing is paid twice");
    assert!(world.client.audit().await.unwrap().ok);
    hotspot.stop().await;
    customer.stop().await;
}

#[tokio::test]
async fn packets_wait_for_a_customer_that_is_away_and_a_strangers_datagrams_are_dropped() {
    let world = World::start(NETWORK, 1).await;
    let customer = world.customer(LOOPBACK).await;
    let address = customer.gateway().address();
    world.device(&customer, 0).await;
    let hotspot = world.hotspot(1, world.hotspot_config(1)).await;
    let air = air(&[(1, hotspot.udp())], 1, Micros::seconds(2)).await;
    world.until("the first payment", || async { (entry(&world, &hotspot).await.packets > 0).then_some(()) }).await;
    customer.stop().await;
    world.until("packets that wait", || async { (hotspot.status().service.packets_waiting >= 2).then_some(()) }).await;
    let before = entry(&world, &hotspot).await.packets;
    let stranger = tokio::net::UdpSocket::bind(LOOPBACK).await.unwrap();
    for gateway in [0xa1_u64, 0xbb] {
        let mut push = vec![2, 0, 1, 0];
        push.extend(gateway.to_be_bytes());
        push.extend(br#"{"stat":{"rxnb":1}}"#);
        stranger.send_to(&push, hotspot.udp()).await.unwrap();
    }
    world.until("strangers to be told apart", || async { (hotspot.status().service.datagrams_foreign >= 2).then_some(()) }).await;
    let customer = world.customer(address).await;
    world
        .until("what waited to be paid", || async {
            (entry(&world, &hotspot).await.packets >= before + 2 && hotspot.status().service.packets_waiting == 0).then_some(())
        })
        .await;
    assert_eq!(hotspot.status().service.packets_expired, 0);
    air.stop().await;
    hotspot.stop().await;
    customer.stop().await;
}
