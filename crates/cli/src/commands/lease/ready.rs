//! Waiting until services run, and how they are.

use super::{gate::Gate, place::Place};
use crate::{
    args::SpanArg,
    error::{CliError, Result},
    output::{Output, Progress, Table},
};
use depin_client::lease::{GatewayError, LeaseStatus, ServiceStatus};
use serde::Serialize;
use std::time::{Duration, Instant};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(500);

/// How the services of a lease are, or why that is not known.
#[derive(Serialize)]
pub(super) struct Seen {
    lease: String,
    provider: String,
    #[serde(flatten)]
    status: Option<LeaseStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Seen {
    pub(super) async fn of(gate: &Gate) -> Self {
        Self::new(gate, gate.gateway.lease_status(gate.at()).await)
    }

    fn new(gate: &Gate, status: std::result::Result<LeaseStatus, GatewayError>) -> Self {
        let (status, problem) = match status {
            Ok(status) => (Some(status), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self { lease: gate.lease.id.to_string(), provider: gate.lease.provider.to_string(), status, problem }
    }

    fn is_ready(&self) -> bool {
        self.status.as_ref().is_some_and(|status| !status.services.is_empty() && status.services.values().all(is_ready))
    }

    /// The first thing that keeps it from being ready.
    fn waits_for(&self) -> String {
        if let Some(problem) = &self.problem {
            return problem.clone();
        }
        let unready = self.status.iter().flat_map(|status| status.services.values()).find(|service| !is_ready(service));
        unready.map_or_else(String::new, |service| {
            let one = service.instances.iter().find(|one| one.state != "healthy" && one.state != "completed");
            match one {
                Some(one) if one.reason.is_empty() => format!("{}-{} is {}", service.name, one.replica, one.state),
                Some(one) => format!("{}-{} is {}: {}", service.name, one.replica, one.state, one.reason),
                None if service.instances.len() >= service.total as usize && !service.uris.is_empty() => {
                    format!("{} runs, and takes no connection at its port yet", service.name)
                }
                None => format!("{} has {} of {} replicas", service.name, service.available, service.total),
            }
        })
    }

    /// Where its services are reached.
    pub(super) fn urls(&self) -> Vec<String> {
        let Some(status) = &self.status else { return Vec::new() };
        let hosts = status.services.values().flat_map(|service| service.uris.iter().map(|host| format!("http://{host}")));
        let ports = status.forwarded_ports.values().flatten();
        let ports =
            ports.map(|port| format!("{}:{} ({} {}, {})", port.host, port.external_port, port.name, port.port, port.proto));
        hosts.chain(ports).collect()
    }
}

fn is_ready(service: &ServiceStatus) -> bool {
    let done = service.instances.iter().filter(|one| one.state == "completed").count();
    service.updated_replicas >= service.total
        && u32::try_from(done).unwrap_or(u32::MAX).saturating_add(service.available) >= service.total
}

/// How long is waited, by the arguments.
pub(super) const fn longest(ready: SpanArg, no_wait: bool) -> Duration {
    if no_wait { Duration::ZERO } else { Duration::from_millis(ready.0.get()) }
}

/// Waits until all services of all leases are well; says how they are then.
pub(super) async fn wait(gates: &[Gate], longest: Duration, at: &Place<'_>) -> Result<Vec<Seen>> {
    let began = Instant::now();
    let mut progress = Progress::start(at.out);
    let mut told = String::new();
    progress.step("waiting for the services");
    loop {
        let seen = futures::future::join_all(gates.iter().map(Seen::of)).await;
        if seen.iter().all(Seen::is_ready) || longest.is_zero() {
            progress.done();
            return Ok(seen);
        }
        let waits = seen.iter().find(|one| !one.is_ready()).map(Seen::waits_for).unwrap_or_default();
        if began.elapsed() >= longest {
            let dseq = gates.first().map_or(0, |gate| gate.at().dseq);
            return Err(CliError::broken(
                "not-ready",
                format_args!("the services are not all well after {} s: {waits}", longest.as_secs()),
            )
            .hint(format_args!(
                "`depin lease status {dseq}` and `depin lease logs {dseq}` say more; `depin lease close {dseq}` ends it"
            )));
        }
        if waits != told && !waits.is_empty() {
            progress.step(format!("waiting: {waits}"));
            told = waits;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A line for each replica.
pub(super) fn table(seen: &[Seen], out: &Output) -> String {
    let mut table = Table::new(&["SERVICE", ">REPLICA", "STATE", ">STARTS", "REACHED AT / WHY"]);
    let mut problems = String::new();
    for one in seen {
        if let Some(problem) = &one.problem {
            problems += &format!("\n{}: {problem}", one.provider);
        }
        let Some(status) = &one.status else { continue };
        for error in &status.errors {
            problems += &format!("\n{}: {error}", one.provider);
        }
        for service in status.services.values() {
            let ways = ways(service, status);
            for instance in &service.instances {
                // One that is well may say how it ended before.
                let shown = if instance.state == "healthy" { ways.as_str() } else { "" };
                let why = [shown, instance.reason.as_str()].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>();
                let why = if why.is_empty() { ways.clone() } else { why.join("; ") };
                let starts = u64::from(instance.restarts) + 1;
                table.own_row([
                    service.name.clone(),
                    instance.replica.to_string(),
                    instance.state.clone(),
                    starts.to_string(),
                    why,
                ]);
            }
            if service.instances.is_empty() {
                let count = format!("{} of {}", service.available, service.total);
                table.own_row([service.name.clone(), "-".to_owned(), count, "-".to_owned(), ways]);
            }
        }
    }
    let text = if table.is_empty() { String::new() } else { table.render(&Output { width: out.width.min(80), ..*out }) };
    format!("{text}{problems}").trim_start().to_owned()
}

fn ways(service: &ServiceStatus, status: &LeaseStatus) -> String {
    let hosts = service.uris.iter().map(|host| format!("http://{host}"));
    let ports = status.forwarded_ports.get(&service.name).into_iter().flatten();
    let ports = ports.map(|port| format!("{}:{} for {}/{}", port.host, port.external_port, port.port, port.proto));
    hosts.chain(ports).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::lease::InstanceReport;

    fn service(state: &str, available: u32, total: u32, updated: u32) -> ServiceStatus {
        let one = InstanceReport { replica: 0, state: state.to_owned(), reason: String::new(), restarts: 0 };
        ServiceStatus {
            name: "web".to_owned(),
            available,
            total,
            updated_replicas: updated,
            instances: vec![one],
            ..ServiceStatus::default()
        }
    }

    #[test]
    fn ready_is_what_runs_the_newest_manifest_and_is_well_or_done() {
        assert!(is_ready(&service("healthy", 1, 1, 1)));
        assert!(is_ready(&service("completed", 0, 1, 1)), "it did what it should");
        assert!(!is_ready(&service("healthy", 1, 1, 0)), "of before the update");
        assert!(!is_ready(&service("starting", 0, 1, 1)));
        assert!(is_ready(&service("healthy", 0, 0, 0)), "none are wanted");
    }
}
