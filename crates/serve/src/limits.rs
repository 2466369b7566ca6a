//! What a port allows.

use std::time::Duration;

/// How fast a peer must be: bytes a second over the time in which it is waited for, and how far it may fall behind that.
///
/// Time in which the peer waits for this side does not count, and being fast is not saved up: whoever was fast for an hour and then
/// sends a byte a second is cut off after the same grace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Bytes a second; not zero.
    pub bytes_per_second: u64,
    /// How far behind it may be.
    pub grace: Duration,
}

/// What a port allows. Every bound is one that strangers meet before they can keep others from being served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, where the process may open enough files.
    pub connections: usize,
    /// Files that a connection may need, its socket included.
    pub files_each: usize,
    /// Connections of one address (of one /64 for IPv6) at once. Loopback has no such bound.
    pub per_address: usize,
    /// TLS handshakes that one address may begin each second, and at once; counted as its connections are.
    pub handshakes_per_second: u32,
    /// The same at once, by one that has begun none lately.
    pub handshakes_at_once: u32,
    /// Connections beyond `connections` that may ask for `open_paths`, or wait a little for a place.
    pub reserved: usize,
    /// How long a request on one of those waits for a place.
    pub place_time: Duration,
    /// How long a request's head may take, from its first byte; for a connection's first one, from its beginning.
    pub head_time: Duration,
    /// How long a connection may be silent between two requests. Longer than clients keep theirs, so that those end them.
    pub idle_time: Duration,
    /// Longest silence in the middle of a body.
    pub body_idle_time: Duration,
    /// What senders of bodies and readers of answers must keep to.
    pub least: Rate,
    /// What they must keep to when others wait for their place.
    pub crowded: Rate,
    /// Bytes of a body that are read before its request counts as one that is worked on; zero where bodies are streamed.
    pub body_ahead_bytes: usize,
    /// Bytes of all such bodies at once.
    pub bodies_bytes: usize,
    /// Bytes of all answers at once that are kept in memory until their readers have taken them.
    pub answers_bytes: usize,
    /// Answers up to this size are not counted, so that they are never refused for what others do not read.
    pub answer_free_bytes: usize,
    /// Requests worked on at once.
    pub requests: usize,
    /// Longest time from the whole request (from its head, where bodies are streamed) to the beginning of the answer.
    pub answer_time: Option<Duration>,
    /// How long a reader of an event stream may take nothing of what is there for it.
    pub stream_lag: Duration,
    /// Largest head, and largest trailers of a body.
    pub head_bytes: usize,
    /// Most that is read from a connection at once, and kept for one beyond what the system keeps.
    pub buffer_bytes: usize,
    /// How long requests under way may go on after a stop.
    pub stop_time: Duration,
    /// Paths that are answered when all else is full.
    pub open_paths: &'static [&'static str],
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            files_each: 1,
            per_address: 128,
            handshakes_per_second: 16,
            handshakes_at_once: 128,
            reserved: 16,
            place_time: Duration::from_secs(5),
            head_time: Duration::from_secs(15),
            idle_time: Duration::from_secs(120),
            body_idle_time: Duration::from_secs(30),
            least: Rate { bytes_per_second: 4 << 10, grace: Duration::from_secs(20) },
            crowded: Rate { bytes_per_second: 64 << 10, grace: Duration::from_secs(1) },
            body_ahead_bytes: 0,
            bodies_bytes: 64 << 20,
            answers_bytes: 128 << 20,
            answer_free_bytes: 64 << 10,
            requests: 1_024,
            answer_time: None,
            stream_lag: Duration::from_secs(30),
            head_bytes: 64 << 10,
            buffer_bytes: 96 << 10,
            stop_time: Duration::from_secs(5),
            open_paths: &["/health", "/metrics"],
        }
    }
}
