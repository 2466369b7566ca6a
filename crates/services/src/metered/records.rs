//! What the service says to the economy, one function a happening, and the rows that all messages work with.

use super::{
    error::MeteredError,
    event::Parties,
    names::{CONTESTED, DISPUTE, OPERATOR, OPERATORS, ORDER, REGISTRATION, SPENT, UNITS},
    params::MeteredParams,
    rows::{Batch, MeteredTotals, Operator, Order},
    service::Metered,
};
use crate::context::Context;
use depin_economy::{
    Accrued, ChargeRecord, Component, Components, Current, EscrowRecord, Fault, FeeRecord, Money, PaymentSource, PledgeRecord,
    Price, Record, Refusal, Register, Subject, Topic,
};
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, Span, UnitId, Units};

/// The pledge of an operator has no agreed end; rules that ask for one get this.
const NO_END: Instant = Instant::new(253_402_300_799_999);

/// The side of a dispute that a deposit is of.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Customer,
    Operator,
}

/// The id under which a side's deposit is held.
fn deposit_id(batch: UnitId, side: Side) -> UnitId {
    let side: &[u8] = match side {
        Side::Customer => b"customer",
        Side::Operator => b"operator",
    };
    UnitId::derive("depin-metered-deposit", &[&batch.get(), side])
}

