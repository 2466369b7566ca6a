//! Vote-escrow locks: what they weigh, what they earn, when they end.

mod stakes;

use depin_economy::*;
use depin_quantity::{Instant, Name, Span, Units};
use stakes::*;

const YEARS_4: u64 = 1_460;

fn refused(result: Result<Done, Refusal>) -> Refusal {
    result.expect_err("it must be refused")
}

fn weight(world: &World, id: u64) -> u128 {
    world.reads().lock(unit(id)).unwrap().weight.get()
}

fn claim(world: &mut World, who: u8, id: u64) -> u128 {
    world.does(party(who), Action::ClaimLock { id: unit(id) }).moved.iter().map(|(_, amount)| amount.get()).sum()
}

/// What a pool has received in its last closed period.
fn minted(world: &World, pool: &str) -> u128 {
    world.reads().emission(pool.parse().unwrap()).unwrap().minted.get()
}

/// A world after the days of the bonus.
fn late() -> World {
    let mut world = World::new();
    world.advance(days(10));
    world
}

#[test]
fn a_lock_weighs_a_hundred_times_its_tokens_for_four_years_and_falls_to_nothing() {
    let mut world = late();
    world.lock(1, 1, coins(7), days(YEARS_4), false, None);
    assert_eq!(weight(&world, 1), 700 * ONE);
    world.advance(days(YEARS_4 / 2));
    assert_eq!(weight(&world, 1), 350 * ONE);
    world.now = world.now.later(Span::from_secs(1));
    assert_eq!(weight(&world, 1), 700 * ONE * (126_144_000 / 2 - 1) / 126_144_000);
    world.now = Instant::new(START + days(10 + YEARS_4).get());
    assert_eq!(weight(&world, 1), 0);
}

#[test]
fn an_early_lock_counts_three_times_until_the_end_that_it_was_made_with() {
    let mut world = World::new();
    world.lock(1, 1, coins(1), days(365), false, None);
    assert_eq!(weight(&world, 1), 75 * ONE);
    world.advance(days(1));
    world.does(party(1), Action::ExtendLock { id: unit(1), length: days(YEARS_4), constant: false });
    assert_eq!(weight(&world, 1), 300 * ONE);
    let add = Action::AddToLock { id: unit(1), amount: coins(1) };
    assert_eq!(refused(world.act(party(1), add)), Refusal::OutOfRange { what: Topic::Lock, reason: Limit::Begun });
    world.now = Instant::new(START + days(365).get());
    let left = u128::from(days(YEARS_4 + 1 - 365).get() / 1_000);
    assert_eq!(weight(&world, 1), 100 * ONE * left / 126_144_000, "the bonus is over");
}

#[test]
fn a_constant_lock_keeps_its_weight_until_it_is_told_to_run_down() {
    let mut world = late();
    world.lock(1, 1, coins(4), days(365), true, None);
    world.advance(days(1_000));
    assert_eq!(weight(&world, 1), 100 * ONE);
    assert_eq!(
        refused(world.act(party(1), Action::Unlock { id: unit(1) })),
        Refusal::OutOfRange { what: Topic::Lock, reason: Limit::NotYet }
    );
    world.does(party(1), Action::CoolLock { id: unit(1) });
    assert_eq!(weight(&world, 1), 100 * ONE);
    let again = refused(world.act(party(1), Action::CoolLock { id: unit(1) }));
    assert_eq!(again, Refusal::OutOfRange { what: Topic::Lock, reason: Limit::Begun });
    world.advance(days(365));
    assert_eq!(weight(&world, 1), 0);
    let before = world.held(party(1), COIN);
    world.does(party(1), Action::Unlock { id: unit(1) });
    assert!(world.held(party(1), COIN) >= before.plus(coins(4)).unwrap());
    assert_eq!(world.balance(Account::Locked(VE), COIN), Units::ZERO);
}

#[test]
fn a_period_is_shared_by_the_weights_at_its_start() {
    let mut world = late();
    world.lock(1, 1, coins(100), days(YEARS_4), false, None);
    world.lock(2, 2, coins(100), days(YEARS_4 / 2), false, None);
    world.advance(days(1));
    assert_eq!(claim(&mut world, 1, 1), 0, "a lock counts from the next period's start");
    let before = minted(&world, "lockers");
    world.advance(days(1));
    let pool = minted(&world, "lockers") - before;
    assert!(pool > 0);
    // A day is gone of each.
    let (a, b) = (u128::from(YEARS_4) - 1, u128::from(YEARS_4 / 2) - 1);
    let (first, second) = (claim(&mut world, 1, 1), claim(&mut world, 2, 2));
    assert!(first.abs_diff(pool * a / (a + b)) <= 1, "{first} of {pool}");
    assert!(second.abs_diff(pool * b / (a + b)) <= 1, "{second} of {pool}");
}

