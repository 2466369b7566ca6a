//! Reads the merged tree of a scenario: every key is known, every figure within its bounds, every problem told at once.
//!
//! In: a [`Table`] and the texts it was made of. Out: a [`Scenario`] and what there is to say of it. Figures are read in the order of
//! [`Scenario::visit`], each looked up in [`super::fields::FIELDS`]; settings by [`super::settings::SETTINGS`]. Absent on purpose:
//! how figures fit together ([`super::look`]).

mod event;
pub(super) mod figure;
mod setting;
mod unknown;

pub(super) use event::end_of;

use super::{
    About, Boom, Class, ClassKind, Demand, Entry, Figure, Fundamental, Holders, Horizon, Links, Market, Mechanism, MetricRule,
    Opening, Per, PriceProcess, PriceRule, Programme, Scenario, Speculators, Stakers, Stop, Switch, Treasury, Treatment,
    UnitRule,
    diagnostic::Diagnostic,
    document::{Layer, Node, Table, Value},
    fields::Field,
    settings::{ENTRIES, FUNDAMENTALS, KINDS, MECHANISMS, OPENINGS, PERS, PRICES, PROGRAMMES, TREATMENTS},
};
use depin_quantity::Name;
use std::{collections::BTreeMap, ops::Range};

/// Keys by which any table says where its figures come from.
pub(super) const PROVENANCE: [&str; 2] = ["source", "why"];

/// A tree that is read, and what was found.
pub(super) struct Reader<'t> {
    pub(super) tree: &'t Table,
    pub(super) layers: &'t [Layer],
    /// Number of the first layer that was typed and not written: its values need no provenance.
    pub(super) typed: usize,
    pub(super) found: Vec<Diagnostic>,
    /// Where the scenario's events stand, in their order.
    pub(super) events: Vec<&'t Node>,
}

/// Shortest and longest run: less than a day, so that one of a day is one.
const YEARS: (f64, f64) = (0.002, 100.0);

impl<'t> Reader<'t> {
    /// An error at a value.
    pub(super) fn say(&mut self, node: &Node, message: impl Into<String>, hint: impl Into<String>) {
        self.say_at(node.layer, node.span.clone(), message, hint);
    }

    /// An error at a key.
    pub(super) fn say_of(&mut self, node: &Node, message: impl Into<String>, hint: impl Into<String>) {
        self.say_at(node.layer, node.key.clone(), message, hint);
    }

    fn say_at(&mut self, layer: usize, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        if let Some(layer) = self.layers.get(layer) {
            self.found.push(layer.error(span, message, hint));
        }
    }

    pub(super) fn warn(&mut self, node: &Node, message: impl Into<String>, hint: impl Into<String>) {
        if let Some(layer) = self.layers.get(node.layer) {
            self.found.push(layer.error(node.key.clone(), message, hint).warning());
        }
    }

    /// An error about a key that is not there: at the innermost table around it that is.
    pub(super) fn missing(&mut self, path: &[&str], hint: impl Into<String>) {
        let (key, table) = path.split_last().map_or(("", path), |(key, table)| (*key, table));
        let place = (1..=table.len()).rev().find_map(|n| self.tree.get(&table[..n]));
        let message = match place {
            Some(_) => format!("`{key}` is missing in [{}]", table.join(".")),
            None => format!("nothing is said of `{}`", path.join(".")),
        };
        let last = self.typed.min(self.layers.len()).saturating_sub(1);
        let (layer, span) = place.map_or((last, 0..0), |node| (node.layer, node.key.clone()));
        self.say_at(layer, span, message, hint);
    }

    /// The names below a section.
    fn names(&mut self, section: &str) -> Vec<String> {
        let Some(table) = self.tree.table(&[section]) else { return Vec::new() };
        let mut names = Vec::new();
        for (name, node) in &table.entries {
            if PROVENANCE.contains(&name.as_str()) {
                continue;
            }
            match &node.value {
                Value::Table(_) if well_named(name) => names.push(name.clone()),
                Value::Table(_) => self.say_of(
                    node,
                    format!("`{name}` is no name: it is made of letters, digits and `-`"),
                    format!("write [{section}.some-name]"),
                ),
                other => {
                    let noun = other.noun();
                    self.say(node, format!("`{name}` must be a table, and is {noun}"), format!("write [{section}.{name}]"));
                }
            }
        }
        names
    }

