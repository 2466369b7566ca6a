//! Facts held against many runs: which models judge them, and what the runs say together.

use super::{Evidence, Fact, Measure, Verdict};
use crate::{
    experiment::{RunRecord, Sample, State},
    kpi::kpi,
    results::treatment_name,
    scenario::{Scenario, Treatment},
};

/// Facts that runs of one model judge: of one network, under one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The network.
    pub network: String,
    /// The scenario.
    pub scenario: String,
    /// What is judged, in the order of the file.
    pub facts: Vec<Fact>,
}

/// A fact, and what runs show of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The fact.
    pub fact: Fact,
    /// The figure of each run that has one, in order.
    pub figures: Sample,
    /// How many runs were made.
    pub runs: usize,
    /// In how many of them the figure lies in the fact's range.
    pub alike: usize,
    /// Of the median.
    pub verdict: Verdict,
}

/// Months of a year, and how many a run goes on behind the last that a fact looks at: its last row may be a part of one.
const YEAR: f64 = 12.0;
const BEHIND: f64 = 1.0;

impl Case {
    /// The facts of some networks, or of all where none is named, by the model that judges them. Networks come in the order of the
    /// facts.
    pub fn of(facts: Vec<Fact>, networks: &[&str]) -> Vec<Self> {
        let mut cases = Vec::<Self>::new();
        for fact in facts.into_iter().filter(|fact| networks.is_empty() || networks.contains(&fact.network.as_str())) {
            match cases.iter_mut().find(|case| case.network == fact.network && case.scenario == fact.scenario) {
                Some(case) => case.facts.push(fact),
                None => {
                    let (network, scenario) = (fact.network.clone(), fact.scenario.clone());
                    cases.push(Self { network, scenario, facts: vec![fact] });
                }
            }
        }
        let order: Vec<String> = cases.iter().map(|case| case.network.clone()).collect();
        cases.sort_by_key(|case| order.iter().position(|network| *network == case.network));
        cases
    }

    /// How many years a run needs for these facts; none where one is of the whole run.
    pub fn years(&self) -> Option<f64> {
        self.facts.iter().try_fold(BEHIND / YEAR, |most: f64, fact| Some(most.max((fact.measure.until()? + BEHIND) / YEAR)))
    }

    /// The treatments that the facts' key figures compare a run with, as their formulas say.
    pub fn pairs(&self) -> Vec<Treatment> {
        let formulas = self.facts.iter().filter_map(|fact| match &fact.measure {
            Measure::Kpi(id) => kpi(id).map(|kpi| kpi.formula),
            _ => None,
        });
        let formulas: Vec<&str> = formulas.collect();
        let compared =
            |treatment: &Treatment| formulas.iter().any(|formula| formula.contains(&format!("`{}`", treatment_name(*treatment))));
        [Treatment::NoTokens, Treatment::CentralCapex].into_iter().filter(compared).collect()
    }

    /// What runs show of each fact. A run that failed shows nothing.
    pub fn judge(&self, scenario: &Scenario, runs: &[RunRecord]) -> Vec<Judged> {
        let done = || runs.iter().filter(|run| !matches!(run.state, State::Failed { .. }));
        let judged = |fact: &Fact| {
            let evidence = |run: &RunRecord| fact.figure(Evidence { rows: &run.rows, kpis: &run.kpis, scenario });
            Judged::new(fact.clone(), done().map(evidence).collect())
        };
        self.facts.iter().map(judged).collect()
    }
}

impl Judged {
    /// A fact with the figure of each run; not a number for a run that has none.
    pub fn new(fact: Fact, figures: Vec<f64>) -> Self {
        let runs = figures.len();
        let alike = figures.iter().filter(|figure| fact.verdict(**figure) == Verdict::Reproduced).count();
        let figures = Sample::new(figures);
        let verdict = fact.verdict(figures.at(0.5));
        Self { fact, figures, runs, alike, verdict }
    }
}
