//! Proof of coverage: beacons sent, beacons of others reported.
//!
//! In: the ledger's randomness for beacons (`beacon-drawn`), frames that the radio heard. Out: a beacon in each interval, sealed reports of it and
//! of others' while their randomness is good, and what they say once nothing can be sealed any more.
//!
//! A beacon does not say whose it is. Hotspots send theirs as soon as the randomness is there, those that are drawn together by turns
//! ([`Turns`]); and nobody asks for one while another is asked for or out. A frame whose channel or data rate is not the one that its own first
//! bytes pick is no beacon. Each other one is sealed as each beacon in reach that it may be by the time of its turn, up to as many reports as the
//! ledger takes of one beacon, so noise spends none that is needed. What was sealed stands in the store before it is sent, so it is disclosed
//! after a crash too.

use super::{
    counters::{Counters, count},
    drawn::{self, Drawn, Open, Turns, heard_of},
    forwarder::{Front, Heard},
    store::{SealedAway, Store},
};
use depin_client::{
    Client, ClientError, Sender, SigningKey,
    api::{CoverageHotspot, CoverageNetwork, EventQuery, EventRecord},
};
use depin_ledger::Message;
use depin_lorawan::{
    Bandwidth, CodingRate, Hertz, Modulation, Spreading,
    gwmp::{Emission, RxPacket, TxError, TxPacket, TxReport},
    region::{Airtime, airtime},
};
use depin_quantity::{Address, ContentHash, Instant as Time, Name};
use depin_services::{
    InnerSignature,
    coverage::{
        CoverageMessage, Disclosed, Disclosure, Location, Payload, PublicKey, SEALS_MOST, Salt, Sealed, SignatureBytes,
        poc::{Beacon, BeaconReport, Plan, WitnessReport},
        seal,
    },
};
use futures::StreamExt as _;
use rand::RngExt as _;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::mpsc;

/// How often it is looked whether something is due.
const LOOK: Duration = Duration::from_millis(500);
/// How often the own entry on the ledger is read.
const OWN: Duration = Duration::from_secs(5);
/// A frame that is heard before its beacon is known to be drawn waits so long.
const EARLY: Duration = Duration::from_secs(6);
/// Frames whose beacon is not known to be drawn; an older one is forgotten for a newer.
const EARLY_MOST: usize = 16;
/// Beacons whose repetitions are not reported, as upstream keeps.
const KNOWN: usize = 15;
/// Header of a proprietary frame.
const PROPRIETARY: u8 = 0xe0;
/// A new hotspot's first beacon comes within so much wall time, and so does one that found another on the air.
const SOON: Duration = Duration::from_secs(6);
/// For how long a beacon that somebody asked for keeps others from asking, wall time: its randomness comes two rounds later.
const ASKED: Duration = Duration::from_secs(20);
/// Farthest beaconer whose beacon can be heard here, in km: what the source's rule allows.
const REACH_KM: f64 = 101.0;
/// How often, and with which pauses, a beacon is tried to be sent: its randomness is good for 20 s at least.
const SENDS: u32 = 5;
const SEND_PAUSE: Duration = Duration::from_secs(2);
/// How far a forwarder's word about a frequency may lie from the channel's middle: less than half the way to the next one.
const OFF_HZ_MOST: u64 = 75_000;
/// Reports of one message.
const AT_ONCE: usize = 16;

/// What proof of coverage is made of.
pub(super) struct Prover {
    pub sender: Sender,
    pub hotspot: SigningKey,
    pub chain_id: Name,
    pub location: Location,
    pub front: Arc<Front>,
    pub store: Store,
    pub counters: Arc<Counters>,
    /// Held while reports are disclosed.
    pub disclosing: tokio::sync::Mutex<()>,
}

/// What is known between two looks.
struct Known {
    /// Beacons that can be reported.
    open: Vec<Open>,
    /// Who sends when.
    turns: Turns,
    /// Hotspots in reach that asked for a beacon whose randomness is not there yet.
    asked: BTreeMap<Address, Instant>,
    /// Frames whose beacon is not known yet.
    early: VecDeque<Heard>,
    /// Payloads that were heard or sent lately.
    payloads: VecDeque<Vec<u8>>,
    network: Option<CoverageNetwork>,
    own: Option<CoverageHotspot>,
    own_read: Option<Instant>,
    /// Ledger time of the last look, and wall time then.
    clock: Option<(u64, u32, Instant)>,
    /// When the next beacon is asked for, ledger time.
    next: Option<u64>,
}

