//! A small S3 client for the home's own gateway: put, get, and the gateway's admin interface.
//!
//! In: files. Out: S3 requests to the endpoint of `endpoints.json`. What S3 clients are good at (folders, syncing, mounting) is left to
//! them; this is for trying things and for scripts that have nothing else.

use crate::error::{CliError, Kind, Result};
use depin_client::{Trust, tls_failure};
use depin_devnet::services::storage::gateway::S3Access;
use jiff::Timestamp;
use reqwest::{Response, StatusCode, Url};
use rusty_s3::{Bucket, Method, UrlStyle, signing::sign};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::{path::Path, time::Duration};

/// Bytes of one part; a file up to this size goes in one request.
pub const PART: usize = 32 << 20;
/// Header of a body's checksum.
const CHECKSUM: &str = "x-amz-checksum-sha256";
/// Longest error text that is read.
const ERROR_MAX: usize = 64 << 10;

/// How long a signed request may be used; each is sent at once.
const VALID_SECONDS: u64 = 300;

/// A client of one gateway.
pub struct S3 {
    http: reqwest::Client,
    endpoint: Url,
    access: S3Access,
}

impl S3 {
    pub fn new(access: &S3Access, trust: &Trust) -> Result<Self> {
        let broken =
            |error: &dyn std::fmt::Display| CliError::broken("s3", format_args!("cannot use {}: {error}", access.endpoint));
        let endpoint: Url = access.endpoint.parse().map_err(|error| broken(&error))?;
        if endpoint.host().is_none() || !["http", "https"].contains(&endpoint.scheme()) {
            return Err(broken(&"it is no http:// or https:// URL of a host"));
        }
        let http = trust.http().no_proxy().connect_timeout(Duration::from_secs(5)).build().map_err(|error| broken(&error))?;
        Ok(Self { http, endpoint, access: access.clone() })
    }

