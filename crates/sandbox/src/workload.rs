//! What is to run: services with their images, limits, ports, mounts, dependencies and health.

use crate::{error::WorkloadError, names::Name};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, fmt, path::PathBuf, time::Duration};

/// Most services of a workload.
pub const SERVICES_MAX: usize = 64;
/// Most instances of a workload, over all services.
pub const INSTANCES_MAX: usize = 256;
/// Most bytes of a service's command, arguments and environment: what a kernel takes with room to spare.
pub const WORDS_BYTES_MAX: usize = 512 * 1024;
/// Least memory in bytes: below it no runtime starts a process.
pub const MEMORY_BYTES_MIN: u64 = 4 * 1024 * 1024;

/// Services that run together in one room: they reach each other by name, and nobody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// The room: one lease, one job, one hire.
    pub room: Name,
    /// What of the network it has.
    pub network: Network,
    /// Its services.
    pub services: Vec<Service>,
}

/// What of the network a room has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    /// Nothing but its own loopback, one for each instance.
    Nothing,
    /// Its services reach each other; ports lead in.
    #[default]
    Private,
    /// As private, and out to public addresses.
    Outbound,
}

/// One program in as many replicas as asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name, which is its host name in the room.
    pub name: Name,
    /// The image.
    pub image: Image,
    /// Run instead of the image's entry point.
    pub command: Option<Vec<String>>,
    /// Its arguments, instead of the image's.
    pub args: Option<Vec<String>>,
    /// The environment. May hold secrets.
    pub env: Vec<Variable>,
    /// How many of it run.
    pub replicas: u32,
    /// What each may take.
    pub limits: Limits,
    /// Ports that lead in.
    pub ports: Vec<Port>,
    /// Folders.
    pub mounts: Vec<Mount>,
    /// Services that must be healthy before it starts.
    pub depends_on: Vec<Name>,
    /// How it is told that it is well; without, running is well.
    pub health: Option<Health>,
    /// What follows when it ends.
    pub restart: Restart,
    /// Whether it may write to its root. What it writes counts as ephemeral storage.
    pub writable_root: bool,
    /// How long it may take to end when asked to.
    pub stop_grace: Duration,
}

impl Service {
    /// A service of one replica with bounds that suit a small program.
    pub fn new(name: Name, image: Image) -> Self {
        Self {
            name,
            image,
            command: None,
            args: None,
            env: Vec::new(),
            replicas: 1,
            limits: Limits::default(),
            ports: Vec::new(),
            mounts: Vec::new(),
            depends_on: Vec::new(),
            health: None,
            restart: Restart::Always,
            writable_root: false,
            stop_grace: Duration::from_secs(10),
        }
    }

    /// A digest of all that a container is made of: another one is another container.
    pub fn digest(&self) -> String {
        // A struct of plain values always has a JSON form; order of fields is that of the definition.
        let json = serde_json::to_vec(self).unwrap_or_default();
        hex::encode(&Sha256::digest(json)[..16])
    }
}

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Image {
    /// A reference as `docker.io/library/nginx:1.27` or `localhost/web:1`.
    Reference(String),
    /// An OCI archive on this machine, which the provider put there; never a path that a tenant wrote.
    Archive(PathBuf),
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference(reference) => f.write_str(reference),
            Self::Archive(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A variable of the environment; its value is in no message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// The value, perhaps a secret.
    pub value: String,
}

impl Variable {
    /// Of a name and a value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// Secrets stay out of logs.
impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=…", self.name)
    }
}

/// What one instance may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Thousandths of a CPU.
    pub cpu_milli: u32,
    /// Bytes of memory, with what it keeps in memory file systems; no swap comes on top.
    pub memory_bytes: u64,
    /// Processes and threads.
    pub pids: u32,
    /// Bytes that it may write outside of its volumes, with its logs.
    pub ephemeral_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cpu_milli: 500, memory_bytes: 256 << 20, pids: 256, ephemeral_bytes: 512 << 20 }
    }
}

/// The transport of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Proto {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl fmt::Display for Proto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// A port of the container and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// The container's port.
    pub container: u16,
    /// Its transport.
    pub proto: Proto,
    /// Where it is reached from.
    pub reach: Reach,
}

