//! The air itself: who hears what.
//!
//! In: transmissions with their beginnings, who listens where, and the time up to which something is asked. Out: for each transmission that ended, what
//! became of it at each station that listened. Pure, and the same for the same seed and calls.
//!
//! A transmission is heard when its signal to noise reaches the floor of its spreading factor, when it is stronger than all that overlaps with it on
//! the same frequency by what its demodulator needs, when the station does not send itself, and when one of its demodulators is free.
//!
//! Deviations from nature, all of them known: interference counts for the whole overlap at its full strength; channels do not leak into each other; nothing
//! moves and nothing fades within a run; FSK is heard as LoRa of the lowest spreading factor is.

use crate::{Chance, Loss, Station, loss::shadowing_db};
use depin_lorawan::{Bandwidth, Hertz, Micros, Modulation, Spreading};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Thermal noise in a hertz at 290 K, dBm.
const NOISE_DBM_HZ: f64 = -174.0;
/// No concentrator reports a better ratio.
const SNR_MOST_DB: f64 = 15.0;

/// How much stronger, in dB, a signal must be than an interferer: rows by its spreading factor SF7 to SF12, columns by the interferer's (C. Goursaud, J.-M.
/// Gorce, "Dedicated networks for IoT", 2015, table 2). Equal ones need 6 dB: capture.
const NEEDED_DB: [[i32; 6]; 6] = [
    [6, -16, -18, -19, -19, -20],
    [-24, 6, -20, -22, -22, -22],
    [-27, -27, 6, -23, -25, -25],
    [-30, -30, -30, 6, -26, -28],
    [-33, -33, -33, -33, 6, -29],
    [-36, -36, -36, -36, -36, 6],
];

/// A station's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StationId(pub u32);

/// What an air is told once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AirConfig {
    /// What decides shadowing.
    pub seed: u64,
    /// How signals weaken with distance.
    pub loss: Loss,
    /// Deviation of shadowing in dB; 0 is none.
    pub shadowing_db: f64,
    /// What receivers add to thermal noise, in dB.
    pub noise_figure_db: f64,
}

impl AirConfig {
    /// The usual settings: Hata's urban city, 8 dB of shadowing, 6 dB of noise.
    pub const fn new(seed: u64) -> Self {
        let loss = Loss::OkumuraHata { surroundings: crate::Surroundings::Urban };
        Self { seed, loss, shadowing_db: 8.0, noise_figure_db: 6.0 }
    }
}

/// A transmission.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Who sends.
    pub from: StationId,
    /// When it begins.
    pub at: Micros,
    /// How long it is on air.
    pub airtime: Micros,
    /// Centre frequency.
    pub frequency: Hertz,
    /// Data rate.
    pub modulation: Modulation,
    /// Whether its chirps go the other way, as in everything for devices.
    pub inverted: bool,
    /// Power that radiates in the antenna's best direction (EIRP), dBm.
    pub eirp_dbm: f64,
    /// The frame.
    pub payload: Vec<u8>,
}

impl Signal {
    fn end(&self) -> Micros {
        self.at.plus(self.airtime)
    }
}

/// Where a station listens.
#[derive(Clone, Debug, PartialEq)]
pub enum Listening {
    /// A concentrator: all data rates of the bandwidth on each channel, uplinks only, so many at once.
    Concentrator {
        /// Channels and their bandwidths.
        channels: Vec<(Hertz, Bandwidth)>,
        /// How many frames it demodulates at once.
        demodulators: usize,
    },
    /// A device's window: what begins within it, in its data rate, downlinks only.
    Window {
        /// When it opens.
        from: Micros,
        /// When it closes.
        until: Micros,
        /// Where.
        frequency: Hertz,
        /// In which data rate.
        modulation: Modulation,
    },
}

/// What became of a transmission at a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is heard.
    Heard,
    /// Its signal drowns in the noise.
    TooWeak,
    /// Another transmission drowns it.
    Collided,
    /// The station was sending itself.
    Deaf,
    /// All demodulators were taken.
    Crowded,
}

/// A transmission at a station that listened to its frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The station.
    pub station: StationId,
    /// The transmission.
    pub signal: Signal,
    /// When it ended.
    pub end: Micros,
    /// Strength in dBm.
    pub rssi_dbm: f64,
    /// Signal to noise in dB, as a concentrator reports it.
    pub snr_db: f64,
    /// What became of it.
    pub fate: Fate,
}

