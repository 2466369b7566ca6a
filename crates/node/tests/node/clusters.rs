//! A chain that runs `clusters`: owners of devices and hirers over HTTP.

use crate::common::*;
use depin_client::api::{ClusterDeviceQuery, ClusterHireQuery, EventQuery};
use depin_economy::Money;
use depin_quantity::{ContentHash, Decimal18, Name, Units};
use depin_services::{
    Message,
    clusters::{ClusterKind, ClustersMessage, DeviceTerms, Filter, HourState, NewHire, ProcessorKind, Profile, device_id},
};
use reqwest::StatusCode;

fn terms() -> DeviceTerms {
    let profile = Profile {
        kind: ProcessorKind::Cpu,
        processors: 4,
        memory_mib: 8_192,
        disk_gib: 100,
        download_mbps: 800,
        upload_mbps: 600,
        slice: false,
    };
    let ask = Money { currency: Name::literal("FIL"), amount: Decimal18::new(10_000_000_000_000_000) };
    DeviceTerms { profile, url: "https://device:9000".to_owned(), asks: vec![ask], accepts: true }
}

#[tokio::test]
async fn a_device_registers_waits_for_its_hour_and_leaves_over_http() {
    let world = World::of_service("clusters").await;
    let owner = key(3);
    let clusters = world.client.clusters();
    let device = device_id(owner.address(), name("north"));
    world.done(&owner, ClustersMessage::Register { name: name("north"), terms: terms() }).await;
    let found = clusters.device(device).await.unwrap().unwrap();
    assert_eq!((found.active, found.uptime, found.nominated, found.terms), (true, 0, false, terms()));
    let hour = clusters.hour(found.due.unwrap()).await.unwrap().unwrap();
    assert_eq!((hour.state, hour.waiting, hour.nominated), (HourState::Nominating, 1, 0));
    let mine = ClusterDeviceQuery { owner: Some(owner.address()), ..ClusterDeviceQuery::default() };
    assert_eq!(clusters.devices(&mine).await.unwrap().items.len(), 1);
    let network = clusters.network().await.unwrap();
    assert_eq!((network.uptime, network.misses, network.window, network.limit_ms), (5, 3, 5, 60_000));
    assert_eq!((network.totals["devices"].as_str(), network.totals["processors_proved"].as_str()), ("1", "0"));
    assert_eq!((network.checker, network.slices), (Some(key(2).address()), false));
    let filter = Filter { kind: ProcessorKind::Cpu, processors: 1, memory_mib: 1, disk_gib: 0, reliability: 0 };
    let hire = NewHire {
        kind: ClusterKind::Ray,
        currency: Name::literal("FIL"),
        most: Units::new(u128::MAX),
        hours: 1,
        filter,
        devices: vec![device],
        image: ContentHash::new([0; 32]),
    };
    let message = Message::service(ClustersMessage::Hire(Box::new(hire)));
    let failure = world.send(&key(4), message).await.receipt.unwrap().failure.unwrap();
    assert!(failure.code == "too-new" && failure.message.contains("can be hired from"), "{failure:?}");
    world.done(&owner, ClustersMessage::Leave { device }).await;
    assert!(!clusters.device(device).await.unwrap().unwrap().active);
    let events = world.client.events(&EventQuery { subject: Some(device), ..Default::default() }).await.unwrap();
    for kind in ["device-changed", "device-left"] {
        assert!(events.items.iter().any(|event| event.kind == kind), "{kind}: {:?}", events.items);
    }
    assert!(world.client.metrics().await.unwrap().contains("clusters_devices 0"));
    assert!(world.client.audit().await.unwrap().ok);
}

/// Every described path of the service answers, and says what is wrong in the API's own form.
#[tokio::test]
async fn the_description_of_clusters_is_its_api() {
    let world = World::of_service("clusters").await;
    let owner = key(3);
    world.done(&owner, ClustersMessage::Register { name: name("north"), terms: terms() }).await;
    let clusters = world.client.clusters();
    let device = clusters.devices(&ClusterDeviceQuery::default()).await.unwrap().items.remove(0);
    assert_eq!(clusters.hires(&ClusterHireQuery::default()).await.unwrap().items, []);
    assert_eq!(clusters.hire(device.device).await.unwrap(), None);
    let api = world.client.openapi().await.unwrap();
    let paths: Vec<&String> = api["paths"].as_object().unwrap().keys().filter(|path| path.contains("clusters")).collect();
    assert_eq!(paths.len(), 7, "{paths:?}");
    for path in paths {
        let asked = path
            .replace("{device}", &device.device.to_string())
            .replace("{hire}", &device.device.to_string())
            .replace("{hour}", &device.due.unwrap().to_string());
        let (status, answer) = world.get(&asked).await;
        let missing = path.ends_with("{hire}") && status == StatusCode::NOT_FOUND && !error_code(&answer).is_empty();
        assert!(status == StatusCode::OK || missing, "{asked}: {answer}");
        for wrong in [format!("{asked}?limit=0&after=%25"), path.replace(['{', '}'], "x")] {
            let (status, answer) = world.get(&wrong).await;
            assert!(status.is_success() || !error_code(&answer).is_empty(), "{wrong}: {answer}");
        }
    }
}
