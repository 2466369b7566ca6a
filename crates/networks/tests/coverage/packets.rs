//! Packets: acknowledged, counted, paid once, or refused by name.

use crate::world::*;
use depin_quantity::{Instant, Span};
use depin_services::coverage::{
    self, Acknowledgement, BatchState, CoverageError, CoverageEvent, CoverageMessage, Packet, PacketReason, PublicKey,
    SignatureBytes, packet_units,
};

fn with_hotspots(net: &mut Net) {
    for n in 10..14 {
        net.send(OWNER, &joins(n, OWNER)).unwrap();
    }
}

fn reasons(net: &Net) -> Vec<PacketReason> {
    net.settled().2.iter().map(|refused| refused.reason).collect()
}

#[test]
fn a_packet_counts_units_of_24_bytes_begun() {
    for (bytes, units) in [(0, 1), (1, 1), (24, 1), (25, 2), (48, 2), (49, 3), (50, 3), (255, 11)] {
        assert_eq!(packet_units(bytes, 24), units, "{bytes}");
    }
    assert_eq!((packet_units(u64::MAX, 24), packet_units(0, 1)), (768_614_336_404_564_651, 1));
}

#[test]
fn an_acknowledged_packet_burns_a_credit_a_unit_and_its_hotspot_accrues_the_units() {
    let mut net = Net::document();
    with_hotspots(&mut net);
    let (oui, route) = net.customer(1_000, 3);
    let burned = net.burned();
    let packets = vec![net.packet(1, 24), net.packet(2, 25), net.packet(3, 50)];
    let id = net.report(Net::batch(route, 10, packets, true)).unwrap();
    assert_eq!((net.settled(), net.burned() - burned, net.escrow(oui)), ((3, 6, Vec::new()), 6, 994));
    let (row, hotspot) = (net.oui(oui), net.hotspot(10));
    assert_eq!((row.packets, row.spent.get(), hotspot.packets, hotspot.units), (3, 6, 3, 6));
    assert_eq!(coverage::batch(net.rows(), id).unwrap().state, BatchState::Settled);
}

#[test]
fn every_copy_is_paid_up_to_the_route_s_number() {
    let mut net = Net::document();
    with_hotspots(&mut net);
    let (oui, route) = net.customer(1_000, 2);
    for n in 10..13 {
        let packets = vec![net.packet(1, 24)];
        net.report(Net::batch(route, n, packets, true)).unwrap();
    }
    assert_eq!((net.oui(oui).spent.get(), reasons(&net)), (2, vec![PacketReason::Copies]));
}

#[test]
fn a_packet_of_a_hotspot_is_paid_once() {
    let mut net = Net::document();
    with_hotspots(&mut net);
    let (oui, route) = net.customer(1_000, 9);
    let packets = vec![net.packet(1, 24), net.packet(1, 24), net.packet(2, 24)];
    let batch = Net::batch(route, 10, packets, true);
    net.report(batch.clone()).unwrap();
    assert_eq!((net.settled().0, reasons(&net)), (2, vec![PacketReason::Duplicate]));
    assert_eq!(net.report(batch).unwrap_err().code(), "known-batch");
    net.pass(MINUTE);
    let packets = vec![net.packet(2, 200), net.packet(3, 24)];
    net.report(Net::batch(route, 10, packets, true)).unwrap();
    assert_eq!((net.settled().0, reasons(&net)), (1, vec![PacketReason::Duplicate]));
    // A longer name for the same packet does not help in a second batch of the same message either.
    let (first, second) = (vec![net.packet(4, 24)], vec![net.packet(4, 25)]);
    let both = vec![Net::batch(route, 10, first, true), Net::batch(route, 10, second, true)];
    net.send(ANYBODY, &CoverageMessage::Report(both)).unwrap();
    assert_eq!((net.oui(oui).packets, reasons(&net)), (4, vec![PacketReason::Duplicate]));
    // Each OUI's refusals are counted by themselves.
    let (other, route) = net.customer(1_000, 9);
    let packets = vec![net.packet(5, 24), net.packet(5, 24)];
    net.report(Net::batch(route, 10, packets, false)).unwrap();
    let refused = |oui| coverage::packets_refused(net.rows(), oui);
    assert_eq!((refused(oui), refused(other), refused(3), coverage::totals(net.rows()).refused), (3, 1, 0, 4));
}

