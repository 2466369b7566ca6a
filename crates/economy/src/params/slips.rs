//! What somebody probably meant who wrote a figure that cannot be read.
//!
//! In: the text of a figure. Out: words for what is wrong with it and the text that was meant, where there is one. Called by the
//! reader when parsing failed. Absent on purpose: parsing; nothing that is guessed here is ever used as a figure.

use depin_quantity::{Share, Units, group_digits};

/// What is wrong with a figure, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slip {
    /// More of what is wrong, as the end of a sentence about the text; nothing when there is no more to say.
    pub(super) wrong: Option<&'static str>,
    /// What to do.
    pub(super) hint: String,
}

impl Slip {
    fn meant(text: &str) -> Self {
        Self { wrong: None, hint: format!("did you mean `{text}`?") }
    }

    fn below_zero(text: &str) -> Self {
        Self { wrong: Some("is below zero"), ..Self::meant(text) }
    }
}

/// A number with everything that people write into one: signs, groups, factors, exponents.
enum Number {
    Plain(String),
    Negative(String),
}

impl Number {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix(['-', '−']) {
            return magnitude(rest).map(Self::Negative);
        }
        magnitude(text.strip_prefix('+').unwrap_or(text)).map(Self::Plain)
    }

    fn slip(&self, before: &str, after: &str) -> Slip {
        match self {
            Self::Plain(number) => Slip::meant(&format!("{before}{number}{after}")),
            Self::Negative(number) => Slip::below_zero(&format!("{before}{number}{after}")),
        }
    }
}

/// Words for factors, and their zeros.
const FACTORS: [(&str, u32); 15] = [
    ("thousand", 3),
    ("million", 6),
    ("millions", 6),
    ("mio", 6),
    ("billion", 9),
    ("billions", 9),
    ("bn", 9),
    ("trillion", 12),
    ("k", 3),
    ("K", 3),
    ("m", 6),
    ("M", 6),
    ("b", 9),
    ("B", 9),
    ("T", 12),
];

/// A number without a sign, in digits and groups of three.
fn magnitude(text: &str) -> Option<String> {
    let text = text.trim().trim_matches('$').trim();
    let (digits, zeros) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) if exponent.bytes().all(|b| b.is_ascii_digit()) => (digits, exponent.parse().ok()?),
        _ => {
            let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
            let factor = text[end..].trim();
            let zeros = if factor.is_empty() { 0 } else { FACTORS.iter().find(|(word, _)| *word == factor)?.1 };
            (&text[..end], zeros)
        }
    };
    let digits = ungrouped(digits.trim())?;
    let number = Units::parse_decimal(&digits, 18).ok()?.times(10u128.checked_pow(zeros)?).ok()?;
    Some(group_digits(&number.to_decimal(18), '_'))
}

/// Digits with at most a point, out of digits with commas, blanks and the like between groups, or with a comma for the point.
fn ungrouped(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !matches!(c, '_' | ' ' | '\'' | '’' | '\u{a0}' | '\u{202f}')).collect();
    let mut groups = text.split(',');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let last_is_group = rest.last().is_none_or(|last| last.split('.').next().is_some_and(|whole| whole.len() == 3));
    let inner_are_groups = rest.iter().rev().skip(1).all(|group| group.len() == 3);
    let joined = match rest.as_slice() {
        [] => first.to_owned(),
        [fraction] if !last_is_group && !first.contains('.') => format!("{first}.{fraction}"),
        _ if last_is_group && inner_are_groups => format!("{first}{}", rest.concat()),
        _ => return None,
    };
    // Points between groups: "1.000.000".
    let points = joined.matches('.').count();
    let joined = if points > 1 && joined.split('.').skip(1).all(|g| g.len() == 3) { joined.replace('.', "") } else { joined };
    joined.bytes().all(|b| b.is_ascii_digit() || b == b'.').then_some(joined).filter(|text| !text.is_empty())
}

/// A whole number.
pub(super) fn integer(text: &str) -> Option<Slip> {
    let number = Number::read(text)?;
    Some(number.slip("", ""))
}

