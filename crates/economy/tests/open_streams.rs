//! Open-ended streams: weighted and ordered escrows.

mod market;
mod support;

use depin_economy::*;
use depin_quantity::{Address, Decimal18, Name, Span, UnitId, Units};
use depin_state::State;
use market::*;
use proptest::prelude::*;
use support::*;

/// A rate in 10^-12 base units of a token with six places.
fn fine(currency: Name, parts: u128) -> Money {
    Money { currency, amount: Decimal18::new(parts) }
}

const HALF: u128 = 500_000_000_000;

fn ended(world: &World, reason: Ended) -> usize {
    world.notices.iter().filter(|n| matches!(n, Notice::StreamEnded { reason: w, .. } if *w == reason)).count()
}

#[test]
fn a_weighted_escrow_pays_whole_periods_and_shares_what_is_left() {
    let mut world = market();
    open(&mut world, unit(1), LEASE, CLIENT, of(USDC, 5_500_000)).unwrap();
    run(&mut world, unit(11), unit(1), party(1), of(USDC, 300_000), 0).unwrap();
    run(&mut world, unit(12), unit(1), party(2), of(USDC, 700_000), 0).unwrap();
    world.check();
    blocks(&mut world, 5);
    assert_eq!(world.reads().stream(unit(11)).unwrap().due, units(1_500_000));
    assert_eq!(ended(&world, Ended::Exhausted), 0);
    // The sixth period cannot be paid: 500,000 by weight of the rates; 20 % of each payment waits for the unfunded AMM pool.
    blocks(&mut world, 1);
    assert_eq!(ended(&world, Ended::Exhausted), 2);
    assert!(world.reads().escrow(unit(1)).is_none());
    assert_eq!(held(&world, party(1), USDC), 10_000 * ONE + 1_650_000 * 4 / 5);
    assert_eq!(held(&world, party(2), USDC), 10_000 * ONE + 3_850_000 * 4 / 5);
    assert_eq!(balance(&world, Account::Treasury(CONVERSIONS), USDC), 5_500_000 / 5);
    assert!(world.notices.contains(&Notice::EscrowExhausted { escrow: unit(1), owed: units(0) }));
    assert_eq!(held(&world, CLIENT, USDC), 10_000 * ONE - 5_500_000);
}

#[test]
fn take_rates_differ_by_currency() {
    let mut world = market();
    fund_amm_pool(&mut world, 1_000 * ONE, 1_000 * ONE);
    for (n, token) in [(1, NET), (2, USDC)] {
        open(&mut world, unit(n), LEASE, CLIENT, of(token, 5 * ONE)).unwrap();
        run(&mut world, unit(n), unit(n), party(1), of(token, 999), 0).unwrap();
    }
    blocks(&mut world, 1);
    assert_eq!((collect(&mut world, unit(1)), collect(&mut world, unit(2))), (999, 999));
    // 10 % in the first currency, rounded down twice: 49 and 49; 20 % in the other: 199.
    assert_eq!(held(&world, party(1), NET), 10_000 * ONE + 901);
    assert_eq!(balance(&world, Account::Treasury(COMMUNITY), NET), 49);
    assert_eq!(balance(&world, Account::Pool(WORK), NET), 49);
    assert_eq!(held(&world, party(1), USDC), 10_000 * ONE + 800);
    assert_eq!(burnt(&world, NET), 198);
    world.check();
}

#[test]
fn parts_of_a_base_unit_stay_in_the_escrow_until_they_are_whole() {
    let mut world = market();
    open(&mut world, unit(1), LEASE, CLIENT, of(USDC, 5 * ONE)).unwrap();
    run(&mut world, unit(11), unit(1), party(1), fine(USDC, HALF), 0).unwrap();
    let mut collected = Vec::new();
    for _ in 0..4 {
        blocks(&mut world, 1);
        collected.push(collect(&mut world, unit(11)));
        world.check();
    }
    assert_eq!(collected, [0, 1, 0, 1]);
    blocks(&mut world, 1);
    let now = world.now;
    close(&mut world, unit(11), "agreed", now).unwrap();
    // The half that is left is the owner's again.
    world.accept(Record::Escrow(EscrowRecord::Close { id: unit(1) }));
    assert_eq!(held(&world, CLIENT, USDC), 10_000 * ONE - 2);
    world.check();
}

