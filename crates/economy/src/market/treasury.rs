//! Funds of the network: spending by a role, redemption along a curve, and a breaker that keeps either from being too fast.
//!
//! In: actions of the roles that keep a fund, and of holders who redeem. Out: tokens out of the fund; burnt tokens. Absent on purpose:
//! votes (whoever fills the role decides), and prices: a fund pays by its reserve and the supply of what is burnt alone.

use crate::{
    Account, Event, Limit, Reason, Refusal, Topic, book,
    params::{BreakerMost, BreakerRule, CURVE_MOST, TreasuryRule},
    rows::row,
    session::{
        rows::RoleRow,
        work::{Work, declared},
    },
};
use depin_quantity::{Address, Decimal18, Instant, Int, LOG_BITS, Name, QuantityError, Rounding, Units, exp_neg, ln};
use depin_state::ReadState;
use ruint::Uint;

row! {
    /// What went out of a fund lately: fund, token.
    0x91 (Name, Name) => OutflowRow {
        /// The sum, each part less what of it is forgotten.
        sum: Units,
        /// As of when.
        at: Instant,
    }
}
row! {
    /// A fund whose redemption is stopped.
    0x92 Name => FrozenRow {}
}

/// What burning `burned` of a supply of `supply` pays out of `reserve`: `floor(reserve * (1 - ((supply - burned) / supply)^(1 + curve)))`.
///
/// - Units: base units of each token; `curve` in 10^-18.
/// - Rounding: down. A whole curve is exact, by whole powers; zero is `floor(reserve * burned / supply)`. For others the power is `exp((1 + curve) * ln q)`
///   in 192 fractional bits, taken high by 2^-150, so what is paid is never more than the true value and less than it by at most
///   `reserve * 2^-149` and one base unit.
/// - Source: helium-program-library `programs/treasury-management`, redeem (facts: `R * ((S - dS) / S)^(1 + k) - R`; deployed with
///   k = 0). Deviation: upstream computes in 12 decimals.
/// - Errors: a burn of more than the supply; an empty supply.
pub fn redemption(reserve: Units, supply: Units, burned: Units, curve: Decimal18) -> Result<Units, QuantityError> {
    let left = supply.minus(burned)?;
    if left.is_zero() && !supply.is_zero() {
        return Ok(reserve);
    }
    if curve.is_zero() {
        return reserve.mul_div(burned.get(), supply.get(), Rounding::Down);
    }
    if curve.get().is_multiple_of(Decimal18::ONE.get()) && curve <= CURVE_MOST {
        return redemption_by_power(reserve, supply, left, 1 + curve.get() / Decimal18::ONE.get());
    }
    let exponent = Int::from(Decimal18::ONE.get()).plus(Int::from(curve.get()))?;
    let fall = ln(Int::from(supply.get()), Int::from(left.get()))?;
    let power = exp_neg(fall.times(exponent)?.div_floor(Int::from(Decimal18::ONE.get()))?)?;
    let one = Int::power_of_two(LOG_BITS)?;
    let high = power.plus(Int::power_of_two(LOG_BITS - 150)?)?;
    let gone = one.minus(high)?;
    if gone.is_negative() {
        return Ok(Units::ZERO);
    }
    let paid = Int::from(reserve.get()).times(gone)?.shr(LOG_BITS);
    paid.to_u128().map(Units::new)
}

/// A whole number that holds the sixteenth power of a supply times a reserve.
type Power = Uint<2304, 36>;

/// `floor(reserve * (supply^n - left^n) / supply^n)` for `left <= supply`, a supply above zero, and `n` of at most 16.
fn redemption_by_power(reserve: Units, supply: Units, left: Units, n: u128) -> Result<Units, QuantityError> {
    let power = |base: Units| (0..n).fold(Power::from(1), |product, _| product * Power::from(base.get()));
    let whole = power(supply);
    let paid = Power::from(reserve.get()) * (whole - power(left)) / whole;
    u128::try_from(paid).map(Units::new).map_err(|_| QuantityError::TooLarge)
}

