//! Signs that this is a virtual machine or a container. Hints, not proofs: a hypervisor that wants to hide can; and being one is no fault.

use crate::tree::Tree;
use serde::{Deserialize, Serialize};

/// What a hint speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HintKind {
    /// A virtual machine.
    VirtualMachine,
    /// A container.
    Container,
    /// Others run on the same processors: the hypervisor gave them time that was wanted here.
    Shared,
}

/// One hint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hint {
    /// What it speaks for.
    pub kind: HintKind,
    /// What was seen, for people.
    pub seen: String,
}

/// What makers of virtual machines write where a board's maker stands, in lower case.
const MAKERS: [&str; 14] = [
    "qemu",
    "kvm",
    "vmware",
    "virtualbox",
    "innotek",
    "xen",
    "bochs",
    "parallels",
    "bhyve",
    "microsoft corporation virtual",
    "amazon ec2",
    "google compute engine",
    "openstack",
    "firecracker",
];

/// Source: the `hypervisor` bit of CPUID 1 (ECX 31) as `/proc/cpuinfo` shows it; DMI names as systemd-detect-virt(1) compares them;
/// `steal` of proc_stat(5).
pub(crate) fn hints(tree: &Tree) -> Vec<Hint> {
    let mut hints = Vec::new();
    let mut add = |kind, seen: String| hints.push(Hint { kind, seen });
    let cpuinfo = tree.text("/proc/cpuinfo").unwrap_or_default();
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags")).and_then(|line| line.split_once(':'));
    if flags.is_some_and(|(_, flags)| flags.split_whitespace().any(|flag| flag == "hypervisor")) {
        add(HintKind::VirtualMachine, "the processor says that a hypervisor is there".to_owned());
    }
    let dmi = |file: &str| tree.text(&format!("/sys/class/dmi/id/{file}")).unwrap_or_default();
    for names in [format!("{} {}", dmi("sys_vendor"), dmi("product_name")), dmi("board_vendor"), dmi("bios_vendor")] {
        let lower = names.trim().to_lowercase();
        if MAKERS.iter().any(|maker| lower.contains(maker)) {
            add(HintKind::VirtualMachine, format!("the board is of {:?}", bounded(names.trim())));
        }
    }
    if let Some(kind) = tree.text("/sys/hypervisor/type") {
        add(HintKind::VirtualMachine, format!("the kernel runs under {:?}", bounded(&kind)));
    }
    for (file, of) in [("/.dockerenv", "Docker"), ("/run/.containerenv", "Podman"), ("/run/systemd/container", "systemd")] {
        if tree.exists(file) {
            add(HintKind::Container, format!("{file} is there, as {of} makes it"));
        }
    }
    let steal = tree.text("/proc/stat").and_then(|text| {
        let first = text.lines().next()?.strip_prefix("cpu ")?.trim().to_owned();
        first.split_whitespace().nth(7)?.parse::<u64>().ok()
    });
    if let Some(steal) = steal.filter(|steal| *steal > 0) {
        add(HintKind::Shared, format!("{steal} ticks of processor time went to others since the start"));
    }
    hints.sort();
    hints.dedup();
    hints
}

fn bounded(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(80).collect()
}
