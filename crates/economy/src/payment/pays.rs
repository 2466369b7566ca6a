//! Where the parts of a payment go.
//!
//! In: an amount in an account, and the parts that the network file declares for it. Out: postings to the payee, the supply (a
//! burn), treasuries and pools, some of them through an AMM pool. Buying a token back is a part that is converted and then burnt.
//!
//! An AMM pool that cannot swap (nobody funded it, or the part is too small to give anything) never stops a payment and never sets a
//! price: the part waits in the treasury [`CONVERSIONS`], a row says where it belongs, and anybody may convert it later.

use crate::{
    Account, Event, PayPart, PayTo, Reason, Refusal, Topic,
    market::amm_pool::swap_gives,
    payment::rows::{ConversionRow, UsageRow},
    reward::rows::GaugeRow,
    session::work::{Work, found},
};
use depin_quantity::{Address, Measured, Name, Rounding, Units};
use depin_state::ReadState;
use std::convert::Infallible;

/// The treasury where parts wait that no AMM pool could convert.
pub const CONVERSIONS: Name = Name::literal("conversions");

/// Most waiting parts that one [`crate::Action::ConvertWaiting`] works.
pub const CONVERSIONS_MOST: usize = 16;

/// A payment that is to be split.
#[derive(Clone, Copy)]
pub struct Payment {
    /// The kind of stream, charge or fee, for the sums of what was paid and burnt.
    pub kind: Name,
    /// In what.
    pub token: Name,
    /// Where the money is.
    pub from: Account,
    /// Who gets the payee's part.
    pub payee: Address,
    /// How much.
    pub amount: Units,
    /// Why, for the payee's part.
    pub reason: Reason,
}

/// The parts of `amount`, in the order of `parts`: `floor(share * amount)` for each but the first, which takes what is left.
///
/// - Units: base units.
/// - Rounding: down for all but the first, so that they sum to the whole and no part but the first is larger than its share.
/// - Source: akash-network/node `x/take/keeper`: fee = trunc(amount * rate), earnings = amount - fee.
pub fn split(amount: Units, parts: &[PayPart]) -> Result<Vec<Units>, Refusal> {
    let mut amounts = vec![amount; parts.len()];
    for (i, part) in parts.iter().enumerate().skip(1) {
        amounts[i] = part.share.of(amount, Rounding::Down)?;
        amounts[0] = amounts[0].minus(amounts[i])?;
    }
    Ok(amounts)
}

const NO_USAGE: UsageRow = UsageRow { paid: Units::ZERO, burnt: Units::ZERO };

/// The sum of what is counted for people: it ends growing at what 128 bits hold, and no rule reads it.
pub fn counted(a: Units, b: Units) -> Units {
    a.plus(b).unwrap_or(Units::new(u128::MAX))
}

/// What was ever paid and burnt for a kind of stream, charge or fee in a token.
pub fn usage(state: &dyn ReadState, kind: Name, token: Name) -> UsageRow {
    state.get(&(kind, token)).unwrap_or(NO_USAGE)
}

/// Whether parts go straight to where they belong: nothing of them is converted, and none feeds a pool.
pub fn go_straight(parts: &[PayPart]) -> bool {
    parts.iter().all(|part| part.convert.is_none() && !matches!(part.to, PayTo::Pool(_)))
}

/// The account that a part goes to, and why.
fn destination(payment: &Payment, to: PayTo) -> (Account, Reason) {
    let revenue = |reason| if payment.reason == Reason::ServiceFee { Reason::ServiceFee } else { reason };
    match to {
        PayTo::Payee => (Account::Wallet(payment.payee), payment.reason),
        PayTo::Burn => (Account::Supply, revenue(Reason::RevenueBurnt)),
        PayTo::Treasury(name) => (Account::Treasury(name), revenue(Reason::RevenueShared)),
        PayTo::Pool(name) => (Account::Pool(name), revenue(Reason::RevenueShared)),
    }
}

