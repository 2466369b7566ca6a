//! Sandboxes by bubblewrap, for machines without a container engine: images unpacked here, a filter of system calls compiled here,
//! control groups and networks made here.
//!
//! As root every room has users, a bridge and names of its own. Without root there is no network but a loopback, and no limit but that
//! of a process's memory: workloads of one service that need no more are run, all others are refused by name.

mod cgroup;
mod forward;
mod kept;
mod launch;
mod net;
mod processes;
mod seccomp;
mod start;
mod streams;
mod view;

use crate::{
    deleted::Deleted,
    error::{RuntimeError, WorkloadError},
    firewall,
    lifecycle::Ending,
    measure::{TOO_DEEP, bytes_under},
    names::{InstanceId, Name},
    ports::Ports,
    runtime::{
        Description, Exec, ExecOptions, Found, Inventory, LogOptions, Look, OutputStream, Published, Runtime, Usage, Written,
    },
    slots::Slots,
    unpack::ImageSettings,
    volumes::Volumes,
    workload::{Network, Proto, Service, Workload},
};
use async_trait::async_trait;
use forward::Forwarders;
use kept::read_record;
use processes::written;
use std::{
    collections::BTreeSet,
    fs, io,
    net::{IpAddr, SocketAddr},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    time::Duration,
};
use tokio::process::Command;

/// The filters of a program that is confined without an image, in the kernel's form.
pub(crate) fn program_filters() -> Result<[Vec<u8>; 2], RuntimeError> {
    let filters = seccomp::filters()?;
    Ok([filters.program, filters.newer_clone])
}

/// What makes sandboxes run on a Debian machine.
const INSTALL: &str = "apt-get install --no-install-recommends bubblewrap iproute2 nftables util-linux";

/// How sandboxes are made.
#[derive(Clone, Debug)]
pub struct BwrapConfig {
    /// Whose sandboxes they are, among all providers of this machine.
    pub provider: Name,
    /// The provider's folder.
    pub state: PathBuf,
    /// The folder of the machine's room numbers, the same for all providers of it.
    pub slots: PathBuf,
    /// Where archives of images named by reference are: `localhost/web:1` is `localhost_web:1.oci`.
    pub images: PathBuf,
    /// Most bytes of an image, unpacked.
    pub image_bytes_max: u64,
    /// The address at which ports of the machine listen.
    pub publish: IpAddr,
}

impl BwrapConfig {
    /// With what suits a provider's daemon.
    pub fn new(provider: Name, state: impl Into<PathBuf>) -> Self {
        let state = state.into();
        let slots = if rustix::process::geteuid().is_root() {
            PathBuf::from("/var/lib/depin-sandbox/slots")
        } else {
            state.join("slots")
        };
        let images = state.join("images");
        Self { provider, state, slots, images, image_bytes_max: 16 << 30, publish: IpAddr::from([0, 0, 0, 0]) }
    }
}

/// bubblewrap.
pub struct BwrapRuntime {
    description: Description,
    provider: Name,
    folder: PathBuf,
    images: PathBuf,
    image_bytes_max: u64,
    publish: IpAddr,
    is_root: bool,
    slots: Slots,
    volumes: Volumes,
    ports: Ports,
    forwarders: Forwarders,
    filters: seccomp::Filters,
}

