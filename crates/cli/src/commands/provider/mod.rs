//! `depin provider`.

pub mod manage;
pub mod money;
pub mod own;
