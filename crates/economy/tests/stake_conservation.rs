//! Whatever people do with stake, locks, pledges and funds in whatever order: nothing is lost, nothing is made, every sum that is kept
//! is the sum of what it is of, and what is refused changes nothing.

mod stakes;

use depin_economy::*;
use depin_quantity::{Instant, Name, Span, Units};
use depin_state::State;
use proptest::prelude::*;
use stakes::*;

/// One thing that somebody tries, sensible or not.
#[derive(Clone, Debug)]
enum Step {
    Wait(u32),
    Create(u8, u8, u64),
    Commission(u8, u8),
    Delegate(u8, u8, u64),
    Undelegate(u8, u8, Option<u64>),
    Redelegate(u8, u8, u8, Option<u64>),
    ClaimStake(u8, u8),
    ClaimCommission(u8),
    Unjail(u8),
    Signed(u8, u8),
    Twice(u8, u32),
    Lock(u8, u8, u64, u32, bool, u8),
    Add(u8, u8, u64),
    Extend(u8, u8, u32, bool),
    Cool(u8, u8),
    DelegateLock(u8, u8, u8),
    Unlock(u8, u8),
    ClaimLock(u8, u8),
    Pledge(u8, u8, u16),
    Release(u8, u8),
    Fault(u8, u8, bool, bool),
    Judge(u8, bool),
    Redeem(u8, u64),
    Spend(u64),
    BridgeIn(u8, u64),
    BridgeOut(u8, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 1u8..=3;
    let id = || 0u8..2;
    let some = || prop_oneof![1_000_000u64..30_000_000, 0u64..3_000_000_000];
    prop_oneof![
        3 => (1u32..30 * 86_400).prop_map(Step::Wait),
        3 => (1u32..90_000).prop_map(Step::Wait),
        2 => (who(), 0u8..100, some()).prop_map(|(a, c, n)| Step::Create(a, c, n)),
        1 => (who(), 0u8..100).prop_map(|(a, c)| Step::Commission(a, c)),
        4 => (who(), who(), some()).prop_map(|(a, b, n)| Step::Delegate(a, b, n)),
        3 => (who(), who(), prop::option::of(some())).prop_map(|(a, b, n)| Step::Undelegate(a, b, n)),
        3 => (who(), who(), who(), prop::option::of(some())).prop_map(|(a, b, c, n)| Step::Redelegate(a, b, c, n)),
        2 => (who(), who()).prop_map(|(a, b)| Step::ClaimStake(a, b)),
        1 => who().prop_map(Step::ClaimCommission),
        2 => who().prop_map(Step::Unjail),
        2 => (who(), 1u8..120).prop_map(|(a, n)| Step::Signed(a, n)),
        1 => (who(), 0u32..30 * 86_400).prop_map(|(a, n)| Step::Twice(a, n)),
        4 => (who(), id(), some(), 1u32..130_000_000, any::<bool>(), 0u8..3).prop_map(|(a, i, n, l, c, s)| Step::Lock(a, i, n, l, c, s)),
        2 => (who(), id(), some(), 1u32..9_000_000, 0u8..3).prop_map(|(a, i, n, l, s)| Step::Lock(a, i, n, l, false, s)),
        1 => (who(), id(), some()).prop_map(|(a, i, n)| Step::Add(a, i, n)),
        1 => (who(), id(), 1u32..130_000_000, any::<bool>()).prop_map(|(a, i, l, c)| Step::Extend(a, i, l, c)),
        1 => (who(), id()).prop_map(|(a, i)| Step::Cool(a, i)),
        2 => (who(), id(), 0u8..3).prop_map(|(a, i, s)| Step::DelegateLock(a, i, s)),
        2 => (who(), id()).prop_map(|(a, i)| Step::Unlock(a, i)),
        2 => (who(), id()).prop_map(|(a, i)| Step::ClaimLock(a, i)),
        2 => (who(), id(), any::<u16>()).prop_map(|(a, i, n)| Step::Pledge(a, i, n)),
        1 => (who(), id()).prop_map(|(a, i)| Step::Release(a, i)),
        2 => (who(), id(), any::<bool>(), any::<bool>()).prop_map(|(a, i, k, r)| Step::Fault(a, i, k, r)),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(i, b)| Step::Judge(i, b)),
        1 => (who(), some()).prop_map(|(a, n)| Step::Redeem(a, n / 10)),
        1 => some().prop_map(|n| Step::Spend(n / 50)),
        1 => (who(), some()).prop_map(|(a, n)| Step::BridgeIn(a, n)),
        1 => (who(), some()).prop_map(|(a, n)| Step::BridgeOut(a, n)),
    ]
}

fn scope(n: u8) -> Option<Name> {
    [None, Some(Name::literal("iot")), Some(Name::literal("mobile"))][usize::from(n % 3)]
}

