//! `depin provider list | stop | start | remove`: the providers of this home.

use super::show;
use crate::{
    error::{CliError, Result},
    output::{Output, Table, bytes},
    pricing::per_tib_month,
    remote::{PROVIDERS_SHOWN, Remote, key_path, storage_params},
    settings::Settings,
};
use depin_client::api::{Absence, Provider};
use depin_devnet::{
    control::{self, Order},
    home::{Home, address_of},
    operators::{self, Operator},
    services::storage::gateway::S3Access,
};
use depin_gateway_s3::REPAIR_AFTER;
use depin_ledger::Message;
use depin_quantity::{Address, Instant, Name};
use depin_services::{
    descriptor::{METERED, STORAGE},
    metered::MeteredMessage,
    storage::StorageMessage,
};
use serde::Serialize;

/// A provider as home, process and ledger know it.
#[derive(Serialize)]
struct Known {
    name: Name,
    address: Address,
    /// Whether its folder is in this home.
    here: bool,
    /// `running` or `stopped` in the home's `depin up`, `removed`, or `elsewhere`.
    state: &'static str,
    /// Its entry on the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    registered: Option<Provider>,
}

#[derive(Serialize)]
struct List {
    providers: Vec<Known>,
}

pub async fn list(settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    // The network's other operators have lists of their own service: `depin metered operators`.
    let stores = remote.client.status().await?.service == STORAGE.name;
    let listed = if stores { Some(remote.client.storage().all_providers(PROVIDERS_SHOWN).await?) } else { None };
    let (registered, more) = listed.map(|list| (list.items, list.next.is_some())).unwrap_or_default();
    if more {
        out.note(format!("the first {PROVIDERS_SHOWN} providers by address; `/v1/storage/providers` of the node has the others"));
    }
    let own = if settings.names_node() { Vec::new() } else { own_providers(&settings.home).await? };
    let mut providers = Vec::with_capacity(own.len());
    for (name, address, state) in own {
        let entry = match registered.iter().find(|provider| provider.address == address) {
            None if more => remote.client.storage().provider(address).await?,
            entry => entry.cloned(),
        };
        providers.push(Known { name, address, here: true, state, registered: entry });
    }
    let others = registered.into_iter().filter(|provider| providers.iter().all(|known| known.address != provider.address));
    let others: Vec<Known> = others
        .map(|provider| Known {
            name: provider.name,
            address: provider.address,
            here: false,
            state: "elsewhere",
            registered: Some(provider),
        })
        .collect();
    providers.extend(others);
    let params = if stores { Some(storage_params(&remote.spec().await?)?) } else { None };
    let list = List { providers };
    out.result(&list, |out| {
        let mut table = Table::new(&["NAME", "ADDRESS", "STATE", ">CAPACITY", ">DEALS", ">PRICE/TiB/30d", "OPEN"]);
        for known in &list.providers {
            let entry = known.registered.as_ref();
            let cell = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            table.row([
                known.name.to_string(),
                known.address.short(),
                known.state.to_owned(),
                cell(entry.map(|entry| bytes(entry.capacity_bytes))),
                cell(entry.map(|entry| entry.deals.to_string())),
                cell(entry.zip(params.as_ref()).map(|(entry, params)| per_tib_month(&entry.ask.price, params))),
                cell(entry.map(|entry| if entry.ask.open { "yes" } else { "no" }.to_owned())),
            ]);
        }
        table.render_or(out, "no providers; `depin up` starts some, `depin provider storage` one of your own")
    })
}

async fn own_providers(home: &Home) -> Result<Vec<(Name, Address, &'static str)>> {
    let parts = control::ask(home, Order::List).await?.unwrap_or_default();
    let mut own = Vec::new();
    for name in home.provider_names()? {
        let folder = home.provider(name);
        let removed = operators::is_removed(&folder)?;
        let state = match parts.iter().find(|part| part.name == name) {
            _ if removed => "removed",
            Some(part) if part.running => "running",
            _ => "stopped",
        };
        own.push((name, address_of(&folder.join("key"))?, state));
    }
    Ok(own)
}

pub async fn stop(name: Name, settings: &Settings, out: &Output) -> Result<()> {
    let parts = order(settings, Order::Stop(name)).await?;
    let away = away(name, settings).await;
    let stopped =
        Stopped { name, part: parts.iter().find(|part| part.name == name), absence: away.as_ref().map(|(absence, _)| absence) };
    out.result(&stopped, |_| match &away {
        Some((absence, now)) => format!(
            "{name} is stopped; its deals go on. Until `depin provider start {name}`:\n{}{}",
            show::while_away(absence, *now),
            by_gateway(absence, settings)
        ),
        None => format!(
            "{name} is stopped; what it took on goes on: until it is started again, it earns nothing, and what it misses meanwhile is charged or \
             lost by the rules of its service"
        ),
    })
}

