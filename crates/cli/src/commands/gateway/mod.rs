//! `depin gateway`.

pub mod lorawan;
pub mod metered;
pub mod render;
pub mod s3;
