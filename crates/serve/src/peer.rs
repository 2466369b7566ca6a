//! One connection, as the rest of the port sees it: what it is doing, how far it is behind, and how to end it.

use crate::{limits::Limits, pace::Pace, upgrade::Cut};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// A stream of events younger than this is not ended for another.
const STREAM_TIME: Duration = Duration::from_secs(1);
/// An idle connection younger than this is about to send, or to be sent the rest of an answer.
const FRESH: Duration = Duration::from_millis(50);

/// Put into an answer's extensions by handlers whose body never ends by itself: its reader is held to
/// [`Limits::stream_lag`](crate::Limits::stream_lag) in place of a rate.
#[derive(Clone, Copy, Debug)]
pub struct EventStream;

/// Why a connection is ended by this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Others wanted its place.
    Evicted,
    /// The head took too long.
    Head,
    /// Nothing came for too long.
    Idle,
    /// It reads slower than the least rate.
    SlowReader,
    /// It does not take its events.
    Lagging,
}

/// How willingly a connection's place is given to another: idle ones first, the longest idle before others; then those behind; at
/// last readers of events, the oldest first, since they come back where they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Stream(Duration),
    Behind(Duration),
    Idle(Duration),
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Nothing of the next request is there.
    Idle(Instant),
    /// A part of a head may be there: the connection's beginning, and since when.
    Head(Instant),
    /// A request is under way.
    Busy,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    receiving: Pace,
    sending: Pace,
    /// Since when it is sent events.
    stream: Option<Instant>,
    ending: Option<Ending>,
}

#[derive(Clone, Copy, Debug)]
struct Ending {
    cause: Cause,
    /// Whether no request was under way.
    idle: bool,
}

/// A connection. In the extensions of every request; clones are the same connection.
#[derive(Clone, Debug)]
pub struct Peer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    limits: Arc<Limits>,
    state: Mutex<State>,
    ended: Notify,
    cut: Cut,
}