/// A world of three validators, two of which can be bonded, who also delegate to each other and have units.
fn busy() -> World {
    let mut world = World::of(&FILE.replace("most-validators = 3", "most-validators = 2"));
    for n in 1..=3u8 {
        world.validator(n, "5%", coins(100 + u128::from(n)));
        world.lock(n, u64::from(n) * 10, coins(10), days(40 * u64::from(n)), n == 2, Some("iot"));
        world.pledge(n, 1_000, 100);
        let subject = Subject::Unit { owner: party(n), unit: unit(1_000) };
        world.accept(Record::Register(Register { subject, phase: 0 }));
        world.accept(Record::Current(Current { subject, components: Components::one(device_units(n.into())) }));
        let kind = Name::literal("spoofing");
        world.accept(Record::Fault(Fault { subject, kind, affected: device_units(1), reporter: None }));
    }
    for n in 1..=3u8 {
        world.delegate(n, n % 3 + 1, coins(20));
    }
    world
}

fn slashes(world: &World) -> Vec<depin_quantity::UnitId> {
    let held = |event: &Event| match event {
        Event::PledgeSlashed { slash, .. } => *slash,
        _ => None,
    };
    world.events.iter().filter_map(held).collect()
}

/// A block that one validator missed and another signed.
fn missed(world: &mut World, validator: u8) -> Result<(), Refusal> {
    let (signed, missed) = (vec![party(validator % 3 + 1)], vec![party(validator)]);
    let record = CommitteeRecord::Signed { staking: VALIDATORS, at: world.now, signed, missed };
    world.record(Record::Committee(record)).map(drop)
}

/// Does one step; says whether it was refused.
fn attempt(world: &mut World, step: &Step) -> Result<(), Refusal> {
    let staking = VALIDATORS;
    let units = |n: &u64| Units::new((*n).into());
    let lock = |a: &u8, i: &u8| unit(u64::from(*a) * 10 + u64::from(*i));
    let subject = |a: &u8, i: &u8| Subject::Unit { owner: party(*a), unit: unit(1_000 + u64::from(*i)) };
    let per_cent = |n: &u8| share(&format!("{n}%"));
    let (who, action) = match step {
        Step::Wait(_) => return Ok(()),
        Step::Create(a, c, n) => (a, Action::CreateValidator { staking, commission: per_cent(c), stake: units(n) }),
        Step::Commission(a, c) => (a, Action::SetCommission { staking, commission: per_cent(c) }),
        Step::Delegate(a, b, n) => (a, Action::Delegate { staking, validator: party(*b), amount: units(n) }),
        Step::Undelegate(a, b, n) => (a, Action::Undelegate { staking, validator: party(*b), amount: n.as_ref().map(units) }),
        Step::Redelegate(a, b, c, n) => {
            (a, Action::Redelegate { staking, from: party(*b), to: party(*c), amount: n.as_ref().map(units) })
        }
        Step::ClaimStake(a, b) => (a, Action::ClaimStake { staking, validator: party(*b) }),
        Step::ClaimCommission(a) => (a, Action::ClaimCommission { staking }),
        Step::Unjail(a) => (a, Action::Unjail { staking }),
        Step::Signed(a, n) => {
            // Blocks after whatever was done so far.
            world.advance(Span::from_secs(1));
            return (0..*n).try_for_each(|_| missed(world, *a));
        }
        Step::Twice(a, ago) => {
            let at = Instant::new(world.now.get() - u64::from(*ago) * 1_000);
            return world.record(Record::Committee(CommitteeRecord::SignedTwice { staking, validator: party(*a), at })).map(drop);
        }
        Step::Lock(a, i, n, l, constant, s) => {
            let (length, scope) = (Span::from_secs((*l).into()), scope(*s));
            (a, Action::Lock { lock: VE, id: lock(a, i), amount: units(n), length, constant: *constant, scope })
        }
        Step::Add(a, i, n) => (a, Action::AddToLock { id: lock(a, i), amount: units(n) }),
        Step::Extend(a, i, l, constant) => {
            (a, Action::ExtendLock { id: lock(a, i), length: Span::from_secs((*l).into()), constant: *constant })
        }
        Step::Cool(a, i) => (a, Action::CoolLock { id: lock(a, i) }),
        Step::DelegateLock(a, i, s) => (a, Action::DelegateLock { id: lock(a, i), scope: scope(*s) }),
        Step::Unlock(a, i) => (a, Action::Unlock { id: lock(a, i) }),
        Step::ClaimLock(a, i) => (a, Action::ClaimLock { id: lock(a, i) }),
        Step::Pledge(a, i, n) => {
            let until = world.now.later(days(100));
            let (subject, basis) = (subject(a, i), device_units((*n).into()));
            return world.record(Record::Pledge(PledgeRecord::Lock { subject, kind: DEVICE, basis, until })).map(drop);
        }
        Step::Release(a, i) => {
            return world.record(Record::Pledge(PledgeRecord::Release { subject: subject(a, i), kind: DEVICE })).map(drop);
        }
        Step::Fault(a, i, appealed, reported) => {
            let kind = Name::literal(if *appealed { "appealed" } else { "spoofing" });
            let reporter = reported.then(|| party(6));
            return world
                .record(Record::Fault(Fault { subject: subject(a, i), kind, affected: device_units(1), reporter }))
                .map(drop);
        }
        Step::Judge(i, give_back) => {
            let all = slashes(world);
            let Some(slash) = all.get(usize::from(*i) % all.len().max(1)).copied() else { return Ok(()) };
            return world.act(COUNCIL, Action::Judge { slash, give_back: *give_back }).map(drop);
        }
        Step::Redeem(a, n) => (a, Action::Redeem { treasury: COMMUNITY, burned: units(n), least: Units::ZERO }),
        Step::Spend(n) => {
            return world
                .act(COUNCIL, Action::Spend { treasury: COMMUNITY, token: COIN, to: party(7), amount: units(n) })
                .map(drop);
        }
        Step::BridgeIn(a, n) => {
            let action = Action::BridgeIn { token: USDX, to: party(*a), amount: units(n), deposit: unit(*n) };
            return world.act(BRIDGE, action).map(drop);
        }
        Step::BridgeOut(a, n) => (a, Action::BridgeOut { token: USDX, amount: units(n), destination: unit(1) }),
    };
    world.act(party(*who), action).map(drop)
}

