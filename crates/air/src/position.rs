//! Where something stands.

use h3o::{CellIndex, LatLng, Resolution};
use serde::{Deserialize, Serialize};

/// Mean radius of the earth in metres (IUGG).
const EARTH_M: f64 = 6_371_008.8;

/// Why a place is none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PositionError {
    /// Beyond the poles or the antimeridian, or no number.
    #[error("latitude {latitude} and longitude {longitude} are no place; latitudes are -90 to 90, longitudes -180 to 180")]
    Degrees {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
    },
    /// A height that is none.
    #[error("{0} m above the ground; heights here are 0 to 10,000 m")]
    Height(f64),
    /// No cell.
    #[error("`{0}` is no cell of the hexagonal grid")]
    Cell(String),
}

/// A place, and the height above the ground there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Position {
    latitude: f64,
    longitude: f64,
    height_m: f64,
}

#[derive(Deserialize)]
struct Raw {
    latitude: f64,
    longitude: f64,
    height_m: f64,
}

impl TryFrom<Raw> for Position {
    type Error = PositionError;

    fn try_from(raw: Raw) -> Result<Self, PositionError> {
        Self::new(raw.latitude, raw.longitude, raw.height_m)
    }
}

impl Position {
    /// A place in degrees, north and east positive, and a height in metres.
    ///
    /// # Errors
    /// [`PositionError`].
    pub fn new(latitude: f64, longitude: f64, height_m: f64) -> Result<Self, PositionError> {
        if !((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)) {
            return Err(PositionError::Degrees { latitude, longitude });
        }
        if !(0.0..=10_000.0).contains(&height_m) {
            return Err(PositionError::Height(height_m));
        }
        Ok(Self { latitude, longitude, height_m })
    }

    /// The middle of a cell, such as `8c1969c9b66c9ff`.
    ///
    /// # Errors
    /// [`PositionError::Cell`] for what is none, [`PositionError::Height`].
    pub fn of_cell(cell: &str, height_m: f64) -> Result<Self, PositionError> {
        let index: CellIndex = cell.parse().map_err(|_| PositionError::Cell(cell.chars().take(32).collect()))?;
        let middle = LatLng::from(index);
        Self::new(middle.lat(), middle.lng(), height_m)
    }

    /// The cell of resolution 12 that it lies in, as hotspots assert it.
    pub fn cell(&self) -> String {
        match LatLng::new(self.latitude, self.longitude) {
            Ok(place) => place.to_cell(Resolution::Twelve).to_string(),
            // Degrees within their bounds are always a place.
            Err(_) => String::new(),
        }
    }

    /// Degrees north.
    pub const fn latitude(&self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    pub const fn longitude(&self) -> f64 {
        self.longitude
    }

    /// Metres above the ground.
    pub const fn height_m(&self) -> f64 {
        self.height_m
    }

    /// Metres along the ground to another place (haversine).
    pub fn ground_m(&self, other: &Self) -> f64 {
        let radians = |degrees: f64| degrees * core::f64::consts::PI / 180.0;
        let (from, to) = (radians(self.latitude), radians(other.latitude));
        let (north, east) = (libm::sin((to - from) / 2.0), libm::sin(radians(other.longitude - self.longitude) / 2.0));
        let half = north * north + libm::cos(from) * libm::cos(to) * east * east;
        2.0 * EARTH_M * libm::asin(libm::sqrt(half.clamp(0.0, 1.0)))
    }

    /// Metres through the air to another place, at least one.
    pub fn air_m(&self, other: &Self) -> f64 {
        let (ground, up) = (self.ground_m(other), self.height_m - other.height_m);
        let metres = libm::sqrt(ground * ground + up * up);
        if metres < 1.0 { 1.0 } else { metres }
    }

    /// The place so many metres north and east, at this height; for distances of some kilometres.
    #[must_use]
    pub fn moved(&self, north_m: f64, east_m: f64) -> Self {
        let degrees = |metres: f64| metres / EARTH_M * 180.0 / core::f64::consts::PI;
        let latitude = (self.latitude + degrees(north_m)).clamp(-90.0, 90.0);
        let shrink = libm::cos(latitude * core::f64::consts::PI / 180.0).max(1e-9);
        let mut longitude = self.longitude + degrees(east_m) / shrink;
        // Over the antimeridian, and near the poles around more than once.
        longitude -= 360.0 * libm::floor((longitude + 180.0) / 360.0);
        Self { latitude, longitude: longitude.clamp(-180.0, 180.0), height_m: self.height_m }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude, 10.0).unwrap()
    }

    #[test]
    fn distances_are_those_of_the_sphere() {
        // A degree of a great circle is 111,195.08 m at this radius.
        assert!((at(0.0, 0.0).ground_m(&at(0.0, 1.0)) - 111_195.08).abs() < 0.01);
        assert!((at(89.5, 0.0).ground_m(&at(89.5, 180.0)) - 111_195.08).abs() < 0.01);
        assert!((at(52.0, 179.9).ground_m(&at(52.0, -179.9)) - at(52.0, 0.1).ground_m(&at(52.0, -0.1))).abs() < 1e-6);
        // Berlin, Alexanderplatz to Brandenburg Gate.
        assert!((at(52.5219, 13.4132).ground_m(&at(52.5163, 13.3777)) - 2_481.0).abs() < 5.0);
        let (low, high) = (at(52.0, 13.0), Position::new(52.0, 13.0, 110.0).unwrap());
        assert_eq!((low.air_m(&high), low.air_m(&low)), (100.0, 1.0));
    }

    #[test]
    fn a_place_that_is_moved_is_as_far_away_as_it_was_moved() {
        for start in [at(52.52, 13.405), at(-33.0, 179.99), at(0.0, -180.0)] {
            for (north, east) in [(1_000.0, 0.0), (0.0, 1_000.0), (-2_500.0, 2_500.0)] {
                let moved = start.moved(north, east);
                let expected = f64::sqrt(north * north + east * east);
                assert!((start.ground_m(&moved) - expected).abs() < expected * 1e-3, "{start:?} {moved:?}");
            }
        }
        let pole = at(90.0, 0.0).moved(1_000.0, 1e9);
        assert!((-180.0..=180.0).contains(&pole.longitude()));
    }

    #[test]
    fn cells_and_places_agree_and_what_is_none_is_refused() {
        let place = at(52.37, 4.89);
        assert_eq!(place.cell(), "8c1969c9b66c9ff");
        assert!(place.ground_m(&Position::of_cell("8c1969c9b66c9ff", 10.0).unwrap()) < 15.0);
        assert!(matches!(Position::of_cell("zz", 0.0), Err(PositionError::Cell(_))));
        assert!(matches!(Position::new(91.0, 0.0, 0.0), Err(PositionError::Degrees { .. })));
        assert!(matches!(Position::new(f64::NAN, 0.0, 0.0), Err(PositionError::Degrees { .. })));
        assert!(matches!(Position::new(0.0, 0.0, -1.0), Err(PositionError::Height(_))));
        assert!(serde_json::from_str::<Position>(r#"{"latitude":0,"longitude":181,"height_m":1}"#).is_err());
    }
}
