//! A backtest as JSON, and on a terminal of 80 columns.

use super::super::table::narrow;
use crate::output::{Output, Table, wrap};
use depin_sim::{
    backtest::{CALIBRATION, DemandProcess, GIVEN, HORIZONS, MODELS, ModelScore, OURS, Study, emission::Year},
    report::shown,
};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};

/// Backtests of a network.
#[derive(Serialize)]
pub struct Told {
    folder: PathBuf,
    given: &'static str,
    calibration: &'static str,
    backtests: Vec<One>,
}

#[derive(Serialize)]
struct One {
    network: String,
    series: String,
    title: String,
    file: String,
    column: String,
    source: String,
    weeks: usize,
    from: String,
    until: String,
    train_until: String,
    learnt: DemandProcess,
    scores: Vec<Score>,
    outcomes: Vec<Outcome>,
    changes: Vec<Changed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuance: Option<BTreeMap<i32, Issued>>,
    remarks: Vec<String>,
}

/// How a model did at a horizon; nothing where nothing was forecast.
#[derive(Serialize)]
pub struct Score {
    pub model: &'static str,
    pub weeks: usize,
    pub forecasts: usize,
    pub pinball: Option<f64>,
    pub in_50: Option<f64>,
    pub in_90: Option<f64>,
}

#[derive(Serialize)]
struct Outcome {
    weeks: usize,
    /// Whether the demand process lost less than every plain forecast.
    better: Option<bool>,
    best: Option<&'static str>,
}

#[derive(Serialize)]
struct Changed {
    on: String,
    what: &'static str,
    /// Forecasts of each horizon that reach over it.
    forecasts_over: [usize; HORIZONS.len()],
}

#[derive(Serialize)]
struct Issued {
    #[serde(flatten)]
    year: Year,
    ratio: f64,
}

impl Told {
    pub fn new(studies: &[Study], folder: PathBuf) -> Self {
        Self { folder, given: GIVEN, calibration: CALIBRATION, backtests: studies.iter().map(One::new).collect() }
    }
}

/// The scores of all models at all horizons.
pub fn scores(study: &Study) -> Vec<Score> {
    let one = |(at, weeks): (usize, usize), model: &'static str| {
        let ModelScore { forecasts, pinball, in_50, in_90 } = study.backtest.scores[model][at];
        let there = |value| (forecasts > 0).then_some(value);
        Score { model, weeks, forecasts, pinball: there(pinball), in_50: there(in_50), in_90: there(in_90) }
    };
    HORIZONS.into_iter().enumerate().flat_map(|horizon| MODELS.map(|model| one(horizon, model))).collect()
}

impl One {
    fn new(study: &Study) -> Self {
        let (from, until) = study.series.span();
        let changed = |change: &depin_sim::backtest::Change| Changed {
            on: change.on.to_string(),
            what: change.what,
            forecasts_over: study.backtest.over(change.on),
        };
        let outcomes = study.outcomes().into_iter().enumerate();
        let issued = |years: &BTreeMap<i32, Year>| {
            years.iter().map(|(year, one)| (*year, Issued { year: *one, ratio: one.ratio() })).collect()
        };
        Self {
            network: study.network.clone(),
            series: study.name.clone(),
            title: study.title.clone(),
            file: study.file.clone(),
            column: study.column.clone(),
            source: study.source.clone(),
            weeks: study.series.weeks.len(),
            from: from.to_string(),
            until: until.to_string(),
            train_until: study.backtest.train_until.to_string(),
            learnt: study.backtest.learnt,
            scores: scores(study),
            outcomes: outcomes
                .map(|(at, one)| Outcome { weeks: one.horizon, better: one.better, best: study.backtest.best(at) })
                .collect(),
            changes: study.changes.iter().map(changed).collect(),
            issuance: study.issuance.as_ref().map(issued),
            remarks: study.remarks(),
        }
    }
}

/// All of it for people.
pub fn text(studies: &[Study], out: &Output) -> String {
    let out = &narrow(out);
    let mut text = String::new();
    for study in studies {
        text += &one(study, out);
        text.push('\n');
    }
    text += &paragraph(&format!("Given to every forecast: {GIVEN}."), out);
    text + &paragraph(CALIBRATION, out)
}

fn paragraph(words: &str, out: &Output) -> String {
    let mut text = String::new();
    for line in wrap(words, out.width, 0) {
        text += &line;
        text.push('\n');
    }
    text
}

fn one(study: &Study, out: &Output) -> String {
    let (from, until) = study.series.span();
    let mut text = format!("{}\n", out.bold(&format!("{}: {}", study.network, study.title)));
    text += &paragraph(
        &format!(
            "column {} of {}: {} weeks from {from} to {until}, learnt from those until {}",
            study.column,
            study.file,
            study.series.weeks.len(),
            study.backtest.train_until
        ),
        out,
    );
    let mut table = Table::new(&["AHEAD", "FORECAST", ">WEEKS SCORED", ">PINBALL LOSS", ">IN 50 %", ">IN 90 %"]);
    for (nth, score) in scores(study).into_iter().enumerate() {
        if nth > 0 && score.model == OURS {
            table.gap();
        }
        let part = |part: Option<f64>| part.map_or_else(|| "-".to_owned(), |part| shown(part, "share"));
        table.row([
            format!("{} weeks", score.weeks),
            score.model.to_owned(),
            score.forecasts.to_string(),
            score.pinball.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.3}")),
            part(score.in_50),
            part(score.in_90),
        ]);
    }
    text += &format!("\n{}\n", table.render(out));
    for remark in study.remarks() {
        text += &paragraph(&remark, out);
    }
    if let Some(years) = &study.issuance {
        let mut table = Table::new(&["ISSUED IN", ">WEEKS", ">REPLAYED", ">BY THE RULES", ">RULES / ISSUED"]);
        for (year, one) in years {
            let numbers = [shown(one.by_series, ""), shown(one.by_rules, ""), format!("{:.2}", one.ratio())];
            table.row([year.to_string(), one.weeks.to_string()].into_iter().chain(numbers));
        }
        text += &format!("\n{}", table.render(out));
    }
    text
}
