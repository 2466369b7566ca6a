//! Weight accrued in a period: paid in the order of ids, piece by piece, or on claim; pools that payments feed.

use super::common::*;
use depin_economy::*;
use depin_quantity::{Measured, Span, Units};
use proptest::prelude::*;

fn earn_unit(world: &mut World, owner: u8, n: u64, quantity: u128) {
    let subject = Subject::Unit { owner: party(owner), unit: unit(n) };
    world
        .with(|s| s.record(&Record::Accrued(Accrued { subject, components: Components::one(component("units", quantity)) })))
        .unwrap();
}

#[test]
fn a_batch_pays_by_weight_and_keeps_the_dust_for_the_next() {
    let mut world = World::new(&one_pool("method = \"batch\""));
    for n in 1..=3 {
        world.earn(n, "units", 1).unwrap();
    }
    world.days(1);
    assert_eq!([1, 2, 3].map(|n| world.held(n)), [333_333_333; 3]);
    assert_eq!(world.reads().pool(WORK).remainder, Units::new(1));
    assert_eq!(world.reads().balance(Account::Pool(WORK), TOK), Units::new(1));
    world.earn(1, "units", 7).unwrap();
    world.days(1);
    // The unit that was left came on top.
    assert_eq!(world.held(1), 333_333_333 + 1_000_000_001);
    // A period in which nobody accrued is forfeited.
    world.days(1);
    assert_eq!(world.emission("work").forfeited, tok(1_000));
}

#[test]
fn what_is_accrued_in_a_period_is_paid_from_that_period() {
    let run = |late: bool| {
        let mut world = World::new(&one_pool("method = \"batch\""));
        world.earn(1, "units", 5).unwrap();
        world.now = world.now.later(Span::from_days(3));
        if !late {
            world.close();
        }
        // Closes the three days by itself before it counts.
        world.earn(2, "units", 5).unwrap();
        world.days(1);
        (world.held(1), world.held(2), world.emission("work"))
    };
    assert_eq!(run(true), run(false));
    let (first, second, row) = run(true);
    assert_eq!((first, second, row.forfeited), (tok(1_000).get(), tok(1_000).get(), tok(2_000)));
}

#[test]
fn a_large_batch_is_paid_piece_by_piece_in_the_order_of_ids() {
    let members = 3 * PAYOUTS_PER_UNIT as u64 + 5;
    let mut world = World::new(&one_pool("method = \"batch\""));
    for n in 0..members {
        let subject = Subject::Unit { owner: depin_quantity::Address::new(unit(n).get()), unit: unit(n) };
        world
            .with(|s| s.record(&Record::Accrued(Accrued { subject, components: Components::one(component("units", 1)) })))
            .unwrap();
    }
    world.now = world.now.later(Span::from_days(1));
    // One unit closes the clock, two pay.
    assert_eq!(world.with(|s| s.close(3)).unwrap(), Closed { used: 3, more: true });
    world.check();
    let paid = |world: &World| -> Vec<depin_quantity::Address> {
        let batches =
            world.events.iter().filter_map(|e| if let Event::BatchPaid { payouts, .. } = e { Some(payouts) } else { None });
        batches.flatten().map(|payout| payout.to).collect()
    };
    assert_eq!(paid(&world).len(), 2 * PAYOUTS_PER_UNIT);
    assert!(world.reads().has_due());
    // Members earn in the next period while the batch is being paid.
    world.earn(1, "units", 1).unwrap();
    world.close();
    let all = paid(&world);
    assert_eq!(all.len() as u64, members);
    assert!(all.is_sorted());
    assert!(!world.reads().has_due() && world.reads().batches().is_empty());
    assert_eq!(world.reads().pool(WORK).accrued, Measured::new(1));
    let each = tok(1_000).get() / u128::from(members);
    assert_eq!(world.reads().pool(WORK).remainder.get(), tok(1_000).get() - each * u128::from(members));
}

