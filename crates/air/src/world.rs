//! Devices and hotspots in one air.
//!
//! In: the time, and packets that hotspots shall emit. Out: what each hotspot's forwarder reports ([`Report`]). Pure: a test drives it by calls, the daemon by
//! the wall clock.
//!
//! Devices join when they have no session, and try again with growing pauses until they are heard; then they send, each in its own rhythm, with pauses
//! that the duty cycle asks for.

use crate::{
    Air, AirConfig, Antenna, Chance, Concentrator, Conduct, Fate, Listening, Outcome, Position, Signal, Station, StationId,
};
use depin_lorawan::{
    Bandwidth, CodingRate, Eui, Micros, Modulation,
    device::{EndDevice, Identity, Received, Transmission},
    frame::BEACON_BYTES,
    gwmp::{Crc, RxPacket, TxPacket, TxReport},
    region::{Plan, Region},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Devices have numbers from here on, hotspots below.
const DEVICES: u32 = 1_000_000;
/// A device opens its windows a little early, and keeps them open for a preamble's time.
const WINDOW_EARLY: Micros = Micros::millis(20);
const WINDOW_OPEN: Micros = Micros::millis(40);
/// Between two tries to join, doubled each time up to 64 times that.
const JOIN_PAUSE: Micros = Micros::seconds(15);

/// A hotspot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HotspotConfig {
    /// The name that its forwarder gives itself.
    pub gateway: Eui,
    /// Where it truly stands, with its antenna's height.
    pub position: Position,
    /// Its antenna.
    pub antenna: Antenna,
    /// Most power of its radio, dBm.
    pub power_dbm_max: i8,
    /// What it does beyond its duty.
    #[serde(default)]
    pub conduct: Conduct,
}

/// A device that sends on its own.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceConfig {
    /// Who it is.
    pub identity: Identity,
    /// Where it is.
    pub position: Position,
    /// Its data rate.
    pub data_rate: u8,
    /// Between two uplinks.
    pub every: Micros,
    /// Bytes of each.
    pub payload_bytes: u8,
    /// Whether they want to be confirmed.
    pub confirmed: bool,
    /// Its first DevNonce: those below were used before this world began.
    pub dev_nonce: u16,
}

/// What a world is told once.
#[derive(Clone, Debug, PartialEq)]
pub struct WorldConfig {
    /// The air.
    pub air: AirConfig,
    /// Whose tables count.
    pub region: Region,
    /// Hotspots.
    pub hotspots: Vec<HotspotConfig>,
    /// Devices.
    pub devices: Vec<DeviceConfig>,
}

/// Why there is no such world.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// Two hotspots of one name.
    #[error("two hotspots are called {0}; each needs a name of its own")]
    SameGateway(Eui),
    /// Two devices of one name.
    #[error("two devices are called {0}; each needs a name of its own")]
    SameDevice(Eui),
    /// Too many.
    #[error("{0} hotspots; at most {DEVICES} fit")]
    TooMany(usize),
    /// A device that never sends.
    #[error("device {0} sends every 0 s; give it a pause")]
    NoPause(Eui),
}

/// What a hotspot's forwarder reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Which hotspot.
    pub gateway: Eui,
    /// When.
    pub at: Micros,
    /// What it heard, or says that it heard.
    pub packet: RxPacket,
    /// Whether its radio heard it then; a dishonest one reports more.
    pub true_copy: bool,
}

struct Hotspot {
    config: HotspotConfig,
    concentrator: Concentrator,
}

struct Device {
    config: DeviceConfig,
    device: EndDevice,
    next: Micros,
    tries: u32,
    sent: u64,
}

/// Devices and hotspots in one air. See the module.
pub struct World {
    air: Air,
    region: Region,
    hotspots: BTreeMap<StationId, Hotspot>,
    names: BTreeMap<Eui, StationId>,
    devices: BTreeMap<StationId, Device>,
    /// What is reported later: replays.
    later: BTreeMap<(Micros, u64), Report>,
    reports: u64,
    fates: BTreeMap<Fate, u64>,
    downlinks: u64,
    now: Micros,
}