    /// Sends one request. `query` is sorted by name.
    async fn send(&self, method: Method, bucket: &str, key: &str, query: &[(&str, &str)], body: Vec<u8>) -> Result<Response> {
        if key.split('/').any(|part| part == "." || part == "..") {
            return Err(CliError::refused(
                "key",
                format_args!("the key `{key}` has a part `.` or `..`, which HTTP clients resolve like folders"),
            )
            .hint("choose another key"));
        }
        // A signed URL says nothing of the body: the checksum of what is stored is signed as a header.
        let stored = method == Method::Put && !body.is_empty();
        let checksum = stored.then(|| base64_simd::STANDARD.encode_to_string(Sha256::digest(&body)));
        let headers: Vec<(&str, &str)> = checksum.iter().map(|sum| (CHECKSUM, sum.as_str())).collect();
        let S3Access { access_key, secret_key, region, .. } = &self.access;
        let at = Bucket::new(self.endpoint.clone(), UrlStyle::Path, bucket.to_owned(), region.clone());
        let at = at.map_err(|error| CliError::refused("bucket", format_args!("`{bucket}` is no bucket: {error}")))?;
        let url = if key.is_empty() { at.base_url().clone() } else { at.object_url(key) };
        let (now, query, headers) = (Timestamp::now(), query.iter().copied(), headers.into_iter());
        let signed = sign(&now, method, url, access_key, secret_key, None, region, VALID_SECONDS, query, headers.clone());
        let method = reqwest::Method::from_bytes(method.to_str().as_bytes()).expect("a method of S3 is one of HTTP");
        let request = headers.fold(self.http.request(method, signed), |request, (name, value)| request.header(name, value));
        let response = request.body(body).send().await.map_err(|error| self.unreachable(error))?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    fn unreachable(&self, error: reqwest::Error) -> CliError {
        if let Some(why) = tls_failure(&error) {
            return CliError::broken("tls", format_args!("the S3 gateway at {} is not trusted: {why}", self.access.endpoint));
        }
        // Its URL is signed.
        let error = error.without_url();
        CliError::broken("unreachable", format_args!("the S3 gateway at {} does not answer: {error}", self.access.endpoint))
            .hint("check that `depin up` runs; `depin status` shows where its parts are")
    }

    /// Makes a bucket; one that is there is no error.
    pub async fn make_bucket(&self, bucket: &str) -> Result<()> {
        match self.send(Method::Put, bucket, "", &[], Vec::new()).await {
            Err(error) if error.code == "BucketAlreadyOwnedByYou" || error.code == "BucketAlreadyExists" => Ok(()),
            done => done.map(drop),
        }
    }

    /// Stores a whole object; gives its ETag.
    pub async fn put(&self, bucket: &str, key: &str, body: Vec<u8>) -> Result<String> {
        let response = self.send(Method::Put, bucket, key, &[], body).await?;
        Ok(etag(&response))
    }

    /// Begins an upload in parts; gives its id.
    pub async fn begin(&self, bucket: &str, key: &str) -> Result<String> {
        let response = self.send(Method::Post, bucket, key, &[("uploads", "")], Vec::new()).await?;
        let text = response.text().await.map_err(|error| self.unreachable(error))?;
        element(&text, "UploadId").ok_or_else(|| CliError::broken("answer", "the gateway's answer names no upload"))
    }

    pub async fn part(&self, bucket: &str, key: &str, upload: &str, number: u32, body: Vec<u8>) -> Result<String> {
        let number = number.to_string();
        let query = [("partNumber", number.as_str()), ("uploadId", upload)];
        let response = self.send(Method::Put, bucket, key, &query, body).await?;
        Ok(etag(&response))
    }

    /// Puts the parts together; gives the object's ETag.
    pub async fn complete(&self, bucket: &str, key: &str, upload: &str, parts: &[String]) -> Result<String> {
        let mut body = "<CompleteMultipartUpload>".to_owned();
        for (number, etag) in (1..).zip(parts) {
            body += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
        }
        body += "</CompleteMultipartUpload>";
        let response = self.send(Method::Post, bucket, key, &[("uploadId", upload)], body.into_bytes()).await?;
        // This call may answer 200 at first and tell of a failure in its body.
        let text = response.text().await.map_err(|error| self.unreachable(error))?;
        match element(&text, "Code") {
            Some(code) => Err(CliError::broken(&code, element(&text, "Message").unwrap_or_default())),
            None => Ok(element(&text, "ETag").unwrap_or_default().replace("&quot;", "\"")),
        }
    }

    pub async fn abort(&self, bucket: &str, key: &str, upload: &str) -> Result<()> {
        self.send(Method::Delete, bucket, key, &[("uploadId", upload)], Vec::new()).await.map(drop)
    }

    /// Reads an object; its body is still to come.
    pub async fn get(&self, bucket: &str, key: &str) -> Result<Response> {
        self.send(Method::Get, bucket, key, &[], Vec::new()).await
    }
}

fn etag(response: &Response) -> String {
    response.headers().get("etag").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

async fn refusal(mut response: Response) -> CliError {
    let status = response.status();
    let mut text = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        text.extend_from_slice(&chunk[..chunk.len().min(ERROR_MAX - text.len())]);
        if text.len() == ERROR_MAX {
            break;
        }
    }
    let text = String::from_utf8_lossy(&text);
    let code = element(&text, "Code").unwrap_or_else(|| status.as_u16().to_string());
    let message = element(&text, "Message").unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason given").to_owned());
    let hint = match code.as_str() {
        "NoSuchKey" | "NoSuchBucket" => "`depin storage list` shows what there is",
        _ => "",
    };
    let kind = if status.is_client_error() { Kind::Refused } else { Kind::Broken };
    CliError { kind, message: format!("the gateway says {code}: {message}"), code, hint: hint.to_owned() }
}

/// Text of the first element of that name. The answers read here are flat and the gateway's own.
fn element(xml: &str, name: &str) -> Option<String> {
    let start = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let end = xml[start..].find(&format!("</{name}>"))?;
    Some(xml[start..start + end].to_owned())
}

/// Asks the gateway's admin interface, with the token of its folder.
pub async fn admin<T: DeserializeOwned>(
    at: &S3Access,
    trust: &Trust,
    gateway: &Path,
    path: &str,
    query: &[(&str, String)],
) -> Result<T> {
    let token_projection = gateway.join("admin.token");
    let token = std::fs::read_to_string(&token_projection).map_err(|error| CliError::file("read", &token_projection, &error))?;
    let broken = |error: reqwest::Error| {
        CliError::broken("unreachable", format_args!("the gateway at {} does not answer: {error}", at.endpoint))
    };
    let http = trust.http().no_proxy().build().map_err(broken)?;
    let url = Url::parse_with_params(&format!("{}/_depin/{path}", at.endpoint), query)
        .map_err(|error| CliError::broken("s3", format_args!("cannot use {}: {error}", at.endpoint)))?;
    let response = http.get(url).bearer_auth(token.trim()).send().await.map_err(broken)?;
    if response.status() != StatusCode::OK {
        return Err(refusal(response).await);
    }
    response.json().await.map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_in_the_gateways_answers() {
        let xml = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>";
        assert_eq!(element(xml, "Code").as_deref(), Some("NoSuchKey"));
        assert_eq!(element(xml, "Key"), None);
    }
}
