//! Dollars in tokens: what an amount of dollars costs at the oracle's price, or in credits.
//!
//! In: an amount of dollars and a rule for the rate. Out: base units, rounded for whoever receives them. A stale price refuses:
//! nothing is guessed.

use crate::{Refusal, Spec, Topic, UsdRate, market::price::price_now, session::work::found};
use depin_quantity::{Decimal18, Instant, Name, QuantityError, Rounding, Units, mul_div_wide};
use depin_state::ReadState;
use ruint::aliases::U256;

/// What `usd` costs in base units of a token with `decimals` places when one whole token is worth `price`.
///
/// `usd * 10^decimals / price`.
///
/// - Units: dollars in 10^-18 for `usd` and `price`; base units for the result.
/// - Rounding: as named; up for what is burnt or paid.
/// - Source: helium-program-library `data-credits/mint_data_credits_v0.rs`, with the opposite rounding (there the buyer gains less
///   than one base unit).
pub fn units_for_usd(usd: Decimal18, price: Decimal18, decimals: u8, rounding: Rounding) -> Result<Units, QuantityError> {
    let scale = U256::from(10).pow(U256::from(decimals));
    Ok(Units::new(mul_div_wide(usd.get(), scale, U256::from(price.get()), rounding)?))
}

/// What one whole token is worth in dollars.
pub fn usd_price(spec: &Spec, state: &dyn ReadState, rate: UsdRate, now: Instant) -> Result<Decimal18, Refusal> {
    match rate {
        UsdRate::Fixed(usd) => Ok(usd),
        UsdRate::Pair(pair) => Ok(price_now(state, pair, found(spec.price(pair), Topic::Pair, pair)?, now)?.price),
    }
}

/// What `usd` costs in `token`, rounded up.
pub fn cost_in(
    spec: &Spec,
    state: &dyn ReadState,
    now: Instant,
    token: Name,
    usd: Decimal18,
    rate: UsdRate,
) -> Result<Units, Refusal> {
    let price = usd_price(spec, state, rate, now)?;
    Ok(units_for_usd(usd, price, spec.token_of(token).decimals, Rounding::Up)?)
}
