//! Packets on their way to customers.
//!
//! In: packets that the forwarder heard. Out: each to the disk, and to the customers whose it can be at once; what they acknowledged to the store; what
//! they want emitted to the forwarder. A customer that does not answer has its packets wait in their order, and is tried again with growing pauses; what
//! waits too long is dropped and counted.

use super::{
    counters::{Counters, count},
    forwarder::{Front, Heard},
    outbox::Parcel,
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
    pub(super) parts: Parts,
    begun: Instant,
    /// How often what address was acknowledged.
    paces: Mutex<BTreeMap<DevAddr, Pace>>,
    servers: Mutex<BTreeMap<Lane, Arc<Server>>>,
    trouble: Mutex<BTreeMap<Lane, String>>,
}

/// Where a route's packets go, and the route. Each has a queue of its own: anybody may write any network server's address under a route, and
/// packets of one whose OUI does not list that server's key must not keep those of others waiting.
type Lane = (String, UnitId);

/// One customer's network server, as one route names it.
struct Server {
    address: String,
    route: UnitId,
    calls: NetworkServer,
    /// Its key, once it said it.
    key: Mutex<Option<[u8; 32]>>,
    waiting: Mutex<VecDeque<Parcel>>,
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

    /// What stands in the way, by customer; of several routes to one, each thing once.
    pub(super) fn trouble(&self) -> BTreeMap<String, String> {
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for ((address, _), why) in locked(&self.trouble).iter() {
            let all = told.entry(address.clone()).or_default();
            if !all.contains(why) {
                all.push(why.clone());
            }
        }
        told.into_iter().map(|(address, all)| (address, all.join("; "))).collect()
    }

    fn note(&self, server: &str, route: UnitId, why: String) {
        locked(&self.trouble).insert((server.to_owned(), route), why);
    }

    /// Takes what is heard, for ever, and first what the last stop left. Until the routes are known it waits, unless it waits for too long.
    pub(super) async fn run(self: Arc<Self>, mut heard: mpsc::Receiver<Heard>) {
        self.parts.table.known().await;
        if let Err(error) = self.resume().await {
            tracing::error!(%error, "packets that waited for customers before the last stop cannot be read");
        }
        let (mut recent, mut next) = (BTreeMap::new(), Vec::with_capacity(PACKETS_MAX));
        while heard.recv_many(&mut next, PACKETS_MAX).await > 0 {
            let mut parcels = Vec::new();
            for one in next.drain(..) {
                parcels.extend(self.first_time(&mut recent, &one).then(|| self.route(one)).into_iter().flatten());
            }
            self.carry(parcels).await;
        }
    }

    /// Whether a packet is not too old, and no repetition.
    fn first_time(&self, recent: &mut BTreeMap<[u8; 32], Instant>, one: &Heard) -> bool {
        if one.at.elapsed() > self.parts.hold {
            count(&self.parts.counters.expired);
            return false;
        }
        let hash = payload_hash(&one.packet.payload);
        recent.retain(|_, at| one.at.duration_since(*at) < REPEATED);
        let repeated = recent.insert(hash, one.at).is_some();
        if repeated {
            count(&self.parts.counters.repeated);
        }
        !repeated
    }

    /// What goes where of one packet.
    fn route(&self, heard: Heard) -> Vec<Parcel> {
        let nowhere = |why: &str| {
            self.parts.counters.refuse(why);
            Vec::new()
        };
        let frame = match read_uplink(&heard.packet.payload) {
            Ok(frame) => frame,
            Err(FrameError::Proprietary) if heard.packet.payload.len() == BEACON_BYTES => {
                // A full queue is one of beacons that nobody can report in time.
                let _ = self.parts.beacons.try_send(heard);
                return Vec::new();
            }
            Err(FrameError::Proprietary) => return nowhere("proprietary"),
            Err(error) => {
                tracing::debug!(%error, "a frame goes nowhere");
                return nowhere("no-uplink");
            }
        };
        if let UplinkFrame::Data(frame) = &frame
            && !self.may_carry(frame.address)
        {
            return nowhere("too-often");
        }
        let (at, packet) = (heard.at, UplinkPacket::from(heard.packet));
        let parcel = |(route, server)| Parcel { at, route, server, packet: packet.clone(), place: None };
        self.routes(&frame).into_iter().map(parcel).collect()
    }

