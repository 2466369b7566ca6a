//! Real frames by Blender, behind the sandbox: `cargo test -p depin-render --test blender`. Without Blender nothing is tested, and that is said.

mod support;

use depin_render::{
    Bounds, EngineKind, FindingCode, Found, FrameFormat, FrameSettings, Limits, RenderError, Renderer, benchmark, compare,
    inspect,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::Duration,
};
use support::{found, limits, pixels, settings, unpacked};
use tempfile::TempDir;

/// The folder of all scenes, made by one Blender outside of any sandbox.
fn scenes() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/scenes.py");
        let made = Command::new("blender")
            .args(["--background", "--factory-startup", "--python-exit-code", "1", "--python", script, "--"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "the scenes cannot be made");
        folder
    });
    folder.path()
}

fn scene(name: &str) -> PathBuf {
    scenes().join(format!("{name}.blend"))
}

fn renderer(found: &Found, name: &str) -> Renderer {
    Renderer::new(found.clone(), unpacked(&scene(name)), limits())
}

async fn codes(found: &Found, name: &str) -> Vec<FindingCode> {
    let inspection = inspect(found, &unpacked(&scene(name)), limits()).await.unwrap();
    let mut codes: Vec<_> = inspection.refusals().map(|finding| finding.code).collect();
    codes.sort();
    codes.dedup();
    codes
}

#[tokio::test]
async fn a_frame_is_the_same_pixels_by_any_threads_after_any_frame_and_as_the_job_says() {
    let Some(found) = found(EngineKind::Blender, "blender: same pixels").await else { return };
    let one = FrameSettings { threads: 1, ..settings(16) };
    let mut first = renderer(&found, "sound");
    let mut by = Vec::new();
    for (frame, settings) in [(3, &settings(16)), (7, &settings(16)), (3, &one)] {
        by.push(first.render(frame, settings, |_| {}).await.unwrap());
    }
    let hash = |at: usize| pixels(&by[at].image, FrameFormat::Png).hash();
    assert_eq!(hash(0), hash(2), "of two threads, and of one after another frame");
    assert_ne!(hash(0), hash(1), "the ball moved");
    assert!(by.iter().all(|rendered| rendered.milliseconds > 0));
    let picture = pixels(&by[0].image, FrameFormat::Png);
    assert_eq!((picture.width(), picture.height(), picture.channels()), (64, 48, 3));
    assert!(!picture.is_blank());
    let text = String::from_utf8_lossy(&by[0].image).into_owned();
    assert!(!text.contains("Date") && !text.contains("RenderTime") && !text.contains("File"), "no stamp is left in the file");
    // Another process, in floats.
    let exr = FrameSettings { format: FrameFormat::Exr, ..settings(16) };
    let (mut second, mut third) = (renderer(&found, "sound"), renderer(&found, "sound"));
    let (a, b) = tokio::join!(second.render(3, &exr, |_| {}), third.render(3, &exr, |_| {}));
    assert_eq!(pixels(&a.unwrap().image, FrameFormat::Exr).hash(), pixels(&b.unwrap().image, FrameFormat::Exr).hash());
}

#[tokio::test]
async fn half_the_samples_or_another_seed_is_neither_the_same_nor_alike() {
    let Some(found) = found(EngineKind::Blender, "blender: half the samples").await else { return };
    let mut renderer = renderer(&found, "sound");
    let mut rendered = Vec::new();
    for settings in [settings(64), settings(32), FrameSettings { seed: 43, ..settings(64) }] {
        rendered.push(pixels(&renderer.render(3, &settings, |_| {}).await.unwrap().image, FrameFormat::Png));
    }
    for other in &rendered[1..] {
        let found = compare(&rendered[0], other).unwrap();
        assert!(!Bounds::MEASURED.are_alike(&found), "{found:?}");
    }
}

#[tokio::test]
async fn scripts_of_a_scene_are_refused_by_name_and_not_run() {
    let Some(found) = found(EngineKind::Blender, "blender: scripts").await else { return };
    let inspection = inspect(&found, &unpacked(&scene("scripts")), limits()).await.unwrap();
    let driver = inspection.refusals().find(|finding| finding.code == FindingCode::DriverScript).unwrap();
    assert!(driver.what.contains("__import__"), "{driver}");
    assert!(
        inspection.findings.iter().any(|finding| finding.code == FindingCode::Script && finding.what.contains("autoexec.py"))
    );
    // Whoever renders it all the same runs nothing of it.
    renderer(&found, "scripts").render(1, &settings(1), |_| {}).await.unwrap();
    for made in ["outside-autoexec", "outside-driver"] {
        assert!(!scenes().join(made).exists(), "{made}");
    }
    assert_eq!(codes(&found, "simple-driver").await, [], "what Blender computes by itself is no script");
}

