//! New scenarios to edit: a copy of one that comes along, or one for a network with blanks where nobody knows but its founder.
//!
//! In: a name, or the text of a network's file. Out: a text. A blank is a text that begins with `?`, which the reader points at until
//! a figure stands there.

use super::{
    Diagnostics, Prices,
    builtin::{UnknownScenario, scenario_text, service_text},
    document::{Layer, Value},
    draft::of_spec,
};
use depin_economy::Spec;
use depin_quantity::Instant;
use depin_services::descriptor::{self, Aspect, Counted, Service};
use std::fmt::Write;

/// A copy of a scenario that comes along, under another name.
///
/// # Errors
/// [`UnknownScenario`].
pub fn copied_scenario(name: &str) -> Result<String, UnknownScenario> {
    let text = scenario_text(name)?;
    let head = format!(
        "# A scenario of one's own, copied from `{name}`. What stands here wins over that of the scenarios that come along; what does not\n\
         # stand here is as there. `depin scenario check FILE` says whether it holds together.\n\n"
    );
    Ok(head + &text.replacen(&format!("name = \"{name}\""), &format!("name = \"my-{name}\""), 1))
}

/// A scenario for a network: with the people of its service where they come along, with blanks where they do not.
///
/// # Errors
/// What is wrong with the network's file.
pub fn scenario_for(network: &str, file: &str) -> Result<String, Diagnostics> {
    let spec = Spec::parse(network).map_err(|errors| of_spec(file, &errors))?;
    let (name, service) = (spec.network().name, spec.network().service);
    let mut text = format!(
        "# Who provides, who buys, and what they assume: a scenario for {name}. It begins from `baseline`, which `depin scenario show baseline`\n\
         # prints. `depin scenario check FILE --network {file}` says what is missing; `depin sim run {file} --scenario FILE` runs it.\n\
         # A figure is {{ value = 5, source = \"…\" }}, or an assumption {{ value = 5, range = [2, 10], why = \"…\" }}; log = true draws by the\n\
         # logarithm. A text that begins with ? is a blank to fill in.\n\n\
         [scenario]\nname = \"my-{name}\"\nservice = \"{service}\"\nextends = \"baseline\"\n"
    );
    let begins = begin_of_baseline();
    if spec.network().launch.is_none_or(|launch| begins.is_none_or(|begins| launch >= begins)) {
        text += "# The network's file has no launch before runs begin: it begins with the run, instead of having lived by its rules until then. Where\n# providers must stake, as many begin as the first month's tokens allow: write an earlier launch into the network's file for more, and take\n# this line out.\nopening = \"fresh\"\n";
    }
    text.push('\n');
    match service_text(service.as_str()) {
        Some(people) => text += without_head(people),
        None => blanks(&mut text, service.as_str(), unit_of(network, service.as_str())),
    }
    let token = spec.fee().token;
    if Prices::builtin().of(&spec).is_none() {
        let _ = write!(
            text,
            "\n# No list of prices has {token} of {name}: a new token costs what its market says.\n[market]\nstart = \"? USD for one {token} at the start\"\n\
             depth = \"? USD that a market maker holds, beside as much in {token}; a purchase of 1 % of it moves the price by 2 %\"\n\n\
             [market.speculators]\ncash = \"? USD of those who trade for the price's sake\"\n"
        );
    }
    Ok(text)
}

/// When runs of what this scenario extends begin.
fn begin_of_baseline() -> Option<Instant> {
    let tree = Layer::new("baseline", scenario_text("baseline").ok()?).tree(0).ok()?;
    match tree.get(&["scenario", "start"])?.value {
        Value::Date(date) => date,
        _ => None,
    }
}

/// What stands in a service's people after their own `[scenario]`.
fn without_head(people: &str) -> &str {
    people.split_once("[unit]").map_or(people, |(head, _)| &people[head.len()..])
}

/// The unit that a founder's own service says that it delivers.
fn unit_of(network: &str, service: &str) -> String {
    let table: Option<toml::Table> = network.parse().ok();
    let unit = table.as_ref().and_then(|table| table.get("service")?.get(service)?.get("unit")?.as_str().map(str::to_owned));
    // It goes into a text in quotes.
    unit.filter(|unit| !unit.contains(['"', '\\']) && !unit.chars().any(char::is_control)).unwrap_or_else(|| "unit".to_owned())
}

