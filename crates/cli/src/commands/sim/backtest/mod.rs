//! `depin sim backtest`: forecasts of demand, scored on weeks that they have not seen.
//!
//! In: a network, and a series that comes along or a file. Out: a table, and a folder that nothing is overwritten in.

mod folder;
mod subject;
mod told;

use super::progress::stop_on_signals;
use crate::{
    args::SimBacktestArgs,
    error::{CliError, Result},
    output::Output,
};
use folder::Folder;
use std::{path::PathBuf, sync::atomic::Ordering};
use subject::subjects;
use told::{Told, text};

pub fn run(args: &SimBacktestArgs, out: &Output) -> Result<()> {
    let network = subject::network(&args.network)?;
    let subjects = subjects(args, &network)?;
    // Looked at before anything is computed, and again when it is made.
    let path = match &args.out {
        Some(path) => path.clone(),
        None => super::run::free(&format!("backtest-{}", network.name))?,
    };
    super::run::usable(&path)?;
    folder::vacant(&path)?;
    let stop = stop_on_signals(out);
    let mut studies = Vec::new();
    for subject in &subjects {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        out.note(format_args!("{}: {}, four forecasts of each later week", network.name, subject.title));
        studies.push(subject.study(args.train_until, &network)?);
    }
    let (done, left) = subjects.split_at(studies.len());
    if studies.is_empty() {
        return Err(CliError::broken("stopped", "stopped before any series was forecast; nothing was written"));
    }
    let told = Told::new(&studies, path.clone());
    Folder { path: &path, studies: &studies, subjects: done, told: &told }.write()?;
    out.result(&told, |out| text(&studies, out))?;
    let report: PathBuf = path.join(depin_sim::results::REPORT);
    out.note(format_args!("results in {}; look at {}", path.display(), report.display()));
    if left.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = left.iter().map(|subject| subject.name.as_str()).collect();
    let message = format!("stopped; what is done is kept, and these series were not forecast: {}", names.join(", "));
    Err(CliError::broken("stopped", message).hint("forecast them with --series into another folder"))
}
