//! The provider's side of [`Desk`]: what tenants ask is answered from the ledger, the rooms and the runtime.

use super::{
    availability::Tally,
    desk::{Desk, DeskError, ForwardedPort, ImagePart, ImageTaken, ServedService, Standing, Tenancy},
    rooms::{Held, Rooms},
    workload::{Planned, room},
};
use async_trait::async_trait;
use depin_client::{Client, SigningKey};
use depin_quantity::Address;
use depin_sandbox::{Exec, ExecOptions, InstanceId, LogOptions, Name, OutputStream, Proto, RoomStatus, RuntimeError};
use depin_sdl::{Manifest, ManifestGroup, ManifestHash};
use depin_services::leasing::{BidId, DeploymentId, OrderState, SignedReport};
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// What tenants deal with.
pub(super) struct Counter {
    pub client: Client,
    pub provider: Address,
    pub rooms: Arc<Rooms>,
    /// How available leases are.
    pub tally: Arc<Tally>,
    /// Signs reports of that,
    pub key: SigningKey,
    /// for this chain.
    pub chain: depin_quantity::Name,
    /// What was held, promised and free at the last look at the ledger.
    pub standing: Arc<Mutex<Standing>>,
    /// Port of the ingress; it is said with host names unless it is 80.
    pub ingress_port: u16,
    /// Where ports of the machine are reached that listen everywhere.
    pub public: IpAddr,
}

impl Counter {
    /// A lease that has a manifest; else why there is none, by the ledger.
    async fn held(&self, lease: BidId) -> Result<(Held, Arc<Planned>), DeskError> {
        if let Some(held) = self.rooms.held(lease).filter(|held| !held.ending) {
            let plan = held.plan.clone().map_err(DeskError::Manifest)?;
            return Ok((held, plan));
        }
        let found = self.client.leasing().lease(lease).await.map_err(|error| DeskError::Unavailable(error.to_string()))?;
        match found {
            Some(found) if found.state.runs() && lease.provider == self.provider => Err(DeskError::NoManifest(lease.to_string())),
            _ => Err(DeskError::NoLease(lease.to_string())),
        }
    }

    /// A service of a lease, with how many replicas it has.
    async fn service(&self, lease: BidId, service: &str) -> Result<(Name, u32), DeskError> {
        let (_, plan) = self.held(lease).await?;
        let found = plan.workload.services.iter().find(|known| known.name.as_str() == service);
        let found = found.ok_or_else(|| {
            let names: Vec<&str> = plan.workload.services.iter().map(|service| service.name.as_str()).collect();
            DeskError::NoService(format!("the lease has no service `{service}`; it has {}", names.join(", ")))
        })?;
        Ok((found.name.clone(), found.replicas))
    }

    async fn ports(&self, lease: BidId, service: &depin_sandbox::Service) -> Vec<ForwardedPort> {
        let mut ports = Vec::new();
        for replica in 0..service.replicas {
            let id = InstanceId::new(room(lease), service.name.clone(), replica);
            // One that does not run has none.
            let published = self.rooms.supervisor.runtime().published(&id).await.unwrap_or_default();
            let asked = |port: u16, proto: Proto| {
                let known = service.ports.iter().find(|known| known.container == port && known.proto == proto);
                known.is_some_and(|known| matches!(known.reach, depin_sandbox::Reach::Machine(_)))
            };
            for port in published.into_iter().filter(|port| asked(port.container, port.proto)) {
                let ip = if port.outside.ip().is_unspecified() { self.public } else { port.outside.ip() };
                let proto = match port.proto {
                    Proto::Tcp => "TCP",
                    Proto::Udp => "UDP",
                };
                ports.push(ForwardedPort { port: port.container, proto, outside: SocketAddr::new(ip, port.outside.port()) });
            }
        }
        ports
    }
}

fn told(lease: BidId, error: RuntimeError) -> DeskError {
    match error {
        RuntimeError::NotThere { id } => {
            DeskError::NoService(format!("{}-{} does not run now; its status says why", id.service, id.replica))
        }
        RuntimeError::Refused(why) => DeskError::Refused(why.to_string()),
        other => DeskError::Unavailable(other.within(&room(lease))),
    }
}

#[async_trait]
impl Desk for Counter {
    fn provider(&self) -> Address {
        self.provider
    }

    async fn standing(&self) -> Standing {
        let deployments: BTreeSet<DeploymentId> = self.rooms.leases().into_iter().map(|lease| lease.deployment()).collect();
        let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Standing { deployments: deployments.len() as u64, ..standing }
    }