impl BwrapRuntime {
    /// Finds out what can be had on this machine.
    ///
    /// - Errors: [`RuntimeError::Missing`] with what to install; as root also where limits cannot be set.
    pub async fn open(config: BwrapConfig) -> Result<Self, RuntimeError> {
        let missing = |what: &str| RuntimeError::Missing { what: what.to_owned(), install: INSTALL.to_owned() };
        let version = Command::new("bwrap").arg("--version").output().await.map_err(|_| missing("bubblewrap"))?;
        let is_root = rustix::process::geteuid().is_root();
        let mut notes = Vec::new();
        let mut packet_filter = false;
        if is_root {
            cgroup::try_it().map_err(|why| RuntimeError::failed("setting limits of sandboxes", why))?;
            for program in ["ip", "setpriv", "nsenter", "mount"] {
                Command::new(program).arg("--version").output().await.map_err(|_| missing(program))?;
            }
            match firewall::try_it().await {
                Ok(()) => packet_filter = true,
                Err(why) => {
                    notes.push(format!("tenants may reach this machine's ports and private networks: {why}; install nftables"))
                }
            }
        } else {
            notes.push("without root: one service, no network, no commands in a sandbox, and no limits but of a process's memory; run as root, or use Podman".into());
        }
        let folder = config.state.join("bwrap").join(config.provider.as_str());
        fs::create_dir_all(&folder).map_err(|error| RuntimeError::failed(format!("making {}", folder.display()), error))?;
        let folder =
            folder.canonicalize().map_err(|error| RuntimeError::failed(format!("opening {}", folder.display()), error))?;
        let volumes = Volumes::open(&config.state.join("volumes").join(config.provider.as_str())).await?;
        let description = Description {
            name: String::from_utf8_lossy(&version.stdout).trim().to_owned(),
            several_services: is_root,
            user_namespaces: true,
            packet_filter,
            fixed_volumes: volumes.is_fixed(),
            notes,
        };
        let slots = Slots::open(&config.slots, config.provider.clone())?;
        let ports = Ports::open(&config.state.join("ports").join(config.provider.as_str()))?;
        let BwrapConfig { provider, images, image_bytes_max, publish, .. } = config;
        let (forwarders, filters) = (Forwarders::default(), seccomp::filters()?);
        Ok(Self {
            description,
            provider,
            folder,
            images,
            image_bytes_max,
            publish,
            is_root,
            slots,
            volumes,
            ports,
            forwarders,
            filters,
        })
    }

    fn refuse(&self, what: String, instead: &str) -> Result<(), WorkloadError> {
        Err(WorkloadError::Unsupported { what, runtime: self.description.name.clone(), instead: instead.to_owned() })
    }
}

#[async_trait]
impl Runtime for BwrapRuntime {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn check(&self, workload: &Workload) -> Result<(), WorkloadError> {
        let udp = workload.services.iter().find(|service| service.ports.iter().any(|port| port.proto == Proto::Udp));
        if let Some(service) = udp {
            return self.refuse(format!("the UDP port of service {}", service.name), "use Podman or Docker");
        }
        if self.is_root {
            return Ok(());
        }
        let instead = "run as root, or use Podman or Docker";
        let names: Vec<&str> = workload.services.iter().map(|service| service.name.as_str()).collect();
        match &workload.services[..] {
            [one] if one.replicas == 1 => match &one.health {
                _ if !one.ports.is_empty() => self.refuse(format!("a port of service {}, without root,", one.name), instead),
                Some(_) => self.refuse(format!("the health probe of service {}, without root,", one.name), instead),
                None if workload.network == Network::Outbound => {
                    self.refuse(format!("a network for service {}, without root,", one.name), instead)
                }
                None => Ok(()),
            },
            [one] => self.refuse(format!("{} replicas of service {}, without root,", one.replicas, one.name), instead),
            _ => self.refuse(format!("several services ({}), without root,", names.join(", ")), instead),
        }
    }

    async fn open(&self, workload: &Workload) -> Result<(), RuntimeError> {
        let slot = self.slots.take(&workload.room)?;
        let folder = self.folder.join(workload.room.as_str());
        let failed = |error: io::Error| RuntimeError::failed(format!("making {}", folder.display()), error);
        fs::create_dir_all(&folder).map_err(failed)?;
        let resolver = if workload.network == Network::Outbound {
            fs::read_to_string("/etc/resolv.conf").unwrap_or_default()
        } else {
            String::new()
        };
        fs::write(folder.join("resolv.conf"), resolver).map_err(failed)?;
        self.write_hosts(&workload.room)?;
        if !self.is_root || workload.network == Network::Nothing {
            return Ok(());
        }
        // The filters come first: no packet passes before them.
        if self.description.packet_filter {
            firewall::open(slot, workload.network).await?;
        }
        net::open(slot, workload.network).await
    }

