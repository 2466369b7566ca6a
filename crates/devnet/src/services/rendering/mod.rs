//! Rendering: nodes with the renderers that this machine has, and an artist's dispatcher.

pub mod daemon;
pub mod gateway;
mod settings;

pub use settings::NodeSettings;

use super::Service;
use crate::{
    Error, Parts, Result, Site, home,
    operators::{self, Crew, Post, Settings, Trade},
};
use async_trait::async_trait;
use depin_client::{Client, api::RenderingNodeQuery, whole_list};
use depin_economy::Spec;
use depin_files::Floor;
use depin_provider::rendering::{RenderingConfig, RenderingHandle};
use depin_quantity::{Address, Instant, Name};
use depin_render::{EngineKind, EngineSettings, Engines};
use depin_services::rendering::RenderingParams;
use std::{collections::BTreeSet, path::Path};

/// See the module.
pub struct Rendering;

/// What nodes of a home have of their own; those that name no renderer take this one.
struct Renders(EngineKind);

#[async_trait]
impl Trade for Renders {
    type Settings = NodeSettings;
    type Daemon = RenderingHandle;
    const NAME: &'static str = "the nodes";

    fn usual(&self) -> NodeSettings {
        NodeSettings::new()
    }

    async fn start(&self, post: Post, settings: NodeSettings) -> Result<RenderingHandle> {
        let Post { operator, folder, client, key, disk_floor, .. } = post;
        let threads = settings.threads.max(1);
        let found = daemon::engine(settings.engine.unwrap_or(self.0), &settings.programs).await?;
        let measured = daemon::measured(&found, threads, &folder, &key, false).await?;
        let config = RenderingConfig {
            threads,
            memory_mb: settings.memory_mb.max(1),
            floor: Floor::new(&folder, disk_floor),
            ..RenderingConfig::new(operator, folder, found, measured.score, measured.report)
        };
        daemon::start(config, client, key).await
    }
}

#[async_trait]
impl Service for Rendering {
    fn name(&self) -> &'static str {
        "rendering"
    }

    fn files(&self) -> &'static [&'static str] {
        &[gateway::FOLDER]
    }

    fn accounts(&self) -> &'static [Name] {
        &[home::DISPATCHER]
    }

    fn roles(&self, rules: &Spec) -> Result<Vec<(Name, Name)>> {
        RenderingParams::read(rules).map_err(|error| Error::refused("network-file", error))?;
        Ok(Vec::new())
    }

    fn operators(&self) -> u32 {
        3
    }

    fn prepare(&self, folder: &Path, _: &Spec, _: Instant, _: u64) -> Result<()> {
        Settings::prepare(folder, || Ok(NodeSettings::new()))
    }

    async fn registered(&self, client: &Client) -> Result<BTreeSet<Address>> {
        let page = |after| async move {
            client.rendering().nodes(&RenderingNodeQuery { after, limit: Some(1_000), ..RenderingNodeQuery::default() }).await
        };
        let found = whole_list(64, page).await?;
        Ok(found.into_iter().filter(|node| node.active).map(|node| node.owner).collect())
    }

    async fn start(&self, site: &mut Site<'_>, parts: &mut Parts) -> Result<()> {
        let names = operators::wanted(site, self)?;
        site.step("looking for renderers");
        choose(site, &names)?;
        match renderer(site, names.first().copied()).await? {
            Some(engine) if !names.is_empty() => {
                site.step(format!("measuring this machine, and starting {} nodes that render with {engine}", names.len()));
                let crew = Crew::start(site, Renders(engine), &names).await?;
                parts.add(crew, site).await;
            }
            _ => {}
        }
        site.step("starting the dispatcher");
        let dispatcher = gateway::Dispatcher::start(site).await;
        parts.add_unless_lost(dispatcher, site).await
    }
}

/// Writes the engine that was asked for into the nodes' settings, so that the next start has it, too.
fn choose(site: &Site<'_>, names: &[Name]) -> Result<()> {
    let Some(engine) = site.options.engine else { return Ok(()) };
    for name in names {
        let folder = site.home.provider(*name);
        let mut settings = Settings::read(&folder)?.unwrap_or_else(|| Settings::new(NodeSettings::new()));
        settings.own.engine = Some(engine);
        settings.write(&folder)?;
    }
    Ok(())
}

/// The engine of nodes that name none: Blender where it is, else Mitsuba, else a Python for tasks; none where there is none, which is told with what installs them.
async fn renderer(site: &mut Site<'_>, first: Option<Name>) -> Result<Option<EngineKind>> {
    let known = first.map(|name| Settings::<NodeSettings>::read(&site.home.provider(name))).transpose()?.flatten();
    let (wanted, programs) = known.map_or((None, EngineSettings::default()), |known| (known.own.engine, known.own.programs));
    let engines = Engines::find(&programs).await;
    let found = match wanted {
        Some(engine) => engines.get(engine),
        // In this order: whoever has a renderer wants scenes rendered.
        None => EngineKind::ALL.into_iter().find_map(|engine| engines.get(engine)),
    };
    let Some(found) = found else {
        let missing: Vec<String> = engines.missing.iter().map(ToString::to_string).collect();
        site.warn(format!("NO NODES RUN: there is nothing to render with. {}", missing.join(". ")));
        return Ok(None);
    };
    let also = engines.missing.iter().map(|missing| format!("; {missing}")).collect::<String>();
    site.step(format!("{} {} is here{also}", found.engine, found.version));
    Ok(Some(found.engine))
}
