//! `depin sim run`, `resume`, `report`, `compare`.

use clap::Args;
use std::{num::NonZeroUsize, path::PathBuf, str::FromStr};

pub(super) const RUN_AFTER: &str = "\
Every run draws each assumption from its range, two runs a draw; --fixed keeps the defaults, so that chance alone varies. The same files, \
seed and version give the same bytes, with any number of workers. Ctrl-C keeps what is done, and `depin sim resume` goes on.

A folder of results holds runs.parquet and runs.csv (a row per run, subset and record step), outcomes (a row per run), summary.json, \
inputs/ and report.html. Nothing is overwritten: a folder that is there is gone on with when it holds this very experiment, and else \
refused. Subset 0 is the treatment asked for, 1 is no-tokens, 2 is central-capex, on the same people and chance. Where central-capex is \
asked for, 3 is the run with tokens whose rewards the company gets, and single providers are recorded of that one.

--again makes the experiment of a folder anew, from the files that it keeps, in another folder, and says whether its tables have the same \
bytes: of the one that was run alone, and of one of several.

A key of --set begins with `network.`, as in the network's file, or `scenario.`. A share of the network's file is taken from the others in proportion, or from --against.

Examples:
  depin sim run helium
  depin sim run io.net --scenario ai-boom --years 5 --runs 500 --seed 7 --out boom
  depin sim run my/network.toml --scenario mine.toml --set scenario.market.depth=2_000_000
  depin sim run akash --set network.utility.stream.lease.pays.payee=60% --fixed --runs 50
  depin sim run filecoin --record agents:every=30 --record rows:every=1
  depin sim run --networks all --scenario ai-boom
  depin sim run --networks akash,io.net --years 3
  depin sim run storage --economies all --runs 50 --json
  depin sim run --again sim-all-baseline/filecoin --out again";

pub(super) const RESUME_AFTER: &str = "\
Goes on with the inputs that the folder keeps. One of its runs is made again first; a build that computes it otherwise is refused.

Examples:
  depin sim resume boom
  depin sim resume sim-all-baseline          all experiments of a folder of several
  depin sim resume boom --workers 1";

pub(super) const REPORT_AFTER: &str = "\
The report is made of the tables and the summary alone, and is the same bytes each time.

Examples:
  depin sim report boom                      writes boom/report.html anew
  depin sim report boom --out ~/boom.html";

pub(super) const COMPARE_AFTER: &str = "\
Folders with one seed are compared run by run, because their runs share their chance; others by their percentiles.

Examples:
  depin sim compare sim-helium-baseline sim-helium-ai-boom
  depin sim compare a b c --out abc.html --json";

#[derive(Clone, Debug, Args)]
pub struct SimRunArgs {
    /// A network's name, the path of a network.toml or its folder; with --economies, a service.
    #[arg(value_name = "NETWORK|SERVICE", required_unless_present_any = ["networks", "again"], conflicts_with_all = ["networks", "again"])]
    pub network: Option<String>,
    /// The scenario, by name or path; or a folder of its texts, as inputs/scenario of results is.
    #[arg(long, value_name = "NAME|FILE", default_value = "baseline")]
    pub scenario: String,
    /// Length of a run [default: the scenario's].
    #[arg(long, value_name = "N", conflicts_with = "steps", value_parser = years, allow_negative_numbers = true)]
    pub years: Option<f64>,
    /// Length of a run in the scenario's steps, days mostly.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=STEPS_MOST))]
    pub steps: Option<u32>,
    /// How many runs.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
    /// All chance comes from it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Threads that make runs [default: one for each core].
    #[arg(long, value_name = "N")]
    pub workers: Option<NonZeroUsize>,
    /// Folder of the results [default: sim-NETWORK-SCENARIO, or the next that is free].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// What is recorded, and how often: agents:every=DAYS (single providers), rows:every=DAYS.
    #[arg(long, value_name = "WHAT:every=DAYS")]
    pub record: Vec<RecordArg>,
    /// Keep every assumption at its default; only chance varies.
    #[arg(long)]
    pub fixed: bool,
    /// Set a key of the network's file or of the scenario; repeat it for more.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<SetArg>,
    /// The key from which a share that is set is taken [default: all others in proportion].
    #[arg(long, value_name = "KEY", requires = "set")]
    pub against: Option<String>,
    /// Run several networks, each into a folder of its own, and compare them: all, or those that are named.
    #[arg(long, value_name = "all|A,B,…", value_delimiter = ',', num_args = 1, conflicts_with = "economies")]
    pub networks: Vec<String>,
    /// Run a service on the economies of several networks, and compare them: all, or those that are named.
    #[arg(long, value_name = "all|A,B,…", value_delimiter = ',', num_args = 1, requires = "network")]
    pub economies: Vec<String>,
    /// Make the experiment of a folder of results anew in another folder, and compare the bytes.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["networks", "economies", "scenario", "years", "steps", "runs", "seed", "record", "fixed", "set", "against"]
    )]
    pub again: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub struct SimResumeArgs {
    /// The folder that `depin sim run` wrote.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Threads that make runs [default: one for each core].
    #[arg(long, value_name = "N")]
    pub workers: Option<NonZeroUsize>,
}

