//! What an engine is asked to create for an instance.

use crate::{
    names::{self, InstanceId, Name},
    ports::Wishes,
    slots::{Slot, UIDS_PER_SLOT},
    workload::{Network, Reach, Service, Source},
};
use bollard::models::{ContainerCreateBody, EndpointSettings, HostConfig, HostConfigLogConfig, NetworkingConfig, PortBinding};
use std::{collections::HashMap, net::IpAddr, path::PathBuf};

/// What root in a container keeps of root's rights: owning and serving its own files and ports. All of them end at the container's users.
const CAPABILITIES: [&str; 8] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"];
/// Logs that are kept of an instance.
const LOG_BYTES_MAX: u64 = 8 << 20;
/// Memory for /tmp and /run where the root is read-only.
const SCRATCH_BYTES: u64 = 64 << 20;

/// What is known of the place where it will run.
pub(super) struct Ground<'a> {
    pub(super) provider: &'a Name,
    pub(super) slot: Slot,
    pub(super) network: Network,
    pub(super) image: String,
    /// Ports of the machine that it had before.
    pub(super) wishes: &'a Wishes,
    /// Folders of its persistent volumes, in the order of the mounts.
    pub(super) volumes: Vec<Option<PathBuf>>,
    /// What is bound over the engine's own files.
    pub(super) etc: Vec<String>,
    pub(super) publish: IpAddr,
    pub(super) is_podman: bool,
    /// Whether its users are to be mapped by us. Docker does it for all its containers or for none.
    pub(super) map_users: bool,
}

pub(super) fn body(ground: &Ground<'_>, service: &Service, id: &InstanceId) -> ContainerCreateBody {
    let network = names::network(ground.provider, &id.room);
    let is_connected = ground.network != Network::Nothing;
    let aliases = vec![service.name.to_string(), format!("{}-{}", service.name, id.replica)];
    let endpoint = EndpointSettings { aliases: Some(aliases), ..Default::default() };
    let labels = id.labels(ground.provider, &service.digest());
    ContainerCreateBody {
        image: Some(ground.image.clone()),
        hostname: Some(format!("{}-{}", service.name, id.replica)),
        entrypoint: service.command.clone(),
        cmd: service.args.clone(),
        env: Some(service.env.iter().map(|variable| format!("{}={}", variable.name, variable.value)).collect()),
        labels: Some(labels.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        host_config: Some(host_config(ground, service, if is_connected { network.clone() } else { "none".to_owned() })),
        networking_config: is_connected
            .then(|| NetworkingConfig { endpoints_config: Some(HashMap::from([(network, endpoint)])) }),
        ..Default::default()
    }
}

fn host_config(ground: &Ground<'_>, service: &Service, network_mode: String) -> HostConfig {
    let limits = &service.limits;
    let memory = i64::try_from(limits.memory_bytes).unwrap_or(i64::MAX);
    let uid = ground.slot.uid_first();
    let mapping = format!("auto:size={UIDS_PER_SLOT},uidmapping=0:{uid}:{UIDS_PER_SLOT},gidmapping=0:{uid}:{UIDS_PER_SLOT}");
    let log = HostConfigLogConfig {
        typ: Some(if ground.is_podman { "k8s-file" } else { "json-file" }.to_owned()),
        config: Some(HashMap::from([("max-size".to_owned(), LOG_BYTES_MAX.to_string())])),
    };
    HostConfig {
        memory: Some(memory),
        // The same number: no swap on top.
        memory_swap: Some(memory),
        nano_cpus: Some(i64::from(limits.cpu_milli) * 1_000_000),
        pids_limit: Some(i64::from(limits.pids)),
        cap_drop: Some(vec!["ALL".into()]),
        cap_add: Some(CAPABILITIES.map(str::to_owned).into()),
        security_opt: Some(vec!["no-new-privileges".into()]),
        readonly_rootfs: Some(!service.writable_root),
        tmpfs: Some(tmpfs(service)),
        binds: Some(binds(ground, service)),
        userns_mode: ground.map_users.then_some(mapping),
        network_mode: Some(network_mode),
        port_bindings: Some(ports(ground, service)),
        log_config: Some(log),
        ..Default::default()
    }
}

fn tmpfs(service: &Service) -> HashMap<String, String> {
    let scratch = SCRATCH_BYTES.min(service.limits.memory_bytes / 2);
    let mut tmpfs = HashMap::new();
    if !service.writable_root {
        for path in ["/tmp", "/run", "/var/tmp"] {
            tmpfs.insert(path.to_owned(), format!("rw,nosuid,nodev,mode=1777,size={scratch}"));
        }
    }
    for mount in &service.mounts {
        if let Source::Memory { bytes } = mount.source {
            let access = if mount.read_only { "ro" } else { "rw" };
            tmpfs.insert(mount.path.clone(), format!("{access},nosuid,nodev,mode=1777,size={bytes}"));
        }
    }
    tmpfs
}

fn binds(ground: &Ground<'_>, service: &Service) -> Vec<String> {
    let folder = |(mount, volume): (&'_ crate::workload::Mount, &Option<PathBuf>)| {
        let folder = match &mount.source {
            Source::Folder(folder) => folder.clone(),
            Source::Persistent { .. } => volume.clone()?,
            Source::Memory { .. } => return None,
        };
        Some(format!("{}:{}:{}", folder.display(), mount.path, if mount.read_only { "ro" } else { "rw" }))
    };
    service.mounts.iter().zip(&ground.volumes).filter_map(folder).chain(ground.etc.iter().cloned()).collect()
}

fn ports(ground: &Ground<'_>, service: &Service) -> HashMap<String, Option<Vec<PortBinding>>> {
    let binding = |port: &crate::workload::Port| {
        let (address, number) = match port.reach {
            Reach::Loopback => (IpAddr::from([127, 0, 0, 1]), None),
            Reach::Machine(number) => {
                (ground.publish, number.or_else(|| ground.wishes.get(&(port.container, port.proto)).copied()))
            }
        };
        // None is a free one, which the engine chooses.
        let host_port = number.map_or_else(String::new, |number| number.to_string());
        let binding = PortBinding { host_ip: Some(address.to_string()), host_port: Some(host_port) };
        (format!("{}/{}", port.container, port.proto), Some(vec![binding]))
    };
    service.ports.iter().map(binding).collect()
}
