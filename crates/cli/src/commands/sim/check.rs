//! `depin sim check`: what was seen on real networks, and whether the defaults show it.

use super::{
    progress::{Watching, stop_on_signals},
    table::narrow,
    workers,
};
use crate::{
    args::SimCheckArgs,
    commands::{check::counted, scenario::refused},
    error::{CliError, Result},
    output::{Output, Table, wrap},
};
use depin_devnet::source;
use depin_sim::{
    Model,
    experiment::{Assumptions, Experiment, Plan, RunRecord, State},
    facts::{Case, Fact, Judged, Set, Verdict},
    report::shown,
    results::number,
    scenario::Draft,
};
use serde::Serialize;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

#[derive(Serialize)]
struct Checked {
    runs: u32,
    seed: u64,
    counts: Counts,
    facts: Vec<Row>,
    /// Networks and scenarios whose facts were not judged, because the command was stopped.
    not_judged: Vec<String>,
}

/// How many facts there are of each kind.
#[derive(Default, Serialize)]
struct Counts {
    facts: usize,
    reproduced: usize,
    /// Of those, facts that set no default.
    reproduced_that_set_none: usize,
    set_none: usize,
    sign_only: usize,
    missed: usize,
    undefined: usize,
}

/// One fact, and what the runs show.
#[derive(Serialize)]
struct Row {
    id: String,
    network: String,
    scenario: String,
    title: String,
    seen: String,
    date: String,
    observed: f64,
    expected: [f64; 2],
    figure: Band,
    /// Runs that have such a figure, and in how many of them it is in the range.
    runs: usize,
    alike: usize,
    verdict: &'static str,
    set_a_default: &'static str,
    used: String,
    source: String,
}

#[derive(Serialize)]
struct Band {
    #[serde(with = "number")]
    p5: f64,
    #[serde(with = "number")]
    p50: f64,
    #[serde(with = "number")]
    p95: f64,
}

pub fn run(args: &SimCheckArgs, out: &Output) -> Result<()> {
    let cases = cases(&args.networks)?;
    let stop = stop_on_signals(out);
    let (mut judged, mut left) = (Vec::new(), Vec::new());
    for case in &cases {
        match judge(case, args, &stop, out)? {
            Some(facts) => judged.extend(facts),
            None => left.push(format!("{} under {}", case.network, case.scenario)),
        }
    }
    if judged.is_empty() && !left.is_empty() {
        return Err(CliError::broken("stopped", "stopped before the facts of any network could be judged"));
    }
    let checked = Checked {
        runs: args.runs,
        seed: args.seed,
        counts: Counts::of(&judged),
        facts: judged.iter().map(Row::new).collect(),
        not_judged: left,
    };
    out.result(&checked, |out| text(&checked, &judged, out))?;
    if !checked.not_judged.is_empty() {
        let message = format!("stopped; not judged were the facts of {}", checked.not_judged.join(", "));
        return Err(CliError::broken("stopped", message).hint("name their networks to judge these alone"));
    }
    let missed = checked.counts.facts - checked.counts.reproduced;
    if let Some(undefined) = judged.iter().find(|one| one.verdict == Verdict::Undefined) {
        let message = format!("no run has a figure for the fact `{}`, so it could not be judged", undefined.fact.id);
        return Err(CliError::broken("facts-undefined", message).hint("more of them with --runs may have one"));
    }
    if args.strict && missed > 0 {
        return Err(CliError::refused("facts-missed", format_args!("{} not reproduced", are(missed)))
            .hint("they are listed above; without --strict this is no error"));
    }
    Ok(())
}

fn are(missed: usize) -> String {
    format!("{} {}", counted(missed, "fact"), if missed == 1 { "is" } else { "are" })
}

