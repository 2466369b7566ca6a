//! Amounts as people take them in: cut, with a prefix where they are small. Programs read them exactly.

use crate::group_digits;

/// Most digits behind the point.
const PLACES: usize = 6;
/// Prefixes of a thousandth each, for amounts that would be all zeros; the letters that the Filecoin software writes.
const PREFIXES: [&str; 6] = ["m", "μ", "n", "p", "f", "a"];

/// Shortens exact text such as `1234.567890123456789 FIL` to `1,234.567890 FIL`; cut, never rounded up, so that nobody is shown
/// more than there is. Amounts below a thousandth get a prefix: `0.0000000005 FIL` is `500 pFIL`.
///
/// - Units: those of the text.
/// - Failure: none. What such text means is not judged here.
pub fn shorten(display: &str) -> String {
    let (number, token) = display.split_once(' ').unwrap_or((display, ""));
    let (prefix, number) = short_parts(number);
    if token.is_empty() && prefix.is_empty() { number } else { format!("{number} {prefix}{token}") }
}

/// The same for a number without a token, such as a price in dollars; no prefixes.
///
/// - Units: those of the text. `places` is how many digits behind the point are kept at most.
/// - Failure: none. What such text means is not judged here.
pub fn short_number(number: &str, places: usize) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let shown = fraction.get(..places.min(fraction.len())).unwrap_or(fraction);
    let all_zero = whole == "0" && shown.bytes().all(|b| b == b'0') && fraction.bytes().any(|b| b != b'0');
    if all_zero {
        // Too small for these places: up to the third significant digit instead of a row of zeros.
        let first = fraction.find(|c| c != '0').unwrap_or(0);
        return format!("0.{}", &fraction[..fraction.len().min(first + 3)]);
    }
    join(&group_digits(whole, ','), shown)
}

/// Dollars of millionths, to the cent; below ten cents to the second significant digit: `-$1,234.57`, `$0.0012`. Half is rounded away from zero.
///
/// - Units: millionths of a dollar.
/// - Failure: none.
pub fn dollars(micros: i64) -> String {
    let value = micros.unsigned_abs();
    let grain = if value < 100_000 { 10u64.pow(value.checked_ilog10().unwrap_or(0).saturating_sub(1)) } else { 10_000 };
    let rounded = (value + grain / 2) / grain * grain;
    let sign = if micros < 0 { "-" } else { "" };
    let fraction = format!("{:06}", rounded % 1_000_000);
    let (cents, rest) = fraction.split_at(2);
    format!("{sign}${}.{cents}{}", group_digits(&(rounded / 1_000_000).to_string(), ','), rest.trim_end_matches('0'))
}

fn short_parts(number: &str) -> (&'static str, String) {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let zeros = fraction.bytes().take_while(|b| *b == b'0').count();
    let small = whole == "0" && zeros >= 3 && zeros < fraction.len();
    if !small {
        return ("", join(&group_digits(whole, ','), &fraction[..fraction.len().min(PLACES)]));
    }
    let step = zeros / 3;
    let prefix = PREFIXES.get(step).copied().unwrap_or("a");
    let moved = 3 * (step.min(PREFIXES.len() - 1) + 1);
    let padded = format!("{fraction:0<moved$}");
    let (front, back) = padded.split_at(moved);
    let front = front.trim_start_matches('0');
    (prefix, join(if front.is_empty() { "0" } else { front }, &back[..back.len().min(3)]))
}

fn join(whole: &str, fraction: &str) -> String {
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_amounts_are_grouped_and_cut_to_six_places() {
        assert_eq!(shorten("1234567.891234567891 FIL"), "1,234,567.891234 FIL");
        assert_eq!(shorten("0.999999999 FIL"), "0.999999 FIL");
        assert_eq!(shorten("0 FIL"), "0 FIL");
        assert_eq!(shorten("100 FIL"), "100 FIL");
    }

    #[test]
    fn small_amounts_get_a_prefix() {
        assert_eq!(shorten("0.0000000005 FIL"), "500 pFIL");
        assert_eq!(shorten("0.000000000000000001 FIL"), "1 aFIL");
        assert_eq!(shorten("0.00012345678 FIL"), "123.456 μFIL");
        assert_eq!(shorten("0.001 FIL"), "0.001 FIL");
        assert_eq!(shorten("0.000000000000000120 FIL"), "120 aFIL");
    }

    #[test]
    fn dollars_keep_their_cents_and_never_become_a_row_of_zeros() {
        assert_eq!(short_number("12345.678", 2), "12,345.67");
        assert_eq!(short_number("0.00000123456", 2), "0.00000123");
        assert_eq!(short_number("0.5", 2), "0.5");
        assert_eq!(short_number("3", 2), "3");
    }

    #[test]
    fn dollars_of_millionths_have_cents_or_two_significant_digits() {
        let told = [0, -7, 12, -1_249, 1_250, 74_500, 99_500, 125_000, -5_000_000, 1_234_567_899].map(dollars);
        let expected =
            ["$0.00", "-$0.000007", "$0.000012", "-$0.0012", "$0.0013", "$0.075", "$0.10", "$0.13", "-$5.00", "$1,234.57"];
        assert_eq!(told, expected);
    }
}
