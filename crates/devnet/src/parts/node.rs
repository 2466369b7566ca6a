//! The node: a committee of one.

use crate::{Error, Kind, Part, Result, Site, SpeedLimit, home};
use async_trait::async_trait;
use depin_files::Floor;
use depin_node::{ClockConfig, HomeError, Node, NodeConfig, NodeHandle, StartError};

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
                | StartError::ClockBehind { .. } => Kind::Refused,
                _ => Kind::Broken,
            };
            Error { kind, code: "node".to_owned(), message: format!("the node does not start: {error}"), hint: String::new() }
        })?;
        Ok(Self { handle })
    }

    /// How the chain was found, where that is worth telling.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.handle.notes().to_vec()
    }
}

#[async_trait]
impl Part for NodePart {
    fn name(&self) -> &'static str {
        "the node"
    }

    async fn failed(&self) -> Error {
        let reason = self.handle.failed().await;
        if self.handle.is_out_of_space() {
            return Error::broken(home::NO_SPACE, reason);
        }
        Error::failed(format_args!("the node failed: {reason}"))
    }

    async fn stop(self: Box<Self>) {
        let end = self.handle.stop().await;
        tracing::info!(?end, "the node ended");
    }
}
