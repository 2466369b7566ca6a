//! Typed reading of one table, which notes every problem and goes on.

use super::{
    Spec,
    clock::{Length, parse_length},
    document::{Entry, Section, Value},
    network::Token,
    problem::{Problem, SpecErrors},
};
use depin_quantity::{
    Decimal18, Decimal30, Instant, Measured, Name, ParseError, Share, Span, Units, nearest_name, parse_bytes, parse_span,
};
use std::{cell::RefCell, collections::BTreeMap, str::FromStr};

/// What all readers of one file share.
pub(super) struct Context {
    pub(super) tokens: RefCell<BTreeMap<Name, Token>>,
    pub(super) problems: RefCell<Vec<Problem>>,
    /// Names that are checked when the whole file is read.
    pub(super) wanted: RefCell<Vec<Wanted>>,
    /// What is no mistake and should be known.
    pub(super) warnings: RefCell<Vec<Problem>>,
}

/// A name that stands before what it refers to is read.
pub(super) struct Wanted {
    pub(super) span: std::ops::Range<usize>,
    pub(super) name: Name,
    pub(super) what: Wants,
}

/// What a wanted name must be.
pub(super) enum Wants {
    /// A pool that pays this token.
    Pool(Name),
    /// A treasury.
    Treasury,
}

impl Context {
    pub(super) fn new(tokens: BTreeMap<Name, Token>) -> Self {
        Self {
            tokens: RefCell::new(tokens),
            problems: RefCell::new(Vec::new()),
            wanted: RefCell::new(Vec::new()),
            warnings: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn report(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }
}

/// Reads one table. Getters note problems and give `None`; when the table is read, keys that nobody asked for and figures
/// without a source are noted too.
pub struct Reader<'a> {
    section: &'a Section,
    context: &'a Context,
    asked: Vec<String>,
    /// Keys that were looked for: those that may be left out, and are suggested like the others.
    known: RefCell<Vec<String>>,
    figures: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(section: &'a Section, context: &'a Context) -> Self {
        Self { section, context, asked: Vec::new(), known: RefCell::new(Vec::new()), figures: false }
    }

    pub(super) const fn context(&self) -> &'a Context {
        self.context
    }

    /// Notes a problem with the value of `key`, or with the whole table when it has no such key.
    pub fn problem(&mut self, key: &str, message: &str, hint: &str) {
        let span = self.section.entries.get(key).map_or(self.section.span.clone(), |e| e.span.clone());
        self.context.report(Problem::new(span, message).hint(hint));
    }

    /// Whether the table has this key; does not count as asking for it, but makes it known.
    pub fn has(&self, key: &str) -> bool {
        self.known.borrow_mut().push(key.to_owned());
        self.section.has(key)
    }

