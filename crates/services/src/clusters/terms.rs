//! What devices say of themselves, and what hirers ask for.

use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::Money;
use depin_quantity::{ContentHash, Name, UnitId};
use serde::{Deserialize, Serialize};

/// What the processors of a device are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessorKind {
    /// Cores of CPUs.
    Cpu,
    /// GPUs.
    Gpu,
}

/// What a device says it is. Processors and memory are proved every hour; nothing is paid for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Profile {
    /// What its processors are.
    pub kind: ProcessorKind,
    /// Cores, or GPUs.
    pub processors: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Free disk in GiB, as reported.
    pub disk_gib: u32,
    /// Download in Mbit/s, as reported.
    pub download_mbps: u32,
    /// Upload in Mbit/s, as reported.
    pub upload_mbps: u32,
    /// Whether it is a slice of a machine, by quota: only networks for development take those.
    pub slice: bool,
}

/// What an owner says about a device.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct DeviceTerms {
    /// What it is.
    pub profile: Profile,
    /// Where its daemon answers hirers; empty where it cannot be reached.
    pub url: String,
    /// What an hour of it costs, in each currency that its owner takes, one each.
    pub asks: Vec<Money>,
    /// Whether it is for hire.
    pub accepts: bool,
}

/// The least that a hirer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Filter {
    /// What the processors are.
    pub kind: ProcessorKind,
    /// Processors of a device.
    pub processors: u32,
    /// Memory of a device in MiB.
    pub memory_mib: u32,
    /// Disk of a device in GiB.
    pub disk_gib: u32,
    /// Part of its judged hours that a device passed, in thousandths.
    pub reliability: u32,
}

/// How the devices of a hire are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterKind {
    /// As a Ray cluster.
    Ray,
    /// Each runs containers.
    Containers,
    /// Each runs programs.
    Processes,
}

/// A hire as a customer orders it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct NewHire {
    /// How its devices are joined.
    pub kind: ClusterKind,
    /// What it is paid in.
    pub currency: Name,
    /// Most that an hour of one device may cost, in base units of the currency: an ask that rose since is refused.
    pub most: depin_quantity::Units,
    /// For how many hours, from now.
    pub hours: u32,
    /// What each device must have, those that replace another too.
    pub filter: Filter,
    /// The devices.
    pub devices: Vec<UnitId>,
    /// The hash of what is to run at its start, as hirer and daemons agree; zeros for nothing.
    pub image: ContentHash,
}
