//! `depin sim`: networks simulated.

mod backtest;
mod check;
mod compare;
mod input;
mod keys;
mod many;
mod progress;
mod report;
mod run;
mod several;
mod table;

use crate::{
    args::SimCommand,
    error::{CliError, Kind, Result},
    output::Output,
};
use depin_sim::results::{Identity, Results, ResultsError};
use std::{num::NonZeroUsize, path::Path};

pub fn run(command: &SimCommand, out: &Output) -> Result<()> {
    match command {
        SimCommand::Keys(args) => keys::run(args, out),
        SimCommand::Run(args) => run::run_all(args, out),
        SimCommand::Resume(args) => run::resume(args, out),
        SimCommand::Report(args) => report::run(args, out),
        SimCommand::Compare(args) => compare::run(args, out),
        SimCommand::Check(args) => check::run(args, out),
        SimCommand::Backtest(args) => backtest::run(args, out),
    }
}

/// What is wrong with a folder of results, for people.
fn results_error(error: ResultsError) -> CliError {
    let kind = if error.may_pass() { Kind::Broken } else { Kind::Refused };
    CliError { kind, code: error.code().to_owned(), message: error.to_string(), hint: error.hint() }
}

/// Opens a folder of results, and tells when another version wrote it.
fn open(folder: &Path, out: &Output) -> Result<Results> {
    let results = Results::open(folder).map_err(results_error)?;
    note_version(&results.identity, folder, out);
    Ok(results)
}

fn note_version(identity: &Identity, folder: &Path, out: &Output) {
    if let Some(other) = identity.other_version() {
        let own = env!("CARGO_PKG_VERSION");
        out.note(format_args!("{} was made by depin {other}, and this is {own}: it may compute otherwise", folder.display()));
    }
}

/// Threads that make runs: as many as were asked for, or one for each core.
fn workers(asked: Option<NonZeroUsize>) -> NonZeroUsize {
    asked.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}
