//! `depin provider health`: whether providers need somebody, for people, for `cron` and for whoever is woken at night.
//!
//! In: the ledger, and for the home's own providers the `depin up` that runs them. Out: findings; exit code 0 without any, 1 with some, 2 when
//! nobody can tell. With `--watch`, what began and what is over since the look before, also to a webhook. A webhook that does not answer stops
//! nothing: it is told again at the next look.

use crate::{
    args::{HealthArgs, Who},
    commands::cluster::devices,
    error::{CliError, Result},
    output::{Output, Table, count, in_time, shorten},
    remote::Remote,
    settings::Settings,
    up::Interrupt,
};
use depin_client::api::{Absence, Account, ClusterDevice};
use depin_devnet::{
    control::{self, Order},
    home::address_of,
    operators,
};
use depin_quantity::{Address, Instant, Name, Span, Units};
use depin_services::descriptor::{CLUSTERS, STORAGE};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// How long a webhook may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that somebody should do something about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    provider: String,
    /// What it concerns: `stopped`, `faulty`, `deadline`, `debt`, `funds`, `node`, `out`.
    concerns: &'static str,
    message: String,
}

#[derive(Serialize)]
struct Health {
    /// Ledger time.
    time: String,
    healthy: bool,
    providers: Vec<String>,
    findings: Vec<Finding>,
}

/// A provider to look at.
struct Patient {
    name: String,
    address: Address,
    /// Whether the home's `depin up` runs it; none of others.
    running: Option<bool>,
}

pub async fn health(args: &HealthArgs, settings: &Settings, out: &Output) -> Result<()> {
    let webhook = args.alert_webhook.as_deref().map(|url| Webhook::new(url, settings)).transpose()?;
    if args.watch {
        return watch(args, settings, webhook, out).await;
    }
    let health = look(args, settings).await?;
    out.result(&health, |out| text(&health, out))?;
    if health.healthy {
        return Ok(());
    }
    let many = count(health.findings.len() as u64, "thing", "things");
    Err(CliError::refused("unhealthy", format_args!("{many} to be done")))
}

fn text(health: &Health, out: &Output) -> String {
    if health.healthy {
        let many = count(health.providers.len() as u64, "provider is as it should be", "providers are as they should be");
        return format!("{}: {many}", out.good("healthy"));
    }
    let mut table = Table::new(&["PROVIDER", "CONCERNS", "WHAT"]);
    for finding in &health.findings {
        table.row([finding.provider.clone(), finding.concerns.to_owned(), finding.message.clone()]);
    }
    table.render(out)
}

async fn watch(args: &HealthArgs, settings: &Settings, webhook: Option<Webhook>, out: &Output) -> Result<()> {
    let mut interrupt = Interrupt::listen()?;
    let (mut known, mut unsent) = (BTreeMap::new(), Vec::new());
    loop {
        let findings = match look(args, settings).await {
            Ok(health) => health.findings,
            // A node that does not answer is what somebody should know first.
            Err(error) => vec![Finding { provider: "all".to_owned(), concerns: "node", message: error.to_string() }],
        };
        for alert in changes(&mut known, findings) {
            out.line(&alert, |out| alert.text(out))?;
            unsent.push(alert);
        }
        if let Some(webhook) = &webhook {
            webhook.post(&mut unsent, out).await;
        } else {
            unsent.clear();
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(args.every.into())) => {}
            () = interrupt.next() => return Ok(()),
        }
    }
}

/// Something that began, or is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Alert {
    /// `begun` or `over`.
    state: &'static str,
    #[serde(flatten)]
    finding: Finding,
    /// The same on one line, where chat programs look for it.
    text: String,
}

impl Alert {
    fn new(state: &'static str, finding: Finding) -> Self {
        let text = format!("{} {}: {} ({state})", finding.provider, finding.concerns, finding.message);
        Self { state, finding, text }
    }

    fn text(&self, out: &Output) -> String {
        let state = if self.state == "begun" { out.bad(self.state) } else { out.good(self.state) };
        format!("{state}  {}  {}: {}", self.finding.provider, self.finding.concerns, self.finding.message)
    }
}

