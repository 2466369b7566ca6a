//! A scenario: everything that is assumed about people and markets, typed, in one place.
//!
//! In: texts ([`Draft`]): a scenario that comes along or one of a user's own, over the people of a service. Out: a [`Scenario`], every
//! field within bounds, or [`Diagnostics`] that say where and what to do, all at once. A figure may be an assumption with a range;
//! [`Scenario::visit`] names every one of them by its key, in one order, so that reading, setting, listing and drawing need no list of
//! their own. Absent on purpose: files, and figures of the network's file.

mod blank;
mod builtin;
mod diagnostic;
mod document;
mod draft;
mod fields;
mod figure;
mod keys;
mod look;
mod model;
mod network;
mod prices;
mod read;
mod settings;
mod visit;

pub use blank::{copied_scenario, scenario_for};
pub use builtin::{SCENARIOS, SERVICES, UnknownScenario, scenario_text, service_text};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use draft::Draft;
pub use fields::{FIELDS, Field};
pub use figure::{Figure, Provenance};
pub use keys::{Key, UnknownKey};
pub use model::{
    About, Boom, Change, Class, ClassKind, Demand, Entry, Event, EventAt, Fundamental, Holders, Horizon, Links, Market,
    Mechanism, MetricRule, Opening, PaidBy, Per, PriceProcess, PriceRule, Programme, Scenario, Speculators, Stakers, Stop,
    Switch, Treasury, Treatment, UnitRule,
};
pub use network::{Assignment, NetworkKey, network_keys, network_with_events, set_network, still_in_force};
pub use prices::{PRICES, Prices, StartPrice};
pub use settings::{Holds, SETTINGS, Setting};

#[cfg(test)]
mod plain;
#[cfg(test)]
pub use plain::plain;