impl World {
    /// A world that begins at `now`.
    ///
    /// # Errors
    /// [`WorldError`].
    pub fn new(config: WorldConfig, now: Micros) -> Result<Self, WorldError> {
        let WorldConfig { air, region, hotspots, devices } = config;
        if hotspots.len() > DEVICES as usize {
            return Err(WorldError::TooMany(hotspots.len()));
        }
        let chance = Chance::new(air.seed).of(0x0d);
        let mut world = Self {
            air: Air::new(air),
            region,
            hotspots: BTreeMap::new(),
            names: BTreeMap::new(),
            devices: BTreeMap::new(),
            later: BTreeMap::new(),
            reports: 0,
            fates: BTreeMap::new(),
            downlinks: 0,
            now,
        };
        for (number, config) in (0..).zip(hotspots) {
            world.add_hotspot(StationId(number), config, chance)?;
        }
        for (number, config) in (DEVICES..).zip(devices) {
            world.add_device(StationId(number), config, chance)?;
        }
        Ok(world)
    }

    fn add_hotspot(&mut self, id: StationId, config: HotspotConfig, chance: Chance) -> Result<(), WorldError> {
        if self.names.insert(config.gateway, id).is_some() {
            return Err(WorldError::SameGateway(config.gateway));
        }
        self.air.place(id, Station { position: config.position, antenna: config.antenna });
        let channels = self.region.plan().channels.iter().map(|channel| {
            let wide = self.region == Region::Us915 && channel.data_rate_min == 4;
            (channel.frequency, if wide { Bandwidth::Khz500 } else { Bandwidth::Khz125 })
        });
        self.air.listen(id, vec![Listening::Concentrator { channels: channels.collect(), demodulators: 8 }]);
        // Each was switched on at some time within the last hour: no two counters are alike.
        let ran = Micros::new(chance.of(u64::from(id.0)).bits() % 3_600_000_000);
        let concentrator = Concentrator::new(self.region, self.now.since(ran), config.power_dbm_max);
        self.hotspots.insert(id, Hotspot { config, concentrator });
        Ok(())
    }

    fn add_device(&mut self, id: StationId, config: DeviceConfig, chance: Chance) -> Result<(), WorldError> {
        let name = config.identity.dev_eui;
        if config.every == Micros::ZERO {
            return Err(WorldError::NoPause(name));
        }
        if self.devices.values().any(|device| device.config.identity.dev_eui == name) {
            return Err(WorldError::SameDevice(name));
        }
        let own = chance.of(u64::from(id.0));
        self.air.place(id, Station { position: config.position, antenna: Antenna { gain_dbi: 0.0 } });
        let mut device = EndDevice::new(config.identity.clone(), self.region, own.bits());
        device.set_data_rate(config.data_rate);
        device.set_dev_nonce(config.dev_nonce);
        let first = JOIN_PAUSE.get().min(config.every.get());
        let next = self.now.plus(Micros::new(own.of(1).bits() % first));
        self.devices.insert(id, Device { config, device, next, tries: 0, sent: 0 });
        Ok(())
    }

    /// The hotspots, by their numbers.
    pub fn hotspots(&self) -> impl Iterator<Item = &HotspotConfig> {
        self.hotspots.values().map(|hotspot| &hotspot.config)
    }

    /// What became of transmissions at stations that listened, since the beginning.
    pub const fn fates(&self) -> &BTreeMap<Fate, u64> {
        &self.fates
    }

    /// How many devices have joined, and how many downlinks were heard.
    pub fn joined(&self) -> (usize, u64) {
        (self.devices.values().filter(|device| device.device.has_joined()).count(), self.downlinks)
    }

