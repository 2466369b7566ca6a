//! `depin sim compare`.

use super::{
    report::{replace, vacant},
    results_error, table,
};
use crate::{
    args::SimCompareArgs,
    error::{CliError, Result},
    output::Output,
};
use depin_sim::report::Comparison;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Compared {
    comparison: Comparison,
    report: PathBuf,
}

/// Most that one page can hold side by side.
const MOST: usize = 12;

pub fn run(args: &SimCompareArgs, out: &Output) -> Result<()> {
    let (comparison, report) = write(&args.folders, &args.out, Vec::new(), out)?;
    let compared = Compared { comparison, report };
    out.result(&compared, |out| table::comparison(&compared.comparison, out))
}

/// Compares folders, and writes the page, which tells what was `left_out` of them and why.
pub fn write(folders: &[PathBuf], path: &Path, left_out: Vec<String>, out: &Output) -> Result<(Comparison, PathBuf)> {
    if folders.len() > MOST {
        return Err(CliError::refused("too-many", format_args!("{} folders are more than {MOST} side by side", folders.len()))
            .hint("compare some of them at a time"));
    }
    vacant(path)?;
    let list = folders.iter().map(|folder| super::open(folder, out)).collect::<Result<Vec<_>>>()?;
    let mut comparison = Comparison::new(&list).map_err(results_error)?;
    comparison.left_out = left_out;
    comparison.unlike.iter().for_each(|words| out.note(words));
    replace(path, &comparison.page(&list).map_err(results_error)?)?;
    out.note(format_args!("side by side in {}", path.display()));
    Ok((comparison, path.to_owned()))
}
