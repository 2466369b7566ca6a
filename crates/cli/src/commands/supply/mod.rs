//! `depin supply`: the supply projection of a network without participants, as a table, CSV, JSON and a picture.
//!
//! In: a network's file, dates, series from files. Out: rows on standard output as they are computed, so that millions of epochs
//! need no memory; a table and a picture hold what they show. Absent on purpose: rules: the economy's own code runs.

mod dating;
mod input;
mod picture;
mod plot;
mod sink;

use crate::{
    args::{EveryArg, SupplyArgs},
    error::{CliError, Result},
    output::{Output, Progress},
};
use dating::Dating;
use depin_devnet::source;
use depin_economy::{Economy, Every, ProjectionError, ProjectionQuery, ProjectionRow, Spec, SupplyProjection, VersionStart};
use depin_quantity::{Instant, Name, months_after};
use picture::Picture;
use sink::Sink;
use std::{fs, path::Path};

/// How far a report goes when nobody says.
const YEARS_DEFAULT: u64 = 10;
/// Most lines of a table: nobody reads more, and a table is held in memory.
const LINES_MOST: u64 = 5_000;

/// What is reported, with every default settled.
struct Report {
    economy: Economy,
    tokens: Vec<Name>,
    launch: Instant,
    dating: Dating,
    from: Instant,
    until: Instant,
    every: Every,
    exact: bool,
}

pub fn run(args: &SupplyArgs, out: &Output) -> Result<()> {
    let (report, query) = settle(args, out)?;
    if let Some(file) = &args.plot {
        writable(file)?;
    }
    // Millions of periods take seconds; whatever may jump is done before anybody could read of it.
    let mut progress = (report.exact || report.every == Every::Epoch).then(|| Progress::start(out));
    let mut step = |text: String| {
        if let Some(progress) = &mut progress {
            progress.step(text);
        }
    };
    let mut path = SupplyProjection::new(&report.economy, query).map_err(refused)?;
    if report.from > report.launch {
        step(format!("from the launch to {}", report.date(report.from)));
        path.advance(report.from).map_err(refused)?;
    }
    step(format!("from {} to {}", report.date(report.from), report.date(report.until)));
    let mut picture = args.plot.as_ref().map(|_| Picture::new(&report));
    if let Some(picture) = &mut picture {
        picture.see(&path.now().map_err(refused)?);
    }
    let mut sink = Sink::new(args.format, out, &report, &path);
    let mut lines = 0;
    for row in path {
        let row: ProjectionRow = row.map_err(refused)?;
        lines += row.tokens.len() as u64;
        if sink.is_table() && lines > LINES_MOST {
            return Err(CliError::refused("too-long", format_args!("the table would have more than {LINES_MOST} lines"))
                .hint("take longer steps with --every, a shorter time, or --format csv"));
        }
        sink.row(&row)?;
        if let Some(picture) = &mut picture {
            picture.see(&row);
        }
    }
    if let Some(progress) = progress {
        progress.done();
    }
    sink.end(out)?;
    if let (Some(file), Some(picture)) = (&args.plot, picture) {
        let svg = picture.draw(&report)?;
        fs::write(file, svg).map_err(|error| CliError::file("write", file, &error))?;
        out.note(format_args!("wrote {}", file.display()));
    }
    Ok(())
}

fn settle(args: &SupplyArgs, out: &Output) -> Result<(Report, ProjectionQuery)> {
    let spec = load(&args.network)?;
    let (launch, dating) = launch(args, &spec)?;
    let from = args.from.map_or(launch, |date| date.0);
    let date = |at| dating.text(at);
    let until = args.until.map_or_else(|| months_after(from, 12 * YEARS_DEFAULT), |date| date.0);
    if from < launch {
        return Err(CliError::refused("before-launch", format_args!("{} begins at {}", spec.network().title, date(launch)))
            .hint(format_args!("leave --from out, or give {} or later", date(launch))));
    }
    if until <= from {
        return Err(CliError::refused("no-time", format_args!("--until {} is not later than {}", date(until), date(from)))
            .hint("give a later day with --until"));
    }
    let tokens = tokens(args.token, &spec)?;
    let bonded = args.bonded.as_deref().map(input::bonded).transpose()?;
    if bonded.is_none()
        && let Some(goal) = SupplyProjection::goal(&spec)
    {
        out.note(format_args!("--bonded is not given: the network's goal of {}% is taken", percent(goal)));
    }
    let usage = args.usage.as_ref().map(|file| input::usage(file, &spec)).transpose()?.unwrap_or_default();
    let every = match args.every {
        EveryArg::Epoch => Every::Epoch,
        EveryArg::Day => Every::Day,
        EveryArg::Week => Every::Week,
        EveryArg::Month => Every::Month,
        EveryArg::Year => Every::Year,
    };
    let query = ProjectionQuery { launch, from, until, every, tokens: tokens.clone(), bonded, usage, exact: args.exact };
    Ok((Report { economy: Economy::new(spec), tokens, launch, dating, from, until, every, exact: args.exact }, query))
}

