//! Rule cards: a rule's description, formula, units, rounding and source beside the function that computes it.
//!
//! In: named inputs as JSON, from a reader who wants to try a rule, or from a checker. Out: named outputs, exactly what the
//! function says. A card is a `pub static`; the crate `rules` lists them all, and a test
//! runs [`check_cards`], which evaluates every example and throws hostile inputs at every card.
//!
//! Absent on purpose: any rule, and the names of networks other than as data of a card.
//!
//! ```
//! use depin_quantity::{Basis, Inputs, Kind, Outputs, RuleCard, RuleError, field};
//!
//! /// Half of it, rounded down.
//! pub fn half(amount: u128) -> u128 {
//!     amount / 2
//! }
//!
//! pub static HALF: RuleCard = RuleCard {
//!     id: "GEN-EM-9",
//!     networks: &[],
//!     basis: Basis::Model,
//!     title: "Half of an amount",
//!     description: "An amount is cut in two; the first part is never the larger one.",
//!     formula: "floor(amount / 2)",
//!     rounding: "down",
//!     inputs: &[field("amount", Kind::Integer, "base units", "what is cut")],
//!     outputs: &[field("half", Kind::Integer, "base units", "the first part")],
//!     source: "own rule",
//!     examples: &[(r#"{"amount": 5}"#, r#"{"half": "2"}"#)],
//!     run: |i| Ok(Outputs::new().integer("half", half(i.integer("amount")?))),
//! };
//!
//! let outputs = HALF.evaluate(&serde_json::json!({"amount": "7"})).unwrap();
//! assert_eq!(outputs.to_string(), r#"{"half":"3"}"#);
//! let error = HALF.evaluate(&serde_json::json!({"amont": 7})).unwrap_err();
//! assert!(error.to_string().contains("did you mean `amount`?"));
//! ```

mod error;
mod proof;
mod read;
mod value;

pub use error::RuleError;
pub use proof::check_cards;
pub use value::{Inputs, Outputs};

use serde_json::Value;

/// What an input or output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number from zero to 2^128 - 1: a JSON number, or text for more digits than a JSON number keeps.
    Integer,
    /// A whole number from zero to 2^n - 1 for n of at most 256: for fixed point that needs more than 128 bits.
    Wide(u16),
    /// A whole number of either sign, below 2^256 in size, or between bounds ([`Field::between`]).
    Signed,
    /// A number from zero with at most so many decimal places, as text (or a whole JSON number).
    Decimal(u8),
    /// As `Decimal`, of either sign.
    SignedDecimal(u8),
    /// A share of a whole in per cent, as text: `"34.5%"`.
    Share,
    /// `true` or `false`.
    Flag,
    /// Any short text.
    Text,
    /// Bytes as text: hex digits, or `base64:` and base64. A reader at a command line may name a file instead.
    Bytes,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of these.
    List(&'static Kind),
}

/// The most bytes that a rule takes in one input.
pub const BYTES_MAX: usize = 16 << 20;

/// The longest list that a rule takes, so that no input makes it work for long.
pub const LIST_MAX: usize = 4_096;

/// An input or output of a rule.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its key in JSON.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its unit: `"bones"`, `"blocks"`, or `""` where it has none.
    pub unit: &'static str,
    /// What it stands for.
    pub description: &'static str,
    /// The least whole number allowed; of a list, its shortest length.
    pub least: u128,
    /// The largest whole number allowed; of a list, its greatest length.
    pub most: u128,
    /// Of a list, the largest whole number allowed as an entry, counted as for [`Field::least`].
    pub each: u128,
    /// Of a `Signed`, the least and the greatest number allowed.
    pub range: Option<(i128, i128)>,
    /// JSON text taken when it is absent; without, it must be given.
    pub default: Option<&'static str>,
}

/// A field that must be given, with no bounds but its kind's.
pub const fn field(name: &'static str, kind: Kind, unit: &'static str, description: &'static str) -> Field {
    let most = if matches!(kind, Kind::List(_)) { LIST_MAX as u128 } else { u128::MAX };
    Field { name, kind, unit, description, least: 0, most, each: u128::MAX, range: None, default: None }
}

