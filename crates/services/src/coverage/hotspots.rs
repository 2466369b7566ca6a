//! Hotspots join and say where they are.

use super::{
    error::CoverageError,
    event::CoverageEvent,
    message::{Location, NewHotspot},
    mobile::{AccessPoint, MobileError},
    rows::{ByOwner, Hotspot},
    service::Coverage,
};
use crate::context::Context;
use depin_quantity::Address;
use h3o::{CellIndex, LatLng, Resolution};

/// Least gain of an antenna, in tenths of dBi.
pub const GAIN_LEAST: i16 = 10;
/// Largest gain of an antenna, in tenths of dBi.
pub const GAIN_MOST: i16 = 150;
/// Lowest and highest place, in metres above the ground.
const ELEVATION: std::ops::RangeInclusive<i32> = -500..=10_000;

impl Location {
    /// Latitude and longitude of the middle of its cell, in degrees, for people; zeros for what is no cell.
    pub fn degrees(&self) -> (f64, f64) {
        CellIndex::try_from(self.cell).map_or((0.0, 0.0), |cell| {
            let middle = LatLng::from(cell);
            (middle.lat(), middle.lng())
        })
    }
}

/// The cell of resolution 12 that a place in degrees lies in; none for what is no number.
pub fn cell_at(latitude: f64, longitude: f64) -> Option<u64> {
    let place = LatLng::new(latitude, longitude).ok()?;
    Some(place.to_cell(Resolution::Twelve).into())
}

/// Refuses a place that is no cell of resolution 12, and an antenna that is none.
pub(super) fn check_location(location: &Location) -> Result<(), CoverageError> {
    let Location { cell, gain, elevation, region: _ } = *location;
    if CellIndex::try_from(cell).ok().map(CellIndex::resolution) != Some(Resolution::Twelve) {
        return Err(CoverageError::Cell(cell));
    }
    if !(GAIN_LEAST..=GAIN_MOST).contains(&gain) {
        return Err(CoverageError::Gain(gain));
    }
    if ELEVATION.contains(&elevation) { Ok(()) } else { Err(CoverageError::Elevation(elevation)) }
}

impl Context<'_, Coverage> {
    /// Order of refusals: owner, known, an access point's, fee, pledge.
    pub(super) fn onboard(&mut self, sender: Address, new: &NewHotspot) -> Result<(), CoverageError> {
        let NewHotspot { key, owner, full, .. } = *new;
        if owner != sender {
            return Err(CoverageError::NotTheOwner { named: owner });
        }
        let hotspot = key.address();
        if let Some(known) = self.state().get::<Hotspot>(&hotspot) {
            return Err(CoverageError::KnownHotspot { hotspot, owner: known.owner });
        }
        if self.state().has::<AccessPoint>(&hotspot) {
            return Err(MobileError::Known(hotspot).into());
        }
        let fee = self.take_onboarding(owner)?;
        self.register(owner, hotspot)?;
        self.pledge(owner, hotspot)?;
        let row = Hotspot {
            key,
            owner,
            full,
            since: self.now(),
            retired: false,
            location: None,
            asserted: 0,
            denied: None,
            claims: 0,
            packets: 0,
            units: 0,
            last_beacon: None,
            last_witnessed: None,
            last_witness: None,
            counted: None,
            beacons: 0,
            witnessed: 0,
            standing: self.standing(fee),
        };
        self.state().put(&hotspot, &row);
        self.state().put(&(owner, hotspot), &ByOwner);
        self.totals(|totals| totals.hotspots += 1);
        self.emit(CoverageEvent::HotspotOnboarded { hotspot, owner, full, fee });
        Ok(())
    }

    /// Claims that are open go on. Order of refusals: hotspot, retired, owner, denied.
    pub(super) fn retire(&mut self, sender: Address, hotspot: Address) -> Result<(), CoverageError> {
        let mut row = self.own_hotspot(sender, hotspot)?;
        if let Some(denial) = row.denied {
            return Err(CoverageError::HotspotDenied { hotspot, denial });
        }
        row.retired = true;
        self.count_out(hotspot, &mut row);
        self.stand(sender, hotspot, false)?;
        self.release_pledge(sender, hotspot)?;
        self.totals(|totals| {
            totals.hotspots = totals.hotspots.saturating_sub(1);
            totals.located = totals.located.saturating_sub(u32::from(row.location.is_some()));
        });
        row.location = None;
        self.state().put(&hotspot, &row);
        self.emit(CoverageEvent::HotspotRetired { hotspot, owner: sender });
        Ok(())
    }

    /// Order of refusals: location, hotspot, retired, owner, denied, fee.
    pub(super) fn assert_location(&mut self, sender: Address, hotspot: Address, location: Location) -> Result<(), CoverageError> {
        check_location(&location)?;
        let mut row = self.own_hotspot(sender, hotspot)?;
        if let Some(denial) = row.denied {
            return Err(CoverageError::HotspotDenied { hotspot, denial });
        }
        let fee = self.take_location(sender)?;
        if row.location.is_none() {
            self.stand(sender, hotspot, true)?;
            self.totals(|totals| totals.located += 1);
        }
        row.location = Some(location);
        row.asserted = row.asserted.saturating_add(1);
        self.state().put(&hotspot, &row);
        self.emit(CoverageEvent::LocationAsserted { hotspot, owner: sender, location, fee });
        Ok(())
    }
}
