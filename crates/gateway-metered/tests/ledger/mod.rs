//! A node of a few lines: it takes transactions by nonce, and can lose its answers.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use depin_ledger::{Message, Transaction};
use depin_quantity::{Address, Decimal18, Instant, Name, UnitId};
use depin_services::{
    ServiceMessage,
    metered::{MeteredMessage, Report, batch_id},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

pub const CHAIN: Name = Name::literal("tiles-test-0");
/// Reports of a multiple of so many units are refused.
pub const BAD: u64 = 13;

/// What the node knows.
#[derive(Default)]
pub struct Ledger {
    /// Transactions that took effect, refused ones and those that only report left out, in order.
    pub applied: Vec<Transaction>,
    /// Batches that were taken.
    pub batches: BTreeMap<UnitId, Report>,
    /// What is posted takes effect, and every answer that would say so is lost.
    pub mute: bool,
    /// So many nonces go to another program's transaction just before the next post.
    pub steal: u32,
    /// Nothing has a price now: reports cannot be taken.
    pub stale: bool,
    /// Nobody has anything to pay fees with.
    pub poor: bool,
    /// What says this is taken into no block, with this code: orders of a price of 7, and reports of 7 units.
    pub never: Option<&'static str>,
    /// Orders are refused.
    pub refuses_orders: bool,
    /// What it says the base fee is; 100 when zero.
    pub base_fee: u64,
    nonces: BTreeMap<Address, u64>,
    receipts: BTreeMap<UnitId, Value>,
}

type Shared = Arc<Mutex<Ledger>>;

pub struct Node {
    pub url: String,
    ledger: Shared,
}

impl Node {
    pub async fn start() -> Self {
        let ledger = Shared::default();
        let routes = Router::new()
            .route("/v1/status", get(status))
            .route("/v1/accounts/{address}", get(account))
            .route("/v1/transactions", post(submit))
            .route("/v1/transactions/{id}", get(transaction))
            .route("/v1/metered/batches/{id}", get(batch))
            .fallback(|| async { refused(StatusCode::NOT_FOUND, "not-found") })
            .with_state(Arc::clone(&ledger));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, ledger }
    }

    pub fn change<T>(&self, change: impl FnOnce(&mut Ledger) -> T) -> T {
        change(&mut self.ledger.lock().unwrap())
    }

    pub async fn when(&self, holds: impl Fn(&Ledger) -> bool) {
        for _ in 0..1_200 {
            if self.change(|ledger| holds(ledger)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never came to that");
    }
}

fn refused(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({"error": {"code": code, "message": code, "hint": ""}}))).into_response()
}

fn amount(units: u64) -> Value {
    json!({"token": "FIL", "units": units.to_string(), "display": format!("{units} FIL")})
}

fn time() -> Value {
    serde_json::to_value(depin_client::api::Time::from(Instant::new(1_800_000_000_000))).unwrap()
}

async fn status(State(ledger): State<Shared>) -> Json<Value> {
    let base_fee = ledger.lock().unwrap().base_fee;
    let base_fee = amount(if base_fee == 0 { 100 } else { base_fee });
    Json(json!({"chain_id": CHAIN, "network": "tiles", "service": "metered", "figures": {}, "height": 1, "time": "x",
        "time_ms": 1_800_000_000_000u64, "wall_ms": 1, "speed": 1, "state_root": "", "receipts_root": "", "base_fee": base_fee, "row_fee": amount(1),
        "version": "0", "format": 1}))
}

async fn account(State(ledger): State<Shared>, Path(address): Path<Address>) -> Json<Value> {
    let nonce = ledger.lock().unwrap().nonces.get(&address).copied().unwrap_or(0);
    Json(json!({"address": address, "nonce": nonce, "next_nonce": nonce, "balances": [amount(1_000)], "pledged": amount(0),
        "vesting": {"locked": amount(0), "vested": amount(0)}, "claimable": amount(0), "debt": amount(0), "datacap": 0}))
}

