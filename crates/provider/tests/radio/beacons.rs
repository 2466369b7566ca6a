//! Beacons and witnesses, from the ledger's randomness to the verdict.

use crate::world::{NETWORK, World, air};
use depin_lorawan::Micros;

/// Segments of ten minutes, ledger time sixty times as quick.
#[tokio::test]
async fn a_beacon_is_sent_heard_sealed_disclosed_and_witnesses_are_selected() {
    let network = NETWORK.replace("interval = \"6h\"", "interval = \"10m\"\nreveal-within = \"5m\"");
    assert_ne!(network, NETWORK);
    let world = World::start(&network, 60).await;
    let (first, second, third) = tokio::join!(
        world.hotspot(1, world.hotspot_config(1)),
        world.hotspot(2, world.hotspot_config(2)),
        world.hotspot(3, world.hotspot_config(3)),
    );
    let forwarders = [(1, first.udp()), (2, second.udp()), (3, third.udp())];
    let air = air(&forwarders, 0, Micros::seconds(60)).await;
    let beacon = world
        .until("a valid beacon with two witnesses", || async {
            let beacons = world.client.coverage().beacons(None, None).await.unwrap().items;
            let good = |beacon: &depin_client::api::CoverageBeacon| {
                beacon.reason.is_none() && beacon.witnesses.iter().filter(|witness| witness.selected).count() == 2
            };
            let found = beacons.iter().find(|beacon| good(beacon)).cloned();
            if found.is_none() && !beacons.is_empty() {
                println!("{beacons:#?}");
            }
            found
        })
        .await;
    assert!(beacon.beacon_units > 0 && beacon.witness_units > 0 && beacon.scale > 0, "{beacon:?}");
    assert!(world.client.audit().await.unwrap().ok);
    air.stop().await;
    for hotspot in [first, second, third] {
        hotspot.stop().await;
    }
}
