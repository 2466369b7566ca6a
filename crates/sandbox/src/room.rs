//! One room under supervision: its instances, and one step of looking after all of them.

use crate::{
    error::RuntimeError,
    lifecycle::{Ending, Lifecycle, Status, Todo},
    names::{InstanceId, Name},
    probe,
    runtime::{Look, Runtime},
    workload::{Service, Workload},
};
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// What is told of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomStatus {
    /// Its instances, by service and replica.
    pub instances: Vec<InstanceStatus>,
    /// What keeps the runtime from looking after it, in words; the instances are then as they were last seen.
    pub problem: Option<String>,
}

impl RoomStatus {
    /// Whether every instance did what it should: it is well, or ended with success.
    pub fn is_healthy(&self) -> bool {
        use crate::lifecycle::State::{Completed, Healthy};
        let well = |instance: &InstanceStatus| matches!(instance.status.state, Healthy | Completed) && !instance.outdated;
        self.problem.is_none() && !self.instances.is_empty() && self.instances.iter().all(well)
    }
}

/// What is told of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// Which.
    pub id: InstanceId,
    /// How it is.
    pub status: Status,
    /// Whether it still runs from what the workload was before an update.
    pub outdated: bool,
}

#[derive(Debug)]
struct Instance {
    id: InstanceId,
    /// What its container was started from, as far as it has one.
    digest: String,
    life: Lifecycle,
    next_disk: Duration,
}

/// A room and what is known of it.
#[derive(Debug)]
pub(crate) struct Room {
    workload: Workload,
    instances: BTreeMap<InstanceId, Instance>,
    opened: bool,
    problem: Option<String>,
}

impl Room {
    pub(crate) fn new(now: Duration, workload: Workload) -> Self {
        let mut room = Self { workload, instances: BTreeMap::new(), opened: false, problem: None };
        room.fill(now);
        room
    }

    /// Takes over a container that runs already, or ran.
    pub(crate) fn adopt(&mut self, now: Duration, id: &InstanceId, digest: String) -> bool {
        let Some(instance) = self.instances.get_mut(id) else { return false };
        instance.digest = digest;
        instance.life.started(now);
        true
    }

    /// Counts on from how often its instances were started anew before a start of the daemon.
    pub(crate) fn count_on(&mut self, restarts: &BTreeMap<InstanceId, u32>) {
        for (id, instance) in &mut self.instances {
            restarts.get(id).into_iter().for_each(|before| instance.life.ran_before(*before));
        }
    }

    /// From now on it runs something else. What does not run, and is to run from something else, is started at once: its pauses were for
    /// what it was before.
    pub(crate) fn replace(&mut self, now: Duration, workload: Workload) {
        let before = std::mem::replace(&mut self.workload, workload);
        for (id, instance) in self.instances.iter_mut().filter(|(_, instance)| !instance.life.is_up()) {
            match self.workload.service(&id.service) {
                Some(service) if before.service(&id.service).map(Service::digest) != Some(service.digest()) => {
                    instance.life.renewed(now, service.restart, service.health.clone());
                }
                _ => {}
            }
        }
        self.fill(now);
    }

    /// What could not be started is tried again at once: what it lacked may be there by now.
    pub(crate) fn try_again(&mut self, now: Duration) {
        self.instances.values_mut().for_each(|instance| instance.life.hurry(now));
    }

    pub(crate) const fn workload(&self) -> &Workload {
        &self.workload
    }

    fn fill(&mut self, now: Duration) {
        for service in &self.workload.services {
            for replica in 0..service.replicas {
                let id = InstanceId::new(self.workload.room.clone(), service.name.clone(), replica);
                let life = Lifecycle::new(now, service.restart, service.health.clone());
                self.instances.entry(id.clone()).or_insert(Instance { id, digest: String::new(), life, next_disk: now });
            }
        }
    }

    pub(crate) fn status(&self, now: Duration) -> RoomStatus {
        let told = self.instances.values().map(|instance| {
            let digest = self.wanted(&instance.id).map(Service::digest);
            let outdated = !instance.digest.is_empty() && digest.as_ref() != Some(&instance.digest);
            InstanceStatus { id: instance.id.clone(), status: instance.life.status(now), outdated }
        });
        RoomStatus { instances: told.collect(), problem: self.problem.clone() }
    }

    fn wanted(&self, id: &InstanceId) -> Option<&Service> {
        self.workload.service(&id.service).filter(|service| id.replica < service.replicas)
    }

    /// Looks after everything once.
    pub(crate) async fn step(&mut self, runtime: &dyn Runtime, now: Duration, disk_every: Duration) {
        self.problem = self.try_step(runtime, now, disk_every).await.err().map(|error| error.within(&self.workload.room));
        if let Some(problem) = &self.problem {
            tracing::warn!(room = %self.workload.room, problem, "this room cannot be looked after; it is tried again");
        }
    }

