//! Who asks, and whether it may.

use super::{Shared, error::ProxyError};
use crate::{plan::NodeId, tunnel::Local};
use axum::http::{HeaderMap, StatusCode, header};
use depin_client::cluster::read;
use depin_quantity::UnitId;
use std::sync::Arc;

/// The hire that a path names.
pub(super) fn hire(path: &[(String, String)]) -> Result<UnitId, ProxyError> {
    let text = path.iter().find(|(name, _)| name == "hire").map_or("", |(_, value)| value.as_str());
    // One way to write it: in lower case.
    text.parse::<UnitId>().ok().filter(|hire| hire.to_string() == text).ok_or_else(|| {
        let message = format!("`{}` is no id of a hire", text.chars().take(40).collect::<String>());
        ProxyError::new(
            StatusCode::BAD_REQUEST,
            "bad-path",
            message,
            "a cluster is at /cluster/ID, with the 64 hexadecimal digits of its hire",
        )
    })
}

impl Shared {
    /// The head of a hire's cluster, for the hirer.
    pub(super) fn to_head(&self, headers: &HeaderMap, hire: UnitId) -> Result<Arc<Local>, ProxyError> {
        let claims = read(bearer(headers)?).map_err(|error| ProxyError::token(&error))?;
        claims.check(self.door.account, self.door.chain, (self.door.now)()).map_err(|error| ProxyError::token(&error))?;
        if claims.hire != hire {
            let message = format!("the token is for hire {}, not for hire {hire}", claims.hire);
            return Err(ProxyError::new(StatusCode::FORBIDDEN, "other-hire", message, "make a token for this hire"));
        }
        let head = self.tunnels.node(NodeId::new(hire, 0)).filter(|head| head.plan.hirer == claims.iss);
        head.ok_or_else(ProxyError::not_here)
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, ProxyError> {
    let mut shown = headers.get_all(header::AUTHORIZATION).iter();
    let first = shown.next().ok_or_else(|| ProxyError::unauthorized("no-token", "this needs a token of the hirer's"))?;
    let malformed = || ProxyError::unauthorized("bad-header", "the header `Authorization` holds no bearer token");
    if shown.next().is_some() {
        return Err(malformed());
    }
    let (scheme, token) = first.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(malformed()) }
}
