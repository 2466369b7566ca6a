//! Commands about a node that renders.

use super::{Bytes, PlaceArgs, SpanArg, TextPath};
use clap::{Args, ValueEnum};
use depin_quantity::Name;
use depin_render::EngineKind;
use depin_services::rendering::Tier;
use std::{path::PathBuf, str::FromStr};

pub(super) const PROVIDER_AFTER: &str = "\
The node measures itself by a fixed scene, registers with the points, and renders frames that dispatchers order from it, one after another, in a \
sandbox without network that can write nothing here. Scenes are others': its operator can see them. Its key is made on the first start and kept in its \
folder; the account needs tokens for fees and its pledge. Frames that are ordered are rendered after a restart, too; one that is not handed in in time \
costs its name.

Blender comes by `apt-get install --no-install-recommends blender`; Mitsuba by `pip install mitsuba` into a Python that --python names; what runs \
tasks by `pip install onnxruntime numpy pillow` into one. The sandbox is bubblewrap.

Examples:
  depin provider render --engine blender --node http://127.0.0.1:4610
  depin provider render --engine python --python ~/tasks/bin/python3 --name ai --node http://127.0.0.1:4610
  depin provider render --engine mitsuba --python ~/mitsuba/bin/python3 --name north --memory 4GiB --tier priority \\
      --listen 0.0.0.0:8443 --url https://north.example:8443 --node https://node.example:4610 \\
      --tls-cert /etc/ssl/north.pem --tls-key /etc/ssl/north.key";

/// A renderer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineArg {
    /// Blender's Cycles, on the CPU.
    Blender,
    /// Mitsuba 3.
    Mitsuba,
    /// A Python with NumPy and ONNX Runtime, which runs tasks.
    Python,
}

impl From<EngineArg> for EngineKind {
    fn from(arg: EngineArg) -> Self {
        match arg {
            EngineArg::Blender => Self::Blender,
            EngineArg::Mitsuba => Self::Mitsuba,
            EngineArg::Python => Self::Python,
        }
    }
}

/// A tier of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TierArg {
    /// Tier 1.
    Trusted,
    /// Tier 2.
    Priority,
    /// Tier 3.
    Economy,
}

impl From<TierArg> for Tier {
    fn from(arg: TierArg) -> Self {
        match arg {
            TierArg::Trusted => Self::Trusted,
            TierArg::Priority => Self::Priority,
            TierArg::Economy => Self::Economy,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub struct ProviderRenderArgs {
    /// What it renders with, or runs tasks with.
    #[arg(long, value_enum)]
    pub engine: EngineArg,
    /// The program `blender` [default: the one in PATH].
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub blender: Option<PathBuf>,
    /// A Python that has Mitsuba, or that tasks run in [default: python3 in PATH].
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub python: Option<PathBuf>,
    /// Name for people.
    #[arg(long, value_name = "NAME", default_value = "node")]
    pub name: Name,
    /// Tiers whose jobs it takes, each by a flag of its own.
    #[arg(long, value_enum, default_values = ["priority", "economy"])]
    pub tier: Vec<TierArg>,
    /// Memory that a renderer may have.
    #[arg(long, value_name = "SIZE", default_value = "2GiB")]
    pub memory: Bytes,
    /// Threads that render a frame [default: all of this machine].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: Option<u32>,
    /// Largest scene that is taken, packed.
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    pub scene_limit: Bytes,
    /// Longest time that one frame may render, wall time.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub frame_time: SpanArg,
    /// Least that an hour of this node earns, in what frames are priced in; frames of tiers that pay less are given back [default: anything].
    #[arg(long, value_name = "PRICE")]
    pub hour_least: Option<MillionthsArg>,
    /// How long frames stay that nothing is undecided about.
    #[arg(long, value_name = "TIME", default_value = "7d")]
    pub keep: SpanArg,
    /// Measure again, where a measurement of this build stands in the folder.
    #[arg(long)]
    pub measure: bool,
    /// Take no new frames.
    #[arg(long)]
    pub closed: bool,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// A price in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MillionthsArg(pub u64);

impl FromStr for MillionthsArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a price with at most six places, such as 0.25".to_owned();
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || part.len() > 6 || !digits(whole) || !digits(part) {
            return Err(wrong());
        }
        format!("{whole}{part:0<6}").parse().map(Self).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_have_six_places_at_most() {
        for (text, millionths) in [("0.25", 250_000), ("3", 3_000_000), ("0.000001", 1), ("1.", 1_000_000)] {
            assert_eq!(text.parse::<MillionthsArg>(), Ok(MillionthsArg(millionths)), "{text}");
        }
        for text in ["", ".5", "-1", "0.0000001", "1e3", "99999999999999999999"] {
            assert!(text.parse::<MillionthsArg>().is_err(), "{text}");
        }
    }
}
