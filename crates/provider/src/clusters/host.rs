//! The node that this device runs for its hire: begun, watched and ended as the ledger says, found again after a crash.

use super::store::{NodeKept, NodeStage, Store, StoreError};
use depin_cluster::{ClusterError, Clusters, NodeId, Plan};
use depin_quantity::UnitId;
use serde::Serialize;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::timeout};

/// How often a node is looked at although nothing was said.
const LOOK: Duration = Duration::from_secs(5);

/// What the ledger says about this device's node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// Whether the ledger was asked at all: before that nothing is ended.
    pub(super) known: bool,
    /// The node that is to run.
    pub(super) node: Option<Wanted>,
}

/// A node that is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) hire: UnitId,
    pub(super) rank: u8,
    /// The slots that the cluster is of, by rank.
    pub(super) seats: Vec<u32>,
    /// The cluster, or why there is none yet.
    pub(super) plan: Result<Plan, String>,
}

impl Wanted {
    const fn id(&self) -> NodeId {
        NodeId::new(self.hire, self.rank)
    }
}

/// How the device's node is, for its owner and for the checker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeNow {
    /// The hire.
    pub hire: Option<UnitId>,
    /// The node's number in the cluster; 0 is the head.
    pub rank: u8,
    /// Whether its programs run.
    pub running: bool,
    /// Whether it can still come to run: it is being begun, or waits for the hirer.
    pub coming: bool,
    /// Why it does not run.
    pub why: String,
}

/// The same, shared.
pub(super) type SharedNode = Arc<Mutex<NodeNow>>;

