//! Finds a container engine's socket, or starts Podman's service with a store and settings of its own.

use crate::{
    error::RuntimeError,
    oci::{OciConfig, seccomp},
    volumes::run,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use rustix::process::{Resource, getrlimit};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::process::Command;

/// How long an engine may take for one call. Starts wait for images to be unpacked.
const CALL_SECONDS_MAX: u64 = 120;
const START_TIME_MAX: Duration = Duration::from_secs(15);
/// How long it may take to say that it is there.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
/// How long Podman keeps the monitor of a command that ended beside its container, for whoever asks for its exit code; 5 minutes else.
const EXEC_KEPT_SECONDS: u32 = 15;
/// What makes containers run on a Debian machine.
const INSTALL: &str = "apt-get install --no-install-recommends podman crun runc netavark aardvark-dns iptables nftables";

/// An engine that answers.
pub(super) struct Engine {
    pub(super) docker: Docker,
    pub(super) is_own: bool,
}

pub(super) async fn find(config: &OciConfig) -> Result<Engine, RuntimeError> {
    if let Some(socket) = &config.socket {
        return match connect(socket).await {
            Some(docker) => Ok(Engine { docker, is_own: false }),
            None => Err(RuntimeError::Missing {
                what: format!("a container engine at {}", socket.display()),
                install: "start it, or leave the socket out to have one looked for".into(),
            }),
        };
    }
    let own = own_socket(&config.state);
    if let Some(docker) = connect(&own).await {
        return Ok(Engine { docker, is_own: true });
    }
    if config.start_podman && program("podman").is_some() {
        return Ok(Engine { docker: start(&config.state, config.mirror.as_deref()).await?, is_own: true });
    }
    for socket in usual_sockets() {
        if let Some(docker) = connect(&socket).await {
            return Ok(Engine { docker, is_own: false });
        }
    }
    Err(RuntimeError::Missing {
        what: "a container engine: neither Podman nor a socket of Podman or Docker".into(),
        install: INSTALL.into(),
    })
}

fn usual_sockets() -> Vec<PathBuf> {
    let mut sockets = vec![PathBuf::from("/run/podman/podman.sock")];
    sockets.push(format!("/run/user/{}/podman/podman.sock", rustix::process::geteuid().as_raw()).into());
    sockets.push("/var/run/docker.sock".into());
    sockets
}

/// Where a program is, if it is installed.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".into());
    // Daemons often run without the folders of administrators' programs.
    let folders = std::env::split_paths(&path).chain([
        "/usr/sbin".into(),
        "/sbin".into(),
        "/usr/libexec/podman".into(),
        "/usr/lib/podman".into(),
    ]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

async fn connect(socket: &Path) -> Option<Docker> {
    if !socket.exists() {
        return None;
    }
    let docker = Docker::connect_with_unix(socket.to_str()?, CALL_SECONDS_MAX, API_DEFAULT_VERSION).ok()?;
    let docker = tokio::time::timeout(Duration::from_secs(5), docker.negotiate_version()).await.ok()?.ok()?;
    docker.ping().await.ok().map(|_| docker)
}

pub(super) fn own_socket(state: &Path) -> PathBuf {
    state.join("podman").join("socket")
}

/// Whether nobody listens at a socket: whoever served it died.
pub(super) async fn is_refused(socket: &Path) -> bool {
    let connected = tokio::time::timeout(ANSWER_TIME_MAX, tokio::net::UnixStream::connect(socket)).await;
    let gone = [io::ErrorKind::ConnectionRefused, io::ErrorKind::NotFound];
    matches!(connected, Ok(Err(error)) if gone.contains(&error.kind()))
}

/// Whether an engine at a socket answers.
pub(super) async fn answers(socket: &Path) -> bool {
    let Some(path) = socket.to_str() else { return false };
    let Ok(docker) = Docker::connect_with_unix(path, CALL_SECONDS_MAX, API_DEFAULT_VERSION) else { return false };
    matches!(tokio::time::timeout(ANSWER_TIME_MAX, docker.ping()).await, Ok(Ok(_)))
}

/// Whether a service was started in a folder, and not ended since.
pub(super) fn is_wanted(state: &Path) -> bool {
    state.join("podman/pid").exists()
}

/// Starts `podman system service` in a folder of its own. It outlives this process, as its containers do, and is found again.
pub(super) async fn start(state: &Path, mirror: Option<&str>) -> Result<Docker, RuntimeError> {
    let folder = state.join("podman");
    let failed = |error: io::Error| RuntimeError::failed(format!("preparing Podman in {}", folder.display()), error);
    let conf = folder.join("home/.config/containers");
    // Nobody but this user reaches the socket: who does may do everything.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&conf).map_err(failed)?;
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o711)).map_err(failed)?;
    let socket = own_socket(state);
    let _ = fs::remove_file(&socket);
    for (name, text) in settings(&folder, mirror) {
        fs::write(conf.join(name), text).map_err(failed)?;
    }
    let log = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(folder.join("service.log")).map_err(failed)?;
    share_namespaces().await;
    let mut child = Command::new("podman")
        .args(["system", "service", "--time=0"])
        .arg(format!("unix://{}", socket.display()))
        .env("HOME", folder.join("home"))
        .env("XDG_CONFIG_HOME", folder.join("home/.config"))
        .env("CONTAINERS_CONF", conf.join("containers.conf"))
        .env("CONTAINERS_STORAGE_CONF", conf.join("storage.conf"))
        .env("CONTAINERS_REGISTRIES_CONF", conf.join("registries.conf"))
        // Its monitors write files named `oom` where they stand.
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(failed)?)
        .stderr(log)
        // A Ctrl-C meant for this process is not meant for it.
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    if let Some(pid) = child.id() {
        fs::write(folder.join("pid"), pid.to_string()).map_err(failed)?;
    }
    let until = tokio::time::Instant::now() + START_TIME_MAX;
    while tokio::time::Instant::now() < until {
        if let Some(docker) = connect(&socket).await {
            let _ = fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o600));
            return Ok(docker);
        }
        if let Ok(Some(status)) = child.try_wait() {
            let log = fs::read_to_string(folder.join("service.log")).unwrap_or_default();
            let last = log.lines().next_back().unwrap_or("without a word").to_owned();
            return Err(RuntimeError::failed("podman system service", format!("it ended at once ({status}): {last}")));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let _ = child.start_kill();
    Err(RuntimeError::failed("podman system service", format!("it did not answer within {} s", START_TIME_MAX.as_secs())))
}

