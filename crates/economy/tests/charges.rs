//! Charges, holds, credits, service fees, splits, conversions.

mod market;
mod support;

use depin_economy::*;
use depin_quantity::{Decimal18, Measured, Name, Share, Span, Units};
use depin_state::State;
use market::*;
use proptest::prelude::*;
use support::*;

#[test]
fn credits_are_minted_by_burning_at_the_oracles_price() {
    let mut world = market();
    price(&mut world, NET_USD, "3.5");
    // 1,000 credits of $0.00001 are one cent: 0.01 / 3.5 NET = 2,857.14… base units, rounded up.
    let order = CreditOrder::Credits(units(1_000));
    assert_eq!(world.reads().quote_credits(DC, order).unwrap().burnt, units(2_858));
    let action = Action::MintCredits { credit: DC, amount: units(1_000), most: Some(units(2_858)), to: None };
    let done = world.with(|s| s.act(CLIENT, &action)).unwrap();
    assert_eq!(done.moved, vec![(NET, units(2_858)), (DC, units(1_000))]);
    assert_eq!((held(&world, CLIENT, DC), burnt(&world, NET)), (1_000, 2_858));
    world.check();
    // By tokens: floor(2,857 * 3.5 / 10) credits, all of the tokens burnt; to somebody else.
    let action = Action::BurnForCredits { credit: DC, given: units(2_857), least: units(999), to: Some(party(3)) };
    world.with(|s| s.act(CLIENT, &action)).unwrap();
    assert_eq!((held(&world, party(3), DC), burnt(&world, NET)), (999, 5_715));
    assert_eq!(world.reads().credits(DC), CreditRow { burnt: units(5_715), minted: units(1_999) });
    world.check();
}

#[test]
fn credits_refuse_a_stale_price_too_few_and_too_dear() {
    let mut world = market();
    let mint = |amount, most| Action::MintCredits { credit: DC, amount: units(amount), most, to: None };
    let act = |world: &mut World, action| world.with(|s| s.act(CLIENT, &action)).map(|_| ());
    let stale = Refusal::PriceStale { pair: NET_USD, fresh: 0, quorum: 1 };
    assert_eq!(act(&mut world, mint(1_000, None)), Err(stale.clone()));
    price(&mut world, NET_USD, "2");
    assert_eq!(act(&mut world, mint(0, None)), Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero }));
    let least = Refusal::OutOfRange { what: Topic::Credit, reason: Limit::AtLeast(units(10)) };
    assert_eq!(act(&mut world, mint(9, None)), Err(least));
    let dear = Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AtLeast(units(5_000)) };
    assert_eq!(act(&mut world, mint(1_000, Some(units(4_999)))), Err(dear));
    let burn = Action::BurnForCredits { credit: DC, given: units(5_000), least: units(1_001), to: None };
    let slip = Refusal::Slippage { gives: units(1_000), least: units(1_001) };
    assert_eq!(act(&mut world, burn), Err(slip));
    assert!(matches!(act(&mut world, mint(u128::MAX >> 70, None)), Err(Refusal::Underfunded { .. })));
    let other = Action::MintCredits { credit: NET, amount: units(10), most: None, to: None };
    assert_eq!(act(&mut world, other), Err(Refusal::Unbound { what: Topic::Credit, name: NET }));
    world.now = world.now.later(Span::from_secs(3_601));
    assert_eq!(act(&mut world, mint(1_000, None)), Err(stale));
    assert_eq!(burnt(&world, NET), 0);
    world.check();
}

#[test]
fn credits_cannot_be_sent() {
    let mut world = market();
    price(&mut world, NET_USD, "1");
    let action = Action::MintCredits { credit: DC, amount: units(1_000), most: None, to: None };
    world.with(|s| s.act(CLIENT, &action)).unwrap();
    let refused = Refusal::OutOfRange { what: Topic::Token, reason: Limit::NotTransferable };
    assert_eq!(world.with(|s| s.transfer(CLIENT, party(1), DC, units(1))), Err(refused.clone()));
    // Nor by a deposit that would go to somebody else when the escrow closes.
    let whole = |n: u128| Money { currency: DC, amount: Decimal18::new(n * 1_000_000_000_000_000_000) };
    open(&mut world, unit(1), PACKET, party(1), whole(0)).unwrap();
    assert_eq!(deposit(&mut world, unit(1), CLIENT, whole(5)), Err(refused));
    world.check();
}

