//! What is forecast: series that come along, or a file.

use crate::{
    args::{DateArg, KindArg, SimBacktestArgs},
    error::{CliError, Result},
};
use depin_devnet::source;
use depin_economy::Spec;
use depin_quantity::nearest_name;
use depin_sim::backtest::{self, Bundled, CHANGES, Column, Kind, Study, StudyError, bundled, emission::Issued};
use time::{Date, OffsetDateTime};

/// The network that a series is of.
pub struct Network {
    pub name: String,
    spec: Spec,
}

/// One series.
pub struct Subject {
    pub network: String,
    pub name: String,
    pub title: String,
    /// Where it stands, and what it is called in the folder of results.
    pub file: String,
    pub kept_as: String,
    source: String,
    pub table: String,
    column: String,
    kind: Kind,
    issued: Option<(&'static str, &'static str)>,
}

/// What was named.
pub fn network(named: &str) -> Result<Network> {
    let source = source::read(named)?;
    let spec = Spec::parse(&source.text).map_err(|errors| {
        CliError::refused("network-file", format_args!("{} is not usable:\n{errors}", source.label))
            .hint("`depin check` tells what is wrong with a network's file")
    })?;
    Ok(Network { name: spec.network().name.to_string(), spec })
}

/// The series that were asked for.
pub fn subjects(args: &SimBacktestArgs, network: &Network) -> Result<Vec<Subject>> {
    let name = network.name.as_str();
    let known = || bundled(name).map(|one| one.name).collect::<Vec<_>>();
    let all: Vec<&Bundled> = bundled(name).filter(|one| args.series.as_deref().is_none_or(|series| series == one.name)).collect();
    if let Some(series) = args.series.as_deref().filter(|_| all.is_empty()) {
        let near = nearest_name(series, known()).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
        let hint =
            if known().is_empty() { "leave --series out".to_owned() } else { format!("{near}there is: {}", known().join(", ")) };
        return Err(CliError::refused("unknown-series", format_args!("no series of {name} is called {series}")).hint(hint));
    }
    let Some(path) = &args.data else {
        if all.is_empty() {
            let message =
                format!("no series of {name} comes along, so nothing of it can be scored, and none of its figures is calibrated");
            return Err(CliError::refused("no-series", message).hint("bring one with --data FILE --column NAME"));
        }
        return Ok(all.into_iter().map(Subject::bundled).collect());
    };
    let alike = match all[..] {
        [one] => Some(one),
        [] => None,
        _ if args.column.is_some() => None,
        _ => {
            return Err(CliError::refused("which-series", format_args!("{name} has several series, and --data is one of them"))
                .hint(format_args!("say which with --series: {}", known().join(", "))));
        }
    };
    let Some(column) = args.column.clone().or_else(|| alike.map(|one| one.column.name.to_owned())) else {
        return Err(CliError::refused("no-column", format_args!("no series of {name} is known, so its column has no name"))
            .hint("name the column that is forecast with --column"));
    };
    let table = depin_files::read_text(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => {
            CliError::refused("not-text", format_args!("{} is not a text in UTF-8", path.display()))
                .hint("save it as CSV in UTF-8")
        }
        std::io::ErrorKind::NotFound => CliError::refused("no-file", format_args!("there is no file {}", path.display())),
        _ => CliError::file("read", path, &error),
    })?;
    let file = path.display().to_string();
    let as_known = alike.filter(|one| one.column.name == column);
    let title = as_known.map_or_else(|| format!("{column} of {file}"), |one| one.title.to_owned());
    let kept_as = path.file_name().map_or_else(|| "series.csv".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(vec![Subject {
        network: name.to_owned(),
        name: as_known.map_or_else(|| column.clone(), |one| one.name.to_owned()),
        title,
        source: format!("{file}, as it was given"),
        file,
        kept_as,
        table,
        kind: match args.kind {
            Some(KindArg::Flow) => Kind::Flow,
            Some(KindArg::Stock) => Kind::Stock,
            None => as_known.map_or(Kind::Flow, |one| one.column.kind),
        },
        column,
        issued: bundled(name).find_map(|one| one.issued),
    }])
}

impl Subject {
    fn bundled(one: &Bundled) -> Self {
        Self {
            network: one.network.to_owned(),
            name: one.name.to_owned(),
            title: one.title.to_owned(),
            file: format!("scenarios/series/{}", one.file),
            kept_as: one.file.to_owned(),
            source: one.source.to_owned(),
            table: one.table.to_owned(),
            column: one.column.name.to_owned(),
            kind: one.column.kind,
            issued: one.issued,
        }
    }

    /// Forecasts and scores.
    pub fn study(&self, train_until: Option<DateArg>, network: &Network) -> Result<Study> {
        let subject = backtest::Subject {
            network: &self.network,
            name: &self.name,
            title: &self.title,
            file: &self.file,
            source: &self.source,
            table: &self.table,
            column: Column { name: &self.column, kind: self.kind },
        };
        let study = subject.study(train_until.map(day), CHANGES).map_err(|error| self.refused(error))?;
        let Some((column, token)) = self.issued else { return Ok(study) };
        let Ok(token) = token.parse() else { return Ok(study) };
        study.with_issuance(&self.table, Issued { column, token }, &network.spec).map_err(|error| self.refused(error.into()))
    }

    fn refused(&self, error: StudyError) -> CliError {
        let (code, hint) = match &error {
            StudyError::Read(_) => ("series", "`depin sim backtest --help` says what a file looks like"),
            StudyError::Backtest(_) => ("backtest", "without --train-until two thirds of the series are learnt from"),
        };
        CliError::refused(code, format_args!("{}: {error}", self.file)).hint(hint)
    }
}

fn day(date: DateArg) -> Date {
    let seconds = i64::try_from(date.0.get() / 1000).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).map_or(Date::MAX, OffsetDateTime::date)
}
