//! Carriers, what they authorise, and sessions that are paid.
//!
//! How many bytes a session carried is the access point's word, so a carrier says beforehand how many it pays for at each access point at most,
//! and puts credits into an escrow. A report says how much a session carried since it began; what is new in it is paid. So a report that comes
//! twice, or behind a later one, pays nothing, and rounding up to whole units happens once in a session however often it is reported.

use super::{
    error::MobileError,
    message::SessionUse,
    rows::{AccessPoint, Authorised, Carrier, MobileTotals, Session},
};
use crate::{
    context::Context,
    coverage::{
        PriceForm,
        active::SubNetwork,
        due::Job,
        error::CoverageError,
        event::CoverageEvent,
        names::{CARRIER_UNITS, MOBILE_UNITS, SESSION},
        params::AHEAD_MOST,
        service::Coverage,
    },
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::{
    Accrued, ChargeRecord, Component, Components, EscrowRecord, Money, PaymentSource, Price, Record, Refusal, Subject, USD,
};
use depin_quantity::{Address, Decimal18, Measured, UnitId, Units};
use serde::{Deserialize, Serialize};

/// Why a session is not paid, or not all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionReason {
    /// A report of it that says as much or more came before.
    Duplicate,
    /// It began in the future.
    Future,
    /// It began longer ago than sessions may last.
    Late,
    /// There is no such carrier, or the session is another carrier's, or began at another time, by an earlier report.
    WrongCarrier,
    /// The carrier pays for no more at this access point.
    OverCap,
    /// The carrier has too few credits.
    InsufficientBalance,
}

/// What became of one session of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SessionResult {
    /// The session.
    pub session: UnitId,
    /// Its carrier.
    pub carrier: u32,
    /// Bytes that are paid by this report.
    pub bytes: u64,
    /// Units that are paid by this report.
    pub units: u64,
    /// What they cost.
    pub cost: Units,
    /// Why nothing, or not all that is new, is paid.
    pub reason: Option<SessionReason>,
}

/// The escrow of a carrier.
pub(super) fn escrow_of(carrier: u32) -> UnitId {
    UnitId::derive("depin-mobile-carrier", &[&carrier.to_be_bytes()])
}

