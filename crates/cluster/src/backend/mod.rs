//! What a cluster runs, behind one trait: Ray, or a program on every node.
//!
//! In: a node of a plan, the cluster's secret. Out: a sandbox that runs it, and whether the cluster is ready. Called by
//! [`Clusters`](crate::Clusters), which has tunnels open before anything begins. Absent on purpose: how nodes reach each other, and who may use
//! the cluster.

mod process;
mod python;
mod ray;

pub use python::{PythonError, RayPython};

pub(crate) use process::Process;
pub(crate) use ray::Ray;

use crate::{
    error::ClusterError,
    ground::Ground,
    plan::NodeId,
    space::Space,
    tunnel::{Local, Tunnels},
};
use async_trait::async_trait;
use depin_sandbox::Name;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How far a cluster is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Nodes that work together.
    pub alive: usize,
    /// Nodes that it has when it is ready.
    pub of: usize,
    /// What is waited for, in words; empty when it is ready.
    pub waits_for: String,
}

impl Readiness {
    /// Whether all its nodes work together.
    pub const fn is_ready(&self) -> bool {
        self.alive == self.of
    }
}

/// What a cluster can run.
#[async_trait]
pub(crate) trait Backend: Send + Sync {
    /// What must be the same on all nodes, by name.
    fn versions(&self) -> BTreeMap<String, String>;
    /// Starts a cluster's head; its programs begin when [`Ground::begin`] says so.
    async fn start_head(&self, node: &Local) -> Result<Space, ClusterError>;
    /// Starts another node of it.
    async fn start_worker(&self, node: &Local) -> Result<Space, ClusterError>;
    /// How far the cluster is, as its head sees it.
    async fn ready(&self, head: &Local, tunnels: &Tunnels) -> Result<Readiness, ClusterError>;
    /// Ends a node to the last process and folder.
    async fn stop(&self, id: NodeId) -> Result<(), ClusterError>;
    /// After a crash of this daemon: takes over a node that still runs.
    async fn resume(&self, node: &Local) -> Result<Space, ClusterError>;
    /// After a crash: removes whatever is of none of these nodes; gives their rooms.
    async fn clean_up(&self, keep: &BTreeSet<NodeId>) -> Result<Vec<Name>, ClusterError>;
}

/// The limits of a node in its own plan.
fn limits(node: &Local) -> Result<crate::plan::NodeLimits, ClusterError> {
    node.plan.member(node.id.rank).map(|member| member.limits).ok_or(ClusterError::NotHere(node.id))
}

/// Removes a node of any backend.
async fn remove(ground: &Ground, id: NodeId) -> Result<(), ClusterError> {
    ground.remove(id).await
}