#[test]
fn an_ordered_escrow_uses_deposits_in_order_and_gives_them_back_to_their_depositors() {
    let mut world = market();
    open(&mut world, unit(1), RENT, CLIENT, of(NET, 100)).unwrap();
    deposit(&mut world, unit(1), party(2), of(NET, 50)).unwrap();
    deposit(&mut world, unit(1), CLIENT, of(NET, 30)).unwrap();
    run(&mut world, unit(11), unit(1), party(1), of(NET, 12), 0).unwrap();
    assert_eq!(balance(&world, Account::Bond(unit(11)), NET), 2 * ONE);
    blocks(&mut world, 10);
    assert_eq!(collect(&mut world, unit(11)), 120);
    world.check();
    let now = world.now;
    close(&mut world, unit(11), "agreed", now).unwrap();
    // The escrow outlives an open-ended stream.
    assert_eq!(world.reads().escrow_free(unit(1)), Some(units(60)));
    world.accept(Record::Escrow(EscrowRecord::Refund { id: unit(1), amount: of(NET, 35) }));
    // The newest deposit first: 30 to the client, 5 to party 2.
    assert_eq!(held(&world, party(2), NET), 10_000 * ONE - 45);
    world.accept(Record::Escrow(EscrowRecord::Close { id: unit(1) }));
    assert_eq!(held(&world, CLIENT, NET), 10_000 * ONE - 100);
    assert_eq!(held(&world, party(2), NET), 10_000 * ONE - 20);
    assert_eq!(held(&world, party(1), NET), 10_000 * ONE + 120);
    world.check();
}

#[test]
fn what_an_exhausted_ordered_escrow_owes_is_settled_by_a_deposit() {
    let mut world = market();
    open(&mut world, unit(1), RENT, CLIENT, of(NET, 30)).unwrap();
    let (first, second) = if unit(11) < unit(12) { (unit(11), unit(12)) } else { (unit(12), unit(11)) };
    run(&mut world, first, unit(1), party(1), of(NET, 7), 0).unwrap();
    run(&mut world, second, unit(1), party(2), of(NET, 5), 0).unwrap();
    blocks(&mut world, 2);
    assert_eq!(ended(&world, Ended::Exhausted), 0);
    // Nobody settled before: 21 of 21 for the first stream, 9 of 15 for the second. Streams are served in order, not pro rata.
    blocks(&mut world, 1);
    assert_eq!(ended(&world, Ended::Exhausted), 2);
    assert!(world.notices.contains(&Notice::EscrowExhausted { escrow: unit(1), owed: units(6) }));
    assert_eq!(held(&world, party(1), NET), 10_000 * ONE + 21);
    assert_eq!(held(&world, party(2), NET), 10_000 * ONE + 9);
    let exhausted = Refusal::OutOfRange { what: Topic::Escrow, reason: Limit::Exhausted };
    assert_eq!(world.record(Record::Escrow(EscrowRecord::Close { id: unit(1) })), Err(exhausted.clone()));
    assert_eq!(run(&mut world, unit(13), unit(1), party(3), of(NET, 1), 0), Err(exhausted));
    assert_eq!(deposit(&mut world, unit(1), party(3), of(NET, 4)).unwrap().moved, units(4));
    assert_eq!((held(&world, party(1), NET), held(&world, party(2), NET)), (10_000 * ONE + 21, 10_000 * ONE + 13));
    world.check();
    assert_eq!(deposit(&mut world, unit(1), CLIENT, of(NET, 10)).unwrap().moved, units(2));
    assert!(world.reads().escrow(unit(1)).is_none());
    assert_eq!(world.notices.last(), Some(&Notice::EscrowClosed { escrow: unit(1) }));
    assert_eq!(held(&world, CLIENT, NET), 10_000 * ONE - 32);
    world.check();
}

#[test]
fn ordered_settlements_cut_to_whole_units_each_time() {
    let run_with = |every: u64| {
        let mut world = market();
        open(&mut world, unit(1), RENT, CLIENT, of(NET, 100)).unwrap();
        run(&mut world, unit(11), unit(1), party(1), fine(NET, HALF), 0).unwrap();
        let mut sum = 0;
        for _ in 0..12 / every {
            blocks(&mut world, every);
            sum += collect(&mut world, unit(11));
            world.check();
        }
        sum
    };
    assert_eq!((run_with(1), run_with(2), run_with(3), run_with(12)), (0, 6, 4, 6));
}

