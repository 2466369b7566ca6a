//! The denylist, appeals, and claims of hotspots.

use super::{
    act::{send, told},
    look::page,
    named::{Named, by_beginning},
};
use crate::{
    args::{AppealArgs, ClaimCommand, CloseClaimArgs, DenyArgs, DenylistCommand, JudgeArgs, ListClaimsArgs, Who},
    error::{CliError, Result},
    output::{Table, ago, count, short_id},
};
use depin_client::{
    api::{CoverageBatch, CoverageDenial, PacketQuery},
    whole_list,
};
use depin_quantity::{Address, UnitId};
use depin_services::coverage::{CoverageMessage, Denied};
use serde::Serialize;

#[derive(Serialize)]
struct DenialDone {
    #[serde(skip_serializing_if = "Option::is_none")]
    denial: Option<UnitId>,
}

#[derive(Serialize)]
struct ClaimDone {
    claim: UnitId,
    paid: bool,
}

pub(super) async fn denylist(command: &DenylistCommand, at: &Named<'_>) -> Result<()> {
    match command {
        DenylistCommand::List => list(at).await,
        DenylistCommand::Deny(args) => deny(args, at).await,
        DenylistCommand::Appeal(args) => appeal(args, at).await,
        DenylistCommand::Judge(args) => judge(args, at).await,
    }
}

async fn entries(at: &Named<'_>) -> Result<Vec<CoverageDenial>> {
    let ask = |after: Option<String>| async move { at.coverage().denials(after.as_deref(), Some(1_000)).await };
    Ok(whole_list(super::named::PAGES_MAX, ask).await?)
}

async fn list(at: &Named<'_>) -> Result<()> {
    let keeper = at.coverage().network().await?.arbiter;
    let list = page(entries(at).await?);
    at.out.result(&list, |out| {
        let mut table = Table::new(&["ENTRY", "SINCE", "HOTSPOT", "REASON", "APPEAL", ">TURNED DOWN"]);
        for denial in &list.items {
            let whom: Vec<String> = denial.hotspots.iter().map(Address::short).collect();
            table.row([
                short_id(denial.id.to_string()),
                ago(at.now, denial.at.instant()),
                whom.join(" and "),
                denial.reason.clone(),
                denial.appeal.as_ref().map_or_else(|| "-".to_owned(), |appeal| appeal.text.clone()),
                denial.upheld.to_string(),
            ]);
        }
        let none = match keeper {
            Some(_) => "nobody is denied",
            None => "this network has no denylist; its file would name the role that keeps it: [service.coverage] arbiter",
        };
        table.render_or(out, none)
    })
}

async fn hotspot(who: &Who, at: &Named<'_>) -> Result<Address> {
    let address = at.remote.address(who).await?;
    if at.coverage().hotspot(address).await?.is_some() {
        return Ok(address);
    }
    Err(CliError::refused("unknown-hotspot", format_args!("{address} is no hotspot here"))
        .hint("name a hotspot by its own address, not by its owner; `depin coverage hotspots --json` lists them"))
}

async fn deny(args: &DenyArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.from)?;
    let who = match (&args.hotspot, args.edge.as_deref()) {
        (Some(one), _) => Denied::Hotspot(hotspot(one, at).await?),
        (None, Some([a, b])) => Denied::Edge(hotspot(a, at).await?, hotspot(b, at).await?),
        _ => return Err(CliError::refused("whom", "name a hotspot with --hotspot, or two with --edge")),
    };
    let receipt = send(at, &sender, CoverageMessage::Deny { who, reason: args.reason.clone() }).await?;
    let denial = super::act::field(&receipt, "denied", "denial").and_then(|id| id.as_str()?.parse().ok());
    let text = denial.map_or_else(|| "it is on the denylist".to_owned(), |id: UnitId| format!("entry {id} of the denylist"));
    told(at, DenialDone { denial }, receipt, &text)
}

async fn entry(text: &str, at: &Named<'_>) -> Result<UnitId> {
    let all = entries(at).await?.into_iter().map(|denial| denial.id);
    by_beginning(text, all, "entry of the denylist", "`depin coverage denylist list --json` lists them")
}

async fn appeal(args: &AppealArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.from)?;
    let denial = entry(&args.denial, at).await?;
    let receipt = send(at, &sender, CoverageMessage::Appeal { denial, text: args.text.clone() }).await?;
    told(at, DenialDone { denial: Some(denial) }, receipt, &format!("entry {} is appealed", short_id(denial.to_string())))
}

async fn judge(args: &JudgeArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.from)?;
    let denial = entry(&args.denial, at).await?;
    let receipt = send(at, &sender, CoverageMessage::Judge { denial, lift: args.lift }).await?;
    let what = if args.lift { "lifted" } else { "upheld" };
    told(at, DenialDone { denial: Some(denial) }, receipt, &format!("entry {} is {what}", short_id(denial.to_string())))
}

pub(super) async fn claim(command: &ClaimCommand, at: &Named<'_>) -> Result<()> {
    match command {
        ClaimCommand::List(args) => claims(args, at).await,
        ClaimCommand::Pay(args) => close(args, true, at).await,
        ClaimCommand::Refuse(args) => close(args, false, at).await,
    }
}

async fn open(oui: Option<u32>, at: &Named<'_>) -> Result<Vec<CoverageBatch>> {
    let ask = |after: Option<String>| async move {
        let query = PacketQuery { oui, open: Some(true), after, limit: Some(1_000) };
        at.coverage().batches(&query).await
    };
    Ok(whole_list(super::named::PAGES_MAX, ask).await?)
}

async fn claims(args: &ListClaimsArgs, at: &Named<'_>) -> Result<()> {
    let list = page(open(args.oui, at).await?);
    at.out.result(&list, |out| {
        let mut table = Table::new(&["CLAIM", "SINCE", "HOTSPOT", ">OUI", ">PACKETS", "ANSWER UNTIL"]);
        for claim in &list.items {
            table.row([
                short_id(claim.id.to_string()),
                ago(at.now, claim.at.instant()),
                claim.hotspot.short(),
                claim.oui.to_string(),
                claim.packets.len().to_string(),
                claim.until.as_ref().map_or_else(|| "-".to_owned(), |until| until.text.clone()),
            ]);
        }
        table.render_or(out, "no claims are open")
    })
}

async fn close(args: &CloseClaimArgs, pay: bool, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.signer.from)?;
    let all = open(None, at).await?;
    let ids = all.iter().map(|claim| claim.id);
    let claim = by_beginning(&args.claim, ids, "open claim", "`depin coverage claim list --json` lists them")?;
    let packets = all.iter().find(|one| one.id == claim).map_or(0, |claim| claim.packets.len());
    let receipt = send(at, &sender, CoverageMessage::CloseClaim { claim, pay }).await?;
    let what = if pay { "acknowledged and paid as far as credits go" } else { "turned down" };
    let text = format!("{} of claim {} are {what}", count(packets as u64, "packet", "packets"), short_id(claim.to_string()));
    told(at, ClaimDone { claim, paid: pay }, receipt, &text)
}
