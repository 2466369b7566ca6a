//! `depin new`: a new network's folder out of parts of others.

use crate::{
    args::NewNetworkArgs,
    error::{CliError, Result},
    output::Output,
};
use depin_devnet::{home::files, services, source};
use depin_economy::Spec;
use depin_networks::{ComposeError, Composed, Recipe, compose};
use depin_quantity::Name;
use serde::Serialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What was made.
#[derive(Serialize)]
struct Made {
    network: Name,
    folder: PathBuf,
    files: [PathBuf; 2],
    service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    emission: String,
    payment: String,
    stake: String,
    /// What had to be decided, as RULES.md says it.
    decided: Vec<String>,
}

pub fn run(args: &NewNetworkArgs, out: &Output) -> Result<()> {
    let folder = PathBuf::from(args.name.as_str());
    let part = |given: &Option<String>| given.clone().or_else(|| args.economy.clone()).unwrap_or_default();
    let (emission, payment, stake) = (part(&args.emission), part(&args.payment), part(&args.stake));
    if args.service == "metered" && args.unit.is_none() {
        return Err(
            CliError::refused("unit", "a metered service is told by its unit, and none is named").hint("add --unit \"map tile\"")
        );
    }
    let (from, pay, hold) = (source::read(&emission)?.text, source::read(&payment)?.text, source::read(&stake)?.text);
    let recipe = Recipe {
        name: args.name,
        service: &args.service,
        emission: &from,
        payment: &pay,
        stake: &hold,
        unit: args.unit.as_deref(),
    };
    let composed = compose(&recipe).map_err(refused)?;
    Spec::parse(&composed.toml).map_err(|errors| {
        CliError::refused("parts", format_args!("the parts do not fit together:\n{errors}"))
            .hint("`depin check` on each network that a part comes from says what is wrong with it; or choose other parts")
    })?;
    let files = write(&folder, &composed, out)?;
    let made = Made {
        network: args.name,
        folder,
        files,
        service: args.service.clone(),
        unit: args.unit.clone(),
        emission,
        payment,
        stake,
        decided: composed.notes,
    };
    out.result(&made, |_| made.text())?;
    let file = made.files[0].display();
    out.note(format_args!("next: read {file}, change what you like, then"));
    out.note(format_args!("  depin check {}", made.folder.display()));
    if services::live(&made.service).is_some() {
        out.note(format_args!("  depin up --network ./{}", made.folder.display()));
    }
    Ok(())
}

impl Made {
    fn text(&self) -> String {
        self.files.iter().map(|file| format!("{}\n", file.display())).collect()
    }
}

fn refused(error: ComposeError) -> CliError {
    let (code, hint) = match &error {
        ComposeError::Service { .. } => ("service", "a custom service is --service metered --unit \"…\""),
        ComposeError::Unit(_) | ComposeError::BadUnit { .. } => ("unit", "write --service metered --unit \"map tile\""),
        ComposeError::Donor { .. } => ("network", "`depin check` says what is wrong with that network's file"),
    };
    CliError::refused(code, &error).hint(hint)
}

/// Writes both files into a folder that is not there yet.
fn write(folder: &Path, composed: &Composed, out: &Output) -> Result<[PathBuf; 2]> {
    match fs::create_dir(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(CliError::refused(
                "exists",
                format_args!("`{}` is there already, and is left as it is", folder.display()),
            )
            .hint("choose another name, or move the folder away"));
        }
        Err(error) => return Err(CliError::file("make", folder, &error)),
    }
    let files = [folder.join("network.toml"), folder.join("RULES.md")];
    for (file, text) in files.iter().zip([&composed.toml, &composed.rules]) {
        out.note(format_args!("writing {}", file.display()));
        files::write(file, text.as_bytes(), files::Readers::Everybody)?;
    }
    Ok(files)
}