/// What of an outflow is remembered: `floor(sum * (window - min(elapsed, window)) / window)`.
///
/// - Units: base units; milliseconds.
/// - Rounding: down.
/// - Source: helium-program-library `programs/circuit-breaker`, linear decay.
pub fn decayed(sum: Units, elapsed: u64, window: u64) -> Result<Units, QuantityError> {
    sum.mul_div((window - elapsed.min(window)).into(), window.into(), Rounding::Down)
}

/// What lately went out of a fund, at `now`.
pub fn outflow(state: &dyn ReadState, treasury: Name, token: Name, rule: &BreakerRule, now: Instant) -> Result<Units, Refusal> {
    let Some(row) = state.get::<OutflowRow>(&(treasury, token)) else { return Ok(Units::ZERO) };
    Ok(decayed(row.sum, now.since(row.at).get(), rule.window.get())?)
}

/// The most that may have gone out lately; `None` for a token that the breaker does not watch.
pub fn outflow_most(rule: &BreakerRule, token: Name, held: Units) -> Result<Option<Units>, Refusal> {
    Ok(match rule.most {
        BreakerMost::Share(share) => Some(share.of(held, Rounding::Down)?),
        BreakerMost::Amount(of, most) => (of == token).then_some(most),
    })
}

/// Whether redemption is stopped at `now`.
pub fn frozen(state: &dyn ReadState, treasury: Name, rule: &TreasuryRule, now: Instant) -> bool {
    rule.freeze_at.is_some_and(|at| now >= at) || state.has::<FrozenRow>(&treasury)
}

/// What a fund pays for `burned` at this state, before breaker and freeze.
pub fn redemption_now(state: &dyn ReadState, treasury: Name, rule: &TreasuryRule, burned: Units) -> Result<Units, Refusal> {
    let redeem = rule.redeem.ok_or(Refusal::Unbound { what: Topic::Treasury, name: treasury })?;
    let sums = book::supply(state, redeem.burns);
    let supply = sums.minted.minus_or_zero(sums.burned);
    if supply.is_zero() || burned > supply {
        return Err(Refusal::Underfunded { token: redeem.burns, needed: burned, has: supply });
    }
    Ok(redemption(book::balance(state, Account::Treasury(treasury), redeem.pays), supply, burned, redeem.curve)?)
}

