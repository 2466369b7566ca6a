//! Tests of the market's arithmetic; the whole is tested over a running network.

use super::{
    convert::{market_error, state_of},
    propose::{Budget, cost, proposed, start_within},
};
use crate::market::{DealState, MarketError, Proposal};
use depin_client::{
    ClientError,
    api::{Currency, FinalReceipt},
};
use depin_economy::Spec;
use depin_ledger::Event;
use depin_quantity::{Address, Instant, Name, Span, UnitId, Units};
use depin_services::storage::{
    StorageEvent, StorageParams,
    piece::{Commitment, PieceSize},
};
use std::collections::BTreeMap;

fn params() -> StorageParams {
    let spec = Spec::parse(depin_networks::network_file("filecoin").unwrap()).unwrap();
    StorageParams::read(&spec, Instant::new(0)).unwrap()
}

fn proposal(price: u128) -> Proposal {
    Proposal {
        provider: Address::new([1; 32]),
        cid: Commitment::of_zeros(PieceSize::new(1 << 20).unwrap()),
        piece_size: 1 << 20,
        payload_bytes: 127 << 13,
        price: Units::new(price),
        term: Span::from_days(180),
    }
}

fn budget(balance: u128) -> Budget {
    Budget { balance, datacap: 0, verified_prices: BTreeMap::new() }
}

#[test]
fn a_price_per_gib_becomes_one_per_piece_rounded_up_and_never_zero() {
    let mut budget = budget(u128::MAX);
    let cover = |budget: &mut Budget, price| budget.cover(&params(), &proposal(price), 120).unwrap().price.get();
    assert_eq!(cover(&mut budget, 500_000_000), 488_282, "500,000,000 / 1024 = 488,281.25");
    assert_eq!(cover(&mut budget, 1), 1);
    assert_eq!(cover(&mut budget, 0), 1);
}

#[test]
fn what_a_deal_takes_into_escrow_is_known_before_it_is_proposed() {
    let of = |price, days| cost(&params(), Units::new(price), 1 << 20, Span::from_days(days)).map(Units::get);
    assert_eq!(of(500_000_000, 180), Some(488_282 * 180 * 2880), "as the budget reckons");
    assert_eq!(of(1, 180), Some(180 * 2880));
    assert_eq!(of(u128::MAX, 180), None, "more than 128 bits hold");
}

#[test]
fn a_budget_that_does_not_cover_the_whole_term_says_what_is_missing() {
    let term = 180 * 2880;
    let mut budget = budget(488_282 * term + 7);
    budget.cover(&params(), &proposal(500_000_000), 120).unwrap();
    let error = budget.cover(&params(), &proposal(500_000_000), 120).unwrap_err();
    let fil = Currency { token: Name::literal("FIL"), decimals: 18 };
    let (needed, balance) = (Units::new(488_282 * term), Units::new(7));
    assert_eq!(error, MarketError::FundsTooLow { needed, balance, currency: fil });
    let said = error.to_string();
    assert!(said.contains("0.0000002531253888 FIL are needed, 0.000000000000000007 FIL are there"), "{said}");
}

#[test]
fn datacap_is_spent_where_the_provider_takes_verified_deals_for_that_price() {
    let mut budget = Budget {
        balance: u128::MAX,
        datacap: 3 << 19,
        verified_prices: BTreeMap::from([(Address::new([1; 32]), Units::new(5))]),
    };
    assert!(!budget.cover(&params(), &proposal(4), 120).unwrap().verified, "it asks more for verified deals");
    assert!(budget.cover(&params(), &proposal(5), 120).unwrap().verified);
    assert!(!budget.cover(&params(), &proposal(5), 120).unwrap().verified, "half a MiB is left");
}

#[test]
fn a_size_that_no_piece_has_is_refused() {
    let odd = Proposal { piece_size: 100, ..proposal(1) };
    assert!(matches!(budget(u128::MAX).cover(&params(), &odd, 120), Err(MarketError::Refused { .. })));
}

#[test]
fn machines_get_their_time_at_any_speed() {
    assert_eq!(start_within(&params(), 1), 120, "an hour");
    assert_eq!(start_within(&params(), 100), 400, "two minutes of the wall clock");
    assert_eq!(start_within(&params(), u32::MAX), params().start_max);
}

#[test]
fn ids_come_out_of_the_receipt_in_the_order_of_the_proposals() {
    let event = |byte| {
        let proposed = StorageEvent::DealProposed {
            deal: UnitId::new([byte; 32]),
            client: Address::new([9; 32]),
            provider: Address::new([1; 32]),
            piece: Commitment::of_zeros(PieceSize::new(128).unwrap()),
            size: PieceSize::new(128).unwrap(),
            price: Units::new(1),
            term: 3,
        };
        Event::Service(proposed.into())
    };
    let events = [event(2), event(1)].map(|event| serde_json::to_value(event).unwrap());
    let json = serde_json::json!({
        "id": UnitId::new([0; 32]), "height": 1, "time": {"text": "", "ms": 0}, "index": 1, "sender": Address::new([9; 32]), "nonce": 0,
        "action": "propose-deals", "fee": {"token": "FIL", "units": "1", "display": ""}, "events": events,
    });
    let receipt: FinalReceipt = serde_json::from_value(json).unwrap();
    assert_eq!(proposed(&receipt), [2, 1].map(|byte| UnitId::new([byte; 32])));
}

#[test]
fn only_a_refusal_is_final() {
    let refused = ClientError::Refused { status: 400, code: "x".into(), message: "no".into(), hint: String::new() };
    assert!(matches!(market_error(refused), MarketError::Refused { .. }));
    let busy = ClientError::Refused { status: 503, code: "busy".into(), message: "later".into(), hint: String::new() };
    assert!(matches!(market_error(busy), MarketError::Unreachable { .. }));
}

#[test]
fn every_stage_of_a_deal_has_its_state() {
    let deal = |state: &str| -> depin_client::api::Deal {
        serde_json::from_value(serde_json::json!({
            "id": UnitId::new([0; 32]), "client": Address::new([9; 32]), "provider": Address::new([1; 32]),
            "piece": Commitment::of_zeros(PieceSize::new(128).unwrap()), "size_bytes": 128, "term_epochs": 1,
            "price": {"token": "FIL", "units": "1", "display": ""}, "verified": false, "label": "", "state": state, "end_asked": false,
            "reason": "why", "proposed": {"text": "", "ms": 1}, "start_by": {"text": "", "ms": 2}, "until": {"text": "", "ms": 5}, "closed": {"text": "", "ms": 6},
        }))
        .unwrap()
    };
    let until = Instant::new(5);
    assert_eq!(state_of(&deal("active")), DealState::Active { until });
    assert_eq!(state_of(&deal("faulty")), DealState::Faulty { until });
    assert_eq!(state_of(&deal("refused")), DealState::Refused { reason: "why".into() });
    assert_eq!(state_of(&deal("ended")), DealState::Ended { at: Instant::new(6), reason: "why".into() });
}
