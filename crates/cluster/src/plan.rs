//! What is hired: who the nodes are, for whom, and what each may take. The same plan is on every member's machine; each runs its own node.

use crate::{
    error::ClusterError,
    ports::{NODES_MAX, Ports},
};
use depin_quantity::{Address, UnitId};
use depin_sandbox::Name;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Least memory of a node, bytes.
pub const MEMORY_BYTES_MIN: u64 = 64 << 20;
/// Least memory of a node of Ray beside its object store, bytes: its own programs, which at the head take some 600 MB, and some for tasks.
pub const RAY_MEMORY_BYTES_MIN: u64 = 1 << 30;
/// Least object store, bytes: Ray's own bound is 75 MiB.
pub const OBJECT_STORE_BYTES_MIN: u64 = 80 << 20;
/// Least disk, bytes.
pub const DISK_BYTES_MIN: u64 = 64 << 20;
/// Least processes and threads of a node of Ray: each of its programs has some thirty threads.
pub const RAY_PROCESSES_MIN: u32 = 1_024;
/// Longest command of the process backend, with its environment, bytes.
pub const WORDS_BYTES_MAX: usize = 64 << 10;

/// One node of one hire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId {
    /// The hire's id on the chain.
    pub hire: UnitId,
    /// The node's number in it; 0 is the head.
    pub rank: u8,
}

impl NodeId {
    /// Of its parts.
    pub const fn new(hire: UnitId, rank: u8) -> Self {
        Self { hire, rank }
    }

    /// Whether it is the cluster's head.
    pub const fn is_head(self) -> bool {
        self.rank == 0
    }

    /// The name of its room. A room's name is shorter than an id: 128 bits of that tell hires apart, since ids are hashes.
    pub(crate) fn room(self) -> Name {
        Name::new(format!("hire-{}-{}", beginning(self.hire, 32), self.rank))
            .expect("hexadecimal digits and hyphens within 48 bytes are a name")
    }
}

/// The first digits of an id.
fn beginning(id: UnitId, digits: usize) -> String {
    id.to_string().chars().take(digits).collect()
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} of hire {}…", self.rank, beginning(self.hire, 12))
    }
}

/// A hired cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its id on the chain.
    pub hire: UnitId,
    /// Who hired it: whose tokens open its dashboard and Jobs API.
    pub hirer: Address,
    /// What it runs.
    pub work: Work,
    /// Its nodes by rank, the head first.
    pub members: Vec<Member>,
}

/// What a cluster runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Work {
    /// Ray.
    Ray,
    /// A program on every node.
    Process(Program),
}

impl Work {
    /// Its word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Ray => "Ray",
            Self::Process(_) => "programs",
        }
    }
}

/// A program that every node runs. Beside what is said here it has `DEPIN_RANK`, `DEPIN_NODES`, and for each node N `DEPIN_NODE_N`, its address,
/// and `DEPIN_PORTS_N`, the first and last port at which the others reach it, as `20010-20033`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The command and its arguments; programs are those of the machine's `/usr`.
    pub command: Vec<String>,
    /// Variables of its environment.
    #[serde(default)]
    pub env: Vec<(String, String)>,
}

/// A member of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The account whose key its tunnels show. An account may have several nodes.
    pub account: Address,
    /// Where its tunnels listen: host and port.
    pub tunnel: String,
    /// What it may take.
    pub limits: NodeLimits,
}

/// What a node may take of its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeLimits {
    /// CPUs.
    pub cpus: u32,
    /// Bytes of memory, object store included; there is no swap.
    pub memory_bytes: u64,
    /// Bytes of memory for objects that tasks share.
    pub object_store_bytes: u64,
    /// Bytes of disk: files of jobs, logs, objects that are put out of memory.
    pub disk_bytes: u64,
    /// Processes and threads.
    pub processes: u32,
}

