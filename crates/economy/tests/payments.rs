//! Escrows and streams.

mod support;

use depin_economy::*;
use depin_quantity::{Decimal18, Name, Span, Units};
use support::*;

const RATE: Units = Units::new(1_000_000_007);

fn settle(world: &mut World, n: u64) -> Units {
    world.accept(Record::Stream(StreamRecord::Settle { id: unit(n) })).moved
}

fn close(world: &mut World, n: u64, reason: Name) -> Answer {
    let accrued_until = world.now;
    world.record(Record::Stream(StreamRecord::Close { id: unit(n), reason, accrued_until }))
}

/// A deal of 100 epochs with party 1, active from now.
fn active() -> World {
    let mut world = World::new();
    world.deal(unit(1), party(1), RATE, 100, Units::new(RATE.get() * 100)).unwrap();
    world.activate(unit(1));
    world.check();
    world
}

fn bond() -> u128 {
    ONE_FIL / 5_000
}

#[test]
fn a_stream_pays_whole_epochs_by_one_product() {
    let mut world = active();
    assert_eq!(settle(&mut world, 1), Units::ZERO);
    world.now = world.now.later(Span::from_millis(29_999));
    assert_eq!(settle(&mut world, 1), Units::ZERO);
    world.now = world.now.later(Span::from_millis(1));
    assert_eq!(settle(&mut world, 1), RATE);
    world.advance(41);
    assert_eq!(world.reads().stream(unit(1)).unwrap().due.get(), RATE.get() * 41);
    assert_eq!(settle(&mut world, 1).get(), RATE.get() * 41);
    assert_eq!(settle(&mut world, 1), Units::ZERO);
    assert_eq!(world.held(party(1)).get(), fil(1_000_000).get() - bond() + RATE.get() * 42);
}

#[test]
fn a_term_that_is_over_pays_the_rest_returns_the_bond_and_closes_the_escrow() {
    let mut world = active();
    world.advance(99);
    assert!(world.reads().stream(unit(1)).is_some());
    world.advance(1);
    assert!(world.reads().stream(unit(1)).is_none() && world.reads().escrow(unit(1)).is_none());
    assert_eq!(world.held(party(1)).get(), fil(1_000_000).get() + RATE.get() * 100);
    assert_eq!(world.held(CLIENT).get(), fil(1_000_000).get() - RATE.get() * 100);
    let paid = Units::new(RATE.get() * 100);
    let ended = Notice::StreamEnded { stream: unit(1), reason: Ended::Completed, paid };
    // A term shorter than the warning gives its warning at once.
    assert!(matches!(world.notices[0], Notice::EscrowLow { escrow, .. } if escrow == unit(1)));
    assert_eq!(world.notices[1..], [ended, Notice::EscrowClosed { escrow: unit(1) }]);
}

#[test]
fn any_slicing_of_time_pays_the_same() {
    let run = |steps: &[u64], settles: bool| {
        let mut world = active();
        for step in steps {
            world.advance(*step);
            if settles && world.reads().stream(unit(1)).is_some() {
                settle(&mut world, 1);
            }
        }
        (world.held(party(1)), world.held(CLIENT))
    };
    let once = run(&[150], false);
    assert_eq!(run(&[1; 150], true), once);
    assert_eq!(run(&[13, 1, 70, 66], true), once);
    assert_eq!(run(&[100, 50], false), once);
}

#[test]
fn a_deal_not_activated_in_time_burns_the_bond_and_gives_the_money_back() {
    let mut world = World::new();
    world.deal(unit(1), party(1), RATE, 100, fil(1)).unwrap();
    world.now = world.now.later(Span::from_secs(3_600));
    world.close();
    assert!(world.notices.is_empty());
    world.now = world.now.later(Span::from_millis(1));
    world.close();
    let ended = Notice::StreamEnded { stream: unit(1), reason: Ended::NotActivated, paid: Units::ZERO };
    assert_eq!(world.notices, [ended, Notice::EscrowClosed { escrow: unit(1) }]);
    assert_eq!(world.held(CLIENT), fil(1_000_000));
    assert_eq!(world.held(party(1)).get(), fil(1_000_000).get() - bond());
    assert_eq!(world.reads().supply(FIL).unwrap().burned.get(), bond());
    assert_eq!(
        world.record(Record::Stream(StreamRecord::Activate { id: unit(1) })),
        Err(Refusal::Unknown { what: Topic::Stream })
    );
}

