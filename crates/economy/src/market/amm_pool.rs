//! An AMM pool: a constant-product pool of two tokens, kept as an account of the book. The only way to convert one token into
//! another, live and simulated.
//!
//! In: funds of its owners, swaps of anyone. Out: tokens both ways; every rounding stays with the AMM pool, so the product of its
//! reserves per share never falls. Absent on purpose: routes, orders, concentrated ranges.

use crate::{
    Account, Limit, Reason, Refusal, Topic, book,
    market::rows::{AmmPoolRow, AmmPoolShareRow},
    params::AmmPoolRule,
    session::work::{Work, declared},
};
use depin_quantity::{Address, Name, QuantityError, Rounding, Share, Units};
use ruint::aliases::U256;

/// What a swap of `given` gives: `net = given - ceil(given * fee)`, `out = floor(theirs * net / (ours + net))`.
///
/// - Units: base units of the given token for `given` and `ours`, of the other for `theirs` and the result.
/// - Rounding: the fee up and the result down, both for the AMM pool, so `ours * theirs` never falls.
/// - Source: constant product, Uniswap v2 core.
pub fn swap_gives(given: Units, ours: Units, theirs: Units, fee: Share) -> Result<Units, QuantityError> {
    let net = given.minus(fee.of(given, Rounding::Up)?)?;
    theirs.mul_div(net.get(), ours.plus(net)?.get(), Rounding::Down)
}

/// Shares for a first funding: `floor(sqrt(a * b))`.
pub fn first_shares(a: Units, b: Units) -> u128 {
    let product = U256::from(a.get()) * U256::from(b.get());
    product.root(2).wrapping_to()
}

impl Work<'_> {
    fn amm_pool_rule(&self, name: Name) -> Result<AmmPoolRule, Refusal> {
        declared(self.spec.amm_pool(name), Topic::AmmPool, name)
    }

    /// What an AMM pool holds of its two tokens.
    pub fn reserves(&self, name: Name, rule: &AmmPoolRule) -> (Units, Units) {
        let held = |token| book::balance(self.state.as_read(), Account::AmmPool(name), token);
        (held(rule.tokens.0), held(rule.tokens.1))
    }

    /// Adds funds for shares. The first funding sets the price; a later one takes at most `a` and `b` in the AMM pool's proportion:
    /// `shares = floor(all * min(a / reserve_a, b / reserve_b))`, each part taken is rounded up.
    pub fn fund_amm_pool(&mut self, owner: Address, name: Name, a: Units, b: Units) -> Result<u128, Refusal> {
        let rule = self.amm_pool_rule(name)?;
        let all = self.state.get::<AmmPoolRow>(&name).map_or(0, |row| row.shares);
        let (reserve_a, reserve_b) = self.reserves(name, &rule);
        let (shares, a, b) = if all == 0 {
            (first_shares(a, b), a, b)
        } else {
            let of = |given: Units, reserve: Units| Units::new(all).mul_div(given.get(), reserve.get(), Rounding::Down);
            let shares = of(a, reserve_a)?.min(of(b, reserve_b)?).get();
            let part = |reserve: Units| reserve.mul_div(shares, all, Rounding::Up);
            (shares, part(reserve_a)?, part(reserve_b)?)
        };
        if shares == 0 {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::GivesNothing });
        }
        self.post(rule.tokens.0, Account::Wallet(owner), Account::AmmPool(name), a, Reason::AmmPoolFunded)?;
        self.post(rule.tokens.1, Account::Wallet(owner), Account::AmmPool(name), b, Reason::AmmPoolFunded)?;
        let own = self.state.get::<AmmPoolShareRow>(&(name, owner)).map_or(0, |row| row.shares);
        self.put_shares(name, owner, all.checked_add(shares).ok_or(Refusal::TooLarge)?, own + shares);
        Ok(shares)
    }

    /// Takes `shares` out: of each reserve `floor(reserve * shares / all)`.
    pub fn withdraw_amm_pool(&mut self, owner: Address, name: Name, shares: u128) -> Result<(Units, Units), Refusal> {
        let rule = self.amm_pool_rule(name)?;
        let all = self.state.get::<AmmPoolRow>(&name).map_or(0, |row| row.shares);
        let own = self.state.get::<AmmPoolShareRow>(&(name, owner)).map_or(0, |row| row.shares);
        if shares == 0 {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
        }
        if shares > own {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AtMost(Units::new(own)) });
        }
        let (reserve_a, reserve_b) = self.reserves(name, &rule);
        let a = reserve_a.mul_div(shares, all, Rounding::Down)?;
        let b = reserve_b.mul_div(shares, all, Rounding::Down)?;
        self.post(rule.tokens.0, Account::AmmPool(name), Account::Wallet(owner), a, Reason::AmmPoolWithdrawn)?;
        self.post(rule.tokens.1, Account::AmmPool(name), Account::Wallet(owner), b, Reason::AmmPoolWithdrawn)?;
        self.put_shares(name, owner, all - shares, own - shares);
        Ok((a, b))
    }

    fn put_shares(&mut self, name: Name, owner: Address, all: u128, own: u128) {
        if all == 0 {
            self.state.delete::<AmmPoolRow>(&name);
        } else {
            self.state.put(&name, &AmmPoolRow { shares: all });
        }
        if own == 0 {
            self.state.delete::<AmmPoolShareRow>(&(name, owner));
        } else {
            self.state.put(&(name, owner), &AmmPoolShareRow { shares: own });
        }
    }

    /// Gives `given` of `token` and takes the other token, at least `least` of it.
    pub fn swap(&mut self, who: Address, name: Name, token: Name, given: Units, least: Units) -> Result<Units, Refusal> {
        let rule = self.amm_pool_rule(name)?;
        let (reserve_a, reserve_b) = self.reserves(name, &rule);
        let (other, ours, theirs) = match rule.tokens {
            (a, b) if token == a => (b, reserve_a, reserve_b),
            (a, b) if token == b => (a, reserve_b, reserve_a),
            _ => return Err(Refusal::Unbound { what: Topic::Token, name: token }),
        };
        self.owes_nothing(who, token)?;
        let gives = if ours.is_zero() { Units::ZERO } else { swap_gives(given, ours, theirs, rule.fee)? };
        if gives.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::GivesNothing });
        }
        if gives < least {
            return Err(Refusal::Slippage { gives, least });
        }
        self.post(token, Account::Wallet(who), Account::AmmPool(name), given, Reason::Swap)?;
        self.post(other, Account::AmmPool(name), Account::Wallet(who), gives, Reason::Swap)?;
        Ok(gives)
    }
}
