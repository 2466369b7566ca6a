//! The shell around a made-up duty: halving, restarts, what status and interface say, stopping in order.

use crate::{
    wishes::{Granted, Wishes, Wishing},
    world::{FIL, World, ask, key},
};
use depin_client::{Sender, api::DealQuery};
use depin_economy::Action;
use depin_ledger::Message;
use depin_provider::operator::{Operator, OperatorConfig, OperatorHandle};
use depin_quantity::{Name, Units};
use depin_services::storage::StorageMessage;
use futures::FutureExt as _;
use serde_json::Value;
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// A world with somebody to propose deals to.
async fn world() -> World {
    let world = World::start(1).await;
    let register = StorageMessage::RegisterProvider {
        name: Name::literal("garage"),
        url: "http://127.0.0.1:1".to_owned(),
        capacity: 64 << 20,
        ask: ask(),
    };
    Sender::new(world.client.clone(), key(3)).submit(Message::service(register)).await.unwrap();
    world
}

/// An operator of account 4. `kept` is dropped when its helper is.
async fn operator(world: &World, wishes: &Arc<Wishes>, kept: Arc<()>) -> OperatorHandle<Granted> {
    operator_of(world, wishes, kept, 4).await
}

async fn operator_of(world: &World, wishes: &Arc<Wishes>, kept: Arc<()>, account: u8) -> OperatorHandle<Granted> {
    let config = OperatorConfig {
        chain_id: Some(Name::literal("agent-test")),
        resync: Duration::from_secs(3_600),
        ..OperatorConfig::new(Name::literal("wishing"))
    };
    let operator = Operator::bind(config, world.client.clone(), key(account)).await.unwrap();
    let duty = Wishing { wishes: Arc::clone(wishes), provider: key(3).address() };
    let helper = async move {
        let _kept = kept;
        std::future::pending().await
    };
    operator.start(duty, wishes.routes(), [helper.boxed()])
}

async fn labels(world: &World) -> Vec<String> {
    let query = DealQuery { client: Some(key(4).address()), ..DealQuery::default() };
    let mut labels: Vec<String> =
        world.client.storage().all_deals(query).await.unwrap().into_iter().map(|deal| deal.label).collect();
    labels.sort();
    labels
}

async fn transactions(world: &World) -> u64 {
    world.client.account(key(4).address()).await.unwrap().nonce
}

