//! A node that keeps nothing but nonces, with faults on demand.

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use depin_client::{
    Client, ClientConfig, Verifier,
    api::{
        Account, Amount, ErrorBody, ErrorDetail, FinalReceipt, Posted, Status, SubmitRequest, Time, TransactionPhase,
        TransactionStatus, Vesting,
    },
};
use depin_ledger::Transaction;
use depin_quantity::{Address, Instant, Name, UnitId, Units};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::watch;

pub const CHAIN: Name = Name::literal("test-1");
const FIL: Name = Name::literal("FIL");

/// What the next request of its kind meets.
#[derive(Clone, Debug)]
pub enum Bad {
    /// The work is done, the answer is cut off.
    AnswerLost,
    /// Nothing is done, the answer says so.
    Refuse(u16, &'static str),
    /// An answer that no version of the client reads.
    Garbage,
    /// No answer at all.
    Silence,
}

#[derive(Default)]
pub struct Inside {
    pub chain: Option<Name>,
    pub base_fee: u128,
    pub base_fee_least: Option<u128>,
    /// Final transactions of each account.
    pub nonces: BTreeMap<Address, u64>,
    pub pool: BTreeMap<(Address, u64), Transaction>,
    pub included: Vec<Transaction>,
    receipts: BTreeMap<UnitId, FinalReceipt>,
    /// Faults for the next posts and for the next reads.
    pub bad_posts: VecDeque<Bad>,
    pub bad_reads: VecDeque<Bad>,
    /// Whether what is posted becomes final at once.
    pub hold: bool,
    /// Every body posted, in order.
    pub posted: Vec<Transaction>,
    /// How many reads came.
    pub reads: u32,
    /// Code of failure for the next included transactions.
    pub fail: Option<&'static str>,
    /// What event streams send, one connection after another.
    pub streams: VecDeque<Vec<&'static str>>,
    /// Query and last event id of every stream opened.
    pub opened: Vec<(String, Option<String>)>,
}

impl Inside {
    fn nonce(&self, sender: &Address) -> u64 {
        self.nonces.get(sender).copied().unwrap_or(0)
    }

    fn next_nonce(&self, sender: &Address) -> u64 {
        (self.nonce(sender)..).find(|nonce| !self.pool.contains_key(&(*sender, *nonce))).unwrap()
    }

    /// Makes everything final that continues its sender's nonces and pays the base fee.
    pub fn finalize(&mut self) {
        while let Some(key) = self
            .pool
            .iter()
            .find(|((sender, nonce), t)| *nonce == self.nonce(sender) && t.body.base_fee_max.get() >= self.base_fee)
            .map(|(key, _)| *key)
        {
            let transaction = self.pool.remove(&key).unwrap();
            let (id, height) = (transaction.id(), self.included.len() as u64 + 1);
            let receipt = FinalReceipt {
                id,
                height,
                time: Time::from(Instant::new(1_000 * height)),
                index: 1,
                sender: key.0,
                nonce: key.1,
                action: transaction.body.message.name().to_owned(),
                fee: Amount::new(FIL, Units::new(self.base_fee), 18),
                failure: self
                    .fail
                    .map(|code| depin_client::api::Failure { code: code.to_owned(), message: "it may not be".to_owned() }),
                events: Vec::new(),
            };
            self.nonces.insert(key.0, key.1 + 1);
            self.receipts.insert(id, receipt);
            self.included.push(transaction);
        }
    }

