//! Tenants and providers that say one thing and do another.

use crate::{
    fake::Fake,
    world::{World, file, key, sdl, usual},
};
use depin_client::{
    Reach, SigningKey, Trust,
    lease::{self, GatewayError, HOST_PROOF_PATH, HostProof, LeaseRef, Pass},
};
use depin_provider::leasing::{DeskError, HostNames};
use depin_quantity::{Address, ContentHash, Name};
use depin_services::leasing::{LeasingMessage, NewDeployment};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const CHAIN: Name = Name::literal("lease-test");

/// The hash on the ledger is a number like any other; what is run is what was ordered.
#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_under_a_hash_that_was_put_there_by_hand_is_refused_unless_it_is_what_was_ordered() {
    let (world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let ordered = usual();
    let greedy = sdl(&file("1000", "nginx:1.27", "").replace("cpu: {units: 500m}", "cpu: {units: 2}"));
    let hash = ContentHash::new(greedy.hash().get());
    world.send(LeasingMessage::CreateDeployment(NewDeployment { hash, ..World::ordered(1, &ordered, "5") })).await;
    let deployment = depin_services::leasing::DeploymentId { owner: world.tenant.address(), dseq: 1 };
    let bid = world.bids(deployment, 1).await.remove(0).id;
    world.send(LeasingMessage::CreateLease(bid)).await;
    let desk = provider.desk();
    // It is the manifest of the hash, and not of the order.
    let refused = desk.take(deployment, greedy.manifest().clone()).await.unwrap_err();
    assert!(matches!(refused, DeskError::Manifest(_)), "{refused}");
    // It is the manifest of the order, and not of the hash.
    let refused = desk.take(deployment, ordered.manifest().clone()).await.unwrap_err();
    assert!(matches!(refused, DeskError::Hash { .. }), "{refused}");
    assert!(machine.runs(0) && matches!(desk.manifest(bid).await, Err(DeskError::NoManifest(_))));
    // The same by an update.
    world.send(LeasingMessage::UpdateDeployment { dseq: 1, hash: ContentHash::new(ordered.hash().get()) }).await;
    desk.take(deployment, ordered.manifest().clone()).await.unwrap();
    world.until("the service", async || machine.runs(1)).await;
    world.send(LeasingMessage::UpdateDeployment { dseq: 1, hash }).await;
    assert!(matches!(desk.take(deployment, greedy.manifest().clone()).await, Err(DeskError::Manifest(_))));
    assert!(machine.runs(1), "what ran goes on");
}

/// A machine that answers at the address that a provider registered, with another key: nothing is sent to it.
#[tokio::test(flavor = "multi_thread")]
async fn who_answers_in_a_providers_place_gets_neither_token_nor_manifest() {
    let (world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let lease = world.lease(1, &usual()).await;
    let pass = || Pass::Key { key: Box::new(key(1)), chain: CHAIN, generation: 0 };
    let other = world.provider(world.config("south", &Fake::new("south")), 4).await;
    let gateway = lease::Gateway::new(other.url(), lease.provider, pass(), &Trust::default(), &Reach::local()).unwrap();
    let refused = gateway.send_manifest(1, usual().manifest()).await.unwrap_err();
    assert!(matches!(&refused, GatewayError::Tls { why, .. } if why.contains(&lease.provider.to_string())), "{refused}");
    assert!(matches!(gateway.lease_status(LeaseRef::from(lease)).await, Err(GatewayError::Tls { .. })));
    // And the other, asked by its own name, has no such lease.
    let gateway = lease::Gateway::new(other.url(), other.address(), pass(), &Trust::default(), &Reach::local()).unwrap();
    assert_eq!(gateway.send_manifest(1, usual().manifest()).await.unwrap_err().code(), Some("no-deployment"));
    drop(provider);
}

/// A server that shows what stands in its text at a proof's place.
async fn showing(text: Arc<Mutex<Vec<u8>>>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 2_048];
            let read = stream.read(&mut head).await.unwrap_or(0);
            let asked = String::from_utf8_lossy(&head[..read]).contains(HOST_PROOF_PATH);
            let text = if asked { text.lock().unwrap().clone() } else { Vec::new() };
            let (status, length) = (if text.is_empty() { 404 } else { 200 }, text.len());
            let _ = stream.write_all(format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\n\r\n").as_bytes()).await;
            let _ = stream.write_all(&text).await;
        }
    });
    address
}

