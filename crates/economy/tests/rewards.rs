//! Emission into the pool, shares of it, and locked rewards.

mod support;

use depin_economy::*;
use depin_quantity::{UnitId, Units};
use support::*;

fn minted(world: &World) -> u128 {
    world.reads().emission(BLOCKS).unwrap().minted.get()
}

fn pending(world: &World, who: u8) -> u128 {
    world.reads().members(BLOCKS, party(who)).iter().map(|m| m.pending.get()).sum()
}

#[test]
fn an_epoch_in_which_nobody_has_power_mints_nothing_for_good() {
    let mut world = World::new();
    world.advance(10);
    let row = world.reads().emission(BLOCKS).unwrap();
    assert_eq!((row.minted, row.forfeited), (Units::ZERO, world.reads().pool_scheduled(BLOCKS, 10).unwrap()));
    world.register(party(1), 0);
    world.stand(party(1), GIB).unwrap();
    world.advance(1);
    // The eleventh epoch pays its own reward and not the forfeited ones.
    let eleventh = world.economy.spec().supply(FIL).unwrap().emission.clone().unwrap();
    assert_eq!(minted(&world), eleventh.scheduled(11).get() - eleventh.scheduled(10).get());
    assert_eq!(world.reads().supply(FIL).unwrap().forfeited, eleventh.scheduled(10));
}

#[test]
fn rewards_follow_shares_of_power_to_the_unit() {
    let mut world = World::new();
    for n in 1..=3 {
        world.register(party(n), 0);
    }
    for (n, gib) in [(1, 1), (2, 2), (3, 4)] {
        world.stand(party(n), gib * GIB).unwrap();
    }
    world.advance(1_000);
    let all = minted(&world);
    let parts: Vec<u128> = (1..=3).map(|n| pending(&world, n)).collect();
    for (n, part) in parts.iter().enumerate() {
        assert_eq!(*part, all * (1 << n) / 7);
    }
    // What flooring leaves is still in the pool, less than one base unit a member.
    assert!(all - parts.iter().sum::<u128>() < 4);
}

#[test]
fn closing_one_by_one_or_all_at_once_gives_the_same() {
    let run = |steps: &[u64]| {
        let mut world = World::new();
        for n in 1..=3 {
            world.register(party(n), 0);
            world.stand(party(n), u128::from(n) * 7_777 + 1).unwrap();
        }
        for step in steps {
            world.advance(*step);
        }
        (minted(&world), (1..=3).map(|n| pending(&world, n)).collect::<Vec<_>>(), world.reads().pool(BLOCKS))
    };
    assert_eq!(run(&[600]), run(&[1; 600]));
    assert_eq!(run(&[600]), run(&[7, 93, 400, 100]));
}

#[test]
fn a_report_closes_the_epochs_before_it_by_itself() {
    let run = |closes: bool| {
        let mut world = World::new();
        world.register(party(1), 0);
        world.stand(party(1), GIB).unwrap();
        world.now = world.now.later(depin_quantity::Span::from_secs(3_000));
        if closes {
            world.close();
        }
        // The new weight must not count for epochs that were over before it.
        world.register(party(2), 0);
        world.stand(party(2), 9 * GIB).unwrap();
        world.close();
        (pending(&world, 1), pending(&world, 2))
    };
    assert_eq!(run(true), run(false));
    assert_eq!(run(true).1, 0);
}

#[test]
fn pending_rewards_are_paid_when_a_proving_period_begins() {
    let mut world = World::new();
    world.register(party(1), 100);
    world.stand(party(1), GIB).unwrap();
    let before = world.held(party(1));
    world.advance(99);
    world.stand(party(1), GIB).unwrap();
    assert_eq!(world.held(party(1)), before);
    world.advance(1);
    let amount = pending(&world, 1);
    world.stand(party(1), GIB).unwrap();
    // floor(3/4) is locked, the rest is liquid.
    let locked = amount * 3 / 4;
    assert_eq!(world.held(party(1)).get() - before.get(), amount - locked);
    assert_eq!(world.reads().balance(Account::Vesting(party(1)), FIL).get(), locked);
    assert_eq!(pending(&world, 1), 0);
    // Again in the same period: nothing; a day later: again.
    world.advance(EPOCHS_IN_DAY - 1);
    world.stand(party(1), GIB).unwrap();
    assert_eq!(world.reads().balance(Account::Vesting(party(1)), FIL).get(), locked);
    world.advance(1);
    world.stand(party(1), GIB).unwrap();
    assert!(world.reads().balance(Account::Vesting(party(1)), FIL).get() > locked);
    world.check();
}

