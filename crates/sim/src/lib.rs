#![doc = include_str!("../README.md")]

mod amount;
pub mod backtest;
mod cash;
mod chance;
pub mod columnar;
pub mod experiment;
pub mod facts;
pub mod kpi;
mod market;
mod model;
pub mod report;
pub mod results;
mod run;
pub mod scenario;
mod simulation;
mod society;
mod world;

pub use chance::{Chance, Purpose};
pub use market::{ClassView, PriceFormation, ServiceView};
pub use model::{Model, ModelError, run};
pub use run::{AuditSummary, Effort, FirstDay, Opening, Paired, Point, RunFailure, RunKey, RunResult, Stopped, Watch};
pub use society::{Investor, Payback, Prospect, ZeroProfit};
pub use world::OpeningError;
