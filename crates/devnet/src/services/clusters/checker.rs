//! The checker of a home.

use super::daemon;
use crate::{
    Error, Part, Result, Site,
    home::{self, Endpoint},
};
use async_trait::async_trait;
use depin_provider::clusters::{CheckerConfig, CheckerHandle};

/// Folder in a home of when it saw each hour's seed.
pub(super) const FOLDER: &str = "checker";
/// What `endpoints.json` calls it.
/// Its endpoint.
pub const NAME: &str = "checker";

/// The checker, running.
pub(super) struct Checker {
    handle: CheckerHandle,
    url: String,
}

impl Checker {
    /// Starts the home's checker on its port.
    pub(super) async fn start(site: &mut Site<'_>) -> Result<Self> {
        let listen = site.ports.named(NAME)?;
        let config = CheckerConfig {
            listen,
            tls: site.options.tls.clone(),
            folder: site.home.path().join(FOLDER),
            reach: site.reach([]),
            trust: site.trust.clone(),
        };
        let key = site.home.load_key(&site.home.key(home::CHECKER))?;
        let handle = daemon::start_checker(config, site.client.clone(), key).await?;
        Ok(Self { handle, url: site.url(listen) })
    }

    /// Where devices reach it.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

#[async_trait]
impl Part for Checker {
    fn name(&self) -> &'static str {
        "the checker"
    }

    async fn failed(&self) -> Error {
        Error::failed(self.handle.failed().await)
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        let address = self.handle.address().to_string();
        vec![Endpoint::new(NAME, &self.url, [("address", address.as_str())])]
    }

    async fn stop(self: Box<Self>) {
        self.handle.stop().await;
    }
}
