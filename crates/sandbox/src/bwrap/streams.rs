//! What sandboxes write, and commands beside them.

use crate::{
    error::RuntimeError,
    names::InstanceId,
    runtime::{Exec, ExecControl, LogOptions, Output, OutputStream},
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    pin::Pin,
    process::Stdio,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite},
    process::{ChildStdin, Command},
    sync::watch,
};

const PIECE_BYTES: usize = 1 << 16;
/// How far back lines are looked for.
const TAIL_BYTES_MAX: u64 = 8 << 20;

/// The last bytes of a file, as text.
pub(super) fn tail(path: &Path, bytes: u64) -> String {
    let read = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
        let mut text = Vec::new();
        file.take(bytes).read_to_end(&mut text)?;
        Ok::<_, std::io::Error>(text)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

/// Where the last `lines` lines begin.
fn begin_of(file: &mut File, lines: u32) -> std::io::Result<u64> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(TAIL_BYTES_MAX);
    file.seek(SeekFrom::Start(from))?;
    let mut text = Vec::new();
    (&mut *file).take(TAIL_BYTES_MAX).read_to_end(&mut text)?;
    let ends = text.iter().enumerate().rev().filter(|(at, byte)| **byte == b'\n' && at + 1 < text.len());
    let begin = ends.map(|(at, _)| at + 1).nth(lines.saturating_sub(1) as usize).unwrap_or(0);
    Ok(if lines == 0 { length } else { from + begin as u64 })
}

/// The log of a sandbox, in which both of its outputs are; following ends when the sandbox did.
pub(super) fn logs(place: PathBuf, options: LogOptions) -> Result<OutputStream, RuntimeError> {
    let failed = |error: std::io::Error| RuntimeError::failed("reading logs", error);
    let mut file = File::open(place.join("log")).map_err(failed)?;
    let begin = options.tail.map_or(Ok(0), |lines| begin_of(&mut file, lines)).map_err(failed)?;
    file.seek(SeekFrom::Start(begin)).map_err(failed)?;
    let follow = options.follow;
    let pieces = stream::try_unfold((tokio::fs::File::from_std(file), place), move |(mut file, place)| async move {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            // Before reading: what it wrote until its end is then read as well.
            let is_over = place.join("exit").exists() || !place.exists();
            let read = file.read(&mut piece).await.map_err(failed)?;
            if read > 0 {
                piece.truncate(read);
                return Ok::<_, RuntimeError>(Some((Output::Stdout(Bytes::from(piece)), (file, place))));
            }
            if !follow || is_over {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    Ok(pieces.boxed())
}

struct Control {
    code: watch::Receiver<Option<i64>>,
}

#[async_trait]
impl ExecControl for Control {
    async fn resize(&self, _rows: u16, _columns: u16) -> Result<(), RuntimeError> {
        // It has no terminal, and so no size of one.
        Ok(())
    }

    async fn exit_code(&self) -> Result<i64, RuntimeError> {
        let mut code = self.code.clone();
        let ended = code.wait_for(Option::is_some).await.map(|code| *code);
        ended.ok().flatten().ok_or_else(|| RuntimeError::failed("waiting for a command", "it was lost"))
    }
}

/// The input of a command; shutting it down closes it, which a pipe by itself does only when it is dropped.
struct Input(Option<ChildStdin>);

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the input was closed")
}

impl AsyncWrite for Input {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Some(input) => Pin::new(input).poll_write(context, bytes),
            None => Poll::Ready(Err(closed())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().map_or(Poll::Ready(Ok(())), |input| Pin::new(input).poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0 = None;
        Poll::Ready(Ok(()))
    }
}

/// Starts a command and gives its streams.
pub(super) fn exec(id: &InstanceId, mut command: Command, stdin: bool) -> Result<Exec, RuntimeError> {
    command.stdin(if stdin { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| RuntimeError::failed(format!("running a command in {id}"), error))?;
    let input: Pin<Box<dyn AsyncWrite + Send>> = match child.stdin.take() {
        Some(input) => Box::pin(Input(Some(input))),
        None => Box::pin(tokio::io::sink()),
    };
    let out = child.stdout.take().map(|stream| pieces(stream, Output::Stdout));
    let err = child.stderr.take().map(|stream| pieces(stream, Output::Stderr));
    let output = stream::select(stream::iter(out).flatten(), stream::iter(err).flatten()).boxed();
    let (told, code) = watch::channel(None);
    tokio::spawn(async move {
        let ended = child.wait().await;
        let code = ended.ok().and_then(|status| {
            let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
            status.code().or(signal)
        });
        told.send_replace(Some(code.map_or(255, i64::from)));
    });
    Ok(Exec { output, input, control: Box::new(Control { code }) })
}

fn pieces(stream: impl AsyncRead + Send + Unpin + 'static, kind: fn(Bytes) -> Output) -> OutputStream {
    let pieces = stream::try_unfold(stream, move |mut stream| async move {
        let mut piece = vec![0; PIECE_BYTES];
        let read = stream.read(&mut piece).await.map_err(|error| RuntimeError::failed("reading output", error))?;
        piece.truncate(read);
        Ok::<_, RuntimeError>((read > 0).then(|| (kind(Bytes::from(piece)), stream)))
    });
    pieces.boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn the_last_lines_begin_where_they_begin() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"one\ntwo\nthree\n").unwrap();
        let begins: Vec<u64> = [0, 1, 2, 3, 9].map(|lines| begin_of(&mut file, lines).unwrap()).into();
        assert_eq!(begins, [14, 8, 4, 0, 0]);
    }
}
