//! `depin lease accept | topup | update | close`.

use super::{
    check,
    gate::{self, Visitor},
    look,
    place::Place,
    ready,
};
use crate::{
    args::{LeaseAcceptArgs, LeaseCloseArgs, LeaseSendArgs, LeaseTopupArgs, LeaseUpdateArgs},
    error::{CliError, Result},
    output::shorten,
};
use depin_quantity::ContentHash;
use depin_services::leasing::{BidId, DeploymentId, DeploymentState, Deposit, DepositSource, LeasingMessage};

/// Takes a bid; gives the lease's row.
pub(super) async fn take(at: &Place<'_>, sender: &depin_client::Sender, bid: BidId) -> Result<depin_client::api::FinalReceipt> {
    let step = format!("taking the bid of {} on group {}", at.name(bid.provider), bid.order.group.gseq);
    at.send(sender, LeasingMessage::CreateLease(bid), &step).await
}

pub(super) async fn accept(args: &LeaseAcceptArgs, at: &Place<'_>) -> Result<()> {
    let sender = at.sender(&args.tenant.from)?;
    let one = at.deployment(DeploymentId { owner: sender.address(), dseq: args.dseq }).await?;
    let group = one.groups.iter().find(|group| group.id.gseq == args.group).ok_or_else(|| {
        CliError::refused("unknown-group", format_args!("deployment {} has no group {}", args.dseq, args.group))
            .hint("`depin lease show N` lists its groups")
    })?;
    let bid = group.order.bid(at.remote.address(&args.provider).await?);
    let receipt = take(at, &sender, bid).await?;
    let lease = at.leasing().lease(bid).await?;
    let text = lease.as_ref().map(|lease| look::leases_table(std::slice::from_ref(lease), at, at.out)).unwrap_or_default();
    at.report(lease, receipt, text.trim_end())
}

pub(super) async fn topup(args: &LeaseTopupArgs, at: &Place<'_>) -> Result<()> {
    let sender = at.sender(&args.tenant.from)?;
    let owner = at.remote.address_of(args.owner.as_ref()).await?.unwrap_or_else(|| sender.address());
    let one = at.deployment(DeploymentId { owner, dseq: args.dseq }).await?;
    if one.state == DeploymentState::Closed {
        return Err(CliError::refused(
            "closed-deployment",
            format_args!("deployment {} is closed, and takes no deposit", args.dseq),
        )
        .hint("`depin lease up FILE` orders anew"));
    }
    let amount = Place::money(&args.amount, one.left.token)?;
    let deposit = Deposit { amount, sources: vec![DepositSource::Balance] };
    let receipt = at.send(&sender, LeasingMessage::Deposit { deployment: one.id, deposit }, "depositing").await?;
    let one = at.deployment(one.id).await?;
    let text = format!("{} are left in the escrow of deployment {}", shorten(&one.left.display), one.id.dseq);
    at.report(&one, receipt, &text)
}

pub(super) async fn update(args: &LeaseUpdateArgs, at: &Place<'_>) -> Result<()> {
    let (file, deployment) = check::accepted(&args.file)?;
    let sender = at.sender(&args.tenant.from)?;
    let one = at.deployment(DeploymentId { owner: sender.address(), dseq: args.dseq }).await?;
    let ordered: Vec<_> = one.groups.iter().map(|group| group.group.clone()).collect();
    if let Err(error) = deployment.manifest().check_against(&ordered) {
        return Err(CliError::refused("other-groups", format_args!("{file} asks for something else than was ordered: {error}"))
            .hint("change images, commands, environment and ports; for other resources close it and order again"));
    }
    let hash = ContentHash::new(deployment.hash().get());
    // One that was interrupted is gone on with.
    if one.hash != hash {
        let message = LeasingMessage::UpdateDeployment { dseq: args.dseq, hash };
        at.send(&sender, message, "updating, and waiting until it is final").await?;
    }
    let visitor = Visitor::tenant(at, &args.tenant).await?;
    let text = format!("deployment {} has the manifest {hash} now", args.dseq);
    let running = at.leases(one.id).await?.into_iter().filter(|lease| lease.state.runs());
    let gates: Vec<_> = running.map(|lease| visitor.gate(at, lease, args.local_network)).collect::<Result<_>>()?;
    let undone = |error: CliError| {
        let hint =
            format!("the ledger has the new manifest; `depin lease send {} {file}` sends it again. {}", args.dseq, error.hint);
        error.hint(hint)
    };
    gate::send(at, &gates, args.dseq, &deployment).await.map_err(undone)?;
    let services = ready::wait(&gates, ready::longest(args.ready, args.no_wait), at).await?;
    let one = at.deployment(one.id).await?;
    at.out.result(&Updated { deployment: &one, services: &services }, |out| {
        format!("{}\n{text}", ready::table(&services, out)).trim_start().to_owned()
    })
}

#[derive(serde::Serialize)]
struct Updated<'a> {
    deployment: &'a depin_client::api::LeasingDeployment,
    services: &'a [ready::Seen],
}

/// Sends the manifest to the providers again.
pub(super) async fn send(args: &LeaseSendArgs, at: &Place<'_>) -> Result<()> {
    let (file, deployment) = check::accepted(&args.file)?;
    let visitor = Visitor::of(at, &args.gate).await?;
    let one = at.deployment(DeploymentId { owner: visitor.owner(), dseq: args.dseq }).await?;
    let hash = ContentHash::new(deployment.hash().get());
    if one.hash != hash {
        return Err(CliError::refused(
            "hash-mismatch",
            format_args!("{file} has the manifest {hash}, and deployment {} has {}", args.dseq, one.hash),
        )
        .hint(format_args!("send the file that was ordered, or run `depin lease update {} FILE` with the new one", args.dseq)));
    }
    let running = visitor.leases(at, args.dseq, args.gate.group).await?;
    let gates: Vec<_> =
        running.into_iter().map(|lease| visitor.gate(at, lease, args.gate.local_network)).collect::<Result<_>>()?;
    gate::send(at, &gates, args.dseq, &deployment).await?;
    let sent: Vec<String> = gates.iter().map(|gate| gate.lease.provider.to_string()).collect();
    at.out.result(&serde_json::json!({ "deployment": one.id, "providers": sent, "hash": hash }), |_| {
        format!("the manifest {hash} is with {}", sent.join(", "))
    })
}

pub(super) async fn close(args: &LeaseCloseArgs, at: &Place<'_>) -> Result<()> {
    let sender = at.sender(&args.tenant.from)?;
    let one = at.deployment(DeploymentId { owner: sender.address(), dseq: args.dseq }).await?;
    let (message, text) = match args.group {
        Some(gseq) => (LeasingMessage::CloseGroup { dseq: args.dseq, gseq }, format!("group {gseq} of {} is closed", args.dseq)),
        None => {
            let back = shorten(&one.left.display);
            let text = format!("deployment {} is closed; what was left of {back} is back", args.dseq);
            (LeasingMessage::CloseDeployment { dseq: args.dseq }, text)
        }
    };
    let receipt = at.send(&sender, message, "closing").await?;
    let one = at.deployment(one.id).await?;
    at.report(&one, receipt, &text)
}
