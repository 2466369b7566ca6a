//! What may go wrong, with what to do.

use crate::names::{InstanceId, Name};

/// Why a workload is refused before anything is started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkloadError {
    /// Not a name.
    #[error("`{got}` is no name: 1 to 48 lower-case letters, digits and inner hyphens")]
    Name {
        /// Its beginning.
        got: String,
    },
    /// A field that cannot be.
    #[error("service {service}: {field} is {got}; {allowed}")]
    Field {
        /// The service.
        service: String,
        /// The field.
        field: &'static str,
        /// What it says.
        got: String,
        /// What may stand there.
        allowed: &'static str,
    },
    /// Two things with one name.
    #[error("{what} `{name}` is there twice; names are used once")]
    Twice {
        /// Services, mounts, ports.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A service that waits for one that is not there.
    #[error("service {service} waits for `{on}`, which this workload has not")]
    UnknownDependency {
        /// The service.
        service: String,
        /// What it waits for.
        on: String,
    },
    /// Services that wait for each other.
    #[error("services wait for each other in a circle: {circle}; leave out one of these dependencies")]
    Circle {
        /// The names, as `a, b`.
        circle: String,
    },
    /// Nothing to run.
    #[error("the workload has no service; it needs one at least")]
    Empty,
    /// More than is taken.
    #[error("the workload has {got} {what}, at most {limit} fit")]
    TooMany {
        /// Services, replicas, bytes.
        what: &'static str,
        /// How many.
        got: usize,
        /// The bound.
        limit: usize,
    },
    /// A runtime that cannot do it.
    #[error("{what} cannot be had with {runtime}: {instead}")]
    Unsupported {
        /// What was asked for.
        what: String,
        /// The runtime.
        runtime: String,
        /// What to do instead.
        instead: String,
    },
}

/// What a runtime could not do.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// There is no runtime.
    #[error("{what} is missing: {install}")]
    Missing {
        /// The program or socket.
        what: String,
        /// How to get it.
        install: String,
    },
    /// The image is nowhere.
    #[error("image {image} cannot be had: {detail}; push it as an OCI archive, or name a registry or mirror that has it")]
    ImageMissing {
        /// Its reference.
        image: String,
        /// What was tried.
        detail: String,
    },
    /// A port that something else listens on.
    #[error("port {port} of this machine is taken: {detail}; leave the port out to get a free one, or stop what listens there")]
    PortTaken {
        /// The port.
        port: u16,
        /// The runtime's words.
        detail: String,
    },
    /// The workload itself cannot be started: a command that is not in the image, a path that is no folder.
    #[error("{id} cannot be started: {detail}")]
    CannotStart {
        /// The instance.
        id: InstanceId,
        /// The runtime's words.
        detail: String,
    },
    /// No such instance.
    #[error("{id} is not running here")]
    NotThere {
        /// The instance.
        id: InstanceId,
    },
    /// A workload that this runtime refuses.
    #[error(transparent)]
    Refused(#[from] WorkloadError),
    /// The runtime failed in what it should do.
    #[error("{what} failed: {detail}")]
    Failed {
        /// What was done.
        what: String,
        /// The runtime's words.
        detail: String,
    },
}

impl RuntimeError {
    /// In words for whoever has a room and sees no other: without its name, which is long and means nothing to them.
    pub fn within(&self, room: &Name) -> String {
        self.to_string().replace(&format!("{room}/"), "")
    }

    /// Of a step and an error's words.
    pub fn failed(what: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self::Failed { what: what.into(), detail: detail.to_string() }
    }
}
