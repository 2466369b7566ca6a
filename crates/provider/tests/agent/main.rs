//! The agent against a real node: deals, proofs, faults, restarts.

mod deals;
mod faults;
mod restarts;
mod world;