/// Where a port is reached from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// From this machine's loopback, at a port that is free: for an ingress in front of it.
    Loopback,
    /// From everywhere, at this port or, with none, at one that is free.
    Machine(Option<u16>),
}

/// A folder in the container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Its name in the service.
    pub name: Name,
    /// An absolute path in the container.
    pub path: String,
    /// Whether it may only be read.
    pub read_only: bool,
    /// What is there.
    pub source: Source,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A volume of so many bytes that outlives its container and ends with its room; one for each replica.
    Persistent {
        /// Its size.
        bytes: u64,
    },
    /// Memory of so many bytes, which count as memory.
    Memory {
        /// Its size.
        bytes: u64,
    },
    /// A folder of this machine that the provider chose; never a path that a tenant wrote.
    Folder(PathBuf),
}

/// How a service is told to be well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// What is tried.
    pub probe: Probe,
    /// Time between tries.
    pub every: Duration,
    /// Failures in a row after which it is not well; after so many again it is started anew.
    pub failures: u32,
    /// Time after a start in which failures do not count.
    pub start_period: Duration,
}

impl Health {
    /// A probe every 5 s, of which three in a row may not fail, after 30 s to start.
    pub const fn new(probe: Probe) -> Self {
        Self { probe, every: Duration::from_secs(5), failures: 3, start_period: Duration::from_secs(30) }
    }
}

/// What is tried to know whether a service is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Probe {
    /// A TCP port that takes connections.
    Tcp(u16),
    /// A command in the container that ends with 0.
    Command(Vec<String>),
}

/// What follows when a service ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Restart {
    /// It is started again.
    #[default]
    Always,
    /// It is started again unless it ended with 0.
    OnFailure,
    /// Nothing.
    Never,
}

impl Workload {
    /// Whether it can be run at all, by any runtime.
    ///
    /// - Errors: the first fault: counts, then names used twice, then each service's fields, then dependencies.
    pub fn check(&self) -> Result<(), WorkloadError> {
        if self.services.is_empty() {
            return Err(WorkloadError::Empty);
        }
        bounded("services", self.services.len(), SERVICES_MAX)?;
        let instances = self.services.iter().map(|service| service.replicas as usize).fold(0, usize::saturating_add);
        bounded("instances", instances, INSTANCES_MAX)?;
        once("service", self.services.iter().map(|service| service.name.to_string()))?;
        let fixed = self.services.iter().flat_map(|service| &service.ports).filter_map(|port| match port.reach {
            Reach::Machine(Some(number)) => Some(format!("{number}/{}", port.proto)),
            _ => None,
        });
        once("port", fixed)?;
        self.services.iter().try_for_each(Service::check)?;
        self.check_network()?;
        self.check_dependencies()
    }

    /// The service of a name.
    pub fn service(&self, name: &Name) -> Option<&Service> {
        self.services.iter().find(|service| service.name == *name)
    }

    /// Without a network no port leads in, and no probe reaches one.
    fn check_network(&self) -> Result<(), WorkloadError> {
        if self.network != Network::Nothing {
            return Ok(());
        }
        for service in &self.services {
            let probed = matches!(&service.health, Some(Health { probe: Probe::Tcp(_), .. }));
            if probed || !service.ports.is_empty() {
                let field = if probed { "health" } else { "ports" };
                let allowed = "a room without network has none; give it the private network, or probe by a command";
                return Err(WorkloadError::Field { service: service.name.to_string(), field, got: "a port".into(), allowed });
            }
        }
        Ok(())
    }

    fn check_dependencies(&self) -> Result<(), WorkloadError> {
        for service in &self.services {
            if let Some(on) = service.depends_on.iter().find(|on| self.service(on).is_none()) {
                return Err(WorkloadError::UnknownDependency { service: service.name.to_string(), on: on.to_string() });
            }
        }
        // Whatever can start is taken away until nothing is left, or nothing can.
        let mut left: Vec<&Service> = self.services.iter().collect();
        loop {
            let names: BTreeSet<&Name> = left.iter().map(|service| &service.name).collect();
            let before = left.len();
            left.retain(|service| service.depends_on.iter().any(|on| names.contains(on)));
            if left.is_empty() {
                return Ok(());
            }
            if left.len() == before {
                let circle: Vec<_> = left.iter().map(|service| service.name.as_str()).collect();
                return Err(WorkloadError::Circle { circle: circle.join(", ") });
            }
        }
    }
}

