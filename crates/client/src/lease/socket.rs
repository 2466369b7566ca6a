//! Streams over WebSockets: lines of JSON one way, and shells both ways.

use super::{
    frame::{FRAME_BYTES_MAX, Frame},
    gateway::GatewayError,
};
use bytes::Bytes;
use futures::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{CloseFrame, Role, WebSocketConfig},
    },
};

/// Longest message that is read.
const MESSAGE_MAX: usize = 256 << 10;

pub(super) type Socket = WebSocketStream<reqwest::Upgraded>;

/// A nonce that the other side must have read to answer.
pub(super) fn key() -> String {
    generate_key()
}

pub(super) fn accepts(key: &str) -> String {
    derive_accept_key(key.as_bytes())
}

pub(super) async fn open(stream: reqwest::Upgraded) -> Socket {
    let config = WebSocketConfig::default()
        .read_buffer_size(16 << 10)
        .write_buffer_size(16 << 10)
        .max_write_buffer_size(1 << 20)
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await
}

fn broken(error: &tungstenite::Error) -> GatewayError {
    GatewayError::Broken(error.to_string().to_lowercase())
}

/// What the other side said when it ended a stream; none for a usual end.
fn ended(frame: Option<CloseFrame>) -> Option<GatewayError> {
    let frame = frame?;
    let code = u16::from(frame.code);
    if matches!(code, 1000 | 1001 | 1005) {
        return None;
    }
    let why = if frame.reason.is_empty() { format!("code {code}") } else { frame.reason.as_str().to_owned() };
    Some(GatewayError::Ended { why, code })
}

/// A stream of JSON values.
#[derive(Debug)]
pub struct Lines<T> {
    socket: Socket,
    over: bool,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Lines<T> {
    pub(super) const fn new(socket: Socket) -> Self {
        Self { socket, over: false, of: PhantomData }
    }

    /// The next one; none when there are no more. May be dropped unfinished.
    ///
    /// # Errors
    /// [`GatewayError`] when the stream broke off, or the provider ended it for a reason.
    pub async fn next(&mut self) -> Result<Option<T>, GatewayError> {
        while !self.over {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let line = serde_json::from_str(&text);
                    return line
                        .map(Some)
                        .map_err(|error| GatewayError::Answer { what: "the stream".into(), reason: error.to_string() });
                }
                Some(Ok(Message::Close(frame))) => {
                    self.over = true;
                    return ended(frame).map_or(Ok(None), Err);
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    self.over = true;
                    return Err(broken(&error));
                }
                None => self.over = true,
            }
        }
        Ok(None)
    }
}

/// A command that runs in a container.
#[derive(Debug)]
pub struct Shell {
    /// What it reads.
    pub input: ShellInput,
    /// What it writes, and how it ends.
    pub output: ShellOutput,
}

/// What a command reads.
#[derive(Debug)]
pub struct ShellInput(SplitSink<Socket, Message>);

/// What a command writes.
#[derive(Debug)]
pub struct ShellOutput(SplitStream<Socket>);

impl Shell {
    pub(super) fn new(socket: Socket) -> Self {
        let (input, output) = socket.split();
        Self { input: ShellInput(input), output: ShellOutput(output) }
    }
}

impl ShellInput {
    /// Sends bytes to its standard input, in as many frames as they need.
    ///
    /// # Errors
    /// [`GatewayError::Broken`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), GatewayError> {
        for part in bytes.chunks(FRAME_BYTES_MAX / 2) {
            self.send(&Frame::Stdin(Bytes::copy_from_slice(part))).await?;
        }
        Ok(())
    }

    /// Its standard input has an end.
    ///
    /// # Errors
    /// [`GatewayError::Broken`].
    pub async fn finish(&mut self) -> Result<(), GatewayError> {
        self.send(&Frame::Stdin(Bytes::new())).await
    }

    /// Tells it the size of its terminal.
    ///
    /// # Errors
    /// [`GatewayError::Broken`].
    pub async fn resize(&mut self, rows: u16, columns: u16) -> Result<(), GatewayError> {
        self.send(&Frame::Resize { rows, columns }).await
    }

    async fn send(&mut self, frame: &Frame) -> Result<(), GatewayError> {
        self.0.send(Message::Binary(frame.encode())).await.map_err(|error| broken(&error))
    }
}

impl ShellOutput {
    /// The next frame; none when there are no more. May be dropped unfinished.
    ///
    /// # Errors
    /// [`GatewayError`] when the stream broke off, or the provider ended it for a reason.
    pub async fn next(&mut self) -> Result<Option<Frame>, GatewayError> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Binary(bytes))) => {
                    let frame = Frame::decode(bytes);
                    return frame
                        .map(Some)
                        .map_err(|error| GatewayError::Answer { what: "the shell".into(), reason: error.to_string() });
                }
                Some(Ok(Message::Close(frame))) => return ended(frame).map_or(Ok(None), Err),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(broken(&error)),
                None => return Ok(None),
            }
        }
    }
}
