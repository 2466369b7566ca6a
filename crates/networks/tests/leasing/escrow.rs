//! Money: streams block by block, take rates by currency, escrows that run out, debts, grants.

use crate::world::*;
use depin_economy::{Account, Money};
use depin_quantity::{Name, Span, Units};
use depin_services::leasing::{
    self, DeploymentState, Deposit, DepositSource, Funds, GroupState, LeaseState, LeasingEvent, LeasingMessage, NewDeployment,
    OrderState, Reason,
};

const ECOSYSTEM: Account = Account::Treasury(Name::literal("ecosystem"));

#[test]
fn a_lease_is_paid_for_whole_blocks_and_collected_in_whole_units() {
    let mut net = Net::new();
    net.register(PROVIDER, "north", &[]).unwrap();
    net.deploy(vec![group("1000", 1)], 5_000_000).unwrap();
    net.bids(PROVIDER, order(1), "33.4").unwrap();
    net.send(TENANT, &LeasingMessage::CreateLease(order(1).bid(PROVIDER))).unwrap();
    let (had, treasury) = (net.held(PROVIDER), net.held_in(ECOSYSTEM, AKT));
    let withdraw = LeasingMessage::Withdraw(vec![order(1).bid(PROVIDER)]);
    net.send(PROVIDER, &withdraw).unwrap();
    assert_eq!(net.held(PROVIDER), had, "no block is over");
    net.blocks(3);
    net.send(PROVIDER, &withdraw).unwrap();
    // 100.2 are due, 100 are paid: 90 to the provider, 5 each to treasury and stakers; inflation feeds the treasury besides.
    assert_eq!(net.held(PROVIDER), had + 90);
    assert!(net.held_in(ECOSYSTEM, AKT) > treasury);
    net.blocks(2);
    net.send(PROVIDER, &withdraw).unwrap();
    assert_eq!(net.held(PROVIDER), had + 90 + 61, "67 of 167 in all: 3 each are rounded down, the provider takes the rest");
    net.send(PROVIDER, &withdraw).unwrap();
    assert_eq!(net.held(PROVIDER), had + 151, "twice in a block changes nothing");
}

#[test]
fn a_lease_in_stablecoin_pays_a_fifth_to_the_network_through_the_market() {
    let mut net = Net::new();
    net.register(PROVIDER, "north", &[]).unwrap();
    for denom in ["usdc", "ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1"] {
        let dseq = net.totals().deployments + 1;
        net.send(TENANT, &create(dseq, vec![group_of("1000", 1, denom, "")], millionths(USDC, 1_000_000))).unwrap();
        let order = leasing::DeploymentId { owner: TENANT, dseq }.group(1).order(1);
        let mut price = uakt("1000");
        price.denom = denom.to_owned();
        net.send(PROVIDER, &LeasingMessage::CreateBid { order, price, reclaim_window: None }).unwrap();
        net.send(TENANT, &LeasingMessage::CreateLease(order.bid(PROVIDER))).unwrap();
        let had = net.held_in(Account::Wallet(PROVIDER), USDC);
        net.blocks(10);
        net.send(TENANT, &LeasingMessage::CloseDeployment { dseq }).unwrap();
        assert_eq!(net.held_in(Account::Wallet(PROVIDER), USDC), had + 8_000);
    }
    // Nobody funded the AMM pool, so what is to be converted waits, and is not lost.
    assert_eq!(net.held_in(Account::Treasury(Name::literal("conversions")), USDC), 2 * 2_000);
}

