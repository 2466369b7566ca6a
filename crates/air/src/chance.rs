//! Numbers that look drawn and are not: the same seed and names give the same ones, in any order.

/// A seed, and names under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance(u64);

/// SplitMix64's last step: every bit of the input moves every bit of the output.
const fn mixed(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Chance {
    /// From a run's seed.
    pub const fn new(seed: u64) -> Self {
        Self(mixed(seed))
    }

    /// What belongs to a name under this one.
    #[must_use]
    pub const fn of(self, name: u64) -> Self {
        Self(mixed(self.0 ^ mixed(name)))
    }

    /// 64 bits.
    pub const fn bits(self) -> u64 {
        mixed(self.0)
    }

    /// Evenly from 0 to below 1, in steps of 2^-53.
    pub fn even(self) -> f64 {
        (self.bits() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// From the normal distribution with mean 0 and deviation 1 (Box and Muller), within 8.6 deviations.
    pub fn normal(self) -> f64 {
        let (radius, angle) = (1.0 - self.of(1).even(), self.of(2).even());
        libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(2.0 * core::f64::consts::PI * angle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_mean_zero_and_deviation_one() {
        let all: Vec<f64> = (0..20_000).map(|name| Chance::new(7).of(name).normal()).collect();
        let mean = all.iter().sum::<f64>() / 20_000.0;
        let variance = all.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        let within = all.iter().filter(|one| one.abs() < 1.0).count();
        assert!((13_300..14_000).contains(&within), "{within}");
    }

    #[test]
    fn names_and_seeds_decide_alone() {
        let chance = Chance::new(3);
        assert_eq!(chance.of(1).of(2).bits(), chance.of(1).of(2).bits());
        assert_ne!(chance.of(1).of(2).bits(), chance.of(2).of(1).bits());
        assert_ne!(Chance::new(4).bits(), chance.bits());
        assert!((0..1_000).all(|name| (0.0..1.0).contains(&chance.of(name).even())));
    }
}
