//! A service of one's own, live: signed messages, receipts, time, audits.

mod common;
use common::*;
use depin_economy::Money;
use depin_ledger::*;
use depin_networks::{Recipe, compose};
use depin_quantity::{Decimal18, Span, UnitId, Units};
use depin_services::ServiceEvent;
use depin_services::metered::{Delivery, Failing, MeteredEvent, MeteredMessage, order, totals};
use depin_services::storage::StorageMessage;

const OPERATOR: u64 = 1;
const CUSTOMER: u64 = 2;
const METER: u64 = 3;

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
    let roles = [("meter", METER), ("price-feeder", 901)].map(|(role, who)| (name(role), party(who).address)).into();
    let accounts = doc(&[(&party(OPERATOR), 1_000), (&party(CUSTOMER), 1_000), (&party(METER), 10)]);
    Chain::from_doc(GenesisDoc { network: name("tiles"), variant: name("own"), network_toml, roles, ..accounts })
}

fn send(chain: &mut Chain, who: u64, message: MeteredMessage) -> Result<Vec<Event>, Failure> {
    chain.send(&party(who), Message::service(message))
}

fn register(chain: &mut Chain) {
    let asks = vec![Money { currency: name("FIL"), amount: Decimal18::new(FIL / 100) }];
    send(chain, OPERATOR, MeteredMessage::Register { name: name("tiler"), asks }).unwrap();
}

fn place(chain: &mut Chain, units: u64) -> UnitId {
    let open_for = Span::from_days(1);
    let message = MeteredMessage::Order { operator: party(OPERATOR).address, units, currency: None, open_for };
    let events = send(chain, CUSTOMER, message).unwrap();
    let ordered = events.iter().find_map(|event| match event {
        Event::Service(ServiceEvent::Metered(MeteredEvent::Ordered { order, .. })) => Some(*order),
        _ => None,
    });
    ordered.expect("an order is told of in its receipt")
}

#[test]
fn an_order_is_delivered_and_paid_by_signed_messages() {
    let mut chain = chain();
    register(&mut chain);
    let id = place(&mut chain, 100);
    let before = chain.fil(&party(OPERATOR));
    send(&mut chain, METER, MeteredMessage::Report(vec![Delivery { order: id, units: 60 }])).unwrap();
    assert_eq!(chain.fil(&party(OPERATOR)), before.plus(Units::new(FIL * 60 / 100)).unwrap());
    let forged = send(&mut chain, OPERATOR, MeteredMessage::Report(vec![Delivery { order: id, units: 40 }]));
    assert_eq!(forged.unwrap_err().code, "not-the-reporter");
    assert_eq!(chain.ledger.read(|state| order(state, id)).map(|order| order.open), Some(40));
    send(&mut chain, CUSTOMER, MeteredMessage::Finish(id)).unwrap();
    assert_eq!(chain.ledger.read(totals).delivered, 60);
    chain.audit_holds();
}

#[test]
fn an_order_ends_with_its_time_and_what_was_held_goes_back() {
    let mut chain = chain();
    register(&mut chain);
    let before = chain.fil(&party(CUSTOMER));
    let id = place(&mut chain, 50_000);
    assert!(before.minus(chain.fil(&party(CUSTOMER))).unwrap() >= Units::new(500 * FIL));
    chain.speed = 450;
    chain.pass(2 * 2_880, |_| {});
    assert_eq!(chain.ledger.read(|state| order(state, id)), None);
    assert!(before.minus(chain.fil(&party(CUSTOMER))).unwrap() < Units::new(FIL), "only fees are gone");
    let finished = chain.receipts.iter().filter(|receipt| receipt.body == ReceiptBody::Begin).flat_map(|receipt| &receipt.events);
    let over = |event: &Event| {
        matches!(event, Event::Service(ServiceEvent::Metered(MeteredEvent::Finished { undelivered: 50_000, .. })))
    };
    assert!(finished.into_iter().any(over));
    chain.audit_holds();
}

#[test]
fn an_operator_that_cheated_loses_from_its_pledge_and_is_out() {
    let mut chain = chain();
    register(&mut chain);
    let operator = party(OPERATOR).address;
    send(&mut chain, METER, MeteredMessage::Fail { operator, failing: Failing::Expelled }).unwrap();
    let message = MeteredMessage::Order { operator, units: 1, currency: None, open_for: Span::from_days(1) };
    assert_eq!(send(&mut chain, CUSTOMER, message).unwrap_err().code, "expelled");
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
fn receipts_of_the_service_read_back_as_they_were_written() {
    let mut chain = chain();
    register(&mut chain);
    place(&mut chain, 1);
    for receipt in &chain.receipts {
        assert_eq!(Receipt::decode(&receipt.encode()).as_ref(), Some(receipt));
    }
}
