//! Single values: texts, names, figures.

use super::{
    super::{
        clock::{Length, parse_length},
        document::{Entry, Value},
        grammar::{Kind, meant, meant_hint},
        network::Token,
        problem::{Problem, Stage},
        slips::{self, Slip},
    },
    Reader,
};
use depin_quantity::{
    Decimal18, Decimal30, Instant, Measured, Name, ParseError, Share, Span, Units, nearest_name, parse_bytes, parse_span,
};
use std::{collections::BTreeMap, str::FromStr};

/// No network lives longer: what takes longer than this is a slip.
const LIFE: Span = Span::from_days(36_500);

/// Dates lie before this one, 2200-01-01.
const LAST_DATE: Instant = Instant::new(7_258_118_400_000);

impl<'a> Reader<'a> {
    /// Notes a text that is no figure, with what was probably meant.
    fn unreadable(&self, entry: &Entry, text: &str, wanted: &str, slip: Option<Slip>, example: &str) {
        let shown = ParseError::new(text, "", "").text;
        let wrong = slip.as_ref().and_then(|slip| slip.wrong);
        let message = match wrong {
            Some(wrong) => format!("`{shown}` {wrong}"),
            None => format!("`{shown}` is not {wanted}"),
        };
        let hint = slip.map_or_else(|| format!("write it like {example}"), |slip| slip.hint);
        self.context.report(Problem::new(entry.span.clone(), message).hint(hint).stage(Stage::Text));
    }

