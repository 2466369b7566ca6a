//! Packets on their way to customers.
//!
//! In: packets that the forwarder heard. Out: each to the customers whose it can be, at once; what they acknowledged to the store; what they want
//! emitted to the forwarder. A customer that does not answer has its packets wait in their order, and is tried again with growing pauses; what
//! waits too long is dropped and counted.

use super::{
    counters::{Counters, count},
    forwarder::{Front, Heard},
    routing::NoRoute,
    store::{Store, Waiting},
    table::KnownRoutes,
};
use depin_client::{
    Reach, SigningKey, Trust,
    lorawan::{Acknowledged, Answer, NetworkServer, NetworkServerError, PACKETS_MAX, PacketAnswer, UplinkPacket},
};
use depin_lorawan::{
    DevAddr, Micros,
    frame::{BEACON_BYTES, FrameError, UplinkFrame, payload_hash, read_uplink},
    server::{Attempt, DownlinkPlan, NextTry, Pace, TxOutcome},
};
use depin_quantity::UnitId;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, mpsc};

/// The same packet again within this time is the forwarder's repetition, not the device's.
const REPEATED: Duration = Duration::from_secs(1);
/// Packets that wait for one customer at most.
const WAITING_MOST: usize = 2_000;
/// Requests to one customer at once.
const AT_ONCE: usize = 64;
/// First and longest pause between two tries.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// Frames of one device address that are carried in a minute at most; only those count that a customer acknowledged, so that whoever sends others under
/// an address keeps none of its own frames away. Devices may share an address, so these are twice what a network server takes of one.
const ACKNOWLEDGED_PER_MINUTE: u32 = 120;

/// What carries packets.
pub(super) struct Carrier {
    parts: Parts,
    begun: Instant,
    /// How often what address was acknowledged.
    paces: Mutex<BTreeMap<DevAddr, Pace>>,
    servers: Mutex<BTreeMap<String, Arc<Server>>>,
    trouble: Mutex<BTreeMap<String, String>>,
}

/// One customer's network server.
struct Server {
    address: String,
    calls: NetworkServer,
    /// Its key, once it said it.
    key: Mutex<Option<[u8; 32]>>,
    waiting: Mutex<VecDeque<(Instant, UnitId, UplinkPacket)>>,
    /// Whether somebody works through what waits.
    draining: Mutex<bool>,
    requests: Semaphore,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Plain values: whole at every point where a holder could stop.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a customer did not have packets.
enum Failed {
    /// It may have them later.
    Passing(String),
    /// It will not.
    Refused(String),
}

impl From<NetworkServerError> for Failed {
    fn from(error: NetworkServerError) -> Self {
        if error.is_passing() { Self::Passing(error.to_string()) } else { Self::Refused(error.to_string()) }
    }
}

/// What a carrier is made of.
pub(super) struct Parts {
    pub hotspot: SigningKey,
    pub trust: Trust,
    pub reach: Reach,
    pub hold: Duration,
    /// Antenna gain in whole dBi: what a forwarder adds to the power that it is asked for.
    pub gain_dbi: i8,
    pub front: Arc<Front>,
    pub store: Store,
    pub counters: Arc<Counters>,
    pub table: Arc<KnownRoutes>,
    /// Beacons that were heard.
    pub beacons: mpsc::Sender<Heard>,
}

impl Carrier {
    pub(super) fn new(parts: Parts) -> Self {
        let begun = Instant::now();
        Self { parts, begun, paces: Mutex::default(), servers: Mutex::default(), trouble: Mutex::default() }
    }

    /// What stands in the way, by customer.
    pub(super) fn trouble(&self) -> BTreeMap<String, String> {
        locked(&self.trouble).clone()
    }

    fn note(&self, server: &str, why: String) {
        locked(&self.trouble).insert(server.to_owned(), why);
    }

    /// Takes what is heard, for ever. Until the routes are known it waits, unless it waits for too long.
    pub(super) async fn run(self: Arc<Self>, mut heard: mpsc::Receiver<Heard>) {
        self.parts.table.known().await;
        let mut recent: BTreeMap<[u8; 32], Instant> = BTreeMap::new();
        while let Some(one) = heard.recv().await {
            if one.at.elapsed() > self.parts.hold {
                count(&self.parts.counters.expired);
                continue;
            }
            let hash = payload_hash(&one.packet.payload);
            recent.retain(|_, at| one.at.duration_since(*at) < REPEATED);
            if recent.insert(hash, one.at).is_some() {
                count(&self.parts.counters.repeated);
                continue;
            }
            self.route(one);
        }
    }

