//! `depin sim keys`: what can be set.

use crate::{
    args::KeysArgs,
    commands::scenario::{self, ground, listed, number, range, told},
    error::{CliError, Result},
    output::Output,
};
use depin_devnet::source::{self, Source};
use depin_sim::scenario::{Draft, Scenario, network_keys};
use serde::Serialize;

#[derive(Serialize)]
struct Keys {
    network: String,
    scenario: String,
    keys: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    key: String,
    /// As it stands in the file.
    value: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    unit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    log: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    about: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    from: String,
    #[serde(skip)]
    bounds: String,
}

/// What a scenario must say of the market of a token that no list of prices has, and what says that it does not.
const MARKET: [(&str, &str); 3] =
    [("scenario.market.start", "`start`"), ("scenario.market.depth", "`depth`"), ("scenario.market.speculators.cash", "`cash`")];

/// The scenario for a network, and the keys that somebody has to set before it runs.
fn people(mut draft: Draft, network: &Source) -> Result<(Scenario, Vec<&'static str>)> {
    let found = match draft.for_network(&network.text, &network.label, None) {
        Ok(people) => return Ok((people, Vec::new())),
        Err(found) => found,
    };
    let said = |word: &str| found.errors().any(|one| one.message.starts_with(&format!("{word} is missing in [market")));
    let unknown: Vec<&str> = MARKET.iter().filter(|(_, word)| said(word)).map(|(key, _)| *key).collect();
    for key in &unknown {
        draft.set(key, "1");
    }
    let people = draft.for_network(&network.text, &network.label, None).map_err(|found| scenario::refused(&found))?;
    Ok((people, unknown))
}

pub fn run(args: &KeysArgs, out: &Output) -> Result<()> {
    let network = source::read(&args.network)?;
    let named = scenario::read(&args.scenario)?;
    let draft = scenario::draft(&named)?;
    scenario::has_people(&args.scenario, &network)?;
    let (people, unknown) = people(draft, &network)?;
    let of_network = network_keys(&network.text, &network.label).map_err(|found| scenario::refused(&found))?;
    let mut keys: Vec<Row> = Vec::new();
    for key in of_network {
        let (_, from) = ground(&key.provenance);
        keys.push(Row {
            value: key.value.trim_matches('"').to_owned(),
            from: from.to_owned(),
            key: key.path,
            unit: String::new(),
            range: None,
            log: false,
            about: String::new(),
            bounds: String::new(),
        });
    }
    let figures = people.figures();
    for key in people.keys() {
        let figure = &figures[&key.path];
        let (_, from) = ground(&key.provenance);
        keys.push(Row {
            value: if unknown.contains(&key.path.as_str()) { "?".to_owned() } else { number(figure.value) },
            range: figure.range.map(|(low, high)| [low, high]),
            log: figure.log,
            from: from.to_owned(),
            bounds: range(figure),
            key: key.path,
            unit: key.unit,
            about: key.about,
        });
    }
    if let Some(part) = &args.part {
        keys.retain(|row| row.key.contains(part.as_str()));
        if keys.is_empty() {
            let message = format!("no key of {} has `{part}` in it", args.network);
            return Err(CliError::refused("unknown-key", message).hint(format!("depin sim keys {}", args.network)));
        }
    }
    let keys = Keys { network: network.label, scenario: people.about.name, keys };
    out.result(&keys, |out| {
        let rows = keys.keys.iter().map(|row| [row.key.clone(), told(&row.value, &row.unit, &row.bounds), row.about.clone()]);
        listed(&rows.collect::<Vec<_>>(), out)
    })
}
