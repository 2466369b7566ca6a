//! The form of a region's tables, and what is asked of them.

use super::{eu868, us915};
use crate::{Hertz, Micros, Modulation};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A region with rules of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Region {
    /// Europe, 863 to 870 MHz.
    #[serde(rename = "EU868")]
    Eu868,
    /// North America, 902 to 928 MHz.
    #[serde(rename = "US915")]
    Us915,
}

/// Why something is not done in a region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    /// No region of this name.
    #[error("`{0}` is no region with a table here; there are EU868 and US915")]
    Unknown(String),
    /// Nothing is sent there.
    #[error("{region} has no channel at {frequency} with {modulation}")]
    NoChannel {
        /// Where.
        region: Region,
        /// At which frequency.
        frequency: Hertz,
        /// In which data rate.
        modulation: Modulation,
    },
}

impl Region {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Eu868, Self::Us915];

    /// Its tables.
    pub const fn plan(self) -> &'static Plan {
        match self {
            Self::Eu868 => &eu868::PLAN,
            Self::Us915 => &us915::PLAN,
        }
    }

    /// As ChirpStack's events name it.
    pub const fn config_id(self) -> &'static str {
        match self {
            Self::Eu868 => "eu868",
            Self::Us915 => "us915",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eu868 => "EU868",
            Self::Us915 => "US915",
        })
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        let known = Self::ALL.into_iter().find(|region| region.to_string().eq_ignore_ascii_case(text));
        known.ok_or_else(|| RegionError::Unknown(text.chars().take(32).collect()))
    }
}

/// A data rate of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataRate {
    /// Its number, DR0 to DR15.
    pub index: u8,
    /// What it is on air.
    pub modulation: Modulation,
    /// Most bytes of an application's payload, without options in the header and without repeaters (`N` of the regional parameters).
    pub payload_max: u8,
    /// Whether devices send in it.
    pub up: bool,
    /// Whether they receive in it.
    pub down: bool,
}

/// A channel that devices send on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its number.
    pub index: u8,
    /// Its centre.
    pub frequency: Hertz,
    /// Lowest data rate.
    pub data_rate_min: u8,
    /// Highest.
    pub data_rate_max: u8,
}

/// A part of a band with limits of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubBand {
    /// First frequency.
    pub from: Hertz,
    /// The frequency behind the last.
    pub to: Hertz,
    /// Time on air within an hour, in ten-thousandths of it; none where it is not limited.
    pub duty: Option<u32>,
    /// Highest radiated power (EIRP) in tenths of dBm.
    pub eirp_ddbm_max: i32,
}

/// Where a device listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// At which frequency.
    pub frequency: Hertz,
    /// In which data rate.
    pub data_rate: DataRate,
}

/// What a join accept says about channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CfList {
    /// Frequencies of channels 3 to 7.
    Frequencies([Hertz; 5]),
    /// Which of the region's fixed channels are used, 16 to each number.
    Mask([u16; 5]),
}

impl CfList {
    /// The 16 bytes of a frame.
    pub fn on_air(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        match self {
            Self::Frequencies(all) => {
                for (place, frequency) in bytes.chunks_exact_mut(3).zip(all) {
                    let [a, b, c, _] = (frequency.get() / 100).to_le_bytes();
                    place.copy_from_slice(&[a, b, c]);
                }
            }
            Self::Mask(all) => {
                for (place, mask) in bytes.chunks_exact_mut(2).zip(all) {
                    place.copy_from_slice(&mask.to_le_bytes());
                }
                bytes[15] = 1;
            }
        }
        bytes
    }

    /// From the 16 bytes of a frame; none of a kind that is not known.
    pub fn from_air(bytes: &[u8; 16]) -> Option<Self> {
        match bytes[15] {
            0 => {
                let mut all = [Hertz::new(0); 5];
                for (frequency, place) in all.iter_mut().zip(bytes.chunks_exact(3)) {
                    *frequency = Hertz::new(u32::from_le_bytes([place[0], place[1], place[2], 0]) * 100);
                }
                Some(Self::Frequencies(all))
            }
            1 => {
                let mut all = [0; 5];
                for (mask, place) in all.iter_mut().zip(bytes.chunks_exact(2)) {
                    *mask = u16::from_le_bytes([place[0], place[1]]);
                }
                Some(Self::Mask(all))
            }
            _ => None,
        }
    }
}

