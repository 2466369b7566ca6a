//! What is answered at once: who this is, manifests, how leases are.

use super::{IMAGE_PART_BYTES_MAX, MANIFEST_BYTES_MAX, State, error, query, status};
use crate::{
    leasing::{DeskError, ImagePart, ImageTaken},
    operator::ApiError,
};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, RawQuery, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use depin_client::lease::{LeaseStatus, Scope, ServiceStatus};
use depin_sdl::{Manifest, ManifestGroup};
use depin_services::leasing::SignedReport;
use serde_json::{Value, json};

/// Longest report of availability.
const REPORT_BYTES_MAX: usize = 4_096;

/// Parts of a path of a lease.
pub(super) type LeasePath = Path<(String, String, String)>;

pub(super) async fn version() -> Json<Value> {
    let version = env!("CARGO_PKG_VERSION");
    Json(json!({ "akash": { "name": "depin", "server_name": "depin", "version": version }, "kube": null }))
}

pub(super) async fn address(shared: State) -> Json<Value> {
    Json(json!({ "address": shared.door.desk.provider() }))
}

pub(super) async fn status(shared: State) -> Json<Value> {
    let standing = shared.door.desk.standing().await;
    let mut answer = json!({
        "cluster": { "leases": standing.leases, "inventory": standing.inventory },
        "bidengine": { "orders": standing.orders },
        "manifest": { "deployments": standing.deployments },
        "address": shared.door.desk.provider(),
    });
    if let Some(domain) = standing.domain {
        answer["cluster_public_hostname"] = domain.into();
    }
    if let Some(seconds) = standing.reclamation_seconds {
        answer["reclamation_window"] = format!("{seconds}s").into();
    }
    Json(answer)
}

pub(super) async fn take_manifest(
    shared: State,
    Path(dseq): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, ApiError> {
    let id = shared.to_deployment(&headers, &dseq, Scope::SendManifest).await?;
    let bad = |message: String| {
        let hint = "send the manifest's JSON; `depin lease check FILE --manifest` prints it";
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-manifest", message, hint)
    };
    let most = format!("a manifest has at most {MANIFEST_BYTES_MAX} bytes");
    let body = whole(body, most, "split the deployment into several")?;
    let text = std::str::from_utf8(&body).map_err(|_| bad("the manifest is no UTF-8".to_owned()))?;
    // The parser's words name places and types, never values that stand there.
    let manifest = Manifest::from_json(text)
        .map_err(|why| bad(format!("this is no manifest: line {}, column {}", why.line(), why.column())))?;
    // Taken to its end even when the tenant goes away: what is half taken would be reconciled later, and nobody told.
    let shared = shared.0;
    let taking = tokio::spawn(async move { shared.door.desk.take(id, manifest).await });
    taking.await.map_err(|bug| ApiError::internal(&bug))?.map_err(error::desk)?;
    Ok(StatusCode::OK)
}

/// A body, or why there is none.
fn whole(body: Result<Bytes, BytesRejection>, most: String, hint: &'static str) -> Result<Bytes, ApiError> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", most, hint),
        _ => ApiError::bad_request("truncated", "the body broke off", "send exactly Content-Length bytes"),
    })
}

pub(super) async fn take_image(
    shared: State,
    path: LeasePath,
    RawQuery(text): RawQuery,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ImageTaken>, ApiError> {
    let entry = shared.to_lease(&headers, parts(&path), Some(Scope::SendManifest)).await?;
    let (image, at, of) = query::image(text.as_deref())?;
    let most = format!("a part of an image has at most {IMAGE_PART_BYTES_MAX} bytes");
    let bytes = whole(body, most, "send the archive in smaller parts")?;
    let part = ImagePart { image, at, of, bytes };
    // The last part is judged to its end even when the tenant goes away.
    let shared = shared.0;
    let taking = tokio::spawn(async move { shared.door.desk.image(entry.lease, part).await });
    taking.await.map_err(|bug| ApiError::internal(&bug))?.map(Json).map_err(error::desk)
}

/// The tenant's signature says whose word it is; the token only that its lease is here.
pub(super) async fn report(
    shared: State,
    path: LeasePath,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<SignedReport>, ApiError> {
    let entry = shared.to_lease(&headers, parts(&path), Some(Scope::Status)).await?;
    let body = whole(body, format!("a report has at most {REPORT_BYTES_MAX} bytes"), "send one report")?;
    let bad = |why: String| ApiError::bad_request("bad-report", why, "`depin lease probe` makes reports");
    if body.len() > REPORT_BYTES_MAX {
        return Err(bad(format!("a report has at most {REPORT_BYTES_MAX} bytes, this one {}", body.len())));
    }
    let report = serde_json::from_slice(&body)
        .map_err(|why| bad(format!("this is no report: line {}, column {}", why.line(), why.column())))?;
    shared.door.desk.report(entry.lease, report).await.map(Json).map_err(error::desk)
}

pub(super) async fn manifest(shared: State, path: LeasePath, headers: HeaderMap) -> Result<Json<[ManifestGroup; 1]>, ApiError> {
    let entry = shared.to_lease(&headers, parts(&path), Some(Scope::GetManifest)).await?;
    let mut group = shared.door.desk.manifest(entry.lease).await.map_err(error::desk)?;
    group.services.retain(|service| entry.services.has(&service.name));
    Ok(Json([group]))
}

pub(super) async fn lease_status(shared: State, path: LeasePath, headers: HeaderMap) -> Result<Json<LeaseStatus>, ApiError> {
    let entry = shared.to_lease(&headers, parts(&path), Some(Scope::Status)).await?;
    let tenancy = shared.door.desk.tenancy(entry.lease).await.map_err(error::desk)?;
    Ok(Json(status::lease(&tenancy, &entry.services)))
}

pub(super) async fn service_status(
    shared: State,
    Path((dseq, gseq, oseq, service)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Result<Json<ServiceStatus>, ApiError> {
    let entry = shared.to_lease(&headers, (&dseq, &gseq, &oseq), None).await?;
    entry.check_service(&service)?;
    let tenancy = shared.door.desk.tenancy(entry.lease).await.map_err(error::desk)?;
    let found = status::service(&tenancy, &service);
    found.map(Json).ok_or_else(|| error::desk(DeskError::NoService(format!("the lease has no service `{}`", short(&service)))))
}

pub(super) async fn no_migration() -> Response {
    let message = "this provider does not move names and addresses by request";
    let hint = "send a manifest that claims the name in another lease of yours: the one that has it gives it up";
    ApiError::new(StatusCode::NOT_IMPLEMENTED, "not-offered", message, hint).into_response()
}

/// The numbers in a path of a lease.
pub(super) fn parts(Path((dseq, gseq, oseq)): &LeasePath) -> (&str, &str, &str) {
    (dseq, gseq, oseq)
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}
