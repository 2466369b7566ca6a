//! Transactions take effect exactly once, whatever happens on the way.

use crate::server::{Bad, CHAIN, Server};
use depin_client::{Client, ClientConfig, Sender, SenderConfig, SigningKey, SubmitError, sign};
use depin_economy::Action;
use depin_ledger::{Message, Transaction};
use depin_quantity::{Address, Name, Units};
use depin_services::storage::{
    Proposal, StorageMessage,
    piece::{Commitment, PieceSize},
};
use std::time::Duration;

fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

fn config() -> SenderConfig {
    SenderConfig {
        poll: Duration::from_millis(2),
        poll_max: Duration::from_millis(20),
        final_timeout: Duration::from_secs(20),
        ..SenderConfig::default()
    }
}

fn sender(server: &Server) -> Sender {
    Sender::with_config(server.client(), key(), config())
}

fn transfer(units: u128) -> Message {
    Message::Act(Action::Transfer { to: Address::new([9; 32]), token: Name::literal("FIL"), amount: Units::new(units) })
}

fn amounts(transactions: &[Transaction]) -> Vec<u128> {
    let amount = |t: &Transaction| match &t.body.message {
        Message::Act(Action::Transfer { amount, .. }) => amount.get(),
        other => panic!("not a transfer: {other:?}"),
    };
    transactions.iter().map(amount).collect()
}

#[tokio::test]
async fn messages_become_final_one_nonce_after_another() {
    let server = Server::start().await;
    let sender = sender(&server);
    for n in 0..3 {
        let receipt = sender.submit(transfer(u128::from(n) + 1)).await.unwrap();
        assert_eq!((receipt.nonce, receipt.sender, receipt.action.as_str()), (n, key().address(), "transfer"));
    }
    assert_eq!(amounts(&server.inside().included), [1, 2, 3]);
    assert!(server.inside().included.iter().all(|t| t.body.base_fee_max.get() == 300), "three times the present base fee");
}