#[tokio::test]
async fn nothing_is_written_outside_and_what_tries_is_refused_by_name() {
    let Some(found) = found(EngineKind::Blender, "blender: outputs").await else { return };
    let codes = codes(&found, "nodes").await;
    assert_eq!(codes, [FindingCode::Osl, FindingCode::FileOutput, FindingCode::Denoiser]);
    renderer(&found, "nodes").render(1, &settings(1), |_| {}).await.unwrap();
    for made in ["outside", "outside-node"] {
        assert!(!scenes().join(made).exists(), "{made}");
    }
}

#[tokio::test]
async fn a_scene_that_cannot_be_rendered_is_refused_with_all_its_reasons() {
    let Some(found) = found(EngineKind::Blender, "blender: refusals").await else { return };
    use FindingCode::{AbsolutePath, Cache, MissingFile, NoCamera, NotCycles, PathOutside};
    assert_eq!(codes(&found, "wrong").await, [NoCamera, NotCycles, MissingFile, AbsolutePath, PathOutside, Cache]);
    let refused = renderer(&found, "wrong").render(1, &settings(1), |_| {}).await.unwrap_err();
    assert!(matches!(&refused, RenderError::Refused { why } if why.contains("camera")), "{refused}");
    let inspection = inspect(&found, &unpacked(&scene("sound")), limits()).await.unwrap();
    assert_eq!(inspection.findings, []);
    assert_eq!((inspection.width, inspection.height, inspection.first, inspection.last), (333, 111, 1, 10));
}

#[tokio::test]
async fn a_file_of_a_newer_version_and_a_broken_one_are_said_to_be_so() {
    let Some(found) = found(EngineKind::Blender, "blender: versions").await else { return };
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(scene("sound")).unwrap();
    assert!(bytes.starts_with(b"BLENDER-v"));
    let newer = folder.path().join("newer.blend");
    fs::write(&newer, [&bytes[..9], b"402", &bytes[12..]].concat()).unwrap();
    let inspection = inspect(&found, &unpacked(&newer), limits()).await.unwrap();
    assert!(inspection.refusals().any(|finding| finding.code == FindingCode::NewerVersion), "{:?}", inspection.findings);
    // Blender would go on with its own default scene.
    let broken = folder.path().join("broken.blend");
    fs::write(&broken, [&bytes[..12], &[0x55; 1000]].concat()).unwrap();
    let refused = inspect(&found, &unpacked(&broken), limits()).await.unwrap_err();
    assert!(matches!(refused, RenderError::Refused { .. } | RenderError::Ended { .. }), "{refused}");
}

#[tokio::test]
async fn a_frame_that_takes_too_long_or_too_much_ends_and_the_next_one_is_rendered() {
    let Some(found) = found(EngineKind::Blender, "blender: limits").await else { return };
    let short = Limits { frame_time: Duration::from_secs(3), ..limits() };
    let mut renderer = Renderer::new(found.clone(), unpacked(&scene("sound")), short);
    let endless = FrameSettings { width: 2_000, height: 2_000, ..settings(100_000) };
    let told = std::sync::Mutex::new(Vec::new());
    let stopped = renderer.render(1, &endless, |done| told.lock().unwrap().push(done)).await.unwrap_err();
    assert!(matches!(stopped, RenderError::TooLong { .. }), "{stopped}");
    assert!(told.lock().unwrap().len() >= 3, "progress is told while it renders");
    renderer.render(1, &settings(1), |_| {}).await.unwrap();
    let small = Limits { memory_bytes: 100 << 20, ..limits() };
    let mut renderer = Renderer::new(found, unpacked(&scene("sound")), small);
    let large = FrameSettings { width: 8_000, height: 8_000, ..settings(1) };
    let ended = renderer.render(1, &large, |_| {}).await.unwrap_err();
    assert!(matches!(ended, RenderError::Ended { .. } | RenderError::Refused { .. }), "{ended}");
}

#[tokio::test]
async fn the_benchmark_counts_points() {
    let Some(found) = found(EngineKind::Blender, "blender: benchmark").await else { return };
    let measured = benchmark(&found, 1, limits()).await.unwrap();
    assert!(measured.score >= 1 && measured.milliseconds >= 1_000, "{measured:?}");
    assert_eq!((measured.engine.as_str(), &measured.build), ("blender", &found.build));
}
