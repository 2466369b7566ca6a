//! Settings of a hotspot of the home.

use crate::{Error, Result};
use depin_services::coverage::{Location, Region, cell_at};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Where the first development hotspot stands: Berlin, Alexanderplatz.
const MIDDLE: (f64, f64) = (52.5219, 13.4132);
/// Metres between two development hotspots: more than the least distance of a witness, and well heard.
const APART_M: f64 = 1_100.0;
/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// What a hotspot keeps in its `settings.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HotspotSettings {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Metres above the ground.
    pub elevation: i32,
    /// Antenna gain in tenths of dBi.
    pub gain: i16,
    /// Channel plan.
    pub region: Region,
    /// Whether it takes part in proof of coverage.
    pub full: bool,
    /// UDP port for its packet forwarder; 0 before the first start.
    #[serde(default)]
    pub udp: u16,
    /// The port that it had before that one was taken by others; it goes back there once it is free, since a packet forwarder was told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udp_before: Option<u16>,
}

impl HotspotSettings {
    /// Those of the development hotspot with this number, counted from 1: they stand around the first in hexagons.
    pub fn new(number: u32) -> Self {
        let (north, east) = place(number);
        let latitude = MIDDLE.0 + north / DEGREE_M;
        let longitude = MIDDLE.1 + east / (DEGREE_M * MIDDLE.0.to_radians().cos());
        Self { latitude, longitude, elevation: 25, gain: 30, region: Region::Eu868, full: true, udp: 0, udp_before: None }
    }

    /// Those of the operator whose folder this is.
    pub(super) fn of_folder(folder: &Path) -> Self {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let number = name.rsplit_once('-').and_then(|(_, number)| number.parse().ok());
        Self::new(number.unwrap_or(1))
    }

    /// The same as the ledger is told it.
    ///
    /// # Errors
    /// Refused for a place that is none.
    pub fn location(&self) -> Result<Location> {
        let none = || Error::refused("settings", format_args!("{}, {} is no place", self.latitude, self.longitude));
        let cell = cell_at(self.latitude, self.longitude).ok_or_else(none)?;
        Ok(Location { cell, gain: self.gain, elevation: self.elevation, region: self.region })
    }
}

/// Metres north and east of the middle: the first in it, then six around it, twelve around those, and so on.
fn place(number: u32) -> (f64, f64) {
    let (mut ring, mut first) = (0_u32, 1_u32);
    while number >= first + (6 * ring).max(1) {
        first += (6 * ring).max(1);
        ring += 1;
    }
    if ring == 0 {
        return (0.0, 0.0);
    }
    let angle = f64::from(number - first) / f64::from(6 * ring) * std::f64::consts::TAU;
    let radius = f64::from(ring) * APART_M;
    (radius * angle.cos(), radius * angle.sin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn development_hotspots_stand_apart_and_in_each_others_reach() {
        let places: Vec<(f64, f64)> = (1..=64).map(place).collect();
        for (i, a) in places.iter().enumerate() {
            for b in &places[..i] {
                let apart = f64::hypot(a.0 - b.0, a.1 - b.1);
                assert!(apart > 900.0 && apart < 12_000.0, "{a:?} {b:?}");
            }
        }
        assert_eq!(HotspotSettings::of_folder(Path::new("/x/provider-3")), HotspotSettings::new(3));
        assert!(HotspotSettings::new(7).location().is_ok());
    }
}
