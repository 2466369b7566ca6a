//! `depin new`: a new network's folder out of parts of others.

use crate::{
    args::NewNetworkArgs,
    error::{CliError, Result},
    output::Output,
};
use depin_devnet::{home::files, services, source};
use depin_economy::Spec;
use depin_networks::{ComposeError, Composed, Recipe, compose, rename_token, starting};
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
    let [emission, payment, stake] = parts(args)?;
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
    let mut composed = compose(&recipe).map_err(refused)?;
    let spec = Spec::parse(&composed.toml).map_err(|errors| {
        CliError::refused("parts", format_args!("the parts do not fit together:\n{errors}"))
            .hint("`depin check` on each network that a part comes from says what is wrong with it; or choose other parts")
    })?;
    if let Some(token) = args.token {
        composed = with_token(composed, &spec, token)?;
    }
    // Where something of the file came before today, such as a fund that is frozen, it has no start of its own.
    let started = starting(&composed.toml, &today()).filter(|text| Spec::parse(text).is_ok());
    composed.toml = started.unwrap_or(composed.toml);
    let files = write(&folder, &composed)?;
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

/// Longest name of a token: its price is called `NAME-USD`, which is a name too.
const TOKEN_MAX: usize = Name::MAX - "-USD".len();

/// The network with its token under another name, in its file and in what was decided.
fn with_token(composed: Composed, spec: &Spec, token: Name) -> Result<Composed> {
    if token.len() > TOKEN_MAX || token.as_str().contains('.') {
        return Err(CliError::refused("token", format_args!("`{token}` is no name for a token"))
            .hint(format_args!("a token's name has 1 to {TOKEN_MAX} letters, digits, `-` and `_`; write it like ATL")));
    }
    let from = spec.fee().token;
    if token != from && (spec.token(token).is_some() || token == depin_economy::USD) {
        return Err(CliError::refused("token", format_args!("`{token}` is the name of something else in this network"))
            .hint("choose another name for its own token"));
    }
    let toml = rename_token(&composed.toml, from, token);
    Spec::parse(&toml).map_err(|errors| {
        CliError::refused("token", format_args!("the token cannot be called `{token}`:\n{errors}"))
            .hint("choose another name, such as three to six capital letters")
    })?;
    let rules = format!(
        "{}\n\nThe token is called {token} here; where a source speaks of {from}, it is the other network's.\n",
        composed.rules.trim_end()
    );
    Ok(Composed { toml, rules, ..composed })
}

/// The day by the wall clock, UTC: `2026-11-30`.
fn today() -> String {
    let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let now = depin_quantity::Instant::new(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX));
    now.to_rfc3339().split('T').next().unwrap_or_default().to_owned()
}

/// The networks that emission, payment and stake come from.
fn parts(args: &NewNetworkArgs) -> Result<[String; 3]> {
    let given = [("--emission", &args.emission), ("--payment", &args.payment), ("--stake", &args.stake)];
    let of = |part: &Option<String>| part.clone().or_else(|| args.economy.clone());
    let missing: Vec<&str> = given.iter().filter(|(_, part)| of(part).is_none()).map(|(name, _)| *name).collect();
    let [emission, payment, stake] = given.map(|(_, part)| of(part));
    if let (Some(emission), Some(payment), Some(stake)) = (emission, payment, stake) {
        return Ok([emission, payment, stake]);
    }
    let message = format!("nothing says whose economy it has: {} not given", listed(&missing));
    Err(CliError::refused("parts", message).hint(
        "--economy NETWORK is for all three, as in --economy filecoin; --emission, --payment and --stake are for one each, and come \
         before it; `depin networks` lists them",
    ))
}

/// `a is`, `a and b are`, `a, b and c are`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("{one} is"),
        [some @ .., last] => format!("{} and {last} are", some.join(", ")),
    }
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
fn write(folder: &Path, composed: &Composed) -> Result<[PathBuf; 2]> {
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
        files::write(file, text.as_bytes(), files::Readers::Everybody)?;
    }
    Ok(files)
}
