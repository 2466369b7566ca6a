//! Every refusal, by its code.

use crate::world::*;
use depin_economy::Money;
use depin_quantity::{Decimal18, Name, Span, UnitId, Units};
use depin_services::metered::{ENTRIES_MAX, Evidence, Failing, MeteredError, MeteredMessage, NewOrder, Report};
use std::collections::BTreeSet;

fn ask(currency: &'static str, amount: u128) -> Money {
    Money { currency: Name::literal(currency), amount: Decimal18::new(amount) }
}

/// Says a message that must be refused; gives the code. The sentence says something, too.
fn refused(net: &mut Net, who: depin_quantity::Address, message: MeteredMessage) -> &'static str {
    let error = net.send(who, &message).expect_err("this must be refused");
    assert!(error.to_string().len() > 20, "{error}");
    error.code()
}

fn registration(asks: Vec<Money>, url: &str) -> MeteredMessage {
    MeteredMessage::Register { name: Name::literal("tiler"), url: url.to_owned(), asks, accepts: true }
}

#[test]
fn registrations_that_cannot_be() {
    let mut net = Net::under(FILECOIN);
    for asks in [vec![], vec![ask("FIL", 0)], vec![ask("USD", 1)], vec![ask("FIL", 1), ask("FIL", 2)]] {
        assert_eq!(refused(&mut net, OPERATOR, registration(asks.clone(), "")), "ask", "{asks:?}");
    }
    assert_eq!(refused(&mut net, OPERATOR, registration(vec![ask("FIL", 1); 65], "")), "entries");
    for url in ["tiles", "ftp://tiles", "http://", "http:///x", "https://a b", &format!("https://{}", "x".repeat(300))] {
        assert_eq!(refused(&mut net, OPERATOR, registration(vec![ask("FIL", 1)], url)), "text", "{url}");
    }
    // Render's token has eight places, and prices there are in dollars.
    let mut net = Net::under(RENDER);
    assert_eq!(refused(&mut net, OPERATOR, registration(vec![ask("RENDER", ONE)], "")), "ask");
    let helium = Net::under(0);
    if helium.each().is_none() {
        let mut net = helium;
        assert_eq!(refused(&mut net, OPERATOR, registration(vec![ask("DC", 1)], "")), "ask", "the network sets the price");
        net.register().unwrap();
        let priced = NewOrder { price: Some(ask("DC", 1)), ..net.new_order(depin_quantity::Units::new(100)) };
        assert_eq!(refused(&mut net, CUSTOMER, MeteredMessage::OpenOrder(priced)), "ask");
    }
}

#[test]
fn orders_that_cannot_be() {
    let mut net = Net::under(FILECOIN);
    let good = net.new_order(fil(100));
    let open = |net: &mut Net, order: NewOrder| refused(net, CUSTOMER, MeteredMessage::OpenOrder(order));
    assert_eq!(open(&mut net, good.clone()), "unknown-operator");
    net.register().unwrap();
    for open_for in [Span::from_millis(0), Span::from_millis(Span::from_days(30).get() + 1)] {
        assert_eq!(open(&mut net, NewOrder { open_for, ..good.clone() }), "open-for");
    }
    assert_eq!(open(&mut net, NewOrder { reporter: Some(CUSTOMER), ..good.clone() }), "reporter");
    assert_eq!(open(&mut net, NewOrder { cap: ask("FIL", 0), ..good.clone() }), "cap");
    assert_eq!(open(&mut net, NewOrder { cap: ask("USD", 1), ..good.clone() }), "currency");
    assert_eq!(open(&mut net, NewOrder { price: None, ..good.clone() }), "ask");
    assert_eq!(open(&mut net, NewOrder { price: Some(ask("USD", 1)), ..good.clone() }), "ask");
    assert_eq!(open(&mut net, NewOrder { price: Some(ask("FIL", ONE / 100 - 1)), ..good.clone() }), "price-above");
    assert_eq!(open(&mut net, NewOrder { cap: ask("FIL", 1_000_000_000 * ONE), ..good.clone() }), "economy", "nobody has that");
    let MeteredMessage::Register { name, url, asks, .. } = net.registration() else { unreachable!() };
    net.send(OPERATOR, &MeteredMessage::Register { name, url, asks, accepts: false }).unwrap();
    assert_eq!(open(&mut net, good.clone()), "not-accepting");
    net.register().unwrap();
    let above = net.send(CUSTOMER, &MeteredMessage::OpenOrder(NewOrder { price: Some(ask("FIL", 1)), ..good.clone() }));
    let text = above.unwrap_err().to_string();
    assert!(text.contains("costs 0.01 FIL now and the order allows 0.000000000000000001 FIL"), "{text}");
    // A limit above the ask is no price.
    let order = net.place(NewOrder { price: Some(ask("FIL", ONE)), ..good }).unwrap();
    assert_eq!(net.order(order).unwrap().each, Some(ask("FIL", ONE / 100)));
}

