//! Where something of a coverage network stands, as it was typed, and what it costs to be there.

use crate::{
    args::{GainArg, PlaceArg, RegionArg},
    error::{CliError, Result},
    remote::{STARTS_HOTSPOTS, needs_service},
};
use depin_economy::Spec;
use depin_provider::coverage::hotspot_fees;
use depin_services::coverage::{Location, cell_at};

/// What was typed of a place.
pub(super) struct Typed<'a> {
    pub place: &'a PlaceArg,
    pub gain: &'a GainArg,
    pub elevation: i32,
    pub region: RegionArg,
}

/// The place on the ledger of a network that has such places, and its fees in words: to join, and to assert it, each of them once.
pub(super) fn stands(spec: &Spec, typed: &Typed<'_>) -> Result<(Location, Vec<String>)> {
    needs_service(spec.network().name, spec.network().service, "coverage", STARTS_HOTSPOTS)?;
    let none = || CliError::refused("location", "this is no place");
    let cell = cell_at(typed.place.latitude, typed.place.longitude).ok_or_else(none)?;
    let location = Location { cell, gain: typed.gain.0, elevation: typed.elevation, region: typed.region.into() };
    let (joining, moving) = hotspot_fees(spec);
    let told =
        [joining.map(|fee| format!("{} to join", fee.display)), moving.map(|fee| format!("{} for the location", fee.display))];
    Ok((location, told.into_iter().flatten().collect()))
}

/// The fees behind what else is told; nothing where there are none.
pub(super) fn told(fees: &[String]) -> String {
    if fees.is_empty() { String::new() } else { format!("; fees: {}", fees.join(", ")) }
}