    /// Writes packets down, and hands them in: those of one route together.
    async fn carry(self: &Arc<Self>, mut parcels: Vec<Parcel>) {
        if parcels.is_empty() {
            return;
        }
        self.write_down(&mut parcels).await;
        let mut lanes: BTreeMap<Lane, Vec<Parcel>> = BTreeMap::new();
        for parcel in parcels {
            lanes.entry((parcel.server.clone(), parcel.route)).or_default().push(parcel);
        }
        lanes.into_iter().for_each(|((address, route), parcels)| self.offer(&address, route, parcels));
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
                if let NoRoute::Credits { route: id } = why
                    && let Some(route) = table.routes.get(&id)
                {
                    // Solved by the next packet that the customer takes.
                    let why = format!(
                        "OUI {} has too few credits left for a packet, so its packets would not be paid and are not carried until it has more",
                        route.oui
                    );
                    self.note(&route.server, id, why);
                }
                Vec::new()
            }
        }
    }

    /// The network server at an address, as a route names it.
    fn server(&self, address: &str, route: UnitId) -> Option<Arc<Server>> {
        let (mut servers, lane) = (locked(&self.servers), (address.to_owned(), route));
        if let Some(known) = servers.get(&lane) {
            return Some(Arc::clone(known));
        }
        let calls = match NetworkServer::new(&format!("http://{address}"), &self.parts.trust, &self.parts.reach) {
            Ok(calls) => calls,
            Err(error) => {
                self.note(address, route, error.to_string());
                return None;
            }
        };
        let (key, waiting, draining) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (address, requests) = (address.to_owned(), Semaphore::new(AT_ONCE));
        let server = Arc::new(Server { address, route, calls, key, waiting, draining, requests });
        servers.insert(lane, Arc::clone(&server));
        Some(server)
    }

    /// Hands packets in: at once where the customer answers, behind what waits where it does not.
    fn offer(self: &Arc<Self>, address: &str, route: UnitId, parcels: Vec<Parcel>) {
        let Some(server) = self.server(address, route) else { return self.refuse(&parcels, "bad-server") };
        if *locked(&server.draining) {
            parcels.into_iter().for_each(|one| self.wait(&server, one));
            // Whoever works through them may have ended meanwhile.
            return self.drain(&server);
        }
        let carrier = Arc::clone(self);
        tokio::spawn(async move {
            let Ok(_permit) = server.requests.acquire().await else { return };
            match carrier.hand_in(&server, &parcels).await {
                Ok(()) => carrier.is_there(&server),
                Err(Failed::Passing(why)) => {
                    carrier.note(&server.address, server.route, why);
                    parcels.into_iter().for_each(|one| carrier.wait(&server, one));
                    carrier.drain(&server);
                }
                Err(Failed::Refused(why)) => {
                    carrier.refuse(&parcels, "refused");
                    carrier.note(&server.address, server.route, why);
                }
            }
        });
    }

    /// The same for one that waited before.
    pub(super) fn offer_later(self: &Arc<Self>, parcel: Parcel) {
        let Some(server) = self.server(&parcel.server, parcel.route) else { return self.refuse(&[parcel], "bad-server") };
        self.wait(&server, parcel);
        self.drain(&server);
    }

    /// Packets go nowhere.
    fn refuse(&self, parcels: &[Parcel], why: &str) {
        parcels.iter().for_each(|_| self.parts.counters.refuse(why));
        self.forget(parcels.iter().filter_map(|parcel| parcel.place).collect());
    }

    fn is_there(&self, server: &Server) {
        locked(&self.trouble).remove(&(server.address.clone(), server.route));
    }

    fn wait(&self, server: &Server, one: Parcel) {
        let mut waiting = locked(&server.waiting);
        if waiting.len() >= WAITING_MOST
            && let Some(oldest) = waiting.pop_front()
        {
            count(&self.parts.counters.expired);
            self.forget(oldest.place.into_iter().collect());
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
                match carrier.hand_in(&server, &batch).await {
                    Ok(()) => {
                        pause = PAUSE.0;
                        carrier.is_there(&server);
                    }
                    Err(Failed::Passing(why)) => {
                        carrier.note(&server.address, server.route, why);
                        carrier.put_back(&server, batch);
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(PAUSE.1);
                    }
                    Err(Failed::Refused(why)) => {
                        carrier.refuse(&batch, "refused");
                        carrier.note(&server.address, server.route, why);
                    }
                }
            }
        });
    }

    /// Puts packets before those that wait, in their order.
    fn put_back(&self, server: &Server, batch: Vec<Parcel>) {
        let mut waiting = locked(&server.waiting);
        batch.into_iter().rev().for_each(|one| waiting.push_front(one));
    }

    /// The next packets that wait; none when none do, and then nobody works through them any more.
    fn next(&self, server: &Server) -> Option<Vec<Parcel>> {
        let (mut waiting, mut late) = (locked(&server.waiting), Vec::new());
        while let Some(one) = waiting.pop_front_if(|one| one.at.elapsed() > self.parts.hold) {
            count(&self.parts.counters.expired);
            late.extend(one.place);
        }
        self.forget(late);
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

    /// The server's key, which must be one of the OUI's whose route it is.
    async fn key_of(&self, server: &Server) -> Result<[u8; 32], Failed> {
        let known = *locked(&server.key);
        let key = match known {
            Some(key) => key,
            None => server.calls.info().await?.server_key,
        };
        let listed = {
            let table = self.parts.table.get();
            table.routes.get(&server.route).is_some_and(|route| route.keys.contains(&key))
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
    async fn hand_in(self: &Arc<Self>, server: &Arc<Server>, parcels: &[Parcel]) -> Result<(), Failed> {
        let key = self.key_of(server).await?;
        let packets = parcels.iter().map(|parcel| parcel.packet.clone()).collect();
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
        for (parcel, answer) in parcels.iter().zip(answers) {
            let payload = &parcel.packet.payload;
            match answer {
                PacketAnswer::Acknowledged { report, signature } => {
                    let packet = Acknowledged { report, signature };
                    let own =
                        packet.report.hotspot == self.parts.hotspot.public_key() && packet.report.hash == payload_hash(payload);
                    if !own || !packet.is_of(&key) {
                        self.parts.counters.refuse("bad-acknowledgement");
                        continue;
                    }
                    count(&self.parts.counters.acknowledged);
                    self.carried(payload);
                    if !packet.report.join {
                        kept.push(Waiting { route: parcel.route, server: server.address.clone(), packet });
                    }
                }
                PacketAnswer::Rejected(why) => self.parts.counters.refuse(&why.code),
            }
        }
        let answered = parcels.iter().filter_map(|parcel| parcel.place).collect();
        if let Err(error) = self.parts.store.keep(kept, answered).await {
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
        let server = self.server(address, route).ok_or_else(|| (false, format!("`{address}` is no network server's address")))?;
        let told = |failed: Failed| match failed {
            Failed::Passing(why) => (true, why),
            Failed::Refused(why) => (false, why),
        };
        let key = self.key_of(&server).await.map_err(told)?;
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
mod tests;
