//! What is run: how often, with which seed, and which runs share a draw of the assumptions.

use crate::{
    Point, RunKey,
    scenario::{Figure, Scenario},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How many runs share one draw of the assumptions: the fewest that show what chance does by itself.
pub const RUNS_PER_DRAW: u32 = 2;

/// How often a model is run, and on which chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Number of the simulation among those of one command, from 0.
    pub simulation: u32,
    /// All chance comes from it.
    pub seed: u64,
    /// How many runs.
    pub runs: u32,
    /// Whether every assumption keeps its default, so that the runs differ by chance alone.
    pub fixed: bool,
}

impl Plan {
    /// The draw of the assumptions that a run takes.
    pub const fn draw_of(&self, run: u32) -> u32 {
        if self.fixed { 0 } else { run / RUNS_PER_DRAW }
    }

    /// How many draws there are.
    pub const fn draws(&self) -> u32 {
        if self.fixed { 1 } else { self.runs.div_ceil(RUNS_PER_DRAW) }
    }

    /// What a run is given besides its model.
    pub fn task(&self, assumptions: &Assumptions, run: u32) -> Task {
        let draw = self.draw_of(run);
        Task { draw, key: RunKey { seed: self.seed, run }, point: self.point(assumptions, draw) }
    }

    /// What is assumed in a draw; nothing but the defaults where they are fixed.
    pub fn point(&self, assumptions: &Assumptions, draw: u32) -> Point {
        if self.fixed { Point::default() } else { assumptions.draw(self.seed, draw) }
    }
}

/// One run to make. Together with the model it is all that its result depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The number of its draw.
    pub draw: u32,
    /// Its seed and number.
    pub key: RunKey,
    /// The value of each assumption.
    pub point: Point,
}

/// One assumption: a figure with a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumption {
    /// Its key.
    pub key: String,
    /// Lowest and highest value.
    pub range: (f64, f64),
    /// Whether it is drawn evenly by its logarithm.
    pub log: bool,
    figure: Figure,
}

impl Assumption {
    /// Its value in a point: its default where the point does not draw it.
    pub fn in_point(&self, point: &Point) -> f64 {
        point.values.get(&self.key).copied().unwrap_or(self.figure.value)
    }
}

/// All assumptions of a scenario, in the order of its keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assumptions {
    list: Vec<Assumption>,
}

impl Assumptions {
    /// The figures of a scenario that have a range.
    pub fn of(scenario: &Scenario) -> Self {
        let mut figures = Vec::new();
        scenario.clone().visit(&mut |key, figure| figures.push((key.to_owned(), figure.clone())));
        Self::new(figures)
    }

    /// Those of these figures, by key, that have a range.
    pub fn new(figures: impl IntoIterator<Item = (String, Figure)>) -> Self {
        let one = |(key, figure): (String, Figure)| figure.range.map(|range| Assumption { key, range, log: figure.log, figure });
        Self { list: figures.into_iter().filter_map(one).collect() }
    }

    /// Each one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Assumption> {
        self.list.iter()
    }

    /// One value for each. A value depends on the seed, the draw and its own key alone, so that an assumption more shifts no other, and
    /// two experiments with one seed assume the same where they assume the same range.
    pub fn draw(&self, seed: u64, draw: u32) -> Point {
        let values = self.list.iter().map(|one| (one.key.clone(), one.figure.at(part(seed, draw, &one.key))));
        Point { values: values.collect() }
    }
}

/// An even number from 0 to 1, 1 excluded, of 53 bits.
fn part(seed: u64, draw: u32, key: &str) -> f64 {
    let hash = Sha256::new()
        .chain_update(b"depin-sim assumption\0")
        .chain_update(seed.to_be_bytes())
        .chain_update(draw.to_be_bytes())
        .chain_update(key.as_bytes())
        .finalize();
    let first = hash.iter().take(8).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    (first >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    fn assumptions(keys: &[(&str, (f64, f64), bool)]) -> Assumptions {
        let one = |(key, range, log): &(&str, (f64, f64), bool)| {
            ((*key).to_owned(), Figure { range: Some(*range), log: *log, ..Figure::plain(range.0) })
        };
        Assumptions::new(keys.iter().map(one))
    }

    const PLAN: Plan = Plan { simulation: 0, seed: 7, runs: 5, fixed: false };

    #[test]
    fn two_runs_share_a_draw_and_the_last_may_stand_alone() {
        let draws: Vec<u32> = (0..PLAN.runs).map(|run| PLAN.draw_of(run)).collect();
        assert_eq!((draws, PLAN.draws()), (vec![0, 0, 1, 1, 2], 3));
        let some = assumptions(&[("a", (1.0, 2.0), false)]);
        assert_eq!(PLAN.task(&some, 0).point, PLAN.task(&some, 1).point);
        assert_ne!(PLAN.task(&some, 1).point, PLAN.task(&some, 2).point);
    }

    #[test]
    fn with_fixed_assumptions_only_the_run_differs() {
        let plan = Plan { fixed: true, ..PLAN };
        let task = plan.task(&assumptions(&[("a", (1.0, 2.0), false)]), 4);
        assert_eq!((task.draw, task.key.run, task.point, plan.draws()), (0, 4, Point::default(), 1));
    }

    #[test]
    fn an_assumption_more_shifts_no_other() {
        let one = assumptions(&[("b", (1.0, 2.0), false)]).draw(7, 3);
        let two = assumptions(&[("a", (0.0, 1.0), false), ("b", (1.0, 2.0), false)]).draw(7, 3);
        assert_eq!(one.values["b"].to_bits(), two.values["b"].to_bits());
        assert_ne!(two.values["a"], two.values["b"] - 1.0);
    }

    #[test]
    fn draws_fill_the_range_evenly() {
        let some = assumptions(&[("a", (10.0, 20.0), false), ("b", (1.0, 100.0), true)]);
        let draws: Vec<Point> = (0..1000).map(|draw| some.draw(1, draw)).collect();
        let below = |key: &str, bound: f64| draws.iter().filter(|point| point.values[key] < bound).count();
        assert!((450..550).contains(&below("a", 15.0)) && (450..550).contains(&below("b", 10.0)));
        assert!(draws.iter().all(|point| (10.0..20.0).contains(&point.values["a"])));
    }
}
