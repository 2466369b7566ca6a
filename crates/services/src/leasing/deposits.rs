//! Deposits out of wallets, and out of wallets of others that granted it.

use super::{
    error::LeasingError,
    event::LeasingEvent,
    ids::DeploymentId,
    message::{Deposit, DepositSource},
    rows::{Found, IndexKey},
    service::Leasing,
};
use crate::context::Context;
use depin_economy::{Limit, Money, Refusal, Topic};
use depin_quantity::{Address, Decimal18, Name, Units};

impl Context<'_, Leasing> {
    /// Lets somebody deposit out of the sender's wallet, up to an amount, or no longer. Only where deposits go back to whoever made them.
    pub(super) fn grant(&mut self, granter: Address, grantee: Address, limit: Option<Money>) -> Result<(), LeasingError> {
        let key = IndexKey::Grant(granter, grantee);
        match limit {
            Some(limit) => {
                let rules = &self.params().rules;
                if !rules.returns_deposits {
                    return Err(LeasingError::NoGrants);
                }
                if rules.decimals(limit.currency).is_none() {
                    return Err(LeasingError::GrantCurrency(limit.currency));
                }
                self.list(key, Found::Grant(limit.currency, limit.amount));
            }
            None => self.unlist(key),
        }
        self.emit(LeasingEvent::GrantChanged { granter, grantee });
        Ok(())
    }

    /// Opens the escrow of a new deployment. The first source must give the least that the network asks for, since it opens the escrow.
    pub(super) fn first_deposit(&mut self, sender: Address, id: DeploymentId, deposit: &Deposit) -> Result<Units, LeasingError> {
        let Money { currency, amount } = deposit.amount;
        if self.is_of_balance(deposit)? {
            return self.open_escrow(id, deposit.amount);
        }
        // What the balance gives opens the escrow, where it is a source; grants fill it up.
        let from_balance = deposit.sources.contains(&DepositSource::Balance);
        let opened = match self.open_escrow(id, Money { currency, amount: if from_balance { amount } else { Decimal18::ZERO } }) {
            Err(LeasingError::Economy(Refusal::Underfunded { has, .. })) => {
                let has = self.money(currency, has)?;
                self.open_escrow(id, has)?
            }
            opened => opened?,
        };
        let rest = self.less(deposit.amount, opened)?;
        let granted = self.take_grants(sender, id, rest, &deposit.sources)?;
        Ok(opened.plus(granted)?)
    }

    /// More money for the escrow of a deployment; gives how much of it the escrow took, which is less where it only settled a debt.
    pub(super) fn more_deposit(&mut self, sender: Address, id: DeploymentId, deposit: &Deposit) -> Result<Units, LeasingError> {
        let Money { currency, .. } = deposit.amount;
        if self.is_of_balance(deposit)? {
            return self.raise_escrow(id, sender, deposit.amount);
        }
        let mut rest = deposit.amount;
        let mut taken = Units::ZERO;
        if deposit.sources.contains(&DepositSource::Balance) {
            let part = match self.raise_escrow(id, sender, rest) {
                Err(LeasingError::Economy(Refusal::Underfunded { has, .. })) if has.is_zero() => Units::ZERO,
                Err(LeasingError::Economy(Refusal::Underfunded { has, .. })) => {
                    let has = self.money(currency, has)?;
                    self.raise_escrow(id, sender, has)?
                }
                part => part?,
            };
            rest = self.less(rest, part)?;
            taken = taken.plus(part)?;
        }
        let granted = self.take_grants(sender, id, rest, &deposit.sources)?;
        Ok(taken.plus(granted)?)
    }

    /// Whether a deposit needs no grants; refuses grants where nobody may use them.
    fn is_of_balance(&self, deposit: &Deposit) -> Result<bool, LeasingError> {
        let granted = deposit.sources.iter().any(|source| matches!(source, DepositSource::Grant(_)));
        if granted && !self.params().rules.returns_deposits {
            return Err(LeasingError::NoGrants);
        }
        Ok(!granted)
    }

    /// `money` without so many base units of it.
    fn less(&self, money: Money, units: Units) -> Result<Money, LeasingError> {
        let gone = self.money(money.currency, units)?.amount;
        Ok(Money { amount: money.amount.minus_or_zero(gone), ..money })
    }

    /// Takes `rest` out of grants in their order, each up to what is left of it and what its wallet has.
    fn take_grants(
        &mut self,
        sender: Address,
        id: DeploymentId,
        mut rest: Money,
        sources: &[DepositSource],
    ) -> Result<Units, LeasingError> {
        let mut taken = Units::ZERO;
        for source in sources {
            let DepositSource::Grant(granter) = *source else { continue };
            if rest.amount.is_zero() {
                break;
            }
            let part = self.take_grant(sender, id, granter, rest)?;
            rest = self.less(rest, part)?;
            taken = taken.plus(part)?;
        }
        if rest.amount.is_zero() {
            return Ok(taken);
        }
        let places = 18 - self.params().rules.decimals(rest.currency).unwrap_or(18).min(18);
        Err(LeasingError::SourcesShort {
            currency: rest.currency,
            missing: rest.amount.get().div_ceil(10u128.pow(places.into())),
        })
    }

    fn take_grant(&mut self, grantee: Address, id: DeploymentId, granter: Address, most: Money) -> Result<Units, LeasingError> {
        let (key, currency) = (IndexKey::Grant(granter, grantee), most.currency);
        let left = match self.find(key) {
            Some(Found::Grant(granted, left)) if granted == currency => left,
            _ => return Err(LeasingError::UnknownGrant { granter, grantee, currency }),
        };
        let whole = self.whole(currency, left.min(most.amount));
        let taken = match self.raise_escrow(id, granter, Money { currency, amount: whole }) {
            Err(LeasingError::Economy(Refusal::Underfunded { has, .. })) if !has.is_zero() => {
                let has = self.money(currency, has)?;
                self.raise_escrow(id, granter, has)?
            }
            Err(LeasingError::Economy(
                Refusal::Underfunded { .. } | Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero },
            )) => Units::ZERO,
            taken => taken?,
        };
        let left = left.minus_or_zero(self.money(currency, taken)?.amount);
        if left.is_zero() {
            self.unlist(key);
        } else {
            self.list(key, Found::Grant(currency, left));
        }
        Ok(taken)
    }

    /// An amount without what is finer than a base unit of its currency.
    fn whole(&self, currency: Name, amount: Decimal18) -> Decimal18 {
        let places = 18 - self.params().rules.decimals(currency).unwrap_or(18).min(18);
        let step = 10u128.pow(places.into());
        Decimal18::new(amount.get() / step * step)
    }
}
