//! Devices that vanish, are taken back, and are replaced.

use super::hires::net_of;
use crate::world::{HIRER, Net, RATE, hirer, machine, new_hire, owner};
use depin_quantity::{Span, Units};
use depin_services::clusters::{ClustersMessage as M, HireState, MissReason, SlotEnd};

/// An hour in which these devices are there, hired or not.
fn hour(net: &mut Net, devices: &[u8]) {
    net.next_hour();
    for n in devices {
        if net.lock(*n, HIRER, 1_000).is_err() {
            net.answer(*n);
        }
    }
}

/// The hour's border is no way around it: the hire begins in the middle of an hour, lasts one, and the device is gone after a minute.
#[test]
fn a_worker_that_leaves_in_its_first_hour_gets_nothing() {
    for minutes in [0, 10, 30, 59] {
        let mut net = Net::proved(1);
        net.tick(Span::from_secs(minutes * 60));
        let (before, owner_had) = (net.held(hirer()), net.held(owner(1)));
        let id = net.hire(new_hire(1, &[1]));
        for _ in 0..4 {
            net.next_hour();
        }
        let hire = net.hire_row(id);
        assert_eq!((hire.state, hire.paid), (HireState::Closed, Units::ZERO), "{minutes}");
        assert_eq!(net.held(hirer()), before, "all of it is back");
        assert_eq!(net.slot(id, 0).end, Some(SlotEnd::Lost));
        // It had answered the hour that ran when it was hired.
        assert!(net.held(owner(1)) >= owner_had);
        assert_eq!(net.device(1).misses[0].reason, MissReason::Absent);
    }
}

#[test]
fn a_worker_that_vanishes_later_is_paid_whole_hours_in_which_it_was_seen() {
    let mut net = Net::proved(1);
    let before = net.held(hirer());
    let id = net.hire(new_hire(10, &[1]));
    for _ in 0..3 {
        hour(&mut net, &[1]);
    }
    let seen = net.slot(id, 0).seen;
    let whole = seen.since(net.slot(id, 0).from).get() / 3_600_000;
    for _ in 0..6 {
        net.next_hour();
    }
    let hire = net.hire_row(id);
    assert_eq!((hire.state, hire.paid), (HireState::Closed, Units::new(u128::from(whole) * RATE)));
    assert!(whole == 2 || whole == 3, "{whole}");
    assert_eq!(before - net.held(hirer()), u128::from(whole) * RATE);
}

/// A worker that vanishes after its daily payment was never paid an hour in which nobody saw it.
#[test]
fn daily_payments_never_run_ahead_of_what_was_seen() {
    let mut net = Net::proved(1);
    let id = net.hire(new_hire(60, &[1]));
    for _ in 0..25 {
        hour(&mut net, &[1]);
    }
    assert_eq!(net.count("device-paid"), 1);
    let slot = net.slot(id, 0);
    let whole = slot.seen.since(slot.from).get() / 3_600_000;
    for _ in 0..5 {
        net.next_hour();
    }
    assert_eq!(net.hire_row(id).paid, Units::new(u128::from(whole) * RATE));
}

#[test]
fn an_owner_that_takes_its_device_back_is_paid_what_was_seen() {
    let mut net = Net::proved(2);
    let had = net.held(owner(1));
    let id = net.hire(new_hire(10, &[1]));
    hour(&mut net, &[1, 2]);
    hour(&mut net, &[1, 2]);
    assert_eq!(net.refused(owner(2), M::Quit { device: machine(1) }), "not-yours");
    assert_eq!(net.refused(owner(2), M::Quit { device: machine(2) }), "not-hired");
    net.ok(owner(1), M::Quit { device: machine(1) });
    assert_eq!(net.device(1).hire, None);
    let hours = net.slot(id, 0).owed.unwrap();
    for _ in 0..4 {
        hour(&mut net, &[1, 2]);
    }
    let hire = net.hire_row(id);
    assert_eq!((hire.state, hire.paid), (HireState::Closed, Units::new(u128::from(hours) * RATE)));
    assert!(net.held(owner(1)) >= had + net_of(u128::from(hours) * RATE));
    net.ok(owner(1), M::Leave { device: machine(1) });
}

#[test]
fn a_lost_worker_is_replaced_at_its_rate_for_the_rest_of_the_time() {
    let mut net = Net::proved(3);
    let id = net.hire(new_hire(6, &[1, 2]));
    assert_eq!(net.refused(hirer(), M::Replace { hire: id, slot: 0, device: machine(3) }), "not-lost");
    hour(&mut net, &[1, 2, 3]);
    hour(&mut net, &[2, 3]);
    hour(&mut net, &[2, 3]);
    assert_eq!(net.slot(id, 0).end, Some(SlotEnd::Lost));
    assert_eq!(net.refused(owner(1), M::Replace { hire: id, slot: 0, device: machine(3) }), "not-yours");
    assert_eq!(net.refused(hirer(), M::Replace { hire: id, slot: 9, device: machine(3) }), "unknown-slot");
    assert_eq!(net.refused(hirer(), M::Replace { hire: id, slot: 0, device: machine(2) }), "is-hired");
    net.ok(hirer(), M::Replace { hire: id, slot: 0, device: machine(3) });
    assert_eq!(net.refused(hirer(), M::Replace { hire: id, slot: 0, device: machine(3) }), "not-lost", "once");
    let slot = net.slot(id, 2);
    assert_eq!((slot.replaces, slot.rate, slot.hours), (Some(0), Units::new(RATE), 3));
    for _ in 0..8 {
        hour(&mut net, &[2, 3]);
    }
    let hire = net.hire_row(id);
    assert_eq!(hire.state, HireState::Closed);
    assert_eq!(hire.paid, Units::new((6 + 3 + 1) * RATE), "the lost one was seen an hour after it began");
}

#[test]
fn an_accused_device_is_lost_to_its_hirer() {
    let mut net = Net::proved(2);
    let id = net.hire(new_hire(4, &[1, 2]));
    hour(&mut net, &[1, 2]);
    let evidence = depin_quantity::ContentHash::new([7; 32]);
    net.ok(crate::world::CHECKER.address(), M::Accuse { device: machine(1), evidence });
    assert_eq!(net.slot(id, 0).end, Some(SlotEnd::Lost));
    assert!(!net.device(1).active);
    for _ in 0..7 {
        hour(&mut net, &[2]);
    }
    assert_eq!(net.hire_row(id).state, HireState::Closed);
}
