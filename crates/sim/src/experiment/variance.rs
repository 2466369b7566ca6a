//! How much of a figure's spread the assumptions make, and how much chance.

/// A spread, split in two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VarianceSplit {
    /// The part that the assumptions make, 0 to 1; chance makes the rest.
    pub assumptions: f64,
    /// Its standard error; none for fewer than four draws.
    pub error: Option<f64>,
}

/// Splits the variance of a figure: runs with the same draw of the assumptions differ by chance alone.
///
/// - In: the number of its draw and the figure's value for each run, draws in ascending order. What is not finite is left out.
/// - None without two draws, without a draw that has two runs, or where nothing varies.
/// - Formula: one-way analysis of variance with random effects: `b / (b + w)`, where `w` is the mean square within draws and
///   `b = (mean square between draws - w) / m`, at least 0, with `m` runs a draw. Its error is that of an intraclass correlation.
/// - Source: S. R. Searle, G. Casella, C. E. McCulloch, "Variance Components", 1992, section 3.6; R. A. Fisher, "Statistical Methods
///   for Research Workers", 1925, section 39.
pub fn split(runs: impl IntoIterator<Item = (u32, f64)>) -> Option<VarianceSplit> {
    let mut groups: Vec<(u32, Group)> = Vec::new();
    for (draw, value) in runs.into_iter().filter(|(_, value)| value.is_finite()) {
        match groups.last_mut() {
            Some((last, group)) if *last == draw => group.add(value),
            _ => groups.push((draw, Group { n: 1.0, mean: value, squares: 0.0 })),
        }
    }
    let (k, n) = (groups.len() as f64, groups.iter().map(|(_, group)| group.n).sum::<f64>());
    if k < 2.0 || n <= k {
        return None;
    }
    let mean = groups.iter().map(|(_, group)| group.n * group.mean).sum::<f64>() / n;
    let within = groups.iter().map(|(_, group)| group.squares).sum::<f64>() / (n - k);
    let between = groups.iter().map(|(_, group)| group.n * (group.mean - mean) * (group.mean - mean)).sum::<f64>() / (k - 1.0);
    let size = (n - groups.iter().map(|(_, group)| group.n * group.n).sum::<f64>() / n) / (k - 1.0);
    let of_assumptions = ((between - within) / size).max(0.0);
    let all = of_assumptions + within;
    if all <= 0.0 || !all.is_finite() {
        return None;
    }
    let share = of_assumptions / all;
    let error = (k >= 4.0).then(|| {
        let sure = 1.0 - share;
        sure * (1.0 + (size - 1.0) * share) * (2.0 / (size * (size - 1.0) * (k - 1.0))).sqrt()
    });
    Some(VarianceSplit { assumptions: share, error: error.filter(|error| error.is_finite()) })
}

/// How many of `n` runs count as independent, when each draw has `per_draw` of them and makes the part `share` of the variance.
///
/// - Formula: `n / (1 + (per_draw - 1) share)`, the design effect of clusters.
/// - Source: L. Kish, "Survey Sampling", 1965, section 5.4.
pub fn effective(n: usize, per_draw: u32, share: f64) -> f64 {
    n as f64 / (1.0 + (f64::from(per_draw) - 1.0) * share)
}

/// Sum of squares about a mean that moves.
struct Group {
    n: f64,
    mean: f64,
    squares: f64,
}

impl Group {
    /// B. P. Welford, 1962: no difference of two large sums.
    fn add(&mut self, value: f64) {
        self.n += 1.0;
        let off = value - self.mean;
        self.mean += off / self.n;
        self.squares += off * (value - self.mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Means 1.5 and 5.5, within 0.5 and 0.5: between = 16, within = 0.5, b = 7.75.
    #[test]
    fn a_spread_is_split_as_by_hand() {
        let split = split([(0, 1.0), (0, 2.0), (1, 5.0), (1, 6.0)]).unwrap();
        assert!((split.assumptions - 7.75 / 8.25).abs() < 1e-12);
        assert_eq!(split.error, None);
    }

    #[test]
    fn the_ends_are_all_by_assumptions_and_all_by_chance() {
        let all = (0..10).flat_map(|draw| [(draw, f64::from(draw)), (draw, f64::from(draw))]);
        assert_eq!(split(all).unwrap().assumptions, 1.0);
        let none = (0..10).flat_map(|draw| [(draw, -1.0), (draw, 1.0)]);
        assert_eq!(split(none).unwrap().assumptions, 0.0);
    }

    #[test]
    fn what_cannot_be_split_is_not() {
        assert!(split([(0, 1.0), (1, 2.0)]).is_none(), "no draw has two runs");
        assert!(split([(0, 1.0), (0, 2.0)]).is_none(), "one draw");
        assert!(split([(0, 1.0), (0, 1.0), (1, 1.0), (1, 1.0)]).is_none(), "nothing varies");
        assert!(split([(0, f64::NAN), (0, 1.0), (1, f64::INFINITY)]).is_none());
    }

    #[test]
    fn runs_that_share_all_count_once() {
        assert_eq!((effective(100, 2, 1.0), effective(100, 2, 0.0), effective(100, 1, 0.7)), (50.0, 100.0, 100.0));
    }
}
