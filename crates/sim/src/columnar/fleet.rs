//! Equally long columns of numbers, and one rule for all agents.

use super::Lanes;
use pulp::{Scalar, Simd};
use std::array::from_fn;

/// Agents whose sums are added up side by side, whatever the width of a vector: as many as the widest vector holds.
const ABREAST: usize = 8;

/// What one agent does in a step.
pub trait Rule<const P: usize, const K: usize, const N: usize> {
    /// From an agent's parameters and states to its new states and `N` numbers that are summed over all agents.
    fn step<S: Simd>(&self, parameters: [Lanes<S>; P], states: [Lanes<S>; K]) -> ([Lanes<S>; K], [Lanes<S>; N]);
}

/// Agents with `P` parameters and `K` states each.
#[derive(Clone, Debug, PartialEq)]
pub struct Fleet<const P: usize, const K: usize> {
    parameters: [Vec<f64>; P],
    states: [Vec<f64>; K],
    length: usize,
}

/// Columns of different lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a column has {found} agents, the first one {expected}; give every column one number per agent")]
pub struct LengthError {
    /// Length of the first column.
    pub expected: usize,
    /// Length of the other.
    pub found: usize,
}

impl<const P: usize, const K: usize> Fleet<P, K> {
    /// A fleet of these columns.
    ///
    /// # Errors
    /// Columns of different lengths.
    pub fn new(parameters: [Vec<f64>; P], states: [Vec<f64>; K]) -> Result<Self, LengthError> {
        let mut lengths = parameters.iter().chain(&states).map(Vec::len);
        let length = lengths.next().unwrap_or(0);
        match lengths.find(|other| *other != length) {
            Some(found) => Err(LengthError { expected: length, found }),
            None => Ok(Self { parameters, states, length }),
        }
    }

    /// How many agents there are.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// A state of all agents.
    pub fn state(&self, column: usize) -> &[f64] {
        &self.states[column]
    }

    /// A parameter of all agents.
    pub fn parameter(&self, column: usize) -> &[f64] {
        &self.parameters[column]
    }

    /// Every agent follows the rule once; gives the sums. Eight partial sums, of the agents whose number leaves the same rest by
    /// 8, are added up from the first agent to the last, then those from the first to the last: so no width changes a bit.
    #[inline(always)]
    pub fn update<S: Simd, R: Rule<P, K, N>, const N: usize>(&mut self, simd: S, rule: &R) -> [f64; N] {
        let mut sums = [[0.0; ABREAST]; N];
        let whole = self.length - self.length % ABREAST;
        self.vectors(simd, whole, rule, &mut sums);
        self.rest(whole, rule, &mut sums);
        sums.map(|partial| partial.into_iter().fold(0.0, |sum, each| sum + each))
    }

    /// The agents before `whole`, in vectors.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "iterators take closures, and those are not always inlined")]
    fn vectors<S: Simd, R: Rule<P, K, N>, const N: usize>(
        &mut self,
        simd: S,
        whole: usize,
        rule: &R,
        sums: &mut [[f64; ABREAST]; N],
    ) {
        let blocks = whole / ABREAST;
        let parameters = self.parameters.each_ref().map(|column| &column.as_chunks::<ABREAST>().0[..blocks]);
        let states = self.states.each_mut().map(|column| &mut column.as_chunks_mut::<ABREAST>().0[..blocks]);
        let abreast = ABREAST / S::F64_LANES;
        let zero = Lanes::splat(simd, 0.0);
        let mut totals = [[zero; ABREAST]; N];
        for block in 0..blocks {
            for place in 0..abreast {
                // What is not inlined here is not compiled for these vectors.
                let (mut own, mut now) = ([zero; P], [zero; K]);
                for column in 0..P {
                    own[column].values = S::as_simd_f64s(&parameters[column][block]).0[place];
                }
                for column in 0..K {
                    now[column].values = S::as_simd_f64s(&states[column][block]).0[place];
                }
                let (next, counted) = rule.step(own, now);
                for column in 0..K {
                    S::as_mut_simd_f64s(&mut states[column][block]).0[place] = next[column].values;
                }
                for sum in 0..N {
                    totals[sum][place] = totals[sum][place] + counted[sum];
                }
            }
        }
        for sum in 0..N {
            let places = S::as_mut_simd_f64s(&mut sums[sum]).0;
            for place in 0..abreast {
                places[place] = totals[sum][place].values;
            }
        }
    }

    /// The agents from `whole` on, one by one.
    fn rest<R: Rule<P, K, N>, const N: usize>(&mut self, whole: usize, rule: &R, sums: &mut [[f64; ABREAST]; N]) {
        let simd = Scalar::new();
        for at in whole..self.length {
            let lanes = |values| Lanes { simd, values };
            let own = from_fn(|column| lanes(self.parameters[column][at]));
            let (next, counted) = rule.step(own, from_fn(|column| lanes(self.states[column][at])));
            for (column, value) in self.states.iter_mut().zip(next) {
                column[at] = value.values;
            }
            for (sum, value) in sums.iter_mut().zip(counted) {
                sum[at - whole] += value.values;
            }
        }
    }
}
