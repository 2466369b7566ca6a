//! What an experiment is: everything that its results depend on, and a little that people want to read.

use super::{Result, ResultsError};
use crate::{
    experiment::Plan,
    scenario::{Opening, Scenario, Treatment},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// The version of a folder of results: what its files are called, and what stands in them.
pub const FORMAT: u32 = 2;

/// What an experiment is. Two folders with the same identity have the same results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// [`FORMAT`] of the program that wrote it.
    pub format: u32,
    /// Version of the program that began it.
    pub depin: String,
    /// The network.
    pub network: NetworkInput,
    /// The scenario.
    pub scenario: ScenarioInput,
    /// What was set on the command line, in order. The inputs that are kept have it already.
    pub set: Vec<Setting>,
    /// How often it is run, and on which chance.
    pub plan: Plan,
    /// Every how many rows single providers are recorded; none where they are not.
    pub agents_every: Option<u32>,
    /// What is to be known of the first day, where not everybody who was to take part can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_day: Option<String>,
}

/// The network of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkInput {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Its service.
    pub service: String,
    /// The token whose start price it has, where its own is in no list of prices.
    pub priced_as: Option<String>,
    /// SHA-256 of its file as it was run, in hex.
    pub sha256: String,
}

/// The scenario of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioInput {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it is about.
    pub about: String,
    /// First day.
    pub start: String,
    /// Length of a run.
    pub years: f64,
    /// How often people decide, in milliseconds.
    pub step_ms: u64,
    /// How often a row is written, in milliseconds.
    pub record_ms: u64,
    /// `aged` or `fresh`.
    pub opening: String,
    /// Subset 0: the treatment that was asked for.
    pub treatment: String,
    /// One unit of the service, and many.
    pub unit: [String; 2],
    /// SHA-256 of its files as they were run, in hex.
    pub sha256: String,
}

/// One value that was set by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The key.
    pub key: String,
    /// The value as it was typed.
    pub value: String,
    /// From whom a share was taken, where that was said.
    pub against: Option<String>,
}

/// The files that a model is made of, as they were run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// Text of the network's file.
    pub network: String,
    /// Texts of the scenario, the first below: where it came from, and what it says.
    pub scenario: Vec<(String, String)>,
}

impl Inputs {
    /// Names of the scenario's files where they are kept, in the order in which they are read: `1-coverage.toml`.
    pub(super) fn scenario_files(&self) -> Vec<String> {
        let width = self.scenario.len().to_string().len();
        let name = |(number, (from, _)): (usize, &(String, String))| {
            let last = from.rsplit(['/', '\\']).next().unwrap_or_default();
            let safe: String =
                last.chars().map(|one| if one.is_ascii_alphanumeric() || "._-".contains(one) { one } else { '-' }).collect();
            format!("{:0width$}-{}", number + 1, safe.trim_matches('-'))
        };
        self.scenario.iter().enumerate().map(name).collect()
    }

    /// SHA-256 of all texts of the scenario with the names of their files, in hex.
    pub fn scenario_sha256(&self) -> String {
        let mut hash = Sha256::new();
        for (name, (_, text)) in self.scenario_files().iter().zip(&self.scenario) {
            for part in [name, text] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        hex::encode(hash.finalize())
    }

    /// SHA-256 of the network's file, in hex.
    pub fn network_sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.network))
    }
}

/// The name of a treatment, in files and keys.
pub const fn treatment_name(treatment: Treatment) -> &'static str {
    match treatment {
        Treatment::Tokens => "tokens",
        Treatment::NoTokens => "no-tokens",
        Treatment::CentralCapex => "central-capex",
    }
}

/// The number of the subset in which a treatment stands that runs beside the one that was asked for, which is 0.
pub const fn subset_number(treatment: Treatment) -> u32 {
    match treatment {
        Treatment::NoTokens => 1,
        Treatment::CentralCapex => 2,
        Treatment::Tokens => 3,
    }
}

/// All treatments, for those who look for one by its name or number.
pub const TREATMENTS: [Treatment; 3] = [Treatment::Tokens, Treatment::NoTokens, Treatment::CentralCapex];

impl Identity {
    /// The identity of an experiment that is begun now.
    pub fn new(network: NetworkInput, scenario: &Scenario, inputs: &Inputs, plan: Plan) -> Self {
        let horizon = &scenario.horizon;
        let opening = match horizon.opening {
            Opening::Aged => "aged",
            Opening::Fresh => "fresh",
        };
        let scenario = ScenarioInput {
            name: scenario.about.name.clone(),
            title: scenario.about.title.clone(),
            about: scenario.about.about.clone(),
            start: horizon.start.to_rfc3339(),
            years: horizon.years,
            step_ms: horizon.step.get(),
            record_ms: horizon.record.get(),
            opening: opening.to_owned(),
            treatment: treatment_name(horizon.treatment).to_owned(),
            unit: [scenario.unit.name.clone(), scenario.unit.plural.clone()],
            sha256: inputs.scenario_sha256(),
        };
        Self {
            format: FORMAT,
            depin: env!("CARGO_PKG_VERSION").to_owned(),
            network: NetworkInput { sha256: inputs.network_sha256(), ..network },
            scenario,
            set: Vec::new(),
            plan,
            agents_every: None,
            first_day: None,
        }
    }

    /// Its file.
    pub(super) fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("names and numbers are JSON");
        text.push('\n');
        text
    }

    /// What tells it from every other experiment.
    pub(super) fn id(&self) -> [u8; 32] {
        Sha256::digest(self.text()).into()
    }

    /// The same in hex.
    pub(super) fn sha256(&self) -> String {
        hex::encode(self.id())
    }

    /// The version of the program that wrote it, where that is another one than this: then the same command may give other figures.
    pub fn other_version(&self) -> Option<&str> {
        (self.depin != env!("CARGO_PKG_VERSION")).then_some(self.depin.as_str())
    }

    /// Reads its file. The format is looked at first: a later one may have other fields.
    pub(super) fn read(text: &str, folder: &Path, file: &Path) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|error| ResultsError::damaged(file, error))?;
        let Some(found) = value.get("format").and_then(Value::as_u64) else {
            return Err(ResultsError::damaged(file, "it has no `format`"));
        };
        if found != u64::from(FORMAT) {
            return Err(ResultsError::Format { path: folder.to_owned(), found, known: FORMAT });
        }
        serde_json::from_value(value).map_err(|error| ResultsError::damaged(file, error))
    }

    /// The first thing in which another identity differs, with both values; none where they are the same.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let value = |identity| serde_json::to_value(identity).expect("names and numbers are JSON");
        differing("", &value(self), &value(other))
    }
}

fn differing(path: &str, one: &Value, other: &Value) -> Option<String> {
    match (one, other) {
        _ if one == other => None,
        (Value::Object(one), Value::Object(other)) => one.iter().find_map(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            differing(&path, value, other.get(key).unwrap_or(&Value::Null))
        }),
        _ => Some(format!("its `{path}` is {one}, and {other} was asked for")),
    }
}