#[derive(Clone, Debug, Args)]
pub struct SimReportArgs {
    /// The folder that `depin sim run` wrote.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Where the page goes [default: report.html in the folder].
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub struct SimCompareArgs {
    /// Folders that `depin sim run` wrote; the first is what the others are held against.
    #[arg(value_name = "DIR", num_args = 2.., required = true)]
    pub folders: Vec<PathBuf>,
    /// Where the page goes.
    #[arg(long, value_name = "FILE", default_value = "compare.html")]
    pub out: PathBuf,
}

/// A hundred years of days.
const STEPS_MOST: i64 = 36_500;

/// Length of a run in years.
fn years(text: &str) -> Result<f64, String> {
    let years = text.parse().ok().filter(|years: &f64| (0.002..=100.0).contains(years));
    years.ok_or_else(|| "a run takes from 0.002 to 100 years; --steps says it in days".to_owned())
}

/// `KEY=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetArg {
    pub key: String,
    pub value: String,
}

impl FromStr for SetArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
        match parts {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                Ok(Self { key: key.to_owned(), value: value.to_owned() })
            }
            _ => Err(format!("{text:?} sets nothing; write a key and a value, such as scenario.years=5")),
        }
    }
}

/// What is recorded every so many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordArg {
    /// Single providers.
    Agents(u32),
    /// The rows of the table.
    Rows(u32),
}

impl FromStr for RecordArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("{text:?} cannot be recorded; write agents:every=30 or rows:every=1, in days from 1 to 3650");
        let (what, days) = text.split_once(":every=").ok_or_else(error)?;
        let days = days.strip_suffix('d').unwrap_or(days).parse().ok().filter(|days| (1..=3650).contains(days));
        match (what, days) {
            ("agents", Some(days)) => Ok(Self::Agents(days)),
            ("rows", Some(days)) => Ok(Self::Rows(days)),
            _ => Err(error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_set_by_its_key() {
        let set: SetArg = "scenario.events = a=b".parse().unwrap();
        assert_eq!((set.key.as_str(), set.value.as_str()), ("scenario.events", "a=b"));
        for wrong in ["", "scenario.years", "=5", "scenario.years="] {
            assert!(wrong.parse::<SetArg>().unwrap_err().contains("scenario.years=5"), "{wrong}");
        }
    }

    #[test]
    fn what_is_recorded_has_a_name_and_days() {
        assert_eq!("agents:every=30".parse(), Ok(RecordArg::Agents(30)));
        assert_eq!("rows:every=1d".parse(), Ok(RecordArg::Rows(1)));
        for wrong in ["agents", "agents:every=0", "agents:every=x", "blocks:every=1", "rows:every=9999"] {
            assert!(wrong.parse::<RecordArg>().is_err(), "{wrong}");
        }
    }
}