    fn route(self: &Arc<Self>, heard: Heard) {
        let frame = match read_uplink(&heard.packet.payload) {
            Ok(frame) => frame,
            Err(FrameError::Proprietary) if heard.packet.payload.len() == BEACON_BYTES => {
                // A full queue is one of beacons that nobody can report in time.
                let _ = self.parts.beacons.try_send(heard);
                return;
            }
            Err(FrameError::Proprietary) => return self.parts.counters.refuse("proprietary"),
            Err(error) => {
                tracing::debug!(%error, "a frame goes nowhere");
                return self.parts.counters.refuse("no-uplink");
            }
        };
        if let UplinkFrame::Data(frame) = &frame
            && !self.may_carry(frame.address)
        {
            return self.parts.counters.refuse("too-often");
        }
        for (route, server) in self.routes(&frame) {
            self.offer(&server, (heard.at, route, heard.packet.clone().into()));
        }
    }

    fn now(&self) -> Micros {
        Micros::new(u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// Whether fewer frames of an address were acknowledged lately than may be.
    fn may_carry(&self, address: DevAddr) -> bool {
        locked(&self.paces).get(&address).is_none_or(|pace| pace.allows(self.now(), ACKNOWLEDGED_PER_MINUTE))
    }

    /// A customer acknowledged a frame.
    fn carried(&self, payload: &[u8]) {
        let Ok(UplinkFrame::Data(frame)) = read_uplink(payload) else { return };
        let (now, mut paces) = (self.now(), locked(&self.paces));
        // Whenever there are twice as many: what is left was acknowledged, and is paid for, in the last minute.
        if paces.len().is_power_of_two() {
            paces.retain(|_, pace| !pace.is_idle(now));
        }
        let pace = paces.entry(frame.address).or_default();
        if pace.take(now, ACKNOWLEDGED_PER_MINUTE) && !pace.allows(now, ACKNOWLEDGED_PER_MINUTE) {
            let (address, most) = (frame.address, ACKNOWLEDGED_PER_MINUTE);
            tracing::warn!(%address, most, "frames of this device address come too often; further ones of this minute are not carried");
        }
    }

    /// The routes that take a frame, with their servers.
    fn routes(&self, frame: &UplinkFrame) -> Vec<(UnitId, String)> {
        let table = self.parts.table.get();
        match table.find(frame) {
            Ok(routes) => {
                routes.into_iter().filter_map(|route| Some((route, table.routes.get(&route)?.server.clone()))).collect()
            }
            Err(why) => {
                self.parts.counters.refuse(&why.to_string());
                if let NoRoute::Credits { oui } = why {
                    // Solved by the next packet that the customer takes.
                    let why = format!(
                        "OUI {oui} has no credits left, so its packets would not be paid and are not carried until it has"
                    );
                    table
                        .routes
                        .values()
                        .filter(|route| route.oui == oui)
                        .for_each(|route| self.note(&route.server, why.clone()));
                }
                Vec::new()
            }
        }
    }

    /// The network server at an address.
    fn server(&self, address: &str) -> Option<Arc<Server>> {
        let mut servers = locked(&self.servers);
        if let Some(known) = servers.get(address) {
            return Some(Arc::clone(known));
        }
        let calls = match NetworkServer::new(&format!("http://{address}"), &self.parts.trust, &self.parts.reach) {
            Ok(calls) => calls,
            Err(error) => {
                self.note(address, error.to_string());
                return None;
            }
        };
        let (key, waiting, draining) = (Mutex::default(), Mutex::default(), Mutex::default());
        let server = Server { address: address.to_owned(), calls, key, waiting, draining, requests: Semaphore::new(AT_ONCE) };
        let server = Arc::new(server);
        servers.insert(address.to_owned(), Arc::clone(&server));
        Some(server)
    }

    /// Hands one packet in: at once where the customer answers, behind what waits where it does not.
    fn offer(self: &Arc<Self>, address: &str, one: (Instant, UnitId, UplinkPacket)) {
        let Some(server) = self.server(address) else { return self.parts.counters.refuse("bad-server") };
        if *locked(&server.draining) {
            self.wait(&server, one);
            // Whoever works through them may have ended meanwhile.
            return self.drain(&server);
        }
        let carrier = Arc::clone(self);
        tokio::spawn(async move {
            let Ok(_permit) = server.requests.acquire().await else { return };
            let (at, route, packet) = one;
            match carrier.hand_in(&server, vec![(route, packet.clone())]).await {
                Ok(()) => carrier.is_there(&server),
                Err(Failed::Passing(why)) => {
                    carrier.note(&server.address, why);
                    carrier.wait(&server, (at, route, packet));
                    carrier.drain(&server);
                }
                Err(Failed::Refused(why)) => {
                    carrier.parts.counters.refuse("refused");
                    carrier.note(&server.address, why);
                }
            }
        });
    }

    fn is_there(&self, server: &Server) {
        locked(&self.trouble).remove(&server.address);
    }

    fn wait(&self, server: &Server, one: (Instant, UnitId, UplinkPacket)) {
        let mut waiting = locked(&server.waiting);
        if waiting.len() >= WAITING_MOST {
            waiting.pop_front();
            count(&self.parts.counters.expired);
        }
        waiting.push_back(one);
    }

    /// Works through what waits, in its order, until nothing does.
    fn drain(self: &Arc<Self>, server: &Arc<Server>) {
        if std::mem::replace(&mut *locked(&server.draining), true) {
            return;
        }
        let (carrier, server) = (Arc::clone(self), Arc::clone(server));
        tokio::spawn(async move {
            let mut pause = PAUSE.0;
            loop {
                let Some(batch) = carrier.next(&server) else { return };
                let packets = batch.iter().map(|(_, route, packet)| (*route, packet.clone())).collect();
                match carrier.hand_in(&server, packets).await {
                    Ok(()) => {
                        pause = PAUSE.0;
                        carrier.is_there(&server);
                    }
                    Err(Failed::Passing(why)) => {
                        carrier.note(&server.address, why);
                        carrier.put_back(&server, batch);
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(PAUSE.1);
                    }
                    Err(Failed::Refused(why)) => {
                        batch.iter().for_each(|_| carrier.parts.counters.refuse("refused"));
                        carrier.note(&server.address, why);
                    }
                }
            }
        });
    }

    /// Puts packets before those that wait, in their order.
    fn put_back(&self, server: &Server, batch: Vec<(Instant, UnitId, UplinkPacket)>) {
        let mut waiting = locked(&server.waiting);
        batch.into_iter().rev().for_each(|one| waiting.push_front(one));
    }

    /// The next packets that wait; none when none do, and then nobody works through them any more.
    fn next(&self, server: &Server) -> Option<Vec<(Instant, UnitId, UplinkPacket)>> {
        let mut waiting = locked(&server.waiting);
        while waiting.front().is_some_and(|(at, ..)| at.elapsed() > self.parts.hold) {
            waiting.pop_front();
            count(&self.parts.counters.expired);
        }
        let many = waiting.len().min(PACKETS_MAX);
        if many == 0 {
            *locked(&server.draining) = false;
            return None;
        }
        Some(waiting.drain(..many).collect())
    }

    /// How many packets wait for customers.
    pub(super) fn waiting(&self) -> u64 {
        locked(&self.servers).values().map(|server| locked(&server.waiting).len() as u64).sum()
    }

    /// The server's key, which must be one of the OUI's.
    async fn key_of(&self, server: &Server, route: UnitId) -> Result<[u8; 32], Failed> {
        let known = *locked(&server.key);
        let key = match known {
            Some(key) => key,
            None => server.calls.info().await?.server_key,
        };
        let listed = {
            let table = self.parts.table.get();
            table.routes.get(&route).is_some_and(|route| route.keys.contains(&key))
        };
        if !listed {
            // It may be told another one next time, and the ledger too.
            *locked(&server.key) = None;
            let why = "its key is none of the OUI's, so nothing that it acknowledges would be paid";
            return Err(Failed::Passing(format!("the network server at {}: {why}", server.address)));
        }
        *locked(&server.key) = Some(key);
        Ok(key)
    }

    /// Hands packets in, and keeps what was acknowledged.
    async fn hand_in(self: &Arc<Self>, server: &Arc<Server>, packets: Vec<(UnitId, UplinkPacket)>) -> Result<(), Failed> {
        let Some((route, _)) = packets.first() else { return Ok(()) };
        let key = self.key_of(server, *route).await?;
        let (routes, packets): (Vec<UnitId>, Vec<UplinkPacket>) = packets.into_iter().unzip();
        let payloads: Vec<Vec<u8>> = packets.iter().map(|packet| packet.payload.clone()).collect();
        let answer = server.calls.hand_in(&self.parts.hotspot, key, packets).await;
        if let Err(NetworkServerError::Refused { code, .. }) = &answer
            && code == "other-server"
        {
            *locked(&server.key) = None;
        }
        let Answer { packets: answers, downlinks } = answer?;
        for plan in downlinks {
            tokio::spawn(Arc::clone(self).emit(Arc::clone(server), key, plan));
        }
        let mut kept = Vec::new();
        for ((route, payload), answer) in routes.into_iter().zip(payloads).zip(answers) {
            match answer {
                PacketAnswer::Acknowledged { report, signature } => {
                    let packet = Acknowledged { report, signature };
                    let own =
                        packet.report.hotspot == self.parts.hotspot.public_key() && packet.report.hash == payload_hash(&payload);
                    if !own || !packet.is_of(&key) {
                        self.parts.counters.refuse("bad-acknowledgement");
                        continue;
                    }
                    count(&self.parts.counters.acknowledged);
                    self.carried(&payload);
                    if !packet.report.join {
                        kept.push(Waiting { route, server: server.address.clone(), packet });
                    }
                }
                PacketAnswer::Rejected(why) => self.parts.counters.refuse(&why.code),
            }
        }
        if !kept.is_empty()
            && let Err(error) = self.parts.store.keep(kept).await
        {
            tracing::error!(%error, "acknowledged packets could not be kept");
            self.parts.counters.refuse("store");
        }
        Ok(())
    }

    /// Has a downlink emitted, the next window when one is missed, and says what became of it.
    async fn emit(self: Arc<Self>, server: Arc<Server>, key: [u8; 32], plan: DownlinkPlan) {
        let id = plan.id;
        let mut attempt = Attempt::new(plan, self.parts.gain_dbi);
        let mut next = attempt.current();
        let outcome = loop {
            match next {
                NextTry::Emit(packet) => next = attempt.report(&self.parts.front.emit(packet).await),
                NextTry::Over(outcome) => break outcome,
            }
        };
        let (window, errors) = match outcome {
            TxOutcome::Emitted { window, .. } => (Some(window), Vec::new()),
            TxOutcome::Failed(errors) => (None, errors.iter().map(ToString::to_string).collect()),
        };
        if let Err(error) = server.calls.outcome(&self.parts.hotspot, key, id, window, errors).await {
            tracing::debug!(%error, id, "a customer was not told what became of a downlink");
        }
    }

    /// Has packets acknowledged in a batch; the key that did, and its signature.
    ///
    /// # Errors
    /// Why not, and whether that may pass.
    pub(super) async fn acknowledge(
        &self,
        address: &str,
        route: UnitId,
        packets: Vec<Acknowledged>,
    ) -> Result<([u8; 32], [u8; 64]), (bool, String)> {
        let server = self.server(address).ok_or_else(|| (false, format!("`{address}` is no network server's address")))?;
        let told = |failed: Failed| match failed {
            Failed::Passing(why) => (true, why),
            Failed::Refused(why) => (false, why),
        };
        let key = self.key_of(&server, route).await.map_err(told)?;
        let answer =
            server.calls.acknowledge(&self.parts.hotspot, key, route, packets).await.map_err(|error| told(error.into()))?;
        let bytes = |text: &str, to: &mut [u8]| hex::decode_to_slice(text, to).is_ok();
        let (mut by, mut signature) = ([0; 32], [0; 64]);
        if bytes(&answer.key, &mut by) && bytes(&answer.signature, &mut signature) {
            Ok((by, signature))
        } else {
            Err((false, format!("the network server at {address} signs batches with what is no signature")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::routing::{RouteEntry, RoutingTable},
        *,
    };
    use depin_lorawan::{
        Bandwidth, DevAddr, Hertz, Key, Modulation, Spreading,
        frame::{Data, Direction, SessionKeys, build_data},
        gwmp::{Crc, RxPacket},
    };
    use depin_quantity::Address;
    use std::net::SocketAddr;

    fn packet(counter: u32) -> RxPacket {
        let keys = SessionKeys { network: Key::new([1; 16]), application: Key::new([7; 16]) };
        let data = Data {
            direction: Direction::Up,
            confirmed: false,
            address: DevAddr::new(0x4800_0001),
            adr: false,
            adr_ack_req: false,
            ack: false,
            pending: false,
            counter,
            options: &[],
            port: Some(1),
            payload: b"x",
        };
        RxPacket {
            timestamp: 0,
            time: None,
            gps_ms: None,
            frequency: Hertz::new(868_100_000),
            channel: 0,
            rf_chain: 0,
            crc: Crc::Ok,
            modulation: Modulation::lora(Spreading::ALL[0], Bandwidth::Khz125),
            coding_rate: None,
            rssi_dbm: -80,
            snr_ddb: None,
            payload: build_data(&data, &keys).unwrap(),
        }
    }

    fn routes(funded: bool) -> RoutingTable {
        let route = UnitId::new([3; 32]);
        // Nobody listens there.
        let server = "127.0.0.1:9".to_owned();
        let entry = RouteEntry { oui: 1, server, keys: vec![[9; 32]], active: true, funded, ignore_empty: false };
        RoutingTable {
            routes: [(route, entry)].into(),
            ranges: [(0x4800_000f, (0x4800_0000, route))].into(),
            ..RoutingTable::default()
        }
    }

    async fn until(what: impl Fn() -> bool) {
        for _ in 0..600 {
            if what() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not happen");
    }

    struct Stand {
        _folder: tempfile::TempDir,
        carrier: Arc<Carrier>,
        counters: Arc<Counters>,
        table: Arc<KnownRoutes>,
    }

    async fn stand(reach: Reach) -> Stand {
        let folder = tempfile::tempdir().unwrap();
        let (counters, table) = (Arc::new(Counters::default()), Arc::new(KnownRoutes::new()));
        let front = Front::bind(SocketAddr::from(([127, 0, 0, 1], 0)), None, Arc::clone(&counters)).await.unwrap();
        let carrier = Arc::new(Carrier::new(Parts {
            hotspot: SigningKey::from_seed(&[1; 32]),
            trust: Trust::default(),
            reach,
            hold: Duration::from_secs(600),
            gain_dbi: 3,
            front: Arc::new(front),
            store: Store::open(folder.path(), Address::new([1; 32])).unwrap(),
            counters: Arc::clone(&counters),
            table: Arc::clone(&table),
            beacons: mpsc::channel(1).0,
        }));
        Stand { _folder: folder, carrier, counters, table }
    }

    #[tokio::test]
    async fn what_is_heard_waits_for_the_routes_and_nothing_is_carried_for_nothing() {
        let Stand { _folder, carrier, counters, table } = stand(Reach::local()).await;
        let (hear, heard) = mpsc::channel(8);
        let running = tokio::spawn(Arc::clone(&carrier).run(heard));
        hear.send(Heard { packet: packet(1), at: Instant::now() }).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(counters.refused().is_empty(), "{:?}", counters.refused());
        table.set(routes(true));
        until(|| carrier.waiting() == 1).await;
        assert!(counters.refused().is_empty(), "{:?}", counters.refused());
        table.set(routes(false));
        hear.send(Heard { packet: packet(2), at: Instant::now() }).await.unwrap();
        until(|| counters.refused().get("no-credits") == Some(&1)).await;
        running.abort();
    }

    /// Anybody may write any address on the ledger: a router's, one of this machine.
    #[tokio::test]
    async fn addresses_that_are_nobodys_in_the_internet_are_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let Stand { _folder, carrier, counters, table } = stand(Reach::public()).await;
        let hosts = ["127.0.0.1", "localhost", "[::1]", "0177.0.0.1", "169.254.169.254", "me@127.0.0.1"];
        for (many, host) in (1..).zip(hosts) {
            let mut stranger = routes(true);
            stranger.routes.values_mut().for_each(|route| route.server = format!("{host}:{port}"));
            table.set(stranger);
            carrier.route(Heard { packet: packet(many), at: Instant::now() });
            until(|| counters.refused().values().sum::<u64>() == u64::from(many)).await;
        }
        let trouble = carrier.trouble();
        let told = |host: &str| trouble.get(&format!("{host}:{port}")).map_or("", String::as_str);
        assert!(told("127.0.0.1").contains("is a loopback address"), "{trouble:?}");
        assert!(told("127.0.0.1").contains("--local-network"), "{trouble:?}");
        assert!(told("localhost").contains("is a loopback address"), "{trouble:?}");
        assert!(told("169.254.169.254").contains("is a link-local address"), "{trouble:?}");
        assert_eq!(carrier.waiting(), 0, "nothing waits for it");
        let connected = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
        assert!(connected.is_err(), "somebody was connected to");
    }

    #[tokio::test]
    async fn an_address_whose_frames_are_acknowledged_too_often_is_not_carried_for_a_while() {
        let Stand { _folder, carrier, counters, table } = stand(Reach::local()).await;
        table.set(routes(true));
        for counter in 0..500 {
            carrier.route(Heard { packet: packet(counter), at: Instant::now() });
        }
        assert!(counters.refused().is_empty(), "what nobody acknowledged keeps nothing away: {:?}", counters.refused());
        for counter in 0..ACKNOWLEDGED_PER_MINUTE {
            carrier.carried(&packet(counter).payload);
        }
        carrier.route(Heard { packet: packet(1_000), at: Instant::now() });
        assert_eq!(counters.refused().get("too-often"), Some(&1));
        let other = DevAddr::new(0x4800_0002);
        assert!(carrier.may_carry(other), "other devices are");
    }
}
