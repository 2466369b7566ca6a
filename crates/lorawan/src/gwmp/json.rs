//! Fields that both directions have.

use super::{FieldError, PAYLOAD_BYTES_MAX};
use crate::{CodingRate, Hertz, Modulation};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Padding or none; bits behind the last byte may be anything, as in the protocol's own examples.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// Reads an object. A list would be read as an object's fields in their order, and is refused.
pub(super) fn object<T: DeserializeOwned>(value: &Value) -> Result<T, FieldError> {
    if !value.is_object() {
        return Err(FieldError::Form("invalid type: an object stands here".to_owned()));
    }
    T::deserialize(value).map_err(|error| FieldError::Form(error.to_string()))
}

/// A data rate: a text for LoRa, a number for FSK.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Rate {
    Fsk(u32),
    Lora(String),
}

impl Rate {
    pub(super) fn of(modulation: Modulation) -> Self {
        match modulation {
            Modulation::Lora { .. } => Self::Lora(modulation.to_string()),
            Modulation::Fsk { bit_rate } => Self::Fsk(bit_rate),
        }
    }
}

pub(super) const fn modulation_name(modulation: Modulation) -> &'static str {
    match modulation {
        Modulation::Lora { .. } => "LORA",
        Modulation::Fsk { .. } => "FSK",
    }
}

pub(super) fn frequency(mhz: Option<f64>) -> Result<Hertz, FieldError> {
    let mhz = mhz.ok_or(FieldError::Missing("freq"))?;
    Hertz::from_mhz(mhz).ok_or_else(|| FieldError::bounds("freq", mhz, "a frequency is above 0 and below 4295 MHz"))
}

/// Modulation and data rate, which must agree.
pub(super) fn modulation(name: Option<&str>, rate: Option<&Rate>) -> Result<Modulation, FieldError> {
    match (name.ok_or(FieldError::Missing("modu"))?, rate.ok_or(FieldError::Missing("datr"))?) {
        ("LORA", Rate::Lora(text)) => match text.parse() {
            Ok(lora @ Modulation::Lora { .. }) => Ok(lora),
            _ => Err(FieldError::bounds("datr", text, "LoRa has SF5 to SF12 with BW125, BW250 or BW500, as SF7BW125")),
        },
        ("FSK", Rate::Fsk(bit_rate @ 1..=300_000)) => Ok(Modulation::Fsk { bit_rate: *bit_rate }),
        ("FSK", Rate::Fsk(bit_rate)) => Err(FieldError::bounds("datr", bit_rate, "FSK has 1 to 300000 bits per second")),
        ("LORA", Rate::Fsk(number)) => Err(FieldError::bounds("datr", number, "LoRa has a text here, as SF7BW125")),
        ("FSK", Rate::Lora(text)) => Err(FieldError::bounds("datr", text, "FSK has a number of bits per second here")),
        (other, _) => Err(FieldError::bounds("modu", other, "modulations are LORA and FSK")),
    }
}

/// A coding rate, which LoRa has and FSK has not; `OFF` and nothing are none.
pub(super) fn coding_rate(text: Option<&str>, modulation: Modulation) -> Result<Option<CodingRate>, FieldError> {
    match (text, modulation) {
        (_, Modulation::Fsk { .. }) | (None | Some("OFF" | ""), _) => Ok(None),
        (Some(text), Modulation::Lora { .. }) => {
            text.parse().map(Some).map_err(|_| FieldError::bounds("codr", text, "coding rates are 4/5, 4/6, 4/7, 4/8 and OFF"))
        }
    }
}

pub(super) fn payload(data: Option<&str>, size: Option<usize>) -> Result<Vec<u8>, FieldError> {
    let data = data.ok_or(FieldError::Missing("data"))?;
    // Four signs carry three bytes; a longer text is not even looked at.
    if data.len() > PAYLOAD_BYTES_MAX.div_ceil(3) * 4 {
        return Err(FieldError::bounds("data", format!("{} signs", data.len()), "a frame has at most 255 bytes"));
    }
    let decoded = if data.bytes().any(|sign| matches!(sign, b'-' | b'_')) {
        LENIENT.decode(data.replace('-', "+").replace('_', "/"))
    } else {
        LENIENT.decode(data)
    };
    let bytes = decoded.map_err(|_| FieldError::Base64)?;
    match size {
        _ if bytes.len() > PAYLOAD_BYTES_MAX => {
            Err(FieldError::bounds("data", format!("{} bytes", bytes.len()), "a frame has at most 255 bytes"))
        }
        Some(said) if said != bytes.len() => Err(FieldError::Size { said, got: bytes.len() }),
        _ => Ok(bytes),
    }
}

pub(super) fn base64(payload: &[u8]) -> String {
    STANDARD.encode(payload)
}

/// A time that somebody wrote: kept as it is, within a bound.
pub(super) fn time(text: Option<String>) -> Result<Option<String>, FieldError> {
    match text {
        Some(text) if text.len() > 40 => Err(FieldError::bounds("time", text, "a time has at most 40 signs")),
        text => Ok(text),
    }
}

/// A number rounded to whole ones of its unit, within bounds.
pub(super) fn whole(field: &'static str, value: f64, bounds: (i32, i32), allowed: &'static str) -> Result<i32, FieldError> {
    let rounded = value.round();
    if rounded >= f64::from(bounds.0) && rounded <= f64::from(bounds.1) {
        Ok(rounded as i32)
    } else {
        Err(FieldError::bounds(field, value, allowed))
    }
}
