//! Reads, for APIs and tests. Lists go on behind a key, so that a page never walks through what it does not show.

use super::{
    ids::{BidId, DeploymentId, GroupId, OrderId},
    rows::{AuditedAttributes, Availability, Bid, DeployedGroup, Deployment, Found, IndexKey, LeasingTotals, Order, Provider},
};
use crate::lists::after_key;
use depin_economy::Money;
use depin_quantity::Address;
use depin_state::{ReadState, Row};

/// A provider.
pub fn provider(state: &dyn ReadState, address: Address) -> Option<Provider> {
    state.get::<Provider>(&address)
}

/// Whether a provider's name is its own: those that left may have lost theirs to another.
pub(super) fn has_name(state: &dyn ReadState, address: Address, provider: &Provider) -> bool {
    state.get::<Found>(&IndexKey::Name(provider.name)) == Some(Found::Account(address))
}

/// Every provider behind `after`, by address; those that left too.
pub fn providers(state: &dyn ReadState, after: Option<Address>) -> impl Iterator<Item = (Address, Provider)> {
    after_key::<Provider>(state, after)
}

/// What auditors signed about a provider, by auditor.
pub fn audits(state: &dyn ReadState, provider: Address) -> impl Iterator<Item = (Address, AuditedAttributes)> {
    state.rows_with::<AuditedAttributes>(&provider).map(|((_, auditor), row)| (auditor, row))
}

/// A deployment.
pub fn deployment(state: &dyn ReadState, id: DeploymentId) -> Option<Deployment> {
    state.get::<Deployment>(&id)
}

/// Every deployment behind `after`, by owner and number.
pub fn deployments(state: &dyn ReadState, after: Option<DeploymentId>) -> impl Iterator<Item = (DeploymentId, Deployment)> {
    after_key::<Deployment>(state, after)
}

/// Every deployment of an owner with a number above `after`.
pub fn deployments_of(
    state: &dyn ReadState,
    owner: Address,
    after: Option<u64>,
) -> impl Iterator<Item = (DeploymentId, Deployment)> {
    let after = DeploymentId { owner, dseq: after.unwrap_or(0) };
    after_key::<Deployment>(state, Some(after)).take_while(move |(id, _)| id.owner == owner)
}

/// The groups of a deployment.
pub fn groups(state: &dyn ReadState, id: DeploymentId) -> impl Iterator<Item = (GroupId, DeployedGroup)> {
    from::<DeployedGroup>(state, &id.group(0)).take_while(move |(group, _)| group.deployment == id)
}

/// A group.
pub fn group(state: &dyn ReadState, id: GroupId) -> Option<DeployedGroup> {
    state.get::<DeployedGroup>(&id)
}

/// An order.
pub fn order(state: &dyn ReadState, id: OrderId) -> Option<Order> {
    state.get::<Order>(&id)
}

/// The orders of a group behind the number `after`.
pub fn orders(state: &dyn ReadState, id: GroupId, after: Option<u32>) -> impl Iterator<Item = (OrderId, Order)> {
    after_key::<Order>(state, Some(id.order(after.unwrap_or(0)))).take_while(move |(order, _)| order.group == id)
}

/// Every order behind `after` that takes bids.
pub fn open_orders(state: &dyn ReadState, after: Option<OrderId>) -> impl Iterator<Item = (OrderId, Order)> {
    let listed = after_index(state, IndexKey::OpenOrder(after.unwrap_or_default()));
    listed.map_while(move |(key, _)| match key {
        IndexKey::OpenOrder(id) => Some((id, state.get::<Order>(&id).expect("what is listed exists"))),
        _ => None,
    })
}

/// A bid, and the lease that it became.
pub fn bid(state: &dyn ReadState, id: BidId) -> Option<Bid> {
    state.get::<Bid>(&id)
}

/// The bids on an order behind that of the provider `after`.
pub fn bids(state: &dyn ReadState, id: OrderId, after: Option<Address>) -> impl Iterator<Item = (BidId, Bid)> {
    let first = match after {
        Some(after) => state.next_after::<Bid>(&id.bid(after)),
        None => state.first_from::<Bid>(&id.bid(Address::default())),
    };
    walk::<Bid>(state, first).take_while(move |(bid, _)| bid.order == id)
}

/// The bids of a provider behind that on the order `after`.
pub fn bids_of(state: &dyn ReadState, provider: Address, after: Option<OrderId>) -> impl Iterator<Item = (BidId, Bid)> {
    let listed = after_index(state, IndexKey::BidOf(provider, after.unwrap_or_default()));
    listed.map_while(move |(key, _)| match key {
        IndexKey::BidOf(of, order) if of == provider => {
            let id = order.bid(provider);
            Some((id, state.get::<Bid>(&id).expect("what is listed exists")))
        }
        _ => None,
    })
}

/// The leases of a provider or a tenant, those that ended too, behind that of the order `after`.
pub fn leases_of(state: &dyn ReadState, account: Address, after: Option<OrderId>) -> impl Iterator<Item = (BidId, Bid)> {
    let listed = after_index(state, IndexKey::LeaseOf(account, after.unwrap_or_default()));
    listed.map_while(move |(key, found)| match (key, found) {
        (IndexKey::LeaseOf(of, _), Found::Bid(id)) if of == account => {
            Some((id, state.get::<Bid>(&id).expect("what is listed exists")))
        }
        _ => None,
    })
}

/// What is left of a grant to deposit out of `granter`'s wallet.
pub fn grant(state: &dyn ReadState, granter: Address, grantee: Address) -> Option<Money> {
    match state.get::<Found>(&IndexKey::Grant(granter, grantee)) {
        Some(Found::Grant(currency, amount)) => Some(Money { currency, amount }),
        _ => None,
    }
}

/// The generation of the tokens that a tenant gives out: how often it revoked those before.
pub fn token_generation(state: &dyn ReadState, tenant: Address) -> u64 {
    match state.get::<Found>(&IndexKey::Tokens(tenant)) {
        Some(Found::Generation(generation)) => generation,
        _ => 0,
    }
}

/// How available a lease was so far, while it runs and is paid by that.
pub fn availability(state: &dyn ReadState, lease: BidId) -> Option<Availability> {
    match state.get::<Found>(&IndexKey::Availability(lease)) {
        Some(Found::Availability(row)) => Some(row),
        _ => None,
    }
}

/// Running sums.
pub fn totals(state: &dyn ReadState) -> LeasingTotals {
    state.get::<LeasingTotals>(&()).unwrap_or_default()
}

/// Rows from `first` on.
fn walk<'a, R: Row + 'a>(state: &'a dyn ReadState, first: Option<(R::Key, R)>) -> impl Iterator<Item = (R::Key, R)> + use<'a, R>
where
    R::Key: Copy,
{
    let mut next = first;
    std::iter::from_fn(move || {
        let row = next.take()?;
        next = state.next_after::<R>(&row.0);
        Some(row)
    })
}

/// Rows whose key is at least `key`.
fn from<'a, R: Row + 'a>(state: &'a dyn ReadState, key: &R::Key) -> impl Iterator<Item = (R::Key, R)> + use<'a, R>
where
    R::Key: Copy,
{
    walk(state, state.first_from::<R>(key))
}

/// Entries of the index behind `key`.
fn after_index(state: &dyn ReadState, key: IndexKey) -> impl Iterator<Item = (IndexKey, Found)> {
    walk(state, state.next_after::<Found>(&key))
}
