//! Numbers as text: the shortest that reads back to the same bits.

use serde::{Deserialize, Deserializer, Serializer, de};

/// A number in CSV: nothing for one that is not defined, `inf` for one without end.
pub fn text(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        String::new()
    } else if value == 0.0 || (1e-5..1e15).contains(&size) || value.is_infinite() {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

/// A number in JSON: `null` for one that is not defined, `"inf"` and `"-inf"` for one without end. For `#[serde(with)]`.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_nan() {
        serializer.serialize_none()
    } else if value.is_infinite() {
        serializer.serialize_str(if *value > 0.0 { "inf" } else { "-inf" })
    } else {
        serializer.serialize_f64(*value)
    }
}

/// The other way.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Read {
        Number(f64),
        Text(String),
    }
    match Option::<Read>::deserialize(deserializer)? {
        None => Ok(f64::NAN),
        Some(Read::Number(value)) => Ok(value),
        Some(Read::Text(text)) if text == "inf" => Ok(f64::INFINITY),
        Some(Read::Text(text)) if text == "-inf" => Ok(f64::NEG_INFINITY),
        Some(Read::Text(text)) => Err(de::Error::custom(format!("`{text}` is no number"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_short_and_reads_back_to_the_same_bits() {
        for (value, shown) in [(0.1, "0.1"), (-2.0, "-2"), (1.5e-9, "1.5e-9"), (3e20, "3e20"), (0.0, "0"), (f64::NAN, "")] {
            assert_eq!(text(value), shown);
        }
        assert_eq!((text(f64::INFINITY).as_str(), text(f64::NEG_INFINITY).as_str()), ("inf", "-inf"));
        for value in [1.0 / 3.0, 123_456_789.123_456_79, 5e-324, f64::MAX, -0.0] {
            assert_eq!(text(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
    }

    #[test]
    fn json_has_every_number() {
        #[derive(serde::Serialize, Deserialize)]
        struct One(#[serde(with = "super")] f64);
        for (value, shown) in [(0.25, "0.25"), (f64::NAN, "null"), (f64::INFINITY, "\"inf\""), (f64::NEG_INFINITY, "\"-inf\"")] {
            let json = serde_json::to_string(&One(value)).unwrap();
            assert_eq!(json, shown);
            assert_eq!(serde_json::from_str::<One>(&json).unwrap().0.to_bits() << 1, value.to_bits() << 1);
        }
        assert!(serde_json::from_str::<One>("\"many\"").is_err());
    }
}
