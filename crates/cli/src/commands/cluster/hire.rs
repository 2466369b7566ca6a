//! `depin cluster hire`: devices chosen, a quote, the hire, and the time until the cluster works.

use super::{
    act::send,
    desk::{Desk, Head},
    look::{print, state},
    named::{Named, short},
};
use crate::{
    args::{ClusterHireArgs, ClusterKindArg},
    error::{CliError, Result},
    output::{Progress, Table, count, shorten},
};
use depin_client::{
    api::{Amount, ClusterDevice, ClusterHire},
    render::content_of,
};
use depin_economy::Spec;
use depin_provider::clusters::Program;
use depin_quantity::{ContentHash, Name, UnitId, Units};
use depin_services::clusters::{ClusterKind, ClustersMessage, Filter, NewHire, ProcessorKind};
use reqwest::Method;
use serde::Serialize;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// How long a cluster may take to be ready, and pause between two looks.
const READY: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(500);

/// A device with what an hour of it costs.
struct Offer {
    device: ClusterDevice,
    rate: Units,
}

/// What a hire would cost.
#[derive(Serialize)]
struct Quote {
    devices: Vec<UnitId>,
    hours: u32,
    /// For one hour of each device.
    rates: Vec<Amount>,
    /// For all hours of all devices; what is not used comes back.
    total: Amount,
}

/// A hire that was ordered, and how long it took.
#[derive(Serialize)]
struct Ready {
    #[serde(flatten)]
    hire: ClusterHire,
    /// Milliseconds of wall time from the hire's being final until all nodes worked together; none where that was not waited for.
    ready_ms: Option<u64>,
}

pub(super) async fn run(args: &ClusterHireArgs, at: &Named<'_>) -> Result<()> {
    let program = program(args)?;
    let spec = at.remote.spec().await?;
    let filter = Filter {
        kind: ProcessorKind::Cpu,
        processors: args.processors,
        memory_mib: u32::try_from(args.memory.0 >> 20).unwrap_or(u32::MAX),
        disk_gib: args.disk.map_or(0, |disk| u32::try_from(disk.0 >> 30).unwrap_or(u32::MAX)),
        reliability: args.min_reliability,
    };
    let offers = chosen(args, &filter, decimals(&spec, args.pay)?, at).await?;
    let quote = quote(args, &offers, &spec)?;
    within(args, &quote, &spec)?;
    if args.quote {
        return tell(&quote, &offers, at);
    }
    let key = at.remote.key(args.signer.from.as_deref().unwrap_or("customer"))?;
    let (hirer, body) = (key.address(), program.as_ref().map(|(_, body)| body.clone()));
    let terms = NewHire {
        kind: args.kind.into(),
        currency: args.pay,
        most: offers.iter().map(|offer| offer.rate).max().unwrap_or(Units::ZERO),
        hours: args.hours,
        filter,
        devices: quote.devices.clone(),
        image: program.map_or(ContentHash::new([0; 32]), |(hash, _)| hash),
    };
    let before: BTreeSet<UnitId> = at.hires(Some(hirer)).await?.into_iter().map(|hire| hire.hire).collect();
    send(at, key.clone(), ClustersMessage::Hire(Box::new(terms))).await?;
    let begun = Instant::now();
    let new = at.hires(Some(hirer)).await?.into_iter().find(|hire| !before.contains(&hire.hire));
    let new = new.ok_or_else(|| {
        CliError::broken("hire", "the hire is final, and the node does not show it yet").hint("see `depin cluster list`")
    })?;
    let hire = at.hire(&new.hire.to_string()).await?;
    if let Some(body) = body {
        give(&hire, &body, args, at).await?;
    }
    let is_waited = !args.detach && hire.terms.kind == ClusterKind::Ray;
    let ready_ms = match is_waited {
        true => Some(until_ready(&hire, &Head::of(&hire, key, at, args.local_network)?, begun, at).await?),
        false => None,
    };
    if at.out.json {
        return at.out.result(&Ready { hire, ready_ms }, |_| String::new());
    }
    if let Some(ms) = ready_ms {
        at.out.note(format_args!("the cluster was ready {}.{} s after it was hired", ms / 1_000, ms % 1_000 / 100));
    }
    print(&hire, at)
}

