//! Ray: `ray start` in a sandbox on every node, with fixed ports and the cluster's token, without autoscaling and usage statistics.
//!
//! Every process of Ray is the hirer's code as far as this machine is concerned: whoever may submit a job runs anything as any of them
//! (<https://docs.ray.io/en/latest/ray-security/index.html>: "Ray ... allows its clients to run arbitrary code"). So all of them are in the sandbox,
//! and this daemon speaks to them by HTTP alone. Names of options and variables are those of Ray 2.60 (`ray/scripts/scripts.py`, `ray/_private`).

use super::{Backend, RayPython, Readiness, limits, remove};
use crate::{
    error::ClusterError,
    ground::{Ground, Job},
    inside::document,
    plan::{NodeId, NodeLimits},
    ports::{Ports, address},
    space::Space,
    tunnel::{Local, Tunnels},
};
use async_trait::async_trait;
use depin_sandbox::Name;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

/// Bytes that the file system of shared memory has beside the objects: Ray takes its own bookkeeping from it, and does not use one in which the store
/// would not fit.
const SHARED_BYTES_MORE: u64 = 16 << 20;
/// Bytes of a node's memory that are kept from tasks: Ray's own programs.
const OWN_BYTES: u64 = 512 << 20;

/// Ray of one Python.
pub(crate) struct Ray {
    pub(crate) ground: Arc<Ground>,
    pub(crate) python: RayPython,
}

impl Ray {
    fn job(&self, node: &Local) -> Result<Job, ClusterError> {
        let limits = limits(node)?;
        let ports = Ports::new(node.id.rank, limits.cpus);
        let mut command = vec![self.python.program().to_string_lossy().into_owned()];
        command.extend(["-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"].map(str::to_owned));
        command.extend(common(node.id.rank, &limits, ports));
        command.extend(if node.id.is_head() { of_head(ports) } else { of_worker(node) });
        Ok(Job {
            command,
            env: environment(node, self.python.program().parent()),
            reads: self.python.folders().to_vec(),
            local: self.python.is_local(),
            shared_bytes: limits.object_store_bytes.saturating_add(SHARED_BYTES_MORE),
        })
    }

    async fn start(&self, node: &Local) -> Result<Space, ClusterError> {
        self.ground.start(node.id, &limits(node)?, self.job(node)?).await
    }
}

