//! What goes wrong when a scene is rendered.

use depin_sandbox::RuntimeError;
use std::{io, time::Duration};

/// Why there is no frame.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The sandbox cannot be had or started.
    #[error(transparent)]
    Sandbox(#[from] RuntimeError),
    /// The renderer says that it cannot.
    #[error("the renderer cannot: {why}")]
    Refused {
        /// Its words.
        why: String,
    },
    /// It took longer than it may.
    #[error("the renderer was stopped after {} s: it did not {what}", most.as_secs_f64())]
    TooLong {
        /// What it was to do.
        what: &'static str,
        /// How long it may take.
        most: Duration,
    },
    /// It ended by itself: a defect of it, or it had no more memory.
    #[error("the renderer ended before it {what}; it had at most {memory_mb} MB of memory; it said last: {last}")]
    Ended {
        /// What it was to do.
        what: &'static str,
        /// Its limit.
        memory_mb: u64,
        /// The end of what it printed.
        last: String,
    },
    /// All its processes together had more than they may.
    #[error(
        "the renderer was stopped before it {what}: all its processes together may have {memory_mb} MB of memory and be {processes} at most"
    )]
    Memory {
        /// What it was to do.
        what: &'static str,
        /// Their limit.
        memory_mb: u64,
        /// How many there may be.
        processes: usize,
    },
    /// It says something that no renderer of this crate says.
    #[error("the renderer's answer makes no sense: {what}")]
    Answer {
        /// What of it.
        what: String,
    },
    /// A pipe, a file.
    #[error("{what}: {source}")]
    Io {
        /// What was done.
        what: &'static str,
        /// The system's error.
        source: io::Error,
    },
}

impl RenderError {
    /// Whether another try, by a renderer that is started anew, may do: it was not the scene that was refused.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Io { .. } | Self::Answer { .. })
    }
}
