//! Nothing is taken and dropped: what is not kept is refused, by name, and nothing has changed afterwards.

mod kit;

use hmac::{Hmac, KeyInit as _, Mac as _};
use kit::{Answer, Kit, S3Client, sha256_hex};
use reqwest::Method;
use sha1::Sha1;

/// Sends a signed request with further headers that the signature does not cover.
async fn beside(s3: &S3Client, method: Method, path: &str, query: &[(&str, &str)], open: &[(&str, &str)]) -> Answer {
    let signed = s3.sign(method.as_str(), path, query, &[], &sha256_hex(b""));
    let mut request = s3.http.request(method, s3.url(path, query));
    for (name, value) in signed.iter().map(|(a, b)| (a.as_str(), b.as_str())).chain(open.iter().copied()) {
        request = request.header(name, value);
    }
    S3Client::answer(request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_are_not_signed_are_refused_on_signed_requests() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.put("/bucket/secret", "top secret").await.ok();
    kit.s3.put("/bucket/drop", "before").await.ok();
    let upload = kit.s3.send(Method::POST, "/bucket/mp", &[("uploads", "")], &[], "").await.ok().xml("UploadId").unwrap();
    let copy = ("x-amz-copy-source", "/bucket/secret");

    // A link that was given away for one key copies nothing into it.
    let link = kit.s3.presign("PUT", "/bucket/drop", 60);
    S3Client::answer(kit.s3.http.put(&link).header(copy.0, copy.1)).await.failed(403, "AccessDenied");
    let evil = S3Client::answer(kit.s3.http.put(&link).header("x-amz-meta-evil", "1")).await.failed(403, "AccessDenied");
    assert!(evil.text().contains("x-amz-meta-evil"), "the header is named");
    beside(&kit.s3, Method::PUT, "/bucket/drop", &[], &[copy]).await.failed(403, "AccessDenied");
    let part = [("partNumber", "1"), ("uploadId", upload.as_str())];
    beside(&kit.s3, Method::PUT, "/bucket/mp", &part, &[copy]).await.failed(403, "AccessDenied");
    beside(&kit.s3, Method::GET, "/bucket/secret", &[], &[("x-amz-anything", "1")]).await.failed(403, "AccessDenied");
    kit.s3.expect("/bucket/drop", b"before").await;

    // The same headers, signed, and a link without them, work.
    kit.s3.send(Method::PUT, "/bucket/copy", &[], &[copy], "").await.ok();
    S3Client::answer(kit.s3.http.put(&link).body("plain")).await.ok();
    kit.s3.expect("/bucket/drop", b"plain").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_have_no_version_but_the_one_without_a_name() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.put("/bucket/k", "precious").await.ok();
    let version = [("versionId", "3HL4kqtJlcpXroDTDmJ")];
    for method in [Method::GET, Method::DELETE] {
        kit.s3.send(method, "/bucket/k", &version, &[], "").await.failed(400, "InvalidArgument");
    }
    assert_eq!(kit.s3.send(Method::HEAD, "/bucket/k", &version, &[], "").await.status, 400);
    let source = [("x-amz-copy-source", "/bucket/k?versionId=3HL4kqtJlcpXroDTDmJ")];
    kit.s3.send(Method::PUT, "/bucket/c", &[], &source, "").await.failed(400, "InvalidArgument");
    let many = "<Delete><Object><Key>k</Key><VersionId>3HL4</VersionId></Object></Delete>";
    let answer = kit.s3.send(Method::POST, "/bucket", &[("delete", "")], &[], many).await.ok();
    assert_eq!((answer.all("Code"), answer.all("Deleted").len()), (vec!["NoSuchVersion".to_owned()], 0));
    kit.s3.expect("/bucket/k", b"precious").await;

    let listed = kit.s3.send(Method::GET, "/bucket", &[("versions", "")], &[], "").await.ok();
    assert_eq!(
        (listed.all("Key"), listed.all("VersionId"), listed.all("IsLatest")),
        (vec!["k".into()], vec!["null".into()], vec!["true".into()])
    );
    kit.s3.send(Method::GET, "/bucket/k", &[("versionId", "null")], &[], "").await.ok();
    kit.s3.send(Method::DELETE, "/bucket/k", &[("versionId", "null")], &[], "").await.ok();
    kit.s3.get("/bucket/k").await.failed(404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_ask_for_what_is_not_kept_are_refused_by_name() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    let lock = kit.s3.send(Method::PUT, "/locked", &[], &[("x-amz-bucket-object-lock-enabled", "true")], "").await;
    lock.failed(501, "NotImplemented");
    assert_eq!(kit.s3.head("/locked").await.status, 404);
    for (name, value, status, code) in [
        ("x-amz-object-lock-mode", "COMPLIANCE", 400, "InvalidRequest"),
        ("x-amz-object-lock-retain-until-date", "2040-01-01T00:00:00Z", 400, "InvalidRequest"),
        ("x-amz-object-lock-legal-hold", "ON", 400, "InvalidRequest"),
        ("x-amz-server-side-encryption", "aws:kms", 501, "NotImplemented"),
        ("x-amz-server-side-encryption", "ROT13", 400, "InvalidEncryptionAlgorithmError"),
        ("x-amz-server-side-encryption-aws-kms-key-id", "alias/mine", 501, "NotImplemented"),
        ("x-amz-server-side-encryption-customer-algorithm", "AES256", 501, "NotImplemented"),
        ("x-amz-server-side-encryption-customer-key", "c2VjcmV0", 501, "NotImplemented"),
        ("x-amz-storage-class", "GLACIER", 501, "NotImplemented"),
        ("x-amz-storage-class", "NONSENSE", 400, "InvalidStorageClass"),
        ("x-amz-acl", "public-read", 400, "AccessControlListNotSupported"),
        ("x-amz-acl", "nonsense", 400, "InvalidArgument"),
        ("x-amz-grant-read", "id=1", 400, "AccessControlListNotSupported"),
        ("x-amz-write-offset-bytes", "1", 501, "NotImplemented"),
        ("x-amz-security-token", "token", 400, "InvalidToken"),
        ("x-amz-expected-bucket-owner", "another", 403, "AccessDenied"),
        ("x-amz-sdk-checksum-algorithm", "XXHASH", 400, "InvalidRequest"),
        ("x-amz-tagging", "a=1&a=2", 400, "InvalidTag"),
    ] {
        let answer = kit.s3.send(Method::PUT, "/bucket/o", &[], &[(name, value)], "x").await.failed(status, code);
        assert!(!answer.text().contains("c2VjcmV0"), "a customer's key is not repeated");
    }
    let bogus = [("x-amz-copy-source", "/bucket/p"), ("x-amz-metadata-directive", "BOGUS")];
    kit.s3.send(Method::PUT, "/bucket/c", &[], &bogus, "").await.failed(400, "InvalidArgument");
    kit.s3.send(Method::PUT, "/bucket/o", &[("frobnicate", "")], &[], "x").await.failed(501, "NotImplemented");
    kit.s3.send(Method::PUT, "/other", &[("frobnicate", "")], &[], "").await.failed(501, "NotImplemented");
    kit.s3.get("/bucket/o").await.failed(404, "NoSuchKey");
    assert_eq!(kit.handle().status().await.unwrap().buckets, 1);
    // What names what is so anyway is taken.
    let so = [
        ("x-amz-acl", "private"),
        ("x-amz-storage-class", "STANDARD"),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-expected-bucket-owner", kit::ACCESS),
        ("x-amz-request-payer", "requester"),
    ];
    let put = kit.s3.send(Method::PUT, "/bucket/o", &[], &so, "x").await.ok();
    assert_eq!(put.header("x-amz-server-side-encryption"), Some("AES256"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_in_a_presigned_url_mean_what_headers_mean() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    let link = |query: &[(&str, &str)]| kit.s3.presign_with("PUT", "/bucket/o", 60, query);
    let answer = S3Client::answer(kit.s3.http.put(link(&[("x-amz-acl", "public-read")])).body("x")).await;
    answer.failed(400, "AccessControlListNotSupported");
    S3Client::answer(kit.s3.http.put(link(&[("x-amz-meta-note", "kept")])).body("x")).await.ok();
    assert_eq!(kit.s3.head("/bucket/o").await.header("x-amz-meta-note"), Some("kept"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_without_a_signature_are_forbidden_whatever_they_ask() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    let http = &kit.s3.http;
    let at = |path: &str| format!("{}{path}", kit.s3.endpoint);
    for path in ["/", "/bucket", "/bucket/k", "/No_Bucket", "/bucket?policy", "/bucket/k?versionId=1", "/bucket/k?partNumber=x"] {
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
            S3Client::answer(http.request(method, at(path))).await.failed(403, "AccessDenied");
        }
    }
    // A date that the parser of the signature cannot stand is a refusal, and the connection goes on.
    let wild = "AWS4-HMAC-SHA256 Credential=K/20261129/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0";
    for date in ["!!!!!!!!!!!!!!!!", "2026", "20261129T1301 7Z"] {
        S3Client::answer(http.get(at("/")).header("authorization", wild).header("x-amz-date", date))
            .await
            .failed(403, "AccessDenied");
    }
    let scope = wild.replace("20261129", "!!!!!!!!");
    let answer = http.get(at("/")).header("authorization", scope).header("x-amz-date", "20261129T130137Z");
    S3Client::answer(answer).await.failed(400, "AuthorizationHeaderMalformed");
    S3Client::answer(http.get(at("/")).header("authorization", "AWS K:sig")).await.failed(403, "AccessDenied");
    let query = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=K/%21%21%21%21%21%21%21%21/us-east-1/s3/aws4_request&X-Amz-Date=%21\
                 &X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0";
    S3Client::answer(http.get(at(query))).await.failed(403, "AccessDenied");
    kit.s3.get("/").await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_has_a_request_id() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    let missing = kit.s3.get("/bucket/a<b").await.failed(404, "NoSuchKey");
    let id = missing.header("x-amz-request-id").unwrap().to_owned();
    assert_eq!((missing.xml("RequestId"), missing.xml("Resource").as_deref()), (Some(id.clone()), Some("/bucket/a%3Cb")));
    let next = kit.s3.put("/bucket/o", "x").await.ok();
    assert!(next.header("x-amz-request-id").is_some_and(|next| next.len() == 16 && next != id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_of_version_2_open_what_they_name_and_nothing_else() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.put("/bucket/secret", "top secret").await.ok();
    let until = time::OffsetDateTime::now_utc().unix_timestamp() + 60;
    let link = |method: &str, until: i64| {
        let mut mac = Hmac::<Sha1>::new_from_slice(kit::SECRET.as_bytes()).unwrap();
        mac.update(format!("{method}\n\n\n{until}\n/bucket/k").as_bytes());
        let signature = base64_simd::STANDARD.encode_to_string(mac.finalize().into_bytes());
        let query = [("AWSAccessKeyId", kit::ACCESS), ("Expires", &until.to_string()), ("Signature", &signature)];
        kit.s3.url("/bucket/k", &query)
    };
    let put = link("PUT", until);
    S3Client::answer(kit.s3.http.put(&put).body("by link")).await.ok();
    kit.s3.expect("/bucket/k", b"by link").await;
    assert_eq!(S3Client::answer(kit.s3.http.get(link("GET", until))).await.ok().body, b"by link");
    let http = &kit.s3.http;
    S3Client::answer(http.put(&put).header("x-amz-copy-source", "/bucket/secret")).await.failed(403, "SignatureDoesNotMatch");
    S3Client::answer(http.put(format!("{put}&x-amz-copy-source=/bucket/secret"))).await.failed(403, "AccessDenied");
    S3Client::answer(http.put(format!("{put}&x-amz-acl=private"))).await.failed(403, "AccessDenied");
    S3Client::answer(http.put(format!("{put}&tagging&tagging"))).await.failed(403, "AccessDenied");
    S3Client::answer(http.put(link("PUT", 1))).await.failed(403, "AccessDenied");
    kit.s3.expect("/bucket/k", b"by link").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_list_that_there_is_can_be_set() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.put("/bucket/k", "x").await.ok();
    let acl = [("acl", "")];
    for path in ["/bucket", "/bucket/k"] {
        // What was read can be written back.
        let read = kit.s3.send(Method::GET, path, &acl, &[], "").await.ok();
        kit.s3.send(Method::PUT, path, &acl, &[], read.body.clone()).await.ok();
        kit.s3.send(Method::PUT, path, &acl, &[("x-amz-acl", "private")], "").await.ok();
        let public = [("x-amz-acl", "public-read")];
        kit.s3.send(Method::PUT, path, &acl, &public, "").await.failed(400, "AccessControlListNotSupported");
        let other = read.text().replace(&format!("<ID>{}</ID>", kit::ACCESS), "<ID>somebody</ID>");
        kit.s3.send(Method::PUT, path, &acl, &[], other).await.failed(400, "AccessControlListNotSupported");
    }
}
