//! `depin provider inventory | leases | earnings`: what a provider of leases on this machine holds, runs and earns.
//!
//! In: the reports that providers write into their folders, and the ledger. What failed and why is in the first alone.

use crate::{
    args::OwnLeasesArgs,
    commands::lease::priced,
    error::{CliError, Result},
    output::{Output, Table, ago, bytes, shorten},
    remote::Remote,
    settings::Settings,
};
use depin_client::api::{LeaseQuery, LeasingLease};
use depin_provider::leasing::{Capacity, LeaseReport, Report};
use depin_quantity::{Address, Instant};
use depin_services::leasing::BidId;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Pages of leases that are read.
const PAGES_MAX: usize = 64;
/// Leases that ended and are shown.
const ENDED_SHOWN: usize = 10;

/// A provider, and what it reported.
#[derive(Serialize)]
struct Own {
    name: String,
    #[serde(flatten)]
    report: Report,
}

#[derive(Serialize)]
struct All {
    providers: Vec<Own>,
}

/// CPUs of thousandths: `2`, `0.5`.
pub(super) fn cpus(milli: u64) -> String {
    let places = format!("{:03}", milli % 1_000);
    let places = places.trim_end_matches('0');
    if places.is_empty() { (milli / 1_000).to_string() } else { format!("{}.{places}", milli / 1_000) }
}

fn folders(args: &OwnLeasesArgs, settings: &Settings) -> Result<Vec<(String, PathBuf)>> {
    if let Some(dir) = &args.dir {
        return Ok(vec![(dir.display().to_string(), dir.clone())]);
    }
    let home = &settings.home;
    if let Some(name) = args.name {
        let of_home = home.provider(name);
        let folder = if of_home.is_dir() { of_home } else { Path::new(name.as_str()).to_owned() };
        return Ok(vec![(name.to_string(), folder)]);
    }
    Ok(home.provider_names()?.into_iter().map(|name| (name.to_string(), home.provider(name))).collect())
}

fn read(args: &OwnLeasesArgs, settings: &Settings) -> Result<All> {
    let mut providers = Vec::new();
    for (name, folder) in folders(args, settings)? {
        let report = Report::read(&folder).map_err(|error| CliError::file("read", &folder, &error))?;
        providers.extend(report.map(|report| Own { name, report }));
    }
    if providers.is_empty() {
        return Err(CliError::refused("no-report", "no provider of leases has reported here yet")
            .hint("name its folder with --dir; a provider that runs reports some seconds after its start"));
    }
    Ok(All { providers })
}

/// Tables of leases fit 80 columns.
fn narrow(out: &Output) -> Output {
    Output { width: out.width.min(80), ..*out }
}

/// A lease as its tenant names it: number, group and order.
fn short(lease: &BidId) -> String {
    format!("{}/{}/{}", lease.deployment().dseq, lease.order.group.gseq, lease.order.oseq)
}

pub fn inventory(args: &OwnLeasesArgs, settings: &Settings, out: &Output) -> Result<()> {
    let all = read(args, settings)?;
    out.result(&all, |out| {
        let texts = all.providers.iter().map(|own| inventory_of(own, out));
        texts.collect::<Vec<_>>().join("\n")
    })
}

fn inventory_of(Own { name, report }: &Own, out: &Output) -> String {
    let mut table = Table::new(&["", ">CPU", ">MEMORY", ">DISK", ">GPU"]);
    let mut row = |what: &str, much: &Capacity| {
        table.own_row([what.to_owned(), cpus(much.cpu_milli), bytes(much.memory), bytes(much.storage), much.gpus.to_string()]);
    };
    row("sold in all", &report.capacity);
    row("set aside", &report.held);
    row("free", &report.free);
    let mut text = format!("{} on {}\n{}", out.bold(name), report.runtime, table.render(&narrow(out)));
    let volumes = if report.fixed_volumes { "of fixed size" } else { "measured; who writes more is evicted" };
    text += &format!("persistent volumes are {volumes}\n");
    for note in report.notes.iter().chain(&report.trouble) {
        text += &told("  ", note, out);
    }
    let mut orders = Table::new(&["OPEN ORDER", "TENANT", "DECIDED"]);
    for judged in &report.orders {
        let id = judged.order.bid(Address::default());
        orders.row([short(&id), id.owner().short(), judged.verdict.clone()]);
    }
    if report.orders.is_empty() { text } else { text + "\n" + &orders.render(&narrow(out)) }
}

