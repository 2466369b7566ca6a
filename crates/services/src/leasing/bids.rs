//! Providers bid on orders, and withdraw; bids are lost, or end because nobody took them.

use super::{
    denom::NoRate,
    due::Job,
    error::LeasingError,
    event::LeasingEvent,
    groups::Ending,
    ids::{BidId, OrderId},
    rows::{Bid, DeployedGroup, Deployment, Found, IndexKey, Provider},
    service::Leasing,
    states::{BidState, GroupState, LeaseState, OrderState, Reason},
};
use crate::context::Context;
use depin_economy::Money;
use depin_quantity::{Address, Span};
use depin_sdl::{
    Price,
    bidding::{NoBid, bid, meets_capabilities, meets_requirements},
};

/// Bids of an order that end in one message, or in one job.
pub const AT_ONCE: usize = 32;

impl Context<'_, Leasing> {
    /// Order of refusals: the order's owner, order, its money, bids, price, provider, attributes, capabilities, notice, earlier bid, deposit.
    pub(super) fn create_bid(
        &mut self,
        sender: Address,
        order_id: OrderId,
        price: &Price,
        window: Option<Span>,
    ) -> Result<(), LeasingError> {
        let id = order_id.bid(sender);
        if id.owner() == sender {
            return Err(LeasingError::SameAccount(order_id));
        }
        let mut order = self.order(order_id)?;
        if order.state != OrderState::Open {
            return Err(LeasingError::OrderNotOpen { order: order_id, is: order.state });
        }
        let deployment = self.running_deployment(order_id.deployment())?;
        let most = self.params().bids_most;
        if order.bids >= most {
            return Err(LeasingError::TooManyBids { order: order_id, most });
        }
        let group = self.group(order_id.group)?;
        let rate = self.rate(order_id, &group, &deployment, price)?;
        let mut provider = self.provider(sender)?;
        self.check_provider(id, &provider, &group)?;
        self.check_notice(order_id, &deployment, window)?;
        if self.state().has::<Bid>(&id) {
            return Err(LeasingError::BidExists(id));
        }
        self.hold_bid(id)?;
        let until = self.now().later(self.wall(self.params().bid_open_for));
        let (created, price) = (self.now(), price.clone());
        let bid = Bid {
            state: BidState::Open,
            price: price.clone(),
            rate,
            reclaim_window: window,
            created,
            until,
            closed: None,
            lease: None,
        };
        order.bids += 1;
        provider.bids += 1;
        self.state().put(&order_id, &order);
        self.state().put(&sender, &provider);
        self.state().put(&id, &bid);
        self.list(IndexKey::BidOf(sender, order_id), Found::Listed);
        self.schedule(until, Job::Expire(id));
        self.totals(|totals| {
            totals.bids += 1;
            totals.open_bids += 1;
        });
        self.emit(LeasingEvent::BidCreated { bid: id, price });
        Ok(())
    }

    /// The price of a bid in what it is paid in, when the order pays as much.
    fn rate(&self, order: OrderId, group: &DeployedGroup, deployment: &Deployment, price: &Price) -> Result<Money, LeasingError> {
        let denoms = &self.params().denoms;
        if price.denom != deployment.denom {
            let given = price.denom.chars().take(80).collect();
            return Err(LeasingError::Denom { given, known: deployment.denom.clone() });
        }
        match bid(&group.group, price.amount) {
            Ok(_) => {}
            Err(NoBid::AboveOrder { asked, most }) => {
                return Err(LeasingError::OverOrder { order, asked, most: format!("{most} {}", price.denom) });
            }
            Err(NoBid::Zero | NoBid::NoUnits) => return Err(LeasingError::ZeroPrice),
            Err(NoBid::Order(error)) => return Err(error.into()),
        }
        denoms.rate(price).map_err(|wrong| match wrong {
            NoRate::Denom => LeasingError::Denom { given: price.denom.clone(), known: denoms.known() },
            NoRate::Fine(places) => LeasingError::Fine { amount: price.amount.to_decimal(), denom: price.denom.clone(), places },
        })
    }

    /// Refuses a provider that takes no part, or is not what the group asks for.
    fn check_provider(&mut self, id: BidId, provider: &Provider, group: &DeployedGroup) -> Result<(), LeasingError> {
        if !provider.active {
            return Err(LeasingError::UnknownProvider(id.provider));
        }
        if provider.below_pledge {
            return Err(LeasingError::BelowPledge(id.provider));
        }
        let signed_by = &group.group.requirements.signed_by;
        let audited = self.audited(id.provider, signed_by.all_of.iter().chain(&signed_by.any_of));
        meets_requirements(&group.group.requirements, &provider.attributes, &audited)
            .map_err(|unmet| LeasingError::Attribute { order: id.order, unmet })?;
        meets_capabilities(&group.group, &provider.attributes)
            .map_err(|unmet| LeasingError::Capabilities { order: id.order, unmet })
    }

    /// Refuses notice that the network does not know, or that is less than the order asks for.
    fn check_notice(&self, order: OrderId, deployment: &Deployment, given: Option<Span>) -> Result<(), LeasingError> {
        if let Some(window) = given {
            self.check_window(window)?;
        }
        match (deployment.reclaim_window, given) {
            (Some(least), None) => Err(LeasingError::ReclaimRequired { order, least }),
            (Some(least), Some(given)) if given < least => Err(LeasingError::ReclaimTooShort { order, least, given }),
            _ => Ok(()),
        }
    }

    /// The provider withdraws a bid, or ends the lease that it became; then the group is paused.
    pub(super) fn close_bid(&mut self, sender: Address, order: OrderId, reason: Reason) -> Result<(), LeasingError> {
        let id = order.bid(sender);
        let bid = self.bid(id)?;
        match bid.state {
            BidState::Open => return self.end_bid(id, BidState::Closed),
            BidState::Lost | BidState::Closed => return Err(LeasingError::BidNotOpen { bid: id, is: bid.state }),
            BidState::Active => {}
        }
        self.running_deployment(id.deployment())?;
        let (bid, lease) = self.running_lease(id)?;
        match (bid.reclaim_window, lease.state, lease.reclaim_until) {
            (Some(_), LeaseState::Reclaiming, Some(until)) if self.now() < until => {
                return Err(LeasingError::ReclaimWindowOpen { lease: id, until });
            }
            (Some(window), LeaseState::Active, _) => return Err(LeasingError::ReclaimNotStarted { lease: id, window }),
            _ => {}
        }
        if reason == Reason::ManifestTimeout && self.now() < lease.manifest_until {
            return Err(LeasingError::ManifestInTime { until: lease.manifest_until });
        }
        self.end_group(order.group, GroupState::Paused, Ending::by_provider(reason))
    }

    /// A bid is over: its deposit goes back.
    pub(super) fn end_bid(&mut self, id: BidId, state: BidState) -> Result<(), LeasingError> {
        let mut bid = self.bid(id)?;
        let mut provider = self.provider(id.provider)?;
        self.release_bid(id)?;
        self.unschedule(bid.until, Job::Expire(id));
        provider.bids = provider.bids.saturating_sub(1);
        self.free_pledge(id.provider, &mut provider)?;
        (bid.state, bid.closed) = (state, Some(self.now()));
        self.state().put(&id, &bid);
        self.state().put(&id.provider, &provider);
        self.totals(|totals| totals.open_bids = totals.open_bids.saturating_sub(1));
        self.emit(LeasingEvent::BidClosed { bid: id, state });
        Ok(())
    }

    /// Nobody took a bid in time.
    pub(super) fn expire(&mut self, id: BidId) -> Result<(), LeasingError> {
        if self.bid(id)?.state == BidState::Open { self.end_bid(id, BidState::Closed) } else { Ok(()) }
    }

    /// Ends up to `most` open bids of an order that takes none any more: lost where it has a lease, else closed. Says whether some are left.
    pub(super) fn end_some_bids(&mut self, id: OrderId, most: usize) -> Result<bool, LeasingError> {
        let state = if self.order(id)?.state == OrderState::Active { BidState::Lost } else { BidState::Closed };
        let mut next = self.state().first_from::<Bid>(&id.bid(Address::default()));
        let mut ended = 0;
        while let Some((bid, row)) = next.filter(|(bid, _)| bid.order == id) {
            if row.state == BidState::Open {
                if ended == most {
                    return Ok(true);
                }
                self.end_bid(bid, state)?;
                ended += 1;
            }
            next = self.state().next_after::<Bid>(&bid);
        }
        Ok(false)
    }
}