#[test]
fn a_packet_costs_a_credit_per_started_24_bytes_and_burns_it() {
    let mut world = market();
    price(&mut world, NET_USD, "1");
    let action = Action::MintCredits { credit: DC, amount: units(100), most: None, to: None };
    world.with(|s| s.act(CLIENT, &action)).unwrap();
    for (bytes, credits) in [(0, 1), (1, 1), (24, 1), (25, 2), (48, 2), (49, 3)] {
        let cost = world.reads().quote_charge(PACKET, None, measured("bytes", bytes)).unwrap();
        assert_eq!(cost, (DC, units(credits)), "{bytes} bytes");
    }
    let paid = pay(&mut world, PACKET, PaymentSource::Wallet(CLIENT), party(1), None, measured("bytes", 50)).unwrap();
    assert_eq!((paid.token, paid.moved), (Some(DC), units(3)));
    assert_eq!(held(&world, CLIENT, DC), 97);
    assert_eq!(world.reads().usage(PACKET, DC), UsageRow { paid: units(3), burnt: units(3) });
    assert_eq!(world.reads().gauge(Name::literal("radio"), Name::literal("credits-burnt")), Measured::new(3));
    world.check();
    // Out of an escrow, and held out of it.
    let whole = |n: u128| Money { currency: DC, amount: Decimal18::new(n * 1_000_000_000_000_000_000) };
    open(&mut world, unit(1), PACKET, CLIENT, whole(50)).unwrap();
    pay(&mut world, PACKET, PaymentSource::Escrow(unit(1)), party(1), None, measured("bytes", 240)).unwrap();
    hold(&mut world, unit(2), PACKET, PaymentSource::Escrow(unit(1)), measured("bytes", 480), 1).unwrap();
    assert_eq!(balance(&world, Account::Hold(unit(2)), DC), 20);
    world.check();
    let engaged = world.record(Record::Escrow(EscrowRecord::Close { id: unit(1) }));
    assert_eq!(engaged, Err(Refusal::Engaged { open: 1 }));
    capture(&mut world, unit(2), party(1), measured("bytes", 120)).unwrap();
    world.check();
    world.accept(Record::Charge(ChargeRecord::Void { id: unit(2) }));
    world.accept(Record::Escrow(EscrowRecord::Close { id: unit(1) }));
    // 50 less 10 charged less 5 captured.
    assert_eq!(held(&world, CLIENT, DC), 47 + 35);
    world.check();
    let other = pay(&mut world, PACKET, PaymentSource::Wallet(CLIENT), party(1), None, measured("octets", 50));
    assert_eq!(other, Err(Refusal::Unbound { what: Topic::Metric, name: Name::literal("octets") }));
    let agreed = pay(&mut world, PACKET, PaymentSource::Wallet(CLIENT), party(1), None, agreed(DC, 1));
    assert_eq!(agreed, Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::OtherForm }));
    let poor = pay(&mut world, PACKET, PaymentSource::Wallet(party(2)), party(1), None, measured("bytes", 50));
    assert_eq!(poor, Err(Refusal::Underfunded { token: DC, needed: units(3), has: units(0) }));
}

#[test]
fn a_charge_priced_in_dollars_is_rounded_up_once() {
    let mut world = market();
    let stale = pay(&mut world, TRANSFER, PaymentSource::Wallet(CLIENT), party(1), None, measured("octets", 2_500));
    assert!(matches!(stale, Err(Refusal::PriceStale { .. })));
    price(&mut world, NET_USD, "7");
    // Three started thousands at one cent: 0.03 / 7 NET = 4,285.71… base units.
    let paid = pay(&mut world, TRANSFER, PaymentSource::Wallet(CLIENT), party(1), None, measured("octets", 2_500)).unwrap();
    assert_eq!(paid.moved, units(4_286));
    assert_eq!(held(&world, party(1), NET), 10_000 * ONE + 4_286);
    let nothing = pay(&mut world, TRANSFER, PaymentSource::Wallet(CLIENT), party(1), None, measured("octets", 0));
    assert_eq!(nothing, Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero }));
    world.check();
}

