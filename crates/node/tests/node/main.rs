//! A whole node over real HTTP on loopback. One binary, since linking the engine takes longer than the tests.

mod api;
mod common;
mod fuzz;
mod life;
mod transactions;