#[test]
fn an_escrow_that_runs_out_closes_its_leases_in_the_block_and_pays_what_it_has() {
    let mut net = Net::new();
    let (had, tenant) = (net.held(PROVIDER), net.held(TENANT));
    net.register(PROVIDER, "north", &[]).unwrap();
    net.deploy(vec![group("1000", 1)], 2_500).unwrap();
    net.bids(PROVIDER, order(1), "1000").unwrap();
    net.send(TENANT, &LeasingMessage::CreateLease(order(1).bid(PROVIDER))).unwrap();
    net.blocks(2);
    assert_eq!(net.deployment().funds, Funds::Open);
    net.blocks(1);
    let lease = net.bid(order(1).bid(PROVIDER)).lease.unwrap();
    assert_eq!((lease.state, lease.reason), (LeaseState::InsufficientFunds, Some(Reason::InsufficientFunds)));
    assert_eq!(lease.paid, Units::new(2_500), "two blocks and the rest by weight");
    assert_eq!((net.group_state(), net.order(1).state), (GroupState::InsufficientFunds, OrderState::Closed));
    assert_eq!((net.deployment().state, net.deployment().funds), (DeploymentState::Closed, Funds::Closed));
    assert!(net.events.iter().any(|event| matches!(event, LeasingEvent::FundsGone { owed, .. } if owed.is_zero())));
    assert_eq!(net.held(TENANT), tenant - 2_500);
    assert_eq!(net.held(PROVIDER), had - 100_000_000 + 2_250, "nine tenths, and the deposit of the bid");
    assert_eq!(net.totals().leases_out_of_funds, 1);
}

#[test]
fn money_that_ends_soon_is_told_and_a_top_up_moves_the_end() {
    let (mut net, lease) = Net::leased();
    // 5,555 blocks are paid for; an hour before the end is told.
    net.pass(Span::from_millis(BLOCK.get() * (5_556 - 601)));
    assert!(!net.events.iter().any(|event| matches!(event, LeasingEvent::FundsLow { .. })));
    net.pass(BLOCK);
    assert!(net.events.iter().any(|event| matches!(event, LeasingEvent::FundsLow { .. })), "{:?}", net.events.last());
    net.deposit(FRIEND, 5_000_000).unwrap();
    net.pass(Span::from_millis(BLOCK.get() * 2_000));
    assert_eq!(net.bid(lease).lease.unwrap().state, LeaseState::Active);
}

#[test]
fn two_groups_share_what_is_left_by_their_rates() {
    let mut net = Net::new();
    net.register(PROVIDER, "north", &[]).unwrap();
    let mut east = group("1000", 1);
    "east".clone_into(&mut east.name);
    net.deploy(vec![east, group("1000", 1)], 10_001).unwrap();
    let orders = [ID.group(1).order(1), ID.group(2).order(1)];
    for (order, price) in orders.into_iter().zip(["300", "700"]) {
        net.bids(PROVIDER, order, price).unwrap();
        net.send(TENANT, &LeasingMessage::CreateLease(order.bid(PROVIDER))).unwrap();
    }
    net.pass(Span::from_days(1));
    let paid = orders.map(|order| net.bid(order.bid(PROVIDER)).lease.unwrap().paid.get());
    assert_eq!(paid, [3_000, 7_000], "ten blocks; of the last unit nobody gets a whole one");
}

/// Rules of the chain since its version 1.0.
fn ordered() -> Net {
    Net::changed(&[ORDERED], "")
}

#[test]
fn an_ordered_escrow_cuts_to_whole_units_keeps_its_debt_and_takes_a_deposit_for_it() {
    let mut net = ordered();
    net.register(PROVIDER, "north", &[]).unwrap();
    net.deploy(vec![group("1000", 1)], 2_500).unwrap();
    net.bids(PROVIDER, order(1), "1000").unwrap();
    net.send(TENANT, &LeasingMessage::CreateLease(order(1).bid(PROVIDER))).unwrap();
    net.blocks(3);
    assert_eq!((net.deployment().state, net.deployment().owed), (DeploymentState::Closed, Units::new(500)));
    assert_eq!(net.bid(order(1).bid(PROVIDER)).lease.unwrap().paid, Units::new(2_500));
    let had = net.held(PROVIDER);
    net.deposit(FRIEND, 200).unwrap();
    assert_eq!(net.deployment().owed, Units::new(300));
    let friend = net.held(FRIEND);
    net.deposit(FRIEND, 1_000).unwrap();
    assert_eq!((net.deployment().owed, net.held(FRIEND)), (Units::ZERO, friend - 300), "no more than is owed");
    assert_eq!(net.held(PROVIDER), had + 180 + 270);
    assert_eq!(net.deposit(FRIEND, 1).unwrap_err().code(), "deployment-closed", "the deployment does not come back");
}

