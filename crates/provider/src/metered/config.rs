//! Settings of an operator.

use crate::operator::OperatorConfig;
use depin_economy::Money;
use depin_quantity::{Name, Span, Units};
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, time::Duration};

/// What an operator does about a disputed batch, without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "policy")]
pub enum DisputePolicy {
    /// Stands by what was reported, with the batch's own evidence, as long as its deposits in all disputes that are not decided come to
    /// at most this; what would come above it is left to a person.
    StandBy {
        /// Base units of the token that deposits are in, over all open disputes together.
        deposit_most: Units,
    },
    /// Gives every dispute up: contested units do not count, and nothing is at stake.
    Concede,
    /// Leaves all of them to a person, and says in its status which wait.
    Ask,
}

/// Settings of an operator of a founder's own service.
#[derive(Clone, Debug)]
pub struct MeteredConfig {
    /// Name for tables; registered on the ledger.
    pub name: Name,
    /// Prices of one unit, one per currency; none where the network sets the price. The ledger's entry is brought in line with them.
    pub asks: Vec<Money>,
    /// Whether new orders are taken.
    pub accepts: bool,
    /// What is done about disputes.
    pub disputes: DisputePolicy,
    /// Where the HTTP interface listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Base URL under which customers reach it; `http://` and the address listened on when `None`.
    pub url: Option<String>,
    /// The chain to serve; asked from the node when `None`.
    pub chain_id: Option<Name>,
    /// How often everything is read anew from the ledger, wall time. Nothing depends on having seen an event.
    pub resync: Duration,
    /// How often rewards are claimed, ledger time.
    pub claim_every: Span,
    /// Longest wait for the node at start, when the chain must be asked for.
    pub start_timeout: Duration,
}

impl MeteredConfig {
    /// An operator that listens on a free port of loopback, takes orders, and leaves disputes to a person.
    pub fn new(name: Name, asks: Vec<Money>) -> Self {
        Self {
            name,
            asks,
            accepts: true,
            disputes: DisputePolicy::Ask,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            url: None,
            chain_id: None,
            resync: Duration::from_secs(60),
            claim_every: Span::from_days(1),
            start_timeout: Duration::from_secs(30),
        }
    }

    pub(super) fn operator(&self, chain_id: Name) -> OperatorConfig {
        OperatorConfig {
            name: self.name,
            listen: self.listen,
            url: self.url.clone(),
            chain_id,
            resync: self.resync,
            claim_every: self.claim_every,
        }
    }
}
