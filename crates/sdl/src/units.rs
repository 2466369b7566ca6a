//! Sizes and spans as deployment files write them.
//!
//! Upstream reads a size as a double, multiplies it by its unit and cuts the fraction off. For whole numbers that is the exact product
//! whenever any limit could admit it, and is computed in integers here. For a number with a fraction or an exponent the double decides
//! (`1.001` of a CPU is 1000 thousandths, since the nearest double is a little less), and the same double is taken here: reading to the
//! nearest and one multiplication give the same bits on every machine.

/// A size that cannot be read, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitError {
    pub wrong: &'static str,
    pub allowed: &'static str,
}

const CPU: &str = "CPUs as `0.5` or thousandths as `500m`";
const BYTES: &str =
    "a number with k, M, G, T, P, E (thousands) or Ki, Mi, Gi, Ti, Pi, Ei (1024s), or bytes without: `512Mi`, `1.5Gi`";
const RAM: &str = "a number with Ki, Mi, Gi, Ti, Pi or Ei, as `24Gi`";

/// Suffixes with what they stand for.
const BINARY: [(&str, u64); 6] =
    [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40), ("Pi", 1 << 50), ("Ei", 1 << 60)];
const DECIMAL: [(&str, u64); 6] = [
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
];

/// Thousandths of a CPU.
pub fn cpu(text: &str) -> Result<u64, UnitError> {
    if let Some(digits) = text.strip_suffix('m') {
        let number: Option<u32> = if is_digits(digits) { digits.parse().ok() } else { None };
        return number.map(u64::from).ok_or(UnitError { wrong: "is no number of thousandths", allowed: CPU });
    }
    scaled(text, 1000, CPU)
}

/// Whole GPUs.
pub fn gpu(text: &str) -> Result<u64, UnitError> {
    let number = if is_digits(text) { text.parse().ok() } else { None };
    number.ok_or(UnitError { wrong: "is no whole number", allowed: "GPUs are counted: `1`" })
}

/// Bytes of memory or of a volume.
pub fn bytes(text: &str) -> Result<u64, UnitError> {
    suffixed(text, BINARY.iter().chain(&DECIMAL), BYTES)
}

/// Bytes of a GPU's memory, which knows binary suffixes only.
pub fn ram(text: &str) -> Result<u64, UnitError> {
    suffixed(text, BINARY.iter(), RAM)
}

fn suffixed<'s>(
    text: &str,
    mut suffixes: impl Iterator<Item = &'s (&'static str, u64)>,
    allowed: &'static str,
) -> Result<u64, UnitError> {
    match suffixes.find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit))) {
        Some((number, unit)) => scaled(number, unit, allowed),
        None => scaled(text, 1, allowed),
    }
}

fn scaled(text: &str, unit: u64, allowed: &'static str) -> Result<u64, UnitError> {
    let error = |wrong| UnitError { wrong, allowed };
    if is_digits(text) {
        let product = text.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
        return product.ok_or(error("is larger than 64 bits"));
    }
    let is_decimal = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    let number: f64 = if is_decimal { text.parse().ok() } else { None }.ok_or(error("is no number of that kind"))?;
    let product = number * unit as f64;
    if product < 0.0 {
        return Err(error("is negative"));
    }
    // 2^64, exactly: what is below it and cut fits.
    if product < 18_446_744_073_709_551_616.0 { Ok(product as u64) } else { Err(error("is larger than 64 bits")) }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A span of time as Go writes it, in nanoseconds: `24h`, `1h30m`, `1.5h`; more than nothing.
pub fn span(text: &str) -> Result<u64, UnitError> {
    const ALLOWED: &str = "numbers with h, m, s, ms, us or ns, as `24h` or `1h30m`, together more than nothing";
    let error = |wrong| UnitError { wrong, allowed: ALLOWED };
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.starts_with('-') {
        return Err(error("is negative"));
    }
    if rest.is_empty() {
        return Err(error("is empty"));
    }
    if rest == "0" {
        return Err(error("is nothing"));
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let scale: u128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(error("is no span of time")),
        };
        total += part(number, scale).ok_or(error("is no span of time"))?;
        if total > i64::MAX as u128 {
            return Err(error("is longer than 292 years"));
        }
        rest = after;
    }
    match u64::try_from(total) {
        Ok(0) | Err(_) => Err(error("is nothing")),
        Ok(span) => Ok(span),
    }
}

/// A decimal number of a unit, cut to whole nanoseconds.
fn part(number: &str, scale: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // No digit past the eighteenth moves a nanosecond of any unit by a whole one.
    let kept = &fraction[..fraction.len().min(18)];
    let fraction: u128 = if kept.is_empty() { 0 } else { kept.parse().ok()? };
    Some(u128::from(whole) * scale + fraction * scale / 10u128.pow(u32::try_from(kept.len()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_are_cut_to_thousandths_as_doubles_are() {
        for (text, milli) in [
            ("1", 1000),
            ("0.1", 100),
            ("100m", 100),
            ("0.57", 570),
            ("1.001", 1000),
            ("1.003", 1002),
            ("1e1", 10_000),
            (".5", 500),
        ] {
            assert_eq!(cpu(text), Ok(milli), "{text}");
        }
        for text in ["", "m", "-1", "-5m", "1.5m", "x", "0x10", "inf", "nan", "1_0", "4294967296m"] {
            assert!(cpu(text).is_err(), "{text}");
        }
        assert_eq!(cpu("-0.5").unwrap_err().wrong, "is negative");
    }

    #[test]
    fn sizes_have_thousands_and_1024s() {
        for (text, size) in [
            ("512Mi", 512 << 20),
            ("1Gi", 1 << 30),
            ("1.5Gi", 3 << 29),
            ("1k", 1000),
            ("2E", 2_000_000_000_000_000_000),
            ("1e3", 1000),
            ("1E3", 1000),
            ("1048576", 1 << 20),
            ("0.1Gi", 107_374_182),
            ("+5Mi", 5 << 20),
            ("1.001M", 1_000_999),
        ] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for text in ["", "Gi", "1g", "1m", "1MB", "1GB", "1 Gi", "-1Gi", "16Ei", "1e30", "1Gi "] {
            assert!(bytes(text).is_err(), "{text}");
        }
        assert_eq!(ram("24Gi"), Ok(24 << 30));
        assert!(ram("24G").is_err());
    }

    #[test]
    fn gpus_are_counted() {
        assert_eq!((gpu("8"), gpu("0")), (Ok(8), Ok(0)));
        for text in ["", "1.0", "-1", "+1", "1_0", "99999999999999999999"] {
            assert!(gpu(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spans_are_those_of_go() {
        for (text, span_s) in [("24h", 86_400), ("1h30m", 5_400), ("1.5h", 5_400), ("3600s", 3_600), ("+1m", 60), (".5m", 30)] {
            assert_eq!(span(text), Ok(span_s * 1_000_000_000), "{text}");
        }
        for text in ["", "0", "0s", "-1h", "1", "1d", "h", "1h ", "1.2.3s", "9999999999h", "99999999999999999999h"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
