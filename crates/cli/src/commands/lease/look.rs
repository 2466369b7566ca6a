//! `depin lease list | show | bids | status | events | providers`.

use super::{
    gate::Visitor,
    place::Place,
    ready::{self, Seen},
};
use crate::{
    args::{DeploymentArgs, GateArgs, LeaseEventsArgs, LeaseListArgs, LeaseStatusArgs, Who},
    error::Result,
    output::{Output, Table, ago, count, in_time, minute, short_number, shorten},
};
use depin_client::api::{
    DenomPrice, DeploymentQuery, EventQuery, LeaseAvailability, LeasingBid, LeasingDeployment, LeasingLease,
};
use depin_quantity::{Address, Span};
use depin_services::leasing::{BidId, DeploymentId, DeploymentState};
use std::path::Path;

/// A price for a block.
pub fn priced(price: &DenomPrice) -> String {
    let denom = if price.denom.starts_with("ibc/") { "usdc" } else { &price.denom };
    format!("{} {denom}", short_number(&price.amount, 6))
}

/// Tables of leases fit 80 columns.
fn narrow(out: &Output) -> Output {
    Output { width: out.width.min(80), ..*out }
}

pub(super) async fn list(args: &LeaseListArgs, at: &Place<'_>) -> Result<()> {
    let owner = at.remote.address_of(args.owner.as_ref()).await?;
    let state = (!args.all).then_some(DeploymentState::Active);
    let page = at.leasing().deployments(&DeploymentQuery { owner, state, after: None, limit: Some(args.limit) }).await?;
    if page.next.is_some() {
        at.out.warn(format_args!("there are more deployments; --limit shows more"));
    }
    at.out.result(&page, |out| {
        let mut table = Table::new(&["NUMBER", "OWNER", ">GROUPS", ">LEASES", ">LEFT", "LASTS", "STATE"]);
        for one in &page.items {
            table.row([
                one.id.dseq.to_string(),
                at.name(one.id.owner),
                one.groups.len().to_string(),
                one.leases.to_string(),
                shorten(&one.left.display),
                lasts(one, at),
                state_of(one),
            ]);
        }
        table.render_or(&narrow(out), "no deployments; `depin lease up FILE` orders one")
    })
}

fn lasts(one: &LeasingDeployment, at: &Place<'_>) -> String {
    one.lasts_until.as_ref().map_or_else(|| "-".to_owned(), |until| in_time(at.now(), until.instant()))
}

fn state_of(one: &LeasingDeployment) -> String {
    if one.funds == "open" || one.funds == "closed" { one.state.word().to_owned() } else { format!("funds {}", one.funds) }
}

pub(super) async fn show(args: &DeploymentArgs, at: &Place<'_>) -> Result<()> {
    let one = at.of(args.dseq, &args.owner).await?;
    at.out.result(&one, |out| text(&one, at, out))
}