#[test]
fn the_end_of_the_money_is_told_in_advance_and_moves_with_deposits() {
    let mut world = market();
    open(&mut world, unit(1), LEASE, CLIENT, of(NET, 5 * ONE)).unwrap();
    assert_eq!(world.reads().escrow_lasts_until(unit(1)), None);
    run(&mut world, unit(11), unit(1), party(1), of(NET, 1_000), 0).unwrap();
    // 5,000 periods of 6 s: 8 h 20 m. Notice is given an hour before the streams would end.
    let began = world.now;
    let ends = |n: u64| began.later(Span::from_secs(6 * n));
    assert_eq!(world.reads().escrow_lasts_until(unit(1)), Some(ends(5_000)));
    blocks(&mut world, 4_400);
    assert!(!world.notices.iter().any(|n| matches!(n, Notice::EscrowLow { .. })));
    blocks(&mut world, 1);
    assert_eq!(world.notices.last(), Some(&Notice::EscrowLow { escrow: unit(1), lasts_until: ends(5_000) }));
    deposit(&mut world, unit(1), CLIENT, of(NET, 2 * ONE)).unwrap();
    world.check();
    assert_eq!(world.reads().escrow_lasts_until(unit(1)), Some(ends(7_000)));
    assert_eq!(world.reads().stream(unit(11)).unwrap().ends, ends(7_000));
    blocks(&mut world, 2_000);
    assert_eq!(world.notices.last(), Some(&Notice::EscrowLow { escrow: unit(1), lasts_until: ends(7_000) }));
    // Taking money back brings the end nearer; the rest of the notice is given again.
    world.accept(Record::Escrow(EscrowRecord::Refund { id: unit(1), amount: of(NET, 500_000) }));
    world.check();
    assert_eq!(world.reads().escrow_lasts_until(unit(1)), Some(ends(6_500)));
    blocks(&mut world, 100);
    assert_eq!(ended(&world, Ended::Exhausted), 1);
}

#[test]
fn a_stream_with_a_term_ends_with_it_and_its_escrow_closes() {
    for kind in [LEASE, RENT] {
        let mut world = market();
        open(&mut world, unit(1), kind, CLIENT, of(NET, 5 * ONE)).unwrap();
        run(&mut world, unit(11), unit(1), party(1), of(NET, 1_000), 10).unwrap();
        blocks(&mut world, 4);
        world.accept(Record::Stream(StreamRecord::Extend { id: unit(11), periods: 5 }));
        world.check();
        // Long after: it accrued for its 15 periods and no more.
        blocks(&mut world, 400);
        assert_eq!(ended(&world, Ended::Completed), 1);
        assert_eq!(world.notices.last(), Some(&Notice::EscrowClosed { escrow: unit(1) }));
        assert_eq!(held(&world, CLIENT, NET), 10_000 * ONE - 15_000);
        assert_eq!(world.reads().usage(kind, NET).paid, units(15_000));
    }
}

#[test]
fn a_stream_closed_as_of_an_earlier_time_gives_back_what_it_had_not_collected() {
    for kind in [LEASE, RENT] {
        let mut world = market();
        open(&mut world, unit(1), kind, CLIENT, of(NET, 5 * ONE)).unwrap();
        run(&mut world, unit(11), unit(1), party(1), of(NET, 100), 0).unwrap();
        run(&mut world, unit(12), unit(1), party(2), of(NET, 10), 0).unwrap();
        blocks(&mut world, 4);
        let then = world.now;
        blocks(&mut world, 6);
        // The other one collects: both are settled up to now.
        collect(&mut world, unit(12));
        let paid = close(&mut world, unit(11), "broken", then).unwrap();
        assert_eq!(paid.moved, units(400));
        assert_eq!(world.reads().escrow_free(unit(1)).unwrap(), units(5 * ONE - 400 - 100));
        world.check();
        if kind == RENT {
            assert_eq!(held(&world, party(1), NET), 10_000 * ONE + 400 - 2 * ONE);
        }
        blocks(&mut world, 1);
        collect(&mut world, unit(12));
        let now = world.now;
        close(&mut world, unit(12), "agreed", now).unwrap();
        world.accept(Record::Escrow(EscrowRecord::Close { id: unit(1) }));
        assert_eq!(held(&world, CLIENT, NET), 10_000 * ONE - 400 - 110);
        world.check();
    }
}