#[test]
fn a_job_is_held_at_the_price_of_the_hold_and_burnt_on_completion() {
    let mut world = market();
    price(&mut world, NET_USD, "4");
    let held_now = hold(&mut world, unit(1), FRAME, PaymentSource::Wallet(CLIENT), dollars("100"), 30).unwrap();
    assert_eq!(held_now.moved, units(25 * ONE));
    // The price halves; a third of the job still takes a third of what is held.
    price(&mut world, NET_USD, "2");
    let part = capture(&mut world, unit(1), party(1), dollars("33.333333")).unwrap();
    assert_eq!(part.moved, units(8_333_333));
    assert_eq!(burnt(&world, NET), 8_333_333 - 416_666);
    assert_eq!(balance(&world, Account::Treasury(COMMUNITY), NET), 416_666);
    world.check();
    let last = capture(&mut world, unit(1), party(2), dollars("66.666667")).unwrap();
    assert_eq!(last.moved, units(25 * ONE - 8_333_333));
    assert!(world.reads().hold(unit(1)).is_none());
    assert_eq!(held(&world, CLIENT, NET), 9_975 * ONE);
    assert_eq!(held(&world, party(1), NET), 10_000 * ONE);
    world.check();
}

#[test]
fn a_hold_grows_at_the_price_of_now_and_a_void_gives_back_what_is_left() {
    let mut world = market();
    price(&mut world, NET_USD, "4");
    hold(&mut world, unit(1), FRAME, PaymentSource::Wallet(CLIENT), dollars("8"), 1).unwrap();
    price(&mut world, NET_USD, "1");
    world.accept(Record::Charge(ChargeRecord::Add { id: unit(1), price: dollars("8") }));
    assert_eq!(balance(&world, Account::Hold(unit(1)), NET), 10 * ONE);
    capture(&mut world, unit(1), party(1), dollars("4")).unwrap();
    let back = world.accept(Record::Charge(ChargeRecord::Void { id: unit(1) }));
    assert_eq!(back.moved, units(7_500_000));
    assert_eq!(held(&world, CLIENT, NET), 10_000 * ONE - 2_500_000);
    world.check();
}

#[test]
fn a_hold_that_nobody_captures_expires_on_time() {
    let mut world = market();
    hold(&mut world, unit(1), HIRE, PaymentSource::Wallet(CLIENT), agreed(USDC, 500), 1).unwrap();
    world.now = world.now.later(Span::from_days(1));
    world.close();
    assert!(world.reads().hold(unit(1)).is_some());
    capture(&mut world, unit(1), party(1), agreed(USDC, 200)).unwrap();
    world.now = world.now.later(Span::from_millis(1));
    world.close();
    assert!(world.reads().hold(unit(1)).is_none());
    assert_eq!(world.notices.last(), Some(&Notice::HoldExpired { hold: unit(1), returned: units(300) }));
    assert_eq!((held(&world, CLIENT, USDC), held(&world, party(1), USDC)), (10_000 * ONE - 200, 10_000 * ONE + 200));
    assert_eq!(capture(&mut world, unit(1), party(1), agreed(USDC, 1)), Err(Refusal::Unknown { what: Topic::Hold }));
}

#[test]
fn holds_refuse_what_cannot_be() {
    let mut world = market();
    let from = PaymentSource::Wallet(CLIENT);
    let kind = Name::literal("nothing");
    assert_eq!(
        hold(&mut world, unit(1), kind, from, agreed(NET, 1), 1),
        Err(Refusal::Unbound { what: Topic::ChargeKind, name: kind })
    );
    let never = Refusal::OutOfRange { what: Topic::Hold, reason: Limit::NotForThis };
    assert_eq!(hold(&mut world, unit(1), TRANSFER, from, measured("octets", 1), 1), Err(never));
    let long = hold(&mut world, unit(1), HIRE, from, agreed(NET, 1), 8);
    assert!(matches!(long, Err(Refusal::OutOfRange { what: Topic::Deadline, reason: Limit::AtMost(_) })));
    let past = hold(&mut world, unit(1), HIRE, from, agreed(NET, 1), 0);
    assert_eq!(past, Err(Refusal::OutOfRange { what: Topic::Deadline, reason: Limit::Passed }));
    assert_eq!(hold(&mut world, unit(1), HIRE, from, agreed(DC, 1), 1), Err(Refusal::Unbound { what: Topic::Token, name: DC }));
    assert!(matches!(hold(&mut world, unit(1), HIRE, from, agreed(NET, 10_001 * ONE), 1), Err(Refusal::Underfunded { .. })));
    let escrow = hold(&mut world, unit(1), HIRE, PaymentSource::Escrow(unit(9)), agreed(NET, 1), 1);
    assert_eq!(escrow, Err(Refusal::Unknown { what: Topic::Escrow }));
    hold(&mut world, unit(1), HIRE, from, agreed(NET, 100), 1).unwrap();
    assert_eq!(hold(&mut world, unit(1), HIRE, from, agreed(NET, 1), 1), Err(Refusal::Duplicate { what: Topic::Hold }));
    let most = Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AtMost(units(100)) };
    assert_eq!(capture(&mut world, unit(1), party(1), agreed(NET, 101)), Err(most));
    let zero = Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero };
    assert_eq!(capture(&mut world, unit(1), party(1), agreed(NET, 0)), Err(zero));
    assert!(capture(&mut world, unit(1), party(1), agreed(USDC, 1)).is_err());
    assert!(capture(&mut world, unit(1), party(1), dollars("1")).is_err());
    assert_eq!(world.record(Record::Charge(ChargeRecord::Void { id: unit(7) })), Err(Refusal::Unknown { what: Topic::Hold }));
    world.check();
}

