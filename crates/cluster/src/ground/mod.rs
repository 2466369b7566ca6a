//! Where nodes run: sandboxes of this machine by bubblewrap, each with limits, a loopback of its own and nothing else of a network, the programs
//! of the machine's `/usr` to read, and one folder of bounded size to write.
//!
//! In: a node and what it is to run. Out: a sandbox that runs, or why not; its network; after a crash, what is left. Called by the backends.
//! Absent on purpose: other ways in: no port leads to a sandbox but a [`Space`](crate::space::Space), and nothing leads out but tunnels.

mod image;

use crate::{
    error::ClusterError,
    plan::{NodeId, NodeLimits},
    space::Space,
};
use depin_sandbox::{
    BwrapConfig, BwrapRuntime, Image, InstanceId, Limits, LogOptions, Mount, Name, Network, OutputStream, Restart, RoomStatus,
    Runtime as _, Service, Settings, Source, State, Supervisor, Usage, Variable, Workload,
};
use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How long a sandbox may take until its program runs.
const START_TIME_MAX: Duration = Duration::from_secs(60);
/// How long a node's programs may take to end when asked to.
const STOP_GRACE: Duration = Duration::from_secs(3);
/// What a node may write outside of its folder: what it prints.
const PRINTED_BYTES_MAX: u64 = 256 << 20;
/// The folder that a node may write to, inside.
pub(crate) const WORK: &str = "/work";
/// Where the daemon says inside that the way to other nodes is open.
const GATE: &str = "/run/cluster";
/// Waits for that, then becomes the command. Whatever runs finds all other nodes' addresses open from its first moment.
const WAIT: &str = "mkdir -p /work/tmp && until [ -e /run/cluster/open ]; do sleep 0.05; done && cd /work && exec \"$@\"";

/// What a node runs.
pub(crate) struct Job {
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    /// Its environment; may hold secrets.
    pub(crate) env: Vec<(String, String)>,
    /// Folders of this machine that it reads, at the same path inside.
    pub(crate) reads: Vec<PathBuf>,
    /// Whether the machine's `/usr/local` is shown: what an administrator put there is nobody else's business.
    pub(crate) local: bool,
    /// Bytes of shared memory.
    pub(crate) shared_bytes: u64,
}

/// Sandboxes of this daemon's nodes.
pub(crate) struct Ground {
    runtime: Arc<BwrapRuntime>,
    supervisor: Supervisor,
    image: PathBuf,
    /// An empty folder.
    nothing: PathBuf,
    gates: PathBuf,
}

impl Ground {
    /// - Errors: [`depin_sandbox::RuntimeError::Missing`] with what to install; [`ClusterError::Missing`] without root.
    pub(crate) async fn open(provider: Name, state: &Path, slots: Option<PathBuf>) -> Result<Self, ClusterError> {
        if !rustix::process::geteuid().is_root() {
            let what = "nodes of clusters need networks and limits of their own, which takes root".to_owned();
            return Err(ClusterError::Missing { what, install: "run the daemon as root".to_owned() });
        }
        let mut config = BwrapConfig::new(provider, state.join("sandboxes"));
        config.slots = slots.unwrap_or(config.slots);
        let (nothing, gates, image) = (state.join("nothing"), state.join("gates"), state.join("machine.oci"));
        for folder in [&nothing, &gates] {
            fs::create_dir_all(folder).map_err(ClusterError::file("making", folder))?;
        }
        // Written anew at each start: what the machine's folders look like may have changed.
        image::write(&image).map_err(ClusterError::file("writing", &image))?;
        let runtime = Arc::new(BwrapRuntime::open(config).await?);
        let supervisor = Supervisor::new(Arc::clone(&runtime) as Arc<dyn depin_sandbox::Runtime>, Settings::default());
        Ok(Self { runtime, supervisor, image, nothing, gates })
    }

    fn gate(&self, id: NodeId) -> PathBuf {
        self.gates.join(id.room().as_str())
    }

