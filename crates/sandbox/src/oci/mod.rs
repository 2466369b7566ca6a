//! Containers by Podman or Docker, over the engine's socket.

mod create;
mod etc;
mod find;
mod image;
mod inspect;
mod seccomp;
mod watch;

use crate::{
    deleted::Deleted,
    error::{RuntimeError, WorkloadError},
    firewall,
    measure::bytes_under,
    names::{self, InstanceId, LABEL_DIGEST, LABEL_PROVIDER, LABEL_ROOM, Name},
    ports::{Ports, Tries, Wishes},
    runtime::{
        Description, Exec, ExecControl, ExecOptions, Found, Inventory, LogOptions, Look, Output, OutputStream, Published,
        Runtime, Usage, Written,
    },
    slots::{Slot, Slots},
    volumes::Volumes,
    workload::{Network, Reach, Service, Source, Workload},
};
use async_trait::async_trait;
use bollard::{
    Docker,
    container::LogOutput,
    errors::Error as EngineError,
    exec::{CreateExecOptions, ResizeExecOptions, StartExecOptions, StartExecResults},
    models::{ContainerInspectResponse, Ipam, IpamConfig, NetworkCreateRequest},
    query_parameters::{
        CreateContainerOptions, InspectContainerOptions, ListContainersOptions, ListNetworksOptions, LogsOptions,
        RemoveContainerOptions, StartContainerOptions, StatsOptions, StopContainerOptions,
    },
};
use create::Ground;
use etc::Etc;
use futures::StreamExt as _;
use inspect::KILLED;
use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use watch::Watch;

/// How containers are made.
#[derive(Clone, Debug)]
pub struct OciConfig {
    /// Whose containers they are, among all providers of this machine.
    pub provider: Name,
    /// The provider's folder: volumes, and Podman's store if its service is started here.
    pub state: PathBuf,
    /// The folder of the machine's room numbers, the same for all providers of it.
    pub slots: PathBuf,
    /// The engine's socket; looked for when none is said.
    pub socket: Option<PathBuf>,
    /// Whether `podman system service` may be started.
    pub start_podman: bool,
    /// A registry that has copies of others' images, as `http://mirror:5000`.
    pub mirror: Option<String>,
    /// Whether images may be pulled from registries by their own names.
    pub pull_from_registries: bool,
    /// Whether containers may run whose root is this machine's root.
    pub allow_machine_root: bool,
    /// The address at which ports of the machine listen.
    pub publish: IpAddr,
}

impl OciConfig {
    /// With what suits a provider's daemon: Podman is started, no registry is asked, root is never the machine's root.
    pub fn new(provider: Name, state: impl Into<PathBuf>) -> Self {
        let state = state.into();
        let root = rustix::process::geteuid().is_root();
        let slots = if root { PathBuf::from("/var/lib/depin-sandbox/slots") } else { state.join("slots") };
        Self {
            provider,
            state,
            slots,
            socket: None,
            start_podman: true,
            mirror: None,
            pull_from_registries: false,
            allow_machine_root: false,
            publish: IpAddr::from([0, 0, 0, 0]),
        }
    }
}

/// Podman or Docker.
pub struct OciRuntime {
    docker: Docker,
    provider: Name,
    description: Description,
    is_podman: bool,
    map_users: bool,
    slots: Slots,
    volumes: Volumes,
    etc: Etc,
    ports: Ports,
    scratch: PathBuf,
    mirror: Option<String>,
    pull_from_registries: bool,
    publish: IpAddr,
    /// Of a service that was started here.
    watch: Option<Watch>,
}

impl OciRuntime {
    /// Ends Podman's service if an [`OciRuntime::open`] with this folder started it. What its containers do is not changed; the next one
    /// starts it again.
    pub async fn end_service(state: &std::path::Path) {
        watch::end(state).await;
    }

