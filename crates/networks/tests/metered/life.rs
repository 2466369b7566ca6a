//! Whole lives of orders.

use crate::world::*;
use depin_economy::{Account, Money};
use depin_quantity::{Decimal18, Name, Span, UnitId, Units};
use depin_services::metered::{self, BatchState, MeteredEvent, MeteredMessage, NewOrder, batch_id, report_id};

const WINDOW: Span = Span::from_days(3);
const MS: Span = Span::from_millis(1);

#[test]
fn a_cap_is_bound_batches_are_paid_when_their_window_is_over_and_the_rest_goes_back() {
    let mut net = Net::changed(&[]);
    net.register().unwrap();
    let (had, accrued) = (net.held(CUSTOMER), net.held(OPERATOR));
    let order = net.open(fil(1_000)).unwrap();
    assert_eq!(net.held(CUSTOMER), had.minus(fil(1_000)).unwrap(), "the whole cap");
    let first = net.deliver(order, "a", 300).unwrap();
    net.pass(Span::from_secs(60));
    net.deliver(order, "b", 200).unwrap();
    assert_eq!(net.order(order).unwrap().left(), fil(500));
    net.pass(Span::from_millis(WINDOW.get() - 60_001));
    assert_eq!((net.held(OPERATOR), net.totals().pending_batches), (accrued, 2), "a millisecond early");
    net.pass(MS);
    assert_eq!(net.held(OPERATOR), accrued.plus(fil(300)).unwrap());
    assert!(matches!(net.batch(first).state, BatchState::Settled { at } if at == net.now));
    // The order took units for a day; it closes with its last batch.
    assert!(net.order(order).is_some_and(|order| order.ended && order.closed.is_none()));
    assert_eq!(net.held(CUSTOMER), had.minus(fil(500)).unwrap(), "what no batch holds went back at the end of the term");
    net.pass(Span::from_secs(60));
    assert_eq!(net.held(OPERATOR), accrued.plus(fil(500)).unwrap());
    assert!(matches!(net.events.last(), Some(MeteredEvent::OrderClosed { units: 500, .. })), "{:?}", net.events);
    let totals = net.totals();
    assert_eq!((totals.delivered, totals.reported, totals.open_orders, totals.pending_batches), (500, 500, 0, 0));
}

#[test]
fn closed_orders_are_forgotten_with_their_batches_and_totals_stay() {
    let mut net = Net::under(FILECOIN);
    net.register().unwrap();
    let order = net.open(fil(1_000)).unwrap();
    for part in 0..3 {
        let batches: Vec<_> = (0..50).map(|n| report(order, &format!("{part} {n}"), 1)).collect();
        net.send(METER, &MeteredMessage::Report(batches)).unwrap();
    }
    assert_eq!(metered::batches(net.rows(), order, None).count(), 150);
    assert_eq!(metered::batches(net.rows(), order, Some(99)).count(), 50);
    net.pass(Span::from_days(3));
    let closed = net.order(order).unwrap().closed.unwrap();
    assert_eq!(closed, net.now);
    net.pass(Span::from_days(7));
    assert_eq!(metered::batches(net.rows(), order, None).count(), 150 - 64, "some at a time");
    net.pass(MS);
    net.pass(MS);
    assert!(net.order(order).is_none());
    assert_eq!(metered::batches(net.rows(), order, None).count(), 0);
    assert_eq!(metered::orders_of_customer(net.rows(), CUSTOMER, None).count(), 0);
    assert_eq!(metered::orders_of_operator(net.rows(), OPERATOR, None).count(), 0);
    assert_eq!((net.totals().delivered, net.totals().batches, net.totals().orders), (150, 150, 1));
    assert_eq!(net.deliver(order, "0 0", 1).unwrap_err().code(), "unknown-order", "what was paid once is never paid again");
}

#[test]
fn what_was_spent_earns_the_emission_of_the_period_in_which_it_becomes_final() {
    let mut net = Net::under(FILECOIN);
    net.register().unwrap();
    let order = net.open(fil(1_000)).unwrap();
    net.deliver(order, "a", 100).unwrap();
    let before = net.held(OPERATOR);
    let locked = |net: &Net| net.reads().vesting(OPERATOR, FIL).locked;
    net.pass(DAY);
    net.with(|session| session.claim(OPERATOR, None)).unwrap();
    assert_eq!((net.held(OPERATOR), locked(&net)), (before, Units::ZERO), "nothing for units that can be disputed");
    net.pass(Span::from_days(2));
    net.pass(Span::from_secs(60));
    net.with(|session| session.claim(OPERATOR, None)).unwrap();
    let paid = before.plus(fil(100)).unwrap();
    assert!(net.held(OPERATOR) > paid && !locked(&net).is_zero(), "a quarter at once, the rest locked");
}

