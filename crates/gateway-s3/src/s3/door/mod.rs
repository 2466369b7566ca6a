//! The door: what a request passes before it is an operation, and what an answer passes on its way out.
//!
//! ```text
//! request ─▶ form? ─▶ signed? ─▶ covered headers? ─▶ s3s: signature, body ─▶ rules ─▶ s3s: operation ─▶ front
//! answer  ◀─ request ids, XML that any key survives, CORS, one log line ◀───────────────────┘
//! ```
//!
//! `s3s` is passed twice. The first pass verifies signatures and unwraps bodies; its only route is [`rules::Rules`], which sees requests
//! that are verified and may change them: it finds the operation, refuses what is not kept, reads conditions and ranges as S3 does, and
//! hands the rest to the second pass, which has no accounts and only dispatches.

mod cors;
mod errors_out;
mod expect;
mod form;
mod headers;
pub(crate) mod operations;
mod policy;
mod query;
mod range;
mod rules;
mod signing;
mod unset;
mod xml;

pub(crate) use headers::REFUSED;
pub(crate) use query::{encoded, pairs_of};
pub use range::parse as parse_range;
pub use signing::{Signed, only_signed, signed};

use super::{Front, OneAccount, errors};
use crate::{core::Core, writer::Writer};
use hyper::{Method, Request, Response, StatusCode, header};
use rules::{Hosts, Rules};
use s3s::{
    Body, HttpError, S3Result, s3_error,
    service::{S3Service, S3ServiceBuilder},
};
use std::sync::Arc;

/// The S3 endpoint.
#[derive(Clone)]
pub(crate) struct Door {
    verified: S3Service,
    rules: Rules,
}

impl Door {
    pub(crate) fn new(core: &Arc<Core>, writer: &Arc<Writer>) -> Self {
        let dispatch = S3ServiceBuilder::new(Front { core: core.clone(), writer: writer.clone() }).build();
        let rules = Rules { core: core.clone(), dispatch };
        let mut builder = S3ServiceBuilder::new(Front { core: core.clone(), writer: writer.clone() });
        builder.set_auth(OneAccount::new(core.config.access_key.clone(), &core.config.secret_key));
        builder.set_host(Hosts);
        builder.set_route(rules.clone());
        Self { verified: builder.build(), rules }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// When the connection has to be given up.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, HttpError> {
        let asked = errors_out::Asked::of(&request);
        if request.method() == Method::OPTIONS {
            return Ok(errors_out::finish(cors::preflight(&request), &asked));
        }
        let (request, asking) = expect::watch(request);
        let mut response = match self.pass(request).await {
            Ok(response) => response?,
            Err(error) => error.to_http_response().unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR)),
        };
        asking.settle(&mut response);
        Ok(errors_out::finish(response, &asked))
    }

    async fn pass(&self, mut request: Request<Body>) -> S3Result<Result<Response<Body>, HttpError>> {
        // Which of them is meant, and whether the signature covers that one, would be a guess.
        if request.headers().get_all(header::HOST).iter().count() > 1 {
            return Err(s3_error!(InvalidRequest, "A request has one Host header (RFC 9112, 3.2), and this one has several"));
        }
        if form::is_form(&request) {
            return form::upload(&self.rules, request).await.map(Ok);
        }
        let query = query::pairs(request.uri())?;
        let signed = signed(request.headers(), &query)?;
        only_signed(&signed, request.headers(), &query)?;
        match &signed {
            Signed::Not => return Err(s3_error!(AccessDenied, "Access Denied: requests must be signed")),
            Signed::V4 { region, .. } if *region != self.rules.core.config.region => {
                let presigned = query.iter().any(|(name, _)| name == "X-Amz-Signature");
                let place = if presigned { errors_out::Credential::Url } else { errors_out::Credential::Header };
                return Ok(Ok(errors_out::other_region(place, region, &self.rules.core.config.region)));
            }
            Signed::V2 | Signed::V4 { .. } => {}
        }
        // A body in chunks without a trailer is one that announces none; `s3s` wants the announcement all the same.
        let in_chunks =
            request.headers().get("x-amz-content-sha256").is_some_and(|value| value.as_bytes().ends_with(b"-TRAILER"));
        if in_chunks && !request.headers().contains_key("x-amz-trailer") {
            request.headers_mut().insert("x-amz-trailer", header::HeaderValue::from_static(""));
        }
        Ok(self.verified.call(request).await)
    }
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
