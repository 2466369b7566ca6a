//! `PUT /pieces/{cid}` over loopback.

use crate::support::server::*;
use crate::support::*;
use depin_provider::{
    Clock as _,
    storage::{HEADER_CLIENT, HEADER_KEY, HEADER_SIGNATURE, HEADER_TIME, ProviderRequest, RequestKind},
};
use depin_quantity::{Address, Name};
use reqwest::StatusCode;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An upload that was let in and has sent one byte less than all: the last one follows on a word.
async fn held_back(
    server: &Server,
    person: &Person,
    payload: &[u8],
) -> (tokio::sync::oneshot::Sender<()>, tokio::task::JoinHandle<reqwest::Result<reqwest::Response>>) {
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let (head, tail) = (payload[..payload.len() - 1].to_vec(), payload[payload.len() - 1..].to_vec());
    let last = async move {
        wait.await.unwrap();
        Ok(tail)
    };
    let body = futures::StreamExt::chain(futures::stream::iter([Ok::<_, std::io::Error>(head)]), futures::stream::once(last));
    let length = payload.len() as u64;
    let request = server.signed(person, RequestKind::Upload, commit(payload), length).header("content-length", length);
    let sent = tokio::spawn(request.body(reqwest::Body::wrap_stream(body)).send());
    // It has been let in once space is taken for it.
    while server.bench.store.usage().reserved == 0 {
        tokio::task::yield_now().await;
    }
    (go, sent)
}

#[tokio::test]
async fn an_upload_is_stored_and_answered_with_201() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(3 * MIB + 17, 1));
    let answer = server.put(&person, &payload).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let cid = commit(&payload);
    let body: serde_json::Value = answer.json().await.unwrap();
    let expected = json!({
        "cid": cid.to_string(),
        "payload_bytes": 3 * MIB + 17,
        "piece_size": 4 * MIB,
        "expires_at_ms": START_MS + 3_600_000,
    });
    assert_eq!(body, expected);
    assert_eq!(read(&server.bench.store, &cid).unwrap(), payload);
    assert_eq!(server.bench.store.status(&cid).unwrap().unwrap().holds[0].client, person.address());
    server.bench.check();
}

#[tokio::test]
async fn a_piece_that_is_there_is_answered_with_200() {
    let server = Server::start(100 * MIB).await;
    let payload = payload(MIB, 1);
    server.put(&Person::new(1), &payload).await;
    let answer = server.put(&Person::new(2), &payload).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["payload_bytes"], MIB);
    assert_eq!(server.bench.store.status(&commit(&payload)).unwrap().unwrap().holds.len(), 2);
    server.bench.check();
}