#[test]
fn a_stream_that_is_not_activated_in_time_ends_and_its_bond_is_burnt() {
    let mut world = market();
    open(&mut world, unit(1), RENT, CLIENT, of(NET, 100)).unwrap();
    let basis = Component { metric: Name::literal("units"), quantity: depin_quantity::Measured::new(1) };
    let activate_by = world.now.later(Span::from_secs(60));
    let terms =
        StreamOpen { id: unit(11), escrow: unit(1), to: party(1), rate: of(NET, 1), periods: 0, activate_by, basis, bond: None };
    world.accept(Record::Stream(StreamRecord::Open(terms)));
    world.check();
    blocks(&mut world, 20);
    assert_eq!(ended(&world, Ended::NotActivated), 1);
    assert_eq!(burnt(&world, NET), 2 * ONE);
    assert_eq!(world.reads().escrow_free(unit(1)), Some(units(100)));
}

#[test]
fn open_ended_streams_refuse_what_cannot_be() {
    let mut world = market();
    let least = Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AtLeast(units(5 * ONE)) };
    assert_eq!(open(&mut world, unit(1), LEASE, CLIENT, of(NET, 1)), Err(least));
    let wrong = Refusal::OutOfRange { what: Topic::Amount, reason: Limit::OfToken(NET) };
    assert_eq!(open(&mut world, unit(1), RENT, CLIENT, of(USDC, 1)), Err(wrong));
    open(&mut world, unit(1), RENT, CLIENT, of(NET, ONE)).unwrap();
    let zero = Refusal::OutOfRange { what: Topic::Rate, reason: Limit::AboveZero };
    assert_eq!(run(&mut world, unit(11), unit(1), party(1), of(NET, 0), 0), Err(zero));
    let other = Refusal::OutOfRange { what: Topic::Rate, reason: Limit::OfToken(NET) };
    assert_eq!(run(&mut world, unit(11), unit(1), party(1), of(USDC, 1), 0), Err(other));
    run(&mut world, unit(11), unit(1), party(1), of(NET, 1), 0).unwrap();
    let extend = world.record(Record::Stream(StreamRecord::Extend { id: unit(11), periods: 1 }));
    assert_eq!(extend, Err(Refusal::OutOfRange { what: Topic::Term, reason: Limit::NotForThis }));
    for n in 12..75 {
        run(&mut world, unit(n), unit(1), party(1), of(NET, 1), 0).unwrap();
    }
    let full = Refusal::OutOfRange { what: Topic::Escrow, reason: Limit::AtMost(units(64)) };
    assert_eq!(run(&mut world, unit(99), unit(1), party(1), of(NET, 1), 0), Err(full));
    let engaged = world.record(Record::Escrow(EscrowRecord::Close { id: unit(1) }));
    assert_eq!(engaged, Err(Refusal::Engaged { open: 64 }));
    let too_much = world.record(Record::Escrow(EscrowRecord::Refund { id: unit(1), amount: of(NET, 2 * ONE) }));
    assert!(matches!(too_much, Err(Refusal::Underfunded { .. })));
    world.check();
    blocks(&mut world, 1);
    assert_eq!(collect(&mut world, unit(40)), 1);
    world.check();
}

#[test]
fn others_cannot_fill_the_list_of_deposits_against_the_owner() {
    let mut world = market();
    open(&mut world, unit(1), RENT, CLIENT, of(NET, 0)).unwrap();
    let mut refused = 0;
    for n in 0..60u128 {
        // Two parties in turn: deposits of one party in a row are one.
        let from = party(2 + (n % 2) as u8);
        refused += usize::from(deposit(&mut world, unit(1), from, of(NET, 1)).is_err());
    }
    assert_eq!(refused, 0);
    assert_eq!(world.reads().open_escrow(unit(1)).unwrap().deposits.len(), 31);
    let full = deposit(&mut world, unit(1), party(5), of(NET, 1));
    assert!(matches!(full, Err(Refusal::OutOfRange { what: Topic::Escrow, .. })));
    deposit(&mut world, unit(1), CLIENT, of(NET, 7)).unwrap();
    world.check();
    world.accept(Record::Escrow(EscrowRecord::Close { id: unit(1) }));
    assert_eq!(held(&world, party(2), NET), 10_000 * ONE);
    world.check();
}

fn claims(rates: &[u64]) -> Vec<Claim> {
    rates.iter().map(|r| Claim(ruint::aliases::U256::from(*r))).collect()
}

