//! Wireless coverage: hotspots, the customer's LoRaWAN network server, and a simulated air between devices and hotspots.

pub mod daemon;
pub mod gateway;
pub mod mobile;
pub mod radio;
mod settings;

pub use settings::HotspotSettings;

use super::Service;
use crate::{
    Error, Parts, Result, Site, home,
    operators::{self, Crew, Settings},
    part::left_out,
};
use async_trait::async_trait;
use depin_client::{Client, api::HotspotQuery};
use depin_economy::{Money, Spec, USD};
use depin_quantity::{Address, Decimal18, Instant, Name, Units};
use depin_services::coverage::{CoverageParams, PriceForm};
use std::{
    collections::BTreeSet,
    net::{SocketAddr, UdpSocket},
    path::Path,
};

/// Simulated devices of a home.
const DEVICES: u64 = 6;
/// Distance of the first UDP port from the first port of the home.
const UDP: u16 = 100;
/// Price of a unit of packets where customers say it, in 10^-18: a ten-thousandth.
const PRICE: u128 = 100_000_000_000_000;

/// See the module.
pub struct Coverage;

fn params(rules: &Spec, genesis: Instant) -> Result<CoverageParams> {
    CoverageParams::read(rules, genesis).map_err(|error| Error::refused("network-file", error))
}

/// What a development customer pays for a unit, and puts into its OUI.
fn purse(params: &CoverageParams) -> (Option<Money>, Units) {
    let rules = &params.rules;
    let least = params.gate.map_or(0, |gate| u128::from(gate.minimum).saturating_mul(2));
    let grain = 10u128.pow(18 - u32::from(rules.decimals.min(18)));
    let price = match rules.form {
        PriceForm::Network => None,
        PriceForm::Dollars => Some(Money { currency: USD, amount: Decimal18::new(PRICE) }),
        PriceForm::Agreed => Some(Money { currency: rules.currency, amount: Decimal18::new(PRICE.max(grain)) }),
    };
    let whole = 10u128.pow(rules.decimals.into());
    // Credits have no places; other tokens do, and a hundred of them are enough.
    let credits = if rules.decimals == 0 { gateway::credits() } else { Units::new(100 * whole) };
    (price, credits.max(Units::new(least)))
}

/// A UDP port for a hotspot's forwarder: the one that it was moved from, else the one that it had, else the usual one, else any that is free. Gives
/// whether the settings are others now.
fn udp_port(listen: std::net::IpAddr, settings: &mut HotspotSettings, usual: u16) -> Result<bool> {
    let free = |port: u16| UdpSocket::bind(SocketAddr::new(listen, port)).and_then(|socket| socket.local_addr()).ok();
    let (had, before) = (settings.udp, settings.udp_before);
    let wanted = [before.unwrap_or_default(), had, usual];
    let found = wanted.into_iter().filter(|port| *port != 0).find_map(free).or_else(|| free(0));
    let none = || Error::broken("listen", "no UDP port is free for a packet forwarder");
    settings.udp = found.map(|address| address.port()).ok_or_else(none)?;
    let own = before.or((had != 0).then_some(had));
    settings.udp_before = own.filter(|own| *own != settings.udp);
    Ok((settings.udp, settings.udp_before) != (had, before))
}

/// Gives each hotspot a UDP port, and says where its forwarder sends to.
fn forwarders(site: &mut Site<'_>, names: &[Name]) -> Result<Vec<radio::Forwarded>> {
    let mut all = Vec::new();
    let base = site.options.port_base.filter(|base| *base != 0).unwrap_or(site.node.port());
    for (offset, name) in (UDP..).zip(names) {
        let folder = site.home.provider(*name);
        let usual = || Settings::new(HotspotSettings::of_folder(&folder));
        let mut settings: Settings<HotspotSettings> = Settings::read(&folder)?.unwrap_or_else(usual);
        if udp_port(site.options.listen, &mut settings.own, base.saturating_add(offset))? {
            settings.write(&folder)?;
        }
        let port = settings.own.udp;
        if let Some(before) = settings.own.udp_before {
            site.warn(format!(
                "UDP port {before}, where the packet forwarder of {name} sends to, is taken; it listens on {port} until {before} is free at a start"
            ));
        }
        let ip = if site.options.listen.is_unspecified() { std::net::Ipv4Addr::LOCALHOST.into() } else { site.options.listen };
        all.push(radio::Forwarded { udp: SocketAddr::new(ip, port), settings: settings.own });
    }
    Ok(all)
}

