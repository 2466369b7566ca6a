//! Some agents' values of one column, in one vector.

use pulp::Simd;
use std::ops::{Add, Div, Mul, Sub};

/// Values of neighbouring agents.
#[derive(Clone, Copy)]
pub struct Lanes<S: Simd> {
    pub(super) simd: S,
    pub(super) values: S::f64s,
}

/// Which of neighbouring agents.
#[derive(Clone, Copy)]
pub struct Mask<S: Simd> {
    simd: S,
    set: S::m64s,
}

impl<S: Simd> Lanes<S> {
    /// The same value for all.
    #[inline(always)]
    pub fn splat(simd: S, value: f64) -> Self {
        Self { simd, values: simd.splat_f64s(value) }
    }

    /// The same value for as many agents as these are.
    #[inline(always)]
    pub fn all(self, value: f64) -> Self {
        Self::splat(self.simd, value)
    }

    /// Whose value is smaller than the other's; nobody's that is not a number.
    #[inline(always)]
    pub fn less(self, other: Self) -> Mask<S> {
        Mask { simd: self.simd, set: self.simd.less_than_f64s(self.values, other.values) }
    }

    /// Whose value is at least the other's; nobody's that is not a number.
    #[inline(always)]
    pub fn at_least(self, other: Self) -> Mask<S> {
        Mask { simd: self.simd, set: self.simd.greater_than_or_equal_f64s(self.values, other.values) }
    }
}

impl<S: Simd> Mask<S> {
    /// `yes` for those that are meant, `no` for the others.
    #[inline(always)]
    pub fn select(self, yes: Lanes<S>, no: Lanes<S>) -> Lanes<S> {
        Lanes { simd: self.simd, values: self.simd.select_f64s(self.set, yes.values, no.values) }
    }

    /// `values` for those that are meant, zero for the others.
    #[inline(always)]
    pub fn keep(self, values: Lanes<S>) -> Lanes<S> {
        self.select(values, values.all(0.0))
    }

    /// Zero for those that are meant, `values` for the others.
    #[inline(always)]
    pub fn clear(self, values: Lanes<S>) -> Lanes<S> {
        self.select(values.all(0.0), values)
    }
}

macro_rules! operator {
    ($operator:ident, $method:ident, $of_vectors:ident) => {
        impl<S: Simd> $operator for Lanes<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self { simd: self.simd, values: self.simd.$of_vectors(self.values, other.values) }
            }
        }

        impl<S: Simd> $operator<f64> for Lanes<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: f64) -> Self {
                self.$method(self.all(other))
            }
        }
    };
}

operator!(Add, add, add_f64s);
operator!(Sub, sub, sub_f64s);
operator!(Mul, mul, mul_f64s);
operator!(Div, div, div_f64s);
