//! The audit finds every sum of stake, locks and slashes that was tampered with.

mod stakes;

use depin_economy::*;
use depin_quantity::{Name, Units};
use depin_state::State;
use stakes::*;

/// A world with some of everything.
fn world() -> World {
    let mut world = World::new();
    world.validator(1, "5%", coins(100));
    world.delegate(2, 1, coins(50));
    world.lock(3, 1, coins(10), days(400), false, Some("iot"));
    world.pledge(4, 1, 100);
    let subject = Subject::Unit { owner: party(4), unit: unit(1) };
    let kind = Name::literal("appealed");
    world.accept(Record::Fault(Fault { subject, kind, affected: device_units(1), reporter: None }));
    world.advance(days(3));
    world.undelegate(2, 1, Some(coins(20)));
    world
}

/// Changes every row of a table, one at a time; each change must be found.
#[track_caller]
fn every_row_counts(table: u8) {
    let mut world = world();
    let mut rows = Vec::new();
    let mut next = world.state.as_read().next_raw(&[table], true);
    while let Some((key, value)) = next.filter(|(key, _)| key[0] == table) {
        next = world.state.as_read().next_raw(&key, false);
        rows.push((key, value));
    }
    assert!(!rows.is_empty(), "no row of table {table:#x}");
    for (key, value) in rows {
        world.state.put_raw(depin_state::Key::new(&key), None);
        let report = audit(world.economy.spec(), world.state.as_read());
        assert!(!report.ok(), "table {table:#x}: a row is gone, and nobody noticed: {key:?}");
        world.state.put_raw(depin_state::Key::new(&key), Some(&value));
    }
    world.check();
}

#[test]
fn a_row_that_is_gone_is_found() {
    let [staking, validators, delegations, leaving, leaving_of, ranks, pools] = [0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c];
    let [held, locks, locks_of, sums, endings, history, lock_pools] = [0x90, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a];
    for table in [staking, validators, delegations, leaving, leaving_of, ranks, pools] {
        every_row_counts(table);
    }
    for table in [held, locks, locks_of, sums, endings, history, lock_pools] {
        every_row_counts(table);
    }
}

#[test]
fn money_that_no_row_speaks_of_is_found() {
    let world = world();
    for account in [Account::Stake(VALIDATORS), Account::Unbonding(VALIDATORS), Account::Locked(VE)] {
        assert_ne!(world.balance(account, COIN), Units::ZERO, "{account}");
    }
    let found = |account: Account| {
        let mut world = self::world();
        let mut key = depin_state::KeyBytes::new();
        key.push(0x11);
        depin_state::RowKey::write(&(account, COIN), &mut key);
        let amount = world.balance(account, COIN).plus(Units::new(1)).unwrap();
        world.state.put_raw(depin_state::Key::new(&key), Some(&amount.get().to_le_bytes()));
        let report = audit(world.economy.spec(), world.state.as_read());
        report.violations.iter().any(|v| v.to_string().contains(&account.to_string()))
    };
    for account in [Account::Stake(VALIDATORS), Account::Unbonding(VALIDATORS), Account::Locked(VE)] {
        assert!(found(account), "{account}");
    }
}
