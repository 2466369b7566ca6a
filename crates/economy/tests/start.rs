//! How a network starts, and what becomes of its allocations.

mod support;

use depin_economy::*;
use depin_quantity::{Name, Span, Units};
use depin_state::State;
use support::*;

fn roles() -> Vec<(Name, depin_quantity::Address)> {
    vec![(Name::literal("notary"), NOTARY), (Name::literal("price-feeder"), FEEDER)]
}

#[test]
fn thirty_per_cent_are_minted_at_the_start_and_nothing_else() {
    let world = World::new();
    let supply = world.reads().supply(FIL).unwrap();
    assert_eq!((supply.cap, supply.minted, supply.burned), (fil(2_000_000_000), fil(600_000_000), Units::ZERO));
    // Grants came out of the foundation's hundred million.
    assert_eq!(world.reads().balance(Account::Allocation(Name::literal("foundation")), FIL), fil(91_000_000));
    // What vests at once is free, like what was granted.
    assert_eq!(supply.circulating, fil(10_632_000 + 9_000_000));
}

#[test]
fn a_network_starts_once() {
    let mut world = World::new();
    let again = world.with(|s| s.genesis(&Genesis { roles: roles(), ..Genesis::default() }));
    assert_eq!(again, Err(GenesisError::Started));
}

#[test]
fn every_role_must_be_filled_and_no_other() {
    let mut world = World::before_genesis(FILE);
    let missing = world.with(|s| s.genesis(&Genesis::default()));
    assert_eq!(missing, Err(GenesisError::MissingRole(Name::literal("notary"))));
    let mut strange = roles();
    strange.push((Name::literal("king"), CLIENT));
    let unknown = world.with(|s| s.genesis(&Genesis { roles: strange, ..Genesis::default() }));
    assert_eq!(unknown, Err(GenesisError::UnknownRole(Name::literal("king"))));
    // Refused starts left nothing behind.
    assert!(world.state.to_tables().is_empty() && world.events.is_empty());
}

#[test]
fn grants_cannot_pass_what_an_allocation_can_give() {
    let grant = |from: &'static str, whole| Grant { token: FIL, from: Name::literal(from), to: CLIENT, amount: fil(whole) };
    let start =
        |grants| World::before_genesis(FILE).with(|s| s.genesis(&Genesis { roles: roles(), grants, ..Genesis::default() }));
    assert_eq!(start(vec![grant("foundation", 100_000_000)]), Ok(()));
    let name = Name::literal("foundation");
    let too_much = GenesisError::TooMuch { name, asked: fil(100_000_001), most: fil(100_000_000) };
    assert_eq!(start(vec![grant("foundation", 1), grant("foundation", 100_000_000)]), Err(too_much));
    // Investors' rows state every amount: nothing is free to give away.
    assert!(matches!(start(vec![grant("investors", 1)]), Err(GenesisError::TooMuch { .. })));
    // The mined part is minted by the emission alone.
    assert!(matches!(start(vec![grant("mining", 1)]), Err(GenesisError::UnknownAllocation { .. })));
    assert!(matches!(start(vec![grant("nobody", 1)]), Err(GenesisError::UnknownAllocation { .. })));
}

#[test]
fn owners_take_what_has_vested_and_no_more() {
    let mut world = World::new();
    let labs = Name::literal("protocol-labs");
    assert_eq!(world.with(|s| s.take_allocation(LAB, FIL, labs)), Ok(Units::ZERO));
    world.advance(EPOCHS_IN_DAY * 219);
    assert_eq!(world.with(|s| s.take_allocation(LAB, FIL, labs)), Ok(fil(30_000_000)));
    assert_eq!(world.with(|s| s.take_allocation(LAB, FIL, labs)), Ok(Units::ZERO));
    assert_eq!(world.with(|s| s.take_allocation(CLIENT, FIL, labs)), Err(Refusal::NotAllowed { role: labs }));
    assert_eq!(
        world.with(|s| s.take_allocation(LAB, FIL, Name::literal("mining"))),
        Err(Refusal::Unknown { what: Topic::Allocation })
    );
    world.advance(EPOCHS_IN_DAY * 2_190);
    assert_eq!(world.with(|s| s.take_allocation(LAB, FIL, labs)), Ok(fil(270_000_000)));
    // 177,443 FIL of the investors' part are outside the published rows and stay where they are.
    assert_eq!(world.with(|s| s.take_allocation(LAB, FIL, Name::literal("investors"))), Ok(fil(199_822_557)));
    assert_eq!(world.reads().balance(Account::Allocation(Name::literal("investors")), FIL), fil(177_443));
    assert_eq!(world.held(LAB), fil(499_822_557));
    world.check();
}

