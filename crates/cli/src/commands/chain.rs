//! `depin status` and `depin audit`.

use crate::{
    args::AuditArgs,
    error::{CliError, Result},
    output::{Output, Table, ago, minute, short_id, short_number, shorten},
    remote::Remote,
    settings::Settings,
};
use depin_client::api::{Audit, Content, DiskRoom, Prices, ProviderList, Status, Supply};
use depin_devnet::home::{Endpoints, PRICE_FEEDER};
use depin_files::Size;
use depin_quantity::{Instant, group_digits};
use depin_services::descriptor::STORAGE;
use serde::Serialize;

/// Everything that `status` shows.
#[derive(Serialize)]
struct Overview {
    #[serde(flatten)]
    chain: Status,
    supply: Supply,
    prices: Prices,
    /// Providers and sums of a storage network.
    #[serde(skip_serializing_if = "Option::is_none")]
    storage: Option<ProviderList>,
    /// Where the parts of the home's network are; none for a node elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoints: Option<Endpoints>,
}

pub async fn status(settings: &Settings, out: &Output) -> Result<()> {
    let Remote { client, .. } = Remote::new(settings)?;
    let (chain, supply, prices) = futures::try_join!(client.status(), client.supply(), client.prices())?;
    let storage = if chain.service == STORAGE.name { Some(client.storage().providers(None, None).await?) } else { None };
    let endpoints = if settings.names_node() { None } else { settings.home.endpoints()? };
    let overview = Overview { chain, supply, prices, storage, endpoints };
    out.result(&overview, |out| overview.text(out))
}

/// How much room a node's disk has, or what is refused for want of it.
fn disk_text(disk: &DiskRoom) -> String {
    match disk.warning() {
        Some(warning) => format!("WARNING: {warning}"),
        None => format!("{} free, {} kept", Size(disk.free_bytes), Size(disk.floor_bytes)),
    }
}

impl Overview {
    fn text(&self, out: &Output) -> String {
        let mut table = Table::new(&["", ""]);
        let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
        let Status {
            chain_id,
            network,
            service,
            figures,
            height,
            time_ms,
            speed,
            state_root,
            base_fee,
            row_fee,
            version,
            disk,
            ..
        } = &self.chain;
        let now = Instant::new(*time_ms);
        row("Network", format!("{network}, chain {chain_id}, depin {version}"));
        row("Block", format!("{height}, state {}", short_id(state_root)));
        row("Ledger time", format!("{} UTC, speed {speed}", minute(now)));
        if self.chain.history.block > 0 {
            row("History", format!("from block {} on; older was given up", self.chain.history.block));
        }
        if let Some(stalled) = &self.chain.stalled {
            row("Stalled", format!("WARNING: {}", stalled.message));
        }
        if let Some(warning) = &self.chain.clock_warning {
            row("Clock", format!("WARNING: {}", warning.message));
        }
        if let Some(chance) = &self.chain.chance {
            row("Chance", chance.message.clone());
        }
        if let Some(disk) = disk {
            row("Disk", disk_text(disk));
        }
        row("Base fee", format!("{} per work unit", shorten(&base_fee.display)));
        if !row_fee.units.is_zero() {
            row("Row fee", format!("{} per byte that a transaction adds", shorten(&row_fee.display)));
        }
        for token in &self.supply.tokens {
            let (minted, burned) = (shorten(&token.minted.display), shorten(&token.burned.display));
            row("Supply", format!("{} circulating", shorten(&token.circulating.display)));
            row("", format!("{minted} minted, {burned} burned"));
            if let Some(forfeited) = token.forfeited.as_ref().filter(|amount| !amount.units.is_zero()) {
                row("", format!("{} of the schedule not minted: nobody earned it", shorten(&forfeited.display)));
            }
        }
        for price in &self.prices.prices {
            row("Price", price_text(price, now));
        }
        if let Some(ProviderList { totals, .. }) = &self.storage {
            row("Storage", format!("{} providers, {} active deals, {} faulty", totals.providers, totals.active, totals.faulty));
            row("Power", format!("{} raw, {} quality-adjusted", byte_text(&totals.raw_bytes), byte_text(&totals.quality_bytes)));
        } else {
            row("Service", service.to_string());
            for (name, value) in figures {
                row(&format!("  {}", name.replace('_', " ")), figure(value));
            }
        }
        if let Some(endpoints) = &self.endpoints {
            row("API", endpoints.api.clone());
            for endpoint in &endpoints.endpoints {
                row(&endpoint.name.to_uppercase(), endpoint.url.clone());
            }
            row("Home", endpoints.home.display().to_string());
        }
        table.render(out)
    }
}