#[test]
fn a_claim_pays_at_any_time_and_leaving_pays_at_once() {
    let mut world = World::new();
    for n in 1..=2 {
        world.register(party(n), 0);
        world.stand(party(n), GIB).unwrap();
    }
    world.advance(10);
    let amount = pending(&world, 1);
    let claimed = world.with(|s| s.claim(party(1), None)).unwrap();
    assert_eq!((claimed.liquid.get(), claimed.locked.get()), (amount - amount * 3 / 4, amount * 3 / 4));
    assert_eq!(world.with(|s| s.claim(party(1), None)).unwrap(), Claimed::default());
    assert_eq!(world.with(|s| s.claim(party(9), None)).unwrap(), Claimed::default());
    let owed = pending(&world, 2);
    let before = world.held(party(2)).get();
    world.stand(party(2), 0).unwrap();
    assert_eq!(world.held(party(2)).get() - before, owed - owed * 3 / 4);
    assert!(world.reads().members(BLOCKS, party(2)).is_empty());
    world.check();
    // All that follows goes to who is left.
    world.advance(5);
    let reward = world.economy.spec().supply(FIL).unwrap().emission.clone().unwrap();
    let fifth = reward.scheduled(15).get() - reward.scheduled(10).get();
    assert!(pending(&world, 1) - fifth <= 1);
}

#[test]
fn a_party_with_many_units_claims_in_parts() {
    let mut world = World::new();
    let count = CLAIM_UNITS_MAX + 3;
    for n in 0..count {
        let subject = Subject::Unit { owner: party(1), unit: unit(n as u64) };
        world.accept(Record::Register(Register { subject, phase: 0 }));
        world.accept(Record::Current(Current { subject, components: both(raw(GIB), quality(GIB)) }));
    }
    world.advance(10);
    let first = world.with(|s| s.claim(party(1), None)).unwrap();
    let after: Option<UnitId> = first.more_after;
    assert!(after.is_some());
    let second = world.with(|s| s.claim(party(1), after)).unwrap();
    assert_eq!(second.more_after, None);
    let paid = [first, second].iter().map(|c| c.liquid.get() + c.locked.get()).sum::<u128>();
    assert!(minted(&world) - paid <= count as u128);
    assert_eq!(world.with(|s| s.claim(party(1), None)).unwrap().liquid, Units::ZERO);
    world.check();
}

#[test]
fn locked_rewards_unlock_over_180_days_and_not_before_their_period_is_over() {
    let mut world = World::new();
    world.register(party(1), 0);
    world.stand(party(1), GIB).unwrap();
    world.advance(EPOCHS_IN_DAY);
    world.stand(party(1), 0).unwrap();
    let locked = world.reads().balance(Account::Vesting(party(1)), FIL);
    // First entry: one day later, 1/180 of it.
    world.advance(EPOCHS_IN_DAY);
    assert_eq!(world.reads().vesting(party(1), FIL).vested, Units::ZERO);
    world.advance(1);
    let day = Units::new(locked.get() / 180);
    assert_eq!(world.reads().vesting(party(1), FIL).vested, day);
    let held = world.held(party(1));
    assert_eq!(world.with(|s| s.withdraw_vested(party(1), FIL, Some(Units::new(5)))), Ok(Units::new(5)));
    assert_eq!(world.with(|s| s.withdraw_vested(party(1), FIL, None)), Ok(Units::new(day.get() - 5)));
    assert_eq!(world.held(party(1)).get(), held.get() + day.get());
    world.advance(EPOCHS_IN_DAY * 90);
    let now = world.reads().vesting(party(1), FIL);
    assert_eq!(now.vested.get() + now.locked.get() + day.get(), locked.get());
    world.advance(EPOCHS_IN_DAY * 90);
    world.with(|s| s.withdraw_vested(party(1), FIL, None)).unwrap();
    assert_eq!(world.reads().balance(Account::Vesting(party(1)), FIL), Units::ZERO);
    assert_eq!(world.held(party(1)).get(), held.get() + locked.get());
    world.check();
}

