//! Figures of a file as people read them.

use depin_quantity::group_digits;

/// `2_000_000_000 FIL` as `2,000,000,000 FIL`, `100 base FIL` as `100 base units of FIL`.
pub(super) fn amount(text: &str) -> String {
    let mut words = text.split_whitespace();
    let number = words.next().unwrap_or_default();
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return text.to_owned();
    }
    let (whole, rest) = number.split_at(number.find(|c: char| !(c.is_ascii_digit() || c == '_')).unwrap_or(number.len()));
    let number = format!("{}{rest}", group_digits(&whole.replace('_', ""), ','));
    match words.collect::<Vec<_>>().as_slice() {
        [] => number,
        ["base", token] => format!("{number} base unit{} of {token}", if number == "1" { "" } else { "s" }),
        unit => format!("{number} {}", unit.join(" ")),
    }
}

/// `operator` as `an operator`, `unit` as `a unit`: by the sound, as far as the first letters tell it.
pub(super) fn with_article(what: &str) -> String {
    let lower = what.to_lowercase();
    let starts = |beginnings: &[&str]| beginnings.iter().any(|beginning| lower.starts_with(beginning));
    let vowel = starts(&["a", "e", "i", "o", "u", "hour", "honest", "heir"]);
    let like_you_or_one = starts(&["uni", "use", "usa", "usu", "uti", "eu", "one", "once"]) && !starts(&["unin", "unim"]);
    format!("{} {what}", if vowel && !like_you_or_one { "an" } else { "a" })
}

/// `6y` as `6 years`, `24 month` as `24 months`; what is no such length stays as it is.
pub(super) fn span(text: &str) -> String {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !(c.is_ascii_digit() || c == '_')).unwrap_or(text.len()));
    if number.is_empty() {
        return text.to_owned();
    }
    let word = match unit.trim() {
        "y" => "year",
        "d" => "day",
        "h" => "hour",
        "m" => "minute",
        "s" => "second",
        "month" => "month",
        "year" => "year",
        _ => return text.to_owned(),
    };
    let number = group_digits(&number.replace('_', ""), ',');
    format!("{number} {word}{}", if number == "1" { "" } else { "s" })
}

/// The length of a clock's period as the noun after "each": `hour`, `6 seconds`, `month`.
pub(super) fn each(every: &str) -> String {
    let words = span(every);
    words.strip_prefix("1 ").map_or(words.clone(), str::to_owned)
}

/// How many tenths of a year so many periods of a length are, rounded; `None` where the length is none.
pub(super) fn tenths_of_years(periods: u128, every: &str) -> Option<u128> {
    const YEAR: u128 = 365 * 86_400_000;
    let length = match every.trim() {
        "month" => YEAR / 12,
        "year" => YEAR,
        text => u128::from(depin_quantity::parse_span(text).ok()?.get()),
    };
    Some((periods.checked_mul(length)?.checked_mul(10)? + YEAR / 2) / YEAR)
}

/// Tenths of a year as `20 years`.
pub(super) fn years(tenths: u128) -> String {
    let number = if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) };
    format!("{number} year{}", if number == "1" { "" } else { "s" })
}

/// `treasury.community` as `treasury community`, `burn` as `burnt`.
pub(super) fn destination(to: &str) -> String {
    match to {
        "burn" => "burnt".to_owned(),
        "payee" => "the provider".to_owned(),
        "reporter" => "who reported it".to_owned(),
        _ => match to.split_once('.') {
            Some(("treasury", name)) => format!("treasury `{name}`"),
            Some(("pool", name)) => format!("pool `{name}`"),
            Some(("role", name)) => format!("the {name}"),
            _ => to.to_owned(),
        },
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_aloud() {
        assert_eq!(amount("2_000_000_000 FIL"), "2,000,000,000 FIL");
        assert_eq!(amount("1 base HNT"), "1 base unit of HNT");
        assert_eq!(amount("0.0001 USD"), "0.0001 USD");
        assert_eq!(amount("34.5%"), "34.5%");
        assert_eq!(amount("epoch"), "epoch");
        assert_eq!((span("6y").as_str(), span("1d").as_str(), span("24 month").as_str()), ("6 years", "1 day", "24 months"));
        assert_eq!((span("1d 2h").as_str(), each("1h").as_str(), each("month").as_str()), ("1d 2h", "hour", "month"));
        assert_eq!(tenths_of_years(175_319, "1h").map(years).as_deref(), Some("20 years"));
        assert_eq!(
            (tenths_of_years(6, "month"), tenths_of_years(1, "often"), tenths_of_years(1, "2y")),
            (Some(5), None, Some(20))
        );
        assert_eq!(and(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }

    #[test]
    fn articles_go_by_the_sound() {
        for (what, told) in [("operator", "an operator"), ("unit", "a unit"), ("map tile", "a map tile"), ("hour", "an hour")] {
            assert_eq!(with_article(what), told);
        }
        for (what, told) in [("upload", "an upload"), ("euro", "a euro"), ("image", "an image"), ("byte", "a byte")] {
            assert_eq!(with_article(what), told);
        }
    }
}
