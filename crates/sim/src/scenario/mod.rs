//! A scenario: everything that is assumed about people and markets, typed, in one place.
//!
//! In: nothing yet but Rust values; a text becomes a [`Scenario`] elsewhere in this module's folder. Out: the fields that a run
//! reads. A figure may be an assumption with a range; [`Scenario::visit`] names every one of them by its key, in one order, so that
//! reading, setting, listing and drawing need no list of their own. Absent on purpose: figures of the network's file.

mod figure;
mod model;
mod visit;

pub use figure::{Figure, Provenance};
pub use model::{
    About, Boom, Change, Class, ClassKind, Demand, Entry, Event, EventAt, Fundamental, Holders, Horizon, Links, Market,
    Mechanism, MetricRule, Opening, PaidBy, Per, PriceProcess, PriceRule, Programme, Scenario, Speculators, Stakers, Stop,
    Switch, Treasury, Treatment, UnitRule,
};

#[cfg(test)]
mod plain;
#[cfg(test)]
pub use plain::plain;
