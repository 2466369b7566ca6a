//! Following the history over a connection that may break.

use crate::{
    api::{EventQuery, EventRecord},
    client::event_query,
    error::ClientError,
    http::{Backoff, Transport},
    sse::SseParser,
};
use futures::{Stream, StreamExt as _, stream::BoxStream};
use reqwest::{Method, header};
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// No event has more bytes.
const EVENT_MAX: usize = 4 << 20;
const PATH: &str = "/v1/events/stream";
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Events in order of position, each once.
///
/// The stream never ends by itself: when the connection breaks or falls silent it is opened anew behind the last event seen,
/// with growing pauses. It yields an error only when the node refuses for good, and ends after it. What is lost when it is
/// dropped is nothing: [`EventStream::next_position`] tells where to go on.
pub struct EventStream {
    stream: BoxStream<'static, Result<EventRecord, ClientError>>,
    next: Option<u64>,
}

impl EventStream {
    pub(crate) fn new(transport: Arc<Transport>, query: EventQuery) -> Self {
        let next = query.from;
        let follower = Follower {
            pause: Backoff::new(transport.config().retry_pause, PAUSE_MAX),
            transport,
            query,
            connection: None,
            ready: VecDeque::new(),
            over: false,
        };
        let stream = futures::stream::unfold(follower, |mut follower| async move {
            let item = follower.next().await?;
            Some((item, follower))
        });
        Self { stream: stream.boxed(), next }
    }

    /// The position after the last event given; what it began with before the first.
    pub const fn next_position(&self) -> Option<u64> {
        self.next
    }
}

impl Stream for EventStream {
    type Item = Result<EventRecord, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = self.stream.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(event))) = &item {
            self.next = Some(event.position.saturating_add(1));
        }
        item
    }
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream").field("next", &self.next).finish_non_exhaustive()
    }
}

struct Connection {
    body: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    parser: SseParser,
}

struct Follower {
    transport: Arc<Transport>,
    query: EventQuery,
    connection: Option<Connection>,
    ready: VecDeque<EventRecord>,
    pause: Backoff,
    over: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Result<EventRecord, ClientError>> {
        while !self.over {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if let Err(error) = self.advance().await {
                self.connection = None;
                if !error.is_passing() {
                    self.over = true;
                    return Some(Err(error));
                }
                tracing::debug!(%error, next = self.query.from, "event stream broke, opening it anew");
                self.pause.wait().await;
            }
        }
        None
    }

    /// Opens a connection, or reads its next bytes.
    async fn advance(&mut self) -> Result<(), ClientError> {
        let silence = self.transport.config().stream_silence;
        let Some(connection) = &mut self.connection else {
            self.connection = Some(open(Arc::clone(&self.transport), self.query.clone()).await?);
            return Ok(());
        };
        let broken = |reason: &str| {
            let url = self.transport.base().to_owned();
            ClientError::Unreachable { url, reason: reason.to_owned(), connected: true }
        };
        let chunk = match tokio::time::timeout(silence, connection.body.next()).await {
            Err(_) => return Err(broken("the event stream fell silent")),
            Ok(None) => return Err(broken("the event stream ended")),
            Ok(Some(chunk)) => chunk.map_err(|e| self.transport.failed(&e, PATH))?,
        };
        let messages = connection.parser.push(&chunk).map_err(|e| self.transport.unreadable(PATH, &e.to_string()))?;
        if let Some(ms) = connection.parser.retry_ms() {
            self.pause = Backoff::new(Duration::from_millis(ms).min(PAUSE_MAX), PAUSE_MAX);
        }
        for message in messages {
            let event: EventRecord =
                serde_json::from_str(&message.data).map_err(|e| self.transport.unreadable(PATH, &e.to_string()))?;
            // What was seen before the connection broke may come again.
            if self.query.from.is_none_or(|from| event.position >= from) {
                self.query.from = Some(event.position.saturating_add(1));
                self.ready.push_back(event);
            }
            self.pause.reset();
        }
        // Ids without an event, such as with a heartbeat, tell how far the history has been looked through.
        let seen = connection.parser.last_id().and_then(|id| id.parse::<u64>().ok());
        if let Some(next) = seen.map(|seen| seen.saturating_add(1)) {
            self.query.from = Some(self.query.from.map_or(next, |from| from.max(next)));
        }
        Ok(())
    }
}

async fn open(transport: Arc<Transport>, query: EventQuery) -> Result<Connection, ClientError> {
    let mut request = transport
        .request(Method::GET, PATH, &event_query(&query))
        .header(header::ACCEPT, "text/event-stream")
        .header(header::CACHE_CONTROL, "no-cache");
    if let Some(last) = query.from.and_then(|from| from.checked_sub(1)) {
        request = request.header("last-event-id", last.to_string());
    }
    // Only until the answer begins: its body goes on for ever.
    let after = transport.config().request_timeout;
    let response = match tokio::time::timeout(after, request.send()).await {
        Err(_) => return Err(ClientError::Timeout { url: transport.base().to_owned(), what: PATH.to_owned(), after }),
        Ok(response) => response.map_err(|e| transport.failed(&e, PATH))?,
    };
    let response = transport.check(response, PATH).await?;
    Ok(Connection { body: response.bytes_stream().boxed(), parser: SseParser::new(EVENT_MAX) })
}