fn price_text(price: &depin_client::api::PriceEntry, now: Instant) -> String {
    let reported = price.reported.as_ref().map(|at| ago(now, at.instant())).unwrap_or_default();
    let made_up = price.reporters.iter().any(|name| name.as_str() == PRICE_FEEDER.as_str());
    let by = if made_up { "made up by the development feeder".to_owned() } else { format!("by {}", price.reporters.join(", ")) };
    match &price.price {
        Some(value) if !price.stale => format!("{} = {} ({by}, {reported})", price.pair, short_number(value, 4)),
        Some(value) => format!("{} = {} (too old: {by}, {reported})", price.pair, short_number(value, 4)),
        None => format!("{}: nobody has reported yet", price.pair),
    }
}

/// A figure of a service with its thousands apart.
fn figure(value: impl ToString) -> String {
    let text = value.to_string();
    if text.bytes().all(|b| b.is_ascii_digit()) { group_digits(&text, ',') } else { text }
}

/// A size that comes as decimal digits.
fn byte_text(digits: &str) -> String {
    digits.parse().map_or_else(|_| format!("{digits} B"), crate::output::bytes)
}

/// What an audit shows.
#[derive(Serialize)]
struct Audited {
    #[serde(flatten)]
    audit: Audit,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content>,
}

pub async fn audit(args: &AuditArgs, settings: &Settings, out: &Output) -> Result<()> {
    let client = Remote::new(settings)?.client;
    let audit = client.audit().await?;
    let content = if args.content { Some(client.content().await?) } else { None };
    let audited = Audited { audit, content };
    out.result(&audited, |out| audit_text(&audited.audit, out) + &content_text(audited.content.as_ref()))?;
    let audit = audited.audit;
    if audit.ok {
        return Ok(());
    }
    Err(CliError::refused(
        "audit",
        format_args!("the audit found {} violations at block {}", audit.violations.len(), audit.height),
    )
    .hint("this is a bug: keep the home folder and report it with the output of `depin audit --json`"))
}

fn content_text(content: Option<&Content>) -> String {
    content.map_or_else(String::new, |content| {
        format!("\ndigest of all {} rows at block {}: {}\n", content.rows, content.height, content.digest)
    })
}

fn audit_text(audit: &Audit, out: &Output) -> String {
    let verdict = if audit.ok { out.good("ok") } else { out.bad("violated") };
    let mut text = format!("audit at block {}: {verdict}\n\n", audit.height);
    let mut table = Table::new(&["TOKEN", ">MINTED", ">BURNED", ">HELD"]);
    for total in &audit.totals {
        let amounts = [&total.minted, &total.burned, &total.held].map(|amount| bare(&amount.display));
        table.row(std::iter::once(total.token.to_string()).chain(amounts));
    }
    text += &table.render_or(out, "no tokens");
    if !audit.violations.is_empty() {
        text += &format!("\n{}\n", out.bad("Violations"));
        for violation in &audit.violations {
            text += &format!("  {violation}\n");
        }
    }
    text
}

/// An exact amount without its token: a book must balance to the last place.
fn bare(display: &str) -> String {
    display.split_once(' ').map_or(display, |(number, _)| number).to_owned()
}
