//! Many runs of one model, and what they say together.
//!
//! ```text
//!   Plan, Assumptions ──▶ Task ──▶ Engine ──▶ RunRecord ──▶ results ──▶ Summary
//!   (seed, runs)          point    (a model)  rows, figures  (a folder)   percentiles, variances, signs
//! ```
//!
//! In: an [`Engine`], which makes one run out of a point and a key; a [`Plan`]. Out: a [`RunRecord`] for each run, in whatever order
//! they are done, and numbers about all of them, each with its error. Every run draws each assumption from its range, two runs a draw,
//! so that what the assumptions make and what chance makes can be told apart; with `fixed`, chance alone varies.
//!
//! Absent on purpose: files, clocks, signals. A run depends on its [`Task`] alone, so that many machines can share an experiment.

mod percentile;
mod plan;
mod rank;
mod record;
mod schedule;
mod sign;
mod variance;

pub use percentile::{Percentile, Sample};
pub use plan::{Assumption, Assumptions, Plan, RUNS_PER_DRAW, Task};
pub use rank::{correlation, error as correlation_error, luck, ranks};
pub use record::{RunRecord, State, Subset};
pub use schedule::{Engine, Experiment, Look};
pub use sign::Sign;
pub use variance::{VarianceSplit, effective, split};
