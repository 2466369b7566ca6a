//! Stations: what sends and hears, and where.

use crate::Position;
use serde::{Deserialize, Serialize};

/// An antenna that sends and hears alike in all directions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Antenna {
    /// Gain in dBi.
    pub gain_dbi: f64,
}

/// What stands somewhere with an antenna.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Station {
    /// Where it truly is, whatever is claimed.
    pub position: Position,
    /// Its antenna.
    pub antenna: Antenna,
}
