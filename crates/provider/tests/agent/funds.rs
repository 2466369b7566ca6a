//! Who may upload, by what the chain says.

use crate::world::{FIL, Piece, World, ask, key};
use depin_client::api::DealStage;
use depin_economy::Action;
use depin_ledger::Message;
use depin_provider::storage::ProviderConfig;
use depin_quantity::{Name, Units};
use depin_services::storage::{Ask, Proposal};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_funds_may_not_upload_until_it_has_some() {
    let world = World::start(1).await;
    let provider = world.provider().await;
    let (stranger, piece) = (key(50), Piece::new(1, 1 << 20));
    let (status, answer) = world.upload_as(&stranger, &provider, &piece).await;
    assert_eq!((status, &answer["error"]["code"]), (402, &"unfunded".into()), "{answer}");
    let said = answer["error"]["message"].as_str().unwrap();
    assert!(said.contains(&stranger.address().to_string()) && said.contains("has 0 FIL free and 0 FIL in escrow"), "{said}");
    assert_eq!(provider.store().pieces().unwrap(), 0);

    // One base unit per byte and epoch: an hour of 120 epochs, and the tree's bytes.
    let send = async |amount| {
        let (to, token) = (stranger.address(), Name::literal("FIL"));
        world.customer.submit(Message::Act(Action::Transfer { to, token, amount })).await.unwrap();
    };
    send(Units::new(120 << 20)).await;
    let short = world.upload_as(&stranger, &provider, &piece).await;
    assert_eq!(short.0, 402, "it was asked for less than two seconds ago, or the tree's bytes are missing: {}", short.1);
    send(Units::new(FIL)).await;
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    assert_eq!(world.upload_as(&stranger, &provider, &piece).await.0, 201);
    provider.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn escrow_of_deals_with_the_provider_counts_as_funds() {
    let world = World::start(1).await;
    // A price at which an hour of a MiB is more than a FIL.
    let price = Units::new((1 << 30) * 10_000_000_000);
    let config = world.provider_config();
    let ask = Ask { price, verified_price: price, ..ask() };
    let provider = world.provider_with(ProviderConfig { ask: ask.clone(), ..config }, key(3)).await;
    let (piece, next) = (Piece::new(1, 1 << 20), Piece::new(2, 1 << 20));
    assert_eq!(world.upload(&provider, &piece).await, 201);
    let price = ask.price_per_epoch(piece.size, false);
    let id = world.propose(vec![Proposal { price, ..world.proposal(provider.address(), &piece) }]).await[0];
    world.until(id, "acceptance", |deal| deal.state != DealStage::Proposed).await;
    let store = provider.store().clone();
    world.wait("the deal to be noted", || !store.pins().unwrap().is_empty()).await;

    let token = Name::literal("FIL");
    let own = world.client.account(world.customer.address()).await.unwrap().balance(token);
    let give = async |to, amount| {
        world.customer.submit(Message::Act(Action::Transfer { to, token, amount })).await.unwrap();
    };
    let half = Units::new(FIL / 2);
    give(key(50).address(), half).await;
    give(key(2).address(), own.minus_or_zero(Units::new(FIL))).await;
    assert!(world.client.account(world.customer.address()).await.unwrap().balance(token) < half);
    let (status, answer) = world.upload_as(&key(50), &provider, &next).await;
    assert_eq!(status, 402, "a stranger with as much: {answer}");
    // What the account had is taken for true for ten seconds.
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    assert_eq!(world.upload(&provider, &next).await, 201);
    provider.stop().await;
}
