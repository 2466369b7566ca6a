//! What is refused, with the codes of the chain that the rules come from.

use crate::world::*;
use depin_quantity::Address;
use depin_sdl::Attribute;
use depin_services::{
    MessageInfo as _,
    leasing::{
        BidId, Deposit, DepositSource, GROUPS_MAX, LeasingError, LeasingMessage, NewDeployment, OrderId, Reason, TEXT_MAX,
    },
};

/// The code, and that of the chain of its origin.
fn codes(done: Result<(), LeasingError>) -> (&'static str, Option<(&'static str, u32)>) {
    let error = done.unwrap_err();
    assert!(!error.to_string().is_empty() && !error.to_string().ends_with('.'), "{error}");
    (error.code(), error.origin())
}

#[test]
fn deployments_that_cannot_be_ordered() {
    let mut net = Net::new();
    let new = |change: &dyn Fn(&mut NewDeployment)| {
        let LeasingMessage::CreateDeployment(mut new) = create(1, vec![group("1000", 1)], millionths(AKT, 1_000)) else {
            panic!("it creates a deployment")
        };
        change(&mut new);
        LeasingMessage::CreateDeployment(new)
    };
    let named = |n: usize| {
        let mut one = group("1", 1);
        one.name = format!("g{n}");
        one
    };
    let other = |new: &mut NewDeployment| {
        let mut one = group_of("1", 1, "usdc", "");
        "east".clone_into(&mut one.name);
        new.groups.push(one);
    };
    let mut check = |change: &dyn Fn(&mut NewDeployment), code: &str, origin: (&'static str, u32)| {
        let message = new(change);
        assert_eq!(codes(net.send(TENANT, &message)), (net_code(code), Some(origin)));
    };
    fn net_code(code: &str) -> &'static str {
        ["dseq", "groups", "group-count", "denom", "deposit-currency", "deposit", "grant", "economy"]
            .into_iter()
            .find(|known| *known == code)
            .expect("a code of this test")
    }
    check(&|new| new.dseq = 0, "dseq", ("deployment", 8));
    check(&|new| new.groups.clear(), "groups", ("deployment", 7));
    check(&|new| new.groups.push(group("1", 1)), "groups", ("deployment", 25));
    check(&|new| new.groups = (0..=GROUPS_MAX).map(named).collect(), "group-count", ("deployment", 7));
    check(&|new| new.groups[0].name = "x".repeat(33_000), "group-count", ("deployment", 7));
    check(&|new| new.groups[0].resources[0].count = 0, "groups", ("deployment", 19));
    check(&|new| new.groups[0].resources[0].price.amount = depin_quantity::Decimal18::ZERO, "groups", ("deployment", 19));
    check(&other, "groups", ("deployment", 19));
    check(&|new| new.groups = vec![group_of("1", 1, "uact", "")], "denom", ("deployment", 24));
    check(&|new| new.deposit.amount = millionths(USDC, 1), "deposit-currency", ("escrow", 5));
    check(&|new| new.deposit.amount = millionths(AKT, 0), "deposit", ("deployment", 20));
    check(&|new| new.deposit.sources = vec![DepositSource::Balance; 2], "grant", ("escrow", 15));
    let poor = create(1, vec![group("1000", 1)], millionths(AKT, u128::from(u64::MAX)));
    assert_eq!(codes(net.send(TENANT, &poor)), ("economy", None));
    assert_eq!(net.totals().deployments, 0);
}

