//! What must hold between any two blocks, recomputed from the rows alone.

use super::{
    ids::{BidId, DeploymentId, GroupId, OrderId},
    params::LeasingParams,
    rows::{Bid, DeployedGroup, Deployment, Found, Funds, IndexKey, LeasingTotals, Order, Provider},
    states::{BidState, DeploymentState, GroupState, LeaseState, OrderState},
};
use depin_economy::{EscrowRow, MeasuredRow, PledgeRow, StreamRow};
use depin_quantity::Address;
use depin_state::ReadState;
use std::collections::BTreeMap;

/// What bids of one party or deployment sum to: open, running leases, their units.
type Sum = (u32, u32, u128);

struct Audit<'a> {
    state: &'a dyn ReadState,
    params: &'a LeasingParams,
    wrong: Vec<String>,
    seen: LeasingTotals,
    providers: BTreeMap<Address, Sum>,
    deployments: BTreeMap<DeploymentId, u32>,
    index: BTreeMap<IndexKey, Found>,
}

/// Checks every deployment, group, order, bid, lease and provider against each other, against what the economy holds for them, and
/// against index and totals; what does not hold, one sentence each.
pub fn audit(state: &dyn ReadState, params: &LeasingParams) -> Vec<String> {
    let mut audit = Audit {
        state,
        params,
        wrong: Vec::new(),
        seen: LeasingTotals::default(),
        providers: BTreeMap::new(),
        deployments: BTreeMap::new(),
        index: BTreeMap::new(),
    };
    state.rows::<Bid>().for_each(|(id, bid)| audit.bid(id, &bid));
    let groups: Vec<(GroupId, DeployedGroup)> = state.rows::<DeployedGroup>().collect();
    let mut of_groups: BTreeMap<GroupId, Vec<(OrderId, Order)>> = BTreeMap::new();
    state.rows::<Order>().for_each(|(id, order)| of_groups.entry(id.group).or_default().push((id, order)));
    let mut counted: BTreeMap<DeploymentId, u32> = BTreeMap::new();
    for (id, group) in &groups {
        *counted.entry(id.deployment).or_default() += 1;
        audit.group(*id, group, &of_groups.remove(id).unwrap_or_default());
    }
    audit.wrong.extend(of_groups.keys().map(|group| format!("orders of group {group}, which is not there")));
    for (id, deployment) in state.rows::<Deployment>() {
        audit.deployment(id, &deployment, counted.remove(&id).unwrap_or_default());
    }
    audit.wrong.extend(counted.keys().map(|id| format!("groups of deployment {id}, which is not there")));
    state.rows::<Provider>().for_each(|(address, provider)| audit.provider(address, &provider));
    audit.rest();
    audit.wrong
}

