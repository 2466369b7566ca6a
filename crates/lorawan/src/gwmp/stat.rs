//! What a forwarder says about itself.

use super::{
    FieldError,
    json::{object, time, whole},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A gateway's status (`stat`): all of it is the forwarder's word.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GatewayStatus {
    /// Its time, in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Latitude in degrees, north is positive.
    #[serde(rename = "lati", skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Longitude in degrees, east is positive.
    #[serde(rename = "long", skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// Altitude in metres.
    #[serde(rename = "alti", skip_serializing_if = "Option::is_none")]
    pub altitude_m: Option<i32>,
    /// Packets received.
    #[serde(rename = "rxnb", skip_serializing_if = "Option::is_none")]
    pub received: Option<u32>,
    /// Of these, with a checksum that fits.
    #[serde(rename = "rxok", skip_serializing_if = "Option::is_none")]
    pub received_ok: Option<u32>,
    /// Packets forwarded.
    #[serde(rename = "rxfw", skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<u32>,
    /// Percent of datagrams that were acknowledged.
    #[serde(rename = "ackr", skip_serializing_if = "Option::is_none")]
    pub acknowledged_percent: Option<f64>,
    /// Packets to emit that arrived.
    #[serde(rename = "dwnb", skip_serializing_if = "Option::is_none")]
    pub downlinks: Option<u32>,
    /// Packets emitted.
    #[serde(rename = "txnb", skip_serializing_if = "Option::is_none")]
    pub emitted: Option<u32>,
    /// Degrees Celsius.
    #[serde(rename = "temp", skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
}

#[derive(Deserialize)]
struct Raw {
    time: Option<String>,
    lati: Option<f64>,
    long: Option<f64>,
    alti: Option<f64>,
    rxnb: Option<u32>,
    rxok: Option<u32>,
    rxfw: Option<u32>,
    ackr: Option<f64>,
    dwnb: Option<u32>,
    txnb: Option<u32>,
    temp: Option<f64>,
}

fn within(field: &'static str, value: Option<f64>, most: f64, allowed: &'static str) -> Result<Option<f64>, FieldError> {
    match value {
        Some(value) if !(-most..=most).contains(&value) => Err(FieldError::bounds(field, value, allowed)),
        value => Ok(value),
    }
}

impl GatewayStatus {
    pub(super) fn read(value: &Value) -> Result<Self, FieldError> {
        let raw: Raw = object(value)?;
        let metres = |value| whole("alti", value, (-1_000, 100_000), "altitudes are -1000 to 100000 m");
        Ok(Self {
            time: time(raw.time)?,
            latitude: within("lati", raw.lati, 90.0, "latitudes are -90 to 90 degrees")?,
            longitude: within("long", raw.long, 180.0, "longitudes are -180 to 180 degrees")?,
            altitude_m: raw.alti.map(metres).transpose()?,
            received: raw.rxnb,
            received_ok: raw.rxok,
            forwarded: raw.rxfw,
            acknowledged_percent: within("ackr", raw.ackr, 1_000.0, "percents are -1000 to 1000")?,
            downlinks: raw.dwnb,
            emitted: raw.txnb,
            temperature: within("temp", raw.temp, 1_000.0, "temperatures are -1000 to 1000 degrees")?,
        })
    }
}
