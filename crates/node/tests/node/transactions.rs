//! Handing transactions in over HTTP: what is taken, what is refused and why, and what becomes of it.

use crate::common::{FIL, World, error_code, key, name, transfer};
use depin_client::api::{TransactionPhase, code};
use depin_economy::Action;
use depin_ledger::{Body, Message, TRANSACTION_MAX, Transaction};
use depin_node::PoolLimits;
use depin_quantity::{Name, Units};
use depin_services::storage::{
    LABEL_MAX, Proposal, StorageMessage,
    piece::{Commitment, PieceSize},
};
use futures::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use reqwest::{Method, StatusCode};
use std::time::Duration;

#[tokio::test]
async fn a_transfer_is_final_with_its_receipt_and_changes_the_balances() {
    let world = World::start().await;
    let (from, to) = (key(1), key(50).address());
    let posted = world.send(&from, transfer(to, 3 * FIL)).await;
    let receipt = posted.receipt.unwrap();
    assert_eq!((receipt.id, receipt.sender, receipt.nonce, receipt.action.as_str()), (posted.id, from.address(), 0, "transfer"));
    assert_eq!(receipt.failure, None);
    assert!(!receipt.fee.units.is_zero() && !receipt.events.is_empty());
    let got = world.client.account(to).await.unwrap();
    assert_eq!((got.balances[0].units, got.balances[0].display.as_str()), (Units::new(3 * FIL), "3 FIL"));
    let left = world.client.account(from.address()).await.unwrap();
    assert_eq!(left.balances[0].units, Units::new(997 * FIL - receipt.fee.units.get()));
    assert_eq!((left.nonce, left.next_nonce, left.name.as_deref()), (1, 1, Some("account-1")));
    let known = world.client.transaction(posted.id).await.unwrap();
    assert_eq!((known.state, known.receipt), (TransactionPhase::Final, Some(receipt.clone())));
    let block = world.client.block(receipt.height).await.unwrap().unwrap();
    assert_eq!(block.receipts, [receipt]);
    assert!(world.client.audit().await.unwrap().ok);
}

#[tokio::test]
async fn the_same_transaction_again_is_answered_with_its_receipt() {
    let world = World::start().await;
    let transaction = world.transaction(&key(1), transfer(key(2).address(), 1)).await;
    let first = world.client.post_transaction(&transaction, true).await.unwrap();
    for wait in [false, true] {
        assert_eq!(world.client.post_transaction(&transaction, wait).await.unwrap(), first);
    }
    assert_eq!(world.post(&transaction).await.0, StatusCode::OK);
    // Many at once: taken once.
    let transaction = world.transaction(&key(1), transfer(key(2).address(), 2)).await;
    let calls = (0..16).map(|_| world.client.post_transaction(&transaction, true));
    for answer in futures::future::join_all(calls).await {
        assert_eq!(answer.unwrap().receipt.unwrap().nonce, 1);
    }
    assert_eq!(world.client.account(key(1).address()).await.unwrap().nonce, 2);
}

/// One transaction whose nonce does not come up, and three hundred that wait for it: all but 256 are told at once that it waits.
#[tokio::test]
async fn so_many_wait_for_finality_and_no_more() {
    let world = World::start().await;
    let ahead = world.transaction_at(&key(1), 1, transfer(key(2).address(), 1));
    let mut calls: FuturesUnordered<_> = (0..300).map(|_| world.client.post_transaction(&ahead, true)).collect();
    for _ in 0..300 - 256 {
        let answered = tokio::time::timeout(Duration::from_secs(20), calls.next()).await.expect("before the wait is over");
        assert_eq!(answered.unwrap().unwrap().receipt, None);
    }
    let sender = key(3);
    let meanwhile = world.send(&sender, transfer(key(2).address(), 1));
    let (others, waiting) = tokio::join!(meanwhile, async { calls.next().now_or_never().is_none() });
    assert!(waiting, "the others wait still");
    assert!(others.receipt.is_none(), "handed in, and not waited for");
}

