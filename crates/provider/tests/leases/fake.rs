//! A runtime that keeps states and runs nothing. Clones are the same machine: what runs there outlives the daemon.

use async_trait::async_trait;
use depin_sandbox::{
    Description, Ending, Exec, ExecOptions, Found, InstanceId, Inventory, LogOptions, Look, Name, Output, OutputStream,
    Published, Reach, Runtime, RuntimeError, Service, Usage, Workload, WorkloadError, Written,
};
use futures::{FutureExt as _, StreamExt as _, stream};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

#[derive(Default)]
pub struct Machine {
    /// What runs, with the service that it was started from.
    pub running: BTreeMap<InstanceId, (Service, Look)>,
    /// Rooms that are open.
    pub rooms: Vec<Name>,
    /// Starts and ends, in order.
    pub log: Vec<String>,
    /// Whether the engine answers.
    pub is_away: bool,
    /// Where instances are reached.
    pub backend: Option<SocketAddr>,
}

#[derive(Clone)]
pub struct Fake {
    provider: &'static str,
    description: Description,
    machine: Arc<Mutex<Machine>>,
}

impl Fake {
    pub fn new(provider: &'static str) -> Self {
        let description = Description {
            name: "made up".into(),
            several_services: true,
            user_namespaces: true,
            packet_filter: true,
            fixed_volumes: true,
            notes: vec![],
        };
        Self { provider, description, machine: Arc::default() }
    }

    /// The same provider on a machine that runs one service alone.
    pub fn single(mut self) -> Self {
        self.description.several_services = false;
        self
    }

    pub fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap()
    }

    /// Whether so many instances run.
    pub fn runs(&self, count: usize) -> bool {
        self.machine().running.values().filter(|(_, look)| *look == Look::Running).count() == count
    }

    /// Services that run, with their images.
    pub fn images(&self) -> Vec<String> {
        self.machine().running.values().map(|(service, _)| service.image.to_string()).collect()
    }

    /// Ends whatever runs.
    pub fn end_all(&self, ending: &Ending) {
        self.machine().running.values_mut().for_each(|(_, look)| *look = Look::Ended(ending.clone()));
    }

    fn there(&self) -> Result<MutexGuard<'_, Machine>, RuntimeError> {
        let machine = self.machine();
        if machine.is_away { Err(RuntimeError::failed("asking the engine", "it is away")) } else { Ok(machine) }
    }

    fn known(&self, id: &InstanceId) -> Result<Service, RuntimeError> {
        let machine = self.there()?;
        machine.running.get(id).map(|(service, _)| service.clone()).ok_or_else(|| RuntimeError::NotThere { id: id.clone() })
    }
}

#[async_trait]
impl Runtime for Fake {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn check(&self, workload: &Workload) -> Result<(), WorkloadError> {
        if self.description.several_services || workload.services.len() == 1 {
            return Ok(());
        }
        let (what, instead) = ("several services".to_owned(), "run as root".to_owned());
        Err(WorkloadError::Unsupported { what, runtime: self.description.name.clone(), instead })
    }

    async fn open(&self, workload: &Workload) -> Result<(), RuntimeError> {
        let mut machine = self.there()?;
        if !machine.rooms.contains(&workload.room) {
            machine.rooms.push(workload.room.clone());
        }
        Ok(())
    }

    async fn start(&self, workload: &Workload, service: &Service, replica: u32) -> Result<(), RuntimeError> {
        let id = InstanceId::new(workload.room.clone(), service.name.clone(), replica);
        let mut machine = self.there()?;
        machine.log.push(format!("start {}-{replica}", service.name));
        if service.image.to_string().contains("missing") {
            return Err(RuntimeError::ImageMissing { image: service.image.to_string(), detail: "it is nowhere".into() });
        }
        machine.running.insert(id, (service.clone(), Look::Running));
        Ok(())
    }

    async fn look(&self, id: &InstanceId) -> Result<Look, RuntimeError> {
        Ok(self.there()?.running.get(id).map_or(Look::Absent, |(_, look)| look.clone()))
    }

    async fn stop(&self, _: &InstanceId, _: Duration) -> Result<(), RuntimeError> {
        self.there().map(drop)
    }

    async fn remove(&self, id: &InstanceId) -> Result<(), RuntimeError> {
        let mut machine = self.there()?;
        machine.log.push(format!("remove {}-{}", id.service, id.replica));
        machine.running.remove(id);
        Ok(())
    }

    async fn usage(&self, _: &InstanceId) -> Result<Usage, RuntimeError> {
        Ok(Usage::default())
    }

    async fn written(&self, _: &Service, _: &InstanceId) -> Result<Vec<Written>, RuntimeError> {
        Ok(Vec::new())
    }

    async fn published(&self, id: &InstanceId) -> Result<Vec<Published>, RuntimeError> {
        let outside = |port: &depin_sandbox::Port| match port.reach {
            Reach::Loopback => SocketAddr::from(([127, 0, 0, 1], 20_000 + port.container)),
            Reach::Machine(_) => SocketAddr::from(([0, 0, 0, 0], 30_000 + port.container)),
        };
        let ports = self.known(id)?.ports;
        Ok(ports.iter().map(|port| Published { container: port.container, proto: port.proto, outside: outside(port) }).collect())
    }

    async fn address(&self, id: &InstanceId, _: u16) -> Result<SocketAddr, RuntimeError> {
        self.known(id)?;
        self.machine().backend.ok_or_else(|| RuntimeError::NotThere { id: id.clone() })
    }

    async fn logs(&self, id: &InstanceId, _: LogOptions) -> Result<OutputStream, RuntimeError> {
        let line = format!("{} of {}\n", self.known(id)?.name, self.provider);
        Ok(stream::once(async move { Ok(Output::Stdout(line.into())) }.boxed()).boxed())
    }

    async fn exec(&self, id: &InstanceId, _: ExecOptions) -> Result<Exec, RuntimeError> {
        self.known(id)?;
        Err(RuntimeError::failed("running a command", "nothing runs here really"))
    }

    async fn list(&self) -> Result<Inventory, RuntimeError> {
        let machine = self.there()?;
        let found = machine.running.iter().map(|(id, (service, _))| Found { id: id.clone(), digest: service.digest() });
        Ok(Inventory { rooms: machine.rooms.clone(), instances: found.collect() })
    }

    async fn clear(&self, room: &Name) -> Result<(), RuntimeError> {
        let mut machine = self.there()?;
        machine.log.push("clear".to_owned());
        machine.running.retain(|id, _| id.room != *room);
        Ok(())
    }

    async fn close(&self, room: &Name) -> Result<(), RuntimeError> {
        let mut machine = self.there()?;
        machine.log.push("close".to_owned());
        machine.rooms.retain(|name| name != room);
        machine.running.retain(|id, _| id.room != *room);
        Ok(())
    }
}