async fn submit(State(ledger): State<Shared>, Json(body): Json<Value>) -> Response {
    let bytes = hex::decode(body["transaction"].as_str().unwrap()).unwrap();
    let (transaction, mut ledger) = (Transaction::decode(&bytes).unwrap(), ledger.lock().unwrap());
    let (id, sender) = (transaction.id(), Address::of_public_key(&transaction.body.key));
    if ledger.poor {
        return refused(StatusCode::CONFLICT, "balance-too-low");
    }
    if let Some(code) = ledger.never.filter(|_| is_odd(&transaction)) {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, code);
    }
    if ledger.steal > 0 {
        ledger.steal -= 1;
        *ledger.nonces.entry(sender).or_default() += 1;
    }
    let nonce = ledger.nonces.get(&sender).copied().unwrap_or(0);
    if !ledger.receipts.contains_key(&id) {
        if transaction.body.nonce != nonce {
            return refused(
                StatusCode::CONFLICT,
                if transaction.body.nonce < nonce { "nonce-too-low" } else { "nonce-too-high" },
            );
        }
        ledger.nonces.insert(sender, nonce + 1);
        let receipt = ledger.run(&transaction, sender);
        ledger.receipts.insert(id, receipt);
    }
    if ledger.loses(&id) {
        return refused(StatusCode::BAD_GATEWAY, "lost");
    }
    Json(json!({"id": id, "receipt": ledger.receipts[&id]})).into_response()
}

fn is_odd(transaction: &Transaction) -> bool {
    match &transaction.body.message {
        Message::Service(ServiceMessage::Metered(MeteredMessage::OpenOrder(order))) => {
            order.price.is_some_and(|price| price.amount == Decimal18::parse("7").unwrap())
        }
        Message::Service(ServiceMessage::Metered(MeteredMessage::Report(reports))) => {
            reports.iter().any(|report| report.units == 7)
        }
        _ => false,
    }
}

impl Ledger {
    fn loses(&self, id: &UnitId) -> bool {
        self.mute && self.receipts.get(id).is_some_and(|receipt| receipt["failure"].is_null())
    }

    /// Runs a transaction; gives its receipt.
    fn run(&mut self, transaction: &Transaction, sender: Address) -> Value {
        let Message::Service(ServiceMessage::Metered(message)) = &transaction.body.message else { panic!("not of this service") };
        let failure = match message {
            MeteredMessage::Report(reports) => self.report(reports),
            MeteredMessage::OpenOrder(_) if self.refuses_orders => Some("not-accepting"),
            _ => {
                self.applied.push(transaction.clone());
                None
            }
        };
        json!({"id": transaction.id(), "height": 1, "time": time(), "index": 0, "sender": sender, "nonce": transaction.body.nonce,
            "action": message.name(), "fee": amount(1), "events": [],
            "failure": failure.map(|code| json!({"code": code, "message": code}))})
    }

    /// All of them, or none.
    fn report(&mut self, reports: &[Report]) -> Option<&'static str> {
        if self.stale {
            return Some("economy");
        }
        let mut batches = self.batches.clone();
        for report in reports {
            if report.units % BAD == 0 {
                return Some("cap-exceeded");
            }
            let known = batches.insert(batch_id(report.order, report.id), report.clone());
            assert!(known.is_none_or(|known| known == *report), "another content under the same id");
        }
        self.batches = batches;
        None
    }
}

async fn transaction(State(ledger): State<Shared>, Path(id): Path<UnitId>) -> Response {
    let ledger = ledger.lock().unwrap();
    if ledger.loses(&id) {
        return refused(StatusCode::BAD_GATEWAY, "lost");
    }
    match ledger.receipts.get(&id) {
        Some(receipt) => Json(json!({"state": "final", "receipt": receipt})).into_response(),
        None => refused(StatusCode::NOT_FOUND, "not-found"),
    }
}

async fn batch(State(ledger): State<Shared>, Path(id): Path<UnitId>) -> Response {
    match ledger.lock().unwrap().batches.get(&id) {
        Some(report) => Json(json!({"id": id, "order": report.order, "report_id": report.id, "number": 0, "units": report.units,
            "evidence": {"hash": report.evidence.hash, "pointer": report.evidence.pointer}, "reported": time(), "amount": amount(5),
            "counted": report.units, "paid": amount(5), "open": 0, "state": "settled", "settled": time()}))
        .into_response(),
        None => refused(StatusCode::NOT_FOUND, "not-found"),
    }
}
