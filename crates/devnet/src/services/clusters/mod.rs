//! Clusters: devices of this machine, and the checker that times their answers.
//!
//! A network whose file permits slices for development has several, each with its part of the machine's cores and memory, and said to be a slice on
//! the ledger. All run in this process, so nothing but their claims keeps them apart: no control group has a quota for each.

pub mod checker;
pub mod daemon;

use super::Service;
use crate::{
    Error, Parts, Result, Site, home,
    operators::{self, Crew, Post, Settings, Trade},
};
use async_trait::async_trait;
use depin_client::{Client, api::ClusterDeviceQuery, whole_list};
use depin_economy::{Money, Spec};
use depin_provider::clusters::{ClusterConfig, ClusterHandle, Machine, RayPython, Wish};
use depin_quantity::{Address, Decimal18, Instant, Name};
use depin_services::clusters::{ClustersParams, device_id};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// What the home's devices ask for an hour at first, in hundredths of a token.
const ASK_HUNDREDTHS: u128 = 10;
/// A hundredth in 10^-18.
const HUNDREDTH: u128 = 10_000_000_000_000_000;

/// See the module.
pub struct Clusters;

/// What a device keeps in its `settings.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSettings {
    /// A Python that has Ray; without one no Ray cluster runs on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<PathBuf>,
}

/// What the devices of a home have in common.
struct Devices {
    asks: Vec<Money>,
    checker: String,
    /// How many share the machine.
    parts: u32,
}

#[async_trait]
impl Trade for Devices {
    type Settings = DeviceSettings;
    type Daemon = ClusterHandle;
    const NAME: &'static str = "the devices";
    /// Tunnels are at the port after the URL's.
    const PORTS: u16 = 2;

    fn usual(&self) -> DeviceSettings {
        DeviceSettings::default()
    }

    async fn start(&self, post: Post, settings: DeviceSettings) -> Result<ClusterHandle> {
        let Post { operator, folder, client, key, .. } = post;
        let folder = std::path::absolute(&folder).map_err(|error| Error::file("find", &folder, &error))?;
        let wish = part_of(&folder, self.parts)?;
        let device = device_id(key.address(), operator.name);
        let profile = daemon::claim(&client, &folder, device, &wish, false).await?;
        let python = match &settings.python {
            Some(program) => Some(RayPython::find(program).await.map_err(|error| Error::refused("python", error))?),
            None => None,
        };
        let config = ClusterConfig {
            checker: Some(self.checker.clone()),
            trust: client.trust().clone(),
            python,
            ..ClusterConfig::new(operator, folder, profile, self.asks.clone())
        };
        daemon::start(config, client, key).await
    }
}

/// An equal part of the machine for each of several devices, rounded down; a core at least.
fn part_of(folder: &Path, parts: u32) -> Result<Wish> {
    if parts <= 1 {
        return Ok(Wish::default());
    }
    depin_files::private_folder(folder)
        .map_err(|error| Error::broken("folder", format_args!("{}: {error}", folder.display())))?;
    let machine = Machine::measure(Path::new("/"), folder).map_err(|error| Error::refused("machine", error))?;
    // Half of the machine stays for the node, the other parts and what the work needs beside the claim.
    let memory = machine.memory.usable_mib / 2 / u64::from(parts);
    let disk = machine.disk_free_mib / 2 / 1_024 / u64::from(parts);
    Ok(Wish {
        cores: Some((machine.cores.usable / parts).max(1)),
        memory_mib: Some(u32::try_from(memory).unwrap_or(u32::MAX).max(1)),
        disk_gib: Some(u32::try_from(disk).unwrap_or(u32::MAX)),
        slice: true,
        ..Wish::default()
    })
}

fn params(rules: &Spec, genesis: Instant) -> Result<ClustersParams> {
    ClustersParams::read(rules, genesis).map_err(|error| Error::refused("network-file", error))
}

/// What each device asks: a tenth of a token of the first currency, or the most that may be asked.
fn asks(params: &ClustersParams) -> Vec<Money> {
    let first = params.rules.currencies.first();
    let ask = first.map(|one| {
        let step = 10_u128.pow(u32::from(18_u8.saturating_sub(one.decimals)));
        let most = one.rate_most.get().saturating_mul(step);
        Money { currency: one.token, amount: Decimal18::new((ASK_HUNDREDTHS * HUNDREDTH).min(most) / step * step) }
    });
    ask.into_iter().filter(|ask| ask.amount.get() > 0).collect()
}

#[async_trait]
impl Service for Clusters {
    fn name(&self) -> &'static str {
        "clusters"
    }

    fn files(&self) -> &'static [&'static str] {
        &[checker::FOLDER]
    }

    fn accounts(&self) -> &'static [Name] {
        &[home::CHECKER]
    }

    fn roles(&self, rules: &Spec) -> Result<Vec<(Name, Name)>> {
        // Only the role's name is meant to be used: when hour 0 begins, genesis says.
        Ok(vec![(params(rules, Instant::new(0))?.proof.checker, home::CHECKER)])
    }

    fn prepare(&self, folder: &Path, _: &Spec, _: Instant, _: u64) -> Result<()> {
        Settings::prepare(folder, || Ok(DeviceSettings::default()))
    }

    async fn registered(&self, client: &Client) -> Result<BTreeSet<Address>> {
        let page = |after| async move {
            client.clusters().devices(&ClusterDeviceQuery { after, limit: Some(1_000), ..ClusterDeviceQuery::default() }).await
        };
        let found = whole_list(64, page).await?;
        Ok(found.into_iter().filter(|device| device.active).map(|device| device.owner).collect())
    }

    async fn start(&self, site: &mut Site<'_>, parts: &mut Parts) -> Result<()> {
        let mut names = operators::wanted(site, self)?;
        let params = params(site.rules(), site.genesis.time)?;
        site.step("starting the checker");
        let checker = checker::Checker::start(site).await?;
        let url = checker.url().to_owned();
        parts.add(checker, site).await;
        if !params.slices && names.len() > 1 {
            names.truncate(1);
            site.warn(
                "one device runs: this machine is one, and the network's file permits no slices of machines; \
                 [service.clusters.development] with slices = \"yes\" does, for development",
            );
        } else if names.len() > 1 {
            site.warn(
                "the devices are slices of this machine, and marked so on the ledger; no control group keeps them apart, so all of them \
                 together must be done in time",
            );
        }
        let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
        site.step(match count {
            1 => "measuring this machine, and starting a device".to_owned(),
            _ => format!("measuring this machine, and starting {count} devices"),
        });
        let crew = Crew::start(site, Devices { asks: asks(&params), checker: url, parts: count }, &names).await?;
        parts.add(crew, site).await;
        Ok(())
    }
}
