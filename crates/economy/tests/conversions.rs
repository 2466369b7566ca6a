//! Transaction fees, prices, AMM pools.

mod support;

use depin_economy::*;
use depin_quantity::{Decimal18, Name, Share, Span, Units};
use depin_state::State;
use proptest::prelude::*;
use support::*;

#[test]
fn fees_burn_the_base_and_tip_the_proposer() {
    let mut world = World::new();
    let mut fees = BlockFees::NONE;
    let charged = world.with(|s| s.charge_fee(CLIENT, 1_000, Units::new(3), &mut fees)).unwrap();
    assert_eq!(charged, FeeCharged { burnt: Units::new(100_000), tip: Units::new(3_000) });
    world.with(|s| s.charge_fee(party(1), 10, Units::ZERO, &mut fees)).unwrap();
    assert_eq!((fees.work(), fees.taken().unwrap()), (1_010, Units::new(104_000)));
    world.with(|s| s.finish_fees(fees, PROPOSER)).unwrap();
    assert_eq!(world.held(PROPOSER), Units::new(3_000));
    assert_eq!(world.reads().supply(FIL).unwrap().burned, Units::new(101_000));
    world.check();
    let poor = world.with(|s| s.charge_fee(party(99), 1, Units::ZERO, &mut BlockFees::NONE.clone()));
    assert_eq!(poor, Err(Refusal::Underfunded { token: FIL, needed: Units::new(100), has: Units::ZERO }));
}

#[test]
fn the_base_fee_moves_by_at_most_an_eighth_and_never_below_the_minimum() {
    let rule = FeeRule {
        token: FIL,
        minimum: Units::new(100),
        initial: Units::new(100),
        target_work: 1_000,
        change: 8,
        row: None,
        on_pledge: false,
    };
    let next = |base, work| next_base_fee(&rule, Units::new(base), work, rule.target_work).unwrap().get();
    assert_eq!(next(800, 1_000), 800);
    assert_eq!(next(800, 2_000), 900);
    assert_eq!(next(800, 9_000), 900);
    assert_eq!(next(800, 1_500), 850);
    assert_eq!(next(800, 0), 700);
    assert_eq!(next(105, 0), 100);
    assert_eq!(next(100, 0), 100);
    // Two divisions in their order: 100 * 999 / 1,000 = 99, / 8 = 12.
    assert_eq!(next(100, 1_999), 112);
}

#[test]
fn full_blocks_raise_the_fee_and_empty_ones_lower_it() {
    let mut world = World::new();
    let target = world.economy.spec().fee().target_work;
    let mut fees = BlockFees::NONE;
    world.with(|s| s.charge_fee(CLIENT, 2 * target, Units::ZERO, &mut fees)).unwrap();
    world.with(|s| s.finish_fees(fees, PROPOSER)).unwrap();
    assert_eq!(world.reads().base_fee(), Units::new(112));
    world.with(|s| s.finish_fees(BlockFees::NONE, PROPOSER)).unwrap();
    assert_eq!(world.reads().base_fee(), Units::new(100));
    world.check();
}

fn three_reporters() -> World {
    let text = FILE
        .replacen("reporters = [\"price-feeder\"]", "reporters = [\"price-feeder\", \"second\", \"third\"]", 1)
        .replacen("quorum = 1", "quorum = 2", 1);
    let mut world = World::before_genesis(&text);
    let names = [("notary", NOTARY), ("price-feeder", FEEDER), ("second", party(2)), ("third", party(3))];
    let roles = names.map(|(name, who)| (name.parse().unwrap(), who)).to_vec();
    world.with(|s| s.genesis(&Genesis { roles, ..Genesis::default() })).unwrap();
    world
}

const PAIR: Name = Name::literal("FIL-USD");

fn report(world: &mut World, who: depin_quantity::Address, price: &str) -> Result<(), Refusal> {
    world.with(|s| s.report_price(who, PAIR, Decimal18::parse(price).unwrap()))
}