    /// The whole scenario; what could not be read has a stand-in.
    pub(super) fn scenario(&mut self) -> Scenario {
        self.unknown();
        let mut scenario = Scenario {
            about: self.about(),
            horizon: self.horizon(),
            unit: self.unit(),
            metrics: self.metrics(),
            price: PriceRule {
                mechanism: self.choice(&["price", "mechanism"], MECHANISMS, &MECHANISM),
                start: BLANK,
                markup: BLANK,
                markup_most: BLANK,
                adjust: BLANK,
            },
            demand: self.names("demand").into_iter().map(|name| (name, blank_demand())).collect(),
            supply: self.supply(),
            stakers: self.names("stakers").into_iter().map(|name| (name, blank_stakers())).collect(),
            holders: Holders { unlock_sells: BLANK },
            treasury: Treasury {
                spend: BLANK,
                programme: self.choice(&["treasury", "programme"], PROGRAMMES, &PROGRAMME),
                discount: BLANK,
            },
            market: self.market(),
            boom: self.boom(),
            links: self.links(),
            events: Vec::new(),
            stop: self.stop(),
        };
        scenario.visit(&mut |key, figure| *figure = self.figure(key));
        let horizon = scenario.horizon.clone();
        scenario.events = self.events(&horizon);
        scenario
    }

    fn about(&mut self) -> About {
        About {
            name: self.text(&["scenario", "name"]),
            title: self.text(&["scenario", "title"]),
            about: self.text(&["scenario", "about"]),
        }
    }

    fn horizon(&mut self) -> Horizon {
        Horizon {
            start: self.date(&["scenario", "start"]),
            years: self.number(&["scenario", "years"], YEARS.0, YEARS.1).unwrap_or(1.0),
            step: self.span(&["scenario", "step"]),
            record: self.span(&["scenario", "record"]),
            opening: self.choice(&["scenario", "opening"], OPENINGS, &[Opening::Aged, Opening::Fresh]),
            treatment: self.choice(
                &["scenario", "treatment"],
                TREATMENTS,
                &[Treatment::Tokens, Treatment::NoTokens, Treatment::CentralCapex],
            ),
            entry: self.choice(&["scenario", "entry"], ENTRIES, &[Entry::Myopic, Entry::ZeroProfit]),
        }
    }

    fn unit(&mut self) -> UnitRule {
        UnitRule {
            name: self.text(&["unit", "name"]),
            plural: self.text(&["unit", "plural"]),
            per_day: BLANK,
            paid_by: self.paid_by(),
            term: self.span(&["unit", "term"]),
            false_claim: self.text(&["unit", "false-claim"]),
        }
    }

    fn metrics(&mut self) -> BTreeMap<Name, MetricRule> {
        let mut metrics = BTreeMap::new();
        for name in self.names("metric") {
            let Ok(metric) = name.parse() else { continue };
            let per = self.choice(&["metric", &name, "per"], PERS, &[Per::Capacity, Per::Usage, Per::Presence, Per::ValueUsd]);
            let of = self.listed(&["metric", &name, "of"], "class");
            metrics.insert(metric, MetricRule { per, times: BLANK, of });
        }
        metrics
    }

    fn supply(&mut self) -> BTreeMap<String, Class> {
        let mut supply = BTreeMap::new();
        for name in self.names("supply") {
            let kinds = [ClassKind::Idle, ClassKind::Repurposed, ClassKind::Bought];
            let kind = self.choice(&["supply", &name, "kind"], KINDS, &kinds);
            let region = self.text(&["supply", &name, "region"]);
            let joins_with = self.listed(&["supply", &name, "joins-with"], "fee");
            supply.insert(name, blank_class(kind, region, joins_with));
        }
        supply
    }

