//! A founder's own service: operators with their pledge, and a metering gateway that the customer's account pays for.

pub mod daemon;
pub mod gateway;
mod settings;

pub use settings::OperatorSettings;

use super::Service;
use crate::{
    Error, Parts, Result, Site, home,
    operators::{self, Crew, Settings},
};
use async_trait::async_trait;
use depin_client::Client;
use depin_economy::Spec;
use depin_quantity::{Address, Instant, Name};
use depin_services::metered::MeteredParams;
use std::{collections::BTreeSet, path::Path};

/// See the module.
pub struct Metered;

fn params(rules: &Spec) -> Result<MeteredParams> {
    MeteredParams::read(rules).map_err(|error| Error::refused("network-file", error))
}

#[async_trait]
impl Service for Metered {
    fn name(&self) -> &'static str {
        "metered"
    }

    fn files(&self) -> &'static [&'static str] {
        &[gateway::FOLDER]
    }

    /// The reporter has a key also where the file names no role for it: then orders name it.
    fn accounts(&self) -> &'static [Name] {
        &[home::REPORTER, home::ARBITER]
    }

    fn roles(&self, rules: &Spec) -> Result<Vec<(Name, Name)>> {
        let params = params(rules)?;
        let arbiter = params.disputes.map(|disputes| (disputes.arbiter, home::ARBITER));
        // One role may be both; then the arbiter's key would be partial to nobody's report but its own.
        Ok(arbiter.into_iter().chain(params.reporter.map(|role| (role, home::REPORTER))).collect())
    }

    fn prepare(&self, folder: &Path, rules: &Spec, _: Instant, _: u64) -> Result<()> {
        Settings::prepare(folder, || Ok(OperatorSettings::new(&params(rules)?, rules)))
    }

    async fn registered(&self, client: &Client) -> Result<BTreeSet<Address>> {
        let (mut found, mut after) = (BTreeSet::new(), None::<String>);
        loop {
            let page = client.metered().operators(after.as_deref(), Some(1_000)).await?;
            found.extend(page.items.into_iter().filter(|entry| entry.active).map(|entry| entry.address));
            if page.next.is_none() || page.next == after {
                return Ok(found);
            }
            after = page.next;
        }
    }

    async fn start(&self, site: &mut Site<'_>, parts: &mut Parts) -> Result<()> {
        let params = params(site.rules())?;
        let names = operators::wanted(site, self)?;
        if !names.is_empty() {
            site.step(format!("starting {} operators", names.len()));
        }
        let trade = daemon::Delivering(OperatorSettings::new(&params, site.rules()));
        let crew = Crew::start(site, trade, &names).await?;
        parts.add(crew, site).await;
        site.step("starting the metering gateway");
        let gateway = gateway::MeteringGateway::start(site, params).await;
        parts.add_unless_lost(gateway, site).await
    }
}