#[test]
fn reports_that_cannot_be() {
    let (mut net, order, _) = Net::with_a_batch();
    let mut say = |who, reports: Vec<Report>| refused(&mut net, who, MeteredMessage::Report(reports));
    let good = report(order, "b", 1);
    assert_eq!(say(METER, Vec::new()), "entries");
    assert_eq!(say(METER, vec![good.clone(); ENTRIES_MAX + 1]), "entries");
    for pointer in ["", "a b", "\"", &"x".repeat(257)] {
        let evidence = Evidence { pointer: Some(pointer.to_owned()), ..good.evidence.clone() };
        assert_eq!(say(METER, vec![Report { evidence, ..good.clone() }]), "text", "{pointer}");
    }
    assert_eq!(say(METER, vec![report(UnitId::new([9; 32]), "b", 1)]), "unknown-order");
    for who in [OPERATOR, CUSTOMER, ANYBODY, ARBITER] {
        assert_eq!(say(who, vec![good.clone()]), "not-the-reporter");
        assert_eq!(say(who, vec![report(order, "a", 100)]), "not-the-reporter", "not even what is known already");
    }
    for units in [0, 1_000_000_001] {
        assert_eq!(say(METER, vec![report(order, "b", units)]), "units");
    }
    assert_eq!(say(METER, vec![report(order, "b", 901)]), "cap-exceeded");
    assert_eq!(say(METER, vec![report(order, "a", 1)]), "batch-conflict");
    let mut net = Net::changed(&[("per-order = 10_000", "per-order = 1")]);
    net.register().unwrap();
    let order = net.open(fil(100)).unwrap();
    net.deliver(order, "a", 1).unwrap();
    assert_eq!(net.deliver(order, "b", 1).unwrap_err().code(), "batches");
}

#[test]
fn disputes_that_cannot_be() {
    let (mut net, order, batch) = Net::with_a_batch();
    let unknown = UnitId::new([9; 32]);
    let decide = |batch, counted| MeteredMessage::Decide { batch, counted };
    assert_eq!(refused(&mut net, CUSTOMER, dispute(unknown, 0)), "unknown-batch");
    for who in [OPERATOR, METER, ARBITER, ANYBODY] {
        assert_eq!(refused(&mut net, who, dispute(batch, 0)), "not-yours");
    }
    for accepted in [100, 101, u64::MAX] {
        assert_eq!(refused(&mut net, CUSTOMER, dispute(batch, accepted)), "accepted");
    }
    assert_eq!(refused(&mut net, OPERATOR, answer(batch)), "no-dispute");
    assert_eq!(refused(&mut net, OPERATOR, MeteredMessage::Concede(batch)), "no-dispute");
    assert_eq!(refused(&mut net, ARBITER, decide(batch, 0)), "no-dispute");
    net.send(CUSTOMER, &dispute(batch, 0)).unwrap();
    for who in [CUSTOMER, METER, ARBITER, ANYBODY] {
        assert_eq!(refused(&mut net, who, answer(batch)), "not-yours");
        assert_eq!(refused(&mut net, who, MeteredMessage::Concede(batch)), "not-yours");
    }
    assert_eq!(refused(&mut net, ARBITER, decide(batch, 1)), "not-answered");
    net.send(OPERATOR, &answer(batch)).unwrap();
    for who in [CUSTOMER, OPERATOR, METER, ANYBODY] {
        assert_eq!(refused(&mut net, who, decide(batch, 1)), "not-the-arbiter");
    }
    assert_eq!(refused(&mut net, ARBITER, decide(batch, 101)), "counted");
    assert!(net.order(order).is_some());
    // Who cannot put up the deposit cannot dispute.
    let (mut net, _, batch) = Net::with_a_batch();
    let all = net.held(CUSTOMER);
    net.with(|session| session.transfer(CUSTOMER, ANYBODY, FIL, all)).unwrap();
    assert_eq!(refused(&mut net, CUSTOMER, dispute(batch, 0)), "economy");
}

