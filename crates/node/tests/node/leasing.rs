//! A chain that runs `leasing`: tenants and providers over HTTP.

use crate::common::*;
use depin_client::api::{BidQuery, DeploymentQuery, LeaseQuery};
use depin_economy::Money;
use depin_quantity::{ContentHash, Decimal18};
use depin_services::leasing::{
    BidState, DeploymentId, DeploymentState, Deposit, GroupState, LeaseState, LeasingMessage, NewDeployment, OrderState, Reason,
};
use reqwest::{Method, StatusCode};

const TEXT: &str = "version: \"2.0\"\nservices:\n  web:\n    image: nginx:1.27\n    expose: [{port: 80, to: [{global: true}]}]\n\
    profiles:\n  compute:\n    small: {resources: {cpu: {units: 1}, memory: {size: 1Gi}, storage: {size: 1Gi}}}\n  placement:\n    \
    west: {pricing: {small: {denom: ufil, amount: 1000}}}\ndeployment:\n  web: {west: {profile: small, count: 1}}\n";

fn create(dseq: u64) -> LeasingMessage {
    let file = depin_sdl::read(TEXT).unwrap();
    let amount = Money { currency: name("FIL"), amount: Decimal18::new(5 * FIL) };
    LeasingMessage::CreateDeployment(NewDeployment {
        dseq,
        groups: file.groups().to_vec(),
        hash: ContentHash::new(file.hash().get()),
        deposit: Deposit { amount, sources: Vec::new() },
        reclaim_window: None,
    })
}

#[tokio::test]
async fn a_deployment_is_ordered_leased_and_closed_over_http() {
    let world = World::of_service("leasing").await;
    let (tenant, provider) = (key(3), key(4));
    let leasing = world.client.leasing();
    let id = DeploymentId { owner: tenant.address(), dseq: 7 };
    let order = id.group(1).order(1);
    let register =
        LeasingMessage::RegisterProvider { name: name("north"), url: "https://north:8443".to_owned(), attributes: Vec::new() };
    world.done(&provider, register).await;
    world.done(&tenant, create(7)).await;
    let open = leasing.open_orders(None, None).await.unwrap().items;
    assert_eq!(open.iter().map(|open| (open.id, open.price.amount.as_str())).collect::<Vec<_>>(), [(order, "1000")]);
    assert_eq!(open[0].group, depin_sdl::read(TEXT).unwrap().groups()[0], "a provider reads the order as the tenant wrote it");
    let mut price = open[0].group.price().unwrap().unwrap();
    price.amount = Decimal18::parse("900.5").unwrap();
    world.done(&provider, LeasingMessage::CreateBid { order, price, reclaim_window: None }).await;
    let bid = leasing.bids(order, None, None).await.unwrap().items.remove(0);
    assert_eq!((bid.provider, bid.state, bid.rate.amount.as_str()), (name("north"), BidState::Open, "0.0009005"));
    let query = BidQuery { provider: provider.address(), state: Some(BidState::Open), after: None, limit: None };
    assert_eq!(leasing.bids_of(&query).await.unwrap().items, std::slice::from_ref(&bid));
    world.done(&tenant, LeasingMessage::CreateLease(bid.id)).await;
    assert_eq!(leasing.open_orders(None, None).await.unwrap().items, []);
    assert_eq!(leasing.order(order).await.unwrap().unwrap().state, OrderState::Active);
    for account in [tenant.address(), provider.address()] {
        let query = LeaseQuery { account, state: Some(LeaseState::Active), after: None, limit: None };
        let lease = leasing.leases(&query).await.unwrap().items.remove(0);
        assert_eq!((lease.id, lease.url.as_str(), lease.units.as_str()), (bid.id, "https://north:8443", "1513"));
    }
    let one = leasing.deployment(id).await.unwrap().unwrap();
    assert_eq!((one.leases, one.funds.as_str(), one.groups[0].lease), (1, "open", Some(bid.id)));
    assert!(one.lasts_until.is_some() && one.left.display.ends_with(" FIL"));
    world.done(&tenant, LeasingMessage::CloseDeployment { dseq: 7 }).await;
    let lease = leasing.lease(bid.id).await.unwrap().unwrap();
    assert_eq!((lease.state, lease.reason), (LeaseState::Closed, Some(Reason::Owner)));
    let one = leasing.deployment(id).await.unwrap().unwrap();
    assert_eq!((one.state, one.groups[0].state), (DeploymentState::Closed, GroupState::Closed));
    let active = DeploymentQuery { state: Some(DeploymentState::Active), ..DeploymentQuery::default() };
    assert_eq!(leasing.deployments(&active).await.unwrap().items, []);
    let events =
        world.client.events(&depin_client::api::EventQuery { subject: Some(one.escrow), ..Default::default() }).await.unwrap();
    for kind in ["deployment-created", "bid-created", "lease-created", "lease-closed", "deployment-closed", "escrow-closed"] {
        assert!(events.items.iter().any(|event| event.kind == kind), "{kind}: {:?}", events.items);
    }
    let network = leasing.network().await.unwrap();
    assert_eq!((network.block_ms, network.totals["leases_created"].as_str()), (6_000, "1"));
    assert_eq!(network.pledge.map(|pledge| pledge.display).as_deref(), Some("1 FIL"));
    assert!(world.client.metrics().await.unwrap().contains("leasing_leases_created 1"));
    assert!(world.client.audit().await.unwrap().ok);
}

/// Every described path of the service answers, and says what is wrong in the API's own form.
#[tokio::test]
async fn the_description_of_leasing_is_its_api() {
    let world = World::of_service("leasing").await;
    let api = world.client.openapi().await.unwrap();
    let paths: Vec<&String> = api["paths"].as_object().unwrap().keys().filter(|path| path.contains("leasing")).collect();
    assert_eq!(paths.len(), 12, "{paths:?}");
    let somebody = key(1).address().to_string();
    for path in paths {
        let mut path = path.clone();
        for (part, value) in [("{address}", &*somebody), ("{owner}", &somebody), ("{provider}", &somebody)] {
            path = path.replace(part, value);
        }
        let path = path.replace("{dseq}", "7").replace("{gseq}", "1").replace("{oseq}", "1");
        let asked = match path.as_str() {
            "/v1/leasing/bids" => format!("{path}?provider={somebody}"),
            "/v1/leasing/leases" => format!("{path}?account={somebody}"),
            _ => path.clone(),
        };
        let (status, answer) = world.get(&asked).await;
        let told = status == StatusCode::NOT_FOUND && !error_code(&answer).is_empty();
        assert!(status == StatusCode::OK || told, "{asked}: {answer}");
        for wrong in [format!("{path}?limit=0&after=%25"), path.replace("/7", "/x")] {
            let (status, answer) = world.call(Method::GET, &wrong, None).await;
            assert!(status.is_success() || !error_code(&answer).is_empty(), "{wrong}: {answer}");
        }
    }
}
