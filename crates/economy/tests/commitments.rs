//! Pledges, faults, debt, allowances.

mod support;

use depin_economy::*;
use depin_quantity::{Measured, Name, Rounding, Span, Units};
use support::*;

fn sector(n: u64) -> Subject {
    Subject::Unit { owner: party(1), unit: unit(n) }
}

/// A world in which party 1 and party 2 have 1 GiB of power each, and party 1 a pledged sector of 32 GiB.
fn two() -> World {
    let mut world = World::new();
    for n in 1..=2 {
        world.register(party(n), 0);
        world.stand(party(n), GIB).unwrap();
    }
    world.lock(party(1), unit(1), 32 * GIB).unwrap();
    world
}

#[test]
fn a_pledge_is_locked_by_size_and_rounded_up() {
    let mut world = World::new();
    assert_eq!(world.lock(party(1), unit(1), 32 * GIB).unwrap().moved, fil(1));
    assert_eq!(world.held(party(1)), fil(999_999));
    assert_eq!(world.reads().balance(Account::Pledge(party(1)), FIL), fil(1));
    // 0.03125 FIL per 2^30 bytes: one byte costs 29,103,830.45… base units, rounded up.
    assert_eq!(world.lock(party(1), unit(2), 1).unwrap().moved, Units::new(29_103_831));
    world.check();
}

#[test]
fn pledges_refuse_what_cannot_be() {
    let mut world = two();
    assert_eq!(world.lock(party(1), unit(1), GIB), Err(Refusal::Duplicate { what: Topic::Pledge }));
    let zero = Refusal::OutOfRange { what: Topic::Pledge, reason: Limit::AboveZero };
    assert_eq!(world.lock(party(1), unit(9), 0), Err(zero));
    let poor = world.lock(party(77), unit(9), 32 * GIB);
    assert_eq!(poor, Err(Refusal::Underfunded { token: FIL, needed: fil(1), has: Units::ZERO }));
    let until = world.now;
    let kind = Name::literal("sectors");
    let record = PledgeRecord::Lock { subject: sector(9), kind, basis: quality(1), until };
    assert_eq!(world.record(Record::Pledge(record)), Err(Refusal::Unbound { what: Topic::PledgeKind, name: kind }));
    let record = PledgeRecord::Lock { subject: sector(9), kind: SECTOR, basis: raw(1), until };
    assert_eq!(world.record(Record::Pledge(record)), Err(Refusal::Unbound { what: Topic::Metric, name: RAW }));
    let record = PledgeRecord::Release { subject: sector(9), kind: SECTOR };
    assert_eq!(world.record(Record::Pledge(record)), Err(Refusal::Unknown { what: Topic::Pledge }));
    assert!(world.reads().eligible(party(1), SECTOR, quality(GIB)).is_ok());
    assert!(matches!(world.reads().eligible(party(77), SECTOR, quality(GIB)), Err(Refusal::Underfunded { .. })));
}

#[test]
fn a_pledge_is_topped_up_and_never_lowered() {
    let mut world = two();
    let until = world.now.later(Span::from_days(400));
    let mut resize = |bytes| {
        world
            .accept(Record::Pledge(PledgeRecord::Resize { subject: sector(1), kind: SECTOR, basis: quality(bytes), until }))
            .moved
    };
    assert_eq!(resize(16 * GIB), Units::ZERO);
    assert_eq!(resize(64 * GIB), fil(1));
    assert_eq!(world.reads().pledge(sector(1), SECTOR).unwrap().amount, fil(2));
    let back = world.accept(Record::Pledge(PledgeRecord::Release { subject: sector(1), kind: SECTOR })).moved;
    assert_eq!((back, world.held(party(1))), (fil(2), fil(1_000_000)));
    world.check();
}

#[test]
fn the_first_detection_is_free() {
    let mut world = two();
    assert_eq!(world.fault(Subject::Party(party(1)), DETECTED, GIB).unwrap().moved, Units::ZERO);
    assert_eq!(world.reads().supply(FIL).unwrap().burned, Units::ZERO);
}

#[test]
fn a_continued_fault_costs_three_and_a_half_days_of_reward_and_is_burnt() {
    let mut world = two();
    let reward = world.reads().period_reward(BLOCKS).unwrap().get();
    // Half of the network failed while its power still counts: reward * 10,108 * 1/2.
    let fee = world.fault(Subject::Party(party(1)), CONTINUED, GIB).unwrap().moved;
    assert_eq!(fee.get(), reward * 10_108 / 2);
    assert_eq!(world.reads().supply(FIL).unwrap().burned, fee);
    assert_eq!(world.held(party(1)).get(), fil(999_999).get() - fee.get());
    // Its power is gone: the affected weight against what is left, at most the whole.
    world.stand(party(1), 0).unwrap();
    let fee = world.fault(Subject::Party(party(2)), CONTINUED, GIB / 4).unwrap().moved;
    assert_eq!(fee.get(), reward * 10_108 / 4);
    let fee = world.fault(Subject::Party(party(2)), CONTINUED, 3 * GIB);
    assert!(fee.is_ok());
    world.check();
}