/// The program of a hire for programs: its hash and its bytes.
fn program(args: &ClusterHireArgs) -> Result<Option<(ContentHash, Vec<u8>)>> {
    match (args.kind, args.command.is_empty()) {
        (ClusterKindArg::Ray, true) => Ok(None),
        (ClusterKindArg::Ray, false) => Err(CliError::refused("command", "a Ray cluster is hired without a command")
            .hint("`depin cluster job submit HIRE -- COMMAND` runs it once the cluster is there; or take --kind process")),
        (ClusterKindArg::Process, true) => Err(CliError::refused("command", "what is every device to run?")
            .hint("write it behind --: depin cluster hire … --kind process -- /usr/bin/python3 -m http.server 20010")),
        (ClusterKindArg::Process, false) => {
            let program = Program { command: args.command.clone(), env: Vec::new() };
            let body = serde_json::to_vec(&program).map_err(|error| CliError::refused("command", error))?;
            Ok(Some((content_of(&body), body)))
        }
    }
}

fn decimals(spec: &Spec, token: Name) -> Result<u8> {
    spec.token(token).map(|rule| rule.decimals).ok_or_else(|| {
        let known: Vec<&str> = spec.tokens().keys().map(Name::as_str).collect();
        CliError::refused("unknown-token", format_args!("this network has no token `{token}`"))
            .hint(format_args!("it has: {}", known.join(", ")))
    })
}

/// The cheapest devices that can be hired now and have what is asked for; by id where they cost the same.
async fn chosen(args: &ClusterHireArgs, filter: &Filter, decimals: u8, at: &Named<'_>) -> Result<Vec<Offer>> {
    let network = at.network().await?;
    let step = 10_u128.pow(u32::from(18_u8.saturating_sub(decimals)));
    let fits = |device: &ClusterDevice| {
        let profile = &device.terms.profile;
        state(device, &network, at.now) == "free"
            && profile.processors >= filter.processors
            && profile.memory_mib >= filter.memory_mib
            && profile.disk_gib >= filter.disk_gib
            && device.reliability >= filter.reliability
            && device.score.parse::<u128>().unwrap_or(0) / 10 >= args.min_score
            && !device.terms.url.is_empty()
    };
    let mut offers: Vec<Offer> = at
        .devices(None, None)
        .await?
        .into_iter()
        .filter(fits)
        .filter_map(|device| {
            let ask = device.terms.asks.iter().find(|ask| ask.currency == args.pay)?;
            let rate = Units::new(ask.amount.get() / step);
            Some(Offer { device, rate })
        })
        .collect();
    offers.sort_by_key(|offer| (offer.rate, offer.device.device));
    let found = offers.len();
    if found < args.devices as usize {
        let has = if found == 1 { "has" } else { "have" };
        let why =
            format!("{} can be hired now for {} and {has} what is asked for", count(found as u64, "device", "devices"), args.pay);
        return Err(CliError::refused("too-few", why).hint(
            "`depin cluster devices` says what each is: one that is `proving` or `new` can be hired after some hours; ask for less, or pay \
             in another token",
        ));
    }
    offers.truncate(args.devices as usize);
    Ok(offers)
}

fn quote(args: &ClusterHireArgs, offers: &[Offer], spec: &Spec) -> Result<Quote> {
    let decimals = decimals(spec, args.pay)?;
    let too_much = || CliError::refused("price", "the devices ask for more than any wallet holds");
    let hour = offers.iter().try_fold(0_u128, |sum, offer| sum.checked_add(offer.rate.get())).ok_or_else(too_much)?;
    let total = hour.checked_mul(args.hours.into()).ok_or_else(too_much)?;
    Ok(Quote {
        devices: offers.iter().map(|offer| offer.device.device).collect(),
        hours: args.hours,
        rates: offers.iter().map(|offer| Amount::new(args.pay, offer.rate, decimals)).collect(),
        total: Amount::new(args.pay, Units::new(total), decimals),
    })
}

