//! A scene through the whole network by the real binary: estimated, ordered, rendered by three nodes, checked, rejected, approved, fetched.
//!
//! With Blender, or with Mitsuba (`DEPIN_TEST_MITSUBA` names a Python that has it). With neither the test says loudly that it tested nothing;
//! with `DEPIN_TEST_RENDER=required` it fails.

mod support;

use serde_json::Value;
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};
use support::{
    at, depin,
    network::{Up, until},
    run,
};

/// Longest wait for a start, which measures the machine for each node, and for anything else; the machine may be busy.
const START: Duration = Duration::from_secs(400);
const PATIENCE: Duration = Duration::from_secs(400);
const FRAMES: usize = 4;

/// A renderer that is here, with what makes a scene for it.
struct Engine {
    name: &'static str,
    /// Folder that is put before PATH.
    path: Option<PathBuf>,
}

fn engine(test: &str) -> Option<Engine> {
    let works = |program: &Path, args: &[&str]| Command::new(program).args(args).output().is_ok_and(|out| out.status.success());
    // What `depin up` takes where both are.
    if works(Path::new("blender"), &["--version"]) {
        return Some(Engine { name: "blender", path: None });
    }
    if let Some(python) = env::var_os("DEPIN_TEST_MITSUBA").map(PathBuf::from).filter(|it| works(it, &["-c", "import mitsuba"])) {
        return Some(Engine { name: "mitsuba", path: python.parent().map(Path::to_owned) });
    }
    eprintln!("\n*** {test} TESTED NOTHING: there is neither Blender nor, by DEPIN_TEST_MITSUBA, a Python with Mitsuba ***\n");
    let promised = env::var_os("DEPIN_TEST_RENDER").is_some_and(|value| value == "required");
    assert!(!promised, "a renderer was promised");
    None
}

impl Engine {
    /// The example of this engine.
    fn scene(&self, folder: &Path) -> PathBuf {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/rendering");
        let (file, script) = (|end: &str| folder.join(format!("scene.{end}")), |name: &str| examples.join(name));
        let (scene, mut command) = match self.name {
            "blender" => {
                let scene = file("blend");
                let mut blender = Command::new("blender");
                blender.args(["-b", "--factory-startup", "--python-exit-code", "3", "--python"]).arg(script("blender.py"));
                blender.arg("--").arg(&scene);
                (scene, blender)
            }
            _ => {
                let scene = file("xml");
                let mut python = Command::new("python3");
                python.arg(script("mitsuba.py")).arg(&scene);
                (scene, python)
            }
        };
        let made = command.output().unwrap();
        assert!(made.status.success(), "{}{}", String::from_utf8_lossy(&made.stdout), String::from_utf8_lossy(&made.stderr));
        scene
    }

    /// The binary, where it finds the renderer.
    fn depin(&self) -> Command {
        let mut command = depin();
        if let Some(folder) = &self.path {
            let before = env::var_os("PATH").unwrap_or_default();
            let paths = std::iter::once(folder.clone()).chain(env::split_paths(&before));
            command.env("PATH", env::join_paths(paths).unwrap());
        }
        command
    }
}

/// How many frames are at a stage.
fn many(frames: &Value, stage: &str) -> usize {
    frames.as_array().unwrap().iter().filter(|frame| frame["stage"] == stage).count()
}

