//! The service `metered`: its calls, and what goes over the wire: operators, orders, batches, disputes, what the network allows, quotes.

use crate::{
    Client, ClientError,
    api::{Amount, Page, Time},
    client::found,
    http::Query,
};
use depin_quantity::{Address, ContentHash, Name, UnitId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// The calls of a network whose service is `metered`; see [`Client::metered`].
#[derive(Clone, Copy, Debug)]
pub struct Metered<'a> {
    pub(crate) client: &'a Client,
}

impl Metered<'_> {
    /// What one unit is, what the network allows, and sums.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn network(self) -> Result<MeteredNetwork, ClientError> {
        self.client.transport.get("/v1/metered", &Query::default()).await
    }

    /// A page of operators, by address.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn operators(self, after: Option<&str>, limit: Option<u32>) -> Result<Page<MeteredOperator>, ClientError> {
        self.client.transport.get("/v1/metered/operators", &Query::page(after, limit)).await
    }

    /// One operator; none when the address never registered.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn operator(self, address: Address) -> Result<Option<MeteredOperator>, ClientError> {
        found(self.client.transport.get(&format!("/v1/metered/operators/{address}"), &Query::default()).await)
    }

    /// A page of orders, by id.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn orders(self, query: &OrderQuery) -> Result<Page<MeteredOrder>, ClientError> {
        let query = Query::page(query.after.as_deref(), query.limit)
            .with("customer", query.customer)
            .with("operator", query.operator)
            .with("state", query.state.map(OrderStage::as_str));
        self.client.transport.get("/v1/metered/orders", &query).await
    }

    /// One order; none when it never was or was forgotten.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn order(self, id: UnitId) -> Result<Option<MeteredOrder>, ClientError> {
        found(self.client.transport.get(&format!("/v1/metered/orders/{id}"), &Query::default()).await)
    }

    /// A page of an order's batches, in the order in which they were reported.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn batches(
        self,
        order: UnitId,
        after: Option<&str>,
        limit: Option<u32>,
    ) -> Result<Page<MeteredBatch>, ClientError> {
        self.client.transport.get(&format!("/v1/metered/orders/{order}/batches"), &Query::page(after, limit)).await
    }

    /// One batch; none when it never was or was forgotten. Its id is `depin_services::metered::batch_id`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn batch(self, id: UnitId) -> Result<Option<MeteredBatch>, ClientError> {
        found(self.client.transport.get(&format!("/v1/metered/batches/{id}"), &Query::default()).await)
    }

    /// A page of disputes that are not decided, by batch.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn disputes(self, after: Option<&str>, limit: Option<u32>) -> Result<Page<MeteredDispute>, ClientError> {
        self.client.transport.get("/v1/metered/disputes", &Query::page(after, limit)).await
    }

    /// The dispute of a batch; none when it is decided or never was.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn dispute(self, batch: UnitId) -> Result<Option<MeteredDispute>, ClientError> {
        found(self.client.transport.get(&format!("/v1/metered/disputes/{batch}"), &Query::default()).await)
    }

    /// What units would cost if they were reported now, in one batch.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn quote(self, query: &MeteredQuoteQuery) -> Result<MeteredQuote, ClientError> {
        let query = Query::default()
            .with("operator", Some(query.operator))
            .with("units", Some(query.units))
            .with("currency", query.currency);
        self.client.transport.get("/v1/metered/quote", &query).await
    }
}

/// A price or an ask, in a currency that may be the dollar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Price {
    /// A token of the network, or `USD`.
    #[schema(value_type = String, example = "USD")]
    pub currency: Name,
    /// As a decimal number of it, exact.
    #[schema(example = "0.01")]
    pub amount: String,
}

