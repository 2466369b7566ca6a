//! Who asks, and whether it may: from a request's head to the lease that it is about.

use super::{Shared, error};
use crate::operator::ApiError;
use axum::http::{HeaderMap, StatusCode, header};
use depin_client::lease::{Claims, Scope, Services, read};
use depin_services::leasing::{BidId, DeploymentId};

/// Somebody who may do something with a lease.
pub(super) struct Entry {
    /// By what.
    pub(super) claims: Claims,
    /// With which lease.
    pub(super) lease: BidId,
    /// With which of its services.
    pub(super) services: Services,
}

impl Shared {
    /// Whoever shows a token that is good here and now; whether it was taken back is asked later.
    fn claims(&self, headers: &HeaderMap) -> Result<Claims, ApiError> {
        let mut shown = headers.get_all(header::AUTHORIZATION).iter();
        let hint = "send `Authorization: Bearer TOKEN`; `depin lease token` makes one";
        let Some(first) = shown.next() else {
            return Err(error::unauthorized("no-token", "this needs a token of the tenant", hint));
        };
        let malformed = || error::unauthorized("bad-header", "the header `Authorization` holds no bearer token", hint);
        if shown.next().is_some() {
            return Err(malformed());
        }
        let (scheme, token) = first.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(malformed());
        }
        let claims = read(token.trim()).map_err(|why| error::token(&why))?;
        let now = self.door.clock.now_ms() / 1_000;
        claims.check(self.door.desk.provider(), self.door.chain, now).map_err(|why| error::token(&why))?;
        Ok(claims)
    }

    /// Whether a token was taken back.
    pub(super) async fn check_generation(&self, claims: &Claims) -> Result<(), ApiError> {
        let current = self.door.generations.current(claims.iss, claims.generation).await.map_err(|why| {
            let message = format!("whether the token was revoked is not known: {why}");
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message, "try again in some seconds")
                .with(header::RETRY_AFTER, "5")
        })?;
        claims.check_generation(current).map_err(|why| error::token(&why))
    }

    /// Lets somebody in to a deployment of the token's issuer.
    pub(super) async fn to_deployment(&self, headers: &HeaderMap, dseq: &str, scope: Scope) -> Result<DeploymentId, ApiError> {
        let claims = self.claims(headers)?;
        let id = DeploymentId { owner: claims.iss, dseq: number(dseq)? };
        if !claims.allows_deployment(id, self.door.desk.provider(), scope) {
            return Err(error::forbidden(format!("the token does not allow `{scope}` for the deployment {}", id.dseq)));
        }
        self.check_generation(&claims).await?;
        Ok(id)
    }

    /// Lets somebody in to a lease of the token's issuer.
    pub(super) async fn to_lease(
        &self,
        headers: &HeaderMap,
        (dseq, gseq, oseq): (&str, &str, &str),
        scope: Option<Scope>,
    ) -> Result<Entry, ApiError> {
        let claims = self.claims(headers)?;
        let deployment = DeploymentId { owner: claims.iss, dseq: number(dseq)? };
        let lease = deployment.group(number(gseq)?).order(number(oseq)?).bid(self.door.desk.provider());
        let Some(services) = claims.allows(lease, scope) else {
            let what = scope.map_or_else(String::new, |scope| format!("`{scope}` for "));
            return Err(error::forbidden(format!("the token does not allow {what}the lease {dseq}/{gseq}/{oseq}")));
        };
        // Accounts are free to make; the ledger is asked only about those that have a lease here.
        self.door.desk.tenancy(lease).await.map(drop).or_else(|why| match why {
            crate::leasing::DeskError::NoManifest(_) => Ok(()),
            why => Err(error::desk(why)),
        })?;
        self.check_generation(&claims).await?;
        Ok(Entry { claims, lease, services })
    }
}

impl Entry {
    /// Whether a service is among those that it is allowed for.
    pub(super) fn check_service(&self, service: &str) -> Result<(), ApiError> {
        if self.services.has(service) {
            return Ok(());
        }
        let name: String = service.chars().take(80).collect();
        Err(error::forbidden(format!("the token does not allow it for the service `{name}`")))
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| {
        let message = format!("`{}` is no number of a deployment, group or order", text.chars().take(40).collect::<String>());
        ApiError::bad_request("bad-path", message, "a lease is named by deployment, group and order: 1234/1/1")
    })
}
