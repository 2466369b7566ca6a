//! What the service can do beyond the document, with the parameter and without it.

use crate::world::*;
use depin_economy::Account;
use depin_quantity::{Span, Units};
use depin_services::{
    Service,
    leasing::{DeploymentState, Failing, Funds, GroupState, LeaseState, LeasingEvent, LeasingMessage, NewDeployment, Reason},
};

const HOUR: Span = Span::from_secs(3_600);
const RECLAIM: &str = "[service.leasing.reclaim]\nleast = \"1h\"\nmost = \"720h\"\nsource = \"market params\"\n";
const RESUME: &str = "[service.leasing.funds]\nresume-within = \"3d\"\nparameter = true\nwhy = \"users ask for it\"\n";
const REPORTER: &str = "[service.leasing]\nreporter = \"watch\"\nparameter = true\nwhy = \"somebody looks\"\n";

fn deploy_with(net: &mut Net, reclaim_window: Option<Span>) -> Result<(), &'static str> {
    let message = LeasingMessage::CreateDeployment(NewDeployment {
        dseq: 1,
        groups: vec![group("1000", 1)],
        hash: hash(1),
        deposit: deposit(millionths(AKT, 5_000_000)),
        reclaim_window,
    });
    net.send(TENANT, &message).map_err(|error| error.code())
}

fn bid_with(net: &mut Net, reclaim_window: Option<Span>) -> Result<(), Option<(&'static str, u32)>> {
    let message = LeasingMessage::CreateBid { order: order(1), price: uakt("900"), reclaim_window };
    net.send(PROVIDER, &message).map_err(|error| error.origin())
}

#[test]
fn without_the_parameter_nobody_promises_notice() {
    let mut net = Net::new();
    assert!(net.service.shortest_window().is_none());
    net.register(PROVIDER, "north", &[]).unwrap();
    assert_eq!(deploy_with(&mut net, Some(HOUR)), Err("reclaim-window"));
    deploy_with(&mut net, None).unwrap();
    assert_eq!(bid_with(&mut net, Some(HOUR)), Err(Some(("market", 39))));
}

#[test]
fn a_provider_that_promised_notice_gives_it_and_is_paid_until_it_ends() {
    let mut net = Net::changed(&[], RECLAIM);
    assert_eq!(net.service.shortest_window().map(|window| (window.key, window.length)), Some(("reclaim.least", HOUR)));
    net.register(PROVIDER, "north", &[]).unwrap();
    assert_eq!(deploy_with(&mut net, Some(Span::from_secs(3_599))), Err("reclaim-window"));
    deploy_with(&mut net, Some(Span::from_secs(7_200))).unwrap();
    assert_eq!(bid_with(&mut net, None), Err(Some(("market", 40))));
    assert_eq!(bid_with(&mut net, Some(HOUR)), Err(Some(("market", 41))));
    bid_with(&mut net, Some(Span::from_secs(7_200))).unwrap();
    let lease = order(1).bid(PROVIDER);
    net.send(TENANT, &LeasingMessage::CreateLease(lease)).unwrap();
    let had = net.held(PROVIDER);
    let close = LeasingMessage::CloseBid { order: order(1), reason: Reason::Decommission };
    let start = LeasingMessage::StartReclaim { order: order(1), reason: Reason::Decommission };
    assert_eq!(net.send(PROVIDER, &close).unwrap_err().origin(), Some(("market", 37)));
    net.send(PROVIDER, &start).unwrap();
    assert_eq!(net.send(PROVIDER, &start).unwrap_err().origin(), Some(("market", 36)));
    assert_eq!(net.bid(lease).lease.unwrap().state, LeaseState::Reclaiming);
    net.pass(Span::from_millis(7_200_000 - 1));
    assert_eq!(net.send(PROVIDER, &close).unwrap_err().origin(), Some(("market", 38)));
    net.pass(Span::from_millis(1));
    net.send(PROVIDER, &close).unwrap();
    assert_eq!(net.held(PROVIDER), had + 1_200 * 810 + 500_000, "two hours of blocks, and the deposit");
    assert_eq!(net.group_state(), GroupState::Paused);
}

#[test]
fn a_lease_without_notice_is_ended_at_once_and_not_reclaimed() {
    let (mut net, _) = Net::leased_of(Net::changed(&[], RECLAIM));
    let start = LeasingMessage::StartReclaim { order: order(1), reason: Reason::Decommission };
    assert_eq!(net.send(PROVIDER, &start).unwrap_err().origin(), Some(("market", 35)));
    net.send(PROVIDER, &LeasingMessage::CloseBid { order: order(1), reason: Reason::Decommission }).unwrap();
}