#[test]
fn activation_is_possible_up_to_the_deadline_and_once() {
    let mut world = World::new();
    world.deal(unit(1), party(1), RATE, 100, fil(1)).unwrap();
    world.now = world.now.later(Span::from_secs(3_600));
    world.close();
    world.activate(unit(1));
    let again = world.record(Record::Stream(StreamRecord::Activate { id: unit(1) }));
    assert_eq!(again, Err(Refusal::OutOfRange { what: Topic::Stream, reason: Limit::Begun }));
    // Too late within a block whose close has not reached the deadline's job.
    world.deal(unit(2), party(1), RATE, 100, fil(1)).unwrap();
    world.now = world.now.later(Span::from_secs(3_601));
    let late = world.record(Record::Stream(StreamRecord::Activate { id: unit(2) }));
    assert_eq!(late, Err(Refusal::OutOfRange { what: Topic::Deadline, reason: Limit::Passed }));
}

#[test]
fn ended_by_agreement_pays_whole_epochs_and_everybody_has_the_rest_back() {
    let mut world = active();
    world.advance(10);
    world.now = world.now.later(Span::from_secs(29));
    assert_eq!(close(&mut world, 1, AGREED).unwrap().moved.get(), RATE.get() * 10);
    assert_eq!(world.held(party(1)).get(), fil(1_000_000).get() + RATE.get() * 10);
    assert_eq!(world.held(CLIENT).get(), fil(1_000_000).get() - RATE.get() * 10);
    world.advance(200);
    assert_eq!(world.reads().supply(FIL).unwrap().burned, Units::ZERO);
}

#[test]
fn a_terminated_stream_is_paid_to_its_last_good_moment_and_its_bond_is_burnt() {
    let mut world = active();
    let good = world.now.later(Span::from_secs(30 * 7));
    world.advance(20);
    world.accept(Record::Stream(StreamRecord::Close { id: unit(1), reason: TERMINATED, accrued_until: good }));
    assert_eq!(world.held(party(1)).get(), fil(1_000_000).get() - bond() + RATE.get() * 7);
    assert_eq!(world.reads().supply(FIL).unwrap().burned.get(), bond());
    world.check();
}

#[test]
fn what_was_paid_stays_paid_when_the_last_good_moment_is_earlier() {
    let mut world = active();
    let good = world.now.later(Span::from_secs(30 * 3));
    world.advance(20);
    settle(&mut world, 1);
    let paid = world.accept(Record::Stream(StreamRecord::Close { id: unit(1), reason: TERMINATED, accrued_until: good })).moved;
    assert_eq!(paid, Units::ZERO);
    assert_eq!(world.held(CLIENT).get(), fil(1_000_000).get() - RATE.get() * 20);
    world.check();
}

#[test]
fn an_extension_needs_money_and_moves_the_end_and_the_warning() {
    let mut world = World::new();
    let day = EPOCHS_IN_DAY;
    world.deal(unit(1), party(1), RATE, day, Units::new(RATE.get() * u128::from(day))).unwrap();
    world.activate(unit(1));
    let extend = |world: &mut World, periods| world.record(Record::Stream(StreamRecord::Extend { id: unit(1), periods }));
    let needed = Units::new(RATE.get() * 720);
    assert_eq!(extend(&mut world, 720), Err(Refusal::Underfunded { token: FIL, needed, has: Units::ZERO }));
    world.advance(day * 3 / 4);
    let end = |world: &World| world.reads().stream(unit(1)).unwrap().ends;
    assert_eq!(world.notices, [Notice::EscrowLow { escrow: unit(1), lasts_until: end(&world) }]);
    world.accept(Record::Escrow(EscrowRecord::Deposit {
        id: unit(1),
        from: party(3),
        deposit: money(Units::new(RATE.get() * 1_000)),
    }));
    assert_eq!(world.reads().escrow_free(unit(1)).unwrap().get(), RATE.get() * 1_000);
    extend(&mut world, 720).unwrap();
    world.check();
    world.advance(day / 4);
    assert_eq!(world.notices[1..], [Notice::EscrowLow { escrow: unit(1), lasts_until: end(&world) }]);
    assert_eq!(extend(&mut world, 0), Err(Refusal::OutOfRange { what: Topic::Term, reason: Limit::AboveZero }));
    world.advance(720);
    assert_eq!(world.held(party(1)).get(), fil(1_000_000).get() + RATE.get() * u128::from(day + 720));
    // Not reserved: 280 epochs' worth went back to the owner, whoever deposited it.
    assert_eq!(world.held(CLIENT).get(), fil(1_000_000).get() - RATE.get() * u128::from(day) + RATE.get() * 280);
}

