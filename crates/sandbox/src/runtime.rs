//! What a runtime must do: the one seam between supervision, which is shared, and containers, which each runtime makes its way.

use crate::{
    error::{RuntimeError, WorkloadError},
    lifecycle::Ending,
    names::{InstanceId, Name},
    workload::{Proto, Service, Workload},
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, pin::Pin, time::Duration};
use tokio::io::AsyncWrite;

/// What a runtime is and can do on this machine; what it cannot is said to whoever asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// As `podman 4.3.1 (runc)` or `bubblewrap 0.8.0`.
    pub name: String,
    /// Whether rooms with several services work.
    pub several_services: bool,
    /// Whether root in a container is nobody outside.
    pub user_namespaces: bool,
    /// Whether tenants are kept from each other, the machine and its addresses by packet filters.
    pub packet_filter: bool,
    /// Whether persistent volumes have a fixed size; else they are measured, and who writes more is evicted.
    pub fixed_volumes: bool,
    /// What is missing for more, each with what to do.
    pub notes: Vec<String>,
}

/// What is seen of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// There is no container.
    Absent,
    /// It was made and has not run yet.
    Created,
    /// It runs.
    Running,
    /// It ended.
    Ended(Ending),
}

/// An instance that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub id: InstanceId,
    /// The digest of the service that it was started from.
    pub digest: String,
}

/// Everything of a provider that is on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Rooms of which anything is left: a container, a network, a volume, a reserved number.
    pub rooms: Vec<Name>,
    /// Containers.
    pub instances: Vec<Found>,
}

/// What an instance takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// CPU time in nanoseconds since it was started.
    pub cpu_nanos: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Processes and threads.
    pub pids: u64,
}

/// What an instance wrote to one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// `ephemeral storage`, or `volume NAME`.
    pub place: String,
    /// Bytes there.
    pub used: u64,
    /// Bytes that may be there.
    pub limit: u64,
}

/// A port that is reached from outside of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The container's port.
    pub container: u16,
    /// Its transport.
    pub proto: Proto,
    /// Where it is reached.
    pub outside: SocketAddr,
}

/// Which lines of the logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Go on with what comes.
    pub follow: bool,
    /// Only so many of the last lines.
    pub tail: Option<u32>,
}

/// Bytes that a program wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// To standard output.
    Stdout(Bytes),
    /// To standard error.
    Stderr(Bytes),
}

/// Bytes as they come.
pub type OutputStream = BoxStream<'static, Result<Output, RuntimeError>>;

/// A command to run beside what runs in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecOptions {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// Whether it has a terminal; standard error then comes as standard output.
    pub tty: bool,
    /// Whether it reads what is sent.
    pub stdin: bool,
}

/// A command that runs in a container.
pub struct Exec {
    /// What it writes, to its end.
    pub output: OutputStream,
    /// What it reads; closed by shutting it down.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// What else can be done with it.
    pub control: Box<dyn ExecControl>,
}

/// What can be done with a command that runs.
#[async_trait]
pub trait ExecControl: Send + Sync {
    /// Tells it the size of its terminal.
    async fn resize(&self, rows: u16, columns: u16) -> Result<(), RuntimeError>;
    /// Its exit code, once it wrote all.
    async fn exit_code(&self) -> Result<i64, RuntimeError>;
}

/// Containers by one kind of machinery. Every call may be made again after a crash: it finds by name what an earlier one left.
#[async_trait]
pub trait Runtime: Send + Sync + 'static {
    /// What it is and can.
    fn describe(&self) -> &Description;
    /// Why it cannot be worked with now, if it cannot; it goes on by itself.
    fn trouble(&self) -> Option<String> {
        None
    }
    /// Whether it can run a workload that passed [`Workload::check`].
    fn check(&self, workload: &Workload) -> Result<(), WorkloadError>;
    /// Makes what the room's instances share: its number, its network.
    async fn open(&self, workload: &Workload) -> Result<(), RuntimeError>;
    /// Starts an instance from its image with fresh ephemeral storage; what is left of an earlier one is removed first.
    async fn start(&self, workload: &Workload, service: &Service, replica: u32) -> Result<(), RuntimeError>;
    /// How it is.
    async fn look(&self, id: &InstanceId) -> Result<Look, RuntimeError>;
    /// Asks it to end, and kills it after `grace`.
    async fn stop(&self, id: &InstanceId, grace: Duration) -> Result<(), RuntimeError>;
    /// Removes its container, killing what runs; its volumes stay.
    async fn remove(&self, id: &InstanceId) -> Result<(), RuntimeError>;
    /// What it takes.
    async fn usage(&self, id: &InstanceId) -> Result<Usage, RuntimeError>;
    /// What it wrote, by place.
    async fn written(&self, service: &Service, id: &InstanceId) -> Result<Vec<Written>, RuntimeError>;
    /// Ports that lead to it.
    async fn published(&self, id: &InstanceId) -> Result<Vec<Published>, RuntimeError>;
    /// Where this machine reaches a TCP port of it, published or not.
    async fn address(&self, id: &InstanceId, port: u16) -> Result<SocketAddr, RuntimeError>;
    /// What it wrote to its standard streams.
    async fn logs(&self, id: &InstanceId, options: LogOptions) -> Result<OutputStream, RuntimeError>;
    /// Runs a command in it.
    async fn exec(&self, id: &InstanceId, options: ExecOptions) -> Result<Exec, RuntimeError>;
    /// Everything of this provider on this machine.
    async fn list(&self) -> Result<Inventory, RuntimeError>;
    /// Removes a room's containers and its network; its volumes and its number stay, and it can be opened again.
    async fn clear(&self, room: &Name) -> Result<(), RuntimeError>;
    /// Removes a room to the last container, network and volume. A room that is not there is closed.
    async fn close(&self, room: &Name) -> Result<(), RuntimeError>;
}
