//! `depin provider`.

mod folder;
pub mod manage;
mod metered;
pub mod money;
mod run;
mod storage;

pub use run::run;
