//! A founder's own service, live: signed messages, receipts, time, audits.

mod common;
use common::*;
use depin_economy::Money;
use depin_ledger::*;
use depin_networks::{Recipe, compose};
use depin_quantity::{ContentHash, Decimal18, Span, UnitId, Units};
use depin_services::ServiceEvent;
use depin_services::metered::{
    Evidence, Failing, MeteredEvent, MeteredMessage, NewOrder, Report, batch_id, order, report_id, totals,
};
use depin_services::storage::StorageMessage;

const OPERATOR: u64 = 1;
const CUSTOMER: u64 = 2;
const METER: u64 = 3;
const ARBITER: u64 = 4;

/// Map tiles under Filecoin's economy.
fn chain() -> Chain {
    let recipe = Recipe {
        name: name("tiles"),
        service: "metered",
        emission: NETWORK,
        payment: NETWORK,
        stake: NETWORK,
        unit: Some("map tile"),
    };
    let network_toml = compose(&recipe).unwrap().toml;
    let roles = [("meter", METER), ("arbiter", ARBITER), ("price-feeder", 901)];
    let roles = roles.map(|(role, who)| (name(role), party(who).address)).into();
    let accounts = doc(&[(&party(OPERATOR), 1_000), (&party(CUSTOMER), 1_000), (&party(METER), 10), (&party(ARBITER), 10)]);
    Chain::from_doc(GenesisDoc { network: name("tiles"), variant: name("own"), network_toml, roles, ..accounts })
}

fn send(chain: &mut Chain, who: u64, message: MeteredMessage) -> Result<Vec<Event>, Failure> {
    chain.send(&party(who), Message::service(message))
}

fn price() -> Money {
    Money { currency: name("FIL"), amount: Decimal18::new(FIL / 100) }
}

fn register(chain: &mut Chain) {
    let message = MeteredMessage::Register {
        name: name("tiler"),
        url: "https://tiles.example".to_owned(),
        asks: vec![price()],
        accepts: true,
    };
    send(chain, OPERATOR, message).unwrap();
}

fn new_order(cap: u128) -> MeteredMessage {
    MeteredMessage::OpenOrder(NewOrder {
        operator: party(OPERATOR).address,
        cap: Money { currency: name("FIL"), amount: Decimal18::new(cap * FIL) },
        price: Some(price()),
        open_for: Span::from_days(1),
        reporter: None,
    })
}

#[test]
fn what_every_ledger_refuses_is_refused_before_the_pool_and_bytes_are_paid_for() {
    let mut chain = chain();
    register(&mut chain);
    let order = open(&mut chain, 10);
    let reported = |pointer: &str| {
        let evidence = Evidence { pointer: Some(pointer.to_owned()), ..evidence() };
        MeteredMessage::Report(vec![Report { order, id: report_id("a"), units: 1, evidence }])
    };
    let long = "x".repeat(100_000);
    let url = MeteredMessage::Register { name: name("tiler"), url: long.clone(), asks: vec![price()], accepts: true };
    let dispute = |pointer| {
        let evidence = Evidence { pointer: Some(pointer), ..evidence() };
        MeteredMessage::Dispute { batch: order, accepted: 0, evidence }
    };
    for message in [reported(&long), reported(""), dispute(long.clone()), url, MeteredMessage::Report(Vec::new())] {
        let tx = chain.tx(&party(METER), Message::service(message.clone()));
        let told = match chain.ledger.admit(&tx) {
            Err(AdmitError::Bounds(told)) => told,
            other => panic!("{}: {other:?}", message.name()),
        };
        assert!(told.contains("1 to 256") || told.contains("1 to 64"), "the bounds are told: {told}");
    }
    let longest = chain.tx(&party(METER), Message::service(reported(&"x".repeat(256))));
    chain.ledger.admit(&longest).unwrap();
    let work = |pointer: &str| Message::service(reported(pointer)).work();
    assert!(work(&long) > 50 * work("x"), "a proposer that takes it all the same is paid for its room");
}

/// The customer opens an order with a cap in FIL.
fn open(chain: &mut Chain, cap: u128) -> UnitId {
    let events = send(chain, CUSTOMER, new_order(cap)).unwrap();
    let opened = events.iter().find_map(|event| match event {
        Event::Service(ServiceEvent::Metered(MeteredEvent::OrderOpened { order, .. })) => Some(*order),
        _ => None,
    });
    opened.expect("an order is told of in its receipt")
}

fn evidence() -> Evidence {
    Evidence { hash: ContentHash::derive("test", &[]), pointer: None }
}

fn report(order: UnitId, id: &str, units: u64) -> MeteredMessage {
    MeteredMessage::Report(vec![Report { order, id: report_id(id), units, evidence: evidence() }])
}