/// The air. See the module.
#[derive(Clone, Debug)]
pub struct Air {
    config: AirConfig,
    chance: Chance,
    stations: BTreeMap<StationId, Station>,
    listening: BTreeMap<StationId, Vec<Listening>>,
    /// Transmissions that are on air, or overlapped with one that is, by their beginnings.
    signals: BTreeMap<(Micros, u64), Signal>,
    /// Those that have not ended, by their ends.
    ends: BTreeSet<(Micros, u64, Micros)>,
    sent: u64,
    /// The end of the longest transmission so far after its beginning: how far back something can overlap.
    longest: Micros,
    /// At each concentrator, ends of what its demodulators are taken by.
    taken: BTreeMap<StationId, Vec<(Micros, Micros)>>,
}

impl Air {
    /// Empty air.
    pub const fn new(config: AirConfig) -> Self {
        Self {
            chance: Chance::new(config.seed),
            config,
            stations: BTreeMap::new(),
            listening: BTreeMap::new(),
            signals: BTreeMap::new(),
            ends: BTreeSet::new(),
            sent: 0,
            longest: Micros::ZERO,
            taken: BTreeMap::new(),
        }
    }

    /// Puts a station somewhere, or elsewhere.
    pub fn place(&mut self, id: StationId, station: Station) {
        self.stations.insert(id, station);
    }

    /// Where a station listens from now on; what it listened to before is over.
    pub fn listen(&mut self, id: StationId, listening: Vec<Listening>) {
        self.listening.insert(id, listening);
    }

    /// Begins a transmission. Its beginning must not lie before what was asked for last.
    pub fn transmit(&mut self, signal: Signal) {
        self.longest = self.longest.max(signal.airtime);
        self.ends.insert((signal.end(), self.sent, signal.at));
        self.signals.insert((signal.at, self.sent), signal);
        self.sent += 1;
    }

    /// When the next transmission ends, if one is on air.
    pub fn next_end(&self) -> Option<Micros> {
        self.ends.first().map(|(end, ..)| *end)
    }

    /// Strength of one station's signal at another, in dBm.
    pub fn rssi_dbm(&self, from: StationId, to: StationId, frequency: Hertz, eirp_dbm: f64) -> Option<f64> {
        let (sender, receiver) = (self.stations.get(&from)?, self.stations.get(&to)?);
        let loss = self.config.loss.db(&sender.position, &receiver.position, frequency);
        let shadow = shadowing_db(self.chance, u64::from(from.0), u64::from(to.0), self.config.shadowing_db);
        Some(eirp_dbm + receiver.antenna.gain_dbi - loss - shadow)
    }

    /// Noise of a receiver in dBm.
    pub fn noise_dbm(&self, modulation: Modulation) -> f64 {
        NOISE_DBM_HZ + self.config.noise_figure_db + 10.0 * libm::log10(f64::from(khz(modulation)) * 1_000.0)
    }

