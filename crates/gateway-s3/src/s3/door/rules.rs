//! What a verified request must keep to before it is an operation.

use super::{
    errors, headers,
    operations::{self, Level, Operation, Support},
    query, range,
    signing::{OWN_V2, PRESIGNED},
    unset, xml,
};
use crate::{
    core::Core,
    s3::{bucket::NewTags, checksums, conditions::Preconditions},
};
use bytes::Bytes;
use hyper::{
    HeaderMap, Method, Request, Response, Uri,
    header::{self, HeaderName, HeaderValue},
};
use s3s::{
    Body, S3Request, S3Response, S3Result, TrailingHeaders,
    host::{S3Host, VirtualHost},
    route::S3Route,
    s3_error,
    service::S3Service,
    stream::ByteStream as _,
};
use std::sync::Arc;

/// The largest document that is taken: a thousand long keys, each character escaped.
const DOCUMENT_MAX: usize = 16 << 20;

/// Hosts below `localhost` are buckets.
pub(super) struct Hosts;

/// The bucket that a host names: `bucket.localhost`, with or without a port.
pub(super) fn bucket_of(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.strip_suffix(".localhost").filter(|bucket| !bucket.is_empty())
}

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match bucket_of(host) {
            Some(bucket) => VirtualHost::new("localhost").with_bucket(bucket),
            None => VirtualHost::new(host),
        })
    }
}

/// A request that came as a form, whose length nobody knows.
#[derive(Clone, Copy)]
pub(super) struct FromForm;

/// The rules, and what comes behind them.
#[derive(Clone)]
pub(super) struct Rules {
    pub(super) core: Arc<Core>,
    pub(super) dispatch: S3Service,
}

#[async_trait::async_trait]
impl S3Route for Rules {
    fn is_match(&self, _: &Method, _: &Uri, _: &HeaderMap, _: &mut hyper::http::Extensions) -> bool {
        true
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let S3Request { input, method, uri, headers, extensions, trailing_headers, .. } = request;
        let mut verified = Request::new(input);
        *verified.method_mut() = method;
        *verified.uri_mut() = uri;
        *verified.headers_mut() = headers;
        *verified.extensions_mut() = extensions;
        if let Some(trailers) = trailing_headers {
            verified.extensions_mut().insert(trailers);
        }
        let (parts, body) = self.pass(verified).await?.into_parts();
        Ok(S3Response { output: body, status: Some(parts.status), headers: parts.headers, extensions: parts.extensions })
    }
}

/// What a request's path names.
struct Place {
    level: Level,
    bucket: String,
    key: String,
}

impl Place {
    fn of(request: &Request<Body>) -> S3Result<Self> {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let path = query::decoded(request.uri().path())?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        let (bucket, key) = match host.and_then(bucket_of) {
            Some(bucket) => (bucket, path),
            None => path.split_once('/').unwrap_or((path, "")),
        };
        let level = match (bucket, key) {
            ("", _) => Level::Service,
            (_, "") => Level::Bucket,
            _ => Level::Object,
        };
        let writes = matches!(*request.method(), Method::PUT | Method::POST);
        if writes && key.contains('\0') {
            return Err(s3_error!(
                InvalidURI,
                "A key cannot hold the character U+0000: no XML document can (XML 1.1, 2.2 Characters), so no listing could name it"
            ));
        }
        Ok(Self { level, bucket: bucket.to_owned(), key: key.to_owned() })
    }

    fn path(&self) -> String {
        match self.level {
            Level::Service => "/".to_owned(),
            Level::Bucket => format!("/{}", query::encoded(&self.bucket, false)),
            Level::Object => format!("/{}/{}", query::encoded(&self.bucket, false), query::encoded(&self.key, true)),
        }
    }
}

impl Rules {
    /// Does what a verified request asks for, or refuses it.
    ///
    /// # Errors
    /// A refusal; an operation's own errors are answers already.
    pub(super) async fn pass(&self, mut request: Request<Body>) -> S3Result<Response<Body>> {
        let place = Place::of(&request)?;
        let mut pairs = query::pairs(request.uri())?;
        version(&pairs)?;
        let carries_signature = |name: &str| OWN_V2.contains(&name) || PRESIGNED.contains(&name.to_ascii_lowercase().as_str());
        pairs.retain(|(name, _)| name != "versionId" && !carries_signature(name));
        hoist(&mut pairs, request.headers_mut())?;
        let operation = operation(request.method(), place.level, &pairs, request.headers())?;
        headers::check(operation, request.headers(), &self.core.config.access_key)?;
        match operation.support {
            Support::Refused(why) => return Err(s3_error!(NotImplemented, "{} is not supported here: {why}", operation.name)),
            Support::Unset(answer) => return unset::answer(&self.core, place.level, &place.bucket, &place.key, answer).await,
            Support::Served => {}
        }
        if request.headers().get("content-md5").is_some_and(HeaderValue::is_empty) {
            return Err(s3_error!(InvalidDigest, "The Content-MD5 you specified is not valid: it is empty"));
        }
        conditions(&mut request);
        one_range(request.headers_mut());
        if operation.has_content() {
            length(&mut request)?;
        }
        if operation.has_document() {
            let bytes = document(&mut request).await?;
            if operation.name == "CreateBucket" {
                request.extensions_mut().insert(NewTags::read(&bytes)?);
            }
        }
        let uri = format!("{}?{}", place.path(), query::joined(&pairs));
        *request.uri_mut() = uri.parse().map_err(|_| s3_error!(InvalidURI, "Couldn't parse the specified URI"))?;
        // The next pass has no accounts and would ask for one.
        request.headers_mut().remove(header::AUTHORIZATION);
        request.headers_mut().remove("x-amz-content-sha256");
        request.headers_mut().remove(header::HOST);
        self.dispatch
            .call(request)
            .await
            .map_err(|error| s3s::S3Error::with_source(s3s::S3ErrorCode::InternalError, error.into()))
    }
}

