//! Many transactions in one request: each is answered as if it had come alone.

use crate::common::{FIL, World, error_code, key, transfer};
use depin_client::api::{BATCH_BYTES_MAX, BATCH_MAX, BatchAnswer, code};
use depin_economy::Action;
use depin_ledger::{Body, Message, Transaction};
use depin_quantity::{Name, Units};
use reqwest::{Method, StatusCode};
use serde_json::json;

const PATH: &str = "/v1/transactions/batch";

/// Codes of refusals; empty for what was taken.
fn codes(answers: &[BatchAnswer]) -> Vec<&str> {
    let code = |answer| match answer {
        &BatchAnswer::Posted(_) => "",
        BatchAnswer::Refused(body) => body.error.code.as_str(),
    };
    answers.iter().map(code).collect()
}

#[tokio::test]
async fn all_of_a_batch_become_final_in_their_order() {
    let world = World::start().await;
    let (from, to) = (key(1), key(50).address());
    let transactions: Vec<_> = (0..20).map(|nonce| world.transaction_at(&from, nonce, transfer(to, FIL))).collect();
    let answers = world.client.post_transactions(&transactions).await.unwrap();
    for (answer, transaction) in answers.iter().zip(&transactions) {
        let BatchAnswer::Posted(posted) = answer else { panic!("{answer:?}") };
        assert_eq!((posted.id, &posted.receipt), (transaction.id(), &None));
    }
    let last = world.client.post_transaction(&transactions[19], true).await.unwrap();
    assert_eq!(last.receipt.unwrap().nonce, 19);
    assert_eq!(world.client.account(to).await.unwrap().balances[0].units, Units::new(20 * FIL));
    // Again: nothing is taken twice, and each is answered with its receipt.
    let again = world.client.post_transactions(&transactions).await.unwrap();
    for (nonce, answer) in (0..).zip(again) {
        let BatchAnswer::Posted(posted) = answer else { panic!("{answer:?}") };
        assert_eq!(posted.receipt.unwrap().nonce, nonce);
    }
    assert_eq!(world.client.account(to).await.unwrap().balances[0].units, Units::new(20 * FIL));
    assert!(world.client.audit().await.unwrap().ok);
}

#[tokio::test]
async fn what_is_wrong_with_one_does_not_touch_the_others() {
    let world = World::start().await;
    let good = |n: u8| world.transaction_at(&key(n), 0, transfer(key(60).address(), 1));
    let by_other = Transaction { signature: key(9).sign(&good(2).body.signed_bytes()), ..good(2) };
    let unsigned = Transaction { signature: [0; 64], ..good(3) };
    let other_chain = Body { chain_id: Name::literal("other-chain"), ..good(4).body };
    let other_chain = Transaction { signature: key(4).sign(&other_chain.signed_bytes()), body: other_chain };
    let poor = world.transaction_at(&key(200), 0, Message::Act(Action::Claim { after: None }));
    let far = world.transaction_at(&key(4), 1_000_000, Message::Act(Action::Claim { after: None }));
    let next = world.transaction_at(&key(1), 1, transfer(key(60).address(), 1));
    let batch = [good(1), by_other, unsigned, other_chain, poor, far, next, good(1)];
    let answers = world.client.post_transactions(&batch).await.unwrap();
    let refused = [code::BAD_SIGNATURE, code::BAD_SIGNATURE, code::WRONG_CHAIN, code::BALANCE_TOO_LOW, code::NONCE_TOO_HIGH];
    assert_eq!(codes(&answers), [&[""][..], &refused, &["", ""]].concat());
    // The same alone gets the same code.
    for (transaction, code) in batch[1..6].iter().zip(refused) {
        assert_eq!(world.post(transaction).await.1, code);
    }
    world.client.post_transaction(&batch[6], true).await.unwrap();
    // A nonce that another one used.
    let rival = world.transaction_at(&key(1), 0, transfer(key(61).address(), 2));
    assert_eq!(codes(&world.client.post_transactions(&[rival]).await.unwrap()), [code::NONCE_TOO_LOW]);
    // What was refused for its signature or its sender is taken once it is right.
    assert_eq!(codes(&world.client.post_transactions(&[good(2), good(3), good(4)]).await.unwrap()), ["", "", ""]);
}

