//! Values as people type them.

use clap::builder::TypedValueParser;
use depin_quantity::{Address, Name, Span, Units, parse_bytes, parse_span};
use std::{ffi::OsStr, fmt, path::PathBuf, str::FromStr, time::Duration};

/// A path that something is made at, and that is written down elsewhere: in JSON, in settings for shells. So it must be text. Files that
/// are only read have any name.
#[derive(Clone, Copy, Debug)]
pub struct TextPath;

impl TypedValueParser for TextPath {
    type Value = PathBuf;

    fn parse_ref(&self, command: &clap::Command, arg: Option<&clap::Arg>, value: &OsStr) -> Result<PathBuf, clap::Error> {
        if value.is_empty() {
            return clap::builder::PathBufValueParser::new().parse_ref(command, arg, value);
        }
        match value.to_str() {
            Some(path) => Ok(path.into()),
            None => {
                let name = arg.map_or_else(|| "the path".to_owned(), ToString::to_string);
                let text = format!(
                    "{name}: the path {} is no text in UTF-8, and nothing was made there\n\nname another one, or rename the folder that it is in\n",
                    value.display()
                );
                Err(clap::Error::raw(clap::error::ErrorKind::InvalidUtf8, text).with_cmd(command))
            }
        }
    }
}

/// A size in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match parse_bytes(text) {
            Ok(0) => Err("a size must be above zero, such as 10GiB".to_owned()),
            Ok(bytes) => Ok(Self(bytes)),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// How long history is kept: some days, or for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepArg(pub Option<Duration>);

impl FromStr for KeepArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self(None));
        }
        match text.parse::<u64>() {
            Ok(days @ 1..=36_500) => Ok(Self(Some(Duration::from_secs(days * 86_400)))),
            _ => Err("write a number of days from 1 to 36500, or `all`".to_owned()),
        }
    }
}

/// After what length of ledger time something is done: some, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepairArg(pub Option<Span>);

impl FromStr for RepairArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self(None));
        }
        let span: SpanArg = text.parse().map_err(|error| format!("{error}; or write `never`"))?;
        Ok(Self(Some(span.0)))
    }
}

/// A length of ledger time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanArg(pub Span);

impl FromStr for SpanArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match parse_span(text) {
            Ok(span) if span.get() == 0 => Err("a length of time must be above zero, such as 180d".to_owned()),
            Ok(span) => Ok(Self(span)),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// An amount as typed: digits and a token. Its precision is the token's, which the network knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmountArg {
    pub number: String,
    pub token: Option<Name>,
}

impl FromStr for AmountArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("{text:?} is not an amount; write digits and a token, such as \"1.5 FIL\" or 0.25FIL");
        let text = text.trim();
        let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, token) = (text[..split].trim().replace('_', ""), text[split..].trim());
        let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !plain || number.matches('.').count() > 1 || number == "." {
            return Err(error());
        }
        let token = if token.is_empty() { None } else { Some(token.parse().map_err(|_| error())?) };
        Ok(Self { number, token })
    }
}

impl fmt::Display for AmountArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.token {
            Some(token) => write!(f, "{} {token}", self.number),
            None => f.write_str(&self.number),
        }
    }
}

/// A price of storage as typed: an amount, and for how much and how long; without either, for a GiB and an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceArg {
    pub amount: AmountArg,
    /// Bytes and time; none where the price is one for a GiB and an epoch.
    pub per: Option<(u64, Period)>,
}

/// For how long a price is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Epoch,
    Span(Span),
}

impl FromStr for PriceArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || {
            format!(
                "{text:?} is no price; write it like \"0.05 USD/TiB/month\", \"0.04 FIL/TiB/month\" or \"0.0000000005 FIL\" (a GiB and epoch)"
            )
        };
        let mut parts = text.split('/').map(str::trim);
        let amount = parts.next().unwrap_or_default().parse().map_err(|_| error())?;
        let (size, period) = (parts.next(), parts.next());
        let per = match (size, period, parts.next()) {
            (None, None, None) => None,
            (Some(size), Some(period), None) => {
                let size = if size.starts_with(|c: char| c.is_ascii_digit()) { size.to_owned() } else { format!("1{size}") };
                let bytes = parse_bytes(&size).ok().filter(|bytes| *bytes > 0).ok_or_else(error)?;
                let period = match period {
                    "epoch" => Period::Epoch,
                    "day" => Period::Span(Span::from_days(1)),
                    "month" => Period::Span(Span::from_days(30)),
                    "year" => Period::Span(Span::from_days(365)),
                    _ => return Err(format!("{}; the time is one of epoch, day, month (30 days), year (365 days)", error())),
                };
                Some((bytes, period))
            }
            _ => return Err(error()),
        };
        Ok(Self { amount, per })
    }
}

/// Dollars, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsdArg(pub u128);

impl FromStr for UsdArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const MOST: u128 = 1_000_000_000_000_000;
        let number = text.trim().trim_start_matches('$').trim_end_matches("USD").trim();
        match Units::parse_decimal(number, 6) {
            Ok(micros) if micros.get() <= MOST => Ok(Self(micros.get())),
            Ok(_) => Err(format!("{text:?} is more than a billion dollars")),
            Err(_) => Err(format!("{text:?} is no amount of dollars; write it like 0.30, with at most six places")),
        }
    }
}

/// An account: by its address, or by a name that the home or the network knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    Address(Address),
    Name(Name),
}

