//! Learning the demand process from a series: parameters that lose least on forecasts inside it.

use super::{DemandProcess, HORIZONS, Series, score::pinball};
use argmin::{
    core::{CostFunction, Error, Executor, State as _},
    solver::neldermead::NelderMead,
};

/// Nothing could be learnt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the demand process could not be learnt from this series: {0}")]
pub struct FitError(String);

/// Futures of a forecast while learning, and steps of the search.
const PATHS: u32 = 60;
const STEPS: u64 = 120;
/// Weeks before the first forecast inside the training part.
const WARM_UP: usize = 8;

/// Where the search begins, and how far its first simplex reaches: logarithms of growth, ceiling, shock and batches, and the logit of
/// the attention. Growth may be negative, so it stands as it is.
const BEGIN: [f64; 5] = [0.01, 0.7, -2.3, -1.5, 0.0];
const REACH: [f64; 5] = [0.02, 0.8, 0.7, 0.7, 1.0];

/// Learns by Nelder and Mead's simplex search (argmin's), on mean pinball loss over [`HORIZONS`] that fit into half of the series,
/// with a rolling origin. The futures' chance is the same at every step, so the loss is a plain function of the parameters.
///
/// # Errors
/// The search found no finite loss.
pub fn fit(training: &Series) -> Result<DemandProcess, FitError> {
    let logs = training.logs();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let loss = Loss { training, logs, largest };
    let mut simplex = vec![BEGIN.to_vec()];
    for (place, reach) in REACH.into_iter().enumerate() {
        let mut corner = BEGIN.to_vec();
        corner[place] += reach;
        simplex.push(corner);
    }
    let solver = NelderMead::new(simplex);
    let told = |error: Error| FitError(error.to_string());
    let found = Executor::new(loss, solver).configure(|state| state.max_iters(STEPS)).run().map_err(told)?;
    let best = found.state().get_best_param().filter(|_| found.state().get_best_cost().is_finite());
    best.map(|parameters| process(parameters, largest)).ok_or_else(|| FitError("no forecast had a finite loss".to_owned()))
}

struct Loss<'a> {
    training: &'a Series,
    logs: Vec<f64>,
    largest: f64,
}

impl CostFunction for Loss<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, parameters: &Vec<f64>) -> Result<f64, Error> {
        let process = process(parameters, self.largest);
        let weeks = self.training.weeks.len();
        let (mut sum, mut count) = (0.0, 0.0);
        for horizon in HORIZONS.into_iter().filter(|horizon| *horizon <= weeks / 2) {
            for at in (WARM_UP..weeks).step_by(horizon.div_ceil(4)) {
                let Some(outcome) = self.training.target(at, horizon) else { break };
                let said = process.from(process.level(&self.logs, at), self.training.kind, horizon, PATHS);
                sum += pinball(&said, outcome);
                count += 1.0;
            }
        }
        Ok(if count > 0.0 { sum / count } else { f64::INFINITY })
    }
}

/// Parameters of the search as a process, kept where it makes sense.
fn process(parameters: &[f64], largest: f64) -> DemandProcess {
    let positive = |log: f64| libm::exp(log.clamp(-9.0, 2.0));
    DemandProcess {
        growth: parameters[0].clamp(-0.2, 0.2),
        ceiling: positive(parameters[1]),
        shock: positive(parameters[2]),
        batches: positive(parameters[3]),
        attention: 1.0 / (1.0 + libm::exp(-parameters[4].clamp(-5.0, 5.0))),
        largest,
    }
}
