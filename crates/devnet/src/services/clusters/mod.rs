//! The service `clusters`: how its devices and its checker are started. `depin up` does not start such a network yet.

pub mod daemon;