    async fn start(&self, workload: &Workload, service: &Service, replica: u32) -> Result<(), RuntimeError> {
        let id = InstanceId::new(workload.room.clone(), service.name.clone(), replica);
        self.remove(&id).await?;
        let started = async {
            let (record, words) = self.prepare(workload, service, &id).await?;
            let failed = |error: io::Error| RuntimeError::failed(format!("writing what is known of {id}"), error);
            let text = serde_json::to_vec(&record).map_err(|error| failed(error.into()))?;
            let path = self.place(&id).join("record");
            fs::write(&path, text).map_err(failed)?;
            // It has the environment.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
            self.write_hosts(&id.room)?;
            self.forward(&id, &record).await?;
            self.launch(&id, &record, &words).await
        };
        if let Err(error) = started.await {
            self.remove(&id).await?;
            return Err(error);
        }
        Ok(())
    }

    async fn look(&self, id: &InstanceId) -> Result<Look, RuntimeError> {
        let place = self.place(id);
        let Some(record) = read_record(&place) else { return Ok(Look::Absent) };
        let Ok(code) = fs::read_to_string(place.join("exit")) else {
            if place.join("pid").exists() && !self.is_alive(id) {
                // Its monitor writes down how it ended, unless it was killed, too.
                return Ok(if written(&place.join("exit")).await { Box::pin(self.look(id)).await? } else { Look::Absent });
            }
            // After a start of this daemon the ways in are made anew.
            self.forward(id, &record).await?;
            return Ok(Look::Running);
        };
        let code = code.trim().parse().unwrap_or(1);
        if code != 0 && record.has_groups && self.group(id).is_out_of_memory() {
            return Ok(Look::Ended(Ending::OutOfMemory { limit: record.service.limits.memory_bytes }));
        }
        let words = streams::tail(&place.join("log"), 400);
        match words.lines().next_back() {
            Some(last) if code != 0 && last.starts_with("bwrap: ") => {
                Ok(Look::Ended(Ending::CannotStart { detail: last.to_owned() }))
            }
            _ => Ok(Look::Ended(Ending::Exited { code })),
        }
    }

    async fn stop(&self, id: &InstanceId, grace: Duration) -> Result<(), RuntimeError> {
        if let Some(pid) = self.program(id) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            let until = tokio::time::Instant::now() + grace;
            while tokio::time::Instant::now() < until && !self.place(id).join("exit").exists() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        self.kill(id).await
    }

    async fn remove(&self, id: &InstanceId) -> Result<(), RuntimeError> {
        self.kill(id).await?;
        self.forwarders.close(id);
        if self.is_root {
            self.group(id).remove()?;
            net::unplug(&self.namespace(id)).await;
            view::hide(&self.namespace(id)).await?;
        }
        let place = self.place(id);
        let gone = tokio::task::spawn_blocking(move || match fs::remove_dir_all(&place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        });
        let failed = |error: io::Error| RuntimeError::failed(format!("removing {id}"), error);
        gone.await.map_err(|error| failed(error.into()))?.map_err(failed)?;
        if self.folder.join(id.room.as_str()).exists() { self.write_hosts(&id.room) } else { Ok(()) }
    }

    async fn usage(&self, id: &InstanceId) -> Result<Usage, RuntimeError> {
        let record = self.record(id)?;
        Ok(if record.has_groups { self.group(id).usage() } else { Usage::default() })
    }

    async fn written(&self, service: &Service, id: &InstanceId) -> Result<Vec<Written>, RuntimeError> {
        let record = self.record(id)?;
        let (place, volumes, owned, service) = (self.place(id), self.volumes.clone(), id.clone(), service.clone());
        let program = self.program(id);
        let measure = move || {
            let deleted = program.map_or_else(Deleted::default, |program| Deleted::of(program.as_raw_nonzero().get()));
            let logs = fs::metadata(place.join("log")).map_or(0, |log| log.len());
            let all = bytes_under(&place.join("root"));
            let files = if all == TOO_DEEP { all } else { all.saturating_sub(record.image_bytes) };
            let used = files.saturating_add(logs).saturating_add(deleted.outside_volumes(&service));
            let mut written = vec![Written { place: "ephemeral storage".into(), used, limit: service.limits.ephemeral_bytes }];
            written.extend(volumes.written(&owned, &service, &deleted));
            written
        };
        tokio::task::spawn_blocking(measure).await.map_err(|error| RuntimeError::failed(format!("measuring {id}"), error))
    }

