//! How much of a signal is lost on its way.

use crate::{Chance, Position};
use depin_lorawan::Hertz;
use serde::{Deserialize, Serialize};

/// Metres per second, as the proof of coverage takes it.
const LIGHT: f64 = 2.998e8;

/// What stands between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surroundings {
    /// A small or medium city.
    Urban,
    /// Its outskirts.
    Suburban,
    /// Open country.
    Open,
}

/// A model of path loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "model")]
pub enum Loss {
    /// Nothing stands between.
    FreeSpace,
    /// Measured in Tokyo, written as formulas by Hata; never less than free space.
    OkumuraHata {
        /// What stands between.
        surroundings: Surroundings,
    },
}

/// Loss in decibels through nothing: `20 log10(4 pi d f / c)`, `d` at least a metre.
pub fn free_space_db(metres: f64, frequency: Hertz) -> f64 {
    let metres = if metres < 1.0 { 1.0 } else { metres };
    20.0 * libm::log10(4.0 * core::f64::consts::PI * metres * f64::from(frequency.get()) / LIGHT)
}

/// Loss in decibels by Hata's formulas (M. Hata, IEEE Trans. Veh. Tech. 29, 1980): 150 to 1,500 MHz, 1 to 20 km, base 30 to 200 m and mobile 1 to
/// 10 m above the ground. Distances and base heights outside of that are extrapolated by the same formulas, which is usual and not measured; a base
/// is taken as at least 4 m high, a mobile as 1 to 10 m.
pub fn okumura_hata_db(metres: f64, frequency: Hertz, base_m: f64, mobile_m: f64, surroundings: Surroundings) -> f64 {
    let mhz = f64::from(frequency.get()) / 1e6;
    let (f, hb) = (libm::log10(mhz), libm::log10(if base_m < 4.0 { 4.0 } else { base_m }));
    let mobile = mobile_m.clamp(1.0, 10.0);
    let correction = (1.1 * f - 0.7) * mobile - (1.56 * f - 0.8);
    let urban = 69.55 + 26.16 * f - 13.82 * hb - correction + (44.9 - 6.55 * hb) * libm::log10(metres / 1_000.0);
    match surroundings {
        Surroundings::Urban => urban,
        Surroundings::Suburban => {
            let step = libm::log10(mhz / 28.0);
            urban - 2.0 * step * step - 5.4
        }
        Surroundings::Open => urban - 4.78 * f * f + 18.33 * f - 40.94,
    }
}

impl Loss {
    /// Loss in decibels between two places. The higher one is the base.
    pub fn db(&self, from: &Position, to: &Position, frequency: Hertz) -> f64 {
        let free = free_space_db(from.air_m(to), frequency);
        match self {
            Self::FreeSpace => free,
            Self::OkumuraHata { surroundings } => {
                let (low, high) = if from.height_m() < to.height_m() { (from, to) } else { (to, from) };
                let hata = okumura_hata_db(from.air_m(to), frequency, high.height_m(), low.height_m(), *surroundings);
                if hata < free { free } else { hata }
            }
        }
    }
}

/// What buildings and hills add or take between two stations: log-normal, the same both ways and for the whole run.
pub(crate) fn shadowing_db(chance: Chance, a: u64, b: u64, deviation_db: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    chance.of(low).of(high).normal() * deviation_db
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 0.05, "{got} is not {expected}");
    }

    #[test]
    fn free_space_is_as_printed() {
        // 32.45 + 20 log10(km) + 20 log10(MHz), within the rounding of that constant.
        for (metres, mhz) in [(1_000.0_f64, 868.1_f64), (100_000.0, 915.0), (10.0, 903.9)] {
            let expected = 32.45 + 20.0 * (metres / 1e3).log10() + 20.0 * mhz.log10();
            close(free_space_db(metres, Hertz::new((mhz * 1e6) as u32)), expected);
        }
        close(free_space_db(0.0, Hertz::new(868_000_000)), 31.21);
    }

    /// Worked by another program from the formulas: 900 MHz, base 100 m, mobile 2 m, 4 km.
    #[test]
    fn okumura_hata_is_as_printed() {
        let db = |surroundings| okumura_hata_db(4_000.0, Hertz::new(900_000_000), 100.0, 2.0, surroundings);
        close(db(Surroundings::Urban), 137.05);
        close(db(Surroundings::Suburban), 127.11);
        close(db(Surroundings::Open), 108.54);
    }

    #[test]
    fn nothing_is_less_than_free_space_and_every_way_is_the_same_back() {
        let hata = Loss::OkumuraHata { surroundings: Surroundings::Open };
        let here = Position::new(52.5, 13.4, 2.0).unwrap();
        for metres in [0.0, 1.0, 30.0, 500.0, 5_000.0] {
            let there = Position::new(52.5, 13.4, 40.0).unwrap().moved(metres, 0.0);
            let frequency = Hertz::new(868_100_000);
            assert!(hata.db(&here, &there, frequency) >= Loss::FreeSpace.db(&here, &there, frequency));
            assert_eq!(hata.db(&here, &there, frequency).to_bits(), hata.db(&there, &here, frequency).to_bits());
        }
        let chance = Chance::new(1);
        assert_eq!(shadowing_db(chance, 3, 9, 8.0).to_bits(), shadowing_db(chance, 9, 3, 8.0).to_bits());
        assert_ne!(shadowing_db(chance, 3, 9, 8.0).to_bits(), shadowing_db(chance, 3, 8, 8.0).to_bits());
    }
}
