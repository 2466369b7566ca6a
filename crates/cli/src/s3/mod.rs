//! A small S3 client for the home's own gateway: put, get, and the gateway's admin interface.
//!
//! In: files. Out: S3 requests to the endpoint of `endpoints.json`. What S3 clients are good at (folders, syncing, mounting) is left to
//! them; this is for trying things and for scripts that have nothing else.

pub mod sign;

use crate::error::{CliError, Kind, Result};
use depin_devnet::services::storage::gateway::S3Access;
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use sign::{Keys, Unsigned};
use std::{path::Path, time::Duration, time::SystemTime};

/// Bytes of one part; a file up to this size goes in one request.
pub const PART: usize = 32 << 20;
/// Longest error text that is read.
const ERROR_MAX: usize = 64 << 10;

/// A client of one gateway.
pub struct S3 {
    http: reqwest::Client,
    endpoint: String,
    host: String,
    keys: Keys,
}

impl S3 {
    pub fn new(endpoint: &S3Access) -> Result<Self> {
        let broken =
            |error: &dyn std::fmt::Display| CliError::broken("s3", format_args!("cannot use {}: {error}", endpoint.endpoint));
        let url: reqwest::Url = endpoint.endpoint.parse().map_err(|error| broken(&error))?;
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(broken(&"it has no host")),
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|error| broken(&error))?;
        let S3Access { access_key, secret_key, region, .. } = endpoint.clone();
        Ok(Self {
            http,
            endpoint: endpoint.endpoint.trim_end_matches('/').to_owned(),
            host,
            keys: Keys { access_key, secret_key, region },
        })
    }

    async fn send(&self, method: Method, bucket: &str, key: &str, query: &[(&str, &str)], body: Vec<u8>) -> Result<Response> {
        if key.split('/').any(|part| part == "." || part == "..") {
            return Err(CliError::refused(
                "key",
                format_args!("the key `{key}` has a part `.` or `..`, which HTTP clients resolve like folders"),
            )
            .hint("choose another key"));
        }
        let path = sign::encode_path(bucket, key);
        let payload_sha256 = sign::sha256_hex(&body);
        let request = Unsigned { method: method.as_str(), host: &self.host, path: &path, query, payload_sha256: &payload_sha256 };
        let signed = sign::sign(&self.keys, &request, SystemTime::now());
        let query = sign::canonical_query(query);
        let url = format!("{}{path}{}{query}", self.endpoint, if query.is_empty() { "" } else { "?" });
        let request = self
            .http
            .request(method, url)
            .header("x-amz-date", signed.date)
            .header("x-amz-content-sha256", payload_sha256)
            .header("authorization", signed.authorization)
            .body(body);
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    fn unreachable(&self, error: &reqwest::Error) -> CliError {
        CliError::broken("unreachable", format_args!("the S3 gateway at {} does not answer: {error}", self.endpoint))
            .hint("check that `depin up` runs; `depin status` shows where its parts are")
    }

    /// Makes a bucket; one that is there is no error.
    pub async fn make_bucket(&self, bucket: &str) -> Result<()> {
        match self.send(Method::PUT, bucket, "", &[], Vec::new()).await {
            Err(error) if error.code == "BucketAlreadyOwnedByYou" || error.code == "BucketAlreadyExists" => Ok(()),
            done => done.map(drop),
        }
    }

    /// Stores a whole object; gives its ETag.
    pub async fn put(&self, bucket: &str, key: &str, body: Vec<u8>) -> Result<String> {
        let response = self.send(Method::PUT, bucket, key, &[], body).await?;
        Ok(etag(&response))
    }

    /// Begins an upload in parts; gives its id.
    pub async fn begin(&self, bucket: &str, key: &str) -> Result<String> {
        let response = self.send(Method::POST, bucket, key, &[("uploads", "")], Vec::new()).await?;
        let text = response.text().await.map_err(|error| self.unreachable(&error))?;
        element(&text, "UploadId").ok_or_else(|| CliError::broken("answer", "the gateway's answer names no upload"))
    }

    pub async fn part(&self, bucket: &str, key: &str, upload: &str, number: u32, body: Vec<u8>) -> Result<String> {
        let number = number.to_string();
        let query = [("partNumber", number.as_str()), ("uploadId", upload)];
        let response = self.send(Method::PUT, bucket, key, &query, body).await?;
        Ok(etag(&response))
    }

    /// Puts the parts together; gives the object's ETag.
    pub async fn complete(&self, bucket: &str, key: &str, upload: &str, parts: &[String]) -> Result<String> {
        let mut body = "<CompleteMultipartUpload>".to_owned();
        for (number, etag) in (1..).zip(parts) {
            body += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
        }
        body += "</CompleteMultipartUpload>";
        let response = self.send(Method::POST, bucket, key, &[("uploadId", upload)], body.into_bytes()).await?;
        // This call may answer 200 at first and tell of a failure in its body.
        let text = response.text().await.map_err(|error| self.unreachable(&error))?;
        match element(&text, "Code") {
            Some(code) => Err(CliError::broken(&code, element(&text, "Message").unwrap_or_default())),
            None => Ok(element(&text, "ETag").unwrap_or_default().replace("&quot;", "\"")),
        }
    }

    pub async fn abort(&self, bucket: &str, key: &str, upload: &str) -> Result<()> {
        self.send(Method::DELETE, bucket, key, &[("uploadId", upload)], Vec::new()).await.map(drop)
    }

    /// Reads an object; its body is still to come.
    pub async fn get(&self, bucket: &str, key: &str) -> Result<Response> {
        self.send(Method::GET, bucket, key, &[], Vec::new()).await
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
pub async fn admin<T: DeserializeOwned>(at: &S3Access, gateway: &Path, path: &str, query: &[(&str, String)]) -> Result<T> {
    let token_path = gateway.join("admin.token");
    let token = std::fs::read_to_string(&token_path).map_err(|error| CliError::file("read", &token_path, &error))?;
    let broken = |error: reqwest::Error| {
        CliError::broken("unreachable", format_args!("the gateway at {} does not answer: {error}", at.endpoint))
    };
    let http = reqwest::Client::builder().no_proxy().build().map_err(broken)?;
    let url = format!("{}/_depin/{path}", at.endpoint);
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let url = format!("{url}?{}", sign::canonical_query(&query));
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
