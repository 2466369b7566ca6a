//! A packet that a forwarder shall emit.

use super::{
    FieldError,
    json::{Rate, base64, coding_rate, frequency, modulation, modulation_name, object, payload},
};
use crate::{CodingRate, Hertz, Modulation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// When a packet is emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emission {
    /// As soon as it arrives.
    Immediately,
    /// When the concentrator's counter of microseconds is this.
    AtTimestamp(u32),
    /// At this GPS time, milliseconds since 1980-01-06.
    AtGps(u64),
}

/// A packet to emit (`txpk`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxPacket {
    /// When.
    pub emission: Emission,
    /// Centre frequency.
    pub frequency: Hertz,
    /// The concentrator's radio chain.
    pub rf_chain: u8,
    /// Power in dBm, before the antenna; the forwarder's own where absent.
    pub power_dbm: Option<i8>,
    /// Modulation and data rate.
    pub modulation: Modulation,
    /// Coding rate; FSK has none.
    pub coding_rate: Option<CodingRate>,
    /// Deviation of FSK in hertz.
    pub deviation_hz: Option<u32>,
    /// Whether the chirps go the other way, as in everything that devices receive.
    pub inverted: bool,
    /// Symbols before the frame; the forwarder's own number where absent.
    pub preamble: Option<u16>,
    /// Whether there is no checksum.
    pub without_crc: bool,
    /// The frame.
    pub payload: Vec<u8>,
}

#[derive(Deserialize)]
struct Raw {
    imme: Option<bool>,
    tmst: Option<u32>,
    tmms: Option<u64>,
    freq: Option<f64>,
    rfch: Option<u8>,
    powe: Option<i8>,
    modu: Option<String>,
    datr: Option<Rate>,
    codr: Option<String>,
    fdev: Option<u32>,
    ipol: Option<bool>,
    prea: Option<u16>,
    size: Option<usize>,
    data: Option<String>,
    ncrc: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct Written {
    imme: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tmst: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tmms: Option<u64>,
    freq: f64,
    rfch: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    powe: Option<i8>,
    modu: &'static str,
    datr: Rate,
    #[serde(skip_serializing_if = "Option::is_none")]
    codr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fdev: Option<u32>,
    ipol: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    prea: Option<u16>,
    size: usize,
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ncrc: Option<bool>,
}

impl TxPacket {
    pub(super) fn read(value: &Value) -> Result<Self, FieldError> {
        let raw: Raw = object(value)?;
        let emission = match (raw.imme, raw.tmst, raw.tmms) {
            (Some(true), _, _) => Emission::Immediately,
            (_, Some(timestamp), _) => Emission::AtTimestamp(timestamp),
            (_, None, Some(gps_ms)) => Emission::AtGps(gps_ms),
            _ => return Err(FieldError::Missing("tmst")),
        };
        let modulation = modulation(raw.modu.as_deref(), raw.datr.as_ref())?;
        let coding_rate = match coding_rate(raw.codr.as_deref(), modulation)? {
            // The protocol says that what is omitted takes defaults; LoRaWAN has one coding rate.
            None if matches!(modulation, Modulation::Lora { .. }) => Some(CodingRate::Cr45),
            rate => rate,
        };
        Ok(Self {
            emission,
            frequency: frequency(raw.freq)?,
            rf_chain: raw.rfch.unwrap_or_default(),
            power_dbm: raw.powe,
            modulation,
            coding_rate,
            deviation_hz: raw.fdev,
            inverted: raw.ipol.unwrap_or_default(),
            preamble: raw.prea,
            without_crc: raw.ncrc.unwrap_or_default(),
            payload: payload(raw.data.as_deref(), raw.size)?,
        })
    }

    pub(super) fn written(&self) -> Written {
        let (imme, tmst, tmms) = match self.emission {
            Emission::Immediately => (true, None, None),
            Emission::AtTimestamp(timestamp) => (false, Some(timestamp), None),
            Emission::AtGps(gps_ms) => (false, None, Some(gps_ms)),
        };
        Written {
            imme,
            tmst,
            tmms,
            freq: self.frequency.mhz(),
            rfch: self.rf_chain,
            powe: self.power_dbm,
            modu: modulation_name(self.modulation),
            datr: Rate::of(self.modulation),
            codr: self.coding_rate.map(|rate| rate.to_string()),
            fdev: self.deviation_hz,
            ipol: self.inverted,
            prea: self.preamble,
            size: self.payload.len(),
            data: base64(&self.payload),
            ncrc: self.without_crc.then_some(true),
        }
    }
}