/// An amount of one of these tokens.
pub(super) fn amount<'a>(text: &str, tokens: impl Iterator<Item = &'a str> + Clone) -> Option<Slip> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let named = |word: &&str| tokens.clone().any(|token| token == *word);
    match words.as_slice() {
        [number @ .., "base", token] if named(token) => {
            Some(Number::read(&number.join(" "))?.slip("", &format!(" base {token}")))
        }
        [number @ .., token] if named(token) => Some(Number::read(&number.join(" "))?.slip("", &format!(" {token}"))),
        [token, number @ ..] if named(token) => Some(Number::read(&number.join(" "))?.slip("", &format!(" {token}"))),
        [token] => {
            // "100FIL", or a number alone.
            let start = token.find(|c: char| c.is_ascii_alphabetic());
            let joined = start.and_then(|start| Some((token.get(..start)?, token.get(start..)?)));
            match joined {
                Some((number, token)) if named(&token) => Some(Number::read(number)?.slip("", &format!(" {token}"))),
                _ => Some(Number::read(token)?.slip("", &format!(" {}", tokens.clone().next()?))),
            }
        }
        _ => None,
    }
}

/// An amount of dollars.
pub(super) fn usd(text: &str) -> Option<Slip> {
    let number = text.trim().trim_end_matches("USD").trim_end_matches("dollars").trim_end_matches("dollar");
    let number = Number::read(number)?;
    match &number {
        Number::Plain(digits) if digits == "0" => {
            Some(Slip { wrong: None, hint: "write an amount above zero, like \"0.0001 USD\"".to_owned() })
        }
        _ => Some(number.slip("", " USD")),
    }
}

/// A share, or a rate when it may pass 100 %.
pub(super) fn per_cent(text: &str, may_pass: bool) -> Option<Slip> {
    let text = text.trim();
    if let Some((a, b)) = text.split_once('/')
        && let (Ok(a), Ok(b)) = (a.trim().parse::<u32>(), b.trim().parse::<u32>())
    {
        let parts = (u64::from(a) * u64::from(Share::WHOLE.get())).checked_div(u64::from(b))?;
        return Some(Slip::meant(&Share::new(u32::try_from(parts).ok()?)?.to_string()));
    }
    let bare = ["%", "per cent", "percent", "pct"].iter().find_map(|unit| text.strip_suffix(unit));
    let number = Number::read(bare.unwrap_or(text))?;
    let Number::Plain(digits) = &number else { return Some(number.slip("", "%")) };
    let parts = Units::parse_decimal(digits, 18).ok()?;
    let one = Units::new(1_000_000_000_000_000_000);
    if bare.is_none() && digits.contains('.') && parts < one {
        // "0.5" without a unit is half of it.
        return Some(Slip::meant(&format!("{}%", parts.times(100).ok()?.to_decimal(18))));
    }
    if !may_pass && parts > one.times(100).ok()? {
        return Some(Slip { wrong: Some("is more than the whole"), hint: "a share is at most 100%".to_owned() });
    }
    if bare.is_some() && text.ends_with('%') && digits.split_once('.').is_some_and(|(_, places)| places.len() > 7) {
        return Some(Slip { wrong: None, hint: "write at most 7 places after the point".to_owned() });
    }
    Some(number.slip("", "%"))
}

/// Words for units of time, and how the file writes them.
const TIMES: [(&str, &str); 20] = [
    ("second", "s"),
    ("seconds", "s"),
    ("sec", "s"),
    ("secs", "s"),
    ("minute", "m"),
    ("minutes", "m"),
    ("mins", "m"),
    ("hour", "h"),
    ("hours", "h"),
    ("hr", "h"),
    ("hrs", "h"),
    ("day", "d"),
    ("days", "d"),
    ("week", "w"),
    ("weeks", "w"),
    ("D", "d"),
    ("H", "h"),
    ("years", "y"),
    ("yr", "y"),
    ("yrs", "y"),
];

/// A length of time; on a calendar one `months` may be written.
pub(super) fn time(text: &str, months: bool) -> Option<Slip> {
    let text = text.trim();
    let (sign, bare) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest.trim()),
        None => (false, text),
    };
    let end = bare.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(bare.len());
    let (number, unit) = (magnitude(&bare[..end]).unwrap_or_default(), bare[end..].trim());
    if matches!(unit, "month" | "months" | "mo" | "M") && !sign {
        let hint = if months {
            format!("did you mean `{} month`?", if number.is_empty() { "1" } else { number.as_str() })
        } else {
            "months have no fixed length; write days, like \"30d\"".to_owned()
        };
        return Some(Slip { wrong: None, hint });
    }
    if matches!(unit, "year") && !number.is_empty() && !months {
        return Some(Slip::meant(&format!("{number}y")));
    }
    if number.is_empty() {
        return None;
    }
    if unit.is_empty() {
        let hint = format!("say the unit: {number}s, {number}m, {number}h or {number}d");
        return Some(Slip { wrong: sign.then_some("is below zero"), hint });
    }
    let known = ["ms", "s", "m", "min", "h", "d", "w", "y"].iter().find(|known| **known == unit).copied();
    let unit = known.or_else(|| TIMES.iter().find(|(word, _)| *word == unit).map(|(_, unit)| *unit));
    if let Some(unit) = unit {
        return Some(if sign { Slip::below_zero(&format!("{number}{unit}")) } else { Slip::meant(&format!("{number}{unit}")) });
    }
    None
}

