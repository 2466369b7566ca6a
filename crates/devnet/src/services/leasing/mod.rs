//! Leasing: providers with this machine's runtime for containers.

pub mod daemon;
mod settings;

pub use settings::LeaseSettings;

use super::Service;
use crate::{
    Error, Part, Parts, Result, Site,
    operators::{self, Crew, Settings},
    ports,
};
use async_trait::async_trait;
use depin_client::Client;
use depin_economy::Spec;
use depin_provider::leasing::{RuntimeChoice, RuntimePlace, end_engine, open_runtime};
use depin_quantity::{Address, Instant, Name};
use depin_services::leasing::LeasingParams;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The folder of the runtime's things in a home: volumes, stores, sandboxes.
pub const FOLDER: &str = "leasing";
/// The folder of images' archives in it.
pub const IMAGES: &str = "images";
/// Distance of the first ingress from the first port.
const INGRESS: u16 = 40;

/// See the module.
pub struct Leasing;

/// What all providers of a home work with: an engine that was started for them ends after them.
struct Machine {
    folder: PathBuf,
}

#[async_trait]
impl Part for Machine {
    fn name(&self) -> &'static str {
        "the runtime of containers"
    }

    async fn stop(self: Box<Self>) {
        end_engine(&self.folder).await;
    }
}

#[async_trait]
impl Service for Leasing {
    fn name(&self) -> &'static str {
        "leasing"
    }

    fn files(&self) -> &'static [&'static str] {
        &[FOLDER]
    }

    fn roles(&self, rules: &Spec) -> Result<Vec<(Name, Name)>> {
        LeasingParams::read(rules).map_err(|error| Error::refused("network-file", error))?;
        Ok(Vec::new())
    }

    fn operators(&self) -> u32 {
        3
    }

    fn prepare(&self, folder: &Path, _: &Spec, _: Instant, _: u64) -> Result<()> {
        Settings::prepare(folder, || Ok(LeaseSettings::of_folder(folder)))
    }

    async fn registered(&self, client: &Client) -> Result<BTreeSet<Address>> {
        let page = |after: Option<String>| async move { client.leasing().providers(after.as_deref(), Some(1_000)).await };
        let found = depin_client::whole_list(64, page).await?;
        Ok(found.into_iter().filter(|entry| entry.active).map(|entry| entry.address).collect())
    }

    async fn start(&self, site: &mut Site<'_>, parts: &mut Parts) -> Result<()> {
        let names = operators::wanted(site, self)?;
        let Some(first) = names.first() else { return Ok(()) };
        let folder = site.home.path().join(FOLDER);
        let images = folder.join(IMAGES);
        std::fs::create_dir_all(&images).map_err(|error| Error::broken("file", format_args!("{}: {error}", images.display())))?;
        site.step("looking for a runtime of containers");
        parts.add(Machine { folder: folder.clone() }, site).await;
        let provider = site.home.load_key(&site.home.provider(*first).join("key"))?.address();
        let (publish, mirror, registries) = (site.options.listen, None, false);
        let place = RuntimePlace { provider, folder: folder.clone(), images: images.clone(), publish, mirror, registries };
        let wanted =
            Settings::<LeaseSettings>::read(&site.home.provider(*first))?.map_or(RuntimeChoice::Auto, |known| known.own.runtime);
        match open_runtime(wanted, &place).await {
            Ok((runtime, remark)) => {
                let about = runtime.describe();
                let notes = remark.into_iter().chain(about.notes.iter().cloned());
                notes.for_each(|note| site.warn(format!("{}: {note}", about.name)));
            }
            Err(error) => {
                site.warn(format!("NO PROVIDERS RUN: there is nothing to run leases in. {error}"));
                return Ok(());
            }
        }
        for (offset, name) in (INGRESS..).zip(&names) {
            choose_ingress(site, *name, offset)?;
        }
        site.step(format!("starting {} providers", names.len()));
        let crew = Crew::start(site, daemon::Leasing { folder, images }, &names).await?;
        parts.add(crew, site).await;
        Ok(())
    }
}

/// Keeps the port of a provider's ingress in its settings, so that its services keep their addresses.
fn choose_ingress(site: &mut Site<'_>, name: Name, offset: u16) -> Result<()> {
    let folder = site.home.provider(name);
    let Some(mut settings) = Settings::<LeaseSettings>::read(&folder)? else { return Ok(()) };
    let whom = format!("the ingress of {name}");
    let port = site.ports.choose(&whom, settings.own.ingress, offset)?.port();
    if settings.own.ingress != port {
        settings.own.ingress = port;
        settings.write(&folder)?;
    }
    Ok(())
}

const _: () = assert!(INGRESS > ports::OPERATORS, "operators come first");
