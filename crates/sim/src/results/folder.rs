//! A folder of results: made, gone on with, read.
//!
//! ```text
//!   experiment.json       what it is: inputs, plan, format (identity)
//!   inputs/               as they were run: network.toml; scenario/, whose files are read in their order; points.csv, what each draw is
//!   checkpoint.bin        runs that are done, while some are not
//!   runs.*                one row per run, subset and record step, as .parquet and as .csv
//!   outcomes.*            one row per run: how it ended, its key figures, what was assumed
//!   agents.*              one row per provider and record step, where that was asked for
//!   summary.json          percentiles, variances, signs, audit; sizes and hashes of the tables
//!   report.html           the same to look at
//! ```
//!
//! Every file is written beside its place and moved there. What is there and is not this experiment's is never touched.

use super::{
    Result, ResultsError,
    assemble::{assemble, fits},
    bands::{Quantity, SubsetBands, bands},
    checkpoint::Checkpoint,
    identity::{Identity, Inputs},
    store::{Cell, CsvWriter, Field, Head, TableReader},
    summary::Summary,
};
use crate::experiment::{Assumptions, Engine, Experiment, Look, RunRecord};
use depin_files::{Readers, is_draft, lock, replace};
use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

const IDENTITY: &str = "experiment.json";
const INPUTS: &str = "inputs";
const NETWORK: &str = "network.toml";
const SCENARIO: &str = "scenario";
const POINTS: &str = "points.csv";
const CHECKPOINT: &str = "checkpoint.bin";
const SUMMARY: &str = "summary.json";
const LOCK: &str = ".lock";
/// The page for people, beside the tables.
pub const REPORT: &str = "report.html";

/// A folder that an experiment is written to. It is locked until it is dropped, unless everything is done.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    identity: Identity,
    /// None when everything is done.
    checkpoint: Option<Checkpoint>,
    _lock: Option<fs::File>,
}

impl RunFolder {
    /// Makes the folder of an experiment; or goes on with it, when it is there and holds this very experiment.
    ///
    /// # Errors
    /// [`ResultsError::Foreign`] and [`ResultsError::Other`] when it holds something else; the file system's.
    pub fn begin(path: &Path, identity: Identity, inputs: &Inputs, assumptions: &Assumptions) -> Result<Self> {
        let known = path.join(IDENTITY);
        if known.exists() {
            let found = read_identity(path)?;
            if let Some(difference) = found.difference(&identity) {
                return Err(ResultsError::Other { path: path.to_owned(), difference });
            }
            return Self::resume(path).map(|(folder, _)| folder);
        }
        if let Some(found) = foreign(path)? {
            return Err(ResultsError::Foreign { path: path.to_owned(), found });
        }
        let folder = path.join(INPUTS);
        let texts = folder.join(SCENARIO);
        fs::create_dir_all(&texts).map_err(|error| ResultsError::io("make", &texts, error))?;
        let lock = locked(path)?;
        write(&folder.join(NETWORK), &inputs.network)?;
        for (name, (_, text)) in inputs.scenario_files().iter().zip(&inputs.scenario) {
            write(&texts.join(name), text)?;
        }
        write_points(&folder.join(POINTS), &identity, assumptions)?;
        write(&known, &identity.text())?;
        let checkpoint = Some(Checkpoint::open(&path.join(CHECKPOINT), &identity.id())?);
        Ok(Self { path: path.to_owned(), identity, checkpoint, _lock: Some(lock) })
    }