#[tokio::test]
async fn garbage_is_no_transaction() {
    let world = World::start().await;
    let malformed = (StatusCode::BAD_REQUEST, code::MALFORMED.to_owned());
    for bytes in [&[][..], &[0; 10], &[255; 300]] {
        assert_eq!(world.post_bytes(bytes).await, malformed);
    }
    let good = world.transaction(&key(1), transfer(key(2).address(), 1)).await.encode();
    assert_eq!(world.post_bytes(&good[..good.len() - 1]).await, malformed);
    assert_eq!(world.post_bytes(&[&good[..], &[0]].concat()).await, malformed);
    for body in ["", "{", "[]", "{}", "null", "{\"transaction\":7}", "{\"transaction\":\"zz\"}", "{\"transaction\":\"abc\"}"] {
        let (status, answer) = world.call(Method::POST, "/v1/transactions", Some(body)).await;
        assert_eq!((status, error_code(&answer).as_str()), (StatusCode::BAD_REQUEST, code::MALFORMED), "{body}");
    }
    let (status, answer) = world.call(Method::POST, "/v1/transactions?wait=later", Some("{\"transaction\":\"00\"}")).await;
    assert_eq!((status, error_code(&answer).as_str()), (StatusCode::BAD_REQUEST, code::BAD_REQUEST));
}

#[tokio::test]
async fn oversized_transactions_and_bodies_are_refused() {
    let world = World::start().await;
    let too_large = (StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE.to_owned());
    assert_eq!(world.post_bytes(&vec![1; TRANSACTION_MAX + 1]).await, too_large);
    assert_eq!(world.post_bytes(&vec![1; 2 * TRANSACTION_MAX]).await, too_large);
    // Without a stated length it is found while reading.
    let chunks = futures::stream::iter((0..64).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 64 << 10])));
    let url = format!("{}/v1/transactions", world.node.api_url());
    let response = world.http.post(url).body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(error_code(&response.json().await.unwrap()), code::TOO_LARGE);
}

#[tokio::test]
async fn a_transaction_that_another_key_signed_is_refused() {
    let world = World::start().await;
    let good = world.transaction(&key(1), transfer(key(2).address(), 1)).await;
    let refused = (StatusCode::UNPROCESSABLE_ENTITY, code::BAD_SIGNATURE.to_owned());
    let signed_by_other = Transaction { signature: key(2).sign(&good.body.signed_bytes()), ..good.clone() };
    let altered = Transaction { body: Body { tip: Units::new(1), ..good.body.clone() }, ..good.clone() };
    let none = Transaction { signature: [0; 64], ..good.clone() };
    for wrong in [signed_by_other, altered, none] {
        assert_eq!(world.post(&wrong).await, refused);
    }
    assert_eq!(world.post(&good).await, (StatusCode::ACCEPTED, String::new()));
}

#[tokio::test]
async fn another_chains_transaction_is_refused() {
    let world = World::start().await;
    let mut body = world.transaction(&key(1), Message::Act(Action::Claim { after: None })).await.body;
    body.chain_id = Name::literal("other-chain");
    let transaction = Transaction { signature: key(1).sign(&body.signed_bytes()), body };
    assert_eq!(world.post(&transaction).await, (StatusCode::UNPROCESSABLE_ENTITY, code::WRONG_CHAIN.to_owned()));
}

#[tokio::test]
async fn a_replayed_nonce_is_refused() {
    let world = World::start().await;
    world.send(&key(1), transfer(key(2).address(), 1)).await;
    let replay = world.transaction_at(&key(1), 0, transfer(key(3).address(), 1));
    assert_eq!(world.post(&replay).await, (StatusCode::CONFLICT, code::NONCE_TOO_LOW.to_owned()));
}

