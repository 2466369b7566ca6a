//! Customers: OUIs, their keys and their credits.

use super::{
    PriceForm,
    bytes::PublicKey,
    error::CoverageError,
    event::CoverageEvent,
    rows::{CoverageTotals, Oui},
    service::Coverage,
};
use crate::context::Context;
use depin_economy::{Money, USD};
use depin_quantity::{Address, Units};

impl Context<'_, Coverage> {
    /// OUIs are numbered from 1, as they are in the field. Order of refusals: price, fee, credits.
    pub(super) fn open_oui(
        &mut self,
        sender: Address,
        keys: &[PublicKey],
        credits: Units,
        price: Option<Money>,
    ) -> Result<(), CoverageError> {
        self.check_price(price)?;
        let oui = self.state().get::<CoverageTotals>(&()).unwrap_or_default().ouis + 1;
        self.take_opening(sender)?;
        self.open_credits(oui, sender, credits)?;
        let row = Oui {
            owner: sender,
            keys: keys.to_vec(),
            since: self.now(),
            price,
            balance: credits,
            pending: Units::ZERO,
            disabled: false,
            charging: false,
            routes: 0,
            claims: 0,
            refused: 0,
            unanswered: 0,
            packets: 0,
            spent: Units::ZERO,
        };
        self.totals(|totals| totals.ouis += 1);
        self.emit(CoverageEvent::OuiOpened { oui, owner: sender, credits });
        self.keep_gate(oui, row)
    }

    /// Refuses a price where the network sets it, none where it does not, and one in another currency.
    fn check_price(&self, price: Option<Money>) -> Result<(), CoverageError> {
        let rules = &self.params().rules;
        let wanted = match rules.form {
            PriceForm::Network => None,
            PriceForm::Agreed => Some(rules.currency),
            PriceForm::Dollars => Some(USD),
        };
        let fits = price.map(|price| price.currency) == wanted && price.is_none_or(|price| price.amount.get() > 0);
        if fits { Ok(()) } else { Err(CoverageError::Price(wanted)) }
    }

    pub(super) fn add_credits(&mut self, sender: Address, oui: u32, credits: Units) -> Result<(), CoverageError> {
        let mut row = self.own_oui(sender, oui)?;
        self.raise_credits(oui, sender, credits)?;
        row.balance = row.balance.plus(credits)?;
        self.emit(CoverageEvent::CreditsAdded { oui, owner: sender, credits, balance: row.balance });
        self.keep_gate(oui, row)
    }

    /// Switches an OUI off that has too little, and on again when it has enough; writes it.
    ///
    /// One without a minimum is never off. What is pending does not count against one that resumes (8.11 of the facts): its next
    /// packet does.
    pub(super) fn keep_gate(&mut self, oui: u32, mut row: Oui) -> Result<(), CoverageError> {
        let minimum = Units::new(self.params().gate.map_or(0, |gate| gate.minimum).into());
        let (owner, left) = (row.owner, row.balance.minus_or_zero(row.pending));
        if row.disabled && row.balance >= minimum {
            row.disabled = false;
            self.totals(|totals| totals.disabled = totals.disabled.saturating_sub(1));
            self.emit(CoverageEvent::OuiResumed { oui, owner });
        } else if !row.disabled && row.balance < minimum {
            self.disable(oui, &mut row, left, minimum);
        }
        self.state().put(&oui, &row);
        Ok(())
    }

    /// Switches an OUI off; the caller writes it.
    pub(super) fn disable(&mut self, oui: u32, row: &mut Oui, left: Units, minimum: Units) {
        row.disabled = true;
        self.totals(|totals| totals.disabled += 1);
        self.emit(CoverageEvent::OuiDisabled { oui, owner: row.owner, left, minimum });
    }

    /// Order of refusals: OUI, owner, closed, routes, claims, what it owes.
    pub(super) fn close_oui(&mut self, sender: Address, oui: u32) -> Result<(), CoverageError> {
        let mut row = self.own_oui(sender, oui)?;
        let (routes, claims, owed) = (row.routes, row.claims, row.pending);
        if row.keys.is_empty() {
            return Err(CoverageError::OuiClosed(oui));
        }
        if routes > 0 || claims > 0 || owed > Units::ZERO {
            return Err(CoverageError::OuiInUse { oui, routes, claims, owed });
        }
        let credits = row.balance;
        self.give_back_credits(oui, credits)?;
        row.keys.clear();
        row.balance = Units::ZERO;
        self.emit(CoverageEvent::OuiClosed { oui, owner: sender, credits });
        self.keep_gate(oui, row)
    }

    pub(super) fn set_keys(&mut self, sender: Address, oui: u32, keys: &[PublicKey]) -> Result<(), CoverageError> {
        let mut row = self.own_oui(sender, oui)?;
        keys.clone_into(&mut row.keys);
        self.state().put(&oui, &row);
        self.emit(CoverageEvent::OuiKeysChanged { oui, owner: sender });
        Ok(())
    }
}
