//! All that is measured, together.

use crate::{
    cores::{Cores, cores},
    error::MachineError,
    identity::{Identity, identity},
    memory::{Memory, memory},
    tree::Tree,
    virtualisation::{Hint, hints},
};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The processor, as it names itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processor {
    /// `model name`, or implementer and part where there is none, as on ARM.
    pub model: String,
    /// Distinct packages that the kernel numbers; one where it numbers none.
    pub sockets: u32,
}

/// A machine, as the measuring process may use it. Made by [`Machine::measure`] only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Cores.
    pub cores: Cores,
    /// Memory.
    pub memory: Memory,
    /// Free space of the disk, MiB, that unprivileged processes can have.
    pub disk_free_mib: u64,
    /// The processor.
    pub processor: Processor,
    /// By what it is known again.
    pub identity: Identity,
    /// Signs of virtual machines and containers.
    pub hints: Vec<Hint>,
}

impl Machine {
    /// Measures. `root` is `/`, or a tree of a test; `disk` is a folder of the disk that is offered, outside of the root's tree.
    pub fn measure(root: &Path, disk: &Path) -> Result<Self, MachineError> {
        let tree = Tree::new(root);
        let space =
            rustix::fs::statvfs(disk).map_err(|error| MachineError::Disk { path: disk.to_owned(), error: error.into() })?;
        Ok(Self {
            cores: cores(&tree)?,
            memory: memory(&tree)?,
            disk_free_mib: ((u128::from(space.f_bavail) * u128::from(space.f_frsize)) >> 20) as u64,
            processor: processor(&tree)?,
            identity: identity(&tree),
            hints: hints(&tree),
        })
    }
}

fn processor(tree: &Tree) -> Result<Processor, MachineError> {
    let text = tree.needed("/proc/cpuinfo")?;
    let fields = |name: &'static str| {
        text.lines().filter_map(move |line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name).then(|| value.trim().chars().filter(|letter| !letter.is_control()).take(80).collect::<String>())
        })
    };
    let arm = || {
        let (implementer, part) = (fields("CPU implementer").next()?, fields("CPU part").next()?);
        Some(format!("ARM implementer {implementer} part {part}"))
    };
    let model = fields("model name").find(|name| !name.is_empty()).or_else(arm).or_else(|| fields("cpu").next());
    let sockets: std::collections::BTreeSet<String> = fields("physical id").collect();
    Ok(Processor {
        model: model.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        sockets: u32::try_from(sockets.len()).unwrap_or(u32::MAX).max(1),
    })
}