#[test]
fn who_reports_or_decides_is_no_side_of_an_order() {
    let mut net = Net::under(FILECOIN);
    net.register().unwrap();
    for who in [ARBITER, METER] {
        net.with(|session| session.transfer(CUSTOMER, who, FIL, fil(10_000))).unwrap();
        let order = net.new_order(fil(100));
        assert_eq!(refused(&mut net, who, MeteredMessage::OpenOrder(order)), "role-is-side", "as its customer");
        let MeteredMessage::Register { url, asks, accepts, .. } = net.registration() else { unreachable!() };
        let name = if who == METER { "meter" } else { "arbiter" };
        net.send(who, &MeteredMessage::Register { name: Name::literal(name), url, asks, accepts }).unwrap();
        let order = NewOrder { operator: who, ..net.new_order(fil(100)) };
        assert_eq!(refused(&mut net, CUSTOMER, MeteredMessage::OpenOrder(order)), "role-is-side", "as its operator");
    }
}

#[test]
fn a_name_is_one_operators_alone_until_it_leaves() {
    let mut net = Net::under(FILECOIN);
    net.register().unwrap();
    let registration = net.registration();
    let label = |net: &Net, who| depin_services::Service::label(&net.service, net.rows(), who);
    assert_eq!(refused(&mut net, ANYBODY, registration.clone()), "name-taken");
    let named = |name: &'static str| {
        let MeteredMessage::Register { url, asks, accepts, .. } = registration.clone() else { unreachable!() };
        MeteredMessage::Register { name: Name::literal(name), url, asks, accepts }
    };
    for name in ["-rf", "--help", "..", ".hidden"] {
        assert_eq!(refused(&mut net, ANYBODY, named(name)), "name", "{name}");
    }
    net.send(ANYBODY, &named("other")).unwrap();
    assert_eq!(refused(&mut net, ANYBODY, registration.clone()), "name-taken", "nor by a later change");
    // A name that is given up is free at once, and who left does not go by one that another took.
    net.send(OPERATOR, &named("tiler-2")).unwrap();
    net.send(ANYBODY, &registration).unwrap();
    assert_eq!((label(&net, OPERATOR).as_deref(), label(&net, ANYBODY).as_deref()), (Some("tiler-2"), Some("tiler")));
    net.send(ANYBODY, &MeteredMessage::Leave).unwrap();
    net.register().unwrap();
    assert_eq!((label(&net, OPERATOR).as_deref(), label(&net, ANYBODY)), (Some("tiler"), None));
    assert_eq!(refused(&mut net, ANYBODY, registration), "name-taken");
}

