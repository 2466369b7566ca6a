//! `depin scenario`: what is assumed about people and markets, as texts.

mod check;
mod list;
mod make;
mod show;

use crate::{
    args::ScenarioCommand,
    error::{CliError, Result},
    output::{Excerpt, Output, Weight, wrap},
};
use depin_devnet::source::Source;
use depin_economy::Spec;
use depin_sim::scenario::{Diagnostic, Diagnostics, Draft, Figure, Provenance, SCENARIOS, SERVICES, Severity};

pub fn run(command: &ScenarioCommand, out: &Output) -> Result<()> {
    match command {
        ScenarioCommand::List => list::run(out),
        ScenarioCommand::Show { name, service } => show::run(name, service.as_deref(), out),
        ScenarioCommand::Check { file, network } => check::run(file, network.as_deref(), out),
        ScenarioCommand::New(args) => make::run(args, out),
    }
}

/// A scenario that was named: its text with what to call it, and its draft.
pub struct Named {
    pub file: String,
    pub text: String,
}

/// Reads what was named: a scenario that comes along, or a file. A name that is both goes to the scenario; `./name` is always a path.
pub fn read(named: &str) -> Result<Named> {
    if let Some((name, text)) = SCENARIOS.iter().find(|(known, _)| *known == named) {
        return Ok(Named { file: format!("scenarios/{name}.toml"), text: (*text).to_owned() });
    }
    let path = std::path::Path::new(named);
    match depin_files::read_text(path) {
        Ok(text) => Ok(Named { file: named.to_owned(), text }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(unknown(named)),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(CliError::refused("not-text", format_args!("{named} is not a text in UTF-8")))
        }
        Err(error) => Err(CliError::file("read", path, &error)),
    }
}

/// Neither a file nor a scenario.
fn unknown(named: &str) -> CliError {
    if named.contains(['/', '\\']) || std::path::Path::new(named).extension().is_some_and(|end| end == "toml") {
        return CliError::refused("no-file", format_args!("there is no file {named}"));
    }
    let error = depin_sim::scenario::scenario_text(named).err().map_or_else(String::new, |error| error.to_string());
    CliError::refused("unknown-scenario", error).hint("`depin scenario list`; a file of your own is named by its path")
}

/// The draft of a text.
pub fn draft(named: &Named) -> Result<Draft> {
    Draft::parse(&named.text, &named.file).map_err(|found| refused(&found))
}

/// Refuses a scenario that comes along for a founder's own service, of which it says nothing.
pub fn has_people(named: &str, source: &Source) -> Result<()> {
    let service = Spec::parse(&source.text).map(|spec| spec.network().service);
    if let Ok(service) = service
        && SCENARIOS.iter().any(|(known, _)| *known == named)
        && !SERVICES.iter().any(|(known, _)| *known == service.as_str())
    {
        let message = format!(
            "{named} says nothing of who provides and who buys {service}, which every founder's own service has its own of"
        );
        return Err(CliError::refused("no-people", message)
            .hint("make a scenario with `depin scenario new --for NETWORK`, fill it in, and name it with --scenario"));
    }
    Ok(())
}

/// Everything that is wrong, in one error.
pub fn refused(found: &Diagnostics) -> CliError {
    let errors: Vec<&Diagnostic> = found.errors().collect();
    // What was typed has no lines.
    let place =
        |one: &Diagnostic| if one.file == "--set" { one.file.clone() } else { format!("{}, line {}", one.file, one.line) };
    let first = errors.first().map_or_else(String::new, |one| format!("{}: {}", place(one), one.message));
    let more = match errors.len() {
        0 | 1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let hint = errors.first().and_then(|one| one.hint.clone()).unwrap_or_default();
    CliError::refused("wrong-scenario", first + &more).hint(hint)
}

/// A finding as the compiler draws it, under the text that it is about.
pub fn excerpt(one: &Diagnostic, texts: &[(String, String)], out: &Output) -> String {
    let weight = match one.severity {
        Severity::Error => Weight::Error,
        Severity::Warning => Weight::Warning,
    };
    // What was typed has several texts of one name: the one that has the place.
    let text = texts.iter().filter(|(file, _)| *file == one.file).find(|(_, text)| text.len() >= one.span.end);
    match text {
        Some((file, text)) => {
            let hint = one.hint.as_deref();
            Excerpt { weight, file, text, span: one.span.clone(), message: &one.message, hint }.render(out)
        }
        None => one.to_string(),
    }
}

/// A range in words; empty for a figure that is fixed.
pub fn range(figure: &Figure) -> String {
    match figure.range {
        None => String::new(),
        Some((low, high)) => format!("{} to {}{}", number(low), number(high), if figure.log { ", log" } else { "" }),
    }
}

/// Figures one below another, each key whole on its line so that it can be copied, and what is said of it below.
pub fn listed(rows: &[[String; 3]], out: &Output) -> String {
    let widest = rows.iter().map(|[key, ..]| key.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for [key, value, said] in rows {
        let mut key = key.as_str();
        // A value that does not fit beside its key goes on below itself.
        for part in wrap(value, out.width.saturating_add(2), widest + 2) {
            text.push_str(format!("{key:<widest$}  {part}").trim_end());
            text.push('\n');
            key = "";
        }
        for line in wrap(said, out.width, 4).into_iter().filter(|line| !line.is_empty()) {
            text.push_str("    ");
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

/// A value with its unit and its range.
pub fn told(value: &str, unit: &str, bounds: &str) -> String {
    let bounds = if bounds.is_empty() { String::new() } else { format!("({bounds})") };
    [value, unit, &bounds].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A number with its digits grouped, and no more of them than it takes.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    if value.abs() >= 1e15 {
        return format!("{value:e}");
    }
    depin_quantity::group_digits(&value.to_string(), ',')
}

/// Where a figure comes from, in words.
pub fn ground(provenance: &Provenance) -> (&'static str, &str) {
    match provenance {
        Provenance::Source(source) => ("source", source),
        Provenance::Assumption(why) => ("assumed", why),
        Provenance::Unstated => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_does_not_fit_beside_its_key_goes_on_below_itself() {
        let out = Output { json: false, colour: false, colour_err: false, width: 60 };
        let row = ["scenario.demand.hosts.size", "1,300 GPU-hours a day (800 to 2,000, log)", "what is asked for"];
        let lines = [
            "scenario.demand.hosts.size  1,300 GPU-hours a day (800 to",
            "                            2,000, log)",
            "    what is asked for",
        ];
        assert_eq!(listed(&[row.map(str::to_owned)], &out).lines().collect::<Vec<_>>(), lines);
    }
}
