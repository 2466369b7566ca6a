//! The audit finds what is wrong with payments.

mod market;
mod support;

use depin_economy::*;
use depin_quantity::{Instant, Units};
use depin_state::{Row, State};
use market::*;
use support::*;

/// A market in which something of everything is open.
fn busy() -> World {
    let mut world = market();
    price(&mut world, NET_USD, "2");
    open(&mut world, unit(1), LEASE, CLIENT, of(USDC, 5 * ONE)).unwrap();
    run(&mut world, unit(11), unit(1), party(1), of(USDC, 1_000), 0).unwrap();
    open(&mut world, unit(2), RENT, CLIENT, of(NET, 20)).unwrap();
    run(&mut world, unit(12), unit(2), party(1), of(NET, 7), 0).unwrap();
    hold(&mut world, unit(3), HIRE, PaymentSource::Wallet(CLIENT), agreed(NET, 500), 7).unwrap();
    let mint = Action::MintCredits { credit: DC, amount: units(1_000), most: None, to: None };
    world.with(|s| s.act(CLIENT, &mint)).unwrap();
    let kind = depin_quantity::Name::literal("seat");
    world.accept(Record::Fee(FeeRecord::Begin { id: unit(4), kind, from: CLIENT, basis: None }));
    blocks(&mut world, 3);
    open(&mut world, unit(5), RENT, CLIENT, of(NET, 20)).unwrap();
    run(&mut world, unit(15), unit(5), party(1), of(NET, 7), 0).unwrap();
    blocks(&mut world, 2);
    world
}

/// What the audit says after one row of a busy market was changed by somebody else.
fn after<R: Row>(key: R::Key, change: impl FnOnce(&mut R)) -> Vec<String> {
    let mut world = busy();
    let state: &mut dyn State = &mut world.state;
    let mut row = state.get::<R>(&key).expect("the busy market has this row");
    change(&mut row);
    state.put(&key, &row);
    audit(world.economy.spec(), world.state.as_read()).violations.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn finds(found: &[String], what: &str) {
    assert!(found.iter().any(|v| v.contains(what)), "{what:?} is not among {found:#?}");
}

#[test]
fn claims_that_the_escrow_does_not_hold_are_found() {
    let sum = format!("escrow {}: funds and claims", unit(1));
    finds(&after::<OpenEscrowRow>(unit(1), |row| row.funds = row.funds.plus(Claim::of(units(1)))), &sum);
    finds(
        &after::<PaymentRow>((unit(1), unit(11)), |row| row.balance = row.balance.plus(Claim(ruint::aliases::U256::from(1)))),
        &sum,
    );
    let sum = format!("escrow {}: funds and claims", unit(5));
    finds(&after::<OpenEscrowRow>(unit(5), |row| row.deposits.clear()), &sum);
    finds(&after::<OpenEscrowRow>(unit(1), |row| row.out = None), "its end is planned if and only if something runs");
    finds(&after::<OpenEscrowRow>(unit(1), |row| row.out = row.out.map(|out| out + 1)), "is not on the list of what is due");
    finds(&after::<OpenEscrowRow>(unit(1), |row| row.warn = Some(Instant::new(5))), "warning of escrow");
    finds(&after::<OpenEscrowRow>(unit(1), |row| row.owed = units(1)), "by another method than its kind's");
}

#[test]
fn debts_that_do_not_add_up_are_found() {
    finds(&after::<OpenEscrowRow>(unit(2), |row| row.owed = units(99)), &format!("escrow {}: owed", unit(2)));
    finds(&after::<PaymentRow>((unit(2), unit(12)), |row| row.owed = units(0)), "has no counterpart");
}

#[test]
fn holds_fees_and_credits_that_differ_are_found() {
    finds(&after::<HoldRow>(unit(3), |row| row.left = units(499)), "(not captured)");
    finds(&after::<HoldRow>(unit(3), |row| row.rest = 0), "captured whole");
    finds(&after::<HoldRow>(unit(3), |row| row.until = Instant::new(1)), "is not on the list of what is due");
    finds(&after::<HoldRow>(unit(3), |row| row.escrow = Some(unit(1))), "streams");
    finds(&after::<RecurringFeeRow>(unit(4), |row| row.next = Instant::new(1)), "is not on the list of what is due");
    finds(&after::<CreditRow>(DC, |row| row.minted = Units::new(1)), "minted by burning");
    finds(&after::<WalletRow>((CLIENT, DC), |row| row.held = Units::new(1)), "DC: minted less burnt");
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    busy().check();
}
