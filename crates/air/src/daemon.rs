//! The simulated air as a process: each hotspot's packet forwarder speaks GWMP over UDP.
//!
//! In: a world, and per hotspot the address of whoever serves its forwarder. Out: datagrams, as from so many real forwarders: PULL_DATA to keep the way
//! open, PUSH_DATA for what was heard and for the status; PULL_RESP is emitted at its time and answered by TX_ACK. Time is the wall clock.
//!
//! A server that is away is no failure: forwarders do not repeat what nobody acknowledged, and count it.

use crate::{Report, World, WorldConfig, WorldError};
use depin_lorawan::{
    Eui, Micros,
    gwmp::{DATAGRAM_BYTES_MAX, Datagram, GatewayStatus, decode, encode},
};
use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    net::UdpSocket,
    sync::{Notify, watch},
    task::JoinSet,
};

/// The longest time without a look at the world.
const LOOK: Duration = Duration::from_millis(100);

/// What the process is told.
#[derive(Clone, Debug)]
pub struct DaemonConfig {
    /// Devices and hotspots.
    pub world: WorldConfig,
    /// Who serves each hotspot's forwarder; hotspots that are not named here use [`DaemonConfig::server`].
    pub servers: BTreeMap<Eui, SocketAddr>,
    /// Who serves all others.
    pub server: SocketAddr,
    /// Between two signs of life.
    pub keepalive: Duration,
    /// Between two statuses.
    pub status: Duration,
}

impl DaemonConfig {
    /// All hotspots at one server, with a forwarder's usual times.
    pub const fn new(world: WorldConfig, server: SocketAddr) -> Self {
        let (keepalive, status) = (Duration::from_secs(10), Duration::from_secs(30));
        Self { world, servers: BTreeMap::new(), server, keepalive, status }
    }
}

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// There is no such world.
    #[error(transparent)]
    World(#[from] WorldError),
    /// A forwarder has no socket.
    #[error("the forwarder of {gateway} has no socket to {server}: {source}")]
    Socket {
        /// Whose.
        gateway: Eui,
        /// To whom.
        server: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A pause that is none.
    #[error("forwarders need pauses of at least a millisecond between signs of life and statuses")]
    Pause,
}

/// What one forwarder counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Packets sent to the server.
    pub forwarded: u64,
    /// Datagrams sent: packets, status, signs of life.
    pub sent: u64,
    /// Of these, acknowledged.
    pub acknowledged: u64,
    /// Packets to emit that came.
    pub downlinks: u64,
    /// Of these, taken.
    pub taken: u64,
    /// Datagrams that said nothing.
    pub malformed: u64,
}

struct Forwarder {
    gateway: Eui,
    socket: UdpSocket,
    figures: Mutex<Figures>,
    token: Mutex<u16>,
}

impl Forwarder {
    fn figures(&self) -> MutexGuard<'_, Figures> {
        // Counts are whole wherever a holder could stop.
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token(&self) -> u16 {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        *token = token.wrapping_add(1);
        *token
    }

    async fn send(&self, datagram: &Datagram) {
        self.figures().sent += 1;
        // A server that is away is told by its silence.
        if let Err(error) = self.socket.send(&encode(datagram)).await {
            tracing::debug!(gateway = %self.gateway, %error, "nobody takes a datagram");
        }
    }

    async fn push(&self, report: Report) {
        self.figures().forwarded += 1;
        let (token, gateway) = (self.token(), self.gateway);
        self.send(&Datagram::PushData { token, gateway, packets: vec![report.packet], refused: vec![], status: None }).await;
    }
}

