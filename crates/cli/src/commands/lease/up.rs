//! `depin lease up`: a deployment file is ordered, bids come, one of them is taken for each group, the manifest goes to those providers, and
//! the services are waited for.

use super::{
    act, check,
    gate::{self, Visitor},
    image::Archive,
    look,
    place::Place,
    ready::{self, Seen},
};
use crate::{
    args::{Accept, LeaseUpArgs},
    error::{CliError, Result},
    output::{Output, Progress, count, shorten, without_progress},
};
use depin_client::{
    Sender,
    api::{FinalReceipt, LeasingBid, LeasingDeployment, LeasingLease, LeasingNetwork},
};
use depin_economy::Money;
use depin_quantity::{Address, ContentHash, Decimal18, Name, Rounding, Span};
use depin_sdl::{Deployment, Price};
use depin_services::leasing::{DeploymentId, Deposit, DepositSource, LeasingMessage, NewDeployment};
use serde::Serialize;
use std::{
    cell::Cell,
    collections::BTreeSet,
    io::{BufRead as _, IsTerminal as _},
    time::{Duration, Instant},
};

/// How often bids are looked for.
const LOOK: Duration = Duration::from_millis(500);
/// After the first bid on each group, others have so long to be cheaper.
const SETTLE: Duration = Duration::from_secs(2);
/// How long the node is asked what is left when something went wrong.
const LEFT_WAIT: Duration = Duration::from_secs(5);

/// What came of it.
#[derive(Serialize)]
struct Up {
    deployment: LeasingDeployment,
    bids: Vec<LeasingBid>,
    leases: Vec<LeasingLease>,
    services: Vec<Seen>,
    urls: Vec<String>,
    receipts: Vec<FinalReceipt>,
}

/// What is to be done, and how far it is: whoever is interrupted is told.
struct Plan<'a> {
    args: &'a LeaseUpArgs,
    file: String,
    deployment: Deployment,
    images: Vec<Archive>,
    sender: Sender,
    id: DeploymentId,
    provider: Option<Address>,
    /// Whether the order was sent, and whether it is final.
    sent: Cell<bool>,
    ordered: Cell<bool>,
}

pub(super) async fn run(args: &LeaseUpArgs, at: &Place<'_>) -> Result<()> {
    let (file, deployment) = check::accepted(&args.file)?;
    let images = Archive::of(&args.image, &deployment)?;
    if args.accept == Accept::None && !images.is_empty() {
        return Err(CliError::refused("no-lease", "without a lease there is nobody who takes an image")
            .hint("`depin lease image push N FILE` hands it in once a bid is taken"));
    }
    let network = at.leasing().network().await?;
    let sender = at.sender(&args.tenant.from)?;
    let provider = at.remote.address_of(args.provider.as_ref()).await?;
    if args.accept == Accept::Ask && !std::io::stdin().is_terminal() {
        return Err(CliError::refused("no-terminal", "there is no terminal to choose a bid at")
            .hint("write --accept cheapest, --provider NAME, or --accept none and `depin lease accept` later"));
    }
    let id = DeploymentId { owner: sender.address(), dseq: args.dseq.unwrap_or(at.status.height.max(1)) };
    let amount = deposit(args, &deployment, &network, at).await?;
    let plan = Plan { args, file, deployment, images, sender, id, provider, sent: Cell::new(false), ordered: Cell::new(false) };
    let done = tokio::select! {
        done = plan.go(amount, at) => done,
        _ = tokio::signal::ctrl_c() => Err(CliError::broken("interrupted", "interrupted")),
    };
    match done {
        Ok(up) => at.out.result(&up, |out| up.text(at, out)),
        Err(error) => Err(plan.left(error, at).await),
    }
}

