//! Digits in groups, as people read and write long numbers.

/// `1234567.5` as `1,234,567.5`: the digits before the point in groups of three, parted by `separator`.
///
/// - Units: none. `number` is decimal text without separators; a minus before it and a fraction behind it stay as they are.
/// - Failure: none. What such text means is not judged here.
pub fn group_digits(number: &str, separator: char) -> String {
    let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let mut text = String::with_capacity(number.len() + digits.len() / 3);
    text.push_str(&whole[..whole.len() - digits.len()]);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_three_digits_counted_from_the_point() {
        for (number, expected) in [
            ("", ""),
            ("0", "0"),
            ("100", "100"),
            ("1000", "1,000"),
            ("12345", "12,345"),
            ("123456", "123,456"),
            ("1234567", "1,234,567"),
            ("340282366920938463463374607431768211455", "340,282,366,920,938,463,463,374,607,431,768,211,455"),
        ] {
            assert_eq!(group_digits(number, ','), expected);
            assert_eq!(group_digits(number, '_'), expected.replace(',', "_"));
        }
    }

    #[test]
    fn a_fraction_stays_whole() {
        assert_eq!(group_digits("1234567.8901234", ','), "1,234,567.8901234");
        assert_eq!(group_digits("0.0001", '_'), "0.0001");
    }

    #[test]
    fn a_minus_is_no_digit() {
        assert_eq!(group_digits("-100", ','), "-100");
        assert_eq!(group_digits("-1234.5", ','), "-1,234.5");
    }
}
