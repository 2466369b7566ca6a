//! How much of a token there is when: schedules, inflation, advances, and projections of years ahead.

pub mod development;
pub mod emission;
pub mod inflation;
pub mod projection;
pub mod rows;
pub mod schedule;
