//! Whole lives of deployments: states and transitions.

use crate::world::*;
use depin_economy::Account;
use depin_quantity::{Address, Span};
use depin_services::leasing::{
    self, BidState, DeploymentState, GroupState, LeaseState, LeasingEvent, LeasingMessage, OrderState, Reason,
};

#[test]
fn a_tenant_takes_any_bid_and_the_others_are_lost_with_their_deposits_back() {
    let mut net = Net::new();
    net.register(PROVIDER, "north", &[]).unwrap();
    net.register(OTHER, "south", &[]).unwrap();
    assert_eq!(net.held_in(Account::Pledge(PROVIDER), AKT), 100_000_000, "the pledge of the file");
    let had = net.held(PROVIDER);
    net.deploy(vec![group("1000", 1)], 5_000_000).unwrap();
    assert_eq!(leasing::open_orders(net.rows(), None).map(|(id, _)| id).collect::<Vec<_>>(), [order(1)]);
    net.bids(PROVIDER, order(1), "700").unwrap();
    net.bids(OTHER, order(1), "900").unwrap();
    assert_eq!(net.held(PROVIDER), had - 500_000, "the deposit of the bid");
    // The dearer one: the chain only sees to the ceiling.
    net.send(TENANT, &LeasingMessage::CreateLease(order(1).bid(OTHER))).unwrap();
    assert_eq!(net.held(PROVIDER), had);
    assert_eq!(net.bid(order(1).bid(PROVIDER)).state, BidState::Lost);
    let lease = net.bid(order(1).bid(OTHER));
    assert_eq!((lease.state, lease.lease.map(|lease| lease.state)), (BidState::Active, Some(LeaseState::Active)));
    assert_eq!(net.order(1).state, OrderState::Active);
    assert_eq!(leasing::open_orders(net.rows(), None).count(), 0);
    assert_eq!((net.totals().running_leases, net.provider(OTHER).leased_units), (1, 1_000 + 500 + 13));
}

#[test]
fn closing_a_lease_pays_up_to_the_block_and_orders_the_group_again() {
    let (mut net, lease) = Net::leased();
    let had = net.held(PROVIDER);
    net.blocks(10);
    net.send(TENANT, &LeasingMessage::CloseLease(lease)).unwrap();
    // 9,000 of which the network takes a tenth; and the deposit of the bid.
    assert_eq!(net.held(PROVIDER), had + 8_100 + 500_000);
    let row = net.bid(lease).lease.unwrap();
    assert_eq!((row.state, row.reason, row.paid.get()), (LeaseState::Closed, Some(Reason::Owner), 9_000));
    assert_eq!(
        (net.order(1).state, net.order(2).state, net.group_state()),
        (OrderState::Closed, OrderState::Open, GroupState::Open)
    );
    assert_eq!(net.send(TENANT, &LeasingMessage::CloseLease(lease)).unwrap_err().code(), "lease-not-active");
    net.bids(PROVIDER, order(2), "900").unwrap();
}

#[test]
fn a_provider_that_ends_a_lease_says_why_and_pauses_the_group() {
    let (mut net, lease) = Net::leased();
    net.blocks(1);
    let close = |reason| LeasingMessage::CloseBid { order: order(1), reason };
    for reason in [Reason::Owner, Reason::InsufficientFunds] {
        assert_eq!(net.send(PROVIDER, &close(reason)).unwrap_err().origin(), Some(("market", 33)));
    }
    net.send(PROVIDER, &close(Reason::Unstable)).unwrap();
    assert_eq!(net.group_state(), GroupState::Paused);
    assert_eq!(net.bid(lease).lease.unwrap().reason, Some(Reason::Unstable));
    assert_eq!(net.deployment().state, DeploymentState::Active);
    net.send(TENANT, &LeasingMessage::StartGroup { dseq: 1, gseq: 1 }).unwrap();
    assert_eq!((net.group_state(), net.order(2).state), (GroupState::Open, OrderState::Open));
}

#[test]
fn a_manifest_that_never_came_is_a_reason_when_its_time_is_over() {
    let (mut net, _) = Net::leased();
    let close = LeasingMessage::CloseBid { order: order(1), reason: Reason::ManifestTimeout };
    net.pass(Span::from_millis(5 * 60_000 - 1));
    assert_eq!(net.send(PROVIDER, &close).unwrap_err().code(), "manifest-in-time");
    net.pass(Span::from_millis(1));
    net.send(PROVIDER, &close).unwrap();
}

