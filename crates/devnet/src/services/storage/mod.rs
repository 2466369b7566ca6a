//! The storage service: providers with their disks, and an S3 gateway that the customer's account pays for.

pub mod daemon;
pub mod gateway;
mod settings;

pub use settings::ProviderSettings;

use super::Service;
use crate::{
    Error, Parts, Result, Site,
    operators::{self, Crew, Operators as _, Settings},
};
use async_trait::async_trait;
use depin_client::Client;
use depin_economy::Spec;
use depin_quantity::{Address, Instant};
use depin_services::storage::StorageParams;
use std::{collections::BTreeSet, path::Path};

/// See the module.
pub struct Storage;

#[async_trait]
impl Service for Storage {
    fn name(&self) -> &'static str {
        "storage"
    }

    fn files(&self) -> &'static [&'static str] {
        &[gateway::FOLDER, gateway::SHELL_FILE, gateway::S3CMD_FILE]
    }

    fn prepare(&self, folder: &Path, rules: &Spec, genesis: Instant, capacity_bytes: u64) -> Result<()> {
        Settings::prepare(folder, || {
            let params = StorageParams::read(rules, genesis).map_err(|error| Error::refused("network-file", error))?;
            Ok(ProviderSettings::new(&params, capacity_bytes))
        })
    }

    async fn registered(&self, client: &Client) -> Result<BTreeSet<Address>> {
        let listed = client.storage().all_providers(usize::MAX).await?.items;
        // One that was taken out keeps its entry, without capacity.
        let active = listed.into_iter().filter(|entry| entry.capacity_bytes > 0 || entry.ask.open);
        Ok(active.map(|entry| entry.address).collect())
    }

    async fn start(&self, site: &mut Site<'_>, parts: &mut Parts) -> Result<()> {
        let params =
            StorageParams::read(site.rules(), site.genesis.time).map_err(|error| Error::broken("network-file", error))?;
        let names = operators::wanted(site, self)?;
        if !names.is_empty() {
            site.step(format!("starting {} storage providers", names.len()));
        }
        let crew = Crew::start(site, daemon::Storing(params.clone()), &names).await?;
        let own = crew.list();
        parts.add(crew, site).await;
        site.step("starting the S3 gateway");
        let gateway = gateway::S3Gateway::start(site, params, &own).await;
        parts.add_unless_lost(gateway, site).await
    }
}
