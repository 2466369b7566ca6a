//! Settings of a node of the home.

use depin_render::{EngineKind, EngineSettings};
use serde::{Deserialize, Serialize};

/// What a node that renders keeps in its `settings.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSettings {
    /// What it renders with: `blender`, `mitsuba`, or `python` for tasks; what this machine has when absent, Blender first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineKind>,
    /// Where renderers are.
    #[serde(default)]
    pub programs: EngineSettings,
    /// Memory that a renderer may have, MB.
    pub memory_mb: u32,
    /// Threads that render a frame.
    pub threads: u32,
}

impl NodeSettings {
    /// Those of a new node: 2 GiB, and one thread, since several share this machine.
    pub fn new() -> Self {
        Self { memory_mb: 2_048, threads: 1, ..Self::default() }
    }
}