struct Shared {
    world: Mutex<World>,
    forwarders: BTreeMap<Eui, Arc<Forwarder>>,
    /// Told when something was planned that may come sooner than what is waited for.
    planned: Notify,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        // A world that a defect stopped half-way goes on with what it has: it is a simulation of weather, not of money.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running process. Dropped, it stops.
pub struct Handle {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// The wall clock.
fn wall() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros::new(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// Starts all forwarders, devices and the air between them.
///
/// # Errors
/// [`DaemonError`]; nothing runs then.
pub async fn start(config: DaemonConfig) -> Result<Handle, DaemonError> {
    let least = Duration::from_millis(1);
    if config.keepalive < least || config.status < least {
        return Err(DaemonError::Pause);
    }
    let world = World::new(config.world, wall())?;
    let mut forwarders = BTreeMap::new();
    for gateway in world.hotspots().map(|hotspot| hotspot.gateway) {
        let server = config.servers.get(&gateway).copied().unwrap_or(config.server);
        let local = match server {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let error = |source| DaemonError::Socket { gateway, server, source };
        let socket = UdpSocket::bind(local).await.map_err(error)?;
        socket.connect(server).await.map_err(error)?;
        let forwarder = Forwarder { gateway, socket, figures: Mutex::default(), token: Mutex::default() };
        forwarders.insert(gateway, Arc::new(forwarder));
    }
    let shared = Arc::new(Shared { world: Mutex::new(world), forwarders, planned: Notify::new() });
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(until(stopping.clone(), run(Arc::clone(&shared))));
    for forwarder in shared.forwarders.values() {
        tasks.spawn(until(stopping.clone(), serve(Arc::clone(&shared), Arc::clone(forwarder))));
        tasks.spawn(until(stopping.clone(), keep_alive(Arc::clone(forwarder), config.keepalive)));
        tasks.spawn(until(stopping.clone(), tell_status(Arc::clone(&shared), Arc::clone(forwarder), config.status)));
    }
    tracing::info!(hotspots = shared.forwarders.len(), server = %config.server, "the simulated air runs");
    Ok(Handle { shared, stop, tasks })
}

async fn until(mut stopping: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

/// Lets the world's time pass.
async fn run(shared: Arc<Shared>) {
    loop {
        let (reports, next) = {
            let mut world = shared.world();
            (world.step(wall()), world.next())
        };
        for report in reports {
            if let Some(forwarder) = shared.forwarders.get(&report.gateway) {
                forwarder.push(report).await;
            }
        }
        let ahead = next.map_or(LOOK, |next| Duration::from_micros(next.since(wall()).get()));
        let _ = tokio::time::timeout(ahead.min(LOOK), shared.planned.notified()).await;
    }
}

/// Takes what the server sends to one forwarder.
async fn serve(shared: Arc<Shared>, forwarder: Arc<Forwarder>) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let length = match forwarder.socket.recv(&mut buffer).await {
            Ok(length) => length,
            Err(error) => {
                // As when nobody listens there: the system tells it once for each datagram.
                tracing::debug!(gateway = %forwarder.gateway, %error, "nobody is there");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        match decode(&buffer[..length]) {
            Ok(Datagram::PushAck { .. } | Datagram::PullAck { .. }) => forwarder.figures().acknowledged += 1,
            Ok(Datagram::PullResp { token, packet }) => {
                let report = shared.world().emit(wall(), forwarder.gateway, packet);
                shared.planned.notify_one();
                let Some(report) = report else { continue };
                {
                    let mut figures = forwarder.figures();
                    figures.downlinks += 1;
                    figures.taken += u64::from(matches!(report, depin_lorawan::gwmp::TxReport::Accepted { .. }));
                }
                forwarder.send(&Datagram::TxAck { token, gateway: forwarder.gateway, report }).await;
            }
            Ok(_) | Err(_) => forwarder.figures().malformed += 1,
        }
    }
}

async fn keep_alive(forwarder: Arc<Forwarder>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    loop {
        ticks.tick().await;
        let (token, gateway) = (forwarder.token(), forwarder.gateway);
        forwarder.send(&Datagram::PullData { token, gateway }).await;
    }
}

async fn tell_status(shared: Arc<Shared>, forwarder: Arc<Forwarder>, every: Duration) {
    let gateway = forwarder.gateway;
    // What it claims, if it lies about its place.
    let place = shared.world().hotspots().find(|hotspot| hotspot.gateway == gateway).map(|hotspot| {
        let place = hotspot.conduct.claimed().unwrap_or(hotspot.position);
        (place.latitude(), place.longitude(), place.height_m())
    });
    let mut ticks = tokio::time::interval(every);
    loop {
        ticks.tick().await;
        let figures = *forwarder.figures();
        let count = |value: u64| Some(u32::try_from(value).unwrap_or(u32::MAX));
        let percent = if figures.sent == 0 { 0.0 } else { figures.acknowledged as f64 * 100.0 / figures.sent as f64 };
        let status = GatewayStatus {
            time: Some(wall().rfc3339()),
            latitude: place.map(|(latitude, ..)| latitude),
            longitude: place.map(|(_, longitude, _)| longitude),
            altitude_m: place.map(|(.., height)| height as i32),
            received: count(figures.forwarded),
            received_ok: count(figures.forwarded),
            forwarded: count(figures.forwarded),
            acknowledged_percent: Some(percent),
            downlinks: count(figures.downlinks),
            emitted: count(figures.taken),
            temperature: None,
        };
        let token = forwarder.token();
        forwarder.send(&Datagram::PushData { token, gateway, packets: vec![], refused: vec![], status: Some(status) }).await;
    }
}

impl Handle {
    /// What each forwarder counted.
    pub fn figures(&self) -> BTreeMap<Eui, Figures> {
        self.shared.forwarders.iter().map(|(gateway, forwarder)| (*gateway, *forwarder.figures())).collect()
    }

    /// How many devices have joined, and how many downlinks devices heard.
    pub fn joined(&self) -> (usize, u64) {
        self.shared.world().joined()
    }

    /// Stops.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
