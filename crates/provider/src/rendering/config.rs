//! Settings of a node that renders.

use crate::operator::OperatorConfig;
use depin_files::Floor;
use depin_quantity::{ContentHash, Name, UnitId};
use depin_render::{Found, Limits, SceneLimits};
use depin_services::rendering::{Engine, NodeTerms, Tier};
use std::{path::PathBuf, time::Duration};

/// Settings of a node that renders.
#[derive(Clone, Debug)]
pub struct RenderingConfig {
    /// What every operator has.
    pub operator: OperatorConfig,
    /// Where it keeps scenes, frames and keys.
    pub folder: PathBuf,
    /// What it renders with.
    pub found: Found,
    /// Threads that render a frame.
    pub threads: u32,
    /// What its benchmark measured, in points; the ledger prices frames by it.
    pub score: u32,
    /// SHA-256 of the signed report of machine and benchmark.
    pub report: ContentHash,
    /// Memory that it offers, MB.
    pub memory_mb: u32,
    /// Tiers that it takes.
    pub tiers: Vec<Tier>,
    /// Whether it takes frames.
    pub accepts: bool,
    /// Limits of one renderer.
    pub limits: Limits,
    /// Limits of a scene.
    pub scenes: SceneLimits,
    /// The least that an hour of this node earns, in millionths of what frames are priced in; frames of tiers that pay less are given back before they
    /// are begun.
    pub hour_least: u64,
    /// Free space on the folder's disk below which no scenes and images are taken, and no frame is begun.
    pub floor: Floor,
    /// How long frames stay that nothing is undecided about, wall time.
    pub keep: Duration,
    /// How often it looks at what passes with time alone, wall time.
    pub tick: Duration,
}

impl RenderingConfig {
    /// A node of one engine that takes the two open tiers.
    pub fn new(operator: OperatorConfig, folder: PathBuf, found: Found, score: u32, report: ContentHash) -> Self {
        Self {
            operator,
            floor: Floor::new(&folder, None),
            folder,
            found,
            threads: 1,
            score,
            report,
            memory_mb: 2_048,
            tiers: vec![Tier::Priority, Tier::Economy],
            accepts: true,
            limits: Limits::default(),
            scenes: SceneLimits::default(),
            hour_least: 0,
            keep: Duration::from_secs(7 * 24 * 3_600),
            tick: Duration::from_secs(2),
        }
    }

    /// What it renders with, as the ledger knows it.
    pub fn engine(&self) -> Engine {
        let name = match self.found.engine {
            depin_render::EngineKind::Blender => Name::literal("blender"),
            depin_render::EngineKind::Mitsuba => Name::literal("mitsuba"),
            depin_render::EngineKind::Python => Name::literal("python"),
        };
        Engine { name, build: self.found.build.clone() }
    }

    /// What it says of itself on the ledger.
    pub(super) fn terms(&self, url: &str) -> NodeTerms {
        NodeTerms {
            url: url.to_owned(),
            score: self.score,
            memory_mb: self.memory_mb,
            engines: vec![self.engine()],
            tiers: self.tiers.clone(),
            report: self.report,
            accepts: self.accepts,
        }
    }

    /// Its id on the ledger, under an account.
    pub fn node(&self, owner: depin_quantity::Address) -> UnitId {
        depin_services::rendering::node_id(owner, self.operator.name)
    }
}
