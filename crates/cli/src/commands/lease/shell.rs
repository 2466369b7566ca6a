//! `depin lease shell | exec`: a command in a container, with this terminal's streams.

use super::{
    gate::Visitor,
    place::Place,
    terminal::{self, Raw},
};
use crate::{
    args::{GateArgs, LeaseExecArgs, LeaseShellArgs},
    error::{CliError, Result},
};
use depin_client::lease::{Frame, GatewayError, Shell, ShellInput, ShellOutput, ShellQuery, ShellResult};
use std::{
    io::{Write, stderr, stdout},
    process::exit,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

pub(super) async fn shell(args: &LeaseShellArgs, at: &Place<'_>) -> Result<()> {
    let command = if args.command.is_empty() { vec!["sh".to_owned()] } else { args.command.clone() };
    let tty = terminal::is_there();
    let query = ShellQuery { service: args.service.clone(), replica: args.replica, command, tty, stdin: true };
    run(args.dseq, &args.gate, &query, at).await
}

pub(super) async fn exec(args: &LeaseExecArgs, at: &Place<'_>) -> Result<()> {
    let query = ShellQuery {
        service: args.service.clone(),
        replica: args.replica,
        command: args.command.clone(),
        tty: false,
        stdin: args.interactive,
    };
    run(args.dseq, &args.gate, &query, at).await
}

async fn run(dseq: u64, gate: &GateArgs, query: &ShellQuery, at: &Place<'_>) -> Result<()> {
    let visitor = Visitor::of(at, gate).await?;
    let gate = visitor.one(at, dseq, gate).await?;
    let Shell { input, output } = gate.gateway.shell(gate.at(), query).await?;
    let raw = if query.tty { Raw::enter() } else { None };
    let ended = tokio::select! {
        ended = show(output) => ended,
        // What is typed ends before the command does: its output is still to come.
        failed = give(input, query) => Err(failed),
    };
    drop(raw);
    let code = code(ended, query)?;
    if code != 0 {
        // The command's own code, as shells pass it on.
        exit(i32::try_from(code).unwrap_or(1) & 0xff);
    }
    Ok(())
}

/// The exit code, or why there is none.
pub(super) fn code(ended: std::result::Result<Option<ShellResult>, GatewayError>, query: &ShellQuery) -> Result<i64> {
    match ended? {
        Some(ShellResult { exit_code, message }) if message.is_empty() => Ok(exit_code),
        Some(ShellResult { message, .. }) => {
            let command = query.command.join(" ");
            let hint = if query.tty {
                format!("without a terminal: `depin lease exec N {} -i -- {command}`", query.service)
            } else if query.command.first().is_some_and(|program| message.contains(program.as_str())) {
                format!("is `{command}` in the container's image?")
            } else {
                "`depin lease status N` lists services and replicas".to_owned()
            };
            Err(CliError::refused("not-run", message).hint(hint))
        }
        None => Err(CliError::broken("stream-ended", "the provider could not run it, and says no more")
            .hint("its operator finds the reason in its log")),
    }
}

/// Writes what the command writes, until it ends.
async fn show(mut output: ShellOutput) -> std::result::Result<Option<ShellResult>, GatewayError> {
    while let Some(frame) = output.next().await? {
        match frame {
            Frame::Stdout(bytes) => write(&mut stdout().lock(), &bytes),
            Frame::Stderr(bytes) => write(&mut stderr().lock(), &bytes),
            Frame::Result(result) => return Ok(Some(result)),
            Frame::Failure => return Ok(None),
            Frame::Stdin(_) | Frame::Resize { .. } => {}
        }
    }
    Ok(None)
}

/// A reader that went away is no reason to leave the command without its end.
fn write(to: &mut impl Write, bytes: &[u8]) {
    let _ = to.write_all(bytes).and_then(|()| to.flush());
}

/// Sends what is typed, and the terminal's size when it changes. Ends only when it cannot go on.
async fn give(mut input: ShellInput, query: &ShellQuery) -> GatewayError {
    let failed = async {
        let mut typed = query.stdin.then(terminal::input);
        let mut resized = if query.tty { signal(SignalKind::window_change()).ok() } else { None };
        if query.tty
            && let Some((rows, columns)) = terminal::size()
        {
            input.resize(rows, columns).await?;
        }
        loop {
            tokio::select! {
                piece = next(&mut typed) => match piece {
                    Some(piece) => input.write(&piece).await?,
                    None => {
                        typed = None;
                        input.finish().await?;
                    }
                },
                () = changed(&mut resized) => if let Some((rows, columns)) = terminal::size() {
                    input.resize(rows, columns).await?;
                },
            }
        }
    };
    match failed.await {
        Ok(never) => never,
        // Its end is told by the other half, which knows the reason.
        Err(GatewayError::Ended { .. } | GatewayError::Broken(_)) => std::future::pending().await,
        Err(error) => error,
    }
}

async fn next(typed: &mut Option<mpsc::Receiver<Vec<u8>>>) -> Option<Vec<u8>> {
    match typed {
        Some(typed) => typed.recv().await,
        None => std::future::pending().await,
    }
}

async fn changed(resized: &mut Option<tokio::signal::unix::Signal>) {
    if let Some(signal) = resized
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}