    async fn published(&self, id: &InstanceId) -> Result<Vec<Published>, RuntimeError> {
        let record = self.record(id)?;
        self.forward(id, &record).await?;
        Ok(self.listening(id, &record.service))
    }

    async fn address(&self, id: &InstanceId, port: u16) -> Result<SocketAddr, RuntimeError> {
        let address = self.record(id)?.address.ok_or_else(|| RuntimeError::NotThere { id: id.clone() })?;
        Ok(SocketAddr::new(address.into(), port))
    }

    async fn logs(&self, id: &InstanceId, options: LogOptions) -> Result<OutputStream, RuntimeError> {
        self.record(id)?;
        streams::logs(self.place(id), options)
    }

    async fn exec(&self, id: &InstanceId, options: ExecOptions) -> Result<Exec, RuntimeError> {
        let record = self.record(id)?;
        let unsupported = |what: &str, instead: &str| {
            let runtime = self.description.name.clone();
            RuntimeError::Refused(WorkloadError::Unsupported { what: what.into(), runtime, instead: instead.into() })
        };
        if !self.is_root {
            return Err(unsupported("a command in a sandbox, without root,", "run as root, or use Podman or Docker"));
        }
        if options.tty {
            return Err(unsupported("a terminal in a sandbox", "leave the terminal out, or use Podman or Docker"));
        }
        let pid = self.program(id).ok_or_else(|| RuntimeError::NotThere { id: id.clone() })?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", start::ENTER, "sh"]).arg(self.place(id)).args(self.group(id).doors()).arg("--");
        command.args([
            "/usr/bin/bwrap",
            "--dev-bind",
            "/",
            "/",
            "--add-seccomp-fd",
            "8",
            "--add-seccomp-fd",
            "9",
            "--",
            "/usr/bin/nsenter",
        ]);
        command.arg(format!("--target={}", pid.as_raw_nonzero()));
        command
            .args(["--user", "--mount", "--net", "--pid", "--ipc", "--uts", "--root", "--wd", "--setuid=0", "--setgid=0", "--"])
            .args(&options.command);
        let image = ImageSettings { env: record.image.env, ..Default::default() };
        command.env_clear().envs(start::environment(&record.service, &image));
        streams::exec(id, command, options.stdin)
    }

    async fn list(&self) -> Result<Inventory, RuntimeError> {
        let mut rooms: BTreeSet<Name> = self.slots.mine()?.into_iter().map(|(room, _)| room).collect();
        rooms.extend(self.volumes.rooms()?);
        let failed = |error: io::Error| RuntimeError::failed(format!("reading {}", self.folder.display()), error);
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            rooms.extend(entry.map_err(failed)?.file_name().to_str().and_then(|name| Name::new(name).ok()));
        }
        let mut instances = Vec::new();
        for room in &rooms {
            let found = self.instances(room)?;
            instances.extend(found.into_iter().map(|(id, record)| Found { id, digest: record.service.digest() }));
        }
        Ok(Inventory { rooms: rooms.into_iter().collect(), instances })
    }

    async fn clear(&self, room: &Name) -> Result<(), RuntimeError> {
        let folder = self.folder.join(room.as_str());
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            // Also those that a crash left half made, without a record.
            if let Some((service, replica)) = name.to_str().and_then(|name| name.rsplit_once('_'))
                && let (Ok(service), Ok(replica)) = (Name::new(service), replica.parse())
            {
                self.remove(&InstanceId::new(room.clone(), service, replica)).await?;
            }
        }
        if let Some(slot) = self.slots.find(room)?
            && self.is_root
        {
            net::close(slot).await;
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
        let folder = self.folder.join(room.as_str());
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(RuntimeError::failed(format!("removing {}", folder.display()), error));
            }
            _ => {}
        }
        self.slots.free(room)
    }
}