    async fn take(&self, deployment: DeploymentId, manifest: Manifest) -> Result<(), DeskError> {
        let found = self.client.leasing().deployment(deployment).await;
        let found = found.map_err(|error| DeskError::Unavailable(error.to_string()))?;
        let none = || DeskError::NoDeployment(deployment.to_string());
        let found = found.ok_or_else(none)?;
        let running = found.groups.iter().filter(|group| group.order_state == OrderState::Active);
        let own = running
            .filter_map(|group| Some((group.lease.filter(|lease| lease.provider == self.provider)?, group.group.name.clone())));
        let leases: Vec<(BidId, String)> = own.collect();
        if leases.is_empty() {
            return Err(none());
        }
        let (wanted, came) = (ManifestHash::new(found.hash.get()), manifest.hash());
        if wanted != came {
            return Err(DeskError::Hash { wanted, found: came });
        }
        let ordered: Vec<_> = found.groups.into_iter().map(|group| group.group).collect();
        manifest.check_against(&ordered).map_err(|error| DeskError::Manifest(error.to_string()))?;
        self.rooms.take(deployment, manifest, leases).await
    }

    async fn manifest(&self, lease: BidId) -> Result<ManifestGroup, DeskError> {
        let (held, _) = self.held(lease).await?;
        let found = held.taken.manifest.groups.iter().find(|group| group.name == held.group);
        found.cloned().ok_or_else(|| DeskError::NoManifest(lease.to_string()))
    }

    async fn tenancy(&self, lease: BidId) -> Result<Tenancy, DeskError> {
        let (held, plan) = self.held(lease).await?;
        let mut services = Vec::new();
        for service in &plan.workload.services {
            // A name that another tenant has proven to be its own leads there.
            let is_own = |host: &&String| self.rooms.ingress.owner(host).is_none_or(|of| of == lease.owner().to_string());
            let ways: Vec<&String> =
                plan.ways.iter().filter(|way| way.service == service.name).flat_map(|way| &way.hosts).filter(is_own).collect();
            let with_port = |host: &String| match self.ingress_port {
                80 => host.clone(),
                port => format!("{host}:{port}"),
            };
            services.push(ServedService {
                name: service.name.to_string(),
                replicas: service.replicas,
                answers: ways.is_empty() || self.rooms.answers(lease, &service.name).is_some(),
                is_current: held.deployed && (ways.is_empty() || self.rooms.answers(lease, &service.name) == Some(true)),
                hosts: ways.into_iter().map(with_port).collect(),
                ports: self.ports(lease, service).await,
            });
        }
        let waiting = || {
            let problem =
                held.problem.clone().or_else(|| self.rooms.trouble()).unwrap_or_else(|| "it is being started".to_owned());
            watch::channel(RoomStatus { instances: Vec::new(), problem: Some(problem) }).1
        };
        let room = self.rooms.supervisor.watch(&room(lease)).unwrap_or_else(waiting);
        Ok(Tenancy { room, services, generation: held.taken.generation })
    }

    async fn logs(&self, lease: BidId, service: &str, options: LogOptions) -> Result<Vec<(u32, OutputStream)>, DeskError> {
        let (name, replicas) = self.service(lease, service).await?;
        let (mut streams, mut failed) = (Vec::new(), None);
        for replica in 0..replicas {
            match self.rooms.supervisor.runtime().logs(&InstanceId::new(room(lease), name.clone(), replica), options).await {
                Ok(stream) => streams.push((replica, stream)),
                Err(error) => failed = Some(told(lease, error)),
            }
        }
        match failed {
            Some(error) if streams.is_empty() => Err(error),
            _ => Ok(streams),
        }
    }

    async fn image(&self, lease: BidId, part: ImagePart) -> Result<ImageTaken, DeskError> {
        match self.held(lease).await {
            // It may come before the manifest that names it, and mend one that cannot be run.
            Ok(_) | Err(DeskError::NoManifest(_) | DeskError::Manifest(_)) => self.rooms.image(lease, part).await,
            Err(error) => Err(error),
        }
    }

    async fn report(&self, lease: BidId, report: SignedReport) -> Result<SignedReport, DeskError> {
        self.held(lease).await?;
        self.tally.sign(&self.key, self.chain, lease, report).map_err(DeskError::Report)
    }

    async fn exec(&self, lease: BidId, service: &str, replica: u32, options: ExecOptions) -> Result<Exec, DeskError> {
        let (name, replicas) = self.service(lease, service).await?;
        if replica >= replicas {
            return Err(DeskError::NoService(format!("service `{service}` has {replicas} replicas, the first is 0")));
        }
        self.rooms
            .supervisor
            .runtime()
            .exec(&InstanceId::new(room(lease), name, replica), options)
            .await
            .map_err(|error| told(lease, error))
    }
}
