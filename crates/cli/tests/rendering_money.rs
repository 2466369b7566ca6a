//! What surrounds rendering, by the real binary: a job that pauses and is topped up, is watched, cancelled; nodes that are killed in
//! mid-frame; and the week that closes, when RENDER that frames burnt is followed by RENDER that their nodes earn.
//!
//! With a SIMULATED renderer (`fixtures/simulated-renderer.sh`), so that it needs none: what a picture is like is tested in `rendering.rs`. The sandbox
//! is real; without bubblewrap nothing is tested, and that is said.

mod support;

use depin_render::{Pixels, encode_png};
use serde_json::Value;
use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use support::{
    at, depin,
    network::{Up, until},
    run,
};

const PATIENCE: Duration = Duration::from_secs(300);
/// Ledger time passes so much faster: an epoch of an hour in a minute.
const SPEED: &str = "60";

/// A folder with the simulated renderer and its four pictures.
fn renderer(folder: &Path) -> PathBuf {
    let engine = folder.join("engine");
    fs::create_dir(&engine).unwrap();
    let program = engine.join("blender");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/simulated-renderer.sh"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for frame in 0..4u32 {
        let values = (0..64 * 48 * 3u32).map(|n| (n.wrapping_mul(31 + frame * 7) >> 3) as u8).collect();
        fs::write(engine.join(format!("frame_{frame}.png")), encode_png(&Pixels::eight(64, 48, 3, values).unwrap())).unwrap();
    }
    engine
}

/// Render's file, with an epoch of an hour in place of a week.
fn network(folder: &Path) -> PathBuf {
    let toml = include_str!("../../../networks/render/network.toml");
    let week = "[clock.epoch]\nevery = \"7d\"";
    assert!(toml.contains(week));
    let path = folder.join("network.toml");
    fs::write(&path, toml.replace(week, "[clock.epoch]\nevery = \"1h\"")).unwrap();
    path
}

struct World {
    home: PathBuf,
    path: std::ffi::OsString,
    scene: PathBuf,
}

impl World {
    fn depin(&self) -> Command {
        let mut command = depin();
        command.env("PATH", &self.path);
        command
    }

    /// A command about the scene.
    fn of_scene(&self, word: &str, args: &[&str]) -> support::Printed {
        let what = ["--frames", "1-4"];
        run(self.depin().arg("--home").arg(&self.home).args(["render", word]).arg(&self.scene).args(what).args(args))
    }

    fn at(&self, args: &[&str]) -> support::Printed {
        at(&self.home, args)
    }

    /// A job ordered; its id.
    fn ordered(&self, args: &[&str]) -> String {
        let args = [&["--detach", "--json"], args].concat();
        self.of_scene("submit", &args).json()["job"].as_str().unwrap().to_owned()
    }

    async fn frames(&self, job: &str, holds: impl Fn(&Value) -> bool) -> Value {
        until(&self.home, &["render", "frames", job, "--json"], PATIENCE, holds).await
    }

    async fn job(&self, job: &str, holds: impl Fn(&Value) -> bool) -> Value {
        until(&self.home, &["render", "show", job, "--json"], PATIENCE, holds).await
    }

    /// What the owners of the nodes have of RENDER, base units.
    fn nodes_have(&self) -> u128 {
        let of = |name: &str| {
            let account = self.at(&["provider", "show", name, "--json"]).json();
            let balances = account["balances"].as_array().unwrap();
            let units =
                balances.iter().filter(|amount| amount["token"] == "RENDER").map(|amount| amount["units"].as_str().unwrap());
            units.map(|units| units.parse::<u128>().unwrap()).sum::<u128>()
        };
        ["provider-1", "provider-2", "provider-3"].map(of).iter().sum()
    }

    /// What of RENDER was minted and burnt, base units.
    fn book(&self) -> (u128, u128) {
        let audit = self.at(&["audit", "--json"]).json();
        assert_eq!(audit["ok"], true, "{audit:#}");
        let totals = audit["totals"].as_array().unwrap().iter().find(|total| total["token"] == "RENDER").unwrap();
        let units = |what: &str| totals[what]["units"].as_str().unwrap().parse().unwrap();
        (units("minted"), units("burned"))
    }
}

fn many(frames: &Value, stages: &[&str]) -> usize {
    frames.as_array().unwrap().iter().filter(|frame| stages.contains(&frame["stage"].as_str().unwrap())).count()
}

/// Frames that are here, whether or not somebody still checks them.
fn here(frames: &Value) -> usize {
    many(frames, &["ready", "checking", "comparing", "approved", "done"])
}

async fn begin(folder: &Path) -> Option<(World, Up)> {
    let tried = Command::new("bwrap").args(["--unshare-all", "--ro-bind", "/", "/", "true"]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        eprintln!("\n*** rendering and its money TESTED NOTHING: bubblewrap is missing or may not make namespaces here ***\n");
        let promised = env::var_os("DEPIN_TEST_RENDER").is_some_and(|value| value == "required");
        assert!(!promised, "a sandbox was promised");
        return None;
    }
    let (engine, network) = (renderer(folder), network(folder));
    let before = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(engine).chain(env::split_paths(&before))).unwrap();
    let scene = folder.join("scene.blend");
    fs::write(&scene, b"BLENDER-v300: simulated").unwrap();
    let world = World { home: folder.join("net"), path, scene };
    let args = ["--network", network.to_str().unwrap(), "--speed", SPEED, "--engine", "blender"];
    let mut up = Up::spawn_as(world.depin(), &world.home, &args);
    up.ready_within(PATIENCE).await;
    Some((world, up))
}

