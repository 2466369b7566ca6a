//! `depin supply`.

use super::TextPath;
use clap::{Args, ValueEnum};
use depin_quantity::{Instant, Name};
use std::{path::PathBuf, str::FromStr};
use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339};

pub(super) const AFTER: &str = "\
Runs the network's own emission, cap, split and vesting rules over time, without participants: every pool has somebody who earns, \
and nobody burns but as --usage says. Amounts are whole tokens, exact; a table shortens them, CSV and JSON do not.

A file of bonded ratios has the columns `date,bonded` (0.45 or 45%); each holds until the next date.
A file of usage has `date` and either `burned` (tokens) or `usd,price` (dollars paid, dollars per token); `token` where the \
network has several, `until` where a row does not end at the next row's date. Its amounts are burnt evenly over their time.

Examples:
  depin supply akash --from 2024-01-01 --until 2030-01-01 --every month
  depin supply akash --bonded 0.45 --every year --plot akash.svg
  depin supply helium --every year --until 2069-08-01 --usage burns.csv --format csv > helium.csv
  depin supply filecoin --until 2021-01-01 --every epoch --exact --format csv | tail -1
  depin supply ./my-network/network.toml --every year
  depin supply ./my-network/network.toml --launch 2027-01-01 --format json";

/// Which network, which time, in which shape.
#[derive(Clone, Debug, Args)]
pub struct SupplyArgs {
    /// A network's name, or the path of a network.toml or of its folder.
    #[arg(value_name = "NETWORK")]
    pub network: String,
    /// Day on which a network starts whose file says no launch; without it, time is counted from the start: year 0.
    #[arg(long, value_name = "DATE")]
    pub launch: Option<DateArg>,
    /// First day, such as 2024-01-01 [default: the network's launch].
    #[arg(long, value_name = "DATE")]
    pub from: Option<DateArg>,
    /// Day at which to stop [default: 10 years after the first].
    #[arg(long, value_name = "DATE")]
    pub until: Option<DateArg>,
    /// Length of one step of the report.
    #[arg(long, value_enum, default_value_t = EveryArg::Month)]
    pub every: EveryArg,
    /// Only this token.
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<Name>,
    /// Shape of the result.
    #[arg(long, value_enum, default_value_t = FormatArg::Table)]
    pub format: FormatArg,
    /// Part of the supply that is staked: 0.45, 45%, or a CSV file by date [default: the network's goal].
    #[arg(long, value_name = "RATIO|FILE")]
    pub bonded: Option<String>,
    /// CSV file of what is burnt, by date.
    #[arg(long, value_name = "FILE")]
    pub usage: Option<PathBuf>,
    /// Draw the path into this SVG file.
    #[arg(long, value_name = "FILE", value_parser = TextPath)]
    pub plot: Option<PathBuf>,
    /// Compute every period of the network's clocks one by one, also where the rule allows to jump. Slower, the same result.
    #[arg(long)]
    pub exact: bool,
}

/// Length of a step of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EveryArg {
    /// A period of the emission's clock.
    Epoch,
    Day,
    Week,
    Month,
    Year,
}

/// Shape of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    Table,
    Csv,
    Json,
}

/// A date, or a date and a time, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateArg(pub Instant);

impl FromStr for DateArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("{text:?} is no date from 1970 on; write 2024-01-31, 2024-01 or 2024-01-31T12:00:00Z");
        let whole = match text.len() {
            7 => format!("{text}-01T00:00:00Z"),
            10 => format!("{text}T00:00:00Z"),
            _ => text.to_owned(),
        };
        let at = OffsetDateTime::parse(&whole, &Rfc3339).map_err(|_| error())?;
        let millis = at.unix_timestamp_nanos() / 1_000_000;
        u64::try_from(millis).ok().filter(|_| at.date() <= Date::MAX).map(|ms| Self(Instant::new(ms))).ok_or_else(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_by_day_month_and_second() {
        let at = |text: &str| text.parse::<DateArg>().unwrap().0.to_rfc3339();
        assert_eq!(at("2024-01-31"), "2024-01-31T00:00:00Z");
        assert_eq!(at("2024-02"), "2024-02-01T00:00:00Z");
        assert_eq!(at("2020-09-25T14:00:00Z"), "2020-09-25T14:00:00Z");
        assert_eq!(at("2020-09-25T16:00:00+02:00"), "2020-09-25T14:00:00Z");
        for bad in ["", "2024", "2024-13-01", "2024-02-30", "1969-12-31", "yesterday", "24-01-01"] {
            assert!(bad.parse::<DateArg>().is_err(), "{bad}");
        }
    }
}