impl Field {
    /// At least this: for `Integer` and `Decimal` in the unit of the last place, for lists the length.
    pub const fn least(mut self, least: u128) -> Self {
        self.least = least;
        self
    }

    /// At most this, counted as for [`Field::least`].
    pub const fn most(mut self, most: u128) -> Self {
        self.most = most;
        self
    }

    /// No entry of the list above this.
    pub const fn each(mut self, most: u128) -> Self {
        self.each = most;
        self
    }

    /// From `low` to `high`, for `Signed`.
    pub const fn between(mut self, low: i128, high: i128) -> Self {
        self.range = Some((low, high));
        self
    }

    /// What it takes, in words: `a whole number from 0 to 47, as a number or text`.
    pub fn takes(&self) -> String {
        read::wanted(self, self.kind)
    }

    /// Taken when it is absent, written as JSON.
    pub const fn or(mut self, json: &'static str) -> Self {
        self.default = Some(json);
        self
    }
}

/// What a card stands on.
#[derive(Clone, Copy, Debug)]
pub enum Basis {
    /// It runs functions that the live rules call. Each entry gives a function's path as the compiler names it.
    Runs(&'static [fn() -> &'static str]),
    /// A closed form or a reference, which nothing live calls.
    Model,
}

impl Basis {
    /// In one word: `runs` or `model`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Runs(_) => "runs",
            Self::Model => "model",
        }
    }

    /// Paths of the functions that it runs.
    pub fn functions(self) -> Vec<&'static str> {
        match self {
            Self::Runs(paths) => paths.iter().map(|path| path()).collect(),
            Self::Model => Vec::new(),
        }
    }
}

/// One rule that can be read and run.
#[derive(Clone, Copy, Debug)]
pub struct RuleCard {
    /// Its id: `"FIL-EM-2"`. Prefixes: `HNT`, `FIL`, `RNDR`, `AKT`, `IO`, `GEN`; topics: `EM` emission, `SU` supply, `PO` pool,
    /// `PAY`, `CR` credits, `ST` staking, `LO` lock, `TR` treasury, `SL` slashing, `PL` pledge, `SV` service.
    pub id: &'static str,
    /// The networks whose rule it is; empty for a general one.
    pub networks: &'static [&'static str],
    /// Whether it runs what the live rules call, or is a model.
    pub basis: Basis,
    /// One line.
    pub title: &'static str,
    /// The rule, in plain words.
    pub description: &'static str,
    /// The rule as a formula.
    pub formula: &'static str,
    /// Which way it rounds, and where.
    pub rounding: &'static str,
    /// What it takes.
    pub inputs: &'static [Field],
    /// What it gives.
    pub outputs: &'static [Field],
    /// Where the rule and the examples' numbers come from.
    pub source: &'static str,
    /// Worked examples: inputs and outputs as JSON. Each is a test.
    pub examples: &'static [(&'static str, &'static str)],
    /// The rule itself.
    pub run: fn(&Inputs) -> Result<Outputs, RuleError>,
}

impl RuleCard {
    /// Runs the rule on a JSON object.
    ///
    /// # Errors
    /// In this order: not an object; an unknown input; then per input in the card's order missing, wrong type, out of range; then
    /// what the rule itself refuses.
    pub fn evaluate(&self, inputs: &Value) -> Result<Outputs, RuleError> {
        (self.run)(&Inputs::read(self, inputs)?)
    }

    /// Runs the rule on JSON text.
    ///
    /// # Errors
    /// As [`RuleCard::evaluate`]; before all of them, text that is not JSON.
    pub fn evaluate_text(&self, json: &str) -> Result<Outputs, RuleError> {
        let value = serde_json::from_str(json).map_err(|error| RuleError::NotJson { why: error.to_string() })?;
        self.evaluate(&value)
    }

    /// Whether it is a rule of this network; a general rule is every network's.
    pub fn is_of(&self, network: &str) -> bool {
        self.networks.is_empty() || self.networks.contains(&network)
    }
}