/// A registered operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MeteredOperator {
    /// Its address.
    #[schema(value_type = String)]
    pub address: Address,
    /// Its name.
    #[schema(value_type = String)]
    pub name: Name,
    /// Where customers reach it; empty when it does not say.
    pub url: String,
    /// Prices of one unit; none where the network sets the price.
    pub asks: Vec<Price>,
    /// Least caps of the orders that it takes; in other currencies it takes any.
    pub least_caps: Vec<Price>,
    /// Whether an order can be opened with it now.
    pub takes_orders: bool,
    /// Whether it takes part; an operator that left stays known.
    pub active: bool,
    /// Whether it cheated, and is out for good.
    pub expelled: bool,
    /// Whether a fault left its pledge too small; it registers again to top it up.
    pub below_pledge: bool,
    /// Orders that are not closed.
    pub open_orders: u32,
    /// Units that it was paid for, decimal digits.
    pub delivered: String,
    /// Units that it reported and that did not count, decimal digits.
    pub rejected: String,
    /// Failures found: reported ones and lost disputes.
    pub failures: u32,
    /// When it registered first.
    pub since: Time,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OrderStage {
    /// Units are taken.
    Open,
    /// No units are taken any more, and batches are undecided.
    Ending,
    /// Over, and the last of its money is back.
    Closed,
}

impl OrderStage {
    /// The text of it in JSON and in queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ending => "ending",
            Self::Closed => "closed",
        }
    }
}

/// An order. `cap = spent + held + returned + left`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MeteredOrder {
    /// Its id.
    #[schema(value_type = String)]
    pub id: UnitId,
    /// Who pays.
    #[schema(value_type = String)]
    pub customer: Address,
    /// Who delivers.
    #[schema(value_type = String)]
    pub operator: Address,
    /// Who reports its units.
    #[schema(value_type = Option<String>)]
    pub reporter: Option<Address>,
    /// Price of one unit; none where the network sets it.
    pub price: Option<Price>,
    /// The most that it may cost.
    pub cap: Amount,
    /// What undecided batches hold.
    pub held: Amount,
    /// What was paid.
    pub spent: Amount,
    /// What went back to the customer.
    pub returned: Amount,
    /// What further batches can cost.
    pub left: Amount,
    /// Units that were paid.
    pub units: u64,
    /// Batches that were reported.
    pub batches: u32,
    /// Batches that are undecided.
    pub pending: u32,
    /// Where it stands.
    pub state: OrderStage,
    /// When it was opened.
    pub opened: Time,
    /// Units are taken before this.
    pub until: Time,
    /// When it was closed.
    pub closed: Option<Time>,
}

/// Parameters of `GET /v1/metered/orders`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OrderQuery {
    /// Only of this customer.
    #[param(value_type = Option<String>)]
    pub customer: Option<Address>,
    /// Only of this operator.
    #[param(value_type = Option<String>)]
    pub operator: Option<Address>,
    /// Only those that stand there.
    #[param(value_type = Option<String>)]
    pub state: Option<OrderStage>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Most entries in the answer.
    pub limit: Option<u32>,
}

/// Where a claim's evidence is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvidenceRef {
    /// SHA-256 of it.
    #[schema(value_type = String)]
    pub hash: ContentHash,
    /// Where it can be fetched, if anywhere.
    pub pointer: Option<String>,
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BatchStage {
    /// The customer can dispute it.
    Pending,
    /// What of it is contested is frozen.
    Disputed,
    /// Paid, as far as it counted.
    Settled,
}

/// Units that were reported together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MeteredBatch {
    /// Its id, of the order's and the reporter's.
    #[schema(value_type = String)]
    pub id: UnitId,
    /// The order.
    #[schema(value_type = String)]
    pub order: UnitId,
    /// The id that its reporter chose.
    #[schema(value_type = String)]
    pub report_id: UnitId,
    /// The how manieth of its order it is, from 0.
    pub number: u32,
    /// Units reported.
    pub units: u64,
    /// What shows that they were delivered.
    pub evidence: EvidenceRef,
    /// When it was reported.
    pub reported: Time,
    /// What all its units cost.
    pub amount: Amount,
    /// Units that were paid.
    pub counted: u64,
    /// What was paid for them.
    pub paid: Amount,
    /// Units that are neither paid nor rejected.
    pub open: u64,
    /// How far it is.
    pub state: BatchStage,
    /// When it is paid, if nobody disputes it before.
    pub payable_at: Option<Time>,
    /// When it was settled.
    pub settled: Option<Time>,
}

