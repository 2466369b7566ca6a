//! Small habits of S3 that clients count on.

mod kit;

use kit::{Answer, Kit, S3Client, sha256_hex};
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Sends a request byte by byte as it is given, for what an HTTP client would not send.
async fn raw(kit: &Kit, head: String, body: &[u8]) -> String {
    let mut stream = tokio::net::TcpStream::connect(kit.handle().address()).await.unwrap();
    // A client that asks keeps its connection unless it is told otherwise.
    let close = if head.contains("expect: 100-continue") { "" } else { "connection: close\r\n" };
    stream.write_all(format!("{head}{close}\r\n").as_bytes()).await.unwrap();
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(kit: &Kit, method: &str, path: &str, headers: &[(&str, &str)], payload: &str) -> String {
    let signed = kit.s3.sign(method, path, &[], headers, payload);
    let lines: String = signed.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n{lines}", kit.s3.host())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trailers_that_were_announced_must_come_and_others_need_not() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    let base = [("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", "5")];
    let announced = [base[0], base[1], ("x-amz-trailer", "x-amz-checksum-crc32")];
    let send = |path: &'static str, headers: Vec<(&'static str, &'static str)>| {
        let s3 = kit.s3.clone();
        async move {
            let mut request = s3.http.put(s3.url(path, &[])).body(chunks);
            for (name, value) in s3.sign("PUT", path, &[], &headers, "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
                request = request.header(name, value);
            }
            S3Client::answer(request).await
        }
    };
    send("/bucket/a", announced.to_vec()).await.failed(400, "MalformedTrailerError");
    kit.s3.get("/bucket/a").await.failed(404, "NoSuchKey");
    let put = send("/bucket/b", base.to_vec()).await.ok();
    assert!(put.header("x-amz-checksum-crc64nvme").is_some(), "the checksum that S3 gives by itself");
    kit.s3.expect("/bucket/b", b"hello").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_that_is_none_means_the_whole_object() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.put("/bucket/k", "0123456789").await.ok();
    for range in ["bytes=5-2", "bytes=0-1,5-6", "items=0-1", "invalid", "bytes=0-18446744073709551616"] {
        let answer = kit.s3.get_range("/bucket/k", range).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"0123456789".as_slice()), "{range}");
    }
    assert_eq!(kit.s3.get_range("/bucket/k", "bytes=3-9223372036854775808").await.body, b"3456789");
    kit.s3.get_range("/bucket/k", "bytes=9223372036854775809-").await.failed(416, "InvalidRange");
    let etag = kit.s3.head("/bucket/k").await.header("etag").unwrap().to_owned();
    for (tag, status) in [(etag.as_str(), 206), ("\"other\"", 200)] {
        let headers = [("range", "bytes=1-2"), ("if-range", tag)];
        assert_eq!(kit.s3.send(Method::GET, "/bucket/k", &[], &headers, "").await.status, status, "{tag}");
    }
    let list = format!("\"other\", {etag}");
    assert_eq!(kit.s3.send(Method::GET, "/bucket/k", &[], &[("if-none-match", &list)], "").await.status, 304);
    kit.s3.send(Method::GET, "/bucket/k", &[("partNumber", "2")], &[], "").await.failed(400, "InvalidPart");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_and_deletions_keep_to_their_conditions() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.put("/bucket/src", "new").await.ok();
    let old = kit.s3.put("/bucket/dst", "old").await.ok().header("etag").unwrap().to_owned();
    let source = ("x-amz-copy-source", "/bucket/src");
    for condition in [("if-none-match", "*"), ("if-match", "\"00000000000000000000000000000000\"")] {
        kit.s3.send(Method::PUT, "/bucket/dst", &[], &[source, condition], "").await.failed(412, "PreconditionFailed");
    }
    kit.s3.expect("/bucket/dst", b"old").await;
    kit.s3.send(Method::PUT, "/bucket/dst", &[], &[source, ("if-match", &old)], "").await.ok();
    kit.s3.expect("/bucket/dst", b"new").await;

    let at = kit.s3.head("/bucket/dst").await;
    let (etag, modified) = (at.header("etag").unwrap().to_owned(), at.header("last-modified").unwrap().to_owned());
    let delete = |headers: Vec<(&'static str, String)>| {
        let s3 = kit.s3.clone();
        async move {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            s3.send(Method::DELETE, "/bucket/dst", &[], &headers, "").await
        }
    };
    delete(vec![("if-match", "\"other\"".into())]).await.failed(412, "PreconditionFailed");
    delete(vec![("x-amz-if-match-size", "4".into())]).await.failed(412, "PreconditionFailed");
    let never = "Thu, 01 Jan 1970 00:00:00 GMT".to_owned();
    delete(vec![("x-amz-if-match-last-modified-time", never)]).await.failed(412, "PreconditionFailed");
    kit.s3.expect("/bucket/dst", b"new").await;
    let all = vec![("if-match", etag), ("x-amz-if-match-size", "3".into()), ("x-amz-if-match-last-modified-time", modified)];
    assert_eq!(delete(all).await.status, 204);
    kit.s3.get("/bucket/dst").await.failed(404, "NoSuchKey");

    let some = "<Delete><Object><Key>src</Key><ETag>other</ETag></Object><Object><Key>src</Key><Size>9</Size></Object>\
                <Object><Key>gone</Key></Object></Delete>";
    let answer = kit.s3.send(Method::POST, "/bucket", &[("delete", "")], &[], some).await.ok();
    assert_eq!(answer.all("Code"), ["PreconditionFailed", "PreconditionFailed"]);
    kit.s3.expect("/bucket/src", b"new").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_checked_and_bounded() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.put("/bucket/k", "x").await.ok();
    let query = [("delete", "")];
    let one = "<Delete><Object><Key>k</Key></Object></Delete>";
    let wrong = [("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")];
    kit.s3.send(Method::POST, "/bucket", &query, &wrong, one).await.failed(400, "BadDigest");
    let wrong = [("x-amz-checksum-crc32", "AAAAAA==")];
    kit.s3.send(Method::POST, "/bucket", &query, &wrong, one).await.failed(400, "BadDigest");
    let many = format!("<Delete>{}</Delete>", "<Object><Key>k</Key></Object>".repeat(1001));
    kit.s3.send(Method::POST, "/bucket", &query, &[], many).await.failed(400, "MalformedXML");
    kit.s3.send(Method::PUT, "/bucket/k", &[], &[("content-md5", "")], "y").await.failed(400, "InvalidDigest");
    kit.s3.expect("/bucket/k", b"x").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_say_how_long_they_are_and_refused_ones_need_not_be_sent() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    let chunked = "transfer-encoding: chunked\r\n";
    let plain = head(&kit, "PUT", "/bucket/a", &[], "UNSIGNED-PAYLOAD") + chunked;
    let answer = raw(&kit, plain, b"5\r\nhello\r\n0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 411") && answer.contains("MissingContentLength"), "{answer}");
    let url = kit.s3.presign("PUT", "/bucket/a", 60);
    let target = url.trim_start_matches(kit.s3.endpoint.as_str());
    let link = format!("PUT {target} HTTP/1.1\r\nhost: {}\r\n{chunked}", kit.s3.host());
    let answer = raw(&kit, link, b"5\r\nhello\r\n0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 411"), "{answer}");
    let decoded = [("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", "5")];
    let signed = head(&kit, "PUT", "/bucket/a", &decoded, "STREAMING-UNSIGNED-PAYLOAD-TRAILER") + chunked;
    let answer = raw(&kit, signed, b"f\r\n5\r\nhello\r\n0\r\n\r\n\r\n0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    kit.s3.expect("/bucket/a", b"hello").await;

    // Who asks first is refused without `100 Continue`, and not waited for.
    let expect = "expect: 100-continue\r\ncontent-length: 1000000\r\n";
    for (path, headers, status) in [
        ("/nowhere/a", &[][..], "404"),
        ("/bucket/a", &[("if-none-match", "*")], "412"),
        ("/bucket/a", &[("x-amz-acl", "public-read")], "400"),
    ] {
        let refused = raw(&kit, head(&kit, "PUT", path, headers, "UNSIGNED-PAYLOAD") + expect, b"").await;
        assert!(refused.starts_with(&format!("HTTP/1.1 {status}")), "{refused}");
        assert!(refused.contains("connection: close"), "nobody can tell where the next request would begin: {refused}");
    }
    // An empty body is not gone on with either, and one that is wanted is.
    let empty = head(&kit, "PUT", "/bucket/n", &[], "UNSIGNED-PAYLOAD") + "expect: 100-continue\r\ncontent-length: 0\r\n";
    let stored = raw(&kit, empty, b"").await;
    assert!(stored.starts_with("HTTP/1.1 200") && stored.contains("connection: close"), "{stored}");
    let wanted = head(&kit, "PUT", "/bucket/w", &[], "UNSIGNED-PAYLOAD");
    let wanted = wanted + "expect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n";
    let stored = raw(&kit, wanted, b"hi").await;
    assert!(stored.starts_with("HTTP/1.1 100") && stored.contains("HTTP/1.1 200"), "{stored}");
    let other = head(&kit, "PUT", "/bucket/e", &[], "UNSIGNED-PAYLOAD") + "expect: 200\r\ncontent-length: 2\r\n";
    let taken = raw(&kit, other, b"hi").await;
    assert!(taken.starts_with("HTTP/1.1 200"), "{taken}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_every_character_come_back_as_they_were() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    let keys = ["a\r\nb", "tab\there", "]]>", "<&\"'>", "\u{1}\u{1f}", "é\u{fffe}😀", "50%+ plus"];
    for key in keys {
        kit.s3.put(&format!("/bucket/{key}"), key).await.ok();
        kit.s3.expect(&format!("/bucket/{key}"), key.as_bytes()).await;
    }
    let mut wanted: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    wanted.sort();
    for query in [vec![("list-type", "2")], vec![], vec![("versions", "")]] {
        let listed = kit.s3.send(Method::GET, "/bucket", &query, &[], "").await.ok();
        let found: Vec<String> = listed.all("Key").iter().map(|key| unescaped(key)).collect();
        assert_eq!(found, wanted, "{query:?}");
        let bare = listed.text().chars().find(|c| (*c < ' ') || *c == '\u{fffe}');
        assert_eq!(bare, None, "no character that XML would change");
    }
    let encoded = kit.s3.send(Method::GET, "/bucket", &[("list-type", "2"), ("encoding-type", "url")], &[], "").await.ok();
    assert!(encoded.all("Key").contains(&"%01%1F".to_owned()));
    // What was listed can be deleted by what was listed.
    let objects: String = keys.iter().map(|key| format!("<Object><Key>{}</Key></Object>", escaped(key))).collect();
    let deleted = kit.s3.send(Method::POST, "/bucket", &[("delete", "")], &[], format!("<Delete>{objects}</Delete>")).await.ok();
    assert_eq!(deleted.all("Deleted").len(), keys.len(), "{}", deleted.text());
    assert_eq!(kit.handle().status().await.unwrap().objects, 0);
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(';').unwrap() + at;
        match &rest[at + 1..end] {
            "lt" => out.push('<'),
            "gt" => out.push('>'),
            "amp" => out.push('&'),
            "quot" => out.push('"'),
            "apos" => out.push('\''),
            code => out.push(u32::from_str_radix(code.trim_start_matches("#x"), 16).ok().and_then(char::from_u32).unwrap()),
        }
        rest = &rest[end + 1..];
    }
    out + rest
}

