//! Products of matrices: what a step's processor does, and who computes it.

use crate::field::{element, multiply_add, reduce};

/// Rows and columns of a matrix.
pub const MATRIX_SIDE: usize = 16;
/// Elements of a matrix.
pub(crate) const ELEMENTS: usize = MATRIX_SIDE * MATRIX_SIDE;

/// A matrix of 16 by 16 elements modulo `2^64 - 2^32 + 1`, row by row, each below the modulus.
///
/// It is small so that neither Strassen's method (an eighth fewer products for a level, more sums) nor a cache makes another machine of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix([u64; ELEMENTS]);

impl Matrix {
    /// Takes words modulo the modulus.
    pub fn of_words(words: &[u64; ELEMENTS]) -> Self {
        Self(words.map(element))
    }

    /// Its elements, row by row.
    pub const fn elements(&self) -> &[u64; ELEMENTS] {
        &self.0
    }
}

/// Who multiplies: this processor, or an accelerator. What it computes is the same, bit by bit.
///
/// Only [`Processor`] is written. A kernel for graphics cards was **not written and not run**: no card was there to run it on, and an
/// adapter that computes on the processor proves nothing about one.
pub trait Kernel: Sync {
    /// What it is, for people.
    fn name(&self) -> String;

    /// `x(rounds)`, where `x(0) = a` and `x(k+1) = (x(k) · b)² + a`; square and sum element by element.
    ///
    /// The square keeps rounds from being one product by a power of `b`.
    fn iterate(&self, a: &Matrix, b: &Matrix, rounds: u32) -> Matrix;
}

/// The processor's own kernel, one thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Processor;

impl Kernel for Processor {
    fn name(&self) -> String {
        format!("processor ({})", std::env::consts::ARCH)
    }

    fn iterate(&self, a: &Matrix, b: &Matrix, rounds: u32) -> Matrix {
        // Columns of `b` as rows, so that both factors are read in order.
        let mut columns = [[0; MATRIX_SIDE]; MATRIX_SIDE];
        for (i, row) in b.0.chunks_exact(MATRIX_SIDE).enumerate() {
            for (column, element) in columns.iter_mut().zip(row) {
                column[i] = *element;
            }
        }
        let mut x = a.clone();
        for _ in 0..rounds {
            let mut next = [0; ELEMENTS];
            for ((row, next), a) in
                x.0.chunks_exact(MATRIX_SIDE).zip(next.chunks_exact_mut(MATRIX_SIDE)).zip(a.0.chunks_exact(MATRIX_SIDE))
            {
                for ((column, next), a) in columns.iter().zip(next).zip(a) {
                    let y = dot(row, column);
                    *next = multiply_add(y, y, *a);
                }
            }
            x = Matrix(next);
        }
        x
    }
}

/// The sum of 16 products. Halves of products are summed apart, so that one reduction is enough.
fn dot(row: &[u64], column: &[u64; MATRIX_SIDE]) -> u64 {
    let (mut low, mut high) = (0u128, 0u128);
    for (a, b) in row.iter().zip(column) {
        let product = u128::from(*a) * u128::from(*b);
        // At most 16 words each: below 2^68.
        low = low.wrapping_add(product as u64 as u128);
        high = high.wrapping_add(product >> 64);
    }
    reduce(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::MODULUS;
    use proptest::prelude::*;

    /// The rule in wide integers, written apart from the kernel.
    fn plain(a: &[u64; ELEMENTS], b: &[u64; ELEMENTS], rounds: u32) -> Vec<u128> {
        let modulus = u128::from(MODULUS);
        let a: Vec<u128> = a.iter().map(|word| u128::from(*word) % modulus).collect();
        let b: Vec<u128> = b.iter().map(|word| u128::from(*word) % modulus).collect();
        let mut x = a.clone();
        for _ in 0..rounds {
            x = (0..ELEMENTS)
                .map(|at| {
                    let (i, j) = (at / MATRIX_SIDE, at % MATRIX_SIDE);
                    let y = (0..MATRIX_SIDE)
                        .fold(0, |y, k| (y + x[i * MATRIX_SIDE + k] * b[k * MATRIX_SIDE + j] % modulus) % modulus);
                    (y * y % modulus + a[at]) % modulus
                })
                .collect();
        }
        x
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_processor_computes_the_rule(a in prop::collection::vec(any::<u64>(), ELEMENTS), b in prop::collection::vec(any::<u64>(), ELEMENTS), rounds in 0u32..4) {
            let (a, b) = (a.try_into().unwrap(), b.try_into().unwrap());
            let x = Processor.iterate(&Matrix::of_words(&a), &Matrix::of_words(&b), rounds);
            let x: Vec<u128> = x.elements().iter().map(|element| u128::from(*element)).collect();
            prop_assert_eq!(x, plain(&a, &b, rounds));
        }
    }

    #[test]
    fn elements_just_below_the_modulus_do_not_overflow() {
        let most = [MODULUS - 1; ELEMENTS];
        let x = Processor.iterate(&Matrix::of_words(&most), &Matrix::of_words(&most), 3);
        assert!(x.elements().iter().map(|element| u128::from(*element)).eq(plain(&most, &most, 3)));
    }
}