#[test]
fn ordered_deposits_are_spent_oldest_first_and_go_back_to_whoever_made_them() {
    let mut net = ordered();
    let (tenant, friend) = (net.held(TENANT), net.held(FRIEND));
    net.register(PROVIDER, "north", &[]).unwrap();
    net.deploy(vec![group("1000", 1)], 2_000).unwrap();
    net.deposit(FRIEND, 3_000).unwrap();
    net.bids(PROVIDER, order(1), "1000").unwrap();
    net.send(TENANT, &LeasingMessage::CreateLease(order(1).bid(PROVIDER))).unwrap();
    net.blocks(3);
    net.send(TENANT, &LeasingMessage::CloseDeployment { dseq: 1 }).unwrap();
    assert_eq!((net.held(TENANT), net.held(FRIEND)), (tenant - 2_000, friend - 1_000));
}

fn granted(amount: u128, sources: Vec<DepositSource>) -> LeasingMessage {
    let deposit = Deposit { amount: millionths(AKT, amount), sources };
    LeasingMessage::CreateDeployment(NewDeployment {
        dseq: 1,
        groups: vec![group("1000", 1)],
        hash: hash(1),
        deposit,
        reclaim_window: None,
    })
}

#[test]
fn a_grant_pays_up_to_its_limit_and_its_wallet_gets_back_what_is_left() {
    let mut net = ordered();
    let (tenant, friend) = (net.held(TENANT), net.held(FRIEND));
    let grant = |limit: Option<Money>| LeasingMessage::Grant { to: TENANT, limit };
    let sources = vec![DepositSource::Grant(FRIEND)];
    assert_eq!(net.send(TENANT, &granted(500, sources.clone())).unwrap_err().code(), "grant", "nobody granted anything");
    net.send(FRIEND, &grant(Some(millionths(AKT, 1_000)))).unwrap();
    assert_eq!(net.send(TENANT, &granted(1_001, sources.clone())).unwrap_err().code(), "deposit", "more than the grant");
    net.send(TENANT, &granted(700, sources.clone())).unwrap();
    assert_eq!((net.held(TENANT), net.held(FRIEND)), (tenant, friend - 700));
    assert_eq!(leasing::grant(net.rows(), FRIEND, TENANT), Some(millionths(AKT, 300)));
    net.send(FRIEND, &grant(None)).unwrap();
    let more = Deposit { amount: millionths(AKT, 100), sources };
    assert_eq!(net.send(TENANT, &LeasingMessage::Deposit { deployment: ID, deposit: more }).unwrap_err().code(), "grant");
    net.send(TENANT, &LeasingMessage::CloseDeployment { dseq: 1 }).unwrap();
    assert_eq!((net.held(TENANT), net.held(FRIEND)), (tenant, friend));
}

#[test]
fn the_balance_gives_what_it_has_and_a_grant_the_rest() {
    let mut net = ordered();
    let (tenant, friend) = (net.held(TENANT), net.held(FRIEND));
    net.send(FRIEND, &LeasingMessage::Grant { to: TENANT, limit: Some(millionths(AKT, 5_000)) }).unwrap();
    let both = vec![DepositSource::Balance, DepositSource::Grant(FRIEND)];
    net.send(TENANT, &granted(tenant + 400, both)).unwrap();
    assert_eq!((net.held(TENANT), net.held(FRIEND)), (0, friend - 400));
}

#[test]
fn nobody_grants_where_what_is_left_goes_to_the_owner() {
    let mut net = Net::new();
    let grant = LeasingMessage::Grant { to: TENANT, limit: Some(millionths(AKT, 1)) };
    assert_eq!(net.send(FRIEND, &grant).unwrap_err().code(), "grant");
    assert_eq!(net.send(TENANT, &granted(1, vec![DepositSource::Grant(FRIEND)])).unwrap_err().code(), "grant");
}
