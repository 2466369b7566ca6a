//! `depin lease token | revoke | host`: what others may do with a tenant's leases, and what is the tenant's own.

use super::{check, gate::Visitor, place::Place};
use crate::{
    args::{LeaseHostArgs, LeaseRevokeArgs, LeaseTokenArgs},
    error::{CliError, Result},
    output::write_out,
};
use depin_client::lease::{Access, Claims, DeploymentPermission, HOST_PROOF_PATH, HostProof, Leases, Permission, mint};
use depin_quantity::ContentHash;
use depin_services::leasing::LeasingMessage;
use serde::Serialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Serialize)]
struct Made<'a> {
    token: &'a str,
    claims: &'a Claims,
}

pub(super) async fn token(args: &LeaseTokenArgs, at: &Place<'_>) -> Result<()> {
    let key = at.remote.key(&args.tenant.from)?;
    let visitor = Visitor::tenant(at, &args.tenant).await?;
    let provider = at.remote.address_of(args.provider.as_ref()).await?;
    let mut leases = visitor.leases(at, args.dseq, args.group).await?;
    leases.retain(|lease| provider.is_none_or(|wanted| lease.id.provider == wanted));
    let [lease] = leases.as_slice() else {
        return Err(CliError::refused(
            "which-lease",
            format_args!("{} leases of deployment {} are meant", leases.len(), args.dseq),
        )
        .hint("name one with --group, --provider or both: a token is for one provider"));
    };
    let services = match &args.file {
        Some(file) => services_in(at, file, lease).await?,
        None if args.service.is_empty() => services(at, &visitor, lease).await?,
        None => args.service.clone(),
    };
    let permission = DeploymentPermission {
        dseq: args.dseq,
        scope: args.scope.clone(),
        // A manifest is one of all groups.
        gseq: if args.scope.contains(&depin_client::lease::Scope::SendManifest) { 0 } else { lease.id.order.group.gseq },
        oseq: 0,
        services,
    };
    let provider = lease.id.provider;
    let permission = Permission { provider, access: Access::Granular, scope: vec![], deployments: vec![permission] };
    let allowed = Leases { access: Access::Granular, scope: vec![], permissions: vec![permission] };
    let generation = at.leasing().tenant(key.address()).await?.token_generation;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let wrong = |error| CliError::refused("token", error);
    let claims = Claims::new(&key, provider, at.status.chain_id, generation, now, allowed);
    let claims = claims.lasting(Duration::from_millis(args.lifetime.0.get())).map_err(wrong)?;
    let token = mint(&key, &claims).map_err(wrong)?;
    if at.out.json {
        return at.out.result(&Made { token: &token, claims: &claims }, |_| String::new());
    }
    at.out.note(format_args!("good for {} at {}; whoever has it may use it", args.lifetime.0, at.name(provider)));
    write_out(format!("{token}\n").as_bytes())
}

/// The names of a lease's services, which its provider knows.
async fn services(at: &Place<'_>, visitor: &Visitor, lease: &depin_client::api::LeasingLease) -> Result<Vec<String>> {
    let gate = visitor.gate(at, lease.clone(), false)?;
    let status = gate.gateway.lease_status(gate.at()).await;
    let status = status.map_err(|error| {
        CliError::from(error)
            .hint("where the provider cannot be asked, name services with --service, or the file that was ordered with --file")
    })?;
    Ok(status.services.into_keys().collect())
}

/// The names of a lease's services by the file that was ordered; its provider is not asked.
async fn services_in(at: &Place<'_>, file: &str, lease: &depin_client::api::LeasingLease) -> Result<Vec<String>> {
    let (name, deployment) = check::accepted(file)?;
    let hash = ContentHash::new(deployment.hash().get());
    if hash != lease.hash {
        return Err(CliError::refused(
            "hash-mismatch",
            format_args!("{name} has the manifest {hash}, and deployment {} has {}", lease.id.deployment().dseq, lease.hash),
        )
        .hint("name the file that was ordered, or services with --service"));
    }
    let one = at.deployment(lease.id.deployment()).await?;
    let group = one.groups.iter().find(|group| group.id == lease.id.order.group).map(|group| group.group.name.as_str());
    let groups = deployment.manifest().groups.iter().filter(|known| Some(known.name.as_str()) == group);
    Ok(groups.flat_map(|group| &group.services).map(|service| service.name.clone()).collect())
}

/// The file that proves that a host name is the tenant's.
pub(super) async fn host(args: &LeaseHostArgs, at: &Place<'_>) -> Result<()> {
    let key = at.remote.key(&args.tenant.from)?;
    let visitor = Visitor::tenant(at, &args.tenant).await?;
    let leases = visitor.leases(at, args.dseq, args.group).await?;
    let [lease] = leases.as_slice() else {
        return Err(CliError::refused(
            "which-lease",
            format_args!("{} leases of deployment {} are meant", leases.len(), args.dseq),
        )
        .hint("name one with --group: a proof is for one provider"));
    };
    let proof = HostProof::sign(&key, at.status.chain_id, &args.host, lease.id.provider);
    at.out.note(format_args!("to be served at http://{}{HOST_PROOF_PATH} when its manifest is sent", proof.host));
    if at.out.json {
        return at.out.result(&proof, |_| String::new());
    }
    let text = serde_json::to_string_pretty(&proof).unwrap_or_default();
    write_out(format!("{text}\n").as_bytes())
}

pub(super) async fn revoke(args: &LeaseRevokeArgs, at: &Place<'_>) -> Result<()> {
    let sender = at.sender(&args.tenant.from)?;
    let receipt = at.send(&sender, LeasingMessage::RevokeTokens, "revoking").await?;
    let tenant = at.leasing().tenant(sender.address()).await?;
    let text = format!(
        "all tokens of {} are worthless; new ones have the generation {}",
        at.name(tenant.address),
        tenant.token_generation
    );
    at.report(&tenant, receipt, &text)
}
