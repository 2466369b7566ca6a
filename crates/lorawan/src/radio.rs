//! What is said about a transmission: frequency, modulation, coding.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Why a text says nothing about a radio.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RadioError {
    /// No LoRa data rate.
    #[error("`{0}` is no data rate: write SF7 to SF12 (also SF5, SF6) and BW125, BW250 or BW500, as SF7BW125")]
    DataRate(String),
    /// No coding rate.
    #[error("`{0}` is no coding rate: write 4/5, 4/6, 4/7 or 4/8")]
    CodingRate(String),
}

/// A frequency in hertz, up to 4.29 GHz.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hertz(u32);

impl Hertz {
    /// So many hertz.
    pub const fn new(hertz: u32) -> Self {
        Self(hertz)
    }

    /// The hertz.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// From megahertz as GWMP writes them, to the nearest hertz; none for what is no frequency.
    pub fn from_mhz(mhz: f64) -> Option<Self> {
        // The product of a number of hertz written with six places is off by less than half a hertz, so rounding finds it exactly.
        let hertz = (mhz * 1e6).round();
        (hertz >= 1.0 && hertz <= f64::from(u32::MAX)).then_some(Self(hertz as u32))
    }

    /// In megahertz: the number whose shortest form has at most six places.
    pub fn mhz(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// How far apart two are.
    #[must_use]
    pub const fn apart(self, other: Self) -> u32 {
        self.0.abs_diff(other.0)
    }
}

impl fmt::Display for Hertz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MHz", self.mhz())
    }
}

/// A LoRa spreading factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spreading {
    /// 32 chips a symbol; no region of this crate uses it.
    Sf5,
    /// 64 chips a symbol; no region of this crate uses it.
    Sf6,
    /// 128 chips a symbol.
    Sf7,
    /// 256 chips a symbol.
    Sf8,
    /// 512 chips a symbol.
    Sf9,
    /// 1,024 chips a symbol.
    Sf10,
    /// 2,048 chips a symbol.
    Sf11,
    /// 4,096 chips a symbol.
    Sf12,
}

impl Spreading {
    /// All of them.
    pub const ALL: [Self; 8] = [Self::Sf5, Self::Sf6, Self::Sf7, Self::Sf8, Self::Sf9, Self::Sf10, Self::Sf11, Self::Sf12];

    /// The number.
    pub const fn factor(self) -> u32 {
        match self {
            Self::Sf5 => 5,
            Self::Sf6 => 6,
            Self::Sf7 => 7,
            Self::Sf8 => 8,
            Self::Sf9 => 9,
            Self::Sf10 => 10,
            Self::Sf11 => 11,
            Self::Sf12 => 12,
        }
    }

    /// Lowest ratio of signal to noise at which it is demodulated, in tenths of a decibel (data sheet of the SX1276, table 13).
    pub const fn snr_floor_ddb(self) -> i32 {
        25 - 25 * (self.factor() as i32 - 3)
    }
}

/// A LoRa bandwidth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bandwidth {
    /// 125 kHz.
    Khz125,
    /// 250 kHz.
    Khz250,
    /// 500 kHz.
    Khz500,
}

impl Bandwidth {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Khz125, Self::Khz250, Self::Khz500];

    /// In kilohertz.
    pub const fn khz(self) -> u32 {
        match self {
            Self::Khz125 => 125,
            Self::Khz250 => 250,
            Self::Khz500 => 500,
        }
    }
}

/// How bits become a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Modulation {
    /// Chirps.
    Lora {
        /// How long they are.
        spreading: Spreading,
        /// How wide.
        bandwidth: Bandwidth,
    },
    /// Two tones.
    Fsk {
        /// Bits per second.
        bit_rate: u32,
    },
}

impl Modulation {
    /// LoRa.
    pub const fn lora(spreading: Spreading, bandwidth: Bandwidth) -> Self {
        Self::Lora { spreading, bandwidth }
    }
}

impl fmt::Display for Modulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lora { spreading, bandwidth } => write!(f, "SF{}BW{}", spreading.factor(), bandwidth.khz()),
            Self::Fsk { bit_rate } => write!(f, "FSK{bit_rate}"),
        }
    }
}

impl FromStr for Modulation {
    type Err = RadioError;