fn environment(node: &Local, programs: Option<&Path>) -> Vec<(String, String)> {
    // `python` of a job is the one that has Ray.
    let path = programs.map_or_else(String::new, |folder| format!("{}:", folder.display())) + "/usr/bin:/bin";
    let fixed = [
        // Every call between processes, and every request to the dashboard, carries the token.
        ("RAY_AUTH_MODE", "token"),
        ("RAY_AUTH_TOKEN", node.secret.reveal()),
        ("RAY_USAGE_STATS_ENABLED", "0"),
        // Nothing is downloaded: what a job needs comes with it.
        ("PIP_NO_INDEX", "1"),
        ("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0"),
        // Where a worker died of its memory, it and not Ray itself is the one that the kernel ends.
        ("RAY_worker_oom_score_adjustment", "1000"),
        ("PYTHONUNBUFFERED", "1"),
        ("PATH", path.as_str()),
    ];
    fixed.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// What all nodes say.
fn common(rank: u8, limits: &NodeLimits, ports: Ports) -> Vec<String> {
    let memory = limits.memory_bytes.saturating_sub(limits.object_store_bytes).saturating_sub(OWN_BYTES);
    vec![
        format!("--node-ip-address={}", address(rank)),
        format!("--node-name=node-{rank}"),
        format!("--node-manager-port={}", ports.node_manager()),
        format!("--object-manager-port={}", ports.object_manager()),
        format!("--runtime-env-agent-port={}", ports.runtime_env_agent()),
        format!("--dashboard-agent-listen-port={}", ports.agent_http()),
        format!("--dashboard-agent-grpc-port={}", ports.agent_grpc()),
        format!("--metrics-export-port={}", ports.metrics()),
        format!("--min-worker-port={}", ports.workers().start()),
        format!("--max-worker-port={}", ports.workers().end()),
        format!("--num-cpus={}", limits.cpus),
        "--num-gpus=0".to_owned(),
        format!("--memory={memory}"),
        format!("--object-store-memory={}", limits.object_store_bytes),
        "--plasma-directory=/dev/shm".to_owned(),
        "--object-spilling-directory=/work/spilled".to_owned(),
        "--temp-dir=/work/ray".to_owned(),
    ]
}

fn of_head(ports: Ports) -> Vec<String> {
    vec![
        "--head".to_owned(),
        // No autoscaler: the cluster is what was hired.
        "--no-monitor".to_owned(),
        format!("--port={}", ports.control()),
        format!("--ray-client-server-port={}", ports.client()),
        "--include-dashboard=true".to_owned(),
        format!("--dashboard-host={}", address(0)),
        format!("--dashboard-port={}", ports.dashboard()),
    ]
}

fn of_worker(node: &Local) -> Vec<String> {
    let control = node.plan.ports(0).map(|head| head.at(head.control()));
    control.map(|at| format!("--address={at}")).into_iter().collect()
}

/// `GET /nodes?view=summary` of the dashboard, as far as it is read.
#[derive(Deserialize)]
struct Nodes {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    summary: Vec<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    #[serde(default)]
    raylet: Raylet,
}

#[derive(Default, Deserialize)]
struct Raylet {
    #[serde(default)]
    state: String,
}

impl Nodes {
    fn alive(&self) -> usize {
        self.data.summary.iter().filter(|node| node.raylet.state == "ALIVE").count()
    }
}

#[async_trait]
impl Backend for Ray {
    fn versions(&self) -> BTreeMap<String, String> {
        self.python.versions()
    }

    async fn start_head(&self, node: &Local) -> Result<Space, ClusterError> {
        self.start(node).await
    }

    async fn start_worker(&self, node: &Local) -> Result<Space, ClusterError> {
        self.start(node).await
    }

    /// Asks the head's dashboard which nodes Ray has.
    async fn ready(&self, head: &Local, _: &Tunnels) -> Result<Readiness, ClusterError> {
        let of = head.plan.members.len();
        let waits = |alive, waits_for: String| Ok(Readiness { alive, of, waits_for });
        if let Some(why) = self.ground.ended(head.id) {
            return Err(ClusterError::Ended { id: head.id, why });
        }
        let (Some(space), Some(ports)) = (head.space(), head.plan.ports(0)) else {
            return waits(0, "the head, which is starting".to_owned());
        };
        let at = ports.at(ports.dashboard());
        let text = match document(&space, at, "/nodes?view=summary", head.secret.reveal()).await {
            Ok(text) => text,
            Err(error) => return waits(0, format!("the head's dashboard: {error}")),
        };
        match serde_json::from_slice::<Nodes>(&text).map(|nodes| nodes.alive().min(of)) {
            Ok(alive) if alive == of => waits(alive, String::new()),
            Ok(alive) => waits(alive, format!("{} of {of} nodes", of - alive)),
            Err(error) => waits(0, format!("the head's dashboard, which says something else than nodes: {error}")),
        }
    }

    async fn stop(&self, id: NodeId) -> Result<(), ClusterError> {
        remove(&self.ground, id).await
    }

    async fn resume(&self, node: &Local) -> Result<Space, ClusterError> {
        self.ground.adopt(node.id, &limits(node)?, self.job(node)?).await
    }

    async fn clean_up(&self, keep: &BTreeSet<NodeId>) -> Result<Vec<Name>, ClusterError> {
        self.ground.sweep(keep).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Member, Plan, Work},
        secret::Secret,
    };
    use depin_quantity::{Address, UnitId};

    fn node(rank: u8) -> Local {
        let limits =
            NodeLimits { cpus: 2, memory_bytes: 2 << 30, object_store_bytes: 100 << 20, disk_bytes: 1 << 30, processes: 4_096 };
        let member = Member { account: Address::new([1; 32]), tunnel: "127.0.0.1:4650".to_owned(), limits };
        let members = vec![member.clone(), member.clone(), member];
        let plan = Arc::new(Plan { hire: UnitId::new([7; 32]), hirer: Address::new([2; 32]), work: Work::Ray, members });
        Local::new(NodeId::new(UnitId::new([7; 32]), rank), plan, Secret::generate().unwrap(), BTreeMap::new())
    }

    #[test]
    fn every_port_is_fixed_and_one_that_tunnels_lead_to() {
        for rank in 0..3 {
            let node = node(rank);
            let ports = node.plan.ports(rank).unwrap();
            let mut words = common(rank, &limits(&node).unwrap(), ports);
            words.extend(if rank == 0 { of_head(ports) } else { of_worker(&node) });
            let named: Vec<u16> = words
                .iter()
                .filter(|word| word.contains("port") && !word.contains("ray-client"))
                .map(|word| word.rsplit('=').next().unwrap().parse().unwrap())
                .collect();
            assert_eq!(named.len(), if rank == 0 { 10 } else { 8 }, "{words:?}");
            assert!(named.iter().all(|port| ports.has(*port)), "{words:?}");
            assert_eq!(words.contains(&"--address=127.64.0.1:20006".to_owned()), rank != 0);
        }
    }

    #[test]
    fn memory_of_tasks_is_what_ray_and_its_objects_leave() {
        let node = node(0);
        let words = common(0, &limits(&node).unwrap(), node.plan.ports(0).unwrap());
        assert!(words.contains(&format!("--memory={}", (2_u64 << 30) - (100 << 20) - (512 << 20))), "{words:?}");
    }

    #[test]
    fn the_token_is_in_the_environment_and_in_no_argument() {
        let node = node(1);
        let env = environment(&node, Some(Path::new("/opt/ray/bin")));
        assert!(env.contains(&("PATH".to_owned(), "/opt/ray/bin:/usr/bin:/bin".to_owned())));
        assert!(env.iter().any(|(name, value)| name == "RAY_AUTH_TOKEN" && value == node.secret.reveal()));
        assert!(env.contains(&("RAY_AUTH_MODE".to_owned(), "token".to_owned())));
        let words = common(1, &limits(&node).unwrap(), node.plan.ports(1).unwrap());
        assert!(!words.iter().chain(&of_worker(&node)).any(|word| word.contains(node.secret.reveal())));
    }

    #[test]
    fn nodes_that_are_dead_do_not_count() {
        let text = r#"{"result":true,"msg":"","data":{"summary":[{"raylet":{"state":"ALIVE","x":1}},{"raylet":{"state":"DEAD"}},{"raylet":{}},{}]}}"#;
        assert_eq!(serde_json::from_str::<Nodes>(text).unwrap().alive(), 1);
    }
}
