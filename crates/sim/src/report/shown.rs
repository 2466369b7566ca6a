//! Numbers for people: three digits, a prefix, a unit.

use crate::results::{Estimate, Figure};

const STEPS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];

/// A number of a unit in three digits: `12.4 k`, `0.00123`, `31.2 %` of a `share`; `-` where it is not defined, `never` for a time that
/// does not come.
pub fn shown(value: f64, unit: &str) -> String {
    if value.is_nan() {
        return "-".to_owned();
    }
    if value.is_infinite() {
        let time = ["months", "days", "years"].contains(&unit);
        return if time && value > 0.0 { "never".to_owned() } else { format!("{value}") };
    }
    if is_share(unit) {
        return format!("{} %", digits(value * 100.0));
    }
    let size = value.abs();
    match STEPS.iter().find(|(least, _)| size >= *least * 0.9995) {
        Some((step, prefix)) => format!("{} {prefix}", digits(value / step)),
        None => digits(value),
    }
}

/// A length of time for people, in days where it is less than a year: `10 years`, `1 year`, `60 days`.
pub fn length(years: f64) -> String {
    let days = libm::round(years * 365.0);
    match (days, libm::round(years * 100.0) / 100.0) {
        (1.0, _) => "1 day".to_owned(),
        (365.0, _) => "1 year".to_owned(),
        (days, _) if days < 365.0 => format!("{days} days"),
        (_, years) => format!("{years} years"),
    }
}

/// Whether a unit is shown in per cent: `share`, `share a year`.
fn is_share(unit: &str) -> bool {
    unit == "share" || unit.starts_with("share ")
}

/// What stands behind the number: of a share, whose sign it has, only the rest, like `a year`.
pub fn unit_shown(unit: &str) -> &str {
    if is_share(unit) { unit["share".len()..].trim_start() } else { unit }
}

/// Part of a number below which its error is lost in the three digits that are shown.
const SMALL: f64 = 2e-4;

/// A number with its error: `31.2 % ± 0.4`.
pub fn with_error(estimate: Estimate, unit: &str) -> String {
    let value = shown(estimate.value, unit);
    match estimate.error {
        Some(error) if error > estimate.value.abs() * SMALL && estimate.value.is_finite() => {
            format!("{value} ± {}", error_beside(estimate.value, error, unit))
        }
        _ => value,
    }
}

/// The standard error in the step of its number, one digit, so that `12.4 k ± 0.3` needs no second prefix.
fn error_beside(value: f64, error: f64, unit: &str) -> String {
    let step = match unit {
        unit if is_share(unit) => 0.01,
        _ => STEPS.iter().find(|(least, _)| value.abs() >= *least * 0.9995).map_or(1.0, |(step, _)| *step),
    };
    let error = error / step;
    let power = libm::floor(libm::log10(error));
    let places = (-power).clamp(0.0, 9.0) as usize;
    format!("{error:.places$}")
}

/// The band of a figure: `P5 to P95`.
pub fn band(figure: &Figure, unit: &str) -> String {
    if figure.runs == 0 {
        return "not defined in any run".to_owned();
    }
    format!("{} to {}", shown(figure.p5.value, unit), shown(figure.p95.value, unit))
}

/// Three significant digits, without zeros at the end; below a ten-thousandth with a power of ten.
fn digits(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if size < 1e-4 {
        return format!("{value:.1e}");
    }
    let power = libm::floor(libm::log10(size));
    let places = (2.0 - power).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_a_prefix_are_enough() {
        for (value, unit, text) in [
            (12_437.0, "USD", "12.4 k"),
            (999.96, "USD", "1 k"),
            (0.001_234_5, "times", "0.00123"),
            (0.3121, "share", "31.2 %"),
            (1.0, "share a year", "100 %"),
            (-2.5e9, "tokens", "-2.5 B"),
            (3.2e-7, "USD", "3.2e-7"),
            (0.0, "USD", "0"),
            (f64::NAN, "USD", "-"),
            (f64::INFINITY, "months", "never"),
            (f64::INFINITY, "times", "inf"),
        ] {
            assert_eq!(shown(value, unit), text, "{value}");
        }
    }

    #[test]
    fn a_share_has_its_sign_and_other_units_stand_behind() {
        assert_eq!((unit_shown("share"), unit_shown("share a year"), unit_shown("USD")), ("", "a year", "USD"));
    }

    #[test]
    fn a_length_is_in_days_or_in_years() {
        let told = [1.0 / 365.0, 60.0 / 365.0, 1.0, 1.5, 2.0, 10.0, 19.0 / 7.0].map(length);
        assert_eq!(told, ["1 day", "60 days", "1 year", "1.5 years", "2 years", "10 years", "2.71 years"]);
    }

    #[test]
    fn an_error_stands_in_the_step_of_its_number() {
        let text = |value, error, unit| with_error(Estimate { value, error: Some(error) }, unit);
        assert_eq!(text(12_437.0, 312.0, "USD"), "12.4 k ± 0.3");
        assert_eq!(text(0.3121, 0.0042, "share"), "31.2 % ± 0.4");
        assert_eq!(text(0.5, 2.3, "times"), "0.5 ± 2");
        assert_eq!(text(0.909, 1e-16, "share"), "90.9 %");
        assert_eq!(with_error(Estimate { value: 0.5, error: None }, "times"), "0.5");
    }
}