#[tokio::test]
async fn an_empty_payload_is_a_piece_too() {
    let server = Server::start(100 * MIB).await;
    assert_eq!(server.put(&Person::new(1), &[]).await.status(), StatusCode::CREATED);
    let answer = server.get(&commit(&[]), None).await;
    assert_eq!((answer.status(), answer.bytes().await.unwrap().len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn other_bytes_than_the_cid_says_are_answered_with_422() {
    let server = Server::start(100 * MIB).await;
    let (promised, sent) = (commit(&payload(MIB, 1)), payload(MIB, 2));
    let request = server.signed(&Person::new(1), RequestKind::Upload, promised, MIB).body(sent.clone());
    let body = assert_refused(request.send().await.unwrap(), StatusCode::UNPROCESSABLE_ENTITY, "wrong-commitment").await;
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains(&promised.to_string()) && message.contains(&commit(&sent).to_string()), "{message}");
    server.bench.check();
}

#[tokio::test]
async fn a_text_that_is_no_cid_is_answered_with_400() {
    let server = Server::start(100 * MIB).await;
    for text in ["hello", "..%2f..%2findex.sqlite", "bafkzcibcaaces3nobte6ezpp4wqan2age2s5yxcatzotcvobhgcmv5wi2xh5mbi", "%ff"] {
        let answer = server.client.put(server.url(&format!("/pieces/{text}"))).body("x").send().await.unwrap();
        assert_refused(answer, StatusCode::BAD_REQUEST, "bad-cid").await;
    }
}

#[tokio::test]
async fn a_body_of_unknown_length_is_answered_with_411() {
    let server = Server::start(100 * MIB).await;
    let payload = payload(1000, 1);
    let request = server.signed(&Person::new(1), RequestKind::Upload, commit(&payload), 1000);
    let body = reqwest::Body::wrap_stream(futures::stream::iter([Ok::<_, std::io::Error>(payload)]));
    assert_refused(request.body(body).send().await.unwrap(), StatusCode::LENGTH_REQUIRED, "no-length").await;
    server.bench.check();
}

#[tokio::test]
async fn a_payload_beyond_the_limit_is_answered_with_413() {
    let server = Server::start(1_000 * MIB).await;
    let (cid, length) = (commit(&[1]), 64 * MIB + 1);
    // Only the announcement is sent; the answer must not wait for the body.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!("PUT /pieces/{cid} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_used_up_capacity_is_answered_with_507() {
    let server = Server::start(stored_bytes(MIB) + 10).await;
    let person = Person::new(1);
    assert_eq!(server.put(&person, &payload(MIB, 1)).await.status(), StatusCode::CREATED);
    // The whole body is sent by a client that does not wait for a go-ahead; it still gets the answer.
    let refused = server.put(&person, &payload(8 * MIB, 2)).await;
    assert_refused(refused, StatusCode::INSUFFICIENT_STORAGE, "capacity").await;
    assert_refused(server.put(&person, &[1]).await, StatusCode::INSUFFICIENT_STORAGE, "capacity").await;
    server.bench.check();
}

#[tokio::test]
async fn a_truncated_body_leaves_nothing_and_is_answered_with_400() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(MIB, 1));
    let cid = commit(&payload);
    let signed = request(RequestKind::Upload, cid, MIB, server.bench.clock.now_ms());
    let head = format!(
        "PUT /pieces/{cid} HTTP/1.1\r\nhost: x\r\ncontent-length: {MIB}\r\n{HEADER_CLIENT}: {}\r\n{HEADER_KEY}: {}\r\n{HEADER_TIME}: {}\r\n{HEADER_SIGNATURE}: {}\r\n\r\n",
        person.address(),
        hex(&person.key()),
        signed.time_ms,
        hex(&person.sign(&signed)),
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&payload[..payload.len() / 2]).await.unwrap();
    // The client stops sending, but still listens.
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("\"truncated\""), "{answer}");
    server.bench.check();
    assert_eq!(server.bench.store.pieces().unwrap(), 0);
}

#[tokio::test]
async fn an_upload_that_stalls_is_answered_with_408() {
    let server = Server::start_with(100 * MIB, |settings| settings.limits.body_idle_time = Duration::from_millis(50)).await;
    let payload = payload(1000, 1);
    let request = server.signed(&Person::new(1), RequestKind::Upload, commit(&payload), 1000);
    let stalls = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let body = futures::StreamExt::chain(futures::stream::iter([Ok(payload[..10].to_vec())]), stalls);
    let answer = request.header("content-length", 1000).body(reqwest::Body::wrap_stream(body)).send().await.unwrap();
    assert_refused(answer, StatusCode::REQUEST_TIMEOUT, "too-slow").await;
    server.bench.check();
}

#[tokio::test]
async fn more_uploads_than_allowed_at_once_are_answered_with_503() {
    let server = Server::start_with(100 * MIB, |settings| {
        settings.uploads_max = 1;
        settings.limits.crowded.grace = Duration::from_secs(3_000);
        settings.place_time = Duration::from_millis(50);
    })
    .await;
    let person = Person::new(1);
    let (slow, other) = (payload(MIB, 1), payload(MIB, 2));
    let (go, first) = held_back(&server, &person, &slow).await;
    let refused = server.put(&Person::new(2), &other).await;
    assert_eq!(refused.headers()["retry-after"], "5");
    assert_refused(refused, StatusCode::SERVICE_UNAVAILABLE, "busy").await;

    go.send(()).unwrap();
    assert_eq!(first.await.unwrap().unwrap().status(), StatusCode::CREATED);
    assert_eq!(server.put(&person, &other).await.status(), StatusCode::CREATED);
    server.bench.check();
}

