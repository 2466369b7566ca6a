//! A request on its way into the sandbox, and the answer on its way out.

use super::error::ProxyError;
use crate::{inside::send, tunnel::Local};
use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::{
            AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, FORWARDED, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
            SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
        },
    },
    response::Response,
};
use depin_quantity::UnitId;
use http_body_util::{BodyExt as _, Limited};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use std::{net::SocketAddrV4, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy, split},
    sync::OwnedSemaphorePermit,
    time::{sleep, timeout},
};

/// Most bytes of a request's body.
const BODY_BYTES_MAX: usize = 512 << 20;
/// How long an answer may take to begin.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(120);
/// How long the dashboard may speak after the hirer has said all.
const LAST_WORDS_TIME_MAX: Duration = Duration::from_secs(5);
/// Headers that are of one connection, and those by which others say who they are: this side says it itself.
const OWN: [HeaderName; 11] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    UPGRADE,
    AUTHORIZATION,
    COOKIE,
    FORWARDED,
    HeaderName::from_static("keep-alive"),
    // Ray takes its token from here as well.
    HeaderName::from_static("x-ray-authorization"),
];

/// What the dashboard of a cluster answers.
pub(super) async fn forward(head: &Local, hire: UnitId, request: Request) -> Result<Response, ProxyError> {
    let place = Arc::clone(&head.asked).try_acquire_owned().map_err(|_| {
        let message = "as many requests and streams of this hire as may be are under way";
        ProxyError::new(StatusCode::TOO_MANY_REQUESTS, "too-many", message, "wait until one of them has ended")
    })?;
    if head.plan.work != crate::plan::Work::Ray {
        let message = format!("this cluster runs {}, which have no dashboard and no Jobs API", head.plan.work.word());
        return Err(ProxyError::new(StatusCode::NOT_FOUND, "no-dashboard", message, "hire a cluster of Ray for one"));
    }
    let space = head.space().ok_or_else(|| ProxyError::unavailable("the head of the cluster does not run"))?;
    let ports = head.plan.ports(0).ok_or_else(ProxyError::not_here)?;
    let at = ports.at(ports.dashboard());
    let (client, request) = inward(request, hire, at, head.secret.reveal())?;
    let answer = match timeout(ANSWER_TIME_MAX, send(&space, at, request)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            return Err(ProxyError::unavailable(format!("the dashboard does not answer, or not yet: {error}")));
        }
        Err(_) => {
            let message = format!("the dashboard did not answer within {} s", ANSWER_TIME_MAX.as_secs());
            return Err(ProxyError::new(StatusCode::GATEWAY_TIMEOUT, "late", message, "try again"));
        }
    };
    outward(answer, client, place)
}

/// The request as the dashboard gets it, and the hirer's side of a switch of protocols where it asks for one.
fn inward(
    mut request: Request,
    hire: UnitId,
    at: SocketAddrV4,
    secret: &str,
) -> Result<(Option<OnUpgrade>, Request<Limited<Body>>), ProxyError> {
    let bad = |message: &str| ProxyError::new(StatusCode::BAD_REQUEST, "bad-request", message, "ask as Ray's own clients do");
    if request.method() == Method::CONNECT {
        return Err(bad("tunnels are not made here"));
    }
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|text| text.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|bytes| bytes > BODY_BYTES_MAX as u64) {
        let message = format!("the body has more than {} MiB", BODY_BYTES_MAX >> 20);
        return Err(ProxyError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", message, "send less at once"));
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let rest = path.strip_prefix(&format!("/cluster/{hire}")).filter(|rest| rest.starts_with('/'));
    let uri: Uri = rest.and_then(|rest| rest.parse().ok()).ok_or_else(|| bad("the request's target is no path"))?;
    let protocol = request.headers().get(UPGRADE).cloned();
    let client = protocol.is_some().then(|| hyper::upgrade::on(&mut request));
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    drop_own(headers);
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    let said = |text: String| HeaderValue::try_from(text).map_err(|_| bad("a header cannot be written"));
    headers.insert(HOST, said(at.to_string())?);
    let mut token = said(format!("Bearer {secret}"))?;
    token.set_sensitive(true);
    headers.insert(AUTHORIZATION, token);
    Ok((client, request.map(|body| Limited::new(body, BODY_BYTES_MAX))))
}

/// The answer as the hirer gets it. It holds its place until it has ended.
fn outward(
    mut answer: hyper::Response<Incoming>,
    client: Option<OnUpgrade>,
    place: OwnedSemaphorePermit,
) -> Result<Response, ProxyError> {
    // Ray hands its token out as a cookie, too.
    answer.headers_mut().remove(SET_COOKIE);
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        drop_own(answer.headers_mut());
        let held = move |error| {
            let _held = &place;
            axum::Error::new(error)
        };
        return Ok(answer.map(|body| Body::new(body.map_err(held))));
    }
    let client = client.ok_or_else(|| {
        let message = "the dashboard switched protocols, which was not asked for";
        ProxyError::new(StatusCode::BAD_GATEWAY, "bad-answer", message, "try again")
    })?;
    let service = hyper::upgrade::on(&mut answer);
    tokio::spawn(async move {
        if let (Ok(client), Ok(service)) = (client.await, service.await) {
            switched(TokioIo::new(client), TokioIo::new(service)).await;
        }
        drop(place);
    });
    Ok(answer.map(|_| Body::empty()))
}

/// Carries another protocol both ways, until the dashboard has said all; the hirer's end leaves it a moment for that. So nobody keeps a place by leaving
/// its side open.
async fn switched(client: impl AsyncRead + AsyncWrite, service: impl AsyncRead + AsyncWrite) {
    let (mut from_client, mut to_client) = split(client);
    let (mut from_service, mut to_service) = split(service);
    let inward = async {
        let _ = copy(&mut from_client, &mut to_service).await;
        let _ = to_service.shutdown().await;
        sleep(LAST_WORDS_TIME_MAX).await;
    };
    tokio::select! {
        // Who breaks off has its reasons; the other side is told by the end of its stream.
        _ = copy(&mut from_service, &mut to_client) => {}
        () = inward => {}
    }
    let _ = to_client.shutdown().await;
}

fn drop_own(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // How long a body is, is never a matter of the connection's options.
        .filter(|name| ![TRANSFER_ENCODING, CONTENT_LENGTH, HOST].contains(name))
        .collect();
    for name in named.iter().chain(&OWN) {
        headers.remove(name);
    }
}
