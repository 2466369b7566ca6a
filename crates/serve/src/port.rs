//! A port: accepts, counts, looks after its connections, and stops within a bound.

use crate::{
    body::Body,
    connection,
    files::Share,
    guard::{BoxError, Seat},
    handshakes::Handshakes,
    limits::Limits,
    listener::Listener,
    meters::{Meters, Opened},
    peer::Peer,
    places::{Full, Place, Places, Yields},
    refusal::Refuse,
    tls::Tls,
};
use bytes::Bytes;
use hyper::{Request, Response};
use std::{net::IpAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use tower::Service;

/// How often all connections are looked at.
const SWEEP: Duration = Duration::from_millis(500);
/// How often whoever waits for a place looks.
const LOOK: Duration = Duration::from_millis(50);
/// Connections that may still be ending while others have their places already.
const ENDING: usize = 32;
/// Pause after a failure of the system to accept.
const PAUSE: Duration = Duration::from_millis(50);

/// Settings and counters of a port.
#[derive(Debug)]
pub struct Port {
    pub(crate) name: &'static str,
    pub(crate) limits: Arc<Limits>,
    pub(crate) refuse: Refuse,
    pub(crate) meters: Meters,
    pub(crate) requests: Semaphore,
    pub(crate) bodies: Places,
    pub(crate) answers: Places,
    pub(crate) handshakes: Handshakes,
    connections: Places,
    reserved: Places,
    share: Share,
    ended: Notify,
}

impl Port {
    /// A port under the name that its counters have. `refuse` writes what the port itself has to say.
    pub fn new(name: &'static str, limits: Limits, refuse: Refuse) -> Arc<Self> {
        Arc::new(Self {
            name,
            refuse,
            meters: Meters::new(name),
            requests: Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS)),
            bodies: Places::new(limits.bodies_bytes, Yields::Slowest),
            answers: Places::new(limits.answers_bytes, Yields::Slowest),
            handshakes: Handshakes::default(),
            connections: Places::new(limits.connections, Yields::Slowest),
            reserved: Places::new(limits.reserved, Yields::Slowest),
            share: Share::take(limits.connections, limits.files_each),
            ended: Notify::new(),
            limits: Arc::new(limits),
        })
    }

    /// Its counters, to be put on a page.
    pub const fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Connections that it takes now.
    fn max(&self) -> usize {
        self.share.connections()
    }

    fn take_place(&self, peer: &Peer) -> Result<Place, Full> {
        let (place, ended) = self.connections.enter_within(self.max(), Some(peer), 1)?;
        self.meters.evicted(ended);
        Ok(place)
    }

    /// A place for a connection beyond the bound.
    pub(crate) async fn wait_for_place(&self, peer: &Peer) -> Result<Place, Full> {
        let begun = Instant::now();
        loop {
            match self.take_place(peer) {
                Err(Full) if begun.elapsed() < self.limits.place_time => sleep(LOOK).await,
                taken => return taken,
            }
        }
    }

    /// A place for a new connection, or the reason why there is none.
    pub(crate) fn seat(&self, peer: &Peer) -> Result<Seat, &'static str> {
        if let Some(address) = peer.counted_by()
            && self.count(address) >= self.limits.per_address
        {
            return Err("address");
        }
        if let Ok(place) = self.take_place(peer) {
            return Ok(Seat { _place: place, reserved: false });
        }
        let (place, ended) = self.reserved.enter_within(self.limits.reserved, Some(peer), 1).map_err(|Full| "connections")?;
        self.meters.evicted(ended);
        Ok(Seat { _place: place, reserved: true })
    }

    fn count(&self, address: IpAddr) -> usize {
        let peers = self.connections.peers().into_iter().chain(self.reserved.peers());
        peers.filter(|peer| peer.counted_by() == Some(address)).count()
    }

    /// The next connection; waits while too many are open. May be dropped unfinished.
    async fn accept(&self, listener: &TcpListener) -> TcpStream {
        loop {
            let ended = self.ended.notified();
            if self.meters.connections() >= self.max() + self.limits.reserved + ENDING {
                ended.await;
                continue;
            }
            match listener.accept().await {
                Ok((stream, _)) => return stream,
                Err(error) => {
                    // Out of file descriptors, mostly: it passes.
                    tracing::warn!(port = self.name, %error, "a connection could not be accepted");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Ends what is overdue.
    fn sweep(&self) {
        let now = Instant::now();
        for peer in self.connections.peers().into_iter().chain(self.reserved.peers()) {
            if let Some(cause) = peer.overdue(now)
                && peer.end(cause)
            {
                tracing::debug!(port = self.name, address = %peer.address(), ?cause, "a connection was ended");
                self.meters.ended(cause);
            }
        }
    }

    /// Takes a new connection in, or drops it.
    fn admit(&self, stream: TcpStream) -> Option<(TcpStream, Peer, Seat)> {
        let peer = Peer::new(stream.peer_addr().ok()?, Arc::clone(&self.limits));
        match self.seat(&peer) {
            Ok(seat) => Some((stream, peer, seat)),
            Err(why) => {
                self.meters.refused(why);
                tracing::debug!(port = self.name, address = %peer.address(), why, "a connection was refused");
                None
            }
        }
    }
}

/// Serves until `stop` resolves and requests under way are answered, for at most
/// [`Limits::stop_time`](crate::Limits::stop_time). Dropped before, it cuts everything off. HTTP/1 only.
pub async fn serve<S, B>(listener: impl Into<Listener>, service: S, port: Arc<Port>, stop: impl Future<Output = ()>)
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let Listener { socket, tls } = listener.into();
    let (stopped, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut sweep = interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            biased;
            () = &mut stop => break,
            _ = sweep.tick() => {
                port.sweep();
                tls.iter().for_each(Tls::look);
                continue;
            }
            Some(_) = connections.join_next() => continue,
            stream = port.accept(&socket) => stream,
        };
        let Some((stream, peer, seat)) = port.admit(stream) else { continue };
        let open = Open { _counted: port.meters.opened(), _told: Told(Arc::clone(&port)) };
        let serving = connection::run(stream, tls.clone(), peer, seat, service.clone(), Arc::clone(&port), stopping.clone());
        connections.spawn(async move {
            serving.await;
            drop(open);
        });
    }
    drop(socket);
    stopped.send_replace(true);
    let rest = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(port.limits.stop_time, rest).await.is_err() {
        tracing::warn!(port = port.name, "requests under way were cut off");
        connections.shutdown().await;
    }
}

/// A connection that is open. Its end is counted before it is told to whoever waits for one.
struct Open {
    _counted: Opened,
    _told: Told,
}

/// Tells the port of an end when it is dropped.
struct Told(Arc<Port>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::json;

    fn port(limits: Limits) -> Arc<Port> {
        Port::new("test", limits, json)
    }

    fn peer(port: &Port, address: &str) -> Peer {
        Peer::new(address.parse().unwrap(), Arc::clone(&port.limits))
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_has_a_bound_and_loopback_has_none() {
        let port = port(Limits { connections: 20, per_address: 2, ..Limits::default() });
        let mut seats = Vec::new();
        for address in ["203.0.113.5:1", "203.0.113.5:2", "203.0.113.6:1"] {
            seats.push(port.seat(&peer(&port, address)));
        }
        assert!(seats.iter().all(Result::is_ok));
        assert_eq!(port.seat(&peer(&port, "203.0.113.5:3")).map(drop), Err("address"));
        assert!((1..5).map(|n| port.seat(&peer(&port, &format!("127.0.0.2:{n}")))).all(|seat| seat.is_ok()));
        seats.remove(0).map(drop).unwrap();
        assert!(port.seat(&peer(&port, "203.0.113.5:3")).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_the_bound_a_few_may_wait_and_no_more() {
        let port = port(Limits { connections: 1, reserved: 1, ..Limits::default() });
        let (working, waiting, third) = (peer(&port, "127.0.0.1:1"), peer(&port, "127.0.0.1:2"), peer(&port, "127.0.0.1:3"));
        let busy = (working.begin(), waiting.begin());
        let seat = port.seat(&working).unwrap();
        let reserved = port.seat(&waiting).unwrap();
        assert!(!seat.reserved && reserved.reserved);
        assert_eq!(port.seat(&third).map(drop), Err("connections"));
        assert_eq!(port.wait_for_place(&waiting).await.map(drop), Err(Full));
        drop(seat);
        assert_eq!(port.wait_for_place(&waiting).await.map(drop), Ok(()));
        drop(busy);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_overdue_is_ended_and_counted() {
        let port = port(Limits::default());
        let silent = peer(&port, "127.0.0.1:1");
        let _seat = port.seat(&silent).unwrap();
        port.sweep();
        tokio::time::advance(port.limits.head_time + SWEEP).await;
        port.sweep();
        silent.ended().await;
        let mut registry = prometheus_client::registry::Registry::default();
        port.meters.register(&mut registry);
        let mut page = String::new();
        prometheus_client::encoding::text::encode(&mut page, &registry).unwrap();
        assert!(page.contains("http_timed_out_total{port=\"test\",what=\"head\"} 1"), "{page}");
        assert!(page.contains("http_connections{port=\"test\"} 0"), "{page}");
    }
}
