//! Asks an instance how it is.

use crate::{
    names::InstanceId,
    runtime::{ExecOptions, Output, Runtime},
    workload::Probe,
};
use futures::StreamExt as _;
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};

/// How long a probe may take.
const PROBE_TIME_MAX: Duration = Duration::from_secs(5);
/// How much of a command's words is kept.
const WORDS_BYTES_MAX: usize = 200;

/// Tries a probe once; what went wrong is in words.
pub(crate) async fn run(runtime: &dyn Runtime, id: &InstanceId, probe: &Probe) -> Result<(), String> {
    let tried = timeout(PROBE_TIME_MAX, async {
        match probe {
            Probe::Tcp(port) => tcp(runtime, id, *port).await,
            Probe::Command(command) => run_command(runtime, id, command).await,
        }
    });
    tried.await.unwrap_or_else(|_| Err(format!("its health probe took longer than {} s", PROBE_TIME_MAX.as_secs())))
}

async fn tcp(runtime: &dyn Runtime, id: &InstanceId, port: u16) -> Result<(), String> {
    let address = runtime.address(id, port).await.map_err(|error| error.to_string())?;
    TcpStream::connect(address).await.map(drop).map_err(|error| format!("port {port} takes no connection: {error}"))
}

async fn run_command(runtime: &dyn Runtime, id: &InstanceId, command: &[String]) -> Result<(), String> {
    let options = ExecOptions { command: command.to_vec(), tty: false, stdin: false };
    let mut exec = runtime.exec(id, options).await.map_err(|error| error.to_string())?;
    let mut words = Vec::new();
    while let Some(output) = exec.output.next().await {
        let (Output::Stdout(bytes) | Output::Stderr(bytes)) = output.map_err(|error| error.to_string())?;
        let room = WORDS_BYTES_MAX.saturating_sub(words.len());
        words.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
    match exec.control.exit_code().await.map_err(|error| error.to_string())? {
        0 => Ok(()),
        code => Err(format!("its health command ended with {code}: {}", String::from_utf8_lossy(&words).trim())),
    }
}