/// A copy of it.
pub(super) fn now(shared: &SharedNode) -> NodeNow {
    // Plain values: whole at every point where a holder could panic.
    shared.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Who runs the device's node.
pub(super) struct Host {
    /// None where this machine can run none.
    pub(super) clusters: Option<Clusters>,
    pub(super) store: Store,
    pub(super) wish: watch::Receiver<Wish>,
    pub(super) shown: SharedNode,
    pub(super) changes: watch::Sender<u64>,
}

/// Why a look was not finished; the next one tries again.
#[derive(Debug, thiserror::Error)]
enum HostError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

impl Host {
    /// Works until it is dropped. Nodes go on then, and the next start finds them.
    pub(super) async fn run(mut self) {
        let mut is_recovered = false;
        loop {
            let wish = self.wish.borrow_and_update().clone();
            if wish.known {
                match self.look(&wish, &mut is_recovered).await {
                    Ok(shown) => self.show(shown),
                    Err(error) => tracing::warn!(%error, "the node of the hire waits"),
                }
            }
            // Nobody wishes any more.
            if let Ok(Err(_)) = timeout(LOOK, self.wish.changed()).await {
                return;
            }
        }
    }

    fn show(&self, shown: NodeNow) {
        let mut before = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if *before != shown {
            *before = shown;
            drop(before);
            self.changes.send_modify(|n| *n += 1);
        }
    }

    async fn look(&self, wish: &Wish, is_recovered: &mut bool) -> Result<NodeNow, HostError> {
        let Some(clusters) = &self.clusters else {
            let why = "this daemon cannot run nodes".to_owned();
            return Ok(wish.node.as_ref().map_or_else(NodeNow::default, |wanted| not_running(wanted, false, why)));
        };
        if !*is_recovered {
            self.recover(clusters, wish).await?;
            *is_recovered = true;
        }
        let kept = self.store.nodes().await?;
        self.end_others(clusters, wish, &kept).await?;
        let Some(wanted) = &wish.node else { return Ok(NodeNow::default()) };
        let own = kept.into_iter().find(|kept| is_same(kept, wanted));
        match own {
            Some(kept) if kept.stage == NodeStage::Ended => Ok(not_running(wanted, false, kept.note)),
            Some(kept) if kept.stage == NodeStage::Begun => self.watch(clusters, wanted, kept).await,
            _ => self.begin(clusters, wanted).await,
        }
    }

    /// After a start: a node that still runs and is still wanted goes on; all else of this daemon's is removed.
    async fn recover(&self, clusters: &Clusters, wish: &Wish) -> Result<(), HostError> {
        let kept = self.store.nodes().await?;
        let is_wanted = |kept: &&NodeKept| wish.node.as_ref().is_some_and(|wanted| is_same(kept, wanted));
        let keep: BTreeSet<NodeId> = kept
            .iter()
            .filter(is_wanted)
            .filter(|kept| kept.stage != NodeStage::Ended)
            .map(|kept| NodeId::new(kept.hire, kept.rank))
            .collect();
        let found = clusters.recover(&keep).await?;
        for kept in kept {
            let id = NodeId::new(kept.hire, kept.rank);
            if found.resumed.contains(&id) {
                self.store.keep_node(NodeKept { stage: NodeStage::Begun, note: String::new(), ..kept }).await?;
            } else if let Some((_, why)) = found.lost.iter().find(|(lost, _)| *lost == id) {
                tracing::warn!(node = %id, why, "a node did not outlive the daemon");
                // One whose programs never began is nobody's loss, and is begun anew.
                if kept.stage == NodeStage::Begun {
                    let note = format!("the node ended while the daemon was away: {why}");
                    self.store.keep_node(NodeKept { stage: NodeStage::Ended, note, ..kept }).await?;
                }
            }
        }
        Ok(())
    }

    /// Ends what is not wanted any more, or is of a cluster whose members have changed: that begins anew with the new one.
    async fn end_others(&self, clusters: &Clusters, wish: &Wish, kept: &[NodeKept]) -> Result<(), HostError> {
        let is_wanted = |id: NodeId| {
            wish.node.as_ref().is_some_and(|wanted| wanted.id() == id)
                && kept.iter().any(|kept| wish.node.as_ref().is_some_and(|wanted| is_same(kept, wanted)))
        };
        for id in clusters.nodes().into_iter().filter(|id| !is_wanted(*id)) {
            tracing::info!(node = %id, "a node is not wanted any more");
            match clusters.end(id).await {
                Ok(()) | Err(ClusterError::NotHere(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        for kept in kept {
            if wish.node.as_ref().is_none_or(|wanted| !is_same(kept, wanted)) {
                self.store.forget_node(kept.hire).await?;
            }
        }
        Ok(())
    }

    /// A node that was begun: how it is.
    async fn watch(&self, clusters: &Clusters, wanted: &Wanted, kept: NodeKept) -> Result<NodeNow, HostError> {
        let why = match clusters.status(wanted.id()).await {
            Some(status) if status.running => return Ok(running(wanted)),
            Some(status) => status.why,
            None => "it is not here".to_owned(),
        };
        // Others would take one that is started anew for the one that they know; whether the hire goes on is for the ledger to say.
        let note = format!("the node ended: {why}");
        self.store.keep_node(NodeKept { stage: NodeStage::Ended, note: note.clone(), ..kept }).await?;
        Ok(not_running(wanted, false, note))
    }

    async fn begin(&self, clusters: &Clusters, wanted: &Wanted) -> Result<NodeNow, HostError> {
        let plan = match &wanted.plan {
            Ok(plan) => plan.clone(),
            Err(why) => return Ok(not_running(wanted, true, why.clone())),
        };
        let (hire, rank, seats) = (wanted.hire, wanted.rank, wanted.seats.clone());
        let kept = NodeKept { hire, rank, seats, stage: NodeStage::Beginning, note: String::new() };
        self.store.keep_node(kept.clone()).await?;
        self.show(not_running(wanted, true, "it is being begun".to_owned()));
        match clusters.begin(plan, rank).await {
            Ok(_) => {
                self.store.keep_node(NodeKept { stage: NodeStage::Begun, ..kept }).await?;
                Ok(running(wanted))
            }
            // What another try does not change.
            Err(error @ (ClusterError::NotTaken(_) | ClusterError::NoBackend(_) | ClusterError::Plan { .. })) => {
                let note = error.to_string();
                self.store.keep_node(NodeKept { stage: NodeStage::Ended, note: note.clone(), ..kept }).await?;
                Ok(not_running(wanted, false, note))
            }
            Err(error) => Ok(not_running(wanted, true, error.to_string())),
        }
    }
}

/// Whether a node that is kept is the one that is wanted, in a cluster of the same devices.
fn is_same(kept: &NodeKept, wanted: &Wanted) -> bool {
    kept.hire == wanted.hire && kept.rank == wanted.rank && kept.seats == wanted.seats
}

fn running(wanted: &Wanted) -> NodeNow {
    NodeNow { hire: Some(wanted.hire), rank: wanted.rank, running: true, coming: false, why: String::new() }
}

fn not_running(wanted: &Wanted, coming: bool, why: String) -> NodeNow {
    NodeNow { hire: Some(wanted.hire), rank: wanted.rank, running: false, coming, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_machine_that_can_run_nothing_says_so_for_its_hire() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), UnitId::new([9; 32])).unwrap();
        let (_sender, wish) = watch::channel(Wish::default());
        let host = Host { clusters: None, store, wish, shown: SharedNode::default(), changes: watch::Sender::new(0) };
        let wanted = Wanted { hire: UnitId::new([1; 32]), rank: 0, seats: vec![0], plan: Err("no".to_owned()) };
        let shown = host.look(&Wish { known: true, node: Some(wanted.clone()) }, &mut true).await.unwrap();
        assert!(!shown.running && !shown.coming && shown.why.contains("cannot run"));
        assert_eq!(host.look(&Wish { known: true, node: None }, &mut true).await.unwrap(), NodeNow::default());
        let kept = NodeKept { hire: wanted.hire, rank: 0, seats: vec![0], stage: NodeStage::Begun, note: String::new() };
        assert!(is_same(&kept, &wanted));
        assert!(!is_same(&NodeKept { seats: vec![0, 1], ..kept }, &wanted), "another cluster");
    }
}
