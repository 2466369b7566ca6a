#![doc = include_str!("../README.md")]

mod answer;
mod claim;
mod cost;
mod delay;
mod error;
mod field;
#[cfg(test)]
mod impostors;
mod lot;
mod memory;
mod product;
mod solve;
mod step;
mod tree;
mod verify;
mod work;

pub use answer::{ANSWER_BYTES_MOST, Answer, PROBES_MOST, Root, State};
pub use claim::{Claim, ClaimError, Scale};
pub use cost::Cost;
pub use error::{DecodeError, SolveError, VerifyError};
pub use lot::Lot;
pub use product::{Kernel, MATRIX_SIDE, Matrix, Processor};
pub use solve::{Prepared, Progress, prepare, solve};
pub use verify::verify;
pub use work::Work;