    async fn try_step(&mut self, runtime: &dyn Runtime, now: Duration, disk_every: Duration) -> Result<(), RuntimeError> {
        if !self.opened {
            runtime.open(&self.workload).await?;
            self.opened = true;
        }
        self.drop_unwanted(runtime).await?;
        let workload = &self.workload;
        let looks = self.instances.values_mut().filter(|instance| instance.life.is_up()).map(async |instance| {
            match workload.service(&instance.id.service) {
                Some(service) => instance.look_after(runtime, service, now, disk_every).await,
                None => Ok(()),
            }
        });
        join_all(looks).await.into_iter().collect::<Result<Vec<()>, _>>()?;
        self.roll(runtime, now).await?;
        self.start(runtime, now).await;
        Ok(())
    }

    async fn drop_unwanted(&mut self, runtime: &dyn Runtime) -> Result<(), RuntimeError> {
        let unwanted: Vec<_> = self.instances.keys().filter(|id| self.wanted(id).is_none()).cloned().collect();
        for id in unwanted {
            runtime.stop(&id, Duration::from_secs(10)).await?;
            runtime.remove(&id).await?;
            self.instances.remove(&id);
        }
        Ok(())
    }

    /// Replaces what runs from before an update: of each service one replica at a time, and none while another is not well yet.
    async fn roll(&mut self, runtime: &dyn Runtime, now: Duration) -> Result<(), RuntimeError> {
        for service in &self.workload.services {
            let digest = service.digest();
            let of_it = |instance: &&Instance| instance.id.service == service.name;
            let is_old = |instance: &Instance| !instance.digest.is_empty() && instance.digest != digest;
            let settled = self.instances.values().filter(of_it).all(|i| is_old(i) || i.life.is_satisfied());
            let old = self.instances.values().filter(of_it).filter(|i| is_old(i));
            // One that is not well serves nobody: it goes first, and at once.
            let Some(id) = old.min_by_key(|i| (i.life.is_healthy(), i.id.replica)).map(|i| i.id.clone()) else { continue };
            let Some(instance) = self.instances.get_mut(&id) else { continue };
            if !settled && instance.life.is_healthy() {
                continue;
            }
            runtime.stop(&id, service.stop_grace).await?;
            runtime.remove(&id).await?;
            instance.digest.clear();
            instance.life.renewed(now, service.restart, service.health.clone());
        }
        Ok(())
    }

    async fn start(&mut self, runtime: &dyn Runtime, now: Duration) {
        let missing: BTreeMap<Name, String> = self.workload.services.iter().map(|s| (s.name.clone(), self.missing(s))).collect();
        let workload = &self.workload;
        let starts = self.instances.values_mut().filter(|i| i.life.todo(now) == Todo::Start).map(async |instance| {
            let Some(service) = workload.service(&instance.id.service) else { return };
            let missing = &missing[&service.name];
            instance.life.waits(missing);
            if !missing.is_empty() {
                return;
            }
            match runtime.start(workload, service, instance.id.replica).await {
                Ok(()) => {
                    instance.digest = service.digest();
                    instance.next_disk = now;
                    instance.life.started(now);
                }
                Err(error) => instance.life.ended(now, Ending::CannotStart { detail: error.within(&workload.room) }),
            }
        });
        join_all(starts).await;
    }

    /// What a service depends on and is not well yet, as `a, b`.
    fn missing(&self, service: &Service) -> String {
        let unwell = service.depends_on.iter().filter(|on| {
            !self.instances.values().filter(|instance| instance.id.service == **on).all(|instance| instance.life.is_satisfied())
        });
        unwell.map(Name::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl Instance {
    async fn look_after(
        &mut self,
        runtime: &dyn Runtime,
        service: &Service,
        now: Duration,
        disk_every: Duration,
    ) -> Result<(), RuntimeError> {
        if let Some(ending) = self.ending(runtime, service, now, disk_every).await? {
            self.life.ended(now, ending);
        }
        Ok(())
    }

    /// How it ended, or was just ended; none while it runs.
    async fn ending(
        &mut self,
        runtime: &dyn Runtime,
        service: &Service,
        now: Duration,
        disk_every: Duration,
    ) -> Result<Option<Ending>, RuntimeError> {
        match runtime.look(&self.id).await? {
            Look::Running => {}
            Look::Absent => return Ok(Some(Ending::Vanished)),
            // Made by a start that a crash cut off.
            Look::Created => return Ok(Some(Ending::CannotStart { detail: "it was made and never started".to_owned() })),
            Look::Ended(ending) => return Ok(Some(ending)),
        }
        if self.next_disk <= now {
            self.next_disk = now.saturating_add(disk_every);
            // What cannot be measured because it ended meanwhile is seen at the next look.
            let written = runtime.written(service, &self.id).await.unwrap_or_default();
            if let Some(over) = written.into_iter().find(|written| written.used > written.limit) {
                runtime.remove(&self.id).await?;
                return Ok(Some(Ending::Evicted { place: over.place, used: over.used, limit: over.limit }));
            }
        }
        let Some(health) = &service.health else { return Ok(None) };
        if self.life.todo(now) != Todo::Probe {
            return Ok(None);
        }
        let outcome = probe::run(runtime, &self.id, &health.probe).await;
        let ending = self.life.probed(now, outcome);
        if ending.is_some() {
            runtime.stop(&self.id, service.stop_grace).await?;
        }
        Ok(ending)
    }
}