/// What is new and what is over. Words may change (times run down), what they concern tells findings apart.
fn changes(known: &mut BTreeMap<(String, &'static str), Finding>, findings: Vec<Finding>) -> Vec<Alert> {
    let now: BTreeMap<_, _> =
        findings.into_iter().map(|finding| ((finding.provider.clone(), finding.concerns), finding)).collect();
    let over = known.iter().filter(|(key, _)| !now.contains_key(*key)).map(|(_, finding)| Alert::new("over", finding.clone()));
    let begun = now.iter().filter(|(key, _)| !known.contains_key(*key)).map(|(_, finding)| Alert::new("begun", finding.clone()));
    let alerts = over.chain(begun).collect();
    *known = now;
    alerts
}

/// Where alerts are posted.
struct Webhook {
    http: reqwest::Client,
    url: reqwest::Url,
}

impl Webhook {
    /// Alerts that are kept while a webhook does not answer.
    const KEPT: usize = 100;

    fn new(url: &str, settings: &Settings) -> Result<Self> {
        let wrong = |why: &dyn std::fmt::Display| {
            CliError::refused("webhook", format_args!("{url:?} is no address of a webhook: {why}"))
                .hint("write it like https://alerts.example/depin")
        };
        let url = reqwest::Url::parse(url).map_err(|error| wrong(&error))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(wrong(&"only http and https are spoken"));
        }
        let http = settings.trust()?.http().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build();
        Ok(Self { http: http.map_err(|error| CliError::broken("webhook", error))?, url })
    }

    /// Posts what was not sent yet, in order; what is not taken stays for the next time.
    async fn post(&self, unsent: &mut Vec<Alert>, out: &Output) {
        while let Some(alert) = unsent.first() {
            let body = serde_json::to_vec(alert).unwrap_or_default();
            let sent = self.http.post(self.url.clone()).header("content-type", "application/json").body(body).send().await;
            match sent.and_then(reqwest::Response::error_for_status) {
                Ok(_) => {
                    unsent.remove(0);
                }
                Err(error) => {
                    // Its URL may hold a secret.
                    out.warn(format_args!("an alert was not taken, it is sent again: {}", error.without_url()));
                    break;
                }
            }
        }
        let over = unsent.len().saturating_sub(Self::KEPT);
        unsent.drain(..over);
    }
}

async fn look(args: &HealthArgs, settings: &Settings) -> Result<Health> {
    let remote = Remote::new(settings)?;
    let patients = patients(args, &remote, settings).await?;
    if patients.is_empty() {
        return Err(CliError::refused("no-such-provider", "no provider was named, and this home has none")
            .hint("name one by its account: depin provider health NAME|ADDRESS"));
    }
    let status = remote.client.status().await?;
    let now = Instant::new(status.time_ms);
    let (base_fee, row_fee) = (status.base_fee.units, status.row_fee.units);
    let mut findings = Vec::new();
    for patient in &patients {
        let account = remote.client.account(patient.address).await?;
        let stores = status.service == STORAGE.name;
        let absence = if stores { remote.client.storage().absence(patient.address).await? } else { None };
        let devices = match status.service == CLUSTERS.name {
            true => devices(remote.client.clusters(), Some(patient.address), None).await?,
            false => Vec::new(),
        };
        let (account, absence, devices) = (&account, absence.as_ref(), &devices[..]);
        let facts = Facts { account, absence, devices, now, within: args.deadline_within.0, base_fee, row_fee };
        findings.extend(judged(patient, &facts));
    }
    let providers = patients.into_iter().map(|patient| patient.name).collect();
    Ok(Health { time: now.to_rfc3339(), healthy: findings.is_empty(), providers, findings })
}

/// What one provider is judged by.
struct Facts<'a> {
    account: &'a Account,
    absence: Option<&'a Absence>,
    devices: &'a [ClusterDevice],
    now: Instant,
    within: Span,
    base_fee: Units,
    row_fee: Units,
}

/// Work units, and bytes of rows, that a balance should pay for: about ten large messages.
const WORK: u128 = 100_000;
const ROWS: u128 = 10 * 1_024;

fn judged(patient: &Patient, facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |concerns, message: String| findings.push(Finding { provider: patient.name.clone(), concerns, message });
    if patient.running == Some(false) {
        find("stopped", format!("it does not run; `depin provider start {}` starts it", patient.name));
    }
    let debt = &facts.account.debt;
    if !debt.units.is_zero() {
        find("debt", format!("it owes {}; what it is sent or earns repays that first", shorten(&debt.display)));
    }
    let enough = facts.base_fee.times(WORK).and_then(|work| work.plus(facts.row_fee.times(ROWS)?)).unwrap_or_default();
    if facts.account.balance(debt.token) < enough {
        let held = facts.account.balances.iter().find(|amount| amount.token == debt.token);
        let has = held.map_or_else(|| format!("0 {}", debt.token), |amount| shorten(&amount.display));
        find("funds", format!("its balance of {has} pays for few messages: send tokens to {}", patient.address));
    }
    for device in facts.devices.iter().filter(|device| device.active && device.due.is_none()) {
        let hour = device.misses.last().map_or_else(String::new, |miss| format!(", the last one {}", miss.hour));
        find(
            "out",
            format!(
                "device {} stands out, having failed too many hours{hour}; start its daemon again once that is mended",
                device.device
            ),
        );
    }
    if let Some(absence) = facts.absence {
        if absence.faulty > 0 {
            let fee = shorten(&absence.fees_per_day.display);
            let faulty = count(absence.faulty, "sector is", "sectors are");
            find("faulty", format!("{faulty} faulty; while all are, fees are {fee} a day"));
        }
        let near = |deadline: &&depin_client::api::ProofDeadline| {
            deadline.open && !deadline.proven && deadline.closes.instant().since(facts.now) <= facts.within
        };
        if let Some(deadline) = absence.deadlines.iter().find(near) {
            let left = in_time(facts.now, deadline.closes.instant());
            find("deadline", format!("the window of set {} closes {left} and is not answered", deadline.set));
        }
    }
    findings
}