proptest! {
    /// Period by period or all at once: the weighted settlement gives the same.
    #[test]
    fn any_slicing_gives_the_same_weighted_settlement(
        funds in 0u128..1 << 100,
        rates in prop::collection::vec(1u64.., 1..8),
        periods in 1u64..60,
    ) {
        let funds = Claim(ruint::aliases::U256::from(funds));
        let rates = claims(&rates);
        let whole = settle_weighted(funds, &rates, periods);
        let (mut left, mut accrued) = (funds, vec![Claim::ZERO; rates.len()]);
        let mut exhausted = false;
        for _ in 0..periods {
            if exhausted {
                break;
            }
            let step = settle_weighted(left, &rates, 1);
            left = step.left;
            exhausted = step.exhausted;
            accrued = accrued.iter().zip(&step.accrued).map(|(a, b)| a.plus(*b)).collect();
        }
        prop_assert_eq!(&whole.accrued, &accrued);
        prop_assert_eq!((whole.left, whole.exhausted), (left, exhausted));
        let sum = whole.accrued.iter().fold(whole.left, |sum, e| sum.plus(*e));
        prop_assert_eq!(sum, funds);
    }

    /// The end that is planned is the first number of periods that is not covered.
    #[test]
    fn ordered_funds_last_until_the_first_period_that_they_do_not_cover(
        funds in 0u128..5_000,
        rates in prop::collection::vec(1u64..3_000_000_000_000_000_000, 1..6),
    ) {
        let rates = claims(&rates);
        let lasts = ordered_lasts(Units::new(funds), &rates);
        let needs = |n: u64| rates.iter().map(|rate| ordered_due(*rate, n).get()).sum::<u128>();
        prop_assert!(needs(lasts) <= funds);
        prop_assert!(needs(lasts + 1) > funds);
        let all = rates.iter().fold(Claim::ZERO, |sum, rate| sum.plus(*rate));
        prop_assert_eq!(weighted_lasts(Claim::of(Units::new(funds)), &rates), Claim::of(Units::new(funds)).over(all));
    }

    /// Deposits and debts: nothing is paid twice, nothing is lost.
    #[test]
    fn ordered_settlements_conserve(deposits in prop::collection::vec(0u128..1_000, 0..6), dues in prop::collection::vec(0u128..800, 0..6)) {
        let owner = Address::new([1; 32]);
        let mut list: Vec<Deposit> = deposits.iter().map(|d| Deposit { owner, left: Units::new(*d) }).collect();
        let dues: Vec<Units> = dues.into_iter().map(Units::new).collect();
        let settlement = settle_ordered(&mut list, &dues);
        let sum = |all: &[Units]| all.iter().map(|u| u.get()).sum::<u128>();
        let left: u128 = list.iter().map(|d| d.left.get()).sum();
        prop_assert_eq!(sum(&settlement.paid) + left, deposits.iter().sum::<u128>());
        prop_assert_eq!(sum(&settlement.paid) + sum(&settlement.unsettled), sum(&dues));
        prop_assert!(left == 0 || !settlement.exhausted());
    }

    /// Whatever people do, the audit holds after every step, and a refused step changes nothing.
    #[test]
    fn money_is_conserved_whatever_happens(weighted in any::<bool>(), steps in prop::collection::vec((0u8..9, 0u64..6, 1u128..2_000_000_000_000), 1..40)) {
        let mut world = market();
        fund_amm_pool(&mut world, 1_000 * ONE, 1_000 * ONE);
        let (kind, token) = if weighted { (LEASE, USDC) } else { (RENT, NET) };
        open(&mut world, unit(1), kind, CLIENT, of(token, 5 * ONE)).unwrap();
        for (what, n, amount) in steps {
            let stream: UnitId = unit(10 + n);
            let before = world.state.clone();
            let result = match what {
                0 | 1 => run(&mut world, stream, unit(1), party(1 + n as u8), fine(token, amount * 1_000), if n % 2 == 0 { 0 } else { 7 }),
                2 => deposit(&mut world, unit(1), party(1 + n as u8), of(token, amount % 1_000_000)),
                3 => world.record(Record::Escrow(EscrowRecord::Refund { id: unit(1), amount: of(token, amount % 1_000_000) })),
                4 => {
                    let then = depin_quantity::Instant::new(world.now.get() - 6_000 * n);
                    close(&mut world, stream, "agreed", then)
                }
                5 => world.record(Record::Stream(StreamRecord::Settle { id: stream })),
                6 => world.record(Record::Escrow(EscrowRecord::Close { id: unit(1) })),
                _ => {
                    world.now = world.now.later(Span::from_secs(6 * n + (amount % 7) as u64));
                    world.close();
                    Ok(Accepted::NOTHING)
                }
            };
            if result.is_err() && what > 1 {
                prop_assert!(world.state == before);
            }
            let report = audit(world.economy.spec(), world.state.as_read());
            prop_assert!(report.ok(), "{:#?}", report.violations);
        }
    }

    /// Ends come on time: one long step or many short ones leave the same state.
    #[test]
    fn any_slicing_of_time_gives_the_same_state(
        weighted in any::<bool>(),
        rates in prop::collection::vec((1u128..4_000_000_000_000_000, 0u64..20), 1..5),
        cuts in prop::collection::vec(1u64..40, 1..12),
    ) {
        let mut long = market();
        let (kind, token) = if weighted { (LEASE, USDC) } else { (RENT, NET) };
        open(&mut long, unit(1), kind, CLIENT, of(token, 6 * ONE)).unwrap();
        for (n, (rate, periods)) in rates.iter().enumerate() {
            let _ = run(&mut long, unit(10 + n as u64), unit(1), party(1), fine(token, rate * 300), *periods);
        }
        let mut short = market();
        short.state = long.state.clone();
        short.now = long.now;
        for cut in &cuts {
            blocks(&mut short, *cut);
        }
        blocks(&mut long, cuts.iter().sum());
        prop_assert_eq!(short.now, long.now);
        prop_assert!(short.state == long.state);
    }
}

