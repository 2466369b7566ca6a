//! Tenants take bids; leases are paid, collected, given notice of, and end.

use super::{
    due::Job,
    error::LeasingError,
    event::LeasingEvent,
    groups::Ending,
    ids::{BidId, OrderId},
    message::LEASES_MAX,
    rows::{Bid, Found, IndexKey, Lease},
    service::Leasing,
    states::{BidState, GroupState, LeaseState, OrderState, Reason},
};
use crate::context::Context;
use depin_quantity::{Address, UnitId, Units};

impl Context<'_, Leasing> {
    /// The tenant may take any bid, whatever it asks. Order of refusals: owner, bid, order, group, money, provider, payment.
    pub(super) fn create_lease(&mut self, sender: Address, id: BidId) -> Result<(), LeasingError> {
        if id.owner() != sender {
            return Err(LeasingError::NotYours(id.deployment()));
        }
        let mut bid = self.bid(id)?;
        if bid.state != BidState::Open {
            return Err(LeasingError::BidNotOpen { bid: id, is: bid.state });
        }
        if self.now() >= bid.until {
            // A busy chain has not come to it yet.
            return Err(LeasingError::BidNotOpen { bid: id, is: BidState::Closed });
        }
        let mut order = self.order(id.order)?;
        if order.state != OrderState::Open {
            return Err(LeasingError::OrderNotOpen { order: id.order, is: order.state });
        }
        let group = self.group(id.order.group)?;
        if group.state != GroupState::Open {
            return Err(LeasingError::GroupState { group: id.order.group, is: group.state, needs: "start it first" });
        }
        let mut deployment = self.running_deployment(id.deployment())?;
        let mut provider = self.provider(id.provider)?;
        if !provider.active {
            return Err(LeasingError::UnknownProvider(id.provider));
        }
        let units = self.params().unit.of(&group.group)?;
        self.open_stream(id, bid.rate, units)?;
        self.begin_availability(id)?;
        provider.leased_units = provider.leased_units.checked_add(units).ok_or(depin_economy::Refusal::TooLarge)?;
        self.leased(id.provider, provider.leased_units)?;
        self.unschedule(bid.until, Job::Expire(id));
        provider.bids = provider.bids.saturating_sub(1);
        provider.leases += 1;
        deployment.leases += 1;
        (order.state, order.lease) = (OrderState::Active, Some(id.provider));
        bid.state = BidState::Active;
        bid.lease = Some(self.new_lease(units));
        let price = bid.price.clone();
        self.state().put(&id, &bid);
        self.state().put(&id.order, &order);
        self.state().put(&id.provider, &provider);
        self.state().put(&id.deployment(), &deployment);
        self.no_longer_open(id.order);
        self.list(IndexKey::Stream(id.unit()), Found::Bid(id));
        self.list(IndexKey::LeaseOf(id.provider, id.order), Found::Bid(id));
        self.list(IndexKey::LeaseOf(sender, id.order), Found::Bid(id));
        self.totals(|totals| {
            totals.open_bids = totals.open_bids.saturating_sub(1);
            totals.leases += 1;
            totals.running_leases += 1;
            totals.leased_units = totals.leased_units.saturating_add(units);
        });
        self.emit(LeasingEvent::LeaseCreated { lease: id, price });
        self.end_bids(id.order, super::bids::AT_ONCE)
    }

    fn new_lease(&self, units: u128) -> Lease {
        Lease {
            state: LeaseState::Active,
            units,
            created: self.now(),
            manifest_until: self.now().later(self.wall(self.params().manifest_within)),
            reclaim_until: None,
            closed: None,
            reason: None,
            paid: Units::ZERO,
        }
    }

    /// Ends a lease with its bid. What the economy may put off comes first.
    pub(super) fn end_lease(&mut self, id: BidId, ending: Ending) -> Result<(), LeasingError> {
        let (mut bid, mut lease) = self.running_lease(id)?;
        let mut provider = self.provider(id.provider)?;
        provider.leased_units = provider.leased_units.saturating_sub(lease.units);
        self.leased(id.provider, provider.leased_units)?;
        if ending.pays {
            self.close_stream(id, ending.reason)?;
        }
        self.end_availability(id);
        self.release_bid(id)?;
        provider.leases = provider.leases.saturating_sub(1);
        self.free_pledge(id.provider, &mut provider)?;
        let (now, units) = (self.now(), lease.units);
        (lease.state, lease.closed, lease.reason) = (ending.lease, Some(now), Some(ending.reason));
        (bid.state, bid.closed, bid.lease) = (BidState::Closed, Some(now), Some(lease));
        let mut deployment = self.deployment(id.deployment())?;
        deployment.leases = deployment.leases.saturating_sub(1);
        self.state().put(&id, &bid);
        self.state().put(&id.provider, &provider);
        self.state().put(&id.deployment(), &deployment);
        let out_of_funds = u64::from(ending.lease == LeaseState::InsufficientFunds);
        self.totals(|totals| {
            totals.running_leases = totals.running_leases.saturating_sub(1);
            totals.leased_units = totals.leased_units.saturating_sub(units);
            totals.leases_out_of_funds += out_of_funds;
        });
        self.emit(LeasingEvent::BidClosed { bid: id, state: BidState::Closed });
        self.emit(LeasingEvent::LeaseClosed { lease: id, state: ending.lease, reason: ending.reason });
        Ok(())
    }

    /// The tenant ends a lease; a group that is open is ordered again at once.
    pub(super) fn close_lease(&mut self, sender: Address, id: BidId) -> Result<(), LeasingError> {
        if id.owner() != sender {
            return Err(LeasingError::NotYours(id.deployment()));
        }
        self.running_lease(id)?;
        self.running_deployment(id.deployment())?;
        self.end_order(id.order, Ending::BY_OWNER)?;
        let mut group = self.group(id.order.group)?;
        if group.state == GroupState::Open {
            self.open_order(id.order.group, &mut group);
        }
        Ok(())
    }

    /// The provider collects what its leases have earned.
    pub(super) fn withdraw(&mut self, sender: Address, leases: &[BidId]) -> Result<(), LeasingError> {
        if leases.is_empty() || leases.len() > LEASES_MAX {
            return Err(LeasingError::Leases(leases.len()));
        }
        for id in leases {
            if id.provider != sender {
                return Err(LeasingError::NotYourLease(*id));
            }
            self.running_lease(*id)?;
            self.running_deployment(id.deployment())?;
            self.settle_stream(*id)?;
        }
        Ok(())
    }

    /// The provider gives notice; the lease is paid until it ends.
    pub(super) fn start_reclaim(&mut self, sender: Address, order: OrderId, reason: Reason) -> Result<(), LeasingError> {
        let id = order.bid(sender);
        let (mut bid, mut lease) = self.running_lease(id)?;
        let window = bid.reclaim_window.ok_or(LeasingError::NotReclaimable(id))?;
        if lease.state == LeaseState::Reclaiming {
            return Err(LeasingError::Reclaiming(id));
        }
        let until = self.now().later(window);
        (lease.state, lease.reclaim_until, lease.reason) = (LeaseState::Reclaiming, Some(until), Some(reason));
        bid.lease = Some(lease);
        self.state().put(&id, &bid);
        self.emit(LeasingEvent::LeaseReclaimStarted { lease: id, until, reason });
        Ok(())
    }

    /// The economy says that the payment of a lease has ended, and what it came to.
    pub(super) fn stream_ended(&mut self, stream: UnitId, paid: Units) {
        let Some(Found::Bid(id)) = self.find(IndexKey::Stream(stream)) else { return };
        self.unlist(IndexKey::Stream(stream));
        let Some(mut bid) = self.state().get::<Bid>(&id) else { return };
        if let Some(lease) = &mut bid.lease {
            lease.paid = paid;
        }
        self.state().put(&id, &bid);
    }
}
