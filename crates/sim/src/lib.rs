#![doc = include_str!("../README.md")]

pub mod columnar;
pub mod experiment;
pub mod kpi;
pub mod results;
mod run;
pub mod scenario;

pub use run::{AuditSummary, Paired, Point, RunFailure, RunKey, RunResult, Stopped, Watch};
