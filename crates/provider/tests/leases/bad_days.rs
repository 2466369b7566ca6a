//! Nodes and runtimes that are away, money that runs out, workloads that fail.

use crate::{
    fake::Fake,
    world::{World, file, sdl, usual},
};
use depin_provider::leasing::Report;
use depin_sandbox::Ending;
use depin_services::leasing::{LeaseState, LeasingMessage};
use std::time::Duration;

/// What the provider's report says of its only lease.
fn why(world: &World) -> (String, String) {
    let report = Report::read(&world.folder("north")).unwrap().unwrap_or_default();
    report.leases.into_iter().next().map(|lease| (lease.health, lease.why)).unwrap_or_default()
}

/// The ledger's time runs on meanwhile, far past the time that tenants have.
#[tokio::test(flavor = "multi_thread")]
async fn while_node_or_runtime_are_away_nothing_is_ended() {
    let (mut world, machine) = (World::with(1, "10s").await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let (waits, runs) = (world.lease(1, &usual()).await, world.lease(2, &usual()).await);
    provider.desk().take(runs.deployment(), usual().manifest().clone()).await.unwrap();
    world.until("the service", async || machine.runs(1)).await;
    world.stop_node().await;
    world.until("the problem", async || provider.status().problems.contains_key("node")).await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(machine.runs(1), "what runs needs no node");
    machine.machine().is_away = true;
    world.restart_node().await;
    world.until("the node", async || !provider.status().problems.contains_key("node")).await;
    assert!(world.leased(waits).await.state.runs(), "a tenant that could not be heard has its whole time again");
    world.until("why it is unwell", async || why(&world).1.contains("away") || why(&world).0 == "waiting").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(world.leased(runs).await.state.runs() && world.leased(waits).await.state.runs());
    machine.machine().is_away = false;
    world.until("the runtime", async || machine.runs(1)).await;
    // The tenant has not sent anything in time that could be heard: then its lease is ended.
    world.until("the end of the one", async || world.leased(waits).await.state == LeaseState::Closed).await;
    assert!(world.leased(runs).await.state.runs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_whose_money_runs_out_is_cleaned_up() {
    let (world, machine) = (World::with(60, "5m").await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let dear = sdl(&file("1000000", "nginx:1.27", ""));
    let deployment = world.order(1, &dear, "0.01").await;
    let bid = world.bids(deployment, 1).await.remove(0).id;
    world.send(LeasingMessage::CreateLease(bid)).await;
    let taken = provider.desk().take(deployment, dear.manifest().clone()).await;
    assert!(taken.is_ok(), "{taken:?}");
    world.until("the end of the money", async || world.leased(bid).await.state == LeaseState::InsufficientFunds).await;
    world.until("an empty machine", async || machine.machine().rooms.is_empty() && machine.runs(0)).await;
    let ended = || Report::read(&world.folder("north")).unwrap().unwrap_or_default().ended;
    world.until("why", async || ended().first().is_some_and(|ended| ended.why.contains("money ran out"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_that_fails_is_told_with_its_reason_and_goes_on_being_leased() {
    let (world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let missing = sdl(&file("1000", "missing:1", ""));
    let lease = world.lease(1, &missing).await;
    provider.desk().take(lease.deployment(), missing.manifest().clone()).await.unwrap();
    world.until("the missing image", async || why(&world).1.contains("it is nowhere")).await;
    assert_eq!(why(&world).0, "unwell");
    let new = depin_quantity::ContentHash::new(usual().hash().get());
    world.send(LeasingMessage::UpdateDeployment { dseq: 1, hash: new }).await;
    provider.desk().take(lease.deployment(), usual().manifest().clone()).await.unwrap();
    world.until("the service", async || machine.runs(1) && why(&world).0 == "well").await;
    // Again and again, so that its pause is long enough to be told of.
    let killed = async || {
        machine.end_all(&Ending::OutOfMemory { limit: 128 << 20 });
        why(&world).1.contains("128 MiB of memory")
    };
    world.until("why it was killed", killed).await;
    world.until("another start", async || machine.runs(1)).await;
    assert!(world.leased(lease).await.state.runs());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_does_not_give_is_refused_by_name_and_nothing_runs() {
    let (world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let secret = sdl(&file("1000", "nginx", "    credentials: {host: h.example, username: somebody, password: something}\n"));
    let lease = world.lease(1, &secret).await;
    let refused = provider.desk().take(lease.deployment(), secret.manifest().clone()).await.unwrap_err().to_string();
    assert!(refused.contains("behind a password") && !refused.contains("something"), "{refused}");
    assert!(machine.runs(0) && machine.machine().rooms.is_empty());
}
