//! Memory that this process can have.

use crate::{
    cgroup::{Generation, chain},
    error::MachineError,
    tree::Tree,
};
use serde::{Deserialize, Serialize};

const MIB: u64 = 1 << 20;

/// Memory in MiB, rounded down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// What the machine has, as far as its kernel uses it.
    pub total_mib: u64,
    /// What new work can have without swapping, as the kernel estimates it.
    pub available_mib: u64,
    /// The least limit of the process's control groups; none without one.
    pub limit_mib: Option<u64>,
    /// What new work of this process can have: what is available, and what each group has left. Pages of files that a group holds count as
    /// taken, so this is rather too little.
    pub usable_mib: u64,
}

/// Source: `MemTotal`, `MemAvailable` of proc_meminfo(5); `memory.max`, `memory.high`, `memory.current`; `memory.limit_in_bytes`, `memory.usage_in_bytes`.
pub(crate) fn memory(tree: &Tree) -> Result<Memory, MachineError> {
    const MEMINFO: &str = "/proc/meminfo";
    let text = tree.needed(MEMINFO)?;
    let field = |name: &'static str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        kib.map(|kib| kib / 1024).ok_or(MachineError::Missing { path: tree.path(MEMINFO), what: name })
    };
    let (total_mib, available_mib) = (field("MemTotal")?, field("MemAvailable")?);
    let Some(chain) = chain(tree, "memory") else {
        return Ok(Memory { total_mib, available_mib, limit_mib: None, usable_mib: available_mib });
    };
    let (limits, usage): (&[&str], &str) = match chain.generation {
        Generation::First => (&["memory.limit_in_bytes"], "memory.usage_in_bytes"),
        Generation::Second => (&["memory.max", "memory.high"], "memory.current"),
    };
    let number = |folder: &str, file: &str| u64::try_from(tree.number(&format!("{folder}/{file}"))?).ok();
    // A limit beyond what the machine has is none; the first generation writes 2^63 so.
    let limit = |folder: &str| {
        let limit = limits.iter().filter_map(|file| number(folder, file)).min()?;
        (limit / MIB < total_mib).then_some(limit)
    };
    let left = |folder: &str| Some(limit(folder)?.saturating_sub(number(folder, usage).unwrap_or(0)) / MIB);
    let limit_mib = chain.values(limit).min().map(|bytes| bytes / MIB);
    let usable_mib = chain.values(left).min().unwrap_or(u64::MAX).min(available_mib);
    Ok(Memory { total_mib, available_mib, limit_mib, usable_mib })
}
