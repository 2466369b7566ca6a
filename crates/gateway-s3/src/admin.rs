//! The admin interface: JSON under `/_depin/` of the S3 port.
//!
//! In: requests with the bearer token of the home's `admin.token`. Out: the gateway's state. An underscore cannot start a bucket's name,
//! so no S3 client comes here by accident.
//!
//! ```text
//! GET  /_depin/health                                   for anybody: 200 when the object map can be read; `degraded` with reasons when
//!                                                       the renewal service is late, the disk is nearly full, or the node does not answer
//! GET  /_depin/metrics                                  for anybody: OpenMetrics text
//! GET  /_depin/status
//! GET  /_depin/objects?bucket=&prefix=&after_bucket=&after_key=&limit=
//! GET  /_depin/segments?bucket=&key=&after=&limit=      of one object when bucket and key are given
//! GET  /_depin/faults?limit=
//! POST /_depin/keep                                     one tick of the renewal service, now
//! ```

use crate::{core::Core, map::MapError, renewal::RenewalService, views};
use depin_client::api::DiskRoom;
use depin_serve::Meters;
use hyper::{Method, StatusCode, header};
use prometheus_client::{encoding::text::encode, registry::Registry};
use s3s::{Body, HttpRequest, HttpResponse};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// What anybody may ask, whatever else is full.
pub(crate) const OPEN_PATHS: &[&str] = &["/_depin/health", "/_depin/metrics"];

/// The paths that are not S3's.
pub(crate) fn is_admin(path: &str) -> bool {
    path == "/_depin" || path.starts_with("/_depin/")
}

/// Answers admin requests.
pub(crate) struct Admin {
    core: Arc<Core>,
    renewal: Arc<RenewalService>,
    endpoint: String,
    /// Hash of the token: comparing hashes tells nothing about the token by its time.
    token: blake3::Hash,
    metrics: Registry,
}

#[derive(Serialize)]
struct Failure {
    error: Detail,
}

#[derive(Serialize)]
struct Detail {
    code: &'static str,
    message: String,
    hint: &'static str,
}

impl Admin {
    pub(crate) fn new(
        core: Arc<Core>,
        renewal: Arc<RenewalService>,
        endpoint: String,
        token: blake3::Hash,
        port: &Meters,
    ) -> Self {
        let mut metrics = Registry::with_prefix("depin_s3");
        port.register(&mut metrics);
        Self { core, renewal, endpoint, token, metrics }
    }

    pub(crate) async fn answer(&self, request: HttpRequest) -> HttpResponse {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/_depin/health") => {
                let read = self.core.map.read(crate::map::tables::show::totals).await;
                return json(read.map(|_| self.health()));
            }
            (&Method::GET, "/_depin/metrics") => return self.page(),
            _ => {}
        }
        if !self.is_allowed(&request) {
            let hint = "send `Authorization: Bearer TOKEN` with the text of admin.token in the gateway's home";
            return failure(StatusCode::UNAUTHORIZED, "unauthorized", "the admin token is missing or wrong".to_owned(), hint);
        }
        let query = query(request.uri());
        let path = request.uri().path();
        match (request.method(), path) {
            (&Method::GET, "/_depin/status") => json(views::status(&self.core, &self.endpoint, self.renewal.late()).await),
            (&Method::GET, "/_depin/objects") => json(views::objects(&self.core, object_query(query)).await),
            (&Method::GET, "/_depin/segments") => {
                let of = query.get("bucket").cloned().zip(query.get("key").cloned());
                let after = query.get("after").and_then(|after| after.parse().ok()).unwrap_or(0);
                json(views::segments(&self.core, of, after, limit(&query)).await)
            }
            (&Method::GET, "/_depin/faults") => json(views::faults(&self.core, limit(&query)).await),
            (&Method::POST, "/_depin/keep") => json(Ok(self.renewal.tick().await)),
            _ => {
                let hint = "there are GET status, objects, segments, faults and POST keep under /_depin/";
                failure(StatusCode::NOT_FOUND, "not-found", format!("there is no {} {path}", request.method()), hint)
            }
        }
    }

    /// `ok`, or `degraded` with what stands in its way: what is there is read all the same.
    fn health(&self) -> serde_json::Value {
        let reason = |code: &str, message: String| serde_json::json!({ "code": code, "message": message });
        let disk = self.core.config.floor.level().map(DiskRoom::from);
        let mut reasons = BTreeMap::new();
        reasons.extend(self.renewal.late().map(|late| ("renewal", reason("late", late))));
        reasons.extend(disk.and_then(|disk| disk.warning()).map(|why| ("disk", reason("low", why))));
        // The node's own words may name addresses of the owner's.
        reasons.extend(self.core.account().trouble_since_ms.map(|since| {
            let seconds = self.core.now_ms().saturating_sub(since) / 1000;
            let why = format!("the node does not answer, or refuses, for {seconds} s; offers of before are used, and deals wait");
            ("market", reason("away", why))
        }));
        let problems: Vec<&str> = reasons.keys().copied().collect();
        let status = if problems.is_empty() { "ok" } else { "degraded" };
        serde_json::json!({ "status": status, "problems": problems, "reasons": reasons, "disk": disk })
    }

    fn page(&self) -> HttpResponse {
        let mut page = String::new();
        // Writing into a text does not fail.
        let _ = encode(&mut page, &self.metrics);
        let mut response = HttpResponse::new(Body::from(page));
        let kind = header::HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    fn is_allowed(&self, request: &HttpRequest) -> bool {
        let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        given
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|token| blake3::hash(token.trim().as_bytes()) == self.token)
    }
}

fn query(uri: &hyper::Uri) -> HashMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://gateway/?{}", uri.query().unwrap_or_default()));
    url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default()
}

fn limit(query: &HashMap<String, String>) -> Option<usize> {
    query.get("limit").and_then(|limit| limit.parse().ok())
}

fn object_query(mut query: HashMap<String, String>) -> views::ObjectQuery {
    views::ObjectQuery {
        limit: limit(&query),
        bucket: query.remove("bucket").filter(|bucket| !bucket.is_empty()),
        prefix: query.remove("prefix").unwrap_or_default(),
        after: (query.remove("after_bucket").unwrap_or_default(), query.remove("after_key").unwrap_or_default()),
    }
}

fn json<T: Serialize>(outcome: Result<T, MapError>) -> HttpResponse {
    match outcome {
        Ok(value) => response(StatusCode::OK, &value),
        Err(error @ (MapError::NoSuchBucket(_) | MapError::NoSuchKey)) => {
            failure(StatusCode::NOT_FOUND, "not-found", error.to_string(), "list the objects to see what there is")
        }
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string(), "look at the gateway's log"),
    }
}

fn failure(status: StatusCode, code: &'static str, message: String, hint: &'static str) -> HttpResponse {
    response(status, &Failure { error: Detail { code, message, hint } })
}

fn response<T: Serialize>(status: StatusCode, value: &T) -> HttpResponse {
    let text = serde_json::to_string(value).unwrap_or_else(|error| format!("{{\"error\":{{\"message\":\"{error}\"}}}}"));
    let mut response = HttpResponse::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}
