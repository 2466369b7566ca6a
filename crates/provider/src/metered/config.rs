//! Settings of an operator.

use crate::operator::OperatorConfig;
use depin_economy::Money;
use depin_quantity::Units;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
    /// What every operator has.
    pub operator: OperatorConfig,
    /// Prices of one unit, one per currency; none where the network sets the price. The ledger's entry is brought in line with them.
    pub asks: Vec<Money>,
    /// Whether new orders are taken.
    pub accepts: bool,
    /// What is done about disputes.
    pub disputes: DisputePolicy,
    /// Where it keeps how far it has read the history, so that it can say what was decided while it was away.
    pub folder: Option<PathBuf>,
}

impl MeteredConfig {
    /// An operator that takes orders, and leaves disputes to a person.
    pub const fn new(operator: OperatorConfig, asks: Vec<Money>) -> Self {
        Self { operator, asks, accepts: true, disputes: DisputePolicy::Ask, folder: None }
    }
}