    fn optional(&mut self, key: &str) -> Option<&'a Entry> {
        self.asked.push(key.to_owned());
        self.section.entries.get(key)
    }

    fn required(&mut self, key: &str, example: &str) -> Option<&'a Entry> {
        let entry = self.optional(key);
        if entry.is_none() {
            let table = if self.section.path.is_empty() { "the file".to_owned() } else { format!("`{}`", self.section.path) };
            self.context.report(
                Problem::new(self.section.span.clone(), format!("{table} lacks `{key}`"))
                    .hint(format!("write {key} = {example}")),
            );
        }
        entry
    }

    fn wrong(&self, entry: &Entry, wanted: &str, example: &str) {
        let message = format!("expected {wanted}, found {}", entry.value.noun());
        self.context.report(Problem::new(entry.span.clone(), message).hint(format!("write it like {example}")));
    }

    fn parsed<T>(
        &self,
        entry: &Entry,
        wanted: &str,
        example: &str,
        parse: impl FnOnce(&str) -> Result<T, ParseError>,
    ) -> Option<T> {
        let Value::Text(text) = &entry.value else {
            self.wrong(entry, wanted, example);
            return None;
        };
        match parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.context.report(Problem::new(entry.span.clone(), error.to_string()));
                None
            }
        }
    }

    /// A text.
    pub fn text(&mut self, key: &str) -> Option<String> {
        let entry = self.required(key, "\"…\"")?;
        match &entry.value {
            Value::Text(text) => Some(text.clone()),
            _ => {
                self.wrong(entry, "a text", "\"…\"");
                None
            }
        }
    }

    /// A name.
    pub fn name(&mut self, key: &str) -> Option<Name> {
        let entry = self.required(key, "\"some-name\"")?;
        self.parsed(entry, "a name", "\"some-name\"", Name::from_str)
    }

    /// A list of names, not empty, each once.
    pub fn names(&mut self, key: &str) -> Option<Vec<Name>> {
        let entry = self.required(key, "[\"some-name\"]")?;
        let Value::List(items) = &entry.value else {
            self.wrong(entry, "a list of names", "[\"some-name\"]");
            return None;
        };
        let names: Vec<Name> = items.iter().filter_map(|i| self.parsed(i, "a name", "\"some-name\"", Name::from_str)).collect();
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        if names.is_empty() || distinct.len() != items.len() {
            self.context.report(Problem::new(entry.span.clone(), "the list must name at least one, and each only once"));
            return None;
        }
        Some(names)
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let text = self.text(key)?;
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let hint = nearest_name(&text, words.iter().copied())
            .map_or_else(|| format!("choose one of {}", words.join(", ")), |w| format!("did you mean `{w}`?"));
        self.problem(key, &format!("`{text}` is none of {}", words.join(", ")), &hint);
        None
    }

    /// A whole number within a range.
    pub fn integer(&mut self, key: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        self.figures = true;
        let entry = self.required(key, &range.start().to_string())?;
        let Value::Integer(number) = &entry.value else {
            self.wrong(entry, "a whole number", "2_880");
            return None;
        };
        match number.and_then(|n| u64::try_from(n).ok()).filter(|n| range.contains(n)) {
            Some(n) => Some(n),
            None => {
                let message = format!("`{key}` must be a whole number from {} to {}", range.start(), range.end());
                self.context.report(Problem::new(entry.span.clone(), message));
                None
            }
        }
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &str) -> Option<bool> {
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
        self.figures = true;
        let entry = self.required(key, "\"70%\"")?;
        self.parsed(entry, "a share", "\"70%\"", Share::from_str)
    }

    /// A length of time, at most a thousand years: no sum of times comes near the end of 64 bits then.
    pub fn span(&mut self, key: &str) -> Option<Span> {
        self.figures = true;
        let entry = self.required(key, "\"180d\"")?;
        let span = self.parsed(entry, "a length of time", "\"180d\"", parse_span)?;
        if span > Span::from_days(365_000) {
            let message = format!("`{key}` is longer than a thousand years");
            self.context.report(Problem::new(entry.span.clone(), message).hint("write a shorter time"));
            return None;
        }
        Some(span)
    }

    /// A size in bytes.
    pub fn bytes(&mut self, key: &str) -> Option<u64> {
        self.figures = true;
        let entry = self.required(key, "\"32GiB\"")?;
        self.parsed(entry, "a size", "\"32GiB\"", parse_bytes)
    }

    /// A decimal number as text, at most 18 places.
    pub fn decimal(&mut self, key: &str) -> Option<Decimal18> {
        self.figures = true;
        let entry = self.required(key, "\"4.25\"")?;
        self.parsed(entry, "a decimal number", "\"4.25\"", Decimal18::parse)
    }

    /// An amount of a declared token: `"1_000 FIL"`, or in base units `"100 base FIL"`.
    pub fn amount(&mut self, key: &str) -> Option<(Name, Units)> {
        self.figures = true;
        let entry = self.required(key, "\"1_000 FIL\"")?;
        let Value::Text(text) = &entry.value else {
            self.wrong(entry, "an amount", "\"1_000 FIL\"");
            return None;
        };
        match self.parse_amount(text) {
            Ok(amount) => Some(amount),
            Err((message, hint)) => {
                self.context.report(Problem::new(entry.span.clone(), message).hint(hint));
                None
            }
        }
    }

    fn parse_amount(&self, text: &str) -> Result<(Name, Units), (String, String)> {
        let tokens = self.context.tokens.borrow();
        let words: Vec<&str> = text.split_whitespace().collect();
        let (number, token, base) = match words.as_slice() {
            [number, token] => (*number, *token, false),
            [number, "base", token] => (*number, *token, true),
            _ => return Err((format!("`{text}` is not an amount"), "write a number and a token, like \"1_000 FIL\"".to_owned())),
        };
        let declared = token.parse::<Name>().ok().and_then(|name| Some((name, tokens.get(&name)?.decimals)));
        let Some((name, decimals)) = declared else {
            let near = nearest_name(token, tokens.keys().map(Name::as_str)).map(str::to_owned);
            let hint = near.map_or_else(|| "declare it with [[token]]".to_owned(), |n| format!("did you mean `{n}`?"));
            return Err((format!("`{token}` is no token of this network"), hint));
        };
        let decimals = if base { 0 } else { decimals };
        Units::parse_decimal(number, decimals)
            .map(|units| (name, units))
            .map_err(|e| (e.to_string(), format!("{name} has {decimals} places")))
    }

    /// An amount of one given token.
    pub(super) fn amount_of(&mut self, key: &str, token: Name) -> Option<Units> {
        let (found, units) = self.amount(key)?;
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

    /// One amount, or a list of amounts of different tokens.
    pub(super) fn amounts(&mut self, key: &str) -> Option<BTreeMap<Name, Units>> {
        let entry = self.section.entries.get(key);
        let Some(Entry { value: Value::List(items), .. }) = entry else {
            return self.amount(key).map(|one| BTreeMap::from([one]));
        };
        self.asked.push(key.to_owned());
        self.figures = true;
        let mut all = BTreeMap::new();
        for item in items {
            let Value::Text(text) = &item.value else {
                self.wrong(item, "an amount", "\"1_000 FIL\"");
                return None;
            };
            match self.parse_amount(text) {
                Ok((token, units)) => {
                    all.insert(token, units);
                }
                Err((message, hint)) => {
                    self.context.report(Problem::new(item.span.clone(), message).hint(hint));
                    return None;
                }
            }
        }
        Some(all)
    }

    /// An amount of US dollars above zero: `"0.0001 USD"`.
    pub(super) fn usd(&mut self, key: &str) -> Option<Decimal18> {
        self.figures = true;
        let entry = self.required(key, "\"0.0001 USD\"")?;
        let parse = |text: &str| {
            let error = || ParseError::new(text, "an amount of dollars above zero", "\"0.0001 USD\"");
            let number = text.strip_suffix("USD").ok_or_else(error)?.trim_end();
            Decimal18::parse(number).ok().filter(|usd| !usd.is_zero()).ok_or_else(error)
        };
        self.parsed(entry, "an amount of dollars", "\"0.0001 USD\"", parse)
    }

    /// One name or a list of names, each once.
    pub(super) fn name_or_names(&mut self, key: &str) -> Option<Vec<Name>> {
        if self.holds_text(key) { self.name(key).map(|one| vec![one]) } else { self.names(key) }
    }

    /// Whether the key holds true or false.
    pub(super) fn holds_flag(&self, key: &str) -> bool {
        matches!(self.section.entries.get(key).map(|e| &e.value), Some(Value::Flag(_)))
    }

    /// A table inside this one that may leave its figures' source to this one.
    pub(super) fn inner<T>(&mut self, key: &str, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Option<T> {
        let mut figures = false;
        let value = self.table(key, |r| {
            let value = read(r);
            figures = r.leave_source();
            value
        });
        self.figures |= figures;
        value
    }

    /// A list of tables that may leave their figures' source to this one.
    pub(super) fn inner_list<T>(&mut self, key: &str, mut read: impl FnMut(&mut Reader<'_>) -> Option<T>) -> Option<Vec<T>> {
        let mut figures = false;
        let value = self.list(key, |r| {
            let value = read(r);
            figures |= r.leave_source();
            value
        });
        self.figures |= figures;
        value
    }

    /// Leaves the source of this table's figures to the table around it, unless it states one itself; whether it left any.
    fn leave_source(&mut self) -> bool {
        let own = ["source", "parameter", "why"].iter().any(|key| self.section.has(key));
        !own && std::mem::take(&mut self.figures)
    }

    /// Asks for `name`, given under `key`, to be a pool or treasury when the whole file is read.
    pub(super) fn want(&self, key: &str, name: Name, what: Wants) {
        let span = self.section.entries.get(key).map_or(self.section.span.clone(), |e| e.span.clone());
        self.context.wanted.borrow_mut().push(Wanted { span, name, what });
    }

    /// A measure's quantity.
    pub fn measured(&mut self, key: &str) -> Option<Measured> {
        self.integer(key, 0..=u64::MAX).map(|n| Measured::new(n.into()))
    }

    /// A date and time from 1970 on; without a time midnight, without an offset UTC.
    pub fn date_time(&mut self, key: &str) -> Option<Instant> {
        let date = self.date(key)?;
        let at = instant_of(&date);
        if at.is_none() {
            self.problem(
                key,
                &format!("`{key}` must be a date from 1970 on"),
                &format!("write {key} = 2020-08-24T22:00:00Z{}", if key == "origin" { " or origin = \"genesis\"" } else { "" }),
            );
        }
        at
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let entry = self.required(key, "[\"…\"]")?;
        let Value::List(items) = &entry.value else {
            self.wrong(entry, "a list of texts", "[\"…\"]");
            return None;
        };
        let texts = items.iter().filter_map(|item| match &item.value {
            Value::Text(text) => Some(text.clone()),
            _ => {
                self.wrong(item, "a text", "\"…\"");
                None
            }
        });
        let texts: Vec<String> = texts.collect();
        (texts.len() == items.len()).then_some(texts)
    }

    /// A length of time: `"180d"`, or calendar months as in `"month"`, `"24 month"` and `"2 year"`. At most a thousand years.
    pub(super) fn length(&mut self, key: &str) -> Option<Length> {
        self.figures = true;
        let entry = self.required(key, "\"180d\"")?;
        let parse = |text: &str| {
            let wanted = "a length of time";
            parse_length(text).ok_or_else(|| {
                ParseError::new(text, wanted, "\"30s\", \"12h\", \"180d\", \"6y\" (365 days each) or \"24 month\"")
            })
        };
        let length = self.parsed(entry, "a length of time", "\"180d\"", parse)?;
        if matches!(length, Length::Fixed(span) if span > Span::from_days(365_000)) {
            let message = format!("`{key}` is longer than a thousand years");
            self.context.report(Problem::new(entry.span.clone(), message).hint("write a shorter time"));
            return None;
        }
        Some(length)
    }

    /// A length of time, without asking for it.
    pub(super) fn peek_length(&self, key: &str) -> Option<Length> {
        match self.section.entries.get(key).map(|e| &e.value) {
            Some(Value::Text(text)) => parse_length(text),
            _ => None,
        }
    }

    /// A decimal number as text, at most 30 places.
    pub(super) fn decimal30(&mut self, key: &str) -> Option<Decimal30> {
        self.figures = true;
        let entry = self.required(key, "\"0.0000091\"")?;
        self.parsed(entry, "a decimal number", "\"0.0000091\"", Decimal30::parse)
    }

    /// A rate in per cent, which may pass 100 %, as a number.
    pub(super) fn percent(&mut self, key: &str) -> Option<Decimal18> {
        self.figures = true;
        let entry = self.required(key, "\"25%\"")?;
        let parse = |text: &str| {
            let error = || ParseError::new(text, "a rate in per cent", "\"25%\"");
            let number = text.strip_suffix('%').ok_or_else(error)?.trim_end();
            let parts = Units::parse_decimal(number, 16).map_err(|_| error())?;
            Ok(Decimal18::new(parts.get()))
        };
        self.parsed(entry, "a rate", "\"25%\"", parse)
    }

    /// Asks for a key without reading it: it is known here, and a misspelt one finds it.
    pub(super) fn ask(&mut self, key: &str) {
        self.asked.push(key.to_owned());
    }

    /// Whether the key holds a table.
    pub(super) fn holds_table(&self, key: &str) -> bool {
        matches!(self.section.entries.get(key).map(|e| &e.value), Some(Value::Table(_)))
    }

    /// Notes a problem at a place.
    pub(super) fn problem_at(&self, span: std::ops::Range<usize>, message: &str, hint: &str) {
        self.context.report(Problem::new(span, message).hint(hint));
    }

    /// Notes something that is no mistake and that readers of the file should know.
    pub fn warning(&mut self, key: &str, message: &str, hint: &str) {
        let span = self.section.entries.get(key).map_or(self.section.span.clone(), |e| e.span.clone());
        self.context.warnings.borrow_mut().push(Problem::new(span, message).hint(hint));
    }

    pub(super) fn date(&mut self, key: &str) -> Option<toml::value::Datetime> {
        self.figures = true;
        let entry = self.required(key, "2020-08-24T22:00:00Z")?;
        match &entry.value {
            Value::Date(date) => Some(*date),
            _ => {
                self.wrong(entry, "a date", "2020-08-24T22:00:00Z");
                None
            }
        }
    }

    pub(super) fn holds_text(&self, key: &str) -> bool {
        matches!(self.section.entries.get(key).map(|e| &e.value), Some(Value::Text(_)))
    }

    /// A table inside this one, read by `read` and then finished.
    pub fn table<T>(&mut self, key: &str, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Option<T> {
        let entry = self.required(key, "{ … }")?;
        self.read_entry(entry, read)
    }

    /// A table that somebody else reads later.
    pub(super) fn unread(&mut self, key: &str) -> Option<Section> {
        let entry = self.required(key, "{ … }")?;
        let Value::Table(section) = &entry.value else {
            self.wrong(entry, "a table", "{ … }");
            return None;
        };
        Some(section.clone())
    }

    pub(super) fn read_entry<T>(&self, entry: &'a Entry, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Option<T> {
        let Value::Table(section) = &entry.value else {
            self.wrong(entry, "a table", "{ … }");
            return None;
        };
        let mut reader = Reader::new(section, self.context);
        let value = read(&mut reader);
        reader.finish(value.is_some());
        value
    }

    /// A list of tables.
    pub fn list<T>(&mut self, key: &str, mut read: impl FnMut(&mut Reader<'_>) -> Option<T>) -> Option<Vec<T>> {
        let entry = self.required(key, "[{ … }]")?;
        let Value::List(items) = &entry.value else {
            self.wrong(entry, "a list of tables", "[{ … }]");
            return None;
        };
        let read: Vec<Option<T>> = items.iter().map(|item| self.read_entry(item, &mut read)).collect();
        read.into_iter().collect()
    }

    /// A table whose keys are names and whose values are tables; absent means empty.
    pub fn named<T>(&mut self, key: &str, mut read: impl FnMut(Name, &mut Reader<'_>) -> Option<T>) -> Option<BTreeMap<Name, T>> {
        let Some(entry) = self.optional(key) else { return Some(BTreeMap::new()) };
        let Value::Table(section) = &entry.value else {
            self.wrong(entry, "a table", "a table of tables");
            return None;
        };
        let mut all = Some(BTreeMap::new());
        for (name, entry) in &section.entries {
            let name = match name.parse::<Name>() {
                Ok(name) => name,
                Err(error) => {
                    self.context.report(Problem::new(entry.key_span.clone(), error.to_string()));
                    all = None;
                    continue;
                }
            };
            match self.read_entry(entry, |r| read(name, r)) {
                Some(value) => {
                    if let Some(all) = &mut all {
                        all.insert(name, value);
                    }
                }
                None => all = None,
            }
        }
        all
    }

    /// Notes keys that nobody asked for, with the nearest key that was, and figures without a source. A table whose reading gave up
    /// (`whole` is false) did not ask for all its keys: only those that look like a missing one are noted.
    pub(super) fn finish(mut self, whole: bool) {
        self.provenance();
        let mut known = self.known.take();
        known.extend(self.asked.iter().cloned());
        known.sort_unstable();
        known.dedup();
        for (key, entry) in &self.section.entries {
            if self.asked.iter().any(|asked| asked == key) {
                continue;
            }
            let free = known.iter().map(String::as_str).filter(|known| !self.section.has(known));
            let mut problem = Problem::new(entry.key_span.clone(), format!("unknown key `{key}`"));
            if let Some(near) = nearest_name(key, free) {
                problem = problem.hint(format!("did you mean `{near}`?"));
            } else if !whole {
                continue;
            } else {
                problem = problem.hint(format!("known here: {}", known.join(", ")));
            }
            self.context.report(problem);
        }
    }

    fn provenance(&mut self) {
        let source = self.optional("source").map(|e| self.stated(e));
        let parameter = self.optional("parameter");
        let why = self.optional("why").map(|e| self.stated(e));
        if let Some(entry) = parameter
            && !matches!(entry.value, Value::Flag(true))
        {
            self.wrong(entry, "`true`, or no such key", "parameter = true");
        }
        let path = &self.section.path;
        let (message, hint) = match (source, parameter.is_some(), why) {
            (Some(_), true, _) => ("a figure has a source or is a parameter, not both", "remove one of `source` and `parameter`"),
            (None, true, None) => ("a parameter says why it has this value", "add why = \"…\""),
            (None, false, None) if self.figures => {
                ("figures without a source", "add source = \"…\", or parameter = true and why = \"…\"")
            }
            (_, false, Some(_)) => ("`why` goes with parameter = true", "add parameter = true"),
            _ => return,
        };
        self.context.report(Problem::new(self.section.span.clone(), format!("`{path}`: {message}")).hint(hint));
    }

    fn stated(&self, entry: &Entry) {
        if !matches!(&entry.value, Value::Text(text) if !text.trim().is_empty()) {
            self.wrong(entry, "a text that is not empty", "\"…\"");
        }
    }
}

pub(super) fn read_service<T>(spec: &Spec, name: &str, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Result<T, SpecErrors> {
    let context = Context::new(spec.tokens.clone());
    let value = match spec.service.entries.get(name).map(|e| &e.value) {
        Some(Value::Table(section)) => {
            let mut reader = Reader::new(section, &context);
            let value = read(&mut reader);
            reader.finish(value.is_some());
            value
        }
        _ => {
            context.report(Problem::new(spec.service.span.clone(), format!("the network has no section [service.{name}]")));
            None
        }
    };
    let mut problems = context.problems.into_inner();
    match value {
        Some(value) if problems.is_empty() => Ok(value),
        None if problems.is_empty() => {
            problems.push(Problem::new(spec.service.span.clone(), format!("[service.{name}] could not be read")));
            Err(SpecErrors::new(problems, &spec.text))
        }
        _ => Err(SpecErrors::new(problems, &spec.text)),
    }
}

/// A date of the file as an instant: midnight without a time, UTC without an offset.
pub(super) fn instant_of(date: &toml::value::Datetime) -> Option<Instant> {
    let text = match (date.time, date.offset) {
        (None, None) => format!("{date}T00:00:00Z"),
        (Some(_), None) => format!("{date}Z"),
        _ => date.to_string(),
    };
    let parsed = time::OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339).ok();
    parsed.and_then(|t| u64::try_from(t.unix_timestamp_nanos() / 1_000_000).ok()).map(Instant::new)
}
