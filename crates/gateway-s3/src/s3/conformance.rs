//! The page that says what of S3 is there, written from the tables that decide it.

use super::door::{
    REFUSED,
    operations::{Level, OPERATIONS, Operation, Support, Unset},
};

/// The page, in Markdown.
pub fn conformance() -> String {
    let mut page = HEAD.to_owned();
    for (level, title) in [(Level::Service, "The account"), (Level::Bucket, "Buckets"), (Level::Object, "Objects")] {
        page.push_str(&format!("\n## {title}\n\n| operation | request | here |\n|---|---|---|\n"));
        for operation in OPERATIONS.iter().filter(|operation| operation.level == level) {
            page.push_str(&format!("| {} | `{}` | {} |\n", operation.name, operation.request(), verdict(operation)));
        }
        if level == Level::Bucket {
            page.push_str("| PostObject | `POST /bucket` with a form | supported |\n");
        }
    }
    page.push_str("\n## What a request may not ask\n\n| request | answer |\n|---|---|\n");
    for (request, answer) in REFUSED {
        page.push_str(&format!("| {request} | {answer} |\n"));
    }
    page
}

fn verdict(operation: &Operation) -> String {
    match operation.support {
        Support::Served if operation.name.ends_with("Acl") => "supported, for the private one that there is anyway".to_owned(),
        Support::Served => "supported".to_owned(),
        Support::Unset(Unset::Xml(_)) => "answered as S3 does where nothing was set".to_owned(),
        Support::Unset(Unset::None(code, _)) => format!("404 `{code}`: nothing was set"),
        Support::Unset(Unset::Invalid(code, message)) => format!("400 `{code}`: {message}"),
        Support::Refused(why) => format!("refused, `NotImplemented`: {why}"),
    }
}

const HEAD: &str = "\
# What of S3 is here

The gateway has one account, no versions, and of settings per bucket tags alone. What it does not keep it refuses by name; it never takes
a request and drops a part of it. This page is written by `cargo test -p depin-gateway-s3 --test conformance` from the table that the gateway itself
decides by (`crates/gateway-s3/src/s3/door/operations/table.rs`); the test fails when the page is not what it writes, and
`DEPIN_WRITE_DOCS=1` makes it write.

Said once, for all:

* Signatures of version 4 and, as far as clients still choose it, version 2; in headers, URLs and forms. Every `x-amz-` header, and every
  parameter with a meaning, must be covered by the signature.
* One region, `us-east-1` where its operator names no other. A signature for another one, such as the `US` of old clients, is told
  the right one in `<Region>` as S3 tells it: `AuthorizationHeaderMalformed`, for URLs and forms `AuthorizationQueryParametersError`.
* Tags: at most ten of an object and fifty of a bucket.
* A bucket is named in the path, or before `localhost` in the host (`http://bucket.localhost:9000/key`).
* Every object is encrypted with a key of the gateway's, and says so in S3's words: `x-amz-server-side-encryption: AES256`. The cipher is
  XChaCha20-Poly1305.
* Checksums: CRC32, CRC32C, CRC64NVME, SHA-1 and SHA-256, in headers and behind bodies; of whole objects, and of parts' checksums. An
  upload that names none gets CRC64NVME.
* Browsers of any origin are answered: requests are allowed by their signature and not by where they come from.
* One range per request; whatever else a `Range` header says means the whole object, as with S3.
* Completing a multipart upload again, with the same parts and within a day, answers as the first time.
* A price is agreed on when a shard is placed: its deal is proposed at that price or less, never at more, and no price above `--max-price` is taken, by
  default four times the median of the live asks. `--spend-per-day` caps a day's escrow; uploads beyond it are refused with 503.
* Stored means read back: before an upload is answered, a part of every shard, chosen by chance, is read from its provider and compared. Providers without
  a proven deal of this gateway come last, but for a trial in every eighth segment, and hold at most n − k shards of a segment once k others are proven.
* An upload to a provider that stands still for 3 s (a second more for each MiB, once all is sent) is begun with the next provider as well, and given up after 10 s (four
  more for each MiB, once all is sent) or below 16 KiB/s;
  who stood still is asked last for a minute, then two, up to an hour.
";