/// What the home's gateway does about a silent provider; nothing where the home has none, or nothing is stored.
fn by_gateway(absence: &Absence, settings: &Settings) -> String {
    let endpoints = settings.home.endpoints().ok().flatten();
    if absence.sectors == 0 || endpoints.is_none_or(|endpoints| S3Access::find(&endpoints.endpoints).is_none()) {
        return String::new();
    }
    format!(
        "  silent for {REPAIR_AFTER}: the home's gateway begins to place its shards elsewhere and asks to end their deals, whose rewards end with \
         them\n"
    )
}

/// What was stopped, and what that costs from when.
#[derive(Serialize)]
struct Stopped<'a> {
    name: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'a Operator>,
    /// Null where the service has no deadlines, or the node did not say.
    absence: Option<&'a Absence>,
}

/// What being away costs the provider that was stopped; nothing where nobody says so: it is stopped all the same.
async fn away(name: Name, settings: &Settings) -> Option<(Absence, Instant)> {
    let remote = Remote::new(settings).ok()?;
    let status = remote.client.status().await.ok()?;
    let address = address_of(&settings.home.provider(name).join("key")).ok()?;
    let absence = remote.client.storage().absence(address).await.ok()??;
    Some((absence, Instant::new(status.time_ms)))
}

pub async fn start(name: Name, settings: &Settings, out: &Output) -> Result<()> {
    let parts = order(settings, Order::Start(name)).await?;
    told(&parts, name, out, "runs")
}

/// Gives an order to the home's `depin up`.
async fn order(settings: &Settings, order: Order) -> Result<Vec<Operator>> {
    let name = match order {
        Order::Stop(name) | Order::Start(name) | Order::Remove(name) => Some(name),
        Order::List => None,
    };
    if let Some(name) = name
        && !settings.home.provider(name).join("settings.json").is_file()
    {
        return Err(not_here(settings, name));
    }
    control::ask(&settings.home, order).await?.ok_or_else(|| settings.not_running())
}

fn not_here(settings: &Settings, name: Name) -> CliError {
    CliError::refused("no-such-provider", format_args!("{} has no provider `{name}`", settings.home.path().display()))
        .hint("`depin provider list` shows them; one that runs in a process of its own is stopped there, with Ctrl-C")
}

#[derive(Serialize)]
struct Told<'a> {
    name: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'a Operator>,
}

fn told(parts: &[Operator], name: Name, out: &Output, what: &str) -> Result<()> {
    let told = Told { name, part: parts.iter().find(|part| part.name == name) };
    out.result(&told, |_| format!("{name} {what}"))
}

/// The message by which an operator leaves; none when it is not registered. Refused while somebody relies on it.
async fn leaving(remote: &Remote, name: Name, address: Address) -> Result<Option<Message>> {
    if remote.client.status().await?.service == METERED.name {
        let Some(entry) = remote.client.metered().operator(address).await?.filter(|entry| entry.active) else { return Ok(None) };
        if entry.open_orders > 0 {
            return Err(CliError::refused(
                "still-has-orders",
                format_args!("{name} has {} orders that are not closed", entry.open_orders),
            )
            .hint(format_args!(
                "close them with `depin metered close --all --as {name}`, see them with `depin metered orders --operator {name}`"
            )));
        }
        return Ok(Some(Message::service(MeteredMessage::Leave)));
    }
    let entry = remote.client.storage().provider(address).await?;
    if let Some(deals) = entry.as_ref().map(|entry| entry.deals).filter(|deals| *deals > 0) {
        return Err(CliError::refused("still-has-deals", format_args!("{name} has {deals} deals and must keep what it promised"))
            .hint(format_args!("stop taking new ones with `depin provider ask {name} --closed`, see them with `depin storage deals --provider {name}`, remove it when they are over")));
    }
    Ok(entry.map(|_| Message::service(StorageMessage::RemoveProvider)))
}

pub async fn remove(name: Name, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let home = &settings.home;
    let path = key_path(home, name).ok_or_else(|| not_here(settings, name))?;
    let sender = remote.sender(&path.to_string_lossy())?;
    let leave = leaving(&remote, name, sender.address()).await?;
    // Stopped first: a running daemon would register itself again.
    let was_running = control::ask(home, Order::Stop(name)).await.is_ok_and(|parts| parts.is_some());
    if let Some(message) = leave
        && let Err(error) = sender.submit(message).await
    {
        if was_running {
            control::ask(home, Order::Start(name)).await?;
        }
        return Err(error.into());
    }
    if was_running {
        control::ask(home, Order::Remove(name)).await?;
    } else {
        operators::set_removed(&home.provider(name))?;
    }
    let folder = home.provider(name);
    out.result(&Told { name, part: None }, |_| {
        format!("{name} has left the network; its folder {} can be deleted", folder.display())
    })
}
