//! Funds: redemption, breaker, freeze, spending. Bridged tokens.

mod stakes;

use depin_economy::*;
use depin_quantity::{Name, Span, Units};
use stakes::*;

fn refused(result: Result<Done, Refusal>) -> Refusal {
    result.expect_err("it must be refused")
}

/// A world whose fund got about a thousand COIN of slashes; gives what it holds.
fn funded() -> (World, u128) {
    let mut world = World::new();
    for n in 0..13 {
        world.pledge(1, n, 100);
        let subject = Subject::Unit { owner: party(1), unit: unit(n) };
        let fault = Fault { subject, kind: Name::literal("spoofing"), affected: device_units(100), reporter: Some(party(2)) };
        world.accept(Record::Fault(fault));
    }
    let held = world.balance(Account::Treasury(COMMUNITY), COIN).get();
    assert_eq!(held, 13 * 8 * ONE, "40 % of 10 % of 200 COIN each");
    (world, held)
}

fn redeem(burned: u128, least: u128) -> Action {
    Action::Redeem { treasury: COMMUNITY, burned: Units::new(burned), least: Units::new(least) }
}

#[test]
fn redemption_pays_in_proportion_and_burns() {
    let (mut world, reserve) = funded();
    let supply = world.reads().supply(IOT).unwrap().total.get();
    let burned = 10_000 * ONE;
    let quote = world.reads().quote_redemption(COMMUNITY, Units::new(burned)).unwrap();
    assert_eq!(quote.paid.get(), reserve * burned / supply);
    assert_eq!(quote.most, Some(Units::new(reserve / 5)));
    let before = world.held(party(3), COIN);
    let done = world.does(party(3), redeem(burned, quote.paid.get()));
    assert_eq!(done.moved, [(COIN, quote.paid)]);
    assert_eq!(world.held(party(3), COIN).minus(before).unwrap(), quote.paid);
    assert_eq!(world.held(party(3), IOT), Units::ZERO);
    assert_eq!(world.reads().supply(IOT).unwrap().total.get(), supply - burned);
    assert!(matches!(refused(world.act(party(4), redeem(ONE, 10 * ONE))), Refusal::Slippage { .. }));
    assert_eq!(
        refused(world.act(party(4), redeem(1, 0))),
        Refusal::OutOfRange { what: Topic::Amount, reason: Limit::GivesNothing }
    );
    assert!(matches!(refused(world.act(party(3), redeem(ONE, 0))), Refusal::Underfunded { .. }));
}

#[test]
fn a_fund_is_not_emptied_faster_than_its_breaker_lets_it() {
    let (mut world, reserve) = funded();
    let spend = |amount: u128| Action::Spend { treasury: COMMUNITY, token: COIN, to: party(9), amount: Units::new(amount) };
    let most = reserve / 5;
    assert_eq!(
        refused(world.act(COUNCIL, spend(most + 1))),
        Refusal::TooFast { token: COIN, would: Units::new(most + 1), most: Units::new(most) }
    );
    world.does(COUNCIL, spend(most / 2));
    // Half of it went out; half a day later half of that is forgotten, and the threshold is of what is left.
    world.advance(Span::from_secs(43_200));
    let left = (reserve - most / 2) / 5 - most / 4;
    assert!(matches!(refused(world.act(COUNCIL, spend(left + 1))), Refusal::TooFast { .. }));
    world.does(COUNCIL, spend(left));
    assert!(matches!(refused(world.act(COUNCIL, spend(ONE))), Refusal::TooFast { .. }));
    world.advance(days(1));
    world.does(COUNCIL, spend(ONE));
}

#[test]
fn only_who_keeps_a_fund_spends_and_freezes() {
    let (mut world, _) = funded();
    let spend = Action::Spend { treasury: COMMUNITY, token: COIN, to: party(1), amount: Units::new(1) };
    let council = Refusal::NotAllowed { role: Name::literal("council") };
    assert_eq!(refused(world.act(party(1), spend)), council);
    let freeze = |stop| Action::Freeze { treasury: COMMUNITY, stop };
    assert_eq!(refused(world.act(party(1), freeze(true))), council);
    world.does(COUNCIL, freeze(true));
    assert!(world.reads().treasury(COMMUNITY).unwrap().frozen);
    let stopped = refused(world.act(party(3), redeem(ONE, 0)));
    assert_eq!(stopped, Refusal::OutOfRange { what: Topic::Treasury, reason: Limit::Stopped });
    world.does(COUNCIL, freeze(false));
    world.does(party(3), redeem(ONE, 0));
}

#[test]
fn redemption_by_slices_pays_no_more_than_at_once() {
    let slices = |n: u128| {
        let (mut world, _) = funded();
        (0..n).map(|_| world.does(party(3), redeem(8_000 * ONE / n, 0)).moved[0].1.get()).sum::<u128>()
    };
    let whole = slices(1);
    assert!((1..=10).all(|n| whole - 20 <= slices(n) && slices(n) <= whole));
}

#[test]
fn a_bridge_mints_each_deposit_once_and_burns_withdrawals() {
    let mut world = World::new();
    let deposit = |n, amount| Action::BridgeIn { token: USDX, to: party(1), amount: coins(amount), deposit: unit(n) };
    assert_eq!(refused(world.act(party(1), deposit(1, 5))), Refusal::NotAllowed { role: Name::literal("bridge") });
    world.does(BRIDGE, deposit(1, 5));
    assert_eq!(refused(world.act(BRIDGE, deposit(1, 5))), Refusal::Duplicate { what: Topic::Deposit });
    world.does(BRIDGE, deposit(2, 3));
    assert_eq!(world.held(party(1), USDX), coins(8));
    let out = |amount| Action::BridgeOut { token: USDX, amount, destination: unit(9) };
    world.does(party(1), out(coins(6)));
    assert_eq!(world.reads().bridged(USDX), Some((coins(8), coins(6))));
    assert!(matches!(refused(world.act(party(1), out(coins(3)))), Refusal::Underfunded { .. }));
    let other = Action::BridgeOut { token: COIN, amount: coins(1), destination: unit(9) };
    assert_eq!(refused(world.act(party(1), other)), Refusal::Unbound { what: Topic::Token, name: COIN });
    let nothing = refused(world.act(party(1), out(Units::ZERO)));
    assert_eq!(nothing, Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
}
