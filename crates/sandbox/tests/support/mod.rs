//! Tests of real runtimes: each in namespaces of its own, and with images that the script builds.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod isolated;
pub mod suite;

use depin_sandbox::{
    ExecOptions, Image, InstanceId, LogOptions, Name, Output, RoomStatus, Runtime, Service, State, Supervisor, Workload,
};
use futures::StreamExt as _;
use isolated::build_image;
use std::{env, path::Path, process::Command, time::Duration};
use tokio::io::AsyncWriteExt as _;

const ROLE: &str = "DEPIN_SANDBOX_TEST_ROLE";

/// The role of this process in a test of several.
pub fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// A copy of this test in another role, in the same namespaces.
pub fn in_role(test: &str, role: &str) -> std::process::Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(ROLE, role).spawn().unwrap()
}

/// The archive of an image.
pub fn image(home: &Path, image: &str) -> Image {
    let folder = home.join("images");
    let archive = folder.join(format!("{image}.oci"));
    if !archive.exists() {
        build_image(&folder, image).unwrap();
    }
    Image::Archive(archive)
}

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A service of the box that runs a script.
pub fn script(home: &Path, service: &str, script: &str) -> Service {
    let mut made = Service::new(name(service), image(home, "box"));
    made.command = Some(vec!["sh".into(), "-c".into(), script.into()]);
    made.stop_grace = Duration::from_secs(1);
    made
}

pub fn workload(room: &str, services: Vec<Service>) -> Workload {
    Workload { room: name(room), network: depin_sandbox::Network::Private, services }
}

pub fn id(room: &str, service: &str) -> InstanceId {
    InstanceId::new(name(room), name(service), 0)
}

/// Waits until a room is healthy.
pub async fn healthy(supervisor: &Supervisor, room: &str) -> RoomStatus {
    let (status, held) = supervisor.wait(&name(room), Duration::from_secs(30), RoomStatus::is_healthy).await;
    assert!(held, "{room} did not become healthy: {status:#?}");
    status
}

/// Waits until the first instance of a room is in a state; gives the reason in words.
pub async fn reaches(supervisor: &Supervisor, room: &str, state: State) -> String {
    let first = |status: &RoomStatus| status.instances.first().map(|instance| instance.status.state);
    let (status, held) = supervisor.wait(&name(room), Duration::from_secs(30), |status| first(status) == Some(state)).await;
    assert!(held, "{room} did not become {state}: {status:#?}");
    status.instances[0].status.reason.clone()
}

/// What an instance wrote until now.
pub async fn logs(runtime: &dyn Runtime, id: &InstanceId) -> String {
    let mut stream = runtime.logs(id, LogOptions::default()).await.unwrap();
    let mut text = Vec::new();
    while let Some(piece) = stream.next().await {
        let (Output::Stdout(bytes) | Output::Stderr(bytes)) = piece.unwrap();
        text.extend_from_slice(&bytes);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Runs a script in an instance: exit code and both outputs.
pub async fn run(runtime: &dyn Runtime, id: &InstanceId, script: &str, input: &str) -> (i64, String, String) {
    let command = vec!["sh".into(), "-c".into(), script.into()];
    let mut exec = runtime.exec(id, ExecOptions { command, tty: false, stdin: !input.is_empty() }).await.unwrap();
    if !input.is_empty() {
        exec.input.write_all(input.as_bytes()).await.unwrap();
        exec.input.shutdown().await.unwrap();
    }
    let (mut out, mut err) = (Vec::new(), Vec::new());
    while let Some(piece) = exec.output.next().await {
        match piece.unwrap() {
            Output::Stdout(bytes) => out.extend_from_slice(&bytes),
            Output::Stderr(bytes) => err.extend_from_slice(&bytes),
        }
    }
    let code = exec.control.exit_code().await.unwrap();
    (code, String::from_utf8_lossy(&out).into_owned(), String::from_utf8_lossy(&err).into_owned())
}

/// Runs a command of this machine; gives what it wrote.
pub fn sh(script: &str) -> String {
    let output = Command::new("sh").args(["-c", script]).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