fn blanks(text: &mut String, service: &str, unit: String) {
    let known = descriptor::service(service);
    let paid_by = known.map_or("?", |known| if known.streams.is_empty() { "charge" } else { "stream" });
    let kind = known.and_then(|known| {
        known
            .streams
            .first()
            .map(|kind| kind.name)
            .or_else(|| known.charges.iter().find(|kind| !kind.deposit).map(|kind| kind.name))
    });
    let paid_by = kind.map_or_else(|| "? stream:…, charge:… or credit:…".to_owned(), |kind| format!("{paid_by}:{kind}"));
    let _ = write!(
        text,
        "[unit]\nname = \"{unit}\"\nplural = \"{unit}s\"\n\
         per-day = \"? {unit}s that one capacity unit can serve a day; say in a comment what a capacity unit is\"\n\
         paid-by = \"{paid_by}\"\nterm = \"30d\"\n\n"
    );
    if let Some(known) = known {
        metrics(text, known);
    }
    let _ = write!(
        text,
        "[price]\nmechanism = \"? auction, asks, tier or fixed-credit\"\nstart = \"? USD for one {unit} at the start\"\n\
         markup = {{ value = 0.1, range = [0, 0.5], why = \"providers ask a little above their cost while they are not full\" }}\n\
         markup-most = {{ value = 3, range = [1, 6], why = \"what the last free unit is asked for, above cost\" }}\n\
         adjust = {{ value = 0.2, range = [0.05, 0.5], why = \"prices follow within weeks\" }}\n\n\
         # One table for each kind of customers.\n[demand.customers]\n\
         size = \"? {unit}s a day at the start\"\ngrowth = \"? part a year, 0.5 is half as much again\"\n\
         ceiling = \"? times the size at the start, never passed\"\n\
         elasticity = {{ value = -1, range = [-2, -0.4], why = \"how demand answers to the price over the alternative's; at most 0\" }}\n\
         quality-sensitivity = {{ value = 1, range = [0.3, 2], why = \"how it answers to quality\" }}\n\
         alternative = \"? USD that one {unit} costs elsewhere\"\n\
         alternative-trend = {{ value = -0.05, range = [-0.2, 0.1], why = \"change of the alternative's price a year\" }}\n\
         noise = {{ value = 0.3, range = [0.1, 0.6], why = \"standard deviation a year\" }}\n\
         earned-share = {{ value = 0, range = [0, 0.2], why = \"part of bills paid with what was earned\" }}\n"
    );
    for (class, kind, about) in [
        ("at-hand", "idle", "What stands there anyway."),
        ("from-elsewhere", "repurposed", "What could earn elsewhere."),
        ("new", "bought", "What is bought for the network."),
    ] {
        class_blanks(text, class, kind, about);
    }
    let _ = write!(
        text,
        "\n[stakers.holders]\nshare = {{ value = 0.2, range = [0.05, 0.5], why = \"where the network has delegated stake\" }}\n\
         required-yield = {{ value = 0.1, range = [0.05, 0.2], why = \"as elsewhere\" }}\n\
         speed = {{ value = 1, range = [0.5, 3], why = \"months\" }}\n\n\
         [holders]\nunlock-sells = {{ value = 0.3, range = [0.1, 0.6], why = \"holders sell less than providers\" }}\n\n\
         [treasury]\nspend = {{ value = 0.2, range = [0, 0.5], why = \"a part a year\" }}\nprogramme = \"none\"\n\
         discount = {{ value = 0, range = [0, 0.3], why = \"no programme\" }}\n"
    );
}

/// What the service's descriptor says of its metrics; a pool only compares them, so the steps are a matter of taste.
fn metrics(text: &mut String, service: &Service) {
    for metric in service.metrics.iter().filter(|metric| metric.aspect != Aspect::Detail) {
        let (per, times) = match (metric.aspect, metric.counted) {
            (Aspect::Capacity, _) => ("capacity", "1"),
            (Aspect::Usage, _) => ("usage", "1"),
            (Aspect::Paid, _) => ("value-usd", "1_000_000"),
            _ => ("presence", "1"),
        };
        let _ = write!(
            text,
            "# {}\n[metric.{}]\nper = \"{per}\"\ntimes = {{ value = {times}, source = \"services/descriptor: {}\" }}\n\n",
            metric.description,
            metric.name,
            if metric.counted == Counted::Accrued { "what accrued in a period" } else { "what stands now" }
        );
    }
}

fn class_blanks(text: &mut String, class: &str, kind: &str, about: &str) {
    let capital = match kind {
        "idle" => "{ value = 0, source = \"sunk\" }",
        _ => "\"? USD for one device\"",
    };
    let outside = match kind {
        "repurposed" => "\"? USD a day that one device could earn elsewhere\"",
        _ => "{ value = 0, range = [0, 1], why = \"little use elsewhere\" }",
    };
    let _ = write!(
        text,
        "\n# {about}\n[supply.{class}]\nkind = \"{kind}\"\ncount = \"? providers at the start\"\nmost = \"? as many as there can ever be\"\n\
         devices = \"? devices of one provider\"\n\
         spread = {{ value = 0.8, range = [0.3, 1.3], why = \"most have few, some have many\" }}\n\
         capacity = \"? capacity units of one device\"\ncapital = {capital}\nrunning = \"? USD a day to run one device\"\n\
         outside = {outside}\ndelay = \"? days from the decision until it takes part\"\n\
         hurdle = \"? months of payback at which it enters\"\n\
         pace = {{ value = 0.1, range = [0.03, 0.25], why = \"networks that boomed grew by a fifth a month, others by a twentieth\" }}\n\
         trend = {{ value = 0.5, range = [0, 1], why = \"people expect that what rose goes on rising\" }}\n\
         patience = \"? days of losses until it leaves\"\n\
         sells = {{ value = 0.7, range = [0.3, 1], why = \"no study was found\" }}\n\
         honesty = {{ value = 0.95, range = [0.8, 1], why = \"most claims are true\" }}\nregion = \"world\"\n"
    );
}
