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
mod table;

use crate::{
    args::SimCommand,
    error::{CliError, Kind, Result},
    output::Output,
};
use depin_sim::results::ResultsError;
use std::num::NonZeroUsize;

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

/// Threads that make runs: as many as were asked for, or one for each core.
fn workers(asked: Option<NonZeroUsize>) -> NonZeroUsize {
    asked.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}
