//! A hotspot's concentrator: its counter of microseconds, and the packets that wait to be emitted.
//!
//! As Semtech's packet forwarder judges them (its just-in-time queue): too late without 42.5 ms to go, too early beyond 512 s, a collision when two
//! would be on air at once, a frequency that the radio does not reach, a power that it does not have and lowers.

use depin_lorawan::{
    Hertz, Micros,
    gwmp::{Emission, TxError, TxPacket, TxReport},
    region::{Airtime, Region, airtime},
};
use std::collections::BTreeMap;

/// Start delay, margin and delay of the queue: what a packet needs until it is on air.
const LEAD: Micros = Micros::new(42_500);
/// No packet waits longer.
const AHEAD: Micros = Micros::seconds(512);
/// Time that the radio needs between two packets.
const MARGIN: Micros = Micros::millis(1);
/// An immediate packet leaves so soon.
const SOON: Micros = Micros::millis(50);

/// A packet that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When it is on air.
    pub at: Micros,
    /// For how long.
    pub airtime: Micros,
    /// With which power at the antenna's foot, dBm.
    pub power_dbm: i8,
    /// The packet.
    pub packet: TxPacket,
}

/// A concentrator. See the module.
#[derive(Clone, Debug)]
pub struct Concentrator {
    region: Region,
    /// When its counter was 0 first.
    booted: Micros,
    /// Most power that its radio has.
    power_dbm_max: i8,
    queue: BTreeMap<Micros, Planned>,
}

impl Concentrator {
    /// One that was switched on then; its radio has at most so much power.
    pub const fn new(region: Region, booted: Micros, power_dbm_max: i8) -> Self {
        Self { region, booted, power_dbm_max, queue: BTreeMap::new() }
    }

    /// Its counter.
    pub const fn counter(&self, now: Micros) -> u32 {
        now.since(self.booted).wrapping()
    }

    /// Takes a packet to emit, or says why not.
    pub fn plan(&mut self, now: Micros, packet: TxPacket) -> TxReport {
        match self.check(now, &packet) {
            Err(error) => TxReport::Refused(error),
            Ok((at, airtime)) => {
                let asked = packet.power_dbm.unwrap_or(self.power_dbm_max);
                let power_dbm = asked.min(self.power_dbm_max);
                self.queue.insert(at, Planned { at, airtime, power_dbm, packet });
                TxReport::Accepted { power_dbm: (power_dbm < asked).then_some(i32::from(power_dbm)) }
            }
        }
    }

    fn check(&self, now: Micros, packet: &TxPacket) -> Result<(Micros, Micros), TxError> {
        if !self.reaches(packet.frequency) {
            return Err(TxError::Frequency);
        }
        let at = match packet.emission {
            Emission::Immediately => now.plus(SOON),
            // Nobody gave it a GPS.
            Emission::AtGps(_) => return Err(TxError::GpsUnlocked),
            Emission::AtTimestamp(timestamp) => {
                let ahead = timestamp.wrapping_sub(self.counter(now));
                // What lies more than half a turn ahead has passed.
                if ahead > u32::MAX / 2 || Micros::new(u64::from(ahead)) < LEAD {
                    return Err(TxError::TooLate);
                }
                if Micros::new(u64::from(ahead)) > AHEAD {
                    return Err(TxError::TooEarly);
                }
                now.plus(Micros::new(u64::from(ahead)))
            }
        };
        let coding_rate = packet.coding_rate.unwrap_or(depin_lorawan::CodingRate::Cr45);
        let airtime = airtime(Airtime {
            coding_rate,
            preamble: packet.preamble.unwrap_or(8),
            crc: !packet.without_crc,
            ..Airtime::uplink(packet.modulation, packet.payload.len())
        });
        let end = at.plus(airtime).plus(MARGIN);
        let collides = |other: &Planned| other.at < end && at < other.at.plus(other.airtime).plus(MARGIN);
        if self.queue.values().any(collides) {
            return Err(TxError::CollisionPacket);
        }
        Ok((at, airtime))
    }

