//! What an overlay bounds on a network of a few machines: rewards by weight, fees of a failure by the pledge, fees that are owed.

mod support;

use depin_economy::*;
use depin_quantity::{Name, Share, Units};
use support::*;

/// As `depin_networks::with_development_overlay` writes it.
const OVERLAY: &str = r#"
[[overlay]]
name = "development"

[overlay.set.incentive.pool.blocks]
ceiling = { amount = "4_459_189_498 base FIL", per = 1073741824, parameter = true, why = "development" }

[overlay.set.incentive.fault.continued]
at-most = { pledge = "sector", share = "2%", parameter = true, why = "development" }

[overlay.set.utility.fee]
owed = { up-to = "pledge", parameter = true, why = "development" }
"#;
const CEILING: u128 = 4_459_189_498;
/// What a provider of the tests stores: 80 KiB.
const BYTES: u128 = 80 << 10;

fn small() -> World {
    let mut world = World::of(&format!("{FILE}{OVERLAY}"));
    world.register(party(1), 0);
    world.stand(party(1), BYTES).unwrap();
    world.lock(party(1), unit(1), BYTES).unwrap();
    world
}

fn sector() -> Subject {
    Subject::Unit { owner: party(1), unit: unit(1) }
}

fn pledged(world: &World) -> u128 {
    world.reads().balance(Account::Pledge(party(1)), FIL).get()
}

/// Spends all that a party has but `left`.
fn spend(world: &mut World, who: u8, left: u128) {
    let held = world.held(party(who));
    let amount = held.minus(Units::new(left)).unwrap();
    world.with(|s| s.transfer(party(who), CLIENT, FIL, amount)).unwrap();
}

#[test]
fn rewards_follow_the_weight_and_the_rest_of_the_schedule_is_not_minted() {
    let mut world = small();
    let scheduled = world.reads().period_reward(BLOCKS).unwrap();
    world.advance(EPOCHS_IN_DAY);
    world.stand(party(1), BYTES).unwrap();
    let minted = world.reads().emission(BLOCKS).unwrap().minted.get();
    let each = CEILING * BYTES / GIB;
    assert_eq!(minted, each * u128::from(EPOCHS_IN_DAY), "floored in each period, however many are closed at once");
    assert!(scheduled.get() > 1_000_000 * each, "the schedule would give more than a million times as much");
    // Twice the weight earns twice as much.
    world.stand(party(1), 2 * BYTES).unwrap();
    world.advance(1);
    assert_eq!(world.reads().emission(BLOCKS).unwrap().minted.get() - minted, CEILING * 2 * BYTES / GIB);
    world.check();
}

#[test]
fn a_pool_pays_its_schedule_where_that_is_less_than_the_ceiling() {
    let mut world = small();
    world.stand(party(1), GIB << 40).unwrap();
    let scheduled = world.reads().period_reward(BLOCKS).unwrap();
    world.advance(1);
    let minted = world.reads().emission(BLOCKS).unwrap().minted;
    assert!(minted.get().abs_diff(scheduled.get()) <= 1, "{minted} {scheduled}");
    world.check();
}

#[test]
fn a_day_away_costs_a_small_part_of_the_pledge() {
    let mut world = small();
    let pledge = pledged(&world);
    world.stand(party(1), 0).unwrap();
    let fee = world.fault(sector(), CONTINUED, BYTES).unwrap().moved.get();
    // 10,108 epochs of what 80 KiB earn, which is less than the bound.
    assert_eq!(fee, (CEILING * BYTES / GIB) * 10_108);
    assert!(fee > 0 && fee < pledge / 50, "{fee} of {pledge}");
    // Who is all of the network, and has a thousand times as much power as that sector, is bounded by what the sector has pledged.
    let fee = world.fault(sector(), CONTINUED, 1_000 * BYTES).unwrap().moved.get();
    assert_eq!(fee, pledge / 50);
    assert_eq!(world.owed(party(1)), Units::ZERO);
    world.check();
}

#[test]
fn a_termination_is_no_dearer_than_its_share_and_the_bounded_fee() {
    let mut world = small();
    world.advance(EPOCHS_IN_DAY);
    let pledge = pledged(&world);
    let fee = world.fault(sector(), TERMINATED, 1_000 * BYTES).unwrap().moved.get();
    assert_eq!(fee, pledge / 50 * 105 / 100, "105 % of the fee of one faulty period");
    world.check();
}

