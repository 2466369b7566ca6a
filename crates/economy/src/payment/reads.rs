//! What can be read of payments: quotes, holds, escrows, what was paid. Nothing here writes.

use super::{
    charge_token, charged,
    credit::{self, CreditOrder, CreditQuote},
    fee_amount, fee_quantity,
    measured::waiting,
    running::{running, settle},
    usage,
};
use crate::{
    Component, Price, Reads, Refusal, StreamMethod, Topic,
    params::StreamRule,
    payment::rows::{
        ConversionRow, CreditRow, EscrowRow, HoldRow, OpenEscrowRow, PaymentRow, RecurringFeeRow, StreamRow, UsageRow,
    },
    read::StreamNow,
    session::work::found,
};
use depin_quantity::{Instant, Name, UnitId, Units};

/// An open-ended escrow as it is now: rule, row, running streams.
struct Settled<'s> {
    rule: &'s StreamRule,
    escrow_row: OpenEscrowRow,
    streams: Vec<(UnitId, PaymentRow)>,
}

impl Reads<'_> {
    /// What a charge would cost now, and in what. `currency` as in [`crate::ChargeRecord::Now`].
    ///
    /// # Errors
    /// Unknown kind, currency or metric; the wrong form; a stale price; nothing at all.
    pub fn quote_charge(&self, kind: Name, currency: Option<Name>, price: Price) -> Result<(Name, Units), Refusal> {
        let rule = found(self.spec.charge(kind), Topic::ChargeKind, kind)?;
        let token = charge_token(rule, price, currency)?;
        Ok((token, charged(self.spec, self.state, self.now, kind, rule, token, price)?.units))
    }

    /// What minting credits would burn and give now.
    ///
    /// # Errors
    /// Unknown credit, zero, a stale price, less than the least.
    pub fn quote_credits(&self, credit: Name, order: CreditOrder) -> Result<CreditQuote, Refusal> {
        credit::quote(self.spec, self.state, self.now, credit, order)
    }

    /// What a service fee is now, and in what.
    ///
    /// # Errors
    /// Unknown kind or metric; a quantity where none is counted, or none where one is; a stale price.
    pub fn quote_service_fee(&self, kind: Name, basis: Option<Component>) -> Result<(Name, Units), Refusal> {
        let rule = found(self.spec.service_fee(kind), Topic::FeeKind, kind)?;
        let quantity = fee_quantity(self.spec, kind, rule, basis)?;
        Ok((rule.token, fee_amount(self.spec, self.state, self.now, rule, quantity, 1)?))
    }

    /// A hold.
    pub fn hold(&self, id: UnitId) -> Option<HoldRow> {
        self.state.get(&id)
    }

    /// A recurring fee.
    pub fn recurring_fee(&self, id: UnitId) -> Option<RecurringFeeRow> {
        self.state.get(&id)
    }

    /// What minting a credit burnt and gave, ever.
    pub fn credits(&self, credit: Name) -> CreditRow {
        self.state.get(&credit).unwrap_or(CreditRow { burnt: Units::ZERO, minted: Units::ZERO })
    }

    /// What was ever paid for a kind of stream, charge or fee in a token, and how much of the token it burnt.
    pub fn usage(&self, kind: Name, token: Name) -> UsageRow {
        usage(self.state, kind, token)
    }

    /// Parts of payments that wait for an AMM pool: AMM pool, token, how much.
    pub fn waiting_conversions(&self) -> Vec<(Name, Name, Units)> {
        self.state.rows::<ConversionRow>().map(|((amm_pool, token, _, _), row)| (amm_pool, token, row.amount)).collect()
    }

    /// An escrow of open-ended streams as it is now, were it settled.
    pub fn open_escrow(&self, id: UnitId) -> Option<OpenEscrowRow> {
        self.settled(id).map(|settled| settled.escrow_row)
    }

    /// When the last period that an open-ended escrow can pay for ends, if nothing changes; `None` for others, and while nothing
    /// runs.
    pub fn escrow_lasts_until(&self, id: UnitId) -> Option<Instant> {
        let Settled { rule, escrow_row, .. } = self.settled(id)?;
        self.period_start(rule.clock, escrow_row.out?.saturating_sub(1))
    }

    /// An open-ended escrow, settled in memory.
    fn settled(&self, id: UnitId) -> Option<Settled<'_>> {
        let mut escrow_row = self.state.get::<OpenEscrowRow>(&id)?;
        let rule = self.spec.stream(self.state.get::<EscrowRow>(&id)?.kind)?;
        let mut streams = running(self.state, id);
        settle(rule.method, &mut escrow_row, &mut streams, self.period(rule.clock)?);
        Some(Settled { rule, escrow_row, streams })
    }

    /// What of an open-ended escrow no stream has accrued.
    pub(crate) fn open_escrow_free(&self, id: UnitId) -> Option<Units> {
        let Settled { rule, escrow_row, .. } = self.settled(id)?;
        Some(if rule.method == StreamMethod::Ordered { escrow_row.deposited() } else { escrow_row.funds.whole() })
    }

    /// An open-ended stream with what it accrued and has not collected.
    pub(crate) fn running_stream(&self, id: UnitId, row: StreamRow) -> Option<StreamNow> {
        let Settled { rule, escrow_row, streams } = self.settled(row.escrow)?;
        let payment = match streams.into_iter().find(|(stream, _)| *stream == id) {
            Some((_, payment)) => payment,
            None => self.state.get::<PaymentRow>(&(row.escrow, id))?,
        };
        let out = escrow_row.out.map(|out| out.saturating_sub(1));
        let term = if row.periods > 0 { row.start.map(|start| start.saturating_add(row.periods)) } else { None };
        let last = [out, term].into_iter().flatten().min().unwrap_or(u64::MAX);
        let ends = self.period_start(rule.clock, last)?;
        let waits = waiting(self.state, row.escrow, id, &payment);
        let (due, waits) = (payment.balance.less(waits).whole(), waits.whole());
        Some(StreamNow { due, waits, ends, running: Some(payment), row })
    }
}