#[test]
fn a_price_is_the_median_of_fresh_reports() {
    let mut world = three_reporters();
    report(&mut world, FEEDER, "4.00").unwrap();
    assert_eq!(world.reads().price(PAIR), Err(Refusal::PriceStale { pair: PAIR, fresh: 1, quorum: 2 }));
    report(&mut world, party(2), "5").unwrap();
    assert_eq!(world.reads().price(PAIR).unwrap().price, Decimal18::parse("4.5").unwrap());
    world.now = world.now.later(Span::from_secs(1_800));
    report(&mut world, party(3), "900").unwrap();
    let now = world.reads().price(PAIR).unwrap();
    assert_eq!((now.price, now.reports), (Decimal18::parse("5").unwrap(), 3));
    // A reporter has one voice: its later report replaces the earlier.
    report(&mut world, FEEDER, "6").unwrap();
    assert_eq!(world.reads().price(PAIR).unwrap().price, Decimal18::parse("6").unwrap());
}

#[test]
fn a_stale_price_pauses_and_is_never_guessed() {
    let mut world = three_reporters();
    for (who, price) in [(FEEDER, "4"), (party(2), "5")] {
        report(&mut world, who, price).unwrap();
    }
    world.now = world.now.later(Span::from_secs(3_600));
    assert!(world.reads().price(PAIR).is_ok());
    world.now = world.now.later(Span::from_millis(1));
    assert_eq!(world.reads().price(PAIR), Err(Refusal::PriceStale { pair: PAIR, fresh: 0, quorum: 2 }));
}

#[test]
fn only_reporters_report_and_only_prices() {
    let mut world = three_reporters();
    assert_eq!(report(&mut world, CLIENT, "4"), Err(Refusal::NotAllowed { role: Name::literal("price-feeder") }));
    assert_eq!(report(&mut world, FEEDER, "0"), Err(Refusal::OutOfRange { what: Topic::Price, reason: Limit::AboveZero }));
    let name = Name::literal("FIL-EUR");
    assert_eq!(world.with(|s| s.report_price(FEEDER, name, Decimal18::ONE)), Err(Refusal::Unbound { what: Topic::Pair, name }));
    assert_eq!(median(vec![]), None);
}

const USDX: Name = Name::literal("USDX");
const POOL: Name = Name::literal("main");

/// Filecoin with a second token and an AMM pool; the client and party 1 hold both.
fn with_amm_pool() -> World {
    let token = "[[token]]\nid = \"USDX\"\ndecimals = 6\nsource = \"a test\"\n\n[clock.epoch]";
    let supply = "[supply.USDX]\nvest-clock = \"epoch\"\ncap = { amount = \"1_000_000_000 USDX\", kind = \"clamp\", source = \"a test\" }\nallocation = [{ to = \"issuer\", share = \"100%\", source = \"a test\" }]\n\n[amm-pool.main]\ntokens = [\"USDX\", \"FIL\"]\nfee = \"0.3%\"\nsource = \"a test\"\n\n[incentive.pool.blocks]";
    let text = FILE.replacen("[clock.epoch]", token, 1).replacen("[incentive.pool.blocks]", supply, 1);
    let mut world = World::before_genesis(&text);
    let mut grants = Vec::new();
    for to in [CLIENT, party(1)] {
        grants.push(Grant { token: FIL, from: Name::literal("foundation"), to, amount: fil(1_000_000) });
        grants.push(Grant { token: USDX, from: Name::literal("issuer"), to, amount: Units::new(5_000_000_000_000) });
    }
    let roles = vec![(Name::literal("notary"), NOTARY), (Name::literal("price-feeder"), FEEDER)];
    world.with(|s| s.genesis(&Genesis { roles, grants, ..Genesis::default() })).unwrap();
    world.check();
    world
}

#[test]
fn a_swap_keeps_the_product_and_the_fee_stays_in_the_amm_pool() {
    // By hand: net 99, 1,000 * 99 / (1,000 + 99) = 90.08…
    assert_eq!(
        swap_gives(Units::new(100), Units::new(1_000), Units::new(1_000), Share::new(3_000_000).unwrap()).unwrap(),
        Units::new(90)
    );
    let mut world = with_amm_pool();
    let shares = world.with(|s| s.fund_amm_pool(party(1), POOL, fil(1_000), Units::new(4_000_000_000))).unwrap();
    let gives = world.with(|s| s.swap(CLIENT, POOL, USDX, Units::new(40_000_000), Units::ZERO)).unwrap();
    // 39.88 net of 4,000: 1,000 * 39.88 / 4,039.88 FIL.
    assert_eq!(gives.get(), 1_000 * ONE_FIL * 39_880_000 / 4_039_880_000);
    let back = world.with(|s| s.swap(CLIENT, POOL, FIL, gives, Units::ZERO)).unwrap();
    assert!(back < Units::new(40_000_000));
    let (a, b) = world.with(|s| s.withdraw_amm_pool(party(1), POOL, shares)).unwrap();
    assert_eq!(a, fil(1_000));
    assert_eq!(b.get(), 4_000_000_000 + 40_000_000 - back.get());
    world.check();
}

