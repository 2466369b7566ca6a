//! `depin storage faults`: what the ledger calls faulty, and what the gateway saw itself.

use super::gateway_of;
use crate::{
    args::FaultsArgs,
    error::Result,
    output::{Output, Table, ago, short_id},
    remote::{Remote, name_in},
    s3::admin,
    settings::Settings,
};
use depin_client::api::Fault;
use depin_devnet::services::storage::gateway;
use depin_quantity::Instant;
use serde::{Deserialize, Serialize};

/// A fault that the gateway wrote down.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    provider: String,
    provider_name: String,
    kind: String,
    cid: String,
    segment: Option<i64>,
    shard: Option<u64>,
    detail: String,
    first_ms: u64,
    last_ms: u64,
    times: u64,
}

#[derive(Serialize)]
struct Faults {
    /// Sectors that are faulty on the ledger now.
    ledger: Vec<Fault>,
    /// What the home's gateway saw; none without a gateway here.
    gateway: Vec<Seen>,
}

pub async fn run(args: &FaultsArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let provider = remote.address_of(args.provider.as_ref()).await?;
    let ledger = remote.client.storage().faults(provider).await?.items;
    let mut gateway: Vec<Seen> = match gateway_of(settings) {
        Ok(s3) => admin(&s3, &settings.trust()?, &gateway::folder(&settings.home), "faults", &[]).await?,
        Err(_) => Vec::new(),
    };
    if let Some(provider) = provider {
        let wanted = provider.to_string();
        gateway.retain(|seen| seen.provider == wanted);
    }
    let names = remote.names().await?;
    let now = Instant::new(remote.client.status().await?.time_ms);
    let faults = Faults { ledger, gateway };
    out.result(&faults, |out| {
        let mut text = format!("{}\n", out.bold("Faulty on the ledger"));
        let mut table = Table::new(&["DEAL", "PROVIDER", "SINCE", ">PERIODS", "FOUND BY"]);
        for fault in &faults.ledger {
            let by = if fault.declared { "its provider" } else { "a missed proof" };
            let by = if fault.recovering { format!("{by}, recovering") } else { by.to_owned() };
            table.row([
                short_id(fault.deal),
                name_in(&names, fault.provider),
                ago(now, fault.since.instant()),
                fault.periods.to_string(),
                by,
            ]);
        }
        text += &table.render_or(out, "none");
        text += &format!("\n{}\n", out.bold("Seen by the gateway"));
        let mut table = Table::new(&["PROVIDER", "WHAT", "SHARD", ">TIMES", "LAST", "DETAIL"]);
        for seen in &faults.gateway {
            let who = if seen.provider_name.is_empty() { short_id(&seen.provider) } else { seen.provider_name.clone() };
            let shard = seen.segment.zip(seen.shard).map_or("-".to_owned(), |(segment, shard)| format!("{segment}/{shard}"));
            table.row([who, seen.kind.clone(), shard, seen.times.to_string(), wall_ago(seen.last_ms), seen.detail.clone()]);
        }
        text + &table.render_or(out, "none")
    })
}

/// How long ago by the wall clock.
fn wall_ago(ms: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    ago(Instant::new(u64::try_from(now.as_millis()).unwrap_or(u64::MAX)), Instant::new(ms))
}
