//! `depin storage deals | proofs | providers`, as the ledger has them.

use crate::{
    args::{DealsArgs, ProofsArgs},
    error::Result,
    output::{Output, Table, bytes, day, in_time, minute, short_id, shorten},
    pricing::per_tib_month,
    remote::{PROVIDERS_SHOWN, Remote, name_in, storage_params},
    settings::Settings,
};
use depin_client::api::{DataSet, Deal, DealQuery, DealStage, Page, ProviderList};
use depin_quantity::Instant;
use depin_services::storage::StorageParams;

/// Most deals asked for at once.
const PAGE: u32 = 500;

pub async fn deals(args: &DealsArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let client = remote.address_of(args.client.as_ref()).await?;
    let provider = remote.address_of(args.provider.as_ref()).await?;
    let state = args.state.as_deref().and_then(stage);
    let mut query = DealQuery { client, provider, state, after: None, limit: None };
    let mut all = Page::<Deal> { items: Vec::new(), next: None };
    loop {
        let left = args.limit as usize - all.items.len();
        query.limit = Some(u32::try_from(left).unwrap_or(PAGE).min(PAGE));
        let page = remote.client.storage().deals(&query).await?;
        let stuck = page.next.is_some() && page.next == query.after;
        all.items.extend(page.items);
        all.next.clone_from(&page.next);
        query.after = page.next;
        if stuck || query.after.is_none() || all.items.len() >= args.limit as usize {
            break;
        }
    }
    if all.next.is_some() {
        out.warn(format_args!("there are more deals; {} are shown, --limit shows more", all.items.len()));
    }
    let names = remote.names().await?;
    let now = Instant::new(remote.client.status().await?.time_ms);
    out.result(&all, |out| {
        let mut table = Table::new(&["DEAL", "PIECE", ">SIZE", "PROVIDER", ">PRICE/EPOCH", "STATE", "PAID UNTIL"]);
        for deal in &all.items {
            table.row([
                short_id(deal.id),
                tail(&deal.piece.to_string()),
                bytes(deal.size_bytes),
                name_in(&names, deal.provider),
                shorten(&deal.price.display),
                deal_state(deal),
                until(deal, now),
            ]);
        }
        table.render_or(out, "no deals; storing a file makes some: depin storage put FILE BUCKET/KEY")
    })
}

fn stage(text: &str) -> Option<DealStage> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

fn deal_state(deal: &Deal) -> String {
    let mut text = deal.state.as_str().to_owned();
    if deal.verified {
        text += " verified";
    }
    if deal.end_asked && !deal.state.is_final() {
        text += ", ending";
    }
    text
}

fn until(deal: &Deal, now: Instant) -> String {
    match (&deal.until, &deal.closed, &deal.reason) {
        (_, Some(_), Some(reason)) => reason.clone(),
        (_, Some(closed), None) => format!("over {}", minute(closed.instant())),
        (Some(until), None, _) => day(now, until.instant()),
        (None, None, _) => format!("starts {}", in_time(now, deal.start_by.instant()).replace("in ", "in at most ")),
    }
}

/// All pieces' CIDs begin alike; their ends differ.
fn tail(cid: &str) -> String {
    format!("…{}", &cid[cid.len().saturating_sub(8)..])
}

pub async fn proofs(args: &ProofsArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let provider = remote.address_of(args.provider.as_ref()).await?;
    let sets = remote.client.storage().sets(provider).await?;
    let names = remote.names().await?;
    let now = Instant::new(remote.client.status().await?.time_ms);
    out.result(&sets, |out| {
        let mut table =
            Table::new(&["PROVIDER", ">SET", "CLIENT", ">SECTORS", ">LEAVES", ">PROVEN", ">MISSED", "WINDOW", "PERIOD ENDS"]);
        let mut items: Vec<&DataSet> = sets.items.iter().collect();
        items.sort_by_key(|set| (name_in(&names, set.provider), set.set));
        for set in items {
            table.row([
                name_in(&names, set.provider),
                set.set.to_string(),
                name_in(&names, set.client),
                set.sectors.len().to_string(),
                set.leaves.to_string(),
                set.proven.to_string(),
                set.missed.to_string(),
                window(set, now),
                in_time(now, set.deadline.instant()),
            ]);
        }
        table.render_or(out, "no data sets yet; they begin with the first active deal of a client")
    })
}

fn window(set: &DataSet, now: Instant) -> String {
    match &set.window {
        None => "closed".to_owned(),
        Some(window) if window.proven => "answered".to_owned(),
        Some(window) => format!("open, closes {}", in_time(now, window.closes.instant())),
    }
}

pub async fn providers(settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let list = remote.client.storage().all_providers(PROVIDERS_SHOWN).await?;
    if list.next.is_some() {
        out.note(format!("the first {PROVIDERS_SHOWN} providers by address; `/v1/storage/providers` of the node has the others"));
    }
    let params = storage_params(&remote.spec().await?)?;
    out.result(&list, |out| {
        table_of(&list, &params)
            .render_or(out, "no providers yet; `depin up` starts some, `depin provider storage` one of your own")
    })
}

fn table_of(list: &ProviderList, params: &StorageParams) -> Table {
    let mut table = Table::new(&["NAME", "ADDRESS", ">CAPACITY", ">PROMISED", ">DEALS", ">PRICE/TiB/30d", "OPEN"]);
    let mut items: Vec<_> = list.items.iter().collect();
    items.sort_by_key(|provider| (provider.name.as_str().len(), provider.name));
    for provider in items {
        table.row([
            provider.name.to_string(),
            provider.address.short(),
            bytes(provider.capacity_bytes),
            bytes(provider.promised_bytes),
            provider.deals.to_string(),
            per_tib_month(&provider.ask.price, params),
            if provider.ask.open { "yes".to_owned() } else { "no".to_owned() },
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_the_filter_is_one_of_the_api() {
        for state in ["proposed", "accepted", "active", "faulty", "refused", "expired", "ended"] {
            assert_eq!(stage(state).unwrap().as_str(), state);
        }
    }
}
