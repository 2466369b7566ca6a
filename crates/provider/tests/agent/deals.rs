//! Deals are taken and proven by the provider itself, or declined with a reason.

use crate::world::{FIL, Piece, World, ask, key};
use depin_client::{Sender, api::DealStage};
use depin_economy::Action;
use depin_ledger::Message;
use depin_provider::storage::ProviderConfig;
use depin_quantity::{Name, Units};
use depin_services::storage::{Ask, Proposal, StorageMessage};

/// What a provider is left with that pays fees, but no pledge.
const LEFT: u128 = FIL / 100_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_deal_lives_from_upload_to_its_agreed_end_without_anybody_at_the_provider() {
    let world = World::start(100).await;
    let provider = world.provider().await;
    let piece = Piece::new(1, 100_000);
    assert_eq!(world.upload(&provider, &piece).await, 201);
    let id = world.propose(vec![world.proposal(provider.address(), &piece)]).await[0];
    let active = world.until_stage(id, DealStage::Active).await;
    assert_eq!(provider.store().status(&piece.cid).unwrap().unwrap().deals, [id]);
    assert_eq!(world.download(&provider, &piece).await, (200, piece.payload.clone()));

    // Two windows are answered, none is missed.
    let number = active.set.unwrap();
    world.wait("two proven windows", || provider.status().service.done.sets_proven >= 2).await;
    let sets = world.client.storage().all_sets(Some(provider.address())).await.unwrap();
    let set = sets.iter().find(|set| set.set == number).unwrap();
    assert!(set.proven >= 2 && set.missed == 0, "{set:?}");
    world.wait("a claim of rewards", || provider.status().claims >= 1).await;

    world.send(StorageMessage::ExtendDeals { deals: vec![id], epochs: 200 }).await;
    let longer = world.until(id, "a longer term", |deal| deal.extension_epochs.is_none()).await;
    assert_eq!(longer.term_epochs, 2_880 + 200);

    world.send(StorageMessage::EndDeals(vec![id])).await;
    let ended = world.until_stage(id, DealStage::Ended).await;
    assert_eq!(ended.reason.as_deref(), Some("both sides ended it early"));
    let store = provider.store().clone();
    world.wait("the piece to be let go", || store.status(&piece.cid).unwrap().is_none_or(|piece| piece.deals.is_empty())).await;
    let done = provider.status().service.done;
    assert_eq!((done.accepted, done.refused, done.sectors_proven, done.extensions, done.ends), (1, 0, 1, 1, 1));
    // Registration, acceptance, first proof, extension, end, windows, claims: nothing was sent in vain.
    let nonce = world.client.account(provider.address()).await.unwrap().nonce;
    assert_eq!(nonce, 5 + done.sets_proven + provider.status().claims);
    assert!(world.client.audit().await.unwrap().ok);
    provider.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deals_that_do_not_suit_are_declined_and_the_others_of_the_batch_taken() {
    let world = World::start(1).await;
    let provider = world.provider().await;
    let (good, absent) = (Piece::new(1, 5_000), Piece::new(2, 5_000));
    assert_eq!(world.upload(&provider, &good).await, 201);
    let fitting = world.proposal(provider.address(), &good);
    let cheap = Proposal { price: Units::new(fitting.price.get() - 1), ..fitting.clone() };
    let short = Proposal { term: 121, ..fitting.clone() };
    let missing = world.proposal(provider.address(), &absent);
    // The ask is raised in its terms only, so that the ledger lets the proposals through and the provider decides.
    let operator = Sender::new(world.client.clone(), key(3));
    operator.submit(Message::service(StorageMessage::SetAsk(Ask { term_min: 122, ..ask() }))).await.unwrap();
    world.wait("the new ask", || provider.status().service.ask.is_some_and(|ask| ask.term_min_epochs == 122)).await;
    let ids = world.propose(vec![fitting.clone(), cheap, short, missing, fitting]).await;
    for id in [ids[0], ids[4]] {
        world.until_stage(id, DealStage::Active).await;
    }
    for (id, words) in [(ids[1], "below the ask"), (ids[2], "only 122 to"), (ids[3], "upload it first")] {
        let deal = world.until_stage(id, DealStage::Refused).await;
        assert!(deal.reason.as_ref().unwrap().contains(words), "{deal:?}");
    }
    provider.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_without_money_says_so_and_begins_when_it_gets_some() {
    let world = World::start(1).await;
    let poor = key(77);
    let config = world.provider_config();
    let provider = depin_provider::storage::Provider::start(config, world.client.clone(), poor.clone()).await.unwrap();
    world.wait("the problem to be told", || provider.status().problems.contains_key("balance")).await;
    assert!(provider.status().problems["balance"].contains(&poor.address().to_string()));
    assert!(!provider.status().registered);
    let gift = Message::Act(Action::Transfer { to: poor.address(), token: Name::literal("FIL"), amount: Units::new(10 * FIL) });
    world.customer.submit(gift).await.unwrap();
    provider.ready().await;
    let status = provider.status();
    assert!(status.registered && status.problems.is_empty(), "{status:?}");
    assert_eq!(world.client.storage().provider(poor.address()).await.unwrap().unwrap().url, provider.url());
    provider.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deal_whose_pledge_cannot_be_locked_is_declined_with_the_ledgers_words() {
    let world = World::start(1).await;
    let provider = world.provider().await;
    let operator = Sender::new(world.client.clone(), key(3));
    let balance = world.client.account(key(3).address()).await.unwrap().balances[0].units;
    // Enough for many fees.
    let amount = balance.minus(Units::new(LEFT)).unwrap();
    let away = Message::Act(Action::Transfer { to: key(4).address(), token: Name::literal("FIL"), amount });
    operator.submit(away).await.unwrap();
    let piece = Piece::new(1, 8_000_000);
    assert_eq!(world.upload(&provider, &piece).await, 201);
    let id = world.propose(vec![world.proposal(provider.address(), &piece)]).await[0];
    world.wait("the problem to be told", || provider.status().problems.contains_key("deals")).await;
    let refused = world.until_stage(id, DealStage::Refused).await;
    assert!(refused.reason.as_ref().unwrap().contains("the provider cannot take it now: "), "{refused:?}");
    provider.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_deals_go_through_in_batches() {
    let world = World::start(1).await;
    let provider = world.provider().await;
    let pieces: Vec<Piece> = (0..100).map(|n| Piece::new(n, 2_000 + usize::from(n))).collect();
    for piece in &pieces {
        assert_eq!(world.upload(&provider, piece).await, 201);
    }
    let mut ids = Vec::new();
    for part in pieces.chunks(50) {
        ids.extend(world.propose(part.iter().map(|piece| world.proposal(provider.address(), piece)).collect()).await);
    }
    for id in &ids {
        world.until_stage(*id, DealStage::Active).await;
    }
    assert_eq!(world.client.storage().provider(provider.address()).await.unwrap().unwrap().deals, 100);
    assert_eq!(world.deals_of(provider.address()).await.len(), 100);
    provider.stop().await;
}

/// A client's data set costs a proof a period, however little the client pays.
#[tokio::test(flavor = "multi_thread")]
async fn where_small_clients_are_enough_one_that_pays_for_its_proofs_is_taken() {
    let world = World::start(1).await;
    let config = ProviderConfig { small_clients: 0, ..world.provider_config() };
    let provider = world.provider_with(config, key(3)).await;
    let piece = Piece::new(1, 5_000);
    assert_eq!(world.upload(&provider, &piece).await, 201);
    let small = world.proposal(provider.address(), &piece);
    let id = world.propose(vec![small.clone()]).await[0];
    let reason = world.until_stage(id, DealStage::Refused).await.reason.unwrap();
    assert!(reason.contains("0 data sets pay less than their proofs cost"), "{reason}");
    // The least price that the refusal tells: `… at 0.0000000024 FIL an epoch`.
    let told = reason.split(" at ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let places = told.strip_prefix("0.").unwrap();
    let price = Units::new(places.parse::<u128>().unwrap() * 10u128.pow(18 - places.len() as u32));
    let ids = world.propose(vec![Proposal { price, ..small }]).await;
    world.until_stage(ids[0], DealStage::Active).await;
    let sets = world.client.storage().all_sets(Some(provider.address())).await.unwrap();
    assert_eq!(sets.iter().map(|set| set.client).collect::<Vec<_>>(), [key(1).address()]);
    provider.stop().await;
}