#[tokio::test]
async fn an_account_that_has_all_uploads_that_one_may_have_is_answered_with_429_and_others_are_let_in() {
    let server = Server::start_with(100 * MIB, |settings| {
        settings.uploads_max = 4;
        settings.limits.crowded.grace = Duration::from_secs(3_000);
        settings.place_time = Duration::from_millis(50);
    })
    .await;
    let busy = Person::new(1);
    let slow = payload(MIB, 1);
    let (go, first) = held_back(&server, &busy, &slow).await;
    let refused = server.put(&busy, &payload(MIB, 2)).await;
    let said = assert_refused(refused, StatusCode::TOO_MANY_REQUESTS, "too-many").await.to_string();
    assert!(said.contains("1 uploads of yours"), "{said}");
    assert_eq!(server.put(&Person::new(2), &payload(MIB, 2)).await.status(), StatusCode::CREATED);
    go.send(()).unwrap();
    assert_eq!(first.await.unwrap().unwrap().status(), StatusCode::CREATED);
}

#[tokio::test]
async fn an_upload_that_does_not_come_makes_room_for_the_next() {
    let server = Server::start_with(100 * MIB, |settings| {
        settings.uploads_max = 1;
        settings.limits.crowded.grace = Duration::from_millis(100);
    })
    .await;
    let (slow, other) = (payload(MIB, 1), payload(MIB, 2));
    let stalls = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = server.signed(&Person::new(2), RequestKind::Upload, commit(&slow), MIB).header("content-length", MIB);
    let first = tokio::spawn(request.body(reqwest::Body::wrap_stream(stalls)).send());
    // It has been let in once its file is there.
    while std::fs::read_dir(server.bench.folder.path().join("tmp")).unwrap().count() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.put(&Person::new(1), &other).await.status(), StatusCode::CREATED);
    assert!(first.await.unwrap().is_err(), "it was cut off");
    server.bench.check();
}

#[tokio::test]
async fn a_request_without_signature_headers_is_answered_with_401() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(100, 1));
    for missing in [HEADER_CLIENT, HEADER_KEY, HEADER_TIME, HEADER_SIGNATURE] {
        let request = server.signed(&person, RequestKind::Upload, commit(&payload), 100).body(payload.clone());
        let mut request = request.build().unwrap();
        request.headers_mut().remove(missing);
        let answer = server.client.execute(request).await.unwrap();
        assert!(answer.headers().contains_key("www-authenticate"));
        let body = assert_refused(answer, StatusCode::UNAUTHORIZED, "not-signed").await;
        assert!(body["error"]["message"].as_str().unwrap().contains(missing), "{body}");
    }
    server.bench.check();
}

#[tokio::test]
async fn malformed_signature_headers_are_answered_with_400() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(100, 1));
    let odd =
        [(HEADER_CLIENT, "depin1xyz"), (HEADER_KEY, "00"), (HEADER_TIME, "-1"), (HEADER_TIME, "1e9"), (HEADER_SIGNATURE, "zz")];
    for (header, value) in odd {
        let request = server.signed(&person, RequestKind::Upload, commit(&payload), 100).body(payload.clone());
        let mut request = request.build().unwrap();
        request.headers_mut().insert(header, value.parse().unwrap());
        let body = assert_refused(server.client.execute(request).await.unwrap(), StatusCode::BAD_REQUEST, "bad-header").await;
        assert!(body["error"]["message"].as_str().unwrap().contains(header), "{body}");
    }
}