    /// Opens a folder that an experiment was begun in, and gives the inputs that it keeps.
    ///
    /// # Errors
    /// [`ResultsError::None`] where there is none; [`ResultsError::Format`], [`ResultsError::Changed`] and others where it cannot be
    /// gone on with.
    pub fn resume(path: &Path) -> Result<(Self, Inputs)> {
        let identity = read_identity(path)?;
        let inputs = read_inputs(path, &identity)?;
        // Where everything is done nothing is written, and nothing needs to be writable.
        let (mut lock, mut checkpoint) = (None, None);
        if is_done(path)? {
            Results::open(path)?.check()?;
        } else {
            lock = Some(locked(path)?);
            // Whoever had the lock until now may have done the rest.
            if !is_done(path)? {
                checkpoint = Some(Checkpoint::open(&path.join(CHECKPOINT), &identity.id())?);
            }
        }
        Ok((Self { path: path.to_owned(), identity, checkpoint, _lock: lock }, inputs))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// How many runs are done.
    pub fn done(&self) -> usize {
        self.checkpoint.as_ref().map_or(self.identity.plan.runs as usize, Checkpoint::len)
    }

    /// Whether everything is done.
    pub const fn is_whole(&self) -> bool {
        self.checkpoint.is_none()
    }

    /// Keeps a run, whoever made it.
    ///
    /// # Errors
    /// The file system's; [`ResultsError::Damaged`] for a record that does not fit.
    pub fn keep(&mut self, record: &RunRecord) -> Result<()> {
        fits(record, &self.path)?;
        self.checkpoint.as_mut().map_or(Ok(()), |checkpoint| checkpoint.add(record))
    }

    /// Makes the runs that are missing, with `workers` threads, and writes the tables and the summary of what is done then: all of it,
    /// or as much as there was until `look` said stop. Before it goes on with runs of an earlier time it makes one of them again, and
    /// goes on only if it comes out the same.
    ///
    /// # Errors
    /// [`ResultsError::Differs`] when it does not; the file system's. What was done is kept.
    pub fn conduct<E: Engine + ?Sized>(
        &mut self,
        engine: &E,
        assumptions: &Assumptions,
        workers: NonZeroUsize,
        look: &dyn Look,
    ) -> Result<Summary> {
        let (plan, path) = (self.identity.plan, self.path.clone());
        let Some(checkpoint) = &mut self.checkpoint else { return summary_of(&path) };
        let experiment = Experiment::new(engine, assumptions, plan);
        let done: Vec<u32> = checkpoint.done().collect();
        if let Some(first) = done.first().copied().filter(|_| done.len() < plan.runs as usize)
            && let Some(again) = experiment.one(first, look)
            && !checkpoint.agrees(&again)?
        {
            return Err(ResultsError::Differs { path, run: first });
        }
        let missing: Vec<u32> = (0..plan.runs).filter(|run| !checkpoint.has(*run)).collect();
        experiment.all(missing.into_iter(), workers, look, |record| {
            fits(&record, &path)?;
            checkpoint.add(&record)
        })?;
        checkpoint.sync()?;
        let summary = assemble(&path, &self.identity, assumptions, checkpoint)?;
        let mut text = serde_json::to_string_pretty(&summary).expect("names and numbers are JSON");
        text.push('\n');
        write(&path.join(SUMMARY), &text)?;
        if summary.whole() {
            self.checkpoint = None;
            let file = path.join(CHECKPOINT);
            fs::remove_file(&file).map_err(|error| ResultsError::io("remove", &file, error))?;
        }
        Ok(summary)
    }
}

/// A folder of results, open for reading.
#[derive(Debug)]
pub struct Results {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub identity: Identity,
    /// The files that were run.
    pub inputs: Inputs,
    /// What all runs say together.
    pub summary: Summary,
}

impl Results {
    /// Opens a folder of results, and looks whether it is the experiment that was run, and whether its tables have the size with which
    /// they were written.
    ///
    /// # Errors
    /// [`ResultsError::None`] where there are none, or none yet; [`ResultsError::Format`], [`ResultsError::Truncated`] and others where
    /// they cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let identity = read_identity(path)?;
        let inputs = read_inputs(path, &identity)?;
        let summary = summary_of(path)?;
        if summary.experiment != identity.sha256() {
            return Err(ResultsError::Changed { path: path.join(IDENTITY) });
        }
        for (name, sum) in &summary.files {
            let file = path.join(name);
            let found = match fs::metadata(&file) {
                Ok(found) => found.len(),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(ResultsError::damaged(&file, format!("it is gone, and {} bytes were written", sum.bytes)));
                }
                Err(error) => return Err(ResultsError::io("read", &file, error)),
            };
            if found != sum.bytes {
                return Err(ResultsError::Truncated { path: file, found, expected: sum.bytes });
            }
        }
        Ok(Self { path: path.to_owned(), identity, inputs, summary })
    }

    /// Reads every table once, and refuses those that are not as they were written.
    ///
    /// # Errors
    /// The file system's; [`ResultsError::Damaged`].
    pub fn check(&self) -> Result<()> {
        self.summary.files.iter().try_for_each(|(name, sum)| sum.check(&self.path.join(name)))
    }

    /// The table of runs.
    ///
    /// # Errors
    /// The file system's; [`ResultsError::Damaged`].
    pub fn runs(&self) -> Result<TableReader> {
        self.table("runs.parquet")
    }

    /// The table of outcomes.
    ///
    /// # Errors
    /// As [`Self::runs`].
    pub fn outcomes(&self) -> Result<TableReader> {
        self.table("outcomes.parquet")
    }

    /// A table, if it is as it was written.
    fn table(&self, name: &str) -> Result<TableReader> {
        let file = self.path.join(name);
        self.summary.files.get(name).map_or(Ok(()), |sum| sum.check(&file))?;
        TableReader::open(&file)
    }

    /// Bands of quantities over all runs, by subset.
    ///
    /// # Errors
    /// As [`Self::runs`].
    pub fn bands(&self, quantities: &[Quantity]) -> Result<BTreeMap<u32, SubsetBands>> {
        bands(&self.runs()?, quantities, self.identity.scenario.record_ms)
    }
}