/// The models that judge the facts of the networks that were named.
fn cases(named: &[String]) -> Result<Vec<Case>> {
    let all = Fact::builtin();
    for name in named {
        if !all.iter().any(|fact| fact.network == *name) {
            // What is no network at all says so, with what was meant.
            source::read(name)?;
            let mut known: Vec<&str> = all.iter().map(|fact| fact.network.as_str()).collect();
            known.dedup();
            let message = format!("no fact is told of {name}: facts are what was seen on real networks, and are of the defaults");
            return Err(CliError::refused("no-facts", message).hint(format_args!("there are facts of {}", known.join(", "))));
        }
    }
    Ok(Case::of(all, &named.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Runs a case's model, and judges its facts; none where it was stopped before all runs were made.
fn judge(case: &Case, args: &SimCheckArgs, stop: &Arc<AtomicBool>, out: &Output) -> Result<Option<Vec<Judged>>> {
    if stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let network = source::read(&case.network)?;
    let mut draft = Draft::builtin(&case.scenario).map_err(|found| refused(&found))?;
    if let Some(years) = case.years() {
        draft.set("scenario.years", &years.to_string());
    }
    let people = draft.for_network(&network.text, &network.label, None).map_err(|found| refused(&found))?;
    let broken = |error: &dyn std::fmt::Display| {
        CliError::broken("model", format_args!("{} under {} cannot be simulated: {error}", case.network, case.scenario))
    };
    let model = Model::new(&network.text, people.clone()).map_err(|error| broken(&error))?.paired_with(&case.pairs());
    let plan = Plan { simulation: 0, seed: args.seed, runs: args.runs, fixed: true };
    let watching = Watching::start(&format!("{} {}", case.network, case.scenario), 0, args.runs, stop.clone(), out);
    let mut runs: Vec<RunRecord> = Vec::new();
    let whole =
        Experiment::new(&model, &Assumptions::default(), plan).all(0..args.runs, workers(args.workers), &watching, |run| {
            runs.push(run);
            Ok::<(), CliError>(())
        });
    watching.end();
    if !whole? {
        return Ok(None);
    }
    runs.sort_by_key(|run| run.run);
    let failed = runs.iter().filter_map(|run| match &run.state {
        State::Failed { message } => Some((run.run, message)),
        _ => None,
    });
    if let Some((run, message)) = failed.clone().next() {
        let of = format!("{} of {} runs of {} under {}", failed.count(), args.runs, case.network, case.scenario);
        return Err(CliError::broken("runs-failed", format_args!("{of} failed; run {run}: {message}")));
    }
    Ok(Some(case.judge(&people, &runs)))
}

impl Counts {
    fn of(judged: &[Judged]) -> Self {
        let count = |is: &dyn Fn(&Judged) -> bool| judged.iter().filter(|one| is(one)).count();
        let verdict = |verdict| count(&|one| one.verdict == verdict);
        let none = |one: &Judged| one.fact.set == Set::No;
        Self {
            facts: judged.len(),
            reproduced: verdict(Verdict::Reproduced),
            reproduced_that_set_none: count(&|one| none(one) && one.verdict == Verdict::Reproduced),
            set_none: count(&none),
            sign_only: verdict(Verdict::SignOnly),
            missed: verdict(Verdict::Missed),
            undefined: verdict(Verdict::Undefined),
        }
    }
}

impl Row {
    fn new(judged: &Judged) -> Self {
        let Fact { id, network, scenario, title, seen, date, observed, expect, set, used, source, .. } = judged.fact.clone();
        let date = date.to_rfc3339();
        let [p5, p50, p95] = [0.05, 0.5, 0.95].map(|part| judged.figures.at(part));
        Self {
            id,
            network,
            scenario,
            title,
            seen,
            date: date.get(..10).unwrap_or(&date).to_owned(),
            observed,
            expected: [expect.0, expect.1],
            figure: Band { p5, p50, p95 },
            runs: judged.figures.len(),
            alike: judged.alike,
            verdict: judged.verdict.word(),
            set_a_default: set.word(),
            used,
            source,
        }
    }
}

fn text(checked: &Checked, judged: &[Judged], out: &Output) -> String {
    let out = &narrow(out);
    let mut table = Table::new(&["FACT", ">SEEN", ">RUNS", "ALIKE IF", "VERDICT", "SET IT"]);
    let mut network = "";
    for one in judged {
        let fact = &one.fact;
        if fact.network != network {
            if !network.is_empty() {
                table.gap();
            }
            network = &fact.network;
        }
        let figure = |value: f64| shown(value, one.fact.measure.unit());
        let alike = format!("{} to {}", figure(fact.expect.0), figure(fact.expect.1));
        let verdict = match one.verdict {
            Verdict::Reproduced => out.good(one.verdict.word()),
            verdict => out.bad(verdict.word()),
        };
        let cells = [fact.title.clone(), figure(fact.observed), figure(one.figures.at(0.5)), alike, verdict];
        table.own_row(cells.into_iter().chain([fact.set.word().to_owned()]));
    }
    let mut text = table.render(out);
    text += &format!("\n{}\n", wrap(&summary(checked), out.width, 0).join("\n"));
    let others: Vec<&Judged> = judged.iter().filter(|one| one.verdict != Verdict::Reproduced).collect();
    for one in &others {
        let fact = &one.fact;
        text += &format!("\n{}: {}, in {} of {} runs alike\n", fact.id, one.verdict.word(), one.alike, one.runs);
        let date = fact.date.to_rfc3339();
        let seen = format!("seen until {}: {} ({})", date.get(..10).unwrap_or(&date), fact.seen, fact.source);
        for line in wrap(&seen, out.width, 2) {
            text += &format!("  {line}\n");
        }
    }
    text
}

fn summary(checked: &Checked) -> String {
    let Counts { facts, reproduced, reproduced_that_set_none, set_none, sign_only, missed, undefined } = checked.counts;
    let (merit, set) = (reproduced_that_set_none, facts - set_none);
    let mut text = format!(
        "{reproduced} of {} reproduced in sign and order of magnitude: {merit} of the {set_none} that set no default, and {} of the {set} that \
         set one, in whole or in part, which is no merit; {sign_only} with the sign only, {missed} missed",
        counted(facts, "fact"),
        reproduced - merit,
    );
    if undefined > 0 {
        text += &format!(", {undefined} not defined");
    }
    text + &format!(". Runs: the median of {} at the defaults, seed {}.", checked.runs, checked.seed)
}