#[tokio::test]
async fn many_tasks_share_one_sender_without_using_a_nonce_twice() {
    let server = Server::start().await;
    let sender = sender(&server);
    let tasks: Vec<_> = (1..=30u128)
        .map(|n| {
            let sender = sender.clone();
            tokio::spawn(async move { sender.submit(transfer(n)).await.unwrap().nonce })
        })
        .collect();
    let mut nonces = Vec::new();
    for task in tasks {
        nonces.push(task.await.unwrap());
    }
    nonces.sort_unstable();
    assert_eq!(nonces, (0..30).collect::<Vec<_>>());
    let mut done = amounts(&server.inside().included);
    done.sort_unstable();
    assert_eq!(done, (1..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_lost_answer_sends_the_same_bytes_again_and_nothing_happens_twice() {
    let server = Server::start().await;
    server.inside().bad_posts.extend([Bad::AnswerLost, Bad::AnswerLost]);
    let receipt = sender(&server).submit(transfer(5)).await.unwrap();
    assert_eq!(receipt.nonce, 0);
    let inside = server.inside();
    assert_eq!(amounts(&inside.included), [5]);
    assert_eq!(inside.posted.len(), 3);
    assert!(inside.posted.iter().all(|t| *t == inside.posted[0]), "byte for byte the same");
}

#[tokio::test]
async fn a_busy_or_silent_node_is_asked_again() {
    let server = Server::start().await;
    server.inside().bad_posts.extend([Bad::Refuse(503, "busy"), Bad::Silence, Bad::Garbage, Bad::Refuse(502, "proxy")]);
    server.inside().bad_reads.extend([Bad::Refuse(503, "busy")]);
    sender(&server).submit(transfer(5)).await.unwrap();
    assert_eq!(amounts(&server.inside().included), [5]);
}

#[tokio::test]
async fn after_a_restart_the_nonce_goes_on_behind_what_still_waits() {
    let server = Server::start().await;
    server.inside().hold = true;
    let before = sender(&server);
    let waiting = tokio::spawn(async move { before.submit(transfer(1)).await });
    server.posted(1).await;
    waiting.abort();
    let after = sender(&server);
    let second = tokio::spawn({
        let after = after.clone();
        async move { after.submit(transfer(2)).await }
    });
    server.posted(2).await;
    server.inside().finalize();
    assert_eq!(second.await.unwrap().unwrap().nonce, 1);
    assert_eq!(amounts(&server.inside().included), [1, 2]);
    after.settled().await.unwrap();
}

#[tokio::test]
async fn settling_waits_for_what_an_earlier_process_sent() {
    let server = Server::start().await;
    server.inside().hold = true;
    let old = sign(&key(), CHAIN, 0, Units::new(1000), Units::ZERO, transfer(1));
    server.client().post_transaction(&old, false).await.unwrap();
    let sender = sender(&server);
    let settled = tokio::spawn(async move { sender.settled().await });
    tokio::task::yield_now().await;
    assert!(!settled.is_finished());
    server.inside().finalize();
    settled.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_node_that_lost_its_pool_gets_the_same_bytes_again() {
    let server = Server::start().await;
    server.inside().hold = true;
    let sender = sender(&server);
    let tasks: Vec<_> = (1..=2u128)
        .map(|n| {
            let sender = sender.clone();
            tokio::spawn(async move { sender.submit(transfer(n)).await })
        })
        .collect();
    server.posted(2).await;
    let lost = std::mem::take(&mut server.inside().pool);
    server.inside().hold = false;
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let inside = server.inside();
    assert_eq!(inside.included.len(), 2);
    assert!(lost.values().all(|t| inside.included.contains(t)), "as signed first");
}

#[tokio::test]
async fn a_message_behind_a_gap_makes_the_ones_before_it_go_out_again() {
    let server = Server::start().await;
    server.inside().hold = true;
    let slow = SenderConfig { poll: Duration::from_secs(5), poll_max: Duration::from_secs(5), ..config() };
    let sender = Sender::with_config(server.client(), key(), slow);
    let first = tokio::spawn({
        let sender = sender.clone();
        async move { sender.submit(transfer(1)).await }
    });
    server.posted(1).await;
    server.inside().pool.clear();
    let second = tokio::spawn({
        let sender = sender.clone();
        async move { sender.submit(transfer(2)).await }
    });
    // The second is refused as too far ahead, the first goes out again, then the second.
    server.posted(4).await;
    server.inside().finalize();
    assert_eq!(amounts(&server.inside().included), [1, 2]);
    first.abort();
    second.abort();
}

#[tokio::test]
async fn a_nonce_used_by_another_program_is_replaced_and_the_message_counts_once() {
    let server = Server::start().await;
    server.inside().hold = true;
    let task = tokio::spawn({
        let sender = sender(&server);
        async move { sender.submit(transfer(5)).await }
    });
    server.posted(1).await;
    {
        // The other program's transaction pays more and is included instead.
        let mut inside = server.inside();
        inside.pool.clear();
        let other = sign(&key(), CHAIN, 0, Units::new(1000), Units::new(50), transfer(77));
        inside.pool.insert((key().address(), 0), other);
        inside.finalize();
        inside.hold = false;
    }
    assert_eq!(task.await.unwrap().unwrap().nonce, 1);
    assert_eq!(amounts(&server.inside().included), [77, 5]);
}

#[tokio::test]
async fn a_stale_nonce_is_asked_anew() {
    let server = Server::start().await;
    let sender = sender(&server);
    sender.submit(transfer(1)).await.unwrap();
    server.inside().nonces.insert(key().address(), 7);
    assert_eq!(sender.submit(transfer(2)).await.unwrap().nonce, 7);
}

#[tokio::test]
async fn a_base_fee_that_rises_is_followed_with_the_same_nonce() {
    let server = Server::start().await;
    server.inside().hold = true;
    let task = tokio::spawn({
        let sender = sender(&server);
        async move { sender.submit(transfer(5)).await }
    });
    server.posted(1).await;
    server.inside().base_fee = 1_000;
    server.posted(2).await;
    server.inside().finalize();
    let receipt = task.await.unwrap().unwrap();
    let inside = server.inside();
    assert_eq!(amounts(&inside.included), [5], "one of the two");
    assert_eq!((receipt.nonce, inside.included[0].body.base_fee_max.get()), (0, 3_000));
    assert!(inside.included[0].body.tip > inside.posted[0].body.tip, "pools replace only for a higher tip");
}

#[tokio::test]
async fn a_fee_refused_at_the_door_is_worked_out_anew() {
    let server = Server::start().await;
    server.inside().bad_posts.push_back(Bad::Refuse(402, "fee-too-low"));
    sender(&server).submit(transfer(5)).await.unwrap();
    assert_eq!(amounts(&server.inside().included), [5]);
}

#[tokio::test]
async fn a_refusal_says_what_the_node_said_and_uses_no_nonce() {
    let server = Server::start().await;
    let sender = sender(&server);
    server.inside().bad_posts.push_back(Bad::Refuse(402, "balance-too-low"));
    let error = sender.submit(transfer(5)).await.unwrap_err();
    assert_eq!((error.code(), error.is_passing()), (Some("balance-too-low"), false));
    assert_eq!(error.to_string(), "the node refused: it is balance-too-low; do better");
    assert_eq!(sender.submit(transfer(6)).await.unwrap().nonce, 0);
    assert_eq!(amounts(&server.inside().included), [6]);
}

#[tokio::test]
async fn a_failure_in_the_block_is_an_error_with_its_receipt() {
    let server = Server::start().await;
    server.inside().fail = Some("wrong-state");
    let error = sender(&server).submit(transfer(5)).await.unwrap_err();
    let SubmitError::Failed { code, receipt, .. } = error else { panic!("{error}") };
    assert_eq!((code.as_str(), receipt.nonce), ("wrong-state", 0));
}

#[tokio::test]
async fn another_chain_is_refused_before_anything_is_signed_for_it() {
    let server = Server::start().await;
    let sender = sender(&server);
    sender.submit(transfer(1)).await.unwrap();
    server.inside().chain = Some(Name::literal("other-9"));
    let error = sender.submit(transfer(2)).await.unwrap_err();
    assert!(matches!(error, SubmitError::WrongChain { expected, found } if expected == CHAIN && found.as_str() == "other-9"));
    let pinned = SenderConfig { chain_id: Some(Name::literal("third")), ..config() };
    let pinned = Sender::with_config(server.client(), key(), pinned);
    assert!(matches!(pinned.submit(transfer(3)).await, Err(SubmitError::WrongChain { .. })));
    assert_eq!(server.inside().posted.len(), 1);
}

/// A node that lies could have anything signed, and a block that was made dear for it would take it.
#[tokio::test]
async fn no_base_fee_above_the_ceiling_is_signed() {
    let server = Server::start().await;
    (server.inside().base_fee, server.inside().base_fee_least) = (90_000_000, Some(100));
    let sender = sender(&server);
    sender.submit(transfer(1)).await.unwrap();
    assert_eq!(server.inside().included[0].body.base_fee_max.get(), 100_000_000, "the head room ends at the ceiling");
    server.inside().base_fee = 100_000_001;
    let error = sender.submit(transfer(2)).await.unwrap_err();
    assert!(
        matches!(error, SubmitError::BaseFee { now, most } if (now.get(), most.get()) == (100_000_001, 100_000_000)),
        "{error}"
    );
    assert!(error.to_string().contains("100000001 base units") && error.to_string().contains("--max-base-fee"), "{error}");
    let given = SenderConfig { base_fee_most: Some(Units::new(200_000_000)), ..config() };
    Sender::with_config(server.client(), key(), given).submit(transfer(3)).await.unwrap();
    assert_eq!(server.inside().posted.len(), 2);
    // Of a sender that says nothing the client's own limit holds, which all that a daemon sends has.
    let limited = ClientConfig { base_fee_most: Some(Units::new(50_000_000)), ..ClientConfig::default() };
    let limited = Client::with_config(server.client().url(), limited).unwrap();
    let error = Sender::with_config(limited, key(), config()).submit(transfer(3)).await.unwrap_err();
    assert!(matches!(error, SubmitError::BaseFee { most, .. } if most.get() == 50_000_000), "{error}");
    server.inside().base_fee = 100;
    server.inside().hold = true;
    let waiting = tokio::spawn(async move { sender.submit(transfer(4)).await });
    server.posted(3).await;
    server.inside().base_fee = 100_000_001;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.inside().posted.len(), 3, "nor is it when the fee rises meanwhile");
    waiting.abort();
}

#[tokio::test]
async fn what_does_not_become_final_in_time_is_uncertain_not_failed() {
    let server = Server::start().await;
    server.inside().hold = true;
    let hasty = SenderConfig { final_timeout: Duration::from_millis(100), ..config() };
    let sender = Sender::with_config(server.client(), key(), hasty);
    let error = sender.submit(transfer(5)).await.unwrap_err();
    let SubmitError::Uncertain { id, .. } = error else { panic!("{error}") };
    assert!(error.is_passing());
    assert_eq!(id, server.inside().posted[0].id());
}

#[tokio::test]
async fn a_node_that_is_not_there_leaves_nothing_in_doubt() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client_config = depin_client::ClientConfig { retry_pause: Duration::from_millis(1), ..Default::default() };
    let client = depin_client::Client::with_config(&url, client_config).unwrap();
    let sender = Sender::with_config(client, key(), SenderConfig { final_timeout: Duration::from_millis(50), ..config() });
    let error = sender.submit(transfer(5)).await.unwrap_err();
    assert!(matches!(&error, SubmitError::Client(depin_client::ClientError::Unreachable { connected: false, .. })), "{error:?}");
    assert!(error.to_string().contains(&url) && error.to_string().contains("depin up"), "{error}");
}

#[tokio::test]
async fn an_oversized_transaction_is_refused_before_it_is_sent() {
    let server = Server::start().await;
    let size = PieceSize::MIN;
    let proposal = Proposal {
        provider: Address::new([2; 32]),
        piece: Commitment::of_zeros(size),
        size,
        price: Units::new(1),
        term: 1,
        start_within: 1,
        verified: false,
        label: "x".repeat(300_000),
    };
    let message = Message::service(StorageMessage::ProposeDeals(vec![proposal]));
    assert!(matches!(sender(&server).submit(message).await, Err(SubmitError::TooLarge { .. })));
    assert!(server.inside().posted.is_empty());
}