/// When the network starts: its launch, or the day of `--launch`, or a start that nobody knows, from which time is counted. What has
/// a date then has no place in it.
fn launch(args: &SupplyArgs, spec: &Spec) -> Result<(Instant, Dating)> {
    let title = &spec.network().title;
    match (spec.network().launch, args.launch) {
        (Some(launch), None) => return Ok((launch, Dating::Calendar)),
        (Some(launch), Some(_)) => {
            let known = Dating::Calendar.text(launch);
            return Err(CliError::refused("launch", format_args!("{title} was launched on {known}, as its file says"))
                .hint("leave --launch out; it is for files that say no launch"));
        }
        (None, Some(date)) => return Ok((date.0, Dating::Calendar)),
        (None, None) => {}
    }
    let dated = spec.later().iter().any(|(start, _)| matches!(start, VersionStart::At(_)));
    let with_dates = [
        (args.from.is_some(), "--from"),
        (args.until.is_some(), "--until"),
        (args.usage.is_some(), "--usage"),
        (args.bonded.as_deref().is_some_and(input::is_file), "the file of --bonded"),
        (dated, "[[change]] with `at`"),
    ];
    match with_dates.iter().find(|(is, _)| *is) {
        Some((_, what)) => {
            Err(CliError::refused("no-launch", format_args!("{what} has dates, and the file of {title} says no launch"))
                .hint("say when it starts with --launch 2026-01-01; without dates, time is counted from its start"))
        }
        None => Ok((Instant::new(0), Dating::SinceStart)),
    }
}

impl Report {
    /// A moment for people.
    fn date(&self, at: Instant) -> String {
        self.dating.text(at)
    }
}

/// A network by its name, or by the path of its file or folder.
fn load(asked: &str) -> Result<Spec> {
    let source = source::read(asked)?;
    Spec::parse(&source.text).map_err(|error| {
        CliError::refused("network-file", format_args!("{} is not usable:\n{error}", source.label))
            .hint("`depin check` tells what is wrong with a network's file")
    })
}

fn tokens(wanted: Option<Name>, spec: &Spec) -> Result<Vec<Name>> {
    let known: Vec<Name> = spec.supplies().keys().copied().collect();
    match wanted {
        None => Ok(known),
        Some(token) if known.contains(&token) => Ok(vec![token]),
        Some(token) => {
            let names: Vec<&str> = known.iter().map(Name::as_str).collect();
            Err(CliError::refused("unknown-token", format_args!("{token} has no supply in {}", spec.network().title))
                .hint(format_args!("there is: {}", names.join(", "))))
        }
    }
}

fn writable(file: &Path) -> Result<()> {
    fs::OpenOptions::new().create(true).truncate(false).write(true).open(file).map(drop).map_err(|error| {
        CliError::refused("plot", format_args!("cannot write {}: {error}", file.display()))
            .hint("name a file in a folder that is there")
    })
}

fn refused(error: ProjectionError) -> CliError {
    let hint = match &error {
        ProjectionError::BurnsTooMuch { .. } => "lower the amounts in the file of --usage from there on",
        ProjectionError::TooLong => "take a shorter time or longer steps",
        _ => "see `depin supply --help`",
    };
    CliError::refused("supply", error).hint(hint)
}

/// A ratio in per cent, without trailing zeros.
fn percent(ratio: depin_quantity::Decimal18) -> String {
    ratio.times(100).map_or_else(|_| ratio.to_decimal(), depin_quantity::Decimal18::to_decimal)
}
