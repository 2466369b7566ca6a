//! How fast this machine renders: a fixed scene, made by a script of this crate, and points for it.
//!
//! A *point* is a hundredth of a million camera samples a second of the benchmark's scene: 100 points render one million a second. The
//! points are this project's own. They take the place of OctaneBench's in prices, and say nothing about those: another scene, on other
//! hardware. Points of the two renderers are points of two scenes; a node offers one renderer, and is priced by that.

use crate::{
    driver::{Driver, Request},
    engine::Found,
    error::RenderError,
    pixels::FrameFormat,
    renderer::{FrameSettings, Limits, rendered},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Width and height of its picture.
pub const BENCHMARK_SIDE: u32 = 256;
/// Samples of its first picture, which takes the renderer's start upon itself.
const SAMPLES_FIRST: u32 = 4;
/// Samples of a picture at most.
const SAMPLES_MOST: u32 = 4_096;
/// How long the measured picture shall take at least.
const MEASURED_LEAST: Duration = Duration::from_secs(5);

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The renderer: `blender`, `mitsuba`.
    pub engine: String,
    /// Its exact build.
    pub build: String,
    /// Threads that rendered.
    pub threads: u32,
    /// Camera samples of the measured picture.
    pub samples: u64,
    /// How long it took.
    pub milliseconds: u64,
    /// The points: `floor(samples / (10 * milliseconds))`, one at least.
    pub score: u32,
}

/// What a node says of its machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor, as it names itself.
    pub processor: String,
    /// Threads that can run at once.
    pub threads: u32,
    /// Memory, MB.
    pub memory_mb: u32,
}

/// Machine and measurement: what a node's operator signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The machine.
    pub machine: Machine,
    /// The measurement.
    pub measured: Measured,
}

impl Machine {
    /// This machine, as far as it tells.
    pub fn here() -> Self {
        let field = |path: &str, name: &str| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let memory = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
        Self {
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            threads: std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX)),
            memory_mb: memory.map_or(1, |kb| u32::try_from(kb / 1024).unwrap_or(u32::MAX).max(1)),
        }
    }
}

/// Renders the benchmark's scene with so many samples that it takes some seconds, and counts points.
///
/// # Errors
/// [`RenderError`].
pub async fn benchmark(found: &Found, threads: u32, limits: Limits) -> Result<Measured, RenderError> {
    let mut driver = Driver::start(found, None, limits).await?;
    driver.ask(&Request::Benchmark, "make the benchmark's scene", limits.load_time).await?;
    let mut samples = SAMPLES_FIRST;
    loop {
        let (width, height) = (BENCHMARK_SIDE, BENCHMARK_SIDE);
        let settings = FrameSettings { width, height, samples, seed: 1, format: FrameFormat::Png, threads };
        let milliseconds = rendered(&mut driver, 1, &settings, limits, |_| {}).await?.milliseconds.max(1);
        let is_long = u128::from(milliseconds) >= MEASURED_LEAST.as_millis();
        if samples >= SAMPLES_MOST || (is_long && samples > SAMPLES_FIRST) {
            let taken = u64::from(samples) * u64::from(BENCHMARK_SIDE) * u64::from(BENCHMARK_SIDE);
            let (engine, build) = (found.engine.word().to_owned(), found.build.clone());
            return Ok(Measured { engine, build, threads, samples: taken, milliseconds, score: points(taken, milliseconds) });
        }
        samples = more(samples, milliseconds);
    }
}

/// Samples of the next picture, after one of so many took so long: a fifth more than what should do, since the first picture's time holds more than
/// its samples; at least twice as many, as far as there may be.
fn more(samples: u32, milliseconds: u64) -> u32 {
    let wanted = MEASURED_LEAST.as_millis() as u64 * 6 / 5 * u64::from(samples) / milliseconds.max(1);
    u32::try_from(wanted).unwrap_or(SAMPLES_MOST).max(samples.saturating_mul(2)).min(SAMPLES_MOST)
}

fn points(samples: u64, milliseconds: u64) -> u32 {
    u32::try_from(samples / milliseconds.max(1) / 10).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_points_render_a_million_samples_a_second() {
        assert_eq!(points(1_000_000, 1_000), 100);
        assert_eq!(points(5_000_000, 2_500), 200);
        assert_eq!(points(1, 60_000), 1, "no node has none");
    }

    /// A quick machine comes to the most before it comes to the time.
    #[test]
    fn pictures_grow_until_they_take_long_enough_or_have_the_most_samples() {
        assert_eq!(more(SAMPLES_FIRST, 100), 240);
        assert_eq!(more(2_666, 3_000), SAMPLES_MOST);
        assert_eq!(more(SAMPLES_MOST, 1), SAMPLES_MOST);
        assert_eq!(more(100, 4_900), 200, "at least twice as many");
        assert_eq!(more(4, 0), SAMPLES_MOST);
    }

    #[test]
    fn this_machine_tells_what_it_is() {
        let machine = Machine::here();
        assert!(machine.threads > 0 && machine.memory_mb > 0 && !machine.processor.is_empty());
    }
}
