//! `depin sim run` and `depin sim resume`.

use super::{
    input,
    many::{self, Asked},
    progress::{Watching, stop_on_signals},
    results_error, several, table,
};
use crate::{
    args::{SimResumeArgs, SimRunArgs},
    error::{CliError, Result},
    output::Output,
};
use depin_sim::{
    report,
    results::{Identity, REPORT, Results, ResultsError, RunFolder, Summary, write_text},
};
use input::Prepared;
use serde::Serialize;
use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

/// What one experiment left.
#[derive(Serialize)]
pub struct Ran {
    pub folder: PathBuf,
    report: PathBuf,
    experiment: Identity,
    pub summary: Summary,
}

/// Runs what was asked for.
pub fn run_all(args: &SimRunArgs, out: &Output) -> Result<()> {
    usable(args.out.as_deref().unwrap_or(Path::new(".")))?;
    if let Some(folder) = &args.again {
        return again(folder, args, out);
    }
    match many::networks(args)? {
        Asked::One(network) => {
            let stop = stop_on_signals(out);
            let prepared = input::prepare(args, &network, 0)?;
            let folder = args.out.clone().map_or_else(|| free(&default_name(&prepared.identity)), Ok)?;
            tell(&conduct_folder(begin(&prepared, &folder)?, &prepared, args.workers, &stop, out)?, out)
        }
        Asked::Several(networks) => several::run(args, networks, out),
    }
}

/// The experiment of a folder once more, in another one; whether its tables are the same.
fn again(folder: &Path, args: &SimRunArgs, out: &Output) -> Result<()> {
    let first = super::open(folder, out)?;
    if !first.summary.whole() {
        let runs = first.summary.runs;
        let message =
            format!("{} has {} of {} runs, so there is nothing whole to compare with", folder.display(), runs.done, runs.asked);
        return Err(CliError::refused("unfinished", message).hint(format_args!("depin sim resume {}", folder.display())));
    }
    let place = args.out.clone().map_or_else(|| free(&default_name(&first.identity)), Ok)?;
    let same = |one: &Path| one.canonicalize().ok();
    if same(&place).is_some_and(|place| same(folder) == Some(place)) {
        return Err(CliError::refused("out", "an experiment is made again in another folder").hint("name one with --out"));
    }
    let stop = stop_on_signals(out);
    let prepared = input::prepare_again(&first.identity, first.inputs)?;
    let ran = conduct_folder(begin(&prepared, &place)?, &prepared, args.workers, &stop, out)?;
    tell(&ran, out)?;
    let differ: Vec<&str> = (first.summary.files.iter())
        .filter(|(name, sum)| ran.summary.files.get(*name) != Some(sum))
        .map(|(name, _)| name.as_str())
        .collect();
    if differ.is_empty() {
        out.note(format_args!("the same bytes as {}: {}", folder.display(), names_of(&first.summary)));
        return Ok(());
    }
    let message = format!("{} came out otherwise than {} has it", differ.join(", "), folder.display());
    Err(CliError::refused("differs", message)
        .hint("the same version gives the same bytes; `depin` in experiment.json says which one it was"))
}

