//! Credits of customers, what packets cost, and who earns them.
//!
//! A customer's credits lie in an escrow of its OUI's. Each packet is counted as owed to the owner of the hotspot; what is owed is
//! charged by owner, at once or, where the file has a gate, when it comes to a batch. Whether a charge is burnt or paid to the owner is the
//! network's file's.

use super::{
    due::Job,
    error::CoverageError,
    event::CoverageEvent,
    names::{PACKET, PACKET_UNITS},
    rows::{Oui, Pending},
    service::Coverage,
};
use crate::context::Context;
use depin_economy::{
    Accrued, ChargeRecord, Component, Components, EscrowRecord, Money, PaymentSource, Price, Reads, Record, Refusal,
};
use depin_quantity::{Address, Decimal18, Measured, Span, UnitId, Units};

/// Owners whose charges one job takes.
const CHARGED_AT_ONCE: usize = 16;

/// The escrow of an OUI.
pub(super) fn escrow_of(oui: u32) -> UnitId {
    UnitId::derive("depin-coverage-oui", &[&oui.to_be_bytes()])
}

/// What so many units cost at a customer's price, as the economy wants to hear it.
fn units_price(each: Option<Money>, units: u128) -> Result<Price, CoverageError> {
    Ok(match each {
        None => Price::Measured(Component { metric: PACKET_UNITS, quantity: Measured::new(units) }),
        Some(Money { currency, amount }) => Price::Agreed(Money { currency, amount: amount.times(units)? }),
    })
}

/// What a unit of a packet costs an OUI now, in base units of what packets are paid in; none while a price that it depends on is not there.
pub fn unit_cost(service: &Coverage, reads: &Reads<'_>, oui: &Oui) -> Option<Units> {
    let price = units_price(oui.price, 1).ok()?;
    reads.quote_charge(PACKET, Some(service.params.rules.currency), price).ok().map(|(_, units)| units)
}

impl Context<'_, Coverage> {
    fn money(&self, amount: Units) -> Result<Money, CoverageError> {
        let rules = &self.params().rules;
        let grain = 10u128.pow(18 - u32::from(rules.decimals.min(18)));
        Ok(Money { currency: rules.currency, amount: Decimal18::new(amount.times(grain)?.get()) })
    }

    /// Opens the escrow of an OUI.
    pub(super) fn open_credits(&mut self, oui: u32, owner: Address, credits: Units) -> Result<(), CoverageError> {
        let deposit = self.money(credits)?;
        self.send(Record::Escrow(EscrowRecord::Open { id: escrow_of(oui), kind: PACKET, owner, deposit })).map(drop)
    }

    /// Puts more into it.
    pub(super) fn raise_credits(&mut self, oui: u32, from: Address, credits: Units) -> Result<(), CoverageError> {
        let deposit = self.money(credits)?;
        self.send(Record::Escrow(EscrowRecord::Deposit { id: escrow_of(oui), from, deposit })).map(drop)
    }

    /// Gives credits of an OUI back to its owner.
    pub(super) fn give_back_credits(&mut self, oui: u32, credits: Units) -> Result<(), CoverageError> {
        if credits.is_zero() {
            return Ok(());
        }
        let amount = self.money(credits)?;
        self.send(Record::Escrow(EscrowRecord::Refund { id: escrow_of(oui), amount })).map(drop)
    }

    /// What so many units of packets cost now at a customer's price.
    pub(super) fn quote(&self, each: Option<Money>, units: u64) -> Result<Units, CoverageError> {
        let currency = Some(self.params().rules.currency);
        Ok(self.quote_charge(PACKET, currency, units_price(each, units.into())?)?.1)
    }

    /// What a hotspot accrued.
    pub(super) fn earn(&mut self, owner: Address, hotspot: Address, units: u64) -> Result<(), CoverageError> {
        if units == 0 || !self.params().rules.packets_earn {
            return Ok(());
        }
        let components = Components::one(Component { metric: PACKET_UNITS, quantity: Measured::new(units.into()) });
        self.send(Record::Accrued(Accrued { subject: Self::unit(owner, hotspot), components })).map(drop)
    }

    /// Counts what an OUI owes for packets of an owner's hotspots.
    pub(super) fn owe(&mut self, oui: u32, owner: Address, units: u64, cost: Units) -> Result<(), CoverageError> {
        if units == 0 {
            return Ok(());
        }
        let mut pending = self.state().get::<Pending>(&(oui, owner)).unwrap_or_default();
        pending.units = pending.units.saturating_add(units.into());
        pending.amount = pending.amount.plus(cost)?;
        self.state().put(&(oui, owner), &pending);
        Ok(())
    }

    /// Charges what an OUI owes for packets of one owner's hotspots; writes the OUI and gives it back.
    pub(super) fn charge_owner(&mut self, oui: u32, mut customer: Oui, to: Address) -> Result<Oui, CoverageError> {
        let Some(pending) = self.state().get::<Pending>(&(oui, to)) else {
            self.state().put(&oui, &customer);
            return Ok(customer);
        };
        let (from, currency) = (PaymentSource::Escrow(escrow_of(oui)), self.params().rules.currency);
        let price = units_price(customer.price, pending.units)?;
        let charged = self.send(Record::Charge(ChargeRecord::Now { kind: PACKET, from, to, currency: Some(currency), price }));
        let event = match charged {
            Ok(amount) => {
                customer.balance = customer.balance.minus(amount)?;
                customer.spent = customer.spent.plus(amount)?;
                self.totals(|totals| totals.spent = totals.spent.plus(amount).unwrap_or(totals.spent));
                CoverageEvent::CreditsCharged { oui, to, units: Measured::new(pending.units), amount, currency }
            }
            // A dated change of the file made packets dearer than the OUI could know.
            Err(CoverageError::Economy(Refusal::Underfunded { .. })) => {
                CoverageEvent::CreditsLacking { oui, to, units: Measured::new(pending.units) }
            }
            Err(error) => return Err(error),
        };
        customer.pending = customer.pending.minus_or_zero(pending.amount);
        self.state().delete::<Pending>(&(oui, to));
        self.state().put(&oui, &customer);
        self.emit(event);
        Ok(customer)
    }

    /// Charges what an OUI owes, some owners at a time; gives how many.
    pub(super) fn charge_all(&mut self, oui: u32) -> Result<usize, CoverageError> {
        let mut customer = self.oui(oui)?;
        for charged in 0..CHARGED_AT_ONCE {
            let next = self.state().first_from::<Pending>(&(oui, Address::new([0; 32])));
            let Some(((_, to), _)) = next.filter(|((of, _), _)| *of == oui) else {
                customer.charging = false;
                self.state().put(&oui, &customer);
                return Ok(charged);
            };
            customer = self.charge_owner(oui, customer, to)?;
        }
        self.schedule(self.now().later(Span::from_millis(1)), Job::Charge(oui));
        Ok(CHARGED_AT_ONCE)
    }
}
