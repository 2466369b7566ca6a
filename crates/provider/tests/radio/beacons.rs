//! Beacons and witnesses, from the ledger's randomness to the verdict.

use crate::world::{NETWORK, PATIENCE, World, air};
use depin_client::api::EventQuery;
use depin_lorawan::Micros;
use futures::StreamExt as _;

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

/// How many beacons of a group of hotspots, with devices that send amid them, have a witness that counts. `DEPIN_BEACONS` says how many beacons
/// are looked at, among eight hotspots then; without it two, among four.
#[tokio::test(flavor = "multi_thread")]
async fn most_beacons_have_a_witness_that_counts() {
    let wanted: Option<usize> = std::env::var("DEPIN_BEACONS").ok().map(|text| text.parse().expect("DEPIN_BEACONS is a number"));
    let (wanted, count) = wanted.map_or((2, 4), |wanted| (wanted, 8));
    let network = NETWORK.replace("interval = \"6h\"", "interval = \"10m\"\nreveal-within = \"5m\"");
    let world = World::start(&network, 60).await;
    let mut hotspots = Vec::new();
    for number in 1..=count {
        hotspots.push(world.hotspot(number, world.hotspot_config(number)).await);
    }
    let forwarders: Vec<_> = (1..).zip(&hotspots).map(|(number, hotspot)| (number, hotspot.udp())).collect();
    let air = air(&forwarders, 16, Micros::seconds(15)).await;
    let query = EventQuery { kind: Some("beacon-judged".to_owned()), ..EventQuery::default() };
    let mut events = world.client.follow(query);
    let (mut witnessed, mut told) = (0, std::collections::BTreeMap::<String, usize>::new());
    for number in 1..=wanted {
        let event = tokio::time::timeout(PATIENCE, events.next()).await.expect("a beacon is judged").unwrap().unwrap();
        let verdict = &event.event.get("event").unwrap_or(&event.event)["verdict"];
        let witnesses = verdict["witnesses"].as_array().expect("a verdict lists witnesses");
        let selected = witnesses.iter().filter(|witness| witness["selected"] == true).count();
        witnessed += usize::from(selected > 0);
        let reasons = witnesses.iter().map(|witness| witness["reason"].as_str().unwrap_or("valid"));
        reasons.for_each(|reason| *told.entry(reason.to_owned()).or_default() += 1);
        println!("{number}: beacon {}, {selected} of {} witnesses count", verdict["reason"], witnesses.len());
    }
    println!("{witnessed} of {wanted} beacons of {count} hotspots have a witness that counts; witnesses: {told:?}");
    assert!(2 * witnessed >= wanted, "{witnessed} of {wanted}");
    assert!(world.client.audit().await.unwrap().ok);
    air.stop().await;
    for hotspot in hotspots {
        hotspot.stop().await;
    }
}