impl Work<'_> {
    /// Burns tokens for a fund's part.
    ///
    /// Order of refusals: fund, stopped, amount, debt, supply, nothing to pay, less than asked, breaker, funds.
    pub fn redeem(&mut self, who: Address, treasury: Name, burned: Units, least: Units) -> Result<(Name, Units), Refusal> {
        let rule = declared(self.spec.treasury(treasury), Topic::Treasury, treasury)?;
        let redeem = rule.redeem.ok_or(Refusal::Unbound { what: Topic::Treasury, name: treasury })?;
        if frozen(self.state.as_read(), treasury, &rule, self.now) {
            return Err(Refusal::OutOfRange { what: Topic::Treasury, reason: Limit::Stopped });
        }
        if burned.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
        }
        self.owes_nothing(who, redeem.burns)?;
        let paid = redemption_now(self.state.as_read(), treasury, &rule, burned)?;
        if paid.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::GivesNothing });
        }
        if paid < least {
            return Err(Refusal::Slippage { gives: paid, least });
        }
        self.may_flow(treasury, &rule, redeem.pays, paid)?;
        self.post(redeem.burns, Account::Wallet(who), Account::Supply, burned, Reason::Redeemed)?;
        self.post(redeem.pays, Account::Treasury(treasury), Account::Wallet(who), paid, Reason::RedemptionPaid)?;
        self.emit(Event::Redeemed { treasury, party: who, burned, paid });
        Ok((redeem.pays, paid))
    }

    /// Spends out of a fund; only who fills its role may.
    pub fn spend(&mut self, who: Address, treasury: Name, token: Name, to: Address, amount: Units) -> Result<(), Refusal> {
        let rule = declared(self.spec.treasury(treasury), Topic::Treasury, treasury)?;
        declared(self.spec.token(token), Topic::Token, token)?;
        self.fills(who, rule.spends, treasury)?;
        if amount.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
        }
        self.may_flow(treasury, &rule, token, amount)?;
        self.post(token, Account::Treasury(treasury), Account::Wallet(to), amount, Reason::TreasurySpent)
    }

    /// Stops or resumes a fund's redemption; only who fills its role may.
    pub fn freeze(&mut self, who: Address, treasury: Name, stop: bool) -> Result<(), Refusal> {
        let rule = declared(self.spec.treasury(treasury), Topic::Treasury, treasury)?;
        self.fills(who, rule.freezes, treasury)?;
        if stop {
            self.state.put(&treasury, &FrozenRow {});
        } else {
            self.state.delete::<FrozenRow>(&treasury);
        }
        self.emit(Event::TreasuryFrozen { treasury, frozen: stop });
        Ok(())
    }

    fn fills(&self, who: Address, role: Option<Name>, otherwise: Name) -> Result<(), Refusal> {
        let filled = role.and_then(|role| self.state.get::<RoleRow>(&role)).is_some_and(|row| row.account == who);
        if filled { Ok(()) } else { Err(Refusal::NotAllowed { role: role.unwrap_or(otherwise) }) }
    }

    /// `sum' = amount + decayed(sum)`, refused above the threshold, which is counted on what the fund holds before.
    ///
    /// - Source: helium-program-library `programs/circuit-breaker`; HIP-77: at most 20 % of the reserve in 24 hours.
    fn may_flow(&mut self, treasury: Name, rule: &TreasuryRule, token: Name, amount: Units) -> Result<(), Refusal> {
        let Some(breaker) = rule.breaker else { return Ok(()) };
        let held = book::balance(self.state.as_read(), Account::Treasury(treasury), token);
        let Some(most) = outflow_most(&breaker, token, held)? else { return Ok(()) };
        let would = outflow(self.state.as_read(), treasury, token, &breaker, self.now)?.plus(amount)?;
        if would > most {
            return Err(Refusal::TooFast { token, would, most });
        }
        self.state.put(&(treasury, token), &OutflowRow { sum: would, at: self.now });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pays(reserve: u128, supply: u128, burned: u128, curve: &str) -> u128 {
        redemption(Units::new(reserve), Units::new(supply), Units::new(burned), Decimal18::parse(curve).unwrap()).unwrap().get()
    }

    #[test]
    fn no_curve_pays_in_proportion() {
        assert_eq!(pays(1_000, 300, 100, "0"), 333);
        assert_eq!(pays(1_000, 300, 300, "0"), 1_000);
        assert_eq!(pays(u128::MAX, u128::MAX, u128::MAX - 1, "0"), u128::MAX - 1);
    }

    #[test]
    fn whole_curves_agree_with_exact_fractions() {
        // 1 - (2/3)^2 = 5/9; 1 - (1/2)^3 = 7/8.
        assert_eq!(pays(9_000_000_000, 3, 1, "1"), 5_000_000_000);
        assert_eq!(pays(900_000_001, 3, 1, "1"), 500_000_000);
        assert_eq!(pays(8_000, 2, 1, "2"), 7_000);
        assert_eq!(pays(8_001, 2, 1, "2"), 7_000);
        assert_eq!(pays(u128::MAX, u128::MAX, u128::MAX - 1, "15"), u128::MAX - 1);
        assert_eq!(pays(u128::MAX, u128::MAX, 1, "15"), 15);
        assert_eq!(pays(10_u128.pow(30), 10, 10, "0.5"), 10_u128.pow(30));
    }

    /// Computed with 60-digit decimals by an independent program: floor(R * (1 - ((S - d) / S)^1.5)).
    #[test]
    fn broken_curves_agree_with_sixty_digit_decimals() {
        assert_eq!(pays(1_000_000_000_000_000_000, 1_000_000, 1, "0.5"), 1_499_999_624_999);
        assert_eq!(pays(123_456_789_012_345, 987_654_321, 123_456_789, "0.5"), 22_408_943_631_030);
    }

    #[test]
    fn what_went_out_is_forgotten_evenly() {
        let left = |elapsed| decayed(Units::new(1_000), elapsed, 86_400_000).unwrap().get();
        assert_eq!([left(0), left(21_600_000), left(86_399_999), left(86_400_000), left(u64::MAX)], [1_000, 750, 0, 0, 0]);
    }
}
