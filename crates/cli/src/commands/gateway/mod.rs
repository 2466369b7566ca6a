//! `depin gateway`.

pub mod metered;
pub mod s3;
