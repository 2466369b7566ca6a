//! What a provider sets aside for a lease: less than it sold, when it counts on tenants not using it all.

use crate::resources::Quantity;
use depin_quantity::{Decimal18, Rounding, mul_div};

/// A factor that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an overcommitment of nothing divides by nothing; 1 sets aside what is sold")]
pub struct OvercommitError;

/// `value / factor` to the nearest, a half up, and at least 1; a factor of at most 1 leaves it as it is.
///
/// - Units: those of `value`.
/// - Errors: [`OvercommitError`] for a factor of zero.
/// - Source: provider `cluster/util`, which divides doubles; exact here, rule card AKT-SV-3.
pub fn reserved(value: Quantity, factor: Decimal18) -> Result<Quantity, OvercommitError> {
    if factor.is_zero() {
        return Err(OvercommitError);
    }
    if factor <= Decimal18::ONE {
        return Ok(value);
    }
    // Twice the value over the factor, cut, and half of it a half up: below 2^65 times 10^18 by at least 10^18.
    let halves = mul_div(u128::from(value.get()) * 2, Decimal18::ONE.get(), factor.get(), Rounding::Down).unwrap_or(u128::MAX);
    let nearest = u64::try_from(halves.div_ceil(2)).unwrap_or(u64::MAX);
    Ok(Quantity::new(nearest.max(1)))
}
