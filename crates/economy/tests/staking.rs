//! Validators, those who delegate to them, what they earn, and what they lose.

mod stakes;

use depin_economy::*;
use depin_quantity::{Instant, Name, Span, Units};
use stakes::*;

/// A block that was at this time.
fn signed(at: Instant, missed: &[u8], signed: &[u8]) -> Record {
    let of = |all: &[u8]| all.iter().map(|n| party(*n)).collect();
    Record::Committee(CommitteeRecord::Signed { staking: VALIDATORS, at, signed: of(signed), missed: of(missed) })
}

fn signed_twice(n: u8, at: Instant) -> Record {
    Record::Committee(CommitteeRecord::SignedTwice { staking: VALIDATORS, validator: party(n), at })
}

fn claim(validator: u8) -> Action {
    Action::ClaimStake { staking: VALIDATORS, validator: party(validator) }
}

/// What the stakers' pool has received so far.
fn income(world: &World) -> u128 {
    world.reads().emission(STAKERS).unwrap().minted.get()
}

fn refused(result: Result<Done, Refusal>) -> Refusal {
    result.expect_err("it must be refused")
}

#[test]
fn a_validator_shares_its_income_by_stake_after_commission() {
    let mut world = World::new();
    world.validator(1, "10%", coins(100));
    world.delegate(2, 1, coins(300));
    world.advance(days(1));
    let first = income(&world);
    assert!(first > 0);
    let accrued = world.reads().delegation(VALIDATORS, party(1), party(2)).unwrap().accrued;
    // 90 % of it is shared; three quarters of that is the delegator's.
    let expected = first * 9 / 10 * 3 / 4;
    assert!(accrued[0].1.get().abs_diff(expected) <= 1, "{accrued:?} against {expected}");
    let before = world.held(party(2), COIN);
    let paid = world.does(party(2), claim(1)).moved;
    assert_eq!(paid, accrued);
    assert_eq!(world.held(party(2), COIN).minus(before).unwrap(), accrued[0].1);
    let commission = world.does(party(1), Action::ClaimCommission { staking: VALIDATORS }).moved;
    assert!(commission[0].1.get().abs_diff(first / 10) <= 1, "{commission:?}");
    let own = world.does(party(1), claim(1)).moved[0].1.get();
    assert!((first - expected - first / 10 - own) < 4, "all but dust is paid");
}

#[test]
fn stake_that_comes_later_earns_from_then_on_only() {
    let mut world = World::new();
    world.validator(1, "5%", coins(100));
    world.advance(days(3));
    let early = income(&world);
    world.delegate(2, 1, coins(100));
    world.advance(days(1));
    let late = income(&world) - early;
    let paid = world.does(party(2), claim(1)).moved[0].1.get();
    assert!(paid.abs_diff(late * 95 / 100 / 2) <= 1, "{paid} of {late}");
}

#[test]
fn income_waits_for_the_first_validator_and_unbonded_ones_earn_nothing() {
    let mut world = World::new();
    for n in 1..=4 {
        world.validator(n, "5%", coins(100 * u128::from(n)));
    }
    let bonded: Vec<bool> = (1..=4).map(|n| world.reads().validator(VALIDATORS, party(n)).unwrap().bonded).collect();
    assert_eq!(bonded, [false, true, true, true], "the three strongest are bonded");
    assert_eq!(world.reads().bonded(VALIDATORS).unwrap().bonded, coins(900));
    world.advance(days(1));
    assert!(world.does(party(1), claim(1)).moved.is_empty());
    world.delegate(5, 1, coins(150));
    let now = world.reads().bonded(VALIDATORS).unwrap();
    assert_eq!((now.bonded, now.validators), (coins(950), 3), "250 took the place of 200");
    assert!(!world.reads().validator(VALIDATORS, party(2)).unwrap().bonded);
    world.advance(days(1));
    assert!(!world.does(party(1), claim(1)).moved.is_empty());
}

#[test]
fn undelegated_stake_is_bound_for_the_unbonding_time() {
    let mut world = World::new();
    world.validator(1, "5%", coins(100));
    let before = world.held(party(2), COIN);
    world.delegate(2, 1, coins(50));
    let done = world.undelegate(2, 1, Some(coins(20)));
    assert_eq!(world.balance(Account::Unbonding(VALIDATORS), COIN), coins(20));
    assert_eq!(world.reads().leaving(party(2))[0].0, done.id.unwrap());
    world.now = world.now.later(Span::from_millis(days(21).get() - 1));
    world.with(|s| s.close(100)).unwrap();
    assert_eq!(world.balance(Account::Unbonding(VALIDATORS), COIN), coins(20));
    world.advance(Span::from_millis(1));
    assert_eq!(world.balance(Account::Unbonding(VALIDATORS), COIN), Units::ZERO);
    assert!(world.reads().leaving(party(2)).is_empty());
    world.undelegate(2, 1, None);
    world.advance(days(21));
    assert!(world.held(party(2), COIN) >= before, "all stake came back, with rewards");
    assert_eq!(world.stake_of(2, 1), Units::ZERO);
}

