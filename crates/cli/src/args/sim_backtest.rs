//! `depin sim backtest`.

use super::DateArg;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

pub(super) const AFTER: &str = "\
Learns the simulator's demand process from the weeks of a series until a date, and forecasts from every later week what comes 4, 13 and 26 \
weeks ahead, each time with the weeks until then; so do three plain forecasts: the last value, the trend of a year, the median of half a \
year. Scores are the pinball loss in logarithms (smaller is better) and which part of the outcomes the bands of 50 % and 90 % hold. It says \
where the demand process is worse. No forecast is given a price, a forecast of one, or the date of a rule's change.

Series come along for helium (burned), render (burned) and filecoin (onboarding, deals); there is none of akash and io.net. A file of your \
own is CSV: a line of names, then a line per week or day, in order and without gaps; a column `week`, `date` or `start` with dates like \
2024-06-30, and one column that is forecast. `hnt_issued` in helium's is held against the document's emission.

The folder of results holds backtest.json, forecasts.csv, scores.csv, issuance.csv where there is any, the series in inputs/ and \
report.html. Nothing is overwritten. Ctrl-C keeps the series that are done.

Examples:
  depin sim backtest helium
  depin sim backtest helium --data helium-weekly.csv --train-until 2024-06-30
  depin sim backtest filecoin --series deals --out deals
  depin sim backtest akash --data leases.csv --column usd_spent
  depin sim backtest render --json | jq '.backtests[].outcomes'";

#[derive(Clone, Debug, Args)]
pub struct SimBacktestArgs {
    /// The network, by name or path.
    #[arg(value_name = "NETWORK")]
    pub network: String,
    /// CSV file of the series [default: those that come along].
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Which of the network's series [default: all that come along].
    #[arg(long, value_name = "NAME")]
    pub series: Option<String>,
    /// The column that is forecast [default: that of the network's series].
    #[arg(long, value_name = "NAME", requires = "data")]
    pub column: Option<String>,
    /// What the column counts [default: that of the network's series, else a flow].
    #[arg(long, value_enum, requires = "data")]
    pub kind: Option<KindArg>,
    /// The last day that is learnt from [default: two thirds of the series].
    #[arg(long, value_name = "DATE")]
    pub train_until: Option<DateArg>,
    /// Folder of the results [default: backtest-NETWORK, or the next that is free].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// What a column counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    /// So much in a week: it is added up.
    Flow,
    /// So much at the end of a week.
    Stock,
}
