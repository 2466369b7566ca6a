//! Reads what an engine tells of a container.

use crate::{
    error::RuntimeError,
    lifecycle::Ending,
    names::InstanceId,
    ports::Wishes,
    runtime::{Look, Published},
    workload::{Proto, Reach, Service},
};
use bollard::{
    errors::Error as EngineError,
    models::{ContainerInspectResponse, ContainerStateStatusEnum as Engine},
};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// Killed by SIGKILL. Whoever is stopped by us is not looked at any more, so that it was the kernel, for want of memory.
pub(super) const KILLED: i64 = 137;

/// How often, and after which pause, a container is looked at again that is between states.
const LOOKS: u32 = 50;
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// Asks an engine until every container that it tells of has a state that its API knows. Between the end of a program and its own
/// cleaning Podman says `stopped`, which no state of the API is, so that the whole answer cannot be read.
pub(super) async fn settled<T, A: Future<Output = Result<T, EngineError>>>(ask: impl Fn() -> A) -> Result<T, EngineError> {
    for _ in 1..LOOKS {
        match ask().await {
            Err(error) if is_between_states(&error) => tokio::time::sleep(LOOK_PAUSE).await,
            answer => return answer,
        }
    }
    ask().await
}

fn is_between_states(error: &EngineError) -> bool {
    error.to_string().contains("unknown variant `stopped`")
}

pub(super) fn look(found: &ContainerInspectResponse) -> Look {
    let Some(state) = &found.state else { return Look::Created };
    match state.status {
        Some(Engine::RUNNING | Engine::PAUSED | Engine::RESTARTING | Engine::STOPPING) => return Look::Running,
        Some(Engine::CREATED) => return Look::Created,
        _ => {}
    }
    let code = state.exit_code.unwrap_or(0);
    // Podman's own word on memory is not reliable: it stays false where the kernel counts by the first generation of control groups.
    if state.oom_killed == Some(true) || code == KILLED {
        let limit = found.host_config.as_ref().and_then(|host| host.memory).unwrap_or(0);
        return Look::Ended(Ending::OutOfMemory { limit: u64::try_from(limit).unwrap_or(0) });
    }
    Look::Ended(Ending::Exited { code })
}

/// The folder of what a container wrote over its image.
pub(super) fn layer(found: &ContainerInspectResponse) -> Option<PathBuf> {
    let layer = PathBuf::from(found.graph_driver.as_ref()?.data.get("UpperDir")?);
    layer.is_dir().then_some(layer)
}

/// The number of its first process, while it runs.
pub(super) fn pid(found: &ContainerInspectResponse) -> Option<i32> {
    let pid = i32::try_from(found.state.as_ref()?.pid?).ok()?;
    (pid > 0).then_some(pid)
}

pub(super) fn published(found: &ContainerInspectResponse) -> Vec<Published> {
    let mut published = Vec::new();
    for (inner, bindings) in found.network_settings.iter().filter_map(|settings| settings.ports.as_ref()).flatten() {
        let Some((port, proto)) = inner.split_once('/') else { continue };
        let proto = if proto == "udp" { Proto::Udp } else { Proto::Tcp };
        for binding in bindings.iter().flatten() {
            let address = binding.host_ip.as_deref().filter(|ip| !ip.is_empty()).unwrap_or("0.0.0.0").parse::<IpAddr>();
            let number = binding.host_port.as_deref().and_then(|number| number.parse::<u16>().ok());
            if let (Ok(container), Ok(address), Some(number)) = (port.parse(), address, number) {
                published.push(Published { container, proto, outside: SocketAddr::new(address, number) });
            }
        }
    }
    published.sort_by_key(|port| (port.container, port.proto, port.outside));
    published
}

/// The container's own address on its bridge, else a published port: without root the bridge is not ours to reach.
pub(super) fn address(found: &ContainerInspectResponse, network: &str, port: u16) -> Option<SocketAddr> {
    let networks = found.network_settings.as_ref()?.networks.as_ref();
    let own = networks.and_then(|networks| networks.get(network)?.ip_address.as_deref()?.parse::<IpAddr>().ok());
    if let Some(ip) = own
        && rustix::process::geteuid().is_root()
    {
        return Some(SocketAddr::new(ip, port));
    }
    let outside = published(found).into_iter().find(|p| p.container == port && p.proto == Proto::Tcp)?.outside;
    Some(if outside.ip().is_unspecified() { SocketAddr::new(IpAddr::from([127, 0, 0, 1]), outside.port()) } else { outside })
}

/// What an engine's refusal to create or start means.
pub(super) fn start_error(id: &InstanceId, service: &Service, wishes: &Wishes, error: &EngineError) -> RuntimeError {
    let EngineError::DockerResponseServerError { message, .. } = error else {
        return RuntimeError::failed(format!("starting {id}"), error);
    };
    let detail = message.clone();
    let taken = ["address already in use", "port is already allocated", "cannot listen on"];
    let fixed = service.ports.iter().find_map(|port| match port.reach {
        Reach::Machine(Some(number)) => Some(number),
        _ => None,
    });
    match fixed.or_else(|| wishes.values().next().copied()) {
        Some(port) if taken.iter().any(|words| message.contains(words)) => RuntimeError::PortTaken { port, detail },
        _ => RuntimeError::CannotStart { id: id.clone(), detail },
    }
}
