//! Percentiles of a sample, and how far each may be off.

/// A sample in ascending order, without what is not a number. Infinite values count: a time that never comes is the latest of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    sorted: Vec<f64>,
}

/// One percentile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentile {
    /// Its value.
    pub value: f64,
    /// Its standard error; none where the sample is too small to say.
    pub error: Option<f64>,
}

impl Sample {
    /// Sorts a sample.
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Self { sorted }
    }

    /// How many values there are.
    pub const fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// The value below which the part `p` of the sample lies; not a number for an empty sample.
    ///
    /// - Formula: with the `n` values sorted and numbered from 0, the one at `(n - 1) p`, linearly between neighbours.
    /// - Source: Hyndman and Fan, "Sample quantiles in statistical packages", 1996, definition 7; the default of NumPy and R.
    pub fn at(&self, p: f64) -> f64 {
        if self.is_empty() { f64::NAN } else { self.value_at((self.len() - 1) as f64 * p) }
    }

    /// A percentile with its standard error.
    ///
    /// - Formula: the number of values below the true percentile has the standard deviation `s = sqrt(n p (1 - p))`, so half the
    ///   distance between the values `s` places above and below is one standard error. Where runs share draws, `effective` of them
    ///   are independent, and `s` grows by `sqrt(n / effective)`.
    /// - Zero where all values are the same.
    /// - None where a place lies outside of the sample: then all that can be said is that it is too small.
    /// - Source: H. A. David and H. N. Nagaraja, "Order Statistics", 2003, section 7.1.
    pub fn percentile(&self, p: f64, effective: f64) -> Percentile {
        let value = self.at(p);
        let n = self.len() as f64;
        if self.is_empty() || effective < 1.0 {
            return Percentile { value, error: None };
        }
        if self.len() > 1 && self.sorted[0] == self.sorted[self.len() - 1] {
            return Percentile { value, error: value.is_finite().then_some(0.0) };
        }
        let spread = (n * p * (1.0 - p)).sqrt() * (n / effective).sqrt();
        let (low, high) = ((n - 1.0) * p - spread, (n - 1.0) * p + spread);
        if low < 0.0 || high > n - 1.0 {
            return Percentile { value, error: None };
        }
        let error = (self.value_at(high) - self.value_at(low)) / 2.0;
        Percentile { value, error: error.is_finite().then_some(error) }
    }

    /// The mean; not a number for an empty sample.
    pub fn mean(&self) -> f64 {
        self.sorted.iter().sum::<f64>() / self.len() as f64
    }

    /// Standard error of the mean, where `effective` of the values are independent; none for fewer than two, or where one is infinite.
    pub fn mean_error(&self, effective: f64) -> Option<f64> {
        let mean = self.mean();
        let squares: f64 = self.sorted.iter().map(|value| (value - mean) * (value - mean)).sum();
        let error = (squares / (self.len() as f64 - 1.0) / effective).sqrt();
        (self.len() > 1 && error.is_finite()).then_some(error)
    }

    /// Which part of the sample lies above and which below zero.
    pub fn signs(&self) -> (f64, f64) {
        let n = self.len().max(1) as f64;
        let below = self.sorted.partition_point(|value| *value < 0.0);
        let above = self.len() - self.sorted.partition_point(|value| *value <= 0.0);
        (above as f64 / n, below as f64 / n)
    }

    fn value_at(&self, place: f64) -> f64 {
        let low = place.floor();
        let (index, part) = (low as usize, place - low);
        let first = self.sorted[index.min(self.len() - 1)];
        let second = self.sorted[(index + 1).min(self.len() - 1)];
        // Between two infinite values lies no number, and a whole place needs no neighbour.
        if part == 0.0 || first == second { first } else { first + (second - first) * part }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_numpy() {
        // numpy.percentile([1, 2, 4, 8, 16], [0, 5, 50, 95, 100]) = [1, 1.2, 4, 14.4, 16]
        let sample = Sample::new([16.0, 2.0, f64::NAN, 4.0, 1.0, 8.0]);
        assert_eq!((sample.at(0.0), sample.at(0.5), sample.at(1.0)), (1.0, 4.0, 16.0));
        assert!((sample.at(0.05) - 1.2).abs() < 1e-12 && (sample.at(0.95) - 14.4).abs() < 1e-12);
        assert!(Sample::new([]).at(0.5).is_nan());
    }

    #[test]
    fn a_time_that_never_comes_is_the_latest() {
        let sample = Sample::new([f64::INFINITY, 3.0, f64::INFINITY, 1.0]);
        assert_eq!((sample.at(0.0), sample.at(1.0), sample.at(0.9)), (1.0, f64::INFINITY, f64::INFINITY));
        assert_eq!(sample.percentile(0.5, 4.0).error, None);
    }

    /// 1,000 numbers spread evenly over 0 to 1: the median's standard error is sqrt(0.25 / 1000) = 0.0158.
    #[test]
    fn the_error_is_that_of_an_even_spread_and_grows_where_runs_share_draws() {
        let even = Sample::new((0..1000).map(|n| f64::from(n) / 999.0));
        let error = |p, effective| even.percentile(p, effective).error.unwrap();
        assert!((error(0.5, 1000.0) - 0.0158).abs() < 1e-4, "{}", error(0.5, 1000.0));
        assert!((error(0.05, 1000.0) - 0.0069).abs() < 1e-4, "{}", error(0.05, 1000.0));
        assert!((error(0.5, 500.0) - 0.0158 * 2f64.sqrt()).abs() < 2e-4);
    }

    #[test]
    fn a_sample_that_is_too_small_has_no_error() {
        let few = Sample::new((0..20).map(f64::from));
        assert!(few.percentile(0.05, 20.0).error.is_none() && few.percentile(0.5, 20.0).error.is_some());
        assert!(Sample::new([1.0]).percentile(0.5, 1.0).error.is_none());
        assert_eq!(Sample::new([1.0; 5]).percentile(0.05, 5.0).error, Some(0.0), "nothing varies");
    }

    #[test]
    fn a_mean_has_the_error_of_its_spread() {
        let sample = Sample::new([1.0, 2.0, 3.0, 4.0]);
        assert_eq!((sample.mean(), sample.mean_error(4.0)), (2.5, Some((5.0f64 / 3.0 / 4.0).sqrt())));
        assert_eq!((Sample::new([1.0]).mean_error(1.0), Sample::new([1.0, f64::INFINITY]).mean_error(2.0)), (None, None));
        assert!(Sample::new([]).mean().is_nan());
    }

    #[test]
    fn signs_leave_zeros_aside() {
        assert_eq!(Sample::new([-1.0, 0.0, 2.0, 3.0]).signs(), (0.5, 0.25));
    }
}
