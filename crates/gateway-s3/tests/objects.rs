//! Objects through S3.

mod kit;

use kit::{Kit, noise, sha256_hex};
use reqwest::Method;

fn md5_hex(bytes: &[u8]) -> String {
    use s3s::crypto::Checksum as _;
    hex::encode(s3s::crypto::Md5::checksum(bytes))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_of_every_size_come_back_as_they_went_in() {
    let kit = Kit::start(4).await;
    kit.s3.make_bucket("sizes").await;
    // Around frames (65,536), shards (130,048), segments (260,096) and their multiples.
    for size in [0, 1, 65_535, 65_536, 65_537, 130_048, 260_096, 260_097, 1_000_003, 3_000_000] {
        let bytes = noise(size as u64, size);
        let path = format!("/sizes/object-{size}");
        let put = kit.s3.put(&path, bytes.clone()).await.ok();
        assert_eq!(put.header("etag"), Some(format!("\"{}\"", md5_hex(&bytes)).as_str()));
        let got = kit.s3.expect(&path, &bytes).await;
        assert_eq!(got.header("content-length"), Some(size.to_string().as_str()));
        assert_eq!(got.header("content-type"), Some("binary/octet-stream"));
    }
    for size in [0, 65_537, 3_000_000] {
        let bytes = noise(size as u64, size);
        kit.s3.expect(&format!("/sizes/object-{size}"), &bytes).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_of_several_full_size_segments_comes_back() {
    let kit = Kit::start_with(3, |config| config.shard_payload = 127 << 17).await;
    kit.s3.make_bucket("large").await;
    let bytes = noise(1, 40_000_000);
    kit.s3.put("/large/forty", bytes.clone()).await.ok();
    kit.s3.expect("/large/forty", &bytes).await;
    let got = kit.s3.get_range("/large/forty", "bytes=33292270-33292310").await;
    assert_eq!(got.body, bytes[33_292_270..=33_292_310], "over the border of two segments");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_give_exactly_the_bytes_asked_for_and_read_little() {
    let kit = Kit::start(4).await;
    kit.s3.make_bucket("ranges").await;
    let bytes = noise(9, 2_000_000);
    kit.s3.put("/ranges/o", bytes.clone()).await.ok();
    kit.providers.reads.lock().unwrap().clear();
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=65530-65545", 65_530, 65_546),
        ("bytes=130000-390000", 130_000, 390_001),
        ("bytes=1999999-", 1_999_999, 2_000_000),
        ("bytes=-10", 1_999_990, 2_000_000),
        ("bytes=1999990-5000000", 1_999_990, 2_000_000),
    ] {
        let got = kit.s3.get_range("/ranges/o", range).await;
        assert_eq!(got.status, 206, "{range}");
        assert!(got.body == bytes[from..to], "{range}");
        assert_eq!(got.header("content-range"), Some(format!("bytes {from}-{}/2000000", to - 1).as_str()));
    }
    let read: u64 = kit.providers.reads.lock().unwrap().values().sum();
    assert!(read < 1_500_000, "{read} bytes were read for 270,000");
    kit.s3.get_range("/ranges/o", "bytes=2000000-").await.failed(416, "InvalidRange");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_and_user_metadata_stay_with_the_object() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("meta").await;
    let headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "max-age=60"),
        ("content-disposition", "attachment; filename=\"a.txt\""),
        ("content-language", "de"),
        ("content-encoding", "gzip"),
        ("expires", "Wed, 21 Oct 2037 07:28:00 GMT"),
        ("x-amz-meta-colour", "green"),
    ];
    kit.s3.send(Method::PUT, "/meta/a", &[], &headers, "hello").await.ok();
    for answer in [kit.s3.get("/meta/a").await, kit.s3.head("/meta/a").await] {
        assert_eq!(answer.status, 200);
        for (name, value) in headers {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        assert!(answer.header("last-modified").is_some());
        assert_eq!(answer.header("x-depin-durability"), Some("stored, deal pending (0 of 3 deals active)"));
    }
    let much = "x".repeat(2100);
    kit.s3.send(Method::PUT, "/meta/b", &[], &[("x-amz-meta-much", &much)], "").await.failed(400, "MetadataTooLarge");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditions_decide_reads_and_writes() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("cond").await;
    let etag = format!("\"{}\"", md5_hex(b"one"));
    let put = |headers: Vec<(&'static str, String)>, body: &'static str| {
        let s3 = kit.s3.clone();
        async move {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            s3.send(Method::PUT, "/cond/o", &[], &headers, body).await
        }
    };
    put(vec![("if-match", etag.clone())], "one").await.failed(404, "NoSuchKey");
    put(vec![("if-none-match", "*".into())], "one").await.ok();
    put(vec![("if-none-match", "*".into())], "two").await.failed(412, "PreconditionFailed");
    put(vec![("if-match", "\"0123456789abcdef0123456789abcdef\"".into())], "two").await.failed(412, "PreconditionFailed");
    kit.s3.expect("/cond/o", b"one").await;

    let get = |name: &'static str, value: String| {
        let s3 = kit.s3.clone();
        async move { s3.send(Method::GET, "/cond/o", &[], &[(name, &value)], "").await.status }
    };
    assert_eq!(get("if-match", etag.clone()).await, 200);
    assert_eq!(get("if-match", "\"other\"".into()).await, 412);
    assert_eq!(get("if-none-match", etag.clone()).await, 304);
    assert_eq!(get("if-none-match", "\"other\"".into()).await, 200);
    assert_eq!(get("if-modified-since", "Sat, 01 Jan 2000 00:00:00 GMT".into()).await, 200);
    assert_eq!(get("if-modified-since", "Fri, 01 Jan 2038 00:00:00 GMT".into()).await, 304);
    assert_eq!(get("if-unmodified-since", "Sat, 01 Jan 2000 00:00:00 GMT".into()).await, 412);
    put(vec![("if-match", etag)], "two").await.ok();
    kit.s3.expect("/cond/o", b"two").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn digests_that_do_not_match_the_body_store_nothing() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("sums").await;
    let put = |headers: Vec<(&'static str, &'static str)>| {
        let s3 = kit.s3.clone();
        async move { s3.send(Method::PUT, "/sums/o", &[], &headers, "hello").await }
    };
    put(vec![("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")]).await.failed(400, "BadDigest");
    put(vec![("content-md5", "nonsense")]).await.failed(400, "InvalidDigest");
    put(vec![("x-amz-checksum-crc32", "AAAAAA==")]).await.failed(400, "BadDigest");
    kit.s3.get("/sums/o").await.failed(404, "NoSuchKey");
    // MD5 and CRC-32 of "hello".
    let stored = put(vec![("content-md5", "XUFAKrxLKna5cZ2REBfFkg=="), ("x-amz-checksum-crc32", "NhCmhg==")]).await.ok();
    assert_eq!(stored.header("x-amz-checksum-crc32"), Some("NhCmhg=="));
    let got = kit.s3.send(Method::GET, "/sums/o", &[], &[("x-amz-checksum-mode", "ENABLED")], "").await.ok();
    assert_eq!(got.header("x-amz-checksum-crc32"), Some("NhCmhg=="));
    assert_eq!(kit.s3.get("/sums/o").await.header("x-amz-checksum-crc32"), None, "only when asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_objects_that_arrive_together_share_a_segment() {
    let kit = Kit::start_with(3, |config| config.flush = std::time::Duration::from_millis(300)).await;
    kit.s3.make_bucket("small").await;
    let puts = (0..20).map(|index| {
        let s3 = kit.s3.clone();
        async move { s3.put(&format!("/small/{index}"), noise(index, 1000)).await.ok() }
    });
    futures::future::join_all(puts).await;
    assert!(kit.handle().status().await.unwrap().segments <= 3);
    for index in 0..20 {
        kit.s3.expect(&format!("/small/{index}"), &noise(index, 1000)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_shares_the_bytes_and_outlives_its_source() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("copies").await;
    let bytes = noise(3, 700_000);
    kit.s3.send(Method::PUT, "/copies/a b", &[], &[("x-amz-meta-k", "v"), ("content-type", "text/x")], bytes.clone()).await.ok();
    let before = kit.handle().status().await.unwrap();
    let copy = kit.s3.send(Method::PUT, "/copies/b", &[], &[("x-amz-copy-source", "/copies/a%20b")], "").await.ok();
    assert_eq!(copy.xml("ETag").map(|tag| tag.replace("&quot;", "\"")), Some(format!("\"{}\"", md5_hex(&bytes))));
    assert_eq!(kit.handle().status().await.unwrap().segments, before.segments, "nothing was stored again");
    kit.s3.delete("/copies/a b").await.ok();
    kit.settle().await;
    let got = kit.s3.expect("/copies/b", &bytes).await;
    assert_eq!((got.header("x-amz-meta-k"), got.header("content-type")), (Some("v"), Some("text/x")));

    let itself = |headers: Vec<(&'static str, &'static str)>| {
        let s3 = kit.s3.clone();
        async move { s3.send(Method::PUT, "/copies/b", &[], &headers, "").await }
    };
    itself(vec![("x-amz-copy-source", "copies/b")]).await.failed(400, "InvalidRequest");
    itself(vec![("x-amz-copy-source", "copies/b"), ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-n", "w")]).await.ok();
    let got = kit.s3.expect("/copies/b", &bytes).await;
    assert_eq!((got.header("x-amz-meta-k"), got.header("x-amz-meta-n")), (None, Some("w")));
    itself(vec![("x-amz-copy-source", "copies/none")]).await.failed(404, "NoSuchKey");
    itself(vec![("x-amz-copy-source", "none/none")]).await.failed(404, "NoSuchBucket");
    itself(vec![
        ("x-amz-copy-source", "copies/b"),
        ("x-amz-copy-source-if-match", "\"x\""),
        ("x-amz-metadata-directive", "REPLACE"),
    ])
    .await
    .failed(412, "PreconditionFailed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_objects_are_gone_at_once_and_their_pieces_soon() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("del").await;
    kit.s3.put("/del/a", noise(1, 300_000)).await.ok();
    kit.s3.put("/del/b", noise(2, 300_000)).await.ok();
    kit.settle().await;
    assert!(kit.providers.pieces_in_all() > 0);
    assert_eq!(kit.s3.delete("/del/a").await.status, 204);
    assert_eq!(kit.s3.delete("/del/a").await.status, 204, "deleting again is no error");
    kit.s3.get("/del/a").await.failed(404, "NoSuchKey");
    let body = "<Delete><Object><Key>b</Key></Object><Object><Key>none</Key></Object></Delete>";
    let many = kit.s3.send(Method::POST, "/del", &[("delete", "")], &[], body).await.ok();
    assert_eq!(many.all("Key"), ["b", "none"]);
    kit.settle().await;
    kit.settle().await;
    assert_eq!(kit.providers.pieces_in_all(), 0, "deals ended and payloads deleted");
    assert_eq!(kit.market.live_deals().values().sum::<usize>(), 0);
    let status = kit.handle().status().await.unwrap();
    assert_eq!((status.segments, status.retired, status.objects), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overwriting_replaces_the_object_and_frees_the_old_bytes() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("over").await;
    kit.s3.put("/over/o", noise(1, 300_000)).await.ok();
    kit.s3.put("/over/o", noise(2, 100)).await.ok();
    kit.s3.expect("/over/o", &noise(2, 100)).await;
    kit.settle().await;
    assert_eq!(kit.handle().status().await.unwrap().segments, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn providers_see_ciphertext_only() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("secret").await;
    let text = "the quick brown fox jumps over the lazy dog; ".repeat(2000);
    kit.s3.put("/secret/o", text.clone()).await.ok();
    for name in kit.providers.names() {
        for cid in kit.providers.pieces(&name) {
            let bytes = std::fs::read(kit.providers.path(&name, &cid)).unwrap();
            assert!(!bytes.windows(16).any(|window| window == &text.as_bytes()[..16]));
        }
    }
    assert_eq!(sha256_hex(kit.s3.get("/secret/o").await.body.as_slice()), sha256_hex(text.as_bytes()));
}
