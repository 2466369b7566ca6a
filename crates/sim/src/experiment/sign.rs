//! Whether a figure's sign can be told.

use super::percentile::Percentile;
use serde::{Deserialize, Serialize};

/// Which sign a figure has over the ranges of its assumptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// Above zero.
    Positive,
    /// Below zero.
    Negative,
    /// Zero in every run.
    Zero,
    /// It changes inside the ranges, or too few runs were made to say that it does not.
    Undecided,
}

/// Standard errors by which an end of the band must be away from zero.
const ERRORS: f64 = 2.0;

impl Sign {
    /// The sign of a figure whose band from the 5th to the 95th percentile is given: that of both ends, each moved towards zero by two
    /// of its standard errors; undecided where zero lies between, or an end has no error.
    pub fn of(p5: Percentile, p95: Percentile, least: f64, most: f64) -> Self {
        if least == 0.0 && most == 0.0 {
            return Self::Zero;
        }
        match (p5.error, p95.error) {
            (Some(error), _) if p5.value - ERRORS * error > 0.0 => Self::Positive,
            (_, Some(error)) if p95.value + ERRORS * error < 0.0 => Self::Negative,
            _ => Self::Undecided,
        }
    }

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::Zero => "zero",
            Self::Undecided => "undecided",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(p5: (f64, Option<f64>), p95: (f64, Option<f64>)) -> Sign {
        let percentile = |(value, error)| Percentile { value, error };
        Sign::of(percentile(p5), percentile(p95), p5.0, p95.0)
    }

    #[test]
    fn a_sign_is_told_when_the_band_and_its_error_lie_on_one_side() {
        assert_eq!(sign((1.0, Some(0.4)), (9.0, Some(1.0))), Sign::Positive);
        assert_eq!(sign((-9.0, Some(1.0)), (-1.0, Some(0.4))), Sign::Negative);
        assert_eq!(sign((0.0, Some(0.0)), (0.0, Some(0.0))), Sign::Zero);
    }

    #[test]
    fn a_sign_that_changes_or_nearly_does_is_undecided() {
        assert_eq!(sign((-1.0, Some(0.1)), (9.0, Some(1.0))), Sign::Undecided);
        assert_eq!(sign((1.0, Some(0.6)), (9.0, Some(1.0))), Sign::Undecided);
        assert_eq!(sign((1.0, None), (9.0, None)), Sign::Undecided, "too few runs");
    }
}
