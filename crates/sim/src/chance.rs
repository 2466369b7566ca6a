//! Chance: numbers that depend on who asks for what, and on nothing else.
//!
//! In: a run, a purpose, an agent, a step. Out: the number that belongs to them. No generator moves on from call to call, so the order
//! of questions changes nothing, one more agent shifts no other's luck, and runs under different treatments share theirs.

use crate::RunKey;

/// What a random number is for. Numbers of different purposes have nothing to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Drawing an assumption from its range; the step is the figure's number.
    Assumption = 1,
    /// How much dearer or cheaper than its class a provider runs.
    Cost = 2,
    /// How much more or less patient than its class a provider is.
    Patience = 3,
    /// How much more or less a provider asks of an entry than its class.
    Hurdle = 4,
    /// Whether somebody looks at the network today.
    Attention = 5,
    /// The noise of a segment's demand.
    Demand = 6,
    /// An exogenous price.
    Price = 7,
    /// What speculators think.
    Opinion = 8,
    /// How many devices a provider has.
    Size = 10,
    /// Futures of a forecast of demand.
    Forecast = 11,
    /// Whether a false claim is found out.
    Check = 12,
    /// Whether a bill is paid in a stablecoin.
    Currency = 13,
    /// On which day of its week and its term somebody acts.
    Phase = 9,
}

/// The chance of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    run: u64,
}

/// The finalizer of SplitMix64: every bit of the result depends on every bit of `x`.
pub(crate) const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The step of SplitMix64, an odd number without a pattern.
pub(crate) const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Chance {
    /// The chance of a run.
    pub const fn new(key: RunKey) -> Self {
        Self { run: mix(mix(key.seed.wrapping_add(GAMMA)) ^ (key.run as u64).wrapping_mul(GAMMA)) }
    }

    /// Sixty-four bits: the words are mixed in one by one, each by the finalizer of SplitMix64.
    pub const fn bits(&self, purpose: Purpose, agent: u64, step: u64) -> u64 {
        let mut x = mix(self.run.wrapping_add((purpose as u64).wrapping_mul(GAMMA)));
        x = mix((x ^ agent).wrapping_add(GAMMA));
        mix((x ^ step).wrapping_add(GAMMA))
    }

    /// Evenly from 0 to below 1, in steps of 2^-53.
    pub fn even(&self, purpose: Purpose, agent: u64, step: u64) -> f64 {
        (self.bits(purpose, agent, step) >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Normal with mean 0 and variance 1, by Box and Muller: `sqrt(-2 ln u) cos(2 pi v)` with `u` above 0.
    pub fn normal(&self, purpose: Purpose, agent: u64, step: u64) -> f64 {
        let bits = self.bits(purpose, agent, step);
        let u = ((bits >> 11) as f64 + 1.0) * (1.0 / 9_007_199_254_740_992.0);
        let v = (mix(bits.wrapping_add(GAMMA)) >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0);
        (-2.0 * libm::log(u)).sqrt() * libm::cos(2.0 * std::f64::consts::PI * v)
    }

    /// A factor around 1 whose logarithm is normal with this standard deviation.
    pub fn factor(&self, purpose: Purpose, agent: u64, deviation: f64) -> f64 {
        libm::exp(deviation * self.normal(purpose, agent, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANCE: Chance = Chance::new(RunKey { seed: 7, run: 3 });

    #[test]
    fn a_number_depends_on_run_purpose_agent_and_step_alone() {
        let one = CHANCE.bits(Purpose::Cost, 5, 9);
        assert_eq!(one, Chance::new(RunKey { seed: 7, run: 3 }).bits(Purpose::Cost, 5, 9));
        let others = [
            Chance::new(RunKey { seed: 8, run: 3 }).bits(Purpose::Cost, 5, 9),
            Chance::new(RunKey { seed: 7, run: 4 }).bits(Purpose::Cost, 5, 9),
            CHANCE.bits(Purpose::Hurdle, 5, 9),
            CHANCE.bits(Purpose::Cost, 6, 9),
            CHANCE.bits(Purpose::Cost, 5, 10),
        ];
        assert!(others.iter().all(|other| *other != one));
    }

    /// The first numbers of a run, so that another machine, or a later version, is found out when it draws others.
    #[test]
    fn the_numbers_are_these() {
        let chance = Chance::new(RunKey { seed: 1, run: 0 });
        assert_eq!(chance.bits(Purpose::Demand, 0, 0), GOLDEN.0);
        assert_eq!(chance.normal(Purpose::Demand, 1, 2).to_bits(), GOLDEN.1);
    }
    const GOLDEN: (u64, u64) = (5_514_368_490_131_148_701, 13_829_528_320_472_345_882);

    #[test]
    fn even_and_normal_numbers_have_their_mean_and_variance() {
        let n = 20_000u64;
        let (mut even, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for step in 0..n {
            even += CHANCE.even(Purpose::Price, 1, step);
            let z = CHANCE.normal(Purpose::Price, 1, step);
            sum += z;
            squares += z * z;
        }
        let n = n as f64;
        assert!((even / n - 0.5).abs() < 0.01, "{}", even / n);
        assert!((sum / n).abs() < 0.03 && (squares / n - 1.0).abs() < 0.05, "{} {}", sum / n, squares / n);
    }
}