#[test]
fn unbondings_in_progress_are_limited_and_those_of_one_moment_are_one() {
    let mut world = World::new();
    world.validator(1, "5%", coins(100));
    world.delegate(2, 1, coins(50));
    for _ in 0..3 {
        world.undelegate(2, 1, Some(coins(1)));
    }
    assert_eq!(world.reads().leaving(party(2)).len(), 1);
    world.advance(days(1));
    world.undelegate(2, 1, Some(coins(1)));
    world.advance(days(1));
    let action = Action::Undelegate { staking: VALIDATORS, validator: party(1), amount: Some(coins(1)) };
    let reason = refused(world.act(party(2), action.clone()));
    assert_eq!(reason, Refusal::OutOfRange { what: Topic::Unbonding, reason: Limit::AtMost(Units::new(2)) });
    world.advance(days(19));
    world.does(party(2), action);
}

#[test]
fn a_slash_takes_the_same_part_of_everybody() {
    let mut world = World::new();
    world.validator(1, "5%", coins(100));
    world.delegate(2, 1, coins(300));
    let burned = world.reads().supply(COIN).unwrap().burned;
    let taken = world.accept(signed_twice(1, world.now));
    assert_eq!(taken.moved, coins(20));
    assert_eq!(world.reads().supply(COIN).unwrap().burned.minus(burned).unwrap(), coins(20));
    assert_eq!((world.stake_of(1, 1), world.stake_of(2, 1)), (coins(95), coins(285)));
    let now = world.reads().validator(VALIDATORS, party(1)).unwrap();
    assert!(now.tombstoned && !now.bonded);
    assert!(matches!(world.notices.last(), Some(Notice::Jailed { party: who, .. }) if *who == party(1)));
    assert_eq!(world.record(signed_twice(1, world.now)), Err(Refusal::Duplicate { what: Topic::Slash }));
    world.advance(days(400));
    let reason = refused(world.act(party(1), Action::Unjail { staking: VALIDATORS }));
    assert_eq!(reason, Refusal::OutOfRange { what: Topic::Validator, reason: Limit::NotYet });
    world.undelegate(2, 1, None);
    world.advance(days(21));
    assert_eq!(world.balance(Account::Stake(VALIDATORS), COIN), coins(95));
}

#[test]
fn rewards_before_and_after_a_slash_are_by_the_stake_of_each_time() {
    let mut world = World::new();
    world.validator(1, "5%", coins(200));
    world.validator(2, "5%", coins(200));
    world.advance(days(1));
    let first = income(&world);
    // A hundred blocks that it missed: one part in 10,000 and ten minutes of jail.
    for _ in 0..101 {
        world.accept(signed(world.now, &[1], &[2]));
    }
    let jailed = world.reads().validator(VALIDATORS, party(1)).unwrap();
    assert_eq!((jailed.stake, jailed.bonded), (Units::new(199_980_000), false));
    world.advance(Span::from_secs(600));
    world.does(party(1), Action::Unjail { staking: VALIDATORS });
    world.advance(days(1));
    let second = income(&world) - first;
    let total = 199_980_000 + 200_000_000;
    let expected = first * 95 / 200 + second * 199_980_000 / total * 95 / 100;
    let paid = world.does(party(1), claim(1)).moved[0].1.get();
    assert!(paid.abs_diff(expected) <= 2, "{paid} against {expected}");
}

#[test]
fn stake_that_left_after_the_fault_pays_and_stake_that_left_before_does_not() {
    let mut world = World::new();
    world.validator(1, "5%", coins(100));
    world.delegate(2, 1, coins(100));
    world.delegate(3, 1, coins(100));
    world.undelegate(2, 1, None);
    let rich = |world: &World, n| world.held(party(n), COIN);
    world.advance(days(1));
    let fault_at = world.now;
    world.advance(days(1));
    world.undelegate(3, 1, None);
    world.accept(signed_twice(1, fault_at));
    let (before_2, before_3) = (rich(&world, 2), rich(&world, 3));
    world.advance(days(21));
    assert_eq!(rich(&world, 2).minus(before_2).unwrap(), coins(100));
    assert_eq!(rich(&world, 3).minus(before_3).unwrap(), coins(95));
}