    fn take(&mut self, transaction: Transaction) -> Result<Posted, Box<Response>> {
        let (id, sender, nonce) = (transaction.id(), transaction.body.sender(), transaction.body.nonce);
        self.posted.push(transaction.clone());
        let signed = transaction.body.signed_bytes();
        if !Verifier.verify_one(&transaction.body.key, &signed, &transaction.signature) {
            return Err(refuse(400, "bad-signature"));
        }
        if transaction.body.chain_id != self.chain.unwrap_or(CHAIN) {
            return Err(refuse(400, "wrong-chain"));
        }
        if let Some(receipt) = self.receipts.get(&id) {
            return Ok(Posted { id, receipt: Some(receipt.clone()) });
        }
        if nonce < self.nonce(&sender) {
            return Err(refuse(409, "nonce-too-low"));
        }
        if nonce > self.next_nonce(&sender) {
            return Err(refuse(409, "nonce-too-high"));
        }
        if transaction.body.base_fee_max.get() < self.base_fee {
            return Err(refuse(402, "fee-too-low"));
        }
        match self.pool.get(&(sender, nonce)) {
            Some(other) if other.id() != id && other.body.tip >= transaction.body.tip => return Err(refuse(409, "nonce-taken")),
            _ => self.pool.insert((sender, nonce), transaction),
        };
        if !self.hold {
            self.finalize();
        }
        Ok(Posted { id, receipt: self.receipts.get(&id).cloned() })
    }
}

#[derive(Clone)]
pub struct Server {
    inside: Arc<Mutex<Inside>>,
    pub url: String,
    /// Number of posts so far.
    posts: Arc<watch::Sender<usize>>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self {
            inside: Arc::new(Mutex::new(Inside { base_fee: 100, ..Inside::default() })),
            url,
            posts: Arc::new(watch::Sender::new(0)),
        };
        let routes = Router::new()
            .route("/health", get(|| async { "{}" }))
            .route("/v1/status", get(status))
            .route("/v1/accounts/{address}", get(account))
            .route("/v1/transactions", post(submit))
            .route("/v1/transactions/{id}", get(transaction))
            .route("/v1/storage/deals", get(deals))
            .route("/v1/events/stream", get(stream))
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        server
    }

    pub fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    pub fn client(&self) -> Client {
        let config = ClientConfig {
            request_timeout: Duration::from_millis(500),
            retry_pause: Duration::from_millis(2),
            retry_pause_max: Duration::from_millis(10),
            stream_silence: Duration::from_millis(300),
            ..ClientConfig::default()
        };
        Client::with_config(&self.url, config).unwrap()
    }

    /// Waits until so many transactions were posted in all.
    pub async fn posted(&self, count: usize) {
        self.posts.subscribe().wait_for(|posts| *posts >= count).await.unwrap();
    }

    /// What a bad read gives instead of its answer.
    fn read(&self) -> Option<Bad> {
        let mut inside = self.inside();
        inside.reads += 1;
        inside.bad_reads.pop_front()
    }
}

fn refuse(status: u16, code: &str) -> Box<Response> {
    Box::new(error(status, code))
}

fn error(status: u16, code: &str) -> Response {
    let detail = ErrorDetail { code: code.to_owned(), message: format!("it is {code}"), hint: "do better".to_owned() };
    (StatusCode::from_u16(status).unwrap(), Json(ErrorBody { error: detail })).into_response()
}

fn cut_off() -> Response {
    let broken = futures::stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("cable pulled"))]);
    Response::builder().header(header::CONTENT_TYPE, "application/json").body(Body::from_stream(broken)).unwrap()
}

async fn answer(bad: Option<Bad>, good: impl FnOnce() -> Response) -> Response {
    match bad {
        None => good(),
        Some(Bad::AnswerLost) => {
            good();
            cut_off()
        }
        Some(Bad::Refuse(status, code)) => error(status, code),
        Some(Bad::Garbage) => "what?".into_response(),
        Some(Bad::Silence) => std::future::pending().await,
    }
}