#[test]
fn a_customer_has_as_many_orders_as_the_file_keeps_and_none_below_the_price_of_a_unit() {
    let mut net = Net::changed(&[("per-customer = 10_000", "per-customer = 2")]);
    net.register().unwrap();
    let small = MeteredMessage::OpenOrder(net.new_order(Units::new(ONE / 100 - 1)));
    assert_eq!(refused(&mut net, CUSTOMER, small), "cap");
    let first = net.open(fil(1)).unwrap();
    net.open(fil(1)).unwrap();
    assert_eq!(net.open(fil(1)).unwrap_err().code(), "orders-kept");
    net.send(OPERATOR, &MeteredMessage::CloseOrder(first)).unwrap();
    assert_eq!(net.open(fil(1)).unwrap_err().code(), "orders-kept", "it is closed, and still readable");
    net.pass(Span::from_days(7));
    assert!(net.order(first).is_none());
    net.open(fil(1)).unwrap();
    assert_eq!(net.open(fil(1)).unwrap_err().code(), "orders-kept");
}

#[test]
fn an_order_pays_for_a_unit_at_the_present_price_of_its_currency() {
    let mut net = Net::under(RENDER);
    net.register().unwrap();
    // A unit costs a hundredth of a dollar, and a token two dollars: half a hundredth of a token of eight places.
    let unit = net.reads().quote_charge(Name::literal("order"), None, net_price(&net)).unwrap().1;
    assert_eq!(unit, Units::new(500_000));
    assert_eq!(net.open(Units::new(unit.get() - 1)).unwrap_err().code(), "cap");
    assert_eq!(net.open(Units::new(1)).unwrap_err().code(), "cap");
    net.open(unit).unwrap();
    net.price(ONE);
    assert_eq!(net.open(unit).unwrap_err().code(), "cap", "the token is worth half, and a unit costs twice as many");
    net.open(Units::new(1_000_000)).unwrap();
    net.pass(Span::from_days(2));
    assert_eq!(net.open(Units::new(1_000_000)).unwrap_err().code(), "economy", "no fresh price says what a unit costs");
}

fn net_price(net: &Net) -> depin_economy::Price {
    depin_economy::Price::Agreed(net.each().expect("units are priced in dollars"))
}

#[test]
fn an_operator_takes_no_order_below_its_least_cap() {
    let mut net = Net::changed(&[]);
    let least = |caps: Vec<Money>| MeteredMessage::LeastCaps(caps);
    assert_eq!(refused(&mut net, OPERATOR, least(vec![ask("FIL", ONE)])), "unknown-operator");
    net.register().unwrap();
    assert_eq!(refused(&mut net, OPERATOR, least(vec![ask("FIL", 0)])), "cap");
    assert_eq!(refused(&mut net, OPERATOR, least(vec![ask("FIL", 1), ask("FIL", 2)])), "cap");
    assert_eq!(refused(&mut net, OPERATOR, least(vec![ask("USD", 1)])), "currency");
    assert_eq!(refused(&mut net, OPERATOR, least(vec![ask("FIL", 1); 65])), "entries");
    let early = net.open(fil(10)).unwrap();
    net.send(OPERATOR, &least(vec![ask("FIL", ONE)])).unwrap();
    let error = net.open(fil(99)).unwrap_err();
    assert_eq!(error.code(), "cap");
    assert!(error.to_string().contains("no order with a cap below 1 FIL, and 0.99 FIL is less"), "{error}");
    net.open(fil(100)).unwrap();
    net.deliver(early, "a", 1).unwrap();
    // What it registers anew leaves the least cap as it is; saying none lifts it.
    net.register().unwrap();
    assert_eq!(net.open(fil(99)).unwrap_err().code(), "cap");
    net.send(OPERATOR, &least(Vec::new())).unwrap();
    net.open(fil(99)).unwrap();
}

