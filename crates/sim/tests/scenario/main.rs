//! Scenarios as texts: those that come along hold together, and whatever a user writes is answered with a place and a hint.
#![allow(missing_docs)]

mod blank;
mod builtin;
mod grammar;
mod network;
mod opening;
mod page;
mod robust;

use depin_sim::scenario::{Draft, Scenario};

/// A scenario that comes along, for a service.
fn scenario(name: &str, service: &str) -> Scenario {
    Draft::builtin(name).unwrap().resolve(service).unwrap_or_else(|found| panic!("{name} for {service}:\n{found}"))
}

const SERVICES: [&str; 5] = ["coverage", "storage", "rendering", "leasing", "clusters"];
