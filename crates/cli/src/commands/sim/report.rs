//! `depin sim report`.

use super::{results_error, run::usable};
use crate::{
    args::SimReportArgs,
    error::{CliError, Result},
    output::Output,
};
use depin_sim::{
    report::{is_page, page},
    results::{REPORT, write_text},
};
use serde::Serialize;
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

#[derive(Serialize)]
struct Written {
    report: PathBuf,
}

pub fn run(args: &SimReportArgs, out: &Output) -> Result<()> {
    let results = super::open(&args.folder, out)?;
    results.check().map_err(results_error)?;
    let path = args.out.clone().unwrap_or_else(|| args.folder.join(REPORT));
    vacant(&path)?;
    replace(&path, &page(&results).map_err(results_error)?)?;
    let written = Written { report: path };
    out.result(&written, |_| format!("{}\n", written.report.display()))
}

/// Refuses a place where no page can be written, or where something stands that is no page of ours: looked at before a page is made.
pub fn vacant(path: &Path) -> Result<()> {
    let refused = |message: String, hint| Err(CliError::refused("out", message).hint(hint));
    match fs::read(path) {
        Ok(found) if !is_page(&String::from_utf8_lossy(&found)) => {
            return Err(CliError::refused(
                "exists",
                format_args!("{} is there and is no report of a simulation", path.display()),
            )
            .hint("it is left as it is; name another file with --out"));
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(_) if path.is_dir() => {
            return refused(format!("a page needs a file, and {} is a folder", path.display()), "name a file with --out");
        }
        Err(error) => return Err(CliError::file("read", path, &error)),
    }
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return refused(
            format!("there is no folder {} for a page", folder.display()),
            "make it, or name another file with --out",
        );
    }
    usable(folder)
}

/// Writes a page where there is none, or another page of ours; anything else is left as it is.
pub fn replace(path: &Path, page: &str) -> Result<()> {
    vacant(path)?;
    write_text(path, page).map_err(results_error)
}