/// Who may take a name from whom, and when it is let go.
#[tokio::test(flavor = "multi_thread")]
async fn a_public_host_name_is_whose_proof_stands_under_it() {
    let (mut world, machine) = (World::start().await, Fake::new("north"));
    let shown: Arc<Mutex<Vec<u8>>> = Arc::default();
    let mut config = world.config("north", &machine);
    let known = [("shop.acme.dev".to_owned(), showing(Arc::clone(&shown)).await)].into();
    config.host_names = HostNames { reach: Reach::local(), known, ..HostNames::default() };
    let provider = world.provider(config, 3).await;
    let (desk, north) = (provider.desk(), provider.address());
    let text = file("1000", "nginx:1.27", "").replace("shop.example.com", "shop.acme.dev");
    let show = |owner: &SigningKey, at: Address| {
        *shown.lock().unwrap() = serde_json::to_vec(&HostProof::sign(owner, CHAIN, "shop.acme.dev", at)).unwrap();
    };
    let hosts = async |lease| {
        let tenancy = desk.tenancy(lease).await.unwrap();
        tenancy.services[0].hosts.iter().any(|host| host.starts_with("shop.acme.dev"))
    };
    let first = world.lease(1, &sdl(&text)).await;
    let manifest = sdl(&text).manifest().clone();
    let refused = desk.take(first.deployment(), manifest.clone()).await.unwrap_err();
    assert!(matches!(&refused, DeskError::HostUnproven { why, .. } if why.contains("404")), "{refused}");
    show(&key(1), Address::new([5; 32]));
    let refused = desk.take(first.deployment(), manifest.clone()).await.unwrap_err();
    assert!(matches!(&refused, DeskError::HostUnproven { why, .. } if why.contains("for the provider")), "{refused}");
    assert!(machine.runs(0), "nothing was changed");
    show(&key(1), north);
    desk.take(first.deployment(), manifest.clone()).await.unwrap();
    assert!(hosts(first).await);
    // Another tenant without a proof of its own gets nothing; with one it takes the name.
    world.tenant = depin_client::Sender::new(world.client.clone(), key(5));
    let second = world.lease(1, &sdl(&text)).await;
    let refused = desk.take(second.deployment(), manifest.clone()).await.unwrap_err();
    assert!(matches!(&refused, DeskError::HostUnproven { why, .. } if why.contains(&key(1).address().to_string())), "{refused}");
    shown.lock().unwrap().clear();
    let refused = desk.take(second.deployment(), manifest.clone()).await.unwrap_err();
    assert_eq!(refused, DeskError::HostTaken("shop.acme.dev".to_owned()));
    show(&key(5), north);
    desk.take(second.deployment(), manifest.clone()).await.unwrap();
    assert!(hosts(second).await && !hosts(first).await, "it leads to one of them");
    // Whoever lost it gets it back with a proof alone, and not by sending the same again.
    let refused = desk.take(first.deployment(), manifest.clone()).await.unwrap_err();
    assert!(matches!(refused, DeskError::HostUnproven { .. }), "{refused}");
    // Over a restart it stays where it was, and with the lease it is let go.
    drop(provider);
    let mut config = world.config("north", &machine);
    config.host_names = HostNames { reach: Reach::local(), ..HostNames::default() };
    let provider = world.provider(config, 3).await;
    let owner = || {
        let text = std::fs::read(world.folder("north").join("hosts.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&text).unwrap()["shop.acme.dev"].as_str().map(str::to_owned)
    };
    assert_eq!(owner(), Some(key(5).address().to_string()));
    world.send(LeasingMessage::CloseDeployment { dseq: 1 }).await;
    world.until("the name", async || owner().is_none()).await;
    drop(provider);
}
