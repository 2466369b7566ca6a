//! Devices are hired, kept longer, let go, and paid.

use crate::world::{HIRER, HOUR, IO, Net, RATE, hirer, machine, new_hire, owner};
use depin_quantity::{Span, UnitId, Units};
use depin_services::clusters::{ClustersMessage as M, HireState, NewHire, SlotEnd, Stage, stream_id};

/// What a payee gets of a payment: 99.5 %.
pub const fn net_of(gross: u128) -> u128 {
    gross - 2 * (gross / 400)
}

/// Hours pass in which every hired device of these is there.
fn hours(net: &mut Net, count: u32, devices: &[u8]) {
    for _ in 0..count {
        net.next_hour();
        for n in devices {
            net.lock(*n, HIRER, 1_000).unwrap();
        }
    }
}

#[test]
fn a_hire_pays_its_devices_all_hours_and_closes() {
    let mut net = Net::proved(3);
    let (before, devices) = (net.held(hirer()), [1, 2, 3]);
    let owners = devices.map(|n| net.held(owner(n)));
    net.tick(Span::from_secs(600));
    let id = net.hire(new_hire(2, &devices));
    assert_eq!(before - net.held(hirer()), 6 * RATE);
    assert_eq!((net.totals().hired, net.totals().open_hires), (3, 1));
    hours(&mut net, 2, &devices);
    assert_eq!(net.hire_row(id).state, HireState::Running);
    // The time is over within this hour; each is judged once more, and free then.
    net.next_hour();
    assert_eq!(net.hire_row(id).state, HireState::Ending);
    for n in devices {
        net.answer(n);
        assert_eq!(net.device(n).hire, None);
    }
    net.next_hour();
    net.next_hour();
    let hire = net.hire_row(id);
    assert_eq!((hire.state, hire.paid, hire.open), (HireState::Closed, Units::new(6 * RATE), 0));
    assert_eq!(before - net.held(hirer()), 6 * RATE, "nothing is left over");
    for (n, before) in devices.into_iter().zip(owners) {
        // What it earned by its score comes on top.
        assert!(net.held(owner(n)) - before >= net_of(2 * RATE), "{n}");
    }
    assert_eq!(net.totals().hired_hours, 6);
    net.tick(Span::from_days(7));
    assert!(depin_services::clusters::hire(net.rows(), id).is_none(), "it is forgotten");
    assert_eq!(depin_services::clusters::person(net.rows(), hirer()).hires, 0);
    net.events_read_back();
}

#[test]
fn a_hired_device_earns_from_the_pool_only_in_hours_in_which_it_is_measured() {
    let mut net = Net::proved(1);
    net.hire(new_hire(5, &[1]));
    let score = net.device(1).score;
    hours(&mut net, 2, &[1]);
    assert_eq!((net.device(1).score, net.hour_row(net.hour()).spared), (score, 1), "its hirer's word earns nothing");
    net.next_hour();
    net.answer(1);
    assert_eq!(net.device(1).score, score + 40_005, "with five tenths for being hired");
    net.next_hour();
    net.attend(1).unwrap();
    assert_eq!(net.device(1).score, score + 40_005);
}

#[test]
fn a_time_lock_is_signed_by_the_hirer_and_comes_to_nine_tenths_at_least() {
    let mut net = Net::proved(2);
    net.hire(new_hire(5, &[1]));
    net.next_hour();
    let code = |done: Result<(), depin_services::Failure>| done.unwrap_err().code;
    let stranger = depin_services::coverage::PublicKey::new([44; 32]);
    assert_eq!(code(net.lock(1, stranger, 1_000)), "not-the-hirer");
    assert_eq!(code(net.lock(1, HIRER, 899)), "below-profile");
    assert_eq!(code(net.lock(1, HIRER, 1_001)), "parts");
    assert_eq!(code(net.lock(2, HIRER, 1_000)), "not-hired");
    assert_eq!(code(net.attend(2)), "not-hired");
    net.lock(1, HIRER, 900).unwrap();
    assert_eq!(net.count("time-lock-proved"), 1);
}

#[test]
fn an_ended_hire_pays_the_hours_that_began_and_gives_the_rest_back() {
    let mut net = Net::proved(2);
    let before = net.held(hirer());
    let id = net.hire(new_hire(10, &[1, 2]));
    hours(&mut net, 1, &[1, 2]);
    net.tick(Span::from_secs(1_200));
    // An hour and some 20 minutes: two hours began.
    net.ok(hirer(), M::EndHire { hire: id });
    assert_eq!(net.refused(hirer(), M::EndHire { hire: id }), "hire-over");
    net.next_hour();
    net.answer(1);
    net.answer(2);
    for _ in 0..3 {
        net.next_hour();
        net.answer(1);
        net.answer(2);
    }
    let hire = net.hire_row(id);
    assert_eq!((hire.state, hire.paid), (HireState::Closed, Units::new(4 * RATE)));
    assert_eq!(before - net.held(hirer()), 4 * RATE);
    assert_eq!(net.slot(id, 0).end, Some(SlotEnd::Ended));
}

