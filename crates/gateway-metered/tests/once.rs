//! Whatever is killed or lost on the way, an order is opened once and a report is taken once.

mod ledger;
#[path = "../../files/tests/disk/small.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod small;

use depin_client::{Client, ClientConfig, SigningKey};
use depin_economy::Spec;
use depin_files::{Floor, Room};
use depin_gateway_metered::{Config, Gateway, GatewayError, Handle};
use depin_networks::{Recipe, compose, network_file};
use depin_quantity::{Name, Units};
use depin_services::metered::{MeteredParams, order_id};
use ledger::Node;
use reqwest::StatusCode;
use serde_json::{Value, json};
use small::SmallDisk;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(60);

fn params() -> MeteredParams {
    let text = network_file("filecoin").unwrap();
    let name = Name::literal("tiles");
    let recipe = Recipe { name, service: "metered", emission: text, payment: text, stake: text, unit: Some("map tile") };
    MeteredParams::read(&Spec::parse(&compose(&recipe).unwrap().toml).unwrap()).unwrap()
}

fn customer() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

async fn start(folder: &Path, node: &Node) -> Handle {
    start_keeping(folder, node, Duration::from_secs(3_600)).await
}

async fn start_keeping(folder: &Path, node: &Node, keep: Duration) -> Handle {
    start_on(folder, node, keep, Floor::new(folder, None)).await
}

async fn start_on(folder: &Path, node: &Node, keep: Duration, floor: Floor) -> Handle {
    let config = Config {
        floor,
        keep,
        patience: Duration::from_millis(300),
        queue_max: 1_000,
        put_off: Duration::from_millis(200),
        ..Config::new(folder, params())
    };
    let client = Client::new(&node.url).unwrap();
    open(config, client, customer()).await.unwrap()
}

async fn open(config: Config, client: Client, customer: SigningKey) -> Result<Handle, GatewayError> {
    Gateway::start(config, client, ledger::CHAIN, customer, SigningKey::from_seed(&[2; 32])).await
}

/// Dropped as by `kill -9`; its folder is free when this returns.
async fn killed(gateway: Handle) {
    drop(gateway);
    tokio::time::sleep(Duration::from_millis(200)).await;
}