async fn status(State(server): State<Server>) -> Response {
    let bad = server.read();
    answer(bad, || {
        let inside = server.inside();
        let status = Status {
            chain_id: inside.chain.unwrap_or(CHAIN),
            network: Name::literal("filecoin"),
            service: Name::literal("storage"),
            figures: BTreeMap::new(),
            height: inside.included.len() as u64,
            time: "1970-01-01T00:00:00Z".to_owned(),
            time_ms: 0,
            wall_ms: 0,
            speed: 1,
            clock_off_ms: 0,
            clock_warning: None,
            stalled: None,
            chance: None,
            state_root: "00".repeat(32),
            receipts_root: "00".repeat(32),
            base_fee: Amount::new(FIL, Units::new(inside.base_fee), 18),
            row_fee: Amount::new(FIL, Units::ZERO, 18),
            row_base_fee: None,
            base_fee_least: inside.base_fee_least.map(|least| Amount::new(FIL, Units::new(least), 18)),
            history: depin_client::api::History::default(),
            version: "0".to_owned(),
            format: 1,
            disk: None,
        };
        Json(status).into_response()
    })
    .await
}

async fn account(State(server): State<Server>, Path(address): Path<String>) -> Response {
    let nothing = || Amount::new(FIL, Units::ZERO, 18);
    let address: Address = address.parse().unwrap();
    let inside = server.inside();
    let account = Account {
        address,
        name: None,
        nonce: inside.nonce(&address),
        next_nonce: inside.next_nonce(&address),
        balances: vec![nothing()],
        pledged: nothing(),
        vesting: Vesting { locked: nothing(), vested: nothing(), next: None },
        claimable: nothing(),
        debt: nothing(),
        other: Vec::new(),
        committed: Vec::new(),
        datacap: 0,
    };
    Json(account).into_response()
}

async fn submit(State(server): State<Server>, Json(request): Json<SubmitRequest>) -> Response {
    let transaction = Transaction::decode(&hex::decode(request.transaction).unwrap()).unwrap();
    let bad = server.inside().bad_posts.pop_front();
    let response = answer(bad, || match server.inside().take(transaction) {
        Ok(posted) => (StatusCode::ACCEPTED, Json(posted)).into_response(),
        Err(refusal) => *refusal,
    })
    .await;
    server.posts.send_modify(|posts| *posts += 1);
    response
}

async fn transaction(State(server): State<Server>, Path(id): Path<String>) -> Response {
    let id: UnitId = id.parse().unwrap();
    let bad = server.read();
    answer(bad, || {
        let inside = server.inside();
        let pending = inside.pool.values().any(|t| t.id() == id);
        match inside.receipts.get(&id) {
            Some(receipt) => {
                Json(TransactionStatus { state: TransactionPhase::Final, receipt: Some(receipt.clone()) }).into_response()
            }
            None if pending => Json(TransactionStatus { state: TransactionPhase::Pending, receipt: None }).into_response(),
            None => error(404, "not-found"),
        }
    })
    .await
}

/// Five empty pages, then one that repeats its own place.
async fn deals(State(server): State<Server>, RawQuery(query): RawQuery) -> Response {
    let bad = server.read();
    answer(bad, || {
        let query = query.unwrap_or_default();
        let at = (1..=5u32).find(|n| query.contains(&format!("after=p{n}"))).unwrap_or(0);
        Json(serde_json::json!({ "items": [], "next": format!("p{}", (at + 1).min(5)) })).into_response()
    })
    .await
}

async fn stream(State(server): State<Server>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id").map(|v| v.to_str().unwrap().to_owned());
    let parts = {
        let mut inside = server.inside();
        inside.opened.push((query.unwrap_or_default(), last));
        inside.streams.pop_front()
    };
    let Some(parts) = parts else { return error(410, "over") };
    if parts == ["refuse"] {
        return error(503, "busy");
    }
    use futures::StreamExt as _;
    let hangs = parts.last() == Some(&"hang");
    let texts = parts.into_iter().filter(|part| *part != "hang").map(|part| Ok::<_, std::io::Error>(Bytes::from(part)));
    let end = futures::stream::once(async move { if hangs { std::future::pending().await } else { Ok(Bytes::new()) } });
    let body = Body::from_stream(futures::stream::iter(texts).chain(end));
    Response::builder().header(header::CONTENT_TYPE, "text/event-stream").body(body).unwrap()
}
