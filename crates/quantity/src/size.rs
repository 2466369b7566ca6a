//! Sizes in bytes as people write them.

use crate::{ParseError, amount::parse_decimal};

/// Reads `"1TiB"`, `"10 GiB"`, `"500MB"` or plain bytes; binary and decimal prefixes mean what they say.
///
/// # Errors
/// [`ParseError`] for another unit, a fraction that is no whole number of bytes, or past 64 bits.
pub fn parse_bytes(text: &str) -> Result<u64, ParseError> {
    let error = || ParseError::new(text, "a size in bytes", "\"10GiB\", \"1.5TiB\" or \"500MB\"");
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = (text[..split].trim(), text[split..].trim());
    let factor: u128 = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        "PiB" => 1 << 50,
        "EiB" => 1 << 60,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "PB" => 1_000_000_000_000_000,
        _ => return Err(error()),
    };
    let scaled = parse_decimal(number, 6).and_then(|n| n.checked_mul(factor)).ok_or_else(error)?;
    if scaled % 1_000_000 != 0 {
        return Err(error());
    }
    u64::try_from(scaled / 1_000_000).map_err(|_| error())
}
