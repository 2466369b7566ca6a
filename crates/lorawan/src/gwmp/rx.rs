//! A packet that a forwarder received.

use super::{
    FieldError,
    json::{Rate, base64, coding_rate, frequency, modulation, modulation_name, object, payload, time, whole},
};
use crate::{CodingRate, Hertz, Modulation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the concentrator says of a packet's checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crc {
    /// It fits.
    Ok,
    /// It does not.
    Failed,
    /// There is none.
    Absent,
}

impl Crc {
    const fn stat(self) -> i8 {
        match self {
            Self::Ok => 1,
            Self::Failed => -1,
            Self::Absent => 0,
        }
    }
}

/// A packet that a forwarder received (`rxpk`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RxPacket {
    /// The concentrator's counter of microseconds when its reception ended. It wraps.
    pub timestamp: u32,
    /// When that was, in the words of the forwarder, which nothing relies on.
    pub time: Option<String>,
    /// The same as milliseconds since 1980-01-06 in GPS time.
    pub gps_ms: Option<u64>,
    /// Centre frequency.
    pub frequency: Hertz,
    /// The concentrator's channel.
    pub channel: u8,
    /// The concentrator's radio chain.
    pub rf_chain: u8,
    /// Whether the checksum fits.
    pub crc: Crc,
    /// Modulation and data rate.
    pub modulation: Modulation,
    /// Coding rate; FSK has none.
    pub coding_rate: Option<CodingRate>,
    /// Strength in dBm; of several antennas the strongest one's.
    pub rssi_dbm: i32,
    /// Signal to noise in tenths of a decibel; FSK has none.
    pub snr_ddb: Option<i32>,
    /// The frame.
    pub payload: Vec<u8>,
}

/// One antenna's signal.
#[derive(Deserialize)]
struct Signal {
    chan: Option<u8>,
    rssic: Option<f64>,
    lsnr: Option<f64>,
}

/// A checksum's state; some forwarders write the number as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stat {
    Number(i64),
    Text(String),
}

impl Stat {
    fn crc(&self) -> Result<Crc, FieldError> {
        let number = match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
        };
        match (number, self) {
            (Some(1), _) => Ok(Crc::Ok),
            (Some(-1), _) => Ok(Crc::Failed),
            (Some(0), _) => Ok(Crc::Absent),
            (_, Self::Number(other)) => Err(FieldError::bounds("stat", other, STAT)),
            (_, Self::Text(other)) => Err(FieldError::bounds("stat", other, STAT)),
        }
    }
}

const STAT: &str = "1 is a checksum that fits, -1 one that does not, 0 none";

#[derive(Deserialize)]
struct Raw {
    time: Option<String>,
    tmms: Option<u64>,
    /// Some forwarders count 64 bits; the concentrator has 32.
    tmst: Option<u64>,
    freq: Option<f64>,
    chan: Option<u8>,
    rfch: Option<u8>,
    stat: Option<Stat>,
    modu: Option<String>,
    datr: Option<Rate>,
    codr: Option<String>,
    rssi: Option<f64>,
    lsnr: Option<f64>,
    size: Option<usize>,
    data: Option<String>,
    rsig: Option<Vec<Signal>>,
}

#[derive(Serialize)]
pub(super) struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tmms: Option<u64>,
    tmst: u32,
    freq: f64,
    chan: u8,
    rfch: u8,
    stat: i8,
    modu: &'static str,
    datr: Rate,
    codr: String,
    rssi: i32,
    lsnr: f64,
    size: usize,
    data: String,
}

impl RxPacket {
    pub(super) fn read(value: &Value) -> Result<Self, FieldError> {
        let raw: Raw = object(value)?;
        let crc = raw.stat.ok_or(FieldError::Missing("stat"))?.crc()?;
        let modulation = modulation(raw.modu.as_deref(), raw.datr.as_ref())?;
        let strongest = raw.rsig.as_deref().unwrap_or_default().iter().filter(|one| one.rssic.is_some());
        let strongest = strongest.max_by(|a, b| a.rssic.partial_cmp(&b.rssic).unwrap_or(std::cmp::Ordering::Equal));
        let rssi = raw.rssi.or_else(|| strongest?.rssic).ok_or(FieldError::Missing("rssi"))?;
        let snr = raw.lsnr.or_else(|| strongest?.lsnr);
        let lora = matches!(modulation, Modulation::Lora { .. });
        let snr = match snr {
            Some(snr) if lora => Some(whole("lsnr", snr * 10.0, (-1_000, 1_000), "a signal to noise ratio is within 100 dB")?),
            None if lora => return Err(FieldError::Missing("lsnr")),
            _ => None,
        };
        Ok(Self {
            timestamp: raw.tmst.ok_or(FieldError::Missing("tmst"))? as u32,
            time: time(raw.time)?,
            gps_ms: raw.tmms,
            frequency: frequency(raw.freq)?,
            channel: raw.chan.or_else(|| strongest?.chan).unwrap_or_default(),
            rf_chain: raw.rfch.unwrap_or_default(),
            crc,
            modulation,
            coding_rate: coding_rate(raw.codr.as_deref(), modulation)?,
            rssi_dbm: whole("rssi", rssi, (-250, 100), "strengths are -250 to 100 dBm")?,
            snr_ddb: snr,
            payload: payload(raw.data.as_deref(), raw.size)?,
        })
    }

    pub(super) fn written(&self) -> Written<'_> {
        Written {
            time: self.time.as_deref(),
            tmms: self.gps_ms,
            tmst: self.timestamp,
            freq: self.frequency.mhz(),
            chan: self.channel,
            rfch: self.rf_chain,
            stat: self.crc.stat(),
            modu: modulation_name(self.modulation),
            datr: Rate::of(self.modulation),
            codr: self.coding_rate.map_or_else(|| "OFF".to_owned(), |rate| rate.to_string()),
            rssi: self.rssi_dbm,
            lsnr: f64::from(self.snr_ddb.unwrap_or_default()) / 10.0,
            size: self.payload.len(),
            data: base64(&self.payload),
        }
    }
}
