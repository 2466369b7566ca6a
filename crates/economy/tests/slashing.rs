//! What a fault takes out of a pledge: where it goes, how it comes back, and who falls below the least.

mod stakes;

use depin_economy::*;
use depin_quantity::{Measured, Name, Units};
use stakes::*;

const SPOOFING: Name = Name::literal("spoofing");
const APPEALED: Name = Name::literal("appealed");

fn device(who: u8, n: u64) -> Subject {
    Subject::Unit { owner: party(who), unit: unit(n) }
}

fn fault(subject: Subject, kind: Name, reporter: Option<u8>) -> Record {
    Record::Fault(Fault { subject, kind, affected: device_units(100), reporter: reporter.map(party) })
}

fn release(subject: Subject) -> Record {
    Record::Pledge(PledgeRecord::Release { subject, kind: DEVICE })
}

fn pledged(world: &World, subject: Subject) -> Units {
    world.reads().pledge(subject, DEVICE).map_or(Units::ZERO, |row| row.amount)
}

fn slash_id(world: &World) -> depin_quantity::UnitId {
    let held = world.events.iter().rev().find_map(|event| match event {
        Event::PledgeSlashed { slash, .. } => *slash,
        _ => None,
    });
    held.expect("something is held")
}

#[test]
fn a_pledge_by_units_has_a_least() {
    let mut world = World::new();
    world.pledge(1, 1, 250);
    world.pledge(1, 2, 10);
    assert_eq!((pledged(&world, device(1, 1)), pledged(&world, device(1, 2))), (coins(500), coins(200)));
    assert_eq!(world.balance(Account::Pledge(party(1)), COIN), coins(700));
    assert_eq!(world.reads().quote_pledge(DEVICE, device_units(101)).unwrap(), coins(202));
}

#[test]
fn what_a_fault_takes_goes_where_the_rule_says() {
    let mut world = World::new();
    world.pledge(1, 1, 100);
    let (burned, reporter) = (world.reads().supply(COIN).unwrap().burned, world.held(party(2), COIN));
    assert_eq!(world.accept(fault(device(1, 1), SPOOFING, Some(2))).moved, coins(20));
    assert_eq!(pledged(&world, device(1, 1)), coins(180));
    assert_eq!(world.held(party(2), COIN).minus(reporter).unwrap(), coins(2));
    assert_eq!(world.balance(Account::Treasury(COMMUNITY), COIN), coins(8));
    assert_eq!(world.reads().supply(COIN).unwrap().burned.minus(burned).unwrap(), coins(10));
    let below = Notice::BelowStake { subject: device(1, 1), kind: DEVICE, has: coins(180), least: coins(200) };
    assert_eq!(world.notices.last(), Some(&below));
    assert!(matches!(world.reads().pledged_enough(device(1, 1), DEVICE, device_units(100)), Err(Refusal::Underfunded { .. })));
    let until = world.now.later(days(365));
    world.accept(Record::Pledge(PledgeRecord::Resize { subject: device(1, 1), kind: DEVICE, basis: device_units(100), until }));
    assert_eq!(pledged(&world, device(1, 1)), coins(200), "a resize makes up for it");
    assert_eq!(world.reads().pledged_enough(device(1, 1), DEVICE, device_units(100)), Ok(()));
}

#[test]
fn without_a_reporter_its_part_goes_where_the_first_goes() {
    let mut world = World::new();
    world.pledge(1, 1, 100);
    let burned = world.reads().supply(COIN).unwrap().burned;
    world.accept(fault(device(1, 1), SPOOFING, None));
    assert_eq!(world.reads().supply(COIN).unwrap().burned.minus(burned).unwrap(), coins(12));
}