impl Peer {
    pub(crate) fn new(address: SocketAddr, limits: Arc<Limits>) -> Self {
        let pace = Pace::new(limits.least, limits.crowded);
        let phase = Phase::Head(Instant::now());
        let state = State { phase, receiving: pace, sending: pace, stream: None, ending: None };
        Self(Arc::new(Inner { address, limits, state: Mutex::new(state), ended: Notify::new(), cut: Cut::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it comes from.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// What connections are counted by; none for loopback.
    pub(crate) fn counted_by(&self) -> Option<IpAddr> {
        match self.0.address.ip().to_canonical() {
            ip if ip.is_loopback() => None,
            IpAddr::V6(ip) => Some(IpAddr::V6((ip.to_bits() >> 64 << 64).into())),
            ip => Some(ip),
        }
    }

    /// Bytes came in.
    pub(crate) fn heard(&self) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Idle(_)) {
            state.phase = Phase::Head(Instant::now());
        }
    }

    /// The system takes no more bytes for it.
    pub(crate) fn blocked(&self) {
        self.state().sending.wait(Instant::now());
    }

    /// The system took bytes for it.
    pub(crate) fn sent(&self, bytes: usize) {
        self.state().sending.moved(Instant::now(), bytes);
    }

    /// A body's next bytes are waited for; until when at most.
    pub(crate) fn awaits_body(&self) -> Instant {
        let (now, limits) = (Instant::now(), &self.0.limits);
        let mut state = self.state();
        let since = state.receiving.wait(now);
        let behind_at = now + limits.least.grace.saturating_sub(state.receiving.behind(now));
        behind_at.min(since + limits.body_idle_time)
    }

    /// A body's bytes came, or are not waited for any more.
    pub(crate) fn received(&self, bytes: usize) {
        self.state().receiving.moved(Instant::now(), bytes);
    }

    /// Whether it was silent, rather than slow, when its body was given up.
    pub(crate) fn was_silent(&self) -> bool {
        self.state().receiving.waited(Instant::now()).is_some_and(|waited| waited >= self.0.limits.body_idle_time)
    }

    /// A request's head is there. Busy until what is returned is dropped.
    pub(crate) fn begin(&self) -> Busy {
        let mut state = self.state();
        state.phase = Phase::Busy;
        state.receiving = Pace::new(self.0.limits.least, self.0.limits.crowded);
        Busy(self.clone())
    }

    /// What ends its stream once the stream left the port's hands.
    pub(crate) fn cut(&self) -> &Cut {
        &self.0.cut
    }

    /// Another protocol is spoken on it from here on: a handler has its stream, and it makes room for nobody as long as it takes what is
    /// there for it.
    pub(crate) fn upgrades(&self) {
        self.streams();
        self.0.cut.arm();
    }

    /// From here on it is sent events.
    pub(crate) fn streams(&self) {
        self.state().stream = Some(Instant::now());
    }

    /// Ends the connection, unless it is ended already.
    pub(crate) fn end(&self, cause: Cause) -> bool {
        let mut state = self.state();
        let first = state.ending.is_none();
        if first {
            state.ending = Some(Ending { cause, idle: !matches!(state.phase, Phase::Busy) });
            self.0.ended.notify_one();
        }
        first
    }

    /// Takes its end back, when others took its place because nothing had come from it, and a request of it is under way all the
    /// same: it had come, and was not looked at for want of time.
    pub(crate) fn revive(&self) -> bool {
        let mut state = self.state();
        let unheard = state.ending.is_some_and(|ending| ending.cause == Cause::Evicted && ending.idle);
        let revived = unheard && matches!(state.phase, Phase::Busy);
        if revived {
            state.ending = None;
        }
        revived
    }

    /// Resolves when it is to be ended.
    pub(crate) async fn ended(&self) {
        self.0.ended.notified().await;
    }

    /// Which of its times is over.
    pub(crate) fn overdue(&self, now: Instant) -> Option<Cause> {
        let (state, limits) = (self.state(), &self.0.limits);
        if state.ending.is_some() {
            return None;
        }
        match state.sending.waited(now) {
            Some(blocked) if state.stream.is_some() && blocked > limits.stream_lag => return Some(Cause::Lagging),
            Some(_) if state.stream.is_none() && state.sending.behind(now) > limits.least.grace => {
                return Some(Cause::SlowReader);
            }
            _ => {}
        }
        let over = |since: Instant, limit| now.saturating_duration_since(since) > limit;
        match state.phase {
            Phase::Head(since) if over(since, limits.head_time) => Some(Cause::Head),
            Phase::Idle(since) if over(since, limits.idle_time) => Some(Cause::Idle),
            Phase::Head(_) | Phase::Idle(_) | Phase::Busy => None,
        }
    }

    /// How willingly its place is given to another, if at all.
    pub(crate) fn yields(&self, now: Instant) -> Option<Rank> {
        let state = self.state();
        let waits = |pace: &Pace| pace.waited(now).map_or(Duration::ZERO, |_| pace.behind_crowd(now));
        match state.phase {
            Phase::Idle(since) | Phase::Head(since) if state.sending.waited(now).is_none() => {
                let idle = now.saturating_duration_since(since);
                (idle >= FRESH).then_some(Rank::Idle(idle))
            }
            _ => {
                let behind = waits(&state.sending).max(waits(&state.receiving));
                let streams = state.stream.map(|since| now.saturating_duration_since(since)).filter(|age| *age >= STREAM_TIME);
                let streams = streams.filter(|_| !self.0.cut.is_armed());
                let is_behind = behind >= self.0.limits.crowded.grace;
                is_behind.then_some(Rank::Behind(behind)).or(streams.map(Rank::Stream))
            }
        }
    }

    /// For how long it has not taken what is there for it.
    pub(crate) fn lag(&self, now: Instant) -> Duration {
        self.state().sending.waited(now).unwrap_or_default()
    }
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Busy(Peer);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.phase = Phase::Idle(Instant::now());
        state.stream = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Rate;
    use tokio::time::advance;

    const SECOND: Duration = Duration::from_secs(1);

    fn peer_from(address: &str) -> Peer {
        let limits = Limits {
            head_time: SECOND * 10,
            idle_time: SECOND * 100,
            body_idle_time: SECOND * 8,
            least: Rate { bytes_per_second: 10, grace: SECOND * 20 },
            crowded: Rate { bytes_per_second: 100, grace: SECOND },
            stream_lag: SECOND * 30,
            ..Limits::default()
        };
        Peer::new(address.parse().unwrap(), Arc::new(limits))
    }

    fn peer() -> Peer {
        peer_from("203.0.113.5:1000")
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_its_time_and_bytes_do_not_lengthen_it() {
        let peer = peer();
        for _ in 0..10 {
            assert_eq!(peer.overdue(Instant::now()), None);
            advance(SECOND).await;
            peer.heard();
        }
        advance(SECOND).await;
        assert_eq!(peer.overdue(Instant::now()), Some(Cause::Head));
        peer.blocked();
        assert_eq!(peer.overdue(Instant::now()), Some(Cause::Head), "an answer that it does not take is no excuse");
    }

    #[tokio::test(start_paused = true)]
    async fn a_kept_connection_may_be_idle_longer_but_its_next_head_may_not() {
        let peer = peer();
        drop(peer.begin());
        advance(SECOND * 99).await;
        assert_eq!(peer.overdue(Instant::now()), None);
        peer.heard();
        advance(SECOND * 11).await;
        assert_eq!(peer.overdue(Instant::now()), Some(Cause::Head));
        drop(peer.begin());
        advance(SECOND * 101).await;
        assert_eq!(peer.overdue(Instant::now()), Some(Cause::Idle));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_must_keep_the_least_rate_and_a_reader_of_events_only_take_them() {
        let (reader, listener) = (peer(), peer());
        let _busy = (reader.begin(), listener.begin());
        listener.streams();
        for peer in [&reader, &listener] {
            peer.blocked();
        }
        advance(SECOND * 21).await;
        assert_eq!(reader.overdue(Instant::now()), Some(Cause::SlowReader));
        assert_eq!(listener.overdue(Instant::now()), None);
        listener.sent(1);
        listener.blocked();
        advance(SECOND * 30).await;
        assert_eq!(listener.overdue(Instant::now()), None);
        advance(SECOND).await;
        assert_eq!(listener.overdue(Instant::now()), Some(Cause::Lagging));
        assert!(listener.end(Cause::Lagging));
        assert_eq!(listener.overdue(Instant::now()), None, "once is enough");
        assert!(!listener.end(Cause::Idle));
        listener.ended().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_until_it_is_silent_or_behind_too_long() {
        let peer = peer();
        let _busy = peer.begin();
        let begun = Instant::now();
        assert_eq!(peer.awaits_body(), begun + SECOND * 8);
        for _ in 0..3 {
            advance(SECOND * 6).await;
            peer.received(1);
            peer.awaits_body();
        }
        let left = peer.awaits_body() - Instant::now();
        assert_eq!(left, Duration::from_millis(2_300), "18 s waited, 3 bytes at 10 a second");
    }

    #[tokio::test(start_paused = true)]
    async fn idle_connections_make_room_first_then_those_behind_and_never_those_that_wait_for_us() {
        let (idle, slow, working) = (peer(), peer(), peer());
        let _busy = (slow.begin(), working.begin());
        assert_eq!(idle.yields(Instant::now()), None, "it came just now");
        slow.awaits_body();
        advance(SECOND * 2).await;
        let now = Instant::now();
        assert_eq!(idle.yields(now), Some(Rank::Idle(SECOND * 2)));
        assert_eq!(slow.yields(now), Some(Rank::Behind(SECOND * 2)));
        assert_eq!(working.yields(now), None);
        assert!(idle.yields(now) > slow.yields(now));
        working.streams();
        advance(SECOND).await;
        assert_eq!(working.yields(Instant::now()), Some(Rank::Stream(SECOND)), "it comes back where it was");
        assert!(slow.yields(Instant::now()) > working.yields(Instant::now()));
        let now = Instant::now();
        slow.received(1_000);
        assert_eq!(slow.yields(now), None, "it is not waited for");
    }

    #[tokio::test(start_paused = true)]
    async fn only_who_lost_its_place_for_silence_and_had_spoken_is_let_go_on() {
        let (heard, silent, slow, late) = (peer(), peer(), peer(), peer());
        let _busy = slow.begin();
        for peer in [&heard, &silent, &slow] {
            assert!(peer.end(Cause::Evicted));
        }
        assert!(late.end(Cause::Head));
        let _answered = (heard.begin(), late.begin());
        assert!(heard.revive() && !heard.revive());
        assert!(!silent.revive() && !slow.revive() && !late.revive());
        assert!(heard.end(Cause::Evicted), "it may lose its place again");
        assert!(!heard.revive(), "for being slow, this time");
    }

    #[tokio::test(start_paused = true)]
    async fn who_speaks_another_protocol_makes_room_only_when_it_takes_nothing() {
        let peer = peer();
        let _busy = peer.begin();
        peer.upgrades();
        advance(SECOND * 1_000).await;
        assert_eq!((peer.overdue(Instant::now()), peer.yields(Instant::now())), (None, None));
        peer.blocked();
        advance(SECOND * 2).await;
        assert_eq!(peer.yields(Instant::now()), Some(Rank::Behind(SECOND * 2)));
        advance(SECOND * 29).await;
        assert_eq!(peer.overdue(Instant::now()), Some(Cause::Lagging));
    }

    #[test]
    fn loopback_is_not_counted_and_ipv6_is_by_network() {
        assert_eq!(peer_from("127.0.0.9:1").counted_by(), None);
        assert_eq!(peer_from("[::1]:1").counted_by(), None);
        assert_eq!(peer_from("[::ffff:127.0.0.2]:1").counted_by(), None);
        assert_eq!(peer_from("[2001:db8::5]:1").counted_by(), peer_from("[2001:db8::ffff:6]:2").counted_by());
        assert_ne!(peer_from("203.0.113.5:1").counted_by(), peer_from("203.0.113.6:1").counted_by());
    }
}