/// A region's tables.
#[derive(Debug)]
pub struct Plan {
    /// Which region.
    pub region: Region,
    /// Data rates in the order of their numbers.
    pub data_rates: &'static [DataRate],
    /// Channels that devices join on.
    pub join_channels: &'static [Channel],
    /// All channels that devices send on here, with those that a join gives them: the ones that a hotspot listens to.
    pub channels: &'static [Channel],
    /// What a join accept says about them.
    pub cf_list: CfList,
    /// Limits, in the order of frequencies.
    pub sub_bands: &'static [SubBand],
    /// The second window.
    pub rx2: (Hertz, u8),
    /// Data rates of the first window: rows by the uplink's, columns by the offset.
    pub rx1_rates: &'static [&'static [u8]],
    /// Frequencies of the first window by the uplink's channel; empty where it is the uplink's own.
    pub rx1_frequencies: &'static [Hertz],
    /// Longest transmission of a device on a channel of 125 kHz; none where it is not limited.
    pub dwell_max: Option<Micros>,
    /// Highest radiated power of a device (EIRP) in tenths of dBm.
    pub device_eirp_ddbm: i32,
}

impl Plan {
    /// Between the end of an uplink and the first window, unless the join gave another time; the second opens a second later.
    pub const RX1_DELAY: Micros = Micros::seconds(1);
    /// Between the end of a join request and the first window.
    pub const JOIN_RX1_DELAY: Micros = Micros::seconds(5);
    /// Between the two windows.
    pub const RX2_AFTER_RX1: Micros = Micros::seconds(1);

    /// A data rate by its number.
    pub fn data_rate(&self, index: u8) -> Option<&'static DataRate> {
        self.data_rates.iter().find(|rate| rate.index == index)
    }

    /// The data rate that devices send in by what it is on air.
    pub fn data_rate_up(&self, modulation: Modulation) -> Option<&'static DataRate> {
        self.data_rates.iter().find(|rate| rate.up && rate.modulation == modulation)
    }

    /// The channel of an uplink.
    ///
    /// # Errors
    /// [`RegionError::NoChannel`].
    pub fn channel(
        &self,
        frequency: Hertz,
        modulation: Modulation,
    ) -> Result<(&'static Channel, &'static DataRate), RegionError> {
        let none = || RegionError::NoChannel { region: self.region, frequency, modulation };
        let rate = self.data_rate_up(modulation).ok_or_else(none)?;
        let fits = |channel: &&Channel| {
            channel.frequency == frequency && (channel.data_rate_min..=channel.data_rate_max).contains(&rate.index)
        };
        self.channels.iter().find(fits).map(|channel| (channel, rate)).ok_or_else(none)
    }

    /// Where a device listens first after an uplink.
    ///
    /// # Errors
    /// [`RegionError::NoChannel`] when nothing is sent on such a channel.
    pub fn rx1(&self, frequency: Hertz, modulation: Modulation, offset: u8) -> Result<Window, RegionError> {
        let (channel, rate) = self.channel(frequency, modulation)?;
        let none = || RegionError::NoChannel { region: self.region, frequency, modulation };
        let row = self.rx1_rates.get(usize::from(rate.index)).ok_or_else(none)?;
        let index = row.get(usize::from(offset)).or(row.last()).ok_or_else(none)?;
        let frequency = match self.rx1_frequencies {
            [] => frequency,
            all => all[usize::from(channel.index) % all.len()],
        };
        Ok(Window { frequency, data_rate: *self.data_rate(*index).ok_or_else(none)? })
    }

    /// Where a device listens second.
    pub fn rx2(&self) -> Window {
        let (frequency, index) = self.rx2;
        let data_rate = *self.data_rate(index).expect("each plan has the data rate of its second window");
        Window { frequency, data_rate }
    }

    /// The limits at a frequency; none outside of the band.
    pub fn sub_band(&self, frequency: Hertz) -> Option<(usize, &'static SubBand)> {
        self.sub_bands.iter().enumerate().find(|(_, band)| band.from <= frequency && frequency < band.to)
    }
}

pub(super) const fn rate(index: u8, modulation: Modulation, payload_max: u8, up: bool, down: bool) -> DataRate {
    DataRate { index, modulation, payload_max, up, down }
}
