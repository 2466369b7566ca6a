//! How far two pictures are from each other: the share of pixels that differ to the eye, and the peak signal-to-noise ratio.
//!
//! Like builds on like processors give the same pixels, and nothing is compared but hashes. This is for what is left: builds that ought to
//! give the same picture and round otherwise. The bounds come from measurements, which docs/rendering-limits.md has.

use super::{Pixels, Samples};

/// A pixel differs when one of its channels is further apart than this, in 255ths.
const LEVELS: u8 = 2;
/// Pixels that are looked at in one go.
const PART: usize = 1_024;

/// What two pictures are to each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The share of pixels of which a channel is more than 2/255 apart: 0 to 1.
    pub differing: f64,
    /// Peak signal-to-noise ratio of all values, decibels; infinite when they are the same.
    pub psnr: f64,
}

/// How far two pictures may be from each other and are still one frame of unlike builds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The most that may differ.
    pub differing_most: f64,
    /// The least decibels.
    pub psnr_least: f64,
}

impl Bounds {
    /// From measurements with Cycles and Mitsuba: see docs/rendering-limits.md.
    pub const MEASURED: Self = Self { differing_most: 0.001, psnr_least: 70.0 };

    /// Whether two pictures are alike.
    pub fn are_alike(&self, comparison: &Comparison) -> bool {
        comparison.differing <= self.differing_most && comparison.psnr >= self.psnr_least
    }
}

/// Compares two pictures; none when they differ in size, channels or depth, which no two renders of a frame do.
///
/// Floats are compared by `v / (1 + |v|)`, so that what is brighter than white counts little; what is no number is as far as can be from
/// any number.
pub fn compare(a: &Pixels, b: &Pixels) -> Option<Comparison> {
    if (a.width, a.height, a.channels) != (b.width, b.height, b.channels) {
        return None;
    }
    let size = usize::from(a.channels);
    let (differing, squares) = match (&a.samples, &b.samples) {
        (Samples::Eight(a), Samples::Eight(b)) => {
            let (differing, squares) = eight(a, b, size);
            (differing, squares as f64 / (255.0 * 255.0))
        }
        (Samples::Sixteen(a), Samples::Sixteen(b)) => apart(a, b, size, |a, b| f64::from(a.abs_diff(b)) / f64::from(u16::MAX)),
        (Samples::Float(a), Samples::Float(b)) => apart(a, b, size, floats_apart),
        _ => return None,
    };
    let pixels = f64::from(a.width) * f64::from(a.height);
    let mean = squares / (pixels * size as f64);
    Some(Comparison {
        differing: differing as f64 / pixels,
        psnr: if mean == 0.0 { f64::INFINITY } else { -10.0 * mean.log10() },
    })
}

fn floats_apart(a: f32, b: f32) -> f64 {
    if a.to_bits() == b.to_bits() {
        return 0.0;
    }
    if a.is_nan() || b.is_nan() {
        return 1.0;
    }
    let shown = |v: f32| if v.is_infinite() { f64::from(v.signum()) } else { f64::from(v) / (1.0 + f64::from(v.abs())) };
    (shown(a) - shown(b)).abs()
}

/// Pixels that differ, and the sum of squares of differences, of a whole of 1.
fn apart<T: Copy>(a: &[T], b: &[T], size: usize, distance: impl Fn(T, T) -> f64) -> (u64, f64) {
    let limit = f64::from(LEVELS) / 255.0;
    let (mut differing, mut squares) = (0, 0.0);
    for (a, b) in a.chunks_exact(size).zip(b.chunks_exact(size)) {
        let mut worst = 0.0_f64;
        for (a, b) in a.iter().zip(b) {
            let distance = distance(*a, *b);
            worst = worst.max(distance);
            squares += distance * distance;
        }
        differing += u64::from(worst > limit);
    }
    (differing, squares)
}

/// As [`apart`], exactly and fast: part by part, so that what is the same is passed over and the rest is counted by vectors.
fn eight(a: &[u8], b: &[u8], size: usize) -> (u64, u64) {
    match size {
        1 => parts::<1>(a, b),
        2 => parts::<2>(a, b),
        3 => parts::<3>(a, b),
        _ => parts::<4>(a, b),
    }
}