    /// Asks a hotspot to emit a packet, now.
    pub fn emit(&mut self, now: Micros, gateway: Eui, packet: TxPacket) -> Option<TxReport> {
        let hotspot = self.hotspots.get_mut(self.names.get(&gateway)?)?;
        Some(hotspot.concentrator.plan(now, packet))
    }

    /// When something happens next.
    pub fn next(&self) -> Option<Micros> {
        let devices = self.devices.values().map(|device| device.next);
        let packets = self.hotspots.values().filter_map(|hotspot| hotspot.concentrator.next());
        devices.chain(packets).chain(self.air.next_end()).chain(self.later.keys().map(|(at, _)| *at)).min()
    }

    /// Lets time pass until `until`, one thing after the other, and gives what hotspots report in that time.
    pub fn step(&mut self, until: Micros) -> Vec<Report> {
        let mut reports = Vec::new();
        while let Some(at) = self.next().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.begin(self.now);
            for outcome in self.air.step(self.now) {
                *self.fates.entry(outcome.fate).or_default() += 1;
                self.arrived(outcome, &mut reports);
            }
            let ahead = self.later.split_off(&(self.now.plus(Micros::new(1)), 0));
            reports.extend(std::mem::replace(&mut self.later, ahead).into_values());
        }
        self.now = self.now.max(until);
        reports
    }

    /// Transmissions that begin now.
    fn begin(&mut self, now: Micros) {
        for (id, hotspot) in &mut self.hotspots {
            for planned in hotspot.concentrator.emit(now) {
                let TxPacket { frequency, modulation, inverted, payload, .. } = planned.packet;
                let eirp_dbm = f64::from(planned.power_dbm) + hotspot.config.antenna.gain_dbi;
                let (from, at, airtime) = (*id, planned.at, planned.airtime);
                self.air.transmit(Signal { from, at, airtime, frequency, modulation, inverted, eirp_dbm, payload });
            }
        }
        for (id, device) in &mut self.devices {
            if device.next <= now {
                let sent = device.send(now);
                if let Some(sent) = sent {
                    let Transmission { frequency, modulation, eirp_ddbm, bytes, airtime } = sent;
                    let windows = device.device.windows(now.plus(airtime));
                    let windows = windows.iter().flatten().map(|(opens, window)| Listening::Window {
                        from: opens.since(WINDOW_EARLY),
                        until: opens.plus(WINDOW_OPEN),
                        frequency: window.frequency,
                        modulation: window.data_rate.modulation,
                    });
                    self.air.listen(*id, windows.collect());
                    let eirp_dbm = f64::from(eirp_ddbm) / 10.0;
                    let (from, at) = (*id, now);
                    self.air.transmit(Signal {
                        from,
                        at,
                        airtime,
                        frequency,
                        modulation,
                        inverted: false,
                        eirp_dbm,
                        payload: bytes,
                    });
                }
            }
        }
    }

    /// A transmission ended at a station that listened to it, heard or not.
    fn arrived(&mut self, outcome: Outcome, reports: &mut Vec<Report>) {
        let Outcome { station, signal, end, rssi_dbm, snr_db, fate } = outcome;
        let heard = fate == Fate::Heard;
        if let Some(device) = self.devices.get_mut(&station).filter(|_| heard) {
            match device.device.receive(&signal.payload) {
                Ok(Received::Joined(_)) => {
                    device.tries = 0;
                    device.next = end.plus(Micros::new(device.config.every.get() / 2));
                    self.downlinks += 1;
                }
                Ok(Received::Data { .. }) => self.downlinks += 1,
                // For another device, or from nobody it knows.
                Err(_) => {}
            }
        }
        let Some(hotspot) = self.hotspots.get(&station) else { return };
        let lora = matches!(signal.modulation, Modulation::Lora { .. });
        let packet = RxPacket {
            timestamp: hotspot.concentrator.counter(end),
            time: None,
            gps_ms: None,
            frequency: signal.frequency,
            channel: self.channel(&signal),
            rf_chain: 0,
            crc: Crc::Ok,
            modulation: signal.modulation,
            coding_rate: lora.then_some(CodingRate::Cr45),
            rssi_dbm: rounded(rssi_dbm).saturating_add(hotspot.config.conduct.added_db()).clamp(-250, 100),
            snr_ddb: lora.then_some(rounded(snr_db * 10.0)),
            payload: signal.payload.clone(),
        };
        let gateway = hotspot.config.gateway;
        if is_beacon(&signal.payload) {
            self.misconduct((station, heard), signal.from, end, &packet);
        }
        if heard {
            reports.push(Report { gateway, at: end, packet, true_copy: true });
        }
    }

    /// What dishonest hotspots make of a beacon that one of them, or the sender, shares with them.
    fn misconduct(&mut self, (at, heard): (StationId, bool), from: StationId, end: Micros, packet: &RxPacket) {
        let name = |id: StationId| self.hotspots.get(&id).map(|hotspot| hotspot.config.gateway);
        let sources: Vec<Eui> = [Some(at).filter(|_| heard), Some(from)].into_iter().flatten().filter_map(name).collect();
        let mut made_up = Vec::new();
        for (id, hotspot) in &self.hotspots {
            let HotspotConfig { gateway, conduct, .. } = &hotspot.config;
            if *id == at && heard {
                for after in conduct.replays() {
                    let timestamp = hotspot.concentrator.counter(end.plus(after));
                    made_up.push((end.plus(after), *gateway, RxPacket { timestamp, ..packet.clone() }));
                }
            } else if *id != from
                && let Some((rssi_dbm, snr_ddb)) = sources.iter().find_map(|source| conduct.colludes(*source))
            {
                let timestamp = hotspot.concentrator.counter(end);
                made_up.push((end, *gateway, RxPacket { timestamp, rssi_dbm, snr_ddb: Some(snr_ddb), ..packet.clone() }));
            }
        }
        for (at, gateway, packet) in made_up {
            let known =
                self.later.values().any(|one| one.gateway == gateway && one.at == at && one.packet.payload == packet.payload);
            if !known {
                self.later.insert((at, self.reports), Report { gateway, at, packet, true_copy: false });
                self.reports += 1;
            }
        }
    }

    fn channel(&self, signal: &Signal) -> u8 {
        let place = self.region.plan().channels.iter().position(|channel| channel.frequency == signal.frequency);
        place.and_then(|place| u8::try_from(place).ok()).unwrap_or_default()
    }
}