#[test]
fn amm_pools_refuse_what_cannot_be() {
    let mut world = with_amm_pool();
    let nothing = Refusal::OutOfRange { what: Topic::Amount, reason: Limit::GivesNothing };
    assert_eq!(world.with(|s| s.swap(CLIENT, POOL, FIL, fil(1), Units::ZERO)), Err(nothing.clone()));
    assert_eq!(world.with(|s| s.fund_amm_pool(party(1), POOL, fil(1), Units::ZERO)), Err(nothing.clone()));
    world.with(|s| s.fund_amm_pool(party(1), POOL, fil(1_000), Units::new(4_000_000_000))).unwrap();
    assert_eq!(world.with(|s| s.swap(CLIENT, POOL, FIL, Units::new(1), Units::ZERO)), Err(nothing));
    let slip = world.with(|s| s.swap(CLIENT, POOL, FIL, fil(1), Units::new(4_000_000)));
    assert!(matches!(slip, Err(Refusal::Slippage { .. })));
    let name = Name::literal("HNT");
    assert_eq!(
        world.with(|s| s.swap(CLIENT, POOL, name, fil(1), Units::ZERO)),
        Err(Refusal::Unbound { what: Topic::Token, name })
    );
    let other = Name::literal("other");
    assert_eq!(
        world.with(|s| s.swap(CLIENT, other, FIL, fil(1), Units::ZERO)),
        Err(Refusal::Unbound { what: Topic::AmmPool, name: other })
    );
    assert!(matches!(world.with(|s| s.withdraw_amm_pool(CLIENT, POOL, 1)), Err(Refusal::OutOfRange { .. })));
    assert!(matches!(world.with(|s| s.withdraw_amm_pool(party(1), POOL, 0)), Err(Refusal::OutOfRange { .. })));
    assert!(matches!(world.with(|s| s.swap(CLIENT, POOL, FIL, fil(2_000_000), Units::ZERO)), Err(Refusal::Underfunded { .. })));
    world.check();
}

proptest! {
    /// The product of the reserves never falls, whatever is swapped.
    #[test]
    fn no_swap_lowers_the_product(given in 1u64..1 << 62, ours in 1u64..1 << 62, theirs in 1u64..1 << 62, fee in 0u32..=1_000_000_000) {
        let (given, ours, theirs) = (u128::from(given), u128::from(ours), u128::from(theirs));
        let out = swap_gives(Units::new(given), Units::new(ours), Units::new(theirs), Share::new(fee).unwrap()).unwrap().get();
        prop_assert!(out < theirs);
        prop_assert!((ours + given) * (theirs - out) >= ours * theirs);
    }

    /// Funding and withdrawing never takes out more than went in.
    #[test]
    fn funding_and_withdrawing_gains_nothing(a in 1u128..1_000_000, b in 1u128..1_000_000, c in 1u128..1_000_000, d in 1u128..1_000_000) {
        let mut world = with_amm_pool();
        if world.with(|s| s.fund_amm_pool(party(1), POOL, Units::new(a), Units::new(b))).is_ok() {
            let before = world.state.clone();
            if let Ok(shares) = world.with(|s| s.fund_amm_pool(CLIENT, POOL, Units::new(c), Units::new(d))) {
                world.with(|s| s.withdraw_amm_pool(CLIENT, POOL, shares)).unwrap();
                for token in [FIL, USDX] {
                    let held = |state: &dyn depin_state::ReadState| world.economy.reads(state, world.now).wallet(CLIENT, token).held;
                    prop_assert!(held(world.state.as_read()) <= held(before.as_read()));
                }
            } else {
                prop_assert!(world.state == before);
            }
            world.check();
        }
    }
}
