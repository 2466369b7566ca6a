//! Machines as trees of files: what is measured of each. And this machine, whatever it is.

use depin_machine::{Generation, HintKind, Machine, MachineError, Reach, Slice};
use proptest::prelude::*;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A tree that is written file by file.
struct Fixture(TempDir);

impl Fixture {
    /// A machine of eight processors and 16 GiB, of which 12 are free; no control groups, no names.
    fn plain() -> Self {
        let fixture = Self(TempDir::new().unwrap());
        fixture
            .with("/proc/self/status", "Name:\tdepin\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\nMems_allowed_list:\t0\n")
            .with("/sys/devices/system/cpu/online", "0-7\n")
            .with("/proc/meminfo", "MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:   12582912 kB\n")
            .with("/proc/cpuinfo", "processor\t: 0\nmodel name\t: A Processor\nphysical id\t: 0\nflags\t\t: fpu sse\n\nprocessor\t: 1\nphysical id\t: 1\n")
            .with("/proc/self/mountinfo", "23 1 0:1 / /proc rw - proc proc rw\n")
            .with("/proc/self/cgroup", "0::/\n")
            .with("/proc/stat", "cpu  10 0 10 10 0 0 0 0 0 0\n")
    }

    fn with(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    /// A second-generation group `/a/b` with a quota and a limit, and one above it.
    fn second(self) -> Self {
        self.with("/proc/self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n")
            .with("/proc/self/cgroup", "0::/a/b\n")
            .with("/sys/fs/cgroup/cgroup.controllers", "cpu memory cpuset\n")
            .with("/sys/fs/cgroup/a/cpu.max", "350000 100000\n")
            .with("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n")
            .with("/sys/fs/cgroup/a/b/cpuset.cpus.effective", "2-7\n")
            .with("/sys/fs/cgroup/a/memory.max", "4294967296\n")
            .with("/sys/fs/cgroup/a/memory.high", "max\n")
            .with("/sys/fs/cgroup/a/memory.current", "1073741824\n")
            .with("/sys/fs/cgroup/a/b/memory.max", "max\n")
            .with("/sys/fs/cgroup/a/b/memory.high", "3758096384\n")
            .with("/sys/fs/cgroup/a/b/memory.current", "536870912\n")
    }

    /// The same of the first generation, in a container that sees its own group as the root of what is mounted.
    fn first(self) -> Self {
        let mount = |number, controller| {
            format!("{number} 31 0:{number} /docker/c1 /sys/fs/cgroup/{controller} ro,nosuid - cgroup cgroup rw,{controller}\n")
        };
        let mounts = mount(32, "cpu") + &mount(33, "memory") + &mount(34, "cpuset");
        self.with("/proc/self/mountinfo", &mounts)
            .with("/proc/self/cgroup", "4:memory:/docker/c1/inner\n3:cpuset:/docker/c1\n1:cpu:/docker/c1\n0::/\n")
            .with("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n")
            .with("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
            .with("/sys/fs/cgroup/cpuset/cpuset.cpus", "0-3\n")
            .with("/sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648\n")
            .with("/sys/fs/cgroup/memory/memory.usage_in_bytes", "1048576\n")
            .with("/sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "9223372036854771712\n")
            .with("/sys/fs/cgroup/memory/inner/memory.usage_in_bytes", "0\n")
    }

    fn measure(&self) -> Machine {
        self.try_measure().unwrap()
    }

    fn try_measure(&self) -> Result<Machine, MachineError> {
        Machine::measure(self.0.path(), self.0.path())
    }
}

#[test]
fn a_machine_without_limits_has_all_of_itself() {
    let machine = Fixture::plain().measure();
    let cores = &machine.cores;
    assert_eq!((cores.online, cores.allowed, cores.quota_milli, cores.usable), (8, 8, None, 8));
    let memory = &machine.memory;
    assert_eq!((memory.total_mib, memory.available_mib, memory.limit_mib, memory.usable_mib), (16_384, 12_288, None, 12_288));
    assert_eq!((machine.processor.model.as_str(), machine.processor.sockets), ("A Processor", 2));
    assert!(machine.hints.is_empty() && machine.identity.sources.is_empty() && machine.disk_free_mib > 0);
}

#[test]
fn affinity_narrows_cores_and_switched_off_processors_are_none() {
    let fixture = Fixture::plain()
        .with("/proc/self/status", "Cpus_allowed_list:\t0,2-5,9\n")
        .with("/sys/devices/system/cpu/online", "0-4\n");
    let cores = fixture.measure().cores;
    assert_eq!((cores.online, cores.allowed, cores.usable), (5, 4, 4));
}

#[test]
fn the_narrowest_group_of_the_second_generation_counts() {
    let machine = Fixture::plain().second().measure();
    let cores = &machine.cores;
    // Three and a half cores: three can be claimed.
    assert_eq!((cores.allowed, cores.quota_milli, cores.usable), (6, Some(3_500), 3));
    // 4 GiB above, of which one is taken; 3.5 GiB before it is slowed down, of which half a GiB is taken.
    assert_eq!((machine.memory.limit_mib, machine.memory.usable_mib), (Some(3_584), 3_072));
}

#[test]
fn a_container_of_the_first_generation_finds_its_group() {
    let machine = Fixture::plain().first().measure();
    let cores = &machine.cores;
    assert_eq!((cores.allowed, cores.quota_milli, cores.usable), (4, Some(1_500), 1));
    assert_eq!((machine.memory.limit_mib, machine.memory.usable_mib), (Some(2_048), 2_047));
}

#[test]
fn less_than_a_core_is_told_as_one_core_and_its_quota() {
    let fixture = Fixture::plain().second().with("/sys/fs/cgroup/a/b/cpu.max", "25000 100000\n");
    let cores = fixture.measure().cores;
    assert_eq!((cores.quota_milli, cores.usable), (Some(250), 1));
}

#[test]
fn memory_that_others_use_is_not_usable() {
    let fixture = Fixture::plain().with("/proc/meminfo", "MemTotal: 16777216 kB\nMemAvailable: 1024 kB\n").second();
    assert_eq!(fixture.measure().memory.usable_mib, 1);
}

#[test]
fn what_every_linux_has_must_be_there_and_its_absence_says_which_file() {
    for path in ["/proc/self/status", "/proc/meminfo", "/proc/cpuinfo"] {
        let fixture = Fixture::plain();
        fs::remove_file(fixture.path(path)).unwrap();
        let text = fixture.try_measure().unwrap_err().to_string();
        assert!(text.contains(path) && text.contains("mounted"), "{text}");
    }
    let text = Fixture::plain().with("/proc/meminfo", "MemTotal: 1 kB\n").try_measure().unwrap_err().to_string();
    assert!(text.contains("MemAvailable"), "{text}");
    let fixture = Fixture::plain();
    let error = Machine::measure(fixture.0.path(), &fixture.path("/nowhere")).unwrap_err();
    assert!(matches!(error, MachineError::Disk { .. }), "{error}");
}

fn with_names(fixture: Fixture, boot: &str, installation: &str) -> Fixture {
    fixture
        .with("/sys/class/dmi/id/product_uuid", "4c4c4544-0044-3510-8052-b4c04f564231\n")
        .with("/sys/class/dmi/id/board_serial", "To be filled by O.E.M.\n")
        .with("/sys/class/dmi/id/chassis_serial", "0000000000\n")
        .with("/sys/class/net/eth0/address", "3c:ec:ef:12:34:56\n")
        .with("/sys/class/net/eth0/device/vendor", "0x8086\n")
        .with("/sys/class/net/veth7/address", "0a:58:0a:01:02:03\n")
        .with("/sys/block/nvme0n1/device/serial", "S5GXNX0R123456  \n")
        .with("/proc/sys/kernel/random/boot_id", boot)
        .with("/etc/machine-id", installation)
}

#[test]
fn a_machine_is_known_by_its_hardware_and_not_by_what_makers_left_empty() {
    let identity = with_names(Fixture::plain(), "6a1f8d2e-boot\n", "3d1219c7c4c5\n").measure().identity;
    let names: Vec<&str> = identity.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["boot", "disk nvme0n1", "dmi product_uuid", "machine-id", "network card eth0"]);
    let text = format!("{identity:?}");
    for secret in ["4c4c4544", "3c:ec:ef", "S5GXNX0R", "s5gxnx0r", "3d1219c7"] {
        assert!(!text.contains(secret), "{secret} leaves the machine");
    }
}

#[test]
fn two_daemons_on_one_machine_share_sources_and_two_machines_none() {
    let one = with_names(Fixture::plain(), "6a1f8d2e-boot\n", "3d1219c7c4c5\n").measure().identity;
    // A container on it: its own installation, no names of hardware, the same kernel.
    let container = Fixture::plain()
        .with("/proc/sys/kernel/random/boot_id", "6a1f8d2e-boot\n")
        .with("/etc/machine-id", "other-installation\n")
        .measure()
        .identity;
    let shared = one.shared(&container);
    assert_eq!(shared.iter().map(|source| (source.name.as_str(), source.reach)).collect::<Vec<_>>(), [("boot", Reach::Boot)]);
    // Copies of one image on two machines are two machines.
    let copy = Fixture::plain()
        .with("/proc/sys/kernel/random/boot_id", "77777abc-boot\n")
        .with("/etc/machine-id", "3d1219c7c4c5\n")
        .measure()
        .identity;
    assert!(one.shared(&copy).is_empty());
    // The card moved to another place is the same card.
    let moved = Fixture::plain()
        .with("/sys/class/net/enp3s0/address", "3C:EC:EF:12:34:56\n")
        .with("/sys/class/net/enp3s0/device/vendor", "0x8086\n")
        .measure()
        .identity;
    assert_eq!(one.shared(&moved).len(), 1);
}

#[test]
fn virtual_machines_and_containers_are_told_by_what_they_show() {
    let kinds = |fixture: Fixture| fixture.measure().hints.iter().map(|hint| hint.kind).collect::<Vec<_>>();
    let cpuinfo = "processor : 0\nmodel name : V\nflags : fpu hypervisor sse\n";
    assert_eq!(kinds(Fixture::plain().with("/proc/cpuinfo", cpuinfo)), [HintKind::VirtualMachine]);
    let vendor =
        |vendor, name| Fixture::plain().with("/sys/class/dmi/id/sys_vendor", vendor).with("/sys/class/dmi/id/product_name", name);
    assert_eq!(kinds(vendor("QEMU", "Standard PC (Q35 + ICH9, 2009)")), [HintKind::VirtualMachine]);
    assert_eq!(kinds(vendor("Microsoft Corporation", "Virtual Machine")), [HintKind::VirtualMachine]);
    // A laptop of the same maker is none.
    assert_eq!(kinds(vendor("Microsoft Corporation", "Surface Laptop")), []);
    assert_eq!(kinds(vendor("Dell Inc.", "PowerEdge R740")), []);
    assert_eq!(kinds(Fixture::plain().with("/.dockerenv", "")), [HintKind::Container]);
    assert_eq!(kinds(Fixture::plain().with("/proc/stat", "cpu  1 2 3 4 5 6 7 3707 0 0\n")), [HintKind::Shared]);
    assert_eq!(kinds(Fixture::plain().with("/sys/hypervisor/type", "xen\n")), [HintKind::VirtualMachine]);
}

#[test]
fn arm_processors_are_named_by_implementer_and_part() {
    let fixture = Fixture::plain().with("/proc/cpuinfo", "processor : 0\nCPU implementer : 0x41\nCPU part : 0xd0c\n");
    let processor = fixture.measure().processor;
    assert_eq!((processor.model.as_str(), processor.sockets), ("ARM implementer 0x41 part 0xd0c", 1));
}

#[test]
fn slices_share_a_machine_and_measure_as_what_they_got() {
    let machine = Fixture::plain().measure();
    let slices = Slice::plan("depin", &machine, 4).unwrap();
    assert_eq!(slices.len(), 4);
    // Eight cores; 12 GiB less an eighth.
    assert!(slices.iter().all(|slice| (slice.cores_milli, slice.memory_mib) == (2_000, 2_688)));
    assert_eq!(slices[3].name(), "depin-4");

    // A process in the third of them, in either generation.
    let second = Fixture::plain()
        .with("/sys/fs/cgroup/cgroup.controllers", "cpu memory\n")
        .with("/sys/fs/cgroup/cgroup.subtree_control", "");
    let root = second.path("/sys/fs/cgroup");
    assert_eq!(Generation::of(&root), Generation::Second);
    slices[2].make(&root, Generation::Second).unwrap();
    slices[2].enter(&root, Generation::Second, 4711).unwrap();
    let second = second
        .with("/proc/self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        .with("/proc/self/cgroup", "0::/depin-3\n");
    assert_eq!(fs::read_to_string(root.join("depin-3/cgroup.procs")).unwrap(), "4711");
    assert_slice(&second.measure());

    let first = Fixture::plain();
    let root = first.path("/sys/fs/cgroup");
    fs::create_dir_all(&root).unwrap();
    assert_eq!(Generation::of(&root), Generation::First);
    slices[2].make(&root, Generation::First).unwrap();
    let first = first
        .with(
            "/proc/self/mountinfo",
            "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
        )
        .with("/proc/self/cgroup", "4:memory:/depin-3\n1:cpu:/depin-3\n0::/\n");
    assert_slice(&first.measure());
}

fn assert_slice(machine: &Machine) {
    assert_eq!((machine.cores.quota_milli, machine.cores.usable), (Some(2_000), 2));
    assert_eq!((machine.memory.limit_mib, machine.memory.usable_mib), (Some(2_688), 2_688));
}

#[test]
fn slices_that_a_machine_has_no_room_for_are_refused() {
    let machine = Fixture::plain().measure();
    let refused = |name: &str, slices| Slice::plan(name, &machine, slices).unwrap_err().to_string();
    assert!(refused("depin", 81).contains("at most 80"), "{}", refused("depin", 81));
    assert!(refused("depin", 0).contains("0 slices"));
    for name in ["", "a/b", "..", &"a".repeat(33)] {
        assert!(refused(name, 1).contains("names no slice"), "{name:?}");
    }
    let nowhere = Slice::plan("depin", &machine, 1).unwrap();
    let error = nowhere[0].enter(Path::new("/nowhere/at/all"), Generation::Second, 1).unwrap_err().to_string();
    assert!(error.contains("cgroup.procs") && error.contains("root"), "{error}");
}

#[test]
fn this_machine_measures_itself() {
    let machine = Machine::measure(Path::new("/"), &std::env::temp_dir()).unwrap();
    println!("{machine:#?}");
    let threads = std::thread::available_parallelism().unwrap().get() as u32;
    assert_eq!(machine.cores.usable, threads.min(machine.cores.allowed), "another number than the standard library's");
    assert!(machine.memory.usable_mib <= machine.memory.total_mib && machine.memory.total_mib > 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_file_of_a_hostile_tree_panics(at in 0usize..10, text in "[ -~\n\t]{0,200}") {
        let paths = [
            "/proc/self/status", "/sys/devices/system/cpu/online", "/proc/meminfo", "/proc/cpuinfo", "/proc/self/mountinfo",
            "/proc/self/cgroup", "/proc/stat", "/sys/fs/cgroup/a/cpu.max", "/sys/fs/cgroup/a/memory.max", "/sys/fs/cgroup/a/b/cpuset.cpus.effective",
        ];
        let fixture = Fixture::plain().second().with(paths[at], &text);
        if let Ok(machine) = fixture.try_measure() {
            prop_assert!(machine.cores.usable >= 1);
        }
    }
}
