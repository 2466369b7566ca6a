//! What ends a round, and what keeps an operator from starting.

use depin_client::{ClientError, SubmitError};
use std::{fmt::Display, io, net::SocketAddr};

/// Why a round was not finished. Everything is read anew before the next.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// The node is away or does not answer properly.
    #[error(transparent)]
    Node(#[from] ClientError),
    /// A message did not get through.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// What the operator keeps failed it.
    #[error("{why}")]
    Own {
        /// What it concerns, for the status: `store`.
        concerns: &'static str,
        /// What was said.
        why: String,
    },
}

impl RoundError {
    /// A failure of what the operator keeps.
    pub fn own(concerns: &'static str, why: &dyn Display) -> Self {
        Self::Own { concerns, why: why.to_string() }
    }
}

/// Why an operator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; is another provider running? Use another port, or 0 for a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Others could not reach the operator.
    #[error("{address} is no address that others can reach; give the provider's URL, such as http://203.0.113.5:4700")]
    Url {
        /// The address listened on.
        address: SocketAddr,
    },
    /// The chain is not known and the node does not say.
    #[error(transparent)]
    Node(#[from] ClientError),
}
