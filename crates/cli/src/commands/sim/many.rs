//! Several experiments of one command: every network, or a service on every economy.

use super::input::Network;
use crate::{
    args::SimRunArgs,
    error::{CliError, Result},
};
use depin_devnet::source::{self, Source};
use depin_economy::Spec;
use depin_networks::{NETWORKS, Recipe, compose};
use depin_quantity::{Instant, nearest_name};
use depin_services::descriptor::{SERVICES, service};

/// What one unit of the service `metered` is, where a command names the service alone.
const UNIT: &str = "unit";

/// What a command is about.
pub enum Asked {
    /// One network.
    One(Network),
    /// Several, each with the name of its folder, or why it is none.
    Several(Vec<(String, Result<Network>)>),
}

/// The networks of a command.
pub fn networks(args: &SimRunArgs) -> Result<Asked> {
    if !args.networks.is_empty() {
        let known =
            |(name, _): (&str, &str)| (name.to_owned(), source::read(name).map(|source| Network { source, priced_as: None }));
        return Ok(Asked::Several(named_of("--networks", &args.networks)?.into_iter().map(known).collect()));
    }
    let named = args.network.as_deref().unwrap_or_default();
    if !args.economies.is_empty() {
        if service(named).is_none() {
            let all: Vec<&str> = SERVICES.iter().map(|service| service.name.as_str()).collect();
            return Err(CliError::refused("service", format_args!("--economies takes a service, and `{named}` is none"))
                .hint(format_args!("there is: {}", all.join(", "))));
        }
        let pair = |(economy, text): (&str, &str)| (format!("{named}-on-{economy}"), pair(named, economy, text));
        return Ok(Asked::Several(named_of("--economies", &args.economies)?.into_iter().map(pair).collect()));
    }
    if service(named).is_some() && !NETWORKS.iter().any(|(name, _)| *name == named) && !std::path::Path::new(named).exists() {
        return Err(CliError::refused("service", format_args!("`{named}` is a service, which earns nothing without an economy"))
            .hint(format_args!("name a network, or run it on each economy: depin sim run {named} --economies all")));
    }
    Ok(Asked::One(Network { source: source::read(named)?, priced_as: None }))
}

/// The networks of a list, in its order: all that come along, or those that it names, each once.
fn named_of(flag: &str, list: &[String]) -> Result<Vec<(&'static str, &'static str)>> {
    if list.iter().map(String::as_str).eq(["all"]) {
        return Ok(NETWORKS.to_vec());
    }
    let names: Vec<&str> = NETWORKS.iter().map(|(name, _)| *name).collect();
    let one = |(at, name): (usize, &String)| {
        if list[..at].contains(name) {
            return Err(CliError::refused("network", format_args!("{flag} names {name} twice")).hint("name each once"));
        }
        NETWORKS.iter().find(|(known, _)| known == name).copied().ok_or_else(|| {
            let near = nearest_name(name, names.iter().copied());
            let hint =
                near.map_or_else(|| format!("there is: all, {}", names.join(", ")), |near| format!("did you mean {near}?"));
            CliError::refused("network", format_args!("{flag} takes networks that come along, and `{name}` is none")).hint(hint)
        })
    };
    list.iter().enumerate().map(one).collect()
}

/// A service on the economy of a network that comes along; at home it is that network itself.
fn pair(named: &str, economy: &str, text: &str) -> Result<Network> {
    let Some(known) = service(named) else {
        return Err(CliError::refused("service", format_args!("`{named}` is no service")));
    };
    if known.network.is_some_and(|home| home.as_str() == economy) {
        return Ok(Network { source: source::read(economy)?, priced_as: None });
    }
    let name = format!("{named}-on-{}", economy.replace('.', "-"));
    let unit = (known.name.as_str() == "metered").then_some(UNIT);
    let refused = |why: &dyn std::fmt::Display| {
        CliError::refused("parts", format_args!("{named} cannot be put on the economy of {economy}: {why}"))
    };
    let recipe = Recipe {
        name: name.parse().map_err(|error| refused(&error))?,
        service: named,
        emission: text,
        payment: text,
        stake: text,
        unit,
    };
    let composed = compose(&recipe).map_err(|error| refused(&error))?;
    let home = Spec::parse(text).map_err(|errors| refused(&errors))?;
    let token = home.fee().token;
    let text = launched(&composed.toml, economy, home.network().launch);
    Ok(Network { source: Source { label: format!("{name}/network.toml"), text }, priced_as: Some(token.to_string()) })
}

/// A composed file with the launch of the network that it has its emission from: so old is its supply, for whose token its price is told.
fn launched(text: &str, economy: &str, launch: Option<Instant>) -> String {
    let Some(launch) = launch else { return text.to_owned() };
    let line = format!(
        "launch = {{ at = {}, parameter = true, why = \"as old as {economy}, whose emission it has\" }}",
        launch.to_rfc3339()
    );
    text.replacen("[network]\n", &format!("[network]\n{line}\n"), 1)
}
