//! The denylist, its reasons, and what owners say against it.

use crate::world::*;
use depin_quantity::UnitId;
use depin_services::coverage::{self, CoverageError, CoverageEvent, CoverageMessage, Denied};

fn deny(who: Denied) -> CoverageMessage {
    CoverageMessage::Deny { who, reason: "its place is a lake".to_owned() }
}

fn only_entry(net: &Net) -> UnitId {
    let mut all = coverage::denials(net.rows(), None);
    let (id, _) = all.next().expect("an entry");
    assert!(all.next().is_none());
    id
}

fn with_hotspots() -> Net {
    let mut net = Net::with(ARBITER);
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    net.send(CUSTOMER, &joins(11, CUSTOMER)).unwrap();
    net
}

#[test]
fn a_file_without_an_arbiter_has_no_denylist() {
    let mut net = Net::document();
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    let error = net.send(KEEPER, &deny(Denied::Hotspot(hotspot(10)))).unwrap_err();
    assert_eq!(error, CoverageError::NotTheArbiter(None));
}

#[test]
fn a_denied_hotspot_is_told_why_and_carries_nothing_until_it_is_lifted() {
    let mut net = with_hotspots();
    let (_, route) = net.customer(1_000, 1);
    assert_eq!(net.send(OWNER, &deny(Denied::Hotspot(hotspot(10)))).unwrap_err(), CoverageError::NotTheArbiter(Some(KEEPER)));
    net.send(KEEPER, &deny(Denied::Hotspot(hotspot(10)))).unwrap();
    let denial = only_entry(&net);
    let told = CoverageEvent::Denied { denial, who: Denied::Hotspot(hotspot(10)), reason: "its place is a lake".to_owned() };
    assert_eq!(net.events.last(), Some(&told));
    let refused = CoverageError::HotspotDenied { hotspot: hotspot(10), denial };
    let packets = vec![net.packet(1, 24)];
    assert_eq!(net.report(Net::batch(route, 10, packets.clone(), true)).unwrap_err(), refused);
    let place = CoverageMessage::AssertLocation { hotspot: hotspot(10), location: berlin() };
    assert_eq!(net.send(OWNER, &place).unwrap_err(), refused);
    assert_eq!(net.send(KEEPER, &deny(Denied::Hotspot(hotspot(10)))).unwrap_err(), refused);
    net.report(Net::batch(route, 11, packets.clone(), true)).expect("the list rejects nobody else");
    net.send(KEEPER, &CoverageMessage::Judge { denial, lift: true }).unwrap();
    net.pass(MINUTE);
    let packets = vec![net.packet(2, 24)];
    net.report(Net::batch(route, 10, packets, true)).unwrap();
    assert_eq!(net.settled().0, 1);
}

#[test]
fn an_owner_may_appeal_three_times_and_the_arbiter_decides() {
    let mut net = with_hotspots();
    net.send(KEEPER, &deny(Denied::Hotspot(hotspot(10)))).unwrap();
    let denial = only_entry(&net);
    let appeal = CoverageMessage::Appeal { denial, text: "it is a boat".to_owned() };
    assert_eq!(net.send(CUSTOMER, &appeal).unwrap_err(), CoverageError::NotYourDenial(denial));
    assert_eq!(net.send(KEEPER, &CoverageMessage::Judge { denial, lift: false }).unwrap_err(), CoverageError::NoAppeal(denial));
    for _ in 0..3 {
        net.send(OWNER, &appeal).unwrap();
        assert_eq!(net.send(OWNER, &appeal).unwrap_err(), CoverageError::AppealOpen(denial));
        assert_eq!(net.send(OWNER, &CoverageMessage::Judge { denial, lift: true }).unwrap_err().code(), "not-the-arbiter");
        net.send(KEEPER, &CoverageMessage::Judge { denial, lift: false }).unwrap();
    }
    assert_eq!(net.send(OWNER, &appeal).unwrap_err(), CoverageError::Appeals { denial, most: 3 });
    net.send(KEEPER, &CoverageMessage::Judge { denial, lift: true }).unwrap();
    assert_eq!((net.hotspot(10).denied, coverage::totals(net.rows()).denials), (None, 0));
    assert_eq!(net.send(OWNER, &appeal).unwrap_err(), CoverageError::UnknownDenial(denial));
}

#[test]
fn an_edge_is_denied_in_either_order_and_either_owner_may_appeal() {
    let mut net = with_hotspots();
    let (a, b) = (hotspot(10), hotspot(11));
    assert_eq!(net.send(KEEPER, &deny(Denied::Edge(a, a))).unwrap_err(), CoverageError::Edge(a));
    net.send(KEEPER, &deny(Denied::Edge(b, a))).unwrap();
    assert_eq!(net.send(KEEPER, &deny(Denied::Edge(a, b))).unwrap_err().code(), "denied-edge");
    let denial = only_entry(&net);
    net.send(CUSTOMER, &CoverageMessage::Appeal { denial, text: "we are far apart".to_owned() }).unwrap();
    net.send(KEEPER, &CoverageMessage::Judge { denial, lift: true }).unwrap();
    net.send(KEEPER, &deny(Denied::Edge(a, b))).expect("it was lifted");
    assert_eq!(net.hotspot(10).denied, None, "an edge denies neither hotspot");
}

#[test]
fn a_reason_is_a_line_of_words() {
    let mut net = with_hotspots();
    for reason in [String::new(), " ".to_owned(), "a\nb".to_owned(), "x".repeat(257)] {
        let message = CoverageMessage::Deny { who: Denied::Hotspot(hotspot(10)), reason };
        assert_eq!(message.check_bounds().unwrap_err().code(), "text");
        assert_eq!(net.send(KEEPER, &message).unwrap_err().code(), "text");
    }
}