    /// Finds the engine, or starts it, and finds out what it can.
    ///
    /// - Errors: [`RuntimeError::Missing`] with what to install; [`RuntimeError::Failed`] for an engine that works, but not safely.
    pub async fn open(config: OciConfig) -> Result<Self, RuntimeError> {
        let engine = find::find(&config).await?;
        let failed = |error: EngineError| RuntimeError::failed("asking the container engine what it is", error);
        let version = engine.docker.version().await.map_err(failed)?;
        let info = engine.docker.info().await.map_err(failed)?;
        let components = version.components.unwrap_or_default();
        let is_podman = components.iter().any(|component| component.name.contains("Podman"));
        let options: Vec<String> = info.security_options.unwrap_or_default();
        let is_rootless = options.iter().any(|option| option.contains("rootless"));
        let is_remapped = options.iter().any(|option| option.contains("userns"));
        let map_users = is_podman && !is_rootless;
        let user_namespaces = map_users || is_rootless || is_remapped;
        if !user_namespaces && !config.allow_machine_root {
            let detail = "root in its containers is this machine's root; set `userns-remap` in the daemon's settings, use Podman, or allow it";
            return Err(RuntimeError::failed("using Docker", detail));
        }
        let mut notes = Vec::new();
        let filter =
            if is_rootless { Err("without root no packet filters are set".to_owned()) } else { firewall::try_it().await };
        if let Err(why) = &filter {
            notes.push(format!(
                "tenants may reach this machine's ports and private networks: {why}; run as root with nftables installed"
            ));
        }
        let volumes = Volumes::open(&config.state.join("volumes").join(config.provider.as_str())).await?;
        if !volumes.is_fixed() {
            notes.push(
                "persistent volumes are measured, not of fixed size: this needs root, loop devices and mkfs.ext4".to_owned(),
            );
        }
        let scratch = config.state.join("scratch");
        std::fs::create_dir_all(&scratch)
            .map_err(|error| RuntimeError::failed(format!("making {}", scratch.display()), error))?;
        let kind = if is_podman { "podman" } else { "docker" };
        let runtime = info.default_runtime.unwrap_or_else(|| "its own runtime".into());
        let description = Description {
            name: format!(
                "{kind} {} ({runtime}{})",
                version.version.unwrap_or_default(),
                if engine.is_own { ", own service" } else { "" }
            ),
            several_services: true,
            user_namespaces,
            packet_filter: filter.is_ok(),
            fixed_volumes: volumes.is_fixed(),
            notes,
        };
        let slots = Slots::open(&config.slots, config.provider.clone())?;
        let watch = engine.is_own.then(|| Watch::begin(&config.state, config.mirror.clone()));
        let (docker, etc) = (engine.docker, Etc::new(&config.state, &config.provider));
        let ports = Ports::open(&config.state.join("ports").join(config.provider.as_str()))?;
        let OciConfig { provider, mirror, pull_from_registries, publish, .. } = config;
        Ok(Self {
            docker,
            provider,
            description,
            is_podman,
            map_users,
            slots,
            volumes,
            etc,
            ports,
            scratch,
            mirror,
            pull_from_registries,
            publish,
            watch,
        })
    }

    fn container(&self, id: &InstanceId) -> String {
        id.container(&self.provider)
    }

    fn slot(&self, room: &Name) -> Result<Slot, RuntimeError> {
        let missing = || RuntimeError::failed(format!("finding room {room}"), "it was not opened");
        self.slots.find(room)?.ok_or_else(missing)
    }

    async fn inspect(&self, id: &InstanceId, size: bool) -> Result<Option<ContainerInspectResponse>, RuntimeError> {
        let name = self.container(id);
        let found = inspect::settled(|| self.docker.inspect_container(&name, Some(InspectContainerOptions { size }))).await;
        match found {
            Ok(found) => Ok(Some(found)),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(RuntimeError::failed(format!("looking at {id}"), error)),
        }
    }

