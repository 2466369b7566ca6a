//! What must hold between any two blocks, recomputed from the rows alone.

use super::rows::{
    Batch, BatchOf, BatchState, ByCustomer, ByOperator, Dispute, MeteredTotals, NameOf, Operator, Order, OrdersOf,
};
use depin_economy::{EscrowRow, HoldRow};
use depin_quantity::{Address, UnitId};
use depin_state::ReadState;
use std::collections::BTreeMap;

/// What batches of one order sum to.
#[derive(Default)]
struct Sum {
    batches: u32,
    pending: u32,
    held: u128,
    paid: u128,
    counted: u128,
    open: u128,
}

/// Checks every operator, order, batch and dispute against each other, against what the economy holds for them, and against the totals;
/// what does not hold, one sentence each.
pub fn audit(state: &dyn ReadState) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut sums = batches(state, &mut wrong);
    let (mut seen, mut open, mut of_customers) = (MeteredTotals::default(), BTreeMap::new(), BTreeMap::new());
    for (id, order) in state.rows::<Order>() {
        let sum = sums.remove(&id).unwrap_or_default();
        seen.open_orders += u32::from(order.closed.is_none());
        seen.pending_batches += sum.pending;
        seen.reported += sum.open;
        *open.entry(order.operator).or_insert(0u32) += u32::from(order.closed.is_none());
        *of_customers.entry(order.customer).or_insert(0u32) += 1;
        one_order(state, id, &order, &sum, &mut wrong);
    }
    wrong.extend(sums.keys().map(|order| format!("batches of order {order}, which is not there")));
    let kept: BTreeMap<Address, u32> = state.rows::<OrdersOf>().map(|(customer, OrdersOf(kept))| (customer, kept)).collect();
    if kept != of_customers {
        wrong.push(format!("customers are said to have {kept:?} orders, and have {of_customers:?}"));
    }
    for (batch, dispute) in state.rows::<Dispute>() {
        seen.open_disputes += 1;
        let found = state.get::<Batch>(&batch);
        if !found.is_some_and(|b| b.state == BatchState::Disputed && b.order == dispute.order && b.open == dispute.contested) {
            wrong.push(format!("a dispute about {} units of batch {batch}, which does not have them", dispute.contested));
        }
    }
    operators(state, &mut seen, open, &mut wrong);
    let kept = state.get::<MeteredTotals>(&()).unwrap_or_default();
    let now = |t: &MeteredTotals| (t.operators, t.open_orders, t.pending_batches, t.open_disputes, t.delivered, t.rejected);
    if now(&kept) != now(&seen) || kept.reported != seen.reported + seen.delivered + seen.rejected {
        wrong.push(format!("the totals say {kept:?}, the rows sum to {seen:?}"));
    }
    wrong
}

fn batches(state: &dyn ReadState, wrong: &mut Vec<String>) -> BTreeMap<UnitId, Sum> {
    let mut sums: BTreeMap<UnitId, Sum> = BTreeMap::new();
    for (id, batch) in state.rows::<Batch>() {
        let sum = sums.entry(batch.order).or_default();
        let settled = matches!(batch.state, BatchState::Settled { .. });
        sum.batches += 1;
        sum.pending += u32::from(!settled);
        sum.held += batch.held.get();
        sum.paid += batch.paid.get();
        sum.counted += u128::from(batch.counted);
        sum.open += u128::from(batch.open);
        let held = state.get::<HoldRow>(&id).map_or(0, |hold| hold.left.get());
        let disputed = (batch.state == BatchState::Disputed) == state.get::<Dispute>(&id).is_some();
        let listed = state.get::<BatchOf>(&(batch.order, batch.number)).is_some_and(|BatchOf(of)| of == id);
        let whole = batch.counted + batch.open <= batch.units && batch.paid.get() + held <= batch.amount.get();
        if held != batch.held.get() || settled != (batch.open == 0) || !disputed || !listed || !whole {
            wrong.push(format!("batch {id} does not hold together, or with the {held} base units held for it: {batch:?}"));
        }
    }
    sums
}

fn one_order(state: &dyn ReadState, id: UnitId, order: &Order, sum: &Sum, wrong: &mut Vec<String>) {
    let kept = (order.batches, order.pending, order.held.get(), order.spent.get(), u128::from(order.units));
    let (paid, counted) = (order.spent.get(), u128::from(order.units));
    // A closed order is forgotten some batches at a time, itself last.
    let forgetting = order.closed.is_some() && sum.batches < order.batches && sum.paid <= paid && sum.counted <= counted;
    let agrees = kept == (sum.batches, sum.pending, sum.held, sum.paid, sum.counted);
    if !(agrees || forgetting && (sum.pending, sum.held) == (0, 0)) {
        wrong.push(format!("order {id} keeps {kept:?}, and its batches sum to another"));
    }
    let used = order.spent.get() + order.held.get() + order.returned.get();
    if used > order.cap.get() || (order.closed.is_some() && used != order.cap.get()) {
        wrong.push(format!("order {id} of {} base units has used {used}", order.cap));
    }
    let escrow = state.get::<EscrowRow>(&id).is_some_and(|escrow| escrow.owner == order.customer);
    if escrow != order.closed.is_none() {
        wrong.push(format!("order {id} and its escrow are not open together"));
    }
    let listed = state.has::<ByCustomer>(&(order.customer, id)) && state.has::<ByOperator>(&(order.operator, id));
    if !listed {
        wrong.push(format!("order {id} is not listed for both its sides"));
    }
}

fn operators(state: &dyn ReadState, seen: &mut MeteredTotals, mut open: BTreeMap<Address, u32>, wrong: &mut Vec<String>) {
    for (address, operator) in state.rows::<Operator>() {
        let has = open.remove(&address).unwrap_or(0);
        if operator.open_orders != has {
            wrong.push(format!("operator {address} counts {} open orders and has {has}", operator.open_orders));
        }
        if operator.expelled && operator.active {
            wrong.push(format!("operator {address} was expelled and still takes part"));
        }
        let named = state.get::<NameOf>(&operator.name) == Some(NameOf(address));
        if named != (operator.active || operator.expelled) {
            wrong.push(format!(
                "operator {address} takes part, and its name `{}` is another's, or the other way round",
                operator.name
            ));
        }
        seen.operators += u32::from(operator.active);
        seen.delivered += operator.delivered;
        seen.rejected += operator.rejected;
    }
    wrong.extend(open.keys().map(|operator| format!("orders of {operator}, who is no operator")));
}