#[test]
fn a_scope_s_pool_is_for_locks_delegated_to_it() {
    let mut world = late();
    world.lock(1, 1, coins(10), days(YEARS_4), true, Some("iot"));
    world.lock(2, 2, coins(10), days(YEARS_4), true, Some("mobile"));
    world.lock(3, 3, coins(10), days(YEARS_4), true, None);
    world.advance(days(1));
    let before = (minted(&world, "lockers"), minted(&world, "iot"));
    world.advance(days(1));
    let pools = (minted(&world, "lockers") - before.0, minted(&world, "iot") - before.1);
    assert!(claim(&mut world, 1, 1).abs_diff(pools.0 / 3 + pools.1) <= 2);
    assert!(claim(&mut world, 2, 2).abs_diff(pools.0 / 3) <= 1);
    assert_eq!(world.reads().lock_weight(VE, Some(Name::literal("iot"))).unwrap().get(), 1_000 * ONE);
    let to = |scope: Option<&str>| Action::DelegateLock { id: unit(2), scope: scope.map(|s| s.parse().unwrap()) };
    world.does(party(2), to(Some("iot")));
    world.advance(days(1));
    let before = minted(&world, "iot");
    world.does(party(1), Action::ClaimLock { id: unit(1) });
    world.does(party(2), Action::ClaimLock { id: unit(2) });
    world.advance(days(1));
    let iot = minted(&world, "iot") - before;
    let lockers = pools.0;
    let got = claim(&mut world, 2, 2);
    assert!(got.abs_diff(lockers / 3 + iot / 2) <= lockers / 100, "{got}");
    let unknown = refused(world.act(party(2), to(Some("wifi"))));
    assert_eq!(unknown, Refusal::Unbound { what: Topic::Scope, name: Name::literal("wifi") });
}

#[test]
fn a_change_in_the_middle_of_a_period_does_not_change_what_that_period_pays() {
    let mut world = late();
    world.lock(1, 1, coins(10), days(YEARS_4), true, None);
    world.lock(2, 2, coins(10), days(YEARS_4), true, None);
    world.advance(days(1));
    let before = minted(&world, "lockers");
    world.advance(Span::from_secs(3_600));
    world.does(party(1), Action::AddToLock { id: unit(1), amount: coins(20) });
    world.does(party(1), Action::AddToLock { id: unit(1), amount: coins(1) });
    world.advance(Span::from_secs(86_400 - 3_600));
    let first = minted(&world, "lockers") - before;
    world.advance(days(1));
    let second = minted(&world, "lockers") - before - first;
    let got = claim(&mut world, 1, 1);
    let expected = first / 2 + second * 31 / 41;
    assert!(got.abs_diff(expected) <= 2, "{got} against {expected}");
}

#[test]
fn nothing_is_accrued_after_the_end_and_the_last_period_is_paid_later() {
    let mut world = late();
    world.lock(1, 1, coins(10), Span::from_secs(86_400 * 3 + 3_600), false, None);
    world.lock(2, 2, coins(10), days(YEARS_4), true, None);
    world.advance(Span::from_secs(86_400 * 3 + 3_600));
    let before = world.held(party(1), COIN);
    let done = world.does(party(1), Action::Unlock { id: unit(1) });
    assert_eq!(done.moved[0], (COIN, coins(10)));
    assert!(world.held(party(1), COIN) > before.plus(coins(10)).unwrap(), "two whole periods were paid");
    assert!(world.reads().lock(unit(1)).is_some(), "the period in progress is still to be paid");
    world.advance(days(1));
    assert!(claim(&mut world, 1, 1) > 0);
    assert!(world.reads().lock(unit(1)).is_none());
    assert_eq!(refused(world.act(party(1), Action::ClaimLock { id: unit(1) })), Refusal::Unknown { what: Topic::Lock });
}