#[test]
fn moved_stake_still_answers_for_the_first_validator() {
    let mut world = World::new();
    world.validator(1, "5%", coins(100));
    world.validator(2, "5%", coins(100));
    world.delegate(3, 1, coins(100));
    world.advance(days(1));
    let fault_at = world.now;
    world.advance(days(1));
    let redelegate = |from, to| Action::Redelegate { staking: VALIDATORS, from: party(from), to: party(to), amount: None };
    world.does(party(3), redelegate(1, 2));
    assert_eq!(world.stake_of(3, 2), coins(100));
    let onward = refused(world.act(party(3), redelegate(2, 1)));
    assert_eq!(onward, Refusal::OutOfRange { what: Topic::Delegation, reason: Limit::Begun });
    world.accept(signed_twice(1, fault_at));
    world.does(party(3), claim(2));
    assert_eq!(world.stake_of(3, 2), coins(95));
    assert_eq!(world.stake_of(2, 2), coins(100), "those who were there pay nothing");
    world.advance(days(21));
    world.does(party(3), redelegate(2, 1));
}

#[test]
fn a_move_that_nobody_touches_is_settled_when_it_is_over() {
    let mut world = World::new();
    world.validator(1, "5%", coins(100));
    world.validator(2, "5%", coins(100));
    world.delegate(3, 1, coins(100));
    let redelegate = Action::Redelegate { staking: VALIDATORS, from: party(1), to: party(2), amount: Some(coins(40)) };
    world.does(party(3), redelegate);
    world.accept(signed_twice(1, world.now));
    world.advance(days(21));
    assert_eq!(world.stake_of(3, 2), coins(38));
    assert_eq!(world.stake_of(3, 1), coins(57));
}

#[test]
fn a_validator_may_miss_as_many_blocks_as_the_window_allows() {
    let mut world = World::new();
    world.validator(1, "5%", coins(100));
    world.advance(Span::from_secs(1));
    for _ in 0..95 {
        world.record(signed(world.now, &[1], &[])).unwrap();
    }
    for _ in 0..200 {
        world.record(signed(world.now, &[], &[1])).unwrap();
    }
    world.check();
    let now = world.reads().validator(VALIDATORS, party(1)).unwrap();
    assert_eq!((now.missed, now.bonded), (0, true), "what left the window is forgotten");
    for _ in 0..95 {
        world.record(signed(world.now, &[1], &[])).unwrap();
    }
    assert!(world.reads().validator(VALIDATORS, party(1)).unwrap().bonded);
    world.accept(signed(world.now, &[1], &[]));
    let now = world.reads().validator(VALIDATORS, party(1)).unwrap();
    assert_eq!((now.missed, now.bonded, now.stake), (0, false, Units::new(99_990_000)));
}

#[test]
fn blocks_from_before_a_return_count_for_nothing_however_late_they_are_reported() {
    let mut world = World::new();
    world.validator(1, "5%", coins(100));
    world.advance(Span::from_secs(1));
    for _ in 0..101 {
        world.accept(signed(world.now, &[1], &[]));
    }
    let jailed = world.reads().validator(VALIDATORS, party(1)).unwrap();
    assert!(jailed.jailed_until.is_some());
    world.advance(Span::from_secs(599));
    let before = world.now;
    world.advance(Span::from_secs(1));
    world.does(party(1), Action::Unjail { staking: VALIDATORS });
    let back = world.now;
    world.advance(Span::from_secs(1));
    // More than a window of blocks that it missed while it was away, and the one of its return.
    for at in std::iter::repeat_n(before, 150).chain([back]) {
        world.accept(signed(at, &[1], &[]));
    }
    let now = || world.reads().validator(VALIDATORS, party(1)).unwrap();
    assert_eq!((now().missed, now().bonded, now().stake), (0, true, jailed.stake));
    // From here on the rule is as for one that comes for the first time: a window first, whatever was missed in it.
    for block in 1..=101 {
        let now = world.reads().validator(VALIDATORS, party(1)).unwrap();
        assert_eq!((now.missed, now.bonded), (block - 1, true), "block {block}");
        world.accept(signed(world.now, &[1], &[]));
    }
    let now = world.reads().validator(VALIDATORS, party(1)).unwrap();
    assert!(!now.bonded && now.stake < jailed.stake, "{now:?}");
}