fn told(chain: &Chain, of: impl Fn(&MeteredEvent) -> bool) -> usize {
    let events = chain.receipts.iter().flat_map(|receipt| &receipt.events);
    events.filter(|event| matches!(event, Event::Service(ServiceEvent::Metered(event)) if of(event))).count()
}

#[test]
fn an_order_is_reported_disputed_decided_and_paid_by_signed_messages() {
    let mut chain = chain();
    register(&mut chain);
    let id = open(&mut chain, 1);
    let before = chain.fil(&party(OPERATOR));
    send(&mut chain, METER, report(id, "a", 60)).unwrap();
    send(&mut chain, METER, report(id, "b", 40)).unwrap();
    let forged = send(&mut chain, OPERATOR, report(id, "c", 1));
    assert_eq!(forged.unwrap_err().code, "not-the-reporter");
    let batch = batch_id(id, report_id("b"));
    send(&mut chain, CUSTOMER, MeteredMessage::Dispute { batch, accepted: 10, evidence: evidence() }).unwrap();
    send(&mut chain, OPERATOR, MeteredMessage::Answer { batch, evidence: evidence() }).unwrap();
    send(&mut chain, ARBITER, MeteredMessage::Decide { batch, counted: 15 }).unwrap();
    chain.pass(3 * 2_880, |_| {});
    assert_eq!(chain.ledger.read(totals).delivered, 85);
    let spent = Units::new(FIL * 85 / 100);
    assert_eq!(told(&chain, |event| matches!(event, MeteredEvent::OrderClosed { units: 85, spent: s, .. } if *s == spent)), 1);
    assert!(chain.fil(&party(OPERATOR)) > before, "the payment, and what it accrued of the emission");
    chain.audit_holds();
}

#[test]
fn an_order_ends_with_its_time_and_its_cap_goes_back() {
    let mut chain = chain();
    register(&mut chain);
    let before = chain.fil(&party(CUSTOMER));
    let id = open(&mut chain, 500);
    assert!(before.minus(chain.fil(&party(CUSTOMER))).unwrap() >= Units::new(500 * FIL));
    chain.pass(2_880, |_| {});
    assert!(before.minus(chain.fil(&party(CUSTOMER))).unwrap() < Units::new(FIL), "only fees are gone");
    assert!(chain.ledger.read(|state| order(state, id)).is_some_and(|order| order.closed.is_some()));
    chain.pass(7 * 2_880, |_| {});
    assert_eq!(chain.ledger.read(|state| order(state, id)), None);
    chain.audit_holds();
}

#[test]
fn an_operator_that_cheated_loses_from_its_pledge_and_is_out() {
    let mut chain = chain();
    register(&mut chain);
    let operator = party(OPERATOR).address;
    send(&mut chain, METER, MeteredMessage::Fail { operator, failing: Failing::Expelled }).unwrap();
    assert_eq!(send(&mut chain, CUSTOMER, new_order(1)).unwrap_err().code, "expelled");
    chain.audit_holds();
}

#[test]
fn a_message_for_another_service_does_nothing_but_pay_its_fee() {
    let mut chain = chain();
    let failure = chain.storage(&party(OPERATOR), StorageMessage::RemoveProvider).unwrap_err();
    assert_eq!(failure.code, "other-service");
    assert!(failure.message.contains("`metered`"), "{}", failure.message);
    let mut storage = Chain::new(&[(&party(OPERATOR), 100)]);
    assert_eq!(send(&mut storage, OPERATOR, MeteredMessage::Leave).unwrap_err().code, "other-service");
    chain.audit_holds();
    storage.audit_holds();
}

#[test]
fn receipts_of_the_service_read_back_as_they_were_written_in_bytes_and_in_json() {
    let mut chain = chain();
    register(&mut chain);
    let id = open(&mut chain, 1);
    send(&mut chain, METER, report(id, "a", 60)).unwrap();
    let batch = batch_id(id, report_id("a"));
    send(&mut chain, CUSTOMER, MeteredMessage::Dispute { batch, accepted: 10, evidence: evidence() }).unwrap();
    chain.pass(4 * 2_880, |_| {});
    for receipt in &chain.receipts {
        assert_eq!(Receipt::decode(&receipt.encode()).as_ref(), Some(receipt));
        for event in &receipt.events {
            let json = serde_json::to_string(event).unwrap();
            assert_eq!(&serde_json::from_str::<Event>(&json).unwrap(), event, "{json}");
        }
    }
    assert_eq!(told(&chain, |event| matches!(event, MeteredEvent::DisputeDecided { counted: 0, contested: 50, .. })), 1);
}
