//! Addresses and ports of a cluster's nodes, the same in every node's network: what a tunnel may lead to is fixed before anything runs.
//!
//! Every node has a loopback of its own, and all addresses of the cluster are on it: its own is where its programs listen, those of the
//! others are where the tunnels do. Ports differ by node, so that a program that listens at all addresses is in nobody's way.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    ops::RangeInclusive,
};

/// Most nodes of a cluster.
pub const NODES_MAX: usize = 32;
/// The first port of the first node.
const FIRST: u16 = 20_000;
/// Ports from one node's first to the next one's. Below 32,768, where the kernel's own choice of ports begins.
const STEP: u16 = 100;
/// Ports that have a meaning of their own.
const NAMED: u16 = 10;
/// Most ports for programs.
const WORKERS_MAX: u16 = STEP - NAMED;

/// A node's address, in its own network and in all others: of 127.64.0.0/24, which is not the one name that programs take for
/// "this machine only", 127.0.0.1.
pub const fn address(rank: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 64, 0, rank.saturating_add(1))
}

/// The ports of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    rank: u8,
    workers: u16,
}

impl Ports {
    /// Of a node with so many CPUs: four ports for each, 16 more, at most 90. Ray gives one to every process that runs tasks, to every actor, to
    /// every job's supervisor and driver.
    pub fn new(rank: u8, cpus: u32) -> Self {
        let workers = u16::try_from(cpus.saturating_mul(4).saturating_add(16)).unwrap_or(WORKERS_MAX);
        Self { rank, workers: workers.min(WORKERS_MAX) }
    }

    const fn named(self, number: u16) -> u16 {
        FIRST + self.rank as u16 * STEP + number
    }

    /// Ray's node manager.
    pub const fn node_manager(self) -> u16 {
        self.named(0)
    }

    /// Ray's object manager, which sends objects to other nodes.
    pub const fn object_manager(self) -> u16 {
        self.named(1)
    }

    /// The agent that makes environments of jobs.
    pub const fn runtime_env_agent(self) -> u16 {
        self.named(2)
    }

    /// The node's agent over HTTP: logs, jobs,
    pub const fn agent_http(self) -> u16 {
        self.named(3)
    }

    /// and over gRPC.
    pub const fn agent_grpc(self) -> u16 {
        self.named(4)
    }

    /// Metrics in Prometheus' form.
    pub const fn metrics(self) -> u16 {
        self.named(5)
    }

    /// The cluster's control store, at the head.
    pub const fn control(self) -> u16 {
        self.named(6)
    }

    /// The dashboard and the Jobs API, at the head.
    pub const fn dashboard(self) -> u16 {
        self.named(7)
    }

    /// The server of Ray Client, at the head. Nothing leads to it from outside.
    pub const fn client(self) -> u16 {
        self.named(8)
    }

    /// Ports for programs.
    pub const fn workers(self) -> RangeInclusive<u16> {
        self.named(NAMED)..=self.named(NAMED + self.workers - 1)
    }

    /// All ports that other nodes reach.
    pub fn all(self) -> impl Iterator<Item = u16> + Clone {
        (self.named(0)..=self.named(7)).chain(self.workers())
    }

    /// Whether other nodes reach a port.
    pub fn has(self, port: u16) -> bool {
        (self.named(0)..=self.named(7)).contains(&port) || self.workers().contains(&port)
    }

    /// Where a port of it is.
    pub const fn at(self, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(address(self.rank), port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_nodes_share_a_port_and_none_is_of_the_kernels_own_choice() {
        let mut seen = BTreeSet::new();
        for rank in 0..u8::try_from(NODES_MAX).unwrap() {
            let ports = Ports::new(rank, u32::MAX);
            for port in ports.all() {
                assert!(port < 32_768 && seen.insert(port), "{rank}: {port}");
                assert!(ports.has(port));
            }
            assert!(!ports.has(ports.client()), "nobody reaches the server of Ray Client");
        }
        assert_eq!(seen.len(), NODES_MAX * (8 + usize::from(WORKERS_MAX)));
    }

    #[test]
    fn addresses_are_distinct_and_not_the_machines_own() {
        let addresses: BTreeSet<_> = (0..u8::try_from(NODES_MAX).unwrap()).map(address).collect();
        assert_eq!(addresses.len(), NODES_MAX);
        assert!(!addresses.contains(&Ipv4Addr::LOCALHOST) && addresses.iter().all(Ipv4Addr::is_loopback));
    }

    #[test]
    fn a_small_node_has_ports_for_its_programs() {
        assert_eq!(Ports::new(1, 2).workers(), 20_110..=20_133);
        assert!(!Ports::new(1, 2).has(20_134) && !Ports::new(1, 2).has(20_033));
    }
}
