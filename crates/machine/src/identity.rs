//! By what a machine is known again: several sources, each hashed, so that no serial number leaves the machine.
//!
//! None is proof. Whoever owns a machine can make its kernel tell others; but two honest daemons on one machine have them in common, and
//! who changes all of them must mean to.

use crate::tree::Tree;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Sources of one kind that are taken, at most.
const OF_A_KIND_MOST: usize = 16;

/// How far a source reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// The hardware, or the virtual machine: all that runs on it has it in common.
    Machine,
    /// The running kernel: all containers on it have it in common, until the next start.
    Boot,
    /// An installation or a container: two containers on one machine differ in it, two copies of one image do not.
    Installation,
}

/// One source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source {
    /// What it is: `dmi product_uuid`, `network card eth0`.
    pub name: String,
    /// How far it reaches.
    pub reach: Reach,
    /// `SHA-256("depin-machine" ‖ kind ‖ 0 ‖ value)` in hexadecimal digits; a place's name, as of a card, is not in it.
    pub hash: String,
}

/// All sources that could be read, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// By name.
    pub sources: Vec<Source>,
}

impl Identity {
    /// Sources that two have in common which reach over all of a machine or of a boot: one is enough to ask whether they are one machine.
    pub fn shared(&self, other: &Self) -> Vec<&Source> {
        let is_shared = |source: &&Source| {
            source.reach != Reach::Installation && other.sources.iter().any(|theirs| theirs.hash == source.hash)
        };
        self.sources.iter().filter(is_shared).collect()
    }
}

/// Source: machine-id(5); `Documentation/ABI/testing/sysfs-firmware-dmi-entries`, `sysfs-class-net`, `sysfs-block`; random(4) for `boot_id`.
pub(crate) fn identity(tree: &Tree) -> Identity {
    let mut sources = Vec::new();
    let mut add = |kind: &str, place: &str, reach: Reach, value: Option<String>| {
        let Some(value) = value.map(|value| value.to_ascii_lowercase()).filter(|value| is_telling(value)) else { return };
        let hash = Sha256::new_with_prefix(b"depin-machine").chain_update(kind).chain_update([0]).chain_update(&value).finalize();
        let name = if place.is_empty() { kind.to_owned() } else { format!("{kind} {place}") };
        sources.push(Source { name, reach, hash: hex::encode(hash) });
    };
    for file in ["product_uuid", "product_serial", "board_serial", "chassis_serial"] {
        add(&format!("dmi {file}"), "", Reach::Machine, tree.text(&format!("/sys/class/dmi/id/{file}")));
    }
    // Boards without DMI, as most of ARM.
    add("device tree serial", "", Reach::Machine, tree.text("/proc/device-tree/serial-number"));
    for card in tree
        .names("/sys/class/net")
        .iter()
        .filter(|card| tree.exists(&format!("/sys/class/net/{card}/device")))
        .take(OF_A_KIND_MOST)
    {
        add("network card", card, Reach::Machine, tree.text(&format!("/sys/class/net/{card}/address")));
    }
    for disk in tree.names("/sys/block").iter().take(OF_A_KIND_MOST * 4) {
        let value = ["device/serial", "device/wwid", "wwid", "serial"]
            .iter()
            .find_map(|file| tree.text(&format!("/sys/block/{disk}/{file}")));
        add("disk", disk, Reach::Machine, value);
    }
    add("boot", "", Reach::Boot, tree.text("/proc/sys/kernel/random/boot_id"));
    add("machine-id", "", Reach::Installation, tree.text("/etc/machine-id"));
    sources.sort();
    Identity { sources }
}

/// Makers leave serial numbers empty or write words into them; of those nothing follows.
fn is_telling(value: &str) -> bool {
    const WORDS: [&str; 8] =
        ["none", "default", "o.e.m", "oem", "not specified", "not applicable", "to be filled", "system serial"];
    let distinct: std::collections::BTreeSet<char> = value.chars().filter(char::is_ascii_alphanumeric).collect();
    value.len() >= 4 && distinct.len() > 2 && !WORDS.iter().any(|word| value.starts_with(word))
}
