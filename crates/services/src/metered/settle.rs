//! Batches are paid, as far as their units count.
//!
//! What a job here sends first is what the economy may put off: while it still closes ended periods, nothing is accrued. Then nothing has
//! happened yet, and the job runs again in a later block.

use super::{
    error::MeteredError,
    event::MeteredEvent,
    rows::{Batch, BatchState, Operator, Order},
    service::Metered,
};
use crate::context::Context;
use depin_quantity::{Rounding, UnitId, Units};

impl Context<'_, Metered> {
    /// Nobody disputed the batch within its window: all of it is paid.
    pub(super) fn pay_undisputed(&mut self, id: UnitId) -> Result<(), MeteredError> {
        match self.state().get::<Batch>(&id) {
            Some(Batch { state: BatchState::Pending { .. }, open, .. }) => self.settle(id, open),
            _ => Ok(()),
        }
    }

    /// Ends a batch: `counted` of its open units are paid, the others do not count, and their price goes back to the order.
    pub(super) fn settle(&mut self, id: UnitId, counted: u64) -> Result<(), MeteredError> {
        let mut batch = self.batch(id)?;
        let mut order = self.order(batch.order)?;
        self.pay(id, &mut batch, &mut order, counted)?;
        if batch.open > 0 {
            self.void_batch(id)?;
        }
        self.finish(id, &mut batch, &mut order)
    }

    /// The hold of a batch ran out before the batch was decided, so its price is back in the order's escrow.
    pub(super) fn lapse(&mut self, id: UnitId) -> Result<(), MeteredError> {
        let Some(mut batch) = self.state().get::<Batch>(&id).filter(|batch| batch.open > 0) else { return Ok(()) };
        if batch.state == BatchState::Disputed {
            self.drop_dispute(id)?;
        }
        let mut order = self.order(batch.order)?;
        self.finish(id, &mut batch, &mut order)
    }

    /// Pays `units` of a batch's open ones.
    ///
    /// `paid = floor(held * units / open)`: the economy captures the same part, so parts sum to the whole and the last takes all.
    pub(super) fn pay(&mut self, id: UnitId, batch: &mut Batch, order: &mut Order, units: u64) -> Result<(), MeteredError> {
        if units == 0 {
            return Ok(());
        }
        let paid = batch.held.mul_div(units.into(), batch.open.into(), Rounding::Down)?;
        self.earn(order.operator, units, paid)?;
        let captured = self.capture_batch(id, order.operator, order.price(units)?)?;
        debug_assert_eq!(captured, paid, "the economy captures the part that was counted as spent");
        batch.open -= units;
        batch.counted += units;
        batch.held = batch.held.minus(captured)?;
        batch.paid = batch.paid.plus(captured)?;
        order.held = order.held.minus(captured)?;
        order.spent = order.spent.plus(captured)?;
        order.units = order.units.saturating_add(units);
        self.count(order, units, 0)
    }

    /// Counts units as delivered or rejected.
    fn count(&mut self, order: &Order, delivered: u64, rejected: u64) -> Result<(), MeteredError> {
        let mut operator: Operator = self.operator(order.operator)?;
        operator.delivered = operator.delivered.saturating_add(delivered.into());
        operator.rejected = operator.rejected.saturating_add(rejected.into());
        self.state().put(&order.operator, &operator);
        self.totals(|totals| {
            totals.delivered = totals.delivered.saturating_add(delivered.into());
            totals.rejected = totals.rejected.saturating_add(rejected.into());
        });
        Ok(())
    }

    /// The batch is settled; what was held for units that do not count is back in the order's escrow.
    fn finish(&mut self, id: UnitId, batch: &mut Batch, order: &mut Order) -> Result<(), MeteredError> {
        let rejected = std::mem::take(&mut batch.open);
        order.held = order.held.minus(std::mem::take(&mut batch.held))?;
        order.pending = order.pending.saturating_sub(1);
        batch.state = BatchState::Settled { at: self.now() };
        self.count(order, 0, rejected)?;
        self.totals(|totals| totals.pending_batches = totals.pending_batches.saturating_sub(1));
        self.state().put(&id, batch);
        self.state().put(&batch.order, order);
        let (counted, paid, parties): (u64, Units, _) = (batch.counted, batch.paid, order.parties());
        self.emit(MeteredEvent::BatchSettled { order: batch.order, batch: id, parties, counted, rejected, paid });
        if order.ended && order.pending == 0 { self.close(batch.order, order) } else { Ok(()) }
    }
}