#[test]
fn the_vesting_table_of_a_party_stays_bounded() {
    let mut world = World::new();
    world.register(party(1), 1_000);
    world.stand(party(1), GIB).unwrap();
    // Odd moments for two years: entries still merge on the half-day lattice.
    for n in 0..400u64 {
        world.now = world.now.later(depin_quantity::Span::from_secs(30 * (4_000 + n * 7 % 1_000)));
        world.stand(party(1), GIB).unwrap();
        let entries = world.reads().vesting(party(1), FIL).entries.len();
        assert!(entries <= 363, "{entries} entries after {n} payments");
    }
    world.check();
}

#[test]
fn settling_in_any_order_gives_everybody_the_same() {
    let run = |order: &[u8]| {
        let mut world = World::new();
        for n in 1..=4 {
            world.register(party(n), 0);
            world.stand(party(n), u128::from(n) * 1_000_003).unwrap();
        }
        world.advance(77);
        for n in order {
            world.with(|s| s.claim(party(*n), None)).unwrap();
        }
        world.advance(EPOCHS_IN_DAY);
        for n in 1..=4 {
            world.with(|s| s.claim(party(n), None)).unwrap();
        }
        (1..=4).map(|n| (world.held(party(n)), world.reads().vesting(party(n), FIL))).collect::<Vec<_>>()
    };
    assert_eq!(run(&[1, 2, 3, 4]), run(&[4, 2, 3, 1]));
}

#[test]
fn only_registered_subjects_stand_and_only_at_bound_metrics() {
    let mut world = World::new();
    assert_eq!(world.stand(party(1), GIB), Err(Refusal::Unknown { what: Topic::Subject }));
    world.register(party(1), 0);
    let subject = Subject::Party(party(1));
    assert_eq!(world.record(Record::Register(Register { subject, phase: 0 })), Err(Refusal::Duplicate { what: Topic::Subject }));
    let stand = |world: &mut World, components| world.record(Record::Current(Current { subject, components }));
    let name = depin_quantity::Name::literal("frames");
    let strange = Component { metric: name, quantity: depin_quantity::Measured::new(1) };
    assert_eq!(stand(&mut world, Components::one(strange)), Err(Refusal::Unbound { what: Topic::Metric, name }));
    let twice = Refusal::OutOfRange { what: Topic::Metric, reason: Limit::Twice };
    assert_eq!(stand(&mut world, both(raw(1), raw(2))), Err(twice));
    assert_eq!(world.reads().metric(RAW), depin_quantity::Measured::ZERO);
}

#[test]
fn a_metric_left_out_keeps_its_value() {
    let mut world = World::new();
    world.register(party(1), 0);
    world.stand(party(1), 100).unwrap();
    world.accept(Record::Current(Current { subject: Subject::Party(party(1)), components: Components::one(quality(50)) }));
    let reads = world.reads();
    assert_eq!((reads.metric(RAW).get(), reads.metric(QUALITY).get(), reads.pool(BLOCKS).weight.get()), (100, 50, 50));
}

#[test]
fn several_pools_share_an_emission_without_a_remainder() {
    let text = FILE
        .replacen("share = \"100%\"\nmethod", "share = \"33.3%\"\nmethod", 1)
        .replacen(
            "[incentive.pledge.sector]",
            "[incentive.pool.capacity]\nemission = \"FIL\"\nshare = \"66.7%\"\nmethod = \"expected\"\npay-every = \"1d\"\nsource = \"a test\"\n\n[incentive.pledge.sector]",
            1,
        )
        .replacen("raw-bytes = { bond", "raw-bytes = { pool = \"capacity\", bond", 1);
    let mut world = World::of(&text);
    world.register(party(1), 0);
    world.stand(party(1), GIB).unwrap();
    for _ in 0..50 {
        world.advance(3);
    }
    let whole = world.economy.spec().supply(FIL).unwrap().emission.clone().unwrap().scheduled(150).get();
    let capacity = world.reads().emission(depin_quantity::Name::literal("capacity")).unwrap().minted.get();
    assert_eq!(minted(&world), whole * 333 / 1_000);
    assert_eq!(minted(&world) + capacity, whole);
}
