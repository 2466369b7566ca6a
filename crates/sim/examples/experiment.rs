//! An experiment out of a program: the folder of results that `depin sim run` leaves, without the command line.
//!
//!     cargo run --release -p depin-sim --example experiment -- helium baseline 5 60 1 findings/helium scenario.market.price=gbm
//!
//! A network that comes along, a scenario, years, runs, a seed, the folder, and keys that are set.

use depin_economy::Spec;
use depin_networks::network_file;
use depin_sim::{
    Model,
    experiment::{Assumptions, Look, Plan},
    results::{Identity, Inputs, NetworkInput, RunFolder},
    scenario::{Assignment, Draft, network_with_events, set_network},
};
use std::{env, error::Error, num::NonZeroUsize, path::Path, thread::available_parallelism};

struct Quiet;
impl Look for Quiet {}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [network, scenario, years, runs, seed, out, sets @ ..] = &args[..] else {
        return Err("NETWORK SCENARIO YEARS RUNS SEED FOLDER [KEY=VALUE…]".into());
    };
    let text = network_file(network)?;
    let mut draft = Draft::builtin(scenario)?;
    draft.set("scenario.years", years);
    let pairs = sets.iter().map(|set| set.split_once('=').ok_or("a key is set as KEY=VALUE"));
    let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
    let (of_network, of_scenario): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(key, _)| key.starts_with("network."));
    let of_network: Vec<Assignment> = of_network.into_iter().map(|(key, value)| Assignment::new(key, value)).collect();
    let text = if of_network.is_empty() { text.to_owned() } else { set_network(text, network, &of_network)? };
    for (key, value) in of_scenario {
        draft.set(key, value);
    }
    let spec = Spec::parse(&text)?;
    let service = spec.network().service;
    let inputs = Inputs { network: text, scenario: draft.texts(service.as_str()) };
    let people = draft.for_network(&inputs.network, network, None)?;
    let assumptions = Assumptions::of(&people);
    let known = NetworkInput {
        name: network.clone(),
        title: spec.network().title.clone(),
        service: service.to_string(),
        priced_as: None,
        sha256: String::new(),
    };
    let plan = Plan { simulation: 0, seed: seed.parse()?, runs: runs.parse()?, fixed: false };
    let identity = Identity::new(known, &people, &inputs, plan);
    let model = Model::new(&network_with_events(&inputs.network, network, &people)?, people)?;
    let mut folder = RunFolder::begin(Path::new(out), identity, &inputs, &assumptions)?;
    let summary = folder.conduct(&model, &assumptions, available_parallelism().unwrap_or(NonZeroUsize::MIN), &Quiet)?;
    println!("{out}: {} runs, {} failed", summary.runs.done, summary.runs.failed);
    Ok(())
}