#[test]
fn one_message_closes_many_orders_as_each_would_be_closed() {
    let mut net = Net::changed(&[]);
    net.register().unwrap();
    let orders: Vec<UnitId> = (0..64).map(|_| net.open(fil(10)).unwrap()).collect();
    let close = |orders: &[UnitId]| MeteredMessage::CloseOrders(orders.to_vec());
    assert_eq!(refused(&mut net, OPERATOR, close(&[])), "entries");
    assert_eq!(refused(&mut net, OPERATOR, close(&[orders[0]; 65])), "entries");
    assert_eq!(refused(&mut net, ANYBODY, close(&orders)), "not-yours");
    assert_eq!(refused(&mut net, OPERATOR, close(&[orders[0], UnitId::new([9; 32])])), "unknown-order");
    assert!(net.order(orders[0]).unwrap().closed.is_none(), "a refused message closes none");
    assert_eq!(close(&orders).work(), 64 * MeteredMessage::CloseOrder(orders[0]).work());
    net.send(CUSTOMER, &close(&orders[..1])).unwrap();
    assert!(net.order(orders[0]).unwrap().closed.is_none(), "the operator has a time of grace");
    let before = net.operator().open_orders;
    net.send(OPERATOR, &close(&orders)).unwrap();
    assert_eq!((before, net.operator().open_orders), (64, 0));
    net.send(OPERATOR, &close(&orders)).unwrap();
    assert!(orders.iter().all(|order| net.order(*order).unwrap().closed.is_some()));
}

/// Codes that the tests of this file and its neighbours provoke; a new one is listed here when it has a test.
#[test]
fn every_code_is_one_of_those_that_are_tested() {
    let tested: BTreeSet<&str> = [
        "entries",
        "text",
        "name",
        "name-taken",
        "role-is-side",
        "orders-kept",
        "not-the-reporter",
        "unknown-operator",
        "expelled",
        "not-accepting",
        "below-pledge",
        "open-orders",
        "ask",
        "currency",
        "cap",
        "price-above",
        "open-for",
        "reporter",
        "unknown-order",
        "not-yours",
        "ended",
        "units",
        "batches",
        "batch-conflict",
        "cap-exceeded",
        "unknown-batch",
        "no-disputes",
        "not-pending",
        "too-late",
        "accepted",
        "no-dispute",
        "answered",
        "not-answered",
        "not-the-arbiter",
        "counted",
        "economy",
    ]
    .into();
    let known: BTreeSet<&str> = MeteredError::CODES.iter().copied().collect();
    assert_eq!(known, tested);
}

#[test]
fn only_the_networks_reporter_says_that_an_operator_failed() {
    let mut net = Net::under(FILECOIN);
    net.register().unwrap();
    for who in [OPERATOR, CUSTOMER, ANYBODY, ARBITER] {
        let fail = MeteredMessage::Fail { operator: OPERATOR, failing: Failing::Expelled };
        assert_eq!(refused(&mut net, who, fail), "not-the-reporter");
    }
    assert_eq!(
        refused(&mut net, METER, MeteredMessage::Fail { operator: ANYBODY, failing: Failing::Failed }),
        "unknown-operator"
    );
}

#[test]
fn refusals_are_told_in_tokens_dates_and_addresses() {
    let (mut net, order, batch) = Net::with_a_batch();
    let told = |net: &Net, error: &MeteredError| depin_services::ErrorCode::told(error, net.economy.spec());
    let refused = net.deliver(order, "much", 1_000).unwrap_err();
    assert_eq!(
        told(&net, &refused),
        format!(
            "the batch costs 10 FIL and 9 FIL are left of the cap of order {order}; report fewer units, or let the customer raise the cap"
        )
    );
    let poor = net.open(Units::new(u128::from(u64::MAX) * 1_000_000_000)).unwrap_err();
    assert!(told(&net, &poor).starts_with("needs 18446744073.709551615 FIL, has "), "{}", told(&net, &poor));
    let stranger = net.send(ANYBODY, &MeteredMessage::Report(vec![report(order, "x", 1)])).unwrap_err().to_string();
    assert!(stranger.contains("is reported by depin1"), "{stranger}");
    net.pass(Span::from_days(3));
    for late in [net.send(CUSTOMER, &dispute(batch, 0)).unwrap_err(), net.deliver(order, "late", 1).unwrap_err()] {
        let late = late.to_string();
        assert!(!late.contains("1970") && !late.contains("Some("), "{late}");
    }
    let ended = net.deliver(order, "later", 1).unwrap_err().to_string();
    assert!(ended.contains("took units before 2027-"), "{ended}");
}
