//! Every key of a scenario that is no figure, as data.
//!
//! In: nothing. Out: [`SETTINGS`]. With [`super::fields::FIELDS`] it is the whole grammar: what neither names is unknown.

use super::fields::{FIELDS, matches};

/// What a setting holds.
#[derive(Debug)]
pub enum Holds {
    /// Words for people.
    Text,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// True or false.
    Flag,
    /// A date.
    Date,
    /// A length of time.
    Span,
    /// A plain number.
    Number,
    /// `stream:…`, `charge:…`, `credit:…`.
    PaidBy,
    /// Names of provider classes.
    Classes,
    /// Names of fees of the service.
    Fees,
    /// Dates with prices.
    Path,
    /// Events.
    Events,
}

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key without `scenario.`; `*` stands for a name.
    pub path: &'static str,
    /// What it holds.
    pub holds: Holds,
    /// What it is where nothing is said; none where something must be said.
    pub default: Option<&'static str>,
    /// What it means.
    pub about: &'static str,
}

pub(super) const OPENINGS: &[&str] = &["aged", "fresh"];
pub(super) const TREATMENTS: &[&str] = &["tokens", "no-tokens", "central-capex"];
pub(super) const ENTRIES: &[&str] = &["myopic", "zero-profit"];
pub(super) const PERS: &[&str] = &["capacity", "usage", "presence", "value-usd"];
pub(super) const MECHANISMS: &[&str] = &["auction", "asks", "tier", "fixed-credit"];
pub(super) const KINDS: &[&str] = &["idle", "repurposed", "bought"];
pub(super) const PROGRAMMES: &[&str] = &["none", "demand-subsidy", "supply-grant"];
pub(super) const PRICES: &[&str] = &["endogenous", "gbm", "mean-reverting", "replay"];
pub(super) const FUNDAMENTALS: &[&str] = &["burns", "quantity", "none"];

macro_rules! settings {
    ($($path:literal, $holds:expr, $default:expr, $about:literal;)*) => {
        /// Every setting.
        pub static SETTINGS: &[Setting] = &[$(Setting { path: $path, holds: $holds, default: $default, about: $about }),*];
    };
}

settings! {
    "scenario.name", Holds::Text, None, "its short name";
    "scenario.title", Holds::Text, Some(""), "its name for people";
    "scenario.about", Holds::Text, Some(""), "a sentence or two about it";
    "scenario.extends", Holds::Text, Some("baseline"), "the scenario that comes along which it begins from";
    "scenario.service", Holds::Text, Some(""), "the service that it is about, where it is about one only";
    "scenario.start", Holds::Date, None, "first day of a run";
    "scenario.years", Holds::Number, None, "length of a run";
    "scenario.step", Holds::Span, Some("1d"), "how often people decide: once a day";
    "scenario.record", Holds::Span, Some("7d"), "how often a row is written, a multiple of the step";
    "scenario.opening", Holds::Choice(OPENINGS), Some("aged"), "whether the network has lived by its rules since its launch, or is launched at the start";
    "scenario.treatment", Holds::Choice(TREATMENTS), Some("tokens"), "what is done to the network";
    "scenario.entry", Holds::Choice(ENTRIES), Some("myopic"), "by the last 30 days, or until the next one has no profit";
    "unit.name", Holds::Text, None, "one of what is sold, like GPU-hour";
    "unit.plural", Holds::Text, None, "several of them";
    "unit.paid-by", Holds::PaidBy, None, "how use becomes payments";
    "unit.term", Holds::Span, Some("30d"), "how long a booking runs before it changes";
    "unit.false-claim", Holds::Text, Some(""), "the service's fault by which a false claim is found out, where the network's file has it";
    "metric.*.per", Holds::Choice(PERS), None, "what the metric is counted on";
    "metric.*.of", Holds::Classes, Some(""), "the classes it is said of; all of them where none is named";
    "price.mechanism", Holds::Choice(MECHANISMS), None, "by what the service's price forms";
    "supply.*.kind", Holds::Choice(KINDS), None, "where the hardware comes from";
    "supply.*.region", Holds::Text, Some("world"), "where it is";
    "supply.*.joins-with", Holds::Fees, Some(""), "fees of the service that each of its devices pays when it joins, where the network's file has them";
    "treasury.programme", Holds::Choice(PROGRAMMES), Some("none"), "what the treasury's grants are for";
    "market.price", Holds::Choice(PRICES), Some("endogenous"), "what moves the token's price";
    "market.fundamental", Holds::Choice(FUNDAMENTALS), Some("burns"), "what speculators hold the price against";
    "market.path", Holds::Path, Some(""), "dates and prices to replay: [[2025-01-01, 3.2], …]";
    "boom.*.on", Holds::Flag, Some("false"), "whether this part of the boom happens";
    "links.price-entry", Holds::Flag, Some("true"), "whether the token's price moves who enters and leaves";
    "links.exit-quality", Holds::Flag, Some("true"), "whether who leaves lowers quality";
    "links.quality-demand", Holds::Flag, Some("true"), "whether quality moves demand";
    "links.demand-burn", Holds::Flag, Some("true"), "whether demand buys and burns tokens";
    "event", Holds::Events, Some(""), "what happens at a date";
    "stop.price-below", Holds::Number, Some(""), "a run ends when the token costs less";
    "stop.providers-below", Holds::Number, Some(""), "a run ends when there are fewer providers";
    "stop.utilisation-below", Holds::Number, Some(""), "a run ends when less of the capacity was used over 90 days";
}

impl Setting {
    /// The setting of a key without `scenario.`.
    pub fn of(path: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| matches(setting.path, path))
    }
}

/// The keys that may stand in a table, `*` for any name; empty where no table may stand.
pub(super) fn keys_of(table: &[&str]) -> Vec<&'static str> {
    let fits = |pattern: &&'static str| {
        let mut parts = pattern.split('.');
        let starts = table.iter().all(|name| parts.next().is_some_and(|part| part == "*" || part == *name));
        if starts { parts.next() } else { None }
    };
    let all = FIELDS.iter().map(|field| field.path).chain(SETTINGS.iter().map(|setting| setting.path));
    let mut keys: Vec<&'static str> = all.filter_map(|path| fits(&path)).collect();
    // Of the boom each switch is named by its figures, and `*` by its flag: the names are what counts.
    if keys.len() > 1 && table == ["boom"] {
        keys.retain(|key| *key != "*");
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_knows_its_keys() {
        assert_eq!(keys_of(&["demand"]), ["*"]);
        assert_eq!(keys_of(&["boom"]), ["ahead", "bust", "cloud", "demand", "hardware", "outside"]);
        assert_eq!(keys_of(&["metric", "x"]), ["of", "per", "times"]);
        assert_eq!(keys_of(&["boom", "hardware"]), ["after-months", "delay-days", "on", "times"]);
        assert!(keys_of(&["unit", "name"]).is_empty());
        assert!(keys_of(&[]).contains(&"scenario"));
    }

    #[test]
    fn every_default_is_one_of_its_choices() {
        for setting in SETTINGS {
            if let (Holds::Choice(words), Some(default)) = (&setting.holds, setting.default) {
                assert!(words.contains(&default), "{}", setting.path);
            }
        }
    }
}