async fn patients(args: &HealthArgs, remote: &Remote, settings: &Settings) -> Result<Vec<Patient>> {
    let home = &settings.home;
    let parts = if settings.names_node() { None } else { control::ask(home, Order::List).await? };
    let running = |name: Name| parts.as_ref().map(|parts| parts.iter().any(|part| part.name == name && part.running));
    let mut patients = Vec::new();
    for who in &args.names {
        let address = remote.address(who).await?;
        let own = match who {
            Who::Name(name) if home.provider(*name).is_dir() && !settings.names_node() => running(*name),
            _ => None,
        };
        patients.push(Patient { name: who.to_string(), address, running: own });
    }
    if args.names.is_empty() && !settings.names_node() {
        for name in home.provider_names()? {
            let folder = home.provider(name);
            // A running network that does not list one was made for fewer: io.net without slices runs one device.
            let is_of_more = parts.as_ref().is_some_and(|parts| parts.iter().all(|part| part.name != name));
            if !operators::is_removed(&folder)? && !is_of_more {
                let address = address_of(&folder.join("key"))?;
                patients.push(Patient { name: name.to_string(), address, running: running(name) });
            }
        }
    }
    Ok(patients)
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::api::{Amount, ProofDeadline, Vesting};

    const FIL: Name = Name::literal("FIL");

    fn amount(units: u128) -> Amount {
        Amount::new(FIL, Units::new(units), 18)
    }

    fn account(held: u128, debt: u128) -> Account {
        Account {
            address: Address::new([1; 32]),
            name: None,
            nonce: 0,
            next_nonce: 0,
            balances: vec![amount(held)],
            pledged: amount(0),
            vesting: Vesting { locked: amount(0), vested: amount(0), next: None },
            claimable: amount(0),
            debt: amount(debt),
            other: Vec::new(),
            committed: Vec::new(),
            datacap: 0,
        }
    }

    fn concerns(running: Option<bool>, account: &Account, absence: Option<&Absence>) -> Vec<&'static str> {
        let patient = Patient { name: "provider-1".to_owned(), address: account.address, running };
        let now = Instant::new(1_800_000_000_000);
        let facts = Facts {
            account,
            absence,
            devices: &[],
            now,
            within: Span::from_secs(600),
            base_fee: Units::new(100),
            row_fee: Units::ZERO,
        };
        judged(&patient, &facts).into_iter().map(|finding| finding.concerns).collect()
    }

    #[test]
    fn a_provider_is_healthy_until_something_is_to_be_done() {
        let now = Instant::new(1_800_000_000_000);
        let rich = account(1_000_000_000_000_000_000, 0);
        assert!(concerns(Some(true), &rich, None).is_empty() && concerns(None, &rich, None).is_empty());
        assert_eq!(concerns(Some(false), &rich, None), ["stopped"]);
        assert_eq!(concerns(None, &account(9_999_999, 5), None), ["debt", "funds"]);
        assert!(concerns(None, &account(10_000_000, 0), None).is_empty());
        let deadline = |closes: u64, open: bool, proven: bool| ProofDeadline {
            set: 0,
            sectors: 1,
            opens: now.into(),
            closes: now.later(Span::from_secs(closes)).into(),
            open,
            proven,
        };
        let absence = |faulty: u64, deadline: ProofDeadline| Absence {
            sectors: 1,
            faulty,
            more: false,
            pledged: amount(0),
            faulty_from: None,
            charged_from: None,
            ended_from: None,
            ended_fees: None,
            ended_bonds: None,
            accepted: None,
            rewards_per_day: amount(0),
            fees_per_day: amount(1),
            deadlines: vec![deadline],
        };
        let with = |faulty, deadline| concerns(None, &rich, Some(&absence(faulty, deadline)));
        assert_eq!(with(1, deadline(500, true, true)), ["faulty"]);
        assert_eq!(with(0, deadline(600, true, false)), ["deadline"]);
        assert!(with(0, deadline(601, true, false)).is_empty() && with(0, deadline(5, false, false)).is_empty());
    }

    #[test]
    fn an_alert_is_told_when_it_begins_and_when_it_is_over() {
        let finding = |message: &str| Finding { provider: "p".to_owned(), concerns: "deadline", message: message.to_owned() };
        let mut known = BTreeMap::new();
        let states = |alerts: Vec<Alert>| alerts.into_iter().map(|alert| alert.state).collect::<Vec<_>>();
        assert_eq!(states(changes(&mut known, vec![finding("in 9m")])), ["begun"]);
        assert!(changes(&mut known, vec![finding("in 8m")]).is_empty(), "the same, nearer");
        assert_eq!(states(changes(&mut known, Vec::new())), ["over"]);
        let alert = serde_json::to_value(Alert::new("begun", finding("in 9m"))).unwrap();
        assert_eq!((alert["state"].as_str(), alert["text"].as_str()), (Some("begun"), Some("p deadline: in 9m (begun)")));
    }
}