#[test]
fn prices_in_dollars_are_paid_at_the_price_of_the_report_and_never_above_the_cap() {
    let mut net = Net::under(RENDER);
    net.register().unwrap();
    let had = net.held(CUSTOMER);
    let order = net.open(Units::new(750_000_000)).unwrap();
    net.deliver(order, "a", 1_000).unwrap();
    assert_eq!(net.order(order).unwrap().held, Units::new(500_000_000), "10 dollars at 2 dollars a token, 8 decimals");
    net.price(ONE);
    let refused = net.deliver(order, "b", 500).unwrap_err();
    assert_eq!(refused.code(), "cap-exceeded");
    assert!(refused.to_string().contains("500000000 base units of RENDER and 250000000 are left"), "{refused}");
    net.deliver(order, "b", 250).unwrap();
    net.pass(WINDOW);
    assert_eq!(had.minus(net.held(CUSTOMER)).unwrap(), Units::new(750_000_000));
    let order = net.order(order).unwrap();
    assert_eq!((order.spent, order.returned, order.units), (Units::new(750_000_000), Units::ZERO, 1_250));
}

#[test]
fn every_economy_takes_orders_reports_disputes_and_failures() {
    for n in 0..5 {
        let mut net = Net::under(n);
        net.register().unwrap();
        let cap = net.held(CUSTOMER).mul_div(1, 2, depin_quantity::Rounding::Down).unwrap();
        let order = net.open(cap).unwrap();
        let had = net.held(CUSTOMER);
        let (paid, disputed) = (net.deliver(order, "a", 9).unwrap(), net.deliver(order, "b", 8).unwrap());
        net.send(CUSTOMER, &dispute(disputed, 2)).unwrap();
        net.send(OPERATOR, &answer(disputed)).unwrap();
        net.send(ARBITER, &MeteredMessage::Decide { batch: disputed, counted: 1 }).unwrap();
        net.pass(WINDOW);
        assert_eq!((net.batch(paid).counted, net.batch(disputed).counted, net.totals().rejected), (9, 3, 5), "economy {n}");
        let order = net.order(order).unwrap();
        assert!(order.closed.is_some() && order.units == 12);
        assert_eq!(order.spent.plus(order.returned).unwrap(), cap);
        if net.currency() != net.economy.spec().fee().token {
            assert_eq!(net.held(CUSTOMER).minus(had).unwrap(), order.returned, "deposits are in another token");
        }
        net.send(METER, &MeteredMessage::Fail { operator: OPERATOR, failing: metered::Failing::Failed }).unwrap();
        net.send(METER, &MeteredMessage::Fail { operator: OPERATOR, failing: metered::Failing::Expelled }).unwrap();
        assert_eq!(net.open(cap).unwrap_err().code(), "expelled");
        assert_eq!(net.register().unwrap_err().code(), "expelled");
        assert_eq!(net.totals().operators, 0);
    }
}

#[test]
fn a_batch_is_taken_once_whatever_is_sent_again() {
    let (mut net, order, batch) = Net::with_a_batch();
    let (held, told) = (net.order(order).unwrap().held, net.events.len());
    net.deliver(order, "a", 100).unwrap();
    assert_eq!(net.order(order).unwrap().held, held);
    assert_eq!(net.events[told..], [MeteredEvent::BatchRepeated { order, batch }]);
    let mut other = report(order, "a", 100);
    for change in 0..3 {
        match change {
            0 => other.units = 101,
            1 => other.evidence.pointer = None,
            _ => other.evidence.hash = evidence("b").hash,
        }
        let refused = net.send(METER, &MeteredMessage::Report(vec![other.clone()])).unwrap_err();
        assert_eq!(refused.code(), "batch-conflict");
        other = report(order, "a", 100);
    }
    // Twice in one message, after it was paid, and after the order is closed.
    net.send(METER, &MeteredMessage::Report(vec![report(order, "b", 5), report(order, "b", 5)])).unwrap();
    assert_eq!(net.totals().batches, 2);
    net.pass(WINDOW);
    let paid = net.held(OPERATOR);
    assert!(net.order(order).unwrap().closed.is_some());
    net.deliver(order, "a", 100).unwrap();
    net.pass(WINDOW);
    assert_eq!((net.held(OPERATOR), net.totals().delivered), (paid, 105));
    assert_eq!(net.deliver(order, "c", 1).unwrap_err().code(), "ended");
}