/// A text beside a margin, in lines that fit.
fn told(margin: &str, text: &str, out: &Output) -> String {
    let lines = crate::output::wrap(&crate::output::plain(text), out.width.min(80), margin.len());
    lines.iter().map(|line| format!("{margin}{line}\n")).collect()
}

pub fn leases(args: &OwnLeasesArgs, settings: &Settings, out: &Output) -> Result<()> {
    let all = read(args, settings)?;
    out.result(&all, |out| all.providers.iter().map(|own| leases_of(own, out)).collect::<Vec<_>>().join("\n"))
}

fn leases_of(Own { name, report }: &Own, out: &Output) -> String {
    let now = Instant::new(report.ledger_ms);
    let mut table = Table::new(&["LEASE", "TENANT", "HEALTH", ">A BLOCK", "SINCE", "REPLICAS"]);
    for lease in &report.leases {
        table.row([
            short(&lease.lease),
            lease.lease.owner().short(),
            lease.health.clone(),
            priced(&lease.price),
            ago(now, Instant::new(lease.since_ms)),
            replicas(lease),
        ]);
    }
    let mut text = format!("{}\n{}", out.bold(name), table.render_or(&narrow(out), "no leases"));
    for lease in report.leases.iter().filter(|lease| !lease.why.is_empty()) {
        text += &told("  ", &format!("{}: {}", short(&lease.lease), lease.why), out);
    }
    for lease in report.leases.iter().filter(|lease| !lease.hosts.is_empty()) {
        text += &told("  ", &format!("{}: {}", short(&lease.lease), lease.hosts.join(", ")), out);
    }
    for ended in report.ended.iter().take(ENDED_SHOWN) {
        let line = format!("{} is over, {}: {}", short(&ended.lease), ago(now, Instant::new(ended.ledger_ms)), ended.why);
        text += &told("  ", &line, out);
    }
    text
}

fn replicas(lease: &LeaseReport) -> String {
    let well = lease.services.iter().filter(|one| one.state.to_string() == "healthy").count();
    let restarts: u32 = lease.services.iter().map(|one| one.restarts).sum();
    let again = if restarts == 0 { String::new() } else { format!(", restarted {restarts} times") };
    if lease.services.is_empty() { "-".to_owned() } else { format!("{well} of {}{again}", lease.services.len()) }
}

/// What leases of a provider earn, by the ledger.
#[derive(Serialize)]
struct Earned {
    name: String,
    provider: Address,
    leases: Vec<LeasingLease>,
}

#[derive(Serialize)]
struct Earnings {
    providers: Vec<Earned>,
}

pub async fn earnings(args: &OwnLeasesArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let now = Instant::new(remote.client.status().await?.time_ms);
    let mut providers = Vec::new();
    for Own { name, report } in read(args, settings)?.providers {
        let page = |after: Option<String>| {
            let query = LeaseQuery { account: report.provider, state: None, after, limit: Some(500) };
            let client = &remote.client;
            async move { client.leasing().leases(&query).await }
        };
        let mut leases = depin_client::whole_list(PAGES_MAX, page).await?;
        leases.retain(|lease| lease.id.provider == report.provider);
        leases.sort_by_key(|lease| std::cmp::Reverse(lease.created.ms));
        providers.push(Earned { name, provider: report.provider, leases });
    }
    let earnings = Earnings { providers };
    out.result(&earnings, |out| {
        let one = |earned: &Earned| {
            let mut table = Table::new(&["LEASE", "TENANT", "STATE", ">A BLOCK", ">COLLECTED", ">EARNED", "SINCE"]);
            for lease in &earned.leases {
                table.row([
                    short(&lease.id),
                    lease.id.owner().short(),
                    lease.state.word().to_owned(),
                    priced(&lease.price),
                    shorten(&lease.collected.display),
                    shorten(&lease.earned.display),
                    ago(now, lease.created.instant()),
                ]);
            }
            format!("{}\n{}", out.bold(&earned.name), table.render_or(&narrow(out), "no leases yet"))
        };
        let texts: Vec<String> = earnings.providers.iter().map(one).collect();
        texts.join("\n") + "\ncollected is before the network's part; earned is what was not collected yet\n"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousandths_of_cpus_are_told_exactly() {
        for (milli, told) in [(0, "0"), (500, "0.5"), (2_000, "2"), (1_250, "1.25"), (10, "0.01"), (1, "0.001")] {
            assert_eq!(cpus(milli), told);
        }
    }
}
