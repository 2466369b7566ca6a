//! A whole node over real HTTP on loopback. One binary, since linking the engine takes longer than the tests.

mod api;
mod batches;
mod clock;
mod clusters;
mod committee;
mod common;
mod coverage;
mod damage;
mod deals;
mod disk;
mod fuzz;
mod history;
mod leasing;
mod life;
mod rendering;
mod replay;
mod stalled;
mod transactions;