#[test]
fn a_report_is_taken_as_a_whole() {
    let (mut net, order, _) = Net::with_a_batch();
    let batches = vec![report(order, "b", 10), report(order, "c", 1_000)];
    assert_eq!(net.send(METER, &MeteredMessage::Report(batches)).unwrap_err().code(), "cap-exceeded");
    assert!(metered::batch(net.rows(), batch_id(order, report_id("b"))).is_none());
}

#[test]
fn a_cap_is_raised_by_its_customer_and_only_while_the_order_takes_units() {
    let mut net = Net::under(FILECOIN);
    net.register().unwrap();
    let order = net.open(fil(100)).unwrap();
    assert_eq!(net.deliver(order, "a", 101).unwrap_err().code(), "cap-exceeded");
    let by = Money { currency: FIL, amount: Decimal18::new(fil(1).get()) };
    assert_eq!(net.send(ANYBODY, &MeteredMessage::RaiseCap { order, by }).unwrap_err().code(), "not-yours");
    net.send(CUSTOMER, &MeteredMessage::RaiseCap { order, by }).unwrap();
    net.deliver(order, "a", 101).unwrap();
    assert_eq!(net.order(order).unwrap().left(), Units::ZERO);
    net.pass(DAY);
    assert_eq!(net.send(CUSTOMER, &MeteredMessage::RaiseCap { order, by }).unwrap_err().code(), "ended");
}

#[test]
fn a_close_leaves_the_operator_its_grace_period_and_not_a_millisecond_more() {
    let mut net = Net::under(FILECOIN);
    net.register().unwrap();
    let had = net.held(CUSTOMER);
    let order = net.open(fil(1_000)).unwrap();
    assert_eq!(net.send(ANYBODY, &MeteredMessage::CloseOrder(order)).unwrap_err().code(), "not-yours");
    net.send(CUSTOMER, &MeteredMessage::CloseOrder(order)).unwrap();
    net.pass(Span::from_millis(10 * 60_000 - 1));
    net.deliver(order, "a", 1).unwrap();
    // Closing again gives no more time.
    net.send(CUSTOMER, &MeteredMessage::CloseOrder(order)).unwrap();
    net.pass(MS);
    assert_eq!(net.deliver(order, "b", 1).unwrap_err().code(), "ended");
    assert_eq!(had.minus(net.held(CUSTOMER)).unwrap(), fil(1), "all but the pending batch is back");
    let closed = net.send(CUSTOMER, &MeteredMessage::CloseOrder(order)).unwrap_err();
    assert_eq!(closed.code(), "ended");
    assert!(closed.to_string().contains("is closed already") && !closed.to_string().contains("open another"), "{closed}");
    net.pass(WINDOW);
    assert!(net.order(order).unwrap().closed.is_some());
}

#[test]
fn an_operator_closes_an_order_at_once() {
    let mut net = Net::under(FILECOIN);
    net.register().unwrap();
    let had = net.held(CUSTOMER);
    let order = net.open(fil(1_000)).unwrap();
    net.send(OPERATOR, &MeteredMessage::CloseOrder(order)).unwrap();
    assert_eq!(net.held(CUSTOMER), had);
    assert!(net.order(order).unwrap().closed.is_some());
    net.send(OPERATOR, &MeteredMessage::Leave).unwrap();
}

#[test]
fn an_operator_leaves_with_its_pledge_when_its_orders_are_closed() {
    let mut net = Net::under(FILECOIN);
    let had = net.held(OPERATOR);
    net.register().unwrap();
    assert!(net.held(OPERATOR) < had, "something is pledged");
    let order = net.open(fil(1)).unwrap();
    assert_eq!(net.send(OPERATOR, &MeteredMessage::Leave).unwrap_err().code(), "open-orders");
    net.send(OPERATOR, &MeteredMessage::CloseOrder(order)).unwrap();
    net.send(OPERATOR, &MeteredMessage::Leave).unwrap();
    assert_eq!(net.held(OPERATOR), had);
    assert_eq!(net.send(OPERATOR, &MeteredMessage::Leave).unwrap_err().code(), "unknown-operator");
    assert_eq!(net.open(fil(1)).unwrap_err().code(), "unknown-operator");
    net.register().unwrap();
    assert_eq!(net.totals().operators, 1);
}