#[test]
fn current_and_accrued_weight_share_one_pool() {
    let mut world = World::new(&one_pool("method = \"batch\""));
    world.stand(1, "units", 3).unwrap();
    world.earn(2, "units", 1).unwrap();
    world.days(1);
    assert_eq!(world.held(2), tok(250).get());
    world.with(|s| s.claim(party(1), None)).unwrap();
    assert_eq!(world.held(1), tok(750).get());
    // Only what stands counts on the second day.
    world.days(1);
    world.with(|s| s.claim(party(1), None)).unwrap();
    assert!(tok(1_750).get() - world.held(1) <= 1);
    // The same in a pool by expectation.
    let mut expected = World::new(&one_pool("method = \"expected\"\npay-every = \"1d\""));
    expected.stand(1, "units", 3).unwrap();
    expected.earn(2, "units", 1).unwrap();
    expected.days(2);
    expected.with(|s| s.claim(party(1), None)).unwrap();
    assert!(tok(1_750).get() - expected.held(1) <= 1 && expected.held(2) == tok(250).get());
}

#[test]
fn a_lazy_pool_pays_on_claim_what_a_batch_pays_by_itself() {
    let run = |method: &str| {
        let mut world = World::new(&one_pool(&format!("method = \"{method}\"")));
        for day in 0..6u64 {
            for n in 1..=4u8 {
                if (day + u64::from(n)) % 3 != 0 {
                    world.earn(n, "units", u128::from(n) * 7 + u128::from(day)).unwrap();
                    earn_unit(&mut world, n, day % 2, 3);
                }
            }
            world.days(1);
        }
        world
    };
    let batch = run("batch");
    let mut lazy = run("lazy");
    assert_eq!(lazy.held(1), 0);
    for n in 1..=4u8 {
        let pending = lazy.reads().lazy(WORK, party(n));
        let claimed = lazy.with(|s| s.claim(party(n), None)).unwrap();
        assert_eq!(claimed.liquid, pending);
        lazy.check();
    }
    // Dust comes back to the pool when the last one has claimed, so amounts differ by less than a unit a batch.
    for n in 1..=4 {
        assert!(batch.held(n).abs_diff(lazy.held(n)) <= 12, "{n}: {} {}", batch.held(n), lazy.held(n));
    }
    assert_eq!(lazy.with(|s| s.claim(party(1), None)).unwrap(), Claimed::default());
}

#[test]
fn rewards_of_a_batch_vest_like_others() {
    let vest =
        "method = \"batch\"\nvest = { immediate = \"25%\", over = \"4d\", step = \"1d\", quantum = \"1d\", source = \"a test\" }";
    let mut world = World::new(&one_pool(vest));
    world.earn(1, "units", 1).unwrap();
    world.days(1);
    assert_eq!(world.held(1), tok(250).get());
    assert_eq!(world.reads().vesting(party(1), TOK).locked, tok(750));
}

#[test]
fn a_funded_pool_waits_for_members_and_shares_what_comes() {
    let text = one_pool("method = \"batch\"").replacen(
        "[bind]",
        "[incentive.pool.tips]\nfunded = true\ntoken = \"TOK\"\nclock = \"day\"\nmethod = \"expected\"\npay-every = \"1d\"\nsource = \"a test\"\n[incentive.pool.pass]\nfunded = true\ntoken = \"TOK\"\nclock = \"day\"\nmethod = \"batch\"\nsource = \"a test\"\n[bind]\nframes = { pool = \"tips\" }\nhours = { pool = \"pass\" }",
        1,
    );
    let text = text.replacen("share = \"100%\"\nmethod", "share = \"50%\"\nmethod", 1)
        + "[incentive.pool.through]\nemission = \"TOK\"\nshare = \"50%\"\nmethod = \"direct\"\nto = \"pool.tips\"\nsource = \"a test\"\n";
    let mut world = World::new(&text);
    world.days(1);
    // Minted into the pool, and nobody is there.
    assert_eq!(world.reads().balance(Account::Pool(name("tips")), TOK), tok(500));
    world.stand(1, "frames", 1).unwrap();
    world.days(1);
    world.with(|s| s.claim(party(1), None)).unwrap();
    assert_eq!(world.held(1), tok(1_000).get());
    assert_eq!(world.reads().pool_share(name("tips")).unwrap().get(), 0);
}

