//! Networks of rooms under bubblewrap, as root: a bridge for the room, and for each instance a network namespace with one end of a
//! cable in it. Made by `ip` and `nft`, found again by their names.

use super::BwrapRuntime;
use crate::{error::RuntimeError, names::InstanceId, slots::Slot, workload::Network};
use std::{
    fs::File,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};
use tokio::process::Command;

/// Where namespaces have their names.
const NAMESPACES: &str = "/run/netns";

impl BwrapRuntime {
    /// The network namespace in which the program of an instance runs now, held open: whoever enters it listens and connects as the
    /// program does. What is open there ends with the last who holds it.
    ///
    /// - Errors: [`RuntimeError::NotThere`] when nothing runs; the system's for who may not enter it, which takes root.
    pub fn network(&self, id: &InstanceId) -> Result<File, RuntimeError> {
        let program = self.program(id).ok_or_else(|| RuntimeError::NotThere { id: id.clone() })?;
        let path = format!("/proc/{}/ns/net", program.as_raw_nonzero());
        File::open(&path).map_err(|error| RuntimeError::failed(format!("opening the network of {id}"), error))
    }
}

/// The place of a namespace's name.
pub(super) fn place(namespace: &str) -> PathBuf {
    Path::new(NAMESPACES).join(namespace)
}

pub(super) async fn ip(words: &str) -> Result<(), RuntimeError> {
    let output = Command::new("ip").args(words.split(' ')).output().await;
    let output = output.map_err(|error| RuntimeError::failed("running ip (apt-get install iproute2)", error))?;
    let detail = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(RuntimeError::failed(format!("ip {words}"), detail.trim())) }
}

/// The hardware address that goes with an address. Whoever takes the place of an instance has it too: others remember it for up to a
/// minute, and would talk to nobody meanwhile.
fn hardware(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    // Of those that everybody may give.
    format!("02:64:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

/// Makes the room's bridge; one that is there stays.
pub(super) async fn open(slot: Slot, network: Network) -> Result<(), RuntimeError> {
    let bridge = slot.bridge();
    if ip(&format!("link show {bridge}")).await.is_err() {
        ip(&format!("link add {bridge} address {} type bridge", hardware(slot.address(1)))).await?;
        ip(&format!("addr add {}/24 dev {bridge}", slot.address(1))).await?;
    }
    ip(&format!("link set {bridge} up")).await?;
    if network == Network::Outbound {
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")
            .map_err(|error| RuntimeError::failed("allowing packets to be forwarded", error))?;
        crate::firewall::masquerade(slot).await?;
    }
    Ok(())
}

/// Takes the room's bridge away.
pub(super) async fn close(slot: Slot) {
    // One that is not there is away.
    let _ = ip(&format!("link delete {}", slot.bridge())).await;
}

/// Makes an instance's namespace, plugged into the room's bridge at an address; gives the address.
pub(super) async fn plug(slot: Slot, namespace: &str, host: u8) -> Result<Ipv4Addr, RuntimeError> {
    unplug(namespace).await;
    let (bridge, cable, address) = (slot.bridge(), format!("{}x{host}", slot.bridge()), slot.address(host));
    let _ = ip(&format!("link delete {cable}")).await;
    ip(&format!("netns add {namespace}")).await?;
    ip(&format!("link add {cable} type veth peer name eth0 address {} netns {namespace}", hardware(address))).await?;
    ip(&format!("link set {cable} master {bridge} up")).await?;
    ip(&format!("-n {namespace} link set lo up")).await?;
    ip(&format!("-n {namespace} addr add {address}/24 dev eth0")).await?;
    ip(&format!("-n {namespace} link set eth0 up")).await?;
    ip(&format!("-n {namespace} route add default via {}", slot.address(1))).await?;
    Ok(address)
}

/// Removes an instance's namespace, and with it its cable.
pub(super) async fn unplug(namespace: &str) {
    if place(namespace).exists() {
        let _ = ip(&format!("netns delete {namespace}")).await;
    }
}