#[async_trait]
impl Service for Coverage {
    fn name(&self) -> &'static str {
        "coverage"
    }

    fn files(&self) -> &'static [&'static str] {
        &[gateway::FOLDER, mobile::FOLDER, radio::FILE]
    }

    fn accounts(&self) -> &'static [Name] {
        &[home::REPORTER, home::ARBITER, home::MOBILE]
    }

    fn roles(&self, rules: &Spec) -> Result<Vec<(Name, Name)>> {
        let params = params(rules, Instant::default())?;
        let arbiter = params.arbiter.map(|role| (role, home::ARBITER));
        let mobile = params.mobile.as_ref();
        let measures = mobile.into_iter().flat_map(|mobile| [mobile.speed_server, mobile.locator]).flatten();
        let reporter = params.reporter.into_iter().chain(measures).map(|role| (role, home::REPORTER));
        let grades = mobile.and_then(|mobile| mobile.assigner).map(|role| (role, home::ARBITER));
        Ok(arbiter.into_iter().chain(reporter).chain(grades).collect())
    }

    fn operators(&self) -> u32 {
        3
    }

    fn prepare(&self, folder: &Path, rules: &Spec, genesis: Instant, _: u64) -> Result<()> {
        params(rules, genesis)?;
        Settings::prepare(folder, || Ok(HotspotSettings::of_folder(folder)))
    }

    async fn registered(&self, client: &Client) -> Result<BTreeSet<Address>> {
        let (mut found, mut query) = (BTreeSet::new(), HotspotQuery { limit: Some(1_000), ..HotspotQuery::default() });
        loop {
            let page = client.coverage().hotspots(&query).await?;
            found.extend(page.items.into_iter().filter(|hotspot| !hotspot.retired).map(|hotspot| hotspot.owner));
            if page.next.is_none() || page.next == query.after {
                return Ok(found);
            }
            query.after = page.next;
        }
    }

    async fn start(&self, site: &mut Site<'_>, parts: &mut Parts) -> Result<()> {
        let params = params(site.rules(), site.genesis.time)?;
        let names = operators::wanted(site, self)?;
        let hotspots = forwarders(site, &names)?;
        site.step("starting the LoRaWAN network server");
        let (price, credits) = purse(&params);
        let server = gateway::NetworkServerPart::start(site, price, credits).await;
        let endpoint = server.as_ref().ok().map(gateway::NetworkServerPart::endpoint);
        // As its route says it.
        let own = server.as_ref().ok().map(|server| server.handle().gateway().address());
        parts.add_unless_lost(server, site).await?;
        site.step(format!("starting {} hotspots", names.len()));
        let covering = daemon::Covering { trust: site.trust.clone(), reach: site.reach(own), speed: site.options.speed };
        let crew = Crew::start(site, covering, &names).await?;
        parts.add(crew, site).await;
        if let Some(endpoint) = endpoint.filter(|_| !hotspots.is_empty()) {
            site.step(format!("starting the simulated radio with {DEVICES} devices"));
            match radio::RadioPart::of_home(site, hotspots, &endpoint, DEVICES).await {
                Ok(radio) => parts.add(radio, site).await,
                // Nothing stands on it but packets of devices that are not there.
                Err(error) => site.warn(left_out(&error)),
            }
        }
        if params.mobile.is_some() && !names.is_empty() {
            site.step("starting a mobile access point with simulated subscribers");
            if site.home.key(home::MOBILE).exists() {
                let mobile = mobile::MobilePart::start(site, price, credits).await?;
                parts.add(mobile, site).await;
            } else {
                site.warn("this home was made without an account `mobile`, so it has no mobile access point; a new home has one");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_was_taken_is_had_again_once_it_is_free() {
        let local = std::net::IpAddr::from([127, 0, 0, 1]);
        let held = UdpSocket::bind((local, 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        let mut settings = HotspotSettings { udp: port, ..HotspotSettings::new(1) };
        assert!(udp_port(local, &mut settings, 0).unwrap());
        let moved = settings.udp;
        assert_eq!((settings.udp_before, moved == port), (Some(port), false));
        assert!(!udp_port(local, &mut settings, 0).unwrap(), "it stays there while the other one is taken");
        drop(held);
        assert!(udp_port(local, &mut settings, 0).unwrap());
        assert_eq!((settings.udp, settings.udp_before), (port, None));
        assert!(!udp_port(local, &mut settings, 0).unwrap());
    }
}
