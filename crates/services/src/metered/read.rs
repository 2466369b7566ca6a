//! Reads, for APIs and tests. Lists go on behind a key, so that a page never walks through what it does not show.

use super::rows::{Batch, BatchOf, ByCustomer, ByOperator, Dispute, MeteredTotals, NameOf, Operator, Order};
use crate::lists::{after_key, listed};
use depin_quantity::{Address, UnitId};
use depin_state::ReadState;

/// The id before all.
const LEAST: UnitId = UnitId::new([0; 32]);

/// An operator.
pub fn operator(state: &dyn ReadState, address: Address) -> Option<Operator> {
    state.get::<Operator>(&address)
}

/// Whether an operator's name is its own: those that left may have lost theirs to another.
pub(super) fn has_name(state: &dyn ReadState, address: Address, operator: &Operator) -> bool {
    state.get::<NameOf>(&operator.name) == Some(NameOf(address))
}

/// Every operator behind `after`, by address; those that left too.
pub fn operators(state: &dyn ReadState, after: Option<Address>) -> impl Iterator<Item = (Address, Operator)> {
    after_key::<Operator>(state, after)
}

/// An order, until it is forgotten.
pub fn order(state: &dyn ReadState, id: UnitId) -> Option<Order> {
    state.get::<Order>(&id)
}

/// Every order behind `after`, by id.
pub fn orders(state: &dyn ReadState, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Order)> {
    after_key::<Order>(state, after)
}

/// Every order of a customer behind `after`, by id.
pub fn orders_of_customer(
    state: &dyn ReadState,
    customer: Address,
    after: Option<UnitId>,
) -> impl Iterator<Item = (UnitId, Order)> {
    listed::<ByCustomer, Order, _>(state, customer, after, LEAST)
}

/// Every order of an operator behind `after`, by id.
pub fn orders_of_operator(
    state: &dyn ReadState,
    operator: Address,
    after: Option<UnitId>,
) -> impl Iterator<Item = (UnitId, Order)> {
    listed::<ByOperator, Order, _>(state, operator, after, LEAST)
}

/// A batch by its id, until its order is forgotten.
pub fn batch(state: &dyn ReadState, id: UnitId) -> Option<Batch> {
    state.get::<Batch>(&id)
}

/// Every batch of an order behind the number `after`, in the order in which they were reported.
pub fn batches(state: &dyn ReadState, order: UnitId, after: Option<u32>) -> impl Iterator<Item = (UnitId, Batch)> {
    let mut next = match after {
        Some(after) => state.next_after::<BatchOf>(&(order, after)),
        None => state.first_from::<BatchOf>(&(order, 0)),
    };
    std::iter::from_fn(move || {
        let (key, BatchOf(id)) = next.take().filter(|((of, _), _)| *of == order)?;
        next = state.next_after::<BatchOf>(&key);
        Some((id, state.get::<Batch>(&id).expect("a listed batch exists")))
    })
}

/// The dispute of a batch, while it is not decided.
pub fn dispute(state: &dyn ReadState, batch: UnitId) -> Option<Dispute> {
    state.get::<Dispute>(&batch)
}

/// Every dispute that is not decided behind `after`, by batch.
pub fn disputes(state: &dyn ReadState, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Dispute)> {
    after_key::<Dispute>(state, after)
}

/// Running sums.
pub fn totals(state: &dyn ReadState) -> MeteredTotals {
    state.get::<MeteredTotals>(&()).unwrap_or_default()
}