#[test]
fn late_packets_past_epochs_and_the_future_are_refused_by_name() {
    let mut net = Net::document();
    with_hotspots(&mut net);
    let (_, route) = net.customer(1_000, 9);
    // An hour into a day, which is the period in which packets earn.
    let day = net.service.params.packet.epoch.expect("packets earn by the day").1;
    let into = net.now.since(net.service.params.packet.epoch.unwrap().0).get() % day.get();
    net.pass(Span::from_millis(day.get() - into + 3_600_000));
    let at = |back: i64| Instant::new(net.now.get().checked_add_signed(-back).unwrap());
    let heard = |n, back| Packet { hash: hash(n), bytes: 24, received: at(back) };
    let packets =
        vec![heard(1, 600_000), heard(2, 600_001), heard(3, 3_600_001), heard(4, -60_000), heard(5, -60_001), heard(6, 0)];
    net.report(Net::batch(route, 10, packets, true)).unwrap();
    assert_eq!(net.settled().0, 3, "ten minutes late and a minute early are taken");
    assert_eq!(reasons(&net), [PacketReason::Late, PacketReason::PastEpoch, PacketReason::Future]);
    // At the start of a day the last packets of the day before are not lost.
    net.pass(Span::from_millis(23 * 3_600_000 + 1));
    let packets = vec![Packet { hash: hash(7), bytes: 24, received: Instant::new(net.now.get() - 1_000) }];
    net.report(Net::batch(route, 10, packets, true)).unwrap();
    assert_eq!(net.settled().0, 1);
}

#[test]
fn a_packet_can_be_forgotten_only_when_it_would_be_late() {
    let mut net = Net::document();
    with_hotspots(&mut net);
    let (_, route) = net.customer(1_000, 9);
    let ahead = Packet { received: net.now.later(MINUTE), ..net.packet(1, 24) };
    let id = net.report(Net::batch(route, 10, vec![ahead], true)).unwrap();
    net.pass(Span::from_secs(660 - 1));
    assert!(coverage::batch(net.rows(), id).is_some());
    net.report(Net::batch(route, 10, vec![ahead, net.packet(2, 24)], true)).unwrap();
    assert_eq!(reasons(&net), [PacketReason::Duplicate]);
    net.pass(Span::from_millis(1_001));
    assert!(coverage::batch(net.rows(), id).is_none(), "its packets are too late now");
    net.report(Net::batch(route, 10, vec![ahead, net.packet(3, 24)], true)).unwrap();
    assert_eq!(reasons(&net), [PacketReason::Late]);
}

#[test]
fn what_is_not_acknowledged_is_not_paid() {
    let mut net = Net::document();
    with_hotspots(&mut net);
    let (oui, route) = net.customer(1_000, 9);
    let batch = Net::batch(route, 10, vec![net.packet(1, 24)], false);
    let claim = net.report(batch.clone()).unwrap();
    assert!(matches!(net.events.last(), Some(CoverageEvent::PacketsClaimed { packets: 1, .. })), "{:?}", net.events.last());
    assert_eq!((net.escrow(oui), net.hotspot(10).packets, net.oui(oui).claims), (1_000, 0, 1));
    assert_eq!(net.report(batch).unwrap_err(), CoverageError::KnownBatch(claim));
    net.pass(Span::from_secs(3_600));
    let over = CoverageEvent::ClaimClosed { claim, oui, hotspot: hotspot(10), answered: false };
    assert_eq!(net.events.last(), Some(&over));
    assert_eq!((net.escrow(oui), net.oui(oui).unanswered, net.oui(oui).claims), (1_000, 1, 0));
    let late = CoverageMessage::CloseClaim { claim, pay: true };
    assert_eq!(net.send(CUSTOMER, &late).unwrap_err(), CoverageError::UnknownClaim(claim));
}