#[test]
fn a_term_that_is_over_cannot_be_extended_even_before_its_end_was_worked() {
    let mut world = active();
    world.accept(Record::Escrow(EscrowRecord::Deposit { id: unit(1), from: CLIENT, deposit: money(fil(1)) }));
    world.now = world.now.later(Span::from_secs(30 * 100));
    let late = world.record(Record::Stream(StreamRecord::Extend { id: unit(1), periods: 5 }));
    assert_eq!(late, Err(Refusal::OutOfRange { what: Topic::Term, reason: Limit::Passed }));
}

#[test]
fn an_extension_before_activation_only_grows_the_term() {
    let mut world = World::new();
    world.deal(unit(1), party(1), RATE, 10, fil(1)).unwrap();
    world.accept(Record::Stream(StreamRecord::Extend { id: unit(1), periods: 5 }));
    world.check();
    world.activate(unit(1));
    world.advance(15);
    assert_eq!(world.held(party(1)).get(), fil(1_000_000).get() + RATE.get() * 15);
}

#[test]
fn an_escrow_gives_back_only_what_is_free() {
    let mut world = World::new();
    world.deal(unit(1), party(1), RATE, 10, Units::new(RATE.get() * 10 + 5)).unwrap();
    let refund = |world: &mut World, units: u128| {
        world.record(Record::Escrow(EscrowRecord::Refund { id: unit(1), amount: money(Units::new(units)) }))
    };
    assert_eq!(refund(&mut world, 6), Err(Refusal::Underfunded { token: FIL, needed: Units::new(6), has: Units::new(5) }));
    refund(&mut world, 5).unwrap();
    let engaged = world.record(Record::Escrow(EscrowRecord::Close { id: unit(1) }));
    assert_eq!(engaged, Err(Refusal::Engaged { open: 1 }));
    world.check();
}

#[test]
fn an_escrow_without_a_stream_closes_whole() {
    let mut world = World::new();
    world.accept(Record::Escrow(EscrowRecord::Open { id: unit(1), kind: DEAL, owner: CLIENT, deposit: money(fil(3)) }));
    assert_eq!(world.held(CLIENT), fil(999_997));
    world.accept(Record::Escrow(EscrowRecord::Close { id: unit(1) }));
    assert_eq!(world.held(CLIENT), fil(1_000_000));
    assert_eq!(world.record(Record::Escrow(EscrowRecord::Close { id: unit(1) })), Err(Refusal::Unknown { what: Topic::Escrow }));
    world.check();
}

#[test]
fn several_streams_share_an_escrow_until_the_last_ends() {
    let mut world = World::new();
    world.deal(unit(1), party(1), RATE, 10, Units::new(RATE.get() * 30)).unwrap();
    let mut second = world.terms(unit(2), party(2), RATE, 20);
    second.escrow = unit(1);
    world.accept(Record::Stream(StreamRecord::Open(second)));
    let mut third = second;
    third.id = unit(3);
    let short = Refusal::Underfunded { token: FIL, needed: Units::new(RATE.get() * 20), has: Units::ZERO };
    assert_eq!(world.record(Record::Stream(StreamRecord::Open(third))), Err(short));
    world.activate(unit(1));
    world.activate(unit(2));
    world.advance(10);
    assert_eq!(world.reads().escrow(unit(1)).unwrap().streams, 1);
    world.advance(10);
    assert!(world.reads().escrow(unit(1)).is_none());
    assert_eq!(world.held(party(2)).get(), fil(1_000_000).get() + RATE.get() * 20);
}