    /// Starts a node's sandbox and waits until its program runs: it waits itself until [`Ground::begin`].
    pub(crate) async fn start(&self, id: NodeId, limits: &NodeLimits, job: Job) -> Result<Space, ClusterError> {
        let gate = self.gate(id);
        let made = fs::create_dir_all(&gate).and_then(|()| fs::set_permissions(&gate, fs::Permissions::from_mode(0o755)));
        made.map_err(ClusterError::file("making", &gate))?;
        let workload = self.workload(id, limits, job);
        self.supervisor.deploy(workload).await?;
        self.settled(id).await?;
        self.space(id)
    }

    /// Waits until a sandbox runs.
    async fn settled(&self, id: NodeId) -> Result<(), ClusterError> {
        let is_settled = |status: &RoomStatus| {
            status.problem.is_some()
                || status.instances.first().is_some_and(|one| !matches!(one.status.state, State::Waiting | State::Starting))
        };
        let (status, _) = self.supervisor.wait(&id.room(), START_TIME_MAX, is_settled).await;
        match status.instances.first() {
            Some(one) if one.status.state == State::Healthy => Ok(()),
            one => {
                let reason = one.map(|one| format!("{}: {}", one.status.state, one.status.reason));
                let why = status.problem.or(reason).unwrap_or_else(|| "it was not started".to_owned());
                Err(ClusterError::Ended { id, why })
            }
        }
    }

    /// Its network.
    pub(crate) fn space(&self, id: NodeId) -> Result<Space, ClusterError> {
        Ok(Space::new(self.runtime.network(&instance(id))?))
    }

    /// Lets a node's program begin.
    pub(crate) fn begin(&self, id: NodeId) -> Result<(), ClusterError> {
        let path = self.gate(id).join("open");
        fs::write(&path, []).map_err(ClusterError::file("writing", path))
    }

    /// Why a node's program does not run, if so.
    pub(crate) fn ended(&self, id: NodeId) -> Option<String> {
        let Some(status) = self.supervisor.status(&id.room()) else { return Some("it is not here".to_owned()) };
        let one = status.instances.first()?;
        match one.status.state {
            State::Waiting | State::Starting | State::Healthy => None,
            state if one.status.reason.is_empty() => Some(state.to_string()),
            state => Some(format!("{state}: {}", one.status.reason)),
        }
    }

    /// Resolves when a node's program has ended.
    pub(crate) async fn until_ended(&self, id: NodeId) {
        let is_over = |status: &RoomStatus| {
            let is_up = |state| matches!(state, State::Waiting | State::Starting | State::Healthy);
            status.instances.first().is_none_or(|one| !is_up(one.status.state))
        };
        if let Some(mut told) = self.supervisor.watch(&id.room()) {
            // An error is an end: nobody looks after the room any more.
            let _ = told.wait_for(is_over).await;
        }
    }

    /// What it takes.
    pub(crate) async fn usage(&self, id: NodeId) -> Result<Usage, ClusterError> {
        Ok(self.runtime.usage(&instance(id)).await?)
    }

    /// What it prints.
    pub(crate) async fn logs(&self, id: NodeId, options: LogOptions) -> Result<OutputStream, ClusterError> {
        Ok(self.runtime.logs(&instance(id), options).await?)
    }