impl FromStr for Who {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        // Too long for a name, or beginning like one: an address with a typing error. Saying so helps more than "no such name".
        if text.len() > Name::MAX || text.starts_with("depin1") {
            return Err(format!(
                "{text:?} is not an address; compare it letter by letter with its source, its checksum is wrong"
            ));
        }
        text.parse().map(Self::Name).map_err(|_| format!("{text:?} is neither an address (depin1…) nor an account's name"))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// k-of-n redundancy, `2-of-3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copies {
    pub k: usize,
    pub n: usize,
}

impl FromStr for Copies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("{text:?} is no redundancy; write k-of-n with 1 <= k <= n <= 64, such as 2-of-3");
        let (k, n) = text.split_once("-of-").ok_or_else(error)?;
        let (k, n): (usize, usize) = (k.parse().map_err(|_| error())?, n.parse().map_err(|_| error())?);
        if k == 0 || k > n || n > 64 { Err(error()) } else { Ok(Self { k, n }) }
    }
}

impl fmt::Display for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-of-{}", self.k, self.n)
    }
}

/// A bucket and, behind the first slash, a key: `docs/2026/report.pdf`, also with `s3://` before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPath {
    pub bucket: String,
    /// Empty for a whole bucket; ends in a slash for a folder.
    pub key: String,
}

impl FromStr for ObjectPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix("s3://").unwrap_or(text);
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        if bucket.len() < 3 || bucket.len() > 63 || !bucket.bytes().all(allowed) {
            return Err(format!(
                "{bucket:?} is no bucket name; it has 3 to 63 lower-case letters, digits, dots and hyphens, then a slash and the key: \
                 docs/report.pdf"
            ));
        }
        if key.len() > 1024 {
            return Err(format!("the key has {} bytes, at most 1024 are allowed", key.len()));
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_with_and_without_blank_and_token() {
        let fil: Name = "FIL".parse().unwrap();
        assert_eq!("1.5 FIL".parse(), Ok(AmountArg { number: "1.5".into(), token: Some(fil) }));
        assert_eq!("0.25FIL".parse(), Ok(AmountArg { number: "0.25".into(), token: Some(fil) }));
        assert_eq!("1_000".parse(), Ok(AmountArg { number: "1000".into(), token: None }));
        for bad in ["", "FIL", "-1 FIL", "1.2.3 FIL", ". FIL", "1 F!L", "1e5 FI L"] {
            assert!(bad.parse::<AmountArg>().is_err(), "{bad}");
        }
    }

    #[test]
    fn prices_are_read_in_the_words_that_people_have() {
        let amount = |text: &str| text.parse::<AmountArg>().unwrap();
        let month = Period::Span(Span::from_days(30));
        assert_eq!("0.05 USD/TiB/month".parse(), Ok(PriceArg { amount: amount("0.05 USD"), per: Some((1 << 40, month)) }));
        assert_eq!(
            "1 FIL / 10GiB / day".parse(),
            Ok(PriceArg { amount: amount("1 FIL"), per: Some((10 << 30, Period::Span(Span::from_days(1)))) })
        );
        assert_eq!("5 FIL/GiB/epoch".parse(), Ok(PriceArg { amount: amount("5 FIL"), per: Some((1 << 30, Period::Epoch)) }));
        assert_eq!("0.0000000005 FIL".parse(), Ok(PriceArg { amount: amount("0.0000000005 FIL"), per: None }));
        for bad in
            ["", "cheap", "1 FIL/TiB", "1 FIL/month", "1 FIL/TiB/week", "1 FIL/TiB/month/x", "1 FIL/0GiB/day", "1 FIL/yards/day"]
        {
            assert!(bad.parse::<PriceArg>().is_err(), "{bad}");
        }
    }

    #[test]
    fn dollars_are_read_to_a_millionth() {
        for (text, micros) in [("0.30", 300_000), ("$1", 1_000_000), ("0.000001 USD", 1), ("0", 0)] {
            assert_eq!(text.parse(), Ok(UsdArg(micros)), "{text}");
        }
        for bad in ["", "cheap", "-1", "0.0000001", "1000000001"] {
            assert!(bad.parse::<UsdArg>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mistyped_address_is_not_taken_for_a_name() {
        let address = Address::new([7; 32]);
        assert_eq!(address.to_string().parse(), Ok(Who::Address(address)));
        let mistyped = address.to_string().replace('q', "p");
        assert!(mistyped.parse::<Who>().unwrap_err().contains("checksum"));
        assert_eq!("customer".parse(), Ok(Who::Name("customer".parse().unwrap())));
    }

    #[test]
    fn object_paths_are_split_at_the_first_slash() {
        let path: ObjectPath = "s3://docs/2026/report.pdf".parse().unwrap();
        assert_eq!((path.bucket.as_str(), path.key.as_str()), ("docs", "2026/report.pdf"));
        assert_eq!("docs".parse::<ObjectPath>().unwrap().key, "");
        assert!("Docs/x".parse::<ObjectPath>().is_err() && "ab/x".parse::<ObjectPath>().is_err());
    }

    #[test]
    fn redundancy_outside_its_bounds_is_refused() {
        assert_eq!("2-of-3".parse(), Ok(Copies { k: 2, n: 3 }));
        for bad in ["3-of-2", "0-of-1", "1-of-65", "2/3", "two-of-3"] {
            assert!(bad.parse::<Copies>().is_err(), "{bad}");
        }
    }
}