#[test]
fn the_other_currency_is_converted_at_the_amm_pool_and_burnt() {
    let mut world = market();
    fund_amm_pool(&mut world, 1_000 * ONE, 4_000 * ONE);
    price(&mut world, USDC_USD, "1");
    let paid = pay(&mut world, FRAME, PaymentSource::Wallet(CLIENT), party(1), Some(USDC), dollars("100")).unwrap();
    assert_eq!((paid.token, paid.moved), (Some(USDC), units(100 * ONE)));
    // 95 USDC first: 1,000 * 95 / 4,095 NET; then 5 USDC at what is left.
    let first = 1_000 * ONE * (95 * ONE) / (4_095 * ONE);
    assert_eq!(burnt(&world, NET), first);
    let second = (1_000 * ONE - first) * (5 * ONE) / (4_100 * ONE);
    assert_eq!(balance(&world, Account::Treasury(COMMUNITY), NET), second);
    assert_eq!(balance(&world, Account::AmmPool(MAIN), USDC), 4_100 * ONE);
    assert_eq!(world.reads().usage(FRAME, NET).burnt, units(first));
    world.check();
}

#[test]
fn an_unfunded_amm_pool_leaves_the_part_waiting_and_says_so() {
    let mut world = market();
    price(&mut world, USDC_USD, "1");
    pay(&mut world, FRAME, PaymentSource::Wallet(CLIENT), party(1), Some(USDC), dollars("100")).unwrap();
    assert_eq!(balance(&world, Account::Treasury(CONVERSIONS), USDC), 100 * ONE);
    assert!(world.events.iter().any(|e| matches!(e, Event::ConversionWaits { token: USDC, .. })));
    assert_eq!(burnt(&world, NET), 0);
    world.check();
    let convert = Action::ConvertWaiting { amm_pool: MAIN };
    let nothing = Refusal::OutOfRange { what: Topic::Amount, reason: Limit::GivesNothing };
    assert_eq!(world.with(|s| s.act(party(5), &convert)), Err(nothing.clone()));
    fund_amm_pool(&mut world, 1_000 * ONE, 4_000 * ONE);
    let done = world.with(|s| s.act(party(5), &convert)).unwrap();
    assert_eq!(done.moved, vec![(USDC, units(95 * ONE)), (USDC, units(5 * ONE))]);
    assert_eq!(balance(&world, Account::Treasury(CONVERSIONS), USDC), 0);
    assert_eq!(burnt(&world, NET), 1_000 * ONE * (95 * ONE) / (4_095 * ONE));
    assert!(world.reads().waiting_conversions().is_empty());
    assert_eq!(world.with(|s| s.act(party(5), &convert)), Err(nothing));
    world.check();
}

#[test]
fn a_service_fee_is_paid_once_in_credits() {
    let mut world = market();
    price(&mut world, NET_USD, "2");
    let action = Action::MintCredits { credit: DC, amount: units(5_000_000), most: None, to: None };
    world.with(|s| s.act(CLIENT, &action)).unwrap();
    let onboarding = Name::literal("onboarding");
    let fee = Record::Fee(FeeRecord::Once { kind: onboarding, from: PaymentSource::Wallet(CLIENT), basis: None });
    // $40 at $0.00001 a credit; no oracle is asked.
    world.now = world.now.later(Span::from_days(1));
    assert_eq!(world.accept(fee.clone()).moved, units(4_000_000));
    assert_eq!(held(&world, CLIENT, DC), 1_000_000);
    assert!(matches!(world.record(fee), Err(Refusal::Underfunded { .. })));
    let again = FeeRecord::Begin { id: unit(1), kind: onboarding, from: CLIENT, basis: None };
    let once = Refusal::OutOfRange { what: Topic::FeeKind, reason: Limit::NotForThis };
    assert_eq!(world.record(Record::Fee(again)), Err(once));
    world.check();
}

