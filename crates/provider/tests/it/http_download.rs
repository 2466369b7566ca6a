//! `GET` and `HEAD /pieces/{cid}` over loopback.

use crate::support::server::*;
use crate::support::*;
use reqwest::{Method, StatusCode};
use std::fs;
use std::time::Duration;

#[tokio::test]
async fn a_payload_is_served_whole_with_its_cid_as_tag() {
    let server = Server::start(100 * MIB).await;
    let payload = payload(3 * MIB + 5, 1);
    let cid = server.bench.put(&payload, CLIENT).unwrap().cid;
    let answer = server.get(&cid, None).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let headers = answer.headers().clone();
    assert_eq!(headers["content-length"], (3 * MIB + 5).to_string());
    assert_eq!(headers["accept-ranges"], "bytes");
    assert_eq!(headers["etag"], format!("\"{cid}\""));
    assert!(answer.bytes().await.unwrap() == payload);
}

#[tokio::test]
async fn a_payload_larger_than_what_is_checked_ahead_is_served_whole() {
    let server = Server::start(100 * MIB).await;
    let payload = payload(40 * MIB + 1, 1);
    let cid = server.bench.put(&payload, CLIENT).unwrap().cid;
    assert!(server.get(&cid, None).await.bytes().await.unwrap() == payload);
}

#[tokio::test]
async fn one_range_is_served_as_206() {
    let server = Server::start(100 * MIB).await;
    let length = 2 * MIB + 100;
    let payload = payload(length, 1);
    let cid = server.bench.put(&payload, CLIENT).unwrap().cid;
    let last = length - 1;
    let cases = [
        ("bytes=0-0".to_owned(), 0..1),
        (format!("bytes={last}-"), last..length),
        ("bytes=-1".to_owned(), last..length),
        ("bytes=-99999999".to_owned(), 0..length),
        (format!("bytes={}-{}", MIB - 1, MIB), MIB - 1..MIB + 1),
        (format!("bytes={MIB}-{}", 2 * MIB - 1), MIB..2 * MIB),
        (format!("bytes=10-{}", u64::MAX), 10..length),
        (format!("bytes=0-{last}"), 0..length),
    ];
    for (asked, range) in cases {
        let answer = server.get(&cid, Some(&asked)).await;
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT, "{asked}");
        let expected = format!("bytes {}-{}/{length}", range.start, range.end - 1);
        assert_eq!(answer.headers()["content-range"], expected, "{asked}");
        assert!(answer.bytes().await.unwrap() == payload[range.start as usize..range.end as usize], "{asked}");
    }
}

#[tokio::test]
async fn a_range_beyond_the_payload_is_answered_with_416_and_the_length() {
    let server = Server::start(100 * MIB).await;
    let cid = server.bench.put(&payload(1000, 1), CLIENT).unwrap().cid;
    let empty = server.bench.put(&[], CLIENT).unwrap().cid;
    for (cid, asked, length) in
        [(cid, "bytes=1000-", 1000), (cid, "bytes=-0", 1000), (empty, "bytes=0-", 0), (empty, "bytes=-5", 0)]
    {
        let answer = server.get(&cid, Some(asked)).await;
        assert_eq!(answer.headers()["content-range"], format!("bytes */{length}"), "{asked}");
        assert_refused(answer, StatusCode::RANGE_NOT_SATISFIABLE, "range").await;
    }
}