#[test]
fn bids_that_are_none() {
    let mut net = Net::new();
    net.deploy(vec![group_of("1000", 2, "uakt", "      attributes: {region: eu}\n")], 5_000_000).unwrap();
    let price = |amount: &str| LeasingMessage::CreateBid { order: order(1), price: uakt(amount), reclaim_window: None };
    let market = |number| Some(("market", number));
    assert_eq!(codes(net.send(PROVIDER, &price("0"))), ("zero-price", market(19)));
    assert_eq!(codes(net.send(TENANT, &price("1"))), ("same-account", market(2)));
    assert_eq!(codes(net.bids(PROVIDER, order(2), "1")), ("unknown-order", market(15)));
    assert_eq!(codes(net.bids(PROVIDER, order(0), "1")), ("unknown-order", market(15)));
    assert_eq!(codes(net.send(PROVIDER, &price("2000.000000000000000001"))), ("price", market(22)), "two replicas of 1,000");
    assert_eq!(codes(net.send(PROVIDER, &price("0.0000000000001"))), ("price", market(22)), "finer than money");
    let mut other = uakt("1");
    "usdc".clone_into(&mut other.denom);
    let other = LeasingMessage::CreateBid { order: order(1), price: other, reclaim_window: None };
    assert_eq!(codes(net.send(PROVIDER, &other)).0, "denom");
    assert_eq!(codes(net.send(PROVIDER, &price("2000"))), ("unknown-provider", market(30)));
    net.register(PROVIDER, "north", &[("region", "us")]).unwrap();
    assert_eq!(codes(net.send(PROVIDER, &price("2000"))), ("attribute-mismatch", market(5)));
    net.register(PROVIDER, "north", &[("region", "eu")]).unwrap();
    net.send(PROVIDER, &price("2000")).unwrap();
    assert_eq!(codes(net.send(PROVIDER, &price("1"))), ("bid-exists", market(21)));
    net.send(TENANT, &LeasingMessage::CreateLease(order(1).bid(PROVIDER))).unwrap();
    net.register(OTHER, "south", &[("region", "eu")]).unwrap();
    assert_eq!(codes(net.bids(OTHER, order(1), "1")), ("order-not-open", market(13)));
}

#[test]
fn machines_that_a_provider_does_not_have() {
    let mut net = Net::new();
    net.register(PROVIDER, "north", &[]).unwrap();
    let mut gpus = group("1000", 1);
    gpus.resources[0].resources.gpu.units = depin_sdl::Quantity::new(1);
    gpus.resources[0].resources.gpu.attributes = vec![Attribute::new("vendor/nvidia/model/a100", "true")];
    net.deploy(vec![gpus], 5_000_000).unwrap();
    assert_eq!(codes(net.bids(PROVIDER, order(1), "1")), ("capabilities-mismatch", Some(("market", 32))));
    net.register(PROVIDER, "north", &[("capabilities/gpu/vendor/nvidia/model/a100", "true")]).unwrap();
    net.bids(PROVIDER, order(1), "1").unwrap();
}

#[test]
fn an_order_takes_so_many_bids_and_no_more() {
    let mut net = Net::changed(&[("most = 20\nopen-for", "most = 2\nopen-for")], "");
    net.deploy(vec![group("1000", 1)], 5_000_000).unwrap();
    net.register(PROVIDER, "north", &[]).unwrap();
    net.register(OTHER, "south", &[]).unwrap();
    net.register(FRIEND, "west", &[]).unwrap();
    net.bids(PROVIDER, order(1), "900").unwrap();
    net.send(PROVIDER, &LeasingMessage::CloseBid { order: order(1), reason: Reason::Unspecified }).unwrap();
    net.bids(OTHER, order(1), "900").unwrap();
    assert_eq!(codes(net.bids(FRIEND, order(1), "900")), ("too-many-bids", Some(("market", 31))), "closed ones count");
}

