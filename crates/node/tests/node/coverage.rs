//! A chain that runs `coverage`: hotspots and customers over HTTP, with signatures of keys that are no accounts.

use crate::common::*;
use depin_client::{
    SigningKey,
    api::{HotspotQuery, PacketQuery, PacketStage},
};
use depin_economy::Money;
use depin_ledger::{GenesisDoc, Message};
use depin_networks::network_file;
use depin_quantity::{Decimal18, Instant, Units};
use depin_services::{
    InnerSignature,
    coverage::{
        Acknowledgement, CoverageMessage, Location, NewHotspot, Packet, PacketBatch, PacketHash, PublicKey, Region, RouteTerms,
        SignatureBytes, batch_id, cell_at,
    },
};
use reqwest::{Method, StatusCode};

fn signed(by: &SigningKey, message: &[u8]) -> SignatureBytes {
    SignatureBytes::new(by.sign(&InnerSignature::signed_bytes(name("test-chain"), message)))
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::new(key.public_key())
}

fn joins(hotspot: &SigningKey, owner: &SigningKey, signer: &SigningKey) -> Message {
    let blank = SignatureBytes::new([0; 64]);
    let new = NewHotspot { key: public(hotspot), owner: owner.address(), full: true, signature: blank };
    let signature = signed(signer, &new.signed());
    Message::service(CoverageMessage::Onboard(NewHotspot { signature, ..new }))
}

#[tokio::test]
async fn packets_are_carried_acknowledged_and_paid_over_http() {
    let world = World::of_service("coverage").await;
    let (owner, customer, hotspot, server) = (key(3), key(4), key(50), key(60));
    let coverage = world.client.coverage();
    let forged = world.transaction(&owner, joins(&hotspot, &owner, &server)).await;
    let (status, code) = world.post(&forged).await;
    assert!(status.is_client_error() && code.contains("signature"), "{status} {code}");
    let posted = world.send(&owner, joins(&hotspot, &owner, &hotspot)).await;
    assert_eq!(posted.receipt.unwrap().failure.map(|failure| failure.message), None);
    let cell = cell_at(52.52, 13.405).unwrap();
    let location = Location { cell, gain: 30, elevation: 12, region: Region::Eu868 };
    world.done(&owner, CoverageMessage::AssertLocation { hotspot: hotspot.address(), location }).await;
    let price = Money { currency: name("FIL"), amount: Decimal18::new(FIL / 1_000) };
    let open = CoverageMessage::OpenOui { keys: vec![public(&server)], credits: Units::new(FIL), price: Some(price) };
    world.done(&customer, open).await;
    let terms =
        RouteTerms { net_id: 0x3c, server: "lns.example:1700".to_owned(), max_copies: 2, active: true, ignore_empty_skf: false };
    world.done(&customer, CoverageMessage::AddRoute { oui: 1, terms }).await;
    let route = coverage.routes(1, None, None).await.unwrap().items.remove(0).id;
    let now = world.client.status().await.unwrap().time_ms;
    let packets = vec![Packet { hash: PacketHash::new([7; 32]), bytes: 50, received: Instant::new(now) }];
    let blank = SignatureBytes::new([0; 64]);
    let mut batch = PacketBatch { route, key: public(&hotspot), packets, signature: blank, acknowledged: None };
    batch.signature = signed(&hotspot, &batch.signed());
    world.done(&customer, CoverageMessage::Report(vec![batch.clone()])).await;
    let open = PacketQuery { open: Some(true), ..PacketQuery::default() };
    assert_eq!(coverage.batches(&open).await.unwrap().items.len(), 1, "a claim");
    let signature = signed(&server, &batch.acknowledges());
    batch.acknowledged = Some(Acknowledgement { key: public(&server), signature });
    world.done(&owner, CoverageMessage::Report(vec![batch.clone()])).await;
    let settled = coverage.batch(batch_id(&batch)).await.unwrap().unwrap();
    assert_eq!((settled.state, settled.units, settled.cost.display.as_str()), (PacketStage::Settled, 3, "0.003 FIL"));
    let oui = coverage.oui(1).await.unwrap().unwrap();
    assert_eq!((oui.balance.display.as_str(), oui.packets, oui.claims), ("0.997 FIL", 1, 0));
    let query = HotspotQuery { owner: Some(owner.address()), ..HotspotQuery::default() };
    let found = coverage.hotspots(&query).await.unwrap().items.remove(0);
    assert_eq!((found.address, found.packets, found.units.as_str()), (hotspot.address(), 1, "3"));
    assert!((found.location.unwrap().latitude - 52.52).abs() < 0.001);
    let network = coverage.network().await.unwrap();
    assert_eq!((network.price.as_str(), network.totals["packet_units"].as_str()), ("agreed", "3"));
    assert_eq!(world.client.status().await.unwrap().figures["hotspots"], "1");
    assert!(world.client.metrics().await.unwrap().contains("coverage_packets_paid 1"));
    assert!(world.client.audit().await.unwrap().ok);
}

/// Every described path of the service answers, and says what is wrong in the API's own form.
#[tokio::test]
async fn the_description_of_coverage_is_its_api() {
    let world = World::of_service("coverage").await;
    let api = world.client.openapi().await.unwrap();
    let paths: Vec<&String> = api["paths"].as_object().unwrap().keys().filter(|path| path.contains("coverage")).collect();
    assert_eq!(paths.len(), 24, "{paths:?}");
    for path in paths {
        let path = path.replace("{address}", &key(1).address().to_string()).replace("{hotspot}", &key(1).address().to_string());
        let path = path.replace("{id}", &"00".repeat(32)).replace("{oui}", "7").replace("{carrier}", "7");
        let path = path.replace("{access_point}", &key(1).address().to_string()).replace("{session}", &"00".repeat(32));
        let (status, answer) = world.get(&path).await;
        assert!(
            status == StatusCode::OK || (status == StatusCode::NOT_FOUND && !error_code(&answer).is_empty()),
            "{path}: {answer}"
        );
        let (status, answer) = world.call(Method::GET, &format!("{path}?limit=0&after=%25"), None).await;
        assert!(status.is_success() || !error_code(&answer).is_empty(), "{path}: {answer}");
    }
}

/// IOT and MOBILE have prices since the dated change that brought them.
#[tokio::test]
async fn prices_are_those_of_the_rules_in_force() {
    let world = World::start_with(|config| {
        let network_toml = network_file("helium").unwrap().to_owned();
        let spec = depin_economy::Spec::parse(&network_toml).unwrap();
        let roles = spec.roles().into_iter().map(|role| (role, key(2).address())).collect();
        let (network, variant, accounts) = (name("helium"), spec.network().variant, Vec::new());
        config.genesis = GenesisDoc { network, variant, network_toml, roles, accounts, ..config.genesis.clone() };
    })
    .await;
    let pairs: Vec<String> = world.client.prices().await.unwrap().prices.iter().map(|entry| entry.pair.to_string()).collect();
    assert_eq!(pairs, ["HNT-USD", "IOT-USD", "MOBILE-USD"]);
}