#[tokio::test]
async fn a_signature_over_anything_else_is_answered_with_401() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(100, 1));
    let cid = commit(&payload);
    let right = request(RequestKind::Upload, cid, 100, server.bench.clock.now_ms());
    let wrong = [
        ProviderRequest { kind: RequestKind::Delete, ..right.clone() },
        ProviderRequest { chain_id: Name::literal("loopback-2"), ..right.clone() },
        ProviderRequest { provider: Address::new([8; 32]), ..right.clone() },
        ProviderRequest { cid: commit(&[1]), ..right.clone() },
        ProviderRequest { payload_bytes: 99, ..right.clone() },
        ProviderRequest { time_ms: right.time_ms + 1, ..right.clone() },
    ];
    for signed in &wrong {
        let request = server.signed_as(&person, &right).body(payload.clone());
        let mut request = request.build().unwrap();
        request.headers_mut().insert(HEADER_SIGNATURE, hex(&person.sign(signed)).parse().unwrap());
        let answer = server.client.execute(request).await.unwrap();
        assert_refused(answer, StatusCode::UNAUTHORIZED, "wrong-signature").await;
    }
    // Somebody else's signature over the right thing.
    let request = server.signed_as(&person, &right).body(payload.clone());
    let mut request = request.build().unwrap();
    request.headers_mut().insert(HEADER_SIGNATURE, hex(&Person::new(2).sign(&right)).parse().unwrap());
    assert_refused(server.client.execute(request).await.unwrap(), StatusCode::UNAUTHORIZED, "wrong-signature").await;
    server.bench.check();
    assert_eq!(server.bench.store.pieces().unwrap(), 0);
}

#[tokio::test]
async fn a_key_of_another_address_is_answered_with_401() {
    let server = Server::start(100 * MIB).await;
    let (person, payload) = (Person::new(1), payload(100, 1));
    let request = server.signed(&person, RequestKind::Upload, commit(&payload), 100).body(payload);
    let mut request = request.build().unwrap();
    request.headers_mut().insert(HEADER_CLIENT, Person::new(2).address().to_string().parse().unwrap());
    assert_refused(server.client.execute(request).await.unwrap(), StatusCode::UNAUTHORIZED, "wrong-key").await;
}

#[tokio::test]
async fn a_request_is_good_for_fifteen_minutes_around_its_signing() {
    const QUARTER_MS: u64 = 15 * 60 * 1000;
    let server = Server::start(100 * MIB).await;
    let person = Person::new(1);
    let send = async |seed: u64, time_ms: u64| {
        let payload = payload(100, seed);
        let signed = request(RequestKind::Upload, commit(&payload), 100, time_ms);
        server.signed_as(&person, &signed).body(payload).send().await.unwrap()
    };
    assert_refused(send(1, START_MS - QUARTER_MS - 1).await, StatusCode::UNAUTHORIZED, "wrong-time").await;
    assert_refused(send(1, START_MS + QUARTER_MS + 1).await, StatusCode::UNAUTHORIZED, "wrong-time").await;
    assert_refused(send(1, 0).await, StatusCode::UNAUTHORIZED, "wrong-time").await;
    assert_refused(send(1, u64::MAX).await, StatusCode::UNAUTHORIZED, "wrong-time").await;
    assert_eq!(send(1, START_MS - QUARTER_MS).await.status(), StatusCode::CREATED);
    assert_eq!(send(2, START_MS + QUARTER_MS).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn many_uploads_at_once_are_all_stored() {
    let server = Server::start(100 * MIB).await;
    let person = Person::new(1);
    let uploads = (0..12).map(|seed| {
        let (server, person) = (&server, &person);
        async move { server.put(person, &payload(MIB + seed, seed)).await.status() }
    });
    for status in futures::future::join_all(uploads).await {
        assert_eq!(status, StatusCode::CREATED);
    }
    assert_eq!(server.bench.store.pieces().unwrap(), 12);
    server.bench.check();
}
