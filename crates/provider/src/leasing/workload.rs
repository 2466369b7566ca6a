//! From what a tenant sends to what a sandbox runs: a manifest's group becomes a workload, with the ways in from outside.
//!
//! Pure: no file is looked at but for whether an image's archive is there. What cannot be given here is refused by name, before anything
//! runs; nothing that the manifest says is passed over in silence.

use super::images;
use depin_sandbox::{
    Image, Limits, Mount, Name, Network, Port, Proto, Reach, Service as SandboxService, Source, Variable, Workload, WorkloadError,
};
use depin_sdl::{
    Expose, Group, ManifestGroup, Service, Volume,
    hosts::{self, HostBlockList},
};
use depin_services::leasing::BidId;
use std::{collections::BTreeMap, net::IpAddr, path::PathBuf, time::Duration};

/// Processes and threads of one replica.
const PIDS: u32 = 1_024;
/// Bytes that a replica without a volume that ends with it may write: its logs.
const EPHEMERAL_LEAST: u64 = 16 << 20;

/// What of the provider a workload depends on.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// The domain below which services get their host names.
    pub domain: Option<String>,
    /// Archives of images: `nginx:1.27` is `nginx:1.27.oci`, and every `/` of a name is `_`.
    pub images: PathBuf,
    /// Archives that tenants pushed, in a folder for each room; these come first.
    pub pushed: PathBuf,
}

/// A group as it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// For the runtime.
    pub workload: Workload,
    /// Ways in by host name.
    pub ways: Vec<Way>,
}

/// Host names that lead to one port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The service.
    pub service: Name,
    /// Its port.
    pub port: u16,
    /// The names: those that it claims, then the one that it is given.
    pub hosts: Vec<String>,
    /// Most bytes of a request's body.
    pub body_bytes_max: usize,
    /// How long the head of an answer may take.
    pub answer_time_max: Duration,
}

/// Why a manifest cannot be run here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHere {
    /// Something that no provider of this program gives.
    #[error(
        "service `{service}` asks for {what}, which this provider does not give; leave it out, or take another provider's bid"
    )]
    NotGiven {
        /// Which service.
        service: String,
        /// What.
        what: &'static str,
    },
    /// A number that no port has.
    #[error("service `{service}` has the port {port}; ports are 1 to 65535")]
    Port {
        /// Which service.
        service: String,
        /// What it says.
        port: u32,
    },
    /// A mount of a volume that is not ordered.
    #[error("service `{service}` mounts `{volume}`, and has no volume of that name")]
    Volume {
        /// Which service.
        service: String,
        /// Which name.
        volume: String,
    },
    /// A host name that is the provider's own, or none.
    #[error(
        "service `{service}` claims `{host}`, which no tenant can have: addresses, `localhost`, and all names below the provider's own domain; claim a name of yours, or use the one that is given"
    )]
    Host {
        /// Which service.
        service: String,
        /// Which name.
        host: String,
    },
    /// The sandbox refuses it.
    #[error(transparent)]
    Workload(#[from] WorkloadError),
}

/// The room of a lease on its provider's machine.
///
/// # Panics
/// Never: the name is 45 letters and digits.
pub fn room(lease: BidId) -> Name {
    Name::new(hosts::namespace(&lease.to_string())).expect("base 32 of 28 bytes is a name")
}

/// What runs for a lease. `group` was held against what was ordered before.
///
/// # Errors
/// [`NotHere`], the first in the order of the manifest.
pub fn planned(lease: BidId, group: &ManifestGroup, ground: &Ground) -> Result<Planned, NotHere> {
    let (mut services, mut ways) = (Vec::new(), Vec::new());
    for service in &group.services {
        services.push(translated(lease, service, ground)?);
        ways.extend(ways_in(lease, service, ground)?);
    }
    let workload = Workload { room: room(lease), network: Network::Outbound, services };
    workload.check()?;
    Ok(Planned { workload, ways })
}