#[tokio::test]
async fn garbage_in_a_batch_is_answered_in_its_place() {
    let world = World::start().await;
    let good = hex::encode(world.transaction_at(&key(1), 0, transfer(key(2).address(), 1)).encode());
    let cut = &good[..good.len() - 2];
    let long = format!("{good}00");
    let body = json!({ "transactions": ["", "zz", "abc", cut, long, "ff".repeat(300), good] }).to_string();
    let (status, answer) = world.call(Method::POST, PATH, Some(&body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let answers = answer["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 7);
    answers[..6].iter().for_each(|answer| assert_eq!(error_code(answer), code::MALFORMED, "{answer}"));
    assert!(answers[6]["id"].is_string());
}

#[tokio::test]
async fn batches_that_are_none_or_too_large_are_refused_whole() {
    let world = World::start().await;
    for body in ["", "{", "[]", "{}", "null", "{\"transactions\":7}", "{\"transactions\":\"00\"}", "{\"transactions\":[7]}"] {
        let (status, answer) = world.call(Method::POST, PATH, Some(body)).await;
        assert_eq!((status, error_code(&answer).as_str()), (StatusCode::BAD_REQUEST, code::MALFORMED), "{body}");
    }
    for count in [0, BATCH_MAX + 1] {
        let body = json!({ "transactions": vec!["00"; count] }).to_string();
        let (status, answer) = world.call(Method::POST, PATH, Some(&body)).await;
        assert_eq!((status, error_code(&answer).as_str()), (StatusCode::BAD_REQUEST, code::BAD_REQUEST), "{count}");
    }
    let most = json!({ "transactions": vec!["00"; BATCH_MAX] }).to_string();
    let (status, answer) = world.call(Method::POST, PATH, Some(&most)).await;
    assert_eq!((status, answer["answers"].as_array().unwrap().len()), (StatusCode::OK, BATCH_MAX));
    let body = json!({ "transactions": ["0".repeat(BATCH_BYTES_MAX)] }).to_string();
    let (status, answer) = world.call(Method::POST, PATH, Some(&body)).await;
    assert_eq!((status, error_code(&answer).as_str()), (StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE));
    // Without a stated length it is found while reading.
    let chunks = futures::stream::iter((0..64).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 64 << 10])));
    let url = format!("{}{PATH}", world.node.api_url());
    let response = world.http.post(url).body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_client_splits_what_is_too_much_for_one_request() {
    let world = World::start().await;
    let sender = |n: usize| key(1 + (n % 4) as u8);
    let transactions: Vec<_> =
        (0..BATCH_MAX + 300).map(|n| world.transaction_at(&sender(n), (n / 4) as u64, transfer(key(50).address(), 1))).collect();
    let answers = world.client.post_transactions(&transactions).await.unwrap();
    assert_eq!(answers.len(), transactions.len());
    for (answer, transaction) in answers.iter().zip(&transactions) {
        assert!(matches!(answer, BatchAnswer::Posted(posted) if posted.id == transaction.id()), "{answer:?}");
    }
    assert!(world.client.post_transactions(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_digest_of_all_rows_is_told_when_asked_for() {
    let world = World::start().await;
    world.send(&key(1), transfer(key(2).address(), 1)).await;
    let content = world.client.content().await.unwrap();
    assert!(content.height > 0 && content.rows > 0);
    world.send(&key(1), transfer(key(2).address(), 1)).await;
    let later = world.client.content().await.unwrap();
    assert!(later.height > content.height && later.digest != content.digest);
}
