//! `depin gateway`.

pub mod lorawan;
pub mod metered;
pub mod s3;