#[test]
fn expected_reward_never_passes_the_whole_and_nothing_costs_nothing() {
    let reward = |affected, weight| expected_reward(fil(10), 3, Measured::new(affected), Measured::new(weight)).unwrap();
    assert_eq!(reward(1, 3), fil(10));
    assert_eq!(reward(5, 0), fil(30));
    assert_eq!(reward(7, 5), fil(30));
    assert_eq!(reward(0, 0), Units::ZERO);
}

#[test]
fn fees_take_locked_rewards_first_and_what_is_missing_is_debt() {
    let mut world = two();
    world.stand(party(2), 0).unwrap();
    world.advance(EPOCHS_IN_DAY);
    world.stand(party(1), GIB).unwrap();
    let locked = world.reads().balance(Account::Vesting(party(1)), FIL);
    let held = world.held(party(1));
    // All of the network: 10,108 epochs' reward is more than the party has.
    let fee = world.fault(Subject::Party(party(1)), CONTINUED, GIB).unwrap().moved;
    assert!(fee.get() > locked.get() + held.get());
    assert_eq!(world.reads().balance(Account::Vesting(party(1)), FIL), Units::ZERO);
    assert_eq!(world.held(party(1)), Units::ZERO);
    let owed = world.owed(party(1));
    assert_eq!(owed.get(), fee.get() - locked.get() - held.get());
    assert!(world.notices.contains(&Notice::InDebt { party: party(1), owed }));
    assert_eq!(world.reads().supply(FIL).unwrap().burned.get(), locked.get() + held.get());
    world.check();
    // A debtor commits to nothing and sends nothing.
    let debt = Refusal::InDebt { owed };
    assert_eq!(world.lock(party(1), unit(5), GIB), Err(debt.clone()));
    assert_eq!(world.reads().eligible(party(1), SECTOR, quality(GIB)), Err(debt.clone()));
    assert_eq!(world.deal(unit(6), party(1), Units::new(1), 10, fil(1)), Err(debt.clone()));
    assert_eq!(world.with(|s| s.withdraw_vested(party(1), FIL, None)), Err(debt.clone()));
    assert_eq!(world.with(|s| s.transfer(party(1), party(2), FIL, Units::new(1))), Err(debt));
    // Money that it is sent pays the debt when it says so.
    world.with(|s| s.transfer(party(2), party(1), FIL, fil(900_000))).unwrap();
    let repaid = world.with(|s| s.repay(party(1), FIL)).unwrap();
    assert_eq!(repaid, owed.min(fil(900_000)));
    world.check();
    // Rewards pay the rest by themselves.
    world.advance(EPOCHS_IN_DAY * 5);
    world.stand(party(1), GIB).unwrap();
    assert_eq!(world.owed(party(1)), Units::ZERO);
    assert!(world.notices.contains(&Notice::DebtCleared { party: party(1) }));
    assert!(world.lock(party(1), unit(5), GIB).is_ok());
    world.check();
}

#[test]
fn a_small_fee_leaves_later_locked_rewards_alone() {
    let mut world = two();
    world.advance(EPOCHS_IN_DAY);
    world.stand(party(1), GIB).unwrap();
    let before = world.reads().vesting(party(1), FIL);
    let held = world.held(party(1));
    let fee = world.fault(Subject::Party(party(1)), CONTINUED, GIB / 100).unwrap().moved;
    let after = world.reads().vesting(party(1), FIL);
    assert_eq!(before.locked.get() - after.locked.get(), fee.get());
    assert_eq!(world.held(party(1)), held);
    // Earliest entries went first: what is left is the tail of what was.
    let (last_before, last_after) = (before.entries.last(), after.entries.last());
    assert_eq!(last_before, last_after);
    assert!(after.entries.len() < before.entries.len());
}

#[test]
fn a_termination_costs_its_fee_ends_the_pledge_and_is_paid_from_it() {
    let mut world = two();
    world.advance(EPOCHS_IN_DAY * 70);
    let reward = world.reads().period_reward(BLOCKS).unwrap();
    let held = world.held(party(1));
    let affected = GIB / 1_000_000;
    let fee = world.fault(sector(1), TERMINATED, affected).unwrap().moved;
    let fault_fee = reward.get() * 10_108 * affected / (2 * GIB);
    // Half the full age: 4.25 % of 1 FIL, against 105 % of the fault fee.
    assert_eq!(fee.get(), (ONE_FIL * 425 / 10_000).max(fault_fee * 105 / 100));
    assert_eq!(world.reads().pledge(sector(1), SECTOR), None);
    assert_eq!(world.held(party(1)).get(), held.get() + ONE_FIL - fee.get());
    assert_eq!(world.fault(sector(1), TERMINATED, affected), Err(Refusal::Unknown { what: Topic::Pledge }));
    world.check();
}

