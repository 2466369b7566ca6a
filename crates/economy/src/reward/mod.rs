//! From measures to rewards: measures and allowances, pools and their accumulators, batches, scores between pools, vesting.

pub mod allowance;
pub mod batch;
pub mod measure;
pub mod pool;
pub mod rows;
pub mod score;
pub mod vesting;
pub mod wide;
