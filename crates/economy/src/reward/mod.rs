//! From metrics to rewards: metrics and allowances, pools and their accumulators, batches, scores between pools, vesting.

pub mod allowance;
pub mod batch;
pub mod lottery;
pub mod metric;
pub mod pool;
pub mod rows;
pub mod score;
pub mod vesting;
pub mod wide;