async fn ask(gateway: &Handle, method: &str, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}{path}", gateway.address());
    let request = http.request(method.parse().unwrap(), url).bearer_auth(gateway.key());
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// Asks until `holds` of the answer.
async fn until(gateway: &Handle, method: &str, path: &str, body: Option<&Value>, holds: impl Fn(&Value) -> bool) -> Value {
    let begun = std::time::Instant::now();
    loop {
        let (_, answer) = ask(gateway, method, path, body).await;
        if holds(&answer) {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "{path} never came to that: {answer:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn order() -> Value {
    let operator = SigningKey::from_seed(&[3; 32]).address();
    json!({"id": "invoice 7", "operator": operator, "cap": {"currency": "FIL", "amount": "10"},
        "price": {"currency": "FIL", "amount": "0.001"}, "open_for": "7d"})
}

fn reports(order: &str, from: u64, to: u64) -> Value {
    let report = |n: u64| json!({"id": format!("run-{n}"), "order": order, "units": n, "evidence": "ab".repeat(32)});
    (from..to).map(report).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn settled_reports_are_forgotten_after_a_while_and_are_not_paid_again() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    let order = "cd".repeat(32);
    let gateway = start(folder.path(), &node).await;
    // The thirteenth is refused, which is as much an end.
    assert_eq!(ask(&gateway, "POST", "/v1/reports", Some(&reports(&order, 1, 14))).await.0, StatusCode::ACCEPTED);
    let ended = |list: &Value| {
        let states: Vec<&str> = list["items"].as_array().unwrap().iter().map(|r| r["state"].as_str().unwrap()).collect();
        states.len() == 13 && states.iter().filter(|s| **s == "settled").count() == 12 && states.contains(&"refused")
    };
    until(&gateway, "GET", "/v1/reports", None, ended).await;
    killed(gateway).await;
    // Kept for as long as is said, and not longer.
    let gateway = start(folder.path(), &node).await;
    assert!(ended(&ask(&gateway, "GET", "/v1/reports", None).await.1));
    killed(gateway).await;
    let gateway = start_keeping(folder.path(), &node, Duration::from_millis(1)).await;
    until(&gateway, "GET", "/v1/reports", None, |list| list["items"] == json!([])).await;
    // Sent again it is new here; the ledger has it once.
    assert_eq!(ask(&gateway, "POST", "/v1/reports", Some(&reports(&order, 1, 2))).await.0, StatusCode::ACCEPTED);
    until(&gateway, "GET", "/v1/reports/run-1", None, |report| report["state"] == "settled").await;
    assert_eq!(node.change(|ledger| ledger.batches.len()), 12);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_json_and_the_scheme_of_the_key_may_be_written_small() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    let gateway = start(folder.path(), &node).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let get =
        |path: &str, key: String| http.get(format!("http://{}{path}", gateway.address())).header("authorization", key).send();
    for scheme in ["bearer", "Bearer", "BEARER"] {
        let answer = get("/v1/reports", format!("{scheme} {}", gateway.key())).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{scheme}");
    }
    assert_eq!(get("/v1/reports", gateway.key().to_owned()).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    for path in ["/v1/reports/%ff", "/v1/orders/%ff", "/v1/reports?limit=x", "/v1/nothing"] {
        let (status, body) = ask(&gateway, "GET", path, None).await;
        assert!(status.is_client_error() && body["error"]["message"].is_string(), "{path}: {status} {body}");
    }
    for path in ["/v1/orders/%ff/close", "/v1/orders/%ff/raise", "/v1/reports/%ff/retry"] {
        let (status, body) = ask(&gateway, "POST", path, None).await;
        assert!(status == StatusCode::BAD_REQUEST && body["error"]["message"].is_string(), "{path}: {status} {body}");
    }
    for amount in ["1_000", "1,000", "", "-1", "1e3", "1.2.3"] {
        let mut order = order();
        order["cap"]["amount"] = amount.into();
        let (status, body) = ask(&gateway, "POST", "/v1/orders", Some(&order)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{amount}: {body}");
    }
    for id in ["", "a\u{7}", "\u{202e}a", "é", &"x".repeat(129)] {
        let mut order = order();
        order["id"] = id.into();
        let (status, body) = ask(&gateway, "POST", "/v1/orders", Some(&order)).await;
        assert!(
            status == StatusCode::BAD_REQUEST && body["error"]["message"].as_str().unwrap().contains("1 to 128"),
            "{id}: {body}"
        );
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_callers_id_stands_in_the_way_of_an_order() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    let gateway = start(folder.path(), &node).await;
    let opened = until(&gateway, "POST", "/v1/orders", Some(&order()), |view| view["state"] == "done").await;
    let ledger_id = opened["order"].as_str().unwrap();
    let mut other = order();
    other["id"] = ledger_id.into();
    let (status, body) = ask(&gateway, "POST", "/v1/orders", Some(&other)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "it would hide the first: {body}");
    other["id"] = format!("close:{ledger_id}").into();
    until(&gateway, "POST", "/v1/orders", Some(&other), |view| view["state"] == "done").await;
    let close = format!("/v1/orders/{ledger_id}/close");
    until(&gateway, "POST", &close, None, |view| view["state"] == "done").await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_opened_once_though_every_answer_is_lost_and_the_gateway_is_killed() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    let gateway = start(folder.path(), &node).await;
    // What is sent takes effect, and nobody hears of it.
    node.change(|ledger| ledger.mute = true);
    let (status, answer) = ask(&gateway, "POST", "/v1/orders", Some(&order())).await;
    assert_eq!((status, &answer["state"]), (StatusCode::ACCEPTED, &json!("waiting")), "{answer}");
    node.when(|ledger| ledger.applied.len() == 1).await;
    killed(gateway).await;

    let gateway = start(folder.path(), &node).await;
    node.change(|ledger| ledger.mute = false);
    let done = until(&gateway, "POST", "/v1/orders", Some(&order()), |answer| answer["state"] == "done").await;
    let applied = node.change(|ledger| ledger.applied.clone());
    assert_eq!(applied.len(), 1, "one transaction, not two");
    assert_eq!(done["order"], order_id(customer().address(), applied[0].seed()).to_string());
    let (status, same) = ask(&gateway, "POST", "/v1/orders", Some(&order())).await;
    assert_eq!((status, &same), (StatusCode::OK, &done), "the same again is the same");
    let mut other = order();
    other["cap"]["amount"] = "11".into();
    let (status, refused) = ask(&gateway, "POST", "/v1/orders", Some(&other)).await;
    assert_eq!((status, &refused["error"]["code"]), (StatusCode::CONFLICT, &json!("conflict")));
    assert_eq!(node.change(|ledger| ledger.applied.len()), 1);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_nonce_another_program_took_is_signed_anew_and_opened_once() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    node.change(|ledger| ledger.steal = 1);
    let gateway = start(folder.path(), &node).await;
    let done = until(&gateway, "POST", "/v1/orders", Some(&order()), |answer| answer["state"] == "done").await;
    let applied = node.change(|ledger| ledger.applied.clone());
    assert_eq!((applied.len(), applied[0].body.nonce), (1, 1), "the first nonce went to another");
    assert_eq!(done["order"], order_id(customer().address(), applied[0].seed()).to_string());
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_ledger_refuses_is_told_and_stays_refused_under_its_id() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    node.change(|ledger| ledger.refuses_orders = true);
    let gateway = start(folder.path(), &node).await;
    let refused = until(&gateway, "POST", "/v1/orders", Some(&order()), |answer| answer["error"].is_object()).await;
    assert_eq!(refused["error"]["code"], "not-accepting", "{refused}");
    node.change(|ledger| ledger.refuses_orders = false);
    assert_eq!(ask(&gateway, "POST", "/v1/orders", Some(&order())).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let mut again = order();
    again["id"] = "invoice 7, once more".into();
    until(&gateway, "POST", "/v1/orders", Some(&again), |answer| answer["state"] == "done").await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_ledger_takes_is_refused_before_it_is_kept() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    let gateway = start(folder.path(), &node).await;
    let mut nothing = order();
    nothing["cap"]["amount"] = "0".into();
    let (status, said) = ask(&gateway, "POST", "/v1/orders", Some(&nothing)).await;
    assert_eq!((status, &said["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("bad-request")), "{said}");
    // The id is free.
    until(&gateway, "POST", "/v1/orders", Some(&order()), |answer| answer["state"] == "done").await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_node_can_never_take_is_refused_and_holds_up_nothing_behind_it() {
    for code in ["bounds", "malformed", "too-large", "too-much-work"] {
        let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
        node.change(|ledger| ledger.never = Some(code));
        let gateway = start(folder.path(), &node).await;
        let mut odd = order();
        (odd["id"], odd["price"]["amount"]) = ("odd".into(), "7".into());
        let said = until(&gateway, "POST", "/v1/orders", Some(&odd), |answer| answer["error"].is_object()).await;
        assert_eq!(said["error"]["code"], code, "{said}");
        until(&gateway, "POST", "/v1/orders", Some(&order()), |answer| answer["state"] == "done").await;
        ask(&gateway, "POST", "/v1/reports", Some(&reports(&"cd".repeat(32), 5, 9))).await;
        let refused = until(&gateway, "GET", "/v1/reports/run-7", None, |answer| answer["state"] == "refused").await;
        assert_eq!(refused["reason"]["code"], code);
        until(&gateway, "GET", "/v1/reports/run-8", None, |answer| answer["state"] == "settled").await;
        until(&gateway, "GET", "/health", None, |health| health["status"] == "ok").await;
        gateway.stop().await;
        let gateway = start(folder.path(), &node).await;
        let (status, said) = ask(&gateway, "POST", "/v1/orders", Some(&odd)).await;
        assert_eq!((status, &said["error"]["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)), "it stays so: {said}");
        gateway.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_base_fee_above_the_limit_is_signed_whatever_the_node_says() {
    // Above a million times the least one; above the owner's own limit.
    for (said, most) in [(2_000_000, None), (101, Some(Units::new(100)))] {
        let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
        node.change(|ledger| ledger.base_fee = said);
        let config = Config { patience: Duration::from_millis(300), ..Config::new(folder.path(), params()) };
        let limited = ClientConfig { base_fee_most: most, ..ClientConfig::default() };
        let gateway = open(config, Client::with_config(&node.url, limited).unwrap(), customer()).await.unwrap();
        ask(&gateway, "POST", "/v1/orders", Some(&order())).await;
        until(&gateway, "GET", "/health", None, |health| health.to_string().contains("base-fee")).await;
        assert!(node.change(|ledger| ledger.applied.is_empty()), "nothing was signed for it");
        node.change(|ledger| ledger.base_fee = 50);
        until(&gateway, "POST", "/v1/orders", Some(&order()), |answer| answer["state"] == "done").await;
        let signed = node.change(|ledger| ledger.applied[0].body.base_fee_max.get());
        assert_eq!(signed, most.map_or(150, |most| most.get()), "head room, and no more than the limit");
        gateway.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_taken_once_and_none_is_lost_and_those_that_are_refused_do_not_hold_up_the_others() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    let gateway = start(folder.path(), &node).await;
    node.change(|ledger| ledger.mute = true);
    let id = "cd".repeat(32);
    for (from, to) in [(1, 65), (65, 101)] {
        let (status, _) = ask(&gateway, "POST", "/v1/reports", Some(&reports(&id, from, to))).await;
        assert_eq!(status, StatusCode::ACCEPTED);
    }
    node.when(|ledger| !ledger.batches.is_empty()).await;
    killed(gateway).await;

    let gateway = start(folder.path(), &node).await;
    node.change(|ledger| ledger.mute = false);
    let decided = |page: &Value| {
        let items = page["items"].as_array().unwrap();
        items.len() == 100 && items.iter().all(|item| item["state"] == "settled" || item["state"] == "refused")
    };
    let page = until(&gateway, "GET", "/v1/reports?limit=1000", None, decided).await;
    for item in page["items"].as_array().unwrap() {
        let bad = item["units"].as_u64().unwrap() % ledger::BAD == 0;
        assert_eq!(item["state"], if bad { "refused" } else { "settled" }, "{item}");
        assert_eq!(bad, item["reason"]["code"] == "cap-exceeded", "{item}");
    }
    let (taken, good) = (node.change(|ledger| ledger.batches.clone()), 100 - 100 / ledger::BAD as usize);
    assert_eq!(taken.len(), good, "each once, none lost");
    let (status, retried) = ask(&gateway, "POST", "/v1/reports/run-13/retry", None).await;
    assert_eq!((status, &retried["state"]), (StatusCode::ACCEPTED, &json!("queued")));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_be_taken_now_stays_queued_and_says_why() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    node.change(|ledger| ledger.stale = true);
    let gateway = start(folder.path(), &node).await;
    ask(&gateway, "POST", "/v1/reports", Some(&reports(&"cd".repeat(32), 1, 3))).await;
    let waits = |answer: &Value| answer["state"] == "queued" && answer["reason"]["code"] == "economy";
    until(&gateway, "GET", "/v1/reports/run-1", None, waits).await;
    node.change(|ledger| ledger.stale = false);
    let settled = until(&gateway, "GET", "/v1/reports/run-1", None, |answer| answer["state"] == "settled").await;
    assert!(settled["reason"].is_null(), "{settled}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_taken_whole_or_not_at_all_and_bounds_are_told() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    node.change(|ledger| ledger.mute = true);
    let gateway = start(folder.path(), &node).await;
    let id = "cd".repeat(32);
    ask(&gateway, "POST", "/v1/reports", Some(&reports(&id, 1, 2))).await;
    let mut clash = reports(&id, 1, 4);
    clash[0]["units"] = 9.into();
    assert_eq!(ask(&gateway, "POST", "/v1/reports", Some(&clash)).await.0, StatusCode::CONFLICT);
    assert_eq!(ask(&gateway, "GET", "/v1/reports/run-3", None).await.0, StatusCode::NOT_FOUND);
    for bad in [json!([]), reports(&id, 1, 66), json!({"id": "x"}), json!({"id": "", "order": id, "units": 1, "evidence": id})] {
        let (status, said) = ask(&gateway, "POST", "/v1/reports", Some(&bad)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
    }
    let (status, said) = ask(&gateway, "GET", "/v1/reports?limit=many", None).await;
    assert_eq!((status, &said["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("bad-request")), "{said}");
    let large = json!({"id": "x".repeat(300 * 1024)});
    assert_eq!(ask(&gateway, "POST", "/v1/reports", Some(&large)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let mut full = StatusCode::ACCEPTED;
    for start in 0..40 {
        full = ask(&gateway, "POST", "/v1/reports", Some(&reports(&id, 100 + start * 64, 164 + start * 64))).await.0;
        if full != StatusCode::ACCEPTED {
            break;
        }
    }
    assert_eq!(full, StatusCode::SERVICE_UNAVAILABLE, "the queue has an end");
    let second = Gateway::start(
        Config::new(folder.path(), params()),
        Client::new(&node.url).unwrap(),
        ledger::CHAIN,
        customer(),
        customer(),
    );
    assert!(second.await.err().is_some_and(|error| error.to_string().contains("another gateway uses")));
    gateway.stop().await;
    let client = Client::new(&node.url).unwrap();
    let other = Gateway::start(Config::new(folder.path(), params()), client, Name::literal("other-0"), customer(), customer());
    assert!(other.await.err().is_some_and(|error| error.to_string().contains("chain `tiles-test-0`")));
}

/// With a new store in its place, the ids of orders would be forgotten, and the same order sent again would be opened a second time.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_lost_is_not_made_anew_unless_that_is_asked_for() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    let gateway = start(folder.path(), &node).await;
    until(&gateway, "POST", "/v1/orders", Some(&order()), |answer| answer["state"] == "done").await;
    gateway.stop().await;
    let store = folder.path().join("metering.db");
    // The gateway's last connection may still be closing; what it left in the log belongs to a copy.
    rusqlite::Connection::open(&store).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let whole = std::fs::read(&store).unwrap();
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute("CREATE TABLE meta (key, value)", []).unwrap();
    let (config, client) = (|| Config::new(folder.path(), params()), || Client::new(&node.url).unwrap());
    for left in [None, Some(Vec::new()), Some(vec![7; 5_000]), Some(std::fs::read(&other).unwrap())] {
        let _ = std::fs::remove_file(&store);
        if let Some(bytes) = &left {
            std::fs::write(&store, bytes).unwrap();
        }
        let refused = open(config(), client(), customer()).await.err().unwrap();
        assert!(refused.to_string().contains("metering.db") && refused.hint().contains("--new-store"), "{refused}");
        assert_eq!(std::fs::read(&store).ok(), left, "nothing was written over it: {refused}");
    }
    let again = Config { new_store: true, ..config() };
    open(again.clone(), client(), customer()).await.unwrap().stop().await;
    let aside = folder.path().join("metering.db.lost-1");
    assert_eq!(std::fs::read(aside).unwrap(), std::fs::read(&other).unwrap(), "what was there is kept");
    let refused = open(again, client(), customer()).await.err().unwrap().to_string();
    assert!(refused.contains("is whole"), "a store that is there is not replaced: {refused}");

    // A copy that is put back is taken without the sums of what was there.
    std::fs::write(&store, whole).unwrap();
    let _ = std::fs::remove_file(folder.path().join("metering.db.sums"));
    let _ = (
        std::fs::remove_file(folder.path().join("metering.db-wal")),
        std::fs::remove_file(folder.path().join("metering.db-shm")),
    );
    let refused = open(config(), client(), SigningKey::from_seed(&[9; 32])).await.err().unwrap().to_string();
    assert!(refused.contains(&customer().address().to_string()), "another account does not pay for these orders: {refused}");
    let gateway = start(folder.path(), &node).await;
    assert_eq!(ask(&gateway, "POST", "/v1/orders", Some(&order())).await.0, StatusCode::OK);
    assert_eq!(node.change(|ledger| ledger.applied.len()), 1, "opened once");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_orders_and_reports_from_the_ledger_is_told_where_one_looks_for_them() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    let gateway = start(folder.path(), &node).await;
    let (status, health) = ask(&gateway, "GET", "/health", None).await;
    assert_eq!((status, &health["status"]), (StatusCode::OK, &json!("ok")), "{health}");
    node.change(|ledger| ledger.poor = true);
    let short = |answer: &Value| answer["reason"]["code"] == "balance-too-low";
    let waiting = until(&gateway, "POST", "/v1/orders", Some(&order()), short).await;
    let named = waiting["reason"]["message"].as_str().unwrap().contains(&customer().address().to_string());
    assert!(waiting["state"] == "waiting" && named, "{waiting}");
    ask(&gateway, "POST", "/v1/reports", Some(&reports(&"cd".repeat(32), 1, 3))).await;
    let queued = until(&gateway, "GET", "/v1/reports/run-1", None, short).await;
    assert_eq!(queued["state"], "queued");
    let health = until(&gateway, "GET", "/health", None, |health| health["problems"].as_array().unwrap().len() == 2).await;
    assert_eq!((&health["status"], &health["reasons"]["reports"]["code"]), (&json!("degraded"), &json!("balance-too-low")));
    node.change(|ledger| ledger.poor = false);
    until(&gateway, "GET", "/v1/reports/run-1", None, |answer| answer["state"] == "settled").await;
    until(&gateway, "POST", "/v1/orders", Some(&order()), |answer| answer["state"] == "done").await;
    until(&gateway, "GET", "/health", None, |health| health["status"] == "ok").await;

    // What cannot be written is no health, although all that is kept can still be read.
    let store = rusqlite::Connection::open(folder.path().join("metering.db")).unwrap();
    store.execute_batch("ALTER TABLE meta RENAME TO elsewhere").unwrap();
    let failing = until(&gateway, "GET", "/health", None, |health| health["status"] == "failing").await;
    assert_eq!(failing["reasons"]["store"]["code"], "store-failed", "{failing}");
    assert_eq!(ask(&gateway, "GET", "/health", None).await.0, StatusCode::SERVICE_UNAVAILABLE);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn below_the_floor_nothing_is_taken_and_reads_go_on() {
    let (folder, node) = (tempfile::tempdir().unwrap(), Node::start().await);
    let free = Arc::new(AtomicU64::new(0));
    let now = Arc::clone(&free);
    let read = move |_: &Path| Ok(Room { free: now.load(Ordering::Relaxed), total: 100 << 30 });
    let floor = Floor::new(folder.path(), None).read_by(read);
    let gateway = start_on(folder.path(), &node, Duration::from_secs(3_600), floor).await;
    let order = "cd".repeat(32);
    let (status, refused) = ask(&gateway, "POST", "/v1/reports", Some(&reports(&order, 1, 2))).await;
    assert_eq!((status, &refused["error"]["code"]), (StatusCode::INSUFFICIENT_STORAGE, &json!("no-room")));
    assert!(refused["error"]["message"].as_str().unwrap().contains("0 B free, 512 MiB needed"), "{refused}");
    assert_eq!(ask(&gateway, "GET", "/v1/reports", None).await.1["items"], json!([]));
    assert_eq!(ask(&gateway, "GET", "/health", None).await.1["disk"]["refuses"], json!(true));
    free.store(10 << 30, Ordering::Relaxed);
    assert_eq!(ask(&gateway, "POST", "/v1/reports", Some(&reports(&order, 1, 2))).await.0, StatusCode::ACCEPTED);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_reports_and_loses_none_and_freed_space_is_enough_to_go_on() {
    let Some((_folder, disk)) = SmallDisk::mount(16 << 20) else { return };
    let (folder, node) = (disk.path().join("gateway"), Node::start().await);
    // Nothing is kept free: it is the disk that refuses.
    let start = || start_on(&folder, &node, Duration::from_secs(3_600), Floor::new(&folder, Some(0)));
    let gateway = start().await;
    let order = "cd".repeat(32);
    let mut next = 1;
    for round in 0..3 {
        disk.fill(&format!("filler-{round}"));
        // What is in the log's allotted space may still be written; then nothing is.
        let refused = loop {
            let (status, answer) = ask(&gateway, "POST", "/v1/reports", Some(&reports(&order, next, next + 1))).await;
            if status != StatusCode::ACCEPTED {
                break (status, answer);
            }
            next += 1;
            assert!(next < 5_000, "a full disk takes everything");
        };
        assert_eq!((refused.0, &refused.1["error"]["code"]), (StatusCode::INSUFFICIENT_STORAGE, &json!("disk-full")));
        disk.clear();
        let begun = std::time::Instant::now();
        while ask(&gateway, "POST", "/v1/reports", Some(&reports(&order, next, next + 1))).await.0 != StatusCode::ACCEPTED {
            assert!(begun.elapsed() < PATIENCE, "it does not go on");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        next += 1;
    }
    gateway.stop().await;
    let gateway = start().await;
    for number in [1, next - 1] {
        let (status, report) = ask(&gateway, "GET", &format!("/v1/reports/run-{number}"), None).await;
        assert_eq!(status, StatusCode::OK, "{report}");
    }
    gateway.stop().await;
}
