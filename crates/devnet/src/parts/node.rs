//! The node: a committee of one.

use crate::{
    Error, Kind, Part, Result, Site, SpeedLimit,
    home::{self, Home},
};
use async_trait::async_trait;
use depin_engine::VotesFault;
use depin_files::Floor;
use depin_node::{ClockConfig, HomeError, Node, NodeConfig, NodeHandle, StartError};
use futures::future::BoxFuture;

pub(crate) struct NodePart {
    handle: NodeHandle,
}

impl NodePart {
    pub(crate) async fn start(site: &Site<'_>) -> Result<Self> {
        let seed = home::validator_seed(site.home)?;
        let config = NodeConfig {
            listen: site.node,
            speed: site.options.speed,
            rebuild_index: site.options.rebuild_index,
            keep_history: site.options.keep_history,
            forget_votes: site.options.forget_votes,
            begun: site.home.has_begun(home::NODE)?,
            floor: Floor::of_chain(site.home.node(), site.options.disk_floor),
            tls: site.options.tls.clone(),
            clock: ClockConfig { jump: site.options.clock_jump, accept: site.options.accept_clock, ..ClockConfig::default() },
            ..NodeConfig::single(site.home.node(), site.genesis.clone(), seed)
        };
        let handle = Node::start(config).await.map_err(|error| {
            let kind = match &error {
                StartError::NoSpace(why) => return home::no_space(why),
                StartError::Speed { .. } | StartError::ChainSpeed { .. } => {
                    let limit = SpeedLimit::new(site.rules(), site.genesis.time, site.genesis.speed_max);
                    if let Err(refused) = limit.check(site.options.speed) {
                        return refused;
                    }
                    Kind::Refused
                }
                StartError::Home(HomeError::Busy(_) | HomeError::Foreign { .. } | HomeError::OtherGenesis(_))
                | StartError::ClockBehind { .. }
                | StartError::Votes(_) => Kind::Refused,
                _ => Kind::Broken,
            };
            let (code, hint) = advice(&error, site.home);
            Error { kind, code: code.to_owned(), message: format!("the node does not start: {error}"), hint }
        })?;
        // Its first block is final. A start that fails later must not begin the chain again.
        site.home.keep_begun(home::NODE)?;
        Ok(Self { handle })
    }

    /// Resolves with the reason when it cannot go on.
    pub(crate) fn watch(&self) -> BoxFuture<'static, Error> {
        let (failed, full) = (self.handle.failed(), self.handle.out_of_space());
        Box::pin(async move {
            let reason = failed.await;
            match full() {
                true => Error::broken(home::NO_SPACE, reason),
                false => Error::failed(format_args!("the node failed: {reason}")),
            }
        })
    }

    /// How the chain was found, where that is worth telling.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.handle.notes().to_vec()
    }
}

/// The code of a node's error, and what to do about it where the error does not say that itself.
fn advice(error: &StartError, home: &Home) -> (&'static str, String) {
    let node = home.node();
    let copy = format!(
        "put a copy of {} back that is no older than its last stop; without one this chain has ended, and `depin up --fresh` begins another",
        node.display()
    );
    match error {
        StartError::Votes(VotesFault::Damaged { alone: true, .. }) => (
            "votes",
            format!(
                "put a copy of {} back that is no older than its last stop; where there is none, start with --forget-votes: this validator is \
                 the chain's only one, so it goes on above the last final block, and what it voted there before is forgotten",
                node.join("engine").display()
            ),
        ),
        StartError::Votes(VotesFault::Damaged { .. } | VotesFault::Gone(_)) => ("votes", copy),
        StartError::Votes(VotesFault::NoFinalBlock(_)) => ("votes", format!("leave --forget-votes away and {copy}")),
        StartError::Votes(_) => ("votes", "leave --forget-votes away".to_owned()),
        StartError::Opening(_) => ("damaged", copy),
        StartError::Home(HomeError::OtherGenesis(_)) => (
            "damaged",
            format!(
                "one of {0} and {1} is damaged or another chain's, and {2}, which would tell which, is damaged or missing: look at \
                 both (diff {0} {1}) and put the good one in the other's place",
                home.genesis().display(),
                node.join("genesis.json").display(),
                node.join("engine/identity").display()
            ),
        ),
        StartError::Home(HomeError::Damaged { .. }) => ("damaged", String::new()),
        _ => ("node", String::new()),
    }
}

#[async_trait]
impl Part for NodePart {
    fn name(&self) -> &'static str {
        "the node"
    }

    async fn failed(&self) -> Error {
        self.watch().await
    }

    async fn stop(self: Box<Self>) {
        let end = self.handle.stop().await;
        tracing::info!(?end, "the node ended");
    }
}