/// Money that comes in a period is shared by what was accrued in it, and by what stands.
#[test]
fn a_funded_pool_pays_by_the_period() {
    let text = one_pool("method = \"direct\"\nto = \"pool.tips\"").replacen(
        "[bind]",
        "[incentive.pool.tips]\nfunded = true\ntoken = \"TOK\"\nclock = \"day\"\nmethod = \"batch\"\nsource = \"a test\"\n[bind]",
        1,
    );
    let mut world = World::new(&text.replacen("pool = \"work\"", "pool = \"tips\"", 1));
    let run = |world: &mut World, steps: &[u64]| {
        world.earn(1, "units", 3).unwrap();
        world.stand(2, "units", 1).unwrap();
        steps.iter().for_each(|days| world.days(*days));
        world.with(|s| s.claim(party(2), None)).unwrap();
        (world.held(1), world.held(2), world.reads().balance(Account::Pool(name("tips")), TOK).get())
    };
    let (accrued, stood, left) = run(&mut world, &[1, 1, 1]);
    assert_eq!(accrued + stood + left, tok(3_000).get());
    assert!(accrued > 0 && stood > 0 && left <= tok(1_000).get(), "{accrued} {stood} {left}");
    let mut other = World::new(&text.replacen("pool = \"work\"", "pool = \"tips\"", 1));
    assert_eq!(run(&mut other, &[3]), (accrued, stood, left));
}

#[test]
fn only_bound_metrics_are_accrued_and_each_once() {
    let mut world = World::new(&one_pool("method = \"batch\""));
    let unbound = Refusal::Unbound { what: Topic::Metric, name: name("frames") };
    assert_eq!(world.earn(1, "frames", 1), Err(unbound));
    let subject = Subject::Party(party(1));
    let components = Components::new([component("units", 1), component("units", 2)]).unwrap();
    let twice = Accrued { subject, components };
    let refused = world.with(|s| s.record(&Record::Accrued(twice)));
    assert_eq!(refused, Err(Refusal::OutOfRange { what: Topic::Metric, reason: Limit::Twice }));
    world.earn(1, "units", 0).unwrap();
    assert_eq!(world.reads().pool(WORK).accrued, Measured::ZERO);
    world.check();
}

proptest! {
    /// Nobody gets more by the order of records, and together nobody gets more than the period gave.
    #[test]
    fn the_order_of_records_changes_nothing(
        accrued in proptest::collection::vec((1u8..6, 0u64..3, 1u128..1_000_000), 1..20), swap in any::<proptest::sample::Index>(),
    ) {
        let run = |accrued: &[(u8, u64, u128)]| {
            let mut world = World::new(&one_pool("method = \"batch\""));
            for (owner, n, quantity) in accrued {
                earn_unit(&mut world, *owner, *n, *quantity);
            }
            world.days(1);
            world
        };
        let mut other = accrued.clone();
        other.rotate_left(swap.index(accrued.len()));
        let (a, b) = (run(&accrued), run(&other));
        prop_assert!(a.state == b.state);
        let paid: u128 = (1..6).map(|n| a.held(n)).sum();
        prop_assert_eq!(paid + a.reads().pool(WORK).remainder.get(), tok(1_000).get());
    }
}

#[test]
fn a_lot_falls_on_one_member_a_period_by_weight() {
    let mut world = World::new(&one_pool("method = \"winners\""));
    for n in 1..=3u8 {
        world.stand(n, "units", u128::from(n)).unwrap();
    }
    for day in 0..96u64 {
        world.now = world.now.later(Span::from_days(1));
        world.round(day);
        while world.with(|s| s.close(1)).unwrap().more {}
        world.check();
    }
    assert_eq!(world.reads().batches().len(), 2, "the last two wait for their seeds");
    (0..SEED_LAG).for_each(|n| world.block(n));
    let wins: Vec<u128> = (1..=3).map(|n| world.held(n) / tok(1_000).get()).collect();
    assert_eq!(wins.iter().sum::<u128>(), 96);
    // One, two and three sixths of 96, give or take three standard deviations.
    for (won, expected) in wins.iter().zip([16u128, 32, 48]) {
        assert!(won.abs_diff(expected) <= 15, "{wins:?}");
    }
    assert_eq!(world.reads().balance(Account::Pool(WORK), TOK), Units::ZERO);
}

