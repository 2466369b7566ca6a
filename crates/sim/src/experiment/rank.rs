//! Which assumptions move a figure: correlation of ranks.

use crate::chance::{GAMMA, mix};

/// Shuffles that say what luck does.
const SHUFFLES: usize = 2_000;
/// Fewer values than this are shuffled into every order too often to tell anything.
const LEAST: usize = 8;

/// Ranks of a sample from 0, ties by their mean.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let alike = order[from..].iter().take_while(|at| values[**at] == values[order[from]]).count();
        // What is no number equals nothing, itself included.
        let alike = alike.max(1);
        let rank = from as f64 + (alike as f64 - 1.0) / 2.0;
        order[from..from + alike].iter().for_each(|at| ranks[*at] = rank);
        from += alike;
    }
    ranks
}

/// Pearson's correlation; none where one of the two does not vary or fewer than three pairs are there. Of two samples' [`ranks`], it is
/// Spearman's rank correlation: 1 where one always rises with the other, -1 where it falls, whatever the shape.
pub fn correlation(first: &[f64], second: &[f64]) -> Option<f64> {
    let n = first.len().min(second.len());
    if n < 3 {
        return None;
    }
    let mean = |values: &[f64]| values[..n].iter().sum::<f64>() / n as f64;
    let (mean_first, mean_second) = (mean(first), mean(second));
    let (mut both, mut of_first, mut of_second) = (0.0, 0.0, 0.0);
    for (a, b) in first[..n].iter().zip(&second[..n]) {
        let (a, b) = (a - mean_first, b - mean_second);
        both += a * b;
        of_first += a * a;
        of_second += b * b;
    }
    let whole = (of_first * of_second).sqrt();
    (whole > 0.0).then(|| (both / whole).clamp(-1.0, 1.0))
}

/// Standard error of a rank correlation over `n` independent pairs.
///
/// - Formula: `sqrt((1 + r^2 / 2) / (n - 3)) (1 - r^2)`.
/// - Source: D. G. Bonett, T. A. Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman correlations", 2000,
///   carried from Fisher's scale to that of the correlation.
pub fn error(correlation: f64, n: f64) -> Option<f64> {
    let square = correlation * correlation;
    (n > 3.0).then(|| ((1.0 + square / 2.0) / (n - 3.0)).sqrt() * (1.0 - square))
}

/// How far a correlation of ranks reaches by luck: the share `luck` of shuffles of a figure's ranks has one with some assumption of `ranks`
/// that is larger. It counts how many assumptions are looked at, and what of them go together. One where nothing can be told.
///
/// The shuffles are the same for the same numbers on every machine.
pub fn luck(ranks: &[Vec<f64>], luck: f64) -> f64 {
    let n = ranks.first().map_or(0, Vec::len);
    if n < LEAST {
        return 1.0;
    }
    let mut order: Vec<f64> = (0..n).map(|rank| rank as f64).collect();
    let mut largest: Vec<f64> = (0..SHUFFLES)
        .map(|shuffle| {
            for at in (1..n).rev() {
                let number = mix(mix((shuffle as u64).wrapping_mul(GAMMA)) ^ at as u64);
                order.swap(at, (number % (at as u64 + 1)) as usize);
            }
            ranks.iter().filter_map(|ranks| correlation(&order, ranks)).map(f64::abs).fold(0.0, f64::max)
        })
        .collect();
    largest.sort_by(f64::total_cmp);
    largest[(((1.0 - luck) * SHUFFLES as f64) as usize).min(SHUFFLES - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(ranks(&[10.0, 20.0, 10.0, 5.0]), [1.5, 3.0, 1.5, 0.0]);
        assert_eq!(ranks(&[f64::INFINITY, 1.0, f64::INFINITY]), [1.5, 0.0, 1.5]);
    }

    #[test]
    fn what_rises_in_any_shape_correlates_wholly() {
        let x: [f64; 5] = [1.0, 2.0, 3.0, 4.0, 5.0];
        let cube = x.map(|x| x * x * x);
        assert_eq!(correlation(&ranks(&x), &ranks(&cube)), Some(1.0));
        assert_eq!(correlation(&ranks(&x), &ranks(&cube.map(|y| -y))), Some(-1.0));
        assert_eq!(correlation(&x, &[1.0; 5]), None);
        assert_eq!(correlation(&x[..2], &x[..2]), None);
    }

    /// scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) = 0.8208
    #[test]
    fn it_is_spearmans() {
        let r = correlation(&ranks(&[1.0, 2.0, 3.0, 4.0, 5.0]), &ranks(&[5.0, 6.0, 7.0, 8.0, 7.0])).unwrap();
        assert!((r - 0.820_782_681).abs() < 1e-9, "{r}");
    }

    /// Of figures that depend on nothing, one in twenty has an assumption that stands out of thirty, whatever the number of draws.
    #[test]
    fn luck_alone_stands_out_once_in_twenty() {
        for n in [10, 20, 50] {
            let column = |seed: u64| -> Vec<f64> { (0..n).map(|at| mix(mix(seed) ^ (at as u64 + 1)) as f64).collect() };
            let assumptions: Vec<Vec<f64>> = (0..30).map(|at| ranks(&column(1_000 + at))).collect();
            let bound = luck(&assumptions, 0.05);
            let figures = 400;
            let out = (0..figures)
                .filter(|figure| {
                    let own = ranks(&column(1_000_000 + figure));
                    assumptions.iter().any(|ranks| correlation(&own, ranks).is_some_and(|r| r.abs() > bound))
                })
                .count();
            assert!((6..=36).contains(&out), "{out} of {figures} with {n} draws, above {bound}");
        }
        assert_eq!(luck(&[vec![0.0, 1.0, 2.0, 3.0]], 0.05), 1.0);
    }

    #[test]
    fn its_error_shrinks_with_the_pairs() {
        assert!((error(0.0, 103.0).unwrap() - 0.1).abs() < 1e-12);
        assert_eq!((error(1.0, 100.0), error(0.5, 3.0)), (Some(0.0), None));
    }
}
