//! Operators against a real node: storage's deals, proofs, faults and restarts, and the shell around a made-up service.

mod deals;
mod faults;
mod funds;
mod refusing;
mod restarts;
mod shell;
mod wishes;
mod world;