impl Plan {
    /// Whether it can be run at all.
    ///
    /// # Errors
    /// [`ClusterError::Plan`]: counts first, then each member's fields, then the program.
    pub fn check(&self) -> Result<(), ClusterError> {
        if self.members.is_empty() || self.members.len() > NODES_MAX {
            let allowed = format!("a cluster has 1 to {NODES_MAX} of them");
            return Err(ClusterError::plan("the number of members", self.members.len(), allowed));
        }
        self.members.iter().enumerate().try_for_each(|(rank, member)| self.check_member(rank, member))?;
        match &self.work {
            Work::Ray => Ok(()),
            Work::Process(program) => program.check(),
        }
    }

    fn check_member(&self, rank: usize, member: &Member) -> Result<(), ClusterError> {
        let limits = &member.limits;
        let refuse =
            |field: &str, got: u64, allowed: &str| Err(ClusterError::plan(format!("{field} of member {rank}"), got, allowed));
        let is_ray = self.work == Work::Ray;
        let store = if is_ray { limits.object_store_bytes } else { 0 };
        let memory_min = if is_ray { RAY_MEMORY_BYTES_MIN.saturating_add(store) } else { MEMORY_BYTES_MIN };
        match limits {
            _ if limits.cpus == 0 || limits.cpus > 4_096 => refuse("cpus", limits.cpus.into(), "1 to 4,096 are"),
            _ if is_ray && !(OBJECT_STORE_BYTES_MIN..=1 << 50).contains(&store) => {
                refuse("object_store_bytes", store, "80 MiB or more")
            }
            _ if !(memory_min..=1 << 50).contains(&limits.memory_bytes) => {
                let allowed = if is_ray { "1 GiB more than the object store, or more" } else { "64 MiB or more" };
                refuse("memory_bytes", limits.memory_bytes, allowed)
            }
            _ if !(DISK_BYTES_MIN..=1 << 60).contains(&limits.disk_bytes) => {
                refuse("disk_bytes", limits.disk_bytes, "64 MiB or more")
            }
            _ if is_ray && limits.processes < RAY_PROCESSES_MIN => {
                refuse("processes", limits.processes.into(), "1,024 or more, since threads count")
            }
            _ if limits.processes < 8 => refuse("processes", limits.processes.into(), "8 or more"),
            _ => check_address(rank, &member.tunnel),
        }
    }

    /// A member.
    pub fn member(&self, rank: u8) -> Option<&Member> {
        self.members.get(usize::from(rank))
    }

    /// Its members with their ranks.
    pub fn ranked(&self) -> impl Iterator<Item = (u8, &Member)> {
        (0_u8..).zip(&self.members)
    }

    /// The ports of a member; none for one that it has not.
    pub fn ports(&self, rank: u8) -> Option<Ports> {
        Some(Ports::new(rank, self.member(rank)?.limits.cpus))
    }
}

/// A host name or an address, and a port, as `node.example:4650` or `[2001:db8::1]:4650`.
fn check_address(rank: usize, text: &str) -> Result<(), ClusterError> {
    let parts = text.rsplit_once(':');
    let is_host = |host: &str| {
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
            || (!host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.'))
    };
    let is_good =
        text.len() <= 255 && parts.is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0));
    if is_good {
        return Ok(());
    }
    Err(ClusterError::plan(format!("tunnel of member {rank}"), format!("`{text}`"), "host and port, as `node.example:4650`"))
}