impl Audit<'_> {
    fn fail(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(what());
        }
    }

    fn bid(&mut self, id: BidId, bid: &Bid) {
        let runs = bid.lease.as_ref().is_some_and(|lease| matches!(lease.state, LeaseState::Active | LeaseState::Reclaiming));
        let open = bid.state == BidState::Open;
        self.fail(runs == (bid.state == BidState::Active), || format!("bid {id} and its lease do not run together: {bid:?}"));
        self.fail(open || runs || bid.closed.is_some(), || format!("bid {id} is over and nobody knows since when"));
        let pledge = self.state.has::<PledgeRow>(&(id.provider, id.unit(), super::names::BID));
        let deposited = (open || runs) && self.params.rules.bid_deposits;
        self.fail(pledge == deposited, || format!("bid {id} is {:?}, and its deposit is {pledge}", bid.state));
        let order = self.state.get::<Order>(&id.order);
        let taken = order.as_ref().is_some_and(|order| order.state == OrderState::Active && order.lease == Some(id.provider));
        self.fail(taken == runs, || format!("bid {id} runs or its order is active with it, and not both"));
        let stream = self.state.get::<StreamRow>(&id.unit());
        let gone = self.state.get::<Deployment>(&id.deployment()).is_some_and(|deployment| deployment.funds == Funds::Gone);
        let paid = stream.as_ref().is_some_and(|row| row.to == id.provider && row.escrow == id.deployment().unit());
        self.fail(paid == (runs && !gone), || format!("lease {id} runs or its payment does, and not both"));
        if stream.is_some() {
            self.index.insert(IndexKey::Stream(id.unit()), Found::Bid(id));
        }
        let measured = self.state.has::<MeasuredRow>(&(id.deployment().unit(), id.unit()));
        self.fail(measured == (stream.is_some() && self.params.availability.is_some()), || {
            format!("lease {id} is paid by its availability or its payment is measured, and not both")
        });
        if let Some(row) = super::read::availability(self.state, id).filter(|_| runs && self.params.availability.is_some()) {
            self.index.insert(IndexKey::Availability(id), Found::Availability(row));
            self.fail(row.answered <= row.probes && row.unreported <= row.next, || format!("lease {id} counts {row:?}"));
        }
        self.index.insert(IndexKey::BidOf(id.provider, id.order), Found::Listed);
        if let Some(lease) = &bid.lease {
            self.index.insert(IndexKey::LeaseOf(id.provider, id.order), Found::Bid(id));
            self.index.insert(IndexKey::LeaseOf(id.owner(), id.order), Found::Bid(id));
            self.seen.leases += 1;
            self.seen.leases_out_of_funds += u64::from(lease.state == LeaseState::InsufficientFunds);
        }
        self.seen.bids += 1;
        self.seen.open_bids += u32::from(open);
        let units = bid.lease.as_ref().filter(|_| runs).map_or(0, |lease| lease.units);
        let sum = self.providers.entry(id.provider).or_default();
        *sum = (sum.0 + u32::from(open), sum.1 + u32::from(runs), sum.2 + units);
        *self.deployments.entry(id.deployment()).or_default() += u32::from(runs);
        self.seen.running_leases += u32::from(runs);
        self.seen.leased_units += units;
        self.ceiling(id, bid);
    }

    /// A bid asks for no more than its order pays: the sum over units of price by count, here in 256 bits.
    fn ceiling(&mut self, id: BidId, bid: &Bid) {
        let Some(group) = self.state.get::<DeployedGroup>(&id.order.group) else { return };
        let most = group.group.resources.iter().fold(depin_quantity::Int::ZERO, |sum, unit| {
            let each = depin_quantity::Int::from(unit.price.amount.get()).times(depin_quantity::Int::from(u64::from(unit.count)));
            each.and_then(|each| sum.plus(each)).unwrap_or(sum)
        });
        let asked = depin_quantity::Int::from(bid.price.amount.get());
        self.fail(asked <= most, || format!("bid {id} asks for more than its order pays"));
        let millionths = depin_quantity::Int::from(bid.rate.amount.get()).times(depin_quantity::Int::from(1_000_000_u64));
        self.fail(millionths == Ok(asked), || format!("bid {id} asks for another price than it is paid"));
    }

    fn group(&mut self, id: GroupId, group: &DeployedGroup, orders: &[(OrderId, Order)]) {
        let numbers: Vec<u32> = orders.iter().map(|(order, _)| order.oseq).collect();
        self.fail(numbers == (1..=group.orders).collect::<Vec<_>>(), || format!("group {id} has the orders {numbers:?}"));
        for (order, row) in orders {
            let last = order.oseq == group.orders && group.state == GroupState::Open;
            self.fail(last != (row.state == OrderState::Closed), || {
                format!("order {order} is {:?} in a group that is {:?}", row.state, group.state)
            });
            let leased = row.lease.is_some();
            let fits = match row.state {
                OrderState::Open => !leased,
                OrderState::Active => leased,
                OrderState::Closed => row.closed.is_some(),
            };
            self.fail(fits, || format!("order {order} does not hold together: {row:?}"));
            let bids = self.state.rows_with::<Bid>(order).count();
            self.fail(bids == row.bids as usize, || format!("order {order} counts {} bids and has {bids}", row.bids));
            self.fail(row.bids <= self.params.bids_most, || format!("order {order} has {} bids", row.bids));
            if row.state == OrderState::Open {
                self.index.insert(IndexKey::OpenOrder(*order), Found::Listed);
                self.seen.open_orders += 1;
            }
        }
    }

    fn deployment(&mut self, id: DeploymentId, deployment: &Deployment, groups: u32) {
        let leases = self.deployments.remove(&id).unwrap_or_default();
        self.fail((deployment.groups, deployment.leases) == (groups, leases), || {
            format!(
                "deployment {id} counts {} groups and {} leases and has {groups} and {leases}",
                deployment.groups, deployment.leases
            )
        });
        let active = deployment.state == DeploymentState::Active;
        self.fail(active == deployment.closed.is_none() && active != (deployment.funds == Funds::Closed), || {
            format!("deployment {id} does not hold together: {deployment:?}")
        });
        let escrow = self.state.get::<EscrowRow>(&id.unit());
        let own = escrow.as_ref().is_none_or(|row| row.owner == id.owner && row.token == deployment.currency);
        let kept = deployment.funds == Funds::Open || !deployment.owed.is_zero();
        self.fail(own && escrow.is_some() == kept, || {
            format!("deployment {id} is {:?}, its escrow {escrow:?}", deployment.funds)
        });
        if active || !deployment.owed.is_zero() {
            self.index.insert(IndexKey::Escrow(id.unit()), Found::Deployment(id));
        }
        self.seen.deployments += 1;
        self.seen.active_deployments += u32::from(active);
    }

    fn provider(&mut self, address: Address, provider: &Provider) {
        let sum = self.providers.remove(&address).unwrap_or_default();
        let kept = (provider.bids, provider.leases, provider.leased_units);
        self.fail(kept == sum, || format!("provider {address} counts {kept:?} and has {sum:?}"));
        let engaged = provider.active || sum.0 > 0 || sum.1 > 0;
        self.fail(provider.pledged == (engaged && self.params.rules.pledges), || {
            format!("provider {address} is {engaged} and its pledge is {}", provider.pledged)
        });
        if provider.active {
            self.index.insert(IndexKey::Name(provider.name), Found::Account(address));
        }
        self.seen.providers += u32::from(provider.active);
    }

    fn rest(&mut self) {
        let lost: Vec<String> = self.providers.keys().map(|of| format!("bids of {of}, who is no provider")).collect();
        self.wrong.extend(lost);
        let kept: BTreeMap<IndexKey, Found> = self
            .state
            .rows::<Found>()
            .filter(|(key, found)| match (key, found) {
                // Whoever was out for good keeps its name, so that nobody else is taken for it.
                (IndexKey::Name(_), Found::Account(of)) => self.state.get::<Provider>(of).is_none_or(|provider| provider.active),
                (IndexKey::Grant(..), _) | (IndexKey::Tokens(_), Found::Generation(1..)) => false,
                _ => true,
            })
            .collect();
        if kept != self.index {
            let extra = kept.iter().find(|(key, found)| self.index.get(key) != Some(found));
            let missing = self.index.iter().find(|(key, found)| kept.get(key) != Some(found));
            self.wrong.push(format!("the index has {extra:?} and lacks {missing:?}"));
        }
        let totals = self.state.get::<LeasingTotals>(&()).unwrap_or_default();
        let seen = self.seen;
        self.fail(totals == seen, || format!("the totals say {totals:?}, the rows sum to {seen:?}"));
    }
}
