//! Packet filters around rooms: a room's containers reach each other, their resolver, and public addresses if they may; not other
//! rooms, this machine, private networks or the addresses at which clouds tell machines their secrets.
//!
//! One table of nftables, of this crate alone; other tables stay as they are. Filters of all tables must agree to let a packet pass.

use crate::{error::RuntimeError, slots::Slot, workload::Network};
use std::process::Stdio;
use tokio::{io::AsyncWriteExt as _, process::Command};

const TABLE: &str = "depin_sandbox";

/// Made again at each opening: adding what is there changes nothing, and the chains are filled anew.
///
/// Answers pass; so do packets within a bridge, where the kernel shows them to filters at all.
const BASE: &str = "
add table inet depin_sandbox
add set inet depin_sandbox rooms { type ifname; }
add set inet depin_sandbox outbound { type ifname; }
add set inet depin_sandbox resolvers { type ifname . ipv4_addr; }
add set inet depin_sandbox inside { type ifname . ifname; }
add set inet depin_sandbox subnets { type ipv4_addr; flags interval; }
add chain inet depin_sandbox forward { type filter hook forward priority -5; policy accept; }
add chain inet depin_sandbox input { type filter hook input priority -5; policy accept; }
flush chain inet depin_sandbox forward
flush chain inet depin_sandbox input
add rule inet depin_sandbox forward ct state established,related accept
add rule inet depin_sandbox forward iifname . oifname @inside accept
add rule inet depin_sandbox forward iifname @rooms ip daddr { 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3 } drop
add rule inet depin_sandbox forward iifname @rooms ip6 daddr != 2000::/3 drop
add rule inet depin_sandbox forward iifname @rooms iifname != @outbound drop
add rule inet depin_sandbox forward oifname @rooms ct status dnat accept
add rule inet depin_sandbox forward oifname @rooms drop
add rule inet depin_sandbox input iifname @rooms ct state established,related accept
add rule inet depin_sandbox input iifname . ip daddr @resolvers udp dport 53 accept
add rule inet depin_sandbox input iifname . ip daddr @resolvers tcp dport 53 accept
add rule inet depin_sandbox input iifname @rooms icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
add rule inet depin_sandbox input iifname @rooms drop
";

/// Whether this process may set packet filters; else why not.
pub(crate) async fn try_it() -> Result<(), String> {
    nft("add table inet depin_sandbox_trial\ndelete table inet depin_sandbox_trial\n").await.map_err(|error| error.to_string())
}

/// Puts a room's bridge behind the filters.
pub(crate) async fn open(slot: Slot, network: Network) -> Result<(), RuntimeError> {
    let bridge = slot.bridge();
    let gateway = slot.address(1);
    let mut script = BASE.to_owned();
    script += &format!("add element inet {TABLE} rooms {{ \"{bridge}\" }}\n");
    script += &format!("add element inet {TABLE} inside {{ \"{bridge}\" . \"{bridge}\" }}\n");
    script += &format!("add element inet {TABLE} resolvers {{ \"{bridge}\" . {gateway} }}\n");
    if network == Network::Outbound {
        script += &format!("add element inet {TABLE} outbound {{ \"{bridge}\" }}\n");
    }
    nft(&script).await
}

/// Takes a room's bridge out again.
pub(crate) async fn close(slot: Slot) -> Result<(), RuntimeError> {
    let bridge = slot.bridge();
    // Each is added before it is deleted: deleting what is not there would fail.
    let elements = [
        ("rooms", format!("\"{bridge}\"")),
        ("outbound", format!("\"{bridge}\"")),
        ("inside", format!("\"{bridge}\" . \"{bridge}\"")),
        ("subnets", slot.subnet()),
        ("resolvers", format!("\"{bridge}\" . {}", slot.address(1))),
    ];
    let mut script = BASE.to_owned();
    for (set, element) in elements {
        script += &format!("add element inet {TABLE} {set} {{ {element} }}\ndelete element inet {TABLE} {set} {{ {element} }}\n");
    }
    nft(&script).await
}

/// Lets a room's packets leave under this machine's address. Podman and Docker do it for theirs themselves.
pub(crate) async fn masquerade(slot: Slot) -> Result<(), RuntimeError> {
    let mut script = BASE.to_owned();
    script += "add chain inet depin_sandbox leave { type nat hook postrouting priority 100; policy accept; }\n";
    script +=
        &format!("flush chain inet {TABLE} leave\nadd rule inet {TABLE} leave ip saddr @subnets oifname != @rooms masquerade\n");
    script += &format!("add element inet {TABLE} subnets {{ {} }}\n", slot.subnet());
    nft(&script).await
}

async fn nft(script: &str) -> Result<(), RuntimeError> {
    let failed = |error: std::io::Error| RuntimeError::failed("setting packet filters by nft", error);
    let mut child = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(script.as_bytes()).await.map_err(failed)?;
    }
    let output = child.wait_with_output().await.map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(RuntimeError::failed("setting packet filters by nft", words.lines().next().unwrap_or("no reason given")))
}
