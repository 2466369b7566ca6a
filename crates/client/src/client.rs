//! One method for every endpoint that all nodes have; those of a service are in its own file.

use crate::{
    api::{
        Account, AccountDays, AccountEntry, Audit, BATCH_BYTES_MAX, BATCH_MAX, BatchAnswer, BatchAnswers, BatchRequest, Block,
        BlockSummary, Content, EventQuery, EventRecord, NetworkInfo, Page, Posted, Prices, RewardDue, Status, SubmitRequest,
        Supply, TransactionPhase, TransactionStatus,
    },
    error::{ClientError, SubmitError},
    events::EventStream,
    http::{Query, Transport},
    storage::Storage,
    trust::Trust,
};
use depin_ledger::Transaction;
use depin_quantity::{Address, Rounding, UnitId, Units};
use std::{sync::Arc, time::Duration};

/// The usual ceiling of the base fee: so many times the least that the network's file allows. 118 full blocks in a row get there.
const BASE_FEE_TIMES: u128 = 1_000_000;

/// How patient a client is.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for a whole answer; longer than the node's own bound on `wait=final`, 30 s.
    pub request_timeout: Duration,
    /// Longest wait for the answer to a read, where the node need not work long for it; `request_timeout` where that is shorter.
    pub read_timeout: Duration,
    /// How often a read is tried, at least once. One that was not answered in time is not: who is there and does not answer is waited for
    /// once.
    pub attempts: u32,
    /// First pause before a read is tried again; it doubles every time.
    pub retry_pause: Duration,
    /// Longest such pause.
    pub retry_pause_max: Duration,
    /// Longest silence of an event stream, heartbeats included, before it is opened anew.
    pub stream_silence: Duration,
    /// Whose certificates are trusted, for an address with `https`.
    pub trust: Trust,
    /// Highest base fee that is signed by what this node says, whoever signs, base units of the fee token for a unit of work; a million
    /// times the least that the node says of the network's file when `None`. A node that lies about that too is bounded by what is given
    /// here alone.
    pub base_fee_most: Option<Units>,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(40),
            read_timeout: Duration::from_secs(10),
            attempts: 4,
            retry_pause: Duration::from_millis(100),
            retry_pause_max: Duration::from_secs(2),
            stream_silence: Duration::from_secs(60),
            trust: Trust::default(),
            base_fee_most: None,
        }
    }
}

/// A node's API. Cheap to clone; all clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) transport: Arc<Transport>,
}

impl Client {
    /// A client of the node at `url`, such as `http://127.0.0.1:4610` or `https://node.example`. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ClientError::Url`].
    pub fn new(url: &str) -> Result<Self, ClientError> {
        Self::with_config(url, ClientConfig::default())
    }

    /// The same with another patience.
    ///
    /// # Errors
    /// [`ClientError::Url`].
    pub fn with_config(url: &str, config: ClientConfig) -> Result<Self, ClientError> {
        Ok(Self { transport: Arc::new(Transport::new(url, config)?) })
    }

    /// The node's base URL.
    pub fn url(&self) -> &str {
        self.transport.base()
    }

    /// Whose certificates it trusts.
    pub fn trust(&self) -> &Trust {
        &self.transport.config().trust
    }

    /// The base fee to sign by what this node says: the higher of those of work and of rows, with head room of `percent` of it, up to
    /// `most`, or else up to the client's own limit.
    ///
    /// # Errors
    /// [`SubmitError::BaseFee`] when the present one is above the limit.
    pub fn base_fee_max(&self, status: &Status, percent: u32, most: Option<Units>) -> Result<Units, SubmitError> {
        let now = status.dearest_base_fee();
        let least = status.base_fee_least.as_ref().map_or(Units::ZERO, |fee| fee.units).max(Units::new(1));
        let usual = || least.times(BASE_FEE_TIMES).unwrap_or(Units::new(u128::MAX));
        let most = most.or(self.transport.config().base_fee_most).unwrap_or_else(usual);
        if now > most {
            return Err(SubmitError::BaseFee { now, most });
        }
        Ok(now.mul_div(percent.max(100).into(), 100, Rounding::Up).unwrap_or(most).min(most))
    }

    /// Whether the node answers and says that it is well.
    ///
    /// # Errors
    /// [`ClientError`], as for every call below.
    pub async fn health(&self) -> Result<(), ClientError> {
        self.transport.get_text("/health", &Query::default()).await.map(drop)
    }