    fn parsed<T>(
        &self,
        entry: &Entry,
        (wanted, example): (&str, &str),
        slip: impl FnOnce(&str) -> Option<Slip>,
        parse: impl FnOnce(&str) -> Result<T, ParseError>,
    ) -> Option<T> {
        let Value::Text(text) = &entry.value else {
            self.wrong(entry, wanted, example);
            return None;
        };
        match parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.unreadable(entry, text, error.wanted, slip(text), example);
                None
            }
        }
    }

    /// Notes a figure that can be read and makes no sense.
    fn senseless(&self, entry: &Entry, message: String, hint: String) {
        self.context.report(Problem::new(entry.span.clone(), message).hint(hint));
    }

    /// A text.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.expect(key, |kind| {
            matches!(kind, Kind::Text | Kind::Destination | Kind::Choice(_) | Kind::AmountOrUsd | Kind::DateOrGenesis)
        });
        let entry = self.required(key, "\"…\"")?;
        match &entry.value {
            Value::Text(text) => Some(text.clone()),
            _ => {
                self.wrong(entry, "a text", "\"…\"");
                None
            }
        }
    }

    fn name_in(&self, entry: &Entry) -> Option<Name> {
        self.parsed(entry, ("a name", "\"some-name\""), |_| None, Name::from_str)
    }

    /// A name.
    pub fn name(&mut self, key: &str) -> Option<Name> {
        self.expect(key, |kind| matches!(kind, Kind::Name | Kind::NameOrNames | Kind::FlagOrNames));
        let entry = self.required(key, "\"some-name\"")?;
        self.name_in(entry)
    }

    /// A name, without asking for it.
    pub(in super::super) fn peek_name(&self, key: &str) -> Option<Name> {
        match self.get(key).map(|e| &e.value) {
            Some(Value::Text(text)) => text.parse().ok(),
            _ => None,
        }
    }

    /// A list of names, not empty, each once.
    pub fn names(&mut self, key: &str) -> Option<Vec<Name>> {
        self.expect(key, |kind| matches!(kind, Kind::Names | Kind::NameOrNames | Kind::FlagOrNames));
        let entry = self.required(key, "[\"some-name\"]")?;
        let Value::List(items) = &entry.value else {
            self.wrong(entry, "a list of names", "[\"some-name\"]");
            return None;
        };
        let mut names: Vec<Name> = Vec::new();
        let mut whole = true;
        for item in items {
            match self.name_in(item) {
                Some(name) if names.contains(&name) => {
                    self.senseless(
                        item,
                        format!("`{name}` stands in the list twice; each name only once"),
                        "remove it".to_owned(),
                    );
                    whole = false;
                }
                Some(name) => names.push(name),
                None => whole = false,
            }
        }
        if items.is_empty() {
            let hint = format!("write {key} = [\"some-name\"], or remove the key where it may be left out");
            self.senseless(entry, format!("`{key}` names nothing; it must name at least one"), hint);
        }
        (whole && !names.is_empty()).then_some(names)
    }

    /// One name or a list of names, each once.
    pub(in super::super) fn name_or_names(&mut self, key: &str) -> Option<Vec<Name>> {
        if self.holds_text(key) { self.name(key).map(|one| vec![one]) } else { self.names(key) }
    }

    /// One of a few words. A misspelt one is read as it was meant.
    pub fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        self.expect(key, |kind| match kind {
            Kind::Choice(words) => words.iter().eq(choices.iter().map(|(word, _)| word)),
            kind => matches!(kind, Kind::DateOrGenesis),
        });
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let text = self.text(key)?;
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let near = meant(&text, words.iter().copied());
        let hint = near.map_or_else(|| format!("choose one of {}", words.join(", ")), |near| meant_hint(&text, near));
        let span = self.get(key)?.span.clone();
        let problem = Problem::new(span, format!("`{text}` is none of {}", words.join(", "))).hint(hint);
        self.context.report(problem.stage(Stage::Text));
        choices.iter().find(|(word, _)| Some(*word) == near).map(|(_, value)| *value)
    }

    /// A whole number within a range.
    pub fn integer(&mut self, key: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        self.expect(key, |kind| matches!(kind, Kind::Integer(least, most) if (least, most) == (range.start(), range.end())));
        self.figures = true;
        let entry = self.required(key, &range.start().to_string())?;
        let text = match &entry.value {
            Value::Integer { value, .. } if value.and_then(|n| u64::try_from(n).ok()).is_some_and(|n| range.contains(&n)) => {
                return value.and_then(|n| u64::try_from(n).ok());
            }
            Value::Integer { text, .. } => text,
            Value::Text(text) if slips::integer(text).is_some() => {
                let slip = slips::integer(text)?;
                let message = format!("expected a whole number, found the text `{text}`");
                let hint = format!("{} write it without quotes", slip.hint);
                self.context.report(Problem::new(entry.span.clone(), message).hint(hint).stage(Stage::Text));
                return None;
            }
            _ => {
                self.wrong(entry, "a whole number", "2_880");
                return None;
            }
        };
        let allowed = match range.end() {
            &u64::MAX => format!("{} on", range.start()),
            end => format!("{} to {end}", range.start()),
        };
        self.senseless(
            entry,
            format!("`{key}` must be a whole number from {allowed}, and {text} is not"),
            format!("choose one from {allowed}"),
        );
        None
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &str) -> Option<bool> {
        self.expect(key, |kind| matches!(kind, Kind::Flag | Kind::FlagOrNames));
        let entry = self.required(key, "true")?;
        match &entry.value {
            Value::Flag(flag) => Some(*flag),
            _ => {
                self.wrong(entry, "true or false", "true");
                None
            }
        }
    }

    /// A share in per cent.
    pub fn share(&mut self, key: &str) -> Option<Share> {
        self.expect(key, |kind| matches!(kind, Kind::Share | Kind::ShareOrTable(_)));
        self.figures = true;
        let entry = self.required(key, "\"70%\"")?;
        self.parsed(entry, ("a share", "\"70%\""), |text| slips::per_cent(text, false), Share::from_str)
    }

    /// A length of time above zero, at most a hundred years.
    pub fn span(&mut self, key: &str) -> Option<Span> {
        self.expect(key, |kind| matches!(kind, Kind::Span));
        self.figures = true;
        let entry = self.required(key, "\"180d\"")?;
        let span = self.parsed(entry, ("a length of time", "\"180d\""), |text| slips::time(text, false), parse_span)?;
        self.lives(key, entry, span)?;
        self.lasts(key, entry, span)
    }

    fn lasts(&self, key: &str, entry: &Entry, span: Span) -> Option<Span> {
        if span.get() > 0 {
            return Some(span);
        }
        let optional = self.field(key).is_some_and(|field| !field.required);
        let hint = if optional { "write a length above zero, or remove the key" } else { "write a length above zero" };
        self.senseless(entry, format!("`{key}` is no time at all"), hint.to_owned());
        None
    }

    fn lives(&self, key: &str, entry: &Entry, span: Span) -> Option<()> {
        if span <= LIFE {
            return Some(());
        }
        let years = span.get() / Span::from_days(365).get();
        let message = format!("`{key}` is {years} years, and no network lives so long");
        self.senseless(entry, message, "write at most 100 years".to_owned());
        None
    }

    /// A size in bytes, above zero.
    pub fn bytes(&mut self, key: &str) -> Option<u64> {
        self.expect(key, |kind| matches!(kind, Kind::Bytes));
        self.figures = true;
        let entry = self.required(key, "\"32GiB\"")?;
        let bytes = self.parsed(entry, ("a size", "\"32GiB\""), |_| None, parse_bytes)?;
        if bytes == 0 {
            self.senseless(entry, format!("`{key}` is no bytes at all"), "write a size above zero".to_owned());
            return None;
        }
        Some(bytes)
    }

    /// A decimal number as text, at most 18 places.
    pub fn decimal(&mut self, key: &str) -> Option<Decimal18> {
        self.expect(key, |kind| matches!(kind, Kind::Decimal));
        self.figures = true;
        let entry = self.required(key, "\"4.25\"")?;
        self.parsed(entry, ("a decimal number", "\"4.25\""), slips::integer, Decimal18::parse)
    }

    /// An amount of a declared token: `"1_000 FIL"`, or in base units `"100 base FIL"`.
    pub fn amount(&mut self, key: &str) -> Option<(Name, Units)> {
        self.expect(key, |kind| matches!(kind, Kind::Amount | Kind::Amounts | Kind::AmountOrUsd));
        self.figures = true;
        let entry = self.required(key, "\"1_000 FIL\"")?;
        self.amount_in(entry)
    }

    fn amount_in(&self, entry: &Entry) -> Option<(Name, Units)> {
        let Value::Text(text) = &entry.value else {
            self.wrong(entry, "an amount", "\"1_000 FIL\"");
            return None;
        };
        let tokens = self.context.tokens.borrow();
        // Without tokens nothing can be said of amounts, and that there are none is told already.
        let tokens = tokens.as_ref()?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let (number, word, base) = match words.as_slice() {
            [number, token] => (*number, *token, false),
            [number, "base", token] => (*number, *token, true),
            _ => {
                let slip = slips::amount(text, tokens.keys().map(Name::as_str));
                self.unreadable(entry, text, "an amount", slip, "\"1_000 FIL\", a number and a token");
                return None;
            }
        };
        let name = word.parse::<Name>().ok().filter(|name| tokens.contains_key(name));
        let name = name.or_else(|| self.token_meant(entry, text, word, tokens))?;
        let decimals = match tokens.get(&name)? {
            _ if base => 0,
            Some(token) => token.decimals,
            None => return None,
        };
        if let Ok(units) = Units::parse_decimal(number, decimals) {
            return Some((name, units));
        }
        let places = Units::parse_decimal(number, 36).is_ok();
        let slip = if places {
            let hint =
                if base { "write a whole number of base units".to_owned() } else { format!("{name} has {decimals} places") };
            Some(Slip { wrong: Some("has more places than its token"), hint })
        } else {
            slips::amount(text, tokens.keys().map(Name::as_str))
        };
        self.unreadable(entry, text, "an amount", slip, "\"1_000 FIL\"");
        None
    }

    /// The token that a misspelt one stands for; notes the slip.
    fn token_meant(&self, entry: &Entry, text: &str, word: &str, tokens: &BTreeMap<Name, Option<Token>>) -> Option<Name> {
        if let Some(slip) = slips::amount(text, tokens.keys().map(Name::as_str)) {
            self.unreadable(entry, text, "an amount", Some(slip), "\"1_000 FIL\"");
            return None;
        }
        let near = nearest_name(word, tokens.keys().map(Name::as_str));
        let known: Vec<&str> = tokens.keys().map(Name::as_str).collect();
        let hint = near.map_or_else(
            || format!("declare it with [[token]]; declared: {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        let problem = Problem::new(entry.span.clone(), format!("`{word}` is no token of this network")).hint(hint);
        self.context.report(problem.stage(Stage::Text));
        near?.parse().ok()
    }

    /// An amount above zero of any declared token.
    pub(in super::super) fn amount_above_zero(&mut self, key: &str) -> Option<(Name, Units)> {
        let (token, units) = self.amount(key)?;
        let entry = self.get(key)?;
        if units.is_zero() {
            let optional = self.field(key).is_some_and(|field| !field.required);
            let hint = if optional { "write an amount above zero, or remove the key" } else { "write an amount above zero" };
            self.senseless(entry, format!("`{key}` is nothing at all"), hint.to_owned());
            return None;
        }
        Some((token, units))
    }

    fn of(&mut self, key: &str, token: Name, found: Option<(Name, Units)>) -> Option<Units> {
        let (found, units) = found?;
        if found != token {
            self.problem(
                key,
                &format!("expected an amount of {token}, found one of {found}"),
                &format!("write it like \"1 {token}\""),
            );
            return None;
        }
        Some(units)
    }

    /// An amount of one given token.
    pub(in super::super) fn amount_of(&mut self, key: &str, token: Name) -> Option<Units> {
        let found = self.amount(key);
        self.of(key, token, found)
    }

    /// An amount above zero of one given token.
    pub(in super::super) fn amount_of_above_zero(&mut self, key: &str, token: Name) -> Option<Units> {
        let found = self.amount_above_zero(key);
        self.of(key, token, found)
    }

    /// One amount, or a list of amounts of different tokens; above zero.
    pub(in super::super) fn amounts(&mut self, key: &str) -> Option<BTreeMap<Name, Units>> {
        let Some(Entry { value: Value::List(items), .. }) = self.get(key) else {
            return self.amount_above_zero(key).map(|one| BTreeMap::from([one]));
        };
        self.expect(key, |kind| matches!(kind, Kind::Amounts));
        self.asked.push(key.to_owned());
        self.figures = true;
        let mut all = BTreeMap::new();
        let mut whole = true;
        for item in items {
            let Some((token, units)) = self.amount_in(item) else {
                whole = false;
                continue;
            };
            if units.is_zero() {
                self.senseless(item, format!("`{key}` is nothing at all"), "write an amount above zero, or remove it".to_owned());
                whole = false;
            }
            if all.insert(token, units).is_some() {
                self.senseless(item, format!("`{key}` gives two amounts of {token}"), "remove one".to_owned());
                whole = false;
            }
        }
        whole.then_some(all)
    }

    /// An amount of US dollars above zero: `"0.0001 USD"`.
    pub(in super::super) fn usd(&mut self, key: &str) -> Option<Decimal18> {
        self.expect(key, |kind| matches!(kind, Kind::Usd | Kind::AmountOrUsd));
        self.figures = true;
        let entry = self.required(key, "\"0.0001 USD\"")?;
        let parse = |text: &str| {
            let error = || ParseError::new(text, "an amount of dollars above zero", "\"0.0001 USD\"");
            let number = text.strip_suffix("USD").ok_or_else(error)?.trim_end();
            Decimal18::parse(number).ok().filter(|usd| !usd.is_zero()).ok_or_else(error)
        };
        self.parsed(entry, ("an amount of dollars", "\"0.0001 USD\""), slips::usd, parse)
    }

    /// A metric's quantity.
    pub fn measured(&mut self, key: &str) -> Option<Measured> {
        self.integer(key, 0..=u64::MAX).map(|n| Measured::new(n.into()))
    }

    /// A date and time from 1970 to 2200; without a time midnight, without an offset UTC.
    pub fn date_time(&mut self, key: &str) -> Option<Instant> {
        let date = self.date(key)?;
        let at = instant_of(&date).filter(|at| *at < LAST_DATE);
        if at.is_none() {
            self.problem(
                key,
                &format!("`{key}` must be a date from 1970 on and before 2200"),
                &format!("write {key} = 2020-08-24T22:00:00Z{}", if key == "origin" { " or origin = \"genesis\"" } else { "" }),
            );
        }
        at
    }

    fn date(&mut self, key: &str) -> Option<toml::value::Datetime> {
        self.expect(key, |kind| matches!(kind, Kind::Date | Kind::DateOrGenesis));
        self.figures = true;
        let entry = self.required(key, "2020-08-24T22:00:00Z")?;
        match &entry.value {
            Value::Date(date) => Some(*date),
            Value::Text(text) if text.parse::<toml::value::Datetime>().is_ok() => {
                let message = "expected a date, found a text";
                let hint = format!("write it without quotes: {key} = {text}");
                self.context.report(Problem::new(entry.span.clone(), message).hint(hint).stage(Stage::Text));
                None
            }
            _ => {
                self.wrong(entry, "a date", "2020-08-24T22:00:00Z");
                None
            }
        }
    }

    /// A list of texts.
    pub(in super::super) fn texts(&mut self, key: &str) -> Option<Vec<(String, std::ops::Range<usize>)>> {
        self.expect(key, |kind| matches!(kind, Kind::Texts));
        let entry = self.required(key, "[\"…\"]")?;
        let Value::List(items) = &entry.value else {
            self.wrong(entry, "a list of texts", "[\"…\"]");
            return None;
        };
        let texts = items.iter().filter_map(|item| match &item.value {
            Value::Text(text) => Some((text.clone(), item.span.clone())),
            _ => {
                self.wrong(item, "a text", "\"…\"");
                None
            }
        });
        let texts: Vec<_> = texts.collect();
        (texts.len() == items.len()).then_some(texts)
    }

    /// A length of time: `"180d"`, or calendar months as in `"month"`, `"24 month"` and `"2 year"`; above zero, at most a hundred
    /// years.
    pub(in super::super) fn length(&mut self, key: &str) -> Option<Length> {
        let length = self.length_or_none(key)?;
        let entry = self.get(key)?;
        match length {
            Length::Fixed(span) => self.lasts(key, entry, span).map(Length::Fixed),
            Length::Months(0) => self.lasts(key, entry, Span::from_millis(0)).map(Length::Fixed),
            Length::Months(n) => Some(Length::Months(n)),
        }
    }

    /// A length of time as [`Reader::length`] reads it, which may be zero.
    pub(in super::super) fn length_or_none(&mut self, key: &str) -> Option<Length> {
        self.expect(key, |kind| matches!(kind, Kind::Length));
        self.figures = true;
        let entry = self.required(key, "\"180d\"")?;
        let parse = |text: &str| {
            let wanted = "a length of time";
            parse_length(text).ok_or_else(|| ParseError::new(text, wanted, ""))
        };
        let example = "\"30s\", \"12h\", \"180d\", \"6y\" (365 days each) or \"24 month\"";
        let length = self.parsed(entry, ("a length of time", example), |text| slips::time(text, true), parse)?;
        let span = match length {
            Length::Fixed(span) => span,
            Length::Months(n) => Span::from_days(n.saturating_mul(365) / 12),
        };
        self.lives(key, entry, span)?;
        Some(length)
    }

    /// A length of time, without asking for it.
    pub(in super::super) fn peek_length(&self, key: &str) -> Option<Length> {
        match self.get(key).map(|e| &e.value) {
            Some(Value::Text(text)) => parse_length(text),
            _ => None,
        }
    }

    /// A decimal number as text, at most 30 places.
    pub(in super::super) fn decimal30(&mut self, key: &str) -> Option<Decimal30> {
        self.expect(key, |kind| matches!(kind, Kind::Decimal));
        self.figures = true;
        let entry = self.required(key, "\"0.0000091\"")?;
        self.parsed(entry, ("a decimal number", "\"0.0000091\""), slips::integer, Decimal30::parse)
    }

    /// A rate in per cent, which may pass 100 %, as a number.
    pub(in super::super) fn percent(&mut self, key: &str) -> Option<Decimal18> {
        self.expect(key, |kind| matches!(kind, Kind::Percent));
        self.figures = true;
        let entry = self.required(key, "\"25%\"")?;
        let parse = |text: &str| {
            let error = || ParseError::new(text, "a rate in per cent", "\"25%\"");
            let number = text.strip_suffix('%').ok_or_else(error)?.trim_end();
            let parts = Units::parse_decimal(number, 16).map_err(|_| error())?;
            Ok(Decimal18::new(parts.get()))
        };
        self.parsed(entry, ("a rate in per cent", "\"25%\""), |text| slips::per_cent(text, true), parse)
    }

    /// Whether the key holds a table.
    pub(in super::super) fn holds_table(&self, key: &str) -> bool {
        matches!(self.get(key).map(|e| &e.value), Some(Value::Table(_)))
    }

    /// Whether the key holds true or false.
    pub(in super::super) fn holds_flag(&self, key: &str) -> bool {
        matches!(self.get(key).map(|e| &e.value), Some(Value::Flag(_)))
    }

    /// Whether the key holds a text.
    pub(in super::super) fn holds_text(&self, key: &str) -> bool {
        matches!(self.get(key).map(|e| &e.value), Some(Value::Text(_)))
    }
}

/// A date of the file as an instant: midnight without a time, UTC without an offset.
pub(in super::super) fn instant_of(date: &toml::value::Datetime) -> Option<Instant> {
    let text = match (date.time, date.offset) {
        (None, None) => format!("{date}T00:00:00Z"),
        (Some(_), None) => format!("{date}Z"),
        _ => date.to_string(),
    };
    let parsed = time::OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339).ok();
    parsed.and_then(|t| u64::try_from(t.unix_timestamp_nanos() / 1_000_000).ok()).map(Instant::new)
}