#[test]
fn a_customer_pays_a_claim_or_turns_it_down() {
    let mut net = Net::document();
    with_hotspots(&mut net);
    let (oui, route) = net.customer(1_000, 9);
    let good = net.report(Net::batch(route, 10, vec![net.packet(1, 24), net.packet(2, 48)], false)).unwrap();
    let bad = net.report(Net::batch(route, 11, vec![net.packet(3, 24)], false)).unwrap();
    let answer = |claim, pay| CoverageMessage::CloseClaim { claim, pay };
    assert_eq!(net.send(OWNER, &answer(good, true)).unwrap_err().code(), "not-yours");
    net.send(CUSTOMER, &answer(good, true)).unwrap();
    assert_eq!((net.settled().1, net.escrow(oui)), (3, 997));
    net.send(CUSTOMER, &answer(bad, false)).unwrap();
    assert_eq!((net.oui(oui).refused, net.oui(oui).unanswered, net.escrow(oui)), (1, 0, 997));
    // What was turned down may be reported again, acknowledged this time, as another batch.
    let packets = vec![net.packet(3, 24), net.packet(4, 24)];
    net.report(Net::batch(route, 11, packets, true)).unwrap();
    assert_eq!(net.settled().0, 2);
    // A claim that is acknowledged afterwards is the same batch.
    let claimed = Net::batch(route, 12, vec![net.packet(5, 24)], false);
    net.report(claimed.clone()).unwrap();
    let signature = SignatureBytes::new([0; 64]);
    let signed = coverage::PacketBatch { acknowledged: Some(Acknowledgement { key: SERVER, signature }), ..claimed };
    net.report(signed).unwrap();
    assert_eq!((net.settled().0, coverage::totals(net.rows()).claims), (1, 0));
    net.pass(Span::from_secs(4_000));
    assert_eq!(net.oui(oui).unanswered, 0, "paid claims do not lapse");
}

#[test]
fn claims_of_a_hotspot_are_bounded_and_about_something() {
    let mut net = Net::document();
    with_hotspots(&mut net);
    let (_, route) = net.customer(1_000, 9);
    for n in 0..16 {
        let packets = vec![net.packet(n, 24)];
        net.report(Net::batch(route, 10, packets, false)).unwrap();
    }
    let packets = vec![net.packet(99, 24)];
    let full = CoverageError::Claims { hotspot: hotspot(10), most: 16 };
    assert_eq!(net.report(Net::batch(route, 10, packets.clone(), false)).unwrap_err(), full);
    net.report(Net::batch(route, 10, packets, true)).expect("an acknowledged batch is no claim");
    let late = vec![Packet { received: Instant::new(net.now.get() - 700_000), ..net.packet(50, 24) }];
    let nothing = CoverageError::NothingToClaim { hotspot: hotspot(11), first: Some(PacketReason::Late) };
    assert_eq!(net.report(Net::batch(route, 11, late, false)).unwrap_err(), nothing);
}

#[test]
fn only_a_key_of_the_oui_acknowledges() {
    let mut net = Net::document();
    with_hotspots(&mut net);
    let (oui, route) = net.customer(1_000, 9);
    let other = PublicKey::new([201; 32]);
    let mut batch = Net::batch(route, 10, vec![net.packet(1, 24)], true);
    batch.acknowledged = batch.acknowledged.map(|by| Acknowledgement { key: other, ..by });
    assert_eq!(net.report(batch.clone()).unwrap_err(), CoverageError::NotAKey { oui, key: other });
    net.send(CUSTOMER, &CoverageMessage::SetKeys { oui, keys: vec![other] }).unwrap();
    net.report(batch).unwrap();
    let packets = vec![net.packet(2, 24)];
    assert_eq!(net.report(Net::batch(route, 10, packets, true)).unwrap_err(), CoverageError::NotAKey { oui, key: SERVER });
}

