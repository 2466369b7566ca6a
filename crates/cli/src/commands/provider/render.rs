//! `depin provider render`: a node that renders, in a process of its own.

use super::run::Venture;
use crate::{
    args::{PlaceArgs, ProviderRenderArgs},
    error::Result,
    remote::{STARTS_RENDERERS, needs_service},
};
use depin_client::api::PriceEntry;
use depin_devnet::{operators::Post, services::rendering::daemon};
use depin_economy::Spec;
use depin_files::Floor;
use depin_provider::rendering::{RenderingConfig, RenderingHandle};
use depin_quantity::Name;
use depin_render::{EngineKind, EngineSettings, SceneLimits};
use depin_services::rendering::Tier;
use serde::Serialize;
use std::time::Duration;

#[derive(Serialize)]
pub struct Offer {
    engine: EngineKind,
    tiers: Vec<Tier>,
    memory_mb: u32,
}

impl Venture for ProviderRenderArgs {
    type Terms = Vec<Tier>;
    type Offer = Offer;
    type Daemon = RenderingHandle;

    const WHAT: &'static str = "node";
    const NEEDS: &'static str = "fees and its pledge";
    const KEPT: &'static str = "frames that it was given lapse if they are not handed in in time, so start it again soon";

    fn name(&self) -> Name {
        self.name
    }

    fn place(&self) -> &PlaceArgs {
        &self.place
    }

    fn terms(&self, spec: &Spec, _: &[PriceEntry]) -> Result<Vec<Tier>> {
        needs_service(spec.network().name, spec.network().service, "rendering", STARTS_RENDERERS)?;
        let mut tiers: Vec<Tier> = self.tier.iter().map(|tier| (*tier).into()).collect();
        tiers.sort();
        tiers.dedup();
        Ok(tiers)
    }

    fn offer(&self, tiers: &Vec<Tier>) -> Offer {
        Offer { engine: self.engine.into(), tiers: tiers.clone(), memory_mb: memory_mb(self) }
    }

    fn words(offer: &Offer) -> String {
        let tiers: Vec<&str> = offer.tiers.iter().map(|tier| tier.word()).collect();
        let works = if offer.engine.runs_tasks() { "runs tasks" } else { "renders" };
        format!("{works} with {} for the tiers {}, in {} MB", offer.engine, tiers.join(", "), offer.memory_mb)
    }

    async fn start(&self, tiers: Vec<Tier>, post: Post) -> Result<RenderingHandle> {
        let (python, tasks) = (self.python.clone(), self.python.clone());
        let settings = EngineSettings { blender: self.blender.clone(), python, tasks };
        let threads = self.threads.unwrap_or_else(|| depin_render::Machine::here().threads);
        let found = daemon::engine(self.engine.into(), &settings).await?;
        let measured = daemon::measured(&found, threads, &post.folder, &post.key, self.measure).await?;
        let scenes = SceneLimits { packed_bytes: self.scene_limit.0, ..SceneLimits::default() };
        let Post { operator, folder, client, key, disk_floor, .. } = post;
        let mut config = RenderingConfig {
            threads,
            memory_mb: memory_mb(self),
            tiers,
            accepts: !self.closed,
            hour_least: self.hour_least.map_or(0, |least| least.0),
            scenes: SceneLimits { unpacked_bytes: scenes.packed_bytes.saturating_mul(4), ..scenes },
            keep: Duration::from_millis(self.keep.0.get()),
            floor: Floor::new(&folder, disk_floor),
            ..RenderingConfig::new(operator, folder, found, measured.score, measured.report)
        };
        config.limits.frame_time = Duration::from_millis(self.frame_time.0.get());
        daemon::start(config, client, key).await
    }
}

fn memory_mb(args: &ProviderRenderArgs) -> u32 {
    u32::try_from(args.memory.0 >> 20).unwrap_or(u32::MAX).max(1)
}