impl Context<'_, Coverage> {
    fn mobile_money(&self, amount: Units) -> Result<Money, CoverageError> {
        let rules = &self.mobile_params()?.rules;
        let grain = 10u128.pow(18 - u32::from(rules.decimals.min(18)));
        Ok(Money { currency: rules.currency, amount: Decimal18::new(amount.times(grain)?.get()) })
    }

    fn data_price(each: Option<Money>, units: u64) -> Result<Price, CoverageError> {
        Ok(match each {
            None => Price::Measured(Component { metric: MOBILE_UNITS, quantity: Measured::new(units.into()) }),
            Some(Money { currency, amount }) => Price::Agreed(Money { currency, amount: amount.times(units.into())? }),
        })
    }

    /// Order of refusals: price, credits. Carriers are numbered from 1.
    pub(super) fn open_carrier(&mut self, sender: Address, credits: Units, price: Option<Money>) -> Result<(), CoverageError> {
        let rules = self.mobile_params()?.rules;
        let wanted = match rules.form {
            PriceForm::Network => None,
            PriceForm::Agreed => Some(rules.currency),
            PriceForm::Dollars => Some(USD),
        };
        if price.map(|price| price.currency) != wanted || price.is_some_and(|price| price.amount.get() == 0) {
            return Err(CoverageError::Price(wanted));
        }
        let carrier = self.state().get::<MobileTotals>(&()).unwrap_or_default().carriers + 1;
        let deposit = self.mobile_money(credits)?;
        self.send(Record::Escrow(EscrowRecord::Open { id: escrow_of(carrier), kind: SESSION, owner: sender, deposit }))?;
        let since = self.now();
        let row = Carrier { owner: sender, since, price, balance: credits, usual: 0, bytes: 0, units: 0, spent: Units::ZERO };
        self.state().put(&carrier, &row);
        self.mobile_totals(|totals| totals.carriers = carrier);
        self.emit(CoverageEvent::CarrierOpened { carrier, owner: sender, credits });
        Ok(())
    }

    fn carrier(&mut self, carrier: u32) -> Result<Carrier, MobileError> {
        self.state().get::<Carrier>(&carrier).ok_or(MobileError::UnknownCarrier(carrier))
    }

    fn own_carrier(&mut self, sender: Address, carrier: u32) -> Result<Carrier, MobileError> {
        let row = self.carrier(carrier)?;
        if row.owner == sender { Ok(row) } else { Err(MobileError::NotYourCarrier { carrier, owner: row.owner }) }
    }

    pub(super) fn add_carrier_credits(&mut self, sender: Address, carrier: u32, credits: Units) -> Result<(), CoverageError> {
        let mut row = self.own_carrier(sender, carrier)?;
        let deposit = self.mobile_money(credits)?;
        self.send(Record::Escrow(EscrowRecord::Deposit { id: escrow_of(carrier), from: sender, deposit }))?;
        row.balance = row.balance.plus(credits)?;
        self.state().put(&carrier, &row);
        self.emit(CoverageEvent::CarrierCredits { carrier, owner: sender, balance: row.balance });
        Ok(())
    }

    pub(super) fn take_carrier_credits(&mut self, sender: Address, carrier: u32, credits: Units) -> Result<(), CoverageError> {
        let mut row = self.own_carrier(sender, carrier)?;
        if credits > row.balance {
            return Err(MobileError::Credits { carrier, balance: row.balance }.into());
        }
        let amount = self.mobile_money(credits)?;
        self.send(Record::Escrow(EscrowRecord::Refund { id: escrow_of(carrier), amount }))?;
        row.balance = row.balance.minus(credits)?;
        self.state().put(&carrier, &row);
        self.emit(CoverageEvent::CarrierCredits { carrier, owner: sender, balance: row.balance });
        Ok(())
    }

    /// What was paid stays paid: fewer bytes than were used only end it. Order of refusals: carrier, owner, access point, left.
    pub(super) fn authorise(
        &mut self,
        sender: Address,
        carrier: u32,
        access_point: Option<Address>,
        bytes: u64,
    ) -> Result<(), CoverageError> {
        let mut row = self.own_carrier(sender, carrier)?;
        match access_point {
            None => row.usual = bytes,
            Some(access_point) => {
                self.active_point(access_point)?;
                let mut there = self.state().get::<Authorised>(&(carrier, access_point)).unwrap_or_default();
                there.bytes = Some(bytes);
                self.state().put(&(carrier, access_point), &there);
            }
        }
        self.state().put(&carrier, &row);
        self.emit(CoverageEvent::DataAuthorised { carrier, owner: sender, access_point, bytes });
        Ok(())
    }

    /// Order of refusals: access point, left; then each session by itself is paid or told why not.
    pub(super) fn report_sessions(&mut self, access_point: Address, sessions: &[SessionUse]) -> Result<(), CoverageError> {
        let mut row = self.active_point(access_point)?;
        let mut results = Vec::with_capacity(sessions.len());
        for session in sessions {
            results.push(self.take_session(access_point, &mut row, session)?);
        }
        let owner = row.owner;
        self.state().put(&access_point, &row);
        self.emit(CoverageEvent::SessionsSettled { access_point, owner, sessions: results });
        Ok(())
    }

    /// Order of reasons: future, late, carrier, duplicate, cap, balance.
    fn take_session(
        &mut self,
        access_point: Address,
        point: &mut AccessPoint,
        told: &SessionUse,
    ) -> Result<SessionResult, CoverageError> {
        let SessionUse { session, carrier, started, up, down, stopped } = *told;
        let (now, longest) = (self.now(), self.mobile_params()?.session_longest);
        let mut result = SessionResult { session, carrier, bytes: 0, units: 0, cost: Units::ZERO, reason: None };
        let known = self.state().get::<Session>(&(access_point, session));
        let wrong = known.is_some_and(|known| known.carrier != carrier || known.started != started);
        let stale = known.is_some_and(|known| {
            known.stopped || up < known.up || down < known.down || (up, down, stopped) == (known.up, known.down, known.stopped)
        });
        let customer = self.state().get::<Carrier>(&carrier);
        let (reason, customer) = match customer {
            _ if started > now.later(AHEAD_MOST) => (Some(SessionReason::Future), None),
            _ if now > started.later(longest) => (Some(SessionReason::Late), None),
            Some(customer) if !wrong => (stale.then_some(SessionReason::Duplicate), Some(customer)),
            _ => (Some(SessionReason::WrongCarrier), None),
        };
        let (Some(mut customer), None) = (customer, reason) else { return Ok(SessionResult { reason, ..result }) };
        let fresh =
            Session { carrier, started, reported: now, up: 0, down: 0, paid: 0, units: 0, cost: Units::ZERO, stopped: false };
        let mut row = known.unwrap_or(fresh);
        if known.is_none() {
            // Behind that it is too late for any report of it.
            self.schedule(started.later(longest).later(AHEAD_MOST).max(now), Job::ForgetSession(access_point, session));
            point.sessions = point.sessions.saturating_add(1);
            self.mobile_totals(|totals| totals.sessions += 1);
        }
        let before = row.up.saturating_add(row.down);
        (row.up, row.down, row.stopped, row.reported) = (up, down, stopped, now);
        let new = up.saturating_add(down).saturating_sub(before);
        self.pay_session(access_point, point, (&mut row, &mut customer), new, &mut result)?;
        self.state().put(&(access_point, session), &row);
        self.state().put(&carrier, &customer);
        Ok(result)
    }

    /// Pays what is new in a session, up to what its carrier authorised and has.
    fn pay_session(
        &mut self,
        access_point: Address,
        point: &mut AccessPoint,
        (row, customer): (&mut Session, &mut Carrier),
        new: u64,
        result: &mut SessionResult,
    ) -> Result<(), CoverageError> {
        let mut there = self.state().get::<Authorised>(&(row.carrier, access_point)).unwrap_or_default();
        let bytes = new.min(there.bytes.unwrap_or(customer.usual).saturating_sub(there.used));
        if bytes < new {
            result.reason = Some(SessionReason::OverCap);
        }
        let units = (row.paid + bytes).div_ceil(self.mobile_params()?.unit).saturating_sub(row.units);
        let paid = if bytes == 0 { None } else { self.charge_session(point.owner, row.carrier, customer, units)? };
        let Some(cost) = paid else {
            if bytes > 0 {
                result.reason = Some(SessionReason::InsufficientBalance);
            }
            self.mobile_totals(|totals| totals.unpaid = totals.unpaid.saturating_add(new.into()));
            return Ok(());
        };
        self.earn_data(point.owner, access_point, units)?;
        self.earn_carrier(customer.owner, row.carrier, units)?;
        if units > 0 {
            self.rewarded(SubNetwork::Mobile, access_point, &mut point.standing);
        }
        (result.bytes, result.units, result.cost) = (bytes, units, cost);
        (row.paid, row.units, row.cost) = (row.paid + bytes, row.units + units, row.cost.plus(cost)?);
        customer.balance = customer.balance.minus(cost)?;
        customer.spent = customer.spent.plus(cost)?;
        for (sum, more) in
            [(&mut customer.bytes, bytes), (&mut customer.units, units), (&mut point.bytes, bytes), (&mut point.units, units)]
        {
            *sum = sum.saturating_add(more.into());
        }
        there.used += bytes;
        self.state().put(&(row.carrier, access_point), &there);
        self.mobile_totals(|totals| {
            totals.bytes = totals.bytes.saturating_add(bytes.into());
            totals.unpaid = totals.unpaid.saturating_add((new - bytes).into());
            totals.units = totals.units.saturating_add(units.into());
            totals.spent = totals.spent.plus(cost).unwrap_or(totals.spent);
        });
        Ok(())
    }

    /// Charges units to a carrier; none when it has too few credits. The caller keeps its balance.
    fn charge_session(
        &mut self,
        to: Address,
        carrier: u32,
        customer: &Carrier,
        units: u64,
    ) -> Result<Option<Units>, CoverageError> {
        if units == 0 {
            return Ok(Some(Units::ZERO));
        }
        let currency = Some(self.mobile_params()?.rules.currency);
        let price = Self::data_price(customer.price, units)?;
        if self.quote_charge(SESSION, currency, price)?.1 > customer.balance {
            return Ok(None);
        }
        let from = PaymentSource::Escrow(escrow_of(carrier));
        match self.send(Record::Charge(ChargeRecord::Now { kind: SESSION, from, to, currency, price })) {
            Ok(cost) => Ok(Some(cost)),
            Err(CoverageError::Economy(Refusal::Underfunded { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What an access point accrued by data.
    fn earn_data(&mut self, owner: Address, access_point: Address, units: u64) -> Result<(), CoverageError> {
        if units == 0 || !self.mobile_params()?.rules.data_earns {
            return Ok(());
        }
        let components = Components::one(Component { metric: MOBILE_UNITS, quantity: Measured::new(units.into()) });
        self.send(Record::Accrued(Accrued { subject: Self::unit(owner, access_point), components })).map(drop)
    }

    /// What a carrier accrued by paying for data of its subscribers.
    fn earn_carrier(&mut self, owner: Address, carrier: u32, units: u64) -> Result<(), CoverageError> {
        if units == 0 || !self.mobile_params()?.rules.carriers_count {
            return Ok(());
        }
        let components = Components::one(Component { metric: CARRIER_UNITS, quantity: Measured::new(units.into()) });
        let subject = Subject::Unit { owner, unit: escrow_of(carrier) };
        self.send(Record::Accrued(Accrued { subject, components })).map(drop)
    }

    /// A session could not be reported any more.
    pub(in crate::coverage) fn forget_session(&mut self, access_point: Address, session: UnitId) {
        self.state().delete::<Session>(&(access_point, session));
        self.mobile_totals(|totals| totals.sessions = totals.sessions.saturating_sub(1));
    }
}
