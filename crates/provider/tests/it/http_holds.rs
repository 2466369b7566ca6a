//! Who may have something on hold, and how much, over loopback.

use crate::support::server::*;
use crate::support::*;
use depin_provider::{
    Clock as _,
    storage::{HoldLimits, RequestKind},
};
use reqwest::StatusCode;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn whoever_could_not_pay_for_a_hold_is_answered_with_402_before_a_byte_is_kept() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(MIB, 1));
    let needed = stored_bytes(MIB);
    server.purses.0.store(needed - 1, Ordering::Relaxed);
    let said = assert_refused(server.put(&person, &payload).await, StatusCode::PAYMENT_REQUIRED, "unfunded").await;
    let said = said["error"]["message"].as_str().unwrap().to_owned();
    for part in
        [person.address().to_string(), format!("{needed} FIL"), format!("{} FIL free", needed - 1), "1 FIL are missing".into()]
    {
        assert!(said.contains(&part), "{part} in: {said}");
    }
    assert_eq!((server.bench.store.pieces().unwrap(), server.bench.store.usage().reserved), (0, 0));
    server.purses.0.store(needed, Ordering::Relaxed);
    assert_eq!(server.put(&person, &payload).await.status(), StatusCode::CREATED);
    // What is on hold counts, and what is there already needs funds too.
    assert_refused(server.put(&person, &[1]).await, StatusCode::PAYMENT_REQUIRED, "unfunded").await;
    server.purses.0.store(needed - 1, Ordering::Relaxed);
    assert_refused(server.put(&Person::new(2), &payload).await, StatusCode::PAYMENT_REQUIRED, "unfunded").await;
    assert_eq!(server.put(&person, &payload).await.status(), StatusCode::OK, "asking again for the same costs nothing");
    server.bench.check();
}

#[tokio::test]
async fn a_client_with_all_that_one_may_have_on_hold_is_answered_with_429_until_a_deal_covers_some() {
    let one = stored_bytes(MIB);
    let server = Server::start_holding(100 * MIB, HoldLimits { client: one, all: 2 * one }).await;
    let person = Person::new(1);
    let first = payload(MIB, 1);
    assert_eq!(server.put(&person, &first).await.status(), StatusCode::CREATED);
    let said = assert_refused(server.put(&person, &payload(MIB, 2)).await, StatusCode::TOO_MANY_REQUESTS, "hold-limit").await;
    assert!(said["error"]["message"].as_str().unwrap().contains(&format!("has {one} bytes here")), "{said}");
    assert_eq!(server.put(&Person::new(2), &payload(MIB, 2)).await.status(), StatusCode::CREATED);
    assert_refused(server.put(&Person::new(3), &payload(MIB, 3)).await, StatusCode::INSUFFICIENT_STORAGE, "holds-full").await;
    let info: serde_json::Value = server.client.get(server.url("/info")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&info["held_bytes"], &info["holds"]["client"]), (&(2 * one).into(), &one.into()));
    server.bench.store.pin(&commit(&first), &deal(1)).unwrap();
    assert_eq!(server.put(&person, &payload(MIB, 3)).await.status(), StatusCode::CREATED);
    server.bench.check();
}

/// Whoever saw a request could take its client's places with it, or bring back what was deleted.
#[tokio::test]
async fn a_signed_upload_is_followed_once() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(1000, 1));
    let cid = commit(&payload);
    let signed = request(RequestKind::Upload, cid, 1000, server.bench.clock.now_ms());
    let send = || server.signed_as(&person, &signed).body(payload.clone()).send();
    assert_eq!(send().await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(send().await.unwrap().status(), StatusCode::OK, "it is there, and stays as long as it would");
    server.bench.clock.advance(1);
    assert_eq!(server.delete(&person, cid).await.status(), StatusCode::NO_CONTENT);
    assert_refused(send().await.unwrap(), StatusCode::UNAUTHORIZED, "replayed").await;
    assert_eq!(server.bench.store.pieces().unwrap(), 0);
    assert_eq!(server.put(&person, &payload).await.status(), StatusCode::CREATED, "signed anew");
}