fn escaped(text: &str) -> String {
    let one = |c: char| match c {
        '<' | '>' | '&' | '"' | '\'' => format!("&#{};", u32::from(c)),
        c if c < ' ' => format!("&#x{:x};", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buckets_are_named_paged_and_made_again_as_in_s3() {
    let kit = Kit::start(3).await;
    for bad in ["dot.-dash", "dash-.dot"] {
        kit.s3.put(&format!("/{bad}"), "").await.failed(400, "InvalidBucketName");
    }
    for name in ["one", "two", "three", "four"] {
        kit.s3.make_bucket(name).await;
    }
    kit.s3.put("/one/kept", "x").await.ok();
    kit.s3.put("/one", "").await.ok();
    kit.s3.expect("/one/kept", b"x").await;
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let mut query = vec![("max-buckets", "3")];
        if !token.is_empty() {
            query.push(("continuation-token", token.as_str()));
        }
        let page = kit.s3.send(Method::GET, "/", &query, &[], "").await.ok();
        seen.extend(page.all("Name"));
        match page.xml("ContinuationToken") {
            Some(next) => token = next,
            None => break,
        }
    }
    assert_eq!(seen, ["four", "one", "three", "two"]);
    kit.s3.send(Method::GET, "/", &[("max-buckets", "0")], &[], "").await.failed(400, "InvalidArgument");
    let some = kit.s3.send(Method::GET, "/", &[("prefix", "t")], &[], "").await.ok();
    assert_eq!(some.all("Name"), ["three", "two"]);
    let whole = [("list-type", "2"), ("continuation-token", ""), ("delimiter", "")];
    let listed = kit.s3.send(Method::GET, "/one", &whole, &[], "").await.ok();
    assert_eq!((listed.all("Key"), listed.xml("Delimiter")), (vec!["kept".to_owned()], None));
    let owner = [("x-amz-expected-bucket-owner", "somebody")];
    kit.s3.send(Method::GET, "/one", &[("list-type", "2")], &owner, "").await.failed(403, "AccessDenied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_below_localhost_is_a_bucket() {
    let kit = Kit::start(3).await;
    let port = kit.handle().address().port();
    let inside = S3Client { endpoint: format!("http://my.bucket.localhost:{port}"), ..kit.s3.clone() };
    let address = kit.handle().address();
    let http = reqwest::Client::builder().no_proxy().resolve("my.bucket.localhost", address).build().unwrap();
    let inside = S3Client { http, ..inside };
    inside.put("/", "").await.ok();
    inside.put("/a b/ä", "by host").await.ok();
    kit.s3.expect("/my.bucket/a b/ä", b"by host").await;
    inside.expect("/a b/ä", b"by host").await;
    let listed = inside.send(Method::GET, "/", &[("list-type", "2")], &[], "").await.ok();
    assert_eq!(listed.all("Key"), ["a b/ä"]);
    let link = S3Client::answer(inside.http.get(inside.presign("GET", "/a b/ä", 60))).await.ok();
    assert_eq!(link.body, b"by host");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_for_another_region_is_told_the_right_one() {
    let kit = Kit::start(3).await;
    for region in ["US", "eu-west-1", "us-east-2", "*"] {
        let signed = kit.s3.sign("GET", "/", &[], &[], &sha256_hex(b""));
        let mut request = kit.s3.http.get(kit.s3.url("/", &[]));
        for (name, value) in signed {
            request = request.header(name, value.replace("/us-east-1/", &format!("/{region}/")));
        }
        let answer = S3Client::answer(request).await.failed(400, "AuthorizationHeaderMalformed");
        assert_eq!(answer.xml("Region").as_deref(), Some("us-east-1"), "{region}");
        let link = kit.s3.presign("GET", "/bucket/k", 60).replace("us-east-1", region);
        let answer = S3Client::answer(kit.s3.http.get(link)).await.failed(400, "AuthorizationQueryParametersError");
        assert_eq!(answer.xml("Region").as_deref(), Some("us-east-1"), "{region}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_of_any_origin_are_answered() {
    let kit = Kit::start(3).await;
    let ask = kit.s3.http.request(Method::OPTIONS, kit.s3.url("/bucket/k", &[])).header("origin", "https://app.example");
    let ask =
        ask.header("access-control-request-method", "PUT").header("access-control-request-headers", "x-amz-date, authorization");
    let answer = S3Client::answer(ask).await.ok();
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert!(answer.header("access-control-allow-methods").unwrap().contains("PUT"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-amz-date, authorization"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let read = kit.s3.http.get(kit.s3.url("/bucket/k", &[])).header("origin", "https://app.example");
    assert_eq!(S3Client::answer(read).await.failed(403, "AccessDenied").header("access-control-expose-headers"), Some("*"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_of_any_script_comes_back() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    let signed = kit.s3.sign("PUT", "/bucket/k", &[], &[("x-amz-meta-name", "Grüße 漢字")], &sha256_hex(b"x"));
    let mut request = kit.s3.http.put(kit.s3.url("/bucket/k", &[])).body("x");
    for (name, value) in &signed {
        request = request.header(name, reqwest::header::HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    S3Client::answer(request).await.ok();
    let got = kit.s3.head("/bucket/k").await;
    // S3 answers with RFC 2047's form of what was sent as UTF-8.
    assert_eq!(got.header("x-amz-meta-name"), Some("=?UTF-8?B?R3LDvMOfZSDmvKLlrZc=?="));
}

fn tags_of(answer: &Answer) -> Vec<(String, String)> {
    answer.all("Key").into_iter().zip(answer.all("Value")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_stay_with_the_object_and_change_alone() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.send(Method::PUT, "/bucket/k", &[], &[("x-amz-tagging", "keep=for%20ever&a=1")], "x").await.ok();
    assert_eq!(kit.s3.head("/bucket/k").await.header("x-amz-tagging-count"), Some("2"));
    assert_eq!(kit.s3.get("/bucket/k").await.header("x-amz-tagging-count"), Some("2"));
    let read = |path: &'static str| {
        let s3 = kit.s3.clone();
        async move { tags_of(&s3.send(Method::GET, path, &[("tagging", "")], &[], "").await.ok()) }
    };
    let both = vec![("a".to_owned(), "1".to_owned()), ("keep".to_owned(), "for ever".to_owned())];
    assert_eq!(read("/bucket/k").await, both);
    let source = ("x-amz-copy-source", "/bucket/k");
    kit.s3.send(Method::PUT, "/bucket/copy", &[], &[source], "").await.ok();
    assert_eq!(read("/bucket/copy").await, both);
    let replace = [source, ("x-amz-tagging-directive", "REPLACE"), ("x-amz-tagging", "b=2")];
    kit.s3.send(Method::PUT, "/bucket/copy", &[], &replace, "").await.ok();
    assert_eq!(read("/bucket/copy").await, [("b".to_owned(), "2".to_owned())]);
    let set = "<Tagging><TagSet><Tag><Key>c</Key><Value>3</Value></Tag></TagSet></Tagging>";
    kit.s3.send(Method::PUT, "/bucket/k", &[("tagging", "")], &[], set).await.ok();
    assert_eq!(read("/bucket/k").await, [("c".to_owned(), "3".to_owned())]);
    kit.s3.send(Method::DELETE, "/bucket/k", &[("tagging", "")], &[], "").await.ok();
    assert_eq!(read("/bucket/k").await, []);
    kit.s3.expect("/bucket/k", b"x").await;
    kit.s3.send(Method::GET, "/bucket/none", &[("tagging", "")], &[], "").await.failed(404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_keeps_its_tags_until_they_or_it_are_deleted() {
    let mut kit = Kit::start(3).await;
    let document = |tags: &[(&str, &str)]| {
        let tag = |(key, value): &(&str, &str)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
        format!("<Tagging><TagSet>{}</TagSet></Tagging>", tags.iter().map(tag).collect::<String>())
    };
    let tagging = [("tagging", "")];
    kit.s3.make_bucket("bucket").await;
    kit.s3.send(Method::GET, "/bucket", &tagging, &[], "").await.failed(404, "NoSuchTagSet");
    kit.s3.send(Method::PUT, "/bucket", &tagging, &[], document(&[("a", "1"), ("team", "x &amp; y")])).await.ok();
    kit.restart().await;
    let both = [("a".to_owned(), "1".to_owned()), ("team".to_owned(), "x &amp; y".to_owned())];
    assert_eq!(tags_of(&kit.s3.send(Method::GET, "/bucket", &tagging, &[], "").await.ok()), both);

    let refused = |tags: &[(&str, &str)]| kit.s3.send(Method::PUT, "/bucket", &tagging, &[], document(tags));
    refused(&[("b", "1"), ("b", "2")]).await.failed(400, "InvalidTag");
    refused(&[("aws:b", "1")]).await.failed(400, "InvalidTag");
    refused(&vec![("b", "1"); 51]).await.failed(400, "InvalidTag");
    let set = document(&[("b", "1")]);
    let wrong = [("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")];
    kit.s3.send(Method::PUT, "/bucket", &tagging, &wrong, set.clone()).await.failed(400, "BadDigest");
    assert_eq!(tags_of(&kit.s3.send(Method::GET, "/bucket", &tagging, &[], "").await.ok()), both);

    kit.s3.send(Method::PUT, "/bucket", &tagging, &[], set.clone()).await.ok();
    assert_eq!(tags_of(&kit.s3.send(Method::GET, "/bucket", &tagging, &[], "").await.ok()), [("b".to_owned(), "1".to_owned())]);
    assert_eq!(kit.s3.send(Method::DELETE, "/bucket", &tagging, &[], "").await.status, 204);
    kit.s3.send(Method::GET, "/bucket", &tagging, &[], "").await.failed(404, "NoSuchTagSet");
    kit.s3.send(Method::PUT, "/bucket", &tagging, &[], set.clone()).await.ok();
    assert_eq!(kit.s3.delete("/bucket").await.status, 204);
    kit.s3.send(Method::GET, "/bucket", &tagging, &[], "").await.failed(404, "NoSuchBucket");
    kit.s3.send(Method::PUT, "/bucket", &tagging, &[], set).await.failed(404, "NoSuchBucket");
    kit.s3.make_bucket("bucket").await;
    kit.s3.send(Method::GET, "/bucket", &tagging, &[], "").await.failed(404, "NoSuchTagSet");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_bucket_takes_its_tags_and_nothing_that_it_would_drop() {
    let kit = Kit::start(3).await;
    let make = |inside: &str| format!("<CreateBucketConfiguration>{inside}</CreateBucketConfiguration>");
    let tags = make("<Tags><Tag><Key>a</Key><Value>1</Value></Tag></Tags><LocationConstraint></LocationConstraint>");
    kit.s3.send(Method::PUT, "/tagged", &[], &[], tags).await.ok();
    let read = kit.s3.send(Method::GET, "/tagged", &[("tagging", "")], &[], "").await.ok();
    assert_eq!(tags_of(&read), [("a".to_owned(), "1".to_owned())]);
    let place = make("<Location><Name>use1-az5</Name><Type>AvailabilityZone</Type></Location>");
    kit.s3.send(Method::PUT, "/directory", &[], &[], place).await.failed(501, "NotImplemented");
    let twice = make("<Tags><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>a</Key><Value>2</Value></Tag></Tags>");
    kit.s3.send(Method::PUT, "/twice", &[], &[], twice).await.failed(400, "InvalidTag");
    kit.s3.send(Method::PUT, "/cut", &[], &[], "<CreateBucketConfiguration>").await.failed(400, "MalformedXML");
    for none in ["/directory", "/twice", "/cut"] {
        kit.s3.get(none).await.failed(404, "NoSuchBucket");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_has_words() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    let query = [("delete", "")];
    let broken = kit.s3.send(Method::POST, "/bucket", &query, &[], "<Delete><Object><Key>k</Key>").await;
    let told = broken.failed(400, "MalformedXML").xml("Message").unwrap();
    assert!(told.contains("not well-formed"), "{told}");
    let named = kit.s3.send(Method::PUT, "/Bad_Name", &[], &[], "").await;
    let told = named.failed(400, "InvalidBucketName").xml("Message").unwrap();
    assert!(told.contains("not valid"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_no_listing_could_name_is_refused_and_one_host_is_named() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.put("/bucket/a", "a").await.ok();
    let refused = kit.s3.put("/bucket/b\0c", "b").await.failed(400, "InvalidURI");
    assert!(refused.xml("Message").unwrap().contains("U+0000"), "{}", refused.text());
    kit.s3.send(Method::POST, "/bucket/b\0c", &[("uploads", "")], &[], "").await.failed(400, "InvalidURI");
    assert_eq!(kit.s3.get("/bucket").await.ok().all("Key"), ["a"]);
    let two = head(&kit, "GET", "/bucket/a", &[], &sha256_hex(b"")) + "host: elsewhere\r\n";
    let answer = raw(&kit, two, b"").await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("one Host header"), "{answer}");
}
