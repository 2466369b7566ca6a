//! `depin provider`.

mod cluster;
mod coverage;
mod folder;
pub mod health;
mod lease;
pub mod leases;
pub mod manage;
mod metered;
mod mobile;
pub mod money;
pub mod problems;
pub mod reclaim;
mod render;
mod run;
pub mod show;
mod stand;
mod storage;

pub use run::run;