    /// What became of everything that ended until `until`, in the order of ends and stations.
    pub fn step(&mut self, until: Micros) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while let Some((end, number, at)) = self.ends.first().copied().filter(|(end, ..)| *end <= until) {
            self.ends.remove(&(end, number, at));
            let Some(signal) = self.signals.get(&(at, number)).cloned() else { continue };
            let stations: Vec<StationId> = self.listening.keys().copied().filter(|id| *id != signal.from).collect();
            for station in stations {
                outcomes.extend(self.outcome(station, number, &signal));
            }
        }
        self.forget();
        outcomes
    }

    fn outcome(&mut self, station: StationId, number: u64, signal: &Signal) -> Option<Outcome> {
        let demodulators = self.listening.get(&station)?.iter().find_map(|one| listens(one, signal))?;
        let rssi_dbm = self.rssi_dbm(signal.from, station, signal.frequency, signal.eirp_dbm)?;
        let snr = rssi_dbm - self.noise_dbm(signal.modulation);
        let fate = if snr * 10.0 < f64::from(spreading(signal.modulation).snr_floor_ddb()) {
            Fate::TooWeak
        } else if self.overlapping(signal, number).any(|other| other.from == station) {
            Fate::Deaf
        } else if !self.takes_demodulator(station, signal, demodulators) {
            Fate::Crowded
        } else if self.drowned(station, number, signal, rssi_dbm) {
            Fate::Collided
        } else {
            Fate::Heard
        };
        let snr_db = if snr > SNR_MOST_DB { SNR_MOST_DB } else { snr };
        Some(Outcome { station, signal: signal.clone(), end: signal.end(), rssi_dbm, snr_db, fate })
    }

    /// All other transmissions that overlap in time.
    fn overlapping(&self, signal: &Signal, number: u64) -> impl Iterator<Item = &Signal> {
        let (from, to) = (signal.at.since(self.longest), signal.end());
        let begun = signal.at;
        self.signals
            .range((from, 0)..(to, 0))
            .filter(move |((_, other), one)| *other != number && one.end() > begun)
            .map(|(_, one)| one)
    }

    /// Whether a demodulator is free over all of a transmission. Those that end first take theirs first.
    fn takes_demodulator(&mut self, station: StationId, signal: &Signal, demodulators: usize) -> bool {
        let taken = self.taken.entry(station).or_default();
        let overlapping = taken.iter().filter(|(from, to)| *from < signal.end() && signal.at < *to).count();
        let free = overlapping < demodulators;
        if free {
            taken.push((signal.at, signal.end()));
        }
        free
    }

    /// Whether interferers of one spreading factor together are too strong. Powers are added; each factor has its own threshold.
    fn drowned(&self, station: StationId, number: u64, signal: &Signal, rssi_dbm: f64) -> bool {
        let mut powers = [0.0; 6];
        for other in self.overlapping(signal, number).filter(|other| overlaps(other, signal) && other.inverted == signal.inverted)
        {
            if let Some(dbm) = self.rssi_dbm(other.from, station, other.frequency, other.eirp_dbm) {
                powers[row(other.modulation)] += libm::pow(10.0, dbm / 10.0);
            }
        }
        powers
            .iter()
            .zip(NEEDED_DB[row(signal.modulation)])
            .any(|(power, needed)| *power > 0.0 && rssi_dbm - 10.0 * libm::log10(*power) < f64::from(needed))
    }

    /// Forgets what nothing on air can overlap with any more.
    fn forget(&mut self) {
        let oldest = self.ends.iter().map(|(.., at)| *at).min();
        let newest = self.signals.last_key_value().map(|((at, _), _)| *at).unwrap_or_default();
        let keep = oldest.unwrap_or(newest).since(self.longest).since(self.longest);
        let gone: Vec<(Micros, u64)> =
            self.signals.range(..(keep, 0)).filter(|(_, one)| one.end() <= keep).map(|(key, _)| *key).collect();
        for key in gone {
            self.signals.remove(&key);
        }
        for taken in self.taken.values_mut() {
            taken.retain(|(_, to)| *to > keep);
        }
    }

    /// How many transmissions are remembered.
    pub fn remembered(&self) -> usize {
        self.signals.len()
    }
}

/// How many demodulators listen to a transmission, if any.
fn listens(listening: &Listening, signal: &Signal) -> Option<usize> {
    match listening {
        Listening::Concentrator { channels, demodulators } => {
            let hears = |(frequency, bandwidth): &(Hertz, Bandwidth)| {
                *frequency == signal.frequency && bandwidth.khz() == khz(signal.modulation)
            };
            (!signal.inverted && channels.iter().any(hears)).then_some(*demodulators)
        }
        Listening::Window { from, until, frequency, modulation } => {
            let within = *from <= signal.at && signal.at <= *until;
            let same = *frequency == signal.frequency && *modulation == signal.modulation;
            (signal.inverted && within && same).then_some(1)
        }
    }
}

const fn spreading(modulation: Modulation) -> Spreading {
    match modulation {
        Modulation::Lora { spreading, .. } => spreading,
        Modulation::Fsk { .. } => Spreading::Sf7,
    }
}

const fn khz(modulation: Modulation) -> u32 {
    match modulation {
        Modulation::Lora { bandwidth, .. } => bandwidth.khz(),
        Modulation::Fsk { .. } => 125,
    }
}

fn row(modulation: Modulation) -> usize {
    (spreading(modulation).factor().max(7) - 7) as usize
}

/// Whether two transmissions share a part of the band.
fn overlaps(a: &Signal, b: &Signal) -> bool {
    a.frequency.apart(b.frequency) < (khz(a.modulation) + khz(b.modulation)) * 500
}
