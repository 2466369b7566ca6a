//! Whatever goes down, what is left follows from store and ledger.

use crate::world::{Piece, World, key};
use depin_client::api::DealStage;
use depin_provider::storage::Provider;
use depin_services::storage::StorageMessage;

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_cut_off_at_any_point_goes_on_where_it_was() {
    let world = World::start(1).await;
    let mut provider = world.provider().await;
    let url = provider.url().to_owned();
    for round in 0..4u8 {
        let piece = Piece::new(round, 10_000);
        assert_eq!(world.upload(&provider, &piece).await, 201);
        let id = world.propose(vec![world.proposal(provider.address(), &piece)]).await[0];
        if round % 2 == 1 {
            world.until(id, "acceptance", |deal| deal.state != DealStage::Proposed).await;
        }
        drop(provider);
        provider = world.provider().await;
        assert_ne!(provider.url(), url, "a free port is another one each time");
        world.until_stage(id, DealStage::Active).await;
    }
    assert_eq!(world.client.storage().provider(provider.address()).await.unwrap().unwrap().url, provider.url());
    provider.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deals_that_ended_while_it_was_away_are_let_go() {
    let world = World::start(1).await;
    let provider = world.provider().await;
    let piece = Piece::new(1, 10_000);
    assert_eq!(world.upload(&provider, &piece).await, 201);
    let id = world.propose(vec![world.proposal(provider.address(), &piece)]).await[0];
    world.until_stage(id, DealStage::Active).await;
    provider.stop().await;
    world.send(StorageMessage::EndDeals(vec![id])).await;
    let provider = world.provider().await;
    world.until_stage(id, DealStage::Ended).await;
    let store = provider.store().clone();
    world.wait("the pin to go", || store.pins().unwrap().is_empty()).await;
    provider.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_goes_and_comes_back_finds_the_provider_waiting() {
    let mut world = World::start(1).await;
    let provider = world.provider().await;
    assert_eq!(world.upload(&provider, &Piece::new(9, 10_000)).await, 201);
    world.stop_node().await;
    world.wait("the problem to be told", || provider.status().problems.contains_key("node")).await;
    // Uploads of those who were there lately need no node; what others have, nobody knows.
    let piece = Piece::new(1, 10_000);
    assert_eq!(world.upload(&provider, &piece).await, 201);
    let (status, answer) = world.upload_as(&key(2), &provider, &piece).await;
    assert_eq!((status, &answer["error"]["code"]), (503, &"node-away".into()), "{answer}");
    world.restart_node().await;
    let id = world.propose(vec![world.proposal(provider.address(), &piece)]).await[0];
    world.until_stage(id, DealStage::Active).await;
    world.wait("the problem to be over", || provider.status().problems.is_empty()).await;
    provider.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_knows_its_chain_starts_before_its_node() {
    let mut world = World::start(1).await;
    world.stop_node().await;
    let mut config = world.provider_config();
    config.operator.chain_id = Some(depin_quantity::Name::literal("agent-test"));
    let provider = Provider::start(config, world.client.clone(), key(3)).await.unwrap();
    world.wait("the problem to be told", || provider.status().problems.contains_key("node")).await;
    world.restart_node().await;
    provider.ready().await;
    assert!(provider.status().registered);
    provider.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_taken_out_of_the_network_stays_out_until_it_is_started_anew() {
    let world = World::start(1).await;
    let provider = world.provider().await;
    let operator = depin_client::Sender::new(world.client.clone(), key(3));
    operator.submit(depin_ledger::Message::service(StorageMessage::RemoveProvider)).await.unwrap();
    world.wait("the removal to be seen", || !provider.status().registered).await;
    assert!(provider.status().problems.contains_key("registration"));
    provider.stop().await;
    let provider = world.provider().await;
    assert!(world.client.storage().provider(provider.address()).await.unwrap().unwrap().ask.open);
    provider.stop().await;
}
