//! What the suites with real renderers share.
#![allow(dead_code, reason = "each suite uses its part")]

use depin_render::{
    EngineKind, EngineSettings, Engines, Found, FrameFormat, FrameSettings, Limits, Pixels, Scene, SceneLimits, Unpacked,
};
use std::{env, path::Path, time::Duration};

/// The renderer, or none, which is said loudly; a failure where it was promised (`DEPIN_TEST_RENDER=required`).
pub async fn found(engine: EngineKind, test: &str) -> Option<Found> {
    let of = |name| env::var_os(name).map(Into::into);
    let settings = EngineSettings { blender: None, python: of("DEPIN_TEST_MITSUBA"), tasks: of("DEPIN_TEST_TASKS") };
    let mut engines = Engines::find(&settings).await;
    if let Some(at) = engines.found.iter().position(|found| found.engine == engine) {
        return Some(engines.found.swap_remove(at));
    }
    let why = engines.missing(engine).unwrap();
    eprintln!("\n*** {test} TESTED NOTHING: {why} ***\n");
    let promised = env::var_os("DEPIN_TEST_RENDER").is_some_and(|value| value == "required");
    assert!(!promised, "{why}");
    None
}

/// Limits in which the small scenes of the tests are rendered on a busy machine.
pub fn limits() -> Limits {
    let time = Duration::from_secs(120);
    Limits { memory_bytes: 2 << 30, scratch_bytes: 64 << 20, output_bytes: 16 << 20, load_time: time, frame_time: time }
}

pub fn settings(samples: u32) -> FrameSettings {
    FrameSettings { width: 64, height: 48, samples, seed: 42, format: FrameFormat::Png, threads: 2 }
}

/// A scene, packed and unpacked.
pub fn unpacked(path: &Path) -> Unpacked {
    let scratch = env::temp_dir();
    let scene = Scene::open(path, &scratch, SceneLimits::default()).unwrap();
    Unpacked::new(scene.path(), &scratch, SceneLimits::default()).unwrap()
}

pub fn pixels(image: &[u8], format: FrameFormat) -> Pixels {
    Pixels::decode(image, format).unwrap()
}
