//! Whatever happens in whatever order: nothing is lost, nothing is made, and what is refused changes nothing.

mod support;

use depin_economy::*;
use depin_quantity::{Decimal18, Measured, Name, Span, Units};
use proptest::prelude::*;
use support::*;

/// One thing that somebody tries, sensible or not.
#[derive(Clone, Debug)]
enum Step {
    Wait(u32),
    Transfer(u8, u8, u64),
    Stand(u8, u8),
    Boost(u8, u8),
    Grant(u16),
    Consume(u8, u8, u16),
    EndUse(u8, bool),
    Escrow(u8, u64),
    Deposit(u8, u8, u64),
    Refund(u8, u64),
    CloseEscrow(u8),
    Open(u8, u8, u8, u32, u16),
    Activate(u8),
    Extend(u8, u16),
    Settle(u8),
    Close(u8, bool, u16),
    Lock(u8, u8, u16),
    Resize(u8, u8, u16),
    Release(u8, u8),
    Fault(u8, u8, u8, u16),
    Claim(u8),
    Withdraw(u8, Option<u32>),
    Repay(u8),
    Fees(u8, u32),
    Price(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 1u8..=4;
    let id = || 0u8..6;
    prop_oneof![
        4 => (1u32..4_000).prop_map(Step::Wait),
        1 => (who(), who(), any::<u64>()).prop_map(|(a, b, n)| Step::Transfer(a, b, n)),
        3 => (who(), 0u8..5).prop_map(|(a, n)| Step::Stand(a, n)),
        1 => (who(), 0u8..20).prop_map(|(a, n)| Step::Boost(a, n)),
        1 => any::<u16>().prop_map(Step::Grant),
        1 => (id(), who(), any::<u16>()).prop_map(|(i, a, n)| Step::Consume(i, a, n)),
        1 => (id(), any::<bool>()).prop_map(|(i, b)| Step::EndUse(i, b)),
        1 => (id(), any::<u64>()).prop_map(|(i, n)| Step::Escrow(i, n)),
        1 => (id(), who(), any::<u64>()).prop_map(|(i, a, n)| Step::Deposit(i, a, n)),
        1 => (id(), any::<u64>()).prop_map(|(i, n)| Step::Refund(i, n)),
        1 => id().prop_map(Step::CloseEscrow),
        3 => (id(), id(), who(), any::<u32>(), 0u16..4_000).prop_map(|(i, e, a, r, p)| Step::Open(i, e, a, r, p)),
        3 => id().prop_map(Step::Activate),
        1 => (id(), any::<u16>()).prop_map(|(i, n)| Step::Extend(i, n)),
        2 => id().prop_map(Step::Settle),
        1 => (id(), any::<bool>(), any::<u16>()).prop_map(|(i, b, n)| Step::Close(i, b, n)),
        2 => (who(), id(), any::<u16>()).prop_map(|(a, i, n)| Step::Lock(a, i, n)),
        1 => (who(), id(), any::<u16>()).prop_map(|(a, i, n)| Step::Resize(a, i, n)),
        1 => (who(), id()).prop_map(|(a, i)| Step::Release(a, i)),
        2 => (who(), id(), 0u8..3, any::<u16>()).prop_map(|(a, i, k, n)| Step::Fault(a, i, k, n)),
        2 => who().prop_map(Step::Claim),
        1 => (who(), any::<Option<u32>>()).prop_map(|(a, n)| Step::Withdraw(a, n)),
        1 => who().prop_map(Step::Repay),
        1 => (who(), any::<u32>()).prop_map(|(a, n)| Step::Fees(a, n)),
        1 => any::<u32>().prop_map(Step::Price),
    ]
}

fn gib(n: impl Into<u128>) -> u128 {
    n.into() * GIB
}

/// Does one step; says whether it was refused.
fn attempt(world: &mut World, step: &Step) -> Result<(), Refusal> {
    let (id, now) = (|n: &u8| unit((*n).into()), world.now);
    let sector = |who: &u8, n: &u8| Subject::Unit { owner: party(*who), unit: unit(100 + u64::from(*n)) };
    let until = now.later(Span::from_days(100));
    let record = match step {
        Step::Wait(_) => return Ok(()),
        Step::Transfer(a, b, n) => return world.with(|s| s.transfer(party(*a), party(*b), FIL, Units::new((*n).into()))),
        Step::Grant(n) => return world.with(|s| s.grant_allowance(NOTARY, DATACAP, CLIENT, Measured::new((*n).into()))),
        Step::Claim(a) => return world.with(|s| s.claim(party(*a), None)).map(drop),
        Step::Withdraw(a, n) => {
            return world.with(|s| s.withdraw_vested(party(*a), FIL, n.map(|n| Units::new(n.into())))).map(drop);
        }
        Step::Repay(a) => return world.with(|s| s.repay(party(*a), FIL)).map(drop),
        Step::Price(n) => return world.with(|s| s.report_price(FEEDER, Name::literal("FIL-USD"), Decimal18::new((*n).into()))),
        Step::Fees(a, work) => {
            return world.with(|s| {
                let mut fees = BlockFees::NONE;
                s.charge_fee(party(*a), (*work).into(), Units::new(2), &mut fees)?;
                s.finish_fees(fees, PROPOSER)
            });
        }
        Step::Stand(a, n) => return world.stand(party(*a), gib(*n)).map(drop),
        Step::Boost(a, n) => {
            Record::Current(Current { subject: Subject::Party(party(*a)), components: Components::one(quality((*n).into())) })
        }
        Step::Consume(i, a, n) => {
            let amount = Measured::new((*n).into());
            Record::Allowance(AllowanceRecord::Consume {
                id: id(i),
                kind: DATACAP,
                party: CLIENT,
                beneficiary: party(*a),
                amount,
            })
        }
        Step::EndUse(i, true) => Record::Allowance(AllowanceRecord::Return { id: id(i), kind: DATACAP }),
        Step::EndUse(i, false) => Record::Allowance(AllowanceRecord::Release { id: id(i), kind: DATACAP }),
        Step::Escrow(i, n) => {
            Record::Escrow(EscrowRecord::Open { id: id(i), kind: DEAL, owner: CLIENT, deposit: money(Units::new((*n).into())) })
        }
        Step::Deposit(i, a, n) => {
            Record::Escrow(EscrowRecord::Deposit { id: id(i), from: party(*a), deposit: money(Units::new((*n).into())) })
        }
        Step::Refund(i, n) => Record::Escrow(EscrowRecord::Refund { id: id(i), amount: money(Units::new((*n).into())) }),
        Step::CloseEscrow(i) => Record::Escrow(EscrowRecord::Close { id: id(i) }),
        Step::Open(i, e, a, rate, periods) => {
            let terms = world.terms(id(i), party(*a), Units::new((*rate).into()), (*periods).into());
            Record::Stream(StreamRecord::Open(StreamOpen { escrow: id(e), ..terms }))
        }
        Step::Activate(i) => Record::Stream(StreamRecord::Activate { id: id(i) }),
        Step::Extend(i, n) => Record::Stream(StreamRecord::Extend { id: id(i), periods: (*n).into() }),
        Step::Settle(i) => Record::Stream(StreamRecord::Settle { id: id(i) }),
        Step::Close(i, agreed, ago) => {
            let accrued_until = depin_quantity::Instant::new(now.get() - u64::from(*ago) * 1_000);
            Record::Stream(StreamRecord::Close { id: id(i), reason: if *agreed { AGREED } else { TERMINATED }, accrued_until })
        }
        Step::Lock(a, i, n) => {
            Record::Pledge(PledgeRecord::Lock { subject: sector(a, i), kind: SECTOR, basis: quality(gib(*n)), until })
        }
        Step::Resize(a, i, n) => {
            Record::Pledge(PledgeRecord::Resize { subject: sector(a, i), kind: SECTOR, basis: quality(gib(*n)), until })
        }
        Step::Release(a, i) => Record::Pledge(PledgeRecord::Release { subject: sector(a, i), kind: SECTOR }),
        Step::Fault(a, i, kind, n) => {
            let kind = [DETECTED, CONTINUED, TERMINATED][usize::from(*kind)];
            return world.fault(sector(a, i), kind, u128::from(*n) * 1_000).map(drop);
        }
    };
    world.record(record).map(drop)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// After every step of any sequence the whole economy audits: minted - burned = everything held, and every account is what
    /// its rows say. A refused step leaves no trace in state, events or notices.
    #[test]
    fn everything_is_accounted_for_after_every_step(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for n in 1..=4 {
            world.register(party(n), u64::from(n) * 500);
        }
        for step in &steps {
            if let Step::Wait(epochs) = step {
                world.now = world.now.later(Span::from_secs(u64::from(*epochs) * 30));
                world.with(|s| s.close(3)).unwrap();
            }
            let (state, events, notices) = (world.state.clone(), world.events.len(), world.notices.len());
            if attempt(&mut world, step).is_err() {
                prop_assert!(world.state == state, "{step:?} was refused and changed something");
                prop_assert_eq!((world.events.len(), world.notices.len()), (events, notices));
            }
            let report = audit(world.economy.spec(), depin_state::State::as_read(&world.state));
            prop_assert!(report.ok(), "after {:?}: {:#?}", step, report.violations);
        }
    }

    /// Balances rebuilt from the postings alone are the balances that are held.
    #[test]
    fn the_postings_alone_rebuild_every_balance(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for n in 1..=4 {
            world.register(party(n), 0);
        }
        for step in &steps {
            if let Step::Wait(epochs) = step {
                world.advance((*epochs).into());
            }
            let _ = attempt(&mut world, step);
        }
        let mut book = std::collections::BTreeMap::<Account, i128>::new();
        for event in &world.events {
            if let Event::Posting { from, to, amount, .. } = event {
                let amount = i128::try_from(amount.get()).unwrap();
                *book.entry(*from).or_default() -= amount;
                *book.entry(*to).or_default() += amount;
            }
        }
        prop_assert_eq!(book.values().sum::<i128>(), 0);
        for (account, balance) in book {
            if account != Account::Supply {
                prop_assert_eq!(balance, i128::try_from(world.reads().balance(account, FIL).get()).unwrap(), "{}", account);
            }
        }
    }

    /// How often rewards are settled changes nobody's total.
    #[test]
    fn settling_often_or_once_gives_the_same_sum(weights in prop::collection::vec(1u128..u128::from(u64::MAX), 3), waits in prop::collection::vec(1u64..500, 1..12), mask: u16) {
        let run = |often: bool| {
            let mut world = World::new();
            for n in 1..=3u8 {
                world.register(party(n), 0);
                world.stand(party(n), weights[usize::from(n) - 1]).unwrap();
            }
            for (i, wait) in waits.iter().enumerate() {
                world.advance(*wait);
                if often && mask >> i & 1 == 1 {
                    world.with(|s| s.claim(party(1 + (i % 3) as u8), None)).unwrap();
                }
            }
            for n in 1..=3 {
                world.with(|s| s.claim(party(n), None)).unwrap();
            }
            (1..=3).map(|n| world.held(party(n)).get() + world.reads().balance(Account::Vesting(party(n)), FIL).get()).collect::<Vec<_>>()
        };
        prop_assert_eq!(run(true), run(false));
    }

    /// A stream pays no more than it was funded with, and everything comes back or is paid.
    #[test]
    fn streams_never_pay_more_than_was_funded(rate in 0u64.., periods in 1u64..2_000, waits in prop::collection::vec(1u64..900, 1..8), closing: bool) {
        let mut world = World::new();
        let funded = u128::from(rate) * u128::from(periods);
        world.deal(unit(1), party(1), Units::new(rate.into()), periods, Units::new(funded)).unwrap();
        world.activate(unit(1));
        let mut elapsed = 0;
        for wait in waits {
            world.advance(wait);
            elapsed += wait;
            if world.reads().stream(unit(1)).is_some() {
                world.accept(Record::Stream(StreamRecord::Settle { id: unit(1) }));
                let paid = fil(1_000_000).get() - world.held(CLIENT).get() - world.reads().balance(Account::Escrow(unit(1)), FIL).get();
                prop_assert_eq!(paid, u128::from(rate) * u128::from(elapsed.min(periods)));
            }
        }
        if closing && world.reads().stream(unit(1)).is_some() {
            world.accept(Record::Stream(StreamRecord::Close { id: unit(1), reason: AGREED, accrued_until: world.now }));
            let paid = fil(1_000_000).get() - world.held(CLIENT).get();
            prop_assert_eq!(paid, u128::from(rate) * u128::from(elapsed.min(periods)));
        }
        prop_assert!(fil(1_000_000).get() - world.held(CLIENT).get() <= funded);
    }

    /// Locked rewards unlock monotonically, and all of them.
    #[test]
    fn vesting_entries_ascend_and_sum_to_the_reward(amount in 1u128..10u128.pow(27), now in 0u64..100_000_000, phase in 0u64..10_000) {
        let spec = Spec::parse(FILE).unwrap();
        let rule = spec.pool(BLOCKS).unwrap().vesting.unwrap();
        let entries = vesting_schedule(Units::new(amount), now, phase, &rule);
        prop_assert!(entries.windows(2).all(|w| w[0].0 < w[1].0));
        prop_assert!(entries.iter().all(|(at, _)| *at > now && *at <= now + rule.over + rule.step + rule.quantum));
        prop_assert!(entries.iter().all(|(at, _)| at % rule.quantum == phase % rule.quantum));
        prop_assert_eq!(entries.iter().map(|(_, part)| part.get()).sum::<u128>(), amount);
    }
}