/// Nothing has versions, so the only one that can be named is the one without a name.
fn version(pairs: &[(String, String)]) -> S3Result<()> {
    match pairs.iter().find(|(name, value)| name == "versionId" && value != "null") {
        None => Ok(()),
        Some((_, value)) => {
            Err(s3_error!(InvalidArgument, "Invalid version id specified: {value:?}; objects here have no versions but null"))
        }
    }
}

/// Presigned URLs carry headers as parameters; they are covered by the signature and mean the same.
fn hoist(pairs: &mut Vec<(String, String)>, headers: &mut HeaderMap) -> S3Result<()> {
    let is_header = |name: &str| name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"));
    for (name, value) in pairs.iter().filter(|(name, _)| is_header(name)) {
        let invalid = || s3_error!(InvalidArgument, "The query parameter {name} cannot be read as a header");
        let header = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()).map_err(|_| invalid())?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| invalid())?;
        if headers.get(&header).is_some_and(|given| *given != value) {
            return Err(s3_error!(InvalidRequest, "{name} is a header and a query parameter, with different values"));
        }
        headers.insert(header, value);
    }
    pairs.retain(|(name, _)| !is_header(name));
    Ok(())
}

fn operation(method: &Method, level: Level, pairs: &[(String, String)], headers: &HeaderMap) -> S3Result<&'static Operation> {
    let Some(operation) = operations::find(method.as_str(), level, pairs, &|name| headers.contains_key(name)) else {
        if let Some((name, _)) = pairs.first() {
            return Err(s3_error!(NotImplemented, "{method} with ?{name} is not implemented"));
        }
        return Err(s3_error!(MethodNotAllowed, "The specified method is not allowed against this resource."));
    };
    // S3 reads past what a question does not know. What a change does not know could be the change that is meant.
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match pairs.iter().find(|(name, _)| !reads && !operation.takes_query(name)) {
        None => Ok(operation),
        Some((name, _)) => Err(s3_error!(NotImplemented, "{method} with ?{name} is not implemented")),
    }
}

/// Conditions are read as RFC 9110 writes them, lists included; `s3s` knows single tags only.
fn conditions(request: &mut Request<Body>) {
    let preconditions = Preconditions::take("", request.headers_mut());
    let source = Preconditions::take("x-amz-copy-source-", request.headers_mut());
    request.extensions_mut().insert(preconditions);
    request.extensions_mut().insert(crate::s3::conditions::OfSource(source));
}

fn one_range(headers: &mut HeaderMap) {
    let Some(given) = headers.remove(header::RANGE) else { return };
    let plain = given.to_str().ok().and_then(range::parse).and_then(|plain| HeaderValue::from_str(&plain).ok());
    if let Some(plain) = plain {
        headers.insert(header::RANGE, plain);
    }
}

/// A body of unknown length could be cut without anybody noticing.
fn length(request: &mut Request<Body>) -> S3Result<()> {
    if request.extensions().get::<FromForm>().is_some() {
        return Ok(());
    }
    // Without a body there is none to be cut.
    let known = request.body().remaining_length().exact();
    let headers = request.headers_mut();
    if let Some(known) = known.filter(|_| !headers.contains_key(header::CONTENT_LENGTH)) {
        headers.insert(header::CONTENT_LENGTH, known.into());
    }
    if let Some(decoded) = headers.get("x-amz-decoded-content-length").cloned() {
        headers.insert(header::CONTENT_LENGTH, decoded);
    }
    if !headers.contains_key(header::CONTENT_LENGTH) {
        return Err(s3_error!(MissingContentLength, "You must provide the Content-Length HTTP header."));
    }
    Ok(())
}

/// Reads a document, returns it, and checks it against what the request promises of it.
async fn document(request: &mut Request<Body>) -> S3Result<Bytes> {
    let read = request.body_mut().store_all_limited(DOCUMENT_MAX).await;
    let bytes = read.map_err(|error| match error.to_string().contains("length limit") {
        true => s3_error!(MaxMessageLengthExceeded, "Your request was too big: a document has at most {DOCUMENT_MAX} bytes"),
        false => errors::body(&error),
    })?;
    let trailers = request.extensions().get::<TrailingHeaders>().cloned();
    let behind = trailers.and_then(|trailers| trailers.read(HeaderMap::clone)).unwrap_or_default();
    checksums::document(request.headers(), &behind, &bytes)?;
    let bytes = match std::str::from_utf8(&bytes) {
        Ok(document) => xml::plain(document).into_owned().into_bytes().into(),
        Err(_) => bytes,
    };
    let length = HeaderValue::from(bytes.len());
    request.headers_mut().insert(header::CONTENT_LENGTH, length);
    *request.body_mut() = Body::from(bytes.clone());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_below_localhost_are_buckets() {
        assert_eq!(bucket_of("my.bucket.localhost:9000"), Some("my.bucket"));
        assert_eq!(bucket_of("b.localhost"), Some("b"));
        for host in ["localhost", "localhost:9000", "127.0.0.1:9000", "b.example.com", ".localhost"] {
            assert_eq!(bucket_of(host), None, "{host}");
        }
    }
}