#[test]
fn what_is_anothers() {
    let (mut net, lease) = Net::leased();
    for message in [LeasingMessage::CreateLease(lease), LeasingMessage::CloseLease(lease)] {
        assert_eq!(codes(net.send(FRIEND, &message)).0, "not-yours");
    }
    assert_eq!(codes(net.send(OTHER, &LeasingMessage::Withdraw(vec![lease]))).0, "not-yours");
    assert_eq!(codes(net.send(OTHER, &LeasingMessage::CloseBid { order: order(1), reason: Reason::Unstable })).0, "unknown-bid");
    for dseq in [1, 2] {
        assert_eq!(codes(net.send(FRIEND, &LeasingMessage::CloseDeployment { dseq })).0, "unknown-deployment");
        assert_eq!(codes(net.send(FRIEND, &LeasingMessage::PauseGroup { dseq, gseq: 1 })).0, "unknown-deployment");
    }
    assert_eq!(
        codes(net.send(TENANT, &LeasingMessage::PauseGroup { dseq: 1, gseq: 2 })),
        ("unknown-group", Some(("deployment", 14)))
    );
    assert_eq!(codes(net.send(TENANT, &LeasingMessage::CreateLease(lease))), ("bid-not-open", Some(("market", 12))));
    let unknown = order(1).bid(OTHER);
    assert_eq!(codes(net.send(TENANT, &LeasingMessage::CreateLease(unknown))), ("unknown-bid", Some(("market", 18))));
    net.register(OTHER, "south", &[]).unwrap();
    net.send(TENANT, &LeasingMessage::CloseLease(lease)).unwrap();
    net.bids(OTHER, order(2), "1").unwrap();
    assert_eq!(
        codes(net.send(TENANT, &LeasingMessage::CloseLease(order(2).bid(OTHER)))),
        ("unknown-lease", Some(("market", 20)))
    );
}

#[test]
fn a_provider_whose_pledge_is_gone_does_not_register() {
    let mut net = Net::new();
    let poor = Address::new([77; 32]);
    assert_eq!(codes(net.register(poor, "poor", &[])), ("economy", None));
    net.deploy(vec![group("1000", 1)], 5_000_000).unwrap();
    assert_eq!(codes(net.bids(poor, order(1), "1")).0, "unknown-provider", "the pledge comes before a bid");
}

#[test]
fn messages_that_no_network_takes_are_known_before_they_run() {
    let attributes = |key: &str, value: &str| LeasingMessage::RegisterProvider {
        name: "north".parse().unwrap(),
        url: String::new(),
        attributes: vec![Attribute::new(key, value)],
    };
    let url = |url: &str| LeasingMessage::RegisterProvider {
        name: "north".parse().unwrap(),
        url: url.to_owned(),
        attributes: Vec::new(),
    };
    let bid = |oseq| LeasingMessage::CreateBid { order: OrderId { oseq, ..order(1) }, price: uakt("1"), reclaim_window: None };
    let twice = LeasingMessage::RegisterProvider {
        name: "north".parse().unwrap(),
        url: String::new(),
        attributes: vec![Attribute::new("region", "eu"), Attribute::new("region", "us")],
    };
    let lease: BidId = order(1).bid(PROVIDER);
    for bad in [
        attributes("1", "x"),
        attributes("region", &"x".repeat(TEXT_MAX + 1)),
        attributes("region", "a\nb"),
        twice,
        url("ftp://x"),
        url("https://"),
        url(&format!("https://{}", "x".repeat(TEXT_MAX))),
        LeasingMessage::RegisterProvider { name: "-x".parse().unwrap(), url: String::new(), attributes: Vec::new() },
        LeasingMessage::SignAttributes { provider: PROVIDER, attributes: Vec::new() },
        bid(0),
        LeasingMessage::Withdraw(Vec::new()),
        LeasingMessage::Withdraw(vec![lease; 65]),
        LeasingMessage::CloseBid { order: order(1), reason: Reason::Owner },
        LeasingMessage::StartReclaim { order: order(1), reason: Reason::InsufficientFunds },
        LeasingMessage::Deposit { deployment: ID, deposit: Deposit { amount: millionths(AKT, 0), sources: Vec::new() } },
        LeasingMessage::Grant { to: TENANT, limit: Some(millionths(AKT, 0)) },
    ] {
        assert!(bad.bounds().is_err(), "{bad:?}");
        assert!(Net::new().send(PROVIDER, &bad).is_err(), "{bad:?}");
    }
    for good in [attributes("region", "eu"), url("https://host:8443/x"), bid(1), LeasingMessage::Withdraw(vec![lease])] {
        assert_eq!(good.bounds(), Ok(()), "{good:?}");
    }
}