proptest! {
    /// The weighted rule against exact fractions: each stream earns its whole periods and its part of the rest, to within one
    /// part of 10^-18 base units (two where the last one takes what there is).
    #[test]
    fn weighted_settlements_are_the_exact_fractions_rounded(
        funds in 0u128..1 << 90,
        rates in prop::collection::vec(1u64.., 1..7),
        periods in 0u64..2_000,
    ) {
        use ruint::aliases::U512;
        let settled = settle_weighted(Claim(ruint::aliases::U256::from(funds)), &claims(&rates), periods);
        let all: u128 = rates.iter().map(|r| u128::from(*r)).sum();
        let lasts = u128::from(periods).min(funds / all);
        let rest = if lasts < u128::from(periods) { funds - lasts * all } else { 0 };
        let mut sum = U512::ZERO;
        for (rate, accrued) in rates.iter().zip(&settled.accrued) {
            let exact = U512::from(*rate) * (U512::from(lasts) * U512::from(all) + U512::from(rest));
            let scaled = U512::from(accrued.0) * U512::from(all);
            let differs = if scaled > exact { scaled - exact } else { exact - scaled };
            prop_assert!(differs <= U512::from(all) * U512::from(1 + rates.len()));
            sum += U512::from(accrued.0);
        }
        prop_assert_eq!(sum + U512::from(settled.left.0), U512::from(funds));
        prop_assert_eq!(settled.exhausted, lasts < u128::from(periods));
        prop_assert!(!settled.exhausted || settled.left.0 <= ruint::aliases::U256::from(rates.len()));
    }

    /// The ordered rule as overlaps: dues and deposits laid end to end, each stream is paid where its stretch overlaps the money.
    #[test]
    fn ordered_settlements_are_overlaps(
        deposits in prop::collection::vec(1u128..5_000, 0..7),
        rates in prop::collection::vec(1u64..9_000_000_000_000_000_000, 1..7),
        periods in 0u64..500,
    ) {
        let mut list: Vec<Deposit> = deposits.iter().map(|d| Deposit { owner: CLIENT, left: units(*d) }).collect();
        let dues: Vec<u128> = rates.iter().map(|r| u128::from(*r) * u128::from(periods) / 1_000_000_000_000_000_000).collect();
        let settled = settle_ordered(&mut list, &claims(&rates).iter().map(|r| ordered_due(*r, periods)).collect::<Vec<_>>());
        let money: u128 = deposits.iter().sum();
        let mut start = 0;
        for (i, due) in dues.iter().enumerate() {
            let paid = money.min(start + due) - money.min(start);
            prop_assert_eq!((settled.paid[i].get(), settled.unsettled[i].get()), (paid, due - paid));
            start += due;
        }
        let spent = money.min(start);
        let (mut end, mut left) = (0, Vec::new());
        for deposit in &deposits {
            end += deposit;
            left.push(end.max(spent) - (end - deposit).max(spent));
        }
        left.retain(|l| *l > 0);
        prop_assert_eq!(list.iter().map(|d| d.left.get()).collect::<Vec<_>>(), left);
    }
}