impl Plan<'_> {
    async fn go(&self, amount: Money, at: &Place<'_>) -> Result<Up> {
        let Self { args, deployment, sender, id, provider, .. } = self;
        self.sent.set(true);
        let mut receipts = vec![order(sender, *id, deployment, amount, at).await?];
        self.ordered.set(true);
        let (bids, complete) = wait(args, *id, *provider, at).await?;
        let takes = args.accept != Accept::None || provider.is_some();
        if takes {
            for gseq in 1..=u32::try_from(deployment.groups().len()).unwrap_or(u32::MAX) {
                let of_group: Vec<&LeasingBid> = bids.iter().filter(|bid| bid.id.order.group.gseq == gseq).collect();
                if let Some(bid) = choose(args, *provider, &of_group, at)? {
                    receipts.push(act::take(at, sender, bid.id).await?);
                }
            }
        }
        if takes && !complete {
            return Err(CliError::refused(
                "no-bids",
                format_args!("no bid that could be taken came for every group within {}", args.wait.0),
            ));
        }
        let leases = at.leases(*id).await?;
        let services = if takes { self.start(&leases, at).await? } else { Vec::new() };
        let urls = services.iter().flat_map(Seen::urls).collect();
        // Bids that were not taken are over by now.
        let deployment = at.deployment(*id).await?;
        let (bids, leases) = (bids_on(&deployment, at).await?, at.leases(*id).await?);
        Ok(Up { deployment, bids, leases, services, urls, receipts })
    }

    /// Sends the manifest, and waits until all services run.
    async fn start(&self, leases: &[LeasingLease], at: &Place<'_>) -> Result<Vec<Seen>> {
        let visitor = Visitor::tenant(at, &self.args.tenant).await?;
        let running = leases.iter().filter(|lease| lease.state.runs()).cloned();
        let gates: Vec<_> = running.map(|lease| visitor.gate(at, lease, self.args.local_network)).collect::<Result<_>>()?;
        for image in &self.images {
            image.send_to(&gates, &self.deployment, at).await?;
        }
        let mut progress = Progress::start(at.out);
        progress.step("sending the manifest");
        gate::send(at, &gates, self.id.dseq, &self.deployment).await?;
        progress.done();
        ready::wait(&gates, ready::longest(self.args.ready, self.args.no_wait), at).await
    }

    /// An error with what is on the ledger by now, how to go on and how to take it back.
    async fn left(&self, error: CliError, at: &Place<'_>) -> CliError {
        if !self.sent.get() {
            return error;
        }
        let dseq = self.id.dseq;
        if !self.ordered.get() && error.code != "interrupted" {
            // The ledger refused it, or the error says that it may have been taken.
            return error;
        }
        let known = tokio::time::timeout(LEFT_WAIT, async { (at.leasing().deployment(self.id).await, at.leases(self.id).await) });
        let hint = match known.await {
            Ok((Ok(Some(one)), Ok(leases))) => {
                let running = leases.iter().filter(|lease| lease.state.runs()).count();
                let on = if running < one.groups.len() {
                    format!(
                        "`depin lease accept {dseq} PROVIDER` takes a bid of those that `depin lease bids {dseq}` shows, then"
                    )
                } else {
                    "go on:".to_owned()
                };
                let left = shorten(&one.left.display);
                let leases = count(running as u64, "lease", "leases");
                format!(
                    "deployment {dseq} is on the ledger, with {left} in escrow and {leases} that run and are paid. {on} `depin lease send \
                     {dseq} {}`; or take it back: `depin lease close {dseq}`",
                    self.file
                )
            }
            Ok((Ok(None), _)) => {
                format!("nothing is on the ledger; if the order is still under way, `depin lease show {dseq}` shows it")
            }
            _ => format!(
                "the node does not say what is on the ledger; `depin lease show {dseq}` does, `depin lease close {dseq}` takes it back"
            ),
        };
        let hint = if error.hint.is_empty() { hint } else { format!("{}. {hint}", error.hint.trim_end_matches('.')) };
        error.hint(hint)
    }
}

impl Up {
    fn text(&self, at: &Place<'_>, out: &Output) -> String {
        let mut text = look::bids_table(&self.bids, at, out);
        if !self.leases.is_empty() {
            text += &format!("\n{}", look::leases_table(&self.leases, at, out));
        }
        if !self.services.is_empty() {
            text += &format!("\n{}\n", ready::table(&self.services, out));
        }
        let left = shorten(&self.deployment.left.display);
        text += &format!("\ndeployment {}, {left} in escrow", self.deployment.id.dseq);
        self.urls.iter().fold(text, |text, url| text + "\n" + &out.bold(url))
    }
}

/// What is deposited: as typed, or what a day costs at most.
async fn deposit(args: &LeaseUpArgs, deployment: &Deployment, network: &LeasingNetwork, at: &Place<'_>) -> Result<Money> {
    let price = deployment.price();
    let Some(token) = network.denoms.get(&price.denom).copied() else {
        let known = network.denoms.keys().filter(|denom| !denom.starts_with("ibc/")).cloned().collect::<Vec<_>>().join(", ");
        return Err(CliError::refused("denom", format_args!("prices in `{}` are not taken on this network", price.denom)).hint(
            format_args!("write one of {known} in the deployment file, or let the network map it in [service.leasing.denom]"),
        ));
    };
    if let Some(typed) = &args.deposit {
        return Place::money(typed, token);
    }
    let spec = at.remote.spec().await?;
    let decimals = spec.token(token).map_or(18, |rule| rule.decimals.min(18));
    day(&price, network.block_ms, token, decimals)
}

/// What a day costs at most, rounded up to what the token can be counted in.
fn day(price: &Price, block_ms: u64, token: Name, decimals: u8) -> Result<Money> {
    let too_much = |_| CliError::refused("too-much", "a day of it costs more than can be counted; name a deposit with --deposit");
    let blocks = Span::from_days(1).get() / block_ms.max(1);
    let whole = price.for_blocks(blocks).map_err(too_much)?.amount.mul_div(1, 1_000_000, Rounding::Up).map_err(too_much)?;
    let grain = 10u128.pow(18 - u32::from(decimals));
    let amount = Decimal18::new(whole.get().div_ceil(grain).saturating_mul(grain));
    Ok(Money { currency: token, amount })
}