#[tokio::test]
async fn nonces_out_of_order_wait_and_those_too_far_ahead_are_refused() {
    let world = World::start().await;
    let from = key(1);
    let third = world.transaction_at(&from, 2, transfer(key(2).address(), 3));
    let second = world.transaction_at(&from, 1, transfer(key(2).address(), 2));
    let first = world.transaction_at(&from, 0, transfer(key(2).address(), 1));
    assert_eq!(world.post(&third).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.post(&second).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.client.transaction(third.id()).await.unwrap().state, TransactionPhase::Pending);
    assert_eq!(world.client.account(from.address()).await.unwrap().next_nonce, 0);
    let posted = world.client.post_transaction(&first, true).await.unwrap();
    let heights = [
        posted.receipt.unwrap().height,
        world.client.post_transaction(&second, true).await.unwrap().receipt.unwrap().height,
        world.client.post_transaction(&third, true).await.unwrap().receipt.unwrap().height,
    ];
    assert!(heights.is_sorted());
    let far =
        world.transaction_at(&from, 3 + PoolLimits::default().nonce_ahead_max + 1, Message::Act(Action::Claim { after: None }));
    assert_eq!(world.post(&far).await, (StatusCode::CONFLICT, code::NONCE_TOO_HIGH.to_owned()));
}

#[tokio::test]
async fn a_waiting_transaction_is_replaced_only_by_a_higher_tip() {
    let world = World::start().await;
    let tipped = |tip: u128, amount| {
        let mut body = world.transaction_at(&key(1), 1, transfer(key(2).address(), amount)).body;
        body.tip = Units::new(tip);
        Transaction { signature: key(1).sign(&body.signed_bytes()), body }
    };
    let (first, same, higher) = (tipped(100, 1), tipped(100, 2), tipped(110, 3));
    assert_eq!(world.post(&first).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.post(&same).await, (StatusCode::CONFLICT, code::NONCE_TAKEN.to_owned()));
    assert_eq!(world.post(&higher).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.client.transaction(first.id()).await.unwrap().state, TransactionPhase::Unknown);
    assert_eq!(world.client.transaction(higher.id()).await.unwrap().state, TransactionPhase::Pending);
}

#[tokio::test]
async fn who_waits_for_a_replaced_transaction_is_told() {
    let world = World::start().await;
    let first = world.transaction_at(&key(1), 1, transfer(key(2).address(), 1));
    let mut body = first.body.clone();
    body.tip = Units::new(10);
    let second = Transaction { signature: key(1).sign(&body.signed_bytes()), body };
    let waiting = tokio::spawn({
        let (client, first) = (world.client.clone(), first.clone());
        async move { client.post_transaction(&first, true).await }
    });
    while world.client.transaction(first.id()).await.unwrap().state != TransactionPhase::Pending {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.post(&second).await.0, StatusCode::ACCEPTED);
    assert_eq!(waiting.await.unwrap().unwrap_err().code(), Some("dropped"));
}