#[test]
fn an_appeal_can_give_it_back_until_its_time_is_over() {
    let mut world = World::new();
    world.pledge(1, 1, 100);
    world.pledge(1, 2, 100);
    world.accept(fault(device(1, 1), APPEALED, None));
    let first = slash_id(&world);
    world.accept(fault(device(1, 2), APPEALED, None));
    let second = slash_id(&world);
    assert_ne!(first, second);
    assert_eq!(world.balance(Account::Slashed(first), COIN), coins(50));
    assert_eq!(world.reads().held(first).unwrap().until, world.now.later(days(30)));
    let appeal = Action::Appeal { slash: first, grounds: unit(77) };
    assert_eq!(world.act(party(2), appeal.clone()), Err(Refusal::OutOfRange { what: Topic::Slash, reason: Limit::NotOwn }));
    world.does(party(1), appeal);
    let judge = |slash| Action::Judge { slash, give_back: true };
    assert_eq!(world.act(party(1), judge(first)), Err(Refusal::NotAllowed { role: Name::literal("council") }));
    world.advance(days(29));
    world.does(COUNCIL, judge(first));
    assert_eq!(pledged(&world, device(1, 1)), coins(200));
    let burned = world.reads().supply(COIN).unwrap().burned;
    world.advance(days(1));
    assert_eq!(world.reads().supply(COIN).unwrap().burned.minus(burned).unwrap(), coins(50));
    assert_eq!(world.act(COUNCIL, judge(second)), Err(Refusal::Unknown { what: Topic::Slash }));
    assert_eq!(pledged(&world, device(1, 2)), coins(150));
}

#[test]
fn a_judge_can_confirm_at_once_and_a_unit_without_a_pledge_gets_it_in_the_wallet() {
    let mut world = World::new();
    world.pledge(1, 1, 100);
    world.accept(fault(device(1, 1), APPEALED, None));
    let (first, burned) = (slash_id(&world), world.reads().supply(COIN).unwrap().burned);
    world.does(COUNCIL, Action::Judge { slash: first, give_back: false });
    assert_eq!(world.reads().supply(COIN).unwrap().burned.minus(burned).unwrap(), coins(50));
    world.accept(fault(device(1, 1), APPEALED, None));
    let second = slash_id(&world);
    world.accept(release(device(1, 1)));
    world.advance(days(14));
    let before = world.held(party(1), COIN);
    world.does(COUNCIL, Action::Judge { slash: second, give_back: true });
    assert_eq!(world.held(party(1), COIN).minus(before).unwrap(), Units::new(37_500_000));
}

#[test]
fn a_released_pledge_cools_down_and_a_fault_still_reaches_it() {
    let mut world = World::new();
    let before = world.held(party(1), COIN);
    world.pledge(1, 1, 100);
    world.accept(release(device(1, 1)));
    assert_eq!(pledged(&world, device(1, 1)), Units::ZERO);
    assert_eq!(world.balance(Account::Unbonding(DEVICE), COIN), coins(200));
    let until = world.now.later(days(365));
    let again = PledgeRecord::Lock { subject: device(1, 1), kind: DEVICE, basis: device_units(100), until };
    assert_eq!(world.record(Record::Pledge(again)), Err(Refusal::Duplicate { what: Topic::Unbonding }));
    world.advance(days(7));
    world.accept(fault(device(1, 1), SPOOFING, None));
    world.advance(days(7));
    assert_eq!(world.held(party(1), COIN), before.minus(coins(20)).unwrap());
    assert_eq!(world.record(fault(device(1, 1), SPOOFING, None)), Err(Refusal::Unknown { what: Topic::Pledge }));
    world.accept(Record::Pledge(again));
}

#[test]
fn unpaid_rewards_can_be_taken_too() {
    let mut world = World::new();
    let subject = device(1, 1);
    world.pledge(1, 1, 100);
    world.accept(Record::Register(Register { subject, phase: 0 }));
    let components = Components::one(device_units(100));
    world.accept(Record::Current(Current { subject, components }));
    world.advance(days(3));
    let pool = world.balance(Account::Pool(Name::literal("work")), COIN);
    assert!(!pool.is_zero());
    let taken = world.accept(fault(subject, APPEALED, None)).moved;
    let accrued = taken.minus(coins(50)).unwrap();
    let dust = pool.minus(accrued).unwrap();
    assert!(dust <= Units::new(1), "all but a part of a base unit");
    assert_eq!(world.balance(Account::Pool(Name::literal("work")), COIN), dust);
    let before = world.held(party(1), COIN);
    world.does(COUNCIL, Action::Judge { slash: slash_id(&world), give_back: true });
    assert_eq!(world.held(party(1), COIN).minus(before).unwrap(), accrued);
    assert_eq!(world.reads().current(subject, Name::literal("device-units")), Measured::new(100));
}
