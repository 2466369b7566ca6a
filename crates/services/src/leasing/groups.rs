//! Groups are ordered, paused, started and closed; with an order end its lease and its bids.

use super::{
    bids::AT_ONCE,
    due::Job,
    error::LeasingError,
    event::LeasingEvent,
    ids::{DeploymentId, GroupId, OrderId},
    rows::{DeployedGroup, Found, IndexKey, Order},
    service::Leasing,
    states::{GroupState, LeaseState, OrderState, Reason},
};
use crate::context::Context;
use depin_quantity::Address;

/// How an order ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// What becomes of its lease.
    pub lease: LeaseState,
    /// Why.
    pub reason: Reason,
    /// Whether the lease's payment runs and is to be ended.
    pub pays: bool,
    /// How many of its open bids end now; the others do by a job.
    pub bids: usize,
}

impl Ending {
    /// The tenant ends it.
    pub const BY_OWNER: Self = Self { lease: LeaseState::Closed, reason: Reason::Owner, pays: true, bids: AT_ONCE };
    /// The tenant ends the whole deployment, which may have many orders.
    pub const OF_DEPLOYMENT: Self = Self { bids: 0, ..Self::BY_OWNER };
    /// The money is gone, and with it all payments.
    pub const OUT_OF_FUNDS: Self =
        Self { lease: LeaseState::InsufficientFunds, reason: Reason::InsufficientFunds, pays: false, bids: 0 };

    /// The provider ends it.
    pub const fn by_provider(reason: Reason) -> Self {
        Self { reason, ..Self::BY_OWNER }
    }
}

impl Context<'_, Leasing> {
    /// Orders a group, and writes it.
    pub(super) fn open_order(&mut self, id: GroupId, group: &mut DeployedGroup) {
        group.state = GroupState::Open;
        group.orders += 1;
        let order = id.order(group.orders);
        let row = Order { state: OrderState::Open, bids: 0, lease: None, created: self.now(), closed: None };
        self.state().put(&id, &*group);
        self.state().put(&order, &row);
        self.list(IndexKey::OpenOrder(order), Found::Listed);
        self.totals(|totals| totals.open_orders += 1);
        self.emit(LeasingEvent::OrderCreated { order });
    }

    /// Orders a group again.
    pub(super) fn start(&mut self, id: GroupId, group: &mut DeployedGroup) {
        self.emit(LeasingEvent::GroupStarted { group: id });
        self.open_order(id, group);
    }

    /// An order takes no more bids.
    pub(super) fn no_longer_open(&mut self, id: OrderId) {
        self.unlist(IndexKey::OpenOrder(id));
        self.totals(|totals| totals.open_orders = totals.open_orders.saturating_sub(1));
    }

    /// Ends an order with its lease or its bids. One that is over already stays as it is.
    pub(super) fn end_order(&mut self, id: OrderId, ending: Ending) -> Result<(), LeasingError> {
        let mut order = self.order(id)?;
        match (order.state, order.lease) {
            (OrderState::Closed, _) => return Ok(()),
            (OrderState::Active, Some(provider)) => self.end_lease(id.bid(provider), ending)?,
            _ => self.no_longer_open(id),
        }
        order.state = OrderState::Closed;
        order.closed = Some(self.now());
        self.state().put(&id, &order);
        self.end_bids(id, ending.bids)?;
        self.emit(LeasingEvent::OrderClosed { order: id });
        Ok(())
    }

    /// Ends bids of an order that takes none any more: `most` now, and the others in a job.
    pub(super) fn end_bids(&mut self, id: OrderId, most: usize) -> Result<(), LeasingError> {
        if self.end_some_bids(id, most)? {
            self.schedule(self.now(), Job::Bids(id));
        }
        Ok(())
    }

    /// Ends a group with its order. One that is closed stays as it is.
    pub(super) fn end_group(&mut self, id: GroupId, state: GroupState, ending: Ending) -> Result<(), LeasingError> {
        let mut group = self.group(id)?;
        if group.state == GroupState::Closed {
            return Ok(());
        }
        self.end_order(id.order(group.orders), ending)?;
        group.state = state;
        self.state().put(&id, &group);
        self.emit(match state {
            GroupState::Paused => LeasingEvent::GroupPaused { group: id },
            _ => LeasingEvent::GroupClosed { group: id },
        });
        Ok(())
    }

    /// The sender's group, of a deployment that is active and has money.
    fn own_group(&mut self, sender: Address, dseq: u64, gseq: u32) -> Result<(GroupId, DeployedGroup), LeasingError> {
        let id = DeploymentId { owner: sender, dseq };
        self.running_deployment(id)?;
        Ok((id.group(gseq), self.group(id.group(gseq))?))
    }

    pub(super) fn pause_group(&mut self, sender: Address, dseq: u64, gseq: u32) -> Result<(), LeasingError> {
        let (id, group) = self.own_group(sender, dseq, gseq)?;
        if group.state != GroupState::Open {
            return Err(LeasingError::GroupState { group: id, is: group.state, needs: "only an open one is paused" });
        }
        self.end_group(id, GroupState::Paused, Ending::BY_OWNER)
    }

    /// Also a group whose money ran out is started, as on the chain of its origin.
    pub(super) fn start_group(&mut self, sender: Address, dseq: u64, gseq: u32) -> Result<(), LeasingError> {
        let (id, mut group) = self.own_group(sender, dseq, gseq)?;
        if matches!(group.state, GroupState::Open | GroupState::Closed) {
            return Err(LeasingError::GroupState { group: id, is: group.state, needs: "only a paused one is started" });
        }
        self.start(id, &mut group);
        Ok(())
    }

    pub(super) fn close_group(&mut self, sender: Address, dseq: u64, gseq: u32) -> Result<(), LeasingError> {
        let (id, group) = self.own_group(sender, dseq, gseq)?;
        if group.state == GroupState::Closed {
            return Err(LeasingError::GroupState { group: id, is: group.state, needs: "it stays closed; create a deployment" });
        }
        self.end_group(id, GroupState::Closed, Ending::BY_OWNER)
    }
}
