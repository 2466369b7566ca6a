//! What units and disputes would cost now. Nothing here writes.

use super::{
    PriceForm,
    error::MeteredError,
    names::{DISPUTE, ORDER, UNITS},
    params::MeteredParams,
    records::contested_price,
    rows::Operator,
};
use depin_economy::{Component, Money, Price, Reads};
use depin_quantity::{Decimal18, Measured, Name, QuantityError, Units};

/// The price of so many units: agreed, or what the network's own price is counted on.
///
/// # Errors
/// When it does not fit 128 bits.
pub(super) fn price_of(each: Option<Money>, units: u64) -> Result<Price, QuantityError> {
    let Some(each) = each else {
        return Ok(Price::Measured(Component { metric: UNITS, quantity: Measured::new(units.into()) }));
    };
    let amount = each.amount.get().checked_mul(units.into()).ok_or(QuantityError::TooLarge)?;
    Ok(Price::Agreed(Money { currency: each.currency, amount: Decimal18::new(amount) }))
}

impl MeteredParams {
    /// Refuses a currency that orders are not paid in.
    ///
    /// # Errors
    /// [`MeteredError::Currency`].
    pub(super) fn check_currency(&self, currency: Name) -> Result<(), MeteredError> {
        if self.decimals(currency).is_some() {
            return Ok(());
        }
        let known = self.rules.currencies.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>().join(", ");
        Err(MeteredError::Currency { given: currency, known })
    }

    /// What an operator asks for a unit of an order that is paid in `currency`; none where the network sets the price.
    ///
    /// # Errors
    /// [`MeteredError::Currency`]; [`MeteredError::Ask`] when the operator asks for no price in it.
    pub fn ask_of(&self, operator: &Operator, currency: Name) -> Result<Option<Money>, MeteredError> {
        self.check_currency(currency)?;
        if self.rules.form == PriceForm::Network {
            return Ok(None);
        }
        let asked_in = self.asked_in(currency);
        let ask = operator.asks.iter().find(|ask| ask.currency == asked_in).copied();
        ask.map(Some).ok_or_else(|| {
            MeteredError::Ask(format!("the operator asks for no price in {asked_in}; choose a currency that it takes"))
        })
    }

    /// What one batch of `units` of an operator would cost now, and in what: `currency`, or the usual one.
    ///
    /// # Errors
    /// Too many units or none; another currency; no ask in it; a stale price.
    pub fn quote(
        &self,
        reads: &Reads<'_>,
        operator: &Operator,
        currency: Option<Name>,
        units: u64,
    ) -> Result<(Name, Units), MeteredError> {
        if units == 0 || units > self.units_most {
            return Err(MeteredError::Units { given: units, most: self.units_most });
        }
        let first = self.rules.currencies.first().map(|(name, _)| *name);
        let currency = currency.or(first).ok_or(MeteredError::Cap)?;
        let price = price_of(self.ask_of(operator, currency)?, units)?;
        Ok(reads.quote_charge(ORDER, Some(currency), price)?)
    }

    /// What either side of a dispute would put up now, and in what, when the contested units of an order that is paid in `currency` cost
    /// `value`.
    ///
    /// # Errors
    /// A network without disputes; a stale price.
    pub fn deposit(&self, reads: &Reads<'_>, currency: Name, value: Units) -> Result<(Name, Units), MeteredError> {
        let rule = self.rules.deposit.filter(|_| self.disputes.is_some()).ok_or(MeteredError::NoDisputes)?;
        Ok(reads.quote_charge(DISPUTE, None, contested_price(rule.basis(currency, value)))?)
    }
}