impl Known {
    /// Ledger time now, about.
    fn now(&self) -> Option<u64> {
        let (time, speed, at) = self.clock?;
        Some(time.saturating_add(u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_mul(speed.into())))
    }

    fn speed(&self) -> u64 {
        self.clock.map_or(1, |(_, speed, _)| speed.into())
    }
}

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn modulation(spreading: u8) -> Option<Modulation> {
    let spreading = Spreading::ALL.into_iter().find(|one| one.factor() == u32::from(spreading))?;
    Some(Modulation::lora(spreading, Bandwidth::Khz125))
}

impl Prover {
    fn client(&self) -> &Client {
        self.sender.client()
    }

    fn address(&self) -> Address {
        self.hotspot.address()
    }

    /// Works for ever.
    pub(super) async fn run(self: Arc<Self>, mut heard: mpsc::Receiver<Heard>) {
        let query = || EventQuery { kind: Some("beacon-asked,beacon-drawn".to_owned()), ..EventQuery::default() };
        let mut events = self.client().follow(query());
        let mut known = Known {
            open: Vec::new(),
            turns: Turns::default(),
            asked: BTreeMap::new(),
            early: VecDeque::new(),
            payloads: VecDeque::new(),
            network: None,
            own: None,
            own_read: None,
            clock: None,
            next: None,
        };
        let mut ticks = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => self.told(&event, &mut known).await,
                    Some(Err(_)) => {}
                    None => {
                        tokio::time::sleep(LOOK).await;
                        events = self.client().follow(query());
                    }
                },
                one = heard.recv() => match one {
                    Some(one) => self.hear(one, &mut known).await,
                    None => return,
                },
                _ = ticks.tick() => if let Err(error) = self.look(&mut known).await {
                    tracing::debug!(%error, "the node is not asked about beacons");
                },
            }
        }
    }

    /// What the ledger says of beacons.
    async fn told(self: &Arc<Self>, event: &EventRecord, known: &mut Known) {
        if let Some(drawn) = Drawn::of(event) {
            known.asked.remove(&drawn.hotspot);
            return self.drawn(drawn, known).await;
        }
        let Some(by) = drawn::asked(event).filter(|by| *by != self.address()) else { return };
        if self.is_in_reach(by).await.unwrap_or(true) {
            known.asked.insert(by, Instant::now());
        }
    }

    /// Looks what is due.
    async fn look(self: &Arc<Self>, known: &mut Known) -> Result<(), ClientError> {
        let status = self.client().status().await?;
        // Of the last block: time stood at least there, and goes on with the next one.
        let behind = status.wall_ms.min(now_ns() / 1_000_000);
        let ahead = (now_ns() / 1_000_000).saturating_sub(behind).saturating_mul(status.speed.into());
        known.clock = Some((status.time_ms.saturating_add(ahead), status.speed, Instant::now()));
        if known.network.is_none() {
            known.network = Some(self.client().coverage().network().await?);
        }
        if known.own_read.is_none_or(|at| at.elapsed() > OWN) {
            known.own = self.client().coverage().hotspot(self.address()).await?;
            known.own_read = Some(Instant::now());
        }
        let now = known.now().unwrap_or_default();
        known.open.retain(|open| now <= open.drawn.until_ms);
        known.early.retain(|heard| heard.at.elapsed() < EARLY);
        known.asked.retain(|_, at| at.elapsed() < ASKED);
        self.ask_when_due(known, now);
        tokio::spawn(Arc::clone(self).disclose(status.time_ms, now));
        Ok(())
    }

    /// Asks for a beacon when its time has come and nobody's is out.
    fn ask_when_due(&self, known: &mut Known, now: u64) {
        let (Some(network), Some(own)) = (&known.network, &known.own) else { return };
        if own.retired || own.denied.is_some() || own.location.is_none() || !own.full || !self.front.forwarder().connected {
            return;
        }
        let (interval, speed) = (network.interval_ms.max(1), known.speed());
        let soon = |now: u64| now + rand::rng().random_range(0..SOON.as_millis() as u64 * speed);
        let present = now / interval;
        let done = own.last_beacon.as_ref().is_some_and(|last| last.ms / interval >= present);
        let next = match known.next {
            Some(next) => next,
            None if own.last_beacon.is_none() => soon(now),
            // A random moment of this interval, or of the next one where this one has had its beacon.
            None if done => (present + 1) * interval + rand::rng().random_range(0..interval),
            None => now + rand::rng().random_range(0..(present + 1) * interval - now),
        };
        known.next = Some(next);
        if now < next || own.beaconing {
            return;
        }
        if done {
            known.next = None;
            return;
        }
        if !known.open.is_empty() || !known.asked.is_empty() {
            known.next = Some(soon(now));
            return;
        }
        known.next = None;
        known.own_read = None;
        let key = PublicKey::new(self.hotspot.public_key());
        let signature = self.signed(&CoverageMessage::asks(key, present));
        let ask = CoverageMessage::AskBeacon { key, segment: present, signature };
        let sender = self.sender.clone();
        tokio::spawn(async move {
            if let Err(error) = sender.submit(Message::service(ask)).await {
                tracing::info!(%error, "no beacon is drawn");
            }
        });
    }

    fn signed(&self, message: &[u8]) -> SignatureBytes {
        SignatureBytes::new(self.hotspot.sign(&InnerSignature::signed_bytes(self.chain_id, message)))
    }

    /// The randomness of a beacon is there: it is the own one, or one that may be heard.
    async fn drawn(self: &Arc<Self>, drawn: Drawn, known: &mut Known) {
        if known.open.iter().any(|open| open.drawn == drawn) {
            return;
        }
        let starts = known.turns.take(drawn.hotspot, drawn.timestamp, Instant::now());
        if drawn.hotspot == self.address() {
            let (local, beacon) = self.beacon(&drawn);
            remember(known, frame(&beacon.payload));
            let prover = Arc::clone(self);
            tokio::spawn(async move {
                tokio::time::sleep_until(starts.into()).await;
                prover.send(drawn, local, beacon).await;
            });
            known.open.push(Open { drawn, left: 0, starts });
            return;
        }
        match self.is_in_reach(drawn.hotspot).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => tracing::debug!(%error, "where a beaconer stands is not known"),
        }
        known.open.push(Open { drawn, left: SEALS_MOST, starts });
        for heard in std::mem::take(&mut known.early) {
            self.witness(heard, known);
        }
    }

    async fn is_in_reach(&self, beaconer: Address) -> Result<bool, ClientError> {
        let there = self.client().coverage().hotspot(beaconer).await?.and_then(|hotspot| hotspot.location);
        let (latitude, longitude) = self.location.degrees();
        Ok(there.is_some_and(|there| kilometres((latitude, longitude), (there.latitude, there.longitude)) <= REACH_KM))
    }

    fn beacon(&self, drawn: &Drawn) -> ([u8; 4], Beacon) {
        let local: [u8; 4] = rand::rng().random();
        (local, Beacon::new(drawn.entropy, drawn.timestamp, local, &self.location.region.plan()))
    }

    /// Sends the own beacon, and seals what was sent.
    async fn send(self: Arc<Self>, drawn: Drawn, local: [u8; 4], beacon: Beacon) {
        let power = i32::try_from(self.location.region.plan().conducted_dbm(self.location.gain)).unwrap_or_default();
        let (Some(modulation), Ok(frequency)) = (modulation(beacon.spreading), u32::try_from(beacon.frequency)) else { return };
        let payload = frame(&beacon.payload);
        let on_air = airtime(Airtime::uplink(modulation, payload.len()));
        let packet = TxPacket {
            emission: Emission::Immediately,
            frequency: Hertz::new(frequency),
            rf_chain: 0,
            power_dbm: i8::try_from(power).ok(),
            modulation,
            coding_rate: Some(CodingRate::Cr45),
            deviation_hz: None,
            // Other hotspots hear what is sent as devices send it.
            inverted: false,
            preamble: None,
            without_crc: false,
            payload,
        };
        let sent_ns = now_ns();
        let power_dbm = match self.emit(packet).await {
            TxReport::Accepted { power_dbm } => power_dbm.unwrap_or(power),
            TxReport::Refused(error) => {
                tracing::warn!(%error, "the forwarder does not send the beacon");
                return;
            }
        };
        count(&self.counters.beacons);
        // Reports count by when they come in, the witnesses' within some seconds of the beacon's: they hear it when it ends.
        tokio::time::sleep(Duration::from_micros(on_air.get())).await;
        let Beacon { payload, frequency, spreading } = beacon;
        let (remote, timestamp) = (drawn.entropy, drawn.timestamp);
        let report = BeaconReport { local, remote, timestamp, payload, frequency, spreading, power_dbm, sent_ns };
        self.hand_in(&drawn, Disclosed::Beacon(report)).await;
    }

    /// Has the forwarder send a beacon; again after a moment where something else is on the air then, such as a downlink.
    async fn emit(&self, packet: TxPacket) -> TxReport {
        for _ in 1..SENDS {
            match self.front.emit(packet.clone()).await {
                TxReport::Refused(TxError::CollisionPacket | TxError::CollisionBeacon | TxError::Busy) => {
                    tokio::time::sleep(SEND_PAUSE).await;
                }
                report => return report,
            }
        }
        self.front.emit(packet).await
    }

    /// A frame that may be a beacon.
    async fn hear(self: &Arc<Self>, heard: Heard, known: &mut Known) {
        if known.payloads.contains(&heard.packet.payload) {
            return;
        }
        if !is_beacon(&heard.packet, &self.location.region.plan()) {
            return self.counters.refuse("no-beacon");
        }
        remember(known, heard.packet.payload.clone());
        self.witness(heard, known);
    }

    /// Reports a frame as each beacon that it may be.
    fn witness(self: &Arc<Self>, heard: Heard, known: &mut Known) {
        let Some(report) = witness_report(&heard.packet) else { return };
        let on_air = airtime(Airtime::uplink(heard.packet.modulation, heard.packet.payload.len()));
        let places = heard_of(&known.open, heard.at, Duration::from_micros(on_air.get()));
        if places.is_empty() {
            if known.early.len() >= EARLY_MOST {
                known.early.pop_front();
            }
            known.early.push_back(heard);
            return;
        }
        count(&self.counters.witnessed);
        for place in places {
            let Some(open) = known.open.get_mut(place) else { continue };
            open.left = open.left.saturating_sub(1);
            let (drawn, prover) = (open.drawn, Arc::clone(self));
            tokio::spawn(async move { prover.hand_in(&drawn, Disclosed::Witness(report)).await });
        }
    }

    /// Keeps a report, and hands its seal in.
    async fn hand_in(&self, drawn: &Drawn, report: Disclosed) {
        let (reporter, salt) = (self.address(), Salt::new(rand::rng().random()));
        let disclosure = Disclosure { beaconer: drawn.hotspot, reporter, salt, report };
        let sealed = SealedAway { timestamp: drawn.timestamp, until_ms: drawn.until_ms, disclosure };
        let most = if drawn.hotspot == reporter { 1 } else { SEALS_MOST };
        match self.store.seal(sealed, most).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return tracing::error!(%error, "a report of a beacon could not be kept"),
        }
        let hash: ContentHash = seal(&report, salt, reporter);
        let (key, blank) = (PublicKey::new(self.hotspot.public_key()), SignatureBytes::new([0; 64]));
        let received = Time::new(0);
        let mut sealed = Sealed { beaconer: drawn.hotspot, timestamp: drawn.timestamp, key, hash, signature: blank, received };
        sealed.signature = self.signed(&sealed.signed());
        if let Err(error) = self.sender.submit(Message::service(CoverageMessage::HandIn(vec![sealed]))).await {
            tracing::info!(%error, beaconer = %drawn.hotspot, "the ledger did not take a sealed report");
        }
    }

    /// Discloses what may be by now. `block` is the time of the last block, `now` what the next one's will be.
    async fn disclose(self: Arc<Self>, block: u64, now: u64) {
        // One at a time: the next look finds what is left.
        let Ok(_turn) = self.disclosing.try_lock() else { return };
        let sealed = match self.store.sealed().await {
            Ok(sealed) => sealed,
            Err(error) => return tracing::error!(%error, "reports of beacons cannot be read"),
        };
        // Until a second after the time, so that a block of that time is surely made.
        let is_due = |sealed: &SealedAway| block > sealed.until_ms || now > sealed.until_ms.saturating_add(1_000);
        let due = sealed.into_iter().filter(|(_, sealed)| is_due(sealed));
        let due: Vec<(i64, SealedAway)> = due.take(AT_ONCE).collect();
        if due.is_empty() {
            return;
        }
        let say = |reports: &[(i64, SealedAway)]| {
            let reports = reports.iter().map(|(_, sealed)| sealed.disclosure).collect();
            self.sender.submit(Message::service(CoverageMessage::Disclose(reports)))
        };
        match say(&due).await {
            Ok(_) => self.forget(&due).await,
            // One of them is refused: each by itself, and what is refused then is over.
            Err(error) if error.refusal().is_some() => {
                for one in &due {
                    match say(std::slice::from_ref(one)).await {
                        Err(error) if error.code() == Some("too-early") => {}
                        Err(error) if error.refusal().is_none() => tracing::debug!(%error, "a report is disclosed later"),
                        Ok(_) | Err(_) => self.forget(std::slice::from_ref(one)).await,
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "reports are disclosed later"),
        }
    }

    async fn forget(&self, reports: &[(i64, SealedAway)]) {
        let places = reports.iter().map(|(place, _)| *place).collect();
        if let Err(error) = self.store.disclosed(places).await {
            tracing::error!(%error, "disclosed reports could not be forgotten");
        }
    }
}

fn frame(payload: &Payload) -> Vec<u8> {
    let mut bytes = vec![PROPRIETARY];
    bytes.extend_from_slice(&payload.get());
    bytes
}

/// Whether a frame was sent as its own first bytes say: a beacon's pick its channel, and its region has one data rate for it. Upstream's gateway
/// reports every proprietary frame of that length; here few reports of each beacon are taken, so noise must not spend them.
fn is_beacon(packet: &RxPacket, plan: &Plan) -> bool {
    let Some((_, [first, second, ..])) = packet.payload.split_first() else { return false };
    let channel = plan.channels[usize::from(u16::from_le_bytes([*first, *second])) % plan.channels.len()];
    let off = u64::from(packet.frequency.get()).abs_diff(channel);
    off <= OFF_HZ_MOST && Some(packet.modulation) == modulation(plan.spreading)
}

fn remember(known: &mut Known, payload: Vec<u8>) {
    known.payloads.push_back(payload);
    if known.payloads.len() > KNOWN {
        known.payloads.pop_front();
    }
}

fn witness_report(packet: &RxPacket) -> Option<WitnessReport> {
    let (_, payload) = packet.payload.split_first()?;
    Some(WitnessReport {
        payload: Payload::new(payload.try_into().ok()?),
        frequency: packet.frequency.get().into(),
        rssi_ddbm: packet.rssi_dbm.saturating_mul(10),
        snr_ddb: packet.snr_ddb.unwrap_or_default(),
        heard_ns: now_ns(),
    })
}

/// Kilometres of a great circle, to see who can be heard at all. No money depends on it.
fn kilometres((lat_a, lon_a): (f64, f64), (lat_b, lon_b): (f64, f64)) -> f64 {
    let (a, b) = (lat_a.to_radians(), lat_b.to_radians());
    let (north, east) = (((b - a) / 2.0).sin(), ((lon_b - lon_a).to_radians() / 2.0).sin());
    let half = north * north + a.cos() * b.cos() * east * east;
    2.0 * 6_371.0 * half.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_lorawan::gwmp::Crc;
    use depin_services::coverage::{Randomness, Region};

    #[test]
    fn a_frame_is_a_beacon_only_on_the_channel_that_it_picks_itself() {
        let plan = Region::Eu868.plan();
        let beacon = Beacon::new(Randomness::new([3; 32]), 1_790_000_000, [1, 2, 3, 4], &plan);
        let packet = |payload: Vec<u8>, frequency: u64, spreading: u8| RxPacket {
            timestamp: 0,
            time: None,
            gps_ms: None,
            frequency: Hertz::new(frequency as u32),
            channel: 0,
            rf_chain: 0,
            crc: Crc::Ok,
            modulation: modulation(spreading).unwrap(),
            coding_rate: None,
            rssi_dbm: -80,
            snr_ddb: None,
            payload,
        };
        let Beacon { frequency, spreading, .. } = beacon;
        let own = frame(&beacon.payload);
        assert!(is_beacon(&packet(own.clone(), frequency, spreading), &plan));
        assert!(is_beacon(&packet(own.clone(), frequency + 30_000, spreading), &plan), "crystals are off");
        assert!(!is_beacon(&packet(own.clone(), frequency + 200_000, spreading), &plan), "the next channel");
        assert!(!is_beacon(&packet(own, frequency, 7), &plan), "another data rate");
        let noise = (0..=255_u8).filter(|first| {
            let payload = [&[PROPRIETARY, *first][..], &[0x5a; 50]].concat();
            is_beacon(&packet(payload, frequency, spreading), &plan)
        });
        assert_eq!(noise.count(), 32, "an eighth of it");
        assert!(!is_beacon(&packet(vec![PROPRIETARY], frequency, spreading), &plan));
    }
}
