//! Reads, and what must hold between any two blocks.

use super::rows::{MeteredTotals, Operator, Order};
use depin_quantity::{Address, UnitId};
use depin_state::ReadState;
use std::collections::BTreeMap;

/// An operator.
pub fn operator(state: &dyn ReadState, address: Address) -> Option<Operator> {
    state.get::<Operator>(&address)
}

/// All operators, by address.
pub fn operators(state: &dyn ReadState) -> impl Iterator<Item = (Address, Operator)> + '_ {
    state.rows::<Operator>()
}

/// An open order.
pub fn order(state: &dyn ReadState, id: UnitId) -> Option<Order> {
    state.get::<Order>(&id)
}

/// Sums over all operators and orders.
pub fn totals(state: &dyn ReadState) -> MeteredTotals {
    state.get::<MeteredTotals>(&()).unwrap_or_default()
}

/// Checks every operator and order against each other and against the totals; what does not hold, one sentence each.
pub fn audit(state: &dyn ReadState) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut open: BTreeMap<Address, u32> = BTreeMap::new();
    for (id, order) in state.rows::<Order>() {
        *open.entry(order.operator).or_default() += 1;
        if order.open == 0 || order.open > order.units {
            wrong.push(format!("order {id} of {} units has {} open", order.units, order.open));
        }
    }
    let mut sums = MeteredTotals::default();
    for (address, operator) in state.rows::<Operator>() {
        let has = open.remove(&address).unwrap_or(0);
        if operator.open_orders != has {
            wrong.push(format!("operator {address} counts {} open orders and has {has}", operator.open_orders));
        }
        if operator.expelled && (operator.active || operator.pledged) {
            wrong.push(format!("operator {address} was expelled and still takes part"));
        }
        sums.operators += u32::from(operator.active);
        sums.open_orders += has;
        sums.delivered += operator.delivered;
    }
    wrong.extend(open.keys().map(|operator| format!("orders of {operator}, who is no operator")));
    let totals = totals(state);
    if totals != sums {
        wrong.push(format!("the totals say {totals:?}, the rows sum to {sums:?}"));
    }
    wrong
}
