//! `depin gateway lorawan`: a customer's LoRaWAN network server in a process of its own.

use crate::{
    args::GatewayLorawanArgs,
    commands::provider::problems,
    error::{CliError, Result},
    exposure,
    output::{Output, Progress, shown},
    remote::{Remote, STARTS_HOTSPOTS, amount, begins_anew, key_of, needs_service},
    settings::Settings,
    up::Interrupt,
};
use depin_client::{Sender, whole_list};
use depin_devnet::{
    home::Endpoint,
    listen_address,
    services::coverage::gateway::{KEY, NetworkServerPart, server_config},
};
use depin_files::Floor;
use depin_gateway_lorawan::{ChainConfig, Config, Mqtt};
use depin_lorawan::{DevAddr, region::Region};
use depin_quantity::{Address, UnitId};
use depin_services::coverage::{Range, Region as Plan};
use serde::Serialize;
use std::{collections::BTreeSet, path::PathBuf};

/// Where addresses are looked for, and how many, where none were named.
const FIRST: u32 = 0x4800_0000;
const ADDRESSES: u32 = 2_048;

#[derive(Serialize)]
struct Running {
    /// As in `endpoints.json`; its key is in the file that it names, unless a terminal reads.
    endpoints: [Endpoint; 1],
    node: String,
    dir: PathBuf,
    webhook: Option<String>,
    mqtt: Option<String>,
}

pub async fn run(args: &GatewayLorawanArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let mut interrupt = Interrupt::listen()?;
    let starting = start(args, &remote, out);
    let server = tokio::select! {
        started = starting => started?,
        () = interrupt.next() => return Err(CliError::refused("interrupted", "stopped while starting")),
    };
    let endpoint = shown(&server.endpoint(), KEY, &args.dir.join("access.key"));
    let mqtt = args.mqtt.as_deref().map(broker).transpose()?.map(|mqtt| format!("{}:{}", mqtt.host, mqtt.port));
    let node = remote.client.url().to_owned();
    let running = Running { endpoints: [endpoint], node, dir: args.dir.clone(), webhook: args.http.clone(), mqtt };
    out.result(&running, |out| running.text(out))?;
    tokio::select! {
        () = interrupt.next() => {}
        () = problems::tell(|| server.problems(), out) => {}
    }
    out.note("stopping; events that wait are delivered after the next start");
    server.close().await;
    Ok(())
}

/// A broker as typed.
fn broker(text: &str) -> Result<Mqtt> {
    let wrong = || {
        CliError::refused("mqtt", format_args!("`{text}` is no broker")).hint(
            "write mqtt://HOST, mqtt://HOST:1883 or mqtt://USER:PASSWORD@HOST:1883; TLS is not spoken, put the broker beside it",
        )
    };
    let url: reqwest::Url = text.parse().map_err(|_| wrong())?;
    let host = url.host_str().filter(|host| !host.is_empty() && url.scheme() == "mqtt").ok_or_else(wrong)?;
    let credentials =
        (!url.username().is_empty()).then(|| (url.username().to_owned(), url.password().unwrap_or_default().to_owned()));
    Ok(Mqtt { host: host.to_owned(), port: url.port().unwrap_or(1_883), credentials })
}

/// Addresses where none were named: those that a route of the account's OUI has, else some that no route has.
async fn addresses(args: &GatewayLorawanArgs, remote: &Remote, owner: Address) -> Result<Range> {
    let coverage = remote.client.coverage();
    let ouis = whole_list(usize::MAX, |after| async move { coverage.ouis(after.as_deref(), Some(1_000)).await }).await?;
    let own = ouis.iter().find(|oui| oui.owner == owner && args.oui.is_none_or(|number| number == oui.oui)).map(|oui| oui.oui);
    let ranges = whole_list(usize::MAX, |after| async move { coverage.ranges(after.as_deref(), Some(1_000)).await }).await?;
    let hex = |text: &str| u32::from_str_radix(text, 16).ok();
    let taken: Vec<(UnitId, Range)> = ranges
        .iter()
        .filter_map(|range| Some((range.route, Range { start: hex(&range.start)?, end: hex(&range.end)? })))
        .collect();
    if let Some(oui) = own {
        let routes = whole_list(usize::MAX, |after| async move { coverage.routes(oui, after.as_deref(), Some(1_000)).await });
        let routes: BTreeSet<UnitId> = routes.await?.into_iter().map(|route| route.id).collect();
        if let Some((_, range)) = taken.iter().find(|(route, _)| routes.contains(route)) {
            return Ok(*range);
        }
    }
    let most = coverage.network().await?.addresses_most.map_or(ADDRESSES, |most| most.min(ADDRESSES)) & !1;
    let ranges: Vec<Range> = taken.into_iter().map(|(_, range)| range).collect();
    free(&ranges, most).ok_or_else(|| {
        CliError::refused("addresses", format_args!("no {most} device addresses from {FIRST:08X} on are free"))
            .hint("name some with --devaddr")
    })
}

/// So many addresses in a row, from [`FIRST`] on, that none of these ranges has.
fn free(taken: &[Range], many: u32) -> Option<Range> {
    let mut start = FIRST;
    loop {
        let end = start.checked_add(many.checked_sub(1)?)?;
        match taken.iter().filter(|range| range.start <= end && start <= range.end).map(|range| range.end).max() {
            Some(last) => start = last.checked_add(1)?.checked_next_multiple_of(8)?,
            None => return Some(Range { start, end }),
        }
    }
}