    /// The node's metrics in Prometheus' text form.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn metrics(&self) -> Result<String, ClientError> {
        self.transport.get_text("/metrics", &Query::default()).await
    }

    /// The API's own description.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn openapi(&self) -> Result<serde_json::Value, ClientError> {
        self.transport.get("/openapi.json", &Query::default()).await
    }

    /// Where the chain stands.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.transport.get("/v1/status", &Query::default()).await
    }

    /// A page of accounts.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn accounts(&self, after: Option<&str>, limit: Option<u32>) -> Result<Page<AccountEntry>, ClientError> {
        self.transport.get("/v1/accounts", &Query::page(after, limit)).await
    }

    /// One account; zeros for an address that was never used.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn account(&self, address: Address) -> Result<Account, ClientError> {
        self.transport.get(&format!("/v1/accounts/{address}"), &Query::default()).await
    }

    /// What an account's units have coming, by pool and unit.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn rewards(&self, address: Address) -> Result<Page<RewardDue>, ClientError> {
        self.transport.get(&format!("/v1/accounts/{address}/rewards"), &Query::default()).await
    }

    /// What came into an account and went out of it on the last `days` days of ledger time, today included.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn days(&self, address: Address, days: u32) -> Result<AccountDays, ClientError> {
        self.transport.get(&format!("/v1/accounts/{address}/days"), &Query::default().with("days", Some(days))).await
    }

    /// Hands a signed transaction in, once. Posting the same again is harmless; [`Sender`](crate::Sender) does it when needed.
    ///
    /// `wait`: whether the node is to answer only when the transaction is final (or after at most 30 s).
    ///
    /// # Errors
    /// [`ClientError`]; after [`ClientError::Timeout`] and [`ClientError::Unreachable`] it may have been taken all the same.
    pub async fn post_transaction(&self, transaction: &Transaction, wait: bool) -> Result<Posted, ClientError> {
        let body = SubmitRequest { transaction: hex::encode(transaction.encode()) };
        self.transport.post("/v1/transactions", &Query::default().with("wait", wait.then_some("final")), &body).await
    }

    /// Hands many signed transactions in, once, in as few requests as the node allows; each is answered by itself, in their order.
    /// Posting the same again is harmless.
    ///
    /// # Errors
    /// [`ClientError`]; some of them may have been taken all the same.
    pub async fn post_transactions(&self, transactions: &[Transaction]) -> Result<Vec<BatchAnswer>, ClientError> {
        let mut answers = Vec::with_capacity(transactions.len());
        let mut texts = transactions.iter().map(|transaction| hex::encode(transaction.encode())).peekable();
        while texts.peek().is_some() {
            // Quotes and comma round each, and what stands round all.
            let (mut batch, mut bytes) = (Vec::new(), 64);
            let fits = |text: &String, count: usize, bytes: usize| {
                count == 0 || (count < BATCH_MAX && bytes + text.len() + 3 <= BATCH_BYTES_MAX)
            };
            while let Some(text) = texts.next_if(|text| fits(text, batch.len(), bytes)) {
                bytes += text.len() + 3;
                batch.push(text);
            }
            let request = BatchRequest { transactions: batch };
            let answered: BatchAnswers = self.transport.post("/v1/transactions/batch", &Query::default(), &request).await?;
            answers.extend(answered.answers);
        }
        Ok(answers)
    }

    /// Where a transaction stands.
    ///
    /// # Errors
    /// [`ClientError`]; an unknown transaction is no error.
    pub async fn transaction(&self, id: UnitId) -> Result<TransactionStatus, ClientError> {
        match self.transport.get(&format!("/v1/transactions/{id}"), &Query::default()).await {
            Err(error) if error.is_not_found() => Ok(TransactionStatus { state: TransactionPhase::Unknown, receipt: None }),
            done => done,
        }
    }

    /// A page of the history, in order of position.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn events(&self, query: &EventQuery) -> Result<Page<EventRecord>, ClientError> {
        self.transport.get("/v1/events", &event_query(query)).await
    }

    /// The history as it happens, from `query.from` on, without gaps and without repeats; see [`EventStream`].
    pub fn follow(&self, query: EventQuery) -> EventStream {
        EventStream::new(self.transport.clone(), query)
    }

    /// A page of blocks, newest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn blocks(&self, after: Option<&str>, limit: Option<u32>) -> Result<Page<BlockSummary>, ClientError> {
        self.transport.get("/v1/blocks", &Query::page(after, limit)).await
    }

    /// One block; none when there is none of that height yet.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn block(&self, height: u64) -> Result<Option<Block>, ClientError> {
        found(self.transport.get(&format!("/v1/blocks/{height}"), &Query::default()).await)
    }

    /// Supply of every token.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn supply(&self) -> Result<Supply, ClientError> {
        self.transport.get("/v1/supply", &Query::default()).await
    }

    /// Prices as reported.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn prices(&self) -> Result<Prices, ClientError> {
        self.transport.get("/v1/prices", &Query::default()).await
    }

    /// The digest of all rows after the last final block; the node reads every row for it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn content(&self) -> Result<Content, ClientError> {
        self.transport.get_slow("/v1/content", &Query::default()).await
    }

    /// The network's parameters.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn network(&self) -> Result<NetworkInfo, ClientError> {
        self.transport.get("/v1/network", &Query::default()).await
    }

    /// The node's audit of everything that is held.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn audit(&self) -> Result<Audit, ClientError> {
        self.transport.get_slow("/v1/audit", &Query::default()).await
    }

    /// The calls of a network whose service is `metered`; another node answers each of them with "not found".
    pub const fn metered(&self) -> crate::Metered<'_> {
        crate::Metered { client: self }
    }

    /// The calls of a network whose service is `leasing`; another node answers each of them with "not found".
    pub const fn leasing(&self) -> crate::Leasing<'_> {
        crate::Leasing { client: self }
    }

    /// The calls of a network whose service is `rendering`; another node answers each of them with "not found".
    pub const fn rendering(&self) -> crate::Rendering<'_> {
        crate::Rendering { client: self }
    }

    /// The calls of a network whose service is `clusters`; another node answers each of them with "not found".
    pub const fn clusters(&self) -> crate::Clusters<'_> {
        crate::Clusters { client: self }
    }

    /// The calls of a network whose service is `coverage`; another node answers each of them with "not found".
    pub const fn coverage(&self) -> crate::Coverage<'_> {
        crate::Coverage { client: self }
    }

    /// The calls of a storage network; another node answers each of them with "not found".
    pub const fn storage(&self) -> Storage<'_> {
        Storage { client: self }
    }
}

pub(crate) fn event_query(query: &EventQuery) -> Query {
    Query::default()
        .with("from", query.from)
        .with("limit", query.limit)
        .with("kind", query.kind.as_deref())
        .with("account", query.account)
        .with("subject", query.subject)
}

pub(crate) fn found<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