#[test]
fn a_lock_that_nobody_touches_for_years_accrued_what_it_would_have_accrued_day_by_day() {
    let run = |step: u64| {
        let mut world = late();
        world.lock(1, 1, coins(10), days(100), false, Some("iot"));
        world.lock(2, 2, coins(3), days(300), false, None);
        world.lock(3, 3, coins(5), days(500), true, None);
        for _ in 0..400 / step {
            world.advance(days(step));
        }
        (1..=3).map(|n| claim(&mut world, n, n.into())).collect::<Vec<_>>()
    };
    let daily = run(1);
    assert!(daily.iter().all(|amount| *amount > 0));
    assert_eq!(run(400), daily);
    assert_eq!(run(50), daily);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut world = late();
    world.lock(1, 1, coins(2), days(10), false, None);
    let lock = |id, amount, length| Action::Lock { lock: VE, id: unit(id), amount, length, constant: false, scope: None };
    let range = |what, reason| Refusal::OutOfRange { what, reason };
    assert_eq!(refused(world.act(party(1), lock(1, coins(1), days(1)))), Refusal::Duplicate { what: Topic::Lock });
    assert_eq!(
        refused(world.act(party(1), lock(2, Units::new(ONE - 1), days(1)))),
        range(Topic::Amount, Limit::AtLeast(coins(1)))
    );
    assert_eq!(
        refused(world.act(party(1), lock(2, coins(1), days(1_461)))),
        range(Topic::Term, Limit::AtMost(Units::new(126_144_000)))
    );
    assert!(matches!(refused(world.act(party(1), lock(2, coins(1), Span::from_millis(1_500)))), Refusal::OutOfRange { .. }));
    assert!(matches!(refused(world.act(party(1), lock(2, coins(9_000_000), days(1)))), Refusal::Underfunded { .. }));
    let foreign = refused(world.act(party(2), Action::ClaimLock { id: unit(1) }));
    assert_eq!(foreign, range(Topic::Lock, Limit::NotOwn));
    let shorter = Action::ExtendLock { id: unit(1), length: days(9), constant: false };
    assert_eq!(refused(world.act(party(1), shorter)), range(Topic::Term, Limit::AtLeast(Units::new(864_000))));
    world.advance(days(11));
    let late = refused(world.act(party(1), Action::AddToLock { id: unit(1), amount: coins(1) }));
    assert_eq!(late, range(Topic::Lock, Limit::Passed));
    world.does(party(1), Action::Unlock { id: unit(1) });
    world.check();
}

/// Upstream's own way: each day, each lock's rounded weight at the day's start times the day's pool by all weights, rounded down.
#[test]
fn what_locks_earn_is_the_sum_of_their_shares_of_each_day() {
    let mut world = World::new();
    world.lock(1, 1, coins(17), days(90), false, None);
    world.lock(2, 2, Units::new(3_141_592), days(33), true, None);
    world.advance(Span::from_secs(86_400 * 10 + 7_777));
    world.lock(3, 3, Units::new(271_828_182), Span::from_secs(86_400 * 20 + 4_321), false, Some("iot"));
    world.advance(Span::from_secs(86_400 - 7_777));
    for n in 1..=3 {
        world.does(party(n), Action::ClaimLock { id: unit(n.into()) });
    }
    let mut upstream = [0u128; 3];
    let mut minted_before = minted(&world, "lockers");
    for day in 0..60u64 {
        // The clock's period starts now.
        let weights: Vec<u128> = (1..=3).map(|n| weight(&world, n)).collect();
        world.advance(Span::from_secs(40_000));
        if day == 7 {
            world.does(party(1), Action::ExtendLock { id: unit(1), length: days(200), constant: false });
        }
        if day == 9 {
            world.does(party(2), Action::CoolLock { id: unit(2) });
        }
        world.advance(Span::from_secs(86_400 - 40_000));
        let pool = minted(&world, "lockers") - minted_before;
        minted_before += pool;
        let all: u128 = weights.iter().sum();
        for (sum, weight) in upstream.iter_mut().zip(&weights) {
            *sum += pool * weight / all;
        }
    }
    let iot = minted(&world, "iot");
    for n in 1..=2u8 {
        let got = claim(&mut world, n, n.into());
        let expected = upstream[usize::from(n) - 1];
        assert!(got.abs_diff(expected) <= 60 + expected / 1_000_000, "lock {n}: {got} against {expected}");
    }
    let third = claim(&mut world, 3, 3);
    assert!(third > upstream[2] && third <= upstream[2] + iot + 60, "its scope's pool is its own");
}
