//! Leases under real economies: deployments, bids, leases, and where every base unit goes.

#[path = "../drive/files.rs"]
mod files;

mod availability;
mod escrow;
mod file;
mod life;
mod many;
mod money;
mod parameters;
mod refusals;
mod tokens;
mod world;