impl<'a> Context<'a, Metered> {
    pub(super) const fn params(&self) -> &'a MeteredParams {
        &self.service().params
    }

    pub(super) fn operator(&mut self, address: Address) -> Result<Operator, MeteredError> {
        self.state().get::<Operator>(&address).ok_or(MeteredError::UnknownOperator(address))
    }

    pub(super) fn order(&mut self, id: UnitId) -> Result<Order, MeteredError> {
        self.state().get::<Order>(&id).ok_or(MeteredError::UnknownOrder(id))
    }

    pub(super) fn batch(&mut self, id: UnitId) -> Result<Batch, MeteredError> {
        self.state().get::<Batch>(&id).ok_or(MeteredError::UnknownBatch(id))
    }

    pub(super) fn totals(&mut self, change: impl FnOnce(&mut MeteredTotals)) {
        let mut totals = self.state().get::<MeteredTotals>(&()).unwrap_or_default();
        change(&mut totals);
        self.state().put(&(), &totals);
    }

    /// Sends a record; returns the amount it moved.
    fn send(&mut self, record: Record) -> Result<Units, MeteredError> {
        Ok(self.record(&record)?.moved)
    }

    pub(super) fn register_subject(&mut self, operator: Address) -> Result<(), MeteredError> {
        self.send(Record::Register(Register { subject: Subject::Party(operator), phase: 0 })).map(drop)
    }

    pub(super) fn take_registration(&mut self, operator: Address) -> Result<(), MeteredError> {
        if !self.params().rules.registration {
            return Ok(());
        }
        let fee = FeeRecord::Once { kind: REGISTRATION, from: PaymentSource::Wallet(operator), basis: None };
        self.send(Record::Fee(fee)).map(drop)
    }

    /// One operator, as pledges and faults count it.
    const fn one() -> Component {
        Component { metric: OPERATORS, quantity: Measured::new(1) }
    }

    /// The unit that an operator's pledge stands for.
    pub(super) fn unit(operator: Address) -> Subject {
        Subject::Unit { owner: operator, unit: UnitId::derive("depin-metered-operator", &[&operator.get(), OPERATOR.as_bytes()]) }
    }

    /// Locks the pledge, or tops it up.
    pub(super) fn pledge(&mut self, operator: Address, pledged: bool) -> Result<(), MeteredError> {
        let (subject, kind, basis, until) = (Self::unit(operator), OPERATOR, Self::one(), NO_END);
        let record = if pledged {
            PledgeRecord::Resize { subject, kind, basis, until }
        } else {
            PledgeRecord::Lock { subject, kind, basis, until }
        };
        self.send(Record::Pledge(record)).map(drop)
    }

    pub(super) fn release_pledge(&mut self, operator: Address) -> Result<(), MeteredError> {
        self.send(Record::Pledge(PledgeRecord::Release { subject: Self::unit(operator), kind: OPERATOR })).map(drop)
    }

    /// Whether an operator stands, for networks that bind it to something.
    pub(super) fn stand(&mut self, operator: Address, stands: bool) -> Result<(), MeteredError> {
        if !self.params().rules.operators_stand {
            return Ok(());
        }
        let quantity = Measured::new(u128::from(stands));
        let components = Components::one(Component { metric: OPERATORS, quantity });
        self.send(Record::Current(Current { subject: Subject::Party(operator), components })).map(drop)
    }

    /// An operator failed; nothing is said where the file has no rule for it, or nothing is pledged any more.
    pub(super) fn fault(&mut self, operator: Address, kind: Name, pledged: bool, by: Address) -> Result<(), MeteredError> {
        let rules = &self.params().rules;
        if !rules.faults.contains(&kind) || (rules.pledges && !pledged) {
            return Ok(());
        }
        let (subject, affected) = (Self::unit(operator), Self::one());
        self.send(Record::Fault(Fault { subject, kind, affected, reporter: Some(by) })).map(drop)
    }

    /// What an operator accrued: units, and what was spent on them.
    pub(super) fn earn(&mut self, operator: Address, units: u64, spent: Units) -> Result<(), MeteredError> {
        let rules = &self.params().rules;
        let metrics = [(rules.units_earn, UNITS, u128::from(units)), (rules.spent_earns, SPENT, spent.get())];
        let accrued = metrics.into_iter().filter(|(earns, ..)| *earns);
        let components = accrued.map(|(_, metric, quantity)| Component { metric, quantity: Measured::new(quantity) });
        let components = Components::new(components).expect("two metrics at most");
        if components.is_empty() {
            return Ok(());
        }
        self.send(Record::Accrued(Accrued { subject: Subject::Party(operator), components })).map(drop)
    }

    pub(super) fn open_escrow(&mut self, order: UnitId, owner: Address, deposit: Money) -> Result<Units, MeteredError> {
        self.send(Record::Escrow(EscrowRecord::Open { id: order, kind: ORDER, owner, deposit }))
    }

    pub(super) fn raise_escrow(&mut self, order: UnitId, from: Address, deposit: Money) -> Result<Units, MeteredError> {
        self.send(Record::Escrow(EscrowRecord::Deposit { id: order, from, deposit }))
    }

    /// Gives what no batch holds back to the customer.
    pub(super) fn refund(&mut self, id: UnitId, order: &mut Order) -> Result<(), MeteredError> {
        let left = order.left();
        if left.is_zero() {
            return Ok(());
        }
        let grain = 18 - self.params().decimals(order.currency).unwrap_or(18).min(18);
        let amount = Decimal18::new(left.times(10u128.pow(grain.into()))?.get());
        self.send(Record::Escrow(EscrowRecord::Refund { id, amount: Money { currency: order.currency, amount } }))?;
        order.returned = order.returned.plus(left)?;
        Ok(())
    }

    /// Ends an order's escrow; what is left goes back.
    pub(super) fn close_escrow(&mut self, id: UnitId, order: &mut Order) -> Result<(), MeteredError> {
        let back = self.send(Record::Escrow(EscrowRecord::Close { id }))?;
        order.returned = order.returned.plus(back)?;
        Ok(())
    }

    /// Holds the price of a batch out of its order's escrow.
    pub(super) fn hold_batch(&mut self, id: UnitId, order: UnitId, price: Price) -> Result<Units, MeteredError> {
        let until = self.now().later(self.params().rules.hold_most);
        let hold = ChargeRecord::Hold { id, kind: ORDER, from: PaymentSource::Escrow(order), currency: None, price, until };
        self.send(Record::Charge(hold))
    }

    /// Pays a part of a batch to its operator.
    pub(super) fn capture_batch(&mut self, id: UnitId, to: Address, price: Price) -> Result<Units, MeteredError> {
        self.send(Record::Charge(ChargeRecord::Capture { id, to, price }))
    }

    /// Gives what is still held for a batch back to its order's escrow.
    pub(super) fn void_batch(&mut self, id: UnitId) -> Result<(), MeteredError> {
        self.send(Record::Charge(ChargeRecord::Void { id })).map(drop)
    }

    /// Holds a side's deposit, counted on `basis`.
    pub(super) fn hold_deposit(&mut self, batch: UnitId, side: Side, from: Address, basis: u128) -> Result<Units, MeteredError> {
        let until = self.now().later(self.params().rules.deposit.map_or(Span::from_millis(0), |rule| rule.hold_most));
        let (id, price) = (deposit_id(batch, side), contested_price(basis));
        let hold = ChargeRecord::Hold { id, kind: DISPUTE, from: PaymentSource::Wallet(from), currency: None, price, until };
        self.send(Record::Charge(hold))
    }

    /// Ends a side's deposit: the part for `lost` of its `basis` is paid to the other side, the rest goes back. Gives what was paid.
    pub(super) fn end_deposit(
        &mut self,
        batch: UnitId,
        side: Side,
        parties: Parties,
        basis: u128,
        lost: u128,
    ) -> Result<Units, MeteredError> {
        let id = deposit_id(batch, side);
        let to = match side {
            Side::Customer => parties.operator,
            Side::Operator => parties.customer,
        };
        let mut paid = Units::ZERO;
        if lost > 0 {
            let capture = ChargeRecord::Capture { id, to, price: contested_price(lost) };
            paid = unless_expired(self.send(Record::Charge(capture)))?;
        }
        if lost < basis {
            unless_expired(self.send(Record::Charge(ChargeRecord::Void { id })))?;
        }
        Ok(paid)
    }
}

/// What a deposit is counted on.
pub(super) const fn contested_price(value: u128) -> Price {
    Price::Measured(Component { metric: CONTESTED, quantity: Measured::new(value) })
}

/// A deposit that went back because the chain came to its dispute a day late pays nobody.
fn unless_expired(moved: Result<Units, MeteredError>) -> Result<Units, MeteredError> {
    match moved {
        Err(MeteredError::Economy(Refusal::Unknown { what: Topic::Hold })) => Ok(Units::ZERO),
        moved => moved,
    }
}
