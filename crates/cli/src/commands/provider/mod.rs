//! `depin provider`.

pub mod manage;
pub mod metered;
pub mod money;
pub mod own;