/// Who wins on each of so many days, drawn by a series of seeds.
fn winners(series: u64, days: u64) -> Vec<u8> {
    let mut world = World::new(&one_pool("method = \"winners\""));
    for n in 1..=3u8 {
        world.stand(n, "units", 1).unwrap();
    }
    let draw = |_| {
        world.round(series);
        world.days(1);
        let before: Vec<u128> = (1..=3).map(|n| world.held(n)).collect();
        (0..SEED_LAG).for_each(|_| world.block(series));
        (1..=3u8).find(|n| world.held(*n) > before[usize::from(*n) - 1]).expect("somebody wins every day")
    };
    (0..days).map(draw).collect()
}

/// Whoever knows the members and the day knows nothing: the seed of a later round decides.
#[test]
fn other_seeds_draw_other_winners() {
    let (one, other) = (winners(1, 24), winners(2, 24));
    assert_eq!(one, winners(1, 24), "the same seeds draw the same");
    let same = one.iter().zip(&other).filter(|(a, b)| a == b).count();
    assert!(same < 20, "{one:?} and {other:?}");
}

#[test]
fn a_draw_waits_for_its_seed_and_stops_nothing() {
    let mut world = World::new(&one_pool("method = \"winners\""));
    world.stand(1, "units", 1).unwrap();
    world.round(0);
    world.days(1);
    // Closing is done, however long no new round comes; nobody is refused anything.
    assert_eq!(world.with(|s| s.close(9)).unwrap(), Closed { used: 0, more: false });
    assert!(!world.reads().has_due() && world.reads().batches().len() == 1);
    world.stand(1, "units", 5).unwrap();
    world.block(0);
    assert_eq!(world.held(1), 0, "one round on");
    world.block(0);
    assert_eq!(world.held(1), tok(1_000).get(), "two rounds on");
    // And the seed of that round is the one, however late the draw is run.
    let mut late = World::new(&one_pool("method = \"winners\""));
    let mut soon = World::new(&one_pool("method = \"winners\""));
    for world in [&mut late, &mut soon] {
        (1..=9).for_each(|n| assert_eq!(world.stand(n, "units", 1), Ok(Accepted::NOTHING)));
        world.round(3);
        world.days(1);
    }
    (0..SEED_LAG).for_each(|_| soon.block(3));
    for _ in 0..9 {
        late.round(3);
        late.with(|s| s.close(0)).unwrap();
    }
    late.close();
    assert_eq!((1..=9).map(|n| late.held(n)).collect::<Vec<_>>(), (1..=9).map(|n| soon.held(n)).collect::<Vec<_>>());
}

/// What happens in a pool of which one wins each day.
#[derive(Clone, Copy, Debug)]
enum Happens {
    /// A day ends in a block with a new round.
    Day,
    /// A day ends in a block without one.
    DayWithoutRound,
    /// A block with a new round.
    Round,
    /// A member gets another weight.
    Stands(u8, u8),
}

fn happening() -> impl Strategy<Value = Happens> {
    prop_oneof![
        2 => Just(Happens::Day),
        1 => Just(Happens::DayWithoutRound),
        2 => Just(Happens::Round),
        6 => (1..=4u8, 0..=3u8).prop_map(|(who, weight)| Happens::Stands(who, weight)),
    ]
}