#[test]
fn an_open_bid_is_withdrawn_or_ends_by_itself_and_the_deposit_is_back() {
    let mut net = Net::new();
    net.register(PROVIDER, "north", &[]).unwrap();
    net.register(OTHER, "south", &[]).unwrap();
    let had = net.held(PROVIDER);
    net.deploy(vec![group("1000", 1)], 5_000_000).unwrap();
    net.bids(PROVIDER, order(1), "900").unwrap();
    net.send(PROVIDER, &LeasingMessage::CloseBid { order: order(1), reason: Reason::Unspecified }).unwrap();
    assert_eq!((net.held(PROVIDER), net.bid(order(1).bid(PROVIDER)).state), (had, BidState::Closed));
    assert_eq!(net.bids(PROVIDER, order(1), "800").unwrap_err().code(), "bid-exists", "once on an order");
    net.bids(OTHER, order(1), "900").unwrap();
    net.pass(Span::from_millis(5 * 60_000 - 1));
    assert_eq!(net.bid(order(1).bid(OTHER)).state, BidState::Open);
    net.pass(Span::from_millis(1));
    assert_eq!((net.held(OTHER), net.bid(order(1).bid(OTHER)).state), (had, BidState::Closed));
    let taken = net.send(TENANT, &LeasingMessage::CreateLease(order(1).bid(OTHER)));
    assert_eq!(taken.unwrap_err().origin(), Some(("market", 12)));
}

#[test]
fn groups_are_paused_started_and_closed() {
    let (mut net, lease) = Net::leased();
    let (pause, start, close) = (
        LeasingMessage::PauseGroup { dseq: 1, gseq: 1 },
        LeasingMessage::StartGroup { dseq: 1, gseq: 1 },
        LeasingMessage::CloseGroup { dseq: 1, gseq: 1 },
    );
    assert_eq!(net.send(TENANT, &start).unwrap_err().origin(), Some(("deployment", 16)));
    net.blocks(1);
    net.send(TENANT, &pause).unwrap();
    assert_eq!((net.group_state(), net.bid(lease).state), (GroupState::Paused, BidState::Closed));
    assert_eq!(net.send(TENANT, &pause).unwrap_err().origin(), Some(("deployment", 17)));
    net.send(TENANT, &start).unwrap();
    net.bids(PROVIDER, order(2), "900").unwrap();
    net.send(TENANT, &close).unwrap();
    assert_eq!((net.group_state(), net.bid(order(2).bid(PROVIDER)).state), (GroupState::Closed, BidState::Closed));
    for message in [pause, start, close] {
        assert_eq!(net.send(TENANT, &message).unwrap_err().origin(), Some(("deployment", 15)));
    }
    assert_eq!(net.deployment().state, DeploymentState::Active, "the money stays until the deployment is closed");
}

#[test]
fn closing_a_deployment_gives_back_what_is_left() {
    let mut net = Net::new();
    let had = net.held(TENANT);
    (net, _) = Net::leased_of(net);
    net.register(OTHER, "south", &[]).unwrap();
    net.blocks(3);
    net.send(TENANT, &LeasingMessage::CloseDeployment { dseq: 1 }).unwrap();
    assert_eq!(net.held(TENANT), had - 2_700);
    assert_eq!((net.deployment().state, net.group_state()), (DeploymentState::Closed, GroupState::Closed));
    let totals = net.totals();
    assert_eq!((totals.active_deployments, totals.open_orders, totals.running_leases, totals.leased_units), (0, 0, 0, 0));
    for message in [LeasingMessage::CloseDeployment { dseq: 1 }, LeasingMessage::UpdateDeployment { dseq: 1, hash: hash(2) }] {
        assert_eq!(net.send(TENANT, &message).unwrap_err().origin(), Some(("deployment", 5)));
    }
    assert_eq!(net.deposit(TENANT, 1).unwrap_err().code(), "deployment-closed");
    assert_eq!(net.deploy(vec![group("1", 1)], 1).unwrap_err().origin(), Some(("deployment", 3)), "a number is used once");
}

