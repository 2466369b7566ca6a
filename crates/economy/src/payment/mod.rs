//! Payments that run over time: escrows, streams out of them, and the list of what is due.
//!
//! In: terms that two parties agreed, and time. Out: whole periods paid, bonds returned or burnt, unspent money back, notices.
//! A stream reserves its whole term when it opens, so it can never pay more than it was funded with, and it pays whole periods by
//! one product, so that no slicing of time changes a total.

mod due;
mod escrow;
mod stream;

pub use due::Job;
pub use stream::{bond_minimum, due_periods};
