//! The whole file: `[network]`, `[[token]]`, `[clock.*]`, and how the other sections come together.

use super::{
    Spec, bind,
    document::{self, Section},
    incentive,
    problem::{Problem, SpecErrors},
    reader::{Context, Reader, nearest},
    supply, utility,
};
use depin_quantity::{Instant, Name, Span};
use std::collections::BTreeMap;

/// What a network is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInfo {
    /// Its name, which is its folder's.
    pub name: Name,
    /// Its name for people.
    pub title: String,
    /// The service that is metered.
    pub service: Name,
    /// Which description the figures follow: `document` or `mainnet`.
    pub variant: Name,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its name.
    pub id: Name,
    /// Base units are 10^-decimals of the token.
    pub decimals: u8,
    /// Whether parties may send it to each other.
    pub transferable: bool,
}

/// When a clock's period 0 begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// When the network starts.
    Genesis,
    /// At a date, perhaps long before the network starts here.
    At(Instant),
}

/// Periods of fixed length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Length of a period.
    pub every: Span,
    /// Start of period 0.
    pub origin: Origin,
}

impl Clock {
    /// How many periods `span` is; `None` when it does not come out even.
    pub const fn periods_in(&self, span: Span) -> Option<u64> {
        if self.every.get() > 0 && span.get().is_multiple_of(self.every.get()) {
            Some(span.get() / self.every.get())
        } else {
            None
        }
    }
}

pub(super) type Clocks = BTreeMap<Name, Clock>;

/// Reads a span as a number of periods of a clock, at least one.
pub(super) fn periods(r: &mut Reader<'_>, key: &str, name: Name, clocks: &Clocks) -> Option<u64> {
    let span = r.span(key)?;
    let clock = clocks.get(&name)?;
    match clock.periods_in(span) {
        Some(n) if n > 0 => Some(n),
        _ => {
            r.problem(
                key,
                &format!("`{key}` must be a whole number of periods of clock `{name}`, at least one"),
                &format!("one period is {}", clock.every),
            );
            None
        }
    }
}

/// Reads a name that must be one of `known`.
pub(super) fn reference<T>(r: &mut Reader<'_>, key: &str, what: &str, known: &BTreeMap<Name, T>) -> Option<Name> {
    let name = r.name(key)?;
    if known.contains_key(&name) {
        return Some(name);
    }
    let hint = nearest(name.as_str(), known.keys().map(Name::as_str))
        .map_or_else(|| format!("declared: {}", list(known)), |near| format!("did you mean `{near}`?"));
    r.problem(key, &format!("`{name}` is no declared {what}"), &hint);
    None
}

fn list<T>(known: &BTreeMap<Name, T>) -> String {
    if known.is_empty() { "none".to_owned() } else { known.keys().map(Name::as_str).collect::<Vec<_>>().join(", ") }
}

/// Reads a network file.
pub(super) fn parse(text: &str) -> Result<Spec, SpecErrors> {
    let root = document::parse(text).map_err(|problem| SpecErrors::new(vec![problem], text))?;
    let context = Context::new(BTreeMap::new());
    let mut reader = Reader::new(&root, &context);
    let spec = read(&mut reader, &root, text);
    reader.finish(spec.is_some());
    let mut problems = context.problems.into_inner();
    match spec {
        Some(spec) if problems.is_empty() => Ok(spec),
        _ => {
            if problems.is_empty() {
                problems.push(Problem::new(0..text.len(), "the file could not be read"));
            }
            Err(SpecErrors::new(problems, text))
        }
    }
}

fn read(r: &mut Reader<'_>, root: &Section, text: &str) -> Option<Spec> {
    let network = r.table("network", network);
    let tokens: Option<BTreeMap<Name, Token>> = r.list("token", token).map(|all| all.into_iter().map(|t| (t.id, t)).collect());
    *r.context().tokens.borrow_mut() = tokens.clone().unwrap_or_default();
    let tokens = tokens?;
    let clocks = r.named("clock", |_, r| clock(r));
    let clocks = clocks?;
    let supplies = supply::read(r, &tokens, &clocks);
    let (streams, fee) =
        r.table("utility", |r| Some((utility::streams(r, &tokens, &clocks), utility::fee(r, &tokens)))).unwrap_or_default();
    let prices = utility::prices(r);
    let venues = utility::venues(r, &tokens);
    let supplies = supplies?;
    let incentive = r.table("incentive", |r| incentive::read(r, &supplies, &clocks, &tokens));
    let (incentive, streams) = (incentive?, streams?);
    let bindings = bind::read(r, &incentive, &streams);
    let service = r.unread("service");
    let mut provenance = BTreeMap::new();
    root.provenance(&mut provenance);
    Some(Spec {
        network: network?,
        tokens,
        clocks,
        supplies,
        pools: incentive.pools,
        pledges: incentive.pledges,
        faults: incentive.faults,
        allowances: incentive.allowances,
        streams,
        fee: fee?,
        prices: prices?,
        venues: venues?,
        bindings: bindings?,
        service: service?,
        provenance,
        text: text.to_owned(),
    })
}

fn network(r: &mut Reader<'_>) -> Option<NetworkInfo> {
    let (name, title, service, variant) = (r.name("name"), r.text("title"), r.name("service"), r.name("variant"));
    Some(NetworkInfo { name: name?, title: title?, service: service?, variant: variant? })
}

fn token(r: &mut Reader<'_>) -> Option<Token> {
    let (id, decimals) = (r.name("id"), r.integer("decimals", 0..=18));
    let transferable = if r.has("transferable") { r.flag("transferable") } else { Some(true) };
    let decimals = u8::try_from(decimals?).ok()?;
    Some(Token { id: id?, decimals, transferable: transferable? })
}

fn clock(r: &mut Reader<'_>) -> Option<Clock> {
    let every = r.span("every");
    let origin = if r.holds_text("origin") { r.choice("origin", &[("genesis", Origin::Genesis)]) } else { origin_date(r) };
    let every = every?;
    if every.get() == 0 {
        r.problem("every", "a period must have a length", "write every = \"30s\"");
        return None;
    }
    Some(Clock { every, origin: origin? })
}

fn origin_date(r: &mut Reader<'_>) -> Option<Origin> {
    let date = r.date("origin")?;
    let text = match (date.time, date.offset) {
        (None, None) => format!("{date}T00:00:00Z"),
        (Some(_), None) => format!("{date}Z"),
        _ => date.to_string(),
    };
    let parsed = time::OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339).ok();
    let millis = parsed.and_then(|t| u64::try_from(t.unix_timestamp_nanos() / 1_000_000).ok());
    if millis.is_none() {
        r.problem(
            "origin",
            "a clock's origin must be a date from 1970 on",
            "write origin = 2020-08-24T22:00:00Z or origin = \"genesis\"",
        );
    }
    Some(Origin::At(Instant::new(millis?)))
}
