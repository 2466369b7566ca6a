//! One figure of a scenario, with its range and its ground.

/// Where a figure comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// Somebody published it.
    Source(String),
    /// It is assumed; this says why so and not otherwise.
    Assumption(String),
    /// Nobody has said yet.
    Unstated,
}

/// A number of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The value by default.
    pub value: f64,
    /// Between which bounds it is drawn; none for a figure that is fixed.
    pub range: Option<(f64, f64)>,
    /// Whether it is drawn evenly by its logarithm.
    pub log: bool,
    /// Where it comes from.
    pub provenance: Provenance,
}

impl Figure {
    /// A figure without a range or a ground.
    pub const fn plain(value: f64) -> Self {
        Self { value, range: None, log: false, provenance: Provenance::Unstated }
    }

    /// The value at `part` of the range, from 0 to 1; the default where there is no range.
    pub fn at(&self, part: f64) -> f64 {
        match self.range {
            None => self.value,
            Some((low, high)) if self.log && low > 0.0 => {
                let (low, high) = (libm::log(low), libm::log(high));
                libm::exp(low + (high - low) * part)
            }
            Some((low, high)) => low + (high - low) * part,
        }
    }
}

impl From<f64> for Figure {
    fn from(value: f64) -> Self {
        Self::plain(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_drawn_inside_its_range_and_a_fixed_one_stays() {
        let figure = Figure { range: Some((1.0, 3.0)), ..Figure::plain(2.5) };
        assert_eq!((figure.at(0.0), figure.at(0.5), figure.at(1.0)), (1.0, 2.0, 3.0));
        assert_eq!(Figure::plain(2.5).at(0.9), 2.5);
    }

    #[test]
    fn a_logarithmic_figure_has_its_geometric_mean_in_the_middle() {
        let figure = Figure { range: Some((1.0, 100.0)), log: true, ..Figure::plain(1.0) };
        assert!((figure.at(0.5) - 10.0).abs() < 1e-12);
    }
}