impl Program {
    fn check(&self) -> Result<(), ClusterError> {
        let bytes: usize = self.command.iter().map(String::len).chain(self.env.iter().map(|(n, v)| n.len() + v.len() + 1)).sum();
        if self.command.is_empty() || self.command[0].is_empty() {
            return Err(ClusterError::plan("the program's command", "empty", "a program and its arguments are"));
        }
        if bytes > WORDS_BYTES_MAX {
            let allowed = format!("{WORDS_BYTES_MAX} bytes at most, with its environment");
            return Err(ClusterError::plan("the program's command", format!("{bytes} bytes"), allowed));
        }
        match self.env.iter().find(|(name, _)| name.starts_with("DEPIN_")) {
            Some((name, _)) => Err(ClusterError::plan("the program's env", name, "names that do not begin with `DEPIN_`")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> NodeLimits {
        NodeLimits { cpus: 2, memory_bytes: 2 << 30, object_store_bytes: 100 << 20, disk_bytes: 1 << 30, processes: 4_096 }
    }

    fn plan() -> Plan {
        let member = Member { account: Address::new([1; 32]), tunnel: "127.0.0.1:4650".to_owned(), limits: limits() };
        Plan { hire: UnitId::new([7; 32]), hirer: Address::new([2; 32]), work: Work::Ray, members: vec![member.clone(), member] }
    }

    fn refusal(change: impl FnOnce(&mut Plan)) -> String {
        let mut plan = plan();
        change(&mut plan);
        plan.check().unwrap_err().to_string()
    }

    #[test]
    fn a_plan_is_refused_by_its_first_fault_in_words() {
        plan().check().unwrap();
        assert!(refusal(|plan| plan.members.clear()).contains("the number of members is 0"));
        let many = |plan: &mut Plan| plan.members = vec![plan.members[0].clone(); NODES_MAX + 1];
        assert!(refusal(many).contains("a cluster has 1 to 32"));
        assert!(refusal(|plan| plan.members[1].limits.cpus = 0).contains("cpus of member 1 is 0"));
        assert!(refusal(|plan| plan.members[0].limits.memory_bytes = 1 << 30).contains("1 GiB more than the object store"));
        assert!(refusal(|plan| plan.members[0].limits.object_store_bytes = 1).contains("80 MiB or more"));
        assert!(refusal(|plan| plan.members[0].limits.object_store_bytes = u64::MAX).contains("object_store_bytes"));
        assert!(refusal(|plan| plan.members[0].limits.processes = 64).contains("threads count"));
        assert!(refusal(|plan| plan.members[0].limits.disk_bytes = 1).contains("64 MiB or more"));
        for bad in ["", "host", ":1", "host:0", "host:99999", "a b:1", "http://host:1", "[::1:1", "h\u{e4}:1", &"x".repeat(300)] {
            assert!(refusal(|plan| plan.members[0].tunnel = bad.to_owned()).contains("tunnel of member 0"), "{bad}");
        }
        for good in ["node.example:4650", "10.0.0.1:1", "[2001:db8::1]:65535"] {
            let mut plan = plan();
            plan.members[0].tunnel = good.to_owned();
            plan.check().unwrap();
        }
    }

    #[test]
    fn a_program_has_a_command_of_bounded_length_and_leaves_our_names_alone() {
        let with = |command: Vec<String>, env: Vec<(String, String)>| {
            refusal(|plan| plan.work = Work::Process(Program { command, env }))
        };
        assert!(with(vec![], vec![]).contains("command is empty"));
        assert!(with(vec!["x".repeat(WORDS_BYTES_MAX + 1)], vec![]).contains("65536 bytes at most"));
        assert!(with(vec!["true".into()], vec![("DEPIN_RANK".into(), "9".into())]).contains("do not begin with `DEPIN_`"));
    }

    #[test]
    fn every_node_has_a_room_of_its_own() {
        let rooms: std::collections::BTreeSet<Name> = [([0; 32], 0), ([0; 32], 255), ([255; 32], 0), ([255; 32], 255)]
            .map(|(hire, rank)| NodeId::new(UnitId::new(hire), rank).room())
            .into();
        assert_eq!(rooms.len(), 4);
        assert_eq!(NodeId::new(UnitId::new([171; 32]), 3).to_string(), "node 3 of hire abababababab…");
    }

    #[test]
    fn what_a_plan_says_besides_is_an_error() {
        let text = serde_json::to_string(&plan()).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan());
        assert!(serde_json::from_str::<Plan>(&text.replacen("\"hire\"", "\"privileged\":true,\"hire\"", 1)).is_err());
    }
}
