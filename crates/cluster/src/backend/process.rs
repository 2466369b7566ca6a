//! A program on every node, for small machines and for what needs no Ray: it is told where the others are, and reaches their ports.

use super::{Backend, Readiness, limits, remove};
use crate::{
    error::ClusterError,
    ground::{Ground, Job},
    plan::{NodeId, Program, Work},
    ports::address,
    space::Space,
    tunnel::{Local, Tunnels},
};
use async_trait::async_trait;
use depin_sandbox::Name;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Programs of the machine's own.
pub(crate) struct Process {
    pub(crate) ground: Arc<Ground>,
}

impl Process {
    fn job(node: &Local) -> Result<Job, ClusterError> {
        let Work::Process(Program { command, env }) = &node.plan.work else {
            return Err(ClusterError::NoBackend(node.plan.work.word().to_owned()));
        };
        let mut all = vec![
            ("DEPIN_RANK".to_owned(), node.id.rank.to_string()),
            ("DEPIN_NODES".to_owned(), node.plan.members.len().to_string()),
        ];
        for (rank, _) in node.plan.ranked() {
            if let Some(ports) = node.plan.ports(rank) {
                let ports = ports.workers();
                all.push((format!("DEPIN_NODE_{rank}"), address(rank).to_string()));
                all.push((format!("DEPIN_PORTS_{rank}"), format!("{}-{}", ports.start(), ports.end())));
            }
        }
        all.extend(env.iter().cloned());
        Ok(Job { command: command.clone(), env: all, reads: Vec::new(), local: false, shared_bytes: 0 })
    }

    async fn start(&self, node: &Local) -> Result<Space, ClusterError> {
        self.ground.start(node.id, &limits(node)?, Self::job(node)?).await
    }
}

#[async_trait]
impl Backend for Process {
    fn versions(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    async fn start_head(&self, node: &Local) -> Result<Space, ClusterError> {
        self.start(node).await
    }

    async fn start_worker(&self, node: &Local) -> Result<Space, ClusterError> {
        self.start(node).await
    }

    /// Asks every node's daemon, one after the other: what cannot be told is told as what is waited for.
    async fn ready(&self, head: &Local, tunnels: &Tunnels) -> Result<Readiness, ClusterError> {
        let mut alive = usize::from(self.ground.ended(head.id).is_none());
        let mut waits_for = self.ground.ended(head.id).map_or_else(String::new, |why| format!("the head: {why}"));
        for (rank, _) in head.plan.ranked().filter(|(rank, _)| *rank != head.id.rank) {
            match tunnels.look(&head.plan, head.id.rank, rank).await {
                Ok(true) => alive += 1,
                Ok(false) => waits_for = format!("node {rank}, which does not run"),
                Err(error) => waits_for = format!("node {rank}: {error}"),
            }
        }
        Ok(Readiness { alive, of: head.plan.members.len(), waits_for })
    }

    async fn stop(&self, id: NodeId) -> Result<(), ClusterError> {
        remove(&self.ground, id).await
    }

    async fn resume(&self, node: &Local) -> Result<Space, ClusterError> {
        self.ground.adopt(node.id, &limits(node)?, Self::job(node)?).await
    }

    async fn clean_up(&self, keep: &BTreeSet<NodeId>) -> Result<Vec<Name>, ClusterError> {
        self.ground.sweep(keep).await
    }
}
