//! Reads are tried again when it helps, and errors say what happened.

use crate::server::{Bad, CHAIN, Server};
use depin_client::{
    ClientError,
    api::{DealQuery, TransactionPhase},
};
use depin_quantity::{Address, UnitId};

#[tokio::test]
async fn a_read_is_tried_again_until_it_succeeds() {
    let server = Server::start().await;
    server.inside().bad_reads.extend([Bad::Refuse(503, "busy"), Bad::AnswerLost, Bad::Refuse(503, "busy")]);
    assert_eq!(server.client().status().await.unwrap().chain_id, CHAIN);
    assert_eq!(server.inside().reads, 4);
}

#[tokio::test]
async fn a_read_gives_up_after_its_tries_with_the_last_error() {
    let server = Server::start().await;
    server.inside().bad_reads.extend(vec![Bad::Refuse(503, "busy"); 9]);
    let error = server.client().status().await.unwrap_err();
    assert_eq!((error.code(), error.is_passing()), (Some("busy"), true));
    assert_eq!(server.inside().reads, 4);
}

#[tokio::test]
async fn a_refusal_for_good_is_not_tried_again() {
    let server = Server::start().await;
    server.inside().bad_reads.push_back(Bad::Refuse(400, "bad-request"));
    let error = server.client().status().await.unwrap_err();
    let expected = ClientError::Refused {
        status: 400,
        code: "bad-request".to_owned(),
        message: "it is bad-request".to_owned(),
        hint: "do better".to_owned(),
    };
    assert_eq!(error, expected);
    assert_eq!(server.inside().reads, 1);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_says_so() {
    let server = Server::start().await;
    server.inside().bad_reads.push_back(Bad::Garbage);
    let error = server.client().status().await.unwrap_err();
    assert!(matches!(&error, ClientError::Answer { what, .. } if what == "/v1/status"), "{error}");
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let server = Server::start().await;
    server.inside().bad_reads.extend(vec![Bad::Silence; 4]);
    assert!(matches!(server.client().status().await, Err(ClientError::Timeout { .. })));
    assert_eq!(server.inside().bad_reads.len(), 3, "who does not answer in time is waited for once");
}

#[tokio::test]
async fn what_is_not_there_is_no_error() {
    let server = Server::start().await;
    let client = server.client();
    assert_eq!(client.transaction(UnitId::new([3; 32])).await.unwrap().state, TransactionPhase::Unknown);
    assert!(client.storage().deal(UnitId::new([3; 32])).await.unwrap().is_none());
    assert!(client.storage().provider(Address::new([3; 32])).await.unwrap().is_none());
    assert!(client.block(99).await.unwrap().is_none());
}

#[tokio::test]
async fn an_unknown_path_without_an_error_body_is_still_named() {
    let server = Server::start().await;
    let error = server.client().supply().await.unwrap_err();
    assert_eq!(error.code(), Some("not-found"));
    assert!(error.to_string().contains("/v1/supply"), "{error}");
}

#[tokio::test]
async fn pages_are_followed_to_the_end_even_when_the_last_repeats_itself() {
    let server = Server::start().await;
    assert!(server.client().storage().all_deals(DealQuery::default()).await.unwrap().is_empty());
    assert_eq!(server.inside().reads, 6);
}