#[test]
fn bids_of_a_deployment_that_closes_end_in_a_job() {
    let mut net = Net::new();
    let had = net.held(PROVIDER);
    net.register(PROVIDER, "north", &[]).unwrap();
    net.deploy(vec![group("1000", 1)], 5_000_000).unwrap();
    net.bids(PROVIDER, order(1), "900").unwrap();
    net.send(TENANT, &LeasingMessage::CloseDeployment { dseq: 1 }).unwrap();
    net.pass(Span::from_millis(1));
    assert_eq!(net.bid(order(1).bid(PROVIDER)).state, BidState::Closed);
    net.send(PROVIDER, &LeasingMessage::Leave).unwrap();
    net.pass(Span::from_days(21));
    assert_eq!(net.held(PROVIDER), had, "deposit and pledge are back");
}

#[test]
fn a_manifest_is_updated_by_its_hash() {
    let (mut net, _) = Net::leased();
    let update = |n| LeasingMessage::UpdateDeployment { dseq: 1, hash: hash(n) };
    assert_eq!(net.send(TENANT, &update(1)).unwrap_err().code(), "same-hash");
    assert_eq!(net.send(FRIEND, &update(2)).unwrap_err().code(), "unknown-deployment");
    net.send(TENANT, &update(2)).unwrap();
    assert_eq!(net.deployment().hash, hash(2));
    assert!(matches!(net.events.last(), Some(LeasingEvent::DeploymentUpdated { .. })));
}

#[test]
fn a_provider_leaves_without_bids_and_leases_and_frees_its_name() {
    let (mut net, lease) = Net::leased();
    assert_eq!(net.register(OTHER, "north", &[]).unwrap_err().code(), "name-taken");
    assert_eq!(net.send(PROVIDER, &LeasingMessage::Leave).unwrap_err().code(), "engaged");
    net.send(TENANT, &LeasingMessage::CloseLease(lease)).unwrap();
    net.send(PROVIDER, &LeasingMessage::Leave).unwrap();
    net.register(OTHER, "north", &[]).unwrap();
    assert_eq!(net.bids(PROVIDER, order(2), "900").unwrap_err().code(), "unknown-provider");
}

#[test]
fn auditors_vouch_for_attributes_and_orders_ask_for_their_word() {
    let other_auditor = Address::new([23; 32]);
    let signed = format!("      attributes: {{region: eu}}\n      signedBy: {{anyOf: [{AUDITOR}, {other_auditor}]}}\n");
    let all = signed.replace("anyOf", "allOf");
    let mut net = Net::new();
    net.register(PROVIDER, "north", &[("region", "eu")]).unwrap();
    net.deploy(vec![group_of("1000", 1, "uakt", &signed)], 5_000_000).unwrap();
    net.send(TENANT, &create(2, vec![group_of("1000", 1, "uakt", &all)], millionths(AKT, 1_000_000))).unwrap();
    let strict = leasing::DeploymentId { owner: TENANT, dseq: 2 }.group(1).order(1);
    assert_eq!(net.bids(PROVIDER, order(1), "900").unwrap_err().origin(), Some(("market", 5)), "its own word is not enough");
    let sign = |key: &str, value: &str| LeasingMessage::SignAttributes {
        provider: PROVIDER,
        attributes: vec![depin_sdl::Attribute::new(key, value)],
    };
    net.send(AUDITOR, &sign("region", "us")).unwrap();
    assert_eq!(net.bids(PROVIDER, order(1), "900").unwrap_err().code(), "attribute-mismatch");
    net.send(AUDITOR, &sign("region", "eu")).unwrap();
    net.send(AUDITOR, &sign("tier", "community")).unwrap();
    net.bids(PROVIDER, order(1), "900").unwrap();
    assert_eq!(net.bids(PROVIDER, strict, "900").unwrap_err().code(), "attribute-mismatch", "all of them, not one");
    net.send(other_auditor, &sign("region", "eu")).unwrap();
    net.bids(PROVIDER, strict, "900").unwrap();
    let unsign = LeasingMessage::DeleteAttributes { provider: PROVIDER, keys: vec!["region".to_owned()] };
    net.send(AUDITOR, &unsign).unwrap();
    assert_eq!(leasing::audits(net.rows(), PROVIDER).map(|(_, row)| row.attributes.len()).collect::<Vec<_>>(), [1, 1]);
    net.send(AUDITOR, &LeasingMessage::DeleteAttributes { provider: PROVIDER, keys: Vec::new() }).unwrap();
    assert_eq!(net.send(AUDITOR, &unsign).unwrap_err().code(), "nothing-signed");
}
