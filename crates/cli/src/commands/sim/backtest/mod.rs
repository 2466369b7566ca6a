//! `depin sim backtest`: forecasts of demand, scored on weeks that they have not seen.
//!
//! In: a network, and a series that comes along or a file. Out: a table, and a folder that nothing is overwritten in.

mod folder;
mod subject;
mod told;

use crate::{args::SimBacktestArgs, error::Result, output::Output};
use folder::Folder;
use std::path::PathBuf;
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
    folder::vacant(&path)?;
    let mut studies = Vec::new();
    for subject in &subjects {
        out.note(format_args!("{}: {}, four forecasts of each later week", network.name, subject.title));
        studies.push(subject.study(args.train_until, &network)?);
    }
    let told = Told::new(&studies, path.clone());
    Folder { path: &path, studies: &studies, subjects: &subjects, told: &told }.write()?;
    out.result(&told, |out| text(&studies, out))?;
    let report: PathBuf = path.join(depin_sim::results::REPORT);
    out.note(format_args!("results in {}; look at {}", path.display(), report.display()));
    Ok(())
}