/// Refuses a quote above what its hirer wants to pay.
fn within(args: &ClusterHireArgs, quote: &Quote, spec: &Spec) -> Result<()> {
    let Some(max) = &args.max else { return Ok(()) };
    if let Some(other) = max.token.filter(|token| *token != args.pay) {
        return Err(CliError::refused("currency", format_args!("--max is in {other}, and --pay is {}", args.pay))
            .hint("name the most in what is paid in"));
    }
    let typed = crate::args::AmountArg { token: Some(args.pay), ..max.clone() };
    let (_, most) = crate::remote::amount(spec, &typed)?;
    if quote.total.units <= most {
        return Ok(());
    }
    Err(CliError::refused("too-dear", format_args!("the hire costs {}, and --max is {max}", shorten(&quote.total.display)))
        .hint("hire fewer devices or hours, or raise --max"))
}

fn tell(quote: &Quote, offers: &[Offer], at: &Named<'_>) -> Result<()> {
    at.out.result(quote, |out| {
        let mut table = Table::new(&["DEVICE", "OWNER", ">CORES", ">AN HOUR"]);
        for (offer, rate) in offers.iter().zip(&quote.rates) {
            let device = &offer.device;
            let cores = device.terms.profile.processors.to_string();
            table.row([short(device.device), at.name(device.owner), cores, shorten(&rate.display)]);
        }
        let hours = count(quote.hours.into(), "hour", "hours");
        format!("{}\n{} for {hours}; what is not used comes back", table.render(out), shorten(&quote.total.display))
    })
}

/// Gives every device the program; each takes it once it has seen the hire.
async fn give(hire: &ClusterHire, body: &[u8], args: &ClusterHireArgs, at: &Named<'_>) -> Result<()> {
    let hash = content_of(body);
    let mut progress = Progress::start(at.out);
    progress.step("giving the program to the devices");
    for slot in &hire.slots {
        let (desk, begun) = (Desk::of(slot, at, args.local_network)?, Instant::now());
        loop {
            match desk.program(hash, body).await {
                Ok(()) => break,
                Err(error) if begun.elapsed() >= READY => return Err(error),
                Err(error) if matches!(error.code.as_str(), "no-hire" | "device-away" | "busy") => tokio::time::sleep(LOOK).await,
                Err(error) => return Err(error),
            }
        }
    }
    progress.done();
    Ok(())
}

/// Waits until all nodes work together; gives the milliseconds since the hire was final.
async fn until_ready(hire: &ClusterHire, head: &Head, begun: Instant, at: &Named<'_>) -> Result<u64> {
    let mut progress = Progress::start(at.out);
    progress.step("waiting for the cluster");
    loop {
        let why = match head.ask(Method::GET, "", None).await {
            Ok(answer) => {
                let number = |field: &str| answer.get(field).and_then(serde_json::Value::as_u64);
                if number("alive").is_some() && number("alive") == number("of") {
                    progress.done();
                    return Ok(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
                }
                answer.get("waits_for").and_then(serde_json::Value::as_str).unwrap_or("its nodes").to_owned()
            }
            Err(error) => error.message,
        };
        if begun.elapsed() >= READY {
            progress.done();
            let hint = format!("`depin cluster show {0}` has its devices; `depin cluster end {0}` ends it", short(hire.hire));
            return Err(CliError::broken("not-ready", format_args!("the cluster is not ready: {why}")).hint(hint));
        }
        progress.step(format!("waiting for the cluster: {}", why.chars().take(60).collect::<String>()));
        tokio::time::sleep(LOOK).await;
    }
}
