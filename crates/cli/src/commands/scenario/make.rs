//! `depin scenario new`.

use crate::{
    args::NewScenarioArgs,
    error::{CliError, Result},
    output::{Output, write_out},
};
use depin_devnet::{home::files, source};
use depin_sim::scenario::{copied_scenario, scenario_for};
use serde::Serialize;

#[derive(Serialize)]
struct Made {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// What there is to fill in.
    blanks: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

pub fn run(args: &NewScenarioArgs, out: &Output) -> Result<()> {
    let text = match (&args.from, &args.network) {
        (Some(name), _) => copied_scenario(name).map_err(|error| {
            CliError::refused("unknown-scenario", error).hint("`depin scenario list` shows those that come along")
        })?,
        (None, Some(named)) => {
            let source = source::read(named)?;
            scenario_for(&source.text, named).map_err(|found| super::refused(&found).hint(format!("depin check {named}")))?
        }
        (None, None) => return Err(CliError::refused("usage", "a scenario is made --from one, or --for a network")),
    };
    let blanks = text.matches("= \"? ").count();
    let Some(path) = &args.out else {
        if out.json {
            return out.result(&Made { file: None, blanks, text: Some(text) }, |_| String::new());
        }
        return write_out(text.as_bytes());
    };
    if path.exists() {
        let message = format!("`{}` is there already, and is left as it is", path.display());
        return Err(CliError::refused("exists", message).hint("choose another name, or move the file away"));
    }
    files::write(path, text.as_bytes(), files::Readers::Everybody)?;
    let made = Made { file: Some(path.display().to_string()), blanks, text: None };
    out.result(&made, |_| format!("{}\n", path.display()))?;
    let network = args.network.as_ref().map(|network| format!(" --network {network}")).unwrap_or_default();
    if blanks > 0 {
        out.note(format_args!("next: fill in {blanks} blanks; what is left of them says"));
    }
    out.note(format_args!("  depin scenario check {}{network}", path.display()));
    Ok(())
}
