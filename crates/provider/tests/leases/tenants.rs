//! Manifests, what runs for them, updates, restarts, ends.

use crate::{
    fake::Fake,
    world::{World, file, key, sdl, usual},
};
use depin_client::{Reach, Trust, lease};
use depin_provider::leasing::{DeskError, Report};
use depin_sandbox::{LogOptions, Output};
use depin_services::leasing::{LeaseState, LeasingMessage, Reason};
use futures::StreamExt as _;
use std::{collections::BTreeMap, net::SocketAddr};

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_runs_what_its_tenant_sends_and_leaves_nothing_when_it_is_over() {
    let (world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let desk = provider.desk();
    let (file, lease) = (usual(), world.lease(1, &usual()).await);
    let other = sdl(&crate::world::file("1000", "other:1", ""));
    let refused = desk.take(lease.deployment(), other.manifest().clone()).await.unwrap_err();
    assert!(matches!(refused, DeskError::Hash { .. }), "{refused}");
    assert!(matches!(desk.manifest(lease).await, Err(DeskError::NoManifest(_))));
    assert!(machine.runs(0));
    desk.take(lease.deployment(), file.manifest().clone()).await.unwrap();
    desk.take(lease.deployment(), file.manifest().clone()).await.unwrap();
    world.until("the service", async || machine.runs(1)).await;
    assert_eq!(desk.manifest(lease).await.unwrap(), file.manifest().groups[0]);
    let tenancy = desk.tenancy(lease).await.unwrap();
    let web = &tenancy.services[0];
    let port = provider.ingress().port();
    assert_eq!((web.replicas, tenancy.generation, &web.hosts[0]), (1, 1, &format!("shop.example.com:{port}")));
    assert!(web.hosts[1].ends_with(&format!(".north.example:{port}")), "{web:?}");
    assert_eq!(web.ports.iter().map(|port| port.outside).collect::<Vec<_>>(), [SocketAddr::from(([127, 0, 0, 1], 39_000))]);
    let mut logs = desk.logs(lease, "web", LogOptions::default()).await.unwrap();
    let Some(Ok(Output::Stdout(line))) = logs[0].1.next().await else { panic!("no line") };
    assert_eq!(line, "web of north\n");
    assert!(matches!(desk.logs(lease, "db", LogOptions::default()).await, Err(DeskError::NoService(_))));
    assert_eq!(desk.standing().await.deployments, 1);
    world.send(LeasingMessage::CloseDeployment { dseq: 1 }).await;
    world.until("an empty machine", async || machine.machine().rooms.is_empty() && machine.runs(0)).await;
    assert!(matches!(desk.tenancy(lease).await, Err(DeskError::NoLease(_))));
    let ended = || Report::read(&world.folder("north")).unwrap().unwrap_or_default().ended;
    world.until("why it ended", async || ended().first().is_some_and(|ended| ended.why == "its tenant ended it")).await;
    assert_eq!(provider.status().service.free.cpu_milli, 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_replaces_what_runs_and_an_old_manifest_is_refused() {
    let (world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let (desk, lease) = (provider.desk(), world.lease(1, &usual()).await);
    desk.take(lease.deployment(), usual().manifest().clone()).await.unwrap();
    world.until("the service", async || machine.runs(1)).await;
    let new = sdl(&file("1000", "nginx:1.28", ""));
    let hash = depin_quantity::ContentHash::new(new.hash().get());
    world.send(LeasingMessage::UpdateDeployment { dseq: 1, hash }).await;
    let refused = desk.take(lease.deployment(), usual().manifest().clone()).await.unwrap_err();
    assert!(matches!(refused, DeskError::Hash { .. }), "{refused}");
    assert_eq!(machine.images(), ["nginx:1.27"], "it goes on until the new one comes");
    desk.take(lease.deployment(), new.manifest().clone()).await.unwrap();
    world.until("the new image", async || machine.images() == ["nginx:1.28"]).await;
    assert_eq!(desk.tenancy(lease).await.unwrap().generation, 2);
}

/// `kill -9` of the daemon, then of the machine: what runs is taken over, what does not is started, what is over is removed.
#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_was_killed_finds_everything_again() {
    let (world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let (first, second) = (world.lease(1, &usual()).await, world.lease(2, &usual()).await);
    for lease in [first, second] {
        provider.desk().take(lease.deployment(), usual().manifest().clone()).await.unwrap();
    }
    world.until("both services", async || machine.runs(2)).await;
    drop(provider);
    world.send(LeasingMessage::CloseDeployment { dseq: 2 }).await;
    machine.machine().log.clear();
    let provider = world.provider(world.config("north", &machine), 3).await;
    world.until("one service", async || machine.runs(1) && machine.machine().rooms.len() == 1).await;
    assert_eq!(machine.machine().log, ["close"], "the other goes on as it was");
    assert!(provider.desk().tenancy(first).await.is_ok());
    drop(provider);
    machine.machine().running.clear();
    let provider = world.provider(world.config("north", &machine), 3).await;
    world.until("a new start", async || machine.runs(1)).await;
    assert_eq!(provider.status().service.leases, 1);
    provider.suspend().await.unwrap();
    assert!(machine.runs(0) && machine.machine().rooms.len() == 1, "volumes stay with their room");
    let _provider = world.provider(world.config("north", &machine), 3).await;
    world.until("the service again", async || machine.runs(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_name_is_its_first_users_until_the_lease_is_over() {
    let (mut world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let (desk, lease) = (provider.desk(), world.lease(1, &usual()).await);
    desk.take(lease.deployment(), usual().manifest().clone()).await.unwrap();
    // Another tenant with the same name.
    world.tenant = depin_client::Sender::new(world.client.clone(), key(5));
    let theirs = world.lease(1, &usual()).await;
    let refused = desk.take(theirs.deployment(), usual().manifest().clone()).await.unwrap_err();
    assert_eq!(refused, DeskError::HostTaken("shop.example.com".to_owned()));
    let close = LeasingMessage::CloseDeployment { dseq: 1 };
    depin_client::Sender::new(world.client.clone(), key(1)).submit(depin_ledger::Message::service(close)).await.unwrap();
    world.until("the name", async || desk.take(theirs.deployment(), usual().manifest().clone()).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_name_that_a_manifest_claims_no_more_is_free_at_once() {
    let (mut world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let (desk, lease) = (provider.desk(), world.lease(1, &usual()).await);
    desk.take(lease.deployment(), usual().manifest().clone()).await.unwrap();
    let ingress = provider.ingress();
    let asked = async |host: &str| {
        let request = reqwest::Client::new().get(format!("http://{ingress}/")).header("host", host);
        request.send().await.unwrap().status().as_u16()
    };
    world.until("the service", async || machine.runs(1)).await;
    assert_eq!((asked("shop.example.com").await, asked("moved.example.com").await), (503, 404));
    let moved = sdl(&file("1000", "nginx:1.27", "").replace("shop.example.com", "moved.example.com"));
    let hash = depin_quantity::ContentHash::new(moved.hash().get());
    world.send(LeasingMessage::UpdateDeployment { dseq: 1, hash }).await;
    desk.take(lease.deployment(), moved.manifest().clone()).await.unwrap();
    assert_eq!((asked("shop.example.com").await, asked("moved.example.com").await), (404, 503));
    let first = world.tenant.address();
    world.tenant = depin_client::Sender::new(world.client.clone(), key(5));
    let theirs = world.lease(1, &usual()).await;
    desk.take(theirs.deployment(), usual().manifest().clone()).await.unwrap();
    // What a crash left reserved is free after the next start, and what is claimed is kept.
    drop(provider);
    let hosts = world.folder("north").join("hosts.json");
    let kept = || serde_json::from_slice::<BTreeMap<String, String>>(&std::fs::read(&hosts).unwrap()).unwrap();
    let mut left = kept();
    left.insert("left.example.com".to_owned(), first.to_string());
    std::fs::write(&hosts, serde_json::to_vec(&left).unwrap()).unwrap();
    let _provider = world.provider(world.config("north", &machine), 3).await;
    world.until("the name", async || !kept().contains_key("left.example.com")).await;
    assert_eq!(kept().get("moved.example.com"), Some(&first.to_string()));
    assert_eq!(kept().get("shop.example.com"), Some(&key(5).address().to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_whose_tenant_sends_nothing_is_ended_after_the_networks_time() {
    let world = World::with(1, "4s").await;
    let provider = world.provider(world.config("north", &Fake::new("north")), 3).await;
    let lease = world.lease(1, &usual()).await;
    let begun = std::time::Instant::now();
    world.until("its end", async || world.leased(lease).await.state == LeaseState::Closed).await;
    assert!(begun.elapsed().as_secs() >= 3, "{:?}", begun.elapsed());
    assert_eq!(world.leased(lease).await.reason, Some(Reason::ManifestTimeout));
    assert!(provider.status().problems.is_empty(), "{:?}", provider.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn earnings_are_collected_and_told() {
    let world = World::with(60, "5m").await;
    let mut config = world.config("north", &Fake::new("north"));
    config.collect_every = depin_quantity::Span::from_secs(120);
    let provider = world.provider(config, 3).await;
    let lease = world.lease(1, &usual()).await;
    provider.desk().take(lease.deployment(), usual().manifest().clone()).await.unwrap();
    world.until("a collection", async || !world.leased(lease).await.collected.units.is_zero()).await;
    let told = || Report::read(&world.folder("north")).unwrap().unwrap_or_default().leases;
    world.until("the report", async || told().first().is_some_and(|lease| !lease.collected.units.is_zero())).await;
    assert_eq!(told()[0].health, "well");
}

/// Over the gateway, as tenants do it.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_reaches_its_lease_at_the_registered_url() {
    let (world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let lease = world.lease(1, &usual()).await;
    let url = world.leased(lease).await.url;
    assert!(url.starts_with("https://127.0.0.1:") && url == provider.url(), "{url}");
    let chain = depin_quantity::Name::literal("lease-test");
    let pass = lease::Pass::Key { key: Box::new(key(1)), chain, generation: 0 };
    let gateway = lease::Gateway::new(&url, lease.provider, pass, &Trust::default(), &Reach::local()).unwrap();
    // Something that listens where the replica would.
    let listening = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    gateway.send_manifest(1, usual().manifest()).await.unwrap();
    world.until("the service", async || machine.runs(1)).await;
    let place = lease::LeaseRef { dseq: 1, gseq: 1, oseq: 1 };
    assert_eq!(gateway.manifest(place).await.unwrap(), usual().manifest().groups[0]);
    let web = async || gateway.lease_status(place).await.unwrap().services.remove("web").unwrap();
    let silent = web().await;
    assert_eq!((silent.available, silent.instances.len()), (0, 1), "nobody is sent to a port that nobody listens at");
    machine.machine().backend = Some(listening.local_addr().unwrap());
    world.until("a replica that is well", async || web().await.available == 1).await;
    assert!(web().await.uris.iter().any(|uri| uri.starts_with("shop.example.com")));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_often_a_service_was_started_anew_is_known_after_a_restart_of_the_daemon() {
    let (world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let lease = world.lease(1, &usual()).await;
    provider.desk().take(lease.deployment(), usual().manifest().clone()).await.unwrap();
    world.until("the service", async || machine.runs(1)).await;
    let restarts = async |provider: &depin_provider::leasing::LeasingHandle| {
        let tenancy = provider.desk().tenancy(lease).await.unwrap();
        let room = tenancy.room.borrow().clone();
        room.instances.first().map(|one| one.status.restarts)
    };
    machine.end_all(&depin_sandbox::Ending::Exited { code: 1 });
    world.until("another start", async || restarts(&provider).await == Some(1) && machine.runs(1)).await;
    let told = || Report::read(&world.folder("north")).unwrap().unwrap_or_default().leases;
    let reported = || told().first().and_then(|lease| lease.services.first()).map(|one| one.restarts);
    world.until("the report", async || reported() == Some(1)).await;
    drop(provider);
    // What runs is taken over, and was not started anew by that.
    let provider = world.provider(world.config("north", &machine), 3).await;
    world.until("the count", async || restarts(&provider).await == Some(1)).await;
    world.until("the report", async || reported() == Some(1)).await;
    drop(provider);
    // After a restart of the machine it is started once more.
    machine.machine().running.clear();
    let provider = world.provider(world.config("north", &machine), 3).await;
    world.until("another start", async || restarts(&provider).await == Some(2) && machine.runs(1)).await;
}