fn dry(changes: &[(&str, &str)]) -> Net {
    let mut net = Net::changed(changes, RESUME);
    net.register(PROVIDER, "north", &[]).unwrap();
    net.deploy(vec![group("1000", 1)], 2_500).unwrap();
    net.bids(PROVIDER, order(1), "1000").unwrap();
    net.send(TENANT, &LeasingMessage::CreateLease(order(1).bid(PROVIDER))).unwrap();
    net.blocks(3);
    net
}

#[test]
fn a_deposit_resumes_a_deployment_whose_money_ran_out() {
    let mut net = dry(&[]);
    let until = net.now.later(Span::from_days(3));
    assert_eq!((net.deployment().state, net.deployment().funds), (DeploymentState::Active, Funds::Suspended { until }));
    assert_eq!(net.group_state(), GroupState::InsufficientFunds);
    assert_eq!(net.send(TENANT, &LeasingMessage::StartGroup { dseq: 1, gseq: 1 }).unwrap_err().code(), "out-of-funds");
    assert_eq!(net.deposit(FRIEND, 1_000_000).unwrap_err().code(), "not-yours", "the rest would be another's to lose");
    net.deposit(TENANT, 1_000_000).unwrap();
    assert_eq!((net.deployment().funds, net.group_state()), (Funds::Open, GroupState::Open));
    net.bids(PROVIDER, order(2), "1000").unwrap();
    net.send(TENANT, &LeasingMessage::CreateLease(order(2).bid(PROVIDER))).unwrap();
    net.pass(Span::from_secs(600));
    assert_eq!(net.bid(order(2).bid(PROVIDER)).lease.unwrap().state, LeaseState::Active);
    net.pass(Span::from_days(4));
    assert_eq!(net.group_state(), GroupState::InsufficientFunds, "and again, a thousand blocks on");
}

#[test]
fn a_debt_is_paid_before_a_deployment_resumes() {
    let mut net = dry(&[ORDERED]);
    assert_eq!(net.deployment().owed, Units::new(500));
    net.deposit(TENANT, 500).unwrap();
    assert_eq!(net.deployment().owed, Units::ZERO);
    assert!(matches!(net.deployment().funds, Funds::Suspended { .. }), "the debt alone");
    net.deposit(TENANT, 1_000).unwrap();
    assert_eq!(net.deployment().funds, Funds::Open);

    let mut net = dry(&[ORDERED]);
    net.deposit(TENANT, 1_500).unwrap();
    assert_eq!((net.deployment().funds, net.held_in(Account::Escrow(ID.unit()), AKT)), (Funds::Open, 1_000));
}

#[test]
fn a_deployment_that_nobody_resumes_closes() {
    let mut net = dry(&[]);
    net.pass(Span::from_millis(3 * 86_400_000 - 1));
    assert_eq!(net.deployment().state, DeploymentState::Active);
    net.pass(Span::from_millis(1));
    assert_eq!((net.deployment().state, net.group_state()), (DeploymentState::Closed, GroupState::Closed));

    let mut net = dry(&[ORDERED]);
    net.send(TENANT, &LeasingMessage::CloseDeployment { dseq: 1 }).unwrap();
    assert_eq!((net.deployment().state, net.deployment().owed), (DeploymentState::Closed, Units::new(500)));
    net.pass(Span::from_days(3));
    net.deposit(FRIEND, 500).unwrap();
    assert_eq!(net.deployment().owed, Units::ZERO);
}

#[test]
fn the_networks_reporter_finds_providers_that_failed() {
    let report = |failing| LeasingMessage::ReportFault { provider: PROVIDER, failing };
    let (mut net, _) = Net::leased();
    assert_eq!(net.send(COUNCIL, &report(Failing::Unserved)).unwrap_err().code(), "not-the-reporter", "no file names one");

    let (mut net, lease) = Net::leased_of(Net::changed(&[], REPORTER));
    assert_eq!(net.send(TENANT, &report(Failing::Unserved)).unwrap_err().code(), "not-the-reporter");
    let pledged = |net: &Net| net.held_in(Account::Pledge(PROVIDER), AKT);
    let before = pledged(&net);
    net.send(COUNCIL, &report(Failing::Unserved)).unwrap();
    assert_eq!(pledged(&net), before, "the document takes nothing for it");
    net.send(COUNCIL, &report(Failing::Abandoned)).unwrap();
    assert_eq!(pledged(&net), before - 5_000_000, "a twentieth of the pledge");
    let provider = net.provider(PROVIDER);
    assert!(!provider.active && provider.pledged && provider.failures == 2, "what it pledged stays while it has a lease");
    net.send(TENANT, &LeasingMessage::CloseLease(lease)).unwrap();
    assert_eq!((pledged(&net), net.provider(PROVIDER).pledged), (0, false));
    assert_eq!(net.bids(PROVIDER, order(2), "900").unwrap_err().code(), "unknown-provider");
    assert!(net.events.iter().any(|event| matches!(event, LeasingEvent::ProviderFailed { .. })));
}
