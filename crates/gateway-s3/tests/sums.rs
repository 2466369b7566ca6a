//! Checksums of whole objects and of parts, attributes, and completions that are repeated.

mod kit;

use kit::{Answer, Kit, noise};
use reqwest::Method;

const PART: usize = 5 << 20;

/// CRC32 by its definition, bit by bit.
fn crc32(bytes: &[u8]) -> String {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    base64_simd::STANDARD.encode_to_string((!crc).to_be_bytes())
}

async fn begin(kit: &Kit, path: &str, headers: &[(&str, &str)]) -> String {
    kit.s3.send(Method::POST, path, &[("uploads", "")], headers, "").await.ok().xml("UploadId").unwrap()
}

async fn part(kit: &Kit, path: &str, upload: &str, number: &str, body: Vec<u8>) -> Answer {
    kit.s3.send(Method::PUT, path, &[("partNumber", number), ("uploadId", upload)], &[], body).await.ok()
}

async fn complete(kit: &Kit, path: &str, upload: &str, etags: &[&str], headers: &[(&str, &str)]) -> Answer {
    let part = |(index, etag): (usize, &&str)| format!("<Part><PartNumber>{}</PartNumber><ETag>{etag}</ETag></Part>", index + 1);
    let parts: String = etags.iter().enumerate().map(part).collect();
    let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    kit.s3.send(Method::POST, path, &[("uploadId", upload)], headers, body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_checksum_of_a_whole_object_is_put_together_from_its_parts() {
    let kit = Kit::start_with(3, |config| config.shard_payload = 127 << 14).await;
    kit.s3.make_bucket("bucket").await;
    let (one, two) = (noise(1, PART), noise(2, 1234));
    let whole = crc32(&[one.clone(), two.clone()].concat());
    let kinds = [("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-type", "FULL_OBJECT")];
    let upload = begin(&kit, "/bucket/o", &kinds).await;
    let first = part(&kit, "/bucket/o", &upload, "1", one.clone()).await;
    assert_eq!(first.header("x-amz-checksum-crc32"), Some(crc32(&one).as_str()));
    let second = part(&kit, "/bucket/o", &upload, "2", two.clone()).await;
    let etags = [first.header("etag").unwrap(), second.header("etag").unwrap()];
    complete(&kit, "/bucket/o", &upload, &etags, &[("x-amz-checksum-crc32", "AAAAAA==")]).await.failed(400, "BadDigest");
    let wrong = [("x-amz-checksum-type", "COMPOSITE")];
    complete(&kit, "/bucket/o", &upload, &etags, &wrong).await.failed(400, "InvalidRequest");
    let done = complete(&kit, "/bucket/o", &upload, &etags, &[("x-amz-checksum-crc32", &whole)]).await.ok();
    assert_eq!((done.xml("ChecksumCRC32"), done.xml("ChecksumType").as_deref()), (Some(whole.clone()), Some("FULL_OBJECT")));
    let head = kit.s3.send(Method::HEAD, "/bucket/o", &[], &[("x-amz-checksum-mode", "ENABLED")], "").await;
    assert_eq!(head.header("x-amz-checksum-crc32"), Some(whole.as_str()));

    // Completed again: the same answer. With other parts: the upload is gone.
    let again = complete(&kit, "/bucket/o", &upload, &etags, &[("if-none-match", "*")]).await.ok();
    assert_eq!(again.xml("ETag"), done.xml("ETag"));
    complete(&kit, "/bucket/o", &upload, &etags[..1], &[]).await.failed(404, "NoSuchUpload");

    // Attributes, part by part.
    let ask = |names: &'static str, more: Vec<(&'static str, &'static str)>| {
        let s3 = kit.s3.clone();
        async move {
            let headers: Vec<(&str, &str)> = [("x-amz-object-attributes", names)].into_iter().chain(more).collect();
            s3.send(Method::GET, "/bucket/o", &[("attributes", "")], &headers, "").await
        }
    };
    let all = ask("ETag,Checksum,ObjectParts,StorageClass,ObjectSize", vec![]).await.ok();
    assert_eq!(all.xml("ObjectSize"), Some((PART + 1234).to_string()));
    assert_eq!((all.xml("PartsCount").as_deref(), all.all("Size")), (Some("2"), vec![PART.to_string(), "1234".to_owned()]));
    assert_eq!(all.all("ChecksumCRC32"), [whole, crc32(&one), crc32(&two)]);
    let page = ask("ObjectParts", vec![("x-amz-max-parts", "1"), ("x-amz-part-number-marker", "1")]).await.ok();
    assert_eq!((page.all("PartNumber"), page.xml("IsTruncated").as_deref()), (vec!["2".to_owned()], Some("false")));
    assert_eq!(page.xml("ETag"), None);
    ask("Colour", vec![]).await.failed(400, "InvalidArgument");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_without_a_wish_get_the_crc_of_nvme() {
    let kit = Kit::start_with(3, |config| config.shard_payload = 127 << 14).await;
    kit.s3.make_bucket("bucket").await;
    let (one, two) = (noise(1, PART), noise(2, 77));
    let whole = kit.s3.put("/bucket/whole", [one.clone(), two.clone()].concat()).await.ok();
    let sum = whole.header("x-amz-checksum-crc64nvme").unwrap().to_owned();
    let upload = begin(&kit, "/bucket/parts", &[]).await;
    let first = part(&kit, "/bucket/parts", &upload, "1", one).await;
    let second = part(&kit, "/bucket/parts", &upload, "2", two).await;
    let etags = [first.header("etag").unwrap(), second.header("etag").unwrap()];
    let done = complete(&kit, "/bucket/parts", &upload, &etags, &[]).await.ok();
    assert_eq!(done.xml("ChecksumCRC64NVME"), Some(sum.clone()));
    // A copy can get another one.
    let wish = [("x-amz-copy-source", "/bucket/parts"), ("x-amz-checksum-algorithm", "SHA256")];
    let copy = kit.s3.send(Method::PUT, "/bucket/copy", &[], &wish, "").await.ok();
    assert!(copy.xml("ChecksumSHA256").is_some() && copy.xml("ChecksumCRC64NVME").is_none(), "{}", copy.text());
    for (headers, code) in [
        (vec![("x-amz-checksum-algorithm", "SHA1"), ("x-amz-checksum-type", "FULL_OBJECT")], "InvalidRequest"),
        (vec![("x-amz-checksum-algorithm", "CRC64NVME"), ("x-amz-checksum-type", "COMPOSITE")], "InvalidRequest"),
        (vec![("x-amz-checksum-type", "COMPOSITE")], "InvalidRequest"),
        (vec![("x-amz-checksum-algorithm", "CRC31")], "InvalidRequest"),
    ] {
        kit.s3.send(Method::POST, "/bucket/x", &[("uploads", "")], &headers, "").await.failed(400, code);
    }
}
