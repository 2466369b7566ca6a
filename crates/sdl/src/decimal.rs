//! Decimal text as chains of the Cosmos family read it.

use depin_quantity::Decimal18;

/// A decimal number of at most 18 places, with its sign; else what is wrong, in words. A point needs digits behind it, an exponent
/// is none of it.
pub fn parse(text: &str) -> Result<(bool, Decimal18), &'static str> {
    if text.is_empty() {
        return Err("is empty");
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.contains('_') || digits.ends_with('.') {
        return Err("is no decimal number");
    }
    if digits.split_once('.').is_some_and(|(_, places)| places.len() > 18) {
        return Err("has more than 18 places");
    }
    let Ok(amount) = Decimal18::parse(digits) else {
        let is_number = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits.matches('.').count() < 2;
        return Err(if is_number && !digits.is_empty() { "is far too much" } else { "is no decimal number" });
    };
    Ok((negative, amount))
}