/// An operator's answer to a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DisputeAnswer {
    /// When.
    pub at: Time,
    /// What the operator put up.
    pub deposit: Amount,
    /// What shows that the units were delivered.
    pub evidence: EvidenceRef,
}

/// A dispute that is not decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MeteredDispute {
    /// The batch.
    #[schema(value_type = String)]
    pub batch: UnitId,
    /// The order.
    #[schema(value_type = String)]
    pub order: UnitId,
    /// Who disputes it.
    #[schema(value_type = String)]
    pub customer: Address,
    /// Who reported it, or had it reported.
    #[schema(value_type = String)]
    pub operator: Address,
    /// Units that it is about.
    pub contested: u64,
    /// When it was opened.
    pub opened: Time,
    /// What the customer put up.
    pub deposit: Amount,
    /// What shows that the units were not delivered.
    pub evidence: EvidenceRef,
    /// The operator's answer.
    pub answer: Option<DisputeAnswer>,
    /// The answer is taken before this; after an answer, the arbiter's decision.
    pub due: Time,
}

/// How batches are disputed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DisputeTerms {
    /// Who decides.
    #[schema(value_type = Option<String>)]
    pub arbiter: Option<Address>,
    /// Time for a dispute, from the report on, in ms of ledger time.
    pub window_ms: u64,
    /// Time for the operator's answer, in ms.
    pub answer_within_ms: u64,
    /// Time for the arbiter's decision, in ms.
    pub decide_within_ms: u64,
    /// For whom contested units count without one: `customer`, `operator`, `split`.
    pub undecided: String,
    /// The part of the customer's deposit that the operator gets when the file splits, as a share: `50%`.
    pub undecided_cost: String,
    /// The least that either side puts up, whatever is contested; none while its price is not known.
    pub deposit: Option<Amount>,
}

/// `GET /v1/metered`: what one unit is, what the network allows, and sums.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MeteredNetwork {
    /// What one unit is.
    pub unit: String,
    /// Who sets the price of a unit: `network`, or operators in a token (`agreed`) or in dollars (`dollars`).
    pub price: String,
    /// Tokens that orders are paid in; the first is the usual one.
    #[schema(value_type = Vec<String>)]
    pub currencies: Vec<Name>,
    /// Who reports orders that name nobody; none where operators do.
    #[schema(value_type = Option<String>)]
    pub reporter: Option<Address>,
    /// Longest time for which an order takes units, in ms of ledger time.
    pub open_most_ms: u64,
    /// How long an order takes units after its customer closed it, in ms.
    pub grace_ms: u64,
    /// Most batches of one order.
    pub batches_most: u32,
    /// Most units of one batch.
    pub units_most: u64,
    /// Most batches of one message.
    pub entries_most: u32,
    /// How batches are disputed; none where they are paid when they are reported.
    pub disputes: Option<DisputeTerms>,
    /// Running sums, by name; decimal digits.
    pub totals: BTreeMap<String, String>,
}

/// Parameters of `GET /v1/metered/quote`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MeteredQuoteQuery {
    /// Who is to deliver.
    #[param(value_type = String)]
    pub operator: Address,
    /// How many units.
    pub units: u64,
    /// The currency to pay in; the usual one when left out.
    #[param(value_type = Option<String>)]
    pub currency: Option<Name>,
}

/// What units would cost if they were reported now, in one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MeteredQuote {
    /// How many units.
    pub units: u64,
    /// What the operator asks for one; none where the network sets the price.
    pub price: Option<Price>,
    /// What they cost: a cap that pays for them.
    pub cost: Amount,
}
