//! Where things stand in the picture.

use super::Map;

/// Size of the picture.
pub(super) const WIDTH: f64 = 1_200.0;
pub(super) const HEIGHT: f64 = 900.0;
/// Room at the edges.
const MARGIN: f64 = 110.0;
/// Smallest part of the earth that is shown, in metres across.
const LEAST_M: f64 = 3_000.0;
/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// A flat view of a small part of the earth. Longitudes are counted from the middle, so it goes over the antimeridian.
pub(super) struct View {
    middle: (f64, f64),
    /// Pixels of a metre.
    pub scale: f64,
    shrink: f64,
}

impl View {
    pub(super) fn of(map: &Map) -> Self {
        let Some(first) = map.dots.first().map(|dot| dot.place) else {
            return Self { middle: (0.0, 0.0), scale: 0.1, shrink: 1.0 };
        };
        let east = |longitude: f64| wrapped(longitude - first.1);
        let range = |values: &mut dyn Iterator<Item = f64>| values.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
        let (south, north) = range(&mut map.dots.iter().map(|dot| dot.place.0));
        let (west, east) = range(&mut map.dots.iter().map(|dot| east(dot.place.1)));
        let middle = ((south + north) / 2.0, wrapped(first.1 + (west + east) / 2.0));
        let shrink = middle.0.to_radians().cos().max(0.01);
        let metres = ((east - west) * DEGREE_M * shrink).max(LEAST_M);
        let tall = ((north - south) * DEGREE_M).max(LEAST_M * HEIGHT / WIDTH);
        let scale = ((WIDTH - 2.0 * MARGIN) / metres).min((HEIGHT - 2.0 * MARGIN) / tall);
        Self { middle, scale, shrink }
    }

    /// Pixels from the left and from above.
    pub(super) fn at(&self, (latitude, longitude): (f64, f64)) -> (f64, f64) {
        let east = wrapped(longitude - self.middle.1) * DEGREE_M * self.shrink * self.scale;
        let north = (latitude - self.middle.0) * DEGREE_M * self.scale;
        (WIDTH / 2.0 + east, HEIGHT / 2.0 - north)
    }

    /// A round number of metres that is drawn about 160 pixels long, and its pixels.
    pub(super) fn ruler(&self) -> (String, f64) {
        let wanted = 160.0 / self.scale;
        let power = 10f64.powf(wanted.log10().floor());
        let metres = [5.0, 2.0, 1.0].into_iter().map(|part| part * power).find(|metres| *metres <= wanted).unwrap_or(power);
        let text = if metres >= 1_000.0 { format!("{} km", metres / 1_000.0) } else { format!("{metres} m") };
        (text, metres * self.scale)
    }
}

/// Degrees of longitude between -180 and 180.
fn wrapped(degrees: f64) -> f64 {
    degrees - 360.0 * ((degrees + 180.0) / 360.0).floor()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::coverage::map::Dot;
    use depin_quantity::Address;

    fn map(places: &[(f64, f64)]) -> Map {
        let dot = |place: &(f64, f64)| Dot {
            address: Address::new([1; 32]),
            name: String::new(),
            place: *place,
            packets: 0,
            counts: false,
        };
        Map { title: String::new(), dots: places.iter().map(dot).collect(), paths: vec![], tiles: vec![], hexes: vec![] }
    }

    #[test]
    fn everything_stands_inside_the_picture_also_over_the_antimeridian_and_near_a_pole() {
        for places in [
            vec![(52.5, 13.4), (52.6, 13.5), (52.4, 13.2)],
            vec![(-16.9, 179.95), (-17.0, -179.95)],
            vec![(89.9, 10.0), (89.9, -170.0)],
            vec![(0.0, 0.0)],
        ] {
            let view = View::of(&map(&places));
            for place in places {
                let (x, y) = view.at(place);
                assert!((0.0..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y), "{place:?} at {x}, {y}");
            }
        }
        assert_eq!(View::of(&map(&[])).ruler().0, "1 km");
    }
}