    /// Removes a node to the last process and folder. One that is not there is removed.
    pub(crate) async fn remove(&self, id: NodeId) -> Result<(), ClusterError> {
        // Asked first: programs that end themselves leave nothing half written for who reads the logs meanwhile.
        self.runtime.stop(&instance(id), STOP_GRACE).await?;
        self.supervisor.close(&id.room()).await?;
        let gate = self.gate(id);
        match fs::remove_dir_all(&gate) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ClusterError::file("removing", gate)(error)),
            _ => Ok(()),
        }
    }

    /// After a start: takes over a node that still runs.
    pub(crate) async fn adopt(&self, id: NodeId, limits: &NodeLimits, job: Job) -> Result<Space, ClusterError> {
        let workload = self.workload(id, limits, job);
        let found = self.runtime.list().await?.instances.into_iter().find(|found| found.id == instance(id));
        let lost = |why: &str| ClusterError::Ended { id, why: why.to_owned() };
        let found = found.filter(|_| self.runtime.network(&instance(id)).is_ok());
        let found = found.ok_or_else(|| lost("it ended while this daemon was away"))?;
        // One that was started otherwise would be started anew, and others would take it for the one that they know.
        if workload.services.iter().any(|service| service.digest() != found.digest) {
            return Err(lost("it was started with another Ray or other settings than this daemon has now"));
        }
        self.supervisor.take_over(vec![workload]).await?;
        self.settled(id).await?;
        self.space(id)
    }

    /// Removes everything of this daemon's that is of none of these nodes; gives the rooms.
    pub(crate) async fn sweep(&self, keep: &BTreeSet<NodeId>) -> Result<Vec<Name>, ClusterError> {
        let rooms: BTreeSet<Name> = keep.iter().map(|id| id.room()).collect();
        let closed = self.supervisor.sweep(&rooms).await?;
        let entries = fs::read_dir(&self.gates).map_err(ClusterError::file("reading", &self.gates))?;
        for entry in entries {
            let entry = entry.map_err(ClusterError::file("reading", &self.gates))?;
            let is_kept =
                entry.file_name().to_str().and_then(|name| Name::new(name).ok()).is_some_and(|name| rooms.contains(&name));
            if !is_kept {
                fs::remove_dir_all(entry.path()).map_err(ClusterError::file("removing", entry.path()))?;
            }
        }
        Ok(closed)
    }

    fn workload(&self, id: NodeId, limits: &NodeLimits, job: Job) -> Workload {
        let mut service = Service::new(node(), Image::Archive(self.image.clone()));
        let wait = ["/bin/sh", "-c", WAIT, "sh"].map(str::to_owned);
        service.command = Some(wait.into_iter().chain(job.command).collect());
        let own = [("HOME", WORK), ("TMPDIR", "/work/tmp"), ("LANG", "C.UTF-8"), ("PATH", "/usr/bin:/bin")];
        service.env = own.map(|(name, value)| Variable::new(name, value)).into();
        service.env.extend(job.env.into_iter().map(|(name, value)| Variable::new(name, value)));
        service.limits = Limits {
            cpu_milli: limits.cpus.saturating_mul(1_000),
            memory_bytes: limits.memory_bytes,
            pids: limits.processes,
            ephemeral_bytes: PRINTED_BYTES_MAX,
        };
        // A node that ended is not the one that others know: whether the hire goes on is not for this daemon to say.
        service.restart = Restart::Never;
        service.stop_grace = STOP_GRACE;
        service.mounts = mounts(limits, &job.reads, job.local, job.shared_bytes, &self.nothing, &self.gate(id));
        Workload { room: id.room(), network: Network::Nothing, services: vec![service] }
    }
}

fn node() -> Name {
    Name::new("node").expect("`node` is a name")
}

fn instance(id: NodeId) -> InstanceId {
    InstanceId::new(id.room(), node(), 0)
}

/// What is mounted, the outer before the inner.
fn mounts(limits: &NodeLimits, reads: &[PathBuf], local: bool, shared_bytes: u64, nothing: &Path, gate: &Path) -> Vec<Mount> {
    let mut mounts = Vec::new();
    let mut add = |path: &str, read_only, source| {
        let name = Name::new(format!("m{}", mounts.len())).expect("a letter and a number are a name");
        mounts.push(Mount { name, path: path.to_owned(), read_only, source });
    };
    for folder in image::machine_folders() {
        add(folder, true, Source::Folder(folder.into()));
    }
    if !local && Path::new("/usr/local").is_dir() {
        add("/usr/local", true, Source::Folder(nothing.to_owned()));
    }
    for folder in reads {
        add(&folder.to_string_lossy(), true, Source::Folder(folder.clone()));
    }
    if shared_bytes > 0 {
        add("/dev/shm", false, Source::Memory { bytes: shared_bytes });
    }
    add(GATE, true, Source::Folder(gate.to_owned()));
    add(WORK, false, Source::Persistent { bytes: limits.disk_bytes });
    mounts
}
