//! Control groups of either generation: limits of a sandbox, what it takes, and who is in it.

use crate::{error::RuntimeError, runtime::Usage, workload::Limits};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

const ROOT: &str = "/sys/fs/cgroup";
const PARENT: &str = "depin_sandbox";
/// Controllers of the first generation that are used; each may be mounted by itself.
const CONTROLLERS: [&str; 4] = ["memory", "cpu", "cpuacct", "pids"];

/// A group of one sandbox.
#[derive(Clone, Debug)]
pub(super) enum Cgroup {
    /// One folder in each controller.
    First(PathBuf),
    /// One folder.
    Second(PathBuf),
}

/// Whether limits can be set here; else why not.
pub(super) fn try_it() -> Result<(), String> {
    let group = Cgroup::named("trial");
    let made = group.make(&Limits::default()).map_err(|error| error.to_string());
    group.remove().map_err(|error| error.to_string())?;
    made
}

impl Cgroup {
    pub(super) fn named(name: &str) -> Self {
        let root = Path::new(ROOT);
        if root.join("cgroup.controllers").exists() {
            return Self::Second(root.join(PARENT).join(name));
        }
        Self::First(Path::new(PARENT).join(name))
    }

    fn folder(&self, controller: &str) -> PathBuf {
        match self {
            Self::First(name) => Path::new(ROOT).join(controller).join(name),
            Self::Second(folder) => folder.clone(),
        }
    }

    fn folders(&self) -> Vec<PathBuf> {
        match self {
            Self::First(_) => CONTROLLERS.map(|controller| self.folder(controller)).into(),
            Self::Second(folder) => vec![folder.clone()],
        }
    }

    /// Files that a process writes its number to in order to join.
    pub(super) fn doors(&self) -> Vec<PathBuf> {
        self.folders().iter().map(|folder| folder.join("cgroup.procs")).collect()
    }

    /// Makes the group with its limits.
    pub(super) fn make(&self, limits: &Limits) -> Result<(), RuntimeError> {
        let failed = |path: &Path, error: io::Error| RuntimeError::failed(format!("setting limits in {}", path.display()), error);
        let set = |controller: &str, file: &str, value: String| {
            let path = self.folder(controller).join(file);
            fs::write(&path, value).map_err(|error| failed(&path, error))
        };
        if let Self::Second(folder) = self {
            let parent = folder.parent().unwrap_or(Path::new(ROOT));
            fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
            for above in [Path::new(ROOT), parent] {
                let path = above.join("cgroup.subtree_control");
                fs::write(&path, "+cpu +memory +pids").map_err(|error| failed(&path, error))?;
            }
        }
        for folder in self.folders() {
            fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
        }
        let quota = u64::from(limits.cpu_milli) * 100;
        let memory = limits.memory_bytes.to_string();
        match self {
            Self::First(_) => {
                set("memory", "memory.limit_in_bytes", memory.clone())?;
                // Missing where the kernel does not count swap.
                let _ = set("memory", "memory.memsw.limit_in_bytes", memory);
                set("cpu", "cpu.cfs_period_us", "100000".into())?;
                set("cpu", "cpu.cfs_quota_us", quota.to_string())?;
            }
            Self::Second(_) => {
                set("memory", "memory.max", memory)?;
                let _ = set("memory", "memory.swap.max", "0".into());
                set("cpu", "cpu.max", format!("{quota} 100000"))?;
            }
        }
        set("pids", "pids.max", limits.pids.to_string())
    }

    fn members(&self) -> Vec<Pid> {
        let text = fs::read_to_string(self.folder("memory").join("cgroup.procs")).unwrap_or_default();
        text.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?)).collect()
    }

    /// Whether the kernel ended anybody for want of memory.
    pub(super) fn is_out_of_memory(&self) -> bool {
        let file = match self {
            Self::First(_) => "memory.oom_control",
            Self::Second(_) => "memory.events",
        };
        self.field("memory", file, "oom_kill").is_some_and(|count| count > 0)
    }

    fn field(&self, controller: &str, file: &str, key: &str) -> Option<u64> {
        let text = fs::read_to_string(self.folder(controller).join(file)).ok()?;
        let mut lines = text.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(name, _)| *name == key)?.1.trim().parse().ok()
    }

    fn number(&self, controller: &str, file: &str) -> u64 {
        let text = fs::read_to_string(self.folder(controller).join(file)).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    }

    pub(super) fn usage(&self) -> Usage {
        let (memory_bytes, cpu_nanos) = match self {
            Self::First(_) => (self.number("memory", "memory.usage_in_bytes"), self.number("cpuacct", "cpuacct.usage")),
            Self::Second(_) => {
                let micros = self.field("cpu", "cpu.stat", "usage_usec").unwrap_or(0);
                (self.number("memory", "memory.current"), micros.saturating_mul(1000))
            }
        };
        Usage { cpu_nanos, memory_bytes, pids: self.number("pids", "pids.current") }
    }

    /// Kills everybody in it, until nobody is left.
    pub(super) async fn kill(&self) -> Result<(), RuntimeError> {
        for _ in 0..500 {
            let members = self.members();
            if members.is_empty() {
                return Ok(());
            }
            for pid in members {
                // Whoever ended meanwhile needs no killing.
                let _ = kill_process(pid, Signal::KILL);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(RuntimeError::failed("killing a sandbox", format!("{} processes do not end", self.members().len())))
    }

    /// Removes the group; nobody may be in it.
    pub(super) fn remove(&self) -> Result<(), RuntimeError> {
        for folder in self.folders() {
            match fs::remove_dir(&folder) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(RuntimeError::failed(format!("removing {}", folder.display()), error)),
            }
        }
        Ok(())
    }
}