#[test]
fn the_least_number_of_signed_blocks_rounds_to_even() {
    let least = |window, text: &str| signed_least(&Liveness { window, signed_least: share(text), jail: Span::from_secs(600) });
    assert_eq!([least(10_000, "5%"), least(10, "5%"), least(30, "5%"), least(50, "5%"), least(100, "50%")], [500, 0, 2, 2, 50]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut world = World::new();
    world.validator(1, "5%", coins(100));
    let create = |commission: &str, stake| Action::CreateValidator { staking: VALIDATORS, commission: share(commission), stake };
    let low = refused(world.act(party(2), create("4%", coins(1))));
    assert_eq!(low, Refusal::OutOfRange { what: Topic::Commission, reason: Limit::ShareAtLeast(share("5%")) });
    assert_eq!(refused(world.act(party(1), create("5%", coins(1)))), Refusal::Duplicate { what: Topic::Validator });
    let nothing = refused(world.act(party(2), create("5%", Units::ZERO)));
    assert_eq!(nothing, Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
    assert!(world.reads().validator(VALIDATORS, party(2)).is_none(), "a refusal leaves no trace");
    let delegate = |staking: &str, validator, amount| Action::Delegate {
        staking: staking.parse().unwrap(),
        validator: party(validator),
        amount,
    };
    let unknown = refused(world.act(party(2), delegate("nodes", 1, coins(1))));
    assert_eq!(unknown, Refusal::Unbound { what: Topic::Staking, name: Name::literal("nodes") });
    assert_eq!(refused(world.act(party(2), delegate("validators", 7, coins(1)))), Refusal::Unknown { what: Topic::Validator });
    assert!(matches!(refused(world.act(party(2), delegate("validators", 1, coins(2_000_000)))), Refusal::Underfunded { .. }));
    assert_eq!(refused(world.act(party(2), claim(1))), Refusal::Unknown { what: Topic::Delegation });
    let undelegate = Action::Undelegate { staking: VALIDATORS, validator: party(1), amount: Some(coins(101)) };
    assert!(matches!(refused(world.act(party(1), undelegate)), Refusal::Underfunded { has, .. } if has == coins(100)));
    let same = Action::Redelegate { staking: VALIDATORS, from: party(1), to: party(1), amount: None };
    assert_eq!(refused(world.act(party(1), same)), Refusal::OutOfRange { what: Topic::Validator, reason: Limit::Twice });
    let late = world.record(signed_twice(1, Instant::new(world.now.get() + 1)));
    assert_eq!(late, Err(Refusal::OutOfRange { what: Topic::Record, reason: Limit::Passed }));
    assert!(matches!(world.record(signed(world.now, &[1, 2], &[3, 4])), Err(Refusal::OutOfRange { what: Topic::Record, .. })));
    world.check();
}

#[test]
fn a_changed_commission_counts_from_then_on() {
    let mut world = World::new();
    world.validator(1, "50%", coins(100));
    world.advance(days(1));
    let first = income(&world);
    world.does(party(1), Action::SetCommission { staking: VALIDATORS, commission: share("5%") });
    world.advance(days(1));
    let second = income(&world) - first;
    let commission = world.does(party(1), Action::ClaimCommission { staking: VALIDATORS }).moved[0].1.get();
    assert!(commission.abs_diff(first / 2 + second / 20) <= 1);
}

#[test]
fn a_change_that_takes_pools_and_stakings_out_leaves_what_was_accrued_and_staked() {
    let change = r#"
[[change]]
after = "5d"
source = "test"
remove = ["incentive.pool.stakers", "incentive.staking", "incentive.pool.iot", "incentive.pool.lockers", "incentive.lock"]
set.incentive.pool.work.share = "100%"
"#;
    let mut world = World::of(&format!("{FILE}{change}"));
    world.validator(1, "5%", coins(100));
    world.delegate(2, 1, coins(100));
    world.lock(3, 1, coins(10), days(3), false, Some("iot"));
    world.advance(days(30));
    let income = income(&world);
    assert!(income > 0);
    let late = Action::Delegate { staking: VALIDATORS, validator: party(1), amount: coins(1) };
    assert_eq!(refused(world.act(party(3), late)), Refusal::Unbound { what: Topic::Staking, name: VALIDATORS });
    let paid = world.does(party(2), claim(1)).moved[0].1.get();
    assert!(paid.abs_diff(income * 95 / 200) <= 1, "{paid} of {income}");
    world.undelegate(2, 1, None);
    let before = world.held(party(3), COIN);
    let unlocked = world.does(party(3), Action::Unlock { id: unit(1) }).moved;
    assert!(unlocked.len() > 1 && world.held(party(3), COIN) > before.plus(coins(10)).unwrap(), "{unlocked:?}");
    world.advance(days(21));
    assert_eq!(world.balance(Account::Unbonding(VALIDATORS), COIN), Units::ZERO);
}