async fn start(args: &GatewayLorawanArgs, remote: &Remote, out: &Output) -> Result<NetworkServerPart> {
    // A port that is taken is told before anything is made.
    let listen = listen_address("the network server", args.listen)?;
    let tls = exposure::tls(&args.tls)?;
    exposure::warn(exposure::Port::Lorawan, listen.ip(), tls.is_some(), out);
    let mqtt = args.mqtt.as_deref().map(broker).transpose()?;
    let mut progress = Progress::start(out);
    progress.step(format!("looking for the node at {}", remote.client.url()));
    let used = args.dir.join("lorawan.db").exists() || args.dir.join("access.key").exists();
    let (status, spec) = (remote.status(used, out).await?, remote.spec().await?);
    needs_service(status.network, status.service, "coverage", STARTS_HOTSPOTS)?;
    std::fs::create_dir_all(&args.dir).map_err(|error| CliError::file("create", &args.dir, &error))?;
    let keyring = remote.settings.home.keyring();
    let customer = key_of(args.key_file.as_deref(), &args.dir.join("customer.key"), used, keyring)?;
    if !used && !args.new_store {
        let ouis = remote.client.coverage().ouis(None, Some(1_000)).await?.items;
        if ouis.iter().any(|oui| oui.owner == customer.address()) {
            let lost = "the DevNonces and counters of its devices are forgotten, and old frames could be replayed";
            out.warn(begins_anew("an OUI", customer.address(), &args.dir, lost));
        }
    }
    let currency = remote.client.coverage().network().await?.currency;
    let credits = |typed: Option<&crate::args::AmountArg>| {
        typed
            .map(|typed| {
                let typed = crate::args::AmountArg { token: typed.token.or(Some(currency)), ..typed.clone() };
                amount(&spec, &typed).map(|(_, units)| units)
            })
            .transpose()
    };
    let (open_with, keep) = (credits(args.credits.as_ref())?, credits(args.keep.as_ref())?);
    let range = match args.devaddr {
        Some(typed) => typed.0,
        None => addresses(args, remote, customer.address()).await?,
    };
    let region = match Plan::from(args.region) {
        Plan::Eu868 => Region::Eu868,
        Plan::Us915 => Region::Us915,
    };
    let server = server_config(region, DevAddr::new(range.start), DevAddr::new(range.end))?;
    let mut config = Config::new(&args.dir, server);
    config.floor = Floor::new(&args.dir, args.disk_floor.map(|floor| floor.0));
    (config.listen, config.tls, config.new_store) = (listen, tls, args.new_store);
    (config.webhook, config.mqtt, config.trust) = (args.http.clone(), mqtt, remote.settings.trust()?);
    let wishes = ChainConfig {
        oui: args.oui,
        open_with,
        keep,
        server: args.public.clone(),
        max_copies: args.max_copies,
        list_keys: args.list_session_keys,
        ..ChainConfig::default()
    };
    progress.step("finding the OUI and its route");
    let sender = Sender::new(remote.client.clone(), customer);
    let part = NetworkServerPart::open(config, wishes, sender, keyring).await?;
    progress.done();
    part.remarks().iter().for_each(|remark| out.warn(remark));
    Ok(part)
}

impl Running {
    fn text(&self, out: &Output) -> String {
        let [endpoint] = &self.endpoints;
        let setting = |name: &str| endpoint.settings.get(name).map_or("", String::as_str);
        let key =
            if endpoint.settings.contains_key(KEY) { setting(KEY).to_owned() } else { format!("in {}", setting("key_file")) };
        let to = |to: &Option<String>| to.clone().unwrap_or_else(|| "nowhere".to_owned());
        format!(
            "{} for the node at {}\n  URL          {}\n  key          {key}\n  OUI          {}\n  route        {}\n  application  {}\n  webhook      {}\n  MQTT         {}\n  folder       {} (keep it: used DevNonces are in it)\n\nCtrl-C stops it.",
            out.bold("LoRaWAN network server"),
            self.node,
            endpoint.url,
            setting("oui"),
            setting("route"),
            setting("application"),
            to(&self.webhook),
            to(&self.mqtt),
            self.dir.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_where_nobody_has_any() {
        let range = |start, end| Range { start, end };
        assert_eq!(free(&[], 2_048), Some(range(0x4800_0000, 0x4800_07ff)));
        let taken = [range(0x4800_0000, 0x4800_07ff), range(0x4800_1002, 0x4800_100b), range(0x1000_0000, 0x1fff_ffff)];
        assert_eq!(free(&taken, 2_048), Some(range(0x4800_0800, 0x4800_0fff)));
        assert_eq!(free(&taken, 2_052), Some(range(0x4800_1010, 0x4800_1813)), "from a multiple of 8 on");
        assert_eq!(free(&[range(0, u32::MAX)], 8), None);
    }

    #[test]
    fn a_broker_is_read_with_its_usual_port_and_its_password() {
        let read = |text| broker(text).map(|mqtt| (mqtt.host, mqtt.port, mqtt.credentials)).map_err(|error| error.code);
        assert_eq!(read("mqtt://broker"), Ok(("broker".to_owned(), 1_883, None)));
        let own = Some(("me".to_owned(), "pass".to_owned()));
        assert_eq!(read("mqtt://me:pass@10.0.0.1:1884"), Ok(("10.0.0.1".to_owned(), 1_884, own)));
        for wrong in ["broker", "http://broker", "mqtts://broker", "mqtt://"] {
            assert_eq!(read(wrong), Err("mqtt".to_owned()), "{wrong}");
        }
    }
}