    fn from_str(text: &str) -> Result<Self, RadioError> {
        let error = || RadioError::DataRate(text.chars().take(32).collect());
        if let Some(rate) = text.strip_prefix("FSK") {
            return rate.parse().map(|bit_rate| Self::Fsk { bit_rate }).map_err(|_| error());
        }
        let (factor, khz) = text.strip_prefix("SF").and_then(|rest| rest.split_once("BW")).ok_or_else(error)?;
        let spreading = Spreading::ALL.into_iter().find(|one| one.factor().to_string() == factor).ok_or_else(error)?;
        let bandwidth = Bandwidth::ALL.into_iter().find(|one| one.khz().to_string() == khz).ok_or_else(error)?;
        Ok(Self::Lora { spreading, bandwidth })
    }
}

impl Serialize for Modulation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Modulation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How many bits carry four bits of LoRa.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodingRate {
    /// 4/5, as LoRaWAN sends.
    Cr45,
    /// 4/6.
    Cr46,
    /// 4/7.
    Cr47,
    /// 4/8.
    Cr48,
}

impl CodingRate {
    /// Bits beyond the four.
    pub const fn redundancy(self) -> u32 {
        match self {
            Self::Cr45 => 1,
            Self::Cr46 => 2,
            Self::Cr47 => 3,
            Self::Cr48 => 4,
        }
    }

    /// As ChirpStack's events write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cr45 => "CR_4_5",
            Self::Cr46 => "CR_4_6",
            Self::Cr47 => "CR_4_7",
            Self::Cr48 => "CR_4_8",
        }
    }
}

impl fmt::Display for CodingRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "4/{}", 4 + self.redundancy())
    }
}

impl FromStr for CodingRate {
    type Err = RadioError;

    fn from_str(text: &str) -> Result<Self, RadioError> {
        match text {
            "4/5" => Ok(Self::Cr45),
            // Forwarders shorten what a chip reports.
            "4/6" | "2/3" => Ok(Self::Cr46),
            "4/7" => Ok(Self::Cr47),
            "4/8" | "1/2" | "2/4" => Ok(Self::Cr48),
            _ => Err(RadioError::CodingRate(text.chars().take(32).collect())),
        }
    }
}

impl Serialize for CodingRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CodingRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hertz_of_the_bands_survives_megahertz() {
        for base in [863_000_000, 868_099_990, 869_524_990, 902_299_990, 923_299_990, 927_999_000] {
            for hertz in base..base + 1_000 {
                let text = serde_json::to_string(&Hertz::new(hertz).mhz()).unwrap();
                assert!(text.len() <= 10, "{text}");
                assert_eq!(Hertz::from_mhz(text.parse().unwrap()), Some(Hertz::new(hertz)));
            }
        }
        // Cutting off the product, as others do, would make a hertz less of it.
        assert_eq!(Hertz::from_mhz(866.349_812), Some(Hertz::new(866_349_812)));
        for none in [0.0, -868.1, f64::NAN, f64::INFINITY, 4_295.0] {
            assert_eq!(Hertz::from_mhz(none), None);
        }
    }

    #[test]
    fn each_step_of_spreading_hears_two_and_a_half_decibels_deeper() {
        let floors = Spreading::ALL.map(Spreading::snr_floor_ddb);
        assert_eq!(floors, [-25, -50, -75, -100, -125, -150, -175, -200]);
    }

    #[test]
    fn data_rates_and_coding_rates_are_read_as_they_are_written() {
        for spreading in Spreading::ALL {
            for bandwidth in Bandwidth::ALL {
                let rate = Modulation::lora(spreading, bandwidth);
                assert_eq!(rate.to_string().parse(), Ok(rate));
            }
        }
        for wrong in ["", "SF7", "SF13BW125", "SF7BW62", "SF07BW125", "sf7bw125", "SF7BW125 ", "FSK"] {
            assert!(wrong.parse::<Modulation>().is_err(), "{wrong}");
        }
        for rate in [CodingRate::Cr45, CodingRate::Cr46, CodingRate::Cr47, CodingRate::Cr48] {
            assert_eq!(rate.to_string().parse(), Ok(rate));
        }
        assert!("OFF".parse::<CodingRate>().is_err());
    }
}