/// Processes of this machine that a folder is named to.
fn processes_of(folder: &Path) -> usize {
    let name = folder.as_os_str().as_encoded_bytes();
    let lines = fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    lines.filter(|line| line.windows(name.len()).any(|part| part == name)).count()
}

/// Whatever was in work goes on after a crash, and no renderer outlives its node.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_and_dispatcher_that_are_killed_in_mid_frame_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let Some((world, up)) = begin(folder.path()).await else { return };
    let job = world.ordered(&[]);
    world.frames(&job, |frames| many(frames, &["rendering"]) > 0).await;
    let engine = folder.path().join("engine");
    assert!(processes_of(&engine) > 0, "something renders");
    up.kill();
    for _ in 0..100 {
        if processes_of(&engine) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(processes_of(&engine), 0, "the sandboxes end with their node");
    let mut up = Up::spawn_as(world.depin(), &world.home, &[]);
    up.ready_within(PATIENCE).await;
    world.frames(&job, |frames| here(frames) == 4).await;
    world.at(&["render", "approve", &job, "all", "--unchecked"]).done();
    world.frames(&job, |frames| many(frames, &["done"]) == 4).await;
    world.book();
    up.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_burn_render_and_their_nodes_earn_it_as_the_epoch_closes() {
    let folder = tempfile::tempdir().unwrap();
    let Some((world, up)) = begin(folder.path()).await else { return };
    let job = world.ordered(&[]);
    world.frames(&job, |frames| here(frames) == 4).await;
    let ((minted, burned), had) = (world.book(), world.nodes_have());
    world.at(&["render", "approve", &job, "all", "--unchecked"]).done();
    world.frames(&job, |frames| many(frames, &["done"]) == 4).await;
    let shown = world.job(&job, |job| job["spent"].as_u64() > Some(0)).await;
    let (_, burned_by_frames) = world.book();
    // Fees burn some hundred-thousandths of a RENDER; what frames cost is far above that.
    assert!(burned_by_frames > burned + 1_000_000, "{burned} then {burned_by_frames}: {shown:#}");
    // Somebody rendered, and has new tokens when the epoch is over; until then nodes only pay fees.
    let mut earned = false;
    for _ in 0..300 {
        earned = world.nodes_have() > had;
        if earned {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let (minted_then, burned_then) = world.book();
    assert!(earned && minted_then > minted && burned_then >= burned_by_frames, "minted {minted} then {minted_then}");
    let status = world.at(&["status"]).done().out;
    assert!(status.contains("minted") && status.contains("burned"), "{status}");
    up.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_pauses_is_topped_up_watched_and_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let Some((world, up)) = begin(folder.path()).await else { return };
    let estimate = world.of_scene("estimate", &["--json"]).json();
    // Twice the most of one frame: beside the bond it reserves one at a time, and not all four are paid by it.
    let held = estimate["frame_most"].as_u64().unwrap() * 2;
    let max = format!("{}.{:06} USD", held / 1_000_000, held % 1_000_000);
    let job = world.ordered(&["--max", &max]);
    let paused = world.job(&job, |job| job["paused"] == true && job["open"] == 0).await;
    assert!(paused["tickets"].as_u64().unwrap() < 4 && paused["funds"].as_u64() == Some(held), "{paused:#}");
    assert!(world.at(&["render", "jobs"]).done().out.contains("paused"));
    let wrong = world.at(&["render", "topup", &job, "--by", "1 RENDER"]);
    assert!(wrong.code == 1 && wrong.err.contains("priced in USD"), "{}{}", wrong.out, wrong.err);
    world.at(&["render", "topup", &job, "--by", "50 USD"]).done();
    // It returns when everything is here, and shows the job.
    let watched = run(world.depin().arg("--home").arg(&world.home).args(["render", "watch", &job])).done();
    assert!(watched.out.contains("How far") && watched.out.contains("ready"), "{}", watched.out);

    let early = world.at(&["render", "dispute", &job, "1"]);
    assert!(early.code == 1 && early.err.contains("paid"), "{}", early.err);
    world.at(&["render", "approve", &job, "1"]).done();
    world.frames(&job, |frames| frames[0]["stage"] == "done").await;
    world.at(&["render", "cancel", &job]).done();
    let cancelled = world.job(&job, |job| job["state"] != "open").await;
    assert_eq!(cancelled["reason"], "asked", "{cancelled:#}");
    let twice = world.at(&["render", "cancel", &job]);
    assert_eq!(twice.code, 1, "{}{}", twice.out, twice.err);
    // What was handed in can still be approved, and is paid.
    world.at(&["render", "approve", &job, "all", "--unchecked"]).done();
    world.frames(&job, |frames| many(frames, &["done"]) == 4).await;
    up.stop().await;
}
