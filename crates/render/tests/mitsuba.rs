//! Real frames by Mitsuba, behind the sandbox: `cargo test -p depin-render --test mitsuba`. Without Mitsuba nothing is tested, and that is
//! said. `DEPIN_TEST_MITSUBA` names a Python that has it.

mod support;

use depin_render::{
    Bounds, EngineKind, FindingCode, FrameFormat, FrameSettings, RenderError, Renderer, Unpacked, benchmark, compare, inspect,
};
use std::fs;
use support::{found, limits, pixels, settings, unpacked};

const SCENE: &str = r#"<scene version="3.0.0">
  <integrator type="path"/>
  <sensor type="perspective">
    <float name="fov" value="45"/>
    <transform name="to_world"><lookat origin="0,-4,2" target="0,0,0" up="0,0,1"/></transform>
    <film type="hdrfilm"><integer name="width" value="100"/><integer name="height" value="50"/><rfilter type="gaussian"/></film>
    <sampler type="independent"><integer name="sample_count" value="32"/></sampler>
  </sensor>
  <shape type="sphere">
    <transform name="to_world"><scale value="0.5"/><translate x="$frame" y="0" z="0"/></transform>
    <bsdf type="roughconductor"/>
  </shape>
  <shape type="rectangle"><transform name="to_world"><scale value="10"/><translate z="-0.5"/></transform></shape>
  <emitter type="point"><point name="position" x="2" y="-2" z="4"/><rgb name="intensity" value="20"/></emitter>
  <!-- more -->
</scene>"#;

fn scene(text: &str) -> Unpacked {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scene.xml");
    fs::write(&path, text).unwrap();
    unpacked(&path)
}

#[tokio::test]
async fn a_frame_is_the_same_pixels_by_any_threads_and_as_the_job_says() {
    let Some(found) = found(EngineKind::Mitsuba, "mitsuba: same pixels").await else { return };
    let mut renderer = Renderer::new(found.clone(), scene(SCENE), limits());
    let one = FrameSettings { threads: 1, ..settings(16) };
    let mut hashes = Vec::new();
    for (frame, settings) in [(0, &settings(16)), (1, &settings(16)), (0, &one)] {
        let picture = pixels(&renderer.render(frame, settings, |_| {}).await.unwrap().image, FrameFormat::Png);
        assert_eq!((picture.width(), picture.height(), picture.channels()), (64, 48, 3));
        assert!(!picture.is_blank());
        hashes.push(picture.hash());
    }
    assert_eq!(hashes[0], hashes[2]);
    assert_ne!(hashes[0], hashes[1], "the ball moved");
    let exr = FrameSettings { format: FrameFormat::Exr, ..settings(16) };
    let (mut second, mut third) =
        (Renderer::new(found.clone(), scene(SCENE), limits()), Renderer::new(found, scene(SCENE), limits()));
    let (a, b) = tokio::join!(second.render(1, &exr, |_| {}), third.render(1, &exr, |_| {}));
    assert_eq!(pixels(&a.unwrap().image, FrameFormat::Exr).hash(), pixels(&b.unwrap().image, FrameFormat::Exr).hash());
}

#[tokio::test]
async fn half_the_samples_or_another_seed_is_neither_the_same_nor_alike() {
    let Some(found) = found(EngineKind::Mitsuba, "mitsuba: half the samples").await else { return };
    let mut renderer = Renderer::new(found, scene(SCENE), limits());
    let mut rendered = Vec::new();
    for settings in [settings(64), settings(32), FrameSettings { seed: 43, ..settings(64) }] {
        rendered.push(pixels(&renderer.render(0, &settings, |_| {}).await.unwrap().image, FrameFormat::Png));
    }
    for other in &rendered[1..] {
        let found = compare(&rendered[0], other).unwrap();
        assert!(!Bounds::MEASURED.are_alike(&found), "{found:?}");
    }
}

#[tokio::test]
async fn a_scene_is_looked_at_and_refused_with_its_reasons() {
    let Some(found) = found(EngineKind::Mitsuba, "mitsuba: refusals").await else { return };
    let sound = inspect(&found, &scene(SCENE), limits()).await.unwrap();
    assert_eq!((sound.width, sound.height, sound.samples, sound.findings.len()), (100, 50, 32, 0), "{sound:?}");
    let mut more = String::new();
    for (id, path) in [("a", "/etc/hostname"), ("b", "../secret.png"), ("c", "wood.png")] {
        more += &format!(r#"<texture type="bitmap" id="{id}"><string name="filename" value="{path}"/></texture>"#);
    }
    let wrong = SCENE.replace("<!-- more -->", &more).replace("$frame", "0").replace("hdrfilm", "specfilm");
    let inspection = inspect(&found, &scene(&wrong), limits()).await.unwrap();
    let mut codes: Vec<_> = inspection.findings.iter().map(|finding| finding.code).collect();
    codes.sort();
    use FindingCode::{AbsolutePath, Film, MissingFile, PathOutside, Still};
    assert_eq!(codes, [Film, MissingFile, AbsolutePath, PathOutside, Still]);
    for broken in ["<scene version=\"3.0.0\"><shape type=\"nowhere\"/></scene>", "<scene", "<scene version=\"99.0.0\"/>"] {
        let refused = Renderer::new(found.clone(), scene(broken), limits()).render(0, &settings(1), |_| {}).await.unwrap_err();
        assert!(matches!(refused, RenderError::Refused { .. }), "{broken}: {refused}");
    }
}

/// What the sandbox hides cannot be included.
#[tokio::test]
async fn a_scene_reads_no_file_of_the_machine() {
    let Some(found) = found(EngineKind::Mitsuba, "mitsuba: includes").await else { return };
    let secret = tempfile::tempdir().unwrap();
    let path = secret.path().join("secret.xml");
    fs::write(&path, "<scene version=\"3.0.0\"><emitter type=\"constant\"/></scene>").unwrap();
    let more = format!(r#"<include filename="{}"/>"#, path.display());
    let including = SCENE.replace("<!-- more -->", &more);
    let refused = Renderer::new(found, scene(&including), limits()).render(0, &settings(1), |_| {}).await.unwrap_err();
    assert!(matches!(refused, RenderError::Refused { .. }), "{refused}");
}

#[tokio::test]
async fn the_benchmark_counts_points() {
    let Some(found) = found(EngineKind::Mitsuba, "mitsuba: benchmark").await else { return };
    let measured = benchmark(&found, 1, limits()).await.unwrap();
    assert!(measured.score >= 1 && measured.milliseconds >= 1_000, "{measured:?}");
}