    fn market(&mut self) -> Market {
        let prices = [PriceProcess::Endogenous, PriceProcess::Gbm, PriceProcess::MeanReverting, PriceProcess::Replay];
        Market {
            price: self.choice(&["market", "price"], PRICES, &prices),
            start: BLANK,
            depth: BLANK,
            volatility: BLANK,
            drift: BLANK,
            reversion: BLANK,
            fundamental: self.choice(
                &["market", "fundamental"],
                FUNDAMENTALS,
                &[Fundamental::Burns, Fundamental::Quantity, Fundamental::None],
            ),
            discount_rate: BLANK,
            premium_half_life: BLANK,
            velocity: BLANK,
            report_delay: BLANK,
            path: self.path(),
            speculators: Speculators { cash: BLANK, pull: BLANK, trend: BLANK },
        }
    }

    fn boom(&mut self) -> Boom {
        let mut switch = |name: &str| Switch { on: self.flag(&["boom", name, "on"]), times: BLANK, after_months: BLANK };
        Boom {
            demand: switch("demand"),
            outside: switch("outside"),
            hardware: switch("hardware"),
            hardware_delay: BLANK,
            cloud: switch("cloud"),
            ahead: switch("ahead"),
            bust: switch("bust"),
        }
    }

    fn links(&mut self) -> Links {
        Links {
            price_entry: self.flag(&["links", "price-entry"]),
            exit_quality: self.flag(&["links", "exit-quality"]),
            quality_demand: self.flag(&["links", "quality-demand"]),
            demand_burn: self.flag(&["links", "demand-burn"]),
        }
    }

    fn stop(&mut self) -> Stop {
        Stop {
            price_below: self.number(&["stop", "price-below"], 0.0, 1e9),
            providers_below: self.number(&["stop", "providers-below"], 0.0, 1e9),
            utilisation_below: self.number(&["stop", "utilisation-below"], 0.0, 1.0),
        }
    }
}

const MECHANISM: [Mechanism; 4] = [Mechanism::Auction, Mechanism::Asks, Mechanism::Tier, Mechanism::FixedCredit];
const PROGRAMME: [Programme; 3] = [Programme::None, Programme::DemandSubsidy, Programme::SupplyGrant];

/// Until it is read.
const BLANK: Figure = Figure::plain(f64::NAN);

/// Names of segments and classes hold no points, so that a key reads without doubt.
fn well_named(name: &str) -> bool {
    name.parse::<Name>().is_ok() && !name.contains('.')
}

const fn blank_demand() -> Demand {
    Demand {
        size: BLANK,
        growth: BLANK,
        ceiling: BLANK,
        elasticity: BLANK,
        quality_sensitivity: BLANK,
        alternative: BLANK,
        alternative_trend: BLANK,
        noise: BLANK,
        earned_share: BLANK,
        stable_share: BLANK,
    }
}

const fn blank_stakers() -> Stakers {
    Stakers { share: BLANK, required_yield: BLANK, speed: BLANK }
}

const fn blank_class(kind: ClassKind, region: String, joins_with: Vec<String>) -> Class {
    Class {
        kind,
        count: BLANK,
        most: BLANK,
        devices: BLANK,
        spread: BLANK,
        capacity: BLANK,
        capital: BLANK,
        running: BLANK,
        outside: BLANK,
        delay: BLANK,
        hurdle: BLANK,
        pace: BLANK,
        trend: BLANK,
        patience: BLANK,
        sells: BLANK,
        honesty: BLANK,
        found: BLANK,
        region,
        joins_with,
    }
}

/// The keys on the way to a figure or a setting, by its pattern: a name in the middle is one key.
pub(super) fn segments<'p>(pattern: &str, path: &'p str) -> Vec<&'p str> {
    let Some((before, after)) = pattern.split_once('*') else { return path.split('.').collect() };
    let end = path.len() - after.len();
    let mut keys: Vec<&str> = path[..before.len()].trim_end_matches('.').split('.').collect();
    keys.push(&path[before.len()..end]);
    keys.extend(path[end..].trim_start_matches('.').split('.'));
    keys
}

/// A key as the command line takes it, without its first word.
pub(super) fn bare(key: &str) -> &str {
    key.strip_prefix("scenario.").unwrap_or(key)
}

/// The field of a figure's key.
pub(super) fn field_of(key: &str) -> &'static Field {
    Field::of(bare(key)).expect("a test holds the list of fields against the figures that there are")
}
