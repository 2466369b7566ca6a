//! `depin sim run` and `depin sim resume`.

use super::{
    compare, input,
    many::{self, Asked},
    progress::{Watching, stop_on_signals},
    results_error, table,
};
use crate::{
    args::{SimResumeArgs, SimRunArgs},
    error::{CliError, Result},
    output::{Output, count},
};
use depin_sim::{
    report,
    results::{Identity, REPORT, Results, ResultsError, RunFolder, Summary, write_text},
};
use input::{Network, Prepared};
use serde::Serialize;
use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

/// What one experiment left.
#[derive(Serialize)]
pub struct Ran {
    folder: PathBuf,
    report: PathBuf,
    experiment: Identity,
    summary: Summary,
}

/// Several of them.
#[derive(Serialize)]
struct Several {
    experiments: Vec<Ran>,
    left_out: Vec<LeftOut>,
    comparison: report::Comparison,
    report: PathBuf,
}

/// One of several that could not be simulated; the others were.
#[derive(Serialize)]
struct LeftOut {
    name: String,
    reason: String,
}

/// Runs what was asked for.
pub fn run_all(args: &SimRunArgs, out: &Output) -> Result<()> {
    usable(args.out.as_deref().unwrap_or(Path::new(".")))?;
    match many::networks(args)? {
        Asked::One(network) => {
            let stop = stop_on_signals(out);
            let prepared = input::prepare(args, &network, 0)?;
            let folder = args.out.clone().map_or_else(|| free(&default_name(&prepared.identity)), Ok)?;
            tell(&begin(prepared, &folder, args.workers, &stop, out)?, out)
        }
        Asked::Several(networks) => run_several(args, networks, out),
    }
}

/// Each of several into a folder of its own. One that cannot be simulated is left out, and is told of.
fn run_several(args: &SimRunArgs, networks: Vec<(String, Result<Network>)>, out: &Output) -> Result<()> {
    let stop = stop_on_signals(out);
    let scenario = args.scenario.rsplit(['/', '\\']).next().unwrap_or_default().trim_end_matches(".toml");
    let what = args.network.as_deref().unwrap_or("all");
    let place = args.out.clone().map_or_else(|| free(&format!("sim-{what}-{scenario}")), Ok)?;
    let side_by_side = place.join("compare.html");
    if place.is_dir() {
        super::report::vacant(&side_by_side)?;
    }
    let (mut all, mut left_out, mut first) = (Vec::new(), Vec::new(), None);
    for (simulation, (name, network)) in (0..).zip(networks) {
        match network.and_then(|network| input::prepare(args, &network, simulation)) {
            Ok(prepared) => {
                let ran = begin(prepared, &place.join(&name), args.workers, &stop, out)?;
                if !out.json {
                    show(&ran, out)?;
                }
                if !ran.summary.whole() {
                    return Err(stopped(&ran));
                }
                all.push(ran);
            }
            Err(error) => {
                out.note(format_args!("{name} is left out: {}", error.message));
                left_out.push(LeftOut { name, reason: error.message.clone() });
                first.get_or_insert(error);
            }
        }
    }
    if let Some(error) = first.filter(|_| all.is_empty()) {
        return Err(error);
    }
    let folders: Vec<PathBuf> = all.iter().map(|ran| ran.folder.clone()).collect();
    let told = left_out.iter().map(|one| format!("{}: {}", one.name, one.reason)).collect();
    let (comparison, report) = compare::write(&folders, &side_by_side, told, out)?;
    let several = Several { experiments: all, left_out, comparison, report };
    out.result(&several, |out| table::comparison(&several.comparison, out))?;
    if !several.left_out.is_empty() {
        let names: Vec<&str> = several.left_out.iter().map(|one| one.name.as_str()).collect();
        let made = count(several.experiments.len() as u64, "experiment", "experiments");
        out.note(format_args!("{made} made; left out, as told above: {}", names.join(", ")));
    }
    several.experiments.iter().try_for_each(ended)
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

/// Goes on with a folder.
pub fn resume(args: &SimResumeArgs, out: &Output) -> Result<()> {
    let (folder, inputs) = RunFolder::resume(&args.folder).map_err(results_error)?;
    let stop = stop_on_signals(out);
    if folder.is_whole() {
        out.note(format_args!("everything is done in {}", args.folder.display()));
        return tell(&done(&args.folder)?, out);
    }
    let prepared = input::prepare_again(folder.identity(), inputs)?;
    let ran = conduct(folder, &prepared, args.workers, &stop, out)?;
    tell(&ran, out)
}

fn begin(prepared: Prepared, path: &Path, workers: Option<NonZeroUsize>, stop: &Arc<AtomicBool>, out: &Output) -> Result<Ran> {
    let folder =
        RunFolder::begin(path, prepared.identity.clone(), &prepared.inputs, &prepared.assumptions).map_err(results_error)?;
    match folder.done() {
        _ if folder.is_whole() => {
            out.note(format_args!("everything is done in {}", path.display()));
            drop(folder);
            return done(path);
        }
        0 => {}
        n => out.note(format_args!("{} has {n} runs of this experiment already", path.display())),
    }
    conduct(folder, &prepared, workers, stop, out)
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

fn show(ran: &Ran, out: &Output) -> Result<()> {
    out.result(ran, |out| table::text(&ran.experiment, &ran.summary, out))?;
    out.note(format_args!("results in {}; look at {}", ran.folder.display(), ran.report.display()));
    Ok(())
}

/// Whether all runs were made, and any of them says something.
fn ended(ran: &Ran) -> Result<()> {
    let runs = ran.summary.runs;
    match ran.summary.failures.first() {
        _ if !ran.summary.whole() => Err(stopped(ran)),
        Some(first) if runs.failed == runs.done => {
            let name = &ran.experiment.network.name;
            let message = format!("no run of {name} could be finished; run {}: {}", first.run, first.message);
            Err(CliError::broken("runs-failed", message))
        }
        _ => Ok(()),
    }
}

fn stopped(ran: &Ran) -> CliError {
    let runs = ran.summary.runs;
    CliError::broken("stopped", format_args!("stopped after {} of {} runs, which are kept", runs.done, runs.asked))
        .hint(format_args!("go on with `depin sim resume {}`", ran.folder.display()))
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
