//! Distances between hotspots, and how loud one can hear the other at most.
//!
//! Source: helium/oracles `iot_verifier/src/poc.rs`. Logarithms and angles are computed by `libm` (that of H3 cells too, which are taken
//! without their `std` feature), so every machine finds the same.

use h3o::{CellIndex, LatLng, Resolution};

/// Speed of light in metres a second, as the source has it.
const LIGHT: f64 = 2.998e8;

/// What a witness says it heard, and of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Conducted power of the beacon in dBm.
    pub sent_dbm: i32,
    /// Gain of the beaconer's antenna in tenths of dBi.
    pub beaconer_gain: i16,
    /// Gain of the witness's antenna in tenths of dBi.
    pub witness_gain: i16,
    /// Metres between them.
    pub metres: u32,
    /// The beacon's frequency in Hz.
    pub frequency: u64,
}

/// Whole metres between the middles of two cells on the great circle, to the nearest; none for what is no cell.
pub fn metres_between(a: u64, b: u64) -> Option<u32> {
    let middle = |cell| CellIndex::try_from(cell).ok().map(LatLng::from);
    // At most half of the earth's circumference: 20 million.
    Some(libm::round(middle(a)?.distance_m(middle(b)?)) as u32)
}

/// Cells of resolution 11 from one place to another; none when they are too far apart to be counted, or are no cells.
pub fn cells_between(a: u64, b: u64) -> Option<u32> {
    let parent = |cell| CellIndex::try_from(cell).ok()?.parent(Resolution::Eleven);
    parent(a)?.grid_distance(parent(b)?).ok().and_then(|cells| u32::try_from(cells).ok())
}

/// The loudest that a beacon can arrive, in tenths of dBm, rounded down: power and gains less the loss in free space. Gains count in whole
/// dBi, cut. A witness is not heard louder: its signal in tenths of dBm is too loud when it is above this.
///
/// `none` when the two stand in one place, where there is no loss to speak of.
pub fn rssi_most_ddbm(heard: &Heard) -> Option<i64> {
    if heard.metres == 0 || heard.frequency == 0 {
        return None;
    }
    let loss = 20.0 * libm::log10(4.0 * core::f64::consts::PI * f64::from(heard.metres) * (heard.frequency as f64) / LIGHT);
    let gains = f64::from(heard.beaconer_gain / 10) + f64::from(heard.witness_gain / 10);
    Some(libm::floor((f64::from(heard.sent_dbm) + gains - loss) * 10.0) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::cell_at;

    /// Loss in free space as engineers know it: 20 log10(d km) + 20 log10(f MHz) + 32.44 dB.
    #[test]
    fn the_loss_in_free_space_is_the_textbook_s() {
        for (metres, frequency, loss) in [(1_000, 868_000_000, 91.2), (10_000, 904_000_000, 111.6), (300, 868_000_000, 80.8)] {
            let heard = Heard { sent_dbm: 0, beaconer_gain: 0, witness_gain: 0, metres, frequency };
            let most = rssi_most_ddbm(&heard).unwrap() as f64 / 10.0;
            assert!((most + loss).abs() < 0.2, "{metres} m: {most}");
        }
    }

    #[test]
    fn gains_count_in_whole_decibels_and_one_place_has_no_bound() {
        let heard = Heard { sent_dbm: 14, beaconer_gain: 0, witness_gain: 0, metres: 1_000, frequency: 868_100_000 };
        let most = |beaconer_gain, witness_gain| rssi_most_ddbm(&Heard { beaconer_gain, witness_gain, ..heard }).unwrap();
        assert_eq!((most(19, 9) - most(0, 0), most(30, 50) - most(0, 0)), (10, 80));
        assert_eq!(rssi_most_ddbm(&Heard { metres: 0, ..heard }), None);
    }

    /// The same bits on every machine: a golden distance, over the poles and over the antimeridian too.
    #[test]
    fn distances_are_the_same_everywhere() {
        let at = |latitude, longitude| cell_at(latitude, longitude).unwrap();
        let berlin = at(52.52, 13.405);
        assert_eq!(metres_between(berlin, berlin), Some(0));
        let hamburg = metres_between(berlin, at(53.5511, 9.9937)).unwrap();
        assert!((254_000..257_000).contains(&hamburg), "{hamburg}");
        let over = metres_between(at(0.0, 179.99), at(0.0, -179.99)).unwrap();
        assert!((2_100..2_350).contains(&over), "{over}");
        let pole = metres_between(at(89.99, 0.0), at(89.99, 180.0)).unwrap();
        assert!((2_100..2_350).contains(&pole), "{pole}");
        assert_eq!((metres_between(0, berlin), cells_between(berlin, u64::MAX)), (None, None));
        assert_eq!(cells_between(berlin, berlin), Some(0));
        let near = cells_between(berlin, at(52.5245, 13.405)).unwrap();
        assert!((8..20).contains(&near), "{near}");
    }
}
