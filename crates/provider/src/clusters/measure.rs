//! What a device claims: at most what its machine was measured to have, less what the hour's work needs beside the claim.

use depin_client::api::ClustersNetwork;
use depin_machine::Machine;
use depin_services::clusters::{ProcessorKind, Profile};

/// Cores that work is drawn for at most, as `depin_challenge::Claim` says.
const CORES_MOST: u32 = 256;
/// Memory that work is drawn for at most, MiB.
const MEMORY_MIB_MOST: u64 = 1 << 20;
/// The part of what is usable that is left to everything else on the machine: an eighth.
const KEPT: u64 = 8;

/// What an owner says about its machine's claim. Nothing of it can make a claim larger than what was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Cores at most.
    pub cores: Option<u32>,
    /// Memory at most, MiB.
    pub memory_mib: Option<u32>,
    /// Disk at most, GiB.
    pub disk_gib: Option<u32>,
    /// Download that is reported, Mbit/s.
    pub download_mbps: u32,
    /// Upload that is reported, Mbit/s.
    pub upload_mbps: u32,
    /// Whether the process runs in a slice of a machine.
    pub slice: bool,
}

/// The profile that a measured machine registers with.
///
/// `cores = min(usable, wish, 256)`; `memory = usable − usable/8 − beside(cores)`, at most the wish, at least 1 MiB, rounded down;
/// `disk = free/2`, in whole GiB. What the work needs beside the claim is the scale's.
pub fn profile(machine: &Machine, network: &ClustersNetwork, wish: &Wish) -> Profile {
    let processors = machine.cores.usable.min(wish.cores.unwrap_or(u32::MAX)).clamp(1, CORES_MOST);
    let beside = network.work.beside_mib(u16::try_from(processors).unwrap_or(u16::MAX));
    let usable = machine.memory.usable_mib;
    let memory = (usable - usable / KEPT).saturating_sub(beside.into());
    let memory = memory.min(wish.memory_mib.map_or(u64::MAX, u64::from)).clamp(1, MEMORY_MIB_MOST);
    let disk = (machine.disk_free_mib / 2 / 1_024).min(wish.disk_gib.map_or(u64::MAX, u64::from));
    Profile {
        kind: ProcessorKind::Cpu,
        processors,
        memory_mib: u32::try_from(memory).unwrap_or(u32::MAX),
        disk_gib: u32::try_from(disk).unwrap_or(u32::MAX),
        download_mbps: wish.download_mbps,
        upload_mbps: wish.upload_mbps,
        slice: wish.slice,
    }
}

/// What a kept claim has that the machine has no more, in words; nothing while all is there.
pub fn shortfall(claimed: &Profile, measured: &Profile) -> Option<String> {
    let parts = [("cores", claimed.processors, measured.processors), ("MiB of memory", claimed.memory_mib, measured.memory_mib)];
    // What is free changes by the minute: a tenth less is no news.
    let short = |claim: u32, has: u32| u64::from(has) * 10 < u64::from(claim) * 9;
    let (what, claim, has) = parts.into_iter().find(|(_, claim, has)| short(*claim, *has))?;
    Some(format!(
        "the device is registered with {claim} {what}, and only {has} are free now: free them before the hour's work, or start with \
         --measure to register what is there; then its uptime begins anew"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: Profile = Profile {
        kind: ProcessorKind::Cpu,
        processors: 4,
        memory_mib: 10_000,
        disk_gib: 1,
        download_mbps: 0,
        upload_mbps: 0,
        slice: false,
    };

    #[test]
    fn a_kept_claim_is_told_apart_from_a_little_less_memory() {
        assert_eq!(shortfall(&CLAIM, &Profile { memory_mib: 9_000, ..CLAIM }), None);
        assert!(shortfall(&CLAIM, &Profile { memory_mib: 8_999, ..CLAIM }).unwrap().contains("8999"));
        assert!(shortfall(&CLAIM, &Profile { processors: 3, ..CLAIM }).unwrap().contains("4 cores"));
    }
}