#[test]
fn faults_refuse_what_cannot_be() {
    let mut world = two();
    let name = Name::literal("lost");
    assert_eq!(world.fault(sector(1), name, 1), Err(Refusal::Unbound { what: Topic::FaultKind, name }));
    let fault = |kind, affected| Record::Fault(Fault { subject: sector(1), kind, affected, reporter: None });
    assert_eq!(world.record(fault(CONTINUED, raw(1))), Err(Refusal::Unbound { what: Topic::Metric, name: RAW }));
    let metric = Name::literal("frames");
    let strange = Component { metric, quantity: Measured::new(1) };
    assert_eq!(world.record(fault(DETECTED, strange)), Err(Refusal::Unbound { what: Topic::Metric, name: metric }));
}

#[test]
fn a_fee_by_size_is_another_parameter_of_the_same_rule() {
    let text =
        FILE.replacen("fee = \"reward\"\npool = \"blocks\"\nperiods = 10_108", "fee = \"per-gib\"\namount = \"0.5 FIL\"", 1);
    let mut world = World::of(&text);
    let fee = world.fault(Subject::Party(party(1)), CONTINUED, 3 * GIB + 1).unwrap().moved;
    assert_eq!(fee, fil(1).mul_div(3 * GIB + 1, 2 * GIB, Rounding::Down).unwrap());
}

fn consume(world: &mut World, n: u64, bytes: u128) -> Answer {
    let (id, amount) = (unit(n), Measured::new(bytes));
    world.record(Record::Allowance(AllowanceRecord::Consume { id, kind: DATACAP, party: CLIENT, beneficiary: party(1), amount }))
}

fn stand_at(world: &mut World, plain: u128, boosted: u128) -> Answer {
    let components = both(raw(plain), quality(boosted));
    world.record(Record::Current(Current { subject: Subject::Party(party(1)), components }))
}

#[test]
fn verified_bytes_count_ten_times_where_the_notary_granted_them() {
    let mut world = World::new();
    world.register(party(1), 0);
    let short = Refusal::NoAllowance { kind: DATACAP, needed: Units::new(1_000), has: Units::ZERO };
    assert_eq!(consume(&mut world, 1, 1_000), Err(short));
    world.with(|s| s.grant_allowance(NOTARY, DATACAP, CLIENT, Measured::new(1_500))).unwrap();
    consume(&mut world, 1, 1_000).unwrap();
    // 1,000 verified and 200 plain bytes: 10,000 + 200.
    let unbacked = Refusal::Unbacked { metric: QUALITY, quantity: Units::new(10_201), backed: Units::new(10_200) };
    assert_eq!(stand_at(&mut world, 1_200, 10_201), Err(unbacked));
    assert_eq!(world.reads().metric(RAW), Measured::ZERO);
    stand_at(&mut world, 1_200, 10_200).unwrap();
    assert_eq!(world.reads().allowance(DATACAP, CLIENT).left, Measured::new(500));
    world.check();
}

#[test]
fn allowance_is_spent_once_and_goes_back_only_when_nothing_began() {
    let mut world = World::new();
    world.register(party(1), 0);
    world.with(|s| s.grant_allowance(NOTARY, DATACAP, CLIENT, Measured::new(2_000))).unwrap();
    consume(&mut world, 1, 1_000).unwrap();
    assert_eq!(consume(&mut world, 1, 500), Err(Refusal::Duplicate { what: Topic::AllowanceUse }));
    consume(&mut world, 2, 1_000).unwrap();
    let end = |world: &mut World, record| world.record(Record::Allowance(record));
    end(&mut world, AllowanceRecord::Return { id: unit(1), kind: DATACAP }).unwrap();
    end(&mut world, AllowanceRecord::Release { id: unit(2), kind: DATACAP }).unwrap();
    assert_eq!(world.reads().allowance(DATACAP, CLIENT).left, Measured::new(1_000));
    let gone = end(&mut world, AllowanceRecord::Release { id: unit(2), kind: DATACAP });
    assert_eq!(gone, Err(Refusal::Unknown { what: Topic::AllowanceUse }));
    assert!(stand_at(&mut world, 100, 101).is_err());
    world.check();
}

#[test]
fn only_the_notary_grants() {
    let mut world = World::new();
    let grant = |world: &mut World, who, kind, bytes| world.with(|s| s.grant_allowance(who, kind, CLIENT, Measured::new(bytes)));
    assert_eq!(grant(&mut world, CLIENT, DATACAP, 1), Err(Refusal::NotAllowed { role: Name::literal("notary") }));
    assert_eq!(grant(&mut world, NOTARY, DATACAP, 0), Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero }));
    let name = Name::literal("data-cap");
    assert_eq!(grant(&mut world, NOTARY, name, 1), Err(Refusal::Unbound { what: Topic::AllowanceKind, name }));
    grant(&mut world, NOTARY, DATACAP, 1_000).unwrap();
    let least = Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AtLeast(Units::new(128)) };
    assert_eq!(consume(&mut world, 1, 127), Err(least));
}