/// A stand-in for what an order may turn out to be, so that a runtime can be asked before a bid whether it could run it.
///
/// # Errors
/// [`NotHere`], for what no provider of this program gives.
pub fn likeness(lease: BidId, group: &Group) -> Result<Workload, NotHere> {
    let mut services = Vec::new();
    for unit in &group.resources {
        let service = Service {
            name: format!("unit-{}", unit.resources.id),
            image: "any".to_owned(),
            resources: unit.resources.clone(),
            count: unit.count,
            ..Service::default()
        };
        let mut made = translated(lease, &service, &Ground::default())?;
        let http = |port| Port { container: port, proto: Proto::Tcp, reach: Reach::Loopback };
        made.ports = (1..).zip(&unit.resources.endpoints).map(|(port, _)| http(port)).collect();
        services.push(made);
    }
    let network = if group.resources.iter().all(|unit| unit.resources.endpoints.is_empty()) && services.len() == 1 {
        Network::Nothing
    } else {
        Network::Outbound
    };
    let workload = Workload { room: room(lease), network, services };
    workload.check()?;
    Ok(workload)
}

fn translated(lease: BidId, service: &Service, ground: &Ground) -> Result<SandboxService, NotHere> {
    refuse_what_is_not_given(service)?;
    let volumes = &service.resources.storage;
    let sum = |wanted: fn(&Volume) -> bool| {
        volumes.iter().filter(|volume| wanted(volume)).fold(0_u64, |sum, volume| sum.saturating_add(volume.size.get()))
    };
    let (ephemeral, in_memory) = (sum(is_ephemeral), sum(is_memory));
    let mut made = SandboxService::new(Name::new(service.name.as_str())?, image(lease, &service.image, ground));
    made.command.clone_from(&service.command);
    made.args.clone_from(&service.args);
    made.env = environment(lease, service, ground);
    made.replicas = service.count;
    made.limits = Limits {
        cpu_milli: u32::try_from(service.resources.cpu.units.get()).unwrap_or(u32::MAX),
        memory_bytes: service.resources.memory.size.get().saturating_add(in_memory),
        pids: PIDS,
        ephemeral_bytes: ephemeral.max(EPHEMERAL_LEAST),
    };
    // What a file orders as storage that ends with its container is what a program writes beside its volumes.
    made.writable_root = ephemeral > 0;
    made.ports = ports(service)?;
    made.mounts = mounts(service)?;
    Ok(made)
}

fn refuse_what_is_not_given(service: &Service) -> Result<(), NotHere> {
    let params = service.params.as_ref();
    let what = if service.resources.gpu.units.get() > 0 {
        "GPUs"
    } else if service.credentials.is_some() {
        "an image behind a password"
    } else if params.is_some_and(|params| params.tee.is_some()) {
        "confidential computing"
    } else if params.and_then(|params| params.permissions.as_ref()).is_some_and(|permissions| !permissions.read.is_empty()) {
        "a look at its own lease from inside"
    } else if service.expose.iter().any(|expose| !expose.ip.is_empty())
        || service.resources.endpoints.iter().any(|endpoint| endpoint.kind == depin_sdl::EndpointKind::LeasedIp)
    {
        "an address of its own"
    } else {
        return Ok(());
    };
    Err(NotHere::NotGiven { service: service.name.clone(), what })
}

/// An archive of that name: one that the tenant pushed, or one that the provider put there; else the reference itself. A name cannot lead
/// out of the folder: it has no `/`.
fn image(lease: BidId, reference: &str, ground: &Ground) -> Image {
    let beside = ground.images.join(format!("{}.oci", reference.replace('/', "_")));
    let is_beside = !ground.images.as_os_str().is_empty() && beside.is_file();
    let archive = images::find(&ground.pushed, &room(lease), reference).or_else(|| is_beside.then_some(beside));
    archive.map_or_else(|| Image::Reference(reference.to_owned()), Image::Archive)
}

