//! Prices drawn between bounds that hang on memory alone: upstream's strategy for tests.

use crate::group::{Group, Price};
use depin_quantity::{Decimal18, QuantityError};

/// Bounds of a price per block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRange {
    /// The lower one.
    pub min: Decimal18,
    /// The upper one: never above the order's price, unless the lower one is.
    pub max: Decimal18,
    /// The order's currency.
    pub denom: String,
}

/// Units per block for a GiB, at least and at most.
const MIN_PER_GIB: u128 = 50;
const MAX_PER_GIB: u128 = 1_048_576;
const GIB: u128 = 1 << 30;
/// The difference of the bounds is drawn in steps of so many parts of a unit.
const STEPS: u128 = 10_000;

/// The bounds for a group: 50 and 1,048,576 units a block for a GiB of memory of all replicas, whole and rounded down, each at least 1,
/// and the upper one at most the order's price. None for a group without units.
///
/// - Failure: past 128 bits, which no group that was checked comes near.
pub fn price_range(group: &Group) -> Result<Option<PriceRange>, QuantityError> {
    let Some(price) = group.price()? else { return Ok(None) };
    let memory: u128 =
        group.resources.iter().map(|unit| u128::from(unit.resources.memory.size.get()) * u128::from(unit.count)).sum();
    let whole = |units: u128| Decimal18::ONE.times(units.max(1));
    let min = whole(memory * MIN_PER_GIB / GIB)?;
    let most = memory * MAX_PER_GIB / GIB;
    let max = if most == 0 { Decimal18::ONE } else { whole(most)?.min(price.amount) };
    Ok(Some(PriceRange { min, max, denom: price.denom }))
}

impl PriceRange {
    /// How many prices can be drawn.
    pub fn draws(&self) -> u64 {
        let difference = self.max.get().saturating_sub(self.min.get());
        let steps = difference / (Decimal18::ONE.get() / STEPS);
        u64::try_from(steps.clamp(1, i64::MAX as u128)).unwrap_or(1)
    }

    /// The price of a draw, from 0 and below [`PriceRange::draws`]. As upstream, a step is a hundredth of a ten-thousandth, so only the
    /// lowest hundredth of the range is ever asked.
    pub fn price(&self, draw: u64) -> Price {
        let step = Decimal18::ONE.get() / STEPS / 100;
        let above = step.saturating_mul(u128::from(draw.min(self.draws() - 1)));
        let amount = if self.min == self.max { self.max } else { Decimal18::new(self.min.get().saturating_add(above)) };
        Price { denom: self.denom.clone(), amount }
    }
}