impl Service {
    fn check(&self) -> Result<(), WorkloadError> {
        let refuse =
            |field, got: String, allowed| Err(WorkloadError::Field { service: self.name.to_string(), field, got, allowed });
        let limits = &self.limits;
        match self {
            _ if self.replicas == 0 => return refuse("replicas", "0".into(), "1 or more are"),
            _ if limits.cpu_milli < 10 => {
                return refuse("limits.cpu_milli", limits.cpu_milli.to_string(), "10 or more, a hundredth of a CPU");
            }
            _ if limits.memory_bytes < MEMORY_BYTES_MIN || limits.memory_bytes > i64::MAX as u64 => {
                return refuse("limits.memory_bytes", limits.memory_bytes.to_string(), "4 MiB or more, below 2^63");
            }
            _ if limits.pids == 0 => return refuse("limits.pids", "0".into(), "1 or more"),
            _ if limits.ephemeral_bytes == 0 => return refuse("limits.ephemeral_bytes", "0".into(), "1 or more"),
            _ if self.stop_grace > Duration::from_secs(600) => {
                return refuse("stop_grace", format!("{} s", self.stop_grace.as_secs()), "at most 600 s");
            }
            _ => {}
        }
        if let Some(bad) = self.env.iter().find(|variable| !is_variable(&variable.name) || variable.value.contains('\0')) {
            return refuse("env", bad.name.clone(), "a name without `=`, spaces or zero bytes, and a value without zero bytes");
        }
        let words = self.command.iter().chain(&self.args).flatten();
        if words.clone().any(|word| word.contains('\0')) {
            return refuse("command", "a word with a zero byte".into(), "words are text without zero bytes");
        }
        let bytes = words.map(String::len).chain(self.env.iter().map(|v| v.name.len() + v.value.len() + 1)).sum();
        bounded("bytes of command, arguments and environment in one service", bytes, WORDS_BYTES_MAX)?;
        if let Some(port) = self.ports.iter().find(|port| port.container == 0) {
            return refuse("ports", port.container.to_string(), "1 to 65535");
        }
        if self.replicas > 1 && self.ports.iter().any(|port| matches!(port.reach, Reach::Machine(Some(_)))) {
            return refuse(
                "ports",
                format!("one port of the machine for {} replicas", self.replicas),
                "leave the machine's port out, or have one replica",
            );
        }
        once("port", self.ports.iter().map(|port| format!("{}/{}", port.container, port.proto)))?;
        once("mount", self.mounts.iter().map(|mount| mount.name.to_string()))?;
        once("mount", self.mounts.iter().map(|mount| mount.path.trim_end_matches('/').to_owned()))?;
        match self.mounts.iter().find(|mount| !is_mount_path(&mount.path)) {
            Some(mount) => refuse(
                "mounts",
                mount.path.clone(),
                "an absolute path below /, without `.`, `..`, `:`, `,`, not in /proc, /sys or /dev but for /dev/shm",
            ),
            None => Ok(()),
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0']) && !name.contains(char::is_whitespace)
}

fn is_mount_path(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    let plain = parts.iter().all(|part| !part.is_empty() && *part != "." && *part != "..");
    let kernel = matches!(parts[0], "proc" | "sys" | "dev") && parts != ["dev", "shm"];
    // Colons and commas would begin options in the way that runtimes write mounts.
    plain && !kernel && !path.contains(['\0', ':', ',']) && path.len() <= 1024
}

fn bounded(what: &'static str, got: usize, limit: usize) -> Result<(), WorkloadError> {
    if got > limit { Err(WorkloadError::TooMany { what, got, limit }) } else { Ok(()) }
}

fn once(what: &'static str, names: impl Iterator<Item = String>) -> Result<(), WorkloadError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.clone()) {
            return Err(WorkloadError::Twice { what, name });
        }
    }
    Ok(())
}