proptest! {
    /// The winner is whom the formula names by the weights at the day's end and the seed two rounds on, whatever weights do meanwhile.
    #[test]
    fn a_draw_judges_what_was_fixed_by_the_seed_of_two_rounds_on(happens in prop::collection::vec(happening(), 1..60), work in 1..4u32) {
        let mut world = World::new(&one_pool("method = \"winners\""));
        let (mut weights, mut fixed) = (std::collections::BTreeMap::new(), Vec::new());
        let mut won = Vec::new();
        let rounds = std::iter::repeat_n(Happens::Round, SEED_LAG as usize + 1);
        for happens in happens.into_iter().chain(rounds) {
            if let Happens::Stands(who, weight) = happens {
                world.stand(who, "units", weight.into()).unwrap();
                weights.insert(who, u128::from(weight));
                world.check();
                continue;
            }
            if !matches!(happens, Happens::DayWithoutRound) {
                world.round(7);
            }
            if !matches!(happens, Happens::Round) {
                world.now = world.now.later(Span::from_days(1));
                if weights.values().sum::<u128>() > 0 {
                    fixed.push((world.chance.round(), weights.clone()));
                }
            }
            while world.with(|s| s.close(work)).unwrap().more {}
            world.check();
        }
        for (number, (round, weights)) in fixed.into_iter().enumerate() {
            let round = round + SEED_LAG;
            let seed = depin_quantity::Seed::derive("test-round", &[&7u64.to_be_bytes(), &round.to_be_bytes()]);
            let digest = depin_quantity::UnitId::derive("lot", &[&seed.get(), WORK.as_bytes(), &(number as u64).to_be_bytes()]);
            let whole: u128 = weights.values().sum();
            let drawn = digest.get().iter().fold(0u128, |rest, byte| (rest * 256 + u128::from(*byte)) % whole);
            let mut left = drawn;
            let winner = weights.into_iter().find(|(_, weight)| {
                let falls = left < *weight;
                left = left.saturating_sub(*weight);
                falls
            });
            won.push(party(winner.expect("the number is below the sum").0));
        }
        let told = world.events.iter().filter_map(|event| match event {
            Event::DrawWon { subject, .. } => Some(subject.owner()),
            _ => None,
        });
        prop_assert_eq!(told.collect::<Vec<_>>(), won);
        prop_assert!(world.reads().batches().is_empty());
        prop_assert_eq!(world.reads().balance(Account::Pool(WORK), TOK), Units::ZERO);
    }
}

/// Members who earn again and again while their batches wait are owed by each of them, and get all of it.
#[test]
fn batches_that_wait_are_paid_in_full_to_members_who_earn_on() {
    let members = 2 * PAYOUTS_PER_UNIT as u64;
    let mut world = World::new(&one_pool("method = \"batch\""));
    let who = |n: u64| depin_quantity::Address::new(unit(n).get());
    for _ in 0..6 {
        for n in 0..members {
            let subject = Subject::Party(who(n));
            world
                .with(|s| s.record(&Record::Accrued(Accrued { subject, components: Components::one(component("units", 1)) })))
                .unwrap();
        }
        world.check();
        world.now = world.now.later(Span::from_days(1));
        // Enough to close the day, and to pay a part of one batch.
        world.with(|s| s.close(2)).unwrap();
        world.check();
    }
    assert!(world.reads().batches().len() > 2);
    world.close();
    let remainder = world.reads().pool(WORK).remainder.get();
    let held: Vec<u128> = (0..members).map(|n| world.reads().wallet(who(n), TOK).held.get()).collect();
    assert_eq!(held.iter().sum::<u128>() + remainder, 6 * tok(1_000).get());
    assert!(held.iter().all(|h| h.abs_diff(held[0]) <= 1));
}

#[test]
fn members_that_earn_no_more_leave_nothing_behind() {
    let mut world = World::new(&one_pool("method = \"batch\""));
    world.earn(1, "units", 1).unwrap();
    for _ in 0..40 {
        world.days(1);
        world.earn(2, "units", 1).unwrap();
    }
    world.days(1);
    let before = world.state.to_tables().len();
    assert_eq!(world.held(1), tok(1_000).get());
    // Came back after it was forgotten.
    world.earn(1, "units", 1).unwrap();
    assert_eq!(world.state.to_tables().len(), before + 1);
    world.days(1);
    assert_eq!(world.held(1), tok(2_000).get());
}
