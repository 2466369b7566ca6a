//! A small S3 client: signature version 4 in headers and in URLs, written from the public description, not from the server's code.

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Method, header::HeaderMap};
use sha2::{Digest as _, Sha256};
use time::{OffsetDateTime, macros::format_description};

#[derive(Clone)]
pub struct S3Client {
    pub endpoint: String,
    pub access: String,
    pub secret: String,
    pub http: reqwest::Client,
    /// Seconds added to the clock that requests are signed with.
    pub skew: i64,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Content of the first XML element of this name.
    pub fn xml(&self, name: &str) -> Option<String> {
        self.all(name).into_iter().next()
    }

    /// Contents of all XML elements of this name.
    pub fn all(&self, name: &str) -> Vec<String> {
        let text = self.text();
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let mut found = Vec::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(&open) {
            rest = &rest[at + open.len()..];
            let end = rest.find(&close).unwrap();
            found.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
        found
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Asserts status and error code.
    #[track_caller]
    pub fn failed(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.xml("Code").as_deref()), (status, Some(code)), "{}", self.text());
        self
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text());
        self
    }
}

pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn encode(text: &str, keep_slash: bool) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (keep_slash && byte == b'/');
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn canonical_query(query: &[(&str, &str)]) -> String {
    let mut pairs: Vec<(String, String)> =
        query.iter().map(|(name, value)| (encode(name, false), encode(value, false))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

impl S3Client {
    pub fn new(endpoint: &str, access: &str, secret: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { endpoint: endpoint.to_owned(), access: access.to_owned(), secret: secret.to_owned(), http, skew: 0 }
    }

    pub fn host(&self) -> String {
        self.endpoint.trim_start_matches("http://").to_owned()
    }

    fn now(&self) -> (String, String) {
        let now = OffsetDateTime::now_utc() + time::Duration::seconds(self.skew);
        let long = now.format(format_description!("[year][month][day]T[hour][minute][second]Z")).unwrap();
        (long[..8].to_owned(), long)
    }

    fn signature(&self, day: &str, time: &str, canonical: &str) -> String {
        let scope = format!("{day}/us-east-1/s3/aws4_request");
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
        let key = hmac(format!("AWS4{}", self.secret).as_bytes(), day);
        let key = hmac(&hmac(&hmac(&key, "us-east-1"), "s3"), "aws4_request");
        hex::encode(hmac(&key, &to_sign))
    }

    /// Headers of a signed request, with the given hash of the payload.
    pub fn sign(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        payload: &str,
    ) -> Vec<(String, String)> {
        let (day, time) = self.now();
        let mut all: Vec<(String, String)> =
            headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        all.push(("host".to_owned(), self.host()));
        all.push(("x-amz-date".to_owned(), time.clone()));
        all.push(("x-amz-content-sha256".to_owned(), payload.to_owned()));
        all.sort();
        let listed: String = all.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let names = all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
        let canonical = format!("{method}\n{}\n{}\n{listed}\n{names}\n{payload}", encode(path, true), canonical_query(query));
        let signature = self.signature(&day, &time, &canonical);
        let scope = format!("{}/{day}/us-east-1/s3/aws4_request", self.access);
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}");
        all.retain(|(name, _)| name != "host");
        all.push(("authorization".to_owned(), authorization));
        all
    }

    pub fn url(&self, path: &str, query: &[(&str, &str)]) -> String {
        let query = canonical_query(query);
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{}{mark}{query}", self.endpoint, encode(path, true))
    }

    /// A URL that is its own permission.
    pub fn presign(&self, method: &str, path: &str, expires_s: u64) -> String {
        self.presign_with(method, path, expires_s, &[])
    }

    /// The same, with further parameters.
    pub fn presign_with(&self, method: &str, path: &str, expires_s: u64, more: &[(&str, &str)]) -> String {
        let (day, time) = self.now();
        let credential = format!("{}/{day}/us-east-1/s3/aws4_request", self.access);
        let expires = expires_s.to_string();
        let mut query = vec![
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &time),
            ("X-Amz-Expires", &expires),
            ("X-Amz-SignedHeaders", "host"),
        ];
        query.extend_from_slice(more);
        let listed = format!("host:{}\n", self.host());
        let canonical =
            format!("{method}\n{}\n{}\n{listed}\nhost\nUNSIGNED-PAYLOAD", encode(path, true), canonical_query(&query));
        let signature = self.signature(&day, &time, &canonical);
        query.push(("X-Amz-Signature", &signature));
        self.url(path, &query)
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: impl Into<bytes::Bytes>,
    ) -> Answer {
        let body = body.into();
        let signed = self.sign(method.as_str(), path, query, headers, &sha256_hex(&body));
        let mut request = self.http.request(method, self.url(path, query)).body(body);
        for (name, value) in signed {
            request = request.header(name, value);
        }
        Self::answer(request).await
    }

    pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap().to_vec();
        Answer { status, headers, body }
    }

    pub async fn make_bucket(&self, bucket: &str) {
        self.send(Method::PUT, &format!("/{bucket}"), &[], &[], Vec::new()).await.ok();
    }

    pub async fn put(&self, path: &str, body: impl Into<bytes::Bytes>) -> Answer {
        self.send(Method::PUT, path, &[], &[], body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], &[], Vec::new()).await
    }

    pub async fn head(&self, path: &str) -> Answer {
        self.send(Method::HEAD, path, &[], &[], Vec::new()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], &[], Vec::new()).await
    }

    pub async fn get_range(&self, path: &str, range: &str) -> Answer {
        self.send(Method::GET, path, &[], &[("range", range)], Vec::new()).await
    }

    /// Asserts that the object reads back as `expected`.
    pub async fn expect(&self, path: &str, expected: &[u8]) -> Answer {
        let answer = self.get(path).await.ok();
        assert!(answer.body == expected, "{path} reads back as {} bytes instead of {}", answer.body.len(), expected.len());
        answer
    }
}
