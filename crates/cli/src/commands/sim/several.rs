//! Several experiments in one folder: each in a folder of its own, and all of them side by side.
//!
//! ```text
//!   experiments.json      their names in order, and what was left out and why
//!   NAME/                 one experiment
//!   compare.html          all of them
//! ```

use super::{
    compare, input,
    input::{Network, Prepared},
    progress::stop_on_signals,
    results_error,
    run::{Ran, begin, conduct_folder, ended, free, show, stopped},
    table,
};
use crate::{
    args::SimRunArgs,
    error::{CliError, Result},
    output::{Output, count},
};
use depin_sim::{
    report,
    results::{RunFolder, write_text},
};
use serde::{Deserialize, Serialize};
use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

const LIST: &str = "experiments.json";
const SIDE_BY_SIDE: &str = "compare.html";
/// Longest list that is believed.
const LIST_MOST: u64 = 1 << 20;

/// What came of several.
#[derive(Serialize)]
struct Several {
    experiments: Vec<Ran>,
    left_out: Vec<LeftOut>,
    comparison: report::Comparison,
    report: PathBuf,
}

/// One of several that could not be simulated; the others were.
#[derive(Clone, Serialize, Deserialize)]
struct LeftOut {
    name: String,
    reason: String,
}

/// What a folder of several holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    experiments: Vec<String>,
    left_out: Vec<LeftOut>,
}

/// Each of several into a folder of its own. One that cannot be simulated is left out, and is told of. All are begun before any is run, so
/// that one can go on with all of them.
pub fn run(args: &SimRunArgs, networks: Vec<(String, Result<Network>)>, out: &Output) -> Result<()> {
    let stop = stop_on_signals(out);
    let scenario = args.scenario.rsplit(['/', '\\']).next().unwrap_or_default().trim_end_matches(".toml");
    let what = args.network.as_deref().unwrap_or("all");
    let place = args.out.clone().map_or_else(|| free(&format!("sim-{what}-{scenario}")), Ok)?;
    if place.is_dir() {
        super::report::vacant(&place.join(SIDE_BY_SIDE))?;
    }
    let (mut begun, mut left_out, mut first) = (Vec::new(), Vec::new(), None);
    for (simulation, (name, network)) in (0..).zip(networks) {
        match network.and_then(|network| input::prepare(args, &network, simulation)) {
            Ok(prepared) => begun.push((name, prepared)),
            Err(error) => {
                out.note(format_args!("{name} is left out: {}", error.message));
                left_out.push(LeftOut { name, reason: error.message.clone() });
                first.get_or_insert(error);
            }
        }
    }
    if let Some(error) = first.filter(|_| begun.is_empty()) {
        return Err(error);
    }
    let mut folders = Vec::new();
    for (name, prepared) in begun {
        folders.push((begin(&prepared, &place.join(&name))?, prepared));
    }
    let names = folders.iter().map(|(folder, _)| name_of(folder.path())).collect();
    let list = List { experiments: names, left_out };
    let text = serde_json::to_string_pretty(&list).expect("names are JSON") + "\n";
    write_text(&place.join(LIST), &text).map_err(results_error)?;
    conduct_all(&place, folders, list.left_out, args.workers, &stop, out)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Goes on with the experiments of a folder; none where it is no folder of several.
pub fn resume(place: &Path, workers: Option<NonZeroUsize>, out: &Output) -> Option<Result<()>> {
    let file = place.join(LIST);
    file.is_file().then(|| {
        let list = read(&file)?;
        let stop = stop_on_signals(out);
        let mut folders = Vec::new();
        for name in &list.experiments {
            let (folder, inputs) = RunFolder::resume(&place.join(name)).map_err(results_error)?;
            super::note_version(folder.identity(), folder.path(), out);
            let prepared = input::prepare_again(folder.identity(), inputs)?;
            folders.push((folder, prepared));
        }
        conduct_all(place, folders, list.left_out, workers, &stop, out)
    })
}

fn read(file: &Path) -> Result<List> {
    let damaged = |why: &dyn std::fmt::Display| {
        CliError::refused("results-damaged", format_args!("{} is damaged: {why}", file.display()))
            .hint("go on with each of its folders by itself: depin sim resume FOLDER")
    };
    let size = file.metadata().map_err(|error| CliError::file("read", file, &error))?.len();
    if size > LIST_MOST {
        return Err(damaged(&format_args!("it has {size} bytes")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| CliError::file("read", file, &error))?;
    let list: List = serde_json::from_str(&text).map_err(|error| damaged(&error))?;
    let plain = |name: &String| Path::new(name).file_name().is_some_and(|own| own == name.as_str());
    match list.experiments.iter().find(|name| !plain(name)) {
        Some(name) => Err(damaged(&format_args!("`{name}` is no name of a folder in it"))),
        None => Ok(list),
    }
}

/// Makes the runs of all that were begun, and puts them side by side.
fn conduct_all(
    place: &Path,
    folders: Vec<(RunFolder, Prepared)>,
    left_out: Vec<LeftOut>,
    workers: Option<NonZeroUsize>,
    stop: &Arc<AtomicBool>,
    out: &Output,
) -> Result<()> {
    let mut all = Vec::new();
    for (folder, prepared) in folders {
        let ran = conduct_folder(folder, &prepared, workers, stop, out)?;
        if !out.json {
            show(&ran, out)?;
        }
        if !ran.summary.whole() {
            return Err(stopped(&ran, place));
        }
        all.push(ran);
    }
    let folders: Vec<PathBuf> = all.iter().map(|ran| ran.folder.clone()).collect();
    let told = left_out.iter().map(|one| format!("{}: {}", one.name, one.reason)).collect();
    let (comparison, report) = compare::write(&folders, &place.join(SIDE_BY_SIDE), told, out)?;
    let several = Several { experiments: all, left_out, comparison, report };
    out.result(&several, |out| table::comparison(&several.comparison, out))?;
    if !several.left_out.is_empty() {
        let names: Vec<&str> = several.left_out.iter().map(|one| one.name.as_str()).collect();
        let made = count(several.experiments.len() as u64, "experiment", "experiments");
        out.note(format_args!("{made} made; left out, as told above: {}", names.join(", ")));
    }
    several.experiments.iter().try_for_each(ended)
}
