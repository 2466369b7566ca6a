//! Forecasts of demand, scored on dates that they have not seen.
//!
//! In: a published series by weeks or days, and the last date that a model may learn from. Out: for every week after it, what the
//! simulator's demand process and three plain forecasts said about the next 4, 13 and 26 weeks, and how far off they were. What is
//! forecast is demand: dollars burned (never credits or tokens, which carry the price), capacity onboarded, deals. What is minted is
//! no forecast: the rules say it, and [`emission`] says how far the document's rules are from what was issued.
//!
//! Every forecast is given the series up to its week, and nothing else: no price path, no date of a rule's change ([`GIVEN`]). Scores are pinball
//! losses and the coverage of bands on a log scale, over sums of weeks, since burns come in batches; never a mean percentage error.

mod bundled;
mod demand;
pub mod emission;
mod fit;
mod naive;
mod score;
mod series;
mod study;

pub use bundled::{BUNDLED, Bundled, CHANGES, Change, bundled};
pub use demand::{DemandProcess, PATHS};
pub use fit::{FitError, fit};
pub use score::{Backtest, BacktestError, Forecast, HORIZONS, LEVELS, MODELS, ModelScore, OURS, Quantiles, backtest};
pub use series::{Column, Kind, Observation, ReadError, Series};
pub use study::{CALIBRATION, Outcome, Study, StudyError, Subject};

/// What every forecast was given, in words.
pub const GIVEN: &str =
    "the series up to its week, and nothing else: no price path, no forecast of a price, no date of a rule's change";