impl Device {
    /// Sends what is due, and decides when the next is.
    fn send(&mut self, now: Micros) -> Option<Transmission> {
        let sent = if self.device.has_joined() {
            self.sent += 1;
            let counter = self.sent.to_be_bytes();
            let mut payload = vec![0; usize::from(self.config.payload_bytes)];
            for (place, byte) in payload.iter_mut().rev().zip(counter.iter().rev()) {
                *place = *byte;
            }
            self.next = now.plus(self.config.every);
            self.device.send(now, 1, &payload, self.config.confirmed).ok()
        } else {
            let pause = JOIN_PAUSE.get() << self.tries.min(6);
            self.tries += 1;
            // Devices that began together do not try again together.
            let apart = Chance::new(self.config.identity.dev_eui.get()).of(u64::from(self.tries)).bits() % JOIN_PAUSE.get();
            self.next = now.plus(Micros::new(pause + apart)).plus(Plan::JOIN_RX1_DELAY);
            self.device.join(now).ok()
        };
        if sent.is_none() {
            // Silent by the duty cycle: it looks again later.
            self.next = now.plus(self.config.every).plus(Micros::SECOND);
        }
        sent
    }
}

fn is_beacon(payload: &[u8]) -> bool {
    payload.len() == BEACON_BYTES && payload.first().is_some_and(|header| header >> 5 == 7)
}

/// To the nearest whole number; numbers of decibels are small.
fn rounded(value: f64) -> i32 {
    libm::floor(value + 0.5) as i32
}