#[tokio::test]
async fn ranges_that_a_server_may_ignore_are_ignored() {
    let server = Server::start(100 * MIB).await;
    let payload = payload(1000, 1);
    let cid = server.bench.put(&payload, CLIENT).unwrap().cid;
    for asked in ["bytes=0-1,5-6", "items=0-1", "bytes=9-1", "bytes=x"] {
        let answer = server.get(&cid, Some(asked)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{asked}");
        assert!(answer.bytes().await.unwrap() == payload);
    }
}

#[tokio::test]
async fn a_range_under_a_condition_is_served_only_if_the_tag_fits() {
    let server = Server::start(100 * MIB).await;
    let cid = server.bench.put(&payload(1000, 1), CLIENT).unwrap().cid;
    for (tag, status) in [(format!("\"{cid}\""), StatusCode::PARTIAL_CONTENT), ("\"other\"".to_owned(), StatusCode::OK)] {
        let request = server.client.get(server.piece_url(&cid)).header("range", "bytes=0-9").header("if-range", tag);
        assert_eq!(request.send().await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn head_tells_the_length_without_the_bytes() {
    let server = Server::start(100 * MIB).await;
    let cid = server.bench.put(&payload(MIB, 1), CLIENT).unwrap().cid;
    let head = async |range: Option<&str>| {
        let mut request = server.client.request(Method::HEAD, server.piece_url(&cid));
        if let Some(range) = range {
            request = request.header("range", range);
        }
        request.send().await.unwrap()
    };
    let answer = head(None).await;
    assert_eq!((answer.status(), answer.headers()["content-length"].to_str().unwrap()), (StatusCode::OK, "1048576"));
    assert_eq!(head(Some("bytes=0-9")).await.headers()["content-length"], "10");
    assert_eq!(head(Some("bytes=9999999-")).await.status(), StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn a_piece_that_is_not_stored_is_answered_with_404() {
    let server = Server::start(100 * MIB).await;
    assert_refused(server.get(&commit(&[1]), None).await, StatusCode::NOT_FOUND, "unknown-piece").await;
}

#[tokio::test]
async fn damage_is_answered_with_410_and_never_served() {
    let server = Server::start(100 * MIB).await;
    let payload = payload(4 * MIB, 1);
    let cid = server.bench.put(&payload, CLIENT).unwrap().cid;
    flip_bit(&server.bench.payload_file(&cid), 2 * MIB as usize + 1);
    // Found by this very request, in its first chunk.
    assert_refused(server.get(&cid, Some("bytes=2097152-")).await, StatusCode::GONE, "damaged").await;
    // Known from now on; sound chunks are still served.
    assert_refused(server.get(&cid, Some("bytes=2097152-2097152")).await, StatusCode::GONE, "damaged").await;
    let sound = server.get(&cid, Some("bytes=0-2097151")).await;
    assert_eq!(sound.status(), StatusCode::PARTIAL_CONTENT);
    assert!(sound.bytes().await.unwrap() == payload[..2 * MIB as usize]);

    // Uploading it again repairs it.
    assert_eq!(server.put(&Person::new(1), &payload).await.status(), StatusCode::CREATED);
    assert!(server.get(&cid, None).await.bytes().await.unwrap() == payload);
}

#[tokio::test]
async fn a_payload_that_is_gone_from_the_disk_is_answered_with_410() {
    let server = Server::start(100 * MIB).await;
    let cid = server.bench.put(&payload(MIB, 1), CLIENT).unwrap().cid;
    fs::remove_file(server.bench.payload_file(&cid)).unwrap();
    assert_refused(server.get(&cid, None).await, StatusCode::GONE, "damaged").await;
}

/// Beyond what is checked ahead, the status has gone out: the connection breaks, the client sees too few bytes, and is told why when it
/// asks again.
#[tokio::test]
async fn damage_further_into_a_payload_breaks_the_connection_off_and_is_told_from_then_on() {
    let server = Server::start(100 * MIB).await;
    let payload = payload(16 * MIB, 1);
    let cid = server.bench.put(&payload, CLIENT).unwrap().cid;
    flip_bit(&server.bench.payload_file(&cid), 14 * MIB as usize);
    let mut answer = server.get(&cid, None).await;
    assert_eq!(answer.status(), StatusCode::OK, "one MiB is checked before the first byte, not a whole shard");
    let mut received = Vec::new();
    let broke_off = loop {
        match answer.chunk().await {
            Ok(Some(part)) => received.extend_from_slice(&part),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broke_off, "the client must see an error");
    assert!(received.len() <= 14 * MIB as usize && payload.starts_with(&received));
    assert_refused(server.get(&cid, None).await, StatusCode::GONE, "damaged").await;
}

#[tokio::test]
async fn more_downloads_than_allowed_at_once_are_answered_with_503() {
    let server = Server::start_with(100 * MIB, |settings| {
        settings.downloads_max = 1;
        settings.limits.crowded.grace = Duration::from_secs(3_000);
        settings.place_time = Duration::from_millis(50);
    })
    .await;
    // Larger than what the sockets buffer, so that it stays unfinished until its body is read.
    let payload = payload(40 * MIB, 1);
    let cid = server.bench.put(&payload, CLIENT).unwrap().cid;
    let first = server.get(&cid, None).await;
    assert_eq!(first.status(), StatusCode::OK);
    assert_refused(server.get(&cid, None).await, StatusCode::SERVICE_UNAVAILABLE, "busy").await;
    assert!(first.bytes().await.unwrap() == payload);
}

#[tokio::test]
async fn a_download_that_is_not_read_makes_room_for_the_next() {
    let server = Server::start_with(100 * MIB, |settings| {
        settings.downloads_max = 1;
        settings.limits.crowded.grace = Duration::from_millis(100);
    })
    .await;
    let payload = payload(40 * MIB, 1);
    let cid = server.bench.put(&payload, CLIENT).unwrap().cid;
    let unread = server.get(&cid, None).await;
    assert!(server.get(&cid, None).await.bytes().await.unwrap() == payload);
    assert!(unread.bytes().await.is_err(), "it was cut off");
}