/// Something in a folder that is not the beginning of ours.
fn foreign(path: &Path) -> Result<Option<String>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ResultsError::io("read", path, error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| ResultsError::io("read", path, error))?;
        // A folder whose making was cut short has these.
        let ours = [INPUTS, LOCK].iter().any(|name| entry.file_name() == *name) || is_draft(&entry.path());
        if !ours {
            return Ok(Some(entry.file_name().to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}

fn locked(path: &Path) -> Result<fs::File> {
    let file = path.join(LOCK);
    let lock = lock(&file).map_err(|error| ResultsError::io("write", &file, error))?;
    lock.ok_or_else(|| ResultsError::Busy { path: path.to_owned() })
}

fn read(path: &Path, file: &'static str) -> Result<String> {
    let whole = path.join(file);
    fs::read_to_string(&whole).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => ResultsError::None { path: path.to_owned(), missing: file },
        _ => ResultsError::io("read", &whole, error),
    })
}

fn read_identity(path: &Path) -> Result<Identity> {
    Identity::read(&read(path, IDENTITY)?, path, &path.join(IDENTITY))
}

fn read_inputs(path: &Path, identity: &Identity) -> Result<Inputs> {
    let folder = path.join(INPUTS);
    let inputs = Inputs { network: read(&folder, NETWORK)?, scenario: read_texts(&folder.join(SCENARIO))? };
    if inputs.network_sha256() != identity.network.sha256 {
        return Err(ResultsError::Changed { path: folder.join(NETWORK) });
    }
    // The name of a file that is kept is its number and where it came from.
    let named =
        Inputs { scenario: inputs.scenario.iter().map(|(name, text)| (unnumbered(name), text.clone())).collect(), ..inputs };
    if named.scenario_sha256() != identity.scenario.sha256 {
        return Err(ResultsError::Changed { path: folder.join(SCENARIO) });
    }
    Ok(named)
}

fn unnumbered(name: &str) -> String {
    name.split_once('-').map_or(name, |(_, rest)| rest).to_owned()
}

/// The texts of a folder by the names of their files.
fn read_texts(folder: &Path) -> Result<Vec<(String, String)>> {
    let failed = |error| ResultsError::io("read", folder, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    let text = |name: String| {
        let file = folder.join(&name);
        fs::read_to_string(&file).map(|text| (name, text)).map_err(|error| ResultsError::io("read", &file, error))
    };
    names.into_iter().map(text).collect()
}

fn read_summary(path: &Path) -> Result<Option<Summary>> {
    let file = path.join(SUMMARY);
    match fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| ResultsError::damaged(&file, error)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ResultsError::io("read", &file, error)),
    }
}

/// Whether an experiment has its summary, and no run is missing in it.
fn is_done(path: &Path) -> Result<bool> {
    Ok(!path.join(CHECKPOINT).exists() && read_summary(path)?.is_some_and(|summary| summary.whole()))
}

fn summary_of(path: &Path) -> Result<Summary> {
    read_summary(path)?.ok_or_else(|| ResultsError::None { path: path.to_owned(), missing: SUMMARY })
}

/// Writes one line for each draw: what is assumed in it.
fn write_points(path: &Path, identity: &Identity, assumptions: &Assumptions) -> Result<()> {
    let heads = std::iter::once(Head::new("draw", Field::Whole))
        .chain(assumptions.iter().map(|one| Head::new(one.key.clone(), Field::Number)))
        .collect::<Vec<_>>();
    let mut table = CsvWriter::new(path.to_owned(), &heads)?;
    for draw in 0..identity.plan.draws() {
        let point = identity.plan.point(assumptions, draw);
        let values = assumptions.iter().map(|one| Cell::Number(one.in_point(&point)));
        table.row(&std::iter::once(Cell::Whole(draw.into())).chain(values).collect::<Vec<_>>())?;
    }
    table.finish().map(drop)
}

fn write(path: &Path, text: &str) -> Result<()> {
    replace(path, text.as_bytes(), Readers::Everybody).map_err(|error| ResultsError::io("write", path, error))
}

/// Writes a text whole or not at all, where a folder may be written.
///
/// # Errors
/// The file system's.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    write(path, text)
}