#[test]
fn a_recurring_fee_is_carried_over_stale_prices_and_empty_wallets() {
    let mut world = market();
    let seat = Name::literal("seat");
    let begin = Record::Fee(FeeRecord::Begin { id: unit(1), kind: seat, from: CLIENT, basis: None });
    assert!(matches!(world.record(begin.clone()), Err(Refusal::PriceStale { .. })));
    price(&mut world, NET_USD, "2");
    assert_eq!(world.accept(begin.clone()).moved, units(500_000));
    assert_eq!(world.record(begin), Err(Refusal::Duplicate { what: Topic::Fee }));
    let day = |world: &mut World, report: bool| {
        world.now = world.now.later(Span::from_millis(Span::from_days(1).get() - 60_000));
        world.close();
        if report {
            price(world, NET_USD, "2");
        }
        world.now = world.now.later(Span::from_secs(60));
        world.close();
    };
    day(&mut world, true);
    assert_eq!(balance(&world, Account::Treasury(COMMUNITY), NET), 1_000_000);
    day(&mut world, false);
    assert_eq!(balance(&world, Account::Treasury(COMMUNITY), NET), 1_000_000);
    assert_eq!(world.notices.last(), Some(&Notice::FeeUnpaid { fee: unit(1), payer: CLIENT, periods: 1 }));
    assert!(matches!(world.events.last(), Some(Event::ServiceFeeUnpaid { stale: true, .. })));
    day(&mut world, true);
    assert_eq!(balance(&world, Account::Treasury(COMMUNITY), NET), 2_000_000);
    let all = units(held(&world, CLIENT, NET));
    world.with(|s| s.transfer(CLIENT, party(1), NET, all)).unwrap();
    day(&mut world, true);
    assert_eq!(world.reads().recurring_fee(unit(1)).unwrap().unpaid, 1);
    world.accept(Record::Fee(FeeRecord::End { id: unit(1) }));
    assert!(world.reads().recurring_fee(unit(1)).is_none());
    assert_eq!(world.record(Record::Fee(FeeRecord::End { id: unit(1) })), Err(Refusal::Unknown { what: Topic::Fee }));
    world.check();
}

#[test]
fn a_fee_counted_on_a_metric_follows_it() {
    let mut world = market();
    let kind = Name::literal("sector");
    let space = |n: u128| Component { metric: Name::literal("space"), quantity: Measured::new(n) };
    assert_eq!(world.reads().quote_service_fee(kind, Some(space(2_049))).unwrap(), (NET, units(15)));
    let begin = FeeRecord::Begin { id: unit(1), kind, from: CLIENT, basis: Some(space(2_049)) };
    assert_eq!(world.accept(Record::Fee(begin)).moved, units(15));
    world.accept(Record::Fee(FeeRecord::Resize { id: unit(1), basis: space(1) }));
    // Three days at once: three jobs, each as of its own time.
    world.now = world.now.later(Span::from_days(3));
    world.close();
    assert_eq!(burnt(&world, NET), 15 + 3 * 5);
    let without = FeeRecord::Once { kind, from: PaymentSource::Wallet(CLIENT), basis: None };
    assert_eq!(world.record(Record::Fee(without)), Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::OtherForm }));
    let other = FeeRecord::Once {
        kind,
        from: PaymentSource::Wallet(CLIENT),
        basis: Some(Component { metric: Name::literal("bytes"), ..space(1) }),
    };
    assert!(matches!(world.record(Record::Fee(other)), Err(Refusal::Unbound { what: Topic::Metric, .. })));
    world.check();
}

