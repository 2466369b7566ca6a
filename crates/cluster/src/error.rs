//! What may go wrong, with what to do.

use crate::plan::NodeId;
use depin_client::lease::CertificateError;
use depin_sandbox::{RuntimeError, WorkloadError};
use std::{fmt, io, path::PathBuf};

/// What could not be done with a cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// A plan that cannot be.
    #[error("{field} is {got}; {allowed}")]
    Plan {
        /// The field.
        field: String,
        /// What it says.
        got: String,
        /// What may stand there.
        allowed: String,
    },
    /// Work that this daemon has no backend for.
    #[error("this device runs no {0}")]
    NoBackend(String),
    /// Something is not installed.
    #[error("{what}: {install}")]
    Missing {
        /// What is missing.
        what: String,
        /// How to get it.
        install: String,
    },
    /// A node that runs here already.
    #[error("{0} runs here already; end it first")]
    Twice(NodeId),
    /// No such node.
    #[error("{0} is not here; it was ended, or never began")]
    NotHere(NodeId),
    /// More than one device runs.
    #[error("{limit} nodes of clusters run here, and no more may; end one first")]
    Full {
        /// The bound.
        limit: usize,
    },
    /// The head does not take this node.
    #[error("the head of the cluster does not take this node: {0}")]
    NotTaken(String),
    /// A tunnel.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
    /// The node's program ended, or never ran.
    #[error("{id} does not run: {why}")]
    Ended {
        /// Which.
        id: NodeId,
        /// The sandbox's words.
        why: String,
    },
    /// The sandbox.
    #[error(transparent)]
    Sandbox(#[from] RuntimeError),
    /// The file system.
    #[error("{what} {path}: {source}", path = path.display())]
    File {
        /// What was done.
        what: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The tunnels' own certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A secret.
    #[error("the operating system gives no randomness, so no secret can be made: {0}")]
    Randomness(String),
}

impl ClusterError {
    pub(crate) fn plan(field: impl Into<String>, got: impl fmt::Display, allowed: impl Into<String>) -> Self {
        let got = got.to_string().chars().take(120).collect();
        Self::Plan { field: field.into(), got, allowed: allowed.into() }
    }

    pub(crate) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}

impl From<WorkloadError> for ClusterError {
    fn from(error: WorkloadError) -> Self {
        Self::Sandbox(error.into())
    }
}

/// Why a tunnel does not lead anywhere.
#[derive(Debug, thiserror::Error)]
pub enum TunnelError {
    /// Nobody there.
    #[error("{to} is not reached: {why}")]
    Unreached {
        /// The address.
        to: String,
        /// Why.
        why: String,
    },
    /// The other side refuses.
    #[error("{to} refuses: {why}")]
    Refused {
        /// The address.
        to: String,
        /// Its words.
        why: String,
        /// Whether asking again is of no use.
        for_good: bool,
    },
    /// The other side says nothing that makes sense.
    #[error("{to} does not answer as a tunnel does: {why}")]
    Answer {
        /// The address.
        to: String,
        /// What was wrong.
        why: String,
    },
}

impl TunnelError {
    /// Whether asking again is of no use.
    pub const fn is_for_good(&self) -> bool {
        matches!(self, Self::Refused { for_good: true, .. })
    }
}
