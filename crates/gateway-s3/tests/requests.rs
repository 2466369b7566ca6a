//! Who may ask, listings, and multipart uploads.

mod kit;

use depin_files::{Floor, Room};
use kit::{Answer, Kit, S3Client, SECRET, noise, sha256_hex};
use reqwest::Method;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PART: usize = 5 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_not_rightly_signed_are_refused() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("auth").await;
    kit.s3.put("/auth/o", "data").await.ok();

    let wrong = S3Client::new(kit.handle().endpoint(), &kit.s3.access, "another-secret");
    wrong.get("/auth/o").await.failed(403, "SignatureDoesNotMatch");
    let stranger = S3Client::new(kit.handle().endpoint(), "STRANGER", SECRET);
    stranger.get("/auth/o").await.failed(403, "InvalidAccessKeyId");
    for skew in [-3600, 3600] {
        let late = S3Client { skew, ..kit.s3.clone() };
        late.get("/auth/o").await.failed(403, "RequestTimeTooSkewed");
    }
    let anonymous = S3Client::answer(kit.s3.http.get(kit.s3.url("/auth/o", &[]))).await;
    anonymous.failed(403, "AccessDenied");

    // The signature covers the body: other bytes under it are refused and stored nowhere.
    let signed = kit.s3.sign("PUT", "/auth/forged", &[], &[], &sha256_hex(b"right"));
    let mut request = kit.s3.http.put(kit.s3.url("/auth/forged", &[])).body("wrong");
    for (name, value) in signed {
        request = request.header(name, value);
    }
    S3Client::answer(request).await.failed(400, "XAmzContentSHA256Mismatch");
    kit.s3.get("/auth/forged").await.failed(404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_presigned_url_is_its_own_permission_until_it_expires() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("pre").await;
    let put = S3Client::answer(kit.s3.http.put(kit.s3.presign("PUT", "/pre/a b", 60)).body("by url")).await;
    put.ok();
    let get = S3Client::answer(kit.s3.http.get(kit.s3.presign("GET", "/pre/a b", 60))).await.ok();
    assert_eq!(get.body, b"by url");
    let url = kit.s3.presign("GET", "/pre/a b", 60).replace("a%20b", "other");
    S3Client::answer(kit.s3.http.get(url)).await.failed(403, "SignatureDoesNotMatch");
    let old = S3Client { skew: -120, ..kit.s3.clone() };
    S3Client::answer(kit.s3.http.get(old.presign("GET", "/pre/a b", 60))).await.failed(403, "AccessDenied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_in_signed_chunks_are_unwrapped_and_checked() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("chunked").await;
    // Unsigned chunks with a trailing checksum, as newer SDKs send them over TLS.
    let body = b"6\r\nhello \r\n5\r\nworld\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
    let send = |path: &'static str, body: Vec<u8>| {
        let s3 = kit.s3.clone();
        async move {
            let headers = [
                ("content-encoding", "aws-chunked"),
                ("x-amz-decoded-content-length", "11"),
                ("x-amz-trailer", "x-amz-checksum-crc32"),
            ];
            let signed = s3.sign("PUT", path, &[], &headers, "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
            let mut request = s3.http.put(s3.url(path, &[])).body(body);
            for (name, value) in signed {
                request = request.header(name, value);
            }
            S3Client::answer(request).await
        }
    };
    send("/chunked/o", body.to_vec()).await.ok();
    let got = kit.s3.expect("/chunked/o", b"hello world").await;
    assert_eq!(got.header("content-encoding"), None, "aws-chunked is how it travelled, not what it is");
    let wrong = String::from_utf8(body.to_vec()).unwrap().replace("DUoRhQ==", "AAAAAA==");
    send("/chunked/wrong", wrong.into_bytes()).await.failed(400, "BadDigest");
    send("/chunked/cut", body[..20].to_vec()).await.failed(400, "IncompleteBody");
    kit.s3.get("/chunked/cut").await.failed(404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_cut_off_leaves_nothing_behind() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("cut").await;
    let body = noise(1, 900_000);
    let signed = kit.s3.sign("PUT", "/cut/o", &[], &[], &sha256_hex(&body));
    let mut head = format!("PUT /cut/o HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n", kit.s3.host(), body.len());
    for (name, value) in signed {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = tokio::net::TcpStream::connect(kit.handle().address()).await.unwrap();
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    stream.write_all(&body[..600_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    // The server answers or hangs up; either way the request is over after this.
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.is_empty() || answer.contains("IncompleteBody"), "{answer}");
    kit.s3.get("/cut/o").await.failed(404, "NoSuchKey");
    kit.settle().await;
    kit.settle().await;
    assert_eq!(kit.handle().status().await.unwrap().segments, 0, "what was stored of it is given up");
    assert_eq!(kit.providers.pieces_in_all(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buckets_follow_the_rules_of_s3() {
    let kit = Kit::start(3).await;
    let make = |name: &'static str| {
        let s3 = kit.s3.clone();
        async move { s3.put(&format!("/{name}"), "").await }
    };
    for bad in ["ab", "Upper", "under_score", "192.168.1.1", "dots..two"] {
        make(bad).await.failed(400, "InvalidBucketName");
    }
    make("good-bucket").await.ok();
    make("good-bucket").await.ok();
    make("another.one").await.ok();
    let listed = kit.s3.get("/").await.ok();
    assert_eq!(listed.all("Name"), ["another.one", "good-bucket"]);
    assert_eq!(kit.s3.head("/good-bucket").await.status, 200);
    assert_eq!(kit.s3.head("/no-bucket").await.status, 404);
    let location = kit.s3.send(Method::GET, "/good-bucket", &[("location", "")], &[], "").await.ok();
    assert!(location.text().contains("LocationConstraint"));
    let elsewhere = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    kit.s3.put("/elsewhere", elsewhere).await.failed(400, "IllegalLocationConstraintException");

    kit.s3.put("/no-bucket/o", "x").await.failed(404, "NoSuchBucket");
    kit.s3.get("/no-bucket/o").await.failed(404, "NoSuchBucket");
    kit.s3.get("/no-bucket").await.failed(404, "NoSuchBucket");
    kit.s3.delete("/no-bucket").await.failed(404, "NoSuchBucket");
    kit.s3.put("/good-bucket/o", "x").await.ok();
    kit.s3.delete("/good-bucket").await.failed(409, "BucketNotEmpty");
    kit.s3.delete("/good-bucket/o").await.ok();
    assert_eq!(kit.s3.delete("/good-bucket").await.status, 204);
    kit.s3.get("/good-bucket").await.failed(404, "NoSuchBucket");
    let long = format!("/another.one/{}", "k".repeat(1025));
    kit.s3.put(&long, "x").await.failed(400, "KeyTooLongError");
}

async fn list(kit: &Kit, query: &[(&str, &str)]) -> Answer {
    kit.s3.send(Method::GET, "/list", query, &[], "").await.ok()
}

/// Keys and common prefixes, each in order.
fn names(answer: &Answer) -> (Vec<String>, Vec<String>) {
    let prefixes =
        answer.all("CommonPrefixes").iter().map(|text| text.replace("<Prefix>", "").replace("</Prefix>", "")).collect();
    (answer.all("Key"), prefixes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listings_group_by_delimiter_and_go_on_page_by_page() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("list").await;
    for key in ["a.txt", "dir/", "dir/1", "dir/2", "dir/sub/3", "dir.x", "z/1", "ä ö/&<", "zz"] {
        kit.s3.put(&format!("/list/{key}"), "").await.ok();
    }
    let whole = list(&kit, &[("list-type", "2")]).await;
    // By UTF-8 bytes: '.' before '/', 'z' before 'ä'.
    assert_eq!(names(&whole).0, ["a.txt", "dir.x", "dir/", "dir/1", "dir/2", "dir/sub/3", "z/1", "zz", "ä ö/&amp;&lt;"]);
    assert_eq!(whole.xml("KeyCount").as_deref(), Some("9"));
    let top = list(&kit, &[("list-type", "2"), ("delimiter", "/")]).await;
    assert_eq!(names(&top), (vec!["a.txt".into(), "dir.x".into(), "zz".into()], vec!["dir/".into(), "z/".into(), "ä ö/".into()]));
    let inside = list(&kit, &[("list-type", "2"), ("delimiter", "/"), ("prefix", "dir/")]).await;
    assert_eq!(names(&inside), (vec!["dir/".into(), "dir/1".into(), "dir/2".into()], vec!["dir/sub/".into()]));
    let encoded = list(&kit, &[("list-type", "2"), ("encoding-type", "url"), ("prefix", "ä")]).await;
    assert_eq!(names(&encoded).0, ["%C3%A4%20%C3%B6/%26%3C"]);
    let after = list(&kit, &[("list-type", "2"), ("start-after", "dir/2")]).await;
    assert_eq!(names(&after).0.len(), 4);
    let none = list(&kit, &[("list-type", "2"), ("max-keys", "0")]).await;
    assert_eq!((names(&none).0.len(), none.xml("IsTruncated").as_deref()), (0, Some("false")));

    // Page by page, both versions, with and without groups: every name once, in order.
    for size in ["1", "2", "3", "4"] {
        for delimiter in ["", "/"] {
            let (mut seen, mut token) = (Vec::new(), None::<String>);
            loop {
                let mut query = vec![("list-type", "2"), ("max-keys", size), ("delimiter", delimiter)];
                query.extend(token.as_deref().map(|token| ("continuation-token", token)));
                let page = list(&kit, &query).await;
                let (keys, prefixes) = names(&page);
                seen.extend(keys.into_iter().chain(prefixes));
                token = page.xml("NextContinuationToken");
                assert_eq!(token.is_some(), page.xml("IsTruncated").as_deref() == Some("true"));
                if token.is_none() {
                    break;
                }
            }
            let (mut old, mut marker) = (Vec::new(), None::<String>);
            loop {
                let mut query = vec![("max-keys", size), ("delimiter", delimiter)];
                query.extend(marker.as_deref().map(|marker| ("marker", marker)));
                let page = list(&kit, &query).await;
                let (keys, prefixes) = names(&page);
                old.extend(keys.into_iter().chain(prefixes));
                if page.xml("IsTruncated").as_deref() != Some("true") {
                    break;
                }
                marker = page.xml("NextMarker");
            }
            for list in [&mut seen, &mut old] {
                assert_eq!(list.len(), if delimiter.is_empty() { 9 } else { 6 }, "pages of {size} with {delimiter:?}: {list:?}");
                list.sort();
                list.dedup();
                assert_eq!(list.len(), if delimiter.is_empty() { 9 } else { 6 });
            }
        }
    }
    kit.s3.send(Method::GET, "/list", &[("list-type", "2"), ("max-keys", "-1")], &[], "").await.failed(400, "InvalidArgument");
    kit.s3
        .send(Method::GET, "/list", &[("list-type", "2"), ("continuation-token", "x")], &[], "")
        .await
        .failed(400, "InvalidArgument");
}

async fn begin(kit: &Kit, path: &str) -> String {
    kit.s3.send(Method::POST, path, &[("uploads", "")], &[("x-amz-meta-m", "1")], "").await.ok().xml("UploadId").unwrap()
}

async fn part(kit: &Kit, path: &str, upload: &str, number: u32, body: Vec<u8>) -> String {
    let query = [("partNumber", number.to_string()), ("uploadId", upload.to_owned())];
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = kit.s3.send(Method::PUT, path, &query, &[], body).await.ok();
    answer.header("etag").unwrap().trim_matches('"').to_owned()
}

async fn complete(kit: &Kit, path: &str, upload: &str, parts: &[(u32, &str)]) -> Answer {
    let parts: String = parts
        .iter()
        .map(|(number, etag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>\"{etag}\"</ETag></Part>"))
        .collect();
    let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    kit.s3.send(Method::POST, path, &[("uploadId", upload)], &[], body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_multipart_upload_becomes_one_object() {
    let kit = Kit::start_with(4, |config| config.shard_payload = 127 << 14).await;
    kit.s3.make_bucket("multi").await;
    let upload = begin(&kit, "/multi/o").await;
    let (one, two, three) = (noise(1, PART), noise(2, PART + 77), noise(3, 1000));
    // Out of order, and one part twice: the last one counts.
    let e3 = part(&kit, "/multi/o", &upload, 7, three.clone()).await;
    part(&kit, "/multi/o", &upload, 1, noise(9, 100)).await;
    let e1 = part(&kit, "/multi/o", &upload, 1, one.clone()).await;
    let e2 = part(&kit, "/multi/o", &upload, 2, two.clone()).await;
    kit.s3.get("/multi/o").await.failed(404, "NoSuchKey");

    let parts = kit.s3.send(Method::GET, "/multi/o", &[("uploadId", &upload), ("max-parts", "2")], &[], "").await.ok();
    assert_eq!((parts.all("PartNumber"), parts.xml("IsTruncated").as_deref()), (vec!["1".into(), "2".into()], Some("true")));
    let rest = kit.s3.send(Method::GET, "/multi/o", &[("uploadId", &upload), ("part-number-marker", "2")], &[], "").await.ok();
    assert_eq!(rest.all("PartNumber"), ["7"]);
    let uploads = kit.s3.send(Method::GET, "/multi", &[("uploads", "")], &[], "").await.ok();
    assert_eq!(uploads.all("UploadId"), std::slice::from_ref(&upload));

    let done = complete(&kit, "/multi/o", &upload, &[(1, &e1), (2, &e2), (7, &e3)]).await.ok();
    let whole = [one, two.clone(), three].concat();
    let got = kit.s3.expect("/multi/o", &whole).await;
    assert!(got.header("etag").unwrap().ends_with("-3\""));
    assert_eq!(done.xml("ETag").unwrap().replace("&quot;", "\""), got.header("etag").unwrap());
    assert_eq!(got.header("x-amz-meta-m"), Some("1"));
    let range = kit.s3.get_range("/multi/o", &format!("bytes={}-{}", PART - 3, PART + 3)).await;
    assert_eq!(range.body, whole[PART - 3..PART + 4], "over the border of two parts");
    let second = kit.s3.send(Method::GET, "/multi/o", &[("partNumber", "2")], &[], "").await;
    assert_eq!((second.status, second.header("x-amz-mp-parts-count")), (206, Some("3")));
    assert!(second.body == two);
    complete(&kit, "/multi/o", &upload, &[(1, &e1)]).await.failed(404, "NoSuchUpload");
    // The overwritten part's bytes are given up.
    kit.settle().await;
    kit.settle().await;
    kit.s3.expect("/multi/o", &whole).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_multipart_upload_with_wrong_parts_is_refused_and_can_go_on() {
    let kit = Kit::start_with(3, |config| config.shard_payload = 127 << 14).await;
    kit.s3.make_bucket("multi").await;
    let upload = begin(&kit, "/multi/o").await;
    let e1 = part(&kit, "/multi/o", &upload, 1, noise(1, 1000)).await;
    let e2 = part(&kit, "/multi/o", &upload, 2, noise(2, 1000)).await;
    complete(&kit, "/multi/o", &upload, &[(2, &e2), (1, &e1)]).await.failed(400, "InvalidPartOrder");
    complete(&kit, "/multi/o", &upload, &[(1, &e1), (1, &e1)]).await.failed(400, "InvalidPartOrder");
    complete(&kit, "/multi/o", &upload, &[(1, &e2)]).await.failed(400, "InvalidPart");
    complete(&kit, "/multi/o", &upload, &[(3, &e1)]).await.failed(400, "InvalidPart");
    complete(&kit, "/multi/o", &upload, &[]).await.failed(400, "MalformedXML");
    complete(&kit, "/multi/o", &upload, &[(1, &e1), (2, &e2)]).await.failed(400, "EntityTooSmall");
    complete(&kit, "/multi/other", &upload, &[(1, &e1)]).await.failed(404, "NoSuchUpload");
    let query = [("partNumber", "0"), ("uploadId", upload.as_str())];
    kit.s3.send(Method::PUT, "/multi/o", &query, &[], "x").await.failed(400, "InvalidArgument");
    kit.s3
        .send(Method::PUT, "/multi/o", &[("partNumber", "1"), ("uploadId", "none")], &[], "x")
        .await
        .failed(404, "NoSuchUpload");
    complete(&kit, "/multi/o", &upload, &[(1, &e1)]).await.ok();
    kit.s3.expect("/multi/o", &noise(1, 1000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_upload_gives_its_bytes_up() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("multi").await;
    let upload = begin(&kit, "/multi/o").await;
    part(&kit, "/multi/o", &upload, 1, noise(1, 400_000)).await;
    kit.settle().await;
    assert!(kit.providers.pieces_in_all() > 0, "an unfinished upload keeps its parts");
    let query = [("uploadId", upload.as_str())];
    assert_eq!(kit.s3.send(Method::DELETE, "/multi/o", &query, &[], "").await.status, 204);
    kit.s3.send(Method::DELETE, "/multi/o", &query, &[], "").await.failed(404, "NoSuchUpload");
    kit.settle().await;
    kit.settle().await;
    assert_eq!(kit.providers.pieces_in_all(), 0);
    assert_eq!(kit.s3.delete("/multi").await.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_can_be_copied_from_objects() {
    let kit = Kit::start_with(3, |config| config.shard_payload = 127 << 14).await;
    kit.s3.make_bucket("multi").await;
    let source = noise(5, PART + 1000);
    kit.s3.put("/multi/source", source.clone()).await.ok();
    let upload = begin(&kit, "/multi/o").await;
    let copy = |number: &'static str, range: &'static str| {
        let (s3, upload) = (kit.s3.clone(), upload.clone());
        async move {
            let query = [("partNumber", number), ("uploadId", upload.as_str())];
            let headers = [("x-amz-copy-source", "/multi/source"), ("x-amz-copy-source-range", range)];
            s3.send(Method::PUT, "/multi/o", &query, &headers, "").await
        }
    };
    let etag = |answer: Answer| answer.xml("ETag").unwrap().replace("&quot;", "").replace('"', "");
    let e1 = etag(copy("1", "bytes=10-5242899").await.ok());
    let e2 = etag(copy("2", "bytes=3-12").await.ok());
    copy("3", "bytes=0-9999999").await.failed(416, "InvalidRange");
    copy("3", "bytes=5-").await.failed(400, "InvalidArgument");
    complete(&kit, "/multi/o", &upload, &[(1, &e1), (2, &e2)]).await.ok();
    kit.s3.delete("/multi/source").await.ok();
    kit.settle().await;
    kit.s3.expect("/multi/o", &[&source[10..5_242_900], &source[3..13]].concat()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_interface_wants_its_token_and_answers_in_json() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("adm").await;
    kit.s3.put("/adm/o", noise(1, 1000)).await.ok();
    let token = std::fs::read_to_string(kit.config.home.join("admin.token")).unwrap();
    let ask = |path: &'static str, token: String| {
        let request = kit.s3.http.get(format!("{}/_depin/{path}", kit.s3.endpoint)).bearer_auth(token);
        async move { S3Client::answer(request).await }
    };
    assert_eq!(ask("status", "wrong".into()).await.status, 401);
    assert_eq!(S3Client::answer(kit.s3.http.get(format!("{}/_depin/status", kit.s3.endpoint))).await.status, 401);
    let json = |answer: Answer| serde_json::from_slice::<serde_json::Value>(&answer.ok().body).unwrap();
    let token = token.trim().to_owned();
    let status = json(ask("status", token.clone()).await);
    assert_eq!((status["objects"].as_u64(), status["redundancy"]["n"].as_u64()), (Some(1), Some(3)));
    let objects = json(ask("objects?bucket=adm&prefix=o", token.clone()).await);
    assert_eq!(objects[0]["durability"]["state"], "pending");
    let segments = json(ask("segments?bucket=adm&key=o", token.clone()).await);
    assert_eq!(segments[0]["shards"].as_array().map(Vec::len), Some(3));
    assert_eq!(json(ask("faults", token.clone()).await).as_array().map(Vec::len), Some(0));
    assert_eq!(ask("nothing", token.clone()).await.status, 404);
    assert_eq!(ask("segments?bucket=adm&key=none", token).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn below_the_floor_writes_are_told_to_come_back_and_reads_and_deletions_go_on() {
    let free = Arc::new(AtomicU64::new(10 << 30));
    let now = Arc::clone(&free);
    let kit = Kit::start_with(3, |config| {
        let read = move |_: &std::path::Path| Ok(Room { free: now.load(Ordering::Relaxed), total: 100 << 30 });
        config.floor = Floor::new(&config.home, None).read_by(read);
    })
    .await;
    kit.s3.make_bucket("full").await;
    for object in ["/full/kept", "/full/gone"] {
        kit.s3.put(object, "data").await.ok();
    }
    free.store(511 << 20, Ordering::Relaxed);
    let refused = kit.s3.put("/full/new", "data").await.failed(503, "SlowDown");
    assert!(refused.text().contains("511 MiB free, 512 MiB needed"), "{}", refused.text());
    kit.s3.put("/another-bucket", "").await.failed(503, "SlowDown");
    kit.s3.send(Method::POST, "/full/parts", &[("uploads", "")], &[], "").await.failed(503, "SlowDown");
    kit.s3.expect("/full/kept", b"data").await;
    kit.s3.get("/full/new").await.failed(404, "NoSuchKey");
    kit.s3.delete("/full/gone").await.ok();
    assert!(kit.handle().status().await.unwrap().disk.unwrap().refuses);
    let health = reqwest::get(format!("{}/_depin/health", kit.handle().endpoint())).await.unwrap().text().await.unwrap();
    assert!(health.contains("\"degraded\"") && health.contains("511 MiB free, 512 MiB are kept free"), "{health}");
    free.store(10 << 30, Ordering::Relaxed);
    kit.s3.put("/full/new", "data").await.ok();
}