async fn get(operator: &OperatorHandle<Granted>, path: &str) -> (u16, String) {
    let answer = reqwest::get(format!("{}{path}", operator.url())).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_is_halved_until_what_is_refused_stands_alone() {
    let world = world().await;
    let wishes = Wishes::new(8, &[3]);
    let operator = operator(&world, &wishes, Arc::new(())).await;
    world.wait("seven wishes", || operator.status().service.granted == 7).await;
    operator.ready().await;
    assert_eq!(labels(&world).await, ["1", "2", "4", "5", "6", "7", "8"]);
    let status = operator.status();
    assert_eq!(status.service.open, 1);
    assert!(status.problems["wishes"].contains("was not granted"), "{status:?}");
    // All eight, two halves, two quarters, two single ones: each of the four that hold the cheap one is refused.
    assert_eq!(transactions(&world).await, 7);

    // What is told later is done at once, and does not bring back what was refused.
    let told = reqwest::Client::new().post(format!("{}/wishes/9", operator.url())).send().await.unwrap();
    assert_eq!(told.status(), 200);
    world.wait("the ninth wish", || operator.status().service.granted == 8).await;
    assert_eq!((labels(&world).await.len(), transactions(&world).await), (8, 8));
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_without_money_says_at_once_how_much_is_missing() {
    let world = world().await;
    let own = key(60).address();
    let operator = operator_of(&world, &Wishes::new(1, &[]), Arc::new(()), 60).await;
    world.wait("the problem to be told", || operator.status().problems.contains_key("funds")).await;
    let said = operator.status().problems["funds"].clone();
    assert!(said.starts_with("the balance of 0 FIL pays for no message (about 0.000"), "{said}");
    assert!(said.contains(&format!(" FIL are missing for 10: send tokens to {own}")), "{said}");
    world.wait("the message to be refused", || operator.status().problems.contains_key("balance")).await;
    let refused = operator.status().problems["balance"].clone();
    assert!(refused.contains("needs 0.000") && refused.contains(" FIL, has 0 FIL"), "{refused}");

    let give = Action::Transfer { to: own, token: Name::literal("FIL"), amount: Units::new(FIL) };
    world.customer.submit(Message::Act(give)).await.unwrap();
    operator.ready().await;
    world.wait("the problems to be over", || operator.status().problems.is_empty()).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_cut_off_goes_on_from_the_ledger_and_does_nothing_twice() {
    let mut world = world().await;
    let first = operator(&world, &Wishes::new(3, &[]), Arc::new(())).await;
    world.wait("three wishes", || first.status().service.granted == 3).await;
    drop(first);
    world.stop_node().await;
    let second = operator(&world, &Wishes::new(5, &[]), Arc::new(())).await;
    world.wait("the problem to be told", || second.status().problems.contains_key("node")).await;
    world.restart_node().await;
    second.ready().await;
    assert!(second.status().problems.is_empty(), "{:?}", second.status());
    assert_eq!((second.status().service.granted, second.status().service.open), (2, 0));
    assert_eq!(labels(&world).await, ["1", "2", "3", "4", "5"]);
    assert_eq!(transactions(&world).await, 2);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interface_is_the_shells_with_the_services_routes_in_it() {
    let world = world().await;
    let wishes = Wishes::new(1, &[]);
    wishes.broken.store(true, Ordering::SeqCst);
    let operator = operator(&world, &wishes, Arc::new(())).await;
    world.wait("the problem to be told", || operator.status().problems.contains_key("wishes")).await;
    assert_eq!(operator.status().problems["wishes"], "the list is lost, see /secret/path");
    let (code, text) = get(&operator, "/status").await;
    let status: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &status["problems"]), (200, &serde_json::json!(["wishes"])), "strangers hear no words: {text}");
    assert_eq!((&status["registered"], &status["granted"]), (&Value::Bool(false), &Value::from(0)));
    assert!(get(&operator, "/metrics").await.1.contains("depin_provider_problems 1\n"));

    wishes.broken.store(false, Ordering::SeqCst);
    world.wait("the problem to be over", || operator.status().problems.is_empty()).await;
    operator.ready().await;
    let page = get(&operator, "/metrics").await.1;
    for line in ["depin_provider_wishes_granted_total 1", "depin_provider_registered 1", "depin_provider_problems 0"] {
        assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
    }
    let counted = "depin_provider_http_requests_total{method=\"GET\",route=\"/status\",status=\"200\"} 1";
    assert!(page.lines().any(|found| found == counted), "{page}");

    assert_eq!(get(&operator, "/health").await, (200, "{\"status\":\"ok\"}".to_owned()));
    wishes.healthy.store(false, Ordering::SeqCst);
    let (code, text) = get(&operator, "/health").await;
    assert!(code == 500 && !text.contains("told to be ill"), "{text}");
    let (code, text) = get(&operator, "/elsewhere").await;
    assert!(code == 404 && text.contains("no-route") && text.contains("see /wishes/{number}"), "{text}");
    let (code, text) = get(&operator, "/wishes/7").await;
    assert!(code == 405 && text.contains("no-method") && text.contains("wishes take POST"), "{text}");
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_answers_requests_under_way_and_lets_go_of_everything() {
    let world = world().await;
    let kept = Arc::new(());
    let wishes = Wishes::new(1, &[]);
    let operator = operator(&world, &wishes, Arc::clone(&kept)).await;
    operator.ready().await;
    assert_eq!(Arc::strong_count(&kept), 2);
    let url = operator.url().to_owned();
    let slow = tokio::spawn(reqwest::get(format!("{url}/slow")));
    let page = || async { reqwest::get(format!("{url}/metrics")).await };
    page().await.unwrap();
    wishes.slow_begun.notified().await;
    let begun = Instant::now();
    operator.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(slow.await.unwrap().unwrap().text().await.unwrap(), "done");
    assert!(page().await.is_err(), "nobody listens any more");
    assert_eq!(Arc::strong_count(&kept), 1, "the helper is gone");
}