pub(super) fn text(one: &LeasingDeployment, at: &Place<'_>, out: &Output) -> String {
    let mut table = Table::new(&["", ""]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("Deployment", one.id.dseq.to_string());
    row("Owner", at.name(one.id.owner));
    row("Manifest", one.hash.to_string());
    row("Left", format!("{}, lasts {}", shorten(&one.left.display), lasts(one, at)));
    if !one.owed.units.is_zero() {
        row("Owed", format!("{} to providers; a deposit pays it", shorten(&one.owed.display)));
    }
    if let Some(until) = &one.resumes_until {
        row("Resumes", format!("with a deposit, until {}", minute(until.instant())));
    }
    if let Some(window) = one.reclaim_window_ms {
        row("Notice", format!("at least {}", Span::from_millis(window)));
    }
    row("State", format!("{}, created {}", state_of(one), ago(at.now(), one.created.instant())));
    let mut groups = Table::new(&[">GROUP", "NAME", "STATE", "ORDER", ">AT MOST", "PROVIDER"]);
    for group in &one.groups {
        let most = group.group.price().ok().flatten();
        let most = most.map(|price| DenomPrice { denom: price.denom.clone(), amount: price.amount.to_decimal() });
        groups.row([
            group.id.gseq.to_string(),
            group.group.name.clone(),
            group.state.word().to_owned(),
            format!("{} {}", group.order.oseq, group.order_state.word()),
            most.map_or_else(|| "-".to_owned(), |price| priced(&price)),
            group.lease.map_or_else(|| "-".to_owned(), |lease| at.name(lease.provider)),
        ]);
    }
    format!("{}\n{}", table.render(&narrow(out)), groups.render(&narrow(out)))
}

/// The bids on the orders of a deployment, in the order of its groups.
#[derive(serde::Serialize)]
struct Bids {
    bids: Vec<LeasingBid>,
}

pub(super) async fn bids(args: &DeploymentArgs, at: &Place<'_>) -> Result<()> {
    let one = at.of(args.dseq, &args.owner).await?;
    let mut bids = Vec::new();
    for group in &one.groups {
        bids.extend(at.bids(group.order).await?);
    }
    let bids = Bids { bids };
    at.out.result(&bids, |out| bids_table(&bids.bids, at, out))
}

pub(super) fn bids_table(bids: &[LeasingBid], at: &Place<'_>, out: &Output) -> String {
    let mut table = Table::new(&[">GROUP", "PROVIDER", ">A BLOCK", ">NOTICE", "ENDS", "STATE"]);
    for bid in bids {
        table.own_row([
            bid.id.order.group.gseq.to_string(),
            bid.provider.to_string(),
            priced(&bid.price),
            bid.reclaim_window_ms.map_or_else(|| "-".to_owned(), |ms| Span::from_millis(ms).to_string()),
            if bid.state.word() == "open" { in_time(at.now(), bid.until.instant()) } else { "-".to_owned() },
            bid.state.word().to_owned(),
        ]);
    }
    table.render_or(&narrow(out), "no bids; providers bid when they have what the order asks for, at its price or below")
}

#[derive(serde::Serialize)]
struct Leases {
    leases: Vec<LeasingLease>,
    services: Vec<Seen>,
}

/// Whose deployment is looked at: who is named, else whoever the key or the token is of.
async fn owner(owner: Option<&Who>, gate: &GateArgs, at: &Place<'_>) -> Result<Address> {
    if let Some(owner) = owner {
        return at.remote.address(owner).await;
    }
    if gate.token.is_some() {
        return Ok(Visitor::of(at, gate).await?.owner());
    }
    let from = gate.tenant.from.as_str();
    match from.parse() {
        // The names of some files could be those of accounts.
        Ok(who) if !Path::new(from).is_file() => at.remote.address(&who).await,
        _ => Ok(at.remote.key(from)?.address()),
    }
}

pub(super) async fn status(args: &LeaseStatusArgs, at: &Place<'_>) -> Result<()> {
    let owner = owner(args.owner.as_ref(), &args.gate, at).await?;
    let one = at.deployment(DeploymentId { owner, dseq: args.dseq }).await?;
    let leases = at.leases(one.id).await?;
    let services = services(args, owner, &leases, at).await;
    let leases = Leases { leases, services };
    at.out.result(&leases, |out| {
        let table = leases_table(&leases.leases, at, out);
        let services = ready::table(&leases.services, out);
        let availability: Vec<String> = leases.leases.iter().filter_map(|lease| availability(lease, at)).collect();
        let parts = [table.trim_end().to_owned(), availability.join("\n"), services];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
    })
}

/// How services of leases that run are, as far as their providers tell whoever asks; what is on the ledger is seen without them.
async fn services(args: &LeaseStatusArgs, owner: Address, leases: &[LeasingLease], at: &Place<'_>) -> Vec<Seen> {
    if !leases.iter().any(|lease| lease.state.runs()) {
        return Vec::new();
    }
    let visitor = match Visitor::of(at, &args.gate).await {
        Ok(visitor) if visitor.owner() == owner => visitor,
        // Without the tenant's key only the ledger is seen.
        _ => return Vec::new(),
    };
    let running = match visitor.leases(at, args.dseq, args.gate.group).await {
        Ok(running) => running,
        Err(_) => return Vec::new(),
    };
    let mut gates = Vec::new();
    for lease in running {
        match visitor.gate(at, lease, args.gate.local_network) {
            Ok(gate) => gates.push(gate),
            Err(error) => at.out.warn(format_args!("{}; {}", error.message, error.hint)),
        }
    }
    futures::future::join_all(gates.iter().map(Seen::of)).await
}

pub(super) fn leases_table(leases: &[LeasingLease], at: &Place<'_>, out: &Output) -> String {
    let mut table = Table::new(&["LEASE", "PROVIDER", ">A BLOCK", ">PAID", "SINCE", "STATE"]);
    for lease in leases {
        let BidId { order, .. } = lease.id;
        let state = match (lease.reason, &lease.reclaim_until) {
            // What the money ran out of is a state and a reason.
            (Some(reason), None) if reason.word() != lease.state.word() => format!("{}: {}", lease.state.word(), reason.word()),
            (_, Some(until)) if lease.closed.is_none() => format!("ends {}", in_time(at.now(), until.instant())),
            _ => lease.state.word().to_owned(),
        };
        let paid = if lease.closed.is_some() { &lease.collected } else { &lease.earned };
        table.own_row([
            format!("{}/{}/{}", order.group.deployment.dseq, order.group.gseq, order.oseq),
            lease.provider.to_string(),
            priced(&lease.price),
            shorten(&paid.display),
            ago(at.now(), lease.created.instant()),
            state,
        ]);
    }
    table.render_or(&narrow(out), "no leases; `depin lease bids N` shows the bids, `depin lease accept N PROVIDER` takes one")
}

/// How available a lease was, where it is paid by that.
fn availability(lease: &LeasingLease, at: &Place<'_>) -> Option<String> {
    let LeaseAvailability { next, probes, answered, unreported, waits, closes, .. } = lease.availability.as_ref()?;
    let BidId { order, .. } = lease.id;
    let number = format!("{}/{}/{}", order.group.deployment.dseq, order.group.gseq, order.oseq);
    let decided = format!("{} decided, {unreported} of them without a report", count(*next, "period", "periods"));
    let until = in_time(at.now(), closes.instant());
    Some(format!(
        "{number} is paid by its availability: {answered} of {probes} probes answered; {decided};\n{} waits, the next report {until} at the latest \
         (`depin lease probe {}`)",
        shorten(&waits.display),
        order.group.deployment.dseq
    ))
}

pub(super) async fn events(args: &LeaseEventsArgs, at: &Place<'_>) -> Result<()> {
    let owner = owner(args.owner.as_ref(), &args.gate, at).await?;
    let one = at.deployment(DeploymentId { owner, dseq: args.dseq }).await?;
    let query = EventQuery { from: None, limit: Some(500), kind: None, account: None, subject: Some(one.escrow) };
    let page = at.remote.client.events(&query).await?;
    if page.next.is_some() {
        at.out.warn(format_args!("there are more events; `depin events --subject {}` goes on", one.escrow));
    }
    at.out.result(&page, |_| {
        let line = |event: &depin_client::api::EventRecord| {
            let inner = event.event.get("event").unwrap_or(&event.event);
            let about = ["lease", "bid", "order", "group"].into_iter().find_map(|key| inner[key].as_str());
            let about = about.map(|id| id.split('/').skip(1).take(3).collect::<Vec<_>>().join("/")).unwrap_or_default();
            let more = ["reason", "state"].into_iter().find_map(|key| inner[key].as_str()).unwrap_or_default();
            format!("{}  {}  {about} {more}", minute(event.time.instant()), event.kind).trim_end().to_owned()
        };
        let lines: Vec<String> = page.items.iter().map(line).collect();
        if lines.is_empty() { "nothing has happened to it that this node still knows".to_owned() } else { lines.join("\n") }
    })
}

pub(super) async fn providers(at: &Place<'_>) -> Result<()> {
    let page = at.leasing().providers(None, Some(1_000)).await?;
    at.out.result(&page, |out| {
        let mut table = Table::new(&["NAME", "ATTRIBUTES", ">AUDITS", ">LEASES", "STATE"]);
        for one in &page.items {
            let attributes: Vec<String> = one.attributes.iter().map(|each| format!("{}={}", each.key, each.value)).collect();
            let state = match () {
                () if !one.active => "left",
                () if one.below_pledge => "below pledge",
                () => "bids",
            };
            table.own_row([
                one.name.to_string(),
                if attributes.is_empty() { "-".to_owned() } else { attributes.join("\n") },
                count(one.audits.len() as u64, "auditor", "auditors"),
                one.leases.to_string(),
                state.to_owned(),
            ]);
        }
        table.render_or(&narrow(out), "no providers")
    })
}