#[test]
fn part_of_a_stream_is_burnt_and_the_other_currency_goes_whole_to_the_payee() {
    let mut world = market();
    let deal = Name::literal("deal");
    for (n, token) in [(1, NET), (2, USDC)] {
        open(&mut world, unit(n), deal, CLIENT, of(token, 1_000)).unwrap();
        run(&mut world, unit(n), unit(n), party(1), of(token, 10), 100).unwrap();
    }
    blocks(&mut world, 33);
    for n in [1, 2] {
        assert_eq!(collect(&mut world, unit(n)), 330);
    }
    // 330 NET: 82 burnt (floor of 82.5), 248 to the payee; 330 USDC whole.
    assert_eq!(held(&world, party(1), NET), 10_000 * ONE + 248);
    assert_eq!((burnt(&world, NET), burnt(&world, USDC)), (82, 0));
    assert_eq!(held(&world, party(1), USDC), 10_000 * ONE + 330);
    world.check();
    let most = Refusal::OutOfRange { what: Topic::Rate, reason: Limit::AtMost(units(5 * ONE)) };
    open(&mut world, unit(3), deal, CLIENT, of(USDC, 100 * ONE)).unwrap();
    assert_eq!(run(&mut world, unit(3), unit(3), party(1), of(USDC, 6 * ONE), 1), Err(most));
}

fn parts(shares: &[u32]) -> Vec<PayPart> {
    shares.iter().map(|s| PayPart { to: PayTo::Payee, share: Share::new(*s).unwrap(), convert: None }).collect()
}

#[test]
fn the_first_part_takes_what_rounding_leaves() {
    let split = |amount: u128, shares: &[u32]| {
        split(units(amount), &parts(shares)).unwrap().into_iter().map(Units::get).collect::<Vec<_>>()
    };
    // A take rate of 20 %: fee = trunc(amount * rate), earnings = amount - fee.
    assert_eq!(split(99, &[800_000_000, 200_000_000]), [80, 19]);
    assert_eq!(split(1, &[100_000_000, 450_000_000, 450_000_000]), [1, 0, 0]);
    assert_eq!(split(101, &[333_333_334, 333_333_333, 333_333_333]), [35, 33, 33]);
}

proptest! {
    /// The parts always come to the whole, and none but the first is above its share.
    #[test]
    fn splits_sum_to_the_whole(amount in 0u128..1 << 90, cut in 0u32..=1_000_000_000, cut2 in 0u32..=1_000_000_000) {
        let (low, high) = (cut.min(cut2), cut.max(cut2));
        let shares = [low, high - low, 1_000_000_000 - high];
        let amounts = split(units(amount), &parts(&shares)).unwrap();
        prop_assert_eq!(amounts.iter().map(|a| a.get()).sum::<u128>(), amount);
        for (share, part) in shares.iter().zip(&amounts).skip(1) {
            prop_assert!(part.get() * 1_000_000_000 <= amount * u128::from(*share));
        }
    }

    /// No credit is minted for less than its price: what was burnt is worth at least the credits, and less than one base unit more.
    #[test]
    fn credits_cost_their_price(credits in 1u128..1 << 60, price in 1u128..1 << 90, usd in 1u128..1 << 60) {
        let burnt = burnt_for(units(credits), Decimal18::new(usd), Decimal18::new(price), 6, 0).unwrap().get();
        let worth = |base: u128| ruint::aliases::U256::from(base) * ruint::aliases::U256::from(price);
        let cost = ruint::aliases::U256::from(credits) * ruint::aliases::U256::from(usd) * ruint::aliases::U256::from(1_000_000u32);
        prop_assert!(worth(burnt) >= cost);
        prop_assert!(burnt == 1 || worth(burnt - 1) < cost);
        let back = credits_for(units(burnt), Decimal18::new(usd), Decimal18::new(price), 6, 0).unwrap().get();
        prop_assert!(back >= credits);
    }

    /// However a hold is captured, its parts and what is left come to what was held.
    #[test]
    fn captures_never_take_more_than_is_held(price_cents in 1u64..100_000, steps in prop::collection::vec((1u64..5_000, any::<bool>()), 1..12)) {
        let mut world = market();
        price(&mut world, NET_USD, &format!("{}.{:02}", price_cents / 100, price_cents % 100));
        if hold(&mut world, unit(1), FRAME, PaymentSource::Wallet(CLIENT), dollars("10"), 30).is_err() {
            return Ok(());
        }
        for (cents, add) in steps {
            let amount = format!("{}.{:03}", cents / 1_000, cents % 1_000);
            let record = if add {
                ChargeRecord::Add { id: unit(1), price: dollars(&amount) }
            } else {
                ChargeRecord::Capture { id: unit(1), to: party(1), price: dollars(&amount) }
            };
            let before = world.state.clone();
            if world.record(Record::Charge(record)).is_err() {
                prop_assert!(world.state == before);
            }
            let report = audit(world.economy.spec(), world.state.as_read());
            prop_assert!(report.ok(), "{:?}", report.violations);
        }
    }
}