fn names_of(summary: &Summary) -> String {
    summary.files.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Refuses a path that cannot be a folder of results, or in which nothing may be written, before anything is computed.
pub fn usable(path: &Path) -> Result<()> {
    let file = path.ancestors().find(|part| part.symlink_metadata().is_ok()).filter(|part| !part.is_dir());
    if let Some(file) = file {
        let message = format!("results need a folder, and {} is a file", file.display());
        return Err(CliError::refused("out", message).hint("it is left as it is; name a folder with --out, or none"));
    }
    depin_files::try_folder(path).map_err(|(path, error)| results_error(ResultsError::Io { what: "write in", path, error }))
}

/// Goes on with a folder, or with all of a folder of several.
pub fn resume(args: &SimResumeArgs, out: &Output) -> Result<()> {
    if let Some(done) = several::resume(&args.folder, args.workers, out) {
        return done;
    }
    let (folder, inputs) = RunFolder::resume(&args.folder).map_err(results_error)?;
    super::note_version(folder.identity(), &args.folder, out);
    if folder.is_whole() {
        out.note(format_args!("everything is done in {}", args.folder.display()));
        return tell(&done(&args.folder)?, out);
    }
    let stop = stop_on_signals(out);
    let prepared = input::prepare_again(folder.identity(), inputs)?;
    tell(&conduct_folder(folder, &prepared, args.workers, &stop, out)?, out)
}

/// The folder of an experiment, made or opened again.
pub fn begin(prepared: &Prepared, path: &Path) -> Result<RunFolder> {
    RunFolder::begin(path, prepared.identity.clone(), &prepared.inputs, &prepared.assumptions).map_err(results_error)
}

/// Makes what is missing in a folder, and says what is there already.
pub fn conduct_folder(
    folder: RunFolder,
    prepared: &Prepared,
    workers: Option<NonZeroUsize>,
    stop: &Arc<AtomicBool>,
    out: &Output,
) -> Result<Ran> {
    let path = folder.path().to_owned();
    match folder.done() {
        _ if folder.is_whole() => {
            out.note(format_args!("everything is done in {}", path.display()));
            drop(folder);
            return done(&path);
        }
        0 => {}
        n => out.note(format_args!("{} has {n} runs of this experiment already", path.display())),
    }
    conduct(folder, prepared, workers, stop, out)
}

fn conduct(
    mut folder: RunFolder,
    prepared: &Prepared,
    workers: Option<NonZeroUsize>,
    stop: &Arc<AtomicBool>,
    out: &Output,
) -> Result<Ran> {
    let (path, runs) = (folder.path().to_owned(), folder.identity().plan.runs);
    let title = format!("{} {}", prepared.identity.network.name, prepared.identity.scenario.name);
    let watching = Watching::start(&title, folder.done(), runs, stop.clone(), out);
    let made = folder.conduct(&prepared.model, &prepared.assumptions, super::workers(workers), &watching);
    watching.end();
    made.map_err(results_error)?;
    drop(folder);
    let ran = done(&path)?;
    let results = Results::open(&path).map_err(results_error)?;
    let page = report::page(&results).map_err(results_error)?;
    write_text(&ran.report, &page).map_err(results_error)?;
    Ok(ran)
}

/// What a folder holds.
fn done(path: &Path) -> Result<Ran> {
    let Results { identity, summary, .. } = Results::open(path).map_err(results_error)?;
    Ok(Ran { folder: path.to_owned(), report: path.join(REPORT), experiment: identity, summary })
}

/// Prints what there is, and says whether it is all.
fn tell(ran: &Ran, out: &Output) -> Result<()> {
    show(ran, out)?;
    ended(ran)
}

/// Prints what there is.
pub fn show(ran: &Ran, out: &Output) -> Result<()> {
    out.result(ran, |out| table::text(&ran.experiment, &ran.summary, out))?;
    out.note(format_args!("results in {}; look at {}", ran.folder.display(), ran.report.display()));
    Ok(())
}

/// Whether all runs were made, and any of them says something.
pub fn ended(ran: &Ran) -> Result<()> {
    let runs = ran.summary.runs;
    match ran.summary.failures.first() {
        _ if !ran.summary.whole() => Err(stopped(ran, &ran.folder)),
        Some(first) if runs.failed == runs.done => {
            let name = &ran.experiment.network.name;
            let message = format!("no run of {name} could be finished; run {}: {}", first.run, first.message);
            Err(CliError::broken("runs-failed", message))
        }
        _ => Ok(()),
    }
}

/// What was stopped, and how one goes on with the folder that was asked for.
pub fn stopped(ran: &Ran, folder: &Path) -> CliError {
    let runs = ran.summary.runs;
    CliError::broken("stopped", format_args!("stopped after {} of {} runs, which are kept", runs.done, runs.asked))
        .hint(format_args!("go on with `depin sim resume {}`", folder.display()))
}

fn default_name(identity: &Identity) -> String {
    format!("sim-{}-{}", identity.network.name, identity.scenario.name)
}

/// A folder of this name that is not there yet, or the first one with a number.
pub fn free(name: &str) -> Result<PathBuf> {
    const MOST: u32 = 10_000;
    let name: String =
        name.chars().map(|one| if one.is_ascii_alphanumeric() || "._-".contains(one) { one } else { '-' }).collect();
    let numbered = (2..MOST).map(|number| format!("{name}-{number}"));
    let free = std::iter::once(name.clone()).chain(numbered).map(PathBuf::from).find(|path| !path.exists());
    free.ok_or_else(|| {
        CliError::refused("out", format_args!("{name} and {MOST} folders like it are there")).hint("name another one with --out")
    })
}