    async fn remove_named(&self, name: &str) -> Result<(), RuntimeError> {
        let mut tries = 0;
        loop {
            let options = RemoveContainerOptions { force: true, v: true, link: false };
            match self.docker.remove_container(name, Some(options)).await {
                Ok(()) => return Ok(()),
                Err(error) if status(&error) == Some(404) => return Ok(()),
                // The engine's own cleaning after an ending may be under way: its mounts are busy for a moment.
                Err(_) if tries < 20 => tries += 1,
                Err(error) => return Err(RuntimeError::failed(format!("removing {name}"), error)),
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn labelled(&self, label: String) -> Result<Vec<HashMap<String, String>>, RuntimeError> {
        let filters = HashMap::from([("label".to_owned(), vec![label])]);
        let options = ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
        let listed = inspect::settled(|| self.docker.list_containers(Some(options.clone())))
            .await
            .map_err(|error| RuntimeError::failed("listing containers", error))?;
        Ok(listed.into_iter().filter_map(|container| container.labels).collect())
    }

    async fn open_network(&self, workload: &Workload, slot: Slot) -> Result<(), RuntimeError> {
        let name = names::network(&self.provider, &workload.room);
        let exists = self.docker.inspect_network(&name, None).await;
        match exists {
            Ok(_) => return Ok(()),
            Err(error) if status(&error) == Some(404) => {}
            Err(error) => return Err(RuntimeError::failed(format!("looking at network {name}"), error)),
        }
        let ipam = IpamConfig { subnet: Some(slot.subnet()), gateway: Some(slot.address(1).to_string()), ..Default::default() };
        let request = NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".into()),
            ipam: Some(Ipam { config: Some(vec![ipam]), ..Default::default() }),
            options: Some(HashMap::from([("com.docker.network.bridge.name".to_owned(), slot.bridge())])),
            labels: Some(HashMap::from([
                (LABEL_PROVIDER.to_owned(), self.provider.to_string()),
                (LABEL_ROOM.to_owned(), workload.room.to_string()),
            ])),
            ..Default::default()
        };
        self.docker
            .create_network(request)
            .await
            .map_err(|error| RuntimeError::failed(format!("making network {name}"), error))?;
        Ok(())
    }

    async fn create(&self, workload: &Workload, service: &Service, id: &InstanceId, wishes: &Wishes) -> Result<(), RuntimeError> {
        let slot = self.slot(&workload.room)?;
        let image = self.image(&service.image).await?;
        let mut volumes = Vec::new();
        for mount in &service.mounts {
            volumes.push(match mount.source {
                Source::Persistent { bytes } => Some(self.volumes.open_volume(id, &mount.name, bytes, self.owner(slot)).await?),
                _ => None,
            });
        }
        // Docker's own are read-only where the root is, and its resolver is elsewhere.
        let etc = if self.is_podman { self.etc.make(id, slot, workload.network)? } else { Vec::new() };
        let ground = Ground {
            provider: &self.provider,
            slot,
            network: workload.network,
            image,
            wishes,
            volumes,
            etc,
            publish: self.publish,
            is_podman: self.is_podman,
            map_users: self.map_users,
        };
        let options = CreateContainerOptions { name: Some(self.container(id)), ..Default::default() };
        let created = self.docker.create_container(Some(options), create::body(&ground, service, id)).await;
        created.map(drop).map_err(|error| inspect::start_error(id, service, wishes, &error))
    }

    /// Makes and starts an instance; of one that cannot be started nothing is left.
    async fn launch(&self, workload: &Workload, service: &Service, id: &InstanceId, wishes: &Wishes) -> Result<(), RuntimeError> {
        self.create(workload, service, id, wishes).await?;
        let started = self.docker.start_container(&self.container(id), None::<StartContainerOptions>).await;
        if let Err(error) = started {
            self.remove(id).await?;
            return Err(inspect::start_error(id, service, wishes, &error));
        }
        Ok(())
    }

    /// Who owns a volume outside: what root in the container is there.
    fn owner(&self, slot: Slot) -> u32 {
        if self.map_users { slot.uid_first() } else { rustix::process::geteuid().as_raw() }
    }
}

#[async_trait]
impl Runtime for OciRuntime {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn check(&self, _workload: &Workload) -> Result<(), WorkloadError> {
        Ok(())
    }

    async fn open(&self, workload: &Workload) -> Result<(), RuntimeError> {
        let slot = self.slots.take(&workload.room)?;
        if workload.network == Network::Nothing {
            return Ok(());
        }
        // The filters come first: no packet passes before them.
        if self.description.packet_filter {
            firewall::open(slot, workload.network).await?;
        }
        self.open_network(workload, slot).await
    }

    async fn start(&self, workload: &Workload, service: &Service, replica: u32) -> Result<(), RuntimeError> {
        let id = InstanceId::new(workload.room.clone(), service.name.clone(), replica);
        self.remove(&id).await?;
        let mut tries = Tries::of(self.ports.wishes(service, &id));
        loop {
            let Err(error) = self.launch(workload, service, &id, tries.wishes()).await else { break };
            if !tries.again(&error).await {
                return Err(error);
            }
        }
        if service.ports.iter().any(|port| port.reach == Reach::Machine(None)) {
            // One that ended at once has none.
            self.ports.keep(service, &id, &self.published(&id).await.unwrap_or_default());
        }
        Ok(())
    }

    async fn look(&self, id: &InstanceId) -> Result<Look, RuntimeError> {
        Ok(self.inspect(id, false).await?.map_or(Look::Absent, |found| inspect::look(&found)))
    }

    async fn stop(&self, id: &InstanceId, grace: Duration) -> Result<(), RuntimeError> {
        let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
        // The engine waits for it, beyond the bound of other calls.
        let docker = self.docker.clone().with_timeout(grace + Duration::from_secs(60));
        match docker.stop_container(&self.container(id), Some(StopContainerOptions { t: Some(seconds), signal: None })).await {
            Ok(()) => Ok(()),
            Err(error) if matches!(status(&error), Some(304 | 404)) => Ok(()),
            Err(error) => Err(RuntimeError::failed(format!("stopping {id}"), error)),
        }
    }

    async fn remove(&self, id: &InstanceId) -> Result<(), RuntimeError> {
        self.remove_named(&self.container(id)).await?;
        self.etc.remove(id)
    }

    async fn usage(&self, id: &InstanceId) -> Result<Usage, RuntimeError> {
        let mut stats = Box::pin(self.docker.stats(&self.container(id), Some(StatsOptions { stream: false, one_shot: true })));
        match stats.next().await {
            Some(Ok(stats)) => Ok(Usage {
                cpu_nanos: stats.cpu_stats.and_then(|cpu| cpu.cpu_usage?.total_usage).unwrap_or(0),
                memory_bytes: stats.memory_stats.and_then(|memory| memory.usage).unwrap_or(0),
                pids: stats.pids_stats.and_then(|pids| pids.current).unwrap_or(0),
            }),
            Some(Err(error)) if status(&error) != Some(404) => Err(RuntimeError::failed(format!("measuring {id}"), error)),
            _ => Err(RuntimeError::NotThere { id: id.clone() }),
        }
    }

    async fn written(&self, service: &Service, id: &InstanceId) -> Result<Vec<Written>, RuntimeError> {
        let missing = || RuntimeError::NotThere { id: id.clone() };
        let mut found = self.inspect(id, false).await?.ok_or_else(missing)?;
        // The engine counts no inodes. Without root its folder cannot be read.
        let layer = inspect::layer(&found).filter(|_| rustix::process::geteuid().is_root());
        if layer.is_none() {
            found = self.inspect(id, true).await?.ok_or_else(missing)?;
        }
        let (volumes, owned, service) = (self.volumes.clone(), id.clone(), service.clone());
        let measure = move || {
            let deleted = inspect::pid(&found).map_or_else(Deleted::default, Deleted::of);
            let told = || u64::try_from(found.size_rw.unwrap_or(0)).unwrap_or(0);
            let files = layer.map_or_else(told, |layer| bytes_under(&layer));
            let used = files.saturating_add(deleted.outside_volumes(&service));
            let mut written = vec![Written { place: "ephemeral storage".into(), used, limit: service.limits.ephemeral_bytes }];
            written.extend(volumes.written(&owned, &service, &deleted));
            written
        };
        tokio::task::spawn_blocking(measure).await.map_err(|error| RuntimeError::failed(format!("measuring {id}"), error))
    }

    async fn published(&self, id: &InstanceId) -> Result<Vec<Published>, RuntimeError> {
        let found = self.inspect(id, false).await?.ok_or_else(|| RuntimeError::NotThere { id: id.clone() })?;
        Ok(inspect::published(&found))
    }

    async fn address(&self, id: &InstanceId, port: u16) -> Result<SocketAddr, RuntimeError> {
        let found = self.inspect(id, false).await?.ok_or_else(|| RuntimeError::NotThere { id: id.clone() })?;
        let network = names::network(&self.provider, &id.room);
        inspect::address(&found, &network, port).ok_or_else(|| RuntimeError::NotThere { id: id.clone() })
    }

    async fn logs(&self, id: &InstanceId, options: LogOptions) -> Result<OutputStream, RuntimeError> {
        if self.inspect(id, false).await?.is_none() {
            return Err(RuntimeError::NotThere { id: id.clone() });
        }
        let tail = options.tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
        let options = LogsOptions { follow: options.follow, stdout: true, stderr: true, tail, ..Default::default() };
        // The engine's answer may take as long as the container runs.
        let docker = self.docker.clone().with_timeout(Duration::from_secs(7 * 86_400));
        Ok(docker.logs(&self.container(id), Some(options)).map(output).boxed())
    }

    async fn exec(&self, id: &InstanceId, options: ExecOptions) -> Result<Exec, RuntimeError> {
        let failed = |error: EngineError| match status(&error) {
            Some(404 | 409) => RuntimeError::NotThere { id: id.clone() },
            _ => RuntimeError::failed(format!("running a command in {id}"), error),
        };
        let create = CreateExecOptions {
            attach_stdin: Some(options.stdin),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(options.tty),
            cmd: Some(options.command),
            ..Default::default()
        };
        let found = self.inspect(id, false).await?.and_then(|found| found.id);
        let container = found.ok_or_else(|| RuntimeError::NotThere { id: id.clone() })?;
        let created = self.docker.create_exec(&container, create).await.map_err(failed)?;
        let start = StartExecOptions { detach: false, tty: options.tty, output_capacity: None };
        match self.docker.start_exec(&created.id, Some(start)).await.map_err(failed)? {
            StartExecResults::Attached { output: words, input } => {
                let control = Box::new(Control { docker: self.docker.clone(), exec: created.id, container });
                Ok(Exec { output: words.map(output).boxed(), input, control })
            }
            StartExecResults::Detached => {
                Err(RuntimeError::failed(format!("running a command in {id}"), "the engine detached it"))
            }
        }
    }

    async fn list(&self) -> Result<Inventory, RuntimeError> {
        let label = format!("{LABEL_PROVIDER}={}", self.provider);
        let containers = self.labelled(label.clone()).await?;
        let instances: Vec<Found> = containers
            .iter()
            .filter_map(|labels| {
                let id = InstanceId::from_labels(|key| labels.get(key))?;
                Some(Found { id, digest: labels.get(LABEL_DIGEST).cloned().unwrap_or_default() })
            })
            .collect();
        let options = ListNetworksOptions { filters: Some(HashMap::from([("label".to_owned(), vec![label])])) };
        let networks =
            self.docker.list_networks(Some(options)).await.map_err(|error| RuntimeError::failed("listing networks", error))?;
        let labelled = networks.into_iter().filter_map(|network| Name::new(network.labels?.get(LABEL_ROOM)?.as_str()).ok());
        let mut rooms: BTreeSet<Name> = labelled.collect();
        rooms.extend(instances.iter().map(|found| found.id.room.clone()));
        rooms.extend(self.slots.mine()?.into_iter().map(|(room, _)| room));
        rooms.extend(self.volumes.rooms()?);
        Ok(Inventory { rooms: rooms.into_iter().collect(), instances })
    }

    fn trouble(&self) -> Option<String> {
        self.watch.as_ref()?.trouble()
    }

    async fn clear(&self, room: &Name) -> Result<(), RuntimeError> {
        // Whoever ends all does not wait for the next look: without a service its containers would be left.
        if let Some(watch) = &self.watch {
            watch.ensure().await?;
        }
        for labels in self.labelled(format!("{LABEL_ROOM}={room}")).await? {
            if labels.get(LABEL_PROVIDER).map(String::as_str) == Some(self.provider.as_str())
                && let Some(id) = InstanceId::from_labels(|key| labels.get(key))
            {
                self.remove(&id).await?;
            }
        }
        let network = names::network(&self.provider, room);
        match self.docker.remove_network(&network).await {
            Ok(()) => {}
            Err(error) if status(&error) == Some(404) => {}
            Err(error) => return Err(RuntimeError::failed(format!("removing network {network}"), error)),
        }
        if let Some(slot) = self.slots.find(room)? {
            remove_bridge(slot).await;
            if self.description.packet_filter {
                firewall::close(slot).await?;
            }
        }
        self.volumes.unmount(room).await
    }

    async fn close(&self, room: &Name) -> Result<(), RuntimeError> {
        self.clear(room).await?;
        self.volumes.remove(room).await?;
        self.ports.forget(room)?;
        self.slots.free(room)
    }
}

/// Podman leaves a bridge behind when its last container ends and is removed at the same time.
async fn remove_bridge(slot: Slot) {
    // Mostly there is none, which is an error of this command and none of ours.
    let _ = tokio::process::Command::new("ip").args(["link", "delete", &slot.bridge()]).output().await;
}

/// Looks for the exit code of a command that closed its output, 50 ms apart.
const LOOKS_FOR_CODE: u32 = 60;

struct Control {
    docker: Docker,
    exec: String,
    /// The number of its container: another one may have its name by now.
    container: String,
}

#[async_trait]
impl ExecControl for Control {
    async fn resize(&self, rows: u16, columns: u16) -> Result<(), RuntimeError> {
        let resized = self.docker.resize_exec(&self.exec, ResizeExecOptions { height: rows, width: columns }).await;
        resized.map_err(|error| RuntimeError::failed("telling a command the size of its terminal", error))
    }

    async fn exit_code(&self) -> Result<i64, RuntimeError> {
        // The engine closes the output a moment before it knows the code.
        for _ in 0..LOOKS_FOR_CODE {
            match self.docker.inspect_exec(&self.exec).await {
                Ok(seen) if seen.running != Some(true) && seen.exit_code.is_some() => {
                    return Ok(seen.exit_code.unwrap_or(KILLED));
                }
                Ok(_) => {}
                // It went with its container.
                Err(error) if matches!(status(&error), Some(404 | 409)) => return Ok(KILLED),
                Err(error) => return Err(RuntimeError::failed("asking for an exit code", error)),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // Of a command that was killed with its container the engine may never learn the code.
        match self.docker.inspect_container(&self.container, None::<InspectContainerOptions>).await {
            Ok(found) if inspect::look(&found) == Look::Running => {
                Err(RuntimeError::failed("asking for an exit code", "the command closed its output and still runs"))
            }
            Err(error) if status(&error) != Some(404) => Err(RuntimeError::failed("asking for an exit code", error)),
            _ => Ok(KILLED),
        }
    }
}

fn output(piece: Result<LogOutput, EngineError>) -> Result<Output, RuntimeError> {
    match piece {
        Ok(LogOutput::StdErr { message }) => Ok(Output::Stderr(message)),
        Ok(piece) => Ok(Output::Stdout(piece.into_bytes())),
        Err(error) => Err(RuntimeError::failed("reading output", error)),
    }
}

/// The HTTP status of an engine's answer.
fn status(error: &EngineError) -> Option<u16> {
    match error {
        EngineError::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}