    fn reaches(&self, frequency: Hertz) -> bool {
        self.region.plan().sub_band(frequency).is_some()
    }

    /// When the next packet is on air.
    pub fn next(&self) -> Option<Micros> {
        self.queue.first_key_value().map(|(at, _)| *at)
    }

    /// Packets whose time has come.
    pub fn emit(&mut self, now: Micros) -> Vec<Planned> {
        let later = self.queue.split_off(&now.plus(Micros::new(1)));
        std::mem::replace(&mut self.queue, later).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_lorawan::{Bandwidth, CodingRate, Modulation, Spreading};

    const BOOT: Micros = Micros::seconds(1_000);

    fn packet(timestamp: u32) -> TxPacket {
        TxPacket {
            emission: Emission::AtTimestamp(timestamp),
            frequency: Hertz::new(868_100_000),
            rf_chain: 0,
            power_dbm: Some(14),
            modulation: Modulation::lora(Spreading::Sf7, Bandwidth::Khz125),
            coding_rate: Some(CodingRate::Cr45),
            deviation_hz: None,
            inverted: true,
            preamble: None,
            without_crc: true,
            payload: vec![0; 12],
        }
    }

    #[test]
    fn packets_are_taken_in_time_and_refused_by_name() {
        let mut one = Concentrator::new(Region::Eu868, BOOT, 20);
        let now = BOOT.plus(Micros::seconds(10));
        assert_eq!(one.counter(now), 10_000_000);
        let refused = |error| TxReport::Refused(error);
        assert_eq!(one.plan(now, packet(10_042_499)), refused(TxError::TooLate));
        assert_eq!(one.plan(now, packet(9_000_000)), refused(TxError::TooLate));
        assert_eq!(one.plan(now, packet(10_042_500)), TxReport::AS_ASKED);
        // 12 bytes at SF7 without checksum last 41.216 ms, and a millisecond lies between two.
        assert_eq!(one.plan(now, packet(10_042_500 + 42_215)), refused(TxError::CollisionPacket));
        assert_eq!(one.plan(now, packet(10_042_500 + 42_216)), TxReport::AS_ASKED);
        assert_eq!(one.plan(now, packet(10_000_000 + 512_000_001)), refused(TxError::TooEarly));
        let elsewhere = TxPacket { frequency: Hertz::new(915_000_000), ..packet(11_000_000) };
        assert_eq!(one.plan(now, elsewhere), refused(TxError::Frequency));
        let gps = TxPacket { emission: Emission::AtGps(1), ..packet(0) };
        assert_eq!(one.plan(now, gps), refused(TxError::GpsUnlocked));
        let loud = TxPacket { power_dbm: Some(27), ..packet(12_000_000) };
        assert_eq!(one.plan(now, loud), TxReport::Accepted { power_dbm: Some(20) });
        assert_eq!(one.next(), Some(now.plus(Micros::new(42_500))));
        let emitted = one.emit(now.plus(Micros::new(42_500)));
        assert_eq!(emitted.iter().map(|one| one.power_dbm).collect::<Vec<_>>(), [14]);
        assert_eq!(one.emit(now.plus(Micros::seconds(9))).len(), 2);
        assert_eq!(one.next(), None);
    }

    #[test]
    fn its_counter_wraps_and_times_over_the_wrap_are_in_time() {
        let mut one = Concentrator::new(Region::Eu868, BOOT, 20);
        let now = BOOT.plus(Micros::new(u64::from(u32::MAX) - 500_000));
        assert_eq!(one.plan(now, packet(499_999)), TxReport::AS_ASKED);
        assert_eq!(one.next(), Some(now.plus(Micros::seconds(1))));
        assert_eq!(one.counter(now.plus(Micros::seconds(1))), 499_999);
    }
}