impl Work<'_> {
    /// Splits a payment among its parts. The amount must be in `payment.from`; nothing happens for zero.
    pub fn pay_parts(&mut self, payment: &Payment, parts: &[PayPart]) -> Result<(), Refusal> {
        if payment.amount.is_zero() {
            return Ok(());
        }
        let mut burnt = Units::ZERO;
        let amounts = if parts.len() == 1 { None } else { Some(split(payment.amount, parts)?) };
        for (i, part) in parts.iter().enumerate() {
            let amount = amounts.as_ref().map_or(payment.amount, |amounts| amounts[i]);
            match part.convert {
                _ if amount.is_zero() => {}
                Some(amm_pool) => self.convert_part(payment, part.to, amm_pool, amount)?,
                None => {
                    self.deliver(payment, part.to, payment.token, payment.from, amount)?;
                    if part.to == PayTo::Burn {
                        burnt = burnt.plus(amount)?;
                    }
                }
            }
        }
        self.count_paid(payment.kind, payment.token, payment.amount, burnt);
        Ok(())
    }

    /// Takes a payment out of a wallet and sends its parts, which go straight; gives what is burnt. Who calls this counts what was paid.
    /// Order of refusals: debt, funds.
    pub fn pay_straight(&mut self, payer: Address, payment: &Payment, parts: &[PayPart]) -> Result<Units, Refusal> {
        let Payment { token, from, amount, .. } = *payment;
        self.take_from_wallet(payer, token, amount)?;
        let amounts = if parts.len() == 1 { None } else { Some(split(amount, parts)?) };
        let mut burnt = Units::ZERO;
        for (i, part) in parts.iter().enumerate() {
            let amount = amounts.as_ref().map_or(amount, |amounts| amounts[i]);
            let (to, reason) = destination(payment, part.to);
            if !amount.is_zero() {
                self.credit(token, to, amount)?;
                self.emit(Event::Posting { token, from, to, amount, reason });
            }
            if part.to == PayTo::Burn {
                burnt = burnt.plus(amount)?;
            }
        }
        Ok(burnt)
    }

    /// Counts what was paid, and what of it was burnt, for a kind.
    pub fn count_paid(&mut self, kind: Name, token: Name, paid: Units, burnt: Units) {
        self.count_usage(kind, token, paid, burnt);
        self.count_burnt(kind, burnt);
    }

    /// Adds what a charge burnt of the token that it was paid in to the gauge that its kind counts in.
    fn count_burnt(&mut self, kind: Name, burnt: Units) {
        if burnt.is_zero() {
            return;
        }
        let Some(key) = self.spec.charge(kind).and_then(|rule| rule.counts) else { return };
        let before = self.state.get::<GaugeRow>(&key).map_or(Measured::ZERO, |row| row.value);
        let value = before.plus(Measured::new(burnt.get())).unwrap_or(Measured::new(u128::MAX));
        self.state.put(&key, &GaugeRow { value, at: self.now });
    }

    fn count_usage(&mut self, kind: Name, token: Name, paid: Units, burnt: Units) {
        let add = |row: Option<UsageRow>| {
            let row = row.unwrap_or(NO_USAGE);
            Ok::<_, Infallible>(UsageRow { paid: counted(row.paid, paid), burnt: counted(row.burnt, burnt) })
        };
        let Ok(()) = self.state.change(&(kind, token), add);
    }

    /// Sends `amount` of `token` from `from` to where a part goes.
    fn deliver(&mut self, payment: &Payment, to: PayTo, token: Name, from: Account, amount: Units) -> Result<(), Refusal> {
        let (account, reason) = destination(payment, to);
        self.post(token, from, account, amount, reason)?;
        if let PayTo::Pool(name) = to { self.fund_pool(name, amount) } else { Ok(()) }
    }

    /// Swaps a part and sends what comes out on its way. Without a swap it waits; a payee's part is paid as it is.
    fn convert_part(&mut self, payment: &Payment, to: PayTo, amm_pool: Name, amount: Units) -> Result<(), Refusal> {
        let token = payment.token;
        if let Some((other, gives)) = self.swap_part(amm_pool, token, payment.from, amount)? {
            self.deliver(payment, to, other, Account::AmmPool(amm_pool), gives)?;
            self.emit(Event::Converted { amm_pool, token, given: amount, got: other, gives });
            if to == PayTo::Burn {
                self.count_usage(payment.kind, other, Units::ZERO, gives);
            }
            return Ok(());
        }
        let Some((tag, target)) = label(to) else {
            return self.post(token, payment.from, Account::Wallet(payment.payee), amount, payment.reason);
        };
        let key = (amm_pool, token, tag, target);
        let waiting = self.state.get::<ConversionRow>(&key).map_or(Units::ZERO, |row| row.amount).plus(amount)?;
        self.post(token, payment.from, Account::Treasury(CONVERSIONS), amount, Reason::ConversionWaits)?;
        self.state.put(&key, &ConversionRow { amount: waiting });
        self.emit(Event::ConversionWaits { amm_pool, token, amount, waiting });
        Ok(())
    }

    /// Puts `given` into an AMM pool; gives the other token and how much of it may be taken out. `None`, and nothing moved, when
    /// there is nothing to take.
    fn swap_part(&mut self, amm_pool: Name, token: Name, from: Account, given: Units) -> Result<Option<(Name, Units)>, Refusal> {
        let rule = found(self.spec.amm_pool(amm_pool), Topic::AmmPool, amm_pool)?;
        let (a, b) = self.reserves(amm_pool, rule);
        let (other, ours, theirs) = if token == rule.tokens.0 { (rule.tokens.1, a, b) } else { (rule.tokens.0, b, a) };
        let gives = if ours.is_zero() { Units::ZERO } else { swap_gives(given, ours, theirs, rule.fee)? };
        if gives.is_zero() {
            return Ok(None);
        }
        self.post(token, from, Account::AmmPool(amm_pool), given, Reason::Swap)?;
        Ok(Some((other, gives)))
    }

    /// Converts what waits for an AMM pool, at most [`CONVERSIONS_MOST`] parts; gives what was converted of each token.
    ///
    /// - Errors: unknown AMM pool; nothing waits, or the AMM pool still gives nothing.
    pub fn convert_waiting(&mut self, amm_pool: Name) -> Result<Vec<(Name, Units)>, Refusal> {
        found(self.spec.amm_pool(amm_pool), Topic::AmmPool, amm_pool)?;
        let rows: Vec<_> = self.state.as_read().rows_with::<ConversionRow>(&amm_pool).take(CONVERSIONS_MOST).collect();
        let mut converted = Vec::new();
        for ((_, token, tag, target), row) in rows {
            let from = Account::Treasury(CONVERSIONS);
            let Some((other, gives)) = self.swap_part(amm_pool, token, from, row.amount)? else { continue };
            self.state.delete::<ConversionRow>(&(amm_pool, token, tag, target));
            match tag {
                TREASURY => {
                    self.post(other, Account::AmmPool(amm_pool), Account::Treasury(target), gives, Reason::RevenueShared)?
                }
                POOL => {
                    self.post(other, Account::AmmPool(amm_pool), Account::Pool(target), gives, Reason::RevenueShared)?;
                    self.fund_pool(target, gives)?;
                }
                _ => self.post(other, Account::AmmPool(amm_pool), Account::Supply, gives, Reason::RevenueBurnt)?,
            }
            self.emit(Event::Converted { amm_pool, token, given: row.amount, got: other, gives });
            converted.push((token, row.amount));
        }
        if converted.is_empty() {
            return Err(Refusal::OutOfRange { what: Topic::Amount, reason: crate::Limit::GivesNothing });
        }
        Ok(converted)
    }
}

const BURN: u8 = 0;
const TREASURY: u8 = 1;
const POOL: u8 = 2;

/// A destination as a part of a key; a payee's part never waits.
fn label(to: PayTo) -> Option<(u8, Name)> {
    match to {
        PayTo::Payee => None,
        PayTo::Burn => Some((BURN, CONVERSIONS)),
        PayTo::Treasury(name) => Some((TREASURY, name)),
        PayTo::Pool(name) => Some((POOL, name)),
    }
}
