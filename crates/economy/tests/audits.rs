//! What the audit notices: each kind of damage is found by the check that is meant for it.

mod support;

use depin_economy::*;
use depin_quantity::{Measured, Name, Units};
use depin_state::{Row, State};
use support::*;

/// A world with something of everything.
fn lively() -> World {
    let mut world = World::new();
    for n in 1..=2 {
        world.register(party(n), 0);
        world.stand(party(n), GIB + 13 * u128::from(n)).unwrap();
    }
    world.with(|s| s.grant_allowance(NOTARY, DATACAP, CLIENT, Measured::new(10_000))).unwrap();
    let (amount, beneficiary) = (Measured::new(1_000), party(1));
    world.accept(Record::Allowance(AllowanceRecord::Consume { id: unit(1), kind: DATACAP, party: CLIENT, beneficiary, amount }));
    world.deal(unit(1), party(1), Units::new(7), 10_000, Units::new(70_000)).unwrap();
    world.lock(party(1), unit(1), GIB).unwrap();
    world.activate(unit(1));
    world.deal(unit(2), party(2), Units::new(7), 100, Units::new(700)).unwrap();
    world.advance(5_000 - 3_000);
    world.with(|s| s.claim(party(1), None)).unwrap();
    world.check();
    world
}

/// Changes one row and says what the audit then finds.
fn after<R: Row>(key: R::Key, change: impl FnOnce(&mut R)) -> Vec<String> {
    let mut world = lively();
    let state: &mut dyn State = &mut world.state;
    let mut row = state.get::<R>(&key).expect("the row to damage is there");
    change(&mut row);
    state.put(&key, &row);
    let report = audit(world.economy.spec(), world.state.as_read());
    assert!(!report.ok());
    report.violations.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn finds(found: &[String], what: &str) {
    assert!(found.iter().any(|v| v.contains(what)), "wanted `{what}`, found {found:#?}");
}

#[test]
fn money_from_nowhere_is_found() {
    let found = after::<WalletRow>((party(1), FIL), |row| row.held = row.held.plus(Units::new(1)).unwrap());
    assert_eq!(found.len(), 1);
    finds(&found, "FIL: minted less burnt against all balances");
}

#[test]
fn a_pledge_that_no_account_holds_is_found() {
    let found = after::<PledgeRow>((party(1), unit(1), SECTOR), |row| row.amount = Units::new(5));
    finds(&found, "(its pledges)");
}

#[test]
fn a_stream_that_reserves_another_sum_is_found() {
    let found = after::<StreamRow>(unit(1), |row| row.rate = Units::new(8));
    finds(&found, &format!("escrow {}: reserved", unit(1)));
    let found = after::<StreamRow>(unit(1), |row| row.bond = Units::new(8));
    finds(&found, "(its stream's bond)");
    let found = after::<StreamRow>(unit(1), |row| row.start = Some(1));
    finds(&found, "is not on the list of what is due");
    let found = after::<StreamRow>(unit(1), |row| row.escrow = unit(9));
    finds(&found, "which does not exist");
    let found = after::<EscrowRow>(unit(1), |row| row.streams = 2);
    finds(&found, "streams: expected 1, found 2");
}

#[test]
fn a_clock_that_skipped_is_found() {
    let found = after::<ClockRow>(EPOCH, |row| row.closed -= 1);
    finds(&found, "clock epoch: periods closed");
}

#[test]
fn emission_that_does_not_add_up_is_found() {
    let found = after::<EmissionRow>(BLOCKS, |row| row.forfeited = Units::new(1));
    finds(&found, "pool blocks: emission scheduled");
    let found = after::<EmissionRow>(BLOCKS, |row| row.minted = Units::new(1));
    finds(&found, "minted against allocations and emissions");
}

#[test]
fn weight_that_nobody_has_is_found() {
    let found = after::<PoolRow>(BLOCKS, |row| row.weight = Measured::new(5));
    finds(&found, "pool blocks: weight");
    let found = after::<PoolRow>(BLOCKS, |row| row.carry_over = Wide::default());
    finds(&found, "balance in 2^-96 base units");
}

#[test]
fn allowances_that_nobody_granted_are_found() {
    let found = after::<AllowanceRow>((DATACAP, CLIENT), |row| row.left = Measured::new(10_000));
    finds(&found, "left and in use");
    let found = after::<AllowanceUseRow>((DATACAP, unit(1)), |row| row.amount = Measured::new(999));
    finds(&found, "datacap backing of");
}

#[test]
fn allocations_that_do_not_hold_what_they_should_are_found() {
    let found = after::<AllocationRow>((FIL, Name::literal("foundation")), |row| row.released = Units::new(1));
    finds(&found, "(minted less given)");
}

#[test]
fn a_report_says_ok_and_serialises_with_it() {
    let world = lively();
    let json = serde_json::to_value(audit(world.economy.spec(), world.state.as_read())).unwrap();
    assert_eq!(json["ok"], true);
    assert_eq!(json["tokens"][0]["token"], "FIL");
    assert_eq!(json["tokens"][0]["cap"], "2000000000000000000000000000");
}