#[test]
fn streams_refuse_terms_outside_the_network_file() {
    let mut world = World::new();
    world.accept(Record::Escrow(EscrowRecord::Open { id: unit(1), kind: DEAL, owner: CLIENT, deposit: money(fil(10)) }));
    let good = StreamOpen { escrow: unit(1), ..world.terms(unit(1), party(1), RATE, 10) };
    let mut open = |open: StreamOpen| world.record(Record::Stream(StreamRecord::Open(open)));
    let out = |what, reason| Err(Refusal::OutOfRange { what, reason });
    assert_eq!(open(StreamOpen { escrow: unit(2), ..good }), Err(Refusal::Unknown { what: Topic::Escrow }));
    let dollars = Money { currency: Name::literal("USD"), amount: Decimal18::new(1) };
    assert_eq!(open(StreamOpen { rate: dollars, ..good }), out(Topic::Rate, Limit::OfToken(FIL)));
    let most = fil(2_000_000_000);
    assert_eq!(open(StreamOpen { rate: money(Units::new(most.get() + 1)), ..good }), out(Topic::Rate, Limit::AtMost(most)));
    assert_eq!(open(StreamOpen { periods: 0, ..good }), out(Topic::Term, Limit::AboveZero));
    let longest = 1_278 * EPOCHS_IN_DAY;
    assert_eq!(open(StreamOpen { periods: longest + 1, ..good }), out(Topic::Term, Limit::AtMost(Units::new(longest.into()))));
    assert_eq!(open(StreamOpen { activate_by: depin_quantity::Instant::new(5), ..good }), out(Topic::Deadline, Limit::Passed));
    assert_eq!(open(StreamOpen { basis: quality(1), ..good }), Err(Refusal::Unbound { what: Topic::Metric, name: QUALITY }));
    let low = Some(money(Units::new(bond() - 1)));
    assert_eq!(open(StreamOpen { bond: low, ..good }), out(Topic::Bond, Limit::AtLeast(Units::new(bond()))));
    let poor = Err(Refusal::Underfunded { token: FIL, needed: Units::new(bond()), has: Units::ZERO });
    assert_eq!(open(StreamOpen { to: party(99), ..good }), poor);
    let dear = StreamOpen { rate: money(fil(2_000_000_000)), periods: longest, ..good };
    assert!(matches!(open(dear), Err(Refusal::Underfunded { .. })));
    assert_eq!(open(StreamOpen { bond: Some(money(fil(1))), ..good }).unwrap().moved, fil(1));
    assert_eq!(open(good), Err(Refusal::Duplicate { what: Topic::Stream }));
    let name = Name::literal("boredom");
    assert_eq!(close(&mut world, 1, name), Err(Refusal::Unbound { what: Topic::CloseReason, name }));
    let kind = Name::literal("lease");
    let lease = Record::Escrow(EscrowRecord::Open { id: unit(9), kind, owner: CLIENT, deposit: money(fil(1)) });
    assert_eq!(world.record(lease), Err(Refusal::Unbound { what: Topic::StreamKind, name: kind }));
    let taken = Record::Escrow(EscrowRecord::Open { id: unit(1), kind: DEAL, owner: CLIENT, deposit: money(fil(1)) });
    assert_eq!(world.record(taken), Err(Refusal::Duplicate { what: Topic::Escrow }));
    world.check();
}

#[test]
fn a_free_deal_is_a_rate_of_zero() {
    let mut world = World::new();
    world.deal(unit(1), party(1), Units::ZERO, 10, Units::ZERO).unwrap();
    world.activate(unit(1));
    world.advance(10);
    assert_eq!((world.held(party(1)), world.held(CLIENT)), (fil(1_000_000), fil(1_000_000)));
}

#[test]
fn agreed_amounts_must_be_whole_base_units() {
    let text = FILE.replacen("decimals = 18", "decimals = 8", 1);
    let mut world = World::before_genesis(&text);
    let genesis = Genesis {
        roles: vec![(Name::literal("notary"), NOTARY), (Name::literal("price-feeder"), FEEDER)],
        owners: vec![],
        grants: vec![Grant { token: FIL, from: Name::literal("foundation"), to: CLIENT, amount: Units::new(1_000) }],
    };
    world.with(|s| s.genesis(&genesis)).unwrap();
    let open = |world: &mut World, n, amount| {
        let deposit = Money { currency: FIL, amount: Decimal18::new(amount) };
        world.record(Record::Escrow(EscrowRecord::Open { id: unit(n), kind: DEAL, owner: CLIENT, deposit }))
    };
    assert_eq!(open(&mut world, 1, 10_000_000_001), Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::TooFine }));
    assert_eq!(open(&mut world, 1, 70_000_000_000).unwrap().moved, Units::new(7));
}

#[test]
fn due_work_is_bounded_and_goes_on_in_the_next_call() {
    let mut world = World::new();
    for n in 0..50 {
        world.deal(unit(n), party(1), RATE, 10, Units::new(RATE.get() * 10)).unwrap();
        world.activate(unit(n));
    }
    world.now = world.now.later(Span::from_days(1));
    let mut calls = 0;
    loop {
        let closed = world.with(|s| s.close(7)).unwrap();
        assert!(closed.used <= 7);
        world.check();
        calls += 1;
        if !closed.more {
            break;
        }
    }
    // One clock, fifty warnings, fifty ends.
    assert_eq!(calls, 101usize.div_ceil(7));
    assert_eq!(world.held(party(1)).get(), fil(1_000_000).get() + RATE.get() * 500);
    assert!(!world.reads().has_due());
}