/// All rows, to compare.
fn rows(world: &World) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    let mut next = world.state.as_read().next_raw(&[], true);
    while let Some((key, value)) = next {
        next = world.state.as_read().next_raw(&key, false);
        all.push((key, value));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_happens_every_sum_holds(steps in prop::collection::vec(step(), 1..100)) {
        let mut world = busy();
        for step in &steps {
            if let Step::Wait(seconds) = step {
                world.advance(Span::from_secs((*seconds).into()));
                continue;
            }
            let before = rows(&world);
            if attempt(&mut world, step).is_err() && !matches!(step, Step::Signed(..)) {
                prop_assert!(before == rows(&world), "a refusal changed something: {step:?}");
            }
            let report = audit(world.economy.spec(), world.state.as_read());
            prop_assert!(report.ok(), "{step:?}: {:#?}", report.violations);
        }
        // Everything that people can take out comes out.
        world.advance(days(2_000));
        for n in 1..=3u8 {
            for v in 1..=3u8 {
                let _ = world.act(party(n), Action::Undelegate { staking: VALIDATORS, validator: party(v), amount: None });
            }
            for id in world.reads().locks(party(n)).into_iter().map(|(id, _)| id).collect::<Vec<_>>() {
                let _ = world.act(party(n), Action::CoolLock { id });
            }
            let _ = world.act(party(n), Action::ClaimCommission { staking: VALIDATORS });
        }
        world.advance(days(2_000));
        for n in 1..=3u8 {
            for id in world.reads().locks(party(n)).into_iter().map(|(id, _)| id).collect::<Vec<_>>() {
                let _ = world.act(party(n), Action::Unlock { id });
                let _ = world.act(party(n), Action::ClaimLock { id });
            }
        }
        world.check();
        prop_assert_eq!(world.balance(Account::Unbonding(VALIDATORS), COIN), Units::ZERO);
        prop_assert_eq!(world.balance(Account::Locked(VE), COIN), Units::ZERO);
        prop_assert_eq!(world.balance(Account::Stake(VALIDATORS), COIN), Units::ZERO);
    }

    #[test]
    fn any_slicing_of_time_gives_the_same_stakes_and_locks(
        steps in prop::collection::vec(step(), 1..40),
        cuts in prop::collection::vec(1u64..86_400, 1..8),
    ) {
        let run = |slices: &[u64]| {
            let mut world = busy();
            for step in &steps {
                if let Step::Wait(seconds) = step {
                    let end = world.now.later(Span::from_secs((*seconds).into()));
                    for slice in slices.iter().cycle().take(6) {
                        world.now = end.min(world.now.later(Span::from_secs(*slice)));
                        while world.with(|s| s.close(100)).unwrap().more {}
                    }
                    world.now = end;
                    while world.with(|s| s.close(100)).unwrap().more {}
                } else {
                    let _ = attempt(&mut world, step);
                }
            }
            world.check();
            (1..=9).map(|n| world.held(party(n), COIN)).collect::<Vec<_>>()
        };
        prop_assert_eq!(run(&[u64::from(u32::MAX)]), run(&cuts));
    }
}
