//! From what was typed to a model: the network's file, the scenario, what is set in both.
//!
//! Precedence, the first below: the network's file and the scenario's texts; `--set`; what has a flag of its own. What was set stands in
//! the inputs that results keep, so that going on needs nothing else.

use crate::{
    args::{RecordArg, SetArg, SimRunArgs},
    commands::scenario::{draft, has_people, read, refused},
    error::{CliError, Result},
};
use depin_devnet::source::Source;
use depin_economy::Spec;
use depin_sim::{
    Model, ModelError, OpeningError,
    experiment::{Assumptions, Plan},
    results::{Identity, Inputs, NetworkInput, Setting},
    scenario::{Assignment, Draft, Treatment, set_network, still_in_force},
};
use std::{fs, path::Path};

const DAY: u64 = 86_400_000;

/// One experiment that can be run.
pub struct Prepared {
    pub identity: Identity,
    pub inputs: Inputs,
    pub model: Model,
    pub assumptions: Assumptions,
}

/// A network to simulate.
pub struct Network {
    pub source: Source,
    /// The token whose start price it has, where it was made of parts of others.
    pub priced_as: Option<String>,
}

/// Prepares what was asked for on one network, as number `simulation` of the command.
pub fn prepare(args: &SimRunArgs, network: &Network, simulation: u32) -> Result<Prepared> {
    let (of_network, of_scenario) = sets(args)?;
    let label = &network.source.label;
    let text = if of_network.is_empty() {
        network.source.text.clone()
    } else {
        set_network(&network.source.text, label, &of_network).map_err(|found| refused(&found))?
    };
    let mut draft = draft_of(&args.scenario)?;
    has_people(&args.scenario, &network.source)?;
    for set in of_scenario {
        draft.set(&set.key, &set.value);
    }
    lengths(args, &mut draft);
    let spec = Spec::parse(&text).map_err(|errors| refused_network(label, &errors))?;
    let service = spec.network().service;
    let inputs = Inputs { network: text, scenario: draft.texts(service.as_str()) };
    let plan = Plan { simulation, seed: args.seed, runs: args.runs, fixed: args.fixed };
    let settings = args.set.iter().map(|set| Setting {
        key: set.key.clone(),
        value: set.value.clone(),
        against: args.against.clone().filter(|_| is_network(set)),
    });
    let agents = args.record.iter().rev().find_map(|record| match record {
        RecordArg::Agents(days) => Some(*days),
        RecordArg::Rows(_) => None,
    });
    let known = NetworkInput {
        name: spec.network().name.to_string(),
        title: spec.network().title.clone(),
        service: service.to_string(),
        priced_as: network.priced_as.clone(),
        sha256: String::new(),
    };
    let begin = Begin { known, plan, settings: settings.collect(), agents_days: agents };
    let prepared = begin.prepared(inputs, &draft, label)?;
    let keys: Vec<&str> = of_network.iter().map(|one| one.key.as_str()).collect();
    let start = prepared.model.scenario().horizon.start;
    still_in_force(&prepared.inputs.network, label, &keys, start).map_err(|found| refused(&found))?;
    Ok(prepared)
}

/// Prepares what a folder began with.
pub fn prepare_again(identity: &Identity, inputs: Inputs) -> Result<Prepared> {
    let draft = Draft::of_texts(&inputs.scenario);
    let record_days = identity.scenario.record_ms.div_ceil(DAY);
    let begin = Begin {
        known: identity.network.clone(),
        plan: identity.plan,
        settings: identity.set.clone(),
        agents_days: identity.agents_every.map(|rows| rows.saturating_mul(u32::try_from(record_days).unwrap_or(1))),
    };
    begin.prepared(inputs, &draft, "inputs/network.toml")
}

/// What an experiment is besides its texts.
struct Begin {
    known: NetworkInput,
    plan: Plan,
    settings: Vec<Setting>,
    agents_days: Option<u32>,
}