#[test]
fn a_message_has_batches_and_a_batch_packets_and_neither_too_many() {
    let mut net = Net::document();
    with_hotspots(&mut net);
    let (_, route) = net.customer(1_000, 9);
    let one = Net::batch(route, 10, vec![net.packet(1, 24)], true);
    let many: Vec<Packet> = (0..129).map(|n| net.packet(n, 24)).collect();
    for message in [
        CoverageMessage::Report(Vec::new()),
        CoverageMessage::Report(vec![one; 65]),
        CoverageMessage::Report(vec![Net::batch(route, 10, Vec::new(), true)]),
        CoverageMessage::Report(vec![Net::batch(route, 10, many, true)]),
    ] {
        assert_eq!(message.check_bounds().unwrap_err().code(), "entries");
        assert_eq!(net.send(ANYBODY, &message).unwrap_err().code(), "entries");
    }
}

#[test]
fn what_is_signed_names_the_route_the_hotspot_and_every_packet() {
    let net = Net::document();
    let route = depin_quantity::UnitId::new([1; 32]);
    let batch = Net::batch(route, 10, vec![net.packet(1, 24)], true);
    let of = |batch: &coverage::PacketBatch| (batch.signed(), batch.acknowledges());
    let mut others = vec![batch.clone(), batch.clone(), batch.clone(), batch.clone()];
    others[0].route = depin_quantity::UnitId::new([2; 32]);
    others[1].key = key(11);
    others[2].packets[0].bytes = 25;
    others[3].packets[0].received = net.now.later(MINUTE);
    for other in others {
        assert_ne!(of(&other).0, of(&batch).0);
        assert_ne!(of(&other).1, of(&batch).1);
    }
    assert_ne!(batch.signed(), batch.acknowledges(), "a hotspot's signature is no acknowledgement");
    let signed = CoverageMessage::Report(vec![batch]).signatures();
    assert_eq!(signed.iter().map(|item| item.key).collect::<Vec<_>>(), [key(10).get(), SERVER.get()]);
}

/// Owed from 10 DC on it is charged, in one charge for each owner, in the block after.
#[test]
fn what_is_owed_is_charged_in_batches() {
    let mut net = Net::with(GATE);
    with_hotspots(&mut net);
    let (oui, route) = net.customer(1_000, 9);
    let burned = net.burned();
    let packets: Vec<_> = (0..9).map(|n| net.packet(n, 24)).collect();
    net.report(Net::batch(route, 10, packets, true)).unwrap();
    net.pass(Span::from_secs(1));
    assert_eq!((net.burned(), net.oui(oui).pending.get(), net.escrow(oui)), (burned, 9, 1_000));
    let packets = vec![net.packet(9, 25)];
    net.report(Net::batch(route, 11, packets, true)).unwrap();
    assert_eq!(net.oui(oui).pending.get(), 11);
    net.pass(Span::from_secs(1));
    assert_eq!((net.burned() - burned, net.oui(oui).pending.get(), net.escrow(oui)), (11, 0, 989));
    let charges = net.events.iter().filter(|event| matches!(event, CoverageEvent::CreditsCharged { .. })).count();
    assert_eq!(charges, 1, "both hotspots have one owner");
}

/// Work in a block is bounded: what is left is done in the next one.
#[test]
fn forgetting_is_spread_over_blocks() {
    let mut net = Net::document();
    with_hotspots(&mut net);
    let (_, route) = net.customer(100_000, 9);
    for batch in 0..8u64 {
        let packets: Vec<_> = (0..128).map(|n| net.packet(batch * 128 + n, 24)).collect();
        net.report(Net::batch(route, 10, packets, true)).unwrap();
    }
    net.work(u64::MAX);
    net.now = net.now.later(Span::from_secs(700));
    let kept = |net: &Net| coverage::batches(net.rows(), None).count();
    net.work(1);
    assert_eq!(kept(&net), 7);
    net.work(2_000);
    assert_eq!(kept(&net), 5);
    net.work(u64::MAX);
    assert_eq!(kept(&net), 0);
}