/// The value on the line where TOML ends to be TOML.
pub(super) fn no_toml(text: &str, at: usize) -> Option<String> {
    let before = text.get(..at)?;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next()?;
    let (key, value) = line.split_once('=')?;
    let value = value.split('#').next()?.trim();
    if value.is_empty() || value.starts_with(['"', '\'', '[', '{']) {
        return None;
    }
    let key = key.trim();
    match integer(value) {
        Some(slip) => Some(slip.hint),
        None => Some(format!("a text stands in quotes: {key} = \"{value}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(slip: Option<Slip>) -> String {
        slip.map_or_else(String::new, |slip| slip.hint)
    }

    #[test]
    fn numbers_with_groups_factors_and_exponents_are_understood() {
        let meant = [
            ("2,000,000", "2_000_000"),
            ("2 000 000", "2_000_000"),
            ("2'000", "2_000"),
            ("1.000.000", "1_000_000"),
            ("2B", "2_000_000_000"),
            ("1.5M", "1_500_000"),
            ("389 million", "389_000_000"),
            ("1e9", "1_000_000_000"),
            ("1,5", "1.5"),
            ("1,000.5", "1_000.5"),
            ("+7", "7"),
            ("$5", "5"),
        ];
        for (text, number) in meant {
            assert_eq!(hint(integer(text)), format!("did you mean `{number}`?"), "{text}");
        }
        for text in ["", "many", "1,00,0", "2X", "-", "1e99", "."] {
            assert_eq!(integer(text), None, "{text}");
        }
        assert_eq!(integer("-500"), Some(Slip::below_zero("500")));
    }

    #[test]
    fn amounts_are_understood_with_their_token() {
        let tokens = ["FIL", "USDC"];
        let meant = [
            ("2,000,000 FIL", "2_000_000 FIL"),
            ("2B FIL", "2_000_000_000 FIL"),
            ("389 million USDC", "389_000_000 USDC"),
            ("FIL 100", "100 FIL"),
            ("100FIL", "100 FIL"),
            ("100", "100 FIL"),
            ("1,000 base FIL", "1_000 base FIL"),
        ];
        for (text, amount_meant) in meant {
            let found = amount(text, tokens.iter().copied());
            assert_eq!(hint(found), format!("did you mean `{amount_meant}`?"), "{text}");
        }
        assert_eq!(amount("-500 FIL", tokens.iter().copied()), Some(Slip::below_zero("500 FIL")));
        assert_eq!(amount("much FIL", tokens.iter().copied()), None);
    }

    #[test]
    fn shares_and_times_are_understood() {
        for (text, meant) in
            [("50", "50%"), ("0.5", "50%"), ("12,5%", "12.5%"), ("50 per cent", "50%"), ("1/4", "25%"), ("1/3", "33.3333333%")]
        {
            assert_eq!(hint(per_cent(text, false)), format!("did you mean `{meant}`?"), "{text}");
        }
        assert_eq!(per_cent("150%", false).unwrap().wrong, Some("is more than the whole"));
        assert_eq!(per_cent("-5%", false), Some(Slip::below_zero("5%")));
        assert!(hint(per_cent("33.33333333%", false)).contains("7 places"));
        for (text, meant) in [("30 days", "30d"), ("5 minutes", "5m"), ("1 hour", "1h"), ("1,000d", "1_000d")] {
            assert_eq!(hint(time(text, false)), format!("did you mean `{meant}`?"), "{text}");
        }
        assert_eq!(time("-5d", false), Some(Slip::below_zero("5d")));
        assert!(hint(time("30", false)).contains("say the unit: 30s"));
        assert!(hint(time("1 month", false)).contains("30d"));
        assert_eq!(time("180 moons", false), None);
    }

    #[test]
    fn a_line_that_is_no_toml_is_looked_at_for_its_value() {
        let text = "a = 1\nquorum = 2,000\nb = 2";
        assert_eq!(no_toml(text, 17).as_deref(), Some("did you mean `2_000`?"));
        assert_eq!(no_toml("unbonding = 21d", 14).as_deref(), Some("a text stands in quotes: unbonding = \"21d\""));
        assert_eq!(no_toml("a = \"x", 5), None);
    }
}