#[test]
fn without_an_arbiter_batches_are_paid_when_they_are_reported() {
    let mut net = Net::without_disputes();
    net.register().unwrap();
    let had = net.held(OPERATOR);
    let order = net.open(fil(100)).unwrap();
    let batch = net.deliver(order, "a", 60).unwrap();
    assert_eq!(net.held(OPERATOR), had.plus(fil(60)).unwrap());
    assert_eq!(net.send(CUSTOMER, &dispute(batch, 0)).unwrap_err().code(), "no-disputes");
    net.deliver(order, "a", 60).unwrap();
    assert_eq!(net.held(OPERATOR), had.plus(fil(60)).unwrap());
    net.pass(DAY);
    assert!(net.order(order).unwrap().closed.is_some());
}

#[test]
fn where_the_network_names_no_reporter_operators_report_or_whom_the_order_names() {
    let mut net = Net::changed(&[("reporter = \"meter\"", "# reporter = \"meter\"")]);
    net.register().unwrap();
    let order = net.open(fil(100)).unwrap();
    assert_eq!(net.deliver(order, "a", 1).unwrap_err().code(), "not-the-reporter");
    net.send(OPERATOR, &MeteredMessage::Report(vec![report(order, "a", 1)])).unwrap();
    let named = NewOrder { reporter: Some(ANYBODY), ..net.new_order(fil(100)) };
    let order = net.place(named).unwrap();
    assert_eq!(net.send(OPERATOR, &MeteredMessage::Report(vec![report(order, "a", 1)])).unwrap_err().code(), "not-the-reporter");
    net.send(ANYBODY, &MeteredMessage::Report(vec![report(order, "a", 1)])).unwrap();
    let failing = MeteredMessage::Fail { operator: OPERATOR, failing: metered::Failing::Failed };
    assert_eq!(net.send(OPERATOR, &failing).unwrap_err().code(), "not-the-reporter");
}

#[test]
fn a_new_networks_pool_shares_by_what_was_spent() {
    let toml = crate::files::mixed("metered", FILECOIN, FILECOIN, FILECOIN).toml;
    let spent = toml.lines().find(|line| line.starts_with("spent = { pool")).expect("what was spent is bound to a pool");
    let mut net = Net::of(&toml);
    assert!(net.service.params.rules.spent_earns && !net.service.params.rules.units_earn);
    net.register().unwrap();
    let order = net.open(fil(100)).unwrap();
    net.deliver(order, "a", 60).unwrap();
    net.pass(WINDOW);
    let pool: Name = spent.split('"').nth(1).unwrap().parse().unwrap();
    assert_eq!(net.reads().pool(pool).accrued.get(), fil(60).get(), "base units are weight");
}

#[test]
fn jobs_are_done_as_far_as_a_blocks_work_goes_and_none_is_lost() {
    let mut net = Net::changed(&[]);
    net.register().unwrap();
    let order = net.open(fil(1_000)).unwrap();
    net.send(METER, &MeteredMessage::Report((0..60).map(|n| report(order, &n.to_string(), 1)).collect())).unwrap();
    net.now = net.now.later(WINDOW);
    let mut paid = Vec::new();
    while paid.last() != Some(&60) {
        net.work(200);
        paid.push(net.totals().delivered);
        assert!(paid.len() < 20, "{paid:?}");
    }
    assert!(paid.len() >= 5 && paid.windows(2).all(|pair| pair[0] < pair[1]), "{paid:?}");
}

#[test]
fn nothing_is_left_in_escrow_when_all_orders_are_over() {
    let (mut net, order, _) = Net::with_a_batch();
    assert_eq!(net.held_in(Account::Escrow(order)), fil(900));
    net.pass(Span::from_days(3));
    net.pass(Span::from_days(7));
    assert_eq!(net.held_in(Account::Escrow(order)), Units::ZERO);
    let ids: Vec<UnitId> = metered::orders(net.rows(), None).map(|(id, _)| id).collect();
    assert!(ids.is_empty(), "{ids:?}");
}
