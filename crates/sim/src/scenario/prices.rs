//! Start prices of tokens: one dated file.

use super::{
    Figure,
    diagnostic::Diagnostics,
    document::{Layer, Table, Value},
    fields::Field,
    read::Reader,
};
use depin_economy::Spec;
use depin_quantity::Instant;
use std::collections::BTreeMap;

/// `networks/prices.toml`.
pub const PRICES: &str = include_str!("../../../../networks/prices.toml");

/// What one token cost, and how deep its market was.
#[derive(Clone, Debug, PartialEq)]
pub struct StartPrice {
    /// The network whose main token it is, where one that comes along.
    pub network: Option<String>,
    /// Dollars for one whole token.
    pub usd: Figure,
    /// Dollars beside as much in tokens, as one constant-product pool.
    pub depth: Figure,
    /// Dollars of those who trade for the price's sake, beside as much in tokens.
    pub speculators: Figure,
}

/// The file.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// Their date.
    pub at: Instant,
    /// By token.
    pub tokens: BTreeMap<String, StartPrice>,
}

impl Prices {
    /// The file that comes along.
    ///
    /// # Panics
    /// When the embedded file is wrong, which a test holds it against.
    pub fn builtin() -> Self {
        Self::parse(PRICES, "networks/prices.toml").expect("a test reads the embedded file")
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// Every problem, with its place.
    pub fn parse(text: &str, file: &str) -> Result<Self, Diagnostics> {
        let layers = [Layer::new(file, text)];
        let tree = layers[0].tree(0).map_err(Diagnostics::new)?;
        let mut reader = Reader { tree: &tree, layers: &layers, typed: 1, found: Vec::new(), events: Vec::new() };
        let mut prices = Self { at: Instant::new(0), tokens: BTreeMap::new() };
        for (key, node) in &tree.entries {
            match (&node.value, key.as_str()) {
                (Value::Date(Some(at)), "at") => prices.at = *at,
                (_, "at") => reader.say(node, "`at` must be a date", "write at = 2025-01-01"),
                (Value::Table(token), _) => {
                    let read = reader.start_price(key, token);
                    prices.tokens.insert(key.clone(), read);
                }
                _ => reader.say(node, format!("`{key}` is neither `at` nor a token"), "write [TOKEN], and usd = … below"),
            }
        }
        if prices.at == Instant::new(0) && !tree.entries.contains_key("at") {
            reader.missing(&["at"], "add at = 2025-01-01: prices without a date say nothing");
        }
        let found = Diagnostics::new(reader.found);
        if found.failed() { Err(found) } else { Ok(prices) }
    }

    /// The price of a token.
    pub fn of_token(&self, token: &str) -> Option<&StartPrice> {
        self.tokens.get(token)
    }

    /// The price of a network's main token, where it is that very network's: another one may call its own token the same.
    pub fn of(&self, network: &Spec) -> Option<&StartPrice> {
        let price = self.of_token(network.fee().token.as_str())?;
        (price.network.as_deref() == Some(network.network().name.as_str())).then_some(price)
    }

    /// The price of the main token of a network that comes along.
    pub fn of_network(&self, network: &str) -> Option<&StartPrice> {
        self.tokens.values().find(|price| price.network.as_deref() == Some(network))
    }
}

const KEYS: [&str; 4] = ["network", "usd", "depth", "speculators"];

impl Reader<'_> {
    fn start_price(&mut self, token: &str, table: &Table) -> StartPrice {
        for (key, node) in table.entries.iter().filter(|(key, _)| !KEYS.contains(&key.as_str())) {
            self.say_of(node, format!("`{key}` is no key of [{token}]"), format!("it has {}", KEYS.join(", ")));
        }
        let mut figure = |key: &str, path: &str, default: f64| match table.entries.get(key) {
            Some(node) => {
                let field = Field::of(path).expect("a field of the market");
                self.figure_at(field, node, key)
            }
            None if default.is_nan() => {
                self.missing(&[token, key], format!("add {key} = {{ value = 1.0, source = \"…\" }}"));
                Figure::plain(default)
            }
            None => Figure::plain(default),
        };
        StartPrice {
            usd: figure("usd", "market.start", f64::NAN),
            depth: figure("depth", "market.depth", 1_000_000.0),
            speculators: figure("speculators", "market.speculators.cash", 1_000_000.0),
            network: table.text("network").map(str::to_owned),
        }
    }
}
