//! How a lease is, from what the sandbox says to what tenants read.

use crate::leasing::{ServedService, Tenancy};
use depin_client::lease::{InstanceReport, LeaseStatus, PortStatus, ServiceStatus, Services};
use depin_sandbox::{InstanceStatus, RoomStatus, State};

/// All services of a lease that may be seen.
pub(super) fn lease(tenancy: &Tenancy, seen: &Services) -> LeaseStatus {
    let room = tenancy.room.borrow().clone();
    let mut status = LeaseStatus { errors: room.problem.clone().into_iter().collect(), ..LeaseStatus::default() };
    for service in tenancy.services.iter().filter(|service| seen.has(&service.name)) {
        status.services.insert(service.name.clone(), of_service(service, &room, tenancy.generation));
        if !service.ports.is_empty() {
            let ports = service.ports.iter().map(|port| PortStatus {
                host: port.outside.ip().to_string(),
                port: port.port,
                external_port: port.outside.port(),
                proto: port.proto.to_owned(),
                name: service.name.clone(),
            });
            status.forwarded_ports.insert(service.name.clone(), ports.collect());
        }
    }
    status
}

/// One service.
pub(super) fn service(tenancy: &Tenancy, name: &str) -> Option<ServiceStatus> {
    let service = tenancy.services.iter().find(|service| service.name == name)?;
    Some(of_service(service, &tenancy.room.borrow(), tenancy.generation))
}

fn of_service(service: &ServedService, room: &RoomStatus, generation: u64) -> ServiceStatus {
    let of_it: Vec<&InstanceStatus> = room.instances.iter().filter(|one| one.id.service.as_str() == service.name).collect();
    let count =
        |fits: fn(&InstanceStatus) -> bool| u32::try_from(of_it.iter().filter(|one| fits(one)).count()).unwrap_or(u32::MAX);
    // Whoever is sent there should be answered.
    let well = if service.answers { count(|one| one.status.state == State::Healthy) } else { 0 };
    ServiceStatus {
        name: service.name.clone(),
        available: well,
        total: service.replicas,
        uris: service.hosts.clone(),
        observed_generation: generation,
        replicas: count(|_| true),
        updated_replicas: if service.is_current { count(|one| !one.outdated) } else { 0 },
        ready_replicas: well,
        available_replicas: well,
        instances: of_it.into_iter().map(report).collect(),
    }
}

fn report(one: &InstanceStatus) -> InstanceReport {
    InstanceReport {
        replica: one.id.replica,
        state: one.status.state.to_string(),
        reason: one.status.reason.clone(),
        restarts: one.status.restarts,
    }
}