async fn order(
    sender: &Sender,
    id: DeploymentId,
    deployment: &Deployment,
    amount: Money,
    at: &Place<'_>,
) -> Result<FinalReceipt> {
    let text = shorten(&format!("{} {}", amount.amount.to_decimal(), amount.currency));
    at.out.note(format_args!("puts {text} of {} into the escrow of deployment {}", at.name(id.owner), id.dseq));
    let window = deployment.reclaim_window_ns().map(|ns| Span::from_millis(ns.div_ceil(1_000_000)));
    let new = NewDeployment {
        dseq: id.dseq,
        groups: deployment.groups().to_vec(),
        hash: ContentHash::new(deployment.hash().get()),
        deposit: Deposit { amount, sources: vec![DepositSource::Balance] },
        reclaim_window: window,
    };
    at.send(sender, LeasingMessage::CreateDeployment(new), "ordering, and waiting until it is final").await
}

/// All bids on a deployment's orders, as they stand.
async fn bids_on(deployment: &LeasingDeployment, at: &Place<'_>) -> Result<Vec<LeasingBid>> {
    let mut bids = Vec::new();
    for group in &deployment.groups {
        bids.extend(at.bids(group.order).await?);
    }
    Ok(bids)
}

/// Waits until each group has a bid that could be taken, and a moment more for cheaper ones. Says whether that came to be.
async fn wait(
    args: &LeaseUpArgs,
    id: DeploymentId,
    provider: Option<Address>,
    at: &Place<'_>,
) -> Result<(Vec<LeasingBid>, bool)> {
    let mut progress = Progress::start(at.out);
    progress.step("waiting for bids");
    let (began, mut whole_since, mut told) = (Instant::now(), None, BTreeSet::new());
    loop {
        let one = at.deployment(id).await?;
        let (mut bids, mut whole) = (Vec::new(), true);
        for group in &one.groups {
            let of_group = at.bids(group.order).await?;
            let fits = |bid: &LeasingBid| bid.state.word() == "open" && provider.is_none_or(|wanted| wanted == bid.id.provider);
            whole &= of_group.iter().any(fits);
            bids.extend(of_group);
        }
        for bid in bids.iter().filter(|bid| !at.out.json && told.insert(bid.id)) {
            without_progress(|| at.out.note(format_args!("{}", row(bid))));
        }
        if whole && provider.is_some() {
            whole_since.get_or_insert(began);
        } else if whole {
            whole_since.get_or_insert_with(Instant::now);
        }
        let settled = whole_since.is_some_and(|since| since.elapsed() >= SETTLE || provider.is_some());
        if settled || began.elapsed() >= Duration::from_millis(args.wait.0.get()) {
            progress.done();
            return Ok((bids, whole));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A bid as it comes, in columns.
fn row(bid: &LeasingBid) -> String {
    let gseq = bid.id.order.group.gseq;
    format!("  group {gseq}  {:<16} {:>20} a block  {}", bid.provider, look::priced(&bid.price), bid.state.word())
}

/// The bid that is taken for a group, of those on it with the cheapest first.
fn choose<'b>(
    args: &LeaseUpArgs,
    provider: Option<Address>,
    bids: &[&'b LeasingBid],
    at: &Place<'_>,
) -> Result<Option<&'b LeasingBid>> {
    let open: Vec<&LeasingBid> = bids.iter().copied().filter(|bid| bid.state.word() == "open").collect();
    if let Some(provider) = provider {
        return Ok(open.into_iter().find(|bid| bid.id.provider == provider));
    }
    match args.accept {
        Accept::Cheapest => Ok(open.first().copied()),
        Accept::None => Ok(None),
        Accept::Ask if open.is_empty() => Ok(None),
        Accept::Ask => ask(&open, at).map(Some),
    }
}

/// Asks at the terminal which bid is taken.
fn ask<'b>(open: &[&'b LeasingBid], at: &Place<'_>) -> Result<&'b LeasingBid> {
    let group = open[0].id.order.group.gseq;
    without_progress(|| {
        for (n, bid) in (1..).zip(open) {
            at.out.note(format_args!("{n}  {}  {}", bid.provider, look::priced(&bid.price)));
        }
        loop {
            at.out.note(format_args!("which bid for group {group}? 1 to {}", open.len()));
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line).map_err(|error| CliError::broken("terminal", error))?;
            if read == 0 {
                return Err(
                    CliError::refused("no-choice", "no bid was chosen").hint("`depin lease accept N PROVIDER` takes one later")
                );
            }
            if let Some(bid) = line.trim().parse::<usize>().ok().and_then(|n| open.get(n.checked_sub(1)?)) {
                return Ok(*bid);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_deposited_and_rounded_up_to_base_units() {
        let price = |amount: &str| Price { denom: "uakt".to_owned(), amount: Decimal18::parse(amount).unwrap() };
        let akt = Name::literal("AKT");
        let of = |amount, decimals| day(&price(amount), 6_000, akt, decimals).unwrap().amount.to_decimal();
        assert_eq!(of("1000", 6), "14.4", "14,400 blocks");
        assert_eq!(of("0.00001", 6), "0.000001");
        assert_eq!(of("0.00001", 18), "0.000000144");
        assert!(day(&Price { amount: Decimal18::new(u128::MAX), ..price("1") }, 6_000, akt, 6).is_err());
    }
}