/// A check that comes late is approved by itself after days, or by whoever does not want to wait.
async fn closed(home: &Path, job: &str) -> Value {
    let began = Instant::now();
    loop {
        let shown = at(home, &["render", "show", job, "--json"]).json();
        if shown["state"] == "closed" {
            return shown;
        }
        assert!(began.elapsed() < PATIENCE, "{shown:#}");
        run(depin().arg("--home").arg(home).args(["render", "approve", job, "all", "--unchecked"]));
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scene_is_estimated_rendered_checked_rejected_approved_and_fetched() {
    let Some(engine) = engine("rendering: a scene through the whole network") else { return };
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let mut up = Up::spawn_as(engine.depin(), &home, &["--network", "render", "--speed", "20"]);
    let endpoints = up.ready_within(START).await;
    assert_eq!(endpoints["service"], "rendering");
    let nodes = at(&home, &["render", "nodes", "--json"]).json();
    let nodes = nodes.as_array().unwrap();
    assert_eq!(nodes.len(), 3, "{}", up.printed());
    let has = |node: &Value| node["terms"]["engines"].as_array().unwrap().iter().any(|one| one["name"] == engine.name);
    assert!(nodes.iter().all(has), "{nodes:#?}");

    let scene = engine.scene(folder.path());
    let what = ["--size", "80x60", "--samples", "4", "--frames", "1-4", "--checks", "100%"];
    let here = |args: &[&str]| {
        run(engine.depin().arg("--home").arg(&home).args(["render", args[0]]).arg(&scene).args(what).args(&args[1..]))
    };
    let estimate = here(&["estimate", "--json"]).json();
    assert_eq!((estimate["count"].as_u64(), estimate["nodes"].as_u64()), (Some(4), Some(3)), "{estimate:#}");
    assert!(estimate["price"].as_u64().unwrap() > 0 && estimate["test"]["pixels"].is_string(), "{estimate:#}");

    let ordered = here(&["submit", "--detach", "--json"]).json();
    let job = ordered["job"].as_str().unwrap().to_owned();
    let frames = ["render", "frames", &job, "--json"];
    until(&home, &frames, PATIENCE, |frames| many(frames, "ready") == FRAMES).await;

    // What a check found right is not rejected.
    let refused = at(&home, &["render", "reject", &job, "2", "--reason", "black"]);
    assert!(refused.code != 0 && refused.err.contains("found right"), "{}{}", refused.out, refused.err);
    let verified = at(&home, &["render", "verify", &job, "1", "--json"]).json();
    let purposes: Vec<String> =
        verified["tickets"].as_array().unwrap().iter().map(|ticket| ticket["purpose"].to_string()).collect();
    assert!(purposes.iter().any(|purpose| purpose.contains("check")), "{verified:#}");
    assert_eq!(verified["tickets"][0]["verified"], true, "{verified:#}");

    let sheet = folder.path().join("sheet.png");
    at(&home, &["render", "sheet", &job, sheet.to_str().unwrap()]).done();
    at(&home, &["render", "approve", &job, "all"]).done();
    until(&home, &frames, PATIENCE, |frames| many(frames, "done") == FRAMES).await;
    let out = folder.path().join("out");
    let fetched = at(&home, &["render", "fetch", &job, out.to_str().unwrap(), "--json"]).json();
    assert_eq!(
        (fetched["files"].as_array().unwrap().len(), fetched["wrong"].as_array().unwrap().len()),
        (FRAMES, 0),
        "{fetched:#}"
    );
    for frame in 1..=FRAMES {
        let image = std::fs::read(out.join(format!("frame_{frame:04}.png"))).unwrap();
        assert!(image.starts_with(b"\x89PNG"), "frame {frame}");
    }

    let closed = closed(&home, &job).await;
    assert_eq!(closed["word"], "kept", "{closed:#}");
    assert!(closed["spent"].as_u64().unwrap() > 0 && closed["spent"].as_u64() < closed["funds"].as_u64(), "{closed:#}");
    // Of a job that is hardly checked one is rejected: another node renders it, and as it was right, the artist's name suffers and it is paid.
    let few = ["--size", "80x60", "--samples", "4", "--frames", "1-4", "--checks", "2%", "--detach", "--json"];
    let ordered = run(engine.depin().arg("--home").arg(&home).args(["render", "submit"]).arg(&scene).args(few)).json();
    let job = ordered["job"].as_str().unwrap().to_owned();
    let frames = ["render", "frames", &job, "--json"];
    let ready = until(&home, &frames, PATIENCE, |frames| many(frames, "ready") == FRAMES).await;
    let place = ready.as_array().unwrap().iter().position(|frame| frame["verified"] == false).unwrap();
    at(&home, &["render", "reject", &job, &ready[place]["frame"].to_string(), "--reason", "black"]).done();
    until(&home, &frames, PATIENCE, |frames| {
        frames[place]["attempts"] == 2 && many(frames, "ready") + many(frames, "approved") + many(frames, "done") == FRAMES
    })
    .await;
    let audit = at(&home, &["audit", "--json"]).json();
    assert_eq!(audit["ok"], true, "{audit:#}");
    up.stop().await;
}