fn parts<const CHANNELS: usize>(a: &[u8], b: &[u8]) -> (u64, u64) {
    let (mut differing, mut squares) = (0, 0);
    for (a, b) in a.chunks(PART * CHANNELS).zip(b.chunks(PART * CHANNELS)) {
        if a == b {
            continue;
        }
        // 4,096 squares of a byte fit 32 bits.
        let sum: u32 = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum();
        squares += u64::from(sum);
        differing += differing_pixels::<CHANNELS>(a, b);
    }
    (differing, squares)
}

/// Two passes, since a compiler makes vectors of the first only.
fn differing_pixels<const CHANNELS: usize>(a: &[u8], b: &[u8]) -> u64 {
    let mut far = [0u8; PART * 4];
    for ((far, a), b) in far.iter_mut().zip(a).zip(b) {
        *far = u8::from(a.abs_diff(*b) > LEVELS);
    }
    let pixels = far[..a.len()].as_chunks::<CHANNELS>().0;
    pixels.iter().map(|pixel| u64::from(pixel.iter().fold(0, |any, far| any | far))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn picture(channels: u8, values: &[u8]) -> Pixels {
        Pixels::eight((values.len() / usize::from(channels)) as u32, 1, channels, values.to_vec()).unwrap()
    }

    #[test]
    fn pixels_that_are_two_levels_apart_are_the_same_to_the_eye_and_not_to_the_ratio() {
        let found = compare(&picture(3, &[10; 6]), &picture(3, &[12, 10, 10, 13, 10, 10])).unwrap();
        assert_eq!(found.differing, 0.5);
        // Squares 4 and 9 of six values: 65025 * 6 / 13.
        assert!((found.psnr - 10.0 * (65_025.0_f64 * 6.0 / 13.0).log10()).abs() < 1e-9);
        let same = compare(&picture(3, &[10; 6]), &picture(3, &[10; 6])).unwrap();
        assert_eq!(same, Comparison { differing: 0.0, psnr: f64::INFINITY });
        assert!(Bounds::MEASURED.are_alike(&same) && !Bounds::MEASURED.are_alike(&found));
    }

    #[test]
    fn pictures_of_other_sizes_are_not_compared() {
        let a = picture(3, &[0; 12]);
        assert!(compare(&a, &picture(4, &[0; 12])).is_none() && compare(&a, &picture(3, &[0; 9])).is_none());
        assert!(compare(&a, &Pixels::float(4, 1, 3, vec![0.0; 12]).unwrap()).is_none());
    }

    #[test]
    fn floats_beyond_white_count_little_and_what_is_no_number_counts_whole() {
        let float = |value| Pixels::float(1, 1, 1, vec![value]).unwrap();
        let differs = |a, b| compare(&float(a), &float(b)).unwrap().differing > 0.0;
        assert!(!differs(1000.0, 1010.0) && differs(0.1, 0.2) && differs(f32::NAN, 0.0) && differs(f32::INFINITY, 0.0));
        assert!(!differs(f32::NAN, f32::NAN) && !differs(f32::INFINITY, f32::INFINITY));
        assert_eq!(compare(&float(f32::NAN), &float(1.0)).unwrap().psnr, 0.0);
    }

    proptest! {
        /// The fast way says the same as the plain one.
        #[test]
        fn vectors_count_as_a_loop_does(channels in 1usize..=4, pixels in 1usize..3000, seed: u64) {
            let mut state = seed | 1;
            let mut values = |_| { state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1); (state >> 56) as u8 };
            let a: Vec<u8> = (0..pixels * channels).map(&mut values).collect();
            let b: Vec<u8> = a.iter().enumerate().map(|(n, v)| if n % 7 == 0 { v.wrapping_add(values(n) % 5) } else { *v }).collect();
            let plain = apart(&a, &b, channels, |a, b| f64::from(a.abs_diff(b)) / 255.0);
            let (differing, squares) = eight(&a, &b, channels);
            prop_assert_eq!(differing, plain.0);
            prop_assert!((squares as f64 / 65_025.0 - plain.1).abs() < 1e-6);
        }
    }
}
