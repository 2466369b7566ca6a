//! Orders and bids.

use crate::{
    fake::Fake,
    world::{World, file, key, sdl, usual},
};
use depin_economy::Action;
use depin_ledger::Message;
use depin_provider::leasing::{Capacity, Pricing, Report};
use depin_quantity::{Name, Units};
use depin_services::leasing::{LeasingMessage, OrderState};
use std::os::unix::fs::PermissionsExt as _;

/// What a provider's report says of an order.
fn verdict(world: &World, name: &str, dseq: u64) -> String {
    let report = Report::read(&world.folder(name)).unwrap().unwrap_or_default();
    let judged = report.orders.into_iter().find(|judged| judged.order.deployment().dseq == dseq);
    judged.map(|judged| judged.verdict).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_fits_gets_a_bid_and_one_that_does_not_gets_a_reason() {
    let world = World::start().await;
    let provider = world.provider(world.config("north", &Fake::new("north")), 3).await;
    let deployment = world.order(1, &usual(), "5").await;
    let bid = world.bids(deployment, 1).await.remove(0);
    assert_eq!(
        (bid.id.provider, bid.price.amount.as_str()),
        (provider.address(), "250"),
        "half a uakt for each of 500 thousandths"
    );
    let cases = [
        (2, file("249", "nginx", ""), "above the order's 249"),
        (3, file("1000", "nginx", "").replace("region: eu", "region: us"), "`region` = `us`"),
        (4, file("1000", "nginx", "").replace("count: 1", "count: 4"), "1500 are free"),
        (
            5,
            file("9000", "nginx", "")
                .replace("units: 500m}", "units: 500m}, gpu: {units: 1, attributes: {vendor: {nvidia: [{model: a100}]}}}"),
            "GPUs",
        ),
    ];
    for (dseq, text, _) in &cases {
        world.order(*dseq, &sdl(text), "5").await;
    }
    for (dseq, _, words) in cases {
        world.until(words, async || verdict(&world, "north", dseq).contains(words)).await;
    }
    let fees = world.client.account(key(3).address()).await.unwrap().nonce;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(world.client.account(key(3).address()).await.unwrap().nonce, fees, "no message is sent about them");
    let status = provider.status();
    assert_eq!((status.service.bids_open, status.service.free.cpu_milli), (1, 1_500), "{status:?}");
    assert!(status.problems.is_empty(), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_bid_held_is_free_again_and_its_deposit_back() {
    let world = World::start().await;
    let small: Capacity = "cpu=500m,memory=1Gi,storage=1Gi".parse().unwrap();
    let (mut north, mut south) = (world.config("north", &Fake::new("north")), world.config("south", &Fake::new("south")));
    (north.capacity, south.capacity) = (small, small);
    let (north, _south) = (world.provider(north, 3).await, world.provider(south, 4).await);
    let deployment = world.order(1, &usual(), "5").await;
    let bids = world.bids(deployment, 2).await;
    world.order(2, &usual(), "5").await;
    world.until("no room", async || verdict(&world, "north", 2).contains("0 are free")).await;
    let winner = bids.iter().find(|bid| bid.id.provider != north.address()).unwrap();
    world.send(LeasingMessage::CreateLease(winner.id)).await;
    // North lost; it bids on what waited, and has one deposit out as before.
    world.until("the next bid", async || verdict(&world, "north", 2).starts_with("bid 250")).await;
    let pledged = world.client.account(north.address()).await.unwrap().pledged;
    assert_eq!(pledged.display, "100.5 AKT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_orders_at_once_are_all_bid_on_by_two_providers_of_one_machine() {
    let world = World::start().await;
    let much: Capacity = "cpu=100,memory=100Gi,storage=100Gi".parse().unwrap();
    let script = world.folder.path().join("price.sh");
    std::fs::write(&script, "#!/bin/sh\nread line\necho 12.5\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (mut north, mut south) = (world.config("north", &Fake::new("north")), world.config("south", &Fake::new("south")));
    (north.capacity, south.capacity) = (much, much);
    south.offer.pricing = Pricing::Script(script);
    let (north, south) = (world.provider(north, 3).await, world.provider(south, 4).await);
    let begun = std::time::Instant::now();
    for dseq in 1..=100 {
        world.order(dseq, &usual(), "0.5").await;
    }
    let placed = begun.elapsed();
    world
        .until("two hundred bids", async || {
            let bids = [&north, &south].map(|provider| provider.status().service.bids_open);
            bids == [100, 100]
        })
        .await;
    eprintln!("100 orders in {placed:?}, 200 bids {:?} after the last", begun.elapsed() - placed);
    let orders = world.client.leasing().open_orders(None, Some(200)).await.unwrap().items;
    assert!(orders.len() == 100 && orders.iter().all(|order| order.bids == 2 && order.state == OrderState::Open));
    assert_eq!(north.status().service.free.cpu_milli, 50_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_runs_one_service_alone_bids_on_no_more() {
    let world = World::start().await;
    let _provider = world.provider(world.config("north", &Fake::new("north").single()), 3).await;
    let two = file("1000", "nginx", "").replace("profiles:", "  db:\n    image: postgres\nprofiles:");
    let two = two.replace("deployment:\n", "deployment:\n  db: {west: {profile: small, count: 1}}\n");
    world.order(1, &sdl(&two), "5").await;
    world.until("a refusal", async || verdict(&world, "north", 1).contains("several services cannot be had")).await;
    let deployment = world.order(2, &usual(), "5").await;
    world.bids(deployment, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_whose_money_pays_no_deposit_says_so_and_pays_no_fee_for_refusals() {
    let world = World::start().await;
    let own = key(7).address();
    let give = async |units| {
        let (token, amount) = (Name::literal("AKT"), Units::new(units));
        world.tenant.submit(Message::Act(Action::Transfer { to: own, token, amount })).await.unwrap();
    };
    // The pledge of a provider, fees, and less than a deposit.
    give(100_400_000).await;
    let provider = world.provider(world.config("north", &Fake::new("north")), 7).await;
    let told = || provider.status().problems.get("deposit").cloned().unwrap_or_default();
    world.until("the problem", async || told().contains("does not pay the deposit of a bid, 0.5 AKT")).await;
    let fees = world.client.account(own).await.unwrap().nonce;
    let deployment = world.order(1, &usual(), "5").await;
    world.until("why", async || verdict(&world, "north", 1).contains("does not pay the deposit")).await;
    assert_eq!(world.client.account(own).await.unwrap().nonce, fees);
    give(5_000_000).await;
    world.bids(deployment, 1).await;
    world.until("no problem", async || told().is_empty()).await;
}