impl Begin {
    fn prepared(self, inputs: Inputs, draft: &Draft, label: &str) -> Result<Prepared> {
        let people =
            draft.for_network(&inputs.network, label, self.known.priced_as.as_deref()).map_err(|found| refused(&found))?;
        let assumptions = Assumptions::of(&people);
        let mut identity = Identity::new(self.known, &people, &inputs, self.plan);
        identity.set = self.settings;
        let row_days = people.horizon.record.get().div_ceil(DAY).max(1);
        identity.agents_every =
            self.agents_days.map(|days| u32::try_from(u64::from(days).div_ceil(row_days)).unwrap_or(u32::MAX));
        let cannot = |error: &dyn std::fmt::Display, hint| {
            CliError::refused("model", format_args!("{label} cannot be simulated: {error}")).hint(hint)
        };
        let rewarded = people.horizon.treatment != Treatment::NoTokens;
        let model = Model::new(&inputs.network, people).map_err(|error| {
            let hint = match &error {
                ModelError::Opening(OpeningError::Launch) => "--set scenario.opening=fresh lets it begin with the run",
                _ => "`depin check` tells more of a network's file",
            };
            cannot(&error, hint)
        })?;
        if rewarded {
            let first = model.first_day().map_err(|error| cannot(&error, "`depin sim keys` lists what can be set with --set"))?;
            identity.first_day = first.told();
        }
        let model = match identity.agents_every {
            Some(rows) => model.with_agents(rows),
            None => model,
        };
        Ok(Prepared { identity, inputs, model, assumptions })
    }
}

fn is_network(set: &SetArg) -> bool {
    set.key.starts_with("network.")
}

/// What is set in the network's file, and what in the scenario.
fn sets(args: &SimRunArgs) -> Result<(Vec<Assignment>, Vec<&SetArg>)> {
    let (of_network, of_scenario): (Vec<&SetArg>, Vec<&SetArg>) = args.set.iter().partition(|set| is_network(set));
    if args.against.is_some() && of_network.len() != 1 {
        let message =
            format!("--against says from whom one share is taken, and --set has {} keys of the network", of_network.len());
        return Err(CliError::refused("against", message).hint("give one --set network.… with it"));
    }
    let assign = |set: &SetArg| Assignment { against: args.against.clone(), ..Assignment::new(&set.key, &set.value) };
    Ok((of_network.into_iter().map(assign).collect(), of_scenario))
}

/// Flags that stand for a key.
fn lengths(args: &SimRunArgs, draft: &mut Draft) {
    if let Some(years) = args.years {
        draft.set("scenario.years", &years.to_string());
    }
    if let Some(steps) = args.steps {
        // A year is 365 days in every run.
        draft.set("scenario.years", &(f64::from(steps) / 365.0).to_string());
    }
    for record in &args.record {
        if let RecordArg::Rows(days) = record {
            draft.set("scenario.record", &format!("{days}d"));
        }
    }
}

/// A scenario by its name or path; or a folder of texts, the first below.
fn draft_of(named: &str) -> Result<Draft> {
    let path = Path::new(named);
    if !path.is_dir() {
        return draft(&read(named)?);
    }
    let failed = |error| CliError::file("read", path, &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let numbered = name.split_once('-').is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        if !(numbered && file.is_file()) {
            return Err(CliError::refused(
                "no-scenario",
                format_args!("{named} is no folder of a scenario's texts: it holds {name}"),
            )
            .hint("name a scenario, its file, or inputs/scenario of results"));
        }
        files.push(file);
    }
    files.sort_unstable();
    let mut texts = Vec::new();
    for file in files {
        let text = depin_files::read_text(&file).map_err(|error| CliError::file("read", &file, &error))?;
        // A kept text has its number before the name of where it came from.
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        texts.push((name.split_once('-').map_or(name.as_str(), |(_, rest)| rest).to_owned(), text));
    }
    if texts.is_empty() {
        return Err(CliError::refused("no-scenario", format_args!("{named} is an empty folder"))
            .hint("name a scenario, its file, or inputs/scenario of results"));
    }
    Ok(Draft::of_texts(&texts))
}

fn refused_network(label: &str, errors: &depin_economy::SpecErrors) -> CliError {
    CliError::refused("network-file", format_args!("{label} is not usable:\n{errors}"))
        .hint("`depin check` tells what is wrong with a network's file")
}