#[test]
fn a_hire_that_is_ended_at_once_pays_its_first_hour() {
    let mut net = Net::proved(1);
    let before = net.held(hirer());
    let id = net.hire(new_hire(3, &[1]));
    net.ok(hirer(), M::EndHire { hire: id });
    for _ in 0..4 {
        net.next_hour();
        net.answer(1);
    }
    assert_eq!((net.hire_row(id).state, before - net.held(hirer())), (HireState::Closed, RATE));
}

#[test]
fn an_extended_hire_goes_on_at_the_first_rate() {
    let mut net = Net::proved(1);
    let before = net.held(hirer());
    let id = net.hire(new_hire(2, &[1]));
    let mut dearer = crate::world::terms();
    dearer.asks = vec![crate::world::ask(IO, 15)];
    net.ok(owner(1), M::Register { name: crate::world::name(1), terms: dearer });
    assert_eq!(net.refused(owner(1), M::Extend { hire: id, hours: 1 }), "not-yours");
    net.ok(hirer(), M::Extend { hire: id, hours: 2 });
    assert_eq!(before - net.held(hirer()), 4 * RATE, "the ask that rose is for others");
    hours(&mut net, 3, &[1]);
    assert_eq!(net.hire_row(id).state, HireState::Running);
    for _ in 0..4 {
        net.next_hour();
        net.answer(1);
    }
    let hire = net.hire_row(id);
    assert_eq!((hire.state, hire.paid), (HireState::Closed, Units::new(4 * RATE)));
    assert_eq!(net.refused(hirer(), M::Extend { hire: id, hours: 1 }), "hire-over");
}

#[test]
fn a_long_hire_is_paid_every_day_with_the_hour_that_is_seen_then() {
    let mut net = Net::proved(1);
    let id = net.hire(new_hire(60, &[1]));
    hours(&mut net, 23, &[1]);
    assert_eq!(net.count("device-paid"), 0);
    hours(&mut net, 1, &[1]);
    assert_eq!(net.count("device-paid"), 1);
    let row = net.network.economy().reads(net.rows(), net.now).stream(stream_id(id, 0)).unwrap().row;
    assert!((22..=24).contains(&row.paid) && net.slot(id, 0).stage == Stage::Working, "{row:?}");
    hours(&mut net, 24, &[1]);
    assert_eq!(net.count("device-paid"), 2);
}

#[test]
fn hires_are_refused_with_their_reasons() {
    let mut net = Net::proved(2);
    let plain = || new_hire(2, &[1]);
    let cases: Vec<(NewHire, &str)> = vec![
        (NewHire { devices: Vec::new(), ..plain() }, "devices"),
        (NewHire { devices: vec![machine(1); 2], ..plain() }, "devices"),
        (NewHire { devices: (0..65).map(|n| UnitId::new([n; 32])).collect(), ..plain() }, "devices"),
        (NewHire { hours: 0, ..plain() }, "hours"),
        (NewHire { hours: 365 * 24 + 1, ..plain() }, "hours"),
        (NewHire { most: Units::ZERO, ..plain() }, "no-price"),
        (NewHire { most: Units::new(RATE - 1), ..plain() }, "too-dear"),
        (NewHire { currency: "DOGE".parse().unwrap(), ..plain() }, "currency"),
        (NewHire { currency: "USDC".parse().unwrap(), ..plain() }, "not-for-hire"),
        (NewHire { devices: vec![machine(7)], ..plain() }, "unknown-device"),
    ];
    for (hire, code) in cases {
        assert_eq!(net.refused(hirer(), M::Hire(Box::new(hire))), code);
    }
    let mut filter = plain();
    filter.filter.processors = 3;
    assert_eq!(net.refused(hirer(), M::Hire(Box::new(filter))), "filter");
    assert_eq!(net.totals().hires, 0);
}

#[test]
fn a_hire_longer_than_the_hirers_money_is_refused_and_takes_nothing() {
    let mut net = Net::proved(1);
    let mut dear = crate::world::terms();
    dear.asks = vec![crate::world::ask(IO, 1_000)];
    net.ok(owner(1), M::Register { name: crate::world::name(1), terms: dear });
    let before = net.held(hirer());
    let hire = NewHire { most: Units::new(100 * 1_000 * RATE), ..new_hire(1_001, &[1]) };
    assert_eq!(net.refused(hirer(), M::Hire(Box::new(hire))), "economy");
    assert_eq!((net.held(hirer()), net.device(1).hire), (before, None));
}

#[test]
fn a_device_that_is_new_or_stands_out_cannot_be_hired() {
    let mut net = Net::new(2);
    let ask = |n: u8| M::Hire(Box::new(new_hire(1, &[n])));
    net.pass_hours(6, &[1]);
    assert_eq!(net.refused(hirer(), ask(1)), "too-new");
    net.pass_hours(6, &[1]);
    assert_eq!(net.refused(hirer(), ask(2)), "not-for-hire", "it failed");
    net.ok(hirer(), ask(1));
    net.tick(HOUR);
}