/// What the manifest says, which wins, and what upstream's providers tell every container of its lease.
fn environment(lease: BidId, service: &Service, ground: &Ground) -> Vec<Variable> {
    let own = service.env.iter().flatten().map(|line| line.split_once('=').unwrap_or((line, "")));
    let mut all: BTreeMap<String, String> = [
        ("AKASH_OWNER", lease.owner().to_string()),
        ("AKASH_PROVIDER", lease.provider.to_string()),
        ("AKASH_DEPLOYMENT_SEQUENCE", lease.deployment().dseq.to_string()),
        ("AKASH_GROUP_SEQUENCE", lease.order.group.gseq.to_string()),
        ("AKASH_ORDER_SEQUENCE", lease.order.oseq.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    all.extend(ground.domain.iter().map(|domain| ("AKASH_CLUSTER_PUBLIC_HOSTNAME".to_owned(), domain.clone())));
    all.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    all.into_iter().map(|(name, value)| Variable::new(name, value)).collect()
}

fn port_of(service: &Service, expose: &Expose) -> Result<u16, NotHere> {
    let wrong = || NotHere::Port { service: service.name.clone(), port: expose.port };
    u16::try_from(expose.port).ok().filter(|port| *port > 0).ok_or_else(wrong)
}

/// Ports for the world. Services of a lease reach each other at all ports, so the others need nothing.
fn ports(service: &Service) -> Result<Vec<Port>, NotHere> {
    let mut reached: BTreeMap<(u16, Proto), Reach> = BTreeMap::new();
    for expose in service.expose.iter().filter(|expose| expose.global) {
        let proto = match expose.proto {
            depin_sdl::Proto::Tcp => Proto::Tcp,
            depin_sdl::Proto::Udp => Proto::Udp,
        };
        let reach = if expose.is_ingress() { Reach::Loopback } else { Reach::Machine(None) };
        let known = reached.entry((port_of(service, expose)?, proto)).or_insert(reach);
        // One port may be reached both ways.
        if reach != Reach::Loopback {
            *known = reach;
        }
    }
    Ok(reached.into_iter().map(|((container, proto), reach)| Port { container, proto, reach }).collect())
}

fn mounts(service: &Service) -> Result<Vec<Mount>, NotHere> {
    let listed = service.params.iter().flat_map(|params| params.storage.iter().flatten());
    let mut mounts = Vec::new();
    for mount in listed.filter(|mount| !mount.mount.is_empty()) {
        let unknown = || NotHere::Volume { service: service.name.clone(), volume: mount.name.clone() };
        let volume = service.resources.storage.iter().find(|volume| volume.name == mount.name).ok_or_else(unknown)?;
        let bytes = volume.size.get();
        // A volume that need not outlive its container may: it ends with the lease.
        let source = if is_memory(volume) { Source::Memory { bytes } } else { Source::Persistent { bytes } };
        let name = Name::new(mount.name.to_ascii_lowercase().replace('_', "-"))?;
        mounts.push(Mount { name, path: mount.mount.clone(), read_only: mount.read_only, source });
    }
    Ok(mounts)
}

fn is_memory(volume: &Volume) -> bool {
    volume.class() == Some("ram")
}

fn is_ephemeral(volume: &Volume) -> bool {
    !volume.is_persistent() && !is_memory(volume)
}

fn ways_in(lease: BidId, service: &Service, ground: &Ground) -> Result<Vec<Way>, NotHere> {
    let mut ways = Vec::new();
    for expose in service.expose.iter().filter(|expose| expose.is_ingress()) {
        let given = ground.domain.iter().map(|domain| {
            let label = hosts::ingress_label(&lease.to_string(), &service.name);
            format!("{label}.{domain}")
        });
        let claimed: Vec<String> = expose.hosts.iter().flatten().map(|host| host.to_ascii_lowercase()).collect();
        if let Some(host) = claimed.iter().find(|host| is_reserved(host, ground.domain.as_deref())) {
            return Err(NotHere::Host { service: service.name.clone(), host: host.clone() });
        }
        let options = &expose.http_options;
        let or = |value: u32, usual: u32| if value == 0 { usual } else { value };
        ways.push(Way {
            service: Name::new(service.name.as_str())?,
            port: port_of(service, expose)?,
            hosts: claimed.into_iter().chain(given).collect(),
            body_bytes_max: or(options.max_body_size, 1 << 20) as usize,
            answer_time_max: Duration::from_millis(or(options.read_timeout, 60_000).into()),
        });
    }
    Ok(ways)
}

/// Whether a host name, in small letters, leads to the provider itself or to what it gives to others: who claimed it would answer in
/// their place.
fn is_reserved(host: &str, domain: Option<&str>) -> bool {
    let host = host.trim_end_matches('.');
    let below = domain.map(|domain| format!(".{}", domain.trim_end_matches('.')));
    let own = HostBlockList::new(below.into_iter().chain(["localhost".to_owned()]));
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() || own.blocks(host).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leasing::tests::order;
    use depin_quantity::Address;
    use depin_sdl::Manifest;

    const TEXT: &str = r#"version: "2.0"
services:
  db:
    image: localhost/postgres:15
    env: ["POSTGRES_PASSWORD=secret=with=signs", "EMPTY="]
    expose: [{port: 5432, to: [{service: web}]}]
    params: {storage: {data: {mount: /var/lib/postgresql/data}, shm: {mount: /dev/shm}}}
  web:
    image: nginx:1.27
    command: [nginx]
    args: ["-g", "daemon off;"]
    expose:
      - {port: 8080, as: 80, accept: [shop.example.com], to: [{global: true}], http_options: {max_body_size: 2097152}}
      - {port: 8080, as: 9000, to: [{global: true}]}
      - {port: 53, proto: udp, to: [{global: true}]}
profiles:
  compute:
    db:
      resources:
        cpu: {units: 0.5}
        memory: {size: 256Mi}
        storage:
          - {size: 64Mi}
          - {name: data, size: 1Gi, attributes: {persistent: true, class: beta2}}
          - {name: shm, size: 16Mi, attributes: {persistent: false, class: ram}}
    web: {resources: {cpu: {units: 100m}, memory: {size: 64Mi}, storage: {size: 128Mi}}}
  placement:
    west: {pricing: {db: {denom: uakt, amount: 10}, web: {denom: uakt, amount: 10}}}
deployment:
  db: {west: {profile: db, count: 1}}
  web: {west: {profile: web, count: 2}}
"#;

    fn lease() -> BidId {
        order(1).bid(Address::new([7; 32]))
    }

    fn manifest(text: &str) -> Manifest {
        depin_sdl::read(text).unwrap_or_else(|refused| panic!("{refused}")).manifest().clone()
    }

    fn plan(text: &str) -> Result<Planned, NotHere> {
        let ground = Ground { domain: Some("p.example".to_owned()), ..Ground::default() };
        planned(lease(), &manifest(text).groups[0], &ground)
    }

    #[test]
    fn a_group_becomes_a_workload_with_its_ways_in() {
        let Planned { workload, ways } = plan(TEXT).unwrap();
        assert_eq!((workload.room.as_str().len(), workload.network), (45, Network::Outbound));
        let [db, web] = &workload.services[..] else { panic!("{workload:?}") };
        assert_eq!((db.limits.cpu_milli, db.limits.memory_bytes), (500, (256 + 16) << 20), "what is in memory counts");
        assert_eq!((db.limits.ephemeral_bytes, db.writable_root), (64 << 20, true));
        assert_eq!(db.ports, [], "services of a lease need no port for each other");
        let mounted: Vec<_> = db.mounts.iter().map(|mount| (mount.path.as_str(), mount.source.clone())).collect();
        let wanted = [
            ("/var/lib/postgresql/data", Source::Persistent { bytes: 1 << 30 }),
            ("/dev/shm", Source::Memory { bytes: 16 << 20 }),
        ];
        assert!(wanted.iter().all(|one| mounted.contains(one)) && mounted.len() == 2, "{mounted:?}");
        let value = |name: &str| db.env.iter().find(|variable| variable.name == name).map(|variable| variable.value.clone());
        assert_eq!(value("POSTGRES_PASSWORD").as_deref(), Some("secret=with=signs"));
        assert_eq!((value("EMPTY").as_deref(), value("AKASH_GROUP_SEQUENCE").as_deref()), (Some(""), Some("1")));
        assert_eq!((web.replicas, web.command.as_deref()), (2, Some(&["nginx".to_owned()][..])));
        assert_eq!(web.args.as_deref(), Some(&["-g".to_owned(), "daemon off;".to_owned()][..]));
        let reach: Vec<_> = web.ports.iter().map(|port| (port.container, port.proto, port.reach)).collect();
        let all = Reach::Machine(None);
        assert_eq!(reach, [(53, Proto::Udp, all), (8080, Proto::Tcp, all)], "one port may be reached both ways");
        let [way] = &ways[..] else { panic!("{ways:?}") };
        assert_eq!((way.port, way.body_bytes_max), (8080, 2 << 20));
        let label = hosts::ingress_label(&lease().to_string(), "web");
        assert_eq!(way.hosts, ["shop.example.com".to_owned(), format!("{label}.p.example")]);
    }

    #[test]
    fn names_of_the_provider_itself_cannot_be_claimed() {
        for host in ["127.0.0.1", "::1", "localhost", "p.example", "a.p.example", "A.P.example", "p.example."] {
            let mut group = manifest(TEXT).groups.remove(0);
            let expose = group.services.iter_mut().flat_map(|service| &mut service.expose);
            expose.filter(|expose| expose.is_ingress()).for_each(|expose| expose.hosts = Some(vec![host.to_owned()]));
            let ground = Ground { domain: Some("P.example".to_owned()), ..Ground::default() };
            let refused = planned(lease(), &group, &ground);
            assert!(matches!(refused, Err(NotHere::Host { .. })), "{host}: {refused:?}");
        }
        for host in ["ap.example", "example", "p.example.com", "localhost.example.com"] {
            assert!(!is_reserved(host, Some("p.example")), "{host}");
        }
    }

    #[test]
    fn what_is_not_given_is_refused_by_name() {
        let with = |from: &str, to: &str| {
            assert!(TEXT.contains(from), "{from}");
            plan(&TEXT.replacen(from, to, 1)).unwrap_err().to_string()
        };
        let gpu = "cpu: {units: 0.5}\n        gpu: {units: 1, attributes: {vendor: {nvidia: [{model: a100}]}}}";
        assert!(with("cpu: {units: 0.5}", gpu).contains("`db` asks for GPUs"));
        let secret = "image: nginx:1.27\n    credentials: {host: h.example, username: somebody, password: something}";
        assert!(with("image: nginx:1.27", secret).contains("behind a password"));
        let look = "image: nginx:1.27\n    params: {permissions: {read: [logs]}}";
        assert!(with("image: nginx:1.27", look).contains("its own lease"));
        assert!(with("mount: /dev/shm", "mount: /proc/x").contains("not in /proc"));
    }

    #[test]
    fn an_image_that_the_provider_put_there_is_taken_from_its_archive_and_no_name_leads_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("images/localhost_web:1.oci");
        std::fs::create_dir(folder.path().join("images")).unwrap();
        std::fs::write(&archive, "").unwrap();
        std::fs::write(folder.path().join("key.oci"), "").unwrap();
        let of = |name: &str| folder.path().join(name);
        let ground = Ground { images: of("images"), pushed: of("pushed"), ..Ground::default() };
        assert_eq!(image(lease(), "localhost/web:1", &ground), Image::Archive(archive));
        for other in ["localhost/web:2", "../key", "..", "/etc/passwd"] {
            assert_eq!(image(lease(), other, &ground), Image::Reference(other.to_owned()));
        }
        // What the tenant pushed comes first.
        let own = of("pushed").join(room(lease()).as_str());
        std::fs::create_dir_all(&own).unwrap();
        let pushed = own.join("localhost_web:1~00.oci");
        std::fs::write(&pushed, "").unwrap();
        assert_eq!(image(lease(), "localhost/web:1", &ground), Image::Archive(pushed));
    }

    #[test]
    fn a_runtime_can_be_asked_before_a_bid() {
        let deployment = depin_sdl::read(TEXT).unwrap();
        let like = likeness(lease(), &deployment.groups()[0]).unwrap();
        assert_eq!((like.services.len(), like.services[1].replicas), (2, 2));
        assert!(!like.services[1].ports.is_empty() && like.network == Network::Outbound);
    }
}
