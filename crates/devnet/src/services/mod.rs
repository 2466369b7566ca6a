//! The services that run on this machine: one file each, one entry each in [`LIVE`].
//!
//! A service's file says what its operators need, and which parts it has besides the node and the price feeder, in the order in which
//! they start. Nothing else in this crate knows one service from another.

pub mod clusters;
pub mod coverage;
pub mod leasing;
pub mod metered;
pub mod rendering;
pub mod storage;

use crate::{Parts, Result, Site};
use async_trait::async_trait;
use depin_client::Client;
use depin_economy::Spec;
use depin_quantity::{Address, Instant, Name};
use std::{collections::BTreeSet, path::Path};

/// The services that run live, the first of which stands in for those that do not yet.
static LIVE: [&dyn Service; 6] =
    [&storage::Storage, &metered::Metered, &coverage::Coverage, &leasing::Leasing, &rendering::Rendering, &clusters::Clusters];

/// What a service has on a machine that runs its whole network.
#[async_trait]
pub trait Service: Sync {
    /// Its name in network files.
    fn name(&self) -> &'static str;

    /// Files and folders of its parts in a home, besides those of its operators: deleted with the network.
    fn files(&self) -> &'static [&'static str];

    /// Development accounts that it has besides those of every network; each has a key in the wallet and some tokens.
    fn accounts(&self) -> &'static [Name] {
        &[]
    }

    /// Which of those accounts fill which roles of the network's file. `rules` are those in force at the start.
    ///
    /// # Errors
    /// Refused when the rules lack what the service needs.
    fn roles(&self, rules: &Spec) -> Result<Vec<(Name, Name)>> {
        let _ = rules;
        Ok(Vec::new())
    }

    /// How many operators a new home has where nobody says it.
    fn operators(&self) -> u32 {
        4
    }

    /// Writes `settings.json` into a new operator's folder; settings that are there are kept. `rules` are those in force at
    /// `genesis`.
    ///
    /// # Errors
    /// Refused when the rules lack what the service needs; broken when the file cannot be written.
    fn prepare(&self, folder: &Path, rules: &Spec, genesis: Instant, capacity_bytes: u64) -> Result<()>;

    /// Addresses of the operators that are in the network now.
    ///
    /// # Errors
    /// When the node cannot be asked.
    async fn registered(&self, client: &Client) -> Result<BTreeSet<Address>>;

    /// Starts its parts, one after another. The node and the price feeder run already.
    ///
    /// # Errors
    /// When a part does not start; those in `parts` are stopped then.
    async fn start(&self, site: &mut Site<'_>, parts: &mut Parts) -> Result<()>;
}

/// The live service of that name.
pub fn live(name: &str) -> Option<&'static dyn Service> {
    LIVE.iter().copied().find(|service| service.name() == name)
}

/// The service that runs on the economy of one that is not live yet.
pub(crate) fn stand_in() -> &'static dyn Service {
    LIVE[0]
}

/// What all services keep in a home.
pub(crate) fn files() -> impl Iterator<Item = &'static str> {
    LIVE.iter().flat_map(|service| service.files()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_live_service_is_one_that_network_files_can_name() {
        for service in LIVE {
            assert!(depin_services::descriptor::service(service.name()).is_some(), "{}", service.name());
            assert!(live(service.name()).is_some_and(|found| found.name() == service.name()));
        }
        assert!(live("nothing").is_none());
    }
}
