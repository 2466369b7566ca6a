//! The way to a provider's gateway: which lease, where, as whom.

use super::place::Place;
use crate::{
    args::{GateArgs, Tenant},
    error::{CliError, Result},
};
use depin_client::{
    Reach,
    api::LeasingLease,
    lease::{Gateway, GatewayError, LeaseRef, Pass, TOKEN_BYTES_MAX, read},
};
use depin_quantity::Address;
use depin_sdl::{Deployment, Manifest, ManifestGroup};
use depin_services::leasing::DeploymentId;
use std::{
    io::Read as _,
    path::Path,
    time::{Duration, Instant},
};

/// How long a provider may take to see a lease or an update that is final on the ledger.
const SEEN: Duration = Duration::from_secs(60);
/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// A lease and its provider's gateway.
pub(super) struct Gate {
    pub(super) gateway: Gateway,
    pub(super) lease: LeasingLease,
}

impl Gate {
    /// Its parts as the gateway's paths have them.
    pub(super) fn at(&self) -> LeaseRef {
        self.lease.id.into()
    }
}

/// By what the gateway lets in, and whose leases that are.
pub(super) struct Visitor {
    owner: Address,
    pass: Pass,
    /// Where a token is good.
    only: Option<Address>,
}

impl Visitor {
    /// The tenant itself.
    pub(super) async fn tenant(at: &Place<'_>, tenant: &Tenant) -> Result<Self> {
        let key = at.remote.key(&tenant.from)?;
        let owner = key.address();
        let generation = at.leasing().tenant(owner).await?.token_generation;
        Ok(Self { owner, pass: Pass::Key { key: Box::new(key), chain: at.status.chain_id, generation }, only: None })
    }

    /// Whoever the arguments say.
    pub(super) async fn of(at: &Place<'_>, args: &GateArgs) -> Result<Self> {
        let Some(file) = &args.token else { return Self::tenant(at, &args.tenant).await };
        let token = token_in(file)?;
        let claims = read(&token).map_err(|error| CliError::refused("token", error).hint("`depin lease token` makes one"))?;
        if claims.chain != at.status.chain_id {
            return Err(CliError::refused(
                "token",
                format_args!("the token is of the chain {}, the node's is {}", claims.chain, at.status.chain_id),
            )
            .hint("name a node of that chain with --node"));
        }
        Ok(Self { owner: claims.iss, pass: Pass::Token(token), only: Some(claims.aud) })
    }

    pub(super) const fn owner(&self) -> Address {
        self.owner
    }

    /// The gateway of a lease's provider.
    pub(super) fn gate(&self, at: &Place<'_>, lease: LeasingLease, local: bool) -> Result<Gate> {
        if lease.url.is_empty() {
            return Err(CliError::refused("no-gateway", format_args!("{} says no address of its gateway", lease.provider))
                .hint("it registers one with `depin provider lease --url`; meanwhile `depin lease close` ends the lease"));
        }
        let reach = if local || at.is_home() { Reach::local() } else { Reach::public() };
        let trust = at.remote.settings.trust()?;
        let gateway = Gateway::new(&lease.url, lease.id.provider, self.pass.clone(), &trust, &reach)?;
        Ok(Gate { gateway, lease })
    }

    /// The leases of a deployment that run, and that this visitor may come to.
    pub(super) async fn leases(&self, at: &Place<'_>, dseq: u64, group: Option<u32>) -> Result<Vec<LeasingLease>> {
        let id = DeploymentId { owner: self.owner, dseq };
        at.deployment(id).await?;
        let all = at.leases(id).await?;
        let fits = |lease: &LeasingLease| {
            lease.state.runs()
                && group.is_none_or(|group| lease.id.order.group.gseq == group)
                && self.only.is_none_or(|only| lease.id.provider == only)
        };
        let running: Vec<LeasingLease> = all.into_iter().filter(fits).collect();
        if running.is_empty() {
            return Err(CliError::refused("no-lease", format_args!("no lease of deployment {dseq} runs that is meant"))
                .hint(format_args!("`depin lease status {dseq}` lists them; `depin lease bids {dseq}` shows bids to take")));
        }
        Ok(running)
    }