#[test]
fn grants_shrink_what_vests_afterwards() {
    let mut world = World::new();
    let now = world.reads().allocation(FIL, Name::literal("foundation")).unwrap();
    assert_eq!((now.granted, now.vested), (fil(9_000_000), Units::ZERO));
    world.advance(EPOCHS_IN_DAY * 1_095);
    let now = world.reads().allocation(FIL, Name::literal("foundation")).unwrap();
    assert_eq!(now.vested, Units::new(45_500_000 * ONE_FIL));
}

#[test]
fn an_epoch_that_began_before_the_network_is_never_paid() {
    let text = FILE.replacen("origin = \"genesis\"", "origin = 2020-08-24T22:00:00Z", 1);
    let world = World::of(&text);
    let clock = world.reads().clock(EPOCH).unwrap();
    let since = world.now.since(clock.origin).get();
    assert_eq!((clock.first, clock.next, clock.closed), (since / 30_000, since / 30_000, 0));
    let emission = world.reads().emission(BLOCKS).unwrap();
    assert_eq!(emission.minted, Units::ZERO);
    assert_eq!(emission.forfeited, world.reads().pool_scheduled(BLOCKS, clock.first).unwrap());
    assert!(emission.forfeited > fil(700_000_000));
}

#[test]
fn each_period_closes_once_and_in_order() {
    let mut world = World::new();
    world.now = world.now.later(Span::from_millis(29_999));
    world.close();
    assert_eq!(world.reads().clock(EPOCH).unwrap().closed, 0);
    world.now = world.now.later(Span::from_millis(1));
    world.close();
    world.close();
    assert_eq!(world.reads().clock(EPOCH).unwrap().closed, 1);
    world.advance(1_000);
    let row = world.reads().clock(EPOCH).unwrap();
    assert_eq!((row.first, row.next, row.closed), (0, 1_001, 1_001));
    let closes: Vec<(u64, u64)> = world
        .events
        .iter()
        .filter_map(|e| match e {
            Event::PeriodsClosed { first, end, .. } => Some((*first, *end)),
            _ => None,
        })
        .collect();
    assert_eq!(closes, [(0, 1), (1, 1_001)]);
}

#[test]
fn transfers_move_money_and_refuse_what_cannot_be() {
    let mut world = World::new();
    world.with(|s| s.transfer(party(1), party(99), FIL, fil(10))).unwrap();
    assert_eq!((world.held(party(1)), world.held(party(99))), (fil(999_990), fil(10)));
    world.with(|s| s.transfer(party(99), party(99), FIL, fil(10))).unwrap();
    assert_eq!(world.held(party(99)), fil(10));
    let short = Refusal::Underfunded { token: FIL, needed: fil(11), has: fil(10) };
    assert_eq!(world.with(|s| s.transfer(party(99), party(1), FIL, fil(11))), Err(short));
    let zero = Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero };
    assert_eq!(world.with(|s| s.transfer(party(1), party(2), FIL, Units::ZERO)), Err(zero));
    let name = Name::literal("HNT");
    assert_eq!(world.with(|s| s.transfer(party(1), party(2), name, fil(1))), Err(Refusal::Unbound { what: Topic::Token, name }));
    // An emptied wallet leaves no row.
    world.with(|s| s.transfer(party(99), party(1), FIL, fil(10))).unwrap();
    let rows = world.state.as_read().next_raw(&[0x10], true);
    assert!(rows.is_some());
    assert_eq!(world.held(party(99)), Units::ZERO);
    world.check();
}

#[test]
fn a_token_that_is_not_transferable_stays_with_its_party() {
    let text = FILE.replacen("decimals = 18\n", "decimals = 18\ntransferable = false\n", 1);
    let refused = World::of(&text).with(|s| s.transfer(party(1), party(2), FIL, fil(1)));
    assert_eq!(refused, Err(Refusal::OutOfRange { what: Topic::Token, reason: Limit::NotTransferable }));
}
