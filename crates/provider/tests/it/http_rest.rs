//! `DELETE`, the information pages, and what is none of the routes.

use crate::support::server::*;
use crate::support::*;
use depin_provider::{Clock as _, storage::RequestKind};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn the_uploader_deletes_its_upload() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(MIB, 1));
    let cid = commit(&payload);
    server.put(&person, &payload).await;
    server.bench.clock.advance(1);
    assert_refused(server.delete(&Person::new(2), cid).await, StatusCode::FORBIDDEN, "not-uploader").await;
    assert_eq!(server.delete(&person, cid).await.status(), StatusCode::NO_CONTENT);
    assert_refused(server.get(&cid, None).await, StatusCode::NOT_FOUND, "unknown-piece").await;
    assert_refused(server.delete(&person, cid).await, StatusCode::NOT_FOUND, "unknown-piece").await;
    server.bench.check();
}

#[tokio::test]
async fn a_piece_under_a_deal_is_not_deleted() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(MIB, 1));
    let cid = commit(&payload);
    server.put(&person, &payload).await;
    server.bench.clock.advance(1);
    server.bench.store.pin(&cid, &deal(3)).unwrap();
    let body = assert_refused(server.delete(&person, cid).await, StatusCode::CONFLICT, "covered").await;
    assert!(body["error"]["message"].as_str().unwrap().contains(&deal(3).to_string()), "{body}");
    assert_eq!(server.get(&cid, None).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_replayed_delete_does_not_touch_a_newer_upload() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(MIB, 1));
    let cid = commit(&payload);
    server.put(&person, &payload).await;
    server.bench.clock.advance(1);
    let recorded = request(RequestKind::Delete, cid, 0, server.bench.clock.now_ms());
    assert_eq!(server.signed_as(&person, &recorded).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    server.bench.clock.advance(1);
    server.put(&person, &payload).await;
    let replayed = server.signed_as(&person, &recorded).send().await.unwrap();
    assert_refused(replayed, StatusCode::CONFLICT, "stale-request").await;
    assert_eq!(server.get(&cid, None).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_delete_must_be_signed_as_a_delete() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(100, 1));
    let cid = commit(&payload);
    server.put(&person, &payload).await;
    server.bench.clock.advance(1);
    let unsigned = server.client.delete(server.piece_url(&cid)).send().await.unwrap();
    assert_refused(unsigned, StatusCode::UNAUTHORIZED, "not-signed").await;
    // An upload's signature, sent as a delete.
    let upload = server.signed(&person, RequestKind::Upload, cid, 0).build().unwrap();
    let mut delete = server.signed(&person, RequestKind::Delete, cid, 0).build().unwrap();
    *delete.headers_mut() = upload.headers().clone();
    let answer = server.client.execute(delete).await.unwrap();
    assert_refused(answer, StatusCode::UNAUTHORIZED, "wrong-signature").await;
}

#[tokio::test]
async fn info_tells_who_and_how_much() {
    let server = Server::start(100 * MIB).await;
    server.bench.put(&payload(MIB, 1), CLIENT).unwrap();
    let info: Value = server.client.get(server.url("/info")).send().await.unwrap().json().await.unwrap();
    let expected = json!({
        "address": PROVIDER.to_string(),
        "chain_id": "loopback-1",
        "name": "the test's provider",
        "capacity_bytes": 100 * MIB,
        "used_bytes": stored_bytes(MIB),
        "reserved_bytes": 0,
        "held_bytes": stored_bytes(MIB),
        "holds": { "client": u64::MAX, "all": u64::MAX },
        "payload_bytes_max": 64 * MIB,
        "pieces": 1,
        "ask": { "price": "17" },
    });
    assert_eq!(info, expected);
}

#[tokio::test]
async fn health_is_ok() {
    let server = Server::start(MIB).await;
    let answer = server.client.get(server.url("/health")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "status": "ok" }));
}

#[tokio::test]
async fn metrics_count_requests_bytes_and_pieces() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(MIB, 1));
    server.put(&person, &payload).await;
    let cid = commit(&payload);
    server.get(&cid, Some("bytes=0-99")).await.bytes().await.unwrap();
    server.get(&commit(&[1]), None).await;
    server.client.get(server.url("/made-up-by-a-stranger")).send().await.unwrap();
    flip_bit(&server.bench.payload_file(&cid), 0);
    server.get(&cid, None).await;

    let answer = server.client.get(server.url("/metrics")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let page = answer.text().await.unwrap();
    let route = "route=\"/pieces/{cid}\"";
    for line in [
        format!("depin_provider_http_requests_total{{method=\"PUT\",{route},status=\"201\"}} 1"),
        format!("depin_provider_http_requests_total{{method=\"GET\",{route},status=\"206\"}} 1"),
        format!("depin_provider_http_requests_total{{method=\"GET\",{route},status=\"404\"}} 1"),
        format!("depin_provider_http_requests_total{{method=\"GET\",{route},status=\"410\"}} 1"),
        "depin_provider_http_requests_total{method=\"GET\",route=\"other\",status=\"404\"} 1".to_owned(),
        format!("depin_provider_capacity_bytes {}", 100 * MIB),
        format!("depin_provider_used_bytes {}", stored_bytes(MIB)),
        "depin_provider_reserved_bytes 0".to_owned(),
        "depin_provider_pieces 1".to_owned(),
        "depin_provider_damaged_pieces 1".to_owned(),
        format!("depin_provider_uploaded_bytes_total {MIB}"),
        "depin_provider_downloaded_bytes_total 100".to_owned(),
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
    }
    assert!(!page.contains("stranger"));
}

#[tokio::test]
async fn what_is_no_route_is_answered_in_the_same_form() {
    let server = Server::start(MIB).await;
    let answer = server.client.get(server.url("/pieces")).send().await.unwrap();
    assert_refused(answer, StatusCode::NOT_FOUND, "no-route").await;
    for (method, path) in [(Method::POST, server.piece_url(&commit(&[1]))), (Method::PUT, server.url("/info"))] {
        let answer = server.client.request(method, path).send().await.unwrap();
        assert_refused(answer, StatusCode::METHOD_NOT_ALLOWED, "no-method").await;
    }
}