#[tokio::test]
async fn who_cannot_pay_is_refused() {
    let world = World::start().await;
    let poor = world.transaction(&key(60), Message::Act(Action::Claim { after: None })).await;
    let (status, code) = world.post(&poor).await;
    assert_eq!((status, code.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, code::BALANCE_TOO_LOW));
    let mut body = world.transaction(&key(1), Message::Act(Action::Claim { after: None })).await.body;
    body.base_fee_max = Units::ZERO;
    let stingy = Transaction { signature: key(1).sign(&body.signed_bytes()), body };
    assert_eq!(world.post(&stingy).await, (StatusCode::UNPROCESSABLE_ENTITY, code::FEE_TOO_LOW.to_owned()));
    // Amounts are told as people write them.
    let told = world.client.post_transaction(&stingy, false).await.unwrap_err().to_string();
    assert!(told.contains(" FIL per work unit, the transaction pays at most 0 FIL"), "{told}");
    let told = world.client.post_transaction(&poor, false).await.unwrap_err().to_string();
    assert!(told.contains("the fee cannot be paid: needs 0.") && told.contains(" FIL, has 0 FIL"), "{told}");
    let mut body = world.transaction(&key(1), Message::Act(Action::Claim { after: None })).await.body;
    body.tip = Units::new(u128::MAX);
    let boastful = Transaction { signature: key(1).sign(&body.signed_bytes()), body };
    assert_eq!(world.post(&boastful).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

/// A balance that covers the fee and not the amount: included, fee paid, nothing moved.
#[tokio::test]
async fn a_transfer_of_more_than_there_is_fails_with_its_fee_paid() {
    let world = World::start().await;
    let posted = world.send(&key(1), transfer(key(2).address(), 5_000 * FIL)).await;
    let receipt = posted.receipt.unwrap();
    assert!(receipt.failure.is_some() && !receipt.fee.units.is_zero());
    let other = world.client.account(key(2).address()).await.unwrap();
    assert_eq!(other.balances[0].units, Units::new(1_000 * FIL));
    assert!(world.client.audit().await.unwrap().ok);
}

/// More work than a block holds, in few enough bytes.
#[tokio::test]
async fn a_transaction_over_the_blocks_budget_is_refused() {
    let world = World::start_with(|config| {
        // The smallest budget that the rules allow to write down.
        config.genesis.network_toml = with_target_work(&config.genesis.network_toml, 30);
    })
    .await;
    let proposal = Proposal {
        provider: key(3).address(),
        piece: Commitment::new([0; 32]).unwrap(),
        size: PieceSize::MIN,
        price: Units::new(1),
        term: 600_000,
        start_within: 100,
        verified: false,
        label: "x".repeat(LABEL_MAX),
    };
    let message = Message::service(StorageMessage::ProposeDeals(vec![proposal; 8]));
    let transaction = world.transaction(&key(1), message).await;
    assert_eq!(world.post(&transaction).await, (StatusCode::UNPROCESSABLE_ENTITY, "too-much-work".to_owned()));
    world.send(&key(1), transfer(key(2).address(), 1)).await;
}

fn with_target_work(toml: &str, work: u64) -> String {
    let is_target = |line: &str| line.trim_start().starts_with("target") && line.contains("work =");
    let changed: Vec<String> = toml
        .lines()
        .map(|line| match line.find("work =").filter(|_| is_target(line)) {
            Some(at) => {
                let rest = &line[at..];
                let end = rest.find(',').or_else(|| rest.find('}')).unwrap_or(rest.len());
                format!("{}work = {work}{}", &line[..at], &rest[end..])
            }
            None => line.to_owned(),
        })
        .collect();
    assert_ne!(changed.join("\n"), toml.lines().collect::<Vec<_>>().join("\n"), "the file has a target");
    changed.join("\n")
}

#[tokio::test]
async fn a_full_pool_says_so_and_takes_better_payers() {
    let limits = PoolLimits { count_max: 3, sender_max: 2, ..PoolLimits::default() };
    let world = World::start_with(|config| config.pool = limits).await;
    // Behind a gap nothing is included, so the pool stays as it is.
    let waiting = |from: u8, nonce, tip: u128| {
        let mut body = world.transaction_at(&key(from), nonce, Message::Act(Action::Claim { after: None })).body;
        body.tip = Units::new(tip);
        Transaction { signature: key(from).sign(&body.signed_bytes()), body }
    };
    for (from, nonce) in [(1, 1), (1, 2), (2, 1)] {
        assert_eq!(world.post(&waiting(from, nonce, 5)).await.0, StatusCode::ACCEPTED);
    }
    assert_eq!(world.post(&waiting(1, 3, 5)).await, (StatusCode::TOO_MANY_REQUESTS, code::BUSY.to_owned()));
    assert_eq!(world.post(&waiting(3, 1, 4)).await, (StatusCode::SERVICE_UNAVAILABLE, code::BUSY.to_owned()));
    assert_eq!(world.post(&waiting(3, 1, 6)).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.node.pool().size().count, 3);
}

#[tokio::test]
async fn hundreds_of_transfers_of_many_senders_are_all_included_in_order() {
    let world = World::start().await;
    let mut last = Vec::new();
    for sender in 1..=4u8 {
        let from = key(sender);
        for nonce in 0..100 {
            let transaction = world.transaction_at(&from, nonce, transfer(key(70).address(), 1));
            assert_eq!(world.post(&transaction).await.0, StatusCode::ACCEPTED);
            if nonce == 99 {
                last.push(transaction);
            }
        }
    }
    for transaction in &last {
        assert!(world.client.post_transaction(transaction, true).await.unwrap().receipt.unwrap().failure.is_none());
    }
    assert_eq!(world.client.account(key(70).address()).await.unwrap().balances[0].units, Units::new(400));
    assert_eq!(world.node.pool().size().count, 0);
    assert_eq!(world.client.audit().await.unwrap().violations, Vec::<String>::new());
    assert_eq!(name("test-chain"), world.client.status().await.unwrap().chain_id);
}
