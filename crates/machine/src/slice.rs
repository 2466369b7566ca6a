//! Slices: parts of one machine by control groups, that each look like a machine of their own to what measures there.
//!
//! They are for networks that run on one machine, where the network's file permits them. A slice is marked by whoever makes it: nothing
//! here hides that they are one machine, and [`crate::Identity`] is the same in all of them.

use crate::{cgroup::Generation, error::MachineError, machine::Machine};
use std::path::{Path, PathBuf};

/// Microseconds of a quota's period, as the kernel's default.
const PERIOD_US: u64 = 100_000;
/// The least slice: a tenth of a core, 64 MiB.
const LEAST_MILLI: u64 = 100;
const LEAST_MIB: u64 = 64;
/// Parts of a machine that are kept from slices, for the rest of it: an eighth of the memory.
const KEPT: u64 = 8;

/// A part of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    name: String,
    /// Its quota, in thousandths of a core.
    pub cores_milli: u64,
    /// Its memory, MiB.
    pub memory_mib: u64,
}

impl Slice {
    /// Cuts what is usable of a machine into equal parts, rounded down; an eighth of the memory is kept back.
    ///
    /// Order of refusals: name, room.
    pub fn plan(name: &str, machine: &Machine, slices: u16) -> Result<Vec<Self>, MachineError> {
        if !(1..=32).contains(&name.len()) || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(MachineError::Name(name.chars().take(64).collect()));
        }
        let cores_milli = machine.cores.quota_milli.unwrap_or(u64::MAX).min(u64::from(machine.cores.allowed) * 1000);
        let memory_mib = machine.memory.usable_mib - machine.memory.usable_mib / KEPT;
        let most = (cores_milli / LEAST_MILLI).min(memory_mib / LEAST_MIB);
        if slices == 0 || u64::from(slices) > most {
            let (least_milli, least_mib) = (LEAST_MILLI, LEAST_MIB);
            return Err(MachineError::Slices { asked: slices, cores_milli, memory_mib, least_milli, least_mib, most });
        }
        let part = |number| Self {
            name: format!("{name}-{number}"),
            cores_milli: cores_milli / u64::from(slices),
            memory_mib: memory_mib / u64::from(slices),
        };
        Ok((1..=slices).map(part).collect())
    }

    /// The group's folder's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Files and what is written into each, in order, below the mount of control groups.
    pub fn files(&self, generation: Generation) -> Vec<(PathBuf, String)> {
        let quota = self.cores_milli * PERIOD_US / 1000;
        let bytes = self.memory_mib << 20;
        let file = |parts: [&str; 2], text: String| (parts.iter().collect::<PathBuf>(), text);
        match generation {
            Generation::First => {
                let (cpu, memory) = (format!("cpu/{}", self.name), format!("memory/{}", self.name));
                vec![
                    file([&cpu, "cpu.cfs_period_us"], PERIOD_US.to_string()),
                    file([&cpu, "cpu.cfs_quota_us"], quota.to_string()),
                    file([&memory, "memory.limit_in_bytes"], bytes.to_string()),
                ]
            }
            Generation::Second => vec![
                file([&self.name, "cpu.max"], format!("{quota} {PERIOD_US}")),
                file([&self.name, "memory.max"], bytes.to_string()),
                file([&self.name, "memory.swap.max"], "0".to_owned()),
            ],
        }
    }

    /// Makes the group below `root`, the mount of control groups. A group that is there already gets these limits.
    pub fn make(&self, root: &Path, generation: Generation) -> Result<(), MachineError> {
        let write = |path: PathBuf, text: &str| std::fs::write(&path, text).map_err(|error| MachineError::Write { path, error });
        for folder in self.folders(root, generation) {
            std::fs::create_dir_all(&folder).map_err(|error| MachineError::Write { path: folder, error })?;
        }
        if generation == Generation::Second {
            write(root.join("cgroup.subtree_control"), "+cpu +memory")?;
        }
        for (file, text) in self.files(generation) {
            // Kernels that do not count swap have no such file.
            if file.ends_with("memory.swap.max") && !root.join(&file).exists() {
                continue;
            }
            write(root.join(file), &text)?;
        }
        Ok(())
    }

    /// Puts a process into the group; all that it starts from then on is in it.
    pub fn enter(&self, root: &Path, generation: Generation, process: u32) -> Result<(), MachineError> {
        for folder in self.folders(root, generation) {
            let path = folder.join("cgroup.procs");
            std::fs::write(&path, process.to_string()).map_err(|error| MachineError::Write { path, error })?;
        }
        Ok(())
    }

    /// Removes the group, which nobody may be in.
    pub fn remove(&self, root: &Path, generation: Generation) -> Result<(), MachineError> {
        for folder in self.folders(root, generation) {
            match std::fs::remove_dir(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(MachineError::Write { path: folder, error });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn folders(&self, root: &Path, generation: Generation) -> Vec<PathBuf> {
        match generation {
            Generation::First => vec![root.join("cpu").join(&self.name), root.join("memory").join(&self.name)],
            Generation::Second => vec![root.join(&self.name)],
        }
    }
}