#[test]
fn who_has_nothing_left_may_owe_fees_up_to_the_pledge_and_not_a_unit_more() {
    let mut world = small();
    spend(&mut world, 1, 40);
    let (pledge, mut fees) = (pledged(&world), BlockFees::NONE);
    let burned = world.reads().supply(FIL).unwrap().burned;
    let charged = world.with(|s| s.charge_fee(party(1), 45, Units::ZERO, &mut fees)).unwrap();
    assert_eq!((charged.burnt, world.held(party(1)), world.owed(party(1))), (Units::new(4_500), Units::ZERO, Units::new(4_460)));
    assert_eq!(fees.taken().unwrap(), Units::new(40), "what is owed is burnt when it is paid");
    // A tip is paid at once, or not at all.
    let short = |needed| Err(Refusal::Underfunded { token: FIL, needed: Units::new(needed), has: Units::ZERO });
    assert_eq!(world.with(|s| s.charge_fee(party(1), 1, Units::new(1), &mut fees)), short(101));
    let most = (pledge - 4_460) / 100;
    let over = u64::try_from(most + 1).unwrap();
    assert_eq!(world.with(|s| s.charge_fee(party(1), over, Units::ZERO, &mut fees)), short((most + 1) * 100));
    world.with(|s| s.charge_fee(party(1), over - 1, Units::ZERO, &mut fees)).unwrap();
    let owed = world.owed(party(1)).get();
    assert!(owed <= pledge && pledge - owed < 100, "{owed} {pledge}");
    world.with(|s| s.finish_fees(fees, PROPOSER)).unwrap();
    assert_eq!(world.reads().supply(FIL).unwrap().burned.get() - burned.get(), 40);
    world.check();
    // The pledge covers it: what comes back repays first.
    world.stand(party(1), 0).unwrap();
    world.accept(Record::Pledge(PledgeRecord::Release { subject: sector(), kind: SECTOR }));
    assert_eq!((world.owed(party(1)), world.held(party(1)).get()), (Units::ZERO, pledge - owed));
    world.check();
}

#[test]
fn rewards_repay_fees_that_are_owed() {
    let mut world = small();
    spend(&mut world, 1, 0);
    let mut fees = BlockFees::NONE;
    world.with(|s| s.charge_fee(party(1), 45, Units::ZERO, &mut fees)).unwrap();
    world.with(|s| s.finish_fees(fees, PROPOSER)).unwrap();
    assert_eq!(world.owed(party(1)), Units::new(4_500));
    world.advance(EPOCHS_IN_DAY);
    world.stand(party(1), BYTES).unwrap();
    assert_eq!(world.owed(party(1)), Units::ZERO);
    world.check();
}

#[test]
fn nobody_owes_fees_without_a_pledge_or_where_the_file_does_not_say_so() {
    let poor = |mut world: World, who: u8| {
        spend(&mut world, who, 0);
        world.with(|s| s.charge_fee(party(who), 1, Units::ZERO, &mut BlockFees::NONE.clone()))
    };
    let short = Err(Refusal::Underfunded { token: FIL, needed: Units::new(100), has: Units::ZERO });
    assert_eq!(poor(small(), 2), short);
    let mut plain = World::new();
    plain.lock(party(1), unit(1), BYTES).unwrap();
    assert_eq!(poor(plain, 1), short);
}

#[test]
fn an_overlay_is_named_and_leaves_the_rest_of_the_file() {
    let (plain, over) = (Spec::parse(FILE).unwrap(), Spec::parse(&format!("{FILE}{OVERLAY}")).unwrap());
    let name = Name::literal("development");
    assert_eq!((plain.network().overlays.as_slice(), over.network().overlays.as_slice()), (&[][..], &[name][..]));
    assert_eq!(over.fault(CONTINUED).unwrap().at_most, Some((SECTOR, "2%".parse::<Share>().unwrap())));
    assert_eq!(over.fault(CONTINUED).unwrap().fee, plain.fault(CONTINUED).unwrap().fee);
    assert_eq!(over.pool(BLOCKS).unwrap().vesting, plain.pool(BLOCKS).unwrap().vesting);
    let source = |spec: &Spec, path: &str| spec.provenance().get(path).cloned();
    let path = "incentive.fault.continued";
    assert_eq!(source(&plain, path), source(&over, path), "the fee is still the source's");
    let own = source(&over, "incentive.fault.continued.at-most");
    assert_eq!(own, Some(Provenance::Parameter("development".to_owned())));
}

#[test]
fn overlays_say_what_is_wrong_with_them_where_it_stands() {
    let refused = |from: &str, to: &str, message: &str| {
        let text = format!("{FILE}{}", OVERLAY.replacen(from, to, 1));
        let errors = Spec::parse(&text).expect_err(to);
        let lines = FILE.lines().count();
        let told = |problem: &&Problem| {
            problem.line > lines && format!("{problem} {}", problem.hint.as_deref().unwrap_or("")).contains(message)
        };
        assert!(errors.problems().iter().any(|problem| told(&problem)), "wanted `{message}` in the overlay, found\n{errors}");
    };
    refused("pledge = \"sector\"", "pledge = \"sectors\"", "sectors");
    refused("share = \"2%\"", "share = \"102%\"", "more than the whole");
    refused("per = 1073741824", "per = 0", "per");
    refused("4_459_189_498 base FIL", "0 FIL", "nothing at all");
    refused("up-to = \"pledge\"", "up-to = \"stake\"", "none of pledge");
    refused("name = \"development\"", "title = \"development\"", "name");
    refused("[overlay.set.utility.fee]", "[overlay.put.utility.fee]", "put");
}
