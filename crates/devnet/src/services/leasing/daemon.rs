//! A provider of leases: the only place that starts them.

use super::settings::LeaseSettings;
use crate::{
    Result,
    operators::{Daemon, Post, Trade, not_started},
};
use async_trait::async_trait;
use depin_client::{Client, SigningKey};
use depin_provider::{
    leasing::{LeasingConfig, LeasingDaemon, LeasingError, LeasingHandle, RuntimePlace, open_runtime},
    operator::StartError,
};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

/// What providers of leases have of their own. All of a home share what runs containers.
pub(super) struct Leasing {
    /// The folder of the runtime's things.
    pub folder: PathBuf,
    /// Archives of images.
    pub images: PathBuf,
}

/// A provider that runs.
pub struct LeaseProvider {
    handle: LeasingHandle,
    remarks: Vec<String>,
    /// Whether what runs for tenants ends with it, and comes up again with its next start.
    suspends: bool,
}

impl Leasing {
    pub(super) fn place(&self, post: &Post) -> RuntimePlace {
        RuntimePlace {
            provider: post.key.address(),
            folder: self.folder.clone(),
            images: self.images.clone(),
            publish: post.operator.listen.ip(),
            mirror: None,
            registries: false,
        }
    }
}

#[async_trait]
impl Trade for Leasing {
    type Settings = LeaseSettings;
    type Daemon = LeaseProvider;
    const ALWAYS_TLS: bool = true;
    const NAME: &'static str = "the providers";

    fn usual(&self) -> LeaseSettings {
        LeaseSettings::new("")
    }

    async fn start(&self, post: Post, settings: LeaseSettings) -> Result<LeaseProvider> {
        let (offer, attributes, capacity) = settings.terms()?;
        let (runtime, remark) = open_runtime(settings.runtime, &self.place(&post))
            .await
            .map_err(|error| not_started(post.operator.name, &error, true))?;
        let Post { operator, folder, client, key, new_store, .. } = post;
        let listen = operator.listen.ip();
        // Whoever may reach the others of a home may reach it too.
        let status = SocketAddr::new(listen, 0);
        let config = LeasingConfig {
            attributes,
            status,
            ingress: SocketAddr::new(listen, settings.ingress),
            domain: Some(settings.domain),
            public: listen,
            images: self.images.clone(),
            new_store,
            ..LeasingConfig::new(operator, folder, runtime, offer, capacity)
        };
        let mut started = start(config, client, key).await?;
        // One word for all of a home is enough; the service says it.
        drop(remark);
        started.suspends = true;
        Ok(started)
    }
}

/// Starts a provider of leases; it follows the ledger when this returns. What runs for its tenants goes on without it.
///
/// # Errors
/// Refused for a URL that others cannot reach, a store of another provider, or an ingress that is taken; broken when it cannot start.
pub async fn start(config: LeasingConfig, client: Client, key: SigningKey) -> Result<LeaseProvider> {
    let name = config.operator.name;
    let remarks = config.runtime.describe().notes.clone();
    let handle = LeasingDaemon::start(config, client, key).await.map_err(|error| {
        let refused =
            matches!(error, LeasingError::Start(StartError::Url { .. }) | LeasingError::Store(_) | LeasingError::Ingress { .. });
        let lost = matches!(&error, LeasingError::Store(store) if store.is_lost());
        let mut told = not_started(name, &error, refused);
        if lost {
            told.code = crate::error::LOST.to_owned();
            told.hint = "`--new-store` begins a new one: tenants send their manifests again".to_owned();
        }
        told
    })?;
    Ok(LeaseProvider { handle, remarks, suspends: false })
}

impl LeaseProvider {
    /// Adds something to be told about how it started.
    #[must_use]
    pub fn remarking(mut self, remark: Option<String>) -> Self {
        self.remarks.extend(remark);
        self
    }

    /// Where HTTP for its tenants' services comes in.
    pub const fn ingress(&self) -> SocketAddr {
        self.handle.ingress()
    }
}

#[async_trait]
impl Daemon for LeaseProvider {
    async fn settled(&self) {
        self.handle.ready().await;
    }

    /// The same for all of a home, which tells it once.
    fn remarks(&self) -> Vec<String> {
        if self.suspends { Vec::new() } else { self.remarks.clone() }
    }

    fn problems(&self) -> BTreeMap<String, String> {
        self.handle.status().problems
    }

    async fn failed(&self) -> String {
        self.handle.failed().await
    }

    async fn stop(self) {
        if !self.suspends {
            return self.handle.stop().await;
        }
        if let Err(error) = self.handle.suspend().await {
            tracing::warn!(%error, "containers of tenants are left; the next start finds them");
        }
    }
}