    /// The one lease that is meant.
    pub(super) async fn one(&self, at: &Place<'_>, dseq: u64, args: &GateArgs) -> Result<Gate> {
        let mut running = self.leases(at, dseq, args.group).await?;
        if running.len() > 1 {
            let groups: Vec<String> = running.iter().map(|lease| lease.id.order.group.gseq.to_string()).collect();
            return Err(CliError::refused(
                "which-group",
                format_args!("deployment {dseq} has leases of the groups {}", groups.join(", ")),
            )
            .hint("name one with --group"));
        }
        self.gate(at, running.remove(0), args.local_network)
    }
}

/// A token in a file; `-` is standard input.
fn token_in(file: &Path) -> Result<String> {
    let mut text = String::new();
    let most = TOKEN_BYTES_MAX as u64 + 2;
    let read = match file.to_str() {
        Some("-") => std::io::stdin().lock().take(most).read_to_string(&mut text),
        _ => std::fs::File::open(file).and_then(|file| file.take(most).read_to_string(&mut text)),
    };
    read.map_err(|error| CliError::refused("token", format_args!("{} cannot be read: {error}", file.display())))?;
    Ok(text.trim().to_owned())
}

/// Sends a deployment's manifest to the providers of its leases: each once for all of its leases. A provider that does not see the lease or
/// the new hash yet is asked again for a while.
pub(super) async fn send(at: &Place<'_>, gates: &[Gate], dseq: u64, deployment: &Deployment) -> Result<()> {
    let mut told: Vec<Address> = Vec::new();
    for gate in gates {
        if told.contains(&gate.lease.id.provider) {
            continue;
        }
        told.push(gate.lease.id.provider);
        once_seen(at, gate, async || gate.gateway.send_manifest(dseq, deployment.manifest()).await).await?;
    }
    for gate in gates {
        let taken = match once_seen(at, gate, async || gate.gateway.manifest(gate.at()).await).await {
            Ok(taken) => taken,
            // A token may allow to send alone.
            Err(error) if error.code == "not-allowed" => continue,
            Err(error) => return Err(error),
        };
        check_taken(&at.name(gate.lease.id.provider), dseq, &taken, deployment.manifest())?;
    }
    Ok(())
}

/// Whether what a provider says that it took is what was sent.
fn check_taken(provider: &str, dseq: u64, taken: &ManifestGroup, sent: &Manifest) -> Result<()> {
    // A token may show some services alone.
    let group = sent.groups.iter().find(|group| group.name == taken.name);
    if group.is_some_and(|group| taken.services.iter().all(|service| group.services.contains(service))) {
        return Ok(());
    }
    Err(CliError::refused(
        "other-manifest",
        format_args!("{provider} says that it runs another manifest than it was sent, in the group `{}`", taken.name),
    )
    .hint(format_args!("what stands in the file may be known to it: change its secrets, and `depin lease close {dseq}`")))
}

/// Calls a provider until it sees what is final on the ledger, for a while.
pub(super) async fn once_seen<T>(
    at: &Place<'_>,
    gate: &Gate,
    call: impl AsyncFn() -> std::result::Result<T, GatewayError>,
) -> Result<T> {
    let began = Instant::now();
    loop {
        match call().await {
            Ok(done) => return Ok(done),
            Err(error) if began.elapsed() < SEEN && may_pass(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                let error = CliError::from(error);
                let message = format!("{}: {}", at.name(gate.lease.id.provider), error.message);
                return Err(CliError { message, ..error });
            }
        }
    }
}

/// Whether it may be that the provider does not see yet what is on the ledger.
fn may_pass(error: &GatewayError) -> bool {
    error.is_passing() || matches!(error.code(), Some("no-deployment" | "no-lease" | "hash-mismatch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_says_that_it_runs_something_else_is_told_apart() {
        let text = include_str!("../../../../../examples/lease/deploy.yaml");
        let sent = depin_sdl::read(text).unwrap().manifest().clone();
        let mut taken = sent.groups[0].clone();
        assert!(check_taken("north", 7, &taken, &sent).is_ok());
        taken.services.truncate(1);
        assert!(check_taken("north", 7, &taken, &sent).is_ok(), "what a token shows");
        taken.services[0].image = "localhost/miner:1".to_owned();
        let refused = check_taken("north", 7, &taken, &sent).unwrap_err();
        assert_eq!(refused.code, "other-manifest");
        assert!(refused.message.contains("north") && refused.hint.contains("close 7"), "{refused:?}");
    }
}