/// Lets names of network namespaces be seen in all mount namespaces, as `ip netns` does. Podman's monitors of containers with users of
/// their own have one each, clean up after a container that ended by itself, and where the machine's root is not shared would not find its
/// network otherwise: namespace and cable would be left for ever.
async fn share_namespaces() {
    let names = Path::new("/run/netns");
    if !rustix::process::geteuid().is_root() || fs::create_dir_all(names).is_err() {
        return;
    }
    // What fails here is no reason not to start: then it is as without.
    if run("mount", ["--make-rshared"], &[names]).await.is_err() && run("mount", ["--rbind"], &[names, names]).await.is_ok() {
        let _ = run("mount", ["--make-rshared"], &[names]).await;
    }
}

/// Ends the service that [`start`] began in a folder, if it runs; containers that are left go on. Another process that has its number now
/// is let alone: it does not serve this socket.
pub(super) async fn end(state: &Path) {
    let folder = state.join("podman");
    let Some(pid) = fs::read_to_string(folder.join("pid")).ok().and_then(|text| text.trim().parse::<i32>().ok()) else { return };
    let Some(process) = rustix::process::Pid::from_raw(pid) else { return };
    let _ = fs::remove_file(folder.join("pid"));
    let serves = || {
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains(&*own_socket(state).display().to_string())
    };
    if serves() {
        let _gone = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        for _ in 0..50 {
            if !serves() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    unmount_store(&folder.join("store/overlay")).await;
}

/// Podman mounts its store onto itself and leaves that behind, so that the folder could not be removed. While a container runs from it,
/// it stays.
async fn unmount_store(store: &Path) {
    let store = store.canonicalize().unwrap_or_else(|_| store.to_owned());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    // Spaces in paths are written as numbers there.
    let mounts: Vec<PathBuf> =
        mounts.lines().filter_map(|line| line.split(' ').nth(1)).map(|path| path.replace("\\040", " ").into()).collect();
    let (own, below) = (mounts.contains(&store), mounts.iter().any(|path| *path != store && path.starts_with(&store)));
    if own && !below {
        let _ = Command::new("umount").arg(&store).output().await;
    }
}

fn most(resource: Resource, wanted: u64) -> u64 {
    getrlimit(resource).maximum.map_or(wanted, |maximum| maximum.min(wanted))
}

/// Settings of Podman that work where its defaults may not.
fn settings(folder: &Path, mirror: Option<&str>) -> [(&'static str, String); 5] {
    let folder = folder.display();
    // crun of Debian 12 refuses machines that mount both generations of control groups.
    let hybrid = Path::new("/sys/fs/cgroup/memory").exists() && Path::new("/sys/fs/cgroup/unified").exists();
    let runtime = if program("runc").is_some() && (hybrid || program("crun").is_none()) { "runc" } else { "crun" };
    // No more than this process may have itself: without the right to raise limits a container would not start at all.
    let (files, processes) = (most(Resource::Nofile, 65_536), most(Resource::Nproc, 32_768));
    let containers = format!(
        "[engine]\nruntime = \"{runtime}\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n\
         exit_command_delay = {EXEC_KEPT_SECONDS}\n\
         [network]\nnetwork_backend = \"netavark\"\nnetwork_config_dir = \"{folder}/networks\"\n\
         [containers]\ndefault_ulimits = [\"nofile={files}:{files}\", \"nproc={processes}:{processes}\"]\nlog_driver = \"k8s-file\"\n\
         base_hosts_file = \"none\"\nhost_containers_internal_ip = \"none\"\nseccomp_profile = \"{folder}/home/.config/containers/seccomp.json\"\n"
    );
    let storage = format!("[storage]\ndriver = \"overlay\"\nrunroot = \"{folder}/run\"\ngraphroot = \"{folder}/store\"\n");
    let registries = mirror.map_or_else(String::new, |mirror| {
        let (location, insecure) =
            mirror.strip_prefix("http://").map_or((mirror.trim_start_matches("https://"), false), |rest| (rest, true));
        let host = location.split('/').next().unwrap_or(location);
        format!("[[registry]]\nlocation = \"{host}\"\ninsecure = {insecure}\n")
    });
    let policy = r#"{"default":[{"type":"insecureAcceptAnything"}]}"#.to_owned();
    [
        ("containers.conf", containers),
        ("storage.conf", storage),
        ("registries.conf", registries),
        ("policy.json", policy),
        ("seccomp.json", seccomp::profile()),
    ]
}
