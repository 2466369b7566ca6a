//! Sandboxes by bubblewrap, for machines without a container engine: images unpacked here, a filter of system calls compiled here,
//! control groups and networks made here.
//!
//! As root every room has users, a bridge and names of its own. Without root there is no network but a loopback, and no limit but that
//! of a process's memory: workloads of one service that need no more are run, all others are refused by name.

mod cgroup;
mod forward;
mod net;
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
    slots::{Slot, Slots},
    unpack::{self, ImageSettings, Rules},
    volumes::Volumes,
    workload::{Image, Network, Proto, Service, Source, Workload},
};
use async_trait::async_trait;
use cgroup::Cgroup;
use forward::Forwarders;
use serde::{Deserialize, Serialize};
use start::Binding;
use std::{
    collections::BTreeSet,
    fs, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
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
/// How long a sandbox may take until its program runs.
const START_TIME_MAX: Duration = Duration::from_secs(10);

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

/// What is kept of a sandbox beside its files.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    service: Service,
    image: SettingsRecord,
    address: Option<Ipv4Addr>,
    /// Bytes of the image: what is more was written by the program.
    image_bytes: u64,
    has_groups: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SettingsRecord {
    env: Vec<String>,
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

    fn place(&self, id: &InstanceId) -> PathBuf {
        self.folder.join(id.room.as_str()).join(format!("{}_{}", id.service, id.replica))
    }

    fn namespace(&self, id: &InstanceId) -> String {
        id.container(&self.provider)
    }

    fn group(&self, id: &InstanceId) -> Cgroup {
        Cgroup::named(&id.container(&self.provider))
    }

    fn slot(&self, room: &Name) -> Result<Slot, RuntimeError> {
        let missing = || RuntimeError::failed(format!("finding room {room}"), "it was not opened");
        self.slots.find(room)?.ok_or_else(missing)
    }

    fn record(&self, id: &InstanceId) -> Result<Record, RuntimeError> {
        read_record(&self.place(id)).ok_or_else(|| RuntimeError::NotThere { id: id.clone() })
    }

    fn archive(&self, image: &Image) -> Result<PathBuf, RuntimeError> {
        let (path, told) = match image {
            Image::Archive(path) => (path.clone(), path.display().to_string()),
            Image::Reference(reference) => (self.images.join(format!("{}.oci", reference.replace('/', "_"))), reference.clone()),
        };
        if path.is_file() {
            return Ok(path);
        }
        Err(RuntimeError::ImageMissing {
            image: told,
            detail: format!("bubblewrap pulls none, and {} is not there", path.display()),
        })
    }

    async fn unpack(&self, image: &Image, root: &Path, owner: Option<u32>) -> Result<ImageSettings, RuntimeError> {
        let archive = self.archive(image)?;
        let missing = |detail: String| RuntimeError::ImageMissing { image: image.to_string(), detail };
        let (root, rules) = (root.to_owned(), Rules { owner, bytes_max: self.image_bytes_max });
        let unpacked = tokio::task::spawn_blocking(move || unpack::unpack(&archive, &root, rules)).await;
        unpacked.map_err(|error| missing(error.to_string()))?.map_err(|error| missing(error.to_string()))
    }

    /// The number of a process of a sandbox: bubblewrap outside, its child inside, and its child, the program.
    fn program(&self, id: &InstanceId) -> Option<rustix::process::Pid> {
        let outer = fs::read_to_string(self.place(id).join("pid")).ok()?.trim().parse().ok()?;
        let child = |pid: i32| {
            fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?.split_whitespace().next()?.parse().ok()
        };
        rustix::process::Pid::from_raw(child(child(outer)?)?)
    }

    fn is_alive(&self, id: &InstanceId) -> bool {
        let Ok(pid) = fs::read_to_string(self.place(id).join("pid")) else { return false };
        // A number that another program has by now has another command line.
        let line = fs::read(format!("/proc/{}/cmdline", pid.trim())).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&*self.place(id).to_string_lossy())
            || line.windows(5).any(|word| word == b"bwrap")
    }

    /// Names of the room's services for all its instances: a file that is written in place, since each has it mounted.
    fn write_hosts(&self, room: &Name) -> Result<(), RuntimeError> {
        let folder = self.folder.join(room.as_str());
        let mut text = String::from("127.0.0.1 localhost\n::1 localhost\n");
        for (id, record) in self.instances(room)? {
            if let Some(address) = record.address {
                text += &format!("{address} {} {}-{}\n", id.service, id.service, id.replica);
            }
        }
        let path = folder.join("hosts");
        // Who reads it while it is written in place may see a part of it: it is written only when it is to say something else.
        if fs::read(&path).is_ok_and(|known| known == text.as_bytes()) {
            return Ok(());
        }
        fs::write(&path, text).map_err(|error| RuntimeError::failed(format!("writing {}", path.display()), error))
    }

    fn instances(&self, room: &Name) -> Result<Vec<(InstanceId, Record)>, RuntimeError> {
        let folder = self.folder.join(room.as_str());
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            entries => entries.map_err(|error| RuntimeError::failed(format!("reading {}", folder.display()), error))?,
        };
        let mut found = Vec::new();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some((service, replica)) = name.to_str().and_then(|name| name.rsplit_once('_')) else { continue };
            if let (Ok(service), Ok(replica), Some(record)) = (Name::new(service), replica.parse(), read_record(&entry.path())) {
                found.push((InstanceId::new(room.clone(), service, replica), record));
            }
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }

    /// The first address of the room that nobody has.
    fn free_host(&self, room: &Name, slot: Slot) -> Result<u8, RuntimeError> {
        let taken: BTreeSet<Ipv4Addr> = self.instances(room)?.into_iter().filter_map(|(_, record)| record.address).collect();
        let free = (2..=254).find(|host| !taken.contains(&slot.address(*host)));
        free.ok_or_else(|| RuntimeError::failed("giving an address", "the room has 253 instances already"))
    }

    async fn bindings(&self, id: &InstanceId, service: &Service, uid: u32) -> Result<Vec<Binding>, RuntimeError> {
        let room = self.folder.join(id.room.as_str());
        let etc = |name: &str| Binding { from: room.join(name), to: format!("/etc/{name}"), read_only: true };
        let mut bindings = vec![etc("hosts"), etc("resolv.conf")];
        for mount in &service.mounts {
            let from = match &mount.source {
                Source::Persistent { bytes } => self.volumes.open_volume(id, &mount.name, *bytes, uid).await?,
                Source::Folder(folder) => folder.clone(),
                Source::Memory { .. } => continue,
            };
            bindings.push(Binding { from, to: mount.path.clone(), read_only: mount.read_only });
        }
        Ok(bindings)
    }

    /// Puts everything that is mounted where the room's user finds it; gives the place of the root. Without root that user is this process's.
    async fn show(&self, id: &InstanceId, uid: u32, root: &Path, bindings: &mut [Binding]) -> Result<PathBuf, RuntimeError> {
        if !self.is_root {
            return Ok(root.to_owned());
        }
        let sources: Vec<&Path> = bindings.iter().map(|binding| binding.from.as_path()).chain([root]).collect();
        let mut shown = view::show(&self.namespace(id), uid, &sources).await?;
        let root = shown.pop().unwrap_or_else(|| root.to_owned());
        bindings.iter_mut().zip(shown).for_each(|(binding, at)| binding.from = at);
        Ok(root)
    }

    async fn prepare(
        &self,
        workload: &Workload,
        service: &Service,
        id: &InstanceId,
    ) -> Result<(Record, Vec<String>), RuntimeError> {
        let slot = self.slot(&workload.room)?;
        let place = self.place(id);
        let root = place.join("root");
        let uid = if self.is_root { slot.uid_first() } else { rustix::process::geteuid().as_raw() };
        let owner = self.is_root.then_some(uid);
        let failed = |error: io::Error| RuntimeError::failed(format!("preparing {}", place.display()), error);
        fs::create_dir_all(&root).map_err(failed)?;
        if owner.is_some() {
            std::os::unix::fs::chown(&root, owner, owner).map_err(failed)?;
        }
        let image = self.unpack(&service.image, &root, owner).await?;
        let words = start::command(service, &image);
        if words.is_empty() {
            return Err(RuntimeError::CannotStart {
                id: id.clone(),
                detail: "neither the service nor its image says what to run".into(),
            });
        }
        start::make_places(&root, service, owner)
            .map_err(|error| RuntimeError::CannotStart { id: id.clone(), detail: error.to_string() })?;
        let mut bindings = self.bindings(id, service, uid).await?;
        let shown = self.show(id, uid, &root, &mut bindings).await?;
        let has_network = self.is_root && workload.network != Network::Nothing;
        let text = start::arguments(&shown, service, id, &image, &bindings, !has_network);
        for (name, bytes) in [
            ("arguments", text.as_bytes()),
            ("filter", &self.filters.program),
            ("filter-command", &self.filters.command),
            ("filter-newer", &self.filters.newer_clone),
        ] {
            let path = place.join(name);
            fs::write(&path, bytes).map_err(failed)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        }
        let address =
            if has_network { Some(net::plug(slot, &self.namespace(id), self.free_host(&id.room, slot)?).await?) } else { None };
        let measured = root.clone();
        let image_bytes = tokio::task::spawn_blocking(move || bytes_under(&measured)).await.unwrap_or(0);
        let image = SettingsRecord { env: image.env };
        Ok((Record { service: service.clone(), image, address, image_bytes, has_groups: self.is_root }, words))
    }

    /// Starts what was prepared, and waits until its program runs or ended.
    async fn launch(&self, id: &InstanceId, record: &Record, words: &[String]) -> Result<(), RuntimeError> {
        let place = self.place(id);
        let failed = |error: io::Error| RuntimeError::failed(format!("starting {id}"), error);
        let mut command = Command::new("sh");
        command.args(["-c", start::MONITOR, "sh"]).arg(&place);
        if record.has_groups {
            let group = self.group(id);
            group.make(&record.service.limits)?;
            command.args(group.doors());
        }
        command.arg("--");
        if self.is_root {
            if record.address.is_some() {
                command.arg("nsenter").arg(format!("--net={}", net::place(&self.namespace(id)).display())).arg("--");
            }
            let uid = self.slot(&id.room)?.uid_first().to_string();
            command.args(["setpriv", "--reuid", &uid, "--regid", &uid, "--clear-groups", "--"]);
        } else {
            command.arg("prlimit").arg(format!("--as={}", record.service.limits.memory_bytes)).arg("--");
        }
        command.args(["bwrap", "--args", "7", "--"]).args(words);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir(&place).process_group(0);
        let mut monitor = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(failed)?;
        // It goes on without this process; while both live its end is taken notice of.
        tokio::spawn(async move { monitor.wait().await });
        let until = tokio::time::Instant::now() + START_TIME_MAX;
        while tokio::time::Instant::now() < until {
            match self.look(id).await? {
                Look::Ended(Ending::CannotStart { detail }) => return Err(RuntimeError::CannotStart { id: id.clone(), detail }),
                Look::Ended(_) => return Ok(()),
                _ if self.program(id).is_some() => return Ok(()),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        Err(RuntimeError::CannotStart {
            id: id.clone(),
            detail: format!("its program did not run within {} s", START_TIME_MAX.as_secs()),
        })
    }

    fn refuse(&self, what: String, instead: &str) -> Result<(), WorkloadError> {
        Err(WorkloadError::Unsupported { what, runtime: self.description.name.clone(), instead: instead.to_owned() })
    }
}

/// Whether a file is there, now or in a moment.
async fn written(path: &Path) -> bool {
    for _ in 0..50 {
        if path.exists() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

fn read_record(place: &Path) -> Option<Record> {
    serde_json::from_slice(&fs::read(place.join("record")).ok()?).ok()
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

impl BwrapRuntime {
    /// Kills everybody of an instance.
    async fn kill(&self, id: &InstanceId) -> Result<(), RuntimeError> {
        if self.is_root {
            self.group(id).kill().await?;
            // What its monitor writes at last must not stand in the folder of the next start.
            if self.place(id).join("pid").exists() {
                written(&self.place(id).join("exit")).await;
            }
            return Ok(());
        }
        let outer = fs::read_to_string(self.place(id).join("pid")).ok().and_then(|text| text.trim().parse().ok());
        if let Some(pid) = outer.and_then(rustix::process::Pid::from_raw)
            && self.is_alive(id)
        {
            // With it end all others: they die with their parent, and the first of their namespace.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            written(&self.place(id).join("exit")).await;
        }
        Ok(())
    }
}
