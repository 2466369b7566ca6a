//! `/lease/…/shell`: a command in a container, with its standard streams in frames.

use super::{
    Shared, State,
    answers::{LeasePath, parts},
    query,
    streams::{End, FAULT, PING, POLICY, Pulse, upgrade},
};
use crate::{leasing::DeskError, operator::ApiError};
use axum::{
    extract::{
        RawQuery, WebSocketUpgrade,
        ws::{Message, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::HeaderMap,
    response::Response,
};
use bytes::Bytes;
use depin_client::lease::{Claims, FRAME_BYTES_MAX, Frame, Scope, ShellQuery, ShellResult};
use depin_sandbox::{Exec, ExecControl, ExecOptions, Output};
use depin_services::leasing::BidId;
use futures::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use std::{
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    time::{MissedTickBehavior, interval, timeout},
};

/// How long the exit code of a command that wrote all is waited for.
const CODE_WAIT: Duration = Duration::from_secs(10);
/// Longest piece of output in one frame.
const PIECE: usize = FRAME_BYTES_MAX / 2;

pub(super) async fn serve(
    shared: State,
    path: LeasePath,
    RawQuery(text): RawQuery,
    headers: HeaderMap,
    asked: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let entry = shared.to_lease(&headers, parts(&path), Some(Scope::Shell)).await?;
    let query = query::shell(text.as_deref())?;
    entry.check_service(&query.service)?;
    let asked = upgrade(asked)?;
    let seat = shared.streams.enter(entry.lease)?;
    let shared = shared.0.clone();
    Ok(asked.on_upgrade(move |socket| async move {
        let _seat = seat;
        run(&shared, &entry.claims, entry.lease, query, socket).await;
    }))
}

async fn run(shared: &Shared, claims: &Claims, lease: BidId, query: ShellQuery, mut socket: WebSocket) {
    let ShellQuery { service, replica, command, tty, stdin } = query;
    let options = ExecOptions { command, tty, stdin };
    let exec = match shared.door.desk.exec(lease, &service, replica, options).await {
        Ok(exec) => exec,
        Err(why) => {
            // What the tenant can do nothing about is a failure without words, as upstream has it; the rest is told.
            let frame = match why {
                DeskError::Unavailable(_) => Frame::Failure,
                told => Frame::Result(ShellResult { exit_code: 0, message: told.to_string() }),
            };
            let _ = socket.send(Message::Binary(frame.encode())).await;
            let _ = socket.send(End::USUAL.frame()).await;
            return;
        }
    };
    let Exec { output, input, control } = exec;
    let (mut sink, frames) = socket.split();
    let pulse = Mutex::new(Pulse::new());
    let end = tokio::select! {
        end = tell(shared, claims, output, control.as_ref(), &mut sink, &pulse) => end,
        end = feed(frames, input, control.as_ref(), stdin, &pulse) => end,
    };
    if let Some(end) = end {
        let _ = sink.send(end.frame()).await;
    }
}

fn lock(pulse: &Mutex<Pulse>) -> MutexGuard<'_, Pulse> {
    pulse.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends what the command writes, and how it ends. None when nobody listens.
async fn tell(
    shared: &Shared,
    claims: &Claims,
    mut output: depin_sandbox::OutputStream,
    control: &dyn ExecControl,
    sink: &mut SplitSink<WebSocket, Message>,
    pulse: &Mutex<Pulse>,
) -> Option<End> {
    let mut ticks = interval(PING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        tokio::select! {
            piece = output.next() => match piece {
                Some(Ok(piece)) => {
                    for frame in frames_of(piece) {
                        sink.send(Message::Binary(frame.encode())).await.ok()?;
                    }
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "a command's output broke off");
                    sink.send(Message::Binary(Frame::Failure.encode())).await.ok()?;
                    return Some(End::new(FAULT, "the runtime ended it"));
                }
                None => break,
            },
            _ = ticks.tick() => {
                if lock(pulse).is_silent() {
                    return None;
                }
                let looks = lock(pulse).ping();
                if looks && let Some(end) = shared.revoked(claims).await {
                    return Some(end);
                }
                sink.send(Message::Ping(Bytes::new())).await.ok()?;
            }
        }
    }
    let frame = match timeout(CODE_WAIT, control.exit_code()).await {
        Ok(Ok(exit_code)) => Frame::Result(ShellResult { exit_code, message: String::new() }),
        Ok(Err(_)) | Err(_) => Frame::Failure,
    };
    sink.send(Message::Binary(frame.encode())).await.ok()?;
    Some(End::USUAL)
}

/// Frames of what was written, none longer than a frame may be.
fn frames_of(piece: Output) -> Vec<Frame> {
    let (mut bytes, frame): (Bytes, fn(Bytes) -> Frame) = match piece {
        Output::Stdout(bytes) => (bytes, Frame::Stdout),
        Output::Stderr(bytes) => (bytes, Frame::Stderr),
    };
    let mut frames = Vec::with_capacity(bytes.len().div_ceil(PIECE));
    while !bytes.is_empty() {
        frames.push(frame(bytes.split_to(bytes.len().min(PIECE))));
    }
    frames
}

/// Gives the command what it is sent, until the other side is gone or sends what is no frame.
async fn feed(
    mut frames: SplitStream<WebSocket>,
    input: Pin<Box<dyn AsyncWrite + Send>>,
    control: &dyn ExecControl,
    stdin: bool,
    pulse: &Mutex<Pulse>,
) -> Option<End> {
    let mut input = Some(input).filter(|_| stdin);
    loop {
        let message = match frames.next().await {
            Some(Ok(message)) => message,
            // Too long, or not spoken well: told, where the other side can still hear it.
            Some(Err(error)) => return Some(End::new(POLICY, &error.to_string())),
            None => return None,
        };
        lock(pulse).heard();
        let frame = match message {
            Message::Close(_) => return None,
            // Upstream passes over texts and empty messages.
            Message::Binary(bytes) if !bytes.is_empty() => Frame::decode(bytes),
            _ => continue,
        };
        match frame {
            Ok(Frame::Stdin(bytes)) if bytes.is_empty() => {
                if let Some(mut input) = input.take() {
                    let _ = input.shutdown().await;
                }
            }
            Ok(Frame::Stdin(bytes)) => {
                let Some(open) = &mut input else { continue };
                if give(open, &bytes, pulse).await.is_err() {
                    // It reads no more; what it writes is still told.
                    input = None;
                }
            }
            Ok(Frame::Resize { rows, columns }) => {
                let _ = control.resize(rows, columns).await;
            }
            Ok(_) => return Some(End::new(POLICY, "only input (104) and sizes (105) are sent to a command")),
            Err(why) => return Some(End::new(POLICY, &why.to_string())),
        }
    }
}

/// Writes all of it. A command that does not read keeps its tenant waiting, who is not silent meanwhile.
async fn give(input: &mut Pin<Box<dyn AsyncWrite + Send>>, bytes: &[u8], pulse: &Mutex<Pulse>) -> std::io::Result<()> {
    let mut writing = std::pin::pin!(async {
        input.write_all(bytes).await?;
        input.flush().await
    });
    loop {
        match timeout(PING, &mut writing).await {
            Ok(done) => return done,
            Err(_) => lock(pulse).heard(),
        }
    }
}
